# SPDX-License-Identifier: BSD-2-Clause
"""The classifier of label_cells.py: its settings, and how it and its variants are trained."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfTransformer
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerTokenizer,
    DataCollatorForCellClassification,
    DataCollatorForRegionModeling,
    DataCollatorForReplacedTokenDetection,
    SetEpochCallback,
    balanced_class_weights,
    initialize_from_cells,
)
from bedtok.atacformer.pooling import CellPooling
from cell_labels import Data

MAX_LENGTH = 1024


@dataclass(frozen=True)
class Recipe:
    """Settings, chosen on held-out cells of the training batch; docs/label-cells.md tells how."""

    layers: int = 0
    hidden: int = 64
    pooling: str = "weighted"  # "mean", "weighted", "weighted mean"
    weights: str = "idf"  # weights of regions: "idf", "scikit-learn", "ones"
    svd: bool = False  # token embeddings begin from the SVD of TF-IDF
    pretraining: tuple[str, ...] = ()  # phases: "replaced tokens", "masked tokens"
    pretraining_epochs: float = 2
    balanced: bool = True  # classes count alike
    smoothing: float = 0.05  # of labels
    keep: tuple[float, float] | None = None  # share of a cell's regions
    mix: float = 0.5  # highest share of another cell of the type
    adamw: bool = False  # decay of weights instead of a penalty
    l2: float = 3e-4
    dropout: float = 0.1
    epochs: float = 8
    learning_rate: float = 5e-3
    batch_size: int = 128
    members: int = 1  # models whose probabilities are averaged
    # Learn also from cells to be labelled, by the labels that a first model gives them with at
    # least this probability.
    own_labels: float | None = None


class WeightedMean(CellPooling):
    """The mean of weighted tokens, which forgets how many regions a cell has."""

    def forward(
        self, hidden: torch.Tensor, attention_mask: torch.Tensor | None, input_ids: Any
    ) -> torch.Tensor:
        weights = self.token_weights[input_ids]
        if attention_mask is not None:
            weights = weights * attention_mask
        total = torch.bmm(weights[:, None], hidden).squeeze(1)
        return total / weights.sum(dim=1, keepdim=True).clamp(min=1e-6)


def new_config(data: Data, rows: np.ndarray, recipe: Recipe) -> AtacformerConfig:
    num_labels = len(data.names)
    weights = balanced_class_weights(data.labels[rows], num_labels) if recipe.balanced else None
    return AtacformerConfig.from_tokenizer(
        data.tokenizer,
        hidden_size=recipe.hidden,
        intermediate_size=2 * recipe.hidden,
        num_hidden_layers=recipe.layers,
        num_attention_heads=4,
        max_position_embeddings=MAX_LENGTH,
        hidden_dropout=recipe.dropout,
        attention_dropout=0.0,
        pooling="mean" if recipe.pooling == "mean" else "weighted",
        class_weights=weights,
        label_smoothing=recipe.smoothing,
        num_labels=num_labels,
        id2label=dict(enumerate(data.names)),
        label2id={name: i for i, name in enumerate(data.names)},
    )


def initialize(encoder: Any, data: Data, rows: np.ndarray, recipe: Recipe) -> None:
    """Set the weights of regions, and if asked the token embeddings, from cells."""
    cells, count = [data.ids[i] for i in rows], data.tokenizer.num_regions
    if recipe.pooling == "weighted mean":
        encoder.pooling = WeightedMean(encoder.config)
    if recipe.svd or recipe.pooling != "mean":
        initialize_from_cells(encoder, cells, count, embeddings=recipe.svd)
    if recipe.pooling != "mean" and recipe.weights != "idf":
        weights = np.ones(count)
        if recipe.weights == "scikit-learn":
            weights = TfidfTransformer().fit(data.matrix[rows]).idf_
        encoder.pooling.token_weights[:count] = torch.from_numpy(weights).float()


def fit(
    model: Any,
    samples: Sequence[dict[str, Any]],
    collator: Any,
    optimizer: torch.optim.Optimizer,
    epochs: float,
    recipe: Recipe,
    seed: int,
    out: Path,
) -> None:
    """Train a model, with a learning rate that falls to 0."""
    trainer = Trainer(
        model,
        TrainingArguments(
            str(out / "checkpoints"),
            num_train_epochs=epochs,
            per_device_train_batch_size=recipe.batch_size,
            lr_scheduler_type="linear",
            warmup_steps=20,
            logging_steps=100_000,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            seed=seed,
        ),
        train_dataset=samples,
        data_collator=collator,
        optimizers=(optimizer, None),
        callbacks=[SetEpochCallback()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()


def pretrain(
    encoder: Any, data: Data, rows: np.ndarray, recipe: Recipe, seed: int, out: Path
) -> None:
    """Train an encoder without labels, phase by phase."""
    rng = np.random.default_rng(seed)
    samples = [{"input_ids": rng.permutation(data.ids[i])[:MAX_LENGTH]} for i in rows]
    for phase in recipe.pretraining:
        if phase == "replaced tokens":
            model: Any = AtacformerForReplacedTokenDetection(encoder.config)
            collator: Any = DataCollatorForReplacedTokenDetection(data.tokenizer, 0.3, seed)
        else:
            model = AtacformerForMaskedLM(encoder.config)
            adapter = AtacformerTokenizer(tokenizer_object=data.tokenizer)
            collator = DataCollatorForRegionModeling(adapter, mlm=True, mlm_probability=0.3)
        model.atacformer.load_state_dict(encoder.state_dict())
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        fit(model, samples, collator, optimizer, recipe.pretraining_epochs, recipe, seed, out)
        encoder.load_state_dict(model.atacformer.state_dict())


def train_model(data: Data, rows: np.ndarray, recipe: Recipe, seed: int, out: Path) -> Any:
    """Return a classifier that was trained on some cells."""
    set_seed(seed)
    model = AtacformerForSequenceClassification(new_config(data, rows, recipe))
    initialize(model.atacformer, data, rows, recipe)
    pretrain(model.atacformer, data, rows, recipe, seed, out)
    # The L2 penalty is a part of the gradients: with AdamW's decay, regions that few cells have
    # would be learned by heart.
    adam = torch.optim.AdamW if recipe.adamw else torch.optim.Adam
    optimizer = adam(model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.l2)
    samples = [{"input_ids": data.ids[i], "labels": int(data.labels[i])} for i in rows]
    collator = DataCollatorForCellClassification(
        data.tokenizer,
        max_length=MAX_LENGTH,
        seed=seed,
        keep_fraction=recipe.keep,
        mix_fraction=recipe.mix,
    )
    fit(model, samples, collator, optimizer, recipe.epochs, recipe, seed, out)
    return model


class Labelled(NamedTuple):
    """Probabilities of the types, and the model, or the first of several."""

    probabilities: np.ndarray
    model: Any


def label_cells(
    data: Data, rows: np.ndarray, query: np.ndarray, recipe: Recipe, seed: int, out: Path
) -> Labelled:
    """Train on some cells and label others, by the mean of the models' probabilities."""
    cells = [data.ids[i] for i in query]
    if recipe.own_labels is not None:
        first = label_cells(data, rows, query, replace(recipe, own_labels=None), seed, out)
        sure = first.probabilities.max(axis=1) >= recipe.own_labels
        labels = data.labels.copy()
        labels[query] = first.probabilities.argmax(axis=1)
        data, rows = data._replace(labels=labels), np.concatenate([rows, query[sure]])
    # Members of repeats have seeds of their own.
    seeds = itertools.count(seed, step=1000)
    models = [train_model(data, rows, recipe, next(seeds), out) for _ in range(recipe.members)]
    found = [model.predict_cells(cells, recipe.batch_size).numpy() for model in models]
    return Labelled(np.mean(found, axis=0), models[0])
