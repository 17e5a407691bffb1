# SPDX-License-Identifier: BSD-2-Clause
"""Learning rates, and the strength of an adversary, in the course of a training."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

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


def gradient_reversal_strength(progress: float, gamma: float = 10.0) -> float:
    """Return the share of a gradient reversal's final factor, 2 / (1 + exp(-gamma * p)) - 1.

    It is 0 at the start, so that the head learns batches before the encoder hides them.

    Args:
        progress: p, the share of the training that is done, 0 to 1.
        gamma: Steepness, above 0.

    Raises:
        ConfigError: A number is out of range.

    Source: Ganin and Lempitsky, Unsupervised domain adaptation by backpropagation, 2015.
    """
    if not 0 <= progress <= 1:
        raise ConfigError(f"progress is {progress}, expected 0 to 1, a share of the training")
    if not 0 < gamma < math.inf:
        raise ConfigError(f"gamma is {gamma}, expected more than 0")
    return math.tanh(gamma * progress / 2)


def batch_correction_parameter_groups(
    model: Any, learning_rate: float, head_learning_rate: float
) -> list[dict[str, Any]]:
    """Return an optimizer's groups of parameters, with a learning rate for the head of batches.

    An encoder that learns as fast as the head that it is to mislead escapes it: the head is wrong,
    and batches stay apart. Take a rate ten times or more that of the encoder.

    Args:
        model: An ``AtacformerForUnsupervisedBatchCorrection``.
        learning_rate: Of all parameters but those of the head that predicts batches.
        head_learning_rate: Of that head.

    Returns:
        Two groups, ``[{"params": ..., "lr": ...}, ...]``, without frozen parameters.

    Raises:
        ConfigError: A rate is not above 0. TypeError: The model has no such head.

    Example:
        >>> groups = batch_correction_parameter_groups(model, 5e-4, 2e-2)
        >>> Trainer(model, arguments, optimizers=(torch.optim.Adam(groups), None), ...)

    Source: Heusel et al., GANs trained by a two time-scale update rule, 2017.
    """
    if not hasattr(model, "batch_prediction_head"):
        raise TypeError(
            f"model: {type(model).__name__} has no head that predicts batches, expected an "
            "AtacformerForUnsupervisedBatchCorrection"
        )
    rates = {"learning_rate": learning_rate, "head_learning_rate": head_learning_rate}
    for name, rate in rates.items():
        if not 0 < rate < math.inf:
            raise ConfigError(f"{name} is {rate}, expected more than 0")
    head = {id(weight) for weight in model.batch_prediction_head.parameters()}
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    return [
        {"params": [w for w in trained if id(w) not in head], "lr": learning_rate},
        {"params": [w for w in trained if id(w) in head], "lr": head_learning_rate},
    ]


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
