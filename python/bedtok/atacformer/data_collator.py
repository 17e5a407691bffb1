# SPDX-License-Identifier: BSD-2-Clause
"""Data collators for training on regions."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DataCollatorForLanguageModeling

from bedtok._core import ConfigError
from bedtok._labels import IGNORED
from bedtok.atacformer._base_collator import (
    RegionCollator,
    RegionTokenizer,
    feature_value,
    warn_of_no_region,
)
from bedtok.atacformer._random import RegionDistribution


class DataCollatorForRegionModeling(DataCollatorForLanguageModeling):  # type: ignore[misc]
    """``DataCollatorForLanguageModeling`` that replaces tokens only by regions.

    The collator of ``transformers`` replaces some of the chosen tokens (one in ten by default) by
    any of ``len(tokenizer)`` tokens, special tokens included. Here a special token that was drawn
    is replaced by a random region, except the mask token, which counts as masked. The arguments are
    those of the base class.
    """

    def torch_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return masked inputs and labels, int64 tensors (B, L)."""
        warn_of_no_region(self, inputs)
        inputs, labels = super().torch_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        # The generator of a collator with a seed; older versions have no such attribute.
        generator = getattr(self, "generator", None)
        regions = self.tokenizer.num_regions
        inputs[drawn] = torch.randint(
            regions, (int(drawn.sum()),), dtype=inputs.dtype, generator=generator
        )
        return inputs, labels

    def numpy_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return masked inputs and labels, int64 arrays (B, L)."""
        warn_of_no_region(self, inputs)
        inputs, labels = super().numpy_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        generator = getattr(self, "generator", None) or np.random.default_rng()
        inputs[drawn] = generator.integers(self.tokenizer.num_regions, size=int(drawn.sum()))
        return inputs, labels

    def _special(self, inputs: Any) -> Any:
        """Return where inputs have a special token other than the mask."""
        return (inputs >= self.tokenizer.num_regions) & (inputs != self.tokenizer.mask_token_id)


class DataCollatorForReplacedTokenDetection(RegionCollator):
    """Collate batches for replaced token detection: inputs with some tokens replaced, and labels.

    Only ``input_ids`` of a sample is read: a list, an array or a tensor, as the tokenizer returns
    it; padding in it is dropped. A batch has int64 tensors of shape (B, L): ``input_ids``;
    ``attention_mask``, 1 for tokens and 0 for padding; ``labels``, 1 for replaced tokens, 0 for
    original tokens, -100 for special tokens and padding. Special tokens are neither replaced nor
    drawn. The label of a token that was replaced by itself is 0.

    Args:
        tokenizer: A ``Tokenizer`` or ``AtacformerTokenizer``.
        mlm_probability: Probability of replacing a token, 0 to 1.
        seed: 0 to 2**64 - 1, or None. With a seed, call ``set_epoch`` before each epoch; with
            Trainer, pass ``callbacks=[SetEpochCallback()]``. A batch then depends only on the seed,
            the epoch and its samples, so that a training resumed from a checkpoint is the same as
            an uninterrupted one, with or without workers of a DataLoader. Until ``set_epoch`` is
            called, batches also depend on the number of calls, and in workers on PyTorch's global
            generator: they differ between epochs, but a resumed training is not the same. None
            draws from PyTorch's global generator; Trainer restores its state from a checkpoint, but
            its loaders fetch a batch ahead, so that a training resumed in the middle of an epoch is
            not the same.
        token_probabilities: Weights of the tokens to draw, counts or probabilities, shape
            (num_regions,) or (vocab_size,); those of special tokens are ignored. None: uniform.
        max_length: Maximum number of tokens of a sample; longer samples are subsampled, as by
            ``truncation="random"``: special tokens stay, the others keep their order, none is
            drawn twice. None: no maximum.
        pad_to_multiple_of: Pad to the next multiple of this length.

    Raises:
        ConfigError, TypeError: An argument is out of range or has another type.

    Example:
        >>> collator = DataCollatorForReplacedTokenDetection(tokenizer, mlm_probability=0.45)
        >>> batch = collator([tokenizer(sample) for sample in samples])
        >>> AtacformerForReplacedTokenDetection(config)(**batch).loss

    Source: the collator of that name in ``geniml.atacformer``, which only draws uniformly.
    """

    def __init__(
        self,
        tokenizer: RegionTokenizer,
        mlm_probability: float = 0.15,
        seed: int | None = None,
        *,
        token_probabilities: Any = None,
        max_length: int | None = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        super().__init__(tokenizer, max_length, seed, pad_to_multiple_of)
        if not 0 <= mlm_probability <= 1:
            raise ConfigError(f"mlm_probability is {mlm_probability}, expected 0 to 1")
        self.mlm_probability = mlm_probability
        self._distribution = RegionDistribution(
            tokenizer.num_regions, tokenizer.vocab_size, token_probabilities, "token_probabilities"
        )

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return one batch.

        Args:
            features: The samples, with ``input_ids``.

        Raises:
            ConfigError: A sample has no ``input_ids``. TypeError: Ids are not integers.
        """
        original, attention_mask, generator = self._collate(features, "input_ids")
        special = original >= self.tokenizer.num_regions
        chosen = torch.rand(original.shape, generator=generator) < self.mlm_probability
        chosen &= ~special
        input_ids = original.clone()
        input_ids[chosen] = self._distribution.draw(int(chosen.sum()), generator)
        labels = (input_ids != original).long().masked_fill_(special, IGNORED)
        return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}


class DataCollatorForUnsupervisedBatchCorrection(DataCollatorForReplacedTokenDetection):
    """Collate batches for replaced token detection with the experimental batch of each cell.

    Samples also have ``batch_id`` or ``batch_labels``, 0 or more, or -100 if unknown; a batch has
    it as ``batch_labels``, int64 of shape (B,). Trainer removes columns that the model's
    ``forward`` does not name: call the column ``batch_labels``, or pass
    ``remove_unused_columns=False``. If the samples have ``reference_embeddings``, a vector each,
    a batch has them as float32 of shape (B, hidden).

    Args:
        tokenizer: As in ``DataCollatorForReplacedTokenDetection``.
        max_position_embeddings: Its ``max_length``.
        mlm_probability: As there.
        seed: As there.
        token_probabilities: As there.
        pad_to_multiple_of: As there.

    Raises:
        ConfigError, TypeError: An argument is out of range or has another type.

    Source: the collator of that name in ``geniml.atacformer``.
    """

    _length_name = "max_position_embeddings"

    def __init__(
        self,
        tokenizer: RegionTokenizer,
        max_position_embeddings: int | None = None,
        mlm_probability: float = 0.15,
        seed: int | None = None,
        *,
        token_probabilities: Any = None,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        super().__init__(
            tokenizer,
            mlm_probability,
            seed,
            token_probabilities=token_probabilities,
            max_length=max_position_embeddings,
            pad_to_multiple_of=pad_to_multiple_of,
        )

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return one batch.

        Args:
            features: The samples, with ``input_ids``, ``batch_labels`` or ``batch_id``, and
                perhaps ``reference_embeddings``.

        Raises:
            ConfigError, TypeError: As in the base class, and for ``batch_id``; some samples have
                reference embeddings and others none, or of another width.
        """
        batch = super().__call__(features)
        labels = [_batch_number(feature, i) for i, feature in enumerate(features)]
        batch["batch_labels"] = torch.tensor(labels, dtype=torch.int64)
        if any("reference_embeddings" in feature for feature in features):
            batch["reference_embeddings"] = _references(features)
        return batch


class DataCollatorForTripletLoss(RegionCollator):
    """Collate batches of triplets: an anchor, a cell of its label and a cell of another label.

    Samples have ``input_ids_anchor``, ``input_ids_positive`` and ``input_ids_negative``, as in
    ``TripletDataset``. A batch has each as an int64 tensor (B, L), where L is the length of the
    longest cell of that column, and ``attention_mask_anchor`` and so on, 1 for tokens, 0 for
    padding.

    Args:
        tokenizer: A ``Tokenizer`` or ``AtacformerTokenizer``.
        max_position_embeddings: Maximum number of tokens of a cell, the ``max_length`` of
            ``DataCollatorForReplacedTokenDetection``.
        seed: Seed of the subsampling; see ``DataCollatorForReplacedTokenDetection``.
        pad_to_multiple_of: Pad to the next multiple of this length.

    Raises:
        ConfigError, TypeError: An argument is out of range or has another type.

    Source: the collator of that name in ``geniml.atacformer``.
    """

    _length_name = "max_position_embeddings"

    def __init__(
        self,
        tokenizer: RegionTokenizer,
        max_position_embeddings: int | None = None,
        seed: int | None = None,
        *,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        super().__init__(tokenizer, max_position_embeddings, seed, pad_to_multiple_of)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return one batch.

        Args:
            features: The samples, as a ``TripletDataset`` has them.

        Raises:
            ConfigError: A sample lacks one of the three. TypeError: Ids are not integers.
        """
        batch = {}
        for role in ("anchor", "positive", "negative"):
            ids, mask, _ = self._collate(features, f"input_ids_{role}")
            batch[f"input_ids_{role}"], batch[f"attention_mask_{role}"] = ids, mask
        return batch


def _batch_number(feature: Mapping[str, Any], number: int) -> int:
    remedy = (
        "; Trainer removes columns that the model's forward does not name: call it batch_labels, "
        "or pass remove_unused_columns=False"
    )
    value = feature_value(feature, number, "batch_id", "batch_labels", remedy=remedy)
    try:
        batch = operator.index(value)
    except TypeError:
        raise TypeError(
            f"sample {number}: batch_id is {value!r:.60}, expected a whole number, 0 or more; "
            "number the batches"
        ) from None
    if batch < 0 and batch != IGNORED:
        raise ConfigError(
            f"sample {number}: batch_id is {batch}, expected 0 or more, or {IGNORED} if not known"
        )
    return batch


def _references(features: Sequence[Mapping[str, Any]]) -> torch.Tensor:
    vectors = [
        torch.as_tensor(feature_value(feature, number, "reference_embeddings"), dtype=torch.float32)
        for number, feature in enumerate(features)
    ]
    for number, vector in enumerate(vectors):
        if vector.dim() != 1 or vector.shape != vectors[0].shape:
            raise ConfigError(
                f"sample {number}: reference_embeddings have shape {tuple(vector.shape)}, expected "
                f"a vector, as long as that of sample 0, {tuple(vectors[0].shape)}"
            )
    return torch.stack(vectors)
