# SPDX-License-Identifier: BSD-2-Clause
"""The variants of label_cells.py's classifier: one change each, trained, kept and tabulated."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.neighbors import NearestNeighbors

from cell_classifier import Recipe, label_cells
from cell_labels import Data, Scores, View, Views, scores

# Probabilities of cells and their LSI to probabilities; sees the cells to label, not their labels.
After = Callable[[np.ndarray, np.ndarray], np.ndarray]


def reweighted(chances: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return probabilities with the shares of types that they have themselves.

    Source: Saerens, Latinne and Decaestecker, Adjusting the outputs of a classifier to new a priori
    probabilities, 2002. Balanced classes have equal shares before.
    """
    shares = np.full(chances.shape[1], 1.0)
    for _ in range(100):
        found = chances * shares
        found /= found.sum(axis=1, keepdims=True)
        shares = found.mean(axis=0)
    return found


def smoothed(count: int) -> After:
    """Return a function that averages a cell and, with as much weight, its nearest cells by LSI."""

    def smooth(chances: np.ndarray, points: np.ndarray) -> np.ndarray:
        nearest = NearestNeighbors(n_neighbors=min(count, len(points) - 1)).fit(points)
        return chances + chances[nearest.kneighbors(return_distance=False)].mean(axis=1)

    return smooth


class Variant(NamedTuple):
    """A row of the table; ``name`` is unique within its topic."""

    topic: str
    name: str
    recipe: Recipe
    after: After | None = None

    @property
    def title(self) -> str:
        """The topic and the name."""
        return f"{self.topic}: {self.name}"


def variants(recipe: Recipe) -> list[Variant]:
    """Return the rows of the table, the recipe first; dear ones, with layers, last."""

    def change(topic: str, name: str, **fields: Any) -> Variant:
        return Variant(topic, name, replace(recipe, **fields))

    # Layers need a smaller learning rate, and are slower.
    layers: dict[str, Any] = {"layers": 1, "learning_rate": 1e-3, "epochs": min(5, recipe.epochs)}
    scaled: dict[str, Any] = {"learning_rate": 2e-2, "l2": 3e-5}
    replaced, masked = "replaced tokens", "masked tokens"
    return [
        Variant("**Atacformer**", "the settings chosen", recipe),
        change("pooling", "mean", pooling="mean"),
        change("pooling", "weighted mean", pooling="weighted mean"),
        # Numbers of a mean are smaller by the root of the number of tokens.
        change("pooling", "mean, learning rate 2e-2, L2 penalty 3e-5", pooling="mean", **scaled),
        change(
            "pooling",
            "weighted mean, learning rate 2e-2, L2 penalty 3e-5",
            pooling="weighted mean",
            **scaled,
        ),
        change("weights of regions", "all 1", weights="ones"),
        change("weights of regions", "scikit-learn's formula", weights="scikit-learn"),
        change("token embeddings", "from the SVD of TF-IDF", svd=True),
        change("classes", "not balanced", balanced=False),
        change("augmentation", "none", mix=0.0),
        change("augmentation", "random parts of cells", mix=0.0, keep=(0.3, 1.0)),
        change("augmentation", "random parts of mixtures", keep=(0.3, 1.0)),
        change("regularization", "no label smoothing", smoothing=0.0),
        change("regularization", "label smoothing 0.1", smoothing=0.1),
        change("regularization", "no L2 penalty", l2=0.0),
        change("regularization", "L2 penalty 1e-4", l2=1e-4),
        change("regularization", "L2 penalty 1e-3", l2=1e-3),
        change("regularization", "AdamW, decay 0.01", adamw=True, l2=0.01),
        change("regularization", "AdamW, decay 0.1", adamw=True, l2=0.1),
        change("regularization", "no dropout", dropout=0.0),
        change("regularization", "dropout 0.3", dropout=0.3),
        change("size", "hidden 16", hidden=16),
        change("size", "hidden 32", hidden=32),
        change("size", "hidden 128", hidden=128),
        change("learning rate", "1e-3", learning_rate=1e-3),
        change("learning rate", "2e-3", learning_rate=2e-3),
        change("learning rate", "1e-2", learning_rate=1e-2),
        change("length", "half the epochs", epochs=recipe.epochs / 2),
        change("length", "twice the epochs", epochs=2 * recipe.epochs),
        change("length", "four times the epochs", epochs=4 * recipe.epochs),
        change("several models", "mean of three", members=3),
        change("own labels of cells to label", "probability 0.7 or more", own_labels=0.7),
        change("own labels of cells to label", "probability 0.9 or more", own_labels=0.9),
        Variant("after training", "shares of types in the query", recipe, reweighted),
        Variant("after training", "5 nearest cells by LSI", recipe, smoothed(5)),
        Variant("after training", "15 nearest cells by LSI", recipe, smoothed(15)),
        Variant("after training", "30 nearest cells by LSI", recipe, smoothed(30)),
        change("layers", "one", **layers),
        change("layers", "one, mean pooling", pooling="mean", **layers),
        change("layers", "two", **layers | {"layers": 2}),
        change("pre-training, one layer", replaced, pretraining=(replaced,), **layers),
        change("pre-training, one layer", masked, pretraining=(masked,), **layers),
        change(
            "pre-training, one layer",
            "SVD, then replaced tokens",
            svd=True,
            pretraining=(replaced,),
            **layers,
        ),
        change(
            "pre-training, one layer",
            "masked, then replaced tokens",
            pretraining=(masked, replaced),
            **layers,
        ),
        change(
            "pre-training, one layer",
            "replaced, then masked tokens",
            pretraining=(replaced, masked),
            **layers,
        ),
    ]


class Run(NamedTuple):
    """One training: it learned from four fifths of the training batch, and labelled the rest."""

    held: Scores
    query: Scores
    seconds: float


class Runs:
    """Finished runs, a file each, so that an interrupted command resumes, or several share them."""

    def __init__(self, folder: Path, data: Data, repeats: int, seed: int) -> None:
        self._folder, self._data, self._seed = folder, data, seed
        self._folds = list(data.folds(repeats, seed))
        self._digest = data.digest()
        self._views = Views(data, data.train)
        folder.mkdir(parents=True, exist_ok=True)

    def _file(self, recipe: Recipe, repeat: int) -> Path:
        settings = {**asdict(recipe), "repeat": repeat, "seed": self._seed, "data": self._digest}
        key = hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]
        return self._folder / f"{key}.npz"

    def find(self, variant: Variant, repeat: int) -> Run | None:
        """Return a run that is finished."""
        path = self._file(variant.recipe, repeat)
        if not path.exists():
            return None
        with np.load(path) as kept:
            found = [
                (self._folds[repeat][1], kept["held"]),
                (self._data.query, kept["query"]),
            ]
            seconds = float(kept["seconds"])
        if variant.after is not None:
            points = self._views[View("lsi", 50, both=True)]
            found = [(rows, variant.after(chances, points[rows])) for rows, chances in found]
        held, query = (
            scores(self._data.labels[rows], chances.argmax(axis=1)) for rows, chances in found
        )
        return Run(held, query, seconds)

    def run(self, variant: Variant, repeat: int) -> Run:
        """Return a run, of now or before."""
        found = self.find(variant, repeat)
        if found is not None:
            return found
        recipe = variant.recipe
        start = time.process_time()
        own, held = self._folds[repeat]
        cells = np.concatenate([held, self._data.query])
        labelled = label_cells(
            self._data, own, cells, recipe, self._seed + repeat, self._folder
        ).probabilities
        seconds = time.process_time() - start
        path = self._file(recipe, repeat)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        with open(temporary, "wb") as file:
            kept, others = labelled[: len(held)], labelled[len(held) :]
            np.savez(file, held=kept, query=others, seconds=seconds, settings=str(recipe))
        os.replace(temporary, path)
        finished = self.find(variant, repeat)
        assert finished is not None
        return finished


def run_variants(runs: Runs, chosen: Sequence[Variant], repeats: int) -> None:
    """Train each variant with each seed; all once, then all again."""
    for repeat in range(repeats):
        for variant in chosen:
            if runs.find(variant, repeat) is not None:
                continue
            run = runs.run(variant, repeat)
            held, query = (", ".join(f"{s:.3f}" for s in part) for part in run[:2])
            print(
                f"  {time.strftime('%H:%M:%S')} {variant.title}, repeat {repeat}: "
                f"held-out {held}; query {query}; {run.seconds:.0f} s",
                flush=True,
            )


def mean_and_spread(values: Sequence[float], sign: str = "") -> str:
    """Return the mean and, of several values, half their range."""
    mean = f"{np.mean(values):{sign}.3f}"
    return f"{mean} ± {np.ptp(values) / 2:.3f}" if len(values) > 1 else mean


HEADER = [
    *("variant", "held-out accuracy", "held-out macro F1", "difference"),
    *("query accuracy", "query macro F1", "repeats"),
]


def tabulate(runs: Runs, rows: Sequence[Variant], repeats: int) -> list[list[str]]:
    """Return the table: means of the finished runs and half their range.

    The difference is that of the mean of accuracy and macro F1 on the same held-out cells to the
    first row.
    """
    table = []
    base = {r: runs.find(rows[0], r) for r in range(repeats)}
    for variant in rows:
        found = {r: run for r in range(repeats) if (run := runs.find(variant, r)) is not None}
        if not found:
            table.append([variant.title, *["not run"] * 5, f"0 of {repeats}"])
            continue
        differences = [
            float(np.mean(run.held) - np.mean(first.held))
            for r, run in found.items()
            if (first := base[r]) is not None
        ]
        held, query = (
            [mean_and_spread([run[part][i] for run in found.values()]) for i in (0, 1)]
            for part in (0, 1)
        )
        difference = mean_and_spread(differences, "+") if differences else "unknown"
        table.append([variant.title, *held, difference, *query, f"{len(found)} of {repeats}"])
    return table


def write_tables(
    out: Path, name: str, header: Sequence[str], table: Sequence[Sequence[str]]
) -> str:
    """Write a table as Markdown and CSV; return the Markdown."""
    lines = ["| " + " | ".join(row) + " |" for row in (header, *table)]
    lines.insert(1, "|" + "---|" * len(header))
    text = "\n".join(lines) + "\n"
    (out / f"{name}.md").write_text(text, "utf-8")
    with open(out / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *table])
    return text
