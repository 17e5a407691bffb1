# SPDX-License-Identifier: BSD-2-Clause
"""What batches.py measures in spawned processes of their own, as a DataLoader spawns workers."""

from __future__ import annotations

import gc
import pickle
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from libraries import Bedtok, BenchError, load
from process_memory import peak_bytes, reset_peak, resident_bytes
from samples import long_samples

T = TypeVar("T")


def in_spawned_process(function: Callable[..., T], *arguments: object) -> T:
    """Return what a function of this module returns in a process that begins with it.

    Raises:
        BenchError: The process died.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        try:
            return pool.submit(function, *arguments).result()
        except BrokenProcessPool as error:
            raise BenchError(f"{function.__name__}: {error}") from error


def seconds_to_unpickle(module: str, data: bytes) -> float:
    """Return the seconds of the first ``pickle.loads`` after importing ``module``."""
    load(module)
    gc.collect()
    started = time.perf_counter()
    pickle.loads(data)
    return time.perf_counter() - started


@dataclass(frozen=True)
class BatchMemory:
    """Memory in bytes around a first run of batches and a longer second one.

    Attributes:
        before: Resident before the first batch: interpreter, torch, vocabulary, samples.
        after_first: Resident after the first run.
        after_second: Resident after the second run.
        peak_of_first: While the first run was on.
        peak_of_second: While the second run was on.
    """

    before: int
    after_first: int
    after_second: int
    peak_of_first: int
    peak_of_second: int


def memory_of_batches(
    vocabulary: Path, queries: Path, seed: int, batch_size: int, runs: tuple[int, int], threads: int
) -> BatchMemory:
    """Call the tokenizer for batches of long samples, padded to tensors, and drop each.

    Args:
        vocabulary: A BED file.
        queries: The file that samples are drawn from.
        seed: Of the samples.
        batch_size: Samples of a batch.
        runs: Batches of the two runs. Each of the first run has samples of its own, which come
            again in the second.
        threads: ``num_threads`` of the calls.

    Raises:
        OSError: The system does not tell what memory a process has; Linux does.
    """
    ours = Bedtok(vocabulary)
    rng = np.random.default_rng(seed)
    batches = [long_samples(ours, queries, batch_size, rng) for _ in range(runs[0])]
    load("torch")

    def call(number: int) -> tuple[int, int]:
        reset_peak()
        for i in range(number):
            ours.tokenizer(
                batches[i % len(batches)], padding=True, return_tensors="pt", num_threads=threads
            )
        return peak_bytes(), resident_bytes()

    gc.collect()
    before = resident_bytes()
    peak_of_first, after_first = call(runs[0])
    peak_of_second, after_second = call(runs[1])
    return BatchMemory(before, after_first, after_second, peak_of_first, peak_of_second)
