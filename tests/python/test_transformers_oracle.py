# SPDX-License-Identifier: BSD-2-Clause
"""Keywords have Hugging Face's meanings, against transformers (docs/guarantees.md, section 4).

The oracle is a fast tokenizer whose words are the texts of our tokens. Where a sample's regions
are regions of the vocabulary both sides see the same tokens, and every keyword that both know must
do the same with them. What is different on purpose has a test of its own below.
"""

from __future__ import annotations

import sys
import warnings
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("transformers")

import transformers
from tokenizers import Tokenizer as WordTokenizer
from tokenizers import models, pre_tokenizers, processors

from bedtok import ConfigError, Tokenizer
from raising import raises
from strategies import examples

pytestmark = pytest.mark.transformers
transformers.logging.set_verbosity_error()

REGIONS = [f"chr1:{100 * i}-{100 * i + 50}" for i in range(12)]
MASK, CLS, EOS = 14, 15, 16


@cache
def both(template: str = "$A", model_max_length: int | None = None) -> tuple[Tokenizer, Any]:
    """Return our tokenizer and transformers' of the same tokens."""
    ours = Tokenizer.from_regions(REGIONS, template=template, model_max_length=model_max_length)
    words = WordTokenizer(models.WordLevel(ours.get_vocab(), unk_token=ours.unk_token))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    words.add_special_tokens(ours.all_special_tokens)
    ids = list(zip(ours.all_special_tokens, ours.all_special_ids, strict=True))
    words.post_processor = processors.TemplateProcessing(single=template, special_tokens=ids)
    theirs = transformers.PreTrainedTokenizerFast(
        tokenizer_object=words,
        model_max_length=ours.model_max_length,
        model_input_names=["input_ids", "attention_mask"],
        **ours.special_tokens_map,
    )
    assert theirs.get_vocab() == ours.get_vocab()
    return ours, theirs


def texts_of(x: list[Any]) -> Any:
    """Return a sample, or a batch, as the text that has its tokens."""
    return [" ".join(row) for row in x] if x and isinstance(x[0], list) else " ".join(x)


def outcome(call: Any) -> Any:
    """Return each column of a call as (dtype, plain values), or that it is refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs go to a log
        try:
            columns = dict(call())
        except ValueError:
            return "refused"
    return {
        name: (values.dtype, values.tolist()) if hasattr(values, "dtype") else (None, values)
        for name, values in columns.items()
    }


samples = st.lists(st.sampled_from(REGIONS), min_size=1, max_size=12)
inputs = st.one_of(samples, st.lists(samples, min_size=1, max_size=4))
paddings = st.sampled_from([False, True, "longest", "max_length"])
multiples = st.sampled_from([None, 1, 2, 3, 8])
sides = st.sampled_from(["right", "left"])
# Nowhere is the stride too long for a row, which is below.
keywords = st.fixed_dictionaries(
    {"padding": paddings, "max_length": st.sampled_from([None, 5, 6, 8, 20])},
    optional={
        "truncation": st.sampled_from(
            [None, True, False, "longest_first", "only_first", "do_not_truncate"]
        ),
        "stride": st.integers(0, 2),
        "pad_to_multiple_of": multiples,
        "padding_side": st.one_of(st.none(), sides),
        "add_special_tokens": st.booleans(),
        "return_overflowing_tokens": st.booleans(),
        "return_attention_mask": st.one_of(st.none(), st.booleans()),
        "return_special_tokens_mask": st.booleans(),
        "return_tensors": st.sampled_from([None, "pt"]),
    },
)


@settings(max_examples=examples(500))
@given(
    inputs,
    st.sampled_from(["$A", "<cls> $A", "<cls> $A <eos>", "$A <sep>"]),
    st.sampled_from([None, 6]),
    sides,
    keywords,
)
def test_a_call_gives_what_transformers_gives(
    x: list[Any], template: str, model_max_length: int | None, side: str, given: dict[str, Any]
) -> None:
    if given.get("return_tensors") == "pt":
        pytest.importorskip("torch")
    ours, theirs = both(template, model_max_length)
    theirs.truncation_side = side
    expected = outcome(lambda: theirs(texts_of(x), **given))
    assert outcome(lambda: ours(x, truncation_side=side, **given)) == expected


@settings(max_examples=examples(300))
@given(
    st.lists(st.lists(st.integers(0, 18), min_size=1, max_size=6), min_size=1, max_size=4),
    st.lists(
        st.sampled_from(["attention_mask", "input_ids", "special_tokens_mask", "labels"]),
        unique=True,
    ).map(lambda names: names if "input_ids" in names else [*names, "input_ids"]),
    st.sampled_from(["columns", "rows", "row"]),
    st.booleans(),
    st.fixed_dictionaries(
        {"padding": paddings, "max_length": st.sampled_from([None, 4, 7])},
        optional={
            "pad_to_multiple_of": multiples,
            "padding_side": sides,
            "return_tensors": st.sampled_from([None, "pt"]),
        },
    ),
)
def test_pad_gives_what_transformers_gives(
    ids: list[list[int]], names: list[str], form: str, as_tensors: bool, given: dict[str, Any]
) -> None:
    if as_tensors or given.get("return_tensors") == "pt":
        pytest.importorskip("torch")

    def column(name: str, row: list[int]) -> Any:
        if name == "labels":  # of one row alone theirs must be a list
            return [len(row) / 2] if form == "row" else len(row) / 2
        values = row if name == "input_ids" else [1] * len(row)
        return sys.modules["torch"].tensor(values) if as_tensors else values

    ours, theirs = both()
    rows = [{name: column(name, row) for name in names} for row in ids]
    encoded: Any = rows
    if form == "columns":
        encoded = {name: [row[name] for row in rows] for name in rows[0]}
    elif form == "row":
        encoded = rows[0]
    expected = outcome(lambda: theirs.pad(deepcopy(encoded), **given))  # it writes into them
    assert outcome(lambda: ours.pad(encoded, **given)) == expected


@pytest.mark.parametrize("template", ["$A", "<cls> $A <eos>"])
def test_the_template_counts_as_in_transformers(template: str) -> None:
    ours, theirs = both(template)
    assert ours.num_special_tokens_to_add() == theirs.num_special_tokens_to_add()
    tokens = REGIONS[3:5]
    assert ours.tokenize(tokens) == theirs.tokenize(texts_of(tokens))
    assert ours.convert_tokens_to_ids([*tokens, "x"]) == theirs.convert_tokens_to_ids(
        [*tokens, "x"]
    )
    assert ours.convert_ids_to_tokens([3, CLS]) == theirs.convert_ids_to_tokens([3, CLS])
    assert ours.all_special_ids == sorted(theirs.all_special_ids)


def test_max_length_alone_cuts_beside_false_and_not_beside_its_other_name() -> None:
    ours, theirs = both()
    for padding, length in ((False, 5), ("do_not_pad", 12)):
        assert len(theirs(texts_of(REGIONS), padding=padding, max_length=5)["input_ids"]) == length
        assert len(ours(REGIONS, padding=padding, max_length=5)["input_ids"]) == length


# ---- different on purpose


def test_special_tokens_of_a_sample_are_special() -> None:
    """Theirs masks what the template and padding added, ours every token that is no region."""
    ours, theirs = both("<cls> $A")
    sample = [REGIONS[0], "<mask>"]
    for tokenizer, x, mask in ((ours, sample, [1, 0, 1]), (theirs, texts_of(sample), [1, 0, 0])):
        encoded = tokenizer(x, return_special_tokens_mask=True)
        assert encoded["input_ids"] == [CLS, 0, MASK]
        assert encoded["special_tokens_mask"] == mask


def test_an_empty_sample_is_unk() -> None:
    """So that it means the same as a sample that hits nothing, and no row is empty."""
    ours, theirs = both()
    assert theirs("")["input_ids"] == []
    assert ours([])["input_ids"] == [ours.unk_token_id]


def test_rows_of_different_lengths_make_no_array() -> None:
    """Theirs make an array of objects, or of arrays, where NumPy is asked for."""
    ours, theirs = both()
    batch = [REGIONS[:1], REGIONS[:2]]
    assert [len(row) for row in theirs(texts_of(batch), return_tensors="np")["input_ids"]] == [1, 2]
    message = "input_ids: rows of 1 to 2 values, expected one length"
    raises(ConfigError, message, lambda: ours(batch, return_tensors="np"))


def test_length_leaves_padding_out() -> None:
    ours, theirs = both()
    given: dict[str, Any] = {"padding": "max_length", "max_length": 4, "return_length": True}
    assert theirs([REGIONS[0]], **given)["length"] == [4]
    assert ours([[REGIONS[0]]], **given)["length"] == [1]


def test_a_row_without_room_for_a_token_is_an_error() -> None:
    """Theirs gives the template alone, or where it does not fit does not cut at all."""
    ours, theirs = both("<cls> $A <eos>")
    for length, ids in ((2, [CLS, EOS]), (1, [CLS, 0, 1, EOS])):
        given: dict[str, Any] = {"max_length": length, "truncation": True}
        assert theirs(texts_of(REGIONS[:2]), **given)["input_ids"] == ids
        raises(
            ConfigError,
            f"max_length is {length}, expected more than the 2 special tokens",
            lambda given=given: ours(REGIONS[:2], **given),
        )


def test_a_stride_means_nothing_without_overflow() -> None:
    """Theirs refuses one that is too long for a row also where there is no overflow."""
    ours, theirs = both()
    given: dict[str, Any] = {"max_length": 3, "truncation": True, "stride": 4}
    assert ours(REGIONS, **given)["input_ids"] == [0, 1, 2]
    message = "expected fewer than the 3 tokens"
    raises(ConfigError, message, lambda: ours(REGIONS, return_overflowing_tokens=True, **given))
    with pytest.raises(ValueError):
        theirs(texts_of(REGIONS), **given)
