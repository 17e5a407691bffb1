# SPDX-License-Identifier: BSD-2-Clause
"""Pictures by matplotlib: of mapping reports, and of trainings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedtok import ConfigError, Tokenizer


@pytest.fixture
def pyplot() -> Iterator[Any]:
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture
def tokenizer() -> Tokenizer:
    chroms = ("chr1", "chr2", "chr10")
    return Tokenizer.from_regions([(c, 100 * i, 100 * i + 50) for c in chroms for i in range(9)])


REGIONS = [
    *[("chr10", 100 * i, 100 * i + 5) for i in range(4)],
    *[("chr2", 100 * i + 45, 100 * i + 48) for i in range(3)],
    ("chr2", 60, 70),
    ("$9_{x}$", 1, 2),
]


def bars_of(axes: Any) -> dict[str, dict[str, float]]:
    """Return the lengths of bars by what they are and by chromosome."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    return {
        bars.get_label(): dict(zip(names, (bar.get_width() for bar in bars), strict=True))
        for bars in axes.containers
    }


def test_a_report_draws_its_hits_by_chromosome(pyplot: Any, tokenizer: Tokenizer) -> None:
    axes = tokenizer.report(REGIONS).plot()
    unknown = r"\$9_{x}\$"  # no formula
    assert bars_of(axes) == {
        "hit the vocabulary": {"chr2": 3, "chr10": 4, unknown: 0},
        "missed": {"chr2": 1, "chr10": 0, unknown: 0},
        "chromosome not in the vocabulary": {"chr2": 0, "chr10": 0, unknown: 1},
    }
    assert axes.get_title(loc="left") == "7 of 9 regions hit (77.8%)"
    assert axes.get_xlabel() == "regions"
    axes.figure.canvas.draw()


def test_a_report_draws_on_given_axes(pyplot: Any, tokenizer: Tokenizer) -> None:
    _, (left, right) = pyplot.subplots(1, 2)
    assert tokenizer.report(REGIONS).plot(ax=right) is right
    assert right.containers and not left.containers
    assert len(pyplot.get_fignums()) == 1
    few = tokenizer.report(REGIONS).plot(left, max_chroms=1)
    assert bars_of(few)["hit the vocabulary"] == {"chr10": 4}  # the first of two with four regions
    assert few.get_title(loc="left").endswith("; 2 smaller chromosomes left out")
    with pytest.raises(ConfigError, match="max_chroms is 0, expected 1 or more"):
        tokenizer.report(REGIONS).plot(max_chroms=0)
    tokenizer.report([]).plot().figure.canvas.draw()


def test_without_matplotlib_the_error_says_how_to_get_it(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"plot needs matplotlib: pip install matplotlib"):
        tokenizer.report(REGIONS).plot()


def test_the_curves_of_a_training_are_a_picture(pyplot: Any, tmp_path: Path) -> None:
    from bedtok.report.training_page import draw_curves

    history = [{"loss": 1.0 / i, "eval_loss": 2.0 / i, "step": i} for i in range(1, 9)]
    for name, logged in (("some", history), ("none", [])):
        draw_curves(tmp_path / f"{name}.png", "$model", logged)
    some, none = (pyplot.imread(tmp_path / f"{name}.png") for name in ("some", "none"))
    assert (some[..., :3] < 0.5).any() and some.shape[1] == none.shape[1]
    assert some.std() > none.std()  # a curve and its axes on white
