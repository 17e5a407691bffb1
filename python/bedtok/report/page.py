# SPDX-License-Identifier: BSD-2-Clause
"""A page of its own: style, script and pictures in one file that asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from collections.abc import Sequence

from bedtok import _core
from bedtok._html import Html
from bedtok.report.elements import element, join


def page(title: str, intro: object, sections: Sequence[tuple[str, str, Html]]) -> str:
    """Return a page of HTML.

    A policy in it forbids scripts other than its own, whatever a name in the page holds.

    Args:
        title: The title.
        intro: The text below it.
        sections: Anchor, heading and content of each section.
    """
    style, script = _file("page.css"), _file("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"bedtok {_core.__version__}"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{title} - bedtok"),
        element("style", Html(style)),
    )
    links = [
        element("li", element("a", heading, href=f"#{anchor}")) for anchor, heading, _ in sections
    ]
    body = element(
        "body",
        element("a", "Skip to the content", href="#content", class_="skip"),
        element("header", element("h1", title), intro),
        element("nav", element("ul", *links), aria_label="Sections"),
        element(
            "main",
            *(
                element(
                    "section",
                    element("h2", heading, id=f"{anchor}-heading"),
                    content,
                    id=anchor,
                    aria_labelledby=f"{anchor}-heading",
                )
                for anchor, heading, content in sections
            ),
            id="content",
        ),
        element("footer", f"Made by bedtok {_core.__version__}."),
        element("script", Html(script)),
    )
    return "<!DOCTYPE html>\n" + element("html", head, Html("\n"), body, lang="en") + "\n"


def note(*content: object) -> Html:
    """Return a paragraph in the softer colour."""
    return element("p", *content, class_="soft")


def tiles(facts: Sequence[tuple[str, str, str]]) -> Html:
    """Return facts as tiles: name, value, and a text below."""
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", name),
                element("dd", element("strong", value), element("span", below, class_="soft")),
            )
            for name, value, below in facts
        ),
        class_="tiles",
    )


class Column:
    """A column of a table.

    Args:
        name: Its heading.
        number: Whether its cells are numbers, which stand right and sort by value.
    """

    def __init__(self, name: str, number: bool = False) -> None:
        self.name = name
        self.number = number


class Cell:
    """A cell of a table: what it shows, and the value that it sorts by."""

    def __init__(self, shown: object, value: float | None = None) -> None:
        self.shown = shown
        self.value = value


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[Cell]],
    *,
    name: str | None = None,
) -> Html:
    """Return a table whose first column names the rows.

    Args:
        caption: A line above it.
        columns: Its columns.
        rows: Its rows.
        name: An id; with one, the table sorts by its headings and has a field that filters it.
    """
    headings = []
    for column in columns:
        inner: object = column.name
        if name is not None:
            arrow = element("span", "", class_="arrow", aria_hidden="true")
            inner = element("button", column.name, arrow, type="button")
        style = "number" if column.number else None
        headings.append(element("th", inner, scope="col", class_=style))
    lines = [
        element(
            "tr",
            *(
                element(
                    "th" if i == 0 else "td",
                    cell.shown,
                    scope="row" if i == 0 else None,
                    class_="number" if column.number else None,
                    data_value=cell.value,
                )
                for i, (column, cell) in enumerate(zip(columns, row, strict=True))
            ),
        )
        for row in rows
    ]
    content = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *headings)),
        element("tbody", *lines),
        id=name,
        class_=None if name is None else "sorts",
    )
    scroll = element("div", content, class_="scroll", tabindex=0, role="region", aria_label=caption)
    if name is None:
        return scroll
    field = element(
        "p",
        element("label", "Filter by text ", for_=f"{name}-filter"),
        element("input", type="search", id=f"{name}-filter", autocomplete="off"),
        " ",
        element("span", f"{len(rows):,} rows", id=f"{name}-count", role="status", class_="soft"),
        class_="filter",
    )
    return join(field, scroll)


def _file(name: str) -> str:
    return importlib.resources.files("bedtok.report").joinpath(name).read_text("utf-8")
