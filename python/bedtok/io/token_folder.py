# SPDX-License-Identifier: BSD-2-Clause
"""A folder of tokens that a run writes to: what it holds, what is missing, new shards.

``SampleFolder`` has a row for each file. ``CellFolder`` has a row for each cell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bedtok._checks import is_unicode
from bedtok._core import ConfigError
from bedtok._files import cell_sample_names, sample_names
from bedtok._regions.h5ad import h5ad_shape, is_hdf5
from bedtok.io.cell_choice import CellChoice
from bedtok.io.cell_shards import CellShard
from bedtok.io.entries import CellsEntry, Entries, SourceFile, joined_entry
from bedtok.io.gtok import gtok_paths, write_tokens_to_gtok
from bedtok.io.manifest import read_manifest
from bedtok.io.plan import Held, Plan, plan_files
from bedtok.io.shards import (
    SampleTokens,
    next_part_number,
    part_path,
    read_entries,
    remove_samples,
    write_bytes,
    write_samples,
)
from bedtok.io.tokenized import CellRange, Job, Tokenized

Span = tuple[int, int]  # first cell, and the one behind the last


class Written(NamedTuple):
    """Files that were written, and the entries of the samples in the folder that changed."""

    files: list[str]
    entries: Entries


class SampleFolder:
    """A folder with a row for each BED file.

    Args:
        path: Its path.
        settings: The format and the digest of the tokenizer.
        samples_per_shard: Samples of a Parquet or npz shard.
        vocabulary: The fields of metadata that name the vocabulary.
    """

    def __init__(
        self,
        path: Path,
        settings: dict[str, str],
        samples_per_shard: int,
        vocabulary: Mapping[str, Any],
    ) -> None:
        self.path = path
        self.settings = settings
        self.jobs_of_a_shard = samples_per_shard
        self._made_by = {"tokenizer_digest": settings["tokenizer_digest"], **vocabulary}
        self._format = settings["format"]
        self._open: list[SampleTokens] = []
        self._number: int | None = None

    def read(self) -> Entries:
        """Return the samples of earlier runs, which must have had the same settings.

        Raises:
            ConfigError: They had not, or a file is damaged.
        """
        entries = read_manifest(self.path, self.settings)
        if entries is None:
            if any(self.path.glob("part-*")) or any(self.path.glob("*.gtok")):
                raise ConfigError(
                    f"{self.path}: holds tokens and no manifest, expected a new folder"
                )
            return {}
        if self._format == "gtok":
            # Only the manifest knows the samples: a file that it does not list is written again.
            return entries
        # The shards themselves are what counts: a run may have ended between one and its manifest.
        return self._joined(read_entries(self.path, self._format))

    def _joined(self, shards: Mapping[Path, Entries]) -> Entries:
        return {name: entry for held in shards.values() for name, entry in held.items()}

    def plan(self, texts: Sequence[str], entries: Entries) -> Plan:
        """Return what there is to do, after checking that all names can be written.

        Raises:
            ConfigError: They cannot.
        """
        plan = plan_files(texts, entries, sample_names)
        names = [*(name for name in entries if name not in plan.changed), *plan.missing.values()]
        if self._format == "gtok":
            gtok_paths(self.path, names)  # and those that are there already
        elif self._format == "parquet":
            check_unicode(names, "use format='npz'")
        return plan

    def jobs(self, missing: Mapping[str, str]) -> list[Job]:
        """Return the jobs of files, which are given with the names of their samples."""
        return [Job(name, text) for text, name in missing.items()]

    def remove(self, entries: Entries, names: set[str]) -> None:
        """Remove samples from the shards, before their files are tokenized again.

        A run that ends in between leaves them missing, and the next one writes them.
        """
        if names and self._format != "gtok":
            for path, held in read_entries(self.path, self._format).items():
                if names & set(held):
                    remove_samples(path, names, held, self._made_by)
        for name in names:
            del entries[name]

    def add(self, result: Tokenized) -> Written:
        """Write the result of a job, or keep it until a shard is full."""
        self._open.append(result.rows)
        return self.flush() if len(self._open) == self.jobs_of_a_shard else Written([], {})

    def _next_path(self) -> str:
        """Return the path of the next shard; the folder is listed once, as it may be long."""
        if self._number is None:
            self._number = next_part_number(self.path, self._format)
        self._number += 1
        return part_path(self.path, self._number - 1, self._format)

    def flush(self) -> Written:
        """Write what is kept."""
        samples, self._open = self._open, []
        if not samples:
            return Written([], {})
        entries: Entries = {sample.sample: sample.entry for sample in samples}
        if self._format != "gtok":
            shard = self._next_path()
            write_samples(shard, samples, self._made_by)
            return Written([shard], entries)
        paths = gtok_paths(self.path, list(entries))
        for path, sample in zip(paths, samples, strict=True):
            write_tokens_to_gtok(path, sample.input_ids)
        return Written([str(path) for path in paths], entries)


class CellFolder(SampleFolder):
    """A folder with a row for each cell of fragment files and .h5ad files.

    A shard has cells of one sample, and a sample may have several shards.

    Args:
        path: Its path.
        settings: The format, the digest of the tokenizer, and how cells are chosen.
        samples_per_shard: The most cells of a shard.
        vocabulary: The fields of metadata that name the vocabulary.
        given: The name of each file's sample; None: it is that of the file.
        choice: Which cells, and what of them.
    """

    def __init__(
        self,
        path: Path,
        settings: dict[str, str],
        samples_per_shard: int,
        vocabulary: Mapping[str, Any],
        given: Mapping[str, str] | None,
        choice: CellChoice,
    ) -> None:
        super().__init__(path, settings, samples_per_shard, vocabulary)
        self.jobs_of_a_shard = 1
        self._cells_per_shard = samples_per_shard
        self._given = given
        self._choice = choice
        self._parts: dict[str, list[CellsEntry]] = {}

    def _joined(self, shards: Mapping[Path, Entries]) -> Entries:
        for held in shards.values():
            for name, entry in held.items():
                assert isinstance(entry, CellsEntry)  # by the settings of the folder
                self._parts.setdefault(name, []).append(entry)
        return {name: joined_entry(parts) for name, parts in self._parts.items()}

    def plan(self, texts: Sequence[str], entries: Entries) -> Plan:
        """Return what there is to do; errors as of the other folder."""
        plan = plan_files(texts, entries, cell_sample_names, self._given, self._held)
        self._choice.check_samples(dict.fromkeys([*entries, *plan.missing.values()]))
        check_unicode(plan.missing.values(), "name the samples: names=")
        return plan

    def _held(self, name: str, text: str) -> Held:
        parts = self._parts[name]
        whole = not _gaps([(part.first, part.stop) for part in parts], parts[0].total)
        return Held(whole, is_hdf5(text))

    def jobs(self, missing: Mapping[str, str]) -> list[Job]:
        """Return the jobs of files; an .h5ad file of many cells is several."""
        return [job for text, name in missing.items() for job in self._jobs_of(text, name)]

    def _jobs_of(self, text: str, name: str) -> list[Job]:
        whole = [Job(name, text)]
        if not is_hdf5(text):
            return whole
        try:
            shape = h5ad_shape(text, self._choice.layer)
            source = None if shape.cells <= self._cells_per_shard else SourceFile.of(text)
        except (OSError, ValueError):
            return whole  # whoever reads it says what is wrong
        done = [(part.first, part.stop) for part in self._parts.get(name, [])]
        if source is None or (not shape.by_rows and not done):
            return whole
        size = self._cells_per_shard if shape.by_rows else shape.cells
        return [
            Job(name, text, CellRange(first, min(first + size, stop), shape.cells, source))
            for start, stop in _gaps(done, shape.cells)
            for first in range(start, stop, size)
        ]

    def remove(self, entries: Entries, names: set[str]) -> None:
        """Remove samples, before their files are tokenized again."""
        super().remove(entries, names)
        for name in names:
            del self._parts[name]

    def add(self, result: Tokenized) -> Written:
        """Write the shards of a job."""
        files = []
        shards: list[CellShard] = result.rows
        for shard in shards:
            path = self._next_path()
            write_bytes(path, shard.content)
            files.append(path)
            self._parts.setdefault(result.sample, []).append(shard.entry)
        parts = self._parts.get(result.sample)
        return Written(files, {result.sample: joined_entry(parts)} if parts else {})


def check_unicode(names: Iterable[str], remedy: str) -> None:
    """Raise ConfigError for a sample's name that Parquet does not hold."""
    for name in names:
        if not is_unicode(name):
            raise ConfigError(
                f"{name!a}: the sample's name is not UTF-8, which Parquet needs; rename the file, "
                f"or {remedy}"
            )


def _gaps(spans: Sequence[Span], total: int) -> list[Span]:
    """Return what spans leave free of 0 to ``total``."""
    gaps = []
    end = 0
    for first, stop in [*sorted(spans), (total, total)]:
        if first > end:
            gaps.append((end, first))
        end = max(end, stop)
    return gaps
