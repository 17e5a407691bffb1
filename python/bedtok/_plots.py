# SPDX-License-Identifier: BSD-2-Clause
"""The picture of a report, by matplotlib: ``MappingReport.plot``."""

from __future__ import annotations

from typing import Any

from bedtok._checks import check_at_least, import_optional, printable
from bedtok._core import MappingReport
from bedtok._natural_order import natural_key

_HIT, _MISSED, _UNKNOWN = "#2a66ad", "#c9ced3", "#b3420e"
_LONGEST_NAME = 30  # characters


def plot_report(self: MappingReport, ax: Any = None, *, max_chroms: int = 30) -> Any:
    """Draw the hits of a report by chromosome: a bar of regions, of which a part hits.

    Chromosomes that the vocabulary does not have come last, in another colour, with a hatch.

    Args:
        ax: The ``matplotlib.axes.Axes`` to draw on; None: those of a new figure of
            ``matplotlib.pyplot``.
        max_chroms: Number of chromosomes that are drawn, 1 or more: those with most regions.
            The title says how many are left out.

    Returns:
        The ``matplotlib.axes.Axes``.

    Raises:
        ImportError: matplotlib is not installed.
        ConfigError: ``max_chroms`` is below 1.
    """
    most = check_at_least("max_chroms", max_chroms, 1)
    import_optional("matplotlib", "plot")
    by_size = sorted(self.chroms, key=lambda chrom: -chrom.regions)
    chroms = sorted(
        by_size[:most],
        key=lambda chrom: (not chrom.known, "_" in chrom.chrom, natural_key(chrom.chrom)),
    )
    if ax is None:
        pyplot = import_optional("matplotlib.pyplot", "plot")
        height = 1.2 + 0.22 * max(len(chroms), 3)
        _, ax = pyplot.subplots(figsize=(6.4, height), layout="constrained")
    places = range(len(chroms))
    hits = [chrom.hits for chrom in chroms]
    missed = [chrom.regions - chrom.hits if chrom.known else 0 for chrom in chroms]
    unknown = [0 if chrom.known else chrom.regions for chrom in chroms]
    ax.barh(places, hits, color=_HIT, label="hit the vocabulary")
    ax.barh(places, missed, left=hits, color=_MISSED, label="missed")
    if any(unknown):
        style = {"color": "white", "edgecolor": _UNKNOWN, "hatch": "////"}
        ax.barh(places, unknown, label="chromosome not in the vocabulary", **style)
    # A dollar sign would begin a formula.
    names = [printable(chrom.chrom)[:_LONGEST_NAME].replace("$", r"\$") for chrom in chroms]
    ax.set_yticks(places, names)
    ax.invert_yaxis()
    ax.set_xlabel("regions")
    ax.spines[["top", "right"]].set_visible(False)
    left_out = len(self.chroms) - len(chroms)
    more = f"; {left_out:,} smaller chromosomes left out" if left_out else ""
    ax.set_title(
        f"{self.hits:,} of {self.regions:,} regions hit ({self.hit_rate:.1%}){more}",
        fontsize="medium",
        loc="left",
    )
    if chroms:
        ax.legend(frameon=False, fontsize="small", loc="best")
    return ax


# The class is compiled.
MappingReport.plot = plot_report  # type: ignore[method-assign]
