# SPDX-License-Identifier: BSD-2-Clause
"""Weights of a vocabulary's regions, by which ``truncation="weight"`` chooses: made and saved."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import ConfigError
from bedtok._files import atomic_write
from bedtok._tokenization.content import TokenizerState
from bedtok._tokenization.tensors import as_row

Float32s = npt.NDArray[np.float32]

# Beside the other files of a tokenizer: `weights`, float32, and `regions_digest`, whose they are.
TOKEN_WEIGHTS_FILE = "token_weights.npz"


def checked_weights(weights: object, num_regions: int) -> Float32s:
    """Return weights as a read-only array, shape (num_regions,).

    Raises:
        TypeError: They are not numbers.
        ConfigError: There is not one for each region, or one is NaN or infinite.
    """
    try:
        given = np.asarray(weights)
        if given.dtype.kind not in "biufO":
            raise TypeError(f"got {given.dtype}")
        with np.errstate(over="ignore"):  # an infinite weight is refused below
            array = given.astype(np.float32)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"weights: expected a number for each region, not {type(weights).__name__}"
        ) from error
    if array.shape != (num_regions,):
        raise ConfigError(
            f"weights: got the shape {array.shape}, expected ({num_regions},), one weight for "
            "each region of the vocabulary"
        )
    if not np.isfinite(array).all():
        bad = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ConfigError(f"weights: that of region {bad} is {array[bad]}, expected a number")
    array.flags.writeable = False
    return array


def inverse_document_frequency(rows: Iterable[Any], num_regions: int, vocab_size: int) -> Float32s:
    """Return ln(1 + n / (1 + df)) of each region, as ``Tokenizer.idf_weights`` documents.

    The weights of ``truncation="weight"`` and of ``pooling="weighted"``.
    """
    frequency = np.zeros(num_regions, dtype=np.int64)
    count = 0
    for row in rows:
        ids = np.unique(as_row(row, f"input_ids of cell {count}"))
        if ids.size and (ids[0] < 0 or ids[-1] >= vocab_size):
            bad = ids[0] if ids[0] < 0 else ids[-1]
            raise ConfigError(
                f"cell {count}: id {bad} is outside the vocabulary (0..{vocab_size - 1}); expected "
                "cells of this tokenizer"
            )
        frequency[ids[ids < num_regions]] += 1  # the others are special tokens
        count += 1
    return np.log1p(count / (1 + frequency)).astype(np.float32)


def weights_by_id(core: _core.Tokenizer, weights: Float32s) -> Float32s:
    """Return the weight of each id, (vocab_size,): unk is behind every region, others before."""
    special = np.full(core.vocab_size - core.num_regions, np.inf, dtype=np.float32)
    by_id = np.concatenate([weights, special])
    unk = core.special_tokens.get("unk")
    if unk is not None:
        by_id[core.num_regions + core.all_special_tokens.index(unk)] = -np.inf
    return by_id


def save_weights(folder: str, core: _core.Tokenizer, weights: Float32s | None) -> str | None:
    """Write the weights into a tokenizer's folder, and return the path; remove older ones.

    Raises:
        OSError: The file cannot be written.
    """
    path = os.path.join(folder, TOKEN_WEIGHTS_FILE)
    if weights is None:
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        return None
    digest = np.array(TokenizerState.of(core).regions_digest())
    with atomic_write(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, weights=weights.astype("<f4"), regions_digest=digest)
    return path


def load_weights(folder: object, core: _core.Tokenizer) -> Float32s | None:
    """Return the weights in a tokenizer's folder; None if it has none.

    Raises:
        ConfigError: The file is damaged, or has the weights of other regions.
    """
    path = os.path.join(str(folder), TOKEN_WEIGHTS_FILE)
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        content = io.BytesIO(file.read())
    try:
        # Never pickles: nothing that is loaded is executed.
        with np.load(content, allow_pickle=False) as arrays:
            weights, digest = arrays["weights"], str(arrays["regions_digest"])
    except Exception as error:  # of damaged files zipfile raises a dozen classes, OSError too
        raise ConfigError(
            f"{path}: not weights of a tokenizer, expected the arrays weights and regions_digest "
            "that save_pretrained writes; remove the file to load the tokenizer without weights"
        ) from error
    if digest != TokenizerState.of(core).regions_digest():
        raise ConfigError(
            f"{path}: the weights are those of other regions, expected the files of one "
            "tokenizer; save it again, or remove the file to load the tokenizer without weights"
        )
    return checked_weights(weights, core.num_regions)
