# SPDX-License-Identifier: BSD-2-Clause
"""What notebooks show: small cards, well formed, escaped, in the colours of the page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from bedtok import RegionSet, Tokenizer
from bedtok._html import card
from bedtok.cells import CellTokens
from bedtok.universe import assess

HOSTILE = '<img src=x onerror="alert(1)">&\x1b[31m\u202e'
ESCAPED = "&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp;\\x1b[31m\\u202e"


def html_of(x: Any) -> str:
    """Return what a notebook shows, which must be well formed."""
    text: str = x._repr_html_()
    ElementTree.fromstring(text)
    return text


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.from_regions([("chr1", 100 * i, 100 * i + 50) for i in range(1, 1001)])


def test_a_set_of_regions_shows_its_size_its_file_and_its_first_regions(tmp_path: Path) -> None:
    path = tmp_path / "peaks.bed"
    path.write_text("".join(f"chr{i % 3}\t{i}\t{i + 5}\tpeak{i}\n" for i in range(1200)))
    shown = html_of(RegionSet(path))
    assert "RegionSet: 1,200 regions" in shown
    assert "peaks.bed" in shown and "peak0" in shown and "… and 1,195 more" in shown
    assert ">3<" in shown  # chromosomes


def test_sets_of_no_and_of_one_region_are_shown() -> None:
    assert "RegionSet: 0 regions" in html_of(RegionSet([]))
    assert "RegionSet: 1 region<" in html_of(RegionSet(["chr1:1-2"]))


def test_a_tokenizer_shows_its_size_its_special_tokens_and_the_options_that_were_set(
    tokenizer: Tokenizer,
) -> None:
    shown = html_of(tokenizer)
    assert "Tokenizer: 1,007 tokens" in shown
    assert "&lt;unk&gt; 1000" in shown and "chr1:100-150" in shown and "… and 995 more" in shown
    assert "min_overlap" not in shown
    assert "min_overlap" in html_of(tokenizer.with_options(min_overlap=7))


def test_a_report_shows_the_hit_rate_the_chromosomes_and_the_likely_cause(
    tokenizer: Tokenizer,
) -> None:
    known = [("chr1", 100 * i + 10, 100 * i + 20) for i in range(1, 61)]
    shown = html_of(tokenizer.report(known + [("chr9", 1, 2)] * 20))
    assert "75.0%" in shown and "60 distinct" in shown
    assert "not in the vocabulary" in shown
    past = [("chr1", 10**6 + i, 10**6 + i + 1) for i in range(100)]
    assert "Likely cause: " in html_of(tokenizer.report(past))


def test_the_chromosomes_of_a_report_are_the_largest_ones(tokenizer: Tokenizer) -> None:
    regions = [(f"scaffold{i}", 1, 2) for i in range(30)] + [("chr1", 100, 120)] * 5
    shown = html_of(tokenizer.report(regions))
    assert shown.index(">chr1<") < shown.index(">scaffold0<")
    assert "… and 23 more" in shown


def test_cells_show_how_many_tokens_they_have(tokenizer: Tokenizer) -> None:
    lengths = np.arange(1, 101)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    values = np.zeros(offsets[-1], dtype=np.int32)
    cells = CellTokens(tokenizer, values, offsets, [f"cell{i}" for i in range(100)])
    shown = html_of(cells)
    assert "CellTokens: 100 cells" in shown and "5,050" in shown
    assert "1 to 100, median 50" in shown and shown.count("<rect") == 24
    assert "cell4" in shown and "cell5" not in shown and "… and 95 more" in shown
    assert "CellTokens: 0 cells" in html_of(cells[:0])
    assert "CellTokens: 1 cell<" in html_of(cells[:1])


def test_an_assessment_shows_a_row_for_each_universe() -> None:
    universes = {HOSTILE: RegionSet(["chr1:1-100", "chr1:200-300"]), "b": RegionSet(["chr1:1-9"])}
    shown = html_of(assess(universes, [RegionSet(["chr1:50-60", "chr2:1-2"])]))
    assert ESCAPED in shown and ">b<" in shown and shown.count("50.0%") >= 2
    assert "100.0%" in shown and "<img" not in shown  # regions of b that no sample hits


def test_names_are_escaped_wherever_they_come_from(tokenizer: Tokenizer) -> None:
    regions = [(HOSTILE, 1, 2, HOSTILE)]
    own = Tokenizer.from_regions(regions, {"unk": HOSTILE}, chrom_aliases={HOSTILE: HOSTILE})
    cells = CellTokens(own, np.zeros(1, np.int32), np.array([0, 1]), [HOSTILE])
    for thing in (RegionSet(regions), own, tokenizer.report(regions), cells):
        shown = html_of(thing)
        assert "<img" not in shown and "\x1b" not in shown and "\u202e" not in shown
        assert ESCAPED in shown
    assert ESCAPED in card(HOSTILE, [(HOSTILE, 1)], note=HOSTILE)


def test_a_long_name_is_cut_in_a_table() -> None:
    assert len(html_of(RegionSet([("x" * 10_000, 1, 2, "y" * 10_000)]))) < 3_000


def test_the_text_and_the_background_are_the_pages_own(tokenizer: Tokenizer) -> None:
    # Colours that are not half transparent would be unreadable on one of the two backgrounds.
    cells = CellTokens(tokenizer, np.zeros(1, np.int32), np.array([0, 1]), ["a"])
    for thing in (tokenizer.regions, tokenizer, tokenizer.report(["chr1:100-120"]), cells):
        shown = html_of(thing)
        colours = re.findall(r"(?:color|background|fill)[:=]\"?([^;\"]+)", shown)
        assert colours
        assert all(
            c in ("inherit", "transparent", "currentColor") or re.fullmatch(r"rgba\(.*,\.\d+\)", c)
            for c in colours
        ), colours
