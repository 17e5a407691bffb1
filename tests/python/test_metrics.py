# SPDX-License-Identifier: BSD-2-Clause
"""Measures of embeddings: their ends, their definition, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError
from bedtok.metrics import embedding_metrics, ilisi

sklearn_metrics = pytest.importorskip("sklearn.metrics")

RNG = np.random.default_rng(0)
TYPES = np.repeat(["B", "T", "NK"], 40)
BATCHES = np.tile(["one", "two"], 60)
DIRECTIONS = np.repeat(np.eye(3), 40, axis=0)


def noisy(points: Any, noise: float = 0.05) -> Any:
    return points + RNG.normal(scale=noise, size=points.shape)


def test_types_apart_and_batches_mixed_are_near_one() -> None:
    found = embedding_metrics(noisy(DIRECTIONS), TYPES, BATCHES)
    assert list(found) == ["ari", "nmi", "silhouette_label", "silhouette_batch"]
    assert found["ari"] == pytest.approx(1)
    assert found["nmi"] == pytest.approx(1)
    assert found["silhouette_label"] > 0.9
    assert found["silhouette_batch"] > 0.75


def test_random_embeddings_say_nothing_of_types() -> None:
    found = embedding_metrics(RNG.normal(size=(120, 5)), TYPES)
    assert abs(found["ari"]) < 0.1
    assert found["nmi"] < 0.15
    assert 0.4 < found["silhouette_label"] < 0.6
    assert "silhouette_batch" not in found


def test_batches_apart_are_seen() -> None:
    apart = np.hstack([DIRECTIONS, np.where(BATCHES == "one", 1.0, -1.0)[:, None]])
    assert embedding_metrics(noisy(apart), TYPES, BATCHES)["silhouette_batch"] < 0.3


def test_silhouettes_are_those_of_scikit_learn_on_unit_rows() -> None:
    points = RNG.normal(size=(120, 4)) + 2 * np.pad(DIRECTIONS, ((0, 0), (0, 1)))
    found = embedding_metrics(points, TYPES, BATCHES, sample_size=None)
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    width = sklearn_metrics.silhouette_score(unit, TYPES)
    assert found["silhouette_label"] == pytest.approx((width + 1) / 2)
    of_types = [
        np.mean(1 - np.abs(sklearn_metrics.silhouette_samples(unit[rows], BATCHES[rows])))
        for rows in (name == TYPES for name in np.unique(TYPES))
    ]
    assert found["silhouette_batch"] == pytest.approx(np.mean(of_types))


def test_the_length_of_an_embedding_does_not_matter() -> None:
    points = noisy(DIRECTIONS, 0.3)
    scaled = points * RNG.uniform(0.5, 2, size=(120, 1))
    assert embedding_metrics(scaled, TYPES) == pytest.approx(embedding_metrics(points, TYPES))


def test_types_of_one_batch_are_left_out() -> None:
    found = embedding_metrics(noisy(DIRECTIONS), TYPES, TYPES)
    assert math.isnan(found["silhouette_batch"])


def test_a_sample_is_drawn_from_the_seed() -> None:
    points = noisy(DIRECTIONS, 0.5)

    def measured(seed: int) -> float:
        return embedding_metrics(points, TYPES, seed=seed, sample_size=30)["silhouette_label"]

    assert measured(1) == measured(1)
    assert measured(1) != measured(2)


@pytest.mark.parametrize(
    ("embeddings", "arguments", "message"),
    [
        (np.zeros(5), {}, r"embeddings have shape \(5,\), expected \(cells, width\)"),
        (DIRECTIONS[:9], {}, r"labels have shape \(120,\), expected \(9,\), one a cell"),
        (DIRECTIONS, {"batches": BATCHES[:3]}, r"batches have shape \(3,\), expected \(120,\)"),
        (np.full((120, 2), np.nan), {}, "embeddings: that of cell 0 is not finite"),
        (DIRECTIONS, {"labels": ["B"] * 120}, "labels: fewer than two types"),
        (DIRECTIONS, {"labels": [*TYPES[:-1], None]}, "labels: that of cell 119 is missing"),
        (DIRECTIONS, {"batches": [np.nan] * 120}, "batches: that of cell 0 is missing"),
        (DIRECTIONS, {"sample_size": 1}, "sample_size is 1, expected 2 or more"),
    ],
)
def test_what_cannot_be_measured(embeddings: Any, arguments: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        embedding_metrics(embeddings, **{"labels": TYPES, **arguments})


# ---- mixing of batches


def naive_ilisi(points: Any, batches: Any, num_neighbors: int) -> float:
    """Cell by cell, by the cosines of all pairs."""
    unit = points / np.linalg.norm(points, axis=1, keepdims=True)
    found = []
    for cell, cosines in enumerate(unit @ unit.T):
        nearest = [other for other in np.argsort(-cosines) if other != cell][:num_neighbors]
        _, counts = np.unique(batches[nearest], return_counts=True)
        found.append(1 / np.square(counts / num_neighbors).sum())
    return float(np.mean(found) - 1) / (len(np.unique(batches)) - 1)


def test_ilisi_is_the_inverse_simpson_index_of_neighbors() -> None:
    points, three = RNG.normal(size=(120, 4)), np.tile(["a", "b", "b", "c"], 30)
    for batches in (BATCHES, three):
        assert ilisi(points, batches, num_neighbors=7) == pytest.approx(
            naive_ilisi(points, batches, 7)
        )


def test_ilisi_within_types_is_the_mean_over_their_cells() -> None:
    points = noisy(DIRECTIONS, 0.5)
    rows = [name == TYPES for name in ("B", "T", "NK")]
    expected = np.mean([naive_ilisi(points[of], BATCHES[of], 9) for of in rows])
    assert ilisi(points, BATCHES, TYPES, num_neighbors=9) == pytest.approx(expected)


def test_ilisi_tells_mixed_batches_from_batches_apart() -> None:
    side = np.where(BATCHES == "one", 1.0, -1.0)[:, None]
    assert ilisi(noisy(np.hstack([DIRECTIONS, side])), BATCHES) < 0.05
    assert ilisi(noisy(DIRECTIONS), BATCHES) > 0.8


def test_ilisi_within_types_does_not_blame_other_shares_of_types() -> None:
    # "one" has nearly all cells of the first type, and "two" of the second.
    batches = np.where(np.arange(120) % 10 == 0, "two", "one")
    batches[TYPES == "T"] = np.where(np.arange(40) % 10 == 0, "one", "two")
    within = ilisi(noisy(DIRECTIONS), batches, TYPES, num_neighbors=20)
    shuffled = batches.copy()
    for name in np.unique(TYPES):
        shuffled[name == TYPES] = RNG.permutation(batches[name == TYPES])
    assert within == pytest.approx(
        ilisi(noisy(DIRECTIONS), shuffled, TYPES, num_neighbors=20), abs=0.1
    )


def test_types_that_are_small_or_of_one_batch_are_left_out_of_ilisi() -> None:
    points = noisy(DIRECTIONS)
    batches = np.where(TYPES == "B", "one", BATCHES)
    others = TYPES != "B"
    assert ilisi(points, batches, TYPES) == ilisi(points[others], batches[others], TYPES[others])
    assert math.isnan(ilisi(points, BATCHES, TYPES, num_neighbors=40))
    assert math.isnan(ilisi(points, BATCHES, num_neighbors=120))


def test_ilisi_refuses_one_batch() -> None:
    with pytest.raises(ConfigError, match="batches: fewer than two batches, expected two at least"):
        ilisi(DIRECTIONS, np.repeat("one", 120))
    with pytest.raises(ConfigError, match=r"batches have shape \(119,\), expected \(120,\)"):
        ilisi(DIRECTIONS, BATCHES[1:])
