# SPDX-License-Identifier: BSD-2-Clause
"""Pooling: the hidden states of a cell's tokens to the embedding of the cell."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


def mean_of_tokens(hidden: torch.Tensor, attention_mask: torch.Tensor | None) -> torch.Tensor:
    """Return the mean over tokens, shape (B, hidden), of (B, L, hidden); zeros without tokens."""
    # In float32 at least: in 16 bits a sum over thousands of tokens loses digits or overflows.
    wide = torch.promote_types(hidden.dtype, torch.float32)
    if attention_mask is None:
        total = hidden.sum(dim=1, dtype=wide)
        return (total / max(hidden.shape[1], 1)).to(hidden.dtype)
    tokens = attention_mask != 0
    total = hidden.masked_fill(~tokens[..., None], 0).sum(dim=1, dtype=wide)
    return (total / tokens.sum(dim=1, keepdim=True).clamp(min=1)).to(hidden.dtype)


def weighted_sum_of_tokens(
    hidden: torch.Tensor, weights: torch.Tensor, attention_mask: torch.Tensor | None
) -> torch.Tensor:
    """Return the sum of weighted tokens divided by the length of the weights' vector.

    With the inverse document frequency as weights and token embeddings as hidden states this is
    the row of the cell in a matrix of TF-IDF, scaled to unit length, times the embeddings. Other
    than in a mean, a cell with more tokens is farther from zero.

    Args:
        hidden: Shape (B, L, hidden), finite, as models return it: zeros in padding.
        weights: Weight of each token, 0 or more, shape (B, L).
        attention_mask: Shape (B, L), 0 for padding; None: all are tokens.

    Returns:
        Shape (B, hidden); zeros for a cell without tokens of a weight above 0.
    """
    wide = torch.promote_types(hidden.dtype, torch.float32)
    weights = weights.to(wide)
    if attention_mask is not None:
        weights = weights.masked_fill(attention_mask == 0, 0)
    length = weights.pow(2).sum(dim=1, keepdim=True).sqrt()
    total = torch.bmm(weights[:, None], hidden.to(wide)).squeeze(1)
    return (total / length.where(length > 0, 1.0)).to(hidden.dtype)


def weighted_sum_of_embeddings(
    table: nn.Embedding,
    token_weights: torch.Tensor,
    input_ids: torch.Tensor,
    tokens: torch.Tensor,
) -> torch.Tensor:
    """Return what ``weighted_sum_of_tokens`` returns for token embeddings as hidden states.

    Embeddings are added as they are read, not stored for each token and each padding first.

    Args:
        table: The token embeddings, float32 or float64.
        token_weights: Shape (vocab_size,).
        input_ids: int64 of shape (B, L).
        tokens: bool of shape (B, L), False for padding.
    """
    counts = tokens.sum(dim=1)
    ids = input_ids[tokens]
    weights = token_weights.to(table.weight.dtype)[ids]
    total = F.embedding_bag(
        ids,
        table.weight,
        counts.cumsum(0) - counts,
        mode="sum",
        per_sample_weights=weights,
    )
    rows = torch.repeat_interleave(torch.arange(len(counts), device=ids.device), counts)
    length = weights.new_zeros(len(counts)).index_add(0, rows, weights.pow(2)).sqrt()[:, None]
    return total / length.where(length > 0, 1.0)


class CellPooling(nn.Module):  # type: ignore[misc]
    """The pooling of ``config.pooling``; ``weighted`` has a weight for each token.

    Args:
        config: The model's configuration.

    Attributes:
        token_weights: float32, shape (vocab_size,), saved with the model; only with ``weighted``.
            In a new model 1 for every token.
    """

    token_weights: torch.Tensor

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.weighted = config.pooling == "weighted"
        if self.weighted:
            self.register_buffer("token_weights", torch.ones(config.vocab_size))

    def resize(self, vocab_size: int) -> None:
        """Cut the weights, or append zeros: tokens that are added are special."""
        if self.weighted:
            old = self.token_weights
            new = old.new_zeros(vocab_size)
            new[: len(old)] = old[:vocab_size]
            self.token_weights = new

    def forward(
        self,
        hidden: torch.Tensor,
        attention_mask: torch.Tensor | None,
        input_ids: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return embeddings of cells, shape (B, hidden).

        Args:
            hidden: Shape (B, L, hidden).
            attention_mask: Shape (B, L), 0 for padding; None: all are tokens.
            input_ids: Shape (B, L); needed for weights.

        Raises:
            ValueError: ``weighted``, and there are no ids.
        """
        if not self.weighted:
            return mean_of_tokens(hidden, attention_mask)
        if input_ids is None:
            raise ValueError(
                "inputs_embeds without input_ids: pooling='weighted' has a weight for each id; "
                "pass input_ids"
            )
        weights = self.token_weights.to(hidden.device)[input_ids.to(hidden.device)]
        return weighted_sum_of_tokens(hidden, weights, attention_mask)
