# SPDX-License-Identifier: BSD-2-Clause
"""Losses of the heads."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from bedtok.atacformer._checks import check_ids, check_shape, compiling

IGNORED = -100  # the label of what is not scored, as everywhere in PyTorch

_LOGITS_AT_ONCE = 2**27  # 512 MiB in 32 bits


def _mean(total: torch.Tensor, count: Any, labels: torch.Tensor) -> torch.Tensor:
    """Divide by count, or by the number of labels that are scored; 0 where there is none.

    Trainer counts 0 for a step of nothing but samples without a hit.
    """
    if count is None:
        count = (labels != IGNORED).sum()
    if isinstance(count, torch.Tensor):
        return total / count.to(total.device).clamp(min=1)
    return total / max(count, 1)


def replaced_token_loss(
    logits: torch.Tensor, labels: torch.Tensor, num_items: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the binary cross entropy of tokens being replaced.

    Args:
        logits: Shape (B, L).
        labels: Shape (B, L): 1 replaced, 0 original, -100 not scored.
        num_items: What the sum is divided by; None: the number of labels that are scored.
    """
    check_shape(labels, logits.shape, "labels")
    scored = labels != IGNORED
    wrong = scored & (labels != 0) & (labels != 1)
    if not compiling() and bool(wrong.any()):
        raise ValueError(
            f"labels: {labels[wrong][0].item()} is neither 1 (replaced) nor 0 (original) nor "
            f"{IGNORED} (not scored)"
        )
    total = F.binary_cross_entropy_with_logits(
        logits.float(),
        labels.clamp(min=0).float(),
        weight=scored.float(),
        reduction="sum",
    )
    return _mean(total, num_items, labels)


def class_loss(logits: torch.Tensor, labels: torch.Tensor, what: str) -> torch.Tensor:
    """Return the cross entropy of classes, the mean over cells whose class is known.

    Args:
        logits: Shape (B, classes).
        labels: Shape (B,), -100 where it is not known.
        what: The name of the labels, for errors.
    """
    check_shape(labels, logits.shape[:1], what)
    check_ids(labels.where(labels != IGNORED, 0), logits.shape[1], what)
    total = F.cross_entropy(logits.float(), labels.long(), ignore_index=IGNORED, reduction="sum")
    return _mean(total, None, labels)


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
    total = hidden.new_zeros((), dtype=torch.float32)
    # Where nothing is labelled there is one part, of no tokens: 0 with gradients.
    for part, wanted in zip(hidden.split(at_once), labels.split(at_once), strict=True):
        total = total + checkpoint(_summed, part, weight, wanted, use_reentrant=False)
    return _mean(total, num_items, labels)


def reverse_gradient(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return x; its gradient is multiplied by -alpha.

    What comes after learns to tell batches apart, what comes before to hide them.

    Source: Ganin and Lempitsky, Unsupervised domain adaptation by backpropagation, 2015.
    """
    value = x.detach()
    return value - alpha * (x - value)
