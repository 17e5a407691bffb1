# SPDX-License-Identifier: BSD-2-Clause
"""Truncation by weight: which tokens stay, and where the weights are kept."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, RegionSet, Tokenizer
from bedtok._tokenization.token_weights import TOKEN_WEIGHTS_FILE, load_weights

REGIONS = [f"chr1:{100 * i}-{100 * i + 50}" for i in range(30)]
PLAIN = Tokenizer.from_regions(REGIONS)


def weighted(weights: Any, **options: Any) -> Tokenizer:
    return PLAIN.with_options(**options).with_token_weights(weights)


def one_by_one(ids: list[int], weights: Any, count: int) -> list[int]:
    """Drop the lightest token, of equal weights the last, until the row fits."""
    kept = list(range(len(ids)))
    while len(kept) > count:
        kept.remove(min(kept, key=lambda i: (weights[ids[i]], -i)))
    return [ids[i] for i in kept]


def test_the_heaviest_tokens_stay_in_their_order_and_ties_go_to_the_earlier() -> None:
    chance = np.random.default_rng(2)
    for _ in range(50):
        weights = chance.integers(-2, 4, size=30)
        ids = chance.integers(0, 30, size=chance.integers(1, 40))
        length = int(chance.integers(1, 20))
        sample = RegionSet([REGIONS[i] for i in ids])
        row = weighted(weights)(sample, truncation="weight", max_length=length)["input_ids"]
        assert row == one_by_one(PLAIN(sample)["input_ids"], weights, length)


def test_batches_cells_and_templates_are_truncated_likewise() -> None:
    tokenizer = weighted(np.arange(30), template="<cls> $A <eos>")
    batch = tokenizer(
        [RegionSet(REGIONS), RegionSet(REGIONS[:2])],
        truncation="weight",
        max_length=5,
        padding=True,
        return_tensors="np",
        return_region_index=True,
    )
    cls, eos, pad = tokenizer.cls_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id
    assert batch["input_ids"].tolist() == [[cls, 27, 28, 29, eos], [cls, 0, 1, eos, pad]]
    assert batch["region_index"].tolist() == [[-1, 27, 28, 29, -1], [-1, 0, 1, -1, -1]]


def test_special_tokens_of_the_sample_stay_and_unk_goes_first() -> None:
    tokenizer = weighted(np.full(30, -5.0), on_miss="unk")
    sample = ["chr1:0-50", "chr9:0-5", "<mask>", "chr1:100-150"]
    found = [tokenizer(sample, truncation="weight", max_length=n)["input_ids"] for n in (3, 2, 1)]
    mask = tokenizer.mask_token_id
    assert found == [[0, mask, 1], [0, mask], [mask]]


def test_idf_is_that_of_muon_with_one_cell_more_in_each_region() -> None:
    chance = np.random.default_rng(3)
    matrix = chance.random((20, 30)) < chance.random(30)
    matrix[:, 7] = False  # no cell has it
    # muon's tfidf: log1p(cells / sum of a column).
    expected = np.log1p(20 / (matrix.sum(axis=0) + 1))
    rows = [np.flatnonzero(row) for row in matrix]
    found = PLAIN.idf_weights(rows)
    assert found.dtype == np.float32
    assert found.argmax() == 7
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    # Twice the same token, special tokens and a generator change nothing.
    more = ([*row.tolist(), *row.tolist(), PLAIN.cls_token_id] for row in rows)
    assert PLAIN.idf_weights(more).tolist() == found.tolist()
    with pytest.raises(ConfigError, match=r"cell 1: id 37 is outside the vocabulary \(0..36\)"):
        PLAIN.idf_weights([[0], [37]])


def test_weights_are_part_of_the_tokenizer(tmp_path: Path) -> None:
    tokenizer = weighted(np.linspace(0, 1, 30))
    assert tokenizer != PLAIN
    assert tokenizer.digest == PLAIN.digest
    assert PLAIN.token_weights is None
    for other in (
        copy.copy(tokenizer),
        copy.deepcopy(tokenizer),
        pickle.loads(pickle.dumps(tokenizer)),
        tokenizer.with_token_weights(tokenizer.token_weights),
    ):
        assert other == tokenizer
    assert tokenizer.with_options(unique=True).token_weights is not None
    assert tokenizer.with_token_weights(None) == PLAIN
    with pytest.raises(ValueError, match="read-only"):
        tokenizer.token_weights[0] = 1  # type: ignore[index]


def test_weights_are_saved_and_loaded_with_the_tokenizer(tmp_path: Path) -> None:
    tokenizer = weighted(np.linspace(-1, 1, 30))
    files = tokenizer.save_pretrained(tmp_path)
    assert Path(files[-1]).name == TOKEN_WEIGHTS_FILE
    loaded = Tokenizer.from_pretrained(tmp_path)
    assert loaded == tokenizer
    # The same bytes again, and none where there are no weights.
    before = (tmp_path / TOKEN_WEIGHTS_FILE).read_bytes()
    loaded.save_pretrained(tmp_path)
    assert (tmp_path / TOKEN_WEIGHTS_FILE).read_bytes() == before
    PLAIN.save_pretrained(tmp_path)
    assert not (tmp_path / TOKEN_WEIGHTS_FILE).exists()
    assert Tokenizer.from_pretrained(tmp_path) == PLAIN


def test_weights_of_other_regions_and_damaged_files_are_refused(tmp_path: Path) -> None:
    weighted(np.ones(30)).save_pretrained(tmp_path / "a")
    Tokenizer.from_regions(REGIONS[::-1]).save_pretrained(tmp_path / "b")
    weights = (tmp_path / "a" / TOKEN_WEIGHTS_FILE).read_bytes()
    for content, message in (
        (weights, "the weights are those of other regions"),
        (weights[:100], "not weights of a tokenizer"),
        (b"", "not weights of a tokenizer"),
        (b"chr1", "not weights of a tokenizer"),
    ):
        (tmp_path / "b" / TOKEN_WEIGHTS_FILE).write_bytes(content)
        with pytest.raises(ConfigError, match=message):
            Tokenizer.from_pretrained(tmp_path / "b")


def test_a_damaged_byte_is_refused_or_does_no_harm(tmp_path: Path) -> None:
    weights = np.arange(30, dtype=np.float32)
    weighted(weights).save_pretrained(tmp_path)
    path = tmp_path / TOKEN_WEIGHTS_FILE
    content = path.read_bytes()
    refused = 0
    places = range(0, len(content), 5)
    for place in places:
        damaged = bytearray(content)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        try:
            loaded = load_weights(tmp_path, PLAIN._core)
        except ConfigError as error:
            assert "token_weights.npz: not weights of a tokenizer" in str(error)
            refused += 1
        else:  # zip repeats some facts, and has fields that nobody reads
            assert loaded is not None
            assert (loaded == weights).all()
    assert refused > len(places) / 2


def test_what_does_not_fit_is_refused() -> None:
    for weights, error, message in (
        (np.ones(29), ConfigError, r"weights: got the shape \(29,\), expected \(30,\)"),
        ([np.nan] * 30, ConfigError, "weights: that of region 0 is nan, expected a number"),
        ([1e300] * 30, ConfigError, "weights: that of region 0 is inf, expected a number"),
        ("heavy", TypeError, "weights: expected a number for each region, not str"),
        (["1"] * 30, TypeError, "weights: expected a number for each region, not list"),
        (np.ones(30, complex), TypeError, "weights: expected a number for each region"),
    ):
        with pytest.raises(error, match=message):
            PLAIN.with_token_weights(weights)
    with pytest.raises(ConfigError, match="truncation is 'weight', but the tokenizer has no"):
        PLAIN(RegionSet(REGIONS), truncation="weight", max_length=5)
    with pytest.raises(ConfigError, match="truncation is weight and return_overflowing_tokens"):
        weighted(np.ones(30))(
            RegionSet(REGIONS),
            truncation="weight",
            max_length=5,
            return_overflowing_tokens=True,
        )
