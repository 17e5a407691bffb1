# SPDX-License-Identifier: BSD-2-Clause
"""Calls, results, tokens and ids of a tokenizer (docs/guarantees.md, sections 1 and 4)."""

from __future__ import annotations

import contextlib
import copy
import pickle
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import (
    BatchEncoding,
    ConfigError,
    Encoding,
    Region,
    RegionSet,
    Tokenizer,
    VocabularyError,
)
from bedtok.tokenizers import tokenize_fragment_file
from raising import raises

ROLES = ["unk", "pad", "mask", "cls", "eos", "bos", "sep"]


# ---- forms of one sample

SAMPLE = [("chr1", 100, 101), ("chr2", 55, 56)]
SAMPLE_IDS = [0, 5, 2]


@pytest.mark.parametrize(
    "sample",
    [
        RegionSet(SAMPLE),
        SAMPLE,
        tuple(SAMPLE),
        [Region(*region) for region in SAMPLE],
        ["chr1:100-101", "chr2:55-56"],
        ("chr1:100-101", "chr2:55-56"),
        [("chr1", 100, 101, "a name"), Region("chr2", 55, 56)],
        [("chr1", np.int64(100), np.uint32(101)), "chr2:55-56"],
    ],
    ids=lambda sample: type(sample).__name__,
)
def test_each_form_of_a_sample_gives_the_same_ids(tokenizer: Tokenizer, sample: Any) -> None:
    assert tokenizer(sample)["input_ids"] == SAMPLE_IDS
    assert tokenizer.tokenize(sample) == ["chr1:100-200", "chr2:10-90", "chr2:50-60"]
    assert tokenizer.report(sample).hits == 2


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_a_table_is_one_sample(tokenizer: Tokenizer, library: str) -> None:
    module = pytest.importorskip(library)
    columns = {"chrom": ["chr1", "chr2"], "start": [100, 55], "end": [101, 56]}
    make = module.table if library == "pyarrow" else module.DataFrame
    assert tokenizer(make(columns))["input_ids"] == SAMPLE_IDS
    assert tokenizer.encode(make(columns)) == SAMPLE_IDS


def test_a_path_is_read_sorted_whether_str_or_path(
    tokenizer: Tokenizer, write_bed: Callable[..., Path]
) -> None:
    path = write_bed(reversed(SAMPLE))
    assert tokenizer(path)["input_ids"] == SAMPLE_IDS
    assert tokenizer(str(path))["input_ids"] == SAMPLE_IDS
    assert tokenizer.encode(str(path)) == SAMPLE_IDS


def test_a_text_of_the_form_of_a_region_is_a_region(tokenizer: Tokenizer) -> None:
    assert tokenizer("chr2:55-56")["input_ids"] == [5, 2]
    assert tokenizer("HLA-A*01:01:01:01:6-7")["input_ids"] == [4]


# ---- results


def test_a_call_gives_lists_of_int_in_a_mapping(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(SAMPLE)
    assert isinstance(encoded, BatchEncoding)
    assert list(encoded) == ["input_ids", "attention_mask"]
    assert encoded["input_ids"] == encoded.input_ids == SAMPLE_IDS
    assert all(type(token) is int for token in encoded.input_ids)
    assert encoded.attention_mask == [1, 1, 1]
    assert dict(**encoded) == {"input_ids": SAMPLE_IDS, "attention_mask": [1, 1, 1]}
    assert len(encoded.encodings) == 1
    assert isinstance(encoded.encodings[0], Encoding)
    assert encoded.encodings[0].ids.tolist() == SAMPLE_IDS


def test_keywords_say_what_the_mapping_holds(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(
        ["<cls>", *SAMPLE],
        return_attention_mask=False,
        return_special_tokens_mask=True,
        return_region_index=True,
        add_special_tokens=False,
    )
    assert dict(encoded) == {
        "input_ids": [9, *SAMPLE_IDS],
        "special_tokens_mask": [1, 0, 0, 0],
        "region_index": [None, 1, 2, 2],
    }


def test_numpy_arrays_have_one_row_for_the_sample(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(
        SAMPLE, return_tensors="np", return_special_tokens_mask=True, return_region_index=True
    )
    for array in encoded.values():
        assert array.shape == (1, 3)
        assert array.dtype == np.int64
        assert array.flags.writeable
    assert encoded.input_ids.tolist() == [SAMPLE_IDS]
    assert encoded.attention_mask.tolist() == [[1, 1, 1]]
    assert encoded.region_index.tolist() == [[0, 1, 1]]
    assert tokenizer.encode(SAMPLE, return_tensors="np").tolist() == [SAMPLE_IDS]


def test_arrays_outlive_the_encoding(tokenizer: Tokenizer) -> None:
    ids = tokenizer(SAMPLE * 10_000, return_tensors="np")["input_ids"]
    assert ids.shape == (1, 30_000)
    assert ids[0, -3:].tolist() == SAMPLE_IDS


def test_a_batch_encoding_prints_short(tokenizer: Tokenizer) -> None:
    assert repr(tokenizer("chr1:100-101")) == "BatchEncoding(input_ids=[0], attention_mask=[1])"
    long = tokenizer(SAMPLE * 1000)
    assert "[0, 5, 2, 0, 5, 2, ... 3000 in all]" in repr(long)
    assert "ndarray of shape (1, 3), int64" in repr(tokenizer(SAMPLE, return_tensors="np"))


def test_a_batch_encoding_compares_copies_and_pickles(tokenizer: Tokenizer) -> None:
    for kind in (None, "np"):
        encoded = tokenizer(SAMPLE, return_tensors=kind)
        assert pickle.loads(pickle.dumps(encoded)) == encoded
        assert copy.deepcopy(encoded) == encoded
        assert copy.copy(encoded) == encoded
        assert encoded == dict(encoded)
        assert encoded != tokenizer("chr1:100-101", return_tensors=kind)
    assert tokenizer(SAMPLE) != tokenizer(SAMPLE, return_tensors="np")
    assert tokenizer(SAMPLE) != 3


def test_a_batch_encoding_can_be_added_to_as_collators_do(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(SAMPLE)
    encoded["labels"] = encoded["input_ids"][:]
    assert encoded.labels == SAMPLE_IDS
    assert encoded.pop("attention_mask") == [1, 1, 1]
    assert "attention_mask" not in encoded
    assert type(encoded)(dict(encoded)) == encoded


# ---- ids, tokens, roles


def test_special_tokens_follow_the_regions_in_the_order_of_their_roles(
    tokenizer: Tokenizer,
) -> None:
    assert tokenizer.num_regions == 6
    assert tokenizer.vocab_size == len(tokenizer) == 13
    for k, role in enumerate(ROLES):
        assert getattr(tokenizer, f"{role}_token") == f"<{role}>"
        assert getattr(tokenizer, f"{role}_token_id") == 6 + k
    assert list(tokenizer.special_tokens_map.items()) == [(f"{r}_token", f"<{r}>") for r in ROLES]
    assert tokenizer.all_special_tokens == [f"<{role}>" for role in ROLES]
    assert tokenizer.all_special_ids == list(range(6, 13))


def test_special_tokens_take_other_spellings_by_role(vocabulary: list[Any]) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary, {"unk": "[UNK]", "cls_token": "chrX:1-2"})
    assert tokenizer.unk_token == "[UNK]"
    assert tokenizer(["chrX:1-2", "chr1:100-101"])["input_ids"] == [9, 0]
    assert tokenizer.decode([6, 9, 7]) == ["[UNK]", "chrX:1-2", "<pad>"]


def test_get_vocab_has_every_token_once(tokenizer: Tokenizer) -> None:
    vocab = tokenizer.get_vocab()
    assert len(vocab) == 13
    assert vocab["HLA-A*01:01:01:01:5-9"] == 4
    assert vocab["<sep>"] == 12
    assert tokenizer.convert_tokens_to_ids(list(vocab)) == list(vocab.values())
    assert tokenizer.convert_ids_to_tokens(list(vocab.values())) == list(vocab)


def test_regions_are_those_of_the_vocabulary_by_id(
    tokenizer: Tokenizer, vocabulary: list[Any]
) -> None:
    assert isinstance(tokenizer.regions, RegionSet)
    assert tokenizer.regions == RegionSet(vocabulary)


@pytest.mark.parametrize(
    "ids",
    [[3, 12], (3, 12), np.array([3, 12]), np.array([3, 12], dtype=np.uint64), np.uint8([3, 12])],
    ids=lambda ids: getattr(ids, "dtype", type(ids)).__class__.__name__,
)
def test_decode_takes_lists_and_arrays(tokenizer: Tokenizer, ids: Any) -> None:
    assert tokenizer.decode(ids) == ["chr1:150-350", "<sep>"]
    assert tokenizer.decode(ids, skip_special_tokens=True) == ["chr1:150-350"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["chr1:150-350", "<sep>"]
    assert tokenizer.convert_ids_to_tokens(ids, skip_special_tokens=True) == ["chr1:150-350"]
    assert tokenizer.decode_regions(ids) == RegionSet(["chr1:150-350"])


def test_decode_takes_tensors_by_their_methods(tokenizer: Tokenizer) -> None:
    class Tensor:  # what a tensor on another device offers
        def detach(self) -> Tensor:
            return self

        def cpu(self) -> Tensor:
            return self

        def numpy(self) -> Any:
            return np.array([0, 1])

    assert tokenizer.decode(Tensor()) == ["chr1:100-200", "chr1:300-400"]  # type: ignore[arg-type]


def test_decode_to_arrow_gives_the_same_texts(tokenizer: Tokenizer) -> None:
    pa = pytest.importorskip("pyarrow")
    ids = [0, tokenizer.vocab_size - 1, 0, 6, 1]
    for skip in (False, True):
        tokens = tokenizer.decode(ids, skip, return_type="arrow")
        assert tokens.type == pa.large_string()
        tokens.validate(full=True)
        assert tokens.to_pylist() == tokenizer.decode(ids, skip)
    assert tokenizer.decode([], return_type="arrow").to_pylist() == []
    raises(VocabularyError, "id -1 is outside", lambda: tokenizer.decode(-1, return_type="arrow"))
    raises(
        ConfigError,
        "return_type is 'np', expected 'list' or 'arrow'",
        lambda: tokenizer.decode(0, return_type="np"),  # type: ignore[call-overload]
    )


def test_ids_that_another_thread_changes_do_no_harm() -> None:
    pytest.importorskip("pyarrow")
    tokenizer = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29"])
    ids = np.zeros(200_000, dtype=np.int64)
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            ids[:] = 2**40
            ids[:] = 1

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(10):
            with contextlib.suppress(VocabularyError):
                assert len(tokenizer.decode(ids, return_type="arrow")) == len(ids)
    finally:
        done.set()
        thread.join()


def test_decode_writes_numbers_of_every_length_and_names_beyond_ascii() -> None:
    texts = [f"chr1:{10**k - 1}-{10**k}" for k in range(10)]
    texts += ["chr1:4294967294-4294967295", "chré:7-12345", "a:b:0-0"]
    tokenizer = Tokenizer.from_regions(texts)
    assert tokenizer.decode(range(len(texts))) == texts
    pytest.importorskip("pyarrow")
    arrow = tokenizer.decode(range(len(texts)), return_type="arrow")
    assert arrow.to_pylist() == texts


def test_ids_and_texts_that_come_again_are_one_object() -> None:
    # Ids past 256 are no small integers, of which Python has one each anyhow.
    tokenizer = Tokenizer.from_regions([("chr1", 10 * i, 10 * i + 5) for i in range(2000)])
    regions = RegionSet([("chr1", 10 * i, 10 * i + 5) for i in (1000, 1001, 1000, 1512, 1000)])
    ids = tokenizer(regions)["input_ids"]
    assert ids == [1000, 1001, 1000, 1512, 1000]
    assert ids[0] is ids[2]
    tokens = tokenizer.decode(ids)
    assert tokens == ["chr1:10000-10005", "chr1:10010-10015"] + [
        f"chr1:{10 * i}-{10 * i + 5}" for i in (1000, 1512, 1000)
    ]
    assert tokens[0] is tokens[2]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"template": "<cls> $A <eos>"},
        {"on_miss": "unk", "unique": True},
        {"model_max_length": 2},
        {"low_hit_rate": 1.0},
    ],
)
@pytest.mark.parametrize("return_tensors", [None, "np"])
def test_the_usual_call_gives_what_the_general_way_gives(
    options: dict[str, Any], return_tensors: str | None
) -> None:
    tokenizer = Tokenizer.from_regions([("chr1", 10 * i, 10 * i + 5) for i in range(90)], **options)
    samples = [
        RegionSet([("chr1", 7 * i, 7 * i + 4) for i in range(60)]),
        RegionSet([("chr9", 1, 2)] * 60),
        RegionSet([]),
    ]
    for sample in samples:
        with warnings.catch_warnings(record=True) as usual_warnings:
            warnings.simplefilter("always")
            usual = tokenizer(sample, return_tensors=return_tensors)
        with warnings.catch_warnings(record=True) as general_warnings:
            warnings.simplefilter("always")
            general = tokenizer(sample, return_tensors=return_tensors, num_threads=1)
        assert usual == general
        assert list(usual) == list(general)
        assert [str(w.message) for w in usual_warnings] == [
            str(w.message) for w in general_warnings
        ]
        assert all(Path(w.filename) == Path(__file__) for w in usual_warnings)
        assert len(usual.encodings) == len(general.encodings) == 1
        for name in ("ids", "attention_mask", "special_tokens_mask", "regions", "hits", "warning"):
            a, b = (getattr(encoding.encodings[0], name) for encoding in (usual, general))
            assert np.array_equal(a, b), name


def test_decode_of_one_id_is_a_list_of_one_token(tokenizer: Tokenizer) -> None:
    assert tokenizer.decode(0) == ["chr1:100-200"]
    assert tokenizer.decode(np.int64(6)) == ["<unk>"]
    assert tokenizer.decode([]) == []
    assert tokenizer.convert_ids_to_tokens(0) == "chr1:100-200"
    assert tokenizer.decode_regions(6) == RegionSet([])


@pytest.mark.parametrize(
    "batch",
    [
        [[3, 12], [0, 7]],
        ([3, 12], (0, 7)),
        [np.array([3, 12]), [0, 7]],
        np.array([[3, 12], [0, 7]]),
    ],
    ids=lambda batch: type(batch).__name__,
)
def test_batch_decode_gives_the_tokens_of_each_row(tokenizer: Tokenizer, batch: Any) -> None:
    rows = [["chr1:150-350", "<sep>"], ["chr1:100-200", "<pad>"]]
    assert tokenizer.batch_decode(batch) == rows
    regions = [["chr1:150-350"], ["chr1:100-200"]]
    assert tokenizer.batch_decode(batch, skip_special_tokens=True) == regions


@pytest.mark.torch
def test_batch_decode_takes_tensors_and_rows_of_any_length(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([SAMPLE, []])
    rows = [["chr1:100-200", "chr2:10-90", "chr2:50-60"], ["<unk>"]]
    assert tokenizer.batch_decode(encoded["input_ids"]) == rows
    assert tokenizer.batch_decode([]) == []
    torch = pytest.importorskip("torch")
    assert tokenizer.batch_decode(torch.tensor([[0], [6]])) == [rows[0][:1], rows[1]]


def test_tokens_that_are_not_in_the_vocabulary_convert_to_unk(tokenizer: Tokenizer) -> None:
    assert tokenizer.convert_tokens_to_ids("chr1:100-200") == 0
    assert tokenizer.convert_tokens_to_ids("chr1:100-201") == 6
    assert tokenizer.convert_tokens_to_ids(["<pad>", "no token", "", "chr2:10-90"]) == [7, 6, 6, 5]
    assert tokenizer.convert_tokens_to_ids([]) == []


def test_encode_of_tokens_gives_exactly_their_ids(tokenizer: Tokenizer) -> None:
    assert tokenizer.encode("chr1:100-200") == [0]
    assert tokenizer.encode("<cls>") == [9]
    assert tokenizer.encode(["chr1:150-350", "<sep>", "no token"]) == [3, 12, 6]
    assert tokenizer.encode(("chr2:50-60",), return_tensors="np").tolist() == [[2]]


@pytest.mark.parametrize(
    ("tokens", "count"),
    [("chr1:100-201", "1 of 1"), (["chr1:100-200", "chr1:100-201", "<unk>", "x:1-2"], "2 of 4")],
)
def test_encode_warns_of_a_region_that_is_not_in_the_vocabulary(
    tokenizer: Tokenizer, tokens: Any, count: str
) -> None:
    with pytest.warns(UserWarning, match=r"'chr1:100-201' is none and becomes <unk>") as caught:
        ids = tokenizer.encode(tokens)
    assert f"({count})" in str(caught[0].message) and caught[0].filename == __file__
    assert ids == tokenizer.convert_tokens_to_ids([tokens] if isinstance(tokens, str) else tokens)
    assert tokenizer(tokens if isinstance(tokens, list) else [tokens])["input_ids"] != ids


def test_encode_of_a_sample_gives_what_the_call_gives(tokenizer: Tokenizer) -> None:
    for sample in (SAMPLE, RegionSet(SAMPLE), [], ["<cls>", ("chr1", 100, 101)]):
        assert tokenizer.encode(sample) == tokenizer(sample)["input_ids"]
    assert tokenizer.encode(SAMPLE, order="vocabulary") == [0, 2, 5]


def test_the_special_tokens_mask_of_texts_is_of_bools_and_of_ids_of_ints(
    tokenizer: Tokenizer,
) -> None:
    mask = tokenizer.get_special_tokens_mask
    assert mask(["<pad>", "chr1:100-200", "<unk>", "pad"]) == [True, False, True, False]
    assert mask([7, 0, 6], already_has_special_tokens=True) == [1, 0, 1]
    assert mask(np.array([7, 0]), already_has_special_tokens=True) == [1, 0]
    # Without the flag the mask tells what the template adds, which is nothing.
    assert mask([0, 1]) == [0, 0]
    assert mask([0, 1], [2]) == [0, 0, 0]
    assert mask([]) == []


# ---- options


def test_options_given_in_a_call_are_put_over_those_of_the_tokenizer(
    vocabulary: list[Any],
) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary, best_overlap=True, unique=True)
    assert tokenizer.options.best_overlap and tokenizer.options.unique
    assert tokenizer.options.min_overlap == 0
    sample = [("chr1", 140, 320), ("chr1", 150, 160)]
    assert tokenizer(sample)["input_ids"] == [3, 0]
    assert tokenizer(sample, best_overlap=False)["input_ids"] == [0, 3, 1]
    assert tokenizer(sample, best_overlap=False, unique=False)["input_ids"] == [0, 3, 1, 0, 3]
    assert repr(tokenizer) == (
        "Tokenizer(6 regions, vocab_size=13, best_overlap=True, unique=True)"
    )


def test_an_option_can_be_taken_back_in_a_call(vocabulary: list[Any]) -> None:
    tokenizer = Tokenizer.from_regions(vocabulary, chrom_aliases="ucsc")
    assert tokenizer([("1", 100, 101), ("chr1", 1, 2)])["input_ids"] == [0]
    assert tokenizer([("1", 100, 101), ("chr1", 1, 2)], chrom_aliases=None)["input_ids"] == [6]


def test_options_of_numpy_types_are_taken(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(
        SAMPLE, min_overlap=np.int64(1), min_fraction=np.float32(0.5), unique=np.True_
    )
    assert encoded["input_ids"] == SAMPLE_IDS


# ---- fragments


def test_fragments_are_tokenized_by_barcode(
    tokenizer: Tokenizer, write_bed: Callable[..., Path]
) -> None:
    path = write_bed(
        [
            ("chr1", 100, 101, "AAA-1", 1),
            ("chr2", 55, 56, "CCC-1", 2),
            ("chr1", 1, 2, "AAA-1", 1),
            ("chr1", 155, 320, "AAA-1", 1),
        ],
        "fragments.tsv",
    )
    expected = {"AAA-1": [0, 6, 0, 3, 1], "CCC-1": [5, 2]}
    assert tokenize_fragment_file(path, tokenizer) == expected
    assert list(tokenize_fragment_file(str(path), tokenizer)) == ["AAA-1", "CCC-1"]
