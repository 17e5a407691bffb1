# SPDX-License-Identifier: BSD-2-Clause
"""Workloads that hurt: vocabularies and queries on which indexes of intervals break down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.data.regions import LENGTHS, NAMES, Int64s, Regions, make_peaks, make_queries

CHROMOSOME = 0  # where those lie that need only one
ONE_PLACE_BP = 1_000_000
DEPTH = 30
REGIONS_OF_A_CONTIG = 4


@dataclass(frozen=True)
class Workload:
    """A vocabulary of distinct regions, and queries in random order.

    Attributes:
        vocabulary: In order unless ``unsorted``; the i-th has id i.
        queries: In random order.
        unsorted: Whether the vocabulary is in no order, either.
    """

    vocabulary: Regions
    queries: Regions
    unsorted: bool = False


def on_one(starts: Int64s, ends: Int64s) -> Regions:
    """Return regions on one chromosome, cut at its end."""
    starts = np.clip(starts, 0, LENGTHS[CHROMOSOME] - 1).astype(np.int64)
    ends = np.clip(ends.astype(np.int64), starts + 1, LENGTHS[CHROMOSOME])
    return Regions(NAMES, np.full(len(starts), CHROMOSOME), starts, ends)


def anywhere_on_one(rng: np.random.Generator, count: int, width: int = 300) -> Regions:
    starts = rng.integers(0, LENGTHS[CHROMOSOME] - width, count)
    return on_one(starts, starts + width)


def overlaps(rng: np.random.Generator, size: int) -> Workload:
    """Peaks of which 5 % reach into the one before them."""
    peaks = make_peaks(rng, size)
    starts = peaks.starts.copy()
    chosen = np.flatnonzero((rng.random(size) < 0.05) & (np.arange(size) > 0))
    chosen = chosen[peaks.chroms[chosen] == peaks.chroms[chosen - 1]]
    starts[chosen] = peaks.ends[chosen - 1] - 50
    vocabulary = Regions(peaks.names, peaks.chroms, starts, peaks.ends).distinct()
    return Workload(vocabulary, make_queries(rng, peaks, size))


def nested(rng: np.random.Generator, size: int) -> Workload:
    """Widths of 2^6 to 2^24 bp, drawn by their logarithm: 110 hits a query with 200,000 regions."""
    widths = np.exp2(rng.uniform(6, 24, size)).astype(np.int64)
    chroms = rng.choice(len(NAMES), size, p=LENGTHS / LENGTHS.sum())
    starts = (rng.random(size) * np.maximum(LENGTHS[chroms] - widths, 1)).astype(np.int64)
    vocabulary = Regions(NAMES, chroms, starts, np.minimum(starts + widths, LENGTHS[chroms]))
    chosen = rng.integers(0, size, size // 10)
    starts = np.minimum(starts[chosen], LENGTHS[chroms[chosen]] - 300)
    queries = Regions(NAMES, chroms[chosen], starts, starts + 300)
    return Workload(vocabulary.distinct(), queries)


def one_long(rng: np.random.Generator, size: int) -> Workload:
    """Peaks on one chromosome, and one region as long as the chromosome."""
    starts = np.append(np.sort(rng.integers(0, LENGTHS[CHROMOSOME] - 300, size)), 0)
    ends = starts + 300
    ends[-1] = LENGTHS[CHROMOSOME]
    return Workload(on_one(starts, ends).distinct(), anywhere_on_one(rng, size))


def piled(rng: np.random.Generator, size: int) -> Workload:
    """Peaks of many samples, 30 deep."""
    places = rng.integers(1_000, LENGTHS[CHROMOSOME] - 1_000, max(size // DEPTH, 1))
    starts = np.repeat(places, DEPTH) + rng.integers(0, 100, len(places) * DEPTH)
    vocabulary = on_one(starts, starts + rng.integers(300, 500, len(starts))).distinct()
    at = places[rng.integers(0, len(places), size // 2)] + rng.integers(0, 200, size // 2)
    return Workload(vocabulary, on_one(at, at + 200))


def contigs(rng: np.random.Generator, size: int) -> Workload:
    """Four regions on each contig; names of 40 characters that differ in their middle."""
    count = max(size // REGIONS_OF_A_CONTIG, 1)
    names = tuple(f"scaffold_{i:010d}_pilon_pilon_polished" for i in range(count))
    assert all(len(name) == 40 for name in names)
    chroms = np.repeat(np.arange(count), REGIONS_OF_A_CONTIG)
    starts = np.tile(np.arange(REGIONS_OF_A_CONTIG) * 1_000, count)
    starts = starts + rng.integers(0, 500, len(starts))
    vocabulary = Regions(names, chroms, starts, starts + 400)
    at = rng.integers(0, REGIONS_OF_A_CONTIG * 1_000, size)
    return Workload(vocabulary, Regions(names, rng.integers(0, count, size), at, at + 300))


def tiles(width: int) -> Callable[[np.random.Generator, int], Workload]:
    """The whole genome in tiles of one width."""

    def make(rng: np.random.Generator, size: int) -> Workload:
        counts = LENGTHS // width
        chroms = np.repeat(np.arange(len(NAMES)), counts)
        firsts = np.repeat(np.cumsum(counts) - counts, counts)
        starts = (np.arange(len(chroms)) - firsts) * width
        vocabulary = Regions(NAMES, chroms, starts, starts + width)
        return Workload(vocabulary, make_queries(rng, make_peaks(rng, size), size))

    return make


def one_place(rng: np.random.Generator, size: int) -> Workload:
    """All queries in one million base pairs of a vocabulary that covers the genome."""
    queries = anywhere_on_one(rng, size)
    starts = queries.starts % ONE_PLACE_BP + 50_000_000
    return Workload(make_peaks(rng, size), on_one(starts, starts + 300))


def wide(rng: np.random.Generator, size: int) -> Workload:
    """Queries 100 times as wide as the peaks."""
    peaks = make_peaks(rng, size)
    queries = make_queries(rng, peaks, size // 10)
    ends = np.minimum(queries.starts + 45_000, LENGTHS[queries.chroms])
    return Workload(peaks, Regions(NAMES, queries.chroms, queries.starts, ends))


def long_names(rng: np.random.Generator, size: int) -> Workload:
    """Names of 40 characters that differ in their last two."""
    peaks = make_peaks(rng, size)
    queries = make_queries(rng, peaks, size)
    names = tuple(f"GRCh38_no_alt_analysis_set_chromosome_{i:02d}" for i in range(len(NAMES)))
    assert all(len(name) == 40 for name in names)
    return Workload(
        Regions(names, peaks.chroms, peaks.starts, peaks.ends),
        Regions(names, queries.chroms, queries.starts, queries.ends),
    )


def unsorted(rng: np.random.Generator, size: int) -> Workload:
    """Vocabulary and queries in no order."""
    peaks = make_peaks(rng, size)
    queries = make_queries(rng, peaks, size)
    return Workload(peaks.take(rng.permutation(len(peaks))), queries, unsorted=True)


WORKLOADS: dict[str, Callable[[np.random.Generator, int], Workload]] = {
    "5 % overlaps": overlaps,
    "nested, heavy-tailed widths": nested,
    "one region as long as the chromosome": one_long,
    "piled 30 deep": piled,
    "four regions on each contig": contigs,
    "names of 40 characters": long_names,
    "all queries in one place": one_place,
    "queries 100 times as wide": wide,
    "everything unsorted": unsorted,
}
