# SPDX-License-Identifier: BSD-2-Clause
"""Rows of numbers as lists, arrays or tensors, and the one reader of a row of ids."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError, VocabularyError

Int64s = npt.NDArray[np.int64]

_TENSOR_TYPES = ("np", "pt")


def check_return_tensors(return_tensors: object) -> str | None:
    """Return None, ``"np"`` or ``"pt"``, also for an enumerator with that value.

    Raises:
        ConfigError: It is something else.
        ImportError: It is ``"pt"`` and PyTorch is missing.
    """
    value = return_tensors.value if isinstance(return_tensors, Enum) else return_tensors
    if value is None:
        return None
    if value not in _TENSOR_TYPES:
        raise ConfigError(f"return_tensors is {return_tensors!r}, expected None, 'np' or 'pt'")
    if value == "pt":
        _torch()
    return str(value)


def from_array(array: npt.NDArray[Any], tensor_type: str) -> Any:
    """Return an array as it is (``"np"``) or as a tensor of the same memory (``"pt"``)."""
    return array if tensor_type == "np" else _torch().from_numpy(array)


def tensor_type_of(value: object) -> str | None:
    """Return the tensor type of a value; None if it is neither an array nor a tensor."""
    if hasattr(value, "detach"):
        return "pt"
    return "np" if isinstance(value, np.ndarray) else None


def to_tensor(value: Any, tensor_type: str, name: str) -> Any:
    """Return numbers, in lists or an array or tensor of any kind, as one array or tensor.

    Args:
        value: A number, or lists of them within lists; None within them counts as -1.
        tensor_type: ``"np"`` or ``"pt"``.
        name: Name of the value, for messages.

    Raises:
        ConfigError: The lists have different lengths, or hold something else.
    """
    if hasattr(value, "detach"):
        return value if tensor_type == "pt" else value.detach().cpu().numpy()
    if isinstance(value, np.ndarray):
        return from_array(value, tensor_type)
    tensor = from_array(_array_of(value, name), tensor_type)
    if tensor_type == "pt" and tensor.is_floating_point():
        # Python numbers have no precision of their own; models expect PyTorch's default.
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


def as_row(
    values: Any, name: str = "ids", *, bounds: str = "64 bits", is_id: bool = True
) -> Int64s:
    """Return a row of integers as an array.

    Args:
        values: A list or another sequence, a NumPy array, a tensor of any device, an Arrow list;
            or one integer.
        name: Name of the row, for messages.
        bounds: The range that an id beyond 64 bits is outside of, for the message.
        is_id: Whether these are ids. Masks and positions may also hold bools, and None, which
            becomes -1.

    Returns:
        int64 array of shape (values,), or () for one integer. Ids are not compared with the
        vocabulary.

    Raises:
        TypeError: Not integers, or more than one dimension.
        VocabularyError: An integer that does not fit 64 bits.
    """
    if type(values) is list:  # the type that calls return; NumPy would look at each item twice
        row = _core.ids_of_list(values)
        if row is not None:
            return row
    if hasattr(values, "detach"):  # a tensor
        if getattr(values, "is_floating_point", bool)():  # bfloat16 has no NumPy type
            raise TypeError(f"{name}: expected integers, got {values.dtype}")
        values = values.detach().cpu().numpy()
    elif hasattr(values, "as_py"):  # an Arrow scalar
        values = values.as_py()
    if not is_id and isinstance(values, (list, tuple)):
        values = [-1 if value is None else value for value in values]
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        raise TypeError(f"{name}: expected one list of integers, got lists within a list") from None
    if array.ndim > 1:
        raise TypeError(
            f"{name}: expected one dimension, got shape {array.shape}; pass one sample, as in "
            f"{name}[0]"
        )
    if array.size == 0 and not isinstance(values, (str, bytes)):
        return np.zeros(0, dtype=np.int64)
    kinds = "i" if is_id else "ib"
    if array.dtype.kind in kinds or (array.dtype.kind == "u" and array.dtype.itemsize < 8):
        return np.ascontiguousarray(array, dtype=np.int64).reshape(array.shape)
    # The rest is rare: wrong types, and numbers so big that NumPy gives them another type. Each is
    # looked at as the caller gave it.
    for value in [values] if array.ndim == 0 else values:
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name}: expected integers, got {value!r:.80}")
        if not -(2**63) <= int(value) < 2**63:
            raise VocabularyError(f"id {value} is outside {bounds}")
    return array.astype(np.int64)


def to_lists(name: str, array: Int64s) -> list[Any]:
    """Return an array as lists; in ``region_index`` None stands for values below zero."""
    missing = array < 0 if name == "region_index" else None
    if missing is None or not missing.any():  # several times faster
        return _core.to_lists(array)
    boxed = array.astype(object)
    boxed[missing] = None
    values: list[Any] = boxed.tolist()
    return values


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ImportError(
            "return_tensors='pt' needs PyTorch: pip install torch, or pass return_tensors='np'"
        ) from error
    return torch
