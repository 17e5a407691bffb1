# SPDX-License-Identifier: BSD-2-Clause
"""The command line ``bedtok``: tokenize, inspect, report, decode, train, embed, universe.

Works on the compiled module's strict types: a path or stdin becomes columns, columns become ids,
ids become bytes. Results go to stdout, everything else to stderr.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any

from bedtok._checks import did_you_mean
from bedtok._files import is_url, source_path
from bedtok.cli import _decode, _embed, _inspect, _report, _tokenize, _train, _universe
from bedtok.cli._arguments import EXIT_CODES
from bedtok.cli._completion import SHELLS, PrintCompletion
from bedtok.cli._messages import log, message_of, show_warning
from bedtok.cli._version import version_text

OK, FAILED, USAGE, INTERRUPTED, CLOSED_PIPE = 0, 1, 2, 130, 141


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
        warnings.showwarning = show_warning
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
            log(message_of(error))
            try:
                sys.stdout.flush()
            except (OSError, ValueError, AttributeError):
                _abandon_stdout()  # on a full disk Python would fail again when it exits
            return FAILED
    return OK


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line, with a parser for each command."""
    parser = argparse.ArgumentParser(
        prog="bedtok",
        description="Genomic regions to the token ids of a pre-trained model, and back.",
        epilog="examples:\n"
        "  bedtok tokenize databio/atacformer-base-hg38 sample.bed.gz\n"
        "  bedtok inspect sample.bed.gz --vocab universe.bed.gz\n"
        "  bedtok decode universe.bed.gz 0 1 2\n"
        "\n'bedtok COMMAND --help' shows the options.\n\n" + EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=version_text())
    parser.add_argument(
        "--print-completion",
        action=PrintCompletion,
        choices=SHELLS,
        help='print what a shell completes; in ~/.bashrc: eval "$(bedtok --print-completion bash)"',
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    _tokenize.add_parser(commands)
    _inspect.add_parser(commands)
    _report.add_parser(commands)
    _decode.add_parser(commands)
    _train.add_parser(commands)
    _embed.add_parser(commands)
    _universe.add_parser(commands)
    return parser


def command_parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of the commands, by name, of what ``make_parser`` returned."""
    (commands,) = (action for action in parser._actions if action.dest == "command")
    return dict(commands.choices or {})


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = make_parser()
    commands = command_parsers(parser)
    argv = [_safe_to_show(word) for word in argv]
    if argv and argv[0] in commands:
        name, rest = argv[0], argv[1:]
        command = commands[name]
        parts: dict[str, argparse.ArgumentParser] = command.get_default("parts") or {}
        if parts:
            if not rest or rest[0] not in parts:
                if rest and not rest[0].startswith("-"):
                    command.error(f"{rest[0]!r} is not a command: {did_you_mean(rest[0], parts)}")
                command.parse_args(rest)
                command.error("expected a command: " + ", ".join(parts))
            name, rest, command = f"{name} {rest[0]}", rest[1:], parts[rest[0]]
        # Intermixed: people type `tokenize VOCAB --tokens a.bed`, and the plain parser gives up the
        # optional positionals at the first option.
        args, unknown = command.parse_known_intermixed_args(rest)
        if unknown:
            command.error(_unknown_arguments(unknown, command))
        for field, value in vars(args).items():  # those of --flag=URL
            setattr(args, field, _safe_to_show(value))
        args.command = name
        args.usage_error = command.error
        return args
    if argv and not argv[0].startswith("-"):
        parser.error(f"{argv[0]!r} is not a command: {did_you_mean(argv[0], commands)}")
    _, unknown = parser.parse_known_args(argv)
    if unknown:
        parser.error(_unknown_arguments(unknown, parser))
    parser.error("expected a command: " + ", ".join(commands))


def _safe_to_show(value: Any) -> Any:
    """Return URLs in the form that messages show without credentials; other values as they are."""
    if isinstance(value, list):
        return [_safe_to_show(item) for item in value]
    return source_path(value) if is_url(value) else value


def _unknown_arguments(unknown: Sequence[str], parser: argparse.ArgumentParser) -> str:
    words = [word.partition("=") if word.startswith("--") else ("", "", word) for word in unknown]
    shown = [f"{flag}{equals}{_safe_to_show(value)}" for flag, equals, value in words]
    text = "unrecognized arguments: " + " ".join(shown)
    option = next((word.partition("=")[0] for word in unknown if word.startswith("--")), None)
    if option is None:
        return text
    known = [name for action in parser._actions for name in action.option_strings]
    names = [name for name in known if name.startswith("--")]
    remedy = f"'{parser.prog} --help' lists the options"
    return f"{text}; {did_you_mean(option, names, remedy)}"


def _abandon_stdout() -> None:
    """Discard buffered output, or Python complains about the closed pipe when it exits."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
