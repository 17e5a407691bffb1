# SPDX-License-Identifier: BSD-2-Clause
"""The cells of inputs: fragment files, .h5ad files, and Parquet of tokens."""

from __future__ import annotations

import argparse
import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._checks import check_at_least
from bedtok._core import ConfigError
from bedtok._files import cell_sample_names, local_file, source_path
from bedtok._regions.anndata import read_h5ad, read_peaks
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.cell_metadata import SAMPLE
from bedtok._tokenization.cell_names import SEPARATOR, among
from bedtok.cli._arguments import mapping_of
from bedtok.cli._inputs import Input
from bedtok.cli._messages import naming_input

if TYPE_CHECKING:
    from bedtok.cells import CellTokens
    from bedtok.tokenizers import Tokenizer

Judge = Callable[[int, int], "str | None"]


def add_cells(command: argparse.ArgumentParser) -> None:
    """Add the flags that choose fragments and cells."""
    group = command.add_argument_group("cells (fragment files, .h5ad)")
    group.add_argument(
        "--fragments",
        action=argparse.BooleanOptionalAction,
        help="text files are fragment files; default: as each looks",
    )
    group.add_argument(
        "--barcodes",
        metavar="FILE",
        help="only these cells: the first column of a table, as barcodes.tsv.gz of 10x",
    )
    group.add_argument(
        "--min-fragments",
        metavar="N",
        type=_count("min_fragments"),
        default=0,
        help="leave out barcodes with fewer fragments (empty droplets); default: 0",
    )
    group.add_argument(
        "--min-tokens",
        metavar="N",
        type=_count("min_tokens"),
        default=0,
        help="leave out cells with fewer tokens; default: 0",
    )


def cells_flag(args: argparse.Namespace, *more: str) -> str | None:
    """Return the first flag that was given and is only for cells, or is in ``more``, else None."""
    given = (name for name in ("barcodes", "min_fragments", "min_tokens", *more))
    return next((_flag(name) for name in given if getattr(args, name)), None)


def check_cells_flags(args: argparse.Namespace, inputs: list[Input]) -> None:
    """Refuse flags that would do nothing to any input."""
    kinds = {item.kind for item in inputs}
    path = inputs[0].path
    if args.min_fragments and kinds.isdisjoint(("fragments", "parquet")):
        args.usage_error(f"--min-fragments: counts fragments, {path} has none; use --min-tokens")
    chosen = {"chroms": args.chroms, "exclude": args.exclude, **mapping_of(args)}
    name = next((name for name, value in chosen.items() if value is not None), None)
    if kinds == {"parquet"} and name is not None:
        args.usage_error(
            f"{_flag(name)}: chooses regions, {path} holds tokens; expected it with "
            "'bedtok tokenize', or fragment files or .h5ad"
        )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _count(name: str) -> Callable[[str], int]:
    def convert(text: str) -> int:
        try:
            return check_at_least(name, int(text), 0)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected a whole number, 0 or more, not {text!r}"
            ) from None

    return convert


class CellReader:
    """Reads the cells of inputs by the options of a command line.

    Args:
        args: With the flags of ``add_cells``, of mapping and of loading.
        tokenizer: The tokenizer of the ids.
        inputs: All inputs of the command.
        judge: Returns what is wrong with hits of regions; None if nothing is.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        tokenizer: Tokenizer,
        inputs: list[Input],
        judge: Judge = lambda hits, regions: None,
    ) -> None:
        self._args = args
        self._tokenizer = tokenizer
        self._judge = judge
        paths = [item.path for item in inputs if item.kind in ("fragments", "h5ad")]
        self._samples = dict(zip(paths, cell_sample_names(paths), strict=True))
        self._prefixed = len(inputs) > 1
        self._barcodes = None if args.barcodes is None else read_barcodes(args.barcodes)

    def read(self, item: Input) -> CellTokens:
        """Return the cells of an input.

        Raises:
            Error: It cannot be read, or fewer hit than --min-hit-rate asks for.
        """
        with naming_input(item.path):
            if item.kind == "fragments":
                return self._judged(self._fragments(item))
            if item.kind == "h5ad":
                return self._chosen(self._judged(self._h5ad(item)))
            from bedtok.cells import CellTokens

            cells = CellTokens.from_parquet(item.path, self._tokenizer)
            return self._chosen(self._with_fragments(cells))

    def _judged(self, cells: CellTokens) -> CellTokens:
        report = cells.report
        assert report is not None
        if (reason := self._judge(report.hits, report.regions)) is not None:
            raise _core.Error(reason)
        return cells

    def _with_fragments(self, cells: CellTokens) -> CellTokens:
        """Return cells of Parquet without those that have fewer than --min-fragments."""
        if not self._args.min_fragments:
            return cells
        counts = cells._columns().get("fragments")
        if counts is None or counts.dtype.kind not in "iuf":
            raise ConfigError(
                "has no numbers in a column fragments, which --min-fragments asks for; expected "
                "cells of fragment files"
            )
        few: npt.NDArray[np.bool_] = counts < self._args.min_fragments
        return cells[~few]  # of cells of .h5ad it is not known

    def _chosen(self, cells: CellTokens) -> CellTokens:
        """Return the cells that --barcodes and --min-tokens keep."""
        kept = cells.lengths >= self._args.min_tokens
        if self._barcodes is not None:
            found = among(cells.names, cells._samples_or_none(), self._barcodes)
            kept &= found
            if not found.any() and len(cells):
                raise ConfigError(
                    f"none of the {len(self._barcodes):,} barcodes of {self._args.barcodes} is "
                    f"among the {len(cells):,} cells; expected names like {cells.names[0]!r}, got "
                    f"{self._barcodes[0]!r}"
                )
        return cells if kept.all() else cells[kept]

    def _fragments(self, item: Input) -> CellTokens:
        return self._tokenizer.encode_fragments(
            item.path,
            names=[self._samples[item.path]],
            barcodes=self._barcodes,
            min_fragments=self._args.min_fragments,
            min_tokens=self._args.min_tokens,
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

    def read_all(self, inputs: list[Input]) -> CellTokens:
        """Return the cells of all inputs, one after the other."""
        from bedtok.cells import CellTokens

        parts = [self.read(item) for item in inputs]
        return parts[0] if len(parts) == 1 else CellTokens.concat(parts)


def read_barcodes(path: str) -> list[str]:
    """Return the first column of a file of barcodes, plain or gzip, without a heading ``barcode``.

    Raises:
        OSError: It cannot be read.
        ConfigError: It is damaged, or has no barcode.
    """
    path = source_path(path)
    with local_file(path) as file:
        data = Path(file).read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigError(f"{path}: is damaged: {error}") from None
    lines = data.decode("utf-8", "surrogateescape").splitlines()
    barcodes = [line.split("\t")[0].strip() for line in lines if not line.startswith("#")]
    barcodes = list(dict.fromkeys(barcode for barcode in barcodes if barcode))
    if barcodes[:1] == ["barcode"]:
        del barcodes[0]
    if not barcodes:
        raise ConfigError(f"{path}: has no barcodes, expected one a line")
    return barcodes
