# SPDX-License-Identifier: BSD-2-Clause
"""Fine-tune a pre-trained Atacformer by triplets, so that cells of one type are close.

    python examples/python/finetune_triplets.py [--model pretrained] [--out finetuned]

Loads the model that pretrain_replaced_tokens.py saved, and fine-tunes it on cells of known types.
Prints the adjusted Rand index (ARI) of 1,000 other cells before and after, compared with TF-IDF and
SVD, and saves the model and a picture of these cells.
"""

import argparse
from pathlib import Path

import anndata as ad
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from sklearn.decomposition import PCA
from transformers import Trainer, TrainingArguments, set_seed

from bedtok import Tokenizer
from bedtok.atacformer import (
    AtacformerForCellClustering,
    DataCollatorForTripletLoss,
    TripletDataset,
)
from simulated_cells import TYPES, cluster_ari, simulate, tfidf_svd


def flat(embeddings: np.ndarray) -> tuple[str, np.ndarray]:
    """Return a way to draw embeddings and two coordinates a cell: UMAP where it is installed."""
    try:
        from umap import UMAP
    except ImportError:
        return "PCA", PCA(2, random_state=0).fit_transform(embeddings)
    return "UMAP", UMAP(random_state=0, n_jobs=1).fit_transform(embeddings)


def draw(adata: ad.AnnData, pictures: dict[str, np.ndarray], path: Path) -> None:
    """Save one panel for each way to embed the cells; colours are types, marks are batches."""
    figure = Figure(figsize=(4 * len(pictures), 4.4))
    axes = figure.subplots(1, len(pictures))
    colours = colormaps["tab10"]
    for axis, (title, embeddings) in zip(axes, pictures.items(), strict=True):
        way, points = flat(embeddings)
        for number, cell_type in enumerate(TYPES):
            for batch, mark in zip(adata.obs["batch"].unique(), "o^s", strict=False):
                chosen = (adata.obs["cell_type"] == cell_type) & (adata.obs["batch"] == batch)
                axis.scatter(
                    *points[chosen].T, s=8, marker=mark, color=colours(number), linewidths=0
                )
        ari = cluster_ari(embeddings, adata.obs["cell_type"])
        axis.set(title=f"{title}\nARI {ari:.2f}", xlabel=f"{way} 1", ylabel=f"{way} 2")
        axis.set(xticks=[], yticks=[])
    handles = [
        Line2D([], [], marker="o", linestyle="", color=colours(number), label=cell_type)
        for number, cell_type in enumerate(TYPES)
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(TYPES), frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(path, dpi=110)


def main(folder: str, out: str, num_cells: int, epochs: float) -> None:
    set_seed(0)
    tokenizer = Tokenizer.from_pretrained(folder)
    model = AtacformerForCellClustering.from_pretrained(folder)
    known, unknown = simulate(num_cells, seed=1), simulate(1000, seed=2)
    model.embed_anndata(unknown, tokenizer, key_added="X_pretrained", batch_size=64)

    trainer = Trainer(
        model,
        TrainingArguments(
            f"{out}/checkpoints",
            num_train_epochs=epochs,
            per_device_train_batch_size=32,
            learning_rate=1e-3,
            lr_scheduler_type="cosine",
            warmup_steps=20,
            logging_steps=50,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            seed=0,
        ),
        train_dataset=TripletDataset(
            tokenizer.encode_anndata(known), known.obs["cell_type"], seed=0
        ),
        data_collator=DataCollatorForTripletLoss(tokenizer),
    )
    trainer.train()
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    model.embed_anndata(unknown, tokenizer, key_added="X_finetuned", batch_size=64)

    pictures = {
        "TF-IDF and SVD": tfidf_svd(unknown),
        "pre-trained": unknown.obsm["X_pretrained"],
        "fine-tuned by triplets": unknown.obsm["X_finetuned"],
    }
    print(f"{unknown.n_obs} cells that the model has not seen")
    for name, embeddings in pictures.items():
        print(f"ARI, {name + ':':<24}{cluster_ari(embeddings, unknown.obs['cell_type']):.2f}")
    picture = Path(out) / "cells.png"
    draw(unknown, pictures, picture)
    print(f"picture: {picture}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Fine-tune by triplets.")
    parser.add_argument("--model", default="pretrained", help="folder of the pre-trained model")
    parser.add_argument("--out", default="finetuned", help="folder of the model and the picture")
    parser.add_argument("--cells", type=int, default=2000, help="number of cells of known type")
    parser.add_argument("--epochs", type=float, default=5)
    given = parser.parse_args()
    main(given.model, given.out, given.cells, given.epochs)
