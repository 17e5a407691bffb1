# SPDX-License-Identifier: BSD-2-Clause
"""Writing and reading ``.gtok`` files (docs/guarantees.md, sections 6 and 7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import Error, ParseError
from bedtok.utils import read_tokens_from_gtok, write_tokens_to_gtok


@given(tokens=st.lists(st.integers(0, 2**32 - 1)))
def test_tokens_written_are_read_back(tmp_path_factory: Any, tokens: list[int]) -> None:
    path = tmp_path_factory.mktemp("gtok") / "a.gtok"
    write_tokens_to_gtok(path, tokens)
    assert read_tokens_from_gtok(path) == tokens


@pytest.mark.parametrize(
    ("tokens", "content"),
    [
        ([], b"GTOK\x01"),
        ([1, 65535], b"GTOK\x01\x01\x00\xff\xff"),
        ([1, 65536], b"GTOK\x02\x01\x00\x00\x00\x00\x00\x01\x00"),
    ],
)
def test_ids_take_16_bits_when_all_of_them_fit(
    tmp_path: Path, tokens: list[int], content: bytes
) -> None:
    write_tokens_to_gtok(str(tmp_path / "a.gtok"), tokens)
    assert (tmp_path / "a.gtok").read_bytes() == content


@pytest.mark.parametrize("dtype", ["u1", "u2", "i4", "u8", "i8"])
def test_arrays_of_any_integer_type_are_written(tmp_path: Path, dtype: str) -> None:
    path = tmp_path / "a.gtok"
    write_tokens_to_gtok(path, np.array([7, 100], dtype=dtype))
    assert read_tokens_from_gtok(path) == [7, 100]


def test_missing_parent_folders_are_made_and_no_other_file_is_left(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "a.gtok"
    write_tokens_to_gtok(path, [1])
    write_tokens_to_gtok(path, [2])
    assert [p.name for p in path.parent.iterdir()] == ["a.gtok"]
    assert read_tokens_from_gtok(path) == [2]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "link.gtok"
    link.symlink_to(tmp_path / "a.gtok")
    write_tokens_to_gtok(link, [5])
    assert link.is_symlink()
    assert read_tokens_from_gtok(tmp_path / "a.gtok") == [5]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.gtok"
    write_tokens_to_gtok(path, [1])

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_tokens_to_gtok(path, [2])
    assert read_tokens_from_gtok(path) == [1]
    assert [p.name for p in tmp_path.iterdir()] == ["a.gtok"]


@pytest.mark.parametrize(
    ("tokens", "bad"), [([0, -1], "token 1: id -1"), ([2**32], "token 0: id 4294967296")]
)
def test_an_id_out_of_range_is_refused_before_the_file_is_touched(
    tmp_path: Path, tokens: list[int], bad: str
) -> None:
    with pytest.raises(Error, match=rf"^{bad} is outside .*\(0\.\.4294967295\)$"):
        write_tokens_to_gtok(tmp_path / "a.gtok", tokens)
    assert list(tmp_path.iterdir()) == []


def test_an_id_of_more_than_64_bits_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Error, match=f"id {2**70} is outside"):
        write_tokens_to_gtok(tmp_path / "a.gtok", [1, 2**70])


@pytest.mark.parametrize("tokens", [[1.5], ["1"], [True], [[1, 2]], "12", [None]])
def test_what_is_no_list_of_integers_is_a_type_error(tmp_path: Path, tokens: Any) -> None:
    with pytest.raises(TypeError, match=r"^ids: expected"):
        write_tokens_to_gtok(tmp_path / "a.gtok", tokens)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with b'', expected b'GTOK'"),
        (b"chr1\t1\t2\n", "begins with b'chr1', expected b'GTOK'"),
        (b"GTOK", "ends after 4 bytes"),
        (b"GTOK\x03", "width byte is 3, expected 1"),
        (b"GTOK\x01\x00", "1 bytes of ids are not a multiple of 2"),
        (b"GTOK\x02\x00\x00\x00\x00\x00", "5 bytes of ids are not a multiple of 4"),
    ],
)
def test_a_damaged_file_is_a_parse_error_that_names_it(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "a.gtok"
    path.write_bytes(content)
    with pytest.raises(ParseError) as caught:
        read_tokens_from_gtok(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert caught.value.path == str(path)
    assert caught.value.line is None


def test_a_missing_file_and_a_folder_are_the_usual_os_errors(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_tokens_from_gtok(tmp_path / "nope.gtok")
    with pytest.raises(IsADirectoryError):
        read_tokens_from_gtok(tmp_path)
    with pytest.raises(IsADirectoryError):
        write_tokens_to_gtok(tmp_path, [1])
