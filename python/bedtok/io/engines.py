# SPDX-License-Identifier: BSD-2-Clause
"""Where the files of a collection are tokenized: threads of this process, or workers of Ray.

An engine is given files and gives their results back in the same order; what is written, and what a
failure means, is the caller's business and the same for all engines.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from bedtok._core import Error
from bedtok._files import ending_downloads
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

    def __init__(self, pool: ThreadPoolExecutor, work: Work, threads: int, jobs: int) -> None:
        self._pool = pool
        self._work = work
        self.jobs_per_task = jobs_per_task(work, jobs, 4 * threads)
        # Results of cells are large: no more of them wait than there are threads.
        self.jobs_ahead = threads * self.jobs_per_task

    def submit(self, jobs: Sequence[Job]) -> list[Pending]:
        """Begin with some jobs, which become one task."""
        task = self._pool.submit(do_jobs, self._work, jobs)
        return [functools.partial(self._take, task, at) for at in range(len(jobs))]

    @staticmethod
    def _take(task: Future[list[Tokenized | Exception]], at: int) -> Tokenized:
        return taken(task.result(), at)


def jobs_per_task(work: Work, jobs: int, tasks: int) -> int:
    """Return how many jobs a task takes, of small ones several: a task has a cost of its own.

    Args:
        work: What is done to each job.
        jobs: The number of jobs.
        tasks: So many tasks at least keep all workers busy to the end.
    """
    return max(1, min(work.jobs_per_task, jobs // tasks))


def do_jobs(work: Work, jobs: Sequence[Job]) -> list[Tokenized | Exception]:
    """Do the jobs of a task; an exception stands in the place of a bad file."""
    results: list[Tokenized | Exception] = []
    for job in jobs:
        try:
            results.append(work(*job))
        except (Error, OSError) as error:
            results.append(error)
    return results


def taken(results: list[Tokenized | Exception], at: int) -> Tokenized:
    """Return a result, or raise its error; it is taken once, so that its memory is free again."""
    result, results[at] = results[at], _TAKEN
    if isinstance(result, Exception):
        raise result
    return result


_TAKEN = RuntimeError("a result is taken once")


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
            with ending_downloads():
                yield LocalEngine(pool, work, threads, jobs)
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        from bedtok.io.ray_engine import ray_engine

        with ray_engine(work, jobs) as started:
            yield started
