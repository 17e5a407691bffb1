# SPDX-License-Identifier: BSD-2-Clause
"""Elements of HTML and SVG: every text in them is escaped where they are made."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from bedtok._checks import printable
from bedtok._html import Html

_EMPTY = {"br", "col", "input", "link", "meta"}  # elements without an end


def element(name: str, /, *children: object, **attributes: object) -> Html:
    """Return an element.

    Args:
        name: Its name.
        *children: Its content: ``Html`` as it is, None not at all, all else as escaped text.
        **attributes: Its attributes. ``_`` in names stands for ``-``, at the end for nothing
            (``class_``); True is an attribute without a value, None and False are none.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*children)}</{name}>")


def join(*children: object) -> Html:
    """Return elements and texts one after the other."""
    return Html("".join(_text(child) for child in children if child is not None))


def json_data(name: str, value: Any) -> Html:
    """Return a block of JSON that a script reads by its id; no text in it can end the block."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Html(f'<script type="application/json" id="{name}">{text}</script>')


def shorten(text: str, length: int) -> str:
    """Return a text cut off in its middle, where it is longer."""
    if len(text) <= length:
        return text
    half = (length - 1) // 2
    return f"{text[: length - 1 - half]}…{text[len(text) - half :]}"


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = name.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(_plain(value))}"'


def _text(value: object) -> str:
    return value if isinstance(value, Html) else escape(_plain(value), quote=False)


def _plain(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return printable(str(value))
