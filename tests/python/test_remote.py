# SPDX-License-Identifier: BSD-2-Clause
"""URLs wherever a path of data is taken, on fsspec's memory file system, and their texts."""

from __future__ import annotations

import builtins
import errno
import gc
import gzip
import os
import pickle
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import ConfigError, Error, ParseError, RegionSet, Tokenizer
from bedtok._files import (
    cell_sample_names,
    fragment_sample_names,
    is_url,
    sample_names,
    source_path,
)
from bedtok._remote import retries
from bedtok._remote.state import state_of_info
from bedtok._remote.url import _SHOWN as SHOWN
from bedtok._remote.url import Url, redacted, scrubbed
from bedtok.cells import CellTokens
from bedtok.cli import main
from bedtok.io import (
    read_tokens_from_gtok,
    tokenize_cells,
    tokenize_files,
    write_tokens_to_gtok,
)
from bedtok.models import RegionSetList
from bedtok.report import CollectionReport
from bedtok.universe import assess, build
from raising import raises

fsspec = pytest.importorskip(
    "fsspec", reason="fsspec is not installed: pip install 'bedtok[remote]'"
)

BED = b"chr1\t100\t200\nchr1\t300\t400\nchr2\t5\t50\n"
BARCODES = ["AAACGAAAGA", "CCTGTACCAA"]


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The memory file system with a vocabulary and two samples; emptied after the test."""
    monkeypatch.setattr(retries, "_FIRST_WAIT", 0.001)
    system = fsspec.filesystem("memory")
    system.pipe_file("/b/universe.bed.gz", gzip.compress(BED))
    system.pipe_file("/b/peaks/one.bed", b"chr1\t150\t160\nchr2\t1\t9\n")
    system.pipe_file("/b/peaks/two.bed.gz", gzip.compress(b"chr1\t310\t320\n"))
    system.pipe_file("/b/peaks/notes.md", b"chr1\t1\t5\nchr1\tno\tsample\n")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


@pytest.fixture(autouse=True)
def copies(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder for temporary files, in which nothing stays behind."""
    folder = tmp_path_factory.mktemp("copies")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert [path.name for path in folder.iterdir() if path.name.startswith("bedtok")] == []


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer("memory://b/universe.bed.gz")


# ---- inputs


def test_vocabularies_are_read_by_every_way_in(memory: Any, tmp_path: Path) -> None:
    url = "memory://b/universe.bed.gz"
    (tmp_path / "u.bed").write_bytes(BED)
    local = Tokenizer(tmp_path / "u.bed")
    memory.pipe_file("/b/t.toml", b'universe = "universe.bed.gz"\n')
    assert Tokenizer(url) == local
    assert Tokenizer.from_bed(url) == local
    assert Tokenizer("memory://b/t.toml") == local
    assert Tokenizer.from_config("memory://b/t.toml") == local
    assert Tokenizer("simplecache::" + url) == local


@pytest.mark.parametrize("universe", ["/etc/passwd", "../x.bed", "memory://b/x.bed"])
def test_a_remote_config_leads_nowhere_else(memory: Any, universe: str) -> None:
    memory.pipe_file("/b/t.toml", f'universe = "{universe}"\n'.encode())
    with pytest.raises(ConfigError):
        Tokenizer("memory://b/t.toml")


def test_a_saved_tokenizer_is_loaded_from_a_folder(memory: Any, tmp_path: Path) -> None:
    saved = Tokenizer("memory://b/universe.bed.gz", template="<cls> $A", genome="hg38")
    saved.save_pretrained(tmp_path, index=True)
    for file in tmp_path.iterdir():
        memory.pipe_file(f"/b/saved/deep/{file.name}", file.read_bytes())
    loaded = Tokenizer.from_pretrained("memory://b/saved/deep/")
    assert loaded == saved
    assert pickle.loads(pickle.dumps(loaded)) == saved
    assert Tokenizer.from_pretrained("memory://b/saved", subfolder="deep") == saved
    url = "memory://b/none/"
    text = f"{url}: has no universe.bed.gz or universe.bed, expected the folder of a saved"
    raises(FileNotFoundError, text, lambda: Tokenizer.from_pretrained(url))


def test_samples_are_urls(tokenizer: Tokenizer) -> None:
    one, two = "memory://b/peaks/one.bed", "memory://b/peaks/two.bed.gz"
    assert tokenizer(one)["input_ids"] == [0, 2]
    assert tokenizer([one, two])["input_ids"] == [[0, 2], [1]]
    assert [len(regions) for regions in RegionSetList([one, two])] == [2, 1]
    text = "sample 1: got the str 'chr1:5-9', expected a pathlib.Path where a file is"
    raises(TypeError, text, lambda: tokenizer([one, "chr1:5-9"]))


def test_bad_lines_are_named_by_the_url(memory: Any) -> None:
    memory.pipe_file("/b/bad.bed", BED + b"chr2\tx\t9\n")
    url = "memory://b/bad.bed"
    error = raises(ParseError, f"{url}:4: start 'x'", lambda: RegionSet.from_bed(url))
    assert (error.path, error.line) == (url, 4)  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match=f"^{url}: "):
        assert RegionSet.from_bed(url, on_error="warn").skipped_lines == 1


def test_a_damaged_gzip_file_is_no_half_sample(memory: Any) -> None:
    memory.pipe_file("/b/cut.bed.gz", gzip.compress(BED * 100)[:-9])
    url = "memory://b/cut.bed.gz"
    raises(ParseError, url, lambda: RegionSet.from_bed(url))


def fragments(memory: Any) -> None:
    lines = [f"chr1\t{100 + i}\t{150 + i}\t{BARCODES[i % 2]}-1\t1\n" for i in range(40)]
    memory.pipe_file("/b/cells/d1.tsv.gz", gzip.compress("".join(lines).encode()))
    memory.pipe_file("/b/cells/d2.tsv.gz", gzip.compress("".join(lines[:4]).encode()))


def test_fragment_files(memory: Any, tokenizer: Tokenizer) -> None:
    fragments(memory)
    cells = tokenizer.encode_fragments("memory://b/cells/d1.tsv.gz")
    assert cells.names == [f"{barcode}-1" for barcode in BARCODES]
    for paths in ("memory://b/cells/*.tsv.gz", "memory://b/cells/"):
        both = tokenizer.encode_fragments(paths)
        assert both.names[0] == "d1#AAACGAAAGA-1"
        assert len(both) == 4
    named = tokenizer.encode_fragments({"left": "memory://b/cells/d1.tsv.gz"})
    assert set(named.obs["sample"]) == {"left"}
    text = "path: 2 files match for 1 names, expected one each"
    pattern = ["memory://b/cells/*"]
    raises(ConfigError, text, lambda: tokenizer.encode_fragments({"left": pattern[0]}))


def test_cells_in_parquet_go_and_come(memory: Any, tokenizer: Tokenizer, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    fragments(memory)
    cells = tokenizer.encode_fragments("memory://b/cells/d1.tsv.gz")
    cells.to_parquet("memory://b/out/cells.parquet")
    cells.to_parquet(tmp_path / "cells.parquet")
    assert memory.cat("/b/out/cells.parquet") == (tmp_path / "cells.parquet").read_bytes()
    for url in ("memory://b/out/cells.parquet", "memory://b/out/", "memory://b/out/c*.parquet"):
        again = CellTokens.from_parquet(url, tokenizer)
        assert again.names == cells.names
        assert np.array_equal(again.values, cells.values)
    text = "memory://b/shards: is a URL, expected a local path here; copy what is read before"
    raises(ConfigError, text, lambda: cells.to_parquet("memory://b/shards", samples_per_shard=1))


def test_an_anndata_file(
    memory: Any,
    tokenizer: Tokenizer,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    copies: Path,
) -> None:
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    from scipy import sparse

    adata = anndata.AnnData(sparse.csr_matrix(np.array([[1, 0, 1], [0, 2, 0]], dtype=np.float32)))
    adata.var_names = ["chr1:100-200", "chr1:300-400", "chr2:5-50"]
    adata.obs_names = ["x", "y"]
    adata.write_h5ad(tmp_path / "a.h5ad")
    memory.pipe_file("/b/a.h5ad", (tmp_path / "a.h5ad").read_bytes())
    tokenizer.save_pretrained(tmp_path / "t")
    assert main(["tokenize", str(tmp_path / "t"), "memory://b/a.h5ad"]) == 0
    assert '"cell": "x", "input_ids": [0, 2]' in capfd.readouterr().out
    memory.pipe_file("/b/no.h5ad", b"\x89HDF\r\n\x1a\nand no more")
    assert main(["tokenize", str(tmp_path / "t"), "memory://b/no.h5ad"]) == 1
    assert "bedtok: memory://b/no.h5ad: not an AnnData file" in capfd.readouterr().err
    gc.collect()  # an AnnData is in circles; its copy goes with it


def test_reports_of_cells(
    memory: Any, tokenizer: Tokenizer, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    fragments(memory)
    cells = tokenizer.encode_fragments("memory://b/cells/d1.tsv.gz")
    cells.to_parquet("memory://b/tokens/cells.parquet")
    tokenizer.save_pretrained(tmp_path / "t")
    memory.put(str(tmp_path / "t"), "/b/t", recursive=True)
    vocab = ["--vocab", "memory://b/universe.bed.gz"]
    for url, shown in (
        ("memory://b/cells/d1.tsv.gz", ["d1", "2", "2"]),
        ("memory://b/cells/", ["d1", "2", "2"]),
        ("memory://b/tokens/cells.parquet", ["d1", "-", "2"]),
        ("memory://b/tokens/", ["d1", "-", "2"]),
    ):
        assert main(["inspect", url, *vocab, "--fragments"]) == 0
        assert capfd.readouterr().out.splitlines()[1].split()[:3] == shown
    # Folders of samples and of a tokenizer are told apart.
    assert main(["inspect", "memory://b/peaks/", *vocab]) == 0
    assert "one" in capfd.readouterr().out
    assert main(["inspect", "memory://b/t/", *vocab]) == 0
    assert "vocab size" in capfd.readouterr().out


def test_universes(memory: Any, tmp_path: Path) -> None:
    memory.pipe_file("/b/list.txt", b"memory://b/peaks/one.bed\nmemory://b/peaks/two.bed.gz\n")
    memory.pipe_file("/b/sizes", b"chr1\t1000\nchr2\t1000\n")
    universes = [
        build(files, "union", chrom_sizes="memory://b/sizes", output=tmp_path / f"{i}.bed")
        for i, files in enumerate(
            ["memory://b/peaks/", "memory://b/peaks/*.bed*", "memory://b/list.txt"]
        )
    ]
    assert {len(universe) for universe in universes} == {3}
    assert [entry.path for entry in universes[0].files] == [
        "memory://b/peaks/one.bed",
        "memory://b/peaks/two.bed.gz",
    ]
    assert universes[0].options["chrom_sizes"] == "memory://b/sizes"
    manifests = {path.read_text() for path in tmp_path.glob("*.json")}
    assert len({text.partition('"universe"')[0] for text in manifests}) == 1
    assessment = assess("memory://b/universe.bed.gz", ["memory://b/peaks/one.bed"])
    assert "universe" in str(assessment)


def test_reports(tokenizer: Tokenizer) -> None:
    report = CollectionReport.from_files(["memory://b/peaks/"], tokenizer)
    assert [sample.sample for sample in report.samples] == ["one", "two"]


def test_training_data(memory: Any, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("datasets", reason="datasets is not installed")
    from bedtok.train import data
    from bedtok.train.config_file import to_toml
    from bedtok.train.labels import read_label_table
    from bedtok.train.options import with_defaults

    kept: list[Any] = []
    monkeypatch.setattr(data, "_folders", kept)
    monkeypatch.setattr(data, "_copies", {})
    fragments(memory)
    tokenizer.encode_fragments("memory://b/cells/d1.tsv.gz").to_parquet("memory://b/t/x.parquet")
    for url in ("memory://b/t/x.parquet", "memory://b/t/"):
        rows = data.read_rows([url], tokenizer.vocab_size, tokenizer.num_regions)
        assert len(rows) == 2
        assert data.read_column([url], "sample", "data.batch_column") == ["d1", "d1"]
        names = data.read_names([url]).names
        assert len(set(names)) == 2
    assert len(kept) == 2  # the other columns are read from the same copies
    memory.pipe_file("/b/t/labels.tsv", f"barcode\tlabel\n{names[0]}\tB\n".encode())
    table = read_label_table("memory://b/t/labels.tsv")
    assert (table.path, table.columns) == ("memory://b/t/labels.tsv", {"label": ["B"]})
    memory.pipe_file("/b/t/y.parquet", b"no")
    text = "memory://b/t/y.parquet: is not Parquet"
    with pytest.raises(ConfigError, match=text):
        data.read_rows(["memory://b/t/y.parquet"], 10, 3)
    for folder in kept:
        folder.cleanup()
    config = with_defaults({"data": {"train": ["https://me:s3cr3t@host/x.parquet?sig=s3cr3t"]}})
    written = to_toml(config)
    assert 'train = ["https://host/x.parquet"]' in written


# ---- collections


def test_a_table_of_labels_is_parquet_by_its_path(memory: Any, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from bedtok.train.labels import read_label_table

    table = pandas.DataFrame({"barcode": ["A-1"], "label": ["B"]})
    table.to_parquet(tmp_path / "labels.parquet")
    url = "memory://b/labels.parquet?versionId=3"  # of this file system a part of the name
    memory.put_file(str(tmp_path / "labels.parquet"), "/b/labels.parquet?versionId=3")
    assert read_label_table(url).columns == {"label": ["B"]}


def test_collections(memory: Any, tokenizer: Tokenizer, tmp_path: Path) -> None:
    result = tokenize_files(["memory://b/peaks/"], tokenizer, output_dir=tmp_path, format="npz")
    assert list(result.samples) == ["one", "two"]
    assert result.samples["one"].path == "memory://b/peaks/one.bed"
    again = tokenize_files(["memory://b/peaks/*.*"], tokenizer, output_dir=tmp_path, format="npz")
    assert (again.skipped, len(again.failed)) == (2, 1)  # notes.md is no BED
    memory.pipe_file("/b/peaks/one.bed", b"chr1\t350\t360\nchr2\t1\t9\n")
    third = tokenize_files(["memory://b/peaks/"], tokenizer, output_dir=tmp_path, format="npz")
    assert (third.skipped, len(third.files)) == (1, 1)
    memory.rm("/b/peaks/one.bed")  # its tokens stay
    url = "memory://b/peaks/one.bed"
    last = tokenize_files([url], tokenizer, output_dir=tmp_path, format="npz")
    assert (last.skipped, last.failed) == (1, {})


def test_collections_of_cells(memory: Any, tokenizer: Tokenizer, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    anndata = pytest.importorskip("anndata", reason="anndata is not installed")
    fragments(memory)
    adata = anndata.AnnData(np.array([[1, 0], [0, 2]], dtype=np.float32))
    adata.var_names = ["chr1:100-200", "chr1:300-400"]
    adata.write_h5ad(tmp_path / "a.h5ad")
    memory.pipe_file("/b/cells/a.h5ad", (tmp_path / "a.h5ad").read_bytes())
    out = tmp_path / "out"
    result = tokenize_cells(["memory://b/cells/"], tokenizer, output_dir=out)
    assert list(result.samples) == ["a", "d1", "d2"]
    assert result.samples["d1"].path == "memory://b/cells/d1.tsv.gz"
    assert len(CellTokens.from_parquet(out, tokenizer)) == 6
    memory.pipe_file("/b/cells/d2.tsv.gz", memory.cat("/b/cells/d1.tsv.gz"))
    assert tokenize_cells(["memory://b/cells/*"], tokenizer, output_dir=out).skipped == 2


def test_a_collection_is_written_to_a_local_folder(tokenizer: Tokenizer) -> None:
    text = "memory://b/out: is a URL, expected a local path here; copy what is read before the call"
    raises(ConfigError, text, lambda: tokenize_files([], tokenizer, output_dir="memory://b/out"))
    raises(ConfigError, text, lambda: tokenizer.save_pretrained("memory://b/out"))


def test_the_same_url_is_given_twice(tokenizer: Tokenizer, tmp_path: Path) -> None:
    urls = ["https://h/a.bed?X-Amz-Signature=1", "https://me:pw@h/a.bed"]
    text = "paths: 1 are given twice, expected each file once"
    raises(ConfigError, text, lambda: tokenize_files(urls, tokenizer, output_dir=tmp_path))


# ---- outputs


def test_bed_files_are_uploaded(memory: Any) -> None:
    regions = RegionSet("memory://b/universe.bed.gz")
    regions.to_bed("memory://b/out.bed")
    regions.to_bed_gz("memory://b/out.bed.gz")
    assert memory.cat("/b/out.bed") == BED
    assert gzip.decompress(memory.cat("/b/out.bed.gz")) == BED


def test_commands_write_to_object_stores(memory: Any) -> None:
    vocabulary = "memory://b/universe.bed.gz"
    command = ["tokenize", vocabulary, "memory://b/peaks/", "-o", "memory://b/ids.jsonl"]
    assert main(command) == 0
    assert memory.cat("/b/ids.jsonl").startswith(b'{"sample": "one", "input_ids": [0, 2]}\n')
    assert main(["decode", vocabulary, "--input", "memory://b/ids.jsonl", "-o", "-"]) == 0


def test_an_upload_that_fails_leaves_what_was_there(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.pipe_file("/b/out.bed", b"before")

    def cut(self: Any, lpath: str, rpath: str, **_: Any) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(type(memory), "put_file", cut)
    regions = RegionSet("memory://b/universe.bed.gz")
    with pytest.raises(OSError, match="cannot be read or written: reset"):
        regions.to_bed("memory://b/out.bed")
    assert memory.cat("/b/out.bed") == b"before"


@pytest.mark.parametrize("url", ["https://host/a.bed", "ftp://host/a.bed", "zip://a::s3://b/a.zip"])
def test_only_object_stores_are_written_to(url: str) -> None:
    text = f"{url}: {url.partition('://')[0]}:// is not written to, as a part of a file could be"
    regions = RegionSet([("chr1", 1, 2)])
    raises(ConfigError, text, lambda: regions.to_bed(url))


def test_gtok_files_go_and_come(memory: Any, tokenizer: Tokenizer) -> None:
    url = "memory://b/deep/ids.gtok"
    write_tokens_to_gtok(url, [3, 70000])
    assert read_tokens_from_gtok(url) == [3, 70000]
    memory.pipe_file("/b/bad.gtok", b"GTOX")
    url = "memory://b/bad.gtok"
    raises(ParseError, f"{url}: begins with b'GTOX'", lambda: read_tokens_from_gtok(url))


@pytest.mark.parametrize(
    "command",
    [
        ["tokenize", "{b}/universe.bed.gz", "{b}/peaks/one.bed", "-o", "{b}/x.gtok"],
        ["tokenize", "{b}/universe.bed.gz", "{b}/peaks/", "-o", "{b}/x", "--format", "npz"],
        ["universe", "build", "{b}/peaks/", "-o", "{b}/x.bed"],
        ["universe", "index", "{b}/x"],
        ["report", "{b}/tokens", "--vocab", "{b}/universe.bed.gz"],
        ["inspect", "{b}/peaks/*", "--vocab", "{b}/universe.bed.gz", "--multiqc", "{b}/x"],
    ],
)
def test_commands_that_need_a_folder_say_so(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([word.format(b="memory://b") for word in command]) == 1
    assert "is a URL, expected a local path here; copy what is read" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []  # no folder called memory:


def test_a_page_goes_to_an_object_store(memory: Any) -> None:
    vocabulary = "memory://b/universe.bed.gz"
    command = ["inspect", "memory://b/peaks/*.bed*", "--vocab", vocabulary]
    assert main([*command, "--html", "memory://b/qc/report.html"]) == 0
    assert b"<html" in memory.cat("/b/qc/report.html")


# ---- what goes wrong


class Flaky:
    """A ``get_file`` that behaves as each item of a list says, then as it should."""

    def __init__(self, system: Any, faults: list[Any]) -> None:
        self.right = type(system).get_file
        self.faults = faults
        self.calls = 0

    def __call__(self, system: Any, name: str, path: str, **options: Any) -> None:
        self.calls += 1
        fault = self.faults.pop(0) if self.faults else None
        if isinstance(fault, Exception):
            raise fault
        self.right(system, name, path, **options)
        if fault == "cut":
            os.truncate(path, os.path.getsize(path) // 2)


def flaky(memory: Any, monkeypatch: pytest.MonkeyPatch, *faults: Any) -> Flaky:
    double = Flaky(memory, list(faults))
    monkeypatch.setattr(
        type(memory), "get_file", lambda self, *args, **options: double(self, *args, **options)
    )
    return double


def test_what_may_pass_is_tried_again(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [ConnectionResetError("reset"), "cut", TimeoutError("slow")]
    double = flaky(memory, monkeypatch, *faults)
    assert len(RegionSet("memory://b/universe.bed.gz")) == 3
    assert double.calls == 4


def test_a_file_that_is_always_cut_off_is_refused(
    memory: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    flaky(memory, monkeypatch, *["cut"] * 9)
    url = "memory://b/peaks/one.bed"  # its half would be BED, too
    text = f"cannot be read or written: got 11 of 22 bytes: '{url}'"
    raises(OSError, text, lambda: RegionSet(url))


@pytest.mark.parametrize(
    ("fault", "kind", "text", "calls"),
    [
        (PermissionError("Forbidden: s3cr3t"), PermissionError, "may not be read or written", 1),
        (FileNotFoundError("x"), FileNotFoundError, "No such file or directory", 1),
        (OSError(errno.ENOSPC, "full"), OSError, "TMPDIR names another", 1),
        (KeyError("s3cr3t"), Error, "KeyError: '***'", 1),
        (
            OSError(22, "bad request at https://me:pw@host/x?sig=s3cr3t"),
            OSError,
            "https://host/x",
            5,
        ),
    ],
)
def test_errors_are_told_apart_and_show_no_secrets(
    memory: Any,
    monkeypatch: pytest.MonkeyPatch,
    fault: Exception,
    kind: type[Exception],
    text: str,
    calls: int,
) -> None:
    double = flaky(memory, monkeypatch, *[fault] * 9)
    with pytest.raises(kind) as caught:
        RegionSet.from_bed("memory://b/universe.bed.gz", storage_options={"token": "s3cr3t"})
    assert type(caught.value) is kind
    assert text in str(caught.value)
    assert "s3cr3t" not in repr(caught.value)
    assert caught.value.__context__ is None
    assert double.calls == calls


@pytest.mark.parametrize(
    ("url", "kind", "text"),
    [
        ("memory://b/none.bed", FileNotFoundError, "No such file or directory"),
        ("memory://b/peaks", IsADirectoryError, "Is a directory"),
        ("memory://b/peaks/", ConfigError, "names a folder or several files, expected one file"),
        (
            "nothing://b/x.bed",
            Error,
            "the protocol 'nothing' is not known, expected one of fsspec's",
        ),
    ],
)
def test_what_is_no_file(url: str, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind) as caught:
        RegionSet(url)
    assert url in str(caught.value)
    assert text in str(caught.value)


def test_patterns_without_a_match(tokenizer: Tokenizer, tmp_path: Path) -> None:
    for url, text in (
        ("memory://b/peaks/*.tsv", "no file matches, expected at least one"),
        ("memory://b/cells/", "No such file or directory"),
    ):
        with pytest.raises((ConfigError, OSError), match=text):
            tokenize_files([url], tokenizer, output_dir=tmp_path)


@pytest.mark.parametrize(
    ("missing", "url", "text"),
    [
        ("fsspec", "s3://b/a.bed", "s3:// needs fsspec: pip install 'bedtok[remote]'"),
        ("s3fs", "s3://b/a.bed", "s3://b/a.bed: s3:// needs s3fs: pip install s3fs"),
        ("gcsfs", "gs://b/a.bed", "gs://b/a.bed: gs:// needs gcsfs: pip install gcsfs"),
        ("paramiko", "sftp://h/a.bed", "sftp:// needs paramiko: pip install paramiko"),
        ("aiohttp", "https://h/a.bed", "https:// needs aiohttp: pip install 'bedtok[remote]'"),
        (
            "aiohttp",
            "simplecache::http://h/a.bed",
            "http:// needs aiohttp: pip install 'bedtok[remote]'",
        ),
    ],
)
def test_a_missing_package_is_named(
    missing: str, url: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = pytest.importorskip("fsspec.registry")
    empty: dict[str, Any] = {}  # nothing has been loaded before
    monkeypatch.setattr(registry, "registry", empty)
    monkeypatch.setattr(registry, "_registry", empty)
    for name in list(sys.modules):
        if name.partition(".")[0] == missing or name in (
            "fsspec.implementations.http",
            "fsspec.implementations.sftp",
        ):
            monkeypatch.delitem(sys.modules, name)
    found = builtins.__import__

    def find(name: str, *args: Any, **keywords: Any) -> Any:
        if name.partition(".")[0] == missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return found(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", find)
    if missing == "fsspec":
        monkeypatch.setitem(sys.modules, "fsspec.core", None)
    raises(ImportError, text, lambda: RegionSet(url))


def test_options_reach_the_file_system(monkeypatch: pytest.MonkeyPatch) -> None:
    given = []

    def open_url(url: str, **options: Any) -> tuple[Any, str]:
        given.append((url, options))
        return fsspec.filesystem("memory"), "/b/universe.bed.gz"

    monkeypatch.setattr(sys.modules["fsspec.core"], "url_to_fs", open_url)
    RegionSet.from_bed("memory://x?a=1", storage_options={"anon": True})
    assert given == [("memory://x?a=1", {"anon": True})]
    text = "storage_options: expected a dict or None, not list"
    raises(TypeError, text, lambda: RegionSet.from_bed("memory://x", storage_options=[1]))  # type: ignore[arg-type]


# ---- texts


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("s3://bucket/a b.bed.gz", "s3://bucket/a b.bed.gz"),
        ("https://me:pw@host:80/a.bed#x", "https://host:80/a.bed"),
        ("https://token@host/a.bed", "https://host/a.bed"),
        ("https://me:p/w@host/a.bed", "https://host/a.bed"),
        ("https://host/@@download/a@b.bed", "https://host/@@download/a@b.bed"),
        ("http://[::1]:80/a.bed", "http://[::1]:80/a.bed"),
        ("sftp://me:pw@host/a.bed", "sftp://host/a.bed"),
        ("abfs://box@account.dfs.core.windows.net/a", "abfs://box@account.dfs.core.windows.net/a"),
        ("https://h/a?X-Amz-Date=1&X-Amz-Signature=2&X-Amz-Expires=3", "https://h/a"),
        ("https://h/a?sv=1&se=2&sr=b&sp=r&sig=abc%3D", "https://h/a"),
        ("https://h/a?AWSAccessKeyId=1&Signature=2&Expires=3", "https://h/a"),
        (
            "https://h/get?acc=GSM1&format=file&file=GSM1%2Ebed",
            "https://h/get?acc=GSM1&format=file&file=GSM1%2Ebed",
        ),
        ("https://h/a?api_key=1&access_token=2&x-token=3&secretKey=4", "https://h/a"),
        ("simplecache::https://me:pw@h/a.bed", "simplecache::https://h/a.bed"),
        ("zip://a.bed::https://me:pw@h/a.zip?sig=1", "zip://a.bed::https://h/a.zip"),
    ],
)
def test_a_url_is_shown_without_credentials(url: str, shown: str) -> None:
    assert redacted(url) == shown
    assert redacted(shown) == shown
    made = Url(url, {"key": "k3y"})
    assert (str(made), made.url) == (shown, url)
    copy = pickle.loads(pickle.dumps(made))
    assert (copy, copy.url, copy.storage_options) == (made, url, {"key": "k3y"})


def test_other_parameters_tell_files_apart_and_are_not_shown() -> None:
    one, two = redacted("https://h/a?design=h1dden"), redacted("https://h/a?design=other")
    assert one != two
    assert "h1dden" not in one
    assert one.startswith("https://h/a?")


def test_texts_of_libraries_are_scrubbed() -> None:
    url = Url("https://me:pass-word@h/a?sig=abcdef&acc=GSM1", {"headers": {"X": "h1dden"}})
    text = f"GET {url.url}\n 'https://other:pw@x/y?token=1', pass-word, h1dden, sig=abcdef GSM1"
    assert scrubbed(text, url) == ("GET https://h/a?acc=GSM1 'https://x/y', ***, ***, *** GSM1")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *(("s3://b/x", True), ("simplecache::s3://b/x", True), ("HTTPS://h/x", True)),
        *(("x.bed", False), ("C://x.bed", False), ("file:///x", False), ("chr1:5-9", False)),
        *(("a::b.bed", False), ("./s3://b", False), (b"s3://b", False), (None, False)),
    ],
)
def test_what_a_url_is(text: Any, is_one: bool) -> None:
    assert is_url(text) is is_one


def test_names_of_samples() -> None:
    urls = [
        "s3://b/x/one.bed.gz",
        "https://me:pw@h/two.narrowPeak?sig=1",
        "https://h/a/three.bed?design=1",
        "s3://b/x/same.bed",
        "s3://b/y/same.bed",
    ]
    names = sample_names([source_path(url) for url in urls])
    assert names == ["one", "two", "three", "s3://b/x/same.bed", "s3://b/y/same.bed"]
    assert {type(name) for name in names} == {str}
    assert fragment_sample_names([source_path("s3://b/d1.fragments.tsv.gz?versionId=3")]) == ["d1"]
    files = [source_path("s3://b/d1.h5ad?versionId=3"), "x/D2.H5AD", "x/d3.fragments.tsv.gz"]
    assert cell_sample_names(files) == ["d1", "D2", "d3"]
    assert cell_sample_names(["x/a.h5ad", "x/a.tsv"]) == ["x/a.h5ad", "x/a.tsv"]


def test_the_state_of_a_file_is_what_the_store_says() -> None:
    from datetime import datetime, timezone

    moment = datetime(2026, 11, 22, tzinfo=timezone.utc)
    second = int(moment.timestamp()) * 10**9
    one = state_of_info({"size": 5, "LastModified": moment, "ETag": '"a"'})
    two = state_of_info({"size": 5, "LastModified": moment, "ETag": '"b"'})
    assert one.size == two.size == 5
    assert one.mtime_ns != two.mtime_ns
    assert {state.mtime_ns // 10**9 for state in (one, two)} == {second // 10**9}  # type: ignore[operator]
    for said in ("2026-11-22T00:00:00Z", moment.timestamp(), moment.replace(tzinfo=None)):
        assert state_of_info({"updated": said}) == (None, second)
    assert state_of_info({"size": 3}) == (3, None)


def test_regions_do_not_keep_credentials(memory: Any) -> None:
    memory.pipe_file("/b/a?token=pass-word", BED)
    regions = RegionSet("memory://b/a?token=pass-word")
    assert regions.path == "memory://b/a"
    assert b"pass-word" not in pickle.dumps(regions)


NAME = st.text("abcdefghijklmnop_-", min_size=1, max_size=12).filter(lambda name: name not in SHOWN)
SECRET = st.text("abcXYZ019-_.~%+=", min_size=6, max_size=30)


@given(
    protocol=st.sampled_from(["https", "http", "s3", "sftp", "webdav", "smb"]),
    user=st.text("abcXYZ019", min_size=1, max_size=9),
    secret=SECRET,
    name=NAME,
    chain=st.sampled_from(["", "simplecache::", "zip://a.bed::"]),
)
def test_no_part_of_a_secret_is_ever_shown(
    protocol: str, user: str, secret: str, name: str, chain: str
) -> None:
    place = f"host/folder/x.bed?{name}={secret}"
    for url in (f"{chain}{protocol}://{place}", f"{chain}{protocol}://{user}:{secret}@{place}"):
        shown = redacted(url)
        assert secret not in shown.replace("host/folder/x.bed", "").replace(chain, "")
        assert "host/folder/x.bed" in shown
        assert redacted(shown).partition("?")[0] == shown.partition("?")[0]
        assert secret not in scrubbed(f"GET {url}: {secret}", Url(url)).replace("x.bed", "")
