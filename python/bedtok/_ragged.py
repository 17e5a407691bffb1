# SPDX-License-Identifier: BSD-2-Clause
"""Rows of different lengths in one array: row i is ``values[offsets[i]:offsets[i + 1]]``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

_PIECE = 2**22  # values that are gathered at once, which take 16 bytes each beside the result


def take_rows(values: Int32s, offsets: Int64s, rows: Int64s) -> tuple[Int32s, Int64s]:
    """Return the values and offsets of rows in any order; a row may be taken twice.

    O(rows + their values), without a loop over rows.
    """
    starts, lengths = offsets[rows], offsets[rows + 1] - offsets[rows]
    ends = np.zeros(len(rows) + 1, dtype=np.int64)
    np.cumsum(lengths, out=ends[1:])
    taken = np.empty(int(ends[-1]), dtype=values.dtype)
    first = 0
    while first < len(rows):
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + _PIECE, side="right")) - 1)
        # Where a row moves by the same distance as the row before it, so do its values.
        moved = np.repeat(starts[first:last] - ends[first:last], lengths[first:last])
        positions = np.arange(ends[first], ends[last], dtype=np.int64)
        np.take(values, positions + moved, out=taken[ends[first] : ends[last]])
        first = last
    return taken, ends


def distinct_values(values: Int32s, limit: int) -> Int32s:
    """Return the distinct ones of values of 0 to ``limit`` - 1, ascending; O(values + limit).

    Many values are looked at in pieces: NumPy copies an index to 64 bits.
    """
    found = np.zeros(limit, dtype=bool)
    for first in range(0, len(values), _PIECE):
        found[values[first : first + _PIECE]] = True
    return np.flatnonzero(found).astype(np.int32)


def concat_rows(parts: Sequence[tuple[Int32s, Int64s]]) -> tuple[Int32s, Int64s]:
    """Return the values and offsets of parts, one behind the other."""
    values = np.concatenate([values for values, _ in parts] or [np.empty(0, np.int32)])
    ends = [np.zeros(1, dtype=np.int64)]
    end = 0
    for _, offsets in parts:
        ends.append(offsets[1:] - offsets[0] + end)
        end += int(offsets[-1] - offsets[0])
    return values, np.concatenate(ends)


def row_positions(index: Any, size: int, find: Callable[[Sequence[str]], Int64s]) -> Int64s:
    """Return the positions that a mask, or a list of positions or of names, chooses.

    Args:
        index: A list, tuple, array or column of a table, of one dimension.
        size: Number of rows.
        find: Returns the positions of names.

    Raises:
        IndexError: The mask has another length, or a position is outside.
        TypeError: The values are something else.
    """
    array = np.asarray(index)
    if array.ndim != 1:
        raise TypeError(f"index: expected one dimension, got shape {array.shape}")
    if array.size == 0 and array.dtype.kind != "b":
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind == "b":
        if len(array) != size:
            raise IndexError(f"a mask of {len(array)} values for {size} cells, expected one a cell")
        return np.flatnonzero(array).astype(np.int64)
    if array.dtype.kind in "iu":
        positions = array.astype(np.int64)
        outside = (positions < -size) | (positions >= size)
        if outside.any():
            raise IndexError(f"position {positions[outside][0]} is outside of {size} cells")
        return np.where(positions < 0, positions + size, positions)
    names = array.tolist()
    if array.dtype.kind in "UOT" and all(isinstance(name, str) for name in names):
        return find(names)
    raise TypeError(
        f"index: expected positions, names or a mask of booleans, not an array of {array.dtype}"
    )
