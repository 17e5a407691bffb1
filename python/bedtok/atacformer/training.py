# SPDX-License-Identifier: BSD-2-Clause
"""What a training watches, and how its learning rate goes: callbacks and schedules for Trainer."""

from __future__ import annotations

import math
import sys
from collections.abc import Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from transformers import TrainerCallback

from bedtok._checks import check_at_least, import_optional
from bedtok._core import ConfigError
from bedtok._tokenization.tensors import as_row
from bedtok.atacformer.freezing import freeze_except_last_n
from bedtok.atacformer.triplets import is_missing

__all__ = [
    "AdjustedRandIndexCallback",
    "ModelParameterChangeCallback",
    "SetEpochCallback",
    "freeze_except_last_n",
    "get_decaying_cosine_with_hard_restarts_schedule_with_warmup",
    "get_linear_schedule_with_floor_with_warmup",
]


class _Measuring(TrainerCallback):  # type: ignore[misc]
    """A callback that measures the model on the main process and logs numbers as Trainer does."""

    _measured_at: int | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        from transformers.integrations import is_deepspeed_zero3_enabled

        if args.fsdp or is_deepspeed_zero3_enabled():
            raise ConfigError(
                f"{type(self).__name__}: the model is sharded (FSDP or DeepSpeed ZeRO-3), expected "
                "a model that is whole on the main process; train without the callback"
            )
        self._measured_at = None

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        # Trainer has said by now whether this step was the last.
        if control.should_training_stop or self._is_due(state, control):
            self._log(state, control, kwargs["model"])

    def _is_due(self, state: Any, control: Any) -> bool:
        raise NotImplementedError

    def _measure(self, model: Any) -> dict[str, float]:
        raise NotImplementedError

    def _log(self, state: Any, control: Any, model: Any) -> None:
        # The other processes go on to the next step and wait there, where gradients are exchanged.
        if not state.is_world_process_zero or self._measured_at == state.global_step:
            return
        self._measured_at = state.global_step
        logs = self._measure(getattr(model, "module", model))
        trainer = _calling_trainer()
        if trainer is None:
            state.log_history.append({**logs, "step": state.global_step})
            return
        # To log takes the wish to log for granted: Trainer's own numbers are still to come.
        should_log = control.should_log
        trainer.log(logs)
        control.should_log = should_log


def _calling_trainer() -> Any:
    """Return the Trainer that is calling a callback; None without one.

    Trainer hands everything to callbacks but itself, and calls those that report before those of
    users, so that what these add to its numbers would reach nobody. It is found on the stack.
    """
    from transformers import Trainer

    frame = sys._getframe().f_back
    while frame is not None:
        owner = frame.f_locals.get("self")
        if isinstance(owner, Trainer):
            return owner
        frame = frame.f_back
    return None


class AdjustedRandIndexCallback(_Measuring):
    """How well clusters of the model's cell embeddings are the known labels, during training.

    Cells are embedded by ``model.encode_tokenized_cells`` and put into as many clusters as there
    are labels, by k-means. The adjusted Rand index of clusters and labels is 1 where they agree
    and about 0 where they are unrelated; NaN where an embedding is not finite. It is logged as
    ``adjusted_rand_index`` to whatever Trainer reports to and to ``trainer.state.log_history``,
    every so many steps and after the last. The training is the same with and without it. It needs
    scikit-learn.

    Args:
        input_ids: The ids of each cell: a list of rows, ``CellTokens`` or the like.
        cell_type_labels: A label for each cell; cells without one (None, NaN) are left out.
        pad_token_id: An id that is padding and left out; None: the model knows its own.
        batch_size: Cells that are embedded together.
        log_every_n_steps: Steps from one measurement to the next.
        seed: Of k-means, and of the choice of tokens in cells that are too long for the model.

    Raises:
        ConfigError: There are not as many labels as cells, or fewer than two; a number is too
            small; when training begins, the model is sharded.
        ImportError: scikit-learn is missing.
        TypeError: When training begins: the model has no ``encode_tokenized_cells``.

    Source: the callback of that name in ``geniml.atacformer``. Here k-means starts ten times, and
    its best result counts.
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
    ) -> None:
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
        self._cells = [as_row(input_ids[i], "input_ids") for i in labelled]
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


class ModelParameterChangeCallback(_Measuring):
    """How far the parameters of each module are from where they were.

    For each module with parameters of its own the Euclidean norm of their change, all of them taken
    as one vector, is logged as ``parameter_change/<module>``, where the module is named as in
    ``model.named_modules()`` (``model`` for the whole). This happens whenever Trainer logs and
    after the last step, to whatever Trainer reports to and to ``trainer.state.log_history``. A copy
    of the parameters lies in main memory.

    Args:
        initial_params: From where the change is measured: tensors by the names of
            ``model.named_parameters()``; those that are not named are not measured. None: as they
            are when training begins. A training that is resumed begins with its checkpoint: give
            them to measure from elsewhere.

    Raises:
        ConfigError: When training begins: the model has no such parameter, or one of another
            shape; or it is sharded.

    Source: the callback of that name in ``geniml.atacformer``, which logs the root of the mean of
    the norms of a module's parameters, to Weights & Biases alone.
    """

    def __init__(self, initial_params: Mapping[str, torch.Tensor] | None = None) -> None:
        self._given = initial_params is not None
        self._initial = dict(initial_params or {})

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        super().on_train_begin(args, state, control, **kwargs)
        if not state.is_world_process_zero:
            return
        model = kwargs["model"]
        parameters = dict(getattr(model, "module", model).named_parameters())
        if not self._given:
            # What is frozen does not move.
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
    """Tells dataset and collator of a training the number of each epoch, where they have a seed.

    For ``TripletDataset`` and the collators of this package; what has no ``set_epoch`` is left
    alone. Trainer tells datasets by itself but not in all of its versions, not on several
    processes, and not in an epoch that it resumes in the middle.
    """

    def on_epoch_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        loader = kwargs["train_dataloader"]
        collator = loader.collate_fn
        # Trainer wraps a collator that takes columns out.
        collator = getattr(collator, "data_collator", collator)
        for part in (loader.dataset, collator):
            if hasattr(part, "set_epoch"):
                # A sum of steps, each a part of an epoch.
                part.set_epoch(math.floor(state.epoch + 1e-6))


def get_decaying_cosine_with_hard_restarts_schedule_with_warmup(
    optimizer: torch.optim.Optimizer,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: int = 1,
    last_epoch: int = -1,
) -> torch.optim.lr_scheduler.LambdaLR:
    """Return a schedule: up linearly, then cosines from an ever lower top down to 0.

    With W steps of warm-up, T steps in all and C cycles the learning rate is multiplied, at step s,
    by s / W before W; from there on, with the progress p = (s - W) / (T - W), by
    (T + W - s) / 2T * (1 + cos(pi * (C * p mod 1))); by 0 from T on.

    Args:
        optimizer: Its learning rates are multiplied.
        num_warmup_steps: W, 0 or more.
        num_training_steps: T, 1 or more.
        num_cycles: C, 1 or more.
        last_epoch: The step to begin after, -1 for the start. Trainer restores the schedule of a
            checkpoint by itself.

    Raises:
        ConfigError: A number is below its least.

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
    """Return a schedule: up linearly, then down linearly, but not below a floor.

    With W steps of warm-up and T steps in all the learning rate is multiplied, at step s, by s / W
    before W; from there on by (T - s) / (T - W) or the floor, whichever is more.

    Args:
        optimizer: Its learning rates are multiplied.
        num_warmup_steps: W, 0 or more.
        num_training_steps: T, 1 or more.
        last_epoch: The step to begin after, -1 for the start. Trainer restores the schedule of a
            checkpoint by itself.
        floor: 0 to 1.

    Raises:
        ConfigError: A number is out of its range.

    Source: ``geniml.atacformer``, with the same values; its floor is always 0.5.
    """
    if not 0 <= floor <= 1:
        raise ConfigError(f"floor is {floor}, expected 0 to 1, a part of the learning rate")
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
    """Return a number of steps, which may be a part of them: a tenth of all, say."""
    if not least <= value < math.inf:
        raise ConfigError(f"{name} is {value}, expected {least} or more")
    return value
