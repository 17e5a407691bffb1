# SPDX-License-Identifier: BSD-2-Clause
"""Where the files of a collection are tokenized: threads of this process, or workers of Ray.

An engine is given files and gives their results back in the same order; what is written, and what a
failure means, is the caller's business and the same for all engines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from bedtok.io.tokenized import Job, Tokenized, Work

ENGINES = ("local", "ray")

# Returns the tokens of a file once they are there, or raises what the file raised.
Pending = Callable[[], Tokenized]


class Engine(Protocol):
    """Tokenizes files somewhere.

    Attributes:
        jobs_ahead: So many jobs at least must be under way for all workers to be busy.
        jobs_per_task: So many jobs are best begun with at once.
    """

    jobs_ahead: int
    jobs_per_task: int

    def submit(self, jobs: Sequence[Job]) -> list[Pending]:
        """Begin with some jobs."""


class LocalEngine:
    """Threads of this process, which share one tokenizer."""

    jobs_per_task = 1

    def __init__(self, pool: ThreadPoolExecutor, work: Work, threads: int) -> None:
        self._pool = pool
        self._work = work
        # Results of cells are large: no more of them wait than there are threads.
        self.jobs_ahead = threads

    def submit(self, jobs: Sequence[Job]) -> list[Pending]:
        """Begin with some jobs."""
        return [self._pool.submit(self._work, *job).result for job in jobs]


@contextlib.contextmanager
def start_engine(engine: str, work: Work, threads: int, jobs: int) -> Iterator[Engine]:
    """Start an engine; what it has not begun with is cancelled when the block ends.

    Args:
        engine: One of ``ENGINES``.
        work: What is done to each job.
        threads: The number of threads of ``"local"``.
        jobs: The number of jobs that there will be.

    Raises:
        ImportError: It is not installed.
    """
    if engine == "local":
        pool = ThreadPoolExecutor(threads)
        try:
            yield LocalEngine(pool, work, threads)
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        from bedtok.io.ray_engine import ray_engine

        with ray_engine(work, jobs) as started:
            yield started
