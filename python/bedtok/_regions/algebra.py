# SPDX-License-Identifier: BSD-2-Clause
"""Arguments and results of the interval algebra of ``RegionSet``."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import check_base_pairs, check_fraction, check_integer
from bedtok._core import ConfigError
from bedtok._regions.chrom_sizes import check_chrom_sizes

Int64s = npt.NDArray[np.int64]


class ChromosomeStatistics(NamedTuple):
    """The regions of one chromosome; lengths and positions in base pairs.

    Attributes:
        chromosome: Its name.
        number_of_regions: How many.
        start_nucleotide_position: The first start, 0-based.
        end_nucleotide_position: The furthest end.
        minimum_region_length: Length of the shortest region.
        maximum_region_length: Length of the longest region.
        mean_region_length: Mean length.
        median_region_length: Median length; of an even number of regions the mean of the two in
            the middle.
    """

    chromosome: str
    number_of_regions: int
    start_nucleotide_position: int
    end_nucleotide_position: int
    minimum_region_length: int
    maximum_region_length: int
    mean_region_length: float
    median_region_length: float


def required_sizes(chrom_sizes: object) -> dict[str, int]:
    """Return sizes by chromosome for a function that cannot do without.

    Raises:
        TypeError: ``chrom_sizes`` is no mapping and no path.
        ConfigError: It is empty, or a size is not legal.
    """
    if chrom_sizes is None:
        raise TypeError("chrom_sizes: expected a dict of lengths by chromosome or a file of them")
    sizes = check_chrom_sizes("chrom_sizes", chrom_sizes)
    if not sizes:
        raise ConfigError("chrom_sizes is empty, expected the length of each chromosome")
    return sizes


def optional_sizes(chrom_sizes: object) -> dict[str, int]:
    """Return sizes by chromosome, none for None; errors as ``required_sizes``."""
    return {} if chrom_sizes is None else required_sizes(chrom_sizes)


def both_sides(left: object, right: object) -> tuple[int, int]:
    """Return the base pairs on each side; a right side of None is as the left one."""
    first = check_base_pairs("left", left)
    return first, first if right is None else check_base_pairs("right", right)


def check_offset(offset: object) -> int:
    """Return an offset in base pairs, positive or negative."""
    number = check_integer("offset", offset)
    if not -(2**63) <= number < 2**63:
        raise ConfigError(f"offset is {number}, expected a number of 64 bits")
    return number


def overlap_rules(min_overlap: object, min_fraction: object) -> tuple[int, float]:
    """Return what a pair must share, in base pairs and as a share of the region of the first."""
    return (
        check_base_pairs("min_overlap", min_overlap),
        check_fraction("min_fraction", min_fraction),
    )


def statistics_by_name(core: _core.RegionSet) -> dict[str, ChromosomeStatistics]:
    """Return the statistics of each chromosome by its name."""
    return {row[0]: ChromosomeStatistics(*row) for row in core.chromosome_statistics()}


def distribution(core: _core.RegionSet, n_bins: object, chrom_sizes: object) -> dict[str, Any]:
    """Return the columns of ``RegionSet.distribution``."""
    bins, counts, numbers = core.distribution(
        check_base_pairs("n_bins", n_bins), optional_sizes(chrom_sizes)
    )
    names = np.array(bins.chrom_names, dtype=object)
    return {
        "chr": names[bins.chrom_ids],
        "start": bins.starts,
        "end": bins.ends,
        "n": counts,
        "rid": numbers,
    }
