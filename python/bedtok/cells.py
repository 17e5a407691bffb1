# SPDX-License-Identifier: BSD-2-Clause
"""``CellTokens``: the token ids of many cells as one ragged array."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol, overload

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least, import_optional
from bedtok._core import ConfigError, Error, MappingReport, VocabularyError
from bedtok._files import StorageOptions, StrPath
from bedtok._html import Table, bar, card, histogram
from bedtok._ragged import Int32s, Int64s, row_positions, take_rows
from bedtok._regions.samples import Samples
from bedtok._tokenization.cell_metadata import (
    SAMPLE,
    Columns,
    Metadata,
    as_frame,
    checked_columns,
    checked_frame,
    columns_of,
    take_metadata,
    with_tokens,
)
from bedtok._tokenization.cell_names import split_parts, text_column
from bedtok._tokenization.cells import (
    CellIds,
    barcode_table,
    cell_samples,
    join_cells,
    join_reports,
)
from bedtok._tokenization.vocabulary import Vocabulary

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd
    import pyarrow as pa


_ROWS_SHOWN = 5  # cells that a notebook shows


class ArrayLike(Protocol):
    """An array, or a column or index of pandas."""

    def __array__(self) -> npt.NDArray[Any]: ...


class CellTokens(Sequence[Int32s]):
    """The token ids of cells, stored as one ragged array.

    A sequence of int32 arrays, one per cell; ``cells["AAAC-1"]`` is a cell by its name. It is also
    a batch: ``tokenizer(cells, padding=True, return_tensors="pt")`` pads and truncates it.

    A mask of booleans, an array of positions, a list of names or a slice selects cells, and ``+``
    and ``concat`` join them. ``obs`` has what else is known of each cell, and comes along.

    Args:
        tokenizer: The tokenizer of the ids.
        values: int32, shape (tokens,): the ids of all cells.
        offsets: int64, shape (cells + 1,): cell i has ``values[offsets[i]:offsets[i + 1]]``.
        names: The cells' names: barcodes, or ``obs_names``.
        barcode_stats: Columns of a table of all barcodes in fragment files, as ``encode_fragments``
            makes them; None for other cells.
        report: How well the peaks, or the fragments, fit the vocabulary; None where it is not
            known.
        obs: Columns of metadata by name, one value a cell, such as ``{"cell_type": [...]}``; or a
            DataFrame whose index is the names.

    Raises:
        ConfigError: A column of ``obs`` has another length.
    """

    def __init__(
        self,
        tokenizer: Vocabulary,
        values: Int32s,
        offsets: Int64s,
        names: Sequence[str],
        barcode_stats: dict[str, Any] | None = None,
        report: MappingReport | None = None,
        obs: Mapping[str, Any] | pd.DataFrame | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._values = values
        self._offsets = offsets
        self._names = list(names)
        self._barcode_stats = barcode_stats
        self._report = report
        self._positions: dict[str, int] | None = None
        self._skipped_lines = 0
        self._metadata: Metadata = {}
        if obs is not None:
            self._metadata = (
                checked_columns(obs, len(self._names))
                if isinstance(obs, Mapping)
                else checked_frame(obs, self._names)
            )
        self._frame: pd.DataFrame | None = None  # `obs`, once somebody asked for it

    @staticmethod
    def _of(tokenizer: Vocabulary, ids: CellIds) -> CellTokens:
        cells = CellTokens(
            tokenizer, ids.values, ids.offsets, ids.names, ids.barcode_stats, ids.report
        )
        cells._metadata = ids.metadata
        cells._skipped_lines = ids.skipped_lines
        return cells

    @classmethod
    def from_parquet(
        cls,
        path: StrPath,
        tokenizer: Vocabulary,
        *,
        progress: bool | None = None,
        storage_options: StorageOptions = None,
    ) -> CellTokens:
        """Read Parquet that ``to_parquet``, ``tokenize_files`` or another program wrote.

        Args:
            path: A file, or a folder of them, read in the order of their names; or a URL, which
                ends in a slash if it is that of a folder, and may be a pattern.
            tokenizer: The tokenizer of the ids.
            progress: Whether to show a progress bar, of several files; None: if standard error is a
                terminal. Needs tqdm.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.

        Returns:
            The rows as cells, named by the column ``cell``, else ``sample``, else by their
            positions. All columns but ``cell`` and ``input_ids`` are those of ``obs``.

        Raises:
            FileNotFoundError: There is no such file, or the folder has none.
            ConfigError: A file is not Parquet, or has no column ``input_ids`` of lists of integers.
            VocabularyError: An id is outside of the vocabulary, or ``to_parquet`` wrote the file
                with another one.
            ImportError: pyarrow is not installed.
        """
        from bedtok.io.cell_shards import read_cells

        return CellTokens._of(tokenizer, read_cells(path, tokenizer, progress, storage_options))

    @classmethod
    def concat(
        cls,
        parts: Iterable[CellTokens] | Mapping[str, CellTokens],
        names: Sequence[str] | None = None,
    ) -> CellTokens:
        """Return the cells of several parts, one part behind the other; ``a + b`` does the same.

        If the cells are of more than one sample, every name begins with its sample, as in
        ``donor1#AAAC-1``; otherwise names stay. A cell's sample is its ``obs["sample"]``, or what
        ``names`` says. Where two parts have a cell of the same sample and name, the sample of the
        later part gets a number (``donor1-2``); parts without samples are named by their positions
        then, ``0``, ``1``.

        Args:
            parts: A list of cells, or a dict of them by the names of their samples.
            names: The name of each part's sample, in place of ``obs["sample"]``.

        Returns:
            The cells. ``obs`` has the columns of all parts, NaN or None where a part has no such
            column; ``qc`` and ``report`` are there if all parts have them.

        Raises:
            ConfigError: There is no part, or ``names`` do not name each one differently.
            VocabularyError: The tokenizers have different vocabularies.
            TypeError: A part is something else.
        """
        cells, given = split_parts(parts, names)
        for i, part in enumerate(cells):
            if not isinstance(part, CellTokens):
                raise TypeError(f"part {i}: expected CellTokens, not {type(part).__name__}")
            if not _same_vocabulary(part._tokenizer, cells[0]._tokenizer):
                raise VocabularyError(
                    f"part {i} has the ids of another vocabulary ({part._tokenizer.vocab_size} "
                    f"tokens) than part 0 ({cells[0]._tokenizer.vocab_size}), expected one for "
                    "all: encode them with one tokenizer"
                )
        if not cells:
            raise ConfigError("parts: there is none, expected at least one")
        tokenizer, ids = cells[0]._tokenizer, [part._ids() for part in cells]
        low_hit_rate = tokenizer._core.options.low_hit_rate
        report = join_reports(tokenizer._core, ids, low_hit_rate)
        return cls._of(tokenizer, join_cells(ids, given)._replace(report=report))

    def _ids(self) -> CellIds:
        return CellIds(
            self._values,
            self._offsets,
            self._names,
            self._report,
            None,
            barcode_stats=self._barcode_stats,
            skipped_lines=self._skipped_lines,
            metadata=self._known(),
        )

    def _column(self, name: str) -> list[Any]:
        """Return a column of ``obs`` as a list, without pandas."""
        values: list[Any] = columns_of(self._known())[name].tolist()
        return values

    def _columns(self) -> Columns:
        """Return the columns of ``obs`` as arrays, without pandas."""
        return columns_of(self._known())

    def _samples_or_none(self) -> list[str | None] | None:
        """Return the sample of each cell, None where it is missing; None: they are not known."""
        columns = self._columns()
        samples: list[str | None] | None = None
        if SAMPLE in columns:
            samples = text_column(columns[SAMPLE]).tolist()
        return samples

    def _known(self) -> Metadata:
        """Return the metadata as they are now: a user may have added columns to ``obs``."""
        return self._metadata if self._frame is None else self.obs

    @property
    def tokenizer(self) -> Vocabulary:
        """The tokenizer of the ids."""
        return self._tokenizer

    @property
    def values(self) -> Int32s:
        """int32, shape (tokens,): the ids of all cells."""
        return self._values

    @property
    def offsets(self) -> Int64s:
        """int64, shape (cells + 1,): where each cell starts, and the last ends."""
        return self._offsets

    @property
    def names(self) -> list[str]:
        """The cells' names."""
        return self._names

    @property
    def lengths(self) -> Int64s:
        """int64, shape (cells,): number of tokens of each cell."""
        return np.diff(self._offsets)

    @property
    def obs(self) -> pd.DataFrame:
        """What is known of each cell: a DataFrame with the names as its index.

        Its columns are ``sample``, where it is known; ``n_tokens``; of a fragment file
        ``fragments``, ``hits`` and ``hit_rate``, as in ``qc``; those of an AnnData's ``obs`` and of
        a Parquet file. Columns that are added to it, such as ``cells.obs["cell_type"] = labels``,
        come along when cells are selected, joined and written.
        """
        if self._frame is None:
            self._frame = as_frame(self._metadata, self._names, self.lengths)
            self._metadata = {}
        frame: pd.DataFrame = self._frame
        if len(frame) != len(self):
            raise ConfigError(
                f"obs has {len(frame)} rows, expected {len(self)}, one a cell; select cells by "
                "cells[mask]"
            )
        return frame

    @obs.setter
    def obs(self, table: pd.DataFrame) -> None:
        self._frame = checked_frame(table, self._names)

    @property
    def skipped_lines(self) -> int:
        """The number of lines of the fragment file that ``on_error`` left out."""
        return self._skipped_lines

    @property
    def report(self) -> MappingReport | None:
        """How well the input of all cells fits the vocabulary, as ``Tokenizer.report`` has it.

        Its regions are the peaks of an AnnData, or the fragments (insertions) of a file. None for a
        slice, and for cells that were made by hand.
        """
        return self._report

    @property
    def qc(self) -> pd.DataFrame:
        """A table of all barcodes in the fragment files, kept or not.

        Its index are the barcodes; its columns are ``fragments``, ``hits`` (fragments or insertions
        that hit the vocabulary), ``hit_rate`` (hits per fragment or insertion, 0 to 1), ``kept``,
        and, of several samples, ``sample``.

        Raises:
            AttributeError: The cells do not come from a fragment file.
        """
        if self._barcode_stats is None:
            raise AttributeError("qc is known only for the cells of fragment files")
        frames = import_optional("pandas", "qc")
        frame: pd.DataFrame = frames.DataFrame(barcode_table(self._barcode_stats))
        return frame.set_index("barcode")

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, cell: int | str) -> Int32s: ...
    @overload
    def __getitem__(
        self, cell: slice | list[int] | list[bool] | list[str] | tuple[Any, ...] | ArrayLike
    ) -> CellTokens: ...
    def __getitem__(self, cell: Any) -> Int32s | CellTokens:
        """Return the ids of a cell by position or name, or some cells.

        Some cells are those of a slice, a mask of booleans (one a cell), a list of positions or of
        names, in the order wanted; a column of ``obs`` is a mask, too. A slice without a step is a
        view, other selections copy their ids: O(cells + their tokens).

        Raises:
            KeyError: There is no cell of that name.
            IndexError: A position is outside, or the mask has another length.
            TypeError: The index is something else.
        """
        if isinstance(cell, slice):
            first, stop, step = cell.indices(len(self))
            if step == 1:
                return self._run(first, max(first, stop))
            return self._take(np.arange(first, stop, step, dtype=np.int64))
        if isinstance(cell, str):
            position = int(self._find([cell])[0])
        elif hasattr(cell, "__index__") and np.ndim(cell) == 0 and not isinstance(cell, bool):
            position = range(len(self))[cell]  # negative positions, and IndexError
        elif hasattr(cell, "__len__") and not isinstance(cell, (bytes, Mapping)):
            return self._take(row_positions(cell, len(self), self._find))
        else:
            raise TypeError(
                f"index: expected a position, a name, a slice, a mask, or a list of positions or "
                f"names, not {type(cell).__name__}"
            )
        return self._values[self._offsets[position] : self._offsets[position + 1]]

    def _find(self, names: Sequence[str]) -> Int64s:
        if self._positions is None:
            self._positions = {name: i for i, name in enumerate(self._names)}
        try:
            return np.array([self._positions[name] for name in names], dtype=np.int64)
        except KeyError as error:
            raise KeyError(f"{error.args[0]!r} is not among the {len(self)} cells") from None

    def _run(self, start: int, stop: int) -> CellTokens:
        offsets = self._offsets[start : stop + 1]
        values = self._values[offsets[0] : offsets[-1]]
        return self._selected(values, offsets - offsets[0], slice(start, stop))

    def _take(self, rows: Int64s) -> CellTokens:
        values, offsets = take_rows(self._values, self._offsets, rows)
        return self._selected(values, offsets, rows)

    def _selected(self, values: Int32s, offsets: Int64s, rows: Int64s | slice) -> CellTokens:
        names = (
            self._names[rows]
            if isinstance(rows, slice)
            else [self._names[i] for i in rows.tolist()]
        )
        cells = CellTokens(self._tokenizer, values, offsets, names)
        if self._frame is None:
            cells._metadata = take_metadata(self._metadata, rows)
        else:
            cells._frame = take_metadata(self.obs, rows)
        return cells

    def filter(self, *, min_tokens: int = 0, max_tokens: int | None = None) -> CellTokens:
        """Return the cells with so many tokens.

        Args:
            min_tokens: Leave out cells with fewer tokens.
            max_tokens: Leave out cells with more tokens; None: none.

        Raises:
            ConfigError: A number is negative.
        """
        lengths = self.lengths
        kept = lengths >= check_at_least("min_tokens", min_tokens, 0)
        if max_tokens is not None:
            kept &= lengths <= check_at_least("max_tokens", max_tokens, 0)
        return self[kept]

    def __add__(self, other: object) -> CellTokens:
        """Return ``concat([self, other])``."""
        return self.concat([self, other]) if isinstance(other, CellTokens) else NotImplemented

    def __iter__(self) -> Iterator[Int32s]:
        for first, last in pairwise(self._offsets.tolist()):
            yield self._values[first:last]

    def __repr__(self) -> str:
        return f"CellTokens({len(self)} cells, {len(self._values)} tokens)"

    def _repr_html_(self) -> str:
        lengths = self.lengths
        facts: list[tuple[str, object]] = [("tokens", f"{len(self._values):,}")]
        if len(self):
            median = np.median(lengths)
            facts.append(
                ("tokens per cell", f"{lengths.min():,} to {lengths.max():,}, median {median:,.0f}")
            )
            facts.append(("", histogram(lengths)))
        if self._report is not None:
            facts.append(("hit rate", bar(self._report.hit_rate)))
        rows = list(zip(self._names[:_ROWS_SHOWN], lengths.tolist(), strict=False))
        title = f"CellTokens: {len(self):,} cell{'s' * (len(self) != 1)}"
        return card(title, facts, Table(("cell", "tokens"), rows, len(self)))

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same ids under the same names, of equal tokenizers."""
        if not isinstance(other, CellTokens):
            return NotImplemented
        return (
            self._names == other._names
            and np.array_equal(self._offsets, other._offsets)
            and np.array_equal(self._values, other._values)
            and self._tokenizer == other._tokenizer
        )

    __hash__ = None  # type: ignore[assignment]

    def to_lists(self) -> list[list[int]]:
        """Return the ids of each cell as a list."""
        return [ids.tolist() for ids in self]

    def to_dict(self) -> dict[str, list[int]]:
        """Return the ids of each cell as a list, by the cell's name.

        Raises:
            Error: Two cells have one name.
        """
        ids = dict(zip(self._names, self.to_lists(), strict=True))
        if len(ids) < len(self):
            name = next(name for name, count in Counter(self._names).items() if count > 1)
            raise Error(
                f"two cells are named {name!r}, expected distinct names; use to_lists(), "
                "or make the names distinct (AnnData: adata.obs_names_make_unique())"
            )
        return ids

    def to_arrow(self) -> pa.ListArray | pa.LargeListArray:
        """Return an Arrow array of lists of int32; the ids are not copied."""
        pa = import_optional("pyarrow", "to_arrow")
        if self._offsets[-1] < 2**31:
            offsets = pa.array(self._offsets.astype(np.int32))
            return pa.ListArray.from_arrays(offsets, pa.array(self._values))
        return pa.LargeListArray.from_arrays(pa.array(self._offsets), pa.array(self._values))

    def to_parquet(
        self,
        path: StrPath,
        *,
        columns: Mapping[str, Any] | None = None,
        samples_per_shard: int | None = None,
        progress: bool | None = None,
        storage_options: StorageOptions = None,
    ) -> list[str]:
        """Write Parquet with the columns ``cell``, ``input_ids`` (lists of int32) and ``obs``.

        ``cell`` is the cell's name, ``sample``, where it is known, the sample that it is of. Each
        file is written atomically. ``from_parquet`` reads them, and ``bedtok train`` does.

        Args:
            path: The file, or a URL of an object store; with ``samples_per_shard`` a local folder,
                made when it is missing.
            columns: More columns by name, one value a cell: ``{"cell_type": labels}``.
            samples_per_shard: Write files ``part-00000.parquet`` ... of this many cells each.
            progress: Whether to show a progress bar, of several files; None: if standard error is a
                terminal. Needs tqdm.
            storage_options: Options of a URL's file system, as in ``RegionSet.from_bed``.

        Returns:
            The files written.

        Raises:
            ConfigError: A column has another length, a name that is taken, or values that Parquet
                does not hold.
            OSError: A file cannot be written.
            ImportError: pyarrow is not installed.
        """
        from bedtok.io.cell_shards import write_cells

        known = columns_of(self._known())
        if self._frame is None:
            known = with_tokens(known, self.lengths)
        known.update(checked_columns(columns or {}, len(self), "columns"))
        ids = self._ids()._replace(metadata=known)
        return write_cells(path, ids, self._tokenizer, samples_per_shard, progress, storage_options)

    def to_anndata(self, *, binary: bool = False) -> ad.AnnData:
        """Return an AnnData of cells x vocabulary regions.

        Args:
            binary: Store 1 for each region that a cell has, not the number of its tokens.

        Returns:
            ``X`` is CSR, float32; ``var`` has chrom, start, end, and the tokens as names; ``obs``
            is a copy of ``obs``. Special tokens are left out.
        """
        ad = import_optional("anndata", "to_anndata")
        pd = import_optional("pandas", "to_anndata")
        sp = import_optional("scipy.sparse", "to_anndata")
        regions = self._tokenizer.regions
        cell_of = np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)
        is_region = self._values < len(regions)
        counts = np.bincount(cell_of[is_region], minlength=len(self))
        indptr = np.concatenate([[0], np.cumsum(counts)])
        columns = self._values[is_region]
        shape = (len(self), len(regions))
        matrix = sp.csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=shape)
        matrix.sum_duplicates()
        if binary:
            matrix.data[:] = 1
        var = regions.to_pandas()[["chrom", "start", "end"]]
        var.index = pd.Index(self._tokenizer.decode(np.arange(len(regions))), dtype=str)
        return ad.AnnData(matrix, obs=self.obs.copy(), var=var)

    def _samples(self, tokenizer: Vocabulary) -> Samples:
        """Return the cells as a batch of ``tokenizer``.

        Raises:
            VocabularyError: Its vocabulary is another one.
        """
        if not _same_vocabulary(tokenizer, self._tokenizer):
            raise VocabularyError("these cells have the ids of a tokenizer with another vocabulary")
        return cell_samples(self._values, self._offsets)


def _same_vocabulary(a: Vocabulary, b: Vocabulary) -> bool:
    """Return whether ids mean the same tokens; options may differ."""
    return a is b or (
        a.vocab_size == b.vocab_size
        and a.all_special_tokens == b.all_special_tokens
        and a.regions == b.regions
    )
