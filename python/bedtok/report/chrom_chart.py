# SPDX-License-Identifier: BSD-2-Clause
"""The section of a page on chromosomes: which of them hit the vocabulary."""

from __future__ import annotations

from collections.abc import Sequence

from bedtok._html import Html
from bedtok.report.axes import short_number
from bedtok.report.charts import Row, bars
from bedtok.report.elements import join
from bedtok.report.page import note
from bedtok.report.samples import ChromSummary

CHROMS = 40  # bars


def chrom_chart(chroms: Sequence[ChromSummary], text: str, *, spread: bool = False) -> Html:
    """Return the hit rates of the largest chromosomes, in the order given.

    Args:
        chroms: At least one chromosome.
        text: What the bars are, without a full stop.
        spread: Whether lines reach from quantile 0.05 to 0.95 of the samples.
    """
    largest = sorted(chroms, key=lambda chrom: -chrom.regions)[:CHROMS]
    kept = {chrom.chrom for chrom in largest}
    rows = [_row(chrom, spread) for chrom in chroms if chrom.chrom in kept]
    if any(row.low is not None for row in rows):
        text += "; lines reach from 5 % to 95 % of the samples"
    if any(not chrom.known for chrom in largest):
        text += "; ◆ is not in the vocabulary"
    if len(chroms) > CHROMS:
        text += f". The {CHROMS} largest of {len(chroms):,} chromosomes are shown"
    return join(note(text, "."), bars("Hit rate by chromosome", rows, highest=1))


def _row(chrom: ChromSummary, spread: bool) -> Row:
    size = short_number(chrom.regions)
    has_spread = spread and chrom.samples > 1
    return Row(
        chrom.chrom,
        chrom.hit_rate,
        f"{chrom.hit_rate:.1%} of {size}" if chrom.known else f"unknown, {size}",
        None if chrom.known else "not in the vocabulary",
        *((chrom.hit_rates[0], chrom.hit_rates[2]) if has_spread else (None, None)),
    )
