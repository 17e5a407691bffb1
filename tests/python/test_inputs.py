# SPDX-License-Identifier: BSD-2-Clause
"""Regions and samples in the forms that other libraries hand out."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bedtok import Region, RegionSet, Tokenizer
from bedtok.models import RegionSetList
from raising import raises

REGIONS = [("chr1", 120, 130), ("chr2", 55, 56), ("chr1", 350, 360)]
EXPECTED = RegionSet(REGIONS)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_regions(["chr1:100-200", "chr1:300-400", "chr2:50-60"])


def objects(**names: str) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(**{names[k]: v for k, v in zip(("chrom", "start", "end"), r, strict=True)})
        for r in REGIONS
    ]


class BedTool:
    """As pybedtools' class: an iterable with its own columns and methods."""

    fn = "x.bed"

    def __iter__(self) -> Any:
        return iter(objects(chrom="chrom", start="start", end="end"))

    def __getitem__(self, i: int) -> Any:
        return list(self)[i]


class Stream(BedTool):
    """As pybedtools' class of the output of a program: even its length reads it, and only once."""

    def __init__(self) -> None:
        self._rows = super().__iter__()

    def __iter__(self) -> Any:
        return self._rows

    def __len__(self) -> int:
        return sum(1 for _ in self)


def array_of_objects() -> Any:
    """As geniml makes it, to select from by positions."""
    array = np.empty(len(REGIONS), dtype=object)
    for i, region in enumerate(REGIONS):
        array[i] = Region(*region)
    return array


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: (r for r in REGIONS), id="generator"),
        pytest.param(lambda: map(lambda r: Region(*r), REGIONS), id="map"),
        pytest.param(lambda: iter(REGIONS), id="iterator"),
        pytest.param(lambda: deque(REGIONS), id="deque"),
        pytest.param(lambda: dict.fromkeys(REGIONS).keys(), id="keys"),
        pytest.param(lambda: dict(enumerate(REGIONS)).values(), id="values"),
        pytest.param(lambda: zip(*zip(*REGIONS, strict=True), strict=True), id="zip"),
        pytest.param(array_of_objects, id="array of objects"),
        pytest.param(
            lambda: np.array([f"{c}:{a}-{b}" for c, a, b in REGIONS]), id="array of texts"
        ),
        pytest.param(BedTool, id="BedTool"),
        pytest.param(Stream, id="stream"),
        pytest.param(lambda: objects(chrom="chrom", start="start", end="end"), id="chrom"),
        pytest.param(lambda: objects(chrom="chr", start="start", end="end"), id="chr"),
        pytest.param(lambda: objects(chrom="contig", start="start", end="end"), id="contig"),
        pytest.param(
            lambda: objects(chrom="chromosome", start="start", end="end"), id="chromosome"
        ),
        pytest.param(lambda: objects(chrom="contig", start="start", end="stop"), id="variant"),
        pytest.param(
            lambda: objects(chrom="reference_name", start="reference_start", end="reference_end"),
            id="alignment",
        ),
    ],
)
def test_iterables_and_objects_are_regions(tokenizer: Tokenizer, make: Callable[[], Any]) -> None:
    assert RegionSet(make()) == RegionSet.from_regions(make()) == EXPECTED
    assert Tokenizer.from_regions(make()).regions == EXPECTED
    assert tokenizer(make())["input_ids"] == [0, 2, 1]
    if not all(isinstance(region, str) for region in make()):  # those are tokens
        assert tokenizer.encode(make()) == [0, 2, 1]
    assert tokenizer.tokenize(make()) == ["chr1:100-200", "chr2:50-60", "chr1:300-400"]
    assert tokenizer.report(make()).hits == 3


def test_iterables_of_samples_are_batches(tokenizer: Tokenizer, tmp_path: Path) -> None:
    bed = tmp_path / "a.bed"
    bed.write_text("chr1\t150\t350\n")
    for samples in ([EXPECTED, EXPECTED[:1]], [bed, EXPECTED], [["chr1:1-2"], EXPECTED]):
        expected = tokenizer(samples)["input_ids"]
        assert tokenizer(sample for sample in samples)["input_ids"] == expected
        assert tokenizer(deque(samples))["input_ids"] == expected
        assert tokenizer.report(iter(samples)).hits == tokenizer.report(samples).hits
    for make in (lambda: (r for r in REGIONS), BedTool, Stream, array_of_objects):
        assert tokenizer([make(), EXPECTED])["input_ids"] == [[0, 2, 1]] * 2
        assert tokenizer.report([make(), EXPECTED]).regions == 6
    assert tokenizer(iter([]))["input_ids"] == [tokenizer.unk_token_id]


def test_an_iterable_of_texts_is_encoded_as_a_list_of_them_is(tokenizer: Tokenizer) -> None:
    tokens = ["chr1:300-400", "<cls>", "chr1:100-200"]
    for make in (list, iter, np.array, deque):
        assert tokenizer.encode(make(tokens)) == [1, 6, 0]


def test_what_has_no_order_is_refused(tokenizer: Tokenizer) -> None:
    regions = {("chr1", 1, 2)}
    raises(TypeError, "not set; a set has no order: sorted(...)", lambda: RegionSet(regions))
    raises(TypeError, "got set, expected a RegionSet", lambda: tokenizer(regions))
    raises(TypeError, "not dict", lambda: RegionSet({"chrom": ["chr1"]}))


def test_rows_of_pysam_are_regions(tokenizer: Tokenizer, tmp_path: Path) -> None:
    pysam = pytest.importorskip("pysam")
    bed = tmp_path / "a.bed"
    bed.write_text("chr1\t120\t130\tx\nchr1\t350\t360\ty\n")
    with pysam.TabixFile(pysam.tabix_index(str(bed), preset="bed", keep_original=True)) as file:
        for parser in (pysam.asBed, pysam.asTuple):
            rows = file.fetch("chr1", parser=parser())
            assert RegionSet(rows) == RegionSet(["chr1:120-130", "chr1:350-360"])
        assert tokenizer(file.fetch("chr1", parser=pysam.asBed()))["input_ids"] == [0, 1]
    alignment = pysam.AlignedSegment(pysam.AlignmentHeader.from_references(["chr1"], [1000]))
    alignment.reference_id, alignment.reference_start, alignment.cigarstring = 0, 120, "10M"
    assert RegionSet([alignment]) == RegionSet(["chr1:120-130"])
    unmapped = pysam.AlignedSegment(pysam.AlignmentHeader.from_references(["chr1"], [1000]))
    raises(
        TypeError, "region 0: got AlignedSegment, expected a Region", lambda: RegionSet([unmapped])
    )


def test_a_list_of_sets_is_a_batch(tokenizer: Tokenizer) -> None:
    sets = RegionSetList([EXPECTED, EXPECTED[:1]], names=["a", "b"])
    assert tokenizer(sets)["input_ids"] == [[0, 2, 1], [0]]


def test_bedtools_of_pybedtools_are_regions(tokenizer: Tokenizer) -> None:
    pybedtools = pytest.importorskip("pybedtools")
    if shutil.which("bedtools") is None:
        pytest.skip("bedtools is not installed")
    lines = "".join(f"{chrom}\t{start}\t{end}\n" for chrom, start, end in REGIONS)

    def make() -> Any:
        return pybedtools.BedTool(lines, from_string=True)

    assert RegionSet(make()) == RegionSet(list(make())) == EXPECTED
    assert tokenizer(make())["input_ids"] == [0, 2, 1]
    assert tokenizer([make(), make()])["input_ids"] == [[0, 2, 1]] * 2
    assert tokenizer(make().intersect(make()))["input_ids"] == [0, 2, 1]
    assert EXPECTED.any_overlaps(make()[:1]).tolist() == [True, False, False]


def test_data_frames_of_dask_are_regions(tokenizer: Tokenizer) -> None:
    dask = pytest.importorskip("dask.dataframe", exc_type=ImportError)
    frame = dask.from_pandas(pd.DataFrame(REGIONS, columns=["chrom", "start", "end"]), 2)
    assert RegionSet(frame) == Tokenizer.from_regions(frame).regions == EXPECTED
    assert tokenizer(frame)["input_ids"] == [0, 2, 1]
    assert tokenizer([frame, frame])["input_ids"] == [[0, 2, 1]] * 2
    assert tokenizer(frame[frame.chrom == "chr1"])["input_ids"] == [0, 1]
