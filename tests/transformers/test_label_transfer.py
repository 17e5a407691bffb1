# SPDX-License-Identifier: BSD-2-Clause
"""Labels by nearest neighbors, against a double loop and scikit-learn's classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from bedtok import ConfigError
from bedtok.atacformer import transfer_labels

neighbors = pytest.importorskip("sklearn.neighbors")


def three_groups(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(seed)
    labels = np.array(["B", "NK", "T"], dtype=object)[np.arange(count) % 3]
    centers = {"B": [4, 0, 0, 1], "NK": [0, 4, 0, 1], "T": [0, 0, 4, 1]}
    points = np.array([centers[label] for label in labels]) + chance.normal(size=(count, 4))
    return points.astype(np.float32), labels


KNOWN, LABELS = three_groups(90, 0)
QUERY, TRUTH = three_groups(30, 1)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("weights", ["distance", "uniform"])
def test_votes_are_those_of_scikit_learn(metric: Any, weights: Any) -> None:
    found = transfer_labels(KNOWN, LABELS, QUERY, k=7, metric=metric, weights=weights)
    classifier = neighbors.KNeighborsClassifier(7, metric=metric, weights=weights)
    classifier.fit(KNOWN, LABELS.astype(str))
    expected = classifier.predict_proba(QUERY)
    assert found.classes.tolist() == ["B", "NK", "T"]
    np.testing.assert_allclose(found.probabilities, expected, atol=1e-4)
    np.testing.assert_allclose(found.confidence, expected.max(axis=1), atol=1e-4)
    assert (found.labels == TRUTH).mean() > 0.9
    assert found.max_distance is None


def test_a_cell_of_the_reference_gets_its_own_label() -> None:
    found = transfer_labels(torch.from_numpy(KNOWN), LABELS, torch.from_numpy(KNOWN[5:9]), k=9)
    assert found.labels.tolist() == LABELS[5:9].tolist()
    assert found.confidence.tolist() == [1.0] * 4
    # Of wide embeddings scikit-learn's distance of a cell to itself is not quite 0.
    wide = 30 * np.random.default_rng(0).normal(size=(90, 64))
    found = transfer_labels(wide, LABELS, wide[5:9], k=9, metric="euclidean")
    assert found.confidence.tolist() == [1.0] * 4


def test_cells_far_from_the_reference_are_unknown() -> None:
    far = np.array([[-5, -5, -5, -9]], dtype=np.float32)
    query = np.concatenate([QUERY, far])
    found = transfer_labels(KNOWN, LABELS, query, k=5, unknown_quantile=0.99, unknown_label="?")
    own, _ = neighbors.NearestNeighbors(n_neighbors=5, metric="cosine").fit(KNOWN).kneighbors()
    assert found.max_distance == pytest.approx(np.quantile(own.mean(axis=1), 0.99))
    assert found.labels[-1] == "?"
    assert (found.labels[:-1] == "?").sum() <= 2
    assert found.confidence[-1] > 0
    given = transfer_labels(KNOWN, LABELS, query, k=5, max_distance=found.max_distance)
    assert (given.labels == "unknown").tolist() == (found.labels == "?").tolist()


def test_numbers_are_labels_and_no_query_is_no_result() -> None:
    found = transfer_labels(KNOWN, np.arange(90) % 3, QUERY, k=3)
    assert found.labels.tolist() == [{"B": 0, "NK": 1, "T": 2}[label] for label in TRUTH]
    empty = transfer_labels(KNOWN, LABELS, QUERY[:0])
    assert (len(empty.labels), empty.probabilities.shape) == (0, (0, 3))


def test_what_does_not_fit_is_refused() -> None:
    for given, keywords, message in (
        ((KNOWN, LABELS[:3], QUERY), {}, "labels: got 3, expected 90, one a reference cell"),
        ((KNOWN, LABELS, QUERY[:, :2]), {}, "query has 2 columns, reference 4"),
        ((KNOWN, LABELS, QUERY[0]), {}, r"query: got the shape \(4,\), expected \(cells, hidden\)"),
        ((KNOWN, [None] * 90, QUERY), {}, "labels: that of cell 0 is missing"),
        ((KNOWN, [*LABELS[:-1], pd.NA], QUERY), {}, "labels: that of cell 89 is missing"),
        ((KNOWN, [*LABELS[:-1], 3], QUERY), {}, "labels: expected all texts or all numbers"),
        ((KNOWN * np.nan, LABELS, QUERY), {}, "reference: the embedding of cell 0 has NaN"),
        ((KNOWN, LABELS, QUERY), {"k": 91}, "k is 91, expected 1 to 90"),
        ((KNOWN, LABELS, QUERY), {"metric": "l1"}, "metric is 'l1', expected 'cosine'"),
        ((KNOWN, LABELS, QUERY), {"weights": "d"}, "weights is 'd', expected 'distance'"),
        (
            (KNOWN, LABELS, QUERY),
            {"max_distance": 1, "unknown_quantile": 0.5},
            "max_distance is 1 and unknown_quantile is 0.5, expected one of them",
        ),
        ((KNOWN, LABELS, QUERY), {"unknown_quantile": 0.5, "k": 90}, "expected at most 89"),
    ):
        with pytest.raises(ConfigError, match=message):
            transfer_labels(*given, **keywords)
