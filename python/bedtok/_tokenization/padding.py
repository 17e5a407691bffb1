# SPDX-License-Identifier: BSD-2-Clause
"""Padding and truncation as Hugging Face resolves them, and padding of rows that exist already."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple

from bedtok import _core
from bedtok._checks import check_at_least, warn_caller
from bedtok._core import ConfigError, SequenceOptions
from bedtok._tokenization.options import check_side
from bedtok._tokenization.tensors import (
    Int64s,
    as_row,
    from_array,
    ragged,
    tensor_type_of,
    to_lists,
    to_tensor,
)

# The filler of each column; that of `input_ids` is the pad token's id.
_FILLERS = {"attention_mask": 0, "special_tokens_mask": 1, "region_index": -1}


class PaddingTruncation(NamedTuple):
    """The padding and truncation strategy of one call, resolved as Hugging Face does.

    Attributes:
        padding: None: rows keep their lengths; ``"longest"``; ``"max_length"``.
        padded_length: With ``"max_length"``: tokens of each row.
        multiple_of: The padded length is rounded up to a multiple of it.
        padding_side: ``"right"`` or ``"left"``.
        max_length: The longest row; None: rows are not truncated.
        truncation: What longer rows keep: ``"longest_first"`` one end, ``"random"`` a random
            choice of their tokens, ``"weight"`` those of the largest weights.
    """

    padding: Literal["longest", "max_length"] | None
    padded_length: int | None
    multiple_of: int
    padding_side: str
    max_length: int | None
    truncation: Literal["longest_first", "random", "weight"]

    def width(self, longest: int) -> int | None:
        """Return the padded length of rows of up to ``longest`` tokens; None: no padding."""
        if self.padding is None:
            return None
        length = longest if self.padded_length is None else self.padded_length
        return -(-length // self.multiple_of) * self.multiple_of


def resolve_padding_truncation(
    sequence: SequenceOptions,
    *,
    padding: object = False,
    truncation: object = None,
    max_length: object = None,
    pad_to_multiple_of: object = None,
    padding_side: object = None,
) -> PaddingTruncation:
    """Return the strategy that the keywords of a call mean together, as in Hugging Face.

    ``max_length`` without ``truncation`` and ``padding`` truncates. ``padding="max_length"`` and
    ``truncation`` without ``max_length`` use ``model_max_length``, and only warn when that is not
    known.

    Raises:
        ConfigError: A value is not allowed, or two do not go together.
        TypeError: A value has the wrong type.
    """
    strategy = _padding(padding)
    length = None if max_length is None else check_at_least("max_length", max_length, 1)
    # Not beside padding="do_not_pad": Hugging Face's rule, which is followed to the letter.
    if truncation is None and length is not None and padding is False:
        truncation = True
    cut = _truncation(truncation)
    if length is not None and strategy == "longest" and cut is None:
        warn_caller(
            "max_length is ignored: padding=True pads to the longest row; pass truncation=True to "
            "cut to it, or padding='max_length' to pad to it"
        )
    limit = sequence.model_max_length if length is None else length
    if limit is None and (cut is not None or strategy == "max_length"):
        asked = " and ".join(
            [f"truncation={truncation!r}"] * (cut is not None)
            + ["padding='max_length'"] * (strategy == "max_length")
        )
        warn_caller(
            f"{asked} without max_length does nothing: the tokenizer has no model_max_length"
        )
        cut = None
        if strategy == "max_length":
            strategy = None
    multiple = 1
    if pad_to_multiple_of is not None:
        multiple = check_at_least("pad_to_multiple_of", pad_to_multiple_of, 1)
        if cut is not None and strategy is not None and limit is not None and limit % multiple:
            raise ConfigError(
                f"max_length is {limit}, expected a multiple of pad_to_multiple_of, {multiple}, "
                "where rows are both cut and padded"
            )
    side = (
        sequence.padding_side if padding_side is None else check_side("padding_side", padding_side)
    )
    return PaddingTruncation(
        padding=strategy,
        padded_length=limit if strategy == "max_length" else None,
        multiple_of=multiple,
        padding_side=side,
        max_length=None if cut is None else limit,
        truncation=cut or "longest_first",
    )


def _padding(padding: object) -> Literal["longest", "max_length"] | None:
    padding = _value(padding)
    if padding is True or padding == "longest":
        return "longest"
    if padding == "max_length":
        return "max_length"
    if padding is False or padding is None or padding == "do_not_pad":
        return None
    raise ConfigError(
        f"padding is {padding!r}, expected True or 'longest', 'max_length', or False or "
        "'do_not_pad'"
    )


def _truncation(truncation: object) -> Literal["longest_first", "random", "weight"] | None:
    truncation = _value(truncation)
    if truncation is True or truncation in ("longest_first", "only_first"):
        return "longest_first"
    if truncation == "random":
        return "random"
    if truncation == "weight":
        return "weight"
    if truncation is False or truncation is None or truncation == "do_not_truncate":
        return None
    raise ConfigError(
        f"truncation is {truncation!r}, expected True or 'longest_first' or 'only_first', "
        "'random', 'weight', or False or 'do_not_truncate'"
    )


def _value(choice: object) -> object:
    """Return a choice; Hugging Face's enumerators stand for their values."""
    return choice.value if isinstance(choice, Enum) else choice


def pad_encoded(
    encoded: Any,
    strategy: PaddingTruncation,
    pad_id: int,
    tensor_type: str | None,
    with_attention_mask: bool = True,
) -> dict[str, Any]:
    """Return rows padded to one length, by name.

    Args:
        encoded: A mapping of rows (or of one row) by name, or a list of mappings of one row each.
        strategy: How rows are padded.
        pad_id: Id of the pad token.
        tensor_type: ``"np"`` or ``"pt"``; None: the type of the ids: lists, arrays or tensors.
        with_attention_mask: Leave out the mask when False; make it where it is missing.

    Raises:
        ConfigError: There are no ``input_ids``, or rows keep different lengths although
            ``tensor_type`` asks for an array.
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
    tensor_type = tensor_type or tensor_type_of(ids) or tensor_type_of(next(iter(ids), None))
    rows = [as_row(row, "input_ids") for row in ([ids] if single else ids)]
    lengths = [row.size for row in rows]
    if not with_attention_mask:
        data.pop("attention_mask", None)
    elif "attention_mask" not in data:
        masks = [[1] * length for length in lengths]
        data["attention_mask"] = masks[0] if single else masks
    width = strategy.width(max(lengths, default=0))
    padded: dict[str, Any] = {}
    for name, value in data.items():
        if name != "input_ids" and name not in _FILLERS:
            padded[name] = value if tensor_type is None else to_tensor(value, tensor_type, name)
            continue
        column = rows
        if name != "input_ids":
            column = [as_row(row, name, is_id=False) for row in ([value] if single else value)]
            if [row.size for row in column] != lengths:
                raise ConfigError(f"{name}: rows are not as long as those of input_ids")
        filler = _FILLERS.get(name, pad_id)
        value = _pad(column, width, filler, strategy.padding_side, tensor_type, name)
        padded[name] = value[0] if single else value
    return padded


def _pad(
    rows: list[Int64s],
    width: int | None,
    filler: int,
    side: str,
    tensor_type: str | None,
    name: str,
) -> Any:
    lengths = {max(row.size, width or 0) for row in rows}
    if len(lengths) <= 1:
        array = _core.pad_rows(rows, max(lengths, default=width or 0), filler, side)
        return to_lists(name, array) if tensor_type is None else from_array(array, tensor_type)
    if tensor_type is not None:
        raise ragged(name, sorted(lengths))
    # Rows longer than the max_length of padding keep their lengths.
    return [
        to_lists(name, _core.pad_rows([row], max(row.size, width or 0), filler, side)[0])
        for row in rows
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
