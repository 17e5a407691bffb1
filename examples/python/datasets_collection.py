# SPDX-License-Identifier: BSD-2-Clause
"""Tokenize a folder of BED files to Parquet with ``datasets.map``, on one machine.

    pip install datasets
    python examples/python/datasets_collection.py [UNIVERSE [FOLDER]] [--output-dir DIR]

The Parquet files have the columns ``sample`` and ``input_ids``. ``datasets`` gives up when a worker
dies, so the files are tokenized in parts, and a failed part is tried again. A second run writes
only the missing samples.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from datasets import Dataset, Features, List, Value

from bedtok import Tokenizer

DATA = Path(__file__).resolve().parents[1] / "data"
COLUMNS = Features({"sample": Value("string"), "input_ids": List(Value("int32"))})


def tokenize(files: dict[str, list[str]], tokenizer: Tokenizer) -> dict[str, list[np.ndarray]]:
    """Return the column ``input_ids`` for the column ``path``."""
    paths = [Path(path) for path in files["path"]]
    # One thread, because the other workers use the other processors.
    tokens = tokenizer(paths, num_threads=1, return_attention_mask=False)
    return {"input_ids": [encoding.input_ids.astype(np.int32) for encoding in tokens.encodings]}


def find_files(folder: Path) -> dict[str, str]:
    """Return the paths of the BED files by sample: the file's name without .bed and .gz."""
    files: dict[str, str] = {}
    for path in sorted(folder.resolve().iterdir()):
        if path.name.endswith((".bed", ".bed.gz")):
            sample = path.name.removesuffix(".gz").removesuffix(".bed")
            if sample in files:
                raise ValueError(f"{path}: sample {sample} is there twice")
            files[sample] = str(path)
    return files


def find_done(output_dir: Path, tokenizer: Tokenizer) -> set[str]:
    """Return the samples that earlier runs have written.

    Raises:
        ValueError: They used another tokenizer.
    """
    output_dir.mkdir(parents=True, exist_ok=True)
    digest = output_dir / "_tokenizer.digest"  # pandas and pyarrow skip names with "_"
    saved = digest.read_text() if digest.exists() else None
    if saved != tokenizer.digest and (saved or any(output_dir.glob("*.parquet"))):
        raise ValueError(f"{output_dir}: holds something else than tokens of this tokenizer")
    digest.write_text(tokenizer.digest)
    done: set[str] = set()
    for part in output_dir.glob("part-*.parquet"):
        done.update(pq.read_table(part, columns=["sample"])["sample"].to_pylist())
    return done


def write_part(
    files: Sequence[tuple[str, str]],
    tokenizer: Tokenizer,
    part: Path,
    workers: int,
    batch_size: int,
) -> None:
    """Tokenize files on all workers into one Parquet file, which is written atomically.

    Raises:
        RuntimeError: A worker has died.
    """
    rows = Dataset.from_dict({"sample": [f[0] for f in files], "path": [f[1] for f in files]})
    with tempfile.TemporaryDirectory(prefix="_", dir=part.parent) as folder:
        tokens = rows.map(
            tokenize,
            fn_kwargs={"tokenizer": tokenizer},
            batched=True,
            batch_size=batch_size,
            num_proc=workers,
            remove_columns="path",
            features=COLUMNS,
            # The workers write to this file; otherwise they would return tokens through a queue.
            cache_file_name=f"{folder}/tokens.arrow",
        )
        tokens.to_parquet(f"{folder}/tokens.parquet")
        os.replace(f"{folder}/tokens.parquet", part)


def tokenize_collection(
    tokenizer: Tokenizer,
    folder: Path,
    output_dir: Path,
    workers: int,
    files_per_part: int = 1000,
    attempts: int = 3,
    batch_size: int = 16,
) -> None:
    """Tokenize the BED files of a folder that ``output_dir`` does not have yet."""
    done = find_done(output_dir, tokenizer)
    missing = [file for file in find_files(folder).items() if file[0] not in done]
    new_names = (output_dir / f"part-{i:05d}.parquet" for i in count())
    for first in range(0, len(missing), files_per_part):
        part = next(name for name in new_names if not name.exists())
        for attempt in range(1, attempts + 1):
            try:
                write_part(
                    missing[first : first + files_per_part], tokenizer, part, workers, batch_size
                )
                break
            except RuntimeError as error:
                if attempt == attempts:
                    raise
                print(f"{part}: {error} Trying again.", file=sys.stderr)


def main() -> None:
    parser = argparse.ArgumentParser(description="Tokenize BED files to Parquet with datasets.")
    parser.add_argument("universe", nargs="?", type=Path, default=DATA / "universe.bed")
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--output-dir", type=Path, default=Path("tokens"))
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()

    tokenizer = Tokenizer(args.universe)
    before = find_done(args.output_dir, tokenizer)
    tokenize_collection(tokenizer, args.folder, args.output_dir, args.workers)
    done = find_done(args.output_dir, tokenizer)
    print(f"{args.output_dir}: {len(done)} samples, {len(before)} of them were there")


if __name__ == "__main__":
    main()
