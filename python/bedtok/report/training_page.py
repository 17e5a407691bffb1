# SPDX-License-Identifier: BSD-2-Clause
"""Pictures of a training: a page of its own, and a PNG by matplotlib."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bedtok._checks import import_optional
from bedtok._html import Html
from bedtok.report.charts import Line, lines
from bedtok.report.elements import element, join
from bedtok.report.page import Cell, Column, note, page, table, tiles

PAGE_NAME = "training.html"
PICTURE_NAME = "metrics.png"

_PREFIX = "eval_"
# What is not learned: speeds, and counts of what was done.
_NOT_DRAWN = ("runtime", "per_second", "epoch", "step", "total_flos", "flos", "num_")
_TITLES = {"loss": "Loss", "learning_rate": "Learning rate", "grad_norm": "Norm of the gradient"}
_POINTS = 2000  # of a line: a page and a picture have no room for more


class Curve(NamedTuple):
    """A value of training and evaluation over the steps.

    Attributes:
        name: Its name in the log, without ``eval_``.
        lines: The values that were logged: of training, of evaluation, or of both.
    """

    name: str
    lines: list[Line]

    @property
    def title(self) -> str:
        """Its name for people."""
        text = self.name.replace("_", " ")
        return _TITLES.get(self.name, text[:1].upper() + text[1:])


def curves_of(history: Sequence[Mapping[str, Any]]) -> list[Curve]:
    """Return the curves in a log of Trainer (``state.log_history``), the loss first.

    A step that was logged twice, before and after a resume, has its last value. Of a line longer
    than 2,000 points every n-th is taken.
    """
    values: dict[str, dict[int, float]] = {}
    for entry in history:
        for name, value in entry.items():
            number = isinstance(value, (int, float)) and not isinstance(value, bool)
            if number and "step" in entry and not any(part in name for part in _NOT_DRAWN):
                values.setdefault(name, {})[int(entry["step"])] = float(value)
    values.pop("train_loss", None)  # the mean over all steps
    names = list(dict.fromkeys(name.removeprefix(_PREFIX) for name in values))
    order = sorted(names, key=lambda name: (name not in _TITLES, [*_TITLES, name].index(name)))
    return [
        Curve(
            name,
            [
                _line(label, values[key])
                for key, label in ((name, "training"), (_PREFIX + name, "evaluation"))
                if key in values
            ],
        )
        for name in order
    ]


def _line(name: str, points: Mapping[int, float]) -> Line:
    steps = sorted(points)
    stride = -(-len(steps) // _POINTS)
    kept = steps[::stride]
    if kept[-1] != steps[-1]:
        kept.append(steps[-1])
    return Line(name, kept, [points[step] for step in kept])


def training_page(
    title: str,
    history: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, float],
    config: str,
) -> str:
    """Return the page of a training.

    Args:
        title: Its name.
        history: The log of Trainer.
        metrics: Its results.
        config: Its configuration as TOML.
    """
    curves = curves_of(history)
    facts = [("steps", f"{int(metrics['steps']):,}", "")] if "steps" in metrics else []
    for name in ("train_loss", "eval_loss"):
        if name in metrics:
            facts.append((name.replace("_", " "), f"{metrics[name]:.4g}", ""))
    drawn = [
        (curve.name.replace("_", "-"), curve.title, _chart(curve))
        for curve in curves
        if any(line.y for line in curve.lines)
    ]
    rows = [[Cell(name), Cell(f"{value:.6g}", value)] for name, value in sorted(metrics.items())]
    results = table("Results", [Column("metric"), Column("value", number=True)], rows)
    sections = [
        ("summary", "Summary", join(tiles(facts), results)),
        *drawn,
        ("config", "Configuration", _config(config)),
    ]
    return page(title, note("A training by bedtok train."), sections)


def _chart(curve: Curve) -> Html:
    return lines(f"{curve.title} by step", curve.lines, "step", format=lambda y: f"{y:.4g}")


def _config(text: str) -> Html:
    block = element("pre", element("code", *_lines(text)))
    return element(
        "div", block, class_="scroll", tabindex=0, role="region", aria_label="Configuration"
    )


def _lines(text: str) -> list[Html]:
    """Return the lines of a text, each escaped, with their ends."""
    return [join(join(line), Html("\n")) for line in text.splitlines()]


def has_matplotlib() -> bool:
    """Return whether matplotlib is installed."""
    return importlib.util.find_spec("matplotlib") is not None


def draw_curves(
    path: str | os.PathLike[str], title: str, history: Sequence[Mapping[str, Any]]
) -> None:
    """Write the curves as PNG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    curves = curves_of(history)
    figure_class = import_optional("matplotlib.figure", "the picture of a training").Figure
    columns = min(max(len(curves), 1), 3)
    rows = -(-max(len(curves), 1) // columns)
    figure = figure_class(figsize=(4.2 * columns, 3 * rows), layout="constrained")
    figure.suptitle(title.replace("$", r"\$"), fontsize="medium")
    for i, curve in enumerate(curves):
        axes = figure.add_subplot(rows, columns, i + 1)
        for line, style in zip(curve.lines, ("-", "--"), strict=False):
            marker = "o" if len(line.x) <= 60 else None
            axes.plot(line.x, line.y, style, marker=marker, ms=3, label=line.name)
        axes.set_title(curve.title, fontsize="medium", loc="left")
        axes.set_xlabel("step")
        axes.spines[["top", "right"]].set_visible(False)
        if len(curve.lines) > 1:
            axes.legend(frameon=False, fontsize="small")
    figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
