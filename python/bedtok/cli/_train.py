# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok train``: token ids in, a trained Atacformer model out."""

from __future__ import annotations

import argparse
import contextlib
import warnings
from pathlib import Path
from typing import Any

from bedtok._core import ConfigError
from bedtok._files import parse_toml
from bedtok.cli._arguments import add_command
from bedtok.cli._files import open_output
from bedtok.train.config_file import read_config, to_toml
from bedtok.train.options import (
    CONFIG_NAME,
    OBJECTIVES,
    OPTIONS,
    PRESETS,
    Config,
    missing_fields,
    validate,
    with_defaults,
)

_EPILOG = """Every option is a field of the config. --print-config prints the config that the
file and the flags result in.

examples:
  bedtok train --data tokens/ --universe universe.bed.gz --out model/
  bedtok train cells.parquet --labels cells.tsv --objective classify --eval-fraction 0.1 \
    --universe universe.bed.gz --out classifier/
  bedtok train --config model.toml --set training.learning_rate=1e-4 --set training.bf16=true
  bedtok train --resume --out model/
  torchrun --nproc-per-node=2 -m bedtok train --config model.toml
"""
_FLAGS = (
    ("--data", "data", "train"),
    ("--eval-data", "data", "eval"),
    ("--labels", "data", "labels"),
    ("--label-column", "data", "label_column"),
    ("--batch-column", "data", "batch_column"),
    ("--eval-fraction", "data", "eval_fraction"),
    ("--eval-batches", "data", "eval_batches"),
    ("--objective", "objective", "name"),
    ("--universe", "data", "universe"),
    ("--out", "training", "output_dir"),
    ("--init-from", "model", "init_from"),
)


def add_parser(commands: Any) -> None:
    """Add the parser of the command."""
    command = add_command(
        commands, "train", "token ids in, a trained Atacformer model out", _run, _EPILOG
    )
    command.add_argument(
        "--config", metavar="TOML", help="config file: the output of --print-config or a part of it"
    )
    command.add_argument(
        "--preset",
        choices=tuple(PRESETS),
        help="defaults of fields that are not given: those of the thesis on Atacformer, or linear, "
        "a classifier without layers that trains in minutes; default: that of --config "
        "(objective.preset), else linear for a new model of --objective classify, else thesis",
    )
    command.add_argument("data_files", metavar="DATA", nargs="*", help="the same as --data")
    for flag, table, name in _FLAGS:
        option = OPTIONS[table][name]
        more: dict[str, Any] = {"metavar": flag[2:].upper().replace("-", "_")}
        if option.kind is list:
            more["nargs"] = "+"
        if option.kind is float:
            more["type"] = float
        if flag == "--objective":
            more = {"choices": OBJECTIVES}
        command.add_argument(flag, help=f"{option.help} ({table}.{name})", **more)
    command.add_argument(
        "--set",
        metavar="TABLE.FIELD=VALUE",
        action="append",
        default=[],
        type=_parse_override,
        help="any other field of the config, with its value as in TOML; may be repeated",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help="resume from the last checkpoint in --out, or start if there is none; without "
        f"--config, {CONFIG_NAME} in that folder is the config",
    )
    command.add_argument("--print-config", action="store_true", help="print the config as TOML")


def _run(args: argparse.Namespace) -> None:
    config = with_defaults(_given_config(args), args.preset)
    if args.print_config:
        with open_output(None) as file:
            file.write(to_toml(config).encode())
        return
    if missing := missing_fields(config):
        flags = ", ".join(f"{_flag_of(field)} ({field})" for field in missing)
        args.usage_error(f"missing: {flags}")
    from bedtok.train.run import train_and_report

    # Once each: PyTorch may repeat one at every step.
    warnings.simplefilter("default", UserWarning)
    train_and_report(config, args.resume)


def _given_config(args: argparse.Namespace) -> Config:
    """Return the fields of the config file, overridden by those of the command line.

    Raises:
        ConfigError, OSError: As ``read_config``.
    """
    overrides: list[tuple[str, str, Any]] = []
    for flag, table, name in _FLAGS:
        value = getattr(args, flag[2:].replace("-", "_"))
        if value is not None:
            overrides.append((table, name, value))
    if args.data_files:
        if args.data is not None:
            args.usage_error(f"--data and {args.data_files[0]}: expected one of both")
        overrides.append(("data", "train", args.data_files))
    overrides += args.set
    path = args.config
    if path is None and args.resume:
        out = next((v for t, n, v in overrides[::-1] if (t, n) == ("training", "output_dir")), None)
        saved = None if out is None else Path(out, CONFIG_NAME)
        path = saved if saved is not None and saved.exists() else None
    config: Config = {} if path is None else read_config(path)
    for table, name, value in overrides:
        config.setdefault(table, {})[name] = value
    return config


def _flag_of(field: str) -> str:
    return next(flag for flag, table, name in _FLAGS if field == f"{table}.{name}")


def _parse_override(text: str) -> tuple[str, str, Any]:
    """Parse TABLE.FIELD=VALUE; a value that is not TOML is a text."""
    field, equals, literal = text.partition("=")
    table, dot, name = field.strip().partition(".")
    if not (equals and dot and name):
        raise argparse.ArgumentTypeError(f"expected TABLE.FIELD=VALUE, not {text!r}")
    option = OPTIONS.get(table, {}).get(name)
    value: Any = literal
    with contextlib.suppress(ValueError):
        parsed = parse_toml(f"value = {literal}")
        if parsed.keys() == {"value"}:
            value = parsed["value"]
    if option is not None and option.kind is str:
        value = value if isinstance(value, str) else literal  # 2024 may be the name of a column
    elif isinstance(value, str) and literal.lstrip(" +-").startswith("."):
        with contextlib.suppress(ValueError):  # .5 is no number in TOML
            value = float(literal)
    try:
        return table, name, validate({table: {name: value}})[table][name]
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
