# SPDX-License-Identifier: BSD-2-Clause
"""The samples of a report: what is measured of each, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import MappingOptions
from bedtok._natural_order import natural_key
from bedtok.report.assemblies import AssemblyFit, fit_assemblies, is_primary, likely_assemblies

Int32s = npt.NDArray[np.int32]


@dataclass(frozen=True)
class SampleSummary:
    """A sample of a report.

    Attributes:
        sample: Its name.
        regions: Number of its regions.
        hits: Of these, how many hit the vocabulary.
        tokens: Number of its tokens.
        skipped_lines: Lines of its file that were left out.
        assemblies: The genome assemblies that its regions fit best; empty: none of those that are
            known; None: its file was not read.
        likely_cause: The likely cause of its misses; None where nothing stands out, or its file was
            not read.
        outlier: How it is far from the other samples; None: it is not.
    """

    sample: str
    regions: int
    hits: int
    tokens: int
    skipped_lines: int = 0
    assemblies: tuple[str, ...] | None = None
    likely_cause: str | None = None
    outlier: str | None = None

    @property
    def hit_rate(self) -> float:
        """Hits per region, 0 to 1; 0 for a sample without regions."""
        return self.hits / max(self.regions, 1)

    def to_dict(self) -> dict[str, Any]:
        """Return all values, the hit rate included."""
        return {**asdict(self), "hit_rate": self.hit_rate}


@dataclass(frozen=True)
class ChromSummary:
    """A chromosome over all samples whose files were read.

    Attributes:
        chrom: Its name in the samples.
        known: Whether the vocabulary has it.
        regions: Regions on it.
        hits: Of these, how many hit.
        samples: Number of samples with a region on it.
        hit_rates: Quantiles 0.05, 0.5 and 0.95 of these samples' hit rates, 0 to 1.
    """

    chrom: str
    known: bool
    regions: int
    hits: int
    samples: int
    hit_rates: tuple[float, float, float]

    @property
    def hit_rate(self) -> float:
        """Hits per region, 0 to 1."""
        return self.hits / max(self.regions, 1)


class Measured(NamedTuple):
    """The counts of a sample's regions.

    Attributes:
        summary: Its row.
        chroms: (name, known, regions, hits) of its chromosomes.
        fits: How its regions fit known assemblies.
        ids: Its distinct tokens, without special ones.
    """

    summary: SampleSummary
    chroms: list[tuple[str, bool, int, int]]
    fits: list[AssemblyFit]
    ids: Int32s


def measure(
    core: _core.Tokenizer,
    options: MappingOptions,
    name: str,
    regions: _core.RegionSet,
    skipped_lines: int,
) -> Measured:
    """Return what a report says of the regions of a sample."""
    encoding, report = core.encode_with_report(regions, options, skipped_lines)
    fits = fit_assemblies(regions)
    ids = np.unique(encoding.input_ids)
    summary = SampleSummary(
        name,
        regions=len(regions),
        hits=report.hits,
        tokens=len(encoding.input_ids),
        skipped_lines=skipped_lines,
        assemblies=tuple(likely_assemblies(fits, len(regions))),
        likely_cause=report.likely_cause,
    )
    chroms = [(c.chrom, c.known, c.regions, c.hits) for c in report.chroms]
    return Measured(summary, chroms, fits, ids[ids < core.num_regions].astype(np.int32))


class ChromCounts:
    """Adds up the chromosomes of samples."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        self._regions: dict[str, list[int]] = {}
        self._hits: dict[str, list[int]] = {}

    def add(self, chroms: Sequence[tuple[str, bool, int, int]]) -> None:
        """Add those of a sample, as in ``Measured``."""
        for name, known, regions, hits in chroms:
            self._known[name] = known
            self._regions.setdefault(name, []).append(regions)
            self._hits.setdefault(name, []).append(hits)

    def summaries(self) -> list[ChromSummary]:
        """Return the chromosomes, in natural order, contigs last."""
        names = sorted(self._known, key=lambda name: (not is_primary(name), natural_key(name)))
        return [self._summary(name) for name in names]

    def _summary(self, name: str) -> ChromSummary:
        regions, hits = np.array(self._regions[name]), np.array(self._hits[name])
        low, median, high = np.quantile(hits / np.maximum(regions, 1), (0.05, 0.5, 0.95))
        return ChromSummary(
            name,
            self._known[name],
            int(regions.sum()),
            int(hits.sum()),
            len(regions),
            (float(low), float(median), float(high)),
        )
