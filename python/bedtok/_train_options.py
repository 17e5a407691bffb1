# SPDX-License-Identifier: BSD-2-Clause
"""What ``bedtok train`` can be told: its options with their defaults, its config file, its flags.

Known without PyTorch, so that ``--help`` and ``--print-config`` answer at once and everywhere.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bedtok._core import ConfigError

Config = dict[str, dict[str, Any]]  # tables, their fields, values as TOML has them

CONFIG_NAME = "train.toml"  # of the configuration in the folder of a training
OBJECTIVES = ("replaced_tokens", "masked_tokens", "triplets")


class Option(NamedTuple):
    """A field of the configuration.

    Attributes:
        default: None: it is not set.
        kind: bool, int, float, str, or list of str.
        about: What it means, on one line.
    """

    default: Any
    kind: type
    about: str


# "thesis" is that on Atacformer, "geniml" what its version 0.8.4 fixes in its code.
OPTIONS: dict[str, dict[str, Option]] = {
    "data": {
        "train": Option([], list, "Parquet files, folders of them, or folders of save_to_disk"),
        "eval": Option([], list, "the same, to measure the loss on"),
        "universe": Option(None, str, "BED file, saved folder or Hub name of the tokenizer"),
        "max_length": Option(None, int, "of longer samples so many tokens; not set: the context"),
        "label_column": Option(None, str, "of the data, for the objective triplets"),
    },
    "objective": {
        "name": Option("replaced_tokens", str, "or " + " or ".join(OBJECTIVES[1:])),
        "replaced_token_probability": Option(0.45, float, "of each token to be drawn anew; thesis"),
        "masked_token_probability": Option(0.15, float, "of each token to be predicted; BERT"),
    },
    "model": {
        "init_from": Option(None, str, "folder or Hub name of a model to go on from"),
        "max_position_embeddings": Option(8192, int, "the context, in tokens; thesis"),
        "hidden_size": Option(192, int, "thesis"),
        "intermediate_size": Option(768, int, "thesis"),
        "num_hidden_layers": Option(6, int, "thesis"),
        "num_attention_heads": Option(8, int, "thesis"),
        "use_pos_embeddings": Option(False, bool, "regions have no order of reading"),
        "hidden_act": Option("relu", str, "geniml"),
        "hidden_dropout": Option(0.1, float, "geniml"),
        "attention_dropout": Option(0.1, float, "geniml"),
        "embedding_dropout": Option(0.0, float, "geniml"),
        "norm_eps": Option(1e-5, float, "geniml"),
        "initializer_range": Option(0.02, float, "geniml"),
        "initializer_cutoff_factor": Option(2.0, float, "geniml"),
        "tie_word_embeddings": Option(True, bool, "masked_tokens predicts by the embeddings"),
        "sparse_prediction": Option(True, bool, "masked_tokens scores masked tokens alone"),
        "discriminator_hidden_size": Option(None, int, "not set: hidden_size"),
        "classifier_dropout": Option(None, float, "not set: hidden_dropout"),
        "triplet_margin": Option(1.0, float, "how much farther negatives shall be; geniml"),
        "triplet_p": Option(2.0, float, "the norm of distances; geniml"),
        "num_batches": Option(None, int, "this and the next three are of batch correction"),
        "lambda_adv": Option(1.0, float, "geniml"),
        "grl_alpha": Option(1.0, float, "geniml"),
        "bc_unfreeze_last_n_layers": Option(2, int, "geniml"),
    },
    "training": {
        "output_dir": Option(None, str, "the folder for checkpoints and, in the end, the model"),
        "learning_rate": Option(1.5e-4, float, "thesis"),
        "lr_scheduler_type": Option("cosine", str, "thesis"),
        "warmup_steps": Option(500, int, "thesis"),
        "optim": Option("adamw_torch", str, "AdamW; thesis"),
        "per_device_train_batch_size": Option(8, int, "of each process; transformers"),
        "num_train_epochs": Option(3.0, float, "transformers"),
        "max_steps": Option(-1, int, "above 0 it replaces num_train_epochs"),
        "seed": Option(42, int, "of new weights, order, replacements and dropout; transformers"),
        "logging_steps": Option(50, int, ""),
        "save_steps": Option(500, int, "from one checkpoint to the next; transformers"),
        "save_total_limit": Option(2, int, "checkpoints kept, the oldest go"),
        "report_to": Option(["none"], list, "or tensorboard, wandb ..."),
    },
}
_OF_TOKENIZER = (
    "vocab_size",
    *(f"{role}_token_id" for role in ("pad", "eos", "bos", "cls", "sep")),
)
_SOURCES = ("thesis", "geniml", "transformers")
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list of texts",
}


def defaults() -> Config:
    """Return every option that has a default, with it."""
    return {
        table: {
            name: option.default for name, option in options.items() if option.default is not None
        }
        for table, options in OPTIONS.items()
    }


def completed(given: Mapping[str, Mapping[str, Any]]) -> Config:
    """Return a checked configuration with defaults for what it does not say.

    With ``model.init_from`` the other fields of ``model`` are those of that model, not defaults;
    ``training.warmup_ratio`` takes the place of the default of ``warmup_steps``.

    Raises:
        ConfigError: A table or a field is not known, or a value is not of its type.
    """
    fields_of = checked(given)
    result = defaults()
    if fields_of.get("model", {}).get("init_from"):
        result["model"] = {}
    if "warmup_ratio" in fields_of.get("training", {}):  # Trainer prefers steps
        del result["training"]["warmup_steps"]
    for table, fields in fields_of.items():
        result[table].update(fields)
    return result


def checked(given: Mapping[str, Mapping[str, Any]], where: str = "") -> Config:
    """Return tables with values of their types, without those that are None.

    Fields of ``training`` that have no default here are left to ``TrainingArguments``.

    Args:
        given: Tables.
        where: What messages begin with.

    Raises:
        ConfigError: A table or a field is not known, or a value is not of its type.
    """
    prefix = f"{where}: " if where else ""
    result: Config = {}
    for table, fields in given.items():
        if table not in OPTIONS:
            raise ConfigError(f"{prefix}[{table}] is not known{nearest(table, OPTIONS)}")
        if not isinstance(fields, Mapping):
            raise ConfigError(f"{prefix}{table} is {fields!r}, expected a table: [{table}]")
        result[table] = {}
        for name, value in fields.items():
            if value is None:
                continue
            try:
                result[table][name] = check_value(table, name, value)
            except ConfigError as error:
                raise ConfigError(f"{prefix}{error}") from None
    return result


def check_value(table: str, name: str, value: Any) -> Any:
    """Return the value of a field in its type.

    Raises:
        ConfigError: The field is not known, or the value is of another type.
    """
    known = OPTIONS[table]
    if name not in known:
        if table == "training":
            return value
        if table == "model" and name in _OF_TOKENIZER:
            raise ConfigError(f"model.{name} is that of the tokenizer and cannot be set")
        raise ConfigError(f"{table}.{name} is not known{nearest(name, known, table)}")
    return of_kind(known[name].kind, value, f"{table}.{name}")


def of_kind(kind: type, value: Any, what: str) -> Any:
    """Return a value as a kind of ``Option``: a whole number is a number, a text a list of one.

    Raises:
        ConfigError: It is of another type.
    """
    if kind is list and isinstance(value, str):
        return [value]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if not fits or (kind is list and not all(isinstance(item, str) for item in value)):
        raise ConfigError(f"{what} is {value!r}, expected {_WORDS[kind]}")
    return value


def nearest(
    name: str,
    known: Iterable[str],
    table: str | None = None,
    remedy: str = "--print-config shows the names",
) -> str:
    """Return the end of a message: which known name was meant, all of a few, or the remedy."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0] if table is None else f'{table}.{close[0]}'}?"
    if len(known) <= 8:
        return f"; expected one of: {', '.join(known)}"
    return f"; {remedy}"


# ---- TOML


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read and check a config file.

    Raises:
        ConfigError: It is not TOML, or says something that is not known.
        OSError: It cannot be read.
    """
    try:
        given = _parse_toml(Path(path).read_text(encoding="utf-8-sig"))
    except ValueError as error:  # of TOML, or of UTF-8
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else f"{path}"
        raise ConfigError(f"{where}: not TOML: {' '.join(str(error).split())}") from None
    return checked(given, str(path))


def to_toml(config: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a configuration as TOML that says what its fields mean; what is not set is a comment.

    Args:
        config: As ``completed`` returns it.
    """
    lines = ["# bedtok train. [training] takes every field of transformers.TrainingArguments."]
    for table, options in OPTIONS.items():
        lines += ["", f"[{table}]"]
        values = config[table]
        for name, option in options.items():
            value = values.get(name)
            line = f"# {name} =" if value is None else f"{name} = {_toml(value)}"
            about = _about(option, value)
            lines.append(f"{line}  # {about}" if about else line)
        lines += [f"{name} = {_toml(values[name])}" for name in values if name not in options]
    return "\n".join(lines) + "\n"


def _about(option: Option, value: Any) -> str:
    """Return what a field means; where its default comes from says nothing of another value."""
    if value == option.default:
        return option.about
    about = option.about.partition(";")[0]
    return "" if about in _SOURCES else about


def _parse_toml(text: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_toml(str(k))} = {_toml(v)}" for k, v in value.items()) + "}"
    return str(value)  # numbers, dates


# ---- the command line

EPILOG = """Every option is a field of the config: --print-config shows all of them, as the file and
the flags beside it set them.

examples:
  bedtok train --data tokens/ --universe universe.bed.gz --out model/
  bedtok train --config model.toml --set training.learning_rate=1e-4 --set training.bf16=true
  bedtok train --resume --out model/
  torchrun --nproc-per-node=2 -m bedtok.atacformer.train --config model.toml
"""


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add what ``bedtok train`` takes."""
    command.add_argument(
        "--config", metavar="TOML", help="a file of what --print-config prints, or a part of it"
    )
    for flag, table, name in _FLAGS:
        option = OPTIONS[table][name]
        several = {"nargs": "+"} if option.kind is list else {}
        metavar = flag[2:].upper().replace("-", "_")
        about = f"{option.about} ({table}.{name})"
        command.add_argument(flag, metavar=metavar, help=about, **several)  # type: ignore[arg-type]
    command.add_argument(
        "--set",
        metavar="TABLE.FIELD=VALUE",
        action="append",
        default=[],
        type=_override,
        help="any other field of the config, with its value as in TOML; may come several times",
    )
    command.add_argument(
        "--resume",
        action="store_true",
        help=f"go on from the last checkpoint in --out; without --config as {CONFIG_NAME} there "
        "says. Without a checkpoint: from the beginning",
    )
    command.add_argument(
        "--print-config", action="store_true", help="print the config as TOML, and end"
    )


_FLAGS = (
    ("--data", "data", "train"),
    ("--eval-data", "data", "eval"),
    ("--universe", "data", "universe"),
    ("--out", "training", "output_dir"),
    ("--init-from", "model", "init_from"),
)


def given_config(args: argparse.Namespace) -> Config:
    """Return what the config file and the command line say, the latter on top.

    Raises:
        ConfigError, OSError: As ``read_config``.
    """
    overrides: list[tuple[str, str, Any]] = []
    for flag, table, name in _FLAGS:
        value = getattr(args, flag[2:].replace("-", "_"))
        if value is not None:
            overrides.append((table, name, value))
    overrides += args.set
    path = args.config
    if path is None and args.resume:
        out = next((v for t, n, v in overrides[::-1] if (t, n) == ("training", "output_dir")), None)
        saved = None if out is None else Path(out, CONFIG_NAME)
        path = saved if saved is not None and saved.exists() else None
    given: Config = {} if path is None else read_config(path)
    for table, name, value in overrides:
        given.setdefault(table, {})[name] = value
    return given


def missing_fields(config: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the fields that a training cannot do without, and that are not set."""
    needed = [("data", "train"), ("training", "output_dir")]
    if not config["model"].get("init_from"):  # a model comes with its tokenizer
        needed.insert(1, ("data", "universe"))
    return [f"{table}.{name}" for table, name in needed if not config[table].get(name)]


def flag_of(field: str) -> str:
    """Return the flag that stands for a field."""
    return next(flag for flag, table, name in _FLAGS if field == f"{table}.{name}")


def _override(text: str) -> tuple[str, str, Any]:
    """Parse TABLE.FIELD=VALUE; a value that is not TOML is a text."""
    place, equals, value = text.partition("=")
    table, dot, name = place.strip().partition(".")
    if not (equals and dot and name):
        raise argparse.ArgumentTypeError(f"expected TABLE.FIELD=VALUE, not {text!r}")
    option = OPTIONS.get(table, {}).get(name)
    given: Any = value
    with contextlib.suppress(ValueError):
        parsed = _parse_toml(f"value = {value}")
        if parsed.keys() == {"value"}:
            given = parsed["value"]
    if option is not None and option.kind is str and not isinstance(given, str):
        given = value  # 2024 may be the name of a column
    elif option is not None and option.kind is float and isinstance(given, str):
        with contextlib.suppress(ValueError):  # TOML does not take .5
            given = float(given)
    try:
        return table, name, checked({table: {name: given}})[table][name]
    except ConfigError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
