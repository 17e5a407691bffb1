# SPDX-License-Identifier: BSD-2-Clause
"""Put a Trainer together and run it: the only module of ``bedtok.train`` that imports torch."""

from __future__ import annotations

import dataclasses
import inspect
import math
import os
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import bedtok.atacformer  # noqa: F401 - its error says how to install torch

# isort: split
import torch
from transformers import (
    PrinterCallback,
    Trainer,
    TrainerCallback,
    TrainerState,
    TrainingArguments,
    set_seed,
)
from transformers.trainer_utils import IntervalStrategy
from transformers.utils.logging import disable_progress_bar

from bedtok._checks import check_at_least, did_you_mean, import_optional
from bedtok._core import ConfigError
from bedtok._files import is_url, names_file, source_path
from bedtok._labels import IGNORED
from bedtok.atacformer._base_collator import RegionCollator
from bedtok.atacformer.callbacks import MeasuringCallback, SetEpochCallback
from bedtok.atacformer.cell_collator import DataCollatorForCellClassification
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.data_collator import (
    DataCollatorForRegionModeling,
    DataCollatorForReplacedTokenDetection,
    DataCollatorForTripletLoss,
)
from bedtok.atacformer.initialization import balanced_class_weights, initialize_from_cells
from bedtok.atacformer.modeling_atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
)
from bedtok.atacformer.tokenization_atacformer import AtacformerTokenizer
from bedtok.atacformer.triplets import TripletDataset
from bedtok.report.evaluation import (
    Classification,
    EmbeddingQuality,
    Evaluation,
    check_scikit_learn,
    classify_scores,
    drawn_cells,
    embedding_quality,
)
from bedtok.tokenizers import Tokenizer
from bedtok.train.data import IDS, LabelledRows, Rows
from bedtok.train.options import (
    EVALUATED,
    LABELLED_OBJECTIVES,
    OBJECTIVES,
    OPTIONS,
    Config,
    coerce,
    missing_fields,
)
from bedtok.train.output_folder import (
    STATE_NAME,
    completed_steps,
    last_checkpoint,
    read_metrics,
    save_result,
    write_config,
)
from bedtok.train.parts import Part, Parts, forget_other_labels, read_parts

_MODELS: dict[str, Any] = {
    "rtd": AtacformerForReplacedTokenDetection,
    "mlm": AtacformerForMaskedLM,
    "triplet": AtacformerForCellClustering,
    "classify": AtacformerForSequenceClassification,
}
# Fields of TrainingArguments that the command sets or does not use.
_NOT_ACCEPTED = {
    "do_train": "it always trains",
    "do_eval": "set data.eval to evaluate",
    "do_predict": "it does not predict",
    "push_to_hub": "load the model and push it: model.push_to_hub(name)",
    "remove_unused_columns": "other columns are not read",
    "resume_from_checkpoint": "--resume resumes from the last checkpoint in the folder",
    "label_smoothing_factor": "the losses of these models have no smoothing",
}
_PRINTED = ("train_loss", "eval_loss", "eval_accuracy", "eval_macro_f1", "eval_ari")
_ADAM = "adam"
# Fields that determine the shapes of the weights.
_SHAPES = (
    "max_position_embeddings",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "discriminator_hidden_size",
)


def run_training(
    config: Config, resume: bool = False, callbacks: Sequence[Any] = ()
) -> dict[str, float]:
    """Train as ``bedtok.train.train`` does.

    Args:
        config: Validated configuration with defaults.
        resume: Resume from the last complete checkpoint, if there is one.
        callbacks: Further callbacks for Trainer.
    """
    import_optional("accelerate", "bedtok train")
    _check(config)
    arguments = _training_arguments(config)
    checkpoint = last_checkpoint(arguments.output_dir, resume)
    trainer, data, max_length = _make_trainer(config, arguments, callbacks)
    ended = checkpoint is not None and completed_steps(checkpoint) >= _planned_steps(trainer)
    if ended and (metrics := read_metrics(arguments.output_dir)) is not None:
        return metrics
    if arguments.should_save:
        write_config(arguments.output_dir, config)
    if ended and checkpoint is not None:  # interrupted between its last step and its result
        _load_checkpoint(trainer, checkpoint)
        metrics = {}
    else:
        metrics = dict(trainer.train(resume_from_checkpoint=checkpoint).metrics)
    if checkpoint is not None:
        # Trainer's value is that of the resumed part, in some versions divided by all steps.
        metrics.pop("train_loss", None)
        metrics |= _mean_logged_loss(trainer.state.log_history)
    evaluation = None
    if trainer.eval_dataset is not None:
        metrics |= trainer.evaluate()
        evaluation = _evaluate(trainer, data, max_length)
    if evaluation is not None:
        metrics |= evaluation.metrics()
    metrics["steps"] = trainer.state.global_step
    save_result(trainer, metrics, evaluation)
    return metrics


def train_and_report(config: Config, resume: bool) -> None:
    """Train and print the metrics; the body of the command."""
    if not sys.stderr.isatty():
        # Of files that are read and written.
        import_optional("datasets", "bedtok train").disable_progress_bars()
        disable_progress_bar()
    try:
        metrics = run_training(config, resume)
    finally:
        if torch.distributed.is_initialized():
            main = torch.distributed.get_rank() == 0
            torch.distributed.destroy_process_group()
        else:
            main = True
    if main:
        values = [f"{name} {metrics[name]:.4f}" for name in _PRINTED if name in metrics]
        print(", ".join([f"{config['training']['output_dir']}: {metrics['steps']} steps", *values]))


# ---- checks that need the whole configuration


def _check(config: Config) -> None:
    """Check that the configuration is complete and its objective possible.

    Raises:
        ConfigError: A field is missing or out of range.
    """
    if missing := missing_fields(config):
        raise ConfigError(f"{', '.join(missing)}: missing, expected in the configuration")
    data, objective = config["data"], config["objective"]
    if objective["name"] not in _MODELS:
        raise ConfigError(
            f"objective.name is {objective['name']!r}, expected one of: {', '.join(OBJECTIVES)}"
        )
    for field in ("replaced_token_probability", "masked_token_probability", "mix_fraction"):
        if not 0 <= objective[field] <= 1:
            raise ConfigError(f"objective.{field} is {objective[field]}, expected 0 to 1")
    has_labels = any(data.get(name) for name in ("label_column", "labels"))
    if objective["name"] in LABELLED_OBJECTIVES and not has_labels:
        raise ConfigError(
            f"objective.name is {objective['name']!r}, expected data.label_column, or a table: "
            "data.labels"
        )
    for column in ("label_column", "batch_column"):
        if data.get(column) == IDS:
            raise ConfigError(f"data.{column} is {IDS!r}, expected a column of labels")
    _check_evaluation(data)


def _check_evaluation(data: Mapping[str, Any]) -> None:
    """Check that the data say once what is evaluated on."""
    given = [name for name in EVALUATED if data.get(name)]
    if len(given) > 1:
        raise ConfigError(
            f"{' and '.join(f'data.{name}' for name in given)} are set, expected one of them"
        )
    fraction = data.get("eval_fraction")
    if fraction is not None and not 0 <= fraction < 1:
        raise ConfigError(f"data.eval_fraction is {fraction}, expected 0 to 1, less than 1")


def _model_fields(config: Config) -> dict[str, Any]:
    """Return ``[model]`` coerced to the types of AtacformerConfig."""
    kinds = {
        name: str(parameter.annotation).removesuffix(" | None")
        for name, parameter in inspect.signature(AtacformerConfig.__init__).parameters.items()
        if name not in ("self", "kwargs")
    }
    owner = "bedtok.atacformer.AtacformerConfig"
    return _known_fields(config["model"], "model", kinds | {"init_from": "str"}, owner)


def _training_arguments(config: Config) -> TrainingArguments:
    fields = dict(config["training"])
    check_at_least("training.min_steps", fields.pop("min_steps"), 0)  # by _lengthen
    for name in fields:
        if name in _NOT_ACCEPTED:
            raise ConfigError(f"training.{name} is not accepted: {_NOT_ACCEPTED[name]}")
    kinds = {
        field.name: getattr(field.type, "__name__", str(field.type))
        for field in dataclasses.fields(TrainingArguments)
    }
    if "warmup_ratio" in fields and "warmup_ratio" not in kinds:
        # In transformers 5 warmup_steps below 1 are a fraction.
        fields["warmup_steps"] = coerce(float, fields.pop("warmup_ratio"), "training.warmup_ratio")
    fields = _known_fields(fields, "training", kinds, "transformers.TrainingArguments")
    if fields["optim"] == _ADAM:  # which transformers has no name for
        fields["optim"] = "adamw_torch"
    fields.setdefault("disable_tqdm", not sys.stderr.isatty())
    if "dataloader_pin_memory" not in fields and not torch.cuda.is_available():
        fields["dataloader_pin_memory"] = False  # which PyTorch warns of at each epoch
    if any(config["data"].get(name) for name in EVALUATED):
        fields.setdefault("eval_strategy", "epoch")
    try:
        return TrainingArguments(**fields)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"[training]: {error}") from error


def _known_fields(
    fields: Mapping[str, Any], table: str, kinds: Mapping[str, str], owner: str
) -> dict[str, Any]:
    """Return the fields of a table, those without an ``Option`` coerced to the owner's types.

    Args:
        fields: The fields that are set.
        table: Name of the table.
        kinds: The types of the owner's fields, as annotations.
        owner: The class whose fields they are, for messages.

    Raises:
        ConfigError: The owner has no such field, or the value has another type.
    """
    result = dict(fields)
    for name, value in fields.items():
        if name not in kinds:
            raise ConfigError(
                f"{table}.{name} is no field of {owner}; "
                + did_you_mean(name, kinds, "its documentation has the names")
            )
        kind = _KINDS.get(kinds[name])
        if name not in OPTIONS[table] and kind is not None:
            result[name] = coerce(kind, value, f"{table}.{name}")
    return result


_KINDS: dict[str, type] = {"bool": bool, "int": int, "float": float, "str": str}


# ---- the parts of a training


class _Data(NamedTuple):
    train: Any
    eval: Any  # None without data.eval
    cells: Rows  # the ids of all rows to train on
    parts: Parts
    classes: Sequence[str] = ()  # of the objective classify


def _make_trainer(
    config: Config, arguments: TrainingArguments, callbacks: Sequence[Any]
) -> tuple[_SeededTrainer, _Data, int]:
    model_fields = _model_fields(config)
    tokenizer = _load_tokenizer(config["data"].get("universe") or config["model"]["init_from"])
    data = _read_data(config, tokenizer, arguments.seed)
    _lengthen(config["training"], arguments, len(data.train))
    set_seed(arguments.seed)
    if data.classes:
        model_fields |= _class_fields(config, data)
    model = _make_model(_MODELS[config["objective"]["name"]], model_fields, tokenizer)
    if model.config.pooling == "weighted" and not config["model"].get("init_from"):
        initialize_from_cells(model, list(data.cells), tokenizer.num_regions)
    max_length = _max_length(config["data"], model.config.max_position_embeddings)
    make_collator = partial(
        _make_collator, config["objective"], tokenizer, max_length, arguments.seed
    )
    trainer = _SeededTrainer(
        make_collator(augments=False),
        _ClassMetrics(data.classes) if data.classes and data.eval is not None else None,
        model=model,
        args=arguments,
        data_collator=make_collator(augments=True),
        train_dataset=data.train,
        eval_dataset=data.eval,
        processing_class=tokenizer,
        callbacks=[SetEpochCallback(), *callbacks],
        optimizer_cls_and_kwargs=_optimizer(config, arguments),
    )
    for callback in callbacks:
        if isinstance(callback, MeasuringCallback) and callback.trainer is None:
            callback.trainer = trainer
    if arguments.disable_tqdm:  # PrinterCallback prints to standard output, which is for results
        trainer.remove_callback(PrinterCallback)
        trainer.add_callback(_LogToStderr())
    return trainer, data, max_length


def _read_data(config: Config, tokenizer: AtacformerTokenizer, seed: int) -> _Data:
    vocabulary = tokenizer.backend_tokenizer
    parts = read_parts(config["data"], len(tokenizer), tokenizer.num_regions, vocabulary)
    train, held = parts.train, parts.eval
    if held is not None and held.labels is not None:
        check_scikit_learn()
    cells = Rows(train.rows)
    objective = config["objective"]["name"]
    if objective not in LABELLED_OBJECTIVES:
        return _Data(train.rows, None if held is None else held.rows, cells, parts)
    split = {"train": train} | ({} if held is None else {"eval": held})
    if objective == "triplet":
        made: dict[str, Any] = {
            name: TripletDataset(Rows(part.rows), part.labels or [], seed)
            for name, part in split.items()
        }
        return _Data(made["train"], made.get("eval"), cells, parts)
    classes = _classes(config, parts)
    if held is not None:
        if not config["data"]["eval"]:  # a batch may have cells of its own kinds
            held = split["eval"] = forget_other_labels(held, classes)
            parts = parts._replace(eval=held)
        if all(label is None for label in held.labels or ()):
            raise ConfigError(
                f"{parts.label_column}: none of {len(held.rows)} rows to evaluate on has one, "
                "expected some; complete the labels, or evaluate on other rows"
            )
    made = {
        name: LabelledRows(part.rows, part.labels or [], classes, f"data.{name}")
        for name, part in split.items()
    }
    return _Data(made["train"], made.get("eval"), cells, parts, classes)


def _classes(config: Config, parts: Parts) -> list[str]:
    """Return the classes: those of the classifier that is trained further, or of the labels."""
    found = sorted({label for label in parts.train.labels or () if label is not None})
    if len(found) < 2:
        raise ConfigError(f"{parts.label_column} has {len(found)} labels, expected two at least")
    if name := config["model"].get("init_from"):
        saved = AtacformerConfig.from_pretrained(name)
        kept = [saved.id2label[i] for i in range(len(saved.id2label))]
        if set(found) <= set(kept):
            return kept
    return found


def _class_fields(config: Config, data: _Data) -> dict[str, Any]:
    """Return the fields of a model's configuration that its classes determine."""
    fields: dict[str, Any] = {
        "id2label": dict(enumerate(data.classes)),
        "label2id": {label: number for number, label in enumerate(data.classes)},
    }
    balanced = config["objective"]["balanced_classes"]
    if balanced and "class_weights" not in config["model"]:
        fields["class_weights"] = _class_weights(data.train.labels, len(data.classes))
    return fields


def _class_weights(labels: Sequence[int], count: int) -> list[float]:
    """Return weights by which classes count alike; classes without a cell here get 1."""
    present = sorted(set(labels) - {IGNORED})
    numbers = {label: number for number, label in enumerate(present)}
    weights = balanced_class_weights(
        [numbers.get(label, IGNORED) for label in labels], len(present)
    )
    return [weights[numbers[label]] if label in numbers else 1.0 for label in range(count)]


class _ClassMetrics:
    """Measure how well classes are named, over cells whose class is known.

    Attributes:
        last: What the last evaluation measured; None: there was none.
    """

    def __init__(self, classes: Sequence[str]) -> None:
        self.last: Classification | None = None
        self._classes = classes

    def __call__(self, prediction: Any) -> dict[str, float]:
        logits = prediction.predictions
        guesses = (logits[0] if isinstance(logits, tuple) else logits).argmax(axis=-1)
        known = prediction.label_ids != IGNORED
        found = classify_scores(prediction.label_ids[known], guesses[known], self._classes)
        self.last = found
        return {"accuracy": found.accuracy, "macro_f1": found.macro_f1}


def _evaluate(trainer: _SeededTrainer, data: _Data, max_length: int) -> Evaluation | None:
    """Return the evaluation of labels; None on processes but the main one, and without labels."""
    part = data.parts.eval
    if part is None or part.labels is None or not trainer.is_world_process_zero():
        return None
    labelled = sum(label is not None for label in part.labels)
    named = trainer.class_metrics.last if trainer.class_metrics is not None else None
    quality = _embedding_quality(trainer, part, labelled, max_length) if labelled else None
    return Evaluation(len(part.rows), labelled, data.parts.source, named, quality)


def _embedding_quality(
    trainer: _SeededTrainer, part: Part, labelled: int, max_length: int
) -> EmbeddingQuality:
    labels, batches = part.labels or [], part.batches
    if trainer.is_fsdp_enabled or trainer.is_deepspeed_enabled:
        return EmbeddingQuality({}, 0, ["Cells are not embedded: the model is in several parts."])
    cells = drawn_cells(labels).tolist()
    rows = Rows(part.rows)
    embeddings = trainer.accelerator.unwrap_model(trainer.model).encode_tokenized_cells(
        [rows[i] for i in cells],
        batch_size=trainer.args.eval_batch_size,
        max_tokens_per_cell=max_length,
        seed=trainer.args.seed,
        progress=False if trainer.args.disable_tqdm else None,
        device="cpu",
        dtype=torch.float32,
    )
    return embedding_quality(
        embeddings,
        [str(labels[i]) for i in cells],
        None if batches is None else [batches[i] for i in cells],
        labelled,
    )


def _optimizer(config: Config, arguments: TrainingArguments) -> tuple[Any, dict[str, Any]] | None:
    """Return class and arguments of an optimizer; None: that of ``training.optim``.

    With Adam ``weight_decay`` is a part of the gradients, not of the step: a region that few cells
    have gets few gradients, and the penalty among them keeps its embedding small.
    """
    if config["training"]["optim"] != _ADAM:
        return None
    betas = (arguments.adam_beta1, arguments.adam_beta2)
    return torch.optim.Adam, {
        "lr": arguments.learning_rate,
        "betas": betas,
        "eps": arguments.adam_epsilon,
    }


def _max_length(data: Mapping[str, Any], context: int) -> int:
    max_length = check_at_least("data.max_length", data.get("max_length", context), 1)
    if max_length > context:
        raise ConfigError(
            f"data.max_length is {max_length}, expected at most {context}, the context"
        )
    return max_length


def _load_tokenizer(name: str) -> AtacformerTokenizer:
    is_file = os.path.isfile(name) or (names_file(name) and not os.path.isdir(name))
    if is_url(name):
        is_file = not source_path(name).endswith("/")
    tokenizer = Tokenizer(name) if is_file else Tokenizer.from_pretrained(name)
    return AtacformerTokenizer(tokenizer_object=tokenizer)


def _make_model(model_class: Any, fields: Mapping[str, Any], tokenizer: AtacformerTokenizer) -> Any:
    fields = dict(fields)
    name = fields.pop("init_from", None)
    if not name:
        return model_class(AtacformerConfig.from_tokenizer(tokenizer, **fields))
    saved = AtacformerConfig.from_pretrained(name)
    for field in _SHAPES:
        if field in fields and fields[field] != getattr(saved, field):
            raise ConfigError(
                f"model.{field} is {fields[field]}, but {getattr(saved, field)} in {name}, whose "
                "weights are loaded; leave it out"
            )
    # Weights are trained in float32, however they were saved; training.bf16 computes in bfloat16.
    model = model_class.from_pretrained(name, dtype=torch.float32, **fields)
    size = model.get_input_embeddings().num_embeddings
    if size != len(tokenizer):
        raise ConfigError(
            f"{name} has {size} tokens, the tokenizer {len(tokenizer)}; leave data.universe out to "
            "use the model's own"
        )
    return model


def _load_checkpoint(trainer: Trainer, checkpoint: str) -> None:
    """Load weights and history of a checkpoint."""
    saved = type(trainer.model).from_pretrained(checkpoint, dtype=torch.float32)
    trainer.model.load_state_dict(saved.state_dict())
    trainer.state = TrainerState.load_from_json(os.path.join(checkpoint, STATE_NAME))


class _MaskedTokenCollator(RegionCollator):
    """Collate batches for masked language modeling."""

    def __init__(self, tokenizer: Any, probability: float, seed: int, max_length: int) -> None:
        super().__init__(tokenizer, max_length, seed, None)
        self._masking = DataCollatorForRegionModeling(tokenizer, mlm_probability=probability)

    def __call__(self, features: Sequence[Mapping[str, Any]]) -> dict[str, torch.Tensor]:
        ids, attention_mask, generator = self._collate(features, "input_ids")
        self._masking.generator = generator
        special = ids >= self.tokenizer.num_regions
        inputs, labels = self._masking.torch_mask_tokens(ids, special_tokens_mask=special)
        return {"input_ids": inputs, "attention_mask": attention_mask, "labels": labels}


def _make_collator(
    objective: Mapping[str, Any],
    tokenizer: AtacformerTokenizer,
    max_length: int,
    seed: int,
    *,
    augments: bool,
) -> RegionCollator:
    if objective["name"] == "triplet":
        return DataCollatorForTripletLoss(tokenizer, max_length, seed)
    if objective["name"] == "classify":
        mix_fraction = objective["mix_fraction"] if augments else 0.0
        return DataCollatorForCellClassification(
            tokenizer, max_length, seed, mix_fraction=mix_fraction
        )
    if objective["name"] == "mlm":
        return _MaskedTokenCollator(
            tokenizer, objective["masked_token_probability"], seed, max_length
        )
    return DataCollatorForReplacedTokenDetection(
        tokenizer, objective["replaced_token_probability"], seed, max_length=max_length
    )


class _SeededTrainer(Trainer):  # type: ignore[misc]
    """A Trainer whose evaluations all draw the same random numbers."""

    data_collator: Any

    def __init__(
        self, eval_collator: RegionCollator, class_metrics: _ClassMetrics | None, **keywords: Any
    ) -> None:
        self.eval_collator = eval_collator
        self.class_metrics = class_metrics
        eval_collator.set_epoch(0)
        super().__init__(compute_metrics=class_metrics, **keywords)

    def get_eval_dataloader(self, *args: Any, **kwargs: Any) -> Any:
        train_collator, self.data_collator = self.data_collator, self.eval_collator
        try:
            return super().get_eval_dataloader(*args, **kwargs)
        finally:
            self.data_collator = train_collator


def _lengthen(fields: Mapping[str, Any], arguments: TrainingArguments, rows: int) -> None:
    """Raise the epochs so that there are ``training.min_steps`` steps.

    An epoch may then be a few steps: evaluations that were to be one an epoch are eight in all.
    """
    wanted = fields["min_steps"]
    size = arguments.train_batch_size * arguments.world_size * arguments.gradient_accumulation_steps
    epoch = max(math.ceil(rows / size), 1)
    if arguments.max_steps > 0 or arguments.num_train_epochs * epoch >= wanted:
        return
    arguments.num_train_epochs = float(math.ceil(wanted / epoch))
    if arguments.eval_strategy == "epoch" and "eval_strategy" not in fields:
        arguments.eval_strategy = IntervalStrategy.STEPS
        arguments.eval_steps = math.ceil(wanted / 8)


def _planned_steps(trainer: Trainer) -> int:
    """Return the number of steps of the whole training, as Trainer counts them."""
    arguments = trainer.args
    if arguments.max_steps > 0:
        return int(arguments.max_steps)
    batches = len(trainer.get_train_dataloader())
    steps: int = max(math.ceil(batches / arguments.gradient_accumulation_steps), 1)
    return math.ceil(float(arguments.num_train_epochs) * steps)


def _mean_logged_loss(history: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the mean of the logged losses, each weighted by the steps since the one before."""
    total, last = 0.0, 0
    for entry in history:
        if "loss" in entry:
            total += float(entry["loss"]) * (entry["step"] - last)
            last = entry["step"]
    return {"train_loss": total / last} if last else {}


class _LogToStderr(TrainerCallback):  # type: ignore[misc]
    """Write the logs of Trainer to standard error, one line each."""

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        if state.is_world_process_zero:
            values = (
                f"{name} {value:.5g}" if isinstance(value, (int, float)) else f"{name} {value}"
                for name, value in (logs or {}).items()
            )
            print(f"step {state.global_step}: {', '.join(values)}", file=sys.stderr, flush=True)
