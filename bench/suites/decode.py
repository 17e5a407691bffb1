# SPDX-License-Identifier: BSD-2-Clause
"""Ids to texts."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np

from bench.peers.overlaps import list_ids, region_set
from bench.rows import OURS, Row, Tool
from bench.setting import Setting

TITLE = "Decode"
WORDS = (
    "`tokenizer.decode(ids)`, a list in, a list of `str` out. All texts are compared. The limit is "
    "making as many objects: `str.split` of the same text."
)


def decode(given: tuple[Any, list[int]]) -> list[str]:
    tokenizer, ids = given
    texts: list[str] = tokenizer.decode(ids)
    return texts


def row(setting: Setting, name: str, ids: Any, target: float | None = None) -> Row:
    def joined() -> str:
        return "\n".join(setting.tokenizer.decode(ids()))

    return Row(
        name,
        [
            Tool(OURS, decode, lambda: (setting.tokenizer, ids())),
            Tool("gtars", decode, lambda: (setting.gtars_tokenizer, ids()), list),
        ],
        [Tool("str.split of the same text", str.split, joined)],
        target=target,
        headline=target is not None,
    )


def rows(setting: Setting) -> Iterator[Row]:
    size = setting.scale.main_queries

    @cache
    def ids() -> list[int]:
        return list_ids((setting.tokenizer, region_set(setting.queries(size, "sorted"))))

    def repeated() -> list[int]:
        rng = setting.rng("repeated")
        some: list[int] = rng.choice(np.unique(ids()), len(ids()) // 100).tolist()
        return [some[i] for i in rng.integers(0, len(some), len(ids())).tolist()]

    yield row(setting, f"ids of {size:,} regions", ids, 6.0)
    yield row(setting, "as many ids, each 100 times", cache(repeated))
