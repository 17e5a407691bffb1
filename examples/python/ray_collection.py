# SPDX-License-Identifier: BSD-2-Clause
"""Tokenize a folder of BED files to Parquet with Ray Data, on one machine or a cluster.

    pip install "ray[data]"
    python examples/python/ray_collection.py [UNIVERSE [FOLDER]] [--output-dir DIR]

The Parquet files have the columns ``sample`` and ``input_ids``. Ray replaces a worker that dies;
the new worker repeats its files. A second run writes only the missing samples.
"""

import argparse
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray

from bedtok import Tokenizer

DATA = Path(__file__).resolve().parents[1] / "data"
INPUT_IDS = pa.list_(pa.int32())


class TokenizeFiles:
    """A worker: created once with the tokenizer, then called with a few files at a time."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def __call__(self, files: dict[str, np.ndarray]) -> pa.Table:
        """Return the columns ``sample`` and ``input_ids`` for the column ``path``."""
        paths = [Path(path) for path in files["path"]]
        # One thread, because the other workers use the other processors.
        tokens = self.tokenizer(paths, num_threads=1, return_attention_mask=False)
        ids = [encoding.input_ids.astype(np.int32) for encoding in tokens.encodings]
        return pa.table({"sample": files["sample"], "input_ids": pa.array(ids, INPUT_IDS)})


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
    for part in output_dir.glob("*.parquet"):
        try:
            pq.read_metadata(part)
        except pa.ArrowInvalid:
            part.unlink()  # truncated, because the run that wrote it was killed
            continue
        done.update(pq.read_table(part, columns=["sample"])["sample"].to_pylist())
    return done


def tokenize_collection(
    tokenizer: Tokenizer, folder: Path, output_dir: Path, workers: int, batch_size: int = 16
) -> None:
    """Tokenize the BED files of a folder that ``output_dir`` does not have yet; Ray must run."""
    done = find_done(output_dir, tokenizer)
    files = [
        {"sample": sample, "path": path}
        for sample, path in find_files(folder).items()
        if sample not in done
    ]
    if not files:
        return
    (
        ray.data.from_items(files)
        .map_batches(
            TokenizeFiles,
            fn_constructor_args=(tokenizer,),
            compute=ray.data.ActorPoolStrategy(size=workers),
            batch_size=batch_size,
        )
        .write_parquet(str(output_dir.resolve()), min_rows_per_file=256, compression="zstd")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Tokenize BED files to Parquet with Ray Data.")
    parser.add_argument("universe", nargs="?", type=Path, default=DATA / "universe.bed")
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--output-dir", type=Path, default=Path("tokens"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--address", help="address of a cluster, or auto; default: start Ray here")
    args = parser.parse_args()

    if args.address:
        ray.init(args.address)
    else:
        # The tasks that write need a processor, too. Without it the tokens of all files would wait
        # in memory until the workers finish.
        ray.init(num_cpus=args.workers + 1, include_dashboard=False)
    tokenizer = Tokenizer(args.universe)
    before = find_done(args.output_dir, tokenizer)
    tokenize_collection(tokenizer, args.folder, args.output_dir, args.workers)
    done = find_done(args.output_dir, tokenizer)
    print(f"{args.output_dir}: {len(done)} samples, {len(before)} of them were there")


if __name__ == "__main__":
    main()
