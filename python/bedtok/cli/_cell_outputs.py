# SPDX-License-Identifier: BSD-2-Clause
"""Files of a model's answer on cells: .h5ad, Parquet, TSV and npz."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bedtok import _core
from bedtok._checks import import_optional
from bedtok._core import ConfigError
from bedtok._files import atomic_write, is_url

if TYPE_CHECKING:
    import anndata as ad

_UMAP, _EMBEDDINGS, _PROBABILITIES = "X_umap", "X_atacformer", "class_probabilities"
_PREDICTED, _CELL = "predicted", "cell"


def write_answer(path: str, adata: ad.AnnData) -> None:
    """Write the AnnData of ``embed_cells`` atomically, as the path's suffix says.

    Raises:
        ConfigError: A column of ``obs`` does not fit the format.
        OSError: The file cannot be written.
    """
    if not is_url(path):
        _core.remove_abandoned(str(Path(path).parent))
    with atomic_write(path) as temporary:
        _WRITERS[Path(path).suffix.lower()](temporary, adata)


def _write_h5ad(path: str, adata: Any) -> None:
    pandas = import_optional("pandas", ".h5ad")
    for name in adata.obs.columns:
        column = adata.obs[name]
        if column.dtype == object:
            # HDF5 has no column of texts with gaps; categories have them.
            texts = column.map(str, na_action="ignore")
            adata.obs[name] = pandas.Categorical(texts)
    try:
        adata.write_h5ad(path, compression="gzip")
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ConfigError(
            f"a column of obs does not become one of .h5ad: {' '.join(str(error).split())}"
        ) from None


def _table(adata: Any) -> Any:
    """Return the cells' names and ``obs``, with the UMAP, as a DataFrame.

    Raises:
        ConfigError: A column of ``obs`` has the name of one of the table's own.
    """
    frame = adata.obs.copy()
    own = {"embedding", *(f"embedding_{i + 1}" for i in range(adata.obsm[_EMBEDDINGS].shape[1]))}
    if _UMAP in adata.obsm:
        own |= {"umap_1", "umap_2"}
    if taken := [name for name in frame if name in own]:
        raise ConfigError(
            f"obs has a column {taken[0]!r}, which the table has, too; rename it, or write .h5ad"
        )
    if _CELL not in frame:
        frame.insert(0, _CELL, adata.obs_names)
    if _UMAP in adata.obsm:
        frame["umap_1"], frame["umap_2"] = adata.obsm[_UMAP].T
    return frame


def _write_parquet(path: str, adata: Any) -> None:
    pa = import_optional("pyarrow", ".parquet")
    pq = import_optional("pyarrow.parquet", ".parquet")
    table = pa.Table.from_pandas(_table(adata), preserve_index=False)
    points = np.ascontiguousarray(adata.obsm[_EMBEDDINGS], dtype=np.float32)
    embedding = pa.FixedSizeListArray.from_arrays(pa.array(points.ravel()), points.shape[1])
    table = table.append_column("embedding", embedding)
    pq.write_table(table, path, compression="zstd")


def _write_tsv(path: str, adata: Any) -> None:
    pandas = import_optional("pandas", ".tsv")
    points = adata.obsm[_EMBEDDINGS]
    names = [f"embedding_{i + 1}" for i in range(points.shape[1])]
    table = _table(adata)
    wide = pandas.concat(
        [table, pandas.DataFrame(points, index=table.index, columns=names)], axis=1
    )
    wide.to_csv(path, sep="\t", index=False, float_format="%.7g", lineterminator="\n")


def _write_npz(path: str, adata: Any) -> None:
    arrays: dict[str, Any] = {"names": np.array(adata.obs_names, dtype=str)}
    for name in (_EMBEDDINGS, _UMAP, _PROBABILITIES):
        if name in adata.obsm:
            arrays[name] = adata.obsm[name]
    if _PREDICTED in adata.obs:
        arrays[_PREDICTED] = adata.obs[_PREDICTED].astype(object).fillna("").to_numpy(dtype=str)
    if "classes" in adata.uns["bedtok"]:
        arrays["classes"] = adata.uns["bedtok"]["classes"].astype(str)
    with open(path, "wb") as file:  # a name without .npz would get it
        np.savez_compressed(file, **arrays)


_WRITERS: dict[str, Callable[[str, Any], None]] = {
    ".h5ad": _write_h5ad,
    ".parquet": _write_parquet,
    ".tsv": _write_tsv,
    ".npz": _write_npz,
}
OUTPUTS = tuple(_WRITERS)
