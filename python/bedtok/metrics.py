# SPDX-License-Identifier: BSD-2-Clause
"""How well embeddings of cells keep types apart and batches together, by the field's measures.

Needs scikit-learn: ``pip install bedtok[metrics]``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok._checks import check_at_least, draw_seed, import_optional
from bedtok._core import ConfigError
from bedtok._labels import is_missing

__all__ = ["embedding_metrics", "ilisi"]


def embedding_metrics(
    embeddings: Any,
    labels: Any,
    batches: Any = None,
    *,
    seed: int = 0,
    sample_size: int | None = 5000,
) -> dict[str, float]:
    """Return measures of embeddings of cells whose types, and perhaps batches, are known.

    Embeddings are scaled to unit length first, so that distances are those of angles. Clusters are
    those of k-means, as many as there are types. More is better in each measure.

    Args:
        embeddings: Shape (cells, width), finite: a matrix of ``obsm`` or a tensor.
        labels: The type of each cell, shape (cells,); at least two types.
        batches: The batch of each cell, shape (cells,), or None.
        seed: Seed of k-means and of the cells drawn for silhouettes, 0 to 2**32 - 1.
        sample_size: Number of cells drawn for silhouettes, which take time with its square; None:
            all cells.

    Returns:
        - ``ari``: adjusted Rand index of clusters and types, 1 if equal, about 0 if unrelated.
        - ``nmi``: normalized mutual information of clusters and types, 0 to 1.
        - ``silhouette_label``: mean silhouette width of types, scaled to 0 .. 1; 0.5 where types
          overlap.
        - ``silhouette_batch``, with batches: the mean over types of 1 - abs(silhouette width of
          batches among cells of the type), 0 to 1; 1 where batches are mixed. Types with cells of
          one batch only are left out; NaN if no type remains.

    Raises:
        ConfigError: Numbers of cells differ, an embedding is not finite, a label or batch is
            missing, or there are fewer than two types. ImportError: scikit-learn is missing.

    Example:
        >>> embedding_metrics(adata.obsm["X_atacformer"], adata.obs["cell_type"])

    Source: Luecken et al., Benchmarking atlas-level data integration in single-cell genomics, 2022
    (scib), with clusters by k-means as in scib-metrics.
    """
    cluster = import_optional("sklearn.cluster", "embedding_metrics", "scikit-learn")
    scores = import_optional("sklearn.metrics", "embedding_metrics", "scikit-learn")
    points = _unit_rows(embeddings)
    types = _numbered(labels, len(points), "labels")
    if types.max(initial=0) < 1:
        raise ConfigError("labels: fewer than two types, expected two at least")
    # NumPy's generators and scikit-learn's seeds have 32 bits.
    seed = draw_seed(seed) % 2**32
    found = cluster.KMeans(int(types.max()) + 1, n_init=10, random_state=seed).fit_predict(points)
    chosen = _sample(len(points), sample_size, seed)
    result = {
        "ari": float(scores.adjusted_rand_score(types, found)),
        "nmi": float(scores.normalized_mutual_info_score(types, found)),
        "silhouette_label": _silhouette_of_types(scores, points[chosen], types[chosen]),
    }
    if batches is not None:
        numbers = _numbered(batches, len(points), "batches")
        result["silhouette_batch"] = _silhouette_of_batches(
            scores, points[chosen], types[chosen], numbers[chosen]
        )
    return result


def ilisi(embeddings: Any, batches: Any, labels: Any = None, *, num_neighbors: int = 30) -> float:
    """Return how well batches mix: the mean number of batches among a cell's neighbors.

    The number is the inverse Simpson index, 1 over the sum of squares of the batches' shares among
    the nearest neighbors by angle, scaled so that 0 is one batch and 1 all batches in equal shares.
    Batches of different sizes reach less than 1: compare with batches in a random order.

    Args:
        embeddings: Shape (cells, width), finite: a matrix of ``obsm`` or a tensor.
        batches: The batch of each cell, shape (cells,); at least two batches.
        labels: The type of each cell, shape (cells,), or None. With types, neighbors are searched
            among cells of the same type, so that batches with other shares of types count as mixed
            where their cells of a type are. Types with at most ``num_neighbors`` cells, and types
            of one batch, are left out.
        num_neighbors: Number of neighbors of a cell, 1 or more.

    Returns:
        The mean over cells; NaN if there are no more cells than neighbors, or no type remains.

    Raises:
        ConfigError: Numbers of cells differ, an embedding is not finite, or there is one batch.
        ImportError: scikit-learn is missing.

    Example:
        >>> ilisi(adata.obsm["X_atacformer"], adata.obs["donor"], adata.obs["cell_type"])

    Source: Korsunsky et al., Fast, sensitive and accurate integration of single-cell data with
    Harmony, 2019 (LISI, here with equal weights of neighbors), scaled as in scib; within types
    Andreatta et al., Semi-supervised integration of single-cell transcriptomics data, 2024
    (CiLISI).
    """
    neighbors = import_optional("sklearn.neighbors", "ilisi", "scikit-learn")
    points = _unit_rows(embeddings)
    numbers = _numbered(batches, len(points), "batches")
    count = int(numbers.max(initial=0)) + 1
    if count < 2:
        raise ConfigError("batches: fewer than two batches, expected two at least")
    check_at_least("num_neighbors", num_neighbors, 1)
    groups = [np.arange(len(points))]
    if labels is not None:
        types = _numbered(labels, len(points), "labels")
        of_types = [np.flatnonzero(types == number) for number in np.unique(types)]
        groups = [rows for rows in of_types if len(np.unique(numbers[rows])) > 1]
    found = []
    for rows in groups:
        if len(rows) > num_neighbors:
            search = neighbors.NearestNeighbors(n_neighbors=num_neighbors).fit(points[rows])
            # Without an argument a cell is not its own neighbor.
            near = numbers[rows][search.kneighbors(return_distance=False)]
            shares = np.stack([(near == batch).mean(axis=1) for batch in range(count)])
            found.append(1 / (shares**2).sum(axis=0))
    if not found:
        return float("nan")
    return float((np.concatenate(found).mean() - 1) / (count - 1))


def _silhouette_of_types(scores: Any, points: Any, types: Any) -> float:
    if not 2 <= len(np.unique(types)) < len(types):
        return float("nan")
    return (float(scores.silhouette_score(points, types)) + 1) / 2


def _silhouette_of_batches(scores: Any, points: Any, types: Any, batches: Any) -> float:
    mixed = []
    for number in np.unique(types):
        of_type = types == number
        if 2 <= len(np.unique(batches[of_type])) < of_type.sum():
            widths = scores.silhouette_samples(points[of_type], batches[of_type])
            mixed.append(float(np.mean(1 - np.abs(widths))))
    return float(np.mean(mixed)) if mixed else float("nan")


def _unit_rows(embeddings: Any) -> npt.NDArray[np.float64]:
    if hasattr(embeddings, "detach"):
        embeddings = embeddings.detach().cpu().float()
    points = np.asarray(embeddings, dtype=np.float64)
    if points.ndim != 2:
        raise ConfigError(f"embeddings have shape {points.shape}, expected (cells, width)")
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if bad.size:
        raise ConfigError(f"embeddings: that of cell {bad[0]} is not finite")
    length = np.linalg.norm(points, axis=1, keepdims=True)
    unit: npt.NDArray[np.float64] = points / np.where(length > 0, length, 1)
    return unit


def _numbered(values: Any, count: int, name: str) -> npt.NDArray[np.int64]:
    """Return the values as numbers from 0."""
    values = np.asarray(values)
    if values.shape != (count,):
        raise ConfigError(f"{name} have shape {values.shape}, expected ({count},), one a cell")
    for number, value in enumerate(values.tolist()):
        if is_missing(value):
            raise ConfigError(
                f"{name}: that of cell {number} is missing; leave out cells without one"
            )
    numbers: npt.NDArray[np.int64] = np.unique(values.astype(str), return_inverse=True)[1]
    return numbers


def _sample(count: int, sample_size: int | None, seed: int) -> npt.NDArray[np.int64]:
    if sample_size is None or check_at_least("sample_size", sample_size, 2) >= count:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, sample_size, replace=False))
