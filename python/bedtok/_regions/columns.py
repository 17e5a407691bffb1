# SPDX-License-Identifier: BSD-2-Clause
"""Lists and arrays to the columns of the compiled ``RegionSet``, with every check.

NumPy checks whole columns; values are looked at one by one only to name the bad one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import Error
from bedtok._regions.region import MAX_COORDINATE, Region, check_coordinate

# From the right: the last number is the end, the one before it the start, all else the name.
_REGION_TEXT = re.compile(r"(.+):([0-9]+)-([0-9]+)", re.DOTALL)
_PEAK_NAME = re.compile(r"(.+)(?::([0-9]+)-|-([0-9]+)-|_([0-9]+)_)([0-9]+)", re.DOTALL)


# Of regions as objects; the last of each are those of alignments and variants of pysam.
_CHROM_ATTRIBUTES = ("chrom", "chr", "contig", "chromosome", "seqname", "reference_name")
_START_ATTRIBUTES = ("start", "reference_start")
_END_ATTRIBUTES = ("end", "stop", "reference_end")


class RegionText(NamedTuple):
    """The parts of ``chrom:start-end``."""

    chrom: str
    start: int
    end: int


def parse_region_text(text: str) -> RegionText | None:
    """Return the parts of ``chrom:start-end``; None when the text has another form.

    The name may hold ``:`` and ``-``. Whether the numbers are legal coordinates is not checked.
    """
    match = _REGION_TEXT.fullmatch(text)
    return None if match is None else RegionText(match[1], int(match[2]), int(match[3]))


def is_region_text(text: str) -> bool:
    """Return whether a text has the form ``chrom:start-end``."""
    return _REGION_TEXT.fullmatch(text) is not None


def columns_from_regions(
    items: Sequence[Any],
    bad_text: str = "region {position}: {text!r} is not of the form 'chr1:100-200'",
) -> _core.RegionSet:
    """Return regions in any mixture of forms as columns, in their order.

    Args:
        items: ``Region``, ``(chrom, start, end[, rest])``, ``"chrom:start-end"``, or objects with
            ``chrom`` or ``chr``, ``start``, ``end``.
        bad_text: The message for a text of another form.

    Raises:
        TypeError: An item, or a coordinate, has another type; its position is named.
        Error: A region is not legal; its position and value are named.
    """
    chroms: list[Any] = []
    starts: list[Any] = []
    ends: list[Any] = []
    rest: list[Any] = []
    for i, item in enumerate(items):
        if isinstance(item, Region):
            parts: tuple[Any, ...] = (item.chrom, item.start, item.end, item.rest)
        elif isinstance(item, tuple) and len(item) in (3, 4):
            parts = item if len(item) == 4 else (*item, None)
        elif isinstance(item, str):
            text = parse_region_text(item)
            if text is None:
                raise Error(bad_text.format(position=i, text=item))
            parts = (*text, None)
        else:
            parts = _parts_of_object(i, item)
        chroms.append(parts[0])
        starts.append(parts[1])
        ends.append(parts[2])
        rest.append(parts[3])
    has_rest = any(text is not None for text in rest)
    return columns_from_arrays(chroms, starts, ends, rest if has_rest else None)


def _parts_of_object(i: int, item: Any) -> tuple[Any, ...]:
    if type(item).__name__ == "TupleProxy":  # a row of pysam.asTuple, texts by position
        row = list(item)
        if len(row) >= 3 and row[1].isdecimal() and row[2].isdecimal():
            return row[0], int(row[1]), int(row[2]), None
    chrom = _first_attribute(item, _CHROM_ATTRIBUTES)
    start = _first_attribute(item, _START_ATTRIBUTES)
    end = _first_attribute(item, _END_ATTRIBUTES)
    if chrom is None or start is None or end is None:
        raise TypeError(
            f"region {i}: got {type(item).__name__}, expected a Region, (chrom, start, end), "
            "'chr1:100-200', or an object with chrom, chr, contig or chromosome, start, end"
        )
    rest = _attribute(item, "rest")
    return chrom, start, end, rest if isinstance(rest, str) else None


def is_region_object(item: object) -> bool:
    """Return whether an object has a chromosome, a start and an end, as rows of pysam have."""
    return type(item).__name__ == "TupleProxy" or all(
        _first_attribute(item, names) is not None
        for names in (_CHROM_ATTRIBUTES, _START_ATTRIBUTES, _END_ATTRIBUTES)
    )


def _first_attribute(item: Any, names: Sequence[str]) -> Any:
    values = (_attribute(item, name) for name in names)
    return next((value for value in values if value is not None and value != ""), None)


def _attribute(item: Any, name: str) -> Any:
    try:
        return getattr(item, name, None)
    except KeyError:  # rows of pysam
        return None


def columns_from_arrays(
    chroms: Any, starts: Any, ends: Any, rest: Sequence[str | None] | None = None
) -> _core.RegionSet:
    """Return columns of one length as a set; see ``RegionSet.from_arrays``."""
    names, ids = encode_names(chroms)
    return columns_from_encoded(names, ids, starts, ends, rest)


def columns_from_encoded(
    names: list[str],
    ids: npt.NDArray[np.uint32],
    starts: Any,
    ends: Any,
    rest: Sequence[str | None] | None = None,
) -> _core.RegionSet:
    """Return a set whose chromosomes are ids already: positions in ``names``."""
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Error(f"the chromosome name {name!a} cannot be written as UTF-8") from None
    first = as_coordinates(starts, "start")
    last = as_coordinates(ends, "end")
    if not len(ids) == len(first) == len(last) or (rest is not None and len(rest) != len(ids)):
        lengths = f"{len(ids)} chroms, {len(first)} starts, {len(last)} ends"
        if rest is not None:
            lengths += f", {len(rest)} rests"
        raise Error(f"columns must have one length, got {lengths}")
    if rest is not None:
        rest = list(rest)
        for i, text in enumerate(rest):
            if text is not None and not isinstance(text, str):
                raise TypeError(f"region {i}: rest is {text!r}, expected a text or None")
    return _core.RegionSet.from_columns(names, ids, first, last, rest)


def encode_names(chroms: Any) -> tuple[list[str], npt.NDArray[np.uint32]]:
    """Return distinct names in the order of first sight, and each row's position among them."""
    values = chroms.tolist() if isinstance(chroms, np.ndarray) else chroms
    ids: dict[Any, int] = {}
    codes = np.fromiter(
        (ids.setdefault(name, len(ids)) for name in values), dtype=np.uint32, count=len(values)
    )
    for name, code in ids.items():
        if not isinstance(name, str):
            i = int(np.flatnonzero(codes == code)[0])
            raise TypeError(f"region {i}: chrom is {name!r}, expected a text")
    return [str(name) for name in ids], codes


def as_coordinates(values: Any, what: str) -> npt.NDArray[np.uint32]:
    """Return coordinates as uint32 of shape (regions,).

    Raises:
        TypeError: Not integers. Error: Outside 0 .. 2**32 - 1. Both name the first such region.
    """
    if isinstance(values, np.ndarray):
        array = values
    else:
        # A list of a bool and ints would become ints without a word.
        if any(type(value) is not int for value in values):
            values = [_checked(i, value, what) for i, value in enumerate(values)]
        try:
            array = np.array(values, dtype=np.int64)
        except OverflowError:
            array = np.array([_checked(i, value, what) for i, value in enumerate(values)])
    if array.ndim != 1:
        raise TypeError(f"{what}s: expected one dimension, got shape {array.shape}")
    if array.size == 0:
        return np.zeros(0, dtype=np.uint32)
    if array.dtype.kind not in "iu":
        if array.dtype.kind == "O":
            return as_coordinates(array.tolist(), what)
        raise TypeError(f"{what}s: expected integers, got an array of {array.dtype}")
    if array.min() < 0 or array.max() > MAX_COORDINATE:
        for i, value in enumerate(array.tolist()):
            _checked(i, value, what)
    return np.ascontiguousarray(array, dtype=np.uint32)


def _checked(i: int, value: Any, what: str) -> int:
    return check_coordinate(value, f"region {i}: {what}")


def columns_from_names(names: Sequence[Any]) -> _core.RegionSet:
    """Return peak names as a set; see ``RegionSet.from_names``."""
    chroms, starts, ends = [], [], []
    for i, name in enumerate(names):
        if not isinstance(name, str):
            raise TypeError(f"region {i}: the name is {name!r}, expected a text")
        match = _PEAK_NAME.fullmatch(name)
        if match is None:
            raise Error(f"region {i}: {name!r} is none of chr1:100-200, chr1-100-200, chr1_100_200")
        chroms.append(match[1])
        starts.append(int(match[2] or match[3] or match[4]))
        ends.append(int(match[5]))
    return columns_from_arrays(chroms, starts, ends)
