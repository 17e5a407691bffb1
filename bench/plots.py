# SPDX-License-Identifier: BSD-2-Clause
"""Pictures of the results: ratios as bars, and time against size with the fitted exponent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.report import peers, ratio, rows_of, times
from bench.results import Results
from bench.rows import load
from bench.suites import suite

OURS, AHEAD, BEHIND = "#1b6ca8", "#1b6ca8", "#c0392b"
COLOURS = {
    "bedtok": OURS,
    "gtars": "#e67e22",
    "superintervals": "#27ae60",
    "ncls": "#8e44ad",
    "pyranges": "#7f8c8d",
    "bioframe": "#b7950b",
    "polars-bio": "#16a085",
}
OTHER = "#555555"
LEFT_OUT = ("threads", "clusters")  # their ratios are not against peers


def pyplot() -> Any:
    """Return matplotlib's pyplot, set to draw the same SVG from the same results."""
    matplotlib = load("matplotlib")
    matplotlib.use("agg")
    matplotlib.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "bedtok",
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    return load("matplotlib.pyplot")


def save(figure: Any, path: Path) -> None:
    metadata = {"Date": None} if path.suffix == ".svg" else {}
    figure.savefig(path, metadata=metadata, facecolor="white", bbox_inches="tight")
    pyplot().close(figure)


def draw_ratios(results: Results, path: Path, headline: bool) -> None:
    """Draw a bar for each row with a peer, its length the ratio on a logarithmic axis."""
    plt = pyplot()
    rows = [
        (name, row, found)
        for name, row in rows_of(results)
        if name not in LEFT_OUT
        and (found := ratio(row)) is not None
        and (row["headline"] or not headline)
    ]
    if not rows:
        return
    figure, axes = plt.subplots(figsize=(8.5, 0.22 * len(rows) + 0.9))
    labels = []
    for place, (name, row, found) in enumerate(rows):
        colour = AHEAD if found >= 1 else BEHIND
        axes.barh(place, math.log10(found), color=colour, height=0.7)
        text = f"{times(found)} {peers(row)[0]['tool']}"
        at = max(math.log10(found), 0) + 0.02
        axes.text(at, place, text, va="center", fontsize=7.5)
        labels.append(f"{suite(name).TITLE}: {row['name']}")
    axes.set_yticks(range(len(rows)), labels, fontsize=7.5)
    axes.invert_yaxis()
    axes.margins(y=0.01)
    highest = math.ceil(max(math.log10(found) for _, _, found in rows) + 0.25)
    lowest = min(math.floor(min(math.log10(found) for _, _, found in rows)), 0)
    axes.set_xlim(lowest, highest)
    axes.set_xticks(
        range(lowest, highest + 1), [f"{10.0**i:g}x" for i in range(lowest, highest + 1)]
    )
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("time (or memory) of the best peer by that of bedtok")
    save(figure, path)


def series_of(results: Results) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each series that has two sizes or more, by size."""
    found: dict[str, list[dict[str, Any]]] = {}
    for _, row in rows_of(results):
        if row["series"]:
            found.setdefault(row["series"], []).append(row)
    return {
        name: sorted(rows, key=lambda row: int(row["size"]))
        for name, rows in found.items()
        if len(rows) > 1
    }


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return the power of the size with which values grow: the slope of the line on log axes."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0])


def draw_sizes(results: Results, path: Path) -> None:
    """Draw a panel for each series: time against size, a line for each tool."""
    series = series_of(results)
    if not series:
        return
    plt, ticker = pyplot(), load("matplotlib.ticker")
    columns = min(3, len(series))
    lines = math.ceil(len(series) / columns)
    figure, panels = plt.subplots(
        lines, columns, figsize=(3.4 * columns, 2.9 * lines), squeeze=False, layout="constrained"
    )
    for panel in panels.flat[len(series) :]:
        panel.set_axis_off()
    for panel, (name, rows) in zip(panels.flat, series.items(), strict=False):
        tools = dict.fromkeys(t["tool"] for row in rows for t in row["tools"])
        for tool in tools:
            points = [
                (row["size"], entry["median"])
                for row in rows
                for entry in row["tools"]
                if entry["tool"] == tool and "median" in entry
            ]
            if len(points) < 2:
                continue
            sizes, values = zip(*points, strict=True)
            label = f"{tool}, n^{exponent(sizes, values):.2f}"
            width = 2.0 if tool == "bedtok" else 1.2
            colour = COLOURS.get(tool, OTHER)
            panel.loglog(sizes, values, "o-", label=label, color=colour, lw=width, ms=3.5)
        panel.set_title(name, fontsize=9)
        panel.set_ylabel("seconds", fontsize=8)
        panel.set_xlabel(rows[0]["things"], fontsize=8)
        low, high = panel.get_ylim()
        panel.set_ylim(low, high * (high / low) ** 0.4)  # room for the legend
        panel.xaxis.set_minor_formatter(ticker.NullFormatter())
        panel.tick_params(labelsize=7.5)
        panel.grid(True, which="major", color="#dddddd", linewidth=0.6)
        panel.legend(fontsize=7, frameon=False, loc="upper left")
    save(figure, path)


def draw_all(results: Results, folder: Path, suffix: str = ".svg") -> None:
    """Write the pictures of the results into a folder."""
    draw_ratios(results, folder / f"ratios{suffix}", headline=False)
    draw_ratios(results, folder / f"headline{suffix}", headline=True)
    draw_sizes(results, folder / f"sizes{suffix}")
