# SPDX-License-Identifier: BSD-2-Clause
"""The positions that ``_core.random_choice`` draws; tests/cpp tests their distribution."""

from __future__ import annotations

import pytest

from bedtok import Tokenizer, _core


def test_positions_are_those_of_random_truncation() -> None:
    tokenizer = Tokenizer.from_regions([f"chr1:{10 * i}-{10 * i + 5}" for i in range(50)])
    rows = tokenizer([["chr1:0-500"]] * 3, truncation="random", max_length=7, seed=4)["input_ids"]
    assert rows == [_core.random_choice(50, 7, 4, position).tolist() for position in range(3)]
    assert _core.random_choice(3, 3, 0, 0).tolist() == [0, 1, 2]
    assert _core.random_choice(3, 0, 2**64 - 1, 5).tolist() == []


def test_more_than_there_are_cannot_be_drawn() -> None:
    with pytest.raises(ValueError, match="count is 4, expected at most 3, the number of positions"):
        _core.random_choice(3, 4, 0, 0)
