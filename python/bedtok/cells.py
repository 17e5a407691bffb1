# SPDX-License-Identifier: BSD-2-Clause
"""``CellTokens``: the token ids of many cells as one ragged array."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from bedtok._checks import check_at_least, import_optional
from bedtok._core import Error, MappingReport, VocabularyError, remove_abandoned
from bedtok._files import StrPath, checked_path
from bedtok._html import Table, bar, card, histogram
from bedtok._regions.samples import Samples
from bedtok._tokenization.cells import Int32s, Int64s, cell_samples
from bedtok._tokenization.vocabulary import Vocabulary

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd
    import pyarrow as pa


_ROWS_SHOWN = 5  # cells that a notebook shows


class CellTokens(Sequence[Int32s]):
    """The token ids of cells, stored as one ragged array.

    A sequence of int32 arrays, one per cell; ``cells["AAAC-1"]`` is a cell by its name. It is also
    a batch: ``tokenizer(cells, padding=True, return_tensors="pt")`` pads and truncates it.

    Args:
        tokenizer: The tokenizer of the ids.
        values: int32, shape (tokens,): the ids of all cells.
        offsets: int64, shape (cells + 1,): cell i has ``values[offsets[i]:offsets[i + 1]]``.
        names: The cells' names: barcodes, or ``obs_names``.
        barcode_stats: Columns of a table of all barcodes in a fragment file: fragments, hits, and
            whether the barcode was kept; None for other cells.
        report: How well the peaks, or the fragments, fit the vocabulary; None where it is not
            known.
    """

    def __init__(
        self,
        tokenizer: Vocabulary,
        values: Int32s,
        offsets: Int64s,
        names: Sequence[str],
        barcode_stats: dict[str, Any] | None = None,
        report: MappingReport | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._values = values
        self._offsets = offsets
        self._names = list(names)
        self._barcode_stats = barcode_stats
        self._report = report
        self._positions: dict[str, int] | None = None
        self._skipped_lines = 0

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
        """A table of all barcodes in the fragment file, kept or not.

        Its index are the barcodes; its columns are ``fragments``, ``hits`` (fragments or insertions
        that hit the vocabulary), ``hit_rate`` (hits per fragment or insertion, 0 to 1) and
        ``kept``.

        Raises:
            AttributeError: The cells do not come from a fragment file.
        """
        if self._barcode_stats is None:
            raise AttributeError("qc is known only for the cells of a fragment file")
        frames = import_optional("pandas", "qc")
        table: pd.DataFrame = frames.DataFrame(self._barcode_stats).set_index("barcode")
        looked_up = table["fragments"] * table.pop("lookups")
        rate = table["hits"] / looked_up.where(looked_up > 0, 1)
        table.insert(2, "hit_rate", rate)
        frame: pd.DataFrame = table
        return frame

    def __len__(self) -> int:
        return len(self._names)

    @overload
    def __getitem__(self, cell: int | str) -> Int32s: ...
    @overload
    def __getitem__(self, cell: slice) -> CellTokens: ...
    def __getitem__(self, cell: int | str | slice) -> Int32s | CellTokens:
        """Return the ids of a cell by position or name, or a run of cells by a slice."""
        if isinstance(cell, slice):
            return self._run(*cell.indices(len(self)))
        if isinstance(cell, str):
            if self._positions is None:
                self._positions = {name: i for i, name in enumerate(self._names)}
            if cell not in self._positions:
                raise KeyError(f"{cell!r} is not among the {len(self)} cells")
            position = self._positions[cell]
        else:
            position = range(len(self))[cell]  # negative positions, and IndexError
        return self._values[self._offsets[position] : self._offsets[position + 1]]

    def _run(self, start: int, stop: int, step: int) -> CellTokens:
        if step != 1:
            raise ValueError(
                f"a slice with step {step}, expected 1: cells lie one behind the other"
            )
        stop = max(start, stop)
        offsets = self._offsets[start : stop + 1]
        values = self._values[offsets[0] : offsets[-1]]
        return CellTokens(self._tokenizer, values, offsets - offsets[0], self._names[start:stop])

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

    def to_parquet(self, path: StrPath, *, samples_per_shard: int | None = None) -> list[str]:
        """Write Parquet with the columns ``sample`` (text) and ``input_ids`` (lists of int32).

        The layout is that of ``bedtok.io.tokenize_files``. Each file is written atomically.

        Args:
            path: The file; with ``samples_per_shard`` a folder, made when it is missing.
            samples_per_shard: Write files ``part-00000.parquet`` ... of this many cells each.

        Returns:
            The files written.

        Raises:
            OSError: A file cannot be written.
            ImportError: pyarrow is not installed.
        """
        from bedtok.io.shards import part_path, write_parquet

        text = checked_path(path)
        if samples_per_shard is None:
            parts = {text: self}
        else:
            size = check_at_least("samples_per_shard", samples_per_shard, 1)
            os.makedirs(text, exist_ok=True)
            parts = {
                part_path(text, i, "parquet"): self[first : first + size]
                for i, first in enumerate(range(0, max(len(self), 1), size))
            }
        remove_abandoned(os.path.dirname(next(iter(parts))) or ".")
        for file, part in parts.items():
            write_parquet(file, part.names, part.values, part.offsets)
        return list(parts)

    def to_anndata(self, *, binary: bool = False) -> ad.AnnData:
        """Return an AnnData of cells x vocabulary regions.

        Args:
            binary: Store 1 for each region that a cell has, not the number of its tokens.

        Returns:
            ``X`` is CSR, float32; ``var`` has chrom, start, end, and the tokens as names; ``obs``
            has ``n_tokens`` and the columns of ``qc``. Special tokens are left out.
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
        obs = pd.DataFrame({"n_tokens": self.lengths}, index=pd.Index(self._names, dtype=str))
        if self._barcode_stats is not None:
            obs = obs.join(self.qc.drop(columns="kept"))
        var = regions.to_pandas()[["chrom", "start", "end"]]
        var.index = pd.Index(self._tokenizer.decode(np.arange(len(regions))), dtype=str)
        return ad.AnnData(matrix, obs=obs, var=var)

    def _samples(self, tokenizer: Vocabulary) -> Samples:
        """Return the cells as a batch of ``tokenizer``.

        Raises:
            VocabularyError: Its vocabulary is another one.
        """
        same = tokenizer is self._tokenizer or (
            tokenizer.vocab_size == self._tokenizer.vocab_size
            and tokenizer.all_special_tokens == self._tokenizer.all_special_tokens
            and tokenizer.regions == self._tokenizer.regions
        )
        if not same:
            raise VocabularyError("these cells have the ids of a tokenizer with another vocabulary")
        return cell_samples(self._values, self._offsets)
