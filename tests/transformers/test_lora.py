# SPDX-License-Identifier: BSD-2-Clause
"""LoRA with peft: which names reach which projections, and what merging and saving keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bedtok.atacformer import AtacformerForSequenceClassification
from tiny_models import padded, tiny

peft = pytest.importorskip("peft", "0.17")  # the first with target_parameters

pytestmark = pytest.mark.filterwarnings("ignore:.*is_gradient_checkpointing")
GIVEN = padded([7, 2, 5])
LABELS = torch.tensor([0, 2, 1])
# Query, key and value are one weight; the others are layers.
ATTENTION = {"target_parameters": ["in_proj_weight"]}
BOTH = {**ATTENTION, "target_modules": ["linear1", "linear2"]}
LAYERS = {"target_modules": ["out_proj", "linear1", "linear2"]}
# Not in_proj_weight and out_proj together: peft 0.21 does not merge the second, which is inside the
# module of the first.


def adapted(**targets: Any) -> tuple[Any, Any]:
    """A model and the same with adapters, trained for three steps."""
    base = tiny(AtacformerForSequenceClassification)
    before = base(**GIVEN).logits.detach()
    config = peft.LoraConfig(task_type="SEQ_CLS", r=2, lora_alpha=4, **targets)
    model = peft.get_peft_model(base, config)
    torch.testing.assert_close(model(**GIVEN).logits, before)  # adapters begin with nothing
    optimizer = torch.optim.SGD([w for w in model.parameters() if w.requires_grad], lr=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        model(**GIVEN, labels=LABELS).loss.backward()
        optimizer.step()
    model.eval()
    assert (model(**GIVEN).logits - before).abs().max() > 1e-3
    return model, before


@pytest.mark.parametrize("targets", [ATTENTION, BOTH, LAYERS], ids=["attention", "both", "layers"])
def test_adapters_train_merge_and_load(targets: Any, tmp_path: Path) -> None:
    model, before = adapted(**targets)
    trained = {name for name, weight in model.named_parameters() if weight.requires_grad}
    adapters = {name for name in trained if "lora_" in name}
    assert all("classifier" in name for name in trained - adapters)
    assert len(adapters) == 2 * 2 * (1 if targets is ATTENTION else 3)  # A and B of two layers
    logits = model(**GIVEN).logits.detach()

    model.save_pretrained(tmp_path / "adapter")
    base = tiny(AtacformerForSequenceClassification)
    loaded = peft.PeftModel.from_pretrained(base, tmp_path / "adapter").eval()
    torch.testing.assert_close(loaded(**GIVEN).logits, logits)

    merged = model.merge_and_unload()
    assert type(merged) is AtacformerForSequenceClassification
    torch.testing.assert_close(merged(**GIVEN).logits, logits, rtol=1e-4, atol=1e-5)
    merged.save_pretrained(tmp_path / "merged")
    again = AtacformerForSequenceClassification.from_pretrained(tmp_path / "merged").eval()
    torch.testing.assert_close(again(**GIVEN).logits, logits, rtol=1e-4, atol=1e-5)
    assert (again(**GIVEN).logits - before).abs().max() > 1e-3


def test_only_the_attention_weight_changes() -> None:
    model, _ = adapted(**ATTENTION)
    plain = tiny(AtacformerForSequenceClassification).state_dict()
    merged = model.merge_and_unload().state_dict()
    assert merged.keys() == plain.keys()
    changed = {name for name in plain if not torch.equal(plain[name], merged[name])}
    assert changed == {
        *(f"atacformer.encoder.layers.{i}.self_attn.in_proj_weight" for i in range(2)),
        *("classifier.weight", "classifier.bias"),
    }


def test_adapters_work_with_cell_embeddings() -> None:
    model, _ = adapted(**ATTENTION)
    cells = [[3, 1, 4], [1], list(range(40))]
    found = model.encode_tokenized_cells(cells, pool="windows")
    merged = model.merge_and_unload()
    torch.testing.assert_close(
        found, merged.encode_tokenized_cells(cells, pool="windows"), rtol=1e-4, atol=1e-5
    )
