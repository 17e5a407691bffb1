# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok tokenize`` of fragment files and .h5ad files to Parquet: a row for each cell."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from bedtok.cli._arguments import mapping_of
from bedtok.cli._cell_inputs import CellReader, read_barcodes
from bedtok.cli._files import open_output
from bedtok.cli._inputs import Input

if TYPE_CHECKING:
    from bedtok.io import TokenizedFiles
    from bedtok.tokenizers import Tokenizer


def collection_keywords(args: argparse.Namespace) -> dict[str, Any]:
    """Return the keywords that ``tokenize_files`` and ``tokenize_cells`` share."""
    size = args.samples_per_shard
    return {
        "num_threads": args.num_threads,
        "engine": args.engine or "local",
        "strict": args.strict,
        "on_error": args.on_error,
        "chroms": args.chroms,
        "exclude": args.exclude,
        **({} if size is None else {"samples_per_shard": size}),
        **mapping_of(args),
    }


def tokenize_to_cell_folder(
    args: argparse.Namespace, tokenizer: Tokenizer, paths: list[str], output: str
) -> TokenizedFiles:
    """Write the cells of files to shards in a folder."""
    from bedtok.io import tokenize_cells

    return tokenize_cells(
        paths,
        tokenizer,
        output_dir=output,
        barcodes=None if args.barcodes is None else read_barcodes(args.barcodes),
        min_fragments=args.min_fragments,
        min_tokens=args.min_tokens,
        **collection_keywords(args),
    )


def write_cells(reader: CellReader, inputs: list[Input], output: str) -> None:
    """Write the cells of all inputs to a Parquet file."""
    cells = reader.read_all(inputs)
    cells.to_parquet(output)
    text = f"{output}: cells: {len(cells)}, tokens: {len(cells.values)}"
    if cells.report is not None:
        text += f", hit rate {cells.report.hit_rate:.1%}"
    with open_output(None) as file:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")
