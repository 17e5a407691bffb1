# SPDX-License-Identifier: BSD-2-Clause
"""A model's answer on cells: their embeddings and classes as an AnnData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from bedtok._checks import draw_seed, import_optional, warn_caller
from bedtok._core import ConfigError
from bedtok._tokenization.cell_names import bare_names
from bedtok.atacformer import modeling_atacformer
from bedtok.atacformer._cell_parts import Pool
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.modeling_atacformer import (
    AtacformerForCellClustering,
    AtacformerForSequenceClassification,
)

if TYPE_CHECKING:
    import anndata as ad

    from bedtok.cells import CellTokens

EMBEDDINGS = "X_atacformer"
PROBABILITIES = "class_probabilities"
PREDICTED, CONFIDENCE, BARCODE = "predicted", "confidence", "barcode"


def embed_cells(
    model: Any,
    cells: CellTokens,
    *,
    batch_size: int = 16,
    max_tokens_per_cell: int | None = None,
    pool: Pool = None,
    num_draws: int = 4,
    seed: int | None = None,
    progress: bool | None = None,
    matrix: bool = False,
) -> ad.AnnData:
    """Return an AnnData of cells with their embeddings and, by a classifier, their classes.

    ``batch_size``, ``max_tokens_per_cell``, ``pool``, ``num_draws``, ``seed`` and ``progress`` are
    those of ``encode_tokenized_cells``. Needs anndata.

    Args:
        model: A model of Atacformer with an encoder, such as ``AtacformerForCellClustering``; with
            an ``AtacformerForSequenceClassification`` cells are classified, too.
        cells: The cells, with the ids of the model's tokenizer.
        batch_size: Number of cells, or parts of cells, processed at once.
        max_tokens_per_cell: Maximum number of tokens of a cell; None: the model's context.
        pool: How cells with more tokens become one embedding.
        num_draws: Number of draws of ``pool="draws"``.
        seed: Seed of what is drawn of longer cells; None draws one.
        progress: Whether to show a progress bar; None: if standard error is a terminal.
        matrix: Whether ``X`` is the binary matrix of cells x regions, CSR, as ``to_anndata`` of the
            cells makes it. Otherwise there is no ``X``, and the file of many cells stays small.

    Returns:
        ``obs`` is that of the cells, with ``barcode``, the name without its sample.
        ``obsm["X_atacformer"]`` are the embeddings, float32 of shape (cells, hidden). A classifier
        adds ``obs["predicted"]``, the most probable class, ``obs["confidence"]``, its probability,
        and ``obsm["class_probabilities"]``, float32 of shape (cells, classes); the classes are
        ``uns["bedtok"]["classes"]``. Cells without a region have no class (NaN), and a warning
        counts them. Where the classes of a cell do not exclude each other
        (``problem_type="multi_label_classification"``) there are only the probabilities, and of a
        regression only the embeddings.

    Raises:
        ConfigError: The tokenizer's vocabulary is not the model's, or as in
            ``encode_tokenized_cells``.
        ImportError: anndata is not installed.

    Example:
        >>> cells = tokenizer.encode_fragments("fragments.tsv.gz", min_fragments=1000)
        >>> adata = embed_cells(model, cells)
        >>> adata.write_h5ad("cells.h5ad")
    """
    anndata = import_optional("anndata", "embed_cells")
    size, known = model.get_input_embeddings().num_embeddings, cells.tokenizer.vocab_size
    if known != size:
        raise ConfigError(
            f"the cells are of a tokenizer with {known} tokens, the model has {size}; encode them "
            "by the model's own tokenizer"
        )
    seed = draw_seed(seed)
    embeddings = model.encode_tokenized_cells(
        cells,
        batch_size=batch_size,
        max_tokens_per_cell=max_tokens_per_cell,
        pool=pool,
        num_draws=num_draws,
        seed=seed,
        progress=progress,
    )
    adata = cells.to_anndata(binary=True) if matrix else anndata.AnnData(obs=cells.obs.copy())
    barcodes = bare_names(cells.names, cells._samples_or_none())
    if BARCODE not in adata.obs:
        adata.obs.insert(0, BARCODE, barcodes)
    adata.obsm[EMBEDDINGS] = embeddings.float().cpu().numpy()
    about: dict[str, Any] = {"seed": str(seed), "pool": pool or "subsample"}
    empty = _without_region(cells)
    if empty.any():
        warn_caller(
            f"{empty.sum():,} of {len(empty):,} cells have no region of the vocabulary: their "
            "embeddings say nothing of them; leave them out: cells.filter(min_tokens=...), on the "
            "command line --min-tokens"
        )
    if isinstance(model, AtacformerForSequenceClassification) and model.has_classes:
        _add_classes(adata, model, embeddings, empty)
        about["classes"] = np.array(_classes(model), dtype=object)
    adata.uns["bedtok"] = about
    return adata


def _without_region(cells: CellTokens) -> npt.NDArray[np.bool_]:
    """Return which cells have special tokens only, or none: shape (cells,)."""
    is_region = cells.values < cells.tokenizer.num_regions
    ends = np.concatenate([[0], np.cumsum(is_region)])[cells.offsets]
    empty: npt.NDArray[np.bool_] = np.diff(ends) == 0
    return empty


def _classes(model: AtacformerForSequenceClassification) -> list[str]:
    names = model.config.id2label
    return [str(names[i]) for i in range(model.num_labels)]


def _add_classes(
    adata: Any,
    model: AtacformerForSequenceClassification,
    embeddings: torch.Tensor,
    empty: npt.NDArray[np.bool_],
) -> None:
    pandas = import_optional("pandas", "embed_cells")
    chances = model.class_probabilities(embeddings).numpy()
    adata.obsm[PROBABILITIES] = chances
    if model.config.problem_type == "multi_label_classification":
        return
    codes = np.where(empty, -1, chances.argmax(axis=1))
    names = _classes(model)
    # Two classes may have one name, which categories do not.
    numbers = {name: i for i, name in enumerate(dict.fromkeys(names))}
    codes = np.array([-1 if code < 0 else numbers[names[code]] for code in codes.tolist()], int)
    adata.obs[PREDICTED] = pandas.Categorical.from_codes(codes, list(numbers))
    adata.obs[CONFIDENCE] = np.where(empty, np.nan, chances.max(axis=1)).astype(np.float32)


def model_for_cells(name: str, **loading: Any) -> Any:
    """Return a model by name or folder, of the class that its configuration names.

    A model without a head, or with one of another library, becomes an
    ``AtacformerForCellClustering``.

    Args:
        name: As for ``from_pretrained``.
        **loading: Further keywords of it: ``revision``, ``subfolder``, ``local_files_only``.
    """
    config = AtacformerConfig.from_pretrained(name, **loading)
    named = (config.architectures or [""])[0]
    found = getattr(modeling_atacformer, named, None) if named.startswith("AtacformerFor") else None
    model: Any = (found or AtacformerForCellClustering).from_pretrained(name, **loading)
    return model
