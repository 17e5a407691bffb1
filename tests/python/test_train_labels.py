# SPDX-License-Identifier: BSD-2-Clause
"""Tables of labels for ``bedtok train``: read, and matched to rows; without PyTorch.

That labels reach a training is tested in tests/transformers.
"""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import Any

import pytest

from bedtok import ConfigError
from bedtok.train.data import RowNames
from bedtok.train.labels import LabelTable, label_column, match_labels, read_label_table
from raising import raises

pytest.importorskip("pandas")


def cells(*names: str | None, samples: Any = None, column: str = "cell") -> RowNames:
    return RowNames(column, list(names), [None] * len(names) if samples is None else list(samples))


def table(folder: Path, text: str, name: str = "t.tsv") -> LabelTable:
    path = folder / name
    path.write_bytes(text.encode())
    return read_label_table(str(path))


def found(labels: LabelTable, *parts: RowNames) -> list[list[str | None]]:
    """Return the labels of parts, without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return match_labels(labels, [label_column(labels, None)], parts)[0]


# ---- the file


@pytest.mark.parametrize(
    "text",
    [
        "barcode\tlabel\nA-1\tB cell\nA-2\tT, CD8\nA-3\t\n",
        "\ufeffbarcode\tlabel\r\nA-1\tB cell\r\n\r\nA-2\tT, CD8\r\nA-3\tNA\r\n",
        'cell,label\nA-1,B cell\nA-2,"T, CD8"\nA-3,\n',
        "\tlabel\nA-1\tB cell\nA-2\tT, CD8\nA-3\tnan\n",  # of DataFrame.to_csv
        "label\nA-1\tB cell\nA-2\tT, CD8\nA-3\tNA\n",  # of write.table in R
        "#barcode\tlabel \n A-1\t B cell\nA-2\tT, CD8\nA-3\n",
        "sample\tlabel\nA-1\tB cell\nA-2\tT, CD8\nA-3\t\n",
    ],
)
def test_a_table_is_tsv_or_csv_as_programs_write_them(tmp_path: Path, text: str) -> None:
    rows = cells("A-2", "A-1")
    for name, content in (("t.tsv", text.encode()), ("t.csv.gz", gzip.compress(text.encode()))):
        (tmp_path / name).write_bytes(content)
        labels = read_label_table(str(tmp_path / name))
        assert [key for key in labels.keys if key] == ["A-1", "A-2", "A-3"]
        assert [value for value in labels.columns["label"] if value] == ["B cell", "T, CD8"]
        with pytest.warns(UserWarning, match="labels of 2 of 2 rows; 1 of its"):
            assert match_labels(labels, ["label"], [rows]) == [[["T, CD8", "B cell"]]]


@pytest.mark.parametrize("index", [False, True])
def test_a_table_is_parquet(tmp_path: Path, index: bool) -> None:
    pytest.importorskip("pyarrow")
    import pandas as pd

    frame = pd.DataFrame({"barcode": ["A-1", "A-2", "A-3"], "cluster": [3, None, 4]})
    frame["cluster"] = frame["cluster"].astype("Int64")
    if index:
        frame = frame.set_index("barcode").rename_axis(None)
    frame.to_parquet(tmp_path / "t.parquet")
    labels = read_label_table(str(tmp_path / "t.parquet"))
    assert (labels.keys, labels.columns) == (["A-1", "A-2", "A-3"], {"cluster": ["3", None, "4"]})
    assert labels.place(1) == f"{tmp_path}/t.parquet: row 1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A-1\tB\nA-2\tT\n", ": has no column barcode, cell or sample, expected it among: A-1, B;"),
        ("barcode\nA-1\n", ": has no column beside barcode, expected one of labels"),
        ("barcode\tsample\nA-1\td\n", ": has no column beside barcode, expected one of labels"),
        ("", ": is no table of labels: No columns to parse from file; expected TSV, CSV or"),
        ("barcode\tlabel\nA\tB\nC\tD\tE\n", ": is no table of labels: Error tokenizing data."),
    ],
)
def test_a_file_that_is_no_table_of_labels_is_named(
    tmp_path: Path, text: str, message: str
) -> None:
    raises(ConfigError, f"t.tsv{message}", lambda: table(tmp_path, text))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "cells.tsv").write_text("barcode\tlabel\n")
    with pytest.raises(FileNotFoundError, match=r"did you mean '.*cells\.tsv'\?"):
        read_label_table(str(tmp_path / "cell.tsv"))
    (tmp_path / "latin.tsv").write_bytes("barcode\tlabel\nA\tMüller\n".encode("latin-1"))
    (tmp_path / "cut.tsv.gz").write_bytes(gzip.compress(b"barcode\tlabel\nA\tB\n" * 99)[:-20])
    (tmp_path / "t.parquet").write_bytes(b"barcode\tlabel\n")
    for name in ("latin.tsv", "cut.tsv.gz", "t.parquet"):
        path = str(tmp_path / name)
        if name == "t.parquet":
            pytest.importorskip("pyarrow")
        raises(ConfigError, f"{path}: is no table of labels: ", lambda p=path: read_label_table(p))


def test_the_column_of_labels_is_the_only_one_or_label_or_the_one_given(tmp_path: Path) -> None:
    one = table(tmp_path, "barcode\ttype\nA\tB\n")
    several = table(tmp_path, "barcode\ttype\tlabel\tsample\nA\tB\tC\td\n")
    neither = table(tmp_path, "barcode\ttype\tdonor\nA\tB\tC\n")
    assert label_column(one, None) == label_column(several, "type") == "type"
    assert label_column(several, None) == "label"
    raises(
        ConfigError,
        "t.tsv: has columns type, donor, expected to know which are the labels: set --label-column",
        lambda: label_column(neither, None),
    )
    raises(
        ConfigError,
        "t.tsv: has no column 'typ' (data.label_column); did you mean 'type'?",
        lambda: label_column(neither, "typ"),
    )


# ---- which row is meant


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # Names as they are; of cells, and of BED files.
        ("barcode\tlabel\nA\tx\nB\ty\n", cells("A", "B")),
        ("sample\tlabel\nA\tx\nB\ty\n", cells("A", "B", column="sample")),
        # Both have samples: a barcode may be there twice.
        ("barcode\tsample\tlabel\nA\td\tx\nA\te\ty\n", cells("A", "A", samples="de")),
        ("barcode\tsample\tlabel\nA\td\tx\nA\te\ty\n", cells("d#A", "e#A", samples="de")),
        ("barcode\tsample\tlabel\nd#A\td\tx\ne#A\te\ty\n", cells("d#A", "e#A", samples="de")),
        ("barcode\tsample\tlabel\nd#A\td\tx\ne#A\te\ty\n", cells("A", "A", samples="de")),
        # One of both has.
        ("barcode\tlabel\nd#A\tx\ne#A\ty\n", cells("A", "A", samples="de")),
        ("barcode\tlabel\nd#A\tx\ne#A\ty\n", cells("d#A", "e#A")),
        ("barcode\tlabel\nA\tx\nB\ty\n", cells("d#A", "e#B", samples="de")),
        ("barcode\tsample\tlabel\nA\td\tx\nB\td\ty\n", cells("A", "B")),
        ("barcode\tsample\tlabel\nA\td\tx\nA\te\ty\n", cells("d#A", "e#A")),
    ],
)
def test_a_row_is_found_by_its_name_and_its_sample(
    tmp_path: Path, text: str, rows: RowNames
) -> None:
    assert found(table(tmp_path, text), rows) == [["x", "y"]]


def test_rows_to_train_and_to_evaluate_on_share_a_table(tmp_path: Path) -> None:
    labels = table(tmp_path, "barcode\tlabel\nA\tx\nB\ty\nC\tx\n")
    assert found(labels, cells("C", "A"), cells("B", "A")) == [["x", "x"], ["y", "x"]]


def test_several_columns_are_found_at_once(tmp_path: Path) -> None:
    labels = table(tmp_path, "barcode\tlabel\tdonor\nA\tx\td1\nB\ty\td2\n")
    assert match_labels(labels, ["label", "donor"], [cells("B", "A")]) == [
        [["y", "x"]],
        [["d2", "d1"]],
    ]


def test_rows_without_a_label_and_lines_without_a_row_are_counted(tmp_path: Path) -> None:
    labels = table(tmp_path, "barcode\tlabel\nA\tx\nZ\ty\nB\t\nY\ty\n")
    with pytest.warns(UserWarning) as caught:
        assert match_labels(labels, ["label"], [cells("A", "C", "B", None)]) == [
            [["x", None, None, None]]
        ]
    assert [str(warning.message) for warning in caught] == [
        f"{tmp_path}/t.tsv: labels of 1 of 4 rows; 3 rows have none (the first is 'C'); 2 of its 4 "
        f"lines are no row of the data (the first is barcode 'Z', {tmp_path}/t.tsv:3)"
    ]


def test_lines_of_one_name_with_one_label_are_one(tmp_path: Path) -> None:
    labels = table(tmp_path, "barcode\tlabel\nA\tx\nA\t\nA\tx\nB\ty\n")
    assert found(labels, cells("A", "B")) == [["x", "y"]]


@pytest.mark.parametrize(
    ("text", "rows", "message"),
    [
        (
            "barcode\tlabel\nA\tx\n\nB\ty\nA\ty\n",
            cells("A"),
            "t.tsv:5: barcode 'A' has label 'y', but 'x' in {}/t.tsv:2, expected one; remove one "
            "of the lines, or add a column sample if they are of different samples",
        ),
        (
            "barcode\tsample\tlabel\nA\td\tx\nA\te\ty\n",
            cells("A"),
            "t.tsv:3: barcode 'A' of 'e' has label 'y', but 'x' in {}/t.tsv:2, expected one; ",
        ),
        (
            "barcode\tlabel\nA\tx\n",
            cells("d#A", "e#A", samples="de"),
            "t.tsv:2: barcode 'A' is 2 rows of the data, of samples 'd', 'e'; add a column sample",
        ),
        (
            "barcode\tlabel\nB\ty\nA\tx\n",
            cells("A", "B", "A"),
            "t.tsv:3: barcode 'A' is 2 rows of the data (the first are 0 and 2); write the cells "
            "with their samples (CellTokens.concat), or leave rows out that are there twice",
        ),
        (
            "barcode\tlabel\nA-1\tx\nB-1\ty\n",
            cells("A", "B"),
            "t.tsv: no barcode is a row of the data: {}/t.tsv:2 has barcode 'A-1', the first row "
            "of the data cell 'A'; they differ in the suffix: write it in the table as in the data",
        ),
        (
            "barcode\tsample\tlabel\nA\td1\tx\n",
            cells("donor1#A", samples=["donor1"]),
            "t.tsv: no barcode is a row of the data: {}/t.tsv:2 has barcode 'A' of 'd1', the first "
            "row of the data cell 'donor1#A' of 'donor1'; the barcodes are the same: give the",
        ),
        (
            "sample\tlabel\na.bed\tx\n",
            cells("b", column="sample"),
            "t.tsv: no sample is a row of the data: {}/t.tsv:2 has sample 'a.bed', the first row "
            "of the data sample 'b'; expected the same names on both sides: sample of the data",
        ),
        ("barcode\tlabel\n\tx\n", cells("b"), "t.tsv: no name of {}/t.tsv is known, expected"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_place_value_and_remedy(
    tmp_path: Path, text: str, rows: RowNames, message: str
) -> None:
    labels = table(tmp_path, text)
    raises(ConfigError, message.replace("{}", str(tmp_path)), lambda: found(labels, rows))
