# SPDX-License-Identifier: BSD-2-Clause
"""What is said of a model's input before PyTorch would fail on it, or give NaN."""

from __future__ import annotations

import torch


def compiling() -> bool:
    """Whether the code is being traced: values of tensors are not known then."""
    return bool(torch.compiler.is_compiling() or torch.jit.is_tracing())


def check_shape(values: torch.Tensor, shape: tuple[int, ...], what: str) -> None:
    """Say that a tensor does not fit the input.

    Raises:
        ValueError: It has another shape.
    """
    if values.shape != shape:
        raise ValueError(f"{what}: shape {tuple(values.shape)}, expected {tuple(shape)}")


def check_ids(ids: torch.Tensor, size: int, what: str) -> torch.Tensor:
    """Return whole numbers as int64; say which one lies outside 0 to size - 1.

    On an accelerator this waits for the numbers, which is the price of an error that has a name.

    Raises:
        TypeError: They are not whole numbers.
        ValueError: One lies outside.
    """
    if ids.is_floating_point() or ids.is_complex() or ids.dtype == torch.bool:
        raise TypeError(f"{what}: expected whole numbers, not {ids.dtype}")
    ids = ids.long()
    if compiling() or ids.numel() == 0:
        return ids
    lowest, highest = torch.aminmax(ids)
    for value in (int(lowest), int(highest)):
        if not 0 <= value < size:
            raise ValueError(f"{what}: {value} is outside 0..{size - 1}")
    return ids


def check_token_ids(ids: torch.Tensor, vocab_size: int) -> torch.Tensor:
    """Return ids as int64; say which one the model has no embedding for.

    Raises:
        TypeError: They are not whole numbers.
        ValueError: There is one; or the shape is not (B, L).
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


def check_length(length: int, longest: int) -> None:
    """Say that a sequence exceeds the model's context.

    Raises:
        ValueError: It does.
    """
    if length > longest:
        raise ValueError(
            f"a sequence of {length} tokens, expected at most {longest} "
            f"(max_position_embeddings); cut it: tokenizer(..., truncation='random', "
            f"max_length={longest}), or use encode_tokenized_cells, which draws a sample"
        )


def token_mask(attention_mask: torch.Tensor | None, shape: torch.Size) -> torch.Tensor | None:
    """Return what is a token as bool (B, L); None where all are.

    Args:
        attention_mask: 1 or True for tokens, 0 or False for padding, of any number type.
        shape: (B, L) of the input.

    Raises:
        ValueError: Another shape, or a mask of 0 and -inf that is meant to be added.
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
            "not a mask that is added to scores"
        )
    return attention_mask != 0
