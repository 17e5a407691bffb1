# SPDX-License-Identifier: BSD-2-Clause
"""Collections by the workers of Ray: the same bytes as by threads, whatever dies."""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray

from bedtok import ConfigError, ParseError, Tokenizer
from bedtok.cells import CellTokens
from bedtok.cli import main
from bedtok.io import TokenizedFiles, collection, ray_engine, tokenize_cells, tokenize_files
from bedtok.io.sample_tokens import FileTokenizer
from interruption import (
    DyingCellTokenizer,
    DyingTokenizer,
    InterruptedCellTokenizer,
    InterruptedTokenizer,
    Interruption,
)
from web_server import PASSWORD, USER, WebServer

# Ray itself takes some seconds; a run that hangs must not hang the rest.
pytestmark = [
    pytest.mark.timeout(120),
    # Ray warns about its own settings, and leaves files open until the process ends.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module", autouse=True)
def engine() -> Iterator[None]:
    """A cluster of two workers, to which this process is connected."""
    # What Ray leaves behind goes with the tests; its sockets need a short path.
    folder = tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True)
    with folder as short, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", short)
        # So that the workers, too, find the modules of the tests.
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            yield
        finally:
            ray.shutdown()


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files a task, so that there are many."""
    monkeypatch.setattr(FileTokenizer, "jobs_per_task", 2)


def run(beds: Path, tokenizer: Tokenizer, out: Path, **keywords: Any) -> TokenizedFiles:
    # Some of the files hit nothing.
    keywords |= {"samples_per_shard": 5, "low_hit_rate": None}
    return tokenize_files(sorted(beds.iterdir()), tokenizer, output_dir=out, **keywords)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("parquet", {}),
        ("parquet", {"unique": True, "on_error": "skip", "exclude": ["chr1:0-90000"]}),
        ("npz", {"chroms": ["chr1"]}),
        ("gtok", {}),
    ],
)
def test_what_is_written_is_what_threads_write(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path, form: Any, options: dict[str, Any]
) -> None:
    (beds / "sample03.bed").write_text("chr1\t9\t5\nchr1\t10\t60\n")
    one = run(beds, tokenizer, tmp_path / "one", format=form, **options)
    two = run(beds, tokenizer, tmp_path / "two", format=form, engine="ray", **options)
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert (two.samples, two.failed) == (one.samples, one.failed)
    assert str(two.report) == str(one.report)
    assert two.skipped_lines == one.skipped_lines


@pytest.mark.network
def test_workers_open_urls_by_themselves(tokenizer: Tokenizer, beds: Path, tmp_path: Path) -> None:
    with WebServer() as web:
        web.files = {path.name: path.read_bytes() for path in sorted(beds.iterdir())[:4]}
        urls = [f"http://127.0.0.1:{web.port}/login/{name}" for name in (*web.files, "none.bed")]
        safe = [url.replace("127", f"{USER}:{PASSWORD}@127") for url in urls]
        options = {"low_hit_rate": None, "storage_options": {"headers": {"X-Of": "mine"}}}
        two = tokenize_files(
            safe,
            tokenizer,
            output_dir=tmp_path / "two",
            engine="ray",
            **options,  # type: ignore[arg-type]
        )
        assert [sample.path for sample in two.samples.values()] == urls[:4]
        assert two.failed == {urls[4]: f"{urls[4]}: HTTP 404 Not Found"}
        assert {request.headers["X-Of"] for request in web.requests} == {"mine"}
        one = tokenize_files(safe, tokenizer, output_dir=tmp_path / "one", **options)  # type: ignore[arg-type]
    assert one.samples == two.samples
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert PASSWORD.encode() not in b"".join(contents(tmp_path / "two").values())


def test_relative_paths_are_those_of_the_caller(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(beds)
    paths = ["sample00.bed", "none.bed"]
    result = tokenize_files(paths, tokenizer, output_dir=tmp_path / "out", engine="ray")
    assert list(result.samples) == ["sample00"]
    assert result.failed == {"none.bed": "none.bed: No such file or directory"}


def test_nothing_is_lost_or_doubled_when_a_worker_is_killed(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    interruption: Interruption,
    assert_complete: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interrupted = functools.partial(InterruptedTokenizer, interruption=interruption)
    monkeypatch.setattr(collection, "FileTokenizer", interrupted)
    run(beds, tokenizer, tmp_path / "tokens", engine="ray")
    assert_complete(tmp_path / "tokens")
    first, second = [
        process for process, sample in interruption.begun() if sample == interruption.at
    ]
    assert interruption.victim in (first, second) and first != second


def test_a_file_that_kills_each_worker_is_the_only_one_that_fails(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_engine, "_RETRIES", 0)
    dying = functools.partial(DyingTokenizer, at="sample06")
    monkeypatch.setattr(collection, "FileTokenizer", dying)
    result = run(beds, tokenizer, tmp_path / "tokens", engine="ray")
    (path,) = result.failed
    assert Path(path).name.startswith("sample06")
    assert result.failed[path].startswith(f"{path}: the worker that reads it dies each time")
    assert len(result.samples) == len(list(beds.iterdir())) - 1


def test_a_second_run_writes_what_is_missing(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    assert_complete: Callable[[Path], None],
) -> None:
    out, some = tmp_path / "tokens", tmp_path / "some"
    some.mkdir()
    for path in sorted(beds.iterdir())[:10]:
        path.rename(some / path.name)
    run(some, tokenizer, out, engine="ray")
    for path in some.iterdir():
        path.rename(beds / path.name)
    result = run(beds, tokenizer, out, engine="ray")
    assert result.skipped == 10
    assert_complete(out)


def test_strict_ends_at_the_first_bad_file(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path
) -> None:
    (beds / "sample03.bed").write_text("chr1\t9\t5\n")
    with pytest.raises(ParseError, match=r"sample03\.bed:1: end 5 is before start 9"):
        run(beds, tokenizer, tmp_path / "tokens", engine="ray", strict=True)


def test_threads_belong_to_the_local_engine(
    tokenizer: Tokenizer, beds: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="num_threads is 2, expected None with engine='ray'"):
        run(beds, tokenizer, tmp_path / "tokens", engine="ray", num_threads=2)


def test_the_command_uses_the_cluster(
    tokenizer: Tokenizer,
    beds: Path,
    tmp_path: Path,
    assert_complete: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ray, "init", asked.append)  # it runs already
    tokenizer.save_pretrained(tmp_path / "model")
    words = ["--format", "parquet", "--engine", "ray", "--ray-address", "auto"]
    out = str(tmp_path / "tokens")
    assert main(["tokenize", str(tmp_path / "model"), str(beds), *words, "-o", out]) == 0
    assert asked == ["auto"]
    assert_complete(tmp_path / "tokens")


# ---- cells


@pytest.fixture
def cells(tmp_path: Path) -> list[Path]:
    """Ten fragment files, sample00 to sample09, of 3 to 12 cells, and an AnnData of 25."""
    ad, pd = pytest.importorskip("anndata"), pytest.importorskip("pandas")
    sp = pytest.importorskip("scipy.sparse")
    folder = tmp_path / "cells"
    folder.mkdir()
    chance = np.random.default_rng(3)
    for i in range(10):
        starts = np.sort(chance.integers(0, 3_000_000, 200)).tolist()
        lines = [f"chr1\t{s}\t{s + 60}\tCELL{s % (i + 3)}-1\t1\n" for s in starts]
        (folder / f"sample{i:02}.fragments.tsv").write_text("".join(lines))
    var = pd.DataFrame(index=[f"chr1:{300 * i}-{300 * i + 50}" for i in range(50)])
    obs = pd.DataFrame({"cell_type": ["B", "T", "NK", "B", "T"] * 5}, index=map(str, range(25)))
    matrix = sp.csr_matrix(chance.random((25, 50)) < 0.2, dtype=np.float32)
    ad.AnnData(matrix, obs=obs, var=var).write_h5ad(folder / "x.h5ad")
    return sorted(folder.iterdir())


def run_cells(cells: list[Path], tokenizer: Tokenizer, out: Path, **keywords: Any) -> Any:
    return tokenize_cells(cells, tokenizer, output_dir=out, **{"samples_per_shard": 8, **keywords})


def rows_of(tokenizer: Tokenizer, cells: list[Path]) -> dict[str, list[int]]:
    """The rows of the calls that hold all cells in memory."""
    ad = pytest.importorskip("anndata")
    fragments = tokenizer.encode_fragments(cells[:-1])
    anndata = tokenizer.encode_anndata(ad.read_h5ad(cells[-1]), names=["x"])
    return CellTokens.concat([fragments, anndata]).to_dict()


@pytest.mark.parametrize(
    "options", [{}, {"unique": True, "min_tokens": 3, "chroms": ["chr1"], "on_error": "skip"}]
)
def test_what_is_written_of_cells_is_what_threads_write(
    tokenizer: Tokenizer, cells: list[Path], tmp_path: Path, options: dict[str, Any]
) -> None:
    cells[3].write_text(cells[3].read_text() + "chr1\t9\t5\tCELL1-1\t1\n")
    one = run_cells(cells, tokenizer, tmp_path / "one", **options)
    two = run_cells(cells, tokenizer, tmp_path / "two", engine="ray", **options)
    assert contents(tmp_path / "two") == contents(tmp_path / "one")
    assert (two.samples, two.failed) == (one.samples, one.failed)
    assert (len(one.failed), one.skipped_lines) == ((0, {str(cells[3]): 1}) if options else (1, {}))
    assert str(two.report) == str(one.report)
    assert two.skipped_lines == one.skipped_lines
    if not options:
        del cells[3]
        written = CellTokens.from_parquet(tmp_path / "two", tokenizer)
        assert written.to_dict() == rows_of(tokenizer, cells)


def test_no_cell_is_lost_or_doubled_when_a_worker_is_killed(
    tokenizer: Tokenizer,
    cells: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "interruption").mkdir()
    # Of jobs not more than two are ahead of each worker.
    with Interruption(tmp_path / "interruption", at="sample02", after=2).killing() as interruption:
        interrupted = functools.partial(InterruptedCellTokenizer, interruption=interruption)
        with monkeypatch.context() as patch:
            patch.setattr(collection, "CellTokenizer", interrupted)
            run_cells(cells, tokenizer, tmp_path / "out", engine="ray")
    times = [process for process, sample in interruption.begun() if sample == "sample02"]
    assert len(times) == 2 and interruption.victim in times
    written = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert written.to_dict() == rows_of(tokenizer, cells)
    run_cells(cells, tokenizer, tmp_path / "one")
    assert contents(tmp_path / "out") == contents(tmp_path / "one")


def test_a_file_of_cells_that_kills_each_worker_fails_and_a_second_run_writes_it(
    tokenizer: Tokenizer, cells: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(ray_engine, "_RETRIES", 0)
        dying = functools.partial(DyingCellTokenizer, at="sample06")
        patch.setattr(collection, "CellTokenizer", dying)
        result = run_cells(cells, tokenizer, out, engine="ray")
    assert list(result.failed) == [str(cells[6])]
    assert result.failed[str(cells[6])].startswith(f"{cells[6]}: the worker that reads it dies")
    assert len(result.samples) == 10
    before = contents(out)
    again = run_cells(cells, tokenizer, out, engine="ray")
    assert again.skipped == 10 and again.failed == {} and len(again.files) == 2
    assert all(contents(out)[name] == before[name] for name in before if name.startswith("part-"))
    assert CellTokens.from_parquet(out, tokenizer).to_dict() == rows_of(tokenizer, cells)


def test_the_command_tokenizes_cells_on_the_cluster(
    tokenizer: Tokenizer, cells: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(ray, "init", asked.append)  # it runs already
    tokenizer.save_pretrained(tmp_path / "model")
    words = ["--fragments", "--format", "parquet", "--engine", "ray", "--ray-address", "auto"]
    inputs = [str(tmp_path / "model"), *map(str, cells)]
    assert main(["tokenize", *inputs, *words, "-o", str(tmp_path / "out")]) == 0
    assert asked == ["auto"]
    written = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert written.to_dict() == rows_of(tokenizer, cells)
