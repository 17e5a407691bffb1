# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok tokenize``: BED files in, token ids out."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from bedtok import _core
from bedtok._files import atomic_write, sample_names
from bedtok.cli._arguments import (
    VOCAB_HELP,
    add_command,
    add_loading,
    add_mapping,
    mapping_of,
    share,
)
from bedtok.cli._files import (
    ID_FORMATS,
    for_terminal,
    load_core,
    load_tokenizer,
    open_output,
    read_regions,
)
from bedtok.cli._messages import log, naming_input, show_warning

_SHARDS = ("parquet", "npz")  # of a folder
_FORMAT_OF_SUFFIX = {".jsonl": "jsonl", ".tsv": "tsv", ".txt": "tsv", ".gtok": "gtok"}


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "tokenize",
        "BED files in, token ids out",
        _run,
        """The regions are read as RegionSet.from_bed reads them: sorted by chromosome and start.

output:
  jsonl  one line a sample: {"sample": "a", "input_ids": [0, 5]}; with --tokens
         {"sample": "a", "tokens": ["chr1:1-9", ...]}
  tsv    one line a sample: its name, a tab, the ids with a space between two
  gtok   one binary file a sample; -o is a file for one input, a folder for several
  parquet, npz
         shards of many samples in the folder -o; a second run writes only the missing samples, bad
         files are listed at the end (--strict stops at the first), and _manifest.json lists all
Samples are named after their files, without directory and .bed/.gz; files that would share a name
are named by their paths, and standard input is stdin. Output files are written atomically; on
standard output the lines before a failure stay.

examples:
  bedtok tokenize databio/atacformer-base-hg38 sample.bed.gz
  bedtok tokenize universe.bed.gz a.bed b.bed -o ids.tsv
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format gtok -o tokens/
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format parquet -o shards/
  zcat sample.bed.gz | bedtok tokenize universe.bed.gz --tokens --unique
""",
    )
    command.add_argument("vocab", metavar="VOCAB", help=VOCAB_HELP)
    command.add_argument(
        "beds",
        metavar="BED",
        nargs="*",
        default=[],
        help="BED files; '-', or none at all, is stdin",
    )
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
        "--num-threads", metavar="N", type=int, help="with parquet and npz; default: all processors"
    )
    command.add_argument(
        "--samples-per-shard", metavar="N", type=int, help="with parquet and npz; default: 256"
    )
    command.add_argument(
        "--min-hit-rate",
        metavar="SHARE",
        type=share,
        default=0.0,
        help="end with exit code 1 if a smaller share of an input's regions hits, 0 to 1",
    )
    add_mapping(command)
    add_loading(command)


def _run(args: argparse.Namespace) -> None:
    usage_error: Callable[[str], NoReturn] = args.usage_error
    beds: list[str] = args.beds or ["-"]
    if beds.count("-") > 1:
        usage_error("'-' can be given once, as there is one stdin")
    output: str | None = None if args.output == "-" else args.output
    format: str = args.format or _FORMAT_OF_SUFFIX.get(Path(output or "").suffix.lower(), "jsonl")
    if format in _SHARDS:
        _tokenize_to_shards(args, beds, output, format)
        return
    for flag, given in (
        ("--strict", args.strict),
        ("--num-threads", args.num_threads is not None),
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

    tokenizer, options = load_core(args.vocab, args)

    def encode(bed: str) -> _core.Encoding:
        with naming_input(bed):
            regions, _ = read_regions(bed, args.on_error)
            encoding = tokenizer.encode_batch([regions], options).encodings[0]
            if encoding.warning is not None:
                show_warning(encoding.warning)
            reason = _low_hit_rate(encoding.hits, encoding.regions, args.min_hit_rate)
            if reason is not None:
                raise _core.Error(reason)
        return encoding

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
        for bed, name in _progress(list(zip(beds, names, strict=True)), to_file=output is not None):
            ids = encode(bed).input_ids
            values: list[Any] = tokenizer.decode(ids) if args.tokens else ids.tolist()
            if format == "tsv":
                line = name + "\t" + " ".join(map(str, values))
            else:
                line = json.dumps(
                    {"sample": name, "tokens" if args.tokens else "input_ids": values}
                )
            data = line.encode("utf-8", "surrogateescape")
            file.write((for_terminal(data) if output is None else data) + b"\n")


def _tokenize_to_shards(
    args: argparse.Namespace, beds: list[str], output: str | None, format: str
) -> None:
    from bedtok.io import tokenize_files

    if args.tokens:
        args.usage_error(f"--tokens: a {format} file holds ids")
    if output is None or "-" in beds:
        args.usage_error(f"--format {format} needs --output, a folder, and files to read")
    assert output is not None
    result = tokenize_files(
        beds,
        load_tokenizer(args.vocab, args),
        output_dir=output,
        format=format,  # type: ignore[arg-type]
        num_threads=args.num_threads,
        strict=args.strict,
        on_error=args.on_error,
        **({} if args.samples_per_shard is None else {"samples_per_shard": args.samples_per_shard}),
        **mapping_of(args),
    )
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
    if len(names) == 1 and not os.path.isdir(output) and not output.endswith("/"):
        return [Path(output)]
    if os.path.exists(output) and not os.path.isdir(output):
        usage_error(f"--output {output}: several inputs need a folder, this is a file")
    from bedtok.io.gtok import gtok_paths

    try:
        return gtok_paths(output, names)
    except _core.ConfigError as error:
        usage_error(str(error))


def _progress(items: list[Any], *, to_file: bool = True) -> Iterable[Any]:
    """Return ``items``, with a progress bar if standard error is a terminal."""
    if len(items) < 2 or not sys.stderr.isatty() or not (to_file or not sys.stdout.isatty()):
        return items
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return items
    bar: Iterable[Any] = tqdm(items, unit="file", file=sys.stderr)
    return bar
