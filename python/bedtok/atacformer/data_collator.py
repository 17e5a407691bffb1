# SPDX-License-Identifier: BSD-2-Clause
"""Collators for training on regions."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from transformers import DataCollatorForLanguageModeling

from bedtok._core import ConfigError
from bedtok.atacformer._chance import RegionDistribution
from bedtok.atacformer._collating import RegionCollator, RegionTokenizer, feature_value
from bedtok.atacformer.losses import IGNORED


class DataCollatorForRegionModeling(DataCollatorForLanguageModeling):  # type: ignore[misc]
    """``DataCollatorForLanguageModeling`` whose random replacements are regions.

    The collator of ``transformers`` replaces some of the chosen tokens (one in ten by default) by
    tokens drawn from all of ``len(tokenizer)``, special tokens included. Here a special token that
    was drawn is drawn again, from the regions alone; but where the draw gave the mask token, the
    token counts as masked. Arguments are those of the base class.
    """

    def torch_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return inputs with tokens masked or replaced, and labels, int64 (rows, L) tensors."""
        inputs, labels = super().torch_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        # The generator of a collator that was given a seed; older versions have none.
        generator = getattr(self, "generator", None)
        regions = self.tokenizer.num_regions
        inputs[drawn] = torch.randint(
            regions, (int(drawn.sum()),), dtype=inputs.dtype, generator=generator
        )
        return inputs, labels

    def numpy_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return inputs with tokens masked or replaced, and labels, int64 (rows, L) arrays."""
        inputs, labels = super().numpy_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        generator = getattr(self, "generator", None) or np.random.default_rng()
        inputs[drawn] = generator.integers(self.tokenizer.num_regions, size=int(drawn.sum()))
        return inputs, labels

    def _special(self, inputs: Any) -> Any:
        """Where inputs hold a special token other than the mask."""
        return (inputs >= self.tokenizer.num_regions) & (inputs != self.tokenizer.mask_token_id)


class DataCollatorForReplacedTokenDetection(RegionCollator):
    """Batches in which some tokens are replaced by others, with labels that say which.

    Of each sample ``input_ids`` alone is read: a list, an array or a tensor, as calling the
    tokenizer returns it; padding in it is left out. A batch holds int64 tensors of shape (B, L):
    ``input_ids``; ``attention_mask``, 1 for tokens and 0 for padding; ``labels``, 1 where the token
    is not the original, 0 where it is, -100 for special tokens and padding. Special tokens are
    neither replaced nor drawn. Where a token was drawn for itself nothing changed: its label is 0.

    Args:
        tokenizer: A ``bedtok`` tokenizer of either kind; it pads.
        mlm_probability: Of each token to be drawn anew, 0 to 1.
        seed: 0 to 2**64 - 1. What is drawn for a batch depends on the seed, the epoch and the
            batch's samples alone, so that a training that Trainer resumes from a checkpoint has
            what the whole one has, with workers of a DataLoader or without. ``set_epoch`` tells
            the epoch; with Trainer, pass ``callbacks=[SetEpochCallback()]``. Where it is not told,
            samples that come again are drawn anew, but workers differ, and a resumed training
            begins to count anew. None draws from PyTorch's generator, whose state a checkpoint
            has; but loaders of Trainer fetch a batch ahead of it, so that a training resumed in
            the middle of an epoch is another one.
        token_probabilities: How often each token is drawn, in proportion: counts or
            probabilities, shape (num_regions,) or (vocab_size,); those of special tokens are not
            read. None: all regions alike.
        max_length: Of a longer sample this many tokens are drawn, none twice, which keep their
            order; special tokens around it stay. None: samples stay as long as they are.
        pad_to_multiple_of: Rows are padded to the next multiple of it.

    Raises:
        ConfigError, TypeError: An argument is out of its range, or not of its type.

    Example:
        >>> collator = DataCollatorForReplacedTokenDetection(tokenizer, mlm_probability=0.45)
        >>> batch = collator([tokenizer(sample) for sample in samples])
        >>> AtacformerForReplacedTokenDetection(config)(**batch).loss

    Source: the collator of that name in ``geniml.atacformer``, which knows the uniform distribution
    alone.
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

        Raises:
            ConfigError: A sample has no ``input_ids``. VocabularyError: An id is not the
                tokenizer's. TypeError: Ids are not integers.
        """
        original, attention_mask, generator = self._rows(features, "input_ids")
        special = original >= self.tokenizer.num_regions
        chosen = torch.rand(original.shape, generator=generator) < self.mlm_probability
        chosen &= ~special
        input_ids = original.clone()
        input_ids[chosen] = self._distribution.draw(int(chosen.sum()), generator)
        labels = (input_ids != original).long().masked_fill_(special, IGNORED)
        return {"input_ids": input_ids, "attention_mask": attention_mask, "labels": labels}


class DataCollatorForUnsupervisedBatchCorrection(DataCollatorForReplacedTokenDetection):
    """Batches as for replaced token detection, and of which experimental batch each cell is.

    Samples also have ``batch_id``, or ``batch_labels``, a number from 0 on, or -100 where it is not
    known; a batch has it as ``batch_labels``, int64 of shape (B,). Trainer removes columns that the
    model's ``forward`` does not name: call the column ``batch_labels``, or pass
    ``remove_unused_columns=False``.

    Args:
        tokenizer: As ``DataCollatorForReplacedTokenDetection`` takes it; so are the others.
        max_position_embeddings: Its ``max_length``.
        mlm_probability: See there.
        seed: See there.
        token_probabilities: See there.
        pad_to_multiple_of: See there.

    Raises:
        ConfigError, TypeError: An argument is out of its range, or not of its type.

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

        Raises:
            ConfigError, VocabularyError, TypeError: As the base class, and for ``batch_id``.
        """
        batch = super().__call__(features)
        labels = [_batch_number(feature, i) for i, feature in enumerate(features)]
        return {**batch, "batch_labels": torch.tensor(labels, dtype=torch.int64)}


class DataCollatorForTripletLoss(RegionCollator):
    """Batches of triplets: each anchor with a cell of its own kind and one of another.

    Samples have ``input_ids_anchor``, ``input_ids_positive`` and ``input_ids_negative``, as
    ``TripletDataset`` gives them. A batch holds each as int64 tensor (B, L), L being that of the
    longest of its own kind, and ``attention_mask_anchor`` and so on, 1 for tokens, 0 for padding.

    Args:
        tokenizer: A ``bedtok`` tokenizer of either kind; it pads.
        max_position_embeddings: Of a longer cell this many tokens are drawn, none twice, which keep
            their order; special tokens around it stay. None: cells stay as long as they are.
        seed: Of that draw; see ``DataCollatorForReplacedTokenDetection``.
        pad_to_multiple_of: Rows are padded to the next multiple of it.

    Raises:
        ConfigError, TypeError: An argument is out of its range, or not of its type.

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

        Raises:
            ConfigError: A sample lacks one of the three. VocabularyError: An id is not the
                tokenizer's. TypeError: Ids are not integers.
        """
        batch = {}
        for role in ("anchor", "positive", "negative"):
            ids, mask, _ = self._rows(features, f"input_ids_{role}")
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
