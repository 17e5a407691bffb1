# SPDX-License-Identifier: BSD-2-Clause
"""Cells in Parquet, written and read back: their names, ids and metadata."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least, import_optional
from bedtok._core import ConfigError, VocabularyError, remove_abandoned
from bedtok._files import (
    StorageOptions,
    StrPath,
    atomic_write,
    checked_path,
    is_url,
    local_file,
    missing_file,
    source_path,
    source_paths,
)
from bedtok._progress import with_progress
from bedtok._ragged import Int32s, Int64s, concat_rows
from bedtok._tokenization.cell_metadata import N_TOKENS, Columns, concat_columns
from bedtok._tokenization.cells import CellIds
from bedtok._tokenization.vocabulary import Vocabulary
from bedtok.io.entries import CellsEntry
from bedtok.io.provenance import check_vocabulary, vocabulary_fields
from bedtok.io.shards import parquet_files, part_path, write_parquet_to

CELL, SAMPLE, IDS = "cell", "sample", "input_ids"


def write_cells(
    path: StrPath,
    cells: CellIds,
    tokenizer: Vocabulary,
    samples_per_shard: int | None,
    progress: bool | None = None,
    storage_options: StorageOptions = None,
) -> list[str]:
    """Write cells and their metadata, and return the files; see ``CellTokens.to_parquet``."""
    text = source_path(path, storage_options)
    count = len(cells.names)
    columns = _arrow_columns(cells.metadata, count)
    metadata = vocabulary_fields(tokenizer)
    if samples_per_shard is None:
        bounds = {text: (0, count)}
    else:
        size = check_at_least("samples_per_shard", samples_per_shard, 1)
        os.makedirs(checked_path(text), exist_ok=True)
        bounds = {
            part_path(text, i, "parquet"): (first, min(first + size, count))
            for i, first in enumerate(range(0, max(count, 1), size))
        }
    if not is_url(text):
        remove_abandoned(os.path.dirname(next(iter(bounds))) or ".")
    for file, (first, last) in with_progress(list(bounds.items()), progress):
        with atomic_write(file) as temporary:
            _write_rows(temporary, cells, columns, first, last, metadata)
    return list(bounds)


class CellShard(NamedTuple):
    """A shard of cells before it is a file.

    Attributes:
        content: The bytes of the file, as a buffer.
        entry: What it holds of its sample.
    """

    content: Any
    entry: CellsEntry


def make_shards(
    cells: CellIds, sample: str, entries: Sequence[CellsEntry], tokenizer: Vocabulary, digest: str
) -> list[CellShard]:
    """Return the shards of a sample's cells, of which each has as many as its entry says.

    They are made by the workers of an engine, which is most of the work of writing.

    Args:
        cells: Cells with their metadata, the first ones for the first entry.
        sample: The name of the sample.
        entries: One for each shard.
        tokenizer: The tokenizer of the ids.
        digest: That of the tokenizer with its options.
    """
    pa = import_optional("pyarrow", "writing Parquet")
    columns = _arrow_columns(cells.metadata, len(cells.names))
    shards = []
    last = 0
    for entry in entries:
        first, last = last, last + entry.cells
        metadata = {
            "tokenizer_digest": digest,
            **vocabulary_fields(tokenizer),
            "samples": {sample: entry.to_dict()},
        }
        sink = pa.BufferOutputStream()
        _write_rows(sink, cells, columns, first, last, metadata)
        shards.append(CellShard(sink.getvalue(), entry))
    return shards


def _write_rows(
    sink: Any,
    cells: CellIds,
    columns: Mapping[str, Any],
    first: int,
    last: int,
    metadata: Mapping[str, Any],
) -> None:
    """Write the cells ``first`` to ``last``, which is not among them, as Parquet."""
    ends = cells.offsets[first : last + 1]
    write_parquet_to(
        sink,
        cells.names[first:last],
        cells.values[ends[0] : ends[-1]],
        ends - ends[0],
        metadata,
        names_as=CELL,
        columns={name: array[first:last] for name, array in columns.items()},
    )


def _arrow_columns(columns: Columns, count: int) -> dict[str, Any]:
    pa = import_optional("pyarrow", "writing Parquet")
    arrays = {}
    for name, values in columns.items():
        if name in (CELL, IDS):
            raise ConfigError(
                f"columns: {name!r} is the name of a column that to_parquet writes itself, "
                "expected another one"
            )
        try:
            arrays[name] = pa.array(values, from_pandas=True)
        except (pa.ArrowException, TypeError) as error:
            reason = " ".join(str(error).split())
            raise ConfigError(
                f"columns: {name!r} of {count} cells does not become a column of Parquet: "
                f"{reason}; give it one type, or leave it out (del cells.obs[...])"
            ) from None
        if pa.types.is_null(arrays[name].type):
            arrays[name] = arrays[name].cast(pa.string())
    return arrays


def read_cells(
    path: StrPath,
    tokenizer: Vocabulary,
    progress: bool | None = None,
    storage_options: StorageOptions = None,
) -> CellIds:
    """Read cells of a file or of a folder; see ``CellTokens.from_parquet``."""
    pq = import_optional("pyarrow.parquet", "from_parquet")
    text = source_path(path, storage_options)
    if is_url(text):
        files = source_paths([text], suffixes=(".parquet",))
    elif os.path.exists(text):
        files = parquet_files(Path(text))
    else:
        raise missing_file(text)
    names: list[str] = []
    ids: list[tuple[Int32s, Int64s]] = []
    columns: list[tuple[Columns, int]] = []
    for file in with_progress(files, progress):
        try:
            # One file, not a data set: folders such as part=0/ are no columns.
            with local_file(file) as local, pq.ParquetFile(local) as parquet:
                table = parquet.read()
        except ValueError as error:  # of Arrow
            raise ConfigError(f"{file}: is not Parquet: {error}") from None
        check_vocabulary(table.schema.metadata, tokenizer, file)
        ids.append(_read_ids(table, tokenizer, file))
        names += _read_names(table, len(names))
        others = [name for name in table.column_names if name not in (CELL, IDS, N_TOKENS)]
        columns.append(({name: _values(table[name]) for name in others}, len(table)))
    values, offsets = concat_rows(ids)
    return CellIds(values, offsets, names, metadata=concat_columns(columns))


def _read_ids(table: Any, tokenizer: Vocabulary, file: str) -> tuple[Int32s, Int64s]:
    """Return the ids of a table as (values, offsets), after checking them."""
    pa = import_optional("pyarrow", "from_parquet")
    compute = import_optional("pyarrow.compute", "from_parquet")
    if IDS not in table.column_names:
        raise ConfigError(
            f"{file}: has no column {IDS}, expected it among: {', '.join(table.column_names)}"
        )
    kind = table.schema.field(IDS).type
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind)) or not pa.types.is_integer(
        kind.value_type
    ):
        raise ConfigError(f"{file}: {IDS} is {kind}, expected lists of whole numbers")
    parts = []
    for chunk in table[IDS].chunks:
        ids = chunk.flatten()
        if chunk.null_count or ids.null_count:
            raise ConfigError(f"{file}: {IDS} holds nulls, expected a list of ids in each row")
        values = ids.to_numpy()
        bad = np.flatnonzero((values < 0) | (values >= tokenizer.vocab_size))
        if bad.size:
            raise VocabularyError(
                f"{file}: id {values[bad[0]]} is outside the vocabulary "
                f"(0..{tokenizer.vocab_size - 1}); were the tokens made with this universe?"
            )
        lengths = compute.list_value_length(chunk).to_numpy()
        offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
        parts.append((values.astype(np.int32, copy=False), offsets))
    return concat_rows(parts)


def _read_names(table: Any, first: int) -> list[str]:
    """Return the names of rows; ``first`` is the position of the first one."""
    column = next((name for name in (CELL, SAMPLE) if name in table.column_names), None)
    if column is None:
        return [str(i) for i in range(first, first + len(table))]
    return [str(name) for name in table[column].to_pylist()]


def _values(column: Any) -> npt.NDArray[Any]:
    """Return a column of Arrow as an array; texts become objects."""
    if hasattr(column.type, "value_type") and hasattr(column.type, "index_type"):  # a dictionary
        column = column.cast(column.type.value_type)
    return np.asarray(column.to_numpy())
