# SPDX-License-Identifier: BSD-2-Clause
"""One diagnosis for every way in: what is warned of, once a call, with cause and remedy."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, ParseError, RegionSet, Tokenizer
from bedtok._core import MappingReport
from bedtok._tokenization.assembly import same_genome
from bedtok.io import tokenize_files
from bedtok.tokenizers import tokenize_fragment_file
from conftest import BedWriter

Interval = tuple[str, int, int]

PEAKS: list[Interval] = [("chr1", 1000 * i, 1000 * i + 100) for i in range(1, 201)]
GOOD = [(chrom, start + 10, end) for chrom, start, end in PEAKS[:100]]
RENAMED = [(chrom.removeprefix("chr"), start, end) for chrom, start, end in GOOD]
SHIFTED = [(chrom, start + 500, end + 500) for chrom, start, end in GOOD]
ONE_BASED = [(chrom, start + 1, end) for chrom, start, end in PEAKS[:100]]
PAST_END = [*GOOD, *(("chr1", 300_000 + i, 300_050 + i) for i in range(10))]

NO_CHROM = (
    "no chromosome of the input is known to the vocabulary (input: 1, vocabulary: chr1); the "
    "vocabulary calls '1' 'chr1': set the option chrom_aliases to ucsc"
)
LOW = (
    "0 of 100 regions hit the vocabulary (0 %, low_hit_rate is 20 %); likely cause: regions of "
    "another assembly, or of another assay; if this is expected, set the option low_hit_rate to a "
    "lower share or to None"
)
FAR = (
    "10 regions start past the last vocabulary region of their chromosome (most on chr1): another "
    "assembly, or a vocabulary that does not reach there; if this is expected, set the option "
    "low_hit_rate to None"
)
BEHIND = (
    "nearly all starts lie one base behind the start of a vocabulary region: 1-based coordinates, "
    "as of GFF or SAM; starts of BED count from 0, subtract 1 from them"
)
INPUTS = {
    "good": (GOOD, None),
    "few": (SHIFTED[:49], None),
    "renamed": (RENAMED, NO_CHROM),
    "shifted": (SHIFTED, LOW),
    "past end": (PAST_END, FAR),
    "1-based": (ONE_BASED, BEHIND),
}

Warned = Callable[[Callable[[], Any]], str | None]


@pytest.fixture(scope="module")
def peaks() -> Tokenizer:
    return Tokenizer.from_regions(PEAKS)


@pytest.fixture
def warned() -> Warned:
    """Return the text of the one warning of a call, which points at this file, or None."""

    def call(function: Callable[[], Any]) -> str | None:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            function()
        assert len(caught) <= 1
        for warning in caught:
            assert warning.category is UserWarning
            assert warning.filename == __file__
        return str(caught[0].message) if caught else None

    return call


def fragments_of(regions: list[Interval], barcodes: int = 5) -> list[tuple[object, ...]]:
    return [(*region, f"CELL{i % barcodes}-1", 1) for i, region in enumerate(regions)]


def anndata_of(regions: list[Interval]) -> Any:
    ad = pytest.importorskip("anndata")
    pd = pytest.importorskip("pandas")
    var = pd.DataFrame(regions, columns=["chrom", "start", "end"])
    var.index = [f"{chrom}:{start}-{end}" for chrom, start, end in regions]
    obs = pd.DataFrame(index=["a", "b"])
    return ad.AnnData(np.ones((2, len(regions)), dtype=np.float32), obs=obs, var=var)


# ---- every way in


@pytest.mark.parametrize("name", INPUTS)
def test_a_call_warns_once(peaks: Tokenizer, warned: Warned, name: str) -> None:
    regions, expected = INPUTS[name]
    assert warned(lambda: peaks(RegionSet(regions))) == expected
    assert warned(lambda: peaks(regions)) == expected
    assert warned(lambda: peaks(regions, return_region_index=True)) == expected
    assert warned(lambda: peaks.tokenize(regions)) == expected
    report = peaks.report(regions)
    assert report.warning == expected
    assert warned(lambda: peaks.report(regions)) is None


@pytest.mark.parametrize("name", INPUTS)
def test_a_batch_warns_once_of_the_first_sample(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, name: str
) -> None:
    regions, expected = INPUTS[name]
    text = None if expected is None else f"sample 1 and 1 more: {expected}"
    path = write_bed(regions)
    assert warned(lambda: peaks([GOOD, regions, path])) == text


def test_a_batch_of_small_samples_is_judged_as_a_whole(peaks: Tokenizer, warned: Warned) -> None:
    samples = [SHIFTED[i : i + 10] for i in range(0, 100, 10)]
    assert warned(lambda: peaks(samples)) == LOW
    assert warned(lambda: peaks(samples[:4])) is None
    assert warned(lambda: peaks(samples, low_hit_rate=None)) is None
    # The rows of one sample count once.
    long = [*GOOD[:40], *SHIFTED[:9]]
    rows = {"max_length": 1, "truncation": True, "return_overflowing_tokens": True}
    assert warned(lambda: peaks([long], **rows)) is None


@pytest.mark.parametrize("name", INPUTS)
def test_cells_of_an_anndata_warn_once(peaks: Tokenizer, warned: Warned, name: str) -> None:
    regions, expected = INPUTS[name]
    adata = anndata_of(regions)
    assert warned(lambda: peaks.encode_anndata(adata)) == expected
    assert warned(lambda: peaks(adata, padding=True)) == expected
    assert warned(lambda: peaks.encode_anndata(adata, key_added="tokens")) == expected
    assert peaks.report(adata).warning == expected


@pytest.mark.parametrize("name", [name for name in INPUTS if name != "1-based"])
def test_fragments_warn_once(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, name: str
) -> None:
    """1-based fragments cannot be recognized: they begin where no vocabulary region does."""
    regions, expected = INPUTS[name]
    path = write_bed(fragments_of(regions), "fragments.tsv")
    assert warned(lambda: peaks.encode_fragments(path)) == expected
    assert warned(lambda: tokenize_fragment_file(path, peaks)) == expected


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("format", ["parquet", "npz", "gtok"])
def test_a_collection_warns_once_of_the_worst(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, tmp_path: Path, name: str, format: Any
) -> None:
    regions, expected = INPUTS[name]
    paths = [write_bed(GOOD, "a.bed"), write_bed(regions, "b.bed"), write_bed(GOOD, "c.bed")]
    folder = tmp_path / "tokens"
    text = warned(lambda: tokenize_files(paths, peaks, output_dir=folder, format=format))
    if expected is None:
        assert text is None
        return
    rate = peaks.report(regions).hit_rate
    assert text == (
        f"{folder}: 1 of 3 samples do not fit the vocabulary, with the lowest hit rate: b "
        f"({rate:.1%}); b: {expected}"
    )
    assert warned(lambda: tokenize_files(paths, peaks, output_dir=folder, format=format)) is None


def test_a_collection_names_three_of_the_worst_and_how_many_they_are(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, tmp_path: Path
) -> None:
    paths = [write_bed([*GOOD[:i], *SHIFTED[i:]], f"{i}.bed") for i in (18, 4, 8, 100, 2)]
    text = warned(lambda: tokenize_files(paths, peaks, output_dir=tmp_path / "tokens"))
    assert text is not None
    assert "4 of 5 samples do not fit the vocabulary, with the lowest hit rate: 2 (2.0%), " in text
    assert "4 (4.0%), 8 (8.0%); 2: 2 of 100 regions hit" in text


def test_small_samples_of_a_collection_are_judged_together(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, tmp_path: Path
) -> None:
    paths = [write_bed(SHIFTED[i : i + 25], f"{i}.bed") for i in (0, 25, 50, 75)]
    folder = tmp_path / "tokens"
    assert warned(lambda: tokenize_files(paths, peaks, output_dir=folder)) == (
        f"{folder}: all samples: {LOW}"
    )


# ---- low_hit_rate


def test_low_hit_rate_is_set_by_calls_and_tokenizers(peaks: Tokenizer, warned: Warned) -> None:
    regions = [*GOOD[:30], *SHIFTED[30:]]
    assert warned(lambda: peaks(regions)) is None
    text = warned(lambda: peaks(regions, low_hit_rate=0.5))
    assert text is not None and "(30 %, low_hit_rate is 50 %)" in text
    assert warned(lambda: peaks.with_options(low_hit_rate=0.5)(regions)) == text
    assert warned(lambda: peaks.with_options(low_hit_rate=0.5)(regions, low_hit_rate=0.3)) is None
    assert warned(lambda: peaks(SHIFTED, low_hit_rate=None)) is None
    assert warned(lambda: peaks(PAST_END, low_hit_rate=None)) is None
    assert warned(lambda: peaks(RENAMED, low_hit_rate=None)) == NO_CHROM
    with pytest.raises(ConfigError, match=r"low_hit_rate is 2.0, expected a number from 0 to 1"):
        peaks(GOOD, low_hit_rate=2.0)
    with pytest.raises(TypeError, match="low_hit_rate: expected a number from 0 to 1, not str"):
        peaks(GOOD, low_hit_rate="low")  # type: ignore[arg-type]


def test_low_hit_rate_is_saved_and_does_not_change_the_digest(
    peaks: Tokenizer, tmp_path: Path
) -> None:
    other = peaks.with_options(low_hit_rate=None)
    assert other != peaks
    assert other.digest == peaks.digest
    other.save_pretrained(tmp_path)
    assert Tokenizer.from_pretrained(tmp_path).options.low_hit_rate is None
    assert pickle.loads(pickle.dumps(other)) == other


# ---- reports


def test_reports_of_all_ways_have_the_same_counts(
    peaks: Tokenizer, write_bed: BedWriter, tmp_path: Path
) -> None:
    regions = [*GOOD, *RENAMED[:7], *SHIFTED[:5], *PAST_END[-4:]]
    one = peaks.report(regions)
    path = write_bed(regions, "a.bed")
    fragments = write_bed(fragments_of(regions), "fragments.tsv")
    batch = peaks.report([regions[:50], regions[50:]])
    cells = peaks.encode_fragments(fragments)
    anndata_cells = peaks.encode_anndata(anndata_of(regions))
    collection = tokenize_files([path], peaks, output_dir=tmp_path / "tokens")
    assert peaks.report(cells) is cells.report
    others = [batch, cells.report, anndata_cells.report, collection.report]
    for report in others:
        assert isinstance(report, MappingReport)
        for name in ("regions", "hits", "tokens", "distinct_tokens", "hit_rate", "past_end"):
            assert getattr(report, name) == getattr(one, name), name
        assert report.unknown_chroms == ["1"]
        counts = {c.chrom: (c.regions, c.hits, c.past_end, c.known) for c in report.chroms}
        assert counts == {"chr1": (109, 100, 4, True), "1": (7, 0, 0, False)}
        assert report.likely_cause == one.likely_cause
    assert one.misses.tolist() == list(range(100, 116))


def test_a_report_can_be_pickled(peaks: Tokenizer, write_bed: BedWriter) -> None:
    cells = peaks.encode_fragments(write_bed(fragments_of(GOOD), "f.tsv"))
    again = pickle.loads(pickle.dumps(cells))
    assert again == cells
    assert str(again.report) == str(cells.report)
    assert cells[:2].report is None
    report = peaks.report(SHIFTED)
    same = pickle.loads(pickle.dumps(report))
    assert (same.warning, same.misses.tolist()) == (report.warning, report.misses.tolist())


# ---- barcodes and formats


def test_barcodes_that_match_nothing_are_shown_with_those_of_the_file(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter
) -> None:
    codes = ["AAACGAAAGCGCAATG", "CCACGTTTGCGCAATG"]
    rows = [(*region, f"donor1#{codes[i % 2]}-1", 1) for i, region in enumerate(GOOD)]
    path = write_bed(rows, "fragments.tsv")
    listed = [f"{code}-1" for code in codes]
    assert warned(lambda: peaks.encode_fragments(path, barcodes=listed)) == (
        "none of the 2 barcodes is in the file; expected: 'AAACGAAAGCGCAATG-1', "
        "'CCACGTTTGCGCAATG-1', in the file: 'donor1#AAACGAAAGCGCAATG-1', "
        "'donor1#CCACGTTTGCGCAATG-1'; they are built as BASES-1 and donor1#BASES-1: change one of "
        "them"
    )
    assert warned(lambda: peaks.encode_fragments(path, barcodes=["donor1#GGGGGGGGGGGG-1"])) == (
        "none of the 1 barcodes is in the file; expected: 'donor1#GGGGGGGGGGGG-1', in the file: "
        "'donor1#AAACGAAAGCGCAATG-1', 'donor1#CCACGTTTGCGCAATG-1'; are they of another sample?"
    )
    one = [f"donor1#{codes[0]}-1", "x"]
    assert warned(lambda: peaks.encode_fragments(path, barcodes=one)) is None
    empty = write_bed([], "empty.tsv")
    assert warned(lambda: peaks.encode_fragments(empty, barcodes=one)) is None


def test_a_fragment_file_as_bed_and_a_bed_file_as_fragments_are_recognized(
    peaks: Tokenizer, warned: Warned, write_bed: BedWriter, tmp_path: Path
) -> None:
    fragments = write_bed(fragments_of(GOOD), "fragments.tsv")
    text = (
        "the lines look like those of a fragment file (column 4 a barcode, column 5 a count), "
        "which as BED is one sample of all cells: encode_fragments reads its cells"
    )
    assert warned(lambda: peaks(fragments)) == text
    assert warned(lambda: peaks(RegionSet.from_bed(fragments))) == text
    assert warned(lambda: peaks.encode_fragments(fragments)) is None
    collected = warned(lambda: tokenize_files([fragments], peaks, output_dir=tmp_path / "tokens"))
    assert collected is not None and collected.endswith(text)

    named = [(*r, f"peak_{i}", 10, ".", 5.5, 1, 2, 50) for i, r in enumerate(GOOD)]
    narrow_peak = write_bed(named, "peaks.narrowPeak")
    assert warned(lambda: peaks(narrow_peak)) is None
    assert warned(lambda: peaks.encode_fragments(narrow_peak)) == (
        "100 barcodes have 100 fragments (the first is 'peak_0'): column 4 looks like the name of "
        "a peak, not like a barcode; a BED file is one sample: call the tokenizer on it"
    )
    unnamed = write_bed([(*r, ".", 10) for r in GOOD], "unnamed.bed")
    assert warned(lambda: peaks(unnamed)) is None
    text = warned(lambda: peaks.encode_fragments(unnamed))
    assert text is not None and text.startswith("the only barcode is '.': column 4 looks like")
    assert warned(lambda: peaks.encode_fragments(narrow_peak, region="chr1:1-99000")) is None
    scored = write_bed([(*r, f"peak-{i}", 100 + i) for i, r in enumerate(GOOD)], "scored.bed")
    assert warned(lambda: peaks(scored)) is None


# ---- assemblies


def test_genome_and_chrom_sizes_are_saved_with_a_tokenizer(tmp_path: Path) -> None:
    sizes = {"chr1": 248_956_422}
    tokenizer = Tokenizer.from_regions(PEAKS, genome="hg38", chrom_sizes=sizes)
    assert (tokenizer.genome, tokenizer.chrom_sizes) == ("hg38", sizes)
    plain = Tokenizer.from_regions(PEAKS)
    assert (plain.genome, plain.chrom_sizes) == (None, None)
    assert plain != tokenizer
    assert plain.digest == tokenizer.digest
    tokenizer.save_pretrained(tmp_path)
    for copy in (Tokenizer.from_pretrained(tmp_path), pickle.loads(pickle.dumps(tokenizer))):
        assert copy == tokenizer
        assert (copy.genome, copy.chrom_sizes) == ("hg38", sizes)
    assert tokenizer.with_options(unique=True).genome == "hg38"
    assert tokenizer.with_options(genome=None).genome is None
    assert tokenizer.with_options(genome="hg19").chrom_sizes == sizes
    tokenizer.add_special_tokens({"additional_special_tokens": ["<x>"]})
    assert tokenizer.genome == "hg38"
    assert "genome='hg38'" in repr(tokenizer)


def test_loading_with_another_genome_warns(tmp_path: Path, warned: Warned) -> None:
    Tokenizer.from_regions(PEAKS, genome="hg38").save_pretrained(tmp_path)
    assert warned(lambda: Tokenizer.from_pretrained(tmp_path, genome="GRCh38.p13")) is None
    text = warned(lambda: Tokenizer.from_pretrained(tmp_path, genome="hg19"))
    assert text == (
        f"{tmp_path}: was saved with genome 'hg38', and is loaded with genome='hg19'; expected the "
        "same, or leave it out"
    )


def test_a_vocabulary_beyond_its_chrom_sizes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        Tokenizer.from_regions(PEAKS, chrom_sizes={"chr1": 200_099})
    assert str(caught.value) == (
        "chrom_sizes: chr1 is 200099, but the vocabulary has a region that ends at 200100; "
        "expected the sizes of the vocabulary's assembly"
    )
    path = tmp_path / "hg38.chrom.sizes"
    path.write_text("# name size\nchr1\t200100\nchr2\t5\textra\n\n")
    tokenizer = Tokenizer.from_regions(PEAKS, chrom_sizes=path)
    assert tokenizer.chrom_sizes == {"chr1": 200_100, "chr2": 5}
    path.write_text("chr1\t200100\nchr2\n")
    with pytest.raises(ParseError, match=r"sizes:2: 'chr2', expected a chromosome and its length"):
        Tokenizer.from_regions(PEAKS, chrom_sizes=path)
    with pytest.raises(ConfigError, match=r"chrom_sizes\['chr1'\] is -1, expected a number of"):
        Tokenizer.from_regions(PEAKS, chrom_sizes={"chr1": -1})
    with pytest.raises(TypeError, match="chrom_sizes: expected a dict of lengths by chromosome"):
        Tokenizer.from_regions(PEAKS, chrom_sizes=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="genome: expected a name such as 'hg38' or None, got 38"):
        Tokenizer.from_regions(PEAKS, genome=38)  # type: ignore[arg-type]


def test_regions_past_chrom_sizes_warn_on_every_way(
    warned: Warned, write_bed: BedWriter, tmp_path: Path
) -> None:
    tokenizer = Tokenizer.from_regions(PEAKS, genome="hg38", chrom_sizes={"chr1": 200_100})
    regions: list[Interval] = [*GOOD, ("chr1", 150_000, 200_101)]
    text = (
        "1 regions end past the end of their chromosome by chrom_sizes (most on chr1): another "
        "assembly than hg38, or damaged coordinates"
    )
    fragments = write_bed(fragments_of(regions), "f.tsv")
    bed = write_bed(regions, "a.bed")
    assert warned(lambda: tokenizer(GOOD)) is None
    assert warned(lambda: tokenizer(regions)) == text
    assert warned(lambda: tokenizer.encode_anndata(anndata_of(regions))) == text
    assert warned(lambda: tokenizer.encode_fragments(fragments)) == text
    collected = warned(lambda: tokenize_files([bed], tokenizer, output_dir=tmp_path / "tokens"))
    assert collected is not None and collected.endswith(text)
    assert tokenizer.report(regions).past_size == 1


def test_an_anndata_of_another_genome_warns(warned: Warned) -> None:
    tokenizer = Tokenizer.from_regions(PEAKS, genome="hg38")
    adata = anndata_of(GOOD)
    assert warned(lambda: tokenizer.encode_anndata(adata)) is None
    adata.uns["genome"] = "hg19"
    text = (
        "the AnnData is of genome 'hg19', the tokenizer of 'hg38'; lift the peaks over, or take a "
        "tokenizer of that genome"
    )
    assert warned(lambda: tokenizer.encode_anndata(adata)) == text
    assert warned(lambda: tokenizer(adata)) == text
    assert warned(lambda: tokenizer.with_options(genome=None).encode_anndata(adata)) is None
    adata.uns["genome"] = "GRCh38"
    assert warned(lambda: tokenizer.encode_anndata(adata)) is None
    del adata.uns["genome"]
    adata.var["genome"] = "mm10"
    assert warned(lambda: tokenizer.encode_anndata(adata)) == text.replace("hg19", "mm10")


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("hg38", "GRCh38", True),
        ("GRCh38.p13", "hg38", True),
        ("refdata-cellranger-arc-GRCh38-2020-A", "hg38", True),
        ("GRCh38_and_mm10", "mm10", True),
        ("hg19", "GRCh37", True),
        ("hg19", "hg38", False),
        ("mm10", "GRCm39", False),
        ("dm6", "DM6 ", True),
        ("dm6", "dm3", False),
    ],
)
def test_names_of_one_assembly(a: str, b: str, same: bool) -> None:
    assert same_genome(a, b) is same_genome(b, a) is same
