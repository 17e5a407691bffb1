# SPDX-License-Identifier: BSD-2-Clause
"""Load the vocabulary, read 1M regions, make their ids: once, in a process of its own.

Started by bench.py, which passes the task and the two files. Prints one JSON object with the
process's peak memory in bytes and the seconds of each step. The tasks: bare (imports alone),
bedtok-array, bedtok-list, gtars.
"""

from __future__ import annotations

import json
import sys
import time
from itertools import pairwise
from pathlib import Path

# So that each process has the same base; gtars alone would do without.
import numpy as np  # noqa: F401
from libraries import Bedtok, Gtars, Library
from process_memory import peak_bytes

STEPS = ("load", "read", "encode")


def run_steps(library: Library, as_array: bool, regions_path: Path) -> list[float]:
    """Return the seconds of each step; what the steps made lives until all are done."""
    times = [time.perf_counter()]
    tokenizer = library.tokenizer
    times.append(time.perf_counter())
    regions = library.read_sorted(regions_path)
    times.append(time.perf_counter())
    encoding = library.encode(regions, as_array)
    times.append(time.perf_counter())
    assert tokenizer.vocab_size > len(encoding["input_ids"]) > 0
    return [after - before for before, after in pairwise(times)]


def main() -> None:
    task, vocabulary, regions = sys.argv[1:]
    seconds: list[float] = []
    if task != "bare":
        library = (Gtars if task == "gtars" else Bedtok)(Path(vocabulary))
        seconds = run_steps(library, task == "bedtok-array", Path(regions))
    steps = dict(zip(STEPS, seconds, strict=False))
    print(json.dumps({"peak": peak_bytes(), "seconds": steps}))


if __name__ == "__main__":
    main()
