# SPDX-License-Identifier: BSD-2-Clause
"""Batches of samples as padded arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from bench.data.regions import Int64s, draw
from bench.limits import copying_and_touching
from bench.peers.overlaps import gtars_region_set, region_set
from bench.rows import OURS, Row, Tool
from bench.setting import Setting

TITLE = "Batches"
WORDS = (
    '`tokenizer(samples, padding=True, return_tensors="np", num_threads=1)` on 64 samples at a '
    "time. gtars has no batches: a call for each sample, and ids and mask written into arrays by "
    "NumPy. Samples are RegionSets in memory. Ids and masks of the last batch are compared."
)
BATCH = 64
SHORT, LONG = (3_000, 3_000), (5_150, 6_250)  # regions; the long ones have 4,000 to 5,000 tokens

Batches = list[list[Any]]


def chosen(setting: Setting, count: int, sizes: tuple[int, int]) -> list[Int64s]:
    """Return the positions of the queries of each sample."""
    rng = setting.rng("batches", sizes)
    total = setting.scale.main_queries
    low, high = (min(size, total // 2) for size in sizes)
    return draw(rng, total, rng.integers(low, high + 1, count).tolist())


def in_batches(samples: Sequence[Any]) -> Batches:
    return [list(samples[i : i + BATCH]) for i in range(0, len(samples), BATCH)]


def ours(given: tuple[Any, Batches], threads: int = 1) -> list[Any]:
    """Return the last batch; the others are dropped as they come."""
    tokenizer, batches = given
    last: Any = None
    for batch in batches:
        last = tokenizer(batch, padding=True, return_tensors="np", num_threads=threads)
    return [last["input_ids"], last["attention_mask"]]


def gtars(given: tuple[Any, Batches]) -> list[Any]:
    tokenizer, batches = given
    pad = tokenizer.pad_token_id
    ids = mask = np.empty(0)
    for batch in batches:
        rows = [np.asarray(tokenizer(sample)["input_ids"]) for sample in batch]
        ids = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = row
            mask[i, : len(row)] = 1
    return [ids, mask]


def same(ours: list[Any], theirs: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))


def rows(setting: Setting) -> Iterator[Row]:
    total = setting.scale.main_queries
    for name, sizes, count in (
        ("one batch of 64 long samples", LONG, BATCH),
        (f"{setting.scale.samples:,} samples of 3,000 regions", SHORT, setting.scale.samples),
    ):

        @cache
        def positions(sizes: tuple[int, int] = sizes, count: int = count) -> list[Int64s]:
            return chosen(setting, count, sizes)

        def make_ours(positions: Any = positions) -> tuple[Any, Batches]:
            regions = region_set(setting.queries(total, "sorted"))
            return setting.tokenizer, in_batches([regions[some] for some in positions()])

        def make_gtars(positions: Any = positions) -> tuple[Any, Batches]:
            regions = setting.queries(total, "sorted")
            samples = [gtars_region_set(regions.take(some)) for some in positions()]
            return setting.gtars_tokenizer, in_batches(samples)

        def moved(positions: Any = positions) -> tuple[int, int]:
            longest = max(map(len, positions()))
            return 12 * sum(map(len, positions())), 16 * BATCH * longest

        yield Row(
            name,
            [Tool(OURS, ours, make_ours), Tool("gtars", gtars, make_gtars)],
            [copying_and_touching(moved)],
            target=20.0,
            headline=sizes == SHORT,
            same=same,
        )
