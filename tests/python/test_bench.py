# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark: its runner and report on tools that are made up, its data, the pages it writes.

Nothing here depends on how long something takes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pyarrow", reason="the data of the benchmark are written by pyarrow")

from bench import pages, plots, report, results
from bench.data.regions import make_peaks
from bench.data.workloads import WORKLOADS, tiles
from bench.rows import Measured, Missing, Part, Row, Sample, Tool
from bench.runner import Pace, measure
from bench.scale import TINY
from bench.setting import Setting
from bench.suites import NAMES, suite
from bench.worker import measure_suite

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "bench" / "results"
ONCE = Pace(least=2, most=2, seconds=0.0)


def tool(name: str, answer: Any, calls: list[str] | None = None) -> Tool:
    """Return a tool that answers, and writes down that it was called."""

    def run(given: Any) -> Any:
        if calls is not None:
            calls.append(name)
        return answer

    return Tool(name, run)


def missing() -> Any:
    raise Missing("slowtool is not installed")


def broken(given: Any) -> Any:
    raise ValueError("two\nlines")


# ---- The runner


def test_a_tool_with_another_answer_is_reported_and_not_timed() -> None:
    calls: list[str] = []
    wrong = tool("wrong", [1, 2, 4], calls)
    found = measure(Row("job", [tool("bedtok", [1, 2, 3]), wrong, tool("right", [1, 2, 3])]), ONCE)
    ours, theirs, right = found["tools"]
    assert theirs == {"tool": "wrong", "differs": "bedtok finds [1, 2, 3], wrong [1, 2, 4]"}
    assert calls == ["wrong"]  # to see its answer, and never again
    assert ours["runs"] == right["runs"] == 2


def test_arrays_are_compared_whole() -> None:
    ours, theirs = tool("bedtok", np.arange(9)), tool("peer", np.arange(9)[::-1].copy())
    found = measure(Row("job", [ours, theirs]), ONCE)
    assert "differs" in found["tools"][1]


def test_tools_take_turns_in_opposite_orders() -> None:
    calls: list[str] = []
    tools = [tool(name, 0, calls) for name in ("bedtok", "b", "c")]
    measure(Row("job", tools, [tool("limit", "not compared", calls)]), ONCE)
    rounds = ["bedtok", "b", "c", "limit"]
    assert calls == [*rounds, *rounds, *reversed(rounds)]  # the first ones are compared


def test_what_is_missing_or_fails_leaves_the_others() -> None:
    tools = [tool("bedtok", 0), Tool("slowtool", broken, missing), Tool("bad", broken)]
    found = measure(Row("job", [*tools, tool("peer", 0)]), ONCE)
    assert found["tools"][1] == {"tool": "slowtool", "missing": "slowtool is not installed"}
    assert found["tools"][2] == {"tool": "bad", "failed": "ValueError: two lines"}
    assert "median" in found["tools"][0] and "median" in found["tools"][3]


def test_without_an_answer_of_bedtok_nothing_is_timed() -> None:
    found = measure(Row("job", [Tool("bedtok", broken), tool("peer", 0)]), ONCE)
    assert not any("median" in entry for entry in found["tools"])


def test_the_part_of_a_job_counts_as_the_whole() -> None:
    assert Part("peer", lambda given: None, factor=1e9).measure(None).value > 1


def test_what_measures_itself_ends_with_its_values() -> None:
    values = iter([3.0, 1.0, 2.0])
    own = Measured("bedtok", lambda given: Sample(next(values)))
    (entry,) = measure(Row("job", [own]), Pace(least=9))["tools"]
    assert entry == {"tool": "bedtok", "median": 2.0, "low": 1.0, "high": 3.0, "runs": 3}


# ---- Results and report


def entry(tool: str, median: float, **more: Any) -> dict[str, Any]:
    return {
        "tool": tool,
        "median": median,
        "low": median / 2,
        "high": median * 2,
        "runs": 5,
        **more,
    }


def row(
    name: str, tools: list[Any], limits: list[Any] | None = None, **more: Any
) -> dict[str, Any]:
    given = {
        "size": 0,
        "things": "regions",
        "series": "",
        "target": None,
        "headline": True,
        "unit": "s",
        **more,
    }
    return {"name": name, **given, "tools": tools, "limits": limits or []}


@pytest.fixture
def made_up() -> results.Results:
    """Results of two rows: one in which bedtok is ahead, one in which it is behind."""
    ahead = row(
        "ahead | 1",
        [entry("bedtok", 0.002), entry("gtars", 0.1), entry("ncls", 0.004)],
        [entry("wc -l", 0.001)],
        target=60.0,
    )
    ahead["name"] = "ahead"
    behind = row("behind", [entry("bedtok", 0.002), entry("gtars", 0.001997)])
    behind["tools"].append({"tool": "ncls", "differs": "bedtok finds 1, ncls 2"})
    rows = {"rows": [ahead, behind], "complete": True, "seconds": 9.0}
    rows |= {"others": 0.5, "load_average": 3.0}
    return {
        "format": results.FORMAT,
        "machine": {"cpu": "CPU", "cores": 2, "memory_gib": 24, "system": "Linux x86_64"},
        "commit": "abc1234",
        "scale": "full",
        "seed": 20,
        "date": "2026-11-22",
        "versions": {"Python": "3.11.7", "bedtok": "0.1.0", "gtars": "0.10.0"},
        "suites": {"decode": rows},
    }


def test_the_report_says_what_is_behind(made_up: results.Results) -> None:
    text = report.report(made_up)
    assert (
        "2026-11-22, `./run bench`, commit abc1234: CPU, 2 cores, 24 GiB, Linux x86_64. "
        "Python 3.11.7, bedtok 0.1.0, gtars 0.10.0.\n"
    ) in text
    assert "these rows:\n\n- **Decode: behind: 0.99x of gtars**\n" in text
    assert (
        "| job | bedtok | best peer | ratio | asked | other peers | limit | of it |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| ahead | 2 ms (1 to 4 ms) | ncls 4 ms | 2.0x | 50x of 60x gtars, missed | gtars 100 ms "
        "| wc -l 1 ms | 2.0x |\n"
        "| behind | 2 ms (1 to 4 ms) | gtars 2 ms | **0.99x, behind** |  |  |  |  |\n"
    ) in text
    assert "\n**Not timed, another answer:** behind: bedtok finds 1, ncls 2.\n" in text
    assert "**The machine was busy.** Other programs took 0.5 processors on average" in text


def test_values_have_units_that_fit() -> None:
    assert [report.quantity(v, "s") for v in (12.3456, 0.9996, 0.04, 2e-5, 3e-9)] == [
        *("12.3 s", "1000 ms", "40 ms", "20 us", "3 ns")
    ]
    assert [report.quantity(v, "B") for v in (5.0, 2048.0, 3 * 2.0**20)] == [
        *("5 B", "2 KiB", "3 MiB")
    ]


def test_pictures_are_drawn(made_up: results.Results, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    rows = made_up["suites"]["decode"]["rows"]
    rows += [row(str(n), [entry("bedtok", n / 1e6)], size=n, series="some") for n in (10, 1000)]
    plots.draw_all(made_up, tmp_path)
    assert "n^1.00" in (tmp_path / "sizes.svg").read_text("utf-8")
    assert "Decode: behind" in (tmp_path / "ratios.svg").read_text("utf-8")
    drawn = (tmp_path / "headline.svg").read_bytes()
    plots.draw_all(made_up, tmp_path)
    assert (tmp_path / "headline.svg").read_bytes() == drawn


def test_exponents_are_fitted_on_logarithmic_axes() -> None:
    assert plots.exponent([10, 100, 1000], [1, 8, 64]) == pytest.approx(0.90309, abs=1e-5)


def test_runs_of_one_commit_and_machine_are_added(made_up: results.Results, tmp_path: Path) -> None:
    results.write(tmp_path, made_up)
    kept = results.read(tmp_path)
    assert kept == made_up
    changed = row("behind", [entry("bedtok", 1.0)])
    part = {"rows": [changed], "complete": False, "others": 0.1, "seconds": 3.0}
    first = {"rows": [row("other", [])], "complete": False, "others": 0.0, "seconds": 1.0}
    new = {**made_up, "suites": {"decode": part, "ids": first}}
    found = results.merged(kept, new)
    assert [r["name"] for r in found["suites"]["decode"]["rows"]] == ["ahead", "behind"]
    assert found["suites"]["decode"]["rows"][1] == changed
    assert found["suites"]["decode"]["others"] == 0.5  # the busier moment counts
    assert found["suites"]["ids"] == first
    # A suite that was measured whole replaces what was there, and another commit everything.
    whole = {**made_up, "suites": {"decode": {**part, "complete": True}}}
    assert results.merged(kept, whole)["suites"]["decode"]["rows"] == [changed]
    other = {**new, "commit": "def5678"}
    assert results.merged(kept, other) == other


# ---- Pages


def test_report_and_pages_come_from_the_kept_results() -> None:
    kept = results.read(KEPT)
    assert kept is not None
    assert (KEPT / "report.md").read_text("utf-8") == report.report(kept), "./run bench --report"
    for page in pages.PAGES:
        text = (ROOT / page).read_text("utf-8")
        assert text == pages.updated(page, kept), f"{page}: ./run bench --report"


def test_pictures_of_the_report_are_there() -> None:
    for name in re.findall(r"!\[[^]]*\]\(([^)]*)\)", (KEPT / "report.md").read_text("utf-8")):
        assert (KEPT / name).exists()


def test_a_page_without_its_marks_is_refused() -> None:
    text = "a\n<!-- bench:x -->\nold\n<!-- /bench:x -->\nb\n"
    assert pages.with_block(text, "x", "new") == (
        "a\n<!-- bench:x -->\n\nnew\n\n<!-- /bench:x -->\nb\n"
    )
    with pytest.raises(ValueError, match=r"<!-- bench:y -->: found 0 times, expected once"):
        pages.with_block(text, "y", "new")


# ---- Data and suites


@pytest.mark.parametrize("name", [*WORKLOADS, "tiles"])
def test_workloads_have_distinct_regions_within_their_chromosomes(name: str) -> None:
    make = WORKLOADS.get(name, tiles(1_000_000))
    made, again = (make(np.random.default_rng(3), 300) for _ in range(2))
    vocabulary = made.vocabulary
    assert len({*zip(vocabulary.chroms, vocabulary.starts, vocabulary.ends, strict=True)}) == len(
        vocabulary
    )
    for regions in (vocabulary, made.queries):
        assert len(regions) > 20
        assert (regions.starts >= 0).all() and (regions.starts < regions.ends).all()
    assert np.array_equal(made.queries.starts, again.queries.starts)


def test_peaks_are_disjoint_and_as_many_as_asked_for() -> None:
    peaks = make_peaks(np.random.default_rng(1), 5_000)
    assert len(peaks) == 5_000
    together = peaks.chroms[1:] == peaks.chroms[:-1]
    assert (peaks.starts[1:] > peaks.ends[:-1])[together].all()


@pytest.mark.parametrize(
    "only",
    [
        "load: .*gz",
        "region_sets: 300 regions, s",
        "ids: .* 300 regions, sorted",
        "workloads: nested",
        "decode",
    ],
)
def test_suites_measure_the_same_answers(only: str, tmp_path: Path) -> None:
    setting = Setting(TINY, tmp_path)
    found = measure_suite(only.partition(":")[0], setting, re.compile(only))
    assert "error" not in found
    assert found["rows"]
    for measured in found["rows"]:
        assert "median" in measured["tools"][0], json.dumps(measured["tools"])
        for entry in measured["tools"]:
            assert "differs" not in entry
            assert "failed" not in entry


def test_every_suite_says_what_it_measures() -> None:
    for name in NAMES:
        module = suite(name)
        assert module.TITLE and module.WORDS.endswith(".")
        assert callable(module.rows)
