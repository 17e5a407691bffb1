# SPDX-License-Identifier: BSD-2-Clause
"""Workloads on which indexes of intervals break down, from Python."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np

from bench.data.regions import Regions, make_peaks, make_queries
from bench.data.workloads import WORKLOADS, Workload, tiles
from bench.limits import copying_and_touching
from bench.peers.overlaps import Finders
from bench.rows import Row
from bench.setting import Setting
from bench.suites.ids import ALL, FAST

TITLE = "Workloads that hurt"
WORDS = (
    "All overlaps, as in the table above, on vocabularies and queries that break indexes. "
    "Queries are in random order unless the row says sorted."
)
# Libraries that loop over names take minutes for the first, and seconds for tables of the second.
SLOW_FOR_FRAMES = ("four regions on each contig", "tiles of 500 bp")
BOTH_ORDERS = ("5 % overlaps", "nested, heavy-tailed widths", "piled 30 deep")
ONLY_BY_REQUEST = 100_000_000


def rows(setting: Setting) -> Iterator[Row]:
    made = {**WORKLOADS, **{f"tiles of {w:,} bp": tiles(w) for w in setting.scale.tiles}}
    for name, make in made.items():

        @cache
        def workload(name: str = name, make: object = make) -> Workload:
            return setting.workload(name, make)  # type: ignore[arg-type]

        names = FAST if name in SLOW_FOR_FRAMES else ALL
        yield row(setting, name, workload, names, False)
        if name in BOTH_ORDERS:
            yield row(setting, name, workload, names, True)
    sizes = [*setting.scale.large_vocabularies, *([ONLY_BY_REQUEST] if setting.huge else [])]
    for size in sizes:
        yield large(setting, size)


def row(
    setting: Setting, name: str, workload: object, tools: tuple[str, ...], in_order: bool
) -> Row:
    """Return the row of a workload."""

    def vocabulary() -> Regions:
        found: Regions = workload().vocabulary  # type: ignore[operator]
        return found

    @cache
    def queries() -> Regions:
        found: Regions = workload().queries  # type: ignore[operator]
        return found.in_order() if in_order else found

    def bed() -> Path:
        words = "".join(c if c.isalnum() else "-" for c in name)
        return setting.file(f"{words}-{setting.scale.hard}.bed", lambda p: vocabulary().write(p))

    def moved() -> tuple[int, int]:
        # 8 bytes for each id that is found, by bedtok, whose answer has been compared.
        finders = Finders(vocabulary, queries, bed)
        tool = finders.bedtok()
        return queries().nbytes, 8 * int(np.sum(tool.answer(tool.run(tool.make()))))

    return Row(
        f"{name}, sorted" if in_order else name,
        Finders(vocabulary, queries, bed).tools(tools),
        [copying_and_touching(moved)],
    )


def large(setting: Setting, size: int) -> Row:
    """Return the row of a vocabulary beyond what gtars can hold."""

    @cache
    def vocabulary() -> Regions:
        return make_peaks(setting.rng("large", size), size)

    @cache
    def queries() -> Regions:
        return make_queries(setting.rng("large queries", size), vocabulary(), setting.scale.hard)

    def bed() -> Path:
        return setting.file(f"vocabulary-{size}.bed", lambda path: vocabulary().write(path))

    return Row(
        f"vocabulary of {size:,}",
        Finders(vocabulary, queries, bed).tools(("bedtok", "ncls", "superintervals")),
        [copying_and_touching(lambda: (queries().nbytes, 16 * len(queries())))],
    )
