# SPDX-License-Identifier: BSD-2-Clause
"""Random numbers of the collators: one generator a batch, and regions drawn by weight."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import get_worker_info

from bedtok._checks import check_at_least, draw_seed
from bedtok._core import ConfigError

Int64s = npt.NDArray[np.int64]


class BatchRandom:
    """The random generator of a collator: a new one for each batch.

    Without a seed it is PyTorch's global generator, which ``transformers.set_seed`` and DataLoader
    seed. With a seed the generator of a batch is seeded by:

    - ``seed``, the epoch and the rows of the batch, once ``set_epoch`` was called. Nothing else
      matters, neither the process nor the batches before: a training that is resumed in the middle
      of an epoch, or that reads ahead in workers, draws what the whole training drew.
    - ``seed``, the number of this call in this process and the rows, before that; in a worker of a
      DataLoader also the worker's own seed, which PyTorch's global generator determines.

    Args:
        seed: 0 to 2**64 - 1, or None.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = None if seed is None else draw_seed(seed)
        self._epoch = torch.full((), -1, dtype=torch.int64)  # not set
        self._start()

    def generator(self, rows: Sequence[Int64s]) -> torch.Generator | None:
        """Return the generator of a batch of these rows; None for PyTorch's global one."""
        if self._seed is None:
            return None
        epoch = int(self._epoch)
        if epoch >= 0:
            return _seeded(self._seed, epoch, _digest(rows))
        self._calls += 1
        worker = get_worker_info()
        worker_seed = 0 if worker is None else worker.seed
        return _seeded(self._seed, self._calls, _digest(rows), worker_seed)

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the epoch, 0 or more, in all processes that share this object."""
        self._epoch.fill_(check_at_least("epoch", epoch, 0))

    def _start(self) -> None:
        self._calls = 0
        if self._seed is not None:  # workers that persist over epochs see a new number
            self._epoch.share_memory_()

    def __getstate__(self) -> dict[str, Any]:
        return {"_seed": self._seed, "_epoch": self._epoch}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()


def random_seed(generator: torch.Generator | None) -> int:
    """Return a seed, 0 to 2**63 - 2, drawn from a generator; None: PyTorch's global one."""
    return int(torch.randint(2**63 - 1, (), generator=generator))


def _seeded(*numbers: int) -> torch.Generator:
    start = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(start[0]))


def _digest(rows: Sequence[Int64s]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for row in rows:
        digest.update(len(row).to_bytes(8, "little"))
        digest.update(row.tobytes())
    return int.from_bytes(digest.digest(), "little")


class RegionDistribution:
    """A distribution over the regions of a vocabulary, uniform or weighted.

    The cumulative sums are computed once and searched for each number drawn: PyTorch's
    ``multinomial`` takes time for each category at each call, and at most 2**24 categories.

    Args:
        num_regions: Ids 0 .. num_regions - 1 are drawn.
        vocab_size: ``num_regions`` plus the number of special tokens.
        weights: Shape (num_regions,) or (vocab_size,), where those of special tokens are ignored;
            None: uniform.
        name: Name of the weights in error messages.

    Raises:
        ConfigError: The shape is wrong, a weight is negative or not finite, or all are zero.
        TypeError: ``weights`` does not hold real numbers.
    """

    def __init__(self, num_regions: int, vocab_size: int, weights: Any, name: str) -> None:
        self._num_regions = num_regions
        self._sums: torch.Tensor | None = None
        if weights is None:
            return
        values = _as_numbers(weights, name)
        if values.shape not in ((num_regions,), (vocab_size,)):
            raise ConfigError(
                f"{name} has shape {tuple(values.shape)}, expected ({num_regions},), a weight for "
                f"each region, or ({vocab_size},), one for each token"
            )
        values = values[:num_regions]
        bad = torch.nonzero(~(torch.isfinite(values) & (values >= 0)))
        if len(bad):
            first = int(bad[0])
            raise ConfigError(
                f"{name}: the weight of token {first} is {float(values[first])}, expected a finite "
                "number, 0 or more"
            )
        largest = values.max()
        if largest == 0:
            raise ConfigError(
                f"{name}: the weights of all {num_regions} regions are 0, expected at least one "
                "above"
            )
        self._sums = torch.cumsum(values / largest, dim=0)
        self._last = int(torch.nonzero(values)[-1])

    def draw(self, count: int, generator: torch.Generator | None) -> torch.Tensor:
        """Return ids, int64 (count,), drawn independently."""
        if self._sums is None:
            return torch.randint(self._num_regions, (count,), generator=generator)
        numbers = torch.rand(count, dtype=torch.float64, generator=generator) * self._sums[-1]
        # The first sum above the number, so that a weight of zero is never drawn. A product that
        # was rounded up to the last sum has none above it.
        return torch.searchsorted(self._sums, numbers, right=True).clamp_(max=self._last)


def _as_numbers(weights: Any, name: str) -> torch.Tensor:
    if not isinstance(weights, torch.Tensor):
        try:
            weights = torch.from_numpy(np.array(weights, dtype=np.float64))
        except (TypeError, ValueError):
            raise TypeError(
                f"{name}: expected a row of numbers, not {type(weights).__name__} {weights!r:.60}"
            ) from None
    elif weights.is_complex():
        raise TypeError(f"{name}: expected a row of numbers, not {weights.dtype}")
    return weights.detach().to("cpu", torch.float64)
