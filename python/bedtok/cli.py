# SPDX-License-Identifier: BSD-2-Clause
"""The command line ``bedtok``: tokenize, inspect, decode, train.

Works on the compiled module's strict types: a path or stdin becomes columns, columns become ids,
ids become bytes. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import json
import math
import os
import re
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

import numpy as np

from bedtok import _core, _train_options
from bedtok._inputs import as_ids
from bedtok._options import OPTION_NAMES, merge_options
from bedtok._sample_names import sample_names

OK, FAILED, USAGE, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141

_EXIT_CODES = """exit codes:
  0    done
  1    a file could not be read or written, or what it says is wrong; stderr says where
  2    the command line is wrong
  130  interrupted (Ctrl-C)
  141  the reader of the output closed the pipe (as head does)
"""

_VOCAB_HELP = (
    "the vocabulary: a BED file (plain or gzip), a gtars .toml config, a folder that "
    "save_pretrained wrote, or a Hub name such as databio/atacformer-base-hg38"
)

_STDIN = "<stdin>"  # how stdin is called in messages
_FORMATS = ("jsonl", "tsv", "gtok")  # that can be read back, too
_SHARDS = ("parquet", "npz")  # of a folder
_FORMAT_OF_SUFFIX = {".jsonl": "jsonl", ".tsv": "tsv", ".txt": "tsv", ".gtok": "gtok"}
_FILE_SUFFIXES = (".bed", ".gz", ".bgz", ".toml", ".narrowpeak", ".broadpeak", ".gappedpeak")
_CHROMS_SHOWN = 30  # in the text of inspect; --json has all of them
_GTOK_MAGIC = b"GTOK"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; default: those of the process.

    Returns:
        The exit code: 0 done, 1 an input is wrong, 130 interrupted, 141 closed pipe.

    Raises:
        SystemExit: With 2 for a wrong command line, with 0 after ``--help`` and ``--version``.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    args = _parse(arguments)
    with warnings.catch_warnings():
        # One line each, every time: two inputs may deserve the same warning.
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show_warning
        try:
            args.run(args)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            _abandon_stdout()
            return CLOSED_PIPE
        except KeyboardInterrupt:
            return INTERRUPTED
        except (ValueError, OSError, ImportError, MemoryError) as error:
            _say(_message(error))
            return FAILED
    return OK


# -- the command line itself --------------------------------------------------------------------


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bedtok",
        description="Genomic regions to the token ids of a pre-trained model, and back.",
        epilog="examples:\n"
        "  bedtok tokenize databio/atacformer-base-hg38 sample.bed.gz\n"
        "  bedtok inspect sample.bed.gz --vocab universe.bed.gz\n"
        "  bedtok decode universe.bed.gz 0 1 2\n"
        "\n'bedtok COMMAND --help' tells more.\n\n" + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"bedtok {_core.__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _add_tokenize(commands)
    _add_inspect(commands)
    _add_decode(commands)
    _add_train(commands)
    if argv and argv[0] in commands.choices:
        command: argparse.ArgumentParser = commands.choices[argv[0]]
        # Intermixed: `tokenize VOCAB --tokens a.bed` is what people type, and the plain parse
        # gives up the optional positionals at the first option.
        args = command.parse_intermixed_args(argv[1:])
        args.command = argv[0]
        args.usage_error = command.error
        return args
    parser.parse_args(argv)
    parser.error("expected a command: " + ", ".join(commands.choices))


def _add_command(
    commands: Any, name: str, summary: str, run: Callable[[Any], None], epilog: str
) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog + "\n" + _EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    return command


def _add_tokenize(commands: Any) -> None:
    command = _add_command(
        commands,
        "tokenize",
        "BED files in, token ids out",
        _tokenize,
        """The regions are read as RegionSet.from_bed reads them: sorted by chromosome and start.

output:
  jsonl  one line a sample: {"sample": "a", "input_ids": [0, 5]}; with --tokens
         {"sample": "a", "tokens": ["chr1:1-9", ...]}
  tsv    one line a sample: its name, a tab, the ids with a space between two
  gtok   one binary file a sample; -o is a file for one input, a folder for several
  parquet, npz
         shards of many samples in the folder -o; a second run does what is missing, bad files are
         listed at the end (--strict ends at the first), and manifest.json tells what is there
A sample is called as its file without folder, .bed and .gz; where two inputs would be called
alike, by their paths; stdin is called stdin. An output file appears only when it is complete;
on stdout the lines before a failure stand.

examples:
  bedtok tokenize databio/atacformer-base-hg38 sample.bed.gz
  bedtok tokenize universe.bed.gz a.bed b.bed -o ids.tsv
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format gtok -o tokens/
  bedtok tokenize universe.bed.gz peaks/*.bed.gz --format parquet -o shards/
  zcat sample.bed.gz | bedtok tokenize universe.bed.gz --tokens --unique
""",
    )
    command.add_argument("vocab", metavar="VOCAB", help=_VOCAB_HELP)
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
        choices=(*_FORMATS, *_SHARDS),
        help="default: as the suffix of --output tells, else jsonl",
    )
    command.add_argument("--tokens", action="store_true", help="write tokens rather than ids")
    command.add_argument(
        "--strict", action="store_true", help="with parquet and npz: end at the first bad file"
    )
    command.add_argument(
        "--num-workers", metavar="N", type=int, help="with parquet and npz: threads; default: all"
    )
    _add_mapping(command)
    _add_loading(command)


def _add_inspect(commands: Any) -> None:
    command = _add_command(
        commands,
        "inspect",
        "what a BED file or a vocabulary holds, and how well it fits a vocabulary",
        _inspect,
        """examples:
  bedtok inspect sample.bed.gz
  bedtok inspect sample.bed.gz --vocab databio/atacformer-base-hg38
  bedtok inspect databio/atacformer-base-hg38 --json
  zcat sample.bed.gz | bedtok inspect - --vocab universe.bed.gz
""",
    )
    command.add_argument(
        "file",
        metavar="FILE",
        help="a BED file, '-' for stdin, or a vocabulary in any form that --vocab takes",
    )
    command.add_argument("--vocab", metavar="VOCAB", help=_VOCAB_HELP)
    command.add_argument("--json", action="store_true", help="write one JSON object")
    _add_mapping(command)
    _add_loading(command)


def _add_decode(commands: Any) -> None:
    command = _add_command(
        commands,
        "decode",
        "token ids in, tokens or regions out",
        _decode,
        """Reads what 'bedtok tokenize' writes: jsonl, tsv and gtok, and ids with spaces, commas or
line ends between them (plain). The samples of one input follow one another.

examples:
  bedtok decode universe.bed.gz 0 1 2
  bedtok decode universe.bed.gz --input ids.jsonl --bed > regions.bed
  bedtok tokenize universe.bed.gz a.bed | bedtok decode universe.bed.gz -
""",
    )
    command.add_argument("vocab", metavar="VOCAB", help=_VOCAB_HELP)
    command.add_argument(
        "ids",
        metavar="IDS",
        nargs="*",
        default=[],
        help="ids; '-', or none at all, reads them from stdin",
    )
    command.add_argument("--input", metavar="PATH", help="read the ids from a file")
    command.add_argument(
        "--format", choices=(*_FORMATS, "plain"), help="of the input; default: as it looks"
    )
    command.add_argument("-o", "--output", metavar="PATH", help="where to write; default: stdout")
    command.add_argument(
        "--bed", action="store_true", help="write BED lines; special tokens are left out"
    )
    command.add_argument(
        "--skip-special-tokens", action="store_true", help="leave special tokens out"
    )
    _add_loading(command)


def _add_train(commands: Any) -> None:
    command = _add_command(
        commands,
        "train",
        "token ids in, a trained Atacformer model out",
        _train,
        _train_options.EPILOG,
    )
    _train_options.add_arguments(command)


def _add_mapping(command: argparse.ArgumentParser) -> None:
    # SUPPRESS: what is not on the command line stays as the tokenizer was saved.
    group = command.add_argument_group(
        "mapping of regions to tokens (default: as saved with the vocabulary)",
        argument_default=argparse.SUPPRESS,
    )
    group.add_argument(
        "--min-overlap", type=_base_pairs, metavar="BP", help="at least BP shared; default: 0"
    )
    group.add_argument(
        "--min-fraction", type=_fraction, metavar="F", help="at least this part shared, 0 to 1"
    )
    group.add_argument(
        "--fraction-of",
        choices=("query", "vocabulary", "either"),
        help="whose part --min-fraction means; default: query",
    )
    group.add_argument(
        "--best-overlap",
        action=argparse.BooleanOptionalAction,
        help="only the token that shares most, for each region",
    )
    group.add_argument(
        "--unique", action=argparse.BooleanOptionalAction, help="only a token's first occurrence"
    )
    group.add_argument(
        "--order", choices=("input", "vocabulary"), help="order of the tokens; default: input"
    )
    group.add_argument(
        "--on-miss",
        choices=("drop", "unk", "error"),
        help="what a region without any hit gives; default: drop",
    )
    group.add_argument(
        "--chrom-aliases",
        type=_aliases,
        metavar="ALIASES",
        help="ucsc (17 is taken as chr17), ensembl (chr17 as 17), or FROM=TO,FROM=TO,...",
    )


def _add_loading(command: argparse.ArgumentParser) -> None:
    group = command.add_argument_group("loading (folders and Hub names)")
    group.add_argument("--revision", help="branch, tag or commit on the Hub")
    group.add_argument("--subfolder", default="", help="folder inside the model")
    group.add_argument(
        "--local-files-only", action="store_true", help="ask the Hub's cache, not the network"
    )


def _base_pairs(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) > 2**32 - 1:
        raise argparse.ArgumentTypeError(f"expected a number of bp, 0 or more, not {text!r}")
    return int(text)


def _fraction(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, not {text!r}")
    return value


def _aliases(text: str) -> str | dict[str, str]:
    if text in ("ucsc", "ensembl"):
        return text
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(name and target for name, _, target in pairs):
        raise argparse.ArgumentTypeError(
            f"expected ucsc, ensembl or FROM=TO,FROM=TO,..., not {text!r}"
        )
    return {name: target for name, _, target in pairs}


def _mapping_of(args: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(args, name) for name in OPTION_NAMES if hasattr(args, name)}


# -- commands -----------------------------------------------------------------------------------


def _tokenize(args: argparse.Namespace) -> None:
    usage_error: Callable[[str], NoReturn] = args.usage_error
    beds: list[str] = args.beds or ["-"]
    if beds.count("-") > 1:
        usage_error("'-' can be given once, as there is one stdin")
    output: str | None = None if args.output == "-" else args.output
    form: str = args.format or _FORMAT_OF_SUFFIX.get(Path(output or "").suffix.lower(), "jsonl")
    if form in _SHARDS:
        _tokenize_to_shards(args, beds, output, form)
        return
    for flag, given in (("--strict", args.strict), ("--num-workers", args.num_workers is not None)):
        if given:
            usage_error(f"{flag}: belongs to --format {' and '.join(_SHARDS)}")
    names = sample_names(beds)
    if form == "gtok":
        if args.tokens:
            usage_error("--tokens: a gtok file holds ids")
        if output is None:
            usage_error("--format gtok needs --output: a file for one input, a folder for several")
        targets = _gtok_targets(output, names, usage_error)
    elif output is not None and os.path.isdir(output):
        usage_error(f"--output {output}: is a folder, which --format gtok alone takes")

    tokenizer, options = _load(args.vocab, args)

    def encode(bed: str) -> _core.Encoding:
        with _about(bed):
            encoding = tokenizer.encode_batch([_read(bed)], options).encodings[0]
            if encoding.warning is not None:
                _show_warning(encoding.warning)
        return encoding

    with contextlib.ExitStack() as stack:
        if form == "gtok":
            from bedtok.utils import write_tokens_to_gtok

            if len(beds) > 1 or os.path.isdir(output or "") or (output or "").endswith("/"):
                stack.enter_context(_folder(Path(output or ".")))
            for bed, target in _progress(list(zip(beds, targets, strict=True))):
                temporary = stack.enter_context(_replacing(target))
                write_tokens_to_gtok(str(temporary), encode(bed).input_ids.tolist())
            return
        file = stack.enter_context(_opened(output))
        for bed, name in _progress(list(zip(beds, names, strict=True)), to_file=output is not None):
            ids = encode(bed).input_ids
            values: list[Any] = tokenizer.decode(ids) if args.tokens else ids.tolist()
            if form == "tsv":
                line = name + "\t" + " ".join(map(str, values))
            else:
                line = json.dumps(
                    {"sample": name, "tokens" if args.tokens else "input_ids": values}
                )
            file.write(line.encode("utf-8", "surrogateescape") + b"\n")


def _tokenize_to_shards(
    args: argparse.Namespace, beds: list[str], output: str | None, form: str
) -> None:
    from bedtok.io import tokenize_files

    if args.tokens:
        args.usage_error(f"--tokens: a {form} file holds ids")
    if output is None or "-" in beds:
        args.usage_error(f"--format {form} needs --output, a folder, and files to read")
    assert output is not None
    result = tokenize_files(
        beds,
        _load_tokenizer(args.vocab, args),
        out=output,
        form=form,  # type: ignore[arg-type]
        num_workers=args.num_workers,
        strict=args.strict,
        **_mapping_of(args),
    )
    with _opened(None) as file:
        file.write(str(result).splitlines()[0].encode("utf-8", "surrogateescape") + b"\n")
    for reason in result.failed.values():
        _say(reason)
    if result.failed:
        raise _core.Error(f"files that could not be tokenized: {len(result.failed)}")


def _inspect(args: argparse.Namespace) -> None:
    mapping = _mapping_of(args)
    if mapping and args.vocab is None:
        flag = "--" + next(iter(mapping)).replace("_", "-")
        args.usage_error(f"{flag} tells how to map to a vocabulary, so it needs --vocab")
    facts: dict[str, Any] = {"file": _STDIN if args.file == "-" else args.file}
    is_model = os.path.isdir(args.file) or args.file.lower().endswith(".toml")
    if args.file != "-" and (is_model or not _names_file(args.file)):
        model, _ = _load(args.file, args)
        regions = model.regions
        facts["vocab_size"] = model.vocab_size
        facts["special_tokens"] = dict(model.special_tokens)
    else:
        regions = _read(args.file, sort=False)
    facts.update(_facts(regions))
    if args.vocab is not None:
        tokenizer, options = _load(args.vocab, args)
        report = tokenizer.report(regions, options)
        for chrom in report.chroms:
            facts["chromosomes"][chrom.chrom].update(known=chrom.known, hits=chrom.hits)
        facts["vocabulary"] = {
            "name": args.vocab,
            "regions": tokenizer.num_regions,
            "hits": report.hits,
            "hit_rate": report.hit_rate,
            "tokens": report.tokens,
            "distinct_tokens": report.distinct_tokens,
            "unknown_chroms": list(report.unknown_chroms),
            "likely_cause": report.likely_cause,
        }
    text = json.dumps(facts, indent=2) if args.json else _facts_text(facts)
    with _opened(None) as file:
        file.write(text.encode("utf-8", "surrogateescape") + b"\n")


def _decode(args: argparse.Namespace) -> None:
    usage_error: Callable[[str], NoReturn] = args.usage_error
    words: list[str] = args.ids
    if words and args.input is not None:
        usage_error("give the ids either as arguments or by --input")
    if "-" in words and len(words) > 1:
        usage_error("'-' reads the ids from stdin, so it stands alone")
    given: list[int] = []
    for word in words if words != ["-"] else []:
        parsed = _integers(word)
        if parsed is None:
            usage_error(f"expected ids (decimal numbers), not {word!r}")
        given += parsed

    tokenizer, _ = _load(args.vocab, args)
    if words and words != ["-"]:
        samples: Iterable[list[int]] = [given]
    else:
        source = "-" if args.input is None else args.input
        data = _stdin() if source == "-" else Path(source).read_bytes()
        samples = _parse_ids(data, _STDIN if source == "-" else source, args.format)
    # All before any: an input that is wrong further down gives no output.
    pieces: list[bytes] = []
    for ids in samples:
        array = as_ids(ids, f"the vocabulary (0..{tokenizer.vocab_size - 1})")
        if args.bed:
            pieces.append(tokenizer.decode_regions(array).to_bytes())
        else:
            tokens = tokenizer.decode(array, args.skip_special_tokens)
            pieces.append("".join(token + "\n" for token in tokens).encode())
    with _opened(args.output) as file:
        file.writelines(pieces)


def _train(args: argparse.Namespace) -> None:
    config = _train_options.completed(_train_options.given_config(args))
    if args.print_config:
        with _opened(None) as file:
            file.write(_train_options.to_toml(config).encode())
        return
    if missing := _train_options.missing_fields(config):
        flags = ", ".join(f"{_train_options.flag_of(field)} ({field})" for field in missing)
        args.usage_error(f"missing: {flags}")
    from bedtok.atacformer.train import train_and_report

    # Once each: PyTorch may repeat one at every step.
    warnings.simplefilter("default", UserWarning)
    train_and_report(config, args.resume)


# -- reading ------------------------------------------------------------------------------------


def _names_file(text: str) -> bool:
    """Whether a text means a file: it is one, or it ends as one (and may be misspelled)."""
    return os.path.isfile(text) or text.lower().endswith(_FILE_SUFFIXES) or _is_special(text)


def _is_special(path: str) -> bool:
    """Whether a path is a pipe or a device, as ``<(zcat x)`` gives in a shell."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _load_tokenizer(vocab: str, args: argparse.Namespace) -> Any:
    from bedtok.tokenizers import Tokenizer

    if _names_file(vocab) and not os.path.isdir(vocab):
        return Tokenizer(vocab)
    return Tokenizer.from_pretrained(
        vocab,
        revision=args.revision,
        subfolder=args.subfolder,
        local_files_only=args.local_files_only,
    )


def _load(vocab: str, args: argparse.Namespace) -> tuple[_core.Tokenizer, _core.MappingOptions]:
    """Load a vocabulary; return it with its mapping options, those of the command line on top."""
    tokenizer = _load_tokenizer(vocab, args)
    return tokenizer._core, merge_options(tokenizer.options, _mapping_of(args), args.command)


def _stdin() -> bytes:
    if sys.stdin.isatty():
        _say("reads from the terminal; end with Ctrl-D")
    return sys.stdin.buffer.read()


def _read(path: str, sort: bool = True) -> _core.RegionSet:
    if path == "-":
        return _core.RegionSet.from_bytes(_stdin(), _STDIN, sort)
    return _core.RegionSet.from_bed(path, sort)


def _integers(text: str) -> list[int] | None:
    """Return the numbers of a text, spaces or commas between them; None when it has others."""
    words = text.replace(",", " ").split()
    # A sign is let through, so that the vocabulary can say that -1 is outside of it.
    if not all(word.isascii() and word.removeprefix("-").isdigit() for word in words):
        return None
    try:
        return [int(word) for word in words]
    except ValueError:  # more digits than Python converts
        return None


def _parse_ids(data: bytes, name: str, form: str | None) -> Iterator[list[int]]:
    """Yield the ids of each sample in what ``tokenize`` or another tool wrote."""
    if form == "gtok" or (form is None and data.startswith(_GTOK_MAGIC)):
        yield _parse_gtok(data, name)
        return
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise _core.Error(f"{name}: is neither a gtok file nor UTF-8 text") from None
    first = next((line.strip() for line in lines if line.strip()), "")
    if form is None:
        if first.startswith(("{", "[")):
            form = "jsonl"
        else:
            # One tab after a name that is no number; `5<TAB>6` stays two ids.
            sample, tab, rest = first.partition("\t")
            named = bool(tab) and "\t" not in rest and _integers(sample) is None
            form = "tsv" if named else "plain"
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if form == "jsonl":
            yield _parse_json(line, f"{name}:{number}")
            continue
        text = line.partition("\t")[2] if form == "tsv" else line
        ids = _integers(text)
        if ids is None or (form == "tsv" and "\t" not in line):
            expected = "a sample's name, a tab, and ids" if form == "tsv" else "ids"
            raise _core.Error(f"{name}:{number}: expected {expected}, not {_short(line)}")
        yield ids


def _parse_json(line: str, place: str) -> list[int]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _core.Error(f"{place}: is not JSON: {error}") from None
    ids = value.get("input_ids") if isinstance(value, dict) else value
    if not isinstance(ids, list) or not all(type(item) is int for item in ids):
        raise _core.Error(
            f'{place}: expected {{"input_ids": [...]}} or a list, of whole numbers, '
            f"not {_short(line)}"
        )
    return ids


def _parse_gtok(data: bytes, name: str) -> list[int]:
    from bedtok.utils import read_tokens_from_gtok

    # The format lives in one place, which reads files.
    with tempfile.TemporaryDirectory(prefix="bedtok-") as folder:
        path = Path(folder, "input.gtok")
        path.write_bytes(data)
        try:
            return [int(token) for token in read_tokens_from_gtok(str(path))]
        except _core.Error as error:
            raise _core.Error(str(error).replace(str(path), name)) from None


def _short(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:37] + "...")


# -- facts --------------------------------------------------------------------------------------


def _facts(regions: _core.RegionSet) -> dict[str, Any]:
    chrom_ids = regions.chrom_ids.astype(np.int64)
    starts = regions.starts.astype(np.int64)
    ends = regions.ends.astype(np.int64)
    names = regions.chrom_names
    widths = ends - starts
    order = np.lexsort((ends, starts, chrom_ids))
    chrom, start, end = chrom_ids[order], starts[order], ends[order]
    same = (chrom[1:] == chrom[:-1]) & (start[1:] == start[:-1]) & (end[1:] == end[:-1])
    # All chromosomes on one line, far enough apart; a region adds what lies past the furthest
    # end before it.
    offset = chrom << 33
    start, end = start + offset, end + offset
    furthest = np.maximum.accumulate(end)
    before = np.concatenate((start[:1], furthest[:-1]))
    added = np.maximum(end - np.maximum(start, before), 0)
    counts = np.bincount(chrom_ids, minlength=len(names))
    covered = np.bincount(chrom, weights=added, minlength=len(names)).astype(np.int64)
    # Chromosomes as they come in the file.
    present, first_seen = np.unique(chrom_ids, return_index=True)
    repeated = int(np.count_nonzero(same))
    return {
        "regions": len(regions),
        "distinct": len(regions) - repeated,
        "repeated": repeated,
        "sorted": regions.is_sorted(),
        "bp_covered": int(added.sum()),
        "width": {
            "min": int(widths.min()) if len(regions) else None,
            "median": float(np.median(widths)) if len(regions) else None,
            "max": int(widths.max()) if len(regions) else None,
        },
        "chromosomes": {
            names[i]: {"regions": int(counts[i]), "bp_covered": int(covered[i])}
            for i in present[np.argsort(first_seen)]
        },
    }


def _facts_text(facts: dict[str, Any]) -> str:
    width = facts["width"]
    repeated = facts["repeated"]
    rows = [
        ("file", facts["file"]),
        (
            "regions",
            f"{facts['regions']:,}"
            + (f" ({facts['distinct']:,} distinct, {repeated:,} repeated)" if repeated else ""),
        ),
        ("sorted", "yes" if facts["sorted"] else "no"),
        ("bp covered", f"{facts['bp_covered']:,}"),
        (
            "width",
            "-"
            if width["min"] is None
            else f"{width['min']:,} to {width['max']:,} bp, median {width['median']:,.10g}",
        ),
    ]
    if "vocab_size" in facts:
        rows.append(("vocab size", f"{facts['vocab_size']:,}"))
        rows.append(("special tokens", " ".join(facts["special_tokens"].values())))
    fit = facts.get("vocabulary")
    if fit is not None:
        rows += [
            ("vocabulary", f"{fit['name']} ({fit['regions']:,} regions)"),
            ("hit rate", f"{fit['hit_rate']:.2%} ({fit['hits']:,} of {facts['regions']:,})"),
            ("tokens", f"{fit['tokens']:,} ({fit['distinct_tokens']:,} distinct)"),
        ]
        if fit["likely_cause"] is not None:
            rows.append(("likely cause", _with_flags(fit["likely_cause"])))
    rows.append(("chromosomes", f"{len(facts['chromosomes']):,}"))
    lines = [f"{name:<15} {value}" for name, value in rows]

    if facts["chromosomes"]:
        header = ["", "regions", "bp covered"] + (["hits"] if fit is not None else [])
        table = [header]
        for name, counts in list(facts["chromosomes"].items())[:_CHROMS_SHOWN]:
            row = [name, f"{counts['regions']:,}", f"{counts['bp_covered']:,}"]
            if fit is not None:
                row.append(f"{counts['hits']:,}" if counts["known"] else "not in the vocabulary")
            table.append(row)
        widths = [max(len(row[i]) for row in table) for i in range(3)]
        for row in table:
            cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2])]
            lines.append(("  " + "  ".join(cells + row[3:])).rstrip())
        if len(facts["chromosomes"]) > _CHROMS_SHOWN:
            more = len(facts["chromosomes"]) - _CHROMS_SHOWN
            lines.append(f"  and {more:,} more (--json lists all)")
    return "\n".join(lines)


# -- writing ------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(path: str | None) -> Iterator[BinaryIO]:
    """Open stdout, or a file that appears under its name only when all went well."""
    if path is None or path == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif _is_special(path):  # /dev/null, a named pipe: nothing to rename
        with open(path, "wb") as file:
            yield file
    elif os.path.isdir(path):
        raise IsADirectoryError(f"{path}: is a folder, expected a file to write")
    else:
        with _replacing(Path(path)) as temporary, open(temporary, "xb") as file:
            yield file


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Give a name beside ``target`` to write to; move it there at the end, or leave nothing."""
    target = Path(os.path.realpath(target))  # a link stays a link
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", str(target))
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        if target.exists():
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == str(temporary):
            error.filename = str(target)
            error.filename2 = None
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    """Make a folder if need be; take it away again when what follows fails."""
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
    seen = Counter(names)
    for name in names:
        # A name that is a path is one that another input has, too.
        if seen[name] > 1 or os.path.basename(name) != name:
            usage_error(f"{name}: another input has the same name, and each becomes NAME.gtok")
    return [Path(output, name + ".gtok") for name in names]


def _progress(items: list[Any], *, to_file: bool = True) -> Iterable[Any]:
    """Walk through ``items`` with a bar on stderr, where somebody can see it."""
    if len(items) < 2 or not sys.stderr.isatty() or not (to_file or not sys.stdout.isatty()):
        return items
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        return items
    bar: Iterable[Any] = tqdm(items, unit="file", file=sys.stderr)
    return bar


# -- messages -----------------------------------------------------------------------------------

_subject: list[str] = []  # the input at work, for messages that do not name one


@contextlib.contextmanager
def _about(bed: str) -> Iterator[None]:
    _subject.append(_STDIN if bed == "-" else bed)
    try:
        yield
    except _core.Error as error:
        if str(error).startswith(_subject[-1]):
            raise
        raise _core.Error(f"{_subject[-1]}: {error}") from error
    finally:
        _subject.pop()


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    text = " ".join(str(message).split())
    if _subject and not text.startswith(_subject[-1]):
        text = f"{_subject[-1]}: {text}"
    _say(f"warning: {_with_flags(text)}")


def _with_flags(text: str) -> str:
    """Spell a remedy that is a keyword in Python as the flag that it is here."""
    return re.sub(r"chrom_aliases='(\w+)'", r"--chrom-aliases \1", text)


def _say(text: str) -> None:
    with contextlib.suppress(OSError):  # stderr may be closed
        print(f"bedtok: {text}", file=sys.stderr, flush=True)


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "not enough memory"
    text = str(error)
    if isinstance(error, OSError) and error.strerror is not None:
        text = error.strerror
        if error.filename is not None:
            text = f"{os.fsdecode(error.filename)}: {text}"
    return " ".join(text.split()) or type(error).__name__


def _abandon_stdout() -> None:
    """Send what is still buffered to nowhere, or Python complains about the pipe at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
