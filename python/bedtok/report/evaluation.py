# SPDX-License-Identifier: BSD-2-Clause
"""How well a model predicts the labels of cells, and embeds them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok.metrics import embedding_metrics

Int64s = npt.NDArray[np.int64]

_PURPOSE = "an evaluation with labels"
_SEED = 0  # of the cells that are drawn, and of k-means: evaluations are compared
_EMBEDDED = 20_000  # cells: k-means of a million takes longer than many a training
_COMPARED = 5_000  # cells of silhouettes, which take time with its square


class ClassScore(NamedTuple):
    """How well a class is predicted.

    Attributes:
        name: The class.
        support: Number of cells of the class.
        predicted: Number of cells that are predicted as it.
        precision: Share of the cells predicted as it that are of the class; NaN if there are none.
        recall: Share of its cells that are predicted as it; NaN if it has no cells.
        f1: Harmonic mean of both; 0 if none is right, NaN if it has no cells and is not predicted.
    """

    name: str
    support: int
    predicted: int
    precision: float
    recall: float
    f1: float


class Classification(NamedTuple):
    """How well classes are predicted.

    Attributes:
        classes: Names of the classes.
        confusion: int64, shape (classes, classes): number of cells of the class of the row that are
            predicted as that of the column.
        accuracy: Share of the cells whose class is predicted.
        macro_f1: Mean of F1 over the classes that have cells or are predicted.
        scores: Of each class.
    """

    classes: list[str]
    confusion: Int64s
    accuracy: float
    macro_f1: float
    scores: list[ClassScore]

    def mistakes(self, count: int) -> list[tuple[str, str, int, float]]:
        """Return the most frequent mistakes: true and predicted class, cells, share of the true."""
        wrong = self.confusion.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:count]
        found = []
        for true, guessed in zip(*np.unravel_index(order, wrong.shape), strict=True):
            if cells := int(wrong[true, guessed]):
                share = cells / int(self.confusion[true].sum())
                found.append((self.classes[true], self.classes[guessed], cells, share))
        return found


class EmbeddingQuality(NamedTuple):
    """How well embeddings keep labels apart and batches together.

    Attributes:
        values: Measures of ``bedtok.metrics.embedding_metrics`` by name; those that are NaN are
            left out.
        cells: Number of cells that are embedded.
        notes: What is left out, or drawn, and why.
    """

    values: dict[str, float]
    cells: int
    notes: list[str]


class Evaluation(NamedTuple):
    """The evaluation of a training.

    Attributes:
        rows: Number of rows.
        labelled: Number of those whose label is known.
        source: How the rows were chosen.
        classification: Of a classifier; None: the model is none.
        embeddings: Of cells with labels; None: there are none.
    """

    rows: int
    labelled: int
    source: str
    classification: Classification | None
    embeddings: EmbeddingQuality | None

    def metrics(self) -> dict[str, float]:
        """Return the measures by name, as in ``metrics.json``."""
        values: dict[str, float] = {}
        if self.classification is not None:
            values["eval_accuracy"] = self.classification.accuracy
            values["eval_macro_f1"] = self.classification.macro_f1
        if self.embeddings is not None:
            values |= {f"eval_{name}": value for name, value in self.embeddings.values.items()}
        return values

    def to_dict(self) -> dict[str, Any]:
        """Return it as values of JSON; what is not known is None."""
        result: dict[str, Any] = {
            "rows": self.rows,
            "labelled": self.labelled,
            "source": self.source,
        }
        if (named := self.classification) is not None:
            result |= {
                "accuracy": named.accuracy,
                "macro_f1": named.macro_f1,
                "classes": [
                    {key: _known(value) for key, value in score._asdict().items()}
                    for score in named.scores
                ],
                "confusion": named.confusion.tolist(),
            }
        if self.embeddings is not None:
            result["embeddings"] = self.embeddings._asdict()
        return result


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def check_scikit_learn() -> None:
    """Raise ImportError, before hours of training, if what measures is not installed."""
    for module in ("sklearn.cluster", "sklearn.metrics"):
        import_optional(module, _PURPOSE, "scikit-learn")


def classify_scores(true: Int64s, guessed: Int64s, classes: Sequence[str]) -> Classification:
    """Return how well classes are predicted.

    Args:
        true: Number of the class of each cell, shape (cells,); at least one cell.
        guessed: Number of the class that each is predicted as, shape (cells,).
        classes: Names of the classes.
    """
    measures = import_optional("sklearn.metrics", _PURPOSE, "scikit-learn")
    numbers = np.arange(len(classes))
    confusion = measures.confusion_matrix(true, guessed, labels=numbers)
    columns = measures.precision_recall_fscore_support(
        true, guessed, labels=numbers, zero_division=np.nan
    )
    scores = [
        ClassScore(name, int(support), int(named), float(precision), float(recall), float(f1))
        for name, precision, recall, f1, support, named in zip(
            classes, *columns, confusion.sum(axis=0), strict=True
        )
    ]
    return Classification(
        list(classes),
        confusion,
        float(measures.accuracy_score(true, guessed)),
        float(measures.f1_score(true, guessed, average="macro", zero_division=0.0)),
        scores,
    )


def drawn_cells(labels: Sequence[str | None]) -> Int64s:
    """Return the positions of labelled cells: all, or as many as are embedded, by a fixed seed."""
    known = np.flatnonzero([label is not None for label in labels])
    if len(known) <= _EMBEDDED:
        return known
    return np.sort(np.random.default_rng(_SEED).choice(known, _EMBEDDED, replace=False))


def embedding_quality(
    embeddings: Any, labels: Sequence[str], batches: Sequence[str | None] | None, of: int
) -> EmbeddingQuality:
    """Return how well embeddings keep labels apart and batches together.

    Args:
        embeddings: Shape (cells, width).
        labels: The label of each cell.
        batches: The batch of each, None where it is not known; None: none is.
        of: Number of cells of which these were drawn.
    """
    count = len(labels)
    notes = []
    if count < of:
        notes.append(f"{count:,} of {of:,} cells with a label, drawn at random, are embedded.")
    if len(set(labels)) < 2:
        notes.append("The cells have one label, so that nothing is to be kept apart.")
        return EmbeddingQuality({}, count, notes)
    if count > _COMPARED:
        notes.append(f"Silhouettes are those of {_COMPARED:,} of them, drawn at random.")
    known = batches
    if batches is not None and (reason := _no_silhouette(batches)):
        notes.append(f"There is no silhouette of batches: {reason}.")
        known = None
    values = embedding_metrics(embeddings, labels, known, seed=_SEED, sample_size=_COMPARED)
    for name in [name for name, value in values.items() if math.isnan(value)]:
        del values[name]
        notes.append(f"There is no {name}: the cells that were compared are too few.")
    return EmbeddingQuality(values, count, notes)


def _no_silhouette(batches: Sequence[str | None]) -> str:
    unknown = sum(batch is None for batch in batches)
    if unknown:
        return f"{unknown:,} cells have no batch"
    return "" if len(set(batches)) > 1 else f"all cells are of {batches[0]!r}"
