# SPDX-License-Identifier: BSD-2-Clause
"""The configuration of an Atacformer model, as published models have it in ``config.json``."""

from __future__ import annotations

from typing import Any, Protocol

from transformers import PretrainedConfig

from bedtok._core import ConfigError

# What the heads share with a tokenizer: whose ids are special tokens of which role.
_ROLES = ("pad", "eos", "bos", "cls", "sep")

# What fields may be.
_COUNTS = (
    "vocab_size",
    "max_position_embeddings",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "discriminator_hidden_size",
)
_ABOVE_ZERO = (
    "norm_eps",
    "initializer_range",
    "initializer_cutoff_factor",
    "triplet_margin",
    "triplet_p",
)
_PROBABILITIES = ("hidden_dropout", "attention_dropout", "embedding_dropout", "classifier_dropout")


class _Vocabulary(Protocol):
    """What a configuration takes from a tokenizer, of the core or of ``transformers``."""

    def __len__(self) -> int: ...


class AtacformerConfig(PretrainedConfig):  # type: ignore[misc]
    """What an Atacformer model is built from.

    The defaults are those of ``databio/atacformer-base-hg38``, and what geniml 0.8.4 has fixed in
    its code (dropout of 0.1, ReLU) is a field with that value. Fields that are not known are kept.

    Args:
        vocab_size: Number of tokens: regions and special tokens.
        max_position_embeddings: The longest sequence, in tokens.
        hidden_size: Width of embeddings and layers.
        intermediate_size: Width of the feed-forward part of a layer.
        num_hidden_layers: Number of layers.
        num_attention_heads: Heads of a layer; they divide ``hidden_size``.
        use_pos_embeddings: Whether learned positions are added to the embeddings. Regions have no
            order of reading, so they are not unless asked for.
        hidden_act: Activation of the feed-forward part, a name that ``transformers`` knows.
        hidden_dropout: Probability, 0 to 1, of dropping a value after the attention, the
            activation and the feed-forward part, in training.
        attention_dropout: The same for attention weights.
        embedding_dropout: The same for embeddings.
        norm_eps: Epsilon of layer norms.
        initializer_range: Standard deviation of new weights.
        initializer_cutoff_factor: New weights lie within so many standard deviations of 0.
        tie_word_embeddings: Whether ``AtacformerForMaskedLM`` predicts by the token embeddings.
        sparse_prediction: Whether ``AtacformerForMaskedLM`` computes logits for labelled tokens
            alone when it is given labels.
        discriminator_hidden_size: Width of the head that detects replaced tokens; None:
            ``hidden_size``.
        classifier_dropout: Dropout before the head of ``AtacformerForSequenceClassification``;
            None: ``hidden_dropout``.
        triplet_margin: How much farther than the positive the negative shall be, in the loss of
            ``AtacformerForCellClustering``.
        triplet_p: The norm of that loss's distances.
        num_batches: Number of batches (of an experiment, not of training) that
            ``AtacformerForUnsupervisedBatchCorrection`` tells apart; it needs one.
        lambda_adv: Weight of its loss for telling batches apart.
        grl_alpha: Factor of its reversed gradient.
        bc_unfreeze_last_n_layers: How many of its last layers train; None: all.
        pad_token_id: Id of ``<pad>``.
        eos_token_id: Id of ``<eos>``.
        bos_token_id: Id of ``<bos>``.
        cls_token_id: Id of ``<cls>``.
        sep_token_id: Id of ``<sep>``.
        **kwargs: Further fields, and what every ``PretrainedConfig`` takes (``num_labels`` ...).
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
        use_pos_embeddings: bool = False,
        hidden_act: str = "relu",
        hidden_dropout: float = 0.1,
        attention_dropout: float = 0.1,
        embedding_dropout: float = 0.0,
        norm_eps: float = 1e-5,
        initializer_range: float = 0.02,
        initializer_cutoff_factor: float = 2.0,
        tie_word_embeddings: bool = True,
        sparse_prediction: bool = True,
        discriminator_hidden_size: int | None = None,
        classifier_dropout: float | None = None,
        triplet_margin: float = 1.0,
        triplet_p: float = 2.0,
        num_batches: int | None = None,
        lambda_adv: float = 1.0,
        grl_alpha: float = 1.0,
        bc_unfreeze_last_n_layers: int | None = 2,
        pad_token_id: int | None = 890705,
        eos_token_id: int | None = 890708,
        bos_token_id: int | None = 890709,
        cls_token_id: int | None = 890707,
        sep_token_id: int | None = 890710,
        **kwargs: Any,
    ) -> None:
        self.vocab_size = vocab_size
        self.max_position_embeddings = max_position_embeddings
        self.hidden_size = hidden_size
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.use_pos_embeddings = use_pos_embeddings
        self.hidden_act = hidden_act
        self.hidden_dropout = hidden_dropout
        self.attention_dropout = attention_dropout
        self.embedding_dropout = embedding_dropout
        self.norm_eps = norm_eps
        self.initializer_range = initializer_range
        self.initializer_cutoff_factor = initializer_cutoff_factor
        self.sparse_prediction = sparse_prediction
        self.discriminator_hidden_size = discriminator_hidden_size
        self.classifier_dropout = classifier_dropout
        self.triplet_margin = triplet_margin
        self.triplet_p = triplet_p
        self.num_batches = num_batches
        self.lambda_adv = lambda_adv
        self.grl_alpha = grl_alpha
        self.bc_unfreeze_last_n_layers = bc_unfreeze_last_n_layers
        super().__init__(
            pad_token_id=pad_token_id,
            eos_token_id=eos_token_id,
            bos_token_id=bos_token_id,
            cls_token_id=cls_token_id,
            sep_token_id=sep_token_id,
            tie_word_embeddings=tie_word_embeddings,
            **kwargs,
        )

    @classmethod
    def from_tokenizer(cls, tokenizer: _Vocabulary, **fields: Any) -> AtacformerConfig:
        """Return the configuration of a new model for the vocabulary of a tokenizer.

        Args:
            tokenizer: A ``Tokenizer`` or ``AtacformerTokenizer``: gives ``vocab_size`` and the ids
                of special tokens.
            **fields: The other fields.

        Example:
            >>> AtacformerConfig.from_tokenizer(tokenizer, hidden_size=192, intermediate_size=768)
        """
        ids = {f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in _ROLES}
        return cls(**{"vocab_size": len(tokenizer), **ids, **fields})

    def check(self) -> None:
        """Say what no model can be built from.

        Models ask when they are constructed, not the configuration itself: a published file with
        a wrong field may still be read and mended.

        Raises:
            ConfigError: A field is out of its range, or two do not fit.
        """
        for name in _COUNTS:
            value = getattr(self, name)
            if name == "discriminator_hidden_size" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name} is {value!r}, expected a whole number of at least 1")
        for name in _ABOVE_ZERO:
            value = getattr(self, name)
            if not isinstance(value, (int, float)) or not value > 0:
                raise ConfigError(f"{name} is {value!r}, expected more than 0")
        if self.hidden_size % self.num_attention_heads != 0:
            raise ConfigError(
                f"hidden_size is {self.hidden_size}, expected a multiple of "
                f"num_attention_heads, {self.num_attention_heads}"
            )
        if self.pad_token_id is not None and not 0 <= self.pad_token_id < self.vocab_size:
            raise ConfigError(
                f"pad_token_id is {self.pad_token_id}, outside the vocabulary "
                f"(0..{self.vocab_size - 1}); AtacformerConfig.from_tokenizer(tokenizer) takes "
                "vocab_size and the ids of special tokens from a tokenizer"
            )
        for name in _PROBABILITIES:
            value = getattr(self, name)
            if value is None and name == "classifier_dropout":
                continue
            if not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ConfigError(f"{name} is {value!r}, expected 0 to 1")
