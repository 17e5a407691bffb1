# SPDX-License-Identifier: BSD-2-Clause
"""The example for ``datasets.map``, which gives up when a worker is killed and is called again."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import datasets_collection
from bedtok import ParseError, Tokenizer
from datasets_collection import tokenize, tokenize_collection
from interruption import Interruption

pytestmark = pytest.mark.timeout(120)


def tokenize_interrupted(
    files: dict[str, list[str]], tokenizer: Tokenizer, interruption: Interruption
) -> Any:
    """The example's function; ``interruption`` is told what it does, and may stop it."""
    interruption.before(files["sample"])
    columns = tokenize(files, tokenizer)
    interruption.after_that(files["sample"])
    return columns


@pytest.fixture
def interrupted(interruption: Interruption, monkeypatch: pytest.MonkeyPatch) -> Interruption:
    """The example's own function is interrupted."""
    planned = functools.partial(tokenize_interrupted, interruption=interruption)
    monkeypatch.setattr(datasets_collection, "tokenize", planned)
    return interruption


# Parts of 5 files: sample00 to sample04 are the first, the worker is killed in the second.
run = functools.partial(tokenize_collection, workers=2, files_per_part=5, batch_size=2)


def test_a_part_whose_worker_is_killed_is_done_again_and_nothing_else(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    interrupted: Interruption,
    assert_complete: Callable[[Path], None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "tokens"
    run(tokenizer, beds, out)
    assert_complete(out)
    assert (
        "part-00001.parquet: One of the subprocesses has abruptly died" in capsys.readouterr().err
    )
    begun = interrupted.begun()
    first, second = [process for process, sample in begun if sample == interrupted.at]
    assert interrupted.victim in (first, second) and first != second
    times = Counter(sample for _, sample in begun)
    again = {sample for sample in times if times[sample] > 1}
    assert interrupted.at in again <= {f"sample{i:02}" for i in range(5, 10)}


def test_a_second_run_does_what_a_run_that_gave_up_has_left(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    interrupted: Interruption,
    assert_complete: Callable[[Path], None],
) -> None:
    out = tmp_path / "tokens"
    with pytest.raises(RuntimeError, match="abruptly died"):
        run(tokenizer, beds, out, attempts=1)
    # What is there is complete; nothing that is not has a name that readers would take.
    assert [path.name for path in out.glob("**/*.parquet")] == ["part-00000.parquet"]
    run(tokenizer, beds, out)
    assert_complete(out)
    times = Counter(sample for _, sample in interrupted.begun())
    assert all(times[f"sample{i:02}"] == 1 for i in range(5))


def test_a_bad_file_is_named(tokenizer: Tokenizer, beds: Path, tmp_path: Path) -> None:
    (beds / "sample08.bed").write_text("chr1\t9\t5\n")
    with pytest.raises(ParseError, match=r"sample08\.bed:1: end 5 is before start 9"):
        run(tokenizer, beds, tmp_path / "tokens")
    assert [path.name for path in tmp_path.glob("tokens/**/*.parquet")] == ["part-00000.parquet"]


def test_tokens_are_mixed_with_nothing_else(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tokens"
    out.mkdir()
    (out / "_tokenizer.digest").write_text(tokenizer.digest)
    other = tokenizer.with_options(unique=True)
    message = "tokens: holds something else than tokens of this tokenizer"
    with pytest.raises(ValueError, match=message):
        run(other, beds, out)
    (out / "_tokenizer.digest").unlink()
    (out / "part-00000.parquet").write_text("somebody's")
    with pytest.raises(ValueError, match=message):
        run(tokenizer, beds, out)
    assert (out / "part-00000.parquet").read_text() == "somebody's"


def test_the_command_prints_what_stands_beside_it(
    assert_prints_what_stands_beside_it: Callable[[ModuleType], None],
) -> None:
    assert_prints_what_stands_beside_it(datasets_collection)
