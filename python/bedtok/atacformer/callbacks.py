# SPDX-License-Identifier: BSD-2-Clause
"""Callbacks for Trainer."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from transformers import TrainerCallback

from bedtok._checks import check_at_least, import_optional
from bedtok._core import ConfigError
from bedtok._labels import is_missing
from bedtok.atacformer._validation import read_row
from bedtok.atacformer.schedules import gradient_reversal_strength

if TYPE_CHECKING:  # importing it takes seconds
    from transformers import Trainer


class MeasuringCallback(TrainerCallback):  # type: ignore[misc]
    """Base class of callbacks that measure the model on the main process and log the values.

    Trainer passes everything but itself to callbacks, and calls those that report before those of
    users: values that a callback adds to Trainer's own logs would not be reported. So the callback
    calls ``trainer.log``.

    Attributes:
        trainer: Trainer whose reporters get the values; None: they are only added to the history.
    """

    def __init__(self, trainer: Trainer | None = None) -> None:
        self.trainer = trainer
        self._measured_at: int | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        from transformers.integrations import is_deepspeed_zero3_enabled

        if args.fsdp or is_deepspeed_zero3_enabled():
            raise ConfigError(
                f"{type(self).__name__}: the model is sharded (FSDP or DeepSpeed ZeRO-3), expected "
                "a model that is whole on the main process; train without the callback"
            )
        self._measured_at = None

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        # Trainer has set by now whether this step was the last.
        if control.should_training_stop or self._is_due(state, control):
            self._log(state, control, kwargs["model"])

    def _is_due(self, state: Any, control: Any) -> bool:
        raise NotImplementedError

    def _measure(self, model: Any) -> dict[str, float]:
        raise NotImplementedError

    def _log(self, state: Any, control: Any, model: Any) -> None:
        # The other processes proceed to the next step and wait there for the gradients.
        if not state.is_world_process_zero or self._measured_at == state.global_step:
            return
        self._measured_at = state.global_step
        values = self._measure(getattr(model, "module", model))
        if self.trainer is None:
            state.log_history.append({**values, "step": state.global_step})
            return
        # trainer.log clears this flag, but Trainer's own values are still to be logged.
        should_log = control.should_log
        self.trainer.log(values)
        control.should_log = should_log


class AdjustedRandIndexCallback(MeasuringCallback):
    """Measure during training how well clusters of cell embeddings agree with known labels.

    Cells are embedded by ``model.encode_tokenized_cells`` and clustered by k-means, with as many
    clusters as there are labels. The adjusted Rand index of clusters and labels is 1 where they
    agree and about 0 where they are unrelated; NaN if an embedding is not finite. It is logged as
    ``adjusted_rand_index`` every ``log_every_n_steps`` steps and after the last. The training is
    the same with and without the callback. It needs scikit-learn.

    Args:
        input_ids: The ids of each cell: a list of rows, ``CellTokens`` or the like.
        cell_type_labels: A label for each cell; cells without one (None, NaN) are left out.
        pad_token_id: An id that is padding and left out, beside the model's own.
        batch_size: Number of cells embedded at once.
        log_every_n_steps: Number of steps between measurements.
        seed: Seed of k-means and of the subsampling of cells that are too long for the model.
        trainer: Trainer whose reporters get the values; None: only ``state.log_history`` does.

    Raises:
        ConfigError: The numbers of labels and cells differ, there are fewer than two labels, or a
            number is too small; when training begins: the model is sharded.
        ImportError: scikit-learn is missing.
        TypeError: When training begins: the model has no ``encode_tokenized_cells``.

    Example:
        >>> trainer.add_callback(AdjustedRandIndexCallback(cells, labels, trainer=trainer))

    Source: the callback of that name in ``geniml.atacformer``. Here k-means is run ten times, and
    its best result is used.
    """

    def __init__(
        self,
        input_ids: Sequence[Any],
        cell_type_labels: Iterable[Hashable],
        pad_token_id: int | None = None,
        batch_size: int = 128,
        log_every_n_steps: int = 500,
        *,
        seed: int = 42,
        trainer: Trainer | None = None,
    ) -> None:
        super().__init__(trainer)
        for module in ("sklearn.cluster", "sklearn.metrics"):
            import_optional(module, type(self).__name__, "scikit-learn")
        labels: Any = cell_type_labels
        labels = labels.tolist() if hasattr(labels, "tolist") else list(labels)
        if len(labels) != len(input_ids):
            raise ConfigError(
                f"cell_type_labels has {len(labels)} values for {len(input_ids)} cells, expected "
                "one each"
            )
        labelled = [i for i, label in enumerate(labels) if not is_missing(label)]
        codes: dict[Hashable, int] = {}
        self._labels = [codes.setdefault(labels[i], len(codes)) for i in labelled]
        self._num_labels = len(codes)
        if self._num_labels < 2:
            raise ConfigError(
                f"cell_type_labels has {self._num_labels} different labels, expected two at least"
            )
        self._cells = [read_row(input_ids[i], "input_ids") for i in labelled]
        if pad_token_id is not None:
            self._cells = [cell[cell != pad_token_id] for cell in self._cells]
        self._batch_size = check_at_least("batch_size", batch_size, 1)
        self._every = check_at_least("log_every_n_steps", log_every_n_steps, 1)
        self._seed = check_at_least("seed", seed, 0)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        super().on_train_begin(args, state, control, **kwargs)
        model = kwargs["model"]
        if not hasattr(getattr(model, "module", model), "encode_tokenized_cells"):
            raise TypeError(
                f"AdjustedRandIndexCallback: {type(model).__name__} has no encode_tokenized_cells, "
                "expected an Atacformer model"
            )

    def _is_due(self, state: Any, control: Any) -> bool:
        return bool(state.global_step % self._every == 0)

    def _measure(self, model: Any) -> dict[str, float]:
        cluster = import_optional("sklearn.cluster", type(self).__name__, "scikit-learn")
        metrics = import_optional("sklearn.metrics", type(self).__name__, "scikit-learn")
        embeddings = model.encode_tokenized_cells(
            self._cells, batch_size=self._batch_size, seed=self._seed
        )
        points = embeddings.detach().to("cpu", torch.float32).numpy()
        index = math.nan
        if np.isfinite(points).all():
            means = cluster.KMeans(self._num_labels, n_init=10, random_state=self._seed)
            index = float(metrics.adjusted_rand_score(self._labels, means.fit_predict(points)))
        return {"adjusted_rand_index": index}


class ModelParameterChangeCallback(MeasuringCallback):
    """Measure during training how far the parameters of each module have moved.

    For each module that has parameters itself, the Euclidean norm of their change, taken as one
    vector, is logged as ``parameter_change/<module>``, where the module is named as in
    ``model.named_modules()`` (``model`` for the whole). It is logged whenever Trainer logs and
    after the last step. A copy of the parameters is kept in main memory.

    Args:
        initial_params: Reference values by the names of ``model.named_parameters()``; parameters
            that are not named are not measured. None: the values when training begins, which are
            those of the checkpoint in a training that is resumed.
        trainer: Trainer whose reporters get the values; None: only ``state.log_history`` does.

    Raises:
        ConfigError: When training begins: the model has no such parameter, the shapes differ, or
            the model is sharded.

    Example:
        >>> trainer.add_callback(ModelParameterChangeCallback(trainer=trainer))

    Source: the callback of that name in ``geniml.atacformer``, which logs the root mean of the
    norms of a module's parameters, and only to Weights & Biases.
    """

    def __init__(
        self,
        initial_params: Mapping[str, torch.Tensor] | None = None,
        *,
        trainer: Trainer | None = None,
    ) -> None:
        super().__init__(trainer)
        self._given = initial_params is not None
        self._initial = dict(initial_params or {})

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        super().on_train_begin(args, state, control, **kwargs)
        if not state.is_world_process_zero:
            return
        model = kwargs["model"]
        parameters = dict(getattr(model, "module", model).named_parameters())
        if not self._given:
            # Frozen parameters do not move.
            self._initial = {
                name: value.detach().to("cpu", copy=True)
                for name, value in parameters.items()
                if value.requires_grad
            }
        for name, value in self._initial.items():
            if name not in parameters:
                raise ConfigError(f"initial_params: the model has no parameter {name!r}")
            if value.shape != parameters[name].shape:
                raise ConfigError(
                    f"initial_params: {name!r} has shape {tuple(value.shape)}, expected "
                    f"{tuple(parameters[name].shape)}, as in the model"
                )

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if control.should_log:  # with logging_strategy="epoch"
            self._log(state, control, kwargs["model"])

    def _is_due(self, state: Any, control: Any) -> bool:
        return bool(control.should_log)

    def _measure(self, model: Any) -> dict[str, float]:
        squares: dict[str, float] = {}
        parameters = dict(model.named_parameters())
        for name, initial in self._initial.items():
            now = parameters[name].detach()
            change = (now.float() - initial.to(now.device).float()).norm().item()
            module = name.rpartition(".")[0] or "model"
            squares[module] = squares.get(module, 0.0) + change * change
        return {f"parameter_change/{name}": math.sqrt(value) for name, value in squares.items()}


class SetEpochCallback(TrainerCallback):  # type: ignore[misc]
    """Call ``set_epoch`` of the dataset and the collator when an epoch begins.

    It is for ``TripletDataset`` and the collators of this package with a seed; objects without
    ``set_epoch`` are ignored. Trainer calls it for datasets, but not in all of its versions, not
    on several processes, and not in an epoch that it resumes in the middle.
    """

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loader = kwargs["train_dataloader"]
        collator = loader.collate_fn
        # Trainer may wrap it to remove columns.
        collator = getattr(collator, "data_collator", collator)
        for part in (loader.dataset, collator):
            if hasattr(part, "set_epoch"):
                # A sum of fractions, one for each step.
                part.set_epoch(math.floor(state.epoch + 1e-6))


class GradientReversalCallback(TrainerCallback):  # type: ignore[misc]
    """Let the gradient reversal of ``AtacformerForUnsupervisedBatchCorrection`` rise in a training.

    At step s of T the model's ``grl_alpha`` is ``config.grl_alpha`` times
    ``gradient_reversal_strength(s / T, gamma)``. After the training it is ``config.grl_alpha``
    again. A training that is resumed continues where it was.

    Args:
        gamma: Steepness, above 0; with 10 half of the strength is reached after a tenth of the
            training, and nearly all after half of it.

    Raises:
        ConfigError: ``gamma`` is not above 0. TypeError: When training begins: the model has no
            gradient reversal.
    """

    def __init__(self, gamma: float = 10.0) -> None:
        gradient_reversal_strength(0, gamma)  # checks gamma
        self.gamma = gamma

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        model = _unwrapped(kwargs["model"])
        if not hasattr(model, "grl_alpha"):
            raise TypeError(
                f"GradientReversalCallback: {type(model).__name__} has no gradient reversal, "
                "expected an AtacformerForUnsupervisedBatchCorrection"
            )

    def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        model = _unwrapped(kwargs["model"])
        progress = min(1.0, state.global_step / max(1, state.max_steps))
        strength = gradient_reversal_strength(progress, self.gamma)
        model.grl_alpha = model.config.grl_alpha * strength

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        model = _unwrapped(kwargs["model"])
        model.grl_alpha = model.config.grl_alpha


def _unwrapped(model: Any) -> Any:
    """Return the model itself, without what distributed training or compilation put around it."""
    model = getattr(model, "module", model)
    return getattr(model, "_orig_mod", model)
