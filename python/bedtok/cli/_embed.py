# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok embed``: cells in, a model's embeddings and labels of them out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bedtok._checks import check_at_least, did_you_mean, draw_seed, import_optional
from bedtok._core import ConfigError
from bedtok._files import atomic_write, checked_path, file_exists, is_url, missing_file
from bedtok.cli._arguments import (
    add_command,
    add_files_from,
    add_loading,
    add_mapping,
    add_selection,
    names_of,
)
from bedtok.cli._cell_inputs import CellReader, add_cells, check_cells_flags
from bedtok.cli._cell_outputs import OUTPUTS, write_answer
from bedtok.cli._files import load_tokenizer, open_output
from bedtok.cli._inputs import find_inputs
from bedtok.cli._messages import log

if TYPE_CHECKING:
    import anndata as ad

# The suffixes of report.umap_picture, which is imported where it is needed.
_PICTURES = (".png", ".pdf", ".svg")
_CLASSES_SHOWN = 8


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "embed",
        "cells in, a model's embeddings and labels of them out",
        _run,
        """input:
  Parquet of cells that 'bedtok tokenize' wrote (a file, or a folder of shards), with tokens of the
  model's vocabulary; fragment files and .h5ad files, which the model's tokenizer encodes. Files are
  known by their content. Columns of .h5ad and Parquet come along.

output:
  .h5ad     obs: barcode, sample, n_tokens, of fragments also fragments, hits and hit_rate;
            obsm["X_atacformer"]: the embeddings; with --umap obsm["X_umap"];
            of a classifier obs["predicted"], the most probable class, obs["confidence"], its
            probability, and obsm["class_probabilities"], of the classes uns["bedtok"]["classes"]
  .parquet  a row a cell: cell, obs, embedding (a list of float32)
  .tsv      the same as text: cell, obs, embedding_1, embedding_2 ...
  .npz      arrays: names, X_atacformer, and X_umap, class_probabilities, predicted, classes

examples:
  bedtok embed model/ cells.parquet -o cells.h5ad --umap umap.png
  bedtok embed model/ fragments.tsv.gz --unique --min-fragments 1000 -o cells.h5ad
  bedtok embed databio/atacformer-base-hg38 donor1.h5ad donor2.h5ad -o cells.h5ad \\
    --umap umap.pdf --color sample,cell_type
""",
    )
    command.add_argument(
        "model",
        metavar="MODEL",
        help="a folder that 'bedtok train' or save_pretrained wrote, with the tokenizer, or a Hub "
        "name",
    )
    command.add_argument(
        "cells",
        metavar="CELLS",
        nargs="*",
        default=[],
        help="Parquet of cells, fragment files, .h5ad files, or folders of them",
    )
    add_files_from(command)
    command.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help=f"where to write, by its suffix: {', '.join(OUTPUTS)}",
    )
    command.add_argument(
        "--matrix",
        action="store_true",
        help="write X to .h5ad, too: the binary matrix of cells x regions",
    )
    picture = command.add_argument_group("picture")
    picture.add_argument(
        "--umap",
        metavar="FILE",
        help=f"draw a UMAP of the cells ({', '.join(_PICTURES)}); needs umap-learn and matplotlib",
    )
    picture.add_argument(
        "--color",
        metavar="COLUMN,COLUMN,...",
        type=names_of,
        help="columns of obs that colour it, a panel each; default: predicted, else sample",
    )
    model = command.add_argument_group("model")
    model.add_argument(
        "--pool",
        choices=("subsample", "windows", "draws"),
        default="subsample",
        help="embedding of a cell with more tokens than the context: that of a random subsample, "
        "or the mean of windows that hold all tokens, or of --num-draws subsamples; default: "
        "subsample",
    )
    model.add_argument(
        "--num-draws",
        metavar="N",
        type=_at_least("num_draws", 1),
        default=4,
        help="with --pool draws; default: 4",
    )
    model.add_argument(
        "--max-tokens-per-cell",
        metavar="N",
        type=_at_least("max_tokens_per_cell", 1),
        help="tokens that the model sees at once; default: its context",
    )
    model.add_argument(
        "--batch-size",
        metavar="N",
        type=_at_least("batch_size", 1),
        default=16,
        help="cells at once; default: 16",
    )
    model.add_argument(
        "--device", metavar="DEVICE", help="cpu, cuda, cuda:1, mps; default: cuda if there is one"
    )
    model.add_argument(
        "--seed", metavar="N", type=_seed, default=0, help="of subsamples and the UMAP; default: 0"
    )
    command.add_argument(
        "--num-threads", metavar="N", type=int, help="of the tokenizer; default: all processors"
    )
    add_selection(command)
    add_cells(command)
    add_mapping(command)
    add_loading(command)


def _at_least(name: str, least: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        try:
            return check_at_least(name, int(text), least)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"expected a whole number, {least} or more, not {text!r}"
            ) from None

    return convert


def _seed(text: str) -> int:
    try:
        return draw_seed(int(text))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a whole number, 0 to 2**64 - 1, not {text!r}"
        ) from None


def _run(args: argparse.Namespace) -> None:
    _check(args)
    inputs = find_inputs(args.cells, args.files_from, args.fragments, tokens=True)
    for item in inputs:
        if item.path != "-" and not file_exists(item.path):
            raise missing_file(item.path)
        if item.kind == "bed":
            what = "standard input" if item.path == "-" else item.path
            raise ConfigError(
                f"{what}: does not look like cells, expected Parquet of cells, a fragment file "
                "(--fragments says that it is one) or .h5ad"
            )
    check_cells_flags(args, inputs)
    from bedtok.atacformer import embed_cells
    from bedtok.atacformer.cell_answers import model_for_cells

    _quiet_transformers()
    loading = {
        "revision": args.revision,
        "subfolder": args.subfolder,
        "local_files_only": args.local_files_only,
    }
    loading = {name: value for name, value in loading.items() if value}
    tokenizer = load_tokenizer(args.model, args)
    model = _to_device(model_for_cells(args.model, **loading), args.device)
    cells = CellReader(args, tokenizer, inputs).read_all(inputs)
    if not len(cells):
        raise ConfigError(
            f"{', '.join(item.path for item in inputs[:3])}: no cells are left, expected one at "
            "least; look at --min-fragments, --min-tokens and --barcodes"
        )
    if not (cells.values < tokenizer.num_regions).any():
        raise ConfigError(
            f"none of the {len(cells):,} cells has a region of the vocabulary of {args.model}; are "
            "they of the same genome, with the same names of chromosomes? 'bedtok inspect' with "
            "--vocab tells"
        )
    for column in args.color or ():
        _check_column(column, cells.obs.columns, model)
    adata = embed_cells(
        model,
        cells,
        batch_size=args.batch_size,
        max_tokens_per_cell=args.max_tokens_per_cell,
        pool=None if args.pool == "subsample" else args.pool,
        num_draws=args.num_draws,
        seed=args.seed,
        matrix=args.matrix,
    )
    adata.uns["bedtok"]["model"] = args.model
    if args.umap is not None:
        _draw(args, adata)
    if args.output is not None:
        write_answer(args.output, adata)
    with open_output(None) as file:
        file.write(_summary(args, adata).encode("utf-8", "surrogateescape") + b"\n")


def _check(args: argparse.Namespace) -> None:
    """Refuse what could not be written, before a model is loaded."""
    if args.output is None and args.umap is None:
        args.usage_error("nothing to write, expected --output or --umap")
    for flag, path, suffixes in (
        ("--output", args.output, OUTPUTS),
        ("--umap", args.umap, _PICTURES),
    ):
        if path is None:
            continue
        if Path(path).suffix.lower() not in suffixes:
            args.usage_error(f"{flag} {path}: expected a name that ends in {', '.join(suffixes)}")
        if os.path.isdir(path):
            args.usage_error(f"{flag} {path}: is a folder, expected a file to write")
        if any(_is_same(path, cells) for cells in args.cells):
            args.usage_error(f"{flag} {path}: is an input, expected another file")
        folder = os.path.dirname(path) or "."
        if not is_url(path) and not os.path.isdir(folder):
            args.usage_error(f"{flag} {path}: there is no folder {folder}")
    if args.umap is None and args.color:
        args.usage_error("--color: colours the picture of --umap, which is not given")
    if args.matrix and Path(args.output or "").suffix.lower() != ".h5ad":
        args.usage_error("--matrix: belongs to --output with a name that ends in .h5ad")
    if not args.cells and args.files_from is None:
        args.usage_error("expected cells: Parquet, fragment files or .h5ad")
    if os.path.isfile(checked_path(args.model)):
        args.usage_error(
            f"{args.model}: is a file, expected a model: a folder that 'bedtok train' wrote, or a "
            "Hub name"
        )
    if os.path.isdir(args.model) and not os.path.exists(
        os.path.join(args.model, args.subfolder, "config.json")
    ):
        args.usage_error(
            f"{args.model}: is a folder without config.json, expected one that 'bedtok train' wrote"
        )
    import_optional("anndata", "bedtok embed")
    if Path(args.output or "").suffix.lower() == ".parquet":
        import_optional("pyarrow", "--output .parquet")
    if args.umap is not None:
        import_optional("matplotlib", "--umap")
        import_optional("umap", "--umap", "umap-learn")


def _is_same(path: str, other: str) -> bool:
    if is_url(path) or is_url(other):
        return path == other
    return os.path.exists(path) and os.path.exists(other) and os.path.samefile(path, other)


def _quiet_transformers() -> None:
    """Leave standard error to this command: no bar of loaded weights."""
    from transformers.utils import logging

    if not sys.stderr.isatty():
        logging.disable_progress_bar()
    logging.set_verbosity_error()  # of weights of heads that embeddings do not need


def _to_device(model: Any, device: str | None) -> Any:
    import torch

    name = device or ("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return model.to(torch.device(name))
    except (RuntimeError, AssertionError) as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise ConfigError(f"--device {name}: cannot be used here: {reason}") from None


def _check_column(column: str, known: Any, model: Any) -> None:
    from bedtok.atacformer.cell_answers import BARCODE, CONFIDENCE, PREDICTED

    made = [BARCODE, *((PREDICTED, CONFIDENCE) if getattr(model, "has_classes", False) else ())]
    names = [*map(str, known), *made]
    if column not in names:
        raise ConfigError(
            f"--color {column}: is no column of obs ({', '.join(names)}); "
            + did_you_mean(column, names)
        )


def _draw(args: argparse.Namespace, adata: ad.AnnData) -> None:
    """Add the UMAP to the cells, and draw it."""
    from bedtok.atacformer.cell_answers import EMBEDDINGS, PREDICTED
    from bedtok.report.umap_picture import draw_umap, umap_of

    if sys.stderr.isatty():
        log(f"computes the UMAP of {adata.n_obs:,} cells")
    adata.obsm["X_umap"] = umap_of(adata.obsm[EMBEDDINGS], args.seed)
    columns = args.color
    if columns is None:
        has_samples = "sample" in adata.obs and adata.obs["sample"].nunique() > 1
        columns = [PREDICTED if PREDICTED in adata.obs else "sample" if has_samples else "n_tokens"]
    title = f"{adata.n_obs:,} cells"
    with atomic_write(args.umap) as temporary:
        shown = {name: adata.obs[name] for name in columns}
        draw_umap(temporary, adata.obsm["X_umap"], shown, title, Path(args.umap).suffix)


def _summary(args: argparse.Namespace, adata: ad.AnnData) -> str:
    from bedtok.atacformer.cell_answers import EMBEDDINGS, PREDICTED

    written = ", ".join(path for path in (args.output, args.umap) if path is not None)
    text = f"{written}: cells: {adata.n_obs}, dimensions: {adata.obsm[EMBEDDINGS].shape[1]}"
    if PREDICTED in adata.obs:
        counts = adata.obs[PREDICTED].value_counts()
        counts = counts[counts > 0]
        shown = [f"{name} {count}" for name, count in counts.iloc[:_CLASSES_SHOWN].items()]
        if len(counts) > _CLASSES_SHOWN:
            shown.append(f"and {len(counts) - _CLASSES_SHOWN} more classes")
        text += f", predicted: {', '.join(shown)}"
    return text
