# SPDX-License-Identifier: BSD-2-Clause
"""Input and output of commands: vocabularies, regions, standard input, output files."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from bedtok import _core
from bedtok._files import atomic_write
from bedtok._tokenization.options import merge_mapping
from bedtok.cli._arguments import mapping_of
from bedtok.cli._messages import STDIN, log

ID_FORMATS = ("jsonl", "tsv", "gtok")  # of ids, written and read

_FILE_SUFFIXES = (".bed", ".gz", ".bgz", ".toml", ".narrowpeak", ".broadpeak", ".gappedpeak")


def names_file(text: str) -> bool:
    """Whether a text means a file: it is one, or it ends as one (and may be misspelled)."""
    return os.path.isfile(text) or text.lower().endswith(_FILE_SUFFIXES) or _is_special(text)


def _is_special(path: str) -> bool:
    """Whether a path is a pipe or a device, as ``<(zcat x)`` gives in a shell."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def load_tokenizer(vocab: str, args: argparse.Namespace) -> Any:
    """Return the tokenizer of a vocabulary in any of its forms."""
    from bedtok.tokenizers import Tokenizer

    if names_file(vocab) and not os.path.isdir(vocab):
        return Tokenizer(vocab)
    return Tokenizer.from_pretrained(
        vocab,
        revision=args.revision,
        subfolder=args.subfolder,
        local_files_only=args.local_files_only,
    )


def load_core(vocab: str, args: argparse.Namespace) -> tuple[_core.Tokenizer, _core.MappingOptions]:
    """Return a compiled tokenizer and its mapping options, overridden by the command line."""
    tokenizer = load_tokenizer(vocab, args)
    return tokenizer._core, merge_mapping(tokenizer.options, mapping_of(args), args.command)


def read_stdin() -> bytes:
    """Read standard input to its end; at a terminal, say how to end it."""
    if sys.stdin.isatty():
        log("reads from the terminal; end with Ctrl-D")
    return sys.stdin.buffer.read()


def read_regions(path: str, sort: bool = True) -> _core.RegionSet:
    """Read the regions of a BED file, or of standard input."""
    if path == "-":
        return _core.RegionSet.from_bytes(read_stdin(), STDIN, sort)
    return _core.RegionSet.from_bed(path, sort)


@contextlib.contextmanager
def _whole_writes(file: BinaryIO) -> Iterator[BinaryIO]:
    """Yield a file whose ``write`` writes everything or fails.

    With PYTHONUNBUFFERED standard output is a raw file, which writes a part when the disk is full.
    """
    if not isinstance(file, io.RawIOBase):
        yield file
        return
    buffered = io.BufferedWriter(file)
    try:
        yield buffered
    finally:
        with contextlib.suppress(OSError):  # it has been raised by the block
            buffered.detach()


@contextlib.contextmanager
def open_output(path: str | None) -> Iterator[BinaryIO]:
    """Open standard output, or a file that is written atomically."""
    if path is None or path == "-":
        sys.stdout.flush()
        with _whole_writes(sys.stdout.buffer) as file:
            yield file
            file.flush()
    elif os.path.isdir(path):
        raise IsADirectoryError(f"{path}: is a folder, expected a file to write")
    else:
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            yield file
