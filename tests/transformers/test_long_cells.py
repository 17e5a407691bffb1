# SPDX-License-Identifier: BSD-2-Clause
"""Embeddings of cells that are longer than the context: windows and draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from bedtok import ConfigError
from bedtok.atacformer import AtacformerForCellClustering
from bedtok.atacformer._cell_parts import CellParts
from support import NUM_REGIONS
from tiny_models import tiny

close = torch.testing.assert_close
MODEL = tiny(AtacformerForCellClustering)  # the context is 32; no test changes it
CLS, EOS = NUM_REGIONS + 3, NUM_REGIONS + 4
LONG = list(range(NUM_REGIONS))
CELLS = [LONG, [3, 1, 4], [], LONG[::-1][:41], LONG[:32]]


def parts_of(cells: list[list[int]], pool: Any, **fields: Any) -> CellParts:
    rows = [np.array(cell, dtype=np.int64) for cell in cells]
    given = {"max_tokens_per_cell": None, "num_draws": 3, "seed": 5, **fields}
    return CellParts(rows, MODEL.config, pool=pool, **given)


def embedding(ids: Any) -> torch.Tensor:
    with torch.no_grad():
        hidden = MODEL.atacformer(torch.tensor([list(ids)])).last_hidden_state[0]
    mean: torch.Tensor = hidden.mean(dim=0)
    return mean


def test_windows_hold_each_token_once_and_are_as_few_and_as_equal_as_can_be() -> None:
    for size in (33, 59, 60):
        for limit in (1, 7, 20, 32):
            parts = parts_of([LONG[:size]], "windows", max_tokens_per_cell=limit)
            ids = [parts.ids(i).tolist() for i in range(len(parts.cells))]
            assert sorted(token for window in ids for token in window) == LONG[:size]
            assert [len(window) for window in ids] == parts.lengths.tolist()
            assert len(ids) == -(-size // limit)
            assert parts.lengths.max() - parts.lengths.min() <= 1
            assert all(window == sorted(window) for window in ids)
            np.testing.assert_allclose(parts.weights, parts.lengths / size)


def test_special_tokens_of_the_template_are_in_every_part() -> None:
    for pool in ("windows", "draws"):
        parts = parts_of([[CLS, *LONG, EOS]], pool, max_tokens_per_cell=12)
        ids = [parts.ids(i).tolist() for i in range(len(parts.cells))]
        assert all(row[0] == CLS and row[-1] == EOS and len(row) <= 12 for row in ids)
        assert [len(row) for row in ids] == parts.lengths.tolist()
    assert len(parts_of([[CLS, *LONG, EOS]], "windows", max_tokens_per_cell=12).cells) == 6
    message = r"max_tokens_per_cell is 2, expected more than 2, the special tokens of a sample"
    with pytest.raises(ConfigError, match=message):
        parts_of([[CLS, *LONG, EOS]], "windows", max_tokens_per_cell=2)


@pytest.mark.parametrize("pool", ["windows", "draws"])
@pytest.mark.parametrize("batch_size", [1, 2, 16])
def test_the_embedding_is_the_weighted_mean_over_the_parts(pool: Any, batch_size: int) -> None:
    found = MODEL.encode_tokenized_cells(
        CELLS, batch_size, max_tokens_per_cell=16, pool=pool, num_draws=3, seed=5
    )
    parts = parts_of(CELLS, pool, max_tokens_per_cell=16)
    for cell, row in enumerate(found):
        own = [i for i in range(len(parts.cells)) if parts.cells[i] == cell and parts.lengths[i]]
        expected = [embedding(parts.ids(i)) * float(parts.weights[i]) for i in own]
        close(row, torch.stack(expected).sum(dim=0) if expected else torch.zeros(16))


@pytest.mark.parametrize("pool", ["windows", "draws"])
def test_a_cell_that_fits_has_the_same_bits_as_without(pool: Any) -> None:
    fitting = [[3, 1, 4], [], LONG[:32], [7, 7]]
    found = MODEL.encode_tokenized_cells(fitting, pool=pool, seed=1)
    assert torch.equal(found, MODEL.encode_tokenized_cells(fitting, seed=1))


def test_one_draw_is_the_subsample_and_draws_depend_on_seed_and_position() -> None:
    plain = MODEL.encode_tokenized_cells(CELLS, seed=5)
    assert torch.equal(
        plain, MODEL.encode_tokenized_cells(CELLS, pool="draws", num_draws=1, seed=5)
    )
    parts = parts_of([LONG, LONG], "draws")
    rows = [tuple(parts.ids(i).tolist()) for i in range(6)]
    assert len(set(rows)) == 6
    again = parts_of([LONG, LONG], "draws")
    assert [tuple(again.ids(i).tolist()) for i in range(6)] == rows
    # Which cells stand beside it has no influence.
    other = parts_of([[1], LONG], "draws")
    assert tuple(other.ids(1).tolist()) == rows[3]


def test_windows_come_nearer_to_a_model_that_sees_the_whole_cell() -> None:
    wide = tiny(AtacformerForCellClustering, max_position_embeddings=64)
    chance = np.random.default_rng(0)
    cells = [np.sort(chance.choice(NUM_REGIONS, 50, replace=False)).tolist() for _ in range(20)]
    whole = wide.encode_tokenized_cells(cells)

    def distance(**keywords: Any) -> float:
        found = wide.encode_tokenized_cells(cells, max_tokens_per_cell=13, seed=0, **keywords)
        return float((found - whole).norm(dim=1).mean())

    one, draws, windows = distance(), distance(pool="draws"), distance(pool="windows")
    assert windows < draws < one


def test_arguments_that_do_not_fit_are_refused() -> None:
    for keywords, message in (
        ({"pool": "window"}, "pool is 'window', expected None, 'windows' or 'draws'"),
        ({"pool": "draws", "num_draws": 0}, "num_draws is 0, expected 1 or more"),
        (
            {"pool": "windows", "pool_tokens": False},
            "pool is 'windows', expected None with pool_tokens=False",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            MODEL.encode_tokenized_cells(CELLS, **keywords)
