# SPDX-License-Identifier: BSD-2-Clause
"""The time of a remote file's last change, out of what servers and file systems say."""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import Mapping
from typing import Any

from bedtok._remote.url import State

_TIMES = (
    "LastModified",
    "Last-Modified",
    "last_modified",
    "updated",
    "mtime",
    "modified",
    "created",
)
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "checksum")


def state_of_info(info: Mapping[str, Any]) -> State:
    """Return the state of a file by what ``info`` of an fsspec file system says."""
    size = info.get("size")
    changed = next((info[name] for name in _TIMES if info.get(name)), None)
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), None)
    return State(int(size) if size is not None else None, stamp(_seconds(changed), tag))


def stamp(seconds: float | None, tag: str | None) -> int | None:
    """Return a time of change in nanoseconds, None if it is not known.

    Servers count whole seconds. Below them come nine digits of the file's ETag, so that two
    contents of one second and one size differ.
    """
    if seconds is None:
        return None
    if tag is None or seconds % 1:
        return round(seconds * 1e9)
    import hashlib

    digest = hashlib.blake2b(tag.encode(), digest_size=8).digest()
    return int(seconds) * 10**9 + int.from_bytes(digest, "big") % 10**9


def _seconds(value: object) -> float | None:
    if isinstance(value, str):
        try:
            if value.endswith("GMT"):  # as web servers write it
                value = email.utils.parsedate_to_datetime(value)
            else:
                value = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except (TypeError, ValueError):
            return None
    if isinstance(value, datetime.datetime):
        if value.tzinfo is None:
            value = value.replace(tzinfo=datetime.timezone.utc)
        return value.timestamp()
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None
