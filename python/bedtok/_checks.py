# SPDX-License-Identifier: BSD-2-Clause
"""Checks of arguments, and the errors and warnings that follow from them."""

from __future__ import annotations

import difflib
import importlib
import operator
import os
import random
import sys
import unicodedata
import warnings
from collections.abc import Collection, Iterable
from typing import Any, Literal

from bedtok._core import ConfigError

OnError = Literal["raise", "warn", "skip"]  # at a line that is not what the format says

LARGEST_LENGTH = 10**15  # longer than anything; Hugging Face's NO_LIMIT is cut down to it


def check_integer(name: str, value: object) -> int:
    """Return an integer as ``int``; raise TypeError for a bool or another type."""
    if not isinstance(value, bool):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"{name}: expected a whole number, not {type(value).__name__}")


def check_at_least(name: str, value: object, least: int) -> int:
    """Return an integer, at most ``LARGEST_LENGTH``.

    Raises:
        TypeError: The value is not an integer.
        ConfigError: It is below ``least``.
    """
    number = check_integer(name, value)
    if number < least:
        raise ConfigError(f"{name} is {number}, expected {least} or more")
    return min(number, LARGEST_LENGTH)


def wrong_type(name: str, value: object, expected: str) -> TypeError:
    """Return the error for an argument of another type than ``expected``."""
    return TypeError(f"{name}: expected {expected}, not {type(value).__name__}")


def check_base_pairs(name: str, value: object) -> int:
    """Return a number of base pairs, 0 to 2**63 - 1.

    Raises:
        TypeError: The value is not an integer.
        ConfigError: It is negative, or larger.
    """
    try:
        number = check_integer(name, value)
    except TypeError:
        raise wrong_type(name, value, "a whole number of bases") from None
    if not 0 <= number < 2**63:
        raise ConfigError(f"{name} is {number}, expected a number of bases from 0")
    return number


def check_fraction(name: str, value: object) -> float:
    """Return a number from 0 to 1.

    Raises:
        TypeError: The value is not a number.
        ConfigError: It is outside 0 to 1.
    """
    if isinstance(value, (bool, str, bytes)):
        raise wrong_type(name, value, "a number from 0 to 1")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise wrong_type(name, value, "a number from 0 to 1") from None
    if not 0.0 <= number <= 1.0:
        raise ConfigError(f"{name} is {value}, expected a number from 0 to 1")
    return number


def check_texts(tokens: Collection[Any], what: str = "tokens") -> list[str]:
    """Return texts as a list; raise TypeError for an item that is not a ``str``."""
    for k, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"{what}: expected str, got {type(token).__name__} at position {k}")
    return list(tokens)


def is_unicode(text: str) -> bool:
    """Return whether a text can be written as UTF-8; a ``str`` may hold lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def draw_seed(seed: object) -> int:
    """Return the seed of a call, 0 to 2**64 - 1.

    None draws one from Python's ``random``, which ``transformers.set_seed`` and the workers of a
    DataLoader seed.
    """
    if seed is None:
        return random.getrandbits(64)
    number = check_integer("seed", seed)
    if not 0 <= number < 2**64:
        raise ConfigError(f"seed is {number}, expected 0 to 2**64 - 1")
    return number


def count_threads(num_threads: object) -> int:
    """Return how many threads a call may use; None: all processors that this process may use."""
    if num_threads is not None:
        return check_at_least("num_threads", num_threads, 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def check_on_error(on_error: object) -> OnError:
    """Return what a reader does at a bad line; raise ConfigError for another word."""
    if on_error in ("raise", "warn", "skip"):
        return on_error
    raise ConfigError(f"on_error is {on_error!r}, expected 'raise', 'warn' or 'skip'")


def printable(text: str) -> str:
    """Return a text with what a terminal would act on as ``\\x1b``, ``\\u202e``; tabs stay.

    That is control codes (C0 and C1), marks of direction, separators of lines, and other characters
    that Python's ``repr`` escapes for being invisible; not spaces.
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c == "\t" or unicodedata.category(c) == "Zs" else repr(c)[1:-1]
        for c in text
    )


def did_you_mean(name: str, known: Iterable[str], remedy: str | None = None) -> str:
    """Return the end of a message about an unknown name: the closest of the known names.

    Without a close one: all of them, or ``remedy`` where there are more than eight.
    """
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    if remedy is not None and len(known) > 8:
        return remedy
    return f"expected one of: {', '.join(known)}"


def import_optional(module: str, purpose: str, package: str | None = None) -> Any:
    """Import and return a module of an optional dependency.

    Args:
        module: Its name.
        purpose: What needs it, for the message.
        package: Its name for pip; None: the first part of ``module``.

    Raises:
        ImportError: It is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = package or module.split(".")[0]
        raise ImportError(f"{purpose} needs {package}: pip install {package}") from error


def warn_caller(text: str | None) -> None:
    """Warn with ``text``, if there is any, at the line outside of this package that called."""
    if text is None:
        return
    text = printable(text)
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("bedtok."):
        frame = frame.f_back
        level += 1
    warnings.warn(text, UserWarning, stacklevel=level)
