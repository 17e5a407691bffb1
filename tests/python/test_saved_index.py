# SPDX-License-Identifier: BSD-2-Clause
"""A tokenizer's saved index: what it gives, when it is not used, and who shares it."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ParseError, RegionSet, Tokenizer
from bedtok.cli import main

REGIONS = [("chr2", 50, 60), ("chr1", 100, 200), ("chr1", 100, 150), ("chr1", 300, 400)]
SAMPLE = [("chr1", 120, 310), ("chr2", 0, 51), ("chr3", 5, 6)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tokenizer = Tokenizer.from_regions(REGIONS, unique=True, template="<cls> $A", genome="hg38")
    tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>"]})
    saved = tokenizer.save_pretrained(tmp_path / "model", index=True)
    assert [Path(path).name for path in saved] == [
        "universe.bed.gz",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "universe.index",
    ]
    return tmp_path / "model"


def is_mapped(tokenizer: Tokenizer) -> bool:
    return tokenizer._core.index_file is not None


def without_index(folder: Path, tmp_path: Path) -> Tokenizer:
    """The tokenizer of the same folder, built from its universe."""
    other = tmp_path / "without"
    other.mkdir()
    for path in folder.iterdir():
        if path.name != "universe.index":
            (other / path.name).write_bytes(path.read_bytes())
    return Tokenizer.from_pretrained(other)


def test_a_mapped_tokenizer_is_the_one_that_was_saved(folder: Path, tmp_path: Path) -> None:
    mapped, built = Tokenizer.from_pretrained(folder), without_index(folder, tmp_path)
    assert is_mapped(mapped)
    assert not is_mapped(built)
    assert mapped == built
    assert hash(mapped) == hash(built)
    assert mapped.digest == built.digest
    assert mapped.regions == built.regions
    assert mapped.get_vocab() == built.get_vocab()
    assert mapped(SAMPLE)["input_ids"][1:] == [2, 1, 3, 0]
    assert mapped(SAMPLE)["input_ids"] == built(SAMPLE)["input_ids"]
    assert mapped(mapped.regions)["input_ids"] == built(built.regions)["input_ids"]
    assert mapped.regions.sort() == built.regions.sort()
    assert mapped.convert_tokens_to_ids(["chr1:100-150", "<donor>"]) == [2, 11]
    assert str(mapped.report(SAMPLE)) == str(built.report(SAMPLE))
    with pytest.raises(ValueError, match="read-only"):
        mapped.regions.starts[0] = 7


def test_what_derives_from_a_mapped_tokenizer_stays_mapped(folder: Path) -> None:
    mapped = Tokenizer.from_pretrained(folder, min_overlap=2)
    assert mapped.options.min_overlap == 2
    assert is_mapped(mapped.with_options(unique=False))
    assert is_mapped(copy.deepcopy(mapped))
    mapped.add_special_tokens({"mask_token": "[M]"})
    assert is_mapped(mapped)
    again = pickle.loads(pickle.dumps(mapped))
    assert is_mapped(again)
    assert again == mapped


def test_regions_outlive_the_tokenizer_and_the_file(folder: Path) -> None:
    regions = Tokenizer.from_pretrained(folder).regions
    starts = regions.starts
    for path in folder.iterdir():
        path.unlink()
    assert regions == RegionSet(REGIONS)
    assert starts.tolist() == [50, 100, 100, 300]


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickle_loads_where_the_folder_is_gone_or_holds_another(
    folder: Path, tmp_path: Path, protocol: int
) -> None:
    mapped = Tokenizer.from_pretrained(folder)
    data = pickle.dumps(mapped, protocol)
    built = without_index(folder, tmp_path)
    assert is_mapped(pickle.loads(data))
    content = (folder / "universe.index").read_bytes()
    (folder / "universe.index").unlink()
    (folder / "universe.index").write_bytes(content[:-1])
    assert pickle.loads(data) == built
    Tokenizer.from_regions(["chr1:1-2"]).save_pretrained(folder, index=True)
    other = pickle.loads(data)
    assert not is_mapped(other)
    assert other == built
    folder.rename(tmp_path / "elsewhere")
    assert pickle.loads(data) == built


@pytest.mark.parametrize("seed", range(4))
def test_a_pickle_holds_any_regions(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    starts = rng.integers(0, [70_000, 2**32 - 1, 200_000, 10][seed], 500)
    if seed == 2:
        starts[100:400].sort()
    ends = np.minimum(starts + rng.integers(0, [70_000, 2**31, 65_537, 3][seed], 500), 2**32 - 1)
    names = rng.choice(["chr1", "chr2", "chr\u00e4"], 500)
    regions = dict.fromkeys(zip(names.tolist(), starts.tolist(), ends.tolist(), strict=True))
    tokenizer = Tokenizer.from_regions(list(regions))
    tokenizer.save_pretrained(tmp_path, index=True)
    data = pickle.dumps(Tokenizer.from_pretrained(tmp_path))
    (tmp_path / "universe.index").unlink()
    assert pickle.loads(data) == tokenizer


def test_a_pickle_finds_the_file_from_another_working_directory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    data = pickle.dumps(Tokenizer.from_pretrained("./model"))
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert is_mapped(pickle.loads(data))


def test_a_pickle_without_an_index_has_no_path(folder: Path, tmp_path: Path) -> None:
    data = pickle.dumps(without_index(folder, tmp_path))
    assert pickle.dumps(pickle.loads(data)) == data
    assert b"universe.index" not in data


def test_an_index_that_does_not_fit_is_left_aside_with_a_warning(folder: Path) -> None:
    saved = Tokenizer.from_pretrained(folder)
    (folder / "tokenizer_config.json").unlink()
    (folder / "universe.bed.gz").write_text("chr1\t1\t2\n")
    with pytest.warns(UserWarning, match=r"is not the index of universe\.bed\.gz, and is not used"):
        loaded = Tokenizer.from_pretrained(folder)
    assert loaded.num_regions == 1
    assert not is_mapped(loaded)
    assert saved.num_regions == 4  # what is mapped stays


def test_a_damaged_index_is_refused(folder: Path) -> None:
    path = folder / "universe.index"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)
    with pytest.raises(ParseError, match=r"is a damaged index: it has .* section"):
        Tokenizer.from_pretrained(folder)
    path.unlink()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not is_mapped(Tokenizer.from_pretrained(folder))


def test_saving_without_the_index_removes_an_earlier_one(folder: Path) -> None:
    mapped = Tokenizer.from_pretrained(folder)
    mapped.save_pretrained(folder)
    assert not (folder / "universe.index").exists()
    mapped.save_pretrained(folder, index=True)  # from memory whose file has been removed
    assert Tokenizer.from_pretrained(folder) == mapped


def test_equal_tokenizers_write_equal_indexes(folder: Path, tmp_path: Path) -> None:
    mapped = Tokenizer.from_pretrained(folder)
    mapped.save_pretrained(tmp_path / "again", index=True)
    a, b = (path / "universe.index" for path in (folder, tmp_path / "again"))
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
def test_the_index_is_as_readable_as_the_universe(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        Tokenizer.from_regions(REGIONS).save_pretrained(tmp_path, index=True)
    finally:
        os.umask(old)
    assert (tmp_path / "universe.index").stat().st_mode & 0o777 == 0o640


def test_the_command_adds_an_index(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "universe.bed").write_text("chr1\t1\t2\tname\nchr1\t5\t9\n")
    assert main(["universe", "index", str(tmp_path)]) in (0, None)
    assert capfd.readouterr().out == f"{tmp_path / 'universe.index'}\n"
    assert is_mapped(Tokenizer.from_pretrained(tmp_path))


def tell_memory(conn: Any, folder: str) -> None:
    """Load; when asked, send the file behind the regions and its KiB in memory, by kind."""
    tokenizer = Tokenizer.from_pretrained(folder)
    tokenizer([("chr1", 0, 10**6)])
    starts = tokenizer.regions.starts
    conn.send(None)
    conn.recv()
    name, kilobytes, inside = "", {"Shared": 0, "Private": 0}, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            low, high = (int(number, 16) for number in words[0].split("-"))
            inside = low <= starts.ctypes.data < high
            name = line.split(maxsplit=5)[-1] if inside else name
        elif inside and words[0].startswith(("Shared_", "Private_")) and "Huge" not in words[0]:
            kilobytes[words[0].partition("_")[0]] += int(words[1])
    conn.send((name, kilobytes))
    conn.recv()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory as Linux tells it")
def test_processes_share_the_pages(tmp_path: Path) -> None:
    starts = np.arange(50_000) * 100
    names = np.repeat("chr1", starts.size)
    tokenizer = Tokenizer.from_regions(RegionSet.from_arrays(names, starts, starts + 50))
    tokenizer.save_pretrained(tmp_path, index=True)
    context = multiprocessing.get_context("spawn")
    workers = []
    for _ in range(2):
        here, there = context.Pipe()
        process = context.Process(target=tell_memory, args=(there, str(tmp_path)))
        process.start()
        workers.append((here, process))
    for here, _ in workers:
        here.recv()  # all have loaded
    results = []
    for here, _ in workers:
        here.send(None)
        results.append(here.recv())
    for here, process in workers:
        here.send(None)
        process.join()
    for name, kilobytes in results:
        assert name == str(tmp_path / "universe.index")
        assert kilobytes["Private"] == 0
        assert kilobytes["Shared"] > 600  # of 1.1 MiB


def test_loading_a_folder_imports_no_client_of_the_hub(folder: Path) -> None:
    code = (
        "import sys; from bedtok import Tokenizer; before = set(sys.modules);"
        f"Tokenizer.from_pretrained({str(folder)!r}); new = set(sys.modules) - before;"
        "print(sorted({'urllib.request', 'http.client', 'huggingface_hub'} & new))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert result.stdout == "[]\n"
