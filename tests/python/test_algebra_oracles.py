# SPDX-License-Identifier: BSD-2-Clause
"""gtars, bedtools and bioframe as oracles of the interval algebra, and what differs on purpose."""

from __future__ import annotations

import importlib.util
import math
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import gtars.models
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedtok import Error, RegionSet
from strategies import examples

Interval = tuple[str, int, int]
SIZES = {"chr1": 24, "chr10": 40, "chr2": 31}

# gtars finds the furthest ends only where chromosomes follow one another, so sets are sorted.
intervals = st.tuples(st.sampled_from(list(SIZES)), st.integers(0, 30), st.integers(1, 9)).map(
    lambda t: (t[0], t[1], t[1] + t[2])
)
sets = st.lists(intervals, min_size=1, max_size=12).map(sorted)


def theirs(regions: list[Interval]) -> Any:
    return gtars.models.RegionSet.from_regions(
        [gtars.models.Region(*region, None) for region in regions]
    )


def columns(regions: Any) -> list[Interval]:
    return [(region.chr, region.start, region.end) for region in regions]


# ---- gtars


@settings(max_examples=examples(100))
@given(a=sets)
def test_functions_of_one_set_are_those_of_gtars(a: list[Interval]) -> None:
    ours, gt = RegionSet(a), theirs(a)
    for name in ("reduce", "disjoin"):
        assert columns(getattr(ours, name)()) == columns(getattr(gt, name)()), name
    assert sorted(columns(ours.gaps(SIZES))) == sorted(columns(gt.gaps(SIZES)))
    assert columns(ours.trim(SIZES)) == columns(gt.trim(SIZES))
    assert columns(ours.promoters(7, 3)) == columns(gt.promoters(7, 3))
    for max_gap in (0, 2):
        assert ours.cluster(max_gap).tolist() == gt.cluster(max_gap)
    for name in ("widths", "region_widths"):
        assert getattr(ours, name)().tolist() == getattr(gt, name)()
    for name in ("get_nucleotide_length", "get_max_end_per_chr", "mean_region_width"):
        assert getattr(ours, name)() == getattr(gt, name)(), name
    assert sorted(ours.neighbor_distances().tolist()) == sorted(gt.neighbor_distances())
    for sizes in (None, SIZES):
        table = ours.distribution(7, sizes)
        rows = zip(*(column.tolist() for column in table.values()), strict=True)
        assert [dict(zip(table, row, strict=True)) for row in rows] == gt.distribution(7, sizes)
    statistics = gt.chromosome_statistics()
    for name, row in ours.chromosome_statistics().items():
        assert {field: getattr(statistics[name], field) for field in row._fields} == row._asdict()


@settings(max_examples=examples(100))
@given(a=sets, b=sets)
def test_functions_of_two_sets_are_those_of_gtars(a: list[Interval], b: list[Interval]) -> None:
    ours, gt = (RegionSet(a), RegionSet(b)), (theirs(a), theirs(b))
    for name in ("concat", "union", "intersect_all", "setdiff", "subset_by_overlaps"):
        assert columns(getattr(ours[0], name)(ours[1])) == columns(getattr(gt[0], name)(gt[1])), (
            name
        )
    for name in ("count_overlaps", "any_overlaps"):
        assert getattr(ours[0], name)(b).tolist() == getattr(gt[0], name)(gt[1]), name
    pairs = zip(*ours[0].find_overlaps(b), strict=True)
    hits = enumerate(gt[0].find_overlaps(gt[1]))
    assert sorted(pairs) == sorted((i, j) for i, found in hits for j in found)
    for name in ("jaccard", "coverage", "overlap_coefficient"):
        assert math.isclose(
            getattr(ours[0], name)(b), getattr(gt[0], name)(gt[1]), abs_tol=1e-12
        ), name
    index, distance = ours[0].closest(b)
    near = {i: gap for i, _, gap in gt[0].closest(gt[1])}
    assert {i: abs(int(distance[i])) for i in np.flatnonzero(index >= 0)} == near
    n = min(len(a), len(b))
    pairwise = columns(RegionSet(a[:n]).pintersect(b[:n]))
    assert pairwise == columns(theirs(a[:n]).pintersect(theirs(b[:n])))


# ---- different on purpose


def test_different_on_purpose_from_gtars_furthest_ends_of_unsorted_sets() -> None:
    regions = [("chr1", 0, 90), ("chr2", 0, 5), ("chr1", 0, 10)]
    assert theirs(regions).get_max_end_per_chr()["chr1"] == 10
    assert RegionSet(regions).get_max_end_per_chr()["chr1"] == 90


def test_different_on_purpose_from_gtars_neighbours_that_are_not_next_to_each_other() -> None:
    # The last one lies within the first one.
    regions = [("chr1", 0, 100), ("chr1", 10, 20), ("chr1", 50, 60)]
    assert theirs(regions).nearest_neighbors() == [0, 0, 30]
    assert RegionSet(regions).nearest_neighbors().tolist() == [0, 0, 0]


def test_different_on_purpose_from_gtars_a_zero_length_region_splits_nothing() -> None:
    regions, point = [("chr1", 0, 10)], [("chr1", 5, 5)]
    assert columns(theirs(regions).setdiff(theirs(point))) == [("chr1", 0, 5), ("chr1", 5, 10)]
    assert columns(RegionSet(regions).setdiff(point)) == regions
    assert len(theirs(point).gaps({"chr1": 10})) == 2
    assert columns(RegionSet(point).gaps({"chr1": 10})) == regions


def test_different_on_purpose_from_gtars_gaps_are_ordered_as_every_result_is() -> None:
    sizes = {"chr10": 5, "chr2": 5, "chr1": 5}
    none = theirs([("chr1", 0, 5)])
    assert [region.chr for region in none.gaps(sizes)] == ["chr2", "chr10"]
    gaps = RegionSet(["chr1:0-5"]).gaps(sizes)
    assert gaps.chroms.tolist() == ["chr10", "chr2"]


def test_different_on_purpose_from_gtars_sets_of_two_sizes_are_no_pairs() -> None:
    a, b = [("chr1", 0, 10), ("chr1", 20, 30)], [("chr1", 5, 9)]
    assert len(theirs(a).pintersect(theirs(b))) == 1
    with pytest.raises(Error, match="sets of one size"):
        RegionSet(a).pintersect(b)


def test_different_on_purpose_from_gtars_closest_has_a_row_for_every_region_and_a_sign() -> None:
    a = [("chr9", 1, 2), ("chr1", 50, 60)]
    b = [("chr1", 0, 45), ("chr1", 65, 66)]
    assert theirs(a).closest(theirs(b)) == [(1, 1, 5)]
    # Of two as near the one in front comes first.
    assert [array.tolist() for array in RegionSet(a).closest(b)] == [[-1, 0], [0, -5]]


def test_different_on_purpose_from_gtars_sums_of_more_than_32_bits() -> None:
    regions = [("chr1", 0, 2**32 - 1)] * 2
    assert theirs(regions).get_nucleotide_length() == 2**32 - 2
    assert RegionSet(regions).get_nucleotide_length() == 2**33 - 2


def test_different_on_purpose_from_gtars_the_strand_of_column_6_counts() -> None:
    region = ("chr1", 100, 200, "g\t0\t-")
    gt = gtars.models.RegionSet.from_regions([gtars.models.Region(*region)])
    assert columns(gt.promoters(20, 5)) == [("chr1", 80, 105)]
    assert columns(RegionSet([region]).promoters(20, 5)) == [("chr1", 195, 220)]


def test_different_on_purpose_from_gtars_moved_regions_keep_their_rest() -> None:
    region = ("chr1", 100, 200, "name")
    gt = gtars.models.RegionSet.from_regions([gtars.models.Region(*region)])
    assert next(iter(gt.trim({"chr1": 150}))).rest is None
    assert RegionSet([region]).trim({"chr1": 150})[0].rest == "name"


# ---- bedtools

bedtools = pytest.mark.skipif(shutil.which("bedtools") is None, reason="needs bedtools")


class Bedtools:
    """The lines of bedtools as tuples; regions are written as sorted BED files."""

    def __init__(self, folder: Path, a: RegionSet, b: RegionSet, sizes: dict[str, int]) -> None:
        self._folder = folder
        a.to_bed(folder / "a.bed")
        b.to_bed(folder / "b.bed")
        lines = "".join(f"{name}\t{size}\n" for name, size in sorted(sizes.items()))
        (folder / "sizes").write_text(lines)

    def __call__(self, arguments: str) -> list[list[str]]:
        done = subprocess.run(
            ["bedtools", *arguments.split()],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=True,
        )
        return [line.split("\t") for line in done.stdout.splitlines()]

    def regions(self, arguments: str) -> RegionSet:
        rows = [row[:3] for row in self(arguments)]
        chroms, starts, ends = zip(*rows, strict=True) if rows else ((), (), ())
        return RegionSet.from_arrays(chroms, [int(n) for n in starts], [int(n) for n in ends])


def made_sets(sizes: dict[str, int], count: int) -> tuple[RegionSet, RegionSet]:
    """Two sorted sets of distinct regions without zero lengths, which bedtools widens."""
    source = random.Random(5)

    def one() -> RegionSet:
        regions = set()
        while len(regions) < count:
            chrom, start = source.choice(list(sizes)), source.randrange(50_000)
            regions.add((chrom, start, min(start + source.randrange(1, 40), sizes[chrom])))
        kept = sorted(region for region in regions if region[1] < region[2])
        return RegionSet([(*region, f"r{i}\t0\t+") for i, region in enumerate(kept)])

    return one(), one()


def real_sets(real_data: Path) -> tuple[RegionSet, RegionSet]:
    """Distinct peaks by (chromosome, start, end), as bedtools takes the first of the file."""
    names = ("bedboss_peaks_hg38.narrowPeak.gz", "pbmc_multiome3k_peaks_hg38.bed.gz")
    a, b = (distinct(RegionSet(real_data / "peaks" / name)) for name in names)
    return a, b


def distinct(regions: RegionSet) -> RegionSet:
    ids = np.argsort(np.argsort(regions.chrom_names))[regions.chrom_ids]
    rows = np.unique(np.stack([ids, regions.starts, regions.ends], axis=1), axis=0)
    names = np.array(sorted(regions.chrom_names), dtype=object)
    return RegionSet.from_arrays(names[rows[:, 0]], rows[:, 1], rows[:, 2])


@pytest.fixture(params=["made", "real"], scope="module")
def oracle(request: Any, tmp_path_factory: Any) -> tuple[Bedtools, Any, Any, dict[str, int]]:
    if request.param == "real":
        a, b = real_sets(request.getfixturevalue("real_data"))
        ends = (a + b).max_end_per_chrom()
        sizes = {name: end + 1000 for name, end in ends.items()}
    else:
        sizes = {"chr1": 50_000, "chr2": 49_000, "chr10": 60_000, "chrM": 300}
        a, b = made_sets(sizes, 1500)
    return Bedtools(tmp_path_factory.mktemp("bedtools"), a, b, sizes), a, b, sizes


@bedtools
def test_one_set_is_as_by_bedtools(oracle: tuple[Bedtools, Any, Any, dict[str, int]]) -> None:
    run, a, _, sizes = oracle
    for gap in (0, 7):
        regions, counts = a.reduce(max_gap=gap, return_counts=True)
        rows = run(f"merge -i a.bed -d {gap} -c 1 -o count")
        assert regions == run.regions(f"merge -i a.bed -d {gap}")
        assert counts.tolist() == [int(row[3]) for row in rows]
        clusters = np.array([int(row[-1]) for row in run(f"cluster -i a.bed -d {gap}")])
        assert (a.cluster(gap) == clusters - 1).all()
    assert a.complement(sizes) == run.regions("complement -i a.bed -g sizes")
    assert a.slop(30, 11, sizes) == run.regions("slop -i a.bed -g sizes -l 30 -r 11")
    assert a.flank(30, 11, sizes) == run.regions("flank -i a.bed -g sizes -l 30 -r 11")
    width = max(sizes.values()) // 300 + 1
    assert RegionSet.tile(sizes, width) == run.regions(f"makewindows -g sizes -w {width}")


@bedtools
def test_two_sets_are_as_by_bedtools(oracle: tuple[Bedtools, Any, Any, dict[str, int]]) -> None:
    run, a, b, _ = oracle
    a.reduce().to_bed(run._folder / "ra.bed")
    b.reduce().to_bed(run._folder / "rb.bed")
    # bedtools finds what overlaps one region in no order.
    common = run.regions("intersect -a ra.bed -b rb.bed")
    common.sort()
    assert (a & b) == common
    assert (a - b) == run.regions("subtract -a ra.bed -b rb.bed")
    assert a.subset_by_overlaps(b) == run.regions("intersect -a a.bed -b b.bed -u")
    half = a.subset_by_overlaps(b, min_fraction=0.5)
    assert half == run.regions("intersect -a a.bed -b b.bed -u -f 0.5")
    counts = [int(row[-1]) for row in run("intersect -a a.bed -b b.bed -c")]
    assert a.count_overlaps(b).tolist() == counts

    coverage = run("coverage -a a.bed -b b.bed")
    assert a.covered_bases(b).tolist() == [int(row[-3]) for row in coverage]
    assert a.count_overlaps(b).tolist() == [int(row[-4]) for row in coverage]
    jaccard = run("jaccard -a a.bed -b b.bed")[1]
    assert (a & b).nucleotide_length() == int(jaccard[0])
    assert math.isclose(a.jaccard(b), float(jaccard[2]), rel_tol=1e-5)


@bedtools
def test_closest_is_as_by_bedtools(oracle: tuple[Bedtools, Any, Any, dict[str, int]]) -> None:
    run, a, b, _ = oracle
    index, distance = a.closest(b)
    rows = run("closest -a a.bed -b b.bed -D ref -t first")
    assert len(rows) == len(a)
    position = {str(region): i for i, region in enumerate(b)}
    extra = 3 if a[0].rest else 0  # columns of the rest
    for i, row in enumerate(rows):
        chrom, start, end = row[3 + extra : 6 + extra]
        assert index[i] == position.get(f"{chrom}:{start}-{end}", -1), row
        # bedtools tells the distance of bases, 1 where regions touch; none is -1.
        gap = int(distance[i])
        overlaps = index[i] >= 0 and len(a[i : i + 1] & b[index[i] : index[i] + 1])
        expected = -1 if index[i] < 0 else 0 if overlaps else gap + (1 if gap > 0 else -1)
        assert int(row[-1]) == expected or (gap == 0 and abs(int(row[-1])) == 1), row


@bedtools
def test_different_on_purpose_from_bedtools_zero_length_regions(tmp_path: Path) -> None:
    a, point = RegionSet(["chr1:0-10"]), RegionSet(["chr1:5-5"])
    run = Bedtools(tmp_path, a, point, {"chr1": 20})
    # bedtools takes one base on each side for it.
    assert columns(run.regions("subtract -a a.bed -b b.bed")) == [("chr1", 0, 4), ("chr1", 6, 10)]
    assert (a - point) == a
    assert columns(run.regions("complement -i b.bed -g sizes")) == [("chr1", 0, 4), ("chr1", 6, 20)]
    assert columns(point.gaps({"chr1": 20})) == [("chr1", 0, 20)]


# ---- bioframe


def test_two_sets_are_as_by_bioframe() -> None:
    if importlib.util.find_spec("bioframe") is None:
        pytest.skip("needs bioframe")
    import bioframe

    a, b = made_sets({"chr1": 50_000, "chr2": 49_000}, 600)
    frames = [regions.to_pandas()[["chrom", "start", "end"]] for regions in (a, b)]
    for frame in frames:
        frame["chrom"] = frame["chrom"].astype(object)
        frame[["start", "end"]] = frame[["start", "end"]].astype("int64")
    merged = bioframe.merge(frames[0], min_dist=0)
    assert a.reduce() == RegionSet(merged[["chrom", "start", "end"]]).reduce()
    assert a.covered_bases(b).tolist() == bioframe.coverage(*frames)["coverage"].tolist()
    assert a.count_overlaps(b).tolist() == bioframe.count_overlaps(*frames)["count"].tolist()
    # Its order of the chromosomes changes from process to process.
    nearest = bioframe.closest(*frames)["distance"].tolist()
    assert sorted(np.abs(a.closest(b)[1]).tolist()) == sorted(nearest)
    difference = bioframe.subtract(frames[0], frames[1])[["chrom", "start", "end"]]
    assert (a - b) == RegionSet(difference).reduce()
