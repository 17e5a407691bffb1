# SPDX-License-Identifier: BSD-2-Clause
"""CellTokens as a collection: selected, joined, with metadata, written and read back."""

from __future__ import annotations

import pickle
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedtok import ConfigError, Tokenizer, VocabularyError
from bedtok._ragged import take_rows
from bedtok.cells import CellTokens
from raising import raises

pd = pytest.importorskip("pandas")

# ids 0 1 2, unk 3
REGIONS = ["chr1:100-200", "chr1:300-400", "chr2:50-60"]
ROWS = {"A": [0, 2], "B": [1], "C": [3], "D": [2, 1, 0], "E": [0]}


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.from_regions(REGIONS)


def cells_of(tokenizer: Tokenizer, rows: dict[str, list[int]], **keywords: Any) -> CellTokens:
    values = np.array([i for ids in rows.values() for i in ids], dtype=np.int32)
    offsets = np.cumsum([0, *map(len, rows.values())], dtype=np.int64)
    return CellTokens(tokenizer, values, offsets, list(rows), **keywords)


@pytest.fixture
def cells(tokenizer: Tokenizer) -> CellTokens:
    return cells_of(tokenizer, ROWS, obs={"cell_type": list("xyxyz"), "score": [1, 2, 3, 4, 5]})


def fragments(folder: Path, name: str, lines: list[str]) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line.replace(" ", "\t") + "\t1\n" for line in lines))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        fragments(tmp_path, "one.tsv", ["chr1 120 160 A-1", "chr2 55 58 B-1", "chr1 350 360 A-1"]),
        fragments(tmp_path, "two.fragments.tsv", ["chr9 1 2 A-1", "chr2 55 58 C-1"]),
    ]


# ---- selection


@pytest.mark.parametrize(
    ("index", "names"),
    [
        ([True, False, False, True, False], "AD"),
        (np.array([False, True, False, False, True]), "BE"),
        (["D", "A"], "DA"),
        (np.array(["C", "B"]), "CB"),
        (pd.Index(["E"]), "E"),
        ([3, -5, 3], "DAD"),
        (np.array([4, 0], dtype=np.uint8), "EA"),
        ((1, 2), "BC"),
        ([], ""),
        (np.zeros(5, dtype=bool), ""),
        (slice(None), "ABCDE"),
        (slice(1, 3), "BC"),
        (slice(None, None, 2), "ACE"),
        (slice(None, None, -1), "EDCBA"),
        (slice(3, 0, -2), "DB"),
        (slice(4, 1), ""),
    ],
    ids=str,
)
def test_cells_are_selected_as_in_anndata(cells: CellTokens, index: Any, names: str) -> None:
    chosen = cells[index]
    assert chosen.names == list(names)
    assert chosen.to_lists() == [ROWS[name] for name in names]
    assert chosen.obs["cell_type"].tolist() == [
        dict(zip(ROWS, "xyxyz", strict=True))[n] for n in names
    ]
    assert chosen.obs.index.tolist() == chosen.names
    assert chosen.obs["n_tokens"].tolist() == chosen.lengths.tolist()


def test_a_column_of_obs_selects(cells: CellTokens) -> None:
    assert cells[cells.obs["cell_type"] == "x"].names == ["A", "C"]
    assert cells[cells.obs["score"] > 3].names == ["D", "E"]


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        ([True], IndexError, "a mask of 1 values for 5 cells, expected one a cell"),
        ([5], IndexError, "position 5 is outside of 5 cells"),
        ([-6], IndexError, "position -6 is outside of 5 cells"),
        (["A", "Q"], KeyError, "'Q' is not among the 5 cells"),
        ([0.5], TypeError, "index: expected positions, names or a mask of booleans, not"),
        (["A", 1], KeyError, "'1' is not among"),  # NumPy makes texts of both
        (np.zeros((2, 2), dtype=int), TypeError, "index: expected one dimension, got shape (2, 2)"),
        (1.5, TypeError, "index: expected a position, a name, a slice, a mask"),
        (True, TypeError, "index: expected a position, a name, a slice, a mask"),
        (None, TypeError, "index: expected a position, a name, a slice, a mask"),
    ],
    ids=str,
)
def test_what_selects_nothing_is_said(
    cells: CellTokens, index: Any, kind: type[Exception], message: str
) -> None:
    raises(kind, message, lambda: cells[index])


@given(
    st.lists(st.lists(st.integers(0, 99), max_size=5), min_size=1, max_size=12),
    st.data(),
)
def test_rows_are_taken_as_a_loop_takes_them(rows: list[list[int]], data: st.DataObject) -> None:
    order = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=20))
    values = np.array([i for row in rows for i in row], dtype=np.int32)
    offsets = np.cumsum([0, *map(len, rows)], dtype=np.int64)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bedtok._ragged._PIECE", data.draw(st.integers(1, 9)))
        taken, bounds = take_rows(values, offsets, np.array(order, dtype=np.int64))
    found = [taken[a:b].tolist() for a, b in pairwise(bounds)]
    assert found == [rows[i] for i in order]
    assert taken.dtype == np.int32


def test_cells_are_filtered_by_their_tokens(cells: CellTokens) -> None:
    assert cells.filter(min_tokens=2).names == ["A", "D"]
    assert cells.filter(min_tokens=2, max_tokens=2).names == ["A"]
    assert cells.filter(max_tokens=1).obs["score"].tolist() == [2, 3, 5]
    raises(ConfigError, "min_tokens is -1, expected 0 or more", lambda: cells.filter(min_tokens=-1))


# ---- metadata


def test_what_is_added_to_obs_comes_along(cells: CellTokens, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    cells.obs["donor"] = pd.Categorical(list("ppqqq"))
    assert cells[["D", "B"]].obs["donor"].tolist() == ["q", "p"]
    assert cells[1:3].obs["donor"].tolist() == ["p", "q"]
    assert (cells[:2] + cells[3:]).obs["donor"].tolist() == ["p", "p", "q", "q"]
    cells.to_parquet(tmp_path / "cells.parquet")
    again = CellTokens.from_parquet(tmp_path / "cells.parquet", cells.tokenizer)  # type: ignore[arg-type]
    assert again.obs["donor"].tolist() == list("ppqqq")
    assert pickle.loads(pickle.dumps(cells)).obs.equals(cells.obs)
    # A selection has a table of its own.
    cells[:2].obs["donor"] = "r"
    assert cells.obs["donor"].tolist() == list("ppqqq")


def test_obs_can_be_set_for_the_same_cells(cells: CellTokens) -> None:
    frame = pd.DataFrame({"label": range(5)}, index=list("EDCBA"))
    raises(
        ConfigError,
        "obs: the index of 5 rows is not the names of the 5 cells in their order; "
        "frame.reindex(cells.names) brings it there",
        lambda: setattr(cells, "obs", frame),
    )
    cells.obs = frame.reindex(cells.names)
    assert cells[["D"]].obs["label"].tolist() == [1]
    raises(
        TypeError, "obs: expected a pandas DataFrame, not dict", lambda: setattr(cells, "obs", {})
    )
    cells.obs.drop(index="A", inplace=True)
    raises(ConfigError, "obs has 4 rows, expected 5, one a cell", lambda: cells[:2])


def test_columns_of_other_lengths_are_refused(tokenizer: Tokenizer) -> None:
    raises(
        ConfigError,
        "obs: column 'x' has shape (2,), expected (5,), one value a cell",
        lambda: cells_of(tokenizer, ROWS, obs={"x": [1, 2]}),
    )
    raises(
        TypeError,
        "obs: a column is named 3, expected a text",
        lambda: cells_of(tokenizer, ROWS, obs={3: []}),
    )


def test_fragments_bring_their_metadata(tokenizer: Tokenizer, files: list[Path]) -> None:
    one = tokenizer.encode_fragments(files[0])
    assert one.obs.to_dict("list") == {
        "sample": ["one", "one"],
        "n_tokens": [2, 1],
        "fragments": [2, 1],
        "hits": [2, 1],
        "hit_rate": [1.0, 1.0],
    }
    insertions = tokenizer.encode_fragments(files[1], counting_strategy="insertion", names=["x"])
    assert insertions.obs["sample"].tolist() == ["x", "x"]
    assert insertions.obs["hit_rate"].tolist() == [0, 1]


def test_an_anndata_brings_its_metadata_and_gets_it_back(tokenizer: Tokenizer) -> None:
    ad = pytest.importorskip("anndata")
    obs = pd.DataFrame({"cell_type": ["x", "y"], "sample": ["s", "s"]}, index=["a", "b"])
    adata = ad.AnnData(np.array([[1, 0, 1], [0, 1, 0]]), obs=obs, var=pd.DataFrame(index=REGIONS))
    cells = tokenizer.encode_anndata(adata)
    assert cells.obs.columns.tolist() == ["n_tokens", "cell_type", "sample"]
    assert tokenizer.encode_anndata(adata, obs_mask=["b"]).obs["cell_type"].tolist() == ["y"]
    cells.obs["cluster"] = [1, 2]
    assert "cluster" not in adata.obs
    back = cells.to_anndata()
    assert back.X.toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert back.obs["cluster"].tolist() == [1, 2]
    assert back.obs["cell_type"].tolist() == ["x", "y"]
    assert tokenizer.encode_anndata(back) == cells


# ---- joined


def test_cells_of_several_samples_are_named_by_them(
    tokenizer: Tokenizer, files: list[Path]
) -> None:
    one, two = (tokenizer.encode_fragments(path) for path in files)
    together = one + two
    assert together.names == ["one#A-1", "one#B-1", "two#A-1", "two#C-1"]
    assert together.to_lists() == one.to_lists() + two.to_lists() == [[0, 1], [2], [3], [2]]
    assert together.obs["sample"].tolist() == ["one", "one", "two", "two"]
    assert together.qc.loc["two#C-1"].to_dict() == {
        "fragments": 1,
        "hits": 1,
        "hit_rate": 1.0,
        "kept": True,
        "sample": "two",
    }
    assert together == tokenizer.encode_fragments(files)
    assert together.report is not None and one.report is not None and two.report is not None
    assert together.report.regions == one.report.regions + two.report.regions == 5
    assert together.report.distinct_tokens == 3
    # Parts of it are joined to the same; halves of one sample keep their names.
    assert together[:1] + together[1:] == together
    assert one[:1] + one[1:] == one
    assert (one + two) + one[:0] == together


def test_samples_that_share_name_and_cells_get_numbers(
    tokenizer: Tokenizer, files: list[Path]
) -> None:
    one = tokenizer.encode_fragments(files[0])
    twice = one + one
    assert twice.names == ["one#A-1", "one#B-1", "one-2#A-1", "one-2#B-1"]
    assert (twice + one).names[4:] == ["one-3#A-1", "one-3#B-1"]
    assert twice.qc.index.tolist() == twice.names
    nameless = cells_of(tokenizer, ROWS)
    both = CellTokens.concat([nameless[:2], nameless[1:]])
    assert both.names == ["0#A", "0#B", "1#B", "1#C", "1#D", "1#E"]
    assert both.obs["sample"].tolist() == ["0"] * 2 + ["1"] * 4
    assert "sample" not in (nameless[:2] + nameless[2:]).obs


def test_names_name_the_samples(tokenizer: Tokenizer, files: list[Path]) -> None:
    one = tokenizer.encode_fragments(files[0])
    for joined in (
        CellTokens.concat([one, one], names=["p", "q"]),
        CellTokens.concat({"p": one, "q": one}),
        tokenizer.encode_fragments({"p": files[0], "q": files[0]}),
    ):
        assert joined.names == ["p#A-1", "p#B-1", "q#A-1", "q#B-1"]
    renamed = CellTokens.concat([one + one], names=["z"])
    assert renamed.obs["sample"].tolist() == ["z"] * 4


def test_columns_that_a_part_lacks_are_missing_values(
    cells: CellTokens, tokenizer: Tokenizer
) -> None:
    other = cells_of(tokenizer, {"F": [0]}, obs={"score": [0.5], "flag": [True]})
    joined = (cells[:2] + other).obs
    assert joined["score"].tolist() == [1, 2, 0.5]
    assert joined["cell_type"].tolist()[:2] == ["x", "y"] and joined["cell_type"].isna().iloc[2]
    assert joined["flag"].isna().tolist() == [True, True, False]


def test_what_cannot_be_joined_is_said(
    cells: CellTokens, tokenizer: Tokenizer, files: list[Path]
) -> None:
    other = cells_of(Tokenizer.from_regions(["chr1:1-2"]), {"F": [0]})
    raises(
        VocabularyError,
        "part 1 has the ids of another vocabulary (8 tokens) than part 0 (10), expected one",
        lambda: cells + other,
    )
    unique = tokenizer.with_options(unique=True)
    assert len(cells + cells_of(unique, {"F": [0]})) == 6  # the ids mean the same
    raises(
        TypeError, "part 1: expected CellTokens, not list", lambda: CellTokens.concat([cells, []])
    )
    raises(ConfigError, "parts: there is none", lambda: CellTokens.concat([]))
    raises(
        ConfigError,
        "names: 1 for 2 samples, expected one each",
        lambda: CellTokens.concat([cells, cells], names=["a"]),
    )
    raises(
        ConfigError,
        "names: 'a' is given twice, expected distinct names",
        lambda: tokenizer.encode_fragments(files, names=["a", "a"]),
    )
    raises(
        TypeError,
        "names: expected a list of texts, got the text 'ab'",
        lambda: tokenizer.encode_fragments(files, names="ab"),
    )
    raises(
        ConfigError,
        "names: the keys of the dict are the names, expected None beside it",
        lambda: CellTokens.concat({"a": cells}, names=["b"]),
    )
    with pytest.raises(TypeError):
        cells + 1  # type: ignore[operator]


# ---- many fragment files


def test_barcodes_are_chosen_by_sample(tokenizer: Tokenizer, files: list[Path]) -> None:
    chosen = tokenizer.encode_fragments(files, barcodes={"two": ["C-1"]})
    assert chosen.names == ["one#A-1", "one#B-1", "two#C-1"]
    assert tokenizer.encode_fragments(iter(files), barcodes=["C-1", "B-1"]).names == [
        "one#B-1",
        "two#C-1",
    ]
    raises(
        ConfigError,
        "barcodes: 'three' is not a sample, expected: one, two",
        lambda: tokenizer.encode_fragments(files, barcodes={"three": ["A-1"]}),
    )
    raises(
        ConfigError,
        "path: got no file, expected at least one",
        lambda: tokenizer.encode_fragments([]),
    )


def test_files_of_one_name_are_named_by_their_paths(tokenizer: Tokenizer, tmp_path: Path) -> None:
    paths = [fragments(tmp_path, f"{d}/fragments.tsv.gz"[:-3], ["chr1 120 160 A-1"]) for d in "pq"]
    assert tokenizer.encode_fragments(paths).names == [f"{path}#A-1" for path in paths]


def test_files_that_do_not_fit_are_counted_in_one_warning(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    good = fragments(tmp_path, "good.tsv", ["chr1 120 160 A-1"])
    bad = fragments(tmp_path, "bad.tsv", ["1 120 160 A-1"])
    with pytest.warns(
        UserWarning, match="1 of 2 fragment files do not fit the vocabulary; the first: "
    ) as told:
        tokenizer.encode_fragments([good, bad])
    assert len(told) == 1 and str(bad) in str(told[0].message)
    assert told[0].filename == __file__


# ---- Parquet


def test_parquet_goes_round(cells: CellTokens, tokenizer: Tokenizer, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    file = tmp_path / "cells.parquet"
    assert cells.to_parquet(file, columns={"donor": list("ppqqq"), "age": np.arange(5.0)}) == [
        str(file)
    ]
    assert pq.read_schema(file).names == [
        "cell",
        "input_ids",
        "n_tokens",
        "cell_type",
        "score",
        "donor",
        "age",
    ]
    again = CellTokens.from_parquet(file, tokenizer)
    assert again == cells
    assert again.obs["donor"].tolist() == list("ppqqq")
    assert again.obs["age"].tolist() == [0, 1, 2, 3, 4]
    assert again.obs["score"].dtype == np.int64
    shards = cells.to_parquet(tmp_path / "shards", samples_per_shard=2)
    assert len(shards) == 3
    assert CellTokens.from_parquet(tmp_path / "shards", tokenizer) == cells
    empty = cells[:0]
    empty.to_parquet(file)
    assert len(CellTokens.from_parquet(file, tokenizer)) == 0


def test_rows_of_tokenize_files_and_of_others_are_read(
    tokenizer: Tokenizer, tmp_path: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    from bedtok.io import tokenize_files

    beds = []
    for name, line in (("a", "chr1\t150\t350\n"), ("b", "chr2\t55\t56\n")):
        beds.append(tmp_path / f"{name}.bed")
        beds[-1].write_text(line)
    tokenize_files(beds, tokenizer, output_dir=tmp_path / "tokens", samples_per_shard=1)
    rows = CellTokens.from_parquet(tmp_path / "tokens", tokenizer)
    assert (rows.names, rows.to_lists()) == (["a", "b"], [[0, 1], [2]])
    assert rows.obs["sample"].tolist() == ["a", "b"]
    table = pa.table({"input_ids": pa.array([[2], [], [0, 1]], pa.large_list(pa.int64()))})
    pq.write_table(table, tmp_path / "other.parquet")
    rows = CellTokens.from_parquet(tmp_path / "other.parquet", tokenizer)
    assert (rows.names, rows.to_lists()) == (["0", "1", "2"], [[2], [], [0, 1]])
    assert rows.values.dtype == np.int32


def test_parquet_of_something_else_is_refused(
    cells: CellTokens, tokenizer: Tokenizer, tmp_path: Path
) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    def read(columns: dict[str, Any]) -> CellTokens:
        pq.write_table(pa.table(columns), tmp_path / "x.parquet")
        return CellTokens.from_parquet(tmp_path / "x.parquet", tokenizer)

    raises(
        ConfigError,
        "x.parquet: has no column input_ids, expected it among: y",
        lambda: read({"y": [1]}),
    )
    raises(
        ConfigError, "input_ids is int64, expected lists of whole", lambda: read({"input_ids": [1]})
    )
    raises(ConfigError, "input_ids holds nulls", lambda: read({"input_ids": [[1], None]}))
    for bad in (-1, 10):
        raises(
            VocabularyError,
            f"id {bad} is outside the vocabulary (0..9); were the tokens made with this universe?",
            lambda b=bad: read({"input_ids": [[0, b]]}),
        )
    cells.to_parquet(tmp_path / "cells.parquet")
    other = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400", "chr2:50-61"])
    raises(
        VocabularyError,
        "cells.parquet: was written with another vocabulary (10 tokens), expected that of",
        lambda: CellTokens.from_parquet(tmp_path / "cells.parquet", other),
    )
    (tmp_path / "y.parquet").write_text("x")
    raises(
        ConfigError,
        "y.parquet: is not Parquet",
        lambda: CellTokens.from_parquet(tmp_path / "y.parquet", tokenizer),
    )
    with pytest.raises(FileNotFoundError):
        CellTokens.from_parquet(tmp_path / "nope.parquet", tokenizer)
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"has no \.parquet files"):
        CellTokens.from_parquet(tmp_path / "empty", tokenizer)


def test_columns_that_parquet_does_not_take_are_named(cells: CellTokens, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    file = tmp_path / "x.parquet"
    raises(
        ConfigError,
        "columns: 'mixed' of 5 cells does not become a column of Parquet",
        lambda: cells.to_parquet(file, columns={"mixed": ["a", 1, 2, 3, 4]}),
    )
    raises(
        ConfigError,
        "columns: 'cell' is the name of a column that to_parquet writes itself",
        lambda: cells.to_parquet(file, columns={"cell": range(5)}),
    )
    raises(
        ConfigError,
        "columns: column 'x' has shape (1,), expected (5,), one value a cell",
        lambda: cells.to_parquet(file, columns={"x": [1]}),
    )
    assert not file.exists()


def test_bedtok_train_reads_the_rows_with_their_labels(cells: CellTokens, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("pyarrow")
    from bedtok.train.data import read_column, read_rows

    file = tmp_path / "cells.parquet"
    cells[["A", "B", "D"]].to_parquet(file)
    rows = read_rows([str(file)], 10, 3)
    assert read_column([str(file)], "cell_type", "data.label_column") == ["x", "y", "y"]
    assert [row["input_ids"].tolist() for row in rows] == [[0, 2], [1], [2, 1, 0]]


def test_tokens_of_another_vocabulary_are_refused(cells: CellTokens, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    pytest.importorskip("pyarrow")
    from bedtok.io import tokenize_files
    from bedtok.train.data import read_rows

    of_cells, of_files = tmp_path / "cells.parquet", tmp_path / "files"
    cells.to_parquet(of_cells)
    (tmp_path / "a.bed").write_text("chr1\t1\t2\n")
    first = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29", "chr1:40-49"])
    tokenize_files([tmp_path / "a.bed"], first, output_dir=of_files)
    other = Tokenizer.from_regions(["chr1:0-9", "chr1:20-29", "chr1:40-48"])
    for path in (of_cells, of_files):
        with pytest.raises(VocabularyError, match="was written with another vocabulary"):
            read_rows([str(path)], 10, 3, other)
        with pytest.raises(VocabularyError, match="was written with another vocabulary"):
            CellTokens.from_parquet(path, other)
    assert len(read_rows([str(of_files)], 10, 3, first)) == 1


def test_metadata_needs_no_pandas_until_it_is_asked_for(
    tokenizer: Tokenizer, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    cells = tokenizer.encode_fragments(files)
    assert (cells[::2] + cells[[1]]).names == ["one#A-1", "two#A-1", "one#B-1"]
    with pytest.raises(ImportError, match="obs needs pandas: pip install pandas"):
        _ = cells.obs
