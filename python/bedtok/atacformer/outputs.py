# SPDX-License-Identifier: BSD-2-Clause
"""Model outputs that ``transformers`` has no class for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers.utils import ModelOutput


@dataclass
class CellEmbeddingOutput(ModelOutput):  # type: ignore[misc]
    """Cell embeddings.

    Attributes:
        cell_embeddings: Shape (B, hidden): the mean over a cell's tokens, zeros if it has none.
        last_hidden_state: Shape (B, L, hidden), zeros in padding.
        hidden_states: Embeddings and the output of each layer, (B, L, hidden) each; if requested.
        attentions: Weights of each layer, (B, heads, L, L) each; if requested.
    """

    cell_embeddings: torch.FloatTensor | None = None
    last_hidden_state: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


@dataclass
class TripletOutput(ModelOutput):  # type: ignore[misc]
    """Cell embeddings of triplets and their loss.

    Attributes:
        loss: Shape (): the mean of max(0, d(anchor, positive) - d(anchor, negative) + margin).
        anchor_embeddings: Shape (B, hidden).
        positive_embeddings: Shape (B, hidden): cells of the anchors' labels.
        negative_embeddings: Shape (B, hidden): cells of other labels.
    """

    loss: torch.FloatTensor | None = None
    anchor_embeddings: torch.FloatTensor | None = None
    positive_embeddings: torch.FloatTensor | None = None
    negative_embeddings: torch.FloatTensor | None = None


@dataclass
class BatchCorrectionOutput(ModelOutput):  # type: ignore[misc]
    """Logits of replaced tokens and batches, and cell embeddings.

    Attributes:
        loss: Shape (): loss of replaced tokens plus ``lambda_adv`` times that of batches plus
            ``lambda_reference`` times the distance to the reference; those that were given.
        logits: Shape (B, L): above 0 where a token looks replaced.
        batch_logits: Shape (B, num_batches).
        cell_embeddings: Shape (B, hidden): the mean over a cell's tokens.
        hidden_states: Embeddings and the output of each layer, (B, L, hidden) each; if requested.
        attentions: Weights of each layer, (B, heads, L, L) each; if requested.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    batch_logits: torch.FloatTensor | None = None
    cell_embeddings: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None
