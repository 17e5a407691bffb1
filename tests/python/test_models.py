# SPDX-License-Identifier: BSD-2-Clause
"""Regions and region sets (docs/guarantees.md, sections 1 and 2)."""

from __future__ import annotations

import copy
import gzip
import pickle
import re
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gtars.models
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import (
    ConfigError,
    Error,
    ParseError,
    Region,
    RegionSet,
    Tokenizer,
    VocabularyError,
)
from bedtok._regions.columns import is_region_text, parse_region_text
from raising import raises

MAX = 2**32 - 1

names = st.sampled_from(["chr1", "chr2", "chr10", "X", "HLA-A*01:01:01:01", "a_very_long_scaffold"])
coordinates = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(sorted)
region_tuples = st.tuples(names, coordinates).map(lambda r: (r[0], *r[1]))
region_lists = st.lists(region_tuples, max_size=30)


def tuples_of(regions: RegionSet) -> list[tuple[str, int, int]]:
    return [(region.chrom, region.start, region.end) for region in regions]


# ---- one region


def test_a_region_has_a_name_two_coordinates_and_a_rest() -> None:
    region = Region("chr1", 100, 200, "peak\t7")
    assert (region.chrom, region.chr, region.start, region.end) == ("chr1", "chr1", 100, 200)
    assert region.rest == "peak\t7"
    assert Region(chr="chr1", start=100, end=200) == region


def test_a_region_prints_as_its_token_and_has_its_width_as_length() -> None:
    region = Region("HLA-A*01:01", 5, 9)
    assert str(region) == "HLA-A*01:01:5-9"
    assert repr(region) == "Region('HLA-A*01:01', 5, 9)"
    assert repr(Region("a", 1, 2, "x")) == "Region('a', 1, 2, 'x')"
    assert len(region) == 4


def test_a_region_of_zero_length_is_legal_and_true() -> None:
    region = Region("chr1", 5, 5)
    assert len(region) == 0
    assert region


def test_regions_compare_and_hash_by_interval_alone() -> None:
    a, b = Region("chr1", 1, 2, "x"), Region("chr1", 1, 2)
    assert a == b
    assert hash(a) == hash(b)
    assert a != Region("chr1", 1, 3)
    assert a != ("chr1", 1, 2)
    assert sorted([Region("b", 1, 2), Region("a", 5, 9), Region("a", 5, 6)])[0].end == 6


def test_a_region_does_not_change_and_pickles() -> None:
    region = Region("chr1", 1, 2, "x")
    with pytest.raises(AttributeError):
        region.start = 5  # type: ignore[misc]
    copy = pickle.loads(pickle.dumps(region))
    assert copy == region
    assert copy.rest == "x"


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        (("chr1", 9, 5), Error, "end 5 is before start 9"),
        (("chr1", -1, 5), Error, "start -1 is outside 0..4294967295"),
        (("chr1", 1, 2**32), Error, "end 4294967296 is outside 0..4294967295"),
        (("", 1, 2), Error, "the chromosome name is empty, expected a name"),
        (("chr1", 1.0, 5), TypeError, "start is 1.0 of type float, expected an integer"),
        (("chr1", True, 5), TypeError, "start is True, expected an integer"),
        (("chr1", "1", 5), TypeError, "start is '1' of type str, expected an integer"),
        ((1, 1, 5), TypeError, "chrom is 1, expected a text"),
        (("chr1", 1, 5, 7), TypeError, "rest is 7, expected a text or None"),
    ],
    ids=repr,
)
def test_an_illegal_region_is_refused_with_its_value(
    arguments: tuple[Any, ...], kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        Region(*arguments)


# ---- texts


def test_a_region_text_is_read_from_the_right() -> None:
    assert parse_region_text("HLA-A*01:01:01:01:5-9") == ("HLA-A*01:01:01:01", 5, 9)
    assert parse_region_text("a:b-c:1-2") == ("a:b-c", 1, 2)
    for text in ["chr1", "chr1:1", ":1-2", "chr1:1-", "chr1:-2", "chr1:1-2x", "data/a.bed", ""]:
        assert not is_region_text(text), text


@pytest.mark.parametrize("separator", ["{}:{}-{}", "{}-{}-{}", "{}_{}_{}"])
@given(region=region_tuples)
def test_peak_names_of_three_forms_are_read_from_the_right(
    separator: str, region: tuple[str, int, int]
) -> None:
    assert tuples_of(RegionSet.from_names([separator.format(*region)])) == [region]


def test_a_name_of_another_form_is_named() -> None:
    with pytest.raises(Error, match=r"region 1: 'chr1\.5\.9' is none of chr1:100-200"):
        RegionSet.from_names(["chr1:1-2", "chr1.5.9"])
    with pytest.raises(TypeError, match="region 0: the name is 5"):
        RegionSet.from_names([5])  # type: ignore[list-item]


# ---- sets from memory


@given(regions=region_lists)
def test_all_forms_of_a_list_make_the_same_set(regions: list[tuple[str, int, int]]) -> None:
    expected = RegionSet(regions)
    assert tuples_of(expected) == regions
    assert RegionSet([Region(*r) for r in regions]) == expected
    assert RegionSet([f"{c}:{s}-{e}" for c, s, e in regions]) == expected
    assert RegionSet([SimpleNamespace(chr=c, start=s, end=e) for c, s, e in regions]) == expected
    assert RegionSet([gtars.models.Region(*r, None) for r in regions]) == expected
    chroms, starts, ends = (
        (list(x) for x in zip(*regions, strict=True)) if regions else ([], [], [])
    )
    assert RegionSet.from_arrays(chroms, starts, ends) == expected
    assert (
        RegionSet.from_arrays(np.array(chroms, dtype=str), np.array(starts, "i4"), ends) == expected
    )
    assert RegionSet.from_vectors(chroms, starts, ends) == expected
    assert RegionSet(expected) == expected


def test_forms_may_be_mixed_and_a_rest_is_kept() -> None:
    regions = RegionSet([("chr1", 1, 2, "x"), "chr2:3-4", Region("chr3", 5, 6)])
    assert [region.rest for region in regions] == ["x", None, None]


@pytest.mark.parametrize(
    ("regions", "kind", "message"),
    [
        ([("chr1", 1, 2), ("chr1", 9, 5)], Error, "region 1: end 5 is before start 9"),
        ([("chr1", 1, 2), ("chr1", -1, 5)], Error, "region 1: start -1 is outside 0..4294967295"),
        ([("chr1", 1, 2**70)], Error, f"region 0: end {2**70} is outside 0..4294967295"),
        ([("chr1", 1, 2), ("", 1, 5)], Error, "region 1: the chromosome name is empty"),
        ([("a\tb", 1, 5)], Error, "the chromosome name 'a\\tb' holds a tab"),
        ([("#a", 1, 5)], Error, "the chromosome name '#a' begins like a comment of a BED file"),
        ([("track", 1, 5)], Error, "the chromosome name 'track' begins like a comment"),
        ([("a", 1, 5, "x\ny")], Error, "region 0: the rest holds a line end"),
        (["\ud800:1-2"], Error, "the chromosome name '\\ud800' cannot be written as UTF-8"),
        (["chr1:1-2", "chr1"], Error, "region 1: 'chr1' is not of the form 'chr1:100-200'"),
        ([("chr1", 1.5, 2)], TypeError, "region 0: start is 1.5 of type float"),
        ([("chr1", 1, True)], TypeError, "region 0: end is True, expected an integer"),
        ([(7, 1, 2)], TypeError, "region 0: chrom is 7, expected a text"),
        ([("chr1", 1)], TypeError, "region 0: got tuple, expected a Region, (chrom, start, end)"),
        pytest.param(
            [object()], TypeError, "region 0: got object, expected a Region", id="an object"
        ),
        ([("chr1", 1, 2, 5)], TypeError, "region 0: rest is 5, expected a text or None"),
        (7, TypeError, "regions: expected a path, a list of regions, a table or a RegionSet, not"),
    ],
    ids=repr,
)
def test_an_illegal_list_is_refused_with_place_and_value(
    regions: Any, kind: type[Exception], message: str
) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        RegionSet(regions)


def test_arrays_must_have_one_length_and_hold_integers() -> None:
    with pytest.raises(Error, match="columns must have one length, got 1 chroms, 2 starts, 1 ends"):
        RegionSet.from_arrays(["chr1"], [1, 2], [3])
    with pytest.raises(TypeError, match="starts: expected integers, got an array of float64"):
        RegionSet.from_arrays(["chr1"], np.array([1.0]), [3])
    with pytest.raises(TypeError, match=r"ends: expected one dimension, got shape \(1, 1\)"):
        RegionSet.from_arrays(["chr1"], [1], np.array([[3]]))
    with pytest.raises(Error, match="region 1: start -5 is outside"):
        RegionSet.from_arrays(["chr1", "chr1"], np.array([1, -5]), [3, 3])


def test_coordinates_reach_to_the_end_of_32_bits() -> None:
    assert tuples_of(RegionSet([("chr1", MAX, MAX)])) == [("chr1", MAX, MAX)]


# ---- as a sequence


@given(
    regions=region_lists,
    index=st.slices(30),
    positions=st.lists(st.integers(-5, 29), max_size=5),
)
def test_a_set_is_indexed_like_a_list(
    regions: list[tuple[str, int, int]], index: slice, positions: list[int]
) -> None:
    as_set = RegionSet(regions)
    assert len(as_set) == len(regions)
    assert tuples_of(as_set[index]) == regions[index]
    for i in positions:
        if -len(regions) <= i < len(regions):
            assert as_set[i] == Region(*regions[i])
        else:
            with pytest.raises(IndexError, match=f"position {i} is outside a set of"):
                as_set[i]
    inside = [i for i in positions if -len(regions) <= i < len(regions)]
    assert tuples_of(as_set[inside]) == [regions[i] for i in inside]
    mask = np.array([region[1] > 30 for region in regions], dtype=bool)
    assert tuples_of(as_set[mask]) == [region for region in regions if region[1] > 30]
    assert all(region in as_set for region in regions)
    assert ("chr99", 1, 2) not in as_set
    assert tuples_of(as_set + as_set) == regions + regions


def test_an_index_of_another_kind_is_refused() -> None:
    regions = RegionSet(["chr1:1-2", "chr1:3-4"])
    with pytest.raises(TypeError, match="index: expected an integer, a slice, or an array"):
        regions["chr1"]  # type: ignore[call-overload]
    with pytest.raises(IndexError, match="a mask of 1 values for a set of 2 regions"):
        regions[[True]]
    with pytest.raises(IndexError, match="position 7 is outside a set of 2 regions"):
        regions[[0, 7]]
    with pytest.raises(TypeError, match="index: expected integers or booleans, not float64"):
        regions[[0.5]]  # type: ignore[list-item]


def test_sets_are_equal_by_intervals_in_order() -> None:
    regions = RegionSet([("chr1", 1, 2, "x"), ("chr2", 3, 4)])
    assert regions == RegionSet([("chr1", 1, 2), ("chr2", 3, 4)])
    assert regions != RegionSet([("chr2", 3, 4), ("chr1", 1, 2)])
    assert regions != [("chr1", 1, 2), ("chr2", 3, 4)]
    with pytest.raises(TypeError, match="unhashable"):
        hash(regions)


def test_a_set_prints_its_size_and_its_first_regions() -> None:
    assert repr(RegionSet([])) == "RegionSet(0 regions)"
    assert repr(RegionSet(["chr1:1-2"])) == "RegionSet(1 region on 1 chromosome: chr1:1-2)"
    many = RegionSet([f"chr{i}:1-2" for i in range(9)])
    expected = "RegionSet(9 regions on 9 chromosomes: chr0:1-2, chr1:1-2, chr2:1-2, ...)"
    assert repr(many) == expected


def test_columns_are_views_that_nobody_can_change() -> None:
    regions = RegionSet([("chr2", 1, 5), ("chr1", 3, 4), ("chr2", 7, 7)])
    assert regions.starts.dtype == regions.ends.dtype == regions.chrom_ids.dtype == np.uint32
    assert np.shares_memory(regions.starts, regions.starts)
    with pytest.raises(ValueError, match="read-only"):
        regions.starts[0] = 9
    assert regions.chrom_names == ["chr2", "chr1"]
    assert regions.chroms.tolist() == ["chr2", "chr1", "chr2"]
    assert regions.widths().tolist() == [4, 1, 0]
    starts = RegionSet([("chr1", 5, 6)]).starts  # outlives the set
    assert starts.tolist() == [5]


@given(regions=region_lists)
def test_sorting_is_by_name_as_bytes_then_start_and_stable(
    regions: list[tuple[str, int, int]],
) -> None:
    as_set = RegionSet([(*region, str(i)) for i, region in enumerate(regions)])
    as_set.sort()
    expected = sorted(
        ((*region, str(i)) for i, region in enumerate(regions)),
        key=lambda r: (r[0].encode(), r[1]),
    )
    assert [(r.chrom, r.start, r.end, r.rest) for r in as_set] == expected


@given(regions=region_lists)
def test_sets_pickle(regions: list[tuple[str, int, int]]) -> None:
    copy = pickle.loads(pickle.dumps(RegionSet(regions)))
    assert copy == RegionSet(regions)
    carrying = RegionSet([(*region, "x\ty") for region in regions])
    assert [r.rest for r in pickle.loads(pickle.dumps(carrying))] == ["x\ty"] * len(regions)


# ---- files


def test_a_file_is_sorted_unless_its_order_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.bed"
    path.write_text("#made up\nchr2\t5\t9\tb\t1\nchr10\t1\t2\nchr2\t3\t4\n")
    regions = RegionSet.from_bed(path)
    assert tuples_of(regions) == [("chr10", 1, 2), ("chr2", 3, 4), ("chr2", 5, 9)]
    assert [region.rest for region in regions] == [None, None, "b\t1"]
    assert tuples_of(RegionSet.from_bed(str(path), sort=False))[0] == ("chr2", 5, 9)
    assert regions.header == "#made up"
    assert regions.path == str(path)
    assert RegionSet(path) == regions


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    regions = RegionSet([("chr1", 1, 2, "x\ty"), ("chr2", 3, 4)])
    regions.to_bed(tmp_path / "a.bed")
    regions.to_bed_gz(tmp_path / "a.bed.gz")
    regions.to_bed_gz(tmp_path / "b.bed.gz")
    assert (tmp_path / "a.bed").read_text() == "chr1\t1\t2\tx\ty\nchr2\t3\t4\n"
    assert (
        gzip.decompress((tmp_path / "a.bed.gz").read_bytes()) == (tmp_path / "a.bed").read_bytes()
    )
    assert (tmp_path / "a.bed.gz").read_bytes() == (tmp_path / "b.bed.gz").read_bytes()
    again = RegionSet.from_bed(tmp_path / "a.bed.gz")
    assert [r.rest for r in again] == ["x\ty", None]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.bed", "a.bed.gz", "b.bed.gz"]


def test_a_file_that_cannot_be_written_is_an_os_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "none" / "a.bed"))):
        RegionSet(["chr1:1-2"]).to_bed(tmp_path / "none" / "a.bed")
    with pytest.raises(IsADirectoryError):
        RegionSet(["chr1:1-2"]).to_bed(tmp_path)
    assert list(tmp_path.iterdir()) == []


@given(regions=region_lists.filter(bool), carried=st.booleans())
def test_order_and_digests_are_those_of_gtars(
    tmp_path_factory: pytest.TempPathFactory, regions: list[tuple[str, int, int]], carried: bool
) -> None:
    path = tmp_path_factory.mktemp("gtars") / "a.bed"
    rest = "\tpeak\t5" if carried else ""
    path.write_text("".join(f"{c}\t{s}\t{e}{rest}\n" for c, s, e in regions))
    ours, theirs = RegionSet.from_bed(path), gtars.models.RegionSet(str(path))
    assert [(r.chrom, r.start, r.end, r.rest) for r in ours] == [
        (r.chr, r.start, r.end, r.rest) for r in theirs
    ]
    assert ours.identifier == theirs.identifier
    assert ours.file_digest == theirs.file_digest


# ---- bad lines


def test_bad_lines_of_a_file_are_left_out_on_request_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "peaks.bed"
    path.write_text("chr1\t1\t2\nchr15\t49155935\t4915618\n" + "chr1\t-1\t2\n" * 6 + "chr1\t5\t9\n")
    raises(ParseError, f"{path}:2: end 4915618 is before", lambda: RegionSet.from_bed(path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        regions = RegionSet.from_bed(path, on_error="skip")
    assert regions == RegionSet([("chr1", 1, 2), ("chr1", 5, 9)])
    assert regions.skipped_lines == RegionSet(regions).skipped_lines == 7
    assert RegionSet([("chr1", 1, 2)]).skipped_lines == 0
    with pytest.warns(UserWarning) as caught:
        assert RegionSet.from_bed(path, on_error="warn") == regions
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith(f"{path}: 7 lines were skipped: line 2: end 4915618 is before start ")
    assert message.endswith("and 2 more")
    assert caught[0].filename == __file__

    tokenizer = Tokenizer(path, on_error="skip")
    assert tokenizer.regions == Tokenizer.from_bed(path, on_error="skip").regions == regions
    raises(ParseError, f"{path}:2: ", lambda: Tokenizer(path))
    config = tmp_path / "tokenizer.toml"
    config.write_text('universe = "peaks.bed"\n')
    assert Tokenizer(config, on_error="skip") == tokenizer
    raises(ParseError, "peaks.bed:2: ", lambda: Tokenizer(config))
    report = tokenizer.report(regions)
    assert report.skipped_lines == 7
    assert "lines skipped: 7" in str(report)
    assert tokenizer.report([("chr1", 1, 2)]).skipped_lines == 0
    raises(
        ConfigError,
        "on_error is True, expected 'raise', 'warn' or 'skip'",
        lambda: RegionSet.from_bed(path, on_error=True),  # type: ignore[arg-type]
    )
    path.write_text("# no regions\n")
    raises(VocabularyError, "has no regions", lambda: Tokenizer(path, on_error="skip"))
    path.write_text("chr1\t5\n")
    raises(ParseError, f"{path}:1: the line has 2", lambda: Tokenizer(path, on_error="skip"))


def test_what_a_file_may_hold_can_be_copied_and_written(tmp_path: Path) -> None:
    path = tmp_path / "cr.bed"
    path.write_bytes(b"chr1\t1\t2\tname\r\r\nchr1\t3\t4\tx\ry\r\n")
    regions = RegionSet.from_bed(path)
    assert [region.rest for region in regions] == ["name", "x\ry"]
    regions.to_bed(tmp_path / "again.bed")
    for other in (
        pickle.loads(pickle.dumps(regions)),
        copy.deepcopy(regions),
        RegionSet(list(regions)),
        regions + regions[:0],
        RegionSet.from_bed(tmp_path / "again.bed"),
    ):
        assert [region.rest for region in other] == ["name", "x\ry"]


@pytest.mark.parametrize("name", ["BZhang", "BZh9", "PK", "PK\x03\x04", "\ufeffchr1"])
def test_a_first_name_like_another_format_reads_back(tmp_path: Path, name: str) -> None:
    regions = RegionSet([(name, 1, 2), (name, 5, 9)])
    regions.to_bed(tmp_path / "names.bed")
    assert RegionSet.from_bed(tmp_path / "names.bed") == regions
