# SPDX-License-Identifier: BSD-2-Clause
"""The output folder of a training: checkpoints, configuration, model and metrics."""

from __future__ import annotations

import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bedtok._checks import warn_caller
from bedtok._core import ConfigError, remove_abandoned
from bedtok._files import atomic_write, checked_path, write_text
from bedtok.report.evaluation import Evaluation
from bedtok.report.training_page import (
    CONFUSION_NAME,
    PAGE_NAME,
    PICTURE_NAME,
    draw_curves,
    draw_evaluation,
    has_matplotlib,
    training_page,
)
from bedtok.train.config_file import to_toml
from bedtok.train.options import CONFIG_NAME, Config

METRICS_NAME = "metrics.json"
STATE_NAME = "trainer_state.json"
EVALUATION_NAME = "evaluation.json"

_LAST_FILE = "config.json"  # from_pretrained needs it
_UNFINISHED = ".unfinished"  # the folder in which the result is prepared


def last_checkpoint(folder: str, resume: bool) -> str | None:
    """Return the last whole checkpoint of a folder; None if there is none.

    Those that are not complete or damaged are skipped, with a warning that names the file.

    Raises:
        ConfigError: The folder holds a training and ``resume`` is False, or it is a URL.
    """
    folder = checked_path(folder)
    found = sorted(
        (int(match[1]), path)
        for path in Path(folder).glob("checkpoint-*")
        if (match := re.fullmatch(r"checkpoint-(\d+)", path.name))
    )
    if not resume:
        if found or Path(folder, _LAST_FILE).exists():
            what = found[-1][1].name if found else _LAST_FILE
            raise ConfigError(
                f"{folder}: holds {what}, expected a new folder; --resume resumes a training"
            )
        return None
    for _, path in reversed(found):
        damage = _damage_of(path)
        if damage is None:
            return str(path)
        warn_caller(f"{path}: is not complete and is skipped: {damage}")
    return None


def _damage_of(checkpoint: Path) -> str | None:
    """Return what is wrong with a checkpoint and with which of its files; None: it is whole."""
    if not (checkpoint / STATE_NAME).exists():  # the last file that Trainer writes
        return f"{STATE_NAME} is missing"
    for path in sorted(checkpoint.iterdir()):
        check = _CHECKS.get(path.suffix)
        if check is None or not path.is_file():
            continue
        try:
            whole = check(path)
        except (OSError, ValueError, RecursionError) as error:
            return f"{path.name} cannot be read ({' '.join(str(error).split())})"
        if not whole:
            return f"{path.name} is cut off or damaged"
    return None


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


def _is_archive(path: Path) -> bool:
    """Return whether a file of ``torch.save`` is whole: a zip archive whose checksums are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error):
        return False


def _is_safetensors(path: Path) -> bool:
    """Return whether a file is as long as its header says; it has no checksums."""
    with path.open("rb") as file:
        prefix = file.read(8)
        size = int.from_bytes(prefix, "little")
        total = path.stat().st_size
        if len(prefix) < 8 or size > total - 8:
            return False
        try:
            header = json.loads(file.read(size))
            ends = [entry["data_offsets"][1] for name, entry in header.items() if name[:2] != "__"]
            return total == 8 + size + max(ends, default=0)
        except (ValueError, RecursionError, AttributeError, KeyError, IndexError, TypeError):
            return False


# By suffix. Files of other kinds are left to those who read them.
_CHECKS: dict[str, Callable[[Path], bool]] = {
    ".json": _is_json,
    ".pt": _is_archive,
    ".pth": _is_archive,
    ".safetensors": _is_safetensors,
}


def completed_steps(checkpoint: str) -> int:
    """Return the number of steps before a checkpoint."""
    state = json.loads(Path(checkpoint, STATE_NAME).read_text("utf-8"))
    return int(state["global_step"])


def read_metrics(folder: str) -> dict[str, float] | None:
    """Return the metrics of a training that has ended; None if it has not."""
    path = Path(folder, METRICS_NAME)
    if not path.exists() or not Path(folder, _LAST_FILE).exists():
        return None
    metrics: dict[str, float] = json.loads(path.read_text("utf-8"))
    return metrics


def write_config(folder: str, config: Config) -> None:
    """Write the configuration atomically; create the folder if it is missing."""
    os.makedirs(folder, exist_ok=True)
    remove_abandoned(folder)
    with atomic_write(os.path.join(folder, CONFIG_NAME)) as temporary:
        Path(temporary).write_text(to_toml(config), encoding="utf-8")


def save_result(
    trainer: Any, metrics: Mapping[str, float], evaluation: Evaluation | None = None
) -> None:
    """Write model, tokenizer, history, metrics and pictures of them into the output folder.

    Everything is written to a temporary folder first. Call it on every process: each has a part of
    a sharded model.
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
            _write_json(unfinished / METRICS_NAME, dict(sorted(metrics.items())))
            if evaluation is not None:
                _write_json(unfinished / EVALUATION_NAME, evaluation.to_dict())
            _write_pictures(unfinished, folder, trainer.state.log_history, metrics, evaluation)
            for path in sorted(unfinished.iterdir(), key=lambda path: path.name == _LAST_FILE):
                os.replace(path, folder / path.name)
    finally:
        if main:
            shutil.rmtree(unfinished, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_pictures(
    target: Path,
    folder: Path,
    history: Sequence[Mapping[str, Any]],
    metrics: Mapping[str, float],
    evaluation: Evaluation | None,
) -> None:
    """Write curves and evaluation of a training as a page, and where matplotlib is there as PNG."""
    title = folder.resolve().name
    config = folder / CONFIG_NAME
    toml = config.read_text("utf-8") if config.exists() else ""
    try:
        write_text(target / PAGE_NAME, training_page(title, history, metrics, toml, evaluation))
        if has_matplotlib():
            draw_curves(target / PICTURE_NAME, title, history)
            if evaluation is not None and evaluation.classification is not None:
                draw_evaluation(target / CONFUSION_NAME, title, evaluation.classification)
    except Exception as error:  # a model of many hours is not lost for a picture of it
        warn_caller(f"{folder}: its curves are not drawn: {type(error).__name__}: {error}")
