# SPDX-License-Identifier: BSD-2-Clause
"""Files that are tokenized by the workers of Ray, on one machine or a cluster.

Results come back to the process that called, which writes them: output, manifest and the second run
are those of threads. A task holds a few BED files, or one file of cells. Ray gives the task of a
worker that dies to another one; where a task cannot be finished, its files are tried one by one, so
that only the file that kills its worker is missing.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from typing import Any

from bedtok._checks import import_optional
from bedtok._core import Error
from bedtok.io.engines import Pending, do_jobs, jobs_per_task, taken
from bedtok.io.tokenized import Job, Tokenized, Work

# Tasks that are under way for each processor, so that none is idle while results travel; of cells,
# whose results are large, half as many.
_TASKS_PER_PROCESSOR = 4
# How often a task is given to another worker when its own dies.
_RETRIES = 3

# In a worker: the last tokenizer, by its reference. Ray would unpickle an argument at each task.
_prepared: dict[str, Work] = {}


def _run_task(jobs: Sequence[Job], boxed: list[Any], folder: str) -> list[Tokenized | Exception]:
    """Do jobs in a worker; an exception stands in the place of a bad file.

    Args:
        jobs: At least one.
        boxed: The reference of the work, in a list, so that Ray hands it on as it is.
        folder: The working directory of the process that called, for relative paths.
    """
    import ray

    (reference,) = boxed
    key = reference.hex()
    if key not in _prepared:
        _prepared.clear()
        _prepared[key] = ray.get(reference)
    with contextlib.suppress(OSError):  # a machine that does not have it says so of each file
        os.chdir(folder)
    return do_jobs(_prepared[key], jobs)


class _Task:
    """The jobs of a task and their results, for which the first that asks waits."""

    def __init__(self, engine: RayEngine, jobs: Sequence[Job]) -> None:
        self._engine = engine
        self._jobs = jobs
        self._reference: Any = engine.start(jobs)

    @functools.cached_property
    def _results(self) -> list[Tokenized | Exception]:
        results = self._engine.wait_for(self._reference)
        self._reference = None  # Ray may forget them
        if results is not None:
            return results
        if len(self._jobs) == 1:
            return [_killer(self._jobs[0].path)]
        alone = [[job] for job in self._jobs]
        return [
            result
            for jobs, reference in zip(alone, map(self._engine.start, alone), strict=True)
            for result in self._engine.wait_for(reference) or [_killer(jobs[0].path)]
        ]

    def result(self, at: int) -> Tokenized:
        """Return the result of the job ``at``, or raise its error."""
        return taken(self._results, at)


def _killer(path: str) -> Error:
    return Error(
        f"{path}: the worker that reads it dies each time, by a lack of memory or a crash; Ray's "
        "log has the reason; leave the file out or tokenize it by itself"
    )


class RayEngine:
    """Workers of a Ray cluster that has been started."""

    def __init__(self, work: Work, jobs: int) -> None:
        self._ray = import_optional("ray", "engine='ray'")
        processors = max(1, int(self._ray.cluster_resources().get("CPU", 1)))
        tasks = processors * _TASKS_PER_PROCESSOR
        self.jobs_per_task = jobs_per_task(work, jobs, tasks)
        is_large = work.jobs_per_task == 1
        self.jobs_ahead = (tasks // 2 if is_large else tasks) * self.jobs_per_task
        self._work = self._ray.put(work)
        self._remote = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_run_task)
        self._folder = os.getcwd()
        self._running: set[Any] = set()

    def submit(self, jobs: Sequence[Job]) -> list[Pending]:
        """Begin with some jobs, which become one task."""
        task = _Task(self, jobs)
        return [functools.partial(task.result, at) for at in range(len(jobs))]

    def start(self, jobs: Sequence[Job]) -> Any:
        """Return the reference of a new task."""
        reference = self._remote.remote(list(jobs), [self._work], self._folder)
        self._running.add(reference)
        return reference

    def wait_for(self, reference: Any) -> list[Tokenized | Exception] | None:
        """Return the results of a task; None if its workers died, as often as it was tried."""
        try:
            results: list[Tokenized | Exception] = self._ray.get(reference)
        except (
            self._ray.exceptions.WorkerCrashedError,
            self._ray.exceptions.OutOfMemoryError,
            self._ray.exceptions.NodeDiedError,
        ):
            return None
        finally:
            self._running.discard(reference)
        return results

    def cancel(self) -> None:
        """Cancel the tasks that nobody waits for any more."""
        for reference in self._running:
            self._ray.cancel(reference, force=False)


@contextlib.contextmanager
def ray_engine(work: Work, jobs: int) -> Iterator[RayEngine]:
    """Use the cluster that the process is connected to; otherwise start Ray for the block.

    ``ray.init`` finds a cluster by RAY_ADDRESS.

    Raises:
        ImportError: Ray is not installed.
    """
    ray = import_optional("ray", "engine='ray'")
    ours = not ray.is_initialized()
    if ours:
        ray.init(log_to_driver=False, logging_level="warning")
    try:
        engine = RayEngine(work, jobs)
        try:
            yield engine
        finally:
            engine.cancel()
    finally:
        if ours:
            ray.shutdown()
