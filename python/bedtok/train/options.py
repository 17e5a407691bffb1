# SPDX-License-Identifier: BSD-2-Clause
"""The options of ``bedtok train``: their types, defaults and sources; completing and checking them.

It is free of PyTorch, so that ``--help`` and ``--print-config`` answer at once and everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bedtok._checks import did_you_mean
from bedtok._core import ConfigError

Config = dict[str, dict[str, Any]]  # tables of fields, with values as in TOML

CONFIG_NAME = "train.toml"  # the configuration in the folder of a training
OBJECTIVES = ("rtd", "mlm", "triplet", "classify")
LABELLED_OBJECTIVES = ("triplet", "classify")
EVALUATED = ("eval", "eval_fraction", "eval_batches")  # fields of data: what is evaluated on


class Option(NamedTuple):
    """A field of the configuration.

    Attributes:
        default: None if the field is not set.
        kind: bool, int, float, str, or list for a list of str.
        help: Description and source of the default, separated by a semicolon; either may be
            missing.
    """

    default: Any
    kind: type
    help: str


# "thesis" is the one on Atacformer.
OPTIONS: dict[str, dict[str, Option]] = {
    "data": {
        "train": Option([], list, "Parquet files, folders of them, or folders of save_to_disk"),
        "eval": Option([], list, "the same, for evaluation"),
        "universe": Option(None, str, "BED file, saved folder or Hub name of the tokenizer"),
        "max_length": Option(
            None, int, "tokens of a sample, longer ones are subsampled; the model's context"
        ),
        "labels": Option(
            None,
            str,
            "table of labels by barcode: TSV, CSV or Parquet; a column of the data",
        ),
        "label_column": Option(
            None, str, "column of labels; of a table, by default its only one, or label"
        ),
        "batch_column": Option(
            None, str, "column of batches, of the table or the data, for the evaluation"
        ),
        "eval_fraction": Option(None, float, "without eval: share of each label to hold out"),
        "eval_batches": Option(
            [], list, "without eval: batches to hold out; of batch_column, by default sample"
        ),
    },
    "objective": {
        "name": Option("rtd", str, "replaced token detection, or mlm, triplet or classify; thesis"),
        "preset": Option(
            None, str, "defaults of fields that are not given: thesis, or linear for a classifier"
        ),
        "replaced_token_probability": Option(0.45, float, "rtd: tokens to replace; thesis"),
        "masked_token_probability": Option(0.15, float, "mlm: tokens to predict; BERT"),
        "balanced_classes": Option(
            True, bool, "classify: classes count alike, however many cells have them"
        ),
        "mix_fraction": Option(
            0.0, float, "classify: highest share of a cell's regions from another of its class"
        ),
    },
    # Other fields have the defaults of AtacformerConfig.
    "model": {
        "init_from": Option(None, str, "folder or Hub name of a model to continue from"),
        "hidden_size": Option(192, int, "thesis"),
        "intermediate_size": Option(768, int, "thesis"),
    },
    "training": {
        "output_dir": Option(None, str, "folder of the checkpoints and the trained model"),
        "learning_rate": Option(1.5e-4, float, "thesis"),
        "lr_scheduler_type": Option("cosine", str, "thesis"),
        "warmup_steps": Option(500, int, "thesis"),
        "optim": Option("adamw_torch", str, "or adam, whose weight_decay is an L2 penalty; thesis"),
        "per_device_train_batch_size": Option(8, int, "of each process; transformers"),
        "num_train_epochs": Option(3.0, float, "transformers"),
        "max_steps": Option(-1, int, "if above 0, overrides num_train_epochs"),
        "min_steps": Option(0, int, "at least so many steps, by more epochs"),
        "seed": Option(42, int, "of weights, order, replacements and dropout; transformers"),
        "logging_steps": Option(50, int, ""),
        "save_steps": Option(500, int, "steps between checkpoints; transformers"),
        "save_total_limit": Option(2, int, "number of checkpoints kept"),
        "report_to": Option(["none"], list, "or tensorboard, wandb ..."),
    },
}
# What a preset sets in place of these defaults. "linear" is the recipe of docs/label-cells.md: a
# classifier that is linear in weighted regions, as its table of ablations found it.
PRESETS: dict[str, Config] = {
    "thesis": {},
    "linear": {
        "objective": {"mix_fraction": 0.5},
        "model": {
            "hidden_size": 64,
            "intermediate_size": 64,
            "num_hidden_layers": 0,
            "num_attention_heads": 1,
            "pooling": "weighted",
            "label_smoothing": 0.05,
        },
        "training": {
            "learning_rate": 5e-3,
            "lr_scheduler_type": "linear",
            "warmup_steps": 20,
            "optim": "adam",
            "weight_decay": 3e-4,
            "per_device_train_batch_size": 128,
            "per_device_eval_batch_size": 128,
            "num_train_epochs": 8.0,
            "min_steps": 300,  # few cells need more epochs
        },
    },
}
_FREE_TABLES = ("model", "training")  # take fields that have no option here
_OF_TOKENIZER = (
    "vocab_size",
    *(f"{role}_token_id" for role in ("pad", "eos", "bos", "cls", "sep")),
)
_KIND_NAMES = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list of texts",
}


def defaults() -> Config:
    """Return the options that have a default, with their defaults."""
    return {
        table: {
            name: option.default for name, option in options.items() if option.default is not None
        }
        for table, options in OPTIONS.items()
    }


def with_defaults(config: Mapping[str, Mapping[str, Any]], preset: str | None = None) -> Config:
    """Return a validated configuration with defaults for the fields that it does not set.

    With ``model.init_from`` the other fields of ``model`` are those of that model, not defaults;
    ``training.warmup_ratio`` replaces the default of ``warmup_steps``.

    Args:
        config: Validated tables of fields.
        preset: The defaults, a key of ``PRESETS``; None: ``objective.preset``, and without it
            ``"linear"`` for a new classifier, else ``"thesis"``. The result names it, so that the
            defaults stay the same when it is completed again.

    Raises:
        ConfigError: The preset is not known, or is for another objective.
    """
    result = defaults()
    given = config.get("objective", {})
    objective = given.get("name", result["objective"]["name"])
    further = bool(config.get("model", {}).get("init_from"))
    usual = "linear" if objective == "classify" and not further else "thesis"
    name = preset or given.get("preset") or usual
    if name not in PRESETS:
        raise ConfigError(f"preset is {name!r}, expected one of: {', '.join(PRESETS)}")
    if name == "linear" and (objective != "classify" or further):
        raise ConfigError(
            "preset is 'linear', which is for a new model with objective.name 'classify'; expected "
            "'thesis' here"
        )
    for table, values in PRESETS[name].items():
        result[table].update(values)
    if further:
        result["model"] = {}
    if "warmup_ratio" in config.get("training", {}):  # Trainer prefers steps
        del result["training"]["warmup_steps"]
    for table, fields in config.items():
        result[table].update(fields)
    result["objective"]["preset"] = name
    return result


def validate(config: Mapping[str, Mapping[str, Any]], source: str = "") -> Config:
    """Return the tables with coerced values, without fields that are None.

    Fields of ``model`` and ``training`` without an option here are those of ``AtacformerConfig``
    and ``TrainingArguments``, which are checked where these are imported.

    Args:
        config: Tables of fields.
        source: Start of error messages: the file.

    Raises:
        ConfigError: A table or field is unknown, or a value has another type.
    """
    prefix = f"{source}: " if source else ""
    result: Config = {}
    for table, fields in config.items():
        if table not in OPTIONS:
            raise ConfigError(f"{prefix}[{table}] is not known; {did_you_mean(table, OPTIONS)}")
        if not isinstance(fields, Mapping):
            raise ConfigError(f"{prefix}{table} is {fields!r}, expected a table: [{table}]")
        result[table] = {}
        for name, value in fields.items():
            if value is None:
                continue
            try:
                result[table][name] = _validate_field(table, name, value)
            except ConfigError as error:
                raise ConfigError(f"{prefix}{error}") from None
    return result


def _validate_field(table: str, name: str, value: Any) -> Any:
    options = OPTIONS[table]
    if name in options:
        return coerce(options[name].kind, value, f"{table}.{name}")
    if table == "model" and name in _OF_TOKENIZER:
        raise ConfigError(f"model.{name} is determined by the tokenizer and cannot be set")
    if table in _FREE_TABLES:
        return value
    raise ConfigError(f"{table}.{name} is not known; {did_you_mean(name, options)}")


def coerce(kind: type, value: Any, name: str) -> Any:
    """Return a value as a kind of ``Option``: an int as float, a text as a list of one.

    Raises:
        ConfigError: It has another type.
    """
    if kind is list and isinstance(value, str):
        return [value]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and not (kind is int and isinstance(value, bool))
    if not fits or (kind is list and not all(isinstance(item, str) for item in value)):
        raise ConfigError(f"{name} is {value!r}, expected {_KIND_NAMES[kind]}")
    return value


def missing_fields(config: Config) -> list[str]:
    """Return the required fields that are not set, as ``table.name``."""
    required = [("data", "train"), ("training", "output_dir")]
    if not config["model"].get("init_from"):  # a model comes with its tokenizer
        required.insert(1, ("data", "universe"))
    return [f"{table}.{name}" for table, name in required if not config[table].get(name)]
