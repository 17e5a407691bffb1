# SPDX-License-Identifier: BSD-2-Clause
"""bedtok and gtars under one set of names, so that one text describes a job for both."""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from make_data import Int64s

REMEDY = "run: pip install . -r bench/requirements.txt"


class BenchError(Exception):
    """The benchmark cannot go on: something is missing, or two libraries disagree."""


def load(name: str, remedy: str = REMEDY) -> Any:
    """Import a module, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise BenchError(f"{error}; {remedy}") from error


class Library(ABC):
    """A library's side of the jobs. The tokenizer is made when first asked for."""

    name: str

    def __init__(self, vocabulary: Path) -> None:
        self._vocabulary = vocabulary

    @cached_property
    def tokenizer(self) -> Any:
        """A tokenizer with the benchmark's vocabulary."""
        return self.load_vocabulary(self._vocabulary)

    @abstractmethod
    def load_vocabulary(self, path: Path) -> Any:
        """Make a tokenizer of a BED file."""

    @abstractmethod
    def read_sorted(self, path: Path) -> Any:
        """Make a RegionSet of a BED file, sorted: the default of both libraries."""

    @abstractmethod
    def read_in_file_order(self, path: Path) -> Any:
        """Make a RegionSet of a BED file without sorting it. Not timed."""

    @abstractmethod
    def choose(self, path: Path, samples: Sequence[Int64s]) -> list[Any]:
        """Make one RegionSet a sample: those regions of a BED file that it names. Not timed."""

    @abstractmethod
    def encode(self, regions: Any, as_array: bool) -> Any:
        """Call the tokenizer; ``as_array`` asks for the fastest form that the library has."""

    def ids_as_array(self, regions: Any) -> Any:
        """Return the ids of a RegionSet in the fastest form that the library has."""
        return self.encode(regions, as_array=True)["input_ids"]

    def ids_as_list(self, regions: Any) -> list[int]:
        """Return the ids of a RegionSet as a list."""
        ids: list[int] = self.encode(regions, as_array=False)["input_ids"]
        return ids

    def decode(self, ids: list[int]) -> list[str]:
        """Return the tokens as a list of text."""
        tokens: list[str] = self.tokenizer.decode(ids)
        return tokens


class Bedtok(Library):
    name = "bedtok"

    def __init__(self, vocabulary: Path) -> None:
        super().__init__(vocabulary)
        self._bedtok = load("bedtok")

    def load_vocabulary(self, path: Path) -> Any:
        return self._bedtok.Tokenizer.from_bed(path)

    def read_sorted(self, path: Path) -> Any:
        return self._bedtok.RegionSet.from_bed(path)

    def read_in_file_order(self, path: Path) -> Any:
        return self._bedtok.RegionSet.from_bed(path, sort=False)

    def choose(self, path: Path, samples: Sequence[Int64s]) -> list[Any]:
        regions = self.read_in_file_order(path)
        return [regions[positions] for positions in samples]

    def encode(self, regions: Any, as_array: bool) -> Any:
        return self.tokenizer(regions, return_tensors="np" if as_array else None)


class Gtars(Library):
    name = "gtars"

    def __init__(self, vocabulary: Path) -> None:
        super().__init__(vocabulary)
        self._region_set = load("gtars.models").RegionSet
        self._tokenizer = load("gtars.tokenizers").Tokenizer

    def load_vocabulary(self, path: Path) -> Any:
        return self._tokenizer.from_bed(str(path))

    def read_sorted(self, path: Path) -> Any:
        return self._region_set(str(path))

    def read_in_file_order(self, path: Path) -> Any:
        # Reading a file always sorts in gtars; columns keep their order.
        return self._region_set.from_vectors(*_columns(path))

    def choose(self, path: Path, samples: Sequence[Int64s]) -> list[Any]:
        columns = _columns(path)
        region_sets = []
        for positions in samples:
            chosen = positions.tolist()
            region_sets.append(
                self._region_set.from_vectors(*([column[i] for i in chosen] for column in columns))
            )
        return region_sets

    def encode(self, regions: Any, as_array: bool) -> Any:
        return self.tokenizer(regions)  # lists are the one form it has


def _columns(path: Path) -> tuple[list[str], list[int], list[int]]:
    """Return names, starts and ends of a BED file."""
    fields = [line.split("\t") for line in path.read_text().splitlines()]
    return (
        [field[0] for field in fields],
        [int(field[1]) for field in fields],
        [int(field[2]) for field in fields],
    )
