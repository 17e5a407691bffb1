# SPDX-License-Identifier: BSD-2-Clause
"""Simulate single cells of known types, the data of the two training examples.

A cell has some tens of open regions, as a sequenced cell does. Some belong to its type, some to the
batch in which it was prepared, and the rest are random. Batches differ more than types do, which is
what makes real collections hard.
"""

from collections.abc import Sequence

import anndata as ad
import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.metrics import adjusted_rand_score
from sklearn.preprocessing import normalize

NUM_REGIONS = 1000
TYPES = ["B", "CD4 T", "CD8 T", "dendritic", "erythroid", "monocyte", "NK", "stem"]
BATCHES = 3
TYPE_FRACTION, BATCH_FRACTION = 0.30, 0.40  # of a cell's regions
DEPTH = 50  # median number of regions per cell


def make_vocabulary() -> pd.DataFrame:
    """Return disjoint regions of 500 bp on five chromosomes, with columns chrom, start, end."""
    number = np.arange(NUM_REGIONS)
    start = 1000 * (number // 5) + 200
    return pd.DataFrame(
        {"chrom": [f"chr{i % 5 + 1}" for i in number], "start": start, "end": start + 500}
    ).sort_values(["chrom", "start"], ignore_index=True)


def groups_of_regions() -> np.ndarray:
    """Return what each region of the vocabulary belongs to, whatever the seed of the cells.

    A number below ``len(TYPES)`` is a type, ``len(TYPES)`` and above a batch.
    """
    weights = [0.7 / len(TYPES)] * len(TYPES) + [0.3 / BATCHES] * BATCHES
    return np.random.default_rng(0).choice(len(weights), NUM_REGIONS, p=weights)


def simulate(num_cells: int, seed: int) -> ad.AnnData:
    """Return an AnnData of cells x regions of the vocabulary, 1 where a region is open.

    ``obs`` has the columns ``cell_type`` and ``batch``; ``var`` has chrom, start and end.

    Args:
        num_cells: Number of cells.
        seed: Determines the types, batches and open regions of the cells.
    """
    group = groups_of_regions()
    rng = np.random.default_rng(seed)
    types = rng.integers(len(TYPES), size=num_cells)
    batches = rng.integers(BATCHES, size=num_cells)
    depths = np.clip(rng.lognormal(np.log(DEPTH), 0.4, num_cells), 20, 200).astype(int)

    def open_regions(cell_type: int, batch: int, depth: int) -> np.ndarray:
        p = np.full(NUM_REGIONS, (1 - TYPE_FRACTION - BATCH_FRACTION) / NUM_REGIONS)
        for fraction, own in ((TYPE_FRACTION, cell_type), (BATCH_FRACTION, len(TYPES) + batch)):
            p[group == own] += fraction / (group == own).sum()
        return np.sort(rng.choice(NUM_REGIONS, depth, replace=False, p=p))

    columns = [open_regions(*cell) for cell in zip(types, batches, depths, strict=True)]
    offsets = np.concatenate([[0], np.cumsum(depths)])
    ones = np.ones(offsets[-1], dtype=np.float32)
    cells = pd.DataFrame(
        {"cell_type": np.take(TYPES, types), "batch": [f"batch {i + 1}" for i in batches]},
        index=[f"cell{i}" for i in range(num_cells)],
    )
    regions = make_vocabulary()
    regions.index = regions.index.astype(str)
    matrix = sparse.csr_matrix(
        (ones, np.concatenate(columns), offsets), shape=(num_cells, NUM_REGIONS)
    )
    return ad.AnnData(matrix, obs=cells, var=regions)


def tfidf_svd(adata: ad.AnnData, components: int = 30) -> np.ndarray:
    """Return embeddings without a model: TF-IDF, then SVD, normalized to unit length."""
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(adata.X)
    # The first component is the number of regions of a cell.
    reduced = TruncatedSVD(components, random_state=0).fit_transform(weighted)[:, 1:]
    return normalize(reduced)


def cluster_ari(embeddings: np.ndarray, labels: Sequence[str]) -> float:
    """Return the adjusted Rand index of k-means clusters and labels: 1 if equal, 0 if random."""
    kmeans = KMeans(len(set(labels)), n_init=10, random_state=0)
    return float(adjusted_rand_score(labels, kmeans.fit_predict(embeddings)))
