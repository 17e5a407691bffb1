# SPDX-License-Identifier: BSD-2-Clause
"""Universes: vocabularies made from samples, and how well they fit samples.

Example:
    >>> import bedtok
    >>> samples = [
    ...     bedtok.RegionSet(["chr1:100-200"]),
    ...     bedtok.RegionSet(["chr1:150-300", "chr2:5-9"]),
    ... ]
    >>> universe = bedtok.universe.build(samples, "union")
    >>> universe.regions[0], universe.scores
    (Region('chr1', 100, 300), array([2, 1], dtype=uint32))
"""

from bedtok.universe.assessment import Assessment, SampleFit, UniverseFit, assess
from bedtok.universe.building import METHODS, Universe, build

__all__ = [
    "METHODS",
    "Assessment",
    "SampleFit",
    "Universe",
    "UniverseFit",
    "assess",
    "build",
]
