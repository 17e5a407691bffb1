# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files to files of tokens."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, Error, ParseError, RegionSet, Tokenizer
from bedtok.io import manifest, token_folder, tokenize_files
from bedtok.io.manifest import folder_lock, write_manifest
from bedtok.io.shards import read_entries
from bedtok.utils import read_tokens_from_gtok

FORMS = ["parquet", "npz", "gtok"]


@pytest.fixture(autouse=True)
def _arrow() -> None:
    pytest.importorskip("pyarrow")


@pytest.fixture
def beds(tmp_path: Path) -> list[Path]:
    """Eleven files; of each region two of three hit chr1:100-200 and others."""
    folder = tmp_path / "beds"
    folder.mkdir()
    for i in range(11):
        RegionSet(
            [("chr1", 110 + i, 190), ("chr1", 310, 320 + i), ("chr2", 1000, 1001)][: 1 + i % 3]
        ).to_bed(folder / f"s{i}.bed")
    return sorted(folder.iterdir())


def read(folder: Path, form: str) -> dict[str, list[int]]:
    """The ids of each sample in a folder, as another program reads them."""
    found: dict[str, list[int]] = {}
    if form == "gtok":
        return {path.stem: read_tokens_from_gtok(path) for path in folder.glob("*.gtok")}
    for path in sorted(folder.glob(f"part-*.{form}")):
        if form == "parquet":
            import pyarrow.parquet as pq

            columns = pq.read_table(path).to_pydict()
            assert list(columns) == ["sample", "input_ids"]
            found.update(zip(columns["sample"], columns["input_ids"], strict=True))
        else:
            with np.load(path) as shard:
                rows = np.split(shard["values"], shard["offsets"][1:-1])
                found.update(
                    (name, row.tolist()) for name, row in zip(shard["samples"], rows, strict=True)
                )
    return found


def manifest_of(folder: Path) -> Any:
    """The manifest of a folder as JSON values."""
    if (folder / "tokens_manifest.json").exists():
        return json.loads((folder / "tokens_manifest.json").read_text())
    import pyarrow.parquet as pq

    return json.loads(pq.read_schema(folder / "tokens_manifest.parquet").metadata[b"bedtok"])


def by_hand(tokenizer: Tokenizer, beds: list[Path], **options: Any) -> dict[str, list[int]]:
    return {path.stem: tokenizer(path, **options)["input_ids"] for path in beds}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("num_threads", [1, 3])
def test_files_become_shards_of_a_folder(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any, num_threads: int
) -> None:
    result = tokenize_files(
        beds,
        tokenizer,
        output_dir=tmp_path / "out",
        format=form,
        samples_per_shard=4,
        num_threads=num_threads,
    )
    assert read(tmp_path / "out", form) == by_hand(tokenizer, beds)
    assert list(result.samples) == [path.stem for path in beds]
    entry = result.samples["s2"]
    assert (entry.regions, entry.hits, entry.tokens) == (3, 2, 4)
    assert entry.path == str(tmp_path / "beds" / "s2.bed")
    assert entry.size == (tmp_path / "beds" / "s2.bed").stat().st_size and len(entry.digest) == 16
    assert result.hit_rate == pytest.approx(sum(min(1 + i % 3, 2) for i in range(11)) / 21)
    assert len(result.files) == (11 if form == "gtok" else 3)
    assert str(result).startswith(f"{tmp_path / 'out'}: samples: 11 (0 skipped), tokens: ")
    assert "hit rate 85.7%, 66.7% to 100.0% a sample" in str(result)
    manifest = manifest_of(tmp_path / "out")
    assert manifest["tokenizer_digest"] == tokenizer.digest
    assert manifest["failed"] == {}
    if form == "gtok":
        listed = manifest["samples"]
    else:
        shards = read_entries(tmp_path / "out", form).values()
        listed = {name: entry.to_dict() for held in shards for name, entry in held.items()}
    assert listed == {name: entry.to_dict() for name, entry in result.samples.items()}
    allowed = (f".{form}", f"tokens_manifest.{'parquet' if form == 'parquet' else 'json'}")
    assert all(path.name.endswith(allowed) for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize("form", FORMS)
def test_a_second_run_writes_what_is_missing(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds[:5], tokenizer, output_dir=out, format=form, samples_per_shard=2)
    before = {p: p.stat().st_mtime_ns for p in out.iterdir() if "manifest" not in p.name}
    again = tokenize_files(beds, tokenizer, output_dir=out, format=form, samples_per_shard=4)
    assert again.skipped == 5 and len(again.samples) == 11
    assert len(again.files) == (6 if form == "gtok" else 2)
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert read(out, form) == by_hand(tokenizer, beds)
    assert tokenize_files(beds, tokenizer, output_dir=out, format=form).files == []


@pytest.mark.parametrize("form", ["parquet", "npz"])
def test_a_run_that_was_killed_loses_nothing_that_was_finished(
    tokenizer: Tokenizer,
    beds: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: Any,
) -> None:
    out = tmp_path / "out"
    real = token_folder.write_samples
    calls = []

    def dies(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(token_folder, "write_samples", dies)
    with pytest.raises(KeyboardInterrupt):
        tokenize_files(beds, tokenizer, output_dir=out, format=form, samples_per_shard=3)
    # As if the process had ended between the shard and its manifest, too.
    settings = {name: manifest_of(out)[name] for name in ("format", "tokenizer_digest")}
    write_manifest(out, settings, {}, {})
    result = tokenize_files(beds, tokenizer, output_dir=out, format=form, samples_per_shard=3)
    assert result.skipped == 6 and len(result.samples) == 11
    assert read(out, form) == by_hand(tokenizer, beds)


def test_bad_files_are_listed_at_the_end(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    beds[3].write_text("chr1\t9\t5\n")
    beds[7].unlink()
    out = tmp_path / "out"
    result = tokenize_files(beds, tokenizer, output_dir=out, samples_per_shard=4)
    assert result.failed == {
        str(beds[3]): f"{beds[3]}:1: end 5 is before start 9",
        str(beds[7]): f"{beds[7]}: No such file or directory",
    }
    assert str(result).endswith(
        f"\nfailed: 2\n  {beds[3]}:1: end 5 is before start 9\n"
        f"  {beds[7]}: No such file or directory"
    )
    good = [path for i, path in enumerate(beds) if i not in (3, 7)]
    assert read(out, "parquet") == by_hand(tokenizer, good)
    # Repaired, they are done by the next run.
    for i in (3, 7):
        beds[i].write_text("chr1\t110\t120\n")
    assert tokenize_files(beds, tokenizer, output_dir=out).failed == {}
    assert read(out, "parquet") == by_hand(tokenizer, beds)


def test_strict_ends_at_the_first_bad_file(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    beds[5].write_text("chr1\tx\t5\n")
    with pytest.raises(ParseError, match=r"s4.bed:1: start 'x' is not a coordinate"):
        tokenize_files(
            beds, tokenizer, output_dir=tmp_path / "out", samples_per_shard=2, strict=True
        )
    done = read(tmp_path / "out", "parquet")
    assert done == by_hand(tokenizer, [path for path in beds[:4] if path.stem in done])


def test_options_and_template_hold(tokenizer: Tokenizer, beds: list[Path], tmp_path: Path) -> None:
    own = tokenizer.with_options(template="<cls> $A")
    tokenize_files(beds, own, output_dir=tmp_path / "out", unique=True, on_miss="unk")
    assert read(tmp_path / "out", "parquet") == by_hand(own, beds, unique=True, on_miss="unk")
    # A miss that gives <unk> is no hit.
    result = tokenize_files(beds, own, output_dir=tmp_path / "unk", on_miss="unk")
    entry = result.samples["s2"]
    assert (entry.regions, entry.hits, entry.tokens) == (3, 2, 6)


def test_a_folder_of_something_else_is_refused(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds, tokenizer, output_dir=out)
    for other, keywords in (
        (tokenizer, {"unique": True}),
        (Tokenizer.from_regions(["chr1:1-2"]), {}),
        (tokenizer, {"format": "npz"}),
    ):
        with pytest.raises(ConfigError, match=r"holds tokens with (tokenizer_digest|format) '"):
            tokenize_files(beds, other, output_dir=out, **keywords)  # type: ignore[arg-type]
    (out / "tokens_manifest.parquet").unlink()
    with pytest.raises(ConfigError, match=r"holds tokens and no manifest, expected a new"):
        tokenize_files(beds, tokenizer, output_dir=out)
    (out / "tokens_manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"tokens_manifest.json: is not a manifest of tokens"):
        tokenize_files(beds, tokenizer, output_dir=out)
    with pytest.raises(ConfigError, match="format is 'csv', expected one of: parquet, npz, gtok"):
        tokenize_files(beds, tokenizer, output_dir=out, format="csv")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="paths: 1 are given twice"):
        tokenize_files([beds[0], beds[0]], tokenizer, output_dir=out)
    with pytest.raises(TypeError, match="argument 'uniqe'; did you mean 'unique'"):
        tokenize_files(beds, tokenizer, output_dir=out, uniqe=True)  # type: ignore[call-arg]


def test_samples_that_would_be_called_alike_keep_their_paths(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    twin = tmp_path / "other" / "s0.bed"
    twin.parent.mkdir()
    twin.write_text("chr1\t110\t120\n")
    result = tokenize_files([beds[0], twin], tokenizer, output_dir=tmp_path / "out")
    assert list(result.samples) == [str(beds[0]), str(twin)]


def test_gtok_files_of_two_samples_are_never_one(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = [Path("x_y/a.bed"), Path("x/y/a.bed"), Path("x/z/a.bed")]
    for i, path in enumerate(paths):
        path.parent.mkdir(parents=True)
        path.write_text(f"chr1\t{110 + i}\t120\n")
    for chosen in (paths, paths[:2]):
        with pytest.raises(
            ConfigError, match=r"^x_y/a\.bed and x/y/a\.bed: both would be written to x_y_a\.bed\."
        ):
            tokenize_files(chosen, tokenizer, output_dir="out", format="gtok")
        assert not Path("out").exists()
    tokenize_files(paths[1:], tokenizer, output_dir="out", format="gtok")
    assert sorted(path.name for path in Path("out").glob("*.gtok")) == [
        "x_y_a.bed.gtok",
        "x_z_a.bed.gtok",
    ]


def read_by_pandas(folder: Path) -> dict[str, Any]:
    table = pytest.importorskip("pandas").read_parquet(folder)
    return {"sample": list(table["sample"]), "input_ids": [list(x) for x in table["input_ids"]]}


def read_by_pyarrow(folder: Path) -> dict[str, Any]:
    import pyarrow.parquet as pq

    columns: dict[str, Any] = pq.read_table(folder).to_pydict()
    return columns


def read_by_polars(folder: Path) -> dict[str, Any]:
    table: dict[str, Any] = (
        pytest.importorskip("polars").read_parquet(folder).to_dict(as_series=False)
    )
    return table


def read_by_datasets(folder: Path) -> dict[str, Any]:
    datasets = pytest.importorskip("datasets")
    cache = folder.parent / "cache"
    rows = datasets.load_dataset("parquet", data_dir=str(folder), split="train", cache_dir=cache)
    return {"sample": list(rows["sample"]), "input_ids": [list(x) for x in rows["input_ids"]]}


@pytest.mark.parametrize(
    "reader", [read_by_pandas, read_by_pyarrow, read_by_polars, read_by_datasets]
)
def test_a_folder_is_a_parquet_dataset_as_it_stands(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, reader: Any
) -> None:
    tokenize_files(beds, tokenizer, output_dir=tmp_path / "out", samples_per_shard=4)
    columns = reader(tmp_path / "out")
    assert list(columns) == ["sample", "input_ids"]
    ids = dict(zip(columns["sample"], columns["input_ids"], strict=True))
    assert ids == by_hand(tokenizer, beds) and len(columns["sample"]) == len(beds)


def donors(folder: Path) -> list[Path]:
    """Two samples in files of one name."""
    paths = [folder / f"donor{i}" / "peaks.bed" for i in (1, 2)]
    for i, path in enumerate(paths):
        path.parent.mkdir()
        path.write_text(f"chr1\t{110 + 200 * i}\t{120 + 200 * i}\n")
    return paths


@pytest.mark.parametrize("form", FORMS)
def test_a_sample_is_its_path_not_its_name(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    first, second = (path.relative_to(tmp_path) for path in donors(tmp_path))
    ids = {path: tokenizer(path)["input_ids"] for path in (first, second)}
    assert ids[first] != ids[second]
    tokenize_files([first], tokenizer, output_dir="out", format=form)
    result = tokenize_files([second], tokenizer, output_dir="out", format=form)
    assert list(result.samples) == ["peaks", str(second)] and result.skipped == 0
    # Both, by other spellings of their paths: nothing is done twice.
    again = tokenize_files(
        [tmp_path / first, "./" + str(second)], tokenizer, output_dir="out", format=form
    )
    assert again.skipped == 2 and again.files == []
    name = "donor2_peaks.bed" if form == "gtok" else str(second)
    assert read(Path("out"), form) == {"peaks": ids[first], name: ids[second]}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_changed_is_tokenized_again(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds, tokenizer, output_dir=out, format=form, samples_per_shard=4)
    RegionSet([("chr1", 310, 320)]).to_bed(beds[3])
    RegionSet([("chr2", 1000, 1001)]).to_bed(beds[9])
    result = tokenize_files(beds, tokenizer, output_dir=out, format=form)
    assert result.skipped == 9 and len(result.samples) == 11
    assert len(result.files) == (2 if form == "gtok" else 1)
    assert read(out, form) == by_hand(tokenizer, beds)
    assert result.samples[beds[3].stem].regions == 1
    # The same content at another time is no change, also when it is the same size.
    os.utime(beds[0], ns=(1, 1))
    assert tokenize_files(beds, tokenizer, output_dir=out, format=form).files == []
    text = beds[0].read_text()
    beds[0].write_text(text.replace("110", "111"))
    assert len(tokenize_files(beds, tokenizer, output_dir=out, format=form).files) == 1
    assert read(out, form) == by_hand(tokenizer, beds)


def test_files_that_were_moved_with_their_folder_are_known(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    tokenize_files(beds, tokenizer, output_dir=tmp_path / "out")
    moved = (tmp_path / "beds").rename(tmp_path / "moved")
    result = tokenize_files(sorted(moved.iterdir()), tokenizer, output_dir=tmp_path / "out")
    assert result.skipped == 11 and result.files == []


def test_short_names_and_paths_that_collide_stay_distinct(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = ["s.bed", "q/s.bed", "r/s.bed.bed"]
    for path in paths:
        Path(path).parent.mkdir(exist_ok=True)
        Path(path).write_text("chr1\t110\t120\n")
    result = tokenize_files(paths, tokenizer, output_dir="out")
    assert list(result.samples) == paths
    assert sorted(read(Path("out"), "parquet")) == sorted(paths)


@pytest.mark.parametrize("form", ["parquet", "npz"])
def test_shards_beyond_five_digits_are_not_written_over(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds[:1], tokenizer, output_dir=out, format=form)
    (out / f"part-00000.{form}").rename(out / f"part-99999.{form}")
    tokenize_files(beds[:4], tokenizer, output_dir=out, format=form, samples_per_shard=1)
    assert read(out, form) == by_hand(tokenizer, beds[:4])
    assert (out / f"part-100002.{form}").exists()


def test_a_second_run_at_the_same_time_is_kept_out(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with folder_lock(out):
        with pytest.raises(Error, match=rf"another run writes .*process {os.getpid()} on"):
            tokenize_files(beds, tokenizer, output_dir=out)
        assert [path.name for path in out.iterdir()] == ["_bedtok.lock"]
    assert list(out.iterdir()) == []
    # A lock file of a process that was killed locks nothing.
    (out / "_bedtok.lock").write_text("process 1 on a machine that is off")
    tokenize_files(beds, tokenizer, output_dir=out)
    assert read(out, "parquet") == by_hand(tokenizer, beds)


@pytest.mark.parametrize("form", ["parquet", "npz"])
@pytest.mark.parametrize("damage", ["cut", "foreign", "text", "empty"])
def test_a_damaged_or_foreign_shard_is_named(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any, damage: str
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds[:2], tokenizer, output_dir=out, format=form)
    shard = out / f"part-00000.{form}"
    if damage == "foreign" and form == "parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({"a": [1]}), shard)
    elif damage == "foreign":
        np.savez(shard, a=np.zeros(3))
    else:
        content = {"cut": shard.read_bytes()[:-40], "text": b"not a shard", "empty": b""}[damage]
        shard.write_bytes(content)
    with pytest.raises(ConfigError, match=r"part-00000\.\w+: is not a shard of tokenize_files"):
        tokenize_files(beds, tokenizer, output_dir=out, format=form)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 1}', "[" * 10000, '{"samples": {"a": {}}}']
)
def test_a_damaged_manifest_is_named(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, content: str
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds[:2], tokenizer, output_dir=out, format="gtok")
    (out / "tokens_manifest.json").write_text(content)
    with pytest.raises(ConfigError, match=r"tokens_manifest\.json: is not a manifest of tokens"):
        tokenize_files(beds, tokenizer, output_dir=out, format="gtok")
    settings = {"format": "gtok", "tokenizer_digest": tokenizer.digest}
    for samples in ([], {"a": {}}, {"a": None}, {"a": {"path": 1}}):
        (out / "tokens_manifest.json").write_text(json.dumps({**settings, "samples": samples}))
        with pytest.raises(ConfigError, match=r"tokens_manifest\.json: does not list samples"):
            tokenize_files(beds, tokenizer, output_dir=out, format="gtok")


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_a_name_that_parquet_cannot_hold_is_refused_before_anything_is_written(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    path = os.fsencode(tmp_path) + b"/s\xe9.bed"
    with open(path, "w") as file:
        file.write("chr1\t110\t120\n")
    name = os.fsdecode(path)
    with pytest.raises(ConfigError, match="the sample's name is not UTF-8, which Parquet needs"):
        tokenize_files([name], tokenizer, output_dir=tmp_path / "out")
    result = tokenize_files([name], tokenizer, output_dir=tmp_path / "npz", format="npz")
    assert list(result.samples) == [os.fsdecode(b"s\xe9")]


def test_datasets_streams_the_shards(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    tokenize_files(beds, tokenizer, output_dir=tmp_path / "out", samples_per_shard=4)
    stream = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "*.parquet"), split="train", streaming=True
    )
    assert {row["sample"]: row["input_ids"] for row in stream} == by_hand(tokenizer, beds)


@pytest.mark.parametrize("on_error", ["warn", "skip"])
def test_bad_lines_are_left_out_on_request(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, on_error: Any
) -> None:
    expected = tokenize_files(beds, tokenizer, output_dir=tmp_path / "expected")
    with beds[3].open("a") as file:
        file.write("chr1\t9\t5\n")
    strict = tokenize_files(beds, tokenizer, output_dir=tmp_path / "strict")
    assert list(strict.failed) == [str(beds[3])]
    assert strict.skipped_lines == {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = tokenize_files(beds, tokenizer, output_dir=tmp_path / "out", on_error=on_error)
    assert result.failed == {}
    assert result.skipped_lines == {str(beds[3]): 1}
    assert read(tmp_path / "out", "parquet") == read(tmp_path / "expected", "parquet")
    assert len(expected.samples) == len(result.samples)
    messages = [str(warning.message) for warning in caught]
    assert len(messages) == (on_error == "warn")
    assert all(f"{beds[3]}: 1 line was skipped: line" in message for message in messages)


def test_a_manifest_takes_a_small_share_of_a_long_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    written: list[float] = []

    def write(*content: object) -> None:
        nonlocal now
        written.append(now)
        now += 1  # it takes a second

    monkeypatch.setattr(manifest, "write_manifest", write)
    monkeypatch.setattr(manifest.time, "monotonic", lambda: now)
    growing = manifest.GrowingManifest(tmp_path, {}, {}, {})
    growing.write()
    for _ in range(200):
        now += 1  # for a shard
        growing.write_if_due()
    growing.write()
    assert 200 / 25 <= len(written) <= 200 / 20 + 2 and written[-1] == now - 1
