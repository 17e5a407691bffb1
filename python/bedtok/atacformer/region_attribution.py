# SPDX-License-Identifier: BSD-2-Clause
"""``RegionAttribution``: how much each token of each cell mattered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_integer
from bedtok._regions.region_scores import RegionScores
from bedtok._regions.region_set import RegionSet


@dataclass(frozen=True, eq=False)
class RegionAttribution:
    """The result of ``attribute_regions``: a score for each token of each cell.

    Attributes:
        regions: The vocabulary; the region of id i is at position i.
        ids: int64, shape (tokens,): the tokens that the model has seen, cell by cell; special
            tokens too.
        scores: float32, shape (tokens,).
        offsets: int64, shape (cells + 1,): cell i has ``scores[offsets[i]:offsets[i + 1]]``.
        outputs: float64, shape (cells,): the number that is explained: the logit of the target, or
            the similarity to the centroid. With ``method="attention"`` 1, the sum of the scores.
        baseline_outputs: float64, shape (cells,): the same where every token has the embedding of
            the baseline; with attention 0.
        targets: int64, shape (cells,): the class of each cell that is explained; -1 for none.
    """

    regions: RegionSet
    ids: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    offsets: npt.NDArray[np.int64]
    outputs: npt.NDArray[np.float64]
    baseline_outputs: npt.NDArray[np.float64]
    targets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def residuals(self) -> npt.NDArray[np.float64]:
        """What the scores of a cell do not account for, float64 of shape (cells,).

        That is ``outputs - baseline_outputs`` less the sum of the scores: 0 for integrated
        gradients with enough steps, which is their completeness.
        """
        totals = np.concatenate([[0.0], np.cumsum(self.scores, dtype=np.float64)])
        explained = totals[self.offsets[1:]] - totals[self.offsets[:-1]]
        residuals: npt.NDArray[np.float64] = self.outputs - self.baseline_outputs - explained
        return residuals

    def cell(self, position: int) -> RegionScores:
        """Return the scores of one cell's regions; a region that it has twice has the sum.

        Args:
            position: The cell's position, 0 to cells - 1.

        Raises:
            IndexError: There is no such cell.
        """
        number = check_integer("position", position)
        if not 0 <= number < len(self):
            raise IndexError(f"position is {number}, expected 0 to {len(self) - 1}")
        return self.mean([number])

    def mean(self, cells: object = None) -> RegionScores:
        """Return the mean scores over the cells of a group.

        The mean is over all cells of the group: in a cell that does not have a region its score is
        0. ``num_cells`` says how many have it.

        Args:
            cells: Which cells: booleans, one a cell, such as ``obs["cell_type"] == "B"``, or
                positions. None: all.

        Returns:
            The regions that a cell of the group has, in the order of the vocabulary; special tokens
            are left out.

        Raises:
            IndexError: A mask has another length, or a position is out of range.
        """
        chosen = np.arange(len(self))
        if cells is not None:
            positions = np.asarray(cells)
            # An empty list is one of floats to NumPy.
            chosen = np.unique(chosen[positions if positions.size else chosen[:0]])
        lengths = np.diff(self.offsets)
        cell_of_token = np.repeat(np.arange(len(self)), lengths)
        kept = np.isin(cell_of_token, chosen) & (self.ids < len(self.regions))
        ids, position = np.unique(self.ids[kept], return_inverse=True)
        totals = np.bincount(position, weights=self.scores[kept], minlength=len(ids))
        pairs = np.unique(np.stack([cell_of_token[kept], position]), axis=1)
        return RegionScores(
            self.regions[ids],
            totals / max(len(chosen), 1),
            np.bincount(pairs[1], minlength=len(ids)),
        )
