# SPDX-License-Identifier: BSD-2-Clause
"""The base class of the collators: samples of token ids to padded tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch

from bedtok._checks import check_at_least, warn_caller
from bedtok._core import ConfigError
from bedtok.atacformer._random import BatchRandom, Int64s, random_seed
from bedtok.atacformer._subsampling import random_subsample
from bedtok.atacformer._validation import read_row


class RegionTokenizer(Protocol):
    """The part of a ``Tokenizer`` or ``AtacformerTokenizer`` that collators use."""

    @property
    def num_regions(self) -> int: ...
    @property
    def vocab_size(self) -> int: ...
    @property
    def pad_token_id(self) -> int: ...
    @property
    def unk_token_id(self) -> int: ...

    def pad(
        self,
        encoded_inputs: Mapping[str, Any],
        *,
        pad_to_multiple_of: int | None = None,
        return_tensors: str | None = None,
    ) -> Mapping[str, Any]: ...


class RegionCollator:
    """Collate rows of ids into int64 tensors (B, L), and subsample rows that are too long."""

    _length_name = "max_length"  # the argument that holds the maximum length

    def __init__(
        self,
        tokenizer: RegionTokenizer,
        max_length: int | None,
        seed: int | None,
        pad_to_multiple_of: int | None,
    ) -> None:
        self.tokenizer = tokenizer
        self.seed = seed
        self.pad_to_multiple_of = pad_to_multiple_of
        if pad_to_multiple_of is not None:
            check_at_least("pad_to_multiple_of", pad_to_multiple_of, 1)
        self._max_length = (
            None if max_length is None else check_at_least(self._length_name, max_length, 1)
        )
        self._random = BatchRandom(seed)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose random numbers are drawn, if there is a seed.

        Args:
            epoch: Number of the epoch, 0 or more.
        """
        self._random.set_epoch(epoch)

    def _collate(
        self, features: Sequence[Mapping[str, Any]], name: str
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Generator | None]:
        """Return ids and attention mask of a column, and the generator for further draws."""
        rows = [
            read_row(feature_value(feature, i, name), name) for i, feature in enumerate(features)
        ]
        generator = self._random.generator(rows)
        rows = self._subsample([row[row != self.tokenizer.pad_token_id] for row in rows], generator)
        padded = self.tokenizer.pad(
            {"input_ids": rows}, pad_to_multiple_of=self.pad_to_multiple_of, return_tensors="pt"
        )
        warn_of_no_region(self, padded["input_ids"])
        return padded["input_ids"], padded["attention_mask"], generator

    def _subsample(self, rows: list[Int64s], generator: torch.Generator | None) -> list[Int64s]:
        length = self._max_length
        if length is None or all(row.size <= length for row in rows):
            return rows
        seed = random_seed(generator)
        # A miss is a token of the sample like others.
        special = [
            (row >= self.tokenizer.num_regions) & (row != self.tokenizer.unk_token_id)
            for row in rows
        ]
        return [
            random_subsample(row, kept, length, seed, i, self._length_name)
            for i, (row, kept) in enumerate(zip(rows, special, strict=True))
        ]


def warn_of_no_region(collator: Any, input_ids: Any) -> None:
    """Warn of the first batch of a collator without any region; a model learns nothing from it."""
    if collator.__dict__.get("_warned") or (input_ids < collator.tokenizer.num_regions).any():
        return
    collator.__dict__["_warned"] = True
    warn_caller(
        "no row of a batch has a region: they are empty or hold special tokens only, and a model "
        "learns nothing from them (its loss is 0); leave such samples out, and look at them by "
        "tokenizer.report(sample)"
    )


def feature_value(feature: Mapping[str, Any], number: int, *names: str, remedy: str = "") -> Any:
    """Return the value of a sample under the first of the names that it has."""
    if not isinstance(feature, Mapping):
        raise TypeError(
            f"sample {number}: expected a mapping with {names[0]}, not {type(feature).__name__}"
        )
    for name in names:
        if name in feature:
            return feature[name]
    got = ", ".join(map(str, feature)) or "nothing"
    raise ConfigError(f"sample {number}: {names[0]} is missing, got: {got}{remedy}")
