# SPDX-License-Identifier: BSD-2-Clause
"""By which function attention is computed, and the weights that one of them shows."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from bedtok.atacformer import modeling_atacformer
from tiny_models import MODELS, padded, tiny

IMPLEMENTATIONS = ("sdpa", "eager")
close = torch.testing.assert_close


@pytest.fixture(autouse=True)
def without_gradients() -> Any:
    with torch.no_grad():
        yield


class Recorder:
    """An attention function that notes its calls and does what sdpa does."""

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []

    def __call__(
        self, module: Any, query: Any, key: Any, value: Any, attention_mask: Any, **options: Any
    ) -> Any:
        self.calls.append({"query": query, "key": key, "mask": attention_mask, **options})
        mask = None
        if attention_mask is not None:
            seen = attention_mask.bool()
            mask = seen[:, None, None, :] if seen.dim() == 2 else seen
        attended = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, mask, options["dropout"], scale=options["scaling"]
        )
        return attended.transpose(1, 2), None


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    # Under a new name, and in the place of one that needs a GPU.
    monkeypatch.setitem(AttentionInterface._global_mapping, "recording", recorder)
    monkeypatch.setitem(ALL_ATTENTION_FUNCTIONS._global_mapping, "flash_attention_2", recorder)
    return recorder


@pytest.mark.parametrize("model_class", MODELS)
def test_a_registered_function_is_called_in_each_layer(
    model_class: Any, recorder: Recorder
) -> None:
    model, given_to = tiny(model_class), padded([6, 2])
    expected = model(**given_to).to_tuple()
    assert not recorder.calls
    model.set_attn_implementation("recording")
    found = model(**given_to).to_tuple()
    assert len(recorder.calls) == 2
    for result, wanted in zip(found, expected, strict=True):
        close(result, wanted)
    model.set_attn_implementation("eager")
    model(**given_to)
    assert len(recorder.calls) == 2


def test_a_function_gets_heads_a_mask_and_no_dropout_in_eval_mode(recorder: Recorder) -> None:
    model = tiny(attention_dropout=0.5)
    model.set_attn_implementation("recording")
    model(**padded([6, 2]))
    call = recorder.calls[0]
    assert call["query"].shape == call["key"].shape == (2, 4, 6, 4)
    assert call["mask"].dtype == torch.bool
    assert call["mask"].shape == (2, 1, 1, 6)
    assert call["mask"].sum() == 8
    assert call["dropout"] == 0.0
    assert call["scaling"] == 0.5
    assert call["is_causal"] is False
    model.train()
    model(**padded([6, 2]))
    assert recorder.calls[-1]["dropout"] == 0.5


def test_a_flash_function_gets_the_mask_of_rows(recorder: Recorder) -> None:
    model, given_to = tiny(), padded([6, 2])
    expected = model(**given_to).last_hidden_state
    model.config._attn_implementation = "flash_attention_2"
    close(model(**given_to).last_hidden_state, expected)
    assert recorder.calls[0]["mask"].shape == (2, 6)
    assert recorder.calls[0]["mask"].dtype == torch.bool


def test_a_row_without_tokens_attends_to_its_padding(recorder: Recorder) -> None:
    # The softmax over nothing would be NaN, in some functions.
    model = tiny()
    model.set_attn_implementation("recording")
    model(**padded([3, 0]))
    assert recorder.calls[0]["mask"].all()


def test_a_function_gets_no_mask_where_all_are_tokens(recorder: Recorder) -> None:
    model = tiny()
    model.set_attn_implementation("recording")
    model(**padded([6, 6]))
    assert recorder.calls[0]["mask"] is None


@pytest.mark.parametrize("model_class", MODELS)
@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_a_model_is_built_with_the_function_that_is_asked_for(
    model_class: Any, name: str, tmp_path: Any
) -> None:
    tiny(model_class).save_pretrained(tmp_path)
    model = model_class.from_pretrained(tmp_path, attn_implementation=name)
    assert model.config._attn_implementation == name
    asked = {"output_attentions": True, **padded([3])}
    output = model(**asked)
    assert len(output.attentions) == 2
    # Only this call is computed by another function.
    assert model.config._attn_implementation == name


def test_attention_weights_are_spread_over_the_tokens() -> None:
    given_to = padded([6, 2], width=8)
    weights = tiny(implementation="eager")(**given_to, output_attentions=True).attentions
    assert len(weights) == 2
    mask = given_to["attention_mask"] != 0
    for layer in weights:
        assert layer.shape == (2, 4, 8, 8)
        close(layer.sum(dim=-1), torch.ones(2, 4, 8))
        assert layer.masked_select(~mask[:, None, None, :].expand_as(layer)).eq(0).all()


def test_attention_weights_are_those_of_eager_where_a_function_has_none(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(modeling_atacformer.logger, "warning_once", warnings.append)
    asked = {**padded([6, 2, 0], width=8), "output_attentions": True, "output_hidden_states": True}
    expected = tiny(implementation="eager")(**asked)
    assert warnings == []
    for name in ("sdpa", "recording"):
        model = tiny()
        model.set_attn_implementation(name)
        output = model(**asked)
        close(output.last_hidden_state, expected.last_hidden_state)
        for got, wanted in zip(output.attentions, expected.attentions, strict=True):
            close(got, wanted)
        assert f"attn_implementation={name!r} has no weights" in warnings[-1]
        assert "load the model with attn_implementation='eager'" in warnings[-1]
    assert recorder.calls == []
