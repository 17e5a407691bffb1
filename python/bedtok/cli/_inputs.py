# SPDX-License-Identifier: BSD-2-Clause
"""The inputs of a command: files, folders and lists of files, and what each of them holds."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from bedtok import _core
from bedtok._core import ConfigError
from bedtok._files import (
    files_in,
    is_url,
    listed_paths,
    local_file,
    read_head,
    source_path,
    source_paths,
)
from bedtok.cli._files import read_stdin
from bedtok.cli._messages import STDIN, log

Kind = Literal["bed", "fragments", "h5ad", "parquet"]

_HDF5 = b"\x89HDF\r\n\x1a\n"
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_HEAD = 2**16  # bytes of a file that its format is recognized by
# A barcode made of bases, with a sample in front and a number behind, or neither.
_BARCODE = re.compile(rb"(?:\S*[^ACGTN\s])?[ACGTN]{8,}(?:[-_.]\d+)?")
_ANY_BARCODE = re.compile(rb"\S+")  # in a file that is named as fragments are
_ONE = ("is a fragment file", "its", "it")
_SEVERAL = ("are fragment files", "their", "them")


class Input(NamedTuple):
    """A file, ``-`` for standard input, or a folder of Parquet, and what it holds."""

    path: str
    kind: Kind


def find_inputs(
    paths: list[str], files_from: str | None, fragments: bool | None, *, tokens: bool = False
) -> list[Input]:
    """Return the inputs of a command line.

    Args:
        paths: Files and URLs; folders, which stand for the files in them that end as
            SAMPLE_SUFFIXES, by name; and ``-``. None at all, without ``files_from``: standard
            input.
        files_from: A file with a path a line, or ``-``; empty lines and ``#`` lines are passed
            over.
        fragments: Whether files are fragment files; None: as their content looks, with a line on
            standard error.
        tokens: Whether a folder with Parquet files, or the URL of one, is one input, of that kind.

    Raises:
        FileNotFoundError: There is no such list or folder.
        ConfigError: A list or a folder has no file.
    """
    listed = list(paths)
    if files_from is not None:
        listed += _listed(files_from)
    elif not listed:
        listed = ["-"]
    inputs = []
    recognized: dict[str, list[str]] = {}  # fragment files, by what told so
    for path in map(source_path, listed):
        if tokens and has_parquet(path):
            inputs.append(Input(path, "parquet"))
            _log_passed_over(path)
            continue
        is_folder = path != "-" and os.path.isdir(path)
        for file in files_in(path) if is_folder else source_paths([path]):
            kind, told_by = _kind(file, fragments)
            inputs.append(Input(file, kind))
            if told_by:
                recognized.setdefault(told_by, []).append(file)
    _log_fragments(recognized)
    return inputs


def _log_fragments(recognized: Mapping[str, list[str]]) -> None:
    """Say which files are taken as fragment files, and how to take them as BED."""
    for told_by, files in recognized.items():
        few = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
        verb, its, it = _ONE if len(files) == 1 else _SEVERAL
        log(
            f"{few}: {verb} by {its} {told_by} (column 4 a barcode, column 5 a count): {its} cells "
            f"are taken; --no-fragments takes {it} as BED"
        )


def _log_passed_over(path: str) -> None:
    """Say what else a folder of Parquet has that could be meant."""
    if is_url(path):
        return
    with contextlib.suppress(ConfigError):  # nothing
        others = files_in(path)
        log(
            f"{path}: its Parquet files are taken; {len(others)} of another kind are not (the "
            f"first: {os.path.basename(others[0])}), name those that are meant"
        )


def has_parquet(path: str) -> bool:
    """Return whether a path is a folder with Parquet files, or the URL of one."""
    if is_url(path):
        return any(name.endswith(".parquet") for name in listed_folder(path, (".parquet",)))
    return os.path.isdir(path) and any(name.endswith(".parquet") for name in os.listdir(path))


def listed_folder(url: str, suffixes: tuple[str, ...]) -> list[str]:
    """Return the names of the files in the folder of a URL; none if it is that of a file.

    Raises:
        OSError: It cannot be listed.
    """
    url = source_path(url)
    if not getattr(url, "is_folder", False):
        return []
    try:
        found = source_paths([url], suffixes=suffixes)
    except ConfigError:  # it has none
        return []
    return [file.rpartition("/")[2] for file in found]


def _listed(name: str) -> list[str]:
    if name == "-":
        return listed_paths(os.fsdecode(read_stdin()), STDIN)
    name = source_path(name)
    with local_file(name) as file:
        return listed_paths(os.fsdecode(Path(file).read_bytes()), name)


def _kind(path: str, fragments: bool | None) -> tuple[Kind, str]:
    """Return what a file holds, and what told that it is a fragment file, if its looks did."""
    if path == "-" or not (is_url(path) or os.path.isfile(path)):  # a pipe can be read once only
        return ("fragments" if fragments else "bed"), ""
    start = read_head(path, len(_HDF5))
    if start == _HDF5:
        return "h5ad", ""
    if start.startswith(_PARQUET):
        return "parquet", ""
    if path.lower().endswith(".h5ad"):
        raise ConfigError(f"{path}: is not an .h5ad file, expected HDF5")
    if fragments is not None:
        return ("fragments" if fragments else "bed"), ""
    head = _head(path)
    by_name = "fragments" in os.path.basename(path).lower()
    if looks_like_fragments(head, _ANY_BARCODE if by_name else _BARCODE):
        return "fragments", "name and content" if by_name else "content"
    return "bed", ""


def _head(path: str) -> bytes:
    """Return the first lines of a file; nothing of one that cannot be read."""
    try:
        if is_url(path):
            head = read_head(path, _HEAD)
            return zlib.decompressobj(31).decompress(head) if head[:2] == _GZIP else head
        with open(path, "rb") as file:
            if file.peek(2)[:2] != _GZIP:
                return file.read(_HEAD)
            with gzip.GzipFile(fileobj=file) as text:
                return text.read(_HEAD)
    except (OSError, EOFError, zlib.error):
        return b""  # the reader says what is wrong


def looks_like_fragments(head: bytes, barcode: re.Pattern[bytes] = _BARCODE) -> bool:
    """Return whether the first lines of a file are fragments: a barcode of bases and a count.

    Args:
        head: The lines.
        barcode: What column 4 must be.
    """
    lines = [line for line in head.split(b"\n")[:-1] if line and not line.startswith(b"#")]
    if len(lines) < _core.fewest_judged:
        return False
    fragments = 0
    for line in lines:
        columns = line.rstrip(b"\r").split(b"\t")
        fragments += (
            len(columns) >= 5 and columns[4].isdigit() and barcode.fullmatch(columns[3]) is not None
        )
    return fragments >= 0.95 * len(lines)
