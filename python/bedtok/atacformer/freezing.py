# SPDX-License-Identifier: BSD-2-Clause
"""Training a part of a model."""

from __future__ import annotations

from numbers import Integral

from torch import nn

from bedtok._core import ConfigError


def freeze_except_last_n(model: nn.Module, n: int | None = 2) -> None:
    """Freeze an encoder but for its last layers and all layer norms.

    Norms go on training, as frozen ones make the rest unstable. What is frozen already stays so.
    A model's head is not touched, but for weights that it shares with the embeddings.

    Args:
        model: An ``AtacformerModel``, or a model that has one as ``atacformer``.
        n: How many of the last layers train, 0 to all of them; None: nothing is frozen.

    Raises:
        ConfigError: There are fewer layers, or n is below 0. TypeError: n is no whole number.

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
