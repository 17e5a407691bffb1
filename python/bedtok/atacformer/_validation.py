# SPDX-License-Identifier: BSD-2-Clause
"""Validate model inputs, so that errors name the id, length or shape.

PyTorch would fail with an index error, or return NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bedtok._core import VocabularyError
from bedtok._tokenization.tensors import as_row

Int64s = npt.NDArray[np.int64]


def compiling() -> bool:
    """Return whether the code is being traced, when the values of tensors are not known."""
    return bool(torch.compiler.is_compiling() or torch.jit.is_tracing())


def check_shape(values: torch.Tensor, shape: tuple[int, ...], name: str) -> None:
    """Check the shape of a tensor.

    Raises:
        ValueError: It has another shape.
    """
    if values.shape != shape:
        raise ValueError(f"{name}: shape {tuple(values.shape)}, expected {tuple(shape)}")


def check_ids(ids: torch.Tensor, size: int, name: str) -> torch.Tensor:
    """Return ids as int64 after checking that they are integers from 0 to size - 1.

    On an accelerator this waits for the values, which is the price of a message that names them.

    Raises:
        TypeError: They are not integers.
        ValueError: One is out of range.
    """
    if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        raise TypeError(f"{name}: expected whole numbers, not {ids.dtype}")
    ids = ids.long()
    if compiling() or ids.numel() == 0:
        return ids
    lowest, highest = torch.aminmax(ids)
    for value in (int(lowest), int(highest)):
        if not 0 <= value < size:
            raise ValueError(f"{name}: {value} is outside 0..{size - 1}")
    return ids


def check_token_ids(ids: torch.Tensor, vocab_size: int) -> torch.Tensor:
    """Return token ids as int64 after checking shape and range.

    Raises:
        TypeError: They are not integers.
        ValueError: An id is outside the vocabulary, or the shape is not (B, L).
    """
    if ids.dim() != 2:
        raise ValueError(f"input_ids have shape {tuple(ids.shape)}, expected (cells, tokens)")
    try:
        return check_ids(ids, vocab_size, "input_ids")
    except ValueError as error:
        raise ValueError(
            f"{error}, the model's vocabulary; "
            "were the ids made by the tokenizer that belongs to it?"
        ) from None


def read_row(values: Any, name: str) -> Int64s:
    """Return the ids of one sample, in a list, an array or a tensor, as int64 of shape (n,).

    Raises:
        TypeError: They are not integers in one dimension.
        ValueError: An id does not fit into 64 bits.
    """
    try:
        row = as_row(values, name)
    except VocabularyError as error:
        raise ValueError(f"{name}: {error}") from None
    if row.ndim == 0:
        raise TypeError(
            f"{name}: expected a row of integers, not one integer; one sample is a batch of one: "
            "[ids]"
        )
    return row


def check_length(length: int, max_length: int) -> None:
    """Check that a sequence fits into the model's context.

    Raises:
        ValueError: It does not.
    """
    if length > max_length:
        raise ValueError(
            f"a sequence of {length} tokens, expected at most {max_length} "
            f"(max_position_embeddings); truncate it: tokenizer(..., truncation='random', "
            f"max_length={max_length}), or use encode_tokenized_cells, which subsamples"
        )


def token_mask(attention_mask: torch.Tensor | None, shape: torch.Size) -> torch.Tensor | None:
    """Return an attention mask as bool (B, L), True for tokens; None where all are tokens.

    Args:
        attention_mask: 1 or True for tokens, 0 or False for padding, of any number type.
        shape: (B, L) of the input.

    Raises:
        ValueError: The shape differs, or it is an additive mask of 0 and -inf.
    """
    if attention_mask is None:
        return None
    if attention_mask.shape != shape:
        raise ValueError(
            f"attention_mask has shape {tuple(attention_mask.shape)}, "
            f"expected that of the input, {tuple(shape)}"
        )
    if attention_mask.dtype == torch.bool:
        return attention_mask
    if not compiling() and bool((attention_mask < 0).any()):
        raise ValueError(
            "attention_mask has negative numbers, expected 1 for tokens and 0 for padding, "
            "not an additive mask"
        )
    return attention_mask != 0
