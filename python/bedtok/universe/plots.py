# SPDX-License-Identifier: BSD-2-Clause
"""Pictures of assessments; the only file here that needs matplotlib."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bedtok._checks import import_optional
from bedtok._core import ConfigError
from bedtok._files import StrPath, atomic_write, checked_path

if TYPE_CHECKING:
    from bedtok.universe.assessment import Assessment


_FORMATS = ("svg", "pdf", "png")


def check_plot(path: StrPath) -> tuple[str, str]:
    """Return the path of a picture and its format.

    Raises:
        ConfigError: Its name ends otherwise.
        ImportError: matplotlib is not installed.
    """
    text = checked_path(path)
    suffix = os.path.splitext(text)[1].lower().lstrip(".")
    if suffix not in _FORMATS:
        raise ConfigError(f"{text}: expected a name that ends in .{', .'.join(_FORMATS)}")
    import_optional("matplotlib", "plot")
    return text, suffix


def plot_assessment(assessment: Assessment, path: StrPath) -> None:
    """Draw an assessment; see ``Assessment.plot``."""
    text, suffix = check_plot(path)
    matplotlib = import_optional("matplotlib", "plot")
    figure_class = import_optional("matplotlib.figure", "plot").Figure
    figure = figure_class(figsize=(9, 3.6), layout="constrained")
    rates, tokens = figure.subplots(1, 2)
    _draw_rates(rates, assessment)
    _draw_tokens(tokens, assessment)
    # The same picture at each run: no time in it, and no random ids.
    with matplotlib.rc_context({"svg.hashsalt": "bedtok"}):
        metadata = {"Date": None} if suffix == "svg" else None
        with atomic_write(text) as temporary:
            figure.savefig(temporary, format=suffix, metadata=metadata, dpi=200)


def _draw_rates(axes: Any, assessment: Assessment) -> None:
    fits = sorted(assessment.universes, key=lambda fit: fit.regions)
    sizes = [fit.regions for fit in fits]
    axes.plot(sizes, [fit.hit_rate for fit in fits], "o-", label="hit rate")
    axes.plot(sizes, [fit.f10 for fit in fits], "s--", label="F10")
    for fit in fits:
        axes.annotate(
            fit.universe,
            (fit.regions, fit.hit_rate),
            xytext=(0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    if len(fits) > 1 and sizes[-1] > 10 * sizes[0]:
        axes.set_xscale("log")
    axes.set_ylim(0, 1.1)
    axes.set_xlabel("regions of the universe")
    axes.set_ylabel("share")
    axes.legend(loc="lower right", fontsize=8)


def _draw_tokens(axes: Any, assessment: Assessment) -> None:
    names = [fit.universe for fit in assessment.universes]
    columns = [[fit.tokens for fit in assessment.samples if fit.universe == name] for name in names]
    axes.boxplot(columns, whis=(5, 95), showfliers=False)
    for place, column in enumerate(columns, 1):
        # Beside each other in their order, which needs no random numbers.
        step = 0.3 / max(len(column) - 1, 1)
        axes.plot([place - 0.15 + step * i for i in range(len(column))], column, ".", ms=3)
    axes.set_xticks(range(1, len(names) + 1), names, fontsize=8)
    axes.set_ylabel("tokens a sample")
