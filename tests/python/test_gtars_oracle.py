# SPDX-License-Identifier: BSD-2-Clause
"""gtars 0.10 as the oracle: the same ids, and where bedtok is better on purpose."""

from __future__ import annotations

import gzip
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gtars.models
import gtars.tokenizers
import gtars.utils
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedtok import Tokenizer
from bedtok.tokenizers import tokenize_fragment_file
from bedtok.utils import read_tokens_from_gtok, write_tokens_to_gtok
from strategies import examples

Interval = tuple[str, int, int]
BedWriter = Callable[..., Path]

intervals = st.tuples(
    st.sampled_from(["chr1", "chr10", "chr2", "GL000195.1"]), st.integers(0, 30), st.integers(1, 9)
).map(lambda t: (t[0], t[1], t[1] + t[2]))
vocabularies = st.lists(intervals, min_size=1, max_size=20, unique=True)
samples = st.lists(intervals, max_size=15)


def gtars_regions(regions: list[Interval]) -> list[Any]:
    return [gtars.models.Region(*region, None) for region in regions]


def write(path: Path, regions: list[Interval]) -> Path:
    path.write_text("".join(f"{c}\t{s}\t{e}\n" for c, s, e in regions))
    return path


@pytest.fixture
def plain_vocabulary(vocabulary: list[Interval]) -> list[Interval]:
    """The shared vocabulary without the name that gtars cannot read."""
    return [region for region in vocabulary if ":" not in region[0]]


@settings(max_examples=examples(150), deadline=None)
@given(vocabulary=vocabularies, sample=samples)
def test_ids_tokens_and_vocabulary_are_the_same_in_the_same_order(
    tmp_path_factory: Any, vocabulary: list[Interval], sample: list[Interval]
) -> None:
    path = write(tmp_path_factory.mktemp("oracle") / "universe.bed", vocabulary)
    ours, theirs = Tokenizer(path), gtars.tokenizers.Tokenizer(str(path))
    sample = [*sample, (vocabulary[0][0], 90, 99)]
    encoded = theirs(gtars_regions(sample))
    assert ours(sample)["input_ids"] == encoded["input_ids"]
    assert ours(sample)["attention_mask"] == encoded["attention_mask"]
    assert ours.tokenize(sample) == theirs.tokenize(gtars_regions(sample))
    assert ours.get_vocab() == theirs.get_vocab()
    assert ours.vocab_size == theirs.vocab_size


@settings(max_examples=examples(50), deadline=None)
@given(vocabulary=vocabularies, sample=st.lists(intervals, min_size=1, max_size=15))
def test_a_bed_file_as_input_gives_the_same_ids(
    tmp_path_factory: Any, vocabulary: list[Interval], sample: list[Interval]
) -> None:
    folder = tmp_path_factory.mktemp("oracle")
    universe = write(folder / "universe.bed", vocabulary)
    peaks = write(folder / "peaks.bed", [*sample, (vocabulary[0][0], 90, 99)])
    ours, theirs = Tokenizer(universe), gtars.tokenizers.Tokenizer(str(universe))
    assert ours(peaks)["input_ids"] == theirs(str(peaks))["input_ids"]


def test_zero_length_regions_give_the_same_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "u.bed", [("chr1", 10, 20), ("chr1", 15, 15), ("chr1", 12, 18)])
    ours, theirs = Tokenizer(path), gtars.tokenizers.Tokenizer(str(path))
    for start in range(9, 22):
        for end in (start, start + 1, start + 4):
            sample = [("chr1", start, end)]
            assert ours(sample)["input_ids"] == theirs(gtars_regions(sample))["input_ids"]


def test_special_tokens_are_the_same(
    plain_vocabulary: list[Interval], write_bed: BedWriter
) -> None:
    path = write_bed(plain_vocabulary)
    ours, theirs = Tokenizer(path), gtars.tokenizers.Tokenizer(str(path))
    assert ours.special_tokens_map == theirs.special_tokens_map
    for role in ("unk", "pad", "mask", "cls", "eos", "bos", "sep"):
        for name in (f"{role}_token", f"{role}_token_id"):
            assert getattr(ours, name) == getattr(theirs, name)


def test_encode_decode_and_convert_are_the_same(
    plain_vocabulary: list[Interval], write_bed: BedWriter
) -> None:
    path = write_bed(plain_vocabulary)
    ours, theirs = Tokenizer(path), gtars.tokenizers.Tokenizer(str(path))
    tokens = ["chr1:150-350", "<mask>", "chr9:1-2", "no token", "chr2:50-60"]
    for token in (*tokens, tokens):
        assert ours.convert_tokens_to_ids(token) == theirs.convert_tokens_to_ids(token)
    for token in (tokens[0], tokens[1], tokens[2], tokens):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of chr9:1-2, which is not a token
            assert ours.encode(token) == theirs.encode(token)
    assert ours.get_special_tokens_mask(tokens) == theirs.get_special_tokens_mask(tokens)
    for ids in (0, [0], list(range(12)), [3, 3, 11]):
        assert ours.decode(ids) == theirs.decode(ids)
        assert ours.convert_ids_to_tokens(ids) == theirs.convert_ids_to_tokens(ids)


@pytest.mark.parametrize("zipped", [False, True])
def test_bed_bed_gz_and_toml_load_the_same(
    plain_vocabulary: list[Interval], tmp_path: Path, zipped: bool
) -> None:
    universe = write(tmp_path / "u.bed", plain_vocabulary)
    if zipped:
        content = gzip.compress(universe.read_bytes())
        universe = universe.with_suffix(".bed.gz")
        universe.write_bytes(content)
    config = tmp_path / "t.toml"
    config.write_text(
        f'universe = "{universe.name}"\ntokenizer_type = "bits"\n'
        'special_tokens = [{name="unk", token="<UNKNOWN>"}, {name="sep", token="|"}]\n'
    )
    for path in (universe, config):
        ours, theirs = Tokenizer(path), gtars.tokenizers.Tokenizer(str(path))
        assert ours.get_vocab() == theirs.get_vocab()
        assert ours.special_tokens_map == theirs.special_tokens_map


def test_a_vocabulary_with_scores_has_the_same_ids(write_bed: BedWriter) -> None:
    path = write_bed(
        [("chr2", 5, 9, "a", "0.5"), ("chr1", 1, 7, "b", "9"), ("chr1", 3, 8, ".", "1")]
    )
    assert Tokenizer(path).get_vocab() == gtars.tokenizers.Tokenizer(str(path)).get_vocab()


def test_gtars_loads_a_saved_folder_with_the_same_ids(
    plain_vocabulary: list[Interval], tmp_path: Path
) -> None:
    ours = Tokenizer.from_regions(plain_vocabulary)
    ours.save_pretrained(tmp_path / "saved")
    theirs = gtars.tokenizers.Tokenizer.from_pretrained(str(tmp_path / "saved"))
    assert theirs.get_vocab() == ours.get_vocab()
    sample = [("chr1", 160, 310), ("chr2", 55, 56)]
    assert theirs(gtars_regions(sample))["input_ids"] == ours(sample)["input_ids"]


@pytest.mark.parametrize("tokens", [[], [0, 1, 65535], [0, 65536], [2**32 - 1, 3]])
def test_gtok_files_have_the_same_bytes_and_are_read_by_both(
    tmp_path: Path, tokens: list[int]
) -> None:
    ours, theirs = tmp_path / "a" / "ours.gtok", tmp_path / "b" / "theirs.gtok"
    write_tokens_to_gtok(ours, tokens)
    gtars.utils.write_tokens_to_gtok(str(theirs), tokens)
    assert ours.read_bytes() == theirs.read_bytes()
    assert read_tokens_from_gtok(theirs) == gtars.utils.read_tokens_from_gtok(str(ours)) == tokens


@pytest.mark.filterwarnings("ignore:76 regions start past the last")
@pytest.mark.parametrize("zipped", [False, True])
def test_fragments_give_the_same_ids_by_barcode(
    plain_vocabulary: list[Interval], write_bed: BedWriter, zipped: bool
) -> None:
    universe = write_bed(plain_vocabulary, "universe.bed")
    fragments = write_bed(
        [
            ("# made for this test",),
            *(
                ("chr" + "12X"[k % 3], 13 * k % 400, 13 * k % 400 + k % 50, f"CELL{k % 7}-1", k)
                for k in range(300)
            ),
        ],
        "fragments.tsv",
    )
    if zipped:
        content = gzip.compress(fragments.read_bytes())
        fragments = fragments.with_suffix(".tsv.gz")
        fragments.write_bytes(content)
    theirs = gtars.tokenizers.tokenize_fragment_file(
        str(fragments), gtars.tokenizers.Tokenizer(str(universe))
    )
    assert tokenize_fragment_file(fragments, Tokenizer(universe)) == theirs


# ---- better on purpose


def test_a_repeated_region_gives_its_token_once_where_gtars_gives_it_twice(
    write_bed: BedWriter,
) -> None:
    path = write_bed([("chr1", 100, 200), ("chr1", 150, 300), ("chr1", 100, 200)])
    with pytest.warns(UserWarning, match="repeats 1 of its regions"):
        ours = Tokenizer(path)
    theirs = gtars.tokenizers.Tokenizer(str(path))
    sample = [("chr1", 120, 160)]
    assert theirs(gtars_regions(sample))["input_ids"] == [0, 0, 1]
    assert ours(sample)["input_ids"] == [0, 1]


@pytest.mark.parametrize(
    "lines",
    [
        [("chr1", 1, 5), ("# made by hand",), ("chr1", 7, 9)],
        [("chr1", 1, 5, "a"), ("chr1", 7, 9, "b")],
        [("track name=peaks",), ("chr1", 1, 5), ("chr1", 7, 9)],
    ],
    ids=["comment lines", "four columns", "track line"],
)
def test_vocabularies_that_gtars_refuses_are_read(
    write_bed: BedWriter, lines: list[tuple[Any, ...]]
) -> None:
    path = write_bed(lines)
    with pytest.raises(RuntimeError):
        gtars.tokenizers.Tokenizer(str(path))
    assert Tokenizer(path).decode([0, 1]) == ["chr1:1-5", "chr1:7-9"]


def test_an_empty_bed_file_is_an_empty_sample_where_gtars_fails(
    plain_vocabulary: list[Interval], write_bed: BedWriter
) -> None:
    universe, empty = write_bed(plain_vocabulary, "u.bed"), write_bed([], "empty.bed")
    with pytest.raises(Exception, match="0 regions found"):
        gtars.tokenizers.Tokenizer(str(universe))(str(empty))
    ours = Tokenizer(universe)
    assert ours(empty)["input_ids"] == [ours.unk_token_id]


def test_a_name_with_colons_is_a_name_where_gtars_panics(vocabulary_bed: Path) -> None:
    with pytest.raises(BaseException, match="index out of bounds") as caught:
        gtars.tokenizers.Tokenizer(str(vocabulary_bed))
    assert type(caught.value).__name__ == "PanicException"
    ours = Tokenizer(vocabulary_bed)
    assert ours([("HLA-A*01:01:01:01", 6, 7)])["input_ids"] == [4]


def test_an_id_outside_is_an_error_where_gtars_says_unk(
    plain_vocabulary: list[Interval], write_bed: BedWriter
) -> None:
    path = write_bed(plain_vocabulary)
    assert gtars.tokenizers.Tokenizer(str(path)).decode([999]) == ["<unk>"]
    with pytest.raises(ValueError, match="id 999 is outside"):
        Tokenizer(path).decode([999])


def test_a_token_file_cut_short_is_an_error_where_gtars_drops_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.gtok"
    path.write_bytes(b"GTOK\x01\x05\x00\x07")
    assert gtars.utils.read_tokens_from_gtok(str(path)) == [5]
    with pytest.raises(ValueError, match="cut off"):
        read_tokens_from_gtok(path)


def test_region_sets_of_gtars_are_taken(plain_vocabulary: list[Interval]) -> None:
    theirs = gtars.models.RegionSet.from_vectors(
        [chrom for chrom, _, _ in plain_vocabulary],
        [start for _, start, _ in plain_vocabulary],
        [end for _, _, end in plain_vocabulary],
    )
    tokenizer = Tokenizer.from_regions(theirs)
    regions = [(region.chr, region.start, region.end) for region in theirs]
    assert tokenizer == Tokenizer.from_regions(regions)
    ids = tokenizer(regions)["input_ids"]
    assert tokenizer(theirs)["input_ids"] == ids
    assert tokenizer([theirs, theirs])["input_ids"] == [ids, ids]
