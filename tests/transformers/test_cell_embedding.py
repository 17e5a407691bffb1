# SPDX-License-Identifier: BSD-2-Clause
"""Embeddings of cells: what is taken, in which order, drawn how, and left as it was."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import BatchEncoding, set_seed

from bedtok import ConfigError, RegionSet, Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForReplacedTokenDetection,
    AtacformerTokenizer,
)
from support import NUM_REGIONS
from tiny_models import HEADS, PAD, VOCAB_SIZE, tiny

close = torch.testing.assert_close
MODEL = tiny(AtacformerForCellClustering)  # no test changes it
CELLS = [[3, 1, 4], [1], [5, 9, 2, 6, 5, 3], [], [58, 9]]


def expected_embedding(ids: Any) -> torch.Tensor:
    with torch.no_grad():
        hidden = MODEL.atacformer(torch.tensor([list(ids)])).last_hidden_state[0]
    mean: torch.Tensor = hidden.mean(dim=0)
    return mean


@pytest.fixture(scope="module")
def expected() -> torch.Tensor:
    return torch.stack([expected_embedding(ids) if ids else torch.zeros(16) for ids in CELLS])


def rectangle() -> tuple[list[list[int]], list[list[int]]]:
    width = max(map(len, CELLS))
    ids = [cell + [PAD] * (width - len(cell)) for cell in CELLS]
    return ids, [[int(i != PAD) for i in row] for row in ids]


def padded_by_another_id() -> tuple[np.ndarray, np.ndarray]:
    ids, mask = map(np.array, rectangle())
    return np.where(mask, ids, 7), mask


# ---- where the weights are


def test_weights_that_are_offloaded_give_the_same_embeddings() -> None:
    accelerate = pytest.importorskip("accelerate")
    # What device_map="auto" does where the memory does not suffice.
    offloaded = copy.deepcopy(MODEL)
    accelerate.cpu_offload(offloaded, execution_device=torch.device("cpu"))
    assert all(weight.device.type == "meta" for weight in offloaded.parameters())
    for pool in (True, False):
        embeddings = offloaded.encode_tokenized_cells(CELLS, pool_tokens=pool)
        assert embeddings.device.type == "cpu"
        close(embeddings, MODEL.encode_tokenized_cells(CELLS, pool_tokens=pool))


# ---- what is taken


@pytest.mark.parametrize(
    "cells",
    [
        CELLS,
        tuple(map(tuple, CELLS)),
        [np.array(cell, dtype=np.uint32) for cell in CELLS],
        [np.array(cell, dtype=np.int32) for cell in CELLS],
        [np.array(cell, dtype=np.uint64) for cell in CELLS],
        [torch.tensor(cell, dtype=torch.int64) for cell in CELLS],
        [torch.tensor(cell, dtype=torch.int32) for cell in CELLS],
        np.array(rectangle()[0]),
        torch.tensor(rectangle()[0]),
        rectangle()[0],
        {"input_ids": CELLS},
        {"input_ids": rectangle()[0], "attention_mask": rectangle()[1]},
        BatchEncoding({"input_ids": CELLS}),
        *(
            BatchEncoding(
                {
                    "input_ids": torch.tensor(padded_by_another_id()[0]),
                    "attention_mask": torch.tensor(padded_by_another_id()[1]).to(dtype),
                }
            )
            for dtype in (torch.int64, torch.bool, torch.float32, torch.bfloat16)
        ),
        dict(zip(("input_ids", "attention_mask"), padded_by_another_id(), strict=True)),
    ],
    ids=lambda cells: type(cells).__name__,
)
def test_cells_of_any_container_have_the_same_embeddings(
    cells: Any, expected: torch.Tensor
) -> None:
    close(MODEL.encode_tokenized_cells(cells), expected)


def test_columns_of_tables_are_taken(expected: torch.Tensor) -> None:
    import pandas as pd
    import pyarrow as pa
    from datasets import Dataset

    columns = [
        pd.Series(CELLS, index=list("abcde")),
        pa.array(CELLS),
        pa.chunked_array([CELLS[:2], CELLS[2:]]),
        Dataset.from_dict({"input_ids": CELLS})["input_ids"],
        Dataset.from_dict({"input_ids": CELLS}).with_format("numpy")["input_ids"],
        Dataset.from_dict({"input_ids": CELLS}).with_format("torch")["input_ids"],
    ]
    for column in columns:
        close(MODEL.encode_tokenized_cells(column), expected)


@pytest.mark.parametrize(
    "wrap", [lambda backend: backend, lambda backend: AtacformerTokenizer(tokenizer_object=backend)]
)
@pytest.mark.parametrize("keywords", [{}, {"padding": True, "return_tensors": "pt"}], ids=str)
def test_what_a_tokenizer_returns_is_taken(
    backend: Tokenizer, cells: list[RegionSet], wrap: Any, keywords: dict[str, Any]
) -> None:
    found = MODEL.encode_tokenized_cells(
        wrap(backend)(cells, max_length=32, truncation=True, **keywords)
    )
    assert found.shape == (24, 16)
    ids = backend(cells, max_length=32, truncation=True)["input_ids"]
    close(found, MODEL.encode_tokenized_cells(ids))
    close(found[3], expected_embedding(ids[3]))


@pytest.mark.parametrize("model_class", HEADS)
def test_every_head_embeds_cells(model_class: Any) -> None:
    model = tiny(model_class)
    ids = torch.tensor([CELLS[2]])
    with torch.no_grad():
        mean = model.atacformer(ids).last_hidden_state.mean(dim=1)
    close(model.encode_tokenized_cells(ids), mean)


@pytest.mark.parametrize("cells", [[], np.zeros((0, 4), dtype=int), torch.zeros(0, 3).long()])
def test_no_cells_have_no_embeddings(cells: Any) -> None:
    assert MODEL.encode_tokenized_cells(cells).shape == (0, 16)
    assert MODEL.encode_tokenized_cells(cells, pool_tokens=False).shape == (0, 0, 16)


@pytest.mark.parametrize("cells", [[[]], [[], [PAD, PAD]], np.full((2, 3), PAD), np.zeros((2, 0))])
def test_cells_without_tokens_are_zero(cells: Any) -> None:
    found = MODEL.encode_tokenized_cells(cells)
    assert torch.equal(found, torch.zeros(len(cells), 16))


def test_padding_ids_are_left_out_wherever_they_lie() -> None:
    found = MODEL.encode_tokenized_cells([[PAD, 3, PAD, 1, 4, PAD]])
    close(found[0], expected_embedding([3, 1, 4]))


def test_a_model_without_a_padding_id_leaves_out_none() -> None:
    model = tiny(AtacformerForCellClustering, pad_token_id=None)
    both = model.encode_tokenized_cells([[3, PAD], [3], [1, 2, 3]])
    assert (both[0] - both[1]).abs().max() > 0.01


# ---- order, batches and neighbours


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    cells=st.lists(st.lists(st.integers(0, NUM_REGIONS - 1), max_size=12), max_size=12),
    batch_size=st.integers(1, 14),
)
def test_a_cells_embedding_depends_on_nothing_but_the_cell(
    cells: list[list[int]], batch_size: int
) -> None:
    found = MODEL.encode_tokenized_cells(cells, batch_size=batch_size)
    assert found.shape == (len(cells), 16)
    for ids, embedding in zip(cells, found, strict=True):
        close(embedding, expected_embedding(ids) if ids else torch.zeros(16))


def test_batches_are_of_similar_lengths(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []
    forward = MODEL.atacformer.forward
    monkeypatch.setattr(
        MODEL.atacformer,
        "forward",
        lambda **given: shapes.append(tuple(given["input_ids"].shape)) or forward(**given),
    )
    MODEL.encode_tokenized_cells([[1]] * 3 + [[1] * 9] * 2 + [[]] * 3 + [[1] * 8], batch_size=3)
    assert shapes == [(3, 9), (3, 1)]


def test_without_pooling_each_token_has_its_vector() -> None:
    found = MODEL.encode_tokenized_cells(CELLS, pool_tokens=False, batch_size=2)
    assert found.shape == (5, 6, 16)
    for ids, rows in zip(CELLS, found, strict=True):
        if ids:
            close(rows[: len(ids)], MODEL.atacformer(torch.tensor([ids])).last_hidden_state[0])
        assert rows[len(ids) :].eq(0).all()


# ---- cells longer than the context


def drawn(cells: list[list[int]], **keywords: Any) -> list[list[int]]:
    """The ids that the model sees of each cell; of models without a padding id."""
    from bedtok.atacformer import cell_embedding

    seen: list[list[int]] = []
    make = cell_embedding.CellParts

    def spy(*given: Any) -> Any:
        parts = make(*given)
        seen.extend(parts.ids(i).tolist() for i in range(len(parts.lengths)))
        return parts

    cell_embedding.CellParts = spy
    try:
        MODEL.encode_tokenized_cells(cells, **keywords)
    finally:
        cell_embedding.CellParts = make
    return seen


LONG = list(range(NUM_REGIONS))  # the context is 32


def test_of_a_long_cell_tokens_are_drawn_in_their_order_and_none_twice() -> None:
    (kept,) = drawn([LONG], seed=1)
    assert len(kept) == len(set(kept)) == 32
    assert kept == sorted(kept)
    assert kept != LONG[:32]
    (kept,) = drawn([LONG[::-1]], seed=1, max_tokens_per_cell=5)
    assert kept == sorted(kept, reverse=True)
    assert len(kept) == 5


def test_a_cell_that_fits_is_whole() -> None:
    assert drawn([LONG[:32], [4, 4, 4]], seed=1) == [LONG[:32], [4, 4, 4]]


def test_all_tokens_have_the_same_chance() -> None:
    counts = np.zeros(NUM_REGIONS)
    for seed in range(200):
        counts[drawn([LONG], seed=seed, max_tokens_per_cell=6)[0]] += 1
    assert counts.sum() == 1200
    assert counts.min() > 5 and counts.max() < 40  # 20 expected


def test_the_sample_is_that_of_a_call_with_random_truncation(backend: Tokenizer) -> None:
    tokenizer = backend.with_options(template="<cls> $A <eos>")
    samples = [["chr1:0-6000"], ["chr1:0-500"], ["chr1:0-6000", "chrX:0-9"]]
    whole = tokenizer(samples)["input_ids"]
    for seed in (0, 9, 2**64 - 1):
        expected = tokenizer(samples, truncation="random", max_length=20, seed=seed)["input_ids"]
        assert drawn(whole, seed=seed, max_tokens_per_cell=20) == expected
        assert [len(row) for row in expected] == [20, 7, 20]


def test_special_tokens_that_do_not_fit_are_an_error(backend: Tokenizer) -> None:
    row = backend.with_options(template="<cls> $A <eos>")(["chr1:0-500"])["input_ids"]
    message = "max_tokens_per_cell is 1, expected at least 2, the special tokens of a sample"
    with pytest.raises(ConfigError, match=message):
        MODEL.encode_tokenized_cells([row], max_tokens_per_cell=1)


def test_the_same_seed_draws_the_same() -> None:
    found = MODEL.encode_tokenized_cells([LONG, LONG[::2], LONG], seed=5)
    close(found, MODEL.encode_tokenized_cells([LONG, LONG[::2], LONG], seed=5))
    assert not torch.allclose(found, MODEL.encode_tokenized_cells([LONG] * 3, seed=6))
    assert drawn([LONG], seed=2**64 - 1) != drawn([LONG], seed=0)


def test_a_cells_draw_does_not_depend_on_the_others() -> None:
    first, second = drawn([LONG, LONG], seed=5)
    assert first != second
    assert drawn([[1, 2], LONG], seed=5)[1] == second
    assert drawn([LONG], seed=5)[0] == first
    assert drawn([LONG[::-1], LONG, LONG], seed=5)[1] == second


def test_without_a_seed_transformers_set_seed_decides() -> None:
    set_seed(3)
    first = [drawn([LONG]), drawn([LONG])]
    set_seed(3)
    assert [drawn([LONG]), drawn([LONG])] == first
    assert first[0] != first[1]


# ---- what stays as it was


def part_in_eval() -> Any:
    model = tiny(AtacformerForReplacedTokenDetection, hidden_dropout=0.5).train()
    model.atacformer.encoder.layers[1].eval()
    model.discriminator.norm.eval()
    return model


def test_modes_are_restored_in_every_part() -> None:
    model = part_in_eval()
    before = [module.training for module in model.modules()]
    model.encode_tokenized_cells(CELLS)
    assert [module.training for module in model.modules()] == before
    assert True in before and False in before


def test_modes_are_restored_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = part_in_eval()
    before = [module.training for module in model.modules()]

    def fail(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(model.atacformer.encoder, "forward", fail)
    with pytest.raises(MemoryError):
        model.encode_tokenized_cells(CELLS)
    assert [module.training for module in model.modules()] == before


def test_there_is_no_dropout() -> None:
    model = tiny(AtacformerForCellClustering, hidden_dropout=0.5, embedding_dropout=0.5).train()
    close(model.encode_tokenized_cells(CELLS), MODEL.encode_tokenized_cells(CELLS))


def test_the_result_has_no_gradient_and_can_be_trained_on() -> None:
    found = MODEL.encode_tokenized_cells(CELLS)
    assert not found.requires_grad
    assert not found.is_inference()
    layer = torch.nn.Linear(16, 1)
    layer(found).sum().backward()
    close(layer.weight.grad[0], found.sum(dim=0))
    found += 1


def test_the_callers_ids_are_not_changed() -> None:
    cells = np.array([LONG], dtype=np.int64)
    before = cells.copy()
    MODEL.encode_tokenized_cells(cells, seed=0)
    assert np.array_equal(cells, before)


# ---- kind and place of the result, progress


@pytest.mark.parametrize("pool_tokens", [True, False])
def test_the_result_has_the_models_dtype_unless_another_is_asked_for(pool_tokens: bool) -> None:
    keywords = {"pool_tokens": pool_tokens}
    model = tiny(AtacformerForCellClustering).bfloat16()
    found = model.encode_tokenized_cells(CELLS, **keywords)
    assert found.dtype == torch.bfloat16
    asked = model.encode_tokenized_cells(CELLS, dtype=torch.float32, **keywords)
    assert asked.dtype == torch.float32
    close(asked, MODEL.encode_tokenized_cells(CELLS, **keywords), atol=0.1, rtol=0.1)


def test_the_result_lies_where_it_is_asked_for() -> None:
    assert MODEL.encode_tokenized_cells(CELLS, device="cpu").device.type == "cpu"
    assert MODEL.encode_tokenized_cells([[]], device="meta").device.type == "meta"


def test_progress_is_shown_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    MODEL.encode_tokenized_cells(CELLS, batch_size=2)
    assert capsys.readouterr().err == ""
    found = MODEL.encode_tokenized_cells(CELLS, batch_size=2, progress=True)
    assert "2/2" in capsys.readouterr().err
    close(found, MODEL.encode_tokenized_cells(CELLS))


def test_a_sum_over_many_tokens_does_not_leave_16_bits() -> None:
    # 4,000 times 100 is beyond what float16 holds.
    from bedtok.atacformer.pooling import mean_of_tokens

    hidden = torch.full((2, 4000, 1), 100, dtype=torch.float16)
    expected = torch.full((2, 1), 100, dtype=torch.float16)
    close(mean_of_tokens(hidden, None), expected)
    close(mean_of_tokens(hidden, torch.arange(4000).repeat(2, 1) < 3000), expected)


# ---- errors


@pytest.mark.parametrize(
    "cells", [[1, 2, 3], np.array([1, 2, 3]), torch.tensor([1, 2, 3]), {"input_ids": [1, 2]}]
)
def test_one_row_of_ids_is_said_to_be_a_batch_of_one(cells: Any) -> None:
    with pytest.raises(TypeError, match=r"input_ids of cell 0: .* a batch of one: \[ids\]"):
        MODEL.encode_tokenized_cells(cells)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("chr1:1-2", "input_ids: expected one row of ids for each cell, not str"),
        (7, "not int"),
        (None, "not NoneType"),
        (iter(CELLS), "not list_iterator"),
        ([[1], ["chr1:1-2"]], "input_ids of cell 1: expected integers, got 'chr1:1-2'"),
        ([[1], [1, [2]]], "input_ids of cell 1: expected one list of integers, got lists within"),
        ([[0.5]], "input_ids of cell 0: expected integers, got 0.5"),
        ([[True]], "expected integers, got True"),
        ([[1], None], "input_ids of cell 1: expected integers, got None"),
        (
            np.zeros((1, 2, 3), dtype=int),
            r"input_ids of cell 0: expected one dimension, got shape \(2, 3\)",
        ),
        ({"ids": CELLS}, r"expected input_ids among \['ids'\]"),
    ],
)
def test_what_is_no_cells_is_refused(cells: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        MODEL.encode_tokenized_cells(cells)


@pytest.mark.parametrize("bad", [-1, VOCAB_SIZE, 2**40])
def test_an_id_outside_the_vocabulary_is_named_with_its_cell(bad: int) -> None:
    message = rf"cell 2: id {bad} is outside the model's vocabulary \(0\.\.66\); .*tokenizer"
    with pytest.raises(ValueError, match=message):
        MODEL.encode_tokenized_cells([[1], [2], [3, bad]])
    with pytest.raises(ValueError, match="cell 1: id 9223372036854775808 is outside 64 bits"):
        MODEL.encode_tokenized_cells([[1], np.array([2**63], np.uint64)])


def test_a_mask_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="attention_mask has 1 rows, expected 2"):
        MODEL.encode_tokenized_cells({"input_ids": [[1], [2]], "attention_mask": [[1]]})
    message = r"attention_mask of cell 1 has shape \(2,\), expected \(1,\)"
    with pytest.raises(ValueError, match=message):
        MODEL.encode_tokenized_cells({"input_ids": [[1], [2]], "attention_mask": [[1], [1, 1]]})


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0, expected 1 or more"),
        ({"max_tokens_per_cell": 0}, "max_tokens_per_cell is 0, expected 1 to 32, the model's"),
        ({"max_tokens_per_cell": 33}, "max_tokens_per_cell is 33, expected 1 to 32"),
        ({"seed": -1}, "seed is -1, expected 0 to"),
    ],
)
def test_a_keyword_out_of_range_is_named(keywords: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MODEL.encode_tokenized_cells(CELLS, **keywords)
