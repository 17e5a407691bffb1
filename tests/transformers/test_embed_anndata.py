# SPDX-License-Identifier: BSD-2-Clause
"""Embeddings of the cells of an AnnData."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import AtacformerForCellClustering, AtacformerTokenizer
from support import NUM_REGIONS, region_text
from tiny_models import tiny

MODEL = tiny(AtacformerForCellClustering)  # no test changes it


@pytest.fixture
def adata() -> Any:
    """7 cells of the vocabulary's peaks, one without any."""
    anndata = pytest.importorskip("anndata")
    import pandas as pd

    counts = np.random.default_rng(0).integers(0, 3, (7, NUM_REGIONS)).astype(np.float32)
    counts[3] = 0
    counts[:, 20:] *= 0
    return anndata.AnnData(
        counts,
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(7)]),
        var=pd.DataFrame(index=[region_text(i) for i in range(NUM_REGIONS)]),
    )


@pytest.mark.parametrize(
    "wrap", [lambda backend: backend, lambda backend: AtacformerTokenizer(tokenizer_object=backend)]
)
def test_the_embedding_of_an_anndata_is_that_of_its_tokens(
    adata: Any, backend: Tokenizer, wrap: Any
) -> None:
    MODEL.embed_anndata(adata, wrap(backend), batch_size=2)
    found = adata.obsm["X_atacformer"]
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float32
    assert found.shape == (7, 16)
    wanted = MODEL.encode_tokenized_cells(backend.encode_anndata(adata))
    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-6)


def test_an_anndata_has_32_bits_also_by_a_model_of_16(adata: Any, backend: Tokenizer) -> None:
    tiny(AtacformerForCellClustering).bfloat16().embed_anndata(adata, backend)
    assert adata.obsm["X_atacformer"].dtype == np.float32


def test_keywords_of_the_tokenizer_and_of_the_model_are_passed_on(
    adata: Any, backend: Tokenizer
) -> None:
    MODEL.embed_anndata(
        adata, backend, key_added="Z", max_tokens_per_cell=4, seed=3, threshold=1, num_threads=1
    )
    assert list(adata.obsm) == ["Z"]
    tokens = backend.encode_anndata(adata, threshold=1)
    wanted = MODEL.encode_tokenized_cells(tokens, max_tokens_per_cell=4, seed=3)
    np.testing.assert_allclose(adata.obsm["Z"], wanted.numpy(), atol=1e-6)


@pytest.mark.parametrize(
    "wrap", [lambda backend: backend, lambda backend: AtacformerTokenizer(tokenizer_object=backend)]
)
def test_a_tokenizer_of_another_vocabulary_is_refused(
    adata: Any, backend: Tokenizer, wrap: Any
) -> None:
    tokenizer = wrap(backend)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<batch1>"]})
    message = r"the tokenizer has 68 tokens, the model 67; .*resize_token_embeddings"
    with pytest.raises(ConfigError, match=message):
        MODEL.embed_anndata(adata, tokenizer)
    assert not adata.obsm


def test_a_keyword_that_is_not_known_is_refused(adata: Any, backend: Tokenizer) -> None:
    with pytest.raises(TypeError, match="treshold"):
        MODEL.embed_anndata(adata, backend, treshold=1)


def test_cells_are_not_chosen_while_they_are_embedded(adata: Any, backend: Tokenizer) -> None:
    with pytest.raises(TypeError, match=r"embeds all cells; pass a subset: adata\[mask\]"):
        MODEL.embed_anndata(adata, backend, obs_mask=[0, 1])
