# SPDX-License-Identifier: BSD-2-Clause
"""``bedtok train``: tokens in, a folder out that ``from_pretrained`` loads."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset, DatasetDict
from transformers import AutoModel, AutoTokenizer, TrainerCallback, TrainingArguments

from bedtok import ConfigError, Tokenizer, VocabularyError
from bedtok.atacformer import (
    AtacformerConfig,
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerModel,
    AtacformerTokenizer,
    ModelParameterChangeCallback,
)
from bedtok.cli import main
from bedtok.io import tokenize_files
from bedtok.train import train
from bedtok.train.config_file import read_config
from bedtok.train.options import OPTIONS
from bedtok.train.output_folder import last_checkpoint
from support import NUM_REGIONS, region_text

# A warning of transformers 4 on file systems with coarse times.
pytestmark = pytest.mark.filterwarnings("ignore:mtime may not be reliable")

TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
MODEL = {
    "max_position_embeddings": 20,  # fewer than some rows have
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for each other longer than this model's work takes, where processors are few."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rows(number: int = 40, seed: int = 0) -> list[list[int]]:
    chance = random.Random(seed)
    return [sorted(chance.sample(range(NUM_REGIONS), chance.randint(3, 30))) for _ in range(number)]


def write(path: Path, ids: Any, kind: Any = None, **columns: Any) -> str:
    column = pa.array(ids, pa.list_(pa.int32()) if kind is None else kind)
    pq.write_table(pa.table({"input_ids": column, **columns}), path)
    return str(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a universe and tokens; the cache of datasets is in it, too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    TOKENIZER.regions.to_bed("universe.bed")
    labels = pa.array(["abc"[i % 3] for i in range(40)])
    write(tmp_path / "tokens.parquet", rows(), cell_type=labels)
    return tmp_path


def tiny(out: str = "model", **training: Any) -> dict[str, dict[str, Any]]:
    """A configuration of a training of ten steps of four, in epochs of ten."""
    return {
        "data": {"train": ["tokens.parquet"], "universe": "universe.bed"},
        "model": MODEL,
        "training": {
            "output_dir": out,
            "max_steps": 10,
            "per_device_train_batch_size": 4,
            "learning_rate": 0.01,
            "warmup_steps": 2,
            "save_steps": 4,
            "logging_steps": 1,
            "use_cpu": True,
            "disable_tqdm": True,
            **training,
        },
    }


def weights(out: str | Path) -> dict[str, torch.Tensor]:
    state: dict[str, torch.Tensor] = AtacformerForReplacedTokenDetection.from_pretrained(
        out
    ).state_dict()
    return state


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    assert one.keys() == other.keys()
    return all(torch.equal(one[name], other[name]) for name in one)


def losses(out: str) -> list[float]:
    history = json.loads(Path(out, "trainer_state.json").read_text())["log_history"]
    return [entry["loss"] for entry in history if "loss" in entry]


class Stop(TrainerCallback):  # type: ignore[misc]
    """Ctrl-C at the end of a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self.step:
            raise KeyboardInterrupt


class Steps(TrainerCallback):  # type: ignore[misc]
    """Which steps were done."""

    def __init__(self) -> None:
        self.done: list[int] = []

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self.done.append(state.global_step)


class Reporter(TrainerCallback):  # type: ignore[misc]
    """Keeps the logs of Trainer."""

    def __init__(self) -> None:
        self.logs: list[dict[str, float]] = []

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
        self.logs.append({**logs, "step": state.global_step})


@pytest.fixture(autouse=True)
def without_picture(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave metrics.png out but for a test that asks for it: it takes longer than the training."""
    if request.node.get_closest_marker("draws") is None:
        monkeypatch.setattr("bedtok.train.output_folder.has_matplotlib", lambda: False)


# ---- the result


@pytest.mark.draws
def test_the_folder_loads_as_a_model_and_as_a_tokenizer(folder: Path) -> None:
    metrics = train(tiny())
    detector = AtacformerForReplacedTokenDetection.from_pretrained("model")
    assert {name: getattr(detector.config, name) for name in MODEL} == MODEL
    assert detector.config.vocab_size == len(TOKENIZER)
    assert detector.config.pad_token_id == TOKENIZER.pad_token_id
    for kind in (AtacformerForCellClustering, AtacformerModel):
        loaded = kind.from_pretrained("model")
        encoder = getattr(loaded, "atacformer", loaded)
        assert same(encoder.state_dict(), detector.atacformer.state_dict())
    assert type(AutoModel.from_pretrained("model")) is AtacformerModel
    assert Tokenizer.from_pretrained("model") == TOKENIZER
    assert AutoTokenizer.from_pretrained("model") == AtacformerTokenizer(tokenizer_object=TOKENIZER)

    names = {path.name for path in Path("model").iterdir()}
    files = {
        *("config.json", "model.safetensors", "train.toml", "metrics.json", "trainer_state.json"),
        *("universe.bed.gz", "tokenizer_config.json", "special_tokens_map.json"),
        *("training.html", *(["metrics.png"] if find_spec("matplotlib") else [])),
    }
    assert names == files | {"checkpoint-8", "checkpoint-10"}
    assert json.loads(Path("model/metrics.json").read_text()) == metrics
    assert metrics["steps"] == 10 and 0.3 < metrics["train_loss"] < 0.8
    page = Path("model/training.html").read_text()
    assert "<h1>model</h1>" in page and f"{metrics['train_loss']:.6g}" in page
    assert page.count("<polyline") == 3  # loss, learning rate, norm of the gradient
    assert "max_steps = 10" in page
    assert len(losses("model")) == 10
    # It has learned something, and the last checkpoint is the model.
    assert same(weights("model"), weights("model/checkpoint-10"))
    assert not same(weights("model"), weights("model/checkpoint-8"))


def test_a_picture_that_cannot_be_drawn_costs_no_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("no font")

    monkeypatch.setattr("bedtok.train.output_folder.training_page", fail)
    with pytest.warns(UserWarning, match="model: its curves are not drawn: RuntimeError: no font"):
        train(tiny(max_steps=1))
    assert Path("model/config.json").exists() and not Path("model/training.html").exists()


def test_the_saved_config_gives_the_same_training(folder: Path) -> None:
    train(tiny())
    saved = read_config("model/train.toml")
    assert saved["training"]["save_total_limit"] == 2  # a default is there, too
    saved["training"]["output_dir"] = "again"
    train(saved)
    assert same(weights("model"), weights("again"))


def test_another_seed_gives_another_model(folder: Path) -> None:
    train(tiny())
    train(tiny("other", seed=43))
    assert not same(weights("model"), weights("other"))
    assert losses("model") != losses("other")


def test_the_defaults_are_fields_of_the_model_and_of_trainer(folder: Path) -> None:
    config = AtacformerConfig()
    of_thesis = {"hidden_size": 192, "intermediate_size": 768}
    options = {name: option.default for name, option in OPTIONS["model"].items()}
    assert options.pop("init_from") is None
    # Only what differs from the class; the rest of the thesis is its defaults.
    assert options == of_thesis
    assert all(getattr(config, name) != value for name, value in of_thesis.items())
    assert config.max_position_embeddings == 8192
    assert (config.num_hidden_layers, config.num_attention_heads) == (6, 8)
    known = {field.name for field in dataclasses.fields(TrainingArguments)}
    assert set(OPTIONS["training"]) - {"min_steps"} <= known  # which is ours


def test_trainer_gets_what_the_config_says(folder: Path) -> None:
    seen: list[Any] = []

    class Look(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            seen.append((args, kwargs))

    given = tiny(weight_decay=0.25)
    for name in ("learning_rate", "warmup_steps"):
        del given["training"][name]
    train(given, callbacks=[Look()])
    arguments, others = seen[0]
    assert arguments.learning_rate == 1.5e-4 and arguments.warmup_steps == 500
    assert arguments.lr_scheduler_type == "cosine" and arguments.report_to == []
    assert type(others["optimizer"].optimizer) is torch.optim.AdamW
    assert others["optimizer"].param_groups[0]["weight_decay"] == 0.25
    collator = others["train_dataloader"].collate_fn
    collator = getattr(collator, "data_collator", collator)  # what removes columns is around it
    assert collator.mlm_probability == 0.45 and collator.seed == 42
    lengths = [batch["input_ids"].shape[1] for batch in others["train_dataloader"]]
    assert max(lengths) == 20  # rows of up to 30 are thinned to the context


@pytest.mark.parametrize("objective", ["mlm", "triplet", "classify"])
def test_other_objectives_train_evaluate_and_resume(folder: Path, objective: str) -> None:
    kind = {
        "mlm": AtacformerForMaskedLM,
        "triplet": AtacformerForCellClustering,
        "classify": AtacformerForSequenceClassification,
    }
    given = tiny("whole", max_steps=13, save_steps=1, save_total_limit=20)
    given["objective"] = {"name": objective}
    given["data"] |= {"label_column": "cell_type", "eval": ["tokens.parquet"]}
    metrics = train(given)
    assert metrics["eval_loss"] > 0
    whole = kind[objective].from_pretrained("whole").state_dict()
    # In the middle of an epoch, and of the second one.
    for step in (4, 11):
        shutil.copytree(f"whole/checkpoint-{step}", f"resumed{step}/checkpoint-{step}")
        given["training"]["output_dir"] = f"resumed{step}"
        assert train(given, resume=True)["eval_loss"] == metrics["eval_loss"]
        assert same(kind[objective].from_pretrained(f"resumed{step}").state_dict(), whole)


def test_a_classifier_names_the_labels_of_its_column(folder: Path) -> None:
    pytest.importorskip("sklearn")
    table = pq.read_table("tokens.parquet")
    labels = table["cell_type"].to_pylist()
    # One cell is not labelled: it counts neither in the loss nor in the measures.
    unknown = [None if i == 1 else label for i, label in enumerate(labels)]
    labelled = table.set_column(table.column_names.index("cell_type"), "cell_type", [unknown])
    pq.write_table(labelled, "labelled.parquet")
    given = tiny("classifier", max_steps=150, learning_rate=0.03, warmup_steps=0, save_steps=150)
    given["data"] |= {"train": ["labelled.parquet"], "eval": ["labelled.parquet"]}
    given["data"]["label_column"] = "cell_type"
    given["objective"] = {"name": "classify", "mix_fraction": 0.3}
    # No row is longer than the context, so that nothing is drawn in evaluations.
    given["model"] = {**MODEL, "pooling": "weighted", "num_hidden_layers": 0}
    given["model"]["max_position_embeddings"] = 32
    metrics = train(given)
    # Labels of three kinds, drawn at random, have been learned.
    assert metrics["eval_accuracy"] > 0.75 and metrics["eval_macro_f1"] > 0.75
    model = AtacformerForSequenceClassification.from_pretrained("classifier")
    assert [model.config.id2label[i] for i in range(model.num_labels)] == sorted(set(labels))
    counts = [sum(label == name for label in unknown) for name in sorted(set(labels))]
    known = sum(counts)
    assert model.config.class_weights == pytest.approx(
        [known / (len(counts) * count) for count in counts]
    )
    weights = model.atacformer.pooling.token_weights
    assert weights[TOKENIZER.num_regions :].eq(0).all() and len(set(weights.tolist())) > 2
    ids = labelled["input_ids"].to_pylist()
    best = model.predict_cells(ids).argmax(dim=1).tolist()
    right = sum(model.config.id2label[b] == label for b, label in zip(best, unknown, strict=True))
    assert right / known == pytest.approx(metrics["eval_accuracy"])

    # Trained further on some of the classes, it keeps the numbers of all.
    pq.write_table(table.take([i for i, label in enumerate(labels) if label != "a"]), "few.parquet")
    further = tiny("further", max_steps=1)
    further["model"] = {"init_from": "classifier"}
    further["data"] = {"train": ["few.parquet"], "label_column": "cell_type"}
    further["objective"] = {"name": "classify"}
    train(further)
    again = AtacformerForSequenceClassification.from_pretrained("further")
    assert again.config.id2label == model.config.id2label
    further["data"]["eval"] = ["tokens.parquet"]
    further["model"] = given["model"]
    further["data"]["universe"] = given["data"]["universe"]
    further["training"]["output_dir"] = "other"
    with pytest.raises(ConfigError, match=r"data\.eval: label '.*' is no class of the model"):
        train(further)


def test_the_penalty_of_adam_is_a_part_of_the_gradients(folder: Path) -> None:
    given = tiny("decayed", max_steps=1, optim="adam", weight_decay=1e6, warmup_steps=0)
    given["training"] |= {"learning_rate": 0.01, "save_steps": 1, "max_grad_norm": 0.0}
    train(given)
    # Where the penalty is all of the gradient, the first step of Adam is the learning rate towards
    # zero, however large the weight; AdamW would multiply it by 1 - 0.01 * 1e6.
    given["training"] |= {"output_dir": "first", "learning_rate": 0.0}
    train(given)
    before = AtacformerModel.from_pretrained("first").state_dict()
    after = AtacformerModel.from_pretrained("decayed").state_dict()
    name = "embeddings.token_embeddings.weight"
    large = before[name].abs() > 1e-3
    moved = (after[name] - before[name])[large]
    torch.testing.assert_close(moved, -0.01 * before[name][large].sign(), rtol=1e-3, atol=1e-6)


def test_few_cells_get_more_epochs(folder: Path) -> None:
    given = tiny("long", num_train_epochs=1, max_steps=-1, min_steps=50, save_steps=50)
    given["data"]["eval"] = ["tokens.parquet"]
    metrics = train(given)
    rows, size = (
        len(pq.read_table("tokens.parquet")),
        given["training"]["per_device_train_batch_size"],
    )
    epoch = -(-rows // size)
    assert metrics["steps"] == -(-50 // epoch) * epoch
    history = json.loads(Path("long/trainer_state.json").read_text())["log_history"]
    evaluated = [entry["step"] for entry in history if "eval_loss" in entry]
    assert sorted(set(evaluated)) == [*range(7, metrics["steps"], 7), metrics["steps"]]
    # Enough of them as they are, and a number of steps that is given.
    for name, fields in (("enough", {"num_train_epochs": 2}), ("given", {"max_steps": 2})):
        more = {"max_steps": -1, "min_steps": 2, "save_steps": 50, **fields}
        given["training"] |= {**more, "output_dir": name}
        assert train(given)["steps"] == (2 * epoch if name == "enough" else 2)


def test_a_model_is_trained_further(folder: Path) -> None:
    train(tiny())
    given = tiny("further", max_steps=2, learning_rate=1e-9)
    given["model"] = {"init_from": "model", "hidden_dropout": 0.0}
    del given["data"]["universe"]  # the model's own
    given["objective"] = {"name": "triplet"}
    given["data"]["label_column"] = "cell_type"
    train(given)
    first = AtacformerModel.from_pretrained("model")
    further = AtacformerModel.from_pretrained("further")
    assert further.config.hidden_dropout == 0.0 and further.config.hidden_size == 16
    for name, weight in further.state_dict().items():
        assert torch.allclose(weight, first.state_dict()[name], atol=1e-6), name
    assert Tokenizer.from_pretrained("further") == TOKENIZER


def test_evaluations_draw_the_same_replacements_each_time(folder: Path) -> None:
    given = tiny(max_steps=3, learning_rate=0.0, eval_strategy="steps", eval_steps=1)
    given["data"]["eval"] = ["tokens.parquet"]
    metrics = train(given)
    history = json.loads(Path("model/trainer_state.json").read_text())["log_history"]
    measured = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    assert len(measured) == 4 and set(measured) == {metrics["eval_loss"]}


# ---- data


@pytest.mark.filterwarnings("ignore:1 of 24 rows have no region")
def test_data_come_from_shards_and_from_saved_datasets(folder: Path, cells: Any) -> None:
    files = []
    for i, cell in enumerate(cells):
        files.append(f"cell{i}.bed")
        cell.to_bed(files[-1])
    tokenize_files(files, TOKENIZER, output_dir="shards", samples_per_shard=9)
    given = tiny("from_shards")
    given["data"]["train"] = ["shards"]
    train(given)

    paths = sorted(Path("shards").glob("part-*.parquet"))
    tokens = [ids for path in paths for ids in pq.read_table(path)["input_ids"].to_pylist()]
    assert len(paths) == 3 and sorted(tokens) == sorted(
        TOKENIZER(cell)["input_ids"] for cell in cells
    )
    data = Dataset.from_dict({"input_ids": tokens, "other": range(24)})
    data.select(range(12)).save_to_disk("saved/a")
    data.select([*range(11, -1, -1), *range(12, 24)]).select(range(12, 24)).save_to_disk("saved/b")
    given["data"]["train"] = ["saved/a", "saved/b"]
    given["training"]["output_dir"] = "from_datasets"
    train(given)
    assert same(weights("from_shards"), weights("from_datasets"))

    # A column that is added to the shards is not expected of the manifest beside them.
    for path in paths:
        table = pq.read_table(path)
        pq.write_table(table.append_column("type", pa.array(["a", "b"] * 12)[: len(table)]), path)
    labelled = tiny("labelled", max_steps=2)
    labelled["data"] |= {"train": ["shards"], "label_column": "type"}
    labelled["objective"] = {"name": "triplet"}
    train(labelled)

    DatasetDict({"train": data, "test": data}).save_to_disk("splits")
    with pytest.raises(ConfigError, match=r"^splits: holds several.*: splits/test, splits/train$"):
        train(tiny("m") | {"data": {"train": ["splits"], "universe": "universe.bed"}})


@pytest.mark.parametrize(
    ("bad", "place"),
    [
        ([*rows(3), [1, 2, NUM_REGIONS + 7, 3]], "row 3: id 67"),
        ([[1], [], [2, -1]], "row 2: id -1"),
    ],
)
@pytest.mark.parametrize("form", ["parquet", "datasets"])
@pytest.mark.parametrize("split", ["train", "eval"])
def test_an_id_outside_the_vocabulary_is_named_before_the_training(
    folder: Path, bad: Any, place: str, form: str, split: str
) -> None:
    path = "bad.parquet" if form == "parquet" else "bad"
    if form == "parquet":
        column = pa.chunked_array([pa.array(bad[:2]), pa.array(bad[2:])])
        pq.write_table(pa.table({"input_ids": column}), path, row_group_size=2)
    else:
        Dataset.from_dict({"input_ids": bad}).save_to_disk(path)
    given = tiny()
    given["data"][split] = [*given["data"].get(split, []), path]
    message = rf"^{path}: {place} is outside the vocabulary \(0\.\.66\); were the tokens made with"
    with pytest.raises(VocabularyError, match=message):
        train(given)
    assert not Path("model").exists()


@pytest.mark.parametrize(
    ("ids", "kind", "message"),
    [
        ([[1], None, [2]], None, "t.parquet: row 1: input_ids is null, expected ids"),
        ([[1], [3, None]], None, "t.parquet: row 1: id None is outside the vocabulary"),
        (
            [[0.5]],
            pa.list_(pa.float32()),
            "t.parquet: input_ids is list<.*float>, expected lists of",
        ),
        (["a"], pa.string(), "t.parquet: input_ids is string, expected lists of whole numbers"),
        ([], None, "t.parquet: no rows, expected one at least"),
    ],
)
def test_data_that_hold_no_ids_are_refused(folder: Path, ids: Any, kind: Any, message: str) -> None:
    write(folder / "t.parquet", ids, kind)
    with pytest.raises((ConfigError, VocabularyError), match=f"^{message}"):
        train(tiny() | {"data": {"train": ["t.parquet"], "universe": "universe.bed"}})


NOTHING_TO_LEARN = (
    r"rows have no region \(the first is row {} of t.parquet\): they are empty or hold special "
    "tokens only, and a model learns nothing from them; leave them out, and look at their samples"
)


@pytest.mark.parametrize("objective", ["rtd", "mlm"])
def test_rows_without_a_region_are_counted(folder: Path, objective: str) -> None:
    write(folder / "t.parquet", [*rows(4), [], [60], [60, 62], [60, 1], *rows(4)])
    given = tiny(max_steps=1) | {"data": {"train": ["t.parquet"], "universe": "universe.bed"}}
    given["objective"] = {"name": objective}
    with pytest.warns(UserWarning, match="^3 of 12 " + NOTHING_TO_LEARN.format(4)):
        train(given)


@pytest.mark.parametrize("split", ["train", "eval"])
def test_data_without_any_region_are_refused(folder: Path, split: str) -> None:
    write(folder / "good.parquet", rows(4))
    write(folder / "t.parquet", [[60], [], [60]])
    data = {"train": ["good.parquet"], "universe": "universe.bed", split: ["t.parquet"]}
    with pytest.raises(ConfigError, match="^3 of 3 " + NOTHING_TO_LEARN.format(0)):
        train(tiny() | {"data": data})
    assert not Path("model").exists()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("other.parquet", "^other.parquet: has no column input_ids, expected it among: ids, x$"),
        ("other", "^other: has no column input_ids, expected it among: ids$"),
        ("nowhere.parquet", "^nowhere.parquet: does not exist"),
        ("empty", r"^empty: has no \.parquet files and is no folder of Dataset.save_to_disk"),
        ("universe.bed", r"^universe.bed: expected a \.parquet file or a folder"),
    ],
)
def test_paths_without_the_column_are_refused(folder: Path, path: str, message: str) -> None:
    pq.write_table(pa.table({"ids": [[1]], "x": [1]}), "other.parquet")
    Dataset.from_dict({"ids": [[1]]}).save_to_disk("other")
    Path("empty").mkdir()
    with pytest.raises((ConfigError, FileNotFoundError), match=message):
        train(tiny() | {"data": {"train": [path], "universe": "universe.bed"}})


# ---- a configuration that does not fit


def test_data_of_different_types_are_trained_on_together(folder: Path) -> None:
    text = ["a", "b"] * 2
    write(folder / "narrow.parquet", rows(4), label=pa.array(text))
    write(
        folder / "wide.parquet",
        rows(4, 1),
        pa.list_(pa.int64()),
        label=pa.array(text, pa.large_string()),
    )
    given = tiny(max_steps=2)
    given["data"] |= {"train": ["narrow.parquet", "wide.parquet"], "label_column": "label"}
    given["objective"] = {"name": "triplet"}
    assert train(given)["steps"] == 2

    write(folder / "numbers.parquet", rows(4), label=pa.array([1, 2, 1, 2]))
    given["data"]["train"] = ["narrow.parquet", "numbers.parquet"]
    given["training"]["output_dir"] = "other"
    with pytest.raises(ConfigError, match=r"^label is int64 and string in different data, expecte"):
        train(given)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("lists", r"^tokens.parquet: lists is list<.*>, expected one value for each row"),
        ("input_ids", r"^data.label_column is 'input_ids', expected a column of labels"),
    ],
)
def test_labels_that_are_none_are_refused(folder: Path, column: str, message: str) -> None:
    write(folder / "tokens.parquet", rows(4), lists=pa.array([["a"], ["b"]] * 2))
    given = tiny()
    given["data"]["label_column"] = column
    given["objective"] = {"name": "triplet"}
    with pytest.raises(ConfigError, match=message):
        train(given)


@pytest.mark.parametrize(
    ("table", "fields", "message"),
    [
        (
            "training",
            {"lerning_rate": 1.0},
            "TrainingArguments; did you mean 'learning_rate'?",
        ),
        ("training", {"zzz": 1}, "training.zzz is no field of transformers.TrainingArguments; its"),
        (
            "training",
            {"label_smoothing_factor": 0.1},
            "is not accepted: the losses of these models",
        ),
        ("training", {"push_to_hub": True}, "training.push_to_hub is not accepted: load the model"),
        ("training", {"optim": "none"}, r"^\[training\]: none is not a valid OptimizerNames"),
        ("training", {"weight_decay": "x"}, "training.weight_decay is 'x', expected a number"),
        ("objective", {"name": "x"}, "objective.name is 'x', expected one of: rtd, mlm, triplet"),
        ("objective", {"name": "triplet"}, "'triplet', expected data.label_column"),
        ("objective", {"replaced_token_probability": 2}, "token_probability is 2.0, expected 0 to"),
        (
            "objective",
            {"masked_token_probability": math.nan},
            "masked_token_probability is nan, ex",
        ),
        ("data", {"max_length": 0}, "data.max_length is 0, expected 1 or more"),
        ("data", {"max_length": 21}, "data.max_length is 21, expected at most 20, the context"),
        ("data", {"universe": None}, "data.universe: missing"),
        ("model", {"hidden_size": 15}, "hidden_size is 15, expected a multiple of"),
        ("model", {"hiden_size": 3}, "AtacformerConfig; did you mean 'hidden_size'?"),
        ("model", {"zzz": 3}, "model.zzz is no field of bedtok.atacformer.AtacformerConfig; its"),
        ("model", {"num_hidden_layers": "x"}, "num_hidden_layers is 'x', expected a whole number"),
        ("model", {"num_hidden_layers": True}, "layers is True, expected a whole number"),
        ("model", {"num_batches": 1.5}, "model.num_batches is 1.5, expected a whole number"),
        ("model", {"hidden_dropout": "x"}, "model.hidden_dropout is 'x', expected a number"),
        ("model", {"use_pos_embeddings": 1}, "use_pos_embeddings is 1, expected true or false"),
        ("model", {"vocab_size": 3}, "vocab_size is determined by the tokenizer and cannot be set"),
        ("model", {"init_from": "first"}, "model.hidden_size is 16, but 8 in first"),
    ],
)
def test_fields_out_of_range_are_named(
    folder: Path, table: str, fields: dict[str, Any], message: str
) -> None:
    config = AtacformerConfig.from_tokenizer(TOKENIZER, **MODEL | {"hidden_size": 8})
    AtacformerForReplacedTokenDetection(config).save_pretrained("first")
    given = tiny()
    given[table] = {**given.get(table, {}), **fields}
    with pytest.raises(ConfigError, match=message):
        train(given)
    assert not Path("model/config.json").exists()


def test_a_model_of_another_vocabulary_is_refused(folder: Path) -> None:
    train(tiny())
    TOKENIZER.regions[:50].to_bed("smaller.bed")
    given = tiny("m") | {"model": {"init_from": "model"}}
    write(folder / "few.parquet", [[1, 2]])
    given["data"] = {"train": ["few.parquet"], "universe": "smaller.bed"}
    with pytest.raises(ConfigError, match=r"model has 67 tokens, the tokenizer 57; leave data.uni"):
        train(given)


# ---- interrupted and resumed


@pytest.mark.parametrize("step", [5, 9, 12])
def test_a_resumed_training_is_the_one_that_was_not_interrupted(folder: Path, step: int) -> None:
    train(tiny("whole", max_steps=14))
    with pytest.raises(KeyboardInterrupt):
        train(tiny("model", max_steps=14), callbacks=[Stop(step)])
    names = {path.name for path in Path("model").iterdir()}
    saved = [f"checkpoint-{last}" for last in (4, 8, 12) if last < step][-2:]
    assert names == {"train.toml", *saved}
    with pytest.raises(OSError, match="model"):
        AtacformerModel.from_pretrained("model")

    train(tiny("model", max_steps=14), resume=True, callbacks=[steps := Steps()])
    assert steps.done == [*range(int(saved[-1].partition("-")[2]) + 1, 15)]
    assert losses("model") == losses("whole")
    assert same(weights("model"), weights("whole"))


@pytest.mark.parametrize(
    "fields",
    [
        {"per_device_train_batch_size": 1, "max_steps": 44, "save_steps": 41},
        {"dataloader_num_workers": 2, "max_steps": 14, "save_steps": 3},
    ],
)
def test_a_resumed_training_draws_what_the_whole_one_drew(
    folder: Path, fields: dict[str, Any]
) -> None:
    train(tiny("whole", **fields))
    with pytest.raises(KeyboardInterrupt):
        train(tiny("model", **fields), callbacks=[Stop(fields["save_steps"] + 1)])
    train(tiny("model", **fields), resume=True)
    assert same(weights("model"), weights("whole"))


def test_a_complete_training_is_left_as_it_is(folder: Path) -> None:
    metrics = train(tiny())
    saved = {path: path.stat().st_mtime_ns for path in Path("model").iterdir()}
    assert train(tiny(), resume=True) == metrics
    assert train(tiny(max_steps=5), resume=True) == metrics
    # TOML has no None: the number of epochs says the same.
    assert train(tiny(max_steps=-1, num_train_epochs=1), resume=True) == metrics
    assert {path: path.stat().st_mtime_ns for path in Path("model").iterdir()} == saved


def test_a_training_that_was_ended_before_its_result_gets_it(folder: Path) -> None:
    metrics = train(tiny())
    before = weights("model")
    for name in ("config.json", "model.safetensors", "metrics.json"):
        Path("model", name).unlink()
    found = train(tiny(), resume=True)
    assert found["steps"] == 10
    assert found["train_loss"] == pytest.approx(metrics["train_loss"], rel=1e-3)
    assert same(weights("model"), before)


def test_a_training_without_a_logged_loss_has_its_steps_printed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from bedtok.train import run as running

    monkeypatch.setattr(running, "run_training", lambda config, resume: {"steps": 2})
    running.train_and_report({"training": {"output_dir": "model"}}, True)
    assert capfd.readouterr().out == "model: 2 steps\n"


def test_the_loss_of_a_resumed_training_is_that_of_all_its_steps(folder: Path) -> None:
    whole = train(tiny("whole"))
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), callbacks=[Stop(9)])
    resumed = train(tiny(), resume=True)
    assert resumed["train_loss"] == pytest.approx(whole["train_loss"], rel=1e-3)


@pytest.mark.filterwarnings("ignore:3 of 6 rows have no region")
@pytest.mark.filterwarnings("ignore:no row of a batch has a region")
def test_samples_without_a_hit_do_no_harm(folder: Path) -> None:
    write(folder / "misses.parquet", [[TOKENIZER.unk_token_id]] * 3 + rows(3))
    given = tiny(per_device_train_batch_size=1, max_steps=6)
    given["data"]["train"] = ["misses.parquet"]
    train(given)
    assert all(weight.isfinite().all() for weight in weights("model").values())


def test_a_part_of_the_training_is_its_warmup(folder: Path) -> None:
    given = tiny(warmup_ratio=0.5, lr_scheduler_type="constant_with_warmup")
    del given["training"]["warmup_steps"]
    train(given)
    history = json.loads(Path("model/trainer_state.json").read_text())["log_history"]
    rates = [entry["learning_rate"] for entry in history if "learning_rate" in entry]
    assert rates[-1] == max(rates) == 0.01
    assert sum(rate < 0.01 for rate in rates) == 5


def test_an_incomplete_checkpoint_is_skipped(folder: Path) -> None:
    train(tiny("whole"))
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), callbacks=[Stop(9)])
    state = Path("model/checkpoint-8/trainer_state.json")
    state.write_text(state.read_text()[:100])
    with pytest.warns(UserWarning, match="checkpoint-8: is not complete and is skipped"):
        train(tiny(), resume=True, callbacks=[steps := Steps()])
    assert steps.done == [*range(5, 11)]
    assert same(weights("model"), weights("whole"))


def test_a_misspelled_universe_is_a_file_and_not_a_name_on_the_hub(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Tokenizer, "from_pretrained", lambda name: pytest.fail("asks the Hub"))
    given = tiny()
    given["data"]["universe"] = "univers.bed"
    with pytest.raises(FileNotFoundError, match=r"did you mean 'universe\.bed'\?"):
        train(given)


def test_damaged_files_of_checkpoints_are_named_and_the_one_before_is_taken(
    folder: Path,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), callbacks=[Stop(9)])
    last = Path("model/checkpoint-8").absolute()
    before = Path("model/checkpoint-4").absolute()
    checked = ("model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth", "config.json")
    for name in checked:
        whole = (last / name).read_bytes()
        flipped = bytearray(whole)
        for i in range(len(whole) // 2, len(whole) // 2 + 200):  # more than padding
            flipped[i] ^= 1
        damages = [whole[:-5], whole[: len(whole) // 2], b""]
        if name.endswith((".pt", ".pth")):  # the others have no checksums
            damages.append(bytes(flipped))
        for damaged in damages:
            (last / name).write_bytes(damaged)
            message = f"checkpoint-8: is not complete and is skipped: {name} is cut off or damaged"
            with pytest.warns(UserWarning, match=message):
                assert last_checkpoint("model", resume=True) == str(Path("model", before.name))
        (last / name).write_bytes(whole)
        assert last_checkpoint("model", resume=True) == str(Path("model", last.name))
    (last / "trainer_state.json").unlink()
    with pytest.warns(UserWarning, match="trainer_state.json is missing"):
        assert last_checkpoint("model", resume=True) == str(Path("model", before.name))


def test_resuming_without_a_checkpoint_begins(folder: Path) -> None:
    train(tiny("whole"))
    train(tiny(), resume=True)
    assert same(weights("model"), weights("whole"))


def test_a_finished_training_goes_on_for_more_steps(folder: Path) -> None:
    train(tiny())
    before = weights("model")
    train(tiny(max_steps=12), resume=True)
    assert len(losses("model")) == 12
    assert not same(weights("model"), before)


def test_a_folder_with_a_training_is_not_written_over(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tiny(), callbacks=[Stop(5)])
    with pytest.raises(
        ConfigError, match=r"^model: holds checkpoint-4, expected a new folder; --re"
    ):
        train(tiny())
    Path("published").mkdir()
    Path("published/config.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"^published: holds config\.json, expected a new folder"):
        train(tiny("published"))


def test_measuring_callbacks_get_the_trainer(folder: Path) -> None:
    callback = ModelParameterChangeCallback()
    train(tiny(), callbacks=[callback, reporter := Reporter()])
    assert callback.trainer is not None
    name = "parameter_change/discriminator.norm"
    assert [log["step"] for log in reporter.logs if name in log] == [*range(1, 11)]


@pytest.mark.parametrize("failing", ["tokenizer", "rename"])
def test_a_failure_while_the_result_is_written_leaves_no_half_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    real = os.replace
    with monkeypatch.context() as patch:
        if failing == "tokenizer":
            patch.setattr(AtacformerTokenizer, "save_pretrained", fail)
        else:
            renamed = []

            def third_fails(source: Any, target: Any) -> None:
                if ".unfinished" in str(source):
                    renamed.append(target)
                    if len(renamed) == 3:
                        fail()
                real(source, target)

            patch.setattr(os, "replace", third_fails)
        with pytest.raises(OSError, match="disk is full"):
            train(tiny(save_strategy="no" if failing == "tokenizer" else "steps"))
    assert not Path("model/config.json").exists()
    assert not Path("model/.unfinished").exists()
    train(tiny(), resume=True)
    assert len(losses("model")) == 10
    assert not Path("model/.unfinished").exists()


def fail(*args: Any, **kwargs: Any) -> None:
    raise OSError("disk is full")


# ---- the command


def command(*argv: str, **tiny_fields: Any) -> list[str]:
    """A command line that says what ``tiny`` says."""
    given = tiny(**tiny_fields)
    flags = ["--data", *given["data"]["train"], "--universe", given["data"]["universe"]]
    flags += ["--out", given["training"].pop("output_dir")]
    for table in ("model", "training"):
        for name, value in given[table].items():
            flags += ["--set", f"{table}.{name}={json.dumps(value)}"]
    return [*flags, *argv]


def test_the_command_trains_as_the_function_does(folder: Path, capfd: Any) -> None:
    train(tiny("whole"))
    capfd.readouterr()
    assert main(["train", *command()]) == 0
    printed = capfd.readouterr()
    assert re.fullmatch(r"model: 10 steps, train_loss 0\.\d{4}\n", printed.out)
    lines = [line for line in printed.err.splitlines() if ": loss 0." in line]
    assert [line.partition(":")[0] for line in lines] == [f"step {i}" for i in range(1, 11)]
    assert same(weights("model"), weights("whole"))
    assert main(["train", *command()]) == 1
    expected = "bedtok: model: holds checkpoint-10, expected a new folder; --resume resumes a trai"
    assert expected in capfd.readouterr().err


@pytest.mark.slow
def test_a_killed_command_is_resumed_from_its_folder(folder: Path) -> None:
    train(tiny("whole", max_steps=100, save_steps=10))
    module = [sys.executable, "-m", "bedtok", "train"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    environment |= {"HF_DATASETS_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(
        [*module, *command(max_steps=100, save_steps=10)],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 240
        while not Path("model/checkpoint-20").exists() and time.monotonic() < deadline:
            assert first.poll() is None
            time.sleep(0.01)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait(timeout=60)
    assert not Path("model/config.json").exists()
    subprocess.run(
        [*module, "--resume", "--out", "model"], env=environment, check=True, timeout=240
    )
    assert losses("model") == losses("whole")
    assert same(weights("model"), weights("whole"))
