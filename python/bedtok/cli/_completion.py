# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok --print-completion``: what a shell completes behind ``bedtok``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

from bedtok._checks import import_optional

SHELLS = ("bash", "zsh")
# Arguments that are files or folders, by what the help calls them.
_FILES = (
    *("VOCAB", "BED", "PATH", "FILE", "FOLDER", "TOML", "LIST", "DATA", "EVAL_DATA"),
    *("UNIVERSE", "OUT", "MODEL", "CELLS", "LABELS", "INIT_FROM"),
)


class PrintCompletion(argparse.Action):
    """Print the completion of a shell, and end."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        try:
            print(completion_of(parser, str(values)))
        except ImportError as error:
            parser.error(str(error))
        parser.exit()


def completion_of(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the code that a shell evaluates; ImportError without shtab."""
    shtab = import_optional("shtab", "--print-completion")
    for action in _actions(parser):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    code: str = shtab.complete(parser, shell=shell)
    return code


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)
        else:
            yield action
