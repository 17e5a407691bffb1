# SPDX-License-Identifier: BSD-2-Clause
"""Cells of an .h5ad file, of which only what is tokenized is read.

anndata's own backed mode reads layers, embeddings and graphs into memory; of an atlas they are
larger than the tokens.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from bedtok._checks import import_optional
from bedtok._core import ConfigError, Error
from bedtok._files import missing_file
from bedtok._regions.anndata import is_anndata, read_h5ad

_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_hdf5(path: str) -> bool:
    """Return whether a file is HDF5, as .h5ad files are; False where it cannot be read.

    It is False of a URL: its copy is asked.
    """
    try:
        with open(path, "rb") as file:
            return file.read(len(_HDF5)) == _HDF5
    except OSError:
        return False


def path_of_anndata(item: Any) -> Any:
    """Return the path of the file that an AnnData is backed by; other things as they are.

    Raises:
        TypeError: The AnnData is in memory.
    """
    if not is_anndata(item):
        return item
    if not item.isbacked:
        raise TypeError(
            "paths: got an AnnData in memory, expected a file; encode_anndata(adata) takes it, or "
            "write it by adata.write_h5ad(path)"
        )
    return item.filename


class H5adShape(NamedTuple):
    """What is known of the matrix of an .h5ad file before it is read.

    Attributes:
        cells: Number of cells.
        by_rows: Whether some cells can be read without the others.
    """

    cells: int
    by_rows: bool


class _Layers(Mapping[str, Any]):
    """The layers of a file, each opened when it is asked for."""

    def __init__(self, group: Any) -> None:
        self._group = group

    def __getitem__(self, name: str) -> Any:
        return _matrix(self._group[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


class _H5adCells:
    """What ``encode_anndata`` asks an AnnData for."""

    def __init__(self, file: Any) -> None:
        read = _anndata_io().read_elem
        self.obs = read(file["obs"])
        self.var = read(file["var"])
        self.obs_names = self.obs.index
        self.n_obs = len(self.obs)
        self.X = _matrix(file["X"]) if "X" in file else None
        self.layers = _Layers(file.get("layers", {}))
        group = file.get("uns", {})
        # Short texts, among which is the name of the assembly.
        self.uns = {name: read(group[name]) for name in group if _is_scalar(group[name])}


@contextlib.contextmanager
def open_h5ad(path: str) -> Iterator[Any]:
    """Open a file for the block; its matrices stay in it.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: anndata is not installed.
        Error: The file is no AnnData.
    """
    with _opened(path) as file:
        if _is_old(file):
            yield read_h5ad(path)
            return
        with _naming(path):
            cells = _H5adCells(file)
        yield cells


def h5ad_shape(path: str, layer: str | None) -> H5adShape:
    """Return what is known of a file's matrix, or layer, without reading it; errors as above."""
    with _opened(path) as file:
        if _is_old(file):
            return H5adShape(int(read_h5ad(path).n_obs), False)
        with _naming(path):
            obs = file["obs"]
            cells = int(obs[obs.attrs["_index"]].shape[0])
            name = "X" if layer is None else f"layers/{layer}"
            matrix = file.get(name)
            return H5adShape(cells, matrix is None or _has_rows(matrix))


def _has_rows(matrix: Any) -> bool:
    format = matrix.attrs.get("encoding-type", matrix.attrs.get("h5sparse_format", "array"))
    return not str(format).startswith("csc")


def _matrix(item: Any) -> Any:
    """Return a matrix of a file that is read when it is indexed."""
    if hasattr(item, "keys"):
        return _anndata_io().sparse_dataset(item)
    return item


def _is_scalar(item: Any) -> bool:
    return getattr(item, "shape", None) == ()


def _is_old(file: Any) -> bool:
    """Return whether a version of anndata before 0.7 wrote the file: obs is one table of HDF5."""
    return hasattr(file.get("obs"), "dtype")


def _anndata_io() -> Any:
    """Return anndata's module of readers, which had another name before 0.11."""
    try:
        return importlib.import_module("anndata.io")
    except ImportError:
        return import_optional("anndata.experimental", "reading .h5ad", "anndata")


@contextlib.contextmanager
def _opened(path: str) -> Iterator[Any]:
    h5py = import_optional("h5py", f"{path}: reading .h5ad", "anndata")
    try:
        file = h5py.File(path, "r")
    except FileNotFoundError:
        raise missing_file(path) from None
    except OSError as error:
        raise Error(f"{path}: not an AnnData file: {_one_line(error)}") from error
    with file:
        yield file


@contextlib.contextmanager
def _naming(path: str) -> Iterator[None]:
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise Error(f"{path}: not an AnnData file: {_one_line(error)}") from error


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
