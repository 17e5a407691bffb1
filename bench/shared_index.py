# SPDX-License-Identifier: BSD-2-Clause
"""A saved index: seconds to load a tokenizer, and the memory of processes that share one.

    python bench/shared_index.py [--data FOLDER] [--workers 8] [--rounds 9] [--json PATH]

Each way of loading is timed in processes of its own, in turn, and the medians are shown: the folder
without and with ``universe.index``, and their pickles. Then workers are spawned, as a DataLoader or
Ray starts them. Each loads the tokenizer, maps a sample of 3,000 regions, and tells what it has
more than before: resident memory (RSS) and its share of it (PSS), which counts a page that n
processes map as 1/n of a page in each. Linux tells both.
"""

from __future__ import annotations

import argparse
import json
import pickle
import re
import statistics
import tempfile
import time
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
from make_data import DEFAULT_FOLDER, DEFAULT_SEED, make_data

from bedtok import RegionSet, Tokenizer

MIB = 2**20


def memory_bytes() -> dict[str, int]:
    """Return the resident memory of this process, and its share of it."""
    text = Path("/proc/self/smaps_rollup").read_text()
    found = {
        name: re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE) for name in ("Rss", "Pss")
    }
    return {name: int(match[1]) * 1024 for name, match in found.items() if match is not None}


def sample() -> RegionSet:
    """Return 3,000 regions on chr1."""
    starts = np.arange(3000, dtype=np.int64) * 80_000
    return RegionSet.from_arrays(np.repeat("chr1", starts.size), starts, starts + 300)


def load(source: str) -> Tokenizer:
    """Return a tokenizer from a folder, or from a pickle in a file."""
    path = Path(source)
    if path.is_dir():
        return Tokenizer.from_pretrained(path)
    return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]


def seconds_to_load(source: str) -> tuple[float, float]:
    """Return the seconds of a second load in this process, and of the first call after it.

    The first load imports modules, which takes longer than the rest and is not what is compared.
    """
    load(source)
    regions = sample()
    data = None if Path(source).is_dir() else Path(source).read_bytes()
    started = time.perf_counter()
    tokenizer = load(source) if data is None else pickle.loads(data)
    loaded = time.perf_counter()
    tokenizer(regions)
    return loaded - started, time.perf_counter() - loaded


def work(source: str, barrier: Barrier, results: Any) -> None:
    """Load and map, wait until all workers have, and report what that took."""
    regions = sample()
    Tokenizer.from_regions(regions)(regions)  # what is imported and allocated once
    barrier.wait()
    before = memory_bytes()
    barrier.wait()
    tokenizer = load(source)
    tokenizer(regions)
    barrier.wait()
    after = memory_bytes()
    barrier.wait()  # nobody leaves before all have looked
    results.put({name: after[name] - before[name] for name in after})


def memory_of_workers(source: Path, workers: int) -> dict[str, float]:
    """Return the means over the workers in bytes."""
    context = get_context("spawn")
    barrier, results = context.Barrier(workers), context.Queue()
    processes = [
        context.Process(target=work, args=(str(source), barrier, results)) for _ in range(workers)
    ]
    for process in processes:
        process.start()
    rows = [results.get(timeout=300) for _ in processes]
    for process in processes:
        process.join()
    return {name: statistics.fmean(row[name] for row in rows) for name in rows[0]}


def main() -> None:
    """Measure and print; see the head of this file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, help="cache folder")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    make_data(args.data, DEFAULT_SEED)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tokenizer = Tokenizer(args.data / "vocabulary.bed.gz")
        sources = {}
        for name, index in (("universe", False), ("index", True)):
            tokenizer.save_pretrained(folder / name, index=index)
            sources[f"folder, {name}"] = folder / name
            path = folder / f"{name}.pickle"
            path.write_bytes(pickle.dumps(Tokenizer.from_pretrained(folder / name), 5))
            sources[f"pickle, {name}"] = path
        times: dict[str, list[tuple[float, float]]] = {name: [] for name in sources}
        for _ in range(args.rounds):
            for name, source in sources.items():
                with get_context("spawn").Pool(1) as pool:
                    times[name].append(pool.apply(seconds_to_load, (str(source),)))
        rows = {}
        for name, source in sources.items():
            loads, calls = zip(*times[name], strict=True)
            rows[name] = {
                "load_seconds": statistics.median(loads),
                "first_call_seconds": statistics.median(calls),
                **memory_of_workers(source, args.workers),
            }
        index_size = (folder / "index" / "universe.index").stat().st_size
    size = f"index {index_size / MIB:.1f} MiB"
    print(f"{tokenizer.num_regions:,} regions, {args.workers} workers, {size}")
    print("| source | load, ms | first 3,000 regions, ms | RSS, MiB | PSS, MiB |")
    print("|---|---:|---:|---:|---:|")
    for name, row in rows.items():
        print(
            f"| {name} | {row['load_seconds'] * 1e3:.1f} | {row['first_call_seconds'] * 1e3:.2f} "
            f"| {row['Rss'] / MIB:.1f} | {row['Pss'] / MIB:.1f} |"
        )
    if args.json is not None:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
