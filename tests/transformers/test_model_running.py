# SPDX-License-Identifier: BSD-2-Clause
"""Models as they are run: 16 bits, memory, gradient checkpointing, compiled."""

from __future__ import annotations

import warnings
import weakref
from itertools import chain
from typing import Any

import pytest
import torch

from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
)
from tiny_models import HEADS, MODELS, gradients, loss_of, padded, tiny, training_input

close = torch.testing.assert_close


# ---- 16 bits


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("model_class", MODELS)
def test_a_model_of_16_bits_is_near_one_of_32(
    model_class: Any, implementation: str, dtype: torch.dtype
) -> None:
    model, given = tiny(model_class, implementation=implementation), padded([7, 3, 0])
    with torch.no_grad():
        expected = model(**given)[0]
        found = model.to(dtype)(**given)[0]
    assert found.dtype == dtype
    close(found.float(), expected, atol=0.15, rtol=0.15)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("model_class", HEADS)
def test_losses_have_32_bits(model_class: Any, dtype: torch.dtype) -> None:
    model, given = tiny(model_class), training_input(model_class)
    expected = loss_of(model, given)
    loss = loss_of(model.to(dtype), given)
    assert loss.dtype == torch.float32
    close(loss, expected, atol=0.1, rtol=0.1)
    assert all(gradient.isfinite().all() for gradient in gradients(model, loss).values())


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("model_class", HEADS)
def test_losses_under_autocast_are_near_those_without(
    model_class: Any, implementation: str, dtype: torch.dtype
) -> None:
    model, given = tiny(model_class, implementation=implementation), training_input(model_class)
    expected = loss_of(model, given)
    with torch.autocast("cpu", dtype=dtype):
        loss = loss_of(model, given)
    assert loss.dtype == torch.float32
    close(loss, expected, atol=0.1, rtol=0.1)
    assert all(gradient.isfinite().all() for gradient in gradients(model, loss).values())


# ---- memory


@pytest.mark.parametrize("wanted", [False, True])
def test_in_inference_a_layer_leaves_nothing_behind_unless_asked_for(wanted: bool) -> None:
    # Of rows with padding a copy is kept, with zeros there, and the layers' outputs are not.
    lengths = [7, 7] if wanted else [7, 3]
    model, given = tiny(implementation="eager", num_hidden_layers=4), padded(lengths)
    outputs: list[list[weakref.ref[torch.Tensor]]] = []
    alive: list[bool] = []

    def note(layer: Any, inputs: Any, output: Any) -> None:
        outputs.append([weakref.ref(tensor) for tensor in output])
        # What came two layers before has been read.
        alive.extend(kept() is not None for kept in chain(*outputs[:-2]))

    for layer in model.encoder.layers:
        layer.register_forward_hook(note)
    with torch.no_grad():
        model(**given, output_hidden_states=wanted, output_attentions=wanted)
    assert alive == [wanted] * len(alive)
    assert len(alive) == 6


# ---- hidden states within the graph


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("lengths", [[7, 7], [7, 3, 0]])
def test_hidden_states_and_weights_can_retain_their_gradients(
    implementation: str, lengths: list[int]
) -> None:
    model, given = tiny(implementation=implementation), padded(lengths)
    expected = model(**given).last_hidden_state
    output = model(**given, output_hidden_states=True, output_attentions=implementation == "eager")
    torch.testing.assert_close(output.last_hidden_state, expected)
    kept = [*output.hidden_states, *(output.attentions or ())]
    for tensor in kept:
        tensor.retain_grad()
    output.last_hidden_state[0, 0, 0].backward(retain_graph=True)
    assert all(tensor.grad is not None and tensor.grad.any() for tensor in kept)
    mask = given["attention_mask"] != 0
    assert all(not state[~mask].any() for state in output.hidden_states)


# ---- gradient checkpointing


def enable_checkpointing(model: Any, options: dict[str, Any] | None) -> None:
    # Newer versions of transformers have another name for it.
    enable = getattr(model, "activation_checkpointing_enable", None)
    (enable or model.gradient_checkpointing_enable)(options)


@pytest.mark.parametrize("options", [None, {"use_reentrant": True}, {"use_reentrant": False}])
@pytest.mark.parametrize("model_class", MODELS)
def test_checkpointing_changes_neither_loss_nor_gradients(
    model_class: Any, options: dict[str, Any] | None
) -> None:
    model, given = tiny(model_class).train(), training_input(model_class)
    expected = loss_of(model, given)
    wanted = gradients(model, expected)
    enable_checkpointing(model, options)
    runs = count_runs(model)
    loss = loss_of(model, given)
    close(loss, expected)
    model.zero_grad()
    loss.backward()
    assert sum(runs) == 4  # of two layers, and again for the gradients
    for name, weight in model.named_parameters():
        if name in wanted:
            close(weight.grad, wanted[name], msg=name)


def count_runs(model: Any) -> list[int]:
    runs: list[int] = []
    for layer in getattr(model, "atacformer", model).encoder.layers:
        layer.self_attn.register_forward_hook(lambda *_: runs.append(1))
    return runs


def test_checkpointing_takes_dropout_along() -> None:
    model = tiny(hidden_dropout=0.5, attention_dropout=0.5).train()
    given, found = training_input(AtacformerModel), []
    for enable in (False, True):
        if enable:
            enable_checkpointing(model, None)
        torch.manual_seed(0)
        loss = loss_of(model, given)
        model.zero_grad()
        loss.backward()
        found.append(model.encoder.layers[0].linear1.weight.grad.clone())
    close(found[0], found[1])


def test_checkpointing_ends_when_it_is_switched_off() -> None:
    model = tiny().train()
    enable_checkpointing(model, None)
    disable = getattr(model, "activation_checkpointing_disable", None)
    (disable or model.gradient_checkpointing_disable)()
    runs = count_runs(model)
    loss_of(model, padded([3])).backward()
    assert sum(runs) == 2


def test_what_is_returned_with_checkpointing_is_complete() -> None:
    model = tiny(implementation="eager").train()
    enable_checkpointing(model, {"use_reentrant": False})
    output = model(**padded([5, 2]), output_attentions=True, output_hidden_states=True)
    assert len(output.attentions) == 2
    assert len(output.hidden_states) == 3


# ---- compiled


@pytest.fixture(autouse=True)
def fresh_compiler() -> Any:
    torch.compiler.reset()
    yield


def compiled(model: Any) -> Any:
    return torch.compile(model, backend="aot_eager", fullgraph=True)


@pytest.mark.slow
@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
def test_a_compiled_model_is_one_graph_with_the_same_output(implementation: str) -> None:
    model, given = tiny(implementation=implementation), padded([7, 3, 0])
    with torch.no_grad():
        for cells in (given, {"input_ids": given["input_ids"]}):
            close(compiled(model)(**cells)[0], model(**cells)[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "model_class", [model for model in HEADS if model is not AtacformerForMaskedLM]
)
def test_a_compiled_head_has_the_same_loss_and_gradients(model_class: Any) -> None:
    model, given = tiny(model_class), training_input(model_class)
    expected = loss_of(model, given)
    wanted = gradients(model, expected)
    loss = compiled(model)(**given)["loss"]
    close(loss, expected)
    model.zero_grad()
    loss.backward()
    for name, weight in model.named_parameters():
        if name in wanted:
            close(weight.grad, wanted[name], atol=1e-5, rtol=1e-4, msg=name)


@pytest.mark.slow
def test_a_compiled_model_that_predicts_masked_tokens_has_the_same_loss() -> None:
    model, given = tiny(AtacformerForMaskedLM), training_input(AtacformerForMaskedLM)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the compiler, where it gives up on a part
        loss = torch.compile(model, backend="aot_eager")(**given)["loss"]
    close(loss, loss_of(model, given))


@pytest.mark.slow
def test_masks_and_lengths_do_not_compile_a_model_again_and_again() -> None:
    graphs: list[int] = []

    def count(graph: Any, _: Any) -> Any:
        graphs.append(1)
        return graph.forward

    model = tiny()
    compiled = torch.compile(model, backend=count, dynamic=True, fullgraph=True)
    with torch.no_grad():
        for lengths in ([7, 3], [5, 2, 6], [9, 0], [20, 11, 4, 2], [13, 13]):
            given = padded(lengths)
            close(compiled(**given)[0], model(**given)[0])
    assert len(graphs) <= 2


@pytest.mark.slow
def test_embeddings_of_cells_by_a_compiled_encoder_are_the_same() -> None:
    model = tiny(AtacformerForCellClustering)
    cells = [[1, 2, 3], [], [4], [5, 6]]
    expected = model.encode_tokenized_cells(cells)
    model.atacformer.compile(backend="aot_eager", dynamic=True)
    close(model.encode_tokenized_cells(cells), expected)


def test_an_exported_model_has_the_same_output() -> None:
    model, given = tiny(), padded([7, 3])
    exported = torch.export.export(model, (), given).module()
    with torch.no_grad():
        other = padded([4, 7], seed=2)
        close(exported(**other)["last_hidden_state"], model(**other)[0])


def test_a_traced_model_has_the_same_output() -> None:
    model, given = tiny(), padded([7, 3])
    model.config.return_dict = False
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that sizes and checks are constants
        traced = torch.jit.trace(model, tuple(given.values()), check_trace=False)
        other = padded([4, 7], seed=2)
        close(traced(*other.values())[0], model(**other)[0])


def test_batch_correction_trains_with_its_embeddings_frozen_and_checkpointed() -> None:
    model = tiny(AtacformerForUnsupervisedBatchCorrection).train()
    enable_checkpointing(model, {"use_reentrant": True})
    assert not model.get_input_embeddings().weight.requires_grad
    loss_of(model, training_input(type(model))).backward()
    assert model.atacformer.encoder.layers[0].linear1.weight.grad.any()
