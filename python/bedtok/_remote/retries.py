# SPDX-License-Identifier: BSD-2-Clause
"""Transfers that are tried again: how often, after which time, and what is not worth it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

TRIES = 5
_FIRST_WAIT = 0.5  # seconds; then twice as many each time
_LONGEST_WAIT = 60.0


# Set when nobody waits any more for the transfers that have begun; others begin with a new one.
_stop = threading.Event()


def stop_signal() -> threading.Event:
    """Return the event that tells a transfer that begins now to end."""
    return _stop


def abandon_transfers() -> None:
    """Let the transfers of all threads end: the process was interrupted."""
    global _stop
    _stop.set()
    _stop = threading.Event()


def abandoned(url: str) -> OSError:
    """Return the error of a transfer that was told to end."""
    return OSError(errno.ECANCELED, "interrupted while it was read or written", str(url))


class Failure(Exception):
    """A transfer that failed.

    Attributes:
        error: What the caller is told.
        may_pass: Whether another try may succeed.
        wait: Seconds that the server asked to wait; None: it did not.
    """

    def __init__(self, error: Exception, may_pass: bool, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.may_pass = may_pass
        self.wait = wait


def retry(transfer: Callable[[], Result], most: int = TRIES) -> Result:
    """Return what ``transfer`` returns; call it again when it raises a Failure that may pass.

    Args:
        transfer: Begins anew each time.
        most: How often it is called.

    Raises:
        Exception: The ``error`` of the last Failure. It has no context: that of a library may show
            credentials.
    """
    stop = stop_signal()
    tries = 0
    while True:
        try:
            return transfer()
        except Failure as failure:
            failed = failure
        tries += 1
        if not failed.may_pass or tries >= most:
            break
        wait = _FIRST_WAIT * 2 ** (tries - 1) if failed.wait is None else failed.wait
        if stop.wait(min(wait, _LONGEST_WAIT)):
            break
    error = failed.error
    del failed  # its traceback holds this frame
    raise error
