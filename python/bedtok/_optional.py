# SPDX-License-Identifier: BSD-2-Clause
"""Libraries that are needed for some results alone."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, what: str, package: str | None = None) -> Any:
    """Import a module, or say what wanted it and how to get it.

    Args:
        module: Its name.
        what: What wants it.
        package: What pip calls it; None: as the first part of the module is called.

    Raises:
        ImportError: It is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = package or module.split(".")[0]
        raise ImportError(f"{what} needs {package}: pip install {package}") from error
