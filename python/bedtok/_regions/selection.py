# SPDX-License-Identifier: BSD-2-Clause
"""Which regions of an input count: those of some chromosomes, and off an excluded set."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import check_texts
from bedtok._regions.region_set import RegionSet, as_region_set


class RegionSelection:
    """A choice of regions.

    Args:
        chroms: Names of chromosomes, by the input's names; None: all.
        exclude: Regions, in any form that ``RegionSet`` takes, such as the path of a blacklist:
            regions that overlap one by at least one base pair are left out. None: none are.

    Raises:
        TypeError: ``chroms`` are not texts, or ``exclude`` has another type.
        FileNotFoundError, ParseError: As ``RegionSet``.
    """

    def __init__(self, chroms: Iterable[str] | None = None, exclude: object = None) -> None:
        if isinstance(chroms, str):
            raise TypeError(f"chroms: expected a list of texts, got the text {chroms!r}")
        self._chroms = None if chroms is None else set(check_texts(list(chroms), "chroms"))
        self._excluded = None if exclude is None else as_region_set(exclude)
        identity = [
            None if self._chroms is None else sorted(self._chroms),
            None if self._excluded is None else self._excluded.identifier,
        ]
        import hashlib  # brings OpenSSL, 4 MiB that most programs do without

        self.digest = hashlib.blake2b(json.dumps(identity).encode(), digest_size=8).hexdigest()

    @property
    def is_all(self) -> bool:
        """Whether every region counts."""
        return self._chroms is None and self._excluded is None

    @property
    def excluded(self) -> RegionSet | None:
        """The regions that leave out what overlaps them; None: there are none."""
        return self._excluded

    def mask(self, regions: _core.RegionSet) -> npt.NDArray[np.bool_]:
        """Return whether each region counts, shape (regions,)."""
        kept = np.ones(len(regions), dtype=bool)
        if self._chroms is not None:
            known = np.array([name in self._chroms for name in regions.chrom_names], dtype=bool)
            kept &= known[regions.chrom_ids] if len(known) else False
        if self._excluded is not None:
            kept &= ~RegionSet._wrap(regions).any_overlaps(self._excluded)
        return kept

    def of(self, regions: _core.RegionSet) -> _core.RegionSet:
        """Return the regions that count, in their order."""
        if self.is_all:
            return regions
        return regions.take(np.flatnonzero(self.mask(regions)))
