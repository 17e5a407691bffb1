# SPDX-License-Identifier: BSD-2-Clause
"""Random subsampling of rows that are already token ids."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError

Int64s = npt.NDArray[np.int64]


def random_subsample(
    row: Int64s, kept: npt.NDArray[np.bool_], max_length: int, seed: int, position: int, name: str
) -> Int64s:
    """Return at most ``max_length`` ids of a row, in their order.

    This is the rule of ``tokenizer(..., truncation="random")``, the collators and
    ``encode_tokenized_cells``: special tokens stay, and of the other tokens a sample is drawn
    without replacement, each subset as likely as another. It depends on the seed, the position of
    the row among the rows of the call, and the numbers of tokens, not on the other rows. The same
    seed and position give the same sample everywhere. In C++ it is ``detail/random_choice.hpp``.

    Args:
        row: Ids, shape (n,).
        kept: True for special tokens, which stay, shape (n,).
        max_length: Maximum number of ids.
        seed: 0 to 2**64 - 1.
        position: Position of the row in its batch.
        name: Name of ``max_length`` in error messages.

    Raises:
        ConfigError: There are more special tokens than ``max_length``.
    """
    if row.size <= max_length:
        return row
    free = np.flatnonzero(~kept)
    num_kept = row.size - free.size
    if num_kept > max_length:
        raise ConfigError(
            f"{name} is {max_length}, expected at least {num_kept}, the special tokens of a "
            "sample, which stay"
        )
    chosen = kept.copy()
    chosen[free[_core.random_choice(free.size, max_length - num_kept, seed, position)]] = True
    result: Int64s = row[chosen]
    return result
