# SPDX-License-Identifier: BSD-2-Clause
"""transformers' ModelTesterMixin and ConfigTester on all Atacformer models."""

from __future__ import annotations

import unittest
from typing import Any

import torch

from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
)
from tiny_models import MODELS
from transformers_suite import VERSION_5, WholeDifferences, suite_module

models_suite = suite_module("test_modeling_common")
ModelTesterMixin = models_suite.ModelTesterMixin
ConfigTester = suite_module("test_configuration_common").ConfigTester
# The training mixin came with version 5.
TrainingTesterMixin = (
    suite_module("test_training_mixin").TrainingTesterMixin if VERSION_5 else object
)

VOCAB_SIZE = 99

# The mixin knows models without a loss by their names.
models_suite.MODEL_MAPPING_NAMES = {
    **models_suite.MODEL_MAPPING_NAMES,
    "atacformer": "AtacformerModel",
}


class ModelTester:
    """A configuration and input, in the form that the mixins ask for."""

    batch_size = 4
    seq_length = 7
    is_training = True
    hidden_size = 32
    num_hidden_layers = 2
    num_attention_heads = 4
    causal_lm_class = AtacformerForMaskedLM  # what the training mixin trains: labels are the ids

    def __init__(self, padded: bool, fields: dict[str, Any]) -> None:
        self.padded, self.fields = padded, fields

    def get_config(self) -> AtacformerConfig:
        return AtacformerConfig(
            **{
                "vocab_size": VOCAB_SIZE,
                "max_position_embeddings": 128,
                "hidden_size": self.hidden_size,
                "intermediate_size": 37,
                "num_hidden_layers": self.num_hidden_layers,
                "num_attention_heads": self.num_attention_heads,
                "num_batches": 3,
                "pad_token_id": 93,
                "cls_token_id": 95,
                "eos_token_id": 96,
                "bos_token_id": 97,
                "sep_token_id": 98,
                **self.fields,
            }
        )

    def prepare_config_and_inputs_for_common(self) -> tuple[AtacformerConfig, dict[str, Any]]:
        shape = (self.batch_size, self.seq_length)
        mask = torch.ones(shape, dtype=torch.long)
        if self.padded:
            for row in range(1, self.batch_size):
                mask[row, -row:] = 0
        ids = torch.randint(0, 92, shape).masked_fill(mask == 0, 93)
        return self.get_config(), {"input_ids": ids, "attention_mask": mask}


class Models(WholeDifferences, ModelTesterMixin, TrainingTesterMixin):  # type: ignore[misc, valid-type]
    """What each configuration below runs."""

    suite = "models"
    all_model_classes = MODELS
    # Version 4.57 also tests what version 5 has given up: heads that are cut out or masked. And it
    # misses the gradient of positions that are not used.
    test_pruning = test_head_masking = False
    test_all_params_have_gradient = VERSION_5
    padded = False
    fields: dict[str, Any] = {}  # noqa: RUF012
    model_tester: Any = None

    def setUp(self) -> None:
        self.model_tester = ModelTester(self.padded, self.fields)
        self.config_tester = ConfigTester(
            self, config_class=AtacformerConfig, hidden_size=32, num_attention_heads=4
        )

    def _prepare_for_class(
        self, inputs_dict: dict[str, Any], model_class: Any, return_labels: bool = False
    ) -> dict[str, Any]:
        """The mixin knows which labels a class of transformers takes; here ours are added."""
        inputs: dict[str, Any] = super()._prepare_for_class(inputs_dict, model_class)
        if not return_labels:
            return inputs
        rows, shape = len(inputs["input_ids"]), inputs["input_ids"].shape
        if model_class is AtacformerForMaskedLM:
            inputs["labels"] = torch.zeros(shape, dtype=torch.long)
        elif model_class is AtacformerForSequenceClassification:
            inputs["labels"] = torch.zeros(rows, dtype=torch.long)
        elif model_class is AtacformerForReplacedTokenDetection:
            inputs["labels"] = inputs["input_ids"] % 2
        elif model_class is AtacformerForUnsupervisedBatchCorrection:
            inputs["labels"] = inputs["input_ids"] % 2
            inputs["batch_labels"] = torch.zeros(rows, dtype=torch.long)
        elif model_class is AtacformerForCellClustering:
            ids, mask = inputs.pop("input_ids"), inputs.pop("attention_mask")
            for shift, part in enumerate(("anchor", "positive", "negative")):
                inputs[f"input_ids_{part}"] = ids.roll(shift, 0)
                inputs[f"attention_mask_{part}"] = mask.roll(shift, 0)
        return inputs

    def test_config(self) -> None:
        self.config_tester.run_common_tests()


class TestDefault(Models, unittest.TestCase):
    """The published configuration: no positions, rows without padding."""


class TestPadded(Models, unittest.TestCase):
    """Rows of different lengths."""

    padded = True


class TestPositions(Models, unittest.TestCase):
    """With position embeddings, padded."""

    padded = True
    fields = {"use_pos_embeddings": True}  # noqa: RUF012
    test_all_params_have_gradient = True


class TestUntied(Models, unittest.TestCase):
    """Own output embeddings, GELU, a wider discriminator, logits always whole."""

    fields = {  # noqa: RUF012
        "tie_word_embeddings": False,
        "hidden_act": "gelu",
        "discriminator_hidden_size": 48,
        "sparse_prediction": False,
    }
