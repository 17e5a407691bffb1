# SPDX-License-Identifier: BSD-2-Clause
"""The TOML config of gtars, parsed by Python's own library."""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path

from bedtok import _core
from bedtok._core import ConfigError


def tokenizer_from_toml(path: str) -> _core.Tokenizer:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        config = tomllib.loads(text, parse_float=_finite_or_text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        line = re.search(r"at line (\d+)", str(error))
        what = " ".join(str(error).split())
        where = f"{path}:{line[1]}" if line else path
        raise ConfigError(f"{where}: not TOML: {what}") from error
    # No key takes a date, so it only has to come out as something that is not a text.
    as_json = json.dumps(config, default=lambda date: {"date": str(date)})
    return _core.Tokenizer.from_config_json(as_json, path)


def _finite_or_text(number: str) -> float | str:
    """Return a number of a TOML file; JSON has no ``nan`` and ``inf``."""
    value = float(number)
    return value if math.isfinite(value) else number
