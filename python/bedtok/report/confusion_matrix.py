# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a confusion matrix: as SVG in the colours of the page, and by matplotlib."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok._html import Html
from bedtok.report.charts import WIDTH, scrolling
from bedtok.report.elements import element, shorten
from bedtok.report.evaluation import Classification

Int64s = npt.NDArray[np.int64]

SHOWN = 40  # classes: names of more cannot be read
_WRITTEN = 24  # classes up to which cells have their share as text
_RIGHT = 48  # room for the last name above
_WIDE = 0.6  # of a character, in sizes of the font
_LARGEST = 34  # side of a cell
_NAME = 22  # characters of names where there are numbers; smaller names may be longer


class Shown(NamedTuple):
    """The part of a confusion matrix that is drawn.

    Attributes:
        names: Of the classes; the last may stand for all that are left out.
        counts: int64, shape (classes, classes).
        left_out: Number of classes that are joined in the last.
    """

    names: list[str]
    counts: Int64s
    left_out: int

    @property
    def has_numbers(self) -> bool:
        """Whether there is room for numbers in the cells."""
        return len(self.names) <= _WRITTEN

    def shares(self) -> npt.NDArray[np.float64]:
        """Return each row divided by its sum; zeros where that is 0."""
        totals = np.maximum(self.counts.sum(axis=1, keepdims=True), 1)
        shares: npt.NDArray[np.float64] = self.counts / totals
        return shares


def shown_part(result: Classification) -> Shown:
    """Return the confusion matrix of classes with cells or predictions.

    Of more than 40 the smallest are joined.
    """
    counts = result.confusion
    size = counts.sum(axis=1)
    used = np.flatnonzero(size + counts.sum(axis=0))
    if len(used) <= SHOWN:
        return Shown([result.classes[i] for i in used], counts[np.ix_(used, used)], 0)
    largest = used[np.argsort(-size[used], kind="stable")[: SHOWN - 1]]
    kept = np.sort(largest)
    others = np.setdiff1d(used, kept)
    rows = np.concatenate([counts[kept], counts[others].sum(axis=0, keepdims=True)])
    joined = np.concatenate([rows[:, kept], rows[:, others].sum(axis=1, keepdims=True)], axis=1)
    names = [*(result.classes[i] for i in kept), f"{len(others)} others"]
    return Shown(names, joined, len(others))


def confusion_chart(title: str, part: Shown) -> Html:
    """Return the matrix as SVG, true classes as rows, predicted ones as columns.

    Colours are shares of the rows.

    Args:
        title: The title for readers that do not see it.
        part: At least one class.
    """
    count = len(part.names)
    totals = part.counts.sum(axis=1).tolist()
    longest = _NAME if part.has_numbers else _NAME + 12
    size = 12.5 if part.has_numbers else 8.5
    rows = [
        f"{shorten(name, longest)} ({total:,})"
        for name, total in zip(part.names, totals, strict=True)
    ]
    columns = [shorten(name, longest - 4) for name in part.names]
    left = 36 + _WIDE * size * max(map(len, rows))
    top = 20 + 0.87 * _WIDE * size * max(map(len, columns))  # names stand at 60 degrees
    side = min((WIDTH - left - _RIGHT) / count, _LARGEST)
    frame = count * side
    parts: list[object] = []
    for i, (row, column) in enumerate(zip(rows, columns, strict=True)):
        middle = (i + 0.5) * side
        style = {"style": f"font-size:{size:.1f}px", "class_": "name"}
        y = top + middle + size / 3
        parts.append(element("text", row, x=left - 8, y=y, text_anchor="end", **style))
        at = f"translate({left + middle + size / 3:.1f} {top - 6:.1f}) rotate(-60)"
        parts.append(element("text", column, transform=at, **style))
    parts.append(element("rect", x=left, y=top, width=frame, height=frame, class_="frame"))
    shares = part.shares()
    for i, k in zip(*np.nonzero(part.counts), strict=True):
        text = f"{100 * shares[i, k]:.0f}" if part.has_numbers and shares[i, k] >= 0.005 else ""
        tip = (
            f"{part.names[i]} predicted as {part.names[k]}: {part.counts[i, k]:,} of "
            f"{totals[i]:,} cells ({shares[i, k]:.1%})"
        )
        parts.append(_cell(left + k * side, top + i * side, side, shares[i, k], tip, text))
    for i in range(count):
        place = {"x": left + i * side, "y": top + i * side, "width": side, "height": side}
        parts.append(element("rect", class_="diagonal", **place))
    words = {"class_": "label", "text_anchor": "middle"}
    below = top + frame + 20
    parts.append(element("text", "predicted class", x=left + frame / 2, y=below, **words))
    turned = f"translate(12 {top + frame / 2:.1f}) rotate(-90)"
    parts.append(element("text", "true class (cells)", transform=turned, **words))
    drawing = element(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH} {below + 8:g}",
        role="img",
        aria_label=title,
        class_="chart",
    )
    return scrolling(title, drawing)


def _cell(x: float, y: float, side: float, share: float, tip: str, text: str) -> Html:
    shape = element(
        "rect", x=x, y=y, width=side, height=side, class_="share", style=f"--share:{share:.3f}"
    )
    if not text:
        return element("g", element("title", tip), shape)
    size = min(side * 0.42, 12)
    number = element(
        "text",
        text,
        x=x + side / 2,
        y=y + side / 2 + size / 3,
        text_anchor="middle",
        style=f"font-size:{size:.1f}px",
    )
    return element("g", element("title", tip), shape, number)


def draw_confusion(path: str | os.PathLike[str], title: str, part: Shown) -> None:
    """Write the matrix as PNG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure_class = import_optional("matplotlib.figure", "the picture of an evaluation").Figure
    count = len(part.names)
    side = 3.2 + 0.3 * max(count, 4)
    figure = figure_class(figsize=(side + 0.8, side), layout="constrained")
    axes = figure.add_subplot()
    shares = part.shares()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    # A dollar sign would begin a formula.
    names = [shorten(name, 30).replace("$", r"\$") for name in part.names]
    totals = part.counts.sum(axis=1).tolist()
    rows = [f"{name} ({total:,})" for name, total in zip(names, totals, strict=True)]
    axes.set_xticks(range(count), names, rotation=90, fontsize="small")
    axes.set_yticks(range(count), rows, fontsize="small")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class (cells)")
    axes.set_title(title.replace("$", r"\$"), fontsize="medium", loc="left")
    if part.has_numbers:
        for row, column in zip(*np.nonzero(shares >= 0.005), strict=True):
            share = shares[row, column]
            colour = "white" if share > 0.6 else "black"
            style = {"ha": "center", "va": "center", "fontsize": 7, "color": colour}
            axes.text(column, row, f"{100 * share:.0f}", **style)
    bar = figure.colorbar(image, ax=axes, shrink=0.7)
    bar.set_label("share of the true class")
    figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
