# SPDX-License-Identifier: BSD-2-Clause
"""AnnData as input: its peaks, and its matrix in pieces that fit into memory.

Only ``read_h5ad`` imports anndata: whoever hands in an AnnData has imported its libraries.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import import_optional
from bedtok._core import ConfigError, Error
from bedtok._files import is_url, missing_file, source_path
from bedtok._ragged import Int64s, take_rows
from bedtok._regions.region_set import RegionSet

_PIECE = 32 * 2**20  # bytes of a matrix that are in memory beside the result
_TYPES = "feature_types"  # of 10x: Gene Expression, Peaks ...
_KINDS = ("f4", "f8", "i4", "i8", "u1", "u2", "b1")  # values that the compiled module takes


def is_anndata(x: object) -> bool:
    """Whether ``x`` is an AnnData."""
    return any(
        base.__name__ == "AnnData" and base.__module__.split(".")[0] == "anndata"
        for base in type(x).__mro__
    )


def read_h5ad(path: str) -> Any:
    """Return the AnnData of a file, whose matrix stays there.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: anndata is not installed.
        Error: The file is no AnnData.
    """
    anndata = import_optional("anndata", f"{path}: reading .h5ad")
    if is_url(path):
        return _read_remote_h5ad(source_path(path))
    try:
        return anndata.read_h5ad(path, backed="r")
    except (OSError, KeyError, TypeError, ValueError) as error:
        if not os.path.isfile(path):
            raise missing_file(path) from None
        raise Error(f"{path}: not an AnnData file: {error}") from error


def _read_remote_h5ad(url: str) -> Any:
    """Return the AnnData of a URL, whose copy lasts as long as the object."""
    from bedtok._remote.files import download, remove_with

    path = download(url)  # type: ignore[arg-type]
    try:
        adata = read_h5ad(path)
    except BaseException as error:
        os.remove(path)
        if isinstance(error, Error):
            raise Error(str(error).replace(path, url)) from None
        raise
    remove_with(adata, path)
    return adata


def read_peaks(adata: Any) -> tuple[RegionSet, npt.NDArray[np.bool_] | None]:
    """Return the regions of the features, and which features they are; None: all.

    They come from the columns chrom (chr, seqname), start and end of ``var``, else from
    ``var_names``. Of features of several types (10x multiome) those called Peaks are taken.

    Raises:
        Error: There are no such columns, and the names are not regions.
    """
    var = adata.var
    if hasattr(var, "to_memory"):  # of anndata.experimental.read_lazy
        var = var.to_memory()
    keep = None
    if _TYPES in var:
        is_peak = np.asarray(var[_TYPES].astype(str) == "Peaks")
        if is_peak.any() and not is_peak.all():
            keep = is_peak
            var = var[is_peak]
    lower = {str(name).lower() for name in var.columns}
    if {"start", "end"} <= lower or {"chromstart", "chromend"} <= lower:
        table = var.assign(
            **{
                name: _as_integers(var[name])
                for name in var.columns
                if str(name).lower() in ("start", "end", "chromstart", "chromend")
            }
        )
        return RegionSet.from_table(table), keep
    try:
        return RegionSet.from_names(var.index), keep
    except Error as error:
        raise Error(
            "adata.var has no columns chrom, start and end, and its names are not regions such as "
            f"chr1:100-200 ({error}); name the columns so, or keep only the peaks"
        ) from None


def _as_integers(column: Any) -> Any:
    """Return coordinates as integers: files hold them as whole floats or text as well."""
    if column.dtype.kind in "iu":
        return column
    values = (
        column.astype(str).astype(float)
        if column.dtype.kind == "O" or hasattr(column, "cat")
        else column.astype(float)
    )
    if not np.isfinite(values).all() or (values != np.floor(values)).any():
        raise Error(f"adata.var[{column.name!r}]: expected whole numbers")
    return values.astype(np.int64)


def choose_cells(adata: Any, obs_mask: Any) -> Int64s | None:
    """Return the positions of the cells that a mask or a list of positions or names chooses.

    Raises:
        ConfigError: The mask is of another length, or a cell is not there.
    """
    if obs_mask is None:
        return None
    chosen = np.asarray(obs_mask)
    if chosen.dtype.kind == "b":
        if chosen.shape != (adata.n_obs,):
            raise ConfigError(
                f"obs_mask has shape {chosen.shape}, expected ({adata.n_obs},), one a cell"
            )
        return np.flatnonzero(chosen)
    if chosen.dtype.kind in "OUS":
        rows = adata.obs_names.get_indexer(chosen.astype(str))
        if (rows < 0).any():
            raise ConfigError(
                f"obs_mask names {str(chosen[rows < 0][0])!r}, which is not a cell of adata"
            )
        named: Int64s = rows.astype(np.int64)
        return named
    if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
        raise ConfigError("obs_mask: expected booleans, positions or names, one dimension")
    rows = chosen.astype(np.int64)
    rows = np.where(rows < 0, rows + adata.n_obs, rows)
    if ((rows < 0) | (rows >= adata.n_obs)).any():
        raise ConfigError(f"obs_mask has positions beyond the {adata.n_obs} cells")
    return rows


def gather(
    adata: Any,
    layer: str | None,
    peaks: _core.PeakTokens,
    keep: npt.NDArray[np.bool_] | None,
    rows: Int64s | None,
    threshold: float,
    num_threads: int,
) -> tuple[Int64s, npt.NDArray[np.int32]]:
    """Return the ids of cells as (offsets, values).

    Sparse matrices in memory are gathered in place. Others (dense, of a file, of dask, or
    with features other than peaks) are gathered in pieces of some MB.
    """
    if layer is not None and layer not in adata.layers:
        known = ", ".join(map(str, adata.layers)) or "none"
        raise ConfigError(f"layer is {layer!r}, expected one of adata.layers: {known}")
    matrix = _x_of(adata) if layer is None else adata.layers[layer]
    if matrix is None:
        raise ConfigError(
            "adata.X is missing, expected a matrix of cells x peaks; or name a layer of adata"
        )
    if keep is None and _is_sparse(matrix) and _takes(matrix.data.dtype):
        return _gather_sparse(matrix, peaks, rows, threshold, num_threads)
    if hasattr(matrix, "ascending_pieces") and rows is not None:
        ascending, back = np.unique(rows, return_inverse=True)
        if len(ascending) < len(rows) or (ascending != rows).any():
            bounds, ids = gather(adata, layer, peaks, keep, ascending, threshold, num_threads)
            taken, taken_bounds = take_rows(ids, bounds, back.astype(np.int64))
            return taken_bounds, taken
    # From here on SciPy converts and indexes, which crashes on a damaged matrix.
    values = np.empty(0, dtype=np.int32)
    ends = [np.zeros(1, dtype=np.int64)]
    for piece in _pieces(matrix, rows):
        if keep is not None:
            piece = checked_sparse(piece)[:, np.flatnonzero(keep)]
        if not _takes(piece.data.dtype):
            piece = piece.astype(np.float64)
        offsets, more = _gather_sparse(piece, peaks, None, threshold, num_threads)
        held = len(values)
        # The memory grows in place where the system can; the ids are not copied for each piece.
        values.resize(held + len(more), refcheck=False)
        values[held:] = more
        ends.append(offsets[1:] + held)
    return np.concatenate(ends), values


def _x_of(adata: Any) -> Any:
    """Return ``adata.X``; None if there is none."""
    try:
        return adata.X
    except KeyError:  # of a file that stays open
        return None


def _takes(dtype: np.dtype[Any]) -> bool:
    return dtype.newbyteorder("=").str[1:] in _KINDS and dtype.isnative


def _is_sparse(matrix: Any) -> bool:
    # Matrices of views are subclasses of AnnData's own.
    return any(base.__module__.startswith("scipy.sparse") for base in type(matrix).__mro__)


def _gather_sparse(
    matrix: Any, peaks: _core.PeakTokens, rows: Int64s | None, threshold: float, num_threads: int
) -> tuple[Int64s, npt.NDArray[np.int32]]:
    chosen_twice = rows is not None and len(np.unique(rows)) < len(rows)
    if matrix.format not in ("csr", "csc") or (matrix.format == "csc" and chosen_twice):
        matrix = checked_sparse(matrix).tocsr()
    indices = matrix.indices
    return peaks.gather(
        matrix.format == "csr",
        np.ascontiguousarray(matrix.indptr, dtype=np.int64),
        indices if indices.dtype in (np.int32, np.int64) else indices.astype(np.int64),
        np.ascontiguousarray(matrix.data),
        matrix.shape[0],
        matrix.shape[1],
        rows,
        threshold,
        num_threads,
    )


def _pieces(matrix: Any, rows: Int64s | None) -> Iterator[Any]:
    """Yield the chosen rows of any matrix, some MB at a time, as sparse matrices of rows."""
    import scipy.sparse as sp

    if hasattr(matrix, "ascending_pieces"):
        for piece in matrix.ascending_pieces(rows):
            yield piece.tocsr() if _is_sparse(piece) else sp.csr_matrix(np.asarray(piece))
        return
    count = matrix.shape[0] if rows is None else len(rows)
    if _is_sparse(matrix):
        matrix = checked_sparse(matrix).tocsr()
    elif getattr(matrix, "format", None) == "csc":  # of a file: rows cannot be read one by one
        matrix = checked_sparse(matrix.to_memory()).tocsr()
    elif getattr(matrix, "format", None) == "csr":
        indptr = _row_bounds(matrix)
        if indptr[0] != 0 or (np.diff(indptr) < 0).any():
            raise Error("adata: the sparse matrix is damaged: indptr does not ascend from 0")
    step = max(1, min(count, _PIECE // max(_bytes_of_a_row(matrix), 1)))
    for first in range(0, count, step):
        last = min(count, first + step)
        piece = matrix[first:last] if rows is None else _rows_of(matrix, rows[first:last])
        if hasattr(piece, "compute"):  # dask
            piece = piece.compute()
        yield piece.tocsr() if _is_sparse(piece) else sp.csr_matrix(np.asarray(piece))


def checked_sparse(matrix: Any) -> Any:
    """Return a sparse matrix whose indices are legal.

    Raises:
        Error: The matrix is damaged.
    """
    try:
        if matrix.format in ("csr", "csc"):
            # Made anew, because the check may shorten the arrays of the one it is called on.
            arrays = (matrix.data, matrix.indices, matrix.indptr)
            matrix = _scipy_class(matrix)(arrays, shape=matrix.shape, copy=False)
            matrix.check_format(full_check=True)
        elif matrix.format == "coo":
            matrix = _scipy_class(matrix)(
                (matrix.data, (matrix.row, matrix.col)), shape=matrix.shape, copy=False
            )
    except ValueError as error:
        raise Error(f"adata: the sparse matrix is damaged: {error}") from error
    return matrix


def _scipy_class(matrix: Any) -> Any:
    """Return the class of SciPy that a matrix has, which of a view is a base class."""
    return next(
        base
        for base in type(matrix).__mro__
        if base.__module__.startswith("scipy.sparse") and not base.__name__.startswith("_")
    )


def _rows_of(matrix: Any, rows: Int64s) -> Any:
    """Return rows in any order; files want theirs ascending."""
    if len(rows) and (np.diff(rows) == 1).all():
        return matrix[int(rows[0]) : int(rows[-1]) + 1]
    ascending, back = np.unique(rows, return_inverse=True)
    if len(ascending) == len(rows) and (ascending == rows).all():
        return matrix[rows]
    piece = matrix[ascending]
    if hasattr(piece, "compute"):
        piece = piece.compute()
    return piece[back]


def _row_bounds(matrix: Any) -> npt.NDArray[Any]:
    """Return ``indptr`` of a matrix with compressed rows, in memory or of a file."""
    return np.asarray(matrix.indptr if hasattr(matrix, "indptr") else matrix._indptr)


def _bytes_of_a_row(matrix: Any) -> int:
    """Return about how many bytes a row has in memory."""
    if getattr(matrix, "format", None) == "csr":
        indptr = _row_bounds(matrix)
        return int(16 * (indptr[-1] + 1) // max(matrix.shape[0], 1)) + 1
    return 8 * int(matrix.shape[1])
