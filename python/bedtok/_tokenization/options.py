# SPDX-License-Identifier: BSD-2-Clause
"""The options of a tokenizer as keywords: names, types, checks, and how a call overrides them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

import numpy as np

from bedtok import _core
from bedtok._checks import (
    LARGEST_LENGTH,
    check_at_least,
    check_base_pairs,
    check_fraction,
    did_you_mean,
    is_unicode,
    wrong_type,
)
from bedtok._core import ConfigError, MappingOptions, SequenceOptions
from bedtok._files import StrPath
from bedtok._regions.chrom_sizes import check_chrom_sizes
from bedtok._tokenization.assembly import check_genome

NO_LIMIT = int(1e30)  # Hugging Face's model_max_length of a model without a limit
SAMPLE = "$A"  # stands for the sample in a template

Padding = bool | Literal["longest", "max_length", "do_not_pad"]
Truncation = bool | Literal["longest_first", "only_first", "random", "weight", "do_not_truncate"]
Side = Literal["right", "left"]


class MappingKeywords(TypedDict, total=False):
    """Mapping options: how regions become tokens. Every key may be left out.

    Attributes:
        min_overlap: Base pairs that a pair must share; 0 (default): any overlap, zero-length
            regions included.
        min_fraction: Share of a region's length that must be covered, 0 (default) to 1.
        fraction_of: Whose length that is: ``"query"`` (default), ``"vocabulary"`` or
            ``"either"`` of them.
        best_overlap: One token a region: the one that shares most base pairs, ties to the first
            by (start, end, id).
        unique: Only the first occurrence of a token.
        order: ``"input"`` (default): that of the input regions; ``"vocabulary"``: that of the ids.
        on_miss: The result for a region that hits nothing: ``"drop"`` (default) nothing,
            ``"unk"`` the unk token, ``"error"`` a VocabularyError.
        chrom_aliases: Other names for chromosomes that the vocabulary does not know:
            ``"ucsc"`` (``17`` is ``chr17``), ``"ensembl"`` (the reverse), a dict from input
            names to vocabulary names, or None (default).
        low_hit_rate: Warn of an input of 50 regions or more of which a smaller share hits, 0 to 1;
            0.2 by default, the share of reads in peaks that ENCODE accepts at least. None: do not,
            nor of regions past the vocabulary's last. No token depends on it.
    """

    min_overlap: int
    min_fraction: float
    fraction_of: Literal["query", "vocabulary", "either"]
    best_overlap: bool
    unique: bool
    order: Literal["input", "vocabulary"]
    on_miss: Literal["drop", "unk", "error"]
    chrom_aliases: str | dict[str, str] | None
    low_hit_rate: float | None


class SequenceKeywords(TypedDict, total=False):
    """Sequence options: the sequences that a model expects. Every key may be left out.

    Attributes:
        template: Special tokens around each sequence: ``"<cls> $A <eos>"``, or the same as a list
            of texts; ``$A`` stands for the sample. ``"$A"`` (default): none, as published models
            expect.
        model_max_length: The longest sequence that the model takes, in tokens; None (default): not
            known.
        padding_side: ``"right"`` (default) or ``"left"``.
        truncation_side: ``"right"`` (default) or ``"left"``.
    """

    template: str | Iterable[str]
    model_max_length: int | None
    padding_side: Literal["right", "left"]
    truncation_side: Literal["right", "left"]


class AssemblyKeywords(TypedDict, total=False):
    """The genome assembly of the vocabulary, which inputs are checked against.

    Attributes:
        genome: Its name, such as ``"hg38"``: an AnnData that names another one is warned of. None
            (default): not known.
        chrom_sizes: Lengths by chromosome: a dict, or a file such as ``hg38.chrom.sizes`` or a
            ``.fai`` index. A vocabulary that does not fit them is a ConfigError, inputs are warned
            of. None (default): not known.
    """

    genome: str | None
    chrom_sizes: Mapping[str, int] | StrPath | None


class TokenizerKeywords(MappingKeywords, SequenceKeywords, AssemblyKeywords, total=False):
    """All options of a tokenizer."""


MAPPING_NAMES: tuple[str, ...] = tuple(MappingKeywords.__annotations__)
SEQUENCE_NAMES: tuple[str, ...] = tuple(SequenceKeywords.__annotations__)
ASSEMBLY_NAMES: tuple[str, ...] = tuple(AssemblyKeywords.__annotations__)
OPTION_NAMES = (*MAPPING_NAMES, *SEQUENCE_NAMES, *ASSEMBLY_NAMES)
_DEFAULT_MAPPING = MappingOptions()
_DEFAULT_SEQUENCE = SequenceOptions()


def mapping_to_dict(options: MappingOptions) -> dict[str, Any]:
    """Return the mapping options by name, in one fixed order."""
    return {name: getattr(options, name) for name in MAPPING_NAMES}


def sequence_to_dict(options: SequenceOptions) -> dict[str, Any]:
    """Return the sequence options by the keywords that set them, in one fixed order."""
    return {
        "template": (*options.before, SAMPLE, *options.after),
        "model_max_length": options.model_max_length,
        "padding_side": options.padding_side,
        "truncation_side": options.truncation_side,
    }


def sequence_from_dict(values: Mapping[str, Any]) -> SequenceOptions:
    """Return the options for the result of ``sequence_to_dict``."""
    rest = dict(values)
    template = list(rest.pop("template"))
    sample = template.index(SAMPLE)
    return SequenceOptions(before=template[:sample], after=template[sample + 1 :], **rest)


def assembly_to_dict(core: _core.Tokenizer) -> dict[str, Any]:
    """Return what is known of a tokenizer's assembly, by name, in one fixed order."""
    return {"genome": core.genome, "chrom_sizes": core.chrom_sizes}


def changed_options(core: _core.Tokenizer) -> dict[str, Any]:
    """Return the options of a tokenizer that are not the defaults, by name."""
    default = mapping_to_dict(_DEFAULT_MAPPING) | sequence_to_dict(_DEFAULT_SEQUENCE)
    default |= {"genome": "", "chrom_sizes": {}}
    values = mapping_to_dict(core.options) | sequence_to_dict(core.sequence_options)
    values |= assembly_to_dict(core)
    return {name: value for name, value in values.items() if value != default[name]}


def merge_mapping(
    base: MappingOptions, given: Mapping[str, Any], function: str, others: Sequence[str] = ()
) -> MappingOptions:
    """Return mapping options with the keywords of a call put over them.

    Args:
        base: The options where ``given`` is silent.
        given: Keywords of a call.
        function: Name of the function that was called, for messages.
        others: Further keywords that it takes, for messages.

    Raises:
        TypeError: A keyword is not known, or a value has the wrong type.
        ConfigError: A value is not allowed.
    """
    if not given:
        return base
    values = _checked(given, MAPPING_NAMES, function, others)
    return MappingOptions(**(mapping_to_dict(base) | values))


def check_options(
    given: Mapping[str, Any], function: str, others: Sequence[str] = ()
) -> dict[str, Any]:
    """Return checked options of a tokenizer, by name, before a file is read in vain.

    Args and errors are those of ``merge_mapping``; ``given`` may hold all of a tokenizer.
    """
    values = _checked(given, OPTION_NAMES, function, others)
    _merged(_DEFAULT_MAPPING, _DEFAULT_SEQUENCE, values)  # words are checked by C++
    return values


def with_options(core: _core.Tokenizer, values: Mapping[str, Any]) -> _core.Tokenizer:
    """Return a tokenizer with other options, as ``check_options`` returned them."""
    if not values:
        return core
    core = core.with_options(*_merged(core.options, core.sequence_options, values))
    if not values.keys() & set(ASSEMBLY_NAMES):
        return core
    assembly = assembly_to_dict(core)
    return core.with_assembly(**{name: values.get(name, assembly[name]) for name in assembly})


def check_known(
    given: Iterable[str], known: Sequence[str], function: str, others: Sequence[str] = ()
) -> None:
    """Raise TypeError for a keyword that ``function`` does not take."""
    for name in given:
        if name not in known:
            raise TypeError(
                f"{function}() got an unexpected keyword argument {name!r}; "
                + did_you_mean(name, (*others, *known))
            )


def check_side(name: str, value: object) -> str:
    """Return ``"right"`` or ``"left"``; raise ConfigError for anything else."""
    if value not in ("right", "left"):
        raise ConfigError(f"{name} is {value!r}, expected 'right' or 'left'")
    return str(value)


def _merged(
    mapping: MappingOptions, sequence: SequenceOptions, values: Mapping[str, Any]
) -> tuple[MappingOptions, SequenceOptions]:
    of_mapping = {name: value for name, value in values.items() if name in MAPPING_NAMES}
    of_sequence = {name: value for name, value in values.items() if name in SEQUENCE_NAMES}
    if of_mapping:
        mapping = MappingOptions(**(mapping_to_dict(mapping) | of_mapping))
    if of_sequence:
        sequence = sequence_from_dict(sequence_to_dict(sequence) | of_sequence)
    return mapping, sequence


def _checked(
    given: Mapping[str, Any], known: Sequence[str], function: str, others: Sequence[str]
) -> dict[str, Any]:
    check_known(given, known, function, others)
    return {name: CHECKS[name](name, value) for name, value in given.items()}


def _fraction_or_none(name: str, value: object) -> float | None:
    return None if value is None else check_fraction(name, value)


def _flag(name: str, value: object) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise wrong_type(name, value, "True or False")


def _word(name: str, value: object) -> str:
    if isinstance(value, str):
        return _unicode(name, value)
    raise wrong_type(name, value, "a word")


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
    raise wrong_type(name, value, "'ucsc', 'ensembl', a dict or None")


def _limit(name: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, float) and value >= LARGEST_LENGTH:  # Hugging Face writes 1e30
        return None
    number = check_at_least(name, value, 1)
    return None if number >= LARGEST_LENGTH else number


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
    return tuple(_unicode(name, piece) for piece in value)


def _unicode(name: str, text: str) -> str:
    if not is_unicode(text):
        raise ConfigError(f"{name}: {text!r} is not Unicode")
    return str(text)


# (name, value) -> the value as the compiled module takes it; the command line calls them, too.
CHECKS: dict[str, Callable[[str, object], Any]] = {
    "min_overlap": check_base_pairs,
    "min_fraction": check_fraction,
    "fraction_of": _word,
    "best_overlap": _flag,
    "unique": _flag,
    "order": _word,
    "on_miss": _word,
    "chrom_aliases": _aliases,
    "low_hit_rate": _fraction_or_none,
    "template": _template,
    "model_max_length": _limit,
    "padding_side": check_side,
    "truncation_side": check_side,
    "genome": check_genome,
    "chrom_sizes": check_chrom_sizes,
}
