# SPDX-License-Identifier: BSD-2-Clause
"""Models saved and loaded, one head's weights in another, new weights, more tokens, freezing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    AutoModelForMaskedLM,
    AutoModelForPreTraining,
    AutoModelForSequenceClassification,
)

from bedtok import Tokenizer
from bedtok.atacformer import (
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
    freeze_except_last_n,
)
from tiny_models import (
    HEADS,
    MODELS,
    PAD,
    VOCAB_SIZE,
    gradients,
    loss_of,
    padded,
    tiny,
    tiny_config,
    training_input,
)


def frozen(model: torch.nn.Module) -> list[str]:
    return [name for name, weight in model.named_parameters() if not weight.requires_grad]


def missing(report: dict[str, Any]) -> list[str]:
    return sorted(report["missing_keys"])


def without(folder: Path, part: str) -> None:
    """Take weights out of a saved model."""
    weights = load_file(folder / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if part not in name}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})


# ---- there and back


@pytest.mark.parametrize("shards", ["5GB", "6KB"])
@pytest.mark.parametrize("model_class", MODELS)
def test_a_saved_model_is_the_same_model(model_class: Any, shards: str, tmp_path: Path) -> None:
    model = tiny(model_class)
    model.save_pretrained(tmp_path, max_shard_size=shards)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == (shards == "6KB")
    loaded, report = model_class.from_pretrained(tmp_path, output_loading_info=True)
    assert not any(report.values())
    assert not loaded.training
    weights = loaded.state_dict()
    assert list(weights) == list(model.state_dict())
    assert all(torch.equal(weights[name], wanted) for name, wanted in model.state_dict().items())
    given = training_input(model_class)
    torch.testing.assert_close(loss_of(loaded, given), loss_of(model, given))


@pytest.mark.parametrize("model_class", MODELS)
def test_what_is_frozen_is_frozen_after_loading(model_class: Any, tmp_path: Path) -> None:
    model = tiny(model_class)
    model.save_pretrained(tmp_path)
    names = [name for name in frozen(model) if "position_embeddings" in name]
    assert len(names) == 1
    assert (frozen(model) == names) == (model_class is not AtacformerForUnsupervisedBatchCorrection)
    loaded = model_class.from_pretrained(tmp_path)
    assert frozen(loaded) == frozen(model)
    gradients(loaded.train(), loss_of(loaded, training_input(model_class)))


def test_positions_stay_frozen_where_all_layers_train(tmp_path: Path) -> None:
    model = tiny(AtacformerForUnsupervisedBatchCorrection, bc_unfreeze_last_n_layers=None)
    model.save_pretrained(tmp_path)
    loaded = AtacformerForUnsupervisedBatchCorrection.from_pretrained(tmp_path)
    names = ["atacformer.embeddings.position_embeddings.weight"]
    assert frozen(model) == frozen(loaded) == names


def test_auto_classes_freeze_too(tmp_path: Path) -> None:
    tiny().save_pretrained(tmp_path)
    assert frozen(AutoModel.from_pretrained(tmp_path)) == ["embeddings.position_embeddings.weight"]


def test_positions_that_are_used_train(tmp_path: Path) -> None:
    model = tiny(use_pos_embeddings=True)
    model.save_pretrained(tmp_path)
    assert frozen(model) == frozen(AtacformerModel.from_pretrained(tmp_path)) == []
    found = gradients(model, loss_of(model, padded([5])))
    assert found["embeddings.position_embeddings.weight"][:5].abs().min() > 0


@pytest.mark.parametrize(
    ("auto_class", "model_class"),
    [
        (AutoModel, AtacformerModel),
        (AutoModelForMaskedLM, AtacformerForMaskedLM),
        (AutoModelForPreTraining, AtacformerForReplacedTokenDetection),
        (AutoModelForSequenceClassification, AtacformerForSequenceClassification),
    ],
)
def test_auto_classes_load_and_build(auto_class: Any, model_class: Any, tmp_path: Path) -> None:
    tiny(model_class).save_pretrained(tmp_path)
    assert type(auto_class.from_pretrained(tmp_path)) is model_class
    assert type(auto_class.from_config(tiny_config())) is model_class


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16], ids=str)
@pytest.mark.parametrize("model_class", HEADS)
def test_a_model_loads_in_16_bits(model_class: Any, dtype: torch.dtype, tmp_path: Path) -> None:
    tiny(model_class).save_pretrained(tmp_path)
    model = model_class.from_pretrained(tmp_path, dtype=dtype)
    assert {weight.dtype for weight in model.parameters()} == {dtype}


def test_a_model_loads_onto_a_device(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    tiny(AtacformerForMaskedLM).save_pretrained(tmp_path)
    for where in ("cpu", {"": "cpu"}, "auto"):
        model = AtacformerForMaskedLM.from_pretrained(tmp_path, device_map=where)
        assert {weight.device.type for weight in model.parameters()} == {"cpu"}
        assert model.lm_head.weight is model.get_input_embeddings().weight


@pytest.mark.parametrize("model_class", MODELS)
def test_a_model_can_be_built_without_memory(model_class: Any) -> None:
    with torch.device("meta"):
        model = model_class(tiny_config())
    assert {weight.device.type for weight in model.parameters()} == {"meta"}
    assert {weight.device.type for weight in tiny(model_class).to("meta").parameters()} == {"meta"}


# ---- tied weights


def is_tied(model: Any) -> bool:
    tied: bool = model.lm_head.weight is model.get_input_embeddings().weight
    return tied


@pytest.mark.parametrize("tied", [True, False])
def test_weights_are_tied_as_the_configuration_says(tied: bool, tmp_path: Path) -> None:
    model = tiny(AtacformerForMaskedLM, tie_word_embeddings=tied)
    assert is_tied(model) == tied
    model.save_pretrained(tmp_path)
    assert ("lm_head.weight" in load_file(tmp_path / "model.safetensors")) != tied
    loaded = AtacformerForMaskedLM.from_pretrained(tmp_path).train()
    assert is_tied(loaded) == tied
    assert torch.equal(loaded.lm_head.weight, model.lm_head.weight)
    optimizer = torch.optim.SGD(loaded.parameters(), lr=0.1)
    loss_of(loaded, training_input(type(model))).backward()
    optimizer.step()
    assert is_tied(loaded) == tied
    head, embeddings = loaded.lm_head.weight, loaded.get_input_embeddings().weight
    assert torch.equal(head, embeddings) == tied
    assert not torch.equal(head, model.lm_head.weight)


# ---- weights of one head in another


@pytest.mark.parametrize("into", MODELS)
@pytest.mark.parametrize("of", [AtacformerModel, AtacformerForReplacedTokenDetection])
def test_the_encoder_is_loaded_and_a_new_head_is_new(of: Any, into: Any, tmp_path: Path) -> None:
    whole = tiny(of, initializer_range=0.01)
    whole.save_pretrained(tmp_path)
    torch.manual_seed(4)
    model, report = into.from_pretrained(
        tmp_path, output_loading_info=True, tie_word_embeddings=False
    )
    encoder = getattr(model, "atacformer", model).state_dict()
    wanted = getattr(whole, "atacformer", whole).state_dict()
    assert all(torch.equal(encoder[name], weight) for name, weight in wanted.items())
    # Also the row of padding, which is zero only in a new model.
    assert encoder["embeddings.token_embeddings.weight"][PAD].abs().min() > 0
    loaded = whole.state_dict() if of is not AtacformerModel else {}
    new = {
        name: weight
        for name, weight in model.state_dict().items()
        if "atacformer." not in name and into is not AtacformerModel and name not in loaded
    }
    assert missing(report) == sorted(new)
    for name, weight in new.items():
        if name.endswith("bias"):
            assert weight.eq(0).all(), name
        elif "norm" in name:
            assert weight.eq(1).all(), name
        else:
            assert 0 < weight.abs().max() <= 0.02, name  # 2 standard deviations of 0.01
            assert weight.std() > 0.004, name


def test_without_positions_that_are_not_used_nothing_is_missing(tmp_path: Path) -> None:
    for model_class in MODELS:
        folder = tmp_path / model_class.__name__
        model = tiny(model_class)
        model.save_pretrained(folder)
        without(folder, "position_embeddings")
        loaded, report = model_class.from_pretrained(folder, output_loading_info=True)
        assert not any(report.values()), model_class
        assert frozen(loaded) == frozen(model)
        positions = loaded.state_dict()[frozen(loaded)[-1]]
        assert positions.isfinite().all()
        assert positions.device.type == "cpu"


@pytest.mark.parametrize("model_class", MODELS)
def test_without_positions_that_are_used_they_are_missing(model_class: Any, tmp_path: Path) -> None:
    tiny(model_class).save_pretrained(tmp_path)
    without(tmp_path, "position_embeddings")
    _, report = model_class.from_pretrained(
        tmp_path, output_loading_info=True, use_pos_embeddings=True
    )
    assert [name.split(".")[-2] for name in missing(report)] == ["position_embeddings"]


# ---- new weights


def test_new_weights_are_drawn_within_the_cutoff() -> None:
    model = AtacformerForMaskedLM(
        tiny_config(
            vocab_size=500, hidden_size=64, intermediate_size=256, tie_word_embeddings=False
        )
    )
    drawn = {
        name: weight
        for name, weight in model.named_parameters()
        if weight.dim() == 2 and "in_proj" not in name
    }
    assert len(drawn) == 2 + 2 * 3 + 1
    for name, weight in drawn.items():
        assert weight.abs().max() <= 0.04, name
        # The deviation of a normal distribution that is cut at 2 deviations.
        assert weight.std().item() == pytest.approx(0.02 * 0.8796, rel=0.1), name
        assert weight.mean().abs() < 0.002, name


def test_new_norms_and_biases_change_nothing_and_padding_is_zero() -> None:
    for model_class in MODELS:
        model = model_class(tiny_config())
        for name, weight in model.named_parameters():
            if name.endswith("bias"):
                assert weight.eq(0).all(), name
            elif re.search(r"norm\d?\.weight", name):
                assert weight.eq(1).all(), name
        assert model.get_input_embeddings().weight[PAD].eq(0).all()
        assert model.get_input_embeddings().weight[PAD - 1].abs().max() > 0


def test_new_projections_of_attention_are_xaviers() -> None:
    model = AtacformerModel(tiny_config(hidden_size=64))
    weight = model.encoder.layers[0].self_attn.in_proj_weight
    bound = (6 / (64 + 3 * 64)) ** 0.5
    assert bound * 0.95 < weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)


def test_the_seed_decides_on_new_weights() -> None:
    def weights() -> torch.Tensor:
        transformers.set_seed(1)
        return torch.cat([w.flatten() for w in AtacformerModel(tiny_config()).parameters()])

    assert torch.equal(weights(), weights())


# ---- more tokens


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("model_class", MODELS)
def test_a_model_grows_with_its_tokenizer(
    model_class: Any, tied: bool, backend: Tokenizer, tmp_path: Path
) -> None:
    model = tiny(model_class, tie_word_embeddings=tied)
    old = model.get_input_embeddings().weight.detach().clone()
    before = frozen(model)
    backend.add_special_tokens({"additional_special_tokens": ["<batch1>", "<batch2>"]})
    model.resize_token_embeddings(len(backend))
    weight = model.get_input_embeddings().weight
    assert weight.shape == (VOCAB_SIZE + 2, 16)
    assert torch.equal(weight[:VOCAB_SIZE], old)
    assert model.config.vocab_size == VOCAB_SIZE + 2
    assert model.get_input_embeddings().padding_idx == PAD
    assert frozen(model) == before
    new = torch.tensor([[VOCAB_SIZE + 1]])
    assert model(new)[0].isfinite().all()
    with pytest.raises(ValueError, match=r"is outside 0\.\.68"):
        model(new + 1)
    model.save_pretrained(tmp_path)
    loaded = model_class.from_pretrained(tmp_path)
    torch.testing.assert_close(loaded(new)[0], model(new)[0])
    assert frozen(loaded) == before
    if model_class is AtacformerForMaskedLM:
        assert is_tied(model) == is_tied(loaded) == tied
        assert model(new).logits.shape == (1, 1, VOCAB_SIZE + 2)
        assert model(new, labels=new).loss.isfinite()


# ---- freezing


def test_what_was_frozen_before_stays_frozen() -> None:
    model = tiny()
    model.encoder.layers[1].norm1.requires_grad_(False)
    freeze_except_last_n(model, 1)
    # A norm is trained where it was; so is no position that is not used.
    assert "encoder.layers.1.norm1.weight" in frozen(model)
    assert "embeddings.position_embeddings.weight" in frozen(model)


def test_what_is_frozen_stays_as_it_was_in_training() -> None:
    model = tiny(AtacformerForUnsupervisedBatchCorrection, bc_unfreeze_last_n_layers=1).train()
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    loss_of(model, training_input(type(model))).backward()
    optimizer.step()
    for name, weight in model.named_parameters():
        assert torch.equal(weight, before[name]) != weight.requires_grad, name
