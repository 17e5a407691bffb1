# SPDX-License-Identifier: BSD-2-Clause
"""Embeddings and encoder layers of Atacformer.

Parameters have the names of ``torch.nn.TransformerEncoder``, with which the published checkpoints
were made, so that they load without conversion.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers.activations import ACT2FN
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from bedtok._core import ConfigError
from bedtok.atacformer._packing import Packing
from bedtok.atacformer.configuration_atacformer import AtacformerConfig

# Weighted values (B, L, heads, width) and the weights, if the function returns them.
Attended = tuple[torch.Tensor, "torch.Tensor | None"]


def eager_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **kwargs: Any,
) -> Attended:
    """Compute attention explicitly, the only implementation that returns its weights.

    Args:
        module: The attention module.
        query: Shape (B, heads, L, head size).
        key: Shape (B, heads, L, head size).
        value: Shape (B, heads, L, head size).
        attention_mask: Added to the scores, shape (B, 1, 1, L), or None.
        dropout: Dropout probability of the weights.
        scaling: Factor of the scores; None: 1 / sqrt(head size).
        **kwargs: Keywords of other attention functions of ``transformers``; ignored.

    Returns:
        Values, shape (B, L, heads, head size), and weights, (B, heads, L, L).
    """
    scores = (
        query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scaling is None else scaling)
    )
    if attention_mask is not None:
        scores = scores + attention_mask
    # In float32 at least, as in the fused functions: in 16 bits a sum over thousands of tokens
    # loses digits.
    wide = torch.promote_types(query.dtype, torch.float32)
    weights = scores.softmax(dim=-1, dtype=wide).to(query.dtype)
    weights = F.dropout(weights, p=dropout, training=module.training)
    return (weights @ value).transpose(1, 2), weights


class AtacformerEmbeddings(nn.Module):  # type: ignore[misc]
    """Token embeddings, with positions if the configuration has them."""

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        self.token_embeddings = nn.Embedding(
            config.vocab_size, config.hidden_size, padding_idx=config.pad_token_id
        )
        # Published checkpoints have positions whether the model uses them or not. Unused ones are
        # frozen: a parameter without a gradient is an error in distributed training.
        self.position_embeddings = nn.Embedding(config.max_position_embeddings, config.hidden_size)
        self.uses_positions = config.use_pos_embeddings
        self.dropout = nn.Dropout(config.embedding_dropout)

    def freeze(self) -> None:
        """Freeze the positions if they are not used."""
        if not self.uses_positions:
            self.position_embeddings.requires_grad_(False)

    def forward(self, input_ids: torch.Tensor | None, embeds: torch.Tensor | None) -> torch.Tensor:
        """Return hidden states (B, L, hidden) for ids (B, L) or for embeddings (B, L, hidden)."""
        x = self.token_embeddings(input_ids) if embeds is None else embeds
        if self.uses_positions:
            x = x + self.position_embeddings.weight[: x.shape[1]].to(x.dtype)
        result: torch.Tensor = self.dropout(x)
        return result


class AtacformerAttention(nn.Module):  # type: ignore[misc]
    """Multi-head self-attention."""

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        self.config = config
        self.num_heads = config.num_attention_heads
        self.head_width = config.hidden_size // config.num_attention_heads
        self.dropout = config.attention_dropout
        self.is_causal = False  # read by attention functions of transformers
        hidden = config.hidden_size
        self.in_proj_weight = nn.Parameter(torch.empty(3 * hidden, hidden))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * hidden))
        self.out_proj = nn.Linear(hidden, hidden)

    def forward(
        self,
        hidden: torch.Tensor,
        mask: torch.Tensor | None,
        packing: Packing | None,
        eager: bool = False,
    ) -> Attended:
        """Return the output, shaped like ``hidden``, and the weights or None.

        Args:
            hidden: Shape (B, L, hidden), or packed (tokens, hidden).
            mask: Mask for the attention function; None if all are tokens or packed.
            packing: The packing of ``hidden``, or None.
            eager: Compute attention explicitly, whatever the configuration has.
        """
        projected = F.linear(hidden, self.in_proj_weight, self.in_proj_bias)
        if packing is None:
            attended, weights = self._attend(projected, mask, eager)
        else:
            parts = [self._attend(part[None], None)[0][0] for part in packing.split(projected)]
            attended, weights = (
                torch.cat(parts) if parts else projected[:, : hidden.shape[-1]],
                None,
            )
        return self.out_proj(attended), weights

    def _attend(
        self, projected: torch.Tensor, mask: torch.Tensor | None, eager: bool = False
    ) -> Attended:
        rows, length, _ = projected.shape
        heads = (self.num_heads, self.head_width)
        query, key, value = projected.view(rows, length, 3, *heads).permute(2, 0, 3, 1, 4).unbind(0)
        # Other functions fail on empty input.
        function = eager_attention if eager or projected.numel() == 0 else self._function()
        attended, weights = function(
            self,
            query,
            key,
            value,
            mask,
            dropout=self.dropout if self.training else 0.0,
            scaling=self.head_width**-0.5,
            is_causal=False,
        )
        return attended.reshape(rows, length, self.num_heads * self.head_width), weights

    def _function(self) -> Callable[..., Attended]:
        name = self.config._attn_implementation
        if name in (None, "eager"):
            return eager_attention
        function: Callable[..., Attended] = ALL_ATTENTION_FUNCTIONS[name]
        return function


class AtacformerLayer(GradientCheckpointingLayer):  # type: ignore[misc]
    """An encoder layer: attention and feed-forward, each with residual and layer norm."""

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.self_attn = AtacformerAttention(config)
        self.linear1 = nn.Linear(hidden, config.intermediate_size)
        self.linear2 = nn.Linear(config.intermediate_size, hidden)
        self.norm1 = nn.LayerNorm(hidden, eps=config.norm_eps)
        self.norm2 = nn.LayerNorm(hidden, eps=config.norm_eps)
        if config.hidden_act not in ACT2FN:
            raise ConfigError(
                f"hidden_act is {config.hidden_act!r}, expected an activation of transformers: "
                + ", ".join(sorted(ACT2FN))
            )
        self.activation = ACT2FN[config.hidden_act]
        self.dropout = nn.Dropout(config.hidden_dropout)

    def forward(
        self,
        hidden: torch.Tensor,
        mask: torch.Tensor | None = None,
        packing: Packing | None = None,
        eager: bool = False,
    ) -> Attended:
        """Return the output, shaped like ``hidden``, and the attention weights or None."""
        attended, weights = self.self_attn(hidden, mask, packing, eager)
        hidden = self.norm1(hidden + self.dropout(attended))
        inner = self.dropout(self.activation(self.linear1(hidden)))
        return self.norm2(hidden + self.dropout(self.linear2(inner))), weights


class AtacformerEncoder(nn.Module):  # type: ignore[misc]
    """The stack of layers."""

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            AtacformerLayer(config) for _ in range(config.num_hidden_layers)
        )

    def forward(
        self,
        hidden: torch.Tensor,
        mask: torch.Tensor | None,
        packing: Packing | None,
        keep: Callable[[torch.Tensor], torch.Tensor] | None = None,
        attentions: list[torch.Tensor | None] | None = None,
        eager: bool = False,
    ) -> torch.Tensor:
        """Return the output of the last layer, shaped like ``hidden``.

        Args:
            hidden: Shape (B, L, hidden), or packed (tokens, hidden).
            mask: Mask for the attention function; None if all are tokens or packed.
            packing: The packing of ``hidden``, or None.
            keep: Called with the input of each layer; returns what the layer gets in its place.
            attentions: The weights of each layer are appended to this list; None: they are not
                kept.
            eager: Compute attention explicitly, whatever the configuration has.
        """
        if (
            self.training
            and not hidden.requires_grad
            and any(layer.gradient_checkpointing for layer in self.layers)
        ):
            # The embeddings are frozen. Reentrant checkpointing, the default of transformers 4,
            # computes no gradients for a layer whose input requires none.
            hidden = hidden.detach().requires_grad_()
        for layer in self.layers:
            if keep is not None:
                hidden = keep(hidden)
            hidden, weights = layer(hidden, mask, packing, eager)
            if attentions is not None:
                attentions.append(weights)
        return hidden
