# SPDX-License-Identifier: BSD-2-Clause
"""The command line: fragments, .h5ad files, folders, lists of files, selections, completion."""

from __future__ import annotations

import gzip
import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import test_cli
from bedtok import RegionSet, Tokenizer
from bedtok.cells import CellTokens
from bedtok.cli._inputs import Input, find_inputs, looks_like_fragments
from bedtok.io import tokenize_files
from test_cli import Cli, process, write

run, vocab = test_cli.run, test_cli.vocab  # fixtures

BARCODES = ["AAACAAACAAAC-1", "CCCTCCCTCCCT-1"]
# Ids: chr1:100-200 0, chr1:300-400 1, chr2:10-20 2.
LINES = [
    f"chr{1 + i % 2}\t{(110, 12)[i % 2]}\t{(350, 18)[i % 2]}\t{BARCODES[i % 3 == 0]}\t{1 + i % 2}\n"
    for i in range(60)
]


@pytest.fixture
def fragments(tmp_path: Path) -> Path:
    return write(tmp_path / "donor1.fragments.tsv", "# id=x\n" + "".join(LINES))


def expected_rows(tokenizer: Tokenizer, path: Path, sample: str) -> list[dict[str, Any]]:
    cells = tokenizer.encode_fragments(path)
    return [
        {"sample": sample, "cell": name, "input_ids": ids.tolist()}
        for name, ids in zip(cells.names, cells, strict=True)
    ]


def test_fragments_are_recognized_and_become_rows_of_cells(
    run: Cli, vocab: Path, fragments: Path, tmp_path: Path
) -> None:
    rows = expected_rows(Tokenizer(vocab), fragments, "donor1")
    assert len(rows) == 2
    found = run("tokenize", vocab, fragments)
    assert found.rows() == rows
    assert found.err == (
        f"bedtok: {fragments}: is a fragment file by its name and content (column 4 a barcode, "
        "column 5 a count): its cells are taken; --no-fragments takes it as BED\n"
    )
    asked = run("tokenize", vocab, fragments, "--fragments", "--num-threads", "1")
    assert asked.rows() == rows and asked.err == ""
    several = run("tokenize", vocab, *[fragments] * 5).err
    assert several.startswith(f"bedtok: {fragments}, {fragments}, {fragments} and 2 more: are frag")
    assert len(several.splitlines()) == 1
    packed = tmp_path / "donor1.tsv.gz"
    packed.write_bytes(gzip.compress(fragments.read_bytes()))
    assert run("tokenize", vocab, packed).rows() == rows
    as_bed = run("tokenize", vocab, fragments, "--no-fragments")
    assert len(as_bed.rows()) == 1 and "like those of a fragment file" in as_bed.err
    few = write(tmp_path / "few.tsv", LINES[0])
    assert "cell" not in run("tokenize", vocab, few).rows()[0]
    assert run("tokenize", vocab, few, "--fragments").rows()[0]["cell"] == BARCODES[1]


def test_a_folder_of_parquet_stands_for_it_and_says_what_it_leaves(
    fragments: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "part-00000.parquet").write_bytes(b"PAR1")
    assert find_inputs([str(folder)], None, None, tokens=True) == [Input(str(folder), "parquet")]
    assert capsys.readouterr().err == ""
    (folder / "donor1.tsv").write_bytes(fragments.read_bytes())
    assert len(find_inputs([str(folder)], None, None, tokens=True)) == 1
    assert capsys.readouterr().err == (
        f"bedtok: {folder}: its Parquet files are taken; 1 of another kind are not (the first: "
        "donor1.tsv), name those that are meant\n"
    )


def test_cells_of_several_inputs_are_named_by_their_samples(
    run: Cli, vocab: Path, fragments: Path, tmp_path: Path
) -> None:
    bed = write(tmp_path / "peaks.bed", "chr2\t10\t20\n")
    other = write(tmp_path / "donor2.tsv", "".join(LINES[:1] * 50))
    found = run("tokenize", vocab, fragments, bed, other, "--unique")
    assert [(row["sample"], row.get("cell")) for row in found.rows()] == [
        ("donor1", BARCODES[1]),
        ("donor1", BARCODES[0]),
        ("peaks", None),
        ("donor2", BARCODES[1]),
    ]
    table = run("tokenize", vocab, fragments, other, "--unique", "--format", "tsv").out.splitlines()
    assert [line.split("\t")[0] for line in table] == [
        f"donor1#{BARCODES[1]}",
        f"donor1#{BARCODES[0]}",
        f"donor2#{BARCODES[1]}",
    ]
    tokens = run("tokenize", vocab, other, "--unique", "--tokens").rows()
    assert tokens[0]["tokens"] == ["chr1:100-200", "chr1:300-400"]


def test_cells_are_written_as_parquet_and_decoded(
    run: Cli, vocab: Path, fragments: Path, tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    tokenizer = Tokenizer(vocab)
    cells = tokenizer.encode_fragments(fragments)
    out = tmp_path / "cells.parquet"
    found = run("tokenize", vocab, fragments, "--fragments", "-o", out)
    assert found.out == f"{out}: cells: 2, tokens: {len(cells.values)}, hit rate 100.0%\n"
    assert CellTokens.from_parquet(out, tokenizer) == cells
    other = write(tmp_path / "donor2.tsv", "".join(LINES))
    folder = tmp_path / "shards"
    flags = ("--fragments", "--format", "parquet", "--samples-per-shard", "3", "-o", folder)
    found = run("tokenize", vocab, fragments, other, *flags)
    assert found.out.startswith(f"{folder}: samples: 2 (0 skipped), cells: 4, tokens: ")
    assert [path.name for path in sorted(folder.iterdir())] == [
        "part-00000.parquet",
        "part-00001.parquet",
        "tokens_manifest.parquet",
    ]
    assert " samples: 2 (2 skipped), " in run("tokenize", vocab, fragments, other, *flags).out
    both = CellTokens.from_parquet(folder, tokenizer)
    assert both == tokenizer.encode_fragments([fragments, other])
    bed = write(tmp_path / "a.bed", "chr2\t10\t20\n")
    run.fails(2, "is BED, .* has cells", "tokenize", vocab, bed, fragments, "-o", out)

    text = "".join(token + "\n" for ids in both for token in tokenizer.decode(ids))
    assert run("decode", vocab, "--input", folder).out == text
    one = "".join(token + "\n" for ids in cells for token in tokenizer.decode(ids))
    assert run("decode", vocab, "--input", out).out == one
    assert run("decode", vocab, "--format", "parquet", "--input", out).out == one
    assert run("decode", vocab, "-", stdin=out.read_bytes()).out == one
    run.fails(
        1,
        "x.parquet: is not Parquet",
        "decode",
        vocab,
        "--format",
        "parquet",
        "--input",
        write(tmp_path / "x.parquet", "1 2"),
    )


def test_decode_reads_what_tokenize_files_wrote(run: Cli, vocab: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    beds = [write(tmp_path / f"{n}.bed", f"chr1\t{n}\t350\n") for n in (150, 250)]
    assert run("tokenize", vocab, *beds, "--format", "parquet", "-o", tmp_path / "out").code == 0
    decoded = run("decode", vocab, "--input", tmp_path / "out").out
    assert decoded == "chr1:100-200\nchr1:300-400\nchr1:300-400\n"


def test_h5ad_files_become_rows_of_cells(run: Cli, vocab: Path, tmp_path: Path) -> None:
    ad = pytest.importorskip("anndata")
    pd = pytest.importorskip("pandas")
    var = pd.DataFrame(index=["chr1:150-160", "chr1:350-360", "chr2:12-13"])
    obs = pd.DataFrame({"cell_type": ["x", "y"]}, index=["a", "b"])
    ad.AnnData(np.array([[1.0, 1, 0], [0, 1, 1]]), obs=obs, var=var).write_h5ad(tmp_path / "s.h5ad")
    rows = [
        {"sample": "s", "cell": "a", "input_ids": [0, 1]},
        {"sample": "s", "cell": "b", "input_ids": [1, 2]},
    ]
    assert run("tokenize", vocab, tmp_path / "s.h5ad").rows() == rows
    black = write(tmp_path / "black.bed", "chr1\t155\t156\n")
    chosen = run("tokenize", vocab, tmp_path / "s.h5ad", "--exclude", black, "--chroms", "chr1")
    assert [row["input_ids"] for row in chosen.rows()] == [[1], [1]]
    run.fails(
        1,
        "is not an .h5ad file, expected HDF5",
        "tokenize",
        vocab,
        write(tmp_path / "x.h5ad", "chr1\t1\t2\n"),
    )
    h5py = pytest.importorskip("h5py")
    h5py.File(tmp_path / "y.h5ad", "w").close()
    assert run("tokenize", vocab, tmp_path / "y.h5ad").code == 1


def test_a_share_of_hits_can_be_asked_of_cells(run: Cli, vocab: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "f.tsv", "chr1\t500\t600\tAAAC-1\t1\nchr1\t110\t120\tAAAC-1\t1\n")
    args = ("tokenize", vocab, path, "--fragments", "--min-hit-rate")
    run.fails(
        1, r"f\.tsv: hit rate 50\.0% \(1 of 2 regions\), below --min-hit-rate 0\.6", *args, "0.6"
    )
    assert run(*args, "0.5").code == 0


def test_fragments_come_from_stdin_on_request(vocab: Path, fragments: Path) -> None:
    done = process("tokenize", vocab, "--fragments", stdin=fragments.read_bytes())
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows == expected_rows(Tokenizer(vocab), fragments, "stdin")


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("chr1\t1\t2\tACGTACGTACGT-1\t2", True),
        ("chr1\t1\t2\tACGTACGTACGT\t2", True),
        ("chr1\t1\t2\tdonor#ACGTACGTACGT-1\t2\tx", True),
        ("chr1\t1\t2\tACGTACGTACGT-1\t2\r", True),
        ("chr1\t1\t2\tACGTACGTACGT-1\t0.5", False),
        ("chr1\t1\t2\tpeak_17\t2", False),
        ("chr1\t1\t2\tGATA\t2", False),
        ("chr1\t1\t2\tACGTACGTACGT-1", False),
        ("chr1\t1\t2", False),
    ],
)
def test_fragments_are_told_from_bed(columns: str, expected: bool) -> None:
    head = ("# a comment\n" + (columns + "\n") * 60).encode()
    assert looks_like_fragments(head) is expected
    assert not looks_like_fragments(head[:200])
    assert not looks_like_fragments(b"")


# ---- folders and lists


def test_a_folder_stands_for_its_files(run: Cli, vocab: Path, tmp_path: Path) -> None:
    folder = tmp_path / "peaks"
    for name in ("b.bed", "a.narrowPeak", ".hidden.bed", "notes.md", "sub/c.bed"):
        write(folder / name, "chr1\t150\t160\n")
    (folder / "z.bed.gz").write_bytes(gzip.compress(b"chr2\t10\t20\n"))
    rows = run("tokenize", vocab, folder).rows()
    assert [row["sample"] for row in rows] == ["a", "b", "z"]
    (tmp_path / "empty").mkdir()
    run.fails(1, "empty: the folder has no samples", "tokenize", vocab, tmp_path / "empty")
    out = tmp_path / "out"
    assert run("tokenize", vocab, folder, "--format", "npz", "-o", out).out.startswith(
        f"{out}: samples: 3 "
    )


def test_files_are_listed_in_a_file_or_on_stdin(run: Cli, vocab: Path, tmp_path: Path) -> None:
    beds = [write(tmp_path / name, "chr1\t150\t160\n") for name in ("a.bed", "b b.bed", "c.bed")]
    text = f"# samples\n{beds[1]}\r\n\n  {beds[2]}\n"
    listed = write(tmp_path / "list.txt", text)
    names = ["a", "b b", "c"]
    assert [
        r["sample"] for r in run("tokenize", vocab, beds[0], "--files-from", listed).rows()
    ] == names
    found = run("tokenize", vocab, "--files-from", "-", stdin=text.encode())
    assert [row["sample"] for row in found.rows()] == names[1:]
    run.fails(
        1, "<stdin>: the list has no files", "tokenize", vocab, "--files-from", "-", stdin=b"#\n"
    )
    run.fails(1, "nope.txt: No such file", "tokenize", vocab, "--files-from", "nope.txt")


# ---- selections


def test_regions_are_left_out(run: Cli, vocab: Path, tmp_path: Path) -> None:
    bed = write(tmp_path / "a.bed", "chr1\t100\t120\nchr1\t300\t310\nchr2\t10\t20\n")
    black = write(tmp_path / "black.bed", "chr1\t119\t200\nchr1\t310\t320\nchr3\t1\t2\n")
    empty = write(tmp_path / "empty.bed", "")

    def ids(*flags: str | Path) -> list[int]:
        return run("tokenize", vocab, bed, *flags).ids()

    assert ids("--exclude", black) == [1, 2]  # 310 is one past the end: they share no base
    assert ids("--exclude", empty) == [0, 1, 2]
    assert ids("--chroms", "chr1,chr7") == [0, 1]
    assert ids("--chroms", "chr1", "--exclude", black) == [1]
    cells = write(tmp_path / "f.tsv", "chr1\t100\t120\tA-1\t1\nchr1\t300\t310\tA-1\t1\n")
    assert run("tokenize", vocab, cells, "--fragments", "--exclude", black).ids() == [1]
    out = tmp_path / "out"
    flags = ("--format", "npz", "-o", out)
    assert run("tokenize", vocab, bed, *flags, "--exclude", black, "--chroms", "chr1").code == 0
    assert np.load(out / "part-00000.npz")["values"].tolist() == [1]
    other = run("tokenize", vocab, bed, *flags)
    assert other.code == 1 and "holds tokens with tokenizer_digest" in other.err


def test_tokenize_files_leaves_regions_out(vocab: Path, tmp_path: Path) -> None:
    bed = write(tmp_path / "a.bed", "chr1\t100\t120\nchr1\t300\t310\nchr2\t10\t20\n")
    keywords: dict[str, Any] = {"format": "npz", "exclude": ["chr1:300-301"], "chroms": ["chr1"]}
    tokenizer = Tokenizer(vocab)
    result = tokenize_files([bed], tokenizer, output_dir=tmp_path / "out", **keywords)
    assert result.samples["a"].regions == 1
    again = tokenize_files([bed], tokenizer, output_dir=tmp_path / "out", **keywords)
    assert again.skipped == 1
    with pytest.raises(TypeError, match="chroms: expected a list of texts, got the text 'chr1'"):
        tokenize_files([bed], tokenizer, output_dir=tmp_path / "x", chroms="chr1")


def test_exclusion_is_that_of_a_double_loop() -> None:
    from bedtok._regions.selection import RegionSelection

    chance = np.random.default_rng(5)

    def regions(count: int) -> RegionSet:
        starts = chance.integers(0, 500, count)
        chroms = chance.choice(["chr1", "chr2", "chr3"], count)
        return RegionSet.from_arrays(chroms, starts, starts + chance.integers(0, 12, count))

    sample, black = regions(200), regions(30)
    mask = RegionSelection(None, black).mask(sample._core)
    overlaps = [
        any(r.chrom == b.chrom and r.start < b.end and b.start < r.end for b in black)
        for r in sample
    ]
    assert mask.tolist() == [not o for o in overlaps]
    assert 0 < mask.sum() < 200


# ---- completion


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_printed(run: Cli, shell: str) -> None:
    pytest.importorskip("shtab")
    found = run("--print-completion", shell)
    assert found.code == 0 and found.err == ""
    for word in ("tokenize", "--files-from", "--resume", "parquet"):
        assert word in found.out


def test_bash_completes_what_is_typed(run: Cli, tmp_path: Path) -> None:
    pytest.importorskip("shtab")
    script = tmp_path / "completion.sh"
    script.write_text(run("--print-completion", "bash").out)
    typed = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=(bedtok tokenize --form); COMP_CWORD=2; "
        '"$(complete -p bedtok | sed "s/.*-F \\([^ ]*\\).*/\\1/")" bedtok --form tokenize; '
        'echo "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "-c", typed], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["--format"], done.stderr


def test_completion_needs_shtab(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "shtab", None)
    run.fails(2, "--print-completion needs shtab: pip install shtab", "--print-completion", "bash")
