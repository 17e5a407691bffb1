# SPDX-License-Identifier: BSD-2-Clause
"""AnnData to the ids of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bench.limits import copying_and_touching
from bench.rows import OURS, Part, Row, Tool, load
from bench.setting import Setting

TITLE = "AnnData"
WORDS = (
    "`tokenizer.encode_anndata(adata, num_threads=1)` on 150,000 peaks with 5,000 non-zeros a "
    "cell, against a call of gtars for each cell with its regions, as users of geniml write it. "
    "gtars is timed on at most 50 cells, and its time is multiplied. The ids of those cells are "
    "compared."
)
LOOP_CELLS = 50


def loop(given: tuple[Any, Any, Any]) -> list[list[int]]:
    tokenizer, matrix, features = given
    found = []
    for i in range(min(LOOP_CELLS, matrix.shape[0])):
        _, present = matrix[i].nonzero()
        found.append(tokenizer(features[present].tolist())["input_ids"])
    return found


def encode(given: tuple[Any, Any], threads: int = 1) -> Any:
    tokenizer, adata = given
    return tokenizer.encode_anndata(adata, num_threads=threads)


def first_cells(cells: Any) -> list[list[int]]:
    return [cells[i].tolist() for i in range(min(LOOP_CELLS, len(cells)))]


def rows(setting: Setting) -> Iterator[Row]:
    for cells in setting.scale.cells:
        for form in ("rows", "columns"):
            if form == "columns" and cells != setting.scale.cells[-1]:
                continue
            yield row(setting, cells, form)


def row(setting: Setting, cells: int, form: str) -> Row:
    def adata() -> Any:
        found = setting.matrix(cells)
        if form == "rows":
            return found
        return load("anndata").AnnData(found.X.tocsc(), obs=found.obs, var=found.var)

    def features() -> tuple[Any, Any, Any]:
        var = setting.matrix(cells).var
        region = load("gtars.models").Region
        made = np.empty(len(var), dtype=object)
        for i, (chrom, start, end) in enumerate(
            zip(var["chr"], var["start"], var["end"], strict=True)
        ):
            made[i] = region(chrom, int(start), int(end), None)
        return setting.gtars_tokenizer, setting.matrix(cells).X, made

    def moved() -> tuple[int, int]:
        found = encode((setting.tokenizer, setting.matrix(cells)))
        return 4 * setting.matrix(cells).X.nnz, found.values.nbytes

    largest = cells == setting.scale.cells[-1]
    return Row(
        f"{cells:,} cells, by {form}",
        [
            Tool(OURS, encode, lambda: (setting.tokenizer, adata()), first_cells),
            Part("gtars", loop, features, factor=cells / min(LOOP_CELLS, cells)),
        ],
        [copying_and_touching(moved)],
        size=cells,
        things="cells",
        series="AnnData" if form == "rows" else "",
        target=200.0 if largest else None,
        headline=largest and form == "rows",
    )
