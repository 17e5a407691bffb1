# SPDX-License-Identifier: BSD-2-Clause
"""``CellReport``: its numbers, its page in Chromium, and ``bedtok inspect`` of cells."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import test_cli
from bedtok import ConfigError, Tokenizer
from bedtok.cells import CellTokens
from bedtok.report import CellReport
from browser import Browser
from test_cli import Cli, write
from test_report_page import CONTRAST, HOSTILE, Checker

run = test_cli.run  # fixture

REGIONS = [(f"chr{1 + i % 3}", 1000 * i, 1000 * i + 500) for i in range(60)]
TOKENIZER = Tokenizer.from_regions(REGIONS)
BASES = "ACGT"


def barcode(i: int) -> str:
    return "".join(BASES[i // 4**k % 4] for k in range(8)) + "-1"


def write_fragments(path: Path, seed: int, count: int = 30) -> Path:
    """Write the fragments of barcodes, of which every tenth has a single one."""
    rng = np.random.default_rng(seed)
    lines = []
    for i in range(count):
        for _ in range(1 if i % 10 == 9 else int(rng.integers(5, 40))):
            chrom, start, end = REGIONS[rng.integers(len(REGIONS))]
            shift = 500 if rng.random() < 0.25 else 0  # into the gap
            lines.append(f"{chrom}\t{start + shift}\t{end + shift}\t{barcode(i)}\t1\n")
    lines.append(f"chrUn\t5\t9\t{barcode(0)}\t1\n")
    return write(path, "".join(lines))


@pytest.fixture
def donors(tmp_path: Path) -> list[Path]:
    return [write_fragments(tmp_path / "in" / f"donor{k}.fragments.tsv", k) for k in (1, 2)]


def test_the_numbers_are_those_of_the_cells(donors: list[Path]) -> None:
    pd = pytest.importorskip("pandas")
    cells = TOKENIZER.encode_fragments(donors, min_fragments=2)
    report = CellReport.from_cells(cells, vocabulary="peaks.bed")
    frame: pd.DataFrame = cells.obs
    assert report.title == f"{len(cells)} cells" and len(cells) == 54
    assert report.tokens.tolist() == frame["n_tokens"].tolist()
    assert report.fragments is not None
    assert report.fragments.tolist() == frame["fragments"].tolist()
    assert report.barcode_fragments is not None
    assert report.barcode_fragments.tolist() == sorted(cells.qc["fragments"], reverse=True)
    by_sample = frame.groupby("sample")
    for row, (name, own) in zip(report.samples, by_sample, strict=True):
        assert (row.sample, row.cells, row.barcodes) == (name, 27, 30)
        assert row.fragments == own["fragments"].median()
        assert row.tokens == own["n_tokens"].median()
        assert row.tokens_range == tuple(own["n_tokens"].quantile([0.05, 0.95]))
        assert row.hit_rate == pytest.approx(own["hits"].sum() / own["fragments"].sum())
    chroms = {chrom.chrom: (chrom.known, chrom.regions, chrom.hits) for chrom in report.chroms}
    assert list(chroms) == ["chr1", "chr2", "chr3", "chrUn"]
    assert chroms["chrUn"] == (False, 2, 0)
    assert sum(regions for _, regions, _ in chroms.values()) == report.regions
    assert report.of == "fragments" and report.hit_rate == report.hits / report.regions
    text = str(report).splitlines()
    assert text[0].split()[:4] == ["sample", "barcodes", "cells", "fragments"]
    assert text[1].split()[:3] == ["donor1", "30", "27"]
    assert f"fragments that hit: {report.hit_rate:.1%}" in text[4]


def test_what_cells_do_not_know_is_left_out(donors: list[Path], tmp_path: Path) -> None:
    cells = TOKENIZER.encode_fragments(donors[0], min_fragments=2)
    whole = CellReport.from_cells(cells)
    selected = CellReport.from_cells(cells[:])
    assert selected.of == "" and selected.chroms == [] and selected.barcode_fragments is None
    assert selected.hit_rate == pytest.approx(whole.samples[0].hit_rate)
    bare = CellTokens(TOKENIZER, np.array([1, 60], np.int32), np.array([0, 2, 2]), ["a", "b"])
    report = CellReport.from_cells(bare)
    assert report.tokens.tolist() == [1, 0]  # <unk> is no region
    assert report.fragments is None and report.hit_rate is None
    assert report.samples[0].sample == "" and report.title == "2 cells"
    for each in (whole, selected, report):
        each.to_html(tmp_path / "page.html")
        page = Checker((tmp_path / "page.html").read_text())
        assert ("Fragments of barcodes" in page.text) == (each is whole)
        assert ("Fragments a cell" in page.text) == (each is not report)
        json.dumps(each.to_dict())
        assert "cells" in each._repr_html_()
    with pytest.raises(ConfigError, match="cells: there are none"):
        CellReport.from_cells(bare[:0])


def test_peaks_of_an_anndata_have_hits(tmp_path: Path) -> None:
    ad = pytest.importorskip("anndata")
    pd = pytest.importorskip("pandas")
    var = pd.DataFrame(index=["chr1:0-10", "chr1:600-700", "chr3:2000-2010"])
    adata = ad.AnnData(np.eye(3, dtype=np.float32), var=var)
    report = CellReport.from_cells(TOKENIZER.encode_anndata(adata, low_hit_rate=None))
    assert (report.of, report.regions, report.hits) == ("peaks", 3, 2)
    assert report.tokens.tolist() == [1, 0, 1]
    report.to_json(tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text())["hit_rate"] == pytest.approx(2 / 3)


def test_a_sample_apart_is_an_outlier() -> None:
    lengths = [10, 11, 10, 9, 10, 2]
    values = np.concatenate([np.arange(n, dtype=np.int32) for n in lengths])
    samples = {"sample": [f"s{i}" for i in range(6)]}
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    cells = CellTokens(TOKENIZER, values, offsets, list("abcdef"), obs=samples)
    report = CellReport.from_cells(cells)
    (outlier,) = report.outliers
    assert outlier.sample == "s5" and "few tokens" in (outlier.outlier or "")


def test_a_picture_has_a_panel_for_what_is_known(donors: list[Path]) -> None:
    pytest.importorskip("matplotlib")
    cells = TOKENIZER.encode_fragments(donors)
    figure = CellReport.from_cells(cells).plot()
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == ["tokens a cell", "fragments a cell", "fragments a cell"]
    bars = figure.axes[0].patches
    assert sum(bar.get_height() for bar in bars) == len(cells)
    bare = CellTokens(TOKENIZER, np.array([1], np.int32), np.array([0, 1]), ["a"])
    assert len(CellReport.from_cells(bare).plot().axes) == 1


def test_inspect_writes_the_page_of_cells(run: Cli, donors: list[Path], tmp_path: Path) -> None:
    vocab = tmp_path / "peaks.bed"
    TOKENIZER.regions.to_bed(vocab)
    page = tmp_path / "qc" / "cells.html"
    flags = ("--vocab", vocab, "--min-fragments", "2")
    found = run("inspect", *donors, *flags, "--html", page, "--multiqc", tmp_path / "qc")
    assert found.code == 0, found.err
    assert found.out.splitlines()[1].split()[:3] == ["donor1", "30", "27"]
    text = page.read_text()
    assert "54 cells" in text and "fit peaks.bed" in text and str(tmp_path) not in text
    content = json.loads((tmp_path / "qc" / "bedtok_cells_mqc.json").read_text())
    assert content["plot_type"] == "generalstats"
    assert content["data"]["donor2"]["bedtok_cells"] == 27
    shown = json.loads(run("inspect", donors[0].parent, *flags, "--json").out)
    assert shown["cells"] == 54 and shown["hit_rate_of"] == "fragments"
    bed = write(tmp_path / "a.bed", "chr1\t0\t10\n")
    run.fails(2, "a.bed is BED, .* has cells", "inspect", bed, donors[0], "--vocab", vocab)
    run.fails(
        2, "--min-tokens: is for cells", "inspect", bed, "--vocab", vocab, "--min-tokens", "3"
    )
    # Without a vocabulary a fragment file is regions, as before.
    assert "regions" in run("inspect", donors[0]).out
    pytest.importorskip("pyarrow")
    TOKENIZER.encode_fragments(donors).to_parquet(tmp_path / "cells.parquet")
    again = run("inspect", tmp_path / "cells.parquet", "--vocab", vocab)
    assert again.code == 0 and again.err == ""
    assert again.out.splitlines()[2].split()[:3] == ["donor2", "-", "30"]


def test_cells_are_chosen_on_the_way_in(run: Cli, donors: list[Path], tmp_path: Path) -> None:
    vocab = tmp_path / "peaks.bed"
    TOKENIZER.regions.to_bed(vocab)
    listed = write(tmp_path / "barcodes.tsv", "".join(f"{barcode(i)}\n" for i in (3, 9)))
    rows = run("tokenize", vocab, donors[0], "--barcodes", listed).rows()
    assert [row["cell"] for row in rows] == [barcode(3), barcode(9)]
    rows = run("tokenize", vocab, donors[0], "--barcodes", listed, "--min-fragments", "2").rows()
    assert [row["cell"] for row in rows] == [barcode(3)]
    rows = run("tokenize", vocab, donors[0], "--min-tokens", "20").rows()
    assert rows and all(len(row["input_ids"]) >= 20 for row in rows)
    bed = write(tmp_path / "a.bed", "chr1\t0\t10\n")
    for message, *arguments in (
        ("--barcodes: is for cells", bed, "--barcodes", listed),
        ("a .parquet file holds cells, .*a.bed looks like BED", bed, "-o", "x.parquet"),
        ("--min-tokens: expected a whole number, 0 or more", donors[0], "--min-tokens", "-1"),
    ):
        run.fails(2, message, "tokenize", vocab, *arguments)
    empty = write(tmp_path / "empty.tsv", "barcode\n")
    flags = ("--fragments", "--barcodes", empty)
    run.fails(1, "has no barcodes", "tokenize", vocab, donors[0], *flags)
    pytest.importorskip("pyarrow")
    parquet = tmp_path / "cells.parquet"
    TOKENIZER.encode_fragments(donors).to_parquet(parquet)
    run.fails(2, "is Parquet, expected BED, fragments", "tokenize", vocab, parquet)
    flags = ("--vocab", vocab, "--barcodes", listed)
    shown = run("inspect", parquet, *flags).out.splitlines()
    assert [line.split()[:3] for line in shown[1:3]] == [["donor1", "-", "2"], ["donor2", "-", "2"]]
    write(listed, "NONE-1\n")
    run.fails(1, "none of the 1 barcodes of .* is among the 60 cells", "inspect", parquet, *flags)


def test_flags_count_for_every_kind_of_cells(run: Cli, donors: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("anndata")
    vocab = tmp_path / "peaks.bed"
    TOKENIZER.regions.to_bed(vocab)
    cells = TOKENIZER.encode_fragments(donors[0])
    parquet, h5ad = tmp_path / "cells.parquet", tmp_path / "cells.h5ad"
    cells.to_parquet(parquet)
    cells.to_anndata().write_h5ad(h5ad)
    excluded = write(tmp_path / "blacklist.bed", "chr1\t0\t100000\n")

    def inspected(path: Path, *flags: object) -> dict[str, int]:
        return dict(json.loads(run("inspect", path, "--vocab", vocab, "--json", *flags).out))

    # As of the same cells from fragments; of cells of .h5ad fragments are not known.
    few = inspected(donors[0], "--min-fragments", "20")["cells"]
    assert 0 < few < 30 and inspected(parquet, "--min-fragments", "20")["cells"] == few
    for path in (donors[0], h5ad):
        both = inspected(path, "--chroms", "chr2,chr3")["tokens"]
        assert inspected(path, "--exclude", excluded)["tokens"] == both < inspected(path)["tokens"]
    bed = write(tmp_path / "a.bed", "chr1\t0\t10\n")
    for message, path, *flags in (
        ("--min-fragments: counts fragments, .*h5ad has none", h5ad, "--min-fragments", "2"),
        ("--exclude: chooses regions, .*parquet holds tokens", parquet, "--exclude", excluded),
        ("--unique: chooses regions, .*parquet holds tokens", parquet, "--unique"),
        ("--chroms: is for cells, expected fragment files", bed, "--chroms", "chr1"),
    ):
        run.fails(2, message, "inspect", path, "--vocab", vocab, *flags)
    run.fails(2, "h5ad has none", "tokenize", vocab, h5ad, "--min-fragments", "2")
    CellTokens(TOKENIZER, cells.values, cells.offsets, cells.names).to_parquet(parquet)
    text = r"cells.parquet: has no numbers in a column fragments, which --min-fragments asks for"
    run.fails(1, text, "inspect", parquet, "--vocab", vocab, "--min-fragments", "2")


# ---- in a browser


def test_the_page_works_in_a_browser(browser: Browser, donors: list[Path], tmp_path: Path) -> None:
    cells = TOKENIZER.encode_fragments({HOSTILE: donors[0], "donor2": donors[1]}, min_fragments=2)
    report = CellReport.from_cells(cells, title=HOSTILE, vocabulary=HOSTILE)
    report = dataclasses.replace(report, likely_cause=HOSTILE)
    path = tmp_path / "cells.html"
    report.to_html(path)
    text = path.read_text("utf-8")
    assert "<img" not in text and "\x1b" not in text
    report.to_html(path)
    assert text == path.read_text("utf-8")
    Checker(text)
    browser.emulate()
    browser.requests.clear()
    browser.open(path)
    names = (
        "[...document.querySelectorAll('#sample-table tbody tr:not([hidden]) th')]"
        ".map(x => x.textContent)"
    )
    given = browser.evaluate(names)
    assert len(given) == 2 and given[1] == "donor2"
    browser.evaluate("document.querySelectorAll('#sample-table thead button')[0].focus()")
    browser.press("Enter")
    browser.press("Enter")
    assert sorted(browser.evaluate(names)) == sorted(given)
    assert browser.evaluate("document.title").startswith("</script>")
    assert browser.evaluate("document.querySelectorAll('svg').length") == 8
    for dark in (False, True):
        browser.emulate(dark=dark)
        assert browser.evaluate(CONTRAST) >= 4.5  # WCAG 2.2, success criterion 1.4.3
    browser.emulate(width=360)
    assert browser.evaluate("document.documentElement.scrollWidth") <= 360
    assert not browser.complaints
    assert [url for url in browser.requests if not url.startswith("data:")] == [path.as_uri()]
