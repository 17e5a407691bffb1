# SPDX-License-Identifier: BSD-2-Clause
"""The report of a folder of tokens: manifest, shards, and the files of some samples."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bedtok._checks import OnError, check_on_error, count_threads
from bedtok._core import ConfigError, VocabularyError
from bedtok._files import StrPath, checked_path
from bedtok._progress import progress_bar
from bedtok._tokenization.options import mapping_to_dict, merge_mapping
from bedtok.io.entries import CellsEntry, Entries, SampleEntry, joined_entry
from bedtok.io.gtok import gtok_paths, read_tokens_from_gtok
from bedtok.io.manifest import Manifest, open_manifest
from bedtok.io.shards import read_entries, read_rows_of_shard
from bedtok.report.assemblies import AssemblyFit
from bedtok.report.collection_report import CollectionReport
from bedtok.report.files import NAMES, add_fits, draw, read_all, read_sample, similarity_of
from bedtok.report.samples import ChromCounts, Int32s, SampleSummary

if TYPE_CHECKING:
    from bedtok.tokenizers import Tokenizer


def report_of_folder(
    folder: StrPath,
    tokenizer: Tokenizer | None,
    options: Mapping[str, Any],
    *,
    vocabulary: str,
    files_read: int,
    similarity_samples: int,
    seed: int,
    num_threads: int | None,
    on_error: OnError,
    progress: bool | None,
) -> CollectionReport:
    """Return the report of a folder; see ``CollectionReport.from_folder``."""
    path = Path(checked_path(folder))
    check_on_error(on_error)
    manifest = open_manifest(path)
    places = _places(path, manifest)
    names = list(places)
    entries = {name: place.entry for name, place in places.items()}
    samples = [
        SampleSummary(name, entry.regions, entry.hits, entry.tokens)
        for name, entry in entries.items()
    ]
    counts = ChromCounts()
    fits: list[list[AssemblyFit]] = []
    read = 0
    if tokenizer is not None:
        mapping = merge_mapping(tokenizer.options, options, "from_folder", NAMES)
        digest = tokenizer.with_options(**mapping_to_dict(mapping)).digest
        _check_digest(path, manifest.settings["tokenizer_digest"], digest)
        chosen = [
            i
            for i in draw(len(names), files_read, seed, "files_read")
            if _can_be_read(entries[names[i]])
        ]
        jobs = [(names[i], entries[names[i]].path) for i in chosen]
        work = functools.partial(read_sample, tokenizer._core, mapping, on_error != "raise")
        for job, result in read_all(work, jobs, count_threads(num_threads), progress):
            if isinstance(result, BaseException):
                continue  # it is gone since, or is on a machine that is off
            i, measured = chosen[job], result.measured
            if measured.summary.regions != samples[i].regions:
                continue  # only some of its regions were tokenized
            samples[i] = measured.summary
            counts.add(measured.chroms)
            fits.append(measured.fits)
            read += 1
    wanted = [names[i] for i in draw(len(names), similarity_samples, seed, "similarity_samples")]
    limit = None if tokenizer is None else tokenizer.num_regions
    sets = dict(_token_sets(places, wanted, limit, progress))
    return CollectionReport(
        title=os.path.basename(os.path.abspath(path)),
        vocabulary=vocabulary,
        samples=samples,
        chroms=counts.summaries(),
        assemblies=add_fits(fits),
        files_read=read,
        similarity=similarity_of(sets),
        failed=manifest.failed,
    )


class Place(NamedTuple):
    """Where the tokens of a sample are.

    Attributes:
        entry: The sample's entry.
        rows: Files, and its rows in each.
    """

    entry: SampleEntry
    rows: list[tuple[Path, range]]


Places = dict[str, Place]


def _places(folder: Path, manifest: Manifest) -> Places:
    """Return where the tokens of each sample are: the shards are what counts, not the manifest."""
    format = manifest.settings["format"]
    if format == "gtok":
        names = list(manifest.samples)
        files = gtok_paths(folder, names)
        return {
            name: Place(manifest.samples[name], [(file, range(1))])
            for name, file in zip(names, files, strict=True)
        }
    shards: Mapping[Path, Entries] = read_entries(folder, format)
    places: Places = {}
    for shard, held in shards.items():
        last = 0
        for name, entry in held.items():
            first = last
            last += entry.cells if isinstance(entry, CellsEntry) else 1
            earlier = places.get(name)
            rows = [] if earlier is None else earlier.rows
            if earlier is not None and isinstance(entry, CellsEntry):
                assert isinstance(earlier.entry, CellsEntry)
                entry = joined_entry([earlier.entry, entry])
            places[name] = Place(entry, [*rows, (shard, range(first, last))])
    return places


def _check_digest(folder: Path, saved: str, digest: str) -> None:
    """Raise ConfigError if a folder was written with another tokenizer.

    Behind a dash stands the digest of the choice of regions, which changes no vocabulary.
    """
    if saved.partition("-")[0] != digest:
        raise ConfigError(
            f"{folder}: was written with tokenizer_digest {saved!r}, not {digest!r}; give the "
            "tokenizer and the mapping options that it was written with, or no tokenizer"
        )


def _can_be_read(entry: SampleEntry) -> bool:
    """Return whether a sample's file is a BED file that is there and has not changed."""
    if isinstance(entry, CellsEntry):
        return False
    try:
        return entry.source.is_current(entry.path)
    except OSError:
        return False


def _token_sets(
    places: Places, wanted: Sequence[str], num_regions: int | None, progress: bool | None
) -> Iterator[tuple[str, Int32s]]:
    """Yield the distinct tokens of samples, without special ones where they are known."""
    by_files: dict[tuple[Path, ...], list[str]] = {}
    for name in wanted:
        by_files.setdefault(tuple(file for file, _ in places[name].rows), []).append(name)
    with progress_bar(len(wanted), progress, unit="sample") as advance:
        for files, names in by_files.items():
            sets: list[list[Int32s]] = [[] for _ in names]
            for i, file in enumerate(files):
                rows = [places[name].rows[i][1] for name in names]
                for held, ids in zip(sets, _distinct_tokens(file, rows, num_regions), strict=True):
                    held.append(ids)
            for name, held in zip(names, sets, strict=True):
                yield name, np.unique(np.concatenate(held))
                advance()


def _distinct_tokens(
    file: Path, rows: Sequence[range], num_regions: int | None
) -> Iterator[Int32s]:
    """Yield the distinct tokens of some rows of a file together, and of others."""
    if file.suffix == ".gtok":
        ids = [np.asarray(read_tokens_from_gtok(file))]
    else:
        ids = read_rows_of_shard(file, [row for some in rows for row in some])
    first = 0
    for some in rows:
        distinct = np.unique(np.concatenate(ids[first : first + len(some)])).astype(np.int32)
        first += len(some)
        if num_regions is not None:
            distinct = distinct[distinct < num_regions]
        elif len(distinct) and distinct[0] < 0:
            raise VocabularyError(f"{file}: id {distinct[0]} is below 0")
        yield distinct
