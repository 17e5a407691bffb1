# SPDX-License-Identifier: BSD-2-Clause
"""UMAP of embeddings, and its picture: a panel for each column that colours it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional, printable
from bedtok._core import ConfigError

Float32s = npt.NDArray[np.float32]

_NEIGHBORS = 15  # as in scanpy
FEWEST_CELLS = 4  # of which umap-learn makes a picture
_MISSING = "#c9ced3"
_LONGEST_NAME = 40  # characters
_LEGEND_ROWS = 20
_MOST_NAMED = 60  # of a legend


def umap_of(embeddings: Any, seed: int) -> Float32s:
    """Return the UMAP of embeddings, float32 of shape (cells, 2), by cosine distances.

    Raises:
        ConfigError: There are fewer than 4 cells.
        ImportError: umap-learn is not installed.
    """
    if len(embeddings) < FEWEST_CELLS:
        raise ConfigError(
            f"{len(embeddings)} cells have no UMAP, expected at least {FEWEST_CELLS}: leave --umap "
            "out"
        )
    umap = import_optional("umap", "--umap", "umap-learn")
    neighbors = min(_NEIGHBORS, len(embeddings) - 1)
    few = len(embeddings) <= _NEIGHBORS  # too few for its spectral start
    mapped = umap.UMAP(
        n_neighbors=neighbors,
        metric="cosine",
        init="random" if few else "spectral",
        random_state=seed % 2**32,
        n_jobs=1,  # what a seed asks for
    ).fit_transform(np.asarray(embeddings, dtype=np.float32))
    points: Float32s = np.asarray(mapped, dtype=np.float32)
    return points


def draw_umap(
    path: str, points: Float32s, columns: Mapping[str, Any], title: str, suffix: str
) -> None:
    """Draw points, coloured by each of the columns, and write the picture.

    Args:
        path: The file, whatever its name.
        points: Shape (cells, 2).
        columns: Series of pandas by name, one value a cell: categories get colours and a legend,
            numbers a scale; missing values are grey.
        title: Of the picture; may be empty.
        suffix: Its format: .png, .pdf or .svg.

    Raises:
        ImportError: matplotlib is not installed.
    """
    figure_class = import_optional("matplotlib.figure", "--umap", "matplotlib").Figure
    figure = figure_class(figsize=(5.6 * max(len(columns), 1), 4.2), layout="constrained")
    if title:
        figure.suptitle(_text(title), fontsize="medium")
    # Cells lie on others: in the order of files the last file would hide the first.
    order = np.random.default_rng(0).permutation(len(points))
    size = float(np.clip(20_000 / max(len(points), 1), 1, 24))
    panels = np.atleast_1d(figure.subplots(1, max(len(columns), 1)))
    for axes, (name, values) in zip(panels, columns.items(), strict=True):
        if _is_number(values):
            _scale(figure, axes, points, values.to_numpy(dtype=np.float64, na_value=np.nan), size)
        else:
            _groups(axes, points, order, values, size)
        axes.set_title(_text(name), fontsize="medium", loc="left")
        axes.set(xticks=[], yticks=[], xlabel="UMAP 1", ylabel="UMAP 2")
        axes.spines[["top", "right"]].set_visible(False)
    # Equal cells give equal files: without the version and the time.
    kind = suffix[1:].lower()
    metadata = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}
    figure.savefig(path, format=kind, dpi=150, metadata=metadata[kind])


def _is_number(values: Any) -> bool:
    return values.dtype.kind in "iuf" and values.dtype.kind != "b"


def _text(name: object) -> str:
    # A dollar sign would begin a formula, an underscore hides a name from a legend.
    text = printable(str(name))[:_LONGEST_NAME].replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def _scale(figure: Any, axes: Any, points: Float32s, values: Any, size: float) -> None:
    missing = np.isnan(values)
    axes.scatter(*points[missing].T, s=size, color=_MISSING, linewidths=0)
    rows = np.flatnonzero(~missing)
    rows = rows[np.argsort(values[rows], kind="stable")]
    drawn = axes.scatter(*points[rows].T, s=size, c=values[rows], cmap="viridis", linewidths=0)
    if len(rows):
        figure.colorbar(drawn, ax=axes, shrink=0.8)


def _groups(axes: Any, points: Float32s, order: Any, values: Any, size: float) -> None:
    pandas = import_optional("pandas", "--umap")
    groups = pandas.Categorical(values)
    if values.dtype.kind != "b" and not isinstance(values.dtype, pandas.CategoricalDtype):
        groups = pandas.Categorical(values.astype("string"))
    colours = _palette(len(groups.categories))
    table = np.array([*colours, _MISSING], dtype=object)  # code -1 is missing
    axes.scatter(*points[order].T, s=size, c=table[groups.codes][order].tolist(), linewidths=0)
    present = sorted({int(code) for code in groups.codes} - {-1})
    labels = [(groups.categories[code], colours[code]) for code in present[:_MOST_NAMED]]
    if len(present) > _MOST_NAMED:
        labels.append((f"and {len(present) - _MOST_NAMED:,} more", "none"))
    if (groups.codes < 0).any():
        labels.append(("none", _MISSING))
    handles = [
        axes.plot([], [], "o", color=colour, label=_text(name), ms=5)[0] for name, colour in labels
    ]
    if handles:
        axes.legend(
            handles=handles,
            fontsize="small",
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
            ncols=-(-len(handles) // _LEGEND_ROWS),
        )


def _palette(count: int) -> list[str]:
    """Return as many distinct colours."""
    colors = import_optional("matplotlib.colors", "--umap", "matplotlib")
    maps = import_optional("matplotlib", "--umap").colormaps
    if count <= 10:
        return [colors.to_hex(colour) for colour in maps["tab10"].colors[:count]]
    if count <= 20:
        return [colors.to_hex(colour) for colour in maps["tab20"].colors[:count]]
    return [colors.to_hex(maps["turbo"](i / (count - 1))) for i in range(count)]
