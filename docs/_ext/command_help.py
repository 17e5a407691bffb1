# SPDX-License-Identifier: BSD-2-Clause
"""The directive ``command-help``: what a command of bedtok prints for ``--help``."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from bedtok.cli import command_parsers, make_parser


class CommandHelp(SphinxDirective):
    """The help of the parser, or of the command that the argument names."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        parser = make_parser()
        if self.arguments:
            parser = command_parsers(parser)[self.arguments[0]]
        with mock.patch.dict(os.environ, {"COLUMNS": "80", "NO_COLOR": "1"}):
            text = parser.format_help()
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Any) -> dict[str, bool]:
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True}
