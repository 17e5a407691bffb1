# SPDX-License-Identifier: BSD-2-Clause
"""Label the cells of one batch by a classifier that learned from another, next to simple methods.

    pip install '.[atacformer,cells]' -r examples/python/requirements.txt
    python examples/python/label_cells.py cells.h5ad --labels cell_type --batch donor --train D6T1

The file is an AnnData of cells x peaks. A repeat holds out another fifth of the training cells, on
which settings are chosen, never on the query. Tables have the mean of the repeats and half their
range. ``--ablations`` also trains variants of the classifier. Each finished run is kept in
``OUT/runs``, so that the command resumes where it was interrupted.

The files beside this one: cell_labels.py reads cells and has the simple methods,
cell_classifier.py trains, label_ablations.py has the variants.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix

from bedtok.metrics import embedding_metrics
from cell_classifier import Recipe, label_cells
from cell_labels import Data, Scores, label_simply, lsi, read, scores, tfidf
from label_ablations import (
    HEADER,
    Runs,
    mean_and_spread,
    run_variants,
    tabulate,
    variants,
    write_tables,
)


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


def row(name: str, held: Sequence[Scores], query: Sequence[Scores]) -> list[str]:
    """Return a row of the table: accuracy and macro F1 on held-out cells and on the query."""
    return [
        name,
        *(mean_and_spread([s[i] for s in part]) for part in (held, query) for i in (0, 1)),
    ]


def main(arguments: Sequence[str] | None = None) -> None:
    given = parse(arguments)
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    recipe = replace(Recipe(), epochs=given.epochs)
    data = read(given.path, given.labels, given.batch, given.train, given.query)
    print(
        f"{len(data.train)} cells to learn from, {len(data.query)} to label, "
        f"{len(data.names)} types"
    )
    runs = Runs(out / "runs", data, given.repeats, given.seed)
    rows = variants(recipe)
    if given.ablations is not None:
        words = given.ablations
        chosen = [v for v in rows if not words or any(w in v.title for w in words)]
        run_variants(runs, chosen, given.repeats)
        print(write_tables(out, "ablations", HEADER, tabulate(runs, rows, given.repeats)))
        if words:
            return
    print("simple methods, with the settings that did best on held-out training cells")
    simple = label_simply(data, given.repeats, given.seed)
    table = [row(f"{n}: {s.settings}", s.held, [s.query]) for n, s in simple.items()]
    held = [runs.run(rows[0], repeat).held for repeat in range(given.repeats)]
    true = data.labels[data.query]
    labelled = [
        label_cells(data, data.train, data.query, recipe, given.seed + repeat, out)
        for repeat in range(given.repeats)
    ]
    query = [scores(true, each.probabilities.argmax(axis=1)) for each in labelled]
    table.append(row("**Atacformer**", held, query))
    header = ["method", *HEADER[1:3], *HEADER[4:6]]
    print(write_tables(out, "methods", header, table))
    chances, model = labelled[0]
    print_confidence(chances, true)
    draw_confusion(out / "confusion.png", data, chances.argmax(axis=1))
    measure(data, model, out, given.train, given.query or "query")
    model.save_pretrained(out)
    data.tokenizer.save_pretrained(out)
    print(f"model, tokenizer, tables and pictures: {out}")


def print_confidence(chances: np.ndarray, true: np.ndarray) -> None:
    """Print how many cells are right by their highest probability."""
    best, right = chances.max(axis=1), chances.argmax(axis=1) == true
    for low, high in ((0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        within = (best >= low) & (best < high)
        if within.any():
            share = f"{100 * right[within].mean():.0f} %"
            print(
                f"highest probability {low} to {min(high, 1)}: {within.sum()} cells, {share} right"
            )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Label the cells of one batch by another.")
    parser.add_argument("path", help="an .h5ad file, cells x peaks")
    parser.add_argument("--labels", default="cell_type", help="column of obs with the types")
    parser.add_argument("--batch", default="batch", help="column of obs with the batches")
    parser.add_argument("--train", required=True, help="the batch to learn from")
    parser.add_argument("--query", help="the batch to label; the other one if there are two")
    parser.add_argument("--out", default="labelled", help="folder of the model and the pictures")
    parser.add_argument("--repeats", type=int, default=3, help="trainings, each with its seed")
    parser.add_argument("--epochs", type=float, default=Recipe.epochs, help="of a training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--ablations",
        nargs="*",
        metavar="WORD",
        help="also train variants with one change each, in hours; with words only those whose "
        "topics or names have one of them, and nothing else",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
