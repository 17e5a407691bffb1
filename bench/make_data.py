# SPDX-License-Identifier: BSD-2-Clause
"""Make the benchmark's data from a seed: a vocabulary of hg38-like peaks, and query regions.

``python bench/make_data.py`` fills the cache folder; ``bench.py`` calls it by itself.
The bytes of plain files depend on the seed, on ``RECIPE`` and on NumPy's generators alone; those
of the gzip file on zlib too, as it has no time stamp and no file name inside.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]

DEFAULT_FOLDER = Path(__file__).resolve().parent / ".data"
DEFAULT_SEED = 20
RECIPE = 2  # counted up when the code below makes other data from the same seed

VOCABULARY_SIZE = 890_704  # as in databio/atacformer-base-hg38
QUERY_COUNT = 1_000_000
SMALL_QUERY_COUNT = 100_000
SAMPLE_COUNT = 3_000
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
NAMES = sorted(CHROMOSOMES)  # byte order, that of `sort -k1,1 -k2,2n`


# What makes indexes and tables slow: names of contigs that differ in their middle only, and a pile
# of regions under a long one, all of which begin before the first of them ends.
CONTIGS = 50_000
PILE_SIZE, PILE_LENGTH, PILE_QUERIES = 100_000, 100_000_000, 20_000


@dataclass(frozen=True)
class Regions:
    """Regions as columns of shape (regions,): position of the name in NAMES, start, end in bp."""

    chroms: Int64s
    starts: Int64s
    ends: Int64s

    def __len__(self) -> int:
        return len(self.starts)

    def take(self, indices: Int64s) -> Regions:
        """Return the regions at these positions."""
        return Regions(self.chroms[indices], self.starts[indices], self.ends[indices])

    def by_position(self) -> Regions:
        """Return the regions sorted by (name, start, end)."""
        return self.take(np.lexsort((self.ends, self.starts, self.chroms)))

    def to_bed(self) -> bytes:
        """Return the BED3 text."""
        columns = (self.chroms.tolist(), self.starts.tolist(), self.ends.tolist())
        return "".join(f"{NAMES[c]}\t{s}\t{e}\n" for c, s, e in zip(*columns, strict=True)).encode()


@dataclass(frozen=True)
class DataFiles:
    """Where the files lie."""

    folder: Path

    @property
    def vocabulary_bed(self) -> Path:
        return self.folder / "vocabulary.bed"

    @property
    def vocabulary_bed_gz(self) -> Path:
        return self.folder / "vocabulary.bed.gz"

    @property
    def contigs_bed(self) -> Path:
        """A vocabulary of a region each on contigs with names alike."""
        return self.folder / "contigs.bed"

    @property
    def pile_bed(self) -> Path:
        """A vocabulary with a pile of regions under a long one."""
        return self.folder / "pile.bed"

    @property
    def behind_pile_bed(self) -> Path:
        """Queries that the long region overlaps, and nothing of the pile."""
        return self.folder / "behind_pile.bed"

    def queries(self, size: str, order: str) -> Path:
        """Return the query file of a size (1M, 100k, 3k) in an order (sorted, shuffled)."""
        return self.folder / f"regions_{size}_{order}.bed"


def peak_widths(rng: np.random.Generator, count: int) -> Int64s:
    """Draw widths of peaks: 150 to 5,000 bp, median near 380."""
    return np.clip(rng.lognormal(np.log(380.0), 0.6, count), 150, 5_000).astype(np.int64)


def peaks_by_chromosome(total: int) -> dict[str, int]:
    """Share ``total`` peaks among the chromosomes by length and density, exactly."""
    weights = np.array([CHROMOSOMES[name][0] * CHROMOSOMES[name][1] for name in NAMES])
    shares = weights / weights.sum() * total
    counts = np.floor(shares).astype(np.int64)
    largest_rests = np.argsort(counts - shares, kind="stable")
    counts[largest_rests[: total - int(counts.sum())]] += 1
    return dict(zip(NAMES, counts.tolist(), strict=True))


def make_vocabulary(rng: np.random.Generator) -> Regions:
    """Return sorted disjoint peaks that come in clusters, with at least 1 bp between two."""
    chroms, starts, ends = [], [], []
    for chrom, (name, count) in enumerate(peaks_by_chromosome(VOCABULARY_SIZE).items()):
        widths = peak_widths(rng, count)
        # Heavy-tailed gaps are what makes clusters; they are scaled to fill the chromosome.
        gaps = rng.lognormal(0.0, 1.4, count + 1)
        free = CHROMOSOMES[name][0] - int(widths.sum()) - len(gaps)
        gaps = 1 + np.floor(gaps / gaps.sum() * free).astype(np.int64)
        start = np.cumsum(gaps[:-1]) + np.cumsum(widths) - widths
        chroms.append(np.full(count, chrom))
        starts.append(start)
        ends.append(start + widths)
    return Regions(np.concatenate(chroms), np.concatenate(starts), np.concatenate(ends))


def make_queries(rng: np.random.Generator, vocabulary: Regions) -> Regions:
    """Return query regions in random order."""
    lengths = np.array([CHROMOSOMES[name][0] for name in NAMES])
    widths = peak_widths(rng, QUERY_COUNT)
    near = rng.integers(0, len(vocabulary), QUERY_COUNT)
    near_centres = (vocabulary.starts[near] + vocabulary.ends[near]) // 2
    near_centres += rng.normal(0.0, NEAR_OFFSET_BP, QUERY_COUNT).astype(np.int64)
    anywhere = rng.choice(len(NAMES), QUERY_COUNT, p=lengths / lengths.sum())
    anywhere_centres = (rng.random(QUERY_COUNT) * lengths[anywhere]).astype(np.int64)

    is_near = rng.random(QUERY_COUNT) < NEAR_SHARE
    chroms = np.where(is_near, vocabulary.chroms[near], anywhere)
    centres = np.where(is_near, near_centres, anywhere_centres)
    starts = np.clip(centres - widths // 2, 0, lengths[chroms] - widths)
    return Regions(chroms, starts, starts + widths)


def file_contents(seed: int) -> dict[str, bytes]:
    """Return the bytes of each file by its name."""
    rng = np.random.default_rng(seed)
    files = DataFiles(Path())
    vocabulary = make_vocabulary(rng)
    queries = make_queries(rng, vocabulary)

    starts = rng.integers(2 * PILE_SIZE + 2, PILE_LENGTH - 300, PILE_QUERIES).tolist()
    behind = "".join(f"chr1\t{start}\t{start + 300}\n" for start in starts)
    pile = f"chr1\t0\t{PILE_LENGTH}\n"
    pile += "".join(f"chr1\t{i}\t{PILE_SIZE + 1 + i}\n" for i in range(PILE_SIZE))
    contigs = "".join(f"tig{i:08d}_pilon_pilon\t100\t600\n" for i in range(CONTIGS))

    text = vocabulary.to_bed()
    contents = {files.vocabulary_bed.name: text}
    contents[files.vocabulary_bed_gz.name] = gzip.compress(text, compresslevel=6, mtime=0)
    contents[files.contigs_bed.name] = contigs.encode()
    contents[files.pile_bed.name] = pile.encode()
    contents[files.behind_pile_bed.name] = behind.encode()
    sizes = (("1M", QUERY_COUNT), ("100k", SMALL_QUERY_COUNT), ("3k", SAMPLE_COUNT))
    for size, count in sizes:
        some = queries.take(np.arange(count))
        contents[files.queries(size, "sorted").name] = some.by_position().to_bed()
        contents[files.queries(size, "shuffled").name] = some.to_bed()
    return contents


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def is_complete(folder: Path, seed: int) -> bool:
    """Tell whether the folder holds this seed's files, undamaged (which reads each of them)."""
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if (manifest["recipe"], manifest["seed"]) != (RECIPE, seed):
            return False
        return all(
            digest((folder / name).read_bytes()) == expected
            for name, expected in manifest["sha256"].items()
        )
    except (OSError, ValueError, KeyError):
        return False


def make_data(folder: Path = DEFAULT_FOLDER, seed: int = DEFAULT_SEED) -> DataFiles:
    """Make the files unless they are there.

    Args:
        folder: Made when it is missing.
        seed: Of the random numbers.

    Returns:
        Where the files lie.

    Raises:
        OSError: A file cannot be written.
    """
    if not is_complete(folder, seed):
        folder.mkdir(parents=True, exist_ok=True)
        contents = file_contents(seed)
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        sha256 = {name: digest(content) for name, content in contents.items()}
        manifest = {"recipe": RECIPE, "seed": seed, "sha256": sha256}
        # Written last: a run that is cut short leaves no manifest, and starts over.
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return DataFiles(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the benchmark's data from a seed.")
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, help="cache folder")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    arguments = parser.parse_args()
    files = make_data(arguments.data, arguments.seed)
    for path in sorted(files.folder.iterdir()):
        print(f"{path.stat().st_size:>11,}  {path.name}")


if __name__ == "__main__":
    main()
