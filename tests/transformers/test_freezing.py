# SPDX-License-Identifier: BSD-2-Clause
"""Training only the last layers of a model."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForReplacedTokenDetection,
    AtacformerModel,
)
from bedtok.atacformer.freezing import freeze_except_last_n


def make(kind: Any, **fields: Any) -> Any:
    roles = ("pad", "eos", "bos", "cls", "sep")
    fields |= {f"{role}_token_id": 1 + i for i, role in enumerate(roles)}
    return kind(
        AtacformerConfig(
            vocab_size=20,
            max_position_embeddings=8,
            hidden_size=4,
            intermediate_size=4,
            num_hidden_layers=3,
            num_attention_heads=2,
            **fields,
        )
    )


def trained(model: torch.nn.Module) -> set[str]:
    return {name for name, weight in model.named_parameters() if weight.requires_grad}


@pytest.mark.parametrize("n", [0, 1, 2, 3])
@pytest.mark.parametrize("use_pos_embeddings", [False, True])
def test_the_last_layers_and_all_norms_train(n: int, use_pos_embeddings: bool) -> None:
    model = make(AtacformerModel, use_pos_embeddings=use_pos_embeddings)
    freeze_except_last_n(model, n)
    norms = {
        f"{name}.{part}"
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.LayerNorm)
        for part in ("weight", "bias")
    }
    last = {
        name
        for name, _ in model.named_parameters()
        if any(name.startswith(f"encoder.layers.{i}.") for i in range(3 - n, 3))
    }
    assert len(norms) >= 12 and len(last) >= 12 * n
    assert trained(model) == norms | last


def test_two_layers_train_unless_another_number_is_given() -> None:
    model, other = make(AtacformerModel), make(AtacformerModel)
    freeze_except_last_n(model)
    freeze_except_last_n(other, 2)
    assert trained(model) == trained(other)


def test_a_head_goes_on_training() -> None:
    model = make(AtacformerForReplacedTokenDetection)
    freeze_except_last_n(model, 0)
    left = {name for name in trained(model) if not name.startswith("atacformer.")}
    assert left == {f"discriminator.{name}" for name, _ in model.discriminator.named_parameters()}
    assert not model.atacformer.embeddings.token_embeddings.weight.requires_grad


@pytest.mark.parametrize("use_pos_embeddings", [False, True])
def test_none_freezes_nothing_and_thaws_nothing(use_pos_embeddings: bool) -> None:
    model = make(AtacformerModel, use_pos_embeddings=use_pos_embeddings)
    before = trained(model)
    assert any("position" in name for name in before) == use_pos_embeddings
    freeze_except_last_n(model, None)
    assert trained(model) == before


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (-1, ValueError, "n is -1, expected 0 to 3, the number of layers, or None"),
        (4, ValueError, "n is 4, expected 0 to 3"),
        (1.0, TypeError, "n: expected a whole number or None, not float"),
        (True, TypeError, "not bool"),
    ],
)
def test_numbers_of_layers_are_checked(n: Any, error: type, message: str) -> None:
    model = make(AtacformerModel)
    before = trained(model)
    with pytest.raises(error, match=message):
        freeze_except_last_n(model, n)
    assert trained(model) == before
