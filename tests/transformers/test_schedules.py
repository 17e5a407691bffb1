# SPDX-License-Identifier: BSD-2-Clause
"""Learning rates and the strength of an adversary.

The literal factors are those of geniml 0.8.4: its two ``..._lr_lambda`` functions, called for each
step and rounded to nine places.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Trainer, TrainingArguments

from bedtok import ConfigError
from bedtok.atacformer import AtacformerForUnsupervisedBatchCorrection, AtacformerModel
from bedtok.atacformer.schedules import (
    batch_correction_parameter_groups,
    get_decaying_cosine_with_hard_restarts_schedule_with_warmup,
    get_linear_schedule_with_floor_with_warmup,
    gradient_reversal_strength,
)
from tiny_models import tiny

COSINES = {
    (3, 12, 2): [0, 0.333333333, 0.666666667, 1, 0.809437036, 0.489020074, 0.1875, 0.02010246,
                 0.565743681, 0.375, 0.17215663, 0.038992593, 0, 0],
    (0, 6, 1): [1, 0.777510585, 0.5, 0.25, 0.083333333, 0.01116455, 0, 0],
    (2, 10, 3): [0, 0.5, 1, 0.622207545, 0.117157288, 0.673357836, 0.3, 0.019030117, 0.341421356,
                 0.092597485, 0, 0],
}  # fmt: skip
LINES = {
    (3, 12): [0, 0.333333333, 0.666666667, 1, 0.888888889, 0.777777778, 0.666666667, 0.555555556,
              0.5, 0.5, 0.5, 0.5, 0.5, 0.5],
    (0, 5): [1, 0.8, 0.6, 0.5, 0.5, 0.5, 0.5],
    (4, 4): [0, 0.25, 0.5, 0.75, 0.5, 0.5],
}  # fmt: skip


def optimizer() -> torch.optim.SGD:
    weights = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    return torch.optim.SGD([{"params": weights[:1], "lr": 2.0}, {"params": weights[1:], "lr": 4.0}])


def rates(schedule: Any, steps: int) -> list[float]:
    """Factors of both groups' learning rates, which are one."""
    factors = []
    for _ in range(steps):
        first, second = schedule.get_last_lr()
        assert second == 2 * first
        factors.append(first / 2)
        schedule.optimizer.step()
        schedule.step()
    return factors


@pytest.mark.parametrize(("numbers", "expected"), COSINES.items())
def test_cosines_are_those_of_geniml(numbers: Any, expected: list[float]) -> None:
    schedule = get_decaying_cosine_with_hard_restarts_schedule_with_warmup(optimizer(), *numbers)
    assert rates(schedule, len(expected)) == pytest.approx(expected, abs=1e-8)


def test_one_cycle_is_the_default() -> None:
    schedule = get_decaying_cosine_with_hard_restarts_schedule_with_warmup(optimizer(), 0, 6)
    assert rates(schedule, 8) == pytest.approx(COSINES[0, 6, 1], abs=1e-8)


@pytest.mark.parametrize(("numbers", "expected"), LINES.items())
def test_the_line_with_a_floor_is_that_of_geniml(numbers: Any, expected: list[float]) -> None:
    schedule = get_linear_schedule_with_floor_with_warmup(optimizer(), *numbers)
    assert rates(schedule, len(expected)) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("floor", "expected"), [(0.0, [1, 0.75, 0.5, 0.25, 0, 0]), (0.7, [1, 0.75, 0.7, 0.7, 0.7, 0.7])]
)
def test_the_floor_can_be_another(floor: float, expected: list[float]) -> None:
    schedule = get_linear_schedule_with_floor_with_warmup(optimizer(), 0, 4, floor=floor)
    assert rates(schedule, 6) == pytest.approx(expected)


def test_steps_may_be_a_part_of_all() -> None:
    schedule = get_linear_schedule_with_floor_with_warmup(optimizer(), 2.5, 10, floor=0)
    assert rates(schedule, 4) == pytest.approx([0, 0.4, 0.8, 7 / 7.5])


@pytest.mark.parametrize(
    "make",
    [
        get_decaying_cosine_with_hard_restarts_schedule_with_warmup,
        get_linear_schedule_with_floor_with_warmup,
    ],
)
def test_a_schedule_goes_on_where_it_stopped(make: Any) -> None:
    whole = rates(make(optimizer(), 2, 9), 9)
    first = make(optimizer(), 2, 9)
    rates(first, 4)
    second = make(optimizer(), 2, 9)
    second.load_state_dict(first.state_dict())
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    assert rates(second, 5) == whole[4:]
    again = optimizer()
    for group in again.param_groups:
        group["initial_lr"] = group["lr"]
    assert rates(make(again, 2, 9, last_epoch=3), 5) == whole[4:]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((-1, 5), "num_warmup_steps is -1, expected 0 or more"),
        ((0, 0), "num_training_steps is 0, expected 1 or more"),
        ((0, float("inf")), "num_training_steps is inf, expected 1 or more"),
    ],
)
def test_numbers_of_steps_are_checked(numbers: Any, message: str) -> None:
    for make in (
        get_decaying_cosine_with_hard_restarts_schedule_with_warmup,
        get_linear_schedule_with_floor_with_warmup,
    ):
        with pytest.raises(ValueError, match=message):
            make(optimizer(), *numbers)


def test_cycles_and_floor_are_checked() -> None:
    with pytest.raises(ValueError, match="num_cycles is 0, expected 1 or more"):
        get_decaying_cosine_with_hard_restarts_schedule_with_warmup(optimizer(), 0, 5, 0)
    with pytest.raises(ValueError, match=r"floor is 1\.5, expected 0 to 1"):
        get_linear_schedule_with_floor_with_warmup(optimizer(), 0, 5, floor=1.5)


class Line(torch.nn.Module):
    """A weight that learns nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"loss": (self.weight * x).mean()}


def test_trainer_takes_a_schedule_and_restores_it(tmp_path: Path) -> None:
    def train(steps: int, checkpoint: str | None = None) -> list[float]:
        model = Line()
        sgd = torch.optim.SGD(model.parameters(), lr=1.0)
        schedule = get_decaying_cosine_with_hard_restarts_schedule_with_warmup(sgd, 3, 12, 2)
        arguments = TrainingArguments(
            str(tmp_path),
            max_steps=steps,
            save_steps=6,
            logging_steps=1,
            report_to="none",
            use_cpu=True,
        )
        data = [{"x": torch.ones(1)}] * 8
        trainer = Trainer(model, arguments, train_dataset=data, optimizers=(sgd, schedule))
        trainer.train(resume_from_checkpoint=checkpoint)
        logged = [log for log in trainer.state.log_history if "learning_rate" in log]
        assert [log["step"] for log in logged] == list(range(1, steps + 1))
        return [log["learning_rate"] for log in logged]

    # Transformers 5 logs the rate that a step took, 4 the one that is next.
    whole = train(12)
    shift = COSINES[3, 12, 2].index(1) - whole.index(1.0)
    assert whole == pytest.approx(COSINES[3, 12, 2][shift : shift + 12], abs=1e-8)
    assert train(12, str(tmp_path / "checkpoint-6")) == whole


# ---- an adversary


@pytest.mark.parametrize(
    ("progress", "gamma", "expected"),
    # 2 / (1 + exp(-gamma * progress)) - 1, by hand
    [
        (0, 10, 0),
        (0.1, 10, 0.462117157),
        (0.5, 10, 0.986614298),
        (1, 10, 0.999909204),
        (1, 2, 0.761594156),
    ],
)
def test_the_strength_of_a_gradient_reversal_rises(
    progress: float, gamma: float, expected: float
) -> None:
    assert gradient_reversal_strength(progress, gamma) == pytest.approx(expected, abs=1e-9)


def test_a_strength_out_of_range_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"progress is 1\.5, expected 0 to 1"):
        gradient_reversal_strength(1.5)
    with pytest.raises(ConfigError, match="gamma is 0, expected more than 0"):
        gradient_reversal_strength(0.5, 0)


@pytest.mark.parametrize("head", [None, 4])
def test_the_head_of_batches_has_a_learning_rate_of_its_own(head: int | None) -> None:
    model = tiny(
        AtacformerForUnsupervisedBatchCorrection,
        bc_unfreeze_last_n_layers=1,
        batch_head_hidden_size=head,
    )
    rest, of_head = batch_correction_parameter_groups(model, 5e-4, 2e-2)
    assert (rest["lr"], of_head["lr"]) == (5e-4, 2e-2)
    names = {id(weight): name for name, weight in model.named_parameters() if weight.requires_grad}
    found = [{names[id(weight)] for weight in group["params"]} for group in (rest, of_head)]
    assert found[0] | found[1] == set(names.values())
    assert found[1] == {name for name in names.values() if name.startswith("batch_prediction_head")}
    torch.optim.Adam([rest, of_head])


def test_groups_of_other_models_and_rates_are_refused() -> None:
    with pytest.raises(TypeError, match="AtacformerModel has no head that predicts batches"):
        batch_correction_parameter_groups(tiny(AtacformerModel), 1e-3, 1e-2)
    model = tiny(AtacformerForUnsupervisedBatchCorrection)
    with pytest.raises(ConfigError, match="head_learning_rate is 0, expected more than 0"):
        batch_correction_parameter_groups(model, 1e-3, 0)
