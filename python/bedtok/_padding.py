# SPDX-License-Identifier: BSD-2-Clause
"""Rows that exist already, padded to one length: what collators call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError
from bedtok._sequence import Fit
from bedtok._tensors import from_array, kind_of, ragged, row_array, to_tensor, with_none

# What padding of each name holds; `input_ids` takes the pad token's id.
_FILLERS = {"attention_mask": 0, "special_tokens_mask": 1, "region_index": -1}


def pad_encoded(
    encoded: Any,
    fit: Fit,
    pad_id: int,
    kind: str | None,
    with_attention_mask: bool = True,
) -> dict[str, Any]:
    """Return rows of one length by name.

    Args:
        encoded: A mapping of rows (or of one row) by name, or a list of mappings of one row each.
        fit: How rows are padded.
        pad_id: Id of the pad token.
        kind: ``"np"`` or ``"pt"``; None: what the ids are already, lists, arrays or tensors.
        with_attention_mask: Leave out the mask when False; make it where it is missing.

    Raises:
        ConfigError: There are no ``input_ids``, or rows stay of different lengths although
            ``kind`` asks for an array.
        TypeError: ``encoded`` is something else.
    """
    data = _by_name(encoded)
    if "input_ids" not in data:
        raise ConfigError(
            f"input_ids is missing, got: {', '.join(map(str, data)) or 'nothing'}; pad takes what "
            "calling the tokenizer returns"
        )
    ids = data["input_ids"]
    single = _is_row(ids)
    kind = kind or kind_of(ids) or kind_of(next(iter(ids), None))
    rows = [row_array(row, "input_ids") for row in ([ids] if single else ids)]
    lengths = [row.size for row in rows]
    if not with_attention_mask:
        data.pop("attention_mask", None)
    elif "attention_mask" not in data:
        masks = [[1] * length for length in lengths]
        data["attention_mask"] = masks[0] if single else masks
    width = fit.width(max(lengths, default=0))
    padded: dict[str, Any] = {}
    for name, value in data.items():
        if name != "input_ids" and name not in _FILLERS:
            padded[name] = value if kind is None else to_tensor(value, kind, name)
            continue
        column = rows
        if name != "input_ids":
            column = [row_array(row, name) for row in ([value] if single else value)]
            if [row.size for row in column] != lengths:
                raise ConfigError(f"{name}: rows are not as long as those of input_ids")
        filler = _FILLERS.get(name, pad_id)
        padded[name] = _pad(column, width, filler, fit.padding_side, kind, name, single)
    return padded


def _pad(
    rows: list[npt.NDArray[np.int64]],
    width: int | None,
    filler: int,
    side: str,
    kind: str | None,
    name: str,
    single: bool,
) -> Any:
    to_list: Any = with_none if name == "region_index" else np.ndarray.tolist
    lengths = {max(row.size, width or 0) for row in rows}
    if len(lengths) <= 1:
        array = _core.pad_rows(rows, max(lengths, default=width or 0), filler, side)
        value = to_list(array) if kind is None else from_array(array, kind)
        return value[0] if single else value
    if kind is not None:
        raise ragged(name, sorted(lengths))
    return [
        to_list(_core.pad_rows([row], max(row.size, width or 0), filler, side)[0]) for row in rows
    ]


def _by_name(encoded: Any) -> dict[str, Any]:
    if isinstance(encoded, Mapping):
        return dict(encoded)
    if isinstance(encoded, (list, tuple)) and all(isinstance(row, Mapping) for row in encoded):
        names = list(encoded[0]) if encoded else ["input_ids"]
        for i, row in enumerate(encoded):
            if missing := [name for name in names if name not in row]:
                raise ConfigError(f"sample {i}: {missing[0]} is missing, which sample 0 has")
        return {name: [row[name] for row in encoded] for name in names}
    raise TypeError(
        f"encoded_inputs: expected a mapping or a list of them, not {type(encoded).__name__}"
    )


def _is_row(ids: Any) -> bool:
    """Whether these are the ids of one sample, not a list of rows."""
    if hasattr(ids, "ndim"):
        return bool(ids.ndim == 1)
    return len(ids) > 0 and not hasattr(ids[0], "__len__")
