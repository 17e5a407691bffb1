# SPDX-License-Identifier: BSD-2-Clause
"""Triplets of labelled cells: an anchor, a cell of its label and a cell of another label."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from bedtok._checks import check_at_least, draw_seed, warn_caller
from bedtok._core import ConfigError
from bedtok._labels import is_missing

Int64s = npt.NDArray[np.int64]


class Triplet(NamedTuple):
    """Positions of the cells of a triplet."""

    anchor: int
    positive: int
    negative: int


class TripletDataset:
    """A map-style PyTorch dataset with a random triplet for each anchor.

    Item i has ``input_ids_anchor``, ``input_ids_positive`` and ``input_ids_negative``, which
    ``DataCollatorForTripletLoss`` collates. The positive is drawn uniformly from the other cells of
    the anchor's label, the negative from the cells of other labels. A cell that is the only one of
    its label is not an anchor, but may be a negative. Cells without a label (None, NaN) are left
    out.

    With a seed a triplet depends only on the seed, the epoch and i, so that a training that is
    resumed is the same as an uninterrupted one. ``set_epoch`` sets the epoch; with Trainer, pass
    ``callbacks=[SetEpochCallback()]``. It does not reach workers that persist over epochs. Without
    a seed each access draws from PyTorch's global generator, which Trainer seeds and which differs
    between workers of a DataLoader.

    Args:
        input_ids: The ids of each cell: a list of rows, ``CellTokens`` or the like.
        labels: The label of each cell: a list, an array, a column of ``adata.obs``.
        seed: 0 to 2**64 - 1, or None.

    Raises:
        ConfigError: The numbers of labels and cells differ, there are fewer than two labels, or no
            label has two cells. TypeError: A label is not hashable, for example a list.

    Example:
        >>> cells = tokenizer.encode_anndata(adata)
        >>> dataset = TripletDataset(cells, adata.obs["cell_type"], seed=0)
        >>> Trainer(
        ...     model,
        ...     train_dataset=dataset,
        ...     data_collator=DataCollatorForTripletLoss(tokenizer, seed=0),
        ...     callbacks=[SetEpochCallback()],
        ... ).train()
    """

    def __init__(
        self, input_ids: Sequence[Any], labels: Iterable[Hashable], seed: int | None = None
    ) -> None:
        self._input_ids = input_ids
        self._groups = _Groups(labels, len(input_ids))
        self._seed = None if seed is None else draw_seed(seed)
        self._epoch = 0

    def __len__(self) -> int:
        return len(self._groups.anchors)

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch whose triplets are drawn, if there is a seed.

        Args:
            epoch: Number of the epoch, 0 or more.
        """
        self._epoch = check_at_least("epoch", epoch, 0)

    def triplet(self, i: int) -> Triplet:
        """Return the positions of the cells of item ``i``."""
        i = range(len(self))[i]  # negative positions, and IndexError
        if self._seed is None:
            return self._groups.draw(i, _torch_randbelow)
        return self._groups.draw(i, np.random.default_rng([self._seed, self._epoch, i]).integers)

    def __getitem__(self, i: int) -> dict[str, Any]:
        """Return the ids of the three cells, as they are in ``input_ids``."""
        return {
            f"input_ids_{role}": self._input_ids[cell]
            for role, cell in self.triplet(i)._asdict().items()
        }

    def __repr__(self) -> str:
        return f"TripletDataset({len(self)} anchors among {len(self._input_ids)} cells)"


def sample_triplets(
    labels: Iterable[Hashable], seed: int | None = None, *, per_anchor: int = 1
) -> list[Triplet]:
    """Return the positions of random triplets, ``per_anchor`` for each anchor.

    Args:
        labels: The label of each cell; see ``TripletDataset``.
        seed: 0 to 2**64 - 1; None draws a seed from Python's ``random``.
        per_anchor: Number of triplets of each anchor, drawn independently.

    Raises:
        ConfigError: As ``TripletDataset``, or ``per_anchor`` is below 1.

    Example:
        >>> sample_triplets(["B", "T", "B", None, "T"], seed=0)[0]
        Triplet(anchor=0, positive=2, negative=4)
    """
    groups = _Groups(labels)
    randbelow = np.random.default_rng(draw_seed(seed)).integers
    times = range(check_at_least("per_anchor", per_anchor, 1))
    return [groups.draw(i, randbelow) for i in range(len(groups.anchors)) for _ in times]


class _Groups:
    """Cells sorted by label, so that the cells of a label are contiguous.

    Attributes:
        anchors: Positions of the cells whose label has another cell, in their order.
    """

    anchors: Int64s

    def __init__(self, labels: Iterable[Hashable], cells: int | None = None) -> None:
        # Values of Python: elements of a tensor are not equal to each other.
        values = labels.tolist() if hasattr(labels, "tolist") else list(labels)
        if cells is not None and len(values) != cells:
            raise ConfigError(
                f"labels has {len(values)} values for {cells} cells, expected one each"
            )
        codes: dict[Hashable, int] = {}
        for i, label in enumerate(values):
            if not isinstance(label, Hashable):
                raise TypeError(
                    f"labels: that of cell {i} is {label!r:.60}, expected one name or number a cell"
                )
        labelled = [i for i, label in enumerate(values) if not is_missing(label)]
        of_cell = np.array(
            [codes.setdefault(values[i], len(codes)) for i in labelled], dtype=np.int64
        )
        if len(codes) < 2:
            found = f"all {len(labelled)} are {next(iter(codes))!r}" if codes else "there are none"
            raise ConfigError(f"labels: {found}, expected two labels at least, for the negatives")
        sizes = np.bincount(of_cell)
        if (sizes < 2).all():
            raise ConfigError(
                f"labels: each of {len(codes)} labels has one cell, expected one with two at "
                "least, for the positives"
            )
        if singles := [repr(label) for label, code in codes.items() if sizes[code] < 2]:
            more = f" and {len(singles) - 5} more" if len(singles) > 5 else ""
            warn_caller(
                f"labels with a single cell, which is no anchor: {', '.join(singles[:5])}{more}"
            )
        positions = np.array(labelled, dtype=np.int64)
        order = np.argsort(of_cell, kind="stable")
        ends = np.cumsum(sizes)
        place = np.empty_like(order)
        place[order] = np.arange(len(order))
        chosen = np.flatnonzero(sizes[of_cell] > 1)
        self.anchors = positions[chosen]
        self._cells = positions[order]
        self._place = place[chosen]  # of each anchor, in the order of labels
        self._start = (ends - sizes)[of_cell[chosen]]  # and the run of its label
        self._end = ends[of_cell[chosen]]

    def draw(self, i: int, randbelow: Callable[[int], Any]) -> Triplet:
        """Return a triplet of the i-th anchor; ``randbelow(n)`` draws from 0 .. n - 1."""
        start, end, own = int(self._start[i]), int(self._end[i]), int(self._place[i])
        positive = start + int(randbelow(end - start - 1))
        positive += positive >= own
        negative = int(randbelow(len(self._cells) - (end - start)))
        if negative >= start:
            negative += end - start
        return Triplet(int(self.anchors[i]), int(self._cells[positive]), int(self._cells[negative]))


def _torch_randbelow(limit: int) -> int:
    return int(torch.randint(limit, ()))
