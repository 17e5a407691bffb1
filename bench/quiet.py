# SPDX-License-Identifier: BSD-2-Clause
"""Runs that other programs on the machine did not disturb."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

LIMIT = 0.1  # processors that others may have taken on average


class Quiet:
    """Repeats a run while others disturb it, until its patience is used up.

    Args:
        patience: Seconds to lose on waiting and on disturbed runs, over all runs; after that a
            run is taken as it is.

    Attributes:
        disturbed: How many of the runs that were taken had been disturbed.
    """

    def __init__(self, patience: float) -> None:
        self.disturbed = 0
        self._patience = patience

    def run(self, call: Callable[[], T]) -> T:
        """Return what a run returned that nobody disturbed."""
        while True:
            began = time.monotonic()
            while self._patience > time.monotonic() - began and self._share(
                lambda: time.sleep(0.3)
            ):
                pass
            self._patience -= time.monotonic() - began
            began = time.monotonic()
            results: list[T] = []
            share = self._share(lambda: results.append(call()))  # noqa: B023
            if share and self._patience > 0:
                self._patience -= time.monotonic() - began
                continue
            self.disturbed += share > 0
            return results[0]

    def _share(self, call: Callable[[], object]) -> float:
        """Return how many processors others took meanwhile, 0 below the limit."""
        before, began = others_seconds(), time.monotonic()
        call()
        after, seconds = others_seconds(), time.monotonic() - began
        taken = sum(value - before.get(process, 0.0) for process, value in after.items())
        return taken / seconds if taken / seconds > LIMIT else 0.0


def others_seconds() -> dict[int, float]:
    """Return the processor time of all processes but this one and those that it started."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        process = int(path.parent.name)
        parents[process] = int(fields[1])
        seconds[process] = (int(fields[11]) + int(fields[12])) / tick
    ours = {os.getpid()}
    while grown := {p for p, parent in parents.items() if parent in ours} - ours:
        ours |= grown
    return {process: value for process, value in seconds.items() if process not in ours}
