# SPDX-License-Identifier: BSD-2-Clause
"""What a model expects of its sequences, and the keywords of a call that say how they fit."""

from __future__ import annotations

import operator
import os
import random
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Literal, NamedTuple, TypedDict

from bedtok._core import ConfigError, MappingOptions, SequenceOptions
from bedtok._inputs import is_unicode, warn_caller
from bedtok._options import MappingKeywords, merge_options

NO_LIMIT = int(1e30)  # Hugging Face's model_max_length when a model says nothing
_BEYOND_ANY = 10**15  # what is longer than this is taken for it
SAMPLE = "$A"  # what stands for the sample in a template


class SequenceKeywords(TypedDict, total=False):
    """What a model expects of its sequences; every key may be left out.

    Attributes:
        template: Special tokens around each sequence: ``"<cls> $A <eos>"``, or the same as a list
            of texts; ``$A`` stands for the sample. ``"$A"`` (default): none, as published models
            expect.
        model_max_length: The longest sequence the model takes, in tokens; None (default): not
            known.
        padding_side: ``"right"`` (default) or ``"left"``.
        truncation_side: ``"right"`` (default) or ``"left"``.
    """

    template: str | Iterable[str]
    model_max_length: int | None
    padding_side: Literal["right", "left"]
    truncation_side: Literal["right", "left"]


class TokenizerKeywords(MappingKeywords, SequenceKeywords, total=False):
    """All options of a tokenizer."""


SEQUENCE_NAMES: tuple[str, ...] = tuple(SequenceKeywords.__annotations__)
DEFAULT_SEQUENCE = SequenceOptions()


def sequence_to_dict(options: SequenceOptions) -> dict[str, Any]:
    """Return all options by the keyword that gives them, in one fixed order."""
    return {
        "template": (*options.before, SAMPLE, *options.after),
        "model_max_length": options.model_max_length,
        "padding_side": options.padding_side,
        "truncation_side": options.truncation_side,
    }


def sequence_from_dict(values: Mapping[str, Any]) -> SequenceOptions:
    """Return the options of what ``sequence_to_dict`` returned."""
    rest = dict(values)
    template = list(rest.pop("template"))
    at = template.index(SAMPLE)
    return SequenceOptions(before=template[:at], after=template[at + 1 :], **rest)


def merge_tokenizer_options(
    mapping: MappingOptions,
    sequence: SequenceOptions,
    given: Mapping[str, Any],
    function: str,
    others: tuple[str, ...] = (),
) -> tuple[MappingOptions, SequenceOptions]:
    """Return both kinds of options with those in ``given`` put over them.

    Args and errors are those of ``merge_options``.
    """
    own = {name: value for name, value in given.items() if name in SEQUENCE_NAMES}
    rest = {name: value for name, value in given.items() if name not in SEQUENCE_NAMES}
    merged = merge_options(mapping, rest, function, (*others, *SEQUENCE_NAMES))
    if not own:
        return merged, sequence
    values = sequence_to_dict(sequence)
    for name, value in own.items():
        values[name] = _CHECKS[name](name, value)
    return merged, sequence_from_dict(values)


class Fit(NamedTuple):
    """How the sequences of one call fit, after Hugging Face's rules for the keywords.

    Attributes:
        padding: ``None``: rows stay as long as they are; ``"longest"``; ``"max_length"``.
        pad_to: With ``"max_length"``: tokens of each row.
        multiple_of: The length is rounded up to a multiple of it.
        padding_side: ``"right"`` or ``"left"``.
        cut_to: The longest row; None: nothing is cut.
        random: Whether too long rows are thinned to a random choice.
    """

    padding: Literal["longest", "max_length"] | None
    pad_to: int | None
    multiple_of: int
    padding_side: str
    cut_to: int | None
    random: bool

    def width(self, longest: int) -> int | None:
        """Return the length to which rows are padded, of which the longest has ``longest`` tokens.

        None when they are not.
        """
        if self.padding is None:
            return None
        length = longest if self.pad_to is None else self.pad_to
        return -(-length // self.multiple_of) * self.multiple_of


def resolve_fit(
    sequence: SequenceOptions,
    *,
    padding: object = False,
    truncation: object = None,
    max_length: object = None,
    pad_to_multiple_of: object = None,
    padding_side: object = None,
) -> Fit:
    """Return what the keywords of a call mean together, as Hugging Face takes them.

    ``max_length`` alone cuts; ``padding="max_length"`` and ``truncation`` without ``max_length``
    use the model's, and do nothing but warn when that is not known.

    Raises:
        ConfigError: A value is not allowed, or two do not go together.
        TypeError: A value has the wrong type.
    """
    how = _padding(padding)
    length = None if max_length is None else at_least("max_length", max_length, 1)
    # Not beside "do_not_pad": so it is in Hugging Face, whose results these are.
    if truncation is None and length is not None and padding is False:
        truncation = True
    cut = _truncation(truncation)
    if length is not None and how == "longest" and cut is None:
        warn_caller(
            "max_length is ignored: padding=True pads to the longest row; pass truncation=True to "
            "cut to it, or padding='max_length' to pad to it"
        )
    limit = sequence.model_max_length if length is None else length
    if limit is None and (cut is not None or how == "max_length"):
        asked = " and ".join(
            [f"truncation={truncation!r}"] * (cut is not None)
            + ["padding='max_length'"] * (how == "max_length")
        )
        warn_caller(
            f"{asked} without max_length does nothing: the tokenizer has no model_max_length"
        )
        cut = None
        if how == "max_length":
            how = None
    multiple = 1
    if pad_to_multiple_of is not None:
        multiple = at_least("pad_to_multiple_of", pad_to_multiple_of, 1)
        if cut is not None and how is not None and limit is not None and limit % multiple:
            raise ConfigError(
                f"max_length is {limit}, expected a multiple of pad_to_multiple_of, {multiple}, "
                "where rows are both cut and padded"
            )
    side = sequence.padding_side if padding_side is None else _side("padding_side", padding_side)
    return Fit(
        padding=how,
        pad_to=limit if how == "max_length" else None,
        multiple_of=multiple,
        padding_side=side,
        cut_to=None if cut is None else limit,
        random=cut == "random",
    )


def _padding(padding: object) -> Literal["longest", "max_length"] | None:
    padding = _value(padding)
    if padding is True or padding == "longest":
        return "longest"
    if padding == "max_length":
        return "max_length"
    if padding is False or padding is None or padding == "do_not_pad":
        return None
    raise ConfigError(
        f"padding is {padding!r}, expected True or 'longest', 'max_length', or False or "
        "'do_not_pad'"
    )


def _truncation(truncation: object) -> Literal["cut", "random"] | None:
    truncation = _value(truncation)
    if truncation is True or truncation in ("longest_first", "only_first"):
        return "cut"
    if truncation == "random":
        return "random"
    if truncation is False or truncation is None or truncation == "do_not_truncate":
        return None
    raise ConfigError(
        f"truncation is {truncation!r}, expected True or 'longest_first' or 'only_first', "
        "'random', or False or 'do_not_truncate'"
    )


def _value(choice: object) -> object:
    """Return a choice; Hugging Face's enumerators stand for their values."""
    return choice.value if isinstance(choice, Enum) else choice


def draw_seed(seed: object) -> int:
    """Return the seed of a call as 64 bits.

    None draws it from Python's ``random``, which ``transformers.set_seed`` and the workers of a
    DataLoader seed.
    """
    if seed is None:
        return random.getrandbits(64)
    number = _integer("seed", seed)
    if not 0 <= number < 2**64:
        raise ConfigError(f"seed is {number}, expected 0 to 2**64 - 1")
    return number


def count_threads(num_threads: object) -> int:
    """Return how many threads a call may use; None: all processors that this process may use."""
    if num_threads is not None:
        return at_least("num_threads", num_threads, 1)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def at_least(name: str, value: object, least: int) -> int:
    """Return a number; raise ConfigError for one below ``least``."""
    number = _integer(name, value)
    if number < least:
        raise ConfigError(f"{name} is {number}, expected {least} or more")
    return min(number, _BEYOND_ANY)


def check_truncation_side(side: object) -> str | None:
    return None if side is None else _side("truncation_side", side)


def _integer(name: str, value: object) -> int:
    if not isinstance(value, bool):
        try:
            return operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            pass
    raise TypeError(f"{name}: expected a whole number, not {type(value).__name__}")


def _side(name: str, value: object) -> str:
    if value not in ("right", "left"):
        raise ConfigError(f"{name} is {value!r}, expected 'right' or 'left'")
    return str(value)


def _limit(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value >= _BEYOND_ANY:  # 1e30, as Hugging Face has it in JSON
        return None
    number = at_least(name, value, 1)
    return None if number >= _BEYOND_ANY else number


def _template(name: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, (list, tuple)) or not all(isinstance(p, str) for p in value):
        raise TypeError(
            f"{name}: expected a text such as '<cls> {SAMPLE} <eos>' or a list of its pieces, "
            f"got {value!r}"
        )
    if value.count(SAMPLE) != 1:
        raise ConfigError(
            f"{name} is {' '.join(value)!r}, expected {SAMPLE} once, where the sample goes"
        )
    for piece in value:
        if not is_unicode(piece):
            raise ConfigError(f"{name}: {piece!r} is not Unicode")
    return tuple(value)


_CHECKS = {
    "template": _template,
    "model_max_length": _limit,
    "padding_side": _side,
    "truncation_side": _side,
}
