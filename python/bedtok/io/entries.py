# SPDX-License-Identifier: BSD-2-Clause
"""The samples of a folder of tokens: the files they come from, and their counts."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from bedtok import _core
from bedtok._core import ConfigError
from bedtok._files import absolute_path, is_url, local_file


class SourceFile(NamedTuple):
    """A file as it was when it was read.

    Attributes:
        path: Absolute path, or a URL without its credentials.
        size: Bytes.
        mtime_ns: Time of the last change, in nanoseconds; of a URL its ETag stands in for parts of
            a second.
        digest: 16 hexadecimal digits that depend on its content.
    """

    path: str
    size: int
    mtime_ns: int
    digest: str

    @classmethod
    def of(cls, path: str, copy: str | None = None) -> SourceFile:
        """Return the present state of a file; of a URL by its ``copy``, which has its time."""
        file = path if copy is None else copy
        status = os.stat(file)
        digest = _core.file_digest(file)
        return cls(absolute_path(path), status.st_size, status.st_mtime_ns, digest)

    def is_current(self, path: str) -> bool:
        """Return whether ``path`` still has the content; it is read only if its time differs."""
        if is_url(path):
            return self._is_current_url(path)
        status = os.stat(path)
        if status.st_size != self.size:
            return False
        return status.st_mtime_ns == self.mtime_ns or _core.file_digest(path) == self.digest

    def _is_current_url(self, url: str) -> bool:
        from bedtok._remote.files import read_state

        state = read_state(url)  # type: ignore[arg-type]
        if state.size is not None and state.mtime_ns is not None:
            if state.size != self.size:
                return False
            if state.mtime_ns == self.mtime_ns:
                return True
        with local_file(url) as file:
            return _core.file_digest(file) == self.digest


# A folder may list a million of them: with slots each takes less memory.
@dataclass(frozen=True, slots=True)
class SampleEntry:
    """A sample in a manifest.

    Attributes:
        path: Absolute path of its file.
        size: Bytes of the file.
        mtime_ns: Time of the file's last change, in nanoseconds.
        digest: 16 hexadecimal digits that depend on the file's content.
        regions: Number of its regions.
        hits: Number of regions that hit the vocabulary.
        tokens: Number of its tokens.
    """

    path: str
    size: int
    mtime_ns: int
    digest: str
    regions: int
    hits: int
    tokens: int

    def __reduce__(self) -> tuple[type[SampleEntry], tuple[Any, ...]]:
        """Pickle the values only, in a third of the time of a dataclass with slots."""
        return type(self), tuple(self.to_dict().values())

    @property
    def source(self) -> SourceFile:
        """The file as it was when it was read."""
        return SourceFile(self.path, self.size, self.mtime_ns, self.digest)

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {name: getattr(self, name) for name in _FIELDS[type(self)]}


@dataclass(frozen=True, slots=True)
class CellsEntry(SampleEntry):
    """The cells of a sample in a shard; or in all shards, for which ``joined_entry`` adds them up.

    Regions are the fragments of the file, or the peaks of the AnnData, with their hits; tokens are
    those of the cells that are held.

    Attributes:
        cells: Number of cells that are held.
        first: Position of the first of them among the sample's.
        stop: Position behind the last of them. Cells in between may have been left out.
        total: Number of the sample's cells.
    """

    cells: int
    first: int
    stop: int
    total: int


Entries = dict[str, SampleEntry]  # by the samples' names

_FIELDS = {kind: [field.name for field in fields(kind)] for kind in (SampleEntry, CellsEntry)}


def joined_entry(parts: Sequence[CellsEntry]) -> CellsEntry:
    """Return the entry of a sample whose cells are in several shards."""
    return replace(
        parts[0],
        tokens=sum(part.tokens for part in parts),
        cells=sum(part.cells for part in parts),
        first=min(part.first for part in parts),
        stop=max(part.stop for part in parts),
    )


def entries_from_json(samples: object, path: Path) -> Entries:
    """Return entries out of JSON values; raise ConfigError, which names ``path``, for others."""
    try:
        entries = {
            str(sample): _entry(CellsEntry if "cells" in entry else SampleEntry, entry)
            for sample, entry in samples.items()  # type: ignore[attr-defined]
        }
    except (AttributeError, KeyError, TypeError):
        raise ConfigError(f"{path}: does not list samples, expected a file of bedtok") from None
    for entry in entries.values():
        for name, value in entry.to_dict().items():
            if type(value) is not (str if name in ("path", "digest") else int):
                raise ConfigError(f"{path}: {name} is {value!r} in the list of samples")
    return entries


def _entry(kind: type[SampleEntry], values: Any) -> SampleEntry:
    return kind(*[values[name] for name in _FIELDS[kind]])
