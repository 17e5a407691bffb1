# SPDX-License-Identifier: BSD-2-Clause
"""Triplets of cells from labels."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from transformers import Trainer, TrainingArguments

from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForCellClustering,
    AtacformerTokenizer,
)
from bedtok.atacformer.callbacks import SetEpochCallback
from bedtok.atacformer.data_collator import DataCollatorForTripletLoss
from bedtok.atacformer.triplets import TripletDataset, sample_triplets

LABELS = ["B", "T", "B", None, "T", "B", "NK", "T", float("nan"), "NK"]
ROLES = ("pad", "eos", "bos", "cls", "sep")
CELLS = [[i, i + 1] for i in range(len(LABELS))]


def check(triplet: Any, labels: list[Any]) -> None:
    anchor, positive, negative = triplet
    assert positive != anchor and labels[positive] == labels[anchor]
    assert labels[negative] != labels[anchor]


@settings(deadline=None)
@given(
    labels=st.lists(st.sampled_from(["a", "b", "c", 7, (1, 2)]), min_size=4, max_size=40),
    seed=st.integers(0, 2**64 - 1) | st.none(),
)
@pytest.mark.filterwarnings("ignore:labels with a single cell")
def test_a_positive_shares_the_label_and_a_negative_does_not(
    labels: list[Hashable], seed: int | None
) -> None:
    counts = Counter(labels)
    if len(counts) < 2 or max(counts.values()) < 2:
        with pytest.raises(ValueError, match="labels: "):
            sample_triplets(labels, seed)
        return
    triplets = sample_triplets(labels, seed)
    assert [triplet.anchor for triplet in triplets] == [
        i for i, label in enumerate(labels) if counts[label] > 1
    ]
    dataset = TripletDataset(range(len(labels)), labels, seed)
    assert len(dataset) == len(triplets)
    for triplet in (*triplets, *(dataset.triplet(i) for i in range(len(dataset)))):
        check(triplet, labels)


def test_all_positives_and_all_negatives_come_alike() -> None:
    labels = ["x"] * 4 + ["y"] * 3 + ["x"] * 2 + ["z"] * 3
    triplets = sample_triplets(labels, 0, per_anchor=2000)
    assert [triplet.anchor for triplet in triplets] == [i for i in range(12) for _ in range(2000)]
    for anchor in range(12):
        own = [triplet for triplet in triplets if triplet.anchor == anchor]
        positives = Counter(triplet.positive for triplet in own)
        negatives = Counter(triplet.negative for triplet in own)
        assert set(positives) == {
            i for i in range(12) if labels[i] == labels[anchor] and i != anchor
        }
        assert set(negatives) == {i for i in range(12) if labels[i] != labels[anchor]}
        for counts in (positives, negatives):
            expected = 2000 / len(counts)
            assert all(abs(n - expected) < 5 * expected**0.5 for n in counts.values())


def test_an_item_holds_the_ids_of_its_cells() -> None:
    dataset = TripletDataset(CELLS, LABELS, seed=3)
    assert len(dataset) == 8
    assert repr(dataset) == "TripletDataset(8 anchors among 10 cells)"
    for i in range(len(dataset)):
        triplet = dataset.triplet(i)
        check(triplet, LABELS)
        assert dataset[i] == {
            "input_ids_anchor": CELLS[triplet.anchor],
            "input_ids_positive": CELLS[triplet.positive],
            "input_ids_negative": CELLS[triplet.negative],
        }
    assert [dataset.triplet(i).anchor for i in range(8)] == [0, 1, 2, 4, 5, 6, 7, 9]
    assert dataset[-1] == dataset[7] and len(list(dataset)) == 8
    with pytest.raises(IndexError):
        dataset[8]


@pytest.mark.parametrize(
    "form",
    [
        np.array,
        pd.Series,
        pd.Categorical,
        iter,
        lambda labels: torch.tensor([{"a": 1, "b": 2, "c": 3}[label] for label in labels]),
    ],
)
def test_labels_come_in_many_forms(form: Any) -> None:
    labels = list("abcabcaab")
    assert sample_triplets(form(labels), 3) == sample_triplets(labels, 3)


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan, pd.NA, pd.NaT])
def test_cells_without_a_label_are_left_out(nothing: Any) -> None:
    labels = ["a", nothing, "b", nothing, "a", "b"]
    for values in (labels, pd.Series(labels, dtype=object), np.array(labels, dtype=object)):
        for triplet in sample_triplets(values, 0, per_anchor=20):
            assert not {1, 3} & set(triplet)


def test_a_cell_alone_with_its_label_is_a_negative_at_most_and_a_warning_says_so() -> None:
    labels = ["a", "a", "b", "c"]
    with pytest.warns(UserWarning, match="a single cell, which is no anchor: 'b', 'c'$") as caught:
        triplets = sample_triplets(labels, 0, per_anchor=50)
    assert len(caught) == 1 and caught[0].filename == __file__
    assert {triplet.anchor for triplet in triplets} == {0, 1}
    assert {triplet.negative for triplet in triplets} == {2, 3}
    with pytest.warns(UserWarning, match="no anchor: 2, 3, 4, 5, 6 and 3 more"):
        TripletDataset(range(10), [1, 1, *range(2, 10)])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a"] * 3, "labels: all 3 are 'a', expected two labels at least, for the negatives"),
        (["a", None, "a"], "labels: all 2 are 'a'"),
        ([None] * 3, "labels: there are none, expected two labels at least"),
        (["a", "b", "c"], "labels: each of 3 labels has one cell, expected one with two at least"),
        (["a", "a", "b", "b"], "labels has 4 values for 3 cells, expected one each"),
    ],
)
def test_labels_that_make_no_triplet_are_an_error(labels: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TripletDataset([[1], [2], [3]], labels)


def test_numbers_are_checked() -> None:
    with pytest.raises(ValueError, match="seed is -1"):
        TripletDataset(CELLS, LABELS, -1)
    with pytest.raises(ValueError, match="per_anchor is 0, expected 1 or more"):
        sample_triplets(LABELS, 0, per_anchor=0)
    with pytest.raises(ValueError, match="epoch is -1, expected 0 or more"):
        TripletDataset(CELLS, LABELS, 0).set_epoch(-1)


# ---- seeds and epochs


def triplets_of(dataset: TripletDataset) -> list[Any]:
    return [dataset.triplet(i) for i in range(len(dataset))]


BIG = ["a", "b", "c"] * 40


def test_a_seed_and_an_epoch_give_the_triplets_in_any_order() -> None:
    dataset = TripletDataset(range(120), BIG, 1)
    first = triplets_of(dataset)
    assert [dataset.triplet(i) for i in reversed(range(120))] == first[::-1]
    assert triplets_of(TripletDataset(range(120), BIG, 1)) == first
    assert triplets_of(TripletDataset(range(120), BIG, 2)) != first
    dataset.set_epoch(1)
    second = triplets_of(dataset)
    assert sum(a != b for a, b in zip(first, second, strict=True)) > 100
    assert triplets_of(pickle.loads(pickle.dumps(dataset))) == second
    dataset.set_epoch(0)
    assert triplets_of(dataset) == first
    assert sample_triplets(BIG, 1) == sample_triplets(BIG, 1) != sample_triplets(BIG, 2)


def test_without_a_seed_the_generator_of_torch_decides() -> None:
    dataset = TripletDataset(range(120), BIG)
    torch.manual_seed(0)
    first = triplets_of(dataset)
    assert triplets_of(dataset) != first
    torch.manual_seed(0)
    assert triplets_of(dataset) == first


def loaded(dataset: TripletDataset, workers: int) -> list[Any]:
    loader = DataLoader(dataset, batch_size=8, num_workers=workers, collate_fn=list)  # type: ignore[arg-type]
    return [item for batch in loader for item in batch]


def test_workers_of_a_loader_draw_what_the_main_process_draws() -> None:
    dataset = TripletDataset(list(range(120)), BIG, 1)
    first = loaded(dataset, 0)
    assert loaded(dataset, 2) == first
    dataset.set_epoch(1)
    assert loaded(dataset, 2) == loaded(dataset, 0) != first
    free = TripletDataset(list(range(120)), BIG)
    torch.manual_seed(0)
    first = loaded(free, 2)
    assert loaded(free, 2) != first
    torch.manual_seed(0)
    assert loaded(free, 2) == first


# ---- with Trainer


class Recorded(TripletDataset):
    """Remembers what it gave."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.given: list[tuple[int, ...]] = []

    def __getitem__(self, i: int) -> dict[str, Any]:
        item = super().__getitem__(i)
        self.given.append(tuple(row[0] for row in item.values()))
        return item


def train(
    folder: Path, tokenizer: Any, seed: int | None, checkpoint: Path | None = None
) -> tuple[Recorded, list[float], torch.Tensor]:
    dataset = Recorded([[i, *range(i, i + 30, 7)] for i in range(16)], ["a", "b"] * 8, seed)
    torch.manual_seed(0)
    config = AtacformerConfig(
        vocab_size=tokenizer.vocab_size,
        max_position_embeddings=16,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        **{f"{role}_token_id": getattr(tokenizer, f"{role}_token_id") for role in ROLES},
    )
    model = AtacformerForCellClustering(config)
    arguments = TrainingArguments(
        str(folder),
        max_steps=12,
        save_steps=1,
        logging_steps=1,
        per_device_train_batch_size=4,
        learning_rate=0.01,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=3,
    )
    trainer = Trainer(
        model,
        arguments,
        train_dataset=dataset,
        data_collator=DataCollatorForTripletLoss(tokenizer, 4, seed),
        callbacks=[SetEpochCallback()],
    )
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    return dataset, losses, model.get_input_embeddings().weight.detach()


@pytest.mark.parametrize(("seed", "step"), [(None, 4), (None, 8), (1, 4), (1, 5), (1, 7), (1, 8)])
def test_trainer_gets_new_triplets_in_each_epoch_and_resumes_them(
    tokenizer: Any, tmp_path: Path, seed: int | None, step: int
) -> None:
    dataset, losses, weights = train(tmp_path / "whole", tokenizer, seed)
    epochs = [sorted(dataset.given[start : start + 16]) for start in (0, 16, 32)]
    assert [[anchor for anchor, *_ in epoch] for epoch in epochs] == [list(range(16))] * 3
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    again = train(tmp_path / "again", tokenizer, seed)
    assert again[0].given == dataset.given and again[1] == losses
    # Four steps are an epoch.
    checkpoint = tmp_path / "whole" / f"checkpoint-{step}"
    resumed = train(tmp_path / "resumed", tokenizer, seed, checkpoint)
    assert resumed[0].given == dataset.given[4 * step :]
    assert resumed[1] == losses
    assert torch.equal(resumed[2], weights)


def test_trainer_evaluates_triplets(tokenizer: AtacformerTokenizer, tmp_path: Path) -> None:
    cells = [[i, i + 1] for i in range(8)]
    model = AtacformerForCellClustering(
        AtacformerConfig.from_tokenizer(
            tokenizer, hidden_size=8, intermediate_size=8, num_hidden_layers=1
        )
    )
    trainer = Trainer(
        model,
        TrainingArguments(str(tmp_path), report_to=[], use_cpu=True),
        data_collator=DataCollatorForTripletLoss(tokenizer),
        eval_dataset=TripletDataset(cells, [0, 1] * 4, seed=1),
    )
    assert trainer.evaluate()["eval_loss"] > 0
