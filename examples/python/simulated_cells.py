# SPDX-License-Identifier: BSD-2-Clause
"""Simulated single cells of known types: the data of the two training examples.

A cell shows some tens of open regions, as a sequenced cell does: some are those of its type, some
those of the batch in which it was prepared, the rest are anywhere. Batches differ more than types
do, which is what makes real collections hard.
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
OF_TYPE, OF_BATCH = 0.30, 0.40  # parts of a cell's regions
DEPTH = 50  # regions of a cell, in the middle


def make_vocabulary() -> pd.DataFrame:
    """Return disjoint regions of 500 bp on five chromosomes: columns chrom, start, end."""
    number = np.arange(NUM_REGIONS)
    start = 1000 * (number // 5) + 200
    return pd.DataFrame(
        {"chrom": [f"chr{i % 5 + 1}" for i in number], "start": start, "end": start + 500}
    ).sort_values(["chrom", "start"], ignore_index=True)


def simulate(num_cells: int, seed: int) -> ad.AnnData:
    """Return cells x regions of the vocabulary, 1 where a region was seen open.

    ``obs`` has the columns ``cell_type`` and ``batch``; ``var`` has chrom, start and end.

    Args:
        num_cells: How many.
        seed: Of the cells: which types and batches they have, and what was seen of them.
    """
    owners = len(TYPES) + BATCHES
    parts = [0.7 / len(TYPES)] * len(TYPES) + [0.3 / BATCHES] * BATCHES
    # A region belongs to a type or to a batch, always to the same.
    owner = np.random.default_rng(0).choice(owners, NUM_REGIONS, p=parts)
    chance = np.random.default_rng(seed)
    types = chance.integers(len(TYPES), size=num_cells)
    batches = chance.integers(BATCHES, size=num_cells)
    depths = np.clip(chance.lognormal(np.log(DEPTH), 0.4, num_cells), 20, 200).astype(int)

    def seen(cell_type: int, batch: int, depth: int) -> np.ndarray:
        chances = np.full(NUM_REGIONS, (1 - OF_TYPE - OF_BATCH) / NUM_REGIONS)
        for part, own in ((OF_TYPE, cell_type), (OF_BATCH, len(TYPES) + batch)):
            chances[owner == own] += part / (owner == own).sum()
        return np.sort(chance.choice(NUM_REGIONS, depth, replace=False, p=chances))

    columns = [seen(*cell) for cell in zip(types, batches, depths, strict=True)]
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
    """Return what one would compute without a model: TF-IDF, then SVD, rows of length 1."""
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(adata.X)
    # The first component is how many regions a cell shows.
    reduced = TruncatedSVD(components, random_state=0).fit_transform(weighted)[:, 1:]
    return normalize(reduced)


def cluster_ari(embeddings: np.ndarray, labels: Sequence[str]) -> float:
    """Return how well clusters of embeddings agree with labels: 1 fully, 0 as chance would."""
    means = KMeans(len(set(labels)), n_init=10, random_state=0)
    return float(adjusted_rand_score(labels, means.fit_predict(embeddings)))
