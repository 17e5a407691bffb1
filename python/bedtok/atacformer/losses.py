# SPDX-License-Identifier: BSD-2-Clause
"""Losses of the heads."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

IGNORED = -100  # the label of what is not scored, as everywhere in PyTorch

_LOGITS_AT_ONCE = 2**27  # 512 MiB in 32 bits


def _mean(total: torch.Tensor, count: Any, labels: torch.Tensor) -> torch.Tensor:
    """Divide by count, or by the number of labels that are scored; 0 where there is none."""
    if count is None:
        return total / (labels != IGNORED).sum().clamp(min=1)
    if isinstance(count, torch.Tensor):
        return total / count.to(total.device)
    return total / count


def replaced_token_loss(
    logits: torch.Tensor, labels: torch.Tensor, num_items: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the binary cross entropy of tokens being replaced.

    Args:
        logits: Shape (B, L).
        labels: Shape (B, L): 1 replaced, 0 original, -100 not scored.
        num_items: What the sum is divided by; None: the number of labels that are scored.
    """
    scored = labels != IGNORED
    total = F.binary_cross_entropy_with_logits(
        logits.float(),
        labels.clamp(min=0).float(),
        weight=scored.float(),
        reduction="sum",
    )
    return _mean(total, num_items, labels)


def _summed(hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(F.linear(hidden, weight).float(), labels, reduction="sum")


def masked_token_loss(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor,
    num_items: torch.Tensor | int | None = None,
) -> torch.Tensor:
    """Return the cross entropy of the labelled tokens, without all of their logits in memory.

    A vocabulary of 900,000 regions has 3.6 MB of logits for one token. They are computed for some
    tokens at a time, and again for the gradients.

    Args:
        hidden: Shape (N, hidden), of labelled tokens.
        weight: Shape (vocab_size, hidden).
        labels: Shape (N,).
        num_items: What the sum is divided by; None: N.
    """
    at_once = max(1, _LOGITS_AT_ONCE // weight.shape[0])
    total = hidden.sum(dtype=torch.float32) * 0  # 0 with a gradient where nothing is labelled
    for part, wanted in zip(hidden.split(at_once), labels.split(at_once), strict=True):
        total = total + checkpoint(_summed, part, weight, wanted, use_reentrant=False)
    return _mean(total, num_items, labels)


class _ReversedGradient(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, alpha: float) -> torch.Tensor:
        ctx.alpha = alpha
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return -ctx.alpha * gradients[0], None


def reverse_gradient(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return x; its gradient is multiplied by -alpha.

    What comes after learns to tell batches apart, what comes before to hide them.

    Source: Ganin and Lempitsky, Unsupervised domain adaptation by backpropagation, 2015.
    """
    reversed_: torch.Tensor = _ReversedGradient.apply(x, alpha)
    return reversed_
