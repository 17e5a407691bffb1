# SPDX-License-Identifier: BSD-2-Clause
"""The progress bar of long calls."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def progress_bar(total: int, progress: bool | None, *, unit: str = "file") -> Iterator[Any]:
    """Yield a function to call after each file, which advances a progress bar if one is shown.

    The function takes how many were done, by default one.

    Args:
        total: Number of files.
        progress: Whether to show it; None: if standard error is a terminal and tqdm is installed.
        unit: What is counted, if not files.

    Raises:
        ImportError: ``progress`` is true, and tqdm is not installed.
    """
    shown = sys.stderr is not None and sys.stderr.isatty() if progress is None else progress
    if not shown:
        yield lambda done=1: None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from None
        yield lambda done=1: None
        return
    with tqdm(total=total, unit=unit) as bar:
        yield bar.update
