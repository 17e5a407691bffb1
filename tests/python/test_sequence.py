# SPDX-License-Identifier: BSD-2-Clause
"""Template, padding, truncation, overflow and random choice (docs/guarantees.md, section 4)."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import ConfigError, Tokenizer
from raising import raises

PAD, CLS, EOS, SEP = 13, 15, 16, 18
LONG, SHORT = [5, 3, 9, 1, 7], [4, 2]


def sample(ids: list[int]) -> list[tuple[str, int, int]]:
    """Regions that give these ids."""
    return [("chr1", 100 * i, 100 * i + 50) for i in ids]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """12 regions, ids 0..11; then unk=12 pad=13 mask=14 cls=15 eos=16 bos=17 sep=18."""
    return Tokenizer.from_regions(sample(list(range(12))))


@pytest.fixture(scope="module")
def framed(tokenizer: Tokenizer) -> Tokenizer:
    """The same with a token in front of each row and one behind it."""
    return tokenizer.with_options(template="<cls> $A <eos>")


def ids_of(tokenizer: Tokenizer, *rows: list[int], **keywords: Any) -> list[list[int]]:
    ids: list[list[int]] = tokenizer([sample(row) for row in rows], **keywords)["input_ids"]
    return ids


# ---- the template


def test_the_template_goes_around_each_row(framed: Tokenizer) -> None:
    assert ids_of(framed, LONG, SHORT) == [[CLS, 5, 3, 9, 1, 7, EOS], [CLS, 4, 2, EOS]]
    assert ids_of(framed, SHORT, add_special_tokens=False) == [SHORT]
    assert framed([])["input_ids"] == [CLS, 12, EOS]
    encoded = framed(sample(SHORT), return_special_tokens_mask=True, return_region_index=True)
    assert encoded["attention_mask"] == [1, 1, 1, 1]
    assert encoded["special_tokens_mask"] == [1, 0, 0, 1]
    assert encoded["region_index"] == [None, 0, 1, None]


def test_tokenize_and_report_leave_the_template_out(framed: Tokenizer) -> None:
    regions = ["chr1:400-450", "chr1:200-250"]
    assert framed.tokenize(sample(SHORT)) == regions
    assert framed.tokenize(sample(SHORT), add_special_tokens=True) == ["<cls>", *regions, "<eos>"]
    assert framed.report(sample(SHORT)).tokens == 2


@pytest.mark.parametrize(
    ("given", "template"),
    [
        ("$A", ("$A",)),
        ("<cls> $A", ("<cls>", "$A")),
        (" <cls>  $A\t<eos> <sep> ", ("<cls>", "$A", "<eos>", "<sep>")),
        (["$A", "<sep>"], ("$A", "<sep>")),
        (("<sep>", "<sep>", "$A"), ("<sep>", "<sep>", "$A")),
    ],
)
def test_a_template_is_a_text_or_its_pieces(
    tokenizer: Tokenizer, given: Any, template: tuple[str, ...]
) -> None:
    other = tokenizer.with_options(template=given)
    assert other.template == template
    assert other.num_special_tokens_to_add() == len(template) - 1
    expected = [8 if piece == "$A" else other.convert_tokens_to_ids(piece) for piece in template]
    assert other(sample([8]))["input_ids"] == expected
    assert other.build_inputs_with_special_tokens([8]) == expected
    assert other.with_options(template="$A") == tokenizer


def test_a_spelling_with_a_space_fits_a_template_of_pieces(tokenizer: Tokenizer) -> None:
    regions = tokenizer.regions
    other = Tokenizer.from_regions(regions, {"cls": "the start"}, template=["the start", "$A"])
    assert other(sample([8]))["input_ids"] == [CLS, 8]


def test_what_is_built_from_ids_has_the_template_once(framed: Tokenizer) -> None:
    assert framed.num_special_tokens_to_add() == framed.num_special_tokens_to_add(pair=True) == 2
    assert framed.build_inputs_with_special_tokens([1, SEP]) == [CLS, 1, SEP, EOS]
    assert framed.build_inputs_with_special_tokens(np.array([1])) == [CLS, 1, EOS]
    assert framed.build_inputs_with_special_tokens([]) == [CLS, EOS]
    mask = framed.get_special_tokens_mask
    assert mask([1, SEP]) == [1, 0, 0, 1]
    assert mask([1], [2, 3]) == [1, 0, 0, 0, 1]
    assert mask([CLS, 1, EOS], already_has_special_tokens=True) == [1, 0, 1]
    assert mask(["<cls>", "chr1:0-50"]) == [True, False]


# ---- what the tokenizer says for all its calls


def test_sides_and_limit_of_the_tokenizer_hold_where_a_call_says_nothing(
    tokenizer: Tokenizer,
) -> None:
    assert (tokenizer.padding_side, tokenizer.truncation_side) == ("right", "right")
    other = tokenizer.with_options(padding_side="left", truncation_side="left", model_max_length=3)
    assert (other.padding_side, other.truncation_side, other.model_max_length) == (
        "left",
        "left",
        3,
    )
    keywords: dict[str, Any] = {"truncation": True, "padding": "max_length"}
    assert ids_of(other, LONG, SHORT, **keywords) == [[9, 1, 7], [PAD, 4, 2]]
    keywords |= {"padding_side": "right", "truncation_side": "right", "max_length": 4}
    assert ids_of(other, LONG, SHORT, **keywords) == [[5, 3, 9, 1], [4, 2, PAD, PAD]]
    assert repr(other) == (
        "Tokenizer(12 regions, vocab_size=19, model_max_length=3, padding_side='left', "
        "truncation_side='left')"
    )


@pytest.mark.parametrize("unknown", [None, 1e30, int(1e30), 1e15, float("inf"), 10**15])
def test_a_limit_beyond_any_sequence_is_none(tokenizer: Tokenizer, unknown: Any) -> None:
    other = tokenizer.with_options(model_max_length=5).with_options(model_max_length=unknown)
    assert other.model_max_length == tokenizer.model_max_length == int(1e30)
    assert other == tokenizer


def test_limits_of_numpy_types_are_taken(tokenizer: Tokenizer) -> None:
    other = tokenizer.with_options(model_max_length=np.int64(5))  # type: ignore[arg-type]
    assert other.model_max_length == 5 and type(other.model_max_length) is int


@pytest.mark.parametrize(
    ("option", "kind", "message"),
    [
        ({"template": "<cls>"}, ConfigError, "template is '<cls>', expected $A once"),
        ({"template": ""}, ConfigError, "template is '', expected $A once"),
        ({"template": "$A $A"}, ConfigError, "template is '$A $A', expected $A once"),
        ({"template": "<x> $A"}, ConfigError, "has '<x>', which is not a special token"),
        ({"template": ["chr1:0-50", "$A"]}, ConfigError, "has 'chr1:0-50', which is not a spec"),
        ({"template": ["\ud800", "$A"]}, ConfigError, "template: '\\ud800' is not Unicode"),
        ({"template": None}, TypeError, "template: expected a text such as '<cls> $A <eos>'"),
        ({"template": ["$A", 1]}, TypeError, "its pieces, got ['$A', 1]"),
        ({"model_max_length": 0}, ConfigError, "model_max_length is 0, expected 1 or more"),
        ({"model_max_length": -3}, ConfigError, "model_max_length is -3, expected 1 or more"),
        ({"model_max_length": 5.0}, TypeError, "model_max_length: expected a whole number, not f"),
        ({"model_max_length": float("nan")}, TypeError, "model_max_length: expected a whole num"),
        ({"model_max_length": True}, TypeError, "model_max_length: expected a whole number"),
        ({"model_max_length": "5"}, TypeError, "model_max_length: expected a whole number"),
        ({"padding_side": "top"}, ConfigError, "padding_side is 'top', expected 'right' or 'left'"),
        ({"truncation_side": None}, ConfigError, "truncation_side is None, expected 'right'"),
        ({"max_length": 3}, TypeError, "got an unexpected keyword argument 'max_length'"),
    ],
    ids=str,
)
def test_what_cannot_be_said_for_all_calls_is_an_error(
    tokenizer: Tokenizer, option: dict[str, Any], kind: type[BaseException], message: str
) -> None:
    raises(kind, message, lambda: tokenizer.with_options(**option))
    raises(kind, message, lambda: Tokenizer.from_regions(tokenizer.regions, **option))


# ---- padding


@pytest.mark.parametrize(
    ("keywords", "long", "short"),
    [
        ({}, LONG, SHORT),
        ({"padding": False}, LONG, SHORT),
        ({"padding": "do_not_pad"}, LONG, SHORT),
        ({"padding": None}, LONG, SHORT),
        ({"padding": False, "pad_to_multiple_of": 8}, LONG, SHORT),
        ({"padding": True}, LONG, [*SHORT, PAD, PAD, PAD]),
        ({"padding": "longest"}, LONG, [*SHORT, PAD, PAD, PAD]),
        ({"padding": "longest", "padding_side": "left"}, LONG, [PAD, PAD, PAD, *SHORT]),
        ({"padding": True, "pad_to_multiple_of": 5}, LONG, [*SHORT, PAD, PAD, PAD]),
        (
            {"padding": True, "pad_to_multiple_of": 3, "padding_side": "left"},
            [PAD, *LONG],
            [PAD, PAD, PAD, PAD, *SHORT],
        ),
        ({"padding": "max_length", "max_length": 4}, LONG, [*SHORT, PAD, PAD]),
        ({"padding": "max_length", "max_length": 6}, [*LONG, PAD], [*SHORT, PAD, PAD, PAD, PAD]),
        (
            {"padding": "max_length", "max_length": 3, "pad_to_multiple_of": 2},
            LONG,
            [*SHORT, PAD, PAD],
        ),
        ({"padding": "max_length", "max_length": 4, "truncation": True}, LONG[:4], [4, 2, 13, 13]),
        ({"padding": True, "max_length": 3, "truncation": True}, LONG[:3], [*SHORT, PAD]),
    ],
    ids=str,
)
def test_padding_makes_rows_of_one_length(
    tokenizer: Tokenizer, keywords: dict[str, Any], long: list[int], short: list[int]
) -> None:
    encoded = tokenizer([sample(LONG), sample(SHORT)], **keywords, return_special_tokens_mask=True)
    assert encoded["input_ids"] == [long, short]
    padding = [[int(i == PAD) for i in row] for row in (long, short)]
    assert encoded["special_tokens_mask"] == padding
    assert encoded["attention_mask"] == [[1 - i for i in row] for row in padding]
    # One sample is padded as a batch of it.
    alone = tokenizer([sample(SHORT)], **keywords)
    assert [tokenizer(sample(SHORT), **keywords)["input_ids"]] == alone["input_ids"]


# ---- cuts


@pytest.mark.parametrize(
    ("keywords", "long", "short"),
    [
        ({"max_length": 3}, [5, 3, 9], SHORT),
        ({"max_length": 3, "truncation": True}, [5, 3, 9], SHORT),
        ({"max_length": 3, "truncation": "longest_first"}, [5, 3, 9], SHORT),
        ({"max_length": 3, "truncation": "only_first"}, [5, 3, 9], SHORT),
        ({"max_length": 3, "truncation": True, "truncation_side": "left"}, [9, 1, 7], SHORT),
        ({"max_length": 1, "truncation_side": "left"}, [7], [2]),
        ({"max_length": 5}, LONG, SHORT),
        ({"max_length": 3, "truncation": False}, LONG, SHORT),
        ({"max_length": 3, "truncation": "do_not_truncate"}, LONG, SHORT),
        # Without max_length the model's, which is 4.
        ({"truncation": True}, [5, 3, 9, 1], SHORT),
        ({"truncation": "only_first", "truncation_side": "left"}, [3, 9, 1, 7], SHORT),
        ({"truncation": True, "max_length": 10**20}, LONG, SHORT),
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore:a sequence has 5 tokens")
def test_truncation_cuts_rows_that_are_too_long(
    tokenizer: Tokenizer, keywords: dict[str, Any], long: list[int], short: list[int]
) -> None:
    tokenizer = tokenizer.with_options(model_max_length=4)
    assert ids_of(tokenizer, LONG, SHORT, **keywords) == [long, short]
    assert tokenizer(sample(LONG), **keywords)["input_ids"] == long


def test_the_template_counts_and_is_never_cut(framed: Tokenizer) -> None:
    for side, long in (("right", [5, 3]), ("left", [1, 7])):
        keywords: dict[str, Any] = {"max_length": 4, "truncation_side": side}
        assert ids_of(framed, LONG, SHORT, **keywords) == [[CLS, *long, EOS], [CLS, *SHORT, EOS]]
    for length in (1, 2):
        raises(
            ConfigError,
            f"max_length is {length}, expected more than the 2 special tokens around a sequence",
            lambda n=length: ids_of(framed, SHORT, max_length=n),
        )
    assert ids_of(framed, LONG, max_length=1, add_special_tokens=False) == [[5]]


# ---- overflow, against the rows that its definition gives


def windows(tokens: list[Any], room: int, stride: int, side: str) -> list[list[Any]]:
    """Rows that begin every ``room - stride`` tokens, while there is something new to show."""
    if side == "left":
        return [row[::-1] for row in windows(tokens[::-1], room, stride, "right")]
    starts = range(0, len(tokens), room - stride)
    return [tokens[i : i + room] for i in starts if i == 0 or i + stride < len(tokens)]


class Call:
    """A call with random keywords, and what must come out of it."""

    def __init__(self, draw: st.DrawFn) -> None:
        tokens = st.lists(st.one_of(st.integers(0, 11), st.just("<sep>")), max_size=9)
        self.samples: list[list[Any]] = draw(st.lists(tokens, min_size=1, max_size=4))
        self.framed: bool = draw(st.booleans())
        self.padding: Any = draw(st.sampled_from([False, True, "longest", "max_length"]))
        self.overflow: bool = draw(st.booleans())
        self.room: int = draw(st.integers(1, 7))
        self.stride: int = draw(st.integers(0, self.room - 1))
        self.truncation_side: str = draw(st.sampled_from(["right", "left"]))
        self.padding_side: str = draw(st.sampled_from(["right", "left"]))
        self.max_length = self.room + 2 * self.framed
        multiples = [n for n in (1, 2, 3, 4) if not self.padding or self.max_length % n == 0]
        self.multiple: int = draw(st.sampled_from(multiples))

    def keywords(self) -> dict[str, Any]:
        return {
            "truncation": True,
            "max_length": self.max_length,
            "add_special_tokens": self.framed,
            "padding": self.padding,
            "pad_to_multiple_of": self.multiple,
            "padding_side": self.padding_side,
            "truncation_side": self.truncation_side,
            "stride": self.stride,
            "return_overflowing_tokens": self.overflow,
            "return_special_tokens_mask": True,
            "return_region_index": True,
            "return_length": True,
        }

    def regions(self) -> list[list[Any]]:
        return [
            [i if isinstance(i, str) else sample([i])[0] for i in tokens] for tokens in self.samples
        ]

    def expected(self) -> dict[str, list[Any]]:
        """The columns, made of rows of (id, special or not, position)."""
        rows: list[list[tuple[int, int, int | None]]] = []
        mapping = []
        for k, tokens in enumerate(self.samples):
            sequence: list[Any] = [
                (SEP, 1, None) if i == "<sep>" else (i, 0, at) for at, i in enumerate(tokens)
            ]
            cut = windows(sequence or [(12, 1, None)], self.room, self.stride, self.truncation_side)
            for row in cut if self.overflow else cut[:1]:
                rows.append([(CLS, 1, None), *row, (EOS, 1, None)] if self.framed else row)
                mapping.append(k)
        longest = max(map(len, rows))
        width = self.max_length if self.padding == "max_length" else longest
        width = -(-width // self.multiple) * self.multiple if self.padding else 0

        def padded(row: list[Any], filler: Any) -> list[Any]:
            padding = [filler] * (width - len(row))
            return padding + row if self.padding_side == "left" else row + padding

        columns: dict[str, list[Any]] = {
            "input_ids": [padded([i for i, _, _ in row], PAD) for row in rows],
            "attention_mask": [padded([1] * len(row), 0) for row in rows],
            "special_tokens_mask": [padded([special for _, special, _ in row], 1) for row in rows],
            "region_index": [padded([at for _, _, at in row], None) for row in rows],
            "length": [len(row) for row in rows],
        }
        if self.overflow:
            columns["overflow_to_sample_mapping"] = mapping
        return columns


@given(st.composite(Call)())
def test_rows_are_the_windows_of_each_sample_with_template_and_padding(
    framed: Tokenizer, call: Call
) -> None:
    expected = call.expected()
    assert dict(framed(call.regions(), **call.keywords())) == expected
    if call.padding:
        arrays = framed(call.regions(), return_tensors="np", **call.keywords())
        for name, column in expected.items():
            if name == "region_index":
                column = [[-1 if at is None else at for at in row] for row in column]
            assert arrays[name].tolist() == column


def test_overflow_by_hand(framed: Tokenizer) -> None:
    keywords: dict[str, Any] = {"max_length": 5, "stride": 1, "return_overflowing_tokens": True}
    encoded = framed([sample(SHORT), sample([0, 1, 2, 3, 4, 5])], truncation=True, **keywords)
    assert encoded["input_ids"] == [
        [CLS, 4, 2, EOS],
        [CLS, 0, 1, 2, EOS],
        [CLS, 2, 3, 4, EOS],
        [CLS, 4, 5, EOS],
    ]
    assert encoded["overflow_to_sample_mapping"] == [0, 1, 1, 1]
    left = framed([sample([0, 1, 2, 3, 4, 5])], truncation_side="left", **keywords)
    assert left["input_ids"] == [[CLS, 3, 4, 5, EOS], [CLS, 1, 2, 3, EOS], [CLS, 0, 1, EOS]]


# ---- the random choice


def choose(tokenizer: Tokenizer, *rows: list[int], **keywords: Any) -> list[list[int]]:
    return ids_of(tokenizer, *rows, **{"truncation": "random", "max_length": 3} | keywords)


@given(
    st.lists(st.lists(st.integers(0, 11), max_size=9), min_size=1, max_size=4),
    st.integers(1, 6),
    st.integers(0, 2**64 - 1),
    st.booleans(),
)
def test_a_random_choice_keeps_tokens_in_the_order_of_their_sample(
    framed: Tokenizer, rows: list[list[int]], room: int, seed: int, around: bool
) -> None:
    batch = [sample(row) for row in rows]
    keywords: dict[str, Any] = {
        "truncation": "random",
        "max_length": room + 2 * around,
        "seed": seed,
        "add_special_tokens": around,
        "return_region_index": True,
    }
    encoded = framed(batch, **keywords)
    assert framed(batch, **keywords) == encoded
    for row, ids, index in zip(rows, encoded["input_ids"], encoded["region_index"], strict=True):
        if around:
            assert (ids[0], ids[-1], index[0], index[-1]) == (CLS, EOS, None, None)
            ids, index = ids[1:-1], index[1:-1]
        if not row:
            assert (ids, index) == ([12], [None])
            continue
        assert len(ids) == min(len(row), room)
        assert ids == [row[at] for at in index]
        assert index == sorted(set(index))


def test_every_choice_comes_and_none_much_more_often_than_another(tokenizer: Tokenizer) -> None:
    counts = Counter(
        tuple(choose(tokenizer, [0, 1, 2, 3, 4], seed=seed)[0]) for seed in range(2000)
    )
    assert set(counts) == set(combinations(range(5), 3))
    assert min(counts.values()) > 150 and max(counts.values()) < 250


def test_the_places_of_a_batch_have_choices_of_their_own(tokenizer: Tokenizer) -> None:
    rows = choose(tokenizer, *[list(range(12))] * 200, seed=0)
    assert len({tuple(row) for row in rows}) > 100
    # The first row of the next seed is not the second row of this one.
    following = choose(tokenizer, *[list(range(12))] * 200, seed=1)
    assert sum(a == b for a, b in zip(rows[1:], following[:-1], strict=True)) < 20
    assert rows[0] == choose(tokenizer, list(range(12)), seed=0)[0]


def test_a_seed_gives_the_same_choice_everywhere(tokenizer: Tokenizer) -> None:
    # What a mt19937_64 in Python gives.
    chosen = [[5, 6, 11], [0, 2, 3], [7, 8, 9]]
    assert choose(tokenizer, *[list(range(12))] * 3, seed=0) == chosen
    alone = tokenizer(sample(list(range(12))), truncation="random", max_length=3, seed=0)
    assert alone["input_ids"] == chosen[0]


def test_without_a_seed_the_choice_follows_pythons_random(tokenizer: Tokenizer) -> None:
    def draw() -> list[list[int]]:
        return choose(tokenizer, *[list(range(12))] * 20)

    state = random.getstate()
    try:
        random.seed(5)
        first, second = draw(), draw()
        random.seed(5)
        assert draw() == first != second
        random.seed(6)
        assert draw() != first
        # Nothing is drawn where nothing is random.
        random.seed(5)
        ids_of(tokenizer, LONG, max_length=3)
        choose(tokenizer, LONG, seed=1)
        assert draw() == first
    finally:
        random.setstate(state)


# ---- errors


@pytest.mark.parametrize(
    ("keywords", "kind", "message"),
    [
        (
            {"padding": "up"},
            ConfigError,
            "padding is 'up', expected True or 'longest', 'max_length'",
        ),
        ({"padding": 1}, ConfigError, "padding is 1, expected True or 'longest'"),
        ({"truncation": "x"}, ConfigError, "truncation is 'x', expected True or 'longest_first'"),
        ({"truncation": "only_second"}, ConfigError, "truncation is 'only_second', expected True"),
        ({"truncation": 1}, ConfigError, "truncation is 1, expected True"),
        ({"max_length": 0}, ConfigError, "max_length is 0, expected 1 or more"),
        ({"max_length": -1}, ConfigError, "max_length is -1, expected 1 or more"),
        ({"max_length": 3.0}, TypeError, "max_length: expected a whole number, not float"),
        ({"max_length": True}, TypeError, "max_length: expected a whole number, not bool"),
        ({"pad_to_multiple_of": 0}, ConfigError, "pad_to_multiple_of is 0, expected 1 or more"),
        ({"pad_to_multiple_of": "8"}, TypeError, "pad_to_multiple_of: expected a whole number"),
        (
            {"pad_to_multiple_of": 4, "max_length": 6, "padding": True, "truncation": True},
            ConfigError,
            "max_length is 6, expected a multiple of pad_to_multiple_of, 4, where rows are both "
            "cut and padded",
        ),
        ({"padding_side": "up"}, ConfigError, "padding_side is 'up', expected 'right' or 'left'"),
        ({"truncation_side": "up"}, ConfigError, "truncation_side is 'up', expected 'right' or"),
        ({"stride": -1}, ConfigError, "stride is -1, expected 0 or more"),
        ({"stride": 1.5}, TypeError, "stride: expected a whole number, not float"),
        (
            {"stride": 3, "max_length": 5, "return_overflowing_tokens": True},
            ConfigError,
            "stride is 3, expected fewer than the 3 tokens that a row has room for",
        ),
        (
            {"truncation": "random", "max_length": 5, "return_overflowing_tokens": True},
            ConfigError,
            "truncation is random and return_overflowing_tokens is set: a random choice has no",
        ),
        ({"seed": -1}, ConfigError, "seed is -1, expected 0 to 2**64 - 1"),
        ({"seed": 2**64}, ConfigError, f"seed is {2**64}, expected 0 to 2**64 - 1"),
        ({"seed": "a"}, TypeError, "seed: expected a whole number, not str"),
        ({"num_threads": 0}, ConfigError, "num_threads is 0, expected 1 or more"),
        ({"num_threads": 1.0}, TypeError, "num_threads: expected a whole number, not float"),
    ],
    ids=str,
)
def test_a_keyword_that_cannot_be_is_named_with_its_value(
    framed: Tokenizer, keywords: dict[str, Any], kind: type[BaseException], message: str
) -> None:
    for x in ([sample(LONG)], sample(LONG)):
        raises(kind, message, lambda x=x: framed(x, **keywords))
        raises(kind, message, lambda x=x: framed.encode(x, **keywords))


def test_whole_numbers_of_numpy_are_taken(tokenizer: Tokenizer) -> None:
    keywords = {"max_length": 3, "stride": 1, "seed": 7, "pad_to_multiple_of": 3}
    by_numpy = {name: np.int64(value) for name, value in keywords.items()}
    more: dict[str, Any] = {"padding": True, "truncation": True, "return_overflowing_tokens": True}
    assert ids_of(tokenizer, LONG, **by_numpy, **more) == ids_of(
        tokenizer, LONG, **keywords, **more
    )
