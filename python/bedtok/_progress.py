# SPDX-License-Identifier: BSD-2-Clause
"""The progress bar of long calls."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def progress_bar(total: int, progress: bool | None) -> Iterator[Any]:
    """Yield a function to call after each file, which advances a progress bar if one is shown.

    Args:
        total: Number of files.
        progress: Whether to show it; None: if standard error is a terminal and tqdm is installed.

    Raises:
        ImportError: ``progress`` is true, and tqdm is not installed.
    """
    shown = sys.stderr.isatty() if progress is None else progress
    if not shown:
        yield lambda: None
        return
    try:
        from tqdm import tqdm
    except ImportError:
        if progress:
            raise ImportError("progress=True needs tqdm: pip install tqdm") from None
        yield lambda: None
        return
    with tqdm(total=total, unit="file") as bar:
        yield bar.update
