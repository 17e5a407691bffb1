# SPDX-License-Identifier: BSD-2-Clause
"""Files get their name when they are complete, and what was there stays until then."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from bedtok import ConfigError, ParseError, RegionSet, Tokenizer
from bedtok._core import remove_abandoned
from bedtok._files import atomic_write
from bedtok.io import tokenize_files
from raising import raises


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "tokens"
    target.write_text("before")
    with pytest.raises(error), atomic_write(target) as temporary:
        Path(temporary).write_text("half")
        raise error
    assert target.read_text() == "before"
    assert os.listdir(tmp_path) == ["tokens"]


def test_a_link_stays_a_link_and_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    target, link = tmp_path / "tokens", tmp_path / "link"
    target.write_text("before")
    target.chmod(0o640)
    link.symlink_to(target)
    with atomic_write(link) as temporary:
        Path(temporary).write_text("after")
    assert link.is_symlink()
    assert target.read_text() == "after"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
        with atomic_write(pipe) as temporary:
            Path(temporary).write_bytes(b"tokens")
        assert reader.read() == b"tokens"
    assert pipe.is_fifo()


def test_errors_name_the_file_that_was_asked_for(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "tokens"
    with pytest.raises(FileNotFoundError, match="its folder") as raised, atomic_write(missing):
        raise AssertionError
    assert raised.value.filename == str(missing)

    long = tmp_path / ("x" * 300)
    with pytest.raises(OSError) as failed, atomic_write(long) as temporary:
        Path(temporary).write_text("")
    assert failed.value.filename == str(long)


# ---- a full disk


@contextmanager
def small_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes, which is found when it is written."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("form", ["parquet", "npz", "gtok"])
def test_a_full_disk_is_reported_with_the_name_of_the_file(tmp_path: Path, form: str) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    bed = tmp_path / "a.bed"
    # Ids with random gaps, which no format makes much smaller.
    tokenizer = Tokenizer.from_regions([("chr1", 10 * i, 10 * i + 9) for i in range(40_000)])
    chosen = np.random.default_rng(1).choice(40_000, 10_000, replace=False).tolist()
    bed.write_text("".join(f"chr1\t{10 * i}\t{10 * i + 1}\n" for i in chosen))
    folder = tmp_path / "tokens"
    with small_disk(6000), pytest.raises(OSError) as raised:
        tokenize_files([bed], tokenizer, output_dir=folder, format=form)  # type: ignore[arg-type]
    assert str(folder) in str(raised.value)
    assert ".tmp" not in str(raised.value)
    assert not [name for name in os.listdir(folder) if name.startswith(("part", "a."))]
    assert not [name for name in os.listdir(folder) if "tmp" in name]


def test_a_full_disk_is_reported_by_each_writer(tmp_path: Path, tokenizer: Tokenizer) -> None:
    regions = RegionSet([("chr1", i, i + 1) for i in range(50_000)])
    for name, write in (("a.bed", regions.to_bed), ("a.bed.gz", regions.to_bed_gz)):
        with small_disk(2000), pytest.raises(OSError) as raised:
            write(tmp_path / name)
        assert raised.value.filename == str(tmp_path / name)
    assert os.listdir(tmp_path) == []

    for error in (OSError("[Errno 28] as Arrow says it"), OSError(28, "No space left")):
        with pytest.raises(OSError) as raised, atomic_write(tmp_path / "x"):
            raise error
        assert str(tmp_path / "x") in str(raised.value)


# ---- BED files


@pytest.mark.parametrize("write", [RegionSet.to_bed, RegionSet.to_bed_gz])
def test_a_bed_file_is_written_through_a_link_and_keeps_its_permissions(
    tmp_path: Path, write: Callable[[RegionSet, Path], None]
) -> None:
    regions = RegionSet([("chr1", 1, 2)])
    target, link = tmp_path / "data" / "real.bed", tmp_path / "link.bed"
    target.parent.mkdir()
    link.symlink_to(target)
    write(regions, link)  # to a file that is not there yet
    assert link.is_symlink()
    usual = tmp_path / "usual"
    usual.write_text("")
    assert target.stat().st_mode == usual.stat().st_mode
    for mode in (0o600, 0o664):
        target.chmod(mode)
        write(RegionSet([("chr1", 1, 2), ("chr2", 3, 4)]), link)
        assert stat.S_IMODE(target.stat().st_mode) == mode
    assert link.is_symlink()
    assert len(RegionSet.from_bed(target)) == 2
    assert sorted(os.listdir(tmp_path / "data")) == ["real.bed"]


def test_a_saved_tokenizer_is_written_through_links(tmp_path: Path, tokenizer: Tokenizer) -> None:
    (tmp_path / "saved").mkdir()
    elsewhere = tmp_path / "elsewhere.json"
    (tmp_path / "saved" / "tokenizer_config.json").symlink_to(elsewhere)
    tokenizer.save_pretrained(tmp_path / "saved")
    assert elsewhere.is_file()
    assert (tmp_path / "saved" / "tokenizer_config.json").is_symlink()
    assert Tokenizer.from_pretrained(tmp_path / "saved") == tokenizer


def test_names_that_are_not_utf8_are_named_as_python_names_them(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    name = os.fsdecode(b"caf\xe9.bed")
    missing = str(tmp_path / name)
    for call in (RegionSet.from_bed, Tokenizer, tokenizer, tokenizer.encode_fragments):
        with pytest.raises(FileNotFoundError) as lost:
            call(missing if call is not tokenizer else Path(missing))  # type: ignore[operator]
        assert lost.value.filename == missing
    try:
        Path(missing).write_text("chr1\t9\t5\tcell\n")
    except OSError:
        pytest.skip("the file system takes no name that is not UTF-8")
    for call in (RegionSet.from_bed, Tokenizer, tokenizer.encode_fragments):
        with pytest.raises(ParseError) as bad:
            call(missing)
        assert str(bad.value) == f"{missing}:1: end 5 is before start 9"
        assert bad.value.path == missing
    Path(missing).write_text("chr1\t5\t9\tcell\n")
    assert RegionSet.from_bed(missing).path == missing
    folder = tmp_path / os.fsdecode(b"mod\xe8le")
    saved = tokenizer.save_pretrained(folder)
    assert saved[0] == str(folder / "universe.bed.gz")
    assert Tokenizer.from_pretrained(folder) == tokenizer


# ---- what killed processes leave


@pytest.mark.parametrize("name", ["x" * 255, "ä" * 127])
def test_the_longest_names_can_be_written(tmp_path: Path, name: str) -> None:
    if not name.isascii() and sys.getfilesystemencoding() == "ascii":
        pytest.skip("names of files are ASCII in this locale")
    with atomic_write(tmp_path / name) as temporary:
        Path(temporary).write_text("tokens")
    Tokenizer.from_regions(["chr1:1-2"]).regions.to_bed(tmp_path / name[::-1])
    assert set(os.listdir(tmp_path)) == {name, name[::-1]}


KILLED = """
import os, signal, sys
from pathlib import Path
from bedtok._files import atomic_write
with atomic_write(sys.argv[1]) as temporary:
    Path(temporary).write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_temporary_files_of_killed_processes_are_removed(tmp_path: Path) -> None:
    target = tmp_path / "tokens.npz"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", KILLED, target], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = os.listdir(tmp_path)
    assert left.startswith(".tokens.npz.")
    with atomic_write(target) as temporary:  # of a process that lives
        Path(temporary).write_text("tokens")
        remove_abandoned(tmp_path)
        assert os.listdir(tmp_path) == [os.path.basename(temporary)]


KILLED_SAVE = """
import os, signal, sys
import threading
from bedtok import Tokenizer
old, new, folder, delay = sys.argv[1:]
tokenizer = Tokenizer.from_pretrained(new)
threading.Timer(float(delay), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
while True:
    tokenizer.save_pretrained(folder)
    Tokenizer.from_pretrained(old).save_pretrained(folder)
"""


def test_a_save_that_is_killed_leaves_no_mixture(tmp_path: Path) -> None:
    """Whatever it leaves is one of the two tokenizers, or refused with the remedy."""
    regions = [("chr1", 10 * i, 10 * i + 5) for i in range(20_000)]
    old = Tokenizer.from_regions(regions)
    new = Tokenizer.from_regions(regions[1:], {"mask_token": "[M]"}, unique=True)
    old.save_pretrained(tmp_path / "old")
    new.save_pretrained(tmp_path / "new")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    folder = tmp_path / "folder"
    old.save_pretrained(folder)
    for k in range(6 * int(os.environ.get("BEDTOK_FAULTS", "2"))):
        arguments = [tmp_path / "old", tmp_path / "new", folder, str(0.05 + 0.007 * (k % 12))]
        subprocess.run(
            [sys.executable, "-c", KILLED_SAVE, *arguments], env=environment, check=False
        )
        try:
            assert Tokenizer.from_pretrained(folder) in (old, new)
        except ConfigError as error:
            assert "expected the files of one tokenizer" in str(error)
    old.save_pretrained(folder)
    assert Tokenizer.from_pretrained(folder) == old
    assert len(os.listdir(folder)) == 3


def test_files_of_two_tokenizers_are_refused(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    Tokenizer.from_regions(["chr1:1-2"]).save_pretrained(a)
    Tokenizer.from_regions(["chr1:1-3"]).save_pretrained(b)
    (a / "universe.bed.gz").write_bytes((b / "universe.bed.gz").read_bytes())
    with pytest.raises(ConfigError) as caught:
        Tokenizer.from_pretrained(a)
    assert str(caught.value) == (
        f"{a}: universe.bed.gz is not the one that tokenizer_config.json was saved with, expected "
        "the files of one tokenizer; was a save interrupted? Save it again, or remove "
        "tokenizer_config.json to load the regions only"
    )
    (a / "tokenizer_config.json").unlink()
    assert Tokenizer.from_pretrained(a) == Tokenizer.from_pretrained(b)


def test_local_files_are_read_without_what_urls_need(tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t0\t50\n")
    program = """
import sys
from bedtok import RegionSet, Tokenizer
Tokenizer("a.bed")("a.bed")
loaded = [name for name in sys.modules if name.startswith(("fsspec", "bedtok._remote", "aiohttp"))]
assert not loaded, loaded
assert "urllib.request" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)


@pytest.mark.parametrize("make", [lambda path: path.as_uri(), lambda path: f"file://{path}"])
def test_file_urls_are_local_paths(tmp_path: Path, make: Callable[[Path], str]) -> None:
    path = tmp_path / "a.bed"
    path.write_text("chr1\t0\t50\n")
    regions = RegionSet(make(path))
    assert (len(regions), regions.path) == (1, str(path))
    raises(
        ConfigError,
        "file://other/a.bed: names another computer, expected file:///path",
        lambda: RegionSet("file://other/a.bed"),
    )


def test_a_url_that_went_through_pathlib_is_named() -> None:
    raises(
        ConfigError,
        "https:/host/a.bed: was a URL before pathlib took a slash out of it, expected a str",
        lambda: RegionSet(Path("https://host/a.bed")),
    )
