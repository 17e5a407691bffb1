# SPDX-License-Identifier: BSD-2-Clause
"""Which cells of a collection, and what of them: the options of ``tokenize_cells``."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from bedtok._checks import OnError, check_at_least, check_texts
from bedtok._core import ConfigError
from bedtok._regions.region_set import RegionSet
from bedtok._tokenization.cells import COUNTING_STRATEGIES, FragmentOptions


@dataclass(frozen=True)
class CellChoice:
    """Options that are checked before a run, and are the same for all files of a folder.

    Attributes:
        barcodes: Of all samples, or by the names of some; None: all cells.
        min_fragments: Fewest fragments of a cell.
        min_tokens: Fewest tokens of a cell.
        max_tokens: Most tokens of a cell; None: no limit.
        counting_strategy: ``"fragment"`` or ``"insertion"``.
        layer: The layer of an AnnData; None: ``X``.
        threshold: A cell has the peaks whose values are above it.
        obs_columns: The columns of an AnnData's ``obs`` that come along; None: all.
        on_miss: What a fragment without a hit gives.
        chroms: The chromosomes of fragments; None: all.
        on_error: What a bad line of a fragment file does; it does not belong to the settings.
    """

    barcodes: list[str] | dict[str, list[str]] | None
    min_fragments: int
    min_tokens: int
    max_tokens: int | None
    counting_strategy: str
    layer: str | None
    threshold: float
    obs_columns: list[str] | None
    on_miss: str
    chroms: list[str] | None
    on_error: OnError

    @classmethod
    def checked(
        cls,
        *,
        barcodes: Iterable[str] | Mapping[str, Iterable[str]] | None,
        min_fragments: int,
        min_tokens: int,
        max_tokens: int | None,
        counting_strategy: str,
        layer: str | None,
        threshold: float,
        obs_columns: Iterable[str] | None,
        on_miss: str,
        chroms: Iterable[str] | None,
        on_error: OnError,
    ) -> CellChoice:
        """Return the options; see the class.

        Raises:
            TypeError: One has another type. ConfigError: One has a value that is not allowed.
        """
        if counting_strategy not in COUNTING_STRATEGIES:
            raise ConfigError(
                f"counting_strategy is {counting_strategy!r}, expected 'fragment' or 'insertion'"
            )
        if isinstance(threshold, bool) or not isinstance(threshold, (int, float, np.number)):
            raise TypeError(f"threshold: expected a number, not {type(threshold).__name__}")
        if layer is not None and not isinstance(layer, str):
            raise TypeError(f"layer: expected a text, not {type(layer).__name__}")
        wanted: list[str] | dict[str, list[str]] | None
        if isinstance(barcodes, Mapping):
            wanted = {name: _texts("barcodes", own) or [] for name, own in barcodes.items()}
        else:
            wanted = _texts("barcodes", barcodes)
        return cls(
            wanted,
            check_at_least("min_fragments", min_fragments, 0),
            check_at_least("min_tokens", min_tokens, 0),
            None if max_tokens is None else check_at_least("max_tokens", max_tokens, 0),
            counting_strategy,
            layer,
            float(threshold),
            _texts("obs_columns", obs_columns),
            on_miss,
            _texts("chroms", chroms),
            on_error,
        )

    def barcodes_of(self, sample: str) -> list[str] | None:
        """Return the cells of a sample that are wanted; None: all."""
        if isinstance(self.barcodes, dict):
            return self.barcodes.get(sample)
        return self.barcodes

    def check_samples(self, samples: Collection[str]) -> None:
        """Raise ConfigError if barcodes are those of another sample."""
        named = self.barcodes if isinstance(self.barcodes, dict) else {}
        if unknown := [name for name in named if name not in samples]:
            raise ConfigError(
                f"barcodes: {unknown[0]!r} is not a sample, expected: {', '.join(samples)}"
            )

    def of_fragments(self, sample: str, exclude: RegionSet | None) -> FragmentOptions:
        """Return the options of a fragment file, without the fragments in ``exclude``."""
        return FragmentOptions(
            self.barcodes_of(sample),
            self.min_fragments,
            self.min_tokens,
            self.max_tokens,
            self.counting_strategy,
            self.chroms,
            None,
            self.on_error,
            exclude,
        )

    def settings(self) -> dict[str, str]:
        """Return what the manifest of a folder says of the options, which later runs must share."""
        import hashlib  # brings OpenSSL, 4 MiB that most programs do without

        texts = json.dumps(self.barcodes, sort_keys=True).encode()
        digest = hashlib.blake2b(texts, digest_size=8).hexdigest()
        return {
            "barcodes": "all" if self.barcodes is None else digest,
            "min_fragments": str(self.min_fragments),
            "min_tokens": str(self.min_tokens),
            "max_tokens": str(self.max_tokens),
            "counting_strategy": self.counting_strategy,
            "on_miss": self.on_miss,
            "layer": self.layer or "X",
            "threshold": str(self.threshold),
            "obs_columns": "all" if self.obs_columns is None else ", ".join(self.obs_columns),
        }


def _texts(name: str, values: Iterable[str] | None) -> list[str] | None:
    if values is None:
        return None
    if isinstance(values, str):
        raise TypeError(f"{name}: expected a list of texts, got the text {values!r}")
    return list(dict.fromkeys(check_texts(list(values), name)))
