# SPDX-License-Identifier: BSD-2-Clause
"""Models that the reference made load here as they are and give the same numbers.

``./run test`` makes them by make_geniml_models.py in an environment with geniml 0.8.4, and names
their folder by BEDTOK_GENIML_MODELS.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModel, AutoModelForMaskedLM

from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
)

FOLDER = os.environ.get("BEDTOK_GENIML_MODELS")

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="BEDTOK_GENIML_MODELS is not set: ./run test sets it"
)

MODELS = {
    "base": AtacformerModel,
    "positions": AtacformerModel,
    "masked_lm": AtacformerForMaskedLM,
    "untied_masked_lm": AtacformerForMaskedLM,
    "replaced_tokens": AtacformerForReplacedTokenDetection,
    "clustering": AtacformerForCellClustering,
    "batch_correction": AtacformerForUnsupervisedBatchCorrection,
}


def folder(name: str) -> Path:
    return Path(FOLDER or "") / name


def reference(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = torch.load(folder(name) / "reference.pt")
    return loaded


def compare(name: str, given: dict[str, Any], output: Any) -> None:
    """Equal to 1e-5 where there are tokens; what the reference has in padding is not compared."""
    for key, expected in reference(name)["expected"].items():
        found = output[key]
        if key in ("logits", "last_hidden_state"):
            tokens = given["attention_mask"] != 0
            found, expected = found[tokens], expected[tokens]
        assert found.shape == expected.shape, key
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5, msg=key)


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_reference_gives_the_same_output(name: str, implementation: str) -> None:
    model = MODELS[name].from_pretrained(folder(name), attn_implementation=implementation)
    given = reference(name)["given"]
    with torch.no_grad():
        compare(name, given, model(**given))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", [torch.int64, torch.float32])
def test_the_kind_of_mask_does_not_matter(name: str, dtype: torch.dtype) -> None:
    model = MODELS[name].from_pretrained(folder(name))
    given = reference(name)["given"]
    masks = {key: mask.to(dtype) for key, mask in given.items() if key.startswith("attention")}
    with torch.no_grad():
        compare(name, given, model(**{**given, **masks}))


@pytest.mark.parametrize("name", MODELS)
def test_parameters_have_the_names_of_the_reference(name: str) -> None:
    model, report = MODELS[name].from_pretrained(folder(name), output_loading_info=True)
    assert sorted(model.state_dict()) == reference(name)["parameters"]
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert not report["mismatched_keys"]


@pytest.mark.parametrize("name", [name for name in MODELS if name not in ("base", "positions")])
@pytest.mark.parametrize("batch_size", [1, 4, 100])
def test_cells_have_the_embeddings_of_the_reference(name: str, batch_size: int) -> None:
    model = MODELS[name].from_pretrained(folder(name))
    made = reference(name)
    embeddings = model.encode_tokenized_cells(made["cells"], batch_size=batch_size)
    torch.testing.assert_close(embeddings, made["embeddings"], atol=1e-5, rtol=1e-5)


def test_a_checkpoint_with_one_head_loads_into_another() -> None:
    model = AtacformerForCellClustering.from_pretrained(folder("replaced_tokens"))
    whole = AtacformerForReplacedTokenDetection.from_pretrained(folder("replaced_tokens"))
    for name, weight in model.atacformer.state_dict().items():
        assert torch.equal(weight, whole.atacformer.state_dict()[name])


def test_a_model_saved_here_is_named_as_the_reference_named_it(tmp_path: Path) -> None:
    from safetensors import safe_open

    for name, model_class in MODELS.items():
        model_class.from_pretrained(folder(name)).save_pretrained(tmp_path / name)
        with (
            safe_open(tmp_path / name / "model.safetensors", "pt") as ours,
            safe_open(folder(name) / "model.safetensors", "pt") as theirs,
        ):
            assert sorted(ours.keys()) == sorted(theirs.keys())
            for key in theirs.keys():  # noqa: SIM118 - not a dictionary
                assert torch.equal(ours.get_tensor(key), theirs.get_tensor(key))


def test_auto_classes_know_the_models() -> None:
    assert AutoConfig.from_pretrained(folder("base")).model_type == "atacformer"
    assert type(AutoModel.from_pretrained(folder("replaced_tokens"))) is AtacformerModel
    assert type(AutoModelForMaskedLM.from_pretrained(folder("masked_lm"))) is AtacformerForMaskedLM


def test_without_the_field_there_are_no_positions(tmp_path: Path) -> None:
    # Positions are used only if the configuration has the field.
    import json
    import shutil

    for name in ("config.json", "model.safetensors"):
        shutil.copy(folder("base") / name, tmp_path)
    fields = json.loads((tmp_path / "config.json").read_text())
    del fields["use_pos_embeddings"]
    (tmp_path / "config.json").write_text(json.dumps(fields))
    given = reference("base")["given"]
    with torch.no_grad():
        compare("base", given, AtacformerModel.from_pretrained(tmp_path)(**given))
