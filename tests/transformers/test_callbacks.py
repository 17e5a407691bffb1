# SPDX-License-Identifier: BSD-2-Clause
"""Callbacks of Trainer, and trainings with the collators."""

from __future__ import annotations

import builtins
import math
import sys
from collections.abc import Hashable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import Trainer, TrainerCallback, TrainingArguments

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForReplacedTokenDetection,
    AtacformerForUnsupervisedBatchCorrection,
)
from bedtok.atacformer.callbacks import (
    AdjustedRandIndexCallback,
    GradientReversalCallback,
    MeasuringCallback,
    ModelParameterChangeCallback,
    SetEpochCallback,
)
from bedtok.atacformer.data_collator import (
    DataCollatorForReplacedTokenDetection,
    DataCollatorForUnsupervisedBatchCorrection,
)
from support import NUM_REGIONS, region_text

TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
# Cells of two kinds that share no region.
CELLS = [[*range(start, start + 30, 1 + i % 3)] for i, start in enumerate([0, 30] * 8)]
KINDS: list[Hashable] = ["T", "B"] * 8


def make_model(kind: Any = AtacformerForReplacedTokenDetection, **fields: Any) -> Any:
    torch.manual_seed(0)
    roles = ("pad", "eos", "bos", "cls", "sep")
    fields |= {f"{role}_token_id": getattr(TOKENIZER, f"{role}_token_id") for role in roles}
    config = AtacformerConfig(
        vocab_size=TOKENIZER.vocab_size,
        max_position_embeddings=32,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        **fields,
    )
    return kind(config)


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Keeps the logs, in the place of TensorBoard or Weights & Biases."""

    def __init__(self) -> None:
        self.logs: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.logs.append({**logs, "step": state.global_step})


def train(
    folder: Path,
    *callbacks: Any,
    model: Any = None,
    collator: Any = None,
    checkpoint: Path | None = None,
    **keywords: Any,
) -> Trainer:
    keywords = {"max_steps": 6, "save_steps": 100, "logging_steps": 2} | keywords
    arguments = TrainingArguments(
        str(folder),
        per_device_train_batch_size=4,
        learning_rate=0.01,
        report_to="none",
        use_cpu=True,
        disable_tqdm=True,
        seed=3,
        **keywords,
    )
    trainer = Trainer(
        model or make_model(),
        arguments,
        train_dataset=[{"input_ids": cell, "batch_id": i % 2} for i, cell in enumerate(CELLS)],
        data_collator=collator or DataCollatorForReplacedTokenDetection(TOKENIZER, 0.45, 0),
    )
    for callback in callbacks:
        if isinstance(callback, MeasuringCallback):
            callback.trainer = trainer
        trainer.add_callback(callback)
    trainer.reporter = Reporter()
    # Where Trainer puts what it reports to: behind the flow, before the callbacks of users.
    trainer.callback_handler.callbacks.insert(1, trainer.reporter)
    trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return trainer


def logged(trainer: Trainer, name: str) -> list[tuple[int, float]]:
    """Steps and values, which the reporter got and the history has."""
    history = [(log["step"], log[name]) for log in trainer.state.log_history if name in log]
    assert [(log["step"], log[name]) for log in trainer.reporter.logs if name in log] == history
    return history


def losses(trainer: Trainer) -> list[tuple[int, float]]:
    return logged(trainer, "loss")


# ---- the adjusted Rand index


def test_the_index_goes_to_what_trainer_reports_to_and_to_the_history(tmp_path: Path) -> None:
    trainer = train(tmp_path, AdjustedRandIndexCallback(CELLS, KINDS, log_every_n_steps=4))
    indices = logged(trainer, "adjusted_rand_index")
    assert [step for step, _ in indices] == [4, 6]  # and after the last step
    assert [step for step, _ in losses(trainer)] == [2, 4, 6]
    entry = next(log for log in trainer.state.log_history if "adjusted_rand_index" in log)
    assert set(entry) == {"adjusted_rand_index", "epoch", "step"} and entry["epoch"] == 1.0


def test_the_index_is_one_for_separate_kinds_and_low_for_others(tmp_path: Path) -> None:
    def index(labels: list[Hashable]) -> float:
        model = make_model()
        with torch.no_grad():  # one direction separates the kinds
            weight = model.get_input_embeddings().weight
            weight[:, 0] = 3.0 * (torch.arange(len(weight)) < 30) - 1.5
        callback = AdjustedRandIndexCallback(CELLS, labels)
        return logged(train(tmp_path, callback, model=model), "adjusted_rand_index")[-1][1]

    assert index(KINDS) == 1.0
    assert index(["T", "T", "B", "B"] * 4) < 0.2


@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_a_training_is_the_same_with_and_without_callbacks(tmp_path: Path, dropout: float) -> None:
    # Longer than the model's context, so that tokens are drawn.
    long = [[*range(40)] * 2 for _ in CELLS]

    def collator() -> Any:
        return DataCollatorForReplacedTokenDetection(TOKENIZER, 0.45)

    def model() -> Any:
        return make_model(hidden_dropout=dropout)

    callbacks = [
        AdjustedRandIndexCallback(long, KINDS, log_every_n_steps=1, batch_size=3),
        ModelParameterChangeCallback(),
    ]
    first = train(tmp_path, model=model(), collator=collator())
    second = train(tmp_path, *callbacks, model=model(), collator=collator())
    assert losses(first) == losses(second)
    assert second.model.training


def test_the_model_stays_in_its_mode(tmp_path: Path) -> None:
    class Mode(TrainerCallback):  # type: ignore[misc]
        def on_log(self, *args: Any, model: Any, **kwargs: Any) -> None:
            modes.append((model.training, model.discriminator.training))

    modes: list[Any] = []
    train(tmp_path, AdjustedRandIndexCallback(CELLS, KINDS, log_every_n_steps=2), Mode())
    assert set(modes) == {(True, True)} and len(modes) == 7


def test_cells_without_a_label_and_padding_are_left_out(tmp_path: Path) -> None:
    def index(cells: Any, labels: Any, *args: Any) -> Any:
        return logged(
            train(tmp_path, AdjustedRandIndexCallback(cells, labels, *args)), "adjusted_rand_index"
        )

    more = [*CELLS, np.array([1, 2]), torch.tensor([3])]
    labels = np.array([*KINDS, None, float("nan")], dtype=object)
    assert index(more, labels) == index(CELLS, KINDS)
    # An id that this model does not take for padding.
    mixed = [[*cell, 59, 59] for cell in CELLS]
    plain = [[token for token in cell if token != 59] for cell in CELLS]
    assert index(mixed, KINDS, 59) == index(plain, KINDS)


def test_embeddings_that_are_not_finite_give_nan_and_do_not_stop_the_training(
    tmp_path: Path,
) -> None:
    model = make_model()
    model.encode_tokenized_cells = lambda cells, **kwargs: torch.full((len(cells), 8), math.nan)
    trainer = train(tmp_path, AdjustedRandIndexCallback(CELLS, KINDS), model=model)
    assert [math.isnan(log.get("adjusted_rand_index", 0)) for log in trainer.reporter.logs].count(
        True
    ) == 1


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"cell_type_labels": ["T"]}, "cell_type_labels has 1 values for 16 cells, expected one"),
        ({"cell_type_labels": ["T"] * 16}, "cell_type_labels has 1 different labels, expected two"),
        ({"cell_type_labels": [None] * 16}, "cell_type_labels has 0 different labels"),
        ({"batch_size": 0}, "batch_size is 0, expected 1 or more"),
        ({"log_every_n_steps": 0}, "log_every_n_steps is 0, expected 1 or more"),
    ],
)
def test_arguments_of_the_index_are_checked(keywords: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AdjustedRandIndexCallback(**{"input_ids": CELLS, "cell_type_labels": KINDS} | keywords)


def test_a_missing_library_and_a_model_without_cells_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    callback = AdjustedRandIndexCallback(CELLS, KINDS)
    with pytest.raises(TypeError, match="Linear has no encode_tokenized_cells, expected an Atac"):
        callback.on_train_begin(SimpleNamespace(fsdp=[]), None, None, model=torch.nn.Linear(1, 1))
    importing = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.split(".")[0] == "sklearn":
            raise ImportError(name)
        return importing(name, *args, **kwargs)

    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(
        ImportError,
        match=r"AdjustedRandIndexCallback needs scikit-learn: pip install scikit-learn$",
    ):
        AdjustedRandIndexCallback(CELLS, KINDS)


# ---- how far parameters move


def test_the_change_of_each_module_is_the_norm_of_its_difference(tmp_path: Path) -> None:
    model = make_model()
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    for given in (None, before):
        model.load_state_dict(before, strict=False)
        trainer = train(tmp_path, ModelParameterChangeCallback(given), model=model)
        after = dict(model.named_parameters())
        last = [
            log for log in trainer.state.log_history if "parameter_change/discriminator.norm" in log
        ]
        assert [log["step"] for log in last] == [2, 4, 6]
        modules = {name.rpartition(".")[0] for name in before if after[name].requires_grad}
        changes = {
            name.partition("/")[2]: value
            for name, value in last[-1].items()
            if name.startswith("parameter_change/")
        }
        # Frozen ones are measured where they are given; they do not move.
        frozen = set(changes) - modules
        assert set(changes) >= modules and all(changes[module] == 0 for module in frozen)
        assert bool(frozen) == (given is not None)
        for module in modules:
            parts = [
                (after[name].detach() - before[name]).flatten()
                for name in before
                if name.rpartition(".")[0] == module
            ]
            assert changes[module] == pytest.approx(float(torch.cat(parts).norm()), rel=1e-5)
            assert changes[module] > 0
        assert logged(trainer, "parameter_change/discriminator.norm")


def test_initial_parameters_choose_what_is_measured(tmp_path: Path) -> None:
    model = make_model()
    name = "discriminator.classifier.weight"
    start = model.discriminator.classifier.weight.detach() + 3
    trainer = train(tmp_path, ModelParameterChangeCallback({name: start}), model=model, max_steps=1)
    end = model.discriminator.classifier.weight.detach()
    (entry,) = (
        log for log in trainer.state.log_history if "loss" not in log and "train_loss" not in log
    )
    assert set(entry) == {"parameter_change/discriminator.classifier", "epoch", "step"}
    expected = float((end - start).norm())
    assert entry["parameter_change/discriminator.classifier"] == pytest.approx(expected)


def test_a_parameter_of_the_model_itself_has_the_name_model() -> None:
    layer = torch.nn.Linear(2, 2)
    callback = ModelParameterChangeCallback({"weight": layer.weight.detach() - 1})
    assert callback._measure(layer) == {"parameter_change/model": pytest.approx(2.0)}


@pytest.mark.parametrize(
    ("initial", "message"),
    [
        ({"no": torch.zeros(1)}, "initial_params: the model has no parameter 'no'"),
        (
            {"discriminator.norm.weight": torch.zeros(3)},
            r"initial_params: 'discriminator.norm.weight' has shape \(3,\), expected \(8,\)",
        ),
    ],
)
def test_initial_parameters_are_checked(tmp_path: Path, initial: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train(tmp_path, ModelParameterChangeCallback(initial))


def test_logging_by_epochs_logs_changes_by_epochs(tmp_path: Path) -> None:
    trainer = train(tmp_path, ModelParameterChangeCallback(), logging_strategy="epoch", max_steps=8)
    name = "parameter_change/discriminator.norm"
    assert [step for step, _ in logged(trainer, name)] == [4, 8]
    assert [step for step, _ in losses(trainer)] == [4, 8]


# ---- where they run


@pytest.mark.parametrize(
    "callback", [AdjustedRandIndexCallback(CELLS, KINDS, log_every_n_steps=1),
                 ModelParameterChangeCallback()]
)  # fmt: skip
def test_only_the_main_process_measures(callback: Any) -> None:
    state = SimpleNamespace(is_world_process_zero=False, global_step=1, max_steps=5, log_history=[])
    control = SimpleNamespace(should_log=True, should_training_stop=False)
    model = make_model()
    model.encode_tokenized_cells = None  # would fail
    callback.on_train_begin(SimpleNamespace(fsdp=None), state, control, model=model)
    callback.on_step_end(None, state, control, model=model)
    assert state.log_history == [] and control.should_log


def test_without_trainer_the_history_has_the_numbers_and_wrapped_models_are_unwrapped() -> None:
    state = SimpleNamespace(is_world_process_zero=True, global_step=1, max_steps=5, log_history=[])
    control = SimpleNamespace(should_log=True, should_training_stop=False)
    model = torch.nn.DataParallel(make_model())
    for callback in (
        AdjustedRandIndexCallback(CELLS, KINDS, log_every_n_steps=1),
        ModelParameterChangeCallback(),
    ):
        callback.on_train_begin(SimpleNamespace(fsdp=None), state, control, model=model)
        callback.on_step_end(None, state, control, model=model)
    assert [log["step"] for log in state.log_history] == [1, 1]
    assert "adjusted_rand_index" in state.log_history[0]
    assert "parameter_change/discriminator.norm" in state.log_history[1]


def test_sharded_models_are_refused() -> None:
    with pytest.raises(ValueError, match="ModelParameterChangeCallback: the model is sharded"):
        ModelParameterChangeCallback().on_train_begin(
            SimpleNamespace(fsdp="full_shard"), None, None
        )


# ---- trainings


@pytest.mark.parametrize(("seed", "step"), [(None, 4), (0, 4), (0, 5), (0, 7)])
def test_a_training_that_is_resumed_is_the_one_that_was_not_interrupted(
    tmp_path: Path, seed: int | None, step: int
) -> None:
    def run(folder: str, checkpoint: Path | None = None) -> Trainer:
        return train(
            tmp_path / folder,
            AdjustedRandIndexCallback(CELLS, KINDS, log_every_n_steps=3),
            SetEpochCallback(),
            collator=DataCollatorForReplacedTokenDetection(TOKENIZER, 0.45, seed, max_length=12),
            checkpoint=checkpoint,
            max_steps=10,
            save_steps=1,
            logging_steps=1,
        )

    whole = run("whole")
    resumed = run("resumed", tmp_path / "whole" / f"checkpoint-{step}")  # of 4 steps an epoch
    assert [log["step"] for log in resumed.reporter.logs if "loss" in log] == [*range(step + 1, 11)]
    for name in ("loss", "adjusted_rand_index", "grad_norm"):
        values = [
            [(log["step"], log[name]) for log in trainer.state.log_history if name in log]
            for trainer in (whole, resumed)
        ]
        assert values[0] == values[1]


@pytest.mark.parametrize("column", ["batch_id", "batch_labels"])
def test_batch_correction_trains(tmp_path: Path, column: str) -> None:
    model = make_model(
        AtacformerForUnsupervisedBatchCorrection, num_batches=2, bc_unfreeze_last_n_layers=1
    )
    collator = DataCollatorForUnsupervisedBatchCorrection(TOKENIZER, 16, 0.45, 0)
    if column == "batch_id":
        train(tmp_path, model=model, collator=collator, remove_unused_columns=False)
        with pytest.raises(ValueError, match=r"batch_id is missing.*remove_unused_columns=False"):
            train(tmp_path, model=model, collator=collator)
        return
    arguments = TrainingArguments(
        str(tmp_path), max_steps=2, report_to="none", use_cpu=True, disable_tqdm=True
    )
    data = [{"input_ids": cell, "batch_labels": i % 2} for i, cell in enumerate(CELLS)]
    Trainer(model, arguments, train_dataset=data, data_collator=collator).train()


class StrengthReader(TrainerCallback):  # type: ignore[misc]
    """Keeps the strength of the gradient reversal of each step."""

    def __init__(self) -> None:
        self.read: dict[int, float] = {}

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.read[state.global_step] = kwargs["model"].grl_alpha


def test_the_gradient_reversal_rises_with_the_steps_also_in_a_resumed_training(
    tmp_path: Path,
) -> None:
    def run(checkpoint: Path | None) -> tuple[Any, dict[int, float]]:
        model = make_model(
            AtacformerForUnsupervisedBatchCorrection,
            num_batches=2,
            grl_alpha=0.5,
            batch_head_hidden_size=4,
            bc_unfreeze_last_n_layers=None,
        )
        reader = StrengthReader()
        train(
            tmp_path,
            GradientReversalCallback(gamma=4.0),
            reader,
            model=model,
            collator=DataCollatorForUnsupervisedBatchCorrection(TOKENIZER, 16, 0.45, 0),
            checkpoint=checkpoint,
            remove_unused_columns=False,
            max_steps=8,
            save_steps=4,
        )
        return model, reader.read

    model, whole = run(None)
    expected = {step + 1: 0.5 * (2 / (1 + math.exp(-4 * step / 8)) - 1) for step in range(8)}
    assert whole == pytest.approx(expected)
    assert model.grl_alpha == model.config.grl_alpha == 0.5
    _, resumed = run(tmp_path / "checkpoint-4")
    assert resumed == pytest.approx({step: expected[step] for step in range(5, 9)})


def test_the_gradient_reversal_needs_a_model_that_has_one(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="AtacformerForReplacedTokenDetection has no gradient rev"):
        train(tmp_path, GradientReversalCallback())
    with pytest.raises(ConfigError, match="gamma is -1, expected more than 0"):
        GradientReversalCallback(-1)
