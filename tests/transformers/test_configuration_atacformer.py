# SPDX-License-Identifier: BSD-2-Clause
"""Every field of the configuration is documented, saved and read by the models."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
    AtacformerTokenizer,
)
from support import NUM_REGIONS
from tiny_models import PAD, VOCAB_SIZE, gradients, loss_of, padded, tiny, tiny_config
from tiny_models import training_input as given_to

DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(AtacformerConfig.__init__).parameters.items()
    if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name != "self"
}

# Of each field a value that is not its default.
OTHER: dict[str, Any] = {
    "vocab_size": 100,
    "max_position_embeddings": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "use_pos_embeddings": True,
    "hidden_act": "gelu",
    "hidden_dropout": 0.25,
    "attention_dropout": 0.5,
    "embedding_dropout": 0.75,
    "norm_eps": 1e-3,
    "initializer_range": 0.5,
    "initializer_cutoff_factor": 1.0,
    "tie_word_embeddings": False,
    "sparse_prediction": False,
    "discriminator_hidden_size": 12,
    "classifier_dropout": 0.125,
    "label_smoothing": 0.5,
    "class_weights": [1.0, 2.0, 3.0],
    "pooling": "weighted",
    "triplet_margin": 3.0,
    "triplet_p": 1.0,
    "num_batches": 5,
    "lambda_adv": 0.5,
    "grl_alpha": 0.25,
    "batch_head_hidden_size": 9,
    "lambda_reference": 0.5,
    "bc_unfreeze_last_n_layers": 1,
    "pad_token_id": 3,
    "eos_token_id": 4,
    "bos_token_id": 5,
    "cls_token_id": 6,
    "sep_token_id": 7,
}

# What the models themselves do not read: it says which ids have which role, for those who load
# a configuration without its tokenizer.
NOT_OF_THE_MODELS = {"eos_token_id", "bos_token_id", "cls_token_id", "sep_token_id"}


def test_the_list_of_other_values_has_every_field() -> None:
    assert list(OTHER) == list(DEFAULTS)
    assert all(OTHER[name] != DEFAULTS[name] for name in OTHER)


# ---- documented, saved, loaded


def test_the_docstring_names_the_fields_of_the_signature() -> None:
    text = inspect.getdoc(AtacformerConfig) or ""
    assert re.findall(r"^    (\w+): ", text, re.MULTILINE) == list(DEFAULTS)


def test_the_defaults_are_those_of_the_published_model() -> None:
    assert {
        "vocab_size": 890711,
        "max_position_embeddings": 8192,
        "hidden_size": 384,
        "intermediate_size": 1536,
        "num_hidden_layers": 6,
        "num_attention_heads": 8,
        "use_pos_embeddings": False,
        "hidden_act": "relu",
        "hidden_dropout": 0.1,
        "attention_dropout": 0.1,
        "embedding_dropout": 0.0,
        "norm_eps": 1e-5,
        "pad_token_id": 890705,
    }.items() <= DEFAULTS.items()


def test_default_ids_of_special_tokens_have_the_order_of_the_tokenizer() -> None:
    regions = DEFAULTS["vocab_size"] - 7
    order = ("unk", "pad", "mask", "cls", "eos", "bos", "sep")
    for role in ("pad", "cls", "eos", "bos", "sep"):
        assert DEFAULTS[f"{role}_token_id"] == regions + order.index(role)


@pytest.mark.parametrize("name", OTHER)
def test_a_field_is_an_attribute_with_its_default(name: str) -> None:
    assert getattr(AtacformerConfig(), name) == DEFAULTS[name]
    assert getattr(AtacformerConfig(**{name: OTHER[name]}), name) == OTHER[name]


@pytest.mark.parametrize("name", OTHER)
def test_a_field_survives_a_dictionary_and_a_file(name: str, tmp_path: Path) -> None:
    config = AtacformerConfig(**{name: OTHER[name]})
    assert config.to_dict()[name] == OTHER[name]
    assert getattr(AtacformerConfig.from_dict(config.to_dict()), name) == OTHER[name]
    config.save_pretrained(tmp_path)
    for loaded in (
        AtacformerConfig.from_pretrained(tmp_path),
        AutoConfig.from_pretrained(tmp_path),
    ):
        assert type(loaded) is AtacformerConfig
        assert loaded.to_dict()[name] == OTHER[name]


@pytest.mark.parametrize("name", ["bc_unfreeze_last_n_layers", "pad_token_id"])
def test_none_survives_a_file_where_it_is_not_the_default(name: str, tmp_path: Path) -> None:
    AtacformerConfig(**{name: None}).save_pretrained(tmp_path)
    assert getattr(AtacformerConfig.from_pretrained(tmp_path), name) is None


def test_a_field_that_is_not_known_is_kept(tmp_path: Path) -> None:
    AtacformerConfig(assembly="hg38").save_pretrained(tmp_path)
    assert AtacformerConfig.from_pretrained(tmp_path).assembly == "hg38"


# ---- read by the models


def shapes(model_class: Any) -> Any:
    return lambda fields: {
        name: tuple(weight.shape)
        for name, weight in model_class(tiny_config(**fields)).named_parameters()
    }


def output(fields: dict[str, Any]) -> Any:
    with torch.no_grad():
        return tiny(**fields)(**padded([7, 3])).last_hidden_state


def training_output(fields: dict[str, Any]) -> Any:
    model = tiny(**fields).train()
    torch.manual_seed(1)
    return model(**padded([7, 3])).last_hidden_state


def loss(model_class: Any) -> Any:
    return lambda fields: loss_of(tiny(model_class, **fields), given_to(model_class))


def new_weights(fields: dict[str, Any]) -> Any:
    torch.manual_seed(0)
    return AtacformerModel(tiny_config(**fields)).encoder.layers[0].linear1.weight


def classifier_in_training(fields: dict[str, Any]) -> Any:
    model = tiny(AtacformerForSequenceClassification, **fields).train()
    torch.manual_seed(1)
    return model(**padded([7, 3])).logits


def gradient_of_the_encoder(fields: dict[str, Any]) -> Any:
    model = tiny(AtacformerForUnsupervisedBatchCorrection, **fields)
    found = gradients(model, loss_of(model, given_to(type(model))))
    return found["atacformer.encoder.layers.1.linear1.weight"]


def loss_with_reference(fields: dict[str, Any]) -> Any:
    model = tiny(AtacformerForUnsupervisedBatchCorrection, **fields)
    return loss_of(model, {**given_to(type(model)), "reference_embeddings": torch.ones(3, 16)})


EFFECTS: dict[str, Any] = {
    "vocab_size": shapes(AtacformerForMaskedLM),
    "max_position_embeddings": shapes(AtacformerModel),
    "hidden_size": shapes(AtacformerModel),
    "intermediate_size": shapes(AtacformerModel),
    "num_hidden_layers": shapes(AtacformerModel),
    "num_attention_heads": output,
    "use_pos_embeddings": output,
    "hidden_act": output,
    "hidden_dropout": training_output,
    "attention_dropout": training_output,
    "embedding_dropout": training_output,
    "norm_eps": output,
    "initializer_range": new_weights,
    "initializer_cutoff_factor": new_weights,
    "tie_word_embeddings": shapes(AtacformerForMaskedLM),
    "sparse_prediction": lambda fields: (
        tiny(AtacformerForMaskedLM, **fields).train()(**given_to(AtacformerForMaskedLM)).logits
        is None
    ),
    "discriminator_hidden_size": shapes(AtacformerForReplacedTokenDetection),
    "classifier_dropout": classifier_in_training,
    "label_smoothing": loss(AtacformerForSequenceClassification),
    "class_weights": loss(AtacformerForSequenceClassification),
    "pooling": loss(AtacformerForSequenceClassification),
    "triplet_margin": loss(AtacformerForCellClustering),
    "triplet_p": loss(AtacformerForCellClustering),
    "num_batches": shapes(AtacformerForUnsupervisedBatchCorrection),
    "lambda_adv": loss(AtacformerForUnsupervisedBatchCorrection),
    "grl_alpha": gradient_of_the_encoder,
    "batch_head_hidden_size": shapes(AtacformerForUnsupervisedBatchCorrection),
    "lambda_reference": loss_with_reference,
    "bc_unfreeze_last_n_layers": lambda fields: [
        weight.requires_grad
        for weight in AtacformerForUnsupervisedBatchCorrection(tiny_config(**fields)).parameters()
    ],
    "pad_token_id": lambda fields: (
        AtacformerModel(tiny_config(**fields)).get_input_embeddings().padding_idx
    ),
}


def test_every_field_is_read_or_said_not_to_be() -> None:
    assert set(EFFECTS) | NOT_OF_THE_MODELS == set(DEFAULTS)


@pytest.mark.parametrize("name", EFFECTS)
def test_a_field_changes_what_the_model_is_or_does(name: str) -> None:
    effect = EFFECTS[name]
    before, again, after = effect({}), effect({}), effect({name: OTHER[name]})
    if isinstance(before, torch.Tensor):
        torch.testing.assert_close(before, again)
        assert not torch.allclose(before, after)
    else:
        assert before == again
        assert before != after


@pytest.mark.parametrize("name", ["hidden_dropout", "attention_dropout", "embedding_dropout"])
def test_dropout_changes_nothing_in_eval_mode(name: str) -> None:
    torch.testing.assert_close(output({}), output({name: OTHER[name]}))


def test_the_classifier_takes_the_dropout_of_the_layers_unless_it_has_its_own() -> None:
    def chance(**fields: Any) -> float:
        model = AtacformerForSequenceClassification(tiny_config(**fields))
        rate: float = model.dropout.p
        return rate

    assert chance(hidden_dropout=0.25) == 0.25
    assert chance(hidden_dropout=0.25, classifier_dropout=0.5) == 0.5
    assert chance(hidden_dropout=0.25, classifier_dropout=0.0) == 0.0


def test_the_discriminator_is_as_wide_as_the_model_unless_told() -> None:
    model = AtacformerForReplacedTokenDetection(tiny_config())
    assert model.discriminator.dense.out_features == 16


def test_eps_reaches_every_norm() -> None:
    model = AtacformerForReplacedTokenDetection(tiny_config(norm_eps=0.5))
    norms = [part for part in model.modules() if isinstance(part, torch.nn.LayerNorm)]
    assert len(norms) == 2 * 2 + 1
    assert {norm.eps for norm in norms} == {0.5}


# ---- what no model can be built from


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"vocab_size": 0}, "vocab_size is 0, expected a whole number of at least 1"),
        ({"vocab_size": None}, "vocab_size is None, expected a whole number of at least 1"),
        ({"hidden_size": 16.0}, r"hidden_size is 16\.0, expected a whole number of at least 1"),
        ({"num_hidden_layers": -1}, "num_hidden_layers is -1, expected a whole number"),
        ({"max_position_embeddings": 0}, "max_position_embeddings is 0, expected"),
        ({"intermediate_size": 0}, "intermediate_size is 0, expected"),
        ({"num_attention_heads": 0}, "num_attention_heads is 0, expected"),
        ({"discriminator_hidden_size": 0}, "discriminator_hidden_size is 0, expected"),
        (
            {"num_attention_heads": 3},
            "hidden_size is 16, expected a multiple of num_attention_heads, 3",
        ),
        (
            {"pad_token_id": VOCAB_SIZE},
            rf"pad_token_id is {VOCAB_SIZE}, outside the vocabulary \(0\.\.{VOCAB_SIZE - 1}\); "
            r"AtacformerConfig\.from_tokenizer",
        ),
        ({"hidden_dropout": 1.5}, r"hidden_dropout is 1\.5, expected 0 to 1"),
        ({"attention_dropout": -0.1}, r"attention_dropout is -0\.1, expected 0 to 1"),
        ({"embedding_dropout": 2}, "embedding_dropout is 2, expected 0 to 1"),
        ({"classifier_dropout": 2}, "classifier_dropout is 2, expected 0 to 1"),
        ({"label_smoothing": 1.5}, r"label_smoothing is 1\.5, expected 0 to 1"),
        ({"label_smoothing": None}, "label_smoothing is None, expected 0 to 1"),
        ({"pooling": "max"}, "pooling is 'max', expected one of: mean, weighted"),
        (
            {"class_weights": [1.0, 2.0]},
            r"class_weights is \[1\.0, 2\.0\], expected a list of 3 numbers above 0",
        ),
        ({"class_weights": [1.0, 0.0, 1.0]}, r"class_weights is \[1\.0, 0\.0, 1\.0\], expected"),
        ({"hidden_dropout": "a"}, "hidden_dropout is 'a', expected 0 to 1"),
        ({"attention_dropout": None}, "attention_dropout is None, expected 0 to 1"),
        ({"norm_eps": None}, "norm_eps is None, expected more than 0"),
        ({"norm_eps": 0}, "norm_eps is 0, expected more than 0"),
        ({"initializer_range": 0.0}, r"initializer_range is 0\.0, expected more than 0"),
        ({"initializer_cutoff_factor": 0}, "initializer_cutoff_factor is 0, expected more than 0"),
        ({"triplet_margin": 0}, "triplet_margin is 0, expected more than 0"),
        ({"triplet_p": -1}, "triplet_p is -1, expected more than 0"),
        ({"hidden_act": "sine"}, "hidden_act is 'sine', expected an activation of .* relu"),
    ],
    ids=str,
)
def test_a_model_says_which_field_is_wrong(fields: dict[str, Any], message: str) -> None:
    config = tiny_config(**fields)
    with pytest.raises(ConfigError, match=message):
        AtacformerModel(config)


@pytest.mark.parametrize("num_batches", [None, 0])
def test_batch_correction_says_that_it_needs_the_number_of_batches(num_batches: Any) -> None:
    message = f"num_batches is {num_batches}, expected .*from_pretrained.*num_batches=4"
    with pytest.raises(ConfigError, match=message):
        AtacformerForUnsupervisedBatchCorrection(tiny_config(num_batches=num_batches))


def test_batch_correction_says_that_there_are_fewer_layers() -> None:
    message = "bc_unfreeze_last_n_layers is 2, expected 0 to num_hidden_layers, 1, or None"
    with pytest.raises(ConfigError, match=message):
        AtacformerForUnsupervisedBatchCorrection(tiny_config(num_hidden_layers=1))


def test_a_wrong_field_can_still_be_read_and_mended(tmp_path: Path) -> None:
    AtacformerConfig(hidden_size=385).save_pretrained(tmp_path)
    config = AtacformerConfig.from_pretrained(tmp_path)
    config.hidden_size = 384
    config.check()


# ---- of a tokenizer


@pytest.mark.parametrize(
    "wrap", [lambda backend: backend, lambda backend: AtacformerTokenizer(tokenizer_object=backend)]
)
def test_a_tokenizer_gives_its_size_and_its_special_tokens(backend: Tokenizer, wrap: Any) -> None:
    config = AtacformerConfig.from_tokenizer(wrap(backend), hidden_size=16, num_attention_heads=4)
    assert config.vocab_size == VOCAB_SIZE
    assert config.pad_token_id == PAD
    assert config.cls_token_id == NUM_REGIONS + 3
    assert config.eos_token_id == NUM_REGIONS + 4
    assert config.bos_token_id == NUM_REGIONS + 5
    assert config.sep_token_id == NUM_REGIONS + 6
    assert config.hidden_size == 16


@pytest.mark.parametrize(
    "wrap", [lambda backend: backend, lambda backend: AtacformerTokenizer(tokenizer_object=backend)]
)
def test_tokens_that_were_added_are_counted(backend: Tokenizer, wrap: Any) -> None:
    tokenizer = wrap(backend)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<batch1>", "<batch2>"]})
    assert AtacformerConfig.from_tokenizer(tokenizer).vocab_size == VOCAB_SIZE + 2


def test_a_role_that_passed_to_another_token_is_followed(backend: Tokenizer) -> None:
    backend.add_special_tokens({"pad_token": "<nothing>"})
    config = AtacformerConfig.from_tokenizer(backend)
    assert config.pad_token_id == VOCAB_SIZE
    assert config.vocab_size == VOCAB_SIZE + 1


def test_a_field_that_is_given_goes_over_the_tokenizers(backend: Tokenizer) -> None:
    config = AtacformerConfig.from_tokenizer(backend, vocab_size=128, sep_token_id=None)
    assert config.vocab_size == 128
    assert config.sep_token_id is None
