# SPDX-License-Identifier: BSD-2-Clause
"""Tables of labels: read, and matched to rows by their names. It is free of PyTorch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from bedtok._checks import did_you_mean, import_optional, warn_caller
from bedtok._core import ConfigError
from bedtok._files import file_exists, local_file, missing_file, source_path
from bedtok._labels import is_missing
from bedtok._tokenization.cell_names import SEPARATOR
from bedtok.train.data import BARCODE, CELL, SAMPLE, RowNames

_PURPOSE = "data.labels"
_LABEL = "label"  # the column that is taken if there are several
_KEYS = (BARCODE, CELL)
_SUFFIX = re.compile(r"-\d+$")  # of 10x barcodes

Keys = list[str | None]


class LabelTable(NamedTuple):
    """A table of labels.

    Attributes:
        path: The file.
        unit: What a line is of, for messages: its column of names.
        keys: The name in each line; None where it is missing.
        samples: The sample in each line; None if there is no such column.
        columns: The other columns by name, texts; None where a value is missing.
        first_line: The number of the first line in the file; 0 in Parquet, which has rows.
    """

    path: str
    unit: str
    keys: Keys
    samples: Keys | None
    columns: dict[str, list[str | None]]
    first_line: int

    def has(self, column: str | None) -> bool:
        """Return whether there is such a column beside the names."""
        return column in self.columns or (column == SAMPLE and self.samples is not None)

    def values(self, column: str) -> Keys:
        """Return the values of a column; ``sample`` may be one."""
        if column == SAMPLE and self.samples is not None:
            return self.samples
        return self.columns[column]

    def place(self, i: int) -> str:
        """Return where a line is: file and line, or file and row."""
        if self.first_line:
            return f"{self.path}:{self.first_line + i}"
        return f"{self.path}: row {i}"

    def name(self, i: int) -> str:
        """Return the name in a line, with its sample."""
        sample = None if self.samples is None else self.samples[i]
        return f"{self.unit} {self.keys[i]!r}" + ("" if sample is None else f" of {sample!r}")


def read_label_table(path: str) -> LabelTable:
    """Read a table of labels: TSV or CSV, plain or compressed, or Parquet; a file or a URL.

    Its first line names the columns. The names of the rows are the column ``barcode``, else
    ``cell``, else the first column if it has no name, as pandas and R write the names of rows, else
    ``sample``. TSV or CSV is told by the first line.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It is no such table, has no column of names, or no other column.
    """
    pandas = import_optional("pandas", _PURPOSE)
    path = source_path(path)
    if not file_exists(path):
        raise missing_file(path)
    try:
        with local_file(path) as local:
            is_parquet = local.endswith(".parquet")
            frame = pandas.read_parquet(local) if is_parquet else _read_text(pandas, local)
    except (ValueError, EOFError) as error:  # of pandas, of Arrow, of UTF-8
        reason = " ".join(str(error).split())
        raise ConfigError(
            f"{path}: is no table of labels: {reason}; expected TSV, CSV or Parquet whose first "
            "line names the columns"
        ) from error
    if not isinstance(frame.index, pandas.RangeIndex):
        frame = frame.reset_index(names=[frame.index.name or ""])
    # Some programs mark the first line as a comment.
    names = [str(name).strip().removeprefix("#") for name in frame.columns]
    values = {name: _texts(frame.iloc[:, i]) for i, name in enumerate(names)}
    if names and (names[0] == "" or names[0].startswith("Unnamed: ")):
        values = {BARCODE: values.pop(names[0])} | values if BARCODE not in names else values
    unit = next((name for name in (*_KEYS, SAMPLE) if name in values), None)
    if unit is None:
        raise ConfigError(
            f"{path}: has no column {BARCODE}, {CELL} or {SAMPLE}, expected it among: "
            f"{', '.join(names)}; the first line names the columns"
        )
    keys = values.pop(unit)
    samples = values.pop(SAMPLE, None)
    if not values:
        raise ConfigError(f"{path}: has no column beside {unit}, expected one of labels")
    return LabelTable(path, unit, keys, samples, values, 0 if is_parquet else 2)


def _read_text(pandas: Any, path: str) -> Any:
    """Read TSV, or CSV if the first line has no tab."""
    options = {"dtype": str, "encoding": "utf-8-sig", "skip_blank_lines": False}
    first = pandas.read_csv(path, sep="\t", header=None, nrows=1, **options)
    separator = "," if first.shape[1] == 1 and "," in str(first.iloc[0, 0]) else "\t"
    return pandas.read_csv(path, sep=separator, **options)


def _texts(column: Any) -> list[str | None]:
    return [None if is_missing(value) else str(value).strip() for value in column.tolist()]


def label_column(table: LabelTable, given: str | None) -> str:
    """Return the column of labels: the one given, else the only one, else ``label``.

    Raises:
        ConfigError: There is no such column, or it is not known which.
    """
    names = list(table.columns)
    if given is not None:
        if given not in names:
            raise ConfigError(
                f"{table.path}: has no column {given!r} (data.label_column); "
                + did_you_mean(given, names)
            )
        return given
    if len(names) == 1:
        return names[0]
    if _LABEL not in names:
        raise ConfigError(
            f"{table.path}: has columns {', '.join(names)}, expected to know which are the labels: "
            "set --label-column (data.label_column)"
        )
    return _LABEL


def match_labels(
    table: LabelTable, columns: Sequence[str], parts: Sequence[RowNames]
) -> list[list[list[str | None]]]:
    """Return columns of a table for rows: a list for each column, in it one for each part.

    A cell is found by its barcode, and by its sample where both sides have one. A barcode is also
    found in a name that begins with its sample, as in ``donor1#AAAC-1``. Cells that are not in the
    table, and lines of the table that are no row, are counted in a warning.

    Args:
        table: The table.
        columns: The columns; cells without a value in the first one count as without a label.
        parts: The names of the rows: of the data to train on, and to evaluate on.

    Raises:
        ConfigError: No line is a row, a line could be several rows, or two lines of one name have
            different values.
    """
    table_keys, row_keys = _matching_keys(table, parts)
    values = [_values_by_key(table, table_keys, column) for column in columns]
    for part, keys in zip(parts, row_keys, strict=True):
        _check_distinct(table, table_keys, part, keys)
    found = [[[known.get(key) for key in keys] for keys in row_keys] for known in values]
    _tell(table, table_keys, parts, row_keys, found[0])
    return found


def _matching_keys(table: LabelTable, parts: Sequence[RowNames]) -> tuple[Keys, list[Keys]]:
    """Return the keys by which lines and rows are compared: the first kind that has a match.

    Raises:
        ConfigError: None has.
    """
    plain = [part.names for part in parts]
    full = [_with_samples(part.names, part.samples) for part in parts]
    bare = [_without_samples(part.names, part.samples) for part in parts]
    if table.samples is None:
        kinds = [(table.keys, plain), (table.keys, full), (table.keys, bare)]
    else:
        kinds = [(_with_samples(table.keys, table.samples), full)]
        if not any(sample for part in parts for sample in part.samples):
            kinds.append((_without_samples(table.keys, table.samples), plain))
    for keys, rows in kinds:
        if any(_common(keys, names) for names in rows):
            return keys, rows
    raise ConfigError(_no_match(table, parts, bare))


def _common(keys: Keys, names: Keys) -> bool:
    return bool((set(keys) & set(names)) - {None})


def _with_samples(names: Keys, samples: Keys) -> Keys:
    """Return names with their samples, as ``CellTokens.concat`` writes them."""
    return [
        name
        if name is None or sample is None or name.startswith(sample + SEPARATOR)
        else f"{sample}{SEPARATOR}{name}"
        for name, sample in zip(names, samples, strict=True)
    ]


def _without_samples(names: Keys, samples: Keys) -> Keys:
    return [
        name if name is None or sample is None else name.removeprefix(sample + SEPARATOR)
        for name, sample in zip(names, samples, strict=True)
    ]


def _no_match(table: LabelTable, parts: Sequence[RowNames], bare: Sequence[Keys]) -> str:
    """Return the error about a table of which no line is a row, with what is likely wrong."""
    part = parts[0]
    line = next((i for i, key in enumerate(table.keys) if key is not None), None)
    row = next((i for i, name in enumerate(part.names) if name is not None), None)
    if line is None or row is None:
        where = table.path if line is None else "the data"
        return f"{table.path}: no name of {where} is known, expected one for each label"
    sample = part.samples[row]
    text = (
        f"{table.path}: no {table.unit} is a row of the data: {table.place(line)} has "
        f"{table.name(line)}, the first row of the data {part.column} {part.names[row]!r}"
        + ("" if sample is None else f" of {sample!r}")
    )
    of_table = table.keys if table.samples is None else _without_samples(table.keys, table.samples)
    rows = [name for names in bare for name in names]
    if _common(of_table, rows):
        return f"{text}; the barcodes are the same: give the samples the names that the data have"
    if _common(_shortened(of_table), _shortened(rows)):
        return f"{text}; they differ in the suffix: write it in the table as in the data"
    return f"{text}; expected the same names on both sides: {part.column} of the data"


def _shortened(names: Keys) -> Keys:
    return [None if name is None else _SUFFIX.sub("", name) for name in names]


def _values_by_key(table: LabelTable, keys: Keys, column: str) -> dict[str | None, str]:
    """Return the values of a column by key.

    Raises:
        ConfigError: Two lines of one name have different values.
    """
    lines: dict[str | None, int] = {}
    values: dict[str | None, str] = {}
    for i, (key, value) in enumerate(zip(keys, table.values(column), strict=True)):
        if key is None or value is None:
            continue
        if values.setdefault(key, value) != value:
            first = table.place(lines[key])
            remedy = "remove one of the lines"
            if table.samples is None:
                remedy += f", or add a column {SAMPLE} if they are of different samples"
            raise ConfigError(
                f"{table.place(i)}: {table.name(i)} has {column} {value!r}, but "
                f"{values[key]!r} in {first}, expected one; {remedy}"
            )
        lines.setdefault(key, i)
    return values


def _check_distinct(table: LabelTable, table_keys: Keys, part: RowNames, keys: Keys) -> None:
    """Raise ConfigError if a line of the table could be several rows."""
    known = set(table_keys) - {None}
    twice = [key for key, count in Counter(keys).items() if count > 1 and key in known]
    if not twice:
        return
    rows = [i for i, key in enumerate(keys) if key == twice[0]]
    line = table_keys.index(twice[0])
    samples = sorted({sample for i in rows if (sample := part.samples[i]) is not None})
    text = f"{table.place(line)}: {table.name(line)} is {len(rows)} rows of the data"
    if len(samples) > 1:
        of_samples = f"of samples {', '.join(map(repr, samples[:3]))}"
        raise ConfigError(f"{text}, {of_samples}; add a column {SAMPLE} to the table")
    raise ConfigError(
        f"{text} (the first are {rows[0]} and {rows[1]}); write the cells with their samples "
        "(CellTokens.concat), or leave rows out that are there twice"
    )


def _tell(
    table: LabelTable,
    table_keys: Keys,
    parts: Sequence[RowNames],
    row_keys: Sequence[Keys],
    labels: Sequence[Keys],
) -> None:
    """Warn of rows without a label and of lines that are no row."""
    total = sum(map(len, row_keys))
    rows = [
        part.names[i]
        for part, values in zip(parts, labels, strict=True)
        for i, value in enumerate(values)
        if value is None
    ]
    known = {key for keys in row_keys for key in keys}
    lines = [i for i, key in enumerate(table_keys) if key is not None and key not in known]
    faults = []
    if rows:
        faults.append(f"{len(rows)} rows have none (the first is {rows[0]!r})")
    if lines:
        faults.append(
            f"{len(lines)} of its {len(table_keys)} lines are no row of the data (the first is "
            f"{table.name(lines[0])}, {table.place(lines[0])})"
        )
    if faults:
        found = total - len(rows)
        warn_caller(f"{table.path}: labels of {found} of {total} rows; {'; '.join(faults)}")
