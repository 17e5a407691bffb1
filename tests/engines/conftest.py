# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the tests of the engines, which need ray and datasets.

Both engines are started with two workers on this machine.
"""

from __future__ import annotations

import os
import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

# Before anything imports ray: it must not report to anybody, or leave a key in the home folder of
# whoever runs the tests.
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(16)

import pyarrow.parquet as pq

from bedtok import RegionSet, Tokenizer
from interruption import Interruption

NUM_REGIONS = 30_000
FILES = 24


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """30,000 regions: above 100 kB a pickle travels through Ray's store and not in the call."""
    return Tokenizer.from_regions([f"chr1:{100 * i}-{100 * i + 50}" for i in range(NUM_REGIONS)])


@pytest.fixture
def beds(tmp_path: Path) -> Path:
    """A folder of 24 files, sample00 to sample23, of 3 to 30 regions; some hit nothing."""
    folder = tmp_path / "beds"
    folder.mkdir()
    chance = random.Random(7)
    for i in range(FILES):
        starts = sorted(chance.sample(range(0, 100 * NUM_REGIONS, 10), chance.randint(3, 30)))
        beyond = 100 * NUM_REGIONS if i % 8 == 5 else 0
        regions = RegionSet([("chr1", beyond + start, beyond + start + 60) for start in starts])
        if i % 3 == 1:
            regions.to_bed_gz(folder / f"sample{i:02}.bed.gz")
        else:
            regions.to_bed(folder / f"sample{i:02}.bed")
    return folder


@pytest.fixture
def expected(tokenizer: Tokenizer, beds: Path) -> dict[str, list[int]]:
    """The ids of each sample, made in this process."""
    paths = sorted(beds.iterdir())
    names = [path.name.split(".")[0] for path in paths]
    ids = tokenizer(paths)["input_ids"]
    assert len(names) == FILES and [tokenizer.unk_token_id] in ids
    return dict(zip(names, ids, strict=True))


@pytest.fixture
def interruption(tmp_path: Path) -> Iterator[Interruption]:
    """Kills one worker in the middle, or fails the test."""
    folder = tmp_path / "interruption"
    folder.mkdir()
    with Interruption(folder, at="sample06", after=6).killing() as planned:
        yield planned


@pytest.fixture
def assert_prints_what_stands_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[ModuleType], None]:
    """Run an example as its command does, and compare what it prints."""

    def check(example: ModuleType) -> None:
        path = Path(str(example.__file__))
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr("sys.argv", [str(path)])
        example.main()
        assert capsys.readouterr().out == path.with_suffix(".out").read_text()

    return check


@pytest.fixture
def assert_complete(expected: dict[str, list[int]]) -> Callable[[Path], None]:
    """Check that a folder of Parquet holds each sample once, with the ids of one process."""

    def check(out: Path) -> None:
        rows = pq.read_table(out).to_pylist()
        assert sorted(row["sample"] for row in rows) == sorted(expected)
        assert {row["sample"]: row["input_ids"] for row in rows} == expected

    return check
