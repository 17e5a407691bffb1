# SPDX-License-Identifier: BSD-2-Clause
"""Label the cells of one batch by a classifier that learned from another, next to simple methods.

    pip install '.[atacformer,cells]' -r examples/python/requirements.txt
    python examples/python/label_cells.py cells.h5ad --labels cell_type --batch donor --train D6T1

The file is an AnnData of cells x peaks. The settings of simple methods are chosen on a fifth of the
training cells, never on the query. Prints accuracy and macro F1 on the query, the mean of
repeats with other seeds and half their range, and draws a confusion matrix and UMAPs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anndata as ad
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import MultinomialNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from bedtok import RegionSet, Tokenizer
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForSequenceClassification,
    DataCollatorForCellClassification,
    SetEpochCallback,
    balanced_class_weights,
    initialize_from_cells,
)
from bedtok.metrics import embedding_metrics

# The settings, chosen on held-out cells of the training batch; docs/label-cells.md tells how.
RECIPE: dict[str, Any] = {
    "layers": 0,
    "hidden": 64,
    "pooling": "weighted",
    "idf": True,
    "svd": False,
    "balanced": True,
    "smoothing": 0.05,
    "keep": None,
    "mix": 0.5,
    "l2": 3e-4,
    "dropout": 0.1,
    "epochs": 8,
    "learning_rate": 5e-3,
    "members": 1,
}
# One change each, and what held the model back before.
ABLATIONS: dict[str, dict[str, Any]] = {
    "mean pooling": {"pooling": "mean", "idf": False},
    "weights of tokens all 1": {"idf": False},
    "classes not balanced": {"balanced": False},
    "no label smoothing": {"smoothing": 0.0},
    "no mixtures of cells": {"mix": 0.0},
    "random parts of cells": {"keep": (0.3, 1.0)},
    "token embeddings from SVD": {"svd": True},
    "AdamW, no L2 penalty": {"l2": 0.0},
    "one layer of attention": {"layers": 1, "learning_rate": 1e-3},
    "mean of five models": {"members": 5},
}


class Data(NamedTuple):
    """Cells of two batches: ids for the model, a matrix for simple methods."""

    ids: list[np.ndarray]
    matrix: sparse.csr_matrix  # 1 where a cell has a region
    labels: np.ndarray  # numbers of types
    names: list[str]
    train: np.ndarray  # positions of cells
    query: np.ndarray
    tokenizer: Tokenizer


def read(path: str, label: str, batch: str, train: str, query: str | None) -> Data:
    """Read an .h5ad file; cells without a label, and types that the training lacks, go."""
    adata = ad.read_h5ad(path)
    batches = adata.obs[batch].astype(str).to_numpy()
    others = sorted(set(batches) - {train})
    if train not in batches or (query is None and len(others) != 1):
        raise SystemExit(f"{path}: batches are {sorted(set(batches))}; choose --train and --query")
    query = others[0] if query is None else query
    types = adata.obs[label].astype("category")
    known = set(types[batches == train].dropna())
    kept = types.isin(known).to_numpy() & np.isin(batches, [train, query])
    adata, batches = adata[kept], batches[kept]
    names = sorted(known)
    tokenizer = Tokenizer.from_regions(RegionSet(adata.var))
    ids = [np.asarray(row) for row in tokenizer.encode_anndata(adata)]
    columns = np.concatenate(ids)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids])])
    matrix = sparse.csr_matrix(
        (np.ones(len(columns)), columns, offsets), shape=(len(ids), tokenizer.num_regions)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    labels = np.array([names.index(name) for name in adata.obs[label]])
    train_rows, query_rows = np.flatnonzero(batches == train), np.flatnonzero(batches == query)
    return Data(ids, matrix, labels, names, train_rows, query_rows, tokenizer)


def scores(true: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Return accuracy and macro F1."""
    f1 = f1_score(true, predicted, average="macro", zero_division=0)
    return float(accuracy_score(true, predicted)), float(f1)


# ---- simple methods


def tfidf(data: Data, rows: np.ndarray) -> sparse.csr_matrix:
    """Return TF-IDF of all cells, rows of unit length, with the frequencies of some."""
    counts = np.asarray(data.matrix[rows].sum(axis=0)).ravel()
    return normalize(data.matrix.multiply(np.log1p(len(rows) / (1 + counts))).tocsr())


def lsi(weighted: sparse.csr_matrix, rows: np.ndarray, width: int, seed: int = 0) -> np.ndarray:
    """Return the SVD without its first component, rows of unit length."""
    svd = TruncatedSVD(width, random_state=seed).fit(weighted[rows])
    return normalize(svd.transform(weighted)[:, 1:])


def simple_methods(data: Data) -> dict[str, list[tuple[Any, Any]]]:
    """Return settings of each method: a classifier and what it sees."""
    weights = (None, "balanced")

    def logistic(strengths: tuple[float, ...]) -> list[Any]:
        return [
            LogisticRegression(C=c, class_weight=w, max_iter=400)
            for w in weights
            for c in strengths
        ]

    svms = [LinearSVC(C=c, class_weight=w) for w in weights for c in (0.1, 0.3)]
    bayes = [MultinomialNB(alpha=a, fit_prior=p) for a in (0.1, 0.3, 1.0) for p in (True, False)]
    neighbours = [KNeighborsClassifier(k, metric="cosine") for k in (15, 30)]
    return {
        "LSI, nearest neighbours": [(c, w) for c in neighbours for w in (50, 100)],
        "LSI, logistic regression": [(c, w) for c in logistic((1, 10)) for w in (50, 100)],
        "TF-IDF, linear SVM": [(c, "tfidf") for c in svms],
        "multinomial naive Bayes": [(c, "counts") for c in bayes],
        "TF-IDF, logistic regression": [(c, "tfidf") for c in logistic((0.3, 1, 3))],
    }


class Views:
    """What simple methods see, with all that is fitted fitted on the same cells."""

    def __init__(self, data: Data, rows: np.ndarray) -> None:
        self._data, self._rows = data, rows
        self._made: dict[Any, Any] = {"counts": data.matrix, "tfidf": tfidf(data, rows)}

    def __getitem__(self, name: Any) -> Any:
        if name not in self._made:
            self._made[name] = lsi(self._made["tfidf"], self._rows, name)
        return self._made[name]


def label_simply(data: Data, seed: int) -> dict[str, tuple[str, np.ndarray]]:
    """Return for each method the settings that did best on held-out cells, and its labels."""
    own, held = train_test_split(
        data.train, test_size=0.2, stratify=data.labels[data.train], random_state=seed
    )
    tuning, final = Views(data, own), Views(data, data.train)
    found = {}
    for name, settings in simple_methods(data).items():
        quality = [
            sum(
                scores(
                    data.labels[held],
                    classifier.fit(seen[own], data.labels[own]).predict(seen[held]),
                )
            )
            for classifier, seen in ((c, tuning[view]) for c, view in settings)
        ]
        classifier, view = settings[int(np.argmax(quality))]
        classifier.fit(final[view][data.train], data.labels[data.train])
        label = f"{classifier}, {view} components" if isinstance(view, int) else str(classifier)
        found[name] = label, classifier.predict(final[view][data.query])
        print(f"  {name}: {found[name][0]}")
    return found


# ---- Atacformer


def new_model(data: Data, rows: np.ndarray, recipe: dict[str, Any]) -> Any:
    num_labels = len(data.names)
    weights = balanced_class_weights(data.labels[rows], num_labels) if recipe["balanced"] else None
    config = AtacformerConfig.from_tokenizer(
        data.tokenizer,
        hidden_size=recipe["hidden"],
        intermediate_size=2 * recipe["hidden"],
        num_hidden_layers=recipe["layers"],
        num_attention_heads=4,
        max_position_embeddings=1024,
        hidden_dropout=recipe["dropout"],
        attention_dropout=0.0,
        pooling=recipe["pooling"],
        class_weights=weights,
        label_smoothing=recipe["smoothing"],
        num_labels=num_labels,
        id2label=dict(enumerate(data.names)),
        label2id={name: i for i, name in enumerate(data.names)},
    )
    model = AtacformerForSequenceClassification(config)
    if recipe["idf"] or recipe["svd"]:
        cells = [data.ids[i] for i in rows]
        initialize_from_cells(model, cells, data.tokenizer.num_regions, embeddings=recipe["svd"])
    return model


def train_model(data: Data, rows: np.ndarray, recipe: dict[str, Any], seed: int, out: Path) -> Any:
    """Return a classifier that was trained on some cells."""
    set_seed(seed)
    model = new_model(data, rows, recipe)
    # The L2 penalty is a part of the gradients: with AdamW's decay, regions that few cells have
    # would be learned by heart.
    adam = torch.optim.Adam if recipe["l2"] else torch.optim.AdamW
    optimizer = adam(
        model.parameters(), lr=recipe["learning_rate"], weight_decay=recipe["l2"] or 0.01
    )
    trainer = Trainer(
        model,
        TrainingArguments(
            str(out / "checkpoints"),
            num_train_epochs=recipe["epochs"],
            per_device_train_batch_size=128,
            lr_scheduler_type="linear",
            warmup_steps=20,
            logging_steps=100_000,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            seed=seed,
        ),
        train_dataset=[{"input_ids": data.ids[i], "labels": int(data.labels[i])} for i in rows],
        data_collator=DataCollatorForCellClassification(
            data.tokenizer,
            max_length=1024,
            seed=seed,
            keep_fraction=recipe["keep"],
            mix_fraction=recipe["mix"],
        ),
        optimizers=(optimizer, None),
        callbacks=[SetEpochCallback()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return model


def probabilities(
    data: Data, rows: np.ndarray, query: np.ndarray, recipe: dict[str, Any], seed: int, out: Path
) -> tuple[np.ndarray, Any]:
    """Return the mean probabilities of the members of an ensemble, and its first model."""
    models = [
        train_model(data, rows, recipe, 100 * seed + member, out)
        for member in range(recipe["members"])
    ]
    cells = [data.ids[i] for i in query]
    return sum(m.predict_cells(cells, 128).numpy() for m in models) / len(models), models[0]


# ---- figures and pictures


def line(name: str, results: list[tuple[float, float]]) -> str:
    """Return a row of the table: means and half the range."""
    mean = np.mean(results, axis=0)
    spread = np.ptp(results, axis=0) / 2
    cells = [
        f"{m:.3f} ± {s:.3f}" if len(results) > 1 else f"{m:.3f}"
        for m, s in zip(mean, spread, strict=True)
    ]
    return f"| {name} | {cells[0]} | {cells[1]} |"


def draw_confusion(path: Path, data: Data, predicted: np.ndarray) -> None:
    shares = confusion_matrix(
        data.labels[data.query], predicted, labels=range(len(data.names)), normalize="true"
    )
    figure = Figure(figsize=(7.5, 6.5), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = range(len(data.names))
    axis.set(xlabel="predicted", ylabel="true", xticks=ticks, yticks=ticks)
    axis.set_xticklabels(data.names, rotation=90)
    axis.set_yticklabels(data.names)
    for i, j in zip(*np.nonzero(shares >= 0.05), strict=True):
        colour = "white" if shares[i, j] > 0.6 else "black"
        axis.text(j, i, f"{100 * shares[i, j]:.0f}", ha="center", va="center", size=7, color=colour)
    figure.colorbar(image, label="share of the cells of a type", shrink=0.7)
    figure.savefig(path, dpi=100)


def draw_umap(path: Path, data: Data, embeddings: np.ndarray, titles: tuple[str, str]) -> None:
    import umap

    rows = np.concatenate([data.train, data.query])
    points = umap.UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(embeddings)
    order = np.random.default_rng(0).permutation(len(points))
    groups = (
        (data.labels[rows], data.names, "tab20"),
        (np.isin(rows, data.query).astype(int), list(titles), "Set1"),
    )
    figure = Figure(figsize=(12, 5), layout="constrained")
    for axis, (numbers, names, colours) in zip(figure.subplots(1, 2), groups, strict=True):
        points_of = axis.scatter(
            *points[order].T,
            c=numbers[order],
            s=2,
            cmap=colours,
            linewidths=0,
            vmin=0,
            vmax=19 if len(names) > 2 else 8,
            rasterized=True,
        )
        handles = [
            axis.plot([], [], "o", color=points_of.cmap(points_of.norm(i)), label=name)[0]
            for i, name in enumerate(names)
        ]
        axis.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
        axis.legend(
            handles=handles,
            fontsize=7,
            markerscale=0.7,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            frameon=False,
        )
    figure.savefig(path, dpi=80)


def measure(data: Data, model: Any, out: Path, train: str, query: str) -> None:
    """Print measures of the embeddings of all cells, and draw them."""
    rows = np.concatenate([data.train, data.query])
    batches = np.isin(rows, data.query)
    ways = {
        "LSI": lsi(tfidf(data, data.train), data.train, 50)[rows],
        "Atacformer": model.encode_tokenized_cells([data.ids[i] for i in rows], 128).numpy(),
    }
    for name, points in ways.items():
        query_only = embedding_metrics(points[batches], data.labels[data.query])
        everything = embedding_metrics(points, data.labels[rows], batches)
        print(
            f"{name}, cells of {query}: " + ", ".join(f"{k} {v:.2f}" for k, v in query_only.items())
        )
        print(f"{name}, all cells: " + ", ".join(f"{k} {v:.2f}" for k, v in everything.items()))
    draw_umap(out / "umap.png", data, ways["Atacformer"], (train, query))


def main(arguments: Sequence[str] | None = None) -> None:
    given = parse(arguments)
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    recipe = {**RECIPE, "epochs": given.epochs}
    data = read(given.path, given.labels, given.batch, given.train, given.query)
    true = data.labels[data.query]
    print(
        f"{len(data.train)} cells to learn from, {len(data.query)} to label, "
        f"{len(data.names)} types"
    )
    print("simple methods, with the settings that did best on held-out training cells")
    simple = label_simply(data, given.seed)
    table = [line(name, [scores(true, labels)]) for name, (_, labels) in simple.items()]
    results, best, model = [], None, None
    for repeat in range(given.repeats):
        chances, first = probabilities(
            data, data.train, data.query, recipe, given.seed + repeat, out
        )
        results.append(scores(true, chances.argmax(axis=1)))
        if repeat == 0:
            best, model = chances, first
    table.append(line("**Atacformer**", results))
    if given.ablations:
        for name, change in ABLATIONS.items():
            start = time.time()
            runs = [
                probabilities(
                    data, data.train, data.query, {**recipe, **change}, given.seed + r, out
                )[0]
                for r in range(given.repeats)
            ]
            table.append(line(name, [scores(true, run.argmax(axis=1)) for run in runs]))
            print(f"  {table[-1]} {time.time() - start:.0f} s", flush=True)
    print("\n| method | accuracy | macro F1 |\n|---|---|---|\n" + "\n".join(table))
    draw_confusion(out / "confusion.png", data, best.argmax(axis=1))
    query = given.query or "query"
    measure(data, model, out, given.train, query)
    model.save_pretrained(out)
    data.tokenizer.save_pretrained(out)
    print(f"model, tokenizer, confusion.png, umap.png: {out}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Label the cells of one batch by another.")
    parser.add_argument("path", help="an .h5ad file, cells x peaks")
    parser.add_argument("--labels", default="cell_type", help="column of obs with the types")
    parser.add_argument("--batch", default="batch", help="column of obs with the batches")
    parser.add_argument("--train", required=True, help="the batch to learn from")
    parser.add_argument("--query", help="the batch to label; the other one if there are two")
    parser.add_argument("--out", default="labelled", help="folder of the model and the pictures")
    parser.add_argument("--repeats", type=int, default=3, help="trainings, each with its seed")
    parser.add_argument("--epochs", type=float, default=RECIPE["epochs"], help="of a training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ablations", action="store_true", help="also train with one change each")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
