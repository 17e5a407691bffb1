# SPDX-License-Identifier: BSD-2-Clause
"""Collections of BED files to files of tokens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, ParseError, RegionSet, Tokenizer
from bedtok.io import collection, tokenize_files
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
    assert result.samples["s2"] == {"regions": 3, "hits": 2, "tokens": 4}
    assert result.hit_rate == pytest.approx(sum(min(1 + i % 3, 2) for i in range(11)) / 21)
    assert len(result.files) == (11 if form == "gtok" else 3)
    assert str(result).startswith(f"{tmp_path / 'out'}: samples: 11 (0 skipped), tokens: ")
    assert "hit rate 85.7%, 66.7% to 100.0% a sample" in str(result)
    manifest = json.loads((tmp_path / "out" / "_manifest.json").read_text())
    assert manifest["tokenizer_digest"] == tokenizer.digest
    assert manifest["samples"] == result.samples and manifest["failed"] == {}
    assert not list((tmp_path / "out").glob("*.tmp*"))


@pytest.mark.parametrize("form", FORMS)
def test_a_second_run_does_what_is_missing(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path, form: Any
) -> None:
    out = tmp_path / "out"
    tokenize_files(beds[:5], tokenizer, output_dir=out, format=form, samples_per_shard=2)
    before = {path: path.stat().st_mtime_ns for path in out.iterdir() if path.suffix != ".json"}
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
    real = collection.write_shard
    calls = []

    def dies(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(collection, "write_shard", dies)
    with pytest.raises(KeyboardInterrupt):
        tokenize_files(beds, tokenizer, output_dir=out, format=form, samples_per_shard=3)
    # As if the process had ended between the shard and its manifest, too.
    manifest = json.loads((out / "_manifest.json").read_text())
    manifest["samples"] = {}
    (out / "_manifest.json").write_text(json.dumps(manifest))
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
    assert result.samples["s2"] == {"regions": 3, "hits": 2, "tokens": 6}


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
    (out / "_manifest.json").unlink()
    with pytest.raises(ConfigError, match=r"holds tokens and no _manifest.json, expected a new"):
        tokenize_files(beds, tokenizer, output_dir=out)
    (out / "_manifest.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"_manifest.json: is not a manifest of tokens"):
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


def test_a_folder_is_a_parquet_dataset_as_it_stands(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    import pyarrow.dataset as ds

    tokenize_files(beds, tokenizer, output_dir=tmp_path / "out", samples_per_shard=4)
    table = ds.dataset(tmp_path / "out", format="parquet").to_table().to_pydict()
    assert dict(zip(table["sample"], table["input_ids"], strict=True)) == by_hand(tokenizer, beds)


def test_datasets_streams_the_shards(
    tokenizer: Tokenizer, beds: list[Path], tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    tokenize_files(beds, tokenizer, output_dir=tmp_path / "out", samples_per_shard=4)
    stream = datasets.load_dataset(
        "parquet", data_files=str(tmp_path / "out" / "*.parquet"), split="train", streaming=True
    )
    assert {row["sample"]: row["input_ids"] for row in stream} == by_hand(tokenizer, beds)
