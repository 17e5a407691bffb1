# SPDX-License-Identifier: BSD-2-Clause
"""What a run has to do: files compared with the samples that a folder holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from bedtok._core import ConfigError
from bedtok._files import absolute_path, file_exists, is_url
from bedtok.io.entries import Entries, SampleEntry, SourceFile


class Plan(NamedTuple):
    """The work of a run.

    Attributes:
        missing: Files to tokenize, with the names of their samples.
        changed: Samples in the folder that are to be removed first: their files have another
            content now, or a run ended before all of their rows were written.
        skipped: Number of files whose samples are in the folder.
    """

    missing: dict[str, str]
    changed: set[str]
    skipped: int


class Held(NamedTuple):
    """How much of a sample a folder holds.

    Attributes:
        whole: All of it.
        resumes: If not: only the rest is to be written.
    """

    whole: bool = True
    resumes: bool = False


def plan_files(
    texts: Sequence[str],
    entries: Entries,
    names_of: Callable[[Sequence[str]], list[str]],
    given: Mapping[str, str] | None = None,
    held: Callable[[str, str], Held] = lambda name, text: Held(),
) -> Plan:
    """Compare files with the samples in a folder.

    A sample is its file's path and content. A new file whose name is taken is named by its path.

    Args:
        texts: Paths of the files.
        entries: The samples in the folder.
        names_of: Returns names of samples for new files.
        given: The name of each file's sample, in place of those.
        held: Returns how much of a sample is there, by its name and the path of its file.

    Raises:
        ConfigError: Two samples would have one name, or a sample another name than before.
    """
    by_path = {entry.path: name for name, entry in entries.items()}
    changed: set[str] = set()
    new: list[str] = []
    skipped = 0
    missing: dict[str, str] = {}
    for text in texts:
        name = by_path.get(absolute_path(text))
        if name is None:
            new.append(text)
            continue
        if given is not None and given[text] != name:
            raise ConfigError(
                f"{text}: is sample {name!r} in the folder, expected the same name, not "
                f"{given[text]!r}; or choose another folder"
            )
        if not _is_current(text, entries[name]):
            changed.add(name)
            missing[text] = name
            continue
        there = held(name, text)
        if there.whole:
            skipped += 1
            continue
        if not there.resumes:
            changed.add(name)
        missing[text] = name
    taken = set(entries)
    names = names_of(new) if given is None else [given[text] for text in new]
    for text, name in zip(new, names, strict=True):
        if name in taken and _was_moved(text, entries.get(name)):
            if held(name, text).whole:
                skipped += 1
            else:
                changed.add(name)
                missing[text] = name
            continue
        if name in taken and given is None:
            name = str(text)
        if name in taken:
            # A new file may have it as its short name, so it need not be among the entries.
            raise ConfigError(
                f"{text}: another sample has the name {name!r}, expected distinct names; rename "
                "the file, or choose another folder"
            )
        taken.add(name)
        missing[text] = name
    # In the order given, which is that of the rows.
    return Plan({text: missing[text] for text in texts if text in missing}, changed, skipped)


def _was_moved(text: str, entry: SampleEntry | None) -> bool:
    """Return whether a sample's file is gone and ``text`` has its content."""
    if entry is None or file_exists(entry.path) or is_url(text):
        return False
    try:
        return os.path.getsize(text) == entry.size and SourceFile.of(text).digest == entry.digest
    except OSError:
        return False


def _is_current(text: str, entry: SampleEntry) -> bool:
    """Return whether a file has the content that its sample was made from."""
    try:
        return entry.source.is_current(text)
    except OSError:
        return True  # it is gone, and its tokens stay
