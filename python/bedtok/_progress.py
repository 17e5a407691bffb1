# SPDX-License-Identifier: BSD-2-Clause
"""The progress bar of long calls."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


@contextlib.contextmanager
def progress_bar(total: int, progress: bool | None, *, unit: str = "file") -> Iterator[Any]:
    """Yield a function to call after each file, which advances a progress bar if one is shown.

    The function takes how many were done, by default one.

    Args:
        total: Number of files.
        progress: Whether to show it; None: if standard error is a terminal and tqdm is installed.
        unit: The word for what is counted.

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


def with_progress(
    items: Sequence[Item], progress: bool | None, *, unit: str = "file"
) -> Iterator[Item]:
    """Yield items, with a bar that advances behind each; args and errors as ``progress_bar``.

    A single item has a bar only where it is asked for: it would stand still until the end.
    """
    alone = progress is None and len(items) < 2
    with progress_bar(len(items), False if alone else progress, unit=unit) as advance:
        for item in items:
            yield item
            advance()
