# SPDX-License-Identifier: BSD-2-Clause
"""Charts as inline SVG, in the colours of the page's style sheet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._html import Html
from bedtok.report.axes import Axis, short_number
from bedtok.report.elements import element, shorten

Float64s = npt.NDArray[np.float64]

WIDTH = 720
_LABEL = 190  # width of the names beside bars
_ROW = 22  # height of a bar with its space
_BINS = 30


class Row(NamedTuple):
    """A bar with a name.

    Attributes:
        name: The name.
        value: Its length.
        text: The text behind it.
        marked: Whether it stands out, with the reason.
        low, high: The ends of a whisker; None: there is none.
    """

    name: str
    value: float
    text: str
    marked: str | None = None
    low: float | None = None
    high: float | None = None


class Point(NamedTuple):
    """A point with a name, and why it stands out."""

    name: str
    x: float
    y: float
    marked: str | None = None


class Line(NamedTuple):
    """A line with a name."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def bars(title: str, rows: Sequence[Row], *, highest: float, text_width: int = 130) -> Html:
    """Return horizontal bars, one below the other."""
    axis = Axis(0, highest, _LABEL + 10, WIDTH - text_width)
    parts: list[object] = []
    for i, row in enumerate(rows):
        y = i * _ROW + 4
        name = shorten(row.name, 27)
        label = element("text", name, x=_LABEL, y=y + 12, class_="name", text_anchor="end")
        style = "mark" if row.marked else "one"
        tip = f"{row.name}: {row.text}" + (f"; {row.marked}" if row.marked else "")
        shapes = [
            element("title", tip),
            label,
            _rect(axis.begin, y, axis.end - axis.begin, _ROW - 6, "track"),
            _rect(axis.begin, y, axis.place(row.value) - axis.begin, _ROW - 6, style),
        ]
        if row.low is not None and row.high is not None:
            shapes += _whisker(axis.place(row.low), axis.place(row.high), y + (_ROW - 6) / 2)
        text = ("◆ " if row.marked else "") + row.text
        shapes.append(element("text", text, x=axis.end + 10, y=y + 12, class_="value"))
        parts.append(element("g", *shapes))
    return _svg(title, len(rows) * _ROW + 4, parts)


def histogram(
    title: str,
    values: Float64s,
    label: str,
    *,
    format: Callable[[float], str] = short_number,
    limits: tuple[float, float] | None = None,
    marked: Float64s | None = None,
    unit: str = "samples",
) -> Html:
    """Return how many values lie in bins of one width, with their median.

    Args:
        title: The title for readers that do not see it.
        values: At least one.
        label: The label of the values' axis.
        format: Writes a value.
        limits: The ends of the axis; None: those of the values.
        marked: Values that stand out, as diamonds below the axis.
        unit: The word for what is counted.
    """
    low, high = limits or (float(values.min()), float(values.max()))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(values, bins=_BINS, range=(low, high))
    x = Axis(low, high, 60, WIDTH - 20)
    y = Axis(0, max(float(counts.max()), 1) * 1.08, 190, 28)
    parts = _frame(x, y, label, unit, format, whole=True)
    for count, left, right in zip(counts.tolist(), edges[:-1], edges[1:], strict=True):
        if count:
            at, top = x.place(left), y.place(count)
            tip = f"{format(float(left))} to {format(float(right))}: {count:,} {unit}"
            bar = _rect(at + 0.5, top, x.place(right) - at - 1, 190 - top, "one")
            parts.append(element("g", element("title", tip), bar))
    median = float(np.median(values))
    at = x.place(median)
    parts.append(element("line", x1=at, x2=at, y1=20, y2=190, class_="median"))
    end = at > WIDTH - 160
    anchor = {"text_anchor": "end"} if end else {}
    text = f"median {format(median)}"
    parts.append(
        element("text", text, x=at + (-6 if end else 6), y=24, class_="halo value", **anchor)
    )
    for value in [] if marked is None else marked.tolist():
        parts.append(_diamond(x.place(value), 198, 4))
    return _svg(title, 240, parts)


def scatter(
    title: str, points: Sequence[Point], x_label: str, *, named: int = 12, unit: str = "tokens"
) -> Html:
    """Return points with a logarithmic x axis and a share as y; marked ones are diamonds.

    Args:
        title: The title for readers that do not see it.
        points: The points.
        x_label: The label of the x axis.
        named: Of how many marked ones the names stand beside them; more would cover each other.
        unit: The word for what x counts.
    """
    xs = [max(point.x, 1.0) for point in points]
    lowest = min(point.y for point in points)
    x = Axis(max(min(xs) * 0.8, 1), max(xs) * 1.25, 60, WIDTH - 20, log=True)
    y = Axis(max(lowest - 0.05, 0) if lowest > 0.5 else 0, 1, 290, 28)
    parts = _frame(x, y, x_label, "hit rate", short_number, y_format=lambda v: f"{v:.0%}")
    for point in sorted(points, key=lambda point: point.marked is not None):
        at, height = x.place(max(point.x, 1.0)), y.place(point.y)
        tip = f"{point.name}: {point.y:.1%}, {point.x:,.0f} {unit}"
        if point.marked is None:
            shape = element("circle", element("title", tip), cx=at, cy=height, r=3.5, class_="dot")
        else:
            tip += f"; {point.marked}"
            shape = element("g", element("title", tip), _diamond(at, height, 6))
        parts.append(shape)
    marked = [point for point in points if point.marked]
    for point in marked if len(marked) <= named else []:
        at, height = x.place(max(point.x, 1.0)), y.place(point.y)
        left = at > WIDTH / 2
        parts.append(
            element(
                "text",
                shorten(point.name, 30),
                x=at + (-10 if left else 10),
                y=height + 4,
                class_="halo value",
                text_anchor="end" if left else "start",
            )
        )
    return _svg(title, 340, parts)


def lines(
    title: str,
    series: Sequence[Line],
    x_label: str,
    *,
    format: Callable[[float], str],
    log: bool = False,
) -> Html:
    """Return lines over one x axis, each with its name at its end and a shape of its own.

    Values that are not finite are left out.

    Args:
        title: The title for readers that do not see it.
        series: The lines.
        x_label: The label of the x axis.
        format: Writes a value.
        log: Whether both axes are logarithmic, from 1 on.
    """
    kept = [
        Line(line.name, *zip(*pairs, strict=True))
        for line in series
        if (pairs := _finite(line.x, line.y))
    ]
    if not kept:
        return Html("")
    ys = [value for line in kept for value in line.y]
    xs = [value for line in kept for value in line.x]
    room = 0.06 * (max(ys) - min(ys) or abs(max(ys)) or 1)
    x = Axis(min(xs) if len(set(xs)) > 1 else 0, max(xs), 70, WIDTH - 20, log=log)
    y = Axis(min(ys) - room, max(ys) + room, 210, 24)
    if log:
        y = Axis(1, max(ys) * 1.3, 210, 24, log=True)
    parts = _frame(x, y, x_label, "", short_number, y_format=format)
    for i, line in enumerate(kept):
        style = ("first", "second", "third")[i % 3]
        places = [(x.place(a), y.place(b)) for a, b in zip(line.x, line.y, strict=True)]
        path = " ".join(f"{a:.1f},{b:.1f}" for a, b in places)
        parts.append(element("polyline", points=path, class_=f"line {style}"))
        if len(places) <= 60:
            for (a, b), step, value in zip(places, line.x, line.y, strict=True):
                tip = element("title", f"{line.name}, {x_label} {step:,.0f}: {format(value)}")
                parts.append(element("circle", tip, cx=a, cy=b, r=3, class_=f"knot {style}"))
        at = 80 + 150 * i
        parts.append(element("line", x1=at, x2=at + 26, y1=10, y2=10, class_=f"line {style}"))
        parts.append(element("text", line.name, x=at + 32, y=14, class_="value"))
    return _svg(title, 256, parts)


def _finite(x: Sequence[float], y: Sequence[float]) -> list[tuple[float, float]]:
    return [(a, b) for a, b in zip(x, y, strict=True) if np.isfinite(a) and np.isfinite(b)]


def _frame(
    x: Axis,
    y: Axis,
    x_label: str,
    y_label: str,
    format: Callable[[float], str],
    *,
    y_format: Callable[[float], str] = short_number,
    whole: bool = False,
) -> list[object]:
    """Return grid lines, ticks and labels; ``whole``: y has whole numbers only."""
    parts: list[object] = []
    for value in y.ticks(4):
        if whole and value != int(value):
            continue
        at = y.place(value)
        parts.append(element("line", x1=x.begin, x2=x.end, y1=at, y2=at, class_="grid"))
        text = y_format(value)
        parts.append(
            element("text", text, x=x.begin - 8, y=at + 4, class_="tick", text_anchor="end")
        )
    for value in x.ticks(6):
        at = x.place(value)
        parts.append(element("line", x1=at, x2=at, y1=y.begin, y2=y.begin + 5, class_="axis"))
        parts.append(
            element(
                "text", format(value), x=at, y=y.begin + 19, class_="tick", text_anchor="middle"
            )
        )
    parts.append(element("line", x1=x.begin, x2=x.end, y1=y.begin, y2=y.begin, class_="axis"))
    middle = (x.begin + x.end) / 2
    parts.append(
        element("text", x_label, x=middle, y=y.begin + 38, class_="label", text_anchor="middle")
    )
    if y_label:
        parts.append(element("text", y_label, x=4, y=12, class_="label"))
    return parts


def _rect(x: float, y: float, width: float, height: float, style: str) -> Html:
    return element("rect", x=x, y=y, width=max(width, 0.0), height=height, rx=2, class_=style)


def _whisker(left: float, right: float, y: float) -> list[Html]:
    path = f"M{left:.1f},{y - 4:g}v8M{left:.1f},{y:g}H{right:.1f}M{right:.1f},{y - 4:g}v8"
    # First wider in the colour of the page: it is seen on the bar and beside it.
    return [element("path", d=path, class_=style) for style in ("whisker wide", "whisker")]


def _diamond(x: float, y: float, size: float) -> Html:
    path = f"M{x:.1f},{y - size:.1f}l{size},{size}l-{size},{size}l-{size},-{size}z"
    return element("path", d=path, class_="mark")


def _svg(title: str, height: float, parts: Sequence[object]) -> Html:
    drawing = element(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {height:g}",
        role="img",
        aria_label=title,
        class_="chart",
    )
    return scrolling(title, drawing)


def scrolling(title: str, content: Html) -> Html:
    """Return what may be wider than the window in a box that scrolls, by keys too."""
    return element("div", content, class_="scroll", tabindex=0, role="region", aria_label=title)
