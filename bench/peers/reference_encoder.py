# SPDX-License-Identifier: BSD-2-Clause
"""PyTorch's own encoder, put together as geniml 0.8.4 does: the peer of the suite ``models``.

Post-norm layers, ReLU, nested tensors where PyTorch chooses them, and embeddings of cells batch by
batch in the order given. geniml itself does not construct on transformers 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn


class ReferenceEncoder(nn.Module):
    """``nn.TransformerEncoder`` on embeddings of tokens, with the weights of one of ours.

    Args:
        model: An ``AtacformerModel``.
        dropout: Of values and of attention weights.
    """

    def __init__(self, model: Any, dropout: float) -> None:
        super().__init__()
        config = model.config
        self.pad = config.pad_token_id
        self.embeddings = nn.Embedding(
            config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id
        )
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(
                config.hidden_size,
                config.num_attention_heads,
                config.intermediate_size,
                dropout=dropout,
                batch_first=True,
            ),
            config.num_hidden_layers,
        )
        self.embeddings.load_state_dict(model.embeddings.token_embeddings.state_dict())
        self.encoder.load_state_dict(model.encoder.state_dict())

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return (B, L, hidden) for ids and a bool mask of (B, L)."""
        hidden: torch.Tensor = self.encoder(
            self.embeddings(input_ids), src_key_padding_mask=~attention_mask
        )
        return hidden

    @torch.no_grad()
    def encode_tokenized_cells(
        self, cells: Sequence[Sequence[int]], batch_size: int = 16
    ) -> torch.Tensor:
        """Return the mean over each cell's tokens, (cells, hidden)."""
        means = []
        for start in range(0, len(cells), batch_size):
            rows = [torch.tensor(cell) for cell in cells[start : start + batch_size]]
            ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.pad)
            mask = ids != self.pad
            total = (self(ids, mask) * mask[..., None]).sum(dim=1)
            means.append(total / mask.sum(dim=1, keepdim=True))
        return torch.cat(means)
