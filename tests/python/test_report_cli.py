# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok inspect`` of many samples and ``bedtok report``; progress bars."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path

import pytest

import test_cli
from bedtok import Tokenizer
from bedtok._progress import progress_bar, with_progress
from bedtok.cells import CellTokens
from test_cli import Cli, Terminal, write

run, vocab = test_cli.run, test_cli.vocab  # fixtures


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    write(folder / "a.bed", "chr1\t150\t160\nchr1\t1000\t1001\n")
    write(folder / "b.bed", "chr1\t310\t320\nchr2\t12\t15\n")
    return folder


def test_several_samples_are_a_table(run: Cli, vocab: Path, samples: Path, tmp_path: Path) -> None:
    lines = run("inspect", samples, "--vocab", vocab).out.splitlines()
    assert lines[0].split()[:5] == ["sample", "regions", "hit", "rate", "tokens"]
    assert lines[1].split()[:4] == ["a", "2", "50.0%", "1"]
    assert lines[2].split()[:4] == ["b", "2", "100.0%", "2"]
    listed = write(tmp_path / "list.txt", f"{samples}/b.bed\n")
    shown = json.loads(run("inspect", "--files-from", listed, "--vocab", vocab, "--json").out)
    (row,) = shown["samples"]
    assert (row["sample"], row["hits"], row["hit_rate"]) == ("b", 2, 1.0)


def test_inspect_writes_a_page_and_files_for_multiqc(
    run: Cli, vocab: Path, samples: Path, tmp_path: Path
) -> None:
    page = tmp_path / "qc" / "report.html"
    found = run("inspect", samples, "--vocab", vocab, "--html", page, "--multiqc", page.parent)
    assert found.code == 0 and found.err == ""
    text = page.read_text("utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "fit universe.bed." in text and str(tmp_path) not in text
    assert sorted(os.listdir(page.parent)) == [
        *(f"bedtok_{n}_mqc.json" for n in ("chromosomes", "general_stats", "hits", "similarity")),
        "report.html",
    ]
    one = run("inspect", samples / "a.bed", "--vocab", vocab, "--html", page)
    assert one.code == 0 and "<h1>a</h1>" in page.read_text("utf-8")


def test_a_bad_file_is_on_the_page_and_ends_with_1(
    run: Cli, vocab: Path, samples: Path, tmp_path: Path
) -> None:
    write(samples / "c.bed", "chr1\t9\t5\n")
    found = run("inspect", samples, "--vocab", vocab, "--html", tmp_path / "r.html")
    assert found.code == 1
    assert found.err == "bedtok: files that could not be read: 1\n"
    assert f"failed: {samples}/c.bed:1: end 5 is before start 9" in found.out
    assert "end 5 is before start 9" in (tmp_path / "r.html").read_text("utf-8")
    skipped = run("inspect", samples, "--vocab", vocab, "--on-error", "skip")
    assert skipped.code == 1  # nothing is left of c


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect",), "expected a file, a folder or --files-from LIST"),
        (("inspect", "samples"), "several samples are compared by a vocabulary: give --vocab"),
        (("inspect", "samples/a.bed", "--html", "r.html"), "--html tells how .* give --vocab"),
        (("inspect", "samples/a.bed", "--multiqc", "qc"), "--multiqc tells how .* give --vocab"),
        (("inspect", "-", "samples/a.bed", "--vocab", "v.bed"), "-: a report is of files"),
        (("inspect", "samples", "--vocab", "v.bed", "--html", "."), "--html .: is a folder"),
        (("report",), "the following arguments are required: FOLDER"),
        (("report", "samples", "--multiqc", "v.bed"), "--multiqc v.bed: is a file, expected a"),
    ],
)
def test_a_wrong_command_line_is_refused(
    run: Cli,
    vocab: Path,
    samples: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(samples.parent)
    Path("v.bed").write_bytes(vocab.read_bytes())
    run.fails(2, message, *arguments)


def test_a_folder_of_tokens_has_a_report(
    run: Cli, vocab: Path, samples: Path, tmp_path: Path
) -> None:
    tokens = tmp_path / "tokens"
    assert run("tokenize", vocab, samples, "--format", "npz", "-o", tokens).code == 0
    alone = json.loads(run("report", tokens, "--json").out)
    assert [row["hits"] for row in alone["samples"]] == [1, 2] and not alone["chromosomes"]
    page = tmp_path / "r.html"
    shown = json.loads(run("report", tokens, "--vocab", vocab, "--json", "--html", page).out)
    counts = {chrom["chrom"]: (chrom["hits"], chrom["regions"]) for chrom in shown["chromosomes"]}
    assert counts == {"chr1": (2, 3), "chr2": (1, 1)}
    assert "<h1>tokens</h1>" in page.read_text("utf-8")
    run.fails(
        1, "was written with tokenizer_digest", "report", tokens, "--vocab", vocab, "--unique"
    )
    run.fails(1, "has no tokens_manifest", "report", samples)
    run.fails(
        1, "files_read is -1, expected 0", "report", tokens, "--vocab", vocab, "--files-read", "-1"
    )


# ---- progress bars


def test_bars_are_shown_at_a_terminal_or_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    for terminal, progress, shown in (
        (True, None, True),
        (True, False, False),
        (False, None, False),
        (False, True, True),
    ):
        stream: io.StringIO = Terminal() if terminal else io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
        assert list(with_progress(["a", "b"], progress)) == ["a", "b"]
        assert ("2/2" in stream.getvalue()) == shown
    monkeypatch.setattr(sys, "stderr", None)  # as of pythonw
    with progress_bar(1, None) as advance:
        advance()


def test_a_single_item_has_no_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert list(with_progress(["a"], None)) == ["a"] and terminal.getvalue() == ""
    assert list(with_progress(["a"], True)) == ["a"] and "1/1" in terminal.getvalue()


def test_cells_of_several_files_have_a_bar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    tokenizer = Tokenizer.from_regions([("chr1", 100, 200)])
    paths = [write(tmp_path / f"{n}.tsv", "chr1\t110\t120\tAAACAAAC\t1\n") for n in "ab"]
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    tokenizer.encode_fragments(paths)
    assert "2/2" in terminal.getvalue()
    monkeypatch.setattr(sys, "stderr", quiet := Terminal())
    cells = tokenizer.encode_fragments(paths, progress=False)
    assert quiet.getvalue() == ""
    pytest.importorskip("pyarrow")
    for call in (
        lambda progress: cells.to_parquet(tmp_path / "c", samples_per_shard=1, progress=progress),
        lambda progress: CellTokens.from_parquet(tmp_path / "c", tokenizer, progress=progress),
    ):
        for progress in (None, False):
            monkeypatch.setattr(sys, "stderr", terminal := Terminal())
            call(progress)
            assert ("2/2" in terminal.getvalue()) == (progress is None)
