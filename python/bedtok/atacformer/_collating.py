# SPDX-License-Identifier: BSD-2-Clause
"""What collators share: samples with ids to padded tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import torch

from bedtok._checks import check_at_least
from bedtok._core import ConfigError, VocabularyError
from bedtok._tokenization.tensors import as_row
from bedtok.atacformer._chance import Chance, Int64s


class RegionTokenizer(Protocol):
    """What collators ask of a tokenizer: one of ``bedtok`` or of ``bedtok.atacformer``."""

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
    """Rows of ids to int64 tensors (rows, L), thinned where they are too long."""

    _length_name = "max_length"  # the argument that says how long rows may be

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
        self._longest = (
            None if max_length is None else check_at_least(self._length_name, max_length, 1)
        )
        self._chance = Chance(seed)

    def set_epoch(self, epoch: int) -> None:
        """Draw what belongs to an epoch from now on, where there is a seed.

        Args:
            epoch: Number of the epoch, 0 or more.
        """
        self._chance.set_epoch(epoch)

    def _rows(
        self, features: Sequence[Mapping[str, Any]], name: str
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Generator | None]:
        """Return ids and attention mask of what the features have under a name.

        And the generator of what else is drawn for them.
        """
        rows = [as_row(feature_value(feature, i, name), name) for i, feature in enumerate(features)]
        generator = self._chance.generator(rows)
        rows = [self._thinned(row, generator) for row in rows]
        padded = self.tokenizer.pad(
            {"input_ids": rows}, pad_to_multiple_of=self.pad_to_multiple_of, return_tensors="pt"
        )
        ids: torch.Tensor = padded["input_ids"]
        size = self.tokenizer.vocab_size
        for token in map(int, torch.aminmax(ids) if ids.numel() else ()):
            if not 0 <= token < size:
                raise VocabularyError(
                    f"{name}: id {token} is outside the vocabulary (0..{size - 1}); were the ids "
                    "made by this tokenizer?"
                )
        return ids, padded["attention_mask"], generator

    def _thinned(self, row: Int64s, generator: torch.Generator | None) -> Int64s:
        """Return a row without padding, of one that is too long a random choice in its order."""
        row = row[row != self.tokenizer.pad_token_id]
        if self._longest is None or row.size <= self._longest:
            return row
        # Special tokens around the sample stay, as in a call with truncation="random".
        kept = (row >= self.tokenizer.num_regions) & (row != self.tokenizer.unk_token_id)
        room = self._longest - int(kept.sum())
        if room < 0:
            raise ConfigError(
                f"{self._length_name} is {self._longest}, expected at least {int(kept.sum())}, the "
                "special tokens of a sample, which stay"
            )
        free = np.flatnonzero(~kept)
        order = torch.randperm(free.size, generator=generator).numpy()
        kept[free[order[:room]]] = True
        chosen: Int64s = row[kept]
        return chosen


def feature_value(feature: Mapping[str, Any], number: int, *names: str, remedy: str = "") -> Any:
    """Return what a sample has under the first of the names that it has."""
    if not isinstance(feature, Mapping):
        raise TypeError(
            f"sample {number}: expected a mapping with {names[0]}, not {type(feature).__name__}"
        )
    for name in names:
        if name in feature:
            return feature[name]
    got = ", ".join(map(str, feature)) or "nothing"
    raise ConfigError(f"sample {number}: {names[0]} is missing, got: {got}{remedy}")
