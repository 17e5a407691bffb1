# SPDX-License-Identifier: BSD-2-Clause
"""Universes of tiny chromosomes, counted base by base."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

SIZES = {"chr1": 120, "chr2": 40}

Interval = tuple[str, int, int]
Sample = list[Interval]


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    chrom = draw(st.sampled_from(sorted(SIZES)))
    start = draw(st.integers(0, SIZES[chrom] - 1))
    return chrom, start, draw(st.integers(start, min(SIZES[chrom], start + 50)))


# Samples are not empty: a list without regions has no columns to read.
samples = st.lists(st.lists(intervals(), min_size=1, max_size=8), min_size=1, max_size=6)


def depth(samples: Sequence[Sample], chrom: str) -> npt.NDArray[np.int64]:
    """Return how many samples cover each base."""
    total = np.zeros(SIZES[chrom], dtype=np.int64)
    for sample in samples:
        covered = np.zeros(SIZES[chrom], dtype=bool)
        for name, start, end in sample:
            if name == chrom:
                covered[start:end] = True
        total += covered
    return total


def regions_of(bases: npt.NDArray[np.bool_], chrom: str, max_gap: int = 0) -> list[Interval]:
    """Return the stretches of chosen bases, joined over gaps of at most ``max_gap``."""
    regions: list[Interval] = []
    for base in np.flatnonzero(bases).tolist():
        if regions and base - regions[-1][2] <= max_gap:
            regions[-1] = (chrom, regions[-1][1], base + 1)
        else:
            regions.append((chrom, base, base + 1))
    return regions


def support(samples: Iterable[Sample], regions: Sequence[Interval]) -> list[int]:
    """Return for each region how many samples overlap it; empty intervals cover nothing."""
    return [
        sum(
            any(c == chrom and s < e and s < end and start < e for c, s, e in sample)
            for sample in samples
        )
        for chrom, start, end in regions
    ]


def best_windows(samples: Sequence[Sample], width: int) -> list[Interval]:
    """Return the greedy choice of windows around centres, all of one score, one by one."""
    left: list[Interval] = []
    for sample in samples:
        for chrom, start, end in sample:
            centre = start + (end - start) // 2
            if centre >= SIZES[chrom] or width > SIZES[chrom]:
                continue
            first = min(max(centre - width // 2, 0), SIZES[chrom] - width)
            left.append((chrom, first, first + width))
    chosen: list[Interval] = []
    while left:
        best = min(left)
        chosen.append(best)
        left = [w for w in left if w[0] != best[0] or w[2] <= best[1] or best[2] <= w[1]]
    return sorted(chosen)
