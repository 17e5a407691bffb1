# SPDX-License-Identifier: BSD-2-Clause
"""How good cells are, and how well they fit a vocabulary: the class ``CellReport``."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bedtok._checks import printable
from bedtok._core import ConfigError
from bedtok._files import StrPath, write_text
from bedtok._html import Table, bar, card
from bedtok._natural_order import natural_key
from bedtok.report.assemblies import is_primary
from bedtok.report.outliers import find_outliers
from bedtok.report.samples import ChromSummary
from bedtok.report.text_table import ROWS_SHOWN, text_table

if TYPE_CHECKING:
    from bedtok.cells import CellTokens


Int64s = npt.NDArray[np.int64]
Float64s = npt.NDArray[np.float64]


@dataclass(frozen=True)
class CellSampleSummary:
    """The cells of a sample in a report.

    Attributes:
        sample: Its name; ``""``: it is not known.
        cells: Number of its cells.
        tokens: Median number of tokens of a cell.
        tokens_range: Quantiles 0.05 and 0.95 of them.
        barcodes: Number of all barcodes in its fragment file; None: not known.
        fragments: Median number of fragments of a cell; None: not of a fragment file.
        hit_rate: Hits per fragment of all its cells, 0 to 1; None: not of a fragment file.
        outlier: How it is far from the other samples; None: it is not.
    """

    sample: str
    cells: int
    tokens: float
    tokens_range: tuple[float, float]
    barcodes: int | None = None
    fragments: float | None = None
    hit_rate: float | None = None
    outlier: str | None = None


@dataclass
class CellReport:
    """How good cells are, and how well they fit a vocabulary; it prints as a table.

    Attributes:
        title: A name of the cells.
        vocabulary: A name of the vocabulary; ``""``: it is not known.
        samples: A row a sample, in their order.
        tokens: Number of tokens of each cell, special ones left out: int64, shape (cells,).
        fragments: Number of fragments of each cell; None: not of fragment files.
        hit_rates: Hits per fragment of each cell, 0 to 1; None: not of fragment files.
        barcode_fragments: Number of fragments of every barcode, cell or not, in descending order;
            None: not known.
        of: What ``chroms``, ``hits`` and ``regions`` count: ``"fragments"``, ``"peaks"``, or ``""``
            where they are not known.
        regions: Number of fragments, or of peaks.
        hits: Of these, how many hit the vocabulary.
        chroms: The chromosomes of the fragments, or of the peaks.
        likely_cause: The likely cause of misses; None where nothing stands out.
        skipped_lines: Lines of fragment files that were left out.

    Example:
        >>> cells = tokenizer.encode_fragments("fragments.tsv.gz", min_fragments=1000)
        >>> CellReport.from_cells(cells).to_html("report.html")
    """

    title: str
    vocabulary: str
    samples: list[CellSampleSummary]
    tokens: Int64s = field(repr=False)
    fragments: Int64s | None = field(repr=False, default=None)
    hit_rates: Float64s | None = field(repr=False, default=None)
    barcode_fragments: Int64s | None = field(repr=False, default=None)
    of: str = ""
    regions: int = 0
    hits: int = 0
    chroms: list[ChromSummary] = field(repr=False, default_factory=list)
    likely_cause: str | None = None
    skipped_lines: int = 0

    @classmethod
    def from_cells(
        cls, cells: CellTokens, *, title: str | None = None, vocabulary: str = ""
    ) -> CellReport:
        """Return the report of cells: of fragment files, of AnnData, or of Parquet.

        What the cells do not know is left out: fragments and hit rates of cells are those of
        ``obs``, which Parquet keeps; chromosomes are those of ``cells.report``, and barcodes that
        are no cells those of ``cells.qc``, which a selection of cells has not.

        Args:
            cells: The cells, of one sample or of several.
            title: A name of them; None: that of the only sample, or their number.
            vocabulary: A name of the vocabulary.

        Raises:
            ConfigError: There are no cells.
        """
        if not len(cells):
            raise ConfigError("cells: there are none, expected one at least")
        obs = cells._columns()
        is_region = cells.values < cells.tokenizer.num_regions
        tokens = np.diff(np.concatenate([[0], np.cumsum(is_region)])[cells.offsets])
        fragments, hit_rates = (_numbers(obs.get(name)) for name in ("fragments", "hit_rate"))
        if fragments is None or hit_rates is None:
            fragments = hit_rates = None
        names = np.array([name or "" for name in cells._samples_or_none() or [""] * len(cells)])
        stats = cells._barcode_stats
        samples = _summaries(names, tokens, fragments, hit_rates, stats)
        report = cells.report
        of = "" if report is None else "peaks" if stats is None else "fragments"
        only = samples[0].sample if len(samples) == 1 else ""
        return cls(
            title=title or only or f"{len(cells):,} cells",
            vocabulary=vocabulary,
            samples=samples,
            tokens=tokens.astype(np.int64),
            fragments=None if fragments is None else fragments.astype(np.int64),
            hit_rates=hit_rates,
            barcode_fragments=None if stats is None else np.sort(stats["fragments"])[::-1],
            of=of,
            regions=0 if report is None else report.regions,
            hits=0 if report is None else report.hits,
            chroms=[] if report is None else _chroms(report, len(samples)),
            likely_cause=None if report is None else report.likely_cause,
            skipped_lines=cells.skipped_lines,
        )

    @property
    def hit_rate(self) -> float | None:
        """Hits per fragment of all cells, or per peak, 0 to 1; None: not known."""
        if self.of:
            return self.hits / max(self.regions, 1)
        if self.fragments is None or self.hit_rates is None:
            return None
        return _mean_rate(self.hit_rates, self.fragments)

    @property
    def outliers(self) -> list[CellSampleSummary]:
        """The samples that are far from the others, by the rule that the page states."""
        return [sample for sample in self.samples if sample.outlier is not None]

    def plot(self) -> Any:
        """Draw tokens and, of fragment files, fragments and hit rate of cells by matplotlib.

        Returns:
            A ``matplotlib.figure.Figure`` with a panel each; notebooks show it.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from bedtok.report.cell_figure import draw_cells

        return draw_cells(self)

    def to_html(self, path: StrPath) -> None:
        """Write the report as a page of its own: no network, no script from elsewhere.

        The file is written atomically; equal reports give equal files.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        from bedtok.report.cell_page import cell_page

        write_text(path, cell_page(self))

    def to_multiqc(self, folder: StrPath) -> list[str]:
        """Write ``bedtok_cells_mqc.json``, custom content of MultiQC, and return its path.

        Args:
            folder: The folder, made when it is missing.

        Raises:
            OSError: The file cannot be written.
        """
        from bedtok.report.multiqc import write_cells_multiqc

        return write_cells_multiqc(self, folder)

    def to_dict(self) -> dict[str, Any]:
        """Return samples, chromosomes and totals as JSON values; not the numbers of each cell."""
        return {
            "title": self.title,
            "vocabulary": self.vocabulary,
            "cells": len(self.tokens),
            "tokens": int(self.tokens.sum()),
            "barcodes": None if self.barcode_fragments is None else len(self.barcode_fragments),
            "hit_rate": self.hit_rate,
            "hit_rate_of": self.of,
            "likely_cause": self.likely_cause,
            "skipped_lines": self.skipped_lines,
            "samples": [dataclasses.asdict(sample) for sample in self.samples],
            "chromosomes": [
                {**dataclasses.asdict(chrom), "hit_rate": chrom.hit_rate} for chrom in self.chroms
            ],
        }

    def to_json(self, path: StrPath) -> None:
        """Write what ``to_dict`` returns, atomically.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        write_text(path, json.dumps(self.to_dict(), indent=1) + "\n")

    def __str__(self) -> str:
        rows = [("sample", "barcodes", "cells", "fragments", "hit rate", "tokens", "outlier")]
        rows += [
            (
                printable(sample.sample or "-"),
                "-" if sample.barcodes is None else f"{sample.barcodes:,}",
                f"{sample.cells:,}",
                "-" if sample.fragments is None else f"{sample.fragments:,.0f}",
                "-" if sample.hit_rate is None else f"{sample.hit_rate:.1%}",
                f"{sample.tokens:,.0f}",
                sample.outlier or "",
            )
            for sample in self.samples[:ROWS_SHOWN]
        ]
        lines = text_table(rows, range(1, 6), len(self.samples))
        lines.append("fragments, tokens: median of the cells")
        if self.of:
            rate = f"{self.hit_rate:.1%}"
            lines.append(f"{self.of} that hit: {rate} ({self.hits:,} of {self.regions:,})")
        if self.likely_cause is not None:
            lines.append(f"likely cause: {self.likely_cause}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = [
            ("vocabulary", self.vocabulary or "-"),
            ("tokens a cell", f"{np.median(self.tokens):,.0f}"),
        ]
        if self.hit_rate is not None:
            facts.append(("hit rate", bar(self.hit_rate)))
        shown = self.samples[:8]
        table = Table(
            ("sample", "cells", "tokens a cell"),
            [(s.sample, f"{s.cells:,}", f"{s.tokens:,.0f}") for s in shown],
            len(self.samples),
        )
        return card(f"{self.title}: cells: {len(self.tokens):,}", facts, table)


def _numbers(values: Any) -> Float64s | None:
    """Return a column of numbers; None if it is missing, or has gaps or texts."""
    if values is None or values.dtype.kind not in "iuf":
        return None
    numbers = values.astype(np.float64)
    return numbers if np.isfinite(numbers).all() else None


def _mean_rate(rates: Float64s, fragments: npt.NDArray[Any]) -> float:
    total = float(fragments.sum())
    return float((rates * fragments).sum()) / total if total else 0.0


def _summaries(
    names: npt.NDArray[Any],
    tokens: Int64s,
    fragments: Float64s | None,
    hit_rates: Float64s | None,
    stats: Any,
) -> list[CellSampleSummary]:
    """Return the samples in their order, with those that have barcodes and no cell."""
    barcodes: dict[str, int] = {}
    if stats is not None:
        found, counts = np.unique(stats["sample"].astype(str), return_counts=True)
        barcodes = dict(zip(found.tolist(), counts.tolist(), strict=True))
    rows = []
    for name in dict.fromkeys([*names.tolist(), *barcodes]):
        own = np.flatnonzero(names == name)
        low, median, high = np.quantile(tokens[own], (0.05, 0.5, 0.95)) if len(own) else (0, 0, 0)
        row = CellSampleSummary(
            name, len(own), float(median), (float(low), float(high)), barcodes.get(name)
        )
        if fragments is not None and hit_rates is not None and len(own):
            row = dataclasses.replace(
                row,
                fragments=float(np.median(fragments[own])),
                hit_rate=_mean_rate(hit_rates[own], fragments[own]),
            )
        rows.append(row)
    medians = np.array([row.tokens for row in rows], dtype=np.float64)
    rates = np.array([row.hit_rate or 0.0 for row in rows], dtype=np.float64)
    for i, reason in find_outliers(rates, medians).items():
        rows[i] = dataclasses.replace(rows[i], outlier=reason)
    return rows


def _chroms(report: Any, samples: int) -> list[ChromSummary]:
    """Return the chromosomes of a report, in natural order, contigs last."""
    summaries = []
    for chrom in report.chroms:
        rate = chrom.hits / max(chrom.regions, 1)
        summaries.append(
            ChromSummary(
                chrom.chrom, chrom.known, chrom.regions, chrom.hits, samples, (rate, rate, rate)
            )
        )
    return sorted(summaries, key=lambda c: (not is_primary(c.chrom), natural_key(c.chrom)))
