# SPDX-License-Identifier: BSD-2-Clause
"""Which regions mattered: a planted signal is found, and what is promised of the scores holds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForSequenceClassification,
    attribute_regions,
)
from bedtok.atacformer.attribution import METHODS
from support import NUM_REGIONS, region_text
from tiny_models import tiny

SIGNAL = [7, 23, 41]
TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
MODEL = tiny(AtacformerForSequenceClassification, id2label={0: "B", 1: "T", 2: "NK"})
CLUSTERING = tiny(AtacformerForCellClustering)
CELLS = [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3], [], [58, 9]]


def random_cells(count: int, seed: int) -> tuple[list[list[int]], np.ndarray]:
    """Cells of 12 other regions, and in every second one region of the signal."""
    chance = np.random.default_rng(seed)
    others = np.setdiff1d(np.arange(NUM_REGIONS), SIGNAL)
    cells, labels = [], np.arange(count) % 2
    for label in labels:
        ids = chance.choice(others, 12, replace=False)
        if label:
            ids[0] = chance.choice(SIGNAL)
        cells.append(np.sort(ids).tolist())
    return cells, labels


@pytest.fixture(scope="module")
def trained() -> Any:
    torch.manual_seed(0)
    model = tiny(AtacformerForSequenceClassification, num_labels=2).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for step in range(60):
        cells, labels = random_cells(64, step)
        loss = model(input_ids=torch.tensor(cells), labels=torch.tensor(labels)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    return model.eval()


@pytest.mark.parametrize("method", ["integrated_gradients", "input_x_gradient"])
def test_regions_that_determine_the_class_have_the_largest_scores(
    trained: Any, method: Any
) -> None:
    cells, labels = random_cells(60, seed=1000)
    found = attribute_regions(trained, TOKENIZER, cells, target=1, method=method)
    top = found.mean(labels == 1).top(3)
    assert sorted(top.regions.starts.tolist()) == [100 * i for i in SIGNAL]
    assert top.num_cells.sum() == 30
    best = [found.cell(i).top(1).regions.starts[0] // 100 for i in np.flatnonzero(labels == 1)]
    assert np.isin(best, SIGNAL).mean() > 0.95


def test_the_similarity_to_a_centroid_finds_them_too(trained: Any) -> None:
    cells, labels = random_cells(60, seed=1000)
    embeddings = trained.encode_tokenized_cells(cells)
    centroid = embeddings[labels == 1].mean(dim=0)
    found = attribute_regions(trained, TOKENIZER, cells, centroid=centroid, steps=32)
    expected = torch.nn.functional.cosine_similarity(embeddings, centroid[None])
    np.testing.assert_allclose(found.outputs, expected.numpy(), rtol=1e-4)
    top = found.mean(labels == 1).top(3)
    assert sorted(top.regions.starts.tolist()) == [100 * i for i in SIGNAL]


def test_integrated_gradients_are_complete(trained: Any) -> None:
    cells, _ = random_cells(20, seed=3)
    for model, keywords in (
        (trained, {"target": 1}),
        (MODEL, {"target": "NK"}),
        (CLUSTERING, {"centroid": torch.arange(16.0)}),
    ):
        found = attribute_regions(model, TOKENIZER, cells, steps=64, **keywords)
        spread = np.abs(found.outputs - found.baseline_outputs).max()
        assert spread > 0.01
        assert np.abs(found.residuals).max() < 0.01 * spread


def test_outputs_are_the_logits_and_targets_those_predicted() -> None:
    found = attribute_regions(MODEL, TOKENIZER, CELLS, method="input_x_gradient")
    for i, cell in enumerate(CELLS):
        if cell:
            logits = MODEL(input_ids=torch.tensor([cell])).logits[0].detach().numpy()
            assert found.targets[i] == logits.argmax()
            assert math.isclose(found.outputs[i], logits.max(), rel_tol=1e-4)
    by_name = attribute_regions(MODEL, TOKENIZER, CELLS, target="T", method="input_x_gradient")
    assert by_name.targets.tolist() == [1] * 5


def test_input_x_gradient_is_the_gradient_times_the_distance_from_the_baseline() -> None:
    found = attribute_regions(
        MODEL, TOKENIZER, CELLS, target=2, baseline="zero", method="input_x_gradient"
    )
    for i, cell in enumerate(CELLS):
        if not cell:
            continue
        rows = MODEL.get_input_embeddings().weight.detach()[cell][None].requires_grad_()
        MODEL(inputs_embeds=rows).logits[0, 2].backward()
        expected = (rows.grad * rows)[0].sum(dim=1).detach()
        own = found.scores[found.offsets[i] : found.offsets[i + 1]]
        np.testing.assert_allclose(own, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("method", METHODS)
def test_scores_of_a_cell_depend_neither_on_batches_nor_on_padding(method: Any) -> None:
    whole = attribute_regions(MODEL, TOKENIZER, CELLS, method=method)
    assert whole.ids.tolist() == [i for cell in CELLS for i in cell]
    for batch_size in (1, 2):
        other = attribute_regions(MODEL, TOKENIZER, CELLS, method=method, batch_size=batch_size)
        np.testing.assert_allclose(other.scores, whole.scores, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_attention_is_the_product_of_the_layers(implementation: str) -> None:
    model = tiny(AtacformerForCellClustering, implementation=implementation)
    found = attribute_regions(model, TOKENIZER, CELLS, method="attention")
    for i, cell in enumerate(CELLS):
        if not cell:
            continue
        layers = model.atacformer(torch.tensor([cell]), output_attentions=True).attentions
        product = torch.eye(len(cell))
        for layer in layers:
            product = (layer[0].mean(dim=0) + torch.eye(len(cell))) / 2 @ product
        own = found.scores[found.offsets[i] : found.offsets[i + 1]]
        np.testing.assert_allclose(own, product.mean(dim=0).detach(), rtol=1e-4)
        assert math.isclose(own.sum(), 1, rel_tol=1e-5)
    assert np.abs(found.residuals).max() < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_windows_of_a_long_cell_add_up_to_the_mean_of_their_outputs(method: Any) -> None:
    long = [list(range(NUM_REGIONS))]
    keywords: Any = {} if method == "attention" else {"target": 1}
    found = attribute_regions(
        MODEL, TOKENIZER, long, method=method, pool="windows", max_tokens_per_cell=20, **keywords
    )
    assert sorted(found.ids.tolist()) == long[0]
    windows = [long[0][k::3] for k in range(3)]
    apart = attribute_regions(MODEL, TOKENIZER, windows, method=method, **keywords)
    np.testing.assert_allclose(found.outputs[0], apart.outputs.mean(), rtol=1e-4)
    np.testing.assert_allclose(found.scores, apart.scores / 3, rtol=1e-3, atol=1e-5)


def test_groups_are_means_over_all_their_cells() -> None:
    found = attribute_regions(MODEL, TOKENIZER, CELLS, target=0)
    cells = [0, 2, 4]
    table = found.mean(cells)
    for start, score, count in zip(
        table.regions.starts.tolist(), table.scores, table.num_cells, strict=True
    ):
        own = [found.scores[found.offsets[c] : found.offsets[c + 1]] for c in cells]
        total = sum(
            float(s)
            for c, scores in zip(cells, own, strict=True)
            for i, s in zip(CELLS[c], scores, strict=True)
            if 100 * i == start
        )
        assert math.isclose(score, total / 3, rel_tol=1e-5, abs_tol=1e-7)
        assert count == sum(start // 100 in CELLS[c] for c in cells)
    assert found.mean([True, False, True, False, True]).scores.tolist() == table.scores.tolist()
    assert len(found.mean([])) == len(found.mean([False] * 5)) == 0
    assert len(found.cell(3)) == 0
    assert list(found.cell(0).regions.starts) == [100, 300, 400]


def test_the_model_is_left_as_it_was() -> None:
    before = {name: weight.clone() for name, weight in MODEL.state_dict().items()}
    MODEL.zero_grad()
    MODEL.train()
    attribute_regions(MODEL, TOKENIZER, CELLS)
    assert MODEL.training
    MODEL.eval()
    assert all(torch.equal(before[name], weight) for name, weight in MODEL.state_dict().items())
    assert all(weight.grad is None for weight in MODEL.atacformer.parameters())
    assert not MODEL.get_input_embeddings()._forward_hooks


def test_arguments_that_do_not_fit_are_refused() -> None:
    small = Tokenizer.from_regions(["chr1:0-5"])
    for model, tokenizer, keywords, message in (
        (MODEL, TOKENIZER, {"method": "attentoin"}, "method is 'attentoin'; did you mean"),
        (MODEL, TOKENIZER, {"target": 3}, "target is 3, expected 0 to 2, or a class's name"),
        (MODEL, TOKENIZER, {"target": "NKT"}, "target is 'NKT'; did you mean 'NK'"),
        (MODEL, TOKENIZER, {"target": 1, "centroid": [0] * 16}, "target: expected None here"),
        (MODEL, TOKENIZER, {"centroid": [0, 1]}, r"centroid: got the shape \(2,\)"),
        (MODEL, TOKENIZER, {"baseline": "one"}, "baseline is 'one', expected 'mean'"),
        (MODEL, TOKENIZER, {"steps": 0}, "steps is 0, expected 1 or more"),
        (MODEL, small, {}, "the tokenizer has 8 tokens, the model 67"),
        (CLUSTERING, TOKENIZER, {}, "AtacformerForCellClustering has no classes"),
    ):
        with pytest.raises(ConfigError, match=message):
            attribute_regions(model, tokenizer, CELLS, **keywords)
    with pytest.raises(IndexError, match="position is 5, expected 0 to 4"):
        attribute_regions(MODEL, TOKENIZER, CELLS).cell(5)
