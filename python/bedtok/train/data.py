# SPDX-License-Identifier: BSD-2-Clause
"""Training data: rows of ids, and columns beside them, from Parquet or saved datasets."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from bedtok._checks import import_optional, warn_caller
from bedtok._core import ConfigError, VocabularyError
from bedtok._files import is_url, local_file, source_path, source_paths
from bedtok._labels import IGNORED, is_missing
from bedtok._tokenization.vocabulary import Vocabulary
from bedtok.io.provenance import check_vocabulary
from bedtok.io.shards import parquet_files

IDS = "input_ids"
CELL, BARCODE, SAMPLE = "cell", "barcode", "sample"  # columns that name rows
_PURPOSE = "bedtok train"

# Copies of files behind URLs: as long as the process, as rows are mapped from them.
_folders: list[tempfile.TemporaryDirectory[str]] = []
_copies: dict[str, str] = {}


class _File(NamedTuple):
    """A Parquet file: what messages call it, and where it lies."""

    name: str
    local: str


class RowNames(NamedTuple):
    """What rows are called.

    Attributes:
        column: The column with their names: ``cell``, ``barcode`` or ``sample``.
        names: The name of each row; None where it is missing.
        samples: The sample that each row is of; None where it is not known.
    """

    column: str
    names: list[str | None]
    samples: list[str | None]


def read_rows(
    paths: Sequence[str],
    vocab_size: int,
    num_regions: int,
    vocabulary: Vocabulary | None = None,
) -> Any:
    """Read the rows of files and folders, concatenated, as a ``datasets.Dataset``.

    It is memory-mapped; Parquet is copied into the cache of ``datasets``. Its only column is
    ``input_ids``. Rows without a region, empty or of special tokens only, are counted in a warning:
    a model learns nothing from them.

    Args:
        paths: Parquet files, folders of them, folders that ``Dataset.save_to_disk`` wrote; URLs of
            Parquet files and of folders of them, which are downloaded to temporary files.
        vocab_size: Number of tokens; ids must be below it.
        num_regions: Number of tokens that are regions; their ids are below it.
        vocabulary: The one that Parquet must have been written with; None: it is not checked.

    Raises:
        FileNotFoundError: A path does not exist, or a folder has no Parquet files.
        ConfigError: ``input_ids`` is missing or has another type, or there are no rows, or none
            with a region.
        VocabularyError: An id is outside the vocabulary, or a file was written with another one.
    """
    datasets = import_optional("datasets", _PURPOSE)
    paths = [source_path(path) for path in paths]
    parts = []
    without_region: dict[str, list[int]] = {}
    for path in paths:
        if _is_saved_dataset(path):
            part = datasets.load_from_disk(path)
            _check_ids_column(part.features.arrow_schema, path)
            part = part.select_columns([IDS])
        else:
            part = _read_parquet(path, vocabulary)
        if part is not None:
            if empty := _check_ids(part, vocab_size, num_regions, path):
                without_region[path] = empty
            parts.append(part)
    total = sum(map(len, parts))
    if total == 0:
        raise ConfigError(f"{', '.join(paths)}: no rows, expected one at least")
    _judge_empty_rows(without_region, total)
    rows: Any = datasets.concatenate_datasets(_aligned(parts))
    return rows.with_format("numpy", columns=[IDS])


def read_column(paths: Sequence[str], column: str, field: str) -> list[str | None]:
    """Return a column of all rows as texts, in the order of ``read_rows``; None where missing.

    Args:
        paths: Files and folders, as in ``read_rows``.
        column: Its name.
        field: The field of the configuration that names it, for messages.

    Raises:
        ConfigError: The column is missing, is nested, or has different types in different data.
    """
    pa = import_optional("pyarrow", _PURPOSE)
    values: list[str | None] = []
    kinds = set()
    for path, schema, read in _stored(paths):
        _check_has(schema, column, path, f" ({field})")
        kind = schema.field(column).type
        if pa.types.is_nested(kind):
            raise ConfigError(f"{path}: {column} is {kind}, expected one value for each row")
        if pa.types.is_dictionary(kind):
            kind = kind.value_type
        kinds.add("string" if pa.types.is_large_string(kind) else str(kind))
        if len(kinds) > 1:
            raise ConfigError(
                f"{column} is {' and '.join(sorted(kinds))} in different data, expected one type"
            )
        values += [None if is_missing(value) else str(value) for value in read(column).to_pylist()]
    return values


def read_names(paths: Sequence[str]) -> RowNames:
    """Return the names of all rows, in the order of ``read_rows``.

    They are the column ``cell``, else ``barcode``; a row of data with neither is a sample.

    Raises:
        ConfigError: There is no such column.
    """
    columns = []
    names: list[str | None] = []
    samples: list[str | None] = []
    for path, schema, read in _stored(paths):
        found = [name for name in (CELL, BARCODE, SAMPLE) if name in schema.names]
        if not found:
            raise ConfigError(
                f"{path}: has no column {CELL}, {BARCODE} or {SAMPLE}, by which data.labels finds "
                f"a row, expected it among: {', '.join(schema.names)}; CellTokens.to_parquet and "
                "bedtok tokenize write it"
            )
        columns.append(found[0])
        named = [None if name is None else str(name) for name in read(found[0]).to_pylist()]
        names += named
        if found[0] != SAMPLE and SAMPLE in found:
            samples += [None if name is None else str(name) for name in read(SAMPLE).to_pylist()]
        else:
            samples += [None] * len(named)
    return RowNames(columns[0], names, samples)


def _stored(paths: Sequence[str]) -> Iterator[tuple[str, Any, Callable[[str], Any]]]:
    """Yield the files and saved datasets of paths: a name, the schema, a reader of a column."""
    datasets = import_optional("datasets", _PURPOSE)
    parquet = import_optional("pyarrow.parquet", _PURPOSE)
    for path in map(source_path, paths):
        if _is_saved_dataset(path):
            rows = datasets.load_from_disk(path)
            yield path, rows.features.arrow_schema, rows.data.column
            continue
        for name, local in _files(path):
            # One file, not a data set: folders such as part=0/ are no columns.
            file = parquet.ParquetFile(local)
            if file.metadata.num_rows > 0:  # as in read_rows

                def read(column: str, file: Any = file) -> Any:
                    return file.read(columns=[column]).column(0)

                yield name, file.schema_arrow, read


class Rows(Sequence[Any]):
    """The ids of the rows of a dataset, as a sequence that reads one row at a time."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: Any) -> Any:
        return self._rows[int(i)][IDS]


class LabelledRows:
    """A map-style PyTorch dataset: the rows of a dataset with the numbers of their classes.

    Args:
        rows: The dataset.
        labels: The label of each row; None where it is not known.
        classes: The labels in the order of their numbers.
        source: What messages call the rows.

    Raises:
        ConfigError: A label is not among the classes.
    """

    def __init__(self, rows: Any, labels: Sequence[Any], classes: Sequence[str], source: str):
        numbers = {label: number for number, label in enumerate(classes)}
        texts = [None if label is None else str(label) for label in labels]
        if unknown := sorted({text for text in texts if text is not None} - numbers.keys()):
            raise ConfigError(
                f"{source}: label {unknown[0]!r} is no class of the model, expected one of: "
                f"{', '.join(classes[:20])}{', ...' if len(classes) > 20 else ''}"
            )
        self.labels = [IGNORED if text is None else numbers[text] for text in texts]
        self._rows = Rows(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: Any) -> dict[str, Any]:
        return {IDS: self._rows[i], "labels": self.labels[int(i)]}


def _aligned(parts: Sequence[Any]) -> list[Any]:
    """Return datasets with ids of one type; those of different widths become int64."""
    datasets = import_optional("datasets", _PURPOSE)
    if any(part.features[IDS] != parts[0].features[IDS] for part in parts):
        wide = datasets.List(datasets.Value("int64"))
        parts = [part.cast_column(IDS, wide) for part in parts]
    return list(parts)


def _is_saved_dataset(path: str) -> bool:
    folder = Path(path)
    if is_url(path) or not folder.is_dir():
        return False
    if (folder / "dataset_dict.json").exists():
        splits = sorted(path.name for path in folder.iterdir() if path.is_dir())
        raise ConfigError(
            f"{folder}: holds several datasets, expected one: "
            + ", ".join(str(folder / split) for split in splits)
        )
    return (folder / "state.json").exists()


def _read_parquet(path: str, vocabulary: Vocabulary | None) -> Any:
    """Read the ids of a Parquet file or of those of a folder; None if they have no rows."""
    datasets = import_optional("datasets", _PURPOSE)
    parquet = import_optional("pyarrow.parquet", _PURPOSE)
    filled = []
    for name, local in _files(path, anew=True):
        try:
            metadata = parquet.read_metadata(local)
        except ValueError as error:  # of Arrow
            raise ConfigError(f"{name}: is not Parquet: {error}") from None
        schema = metadata.schema.to_arrow_schema()
        _check_ids_column(schema, name)
        if vocabulary is not None:
            check_vocabulary(schema.metadata, vocabulary, name)
        if metadata.num_rows > 0:  # datasets fails on a file without rows
            filled.append(local)
    if not filled:
        return None
    # The copy of a download is of no use to another process.
    options = {"cache_dir": os.path.dirname(filled[0])} if is_url(path) else {}
    try:
        return datasets.Dataset.from_parquet(filled, columns=[IDS], **options)
    except datasets.exceptions.DatasetGenerationError as error:
        raise ConfigError(f"{path}: {error.__cause__ or error}") from error


def _files(path: str, *, anew: bool = False) -> list[_File]:
    """Return the Parquet files of a path; of a URL, copies of them.

    Args:
        path: A file, a folder, or a URL of either.
        anew: Download files again that have been downloaded.
    """
    if not is_url(path):
        remedy = " and is no folder of Dataset.save_to_disk"
        return [_File(name, name) for name in parquet_files(Path(path), remedy)]
    found = []
    for url in source_paths([path], suffixes=(".parquet",)):
        if anew or url not in _copies:
            folder = tempfile.TemporaryDirectory(prefix="bedtok-")
            _folders.append(folder)
            copy = os.path.join(folder.name, "rows.parquet")
            with local_file(url) as downloaded:
                shutil.copyfile(downloaded, copy)
            _copies[url] = copy
        found.append(_File(url, _copies[url]))
    return found


def _check_has(schema: Any, column: str, path: str, field: str = "") -> None:
    if column not in schema.names:
        raise ConfigError(
            f"{path}: has no column {column}{field}, expected it among: {', '.join(schema.names)}"
        )


def _check_ids_column(schema: Any, path: str) -> None:
    pa = import_optional("pyarrow", _PURPOSE)
    _check_has(schema, IDS, path)
    kind = schema.field(IDS).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    lists = lists or pa.types.is_fixed_size_list(kind)
    if not lists or not pa.types.is_integer(kind.value_type):
        raise ConfigError(f"{path}: {IDS} is {kind}, expected lists of whole numbers")


def _judge_empty_rows(without_region: Mapping[str, list[int]], total: int) -> None:
    """Warn of rows without a region.

    Args:
        without_region: Positions of these rows, by path.
        total: Number of all rows.

    Raises:
        ConfigError: There are no others.
    """
    if not without_region:
        return
    count = sum(map(len, without_region.values()))
    path, rows = next(iter(without_region.items()))
    text = (
        f"{count} of {total} rows have no region (the first is row {rows[0]} of {path}): they are "
        "empty or hold special tokens only, and a model learns nothing from them; leave them out, "
        "and look at their samples: bedtok inspect FILE --vocab VOCAB"
    )
    if count == total:
        raise ConfigError(text)
    warn_caller(text)


def _check_ids(rows: Any, vocab_size: int, num_regions: int, path: str) -> list[int]:
    """Check all ids, a chunk at a time, so that no training fails after a day.

    Returns:
        The positions of rows without a region.
    """
    compute = import_optional("pyarrow.compute", _PURPOSE)
    first = 0
    without_region: list[int] = []
    for chunk in rows.data.column(IDS).chunks:
        if chunk.null_count:
            row = first + compute.index(compute.is_null(chunk), True).as_py()
            raise ConfigError(f"{path}: row {row}: {IDS} is null, expected ids")
        ids = chunk.flatten()
        limits = compute.min_max(ids).as_py()
        bad = ids.null_count or (
            limits["min"] is not None and (limits["min"] < 0 or limits["max"] >= vocab_size)
        )
        if bad:
            lengths = compute.list_value_length(chunk).to_numpy(zero_copy_only=False)
            row_of_each = np.repeat(np.arange(len(chunk)), lengths)
            for row, id_ in zip(row_of_each, ids, strict=True):
                if not id_.is_valid or not 0 <= id_.as_py() < vocab_size:
                    raise VocabularyError(
                        f"{path}: row {first + row}: id {id_.as_py()} is outside the vocabulary "
                        f"(0..{vocab_size - 1}); were the tokens made with this universe?"
                    )
        lengths = compute.list_value_length(chunk).to_numpy(zero_copy_only=False)
        is_region = compute.less(ids, num_regions).to_numpy(zero_copy_only=False)
        without_region += (first + _rows_without(is_region, lengths)).tolist()
        first += len(chunk)
    return without_region


def _rows_without(marked: Any, lengths: Any) -> Any:
    """Return which rows have no marked value; rows of these lengths lie one after the other."""
    has_any = np.zeros(len(lengths), dtype=bool)
    filled = lengths > 0
    if filled.any():
        starts = np.cumsum(lengths) - lengths
        has_any[filled] = np.logical_or.reduceat(marked, starts[filled])
    return np.flatnonzero(~has_any)
