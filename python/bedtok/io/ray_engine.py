# SPDX-License-Identifier: BSD-2-Clause
"""Files that are tokenized by the workers of Ray, on one machine or a cluster.

Tokens come back to the process that called, which writes them: output, manifest and the second run
are those of threads. A task holds a few files. Ray gives the task of a worker that dies to another
one; where a task cannot be finished, its files are tried one by one, so that only the file that
kills its worker is missing.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator, Sequence
from typing import Any

from bedtok._checks import import_optional
from bedtok._core import Error
from bedtok.io.engines import Pending
from bedtok.io.sample_tokens import FileTokenizer, Tokenized

Files = Sequence[tuple[str, str]]

# A task costs Ray about a millisecond, which a few files of 10 ms outweigh.
_FILES_PER_TASK = 8
# Tasks that wait at each processor, so that none is idle while results travel.
_TASKS_PER_PROCESSOR = 4
# How often a task is given to another worker when its own dies.
_RETRIES = 3

# In a worker: the last tokenizer, by its reference. Ray would unpickle an argument at each task.
_prepared: dict[str, FileTokenizer] = {}


def _run_task(files: Files, boxed: list[Any], folder: str) -> list[Tokenized | Exception]:
    """Tokenize files in a worker; an exception stands in the place of a bad file.

    Args:
        files: Samples' names and paths.
        boxed: The reference of the tokenizer, in a list, so that Ray hands it on as it is.
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
    results: list[Tokenized | Exception] = []
    for name, path in files:
        try:
            results.append(_prepared[key](name, path))
        except (Error, OSError) as error:
            results.append(error)
    return results


class _Task:
    """The files of a task and its results, for which the first that asks waits."""

    def __init__(self, engine: RayEngine, files: Files) -> None:
        self._engine = engine
        self._files = files
        self._reference: Any = engine.start(files)

    @functools.cached_property
    def _results(self) -> list[Tokenized | Exception]:
        results = self._engine.wait_for(self._reference)
        self._reference = None  # Ray may forget them
        if results is not None:
            return results
        alone = [[file] for file in self._files]
        return [
            result
            for file, reference in zip(alone, map(self._engine.start, alone), strict=True)
            for result in self._engine.wait_for(reference) or [_killer(file[0][1])]
        ]

    def result(self, at: int) -> Tokenized:
        """Return the result of the file ``at``, or raise its error."""
        result = self._results[at]
        self._results[at] = _TAKEN
        if isinstance(result, Exception):
            raise result
        return result


_TAKEN = RuntimeError("a result is taken once")


def _killer(path: str) -> Error:
    return Error(
        f"{path}: the worker that reads it dies each time, by a lack of memory or a crash; Ray's "
        "log has the reason; leave the file out or tokenize it by itself"
    )


class RayEngine:
    """Workers of a Ray cluster that has been started."""

    def __init__(self, tokenize: FileTokenizer) -> None:
        self._ray = import_optional("ray", "engine='ray'")
        processors = int(self._ray.cluster_resources().get("CPU", 1))
        self.files_ahead = processors * _TASKS_PER_PROCESSOR * _FILES_PER_TASK
        self._tokenizer = self._ray.put(tokenize)
        self._remote = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_run_task)
        self._folder = os.getcwd()
        self._running: set[Any] = set()

    def submit(self, files: Files) -> list[Pending]:
        """Begin with some files."""
        pending: list[Pending] = []
        for first in range(0, len(files), _FILES_PER_TASK):
            part = files[first : first + _FILES_PER_TASK]
            task = _Task(self, part)
            pending += [functools.partial(task.result, at) for at in range(len(part))]
        return pending

    def start(self, files: Files) -> Any:
        """Return the reference of a new task."""
        reference = self._remote.remote(list(files), [self._tokenizer], self._folder)
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
def ray_engine(tokenize: FileTokenizer) -> Iterator[RayEngine]:
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
        engine = RayEngine(tokenize)
        try:
            yield engine
        finally:
            engine.cancel()
    finally:
        if ours:
            ray.shutdown()
