# SPDX-License-Identifier: BSD-2-Clause
"""Labels of cells: pooling by weights, what is taken from cells, augmentation, probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForSequenceClassification,
    AtacformerModel,
    DataCollatorForCellClassification,
    SetEpochCallback,
    balanced_class_weights,
    initialize_from_cells,
)
from bedtok.atacformer.pooling import weighted_sum_of_tokens
from support import NUM_REGIONS, region_text
from tiny_models import PAD, VOCAB_SIZE, padded, tiny, tiny_config

close = torch.testing.assert_close
TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
CELLS = [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3], [], [58, 9, 1]]


def weighted(model_class: Any = AtacformerForSequenceClassification, **fields: Any) -> Any:
    model = tiny(model_class, pooling="weighted", **fields)
    initialize_from_cells(model, CELLS, NUM_REGIONS)
    return model


# ---- pooling by weights


def test_a_model_without_layers_embeds_cells_as_tfidf_times_the_token_embeddings() -> None:
    sklearn = pytest.importorskip("sklearn.preprocessing")
    model = weighted(num_hidden_layers=0)
    matrix = np.zeros((len(CELLS), NUM_REGIONS), dtype=np.float64)
    for row, cell in zip(matrix, CELLS, strict=True):
        row[cell] = 1
    matrix *= np.log(1 + len(CELLS) / (1 + matrix.sum(axis=0)))
    table = model.get_input_embeddings().weight.detach().numpy()[:NUM_REGIONS]
    expected = sklearn.normalize(matrix) @ table
    # A region that a cell has twice counts once in TF-IDF.
    once = [sorted(set(cell)) for cell in CELLS]
    close(
        model.encode_tokenized_cells(once).double(),
        torch.from_numpy(expected),
        rtol=1e-5,
        atol=1e-5,
    )


def test_special_tokens_and_padding_do_not_count() -> None:
    model = weighted(num_hidden_layers=0)
    plain = model.encode_tokenized_cells([[3, 1, 4]])
    close(model.encode_tokenized_cells([[NUM_REGIONS + 3, 3, 1, 4, NUM_REGIONS + 4]]), plain)
    ids = torch.tensor([[3, 1, 4, 7, PAD]])
    mask = torch.tensor([[1, 1, 1, 0, 0]])
    close(model(input_ids=ids, attention_mask=mask).logits, model.classifier(plain))


def test_a_cell_with_more_tokens_is_farther_from_zero() -> None:
    hidden, weights = torch.ones(1, 9, 2), torch.ones(1, 9)
    close(weighted_sum_of_tokens(hidden, weights, None), torch.full((1, 2), 3.0))
    nothing = weighted_sum_of_tokens(hidden, weights, torch.zeros(1, 9))
    close(nothing, torch.zeros(1, 2))


@pytest.mark.parametrize("model_class", [AtacformerForCellClustering, AtacformerModel])
def test_weights_are_saved_with_the_model(tmp_path: Path, model_class: Any) -> None:
    model = weighted(AtacformerForCellClustering)
    model.save_pretrained(tmp_path)
    loaded = model_class.from_pretrained(tmp_path)
    weights = getattr(loaded, "atacformer", loaded).pooling.token_weights
    close(weights, model.atacformer.pooling.token_weights)
    assert not weights[NUM_REGIONS:].any()


def test_a_model_saved_with_another_pooling_gets_weights_of_one(tmp_path: Path) -> None:
    tiny(AtacformerForCellClustering).save_pretrained(tmp_path)
    model = AtacformerForCellClustering.from_pretrained(tmp_path, pooling="weighted")
    close(model.atacformer.pooling.token_weights, torch.ones(VOCAB_SIZE))
    plain = AtacformerForCellClustering.from_pretrained(tmp_path)
    assert "atacformer.pooling.token_weights" not in plain.state_dict()


def test_added_tokens_have_no_weight() -> None:
    model = weighted()
    before = model.atacformer.pooling.token_weights.clone()
    model.resize_token_embeddings(VOCAB_SIZE + 2)
    close(model.atacformer.pooling.token_weights, F.pad(before, (0, 2)))


def test_embeddings_without_ids_have_no_weights() -> None:
    model = weighted()
    with pytest.raises(ValueError, match="inputs_embeds without input_ids: pooling='weighted'"):
        model(inputs_embeds=torch.zeros(1, 2, 16))


# ---- what is taken from cells


@pytest.mark.parametrize("mask", [None, [[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]]])
def test_a_classifier_without_layers_adds_embeddings_without_storing_them(mask: Any) -> None:
    """Logits and gradients are those of the general way, which a hook asks for."""
    ids = torch.tensor([[3, 1, 4, PAD], [5, 9, NUM_REGIONS + 3, 5], [PAD] * 4])
    given = {"input_ids": ids, "attention_mask": None if mask is None else torch.tensor(mask)}
    found = []
    for hooked in (False, True):
        model = weighted(num_hidden_layers=0, hidden_dropout=0.0, num_labels=3).train()
        model.atacformer.pooling.token_weights[PAD] = 2.0
        seen: list[Any] = []
        if hooked:
            table = model.get_input_embeddings()
            table.register_forward_hook(lambda *given, seen=seen: seen.append(given))
        # An unmasked padding token, whose embedding has no gradient, asks for it too.
        general = hooked or mask is None
        assert (model.atacformer.pool_without_layers(**given) is None) == general
        output = model(**given, labels=torch.tensor([0, 2, 1]))
        output.loss.backward()
        assert len(seen) == hooked
        found.append((output.logits, model.get_input_embeddings().weight.grad))
    close(found[0], found[1], rtol=1e-5, atol=1e-6)


def test_what_needs_the_hidden_states_gets_them() -> None:
    model = weighted(num_hidden_layers=0)
    ids = torch.tensor([[3, 1, 4]])
    assert model(input_ids=ids).hidden_states is None
    assert len(model(input_ids=ids, output_hidden_states=True).hidden_states) == 1
    with pytest.raises(ValueError, match=r"input_ids: 999 is outside 0\.\."):
        model(input_ids=torch.tensor([[999]]))


def test_weights_of_pooling_are_those_of_truncation() -> None:
    cells = [[*cell, TOKENIZER.cls_token_id] for cell in CELLS]
    pooling = weighted().atacformer.pooling.token_weights[:NUM_REGIONS].numpy()
    np.testing.assert_array_equal(pooling, TOKENIZER.idf_weights(cells))


def test_embeddings_are_the_singular_vectors_of_tfidf() -> None:
    rng = np.random.default_rng(0)
    cells = [np.flatnonzero(rng.random(NUM_REGIONS) < 0.3) for _ in range(80)]
    model = tiny(AtacformerForCellClustering, pooling="weighted", num_hidden_layers=0)
    special = model.get_input_embeddings().weight[NUM_REGIONS:].clone()
    initialize_from_cells(model, cells, NUM_REGIONS, embeddings=True)
    table = model.get_input_embeddings().weight.detach()
    close(table[NUM_REGIONS:], special)
    assert float(table[:NUM_REGIONS].std()) == pytest.approx(0.02, rel=1e-4)

    weights = model.atacformer.pooling.token_weights[:NUM_REGIONS].numpy()
    matrix = np.zeros((len(cells), NUM_REGIONS))
    for row, cell in zip(matrix, cells, strict=True):
        row[cell] = weights[cell]
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    vectors = table[:NUM_REGIONS].double().numpy()
    vectors /= np.linalg.norm(vectors, axis=0)
    lengths = np.linalg.norm(matrix @ vectors, axis=0)
    # The exact values: a randomized decomposition comes close from below.
    exact = np.linalg.svd(matrix, compute_uv=False)[:16]
    assert (lengths <= exact * 1.000001).all()
    assert (lengths[:4] > 0.95 * exact[:4]).all()

    again = tiny(AtacformerForCellClustering, pooling="weighted", num_hidden_layers=0)
    initialize_from_cells(again, cells, NUM_REGIONS, embeddings=True)
    close(again.get_input_embeddings().weight, model.get_input_embeddings().weight)


@pytest.mark.parametrize(
    ("fields", "arguments", "message"),
    [
        ({"pooling": "mean"}, {}, "pooling is 'mean', which has no weights to set, expected"),
        ({}, {"input_ids": [[], [PAD]]}, "2 cells without a region, expected one at least"),
        ({}, {"num_regions": 0}, f"num_regions is 0, expected 1 to {VOCAB_SIZE}"),
        ({}, {"embeddings": True}, "5 cells and 60 regions, expected at least 16 of each"),
    ],
)
def test_what_cannot_be_initialized(fields: Any, arguments: Any, message: str) -> None:
    model = tiny(AtacformerForCellClustering, **{"pooling": "weighted", **fields})
    with pytest.raises(ConfigError, match=message):
        initialize_from_cells(
            model, **{"input_ids": CELLS, "num_regions": NUM_REGIONS, **arguments}
        )


def test_balanced_weights_are_those_of_scikit_learn() -> None:
    utils = pytest.importorskip("sklearn.utils.class_weight")
    labels = np.array([0, 0, 0, 2, 1, 1, 0])
    expected = utils.compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert balanced_class_weights([*labels, -100], 3) == pytest.approx(list(expected))
    with pytest.raises(
        ConfigError, match="class 1 has no cell, expected one at least of each of 3"
    ):
        balanced_class_weights([0, 2], 3)
    with pytest.raises(ConfigError, match=r"labels: 3 is outside 0\.\.2"):
        balanced_class_weights([0, 3], 3)


# ---- the loss


def test_the_loss_weighs_cells_by_their_class_and_smooths_labels() -> None:
    weights = [0.5, 1.0, 4.0]
    model = tiny(AtacformerForSequenceClassification, class_weights=weights, label_smoothing=0.3)
    given, labels = padded([7, 2, 5, 4]), torch.tensor([2, 0, -100, 1])
    output = model(**given, labels=labels)
    chances = output.logits.log_softmax(dim=1)
    expected = sum(
        weights[label] * -(0.7 * chances[i, label] + 0.3 * chances[i].mean())
        for i, label in enumerate(labels.tolist())
        if label != -100
    )
    close(output.loss, torch.as_tensor(expected) / 3)


def test_without_weights_it_is_the_cross_entropy_of_pytorch() -> None:
    model = tiny(AtacformerForSequenceClassification)
    given, labels = padded([7, 2, 5]), torch.tensor([2, 0, -100])
    output = model(**given, labels=labels)
    close(output.loss, F.cross_entropy(output.logits, labels))


# ---- probabilities


def test_probabilities_are_those_of_the_logits_without_dropout() -> None:
    model = weighted(hidden_dropout=0.5).train()
    probabilities = model.predict_cells(CELLS, batch_size=2)
    assert model.training
    assert probabilities.shape == (len(CELLS), 3)
    model.eval()
    for cell, row in zip(CELLS, probabilities, strict=True):
        if cell:
            logits = model(torch.tensor([cell])).logits[0].detach()
            close(row, logits.softmax(dim=0))
    model.config.problem_type = "multi_label_classification"
    close(model.predict_cells(CELLS[:1])[0], model(torch.tensor(CELLS[:1])).logits[0].sigmoid())


def test_a_model_of_regression_has_no_classes() -> None:
    model = tiny(AtacformerForSequenceClassification, num_labels=1)
    with pytest.raises(ConfigError, match="a model of regression has no classes"):
        model.predict_cells(CELLS)


# ---- batches of labelled cells


def cells_with_labels(count: int = 64, length: int = 20) -> list[dict[str, Any]]:
    """Class 0 has regions below 30, class 1 the others."""
    rng = np.random.default_rng(0)
    return [
        {
            "input_ids": np.sort(rng.choice(30, length, replace=False)) + 30 * (i % 2),
            "labels": i % 2,
        }
        for i in range(count)
    ]


def rows_of(batch: Any) -> list[set[int]]:
    return [
        set(ids[mask != 0].tolist())
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]


def test_without_augmentation_a_batch_is_the_cells() -> None:
    given = cells_with_labels(6)
    batch = DataCollatorForCellClassification(TOKENIZER)(given)
    assert rows_of(batch) == [set(cell["input_ids"].tolist()) for cell in given]
    assert batch["labels"].tolist() == [0, 1, 0, 1, 0, 1]
    assert batch["labels"].dtype == torch.int64


def test_a_part_of_a_cell_is_kept() -> None:
    given = cells_with_labels()
    batch = DataCollatorForCellClassification(TOKENIZER, seed=1, keep_fraction=(0.3, 0.7))(given)
    sizes = [len(row) for row in rows_of(batch)]
    assert all(
        row <= set(cell["input_ids"].tolist())
        for row, cell in zip(rows_of(batch), given, strict=True)
    )
    assert 0.4 * 20 < np.mean(sizes) < 0.6 * 20
    assert min(sizes) < 8
    assert max(sizes) > 12


def test_mixtures_have_regions_of_their_own_class() -> None:
    given = cells_with_labels()
    batch = DataCollatorForCellClassification(TOKENIZER, seed=1, mix_fraction=1.0)(given)
    rows = rows_of(batch)
    assert all(
        (max(row) < 30) == (cell["labels"] == 0) for row, cell in zip(rows, given, strict=True)
    )
    new = [row - set(cell["input_ids"].tolist()) for row, cell in zip(rows, given, strict=True)]
    assert sum(map(bool, new)) > len(given) / 2
    # About as many as before: what both cells have counts once.
    assert 14 < np.mean([len(row) for row in rows]) <= 20


def test_cells_of_unknown_class_are_not_mixed() -> None:
    given = [{**cell, "labels": -100} for cell in cells_with_labels(8)]
    batch = DataCollatorForCellClassification(TOKENIZER, seed=1, mix_fraction=1.0)(given)
    assert rows_of(batch) == [set(cell["input_ids"].tolist()) for cell in given]


def test_special_tokens_stay_and_one_region_too() -> None:
    cls, eos = NUM_REGIONS + 3, NUM_REGIONS + 4
    given = [{"input_ids": [cls, 5, 6, eos], "labels": 0}] * 40
    batch = DataCollatorForCellClassification(TOKENIZER, seed=1, keep_fraction=(0.01, 0.01))(given)
    for row in rows_of(batch):
        assert {cls, eos} < row
        assert len(row) == 3


def test_a_batch_depends_on_seed_and_epoch() -> None:
    given = cells_with_labels(8)

    def batch(seed: int, epoch: int) -> list[set[int]]:
        collator = DataCollatorForCellClassification(
            TOKENIZER, seed=seed, keep_fraction=(0.3, 0.7), mix_fraction=0.5, max_length=9
        )
        collator.set_epoch(epoch)
        rows = rows_of(collator(given))
        assert max(map(len, rows)) <= 9
        return rows

    assert batch(0, 0) == batch(0, 0)
    assert batch(0, 0) != batch(0, 1)
    assert batch(0, 0) != batch(1, 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"keep_fraction": (0.7, 0.3)}, r"keep_fraction is \(0\.7, 0\.3\), expected two numbers"),
        ({"keep_fraction": (0.0, 0.3)}, "expected two numbers above 0 and at most 1"),
        ({"mix_fraction": 1.5}, r"mix_fraction is 1\.5, expected 0 to 1"),
    ],
)
def test_what_no_collator_can_be_made_of(arguments: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DataCollatorForCellClassification(TOKENIZER, **arguments)


@pytest.mark.parametrize(
    ("label", "error", "message"),
    [
        ("B", TypeError, "sample 0: labels is 'B', expected a whole number, 0 or more; number"),
        (-1, ConfigError, "sample 0: labels is -1, expected 0 or more, or -100 if not known"),
    ],
)
def test_what_is_no_label(label: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        DataCollatorForCellClassification(TOKENIZER)([{"input_ids": [1], "labels": label}])


# ---- all of it


def test_a_few_epochs_tell_classes_apart(tmp_path: Path) -> None:
    from transformers import Trainer, TrainingArguments, set_seed

    set_seed(0)
    given = cells_with_labels(64, length=8)
    model = AtacformerForSequenceClassification(
        tiny_config(
            pooling="weighted",
            num_hidden_layers=0,
            num_labels=2,
            label_smoothing=0.05,
            class_weights=balanced_class_weights([cell["labels"] for cell in given], 2),
        )
    )
    initialize_from_cells(model, [cell["input_ids"] for cell in given], NUM_REGIONS)
    trainer = Trainer(
        model,
        TrainingArguments(
            str(tmp_path),
            num_train_epochs=6,
            per_device_train_batch_size=16,
            learning_rate=0.02,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
            seed=0,
        ),
        train_dataset=given,
        data_collator=DataCollatorForCellClassification(
            TOKENIZER, seed=0, keep_fraction=(0.5, 1.0), mix_fraction=0.5
        ),
        callbacks=[SetEpochCallback()],
    )
    trainer.train()
    model.save_pretrained(tmp_path / "model")
    loaded = AtacformerForSequenceClassification.from_pretrained(tmp_path / "model")
    unseen = [[1, 7, 12], [31, 44, 50], [29], [59]]
    assert loaded.predict_cells(unseen).argmax(dim=1).tolist() == [0, 1, 0, 1]
