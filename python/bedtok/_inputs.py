# SPDX-License-Identifier: BSD-2-Clause
"""What callers hand in: a sample of regions in one of its forms, ids in one of theirs."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Collection
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import Error, ParseError, VocabularyError
from bedtok.models import Region, RegionSet, as_region_set, is_region_text, is_table

Ids = npt.NDArray[np.int64]
Kind = Literal["set", "path", "text", "list", "table", "batch"]

EXPECTED = (
    "expected a RegionSet, the path of a BED file, a region such as 'chr1:100-200', a list of "
    "regions, or a table with columns chrom, start, end"
)


def classify(x: object) -> Kind:
    """Tell by type alone which form of input ``x`` is.

    A ``str`` is ``text``: a region, a special token or a path, which its spelling tells. A list
    or tuple is told by its first item: RegionSets, ``PathLike``s, tables and lists of regions
    make a batch, anything else makes one sample.

    Raises:
        TypeError: ``x`` is none of them, or one region where a list of them is expected.
    """
    if isinstance(x, RegionSet):
        return "set"
    if isinstance(x, str):
        return "text"
    if isinstance(x, os.PathLike):
        return "path"
    if isinstance(x, (list, tuple)):
        if isinstance(x, tuple) and _is_region_tuple(x):
            raise TypeError(f"{x!r} is one region, expected a list of them: [{x!r}]")
        return "batch" if x and _is_sample(x[0]) else "list"
    if is_table(x):
        return "table"
    if isinstance(x, Region):
        raise TypeError(f"{x!r} is one region, expected a list of them: [{x!r}]")
    remedy = "; a generator must become a list first" if hasattr(x, "__next__") else ""
    raise TypeError(f"got {type(x).__name__}, {EXPECTED}{remedy}")


def _is_region_tuple(item: tuple[Any, ...]) -> bool:
    """Whether a tuple is meant as (chrom, start, end[, rest]), not as a list of regions."""
    if len(item) not in (3, 4) or not isinstance(item[0], str):
        return False
    # Numbers as text are a slip that deserves the message about coordinates.
    return not isinstance(item[1], (str, Region, tuple)) or (
        isinstance(item[1], str) and item[1].lstrip("+-").isdecimal()
    )


def _is_sample(item: object) -> bool:
    """Whether a list that begins with ``item`` is a batch."""
    if isinstance(item, (str, Region)):
        return False
    if isinstance(item, tuple):
        # The empty tuple is a sample without regions.
        return not item or isinstance(item[0], (Region, tuple)) or _is_tuple_of_texts(item)
    return isinstance(item, (RegionSet, os.PathLike, list)) or is_table(item)


def _is_tuple_of_texts(item: tuple[Any, ...]) -> bool:
    return not _is_region_tuple(item) and all(isinstance(part, str) for part in item)


class TokenIds:
    """Tokens that stand for themselves as one sample: nothing is overlapped.

    Attributes:
        ids: int64 array of shape (tokens,).
    """

    def __init__(self, ids: Ids) -> None:
        self.ids = ids


def read_samples(x: object, special_ids: dict[str, int]) -> tuple[list[_core.BatchItem], bool]:
    """Return samples as ``_core.Tokenizer.encode_batch`` takes them, and whether ``x`` is a batch.

    Args:
        x: One sample: RegionSet, path, region text, list or tuple of regions and special tokens,
            or table. A batch: list or tuple of samples, among which a ``str`` is not one.
        special_ids: The ids of the special tokens by their spelling.

    Raises:
        TypeError: ``x``, or one of its samples, has another type.
        Error: A region is not legal. The message of a batch names the sample.
    """
    if isinstance(x, RegionSet):  # first, because it is the way in that must be fast
        return [x._core], False
    if isinstance(x, TokenIds):
        return [x.ids], False
    if classify(x) != "batch":
        return [_read_sample(x, special_ids)], False
    assert isinstance(x, (list, tuple))
    samples: list[_core.BatchItem] = []
    for i, item in enumerate(x):
        try:
            if isinstance(item, str):
                raise TypeError(f"got the str {item!r}, expected a pathlib.Path where a file is")
            samples.append(_read_sample(item, special_ids))
        except (TypeError, Error) as error:
            raise type(error)(f"sample {i}: {error}") from None
    return samples, True


def read_regions(x: object, special_ids: dict[str, int]) -> _core.RegionSet:
    """Return the regions of one sample, special tokens left out; errors as ``read_samples``."""
    sample = x._core if isinstance(x, RegionSet) else _read_sample(x, special_ids)
    if isinstance(sample, tuple):
        return sample[0]
    return _core.RegionSet.from_bed(sample) if isinstance(sample, str) else sample


def _read_sample(
    x: object, special_ids: dict[str, int]
) -> _core.RegionSet | str | tuple[_core.RegionSet, Ids, Ids, Ids]:
    kind = classify(x)
    if kind == "batch":
        raise TypeError("got a batch, expected one sample")
    if kind == "list":
        return _read_list(x, special_ids)  # type: ignore[arg-type]
    if kind == "text":
        assert isinstance(x, str)
        if x in special_ids or is_region_text(x):
            return _read_list((x,), special_ids)
    if kind in ("text", "path"):
        return legal_path(x)  # type: ignore[arg-type]
    core: _core.RegionSet = as_region_set(x)._core
    return core


def _read_list(
    items: list[Any] | tuple[Any, ...], special_ids: dict[str, int]
) -> _core.RegionSet | tuple[_core.RegionSet, Ids, Ids, Ids]:
    special = [k for k, item in enumerate(items) if isinstance(item, str) and item in special_ids]
    if not special:
        return _regions_of(items, None)
    at = np.array(special, dtype=np.int64)
    positions = np.delete(np.arange(len(items), dtype=np.int64), at)
    regions = _regions_of([items[k] for k in positions.tolist()], positions)
    ids = np.array([special_ids[items[k]] for k in special], dtype=np.int64)
    # The k-th special token has k others before it, which are no regions.
    return regions, at - np.arange(len(at), dtype=np.int64), ids, positions


def _regions_of(items: list[Any] | tuple[Any, ...], positions: Ids | None) -> _core.RegionSet:
    try:
        core: _core.RegionSet = as_region_set(items)._core
        return core
    except (TypeError, Error) as error:
        for k, item in enumerate(items if isinstance(error, Error) else ()):
            if isinstance(item, str) and not is_region_text(item):
                at = k if positions is None else positions[k]
                raise Error(
                    f"item {at}: {item!r} is neither a region such as 'chr1:100-200' nor a "
                    "special token of this tokenizer; a batch of files is a list of pathlib.Path"
                ) from None
        place = re.match("region ([0-9]+)", str(error))
        if positions is None or place is None:
            raise
        # The caller counts the special tokens, too.
        rest = str(error)[place.end() :]
        raise type(error)(f"region {positions[int(place[1])]}{rest}") from None


def as_ids(ids: object, bounds: str) -> Ids:
    """Return ids given as a number, a list, an array or a tensor as an array.

    Args:
        ids: One id, or a sequence of them with one dimension.
        bounds: What an id too big for 64 bits is outside of, for the message.

    Returns:
        int64 array of shape (tokens,), or () for one id. The range is not checked.

    Raises:
        TypeError: Not integers, or more than one dimension.
        VocabularyError: An id that does not fit 64 bits.
    """
    if type(ids) is list:  # what calls return, taken item by item where NumPy would look twice
        quick = _core.ids_of_list(ids)
        if quick is not None:
            return quick
    if hasattr(ids, "detach"):  # a tensor, which may live on another device
        ids = ids.detach().cpu().numpy()
    try:
        array = np.asarray(ids)
    except ValueError:  # lists of different lengths
        raise TypeError("ids: expected one list of integers, got lists within a list") from None
    if array.ndim > 1:
        raise TypeError(
            f"ids: expected one dimension, got shape {array.shape}; pass one sample, as in ids[0]"
        )
    if array.size == 0 and not isinstance(ids, (str, bytes)):
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind == "i" or (array.dtype.kind == "u" and array.dtype.itemsize < 8):
        return np.ascontiguousarray(array, dtype=np.int64).reshape(array.shape)
    # What is left is rare: wrong types, and numbers so big that NumPy takes them for something
    # else. Each is looked at as what the caller gave.
    for value in [ids] if array.ndim == 0 else ids:  # type: ignore[attr-defined]
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"ids: expected integers, got {value!r}")
        if not -(2**63) <= int(value) < 2**63:
            raise VocabularyError(f"id {value} is outside {bounds}")
    return array.astype(np.int64)


def as_texts(tokens: Collection[Any], what: str = "tokens") -> list[str]:
    """Return tokens as a list; raise TypeError for one that is not a ``str``."""
    for k, token in enumerate(tokens):
        if not isinstance(token, str):
            raise TypeError(f"{what}: expected str, got {type(token).__name__} at position {k}")
    return list(tokens)


def is_unicode(text: str) -> bool:
    """Whether a text can be written as UTF-8: Python's may hold halves of characters."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def legal_path(path: str | os.PathLike[str]) -> str:
    """Return a path as text.

    Raises:
        TypeError: It is neither a ``str`` nor ``PathLike``.
        Error: It holds NUL, or characters that no file name can have.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path: expected str or PathLike, not {type(path).__name__}")
    text = os.fspath(path)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b"\0"
    if b"\0" in encoded or not isinstance(text, str):
        raise Error(f"path {text!r}: expected a legal file name")
    return text


def parse_error(path: str | os.PathLike[str], line: int | None, message: str) -> ParseError:
    """Return the error that names a place in a file, as the compiled readers raise it."""
    text = os.fspath(path)
    where = text if line is None else f"{text}:{line}"
    error = ParseError(f"{where}: {message}")
    error.path = text
    error.line = line
    return error


def warn_caller(text: str | None) -> None:
    """Warn about ``text``, if there is any, at the line outside of this package that called."""
    if text is None:
        return
    level = 1
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("bedtok."):
        frame = frame.f_back
        level += 1
    warnings.warn(text, UserWarning, stacklevel=level)
