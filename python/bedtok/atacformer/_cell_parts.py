# SPDX-License-Identifier: BSD-2-Clause
"""Cells to parts that fit into a model's context: one subsample, windows, or random draws."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least, draw_seed
from bedtok._core import ConfigError
from bedtok.atacformer._subsampling import random_subsample

Int64s = npt.NDArray[np.int64]
Pool = Literal["windows", "draws"] | None

_TEMPLATE_ROLES = ("cls", "bos", "eos", "sep")  # special tokens that a template puts around a cell


class CellParts:
    """The parts of cells that a model takes one by one; ids are made when they are asked for.

    A cell that fits has one part, the cell. Of a longer one, ``pool`` determines the parts:

    - None: one random subsample of ``max_length`` tokens;
    - ``"draws"``: ``num_draws`` of them, of which the first is that of None;
    - ``"windows"``: as few windows as hold all tokens. With n windows, window k has the tokens k,
      k + n, k + 2n ... in their order: each lies on all chromosomes, as a random subsample does,
      and the lengths of two windows differ by at most one token.

    Special tokens of the template are in every part.

    Args:
        cells: The ids of each cell.
        config: The model's configuration.
        max_tokens_per_cell: Maximum number of tokens of a part; None: the context.
        pool: See above.
        num_draws: Number of draws.
        seed: Seed of subsamples and draws, with the cell's position; None: drawn.

    Attributes:
        cells: int64, shape (parts,): the cell of each part, ascending.
        numbers: int64, shape (parts,): which part of its cell it is, from 0.
        lengths: int64, shape (parts,): number of its tokens.
        weights: float64, shape (parts,): share of the cell's embedding; those of a cell add up to
            1. A window counts by its tokens, special tokens left out.

    Raises:
        ConfigError: An argument is out of range, or there is no room beside the special tokens.
    """

    def __init__(
        self,
        cells: list[Int64s],
        config: Any,
        max_tokens_per_cell: int | None,
        pool: Pool,
        num_draws: int,
        seed: int | None,
    ) -> None:
        context = config.max_position_embeddings
        max_length = context if max_tokens_per_cell is None else max_tokens_per_cell
        if not 1 <= check_at_least("max_tokens_per_cell", max_length, 0) <= context:
            raise ConfigError(
                f"max_tokens_per_cell is {max_length}, expected 1 to {context}, "
                "the model's max_position_embeddings"
            )
        if pool not in (None, "windows", "draws"):
            raise ConfigError(f"pool is {pool!r}, expected None, 'windows' or 'draws'")
        self._draws = check_at_least("num_draws", num_draws, 1)
        self._rows = cells
        self._special = [
            id_
            for role in _TEMPLATE_ROLES
            if (id_ := getattr(config, f"{role}_token_id", None)) is not None
        ]
        self._max_length = max_length
        self._pool = pool
        self._seed = draw_seed(seed)
        counts = np.array([self._count(row) for row in cells], dtype=np.int64)
        self.cells: Int64s = np.repeat(np.arange(len(cells)), counts)
        self.numbers: Int64s = np.concatenate([np.arange(n) for n in counts] or [counts])
        self._counts = counts
        shapes = [self._shapes(row, n) for row, n in zip(cells, counts.tolist(), strict=True)]
        self.lengths: Int64s = np.array(_flat(length for length, _ in shapes), dtype=np.int64)
        self.weights = np.array(_flat(weight for _, weight in shapes), dtype=np.float64)

    def is_whole(self, part: int) -> bool:
        """Return whether a part is the only one of its cell."""
        return int(self._counts[self.cells[part]]) == 1

    def ids(self, part: int) -> Int64s:
        """Return the ids of a part, shape (length,)."""
        position, number = int(self.cells[part]), int(self.numbers[part])
        row = self._rows[position]
        if row.size <= self._max_length:
            return row
        special = np.isin(row, self._special)
        if self._pool == "windows":
            chosen = special.copy()
            chosen[np.flatnonzero(~special)[number :: self._counts[position]]] = True
            return row[chosen]
        seed = (self._seed + number) % 2**64
        return random_subsample(
            row, special, self._max_length, seed, position, "max_tokens_per_cell"
        )

    def _count(self, row: Int64s) -> int:
        if self._pool is None or row.size <= self._max_length:
            return 1
        if self._pool == "draws":
            return self._draws
        room, free = self._room(row)
        return -(-free // room)

    def _shapes(self, row: Int64s, count: int) -> tuple[list[int], list[float]]:
        """Return the lengths and the weights of a cell's parts."""
        if self._pool != "windows" or count == 1:
            return [min(row.size, self._max_length)] * count, [1 / count] * count
        _, free = self._room(row)
        sizes = [len(range(number, free, count)) for number in range(count)]
        return [size + row.size - free for size in sizes], [size / free for size in sizes]

    def _room(self, row: Int64s) -> tuple[int, int]:
        """Return how many tokens a window has room for, and how many there are to place."""
        num_special = int(np.isin(row, self._special).sum())
        room = self._max_length - num_special
        if room < 1:
            raise ConfigError(
                f"max_tokens_per_cell is {self._max_length}, expected more than {num_special}, the "
                "special tokens of a sample, which are in every window"
            )
        return room, row.size - num_special


def _flat(rows: Iterable[list[Any]]) -> list[Any]:
    return [value for row in rows for value in row]
