# SPDX-License-Identifier: BSD-2-Clause
"""Read the TOML config of a gtars tokenizer."""

from __future__ import annotations

import json
import os
from typing import Any

from bedtok import _core
from bedtok._checks import OnError
from bedtok._core import ConfigError
from bedtok._files import checked_path, is_url, local_file, read_toml
from bedtok._tokenization.special_tokens import ROLES
from bedtok._tokenization.universe import tokenizer_from_bed


def tokenizer_from_toml(path: str, on_error: OnError = "raise") -> _core.Tokenizer:
    """Return the tokenizer that a TOML config of gtars describes.

    Args:
        path: The config, or its URL. Its ``universe`` is a BED file, relative to the config;
            ``special_tokens`` and ``tokenizer_type`` are optional.
        on_error: What a line of the universe that is not BED does.

    Raises:
        ConfigError: The file is not TOML, or a key, role or value in it is not allowed.
        OSError: The config or its universe cannot be read.
    """
    universe = None
    special_tokens: dict[str, str] = {}
    with local_file(path) as file:
        content = read_toml(file)
    for key, value in content.items():
        if key == "universe":
            universe = _text(value, path, key)
        elif key == "tokenizer_type":
            if _text(value, path, key) not in ("bits", "ailist"):
                raise ConfigError(f"{path}: tokenizer_type is '{value}', expected bits or ailist")
        elif key == "special_tokens":
            special_tokens = _special_tokens(value, path)
        else:
            raise ConfigError(
                f"{path}: the key '{key}' is not known, expected universe, special_tokens or "
                "tokenizer_type"
            )
    if not universe:
        raise ConfigError(f"{path}: universe is missing, expected the name of a BED file")
    return tokenizer_from_bed(_beside(path, checked_path(universe)), on_error, special_tokens)


def _beside(path: str, universe: str) -> str:
    """Return the path of the universe that a config names."""
    if not is_url(path):
        return os.path.join(os.path.dirname(path), universe)
    if os.path.isabs(universe) or ".." in universe.split("/"):
        raise ConfigError(
            f"{path}: universe is {universe!r}, expected a file in the folder of the config"
        )
    return path.sibling(universe)  # type: ignore[attr-defined, no-any-return]


def _special_tokens(entries: Any, path: str) -> dict[str, str]:
    """Return the spelling of each role that the config names."""
    if not isinstance(entries, list):
        raise ConfigError(
            f"{path}: special_tokens is {_as_json(entries)}, expected a list like "
            '[{name = "unk", token = "<unk>"}]'
        )
    spellings = {}
    for entry in entries:
        if not isinstance(entry, dict) or "name" not in entry or "token" not in entry:
            raise ConfigError(
                f"{path}: special_tokens has {_as_json(entry)}, expected an entry with name and "
                "token"
            )
        name = _text(entry["name"], path, "special_tokens.name")
        role = name.removesuffix("_token")
        if role not in ROLES:
            raise ConfigError(
                f"{path}: special_tokens names '{name}', expected unk, pad, mask, cls, eos, bos "
                "or sep"
            )
        spellings[role] = _text(entry["token"], path, "special_tokens.token")
    return spellings


def _text(value: Any, path: str, key: str) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{path}: {key} is {_as_json(value)}, expected a text")
    return value


def _as_json(value: Any) -> str:
    """Return a value as errors show it; JSON has no dates, so that one is an object."""
    return json.dumps(
        value, separators=(",", ":"), ensure_ascii=False, default=lambda date: {"date": str(date)}
    )
