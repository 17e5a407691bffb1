# SPDX-License-Identifier: BSD-2-Clause
"""Batches: rows, arrays and tensors, threads, errors (docs/guarantees.md, sections 4 to 6)."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import ConfigError, Encoding, ParseError, Region, RegionSet, Tokenizer, VocabularyError
from raising import raises
from strategies import Interval, options, queries, samples, vocabularies

A, B = [("chr1", 100, 101), ("chr2", 55, 56)], [("chr1", 160, 161)]
A_IDS, B_IDS = [0, 5, 2], [0, 3]
EVERY_COLUMN: dict[str, Any] = {
    "return_special_tokens_mask": True,
    "return_region_index": True,
    "return_length": True,
    "return_overflowing_tokens": True,
}


# ---- what is a batch: the type alone says so


@pytest.mark.parametrize(
    "batch",
    [
        [RegionSet(A), RegionSet(B)],
        (RegionSet(A), B),
        [A, B],
        [A, RegionSet(B)],
        [tuple(A), tuple(B)],
        [["chr1:100-101", "chr2:55-56"], ["chr1:160-161"]],
        [("chr1:100-101", "chr2:55-56"), ("chr1:160-161",)],
        ((Region("chr1", 100, 101), Region("chr2", 55, 56)), [Region("chr1", 160, 161)]),
    ],
    ids=repr,
)
def test_a_list_or_tuple_of_samples_gives_a_row_for_each(tokenizer: Tokenizer, batch: Any) -> None:
    encoded = tokenizer(batch)
    assert encoded["input_ids"] == [A_IDS, B_IDS]
    assert encoded["attention_mask"] == [[1, 1, 1], [1, 1]]
    assert tokenizer.encode(batch) == [A_IDS, B_IDS]
    assert all(isinstance(row, Encoding) for row in encoded.encodings)
    assert [row.ids.tolist() for row in encoded.encodings] == [A_IDS, B_IDS]


def test_a_batch_of_files_is_a_list_of_pathlib_paths(
    tokenizer: Tokenizer, write_bed: Callable[..., Path]
) -> None:
    paths = [write_bed(reversed(A), "a.bed"), write_bed(B, "b.bed")]
    assert tokenizer(paths)["input_ids"] == [A_IDS, B_IDS]
    assert tokenizer([paths[0], B])["input_ids"] == [A_IDS, B_IDS]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_list_of_tables_is_a_batch(tokenizer: Tokenizer, library: str) -> None:
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    table = make({"chrom": ["chr1", "chr2"], "start": [100, 55], "end": [101, 56]})
    assert tokenizer([table, B, table])["input_ids"] == [A_IDS, B_IDS, A_IDS]


def test_how_many_samples_there_are_makes_no_difference(tokenizer: Tokenizer) -> None:
    for sample in (RegionSet(A), A, tuple(A)):
        assert tokenizer([sample])["input_ids"] == [A_IDS]
    assert tokenizer([])["input_ids"] == [6]
    assert tokenizer([[]])["input_ids"] == tokenizer([()])["input_ids"] == [[6]]
    assert tokenizer([[], A])["input_ids"] == [[6], A_IDS]


def test_special_tokens_stand_for_themselves_in_each_sample(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([["<cls>", *A], B, ["<mask>"]], **EVERY_COLUMN)
    assert dict(encoded) == {
        "input_ids": [[9, *A_IDS], B_IDS, [8]],
        "attention_mask": [[1, 1, 1, 1], [1, 1], [1]],
        "special_tokens_mask": [[1, 0, 0, 0], [0, 0], [1]],
        "region_index": [[None, 1, 2, 2], [0, 0], [None]],
        "length": [4, 2, 1],
        "overflow_to_sample_mapping": [0, 1, 2],
    }


# ---- a batch is what its samples are one by one


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("samples")


FORMS = ["set", "list", "tuple", "texts", "path"]
if importlib.util.find_spec("pandas") is not None:
    FORMS.append("table")
regions_in_a_form = st.tuples(st.sampled_from(FORMS), queries)
lists_with_special_tokens = st.tuples(st.sampled_from(["list", "tuple"]), samples)


def in_form(form: str, sample: list[Any], path: Path) -> Any:
    """Return a sample as what callers hand over."""
    if form == "set":
        return RegionSet(sample)
    if form == "texts":
        return [f"{chrom}:{start}-{end}" for chrom, start, end in sample]
    if form == "path":
        RegionSet(sample).to_bed(path)
        return path
    if form == "table":
        return RegionSet(sample).to_pandas()
    return tuple(sample) if form == "tuple" else sample


@given(
    vocabularies,
    st.lists(st.one_of(regions_in_a_form, lists_with_special_tokens), min_size=1, max_size=6),
    options,
    st.sampled_from([None, "ucsc", {"chrUn": "chr2"}]),
    st.sampled_from([None, 1, 3]),
)
def test_a_batch_gives_what_its_samples_give_one_by_one(
    folder: Path,
    vocabulary: list[Interval],
    forms: list[tuple[str, list[Any]]],
    given: dict[str, Any],
    chrom_aliases: Any,
    num_threads: int | None,
) -> None:
    tokenizer = Tokenizer.from_regions(
        vocabulary, template="<cls> $A <eos>", chrom_aliases=chrom_aliases
    )
    # A region that never hits keeps a sample from having no known chromosome.
    known = (vocabulary[0][0], 0, 0)
    batch = [
        in_form(form, [known, *sample], folder / f"{i}.bed")
        for i, (form, sample) in enumerate(forms)
    ]
    together = tokenizer(batch, num_threads=num_threads, **EVERY_COLUMN, **given)
    assert together["overflow_to_sample_mapping"] == list(range(len(batch)))
    for i, sample in enumerate(batch):
        alone = tokenizer(sample, **EVERY_COLUMN, **given)
        del alone["overflow_to_sample_mapping"]
        assert dict(alone) == {name: together[name][i : i + 1] for name in alone}


@pytest.fixture(scope="module")
def many() -> tuple[Tokenizer, list[RegionSet]]:
    """A batch with work for several threads."""
    starts = np.arange(2000) * 10
    tokenizer = Tokenizer.from_regions(
        RegionSet.from_arrays(["chr1"] * len(starts), starts, starts + 8)
    )
    random = np.random.default_rng(5)
    batch = []
    for size in random.integers(0, 6000, 24):
        start = random.integers(0, 20_000, size)
        batch.append(RegionSet.from_arrays(["chr1"] * size, start, start + 5))
    return tokenizer, batch


@pytest.mark.parametrize(
    "keywords",
    [
        {},
        {"padding": True, "return_tensors": "np"},
        {"truncation": True, "max_length": 100, "stride": 7, "return_overflowing_tokens": True},
        {"truncation": "random", "max_length": 100, "seed": 3},
        {"on_miss": "unk", "order": "vocabulary", "return_region_index": True},
    ],
    ids=str,
)
def test_the_number_of_threads_makes_no_difference(
    many: tuple[Tokenizer, list[RegionSet]], keywords: dict[str, Any]
) -> None:
    tokenizer, batch = many
    one, two, eight, default = (
        tokenizer(batch, num_threads=threads, **keywords) for threads in (1, 2, 8, None)
    )
    assert one == two == eight == default


# ---- columns


def test_keywords_say_which_columns_there_are(tokenizer: Tokenizer) -> None:
    assert list(tokenizer([A])) == ["input_ids", "attention_mask"]
    assert list(tokenizer([A], return_attention_mask=False)) == ["input_ids"]
    assert list(tokenizer([A], return_attention_mask=True, **EVERY_COLUMN)) == [
        "input_ids",
        "attention_mask",
        "special_tokens_mask",
        "region_index",
        "length",
        "overflow_to_sample_mapping",
    ]
    assert list(tokenizer([A], padding=True, return_attention_mask=False)) == ["input_ids"]


def test_length_counts_tokens_without_padding(tokenizer: Tokenizer) -> None:
    tokenizer = tokenizer.with_options(template="<cls> $A")
    keywords: dict[str, Any] = {"return_length": True, "padding": "max_length", "max_length": 8}
    assert tokenizer([A, B], **keywords)["length"] == [4, 3]
    assert tokenizer(A, **keywords)["length"] == 4
    array = tokenizer([A, B], return_tensors="np", **keywords)["length"]
    assert array.tolist() == [4, 3] and array.dtype == np.int64
    assert tokenizer(A, return_tensors="np", **keywords)["length"].tolist() == [4]


def test_one_sample_with_overflow_is_a_list_of_rows(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(A, max_length=2, **EVERY_COLUMN)
    assert dict(encoded) == {
        "input_ids": [[0, 5], [2]],
        "attention_mask": [[1, 1], [1]],
        "special_tokens_mask": [[0, 0], [0]],
        "region_index": [[0, 1], [1]],
        "length": [2, 1],
        "overflow_to_sample_mapping": [0, 0],
    }


def test_region_index_follows_tokens_through_cuts_overflow_and_padding(
    tokenizer: Tokenizer,
) -> None:
    tokenizer = tokenizer.with_options(template="<cls> $A")
    batch = [["<sep>", *A, "<mask>", *B], [*B, ("chr1", 1, 2)]]
    keywords: dict[str, Any] = {
        "max_length": 4,
        "padding": "max_length",
        "truncation": True,
        "return_region_index": True,
        "return_overflowing_tokens": True,
        "padding_side": "left",
    }
    encoded = tokenizer(batch, **keywords)
    assert encoded["input_ids"] == [[9, 12, 0, 5], [9, 2, 8, 0], [7, 7, 9, 3], [7, 9, 0, 3]]
    assert encoded["region_index"] == [
        [None, None, 1, 2],
        [None, 2, None, 4],
        [None, None, None, 4],
        [None, None, 0, 0],
    ]
    assert [encoded.word_ids(i) for i in range(4)] == encoded["region_index"]
    array = tokenizer(batch, return_tensors="np", **keywords)
    assert array["region_index"].tolist() == [
        [-1, -1, 1, 2],
        [-1, 2, -1, 4],
        [-1, -1, -1, 4],
        [-1, -1, 0, 0],
    ]
    assert [array.word_ids(i) for i in range(4)] == encoded["region_index"]


# ---- arrays and tensors


@pytest.mark.parametrize(
    ("keywords", "width"),
    [({"padding": True}, 3), ({"padding": True, "truncation": True, "max_length": 2}, 2)],
    ids=str,
)
@pytest.mark.parametrize(("x", "rows"), [([A, B, []], 3), ([A], 1), (A, 1), (RegionSet(A), 1)])
def test_arrays_are_contiguous_int64_of_one_row_a_sample(
    tokenizer: Tokenizer, x: Any, rows: int, keywords: dict[str, Any], width: int
) -> None:
    encoded = tokenizer(
        x,
        return_tensors="np",
        return_special_tokens_mask=True,
        return_region_index=True,
        **keywords,
    )
    assert len(encoded) == 4
    for array in encoded.values():
        assert array.shape == (rows, width)
        assert array.dtype == np.int64
        assert array.flags.c_contiguous and array.flags.writeable


def test_padded_arrays_and_padded_lists_hold_the_same(tokenizer: Tokenizer) -> None:
    batch = [["<sep>", *A], B, []]
    keywords: dict[str, Any] = {"padding": True, "pad_to_multiple_of": 3, **EVERY_COLUMN}
    lists = tokenizer(batch, **keywords)
    arrays = tokenizer(batch, return_tensors="np", **keywords)
    assert lists["input_ids"] == [[12, *A_IDS, 7, 7], [*B_IDS, 7, 7, 7, 7], [6, 7, 7, 7, 7, 7]]
    assert list(lists) == list(arrays)
    for name, array in arrays.items():
        values = lists[name]
        if name == "region_index":
            values = [[-1 if value is None else value for value in row] for row in values]
        assert array.tolist() == values, name


@pytest.mark.torch
@pytest.mark.parametrize("x", [[A, B, ["<cls>"]], A], ids=["batch", "sample"])
def test_tensors_are_the_arrays(tokenizer: Tokenizer, x: Any) -> None:
    torch = pytest.importorskip("torch")
    keywords: dict[str, Any] = {"padding": True, **EVERY_COLUMN}
    tensors = tokenizer(x, return_tensors="pt", **keywords)
    arrays = tokenizer(x, return_tensors="np", **keywords)
    assert list(tensors) == list(arrays)
    for name, tensor in tensors.items():
        assert tensor.dtype == torch.int64
        assert tensor.is_contiguous()
        assert tensor.tolist() == arrays[name].tolist()
    assert torch.equal(tokenizer.encode(x, return_tensors="pt", padding=True), tensors.input_ids)


@pytest.mark.parametrize("kind", ["np", "pt"])
@pytest.mark.parametrize("x", [[A, B], [A], A], ids=["two", "one", "sample"])
def test_columns_share_memory_neither_with_each_other_nor_with_another_call(
    tokenizer: Tokenizer, x: Any, kind: str
) -> None:
    if kind == "pt":
        pytest.importorskip("torch")
    keywords: dict[str, Any] = {"padding": True, "return_tensors": kind, **EVERY_COLUMN}
    expected = {name: values.tolist() for name, values in tokenizer(x, **keywords).items()}
    for changed in expected:
        encoded = tokenizer(x, **keywords)
        encoded[changed][...] = 77  # as a collator masks in place
        for name, values in encoded.items():
            assert (values == 77).all() if name == changed else values.tolist() == expected[name]
    assert {name: values.tolist() for name, values in tokenizer(x, **keywords).items()} == expected


def test_rows_of_different_lengths_make_no_array(tokenizer: Tokenizer) -> None:
    message = (
        "input_ids: rows of 1 to 3 values, expected one length for return_tensors; pass "
        "padding=True, or truncation=True with a max_length"
    )
    raises(ConfigError, message, lambda: tokenizer([A, B, []], return_tensors="np"))
    raises(ConfigError, message, lambda: tokenizer.encode([A, B, []], return_tensors="np"))
    # Rows longer than what is padded to stay as they are.
    raises(
        ConfigError,
        "input_ids: rows of 2 to 3 values",
        lambda: tokenizer([A, B], padding="max_length", max_length=2, return_tensors="np"),
    )
    assert tokenizer([A, A], return_tensors="np")["input_ids"].tolist() == [A_IDS, A_IDS]


def test_tensors_without_torch_name_the_remedy(
    tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    message = "return_tensors='pt' needs PyTorch: pip install torch, or pass return_tensors='np'"
    raises(ImportError, message, lambda: tokenizer(A, return_tensors="pt"))


def test_enumerators_stand_for_their_values(tokenizer: Tokenizer) -> None:
    class Choice(str, Enum):
        LONGEST = "longest"
        MAX_LENGTH = "max_length"
        LONGEST_FIRST = "longest_first"
        DO_NOT_TRUNCATE = "do_not_truncate"
        NUMPY = "np"

    for padding, truncation in [
        (Choice.LONGEST, Choice.DO_NOT_TRUNCATE),
        (Choice.MAX_LENGTH, Choice.LONGEST_FIRST),
    ]:
        keywords = {"max_length": 2} if padding is Choice.MAX_LENGTH else {}
        by_enumerator = tokenizer(
            [A, B], padding=padding, truncation=truncation, return_tensors=Choice.NUMPY, **keywords
        )
        assert by_enumerator == tokenizer(
            [A, B],
            padding=padding.value,
            truncation=truncation.value,
            return_tensors="np",
            **keywords,
        )
    rows = [{"input_ids": [1, 2]}, {"input_ids": [3]}]
    assert tokenizer.pad(rows, Choice.LONGEST) == tokenizer.pad(rows, True)


# ---- encode


def test_encode_of_a_batch_applies_the_template_and_the_keywords(tokenizer: Tokenizer) -> None:
    tokenizer = tokenizer.with_options(template="<cls> $A")
    assert tokenizer.encode([A, B]) == [[9, *A_IDS], [9, *B_IDS]]
    assert tokenizer.encode([A, B], add_special_tokens=False) == [A_IDS, B_IDS]
    padded = [[9, *A_IDS], [9, *B_IDS, 7]]
    assert tokenizer.encode([A, B], padding=True) == padded
    assert tokenizer.encode([A, B], padding=True, return_tensors="np").tolist() == padded


def test_encode_of_tokens_is_exact_and_has_no_template(tokenizer: Tokenizer) -> None:
    tokenizer = tokenizer.with_options(template="<cls> $A", model_max_length=3)
    tokens = ["chr1:150-350", "<sep>", "no token", "chr1:100-200"]
    assert tokenizer.encode(tokens, truncation=True) == [3, 12, 6]
    assert tokenizer.encode(tokens, truncation=True, add_special_tokens=True) == [3, 12, 6]
    assert tokenizer.encode(tokens, max_length=2, truncation_side="left") == [6, 0]
    assert tokenizer.encode(tokens, max_length=6, padding="max_length") == [3, 12, 6, 0, 7, 7]
    assert tokenizer.encode(tokens, max_length=3, return_overflowing_tokens=True, stride=1) == [
        [3, 12, 6],
        [6, 0],
    ]
    chosen = tokenizer.encode(tokens, max_length=3, truncation="random", seed=1)
    assert [token for token in [3, 12, 6, 0] if token in chosen] == chosen
    assert len(chosen) == 3
    # A list of texts within a list is a sample of regions as ever.
    assert tokenizer.encode([["chr1:100-101"]]) == [[9, 0]]


# ---- warnings


@pytest.fixture
def warned() -> Iterator[list[str]]:
    """The texts of the warnings of a test, each of which points at this file."""
    texts: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield texts
        assert [str(warning.message) for warning in caught] == texts
        assert {warning.filename for warning in caught} <= {__file__}


def test_a_sequence_too_long_for_the_model_warns_once_a_call(
    tokenizer: Tokenizer, warned: list[str]
) -> None:
    tokenizer = tokenizer.with_options(model_max_length=2)
    remedy = "(model_max_length); pass truncation=True or 'random'"
    tokenizer([A, B, [*A, *B]])
    warned.append(f"a sequence has 5 tokens, more than the 2 that the model takes {remedy}")
    tokenizer(A, padding="max_length")
    warned.append(f"a sequence has 3 tokens, more than the 2 that the model takes {remedy}")
    tokenizer([A, B], truncation=True)
    tokenizer([A, B], max_length=5)
    tokenizer([B, []])


def test_lengths_that_nothing_gives_warn(tokenizer: Tokenizer, warned: list[str]) -> None:
    rest = "without max_length does nothing: the tokenizer has no model_max_length"
    encoded = tokenizer([A, B])
    for keywords, asked in [
        ({"padding": "max_length"}, "padding='max_length'"),
        ({"truncation": True}, "truncation=True"),
        (
            {"truncation": "random", "padding": "max_length"},
            "truncation='random' and padding='max_length'",
        ),
    ]:
        assert tokenizer([A, B], **keywords) == encoded  # type: ignore[arg-type]
        warned.append(f"{asked} {rest}")


def test_a_max_length_that_does_nothing_warns(tokenizer: Tokenizer, warned: list[str]) -> None:
    for truncation in (None, False):
        encoded = tokenizer([A, B], padding=True, max_length=2, truncation=truncation)
        assert encoded == tokenizer([A, B], padding=True)
        warned.append(
            "max_length is ignored: padding=True pads to the longest row; pass truncation=True to "
            "cut to it, or padding='max_length' to pad to it"
        )


def test_samples_without_a_known_chromosome_are_named_in_one_warning(
    tokenizer: Tokenizer, warned: list[str]
) -> None:
    unknown, other = [("chrX", 1, 2)], [("chrY", 3, 4)]
    text = "no chromosome of the input is known to the vocabulary (input: chrX, vocabulary: chr1)"
    assert tokenizer([A, unknown])["input_ids"] == [A_IDS, [6]]
    warned.append(f"sample 1: {text}")
    tokenizer([unknown, A, other, unknown], num_threads=2)
    warned.append(f"sample 0 and 2 more: {text}")
    tokenizer([unknown])
    warned.append(text)
    # Rows of overflow count once.
    tokenizer([A, [*unknown, "<cls>", "<sep>"]], max_length=1, return_overflowing_tokens=True)
    warned.append(f"sample 1: {text}")


# ---- errors in the middle of a batch


@pytest.mark.parametrize("num_threads", [1, 8])
def test_a_sample_that_fails_is_named_and_nothing_is_lost(
    tokenizer: Tokenizer, write_bed: Callable[..., Path], tmp_path: Path, num_threads: int
) -> None:
    good = [write_bed(A, "good.bed")] * 3
    missing = tmp_path / "missing.bed"
    bad = write_bed([*A, ("chr1", 9, 5)], "bad.bed")
    expected = tokenizer(good)

    def call(batch: list[Any], **keywords: Any) -> Any:
        return lambda: tokenizer(batch, num_threads=num_threads, **keywords)

    for _ in range(5):
        raises(FileNotFoundError, str(missing), call([*good, missing, *good, bad]))
        error = raises(
            ParseError,
            f"{bad}:3: end 5 is before start 9",
            call([*good, bad, *good, missing]),
        )
        assert isinstance(error, ParseError)
        assert (error.path, error.line) == (str(bad), 3)
        raises(
            VocabularyError,
            "sample 3: region 1: chr1:1-2 hits nothing in the vocabulary, and on_miss is 'error'",
            call([*good, [*B, ("chr1", 1, 2)], [("chr1", 3, 4)]], on_miss="error"),
        )
        raises(IsADirectoryError, str(tmp_path), call([*good, tmp_path]))
        assert tokenizer(good, num_threads=num_threads) == expected


def test_rows_do_not_hang_on_the_samples(tokenizer: Tokenizer) -> None:
    batch = [RegionSet(A), RegionSet(B)]
    encoded = tokenizer(batch, return_tensors="np", padding=True)
    batch.clear()
    encoded["input_ids"][0, 0] = 8
    assert encoded["input_ids"].tolist() == [[8, 5, 2], [0, 3, 7]]
