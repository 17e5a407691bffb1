# SPDX-License-Identifier: BSD-2-Clause
"""HTML of objects for notebooks: small cards in the colours of the page, light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import printable
from bedtok._core import ChromReport, MappingReport

# Nothing but shades of the text's own colour and half-transparent ones, which any page bears.
_CARD = (
    "display:inline-block;max-width:100%;overflow-x:auto;padding:.5em .8em;font-size:90%;"
    "border:1px solid rgba(128,128,128,.45);border-radius:4px;color:inherit;background:transparent"
)
_CELL = "padding:.1em .9em .1em 0;text-align:left;background:transparent"
_BAR = "display:inline-block;height:.6em;border-radius:2px;background:rgba(80,140,210,.75)"
_TRACK = "display:inline-block;width:8em;background:rgba(128,128,128,.25);border-radius:2px"

_ROWS_SHOWN = 8
_LONGEST_CELL, _LONGEST_FACT = 60, 300  # characters
_BINS = 24


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


class Table(NamedTuple):
    """Rows of a table, of which the first are shown.

    Attributes:
        header: Names of the columns.
        rows: Cells of the rows that are shown; texts are escaped.
        total: Number of rows, shown or not.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[object]]
    total: int


def card(
    title: str, facts: Iterable[tuple[str, object]], table: Table | None = None, note: str = ""
) -> str:
    """Return a card with a title, facts by name, a table and a note; texts are escaped."""
    lines = "".join(
        f'<tr><td style="{_CELL};opacity:.7">{_text(name)}</td>'
        f'<td style="{_CELL}">{_text(value)}</td></tr>'
        for name, value in facts
    )
    body = f"<strong>{_text(title)}</strong>"
    if lines:
        body += f'<table style="border:0;margin:.3em 0">{lines}</table>'
    if table is not None and table.total:
        body += _table(table)
    if note:
        body += f'<div style="margin-top:.3em">{_text(note)}</div>'
    return f'<div class="bedtok-card" style="{_CARD}">{body}</div>'


def bar(share: float) -> Html:
    """Return a share of 0 to 1 as a bar with its percentage."""
    width = 100 * min(max(share, 0.0), 1.0)
    return Html(
        f'<span style="{_TRACK}"><span style="{_BAR};width:{width:.0f}%"></span></span> {share:.1%}'
    )


def histogram(values: npt.NDArray[np.integer]) -> Html:
    """Return a small histogram of counts, in bins of one width."""
    counts, edges = np.histogram(values, bins=_BINS)
    highest = max(int(counts.max()), 1)
    bars = "".join(
        f'<rect x="{8 * i}" y="{40 - height}" width="7" height="{height}"/>'
        for i, height in enumerate(np.ceil(40 * counts / highest).astype(int))
    )
    title = f"{values.min()} to {values.max()}, in {_BINS} bins of {edges[1] - edges[0]:.3g}"
    return Html(
        f'<svg width="{8 * _BINS}" height="40" role="img" fill="currentColor" opacity=".6">'
        f"<title>{title}</title>{bars}</svg>"
    )


def report_html(report: MappingReport) -> str:
    """Return the card of a report: hit rate, counts, the largest chromosomes, the likely cause."""
    facts: list[tuple[str, object]] = [
        ("regions", f"{report.regions:,}"),
        ("hit rate", bar(report.hit_rate)),
        ("tokens", f"{report.tokens:,} ({report.distinct_tokens:,} distinct)"),
    ]
    if report.skipped_lines:
        facts.append(("lines skipped", f"{report.skipped_lines:,}"))
    largest = sorted(report.chroms, key=lambda chrom: -chrom.regions)[:_ROWS_SHOWN]
    table = Table(
        ("chromosome", "regions", "hit"),
        [(c.chrom, f"{c.regions:,}", _rate(c)) for c in largest],
        len(report.chroms),
    )
    cause = f"Likely cause: {report.likely_cause}" if report.likely_cause else ""
    return card("How well the input fits the vocabulary", facts, table, cause)


def _rate(chrom: ChromReport) -> object:
    return bar(chrom.hits / max(chrom.regions, 1)) if chrom.known else "not in the vocabulary"


def _text(value: object, longest: int = _LONGEST_FACT) -> str:
    """Return a value as HTML, cut off where it is long."""
    if isinstance(value, Html):
        return value
    text = str(value)
    return escape(printable(text if len(text) <= longest else f"{text[:longest]}…"))


def _table(table: Table) -> str:
    head = "".join(f'<th style="{_CELL};opacity:.7">{_text(name)}</th>' for name in table.header)
    rows = "".join(
        "<tr>"
        + "".join(f'<td style="{_CELL}">{_text(value, _LONGEST_CELL)}</td>' for value in row)
        + "</tr>"
        for row in table.rows
    )
    rest = table.total - len(table.rows)
    if rest > 0:
        rows += (
            f'<tr><td style="{_CELL};opacity:.7" colspan="{len(table.header)}">'
            f"… and {rest:,} more</td></tr>"
        )
    return f'<table style="border:0;margin:.3em 0"><tr>{head}</tr>{rows}</table>'


# The class is compiled; notebooks ask it for this name.
MappingReport._repr_html_ = report_html  # type: ignore[attr-defined]
