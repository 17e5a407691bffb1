# SPDX-License-Identifier: BSD-2-Clause
"""The configuration of an Atacformer model, as published models have it in ``config.json``."""

from __future__ import annotations

from typing import Any

from transformers import PretrainedConfig


class AtacformerConfig(PretrainedConfig):  # type: ignore[misc]
    """What an Atacformer model is built from.

    The defaults are those of ``databio/atacformer-base-hg38``. Fields that are not known are kept.

    Args:
        vocab_size: Number of tokens: regions and special tokens.
        max_position_embeddings: The longest sequence, in tokens.
        hidden_size: Width of embeddings and layers.
        intermediate_size: Width of the feed-forward part of a layer.
        num_hidden_layers: Number of layers.
        num_attention_heads: Heads of a layer; they divide ``hidden_size``.
        pad_token_id: Id of ``<pad>``.
        eos_token_id: Id of ``<eos>``.
        bos_token_id: Id of ``<bos>``.
        cls_token_id: Id of ``<cls>``.
        sep_token_id: Id of ``<sep>``.
        **kwargs: Further fields, and what every ``PretrainedConfig`` takes.
    """

    model_type = "atacformer"

    def __init__(
        self,
        vocab_size: int = 890711,
        max_position_embeddings: int = 8192,
        hidden_size: int = 384,
        intermediate_size: int = 1536,
        num_hidden_layers: int = 6,
        num_attention_heads: int = 8,
        pad_token_id: int = 890705,
        eos_token_id: int = 890708,
        bos_token_id: int = 890709,
        cls_token_id: int = 890707,
        sep_token_id: int = 890710,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.max_position_embeddings = max_position_embeddings
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        super().__init__(
            pad_token_id=pad_token_id,
            eos_token_id=eos_token_id,
            bos_token_id=bos_token_id,
            cls_token_id=cls_token_id,
            sep_token_id=sep_token_id,
            **kwargs,
        )
