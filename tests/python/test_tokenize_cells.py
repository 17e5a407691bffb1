# SPDX-License-Identifier: BSD-2-Clause
"""Collections of cells to a folder of shards: the rows of the single calls, resumed, bounded."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, Error, ParseError, Tokenizer
from bedtok._regions import h5ad
from bedtok.cells import CellTokens
from bedtok.io import TokenizedFiles, cell_tokens, shards, tokenize_cells, tokenize_files
from bedtok.io.manifest import folder_lock
from test_cli import Cli, vocab
from test_cli import run as command

run_command, vocab = command, vocab  # fixtures

ad = pytest.importorskip("anndata")
pd = pytest.importorskip("pandas")
pq = pytest.importorskip("pyarrow.parquet")
sp = pytest.importorskip("scipy.sparse")

REGIONS = 200  # chr1:0-80, chr1:100-180 ...


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_regions([("chr1", 100 * i, 100 * i + 80) for i in range(REGIONS)])


def write_fragments(path: Path, seed: int, cells: int, lines: int = 400) -> Path:
    chance = np.random.default_rng(seed)
    starts = np.sort(chance.integers(0, 100 * REGIONS - 80, lines))
    barcodes = chance.integers(0, cells, lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = zip(starts.tolist(), barcodes.tolist(), strict=True)
    path.write_text("".join(f"chr1\t{s}\t{s + 15}\tCELL{b}-1\t1\n" for s, b in rows))
    return path


def write_h5ad(path: Path, cells: int, form: str = "csr", **obs: Any) -> Any:
    chance = np.random.default_rng(cells)
    matrix: Any = (chance.random((cells, 50)) < 0.2).astype(np.float32)
    if form != "dense":
        matrix = sp.csr_matrix(matrix).asformat(form)
    var = pd.DataFrame(index=[f"chr1:{300 * i}-{300 * i + 50}" for i in range(50)])
    kinds = pd.Categorical([("B", "T", "NK")[i % 3] for i in range(cells)])
    frame = pd.DataFrame({"cell_type": kinds, **obs}, index=[f"BC{i}-1" for i in range(cells)])
    adata = ad.AnnData(matrix, obs=frame, var=var)
    adata.layers["binary"] = (adata.X > 0.5).astype(np.float32)
    adata.write_h5ad(path)
    return adata


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two fragment files of 30 and 12 cells, and an AnnData of 25."""
    write_fragments(tmp_path / "in" / "a.fragments.tsv", 1, 30)
    write_fragments(tmp_path / "in" / "b.tsv", 2, 12)
    write_h5ad(tmp_path / "in" / "c.h5ad", 25)
    return [tmp_path / "in" / name for name in ("a.fragments.tsv", "b.tsv", "c.h5ad")]


def single(tokenizer: Tokenizer, files: list[Path], **keywords: Any) -> CellTokens:
    """The same cells by the calls that hold all of them in memory."""
    fragments = [path for path in files if path.suffix != ".h5ad"]
    parts = [tokenizer.encode_fragments(fragments, **keywords)] if fragments else []
    parts += [
        tokenizer.encode_anndata(ad.read_h5ad(path), names=[path.stem])
        for path in files
        if path.suffix == ".h5ad"
    ]
    return CellTokens.concat(parts)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def run(files: list[Path], tokenizer: Tokenizer, out: Path, **keywords: Any) -> TokenizedFiles:
    return tokenize_cells(files, tokenizer, output_dir=out, **{"samples_per_shard": 10, **keywords})


# ---- rows


@pytest.mark.parametrize("threads", [1, 3])
def test_rows_are_those_of_the_single_calls(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path, threads: int
) -> None:
    result = run(files, tokenizer, tmp_path / "out", num_threads=threads)
    expected = single(tokenizer, files)
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert cells == expected
    pd.testing.assert_frame_equal(cells.obs, expected.obs)
    # Of each sample shards of its own, of at most ten cells.
    assert [len(pq.read_table(path)) for path in result.files] == [10, 10, 10, 10, 2, 10, 10, 5]
    assert result.report is not None
    entries: Any = result.samples
    assert [(e.cells, e.regions, e.total) for e in entries.values()] == [
        (30, 400, 30),
        (12, 400, 12),
        (25, 50, 25),
    ]
    assert sum(entry.tokens for entry in entries.values()) == len(cells.values)
    assert result.report.regions == 850  # peaks count once, in however many shards their cells are
    assert str(result).startswith(
        f"{tmp_path / 'out'}: samples: 3 (0 skipped), cells: 67, tokens: "
    )
    run(files, tokenizer, tmp_path / "other", num_threads=4 - threads)
    assert contents(tmp_path / "other") == contents(tmp_path / "out")


def test_options_choose_cells_as_in_the_single_calls(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    keywords = {"min_tokens": 9, "max_tokens": 13, "min_fragments": 8, "unique": True}
    result = run([files[0], files[2]], tokenizer, tmp_path / "out", **keywords)
    fragments = tokenizer.encode_fragments([files[0]], min_fragments=8, unique=True)
    anndata = tokenizer.encode_anndata(ad.read_h5ad(files[2]), names=["c"], unique=True)
    expected = CellTokens.concat([fragments, anndata]).filter(min_tokens=9, max_tokens=13)
    assert 0 < len(expected) < 40
    assert CellTokens.from_parquet(tmp_path / "out", tokenizer) == expected
    again = run([files[0], files[2]], tokenizer, tmp_path / "out", **keywords)
    assert again.files == [] and again.skipped == 2 and again.samples == result.samples
    # A file of which no cell is left is nowhere in the folder, and is read again.
    before = contents(tmp_path / "out")
    assert run(files[1:2], tokenizer, tmp_path / "out", **keywords).files == []
    assert contents(tmp_path / "out") == before


def test_barcodes_are_names_with_or_without_samples(
    run_command: Cli, tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    listed = ["c#BC1-1", "b#CELL2-1", "BC4-1", "CELL3-1", "a#CELL9-1", "b#CELL3-1"]
    expected = ["a#CELL3-1", "a#CELL9-1", "b#CELL2-1", "b#CELL3-1", "c#BC1-1", "c#BC4-1"]
    run(files, tokenizer, tmp_path / "out", barcodes=listed)
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert sorted(cells.names) == expected
    fragments = tokenizer.encode_fragments(files[:2], barcodes=listed)
    assert fragments.names == ["a#CELL3-1", "a#CELL9-1", "b#CELL2-1", "b#CELL3-1"]
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "barcodes.tsv").write_text("\n".join(cells.names))
    words = ("--fragments", "--barcodes", tmp_path / "barcodes.tsv", "-o", tmp_path / "x.parquet")
    assert run_command("tokenize", tmp_path / "model", *files, *words).code == 0
    again = CellTokens.from_parquet(tmp_path / "x.parquet", tokenizer)
    assert again.names == expected
    text = "barcodes: 'd' is not a sample, expected: a, b, c"
    with pytest.raises(ConfigError, match=text):
        run(files, tokenizer, tmp_path / "dict", barcodes={"a": ["CELL3-1"], "d": ["CELL3-1"]})


@pytest.mark.parametrize(
    ("keywords", "call"),
    [
        (
            {"counting_strategy": "insertion", "on_miss": "unk", "chroms": ["chr1"]},
            {"counting_strategy": "insertion", "on_miss": "unk"},
        ),
        ({"barcodes": ["CELL3-1", "CELL1-1"]}, {"barcodes": ["CELL3-1", "CELL1-1"]}),
        ({"barcodes": {"b": ["CELL3-1"]}}, {"barcodes": {"b": ["CELL3-1"]}}),
        ({"chroms": ["chr2"]}, {"chroms": ["chr2"]}),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_options_of_fragments_are_those_of_encode_fragments(
    tokenizer: Tokenizer,
    files: list[Path],
    tmp_path: Path,
    keywords: dict[str, Any],
    call: dict[str, Any],
) -> None:
    result = run(files[:2], tokenizer, tmp_path / "out", **keywords)
    expected = tokenizer.encode_fragments(files[:2], **call)
    assert sum(getattr(entry, "cells", 0) for entry in result.samples.values()) == len(expected)
    if len(expected):
        assert CellTokens.from_parquet(tmp_path / "out", tokenizer) == expected
    else:
        assert result.files == [] and result.samples == {}


@pytest.mark.parametrize("form", ["csr", "csc", "dense"])
def test_anndata_is_read_in_parts_however_its_matrix_is_stored(
    tokenizer: Tokenizer, tmp_path: Path, form: str
) -> None:
    chance = np.random.default_rng(1)
    adata = write_h5ad(tmp_path / "x.h5ad", 43, form, score=chance.random(43))
    expected = tokenizer.encode_anndata(adata, layer="binary", threshold=0.5)
    keywords: dict[str, Any] = {"layer": "binary", "threshold": 0.5}
    result = run([tmp_path / "x.h5ad"], tokenizer, tmp_path / "out", **keywords)
    assert len(result.files) == 5
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert cells.names == [f"x#{name}" for name in expected.names]
    assert np.array_equal(cells.values, expected.values)
    assert np.array_equal(cells.offsets, expected.offsets)
    assert cells.obs["cell_type"].tolist() == expected.obs["cell_type"].tolist()
    assert cells.obs["score"].tolist() == expected.obs["score"].tolist()
    # A run that ended after some of the parts: only the others are written.
    for number in (0, 3):
        (tmp_path / "out" / f"part-{number:05d}.parquet").unlink()
    again = run([tmp_path / "x.h5ad"], tokenizer, tmp_path / "out", **keywords)
    assert [Path(path).name for path in again.files] == ["part-00005.parquet", "part-00006.parquet"]
    assert again.samples == result.samples and again.skipped == 0
    rows = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert {name: rows[name].tolist() for name in rows.names} == cells.to_dict()


def test_only_some_cells_of_a_file_are_read_at_a_time(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_h5ad(tmp_path / "x.h5ad", 43)
    seen: list[int] = []
    real = cell_tokens.cells_of_part

    def watched(core: Any, part: Any, *rest: Any) -> Any:
        # Matrices and layers are not in memory, only what is asked for is read.
        assert type(part.adata.X).__name__ != "csr_matrix"
        found = real(core, part, *rest)
        seen.append(len(found.names))
        return found

    monkeypatch.setattr(cell_tokens, "cells_of_part", watched)
    run([tmp_path / "x.h5ad"], tokenizer, tmp_path / "out", num_threads=1)
    assert seen == [10, 10, 10, 10, 3]


def test_a_backed_anndata_stands_for_its_file(tokenizer: Tokenizer, tmp_path: Path) -> None:
    adata = write_h5ad(tmp_path / "x.h5ad", 12)
    backed = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    result = tokenize_cells([backed], tokenizer, output_dir=tmp_path / "out")
    backed.file.close()
    assert list(result.samples) == ["x"] and len(result.files) == 1
    with pytest.raises(
        TypeError, match="got an AnnData in memory, expected a file; encode_anndata"
    ):
        tokenize_cells([adata], tokenizer, output_dir=tmp_path / "out")


def test_files_of_old_versions_of_anndata_are_read(tokenizer: Tokenizer, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    dtype = [("index", "S4"), ("n", "i4")]
    with h5py.File(tmp_path / "old.h5ad", "w") as file:
        file["X"] = np.eye(2, dtype=np.float32)
        file["obs"] = np.array([(b"A", 1), (b"B", 2)], dtype=dtype)
        names = [(b"chr1:0-50",), (b"chr1:150-160",)]
        file["var"] = np.array(names, dtype=[("index", "S12")])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run([tmp_path / "old.h5ad"], tokenizer, tmp_path / "out")
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert cells.to_dict() == {"old#A": [0], "old#B": [1]}


def test_peaks_and_fragments_are_left_out(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    run(files[2:], tokenizer, tmp_path / "out", exclude=["chr1:0-6000"], chroms=["chr1"])
    adata = ad.read_h5ad(files[2])[:, 20:].copy()
    expected = tokenizer.encode_anndata(adata, names=["c"])
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert np.array_equal(cells.values, expected.values)
    run(files[:2], tokenizer, tmp_path / "fragments", exclude=["chr1:0-6000"])
    expected = tokenizer.encode_fragments(files[:2], exclude=["chr1:0-6000"])
    assert len(expected.values) < len(tokenizer.encode_fragments(files[:2]).values)
    assert CellTokens.from_parquet(tmp_path / "fragments", tokenizer) == expected


# ---- names and columns


def test_samples_are_named(tokenizer: Tokenizer, tmp_path: Path) -> None:
    paths = [write_fragments(tmp_path / n / "fragments.tsv", i, 5) for i, n in enumerate("xyz")]
    write_h5ad(tmp_path / "s.h5ad", 4, sample=["D1", "D1", "D2", None])
    given = dict(zip(["one", "two", "three"], paths, strict=True))
    result = run(given, tokenizer, tmp_path / "out")  # type: ignore[arg-type]
    cells = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert cells == tokenizer.encode_fragments(paths, names=["one", "two", "three"])
    assert list(result.samples) == ["one", "two", "three"]
    assert run(paths, tokenizer, tmp_path / "out").skipped == 3
    with pytest.raises(
        ConfigError, match=r"x/fragments\.tsv: is sample 'one' in the folder, expected the same"
    ):
        run(paths[:1], tokenizer, tmp_path / "out", names=["uno"])
    new = write_fragments(tmp_path / "new.tsv", 9, 5)
    with pytest.raises(ConfigError, match=r"new\.tsv: another sample has the name 'two'"):
        run([new], tokenizer, tmp_path / "out", names=["two"])
    # Without names: by the files, and by their paths where those are the same.
    assert list(run(paths, tokenizer, tmp_path / "own").samples) == [str(path) for path in paths]
    # The column `sample` of an AnnData says more than its file's name.
    run([tmp_path / "s.h5ad"], tokenizer, tmp_path / "obs")
    cells = CellTokens.from_parquet(tmp_path / "obs", tokenizer)
    assert cells.names == ["D1#BC0-1", "D1#BC1-1", "D2#BC2-1", "BC3-1"]
    assert cells.obs["sample"].tolist() == ["D1", "D1", "D2", None]
    run([tmp_path / "s.h5ad"], tokenizer, tmp_path / "names", names=["D"])
    named = CellTokens.from_parquet(tmp_path / "names", tokenizer)
    assert named.names[::3] == ["D#BC0-1", "D#BC3-1"]
    assert list(named.obs.columns) == ["sample", "n_tokens", "cell_type"]


def test_columns_of_obs_are_chosen(tokenizer: Tokenizer, tmp_path: Path) -> None:
    write_h5ad(tmp_path / "a.h5ad", 4, batch=[1, 2, 3, 4], cell=list("abcd"))
    write_h5ad(tmp_path / "b.h5ad", 3)
    paths = [tmp_path / "a.h5ad", tmp_path / "b.h5ad"]
    result = run(paths, tokenizer, tmp_path / "all")
    assert list(result.failed) == [str(paths[0])]
    assert "columns: 'cell' is the name of a column" in result.failed[str(paths[0])]
    run(paths, tokenizer, tmp_path / "out", obs_columns=["cell_type", "batch"])
    for path in sorted((tmp_path / "out").glob("part-*")):
        names = pq.read_schema(path).names
        assert names == ["cell", "input_ids", "sample", "n_tokens", "cell_type", "batch"]
    table = pq.read_table(tmp_path / "out").to_pydict()
    assert table["batch"] == [1, 2, 3, 4, None, None, None]
    assert table["cell_type"] == ["B", "T", "NK", "B", "B", "T", "NK"]


# ---- what goes wrong


def test_a_bad_file_is_reported_and_the_others_are_written(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    good = files[0].read_text()
    files[0].write_text(good + "chr1\t9\t5\tCELL1-1\t1\n")
    files[2].write_bytes(files[2].read_bytes()[:3000])
    missing = tmp_path / "in" / "none.tsv"
    result = run([*files, missing], tokenizer, tmp_path / "out")
    assert list(result.samples) == ["b"]
    assert result.failed[str(files[0])] == f"{files[0]}:401: end 5 is before start 9"
    assert result.failed[str(files[2])].startswith(f"{files[2]}: not an AnnData file: ")
    assert result.failed[str(missing)] == f"{missing}: No such file or directory"
    manifest = pq.read_schema(tmp_path / "out" / "tokens_manifest.parquet").metadata[b"bedtok"]
    assert json.loads(manifest)["failed"] == result.failed
    with pytest.raises(ParseError, match=r"a\.fragments\.tsv:401: end 5 is before start 9"):
        run(files, tokenizer, tmp_path / "out", strict=True)
    skipping = run(files[:1], tokenizer, tmp_path / "out", on_error="skip")
    assert skipping.skipped_lines == {str(files[0]): 1} and skipping.failed == {}
    files[0].write_text("nothing\n" + good)
    with pytest.warns(UserWarning, match=r"a\.fragments\.tsv: 1 line was skipped: line 1"):
        run(files[:1], tokenizer, tmp_path / "out", on_error="warn")
    files[0].write_text(good)
    write_h5ad(files[2], 25)
    run(files, tokenizer, tmp_path / "out")
    rows = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert rows.to_dict() == single(tokenizer, files).to_dict()


def test_misfits_are_counted_in_one_warning(tokenizer: Tokenizer, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.tsv" for name in "ab"]
    for path in paths:
        path.write_text("".join(f"chr7\t{i}\t{i + 5}\tAAAC-1\t1\n" for i in range(200)))
    with pytest.warns(
        UserWarning, match=r"out: 2 of 2 samples do not fit .* a \(0\.0%\)"
    ) as caught:
        run(paths, tokenizer, tmp_path / "out")
    assert len(caught) == 1


def test_a_folder_holds_one_kind_of_rows(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    run(files, tokenizer, tmp_path / "out")
    for keywords, message in (
        ({"unique": True}, "holds tokens with tokenizer_digest"),
        ({"min_fragments": 3}, "holds tokens with min_fragments '0', not '3'"),
        ({"barcodes": ["x"]}, "holds tokens with barcodes 'all', not '"),
        ({"layer": "binary"}, "holds tokens with layer 'X', not 'binary'"),
        ({"obs_columns": ["a", "b"]}, "holds tokens with obs_columns 'all', not 'a, b'"),
    ):
        with pytest.raises(ConfigError, match=message):
            run(files, tokenizer, tmp_path / "out", **keywords)
    bed = tmp_path / "a.bed"
    bed.write_text("chr1\t10\t20\n")
    with pytest.raises(ConfigError, match="holds a row for each of its cells, not samples; choose"):
        tokenize_files([bed], tokenizer, output_dir=tmp_path / "out")
    tokenize_files([bed], tokenizer, output_dir=tmp_path / "beds")
    with pytest.raises(ConfigError, match="holds a row for each of its samples, not cells; choose"):
        run(files, tokenizer, tmp_path / "beds")
    with (
        folder_lock(tmp_path / "out"),
        pytest.raises(Error, match=r"out: another run writes to this folder"),
    ):
        run(files, tokenizer, tmp_path / "out")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"counting_strategy": "ends"}, "counting_strategy is 'ends', expected 'fragment' or"),
        ({"min_tokens": -1}, "min_tokens"),
        ({"engine": "spark"}, "engine is 'spark', expected one of: local, ray"),
        ({"samples_per_shard": 0}, "samples_per_shard"),
        ({"on_error": "stop"}, "on_error"),
        ({"names": ["one"]}, "names: 1 for 3 samples, expected one each"),
    ],
)
def test_options_are_checked_before_anything_is_written(
    tokenizer: Tokenizer,
    files: list[Path],
    tmp_path: Path,
    keywords: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(ConfigError, match=message):
        run(files, tokenizer, tmp_path / "out", **keywords)
    assert not (tmp_path / "out").exists()
    with pytest.raises(TypeError, match="argument 'min_token'; did you mean 'min_tokens'"):
        run(files, tokenizer, tmp_path / "out", min_token=3)
    with pytest.raises(ConfigError, match="paths: 1 are given twice"):
        run([files[0], files[0]], tokenizer, tmp_path / "out")


# ---- runs that end, and second runs


def test_files_that_changed_are_tokenized_again(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    run(files, tokenizer, tmp_path / "out")
    before = contents(tmp_path / "out")
    write_fragments(files[0], 7, 8)
    write_h5ad(files[2], 11)
    result = run(files, tokenizer, tmp_path / "out")
    assert result.skipped == 1 and len(result.files) == 3
    after = contents(tmp_path / "out")
    kept = {name for name in before if before[name] == after.get(name)}
    assert kept == {"part-00003.parquet", "part-00004.parquet", "tokens_manifest.parquet"}
    assert len(after) == 6
    rows = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert rows.to_dict() == single(tokenizer, files).to_dict()
    # The same content under another path is known.
    shutil.move(str(tmp_path / "in"), tmp_path / "moved")
    moved = [tmp_path / "moved" / path.name for path in files]
    assert run(moved, tokenizer, tmp_path / "out").skipped == 3


@pytest.mark.parametrize("ends_at", [1, 3, 4, 6])
def test_a_run_that_ends_leaves_whole_shards_and_is_resumed(
    tokenizer: Tokenizer,
    files: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends_at: int,
) -> None:
    expected = single(tokenizer, files).to_dict()
    opened: list[object] = []

    @contextlib.contextmanager
    def ends(path: str, mode: str) -> Iterator[Any]:
        opened.append(path)
        with open(path, mode) as file:
            # In the middle of a file, as a signal does it.
            yield _Interrupting(file) if len(opened) > ends_at else file

    with monkeypatch.context() as patch:
        patch.setattr(shards, "open", ends, raising=False)
        with pytest.raises(KeyboardInterrupt):
            run(files, tokenizer, tmp_path / "out", num_threads=2)
    left = {path.name for path in (tmp_path / "out").iterdir()}
    assert left == {"tokens_manifest.parquet", *(f"part-{i:05d}.parquet" for i in range(ends_at))}
    rows = CellTokens.from_parquet(tmp_path / "out", tokenizer)
    assert len(rows) > 0 and all(expected[name] == rows[name].tolist() for name in rows.names)
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("part-*")}
    result = run(files, tokenizer, tmp_path / "out")
    # Samples that were complete, and parts of an AnnData, stay as they are.
    assert result.skipped == (ends_at >= 3) + (ends_at >= 5)
    stays = 3 * (ends_at >= 3) + 2 * (ends_at >= 5) + max(ends_at - 5, 0)
    same = [p for p, time in times.items() if p.exists() and p.stat().st_mtime_ns == time]
    assert len(same) == stays
    assert CellTokens.from_parquet(tmp_path / "out", tokenizer).to_dict() == expected
    assert run(files, tokenizer, tmp_path / "out").files == []


class _Interrupting:
    """A file that ends the program in the middle of a write."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, content: Any) -> None:
        self._file.write(memoryview(content)[:100])
        raise KeyboardInterrupt


# ---- other ways in


def test_the_command_writes_a_folder(
    run_command: Cli, tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    model, out = tmp_path / "model", tmp_path / "out"
    tokenizer.save_pretrained(model)
    words = ("--fragments", "--format", "parquet", "-o", out)
    found = run_command("tokenize", model, *files, *words)
    assert found.code == 0 and found.out.startswith(f"{out}: samples: 3 (0 skipped), cells: 67, ")
    assert CellTokens.from_parquet(out, tokenizer) == single(tokenizer, files)
    files[1].write_text("chr1\t9\t5\tA\t1\n")
    failing = run_command("tokenize", model, *files, *words)
    assert failing.code == 1
    assert f"{files[1]}:1: end 5 is before start 9" in failing.err
    assert "files that could not be tokenized: 1" in failing.err
    low = run_command("tokenize", model, *files[:1], *words, "--min-hit-rate", "1")
    assert low.code == 1 and "a: hit rate " in low.err
    one = tmp_path / "one.parquet"
    run_command.fails(
        2,
        "--engine: belongs to --format parquet with a folder as --output",
        *("tokenize", model, *files[:1], "--fragments", "-o", one, "--engine", "ray"),
    )
    run_command.fails(
        2,
        "needs --output, a folder, and files to read",
        *("tokenize", model, "-", "--fragments", "--format", "parquet", "-o", tmp_path / "stdin"),
    )


def test_the_command_chooses_cells_of_any_file(
    run_command: Cli, tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "barcodes.tsv").write_text("barcode\tlabel\nBC4-1\tB\nc#BC1-1\tB\nCELL3-1\tT\n")
    words: list[object] = ["tokenize", tmp_path / "model", files[0], files[2], "--fragments"]
    words += ["--barcodes", tmp_path / "barcodes.tsv", "--min-tokens", 2, "--format", "parquet"]
    for output, more in (("one.parquet", []), ("folder", ["--samples-per-shard", 10])):
        assert run_command(*words, "-o", tmp_path / output, *more).code == 0
        cells = CellTokens.from_parquet(tmp_path / output, tokenizer)
        assert cells.names == ["a#CELL3-1", "c#BC1-1", "c#BC4-1"]


def test_a_folder_is_a_data_set_for_other_readers_and_for_training(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run(files[:2], tokenizer, out)
    table = pd.read_parquet(out)
    expected = single(tokenizer, files[:2])
    assert table["cell"].tolist() == expected.names
    assert [ids.tolist() for ids in table["input_ids"]] == expected.to_lists()
    pytest.importorskip("datasets")
    from bedtok.train.data import read_rows

    rows = read_rows([str(out)], tokenizer.vocab_size, tokenizer.num_regions)
    assert [row["input_ids"].tolist() for row in rows] == expected.to_lists()


def test_hdf5_is_known_by_its_content(tmp_path: Path) -> None:
    write_h5ad(tmp_path / "x", 2)
    assert h5ad.is_hdf5(str(tmp_path / "x"))
    assert not h5ad.is_hdf5(os.devnull) and not h5ad.is_hdf5(str(tmp_path / "none"))


def test_a_folder_of_cells_has_a_report(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path
) -> None:
    from bedtok.report import CollectionReport

    result = run(files, tokenizer, tmp_path / "out")
    report = CollectionReport.from_folder(tmp_path / "out", tokenizer, on_error="raise")
    assert [(s.sample, s.regions, s.hits, s.tokens) for s in report.samples] == [
        (name, entry.regions, entry.hits, entry.tokens) for name, entry in result.samples.items()
    ]
    assert report.files_read == 0
    ids = [set(single(tokenizer, [path]).values.tolist()) - {REGIONS} for path in files]
    assert report.similarity is not None
    order = [report.similarity.samples.index(name) for name in result.samples]
    found = report.similarity.jaccard[np.ix_(order, order)]
    assert found == pytest.approx(np.array([[len(a & b) / len(a | b) for b in ids] for a in ids]))
