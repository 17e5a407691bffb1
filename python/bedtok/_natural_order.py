# SPDX-License-Identifier: BSD-2-Clause
"""The order of chromosomes for people: chr2 before chr10."""

from __future__ import annotations


def natural_key(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return a key that sorts chr2 before chr10."""
    parts: list[tuple[bool, int, str]] = []
    digits = ""
    for char in name + "\0":
        if char.isascii() and char.isdigit():
            digits += char
            continue
        if digits:
            parts.append((False, int(digits), ""))
            digits = ""
        parts.append((True, 0, char))
    return tuple(parts)
