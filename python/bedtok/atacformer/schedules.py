# SPDX-License-Identifier: BSD-2-Clause
"""Learning-rate schedules."""

from __future__ import annotations

import math
from functools import partial

import torch

from bedtok._core import ConfigError


def get_decaying_cosine_with_hard_restarts_schedule_with_warmup(
    optimizer: torch.optim.Optimizer,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: int = 1,
    last_epoch: int = -1,
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule with linear warmup and cosine cycles with decreasing maxima.

    With W warmup steps, T steps in total and C cycles the learning rate is multiplied, at step s,
    by s / W before W; from there on, with the progress p = (s - W) / (T - W), by
    (T + W - s) / 2T * (1 + cos(pi * (C * p mod 1))); by 0 from T on.

    Args:
        optimizer: The optimizer whose learning rates are scheduled.
        num_warmup_steps: W, 0 or more.
        num_training_steps: T, 1 or more.
        num_cycles: C, 1 or more.
        last_epoch: The last completed step, -1 at the start. Trainer restores the schedule of a
            checkpoint itself.

    Raises:
        ConfigError: A number is out of range.

    Source: ``geniml.atacformer``, with the same values; a variation of ``transformers``'
    ``get_cosine_with_hard_restarts_schedule_with_warmup``.
    """
    factor = partial(
        _decaying_cosine,
        warmup=_not_below("num_warmup_steps", num_warmup_steps, 0),
        total=_not_below("num_training_steps", num_training_steps, 1),
        cycles=_not_below("num_cycles", num_cycles, 1),
    )
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor, last_epoch)


def get_linear_schedule_with_floor_with_warmup(
    optimizer: torch.optim.Optimizer,
    num_warmup_steps: int,
    num_training_steps: int,
    last_epoch: int = -1,
    *,
    floor: float = 0.5,
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule with linear warmup and linear decay down to a floor.

    With W warmup steps and T steps in total the learning rate is multiplied, at step s, by s / W
    before W; from there on by (T - s) / (T - W) or the floor, whichever is larger.

    Args:
        optimizer: The optimizer whose learning rates are scheduled.
        num_warmup_steps: W, 0 or more.
        num_training_steps: T, 1 or more.
        last_epoch: The last completed step, -1 at the start. Trainer restores the schedule of a
            checkpoint itself.
        floor: 0 to 1.

    Raises:
        ConfigError: A number is out of range.

    Source: ``geniml.atacformer``, with the same values; its floor is always 0.5.
    """
    if not 0 <= floor <= 1:
        raise ConfigError(f"floor is {floor}, expected 0 to 1, a fraction of the learning rate")
    factor = partial(
        _linear_with_floor,
        warmup=_not_below("num_warmup_steps", num_warmup_steps, 0),
        total=_not_below("num_training_steps", num_training_steps, 1),
        floor=floor,
    )
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor, last_epoch)


def _decaying_cosine(step: int, *, warmup: float, total: float, cycles: float) -> float:
    if step < warmup:
        return step / warmup
    progress = (step - warmup) / max(1, total - warmup)
    if progress >= 1:
        return 0.0
    top = (total + warmup - step) / (2 * total)
    return top * (1 + math.cos(math.pi * (cycles * progress % 1)))


def _linear_with_floor(step: int, *, warmup: float, total: float, floor: float) -> float:
    if step < warmup:
        return step / warmup
    return max(floor, (total - step) / max(1, total - warmup))


def _not_below(name: str, value: float, least: int) -> float:
    """Return a number of steps, which need not be an integer, after checking it."""
    if not least <= value < math.inf:
        raise ConfigError(f"{name} is {value}, expected {least} or more")
    return value
