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
from bedtok._checks import OnError, printable
from bedtok._files import atomic_write, is_url, names_file, source_path
from bedtok._regions.region_set import read_bed
from bedtok._tokenization.options import merge_mapping
from bedtok.cli._arguments import mapping_of
from bedtok.cli._messages import STDIN, log

ID_FORMATS = ("jsonl", "tsv", "gtok")  # of ids, written and read


def means_file(text: str) -> bool:
    """Whether a text means a file: it is one, or it ends as one (and may be misspelled).

    A URL means a file unless it ends in a slash.
    """
    if is_url(text):
        return not source_path(text).endswith("/")
    return os.path.isfile(text) or names_file(text) or _is_special(text)


def _is_special(path: str) -> bool:
    """Whether a path is a pipe or a device, as ``<(zcat x)`` gives in a shell."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def load_tokenizer(vocab: str, args: argparse.Namespace) -> Any:
    """Return the tokenizer of a vocabulary in any of its forms."""
    from bedtok.tokenizers import Tokenizer

    if means_file(vocab) and not os.path.isdir(vocab):
        return Tokenizer(vocab, on_error=args.on_error)
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


def read_regions(path: str, on_error: OnError, sort: bool = True) -> tuple[_core.RegionSet, int]:
    """Read the regions of a BED file, or of standard input, and count lines that were left out."""
    if path == "-":
        return read_bed(STDIN, sort, on_error, read_stdin())
    return read_bed(source_path(path), sort, on_error)


def stdout_is_terminal() -> bool:
    """Return whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def for_terminal(data: bytes) -> bytes:
    """Return lines for standard output: at a terminal without codes that it would act on.

    A file or a pipe gets the bytes as they are.
    """
    if not stdout_is_terminal():
        return data
    lines = data.decode("utf-8", "backslashreplace").split("\n")
    return "\n".join(map(printable, lines)).encode()


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
            try:
                yield file
                file.flush()
            except OSError as error:
                if error.filename is None:
                    error.filename = "<stdout>"
                raise
    elif os.path.isdir(path):
        raise IsADirectoryError(f"{path}: is a folder, expected a file to write")
    else:
        if not is_url(path):
            _core.remove_abandoned(os.path.dirname(path) or ".")
        with atomic_write(path) as temporary, open(temporary, "wb") as file:
            yield file
