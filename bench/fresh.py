# SPDX-License-Identifier: BSD-2-Clause
"""Tasks in fresh processes: what a first call takes, and how much memory a process has at its peak.

``measure`` starts ``python -m bench.fresh`` with a task and its arguments as JSON; the process
prints one JSON object with the seconds of its steps and its peak memory in bytes.
"""

from __future__ import annotations

import gc
import json
import multiprocessing
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# So that each process has the same base; gtars alone would do without.
import numpy as np

from bench.process_memory import peak_bytes, proportional_bytes, reset_peak, resident_bytes
from bench.rows import load, one_thread

ROOT = Path(__file__).resolve().parents[1]


def measure(task: str, **arguments: Any) -> dict[str, float]:
    """Return what a task reports from a process of its own.

    Raises:
        RuntimeError: The process failed.
    """
    command = [sys.executable, "-m", "bench.fresh", task, json.dumps(arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=ROOT, env=one_thread()
    )
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-300:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - began


def first_calls(library: str, form: str, vocabulary: str, queries: str) -> dict[str, float]:
    """Load a vocabulary, read regions, make ids; all of it lives until the end."""
    found: dict[str, float] = {}
    if library == "bedtok":
        bedtok = load("bedtok")
        with timed(found, "load"):
            tokenizer = bedtok.Tokenizer.from_bed(vocabulary)
        with timed(found, "read"):
            regions = bedtok.RegionSet.from_bed(queries)
        with timed(found, "ids"):
            ids = tokenizer(regions, return_tensors="np" if form == "array" else None)
    else:
        tokenizers, models = load("gtars.tokenizers"), load("gtars.models")
        with timed(found, "load"):
            tokenizer = tokenizers.Tokenizer.from_bed(vocabulary)
        with timed(found, "read"):
            regions = models.RegionSet(queries)
        with timed(found, "ids"):
            ids = tokenizer(regions)
    assert len(ids["input_ids"]) and len(regions)
    found["peak"] = peak_bytes()
    return found


def bare() -> dict[str, float]:
    """Import NumPy and what measures, and nothing else."""
    return {"peak": peak_bytes()}


def beyond(job: str, vocabulary: str, path: str, threads: int) -> dict[str, float]:
    """Return the peak beyond what was there before a job and beyond its result."""
    tokenizer = load("bedtok").Tokenizer.from_bed(vocabulary)
    load("bedtok.cells")
    given: Any = path
    if job == "encode_anndata":
        given = load("anndata").read_h5ad(path)
    before = resident_bytes()
    reset_peak()
    found = getattr(tokenizer, job)(given, num_threads=threads)
    result = found.values.nbytes + found.offsets.nbytes
    return {"peak": max(peak_bytes() - before - result, 0), "result": result}


def unpickle(path: str) -> dict[str, float]:
    """Return the seconds of the first ``pickle.loads`` of a process that imported bedtok."""
    load("bedtok")
    data = Path(path).read_bytes()
    gc.collect()
    found: dict[str, float] = {}
    with timed(found, "loads"):
        pickle.loads(data)
    return found


def workers(path: str, count: int) -> dict[str, float]:
    """Return the memory that a tokenizer costs each of some workers that hold it at once."""
    spawn = multiprocessing.get_context("spawn")
    barrier, queue = spawn.Barrier(count), spawn.Queue()
    started = [spawn.Process(target=_work, args=(path, barrier, queue)) for _ in range(count)]
    for process in started:
        process.start()
    shares = [queue.get() for _ in started]
    for process in started:
        process.join()
    return {"peak": sum(shares) / count}


def _work(path: str, barrier: Any, queue: Any) -> None:
    """Load a tokenizer, use it, and tell how much memory that took while all others have it."""
    bedtok = load("bedtok")
    data = Path(path).read_bytes()
    before = proportional_bytes()
    tokenizer = pickle.loads(data)
    ids = np.arange(0, tokenizer.vocab_size - 10, 7).tolist()
    tokenizer(bedtok.RegionSet(tokenizer.decode(ids[:3_000])))
    barrier.wait()
    queue.put(proportional_bytes() - before)
    barrier.wait()  # a worker that ends would leave its share to the others


def grow(regions: int, seed: int, max_memory: int, threads: int) -> dict[str, float]:
    """Build a universe of regions that are made on the way."""
    from bench.suites.universe import sample_columns

    core = load("bedtok._core")
    choice = core.SampleOptions()
    store = core.SampleStore(max_memory, str(Path(__file__).parent))
    seconds = 0.0
    for number in range(max(1, regions // 30_000)):
        names, ids, starts, ends = sample_columns(number, seed)
        columns = ids.astype(np.uint32), starts.astype(np.uint32), ends.astype(np.uint32)
        sample = core.RegionSet.from_columns(names, *columns)
        began = time.perf_counter()
        store.add(core.make_sample(sample, choice))
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    store.build(
        "coverage",
        width=0,
        max_gap=0,
        min_width=0,
        max_width=2**32 - 1,
        min_samples=2,
        min_fraction=None,
        chrom_sizes={},
        exclude=None,
        num_threads=threads,
    )
    return {"build": seconds + time.perf_counter() - began, "peak": peak_bytes()}


TASKS: dict[str, Callable[..., dict[str, float]]] = {
    task.__name__: task for task in (first_calls, bare, beyond, unpickle, workers, grow)
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](**json.loads(sys.argv[2]))))
