# SPDX-License-Identifier: BSD-2-Clause
"""Data of the tests on transformers, and functions that worker processes import."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NUM_REGIONS = 60  # regions of the vocabulary: chr1:0-50, chr1:100-150 ...
SAMPLES = [
    ["chr1:0-1000"],  # ids 0 .. 9
    ["chr1:2000-2100", "chr1:5500-5600"],
    ["chr1:60-70"],  # a miss: unk
    ["chr1:5000-5900", "<mask>", "chr1:0-10"],
]


def region_text(i: int) -> str:
    """The vocabulary's region with id i."""
    return f"chr1:{100 * i}-{100 * i + 50}"


def collate(tokenizer: Any, samples: list[Any]) -> dict[str, Any]:
    """Tokenize what a DataLoader hands over."""
    return dict(tokenizer(samples, padding=True, return_tensors="pt"))


def tokenize_files(tokenizer: Any, rows: dict[str, list[str]]) -> dict[str, Any]:
    """Tokenize what Dataset.map hands over."""
    return dict(tokenizer([Path(path) for path in rows["path"]]))
