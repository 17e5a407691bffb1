# SPDX-License-Identifier: BSD-2-Clause
"""Evaluations of trainings: scores, confusion matrices, measures of embeddings, and their page."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from bedtok.report.confusion_matrix import SHOWN, confusion_chart, draw_confusion, shown_part
from bedtok.report.evaluation import (
    Classification,
    Evaluation,
    check_scikit_learn,
    classify_scores,
    drawn_cells,
    embedding_quality,
)
from bedtok.report.training_page import training_page

pytest.importorskip("sklearn")

HOSTILE = '<img src=x onerror="document.title=1">'


def result_of(true: Sequence[int], guessed: Sequence[int], classes: int) -> Classification:
    names = [f"class {i}" for i in range(classes)]
    return classify_scores(np.array(true), np.array(guessed), names)


def random_result(classes: int, cells: int, seed: int = 0) -> Classification:
    rng = np.random.default_rng(seed)
    true = rng.integers(0, classes, cells)
    guessed = np.where(rng.random(cells) < 0.7, true, rng.integers(0, classes, cells))
    return result_of(true.tolist(), guessed.tolist(), classes)


def test_scores_are_what_a_double_loop_counts() -> None:
    rng = np.random.default_rng(1)
    for classes in (2, 5):
        true = rng.integers(0, classes, 60).tolist()
        guessed = rng.integers(0, classes, 60).tolist()
        result = result_of(true, guessed, classes)
        for i in range(classes):
            for k in range(classes):
                pairs = zip(true, guessed, strict=True)
                assert result.confusion[i, k] == sum(pair == (i, k) for pair in pairs)
        f1s = []
        for i, score in enumerate(result.scores):
            both = sum(t == g == i for t, g in zip(true, guessed, strict=True))
            assert (score.name, score.support) == (f"class {i}", true.count(i))
            assert score.predicted == guessed.count(i)
            assert score.precision == pytest.approx(both / guessed.count(i))
            assert score.recall == pytest.approx(both / true.count(i))
            f1s.append(2 * both / (guessed.count(i) + true.count(i)))
            assert score.f1 == pytest.approx(f1s[-1])
        right = sum(t == g for t, g in zip(true, guessed, strict=True))
        assert result.accuracy == pytest.approx(right / 60)
        assert result.macro_f1 == pytest.approx(sum(f1s) / classes)


def test_classes_without_cells_or_predictions_have_no_score() -> None:
    # Class 1 is never predicted, class 2 has no cells, class 3 has neither.
    result = result_of([0, 0, 1, 1], [0, 2, 0, 0], 4)
    scores = result.scores
    assert math.isnan(scores[1].precision) and scores[1].recall == scores[1].f1 == 0
    assert scores[2].precision == 0 and math.isnan(scores[2].recall) and scores[2].f1 == 0
    assert all(math.isnan(value) for value in scores[3][3:])
    assert result.macro_f1 == pytest.approx((2 / 5) / 3)  # of the first three
    assert result.mistakes(9) == [("class 1", "class 0", 2, 1.0), ("class 0", "class 2", 1, 0.5)]
    assert result.mistakes(1) == [("class 1", "class 0", 2, 1.0)]
    values = Evaluation(4, 4, "a part", result, None).to_dict()
    assert json.loads(json.dumps(values, allow_nan=False)) == values
    assert values["classes"][1]["precision"] is None
    assert values["confusion"] == [[1, 0, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def points(
    labels: Sequence[str], seed: int = 0
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return points of which those of a label are close to each other."""
    rng = np.random.default_rng(seed)
    corners = {label: rng.normal(size=8) for label in sorted(set(labels))}
    return np.array([corners[label] + 0.1 * rng.normal(size=8) for label in labels])


def test_embeddings_are_measured_and_what_is_left_out_is_said() -> None:
    labels = ["ab"[i % 2] for i in range(60)]
    batches = ["xy"[i // 2 % 2] for i in range(60)]
    apart = embedding_quality(points(labels), labels, batches, 60)
    assert apart.values["ari"] == apart.values["nmi"] == pytest.approx(1)
    assert set(apart.values) == {"ari", "nmi", "silhouette_label", "silhouette_batch"}
    assert (apart.cells, apart.notes) == (60, [])

    def notes(labels: Sequence[str], batches: Sequence[str | None] | None, of: int) -> str:
        found = embedding_quality(points(labels), labels, batches, of)
        assert "silhouette_batch" not in found.values
        return " ".join(found.notes)

    assert notes(labels, None, 60) == ""
    assert "no silhouette of batches: 1 cells have no batch" in notes(
        labels, [None, *batches[1:]], 60
    )
    assert "no silhouette of batches: all cells are of 'x'" in notes(labels, ["x"] * 60, 60)
    assert "60 of 900 cells with a label, drawn at random" in notes(labels, None, 900)
    assert "The cells have one label" in notes(["a"] * 60, batches, 60)
    # No label has cells of two batches.
    assert "There is no silhouette_batch" in notes(labels, labels, 60)


def test_of_many_cells_some_are_drawn_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = [None if i % 3 == 0 else "ab"[i % 2] for i in range(90)]
    known = [i for i, label in enumerate(labels) if label is not None]
    assert drawn_cells(labels).tolist() == known
    monkeypatch.setattr("bedtok.report.evaluation._EMBEDDED", 20)
    drawn = drawn_cells(labels).tolist()
    assert len(drawn) == 20 and drawn == sorted(set(drawn)) and set(drawn) < set(known)
    assert drawn_cells(labels).tolist() == drawn
    monkeypatch.setattr("bedtok.report.evaluation._COMPARED", 50)
    texts = [label for label in labels if label is not None]
    found = embedding_quality(points(texts), texts, None, len(texts))
    assert found.notes == ["Silhouettes are those of 50 of them, drawn at random."]


def test_without_scikit_learn_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    with pytest.raises(ImportError, match=r"^an evaluation with labels needs scikit-learn: pip in"):
        check_scikit_learn()


# ---- pictures


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of_class(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for _, attributes in self.tags if attributes.get("class") == name]


def test_a_confusion_matrix_is_drawn_cell_by_cell() -> None:
    result = result_of([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 1, 0], 4)
    part = shown_part(result)
    assert part.names == ["class 0", "class 1", "class 2"] and part.left_out == 0
    page = Tags(confusion_chart("Confusion", part))
    shares = [attributes["style"] for attributes in page.of_class("share")]
    assert shares == ["--share:0.667", "--share:0.333", "--share:1.000", "--share:1.000"]
    assert len(page.of_class("diagonal")) == 3
    assert "class 0 predicted as class 1: 1 of 3 cells (33.3%)" in page.text
    assert "class 0 (3)" in page.text


def test_of_many_classes_the_smallest_are_joined() -> None:
    result = random_result(SHOWN + 25, 4000)
    part = shown_part(result)
    assert len(part.names) == SHOWN and part.left_out == 26 and part.names[-1] == "26 others"
    assert part.counts.sum() == 4000
    sizes = result.confusion.sum(axis=1)
    kept = [result.classes.index(name) for name in part.names[:-1]]
    assert part.counts.sum(axis=1)[:-1].tolist() == sizes[kept].tolist()
    assert min(sizes[kept]) >= np.sort(sizes)[26 - 1]
    assert part.counts[-1, -1] >= sum(result.confusion[i, i] for i in set(range(65)) - set(kept))
    assert len(shown_part(random_result(SHOWN, 4000)).names) == SHOWN


def evaluation_of(result: Classification, source: str) -> Evaluation:
    labels = ["ab"[i % 2] for i in range(40)]
    quality = embedding_quality(points(labels), labels, ["x"] * 40, 80)
    return Evaluation(100, 90, source, result, quality)


def test_the_page_of_a_training_has_its_evaluation() -> None:
    names = ["B", HOSTILE, "T" * 60]
    result = classify_scores(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), names)
    text = training_page("model", [], {"eval_loss": 0.5}, "", evaluation_of(result, HOSTILE))
    page = Tags(text)
    assert "<img" not in text
    for words in (
        "Evaluated on 100 rows: ",
        "90 of them have a label",
        "Scores of each class",
        "Confusion matrix",
        "Most frequent mistakes",
        "adjusted Rand index",
        "There is no silhouette of batches: all cells are of 'x'.",
        "macro F1",
    ):
        assert words in page.text
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids)) and {"class-scores", "confusion", "embeddings"} <= set(ids)
    assert "--eval-fraction" not in page.text
    # Without an evaluation the page says how to get one.
    assert "hold rows out: --eval-fraction" in Tags(training_page("m", [], {}, "")).text


def test_only_embeddings_are_evaluated_without_a_classifier() -> None:
    labels = ["ab"[i % 2] for i in range(40)]
    quality = embedding_quality(points(labels), labels, None, 40)
    evaluation = Evaluation(40, 40, "10 % of all, held out", None, quality)
    assert set(evaluation.metrics()) == {"eval_ari", "eval_nmi", "eval_silhouette_label"}
    text = Tags(training_page("m", [], {"eval_loss": 1.0}, "", evaluation)).text
    assert "Evaluated on 40 rows: 10 % of all, held out. All of them have a label." in text
    assert "Confusion" not in text


def test_a_confusion_matrix_is_a_picture(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    draw_confusion(tmp_path / "c.png", "$model", shown_part(random_result(3, 500)))
    picture = pyplot.imread(tmp_path / "c.png")[..., :3]
    blue = (picture[..., 2] - picture[..., 0] > 0.3).sum()  # cells of the diagonal
    assert blue > 1000
