# SPDX-License-Identifier: BSD-2-Clause
"""Physical limits: what the machine needs for the bytes of a job, measured beside it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.rows import Command, Tool, find, load

PIECE = 256 * 1024


def read_in_pieces(paths: Sequence[Path]) -> int:
    """Read files through one small buffer and return how many bytes they have."""
    buffer = bytearray(PIECE)
    total = 0
    for path in paths:
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                total += count
    return total


def touch(size: int) -> Any:
    """Return ``size`` bytes of fresh pages, each of which has been written to once."""
    pages = np.empty(max(size, 1), dtype=np.uint8)
    pages[:: os.sysconf("SC_PAGE_SIZE")] = 1
    return pages


def reading(make: Callable[[], Sequence[Path]]) -> Tool:
    return Tool("reading the file in pieces", read_in_pieces, make)


def reading_and_touching(make: Callable[[], tuple[Sequence[Path], int]]) -> Tool:
    """``make`` returns files and the bytes of the result."""

    def run(given: tuple[Sequence[Path], int]) -> Any:
        read_in_pieces(given[0])
        return touch(given[1])

    return Tool("reading in pieces, first touch of the result", run, make)


def copying_and_touching(make: Callable[[], tuple[int, int]]) -> Tool:
    """``make`` returns the bytes of the input and those of the result."""

    def arrays() -> tuple[Any, Any, int]:
        given, result = make()
        return np.ones(given, dtype=np.uint8), np.zeros(given, dtype=np.uint8), result

    def run(given: tuple[Any, Any, int]) -> Any:
        np.copyto(given[1], given[0])
        return touch(given[2])

    return Tool("memcpy of the input, first touch of the result", run, arrays)


def touching(make: Callable[[], int]) -> Tool:
    return Tool("first touch of the result", touch, make)


def word_count(make: Callable[[], Path]) -> Tool:
    def command() -> list[str]:
        return [find("wc"), "-l", str(make())]

    return Command("wc -l", list, command)


def zcat(make: Callable[[], Path]) -> Tool:
    def command() -> list[str]:
        return [find("zcat"), str(make())]

    return Command("zcat", list, command)


def isal_inflate(make: Callable[[], Path]) -> Tool:
    def run(given: tuple[Any, Path]) -> int:
        library, path = given
        total = 0
        with library.open(path, "rb") as file:
            while piece := file.read(PIECE):
                total += len(piece)
        return total

    return Tool("inflate by ISA-L", run, lambda: (load("isal.igzip"), make()))


def libdeflate_inflate(make: Callable[[], Path]) -> Tool:
    """Inflate by libdeflate, whole in memory: for files of one member."""

    def run(given: tuple[Any, bytes]) -> int:
        return len(given[0](given[1]))

    def read() -> tuple[Any, bytes]:
        return load("deflate").gzip_decompress, make().read_bytes()

    return Tool("inflate by libdeflate", run, read)
