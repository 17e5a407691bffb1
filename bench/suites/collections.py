# SPDX-License-Identifier: BSD-2-Clause
"""Many BED files to Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.limits import reading
from bench.rows import OURS, Part, Row, Tool, load
from bench.setting import Setting

TITLE = "BED files to Parquet"
WORDS = (
    '`tokenize_files(paths, tokenizer, format="parquet", num_threads=1)` on files of 30,000 '
    "regions, into a new folder. gtars reads and tokenizes one file after the other, and pyarrow "
    "writes its ids to one file; it is timed on at most 20 files, and its time is multiplied. "
    "The ids of those files are compared."
)
PART = 20  # files
Given = tuple[Any, Sequence[str]]


def ours(given: Given, threads: int = 1) -> Path:
    tokenizer, paths = given
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    load("bedtok.io").tokenize_files(
        list(paths), tokenizer, output_dir=folder, format="parquet", num_threads=threads
    )
    return folder


def gtars(given: Given) -> Path:
    tokenizer, paths = given
    pa, pq = load("pyarrow"), load("pyarrow.parquet")
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    region_set = load("gtars.models").RegionSet
    ids = [np.asarray(tokenizer(region_set(path))["input_ids"], np.int32) for path in paths]
    table = pa.table(
        {
            "sample": [Path(path).name.partition(".")[0] for path in paths],
            "input_ids": pa.array(ids),
        },
    )
    pq.write_table(table, folder / "all.parquet", compression="zstd")
    return folder


def tokens_in(folder: Path) -> list[Any]:
    """Return name and ids of each sample, in order, and remove the folder."""
    pq = load("pyarrow.parquet")
    rows = []
    for path in sorted(folder.glob("*.parquet")):
        rows += pq.read_table(path, columns=["sample", "input_ids"]).to_pylist()
    return sorted((row["sample"], row["input_ids"]) for row in rows)


def first_of(ours: list[Any], theirs: list[Any]) -> bool:
    """Compare the samples of a part of the files."""
    return bool(theirs) and ours[: len(theirs)] == theirs


def rows(setting: Setting) -> Iterator[Row]:
    sizes = setting.scale.files
    for count in sizes:
        for suffix in (".bed", ".bed.gz"):
            if suffix == ".bed.gz" and count != sizes[-2:][0]:
                continue

            def paths(count: int = count, suffix: str = suffix) -> list[Path]:
                return setting.sample_files(count, suffix)

            def texts(paths: Any = paths) -> list[str]:
                return [str(path) for path in paths()]

            yield Row(
                f"{count:,} files, {suffix}",
                [
                    Tool(OURS, ours, lambda t=texts: (setting.tokenizer, t()), tokens_in),  # type: ignore[misc]
                    Part(
                        "gtars",
                        gtars,
                        lambda t=texts: (setting.gtars_tokenizer, t()[:PART]),  # type: ignore[misc]
                        tokens_in,
                        factor=count / min(count, PART),
                    ),
                ],
                [reading(paths)],
                size=count,
                things="files",
                series="BED files to Parquet" if suffix == ".bed" else "",
                headline=count == sizes[-1] and suffix == ".bed",
                same=first_of,
            )
