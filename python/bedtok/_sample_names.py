# SPDX-License-Identifier: BSD-2-Clause
"""What samples are called that come from files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

_SUFFIXES = ((".gz", ".bgz"), (".bed", ".narrowpeak", ".broadpeak", ".gappedpeak"))


def sample_names(paths: Sequence[str]) -> list[str]:
    """Return the files' names without folder, .bed and .gz; alike ones keep their paths."""
    names = ["stdin" if path == "-" else _sample_name(path) for path in paths]
    seen = Counter(names)
    return [path if seen[name] > 1 else name for path, name in zip(paths, names, strict=True)]


def _sample_name(path: str) -> str:
    name = os.path.basename(path)
    for suffixes in _SUFFIXES:
        for suffix in suffixes:
            if name.lower().endswith(suffix) and len(name) > len(suffix):
                name = name[: -len(suffix)]
                break
    return name
