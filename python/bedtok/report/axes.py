# SPDX-License-Identifier: BSD-2-Clause
"""Axes of charts: values to places, and where ticks stand."""

from __future__ import annotations

import math
from collections.abc import Callable


class Axis:
    """One axis of a chart: linear, or logarithmic from 1 on.

    Args:
        low, high: The values at its ends.
        begin, end: Their places.
        log: Whether it is logarithmic.
    """

    def __init__(
        self, low: float, high: float, begin: float, end: float, *, log: bool = False
    ) -> None:
        if not high > low:
            high = low + 1
        self.low, self.high, self.begin, self.end, self.log = low, high, begin, end, log

    def place(self, value: float) -> float:
        """Return where a value lies."""
        scale: Callable[[float], float] = _log if self.log else float
        low, high = scale(self.low), scale(self.high)
        return self.begin + (scale(value) - low) / (high - low) * (self.end - self.begin)

    def ticks(self, count: int) -> list[float]:
        """Return round values on the axis, about ``count``."""
        if self.log:
            return _log_ticks(self.low, self.high, count)
        return linear_ticks(self.low, self.high, count)


def linear_ticks(low: float, high: float, count: int) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten from ``low`` to ``high``."""
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    decades = range(math.floor(_log(low)), math.ceil(_log(high)) + 1)
    ticks: list[float] = []
    for factors in ((1,), (1, 3), (1, 2, 5), range(1, 10)):
        ticks = [f * 10.0**d for d in decades for f in factors if low <= f * 10.0**d <= high]
        if len(ticks) >= min(count, 3):
            return ticks
    return ticks or linear_ticks(low, high, count)


def _log(value: float) -> float:
    return math.log10(max(value, 1.0))


def short_number(value: float) -> str:
    """Return a number for a tick: ``1,500``, ``20k``, ``3M``, ``0.05``."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:.3g}"
