# SPDX-License-Identifier: BSD-2-Clause
"""Messages of the command line, on standard error."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from bedtok import _core
from bedtok._checks import printable

STDIN = "<stdin>"  # the name of standard input in messages

_subject: list[str] = []  # the input at work, for messages that do not name one


@contextlib.contextmanager
def naming_input(bed: str) -> Iterator[None]:
    """Name an input in the messages of the block."""
    _subject.append(STDIN if bed == "-" else bed)
    try:
        yield
    except _core.Error as error:
        if str(error).startswith(_subject[-1]):
            raise
        raise _core.Error(f"{_subject[-1]}: {error}") from error
    finally:
        _subject.pop()


def show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Write a warning; replaces ``warnings.showwarning`` while a command runs."""
    text = " ".join(str(message).split())
    if _subject and not text.startswith(_subject[-1]):
        text = f"{_subject[-1]}: {text}"
    log(f"warning: {text}")


def log(text: str) -> None:
    """Write a line to standard error; names in it cannot act on the terminal."""
    with contextlib.suppress(OSError):  # stderr may be closed
        print(f"bedtok: {printable(text)}", file=sys.stderr, flush=True)


def message_of(error: BaseException) -> str:
    """Return an error as one line."""
    if isinstance(error, MemoryError):
        return "not enough memory"
    text = str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        text = error.strerror
        if error.filename is not None:
            text = f"{os.fsdecode(error.filename)}: {text}"
    return " ".join(text.split()) or type(error).__name__
