# SPDX-License-Identifier: BSD-2-Clause
"""Options, config file and flags of ``bedtok train``, which need no PyTorch.

The training itself is tested in tests/transformers.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bedtok import ConfigError
from bedtok.cli import main
from bedtok.train.config_file import read_config, to_toml
from bedtok.train.options import CONFIG_NAME, OPTIONS, PRESETS, Config, validate, with_defaults

# What the thesis on Atacformer gives.
THESIS = {
    "model": {
        "hidden_size": 192,
        "intermediate_size": 768,
    },
    "objective": {"name": "rtd", "replaced_token_probability": 0.45},
    "training": {
        "learning_rate": 1.5e-4,
        "lr_scheduler_type": "cosine",
        "warmup_steps": 500,
        "optim": "adamw_torch",
        "report_to": ["none"],
    },
}


def completed(config: Any) -> Config:
    return with_defaults(validate(config))


def printed(capfd: Any, *argv: str) -> str:
    assert main(["train", *argv, "--print-config"]) == 0
    output: str = capfd.readouterr().out
    return output


def refused(capfd: Any, code: int, *argv: str) -> str:
    """Return stderr of a command line that fails with this code."""
    if code == 2:
        with pytest.raises(SystemExit) as stopped:
            main(["train", *argv])
        assert stopped.value.code == 2
    else:
        assert main(["train", *argv]) == code
    text: str = capfd.readouterr().err
    return text


def parsed(text: str, folder: Path) -> Any:
    path = folder / "printed.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def test_the_defaults_are_those_of_the_thesis() -> None:
    config = completed({})
    for table, fields in THESIS.items():
        assert {name: config[table][name] for name in fields} == fields


def test_a_new_classifier_begins_with_a_preset_of_its_own(capfd: Any, tmp_path: Path) -> None:
    linear, thesis = PRESETS["linear"], completed({})
    config = completed({"objective": {"name": "classify"}})
    for table, fields in linear.items():
        assert {name: config[table][name] for name in fields} == fields
    assert {n: config["training"][n] for n in ("seed", "save_steps")} == {
        n: thesis["training"][n] for n in ("seed", "save_steps")
    }
    # What is given stays, a ratio is in place of steps, and a model that is trained further is
    # what it is.
    given = {"objective": {"name": "classify"}, "model": {"hidden_size": 8}}
    config = completed({**given, "training": {"warmup_ratio": 0.1}})
    assert config["model"]["hidden_size"] == 8 and config["model"]["num_hidden_layers"] == 0
    assert "warmup_steps" not in config["training"]
    further = completed({"objective": {"name": "classify"}, "model": {"init_from": "model"}})
    assert further["model"] == {"init_from": "model"}
    assert further["training"] == thesis["training"]
    classifier = validate({"objective": {"name": "classify"}})
    assert with_defaults(classifier, "thesis")["model"] == thesis["model"]
    for config, preset, message in (
        ({}, "linear", "'linear', which is for a new model with objective.name 'classify'"),
        (classifier, "small", "preset is 'small', expected one of: thesis, linear"),
    ):
        with pytest.raises(ConfigError, match=message):
            with_defaults(config, preset)
    text = printed(capfd, "--objective", "classify")
    assert parsed(text, tmp_path) == with_defaults(classifier)
    assert "hidden_size = 192" in printed(capfd, "--objective", "classify", "--preset", "thesis")
    assert "expected 'thesis' here" in refused(capfd, 1, "--preset", "linear", "--print-config")


def test_a_config_keeps_its_preset(capfd: Any, tmp_path: Path) -> None:
    flags = ("--objective", "classify", "--out", str(tmp_path))
    for preset in PRESETS:
        text = printed(capfd, *flags, "--preset", preset)
        (tmp_path / CONFIG_NAME).write_text(text, encoding="utf-8")
        assert printed(capfd, "--config", str(tmp_path / CONFIG_NAME)) == text
        assert printed(capfd, "--resume", "--out", str(tmp_path)) == text
    # The flag counts more, and a further training begins with the other one.
    assert "hidden_size = 64" in printed(capfd, "--resume", *flags, "--preset", "thesis")
    assert 'preset = "thesis"' in printed(capfd, "--resume", *flags, "--preset", "thesis")
    error = refused(capfd, 1, "--set", "objective.preset=small", "--print-config")
    assert "preset is 'small', expected one of: thesis, linear" in error


def test_the_printed_config_is_toml_that_can_be_fed_back(capfd: Any, tmp_path: Path) -> None:
    text = printed(capfd)
    assert parsed(text, tmp_path) == completed({})
    assert printed(capfd, "--config", str(tmp_path / "printed.toml")) == text
    # Fields without a default are named, too.
    names = [name for options in OPTIONS.values() for name in options]
    assert all(f"\n{name} =" in text or f"\n# {name} =" in text for name in names)


def test_the_command_line_overrides_the_file_which_overrides_defaults(
    capfd: Any, tmp_path: Path
) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[data]\ntrain = "a.parquet"\n[model]\nhidden_size = 16\nhidden_act = "gelu"\n')
    flags = ["--data", "b.parquet", "c/", "--universe", "u.bed", "--out", "m"]
    sets = ["model.hidden_size=32", "training.learning_rate=1", "training.save_strategy=no"]
    text = printed(
        capfd, "--config", str(path), *flags, *(word for text in sets for word in ("--set", text))
    )
    config = parsed(text, tmp_path)
    assert config["data"] == {
        "train": ["b.parquet", "c/"],
        "eval": [],
        "universe": "u.bed",
        "eval_batches": [],
    }
    assert config["model"]["hidden_size"] == 32
    assert config["model"]["hidden_act"] == "gelu"
    assert config["model"]["intermediate_size"] == 768
    training = config["training"]
    assert (training["output_dir"], training["learning_rate"]) == ("m", 1.0)
    assert training["save_strategy"] == "no"


def test_flags_for_labels_are_fields_of_the_config(capfd: Any, tmp_path: Path) -> None:
    flags = ["--labels", "cells.tsv", "--label-column", "2024", "--batch-column", "donor"]
    flags += ["--eval-batches", "d1", "d2", "--eval-fraction", ".1", "--objective", "classify"]
    config = parsed(printed(capfd, "a.parquet", "b.parquet", *flags), tmp_path)
    assert config["data"] == {
        "train": ["a.parquet", "b.parquet"],
        "eval": [],
        "labels": "cells.tsv",
        "label_column": "2024",
        "batch_column": "donor",
        "eval_batches": ["d1", "d2"],
        "eval_fraction": 0.1,
    }
    assert config["objective"]["name"] == "classify"
    assert "--data and a.parquet: expected one of both" in refused(
        capfd, 2, "a.parquet", "--data", "b.parquet"
    )
    assert "invalid choice: 'classifier'" in refused(capfd, 2, "--objective", "classifier")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ('"quo\\"ted"', 'quo"ted'),
        ("true", True),
        ("3", 3),
        ("1e-4", 1e-4),
        ("", ""),
        ("C:\\folder", "C:\\folder"),
        ('["a", "b\\u00e9"]', ["a", "bé"]),
        ("{use_reentrant = false, n = 1}", {"use_reentrant": False, "n": 1}),
        ("a\nb = 1", "a\nb = 1"),
        ("1\nb = 1", "1\nb = 1"),  # two fields are none
    ],
)
def test_values_are_those_of_toml_and_otherwise_texts(
    capfd: Any, tmp_path: Path, text: str, value: Any
) -> None:
    config = parsed(printed(capfd, "--set", f"training.anything={text}"), tmp_path)
    assert config["training"]["anything"] == value


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("data.label_column=2024", "2024"),
        ("training.weight_decay=-.5", -0.5),
        ("training.run_name=.5th", ".5th"),
        ("data.universe=true", "true"),
        ("model.hidden_dropout=.5", 0.5),
        ('training.report_to=["tensorboard", "wandb"]', ["tensorboard", "wandb"]),
        ("training.report_to=wandb", ["wandb"]),
    ],
)
def test_a_value_that_toml_reads_as_something_else_is_taken_as_what_is_expected(
    capfd: Any, tmp_path: Path, setting: str, value: Any
) -> None:
    table, _, name = setting.partition("=")[0].partition(".")
    assert parsed(printed(capfd, "--set", setting), tmp_path)[table][name] == value


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("objective.nme=rtd", "objective.nme is not known; did you mean 'name'?"),
        ("modle.hidden_size=3", "[modle] is not known; did you mean 'model'?"),
        ("data.foo=3", "data.foo is not known; expected one of: train, eval, universe,"),
        ("model.vocab_size=3", "model.vocab_size is determined by the tokenizer and cannot be set"),
        ("model.hidden_size=x", "model.hidden_size is 'x', expected a whole number"),
        ("model.hidden_size=true", "model.hidden_size is True, expected a whole number"),
        ("model.hidden_size=1.5", "model.hidden_size is 1.5, expected a whole number"),
        ("training.learning_rate=x", "training.learning_rate is 'x', expected a number"),
        ("data.train=[1]", "data.train is [1], expected a list of texts"),
        ("hidden_size=3", "expected TABLE.FIELD=VALUE, not 'hidden_size=3'"),
        ("model.hidden_size", "expected TABLE.FIELD=VALUE, not 'model.hidden_size'"),
        ("model.=3", "expected TABLE.FIELD=VALUE, not 'model.=3'"),
    ],
)
def test_what_cannot_be_set_is_named_on_the_command_line(
    capfd: Any, setting: str, message: str
) -> None:
    assert message in refused(capfd, 2, "--set", setting)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[objective]\nnme = 'rtd'", ": objective.nme is not known; did you mean 'name'?"),
        ("[models]", ": [models] is not known; did you mean 'model'?"),
        ("model = 3", ": model is 3, expected a table: [model]"),
        ("[model]\nhidden_size = 'x'", ": model.hidden_size is 'x', expected a whole number"),
        ("[model]\n= 3", ":2: not TOML: "),
        ("[model]\n\xff = 3", ": not TOML: "),
    ],
)
def test_what_a_config_file_says_wrong_is_named_with_the_file(
    capfd: Any, tmp_path: Path, content: str, message: str
) -> None:
    path = tmp_path / "c.toml"
    path.write_text(content, encoding="latin-1")
    text = refused(capfd, 1, "--config", str(path))
    assert text.startswith(f"bedtok: {path}{message}") and text.count("\n") == 1


def test_a_missing_config_file_is_named(capfd: Any, tmp_path: Path) -> None:
    assert f"{tmp_path}/c.toml: No such file" in refused(capfd, 1, "--config", f"{tmp_path}/c.toml")


def test_what_is_needed_and_not_given_is_named_after_the_usage(capfd: Any) -> None:
    text = refused(capfd, 2)
    assert text.startswith("usage: bedtok train")
    assert "missing: --data (data.train), --universe (data.universe), --out (training." in text
    # A model comes with its tokenizer.
    assert "missing: --out (training.output_dir)" in refused(
        capfd, 2, "--data", "a", "--init-from", "b"
    )


def test_a_model_to_go_on_from_has_its_own_defaults(capfd: Any, tmp_path: Path) -> None:
    text = printed(capfd, "--init-from", "m", "--set", "model.hidden_dropout=0")
    assert parsed(text, tmp_path)["model"] == {"init_from": "m", "hidden_dropout": 0.0}


def test_a_training_is_resumed_with_its_config_and_what_is_said_beside(
    capfd: Any, tmp_path: Path
) -> None:
    out = tmp_path / "m"
    out.mkdir()
    words = ["--resume", "--out", str(out)]
    assert "missing: --data" in refused(capfd, 2, *words)  # nothing was begun there
    saved = completed({"data": {"train": ["t"]}, "training": {"output_dir": "x", "max_steps": 5}})
    (out / "train.toml").write_text(to_toml(saved))
    config = parsed(printed(capfd, *words, "--set", "training.save_steps=7"), tmp_path)
    assert config["data"]["train"] == ["t"]
    assert (config["training"]["max_steps"], config["training"]["save_steps"]) == (5, 7)
    assert config["training"]["output_dir"] == str(out)
    # A file that is named is the one, and without --resume none is read.
    (tmp_path / "c.toml").write_text("[training]\nmax_steps = 6\n")
    config = parsed(printed(capfd, *words, "--config", str(tmp_path / "c.toml")), tmp_path)
    assert (config["training"]["max_steps"], config["data"]["train"]) == (6, [])
    assert parsed(printed(capfd, *words[1:]), tmp_path)["training"]["max_steps"] == -1


def test_values_of_python_are_checked_as_those_of_toml() -> None:
    assert completed({"model": {"num_batches": None}}) == completed({})
    assert completed({"data": {"train": "a"}})["data"]["train"] == ["a"]
    with pytest.raises(ConfigError, match=r"^model is 3, expected a table: \[model\]$"):
        completed({"model": 3})  # type: ignore[dict-item]
    assert "warmup_steps" not in completed({"training": {"warmup_ratio": 0.1}})["training"]
    with pytest.raises(ConfigError, match=r"^model.hidden_size is '3', expected a whole number$"):
        completed({"model": {"hidden_size": "3"}})


def test_help_needs_no_torch_and_training_says_how_to_get_it() -> None:
    def run(*argv: str) -> Any:
        program = (
            "import sys; sys.modules['torch'] = None\n"
            "from bedtok.cli import main\n"
            f"sys.exit(main({list(argv)!r}))"
        )
        return subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": ":".join(path for path in sys.path if path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert "  train " in run("--help").stdout
    assert "--init-from" in run("train", "--help").stdout
    done = run("train", "--data", "a", "--universe", "b", "--out", "c")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "bedtok: bedtok.atacformer needs torch: pip install 'bedtok[atacformer]'"
    )
