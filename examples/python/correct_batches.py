# SPDX-License-Identifier: BSD-2-Clause
"""Correct the batches of cells by an adversarially trained Atacformer, next to simple methods.

    pip install '.[atacformer,cells]' -r examples/python/requirements.txt harmonypy
    python examples/python/correct_batches.py cells.h5ad --labels cell_type --batch donor

The file is an AnnData of cells x peaks. Types are only read to measure; no method sees them. With
``--plant`` cells get random batches with an effect of known strength instead of their own. Prints
how well batches mix and types stay apart, the mean of repeats with other seeds and half their
range, and draws UMAPs before and after. Harmony is a row of the table if harmonypy is installed.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import anndata as ad
import numpy as np
import torch
from matplotlib.figure import Figure
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.metrics import accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import normalize
from transformers import PrinterCallback, Trainer, TrainingArguments, set_seed

from bedtok import RegionSet, Tokenizer
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForUnsupervisedBatchCorrection,
    DataCollatorForUnsupervisedBatchCorrection,
    GradientReversalCallback,
    SetEpochCallback,
    batch_correction_parameter_groups,
    initialize_from_cells,
)
from bedtok.metrics import embedding_metrics, ilisi

# Chosen on simulated cells and on planted batches.
RECIPE: dict[str, Any] = {
    "layers": 0,
    "hidden": 64,
    "pooling": "weighted",
    "svd": True,
    "head": 64,
    "head_learning_rate": 2e-2,
    "learning_rate": 1e-3,
    "alpha": 1.0,
    "rising": True,
    "adversary": 1.0,
    "reference": 1.0,
    "replaced": 0.15,
    "tokens": 192,
    "steps": 1000,
}
# One change each.
ABLATIONS: dict[str, dict[str, Any]] = {
    "no adversary": {"adversary": 0.0},
    "no reference": {"reference": None},
    "reference of weight 5": {"reference": 5.0},
    "strength of 0.2": {"alpha": 0.2},
    "strength constant": {"rising": False},
    "head learns as fast as the encoder": {"head_learning_rate": 1e-3},
    "linear head": {"head": None},
    "linear head that learns as fast": {"head": None, "head_learning_rate": 1e-3},
    "linear head, no reference": {"head": None, "reference": None},
    "linear head, strength constant": {"head": None, "rising": False},
    "mean pooling": {"pooling": "mean"},
    "random token embeddings": {"svd": False},
    "half of the steps": {"steps": 400},
    "one layer of attention": {"layers": 1},
    "as published: two layers, mean pooling, linear head, one learning rate": {
        **{"layers": 2, "pooling": "mean", "svd": False, "head": None, "rising": False},
        **{"reference": None, "head_learning_rate": 5e-4, "learning_rate": 5e-4},
    },
}
MEASURES = {
    "ilisi_within": "mixing within types",
    "ilisi": "mixing of all",
    "silhouette_batch": "silhouette of batches",
    "ari": "ARI",
    "nmi": "NMI",
    "silhouette_label": "silhouette of types",
    "transfer": "transfer: accuracy",
    "transfer_f1": "macro F1",
}


class Data(NamedTuple):
    """Cells of several batches: ids for the model, a matrix for simple methods."""

    ids: list[np.ndarray]
    matrix: sparse.csr_matrix  # 1 where a cell has a region
    types: np.ndarray  # names
    batches: np.ndarray  # numbers
    batch_names: list[str]
    tokenizer: Tokenizer


def read(path: str, label: str, batch: str, num_cells: int | None, plant: bool, seed: int) -> Data:
    """Read an .h5ad file; cells without a label go."""
    adata = ad.read_h5ad(path)
    adata = adata[adata.obs[label].notna().to_numpy()]
    rng = np.random.default_rng(seed)
    if num_cells is not None and num_cells < adata.n_obs:
        adata = adata[np.sort(rng.choice(adata.n_obs, num_cells, replace=False))]
    adata = adata.copy()
    if plant:
        plant_batches(adata, batch, rng)
    names = sorted(adata.obs[batch].astype(str).unique())
    if len(names) < 2:
        raise SystemExit(f"{path}: column {batch!r} has {len(names)} batch, expected two at least")
    tokenizer = Tokenizer.from_regions(RegionSet(adata.var))
    ids = [np.asarray(row) for row in tokenizer.encode_anndata(adata)]
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in ids])])
    columns = np.concatenate(ids)
    matrix = sparse.csr_matrix(
        (np.ones(len(columns)), columns, offsets), shape=(len(ids), tokenizer.num_regions)
    )
    matrix.sum_duplicates()
    matrix.data[:] = 1
    batches = np.array([names.index(name) for name in adata.obs[batch].astype(str)])
    types = adata.obs[label].astype(str).to_numpy()
    return Data(ids, matrix, types, batches, names, tokenizer)


def plant_batches(adata: ad.AnnData, column: str, rng: np.random.Generator) -> None:
    """Give each cell one of two batches at random, and the regions of cells an effect of it.

    In a batch an open region is found with a probability of its own, the logistic function of a
    normal number with mean 1 and standard deviation 1.5. Then come regions that are not open, a
    fifth of the cell's number, of which each batch prefers other ones.
    """
    batches = rng.integers(2, size=adata.n_obs)
    cells, regions = sparse.csr_matrix(adata.X).nonzero()
    found = 1 / (1 + np.exp(-rng.normal(1, 1.5, (2, adata.n_vars))))
    noise = rng.lognormal(0, 2, (2, adata.n_vars))
    noise /= noise.sum(axis=1, keepdims=True)
    kept = rng.random(len(cells)) < found[batches[cells], regions]
    added = rng.poisson(0.2 * np.bincount(cells, minlength=adata.n_obs))
    cells = np.concatenate([cells[kept], np.repeat(np.arange(adata.n_obs), added)])
    drawn = [
        rng.choice(adata.n_vars, count, p=noise[batch])
        for count, batch in zip(added, batches, strict=True)
    ]
    regions = np.concatenate([regions[kept], *drawn])
    ones = np.ones(len(cells), dtype=np.float32)
    adata.X = sparse.csr_matrix((ones, (cells, regions)), shape=adata.shape)
    adata.obs[column] = np.take(["planted 1", "planted 2"], batches)


# ---- simple methods


def tfidf(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    counts = np.asarray(matrix.sum(axis=0)).ravel()
    return normalize(matrix.multiply(np.log1p(matrix.shape[0] / (1 + counts))).tocsr())


def lsi(weighted: sparse.csr_matrix, width: int = 30) -> np.ndarray:
    """Return the SVD of TF-IDF without its first component, the number of regions."""
    return normalize(TruncatedSVD(width, random_state=0).fit_transform(weighted)[:, 1:])


def lsi_of_each(data: Data) -> np.ndarray:
    """Return the same with inverse document frequencies of each batch by itself."""
    rows = [np.flatnonzero(data.batches == number) for number in range(len(data.batch_names))]
    weighted = sparse.vstack([tfidf(data.matrix[of_batch]) for of_batch in rows]).tocsr()
    return lsi(weighted[np.argsort(np.concatenate(rows))])


def harmony(points: np.ndarray, data: Data, seed: int) -> np.ndarray:
    import harmonypy
    import pandas as pd

    batches = pd.DataFrame({"batch": np.take(data.batch_names, data.batches)})
    done = harmonypy.run_harmony(points, batches, "batch", random_state=seed, verbose=False)
    corrected = np.asarray(done.Z_corr)
    return corrected if len(corrected) == len(points) else corrected.T


# ---- Atacformer


def train(data: Data, recipe: dict[str, Any], seed: int, out: Path) -> Any:
    """Return a model whose embeddings hide batches."""
    set_seed(seed)
    config = AtacformerConfig.from_tokenizer(
        data.tokenizer,
        hidden_size=recipe["hidden"],
        intermediate_size=2 * recipe["hidden"],
        num_hidden_layers=recipe["layers"],
        num_attention_heads=4,
        max_position_embeddings=1024,
        pooling=recipe["pooling"],
        num_batches=len(data.batch_names),
        batch_head_hidden_size=recipe["head"],
        grl_alpha=recipe["alpha"],
        lambda_adv=recipe["adversary"],
        lambda_reference=recipe["reference"] or 0.0,
        bc_unfreeze_last_n_layers=None,
    )
    model = AtacformerForUnsupervisedBatchCorrection(config)
    if recipe["svd"] or recipe["pooling"] == "weighted":
        initialize_from_cells(
            model, data.ids, data.tokenizer.num_regions, embeddings=recipe["svd"], seed=seed
        )
    rows: list[dict[str, Any]] = [
        {"input_ids": ids, "batch_labels": int(batch)}
        for ids, batch in zip(data.ids, data.batches, strict=True)
    ]
    if recipe["reference"] is not None:
        for row, vector in zip(rows, embed(model, data), strict=True):
            row["reference_embeddings"] = vector
    groups = batch_correction_parameter_groups(
        model, recipe["learning_rate"], recipe["head_learning_rate"]
    )
    trainer = Trainer(
        model,
        TrainingArguments(
            str(out / "checkpoints"),
            max_steps=recipe["steps"],
            per_device_train_batch_size=64,
            lr_scheduler_type="linear",
            warmup_steps=20,
            logging_steps=100_000,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
            use_cpu=True,
            seed=seed,
        ),
        train_dataset=rows,
        data_collator=DataCollatorForUnsupervisedBatchCorrection(
            data.tokenizer,
            recipe["tokens"],
            recipe["replaced"],
            seed=seed,
            token_probabilities=np.asarray(data.matrix.sum(axis=0)).ravel() + 0.1,
        ),
        optimizers=(torch.optim.Adam(groups), None),
        callbacks=[SetEpochCallback(), *[GradientReversalCallback()] * recipe["rising"]],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return model


def embed(model: Any, data: Data) -> np.ndarray:
    points: np.ndarray = model.encode_tokenized_cells(data.ids, 256, seed=0, progress=False).numpy()
    return points


# ---- figures and pictures


def measures(points: np.ndarray, data: Data) -> dict[str, float]:
    """Return measures; transfer is to label other batches by 15 neighbors in the largest."""
    unit = normalize(points)
    reference = data.batches == np.argmax(np.bincount(data.batches))
    neighbors = KNeighborsClassifier(15).fit(unit[reference], data.types[reference])
    true, predicted = data.types[~reference], neighbors.predict(unit[~reference])
    return {
        **embedding_metrics(points, data.types, data.batches),
        "ilisi": ilisi(points, data.batches),
        "ilisi_within": ilisi(points, data.batches, data.types),
        "transfer": float(accuracy_score(true, predicted)),
        "transfer_f1": float(f1_score(true, predicted, average="macro", zero_division=0)),
    }


def shuffled(data: Data) -> Data:
    """Return the same with batches in a random order within each type: the best that can be."""
    rng, batches = np.random.default_rng(0), data.batches.copy()
    for name in np.unique(data.types):
        rows = np.flatnonzero(data.types == name)
        batches[rows] = rng.permutation(batches[rows])
    return data._replace(batches=batches)


def line(name: str, found: list[dict[str, float]]) -> str:
    """Return a row of the table: means, and half the range of several."""
    cells = []
    for measure in MEASURES:
        values = np.array([each[measure] for each in found])
        spread = f" ± {np.ptp(values) / 2:.2f}" if len(values) > 1 else ""
        cells.append(f"{values.mean():.2f}{spread}")
    return f"| {name} | {' | '.join(cells)} |"


def draw(path: Path, data: Data, ways: dict[str, np.ndarray]) -> None:
    """Draw a row of UMAPs for each way: by type and by batch."""
    import umap

    names = sorted(set(data.types))
    groups = (
        ("type", np.array([names.index(name) for name in data.types]), names, "tab20", 20),
        ("batch", data.batches, data.batch_names, "Set1", 9),
    )
    order = np.random.default_rng(0).permutation(len(data.ids))
    figure = Figure(figsize=(12, 4.5 * len(ways)), layout="constrained")
    rows = figure.subplots(len(ways), 2, squeeze=False)
    for axes, (title, points) in zip(rows, ways.items(), strict=True):
        places = umap.UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(points)
        for axis, (what, numbers, texts, palette, colours) in zip(axes, groups, strict=True):
            drawn = axis.scatter(
                *places[order].T,
                c=numbers[order],
                s=2,
                cmap=palette,
                linewidths=0,
                vmin=0,
                vmax=colours - 1,
                rasterized=True,
            )
            handles = [
                axis.plot([], [], "o", color=drawn.cmap(drawn.norm(i % colours)), label=text)[0]
                for i, text in enumerate(texts)
            ]
            axis.set(xticks=[], yticks=[], title=f"{title}, by {what}")
            axis.legend(
                handles=handles,
                fontsize=7,
                markerscale=0.7,
                loc="center left",
                bbox_to_anchor=(1, 0.5),
                frameon=False,
            )
    figure.savefig(path, dpi=80)


def main(arguments: Sequence[str] | None = None) -> None:
    given = parse(arguments)
    out = Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    recipe = {**RECIPE, "steps": given.steps}
    seeds = [given.seed + repeat for repeat in range(given.repeats)]
    data = read(given.path, given.labels, given.batch, given.cells, given.plant, given.seed)
    print(
        f"{len(data.ids)} cells, {len(set(data.types))} types, "
        f"batches of {np.bincount(data.batches).tolist()} cells"
    )
    head = ["embeddings", *MEASURES.values()]
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")

    def report(name: str, ways: list[np.ndarray], of: Data = data) -> None:
        print(line(name, [measures(points, of) for points in ways]), flush=True)

    before = lsi(tfidf(data.matrix))
    report("LSI", [before])
    report("LSI, batches shuffled within types", [before], shuffled(data))
    report("LSI, frequencies of each batch", [lsi_of_each(data)])
    if importlib.util.find_spec("harmonypy"):
        report("LSI + Harmony", [harmony(before, data, seed) for seed in seeds])
    changes = ABLATIONS if given.ablations else {}
    models: list[tuple[Any, np.ndarray]] = []
    for name, change in {"**Atacformer**": {}, **changes}.items():
        points = []
        for seed in seeds:
            trained = train(data, {**recipe, **change}, seed, out)
            points.append(embed(trained, data))
            models = models or [(trained, points[0])]
        report(name, points)
    model, after = models[0]
    draw(out / "umap.png", data, {"LSI": before, "Atacformer": after})
    model.save_pretrained(out)
    data.tokenizer.save_pretrained(out)
    print(f"model, tokenizer, umap.png: {out}")


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Correct the batches of cells.")
    parser.add_argument("path", help="an .h5ad file, cells x peaks")
    parser.add_argument("--labels", default="cell_type", help="column of obs with the types")
    parser.add_argument("--batch", default="batch", help="column of obs with the batches")
    parser.add_argument("--plant", action="store_true", help="random batches with a known effect")
    parser.add_argument("--cells", type=int, help="number of cells to draw; all by default")
    parser.add_argument("--out", default="corrected", help="folder of the model and the picture")
    parser.add_argument("--repeats", type=int, default=3, help="trainings, each with its seed")
    parser.add_argument("--steps", type=int, default=RECIPE["steps"], help="of a training")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ablations", action="store_true", help="also train with one change each")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
