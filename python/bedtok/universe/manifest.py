# SPDX-License-Identifier: BSD-2-Clause
"""The manifest beside a universe: how it was made, and of what."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

from bedtok import _core
from bedtok._files import absolute_path, atomic_write

if TYPE_CHECKING:
    from bedtok.universe.building import Universe


class FileEntry(NamedTuple):
    """A file that a universe was made of.

    Attributes:
        path: Absolute path, or a URL without its credentials.
        size: Bytes.
        digest: 16 hexadecimal digits that depend on its content.
        regions: Number of regions that were read.
        left_out: Of these, how many were not taken: of other chromosomes, of no length, excluded.
        skipped_lines: Number of lines that were not BED.
    """

    path: str
    size: int
    digest: str
    regions: int = 0
    left_out: int = 0
    skipped_lines: int = 0

    @classmethod
    def of(cls, path: str, copy: str) -> FileEntry:
        """Return the entry of a file that is about to be read from ``copy``, or from itself."""
        return cls(absolute_path(path), os.stat(copy).st_size, _core.file_digest(copy))


def manifest_path(path: str) -> str:
    """Return where the manifest of a BED file is: ``a.bed.gz`` has ``a.manifest.json``."""
    folder, name = os.path.split(path)
    for suffixes in ((".gz", ".bgz"), (".bed",)):
        for suffix in suffixes:
            if name.lower().endswith(suffix) and len(name) > len(suffix):
                name = name[: -len(suffix)]
                break
    return os.path.join(folder, f"{name}.manifest.json")


def write_manifest(path: str, bed: str, universe: Universe) -> None:
    """Write the manifest of a universe that was written to ``bed``, atomically.

    It depends on no time and on no order of the samples.
    """
    content = {
        "bedtok_version": _core.__version__,
        "method": universe.method,
        "options": universe.options,
        "universe": {
            "file": os.path.basename(bed),
            "digest": _core.file_digest(bed),
            "regions": len(universe),
            "base_pairs": universe.base_pairs,
        },
        "samples": universe.samples,
        "files": [entry._asdict() for entry in universe.files],
        "failed": universe.failed,
    }
    with atomic_write(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
