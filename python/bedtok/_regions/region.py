# SPDX-License-Identifier: BSD-2-Clause
"""One genomic interval."""

from __future__ import annotations

import operator
from functools import total_ordering
from typing import Any

import numpy as np

from bedtok._core import Error

MAX_COORDINATE = 2**32 - 1


def check_coordinate(value: object, what: str) -> int:
    """Return a coordinate as int.

    Raises:
        TypeError: It is not an integer; bools and floats are refused, too.
        Error: It is outside 0 .. 2**32 - 1.
    """
    if type(value) is not int:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{what} is {value!r}, expected an integer")
        try:
            value = operator.index(value)  # type: ignore[arg-type]
        except TypeError:
            raise TypeError(
                f"{what} is {value!r} of type {type(value).__name__}, expected an integer"
            ) from None
    if not 0 <= value <= MAX_COORDINATE:
        raise Error(f"{what} {value} is outside 0..{MAX_COORDINATE}")
    return value


@total_ordering
class Region:
    """A genomic interval: a chromosome and ``[start, end)``, 0-based and half-open, in base pairs.

    Regions compare, sort and hash by (chrom, start, end); ``rest`` is ignored. ``len(region)`` is
    the width in base pairs; a zero-length region is still true.

    Args:
        chrom: Name of the chromosome; ``chr=`` is an alias.
        start: First base, 0 .. 2**32 - 1.
        end: One past the last base, start .. 2**32 - 1.
        rest: The other columns of its BED line as text, or None.

    Raises:
        TypeError: The name is not a ``str``, or a coordinate not an integer.
        Error: The name is empty, a coordinate is out of range, or end is before start.

    Example:
        >>> region = Region("chr1", 100, 200)
        >>> str(region), len(region), region.chr
        ('chr1:100-200', 100, 'chr1')
    """

    __slots__ = ("_chrom", "_end", "_rest", "_start")

    def __init__(
        self,
        chrom: str | None = None,
        start: int | None = None,
        end: int | None = None,
        rest: str | None = None,
        *,
        chr: str | None = None,
    ) -> None:
        if chrom is not None and chr is not None:
            raise TypeError("got both chrom and chr, expected one of them")
        name = chr if chrom is None else chrom
        if not isinstance(name, str):
            raise TypeError(f"chrom is {name!r}, expected a text")
        if not name:
            raise Error("the chromosome name is empty, expected a name")
        if rest is not None and not isinstance(rest, str):
            raise TypeError(f"rest is {rest!r}, expected a text or None")
        self._chrom = str(name)
        self._start = check_coordinate(start, "start")
        self._end = check_coordinate(end, "end")
        self._rest = rest
        if self._start > self._end:
            raise Error(f"end {self._end} is before start {self._start}")

    @property
    def chrom(self) -> str:
        """Name of the chromosome."""
        return self._chrom

    @property
    def chr(self) -> str:
        """Alias of ``chrom``, as in gtars."""
        return self._chrom

    @property
    def start(self) -> int:
        """First base, 0-based."""
        return self._start

    @property
    def end(self) -> int:
        """One past the last base."""
        return self._end

    @property
    def rest(self) -> str | None:
        """The other columns of the BED line as text, tabs included, or None."""
        return self._rest

    def _key(self) -> tuple[str, int, int]:
        return self._chrom, self._start, self._end

    def __len__(self) -> int:
        return self._end - self._start

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return self._key() == other._key() if isinstance(other, Region) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return self._key() < other._key() if isinstance(other, Region) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._key())

    def __str__(self) -> str:
        return f"{self._chrom}:{self._start}-{self._end}"

    def __repr__(self) -> str:
        rest = "" if self._rest is None else f", {self._rest!r}"
        return f"Region({self._chrom!r}, {self._start}, {self._end}{rest})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._chrom, self._start, self._end, self._rest)
