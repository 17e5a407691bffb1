# SPDX-License-Identifier: BSD-2-Clause
"""What holds cells beside one AnnData: lists of them, MuData, AnnCollection, files of snapatac2.

Nothing is imported here but pandas: whoever hands in such an object has imported its library.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from bedtok._checks import import_optional
from bedtok._core import ConfigError, Error
from bedtok._ragged import Int64s
from bedtok._regions.anndata import is_anndata, read_peaks

_MODALITIES = ("atac", "peaks", "ATAC", "Peaks")  # names of the modality of chromatin in a MuData
_CELLS_AT_ONCE = 2000  # of a file of snapatac2


class Part(NamedTuple):
    """An AnnData, or what is read like one.

    Attributes:
        adata: It has ``X``, ``layers``, ``obs``, ``var``, ``uns``, ``obs_names`` and ``n_obs``.
        names: The cells' names in place of its own; None: its own.
        obs: The cells' metadata in place of its own; None: its own.
    """

    adata: Any
    names: Any = None
    obs: Any = None


class CellParts(NamedTuple):
    """The parts of an input of cells.

    Attributes:
        parts: One at least.
        names: The names of their samples, where a dict has some.
        has_names: Whether the cells' names are those of the whole, which no sample goes before.
    """

    parts: list[Part]
    names: list[str] | None = None
    has_names: bool = False


def holds_cells(x: object) -> bool:
    """Return whether ``x`` is an AnnData, a relative of it, or a list or dict of them."""
    if isinstance(x, (list, tuple)):
        return bool(x) and _kind(x[0]) is not None
    if isinstance(x, Mapping) and not _kind(x):
        return bool(x) and _kind(next(iter(x.values()))) is not None
    return _kind(x) is not None


def cell_parts(x: Any) -> CellParts:
    """Return the parts of an AnnData, of a list or dict of them, or of a relative.

    Raises:
        TypeError: ``x`` is something else.
        ConfigError: It is empty, or a MuData without one modality of peaks.
    """
    if _kind(x) is not None:
        return CellParts(_parts_of(x), has_names=True)
    if not isinstance(x, (list, tuple, Mapping, Iterator)):
        raise _unknown(x, "adata")
    items = list(x.values()) if isinstance(x, Mapping) else list(x)
    if not items:
        raise ConfigError("adata: got none, expected at least one AnnData")
    parts = []
    for i, item in enumerate(items):
        found = _parts_of(item) if _kind(item) is not None else []
        if len(found) != 1:
            raise _unknown(item, f"adata {i}")
        parts += found
    return CellParts(parts, list(x) if isinstance(x, Mapping) else None)


def only_anndata(x: Any) -> Any:
    """Return the one AnnData in memory or of a file that ``x`` is or has; None for others."""
    parts = cell_parts(x).parts
    return parts[0].adata if len(parts) == 1 and is_anndata(parts[0].adata) else None


def _unknown(x: object, what: str) -> TypeError:
    library = type(x).__module__.partition(".")[0]
    name = type(x).__name__
    if library not in ("builtins", "numpy"):
        name = f"{library}.{name}"
    remedy = "; call view.to_adata() first" if name == "anndata.AnnCollectionView" else ""
    return TypeError(
        f"{what}: expected an AnnData, MuData or AnnCollection, an AnnData or AnnDataSet of "
        f"snapatac2, or a list or dict of AnnData, not {name}{remedy}"
    )


def _kind(x: object) -> str | None:
    """Return what holds the cells, determined by the type; None if nothing that is known does."""
    name = type(x).__name__
    library = type(x).__module__.partition(".")[0]
    if is_anndata(x):
        return "anndata"
    if library in ("mudata", "muon") and name == "MuData":
        return "mudata"
    if library == "anndata" and name == "AnnCollection":
        return "collection"
    # Classes of Rust, which say that they are builtins.
    if name in ("AnnData", "AnnDataSet") and hasattr(x, "chunked_X"):
        return "snapatac2"
    return None


def _parts_of(x: Any) -> list[Part]:
    kind = _kind(x)
    if kind == "anndata":
        return [Part(x)]
    if kind == "mudata":
        return [Part(_modality(x))]
    if kind == "collection":
        return _parts_of_collection(x)
    return [Part(_SnapCells(x))]


def _modality(mdata: Any) -> Any:
    """Return the modality of peaks."""
    for name in _MODALITIES:
        if name in mdata.mod:
            return mdata.mod[name]
    found = []
    for name, adata in mdata.mod.items():
        try:
            read_peaks(adata)
        except (Error, TypeError):
            continue
        found.append(name)
    if len(found) == 1:
        return mdata.mod[found[0]]
    known = ", ".join(mdata.mod)
    raise ConfigError(
        f"adata: the MuData has no modality 'atac', and {len(found)} of its modalities have "
        f"regions as features, expected one; take it: mdata.mod[NAME], one of: {known}"
    )


def _parts_of_collection(collection: Any) -> list[Part]:
    """Return the AnnData of an AnnCollection, with the names and metadata that it gives cells."""
    parts, first = [], 0
    shared = collection.var_names
    for adata in collection.adatas:
        own = adata if adata.var_names.equals(shared) else adata[:, shared]
        last = first + adata.n_obs
        names = collection.obs_names[first:last]
        parts.append(Part(own, names, collection.obs.iloc[first:last]))
        first = last
    return parts


class _SnapCells:
    """An AnnData or AnnDataSet of snapatac2, whose matrix is read in pieces of some cells."""

    def __init__(self, adata: Any) -> None:
        pd = import_optional("pandas", "cells of snapatac2")
        self.obs_names = pd.Index(adata.obs_names, dtype=str)
        self.var = _frame(adata.var, pd.Index(adata.var_names, dtype=str))
        self.obs = _frame(adata.obs, self.obs_names)
        self.n_obs = int(adata.n_obs)
        self.X = _SnapMatrix(adata)
        self.layers: dict[str, Any] = {}
        self.uns: dict[str, Any] = {}


class _SnapMatrix:
    """The matrix of an AnnData of snapatac2."""

    def __init__(self, adata: Any) -> None:
        self._adata = adata
        self.shape = tuple(adata.shape)

    def ascending_pieces(self, rows: Int64s | None) -> Iterator[Any]:
        """Yield rows, which ascend, some at a time, as sparse matrices."""
        for piece, first, last in self._adata.chunked_X(_CELLS_AT_ONCE):
            if rows is not None:
                chosen = rows[np.searchsorted(rows, first) : np.searchsorted(rows, last)]
                piece = piece[chosen - first]
            yield piece


def _frame(table: Any, index: Any) -> Any:
    """Return a table of snapatac2, which is of polars, as one of pandas."""
    pd = import_optional("pandas", "cells of snapatac2")
    columns = table[:]
    return pd.DataFrame({name: columns[name].to_numpy() for name in columns.columns}, index=index)
