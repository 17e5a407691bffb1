# SPDX-License-Identifier: BSD-2-Clause
"""How similar samples are: Jaccard index of their sets of tokens, and clusters of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional

Float64s = npt.NDArray[np.float64]

_COLUMNS = 2**14  # tokens at a time: some MB for a hundred samples


class Clusters(NamedTuple):
    """A tree of samples.

    Attributes:
        order: The samples as leaves of the tree, from left to right.
        branches: Each branch as four points (x, y): x counts leaves from 0, y is the distance
            1 - Jaccard index, 0 to 1.
    """

    order: list[int]
    branches: list[list[tuple[float, float]]]


def jaccard(token_sets: Sequence[npt.NDArray[np.int32]]) -> Float64s:
    """Return the Jaccard index of all pairs of sets: tokens of both by tokens of either.

    Two empty sets have index 1. O(samples**2 * tokens of all).

    Args:
        token_sets: Distinct ids of each sample.

    Returns:
        (samples, samples) float64, 0 to 1, symmetric.
    """
    count = len(token_sets)
    sizes = np.array([len(ids) for ids in token_sets], dtype=np.float64)
    rows = np.repeat(np.arange(count), sizes.astype(np.int64))
    ids = np.concatenate([*token_sets, np.zeros(0, np.int32)])
    distinct, columns = np.unique(ids, return_inverse=True)
    order = np.argsort(columns, kind="stable")
    rows, columns = rows[order], columns[order]
    both = np.zeros((count, count))
    for first in range(0, len(distinct), _COLUMNS):
        begin, end = np.searchsorted(columns, (first, first + _COLUMNS))
        block = np.zeros((count, _COLUMNS), dtype=np.float32)
        block[rows[begin:end], columns[begin:end] - first] = 1
        both += block @ block.T  # whole numbers below 2**24: exact in float32
    either = sizes[:, None] + sizes[None, :] - both
    result: Float64s = np.where(either == 0, 1.0, both / np.maximum(either, 1))
    return result


def cluster(similarity: Float64s) -> Clusters:
    """Return the tree of samples by average linkage (UPGMA) of 1 - similarity.

    Leaves are ordered so that neighbours are similar (Bar-Joseph et al. 2001).

    Raises:
        ImportError: SciPy is not installed.
    """
    hierarchy: Any = import_optional("scipy.cluster.hierarchy", "clusters of samples")
    distances = 1 - similarity[np.triu_indices(len(similarity), 1)]
    tree = hierarchy.linkage(distances, "average", optimal_ordering=True)
    order = [int(leaf) for leaf in hierarchy.leaves_list(tree)]
    # Not by SciPy's dendrogram, which calls itself at each level: of a thousand equal samples there
    # are as many.
    tops = dict.fromkeys(range(len(order)), (0.0, 0.0))  # of leaves and branches, by SciPy's number
    tops.update((leaf, (float(x), 0.0)) for x, leaf in enumerate(order))
    branches: list[list[tuple[float, float]]] = []
    for left, right, height, _ in tree.tolist():
        (x, low), (other_x, other_low) = tops[int(left)], tops[int(right)]
        branches.append([(x, low), (x, height), (other_x, height), (other_x, other_low)])
        tops[len(tops)] = ((x + other_x) / 2, height)
    return Clusters(order, branches)
