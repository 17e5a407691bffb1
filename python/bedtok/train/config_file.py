# SPDX-License-Identifier: BSD-2-Clause
"""The config file of ``bedtok train``: read from TOML and written with comments."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from bedtok._files import is_url, read_toml, source_path
from bedtok.train.options import OPTIONS, Config, Option, validate

_SOURCES = ("thesis", "transformers")
_FREE_FIELDS = {
    "model": "every field of bedtok.atacformer.AtacformerConfig is accepted",
    "training": "every field of transformers.TrainingArguments is accepted",
}


def read_config(path: str | os.PathLike[str]) -> Config:
    """Read and validate a config file.

    Raises:
        ConfigError: It is not TOML, or has an unknown field or a value of another type.
        OSError: It cannot be read.
    """
    return validate(read_toml(path), str(path))


def to_toml(config: Config) -> str:
    """Return a configuration as TOML with the help of each option; unset options are comments.

    Args:
        config: Result of ``with_defaults``.
    """
    lines = ["# The configuration of bedtok train."]
    for table, options in OPTIONS.items():
        free = _FREE_FIELDS.get(table)
        lines += ["", f"[{table}]" + (f"  # {free}" if free else "")]
        values = config[table]
        for name, option in options.items():
            value = values.get(name)
            line = f"# {name} =" if value is None else f"{name} = {_to_toml(value)}"
            comment = _comment(option, value)
            lines.append(f"{line}  # {comment}" if comment else line)
        lines += [f"{name} = {_to_toml(values[name])}" for name in values if name not in options]
    return "\n".join(lines) + "\n"


def _comment(option: Option, value: Any) -> str:
    """Return the help of an option, with the source of its default if that is the value."""
    if value == option.default:
        return option.help
    text = option.help.partition(";")[0]
    return "" if text in _SOURCES else text


def _to_toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        if is_url(value):
            value = str(source_path(value))  # without its credentials
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_to_toml, value))}]"
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_to_toml(str(k))} = {_to_toml(v)}" for k, v in value.items()) + "}"
        )
    return str(value)  # numbers, dates
