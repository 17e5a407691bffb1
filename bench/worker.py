# SPDX-License-Identifier: BSD-2-Clause
"""One suite, measured in a process of its own: what it leaves in memory ends with it."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import re
import sys
import time
import traceback
import warnings
from pathlib import Path
from typing import Any

from bench.machine import others_seconds, taken_by_others
from bench.rows import Missing
from bench.runner import measure
from bench.scale import SCALES
from bench.setting import DEFAULT_SEED, Setting
from bench.suites import suite


def measure_suite(
    name: str, setting: Setting, only: re.Pattern[str], rounds: int | None = None
) -> dict[str, Any]:
    """Return the measured rows of a suite, and how busy the machine was meanwhile."""
    pace = setting.scale.pace
    if rounds is not None:
        pace = dataclasses.replace(pace, least=rounds)
    load_average = os.getloadavg()[0]
    before, began = others_seconds(), time.monotonic()
    found: dict[str, Any] = {"rows": [], "complete": not only.pattern}
    try:
        for row in suite(name).rows(setting):
            if only.search(f"{name}: {row.name}"):
                row_began = time.monotonic()
                found["rows"].append(measure(row, pace))
                taken = time.monotonic() - row_began
                print(f"bench: {name}: {row.name}: {taken:.1f} s", file=sys.stderr, flush=True)
    except Missing as error:
        found["error"] = str(error)
    except Exception as error:
        # One suite that fails does not take the others with it.
        traceback.print_exc()
        found["error"] = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    seconds = time.monotonic() - began
    found["seconds"] = round(seconds, 1)
    found["load_average"] = round(load_average, 1)
    found["others"] = round(taken_by_others(before) / max(seconds, 0.001), 2)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("suite")
    parser.add_argument("output", type=Path)
    parser.add_argument("--scale", default="full")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED)
    parser.add_argument("--only", type=re.compile, default=re.compile(""))
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--huge", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of samples that fit a vocabulary badly, on purpose
    setting = Setting(SCALES[given.scale], given.data, given.seed, given.huge)
    found = measure_suite(given.suite, setting, given.only, given.rounds)
    given.output.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
