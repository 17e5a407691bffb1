# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok train``: token ids in, a trained Atacformer model out."""

from __future__ import annotations

import argparse
import warnings
from typing import Any

from bedtok import _train_options
from bedtok.cli._arguments import add_command
from bedtok.cli._files import open_output


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands,
        "train",
        "token ids in, a trained Atacformer model out",
        _run,
        _train_options.EPILOG,
    )
    _train_options.add_arguments(command)


def _run(args: argparse.Namespace) -> None:
    config = _train_options.completed(_train_options.given_config(args))
    if args.print_config:
        with open_output(None) as file:
            file.write(_train_options.to_toml(config).encode())
        return
    if missing := _train_options.missing_fields(config):
        flags = ", ".join(f"{_train_options.flag_of(field)} ({field})" for field in missing)
        args.usage_error(f"missing: {flags}")
    from bedtok.atacformer.train import train_and_report

    # Once each: PyTorch may repeat one at every step.
    warnings.simplefilter("default", UserWarning)
    train_and_report(config, args.resume)
