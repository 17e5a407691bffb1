# SPDX-License-Identifier: BSD-2-Clause
"""Train an Atacformer model from token ids; the function behind ``bedtok train``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["train"]


def train(
    config: Mapping[str, Mapping[str, Any]],
    *,
    resume: bool = False,
    callbacks: Sequence[Any] = (),
    preset: str | None = None,
) -> dict[str, float]:
    """Train a model and save it with its tokenizer.

    The folder ``training.output_dir`` receives checkpoints during the training, and at the end the
    model, its tokenizer, the configuration, ``trainer_state.json`` and ``metrics.json``, its curves
    as ``training.html`` and, where matplotlib is installed, as ``metrics.png``. An evaluation of
    labels adds ``evaluation.json`` and ``confusion_matrix.png``. Each file is written atomically,
    ``config.json`` last: a folder that ``from_pretrained`` loads is complete. On the same machine
    the same configuration gives the same weights, whether the training was interrupted and resumed
    or not. A training that is complete is left as it is.

    Args:
        config: Tables ``data``, ``objective``, ``model`` and ``training``, as in a config file;
            for fields that are not set ``bedtok train --print-config`` shows the defaults. Labels
            are a column of the data (``data.label_column``) or a table (``data.labels``).
        resume: Resume from the last complete checkpoint in the folder, if there is one.
        callbacks: Further callbacks for Trainer. ``AdjustedRandIndexCallback`` and
            ``ModelParameterChangeCallback`` without a trainer get the one of this training.
        preset: Defaults of the fields that are not set: ``"thesis"``, the model of the thesis on
            Atacformer, or ``"linear"``, a small classifier without layers (docs/label-cells.md).
            None: ``objective.preset``, else ``"linear"`` for the objective ``classify`` without
            ``model.init_from``, else ``"thesis"``.

    Returns:
        The metrics, as in ``metrics.json``. After a resume ``train_loss`` is the mean of the losses
        that were logged, before and after.

    Raises:
        ConfigError: A field is unknown or out of range, data or model do not fit, or the folder
            holds a training and ``resume`` is False.
        VocabularyError: An id of the data is outside the vocabulary.
        FileNotFoundError: Data do not exist.
        ImportError: PyTorch, transformers, accelerate, datasets or pyarrow is missing; or
            scikit-learn, and labels are to be evaluated.

    Example:
        >>> train({
        ...     "data": {"train": ["tokens/"], "universe": "universe.bed"},
        ...     "training": {"output_dir": "model", "max_steps": 1000},
        ... })
    """
    from bedtok.train.options import validate, with_defaults
    from bedtok.train.run import run_training

    return run_training(with_defaults(validate(config), preset), resume, callbacks)
