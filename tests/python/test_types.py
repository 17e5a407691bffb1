# SPDX-License-Identifier: BSD-2-Clause
"""What a type checker says about programs that use the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy")
import bedtok

# The base class of the tokenizer for transformers, as far as it is used: the whole library would
# take a type checker a minute.
TRANSFORMERS = """
from collections import UserDict
from typing import Any

class BatchEncoding(UserDict[str, Any]):
    def __init__(self, data: dict[str, Any] | None = None) -> None: ...

class PreTrainedTokenizerBase:
    def __init__(self, **kwargs: Any) -> None: ...
    def pad(self, encoded_inputs: Any, padding: Any = True) -> BatchEncoding: ...
"""
# What the program does not touch, or uses without types.
SKIPPED = (
    *(
        f"bedtok.atacformer.{name}"
        for name in ("callbacks", "layers", "modeling_atacformer", "triplets")
    ),
    *(f"{name}.*" for name in ("anndata", "pandas", "pyarrow", "scipy", "torch")),
)
PROGRAM = """
from bedtok import RegionSet, Tokenizer
from bedtok.atacformer import AtacformerTokenizer, DataCollatorForReplacedTokenDetection

tokenizer = Tokenizer("universe.bed", on_error="skip")
collator = DataCollatorForReplacedTokenDetection(AtacformerTokenizer("universe.bed"))
collator = DataCollatorForReplacedTokenDetection(tokenizer)
pad: int = AtacformerTokenizer("universe.bed").pad_token_id
merged, counts = RegionSet([]).reduce(return_counts=True)
middles = (merged.reduce() | merged).resize(1, "center").starts + counts
tokenizer("a.bed", padding="longest", truncation="random", padding_side="left")
"""
MISTAKES = (
    'tokenizer("a.bed", padding="longst")',
    'tokenizer.pad({}, padding="longst")',
    'tokenizer("a.bed", truncation="randm")',
    'tokenizer("a.bed", padding_side="lft")',
    'tokenizer.encode("a.bed", padding="longst")',
    'RegionSet.from_bed("a.bed", on_error="ignore")',
    'tokenizer.encode_fragments("f.tsv", on_error="ignore")',
    'RegionSet([]).resize(501, "middle")',
    "RegionSet([]) - ['chr1:1-2']",
    "DataCollatorForReplacedTokenDetection(RegionSet([]))",
)


def test_a_type_checker_takes_what_is_right_and_finds_mistakes(tmp_path: Path) -> None:
    (tmp_path / "stubs" / "transformers").mkdir(parents=True)
    (tmp_path / "stubs" / "transformers" / "__init__.pyi").write_text(TRANSFORMERS)
    # A link, as the type checker refuses a path that is site-packages itself.
    (tmp_path / "stubs" / "bedtok").symlink_to(Path(bedtok.__file__).parent)
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\nstrict = True\nfollow_imports = silent\n"
        f"mypy_path = {tmp_path / 'stubs'}\n"
        f"[mypy-{','.join(SKIPPED)}]\nfollow_imports = skip\n"
        "follow_imports_for_stubs = True\nignore_missing_imports = True\n"
    )
    first = PROGRAM.count("\n") + 1
    (tmp_path / "program.py").write_text(PROGRAM + "\n".join(MISTAKES) + "\n")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "program.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = [line.split(":")[1] for line in done.stdout.splitlines() if ": error:" in line]
    assert found == [str(first + i) for i in range(len(MISTAKES))], done.stdout + done.stderr
