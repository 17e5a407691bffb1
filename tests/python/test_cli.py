# SPDX-License-Identifier: BSD-2-Clause
"""The command line: what it writes, what it refuses, how it ends."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bedtok
from bedtok import _core
from bedtok.cli import _files as cli_files
from bedtok.cli import main
from bedtok.utils import read_tokens_from_gtok, write_tokens_to_gtok

BED = "chr1\t100\t200\nchr1\t300\t400\nchr2\t10\t20\n"  # ids 0 1 2, <unk> 3, ... <sep> 9
FLAGS = ("tokenize", "inspect", "report", "decode")


class Result:
    def __init__(self, code: int | str | None, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    def ids(self) -> list[int]:
        (row,) = self.rows()
        ids: list[int] = row["input_ids"]
        return ids


class Cli:
    """Runs ``main`` in this process."""

    def __init__(self, capfd: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self.capfd, self.patch = capfd, patch

    def __call__(self, *args: str | Path, stdin: bytes = b"") -> Result:
        with self.patch.context() as patch:
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            code: int | str | None
            try:
                code = main([str(arg) for arg in args])
            except SystemExit as end:
                code = end.code
        out, err = self.capfd.readouterr()
        return Result(code, out, err)

    def fails(self, code: int, message: str, *args: str | Path, stdin: bytes = b"") -> None:
        """Expect this code, nothing on stdout, and for 1 a single line on stderr."""
        result = self(*args, stdin=stdin)
        assert result.code == code, result.err
        assert re.search(message, result.err), result.err
        assert result.out == ""
        assert "Traceback" not in result.err
        if code == 1:
            assert result.err.startswith("bedtok: ")
            assert result.err.count("\n") == 1, result.err


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    return Cli(capfd, monkeypatch)


@pytest.fixture
def vocab(tmp_path: Path) -> Path:
    path = tmp_path / "universe.bed"
    path.write_text(BED)
    return path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def process(
    *args: str | Path, stdin: bytes | None = b"", cwd: Path | None = None, **env: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "bedtok", *map(str, args)],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=cwd,
        env=child_env(**env),
    )


def child_env(**env: str) -> dict[str, str]:
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path if entry)
    # As a shell would start it: with a buffer that may still be full when a pipe closes.
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONPATH": path, **env}


# -- tokenize: what comes out -------------------------------------------------------------------


def test_tokenize_writes_a_json_line_for_each_file(run: Cli, vocab: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.bed", "chr2\t12\t13\nchr1\t150\t350\n")
    b = write(tmp_path / "b.bed", "chr1\t1\t2\n")
    result = run("tokenize", vocab, a, b)
    assert result.code == 0 and result.err == ""
    assert result.rows() == [
        {"sample": "a", "input_ids": [0, 1, 2]},
        {"sample": "b", "input_ids": [3]},
    ]


def test_tokenize_gives_the_ids_that_the_tokenizer_gives(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    a = write(tmp_path / "a.bed", "chr2\t12\t13\nchr1\t350\t360\nchr1\t150\t350\n")
    assert run("tokenize", vocab, a).ids() == bedtok.Tokenizer(str(vocab))(str(a))["input_ids"]


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_tokenize_reads_stdin(run: Cli, vocab: Path, arguments: tuple[str, ...]) -> None:
    result = run("tokenize", vocab, *arguments, stdin=b"chr2\t12\t13\nchr1\t150\t350\n")
    assert result.rows() == [{"sample": "stdin", "input_ids": [0, 1, 2]}]
    packed = gzip.compress(b"chr1\t150\t350\n")
    assert run("tokenize", vocab, *arguments, stdin=packed).ids() == [0, 1]


def test_tokenize_reads_stdin_among_files(run: Cli, vocab: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.bed", "chr2\t12\t13\n")
    result = run("tokenize", vocab, a, "-", stdin=b"chr1\t150\t160\n")
    assert [row["sample"] for row in result.rows()] == ["a", "stdin"]


def test_tokenize_writes_tokens(run: Cli, vocab: Path) -> None:
    result = run("tokenize", "--tokens", vocab, stdin=b"chr1\t150\t350\n")
    assert result.rows() == [{"sample": "stdin", "tokens": ["chr1:100-200", "chr1:300-400"]}]


def test_tokenize_writes_tsv(run: Cli, vocab: Path) -> None:
    stdin = b"chr1\t150\t350\n"
    assert run("tokenize", vocab, "--format", "tsv", stdin=stdin).out == "stdin\t0 1\n"
    result = run("tokenize", vocab, "--format", "tsv", "--tokens", stdin=stdin)
    assert result.out == "stdin\tchr1:100-200 chr1:300-400\n"


def test_options_may_stand_anywhere(run: Cli, vocab: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    b = write(tmp_path / "b.bed", "chr1\t150\t350\n")
    for arguments in (
        ("--format", "tsv", vocab, a, b),
        (vocab, "--format", "tsv", a, b),
        (vocab, a, "--format", "tsv", b),
        (vocab, a, b, "--format", "tsv"),
    ):
        assert run("tokenize", *arguments).out == "a\t0 1\nb\t0 1\n"


@pytest.mark.parametrize(
    ("file", "sample"),
    [
        ("a.bed", "a"),
        ("a.bed.gz", "a"),
        ("a.b.narrowPeak.gz", "a.b"),
        ("a.broadPeak", "a"),
        ("a.txt", "a.txt"),
        (".bed", ".bed"),
    ],
)
def test_a_sample_is_called_as_its_file(
    run: Cli, vocab: Path, tmp_path: Path, file: str, sample: str
) -> None:
    path = write(tmp_path / "folder" / file, "chr1\t150\t350\n")
    assert run("tokenize", vocab, path).rows()[0]["sample"] == sample


def test_samples_that_would_be_called_alike_are_called_by_their_paths(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    paths = [write(tmp_path / folder / "a.bed", "chr1\t150\t350\n") for folder in "xy"]
    rows = run("tokenize", vocab, *paths).rows()
    assert [row["sample"] for row in rows] == [str(path) for path in paths]


def test_a_path_that_is_not_utf8_is_taken(vocab: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/s\xff.bed"
    try:
        with open(name, "wb") as file:
            file.write(b"chr1\t150\t350\n")
    except OSError:
        pytest.skip("this file system has no such names")
    done = process("tokenize", vocab, os.fsdecode(name), "--format", "tsv")
    assert done.returncode in (0, 1)
    assert b"Traceback" not in done.stderr


def test_a_vocabulary_may_be_a_toml_config(run: Cli, vocab: Path, tmp_path: Path) -> None:
    toml = write(tmp_path / "tokenizer.toml", 'universe = "universe.bed"\n')
    assert run("tokenize", toml, stdin=b"chr1\t150\t350\n").ids() == [0, 1]


def test_a_vocabulary_may_be_a_saved_folder(run: Cli, vocab: Path, tmp_path: Path) -> None:
    bedtok.Tokenizer(str(vocab)).save_pretrained(str(tmp_path / "saved"))
    assert run("tokenize", tmp_path / "saved", stdin=b"chr1\t150\t350\n").ids() == [0, 1]
    inner = ("--subfolder", "saved")
    assert run("tokenize", tmp_path, *inner, stdin=b"chr1\t150\t350\n").ids() == [0, 1]


def test_a_pipe_can_be_read_as_a_file(run: Cli, vocab: Path, tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no named pipes here")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(
        [sys.executable, "-c", f"open({str(pipe)!r}, 'w').write('chr1\\t150\\t350\\n')"]
    ):
        assert run("tokenize", vocab, pipe).ids() == [0, 1]


# -- tokenize: mapping --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "ids"),
    [
        ((), [0, 1, 0, 2]),
        (("--min-overlap", "51"), [2]),
        (("--min-fraction", "0.5"), [0, 2]),
        (("--min-fraction", "0.5", "--fraction-of", "vocabulary"), [0, 1, 2]),
        (("--min-fraction", "0.5", "--fraction-of", "either"), [0, 1, 0, 2]),
        (("--best-overlap",), [0, 0, 2]),
        (("--unique",), [0, 1, 2]),
        (("--no-unique",), [0, 1, 0, 2]),
        (("--order", "vocabulary"), [0, 0, 1, 2]),
        (("--on-miss", "unk"), [3, 0, 1, 0, 2]),
        (("--chrom-aliases", "ucsc"), [1, 0, 1, 0, 2]),
        (("--chrom-aliases", "7=chr2,1=chr1"), [1, 0, 1, 0, 2]),
    ],
)
def test_each_mapping_option_reaches_the_tokenizer(
    run: Cli, tmp_path: Path, flags: tuple[str, ...], ids: list[int]
) -> None:
    vocab = write(tmp_path / "v.bed", "chr1\t100\t200\nchr1\t300\t400\nchr2\t0\t60\n")
    # Sorted: `1` hits nothing without aliases; 150-350 shares 50 bp with each of two, a quarter
    # of itself and half of them; 160-200 lies in the first; chr2 is the same region.
    bed = b"chr1\t150\t350\nchr1\t160\t200\nchr2\t0\t60\n1\t310\t320\n"
    assert run("tokenize", vocab, *flags, stdin=bed).ids() == ids


def test_saved_mapping_options_hold_and_a_flag_overrides_them(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    core = _core.Tokenizer.from_bed(str(vocab))
    core = core.with_options(_core.MappingOptions(unique=True), core.sequence_options)
    core.save_pretrained(str(tmp_path / "saved"))
    bed = b"chr1\t150\t160\nchr1\t170\t180\n"
    assert run("tokenize", tmp_path / "saved", stdin=bed).ids() == [0]
    assert run("tokenize", tmp_path / "saved", "--no-unique", stdin=bed).ids() == [0, 0]


def test_a_miss_can_be_an_error_that_names_the_input(run: Cli, vocab: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.bed", "chr1\t150\t350\nchr1\t900\t901\n")
    run.fails(1, r"a\.bed.*chr1:900-901", "tokenize", vocab, "--on-miss", "error", a)


# -- tokenize: files ----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jsonl", ".out", ".json", ""])
def test_an_output_file_is_jsonl_unless_its_suffix_tells_otherwise(
    run: Cli, vocab: Path, tmp_path: Path, suffix: str
) -> None:
    out = tmp_path / f"ids{suffix}"
    result = run("tokenize", vocab, "-o", out, stdin=b"chr1\t150\t350\n")
    assert (result.code, result.out, result.err) == (0, "", "")
    assert json.loads(out.read_text()) == {"sample": "stdin", "input_ids": [0, 1]}


def test_the_suffix_of_the_output_chooses_the_format(run: Cli, vocab: Path, tmp_path: Path) -> None:
    stdin = b"chr1\t150\t350\n"
    run("tokenize", vocab, "-o", tmp_path / "ids.tsv", stdin=stdin)
    assert (tmp_path / "ids.tsv").read_text() == "stdin\t0 1\n"
    run("tokenize", vocab, "--output", tmp_path / "ids.gtok", stdin=stdin)
    assert list(read_tokens_from_gtok(str(tmp_path / "ids.gtok"))) == [0, 1]
    run("tokenize", vocab, "-o", tmp_path / "ids.tsv", "--format", "jsonl", stdin=stdin)
    assert (tmp_path / "ids.tsv").read_text().startswith("{")


def test_a_dash_as_output_is_stdout(run: Cli, vocab: Path) -> None:
    assert run("tokenize", vocab, "-o", "-", stdin=b"chr1\t150\t350\n").ids() == [0, 1]


def test_gtok_of_several_inputs_goes_into_a_folder(run: Cli, vocab: Path, tmp_path: Path) -> None:
    a = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    b = write(tmp_path / "b.bed", "chr2\t15\t16\n")
    out = tmp_path / "new" / "tokens"
    assert run("tokenize", vocab, a, b, "--format", "gtok", "-o", out).code == 0
    assert sorted(file.name for file in out.iterdir()) == ["a.gtok", "b.gtok"]
    assert list(read_tokens_from_gtok(str(out / "a.gtok"))) == [0, 1]
    assert list(read_tokens_from_gtok(str(out / "b.gtok"))) == [2]


def test_gtok_of_one_input_goes_into_a_folder_that_is_there(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    (tmp_path / "tokens").mkdir()
    a = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    assert run("tokenize", vocab, a, "--format", "gtok", "-o", tmp_path / "tokens").code == 0
    assert run("tokenize", vocab, a, "--format", "gtok", "-o", f"{tmp_path}/new/").code == 0
    for folder in ("tokens", "new"):
        assert [file.name for file in (tmp_path / folder).iterdir()] == ["a.gtok"]


@pytest.mark.parametrize("form", ["jsonl", "tsv"])
def test_a_failure_leaves_no_output_file(run: Cli, vocab: Path, tmp_path: Path, form: str) -> None:
    a = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    bad = write(tmp_path / "bad.bed", "chr1\t9\t5\n")
    before = sorted(tmp_path.iterdir())
    args = ("tokenize", vocab, a, bad, "--format", form, "-o", tmp_path / "out")
    run.fails(1, r"bad\.bed:1: ", *args)
    assert sorted(tmp_path.iterdir()) == before


def test_a_failure_leaves_an_older_output_as_it_was(run: Cli, vocab: Path, tmp_path: Path) -> None:
    out = write(tmp_path / "out.jsonl", "old")
    run.fails(1, "<stdin>:1: ", "tokenize", vocab, "-o", out, stdin=b"chr1\t9\t5\n")
    assert out.read_text() == "old"
    assert run("tokenize", vocab, "-o", out, stdin=b"chr1\t150\t350\n").code == 0
    assert out.read_text() != "old"


@pytest.mark.parametrize("there", [False, True])
def test_a_failure_leaves_no_gtok_file_and_no_new_folder(
    run: Cli, vocab: Path, tmp_path: Path, there: bool
) -> None:
    a = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    bad = write(tmp_path / "bad.bed", "chr1\t9\t5\n")
    out = tmp_path / "deep" / "out"
    if there:
        out.mkdir(parents=True)
    run.fails(1, r"bad\.bed:1", "tokenize", vocab, a, bad, "--format", "gtok", "-o", out)
    if there:
        assert list(out.iterdir()) == []
    else:
        assert not (tmp_path / "deep").exists()


def test_an_output_keeps_its_mode_and_a_link_stays_a_link(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    real = write(tmp_path / "real.jsonl", "old")
    real.chmod(0o640)
    link = tmp_path / "link.jsonl"
    link.symlink_to(real)
    assert run("tokenize", vocab, "-o", link, stdin=b"chr1\t150\t350\n").code == 0
    assert link.is_symlink()
    assert real.read_text() != "old"
    assert real.stat().st_mode & 0o777 == 0o640


def test_a_device_can_be_the_output(run: Cli, vocab: Path) -> None:
    args = ("tokenize", vocab, "-o", os.devnull)
    assert run(*args, stdin=b"chr1\t150\t350\n").code == 0
    assert Path(os.devnull).exists()


# -- inspect ------------------------------------------------------------------------------------


SAMPLE = "chr2\t0\t10\nchr1\t100\t200\nchr1\t150\t250\nchr1\t100\t200\nchr1\t160\t170\n"


def test_inspect_counts(run: Cli, tmp_path: Path) -> None:
    path = write(tmp_path / "a.bed", SAMPLE)
    result = run("inspect", path, "--json")
    assert json.loads(result.out) == {
        "file": str(path),
        "regions": 5,
        "distinct": 4,
        "repeated": 1,
        "sorted": False,
        "bp_covered": 160,
        "width": {"min": 10, "median": 100.0, "max": 100},
        "chromosomes": {
            "chr2": {"regions": 1, "bp_covered": 10},
            "chr1": {"regions": 4, "bp_covered": 150},
        },
    }


def test_inspect_writes_a_text_for_people(run: Cli, tmp_path: Path) -> None:
    path = write(tmp_path / "a.bed", SAMPLE)
    assert run("inspect", path).out == (
        f"file            {path}\n"
        "regions         5 (4 distinct, 1 repeated)\n"
        "sorted          no\n"
        "bp covered      160\n"
        "width           10 to 100 bp, median 100\n"
        "chromosomes     2\n"
        "        regions  bp covered\n"
        "  chr2        1          10\n"
        "  chr1        4         150\n"
    )


def test_inspect_tells_a_sorted_file(run: Cli, vocab: Path) -> None:
    assert json.loads(run("inspect", vocab, "--json").out)["sorted"] is True
    assert "repeated" not in run("inspect", vocab).out


def test_inspect_counts_covered_bp_as_a_mask_does(run: Cli, tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    for _ in range(20):
        starts = random.integers(0, 60, 30)
        ends = starts + random.integers(0, 20, 30)
        chroms = random.integers(1, 4, 30)
        lines = [f"chr{c}\t{s}\t{e}\n" for c, s, e in zip(chroms, starts, ends, strict=True)]
        mask = np.zeros((4, 100), dtype=bool)
        for c, s, e in zip(chroms, starts, ends, strict=True):
            mask[c, s:e] = True
        facts = json.loads(run("inspect", "-", "--json", stdin="".join(lines).encode()).out)
        assert facts["bp_covered"] == mask.sum()
        assert facts["distinct"] == len(set(lines))
        for chrom, counts in facts["chromosomes"].items():
            assert counts["bp_covered"] == mask[int(chrom[3:])].sum()


def test_inspect_takes_the_largest_coordinates(run: Cli) -> None:
    stdin = b"chr1\t0\t4294967295\nchr2\t0\t4294967295\nchr1\t5\t4294967295\n"
    facts = json.loads(run("inspect", "-", "--json", stdin=stdin).out)
    assert facts["bp_covered"] == 2 * (2**32 - 1)


def test_inspect_of_an_empty_file_is_no_error(run: Cli, vocab: Path) -> None:
    result = run("inspect", "-", "--json", "--vocab", vocab)
    facts = json.loads(result.out)
    assert result.code == 0
    assert facts["regions"] == 0 and facts["chromosomes"] == {}
    assert facts["width"] == {"min": None, "median": None, "max": None}
    assert run("inspect", "-").code == 0


def test_inspect_tells_the_hit_rate_against_a_vocabulary(run: Cli, vocab: Path) -> None:
    stdin = b"chr1\t150\t350\nchr1\t900\t901\nchr2\t11\t12\nchr9\t1\t2\n"
    result = run("inspect", "-", "--vocab", vocab, "--json", stdin=stdin)
    facts = json.loads(result.out)
    assert result.code == 0
    fit = facts["vocabulary"]
    assert (fit["regions"], fit["hits"], fit["hit_rate"]) == (3, 2, 0.5)
    assert (fit["tokens"], fit["distinct_tokens"]) == (3, 3)
    assert fit["unknown_chroms"] == ["chr9"]
    chroms = facts["chromosomes"]
    assert [chroms[name]["hits"] for name in ("chr1", "chr2", "chr9")] == [1, 1, 0]
    assert [chroms[name]["known"] for name in ("chr1", "chr2", "chr9")] == [True, True, False]
    text = run("inspect", "-", "--vocab", vocab, stdin=stdin).out
    assert "hit rate        50.00% (2 of 4)" in text
    assert re.search(r"chr9 +1 +1  not in the vocabulary", text)


def test_inspect_tells_the_likely_cause_and_the_remedy_helps(run: Cli, vocab: Path) -> None:
    stdin = b"1\t150\t350\n2\t11\t12\n"
    args = ("inspect", "-", "--vocab", vocab)
    remedy = r"likely cause +.*chr1.*: set the option chrom_aliases to ucsc"
    assert re.search(remedy, run(*args, stdin=stdin).out)
    facts = json.loads(run(*args, "--json", "--chrom-aliases", "ucsc", stdin=stdin).out)
    assert facts["vocabulary"]["hit_rate"] == 1.0
    assert facts["vocabulary"]["likely_cause"] is None


def test_inspect_of_a_saved_folder_tells_its_special_tokens(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    bedtok.Tokenizer(str(vocab)).save_pretrained(str(tmp_path / "saved"))
    facts = json.loads(run("inspect", tmp_path / "saved", "--json").out)
    assert facts["regions"] == 3 and facts["vocab_size"] == 10
    assert "<unk>" in facts["special_tokens"].values()
    assert "vocab size      10" in run("inspect", tmp_path / "saved").out


def test_inspect_of_many_chromosomes_shows_some_and_json_has_all(run: Cli) -> None:
    stdin = "".join(f"scaffold{i}\t0\t5\n" for i in range(50)).encode()
    assert "and 20 more (--json lists all)" in run("inspect", "-", stdin=stdin).out
    facts = json.loads(run("inspect", "-", "--json", stdin=stdin).out)
    assert facts["file"] == "<stdin>"
    assert list(facts["chromosomes"]) == [f"scaffold{i}" for i in range(50)]


# -- decode -------------------------------------------------------------------------------------


TOKENS = "chr1:100-200\nchr2:10-20\n<unk>\n"


@pytest.mark.parametrize("ids", [("0", "2", "3"), ("0,2,3",), ("0, 2", "3")])
def test_decode_takes_ids_as_arguments(run: Cli, vocab: Path, ids: tuple[str, ...]) -> None:
    assert run("decode", vocab, *ids).out == TOKENS


@pytest.mark.parametrize("arguments", [(), ("-",)])
@pytest.mark.parametrize(
    "stdin",
    [
        b"0 2 3\n",
        b"0\n2\n3",
        b"0,2,3\r\n",
        b"0\t2\n3\n",
        b'{"sample": "a", "input_ids": [0, 2]}\n\n{"sample": "b", "input_ids": [3]}\n',
        b"[0, 2]\n[3]\n",
        b"\xef\xbb\xbf[0, 2, 3]\n",
        b"a\t0 2\nb\t3\n",
        b"a\t0 2 3\nb\t\n",
    ],
)
def test_decode_reads_what_tokenize_writes_and_plain_ids(
    run: Cli, vocab: Path, stdin: bytes, arguments: tuple[str, ...]
) -> None:
    assert run("decode", vocab, *arguments, stdin=stdin).out == TOKENS


def test_decode_reads_gtok_from_a_file_and_from_stdin(
    run: Cli, vocab: Path, tmp_path: Path
) -> None:
    path = tmp_path / "ids.gtok"
    write_tokens_to_gtok(str(path), [0, 2, 3])
    assert run("decode", vocab, "--input", path).out == TOKENS
    assert run("decode", vocab, stdin=path.read_bytes()).out == TOKENS


def test_decode_can_be_told_the_format(run: Cli, vocab: Path) -> None:
    args = ("decode", vocab, "--format", "tsv")
    assert run(*args, stdin=b"5\t0 2 3\n").out == TOKENS
    assert run("decode", vocab, "--format", "plain", stdin=b"0\t2\n3").out == TOKENS


@pytest.mark.parametrize("form", ["jsonl", "tsv"])
def test_tokenize_and_decode_go_round(run: Cli, vocab: Path, form: str) -> None:
    ids = run("tokenize", vocab, "--format", form, stdin=b"chr1\t150\t350\nchr2\t10\t11\n").out
    assert run("decode", vocab, "--bed", stdin=ids.encode()).out == BED


def test_decode_writes_bed_without_special_tokens(run: Cli, vocab: Path, tmp_path: Path) -> None:
    assert run("decode", vocab, "--bed", "2", "3", "0").out == "chr2\t10\t20\nchr1\t100\t200\n"
    out = tmp_path / "out.bed"
    assert run("decode", vocab, "--bed", "2", "-o", out).out == ""
    assert out.read_text() == "chr2\t10\t20\n"


def test_decode_can_leave_special_tokens_out(run: Cli, vocab: Path) -> None:
    assert run("decode", vocab, "--skip-special-tokens", "3", "0", "9").out == "chr1:100-200\n"


def test_decode_of_nothing_is_nothing(run: Cli, vocab: Path) -> None:
    result = run("decode", vocab)
    assert (result.code, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize("bad", ["10", "-1", "9223372036854775808", "1" * 5000])
def test_decode_names_an_id_outside_the_vocabulary(run: Cli, vocab: Path, bad: str) -> None:
    if len(bad) > 4000:
        run.fails(1, "<stdin>:1: expected ids", "decode", vocab, stdin=bad.encode())
    else:
        message = re.escape(f"id {bad} is outside the vocabulary (0..9)")
        run.fails(1, message, "decode", vocab, stdin=b"0 " + bad.encode())
        run.fails(1, message, "decode", vocab, "0", bad)


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (b"0 1\n2 x\n", r"<stdin>:2: expected ids, not '2 x'"),
        (b"1.5\n", r"<stdin>:1: expected ids"),
        (b"a\t0 1\nb 0\n", r"<stdin>:2: expected a sample's name, a tab, and ids"),
        (b"[0]\n{\n", r"<stdin>:2: is not JSON"),
        (b"[" * 100000, r"<stdin>:1: is not JSON"),
        (b'{"tokens": ["a"]}\n', r'<stdin>:1: expected {"input_ids": \[...\]}'),
        (b"[true]\n", r"<stdin>:1: expected"),
        (b"[1.5]\n", r"<stdin>:1: expected"),
        (b"\xff\xfe\x00", r"<stdin>: is neither a gtok file nor UTF-8 text"),
        (b"GTOK", r"<stdin>"),
        (b"GTOK\x07\x00\x00", r"<stdin>"),
        (b"GTOK\x01\x00", r"<stdin>"),
    ],
)
def test_decode_names_the_place_of_what_it_cannot_read(
    run: Cli, vocab: Path, stdin: bytes, message: str
) -> None:
    run.fails(1, message, "decode", vocab, stdin=stdin)


# -- errors -------------------------------------------------------------------------------------


def test_a_bad_line_is_named_with_file_and_number(run: Cli, vocab: Path, tmp_path: Path) -> None:
    bad = write(tmp_path / "peaks.bed", "chr1\t1\t5\n\nchr1\t9\t5\n")
    for args in (("tokenize", vocab, bad), ("inspect", bad), ("tokenize", bad, vocab)):
        run.fails(1, r"^bedtok: .*peaks\.bed:3: .*9.*\n$", *args)
    run.fails(1, "^bedtok: <stdin>:1: ", "inspect", "-", stdin=b"chr1\t9\t5\n")


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("tokenize", "no.bed", "{vocab}"), r"^bedtok: no\.bed: "),
        (("tokenize", "{vocab}", "no.bed"), r"^bedtok: no\.bed: "),
        (("tokenize", "no.toml", "{vocab}"), r"^bedtok: no\.toml: "),
        (("tokenize", "./no/such", "{vocab}"), r"'\./no/such': no such folder"),
        (("tokenize", "{vocab}", "{tmp}"), r"{tmp}"),
        (("tokenize", "{tmp}", "{vocab}"), r"universe|{tmp}"),
        (("tokenize", "{vocab}", "{vocab}", "-o", "{tmp}/no/out.tsv"), r"{tmp}/no/out\.tsv: "),
        (("inspect", "no.bed"), r"^bedtok: no\.bed: "),
        (("inspect", "{vocab}", "--vocab", "no.bed"), r"^bedtok: no\.bed: "),
        (("decode", "{vocab}", "--input", "no.jsonl"), r"^bedtok: no\.jsonl: "),
        (("decode", "{vocab}", "--input", "{tmp}"), r"^bedtok: {tmp}: "),
        (("decode", "{vocab}", "0", "-o", "{tmp}"), r"{tmp}: is a folder"),
        (("decode", "no.bed", "1"), r"^bedtok: no\.bed: "),
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_line(
    run: Cli,
    vocab: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    message: str,
) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def fill(text: str) -> str:
        return text.replace("{vocab}", str(vocab)).replace("{tmp}", str(folder))

    run.fails(1, fill(message), *map(fill, args))


def test_an_empty_vocabulary_is_an_error(run: Cli, tmp_path: Path) -> None:
    empty = write(tmp_path / "empty.bed", "")
    run.fails(1, r"empty\.bed", "tokenize", empty, stdin=b"chr1\t1\t2\n")


def test_a_damaged_gzip_is_an_error(run: Cli, vocab: Path) -> None:
    packed = gzip.compress(b"chr1\t150\t350\n" * 1000)
    run.fails(1, "<stdin>", "tokenize", vocab, stdin=packed[:-9])


def test_a_full_disk_is_named_and_leaves_nothing(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    before = sorted(tmp_path.iterdir())
    args = ("tokenize", vocab, "-o", tmp_path / "out", "-")
    message = rf"^bedtok: {re.escape(str(tmp_path / 'out'))}: No space left on device\n$"
    run.fails(1, message, *args, stdin=b"chr1\t1\t2\n")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "expected a command: tokenize, inspect, report, decode"),
        (("toknize",), "'toknize' is not a command: did you mean 'tokenize'?"),
        (("tokenize",), "VOCAB"),
        (("tokenize", "{vocab}", "--xyz"), "--xyz; 'bedtok tokenize --help' lists the options"),
        (("tokenize", "{vocab}", "--form", "tsv"), "--form tsv; did you mean '--format'?"),
        (("inspect", "{vocab}", "--jason"), "did you mean '--json'?"),
        (("--versoin",), "did you mean '--version'?"),
        (("--print-completion", "ksh"), "ksh"),
        (("tokenize", "{vocab}", "--chroms", ","), "expected NAME,NAME,..., not ','"),
        (("tokenize", "{vocab}", "-", "--files-from", "-"), "'-' can be given once"),
        (("tokenize", "{vocab}", "--fragments", "--format", "npz", "-o", "x"), "has cells, which"),
        (("tokenize", "{vocab}", "--fragments", "--format", "parquet"), "needs --output"),
        (("tokenize", "{vocab}", "--fragments", "--tokens", "-o", "x.parquet"), "holds ids"),
        (("tokenize", "{vocab}", "--uniq"), "--uniq"),
        (("tokenize", "{vocab}", "-", "-"), "'-' can be given once"),
        (("tokenize", "{vocab}", "--format", "csv"), "csv"),
        (("tokenize", "{vocab}", "--format", "gtok"), "needs --output"),
        (("tokenize", "{vocab}", "-o", "x.gtok", "--tokens"), "holds ids"),
        (("tokenize", "{vocab}", "-o", "."), "is a folder"),
        (("tokenize", "{vocab}", "a", "b", "-o", "{vocab}", "--format", "gtok"), "is a file"),
        (("tokenize", "{vocab}", "x_y/a", "x/y/a", "-o", "z", "--format", "gtok"), "x_y_a.gtok"),
        (("tokenize", "{vocab}", "a", "a", "-o", "z", "--format", "gtok"), "both would be written"),
        (("tokenize", "{vocab}", "--min-overlap", "-1"), "--min-overlap"),
        (("tokenize", "{vocab}", "--min-overlap", "1.5"), "expected a number of bp"),
        (("tokenize", "{vocab}", "--min-overlap", str(2**63)), "expected a number of bp"),
        (("tokenize", "{vocab}", "--min-fraction", "2"), "expected a number from 0 to 1"),
        (("tokenize", "{vocab}", "--min-fraction", "nan"), "expected a number from 0 to 1"),
        (("tokenize", "{vocab}", "--fraction-of", "x"), "--fraction-of"),
        (("tokenize", "{vocab}", "--order", "x"), "--order"),
        (("tokenize", "{vocab}", "--on-miss", "x"), "--on-miss"),
        (("tokenize", "{vocab}", "--chrom-aliases", "x"), "expected ucsc, ensembl or"),
        (("inspect",), "FILE"),
        (("inspect", "{vocab}", "--unique"), "--unique .* needs --vocab"),
        (("decode",), "VOCAB"),
        (("decode", "{vocab}", "x"), "expected ids"),
        (("decode", "{vocab}", "1", "-"), "cannot be combined"),
        (("decode", "{vocab}", "1", "--input", "x"), "either as arguments or by --input"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_writes_nothing(
    run: Cli,
    vocab: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    args: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run.fails(2, message, *(arg.replace("{vocab}", str(vocab)) for arg in args))
    assert list(tmp_path.iterdir()) == [vocab]


# -- warnings -----------------------------------------------------------------------------------


def test_a_warning_is_one_line_that_names_the_input(run: Cli, vocab: Path, tmp_path: Path) -> None:
    paths = [write(tmp_path / name, "17\t1\t2\n") for name in ("a.bed", "b.bed")]
    result = run("tokenize", vocab, *paths)
    assert result.code == 0
    assert [row["input_ids"] for row in result.rows()] == [[3], [3]]
    lines = result.err.splitlines()
    assert len(lines) == 2
    for line, path in zip(lines, paths, strict=True):
        assert line.startswith(f"bedtok: warning: {path}")


FORMATS = [("jsonl", "ids.jsonl"), ("tsv", "ids.tsv"), ("gtok", "ids.gtok")]
FORMATS += [("parquet", "shards"), ("npz", "shards")]


@pytest.mark.parametrize(("format", "output"), FORMATS)
def test_an_input_that_does_not_fit_is_named_in_every_format(
    run: Cli, vocab: Path, tmp_path: Path, format: str, output: str
) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    bed = write(tmp_path / "a.bed", "".join(f"chr1\t{900 + i}\t{901 + i}\n" for i in range(60)))
    arguments = ["tokenize", vocab, bed, "--format", format, "-o", tmp_path / output]
    result = run(*arguments)
    assert result.code == 0
    (line,) = result.err.splitlines()
    assert line.startswith("bedtok: warning: ")
    assert "0 of 60 regions hit the vocabulary (0 %, low_hit_rate is 20 %); likely cause: " in line


@pytest.mark.parametrize(("format", "output"), FORMATS)
def test_min_hit_rate_makes_it_an_error(
    run: Cli, vocab: Path, tmp_path: Path, format: str, output: str
) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    good = write(tmp_path / "good.bed", "chr1\t150\t151\n")
    half = write(tmp_path / "half.bed", "chr1\t150\t151\nchr1\t990\t991\n")
    arguments = ["--format", format, "-o", tmp_path / output, "--min-hit-rate", "0.6"]
    assert run("tokenize", vocab, good, *arguments).code == 0
    if format == "gtok":
        arguments[3] = tmp_path / "folder"
    result = run("tokenize", vocab, good, half, *arguments)
    assert result.code == 1
    reason = (
        "half{}: hit rate 50.0% (1 of 2 regions), below --min-hit-rate 0.6; 'bedtok inspect FILE "
        "--vocab VOCAB' shows where they miss"
    )
    if format in ("parquet", "npz"):
        assert result.err.splitlines()[-2:] == [
            "bedtok: " + reason.format(""),
            "bedtok: samples below --min-hit-rate, which are written all the same: 1",
        ]
    else:
        assert result.err.splitlines()[-1].endswith(reason.format(".bed"))
    assert run("tokenize", vocab, good, half, *arguments[:-1], "0.5").code == 0


def test_low_hit_rate_is_a_flag(run: Cli, vocab: Path) -> None:
    bed = "".join(f"chr1\t{200 + i}\t{201 + i}\n" for i in range(60)).encode()
    assert run("tokenize", vocab, "--low-hit-rate", "none", stdin=bed).err == ""
    assert "low_hit_rate is 30 %" in run("tokenize", vocab, "--low-hit-rate", "0.3", stdin=bed).err
    run.fails(2, "expected a number from 0 to 1, not '3'", "tokenize", vocab, "--low-hit-rate", "3")
    run.fails(2, "expected a number from 0 to 1, not 'x'", "tokenize", vocab, "--min-hit-rate", "x")


def test_a_vocabulary_that_repeats_a_region_warns_once(run: Cli, tmp_path: Path) -> None:
    vocab = write(tmp_path / "v.bed", "chr1\t1\t5\nchr1\t1\t5\n")
    result = run("tokenize", vocab, stdin=b"chr1\t2\t3\n")
    assert result.ids() == [0]
    assert result.err.startswith("bedtok: warning: ") and result.err.count("\n") == 1


# -- help, version, progress --------------------------------------------------------------------


def test_version_tells_how_bedtok_was_built_and_what_it_runs_on(run: Cli) -> None:
    result = run("--version")
    first, *rest = result.out.splitlines()
    assert (result.code, first) == (0, f"bedtok {bedtok.__version__}")
    told = dict(line.split(": ", 1) for line in rest)
    assert list(told) == [".gz files", "compiler", "threads", "Python", "system"]
    backend = {"isa-l": r"ISA-L \d+\.\d+", "zlib": r"zlib \d+\.\d+"}[_core.inflate_backend]
    assert re.match(rf"read by {backend}.*, written by zlib \d+\.\d+", told[".gz files"])
    assert re.match(r"(GCC|Clang|MSVC) \d+", told["compiler"])
    assert int(told["threads"]) >= 1
    assert told["Python"].startswith(platform.python_version() + ", NumPy ")


@pytest.mark.parametrize("command", [(), *[(name,) for name in FLAGS]])
def test_help_has_examples_and_exit_codes(run: Cli, command: tuple[str, ...]) -> None:
    result = run(*command, "--help")
    assert result.code == 0 and result.err == ""
    assert "examples:\n  bedtok " in result.out
    for code in ("0", "1", "2", "130", "141"):
        assert re.search(rf"^  {code} +\w", result.out, re.MULTILINE)
    assert max(map(len, result.out.splitlines())) <= 100


@pytest.mark.parametrize("command", FLAGS)
def test_the_examples_of_the_help_are_accepted(
    run: Cli, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run each command of the help with its files there and the Hub's name as a folder."""
    monkeypatch.chdir(tmp_path)
    text = run(command, "--help").out
    examples = re.findall(r"^  (.*bedtok .*)$", text.partition("examples:")[2], re.MULTILINE)
    assert len(examples) >= 3
    if "--format parquet" in text:
        pytest.importorskip("pyarrow")
    universe = gzip.compress(BED.encode())
    Path("databio/atacformer-base-hg38").mkdir(parents=True)
    Path("databio/atacformer-base-hg38/universe.bed.gz").write_bytes(universe)
    Path("peaks").mkdir()
    for name in ("universe.bed.gz", "sample.bed.gz", "peaks/a.bed.gz", "peaks/b.bed.gz"):
        Path(name).write_bytes(universe)
    for name in ("a.bed", "b.bed"):
        Path(name).write_text(BED)
    Path("ids.jsonl").write_text('{"sample": "a", "input_ids": [0, 1]}\n')
    Path("files.txt").write_text("a.bed\n")
    Path("blacklist.bed").write_text("chr9\t1\t2\n")
    for name in ("fragments.tsv.gz", "a.tsv.gz", "b.tsv.gz"):
        Path(name).write_bytes(gzip.compress(b"chr1\t100\t200\tAAAC-1\t1\n"))
    if ".h5ad" in "".join(examples):
        cells = pytest.importorskip("anndata").AnnData(np.ones((2, 1), dtype=np.float32))
        cells.var_names = ["chr1:100-200"]
        cells.write_h5ad("c.h5ad")
    if command == "report":
        pytest.importorskip("pyarrow")
        shards = ("--format", "parquet", "-o", "tokens/")
        assert run("tokenize", "universe.bed.gz", "a.bed", "b.bed", *shards).code == 0
    program = f'bedtok() {{ "{sys.executable}" -m bedtok "$@"; }}; set -e; '
    for example in examples:
        done = subprocess.run(
            ["bash", "-c", program + example],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            env=child_env(),
        )
        assert done.returncode == 0, (example, done.stderr)
        assert done.stderr == b""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_shown_when_stderr_is_a_terminal(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tqdm")
    paths = [write(tmp_path / name, "chr1\t150\t350\n") for name in ("a.bed", "b.bed")]
    assert run("tokenize", vocab, *paths).err == ""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run("tokenize", vocab, *paths, "-o", tmp_path / "out").code == 0
    assert "2/2" in terminal.getvalue()


def test_a_missing_tqdm_costs_the_bar_only(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [write(tmp_path / name, "chr1\t150\t350\n") for name in ("a.bed", "b.bed")]
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    for module in ("tqdm", "tqdm.auto"):
        monkeypatch.setitem(sys.modules, module, None)
    assert len(run("tokenize", vocab, *paths).rows()) == 2
    assert terminal.getvalue() == ""


def test_a_terminal_as_stdin_is_said_to_be_read(
    run: Cli, vocab: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Keyboard(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Keyboard(io.BytesIO(b"chr1\t150\t350\n")))
    assert main(["tokenize", str(vocab)]) == 0
    assert "Ctrl-D" in capfd.readouterr().err


# -- names that a terminal would act on ----------------------------------------------------------

EVIL = "\x1b[31mX\u202e\x9b"
TAMED = "\\x1b[31mX\\u202e\\x9b"


def test_names_cannot_act_on_a_terminal_and_reach_a_pipe_as_they_are(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil, sample = tmp_path / "evil.bed", tmp_path / "sample.bed"
    for path in (evil, sample):
        path.write_bytes(f"{EVIL}\t1\t2\n".encode())
    listings = (
        ("inspect", evil),
        ("decode", evil, "0"),
        ("decode", evil, "0", "--bed"),
        ("tokenize", evil, sample, "--tokens", "--format", "tsv"),
    )
    for arguments in listings:
        result = run(*arguments)
        assert (result.code, result.err) == (0, "")
        assert EVIL in result.out
    monkeypatch.setattr(cli_files, "stdout_is_terminal", lambda: True)
    for arguments in listings:
        result = run(*arguments)
        assert (result.code, result.err) == (0, "")
        assert TAMED in result.out
        assert not set(result.out) & {"\x1b", "\u202e", "\x9b"}
    assert "\t1\t2\n" in run("decode", evil, "0", "--bed").out
    out = tmp_path / "out.bed"
    assert run("decode", evil, "0", "--bed", "-o", out).code == 0
    assert out.read_bytes() == f"{EVIL}\t1\t2\n".encode()
    # Messages are always for people.
    for text in (f"{EVIL}\t1\t2\n", f"{EVIL}\t5\t2\n", f"{EVIL}\n"):
        named = tmp_path / "\x1b[31mX.bed"
        named.write_bytes(text.encode())
        error = run("tokenize", vocab, named).err
        assert error
        assert not set(error) & {"\x1b", "\u202e", "\x9b"}


def test_a_terminal_is_told_by_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not cli_files.stdout_is_terminal()
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert cli_files.stdout_is_terminal()
    monkeypatch.setattr(sys, "stdout", None)
    assert not cli_files.stdout_is_terminal()


# -- bad lines and misspelled names --------------------------------------------------------------


def test_bad_lines_are_left_out_on_request(run: Cli, vocab: Path, tmp_path: Path) -> None:
    text = "chr1\t150\t350\nchr1\t9\t5\nchr2\t12\t13\n"
    bed = write(tmp_path / "a.bed", text)
    run.fails(1, "a.bed:2: end 5 is before start 9", "tokenize", vocab, bed)
    quiet = run("tokenize", vocab, bed, "--on-error", "skip")
    assert quiet.err == ""
    told = run("tokenize", vocab, bed, "--on-error", "warn")
    assert re.fullmatch(r"bedtok: warning: .*a\.bed: 1 line was skipped: line 2: .*\n", told.err)
    piped = run("tokenize", vocab, "--on-error", "warn", stdin=text.encode())
    assert "<stdin>: 1 line was skipped" in piped.err
    assert quiet.ids() == told.ids() == piped.ids() == [0, 1, 2]
    assert re.search(r"skipped lines +1\n", run("inspect", bed, "--on-error", "skip").out)
    facts = json.loads(run("inspect", bed, "--on-error", "skip", "--json").out)
    assert facts["skipped_lines"] == 1
    # A vocabulary, too: its ids are those of the lines that are left.
    assert run("decode", bed, "1", "--on-error", "skip").out == "chr2:12-13\n"


def test_a_misspelled_file_is_named_with_the_nearest_and_at_once(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = write(tmp_path / "sample.bed", BED)
    wrong = vocab.with_name("univers.bed")
    message = rf"univers\.bed: No such file or directory; did you mean '.*{vocab.name}'\?"
    for command in (("tokenize", wrong, bed), ("inspect", bed, "--vocab", wrong)):
        run.fails(1, message, *command)
    monkeypatch.chdir(tmp_path)
    run.fails(1, r"univers\.bed: .*did you mean 'universe\.bed'", "decode", "univers.bed", "0")
    run.fails(1, "other.bed: No such file or directory\n", "decode", "other.bed", "0")


# -- the process --------------------------------------------------------------------------------


def test_the_process_ends_with_the_code_and_one_line(vocab: Path, tmp_path: Path) -> None:
    done = process("tokenize", vocab, stdin=b"chr1\t150\t350\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout) == {"sample": "stdin", "input_ids": [0, 1]}
    done = process("tokenize", vocab, stdin=b"chr1\t9\t5\n")
    assert done.returncode == 1
    assert re.fullmatch(rb"bedtok: <stdin>:1: .*\n", done.stderr)
    assert process("tokenize").returncode == 2
    assert process("--help").returncode == 0


def test_warnings_as_errors_stay_warnings(vocab: Path) -> None:
    done = process("tokenize", vocab, stdin=b"17\t1\t2\n", PYTHONWARNINGS="error::UserWarning")
    assert done.returncode == 0
    assert done.stderr.startswith(b"bedtok: warning: ")


def test_the_command_line_never_loads_torch_or_transformers(vocab: Path) -> None:
    code = (
        "import sys; from bedtok.cli import main\n"
        f"assert main(['tokenize', {str(vocab)!r}]) == 0\n"
        "names = ('torch', 'transformers', 'pandas', 'huggingface_hub')\n"
        "assert not [name for name in names if sys.modules.get(name)]\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=b"chr1\t150\t350\n",
        capture_output=True,
        env=child_env(),
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="no pipes of that kind here")
@pytest.mark.parametrize("regions", [10, 200_000])
def test_a_closed_pipe_ends_quietly(vocab: Path, regions: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "bedtok", "tokenize", str(vocab), "--tokens"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_env(),
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        child.stdout.close()
        child.stdin.write(b"chr1\t150\t350\n" * regions)
        child.stdin.close()
        assert child.stderr.read() == b""
        assert child.wait(60) == 141


@pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is sent as a signal")
def test_ctrl_c_ends_with_130_and_leaves_nothing(vocab: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "bedtok", "tokenize", str(vocab), str(vocab), "-", "-o", str(out)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=child_env(),
    ) as child:
        assert child.stdin and child.stderr
        for _ in range(600):  # until it waits for stdin, its temporary file open
            if len(list(tmp_path.iterdir())) > 1:
                break
            time.sleep(0.05)
        child.send_signal(signal.SIGINT)
        assert child.stderr.read() == b""
        assert child.wait(60) == 130
    assert list(tmp_path.iterdir()) == [vocab]


def test_no_temporary_file_has_the_suffix_of_a_result(
    run: Cli, vocab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    replace = os.replace

    def note(source: Any, target: Any) -> None:
        seen.append(os.fspath(source))
        replace(source, target)

    monkeypatch.setattr(os, "replace", note)
    run("tokenize", vocab, "-o", tmp_path / "ids.gtok", stdin=b"chr1\t150\t350\n")
    assert {os.path.splitext(name)[1] for name in seen} == {".tmp"}


# -- a Hub name ---------------------------------------------------------------------------------


@pytest.mark.network
def test_a_hub_name_is_a_vocabulary(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    sys.path.insert(0, str(Path(__file__).parent))
    from hub_server import HubServer

    with HubServer() as hub:
        hub.push("databio/tiny", {"universe.bed.gz": gzip.compress(BED.encode())}, "v1")
        hub.push("databio/tiny", {"universe.bed": b"chr1\t0\t9\n"})
        env = {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_OFFLINE": "0",
            "HF_HOME": str(tmp_path / "hf"),
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }
        args = ("tokenize", "databio/tiny", "--revision", "v1", "--format", "tsv")
        done = process(*args, stdin=b"chr1\t150\t350\n", cwd=tmp_path, **env)
        assert (done.returncode, done.stdout) == (0, b"stdin\t0 1\n"), done.stderr
        done = process(*args, "--local-files-only", stdin=b"chr1\t1\t350\n", cwd=tmp_path, **env)
        assert (done.returncode, done.stdout) == (0, b"stdin\t0 1\n"), done.stderr
        done = process("inspect", "databio/tiny", "--json", cwd=tmp_path, **env)
        assert json.loads(done.stdout)["regions"] == 1
        done = process("decode", "databio/none", "1", cwd=tmp_path, **env)
        assert done.returncode == 1
        assert b"'databio/none' is neither a folder nor a model on the Hub" in done.stderr
        assert done.stderr.count(b"\n") == 1


# ---- shards


def test_tokenize_writes_shards_and_lists_bad_files(run: Cli, vocab: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    good = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    bad = write(tmp_path / "b.bed", "chr1\t9\t5\n")
    out = tmp_path / "out"
    result = run("tokenize", vocab, good, bad, "--format", "parquet", "-o", out)
    assert result.code == 1
    assert result.err.splitlines() == [
        f"bedtok: {bad}:1: end 5 is before start 9",
        "bedtok: files that could not be tokenized: 1",
    ]
    assert result.out.startswith(f"{out}: samples: 1 (0 skipped), tokens: ")
    table = pq.read_table(out / "part-00000.parquet").to_pydict()
    assert table == {"sample": ["a"], "input_ids": [bedtok.Tokenizer(vocab)(good)["input_ids"]]}
    strict = run("tokenize", vocab, bad, "--format", "npz", "--strict", "-o", tmp_path / "npz")
    assert strict.code == 1 and strict.err == f"bedtok: {bad}:1: end 5 is before start 9\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--format", "parquet"], "--format parquet needs --output, a folder, and files to read"),
        (["--format", "npz", "-o", "x", "--tokens"], "--tokens: a npz file holds ids"),
        (["--strict"], "--strict: belongs to --format parquet and npz"),
        (["--num-threads", "2"], "--num-threads: belongs to --format parquet and npz"),
    ],
)
def test_flags_of_shards_need_shards(
    run: Cli, vocab: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    bed = write(tmp_path / "a.bed", "chr1\t150\t350\n")
    result = run("tokenize", vocab, bed, *arguments)
    assert result.code == 2 and message in result.err


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="RLIMIT_FSIZE is of POSIX")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_a_failure_also_without_buffers(
    vocab: Path, tmp_path: Path, unbuffered: str
) -> None:
    import resource

    lines = "".join(f"chr1\t{150 + i % 200}\t{351 + i}\n" for i in range(3000))
    bed = write(tmp_path / "a.bed", lines)
    out = tmp_path / "ids.jsonl"

    def limit() -> None:  # a disk of 8 KiB
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))

    with open(out, "wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "bedtok", "tokenize", str(vocab), str(bed)],
            stdout=file,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered, "PYTHONPATH": package_path()},
            preexec_fn=limit,
            check=False,
        )
    assert done.returncode == 1
    assert b"bedtok: <stdout>: File too large" in done.stderr and out.stat().st_size <= 8192


def package_path() -> str:
    """PYTHONPATH with which a child process imports this bedtok."""
    return os.pathsep.join(path for path in sys.path if path)
