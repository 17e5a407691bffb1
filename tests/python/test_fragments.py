# SPDX-License-Identifier: BSD-2-Clause
"""Fragment files to the tokens of cells, in one pass."""

from __future__ import annotations

import gzip
import random
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedtok import ConfigError, Error, ParseError, RegionSet, Tokenizer, VocabularyError
from bedtok.cells import CellTokens
from bedtok.tokenizers import tokenize_fragment_file
from conftest import VOCABULARY
from raising import raises
from strategies import examples

Fragment = tuple[str, int, int, str]

# Ids: chr1:100-200 0, chr1:300-400 1, chr2:50-60 2, chr1:150-350 3, HLA 4, chr2:10-90 5; unk 6.
FRAGMENTS: list[Fragment] = [
    ("chr1", 120, 160, "AAAC-1"),
    ("chr1", 250, 310, "CCGT-1"),
    ("chr1", 500, 600, "AAAC-1"),
    ("chr2", 55, 58, "AAAC-1"),
    ("chr9", 1, 2, "GGGG-1"),
    ("chr2", 5, 20, "CCGT-1"),
]
TOKENS = {"AAAC-1": [0, 3, 5, 2], "CCGT-1": [3, 1, 5], "GGGG-1": [6]}


def lines(fragments: list[Fragment], more: tuple[object, ...] = (1,)) -> str:
    return "".join("\t".join(map(str, (*f, *more))) + "\n" for f in fragments)


def naive(
    tokenizer: Tokenizer, fragments: list[Fragment], counting: str, **options: Any
) -> dict[str, list[int]]:
    """One call of the tokenizer for each fragment, as one would write it without this."""
    unk = tokenizer.unk_token_id
    cells: dict[str, list[int]] = {}
    for chrom, start, end, barcode in fragments:
        pieces = [(chrom, start, end)]
        if counting == "insertion":
            pieces = [(chrom, start, start + 1), (chrom, end - 1, end)] if start < end else []
        ids = cells.setdefault(barcode, [])
        for piece in pieces:
            found = tokenizer([piece], **options)["input_ids"]
            ids += [] if found == [unk] and options.get("on_miss") != "unk" else found
    if options.get("unique"):
        cells = {barcode: list(dict.fromkeys(ids)) for barcode, ids in cells.items()}
    if options.get("order") == "vocabulary":
        cells = {barcode: sorted(ids) for barcode, ids in cells.items()}
    return {barcode: ids or [unk] for barcode, ids in cells.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "fragments.tsv"
    file.write_text("# id=x\n#\n" + lines(FRAGMENTS))
    return file


def test_cells_come_in_the_order_of_first_sight(tokenizer: Tokenizer, path: Path) -> None:
    cells = tokenizer.encode_fragments(path)
    assert isinstance(cells, CellTokens)
    assert cells.to_dict() == TOKENS
    assert cells.names == ["AAAC-1", "CCGT-1", "GGGG-1"]
    assert cells.values.dtype == np.int32 and cells.offsets.dtype == np.int64
    assert cells.lengths.tolist() == [4, 3, 1]
    assert cells["CCGT-1"].tolist() == cells[1].tolist() == cells[-2].tolist() == [3, 1, 5]
    assert repr(cells) == "CellTokens(3 cells, 8 tokens)"


@pytest.mark.parametrize("columns", [(), (1,), (1, "+"), (1, "+", "x")])
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_columns_behind_the_barcode_change_nothing(
    tokenizer: Tokenizer, tmp_path: Path, columns: tuple[object, ...], pack: Callable[..., bytes]
) -> None:
    file = tmp_path / "fragments"
    file.write_bytes(pack(lines(FRAGMENTS, columns).encode()))
    assert tokenizer.encode_fragments(file).to_dict() == TOKENS


barcodes = st.sampled_from(["A", "C", "a-long-barcode-of-more-than-24-bytes-1", "A-1"])
fragments = st.tuples(
    st.sampled_from(["chr1", "chr2", "chr3"]), st.integers(0, 450), st.integers(0, 90), barcodes
).map(lambda f: (f[0], f[1], f[1] + f[2], f[3]))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(80))
@given(
    found=st.lists(fragments, max_size=25),
    counting_strategy=st.sampled_from(["fragment", "insertion"]),
    options=st.fixed_dictionaries(
        {},
        optional={
            "unique": st.booleans(),
            "order": st.sampled_from(["input", "vocabulary"]),
            "on_miss": st.sampled_from(["drop", "unk"]),
            "min_overlap": st.integers(0, 30),
            "best_overlap": st.booleans(),
        },
    ),
    num_threads=st.integers(1, 3),
)
def test_cells_are_what_a_call_for_each_fragment_gives(
    tokenizer: Tokenizer,
    tmp_path: Path,
    found: list[Fragment],
    counting_strategy: Any,
    options: dict[str, Any],
    num_threads: int,
) -> None:
    file = tmp_path / "fragments.tsv"
    file.write_text(lines(found))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # chr3 is not known to the vocabulary
        cells = tokenizer.encode_fragments(
            file, counting_strategy=counting_strategy, num_threads=num_threads, **options
        )
        assert cells.to_dict() == naive(tokenizer, found, counting_strategy, **options)


def test_filters_choose_cells_and_qc_tells_of_all(tokenizer: Tokenizer, path: Path) -> None:
    def names(**keywords: Any) -> list[str]:
        return tokenizer.encode_fragments(path, **keywords).names

    assert names(barcodes=["GGGG-1", "none", "AAAC-1"]) == ["GGGG-1", "AAAC-1"]
    assert names(min_fragments=2) == ["AAAC-1", "CCGT-1"]
    assert names(min_tokens=1) == ["AAAC-1", "CCGT-1"]  # a cell without a hit has no token
    assert names(min_tokens=4) == ["AAAC-1"]
    assert names(max_tokens=3) == ["CCGT-1", "GGGG-1"]
    assert names(chroms=["chr2"]) == ["AAAC-1", "CCGT-1"]
    assert names(region="chr1:260-270") == ["CCGT-1"]
    qc = tokenizer.encode_fragments(path, min_tokens=4).qc
    assert qc.index.tolist() == ["AAAC-1", "CCGT-1", "GGGG-1"]
    assert qc["fragments"].tolist() == [3, 2, 1]
    assert qc["hits"].tolist() == [2, 2, 0]
    assert qc["hit_rate"].tolist() == [2 / 3, 1, 0]
    assert qc["kept"].tolist() == [True, False, False]
    ends = tokenizer.encode_fragments(path, counting_strategy="insertion").qc
    assert ends["hits"].tolist() == [4, 3, 0] and ends["hit_rate"].tolist() == [4 / 6, 3 / 4, 0]


@pytest.mark.parametrize("counting_strategy", ["fragment", "insertion"])
def test_excluded_fragments_are_those_of_bedtools(
    tokenizer: Tokenizer, tmp_path: Path, counting_strategy: Any
) -> None:
    if shutil.which("bedtools") is None:
        pytest.skip("bedtools is not installed")
    chance = random.Random(5)

    def interval(longest: int) -> tuple[str, int, int]:
        start = chance.randrange(450)
        return chance.choice(["chr1", "chr2", "chr3"]), start, start + chance.randint(1, longest)

    for _ in range(4):
        found = [(*interval(90), f"CELL{chance.randrange(9)}-1") for _ in range(120)]
        file, black = tmp_path / "fragments.tsv", tmp_path / "black.bed"
        file.write_text(lines(found))
        black.write_text("".join("{}\t{}\t{}\n".format(*interval(20)) for _ in range(5)))
        command = ["bedtools", "intersect", "-v", "-a", file, "-b", black]
        kept = tmp_path / "kept.tsv"
        kept.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # chr3 is not known to the vocabulary
            ours, theirs = (
                tokenizer.encode_fragments(path, counting_strategy=counting_strategy, **keywords)
                for path, keywords in ((file, {"exclude": black}), (kept, {}))
            )
        assert len(kept.read_bytes()) < len(file.read_bytes())
        assert ours.to_dict() == theirs.to_dict()
        same = ["fragments", "hits", "kept"]
        assert ours.qc[same].equals(theirs.qc[same])
        a, b = ours.report, theirs.report
        assert a is not None and b is not None
        assert (a.regions, a.hits, a.tokens) == (b.regions, b.hits, b.tokens)


def test_what_is_excluded_may_be_any_regions(tokenizer: Tokenizer, path: Path) -> None:
    # 160 is one past the end of the first fragment; the index has no chr9.
    for exclude in ([], ["chr1:160-250"], RegionSet(["chr5:0-1000"])):
        assert tokenizer.encode_fragments(path, exclude=exclude).to_dict() == TOKENS
    found = tokenizer.encode_fragments(path, exclude=["chr1:159-160", "chr2:0-1000"])
    assert found.to_dict() == {"CCGT-1": [3, 1], "AAAC-1": [6], "GGGG-1": [6]}
    with pytest.raises(FileNotFoundError, match="nope"):
        tokenizer.encode_fragments(path, exclude="nope.bed")


def test_misses_are_dropped_unless_asked_for(tokenizer: Tokenizer, path: Path) -> None:
    with_unk = {"AAAC-1": [0, 3, 6, 5, 2], "CCGT-1": [3, 1, 5], "GGGG-1": [6]}
    assert tokenizer.encode_fragments(path, on_miss="unk").to_dict() == with_unk
    assert tokenizer.with_options(on_miss="unk").encode_fragments(path).to_dict() == TOKENS
    assert tokenize_fragment_file(path, tokenizer) == with_unk
    assert tokenize_fragment_file(path, tokenizer, on_miss="drop") == TOKENS
    message = r"fragments.tsv:5: chr1:500-600 hits nothing in the vocabulary, and on_miss is 'err"
    with pytest.raises(VocabularyError, match=message):
        tokenizer.encode_fragments(path, on_miss="error")


def test_standard_input_is_a_file_too(path: Path, vocabulary_bed: Path) -> None:
    code = (
        "import sys; from bedtok import Tokenizer\n"
        "print(Tokenizer(sys.argv[1]).encode_fragments('-').to_dict())"
    )
    import os

    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", code, str(vocabulary_bed)]
    with path.open("rb") as file:
        done = subprocess.run(command, stdin=file, env=env, capture_output=True, check=True)
    assert eval(done.stdout) == TOKENS


def test_an_index_gives_what_the_whole_file_gives(tokenizer: Tokenizer, tmp_path: Path) -> None:
    pysam = pytest.importorskip("pysam")
    file = tmp_path / "fragments.tsv"
    file.write_text(lines(sorted(FRAGMENTS)))
    without = [tokenizer.encode_fragments(file, region=r) for r in ("chr1:100-300", "chr3:1-9")]
    indexed = pysam.tabix_index(str(file), preset="bed", keep_original=True)
    assert Path(indexed + ".tbi").exists()
    with_index = [
        tokenizer.encode_fragments(indexed, region=r) for r in ("chr1:100-300", "chr3:1-9")
    ]
    assert with_index == without
    assert without[0].to_dict() == {"AAAC-1": [0, 3], "CCGT-1": [3, 1]}
    # With a damaged body and a sound index only the part that is asked for is read.
    assert with_index[1].to_dict() == {}


@pytest.mark.filterwarnings("ignore:60000 regions start past the last")
@pytest.mark.parametrize("num_threads", [1, 2, 4])
def test_a_bad_line_far_down_is_named(
    tokenizer: Tokenizer, tmp_path: Path, num_threads: int
) -> None:
    good = lines(FRAGMENTS) * 60_000  # beyond one block of text
    number = 6 * 60_000
    file = tmp_path / "fragments.tsv"
    file.write_text(good + "chr1\t9\t5\tAAAC-1\t1\n" + "chr1\tx\ty\tz\n")
    with pytest.raises(ParseError) as caught:
        tokenizer.encode_fragments(file, num_threads=num_threads)
    assert str(caught.value) == f"{file}:{number + 1}: end 5 is before start 9"
    assert (caught.value.path, caught.value.line) == (str(file), number + 1)
    file.write_text(good + "chr1\t5\t9\n")
    with pytest.raises(
        ParseError, match=f":{number + 1}: the line has no barcode, expected one in"
    ):
        tokenizer.encode_fragments(file, num_threads=num_threads)
    # Nothing is left of it: the next call is as good as the first.
    file.write_text(good)
    assert tokenizer.encode_fragments(file, num_threads=num_threads).lengths.sum() == 60_000 * 7 + 1


@pytest.mark.parametrize("num_threads", [1, 2])
def test_a_file_that_is_cut_off_is_an_error(
    tokenizer: Tokenizer, tmp_path: Path, num_threads: int
) -> None:
    whole = gzip.compress(lines(FRAGMENTS * 1000).encode())
    file = tmp_path / "cut.tsv.gz"
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ParseError, match="the gzip stream is cut off after"):
        tokenizer.encode_fragments(file, num_threads=num_threads)


def test_arguments_that_are_not_allowed_are_named(tokenizer: Tokenizer, path: Path) -> None:
    for keywords, message in [
        (
            {"counting_strategy": "ends"},
            "counting_strategy is 'ends', expected 'fragment' or 'insertion'",
        ),
        ({"on_miss": "skip"}, "on_miss is 'skip', expected one of: drop, unk, error"),
        ({"region": "chr1"}, "region is 'chr1', expected a text like chr1:1000-2000"),
        ({"min_tokens": -1}, "min_tokens is -1, expected 0 or more"),
        ({"num_threads": 0}, "num_threads is 0, expected 1 or more"),
    ]:
        with pytest.raises(ConfigError) as caught:
            tokenizer.encode_fragments(path, **keywords)  # type: ignore[arg-type]
        assert str(caught.value) == message
    with pytest.raises(
        TypeError, match="barcodes: expected a list of texts, got the text 'AAAC-1'"
    ):
        tokenizer.encode_fragments(path, barcodes="AAAC-1")
    with pytest.raises(TypeError, match="unexpected keyword argument 'barcode'; did you mean"):
        tokenizer.encode_fragments(path, barcode=["x"])  # type: ignore[call-arg]
    with pytest.raises(FileNotFoundError):
        tokenizer.encode_fragments(path.with_name("none"))


# ---- what cells become


def test_cells_become_batches_tables_and_files(
    tokenizer: Tokenizer, path: Path, tmp_path: Path
) -> None:
    cells = tokenizer.encode_fragments(path)
    batch = tokenizer(cells, padding=True, return_tensors="np")
    assert batch["input_ids"].tolist() == [[0, 3, 5, 2], [3, 1, 5, 7], [6, 7, 7, 7]]
    assert tokenizer(cells, truncation=True, max_length=2)["input_ids"] == [[0, 3], [3, 1], [6]]
    assert cells.to_lists() == list(TOKENS.values())
    assert cells[1:].to_dict() == {name: TOKENS[name] for name in ("CCGT-1", "GGGG-1")}
    assert cells[2:1].to_lists() == []
    pa = pytest.importorskip("pyarrow")
    assert cells.to_arrow().to_pylist() == cells[:].to_arrow().to_pylist() == cells.to_lists()
    assert cells.to_arrow().type == pa.list_(pa.int32())
    import pyarrow.parquet as pq

    (file,) = cells.to_parquet(tmp_path / "cells.parquet")
    table = pq.read_table(file).to_pydict()
    assert (table["cell"], table["input_ids"]) == (cells.names, cells.to_lists())
    shards = cells.to_parquet(tmp_path / "shards", samples_per_shard=2)
    assert [Path(s).name for s in shards] == ["part-00000.parquet", "part-00001.parquet"]
    assert pq.read_table(tmp_path / "shards").to_pydict()["input_ids"] == cells.to_lists()
    assert sorted(p.name for p in (tmp_path / "shards").iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]


def test_cells_become_an_anndata(tokenizer: Tokenizer, path: Path) -> None:
    pytest.importorskip("anndata")
    counts = tokenizer.encode_fragments(path, on_miss="unk").to_anndata()
    assert counts.shape == (3, 6)
    assert counts.X.toarray().tolist() == [
        [1, 0, 1, 1, 0, 1],
        [0, 1, 0, 1, 0, 1],
        [0, 0, 0, 0, 0, 0],
    ]
    assert counts.obs_names.tolist() == list(TOKENS)
    assert counts.var_names.tolist() == tokenizer.decode(list(range(6)))
    assert counts.var["start"].tolist() == [region[1] for region in VOCABULARY]
    assert counts.obs["n_tokens"].tolist() == [5, 3, 1]
    assert counts.obs["fragments"].tolist() == [3, 2, 1]


def test_counts_are_kept_or_made_binary(tokenizer: Tokenizer, tmp_path: Path) -> None:
    pytest.importorskip("anndata")
    file = tmp_path / "f.tsv"
    file.write_text(lines([FRAGMENTS[0]] * 3))
    cells = tokenizer.encode_fragments(file)
    assert cells.to_anndata().X.toarray().tolist() == [[3, 0, 0, 3, 0, 0]]
    assert cells.to_anndata(binary=True).X.toarray().tolist() == [[1, 0, 0, 1, 0, 0]]


def test_ids_of_another_vocabulary_are_refused(tokenizer: Tokenizer, path: Path) -> None:
    cells = tokenizer.encode_fragments(path)
    other = Tokenizer.from_regions(["chr1:1-2"])
    with pytest.raises(VocabularyError, match="ids of a tokenizer with another vocabulary"):
        other(cells)
    with pytest.raises(KeyError, match="'x' is not among the 3 cells"):
        cells["x"]
    with pytest.raises(IndexError):
        cells[3]


def test_a_parquet_file_that_fails_leaves_the_old_one(
    tokenizer: Tokenizer, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    cells = tokenizer.encode_fragments(path)
    file = tmp_path / "out" / "cells.parquet"
    file.parent.mkdir()
    cells.to_parquet(file)
    before = file.read_bytes()

    def full(*arguments: Any, **keywords: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        cells.to_parquet(file)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_a_dict_of_cells_needs_distinct_names(tokenizer: Tokenizer, path: Path) -> None:
    cells = tokenizer.encode_fragments(path)
    names = [cells.names[0]] * len(cells)
    twins = CellTokens(tokenizer, cells.values, cells.offsets, names)
    with pytest.raises(Error, match=r"two cells are named 'AAAC-1', expected distinct names"):
        twins.to_dict()
    assert twins.to_lists() == cells.to_lists()


# ---- bad lines


MIXED = (
    "chrom\tstart\tend\tbarcode\n"
    "chr1\t100\t200\tA\nchr1\t9\t5\tA\nchr1\t100\t200\nchr1\tx\t200\tB\nchr2\t50\t60\tB\n"
)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_bad_fragments_are_left_out_on_request_and_counted(
    tokenizer: Tokenizer, tmp_path: Path, threads: int
) -> None:
    path = tmp_path / "f.tsv"
    path.write_text(MIXED)
    raises(
        ParseError,
        f"{path}:3: end 5 is before start 9",
        lambda: tokenizer.encode_fragments(path, num_threads=threads),
    )
    good = tmp_path / "good.tsv"
    good.write_text("chr1\t100\t200\tA\nchr2\t50\t60\tB\n")
    expected = tokenizer.encode_fragments(good)
    assert expected.skipped_lines == 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skipped = tokenizer.encode_fragments(path, on_error="skip", num_threads=threads)
    with pytest.warns(UserWarning) as caught:
        warned = tokenizer.encode_fragments(path, on_error="warn", num_threads=threads)
    assert skipped == warned == expected
    assert skipped.skipped_lines == warned.skipped_lines == 3
    assert str(caught[0].message).startswith(
        f"{path}: 3 lines were skipped: line 3: end 5 is before start 9; line 4: the line has no "
        "barcode"
    )
    assert caught[0].filename == __file__

    path.write_text("chr1\t100\t200\nchr1\t1\n")
    raises(ParseError, ":1: ", lambda: tokenizer.encode_fragments(path, on_error="skip"))
    raises(
        ConfigError,
        "on_error is 'ignore', expected 'raise', 'warn' or 'skip'",
        lambda: tokenizer.encode_fragments(path, on_error="ignore"),  # type: ignore[arg-type]
    )
