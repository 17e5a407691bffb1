# SPDX-License-Identifier: BSD-2-Clause
"""Files that get their name when they are complete."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str) -> Iterator[str]:
    """Give a temporary name beside ``path`` to write to, which is renamed after success.

    A failure, or an interruption, removes what was written and leaves what was there before.
    """
    temporary = f"{path}.tmp-{secrets.token_hex(4)}"
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
