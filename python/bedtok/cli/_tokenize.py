# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok tokenize``: BED files in, token ids out."""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from bedtok import _core
from bedtok._checks import import_optional
from bedtok._files import atomic_write, checked_path, sample_names
from bedtok._progress import with_progress
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.options import merge_mapping
from bedtok.cli._arguments import (
    VOCAB_HELP,
    add_command,
    add_files_from,
    add_loading,
    add_mapping,
    add_selection,
    mapping_of,
    share,
)
from bedtok.cli._cell_inputs import CellReader, add_cells, cells_flag, check_cells_flags
from bedtok.cli._files import (
    ID_FORMATS,
    for_terminal,
    load_tokenizer,
    open_output,
    read_regions,
)
from bedtok.cli._inputs import Input, find_inputs
from bedtok.cli._messages import log, naming_input, show_warning
from bedtok.cli._tokenize_cells import (
    collection_keywords,
    tokenize_to_cell_folder,
    write_cells,
)

if TYPE_CHECKING:
    from bedtok.io import TokenizedFiles

_SHARDS = ("parquet", "npz")  # of a folder
_FORMAT_OF_SUFFIX = {".jsonl": "jsonl", ".tsv": "tsv", ".txt": "tsv", ".gtok": "gtok"}


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "tokenize",
        "BED files or cells in, token ids out",
        _run,
        """The regions are read as RegionSet.from_bed reads them: sorted by chromosome and start.

input:
  BED files, one sample each; fragment files and .h5ad files, one row for each cell. A folder stands
  for the files in it. Files are known by their content: fragments by a barcode of bases and a count
  in columns 4 and 5, which is said on standard error; --fragments and --no-fragments decide it.
  URLs (https, s3, gs ...) take the place of files, and s3://bucket/*.bed.gz that of several.

output:
  jsonl  one line a sample: {"sample": "a", "input_ids": [0, 5]}; with --tokens
         {"sample": "a", "tokens": ["chr1:1-9", ...]}; of a cell
         {"sample": "a", "cell": "AAAC-1", "input_ids": [0, 5]}
  tsv    one line a sample: its name, a tab, the ids with a space between two; cells of several
         files are named a#AAAC-1
  gtok   one binary file a sample; -o is a file for one input, a folder for several
  parquet, npz
         shards of many samples in the folder -o; a second run writes only the missing samples, bad
         files are listed at the end (--strict stops at the first); of cells parquet only, in a
         folder as well, or in one file if -o ends in .parquet
Samples are named after their files, without directory and .bed/.gz; files that would share a name
are named by their paths, and standard input is stdin. Output files are written atomically; on
standard output the lines before a failure stay.

examples:
  bedtok tokenize databio/atacformer-base-hg38 sample.bed.gz
  bedtok tokenize universe.bed.gz a.bed b.bed -o ids.tsv
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format gtok -o tokens/
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format parquet -o shards/
  bedtok tokenize universe.bed.gz --files-from files.txt --exclude blacklist.bed -o ids.jsonl
  bedtok tokenize universe.bed.gz fragments.tsv.gz --fragments -o cells.parquet
  bedtok tokenize universe.bed.gz --fragments a.tsv.gz b.tsv.gz c.h5ad --format parquet -o cells/
  zcat sample.bed.gz | bedtok tokenize universe.bed.gz --tokens --unique
""",
    )
    command.add_argument("vocab", metavar="VOCAB", help=VOCAB_HELP)
    command.add_argument(
        "beds",
        metavar="BED",
        nargs="*",
        default=[],
        help="BED, fragment or .h5ad files, folders or URLs of them; '-', or none at all, is stdin",
    )
    add_files_from(command)
    add_selection(command)
    command.add_argument("-o", "--output", metavar="PATH", help="where to write; default: stdout")
    command.add_argument(
        "--format",
        choices=(*ID_FORMATS, *_SHARDS),
        help="default: by the suffix of --output, else jsonl",
    )
    command.add_argument("--tokens", action="store_true", help="write tokens rather than ids")
    command.add_argument(
        "--strict", action="store_true", help="with parquet and npz: end at the first bad file"
    )
    command.add_argument(
        "--num-threads",
        metavar="N",
        type=int,
        help="with parquet, npz and cells; default: all processors",
    )
    command.add_argument(
        "--engine",
        choices=("local", "ray"),
        help="with a folder of parquet or npz: ray uses the workers of a Ray cluster; "
        "default: local, threads of this process",
    )
    command.add_argument(
        "--ray-address",
        metavar="ADDRESS",
        help="of the cluster, or auto; default: RAY_ADDRESS, or Ray is started here",
    )
    command.add_argument(
        "--samples-per-shard",
        metavar="N",
        type=int,
        help="with parquet and npz; default: 256, of cells 65536",
    )
    command.add_argument(
        "--min-hit-rate",
        metavar="SHARE",
        type=share,
        default=0.0,
        help="end with exit code 1 if a smaller share of an input's regions hits, 0 to 1",
    )
    add_cells(command)
    add_mapping(command)
    add_loading(command)


def _run(args: argparse.Namespace) -> None:
    usage_error: Callable[[str], NoReturn] = args.usage_error
    if [*args.beds, args.files_from].count("-") > 1:
        usage_error("'-' can be given once, as there is one stdin")
    inputs = find_inputs(args.beds, args.files_from, args.fragments)
    for item in inputs:
        if item.kind == "parquet":
            usage_error(
                f"{item.path}: is Parquet, expected BED, fragments or .h5ad; 'bedtok decode' and "
                "'bedtok embed' read tokens"
            )
    beds = [item.path for item in inputs]
    output: str | None = None if args.output == "-" else args.output
    suffix = Path(output or "").suffix.lower()
    format: str = args.format or _FORMAT_OF_SUFFIX.get(suffix, "jsonl")
    has_cells = any(item.kind != "bed" for item in inputs)
    if not has_cells and (flag := cells_flag(args)) is not None:
        usage_error(f"{flag}: is for cells, expected a fragment file or .h5ad")
    if has_cells:
        if args.format is None and suffix == ".parquet":
            format = "parquet"
        _check_cells(args, inputs, output, format)
    elif args.format is None and suffix == ".parquet":
        usage_error(
            f"--output {output}: a .parquet file holds cells, {beds[0]} looks like BED; expected "
            "fragments (--fragments says that it is) or .h5ad; --format parquet writes a folder"
        )
    if args.ray_address is not None and args.engine != "ray":
        usage_error("--ray-address: belongs to --engine ray")
    if has_cells and format == "parquet":
        assert output is not None
        if args.samples_per_shard is None and suffix == ".parquet":
            reader = CellReader(args, load_tokenizer(args.vocab, args), inputs, _judge_of(args))
            write_cells(reader, inputs, output)
            return
        _tokenize_to_shards(args, beds, output, tokenize_to_cell_folder)
        return
    if format in _SHARDS:
        _tokenize_to_shards(args, beds, output, functools.partial(_tokenize_files, format))
        return
    for flag, given in (
        ("--engine", args.engine is not None),
        ("--strict", args.strict),
        ("--num-threads", args.num_threads is not None and not has_cells),
        ("--samples-per-shard", args.samples_per_shard is not None),
    ):
        if given:
            usage_error(f"{flag}: belongs to --format {' and '.join(_SHARDS)}")
    names = sample_names(beds)
    if format == "gtok":
        if args.tokens:
            usage_error("--tokens: a gtok file holds ids")
        if output is None:
            usage_error("--format gtok needs --output: a file for one input, a folder for several")
        targets = _gtok_targets(output, names, usage_error)
    elif output is not None and os.path.isdir(output):
        usage_error(f"--output {output}: is a folder, expected a file unless --format is gtok")

    model = load_tokenizer(args.vocab, args)
    tokenizer = model._core
    options = merge_mapping(model.options, mapping_of(args), args.command)
    selection = RegionSelection(args.chroms, args.exclude)
    judge = _judge_of(args)
    reader = CellReader(args, model, inputs, judge)

    def encode(bed: str) -> _core.Encoding:
        with naming_input(bed):
            regions, _ = read_regions(bed, args.on_error)
            regions = selection.of(regions)
            encoding: _core.Encoding = tokenizer.encode_batch([regions], options).encodings[0]
            if encoding.warning is not None:
                show_warning(encoding.warning)
            reason = judge(encoding.hits, encoding.regions)
            if reason is not None:
                raise _core.Error(reason)
        return encoding

    def rows(item: Input, name: str) -> Iterator[tuple[dict[str, str], str, Any]]:
        if item.kind == "bed":
            yield {"sample": name}, name, encode(item.path).input_ids
        else:
            yield from reader.rows(item)

    with contextlib.ExitStack() as stack:
        if format == "gtok":
            from bedtok.io.gtok import encode_gtok

            if len(beds) > 1 or os.path.isdir(output or "") or (output or "").endswith("/"):
                stack.enter_context(_folder(Path(output or ".")))
            _core.remove_abandoned(targets[0].parent)
            for bed, target in _progress(list(zip(beds, targets, strict=True))):
                temporary = stack.enter_context(atomic_write(target))
                Path(temporary).write_bytes(encode_gtok(encode(bed).input_ids))
            return
        file = stack.enter_context(open_output(output))
        named = list(zip(inputs, names, strict=True))
        for item, name in _progress(named, to_file=output is not None):
            for fields, text, ids in rows(item, name):
                values: list[Any] = model.decode(ids) if args.tokens else ids.tolist()
                if format == "tsv":
                    line = text + "\t" + " ".join(map(str, values))
                else:
                    line = json.dumps({**fields, "tokens" if args.tokens else "input_ids": values})
                data = line.encode("utf-8", "surrogateescape")
                file.write((for_terminal(data) if output is None else data) + b"\n")


def _check_cells(
    args: argparse.Namespace, inputs: list[Input], output: str | None, format: str
) -> None:
    """Refuse what cells cannot be written as, or cannot be asked for."""
    check_cells_flags(args, inputs)
    paths = [item.path for item in inputs if item.kind != "bed"]
    if format not in ("jsonl", "tsv", "parquet"):
        args.usage_error(
            f"{paths[0]}: has cells, which --format {format} does not hold; expected "
            "jsonl, tsv or parquet"
        )
    if format == "parquet" and output is None:
        args.usage_error("--format parquet needs --output: a .parquet file, or a folder")
    to_file = args.samples_per_shard is None and Path(output or "").suffix.lower() == ".parquet"
    if args.engine is not None and (format != "parquet" or to_file):
        args.usage_error("--engine: belongs to --format parquet with a folder as --output")
    if format == "parquet" and args.tokens:
        args.usage_error("--tokens: a parquet file holds ids")
    if format == "parquet" and len(paths) < len(inputs):
        bed = next(item.path for item in inputs if item.kind == "bed")
        args.usage_error(
            f"{bed} is BED, {paths[0]} has cells: expected one of both with --format parquet"
        )


def _judge_of(args: argparse.Namespace) -> Callable[[int, int], str | None]:
    """Return a function that says what is wrong with hits of regions, None if nothing is."""
    return lambda hits, regions: _low_hit_rate(hits, regions, args.min_hit_rate)


def _tokenize_files(
    format: str, args: argparse.Namespace, tokenizer: Any, beds: list[str], output: str
) -> TokenizedFiles:
    from bedtok.io import tokenize_files

    return tokenize_files(
        beds,
        tokenizer,
        output_dir=output,
        format=format,  # type: ignore[arg-type]
        **collection_keywords(args),
    )


def _tokenize_to_shards(
    args: argparse.Namespace,
    paths: list[str],
    output: str | None,
    tokenize: Callable[[argparse.Namespace, Any, list[str], str], TokenizedFiles],
) -> None:
    """Tokenize files into a folder, and say what became of them."""
    format = args.format or "parquet"
    if args.tokens:
        args.usage_error(f"--tokens: a {format} file holds ids")
    if output is None or "-" in paths:
        args.usage_error(f"--format {format} needs --output, a folder, and files to read")
    assert output is not None
    if args.ray_address is not None:
        import_optional("ray", "--ray-address").init(args.ray_address)
    result = tokenize(args, load_tokenizer(args.vocab, args), paths, output)
    with open_output(None) as file:
        file.write(str(result).splitlines()[0].encode("utf-8", "surrogateescape") + b"\n")
    for reason in result.failed.values():
        log(reason)
    if result.failed:
        raise _core.Error(f"files that could not be tokenized: {len(result.failed)}")
    low = 0
    for name, sample in result.samples.items():
        text = _low_hit_rate(sample.hits, sample.regions, args.min_hit_rate)
        if text is not None:
            log(f"{name}: {text}")
            low += 1
    if low:
        raise _core.Error(f"samples below --min-hit-rate, which are written all the same: {low}")


def _low_hit_rate(hits: int, regions: int, min_hit_rate: float) -> str | None:
    """Return what is wrong with a hit rate below ``min_hit_rate``; None for others."""
    rate = hits / max(regions, 1)
    if rate >= min_hit_rate:
        return None
    return (
        f"hit rate {rate:.1%} ({hits} of {regions} regions), below --min-hit-rate {min_hit_rate}; "
        "'bedtok inspect FILE --vocab VOCAB' shows where they miss"
    )


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder if it is missing; remove it again when the block fails."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    path.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for folder in missing:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _gtok_targets(
    output: str, names: list[str], usage_error: Callable[[str], NoReturn]
) -> list[Path]:
    output = checked_path(output)
    if len(names) == 1 and not os.path.isdir(output) and not output.endswith("/"):
        return [Path(output)]
    if os.path.exists(output) and not os.path.isdir(output):
        usage_error(f"--output {output}: several inputs need a folder, this is a file")
    from bedtok.io.gtok import gtok_paths

    try:
        return gtok_paths(output, names)
    except _core.ConfigError as error:
        usage_error(str(error))


def _progress(items: list[Any], *, to_file: bool = True) -> Iterator[Any]:
    """Yield ``items``, with a progress bar if standard error is a terminal."""
    hidden = not (to_file or not sys.stdout.isatty())
    yield from with_progress(items, False if hidden else None)
