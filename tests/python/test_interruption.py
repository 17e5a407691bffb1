# SPDX-License-Identifier: BSD-2-Clause
"""Signals during long calls: handlers run, what they raise ends the call, and nothing else does."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bedtok import RegionSet, Tokenizer

pytestmark = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX signals")

LINE = b"chr1\t10\t20\tcell\n"


class Stop(Exception):
    """What a handler raises."""


@contextmanager
def handling(handler: Callable[[int, Any], None], after: float, every: float = 0) -> Iterator[None]:
    """Send SIGALRM to this process while the block runs."""
    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, after, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def stop(*_: object) -> None:
    raise Stop


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@contextmanager
def slow_writer(pipe: Path, pieces: int) -> Iterator[None]:
    """Write lines into a pipe, with a pause in front of each."""

    def write() -> None:
        with open(pipe, "wb", buffering=0) as file:
            for _ in range(pieces):
                time.sleep(0.02)
                file.write(LINE)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        thread.join()


@pytest.mark.parametrize("threads", [1, 4])
def test_a_handler_runs_and_the_reading_of_a_pipe_goes_on(pipe: Path, threads: int) -> None:
    tokenizer = Tokenizer.from_regions(["chr1:0-100"])
    seen: list[int] = []
    with handling(lambda *_: seen.append(1), 0.01, 0.03):
        with slow_writer(pipe, 20):
            assert len(RegionSet.from_bed(pipe)) == 20
        with slow_writer(pipe, 20):
            cells = tokenizer.encode_fragments(pipe, num_threads=threads)
    assert cells["cell"].tolist() == [0] * 20
    assert len(seen) >= 4  # while they read: afterwards it would be one a call


@pytest.mark.parametrize("threads", [1, 2])
def test_what_a_handler_raises_ends_a_batch_between_its_samples(threads: int) -> None:
    regions = [("chr1", 10 * i, 10 * i + 5) for i in range(20_000)]
    tokenizer = Tokenizer.from_regions(regions, low_hit_rate=None)
    sample = RegionSet([("chr1", 10 * i + 6, 10 * i + 9) for i in range(20_000)])  # no hits
    begin = time.perf_counter()
    tokenizer(sample)
    count = int(20 / (time.perf_counter() - begin))  # 20 seconds of work for one thread
    begin = time.perf_counter()
    with handling(stop, 0.1), pytest.raises(Stop):
        tokenizer([sample] * count, num_threads=threads)
    assert time.perf_counter() - begin < 5
    assert len(tokenizer(RegionSet(regions))["input_ids"]) == 20_000


def test_what_a_handler_raises_ends_the_wait_for_a_pipe(pipe: Path) -> None:
    with handling(stop, 0.05), pytest.raises(Stop):
        RegionSet.from_bed(pipe)  # nobody writes
    holder = os.open(pipe, os.O_RDWR)
    try:
        os.write(holder, LINE)
        for threads in (1, 4):
            tokenizer = Tokenizer.from_regions(["chr1:0-100"])
            with handling(stop, 0.05), pytest.raises(Stop):
                tokenizer.encode_fragments(pipe, num_threads=threads)
    finally:
        os.close(holder)


def test_a_signal_is_left_to_the_main_thread() -> None:
    tokenizer = Tokenizer.from_regions(["chr1:0-100"])
    sample = RegionSet([("chr1", 1, 50)] * 1000)
    ids: list[int] = []
    done = threading.Thread(
        target=lambda: ids.append(len(tokenizer([sample] * 3000, num_threads=2)["input_ids"]))
    )
    seen: list[int] = []
    with handling(lambda *_: seen.append(threading.get_ident()), 0.005, 0.01):
        done.start()
        done.join()
        time.sleep(0.02)
    assert ids == [3000]
    assert set(seen) == {threading.main_thread().ident}
