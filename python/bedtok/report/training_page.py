# SPDX-License-Identifier: BSD-2-Clause
"""Pictures of a training: a page of its own, and a PNG by matplotlib."""

from __future__ import annotations

import importlib.util
import math
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bedtok._checks import import_optional
from bedtok._html import Html
from bedtok.report.charts import Line, lines
from bedtok.report.confusion_matrix import confusion_chart, draw_confusion, shown_part
from bedtok.report.elements import element, join
from bedtok.report.evaluation import Classification, EmbeddingQuality, Evaluation
from bedtok.report.page import Cell, Column, note, page, table, tiles

PAGE_NAME = "training.html"
PICTURE_NAME = "metrics.png"
CONFUSION_NAME = "confusion_matrix.png"

_PREFIX = "eval_"
# What is not learned: speeds, and counts of what was done.
_NOT_DRAWN = ("runtime", "per_second", "epoch", "step", "total_flos", "flos", "num_")
_TITLES = {"loss": "Loss", "learning_rate": "Learning rate", "grad_norm": "Norm of the gradient"}
_TITLES |= {"accuracy": "Accuracy", "macro_f1": "Macro F1"}
_POINTS = 2000  # of a line: a page and a picture have no room for more
_MISTAKES = 10  # that are listed
_MEASURES = {
    "ari": ("adjusted Rand index", "clusters and labels agree: 1; are unrelated: about 0"),
    "nmi": ("normalized mutual information", "of clusters and labels, 0 to 1"),
    "silhouette_label": ("silhouette of labels", "labels are apart: 1; overlap: 0.5"),
    "silhouette_batch": ("silhouette of batches", "batches of a label are mixed: 1; apart: 0"),
}


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
    evaluation: Evaluation | None = None,
) -> str:
    """Return the page of a training.

    Args:
        title: Its name.
        history: The log of Trainer.
        metrics: Its results.
        config: Its configuration as TOML.
        evaluation: Of its labels; None: there is none.
    """
    curves = curves_of(history)
    facts = [("steps", f"{int(metrics['steps']):,}", "")] if "steps" in metrics else []
    for name in ("train_loss", "eval_loss"):
        if name in metrics:
            facts.append((name.replace("_", " "), f"{metrics[name]:.4g}", ""))
    if evaluation is not None and evaluation.classification is not None:
        facts.append(("accuracy", f"{evaluation.classification.accuracy:.3f}", ""))
        facts.append(("macro F1", f"{evaluation.classification.macro_f1:.3f}", ""))
    if not any(name.startswith(_PREFIX) for name in metrics):
        facts.append(("evaluation", "none", "hold rows out: --eval-fraction, --eval-batches"))
    drawn = [
        (curve.name.replace("_", "-"), curve.title, _chart(curve))
        for curve in curves
        if any(line.y for line in curve.lines)
    ]
    rows = [[Cell(name), Cell(f"{value:.6g}", value)] for name, value in sorted(metrics.items())]
    results = table("Results", [Column("metric"), Column("value", number=True)], rows)
    sections = [
        ("summary", "Summary", join(tiles(facts), results)),
        *([] if evaluation is None else _evaluated(evaluation)),
        *drawn,
        ("config", "Configuration", _config(config)),
    ]
    return page(title, note("A training by bedtok train."), sections)


def _evaluated(evaluation: Evaluation) -> list[tuple[str, str, Html]]:
    """Return the sections of an evaluation."""
    rows = note(
        f"Evaluated on {evaluation.rows:,} rows: {evaluation.source}. "
        + ("All" if evaluation.labelled == evaluation.rows else f"{evaluation.labelled:,}")
        + " of them have a label."
    )
    sections = []
    if evaluation.classification is not None:
        content = join(rows, _classes(evaluation.classification))
        sections.append(("classes", "Classes", content))
        matrix = _confusion(evaluation.classification)
        sections.append(("confusion", "Confusion matrix", matrix))
    if evaluation.embeddings is not None:
        content = join(None if sections else rows, _embeddings(evaluation.embeddings))
        sections.append(("embeddings", "Embeddings", content))
    return sections


def _classes(result: Classification) -> Html:
    columns = [Column("class")]
    columns += [Column(name, number=True) for name in ("cells", "precision", "recall", "F1")]
    rows = [
        [
            Cell(score.name),
            Cell(f"{score.support:,}", score.support),
            *(_share(value) for value in (score.precision, score.recall, score.f1)),
        ]
        for score in result.scores
    ]
    text = note(
        "Precision: share of the cells predicted as a class that are of it; recall: share of its "
        "cells that are predicted as it; F1: their harmonic mean. Macro F1 is the mean over the "
        "classes that have cells here or are predicted."
    )
    return join(text, table("Scores of each class", columns, rows, name="class-scores"))


def _share(value: float) -> Cell:
    return Cell("-", -1.0) if math.isnan(value) else Cell(f"{value:.3f}", value)


def _confusion(result: Classification) -> Html:
    part = shown_part(result)
    text = "Colours are shares of the true class"
    text += ", numbers are percent of it." if part.has_numbers else "; point at a cell to read its."
    if part.left_out:
        text += f" The {part.left_out:,} classes with the fewest cells are joined."
    mistakes = [
        [Cell(true), Cell(named), Cell(f"{cells:,}", cells), Cell(f"{share:.1%}", share)]
        for true, named, cells, share in result.mistakes(_MISTAKES)
    ]
    columns = [Column("true class"), Column("predicted as")]
    columns += [Column("cells", number=True), Column("of the class", number=True)]
    listed = table("Most frequent mistakes", columns, mistakes) if mistakes else None
    return join(note(text), confusion_chart("Confusion matrix", part), listed)


def _embeddings(quality: EmbeddingQuality) -> Html:
    rows = [
        [Cell(name), Cell(meaning), Cell(f"{quality.values[key]:.3f}", quality.values[key])]
        for key, (name, meaning) in _MEASURES.items()
        if key in quality.values
    ]
    columns = [Column("measure"), Column("meaning"), Column("value", number=True)]
    caption = f"Embeddings of {quality.cells:,} cells; more is better (as in scib)"
    listed = table(caption, columns, rows) if rows else None
    return join(*(note(text) for text in quality.notes), listed)


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


def draw_evaluation(path: str | os.PathLike[str], title: str, result: Classification) -> None:
    """Write the confusion matrix of a training as PNG.

    Raises:
        ImportError: matplotlib is not installed.
    """
    scores = f"accuracy {result.accuracy:.3f}, macro F1 {result.macro_f1:.3f}"
    draw_confusion(path, f"{title}: {scores}", shown_part(result))


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
