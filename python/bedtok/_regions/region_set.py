# SPDX-License-Identifier: BSD-2-Clause
"""``RegionSet``, an ordered collection of genomic regions."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import (
    OnError,
    check_base_pairs,
    check_on_error,
    draw_seed,
    import_optional,
    printable,
    warn_caller,
)
from bedtok._files import StorageOptions, StrPath, atomic_write, is_url, local_file, source_path
from bedtok._html import Table, card
from bedtok._regions import algebra
from bedtok._regions.algebra import ChromosomeStatistics, Int64s
from bedtok._regions.chrom_sizes import ChromSizes
from bedtok._regions.columns import columns_from_arrays, columns_from_names, columns_from_regions
from bedtok._regions.region import Region
from bedtok._regions.tables import columns_from_table, is_table

if TYPE_CHECKING:
    import pandas
    from typing_extensions import Self

Columns = _core.RegionSet

_SHOWN = 3  # regions that `repr` shows
_ROWS_SHOWN = 5  # regions that a notebook shows
# Libraries whose objects are iterable and are no regions: columns and tensors.
_NOT_REGIONS = ("torch", "pandas", "polars", "pyarrow", "anndata", "scipy", "tensorflow", "jax")


class RegionSet(Sequence[Region]):
    """An ordered collection of genomic regions, stored as columns.

    Args:
        regions: The path of a BED file (read as ``from_bed`` reads it); an iterable of ``Region``,
            ``(chrom, start, end[, rest])``, region texts such as ``"chr1:1-2"``, or objects with
            ``chrom``, ``chr``, ``contig`` or ``chromosome``, ``start``, ``end``, as rows of pysam
            and intervals of pybedtools are; a pandas, polars or Arrow table with those columns, a
            data frame of dask, a relation of DuckDB, a PyRanges; another RegionSet, also of gtars.

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
    def from_bed(
        cls,
        path: StrPath,
        sort: bool = True,
        *,
        on_error: OnError = "raise",
        storage_options: StorageOptions = None,
    ) -> Self:
        """Read BED3 and up, narrowPeak, broadPeak, gappedPeak or BED12; plain, gzip or bgzip.

        Args:
            path: The file, or its URL (https, s3, gs ...), which is downloaded; its first bytes
                determine the format, not its name.
            sort: By (chromosome name as bytes, start), stable, as gtars does; False keeps the
                file's order.
            on_error: What a line that is not BED does: ``"raise"`` a ParseError; ``"warn"``: it is
                left out, and one warning for the file names the first of them; ``"skip"``: it is
                left out. ``skipped_lines`` counts them. A file without any other line is a
                ParseError in any case, as a damaged gzip stream is.
            storage_options: Options of a URL's file system, as pandas takes them: those of fsspec,
                such as ``{"anon": True}`` for s3; for http ``{"headers": {...}}`` and
                ``{"timeout": seconds}``. Local paths have none.

        Raises:
            FileNotFoundError: There is no such file. IsADirectoryError: It is a folder.
            OSError: A URL cannot be read as a whole. ImportError: A package for it is missing.
            ParseError: A line is not BED, or the gzip stream is cut off or damaged.
            ConfigError: ``on_error`` is another word.
        """
        text = source_path(path, storage_options)
        core, skipped = read_bed(text, bool(sort), on_error)
        regions = cls._wrap(core, str(text))
        regions._skipped_lines = skipped
        return regions

    @classmethod
    def from_regions(cls, regions: Iterable[Any]) -> Self:
        """Take regions in their order.

        Args:
            regions: ``Region``, ``(chrom, start, end[, rest])``, region texts, or objects with
                ``chrom`` or ``chr``, ``start`` and ``end``.

        Raises:
            Error: A region is not legal; it names its position and value.
            TypeError: An item, or a coordinate, has another type.
        """
        return cls._wrap(columns_from_regions(listed(regions)))

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
        """Take columns of one length, as ``from_arrays`` does, under gtars' name.

        Args:
            chrs: Names of the chromosomes.
            starts: First bases, 0-based.
            ends: One past the last bases.
        """
        return cls.from_arrays(chrs, starts, ends)

    @classmethod
    def from_names(cls, names: Iterable[str]) -> Self:
        """Read peak names, as an AnnData has them.

        Args:
            names: ``chr1:1-2``, ``chr1-1-2`` or ``chr1_1_2``; each is read from the right.

        Raises:
            Error: A name has another form; it is named.
        """
        return cls._wrap(columns_from_names(list(names)))

    @classmethod
    def from_table(cls, table: Any) -> Self:
        """Take the columns of a table.

        Args:
            table: A pandas, polars or Arrow table with the columns chrom (or chr, seqname ...),
                start and end, 0-based.

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

    def __add__(self, other: RegionSet) -> RegionSet:
        """Return ``self.concat(other)``."""
        return self.concat(other) if isinstance(other, RegionSet) else NotImplemented

    def __and__(self, other: RegionSet) -> RegionSet:
        """Return ``self.intersect_all(other)``."""
        return self.intersect_all(other) if isinstance(other, RegionSet) else NotImplemented

    def __or__(self, other: RegionSet) -> RegionSet:
        """Return ``self.union(other)``."""
        return self.union(other) if isinstance(other, RegionSet) else NotImplemented

    def __sub__(self, other: RegionSet) -> RegionSet:
        """Return ``self.setdiff(other)``."""
        return self.setdiff(other) if isinstance(other, RegionSet) else NotImplemented

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

    def _repr_html_(self) -> str:
        chroms = len(np.unique(self.chrom_ids))
        facts = [("chromosomes", f"{chroms:,}")]
        if self._path is not None:
            facts.append(("file", self._path))
        if self._skipped_lines:
            facts.append(("lines skipped", f"{self._skipped_lines:,}"))
        first = [self._region(i) for i in range(min(_ROWS_SHOWN, len(self)))]
        header = ["chrom", "start", "end"] + ["rest"] * self._core.has_rest
        rows = [[r.chrom, r.start, r.end] + [r.rest or ""] * self._core.has_rest for r in first]
        title = f"RegionSet: {len(self):,} region{'s' * (len(self) != 1)}"
        return card(title, facts, Table(header, rows, len(self)))

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

    # ---- interval algebra: docs/algebra.md has a picture of each
    #
    # Sets may be unsorted, nested, overlapping or repeated. O(n log n), O(n) for sorted ones.
    # Results that do not keep the input's regions are sorted by (chromosome name as bytes, start)
    # and carry no ``rest``. ``other`` is anything that ``RegionSet`` takes.

    @overload
    def reduce(self, max_gap: int = ..., *, return_counts: Literal[False] = ...) -> RegionSet: ...
    @overload
    def reduce(
        self, max_gap: int = ..., *, return_counts: Literal[True]
    ) -> tuple[RegionSet, Int64s]: ...
    def reduce(
        self, max_gap: int = 0, *, return_counts: bool = False
    ) -> RegionSet | tuple[RegionSet, Int64s]:
        """Merge regions that overlap or touch.

        A zero-length region that touches nothing stays.

        Args:
            max_gap: Merge also over gaps of up to so many base pairs.
            return_counts: Return (regions, counts): of how many regions each is made, int64 of
                shape (result,).

        Example:
            >>> RegionSet(["chr1:1-5", "chr1:5-9", "chr1:20-30"]).reduce()
            RegionSet(2 regions on 1 chromosome: chr1:1-9, chr1:20-30)
        """
        gap = check_base_pairs("max_gap", max_gap)
        if not return_counts:
            return type(self)._wrap(self._core.reduce(gap))
        core, counts = self._core.reduce_with_counts(gap)
        return type(self)._wrap(core), counts

    @overload
    def disjoin(self, *, return_depth: Literal[False] = ...) -> RegionSet: ...
    @overload
    def disjoin(self, *, return_depth: Literal[True]) -> tuple[RegionSet, Int64s]: ...
    def disjoin(self, *, return_depth: bool = False) -> RegionSet | tuple[RegionSet, Int64s]:
        """Return the smallest pieces: every start and end, of zero-length regions too, is a border.

        Args:
            return_depth: Return (regions, depth): how many regions cover each piece, 1 or more,
                int64 of shape (result,).
        """
        core, depth = self._core.disjoin()
        pieces = type(self)._wrap(core)
        return (pieces, depth) if return_depth else pieces

    def cluster(self, max_gap: int = 0) -> Int64s:
        """Return for each region its position in ``reduce(max_gap)``, int64 of shape (regions,).

        Args:
            max_gap: As for ``reduce``.
        """
        return self._core.cluster(check_base_pairs("max_gap", max_gap))

    def gaps(self, chrom_sizes: ChromSizes) -> RegionSet:
        """Return the base pairs of the chromosomes that no region covers.

        Chromosomes without regions are one gap. Regions of chromosomes that are not listed, and
        what lies past the end of its chromosome, count for nothing; nor do zero-length regions.

        Args:
            chrom_sizes: Lengths by chromosome: a dict, or a file of two columns such as
                ``hg38.chrom.sizes`` or a ``.fai`` index.

        Raises:
            ConfigError: ``chrom_sizes`` is empty. Error: A size does not fit 32 bits.
        """
        return type(self)._wrap(self._core.gaps(algebra.required_sizes(chrom_sizes)))

    def complement(self, chrom_sizes: ChromSizes) -> RegionSet:
        """Return the gaps between the regions, under the name of bedtools and bioframe.

        Args:
            chrom_sizes: Lengths by chromosome, as for ``gaps``.
        """
        return self.gaps(chrom_sizes)

    @classmethod
    def tile(cls, chrom_sizes: ChromSizes, width: int) -> Self:
        """Return bins of ``width`` base pairs; the last one of a chromosome may be shorter.

        Args:
            chrom_sizes: Lengths by chromosome, as for ``gaps``.
            width: 1 or more.

        Example:
            >>> RegionSet.tile({"chr1": 25}, 10)
            RegionSet(3 regions on 1 chromosome: chr1:0-10, chr1:10-20, chr1:20-25)
        """
        sizes = algebra.required_sizes(chrom_sizes)
        return cls._wrap(_core.RegionSet.tile(sizes, check_base_pairs("width", width)))

    # Moved one by one: order, ``rest`` and header stay, and so do coordinates inside of ``rest``.
    # Below 0 is cut off. Beyond the end of the chromosome is cut off, too, where ``chrom_sizes``
    # says where that is; a chromosome that it does not list is an Error. Without ``chrom_sizes``
    # a coordinate above 2**32 - 1 is an Error. They name the region.

    def trim(self, chrom_sizes: ChromSizes) -> RegionSet:
        """Cut regions at the end of their chromosome.

        Regions of chromosomes that are not listed are left out. Of one past the end a zero-length
        region at the end stays, as in gtars and GenomicRanges.

        Args:
            chrom_sizes: Lengths by chromosome, as for ``gaps``.
        """
        return type(self)._wrap(self._core.trim(algebra.required_sizes(chrom_sizes)))

    def slop(
        self, left: int, right: int | None = None, chrom_sizes: ChromSizes | None = None
    ) -> RegionSet:
        """Make regions longer on both sides.

        Args:
            left: Base pairs in front, 0 or more.
            right: Base pairs behind; None: as many as in front.
            chrom_sizes: Lengths by chromosome, where regions end at the latest; None: no end.

        Raises:
            Error: A chromosome is not listed, or a coordinate above 2**32 - 1 would be needed.
        """
        sides = algebra.both_sides(left, right)
        return type(self)._wrap(self._core.slop(*sides, algebra.optional_sizes(chrom_sizes)))

    def flank(
        self, left: int, right: int | None = None, chrom_sizes: ChromSizes | None = None
    ) -> RegionSet:
        """Return the base pairs in front of each region, then those behind it.

        Both carry the region's ``rest``. An empty flank is left out. Errors are those of ``slop``.

        Args:
            left: Base pairs in front, 0 or more.
            right: Base pairs behind; None: as many as in front.
            chrom_sizes: As for ``slop``.
        """
        sides = algebra.both_sides(left, right)
        return type(self)._wrap(self._core.flank(*sides, algebra.optional_sizes(chrom_sizes)))

    def shift(self, offset: int, chrom_sizes: ChromSizes | None = None) -> RegionSet:
        """Move regions along their chromosome; errors are those of ``slop``.

        Args:
            offset: Base pairs; negative: towards the start.
            chrom_sizes: As for ``slop``.
        """
        sizes = algebra.optional_sizes(chrom_sizes)
        return type(self)._wrap(self._core.shift(algebra.check_offset(offset), sizes))

    def resize(
        self,
        width: int,
        fix: Literal["start", "end", "center", "summit"] = "center",
        chrom_sizes: ChromSizes | None = None,
    ) -> RegionSet:
        """Give every region the same width.

        Args:
            width: In base pairs, 0 or more.
            fix: What stays: ``"start"``; ``"end"``; ``"center"``, base start + length // 2; or
                ``"summit"``, the base that column 10 of narrowPeak tells (-1: the centre). Of the
                last two, base ``width // 2`` of the result is what stays; a result that would begin
                below 0 begins at 0 and keeps its width.
            chrom_sizes: As for ``slop``.

        Raises:
            ConfigError: ``fix`` is another word.
            Error: There is no summit in column 10, or as ``slop``.
        """
        sizes = algebra.optional_sizes(chrom_sizes)
        bases = check_base_pairs("width", width)
        return type(self)._wrap(self._core.resize(bases, str(fix), sizes))

    def promoters(
        self, upstream: int, downstream: int, chrom_sizes: ChromSizes | None = None
    ) -> RegionSet:
        """Return the surroundings of where each region begins on its strand.

        ``[start - upstream, start + downstream)``; where column 6, the strand, is ``-``,
        ``[end - downstream, end + upstream)``. Errors are those of ``slop``.

        Args:
            upstream: Base pairs in front of where it begins, 0 or more.
            downstream: Base pairs behind it, 0 or more.
            chrom_sizes: As for ``slop``.
        """
        sides = check_base_pairs("upstream", upstream), check_base_pairs("downstream", downstream)
        return type(self)._wrap(self._core.promoters(*sides, algebra.optional_sizes(chrom_sizes)))

    def sample(self, n: int, seed: int | None = None) -> RegionSet:
        """Return ``n`` regions in their order, drawn without replacement.

        Args:
            n: How many, at most ``len(self)``.
            seed: 0 to 2**64 - 1; one seed gives the same regions everywhere. None: drawn from
                Python's ``random``.

        Raises:
            Error: There are fewer than ``n`` regions.
        """
        return type(self)._wrap(self._core.sample(check_base_pairs("n", n), draw_seed(seed)))

    # Statistics. Chromosomes are ordered by name as bytes.

    def region_widths(self) -> npt.NDArray[np.uint32]:
        """Return ``widths()``, under gtars' other name."""
        return self.widths()

    def mean_region_width(self) -> float:
        """Return the mean length in base pairs, to two decimals as in gtars; NaN for no regions."""
        if not len(self):
            return math.nan
        return math.floor(100 * self.nucleotide_length() / len(self) + 0.5) / 100

    def nucleotide_length(self) -> int:
        """Return the sum of the lengths; what several regions cover counts several times."""
        return self._core.nucleotide_length()

    def get_nucleotide_length(self) -> int:
        """Return ``nucleotide_length()``, under gtars' name."""
        return self.nucleotide_length()

    def max_end_per_chrom(self) -> dict[str, int]:
        """Return the furthest end on each chromosome that has a region."""
        return self._core.max_end_per_chrom()

    def get_max_end_per_chr(self) -> dict[str, int]:
        """Return ``max_end_per_chrom()``, under gtars' name."""
        return self.max_end_per_chrom()

    def chromosome_statistics(self) -> dict[str, ChromosomeStatistics]:
        """Return number, borders and lengths of the regions of each chromosome that has some."""
        return algebra.statistics_by_name(self._core)

    def neighbor_distances(self) -> Int64s:
        """Return the gaps between neighbours that neither overlap nor touch, in base pairs.

        Neighbours follow each other by (start, end) on a chromosome. int64 of shape (gaps,),
        which are fewer than the regions; by (chromosome, start).

        Source: ``calcNeighborDist`` of GenomicDistributions, through gtars.
        """
        return self._core.neighbor_distances()

    def nearest_neighbors(self) -> Int64s:
        """Return how far each region is from the nearest other one of its chromosome.

        0 where they overlap or touch. int64, by (chromosome, start, end); a region that is alone on
        its chromosome is left out, as in gtars.
        """
        return self._core.nearest_neighbors()

    def distribution(
        self, n_bins: int = 250, chrom_sizes: ChromSizes | None = None
    ) -> dict[str, npt.NDArray[Any]]:
        """Count regions by the bin of the genome in which their middle lies.

        All bins have one width: the longest chromosome's length // ``n_bins``, at least 1. The last
        of ``n_bins`` reaches to the end of the chromosome. Regions of other chromosomes, and those
        whose middle lies past the end, are left out.

        Args:
            n_bins: Bins of the longest chromosome, 1 or more.
            chrom_sizes: Lengths by chromosome; None: the furthest end of each, behind whose last
                bin a shorter one may follow.

        Returns:
            Columns of equal length, one row for each bin that has a region: ``chr`` (objects),
            ``start`` and ``end`` (uint32), ``n``, the regions (int64), and ``rid``, the bin's
            number on its chromosome (int64). gtars gives the rows as a list of dicts.
        """
        return algebra.distribution(self._core, n_bins, chrom_sizes)

    # With another set. What several regions of one set cover counts once.

    def concat(self, other: object) -> RegionSet:
        """Return the regions of both, one set behind the other, with their ``rest``.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.
        """
        return type(self)._wrap(self._core.concat(as_region_set(other)._core))

    def union(self, other: object) -> RegionSet:
        """Return what either covers, merged as by ``reduce``; also ``self | other``.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.
        """
        return type(self)._wrap(self._core.union(as_region_set(other)._core))

    def intersect_all(self, other: object) -> RegionSet:
        """Return the base pairs that both cover, merged; also ``self & other``.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.

        Example:
            >>> RegionSet(["chr1:0-10", "chr1:5-20"]).intersect_all(["chr1:8-12", "chr1:18-30"])
            RegionSet(2 regions on 1 chromosome: chr1:8-12, chr1:18-20)
        """
        return type(self)._wrap(self._core.intersect_all(as_region_set(other)._core))

    def pintersect(self, other: object) -> RegionSet:
        """Return what the i-th regions of both share, for each i, with the ``rest`` of this set's.

        Where they share nothing it is a zero-length region, at the later start, or at this set's
        start when their chromosomes differ.

        Args:
            other: A set of as many regions, in any form that ``RegionSet`` takes.

        Raises:
            Error: The sets have different sizes.
        """
        return type(self)._wrap(self._core.pintersect(as_region_set(other)._core))

    def setdiff(self, other: object) -> RegionSet:
        """Return the base pairs that only this set covers, merged; also ``self - other``.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.
        """
        return type(self)._wrap(self._core.setdiff(as_region_set(other)._core))

    def find_overlaps(
        self, other: object, *, min_overlap: int = 0, min_fraction: float = 0.0
    ) -> tuple[Int64s, Int64s]:
        """Return all pairs of overlapping regions.

        What overlaps is what hits in a tokenizer whose vocabulary is ``other``. An index of
        ``other`` is made: O(n log n), then O(log n + hits) a region.

        Args:
            other: The other set.
            min_overlap: Base pairs that a pair must share; 0: any overlap, zero-length regions
                included.
            min_fraction: Share of this set's region that must be covered, 0 to 1.

        Returns:
            (left, right): positions in this set and in ``other``, int64 of shape (pairs,); left
            ascending, and right by (start, end, position) for each.

        Example:
            >>> left, right = RegionSet(["chr1:0-10"]).find_overlaps(["chr1:10-20", "chr1:5-8"])
            >>> left, right
            (array([0]), array([1]))
        """
        rules = algebra.overlap_rules(min_overlap, min_fraction)
        return self._core.find_overlaps(as_region_set(other)._core, *rules)

    def count_overlaps(
        self, other: object, *, min_overlap: int = 0, min_fraction: float = 0.0
    ) -> Int64s:
        """Return how many of ``other`` each region overlaps, int64 of shape (regions,).

        Complexity is that of ``find_overlaps``.

        Args:
            other: The other set.
            min_overlap: As for ``find_overlaps``.
            min_fraction: As for ``find_overlaps``.
        """
        rules = algebra.overlap_rules(min_overlap, min_fraction)
        return self._core.count_overlaps(as_region_set(other)._core, *rules)

    def any_overlaps(
        self, other: object, *, min_overlap: int = 0, min_fraction: float = 0.0
    ) -> npt.NDArray[np.bool_]:
        """Return whether each region overlaps one of ``other``, bool of shape (regions,).

        It looks no further than the first hit of each region. O(n log n), then O(log n) a region;
        with ``min_overlap`` or ``min_fraction`` that of ``find_overlaps``.

        Args:
            other: The other set.
            min_overlap: As for ``find_overlaps``.
            min_fraction: As for ``find_overlaps``.
        """
        rules = algebra.overlap_rules(min_overlap, min_fraction)
        return self._core.any_overlaps(as_region_set(other)._core, *rules)

    def subset_by_overlaps(
        self, other: object, *, min_overlap: int = 0, min_fraction: float = 0.0
    ) -> RegionSet:
        """Return the regions that overlap one of ``other``, in their order, with their ``rest``.

        Complexity is that of ``find_overlaps``.

        Args:
            other: The other set.
            min_overlap: As for ``find_overlaps``.
            min_fraction: As for ``find_overlaps``.
        """
        rules = algebra.overlap_rules(min_overlap, min_fraction)
        core = self._core.subset_by_overlaps(as_region_set(other)._core, *rules)
        return type(self)._wrap(core)

    def closest(self, other: object) -> tuple[Int64s, Int64s]:
        """Return the nearest region of ``other`` for each region, and how far it is.

        One that overlaps comes before one that touches; among several as near, the first of
        ``other`` by (start, end, position), so the one in front before the one behind.
        O((n + m) log m).

        Returns:
            (index, distance), int64 of shape (regions,): its position in ``other``, -1 where
            ``other`` has none on the chromosome; the base pairs between them, negative where it
            lies in front (at smaller coordinates), 0 where they overlap or touch and where there
            is none.

        Example:
            >>> RegionSet(["chr1:50-60", "chr2:1-2"]).closest(["chr1:10-45", "chr1:90-95"])
            (array([ 0, -1]), array([-5,  0]))
        """
        return self._core.closest(as_region_set(other)._core)

    def covered_bases(self, other: object) -> Int64s:
        """Return how many base pairs of each region ``other`` covers, int64 of shape (regions,)."""
        return self._core.covered_bases(as_region_set(other)._core)

    def coverage(self, other: object) -> float:
        """Return which share of the base pairs of this set ``other`` covers, 0 to 1.

        0 where this set covers nothing. ``covered_bases`` has them region by region.
        """
        return self._core.coverage(as_region_set(other)._core)

    def jaccard(self, other: object) -> float:
        """Return the base pairs that both cover by those that either covers, 0 to 1.

        0 where neither covers anything. Source: Favorov et al. 2012, as in bedtools.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.
        """
        return self._core.jaccard(as_region_set(other)._core)

    def overlap_coefficient(self, other: object) -> float:
        """Return the base pairs that both cover by those of the set that covers fewer, 0 to 1.

        0 where one covers nothing.

        Args:
            other: The other set, in any form that ``RegionSet`` takes.
        """
        return self._core.overlap_coefficient(as_region_set(other)._core)

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
        """Write a BED file: chromosome, start, end and the rest of each region.

        Args:
            path: The file, or a URL of an object store; it is written atomically.

        Raises:
            OSError: It cannot be written.
        """
        write_bed(self._core, path)

    def to_bed_gz(self, path: StrPath) -> None:
        """Write a BED file, compressed by gzip; equal sets make equal files.

        Args:
            path: The file, or a URL of an object store; it is written atomically.

        Raises:
            OSError: It cannot be written.
        """
        write_bed(self._core, path, compress=True)

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
        if not is_url(path):  # a context would take a tenth of the time of a small file
            return _core.RegionSet.from_bed(path, sort), 0
        with local_file(path) as file:
            return _core.RegionSet.from_bed(file, sort), 0
    with local_file(path) as file:
        core, skipped, text = _core.RegionSet.read_skipping(file, sort, data)
    if text is not None and on_error == "warn":
        warn_caller(f"{path}: {text}")
    return core, skipped


def write_bed(regions: Columns, path: StrPath, compress: bool = False) -> None:
    """Write a BED file, atomically."""
    if not is_url(path):
        regions.to_bed(path, compress=compress)
        return
    with atomic_write(path) as temporary:
        regions.to_bed(temporary, compress=compress)


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
    if is_table(x):
        return RegionSet._wrap(columns_from_table(x))
    if is_foreign_set(x) or is_iterable_of_regions(x):
        return RegionSet._wrap(columns_from_regions(listed(x)))
    unordered = "; a set has no order: sorted(...)" if isinstance(x, (set, frozenset)) else ""
    raise TypeError(
        f"regions: expected a path, a list of regions, a table or a RegionSet, not "
        f"{type(x).__name__}{unordered}"
    )


def is_iterable_of_regions(x: object) -> bool:
    """Return whether ``x`` may yield regions or samples one by one, as generators and BedTools do.

    Lists and tuples are something else, and so are sets and mappings, whose items have no order or
    are keys. Arrays are if they hold objects.
    """
    if isinstance(x, (str, bytes, os.PathLike, list, tuple, set, frozenset, Mapping, RegionSet)):
        return False
    if isinstance(x, np.ndarray):
        return x.ndim == 1 and x.dtype.kind in "OU"
    if type(x).__module__.partition(".")[0] in _NOT_REGIONS:
        return False
    return isinstance(x, Iterable) and not isinstance(x, (Region, type))


def listed(x: Any) -> list[Any]:
    """Return what an iterable yields.

    Other than ``list(x)`` this does not ask for the length, for which a BedTool reads its file, and
    one of a stream all that it will ever yield.
    """
    return list(iter(x))


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
    import hashlib  # brings OpenSSL, 4 MiB that most programs do without

    return hashlib.md5(data, usedforsecurity=False).hexdigest()
