# SPDX-License-Identifier: BSD-2-Clause
"""The heat map of similar samples: a small picture for each colour scheme, and a tree above it."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bedtok._html import Html
from bedtok.report.charts import scrolling
from bedtok.report.elements import element, join, json_data, shorten
from bedtok.report.similarity import Clusters

Float64s = npt.NDArray[np.float64]

_SIDE = 480
_LABELS = 40  # samples whose names stand beside the rows
_TREE = 60  # height of the tree
_HINT = "Point at a cell, or move by the arrow keys, to read its value."
_LEAST_SPAN = 0.05  # of the colours: samples without common tokens are not torn apart
# Colours of 0, 0.5 and 1, on a light and on a dark page.
_RAMPS = {
    "light": ((240, 244, 250), (95, 150, 205), (10, 48, 105)),
    "dark": ((30, 38, 46), (52, 110, 170), (190, 222, 255)),
}


def heat_map(names: Sequence[str], matrix: Float64s, clusters: Clusters | None) -> Html:
    """Return the heat map of a matrix of shares, with a tree above where there is one.

    A script of the page reads values out by mouse and arrow keys.

    Args:
        names: Names of the samples.
        matrix: (samples, samples), 0 to 1.
        clusters: The tree and its order; None: the order given.
    """
    order = list(range(len(names))) if clusters is None else clusters.order
    shown = matrix[np.ix_(order, order)]
    levels = np.rint(255 * shown).astype(np.uint8)
    # Of itself every sample has all tokens: the colours span what differs.
    apart = shown[~np.eye(len(names), dtype=bool)]
    highest = max(float(apart.max(initial=0.0)), _LEAST_SPAN)
    colours = np.rint(255 * np.minimum(shown / highest, 1)).astype(np.uint8)
    top = 0 if clusters is None else _TREE + 6
    labelled = len(names) <= _LABELS
    left = 0
    width = _SIDE + (200 if labelled else 0)
    parts: list[object] = [
        element(
            "image",
            href=f"data:image/png;base64,{_png(colours, ramp)}",
            x=left,
            y=top,
            width=_SIDE,
            height=_SIDE,
            class_=f"pixels only-{scheme}",
        )
        for scheme, ramp in _RAMPS.items()
    ]
    cell = _SIDE / len(names)
    if clusters is not None:
        for branch in clusters.branches:
            points = " ".join(
                f"{(x + 0.5) * cell:.1f},{_TREE - y * (_TREE - 4):.1f}" for x, y in branch
            )
            parts.append(element("polyline", points=points, class_="branch"))
    if labelled:
        size = min(max(cell * 0.8, 8), 12)
        for i, sample in enumerate(order):
            parts.append(
                element(
                    "text",
                    shorten(names[sample], 28),
                    x=_SIDE + 8,
                    y=top + (i + 0.5) * cell + size / 3,
                    font_size=size,
                    class_="name",
                )
            )
    cursor = element(
        "rect", x=0, y=top, width=cell, height=cell, id="heat-cursor", class_="cursor", hidden=True
    )
    drawing = element(
        "svg",
        *parts,
        cursor,
        viewBox=f"0 0 {width} {top + _SIDE}",
        role="img",
        aria_label="Jaccard index of all pairs of samples",
        class_="chart heat",
        data_top=top,
        data_side=_SIDE,
    )
    values = base64.b64encode(levels.tobytes()).decode()
    data = {"names": [names[i] for i in order], "values": values}
    title = "Similarity of samples; arrow keys read the values"
    return join(
        element("div", scrolling(title, drawing), id="heat"),
        element("p", *_legend(highest), class_="legend"),
        element("p", _HINT, id="heat-value", class_="readout soft", role="status"),
        json_data("heat-data", data),
    )


def _legend(highest: float) -> list[Html]:
    end = "1" if highest > 0.995 else f"{highest:.2f} and more"
    return [
        element("span", "0"),
        element("span", class_="ramp", role="img", aria_label="colours of the shares"),
        element("span", end),
        element("span", "share of common tokens (Jaccard index)", class_="soft"),
    ]


def _png(levels: npt.NDArray[np.uint8], ramp: Sequence[tuple[int, int, int]]) -> str:
    """Return a picture of levels 0 to 255 in the colours of a ramp, as base64."""
    places = np.linspace(0, 1, len(ramp))
    at = np.arange(256) / 255
    palette = np.stack([np.interp(at, places, [c[i] for c in ramp]) for i in range(3)], axis=1)
    rows = np.concatenate([np.zeros((len(levels), 1), np.uint8), levels], axis=1)
    height, width = levels.shape
    content = (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))
        + _chunk(b"PLTE", np.rint(palette).astype(np.uint8).tobytes())
        + _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )
    return base64.b64encode(content).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
