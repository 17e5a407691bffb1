# SPDX-License-Identifier: BSD-2-Clause
"""Trainings that test_distributed does in its own process and, by this script, on several.

    ddp_training.py BATCH_SIZE OUT

The main process writes what came of each case.
"""

from __future__ import annotations

import dataclasses
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from transformers import Trainer, TrainingArguments, set_seed

from bedtok import Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
)
from bedtok.atacformer.data_collator import DataCollatorForReplacedTokenDetection
from support import NUM_REGIONS, region_text
from tiny_models import PAD, tiny_config

MODELS = {
    "replaced": AtacformerForReplacedTokenDetection,
    "masked": AtacformerForMaskedLM,
    "triplets": AtacformerForCellClustering,
}
ROLES = ("anchor", "positive", "negative")
STEPS = 6
# Of AdamW. With its default, a gradient of 1e-9 that is rounded differently makes another step.
EPSILON = 1e-3
CASES = (
    "replaced",
    "replaced checkpointing",
    "replaced accelerator",
    "masked",
    "triplets",
    "triplets checkpointing",
    "triplets accelerator",
)


def samples(objective: str) -> list[dict[str, Any]]:
    """Rows whose labels are drawn already, so that they do not depend on who draws; few in some."""
    chance = random.Random(0)

    def row(longest: int = 30) -> list[int]:
        return sorted(chance.sample(range(NUM_REGIONS), chance.randint(1, longest)))

    if objective == "triplets":
        return [{f"input_ids_{role}": row() for role in ROLES} for _ in range(16)]
    found = []
    for _ in range(16):
        ids = row()
        if objective == "replaced":
            labels = [chance.randint(0, 1) for _ in ids]
            inputs = [
                chance.randrange(NUM_REGIONS) if r else i for i, r in zip(ids, labels, strict=True)
            ]
        else:
            # None in some rows: a process may have none at all.
            labels = [i if chance.random() < 0.3 else -100 for i in ids]
            inputs = ids
        found.append({"input_ids": inputs, "labels": labels})
    return found


def collate(rows: list[dict[str, Any]]) -> dict[str, torch.Tensor]:
    """Pad, and draw nothing."""
    batch = {}
    for name in rows[0]:
        width = max(len(row[name]) for row in rows)
        fill = -100 if name == "labels" else PAD
        batch[name] = torch.tensor([row[name] + [fill] * (width - len(row[name])) for row in rows])
        if name.startswith("input_ids"):
            batch[name.replace("input_ids", "attention_mask")] = (batch[name] != PAD).long()
    return batch


class Recorder(Trainer):  # type: ignore[misc]
    """A Trainer that keeps the loss of each step, of which the history has four digits."""

    def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
        loss: torch.Tensor = super().training_step(*args, **kwargs)
        self.losses.append(self.accelerator.gather(loss).mean().item())
        return loss


def by_trainer(objective: str, batch_size: int, out: str, checkpointing: bool) -> Any:
    names = {field.name for field in dataclasses.fields(TrainingArguments)}
    # Transformers 5 has another name for it.
    name = next(n for n in ("activation_checkpointing", "gradient_checkpointing") if n in names)
    arguments = TrainingArguments(
        out,
        max_steps=STEPS,
        per_device_train_batch_size=batch_size,
        **({name: True} if checkpointing else {}),
        learning_rate=0.01,
        adam_epsilon=EPSILON,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=3,
    )
    set_seed(3)
    trainer = Recorder(
        MODELS[objective](tiny_config()),
        arguments,
        train_dataset=samples(objective),
        data_collator=collate,
    )
    trainer.losses = []
    trainer.train()
    layers = trainer.accelerator.unwrap_model(trainer.model).atacformer.encoder.layers
    assert all(layer.gradient_checkpointing == checkpointing for layer in layers)
    logged = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    assert max(abs(a - b) for a, b in zip(trainer.losses, logged, strict=True)) < 1e-4
    return trainer.model, trainer.losses, arguments.world_size


def by_accelerator(objective: str, batch_size: int) -> Any:
    """A hand-written training loop."""
    accelerator = Accelerator(cpu=True)
    set_seed(3)
    model = MODELS[objective](tiny_config()).train()
    loader = torch.utils.data.DataLoader(
        samples(objective), batch_size=batch_size, collate_fn=collate
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01, eps=EPSILON)
    model, loader, optimizer = accelerator.prepare(model, loader, optimizer)
    losses = []
    while len(losses) < STEPS:
        for batch in loader:
            if "labels" in batch:
                # Gradients are averaged over processes; each divides by the mean number of labels.
                count = accelerator.gather((batch["labels"] != -100).sum())
                batch["num_items_in_batch"] = count.sum() / accelerator.num_processes
            loss = model(**batch).loss
            accelerator.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(accelerator.gather(loss.detach()).mean().item())
    return accelerator.unwrap_model(model), losses, accelerator.num_processes


def run(case: str, batch_size: int, out: str) -> dict[str, Any]:
    """Return losses, weights and the number of processes."""
    objective, _, how = case.partition(" ")
    if how == "accelerator":
        model, losses, processes = by_accelerator(objective, batch_size)
    else:
        model, losses, processes = by_trainer(objective, batch_size, out, how == "checkpointing")
    weights = {name: weight.tolist() for name, weight in model.state_dict().items()}
    return {"losses": losses, "weights": weights, "processes": processes}


def drawn(batch_size: int, out: str) -> list[Any]:
    """Return the batches that a collator draws for the first epoch of Trainer: one a process."""
    tokenizer = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
    arguments = TrainingArguments(
        out, per_device_train_batch_size=batch_size, report_to="none", use_cpu=True, seed=3
    )
    collator = DataCollatorForReplacedTokenDetection(tokenizer, 0.45, seed=0)
    collator.set_epoch(0)
    trainer = Trainer(
        AtacformerForReplacedTokenDetection(tiny_config()),
        arguments,
        # Of equal lengths, so that what was drawn can be compared.
        train_dataset=[{"input_ids": [*range(i, i + 30)]} for i in range(16)],
        data_collator=collator,
    )
    batches = []
    for batch in trainer.get_train_dataloader():
        names = ("input_ids", "labels")
        rows = {name: trainer.accelerator.gather(batch[name]).tolist() for name in names}
        for first in range(0, len(rows["labels"]), batch_size):
            batches.append({name: rows[name][first : first + batch_size] for name in names})
    return batches


def main(batch_size: str, out: str) -> None:
    results: dict[str, Any] = {case: run(case, int(batch_size), out) for case in CASES}
    results["drawn"] = drawn(int(batch_size), out)
    if int(os.environ["RANK"]) == 0:
        Path(out, "results.json").write_text(json.dumps(results))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(*sys.argv[1:])
