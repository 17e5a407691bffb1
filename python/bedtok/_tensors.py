# SPDX-License-Identifier: BSD-2-Clause
"""Rows of numbers as what ``return_tensors`` asks for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError

KINDS = ("np", "pt")


def check_return_tensors(return_tensors: object) -> str | None:
    """Return None, ``"np"`` or ``"pt"``, also for an enumerator with that value.

    Raises:
        ConfigError: It is something else.
        ImportError: It is ``"pt"`` and PyTorch is missing.
    """
    kind = return_tensors.value if isinstance(return_tensors, Enum) else return_tensors
    if kind is None:
        return None
    if kind not in KINDS:
        raise ConfigError(f"return_tensors is {return_tensors!r}, expected None, 'np' or 'pt'")
    if kind == "pt":
        _torch()
    return str(kind)


def from_array(array: npt.NDArray[Any], kind: str) -> Any:
    """Return an array as it is (``"np"``) or as a tensor of the same memory (``"pt"``)."""
    return array if kind == "np" else _torch().from_numpy(array)


def kind_of(value: object) -> str | None:
    """Return the kind that a value is of already; None for what is neither array nor tensor."""
    if hasattr(value, "detach"):
        return "pt"
    return "np" if isinstance(value, np.ndarray) else None


def to_tensor(value: Any, kind: str, name: str) -> Any:
    """Return numbers, in lists or an array or tensor of any kind, as one array or tensor.

    Args:
        value: A number, or lists of them within lists; None within them counts as -1.
        kind: ``"np"`` or ``"pt"``.
        name: What the value is called, for messages.

    Raises:
        ConfigError: The lists have different lengths, or hold something else.
    """
    if hasattr(value, "detach"):
        return value if kind == "pt" else value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return from_array(value, kind)
    tensor = from_array(_array_of(value, name), kind)
    if kind == "pt" and tensor.is_floating_point():
        # Numbers of Python have no precision of their own; models want PyTorch's default.
        tensor = tensor.to(_torch().get_default_dtype())
    return tensor


def _array_of(value: Any, name: str) -> npt.NDArray[Any]:
    try:
        array = np.asarray(value)
    except ValueError:
        lengths = [len(row) for row in value if hasattr(row, "__len__")]
        raise ragged(name, lengths) from None
    if array.dtype == object:
        try:
            array = np.vectorize(lambda x: -1 if x is None else x, otypes=[np.int64])(array)
        except (TypeError, ValueError):
            raise ConfigError(f"{name}: holds something that is not a number") from None
    if array.dtype.kind not in "biuf":
        raise ConfigError(f"{name}: holds {array.dtype}, expected numbers")
    return array


def ragged(name: str, lengths: Sequence[int]) -> ConfigError:
    """Return the error for rows that do not make one array."""
    rows = f"rows of {min(lengths)} to {max(lengths)} values" if lengths else "uneven rows"
    return ConfigError(
        f"{name}: {rows}, expected one length for return_tensors; pass padding=True, or "
        "truncation=True with a max_length"
    )


def row_array(row: Any, name: str) -> npt.NDArray[np.int64]:
    """Return one row, in a list, an array or a tensor, as an int64 array of one dimension.

    Raises:
        TypeError: It does not hold integers; None counts as -1.
    """
    if type(row) is list:
        quick = _core.ids_of_list(row)
        if quick is not None:
            return quick
    if hasattr(row, "detach"):
        row = row.detach().cpu().numpy()
    elif not isinstance(row, np.ndarray):
        row = [-1 if value is None else value for value in row]
    array = np.asarray(row)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "biu"):
        raise TypeError(f"{name}: expected a row of integers, got {row!r:.80}")
    return np.ascontiguousarray(array, dtype=np.int64)


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "return_tensors='pt' needs PyTorch: pip install torch, or pass return_tensors='np'"
        ) from error
    return torch


def with_none(array: npt.NDArray[np.int64]) -> list[Any]:
    """Return an array as lists, with None for values below zero."""
    none = array < 0
    values: list[Any]
    if not none.any():  # several times faster
        values = array.tolist()
        return values
    boxed = array.astype(object)
    boxed[none] = None
    values = boxed.tolist()
    return values
