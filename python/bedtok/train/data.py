# SPDX-License-Identifier: BSD-2-Clause
"""Training data: rows of ids from Parquet or saved datasets, checked before use."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bedtok._checks import import_optional, warn_caller
from bedtok._core import ConfigError, VocabularyError
from bedtok._files import is_url, local_file, source_path, source_paths
from bedtok.io.shards import parquet_files

IDS = "input_ids"
UNKNOWN = -100  # the number of a class that is not known, as losses of PyTorch have it
_PURPOSE = "bedtok train"
# Of data behind URLs: as long as the process, as rows are mapped from them.
_downloads: list[tempfile.TemporaryDirectory[str]] = []


def read_rows(
    paths: Sequence[str], vocab_size: int, num_regions: int, label_column: str | None = None
) -> Any:
    """Read the rows of files and folders, concatenated, as a ``datasets.Dataset``.

    It is memory-mapped; Parquet is copied into the cache of ``datasets``. Its columns are
    ``input_ids`` and ``label_column``. Rows without a region, empty or of special tokens only, are
    counted in a warning: a model learns nothing from them.

    Args:
        paths: Parquet files, folders of them, folders that ``Dataset.save_to_disk`` wrote; URLs of
            Parquet files and of folders of them, which are downloaded to temporary files.
        vocab_size: Number of tokens; ids must be below it.
        num_regions: Number of tokens that are regions; their ids are below it.
        label_column: Name of a column of labels, or None.

    Raises:
        FileNotFoundError: A path does not exist, or a folder has no Parquet files.
        ConfigError: A column is missing or has another type, or there are no rows, or none with a
            region.
        VocabularyError: An id is outside the vocabulary.
    """
    datasets = import_optional("datasets", _PURPOSE)
    columns = [IDS] if label_column is None else [IDS, label_column]
    paths = [source_path(path) for path in paths]
    parts = []
    without_region: dict[str, list[int]] = {}
    for path in paths:
        if is_url(path):
            part = _read_remote_parquet(path, columns)
        elif os.path.isdir(path) and _is_saved_dataset(Path(path)):
            part = datasets.load_from_disk(path)
            _check_columns(part.features.arrow_schema, columns, path)
            part = part.select_columns(columns)
        else:
            files = parquet_files(Path(path), " and is no folder of Dataset.save_to_disk")
            part = _read_parquet(files, columns, path)
        if part is not None:
            if empty := _check_ids(part, vocab_size, num_regions, path):
                without_region[path] = empty
            parts.append(part)
    total = sum(map(len, parts))
    if total == 0:
        raise ConfigError(f"{', '.join(paths)}: no rows, expected one at least")
    _judge_empty_rows(without_region, total)
    rows: Any = datasets.concatenate_datasets(_aligned(parts, label_column))
    return rows.with_format("numpy", columns=[IDS])


def read_labels(rows: Any, column: str) -> list[Any]:
    """Return the labels of all rows; None where a label is missing."""
    labels: list[Any] = rows.data.column(column).to_pylist()
    return labels


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
        self.labels = [UNKNOWN if text is None else numbers[text] for text in texts]
        self._rows = Rows(rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, i: Any) -> dict[str, Any]:
        return {IDS: self._rows[i], "labels": self.labels[int(i)]}


def _aligned(parts: Sequence[Any], label_column: str | None) -> list[Any]:
    """Return datasets with columns of the same types; ids of different widths become int64.

    Raises:
        ConfigError: Labels have different types.
    """
    datasets = import_optional("datasets", _PURPOSE)
    if any(part.features[IDS] != parts[0].features[IDS] for part in parts):
        wide = datasets.List(datasets.Value("int64"))
        parts = [part.cast_column(IDS, wide) for part in parts]
    if label_column is not None:
        kinds = {str(part.features.arrow_schema.field(label_column).type) for part in parts}
        if kinds == {"string", "large_string"}:
            text = datasets.Value("string")
            parts = [part.cast_column(label_column, text) for part in parts]
        elif len(kinds) > 1:
            raise ConfigError(
                f"{label_column} is {' and '.join(sorted(kinds))} in different data, expected one "
                "type"
            )
    return list(parts)


def _is_saved_dataset(folder: Path) -> bool:
    if (folder / "dataset_dict.json").exists():
        splits = sorted(path.name for path in folder.iterdir() if path.is_dir())
        raise ConfigError(
            f"{folder}: holds several datasets, expected one: "
            + ", ".join(str(folder / split) for split in splits)
        )
    return (folder / "state.json").exists()


def _read_remote_parquet(url: str, columns: Sequence[str]) -> Any:
    """Read the Parquet files behind a URL; return None if they have no rows.

    The rows are mapped from a temporary folder, which is removed when Python ends.
    """
    folder = tempfile.TemporaryDirectory(prefix="bedtok-")
    _downloads.append(folder)
    files = []
    for number, name in enumerate(source_paths([url], suffixes=(".parquet",))):
        with local_file(name) as copy:
            files.append(shutil.copyfile(copy, Path(folder.name, f"{number}.parquet")))
    try:
        return _read_parquet(list(map(str, files)), columns, url, cache_dir=folder.name)
    except ConfigError as error:
        text = str(error)
        for file in files:
            text = text.replace(str(file), url)
        raise ConfigError(text) from None


def _read_parquet(files: Sequence[str], columns: Sequence[str], path: str, **options: Any) -> Any:
    """Read Parquet files; return None if they have no rows."""
    datasets = import_optional("datasets", _PURPOSE)
    parquet = import_optional("pyarrow.parquet", _PURPOSE)
    filled = []
    for file in files:
        try:
            metadata = parquet.read_metadata(file)
        except ValueError as error:  # of Arrow
            raise ConfigError(f"{file}: is not Parquet: {error}") from None
        _check_columns(metadata.schema.to_arrow_schema(), columns, file)
        if metadata.num_rows > 0:  # datasets fails on a file without rows
            filled.append(file)
    if not filled:
        return None
    try:
        return datasets.Dataset.from_parquet(filled, columns=list(columns), **options)
    except datasets.exceptions.DatasetGenerationError as error:
        raise ConfigError(f"{path}: {error.__cause__ or error}") from error


def _check_columns(schema: Any, columns: Sequence[str], path: str) -> None:
    pa = import_optional("pyarrow", _PURPOSE)
    for column in columns:
        if column not in schema.names:
            raise ConfigError(
                f"{path}: has no column {column}, expected it among: {', '.join(schema.names)}"
            )
    kind = schema.field(IDS).type
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind)
    lists = lists or pa.types.is_fixed_size_list(kind)
    if not lists or not pa.types.is_integer(kind.value_type):
        raise ConfigError(f"{path}: {IDS} is {kind}, expected lists of whole numbers")
    for column in columns[1:]:
        kind = schema.field(column).type
        if pa.types.is_nested(kind):
            raise ConfigError(f"{path}: {column} is {kind}, expected a label for each row")


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
