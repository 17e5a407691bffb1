# SPDX-License-Identifier: BSD-2-Clause
"""Shards: the tokens of many samples in one Parquet or ``.npz`` file, written and read back."""

from __future__ import annotations

import contextlib
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok._core import ConfigError
from bedtok._files import StrPath, atomic_write
from bedtok.io.entries import Entries, SampleEntry, entries_from_json
from bedtok.io.provenance import METADATA_KEY

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# Of a Parquet row group: some MB, which readers stream.
_TOKENS_OF_A_GROUP = 2**20
MANIFEST_STEM = "tokens_manifest"
_DAMAGED = "is not a shard of tokenize_files, or is damaged; remove it, or choose a new folder"


class SampleTokens(NamedTuple):
    """The tokens of one sample.

    Attributes:
        sample: Its name.
        input_ids: int32, shape (tokens,).
        entry: Its entry in the manifest.
    """

    sample: str
    input_ids: Int32s
    entry: SampleEntry


def part_path(folder: StrPath, number: int, suffix: str) -> str:
    """Return the path of a shard: ``part-00000.parquet`` ..."""
    return os.path.join(folder, f"part-{number:05d}.{suffix}")


def next_part_number(folder: Path, suffix: str) -> int:
    """Return the number of the shard after those in a folder."""
    numbers = [int(path.stem.removeprefix("part-")) for path in part_paths(folder, suffix)]
    return max(numbers, default=-1) + 1


def part_paths(folder: Path, suffix: str) -> list[Path]:
    """Return the shards in a folder, in their order."""
    paths = [
        path
        for path in folder.glob(f"part-*.{suffix}")
        if path.stem.removeprefix("part-").isdecimal()
    ]
    return sorted(paths, key=lambda path: int(path.stem.removeprefix("part-")))


def parquet_files(path: Path, remedy: str = "") -> list[str]:
    """Return a Parquet file, or those of a folder by name.

    A manifest is no data, nor are files whose names begin with ``_`` or ``.``, as in other readers
    of such folders.

    Raises:
        FileNotFoundError: There is no such file, or the folder has none; ``remedy`` ends the text.
        ConfigError: It is another file.
    """
    if not path.is_dir():
        if not path.exists():
            raise FileNotFoundError(f"{path}: does not exist, expected Parquet or a folder")
        if path.suffix != ".parquet":
            raise ConfigError(f"{path}: expected a .parquet file or a folder")
        return [str(path)]
    files = sorted(
        str(file)
        for file in path.glob("*.parquet")
        if file.name[0] not in "_." and file.stem != MANIFEST_STEM
    )
    if not files:
        raise FileNotFoundError(f"{path}: has no .parquet files{remedy}")
    return files


def write_parquet(
    path: StrPath,
    samples: Sequence[str],
    values: Int32s,
    offsets: Int64s,
    metadata: Mapping[str, Any],
) -> None:
    """Write samples to a Parquet file with the columns ``sample`` and ``input_ids``, atomically.

    Args and errors are those of ``write_parquet_to``.
    """
    with atomic_write(path) as temporary:
        write_parquet_to(temporary, samples, values, offsets, metadata)


def write_parquet_to(
    sink: Any,
    samples: Sequence[str],
    values: Int32s,
    offsets: Int64s,
    metadata: Mapping[str, Any] | None = None,
    *,
    names_as: str = "sample",
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Write samples as Parquet with the columns ``sample`` and ``input_ids``.

    ``input_ids`` are lists of int32, compressed by zstd. A row is a sample or a cell. ``sample`` is
    the name of the sample everywhere: of cells it is the sample that a cell is of, and the cell's
    own name is the column ``cell``. Readers need only ``input_ids``.

    Args:
        sink: The path of a file, or a stream of Arrow.
        samples: Names of the samples.
        values: int32, shape (tokens,): the ids of all samples.
        offsets: int64, shape (samples + 1,): the start of each sample in ``values``.
        metadata: JSON values for the schema's metadata; None: there are none.
        names_as: The column of ``samples``.
        columns: More columns by name, Arrow arrays of shape (samples,).

    Raises:
        ImportError: pyarrow is not installed.
        OSError: The file cannot be written.
    """
    pa = import_optional("pyarrow", "writing Parquet")
    pq = import_optional("pyarrow.parquet", "writing Parquet")
    more = columns or {}
    schema = pa.schema(
        [
            (names_as, pa.string()),
            ("input_ids", pa.list_(pa.int32())),
            *((name, array.type) for name, array in more.items()),
        ],
        metadata=None if metadata is None else {METADATA_KEY: json.dumps(metadata)},
    )
    rows = _rows_of_a_group(len(samples), len(values))
    with pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=list(more) or False,
        # Most ids ascend: their differences are small.
        column_encoding={"input_ids.list.element": "DELTA_BINARY_PACKED"},
        write_statistics=[names_as],
    ) as writer:
        for first in range(0, len(samples), rows):
            ends = offsets[first : first + rows + 1]
            ids = pa.ListArray.from_arrays(
                pa.array(ends - ends[0], pa.int32()),
                pa.array(values[ends[0] : ends[-1]]),
                type=schema.field("input_ids").type,
            )
            names = pa.array(samples[first : first + rows], pa.string())
            others = [array[first : first + rows] for array in more.values()]
            table = pa.table([names, ids, *others], schema=schema)
            writer.write_table(table, row_group_size=rows)


def read_ids(source: Any, name: str) -> Iterator[npt.NDArray[Any]]:
    """Yield ``input_ids`` of each row of Parquet.

    Args:
        source: A path, or a binary file.
        name: What messages call it.

    Raises:
        ConfigError: It is not Parquet, or has no such column.
        ImportError: pyarrow is not installed.
    """
    pq = import_optional("pyarrow.parquet", f"{name}: reading Parquet")
    try:
        file = pq.ParquetFile(source)
    except ValueError as error:  # of Arrow
        raise ConfigError(f"{name}: is not Parquet: {error}") from None
    if "input_ids" not in file.schema_arrow.names:
        raise ConfigError(
            f"{name}: has no column input_ids, expected it among: "
            f"{', '.join(file.schema_arrow.names)}"
        )
    for batch in file.iter_batches(columns=["input_ids"]):
        for ids in batch.column(0):
            yield np.asarray(ids.values) if ids.is_valid else np.zeros(0, dtype=np.int32)


def _rows_of_a_group(samples: int, tokens: int) -> int:
    return max(1, min(2**16, _TOKENS_OF_A_GROUP * max(samples, 1) // max(tokens, 1)))


def write_bytes(path: StrPath, content: Any) -> None:
    """Write the content of a file, bytes or a buffer, atomically."""
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        file.write(content)


def write_samples(path: str, samples: Sequence[SampleTokens], made_by: Mapping[str, Any]) -> None:
    """Write a shard atomically, with the entries of its samples and ``made_by`` as metadata."""
    names = [sample.sample for sample in samples]
    values = np.concatenate([sample.input_ids for sample in samples])
    offsets = np.cumsum([0, *(len(sample.input_ids) for sample in samples)], dtype=np.int64)
    entries = {sample.sample: sample.entry.to_dict() for sample in samples}
    metadata = {**made_by, "samples": entries}
    if path.endswith(".parquet"):
        write_parquet(path, names, values, offsets, metadata)
        return
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            samples=np.array(names),
            offsets=offsets,
            values=values,
            metadata=np.array(json.dumps(metadata)),
        )


def read_entries(folder: Path, suffix: str) -> dict[Path, Entries]:
    """Return the entries of the samples in each shard of a folder.

    Raises:
        ConfigError: A file is not a shard of ``tokenize_files``, or it is damaged.
    """
    entries: dict[Path, Entries] = {}
    for path in part_paths(folder, suffix):
        with _naming(path):
            if suffix == "parquet":
                metadata = read_parquet_metadata(path)
            else:
                with open(path, "rb") as file, np.load(file) as shard:
                    metadata = json.loads(str(shard["metadata"]))
            samples = metadata["samples"]
        entries[path] = entries_from_json(samples, path)
    return entries


def read_rows_of_shard(path: Path, rows: Sequence[int]) -> list[npt.NDArray[Any]]:
    """Return the ids of some rows of a shard, reading no more of it than their row groups.

    Args:
        path: The shard.
        rows: Their positions.

    Raises:
        ConfigError: The file is damaged.
    """
    with _naming(path):
        if path.suffix != ".parquet":
            with open(path, "rb") as file, np.load(file) as shard:
                values, offsets = shard["values"], shard["offsets"]
                return [values[offsets[row] : offsets[row + 1]] for row in rows]
        pq = import_optional("pyarrow.parquet", "reading Parquet")
        with pq.ParquetFile(path) as parquet:
            sizes = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
            ends = np.cumsum(sizes)
            groups: dict[int, Any] = {}
            found = []
            for row in rows:
                group = int(np.searchsorted(ends, row, side="right"))
                if group not in groups:
                    groups = {group: parquet.read_row_group(group, columns=["input_ids"])}
                ids = groups[group]["input_ids"][row - int(ends[group]) + sizes[group]]
                found.append(np.asarray(ids.values, dtype=np.int32))
            return found


def remove_samples(
    path: Path, names: Set[str], entries: Entries, made_by: Mapping[str, Any]
) -> None:
    """Write a shard again without some of its samples, atomically; remove one that is left empty.

    Args:
        path: The shard.
        names: The samples to remove.
        entries: The entries of all samples in the shard.
        made_by: What the metadata says of the tokenizer.
    """
    if names >= set(entries):
        path.unlink()
        return
    with _naming(path):
        if path.suffix == ".parquet":
            pq = import_optional("pyarrow.parquet", "reading Parquet")
            table = pq.read_table(path)
            rows = zip(table["sample"].to_pylist(), table["input_ids"].to_numpy(), strict=True)
        else:
            with open(path, "rb") as file, np.load(file) as shard:
                values = np.split(shard["values"], shard["offsets"][1:-1])
                rows = zip(shard["samples"].tolist(), values, strict=True)
        kept = [
            SampleTokens(name, np.asarray(ids, dtype=np.int32), entries[name])
            for name, ids in rows
            if name not in names
        ]
    write_samples(str(path), kept, made_by)


def read_parquet_metadata(path: StrPath) -> Any:
    """Return the JSON values in the metadata of a Parquet file."""
    pq = import_optional("pyarrow.parquet", "reading Parquet")
    return json.loads(pq.read_schema(path).metadata[METADATA_KEY])


def write_parquet_metadata(path: StrPath, metadata: Mapping[str, Any]) -> None:
    """Write a Parquet file of samples without rows, for its metadata, atomically."""
    write_parquet(path, [], np.zeros(0, np.int32), np.zeros(1, np.int64), metadata)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Raise a ConfigError that names a shard for what its damage raises."""
    try:
        yield
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        # pyarrow's errors are ValueErrors and OSErrors without a number.
        raise ConfigError(f"{path}: {_DAMAGED} ({_one_line(error)})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise ConfigError(f"{path}: {_DAMAGED} ({_one_line(error)})") from error


def _one_line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
