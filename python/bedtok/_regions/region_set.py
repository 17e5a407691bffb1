# SPDX-License-Identifier: BSD-2-Clause
"""``RegionSet``, an ordered collection of genomic regions."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import OnError, check_on_error, import_optional, printable, warn_caller
from bedtok._files import StrPath, checked_path
from bedtok._regions.columns import columns_from_arrays, columns_from_names, columns_from_regions
from bedtok._regions.region import Region
from bedtok._regions.tables import columns_from_table, is_table

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Self

Columns = _core.RegionSet

_SHOWN = 3  # regions that `repr` shows


class RegionSet(Sequence[Region]):
    """An ordered collection of genomic regions, stored as columns.

    Args:
        regions: The path of a BED file (read as ``from_bed`` reads it); a list or tuple of
            ``Region``, ``(chrom, start, end[, rest])``, region texts such as ``"chr1:1-2"``, or
            objects with ``chrom`` or ``chr``, ``start``, ``end``; a pandas, polars or Arrow table
            with those columns; another RegionSet.

    Raises:
        FileNotFoundError: There is no such file.
        ParseError: A file is not BED; it names file, line and value.
        Error: A region is not legal; it names its position and value.
        TypeError: The argument, or a coordinate, has another type.

    Example:
        >>> regions = RegionSet([("chr1", 10, 20), ("chr2", 5, 9)])
        >>> regions[0], len(regions)
        (Region('chr1', 10, 20), 2)
        >>> regions.starts
        array([10,  5], dtype=uint32)
    """

    _core: Columns
    _path: str | None
    _skipped_lines: int = 0

    def __init__(self, regions: object) -> None:
        source = as_region_set(regions)
        self._core = source._core
        self._path = source._path
        self._skipped_lines = source._skipped_lines

    @classmethod
    def _wrap(cls, core: Columns, path: str | None = None) -> Self:
        self = cls.__new__(cls)
        self._core = core
        self._path = path
        return self

    # ---- where they come from

    @classmethod
    def from_bed(cls, path: StrPath, sort: bool = True, *, on_error: OnError = "raise") -> Self:
        """Read BED3 and up, narrowPeak, broadPeak, gappedPeak or BED12; plain, gzip or bgzip.

        Args:
            path: The file; its first bytes determine the format, not its name.
            sort: By (chromosome name as bytes, start), stable, as gtars does; False keeps the
                file's order.
            on_error: What a line that is not BED does: ``"raise"`` a ParseError; ``"warn"``: it is
                left out, and one warning for the file names the first of them; ``"skip"``: it is
                left out. ``skipped_lines`` counts them. A file without any other line is a
                ParseError in any case, as a damaged gzip stream is.

        Raises:
            FileNotFoundError: There is no such file. IsADirectoryError: It is a folder.
            ParseError: A line is not BED, or the gzip stream is cut off or damaged.
            ConfigError: ``on_error`` is another word.
        """
        text = checked_path(path)
        core, skipped = read_bed(text, bool(sort), on_error)
        regions = cls._wrap(core, text)
        regions._skipped_lines = skipped
        return regions

    @classmethod
    def from_regions(cls, regions: Iterable[Any]) -> Self:
        """Take regions in any form that a list of them may have, in their order."""
        return cls._wrap(columns_from_regions(list(regions)))

    @classmethod
    def from_arrays(
        cls,
        chroms: Sequence[str] | npt.NDArray[Any],
        starts: Sequence[int] | npt.NDArray[np.integer[Any]],
        ends: Sequence[int] | npt.NDArray[np.integer[Any]],
        rest: Sequence[str | None] | None = None,
    ) -> Self:
        """Take columns of one length.

        Args:
            chroms: Names, of shape (regions,).
            starts: First bases, 0-based, integers of shape (regions,), 0 .. 2**32 - 1.
            ends: One past the last bases, likewise.
            rest: What each region carries as text, or None.

        Raises:
            TypeError: Coordinates are not integers.
            Error: The lengths differ, or a region is not legal.
        """
        return cls._wrap(columns_from_arrays(chroms, starts, ends, rest))

    @classmethod
    def from_vectors(cls, chrs: Sequence[str], starts: Sequence[int], ends: Sequence[int]) -> Self:
        """Return ``from_arrays(chrs, starts, ends)``, under gtars' name."""
        return cls.from_arrays(chrs, starts, ends)

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Self:
        """Read peak names: ``chr1:1-2``, ``chr1-1-2`` or ``chr1_1_2``, each from the right.

        Raises:
            Error: A name has another form; it is named.
        """
        return cls._wrap(columns_from_names(list(names)))

    @classmethod
    def from_table(cls, table: Any) -> Self:
        """Take the columns chrom (or chr ...), start and end of a pandas, polars or Arrow table.

        Raises:
            Error: A column is missing or ambiguous, or a value is missing.
            TypeError: A coordinate column does not hold integers.
        """
        return cls._wrap(columns_from_table(table))

    # ---- as a sequence

    def __len__(self) -> int:
        return len(self._core)

    def _region(self, i: int) -> Region:
        core = self._core
        return Region(
            core.chrom_names[int(core.chrom_ids[i])],
            int(core.starts[i]),
            int(core.ends[i]),
            core.rest(i),
        )

    def __iter__(self) -> Iterator[Region]:
        core = self._core
        names = core.chrom_names
        columns = zip(
            core.chrom_ids.tolist(), core.starts.tolist(), core.ends.tolist(), strict=True
        )
        if not core.has_rest:
            for chrom, start, end in columns:
                yield Region(names[chrom], start, end)
            return
        for i, (chrom, start, end) in enumerate(columns):
            yield Region(names[chrom], start, end, core.rest(i))

    @overload
    def __getitem__(self, index: int) -> Region: ...
    @overload
    def __getitem__(
        self, index: slice | Sequence[int] | Sequence[bool] | npt.NDArray[Any]
    ) -> RegionSet: ...
    def __getitem__(self, index: Any) -> Region | RegionSet:
        """Return one region, or those of a slice, of positions, or of a mask of booleans."""
        if isinstance(index, slice):
            return self._take(np.arange(*index.indices(len(self)), dtype=np.int64))
        if isinstance(index, (list, tuple, np.ndarray)) and np.ndim(index) == 1:
            return self._take(_positions(np.asarray(index), len(self)))
        if isinstance(index, (bool, np.bool_)) or not hasattr(index, "__index__"):
            raise TypeError(
                f"index: expected an integer, a slice, or an array of one dimension, not "
                f"{type(index).__name__}"
            )
        i = index.__index__()
        if not -len(self) <= i < len(self):
            raise IndexError(f"position {i} is outside a set of {len(self)} regions")
        return self._region(i % len(self))

    def _take(self, positions: npt.NDArray[np.int64]) -> RegionSet:
        return type(self)._wrap(self._core.take(positions))

    def __contains__(self, region: object) -> bool:
        """Whether a region, in any of its forms, is one of the set's."""
        try:
            one = columns_from_regions([region])
        except (TypeError, _core.Error):
            return False
        names = self._core.chrom_names
        if one.chrom_names[0] not in names:
            return False
        return bool(
            (
                (self.starts == one.starts[0])
                & (self.ends == one.ends[0])
                & (self.chrom_ids == names.index(one.chrom_names[0]))
            ).any()
        )

    def __eq__(self, other: object) -> bool:
        """Whether both have the same intervals in the same order; the rest is not compared."""
        if not isinstance(other, RegionSet):
            return NotImplemented
        return self._core.equals(other._core)

    __hash__ = None  # type: ignore[assignment]

    def __add__(self, other: object) -> RegionSet:
        """Return the regions of both, one set behind the other."""
        if not isinstance(other, RegionSet):
            return NotImplemented
        a, b = self._core, other._core
        rest = None
        if a.has_rest or b.has_rest:
            rest = [core.rest(i) for core in (a, b) for i in range(len(core))]
        core = _core.RegionSet.from_columns(
            a.chrom_names + b.chrom_names,
            np.concatenate([a.chrom_ids, b.chrom_ids + np.uint32(len(a.chrom_names))]),
            np.concatenate([a.starts, b.starts]),
            np.concatenate([a.ends, b.ends]),
            rest,
        )
        return type(self)._wrap(core)

    def __repr__(self) -> str:
        if not len(self):
            return "RegionSet(0 regions)"
        shown = ", ".join(self._core.take(np.arange(min(_SHOWN, len(self)))).tokens())
        more = ", ..." if len(self) > _SHOWN else ""
        chroms = len(np.unique(self.chrom_ids))
        return (
            f"RegionSet({len(self)} region{'s' * (len(self) != 1)} on {chroms} "
            f"chromosome{'s' * (chroms != 1)}: {printable(shown)}{more})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        core = self._core
        rest = [core.rest(i) for i in range(len(core))] if core.has_rest else None
        columns = (core.chrom_names, core.chrom_ids, core.starts, core.ends, rest)
        return _unpickle, (type(self), self._path, *columns)

    # ---- columns

    @property
    def chrom_names(self) -> list[str]:
        """The chromosomes' names; ``chrom_ids`` are positions in this list."""
        return self._core.chrom_names

    @property
    def chrom_ids(self) -> npt.NDArray[np.uint32]:
        """Each region's position in ``chrom_names``; uint32 (regions,), a read-only view."""
        return self._core.chrom_ids

    @property
    def chroms(self) -> npt.NDArray[np.object_]:
        """Each region's chromosome name; objects of shape (regions,), made anew."""
        return np.array(self._core.chrom_names, dtype=object)[self._core.chrom_ids]

    @property
    def starts(self) -> npt.NDArray[np.uint32]:
        """First bases, 0-based; uint32 (regions,), a read-only view without a copy."""
        return self._core.starts

    @property
    def ends(self) -> npt.NDArray[np.uint32]:
        """One past the last bases; uint32 (regions,), a read-only view without a copy."""
        return self._core.ends

    def widths(self) -> npt.NDArray[np.uint32]:
        """Return the lengths in base pairs, uint32 of shape (regions,)."""
        return self.ends - self.starts

    @property
    def header(self) -> str | None:
        """The ``#``, ``track``, ``browser`` and column-name lines of the file, or None."""
        return self._core.header

    @property
    def path(self) -> str | None:
        """The file that the set was read from, or None."""
        return self._path

    @property
    def skipped_lines(self) -> int:
        """The number of lines of the file that ``on_error`` left out; 0 for sets made from it."""
        return self._skipped_lines

    def is_empty(self) -> bool:
        """Return whether the set has no regions."""
        return len(self) == 0

    def sort(self) -> None:
        """Sort in place by (chromosome name as bytes, start), stable."""
        self._core = self._core.sorted()

    # ---- digests, as gtars and BEDbase have them

    @property
    def identifier(self) -> str:
        """MD5 over the MD5s of the joined chromosomes, starts and ends.

        Source: ``RegionSet.identifier`` of gtars 0.10.
        """
        parts = [_md5(text) for text in self._core.column_texts()]
        return _md5(",".join(parts).encode())

    @property
    def file_digest(self) -> str:
        """MD5 of the set written as BED. Source: ``RegionSet.file_digest`` of gtars 0.10."""
        return _md5(self._core.to_bytes())

    # ---- where they go

    def to_bed(self, path: StrPath) -> None:
        """Write a BED file: chromosome, start, end and the rest. OSError when it cannot be."""
        self._core.to_bed(path)

    def to_bed_gz(self, path: StrPath) -> None:
        """Write the same as gzip; equal sets make equal files."""
        self._core.to_bed(path, compress=True)

    def to_pandas(self) -> pandas.DataFrame:
        """Return a DataFrame with chrom (category), start, end (uint32), and rest if there is any.

        Raises:
            ImportError: pandas is not installed.
        """
        pd = import_optional("pandas", "to_pandas")
        core = self._core
        frame: pandas.DataFrame = pd.DataFrame(
            {
                "chrom": pd.Categorical.from_codes(
                    core.chrom_ids.astype(np.int32), categories=core.chrom_names
                ),
                "start": core.starts,
                "end": core.ends,
            }
        )
        if core.has_rest:
            frame["rest"] = [core.rest(i) for i in range(len(core))]
        return frame


def read_bed(
    path: str, sort: bool, on_error: OnError, data: bytes | None = None
) -> tuple[Columns, int]:
    """Read a BED file as ``RegionSet.from_bed`` does, and count the lines that were left out.

    With ``data``, its bytes, ``path`` is only a name.
    """
    if check_on_error(on_error) == "raise":
        if data is not None:
            return _core.RegionSet.from_bytes(data, path, sort), 0
        return _core.RegionSet.from_bed(path, sort), 0
    core, skipped, text = _core.RegionSet.read_skipping(path, sort, data)
    if text is not None and on_error == "warn":
        warn_caller(f"{path}: {text}")
    return core, skipped


def is_foreign_set(x: object) -> bool:
    """Return whether ``x`` is a RegionSet of gtars."""
    return type(x).__name__ == "RegionSet" and type(x).__module__.partition(".")[0] == "gtars"


def as_region_set(x: object) -> RegionSet:
    """Return anything that ``RegionSet`` takes as one.

    Raises:
        TypeError: It takes no such thing.
    """
    if isinstance(x, RegionSet):
        return x
    if isinstance(x, (str, os.PathLike)):
        return RegionSet.from_bed(x)
    if isinstance(x, (list, tuple)):
        return RegionSet._wrap(columns_from_regions(x))
    if is_foreign_set(x):
        return RegionSet._wrap(columns_from_regions(list(x)))  # type: ignore[call-overload]
    if is_table(x):
        return RegionSet._wrap(columns_from_table(x))
    raise TypeError(
        f"regions: expected a path, a list of regions, a table or a RegionSet, not "
        f"{type(x).__name__}"
    )


def _positions(index: npt.NDArray[Any], size: int) -> npt.NDArray[np.int64]:
    if index.dtype.kind == "b":
        if len(index) != size:
            raise IndexError(f"a mask of {len(index)} values for a set of {size} regions")
        return np.flatnonzero(index).astype(np.int64)
    if index.size == 0:
        return np.zeros(0, dtype=np.int64)
    if index.dtype.kind not in "iu":
        raise TypeError(f"index: expected integers or booleans, not {index.dtype}")
    positions = index.astype(np.int64)
    outside = (positions < -size) | (positions >= size)
    if outside.any():
        raise IndexError(f"position {positions[outside][0]} is outside a set of {size} regions")
    return np.where(positions < 0, positions + size, positions)


def _unpickle(
    kind: type[RegionSet],
    path: str | None,
    names: list[str],
    chrom_ids: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.uint32],
    ends: npt.NDArray[np.uint32],
    rest: list[str | None] | None,
) -> RegionSet:
    core = _core.RegionSet.from_columns(names, chrom_ids, starts, ends, rest)
    return kind._wrap(core, path)


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
