# SPDX-License-Identifier: BSD-2-Clause
"""The training examples: they run in short, and what they train is better than before."""

from __future__ import annotations

import csv
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bedtok import Tokenizer
from bedtok.atacformer import AtacformerForCellClustering

pytest.importorskip("anndata")
pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "python"


def run(script: str, folder: Path, *arguments: str) -> dict[str, list[float]]:
    """Run an example; return the numbers of each line that it prints, by the text before them."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=folder,
        # One thread: the result does not depend on how many there are.
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OMP_NUM_THREADS": "1",
            "MPLCONFIGDIR": str(folder),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.partition(":") for line in done.stdout.splitlines()]
    return {name: [float(n) for n in re.findall(r"\d\.\d+", rest)] for name, _, rest in lines}


def test_the_examples_train_a_model_that_loads(tmp_path: Path) -> None:
    pretrained = run("pretrain_replaced_tokens.py", tmp_path, "--cells", "80", "--epochs", "1")
    assert len(pretrained["loss"]) == 2
    run("finetune_triplets.py", tmp_path, "--cells", "80", "--epochs", "1")
    tokenizer = Tokenizer.from_pretrained(tmp_path / "finetuned")
    model = AtacformerForCellClustering.from_pretrained(tmp_path / "finetuned")
    assert model.config.vocab_size == len(tokenizer)
    assert (tmp_path / "finetuned" / "cells.png").read_bytes().startswith(b"\x89PNG")


def test_variants_of_a_classifier_are_trained_once_and_tabulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("sklearn")
    monkeypatch.syspath_prepend(EXAMPLES)
    label_cells = importlib.import_module("label_cells")
    cells = importlib.import_module("simulated_cells").simulate(200, seed=1)
    cells.write_h5ad(tmp_path / "cells.h5ad")

    def table(repeats: int, *words: str) -> dict[str, list[str]]:
        options = ["--batch", "batch", "--train", "batch 1", "--query", "batch 3"]
        options += ["--out", str(tmp_path), "--epochs", "1", "--repeats", str(repeats)]
        label_cells.main([str(tmp_path / "cells.h5ad"), *options, "--ablations", *words])
        with open(tmp_path / "ablations.csv", encoding="utf-8", newline="") as file:
            return {row[0]: row[1:] for row in csv.reader(file)}

    words = ("settings chosen", "after training: 5 nearest", "masked, then replaced")
    first = table(1, *words)
    assert "0 s" in capsys.readouterr().out
    finished = {name for name, row in first.items() if row[-1] == "1 of 1"}
    assert finished == {
        "**Atacformer**: the settings chosen",
        "after training: 5 nearest cells by LSI",
        # What needs no training of its own is complete with the settings chosen.
        "after training: 15 nearest cells by LSI",
        "after training: 30 nearest cells by LSI",
        "after training: shares of types in the query",
        "pre-training, one layer: masked, then replaced tokens",
    }
    assert first["pooling: mean"] == [*["not run"] * 5, "0 of 1"]
    second = table(2, "settings chosen")
    printed = capsys.readouterr().out
    assert "repeat 0" not in printed and "repeat 1" in printed
    assert second["**Atacformer**: the settings chosen"][2] == "+0.000 ± 0.000"
    assert second["pre-training, one layer: masked, then replaced tokens"][-1] == "1 of 2"


@pytest.mark.exam
def test_the_examples_train_a_model_that_tells_types_apart(tmp_path: Path) -> None:
    pretrained = run("pretrain_replaced_tokens.py", tmp_path, "--cells", "1000", "--epochs", "20")
    first, last = pretrained["loss"]
    assert last < first - 0.05
    # In so few steps it finds the batches, the stronger of the two signals.
    assert pretrained["ARI, pre-trained"][1] > pretrained["ARI, new model"][1] + 0.3

    finetuned = run("finetune_triplets.py", tmp_path, "--cells", "600", "--epochs", "5")
    before, after = finetuned["ARI, pre-trained"][0], finetuned["ARI, fine-tuned by triplets"][0]
    assert after > before + 0.2
