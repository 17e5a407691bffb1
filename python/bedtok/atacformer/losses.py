# SPDX-License-Identifier: BSD-2-Clause
"""Loss functions of the models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch.utils.checkpoint import checkpoint

from bedtok._labels import IGNORED
from bedtok.atacformer._validation import check_ids, check_shape, compiling

LOGITS_AT_ONCE = 2**27  # 512 MiB in float32


def _mean(total: torch.Tensor, count: Any, labels: torch.Tensor) -> torch.Tensor:
    """Divide by count, or by the number of labels that are scored; return 0 if there is none.

    Trainer counts 0 for a step in which no sample has a hit.
    """
    if count is None:
        count = (labels != IGNORED).sum()
    if isinstance(count, torch.Tensor):
        return total / count.to(total.device).clamp(min=1)
    return total / max(count, 1)


def replaced_token_loss(
    logits: torch.Tensor, labels: torch.Tensor, num_items: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the binary cross entropy of replaced token detection.

    Args:
        logits: Shape (B, L).
        labels: Shape (B, L): 1 replaced, 0 original, -100 not scored.
        num_items: Divisor of the sum; None: the number of labels that are scored.
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


def class_loss(
    logits: torch.Tensor,
    labels: torch.Tensor,
    name: str,
    weights: Sequence[float] | None = None,
    smoothing: float = 0.0,
) -> torch.Tensor:
    """Return the mean cross entropy of classes over the cells whose class is known.

    Args:
        logits: Shape (B, classes).
        labels: Shape (B,), -100 if unknown.
        name: Name of the labels in error messages.
        weights: Factor of the loss of a cell of each class; None: 1. The sum is divided by the
            number of cells, so that weights whose mean over the cells is 1 keep its size.
        smoothing: Share of the target that is spread over all classes. The weight of a cell is that
            of its own class, also for this share: with ``weight=`` of PyTorch's cross entropy the
            share would favour classes of a large weight.
    """
    check_shape(labels, logits.shape[:1], name)
    check_ids(labels.where(labels != IGNORED, 0), logits.shape[1], name)
    labels = labels.long()
    each = F.cross_entropy(
        logits.float(),
        labels,
        ignore_index=IGNORED,
        label_smoothing=smoothing,
        reduction="none",
    )
    if weights is not None:
        each = each * each.new_tensor(weights)[labels.where(labels != IGNORED, 0)]
    return _mean(each.sum(), None, labels)


def distance_loss(cells: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Return the squared distances of embeddings to reference embeddings, as a share.

    The sum of squared distances is divided by the sum of squares of the reference: 0 at the
    reference, 1 if all embeddings are zero, whatever the scale.

    Args:
        cells: Shape (B, hidden).
        reference: Shape (B, hidden), finite; without gradient.
    """
    check_shape(reference, cells.shape, "reference_embeddings")
    reference = reference.detach().to(cells.device).float()
    size = reference.pow(2).sum()
    return (cells.float() - reference).pow(2).sum() / size.where(size > 0, 1.0)


def _summed(hidden: torch.Tensor, weight: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(F.linear(hidden, weight).float(), labels, reduction="sum")


def masked_token_loss(
    hidden: torch.Tensor,
    weight: torch.Tensor,
    labels: torch.Tensor,
    num_items: torch.Tensor | int | None = None,
) -> torch.Tensor:
    """Return the cross entropy of the labelled tokens, without holding all logits in memory.

    With a vocabulary of 900,000 regions one token has 3.6 MB of logits. They are computed for some
    tokens at a time, and recomputed for the gradients.

    Args:
        hidden: Hidden states of the labelled tokens, shape (N, hidden).
        weight: Shape (vocab_size, hidden).
        labels: Shape (N,).
        num_items: Divisor of the sum; None: N.
    """
    at_once = max(1, LOGITS_AT_ONCE // weight.shape[0])
    total = hidden.new_zeros((), dtype=torch.float32)
    # Without labels there is one part without tokens, which gives 0 with gradients.
    for part, wanted in zip(hidden.split(at_once), labels.split(at_once), strict=True):
        total = total + checkpoint(_summed, part, weight, wanted, use_reentrant=False)
    return _mean(total, num_items, labels)


def reverse_gradient(x: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return x, and multiply its gradient by -alpha.

    The layers after it learn to distinguish batches, the layers before it to hide them.

    Source: Ganin and Lempitsky, Unsupervised domain adaptation by backpropagation, 2015.
    """
    value = x.detach()
    return value - alpha * (x - value)
