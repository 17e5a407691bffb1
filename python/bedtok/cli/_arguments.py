# SPDX-License-Identifier: BSD-2-Clause
"""Flags that commands share: mapping options, and where a vocabulary is loaded from."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from bedtok._tokenization.options import CHECKS, MAPPING_NAMES

EXIT_CODES = """exit codes:
  0    done
  1    a file could not be read or written, its content is wrong, or too little of it hits
       (--min-hit-rate); stderr says where
  2    the command line is wrong
  130  interrupted (Ctrl-C)
  141  the reader of the output closed the pipe (as head does)
"""

VOCAB_HELP = (
    "the vocabulary: a BED file (plain or gzip), a gtars .toml config, a folder that "
    "save_pretrained wrote, the URL of one of them, or a Hub name such as "
    "databio/atacformer-base-hg38"
)


def add_command(
    commands: Any, name: str, summary: str, run: Callable[[Any], None], epilog: str
) -> argparse.ArgumentParser:
    """Return the parser of a new command; ``run`` is called with its arguments."""
    command: argparse.ArgumentParser = commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=epilog + "\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.set_defaults(run=run)
    return command


def add_mapping(command: argparse.ArgumentParser) -> None:
    """Add the flags that say how regions map to tokens."""
    # SUPPRESS: options that are not on the command line stay as they were saved.
    group = command.add_argument_group(
        "mapping of regions to tokens (default: as saved with the vocabulary)",
        argument_default=argparse.SUPPRESS,
    )
    group.add_argument(
        "--min-overlap",
        type=_number("min_overlap", _digits, "a number of bp, 0 or more"),
        metavar="BP",
        help="at least BP shared; default: 0",
    )
    group.add_argument(
        "--min-fraction",
        type=_number("min_fraction", float, "a number from 0 to 1"),
        metavar="F",
        help="at least this part shared, 0 to 1",
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
    group.add_argument(
        "--low-hit-rate",
        type=_share_or_none,
        metavar="SHARE",
        help="warn of an input of which a smaller share hits, 0 to 1 or none; default: 0.2",
    )


def add_loading(command: argparse.ArgumentParser) -> None:
    """Add the flags that say which files of a model are loaded, and how BED files are read."""
    group = command.add_argument_group("loading (folders and Hub names)")
    group.add_argument("--revision", help="branch, tag or commit on the Hub")
    group.add_argument("--subfolder", default="", help="folder inside the model")
    group.add_argument(
        "--local-files-only", action="store_true", help="ask the Hub's cache, not the network"
    )
    command.add_argument(
        "--on-error",
        choices=("raise", "warn", "skip"),
        default="raise",
        help="what a line that is not BED does: end the command, be left out with a warning, or "
        "be left out; default: raise",
    )


def add_selection(command: Any) -> None:
    """Add the flags that choose regions, for ``RegionSelection``."""
    command.add_argument(
        "--chroms", metavar="NAME,NAME,...", type=names_of, help="only regions on these chromosomes"
    )
    command.add_argument(
        "--exclude", metavar="BED", help="leave out regions that overlap one of these (blacklist)"
    )


def add_files_from(command: argparse.ArgumentParser) -> None:
    """Add the flag that reads paths from a list."""
    command.add_argument(
        "--files-from", metavar="LIST", help="read more files, a path a line, from LIST or '-'"
    )


def _number(name: str, parse: Callable[[str], float], expected: str) -> Callable[[str], Any]:
    """Return the type of a flag for a number, which is checked as the keyword ``name`` is."""

    def convert(text: str) -> Any:
        try:
            return CHECKS[name](name, parse(text))
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected {expected}, not {text!r}") from None

    return convert


def _digits(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError
    return int(text)


def _aliases(text: str) -> str | dict[str, str]:
    if text in ("ucsc", "ensembl"):
        return text
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(name and target for name, _, target in pairs):
        raise argparse.ArgumentTypeError(
            f"expected ucsc, ensembl or FROM=TO,FROM=TO,..., not {text!r}"
        )
    return {name: target for name, _, target in pairs}


def share(text: str) -> float:
    """Return the value of a flag for a share, 0 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1, not {text!r}")
    return value


def _share_or_none(text: str) -> float | None:
    return None if text.lower() == "none" else share(text)


def names_of(text: str) -> list[str]:
    """Return the value of a flag for names with commas between them."""
    names = [name for name in text.split(",") if name]
    if not names:
        raise argparse.ArgumentTypeError(f"expected NAME,NAME,..., not {text!r}")
    return names


def mapping_of(args: argparse.Namespace) -> dict[str, Any]:
    """Return the mapping options that were given, as keywords."""
    return {name: getattr(args, name) for name in MAPPING_NAMES if hasattr(args, name)}
