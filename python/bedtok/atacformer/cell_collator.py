# SPDX-License-Identifier: BSD-2-Clause
"""The collator of labelled cells, with augmentation."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bedtok._core import ConfigError
from bedtok._labels import IGNORED
from bedtok.atacformer._base_collator import RegionCollator, RegionTokenizer, feature_value
from bedtok.atacformer._random import Int64s, random_seed


class DataCollatorForCellClassification(RegionCollator):
    """Collate batches of labelled cells: random parts of them, and mixtures of cells of one class.

    Samples have ``input_ids`` and ``labels``, the class of the cell, 0 or more, or -100 if unknown.
    A batch has ``input_ids`` and ``attention_mask``, int64 of shape (B, L), and ``labels``, int64
    of shape (B,).

    A cell shows a small random part of the regions that are open in its type. Both kinds of
    augmentation show the model others: ``keep_fraction`` takes a random part of the regions of a
    cell, ``mix_fraction`` replaces a part of them by regions of another cell of its class in the
    batch. For evaluation use a collator with neither, or ``model.predict_cells``.

    Args:
        tokenizer: A ``Tokenizer`` or ``AtacformerTokenizer``.
        max_length: Maximum number of tokens of a cell; see
            ``DataCollatorForReplacedTokenDetection``.
        seed: Seed of all draws; see there.
        keep_fraction: The lowest and the highest share of a cell's regions that are kept, above 0
            and at most 1; for each cell one is drawn uniformly. Special tokens stay. None: all.
        mix_fraction: The highest share of a cell's regions that another cell of its class replaces,
            0 to 1; for each cell one is drawn uniformly from 0 to it. A cell without a peer in its
            batch, or of unknown class, stays as it is.
        pad_to_multiple_of: Pad to the next multiple of this length.

    Raises:
        ConfigError, TypeError: An argument is out of range or has another type.

    Example:
        >>> collator = DataCollatorForCellClassification(tokenizer, seed=0, mix_fraction=0.5)
        >>> batch = collator([{"input_ids": [3, 17], "labels": 0}, {"input_ids": [4], "labels": 1}])
    """

    def __init__(
        self,
        tokenizer: RegionTokenizer,
        max_length: int | None = None,
        seed: int | None = None,
        *,
        keep_fraction: tuple[float, float] | None = None,
        mix_fraction: float = 0.0,
        pad_to_multiple_of: int | None = None,
    ) -> None:
        super().__init__(tokenizer, max_length, seed, pad_to_multiple_of)
        if keep_fraction is not None:
            low, high = keep_fraction
            if not 0 < low <= high <= 1:
                raise ConfigError(
                    f"keep_fraction is {keep_fraction}, expected two numbers above 0 and at most "
                    "1, the lower first"
                )
        if not 0 <= mix_fraction <= 1:
            raise ConfigError(f"mix_fraction is {mix_fraction}, expected 0 to 1")
        self.keep_fraction = keep_fraction
        self.mix_fraction = mix_fraction
        self._labels: list[int] = []

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        """Return one batch.

        Args:
            features: The samples, with ``input_ids`` and ``labels``.

        Raises:
            ConfigError: A sample lacks one of the two. TypeError: They are not integers.
        """
        self._labels = [_class_of(feature, i) for i, feature in enumerate(features)]
        ids, mask, _ = self._collate(features, "input_ids")
        labels = torch.tensor(self._labels, dtype=torch.int64)
        return {"input_ids": ids, "attention_mask": mask, "labels": labels}

    def _subsample(self, rows: list[Int64s], generator: torch.Generator | None) -> list[Int64s]:
        if self.mix_fraction > 0 or self.keep_fraction is not None:
            rng = np.random.default_rng(random_seed(generator))
            peers = self._peers(rng) if self.mix_fraction > 0 else None
            rows = [
                self._augmented(row, None if peers is None else rows[peers[i]], rng)
                for i, row in enumerate(rows)
            ]
        return super()._subsample(rows, generator)

    def _peers(self, rng: np.random.Generator) -> Int64s:
        """Return for each cell the position of one of its class, drawn without replacement."""
        labels = np.array(self._labels)
        peers = np.arange(len(labels))
        for label in np.unique(labels[labels != IGNORED]):
            of_class = np.flatnonzero(labels == label)
            peers[of_class] = rng.permutation(of_class)
        return peers

    def _augmented(self, row: Int64s, peer: Int64s | None, rng: np.random.Generator) -> Int64s:
        """Return the special tokens of a row and a part of its regions and of its peer's."""
        is_region = row < self.tokenizer.num_regions
        keep = 1.0 if self.keep_fraction is None else rng.uniform(*self.keep_fraction)
        has_peer = peer is not None and peer is not row
        mixed = rng.uniform(0, self.mix_fraction) if has_peer else 0.0
        chosen = ~is_region | (rng.random(row.size) < keep * (1 - mixed))
        if not (chosen & is_region).any() and is_region.any():
            chosen[rng.choice(np.flatnonzero(is_region))] = True
        if peer is None or mixed == 0:
            return row[chosen]
        others = peer[peer < self.tokenizer.num_regions]
        others = others[rng.random(others.size) < keep * mixed]
        kept = row[chosen]
        return np.concatenate([kept, others[~_isin(others, kept)]])


def _isin(values: Int64s, others: Int64s) -> npt.NDArray[np.bool_]:
    """Return what ``np.isin`` does, ten times as fast on a cell's few hundred ids."""
    if others.size == 0:
        return np.zeros(values.size, dtype=np.bool_)
    ordered = np.sort(others)
    places = np.minimum(np.searchsorted(ordered, values), ordered.size - 1)
    found: npt.NDArray[np.bool_] = ordered[places] == values
    return found


def _class_of(feature: Mapping[str, Any], number: int) -> int:
    value = feature_value(feature, number, "labels")
    try:
        label = operator.index(value)
    except TypeError:
        raise TypeError(
            f"sample {number}: labels is {value!r:.60}, expected a whole number, 0 or more; "
            "number the classes"
        ) from None
    if label < 0 and label != IGNORED:
        raise ConfigError(
            f"sample {number}: labels is {label}, expected 0 or more, or {IGNORED} if not known"
        )
    return label
