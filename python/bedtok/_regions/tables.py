# SPDX-License-Identifier: BSD-2-Clause
"""pandas, polars and Arrow tables to columns of regions, without importing those libraries.

A table is an object that has column names (``columns``, or ``column_names`` in Arrow) and returns a
column by its name, and is not a mapping. Data frames of dask, relations of DuckDB, lazy frames of
polars and PyRanges become such tables first.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import Error
from bedtok._regions.columns import columns_from_encoded, encode_names

# In lower case: the names in BED files, pyranges, bioframe, GTF and UCSC tables.
_NAMES = {
    "chrom": ("chrom", "chr", "#chrom", "#chr", "chromosome", "seqname", "seqnames"),
    "start": ("start", "chromstart", "starts"),
    "end": ("end", "chromend", "stop", "ends"),
}


# Tables whose values are elsewhere, with the method that returns them as a table as above.
_VALUES = {
    ("dask", "DataFrame"): "compute",
    ("duckdb", "DuckDBPyRelation"): "df",
    ("polars", "LazyFrame"): "collect",
    ("pyranges", "PyRanges"): "as_df",
}
_REMEDIES = {("pyspark", "DataFrame"): "its rows have no order: sort, and call .toPandas() first"}


def _library_and_type(x: object) -> tuple[str, str]:
    library = type(x).__module__.partition(".")[0].removeprefix("_").replace("dask_expr", "dask")
    return library, type(x).__name__


def is_table(x: object) -> bool:
    """Return whether ``x`` is a data frame or an Arrow table."""
    kind = _library_and_type(x)
    return kind in _VALUES or kind in _REMEDIES or _column_names(x) is not None


def _column_names(x: Any) -> list[str] | None:
    if isinstance(x, type) or not hasattr(x, "__getitem__"):
        return None
    # Arrow's `columns` are the columns themselves; its names come first for that.
    try:
        names = getattr(x, "column_names", None)
        if names is None and hasattr(x, "shape"):
            names = getattr(x, "columns", None)
    except KeyError:  # rows of pysam
        return None
    if names is None or callable(names):
        return None
    return [name if isinstance(name, str) else repr(name) for name in names]


def columns_from_table(table: Any) -> _core.RegionSet:
    """Return the regions of a table; see ``RegionSet.from_table``."""
    if remedy := _REMEDIES.get(_library_and_type(table)):
        raise TypeError(f"table: got a {'.'.join(_library_and_type(table))}; {remedy}")
    method = _VALUES.get(_library_and_type(table))
    if method is not None and hasattr(table, method):  # PyRanges of version 1 is a data frame
        table = getattr(table, method)()
    names = _column_names(table)
    if names is None:
        raise TypeError(
            f"table: expected a pandas, polars or Arrow table, not {type(table).__name__}"
        )
    column = {role: table[_find(role, names)] for role in _NAMES}
    chrom_names, ids = _encode(column["chrom"])
    return columns_from_encoded(
        chrom_names, ids, _integers(column["start"], "start"), _integers(column["end"], "end")
    )


def _find(role: str, names: list[str]) -> str:
    candidates = [name for name in names if name.lower() in _NAMES[role]]
    if len(candidates) == 1:
        return candidates[0]
    shown = ", ".join(candidates or names[:20])
    if candidates:
        raise Error(f"table: {shown} could each be the {role}, expected one; rename the others")
    raise Error(
        f"table: no column for the {role} among: {shown}; expected one of {', '.join(_NAMES[role])}"
    )


def _encode(column: Any) -> tuple[list[str], npt.NDArray[np.uint32]]:
    """Return a column of names as distinct names and positions among them."""
    if len(column) == 0:  # an empty column has no type to go by
        return [], np.zeros(0, dtype=np.uint32)
    if hasattr(column, "factorize"):  # pandas
        codes, uniques = column.factorize()
        _refuse_nulls(codes < 0, "chrom")
        names = list(uniques)
    elif hasattr(column, "dictionary_encode"):  # Arrow
        _refuse_nulls(np.asarray(column.is_null()), "chrom")
        encoded = column.dictionary_encode()
        encoded = encoded.combine_chunks() if hasattr(encoded, "combine_chunks") else encoded
        codes, names = np.asarray(encoded.indices), encoded.dictionary.to_pylist()
    else:  # polars
        values = column.to_list()
        _refuse_nulls(np.array([value is None for value in values], dtype=bool), "chrom")
        return encode_names(values)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"table: a chrom is {name!r}, expected texts")
    return names, np.ascontiguousarray(codes, dtype=np.uint32)


def _integers(column: Any, what: str) -> npt.NDArray[Any]:
    if hasattr(column, "isna"):  # pandas; its nullable integers become objects otherwise
        _refuse_nulls(np.asarray(column.isna()), what)
        kind = getattr(column.dtype, "kind", "O")
        array = column.to_numpy(dtype=np.int64) if kind in "iu" else column.to_numpy()
    else:
        _refuse_nulls(np.asarray(column.is_null()), what)
        array = column.to_numpy()
    if array.dtype.kind in "iu" or array.size == 0:
        return np.asarray(array)
    dtype = getattr(column, "dtype", array.dtype)
    raise TypeError(f"table: column {what} holds {dtype}, expected integers")


def _refuse_nulls(null: npt.NDArray[Any], what: str) -> None:
    rows = np.flatnonzero(null)
    if len(rows):
        raise Error(f"table: {what} of row {rows[0]} is missing, expected a value in every row")
