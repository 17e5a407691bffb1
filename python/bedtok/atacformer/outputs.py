# SPDX-License-Identifier: BSD-2-Clause
"""What models return that ``transformers`` has no class for."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from transformers.utils import ModelOutput


@dataclass
class CellEmbeddingOutput(ModelOutput):  # type: ignore[misc]
    """One vector a cell.

    Attributes:
        cell_embeddings: Shape (B, hidden): the mean over a cell's tokens, zeros without one.
        last_hidden_state: Shape (B, L, hidden), zeros in padding.
        hidden_states: Embeddings and the output of each layer, (B, L, hidden) each; on request.
        attentions: Weights of each layer, (B, heads, L, L) each; on request.
    """

    cell_embeddings: torch.FloatTensor | None = None
    last_hidden_state: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None


@dataclass
class TripletOutput(ModelOutput):  # type: ignore[misc]
    """One vector for each cell of triplets, and how well they are apart.

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
    """Replaced tokens, batches and embeddings.

    Attributes:
        loss: Shape (): loss of replaced tokens plus ``lambda_adv`` times that of batches, or the
            one whose labels were given.
        logits: Shape (B, L): above 0 where a token looks replaced.
        batch_logits: Shape (B, num_batches).
        cell_embeddings: Shape (B, hidden): the mean over a cell's tokens.
        hidden_states: Embeddings and the output of each layer, (B, L, hidden) each; on request.
        attentions: Weights of each layer, (B, heads, L, L) each; on request.
    """

    loss: torch.FloatTensor | None = None
    logits: torch.FloatTensor | None = None
    batch_logits: torch.FloatTensor | None = None
    cell_embeddings: torch.FloatTensor | None = None
    hidden_states: tuple[torch.FloatTensor, ...] | None = None
    attentions: tuple[torch.FloatTensor, ...] | None = None
