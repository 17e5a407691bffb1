# SPDX-License-Identifier: BSD-2-Clause
"""Universes of samples: what each method gives, its inputs, its files, its errors."""

from __future__ import annotations

import gzip
import itertools
import json
import math
import random
import runpy
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bedtok.universe
from bedtok import ConfigError, Error, ParseError, RegionSet, Tokenizer
from bedtok.universe import METHODS, Universe, build
from universe_oracles import (
    SIZES,
    Interval,
    Sample,
    best_windows,
    depth,
    regions_of,
    samples,
    support,
)

# Random samples may have no region that is left.
pytestmark = pytest.mark.filterwarnings("ignore:the universe has no regions")

THREE: list[Sample] = [
    [("chr1", 0, 100), ("chr2", 10, 20)],
    [("chr1", 50, 110), ("chr1", 112, 120)],
    [("chr1", 60, 105)],
]


def sets(samples: list[Sample]) -> list[RegionSet]:
    return [RegionSet(sample) for sample in samples]


def tuples(universe: Universe) -> list[Interval]:
    return [(region.chrom, region.start, region.end) for region in universe.regions]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three BED files, one of them gzip, and a file that is no sample."""
    path = tmp_path / "peaks"
    path.mkdir()
    for i, sample in enumerate(sets(THREE)):
        (sample.to_bed_gz if i == 1 else sample.to_bed)(path / f"s{i}.bed{'.gz' * (i == 1)}")
    (path / "README.md").write_text("not a sample")
    return path


# ---- methods, against counts base by base


@settings(max_examples=60)
@given(samples=samples, max_gap=st.integers(0, 12), least=st.integers(1, 4))
def test_union_and_coverage_are_those_of_a_count_base_by_base(
    samples: list[Sample], max_gap: int, least: int
) -> None:
    by_cutoff = [
        (1, build(sets(samples), "union", max_gap=max_gap)),
        (least, build(sets(samples), "coverage", min_samples=least, max_gap=max_gap)),
    ]
    for cutoff, universe in by_cutoff:
        expected = [
            region
            for chrom in sorted(SIZES)
            for region in regions_of(depth(samples, chrom) >= cutoff, chrom, max_gap)
        ]
        assert tuples(universe) == expected
        assert universe.scores.tolist() == support(samples, expected)
    fraction = build(sets(samples), "coverage", min_fraction=0.5)
    half = build(sets(samples), "coverage", min_samples=max(1, math.ceil(len(samples) / 2)))
    assert tuples(fraction) == tuples(half)


@settings(max_examples=60)
@given(samples=samples, sizes=st.booleans())
def test_the_likelihood_cutoff_is_the_mean_coverage_of_the_chromosome(
    samples: list[Sample], sizes: bool
) -> None:
    universe = build(sets(samples), chrom_sizes=SIZES if sizes else None)
    expected = []
    for chrom in sorted(SIZES):
        counts = depth(samples, chrom)
        if not counts.any():
            continue
        size = len(counts) if sizes else int(np.flatnonzero(counts)[-1]) + 1
        expected += regions_of((counts > 0) & (counts >= counts.sum() / size), chrom)
    assert tuples(universe) == expected


@settings(max_examples=60)
@given(samples=samples, width=st.integers(1, 45), least=st.integers(1, 3))
def test_summits_are_those_of_a_greedy_choice_and_strictly_disjoint(
    samples: list[Sample], width: int, least: int
) -> None:
    universe = build(sets(samples), "summits", width=width, chrom_sizes=SIZES)
    # One score a sample, ranks differ between samples of several regions: give each one region.
    single = [[interval] for sample in samples for interval in sample]
    ranked = build(sets(single), "summits", width=width, chrom_sizes=SIZES)
    assert tuples(ranked) == best_windows(single, width)
    for found in (universe, ranked):
        regions = tuples(found)
        assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(regions))
        assert all(end - start == width for _, start, end in regions)
    kept = build(sets(samples), "summits", width=width, chrom_sizes=SIZES, min_samples=least)
    scored = zip(tuples(universe), universe.scores, strict=True)
    assert tuples(kept) == [region for region, score in scored if score >= least]


@settings(max_examples=30)
@given(samples=samples, width=st.integers(1, 50))
def test_tiles_are_the_bins_of_the_chromosomes(samples: list[Sample], width: int) -> None:
    universe = build(sets(samples), "tiles", width=width, chrom_sizes=SIZES)
    expected = [
        (chrom, start, min(start + width, size))
        for chrom, size in sorted(SIZES.items())
        for start in range(0, size, width)
    ]
    assert tuples(universe) == expected
    assert universe.scores.tolist() == support(samples, expected)


@settings(max_examples=40)
@given(samples=samples, seed=st.integers(0, 99), method=st.sampled_from(METHODS))
def test_order_threads_and_temporary_files_change_nothing(
    samples: list[Sample], seed: int, method: Any
) -> None:
    options: dict[str, Any] = {"chrom_sizes": SIZES}
    if method == "summits":
        options["width"] = 9
    expected = build(sets(samples), method, **options, num_threads=1)
    shuffled = sets(samples)
    random.Random(seed).shuffle(shuffled)
    found = build(shuffled, method, **options, num_threads=3, max_memory=60)
    assert found.lines._core.to_bytes() == expected.lines._core.to_bytes()
    for line in found.lines:  # a core lies within its region
        if method in ("flexible", "hmm"):
            core = [int(column) for column in (line.rest or "").split("\t")[3:]]
            assert line.start <= core[0] < core[1] <= line.end


def test_a_summit_is_that_of_the_narrow_peak_and_the_best_score_stays(tmp_path: Path) -> None:
    (tmp_path / "a.narrowPeak").write_text(
        "chr1\t1000\t2000\ta\t999\t.\t5\t-1\t-1\t100\nchr1\t1150\t1500\tb\t1\t.\t50\t-1\t-1\t50\n"
        "chr1\t9000\t9100\tc\t1\t.\t1\t-1\t-1\t-1\n"
    )
    universe = build(tmp_path / "a.narrowPeak", "summits")
    # 1100 and 1200 overlap, and the signal of b is better; c is far from all.
    assert tuples(universe) == [("chr1", 950, 1451), ("chr1", 8800, 9301)]
    by_score = build(tmp_path / "a.narrowPeak", "summits", score_column=5)
    assert tuples(by_score) == [("chr1", 850, 1351), ("chr1", 8800, 9301)]
    touching = build(tmp_path / "a.narrowPeak", "summits", width=100)
    assert tuples(touching)[:2] == [("chr1", 1050, 1150), ("chr1", 1150, 1250)]
    (tmp_path / "a.narrowPeak").write_text("chr1\t10\t20\ta\t1\t.\t5\t-1\t-1\t10\n")
    assert tuples(build(tmp_path / "a.narrowPeak", "summits", width=9)) == [("chr1", 16, 25)]
    (tmp_path / "a.narrowPeak").write_text("chr1\t10\t20\ta\t1\t.\t5\t-1\t-1\t11\n")
    with pytest.raises(Error, match=r"a\.narrowPeak:1: the summit '11' in column 10"):
        build(tmp_path / "a.narrowPeak", "summits")


def test_regions_are_left_out_by_width_chromosome_and_exclusion(tmp_path: Path) -> None:
    assert tuples(build(sets(THREE), "union", min_width=9, max_width=50)) == [("chr2", 10, 20)]
    assert tuples(build(sets(THREE), "union", chroms=["chr2"])) == [("chr2", 10, 20)]
    assert tuples(build(sets(THREE), "union", chrom_sizes={"chr1": 70})) == [("chr1", 0, 70)]
    blacklist = tmp_path / "blacklist.bed"
    blacklist.write_text("chr1\t110\t112\nchr2\t0\t11\n")
    universe = build(sets(THREE), "union", exclude=blacklist)
    assert tuples(universe) == [("chr1", 0, 110), ("chr1", 112, 120)]
    assert universe.options["exclude"] == str(blacklist)
    peaks = [RegionSet(["chr1:100-102", "chr1:110-112"]), RegionSet(["chr1:110-112"])]
    # The best window is excluded: the one that it would have removed stays.
    excluded = RegionSet(["chr1:115-116"])
    assert tuples(build(peaks, "summits", width=11, exclude=excluded)) == [("chr1", 96, 107)]


def test_a_result_without_regions_says_why() -> None:
    with pytest.warns(UserWarning, match=r"the universe has no regions: .*left out"):
        assert len(build(sets(THREE), "union", chroms=["1"])) == 0
    with pytest.warns(UserWarning, match=r"exclude: none of its chromosomes \(1\) is in the"):
        build(sets(THREE), "union", exclude=["1:5-9"])


# ---- what samples come from


def test_files_folders_lists_and_objects_are_samples(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = tuples(build(sets(THREE), "union"))
    listed = tmp_path / "files.txt"
    names = ["s2.bed", "s0.bed", "s1.bed.gz"]
    listed.write_text("# the samples\n" + "".join(f"{folder / name}\n\n" for name in names))
    for files in (folder, str(folder), listed, [folder / name for name in names], THREE):
        universe = build(files, "union")
        assert tuples(universe) == expected
        assert universe.samples == 3
    for data in (listed.read_bytes(), (folder / "s0.bed").read_bytes()):
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data)))
        universe = build("-", "union")
        assert universe.samples == (3 if data.startswith(b"#") else 1)
    assert build(RegionSet(THREE[0]), "union").samples == 1


def test_peaks_of_an_anndata_are_a_sample(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    names = [f"{chrom}:{start}-{end}" for chrom, start, end in THREE[1]]
    adata = anndata.AnnData(np.ones((2, len(names)), dtype=np.float32))
    adata.var_names = names
    adata.write_h5ad(tmp_path / "cells.h5ad")
    expected = tuples(build(RegionSet(THREE[1]), "union"))
    assert tuples(build(adata, "union")) == expected
    assert tuples(build([tmp_path / "cells.h5ad"], "union")) == expected
    (tmp_path / "bad.h5ad").write_text("chr1\t1\t2\n")
    with pytest.raises(Error, match=r"bad\.h5ad: not an AnnData file"):
        build(tmp_path / "bad.h5ad", "union")


def test_files_that_are_not_there_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"did you mean .*s\d\.bed"):
        build([folder / "s9.bed"], "union")
    listed = tmp_path / "files.list"
    listed.write_text(f"{folder / 's0.bed'}\nnowhere.bed\n")
    with pytest.raises(FileNotFoundError, match=r"files\.list:2: there is no file 'nowhere\.bed'"):
        build(listed, "union")
    listed.write_text("# none\n")
    with pytest.raises(ConfigError, match=r"the list has no files"):
        build(listed, "union")
    with pytest.raises(ConfigError, match="the folder has no samples, expected files that end"):
        build(tmp_path, "union")
    with pytest.raises(ConfigError, match=r"s0\.bed: is given twice"):
        build([folder, folder / "s0.bed"], "union")
    with pytest.raises(ConfigError, match="files: there are none"):
        build([], "union")
    with pytest.raises(TypeError, match="expected a path, a list of regions"):
        build([5], "union")


def test_a_wrong_file_does_not_spoil_the_rest(folder: Path) -> None:
    expected = tuples(build(folder, "union"))
    (folder / "bad.bed").write_text("chr1\t1\t2\nchr1\t9\t5\n")
    universe = build(folder, "union")
    assert tuples(universe) == expected
    assert universe.samples == 3
    reason = f"{folder / 'bad.bed'}:2: end 5 is before start 9"
    assert universe.failed == {str(folder / "bad.bed"): reason}
    assert str(universe).endswith("from 3 samples (1 failed)")
    with pytest.raises(ParseError, match=r"bad\.bed:2"):
        build(folder, "union", strict=True)
    with pytest.warns(UserWarning, match=r"bad\.bed: 1 line was skipped: line 2"):
        assert build(folder, "union", on_error="warn").samples == 4
    with pytest.raises(Error, match=r"no sample could be read; .*bad\.bed:2"):
        build(folder / "bad.bed", "union")


# ---- files


def test_the_universe_and_its_manifest_are_written(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "universe.bed.gz"
    universe = build(folder, "union", output=path, max_gap=1)
    assert gzip.decompress(path.read_bytes()).decode() == (
        "chr1\t0\t110\tchr1:0-110\t3\nchr1\t112\t120\tchr1:112-120\t1\nchr2\t10\t20\tchr2:10-20\t1\n"
    )
    assert Tokenizer.from_bed(path)([("chr1", 5, 6)])["input_ids"] == [0]
    manifest = json.loads((tmp_path / "universe.manifest.json").read_text())
    assert manifest["method"] == "union"
    assert manifest["options"] == {"max_gap": 1}
    assert manifest["universe"]["regions"] == len(universe) == 3
    assert manifest["universe"]["base_pairs"] == universe.base_pairs == 128
    assert [Path(entry["path"]).name for entry in manifest["files"]] == [
        "s0.bed",
        "s1.bed.gz",
        "s2.bed",
    ]
    assert [entry["regions"] for entry in manifest["files"]] == [2, 2, 1]
    assert len({entry["digest"] for entry in manifest["files"]}) == 3
    before = (path.read_bytes(), (tmp_path / "universe.manifest.json").read_bytes())
    build(sorted(folder.glob("*.bed*"), reverse=True), "union", output=path, max_gap=1)
    assert (path.read_bytes(), (tmp_path / "universe.manifest.json").read_bytes()) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "peaks",
        "universe.bed.gz",
        "universe.manifest.json",
    ]
    with pytest.raises(FileNotFoundError):
        build(folder, "union", output=tmp_path / "no" / "u.bed")


def test_temporary_files_are_left_nowhere(folder: Path, tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    universe = build(folder, "union", max_memory="1", temporary_dir=spill)
    assert tuples(universe) == tuples(build(folder, "union"))
    assert list(spill.iterdir()) == []


# ---- options


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        ("merge", {}, "method is 'merge', expected one of: union, tiles"),
        ("union", {"width": 9}, "width belongs to method 'tiles' and 'summits', not 'union'"),
        ("summits", {"max_gap": 9}, "max_gap belongs to method 'union' and 'coverage'"),
        ("coverage", {"score_column": 9}, "score_column belongs to method 'summits'"),
        ("summits", {"score_column": 3}, "score_column is 3, expected 4 or more"),
        ("summits", {"width": 0}, "width is 0, expected 1 or more"),
        ("union", {"min_samples": 0}, "min_samples is 0, expected 1 or more"),
        ("union", {"min_fraction": 0.0}, r"min_fraction is 0\.0, expected a number above 0"),
        ("union", {"min_fraction": 0.5, "min_samples": 2}, "are both given, expected one"),
        ("union", {"min_width": 9, "max_width": 8}, "min_width is 9 and max_width 8"),
        ("union", {"max_width": 2**40}, "max_width is .*, expected at most 4294967295"),
        ("union", {"max_memory": "4 apples"}, "max_memory is '4 apples', expected bytes"),
        ("union", {"max_memory": 0}, "max_memory is 0, expected 1 or more"),
        ("union", {"chroms": []}, "chroms: there are none"),
        ("union", {"num_threads": 0}, "num_threads is 0"),
        ("union", {"on_error": "panic"}, "on_error is 'panic'"),
        ("tiles", {}, "tiles need the sizes of the chromosomes"),
        ("tiles", {"chrom_sizes": {"chr1": 2**40}}, "chromosome 'chr1' has 1099511627776 bases"),
    ],
)
def test_options_that_are_not_legal_are_refused(
    method: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        build(sets(THREE), method, **options)


def test_options_of_a_wrong_type_are_refused() -> None:
    for name, value in (("min_fraction", "a"), ("min_samples", 1.5), ("chroms", "chr1")):
        with pytest.raises(TypeError, match=name):
            build(sets(THREE), "union", **{name: value})  # type: ignore[arg-type]


def test_the_example_of_the_package_is_right() -> None:
    import doctest

    assert doctest.testmod(bedtok.universe).failed == 0


def test_the_drawing_of_the_page_is_what_the_package_gives(tmp_path: Path) -> None:
    pictures = Path(__file__).resolve().parents[2] / "docs" / "pictures"
    script = runpy.run_path(str(pictures / "universe_methods.py"))
    assert script["draw"]() == (pictures / "universe_methods.svg").read_text("utf-8")
