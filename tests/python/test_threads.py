# SPDX-License-Identifier: BSD-2-Clause
"""Many threads on one tokenizer (docs/guarantees.md, section 5).

``./run test`` runs this a second time with the compiled module under ThreadSanitizer, which ends
the process at a data race.
"""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from bedtok import RegionSet, Tokenizer

NUM_REGIONS = 500
CALLS = 120


def make_cells(chance: random.Random) -> list[RegionSet]:
    """24 samples of 3 to 300 regions, a third of which hit nothing."""
    return [
        RegionSet(
            [
                ("chr1" if chance.random() < 0.67 else "chr2", start, start + 60)
                for start in sorted(chance.sample(range(100 * NUM_REGIONS), chance.randint(3, 300)))
            ]
        )
        for _ in range(24)
    ]


def make_tokenizer() -> Tokenizer:
    return Tokenizer.from_regions([f"chr1:{100 * i}-{100 * i + 50}" for i in range(NUM_REGIONS)])


def test_many_threads_on_one_tokenizer_agree_with_one_after_the_other(tmp_path: Path) -> None:
    tokenizer = make_tokenizer()
    cells = make_cells(random.Random(5))
    paths = [tmp_path / f"{i}.bed" for i in range(len(cells))]
    for cell, path in zip(cells, paths, strict=True):
        cell.to_bed(path)

    def work(i: int) -> Any:
        kind: list[Any] = [cells, paths, [list(cell) for cell in cells]][i % 3]
        batch = [kind[(i + k) % len(kind)] for k in range(6)]
        encoding = tokenizer(
            batch,
            padding=True,
            truncation="random",
            max_length=64,
            seed=i,
            return_tensors="np",
            return_region_index=True,
            num_threads=3,
        )
        tokens = tokenizer.batch_decode(encoding["input_ids"], skip_special_tokens=True)
        report = tokenizer.report(cells[i % len(cells)])
        return {name: value.tolist() for name, value in encoding.items()}, tokens, report.hits

    one_by_one = [work(i) for i in range(CALLS)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(CALLS))) == one_by_one


def test_calls_go_on_while_special_tokens_are_added() -> None:
    tokenizer = make_tokenizer()
    cells = make_cells(random.Random(6))
    expected = tokenizer(cells)["input_ids"]

    def add(i: int) -> int:
        return tokenizer.add_special_tokens({"additional_special_tokens": [f"<{i}>"]})

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(tokenizer, cells) for _ in range(40)]
        # One thread adds: each addition builds on the one before.
        added = [add(i) for i in range(20)]
        assert all(call.result()["input_ids"] == expected for call in calls)
    assert added == [1] * 20 and len(tokenizer) == NUM_REGIONS + 7 + 20


def test_no_special_token_is_lost_when_many_threads_add_them() -> None:
    tokenizer = make_tokenizer()
    names = [f"<t{i}>" for i in range(80)]
    with ThreadPoolExecutor(8) as pool:
        added = list(
            pool.map(
                lambda name: tokenizer.add_special_tokens({"additional_special_tokens": [name]}),
                names,
            )
        )
    assert added == [1] * len(names)
    assert sorted(tokenizer.additional_special_tokens) == sorted(names)
    assert len(set(tokenizer.convert_tokens_to_ids(names))) == len(names)
