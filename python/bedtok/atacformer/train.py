# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok train``, also ``python -m bedtok.atacformer.train``: tokens to a trained model.

On several processes: ``torchrun --nproc-per-node=2 -m bedtok.atacformer.train ...``.
"""

from __future__ import annotations

import dataclasses
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    set_seed,
)

from bedtok._checks import check_at_least, import_optional
from bedtok._core import ConfigError
from bedtok._train_options import (
    OBJECTIVES,
    Config,
    completed,
    missing_fields,
    nearest,
    of_kind,
)
from bedtok.atacformer._collating import RegionCollator
from bedtok.atacformer._training_data import IDS, Rows, read_labels, read_rows
from bedtok.atacformer._training_folder import (
    STATE_NAME,
    last_checkpoint,
    read_metrics,
    save_result,
    steps_of,
    write_config,
)
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.data_collator import (
    DataCollatorForRegionModeling,
    DataCollatorForReplacedTokenDetection,
    DataCollatorForTripletLoss,
)
from bedtok.atacformer.modeling_atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
)
from bedtok.atacformer.tokenization_atacformer import AtacformerTokenizer
from bedtok.atacformer.training import SetEpochCallback
from bedtok.atacformer.triplets import TripletDataset
from bedtok.tokenizers import Tokenizer

_MODELS = dict(
    zip(
        OBJECTIVES,
        (AtacformerForReplacedTokenDetection, AtacformerForMaskedLM, AtacformerForCellClustering),
        strict=True,
    )
)
# Fields of TrainingArguments that this command fills or does not use.
_NOT_TAKEN = {
    "do_train": "it always trains",
    "do_eval": "data.eval is what is evaluated",
    "do_predict": "it predicts nothing",
    "push_to_hub": "load the model and push it: model.push_to_hub(name)",
    "remove_unused_columns": "other columns are not read",
    "resume_from_checkpoint": "--resume goes on from the last checkpoint in the folder",
    "label_smoothing_factor": "the losses of these models have no smoothing",
}
_LOSSES = ("train_loss", "eval_loss")
# Fields that the weights of a model depend on.
_SHAPES = (
    "max_position_embeddings",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "discriminator_hidden_size",
)


def train(
    config: Mapping[str, Mapping[str, Any]],
    *,
    resume: bool = False,
    callbacks: Sequence[Any] = (),
) -> dict[str, float]:
    """Train a model as a configuration says, and save it with its tokenizer.

    The folder ``training.output_dir`` gets checkpoints while training, and in the end the model,
    its tokenizer, the configuration, ``trainer_state.json`` and ``metrics.json``, each under its
    name when it is complete, ``config.json`` last: what ``from_pretrained`` loads is whole. The
    same configuration gives the same weights on the same machine, whether it was interrupted and
    resumed or not. A training that is resumed after its last step is left as it is.

    Args:
        config: Tables ``data``, ``objective``, ``model`` and ``training``, as in a config file;
            what they do not say has the defaults that ``bedtok train --print-config`` shows.
        resume: Go on from the last complete checkpoint in the folder, if there is one.
        callbacks: Further callbacks of Trainer.

    Returns:
        The metrics, as ``metrics.json`` has them. After a resume ``train_loss`` is the mean of what
        was logged, before and after.

    Raises:
        ConfigError: A field is not known or out of its range, data or a model do not fit; the
            folder holds a training and ``resume`` is False.
        VocabularyError: An id of the data is outside the vocabulary.
        FileNotFoundError: Data do not exist.
        ImportError: accelerate, datasets or pyarrow is missing.

    Example:
        >>> train({
        ...     "data": {"train": ["tokens/"], "universe": "universe.bed"},
        ...     "training": {"output_dir": "model", "max_steps": 1000},
        ... })
    """
    import_optional("accelerate", "bedtok train")
    complete = completed(config)
    if missing := missing_fields(complete):
        raise ConfigError(f"{', '.join(missing)}: missing, expected in the configuration")
    data, objective = complete["data"], complete["objective"]
    name = objective["name"]
    if name not in _MODELS:
        raise ConfigError(f"objective.name is {name!r}, expected one of: {', '.join(OBJECTIVES)}")
    for field in ("replaced_token_probability", "masked_token_probability"):
        if not 0 <= objective[field] <= 1:
            raise ConfigError(f"objective.{field} is {objective[field]}, expected 0 to 1")
    arguments = _training_arguments(complete)
    checkpoint = last_checkpoint(arguments.output_dir, resume)

    tokenizer = _load_tokenizer(data.get("universe") or complete["model"]["init_from"])
    label_column = _label_column(data, name)  # None: not for triplets
    rows = read_rows(data["train"], len(tokenizer), label_column)
    eval_rows = read_rows(data["eval"], len(tokenizer), label_column) if data["eval"] else None

    set_seed(arguments.seed)
    model = _make_model(_MODELS[name], complete["model"], tokenizer)
    context = model.config.max_position_embeddings
    max_length = check_at_least("data.max_length", data.get("max_length", context), 1)
    if max_length > context:
        raise ConfigError(
            f"data.max_length is {max_length}, expected at most {context}, the context"
        )
    if label_column is not None:
        rows, eval_rows = (
            part and TripletDataset(Rows(part), read_labels(part, label_column), arguments.seed)
            for part in (rows, eval_rows)
        )
    trainer = _SeededTrainer(
        partial(_make_collator, objective, tokenizer, max_length, arguments.seed),
        model=model,
        args=arguments,
        train_dataset=rows,
        eval_dataset=eval_rows,
        processing_class=tokenizer,
        callbacks=[SetEpochCallback(), *callbacks],
    )
    if arguments.disable_tqdm:  # in place of what prints to standard output, which is for results
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_Log())
    ended = checkpoint is not None and steps_of(checkpoint) >= _planned_steps(trainer)
    if ended and (metrics := read_metrics(arguments.output_dir)) is not None:
        return metrics
    if arguments.should_save:
        write_config(arguments.output_dir, complete)
    if ended and checkpoint is not None:
        # Between its last step and its result.
        last = _MODELS[name].from_pretrained(checkpoint, dtype=torch.float32)
        trainer.model.load_state_dict(last.state_dict())
        trainer.state = TrainerState.load_from_json(os.path.join(checkpoint, STATE_NAME))
        metrics = {}
    else:
        metrics = dict(trainer.train(resume_from_checkpoint=checkpoint).metrics)
    if checkpoint is not None:
        # What Trainer says is of the resumed part, in some versions divided by all steps.
        metrics.pop("train_loss", None)
        metrics |= _logged_loss(trainer.state.log_history)
    if eval_rows is not None:
        metrics |= trainer.evaluate()
    metrics["steps"] = trainer.state.global_step
    save_result(trainer, metrics)
    return metrics


def train_and_report(config: Mapping[str, Mapping[str, Any]], resume: bool) -> None:
    """Train, and print what came of it."""
    try:
        metrics = train(config, resume=resume)
    finally:
        if torch.distributed.is_initialized():
            main = torch.distributed.get_rank() == 0
            torch.distributed.destroy_process_group()
        else:
            main = True
    if main:
        losses = ", ".join(f"{name} {metrics[name]:.4f}" for name in _LOSSES if name in metrics)
        print(f"{config['training']['output_dir']}: {metrics['steps']} steps, {losses}")


class _SeededTrainer(Trainer):  # type: ignore[misc]
    """A Trainer each of whose evaluations draws the same."""

    data_collator: Any

    def __init__(self, make_collator: Callable[[], Any], **keywords: Any) -> None:
        self.make_collator = make_collator
        super().__init__(data_collator=make_collator(), **keywords)

    def get_eval_dataloader(self, *args: Any, **kwargs: Any) -> Any:
        # A collator counts how often samples have come, so that each epoch draws anew.
        collator = self.data_collator
        self.data_collator = self.make_collator()
        try:
            return super().get_eval_dataloader(*args, **kwargs)
        finally:
            self.data_collator = collator


def _planned_steps(trainer: Trainer) -> int:
    """Return after how many steps a training ends, as Trainer counts them."""
    arguments = trainer.args
    if arguments.max_steps > 0:
        return int(arguments.max_steps)
    batches = len(trainer.get_train_dataloader())
    steps: int = max(math.ceil(batches / arguments.gradient_accumulation_steps), 1)
    return math.ceil(float(arguments.num_train_epochs) * steps)


def _logged_loss(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean of the losses that were logged, each of the steps since the one before."""
    total, last = 0.0, 0
    for entry in history:
        if "loss" in entry:
            total += float(entry["loss"]) * (entry["step"] - last)
            last = entry["step"]
    return {"train_loss": total / last} if last else {}


class _Log(TrainerCallback):  # type: ignore[misc]
    """Writes what Trainer logs to standard error, a line each time."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            values = (
                f"{name} {value:.5g}" if isinstance(value, (int, float)) else f"{name} {value}"
                for name, value in (logs or {}).items()
            )
            print(f"step {state.global_step}: {', '.join(values)}", file=sys.stderr, flush=True)


# ---- what the configuration says


def _training_arguments(config: Config) -> TrainingArguments:
    fields = dict(config["training"])
    known: dict[str, Any] = {f.name: f.type for f in dataclasses.fields(TrainingArguments)}
    if "warmup_ratio" in fields and "warmup_ratio" not in known:
        # In transformers 5 a part is told as steps below 1.
        fields["warmup_steps"] = of_kind(float, fields.pop("warmup_ratio"), "training.warmup_ratio")
    for name, value in fields.items():
        if name in _NOT_TAKEN:
            raise ConfigError(f"training.{name} is not taken: {_NOT_TAKEN[name]}")
        if name not in known:
            raise ConfigError(
                f"training.{name} is no field of transformers.TrainingArguments"
                + nearest(name, known, "training", "its documentation has the names")
            )
        if known[name] in (bool, int, float, str):  # Trainer would fail later on
            fields[name] = of_kind(known[name], value, f"training.{name}")
    fields.setdefault("disable_tqdm", not sys.stderr.isatty())
    if config["data"]["eval"]:
        fields.setdefault("eval_strategy", "epoch")
    try:
        return TrainingArguments(**fields)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[training]: {error}") from error


def _label_column(data: Mapping[str, Any], objective: str) -> str | None:
    column: str | None = data.get("label_column")
    if objective != "triplets":
        return None
    if column is None:
        raise ConfigError("objective.name is 'triplets', expected data.label_column")
    if column == IDS:
        raise ConfigError(f"data.label_column is {column!r}, expected a column of labels")
    return column


def _load_tokenizer(name: str) -> AtacformerTokenizer:
    core = Tokenizer(name) if os.path.isfile(name) else Tokenizer.from_pretrained(name)
    return AtacformerTokenizer(core=core)


def _make_model(kind: Any, fields: Mapping[str, Any], tokenizer: AtacformerTokenizer) -> Any:
    fields = dict(fields)
    name = fields.pop("init_from", None)
    if not name:
        return kind(AtacformerConfig.from_tokenizer(tokenizer, **fields))
    saved = AtacformerConfig.from_pretrained(name)
    for field in _SHAPES:
        if field in fields and fields[field] != getattr(saved, field):
            raise ConfigError(
                f"model.{field} is {fields[field]}, but {getattr(saved, field)} in {name}, from "
                "which the weights come; leave it out"
            )
    # Weights train in 32 bits, however they were saved; training.bf16 computes in 16.
    model = kind.from_pretrained(name, dtype=torch.float32, **fields)
    size = model.get_input_embeddings().num_embeddings
    if size != len(tokenizer):
        raise ConfigError(
            f"{name} has {size} tokens, the tokenizer {len(tokenizer)}; leave data.universe out to "
            "take the model's own"
        )
    return model


class _MaskedTokens(RegionCollator):
    """Batches for the prediction of masked tokens."""

    def __init__(self, tokenizer: Any, probability: float, seed: int, max_length: int) -> None:
        super().__init__(tokenizer, max_length, seed, None)
        self._masking = DataCollatorForRegionModeling(tokenizer, mlm_probability=probability)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        ids, attention_mask, generator = self._rows(features, "input_ids")
        self._masking.generator = generator
        special = ids >= self.tokenizer.num_regions
        inputs, labels = self._masking.torch_mask_tokens(ids, special_tokens_mask=special)
        return {"input_ids": inputs, "attention_mask": attention_mask, "labels": labels}


def _make_collator(
    objective: Mapping[str, Any], tokenizer: AtacformerTokenizer, max_length: int, seed: int
) -> Any:
    if objective["name"] == "triplets":
        return DataCollatorForTripletLoss(tokenizer, max_length, seed)
    if objective["name"] == "masked_tokens":
        return _MaskedTokens(tokenizer, objective["masked_token_probability"], seed, max_length)
    return DataCollatorForReplacedTokenDetection(
        tokenizer, objective["replaced_token_probability"], seed, max_length=max_length
    )


if __name__ == "__main__":
    from bedtok.cli import main

    sys.exit(main(["train", *sys.argv[1:]]))
