# SPDX-License-Identifier: BSD-2-Clause
"""How much memory this process has, and had at its peak."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path


def peak_bytes() -> int:
    """Return the peak resident memory of this process."""
    # On Linux ru_maxrss begins with what the parent had, and VmHWM with nothing.
    try:
        return _status_bytes("VmHWM")
    except (OSError, IndexError):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024


def resident_bytes() -> int:
    """Return the resident memory of this process.

    Raises:
        OSError: The system does not tell; Linux does.
    """
    return _status_bytes("VmRSS")


def proportional_bytes() -> int:
    """Return the resident memory of this process, pages shared with n others by 1 / (n + 1).

    Raises:
        OSError: The system does not tell; Linux does.
    """
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return int(re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)[0]) * 1024


def reset_peak() -> None:
    """Let the peak begin anew, with what is resident now.

    Raises:
        OSError: The system cannot; Linux can.
    """
    Path("/proc/self/clear_refs").write_text("5")


def _status_bytes(name: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+) kB", status)[0]) * 1024
