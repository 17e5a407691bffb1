# SPDX-License-Identifier: BSD-2-Clause
"""Interval algebra of RegionSet: what each function promises at its borders."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from bedtok import ConfigError, Error, RegionSet, Tokenizer
from raising import raises
from strategies import examples, vocabularies

SIZES = {"chr1": 150, "chr2": 20}


def texts(regions: RegionSet) -> list[str]:
    return [str(region) for region in regions]


@pytest.fixture
def peaks() -> RegionSet:
    """Unsorted, with a zero-length region and a rest."""
    return RegionSet([("chr1", 100, 200, "kept"), ("chr2", 3, 8), ("chr1", 5, 5)])


# ---- of one set


def test_reduce_merges_and_counts(peaks: RegionSet) -> None:
    more = peaks + RegionSet(["chr1:200-210", "chr1:215-220", "chr1:5-5"])
    assert texts(more.reduce()) == ["chr1:5-5", "chr1:100-210", "chr1:215-220", "chr2:3-8"]
    regions, counts = more.reduce(max_gap=5, return_counts=True)
    assert texts(regions) == ["chr1:5-5", "chr1:100-220", "chr2:3-8"]
    assert counts.dtype == np.int64
    assert counts.tolist() == [2, 3, 1]
    assert more.cluster(5).tolist() == [1, 2, 0, 1, 1, 0]
    assert more.reduce()[0].rest is None


def test_disjoin_tells_how_many_regions_cover_each_piece() -> None:
    pieces, depth = RegionSet(["chr1:0-10", "chr1:4-6", "chr1:8-8"]).disjoin(return_depth=True)
    assert texts(pieces) == ["chr1:0-4", "chr1:4-6", "chr1:6-8", "chr1:8-10"]
    assert depth.tolist() == [1, 2, 1, 1]
    assert depth.dtype == np.int64


def test_gaps_are_ordered_by_name_and_end_with_the_chromosome(peaks: RegionSet) -> None:
    assert texts(peaks.gaps({"chr2": 5, "chr10": 7, "chr1": 150})) == [
        *("chr1:0-100", "chr10:0-7", "chr2:0-3")
    ]
    assert peaks.complement(SIZES) == peaks.gaps(SIZES)


def test_regions_are_moved_with_their_rest(peaks: RegionSet) -> None:
    assert texts(peaks.slop(4, 15)) == ["chr1:96-215", "chr2:0-23", "chr1:1-20"]
    assert texts(peaks.slop(15, chrom_sizes=SIZES)) == ["chr1:85-150", "chr2:0-20", "chr1:0-20"]
    assert texts(peaks.flank(4, 0)) == ["chr1:96-100", "chr2:0-3", "chr1:1-5"]
    assert texts(peaks.shift(-6)) == ["chr1:94-194", "chr2:0-2", "chr1:0-0"]
    assert texts(peaks.resize(11)) == ["chr1:145-156", "chr2:0-11", "chr1:0-11"]
    assert texts(peaks.resize(11, "end")) == ["chr1:189-200", "chr2:0-8", "chr1:0-5"]
    assert texts(peaks.trim({"chr1": 150})) == ["chr1:100-150", "chr1:5-5"]
    assert texts(peaks.promoters(2, 1)) == ["chr1:98-101", "chr2:1-4", "chr1:3-6"]
    for moved in (peaks.slop(4), peaks.shift(3), peaks.resize(9), peaks.trim(SIZES)):
        assert moved[0].rest == "kept"
    assert [region.rest for region in peaks.flank(1)][:2] == ["kept", "kept"]


def test_a_region_past_the_end_of_its_chromosome_becomes_empty_there(peaks: RegionSet) -> None:
    short = {"chr1": 50, "chr2": 20}
    assert texts(peaks.trim(short))[0] == "chr1:50-50"
    assert texts(peaks.slop(5, chrom_sizes=short))[0] == "chr1:50-50"
    assert texts(peaks.flank(5, chrom_sizes=short))[0] == "chr2:0-3"


def test_strand_and_summit_come_from_their_columns() -> None:
    peaks = RegionSet([("chr1", 100, 200, "n\t0\t-\t1\t2\t3\t20")])
    assert texts(peaks.promoters(20, 5)) == ["chr1:195-220"]
    assert texts(peaks.resize(501, "summit")) == ["chr1:0-501"]
    assert texts(peaks.resize(11, "summit")) == ["chr1:115-126"]


def test_sample_keeps_the_order_and_follows_the_seed() -> None:
    regions = RegionSet([("chr1", i, i + 1) for i in range(100)])
    chosen = regions.sample(10, seed=3)
    assert (np.diff(chosen.starts.astype(np.int64)) > 0).all()
    assert chosen == regions.sample(10, seed=3)
    random.seed(1)
    first = regions.sample(10)
    assert first != regions.sample(10)
    random.seed(1)
    assert first == regions.sample(10)


def test_statistics_of_chromosomes(peaks: RegionSet) -> None:
    assert peaks.nucleotide_length() == peaks.get_nucleotide_length() == 105
    assert peaks.max_end_per_chrom() == peaks.get_max_end_per_chr() == {"chr1": 200, "chr2": 8}
    assert peaks.mean_region_width() == 35.0
    assert np.isnan(RegionSet([]).mean_region_width())
    statistics = peaks.chromosome_statistics()
    assert list(statistics) == ["chr1", "chr2"]
    assert statistics["chr1"] == ("chr1", 2, 5, 200, 0, 100, 50.0, 50.0)
    assert statistics["chr1"].median_region_length == 50.0
    assert peaks.neighbor_distances().tolist() == [95]
    assert peaks.nearest_neighbors().tolist() == [95, 95]
    assert peaks.nearest_neighbors().dtype == np.int64


def test_a_distribution_has_columns() -> None:
    columns = RegionSet(["chr1:0-10", "chr1:4-6", "chr2:95-99"]).distribution(10, {"chr1": 100})
    assert {name: column.tolist() for name, column in columns.items()} == {
        **{"chr": ["chr1"], "start": [0], "end": [10], "n": [2], "rid": [0]}
    }


# ---- of two


def test_operators_are_the_methods(peaks: RegionSet) -> None:
    other = RegionSet(["chr1:150-300", "chr2:3-4"])
    assert texts(peaks & other) == texts(peaks.intersect_all(other)) == ["chr1:150-200", "chr2:3-4"]
    assert texts(peaks - other) == texts(peaks.setdiff(other)) == ["chr1:100-150", "chr2:4-8"]
    assert texts(peaks | other) == ["chr1:5-5", "chr1:100-300", "chr2:3-8"]
    assert (peaks | other) == peaks.union(other)
    assert (peaks + other) == peaks.concat(other)
    for operation in ("__and__", "__or__", "__sub__", "__add__"):
        assert getattr(peaks, operation)(["chr1:1-2"]) is NotImplemented


def test_the_other_set_may_be_a_list_or_a_file(peaks: RegionSet, tmp_path: Path) -> None:
    path = tmp_path / "other.bed"
    path.write_text("chr1\t150\t300\n")
    for other in (path, str(path), ["chr1:150-300"], RegionSet(path)):
        assert peaks.coverage(other) == 50 / 105
    with pytest.raises(TypeError, match="expected a path, a list of regions"):
        peaks.coverage(7)


def test_pairs_of_overlaps_are_index_arrays(peaks: RegionSet) -> None:
    other = ["chr1:190-210", "chr1:0-9", "chr2:8-9", "chr1:90-101", "chr9:1-2"]
    left, right = peaks.find_overlaps(other)
    assert left.tolist() == [0, 0, 2]
    assert right.tolist() == [3, 0, 1]
    assert left.dtype == right.dtype == np.int64
    assert peaks.count_overlaps(other).tolist() == [2, 0, 1]
    assert peaks.any_overlaps(other).tolist() == [True, False, True]
    assert peaks.any_overlaps(other).dtype == np.bool_
    assert peaks.subset_by_overlaps(other)[0].rest == "kept"
    assert peaks.count_overlaps(other, min_overlap=2).tolist() == [1, 0, 0]
    assert peaks.count_overlaps(other, min_fraction=0.1).tolist() == [1, 0, 1]


@pytest.mark.filterwarnings("ignore:no chromosome of the input")
@settings(max_examples=examples(50))
@given(a=vocabularies, b=vocabularies)
def test_overlaps_are_the_hits_of_a_tokenizer(a: Any, b: Any) -> None:
    rules: dict[str, Any]
    for rules in ({}, {"min_overlap": 2}, {"min_fraction": 0.5}):
        _, right = RegionSet(a).find_overlaps(b, **rules)
        ids = Tokenizer.from_regions(b, low_hit_rate=None, **rules).tokenize(a)
        assert ids == ([str(RegionSet(b)[j]) for j in right] or ["<unk>"])


def test_closest_is_aligned_with_the_set(peaks: RegionSet) -> None:
    index, distance = peaks.closest(["chr1:0-2", "chr1:8-99", "chr1:200-300"])
    assert index.tolist() == [2, -1, 0]
    assert distance.tolist() == [0, 0, -3]
    assert index.dtype == distance.dtype == np.int64


def test_shares_of_base_pairs(peaks: RegionSet) -> None:
    other = RegionSet(["chr1:150-250", "chr1:150-160"])
    assert peaks.covered_bases(other).tolist() == [50, 0, 0]
    assert peaks.coverage(other) == 50 / 105
    assert peaks.jaccard(other) == 50 / 155
    assert peaks.overlap_coefficient(other) == 50 / 100
    for name in ("coverage", "jaccard", "overlap_coefficient"):
        assert getattr(RegionSet(["chr1:5-5"]), name)(["chr1:5-5"]) == 0.0


# ---- borders that all share


def test_empty_sets_give_empty_results(peaks: RegionSet) -> None:
    empty = RegionSet([])
    for result in (
        *(empty.reduce(), empty.disjoin(), empty.trim(SIZES), empty.slop(3, chrom_sizes=SIZES)),
        *(empty.flank(3), empty.shift(3), empty.resize(3), empty.promoters(1, 2), empty.sample(0)),
        *(empty & peaks, peaks & empty, empty - peaks, empty | empty, empty.pintersect(empty)),
        empty.subset_by_overlaps(peaks),
    ):
        assert len(result) == 0
    assert (peaks - empty) == peaks.trim({"chr1": 999, "chr2": 999}).reduce()[1:]
    assert texts(empty.gaps({"chr1": 3})) == ["chr1:0-3"]
    assert empty.cluster().tolist() == empty.neighbor_distances().tolist() == []
    assert peaks.closest(empty)[0].tolist() == [-1, -1, -1]
    assert empty.distribution()["n"].tolist() == []
    assert empty.max_end_per_chrom() == {}


def test_results_have_the_class_of_the_set(peaks: RegionSet) -> None:
    class Peaks(RegionSet):
        pass

    mine = Peaks(peaks)
    for result in (mine.reduce(), mine & peaks, mine.slop(1), mine.sample(1), Peaks.tile(SIZES, 9)):
        assert type(result) is Peaks


def test_chrom_sizes_may_be_a_dict_or_a_file(peaks: RegionSet, tmp_path: Path) -> None:
    path = tmp_path / "hg.chrom.sizes"
    path.write_text("# made for this test\nchr1\t150\nchr2\t20\t7\n")
    for sizes in (SIZES, path, str(path)):
        assert peaks.slop(15, chrom_sizes=sizes) == peaks.slop(15, chrom_sizes=SIZES)
        assert RegionSet.tile(sizes, 100) == RegionSet.tile(SIZES, 100)
    with pytest.raises(FileNotFoundError):
        peaks.gaps(tmp_path / "hg39")
    path.write_text("")
    raises(
        ConfigError,
        "chrom_sizes is empty, expected the length of each chromosome",
        lambda: peaks.gaps(path),
    )
    with pytest.raises(TypeError, match="expected a dict of lengths by chromosome or a file"):
        peaks.trim(None)  # type: ignore[arg-type]


def test_chromosomes_that_are_not_listed_are_named(peaks: RegionSet) -> None:
    raises(
        Error,
        "region 1: chrom_sizes does not list chr2, expected the size of every chromosome; trim "
        "leaves out regions of others",
        lambda: peaks.slop(1, chrom_sizes={"chr1": 500}),
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda r: r.reduce(-1), "max_gap is -1, expected a number of bases from 0"),
        (lambda r: r.slop(-1), "left is -1, expected a number of bases from 0"),
        (lambda r: r.slop(1, -2), "right is -2, expected a number of bases from 0"),
        (lambda r: r.resize(5, "middle"), "fix is 'middle', expected one of: start, end, center"),
        (lambda r: r.sample(4), "n is 4, expected at most the 3 regions of the set"),
        (lambda r: r.sample(1, seed=-1), "seed is -1, expected 0 to 2**64 - 1"),
        (lambda r: r.any_overlaps(r, min_fraction=2), "min_fraction is 2, expected a number from"),
        (lambda r: r.shift(2**63), "offset is 9223372036854775808, expected a number of 64 bits"),
        (lambda r: r.slop(2**32), "region 0: 200 + 4294967296 is beyond 4294967295, the largest"),
        (lambda r: r.distribution(0), "n_bins is 0, expected 1 or more"),
        (lambda r: r.tile({"chr1": 5}, 0), "width is 0, expected 1 or more base pairs"),
        (lambda r: r.gaps({"chr1": 2**32}), "chrom_sizes: chr1 is 4294967296, expected at most"),
        (lambda r: r.resize(5, "summit"), "region 0: there is no column 10 with a summit"),
        (lambda r: r.pintersect(["chr1:1-2"]), "pintersect takes sets of one size"),
    ],
)
def test_what_cannot_be_done_is_said(call: Any, message: str, peaks: RegionSet) -> None:
    with pytest.raises(Error) as caught:
        call(peaks)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [1.5, "3", None, True])
def test_base_pairs_are_whole_numbers(value: Any, peaks: RegionSet) -> None:
    for call in (peaks.reduce, peaks.cluster, peaks.slop, peaks.shift, peaks.resize):
        with pytest.raises(TypeError, match="expected a whole number"):
            call(value)
