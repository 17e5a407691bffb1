# SPDX-License-Identifier: BSD-2-Clause
"""The mapping options as keywords: their names, types, and how a call overrides a tokenizer's."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from bedtok._core import ConfigError, MappingOptions
from bedtok._inputs import is_unicode


class MappingKeywords(TypedDict, total=False):
    """How regions become tokens; every key may be left out.

    Attributes:
        min_overlap: Bases that a pair must share; 0 (default): any overlap, zero-length regions
            included.
        min_fraction: Share of a region's length that must be covered, 0 (default) to 1.
        fraction_of: Whose length that is: ``"query"`` (default), ``"vocabulary"`` or
            ``"either"`` of them.
        best_overlap: One token a region: the one that shares most bases, ties to the first by
            (start, end, id).
        unique: Only the first occurrence of a token.
        order: ``"input"`` (default): that of the input regions; ``"vocabulary"``: that of the ids.
        on_miss: What a region that hits nothing gives: ``"drop"`` (default) nothing, ``"unk"``
            the unk token, ``"error"`` a VocabularyError.
        chrom_aliases: Other names for chromosomes that the vocabulary does not know:
            ``"ucsc"`` (``17`` is ``chr17``), ``"ensembl"`` (the reverse), a dict from input
            names to vocabulary names, or None (default).
    """

    min_overlap: int
    min_fraction: float
    fraction_of: Literal["query", "vocabulary", "either"]
    best_overlap: bool
    unique: bool
    order: Literal["input", "vocabulary"]
    on_miss: Literal["drop", "unk", "error"]
    chrom_aliases: str | dict[str, str] | None


OPTION_NAMES: tuple[str, ...] = tuple(MappingKeywords.__annotations__)
DEFAULT_OPTIONS = MappingOptions()


def options_to_dict(options: MappingOptions) -> dict[str, Any]:
    """Return all options by name, in one fixed order."""
    return {name: getattr(options, name) for name in OPTION_NAMES}


def merge_options(
    base: MappingOptions,
    given: Mapping[str, Any],
    function: str,
    others: tuple[str, ...] = (),
) -> MappingOptions:
    """Return ``base`` with the options in ``given`` put over it.

    Args:
        base: What holds where ``given`` says nothing.
        given: Keywords of a call.
        function: Name of what was called, for messages.
        others: Further keywords that it takes, for messages.

    Raises:
        TypeError: A keyword is not known, or a value has the wrong type.
        ConfigError: A value is not allowed.
    """
    if not given:
        return base
    for name in given:
        if name not in OPTION_NAMES:
            raise unknown_keyword(function, name, (*others, *OPTION_NAMES))
    options = options_to_dict(base)
    for name, value in given.items():
        options[name] = _CHECKS[name](name, value)
    return MappingOptions(**options)


def unknown_keyword(function: str, name: str, known: tuple[str, ...]) -> TypeError:
    """Return the error for a keyword that ``function`` does not take."""
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]!r}?" if close else f"expected one of: {', '.join(known)}"
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}; {hint}")


def _bases(name: str, value: object) -> int:
    if not isinstance(value, bool):
        try:
            number = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
        else:
            if not 0 <= number < 2**63:
                raise ConfigError(f"{name} is {number}, expected a number of bases from 0")
            return number
    raise _wrong_type(name, value, "a whole number of bases")


def _fraction(name: str, value: object) -> float:
    if isinstance(value, (bool, str, bytes)):
        raise _wrong_type(name, value, "a number from 0 to 1")
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise _wrong_type(name, value, "a number from 0 to 1") from None
    if not 0.0 <= number <= 1.0:
        raise ConfigError(f"{name} is {value}, expected a number from 0 to 1")
    return number


def _flag(name: str, value: object) -> bool:
    # NumPy's bool has no common base class with Python's.
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):
        return bool(value)
    raise _wrong_type(name, value, "True or False")


def _word(name: str, value: object) -> str:
    if isinstance(value, str):
        return _unicode(name, value)
    raise _wrong_type(name, value, "a word")


def _aliases(name: str, value: object) -> str | dict[str, str] | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _unicode(name, value)
    if isinstance(value, Mapping):
        for pair in value.items():
            if not all(isinstance(text, str) for text in pair):
                raise TypeError(f"{name}: expected names as str, got {pair[0]!r}: {pair[1]!r}")
        return {_unicode(name, key): _unicode(name, text) for key, text in value.items()}
    raise _wrong_type(name, value, "'ucsc', 'ensembl', a dict or None")


def _unicode(name: str, text: str) -> str:
    if not is_unicode(text):
        raise ConfigError(f"{name}: {text!r} is not Unicode")
    return str(text)


def _wrong_type(name: str, value: object, expected: str) -> TypeError:
    return TypeError(f"{name}: expected {expected}, not {type(value).__name__}")


_CHECKS = {
    "min_overlap": _bases,
    "min_fraction": _fraction,
    "fraction_of": _word,
    "best_overlap": _flag,
    "unique": _flag,
    "order": _word,
    "on_miss": _word,
    "chrom_aliases": _aliases,
}
