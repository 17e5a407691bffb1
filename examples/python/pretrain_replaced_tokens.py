# SPDX-License-Identifier: BSD-2-Clause
"""Pre-train an Atacformer on simulated cells by replaced token detection.

    pip install '.[atacformer,cells]' -r examples/python/requirements.txt
    python examples/python/pretrain_replaced_tokens.py [--out pretrained]

Prints how well clusters of cell embeddings agree with the types and the batches of the cells
(adjusted Rand index, ARI) before and after, compared with TF-IDF and SVD, and saves model and
tokenizer to one folder. Without labels the model finds the strongest signal, be it type or batch.
"""

import argparse

import numpy as np
from transformers import Trainer, TrainingArguments, set_seed

from bedtok import RegionSet, Tokenizer
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForReplacedTokenDetection,
    DataCollatorForReplacedTokenDetection,
)
from simulated_cells import cluster_ari, make_vocabulary, simulate, tfidf_svd


def main(out: str, num_cells: int, epochs: float) -> None:
    set_seed(0)
    adata = simulate(num_cells, seed=0)
    types = adata.obs["cell_type"]
    tokenizer = Tokenizer.from_regions(RegionSet(make_vocabulary()))
    cells = tokenizer.encode_anndata(adata)

    config = AtacformerConfig.from_tokenizer(
        tokenizer,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=256,
        initializer_range=0.1,
        hidden_dropout=0.0,  # a small model and endless data: each epoch replaces other tokens
        attention_dropout=0.0,
    )
    model = AtacformerForReplacedTokenDetection(config)

    def embeddings() -> np.ndarray:
        return model.encode_tokenized_cells(cells, batch_size=64).numpy()

    ways = {"TF-IDF and SVD": tfidf_svd(adata), "new model": embeddings()}
    trainer = Trainer(
        model,
        TrainingArguments(
            f"{out}/checkpoints",
            num_train_epochs=epochs,
            per_device_train_batch_size=32,
            learning_rate=1e-3,
            lr_scheduler_type="cosine",
            warmup_steps=50,
            logging_first_step=True,
            logging_steps=20,
            save_strategy="no",
            report_to=[],
            use_cpu=True,
            seed=0,
        ),
        train_dataset=[{"input_ids": cell} for cell in cells],
        data_collator=DataCollatorForReplacedTokenDetection(tokenizer, mlm_probability=0.3, seed=0),
    )
    trainer.train()
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)

    losses = [log["loss"] for log in trainer.state.log_history if "loss" in log]
    print(f"{adata.n_obs} cells of {types.nunique()} types, {len(cells.values)} tokens")
    print(f"loss: {float(losses[0]):.3f} at first, {float(losses[-1]):.3f} at last")
    for name, points in (ways | {"pre-trained": embeddings()}).items():
        print(
            f"ARI, {name + ':':<16} {cluster_ari(points, types):.2f} with types, "
            f"{cluster_ari(points, adata.obs['batch']):.2f} with batches"
        )
    print(f"model and tokenizer: {out}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Pre-train by replaced-token detection.")
    parser.add_argument("--out", default="pretrained", help="folder of the model")
    parser.add_argument("--cells", type=int, default=3000, help="how many are simulated")
    parser.add_argument("--epochs", type=float, default=30)
    given = parser.parse_args()
    main(given.out, given.cells, given.epochs)
