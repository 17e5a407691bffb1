# SPDX-License-Identifier: BSD-2-Clause
"""A row of a table: one job, the tools that do it, and the physical limit beside them."""

from __future__ import annotations

import gc
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

OURS = "bedtok"


class Missing(Exception):
    """A library or a program that is not installed."""


def load(name: str) -> Any:
    """Import a module, or raise Missing."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Missing(f"{name} is not installed") from error


def find(program: str) -> str:
    """Return the path of a program, or raise Missing."""
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not installed")
    return path


def nothing() -> None:
    """Make no input."""


def as_it_is(result: Any) -> Any:
    return result


def same(ours: Any, theirs: Any) -> bool:
    """Return whether two answers are equal; arrays are compared whole."""
    if isinstance(ours, np.ndarray) or isinstance(theirs, np.ndarray):
        return np.array_equal(ours, theirs)
    return bool(ours == theirs)


@dataclass(frozen=True)
class Sample:
    """One run.

    Attributes:
        value: Seconds, or bytes in a row about memory.
        processors: Processor time of this process by elapsed time; 0 if another process worked.
        peak: Peak resident memory of the process in bytes; 0 if it was not measured.
    """

    value: float
    processors: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class Tool:
    """How one tool does the job.

    Attributes:
        name: The tool's name as the table shows it; its version is looked up by ``package``.
        run: The timed call, on what ``make`` returned.
        make: Returns the input; not timed. Raises Missing where the tool is not installed.
        answer: Brings the result into the form that is compared between tools; not timed.
    """

    name: str
    run: Callable[[Any], Any]
    make: Callable[[], Any] = nothing
    answer: Callable[[Any], Any] = as_it_is

    def check(self, given: Any) -> Any:
        """Do the job once, which also warms up, and return the answer."""
        return self.answer(self.run(given))

    def measure(self, given: Any) -> Sample:
        """Do the job once and time it. Releasing the result is not timed."""
        gc.collect()
        cpu, began = time.process_time(), time.perf_counter()
        result = self.run(given)
        seconds = time.perf_counter() - began
        cpu = time.process_time() - cpu
        del result
        return Sample(seconds, cpu / seconds)


@dataclass(frozen=True)
class Command(Tool):
    """A program that runs as a process of its own and is timed by pyperf.

    ``run`` returns the arguments of the program; ``answer`` gets its output as bytes.
    """

    def check(self, given: Any) -> Any:
        load("pyperf")  # without it there is no clock
        done = subprocess.run(self.run(given), capture_output=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace").strip()[-200:])
        return self.answer(done.stdout)

    def measure(self, given: Any) -> Sample:
        pyperf = load("pyperf")
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder, "command.json")
            command = [sys.executable, "-m", "pyperf", "command", "--quiet", "--output", str(out)]
            command += ["--processes", "1", "--values", "1", "--warmups", "0", "--loops", "1"]
            command += ["--copy-env", "--", *self.run(given)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise RuntimeError(done.stderr.strip()[-200:])
            benchmark = pyperf.Benchmark.load(str(out))
        peak = benchmark.get_metadata().get("command_max_rss", 0)
        return Sample(benchmark.get_values()[0], 0.0, int(peak))


@dataclass(frozen=True)
class Part(Tool):
    """A tool so slow that it does a part of the job; ``factor`` makes its time the whole one."""

    factor: float = 1.0

    def measure(self, given: Any) -> Sample:
        sample = super().measure(given)
        return Sample(sample.value * self.factor, sample.processors)


@dataclass(frozen=True)
class Measured(Tool):
    """A tool that measures itself, in a process of its own: ``run`` returns a Sample."""

    def check(self, given: Any) -> Any:
        return self.answer(None)

    def measure(self, given: Any) -> Sample:
        sample: Sample = self.run(given)
        return sample


@dataclass(frozen=True)
class Row:
    """One job.

    Attributes:
        name: What the job is, with its size; unique within a suite.
        tools: bedtok first, then its peers.
        limits: What the machine needs at least; the first one counts, the others are shown.
        size: How much data; rows of one ``series`` become a line of time against size.
        things: What ``size`` counts.
        series: What these rows measure at several sizes; empty for none.
        target: How many times as fast as the first peer was asked for; None for nothing.
        headline: Whether README.md shows the row.
        unit: ``s`` for seconds, ``B`` for bytes.
        same: Compares the answer of bedtok with that of a peer.
    """

    name: str
    tools: Sequence[Tool]
    limits: Sequence[Tool] = ()
    size: int = 0
    things: str = "regions"
    series: str = ""
    target: float | None = None
    headline: bool = False
    unit: str = "s"
    same: Callable[[Any, Any], bool] = field(default=same)


def one_thread() -> dict[str, str]:
    """Return the environment in which every library keeps to one thread."""
    names = ("OMP", "OPENBLAS", "MKL", "RAYON", "NUMEXPR")
    return {
        **os.environ,
        **{f"{name}_NUM_THREADS": "1" for name in names},
        "POLARS_MAX_THREADS": "1",
        "POLARS_BIO_MAX_THREADS": "1",
        "TQDM_DISABLE": "1",
        "LC_ALL": "C",
    }
