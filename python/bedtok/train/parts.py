# SPDX-License-Identifier: BSD-2-Clause
"""The data of a training: rows with their labels and batches, to train on and to evaluate on.

It is free of PyTorch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok._checks import did_you_mean, warn_caller
from bedtok._core import ConfigError
from bedtok._tokenization.vocabulary import Vocabulary
from bedtok.train.data import SAMPLE, read_column, read_names, read_rows
from bedtok.train.labels import label_column, match_labels, read_label_table

_SEED = 0  # of the rows that are held out: they are the same for every training.seed

Texts = list[str | None]


class Part(NamedTuple):
    """Rows to train on, or to evaluate on.

    Attributes:
        rows: The ids, as a ``datasets.Dataset``.
        labels: The label of each row, None where it is not known; None: there are no labels.
        batches: The same for the batch of each row.
    """

    rows: Any
    labels: Texts | None
    batches: Texts | None

    def take(self, positions: npt.NDArray[np.int64]) -> Part:
        """Return some rows."""
        chosen = positions.tolist()
        return Part(
            self.rows.select(positions),
            None if self.labels is None else [self.labels[i] for i in chosen],
            None if self.batches is None else [self.batches[i] for i in chosen],
        )


class Parts(NamedTuple):
    """The data of a training.

    Attributes:
        train: To train on.
        eval: To evaluate on; None: nothing.
        label_column: The column of labels; None: there are none.
        source: What ``eval`` is, for people; empty if there is none.
    """

    train: Part
    eval: Part | None
    label_column: str | None
    source: str


def read_parts(
    data: Mapping[str, Any],
    vocab_size: int,
    num_regions: int,
    vocabulary: Vocabulary | None = None,
) -> Parts:
    """Read the data of a configuration.

    Args:
        data: The table ``data``.
        vocab_size: Number of tokens.
        num_regions: Number of tokens that are regions.
        vocabulary: As in ``read_rows``.

    Raises:
        ConfigError: As ``read_rows``, ``read_column``, ``read_names``, ``match_labels``; or nothing
            is left to train on, or to evaluate on.
    """
    paths = {split: data[split] for split in ("train", "eval") if data[split]}
    rows = {split: read_rows(paths[split], vocab_size, num_regions, vocabulary) for split in paths}
    batch_column = data.get("batch_column")
    if batch_column is None and data.get("eval_batches"):
        batch_column = SAMPLE
    known = _read_known(data, paths, batch_column)
    parts = {
        split: Part(rows[split], known.labels.get(split), known.batches.get(split))
        for split in paths
    }
    if "eval" in parts:
        return Parts(parts["train"], parts["eval"], known.label_column, "those of data.eval")
    return _split(data, parts["train"], known.label_column, batch_column)


class _Known(NamedTuple):
    """Labels and batches by split; the column of the labels."""

    label_column: str | None
    labels: dict[str, Texts]
    batches: dict[str, Texts]


def _read_known(
    data: Mapping[str, Any], paths: Mapping[str, Sequence[str]], batch_column: str | None
) -> _Known:
    """Read labels and batches: of the table, where there is one that has them, or of the data."""
    name = data.get("label_column")
    labels: dict[str, Texts] = {}
    batches: dict[str, Texts] = {}
    if data.get("labels"):
        table = read_label_table(data["labels"])
        name = label_column(table, name)
        columns = [name]
        if batch_column is not None and table.has(batch_column):
            columns.append(batch_column)
        found = match_labels(table, columns, [read_names(paths[split]) for split in paths])
        labels = dict(zip(paths, found[0], strict=True))
        if len(columns) > 1:
            batches = dict(zip(paths, found[1], strict=True))
    elif name is not None:
        labels = {split: read_column(paths[split], name, "data.label_column") for split in paths}
    if batch_column is not None and not batches:
        field = "data.batch_column"
        batches = {split: read_column(paths[split], batch_column, field) for split in paths}
    return _Known(name, labels, batches)


def _split(
    data: Mapping[str, Any], part: Part, label_column: str | None, batch_column: str | None
) -> Parts:
    """Hold out what a configuration says.

    Raises:
        ConfigError: Nothing is left on one of both sides.
    """
    if data.get("eval_batches"):
        held = _of_batches(part, data["eval_batches"], str(batch_column))
        source = f"held out because their {batch_column} is {' or '.join(data['eval_batches'])}"
    elif data.get("eval_fraction"):
        held = _drawn(part.labels, len(part.rows), data["eval_fraction"])
        of = "all" if label_column is None else f"each {label_column}"
        source = f"{100 * data['eval_fraction']:.3g} % of {of}, held out"
    else:
        return Parts(part, None, label_column, "")
    kept, taken = np.flatnonzero(~held), np.flatnonzero(held)
    if not len(kept) or not len(taken):
        raise ConfigError(
            f"{len(taken)} of {len(held)} rows are held out for evaluation, expected one at least "
            "on both sides; change data.eval_fraction or data.eval_batches"
        )
    return Parts(part.take(kept), part.take(taken), label_column, source)


def forget_other_labels(part: Part, classes: Sequence[str]) -> Part:
    """Return rows without the labels that are no class, which are counted in a warning."""
    labels = part.labels or []
    others = {label for label in labels if label is not None} - set(classes)
    if not others:
        return part
    count = sum(label in others for label in labels)
    warn_caller(
        f"{count} of {len(labels)} rows to evaluate on are left out of the evaluation: no row to "
        f"train on has their label: {', '.join(sorted(others)[:5])}"
        + (f" and {len(others) - 5} more" if len(others) > 5 else "")
    )
    return part._replace(labels=[None if label in others else label for label in labels])


def _of_batches(part: Part, wanted: Sequence[str], column: str) -> npt.NDArray[np.bool_]:
    """Return which rows are of some batches."""
    batches = part.batches or []
    known = sorted({batch for batch in batches if batch is not None})
    for batch in wanted:
        if batch not in known:
            raise ConfigError(
                f"data.eval_batches: no row has {column} {batch!r}; "
                + did_you_mean(batch, known, f"{len(known)} others, such as {known[0]!r}")
                if known
                else f"data.eval_batches: no row has a {column}"
            )
    return np.array([batch in wanted for batch in batches], dtype=bool)


def _drawn(labels: Texts | None, count: int, fraction: float) -> npt.NDArray[np.bool_]:
    """Return which rows are drawn: so much of each label, of which one row stays at least."""
    rng = np.random.default_rng(_SEED)
    groups: dict[str | None, list[int]] = {}
    for i, label in enumerate([None] * count if labels is None else labels):
        groups.setdefault(label, []).append(i)
    held = np.zeros(count, dtype=bool)
    for label in sorted(groups, key=lambda label: (label is None, label or "")):
        rows = groups[label]
        number = min(round(fraction * len(rows)), len(rows) - 1)
        held[rng.choice(rows, number, replace=False)] = True
    return held
