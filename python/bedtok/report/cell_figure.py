# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a report of cells, by matplotlib: ``CellReport.plot``."""

from __future__ import annotations

from typing import Any

import numpy as np

from bedtok._checks import import_optional
from bedtok.report.cell_report import CellReport

_BAR = "#2a66ad"
_BINS = 40
_POINTS = 20_000


def draw_cells(report: CellReport) -> Any:
    """Return the figure; see ``CellReport.plot``."""
    figure_class = import_optional("matplotlib.figure", "plot").Figure
    counted = [("tokens a cell", report.tokens)]
    if report.fragments is not None:
        counted.append(("fragments a cell", report.fragments))
    rated = report.fragments is not None and report.hit_rates is not None
    columns = len(counted) + rated
    figure = figure_class(figsize=(4 * columns, 3.2), layout="constrained")
    panels = np.atleast_1d(figure.subplots(1, columns))
    for axes, (label, values) in zip(panels, counted, strict=False):
        wide = values.max() > 20 * max(float(np.median(values)), 1)
        bins: Any = _BINS
        if wide:
            bins = np.geomspace(max(int(values.min()), 1), values.max(), _BINS + 1)
            axes.set_xscale("log")
        axes.hist(values, bins=bins, color=_BAR)
        axes.set(xlabel=label, ylabel="cells")
        axes.set_title(f"median {np.median(values):,.0f}", fontsize="medium", loc="left")
    if rated:
        axes = panels[-1]
        count = len(report.tokens)
        chosen: Any = slice(None)
        if count > _POINTS:
            chosen = np.random.default_rng(0).choice(count, _POINTS, replace=False)
        assert report.fragments is not None and report.hit_rates is not None
        axes.scatter(
            *(report.fragments[chosen], report.hit_rates[chosen]), s=4, color=_BAR, linewidths=0
        )
        axes.set_xscale("log")
        axes.set(xlabel="fragments a cell", ylabel="hit rate", ylim=(0, 1.02))
        axes.set_title(f"{report.hit_rate:.1%} hit", fontsize="medium", loc="left")
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure
