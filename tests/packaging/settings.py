# SPDX-License-Identifier: BSD-2-Clause
"""Print a setting of cibuildwheel in pyproject.toml, words or a command: settings.py NAME."""

from __future__ import annotations

import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


def main() -> int:
    setting = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["cibuildwheel"][sys.argv[1]]
    print(setting if isinstance(setting, str) else " ".join(setting))
    return 0


if __name__ == "__main__":
    sys.exit(main())
