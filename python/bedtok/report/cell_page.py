# SPDX-License-Identifier: BSD-2-Clause
"""The page of cells: its sections, and the limits that keep it small."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bedtok._html import Html
from bedtok.report import outliers
from bedtok.report.axes import short_number
from bedtok.report.cell_report import CellReport, CellSampleSummary
from bedtok.report.charts import Line, Point, Row, bars, histogram, lines, scatter
from bedtok.report.chrom_chart import chrom_chart
from bedtok.report.elements import element, join, shorten
from bedtok.report.page import Cell, Column, note, page, table, tiles

BARS = 40
POINTS = 2000
ROWS = 1000
_KNEE_POINTS = 300
_LONGEST_NAME = 120  # characters


def cell_page(report: CellReport) -> str:
    """Return the page of a report."""
    sections = [("summary", "Summary", _summary(report))]
    if report.barcode_fragments is not None:
        sections.append(("barcodes", "Fragments of barcodes", _knee(report)))
    sections.append(("tokens", "Tokens a cell", _counts(report.tokens, "tokens a cell")))
    if report.fragments is not None and report.hit_rates is not None:
        sections += [
            ("fragments", "Fragments a cell", _counts(report.fragments, "fragments a cell")),
            ("hit-rate", "Hit rate a cell", _hit_rates(report.hit_rates)),
            ("spread", "Hit rate and fragments", _spread(report)),
        ]
    if len(report.samples) > 1:
        sections.append(("by-sample", "By sample", _by_sample(report)))
    if report.chroms:
        sections.append(
            (
                "chromosomes",
                "Hit rate by chromosome",
                chrom_chart(report.chroms, f"Share of {report.of} that hit"),
            )
        )
    sections += [
        ("samples", "Samples", _table(report)),
        ("rules", "How the numbers are made", _rules(report)),
    ]
    fits = f"How good the cells are, and how well they fit {report.vocabulary}"
    intro = fits if report.vocabulary else "How good the cells are"
    return page(_name(report.title), note(intro, "."), sections)


def _name(text: str) -> str:
    return shorten(text, _LONGEST_NAME)


def _summary(report: CellReport) -> Html:
    count = len(report.tokens)
    low, median, high = np.quantile(report.tokens, (0.05, 0.5, 0.95))
    below = f"of {len(report.samples):,} samples" if len(report.samples) > 1 else ""
    if report.barcode_fragments is not None:
        below = f"of {len(report.barcode_fragments):,} barcodes"
    facts = [
        ("cells", f"{count:,}", below),
        ("tokens a cell", f"{median:,.0f}", f"median; 90 % have {low:,.0f} to {high:,.0f}"),
    ]
    if report.fragments is not None:
        low, median, high = np.quantile(report.fragments, (0.05, 0.5, 0.95))
        text = f"median; 90 % have {low:,.0f} to {high:,.0f}"
        facts.append(("fragments a cell", f"{median:,.0f}", text))
    if report.hit_rate is not None:
        of = f"of {report.regions:,} {report.of}" if report.of else "of the cells' fragments"
        facts.append(("hit rate", f"{report.hit_rate:.1%}", of))
    findings: list[tuple[object, ...]] = []
    if report.likely_cause is not None:
        findings.append((f"likely cause of misses: {report.likely_cause}",))
    if empty := int((report.tokens == 0).sum()):
        findings.append((f"{empty:,} cells have no token: a model can say nothing of them",))
    if report.skipped_lines:
        findings.append((f"lines that are no fragments: {report.skipped_lines:,}",))
    for sample in report.outliers[:12]:
        findings.append((element("strong", _name(sample.sample)), f": {sample.outlier}"))
    items = [element("li", *each) for each in findings]
    return join(tiles(facts), element("ul", *items, class_="findings") if items else None)


def _knee(report: CellReport) -> Html:
    """Return the fragments of barcodes by rank, on logarithmic axes."""
    assert report.barcode_fragments is not None
    counts = report.barcode_fragments
    ranks = np.unique(np.geomspace(1, len(counts), _KNEE_POINTS).round().astype(np.int64))
    line = Line("fragments", ranks.tolist(), counts[ranks - 1].astype(float).tolist())
    return join(
        note(
            "All barcodes, the one with most fragments first. Where the line falls off, cells end "
            "and empty droplets begin: ",
            element("code", "--min-fragments"),
            f" leaves these out. {len(report.tokens):,} of {len(counts):,} barcodes are cells.",
        ),
        lines("Fragments of barcodes by rank", [line], "rank", format=short_number, log=True),
    )


def _counts(values: npt.NDArray[np.int64], label: str) -> Html:
    median = max(float(np.median(values)), 1)
    if values.max() <= 20 * median and values.min() * 20 >= median:
        shown = values.astype(np.float64)
        return histogram(f"Histogram of {label}", shown, label, unit="cells")
    return join(
        note("On a logarithmic axis."),
        histogram(
            f"Histogram of {label}",
            np.log10(values + 1.0),
            label,
            format=lambda value: short_number(float(f"{10**value - 1:.2g}")),
            unit="cells",
        ),
    )


def _hit_rates(rates: npt.NDArray[np.float64]) -> Html:
    return join(
        note("Share of the fragments of a cell that hit the vocabulary."),
        histogram(
            "Histogram of hit rates",
            rates,
            "hit rate",
            format=lambda value: f"{100 * value:.3g} %",
            limits=(float(rates.min()), float(rates.max())),
            unit="cells",
        ),
    )


def _spread(report: CellReport) -> Html:
    assert report.fragments is not None and report.hit_rates is not None
    count = len(report.fragments)
    chosen = np.arange(count)
    text = "Each point is a cell"
    if count > POINTS:
        chosen = np.sort(np.random.default_rng(0).choice(count, POINTS, replace=False))
        text += f"; {POINTS:,} of {count:,} cells, drawn with seed 0"
    points = [
        Point(f"cell {i + 1:,}", float(report.fragments[i]), float(report.hit_rates[i]))
        for i in chosen.tolist()
    ]
    title = "Hit rate against fragments"
    return join(note(text, "."), scatter(title, points, "fragments a cell", unit="fragments"))


def _first(report: CellReport) -> tuple[list[CellSampleSummary], str]:
    """Return the samples that are drawn, and what is left out."""
    samples = report.samples
    if len(samples) <= BARS:
        return samples, ""
    flagged = report.outliers[: BARS // 2]
    others = [sample for sample in samples if sample.outlier is None]
    text = f" {BARS} of {len(samples):,} samples are shown: outliers, and the first of the others."
    return [*flagged, *others[: BARS - len(flagged)]], text


def _by_sample(report: CellReport) -> Html:
    samples, left_out = _first(report)
    highest = max(max(s.tokens_range[1] for s in samples), 1.0)
    tokens = [
        Row(s.sample, s.tokens, f"{s.tokens:,.0f}, {s.cells:,} cells", s.outlier, *s.tokens_range)
        for s in samples
    ]
    parts = [
        element("h3", "Tokens a cell"),
        note(f"Medians; lines reach from 5 % to 95 % of the cells; ◆ is an outlier.{left_out}"),
        bars("Tokens a cell, by sample", tokens, highest=highest),
    ]
    rated = [s for s in samples if s.hit_rate is not None]
    if rated:
        rows = [Row(s.sample, s.hit_rate or 0, f"{s.hit_rate:.1%}", s.outlier) for s in rated]
        parts += [
            element("h3", "Hit rate"),
            note("Share of the cells' fragments that hit the vocabulary."),
            bars("Hit rate by sample", rows, highest=1),
        ]
    return join(*parts)


def _table(report: CellReport) -> Html:
    known = {
        "barcodes": any(s.barcodes is not None for s in report.samples),
        "fragments": any(s.fragments is not None for s in report.samples),
    }
    columns = [Column("sample"), Column("cells", number=True)]
    if known["barcodes"]:
        columns.append(Column("barcodes", number=True))
    if known["fragments"]:
        columns += [Column("fragments a cell", number=True), Column("hit rate", number=True)]
    columns.append(Column("tokens a cell", number=True))
    if report.outliers:
        columns.append(Column("remarks"))
    rows = []
    for sample in report.samples[:ROWS]:
        row = [Cell(_name(sample.sample or "-")), Cell(f"{sample.cells:,}", sample.cells)]
        if known["barcodes"]:
            row.append(_number(sample.barcodes, "{:,}"))
        if known["fragments"]:
            row += [_number(sample.fragments, "{:,.0f}"), _number(sample.hit_rate, "{:.1%}")]
        row.append(_number(sample.tokens, "{:,.0f}"))
        if report.outliers:
            flagged = sample.outlier is not None
            flag = element("span", f"◆ {sample.outlier}", class_="flag") if flagged else None
            row.append(Cell(join(flag)))
        rows.append(row)
    text = None
    if len(report.samples) > ROWS:
        text = note(f"The first {ROWS:,} of {len(report.samples):,} samples.")
    shown = table("Samples; headings sort", columns, rows, name="sample-table")
    return join(text, shown)


def _number(value: float | None, form: str) -> Cell:
    return Cell("-", -1.0) if value is None else Cell(form.format(value), value)


def _rules(report: CellReport) -> Html:
    counted = "peak" if report.of == "peaks" else "fragment"
    return join(
        element(
            "p",
            f"A {counted} hits if it has at least one token; the hit rate is hits by {counted}s. "
            "Numbers of a sample are medians of its cells, hit rates those of all its fragments. "
            "Special tokens are not counted.",
        ),
        element("p", outliers.RULE, " Tokens are the median of a sample's cells."),
    )
