# SPDX-License-Identifier: BSD-2-Clause
"""``RegionScores``: regions with a score each, as a table and as tracks of a browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least
from bedtok._files import StrPath
from bedtok._regions.chrom_sizes import ChromSizes
from bedtok._regions.region_set import RegionSet
from bedtok._regions.tracks import Overlaps, write_bedgraph, write_bigwig

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class RegionScores:
    """Regions and how much each mattered.

    Attributes:
        regions: The regions, in the order of the vocabulary.
        scores: float64, shape (regions,): above 0 for what the explained number, of a group its
            mean, would be smaller without.
        num_cells: int64, shape (regions,): how many of the cells have the region.
    """

    regions: RegionSet
    scores: npt.NDArray[np.float64]
    num_cells: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.regions)

    def top(self, n: int = 10) -> RegionScores:
        """Return the regions with the largest scores, the largest first.

        Args:
            n: How many; equal scores keep their order. Fewer if there are not so many.
        """
        order = np.argsort(-self.scores, kind="stable")[: check_at_least("n", n, 0)]
        return RegionScores(self.regions[order], self.scores[order], self.num_cells[order])

    def to_pandas(self) -> pandas.DataFrame:
        """Return a DataFrame with chrom, start, end, score and num_cells, in the regions' order.

        Raises:
            ImportError: pandas is not installed.
        """
        frame = self.regions.to_pandas()[["chrom", "start", "end"]]
        return frame.assign(score=self.scores, num_cells=self.num_cells)

    def to_bedgraph(self, path: StrPath, *, overlaps: Overlaps = "mean") -> None:
        """Write a bedGraph file; see ``bedtok.io.write_bedgraph``.

        Args:
            path: The file, which is written atomically.
            overlaps: The score where regions overlap: the ``"mean"`` or the ``"sum"``.
        """
        write_bedgraph(path, self.regions, self.scores, overlaps=overlaps)

    def to_bigwig(
        self, path: StrPath, chrom_sizes: ChromSizes | None, *, overlaps: Overlaps = "mean"
    ) -> None:
        """Write a bigWig file; see ``bedtok.io.write_bigwig``, which needs pyBigWig.

        Args:
            path: The file, which is written atomically.
            chrom_sizes: Lengths of the chromosomes: ``tokenizer.chrom_sizes``, or a file.
            overlaps: The score where regions overlap: the ``"mean"`` or the ``"sum"``.
        """
        write_bigwig(path, self.regions, self.scores, chrom_sizes, overlaps=overlaps)
