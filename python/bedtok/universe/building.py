# SPDX-License-Identifier: BSD-2-Clause
"""Samples to a universe."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import OnError, check_at_least, check_texts, count_threads, warn_caller
from bedtok._core import ConfigError
from bedtok._files import (
    StorageOptions,
    StrPath,
    absolute_path,
    checked_path,
    local_file,
    source_path,
)
from bedtok._regions.chrom_sizes import check_chrom_sizes
from bedtok._regions.region_set import RegionSet, as_region_set
from bedtok.universe.manifest import FileEntry, manifest_path, write_manifest
from bedtok.universe.samples import (
    Source,
    check_any_left,
    find_samples,
    for_each_sample,
    read_file,
    skips_lines,
)

Method = Literal["union", "tiles", "coverage", "flexible", "hmm", "summits"]
METHODS: tuple[Method, ...] = ("union", "tiles", "coverage", "flexible", "hmm", "summits")

_LARGEST = 2**32 - 1  # of a coordinate
# Options that only some methods have, with the default of each.
_OWN: dict[str, dict[str, int]] = {
    "max_gap": {"union": 0, "coverage": 0},
    "width": {"tiles": 500, "summits": 501},
    "score_column": {"summits": 0},
}
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass
class Universe:
    """A universe and what it was made of; it prints as a summary of one line.

    Attributes:
        regions: Disjoint regions, by (chromosome name as bytes, start).
        scores: For each region the number of samples that overlap it, (regions,) uint32.
        method: One of METHODS.
        options: The options of the method that differ from "not given".
        samples: Number of samples.
        files: The files that were read, by path.
        failed: Samples that could not be read, by name, with the reason.
    """

    regions: RegionSet
    scores: npt.NDArray[np.uint32]
    method: str
    options: dict[str, Any]
    samples: int
    files: list[FileEntry] = field(default_factory=list, repr=False)
    failed: dict[str, str] = field(default_factory=dict, repr=False)
    _lines: RegionSet | None = field(default=None, repr=False)

    @property
    def base_pairs(self) -> int:
        """Base pairs that the regions cover."""
        core = self.regions._core
        return int(core.ends.sum(dtype=np.int64) - core.starts.sum(dtype=np.int64))

    @property
    def lines(self) -> RegionSet:
        """The regions with the other columns of the BED file as their rest."""
        return self.regions if self._lines is None else self._lines

    def __len__(self) -> int:
        return len(self.regions)

    def __str__(self) -> str:
        widths = self.regions._core.ends - self.regions._core.starts
        width = f", median width {np.median(widths):,.10g} bp" if len(self) else ""
        text = (
            f"{self.method}: {len(self):,} regions, {self.base_pairs:,} bp{width}, "
            f"from {self.samples:,} samples"
        )
        return text + (f" ({len(self.failed):,} failed)" if self.failed else "")

    def to_bed(self, path: StrPath) -> None:
        """Write a BED file, gzip if its name ends in .gz or .bgz, and the manifest beside it.

        The columns are chrom, start, end, name (the region's text) and score (``scores``, which may
        pass the 1,000 of UCSC's BED); of the methods ``"flexible"`` and ``"hmm"`` also strand
        (``.``), thickStart and thickEnd, which are the core. Both files are written atomically. The
        manifest of ``universe.bed.gz`` is ``universe.manifest.json``.

        Args:
            path: The BED file.

        Raises:
            OSError: A file cannot be written.
        """
        text = checked_path(path)
        self.lines._core.to_bed(text, compress=text.lower().endswith((".gz", ".bgz")))
        if os.path.isfile(text):  # not /dev/stdout
            write_manifest(manifest_path(text), text, self)


class _Read(NamedTuple):
    """A sample that was read."""

    sample: _core.Sample
    entry: FileEntry | None
    skipped: str | None


def build(
    files: object,
    method: Method = "coverage",
    *,
    output: StrPath | None = None,
    max_gap: int | None = None,
    min_width: int = 0,
    max_width: int | None = None,
    min_samples: int | None = None,
    min_fraction: float | None = None,
    width: int | None = None,
    score_column: int | None = None,
    exclude: object = None,
    chroms: Iterable[str] | None = None,
    chrom_sizes: object = None,
    num_threads: int | None = None,
    max_memory: int | str | None = None,
    temporary_dir: StrPath | None = None,
    strict: bool = False,
    on_error: OnError = "raise",
    progress: bool | None = None,
    storage_options: StorageOptions = None,
) -> Universe:
    """Build a universe from samples.

    The result depends neither on the order of the samples nor on the number of threads. A sample
    counts once for each base and region, however many of its regions cover it.

    Args:
        files: The samples: a path, a RegionSet or an AnnData (its peaks), or an iterable of them.
            Files are BED, narrowPeak, broadPeak, fragments or .h5ad; a folder stands for such files
            in it, a .txt, .list or .lst file for the paths in it, ``"-"`` for standard input. URLs
            are downloaded when their turn comes; ``s3://bucket/*.bed.gz`` stands for what it
            matches, and ``s3://bucket/peaks/`` for the samples in it.
        method: ``"union"``: all covered bases, joined over gaps of at most ``max_gap``.
            ``"tiles"``: bins of ``width`` of the chromosomes of ``chrom_sizes``.
            ``"coverage"``: bases that at least ``min_samples`` or ``min_fraction`` of the samples
            cover; where neither is given, those whose coverage is at least the mean of their
            chromosome (the likelihood cut-off; geniml's cc).
            ``"flexible"``: regions with a core, from two cut-offs around that one (geniml's ccf).
            ``"hmm"``: regions with a core, by a hidden Markov model of starts, cores and ends.
            ``"summits"``: windows of ``width`` around summits, the best first until none overlap.
        output: A BED file to write; see ``Universe.to_bed``.
        max_gap: For ``"union"`` and ``"coverage"``: regions with a gap of at most so many base
            pairs are joined; default 0, which joins touching ones.
        min_width: Regions of fewer base pairs are left out.
        max_width: Regions of more base pairs are left out.
        min_samples: Number of samples, 1 or more, that a base (``"coverage"``) or a region (others)
            must have.
        min_fraction: The same as a share of the samples, above 0 to 1.
        width: Base pairs of a window, default 501, or of a bin, default 500.
        score_column: Column of the score for ``"summits"``, 4 or more; default: signalValue, 7, of
            lines of 10 columns (narrowPeak), 5 of others. Scores are ranked within their sample.
        exclude: Regions, in any form that ``RegionSet`` takes; regions of the universe that overlap
            one are left out, and windows around summits before the best are chosen.
        chroms: Names of the chromosomes that are taken; None: all.
        chrom_sizes: Lengths by chromosome, or a file of them. Chromosomes that are not listed are
            left out, and regions are cut at the end.
        num_threads: None: all processors that this process may use.
        max_memory: Bytes, or a text such as ``"4G"``, that the samples may take; above it they are
            sorted into temporary files, which are merged. None: no limit.
        temporary_dir: Folder of these files; None: the system's.
        strict: Raise the error of the first bad sample instead of continuing without it.
        on_error: What a line that is not BED does, as in ``RegionSet.from_bed``: ``"raise"``: its
            file is bad; ``"warn"`` and ``"skip"``: the line is left out.
        progress: Whether to show a progress bar; None: if standard error is a terminal. Needs tqdm.
        storage_options: Options of the file system of URLs, as in ``RegionSet.from_bed``.

    Returns:
        The universe.

    Raises:
        ConfigError: An option is not legal or does not belong to the method.
        FileNotFoundError: There is no such file.
        Error: A sample is bad, with ``strict``, or all are.
        OSError: A file cannot be written.
    """
    options = _checked_options(
        method,
        max_gap=max_gap,
        min_width=min_width,
        max_width=max_width,
        min_samples=min_samples,
        min_fraction=min_fraction,
        width=width,
        score_column=score_column,
    )
    sizes = check_chrom_sizes("chrom_sizes", chrom_sizes)
    if method == "tiles" and not sizes:
        raise ConfigError(
            "tiles need the sizes of the chromosomes: give chrom_sizes, such as 'hg38.chrom.sizes'"
        )
    excluded = None if exclude is None else as_region_set(exclude)._core
    wanted = None if chroms is None else _checked_chroms(chroms)
    if wanted is not None and sizes:
        sizes = {chrom: size for chrom, size in sizes.items() if chrom in wanted}
    threads = count_threads(num_threads)
    limit = _checked_memory(max_memory)
    skips = skips_lines(on_error)
    sources = find_samples(files, storage_options)
    choice = _core.SampleOptions(
        chroms=wanted,
        chrom_sizes=sizes,
        summits=method == "summits",
        width=options.get("width", 501),
        score_column=options.get("score_column", 0),
        exclude=excluded,
    )
    folder = tempfile.gettempdir() if temporary_dir is None else checked_path(temporary_dir)
    store = _core.SampleStore(limit, folder)
    entries: list[FileEntry] = []
    failed: dict[str, str] = {}
    left_out = 0
    read = functools.partial(_read, choice=choice, skips=skips)
    for source, result in for_each_sample(
        sources,
        read,
        num_threads=threads,
        strict=strict,
        progress=progress,
        failed=failed,
        abandon=choice.abandon,
    ):
        store.add(result.sample)
        left_out += result.sample.left_out
        if result.entry is not None:
            entries.append(result.entry)
        if result.skipped is not None and on_error == "warn":
            warn_caller(f"{source.name}: {result.skipped}")
    check_any_left(sources, failed)
    regions, lines, scores = store.build(
        method,
        width=options.get("width", 0),
        max_gap=options.get("max_gap", 0),
        min_width=min_width,
        max_width=_LARGEST if max_width is None else max_width,
        min_samples=min_samples,
        min_fraction=min_fraction,
        chrom_sizes=sizes,
        exclude=excluded,
        num_threads=threads,
    )
    _warn(len(regions), left_out, excluded, store.chroms)
    described = {name: value for name, value in options.items() if value}
    if "max_gap" in options:
        described["max_gap"] = options["max_gap"]
    if wanted is not None:
        described["chroms"] = sorted(wanted)
    if isinstance(chrom_sizes, (str, os.PathLike)):
        described["chrom_sizes"] = absolute_path(source_path(chrom_sizes))
    if isinstance(exclude, (str, os.PathLike)):
        described["exclude"] = absolute_path(source_path(exclude))
    universe = Universe(
        RegionSet._wrap(regions),
        scores,
        method,
        described,
        len(store),
        sorted(entries, key=lambda entry: entry.path),
        dict(sorted(failed.items())),
        RegionSet._wrap(lines),
    )
    if output is not None:
        universe.to_bed(output)
    return universe


def _warn(
    regions: int,
    left_out: int,
    excluded: _core.RegionSet | None,
    chroms: list[str],
) -> None:
    """Warn of options that do not fit the samples."""
    if not regions:
        reason = "no base or region has the samples, width and place that the options ask for"
        if left_out and not chroms:
            reason = (
                f"all {left_out:,} regions of the samples were left out, for their chromosome, for "
                "having no length, or for exclude; are names in chroms and chrom_sizes the same?"
            )
        warn_caller(f"the universe has no regions: {reason}")
    elif excluded is not None and len(excluded) and not set(excluded.chrom_names) & set(chroms):
        names = ", ".join(excluded.chrom_names[:3])
        warn_caller(
            f"exclude: none of its chromosomes ({names}) is in the samples ({chroms[0]} ...), "
            "expected the same names"
        )


def _read(source: Source, choice: _core.SampleOptions, skips: bool) -> _Read:
    with local_file(source.name) as file:
        entry = None
        if source.is_file:
            entry = FileEntry.of(source.name, file)  # before it is read
        regions = read_file(source._replace(name=file))
        skipped_lines = 0
        text = None
        if regions is not None:
            sample = _core.make_sample(regions._core, choice)
        else:
            sample, skipped_lines, text = _core.read_sample(file, choice, skips, source.data)
    if entry is not None:
        entry = entry._replace(
            regions=sample.regions, left_out=sample.left_out, skipped_lines=skipped_lines
        )
    return _Read(sample, entry, text)


def _checked_options(method: object, **options: Any) -> dict[str, Any]:
    """Return the options of a method, with its defaults."""
    if method not in METHODS:
        raise ConfigError(f"method is {method!r}, expected one of: {', '.join(METHODS)}")
    for name, defaults in _OWN.items():
        if options[name] is None:
            options[name] = defaults.get(str(method))
            if options[name] is None:
                del options[name]
        elif method not in defaults:
            raise ConfigError(
                f"{name} belongs to method {' and '.join(map(repr, defaults))}, not {method!r}"
            )
    least = {"min_samples": 1, "width": 1}
    for name in ("max_gap", "min_width", "max_width", "min_samples", "width", "score_column"):
        value = options.get(name)
        if value is not None:
            options[name] = check_at_least(name, value, least.get(name, 0))
            if options[name] > _LARGEST:
                raise ConfigError(f"{name} is {value}, expected at most {_LARGEST}")
    column = options.get("score_column", 0)
    if 0 < column < 4:
        raise ConfigError(f"score_column is {column}, expected 4 or more: 1 to 3 are the region")
    fraction = options["min_fraction"]
    if fraction is not None:
        if isinstance(fraction, bool) or not isinstance(fraction, (int, float)):
            raise TypeError(f"min_fraction: expected a number, not {type(fraction).__name__}")
        if not 0 < fraction <= 1:
            raise ConfigError(f"min_fraction is {fraction}, expected a number above 0, at most 1")
        if options["min_samples"] is not None:
            raise ConfigError("min_samples and min_fraction are both given, expected one of them")
    return options


def _checked_chroms(chroms: Iterable[str]) -> set[str]:
    if isinstance(chroms, str):
        raise TypeError("chroms: expected names in a list, not str")
    names = set(check_texts(list(chroms), "chroms"))
    if not names:
        raise ConfigError("chroms: there are none, expected at least one name")
    return names


def _checked_memory(value: object) -> int:
    """Return a number of bytes, 0 for None."""
    if value is None:
        return 0
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+)\s*([kmgt]?)(?:i?b)?", value.strip().lower())
        if match is None:
            raise ConfigError(f"max_memory is {value!r}, expected bytes or a text such as '4G'")
        value = int(match[1]) * _UNITS[match[2]]
    return check_at_least("max_memory", value, 1)
