# SPDX-License-Identifier: BSD-2-Clause
"""``pad`` and ``BatchEncoding`` on existing rows (docs/guarantees.md, section 4)."""

from __future__ import annotations

import copy
import pickle
from collections import UserDict
from typing import Any

import numpy as np
import pytest

from bedtok import BatchEncoding, ConfigError, Encoding, Tokenizer
from raising import raises

A, B = ["<cls>", "chr1:100-101", "chr2:55-56"], ["chr1:160-161"]
A_IDS, B_IDS = [9, 0, 5, 2], [0, 3]  # the pad token is 7
PADDED = {
    "input_ids": [A_IDS, [0, 3, 7, 7]],
    "attention_mask": [[1, 1, 1, 1], [1, 1, 0, 0]],
}
COLUMNS: dict[str, Any] = {"return_special_tokens_mask": True, "return_region_index": True}


def lists_of(encoded: BatchEncoding) -> dict[str, Any]:
    return {name: values.tolist() for name, values in encoded.items()}


# ---- what is padded


@pytest.mark.parametrize(
    "encoded",
    [
        {"input_ids": [A_IDS, B_IDS]},
        {"input_ids": (tuple(A_IDS), tuple(B_IDS))},
        {"input_ids": [A_IDS, B_IDS], "attention_mask": [[1, 1, 1, 1], [1, 1]]},
        {"attention_mask": [[1, 1, 1, 1], [1, 1]], "input_ids": [A_IDS, B_IDS]},
        [{"input_ids": A_IDS}, {"input_ids": B_IDS}],
        ({"input_ids": A_IDS}, {"input_ids": B_IDS}),
        [
            {"attention_mask": [1] * 4, "input_ids": A_IDS},
            {"attention_mask": [1, 1], "input_ids": B_IDS},
        ],
        [BatchEncoding({"input_ids": A_IDS}), UserDict(input_ids=B_IDS)],
        BatchEncoding({"input_ids": [A_IDS, B_IDS]}),
    ],
    ids=repr,
)
def test_rows_in_any_mapping_or_list_of_them_are_padded(tokenizer: Tokenizer, encoded: Any) -> None:
    before = copy.deepcopy(encoded)
    padded = tokenizer.pad(encoded)
    assert isinstance(padded, BatchEncoding)
    assert dict(padded) == PADDED
    assert encoded == before
    as_arrays = tokenizer.pad(encoded, return_tensors="np")
    assert lists_of(as_arrays) == PADDED
    assert all(array.dtype == np.int64 for array in as_arrays.values())


def test_what_a_call_returns_is_padded_as_the_call_would(tokenizer: Tokenizer) -> None:
    for keywords in (
        {},
        {"padding_side": "left"},
        {"pad_to_multiple_of": 3},
        {"padding": "max_length", "max_length": 6},
        {"padding": "max_length", "max_length": 3},
        {"padding": False},
        {"return_attention_mask": False},
    ):
        of_call: dict[str, Any] = {"padding": True} | keywords
        expected = tokenizer([A, B], **COLUMNS, **of_call)
        assert tokenizer.pad(tokenizer([A, B], **COLUMNS), **keywords) == expected  # type: ignore
        rows = [tokenizer(A, **COLUMNS), tokenizer(B, **COLUMNS)]
        assert tokenizer.pad(rows, **keywords) == expected  # type: ignore[arg-type]


def test_the_tokenizers_side_and_limit_hold(tokenizer: Tokenizer) -> None:
    tokenizer = tokenizer.with_options(padding_side="left", model_max_length=3)
    assert tokenizer.pad({"input_ids": [B_IDS]}, "max_length")["input_ids"] == [[7, 0, 3]]
    assert tokenizer.pad({"input_ids": [A_IDS]}, "max_length")["input_ids"] == [A_IDS]


def test_rows_of_overflow_keep_their_mapping_and_length(tokenizer: Tokenizer) -> None:
    keywords: dict[str, Any] = {"max_length": 3, "return_overflowing_tokens": True, "stride": 1}
    encoded = tokenizer([A, B], **keywords, **COLUMNS, return_length=True)
    padded = tokenizer.pad(encoded, return_tensors="np")
    assert lists_of(padded) == {
        "input_ids": [[9, 0, 5], [5, 2, 7], [0, 3, 7]],
        "attention_mask": [[1, 1, 1], [1, 1, 0], [1, 1, 0]],
        "special_tokens_mask": [[1, 0, 0], [0, 0, 1], [0, 0, 1]],
        "region_index": [[-1, 1, 2], [2, 2, -1], [0, 0, -1]],
        "length": [3, 2, 2],
        "overflow_to_sample_mapping": [0, 0, 1],
    }


def test_one_row_stays_one_row(tokenizer: Tokenizer) -> None:
    keywords: dict[str, Any] = {"padding": "max_length", "max_length": 3, "return_tensors": "np"}
    padded = {"input_ids": [0, 3, 7], "attention_mask": [1, 1, 0]}
    for row in (B_IDS, tuple(B_IDS), np.array(B_IDS)):
        assert lists_of(tokenizer.pad({"input_ids": row}, **keywords)) == padded
    encoded = tokenizer.pad(tokenizer(B), "max_length", 3)
    assert dict(encoded) == padded
    assert dict(tokenizer.pad(tokenizer(B), pad_to_multiple_of=3)) == padded
    assert dict(tokenizer.pad(tokenizer(B))) == dict(tokenizer(B))


def test_rows_without_tokens_become_padding(tokenizer: Tokenizer) -> None:
    padded = tokenizer.pad({"input_ids": [[], [4]]})
    assert dict(padded) == {"input_ids": [[7], [4]], "attention_mask": [[0], [1]]}
    assert dict(tokenizer.pad([])) == {"input_ids": [], "attention_mask": []}


def test_other_columns_pass_as_they_came(tokenizer: Tokenizer) -> None:
    rows = [
        {"input_ids": [1, 2], "labels": 1, "name": "a"},
        {"input_ids": [3], "labels": 0, "name": "b"},
    ]
    padded = tokenizer.pad(rows)
    assert padded["labels"] == [1, 0]
    assert padded["name"] == ["a", "b"]
    for row in rows:
        del row["name"]
    array = tokenizer.pad(rows, return_tensors="np")["labels"]
    assert array.tolist() == [1, 0] and array.dtype == np.int64
    weights = tokenizer.pad({"input_ids": [[1]], "w": [[0.5, 2.0]]}, return_tensors="np")["w"]
    assert weights.tolist() == [[0.5, 2.0]] and weights.dtype == np.float64


# ---- arrays and tensors


def test_arrays_are_padded_to_arrays(tokenizer: Tokenizer) -> None:
    keywords: dict[str, Any] = {"padding": "max_length", "max_length": 4}
    rows = [{"input_ids": np.array(A_IDS)}, {"input_ids": np.array(B_IDS, dtype=np.int32)}]
    for encoded in (
        rows,
        {"input_ids": [np.array(A_IDS), np.array(B_IDS)]},
        {"input_ids": [A_IDS, B_IDS], "attention_mask": [np.ones(4, int), np.ones(2, int)]},
    ):
        padded = tokenizer.pad(encoded, return_tensors="np", **keywords)
        assert lists_of(padded) == PADDED
        assert all(array.dtype == np.int64 for array in padded.values())
    # As in transformers, what comes as arrays goes as arrays.
    assert lists_of(tokenizer.pad(rows)) == PADDED
    one_row = tokenizer.pad({"input_ids": np.array(B_IDS)})["input_ids"]
    assert isinstance(one_row, np.ndarray) and one_row.tolist() == B_IDS
    matrix = np.array([[1, 2], [3, 4]])
    padded = tokenizer.pad({"input_ids": matrix}, padding_side="left", pad_to_multiple_of=3)
    assert padded["input_ids"].tolist() == [[7, 1, 2], [7, 3, 4]]
    assert matrix.tolist() == [[1, 2], [3, 4]]


@pytest.mark.torch
def test_tensors_are_padded_to_tensors(tokenizer: Tokenizer) -> None:
    torch = pytest.importorskip("torch")
    for encoded in (
        [{"input_ids": torch.tensor(A_IDS)}, {"input_ids": torch.tensor(B_IDS)}],
        {"input_ids": [torch.tensor(A_IDS), torch.tensor(B_IDS)]},
    ):
        for kind in (None, "pt"):
            padded = tokenizer.pad(encoded, return_tensors=kind)
            assert lists_of(padded) == PADDED
            assert {tensor.dtype for tensor in padded.values()} == {torch.int64}
        assert isinstance(tokenizer.pad(encoded, return_tensors="np")["input_ids"], np.ndarray)
    assert tokenizer.pad({"input_ids": torch.tensor([1, 2])})["input_ids"].tolist() == [1, 2]


@pytest.mark.torch
def test_labels_become_the_tensors_that_models_expect(tokenizer: Tokenizer) -> None:
    torch = pytest.importorskip("torch")
    for labels, dtype in (
        ([1, 0], torch.int64),
        ([0.5, 1.5], torch.float32),
        ([[0.5], [1.5]], torch.float32),
        ([True, False], torch.bool),
        ([torch.tensor(1), torch.tensor(2)], torch.int64),
        (np.array([0.5, 1.5]), torch.float64),
    ):
        padded = tokenizer.pad({"input_ids": [[1], [2]], "labels": labels}, return_tensors="pt")
        assert padded["labels"].dtype == dtype
        assert padded["labels"].tolist() == getattr(labels, "tolist", lambda x=labels: x)()


# ---- errors


@pytest.mark.parametrize(
    ("encoded", "kind", "message"),
    [
        ({}, ConfigError, "input_ids is missing, got: nothing; pad takes what calling the token"),
        ({"ids": [1]}, ConfigError, "input_ids is missing, got: ids; pad takes"),
        ([{"labels": 1}], ConfigError, "input_ids is missing, got: labels"),
        (
            [{"input_ids": [1], "labels": 1}, {"input_ids": [1]}],
            ConfigError,
            "sample 1: labels is missing, which sample 0 has",
        ),
        (
            {"input_ids": [[1, 2]], "attention_mask": [[1]]},
            ConfigError,
            "attention_mask: rows are not as long as those of input_ids",
        ),
        (
            {"input_ids": [[1], [2]], "special_tokens_mask": [[1]]},
            ConfigError,
            "special_tokens_mask: rows are not as long as those of input_ids",
        ),
        (3, TypeError, "encoded_inputs: expected a mapping or a list of them, not int"),
        ("input_ids", TypeError, "expected a mapping or a list of them, not str"),
        ([[1, 2]], TypeError, "expected a mapping or a list of them, not list"),
        ({"input_ids": [[1.5]]}, TypeError, "input_ids: expected integers, got 1.5"),
        ({"input_ids": [["a"]]}, TypeError, "input_ids: expected integers, got 'a'"),
        ({"input_ids": ["a"]}, TypeError, "input_ids: expected integers, got 'a'"),
        ({"input_ids": [[[1]]]}, TypeError, "input_ids: expected one dimension, got shape (1, 1)"),
        ({"input_ids": np.zeros((1, 1, 1), int)}, TypeError, "input_ids: expected one dimension"),
    ],
    ids=repr,
)
def test_what_holds_no_rows_is_refused(
    tokenizer: Tokenizer, encoded: Any, kind: type[BaseException], message: str
) -> None:
    raises(kind, message, lambda: tokenizer.pad(encoded))


@pytest.mark.parametrize(
    ("encoded", "keywords", "message"),
    [
        (
            {"input_ids": [[1], [2, 3]]},
            {"padding": False},
            "input_ids: rows of 1 to 2 values, expected one length for return_tensors; pass",
        ),
        (
            {"input_ids": [[1], [2, 3]]},
            {"padding": "max_length", "max_length": 1},
            "input_ids: rows of 1 to 2 values",
        ),
        ({"input_ids": [[1], [2]], "labels": [[1], [1, 2]]}, {}, "labels: rows of 1 to 2 values"),
        ({"input_ids": [[1]], "labels": ["a"]}, {}, "labels: holds <U1, expected numbers"),
        ({"input_ids": [[1]], "labels": [{}]}, {}, "labels: holds something that is not a number"),
        ({"input_ids": [[1]]}, {"return_tensors": "tf"}, "return_tensors is 'tf', expected None"),
        ({"input_ids": [[1]]}, {"padding": "x"}, "padding is 'x', expected True or 'longest'"),
        ({"input_ids": [[1]]}, {"max_length": 0}, "max_length is 0, expected 1 or more"),
        ({"input_ids": [[1]]}, {"padding_side": "x"}, "padding_side is 'x', expected 'right'"),
    ],
    ids=str,
)
def test_what_makes_no_array_is_a_config_error(
    tokenizer: Tokenizer, encoded: Any, keywords: dict[str, Any], message: str
) -> None:
    keywords = {"return_tensors": "np"} | keywords
    raises(ConfigError, message, lambda: tokenizer.pad(encoded, **keywords))


def test_lengths_that_do_nothing_warn(tokenizer: Tokenizer) -> None:
    row = {"input_ids": [[1]]}
    with pytest.warns(UserWarning, match="max_length is ignored: padding=True pads") as caught:
        assert tokenizer.pad(row, max_length=4)["input_ids"] == [[1]]
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="padding='max_length' without max_length does nothing"):
        assert tokenizer.pad(row, "max_length")["input_ids"] == [[1]]


# ---- BatchEncoding


def test_convert_to_tensors_turns_lists_into_arrays_in_place(tokenizer: Tokenizer) -> None:
    keywords: dict[str, Any] = {"padding": True, **COLUMNS, "return_length": True}
    expected = tokenizer([A, B], return_tensors="np", **keywords)
    encoded = tokenizer([A, B], **keywords)
    assert encoded.convert_to_tensors() is encoded
    assert isinstance(encoded["input_ids"], list)
    assert encoded.convert_to_tensors("np") is encoded
    assert encoded == expected
    assert encoded.convert_to_tensors("np") == expected
    assert BatchEncoding(tokenizer([A, B], **keywords), tensor_type="np") == expected


def test_a_batch_axis_is_put_in_front_of_one_sample(tokenizer: Tokenizer) -> None:
    encoded = tokenizer(A, **COLUMNS)
    expected = tokenizer(A, return_tensors="np", **COLUMNS)
    assert BatchEncoding(dict(encoded), tensor_type="np", prepend_batch_axis=True) == expected
    assert encoded.convert_to_tensors("np", prepend_batch_axis=True) == expected


def test_rows_that_make_no_array_are_named(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([A, B])
    message = "input_ids: rows of 2 to 4 values, expected one length"
    raises(ConfigError, message, lambda: encoded.convert_to_tensors("np"))
    raises(ConfigError, "return_tensors is 'jax'", lambda: encoded.convert_to_tensors("jax"))


@pytest.mark.torch
def test_arrays_become_tensors_of_the_same_memory_and_back(tokenizer: Tokenizer) -> None:
    torch = pytest.importorskip("torch")
    encoded = tokenizer([A, B], padding=True, return_tensors="np")
    array = encoded["input_ids"]
    encoded.convert_to_tensors("pt")
    assert isinstance(encoded.input_ids, torch.Tensor)
    array[0, 0] = 8
    assert encoded.input_ids[0, 0] == 8
    assert encoded.convert_to_tensors("np").input_ids.tolist() == array.tolist()


@pytest.mark.torch
def test_tensors_move_to_a_device_and_lists_stay(tokenizer: Tokenizer) -> None:
    pytest.importorskip("torch")
    encoded = tokenizer([A, B], padding=True, return_tensors="pt")
    encoded["names"] = ["a", "b"]
    assert encoded.to("meta") is encoded
    assert {encoded[name].device.type for name in ("input_ids", "attention_mask")} == {"meta"}
    assert encoded["names"] == ["a", "b"]
    for device in ("cpu", 0):
        lists = tokenizer([A, B]).to(device, non_blocking=True)
        assert lists == tokenizer([A, B])


def test_word_ids_are_the_region_index_of_a_row(tokenizer: Tokenizer) -> None:
    index = [[None, 1, 2, 2], [0, 0, None, None]]
    for kind in (None, "np"):
        batch = tokenizer([A, B], padding=True, return_tensors=kind, **COLUMNS)
        assert [batch.word_ids(i) for i in (0, 1)] == index
        assert tokenizer(A, return_tensors=kind, **COLUMNS).word_ids() == index[0]
    with pytest.raises(IndexError):
        tokenizer(A, **COLUMNS).word_ids(1)
    message = "region_index is missing: call with return_region_index=True"
    raises(ConfigError, message, lambda: tokenizer(A).word_ids())


@pytest.mark.torch
def test_word_ids_of_tensors_are_numbers_of_python(tokenizer: Tokenizer) -> None:
    pytest.importorskip("torch")
    encoded = tokenizer([A, B], padding=True, return_tensors="pt", **COLUMNS)
    assert encoded.word_ids(1) == [0, 0, None, None]
    assert type(encoded.word_ids()[1]) is int


def test_the_rows_as_the_module_made_them_are_at_hand(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([A, B], padding=True, **COLUMNS)
    assert encoded.encodings is not None
    first, second = encoded.encodings
    assert isinstance(first, Encoding) and len(second) == 2
    assert second.ids.tolist() == second.input_ids.tolist() == B_IDS
    assert first.special_tokens_mask.tolist() == [1, 0, 0, 0]
    assert first.region_index.tolist() == [-1, 1, 2, 2]
    assert BatchEncoding({"input_ids": [1]}).encodings is None
    with pytest.raises(AttributeError, match="return_region_index=True"):
        tokenizer(A).encodings[0].region_index  # type: ignore[index]  # noqa: B018


@pytest.mark.parametrize("kind", [None, "np", "pt"])
def test_pickles_and_copies_hold_the_same_values(tokenizer: Tokenizer, kind: str | None) -> None:
    if kind == "pt":
        pytest.importorskip("torch")
    encoded = tokenizer([A, B], padding=True, return_tensors=kind, **COLUMNS)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        loaded = pickle.loads(pickle.dumps(encoded, protocol))
        assert type(loaded) is BatchEncoding and loaded == encoded
        assert loaded.encodings is None
    assert copy.copy(encoded)["input_ids"] is encoded["input_ids"]
    deep = copy.deepcopy(encoded)
    assert deep == encoded
    deep["input_ids"][0][0] = 1
    assert deep != encoded and encoded["input_ids"][0][0] == 9


def test_a_batch_prints_its_rows(tokenizer: Tokenizer) -> None:
    assert repr(tokenizer([B, B])) == (
        "BatchEncoding(input_ids=[[0, 3], [0, 3]], attention_mask=[[1, 1], [1, 1]])"
    )
    many = tokenizer([B * 5] * 9, return_attention_mask=False)
    row = "[0, 3, 0, 3, 0, 3, ... 10 in all]"
    assert repr(many) == f"BatchEncoding(input_ids=[{', '.join([row] * 6)}, ... 9 in all])"
    assert repr(BatchEncoding()) == "BatchEncoding()"


@pytest.mark.torch
def test_tensors_print_their_shape(tokenizer: Tokenizer) -> None:
    pytest.importorskip("torch")
    encoded = tokenizer([B, B], return_tensors="pt", return_attention_mask=False)
    assert repr(encoded) == "BatchEncoding(input_ids=Tensor of shape (2, 2), torch.int64)"


def test_keys_are_attributes_and_the_mapping_can_be_changed(tokenizer: Tokenizer) -> None:
    encoded = tokenizer([A, B])
    assert "input_ids" in dir(encoded)
    assert encoded.data == dict(encoded) == {**encoded}
    encoded["labels"] = [1, 0]
    assert encoded.labels == [1, 0]
    del encoded["labels"]
    assert not hasattr(encoded, "labels")
    encoded.update(labels=[2])
    assert len(encoded) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(encoded)
