# SPDX-License-Identifier: BSD-2-Clause
"""Regions from and to data frames of pandas, polars and Arrow (docs/guarantees.md, section 2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from bedtok import Error, RegionSet, Tokenizer
from bedtok._regions.tables import is_table

Columns = dict[str, list[Any]]
COLUMNS: Columns = {"chrom": ["chr2", "chr1", "chr2"], "start": [5, 1, 3], "end": [9, 2, 3]}
EXPECTED = RegionSet([("chr2", 5, 9), ("chr1", 1, 2), ("chr2", 3, 3)])
MAKERS: list[Callable[[Columns], Any]] = [pd.DataFrame, pl.DataFrame, pa.table]
each_library = pytest.mark.parametrize("make", MAKERS, ids=["pandas", "polars", "arrow"])


@each_library
def test_a_table_is_a_set_of_regions_in_its_order(make: Callable[[Columns], Any]) -> None:
    table = make({"score": [1.5, 2.5, 3.5], **COLUMNS})
    assert is_table(table)
    assert RegionSet(table) == EXPECTED
    assert RegionSet.from_table(table) == EXPECTED
    tokenizer = Tokenizer.from_regions(table)
    assert tokenizer(table)["input_ids"] == [0, 1]  # the empty region overlaps nothing


@each_library
@pytest.mark.parametrize(
    "names",
    [
        ("chr", "Start", "End"),
        ("Chromosome", "Start", "End"),
        ("seqname", "start", "end"),
        ("#chrom", "chromStart", "chromEnd"),
    ],
)
def test_columns_go_by_the_names_of_the_field(
    make: Callable[[Columns], Any], names: tuple[str, str, str]
) -> None:
    columns = dict(zip(names, COLUMNS.values(), strict=True))
    assert RegionSet(make(columns)) == EXPECTED


@each_library
@pytest.mark.parametrize(
    ("changed", "kind", "message"),
    [
        ({"start": None}, Error, "table: no column for the start among: chrom, end"),
        ({"chr": ["a", "b", "c"]}, Error, "table: chrom, chr could each be the chrom"),
        ({"chrom": ["chr1", None, "chr1"]}, Error, "table: chrom of row 1 is missing"),
        ({"start": [1.0, 2.0, 3.0]}, TypeError, "table: column start holds"),
        ({"end": ["9", "2", "3"]}, TypeError, "table: column end holds"),
        ({"start": [5, -1, 3]}, Error, "region 1: start -1 is outside 0..4294967295"),
        ({"end": [9, 2, 1]}, Error, "region 2: end 1 is before start 3"),
        ({"chrom": [1, 2, 3]}, TypeError, "expected"),
    ],
    ids=repr,
)
def test_what_a_table_lacks_is_named(
    make: Callable[[Columns], Any], changed: Columns, kind: type[Exception], message: str
) -> None:
    columns = {
        name: values for name, values in {**COLUMNS, **changed}.items() if values is not None
    }
    with pytest.raises(kind, match=re.escape(message)):
        RegionSet(make(columns))


def test_a_missing_coordinate_is_named_with_its_row() -> None:
    for table in (
        pa.table({**COLUMNS, "start": pa.array([5, None, 3])}),
        pl.DataFrame({**COLUMNS, "start": [5, None, 3]}),
        pd.DataFrame({**COLUMNS, "start": pd.array([5, None, 3], dtype="Int64")}),
    ):
        with pytest.raises(Error, match="table: start of row 1 is missing"):
            RegionSet(table)


def test_categories_dictionaries_and_chunks_are_read() -> None:
    frame = pd.DataFrame(COLUMNS).astype({"chrom": "category", "start": "uint32", "end": "Int64"})
    assert RegionSet(frame) == EXPECTED
    assert RegionSet(pl.DataFrame(COLUMNS).with_columns(pl.col("chrom").cast(pl.Categorical))) == (
        EXPECTED
    )
    arrow = pa.table(COLUMNS)
    assert RegionSet(pa.concat_tables([arrow[:1], arrow[1:]])) == EXPECTED
    encoded = pa.table({**COLUMNS, "chrom": pa.array(COLUMNS["chrom"]).dictionary_encode()})
    assert RegionSet(encoded) == EXPECTED


@each_library
def test_an_empty_table_is_an_empty_set(make: Callable[[Columns], Any]) -> None:
    assert len(RegionSet(make({"chrom": [], "start": [], "end": []}))) == 0


def test_an_index_of_a_frame_does_not_matter() -> None:
    frame = pd.DataFrame(COLUMNS, index=[7, 7, 7]).iloc[::-1]
    assert RegionSet(frame) == EXPECTED[::-1]


def test_other_objects_are_no_tables() -> None:
    for x in [COLUMNS, [1], "a", np.zeros((2, 3)), pd.Series([1]), pd.DataFrame, None]:
        assert not is_table(x)
    with pytest.raises(TypeError, match="expected a pandas, polars or Arrow table, not dict"):
        RegionSet.from_table(COLUMNS)


def test_a_set_becomes_a_frame_and_comes_back() -> None:
    frame = RegionSet([("chr2", 5, 9, "x"), ("chr1", 1, 2)]).to_pandas()
    assert list(frame.columns) == ["chrom", "start", "end", "rest"]
    assert frame["chrom"].tolist() == ["chr2", "chr1"]
    assert frame["start"].dtype == np.uint32
    assert RegionSet(frame) == RegionSet([("chr2", 5, 9), ("chr1", 1, 2)])
    assert "rest" not in EXPECTED.to_pandas()


@pytest.mark.parametrize(
    ("library", "name", "method"),
    [
        ("dask.dataframe.core", "DataFrame", "compute"),
        ("dask_expr._collection", "DataFrame", "compute"),
        ("_duckdb", "DuckDBPyRelation", "df"),
        ("polars.lazyframe.frame", "LazyFrame", "collect"),
        ("pyranges.pyranges_main", "PyRanges", "as_df"),
    ],
)
def test_tables_whose_values_are_elsewhere_are_computed(
    library: str, name: str, method: str
) -> None:
    members = {"__module__": library, method: lambda self: pd.DataFrame(COLUMNS)}
    for columns in (["chrom"], None):
        table = type(name, (), {**members, "columns": columns})()
        tokenizer = Tokenizer.from_regions(table)
        assert RegionSet(table) == tokenizer.regions == EXPECTED
        assert tokenizer(table)["input_ids"] == [0, 1]


def test_a_table_whose_rows_have_no_order_is_refused() -> None:
    table = type("DataFrame", (), {"__module__": "pyspark.sql.dataframe", "columns": ["chrom"]})()
    remedy = r"got a pyspark.DataFrame; its rows have no order: sort, and call .toPandas\(\)"
    for call in (RegionSet, Tokenizer.from_regions, Tokenizer.from_regions(["chr1:1-2"])):
        with pytest.raises(TypeError, match=remedy):
            call(table)  # type: ignore[operator]


def test_lazy_frames_of_polars_are_collected() -> None:
    assert RegionSet(pl.DataFrame(COLUMNS).lazy()) == EXPECTED


def test_relations_of_duckdb_are_tables() -> None:
    duckdb = pytest.importorskip("duckdb")
    frame = pd.DataFrame(COLUMNS)
    assert RegionSet(duckdb.from_df(frame)) == EXPECTED


def test_pyranges_are_tables() -> None:
    pyranges = pytest.importorskip("pyranges")
    names = {"chrom": "Chromosome", "start": "Start", "end": "End"}
    ranges = pyranges.PyRanges(pd.DataFrame(COLUMNS).rename(columns=names))
    # PyRanges groups its rows by chromosome.
    assert sorted(map(str, RegionSet(ranges))) == sorted(map(str, EXPECTED))
