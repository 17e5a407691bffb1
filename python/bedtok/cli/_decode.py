# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok decode``: token ids in, tokens or regions out."""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from bedtok import _core
from bedtok._files import is_url, local_file, source_path
from bedtok._tokenization.tensors import as_row
from bedtok.cli._arguments import VOCAB_HELP, add_command, add_loading
from bedtok.cli._files import ID_FORMATS, for_terminal, load_core, open_output, read_stdin
from bedtok.cli._messages import STDIN

_PARQUET = b"PAR1"


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "decode",
        "token ids in, tokens or regions out",
        _run,
        """Reads the output of 'bedtok tokenize': jsonl, tsv, gtok and parquet (a file, or a folder
of shards), and ids separated by spaces, commas or line ends (plain). The samples of one input
follow one another.

examples:
  bedtok decode universe.bed.gz 0 1 2
  bedtok decode universe.bed.gz --input ids.jsonl --bed > regions.bed
  bedtok tokenize universe.bed.gz a.bed | bedtok decode universe.bed.gz -
""",
    )
    command.add_argument("vocab", metavar="VOCAB", help=VOCAB_HELP)
    command.add_argument(
        "ids",
        metavar="IDS",
        nargs="*",
        default=[],
        help="ids; '-', or none at all, reads them from stdin",
    )
    command.add_argument("--input", metavar="PATH", help="read the ids from a file")
    command.add_argument(
        "--format",
        choices=(*ID_FORMATS, "parquet", "plain"),
        help="of the input; default: as it looks",
    )
    command.add_argument("-o", "--output", metavar="PATH", help="where to write; default: stdout")
    command.add_argument(
        "--bed", action="store_true", help="write BED lines; special tokens are left out"
    )
    command.add_argument(
        "--skip-special-tokens", action="store_true", help="leave special tokens out"
    )
    add_loading(command)


def _run(args: argparse.Namespace) -> None:
    usage_error: Callable[[str], NoReturn] = args.usage_error
    words: list[str] = args.ids
    if words and args.input is not None:
        usage_error("give the ids either as arguments or by --input")
    if "-" in words and len(words) > 1:
        usage_error("'-' reads the ids from stdin, so it cannot be combined with others")
    given: list[int] = []
    for word in words if words != ["-"] else []:
        parsed = _integers(word)
        if parsed is None:
            usage_error(f"expected ids (decimal numbers), not {word!r}")
        given += parsed

    tokenizer, _ = load_core(args.vocab, args)
    if words and words != ["-"]:
        samples: Iterable[list[int]] = [given]
    else:
        source = "-" if args.input is None else args.input
        samples = _read_ids(source, args.format)
    # All before any: an input that is wrong further down gives no output.
    pieces: list[bytes] = []
    for ids in samples:
        array = as_row(ids, bounds=f"the vocabulary (0..{tokenizer.vocab_size - 1})")
        if args.bed:
            pieces.append(tokenizer.decode_regions(array).to_bytes())
        else:
            tokens = tokenizer.decode(array, args.skip_special_tokens)
            pieces.append("".join(token + "\n" for token in tokens).encode())
    with open_output(args.output) as file:
        file.writelines(pieces if args.output not in (None, "-") else map(for_terminal, pieces))


def _read_ids(source: str, form: str | None) -> Iterator[Any]:
    """Yield the ids of each sample in a file, a folder of Parquet, or standard input."""
    from bedtok.io.shards import parquet_files, read_ids

    is_path = source != "-" and not is_url(source)
    if is_path and (form == "parquet" or _is_parquet(source)):
        for file in parquet_files(Path(source)):
            yield from read_ids(file, file)
        return
    name = STDIN if source == "-" else source_path(source)
    with local_file(name) as local:
        data = read_stdin() if source == "-" else Path(local).read_bytes()
    if form == "parquet" or (form is None and data.startswith(_PARQUET)):
        yield from read_ids(io.BytesIO(data), name)
    else:
        yield from _parse_ids(data, name, form)


def _is_parquet(path: str) -> bool:
    if not os.path.isfile(path):
        return os.path.isdir(path)
    with open(path, "rb") as file:
        return file.read(len(_PARQUET)) == _PARQUET


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
    """Yield the ids of each sample in the output of ``tokenize`` or of another tool."""
    from bedtok.io.gtok import MAGIC, decode_gtok

    if form == "gtok" or (form is None and data.startswith(MAGIC)):
        yield decode_gtok(data, name).tolist()
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
            # One tab after a name that is not a number; `5<TAB>6` stays two ids.
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


def _short(text: str) -> str:
    text = text.strip()
    return repr(text if len(text) <= 40 else text[:37] + "...")
