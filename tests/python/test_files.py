# SPDX-License-Identifier: BSD-2-Clause
"""Files get their name when they are complete, and what was there stays until then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bedtok._files import atomic_write


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

    long = tmp_path / ("x" * 250)
    with pytest.raises(OSError) as failed, atomic_write(long) as temporary:
        Path(temporary).write_text("")
    assert failed.value.filename == str(long)
