# SPDX-License-Identifier: BSD-2-Clause
"""The configuration of an Atacformer model, compatible with published ``config.json`` files."""

from __future__ import annotations

import math
from typing import Any, Protocol

from transformers import PretrainedConfig

from bedtok._core import ConfigError

# Roles of special tokens whose ids are part of the configuration.
_ROLES = ("pad", "eos", "bos", "cls", "sep")

_WIDTHS_OR_NONE = ("discriminator_hidden_size", "batch_head_hidden_size")
_COUNTS = (
    "vocab_size",
    "max_position_embeddings",
    "hidden_size",
    "intermediate_size",
    "num_attention_heads",
    *_WIDTHS_OR_NONE,
)
_ABOVE_ZERO = (
    "norm_eps",
    "initializer_range",
    "initializer_cutoff_factor",
    "triplet_margin",
    "triplet_p",
)
_PROBABILITIES = (
    *("hidden_dropout", "attention_dropout", "embedding_dropout", "classifier_dropout"),
    "label_smoothing",
)
POOLINGS = ("mean", "weighted")


class _Vocabulary(Protocol):
    """The part of a ``Tokenizer`` or ``AtacformerTokenizer`` that ``from_tokenizer`` uses."""

    def __len__(self) -> int: ...


class AtacformerConfig(PretrainedConfig):  # type: ignore[misc]
    """Configuration of an Atacformer model.

    The defaults are those of ``databio/atacformer-base-hg38``; values that geniml 0.8.4 hard-codes
    (dropout of 0.1, ReLU) are fields with that default. Unknown fields are kept.

    Args:
        vocab_size: Number of tokens: regions and special tokens.
        max_position_embeddings: Context: maximum length of a sequence, in tokens.
        hidden_size: Size of embeddings and hidden states.
        intermediate_size: Size of the feed-forward layer.
        num_hidden_layers: Number of layers; 0: none, so that the tokens of a cell do not see each
            other, and a classifier is linear in its tokens.
        num_attention_heads: Number of attention heads; it divides ``hidden_size``.
        use_pos_embeddings: Whether learned position embeddings are added. Regions are a set, so
            the default is False.
        hidden_act: Activation of the feed-forward layer, a name known to ``transformers``.
        hidden_dropout: Dropout probability after the attention, the activation and the
            feed-forward layer, 0 to 1.
        attention_dropout: Dropout probability of attention weights.
        embedding_dropout: Dropout probability of embeddings.
        norm_eps: Epsilon of layer norms.
        initializer_range: Standard deviation of new weights.
        initializer_cutoff_factor: New weights are truncated at this many standard deviations.
        tie_word_embeddings: Whether the output layer of ``AtacformerForMaskedLM`` shares the token
            embeddings.
        sparse_prediction: Whether ``AtacformerForMaskedLM`` keeps few logits in memory when it gets
            labels: none in training; in evaluation all up to 512 MiB, else those of labelled
            tokens.
        discriminator_hidden_size: Hidden size of the head for replaced token detection; None:
            ``hidden_size``.
        classifier_dropout: Dropout before the head of ``AtacformerForSequenceClassification``;
            None: ``hidden_dropout``.
        label_smoothing: Share of the target that its loss spreads over all classes, 0 to 1.
        class_weights: Factor of its loss for cells of each class, numbers above 0; None: all 1.
            ``balanced_class_weights`` computes them.
        pooling: How the tokens of a cell become its embedding: ``"mean"``, as in the published
            models, or ``"weighted"``, the sum of weighted tokens divided by the length of the
            weights' vector, as in TF-IDF. ``initialize_from_cells`` computes the weights.
        triplet_margin: Margin of the triplet loss of ``AtacformerForCellClustering``.
        triplet_p: Norm of its distances.
        num_batches: Number of experimental batches, required by
            ``AtacformerForUnsupervisedBatchCorrection``.
        lambda_adv: Weight of its loss of batch prediction.
        grl_alpha: Factor of its gradient reversal. ``GradientReversalCallback`` lets it rise.
        batch_head_hidden_size: Size of a hidden layer of its head that predicts batches; None: the
            head is linear, as in the published models, which suffices for batches that differ by a
            shift of their cells.
        lambda_reference: Weight of its loss of the distance to ``reference_embeddings``, if these
            are given.
        bc_unfreeze_last_n_layers: Number of its last layers to train; None: all.
        pad_token_id: Id of ``<pad>``.
        eos_token_id: Id of ``<eos>``.
        bos_token_id: Id of ``<bos>``.
        cls_token_id: Id of ``<cls>``.
        sep_token_id: Id of ``<sep>``.
        **kwargs: Further fields, and keywords of ``PretrainedConfig`` (``num_labels`` ...).
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
        label_smoothing: float = 0.0,
        class_weights: list[float] | None = None,
        pooling: str = "mean",
        triplet_margin: float = 1.0,
        triplet_p: float = 2.0,
        num_batches: int | None = None,
        lambda_adv: float = 1.0,
        grl_alpha: float = 1.0,
        batch_head_hidden_size: int | None = None,
        lambda_reference: float = 1.0,
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
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.pooling = pooling
        self.triplet_margin = triplet_margin
        self.triplet_p = triplet_p
        self.num_batches = num_batches
        self.lambda_adv = lambda_adv
        self.grl_alpha = grl_alpha
        self.batch_head_hidden_size = batch_head_hidden_size
        self.lambda_reference = lambda_reference
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
            tokenizer: A ``Tokenizer`` or ``AtacformerTokenizer``, which determines ``vocab_size``
                and the ids of special tokens.
            **fields: Other fields.

        Example:
            >>> AtacformerConfig.from_tokenizer(tokenizer, hidden_size=192, intermediate_size=768)
        """
        ids = {f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in _ROLES}
        return cls(**{"vocab_size": len(tokenizer), **ids, **fields})

    def check(self) -> None:
        """Check that a model can be built.

        Models call it when they are constructed; the configuration itself does not, so that a
        published file with a wrong field can still be read and corrected.

        Raises:
            ConfigError: A field is out of range, or two fields do not fit.
        """
        for name in _COUNTS:
            value = getattr(self, name)
            if name in _WIDTHS_OR_NONE and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ConfigError(f"{name} is {value!r}, expected a whole number of at least 1")
        layers = self.num_hidden_layers
        if isinstance(layers, bool) or not isinstance(layers, int) or layers < 0:
            raise ConfigError(
                f"num_hidden_layers is {layers!r}, expected a whole number, 0 or more"
            )
        if self.pooling not in POOLINGS:
            raise ConfigError(
                f"pooling is {self.pooling!r}, expected one of: {', '.join(POOLINGS)}"
            )
        self._check_class_weights()
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

    def _check_class_weights(self) -> None:
        weights = self.class_weights
        if weights is None:
            return
        numbers = isinstance(weights, list) and all(
            isinstance(weight, (int, float)) and 0 < weight < math.inf for weight in weights
        )
        if not numbers or len(weights) != self.num_labels:
            raise ConfigError(
                f"class_weights is {weights!r:.60}, expected a list of {self.num_labels} numbers "
                "above 0, one for each class of num_labels"
            )
