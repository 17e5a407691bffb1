# SPDX-License-Identifier: BSD-2-Clause
"""Files that get their name when they are complete."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Iterator


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Give a temporary name beside ``path`` to write to, which is renamed after success.

    A failure, or an interruption, removes what was written and leaves what was there before. A link
    stays a link, a file keeps its permissions, and a pipe or a device is written in place.

    Raises:
        OSError: Of what is written; it names ``path``, not the temporary name.
    """
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        yield target
        return
    folder, name = os.path.split(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "its folder does not exist", target)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        if os.path.exists(target):
            shutil.copymode(target, temporary)
        os.replace(temporary, target)
    except OSError as error:
        if error.filename is not None and os.fspath(error.filename) == temporary:
            error.filename, error.filename2 = target, None
        raise
    finally:
        with contextlib.suppress(OSError):  # it is there after a failure alone
            os.remove(temporary)
