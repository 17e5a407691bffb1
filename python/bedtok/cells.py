# SPDX-License-Identifier: BSD-2-Clause
"""The tokens of many cells as one ragged array, and the forms that it takes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from bedtok._core import ConfigError, VocabularyError
from bedtok._identity import ByContent
from bedtok._inputs import legal_path
from bedtok._optional import need
from bedtok._replacing import replacing

if TYPE_CHECKING:
    import anndata as ad
    import pandas as pd
    import pyarrow as pa

    from bedtok._core import BatchItem

Int64s = npt.NDArray[np.int64]
Int32s = npt.NDArray[np.int32]

_ROWS_OF_A_GROUP = 1000  # cells of a Parquet row group: some MB, which readers stream


class CellTokens(Sequence[Int32s]):
    """The token ids of cells, one behind the other.

    It is a sequence of int32 arrays, one a cell; ``cells["AAAC-1"]`` finds a cell by its name. It
    is also a batch: ``tokenizer(cells, padding=True, return_tensors="pt")`` pads and cuts it.

    Args:
        tokenizer: Whose ids these are.
        values: int32, shape (tokens,): the ids of all cells.
        offsets: int64, shape (cells + 1,): those of cell i are ``values[offsets[i]:offsets[i+1]]``.
        names: The cells' names: barcodes, or ``obs_names``.
        seen: What a fragment file held: for each barcode its fragments and hits, and whether it
            was kept; None otherwise.
    """

    def __init__(
        self,
        tokenizer: ByContent,
        values: Int32s,
        offsets: Int64s,
        names: Sequence[str],
        seen: dict[str, Any] | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._values = values
        self._offsets = offsets
        self._names = list(names)
        self._seen = seen
        self._positions: dict[str, int] | None = None

    @property
    def tokenizer(self) -> ByContent:
        """The tokenizer whose ids these are."""
        return self._tokenizer

    @property
    def values(self) -> Int32s:
        """int32, shape (tokens,): the ids of all cells."""
        return self._values

    @property
    def offsets(self) -> Int64s:
        """int64, shape (cells + 1,): where each cell begins in ``values``."""
        return self._offsets

    @property
    def names(self) -> list[str]:
        """The cells' names."""
        return self._names

    @property
    def lengths(self) -> Int64s:
        """int64, shape (cells,): tokens of each cell."""
        return np.diff(self._offsets)

    @property
    def qc(self) -> pd.DataFrame:
        """What was seen of each barcode of a fragment file, whether it was kept or not.

        A table with the barcodes as its index and the columns ``fragments``, ``hits`` (fragments
        or insertions that hit the vocabulary), ``hit_rate`` (hits for each of them, 0 to 1) and
        ``kept``.

        Raises:
            AttributeError: The cells do not come from a fragment file.
        """
        if self._seen is None:
            raise AttributeError("qc is known for cells of a fragment file alone")
        frames = need("pandas", "qc")
        table: pd.DataFrame = frames.DataFrame(self._seen).set_index("barcode")
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
            at = self._positions[cell]
        else:
            at = range(len(self))[cell]  # negative positions, and IndexError
        return self._values[self._offsets[at] : self._offsets[at + 1]]

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
        """Return the ids of each cell as a list, by the cell's name."""
        return dict(zip(self._names, self.to_lists(), strict=True))

    def to_arrow(self) -> pa.ListArray | pa.LargeListArray:
        """Return an Arrow array of lists of int32; the ids are not copied."""
        pa = need("pyarrow", "to_arrow")
        if self._offsets[-1] < 2**31:
            offsets = pa.array(self._offsets.astype(np.int32))
            return pa.ListArray.from_arrays(offsets, pa.array(self._values))
        return pa.LargeListArray.from_arrays(pa.array(self._offsets), pa.array(self._values))

    def to_parquet(
        self, path: str | os.PathLike[str], *, cells_per_file: int | None = None
    ) -> list[str]:
        """Write columns ``cell`` (text) and ``input_ids`` (lists of int32), compressed by zstd.

        Args:
            path: The file; a folder with ``cells_per_file``, made when it is missing.
            cells_per_file: Write files ``part-00000.parquet`` ... of so many cells each.

        Returns:
            The files. Each gets its name when it is complete.

        Raises:
            OSError: A file cannot be written.
        """
        pa = need("pyarrow", "to_parquet")
        pq = need("pyarrow.parquet", "to_parquet")
        text = legal_path(path)
        if cells_per_file is None:
            parts = {text: self}
        else:
            if cells_per_file < 1:
                raise ConfigError(f"cells_per_file is {cells_per_file}, expected 1 or more")
            os.makedirs(text, exist_ok=True)
            parts = {
                os.path.join(text, f"part-{i:05d}.parquet"): self[first : first + cells_per_file]
                for i, first in enumerate(range(0, max(len(self), 1), cells_per_file))
            }
        schema = pa.schema([("cell", pa.string()), ("input_ids", pa.list_(pa.int32()))])
        for file, part in parts.items():
            with (
                replacing(file) as temporary,
                pq.ParquetWriter(temporary, schema, compression="zstd") as writer,
            ):
                for first in range(0, len(part), _ROWS_OF_A_GROUP):
                    group = part[first : first + _ROWS_OF_A_GROUP]
                    ids = group.to_arrow().cast(schema.field("input_ids").type)
                    writer.write_table(pa.table([pa.array(group.names), ids], schema=schema))
        return list(parts)

    def to_anndata(self, *, binary: bool = False) -> ad.AnnData:
        """Return an AnnData of cells x vocabulary regions.

        Args:
            binary: Whether a region is there, in place of how often.

        Returns:
            ``X`` is sparse by rows, float32; ``var`` has chrom, start, end and the tokens as
            names; ``obs`` has ``n_tokens``, and what ``qc`` says. Special tokens are left out.
        """
        ad = need("anndata", "to_anndata")
        pd = need("pandas", "to_anndata")
        sp = need("scipy.sparse", "to_anndata")
        regions = self._tokenizer.regions
        cell_of = np.repeat(np.arange(len(self), dtype=np.int64), self.lengths)
        of_region = self._values < len(regions)
        kept = np.bincount(cell_of[of_region], minlength=len(self))
        indptr = np.concatenate([[0], np.cumsum(kept)])
        columns = self._values[of_region]
        shape = (len(self), len(regions))
        matrix = sp.csr_matrix((np.ones(len(columns), np.float32), columns, indptr), shape=shape)
        matrix.sum_duplicates()
        if binary:
            matrix.data[:] = 1
        obs = pd.DataFrame({"n_tokens": self.lengths}, index=pd.Index(self._names, dtype=str))
        if self._seen is not None:
            obs = obs.join(self.qc.drop(columns="kept"))
        var = regions.to_pandas()[["chrom", "start", "end"]]
        var.index = pd.Index(self._tokenizer.decode(np.arange(len(regions))), dtype=str)
        return ad.AnnData(matrix, obs=obs, var=var)

    def _samples(self, tokenizer: ByContent) -> list[BatchItem]:
        """Return the ids of each cell for a batch of ``tokenizer``.

        Raises:
            VocabularyError: It means something else by these ids.
        """
        same = tokenizer is self._tokenizer or (
            tokenizer.vocab_size == self._tokenizer.vocab_size
            and tokenizer.all_special_tokens == self._tokenizer.all_special_tokens
            and tokenizer.regions == self._tokenizer.regions
        )
        if not same:
            raise VocabularyError("these cells have the ids of a tokenizer with another vocabulary")
        values = self._values.astype(np.int64)
        return [values[first:last] for first, last in pairwise(self._offsets.tolist())]
