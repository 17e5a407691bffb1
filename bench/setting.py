# SPDX-License-Identifier: BSD-2-Clause
"""What suites measure with: the scale, the seed, and the data, made when first asked for."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.cells import compress, make_matrix, write_fragments
from bench.data.regions import Regions, make_peaks, make_queries
from bench.data.workloads import Workload
from bench.rows import load
from bench.scale import Scale

RECIPE = 1  # counted up when the code makes other data from the same seed
DEFAULT_SEED = 20
REGIONS_OF_A_FILE = 30_000


@dataclass(frozen=True)
class Setting:
    """What suites measure with.

    Attributes:
        scale: Sizes.
        data: The folder in which files are kept.
        seed: What the data are made from.
        huge: Whether to measure a vocabulary of 100 million regions, too.
    """

    scale: Scale
    data: Path
    seed: int = DEFAULT_SEED
    huge: bool = False

    def rng(self, *about: object) -> np.random.Generator:
        """Return random numbers that depend on the seed and on what they are for."""
        return np.random.default_rng([self.seed, zlib.crc32(repr(about).encode())])

    def file(self, name: str, write: Callable[[Path], object]) -> Path:
        """Return the path of a file, which ``write`` makes when it is missing."""
        folder = self.data / f"seed-{self.seed}-recipe-{RECIPE}"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if not path.exists():
            write(path)
        return path

    # ---- Vocabulary and queries

    @cached_property
    def vocabulary(self) -> Regions:
        """Sorted disjoint peaks."""
        return make_peaks(self.rng("vocabulary"), self.scale.vocabulary)

    def vocabulary_file(self, suffix: str = ".bed.gz") -> Path:
        name = f"vocabulary-{self.scale.vocabulary}{suffix}"
        return self.file(name, self.vocabulary.write)

    @cache  # noqa: B019 (one setting a process)
    def queries(self, size: int, order: str) -> Regions:
        """Return queries, ``sorted`` or ``shuffled``, that overlap 0.79 peaks each."""
        if order == "sorted":
            return self.queries(size, "shuffled").in_order()
        return make_queries(self.rng("queries"), self.vocabulary, size)

    def queries_file(self, size: int, order: str, suffix: str = ".bed") -> Path:
        name = f"queries-{self.scale.vocabulary}-{size}-{order}{suffix}"
        return self.file(name, lambda path: self.queries(size, order).write(path))

    @cached_property
    def tokenizer(self) -> Any:
        """bedtok's tokenizer of the vocabulary."""
        return load("bedtok").Tokenizer.from_bed(self.vocabulary_file())

    @cached_property
    def gtars_tokenizer(self) -> Any:
        return load("gtars.tokenizers").Tokenizer.from_bed(str(self.vocabulary_file()))

    def workload(self, name: str, make: Callable[[np.random.Generator, int], Workload]) -> Workload:
        return make(self.rng("workload", name), self.scale.hard)

    # ---- Cells and collections

    def fragments_file(self, count: int, suffix: str) -> Path:
        """Return a fragment file: ``.tsv``, ``.tsv.gz``, or ``.tsv.bgz``: the blocks of bgzip."""
        name = f"fragments-{self.scale.vocabulary}-{count}"
        plain = self.file(
            f"{name}.tsv", lambda path: write_fragments(path, self.vocabulary, count, self.seed)
        )
        if suffix == ".tsv":
            return plain
        program = "gzip" if suffix == ".tsv.gz" else "bgzip"
        return self.file(f"{name}.{program}.tsv.gz", lambda path: compress(plain, path, program))

    @cache  # noqa: B019 (one setting a process)
    def matrix(self, cells: int) -> Any:
        """Return an AnnData whose peaks lie near those of the vocabulary."""
        return make_matrix(self.vocabulary, cells, self.seed)

    def sample_files(self, count: int, suffix: str = ".bed") -> list[Path]:
        """Return BED files of 30,000 peaks that samples share in part."""
        size = min(REGIONS_OF_A_FILE, len(self.vocabulary) // 2)
        paths = []
        for number in range(count):

            def write(path: Path, number: int = number) -> None:
                rng = self.rng("sample", number)
                chosen = np.sort(rng.choice(len(self.vocabulary), size, replace=False))
                peaks = self.vocabulary.take(chosen)
                shift = rng.integers(0, 60, size)
                moved = Regions(peaks.names, peaks.chroms, peaks.starts + shift, peaks.ends + shift)
                disjoint = np.ones(size, dtype=bool)  # as bedtools multiinter takes them
                disjoint[1:] = (moved.chroms[1:] != moved.chroms[:-1]) | (
                    moved.starts[1:] > moved.ends[:-1]
                )
                moved.take(disjoint).in_order().write(path)

            name = f"samples-{self.scale.vocabulary}{suffix}"
            self.file(name, lambda path: path.mkdir())
            paths.append(self.file(f"{name}/sample{number:04d}{suffix}", write))
        return paths
