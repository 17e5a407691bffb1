# SPDX-License-Identifier: BSD-2-Clause
"""What ``bedtok --version`` prints: what a report of a bug or of a speed must name."""

from __future__ import annotations

import platform

import numpy as np

from bedtok import _core
from bedtok._checks import count_threads


def version_text() -> str:
    """Return the version, and below it how this bedtok was built and what it runs on."""
    zlib = f"zlib {_core.zlib_version}"
    isal = f"ISA-L {_core.isal_version}"
    lines = {
        ".gz files": f"read by {isal if _core.isal_version else zlib}, written by {zlib}",
        "compiler": _core.compiler,
        "threads": str(count_threads(None)),
        "Python": f"{platform.python_version()}, NumPy {np.__version__}",
        "system": f"{platform.system()} {platform.machine()}",
    }
    return "\n".join([f"bedtok {_core.__version__}", *(f"{k}: {v}" for k, v in lines.items())])
