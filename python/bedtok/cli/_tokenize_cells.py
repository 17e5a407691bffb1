# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok tokenize`` of fragment files and .h5ad files: a row for each cell."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bedtok import _core
from bedtok._files import fragment_sample_names
from bedtok._regions.anndata import read_h5ad, read_peaks
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.cell_metadata import SAMPLE
from bedtok._tokenization.cell_names import SEPARATOR
from bedtok.cli._arguments import mapping_of
from bedtok.cli._files import open_output
from bedtok.cli._inputs import Input
from bedtok.cli._messages import naming_input

if TYPE_CHECKING:
    from bedtok.cells import CellTokens
    from bedtok.io import TokenizedFiles
    from bedtok.tokenizers import Tokenizer

Judge = Callable[[int, int], "str | None"]


class CellReader:
    """Reads the cells of inputs by the options of a command line."""

    def __init__(
        self, args: argparse.Namespace, tokenizer: Tokenizer, inputs: list[Input], judge: Judge
    ) -> None:
        self._args = args
        self._tokenizer = tokenizer
        self._judge = judge
        paths = [item.path for item in inputs if item.kind != "bed"]
        stems = [path[: -len(".h5ad")] if path.endswith(".h5ad") else path for path in paths]
        self._samples = dict(zip(paths, fragment_sample_names(stems), strict=True))
        self._prefixed = len(inputs) > 1

    def read(self, item: Input) -> CellTokens:
        """Return the cells of an input.

        Raises:
            Error: It cannot be read, or fewer hit than --min-hit-rate asks for.
        """
        with naming_input(item.path):
            cells = self._fragments(item) if item.kind == "fragments" else self._h5ad(item)
            report = cells.report
            assert report is not None
            if (reason := self._judge(report.hits, report.regions)) is not None:
                raise _core.Error(reason)
        return cells

    def _fragments(self, item: Input) -> CellTokens:
        return self._tokenizer.encode_fragments(
            item.path,
            names=[self._samples[item.path]],
            chroms=self._args.chroms,
            exclude=self._args.exclude,
            on_error=self._args.on_error,
            num_threads=self._args.num_threads,
            **mapping_of(self._args),
        )

    def _h5ad(self, item: Input) -> CellTokens:
        adata = read_h5ad(item.path)
        selection = RegionSelection(self._args.chroms, self._args.exclude)
        if not selection.is_all:
            regions, keep = read_peaks(adata)
            chosen = np.flatnonzero(selection.mask(regions._core))
            adata = adata[:, chosen if keep is None else np.flatnonzero(keep)[chosen]]
        names = None if SAMPLE in adata.obs else [self._samples[item.path]]
        return self._tokenizer.encode_anndata(
            adata, names=names, num_threads=self._args.num_threads, **mapping_of(self._args)
        )

    def rows(self, item: Input) -> Iterator[tuple[dict[str, str], str, Any]]:
        """Yield for each cell its sample and name, one text for both, and its ids."""
        cells = self.read(item)
        samples = cells._column(SAMPLE)
        for sample, name, ids in zip(samples, cells.names, cells, strict=True):
            text = f"{sample}{SEPARATOR}{name}" if self._prefixed else name
            yield {"sample": sample, "cell": name}, text, ids


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

    return tokenize_cells(paths, tokenizer, output_dir=output, **collection_keywords(args))


def write_cells(reader: CellReader, inputs: list[Input], output: str) -> None:
    """Write the cells of all inputs to a Parquet file."""
    from bedtok.cells import CellTokens

    parts = [reader.read(item) for item in inputs]
    cells = parts[0] if len(parts) == 1 else CellTokens.concat(parts)
    cells.to_parquet(output)
    text = f"{output}: cells: {len(cells)}, tokens: {len(cells.values)}"
    if cells.report is not None:
        text += f", hit rate {cells.report.hit_rate:.1%}"
    with open_output(None) as file:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")
