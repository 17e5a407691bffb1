# SPDX-License-Identifier: BSD-2-Clause
"""Reading BED files into sets of regions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.limits import isal_inflate, reading_and_touching, word_count, zcat
from bench.rows import OURS, Row, Tool, load
from bench.setting import Setting

TITLE = "Read BED files"
WORDS = (
    "`RegionSet.from_bed(path)`, which sorts, against `RegionSet(path)` of gtars, which sorts too, "
    "and against `read_bed` of pyranges, `read_table` of bioframe and `read_bed` of polars-bio, "
    "which leave the order of the file. Compared are the number of regions and the sums of starts "
    "and of ends; with gtars also the digest of all regions in order."
)
LARGEST_FOR_FRAMES = 1_000_000  # libraries that read tables take seconds beyond


def sums(starts: Any, ends: Any) -> tuple[int, int, int]:
    starts, ends = np.asarray(starts, dtype=np.int64), np.asarray(ends, dtype=np.int64)
    return len(starts), int(starts.sum()), int(ends.sum())


def answer_of_ours(regions: Any) -> tuple[Any, ...]:
    return *sums(regions.starts, regions.ends), regions.identifier


def same(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    """Compare what both know: gtars has a digest, and its columns are slow to get."""
    if len(theirs) == 2:
        return theirs == (ours[0], ours[3])
    return theirs == ours[:3]


def tools(path: Any, size: int) -> list[Tool]:
    found = [
        Tool(OURS, lambda p: load("bedtok.models").RegionSet.from_bed(p), path, answer_of_ours),
        Tool(
            "gtars",
            lambda p: load("gtars.models").RegionSet(p),
            lambda: str(path()),
            lambda regions: (len(regions), regions.identifier),
        ),
    ]
    if size > LARGEST_FOR_FRAMES:
        return found

    def by_polars(path: str) -> Any:
        return load("polars_bio").read_bed(path, use_zero_based=True)

    return [
        *found,
        Tool(
            "pyranges",
            lambda p: load("pyranges").read_bed(p),
            lambda: str(path()),
            lambda found: sums(found.Start, found.End),
        ),
        Tool(
            "bioframe",
            lambda p: load("bioframe").read_table(p, schema="bed3"),
            lambda: str(path()),
            lambda found: sums(found["start"], found["end"]),
        ),
        Tool(
            "polars-bio",
            by_polars,
            lambda: str(path()),
            lambda found: sums(found["start"].to_numpy(), found["end"].to_numpy()),
        ),
    ]


def rows(setting: Setting) -> Iterator[Row]:
    for size in setting.scale.queries:
        for order in ("sorted", "shuffled"):

            def path(size: int = size, order: str = order) -> Path:
                return setting.queries_file(size, order)

            main = size == setting.scale.main_queries
            limit = reading_and_touching(lambda p=path, n=size: ([p()], 12 * n))  # type: ignore[misc]
            yield Row(
                f"{size:,} regions, {order}",
                tools(path, size),
                [limit, word_count(path)],
                size=size,
                series=f"read BED, {order}",
                target=({"sorted": 15.0, "shuffled": 20.0}[order] if main else None),
                headline=main,
                same=same,
            )
    size = setting.scale.main_queries
    for order in ("sorted", "shuffled"):

        def packed(order: str = order) -> Path:
            return setting.queries_file(size, order, ".bed.gz")

        yield Row(
            f"{size:,} regions, {order}, .bed.gz",
            tools(packed, size),
            [isal_inflate(packed), zcat(packed)],
            same=same,
        )
