# SPDX-License-Identifier: BSD-2-Clause
"""Ids of a sample's regions, as arrays and as lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.limits import copying_and_touching
from bench.peers.overlaps import Finders, array_ids, gtars_region_set, list_ids, region_set
from bench.rows import OURS, Row, Tool
from bench.setting import Setting

TITLE = "Ids of a sample"
WORDS = (
    '`tokenizer(regions, return_tensors="np")["input_ids"]`, and the same without '
    "`return_tensors`, on regions in memory. gtars returns lists in both tables. ncls, "
    "superintervals, pyranges, bioframe and polars-bio find overlaps and are no tokenizers: theirs "
    "is the search without ids, order or mask, on columns split and cast beforehand. The hits of "
    "each vocabulary region are compared, and of lists all ids in order."
)
ALL = ("bedtok", "gtars", "ncls", "superintervals", "pyranges", "bioframe", "polars-bio")
FAST = ("bedtok", "gtars", "ncls", "superintervals")
# gtars takes 500 bytes a region, and superintervals makes a list of each.
LARGE = ("bedtok", "ncls")
LARGEST_FOR_GTARS = 1_000_000


def rows(setting: Setting) -> Iterator[Row]:
    scale = setting.scale
    targets = {"sorted": 110.0, "shuffled": 65.0}
    for size in scale.queries:
        for order in ("sorted", "shuffled"):
            main = size == scale.main_queries
            few = FAST if size <= LARGEST_FOR_GTARS else LARGE
            finders = Finders(
                lambda: setting.vocabulary,
                lambda size=size, order=order: setting.queries(size, order),  # type: ignore[misc]
                setting.vocabulary_file,
                lambda: setting.tokenizer,
                lambda: setting.gtars_tokenizer,
            )
            moved = copying_and_touching(lambda n=size: (12 * n, 16 * n))  # type: ignore[misc]
            yield Row(
                f"array, {size:,} regions, {order}",
                finders.tools(ALL if main else few),
                [moved],
                size=size,
                series=f"ids as array, {order}",
                target=targets[order] if main else None,
                headline=main,
            )
    for size in (scale.queries[0], scale.main_queries):
        for order in ("sorted", "shuffled"):
            yield as_lists(setting, size, order)


def as_lists(setting: Setting, size: int, order: str) -> Row:
    """Return the row of one size as lists, whose limit is making the list."""

    def ours() -> tuple[Any, Any]:
        return setting.tokenizer, region_set(setting.queries(size, order))

    def theirs() -> tuple[Any, Any]:
        return setting.gtars_tokenizer, gtars_region_set(setting.queries(size, order))

    main = size == setting.scale.main_queries
    return Row(
        f"list, {size:,} regions, {order}",
        [Tool(OURS, list_ids, ours), Tool("gtars", list_ids, theirs)],
        [Tool("array.tolist()", np.ndarray.tolist, lambda: array_ids(ours()))],
        target=35.0 if main else None,
        headline=main,
    )
