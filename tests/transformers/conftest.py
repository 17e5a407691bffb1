# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests on transformers, which need torch, transformers, accelerate and datasets.

``./run test`` runs them on transformers 5 and on 4.57.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForMaskedLM

from bedtok import RegionSet, Tokenizer
from bedtok.atacformer import AtacformerTokenizer
from support import NUM_REGIONS, region_text

# With models this small, threads only wait for each other.
torch.set_num_threads(1)


@pytest.fixture
def backend() -> Tokenizer:
    """60 regions (ids 0..59), then unk=60 pad=61 mask=62 cls=63 eos=64 bos=65 sep=66."""
    return Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])


@pytest.fixture
def tokenizer(backend: Tokenizer) -> AtacformerTokenizer:
    return AtacformerTokenizer(tokenizer_object=backend)


@pytest.fixture
def cells() -> list[RegionSet]:
    """24 samples of 3 to 30 regions, a third of which hit nothing."""
    chance = random.Random(5)
    return [
        RegionSet(
            [
                ("chr1" if chance.random() < 0.67 else "chr2", start, start + 10)
                for start in sorted(chance.sample(range(0, 6000, 10), chance.randint(3, 30)))
            ]
        )
        for _ in range(24)
    ]


@pytest.fixture
def model(backend: Tokenizer) -> BertForMaskedLM:
    """A model of transformers itself with room for the vocabulary; it has seen no training."""
    config = BertConfig(
        vocab_size=backend.vocab_size,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        pad_token_id=backend.pad_token_id,
    )
    return BertForMaskedLM(config).eval()


@pytest.fixture
def bed_folder(cells: list[RegionSet], tmp_path: Path) -> Iterator[list[Path]]:
    """The cells as files."""
    paths = [tmp_path / f"cell{i}.bed" for i in range(len(cells))]
    for cell, path in zip(cells, paths, strict=True):
        cell.to_bed(path)
    yield paths
