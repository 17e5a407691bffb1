# SPDX-License-Identifier: BSD-2-Clause
"""The losses of the heads, against the same written with PyTorch's own."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
    losses,
    modeling_atacformer,
)
from bedtok.atacformer.losses import distance_loss, reverse_gradient
from tiny_models import HEADS, VOCAB_SIZE, gradients, loss_of, padded, tiny, training_input

close = torch.testing.assert_close


def equal_gradients(model: Any, loss: torch.Tensor, expected: torch.Tensor) -> None:
    """The losses and their gradients for every parameter are equal."""
    close(loss, expected)
    found = gradients(model, loss)
    for name, gradient in gradients(model, expected).items():
        close(found[name], gradient, atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.parametrize("model_class", HEADS)
def test_a_training_step_gives_every_weight_that_trains_a_gradient(model_class: Any) -> None:
    # One without would end distributed training.
    model = tiny(model_class, hidden_dropout=0.1, attention_dropout=0.1).train()
    found = gradients(model, loss_of(model, training_input(model_class)))
    assert all(gradient.isfinite().all() for gradient in found.values())
    assert all(gradient.any() for name, gradient in found.items() if "in_proj_bias" not in name)


@pytest.mark.parametrize("model_class", HEADS)
def test_a_step_of_training_lowers_the_loss(model_class: Any) -> None:
    model, given = tiny(model_class), training_input(model_class)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    before = loss_of(model, given)
    before.backward()
    optimizer.step()
    after = loss_of(model, given)
    if model_class is AtacformerForUnsupervisedBatchCorrection:
        assert after != before  # a part of it is meant to rise
    else:
        assert after < before


# ---- replaced tokens


def test_replaced_tokens_are_scored_by_binary_cross_entropy_where_there_is_a_label() -> None:
    model = tiny(AtacformerForReplacedTokenDetection)
    given = training_input(type(model))
    output, labels = model(**given), given["labels"]
    scored = labels != -100
    assert output.logits.shape == labels.shape
    expected = F.binary_cross_entropy_with_logits(output.logits[scored], labels[scored].float())
    equal_gradients(model, output.loss, expected)


@pytest.mark.parametrize(
    "model_class", [AtacformerForReplacedTokenDetection, AtacformerForMaskedLM]
)
@pytest.mark.parametrize("count", [10, torch.tensor(10)])
def test_the_sum_is_divided_by_the_number_of_items(model_class: Any, count: Any) -> None:
    model, given = tiny(model_class), training_input(model_class)
    scored = (given["labels"] != -100).sum()
    close(model(**given, num_items_in_batch=count).loss, model(**given).loss * scored / 10)


@pytest.mark.parametrize(
    "model_class", [AtacformerForReplacedTokenDetection, AtacformerForMaskedLM]
)
@pytest.mark.parametrize("count", [0, torch.tensor(0), None])
def test_nothing_that_is_scored_gives_a_loss_of_0_and_no_gradients(
    model_class: Any, count: Any
) -> None:
    model, given = tiny(model_class), training_input(model_class)
    given["labels"] = torch.full_like(given["labels"], -100)
    loss = model(**given, num_items_in_batch=count).loss
    assert loss == 0
    assert all((gradient == 0).all() for gradient in gradients(model, loss).values())


@pytest.mark.parametrize("kind", [torch.float32, torch.int32])
def test_labels_of_replaced_tokens_may_be_floats(kind: torch.dtype) -> None:
    model = tiny(AtacformerForReplacedTokenDetection)
    given = training_input(type(model))
    close(model(**{**given, "labels": given["labels"].to(kind)}).loss, model(**given).loss)


@pytest.mark.parametrize("label", [2, -1, 0.5])
def test_a_label_that_is_neither_replaced_nor_original_is_refused(label: float) -> None:
    model = tiny(AtacformerForReplacedTokenDetection)
    labels = torch.tensor([[0, label, 1]])
    with pytest.raises(ValueError, match=rf"labels: {label} is neither 1 \(replaced\) nor 0"):
        model(input_ids=torch.ones(1, 3, dtype=torch.int64), labels=labels)


@pytest.mark.parametrize("model_class", HEADS)
def test_without_labels_there_is_no_loss(model_class: Any) -> None:
    assert tiny(model_class)(**padded([3, 2])).get("loss") is None


@pytest.mark.parametrize("name", ["labels", "batch_labels"])
@pytest.mark.parametrize(
    "model_class", [model for model in HEADS if model is not AtacformerForCellClustering]
)
def test_labels_of_another_shape_are_refused(model_class: Any, name: str) -> None:
    model, given = tiny(model_class), training_input(model_class)
    if name not in given:
        return
    given[name] = given[name][:-1]
    with pytest.raises(ValueError, match=rf"{name}: shape \(2.*\), expected \(3"):
        model(**given)


# ---- masked tokens


def plain_masked_loss(model: Any, given: dict[str, torch.Tensor]) -> torch.Tensor:
    inputs = {name: given[name] for name in ("input_ids", "attention_mask")}
    logits = model(**inputs).logits
    return F.cross_entropy(logits.flatten(0, 1), given["labels"].flatten(), ignore_index=-100)


@pytest.mark.parametrize("at_once", [1, 2 * VOCAB_SIZE, 5 * VOCAB_SIZE + 3, 2**27])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_masked_tokens_are_scored_by_cross_entropy_over_the_vocabulary(
    at_once: int, tied: bool, training: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(losses, "LOGITS_AT_ONCE", at_once)
    model = tiny(AtacformerForMaskedLM, tie_word_embeddings=tied).train(training)
    given = training_input(type(model))
    equal_gradients(model, model(**given).loss, plain_masked_loss(model, given))


def test_evaluation_returns_all_logits_and_training_none() -> None:
    model, given = tiny(AtacformerForMaskedLM), training_input(AtacformerForMaskedLM)
    labels = given.pop("labels")
    every = model(**given).logits
    assert every.shape == (*labels.shape, VOCAB_SIZE)
    close(model(**given, labels=labels).logits, every)
    assert model.train()(**given, labels=labels).logits is None
    model.config.sparse_prediction = False
    close(model(**given, labels=labels).logits, every)
    close(model.eval()(**given, labels=labels).logits, every)


def test_too_many_logits_are_those_of_labelled_tokens_and_the_switch_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model, given = tiny(AtacformerForMaskedLM), training_input(AtacformerForMaskedLM)
    labels = given.pop("labels")
    every = model(**given).logits
    warnings: list[str] = []
    monkeypatch.setattr(modeling_atacformer.logger, "warning_once", warnings.append)
    monkeypatch.setattr(modeling_atacformer, "LOGITS_AT_ONCE", every.numel())
    close(model(**given, labels=labels).logits, every)
    assert warnings == []
    monkeypatch.setattr(modeling_atacformer, "LOGITS_AT_ONCE", every.numel() - 1)
    close(model(**given, labels=labels).logits, every[labels != -100])
    assert len(warnings) == 1
    assert "labelled tokens only" in warnings[0]
    assert "sparse_prediction=False" in warnings[0]
    assert str(tuple(every.shape)) in warnings[0]


@pytest.mark.parametrize("label", [VOCAB_SIZE, -1])
def test_a_masked_token_outside_the_vocabulary_is_refused(label: int) -> None:
    labels = torch.tensor([[-100, label, 1]])
    with pytest.raises(ValueError, match=rf"labels: {label} is outside 0\.\.{VOCAB_SIZE - 1}"):
        tiny(AtacformerForMaskedLM)(torch.ones(1, 3, dtype=torch.int64), labels=labels)


# ---- nothing to score


@pytest.mark.parametrize(
    ("model_class", "fields"),
    [
        (AtacformerForReplacedTokenDetection, {}),
        (AtacformerForMaskedLM, {}),
        (AtacformerForMaskedLM, {"tie_word_embeddings": False}),
        (AtacformerForUnsupervisedBatchCorrection, {}),
        (AtacformerForSequenceClassification, {}),
    ],
)
@pytest.mark.parametrize("training", [True, False])
def test_where_nothing_has_a_label_the_loss_and_its_gradients_are_zero(
    model_class: Any, fields: dict[str, Any], training: bool
) -> None:
    model, given = tiny(model_class, **fields).train(training), training_input(model_class)
    for name in ("labels", "batch_labels"):
        if name in given:
            given[name] = torch.full_like(given[name], -100)
    loss = model(**given).loss
    assert loss == 0
    assert all(gradient.eq(0).all() for gradient in gradients(model, loss).values())


@pytest.mark.parametrize(
    ("model_class", "fields"),
    [
        *((model_class, {}) for model_class in HEADS),
        (AtacformerForSequenceClassification, {"num_labels": 1}),
        (AtacformerForSequenceClassification, {"problem_type": "multi_label_classification"}),
    ],
)
def test_no_cells_have_a_loss_of_zero(model_class: Any, fields: dict[str, Any]) -> None:
    model = tiny(model_class, **fields)
    given = {name: value[:0] for name, value in training_input(model_class).items()}
    if fields.get("problem_type"):
        given["labels"] = torch.zeros(0, 3)
    assert model(**given).loss == 0


@pytest.mark.parametrize("model_class", HEADS)
def test_cells_without_tokens_have_a_finite_loss(model_class: Any) -> None:
    model, given = tiny(model_class), training_input(model_class)
    for name, value in given.items():
        if name.startswith("attention_mask"):
            value[0] = 0
    found = gradients(model, loss := loss_of(model, given))
    assert loss.isfinite()
    assert all(gradient.isfinite().all() for gradient in found.values())


# ---- triplets


@pytest.mark.parametrize(
    "fields",
    [{}, {"triplet_margin": 0.5}, {"triplet_p": 1.0}, {"triplet_margin": 2.0, "triplet_p": 3.0}],
    ids=str,
)
def test_triplets_are_scored_by_the_margin_of_their_distances(fields: dict[str, Any]) -> None:
    model = tiny(AtacformerForCellClustering, **fields)
    given = training_input(type(model))
    output = model(**given)
    parts = []
    for part in ("anchor", "positive", "negative"):
        cells = model(given[f"input_ids_{part}"], attention_mask=given[f"attention_mask_{part}"])
        close(output[f"{part}_embeddings"], cells.cell_embeddings)
        parts.append(cells.cell_embeddings)
    expected = torch.nn.TripletMarginLoss(
        margin=fields.get("triplet_margin", 1.0), p=fields.get("triplet_p", 2.0)
    )(*parts)
    assert expected > 0
    equal_gradients(model, output.loss, expected)


def test_triplets_need_no_masks() -> None:
    model = tiny(AtacformerForCellClustering)
    whole = {f"input_ids_{part}": padded([4, 4])["input_ids"] for part in ("anchor", "positive")}
    whole["input_ids_negative"] = padded([6, 6], seed=1)["input_ids"]
    ones = {
        name.replace("input_ids", "attention_mask"): torch.ones_like(ids)
        for name, ids in whole.items()
    }
    close(model(**whole).loss, model(**whole, **ones).loss)


def test_triplets_in_part_are_refused() -> None:
    model = tiny(AtacformerForCellClustering)
    given = training_input(type(model))
    message = "expected input_ids_anchor, input_ids_positive and input_ids_negative, or input_ids"
    with pytest.raises(ValueError, match=message):
        model(**{name: value for name, value in given.items() if "negative" not in name})
    with pytest.raises(ValueError, match=message):
        model(**given, input_ids=given["input_ids_anchor"])


@pytest.mark.parametrize("cut", [lambda ids: ids[:1], lambda ids: ids[0], lambda ids: ids[None]])
def test_triplets_of_different_numbers_are_refused(cut: Any) -> None:
    model = tiny(AtacformerForCellClustering)
    given = training_input(type(model))
    for name in ("input_ids_positive", "attention_mask_positive"):
        given[name] = cut(given[name])
    message = r"anchors, positives and negatives have shapes \(3, 7\), .* the same number of cells"
    with pytest.raises(ValueError, match=message):
        model(**given)


def test_masks_of_triplets_are_looked_at() -> None:
    model = tiny(AtacformerForCellClustering)
    given = training_input(type(model))
    mask = given["attention_mask_positive"]
    with pytest.raises(ValueError, match="attention_mask has shape"):
        model(**{**given, "attention_mask_positive": mask[:, :-1]})
    with pytest.raises(ValueError, match="attention_mask has negative numbers"):
        model(**{**given, "attention_mask_positive": mask - 1})


def test_a_cell_is_the_mean_of_its_tokens() -> None:
    given = padded([5, 2], width=7)
    output = tiny(AtacformerForCellClustering)(**given)
    for row, length in enumerate([5, 2]):
        mean = output.last_hidden_state[row, :length].mean(dim=0)
        close(output.cell_embeddings[row], mean)


# ---- batch correction


def batch_correction(**fields: Any) -> tuple[Any, dict[str, torch.Tensor]]:
    model = tiny(AtacformerForUnsupervisedBatchCorrection, bc_unfreeze_last_n_layers=None, **fields)
    return model, training_input(type(model))


def test_batch_correction_adds_two_losses() -> None:
    model, given = batch_correction(lambda_adv=0.25)
    labels, batch_labels = given.pop("labels"), given.pop("batch_labels")
    both = model(**given, labels=labels, batch_labels=batch_labels)
    tokens = model(**given, labels=labels).loss
    batches = model(**given, batch_labels=batch_labels).loss
    close(both.loss, tokens + batches)
    scored = labels != -100
    close(
        tokens,
        F.binary_cross_entropy_with_logits(both.logits[scored], labels[scored].float()),
    )
    close(batches, 0.25 * F.cross_entropy(both.batch_logits, batch_labels))


@pytest.mark.parametrize("alpha", [1.0, 0.25, 0.0])
def test_the_encoder_gets_the_gradient_of_batches_reversed(alpha: float) -> None:
    model, given = batch_correction(grl_alpha=alpha)
    del given["labels"]
    output = model(**given)
    reversed_ = gradients(model, output.loss + 0 * output.logits.sum())
    output = model(**given)
    logits = model.batch_prediction_head(output.cell_embeddings)
    plain = gradients(
        model, F.cross_entropy(logits, given["batch_labels"]) + 0 * output.logits.sum()
    )
    for name, gradient in plain.items():
        factor = -alpha if name.startswith("atacformer") else 1
        close(reversed_[name], factor * gradient, atol=1e-5, rtol=1e-4, msg=name)


def test_the_reversed_gradient_is_minus_alpha_times_the_slope() -> None:
    """The slope by finite differences, of a loss that is not linear in the embeddings."""
    chance = torch.Generator().manual_seed(0)
    cells = torch.randn(3, 4, generator=chance, dtype=torch.float64)
    weight = torch.randn(4, 2, generator=chance, dtype=torch.float64)
    labels = torch.tensor([0, 1, 1])

    def loss(x: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(x.tanh() @ weight, labels)

    step, slopes = 1e-6, torch.zeros_like(cells)
    for at in torch.cartesian_prod(torch.arange(3), torch.arange(4)).tolist():
        move = torch.zeros_like(cells)
        move[tuple(at)] = step
        slopes[tuple(at)] = (loss(cells + move) - loss(cells - move)) / (2 * step)
    for alpha in (1.0, 0.25, 0.0):
        x = cells.clone().requires_grad_()
        value = loss(reverse_gradient(x, alpha))
        assert value.item() == pytest.approx(loss(cells).item(), abs=1e-12)
        (gradient,) = torch.autograd.grad(value, x)
        close(gradient, -alpha * slopes, atol=1e-8, rtol=1e-6)


def test_the_head_of_batches_sees_embeddings_in_units_of_their_root_mean_square() -> None:
    model, given = batch_correction(batch_head_hidden_size=5)
    output = model(**given)
    cells, head = output.cell_embeddings, model.batch_prediction_head
    unit = cells / cells.pow(2).mean().sqrt()
    close(output.batch_logits, head.classifier(head.dense(unit).clamp(min=0)))
    close(head(1e-3 * cells), output.batch_logits)
    # Cells of another depth are seen as such.
    deep = head(torch.cat([cells[:1], 3 * cells[:1]]))
    assert not torch.allclose(deep[0], deep[1], atol=1e-3)
    assert head(torch.zeros(2, 16)).isfinite().all()


def test_the_head_of_known_weights_has_a_known_loss() -> None:
    model, given = batch_correction(batch_head_hidden_size=2, num_batches=2, lambda_adv=0.5)
    head = model.batch_prediction_head
    with torch.no_grad():
        for weight in head.parameters():
            weight.zero_()
        head.classifier.bias.copy_(torch.tensor([0.0, math.log(3)]))
    del given["labels"]
    given["batch_labels"] = torch.tensor([0, 1, 1])
    # Probabilities 1/4 and 3/4: the mean of log 4, log 4/3, log 4/3, times a half.
    expected = (math.log(4) + 2 * math.log(4 / 3)) / 6
    assert model(**given).loss.item() == pytest.approx(expected, rel=1e-5)


def test_the_distance_to_a_reference_is_a_share_of_its_squares() -> None:
    cells = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    reference = torch.tensor([[3.0, 2.0], [1.0, 0.0]], requires_grad=True)
    loss = distance_loss(cells, reference)  # (0 + 4 + 1 + 0) / (9 + 4 + 1)
    assert loss.item() == pytest.approx(5 / 14)
    loss.backward()
    close(cells.grad, torch.tensor([[0.0, 4.0], [-2.0, 0.0]]) / 14)
    assert reference.grad is None
    assert distance_loss(cells, torch.zeros(2, 2)).item() == pytest.approx(25)
    assert distance_loss(cells[:0], reference[:0]) == 0
    with pytest.raises(ValueError, match=r"reference_embeddings: shape \(1, 2\), expected"):
        distance_loss(cells, reference[:1])


def test_batch_correction_adds_the_distance_to_a_reference() -> None:
    model, given = batch_correction(lambda_reference=3.0)
    plain = model(**given)
    reference = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    both = model(**given, reference_embeddings=reference)
    close(both.loss - plain.loss, 3 * distance_loss(plain.cell_embeddings, reference))
    at_it = model(**given, reference_embeddings=plain.cell_embeddings)
    close(at_it.loss, plain.loss)


def test_a_batch_that_is_not_known_is_not_scored() -> None:
    model, given = batch_correction()
    del given["labels"]
    given["batch_labels"][0] = -100
    output = model(**given)
    close(output.loss, F.cross_entropy(output.batch_logits[1:], given["batch_labels"][1:]))


@pytest.mark.parametrize("label", [3, -1])
def test_a_batch_outside_is_refused(label: int) -> None:
    model, given = batch_correction()
    given["batch_labels"][1] = label
    with pytest.raises(ValueError, match=rf"batch_labels: {label} is outside 0\.\.2"):
        model(**given)


# ---- classification


def classifier(**fields: Any) -> tuple[Any, dict[str, torch.Tensor], torch.Tensor]:
    model = tiny(AtacformerForSequenceClassification, **fields)
    given = padded([5, 2, 7])
    return model, given, model(**given).logits


@pytest.mark.parametrize("problem", [None, "single_label_classification"])
@pytest.mark.parametrize("dtype", [torch.int64, torch.int32])
def test_classes_are_scored_where_they_are_known(problem: Any, dtype: torch.dtype) -> None:
    model, given, logits = classifier(problem_type=problem)
    labels = torch.tensor([2, -100, 0], dtype=dtype)
    expected = F.cross_entropy(logits, labels.long())
    equal_gradients(model, model(**given, labels=labels).loss, expected)


@pytest.mark.parametrize("problem", [None, "multi_label_classification"])
def test_several_classes_a_cell_are_scored_by_binary_cross_entropy(problem: Any) -> None:
    model, given, logits = classifier(problem_type=problem)
    labels = torch.tensor([[1.0, 0, 1], [0, 0, 0], [0, 1, 0]])
    expected = F.binary_cross_entropy_with_logits(logits, labels)
    equal_gradients(model, model(**given, labels=labels).loss, expected)


@pytest.mark.parametrize("problem", [None, "regression"])
@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_a_number_is_scored_by_its_squared_error(problem: Any, shape: tuple[int, ...]) -> None:
    model, given, logits = classifier(problem_type=problem, num_labels=1)
    labels = torch.tensor([0.5, -2.0, 1.0])
    expected = F.mse_loss(logits[:, 0], labels)
    equal_gradients(model, model(**given, labels=labels.view(shape)).loss, expected)


def test_numbers_may_be_several() -> None:
    model, given, logits = classifier(problem_type="regression")
    labels = torch.tensor([[0.5, 0, 1]] * 3)
    close(model(**given, labels=labels).loss, F.mse_loss(logits, labels))


@pytest.mark.parametrize("label", [3, -1])
def test_a_class_outside_is_refused(label: int) -> None:
    model, given, _ = classifier()
    with pytest.raises(ValueError, match=rf"labels: {label} is outside 0\.\.2"):
        model(**given, labels=torch.tensor([0, label, 1]))


def test_a_class_is_a_whole_number() -> None:
    model, given, _ = classifier(problem_type="single_label_classification")
    with pytest.raises(TypeError, match=r"labels: expected whole numbers, not torch\.float32"):
        model(**given, labels=torch.tensor([0.0, 2.0, 1.0]))
