# SPDX-License-Identifier: BSD-2-Clause
"""Models small enough for tests, and their input."""

from __future__ import annotations

from typing import Any

import torch

from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
)
from support import NUM_REGIONS

VOCAB_SIZE = NUM_REGIONS + 7
PAD = NUM_REGIONS + 1

MODELS = (
    AtacformerModel,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForCellClustering,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerForSequenceClassification,
)
HEADS = MODELS[1:]


def tiny_config(**fields: Any) -> AtacformerConfig:
    """60 regions and the seven special tokens, two layers, no dropout unless asked for."""
    return AtacformerConfig(
        **{
            "vocab_size": VOCAB_SIZE,
            "max_position_embeddings": 32,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "hidden_dropout": 0.0,
            "attention_dropout": 0.0,
            "num_batches": 3,
            "num_labels": 3,
            "pad_token_id": PAD,
            "cls_token_id": NUM_REGIONS + 3,
            "eos_token_id": NUM_REGIONS + 4,
            "bos_token_id": NUM_REGIONS + 5,
            "sep_token_id": NUM_REGIONS + 6,
            **fields,
        }
    )


def shaken(model: Any, seed: int = 0) -> Any:
    """Give each parameter, also zeros and ones of a new model, a value that shows in the result."""
    chance = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=chance), alpha=0.2)
    return model


def tiny(model_class: Any = AtacformerModel, *, implementation: str = "sdpa", **fields: Any) -> Any:
    """A model in eval mode that has seen no training."""
    torch.manual_seed(0)
    model = shaken(model_class(tiny_config(**fields)))
    model.set_attn_implementation(implementation)
    return model.eval()


def padded(lengths: list[int], width: int | None = None, seed: int = 0) -> dict[str, torch.Tensor]:
    """Random ids of regions and an int mask."""
    width = max(lengths) if width is None else width
    mask = torch.arange(width)[None] < torch.tensor(lengths)[:, None]
    chance = torch.Generator().manual_seed(seed)
    ids = torch.randint(NUM_REGIONS, mask.shape, generator=chance)
    return {"input_ids": ids.masked_fill(~mask, PAD), "attention_mask": mask.long()}


def training_input(model_class: Any, seed: int = 0) -> dict[str, torch.Tensor]:
    """Input of a training step, with labels if the model has a loss."""
    given = padded([7, 2, 5], seed=seed)
    mask = given["attention_mask"] != 0
    chance = torch.Generator().manual_seed(seed + 1)
    if model_class is AtacformerForCellClustering:
        parts = {
            part: padded(lengths, seed=seed + number)
            for number, (part, lengths) in enumerate(
                {"anchor": [5, 2, 7], "positive": [3, 9, 1], "negative": [4, 4, 6]}.items()
            )
        }
        return {f"{key}_{part}": value for part in parts for key, value in parts[part].items()}
    if model_class is AtacformerForMaskedLM:
        chosen = mask & (torch.rand(mask.shape, generator=chance) < 0.5)
        given["labels"] = given["input_ids"].masked_fill(~chosen, -100)
    elif model_class is AtacformerForSequenceClassification:
        given["labels"] = torch.tensor([0, 2, 1])
    elif model_class is not AtacformerModel:
        replaced = torch.randint(2, mask.shape, generator=chance)
        given["labels"] = replaced.masked_fill(~mask, -100)
    if model_class is AtacformerForUnsupervisedBatchCorrection:
        given["batch_labels"] = torch.tensor([0, 2, 1])
    return given


def loss_of(model: Any, given: dict[str, torch.Tensor]) -> torch.Tensor:
    """The model's loss, or of the encoder, which has none, a number."""
    output = model(**given)
    loss: torch.Tensor = (
        output.loss if output.get("loss") is not None else output.last_hidden_state.pow(3).sum()
    )
    return loss


def gradients(model: Any, loss: torch.Tensor) -> dict[str, torch.Tensor]:
    """The gradient of each parameter that trains; none is missing."""
    model.zero_grad()
    loss.backward(retain_graph=True)
    found = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            assert weight.grad is not None, name
            found[name] = weight.grad.clone()
    return found
