# SPDX-License-Identifier: BSD-2-Clause
"""Samples: sorted choices of the query regions, as the peaks of a cell are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from libraries import Bedtok
from make_data import QUERY_COUNT, Int64s

# Regions of a sample that has 4,000 to 5,000 tokens, at 0.79 tokens a region.
LONG_REGIONS = 5_150, 6_250
LONG_TOKENS = 4_000, 5_000


def draw(rng: np.random.Generator, size: int) -> Int64s:
    """Return the sorted positions of ``size`` of the queries."""
    return np.sort(rng.choice(QUERY_COUNT, size, replace=False, shuffle=False))


def long_samples(ours: Bedtok, queries: Path, count: int, rng: np.random.Generator) -> list[Any]:
    """Return RegionSets that become 4,000 to 5,000 tokens each.

    Args:
        ours: Makes them, and counts their tokens.
        queries: The file of QUERY_COUNT regions that they are drawn from.
        count: How many.
        rng: What they depend on.
    """
    regions = ours.read_in_file_order(queries)
    samples: list[Any] = []
    while len(samples) < count:
        sample = regions[draw(rng, int(rng.integers(*LONG_REGIONS)))]
        if LONG_TOKENS[0] <= ours.ids_as_array(sample).size <= LONG_TOKENS[1]:
            samples.append(sample)
    return samples
