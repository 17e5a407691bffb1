# SPDX-License-Identifier: BSD-2-Clause
"""What is known of each cell beside its tokens: the columns of ``CellTokens.obs``.

They are arrays by name until somebody asks for a data frame, which holds them from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok._core import ConfigError

SAMPLE = "sample"  # the column with the sample that a cell is of
N_TOKENS = "n_tokens"

Columns = dict[str, npt.NDArray[Any]]
Metadata = Any  # Columns, or a DataFrame


def checked_columns(columns: Mapping[str, Any], size: int, what: str = "obs") -> Columns:
    """Return columns as arrays of shape (cells,).

    Raises:
        ConfigError: A column has another length or more dimensions.
        TypeError: A name is not a text.
    """
    checked: Columns = {}
    for name, values in columns.items():
        if not isinstance(name, str):
            raise TypeError(f"{what}: a column is named {name!r}, expected a text")
        array = _as_array(values)
        if array.shape != (size,):
            raise ConfigError(
                f"{what}: column {name!r} has shape {array.shape}, expected ({size},), one value a "
                "cell"
            )
        checked[name] = array
    return checked


def _as_array(values: Any) -> npt.NDArray[Any]:
    if isinstance(values, (list, tuple)) and any(isinstance(value, str) for value in values):
        array = np.empty(len(values), dtype=object)
        array[:] = values
        return array
    array = np.asarray(values)
    return array.astype(object) if array.dtype.kind in "UT" else array


def is_frame(metadata: Metadata) -> bool:
    """Return whether metadata are a DataFrame, and not columns."""
    return not (metadata is None or isinstance(metadata, dict))


def columns_of(metadata: Metadata) -> Columns:
    """Return metadata as arrays by name; categories become their values."""
    if not is_frame(metadata):
        columns: Columns = metadata or {}
        return columns
    return {str(name): _as_array(metadata[name].to_numpy()) for name in metadata.columns}


def take_metadata(metadata: Metadata, rows: npt.NDArray[np.int64] | slice) -> Metadata:
    """Return the metadata of some cells."""
    if is_frame(metadata):
        return metadata.iloc[rows].copy()
    return {name: column[rows] for name, column in columns_of(metadata).items()}


def concat_columns(parts: Sequence[tuple[Columns, int]]) -> Columns:
    """Return the columns of parts, one behind the other, with the length of each part.

    Where a part has no such column numbers are NaN and other values None.
    """
    names = dict.fromkeys(name for columns, _ in parts for name in columns)
    joined: Columns = {}
    for name in names:
        have = [columns.get(name) for columns, _ in parts]
        numeric = all(column is None or column.dtype.kind in "iuf" for column in have)
        same = len({column.dtype.kind for column in have if column is not None}) == 1
        whole = all(column is not None for column in have)
        pieces = [
            _missing(size, numeric) if column is None else column
            for column, (_, size) in zip(have, parts, strict=True)
        ]
        if not numeric and not (same and whole):
            pieces = [piece.astype(object) for piece in pieces]
        joined[name] = np.concatenate(pieces)
    return joined


def _missing(size: int, numeric: bool) -> npt.NDArray[Any]:
    return np.full(size, np.nan if numeric else None)


def as_frame(metadata: Metadata, names: Sequence[str], lengths: npt.NDArray[np.int64]) -> Any:
    """Return metadata as a DataFrame with the cells' names as its index.

    ``sample``, where it is known, and ``n_tokens`` are its first columns.
    """
    pd = import_optional("pandas", "obs")
    index = pd.Index(names, dtype=str)
    if is_frame(metadata):
        frame = metadata
        frame.index = index
        if N_TOKENS in frame.columns:
            frame[N_TOKENS] = lengths
        else:
            frame.insert(int(SAMPLE in frame.columns[:1]), N_TOKENS, lengths)
        return frame
    return pd.DataFrame(with_tokens(columns_of(metadata), lengths), index=index)


def with_tokens(columns: Columns, lengths: npt.NDArray[np.int64]) -> Columns:
    """Return columns with ``n_tokens`` behind ``sample``, before the others."""
    first = {SAMPLE: columns[SAMPLE]} if SAMPLE in columns else {}
    return {**first, N_TOKENS: lengths, **{k: v for k, v in columns.items() if k not in first}}


def checked_frame(frame: Any, names: Sequence[str]) -> Any:
    """Return a copy of a DataFrame that is to be the metadata of cells.

    Raises:
        TypeError: It is something else.
        ConfigError: Its index is not the names of the cells.
    """
    if not hasattr(frame, "iloc") or not hasattr(frame, "columns"):
        raise TypeError(f"obs: expected a pandas DataFrame, not {type(frame).__name__}")
    if frame.index.astype(str).tolist() != list(names):
        raise ConfigError(
            f"obs: the index of {len(frame)} rows is not the names of the {len(names)} cells in "
            "their order; frame.reindex(cells.names) brings it there"
        )
    return frame.copy()
