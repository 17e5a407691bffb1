# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok tokenize`` of fragment files and .h5ad files to Parquet: a row for each cell."""

from __future__ import annotations

from pathlib import Path

from bedtok.cli._cell_inputs import CellReader
from bedtok.cli._files import open_output
from bedtok.cli._inputs import Input

CELLS_OF_A_SHARD = 2**16


def write_cells(reader: CellReader, inputs: list[Input], output: str, size: int | None) -> None:
    """Write the cells of all inputs to a Parquet file, or to shards in a folder."""
    cells = reader.read_all(inputs)
    is_file = size is None and Path(output).suffix.lower() == ".parquet"
    cells.to_parquet(output, samples_per_shard=None if is_file else size or CELLS_OF_A_SHARD)
    text = f"{output}: cells: {len(cells)}, tokens: {len(cells.values)}"
    if cells.report is not None:
        text += f", hit rate {cells.report.hit_rate:.1%}"
    with open_output(None) as file:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")
