# SPDX-License-Identifier: BSD-2-Clause
"""Labels and evaluation of ``bedtok train``: tables of labels, rows held out, what is written."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from datasets import Dataset

from bedtok import ConfigError, Tokenizer
from bedtok.atacformer import AtacformerForSequenceClassification
from bedtok.cli import main
from bedtok.train import train
from bedtok.train.parts import Parts, forget_other_labels, read_parts
from support import NUM_REGIONS, region_text

pytest.importorskip("sklearn")
# A warning of transformers 4 on file systems with coarse times.
pytestmark = pytest.mark.filterwarnings("ignore:mtime may not be reliable")

TOKENIZER = Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)])
KINDS = "abc"
CELLS = 48


def kind_of(cell: int) -> str:
    return KINDS[cell % 3]


def donor_of(cell: int) -> str:
    return "d1" if cell % 4 else "d2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with cells of three kinds, which have regions of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("bedtok.train.output_folder.has_matplotlib", lambda: False)
    TOKENIZER.regions.to_bed("universe.bed")
    chance = random.Random(0)
    ids = []
    for cell in range(CELLS):
        first = 15 * KINDS.index(kind_of(cell))
        ids.append(sorted(chance.sample(range(first, first + 15), 8)))
    table = pa.table({"cell": [f"C{i}-1" for i in range(CELLS)], "input_ids": ids})
    table = table.append_column("donor", pa.array([donor_of(i) for i in range(CELLS)]))
    pq.write_table(table, "cells.parquet")
    lines = [f"C{i}-1\t{kind_of(i)}\n" for i in range(CELLS)]
    random.Random(1).shuffle(lines)
    Path("cells.tsv").write_text("barcode\tlabel\n" + "".join(lines))
    return tmp_path


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def tiny(objective: str, out: str = "model", **data: Any) -> dict[str, dict[str, Any]]:
    return {
        "data": {"train": ["cells.parquet"], "universe": "universe.bed", **data},
        "objective": {"name": objective},
        "model": {
            "max_position_embeddings": 20,
            "hidden_size": 16,
            "intermediate_size": 24,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
        },
        "training": {
            "output_dir": out,
            "max_steps": 2,
            "per_device_train_batch_size": 8,
            "learning_rate": 0.01,
            "warmup_steps": 0,
            "use_cpu": True,
            "disable_tqdm": True,
        },
    }


def parts_of(**data: Any) -> Parts:
    fields = {"train": ["cells.parquet"], "eval": [], "eval_batches": [], **data}
    return read_parts(fields, len(TOKENIZER), TOKENIZER.num_regions)


def relabel(changes: dict[str, str]) -> None:
    text = Path("cells.tsv").read_text("utf-8")
    for line, other in changes.items():
        assert text.count(f"{line}\n") == 1
        text = text.replace(f"{line}\n", f"{other}\n")
    Path("cells.tsv").write_text(text)


def cells_of(part: Any) -> list[int]:
    """Return which cells a part has, by their ids."""
    all_ids = pq.read_table("cells.parquet")["input_ids"].to_pylist()
    known = {tuple(ids): i for i, ids in enumerate(all_ids)}
    return [known[tuple(row["input_ids"].tolist())] for row in part.rows]


# ---- labels of rows


def test_labels_of_a_table_are_those_of_the_same_column(folder: Path) -> None:
    parts = parts_of(labels="cells.tsv")
    assert parts.train.labels == [kind_of(i) for i in range(CELLS)]
    assert (parts.label_column, parts.eval, parts.source) == ("label", None, "")
    # In shards and saved datasets, in several files, and beside a column of batches in the data.
    table = pq.read_table("cells.parquet")
    Path("shards").mkdir()
    for i in range(12):  # more than a digit
        pq.write_table(table.slice(4 * i, 4), f"shards/part-{i:05d}.parquet")
    data = {name: table[name].to_pylist() for name in ("input_ids", "cell", "donor")}
    Dataset.from_dict(data).select(range(20, 48)).save_to_disk("saved")
    pq.write_table(table.slice(0, 20), "first.parquet")
    for paths in (["shards"], ["first.parquet", "saved"]):
        parts = parts_of(train=paths, labels="cells.tsv", batch_column="donor")
        assert cells_of(parts.train) == list(range(CELLS))
        assert parts.train.labels == [kind_of(i) for i in range(CELLS)]
        assert parts.train.batches == [donor_of(i) for i in range(CELLS)]
    # And of rows to train and to evaluate on.
    parts = parts_of(train=["saved"], eval=["first.parquet"], labels="cells.tsv")
    assert parts.train.labels == [kind_of(i) for i in range(20, 48)]
    assert parts.eval is not None and parts.eval.labels == [kind_of(i) for i in range(20)]


def test_rows_without_names_are_refused(folder: Path) -> None:
    table = pq.read_table("cells.parquet").drop_columns(["cell"])
    pq.write_table(table, "nameless.parquet")
    with pytest.raises(
        ConfigError,
        match=r"^nameless\.parquet: has no column cell, barcode or sample, by which data\.labels "
        r"finds a row, expected it among: input_ids, donor; CellTokens\.to_parquet and",
    ):
        parts_of(train=["nameless.parquet"], labels="cells.tsv")
    names = pa.array([f"C{i}-1" for i in range(CELLS)])
    pq.write_table(table.append_column("sample", names), "s.parquet")
    assert parts_of(train=["s.parquet"], labels="cells.tsv").train.labels is not None


# ---- rows held out


def test_a_share_of_each_label_is_held_out_and_always_the_same(folder: Path) -> None:
    relabel({"C0-1\ta": "C0-1\trare", "C3-1\ta": "C3-1\t"})
    with pytest.warns(UserWarning, match=r"labels of 47 of 48 rows; 1 rows have none"):
        parts = parts_of(labels="cells.tsv", eval_fraction=0.25)
    held = parts.eval
    assert held is not None and parts.source == "25 % of each label, held out"
    assert Counter(held.labels) == {"a": 4, "b": 4, "c": 4}  # a label of one cell stays
    train_cells, held_cells = cells_of(parts.train), cells_of(held)
    assert sorted(train_cells + held_cells) == list(range(CELLS))
    assert held.labels == [kind_of(i) for i in held_cells]
    with pytest.warns(UserWarning, match="rows have none"):
        assert cells_of(parts_of(labels="cells.tsv", eval_fraction=0.25).eval) == held_cells
    plain = parts_of(eval_fraction=0.25)
    assert plain.source == "25 % of all, held out"
    assert plain.eval is not None and len(plain.eval.rows) == 12 and plain.eval.labels is None


def test_batches_are_held_out(folder: Path) -> None:
    parts = parts_of(labels="cells.tsv", batch_column="donor", eval_batches=["d2"])
    assert parts.eval is not None and parts.source == "held out because their donor is d2"
    assert cells_of(parts.eval) == [i for i in range(CELLS) if donor_of(i) == "d2"]
    assert set(parts.eval.batches or ()) == {"d2"} and set(parts.train.batches or ()) == {"d1"}
    assert parts.train.labels == [kind_of(i) for i in cells_of(parts.train)]
    # Of the table, where it has such a column; samples are batches.
    lines = [f"C{i}-1\t{kind_of(i)}\tx{i % 2}\n" for i in range(CELLS)]
    Path("t.tsv").write_text("barcode\tlabel\tdonor\n" + "".join(lines))
    parts = parts_of(labels="t.tsv", batch_column="donor", eval_batches=["x1"])
    assert cells_of(parts.eval) == list(range(1, CELLS, 2))
    lines = [f"C{i}-1\t{kind_of(i)}\tx{i % 2}\n" for i in range(CELLS)]
    Path("t.tsv").write_text("barcode\tlabel\tsample\n" + "".join(lines))
    assert cells_of(parts_of(labels="t.tsv", eval_batches=["x0"]).train) == list(range(1, CELLS, 2))
    table = pq.read_table("cells.parquet").rename_columns(["cell", "input_ids", "sample"])
    pq.write_table(table, "samples.parquet")
    assert len(parts_of(train=["samples.parquet"], eval_batches=["d2"]).train.rows) == 36


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            {"batch_column": "donor", "eval_batches": ["d3"]},
            r"^data\.eval_batches: no row has donor 'd3'; did you mean 'd[12]'\?$",
        ),
        (
            {"batch_column": "donor", "eval_batches": ["d1", "d2"]},
            "^48 of 48 rows are held out for evaluation, expected one at least on both sides;",
        ),
        ({"eval_fraction": 0.001}, "^0 of 48 rows are held out for evaluation, expected one at"),
        (
            {"eval_batches": ["d2"]},
            r"^cells\.parquet: has no column sample \(data\.batch",
        ),
        ({"labels": "cells.tsv", "label_column": "kind"}, r"^cells\.tsv: has no column 'kind' \(d"),
    ],
)
def test_what_cannot_be_held_out_is_named(folder: Path, data: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parts_of(**data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"eval_fraction": 1.0}, r"data\.eval_fraction is 1\.0, expected 0 to 1, less than 1$"),
        (
            {"eval_fraction": 0.1, "eval_batches": ["d2"]},
            r"^data\.eval_fraction and data\.eval_batches are set, expected one of them$",
        ),
        (
            {"batch_column": "input_ids"},
            r"^data\.batch_column is 'input_ids', expected a column",
        ),
        (
            {"labels": None},
            r"^objective\.name is 'classify', expected data\.label_column, or",
        ),
    ],
)
def test_fields_that_contradict_each_other_are_named(folder: Path, data: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        train(tiny("classify", **{"labels": "cells.tsv", **data}))


def test_labels_that_only_held_out_rows_have_are_left_out_and_counted(folder: Path) -> None:
    relabel({"C0-1\ta": "C0-1\tnew", "C4-1\tb": "C4-1\tx"})
    held = parts_of(labels="cells.tsv", batch_column="donor", eval_batches=["d2"]).eval
    assert held is not None
    message = "^2 of 12 rows to evaluate on are left out of the evaluation: no row to train on has"
    with pytest.warns(UserWarning, match=f"{message} their label: new, x$"):
        known = forget_other_labels(held, list(KINDS))
    assert Counter(known.labels) == {"a": 3, "b": 3, "c": 4, None: 2}
    assert forget_other_labels(known, list(KINDS)) is known


# ---- trainings


def test_a_classifier_learns_from_a_table_and_is_evaluated(folder: Path, capsys: Any) -> None:
    Path("train.toml").write_text(
        "[training]\nmax_steps = 60\nper_device_train_batch_size = 8\nlearning_rate = 0.03\n"
        "warmup_steps = 0\nuse_cpu = true\ndisable_tqdm = true\n[model]\nhidden_size = 16\n"
        "num_hidden_layers = 0\npooling = 'weighted'\nmax_position_embeddings = 32\n"
    )
    arguments = ["cells.parquet", "--labels", "cells.tsv", "--objective", "classify"]
    arguments += ["--batch-column", "donor", "--eval-fraction", "0.25"]
    arguments += ["--universe", "universe.bed", "--out", "model", "--config", "train.toml"]
    assert main(["train", *arguments]) == 0
    assert "eval_accuracy 1.0000, eval_macro_f1 1.0000, eval_ari" in capsys.readouterr().out
    metrics = json.loads(Path("model/metrics.json").read_text("utf-8"))
    evaluation = json.loads(Path("model/evaluation.json").read_text("utf-8"))
    assert evaluation["confusion"] == [[4, 0, 0], [0, 4, 0], [0, 0, 4]]
    assert [score["name"] for score in evaluation["classes"]] == list(KINDS)
    assert (evaluation["rows"], evaluation["labelled"]) == (12, 12)
    assert evaluation["source"] == "25 % of each label, held out"
    assert metrics["eval_accuracy"] == evaluation["accuracy"] == 1
    assert metrics["eval_ari"] == evaluation["embeddings"]["values"]["ari"] > 0.9
    assert "eval_silhouette_batch" in metrics
    page = Path("model/training.html").read_text("utf-8")
    assert "Confusion matrix" in page and "a predicted as a: 4 of 4 cells" in page
    model = AtacformerForSequenceClassification.from_pretrained("model")
    assert list(model.config.id2label.values()) == list(KINDS)
    # What was held out had no part in it.
    assert model.config.class_weights == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("objective", ["triplet", "rtd"])
def test_embeddings_are_measured_whatever_is_trained(folder: Path, objective: str) -> None:
    held = {"batch_column": "donor", "eval_batches": ["d2"]}
    metrics = train(tiny(objective, labels="cells.tsv", **held))
    assert {"eval_loss", "eval_ari", "eval_nmi", "eval_silhouette_label"} <= set(metrics)
    assert "eval_accuracy" not in metrics
    evaluation = json.loads(Path("model/evaluation.json").read_text("utf-8"))
    assert evaluation["embeddings"]["cells"] == evaluation["labelled"] == 12
    assert evaluation["embeddings"]["notes"] == [
        "There is no silhouette of batches: all cells are of 'd2'."
    ]
    assert train(tiny(objective, labels="cells.tsv", **held), resume=True) == metrics


def test_an_evaluation_without_labels_has_a_loss_only(folder: Path) -> None:
    metrics = train(tiny("rtd", eval_fraction=0.25))
    assert "eval_loss" in metrics and "eval_ari" not in metrics
    assert not Path("model/evaluation.json").exists()


def test_an_evaluation_without_scikit_learn_is_refused_before_the_training(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    given = tiny("classify", labels="cells.tsv", eval_fraction=0.25)
    with pytest.raises(ImportError, match="an evaluation with labels needs scikit-learn: pip inst"):
        train(given)
    assert not Path("model").exists()


def test_data_to_evaluate_on_need_labels(folder: Path) -> None:
    lines = Path("cells.tsv").read_text("utf-8").splitlines()
    few = [line for line in lines if line.startswith("barcode") or donor_of(_number(line)) == "d1"]
    Path("few.tsv").write_text("\n".join(few) + "\n")
    given = tiny("classify", labels="few.tsv", batch_column="donor", eval_batches=["d2"])
    with (
        pytest.warns(UserWarning, match="labels of 36 of 48 rows; 12 rows have none"),
        pytest.raises(ConfigError, match=r"^label: none of 12 rows to evaluate on has one"),
    ):
        train(given)


def _number(line: str) -> int:
    return int(line.partition("-")[0][1:])
