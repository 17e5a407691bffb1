# SPDX-License-Identifier: BSD-2-Clause
"""Real peaks and fragments tokenize to the numbers that bedtools and gtars give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gtars.tokenizers
import numpy as np
import pytest

from bedtok import ParseError, RegionSet, Tokenizer
from bedtok.tokenizers import tokenize_fragment_file

# Fragments are taken as BED here.
pytestmark = pytest.mark.filterwarnings("ignore:the lines look like those of a fragment file")

# bedtools 2.30, overlaps of at least 1 bp: regions, (query, vocabulary) pairs, queries with a hit,
# distinct vocabulary regions, queries with half of them covered.
PEAKS = (31_210, 19_127, 19_127, 12_186, 17_935)
FRAGMENTS = (57_115, 29_054, 29_054, 2_683, 27_519)


@pytest.fixture(scope="module")
def vocabulary_path(real_data: Path) -> Path:
    return real_data / "peaks" / "pbmc_multiome3k_peaks_hg38.bed.gz"


@pytest.fixture(scope="module")
def vocabulary(vocabulary_path: Path) -> Tokenizer:
    return Tokenizer(vocabulary_path)


@pytest.fixture(params=["peaks", "fragments"])
def query(request: Any, real_data: Path) -> tuple[Path, tuple[int, ...]]:
    if request.param == "peaks":
        return real_data / "peaks" / "bedboss_peaks_hg38.narrowPeak.gz", PEAKS
    name = "macs3_pbmc_chr22_hg38.fragments.tsv.gz"
    return real_data / "fragments" / name, FRAGMENTS


def test_the_vocabulary_has_all_its_regions(vocabulary: Tokenizer) -> None:
    assert vocabulary.num_regions == 156_607
    assert vocabulary.vocab_size == 156_614
    assert len(vocabulary.regions.chrom_names) == 33


def test_counts_are_those_of_bedtools(
    vocabulary: Tokenizer, query: tuple[Path, tuple[int, ...]]
) -> None:
    path, (regions, pairs, hits, distinct, half) = query
    sample = RegionSet.from_bed(path)
    report = vocabulary.report(sample, min_overlap=1)
    assert (report.regions, report.tokens, report.hits) == (regions, pairs, hits)
    assert report.distinct_tokens == distinct
    ids = vocabulary(sample, return_tensors="np", min_overlap=1)["input_ids"]
    assert ids.shape == (1, pairs)
    assert len(np.unique(ids)) == distinct
    assert vocabulary.report(sample, min_fraction=0.5).hits == half
    assert len(vocabulary(sample, unique=True)["input_ids"]) == distinct


def test_ids_are_those_of_gtars(
    vocabulary: Tokenizer, vocabulary_path: Path, query: tuple[Path, tuple[int, ...]]
) -> None:
    path, _ = query
    theirs = gtars.tokenizers.Tokenizer(str(vocabulary_path))
    assert vocabulary(path)["input_ids"] == theirs(str(path))["input_ids"]
    assert vocabulary.get_vocab() == theirs.get_vocab()


def test_fragments_by_barcode_are_those_of_gtars(
    vocabulary: Tokenizer, vocabulary_path: Path, real_data: Path
) -> None:
    path = real_data / "fragments" / "macs3_pbmc_chr22_hg38.fragments.tsv.gz"
    ours = tokenize_fragment_file(path, vocabulary)
    theirs = gtars.tokenizers.tokenize_fragment_file(
        str(path), gtars.tokenizers.Tokenizer(str(vocabulary_path))
    )
    assert len(ours) == 100
    assert ours == theirs


def test_formats_of_peak_callers_are_read_and_mapped(
    vocabulary: Tokenizer, real_data: Path
) -> None:
    for name in ("macs3_chr22.broadPeak", "macs3_chr22.gappedPeak", "bioframe_narrowPeak_hg38.bed"):
        report = vocabulary.report(real_data / "formats" / name)
        assert report.regions > 0
        assert report.unknown_chroms == []


def test_a_big_bed_is_refused_with_a_clear_message(vocabulary: Tokenizer, real_data: Path) -> None:
    with pytest.raises(ParseError, match=r"(?i)bigbed"):
        vocabulary(real_data / "formats" / "pybigwig_test.bigBed")


def test_a_saved_real_vocabulary_loads_equal(vocabulary: Tokenizer, tmp_path: Path) -> None:
    vocabulary.save_pretrained(tmp_path)
    assert Tokenizer.from_pretrained(tmp_path) == vocabulary
