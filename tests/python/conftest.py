# SPDX-License-Identifier: BSD-2-Clause
"""Data that the tests share; all of it is made here."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import hypothesis
import pytest

from bedtok.tokenizers import Tokenizer
from browser import Browser, find_chromium

# How long an example takes says something about the machine, not about the package.
hypothesis.settings.register_profile("bedtok", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=1000)
hypothesis.settings.register_profile("exam", deadline=None, max_examples=5000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "bedtok"))

# Unsorted, overlapping, nested, and with a name that holds ':' and '-'.
VOCABULARY = [
    ("chr1", 100, 200),
    ("chr1", 300, 400),
    ("chr2", 50, 60),
    ("chr1", 150, 350),
    ("HLA-A*01:01:01:01", 5, 9),
    ("chr2", 10, 90),
]

BedWriter = Callable[..., Path]


@pytest.fixture
def write_bed(tmp_path: Path) -> BedWriter:
    """Write regions as a BED file into the test's folder and return its path."""

    def write(regions: Iterable[tuple[object, ...]], name: str = "regions.bed") -> Path:
        path = tmp_path / name
        lines = ("\t".join(map(str, region)) + "\n" for region in regions)
        path.write_text("".join(lines), encoding="utf-8")
        return path

    return write


@pytest.fixture
def vocabulary() -> list[tuple[str, int, int]]:
    return list(VOCABULARY)


@pytest.fixture
def vocabulary_bed(write_bed: BedWriter) -> Path:
    return write_bed(VOCABULARY, "universe.bed")


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """6 regions (ids 0..5), then unk=6 pad=7 mask=8 cls=9 eos=10 bos=11 sep=12."""
    return Tokenizer.from_regions(VOCABULARY)


@pytest.fixture
def run_python() -> Callable[..., str]:
    """Run code in a fresh interpreter that finds the package where this one did."""

    def run(code: str, **env: str) -> str:
        path = os.pathsep.join(filter(None, sys.path))
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, **env},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()

    return run


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium for the tests of a module; skip them where there is none."""
    program = find_chromium()
    if program is None:
        pytest.skip("needs Chromium or Chrome")
    try:
        browser = Browser(program)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"{program} does not start here: {error}")
    yield browser
    browser.close()
