# SPDX-License-Identifier: BSD-2-Clause
"""The folder of a training: its checkpoints, and in the end the model beside them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bedtok._checks import warn_caller
from bedtok._core import ConfigError
from bedtok._files import atomic_write
from bedtok._train_options import CONFIG_NAME, Config, to_toml

METRICS_NAME = "metrics.json"
STATE_NAME = "trainer_state.json"

_LAST_FILE = "config.json"  # without which nothing loads the folder
_UNFINISHED = ".unfinished"  # the folder in which the result is written


def last_checkpoint(folder: str, resume: bool) -> str | None:
    """Return the last complete checkpoint; None where a training begins.

    Raises:
        ConfigError: The folder holds a training that is not to be resumed.
    """
    found = sorted(
        (int(match[1]), path)
        for path in Path(folder).glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    )
    if not resume:
        if found or Path(folder, _LAST_FILE).exists():
            what = found[-1][1].name if found else _LAST_FILE
            raise ConfigError(
                f"{folder}: holds {what}, expected a new folder; --resume goes on with a training"
            )
        return None
    for _, path in reversed(found):
        if _is_complete(path):
            return str(path)
        warn_caller(f"{path}: is not complete and is left aside")
    return None


def _is_complete(checkpoint: Path) -> bool:
    # Trainer writes this file last.
    try:
        json.loads((checkpoint / STATE_NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return True


def steps_of(checkpoint: str) -> int:
    """Return how many steps a checkpoint has behind it."""
    state = json.loads(Path(checkpoint, STATE_NAME).read_text("utf-8"))
    return int(state["global_step"])


def read_metrics(folder: str) -> dict[str, float] | None:
    """Return what came of a training that has ended; None where it has not."""
    path = Path(folder, METRICS_NAME)
    if not path.exists() or not Path(folder, _LAST_FILE).exists():
        return None
    metrics: dict[str, float] = json.loads(path.read_text("utf-8"))
    return metrics


def write_config(folder: str, config: Config) -> None:
    """Write the configuration into the folder, which is made when it is missing."""
    os.makedirs(folder, exist_ok=True)
    with atomic_write(os.path.join(folder, CONFIG_NAME)) as temporary:
        Path(temporary).write_text(to_toml(config), encoding="utf-8")


def save_result(trainer: Any, metrics: Mapping[str, float]) -> None:
    """Write model, tokenizer, history and metrics into the folder of a training.

    All of it is written elsewhere before anything gets its name. To be called on every process: of
    a model that is spread over them, each has a part.
    """
    folder = Path(trainer.args.output_dir)
    unfinished = folder / _UNFINISHED
    main = trainer.is_world_process_zero()
    if main:
        shutil.rmtree(unfinished, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    try:
        trainer.save_model(str(unfinished))
        if main:
            (unfinished / "training_args.bin").unlink(missing_ok=True)  # the config says the same
            trainer.state.save_to_json(str(unfinished / STATE_NAME))
            text = json.dumps(dict(sorted(metrics.items())), indent=1) + "\n"
            (unfinished / METRICS_NAME).write_text(text, encoding="utf-8")
            for path in sorted(unfinished.iterdir(), key=lambda path: path.name == _LAST_FILE):
                os.replace(path, folder / path.name)
    finally:
        if main:
            shutil.rmtree(unfinished, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
