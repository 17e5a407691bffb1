# SPDX-License-Identifier: BSD-2-Clause
"""The page of a collection: its sections, and the limits that keep it small."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from bedtok._html import Html
from bedtok.report import assemblies, outliers
from bedtok.report.axes import short_number
from bedtok.report.charts import Point, Row, bars, histogram, scatter
from bedtok.report.chrom_chart import chrom_chart
from bedtok.report.collection_report import (
    CollectionReport,
    Similarity,
    assemblies_text,
    assembly_text,
)
from bedtok.report.elements import element, join, shorten
from bedtok.report.heat_map import heat_map
from bedtok.report.page import Cell, Column, note, page, table, tiles
from bedtok.report.samples import SampleSummary

# A collection may have a hundred thousand samples. A page that opens at once has some MB.
BARS = 40  # samples with a bar of their own; more are a histogram
LOWEST = 15  # bars beside a histogram
POINTS = 2000
ROWS = 1000
NAMED = 12  # outliers, failures and pairs in lists
_LONGEST_NAME = 120  # characters


def collection_page(report: CollectionReport) -> str:
    """Return the page of a report."""
    sections = [("summary", "Summary", _summary(report))]
    if report.samples:
        sections.append(("hit-rate", "Hit rate by sample", _hit_rates(report)))
    if len(report.samples) > 2:
        sections.append(("spread", "Hit rate and tokens", _spread(report)))
    if report.samples:
        sections += [
            ("chromosomes", "Hit rate by chromosome", _chroms(report)),
            ("tokens", "Tokens a sample", _tokens(report)),
            ("assembly", "Likely assembly", _assemblies(report)),
        ]
    if report.similarity is not None:
        sections.append(
            ("similarity", "Similarity of samples", _similar(report, report.similarity))
        )
    sections += [
        ("samples", "All samples" if len(report.samples) <= ROWS else "Samples", _table(report)),
        ("rules", "How the numbers are made", _rules(report)),
    ]
    fits = (
        f"How well the samples fit {report.vocabulary}"
        if report.vocabulary
        else "A tokenized collection"
    )
    return page(_name(report.title), note(fits, "."), sections)


def _name(text: str) -> str:
    return shorten(text, _LONGEST_NAME)


def _arrays(report: CollectionReport) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    rates = np.array([sample.hit_rate for sample in report.samples], dtype=np.float64)
    tokens = np.array([sample.tokens for sample in report.samples], dtype=np.float64)
    return rates, tokens


def _summary(report: CollectionReport) -> Html:
    rates, tokens = _arrays(report)
    facts = [("samples", f"{len(report.samples):,}", f"{report.regions:,} regions")]
    if len(rates):
        facts += [
            (
                "hit rate",
                f"{report.hit_rate:.1%}",
                f"{rates.min():.1%} to {rates.max():.1%} a sample",
            ),
            (
                "tokens a sample",
                f"{np.median(tokens):,.0f}",
                f"median; {tokens.min():,.0f} to {tokens.max():,.0f}",
            ),
            ("outliers", f"{len(report.outliers):,}", f"of {len(rates):,} samples"),
            (
                "likely assembly",
                next(iter(report.likely_assemblies), "not read"),
                f"files read: {report.files_read:,}",
            ),
        ]
    if report.failed:
        facts.append(("failed", f"{len(report.failed):,}", "files"))
    findings = [element("li", *each) for each in _findings(report)]
    return join(tiles(facts), element("ul", *findings, class_="findings") if findings else None)


def _findings(report: CollectionReport) -> Iterator[tuple[object, ...]]:
    """Yield what a reader should look at, the most urgent first, a few of each kind."""
    yield from _first([("not read: ", shorten(why, 300)) for why in report.failed.values()])
    counts = report.likely_assemblies
    known = (*assemblies.known_assemblies(), "none known")
    if len([name for name in counts if name in known]) > 1:
        yield ("samples of several assemblies: ", assemblies_text(counts))
    causes: dict[str, list[str]] = {}
    for sample in report.samples:
        if sample.likely_cause is not None:
            causes.setdefault(sample.likely_cause, []).append(sample.sample)
    ordered = sorted(causes.items(), key=lambda item: -len(item[1]))
    yield from _first(
        [
            (
                element("strong", _name(names[0])),
                f" and {len(names) - 1:,} more" if len(names) > 1 else "",
                f": likely cause of misses: {cause}",
            )
            for cause, names in ordered
        ]
    )
    yield from _first(
        [(element("strong", _name(s.sample)), f": {s.outlier}") for s in report.outliers]
    )


def _first(findings: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Return the first of many findings, and how many more there are."""
    if len(findings) <= NAMED:
        return findings
    return [*findings[:NAMED], (f"and {len(findings) - NAMED:,} more",)]


def _bar(sample: SampleSummary) -> Row:
    text = f"{sample.hit_rate:.1%} of {short_number(sample.regions)}"
    return Row(sample.sample, sample.hit_rate, text, sample.outlier)


def _hit_rates(report: CollectionReport) -> Html:
    samples = sorted(report.samples, key=lambda sample: sample.hit_rate)
    if len(samples) <= BARS:
        return join(
            note("Share of regions that hit the vocabulary, the lowest first; ◆ is an outlier."),
            bars("Hit rate by sample", [_bar(sample) for sample in samples], highest=1),
        )
    rates, _ = _arrays(report)
    marked = np.array([s.hit_rate for s in report.outliers if "hit rate" in (s.outlier or "")])
    return join(
        note("Share of regions that hit the vocabulary; ◆ are outliers."),
        histogram(
            "Histogram of hit rates",
            rates,
            "hit rate",
            format=lambda value: f"{value:.4g}" if value < 0.001 else f"{100 * value:.3g} %",
            limits=(float(rates.min()), float(rates.max())),
            marked=marked[:POINTS],
        ),
        element("h3", f"The {LOWEST} lowest"),
        bars("The lowest hit rates", [_bar(sample) for sample in samples[:LOWEST]], highest=1),
    )


def _spread(report: CollectionReport) -> Html:
    samples = report.samples
    text = "Each point is a sample; ◆ is an outlier."
    if len(samples) > POINTS:
        marked = [sample for sample in samples if sample.outlier is not None][: POINTS // 2]
        others = [sample for sample in samples if sample.outlier is None]
        chosen = np.random.default_rng(0).choice(
            len(others), min(POINTS - len(marked), len(others)), replace=False
        )
        samples = [*marked, *(others[i] for i in sorted(chosen.tolist()))]
        text += (
            f" {len(samples):,} of {len(report.samples):,} samples are shown: outliers "
            f"({len(marked):,} of {len(report.outliers):,}), and others drawn with seed 0."
        )
    points = [Point(s.sample, s.tokens, s.hit_rate, s.outlier) for s in samples]
    return join(note(text), scatter("Hit rate against tokens", points, "tokens a sample"))


def _read(report: CollectionReport) -> str:
    if report.files_read == len(report.samples):
        return "of all samples"
    return f"of the files of {report.files_read:,} of {len(report.samples):,} samples"


def _not_read() -> Html:
    return note(
        "The folder of tokens does not hold this, and no BED file of its samples was read: give "
        "the vocabulary (",
        element("code", "--vocab"),
        "), on a machine that has the files.",
    )


def _chroms(report: CollectionReport) -> Html:
    if not report.chroms:
        return _not_read()
    return chrom_chart(report.chroms, f"Share of regions that hit, {_read(report)}", spread=True)


def _tokens(report: CollectionReport) -> Html:
    _, tokens = _arrays(report)
    if len(tokens) <= BARS:
        samples = sorted(report.samples, key=lambda sample: sample.tokens)
        rows = [Row(s.sample, s.tokens, f"{s.tokens:,}", s.outlier) for s in samples]
        return join(
            note("The fewest first; ◆ is an outlier."),
            bars("Tokens a sample", rows, highest=max(float(tokens.max()), 1)),
        )
    marked = np.array([s.tokens for s in report.outliers if "tokens" in (s.outlier or "")])
    wide = tokens.max() > 50 * max(float(np.median(tokens)), 1) or tokens.min() * 20 < np.median(
        tokens
    )
    if not wide:
        return join(
            note("◆ are outliers."),
            histogram("Histogram of tokens a sample", tokens, "tokens a sample", marked=marked),
        )
    return join(
        note("On a logarithmic axis; ◆ are outliers."),
        histogram(
            "Histogram of tokens a sample",
            np.log10(tokens + 1),
            "tokens a sample",
            format=lambda value: short_number(float(f"{10**value - 1:.2g}")),
            marked=np.log10(marked + 1)[:POINTS],
        ),
    )


def _assemblies(report: CollectionReport) -> Html:
    if not report.assemblies:
        return _not_read()
    rows = [
        [
            Cell(fit.assembly),
            Cell(f"{fit.past_end:,}", fit.past_end),
            Cell(f"{fit.unknown:,}", fit.unknown),
            Cell(f"{report.likely_assemblies.get(fit.assembly, 0):,}"),
        ]
        for fit in sorted(report.assemblies, key=lambda fit: fit.outside)
    ]
    columns = [
        Column("assembly"),
        Column("regions past an end", number=True),
        Column("on unknown chromosomes", number=True),
        Column("samples that fit it best", number=True),
    ]
    return join(
        element(
            "p",
            "By samples: ",
            element("strong", assemblies_text(report.likely_assemblies)),
            ".",
        ),
        table(f"Regions outside of each assembly, {_read(report)}", columns, rows),
    )


def _similar(report: CollectionReport, similarity: Similarity) -> Html:
    count = len(similarity.samples)
    text = "Tokens that both of two samples have, by the tokens that either has (Jaccard index)."
    if count < len(report.samples):
        text += f" {count:,} of {len(report.samples):,} samples, drawn at random."
    parts: list[object] = [note(text)]
    if similarity.clusters is None:
        parts.append(
            note(
                "In the order given: clusters need SciPy: ",
                element("code", "pip install scipy"),
                ".",
            )
        )
    else:
        parts.append(note("Rows are ordered by clusters: average linkage of 1 - Jaccard index."))
    parts.append(heat_map(similarity.samples, similarity.jaccard, similarity.clusters))
    rows, columns = np.triu_indices(count, 1)
    shares = similarity.jaccard[rows, columns]
    order = np.argsort(-shares, kind="stable")[:NAMED]
    pairs = [
        [
            Cell(_name(similarity.samples[rows[i]])),
            Cell(_name(similarity.samples[columns[i]])),
            Cell(f"{shares[i]:.3f}", float(shares[i])),
        ]
        for i in order.tolist()
    ]
    parts.append(
        table(
            f"The most similar pairs, {len(pairs)} of {len(shares):,}",
            [Column("sample"), Column("and"), Column("Jaccard index", number=True)],
            pairs,
        )
    )
    return join(*parts)


def _table(report: CollectionReport) -> Html:
    samples = report.samples
    text = None
    if len(samples) > ROWS:
        first = [sample for sample in samples if sample.outlier is not None][: ROWS // 2]
        others = [sample for sample in samples if sample.outlier is None]
        samples = first + others[: ROWS - len(first)]
        text = note(
            f"{len(samples):,} of {len(report.samples):,} samples: {len(first):,} of "
            f"{len(report.outliers):,} outliers, then the first in their order. "
            "CollectionReport.to_tsv writes all."
        )
    columns = [
        Column("sample"),
        Column("regions", number=True),
        Column("hit rate", number=True),
        Column("tokens", number=True),
        Column("assembly"),
        Column("remarks"),
    ]
    skips = any(sample.skipped_lines for sample in report.samples)
    if skips:
        columns.insert(4, Column("lines skipped", number=True))
    rows = []
    for sample in samples:
        outlier = None
        if sample.outlier is not None:
            outlier = element("span", f"◆ {sample.outlier}", class_="flag")
        cause = None if sample.likely_cause is None else f"Likely cause: {sample.likely_cause}"
        row = [
            Cell(_name(sample.sample)),
            Cell(f"{sample.regions:,}", sample.regions),
            Cell(f"{sample.hit_rate:.1%}", sample.hit_rate),
            Cell(f"{sample.tokens:,}", sample.tokens),
            Cell(assembly_text(sample.assemblies)),
            Cell(join(outlier, ". " if outlier and cause else None, cause)),
        ]
        if skips:
            row.insert(4, Cell(f"{sample.skipped_lines:,}", sample.skipped_lines))
        rows.append(row)
    return join(text, table("Samples; headings sort", columns, rows, name="sample-table"))


def _rules(report: CollectionReport) -> Html:
    return join(
        element(
            "p", "A region hits if it has at least one token; the hit rate is hits by regions."
        ),
        element("p", outliers.RULE),
        element("p", assemblies.RULE),
        element(
            "p",
            "Assemblies that are known: ",
            ", ".join(assemblies.known_assemblies()),
            " (lengths of chromosomes of the UCSC Genome Browser).",
        ),
    )
