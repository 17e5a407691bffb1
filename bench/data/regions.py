# SPDX-License-Identifier: BSD-2-Clause
"""Regions as columns, hg38-like peaks, and the files that tools read."""

from __future__ import annotations

import gzip
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.rows import Missing, load

Int64s = npt.NDArray[np.int64]  # (regions,)

# Three of four queries are peaks of a cell's own near a peak of the vocabulary, the rest lie
# anywhere. With these shares a query overlaps 0.79 vocabulary regions on average.
NEAR_SHARE = 0.72
NEAR_OFFSET_BP = 260.0  # standard deviation between the centres

# Length of each hg38 chromosome in bp, and how densely peaks lie on it (1 is the average).
CHROMOSOMES: dict[str, tuple[int, float]] = {
    "chr1": (248_956_422, 1.05),
    "chr2": (242_193_529, 0.98),
    "chr3": (198_295_559, 0.95),
    "chr4": (190_214_555, 0.80),
    "chr5": (181_538_259, 0.92),
    "chr6": (170_805_979, 0.98),
    "chr7": (159_345_973, 1.00),
    "chr8": (145_138_636, 0.97),
    "chr9": (138_394_717, 0.95),
    "chr10": (133_797_422, 1.05),
    "chr11": (135_086_622, 1.10),
    "chr12": (133_275_309, 1.12),
    "chr13": (114_364_328, 0.75),
    "chr14": (107_043_718, 0.92),
    "chr15": (101_991_189, 0.95),
    "chr16": (90_338_345, 1.20),
    "chr17": (83_257_441, 1.50),
    "chr18": (80_373_285, 0.88),
    "chr19": (58_617_616, 1.65),
    "chr20": (64_444_167, 1.25),
    "chr21": (46_709_983, 0.85),
    "chr22": (50_818_468, 1.30),
    "chrX": (156_040_895, 0.65),
    "chrY": (57_227_415, 0.15),
}
NAMES = tuple(sorted(CHROMOSOMES))  # byte order, that of `sort -k1,1 -k2,2n`
LENGTHS = np.array([CHROMOSOMES[name][0] for name in NAMES], dtype=np.int64)
SIZES = {name: length for name, (length, _) in CHROMOSOMES.items()}


@dataclass(frozen=True)
class Regions:
    """Regions as columns of shape (regions,): position of a name in ``names``, start, end in bp."""

    names: tuple[str, ...]
    chroms: Int64s
    starts: Int64s
    ends: Int64s

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def nbytes(self) -> int:
        """Bytes of the three columns in the 32 bits that tools need for them."""
        return 12 * len(self)

    def take(self, positions: Any) -> Regions:
        """Return the regions at these positions."""
        return Regions(
            self.names, self.chroms[positions], self.starts[positions], self.ends[positions]
        )

    def in_order(self) -> Regions:
        """Return the regions sorted by (name, start, end)."""
        return self.take(np.lexsort((self.ends, self.starts, self.chroms)))

    def shuffled(self, seed: int) -> Regions:
        return self.take(np.random.default_rng(seed).permutation(len(self)))

    def distinct(self) -> Regions:
        """Return the regions in order, without repeated ones: the i-th has id i everywhere."""
        found = self.in_order()
        keep = np.ones(len(found), dtype=bool)
        keep[1:] = (
            (found.chroms[1:] != found.chroms[:-1])
            | (found.starts[1:] != found.starts[:-1])
            | (found.ends[1:] != found.ends[:-1])
        )
        return found.take(keep)

    def named(self) -> npt.NDArray[np.object_]:
        """Return the name of each region's chromosome."""
        return np.array(self.names, dtype=object)[self.chroms]

    def write(self, path: Path) -> Path:
        """Write a BED3 file, compressed if its name ends in ``.gz``, and return its path."""
        pa, csv = load("pyarrow"), load("pyarrow.csv")
        names = pa.DictionaryArray.from_arrays(
            pa.array(self.chroms, pa.int32()), pa.array(self.names)
        )
        table = pa.table({"chrom": names.cast(pa.string()), "start": self.starts, "end": self.ends})
        options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
        text = io.BytesIO()
        csv.write_csv(table, text, options)
        content = text.getvalue()
        new = path.with_name(f"new-{path.name}")
        new.write_bytes(compressed(content) if path.suffix == ".gz" else content)
        new.rename(path)
        return path

    def by_chromosome(self) -> dict[str, tuple[Int64s, Int64s, Int64s]]:
        """Return starts, ends and positions in the set for each name that occurs."""
        order = np.argsort(self.chroms, kind="stable")
        chroms = self.chroms[order]
        borders = np.searchsorted(chroms, np.arange(len(self.names) + 1))
        found = {}
        for i in np.unique(chroms):
            some = order[borders[i] : borders[i + 1]]
            found[self.names[i]] = (self.starts[some], self.ends[some], some)
        return found


def compressed(content: bytes) -> bytes:
    """Return a gzip file of level 6, by libdeflate where it is installed: it takes a third."""
    try:
        packed: bytes = load("deflate").gzip_compress(content, 6)
    except Missing:
        packed = gzip.compress(content, compresslevel=6, mtime=0)
    return bytes(packed)


def peak_widths(rng: np.random.Generator, count: int) -> Int64s:
    """Draw widths of peaks: 150 to 5,000 bp, median near 380."""
    return np.clip(rng.lognormal(np.log(380.0), 0.6, count), 150, 5_000).astype(np.int64)


def counts_by_chromosome(total: int) -> list[int]:
    """Share ``total`` peaks among the chromosomes by length and density, exactly."""
    weights = np.array([CHROMOSOMES[name][0] * CHROMOSOMES[name][1] for name in NAMES])
    shares = weights / weights.sum() * total
    counts = np.floor(shares).astype(np.int64)
    largest_rests = np.argsort(counts - shares, kind="stable")
    counts[largest_rests[: total - int(counts.sum())]] += 1
    found: list[int] = counts.tolist()
    return found


def make_peaks(rng: np.random.Generator, total: int) -> Regions:
    """Return sorted disjoint peaks that come in clusters, with at least 1 bp between two."""
    chroms, starts, ends = [], [], []
    # Ten million peaks of their usual width would leave no gaps.
    narrow = max(1, total // 2_000_000)
    for chrom, count in enumerate(counts_by_chromosome(total)):
        widths = peak_widths(rng, count) // narrow
        # Heavy-tailed gaps are what makes clusters; they are scaled to fill the chromosome.
        gaps = rng.lognormal(0.0, 1.4, count + 1)
        free = int(LENGTHS[chrom]) - int(widths.sum()) - len(gaps)
        gaps = 1 + np.floor(gaps / gaps.sum() * free).astype(np.int64)
        start = np.cumsum(gaps[:-1]) + np.cumsum(widths) - widths
        chroms.append(np.full(count, chrom))
        starts.append(start)
        ends.append(start + widths)
    return Regions(NAMES, np.concatenate(chroms), np.concatenate(starts), np.concatenate(ends))


def make_queries(rng: np.random.Generator, vocabulary: Regions, count: int) -> Regions:
    """Return query regions in random order: most near a peak of the vocabulary."""
    widths = peak_widths(rng, count)
    near = rng.integers(0, len(vocabulary), count)
    near_centres = (vocabulary.starts[near] + vocabulary.ends[near]) // 2
    near_centres += rng.normal(0.0, NEAR_OFFSET_BP, count).astype(np.int64)
    anywhere = rng.choice(len(NAMES), count, p=LENGTHS / LENGTHS.sum())
    anywhere_centres = (rng.random(count) * LENGTHS[anywhere]).astype(np.int64)

    is_near = rng.random(count) < NEAR_SHARE
    chroms = np.where(is_near, vocabulary.chroms[near], anywhere)
    centres = np.where(is_near, near_centres, anywhere_centres)
    starts = np.clip(centres - widths // 2, 0, LENGTHS[chroms] - widths)
    return Regions(NAMES, chroms, starts, starts + widths)


def draw(rng: np.random.Generator, total: int, sizes: Sequence[int]) -> list[Int64s]:
    """Return sorted positions for each sample: so many of ``total`` regions, as a cell's peaks."""
    return [np.sort(rng.choice(total, size, replace=False, shuffle=False)) for size in sizes]
