# SPDX-License-Identifier: BSD-2-Clause
"""``RegionSetList``, several sets of regions under gtars' name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np

from bedtok import _core
from bedtok._checks import check_texts
from bedtok._core import ConfigError
from bedtok._regions.region_set import RegionSet, as_region_set


class RegionSetList(Sequence[RegionSet]):
    """Several region sets, in their order; ``tokenizer(sets)`` takes them as a batch.

    Args:
        sets: RegionSets, or anything that ``RegionSet`` takes, such as paths; or a dict of them by
            name.
        names: The names of the sets, or None.

    Raises:
        ConfigError: There are more or fewer names than sets.

    Example:
        >>> sets = RegionSetList([RegionSet(["chr1:1-5"]), RegionSet(["chr1:3-9"])])
        >>> len(sets), sets.concat()
        (2, RegionSet(2 regions on 1 chromosome: chr1:1-5, chr1:3-9))
    """

    def __init__(
        self, sets: Iterable[Any] | Mapping[str, Any], names: Sequence[str] | None = None
    ) -> None:
        if isinstance(sets, Mapping):
            if names is not None:
                raise ConfigError("names: the keys of the dict are the names, expected None")
            names, sets = list(sets), sets.values()
        self._sets = [as_region_set(regions) for regions in sets]
        self._names = None if names is None else check_texts(list(names), "names")
        if self._names is not None and len(self._names) != len(self._sets):
            raise ConfigError(
                f"names: {len(self._names)} for {len(self._sets)} sets, expected one each"
            )

    @property
    def names(self) -> list[str] | None:
        """The names of the sets, or None."""
        return self._names

    def __len__(self) -> int:
        return len(self._sets)

    def __iter__(self) -> Iterator[RegionSet]:
        return iter(self._sets)

    @overload
    def __getitem__(self, index: int) -> RegionSet: ...
    @overload
    def __getitem__(self, index: slice) -> RegionSetList: ...
    def __getitem__(self, index: int | slice) -> RegionSet | RegionSetList:
        """Return a set by its position, or those of a slice."""
        if isinstance(index, slice):
            names = None if self._names is None else self._names[index]
            return RegionSetList(self._sets[index], names)
        if not -len(self) <= index < len(self):
            raise IndexError(f"position {index} is outside of {len(self)} region sets")
        return self._sets[index]

    def __eq__(self, other: object) -> bool:
        """Whether both have equal sets under the same names."""
        if not isinstance(other, RegionSetList):
            return NotImplemented
        return self._names == other._names and self._sets == other._sets

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"RegionSetList({len(self)} region set{'s' * (len(self) != 1)})"

    def pairwise_jaccard(self) -> list[list[float]]:
        """Return ``jaccard`` of every two sets: a symmetric matrix, 1 on its diagonal.

        O(sets**2) comparisons. Source: ``RegionSetList.pairwise_jaccard`` of gtars 0.10.
        """
        matrix = np.eye(len(self))
        for i, regions in enumerate(self._sets):
            for j in range(i):
                matrix[i, j] = matrix[j, i] = regions.jaccard(self._sets[j])
        rows: list[list[float]] = matrix.tolist()
        return rows

    def concat(self) -> RegionSet:
        """Return the regions of all sets, one set behind the other."""
        cores = [regions._core for regions in self._sets]
        if not cores:
            return RegionSet([])
        firsts = np.cumsum([0, *(len(core.chrom_names) for core in cores)]).astype(np.uint32)
        rest = None
        if any(core.has_rest for core in cores):
            rest = [core.rest(i) for core in cores for i in range(len(core))]
        return RegionSet._wrap(
            _core.RegionSet.from_columns(
                [name for core in cores for name in core.chrom_names],
                np.concatenate([core.chrom_ids + firsts[i] for i, core in enumerate(cores)]),
                np.concatenate([core.starts for core in cores]),
                np.concatenate([core.ends for core in cores]),
                rest,
            )
        )
