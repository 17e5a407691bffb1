# SPDX-License-Identifier: BSD-2-Clause
"""Faults of the machine: killed processes, a full disk, no memory, two writers, many signals.

docs/reliability.md. Others stand with what they are about: in test_files, test_interruption,
test_collection, test_cli and, of trainings, test_train_command.

Environment:
    BEDTOK_FAULTS: How many times each loop goes round; ``./run exam`` takes more than the default.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, RegionSet, Tokenizer
from bedtok.cells import CellTokens
from bedtok.io import tokenize_cells, tokenize_files
from bedtok.utils import read_tokens_from_gtok

ROUNDS = int(os.environ.get("BEDTOK_FAULTS", "2"))
FORMS = ["parquet", "npz", "gtok"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="faults of POSIX systems")


@pytest.fixture(autouse=True)
def _arrow() -> None:
    pytest.importorskip("pyarrow")


@pytest.fixture
def universe() -> Tokenizer:
    return Tokenizer.from_regions([("chr1", 10 * i, 10 * i + 9) for i in range(20_000)])


@pytest.fixture
def work(tmp_path: Path, universe: Tokenizer) -> Path:
    """A folder with a saved tokenizer and 60 BED files of different regions."""
    universe.save_pretrained(tmp_path / "model")
    chance = random.Random(7)
    (tmp_path / "beds").mkdir()
    for i in range(60):
        starts = sorted(chance.sample(range(0, 200_000, 10), 300))
        RegionSet([("chr1", start, start + 5) for start in starts]).to_bed(
            tmp_path / "beds" / f"s{i}.bed"
        )
    return tmp_path


def expected_rows(work: Path, tokenizer: Tokenizer) -> dict[str, list[int]]:
    return {bed.stem: tokenizer(bed)["input_ids"] for bed in (work / "beds").iterdir()}


def rows(folder: Path, form: str) -> list[tuple[str, list[int]]]:
    """What another program reads of a folder; half a file fails here."""
    if form == "gtok":
        return [(path.stem, read_tokens_from_gtok(path)) for path in folder.glob("*.gtok")]
    found: list[tuple[str, list[int]]] = []
    for path in sorted(folder.glob(f"part-*.{form}")):
        if form == "parquet":
            import pyarrow.parquet as pq

            columns = pq.read_table(path).to_pydict()
            found += zip(columns["sample"], columns["input_ids"], strict=True)
        else:
            with np.load(path) as shard:
                values = np.split(shard["values"], shard["offsets"][1:-1])
                found += [
                    (str(n), v.tolist()) for n, v in zip(shard["samples"], values, strict=True)
                ]
    return found


def check_whole(folder: Path, form: str, expected: dict[str, list[int]]) -> None:
    """Every sample is there once and right, and nothing else is."""
    found = rows(folder, form)
    assert sorted(name for name, _ in found) == sorted(expected)
    assert dict(found) == expected
    manifest = f"tokens_manifest.{'parquet' if form == 'parquet' else 'json'}"
    assert {path.name for path in folder.iterdir() if path.suffix != f".{form}"} <= {manifest}
    assert (folder / manifest).exists()


# ---- kill -9

TOKENIZE = """
import sys
from pathlib import Path
import pyarrow.parquet
from bedtok import Tokenizer
from bedtok.io import tokenize_files
work, folder, form = sys.argv[1:]
tokenizer = Tokenizer.from_pretrained(Path(work, "model"))
print("ready", flush=True)
tokenize_files(sorted(Path(work, "beds").iterdir()), tokenizer, output_dir=folder, format=form,
               samples_per_shard=2, num_threads=2, progress=False)
"""


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    """Start a program and wait until it is about to do its work."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n", process.communicate()
    return process


@pytest.mark.parametrize("form", FORMS)
def test_a_collection_that_is_killed_is_resumed_to_the_end(
    work: Path, universe: Tokenizer, form: Any
) -> None:
    expected = expected_rows(work, universe)
    beds = sorted((work / "beds").iterdir())
    for _ in range(2):  # the first call imports
        shutil.rmtree(work / "timed", ignore_errors=True)
        begin = time.monotonic()
        tokenize_files(beds, universe, output_dir=work / "timed", format=form, samples_per_shard=2)
        seconds = time.monotonic() - begin
    chance = random.Random(ROUNDS)
    folder, kills, cut = work / "out", 0, 0
    while kills < ROUNDS or (cut == 0 and kills < 20):
        process = start(TOKENIZE, work, folder, form)
        time.sleep(chance.random() * seconds)
        process.kill()
        process.communicate()
        left = rows(folder, form)  # of what has its final name, everything is whole and right
        assert len(dict(left)) == len(left)
        assert all(expected[name] == ids for name, ids in left)
        kills += 1
        cut += len(left) < len(expected)
        if len(left) == len(expected) or chance.random() < 0.3:
            tokenize_files(beds, universe, output_dir=folder, format=form, samples_per_shard=3)
            check_whole(folder, form, expected)
            shutil.rmtree(folder)
    tokenize_files(beds, universe, output_dir=folder, format=form, samples_per_shard=3)
    check_whole(folder, form, expected)
    print(f"faults: {kills} kills of tokenize_files to {form}, {cut} before its end")
    assert cut > 0


TOKENIZE_CELLS = """
import sys
from pathlib import Path
import pyarrow.parquet
from bedtok import Tokenizer
from bedtok.io import tokenize_cells
work, folder = sys.argv[1:]
tokenizer = Tokenizer.from_pretrained(Path(work, "model"))
print("ready", flush=True)
tokenize_cells(sorted(Path(work, "cells").iterdir()), tokenizer, output_dir=folder,
               samples_per_shard=20, num_threads=2, progress=False)
"""


def test_a_collection_of_cells_that_is_killed_is_resumed_to_the_end(
    work: Path, universe: Tokenizer
) -> None:
    chance = random.Random(ROUNDS)
    (work / "cells").mkdir()
    for i in range(25):
        starts = chance.choices(range(200_000), k=900)
        lines = [f"chr1\t{start}\t{start + 5}\tC{start % 67}\t1\n" for start in starts]
        (work / "cells" / f"donor{i:02}.tsv").write_text("".join(lines))
    files, folder = sorted((work / "cells").iterdir()), work / "out"
    expected = universe.encode_fragments(files).to_dict()
    for _ in range(2):
        shutil.rmtree(work / "timed", ignore_errors=True)
        begin = time.monotonic()
        tokenize_cells(files, universe, output_dir=work / "timed", samples_per_shard=20)
        seconds = time.monotonic() - begin
    kills = cut = 0
    while kills < ROUNDS or (cut == 0 and kills < 20):
        process = start(TOKENIZE_CELLS, work, folder)
        time.sleep(chance.random() * seconds)
        process.kill()
        process.communicate()
        parts = sorted(folder.glob("part-*")) if folder.exists() else []
        left = CellTokens.from_parquet(folder, universe).to_dict() if parts else {}
        assert all(expected[name] == ids for name, ids in left.items())
        kills += 1
        cut += len(left) < len(expected)
        tokenize_cells(files, universe, output_dir=folder, samples_per_shard=20)
        assert CellTokens.from_parquet(folder, universe).to_dict() == expected
        names = {path.name for path in folder.iterdir() if not path.name.startswith("part-")}
        assert names == {"tokens_manifest.parquet"}
        shutil.rmtree(folder)
    print(f"faults: {kills} kills of tokenize_cells, {cut} before its end")
    assert cut > 0


# ---- two writers


def test_of_two_collections_into_one_folder_one_is_refused(work: Path, universe: Tokenizer) -> None:
    expected = expected_rows(work, universe)
    refused = 0
    for _ in range(ROUNDS):
        both = [start(TOKENIZE, work, work / "out", "parquet") for _ in range(2)]
        for process in both:
            _, errors = process.communicate(timeout=120)
            if process.returncode != 0:
                assert b"another run writes" in errors
                refused += 1
        check_whole(work / "out", "parquet", expected)
        shutil.rmtree(work / "out")
    print(f"faults: {ROUNDS} pairs of tokenize_files, {refused} runs refused")


SAVE = """
import sys, time
from bedtok import Tokenizer
tokenizer = Tokenizer.from_pretrained(sys.argv[1])
print("ready", flush=True)
while True:
    tokenizer.save_pretrained(sys.argv[2])
    time.sleep(0.01)
"""


def test_two_savers_and_a_reader_of_one_folder(tmp_path: Path) -> None:
    """The reader gets one of the two tokenizers, or is told that the files are of two."""
    regions = [("chr1", 10 * i, 10 * i + 5) for i in range(500)]
    a = Tokenizer.from_regions(regions)
    b = Tokenizer.from_regions(regions[1:], {"mask_token": "[M]"}, unique=True)
    a.save_pretrained(tmp_path / "a")
    b.save_pretrained(tmp_path / "b")
    a.save_pretrained(tmp_path / "both")
    savers = [start(SAVE, tmp_path / name, tmp_path / "both") for name in "ab"]
    seen = {"a": 0, "b": 0, "refused": 0}
    try:
        deadline = time.monotonic() + 30
        while sum(seen.values()) < 100 * ROUNDS or (
            seen["a"] + seen["b"] == 0 and time.monotonic() < deadline
        ):
            try:
                read = Tokenizer.from_pretrained(tmp_path / "both")
                assert read in (a, b)
                seen["a" if read == a else "b"] += 1
            except ConfigError as error:
                assert "expected the files of one tokenizer" in str(error)
                seen["refused"] += 1
    finally:
        for saver in savers:
            assert saver.poll() is None, saver.communicate()
            saver.kill()
            saver.communicate()
    print(f"faults: {seen} of {sum(seen.values())} reads while two processes save")
    assert seen["a"] + seen["b"] > 0
    a.save_pretrained(tmp_path / "both")
    assert Tokenizer.from_pretrained(tmp_path / "both") == a
    assert len(os.listdir(tmp_path / "both")) == 3  # nothing of the killed ones stays


# ---- a full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 100 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100k", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount; test_files limits the size of files instead")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def writers(
    universe: Tokenizer, many: Tokenizer, work: Path
) -> dict[str, Callable[[Path], object]]:
    """Everything that writes files, each with more than 100 KiB."""
    chance = np.random.default_rng(3)
    regions = many.regions
    starts = regions.starts
    ids = chance.integers(0, 20_000, 100_000)
    fragments = work / "fragments.tsv"
    fragments.write_text(
        "".join(f"chr1\t{10 * i}\t{10 * i + 4}\tcell{k % 50}\t1\n" for k, i in enumerate(ids))
    )
    cells = universe.encode_fragments(fragments)
    # Random halves of the vocabulary, which no format makes small.
    (work / "large").mkdir()
    for i in range(16):
        half = starts[chance.random(len(starts)) < 0.5].tolist()
        (work / "large" / f"{i}.bed").write_text("".join(f"chr1\t{s}\t{s + 1}\n" for s in half))
    large = sorted((work / "large").iterdir())
    return {
        "to_bed": lambda disk: regions.to_bed(disk / "a.bed"),
        "to_bed_gz": lambda disk: regions.to_bed_gz(disk / "a.bed.gz"),
        "save_pretrained": lambda disk: many.save_pretrained(disk / "model"),
        "to_parquet": lambda disk: cells.to_parquet(disk / "cells"),
        **{
            form: lambda disk, form=form: tokenize_files(
                large,
                many,
                output_dir=disk / "tokens",
                format=form,  # type: ignore[misc]
            )
            for form in FORMS
        },
    }


def test_a_full_disk_is_an_error_and_leaves_nothing_behind(
    work: Path, universe: Tokenizer, small_disk: Path
) -> None:
    small = Tokenizer.from_regions(["chr1:1-2", "chr1:5-9"])
    starts = np.sort(np.random.default_rng(2).choice(2**31, 60_000, replace=False))
    many = Tokenizer.from_regions([("chr1", start, start + 7) for start in starts.tolist()])
    for name, write in writers(universe, many, work).items():
        small.save_pretrained(small_disk / "model")
        before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
        try:
            write(small_disk)
        except OSError as error:
            raised = str(error)
        else:
            pytest.fail(f"{name} found room")
        assert "No space left" in raised
        assert str(small_disk) in raised, name
        left = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
        for path in [path for path in left if path.suffix == ".gtok"]:  # a sample that had room
            bed = work / "large" / f"{path.stem}.bed"
            assert read_tokens_from_gtok(path) == many(bed)["input_ids"]
            del left[path]
        manifest = {path for path in left if path.name.startswith("tokens_manifest")}
        assert {path: left[path] for path in left.keys() - manifest} == before, name
        assert Tokenizer.from_pretrained(small_disk / "model") == small
        for path in small_disk.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


# ---- no memory

LIMITED = """
import resource, sys
import numpy
from bedtok import RegionSet, Tokenizer
tokenizer = Tokenizer.from_regions([("chr1", 10 * i, 10 * i + 9) for i in range(20_000)])
sample = RegionSet([("chr1", 0, 200_000)] * 2000)
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + int(sys.argv[2]) * 2**20,) * 2)
calls = {
    "from_bed": lambda: RegionSet.from_bed(sys.argv[1]),
    "tokenizer": lambda: Tokenizer(sys.argv[1]),
    "call": lambda: tokenizer(sample),
    "batch": lambda: tokenizer([sample] * 8, num_threads=2, return_tensors="np"),
    "fragments": lambda: tokenizer.encode_fragments(sys.argv[1], num_threads=2),
}
for name, call in calls.items():
    try:
        call()
        print(name, "done")
    except MemoryError:
        print(name, "MemoryError")
    except OSError as error:
        print(name, error.strerror)
print(tokenizer(["chr1:0-25"])["input_ids"])
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("megabytes", [16, 64])
def test_no_memory_is_an_error_after_which_everything_works(tmp_path: Path, megabytes: int) -> None:
    bed = tmp_path / "large.bed"
    line = "chr1\t{0}\t{1}\tcell{2}\t1\n"
    bed.write_text("".join(line.format(i, i + 50, i) for i in range(1_500_000)))
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, bed, str(megabytes)],
        env={**ENVIRONMENT, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    *calls, ids = done.stdout.splitlines()
    assert ids == "[0, 1, 2]"
    outcomes = dict(line.split(" ", 1) for line in calls)
    assert len(outcomes) == 5
    no_thread = os.strerror(11)
    assert set(outcomes.values()) <= {"done", "MemoryError", no_thread, os.strerror(12)}
    assert "MemoryError" in outcomes.values()


# ---- signals


@contextlib.contextmanager
def storm() -> Iterator[list[int]]:
    """Send SIGALRM every two milliseconds, handled in Python."""
    seen: list[int] = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
    try:
        yield seen
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("form", FORMS)
def test_signals_change_nothing(work: Path, universe: Tokenizer, form: Any) -> None:
    expected = expected_rows(work, universe)
    beds = sorted((work / "beds").iterdir())
    pipe = work / "pipe"
    os.mkfifo(pipe)
    content = b"".join(bed.read_bytes() for bed in beds)
    whole = RegionSet.from_bed(_written(work / "whole.bed", content))
    with storm() as seen:
        for _ in range(ROUNDS):
            folder = work / "out"
            tokenize_files(beds, universe, output_dir=folder, format=form, samples_per_shard=3)
            check_whole(folder, form, expected)
            shutil.rmtree(folder)
            universe.save_pretrained(work / "saved")
            assert Tokenizer.from_pretrained(work / "saved") == universe
            writer = threading.Thread(target=pipe.write_bytes, args=(content,))
            writer.start()
            assert RegionSet.from_bed(pipe) == whole
            writer.join()
    print(f"faults: {len(seen)} signals")
    assert len(seen) > 3


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
