# SPDX-License-Identifier: BSD-2-Clause
"""Freezing a part of a model."""

from __future__ import annotations

from numbers import Integral

from torch import nn

from bedtok._core import ConfigError


def freeze_except_last_n(model: nn.Module, n: int | None = 2) -> None:
    """Freeze an encoder except its last n layers and all layer norms.

    Norms are trained because frozen norms make the training unstable. Parameters that are frozen
    already stay frozen. The head of a model is not affected, except weights that it shares with the
    embeddings.

    Args:
        model: An ``AtacformerModel``, or a model that has one as ``atacformer``.
        n: Number of layers to train, 0 to all of them; None: freeze nothing.

    Raises:
        ConfigError: There are fewer layers, or n is below 0. TypeError: n is not an integer.

    Source: ``geniml.atacformer``, where 0 freezes nothing.
    """
    if n is None:
        return
    encoder: nn.Module = getattr(model, "atacformer", model)
    layers = list(encoder.encoder.layers)
    if isinstance(n, bool) or not isinstance(n, Integral):
        raise TypeError(f"n: expected a whole number or None, not {type(n).__name__}")
    if not 0 <= n <= len(layers):
        raise ConfigError(f"n is {n}, expected 0 to {len(layers)}, the number of layers, or None")
    trained = {id(weight) for layer in layers[len(layers) - n :] for weight in layer.parameters()}
    for module in encoder.modules():
        if isinstance(module, nn.LayerNorm):
            trained.update(map(id, module.parameters()))
    for weight in encoder.parameters():
        if id(weight) not in trained:
            weight.requires_grad_(False)
