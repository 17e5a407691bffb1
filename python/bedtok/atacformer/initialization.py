# SPDX-License-Identifier: BSD-2-Clause
"""What a model takes from cells before it is trained: weights of tokens, of classes, embeddings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from bedtok._checks import draw_seed
from bedtok._core import ConfigError
from bedtok._labels import IGNORED
from bedtok._tokenization.token_weights import inverse_document_frequency
from bedtok.atacformer.cell_embedding import check_cells, read_cells


def initialize_from_cells(
    model: Any,
    input_ids: Any,
    num_regions: int,
    *,
    embeddings: bool = False,
    seed: int = 0,
) -> None:
    """Set a model's weights of tokens, and if asked its token embeddings, from cells.

    The weight of a region is its inverse document frequency, that of ``Tokenizer.idf_weights``.
    Special tokens get 0, so that they do not count in the embedding of a cell.
    A model with ``pooling="mean"`` has no weights, and only its embeddings are set.

    Args:
        model: An Atacformer model.
        input_ids: The ids of each cell; see ``encode_tokenized_cells``. A region that a cell has
            several times counts once.
        num_regions: Number of regions of the tokenizer, ``tokenizer.num_regions``.
        embeddings: Whether the embeddings of regions become those of latent semantic indexing: the
            first ``hidden_size`` right singular vectors of the cells x regions matrix of TF-IDF
            with rows of unit length, scaled to the standard deviation of new weights,
            ``config.initializer_range``.
        seed: Seed of the randomized singular value decomposition.

    Raises:
        ConfigError: There are no cells, or for ``embeddings`` not more cells and regions than
            ``hidden_size``; or neither weights nor embeddings would be set.
        ValueError: An id is outside the model's vocabulary.

    Example:
        >>> config = AtacformerConfig.from_tokenizer(tokenizer, pooling="weighted", num_labels=16)
        >>> model = AtacformerForSequenceClassification(config)
        >>> initialize_from_cells(model, tokenizer.encode_anndata(adata), tokenizer.num_regions)
    """
    encoder = getattr(model, "atacformer", model)
    table = encoder.get_input_embeddings().weight
    if not 1 <= num_regions <= len(table):
        raise ConfigError(f"num_regions is {num_regions}, expected 1 to {len(table)}")
    if not encoder.pooling.weighted and not embeddings:
        raise ConfigError(
            f"config.pooling is {model.config.pooling!r}, which has no weights to set, expected "
            "'weighted', or embeddings=True"
        )
    cells = read_cells(input_ids, model.config.pad_token_id)
    check_cells(cells, len(table))
    regions = [np.unique(cell[cell < num_regions]) for cell in cells]
    if not any(cell.size for cell in regions):
        raise ConfigError(f"input_ids: {len(cells)} cells without a region, expected one at least")
    weights = torch.from_numpy(inverse_document_frequency(regions, num_regions, len(table)))
    with torch.no_grad():
        if encoder.pooling.weighted:
            encoder.pooling.token_weights.zero_()
            encoder.pooling.token_weights[:num_regions] = weights.to(table.device)
        if embeddings:
            vectors = _singular_vectors(regions, weights, table.shape[1], seed)
            vectors *= model.config.initializer_range / vectors.std()
            table[:num_regions] = vectors.to(table.device, table.dtype)


def _singular_vectors(
    cells: list[npt.NDArray[np.int64]], weights: torch.Tensor, width: int, seed: int
) -> torch.Tensor:
    """Return the first right singular vectors of TF-IDF, shape (num_regions, width)."""
    if width > min(len(cells), len(weights)):
        raise ConfigError(
            f"{len(cells)} cells and {len(weights)} regions, expected at least {width} of each, "
            "the hidden_size, for embeddings=True"
        )
    lengths = torch.tensor([len(cell) for cell in cells])
    rows = torch.repeat_interleave(torch.arange(len(cells)), lengths)
    columns = torch.from_numpy(np.concatenate(cells))
    values = weights[columns]
    squares = torch.zeros(len(cells)).index_add_(0, rows, values**2)
    values = values / squares.sqrt()[rows]
    matrix = torch.sparse_coo_tensor(
        torch.stack([rows, columns]), values, (len(cells), len(weights)), check_invariants=False
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(draw_seed(seed) % 2**63)
        extra = min(10, min(matrix.shape) - width)
        vectors: torch.Tensor = torch.svd_lowrank(matrix, width + extra, niter=4)[2]
    return vectors[:, :width].contiguous()


def balanced_class_weights(labels: Iterable[int], num_labels: int) -> list[float]:
    """Return ``class_weights`` by which each class counts alike in a classifier's loss.

    The weight of a class is n / (num_labels * k) if k of n cells have it, so that the mean over the
    cells is 1.

    Args:
        labels: The class of each cell, 0 to num_labels - 1, or -100 if unknown.
        num_labels: Number of classes.

    Raises:
        ConfigError: A label is out of range, or a class has no cell.

    Source: King and Zeng, Logistic regression in rare events data, 2001; the same as in
    ``class_weight="balanced"`` of scikit-learn.
    """
    numbers = np.asarray(list(labels), dtype=np.int64)
    known = numbers[numbers != IGNORED]
    if known.size and (known.min() < 0 or known.max() >= num_labels):
        bad = known[(known < 0) | (known >= num_labels)][0]
        raise ConfigError(f"labels: {bad} is outside 0..{num_labels - 1}")
    counts = np.bincount(known, minlength=num_labels)
    if not counts.all():
        raise ConfigError(
            f"labels: class {int(np.argmin(counts))} has no cell, expected one at least of each of "
            f"{num_labels}"
        )
    weights: list[float] = (known.size / (num_labels * counts)).tolist()
    return weights
