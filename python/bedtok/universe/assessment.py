# SPDX-License-Identifier: BSD-2-Clause
"""How well universes fit samples."""

from __future__ import annotations

import functools
import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import OnError, count_threads, warn_caller
from bedtok._core import ConfigError, VocabularyError
from bedtok._files import StrPath, local_file, sample_names, source_path, write_text
from bedtok._html import Table, bar, card
from bedtok._regions.anndata import is_anndata
from bedtok._regions.region_set import RegionSet, as_region_set, read_bed
from bedtok.universe.building import Universe
from bedtok.universe.samples import (
    Source,
    check_any_left,
    find_samples,
    for_each_sample,
    read_file,
    skips_lines,
)

if TYPE_CHECKING:
    from bedtok.tokenizers import Tokenizer

Int64s = npt.NDArray[np.int64]

_UNIVERSES_SHOWN = 8  # in a notebook
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)  # of tokens a sample


@dataclass(frozen=True)
class SampleFit:
    """How well a universe fits a sample.

    Attributes:
        universe: Name of the universe.
        sample: Name of the sample.
        regions: Number of the sample's regions.
        hits: Of these, how many overlap a region of the universe.
        tokens: Number of tokens, as the tokenizer gives them by default.
        distinct_tokens: Number of distinct ones: regions of the universe that are hit.
        shared_tokens: Of these, how many are hit by more than one region of the sample.
        sample_bp: Base pairs that the sample covers.
        universe_bp: Base pairs that the universe covers.
        overlap_bp: Base pairs that both cover.
        distance_to_universe: Median distance of the sample's starts and ends to the nearest start
            and end of the universe, in base pairs; None where no chromosome is shared.
        distance_to_sample: The same from the universe's starts and ends.
    """

    universe: str
    sample: str
    regions: int
    hits: int
    tokens: int
    distinct_tokens: int
    shared_tokens: int
    sample_bp: int
    universe_bp: int
    overlap_bp: int
    distance_to_universe: float | None
    distance_to_sample: float | None

    @property
    def hit_rate(self) -> float:
        """Hits per region, 0 to 1."""
        return self.hits / max(self.regions, 1)

    @property
    def recall(self) -> float:
        """Share of the sample's base pairs that the universe covers, 0 to 1."""
        return self.overlap_bp / max(self.sample_bp, 1)

    @property
    def precision(self) -> float:
        """Share of the universe's base pairs that the sample covers, 0 to 1."""
        return self.overlap_bp / max(self.universe_bp, 1)

    @property
    def f10(self) -> float:
        """F-beta of precision and recall with beta 10, which weighs recall; 0 to 1.

        (1 + 10**2) * P * R / (10**2 * P + R), 0 where nothing overlaps. Source:
        ``get_f_10_score`` of geniml 0.8.4.
        """
        weighted = 100 * self.precision + self.recall
        return 101 * self.precision * self.recall / weighted if weighted else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Return all values, the computed ones included."""
        computed = ("hit_rate", "recall", "precision", "f10")
        return {**asdict(self), **{name: getattr(self, name) for name in computed}}


@dataclass(frozen=True)
class UniverseFit:
    """How well a universe fits all samples.

    Attributes:
        universe: Name of the universe.
        regions: Number of its regions.
        base_pairs: Base pairs that it covers.
        samples: Number of samples.
        sample_regions: Number of regions of all samples.
        hits: Of these, how many overlap a region of the universe.
        hit_rate: Hits per region over all samples, 0 to 1.
        recall: Mean over the samples of the covered share of their base pairs.
        precision: Mean over the samples of the share of the universe that they cover.
        f10: Mean over the samples of ``SampleFit.f10``.
        distance_to_universe: Median over the samples, in base pairs; None where there is none.
        distance_to_sample: Likewise.
        tokens: Quantiles of the number of tokens a sample, by "0", "0.05" ... "1".
        unused_regions: Number of regions that no sample hits.
        shared_regions: Number of regions that several regions of one sample hit, in any sample:
            these become one token.
    """

    universe: str
    regions: int
    base_pairs: int
    samples: int
    sample_regions: int
    hits: int
    hit_rate: float
    recall: float
    precision: float
    f10: float
    distance_to_universe: float | None
    distance_to_sample: float | None
    tokens: dict[str, float]
    unused_regions: int
    shared_regions: int

    def to_dict(self) -> dict[str, Any]:
        """Return all values."""
        return asdict(self)


@dataclass
class Assessment:
    """How well universes fit samples; it prints as a table.

    Attributes:
        universes: One entry a universe.
        samples: One entry a universe and sample.
        region_hits: For each universe, by name, how many regions of all samples hit each of its
            regions, (regions,) int64, in the order of its BED file.
        failed: Samples that could not be read, by name, with the reason.
    """

    universes: list[UniverseFit]
    samples: list[SampleFit]
    region_hits: dict[str, Int64s] = field(repr=False)
    failed: dict[str, str] = field(default_factory=dict, repr=False)

    def to_tsv(self, path: StrPath) -> None:
        """Write a line for each universe and sample: the values of ``SampleFit``, by tabs.

        The file is written atomically; missing distances are empty.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        names = list(self.samples[0].to_dict()) if self.samples else [f.name for f in _FIELDS]
        lines = ["\t".join(names)]
        lines += ["\t".join(map(_cell, fit.to_dict().values())) for fit in self.samples]
        write_text(path, "\n".join(lines) + "\n")

    def to_json(self, path: StrPath) -> None:
        """Write ``universes``, ``samples`` and ``failed`` as JSON, atomically.

        Args:
            path: The file.

        Raises:
            OSError: The file cannot be written.
        """
        content = {
            "universes": [fit.to_dict() for fit in self.universes],
            "samples": [fit.to_dict() for fit in self.samples],
            "failed": self.failed,
        }
        write_text(path, json.dumps(content, indent=2) + "\n")

    def plot(self, path: StrPath) -> None:
        """Draw hit rate and F10 against the size of the universes, and tokens a sample.

        Args:
            path: A file; its suffix, such as .svg, .pdf or .png, is the format.

        Raises:
            ImportError: matplotlib is not installed.
            OSError: The file cannot be written.
        """
        from bedtok.universe.plots import plot_assessment

        plot_assessment(self, path)

    def __str__(self) -> str:
        return "\n".join("  ".join(row).rstrip() for row in _aligned(_table(self.universes)))

    def _repr_html_(self) -> str:
        facts: list[tuple[str, object]] = []
        if self.universes:
            facts.append(("samples", f"{self.universes[0].samples:,}"))
        if self.failed:
            facts.append(("failed", f"{len(self.failed):,}"))
        rows = [
            (
                fit.universe,
                f"{fit.regions:,}",
                bar(fit.hit_rate),
                f"{fit.f10:.3f}",
                f"{fit.tokens['0.5']:,.0f}",
                f"{fit.unused_regions / max(fit.regions, 1):.1%}",
            )
            for fit in self.universes[:_UNIVERSES_SHOWN]
        ]
        header = ("universe", "regions", "hit rate", "F10", "tokens a sample", "unused regions")
        title = "How well universes fit samples"
        return card(title, facts, Table(header, rows, len(self.universes)))


_FIELDS = fields(SampleFit)


def assess(
    universes: object,
    files: object,
    *,
    num_threads: int | None = None,
    strict: bool = False,
    on_error: OnError = "raise",
    progress: bool | None = None,
) -> Assessment:
    """Tell how well universes fit samples.

    Args:
        universes: A BED file, a RegionSet, a Universe or a Tokenizer; several of them in a list, or
            in a dict by name. Those in a list are named after their files, or ``universe 0`` ...
        files: The samples, as ``build`` takes them.
        num_threads: None: all processors that this process may use.
        strict: Raise the error of the first bad sample instead of continuing without it.
        on_error: What a line that is not BED does; see ``build``.
        progress: Whether to show a progress bar; None: if standard error is a terminal. Needs tqdm.

    Raises:
        VocabularyError: A universe has no regions.
        ConfigError: Two universes have one name, or no samples are given.
        Error: A sample is bad, with ``strict``, or all are.
    """
    targets = [_Target(name, regions) for name, regions in _named(universes).items()]
    threads = count_threads(num_threads)
    skips = skips_lines(on_error)
    sources = find_samples(files)
    paths = [source.name for source in sources]
    short = sample_names(["-" if source.data is not None else source.name for source in sources])
    names = dict(zip(paths, short, strict=True))
    failed: dict[str, str] = {}
    fits: list[list[SampleFit]] = []
    read = functools.partial(_assess, targets=targets, names=names, skips=skips)
    for source, result in for_each_sample(
        sources, read, num_threads=threads, strict=strict, progress=progress, failed=failed
    ):
        fits.append([])
        for target, (fit, counts) in zip(targets, result.fits, strict=True):
            fits[-1].append(fit)
            target.hits += counts
            target.shared |= counts > 1
        if result.skipped is not None and on_error == "warn":
            warn_caller(f"{source.name}: {result.skipped}")
    check_any_left(sources, failed)
    by_universe = [list(column) for column in zip(*fits, strict=True)]
    return Assessment(
        [target.summary(column) for target, column in zip(targets, by_universe, strict=True)],
        [fit for column in by_universe for fit in column],
        {target.name: target.hits for target in targets},
        dict(sorted(failed.items())),
    )


class _Assessed:
    """The fits of a sample to each universe, with the hits of each of its regions."""

    def __init__(self, fits: list[tuple[SampleFit, Int64s]], skipped: str | None) -> None:
        self.fits = fits
        self.skipped = skipped


class _Genome:
    """Places on all chromosomes as numbers: chromosomes lie end to end, far enough apart."""

    _FAR = 33  # bits; no distance within a chromosome reaches the next one

    def __init__(self, names: list[str]) -> None:
        self._ids = {name: i for i, name in enumerate(names)}

    def place(self, regions: _core.RegionSet) -> tuple[Int64s, Int64s]:
        """Return starts and ends; those of chromosomes that are not known lie behind all others."""
        table = [self._ids.get(name, len(self._ids)) for name in regions.chrom_names]
        ids = np.asarray(table, dtype=np.int64)[regions.chrom_ids.astype(np.int64)]
        offset = ids << self._FAR
        return regions.starts.astype(np.int64) + offset, regions.ends.astype(np.int64) + offset

    @property
    def end(self) -> int:
        """Where the chromosomes that are not known begin."""
        return len(self._ids) << self._FAR


class _Covered:
    """Bases that regions cover, as disjoint stretches in order."""

    def __init__(self, starts: Int64s, ends: Int64s) -> None:
        order = np.argsort(starts, kind="stable")
        starts, ends = starts[order], ends[order]
        full = starts < ends
        starts, ends = starts[full], np.maximum.accumulate(ends[full]) if full.any() else ends[:0]
        new = np.ones(len(starts), dtype=bool)
        new[1:] = starts[1:] > ends[:-1]
        last = np.ones(len(starts), dtype=bool)
        last[:-1] = new[1:]
        self.starts = starts[new]
        self.ends = ends[last]
        self._before = np.concatenate(([0], np.cumsum(self.ends - self.starts)))

    @property
    def base_pairs(self) -> int:
        return int(self._before[-1])

    def below(self, places: Int64s) -> Int64s:
        """Return how many covered bases lie below each place."""
        at = np.searchsorted(self.starts, places, side="right")
        past = np.maximum(self.ends[np.maximum(at - 1, 0)] - places, 0) if len(self.ends) else 0
        return self._before[at] - np.where(at > 0, past, 0)


class _Target:
    """A universe, prepared for samples, and what they add up to."""

    def __init__(self, name: str, regions: _core.RegionSet) -> None:
        if not len(regions):
            raise VocabularyError(f"{name}: the universe has no regions, expected at least one")
        self.name = name
        self.tokenizer = _core.Tokenizer(regions, None)
        regions = self.tokenizer.regions
        self.size = len(regions)
        self.genome = _Genome(regions.chrom_names)
        starts, ends = self.genome.place(regions)
        self.covered = _Covered(starts, ends)
        self.starts, self.ends = np.sort(starts), np.sort(ends)
        self.hits = np.zeros(self.size, dtype=np.int64)
        self.shared = np.zeros(self.size, dtype=bool)

    def fit(self, sample: str, regions: _core.RegionSet) -> tuple[SampleFit, Int64s]:
        """Return the fit of a sample, and how many of its regions hit each of the universe's."""
        encoding, report = self.tokenizer.encode_with_report(regions, _core.MappingOptions())
        ids = encoding.input_ids
        counts = np.bincount(ids[ids < self.size], minlength=self.size)
        starts, ends = self.genome.place(regions)
        covered = _Covered(starts, ends)
        overlap = self.covered.below(covered.ends) - self.covered.below(covered.starts)
        known = covered.starts < self.genome.end
        # Borders of the sample's covered stretches, as geniml takes them.
        to_universe = [
            _distances(covered.starts[known], self.starts),
            _distances(covered.ends[known], self.ends),
        ]
        shared = np.isin(self.starts >> 33, covered.starts >> 33)
        shared_ends = np.isin(self.ends >> 33, covered.starts >> 33)
        to_sample = [
            _distances(self.starts[shared], covered.starts),
            _distances(self.ends[shared_ends], covered.ends),
        ]
        fit = SampleFit(
            universe=self.name,
            sample=sample,
            regions=len(regions),
            hits=report.hits,
            tokens=int(counts.sum()),
            distinct_tokens=int(np.count_nonzero(counts)),
            shared_tokens=int(np.count_nonzero(counts > 1)),
            sample_bp=covered.base_pairs,
            universe_bp=self.covered.base_pairs,
            overlap_bp=int(overlap.sum()),
            distance_to_universe=_median(to_universe),
            distance_to_sample=_median(to_sample),
        )
        return fit, counts

    def summary(self, fits: list[SampleFit]) -> UniverseFit:
        """Return the fit of all samples."""
        regions = sum(fit.regions for fit in fits)
        hits = sum(fit.hits for fit in fits)
        tokens = np.quantile([fit.tokens for fit in fits], QUANTILES)
        return UniverseFit(
            universe=self.name,
            regions=self.size,
            base_pairs=self.covered.base_pairs,
            samples=len(fits),
            sample_regions=regions,
            hits=hits,
            hit_rate=hits / max(regions, 1),
            recall=_mean([fit.recall for fit in fits]),
            precision=_mean([fit.precision for fit in fits]),
            f10=_mean([fit.f10 for fit in fits]),
            distance_to_universe=_median_of([fit.distance_to_universe for fit in fits]),
            distance_to_sample=_median_of([fit.distance_to_sample for fit in fits]),
            tokens={f"{q:g}": float(value) for q, value in zip(QUANTILES, tokens, strict=True)},
            unused_regions=int(np.count_nonzero(self.hits == 0)),
            shared_regions=int(np.count_nonzero(self.shared)),
        )


def _assess(
    source: Source, targets: list[_Target], names: dict[str, str], skips: bool
) -> _Assessed:
    skipped = None
    with local_file(source.name) as file:
        given = read_file(source._replace(name=file))
        if given is not None:
            regions = given._core
        elif skips:
            regions, _, skipped = _core.RegionSet.read_skipping(file, True, source.data)
        elif source.data is not None:
            regions = _core.RegionSet.from_bytes(source.data, source.name)
        else:
            regions = _core.RegionSet.from_bed(file)
    return _Assessed([target.fit(names[source.name], regions) for target in targets], skipped)


def _named(universes: object) -> dict[str, _core.RegionSet]:
    """Return the regions of universes by name."""
    if isinstance(universes, Mapping):
        return {str(name): _regions_of(universe) for name, universe in universes.items()}
    single = isinstance(universes, (str, os.PathLike, RegionSet, Universe)) or hasattr(
        universes, "vocab_size"
    )
    items = [universes] if single or not isinstance(universes, Iterable) else list(universes)
    if not items:
        raise ConfigError("universes: there are none, expected at least one")
    names = [
        source_path(item) if isinstance(item, (str, os.PathLike)) else f"universe {i}"
        for i, item in enumerate(items)
    ]
    short = sample_names(names)
    named = {name: _regions_of(item) for name, item in zip(short, items, strict=True)}
    if len(named) < len(items):
        raise ConfigError("universes: one is given twice, expected distinct names")
    return named


def _regions_of(universe: Any) -> _core.RegionSet:
    if isinstance(universe, (str, os.PathLike)):
        return read_bed(source_path(universe), False, "raise")[0]
    if isinstance(universe, Universe) or hasattr(universe, "vocab_size"):
        tokenizer: Universe | Tokenizer = universe
        return tokenizer.regions._core
    if is_anndata(universe):
        raise TypeError("universes: expected a universe, not AnnData, which is a sample")
    return as_region_set(universe)._core


def _distances(places: Int64s, targets: Int64s) -> Int64s:
    """Return the distance of each place to the nearest target, which are in order."""
    if not len(places) or not len(targets):
        return np.zeros(0, dtype=np.int64)
    at = np.searchsorted(targets, places)
    after = targets[np.minimum(at, len(targets) - 1)]
    before = targets[np.maximum(at - 1, 0)]
    nearest: Int64s = np.minimum(np.abs(after - places), np.abs(places - before))
    return nearest


def _median(parts: list[Int64s]) -> float | None:
    values = np.concatenate(parts)
    return float(np.median(values)) if len(values) else None


def _median_of(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.median(there)) if there else None


def _mean(values: list[float]) -> float:
    return math.fsum(values) / max(len(values), 1)


def _cell(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(fits: list[UniverseFit]) -> list[list[str]]:
    """Return the rows of the table that an assessment prints as: a column a universe."""

    def bp(value: float | None) -> str:
        return "-" if value is None else f"{value:,.10g}"

    def share(part: int, whole: int) -> str:
        return f"{part:,} ({part / max(whole, 1):.1%})"

    rows = [
        ("universe", [fit.universe for fit in fits]),
        ("regions", [f"{fit.regions:,}" for fit in fits]),
        ("base pairs", [f"{fit.base_pairs:,}" for fit in fits]),
        ("samples", [f"{fit.samples:,}" for fit in fits]),
        ("hit rate", [f"{fit.hit_rate:.2%}" for fit in fits]),
        ("recall (bp)", [f"{fit.recall:.4f}" for fit in fits]),
        ("precision (bp)", [f"{fit.precision:.4f}" for fit in fits]),
        ("F10", [f"{fit.f10:.4f}" for fit in fits]),
        ("distance to universe (bp)", [bp(fit.distance_to_universe) for fit in fits]),
        ("distance to sample (bp)", [bp(fit.distance_to_sample) for fit in fits]),
        ("tokens a sample, median", [bp(fit.tokens["0.5"]) for fit in fits]),
        ("  5% to 95%", [f"{bp(f.tokens['0.05'])} to {bp(f.tokens['0.95'])}" for f in fits]),
        ("unused regions", [share(fit.unused_regions, fit.regions) for fit in fits]),
        ("shared regions", [share(fit.shared_regions, fit.regions) for fit in fits]),
    ]
    return [[name, *values] for name, values in rows]


def _aligned(rows: list[list[str]]) -> list[list[str]]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]
        for row in rows
    ]
