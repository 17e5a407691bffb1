# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok universe build`` and ``assess``: output, messages, exit codes."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

from bedtok.cli import main

A = "chr1\t0\t100\nchr2\t10\t20\n"
B = "chr1\t50\t150\n"


class Result:
    def __init__(self, code: object, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


class Cli:
    """Runs ``main`` in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.capfd, self.patch = capfd, patch

    def __call__(self, *args: str | Path, stdin: str = "") -> Result:
        with self.patch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            code: object
            try:
                code = main(["universe", *map(str, args)])
            except SystemExit as end:
                code = end.code
        out, err = self.capfd.readouterr()
        return Result(code, out, err)


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capfd, monkeypatch)


@pytest.fixture
def peaks(tmp_path: Path) -> Path:
    folder = tmp_path / "peaks"
    folder.mkdir()
    (folder / "a.bed").write_text(A)
    (folder / "b.bed").write_text(B)
    return folder


def test_a_universe_is_written_with_one_line_about_it(
    run: Cli, peaks: Path, tmp_path: Path
) -> None:
    path = tmp_path / "universe.bed.gz"
    result = run("build", peaks, "-o", path, "--method", "union", "--merge", "5")
    assert (result.code, result.err) == (0, "")
    assert result.out == (f"{path}: union: 2 regions, 160 bp, median width 80 bp, from 2 samples\n")
    assert gzip.decompress(path.read_bytes()).decode() == (
        "chr1\t0\t150\tchr1:0-150\t2\nchr2\t10\t20\tchr2:10-20\t1\n"
    )
    manifest = json.loads((tmp_path / "universe.manifest.json").read_text())
    assert manifest["options"] == {"max_gap": 5}


def test_without_an_output_the_lines_go_to_stdout(run: Cli, peaks: Path) -> None:
    result = run("build", peaks / "a.bed", peaks / "b.bed", "--min-samples", "2")
    assert result.code == 0
    assert result.out == "chr1\t50\t100\tchr1:50-100\t2\n"
    assert result.err == "bedtok: coverage: 1 regions, 50 bp, median width 50 bp, from 2 samples\n"
    listed = run("build", "-", "--method", "union", "-o", "-", stdin=f"{peaks / 'b.bed'}\n")
    assert listed.out == "chr1\t50\t150\tchr1:50-150\t1\n"
    text = run("build", "-", peaks / "b.bed", "--method", "union", stdin=A)
    assert text.out.splitlines()[0] == "chr1\t0\t150\tchr1:0-150\t2"


def test_all_options_reach_the_library(run: Cli, peaks: Path, tmp_path: Path) -> None:
    sizes = tmp_path / "sizes"
    sizes.write_text("chr1\t120\nchr2\t30\n")
    (tmp_path / "no.bed").write_text("chr2\t0\t30\n")
    tiles = run(
        *("build", peaks, "--method", "tiles", "--width", "60", "--chrom-sizes", sizes),
        *("--exclude", tmp_path / "no.bed", "--min-fraction", "0.9", "--num-threads", "1"),
    )
    assert tiles.out == "chr1\t0\t60\tchr1:0-60\t2\nchr1\t60\t120\tchr1:60-120\t2\n"
    summits = run(
        *("build", peaks, "--method", "summits", "--width", "11", "--score-column", "5"),
        *("--chroms", "chr2,chr3", "--max-memory", "1k", "--temporary-dir", tmp_path),
    )
    assert summits.out == "chr2\t10\t21\tchr2:10-21\t1\n"
    widths = run("build", peaks, "--method", "union", "--min-width", "10", "--max-width", "20")
    assert widths.out == "chr2\t10\t20\tchr2:10-20\t1\n"


def test_a_wrong_file_is_named_and_the_rest_is_written(
    run: Cli, peaks: Path, tmp_path: Path
) -> None:
    (peaks / "c.bed").write_text("chr1\t5\t1\n")
    path = tmp_path / "u.bed"
    result = run("build", peaks, "-o", path, "--method", "union")
    assert result.code == 1
    assert result.out.endswith("from 2 samples (1 failed)\n")
    assert result.err.splitlines() == [
        f"bedtok: {peaks / 'c.bed'}:1: end 1 is before start 5",
        "bedtok: samples that could not be read: 1",
    ]
    assert path.exists()
    path.unlink()
    strict = run("build", peaks, "-o", path, "--method", "union", "--strict")
    assert (strict.code, strict.out) == (1, "")
    assert not path.exists()
    skipping = run("build", peaks, "-o", path, "--on-error", "warn", peaks / "c.bed")
    assert (skipping.code, skipping.out) == (1, "")  # c.bed is given twice
    assert "c.bed: is given twice" in skipping.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ([], "the following arguments are required: FILE"),
        (["x.bed", "--method", "best"], "invalid choice: 'best'"),
        (["x.bed", "--chroms", ","], "expected NAME,NAME,..., not ','"),
        (["x.bed", "--format", "csv"], "invalid choice: 'csv'"),
    ],
)
def test_a_wrong_command_line_is_refused(run: Cli, args: list[str], message: str) -> None:
    result = run("build", *args)
    assert result.code == 2
    assert message in result.err


def test_the_parts_of_the_command_are_told(run: Cli) -> None:
    result = run()
    assert result.code == 2
    assert result.err.endswith("expected a command: build, assess, index\n")
    assert run("--help").code == 0
    for part in ("build", "assess"):
        result = run(part, "--help")
        assert result.code == 0
        assert "examples:" in result.out


def test_universes_are_assessed_side_by_side(run: Cli, peaks: Path, tmp_path: Path) -> None:
    for method in ("union", "coverage"):
        run("build", peaks, "-o", tmp_path / f"{method}.bed", "--method", method)
    result = run(
        *("assess", tmp_path / "union.bed", peaks, "--compare", tmp_path / "coverage.bed"),
        *("--tsv", tmp_path / "fit.tsv", "--json", tmp_path / "fit.json"),
    )
    assert (result.code, result.err) == (0, "")
    lines = result.out.splitlines()
    assert lines[0].split() == ["universe", "union", "coverage"]
    assert lines[4].split() == ["hit", "rate", "100.00%", "100.00%"]
    assert len((tmp_path / "fit.tsv").read_text().splitlines()) == 5
    content = json.loads((tmp_path / "fit.json").read_text())
    assert [fit["universe"] for fit in content["universes"]] == ["union", "coverage"]
    wrong = run("assess", tmp_path / "union.bed", peaks, "--plot", tmp_path / "fit.txt")
    assert (wrong.code, wrong.out) == (1, "")
    assert "expected a name that ends in .svg" in wrong.err


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what matplotlib imports
def test_a_picture_is_drawn(run: Cli, peaks: Path, tmp_path: Path) -> None:
    run("build", peaks, "-o", tmp_path / "u.bed", "--method", "union")
    result = run("assess", tmp_path / "u.bed", peaks, "--plot", tmp_path / "fit.svg")
    assert result.code == 0
    assert b"<svg" in (tmp_path / "fit.svg").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interruption_ends_the_reading_and_leaves_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "sample.bed"
    os.mkfifo(pipe)  # nothing writes to it: reading waits
    command = [sys.executable, "-m", "bedtok", "universe", "build", pipe, "-o", tmp_path / "u.bed"]
    process = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.PIPE,
        text=True,
    )
    writer = os.open(pipe, os.O_WRONLY)  # waits for the reader
    try:
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
        os.close(writer)
    assert process.returncode == 130, err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sample.bed"]
