# SPDX-License-Identifier: BSD-2-Clause
"""The encoder: padding, order, masks, what attention it runs by, what it returns and refuses."""

from __future__ import annotations

import copy
import functools
import pickle
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tiny_models import (
    HEADS,
    MODELS,
    PAD,
    VOCAB_SIZE,
    gradients,
    loss_of,
    padded,
    tiny,
    training_input,
)

IMPLEMENTATIONS = ("sdpa", "eager")
close = torch.testing.assert_close


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def models() -> dict[str, Any]:
    """Models of equal weights that tests do not change."""
    return {name: tiny(implementation=name) for name in IMPLEMENTATIONS}


@pytest.fixture(autouse=True)
def without_gradients(request: pytest.FixtureRequest) -> Any:
    with torch.set_grad_enabled("gradient" in request.node.name):
        yield


# ---- padding

masks = st.tuples(st.integers(1, 5), st.integers(1, 12)).flatmap(
    lambda shape: st.lists(
        st.lists(st.booleans(), min_size=shape[1], max_size=shape[1]),
        min_size=shape[0],
        max_size=shape[0],
    )
)


@functools.cache
def models_with(positions: bool) -> list[Any]:
    return [tiny(implementation=name, use_pos_embeddings=positions) for name in IMPLEMENTATIONS]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=masks, positions=st.booleans(), seed=st.integers(0, 99))
def test_rows_of_any_mask_are_what_each_is_alone(
    rows: list[list[bool]], positions: bool, seed: int
) -> None:
    mask = torch.tensor(rows)
    chance = torch.Generator().manual_seed(seed)
    ids = torch.randint(VOCAB_SIZE, mask.shape, generator=chance)
    models = models_with(positions)
    with torch.no_grad():
        packed, written_out = (
            model(ids, attention_mask=mask).last_hidden_state for model in models
        )
        assert packed[~mask].eq(0).all()
        assert written_out[~mask].eq(0).all()
        close(packed, written_out)
        if positions:
            return  # a row alone would have others
        for row, tokens, result in zip(ids, mask, packed, strict=True):
            alone = models[0](row[tokens][None]).last_hidden_state[0]
            close(result[tokens], alone)


@pytest.mark.parametrize("positions", [False, True])
def test_gradients_do_not_depend_on_padding_or_implementation(positions: bool) -> None:
    lengths = [7, 1, 4]
    given_to = padded(lengths, width=9)
    whole = given_to["input_ids"]
    found = []
    for implementation in IMPLEMENTATIONS:
        model = tiny(implementation=implementation, use_pos_embeddings=positions).double()
        found.append(gradients(model, loss_of(model, given_to)))
    rows = sum(
        loss_of(model, {"input_ids": whole[i : i + 1, :length]}) for i, length in enumerate(lengths)
    )
    found.append(gradients(model, rows))
    assert found[0].keys() == found[1].keys()
    for name in found[0]:
        close(found[0][name], found[1][name], msg=name)
        close(found[0][name], found[2][name], msg=name)


def test_what_lies_in_padding_does_not_matter(models: dict[str, Any], implementation: str) -> None:
    given_to = padded([6, 2, 0], width=8)
    expected = models[implementation](**given_to).last_hidden_state
    given_to["input_ids"] = given_to["input_ids"].where(given_to["attention_mask"] != 0, 5)
    close(models[implementation](**given_to).last_hidden_state, expected)


@pytest.mark.parametrize(
    "dtype",
    [torch.bool, torch.uint8, torch.int32, torch.float16, torch.bfloat16, torch.float32],
    ids=str,
)
def test_masks_of_any_kind_are_alike(
    models: dict[str, Any], implementation: str, dtype: torch.dtype
) -> None:
    given_to = padded([6, 2, 0], width=8)
    expected = models[implementation](**given_to).last_hidden_state
    given_to["attention_mask"] = given_to["attention_mask"].to(dtype)
    close(models[implementation](**given_to).last_hidden_state, expected)


def test_a_mask_of_ones_is_no_mask(models: dict[str, Any], implementation: str) -> None:
    ids = padded([6, 6])["input_ids"]
    model = models[implementation]
    expected = model(ids).last_hidden_state
    close(model(ids, attention_mask=torch.ones(2, 6)).last_hidden_state, expected)


def test_rows_without_tokens_are_zero(models: dict[str, Any], implementation: str) -> None:
    given_to = padded([0, 0], width=4)
    hidden = models[implementation](**given_to).last_hidden_state
    assert torch.equal(hidden, torch.zeros(2, 4, 16))


def test_a_row_without_tokens_gives_gradients_without_nan(implementation: str) -> None:
    for lengths in ([0, 0], [3, 0]):
        model = tiny(implementation=implementation).train()
        hidden = model(**padded(lengths, width=4)).last_hidden_state
        found = gradients(model, hidden.pow(2).sum())
        assert all(gradient.isfinite().all() for gradient in found.values())


@pytest.mark.parametrize("shape", [(0, 5), (2, 0), (0, 0)])
@pytest.mark.parametrize("masked", [False, True])
def test_nothing_in_gives_nothing_out(
    models: dict[str, Any], implementation: str, shape: tuple[int, int], masked: bool
) -> None:
    ids = torch.zeros(shape, dtype=torch.int64)
    mask = torch.ones(shape) if masked else None
    output = models[implementation](ids, attention_mask=mask, output_hidden_states=True)
    assert output.last_hidden_state.shape == (*shape, 16)
    assert len(output.hidden_states) == 3


@pytest.mark.parametrize("chance", [0.0, 0.5])
def test_a_layer_is_that_of_torch_dropout_included(chance: float) -> None:
    model = tiny(hidden_dropout=chance, norm_eps=1e-3).train()
    layer = torch.nn.TransformerEncoderLayer(
        16, 4, 24, chance, layer_norm_eps=1e-3, batch_first=True
    )
    layer.load_state_dict(model.encoder.layers[0].state_dict())
    layer.self_attn.dropout = 0.0  # drawn elsewhere
    hidden = torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    found, _ = model.encoder.layers[0](hidden)
    torch.manual_seed(1)
    close(found, layer(hidden))


# ---- order


def test_without_positions_the_order_of_tokens_does_not_matter(models: dict[str, Any]) -> None:
    ids = padded([9])["input_ids"]
    order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
    hidden = models["sdpa"](ids).last_hidden_state
    close(models["sdpa"](ids[:, order]).last_hidden_state, hidden[:, order])


def test_with_positions_it_does() -> None:
    model = tiny(use_pos_embeddings=True)
    ids = torch.tensor([[1, 2, 3]])
    hidden, turned = model(ids).last_hidden_state, model(ids.flip(1)).last_hidden_state
    assert (hidden - turned.flip(1)).abs().max() > 0.1


def test_positions_are_counted_along_the_padded_row() -> None:
    model = tiny(use_pos_embeddings=True)
    ids, gap = torch.tensor([[1, PAD, 2]]), torch.tensor([[1, 0, 1]])
    with_gap = model(ids, attention_mask=gap).last_hidden_state[0, [0, 2]]
    without = model(torch.tensor([[1, 2]])).last_hidden_state[0]
    assert (with_gap - without).abs().max() > 0.01


# ---- embeddings in place of ids


def test_embeddings_give_what_their_ids_give(models: dict[str, Any], implementation: str) -> None:
    model, given_to = models[implementation], padded([6, 2, 0], width=8)
    embeds = model.get_input_embeddings()(given_to["input_ids"])
    result = model(inputs_embeds=embeds, attention_mask=given_to["attention_mask"])
    close(result.last_hidden_state, model(**given_to).last_hidden_state)


@pytest.mark.parametrize("model_class", HEADS)
def test_heads_take_embeddings(model_class: Any) -> None:
    model, given_to = tiny(model_class), padded([6, 2])
    expected = model(**given_to).to_tuple()
    given_to["inputs_embeds"] = model.get_input_embeddings()(given_to.pop("input_ids"))
    for found, wanted in zip(model(**given_to).to_tuple(), expected, strict=True):
        close(found, wanted)


@pytest.mark.parametrize("model_class", MODELS)
def test_ids_and_embeddings_exclude_each_other(model_class: Any) -> None:
    model, ids = tiny(model_class), padded([3])["input_ids"]
    for given_to in ({}, {"input_ids": ids, "inputs_embeds": torch.zeros(1, 3, 16)}):
        with pytest.raises(ValueError, match="expected either input_ids or inputs_embeds"):
            model(**given_to)


# ---- what is refused


@pytest.mark.parametrize("value", [-1, VOCAB_SIZE, 10**9])
@pytest.mark.parametrize("model_class", MODELS)
def test_an_id_outside_the_vocabulary_is_named(model_class: Any, value: int) -> None:
    message = rf"input_ids: {value} is outside 0\.\.66, the model's vocabulary; .*tokenizer"
    with pytest.raises(ValueError, match=message):
        tiny(model_class)(torch.tensor([[1, value, 2]]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bool, torch.complex64], ids=str)
def test_ids_are_whole_numbers(models: dict[str, Any], dtype: torch.dtype) -> None:
    with pytest.raises(TypeError, match=f"input_ids: expected whole numbers, not {dtype}"):
        models["sdpa"](torch.ones(1, 3).to(dtype))


@pytest.mark.parametrize("name", ["int16", "int32", "uint8", "uint16", "uint32", "uint64"])
def test_ids_of_any_width_are_alike(models: dict[str, Any], name: str) -> None:
    ids = padded([5])["input_ids"]
    narrow = ids.to(getattr(torch, name))
    result = models["sdpa"](narrow).last_hidden_state
    close(result, models["sdpa"](ids).last_hidden_state)


@pytest.mark.parametrize("shape", [(3,), (1, 3, 1)])
def test_ids_have_two_dimensions(models: dict[str, Any], shape: tuple[int, ...]) -> None:
    ids = torch.ones(shape, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"input_ids have shape .*, expected \(cells, tokens\)"):
        models["sdpa"](ids)


@pytest.mark.parametrize("shape", [(5, 16), (1, 5, 15), (1, 5, 16, 1)])
def test_embeddings_are_as_wide_as_the_model(
    models: dict[str, Any], shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"inputs_embeds: shape \(.*\), expected \(.*, 16\)"):
        models["sdpa"](inputs_embeds=torch.zeros(shape))


@pytest.mark.parametrize("positions", [False, True])
def test_a_sequence_longer_than_the_context_is_refused(positions: bool) -> None:
    model = tiny(use_pos_embeddings=positions)
    message = r"33 tokens, expected at most 32 \(max_position_embeddings\); .*max_length=32"
    with pytest.raises(ValueError, match=message):
        model(torch.ones(1, 33, dtype=torch.int64))
    with pytest.raises(ValueError, match=message):
        model(inputs_embeds=torch.ones(1, 33, 16))
    assert model(torch.ones(1, 32, dtype=torch.int64)).last_hidden_state.shape == (1, 32, 16)


@pytest.mark.parametrize("shape", [(2, 4), (5,), (1, 5), (2, 1, 1, 5)])
def test_a_mask_has_the_shape_of_the_input(models: dict[str, Any], shape: tuple[int, ...]) -> None:
    given_to = {"input_ids": padded([5, 5])["input_ids"], "attention_mask": torch.ones(shape)}
    with pytest.raises(ValueError, match=r"attention_mask has shape .* input, \(2, 5\)"):
        models["sdpa"](**given_to)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.int64], ids=str)
def test_a_mask_that_is_meant_to_be_added_is_refused(
    models: dict[str, Any], dtype: torch.dtype
) -> None:
    mask = torch.tensor([[0, 0, -10000]]).to(dtype)
    with pytest.raises(ValueError, match="attention_mask has negative numbers, expected 1 for"):
        models["sdpa"](torch.ones(1, 3, dtype=torch.int64), attention_mask=mask)


# ---- what is returned


def test_hidden_states_begin_with_embeddings_and_end_with_the_output(
    models: dict[str, Any], implementation: str
) -> None:
    model, given_to = models[implementation], padded([6, 2], width=8)
    output = model(**given_to, output_hidden_states=True)
    assert len(output.hidden_states) == 3
    tokens = given_to["attention_mask"] != 0
    embedded = model.get_input_embeddings()(given_to["input_ids"])
    close(output.hidden_states[0][tokens], embedded[tokens])
    assert torch.equal(output.hidden_states[-1], output.last_hidden_state)
    assert all(state[~tokens].eq(0).all() for state in output.hidden_states)


@pytest.mark.parametrize("model_class", MODELS)
def test_hidden_states_and_weights_are_returned_where_the_configuration_says(
    model_class: Any,
) -> None:
    model = tiny(model_class, implementation="eager")
    output = model(**padded([3]))
    assert output.get("hidden_states") is output.get("attentions") is None
    model.config.output_hidden_states = True
    model.config.output_attentions = True
    output = model(**padded([3]))
    assert len(output.hidden_states) == 3
    assert len(output.attentions) == 2
    assert model(**padded([3]), output_hidden_states=False).get("hidden_states") is None


@pytest.mark.parametrize("model_class", MODELS)
def test_a_tuple_is_returned_on_request(model_class: Any) -> None:
    model, given_to = tiny(model_class), training_input(model_class)
    expected = model(**given_to).to_tuple()
    for found in (
        model(**given_to, return_dict=False),
        tuple_of_the_configuration(model, given_to),
    ):
        assert type(found) is tuple
        close(found, expected)


def tuple_of_the_configuration(model: Any, given_to: dict[str, Any]) -> Any:
    model.config.return_dict = False
    return model(**given_to)


# ---- copies


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("of", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_copy_is_a_model_of_its_own(model_class: Any, of: Any) -> None:
    model, given_to = tiny(model_class), training_input(model_class)
    expected = loss_of(model, given_to)
    copied = of(model)
    close(loss_of(copied, given_to), expected)
    with torch.no_grad():
        for weight in copied.parameters():
            weight.zero_()
    close(loss_of(model, given_to), expected)
    copied.set_attn_implementation("eager")
    assert model.config._attn_implementation == "sdpa"
