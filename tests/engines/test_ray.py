# SPDX-License-Identifier: BSD-2-Clause
"""The example for Ray Data: a worker that is killed costs time and nothing else."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import ray

import ray_collection
from bedtok import Tokenizer
from interruption import Interruption
from ray_collection import TokenizeFiles, tokenize_collection

# Ray itself takes some seconds; a run that hangs must not hang the rest.
pytestmark = [
    pytest.mark.timeout(120),
    # Ray warns about its own settings, and leaves files open until the process ends.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """Two workers, and a processor on paper for the tasks that write, as in the example."""
    # What Ray leaves behind goes with the tests; its sockets need a short path.
    folder = tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True)
    with folder as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", short)
        # So that the workers, too, find the modules of the tests and examples.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        ray.init(num_cpus=3, include_dashboard=False, log_to_driver=False)
        try:
            yield
        finally:
            ray.shutdown()


@pytest.fixture
def interrupted(interruption: Interruption, monkeypatch: pytest.MonkeyPatch) -> Interruption:
    """The example's own class is interrupted."""

    class Interrupted(TokenizeFiles):
        def __call__(self, files: dict[str, Any]) -> Any:
            samples = files["sample"].tolist()
            interruption.before(samples)
            table = super().__call__(files)
            interruption.after_that(samples)
            return table

    monkeypatch.setattr(ray_collection, "TokenizeFiles", Interrupted)
    return interruption


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    interrupted: Interruption,
    assert_complete: Callable[[Path], None],
) -> None:
    out = tmp_path / "tokens"
    tokenize_collection(tokenizer, beds, out, workers=2, batch_size=2)
    assert_complete(out)
    begun = interrupted.begun()
    assert len({process for process, _ in begun}) == 3  # two, and one in place of the one killed
    first, second = [process for process, sample in begun if sample == interrupted.at]
    assert interrupted.victim in (first, second) and first != second


def test_a_task_that_writes_is_done_again_when_it_is_killed(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    assert_complete: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "interruption").mkdir()
    interruption = Interruption(tmp_path / "interruption", at="file", after=0)
    original = ray.data.Dataset.write_parquet

    def settings_of_a_file() -> dict[str, Any]:
        # Ray asks for them in the task that writes, and once here.
        if os.getpid() != interruption.home:
            interruption.before(["file"])
        return {}

    def write(dataset: Any, *arguments: Any, **keywords: Any) -> None:
        original(dataset, *arguments, arrow_parquet_args_fn=settings_of_a_file, **keywords)

    monkeypatch.setattr(ray.data.Dataset, "write_parquet", write)
    with interruption.killing():
        tokenize_collection(tokenizer, beds, tmp_path / "tokens", workers=2, batch_size=2)
    assert_complete(tmp_path / "tokens")
    assert len({process for process, _ in interruption.begun()}) == 2


def test_a_bad_file_is_named(tokenizer: Tokenizer, beds: Path, tmp_path: Path) -> None:
    (beds / "sample03.bed").write_text("chr1\t9\t5\n")
    with pytest.raises(Exception, match=r"sample03\.bed:1: end 5 is before start 9"):
        tokenize_collection(tokenizer, beds, tmp_path / "tokens", workers=2)


def test_a_second_run_does_what_a_run_that_died_as_a_whole_has_left(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path, assert_complete: Callable[[Path], None]
) -> None:
    out, some = tmp_path / "tokens", tmp_path / "some"
    some.mkdir()
    for path in sorted(beds.iterdir())[:10]:
        (some / path.name).symlink_to(path)
    for number, folder in enumerate([some, beds]):
        tokenize_collection(tokenizer, folder, out, workers=2)
        (part,) = [path for path in out.glob("*.parquet") if path.name != "first.parquet"]
        if number == 0:
            part.rename(out / "first.parquet")
    assert_complete(out)
    part.write_bytes(part.read_bytes()[:-100])  # what a run leaves that is killed while it writes
    tokenize_collection(tokenizer, beds, out, workers=2)
    assert not part.exists()
    assert_complete(out)


def test_tokens_are_mixed_with_nothing_else(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "tokens"
    out.mkdir()
    (out / "_tokenizer.digest").write_text(tokenizer.digest)
    other = tokenizer.with_options(unique=True)
    message = "tokens: holds something else than tokens of this tokenizer"
    with pytest.raises(ValueError, match=message):
        tokenize_collection(other, beds, out, workers=2)
    (out / "_tokenizer.digest").unlink()
    (out / "part-00000.parquet").write_text("somebody's")
    with pytest.raises(ValueError, match=message):
        tokenize_collection(tokenizer, beds, out, workers=2)
    assert (out / "part-00000.parquet").read_text() == "somebody's"


def test_the_command_prints_what_stands_beside_it(
    assert_prints_what_stands_beside_it: Callable[[ModuleType], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray, "init", lambda **keywords: None)  # it runs already
    assert_prints_what_stands_beside_it(ray_collection)
