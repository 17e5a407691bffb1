# SPDX-License-Identifier: BSD-2-Clause
"""Sizes of chromosomes, from mappings and files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bedtok._checks import check_integer, is_unicode
from bedtok._core import ConfigError
from bedtok._files import StrPath, local_file, parse_error, source_path

ChromSizes = Mapping[str, int] | StrPath  # lengths by chromosome, or a file of them


def check_chrom_sizes(name: str, value: object) -> dict[str, int]:
    """Return lengths by chromosome, from a mapping or a file; none for None.

    Raises:
        TypeError, ConfigError: The value, or a name or length in it, is not legal.
        ParseError: A line of the file has no length.
    """
    if value is None:
        return {}
    if isinstance(value, Mapping):
        return {_checked_name(name, chrom): _size(name, chrom, value[chrom]) for chrom in value}
    if isinstance(value, (str, Path)) or hasattr(value, "__fspath__"):
        return _read_chrom_sizes(value)
    raise TypeError(
        f"{name}: expected a dict of lengths by chromosome, a file of them or None, "
        f"not {type(value).__name__}"
    )


def _read_chrom_sizes(path: StrPath) -> dict[str, int]:
    """Read a file of names and lengths: ``chrom.sizes`` of UCSC, or a ``.fai`` index."""
    sizes: dict[str, int] = {}
    text = source_path(path)
    with (
        local_file(text) as local,
        open(local, encoding="utf-8", errors="surrogateescape") as file,
    ):
        for number, line in enumerate(file, 1):
            columns: list[str] = line.split()
            if not columns or line.startswith("#"):
                continue
            if len(columns) < 2 or not (columns[1].isascii() and columns[1].isdigit()):
                raise parse_error(
                    text, number, f"{line.strip()!r:.60}, expected a chromosome and its length"
                )
            sizes[columns[0]] = int(columns[1])
    return sizes


def _checked_name(name: str, chrom: Any) -> str:
    if not isinstance(chrom, str):
        raise TypeError(f"{name}: expected names as str, got {chrom!r}")
    if not is_unicode(chrom):
        raise ConfigError(f"{name}: {chrom!r} is not Unicode")
    return chrom


def _size(name: str, chrom: str, value: object) -> int:
    size = check_integer(f"{name}[{chrom!r}]", value)
    if not 0 <= size < 2**63:
        raise ConfigError(f"{name}[{chrom!r}] is {size}, expected a number of bases from 0")
    return size
