# SPDX-License-Identifier: BSD-2-Clause
"""The names of cells of several samples: ``sample#barcode``, as in ArchR."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_texts
from bedtok._core import ConfigError

Texts = npt.NDArray[np.object_]

SEPARATOR = "#"


class JoinedNames(NamedTuple):
    """The names of the cells of several parts, one part behind the other.

    Attributes:
        names: Of all cells.
        samples: The sample of each cell, None where it is not known; None if none is.
        renamed: For each part the new names of its samples.
        prefixed: Whether names begin with their sample.
    """

    names: list[str]
    samples: Texts | None
    renamed: list[dict[str | None, str | None]]
    prefixed: bool


def constant_texts(text: str | None, count: int) -> Texts:
    """Return ``count`` times a text."""
    array = np.empty(count, dtype=object)
    array[:] = text
    return array


def text_column(values: npt.NDArray[Any]) -> Texts:
    """Return values as texts; None where one is missing."""
    array = np.empty(len(values), dtype=object)
    array[:] = [
        None if value is None or value != value else str(value) for value in values.tolist()
    ]
    return array


def given_samples(names: Sequence[str] | None, count: int) -> list[str] | None:
    """Return the names that a caller gives samples; None if there are none.

    Raises:
        ConfigError: There are more or fewer than samples, or two are the same.
        TypeError: They are not texts.
    """
    if names is None:
        return None
    if isinstance(names, str):
        raise TypeError(f"names: expected a list of texts, got the text {names!r}")
    texts = check_texts(list(names), "names")
    if len(texts) != count:
        raise ConfigError(f"names: {len(texts)} for {count} samples, expected one each")
    if len(set(texts)) < count:
        twice = next(name for name in texts if texts.count(name) > 1)
        raise ConfigError(f"names: {twice!r} is given twice, expected distinct names")
    return texts


def split_parts(parts: Any, names: Sequence[str] | None) -> tuple[list[Any], list[str] | None]:
    """Return parts and the names of their samples, of a list of parts or a dict by name.

    Raises:
        ConfigError: A dict and ``names`` are given; or as ``given_samples``.
    """
    if not isinstance(parts, Mapping):
        listed = list(parts)
        return listed, given_samples(names, len(listed))
    if names is not None:
        raise ConfigError("names: the keys of the dict are the names, expected None beside it")
    return list(parts.values()), given_samples(list(parts), len(parts))


def join_names(
    names: Sequence[Sequence[str]], samples: Sequence[Texts | None], given: Sequence[str] | None
) -> JoinedNames:
    """Return the names of the cells of several parts.

    If the cells are of more than one sample, every name begins with its sample: ``sample#barcode``.
    Otherwise names stay. Where two parts have a cell of the same sample and name, the sample of the
    later one gets a number (``donor``, ``donor-2``); parts without a sample are named by their
    positions then (``0``, ``1``).

    Args:
        names: Of the cells, a part each.
        samples: Of the cells, a part each; None where they are not known.
        given: The sample of each part in place of those; None: as they are.
    """
    columns = [
        column if column is not None else constant_texts(None, len(part))
        for part, column in zip(names, samples, strict=True)
    ]
    bare = [
        [_without_sample(name, sample) for name, sample in zip(part, column.tolist(), strict=True)]
        for part, column in zip(names, columns, strict=True)
    ]
    kinds: list[list[str | None]] = [list(dict.fromkeys(column.tolist())) for column in columns]
    if given is None:
        renamed = _distinct_samples(bare, columns, kinds)
    else:
        renamed = [dict.fromkeys(kind, name) for kind, name in zip(kinds, given, strict=True)]
    columns = [
        np.array([new[sample] for sample in column.tolist()], dtype=object)
        for column, new in zip(columns, renamed, strict=True)
    ]
    all_samples = {sample for new in renamed for sample in new.values()} - {None}
    prefixed = len(all_samples) > 1
    joined: list[str] = []
    for own, part, column in zip(names, bare, columns, strict=True):
        if prefixed:
            joined += [
                name if sample is None else f"{sample}{SEPARATOR}{name}"
                for name, sample in zip(part, column.tolist(), strict=True)
            ]
        else:
            joined += own
    return JoinedNames(joined, np.concatenate(columns) if all_samples else None, renamed, prefixed)


def prefixed_names(names: Sequence[str], samples: Texts) -> list[str]:
    """Return the names of cells behind their samples, as ``join_names`` has them of several."""
    return [
        name if sample is None else f"{sample}{SEPARATOR}{_without_sample(name, sample)}"
        for name, sample in zip(names, samples.tolist(), strict=True)
    ]


def bare_names(names: Sequence[str], samples: Sequence[str | None] | None) -> list[str]:
    """Return the names of cells without their samples: their barcodes.

    Args:
        names: Of the cells.
        samples: The sample of each; None: they are not known.
    """
    if samples is None:
        return list(names)
    return [_without_sample(name, sample) for name, sample in zip(names, samples, strict=True)]


def names_in_file(names: Iterable[str], sample: str) -> list[str]:
    """Return names of cells as the file of a sample may have them: with the sample and without."""
    forms = ((name, _without_sample(name, sample)) for name in names)
    return list(dict.fromkeys(form for pair in forms for form in pair))


def among(
    names: Sequence[str], samples: Sequence[str | None] | None, barcodes: Iterable[str]
) -> npt.NDArray[np.bool_]:
    """Return which cells are among ``barcodes``, by their names with or without their samples."""
    wanted = set(barcodes)
    bare = bare_names(names, samples)
    owners: Sequence[str | None] = [None] * len(names) if samples is None else samples
    pairs = zip(bare, owners, strict=True)
    found = [name in wanted or f"{sample}{SEPARATOR}{name}" in wanted for name, sample in pairs]
    return np.array(found, dtype=bool)


def _without_sample(name: str, sample: str | None) -> str:
    return name if sample is None else name.removeprefix(sample + SEPARATOR)


def _distinct_samples(
    bare: Sequence[Sequence[str]],
    columns: Sequence[Texts],
    kinds: Sequence[Sequence[str | None]],
) -> list[dict[str | None, str | None]]:
    """Return for each part the new names of its samples: those of cells that are there twice."""
    taken: set[tuple[str | None, str]] = set()
    samples: set[str | None] = {sample for kind in kinds for sample in kind}
    clashes = []
    for part, column in zip(bare, columns, strict=True):
        cells = set(zip(column.tolist(), part, strict=True))
        clashes.append({sample for sample, _ in cells & taken})
        taken |= cells
    unknown_clash = any(None in clash for clash in clashes)
    renamed: list[dict[str | None, str | None]] = []
    for i, (kind, clash) in enumerate(zip(kinds, clashes, strict=True)):
        new: dict[str | None, str | None] = {}
        for sample in kind:
            new[sample] = sample
            if sample is None and unknown_clash:
                new[sample] = _free(str(i), samples)
            elif sample is not None and sample in clash:
                new[sample] = _free(sample, samples)
        renamed.append(new)
    return renamed


def _free(sample: str, taken: set[str | None]) -> str:
    """Return a name that no sample has, and take it."""
    name, number = sample, 2
    while name in taken:
        name, number = f"{sample}-{number}", number + 1
    taken.add(name)
    return name
