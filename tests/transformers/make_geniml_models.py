# SPDX-License-Identifier: BSD-2-Clause
"""Makes tiny models by the reference, geniml 0.8.4, and notes what they return.

    python make_geniml_models.py FOLDER

Runs in a separate environment (tests/requirements/geniml.txt), as geniml's models do not
construct on transformers 5. Each model becomes a folder FOLDER/<name> as ``save_pretrained`` writes
it, with its input and output in reference.pt.
"""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import torch

# geniml's training functions import scanpy for one annotation; it is not needed here.
sys.modules["scanpy"] = types.SimpleNamespace(AnnData=object)  # type: ignore[assignment]

from geniml import atacformer  # noqa: E402

NUM_REGIONS = 60


def config(**fields: Any) -> Any:
    """60 regions and the seven special tokens, two layers."""
    return atacformer.AtacformerConfig(
        vocab_size=NUM_REGIONS + 7,
        max_position_embeddings=32,
        hidden_size=24,
        intermediate_size=40,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=61,
        cls_token_id=63,
        eos_token_id=64,
        bos_token_id=65,
        sep_token_id=66,
        num_batches=3,
        **fields,
    )


def padded(lengths: list[int], chance: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Random ids and a mask that is True for tokens."""
    mask = torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]
    ids = torch.randint(NUM_REGIONS, mask.shape, generator=chance)
    return ids.masked_fill(~mask, 61), mask


def shaken(model: torch.nn.Module, chance: torch.Generator) -> torch.nn.Module:
    """Give each parameter, also zeros and ones of a new model, a value that shows in the result."""
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=chance), alpha=0.2)
    return model.eval()


def main(folder: Path) -> None:
    """Write all models."""
    chance = torch.Generator().manual_seed(1)
    models = {
        "base": (atacformer.AtacformerModel, {}),
        "positions": (atacformer.AtacformerModel, {"use_pos_embeddings": True}),
        "masked_lm": (atacformer.AtacformerForMaskedLM, {}),
        "untied_masked_lm": (atacformer.AtacformerForMaskedLM, {"tie_word_embeddings": False}),
        "replaced_tokens": (atacformer.AtacformerForReplacedTokenDetection, {}),
        "clustering": (atacformer.AtacformerForCellClustering, {}),
        "batch_correction": (atacformer.AtacformerForUnsupervisedBatchCorrection, {}),
    }
    for name, (model_class, fields) in models.items():
        torch.manual_seed(0)
        model = shaken(model_class(config(**{"use_pos_embeddings": False, **fields})), chance)
        ids, mask = padded([11, 4, 1, 9], chance)
        given: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        expected: dict[str, Any] = {}
        with torch.no_grad():
            if name in ("base", "positions"):
                expected["last_hidden_state"] = model(**given)
            elif name.endswith("masked_lm"):
                # The reference has no logits; they are what its loss is computed from.
                hidden = model(**given).hidden_states
                expected["logits"] = hidden @ model.lm_head.weight.T
            elif name == "replaced_tokens":
                given["labels"] = torch.randint(2, ids.shape, generator=chance)
                given["labels"][~mask] = -100
                output = model(**given)
                expected = {"logits": output.logits, "loss": output.loss}
            elif name == "clustering":
                given = {}
                for part, lengths in {
                    "anchor": [5, 2, 7],
                    "positive": [3, 9, 1],
                    "negative": [4, 4, 12],
                }.items():
                    ids, mask = padded(lengths, chance)
                    given |= {f"input_ids_{part}": ids, f"attention_mask_{part}": mask}
                loss, anchor, positive, negative = model(**given, return_dict=False)
                expected = {
                    "loss": loss,
                    "anchor_embeddings": anchor,
                    "positive_embeddings": positive,
                    "negative_embeddings": negative,
                }
            else:
                given["labels"] = torch.randint(2, ids.shape, generator=chance)
                given["labels"][~mask] = -100
                given["batch_labels"] = torch.tensor([0, 2, 1, 1])
                loss, logits, batch_logits, cells = model(**given, return_dict=False)
                expected = {
                    "loss": loss,
                    "logits": logits,
                    "batch_logits": batch_logits,
                    "cell_embeddings": cells,
                }
            cells = None
            embeddings = None
            if hasattr(model, "encode_tokenized_cells"):
                cells = [
                    torch.randint(NUM_REGIONS, (length,), generator=chance).tolist()
                    for length in (3, 17, 1, 8, 30, 5)
                ]
                embeddings = model.encode_tokenized_cells(cells, batch_size=4)
        model.save_pretrained(folder / name)
        torch.save(
            {
                "given": given,
                "expected": expected,
                "cells": cells,
                "embeddings": embeddings,
                "parameters": sorted(model.state_dict()),
            },
            folder / name / "reference.pt",
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
