# SPDX-License-Identifier: BSD-2-Clause
"""What collators draw: from which generator, and tokens by their weights."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import get_worker_info

from bedtok._checks import check_at_least, draw_seed
from bedtok._core import ConfigError

Int64s = npt.NDArray[np.int64]

_PLACES = 1024  # workers of a DataLoader, beside the main process


class Chance:
    """The generator that a collator draws a batch from.

    Without a seed it is PyTorch's own, which ``transformers.set_seed`` and DataLoader seed. With a
    seed it starts, for each batch, from the seed, the epoch and the batch's rows, not from where
    the batch before left it: a training that is resumed in the middle of an epoch has fetched one
    batch ahead and skipped others, and still draws what the whole one drew, in whatever process.
    The epoch is in memory that all processes share. Where nobody tells it, these tell draws apart:

    1. the same rows again: how often they have come, counted in this process;
    2. workers of a DataLoader: the worker's number, and, as workers begin anew with each epoch, how
       often it has begun, counted in shared memory, too.

    Args:
        seed: 0 to 2**64 - 1, or None.
    """

    def __init__(self, seed: int | None) -> None:
        self._seed = None if seed is None else draw_seed(seed)
        self._epoch = torch.full((), -1, dtype=torch.int64)  # not told
        self._begun = torch.zeros(_PLACES, dtype=torch.int64)
        self._place = 0  # of the main process
        self._stream = 0
        self._times: Counter[int] = Counter()
        self._share()

    def generator(self, rows: Sequence[Int64s]) -> torch.Generator | None:
        """Return the generator for the batch of these rows; None: PyTorch's own."""
        seed = self._seed
        if seed is None:
            return None
        content = _digest(rows)
        if self._epoch >= 0:
            return _started(seed, int(self._epoch), content)
        worker = get_worker_info()
        place = 0 if worker is None else 1 + worker.id % _PLACES
        if place != self._place:  # a forked worker has what the main process counted
            self._place, self._stream, self._times = place, int(self._begun[place - 1]), Counter()
            self._begun[place - 1] += 1
        self._times[content] += 1
        return _started(seed, place, self._stream, content, self._times[content])

    def set_epoch(self, epoch: int) -> None:
        """Tell the number of the epoch, 0 or more, to all processes that draw."""
        self._epoch.fill_(check_at_least("epoch", epoch, 0))

    def _share(self) -> None:
        if self._seed is not None:
            self._epoch.share_memory_()
            self._begun.share_memory_()

    def __getstate__(self) -> dict[str, Any]:
        return {"_seed": self._seed, "_epoch": self._epoch, "_begun": self._begun}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _place=0, _stream=0, _times=Counter())
        self._share()


def _started(*numbers: int) -> torch.Generator:
    start = np.random.SeedSequence(numbers).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(start[0]))


def _digest(rows: Sequence[Int64s]) -> int:
    digest = hashlib.blake2b(digest_size=8)
    for row in rows:
        digest.update(len(row).to_bytes(8, "little"))
        digest.update(row.tobytes())
    return int.from_bytes(digest.digest(), "little")


class RegionDistribution:
    """Regions of a vocabulary, drawn uniformly or by weights.

    Weights are summed up once, and a number drawn is looked up among the sums: PyTorch's
    ``multinomial`` takes time for each category at each call, and at most 2**24 of them.

    Args:
        num_regions: Ids 0 .. num_regions - 1 are drawn.
        vocab_size: ``num_regions`` and the special tokens.
        weights: Shape (num_regions,) or (vocab_size,), of which those of special tokens are not
            read; None: all are equal.
        name: What the weights are called, for messages.

    Raises:
        ConfigError: The shape is another, a weight is below zero or not finite, or all are zero.
        TypeError: These are not numbers.
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
        # The first sum above the number, so that a weight of zero is never met. A product rounded
        # up to the last sum has none above it.
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
