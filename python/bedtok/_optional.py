# SPDX-License-Identifier: BSD-2-Clause
"""Libraries that are needed for some results alone."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, what: str) -> Any:
    """Import a module, or say what wanted it and how to get it.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        raise ImportError(f"{what} needs {package}: pip install {package}") from error
