# SPDX-License-Identifier: BSD-2-Clause
"""Labels of reference cells to query cells, by their nearest neighbors among embeddings."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least, check_fraction, import_optional
from bedtok._core import ConfigError
from bedtok._labels import is_missing

Float64s = npt.NDArray[np.float64]


class LabelTransfer(NamedTuple):
    """The result of ``transfer_labels``, a row for each query cell.

    Attributes:
        labels: The label, object of shape (cells,); that of unknown cells is ``unknown_label``.
        confidence: Share of the weighted votes that the best label has, 0 to 1, float64 of shape
            (cells,). An unknown cell has that of its best label, too.
        distances: Mean distance to the k neighbors, float64 of shape (cells,).
        probabilities: Share of the votes of each label, float64 of shape (cells, labels); rows add
            up to 1.
        classes: The labels of the columns, sorted, object of shape (labels,).
        max_distance: Cells whose distance is above it are unknown; None: none is.
    """

    labels: npt.NDArray[np.object_]
    confidence: Float64s
    distances: Float64s
    probabilities: Float64s
    classes: npt.NDArray[np.object_]
    max_distance: float | None


def transfer_labels(
    reference: Any,
    labels: Any,
    query: Any,
    *,
    k: int = 15,
    metric: Literal["cosine", "euclidean"] = "cosine",
    weights: Literal["distance", "uniform"] = "distance",
    max_distance: float | None = None,
    unknown_quantile: float | None = None,
    unknown_label: str = "unknown",
) -> LabelTransfer:
    """Return the labels of query cells, voted for by their k nearest reference cells.

    Needs scikit-learn. Both embeddings must be those of one model. The result does not depend on
    the order of the reference, except among neighbors at equal distances.

    Args:
        reference: Embeddings of the labelled cells, shape (cells, hidden): an array or a tensor,
            such as ``adata.obsm["X_atacformer"]``.
        labels: The label of each, such as ``adata.obs["cell_type"]``; texts or numbers, none
            missing.
        query: Embeddings of the other cells, shape (cells, hidden).
        k: Number of neighbors, 1 to the number of reference cells.
        metric: Distance of embeddings: ``"cosine"`` (1 - cosine, 0 to 2) or ``"euclidean"``.
        weights: Weight of a neighbor's vote: ``"distance"``: 1 / distance, or where some have
            distance 0 only those; ``"uniform"``: 1. Of labels with equal votes the first by name
            is taken.
        max_distance: Cells whose mean distance to their neighbors is above it are unknown.
        unknown_quantile: Determine ``max_distance`` from the reference: this quantile, 0 to 1, of
            the mean distances of its cells to their own k nearest others. With 0.99 about 1 % of
            cells like the reference are called unknown.
        unknown_label: The label of unknown cells.

    Raises:
        ConfigError: An argument is out of range, shapes do not fit, or a label is missing.
        ImportError: scikit-learn is not installed.

    Example:
        >>> known, new = reference.obsm["X_atacformer"], query.obsm["X_atacformer"]
        >>> found = transfer_labels(known, reference.obs["cell_type"], new)
        >>> query.obs["cell_type"] = found.labels
        >>> query.obs["confidence"] = found.confidence
    """
    neighbors = import_optional("sklearn.neighbors", "transfer_labels", "scikit-learn")
    known, cells = _points("reference", reference), _points("query", query)
    if known.shape[1] != cells.shape[1]:
        raise ConfigError(
            f"query has {cells.shape[1]} columns, reference {known.shape[1]}; expected embeddings "
            "of one model"
        )
    classes, codes = _classes(labels, len(known))
    if metric not in ("cosine", "euclidean"):
        raise ConfigError(f"metric is {metric!r}, expected 'cosine' or 'euclidean'")
    if weights not in ("distance", "uniform"):
        raise ConfigError(f"weights is {weights!r}, expected 'distance' or 'uniform'")
    if not 1 <= check_at_least("k", k, 0) <= len(known):
        raise ConfigError(f"k is {k}, expected 1 to {len(known)}, the number of reference cells")
    index = neighbors.NearestNeighbors(n_neighbors=k, metric=metric).fit(known)
    max_distance = _max_distance(index, len(known), k, max_distance, unknown_quantile)
    if not len(cells):
        return _result(np.zeros((0, len(classes))), np.zeros(0), classes, max_distance, "")
    distances, nearest = index.kneighbors(cells)
    if metric == "euclidean":
        _recompute_small(distances, cells, known, nearest)
    votes = _votes(distances, weights)
    shares = np.zeros((len(cells), len(classes)))
    np.add.at(shares, (np.arange(len(cells))[:, None], codes[nearest]), votes)
    shares /= shares.sum(axis=1, keepdims=True)
    return _result(shares, distances.mean(axis=1), classes, max_distance, unknown_label)


def _result(
    shares: Float64s,
    distances: Float64s,
    classes: npt.NDArray[np.object_],
    max_distance: float | None,
    unknown_label: str,
) -> LabelTransfer:
    labels = classes[shares.argmax(axis=1)]
    if max_distance is not None:
        labels[distances > max_distance] = unknown_label
    return LabelTransfer(
        labels, shares.max(axis=1, initial=0), distances, shares, classes, max_distance
    )


def _max_distance(
    index: Any, count: int, k: int, given: float | None, quantile: float | None
) -> float | None:
    if quantile is None:
        return None if given is None else float(given)
    if given is not None:
        raise ConfigError(
            f"max_distance is {given} and unknown_quantile is {quantile}, expected one of them"
        )
    check_fraction("unknown_quantile", quantile)
    if k >= count:
        raise ConfigError(
            f"k is {k}, expected at most {count - 1} with unknown_quantile: the neighbors of a "
            "reference cell are others"
        )
    own, _ = index.kneighbors()  # without the cell itself
    return float(np.quantile(own.mean(axis=1), quantile))


def _recompute_small(
    distances: Float64s, cells: Float64s, known: Float64s, nearest: npt.NDArray[np.int64]
) -> None:
    """Compute the distances of nearly equal embeddings by their difference.

    scikit-learn's distances of wide embeddings come from a product of matrices, which leaves some
    1e-7 of their length between equal ones.
    """
    small = distances <= 1e-6 * np.linalg.norm(cells, axis=1, keepdims=True)
    differences = cells[np.nonzero(small)[0]] - known[nearest[small]]
    distances[small] = np.linalg.norm(differences, axis=1)


def _votes(distances: Float64s, weights: str) -> Float64s:
    if weights == "uniform":
        return np.ones_like(distances)
    # Differences of rounding are no distance: equal embeddings must count as such.
    tiny = distances <= 1e-12
    votes = 1 / np.where(tiny, 1.0, distances)
    exact = tiny.any(axis=1, keepdims=True)
    result: Float64s = np.where(exact, tiny.astype(np.float64), votes)
    return result


def _points(name: str, value: Any) -> Float64s:
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    points = np.asarray(value, dtype=np.float64)
    if points.ndim != 2:
        raise ConfigError(f"{name}: got the shape {points.shape}, expected (cells, hidden)")
    if not np.isfinite(points).all():
        bad = int(np.flatnonzero(~np.isfinite(points).all(axis=1))[0])
        raise ConfigError(f"{name}: the embedding of cell {bad} has NaN or infinity")
    return points


def _classes(labels: Any, count: int) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.int64]]:
    values = list(labels)
    if len(values) != count:
        raise ConfigError(f"labels: got {len(values)}, expected {count}, one a reference cell")
    for number, value in enumerate(values):
        if is_missing(value):
            raise ConfigError(
                f"labels: that of cell {number} is missing; leave out cells without a label"
            )
    try:
        classes = sorted(set(values))
    except TypeError as error:
        raise ConfigError(f"labels: expected all texts or all numbers; {error}") from error
    place = {label: i for i, label in enumerate(classes)}
    names = np.empty(len(classes), dtype=object)
    names[:] = classes
    return names, np.array([place[value] for value in values], dtype=np.int64)
