# SPDX-License-Identifier: BSD-2-Clause
"""Shards: the tokens of many samples in one Parquet or ``.npz`` file, written and read back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok._files import StrPath, atomic_write

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]

# Of a Parquet row group: some MB, which readers stream.
_TOKENS_OF_A_GROUP = 2**20
_METADATA_KEY = b"bedtok"


class SampleTokens(NamedTuple):
    """The tokens of one sample.

    Attributes:
        sample: Its name.
        input_ids: int32, shape (tokens,).
        regions: Number of its regions.
        hits: Number of regions that hit the vocabulary.
    """

    sample: str
    input_ids: Int32s
    regions: int
    hits: int

    def counts(self) -> dict[str, int]:
        """Return the sample's entry in a manifest."""
        return {"regions": self.regions, "hits": self.hits, "tokens": len(self.input_ids)}


def part_path(folder: StrPath, number: int, suffix: str) -> str:
    """Return the path of a shard: ``part-00000.parquet`` ..."""
    return os.path.join(folder, f"part-{number:05d}.{suffix}")


def next_part_path(folder: Path, suffix: str) -> str:
    """Return the path of the shard after those in a folder."""
    numbers = [int(path.stem.removeprefix("part-")) for path in part_paths(folder, suffix)]
    return part_path(folder, max(numbers, default=-1) + 1, suffix)


def part_paths(folder: Path, suffix: str) -> list[Path]:
    """Return the shards in a folder, in their order."""
    paths = [
        path
        for path in folder.glob(f"part-*.{suffix}")
        if path.stem.removeprefix("part-").isdecimal()
    ]
    return sorted(paths, key=lambda path: int(path.stem.removeprefix("part-")))


def write_parquet(
    path: StrPath,
    samples: Sequence[str],
    values: Int32s,
    offsets: Int64s,
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write samples to a Parquet file with the columns ``sample`` and ``input_ids``, atomically.

    ``input_ids`` are lists of int32, compressed by zstd.

    Args:
        path: The file.
        samples: Names of the samples.
        values: int32, shape (tokens,): the ids of all samples.
        offsets: int64, shape (samples + 1,): the start of each sample in ``values``.
        metadata: JSON values for the schema's metadata; None: there are none.

    Raises:
        ImportError: pyarrow is not installed.
        OSError: The file cannot be written.
    """
    pa = import_optional("pyarrow", "writing Parquet")
    pq = import_optional("pyarrow.parquet", "writing Parquet")
    schema = pa.schema(
        [("sample", pa.string()), ("input_ids", pa.list_(pa.int32()))],
        metadata=None if metadata is None else {_METADATA_KEY: json.dumps(metadata)},
    )
    rows = _rows_of_a_group(len(samples), len(values))
    with (
        atomic_write(path) as temporary,
        pq.ParquetWriter(
            temporary,
            schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            # Most ids ascend: their differences are small.
            column_encoding={"input_ids.list.element": "DELTA_BINARY_PACKED"},
            write_statistics=["sample"],
        ) as writer,
    ):
        for first in range(0, len(samples), rows):
            ends = offsets[first : first + rows + 1]
            ids = pa.ListArray.from_arrays(
                pa.array(ends - ends[0], pa.int32()),
                pa.array(values[ends[0] : ends[-1]]),
                type=schema.field("input_ids").type,
            )
            names = pa.array(samples[first : first + rows], pa.string())
            writer.write_table(pa.table([names, ids], schema=schema), row_group_size=rows)


def _rows_of_a_group(samples: int, tokens: int) -> int:
    return max(1, min(2**16, _TOKENS_OF_A_GROUP * max(samples, 1) // max(tokens, 1)))


def write_shard(folder: Path, suffix: str, samples: Sequence[SampleTokens], digest: str) -> str:
    """Write samples to the next shard in a folder, atomically, and return its path.

    Args:
        folder: The folder.
        suffix: ``"parquet"`` or ``"npz"``.
        samples: At least one.
        digest: That of the tokenizer.
    """
    path = next_part_path(folder, suffix)
    names = [sample.sample for sample in samples]
    values = np.concatenate([sample.input_ids for sample in samples])
    offsets = np.cumsum([0, *(len(sample.input_ids) for sample in samples)], dtype=np.int64)
    if suffix == "parquet":
        counts = {sample.sample: sample.counts() for sample in samples}
        metadata = {"tokenizer_digest": digest, "samples": counts}
        write_parquet(path, names, values, offsets, metadata)
        return path
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            samples=np.array(names),
            offsets=offsets,
            values=values,
            regions=np.array([sample.regions for sample in samples]),
            hits=np.array([sample.hits for sample in samples]),
            tokenizer_digest=np.array(digest),
        )
    return path


def read_shard_counts(folder: Path, suffix: str) -> dict[str, dict[str, int]]:
    """Return regions, hits and tokens of each sample in the shards of a folder, by its name."""
    counts: dict[str, dict[str, int]] = {}
    for path in part_paths(folder, suffix):
        if suffix == "parquet":
            pq = import_optional("pyarrow.parquet", "reading Parquet")
            counts.update(json.loads(pq.read_schema(path).metadata[_METADATA_KEY])["samples"])
            continue
        with np.load(path) as shard:
            columns = [shard[name].tolist() for name in ("samples", "regions", "hits")]
            lengths = [last - first for first, last in pairwise(shard["offsets"].tolist())]
        for name, regions, hits, tokens in zip(*columns, lengths, strict=True):
            counts[name] = {"regions": regions, "hits": hits, "tokens": tokens}
    return counts
