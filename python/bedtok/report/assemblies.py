# SPDX-License-Identifier: BSD-2-Clause
"""Which genome assembly regions may be of, from names and lengths of chromosomes."""

from __future__ import annotations

import functools
import importlib.resources
import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core

_LARGEST_SHARE = 0.01  # of regions that may lie outside of the likely assembly
_NO_LIMIT, _PASSED_OVER = -1, -2
# Contigs and mitochondria, of which assemblies of one name have several versions.
_NOT_PRIMARY = re.compile(r".*[_.].*|un.*|gl\d+.*|ki\d+.*|jh\d+.*|mt?|ebv", re.IGNORECASE)

RULE = (
    "A region is outside of an assembly if it ends past its chromosome, or lies on a chromosome "
    "that the assembly does not have; contigs and mitochondria are passed over. Likely is the "
    f"assembly with the fewest regions outside, at most {_LARGEST_SHARE:.0%} of them. Where "
    "several have the fewest, the regions do not tell them apart."
)


class AssemblyFit(NamedTuple):
    """How regions fit an assembly.

    Attributes:
        assembly: Its name at UCSC.
        past_end: Regions that end past their chromosome.
        unknown: Regions on chromosomes that it does not have.
    """

    assembly: str
    past_end: int
    unknown: int

    @property
    def outside(self) -> int:
        """Regions that cannot be of the assembly."""
        return self.past_end + self.unknown


@functools.cache
def known_assemblies() -> dict[str, dict[str, int]]:
    """Return the lengths of primary chromosomes by assembly and name, without ``chr``."""
    text = importlib.resources.files("bedtok.report").joinpath("chrom_sizes.tsv").read_text("utf-8")
    sizes: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            assembly, chrom, size = line.split("\t")
            sizes.setdefault(assembly, {})[_bare(chrom)] = int(size)
    return sizes


def fit_assemblies(regions: _core.RegionSet) -> list[AssemblyFit]:
    """Return how regions fit each known assembly; O(regions), and once more for each that is not.

    Nearly all samples of a collection name their chromosomes alike, so limits are looked up once.
    """
    limits = _limits(tuple(regions.chrom_names))
    ids = regions.chrom_ids.astype(np.int64)
    ends = regions.ends.astype(np.int64)
    counts = np.bincount(ids, minlength=limits.shape[1])
    furthest = np.zeros(limits.shape[1], dtype=np.int64)
    np.maximum.at(furthest, ids, ends)
    unknown = ((limits == _NO_LIMIT) * counts).sum(axis=1)
    too_far = (limits >= 0) & (furthest > limits)
    past = [
        int(np.count_nonzero(ends > _far(row, far)[ids])) if far.any() else 0
        for row, far in zip(limits, too_far, strict=True)
    ]
    return [
        AssemblyFit(assembly, outside, int(lost))
        for assembly, outside, lost in zip(known_assemblies(), past, unknown, strict=True)
    ]


@functools.lru_cache(maxsize=64)
def _limits(chroms: tuple[str, ...]) -> npt.NDArray[np.int64]:
    """Return where chromosomes end, (assemblies, chromosomes).

    ``_NO_LIMIT`` where the assembly has no such chromosome, ``_PASSED_OVER`` for contigs.
    """
    rows = [
        [sizes.get(_bare(name), _NO_LIMIT) if is_primary(name) else _PASSED_OVER for name in chroms]
        for sizes in known_assemblies().values()
    ]
    return np.array(rows, dtype=np.int64).reshape(len(rows), len(chroms))


def _far(limits: npt.NDArray[np.int64], too_far: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return the limits of chromosomes with a region past them, and none for the others."""
    return np.where(too_far, limits, np.iinfo(np.int64).max)


def likely_assemblies(fits: list[AssemblyFit], regions: int) -> list[str]:
    """Return the assemblies that fit best, none where all have too many regions outside."""
    fewest = min((fit.outside for fit in fits), default=0)
    if not regions or fewest > _LARGEST_SHARE * regions:
        return []
    return [fit.assembly for fit in fits if fit.outside == fewest]


def is_primary(chrom: str) -> bool:
    """Return whether a name is not that of a contig or of mitochondria."""
    return _NOT_PRIMARY.fullmatch(_bare(chrom)) is None


def _bare(chrom: str) -> str:
    return chrom[3:] if chrom[:3].lower() == "chr" else chrom
