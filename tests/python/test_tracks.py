# SPDX-License-Identifier: BSD-2-Clause
"""Scored regions as bedGraph and bigWig: sorted, without overlaps, with the right values."""

from __future__ import annotations

import builtins
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, RegionSet
from bedtok._regions.region_scores import RegionScores
from bedtok.io import write_bedgraph, write_bigwig

Rows = list[tuple[str, int, int, float]]
SIZES = {"chr2": 300, "chr10": 200, "chr1": 1000}


def rows_of(path: Path) -> Rows:
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    return [(chrom, int(start), int(end), float(score)) for chrom, start, end, score in lines]


def base_by_base(regions: list[tuple[str, int, int]], scores: Any, overlaps: str) -> dict:
    """The score of each base that a region covers."""
    covered: dict[tuple[str, int], list[float]] = {}
    for (chrom, start, end), score in zip(regions, scores, strict=True):
        for base in range(start, end):
            covered.setdefault((chrom, base), []).append(float(score))
    return {
        base: sum(values) / (len(values) if overlaps == "mean" else 1)
        for base, values in covered.items()
    }


def expanded(rows: Rows) -> dict[tuple[str, int], float]:
    return {(chrom, base): score for chrom, start, end, score in rows for base in range(start, end)}


@pytest.mark.parametrize("overlaps", ["mean", "sum"])
def test_a_bedgraph_has_the_score_of_each_base_sorted_and_without_overlaps(
    tmp_path: Path, overlaps: Any
) -> None:
    chance = np.random.default_rng(1)
    for _ in range(30):
        starts = chance.integers(0, 60, size=chance.integers(1, 12))
        regions = [
            (str(chance.choice(["chr2", "chr10", "chr1"])), int(s), int(s + chance.integers(0, 20)))
            for s in starts
        ]
        scores = chance.normal(size=len(regions)).round(3)
        path = tmp_path / "track.bedGraph"
        write_bedgraph(path, RegionSet(regions), scores, overlaps=overlaps)
        rows = rows_of(path)
        assert rows == sorted(rows)
        assert all(a[2] <= b[1] for a, b in pairwise(rows) if a[0] == b[0])
        found, expected = expanded(rows), base_by_base(regions, scores, overlaps)
        assert found.keys() == expected.keys()
        assert all(abs(found[base] - expected[base]) < 1e-5 for base in found)


def test_neighbors_keep_lines_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "track.bedGraph"
    write_bedgraph(path, ["chr1:0-10", "chr1:10-20"], [2, 2])
    assert rows_of(path) == [("chr1", 0, 10, 2.0), ("chr1", 10, 20, 2.0)]
    write_bedgraph(path, [], [])
    assert path.read_text() == ""


def test_a_bigwig_has_the_same_values(tmp_path: Path) -> None:
    pybigwig = pytest.importorskip("pyBigWig")
    regions = ["chr10:5-15", "chr2:0-10", "chr2:5-20", "chr1:990-1000"]
    write_bigwig(tmp_path / "track.bw", regions, [1, 2, 4, -3.5], SIZES)
    with pybigwig.open(str(tmp_path / "track.bw")) as file:
        assert file.chroms() == SIZES
        assert file.intervals("chr2") == ((0, 5, 2.0), (5, 10, 3.0), (10, 20, 4.0))
        assert file.intervals("chr10") == ((5, 15, 1.0),)
        assert file.intervals("chr1") == ((990, 1000, -3.5),)
    write_bigwig(tmp_path / "empty.bw", [], [], SIZES)
    with pybigwig.open(str(tmp_path / "empty.bw")) as file:
        assert file.intervals("chr1") is None


def test_a_bigwig_needs_fitting_sizes(tmp_path: Path) -> None:
    pytest.importorskip("pyBigWig")
    for sizes, message in (
        ({"chr2": 5}, "chrom_sizes: chr1 is missing, expected the length of each chromosome"),
        ({"chr1": 9}, "chrom_sizes: chr1 is 9, but a region ends at 10; expected the sizes"),
        (None, "chrom_sizes: chr1 is missing"),
    ):
        with pytest.raises(ConfigError, match=message):
            write_bigwig(tmp_path / "track.bw", ["chr1:0-10"], [1], sizes)
    assert not list(tmp_path.iterdir())


def test_without_pybigwig_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *given: Any, **keywords: Any) -> Any:
        if name == "pyBigWig":
            raise ImportError(name)
        return real(name, *given, **keywords)

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ImportError, match="write_bigwig needs pyBigWig: pip install pyBigWig"):
        write_bigwig(tmp_path / "track.bw", ["chr1:0-10"], [1], SIZES)


def test_scores_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "track.bedGraph"
    for scores, keywords, message in (
        ([1, 2], {}, r"scores: got the shape \(2,\), expected \(1,\)"),
        ([np.nan], {}, "scores: that of region 0 is nan, expected a number"),
        ([1], {"overlaps": "max"}, "overlaps is 'max', expected 'mean' or 'sum'"),
    ):
        with pytest.raises(ConfigError, match=message):
            write_bedgraph(path, ["chr1:0-10"], scores, **keywords)


def test_region_scores_are_a_table_and_have_a_top(tmp_path: Path) -> None:
    scores = RegionScores(
        RegionSet(["chr1:0-10", "chr1:20-30", "chr2:0-5"]),
        np.array([0.5, 2.0, 2.0]),
        np.array([3, 1, 2]),
    )
    top = scores.top(2)
    assert [str(region) for region in top.regions] == ["chr1:20-30", "chr2:0-5"]
    assert (top.scores.tolist(), top.num_cells.tolist()) == ([2.0, 2.0], [1, 2])
    assert len(scores.top(9)) == 3
    scores.to_bedgraph(tmp_path / "track.bedGraph")
    assert rows_of(tmp_path / "track.bedGraph")[2] == ("chr2", 0, 5, 2.0)
    pytest.importorskip("pandas")
    table = scores.to_pandas()
    assert list(table.columns) == ["chrom", "start", "end", "score", "num_cells"]
    assert table["score"].tolist() == [0.5, 2.0, 2.0]
