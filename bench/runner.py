# SPDX-License-Identifier: BSD-2-Clause
"""Check that the tools of a row agree, then let them take turns against the clock."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench.rows import Measured, Missing, Row, Sample, Tool


@dataclass(frozen=True)
class Pace:
    """How often a tool runs.

    Attributes:
        least: Runs that each tool gets, unless they take longer than ``patience``.
        most: Runs at most.
        seconds: Beyond ``least``, a tool runs until it has used this much time.
        patience: Seconds after which a tool gets no further run.
    """

    least: int = 5
    most: int = 40
    seconds: float = 0.7
    patience: float = 6.0

    def goes_on(self, samples: Sequence[Sample], spent: float) -> bool:
        """Return whether a tool with these runs, which took ``spent`` seconds, gets another."""
        if not samples:
            return True
        if len(samples) >= self.most or spent >= self.patience:
            return False
        return len(samples) < self.least or spent < self.seconds


def measure(row: Row, pace: Pace) -> dict[str, Any]:
    """Return the measured row as it stands in the results.

    Each round every tool runs once, in the opposite order of the round before. A tool that is
    missing, fails or answers differently from bedtok is not timed; the results say why.
    """
    measured: dict[str, Any] = {
        "name": row.name,
        "size": row.size,
        "things": row.things,
        "series": row.series,
        "target": row.target,
        "headline": row.headline,
        "unit": row.unit,
    }
    entries: list[dict[str, Any]] = []
    ready: list[tuple[Tool, Any, dict[str, Any]]] = []
    expected: Any = None
    for number, tool in enumerate([*row.tools, *row.limits]):
        entry: dict[str, Any] = {"tool": tool.name}
        is_limit = number >= len(row.tools)
        entries.append(entry)
        try:
            given = tool.make()
            answer = tool.check(given)
        except Missing as error:
            entry["missing"] = str(error)
            continue
        except Exception as error:
            # Whatever a peer raises is what the table says of it.
            text = " ".join(str(error).split())
            entry["failed"] = f"{type(error).__name__}: {text}"[:300]
            continue
        if number == 0:
            expected = answer
        elif not is_limit and not isinstance(tool, Measured) and not row.same(expected, answer):
            ours, theirs = short(expected), short(answer)
            entry["differs"] = f"bedtok finds {ours}, {tool.name} {theirs}"
            continue
        del answer
        ready.append((tool, given, entry))
    if "failed" in entries[0] or "missing" in entries[0]:
        ready = []  # there is nothing to compare with
    take_turns(ready, pace)
    measured["tools"] = entries[: len(row.tools)]
    measured["limits"] = entries[len(row.tools) :]
    return measured


def take_turns(ready: Sequence[tuple[Tool, Any, dict[str, Any]]], pace: Pace) -> None:
    """Time the tools in turn and put what they took into their entries."""
    samples: list[list[Sample]] = [[] for _ in ready]
    spent = [0.0 for _ in ready]
    over: set[int] = set()  # what has no more runs to show
    gc.collect()
    gc.freeze()  # a collection before each run need not go through what is there already
    forth = True
    while todo := [
        i for i in range(len(ready)) if i not in over and pace.goes_on(samples[i], spent[i])
    ]:
        for i in todo if forth else reversed(todo):
            tool, given, _ = ready[i]
            began = time.perf_counter()
            try:
                samples[i].append(tool.measure(given))
            except StopIteration:
                over.add(i)
            spent[i] += time.perf_counter() - began
        forth = not forth
    gc.unfreeze()
    for (_, _, entry), runs in zip(ready, samples, strict=True):
        entry.update(summary(runs))


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return median, smallest and largest value, and what else is known of the runs."""
    values = sorted(sample.value for sample in samples)
    found: dict[str, Any] = {
        "median": rounded(statistics.median(values)),
        "low": rounded(values[0]),
        "high": rounded(values[-1]),
        "runs": len(values),
    }
    if processors := statistics.median(sample.processors for sample in samples):
        found["processors"] = round(processors, 2)
    if peak := int(statistics.median(sample.peak for sample in samples)):
        found["peak"] = peak
    return found


def rounded(value: float) -> float:
    """Return a value with four significant digits."""
    return float(f"{value:.4g}")


def short(answer: Any) -> str:
    """Return an answer on one short line."""
    if hasattr(answer, "sum") and getattr(answer, "size", 0) > 8:
        return f"{answer.sum():,} in {answer.size:,} values"
    text = " ".join(str(answer).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
