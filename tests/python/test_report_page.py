# SPDX-License-Identifier: BSD-2-Clause
"""The pages of reports: well formed, escaped, small, and usable in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import Tokenizer
from bedtok.report import ChromSummary, CollectionReport, SampleSummary, Similarity
from bedtok.report.assemblies import AssemblyFit
from bedtok.report.axes import Axis, linear_ticks, short_number
from bedtok.report.elements import element, json_data, shorten
from bedtok.report.evaluation import Classification, ClassScore, Evaluation
from bedtok.report.similarity import cluster, jaccard
from bedtok.report.training_page import curves_of, training_page
from browser import Browser

HOSTILE = '</script><img src=x onerror="document.title=1">&\x1b[31m\u202e\'\udcff'


class Checker(HTMLParser):
    """The tags of a page, which must be closed in their order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "link", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def values(self, tag: str, name: str) -> list[str | None]:
        return [
            attributes[name] for each, attributes in self.tags if each == tag and name in attributes
        ]


def report_of(count: int, name: str = "sample{}", compared: int = 6) -> CollectionReport:
    """Return a report of made-up samples, of which the last is an outlier."""
    rng = np.random.default_rng(0)
    samples = [
        SampleSummary(
            name.format(i),
            1000,
            900 + int(rng.integers(20)),
            880 + int(rng.integers(40)),
            0,
            ("hg38",),
        )
        for i in range(count - 1)
    ]
    samples.append(SampleSummary(name.format(count - 1), 1000, 10, 9, 2, (), f"named as {name}"))
    compared = min(compared, count)
    sets = [np.arange(i % 2 * 50, i % 2 * 50 + 40 + i, dtype=np.int32) for i in range(compared)]
    matrix = jaccard(sets)
    try:
        clusters = cluster(matrix)
    except ImportError:
        clusters = None
    return CollectionReport(
        name.format("s"),
        name.format("universe"),
        samples,
        [
            ChromSummary("chr1", True, 900 * count, 800 * count, count, (0.8, 0.9, 0.95)),
            ChromSummary(name.format("chrom"), False, 9, 0, 1, (0.0, 0.0, 0.0)),
        ],
        [AssemblyFit("hg38", 0, 1), AssemblyFit("hg19", 5, 0)],
        count,
        Similarity([name.format(i) for i in range(compared)], matrix, clusters),
        {name.format("bad"): name.format("bad") + ": is bad"},
    )


def page_of(report: CollectionReport, folder: Path) -> str:
    report.to_html(folder / "report.html")
    return (folder / "report.html").read_text("utf-8")


def test_a_page_is_well_formed_and_says_what_the_report_says(tmp_path: Path) -> None:
    report = report_of(12)
    text = page_of(report, tmp_path)
    page = Checker(text)
    assert text == page_of(report_of(12), tmp_path)  # no time, no random ids
    for words in ("sample11", "low hit rate", "likely cause of misses: named as", "bad: is bad"):
        assert words in page.text
    assert f"{report.hit_rate:.1%}" in page.text
    ids = [value for _, attributes in page.tags if (value := attributes.get("id")) is not None]
    assert len(ids) == len(set(ids))
    for target in page.values("a", "href"):
        assert (target or "").removeprefix("#") in ids
    labelled = {attributes.get("for") for tag, attributes in page.tags if tag == "label"}
    assert {attributes["id"] for tag, attributes in page.tags if tag == "input"} == labelled
    for tag, attributes in page.tags:
        if tag == "svg":
            assert attributes["role"] == "img" and attributes["aria-label"]
        if tag == "th":
            assert attributes["scope"] in ("row", "col")


def test_a_page_refers_to_nothing_outside_of_it(tmp_path: Path) -> None:
    text = page_of(report_of(12), tmp_path)
    page = Checker(text)
    for name in ("src", "href"):
        for tag, attributes in page.tags:
            value = attributes.get(name) or "#"
            assert value.startswith(("#", "data:")), (tag, value)
    assert not re.search(r"url\(|@import|https?:", text)
    (policy,) = [v for v in page.values("meta", "content") if "default-src" in (v or "")]
    assert policy is not None and "default-src 'none'" in policy
    assert re.search(r"script-src 'sha256-[^']+';", policy)


def test_names_are_escaped_wherever_they_stand(tmp_path: Path) -> None:
    text = page_of(report_of(12, HOSTILE + "{}"), tmp_path)
    page = Checker(text)
    assert "<img" not in text and "\x1b" not in text and "\u202e" not in text
    assert not [tag for tag, _ in page.tags if tag == "img"]
    assert len([tag for tag, _ in page.tags if tag == "script"]) == 2  # the data and the code
    assert page.text.count("document.title=1") > 12


def test_a_large_collection_has_a_small_page_that_says_what_is_left_out(tmp_path: Path) -> None:
    text = page_of(report_of(20_000, compared=100), tmp_path)
    assert len(text) < 1_500_000
    page = Checker(text)
    assert "1,000 of 20,000 samples" in page.text
    assert "100 of 20,000 samples, drawn at random" in page.text
    assert "2,000 of 20,000 samples are shown" in page.text
    assert len([tag for tag, _ in page.tags if tag == "tr"]) < 1100
    assert len([tag for tag, _ in page.tags if tag == "circle"]) <= 2000


def test_one_sample_and_one_without_regions_have_a_page(tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_regions([("chr1", 100, 200)])
    path = tmp_path / "a.bed"
    for content in ("chr1\t150\t160\n", ""):
        path.write_text(content)
        report = CollectionReport.from_files([path], tokenizer)
        assert report.similarity is None
        Checker(page_of(report, tmp_path))
    empty = CollectionReport("none", "", [])
    Checker(page_of(empty, tmp_path))
    assert "none" in str(empty._repr_html_())


def test_notebooks_show_a_card() -> None:
    shown = report_of(12, HOSTILE + "{}")._repr_html_()
    assert "samples: 12" in shown and "<img" not in shown and "… and 4 more" in shown


def test_elements_escape_texts_and_attributes() -> None:
    assert element("p", "<b>", element("b", "a"), None, 1) == "<p>&lt;b&gt;<b>a</b>1</p>"
    assert element("a", href='"x', class_="y", hidden=True, title=None) == (
        '<a href="&quot;x" class="y" hidden></a>'
    )
    assert "</" not in json_data("x", ["</script>"]).removesuffix("</script>")
    assert shorten("abcdefgh", 5) == "ab…gh" and shorten("abc", 5) == "abc"


def test_ticks_are_round_and_on_the_axis() -> None:
    assert linear_ticks(0, 1, 4) == [0, 0.5, 1]
    assert linear_ticks(70, 100, 6) == [70, 75, 80, 85, 90, 95, 100]
    axis = Axis(1, 1000, 0, 300, log=True)
    assert axis.place(10) == pytest.approx(100)
    assert axis.ticks(6) == [1, 10, 100, 1000]
    assert Axis(5, 5, 0, 1).ticks(3)[0] == 5
    assert [short_number(x) for x in (1500, 22_345, 3e6, 0.05)] == ["1,500", "22.3k", "3M", "0.05"]


# ---- trainings


HISTORY: list[dict[str, Any]] = [
    {"loss": 3.0, "grad_norm": 1.0, "learning_rate": 0.1, "epoch": 1.0, "step": 10},
    {"eval_loss": 2.5, "eval_runtime": 1.0, "step": 10},
    {"loss": 9.0, "step": 20},
    {"loss": 2.0, "grad_norm": float("nan"), "learning_rate": 0.05, "step": 20},  # after a resume
    {"eval_f1": 0.5, "step": 20},
    {"train_loss": 2.5, "train_runtime": 9.0, "step": 20},
]


def test_curves_are_what_was_logged() -> None:
    curves = curves_of(HISTORY)
    assert [curve.name for curve in curves] == ["loss", "learning_rate", "grad_norm", "f1"]
    assert curves[0].lines == [("training", [10, 20], [3.0, 2.0]), ("evaluation", [10], [2.5])]
    long = curves_of([{"loss": 1.0 / i, "step": i} for i in range(1, 10_002)])[0].lines[0]
    assert len(long.x) <= 2001 and long.x[-1] == 10_001


def test_the_page_of_a_training_has_its_curves_results_and_config() -> None:
    text = training_page(
        "model", HISTORY, {"train_loss": 2.5, "steps": 20}, f"name = '{HOSTILE}'\n"
    )
    page = Checker(text)
    for words in ("Loss", "Learning rate", "train_loss", "2.5", "Configuration", "name = '"):
        assert words in page.text
    assert "<img" not in text
    assert len([tag for tag, _ in page.tags if tag == "polyline"]) == 5
    Checker(training_page("model", [], {}, ""))


# ---- in a browser


NAMES = (
    "[...document.querySelectorAll('#sample-table tbody tr:not([hidden]) th')]"
    ".map(x => x.textContent)"
)


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Browser]:
    """A browser that shows a report, and has nothing to complain of at the end."""
    browser.requests.clear()
    browser.complaints.clear()
    browser.emulate()
    page_of(report_of(12, "<b>{}"), tmp_path)
    browser.open(tmp_path / "report.html")
    yield browser
    assert not browser.complaints
    asked = [url for url in browser.requests if not url.startswith("data:")]
    assert asked == [(tmp_path / "report.html").as_uri()]


def test_a_table_sorts_and_filters_by_keys(opened: Browser) -> None:
    given = opened.evaluate(NAMES)
    assert given == [f"<b>{i}" for i in range(12)]
    opened.evaluate("document.querySelector('#sample-table thead button').focus()")
    opened.press("Enter")
    assert opened.evaluate(NAMES) == given  # by name: numbers in names by their value
    opened.press("Enter")
    assert opened.evaluate(NAMES) == given[::-1]
    for _ in range(2):
        opened.press("Tab")
    assert opened.evaluate("document.activeElement.textContent") == "hit rate"
    opened.press(" ")
    order = "document.activeElement.closest('th').getAttribute('aria-sort')"
    assert opened.evaluate(order) == "descending"
    assert opened.evaluate(NAMES)[-1] == "<b>11"
    opened.press(" ")
    assert opened.evaluate(order) == "ascending"
    assert opened.evaluate(NAMES)[0] == "<b>11"
    opened.evaluate(
        "const field = document.getElementById('sample-table-filter'); field.value = 'LOW HIT';"
        "field.dispatchEvent(new Event('input'))"
    )
    assert opened.evaluate(NAMES) == ["<b>11"]
    assert opened.evaluate("document.getElementById('sample-table-count').textContent") == "1 rows"


def test_a_heat_map_reads_its_values_out_by_keys(opened: Browser) -> None:
    opened.evaluate("document.querySelector('#heat .scroll').focus()")
    opened.press("ArrowDown")
    text = opened.evaluate("document.getElementById('heat-value').textContent")
    assert re.fullmatch(r"<b>\d+ and <b>\d+: \d\.\d\d", text)
    opened.press("ArrowRight")
    assert opened.evaluate("document.getElementById('heat-value').textContent").endswith(": 1.00")


CONTRAST = """
(() => {
  const light = (colour) => {
    const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((x) => {
      const c = x / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  };
  const behind = (x) => {
    for (let at = x; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/rgba\\(.*, 0\\)|transparent/.test(colour)) return colour;
    }
  };
  const texts = "h1, h2, p, a, th, td, dt, dd span, svg text, button, .flag";
  return [...document.querySelectorAll(texts)]
    .map((x) => {
      const style = getComputedStyle(x);
      const ink = light(x instanceof SVGElement ? style.fill : style.color);
      const paper = light(behind(x));
      return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    })
    .reduce((a, b) => Math.min(a, b));
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_texts_can_be_read_on_either_background(opened: Browser, dark: bool) -> None:
    opened.emulate(dark=dark)
    # WCAG 2.2, success criterion 1.4.3
    assert opened.evaluate(CONTRAST) >= 4.5
    paper = "getComputedStyle(document.body).backgroundColor"
    red = int(re.findall(r"\d+", opened.evaluate(paper))[0])
    assert (red < 60) == dark
    visible = (
        "[...document.querySelectorAll('svg image')]"
        ".filter(x => getComputedStyle(x).display !== 'none').length"
    )
    assert opened.evaluate(visible) == 1
    opened.emulate(dark=dark, media="print")
    assert opened.evaluate(paper) == "rgb(255, 255, 255)"
    assert opened.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert opened.evaluate(CONTRAST) >= 4.5
    assert opened.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"


def test_a_narrow_window_does_not_scroll_sideways(opened: Browser) -> None:
    opened.emulate(width=360)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_script_in_a_page_that_is_not_its_own_does_not_run(
    browser: Browser, tmp_path: Path
) -> None:
    text = page_of(report_of(12), tmp_path)
    path = tmp_path / "changed.html"
    changed = text.replace("<main", "<script>document.title='run'</script><main", 1)
    path.write_text(changed, "utf-8")
    browser.open(path)
    assert browser.evaluate("document.title") != "run"
    assert any("Content Security Policy" in text for text in browser.complaints)


INK_ON_CELLS = """
(() => {
  const light = (parts) => {
    const [r, g, b] = parts.map((x) => {
      const c = x / 255;
      return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const colour = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const paper = colour(getComputedStyle(document.querySelector("section")).backgroundColor);
  return [...document.querySelectorAll("#confusion g")].map((group) => {
    const style = getComputedStyle(group.querySelector("rect"));
    const opacity = Number(style.fillOpacity);
    const fill = colour(style.fill).map((x, i) => opacity * x + (1 - opacity) * paper[i]);
    const one = light(colour(getComputedStyle(group.querySelector("text")).fill));
    const other = light(fill);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_numbers_in_a_confusion_matrix_can_be_read_on_their_colours(
    browser: Browser, tmp_path: Path, dark: bool
) -> None:
    confusion = np.array([[3, 1, 0], [0, 1, 0], [1, 0, 1]])
    nothing = float("nan")
    scores = [ClassScore(name, 1, 1, 1.0, 1.0, nothing) for name in "abc"]
    result = Classification(list("abc"), confusion, 0.7, 0.7, scores)
    evaluation = Evaluation(7, 7, "a part", result, None)
    page = training_page("model", [], {"eval_loss": 1.0}, "", evaluation)
    (tmp_path / "training.html").write_text(page, encoding="utf-8")
    browser.complaints.clear()
    browser.emulate(dark=dark)
    browser.open(tmp_path / "training.html")
    contrasts = browser.evaluate(INK_ON_CELLS)
    # WCAG 2.2, success criterion 1.4.3
    assert len(contrasts) == 5 and min(contrasts) >= 4.5
    assert browser.evaluate(CONTRAST) >= 4.5
    assert not browser.complaints
