# SPDX-License-Identifier: BSD-2-Clause
"""Collators of transformers, unchanged, and the one that replaces by regions alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from transformers import DataCollatorForLanguageModeling, DataCollatorWithPadding, set_seed

from bedtok.atacformer import AtacformerTokenizer, DataCollatorForRegionModeling
from support import NUM_REGIONS, SAMPLES


def test_collator_with_padding_pads_single_encodings(tokenizer: AtacformerTokenizer) -> None:
    features = [{**tokenizer(sample), "labels": i} for i, sample in enumerate(SAMPLES)]
    batch = DataCollatorWithPadding(tokenizer, pad_to_multiple_of=4)(features)
    expected = tokenizer(SAMPLES, padding=True, pad_to_multiple_of=4, return_tensors="pt")
    assert torch.equal(batch["input_ids"], expected["input_ids"])
    assert torch.equal(batch["attention_mask"], expected["attention_mask"])
    assert batch["labels"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["pt", "np"])
@pytest.mark.parametrize(
    "collator_class", [DataCollatorForLanguageModeling, DataCollatorForRegionModeling]
)
def test_masked_language_modeling_masks_regions_alone(
    tokenizer: AtacformerTokenizer, collator_class: type, kind: str
) -> None:
    set_seed(3)
    collator = collator_class(tokenizer, mlm=True, mlm_probability=0.5, return_tensors=kind)
    batch = collator([tokenizer(sample) for sample in SAMPLES])
    original = np.asarray(tokenizer(SAMPLES, padding=True)["input_ids"])
    inputs, labels = np.asarray(batch["input_ids"]), np.asarray(batch["labels"])
    chosen = labels != -100
    assert 0 < chosen.sum() < (original < NUM_REGIONS).sum()
    assert (original[chosen] < NUM_REGIONS).all()  # neither padding, nor unk, nor <mask>
    assert (labels[chosen] == original[chosen]).all()
    assert (inputs[~chosen] == original[~chosen]).all()
    assert (inputs[chosen] == tokenizer.mask_token_id).any()


@pytest.mark.parametrize("kind", ["pt", "np"])
def test_random_replacements_are_regions_where_the_subclass_draws(
    tokenizer: AtacformerTokenizer, kind: str
) -> None:
    keywords: dict[str, Any] = {"mlm": True, "mlm_probability": 1.0, "return_tensors": kind}
    keywords |= {"mask_replace_prob": 0.0, "random_replace_prob": 1.0}
    features = [tokenizer(["chr1:0-6000"]) for _ in range(50)]

    def drawn(collator_class: type) -> set[int]:
        set_seed(1)
        return set(np.asarray(collator_class(tokenizer, **keywords)(features)["input_ids"]).flat)

    # The base class draws special tokens, too: that is what the subclass is for.
    assert max(drawn(DataCollatorForLanguageModeling)) > NUM_REGIONS
    without_mask = drawn(DataCollatorForRegionModeling) - {tokenizer.mask_token_id}
    assert without_mask <= set(range(NUM_REGIONS)) and len(without_mask) > NUM_REGIONS // 2


def test_a_collator_of_ones_own_tokenizes_in_the_loader(
    tokenizer: AtacformerTokenizer, cells: Any
) -> None:
    def collate(samples: list[Any]) -> Any:
        return tokenizer(samples, padding=True, return_tensors="pt")

    batches = list(DataLoader(cells, batch_size=10, collate_fn=collate))
    assert [len(batch["input_ids"]) for batch in batches] == [10, 10, 4]
    ids = [
        row[mask.bool()].tolist()
        for batch in batches
        for row, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]
    assert ids == [tokenizer(cell)["input_ids"] for cell in cells]


def test_labels_have_the_types_that_losses_want(tokenizer: AtacformerTokenizer) -> None:
    features = [{**tokenizer(sample), "labels": 0.5} for sample in SAMPLES]
    assert DataCollatorWithPadding(tokenizer)(features)["labels"].dtype == torch.float32
    features = [{**tokenizer(sample), "labels": 1} for sample in SAMPLES]
    assert DataCollatorWithPadding(tokenizer)(features)["labels"].dtype == torch.int64
