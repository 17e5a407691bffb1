# SPDX-License-Identifier: BSD-2-Clause
"""A folder of BED files to Parquet by Ray Data, on this machine or on a cluster.

    pip install "ray[data]"
    python examples/python/ray_collection.py [UNIVERSE [FOLDER]] [--out tokens] [--workers 2]

Writes Parquet files with the columns ``sample`` and ``input_ids``. Ray starts a worker anew that
dies, and gives it the files again that it had. A second run does what is missing.
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
    """What each worker is: made once with the tokenizer, then called for some files at a time."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer

    def __call__(self, files: dict[str, np.ndarray]) -> pa.Table:
        """Return the columns ``sample`` and ``input_ids`` for the column ``path``."""
        paths = [Path(path) for path in files["path"]]
        # One thread: the other processors belong to the other workers.
        tokens = self.tokenizer(paths, num_threads=1, return_attention_mask=False)
        ids = [encoding.input_ids.astype(np.int32) for encoding in tokens.encodings]
        return pa.table({"sample": files["sample"], "input_ids": pa.array(ids, INPUT_IDS)})


def find_files(folder: Path) -> dict[str, str]:
    """Return the paths of the BED files by sample, which is the name without .bed and .gz."""
    files: dict[str, str] = {}
    for path in sorted(folder.resolve().iterdir()):
        if path.name.endswith((".bed", ".bed.gz")):
            sample = path.name.removesuffix(".gz").removesuffix(".bed")
            if sample in files:
                raise ValueError(f"{path}: sample {sample} is there twice")
            files[sample] = str(path)
    return files


def find_done(out: Path, tokenizer: Tokenizer) -> set[str]:
    """Return the samples that an earlier run has written, which had the same tokenizer."""
    out.mkdir(parents=True, exist_ok=True)
    digest = out / "_tokenizer.digest"  # "_": readers of Parquet folders pass it over
    known = digest.read_text() if digest.exists() else None
    if known != tokenizer.digest and (known or any(out.glob("*.parquet"))):
        raise ValueError(f"{out}: holds something else than tokens of this tokenizer")
    digest.write_text(tokenizer.digest)
    done: set[str] = set()
    for part in out.glob("*.parquet"):
        try:
            pq.read_metadata(part)
        except pa.ArrowInvalid:
            part.unlink()  # cut off: the run that wrote it has died as a whole
            continue
        done.update(pq.read_table(part, columns=["sample"])["sample"].to_pylist())
    return done


def tokenize_collection(
    tokenizer: Tokenizer, folder: Path, out: Path, workers: int, batch_size: int = 16
) -> None:
    """Tokenize the BED files of a folder that ``out`` does not hold yet; Ray is running."""
    done = find_done(out, tokenizer)
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
        .write_parquet(str(out.resolve()), min_rows_per_file=256, compression="zstd")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="A folder of BED files to Parquet by Ray Data.")
    parser.add_argument("universe", nargs="?", type=Path, default=DATA / "universe.bed")
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    parser.add_argument("--out", type=Path, default=Path("tokens"))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--address", help="of a cluster, or auto; without: Ray starts here")
    given = parser.parse_args()

    if given.address:
        ray.init(given.address)
    else:
        # One processor more on paper, for the tasks that write: without it the tokens of all
        # files would wait in memory until the workers are done.
        ray.init(num_cpus=given.workers + 1, include_dashboard=False)
    tokenizer = Tokenizer(given.universe)
    before = find_done(given.out, tokenizer)
    tokenize_collection(tokenizer, given.folder, given.out, given.workers)
    done = find_done(given.out, tokenizer)
    print(f"{given.out}: {len(done)} samples, {len(before)} of them were there")


if __name__ == "__main__":
    main()
