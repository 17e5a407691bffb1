# SPDX-License-Identifier: BSD-2-Clause
"""Two processes, which exchange gradients by gloo, are one process with the doubled batch."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

import ddp_training
from bedtok import Tokenizer
from bedtok.atacformer import AtacformerForReplacedTokenDetection
from bedtok.train import train
from bedtok.train.config_file import to_toml
from bedtok.train.options import validate, with_defaults
from support import NUM_REGIONS, region_text

pytestmark = pytest.mark.slow

SCRIPT = str(Path(__file__).with_name("ddp_training.py"))
# Each finds a free port by itself.
TORCHRUN = ["torch.distributed.run", "--standalone", "--nproc-per-node=2"]
ACCELERATE = [
    # With --cpu it needs MPI for several processes; the programs use the processor anyway.
    *("accelerate.commands.launch", "--multi_gpu", "--num_processes=2", "--num_machines=1"),
    *("--mixed_precision=no", "--dynamo_backend=no", "--main_process_port=0"),
]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads wait for each other longer than this model's work takes, where processors are few."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def launch(*words: str, folder: Path) -> str:
    """Run a program on two processes and return what it prints; after a while, end all of them."""
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if "RANK" not in name},
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OMP_NUM_THREADS": "1",
            "HF_HOME": str(folder / "hf"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=240)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if process.stdout is not None:
            process.stdout.close()
        process.wait(timeout=60)
    assert process.returncode == 0, output[-5000:]
    return output


@pytest.fixture(scope="module")
def on_two_processes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The results of all cases on two processes with two samples each."""
    folder = tmp_path_factory.mktemp("two")
    launch(*TORCHRUN, SCRIPT, "2", str(folder), folder=folder)
    return json.loads((folder / "results.json").read_text())


@pytest.mark.parametrize("case", ddp_training.CASES)
def test_two_processes_are_one_with_the_doubled_batch(
    on_two_processes: Any, case: str, tmp_path: Path
) -> None:
    two = on_two_processes[case]
    one = ddp_training.run(case, 4, str(tmp_path))
    assert (two["processes"], one["processes"]) == (2, 1)
    assert len(one["losses"]) >= ddp_training.STEPS and len(set(one["losses"])) > 1
    assert two["losses"] == pytest.approx(one["losses"], abs=1e-5)
    assert two["weights"].keys() == one["weights"].keys()
    for name, weight in one["weights"].items():
        assert torch.allclose(torch.tensor(two["weights"][name]), torch.tensor(weight), atol=5e-5)


def test_the_samples_tell_a_mean_over_labels_from_a_mean_over_processes() -> None:
    rows = ddp_training.samples("masked")
    counts = [sum(label != -100 for label in row["labels"]) for row in rows]
    assert min(counts) == 0 and max(counts) > 5


def test_a_collator_draws_for_the_samples_of_each_process(
    on_two_processes: Any, tmp_path: Path
) -> None:
    drawn = on_two_processes["drawn"]
    assert len(drawn) == 8
    for one, other in zip(drawn[::2], drawn[1::2], strict=True):
        assert one["labels"] != other["labels"]
    # What is drawn depends on the samples, not on who draws.
    assert drawn == ddp_training.drawn(2, str(tmp_path))


@pytest.mark.exam
def test_the_command_trains_on_two_processes(tmp_path: Path) -> None:
    universe, tokens = str(tmp_path / "universe.bed"), str(tmp_path / "tokens.parquet")
    Tokenizer.from_regions([region_text(i) for i in range(NUM_REGIONS)]).regions.to_bed(universe)
    rows = [row["input_ids"] for row in ddp_training.samples("masked")]
    pq.write_table(pa.table({"input_ids": rows}), tokens)
    model = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2}
    config: dict[str, dict[str, Any]] = {
        "data": {"train": [tokens], "eval": [tokens], "universe": universe},
        # Nothing is drawn: batches are other ones on two processes.
        "objective": {"replaced_token_probability": 0.0},
        "model": {**model, "hidden_dropout": 0.0, "attention_dropout": 0.0},
        "training": {
            **{"output_dir": str(tmp_path / "one"), "per_device_train_batch_size": 4},
            **{"max_steps": 6, "learning_rate": 0.01, "warmup_steps": 2, "adam_epsilon": 1e-3},
            **{"logging_steps": 1, "use_cpu": True, "disable_tqdm": True},
        },
    }
    metrics = train(config)
    config["training"] |= {"output_dir": str(tmp_path / "two"), "per_device_train_batch_size": 2}
    (tmp_path / "two.toml").write_text(to_toml(with_defaults(validate(config))))
    # docs/training.md, which is executed, has the command under torchrun.
    words = ["--module", "bedtok", "train", "--config", "two.toml"]
    output = launch(*ACCELERATE, *words, folder=tmp_path)
    assert output.count(": 6 steps, train_loss") == 1  # one of the two says so

    saved = json.loads((tmp_path / "two" / "metrics.json").read_text())
    for name in ("train_loss", "eval_loss"):
        assert saved[name] == pytest.approx(metrics[name], abs=1e-5)
    one, two = (
        AtacformerForReplacedTokenDetection.from_pretrained(tmp_path / name).state_dict()
        for name in ("one", "two")
    )
    assert all(torch.allclose(one[name], two[name], atol=1e-5) for name in one)
    assert Tokenizer.from_pretrained(tmp_path / "two") == Tokenizer(universe)
    assert not (tmp_path / "two" / ".unfinished").exists()
