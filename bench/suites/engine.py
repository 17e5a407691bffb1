# SPDX-License-Identifier: BSD-2-Clause
"""The overlap index alone, in C++, by the program of bench/engine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.rows import OURS, Missing, Row, Sample, Tool
from bench.setting import Setting

TITLE = "The index alone, in C++"
WORDS = (
    "The program `bench/engine` builds each index once and runs batches of queries in turns, "
    "without Python and without ids: nanoseconds a query. superintervals is its C++ header, from "
    "the sdist of the version named above; cgranges is measured where "
    "`BEDTOK_BENCH_CGRANGES` names the folder of its header. The numbers of hits are compared."
)
TARGETS = {
    ("disjoint", "sorted"): 7.0,
    ("disjoint", "shuffled"): 12.0,
    ("overlaps-5pct", "sorted"): 5.0,
    ("overlaps-5pct", "shuffled"): 8.0,
    ("nested", "sorted"): 1.5,
    ("nested", "shuffled"): 1.5,
}
ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "bench" / "engine"
BUILD = ROOT / "build" / "bench" / "engine"
HEADERS = ROOT / "build" / "bench" / "headers"


class Timed(Tool):
    """A tool of the program, which has timed it already: each run is one of its values."""

    def measure(self, given: Any) -> Sample:
        return Sample(next(given))


def rows(setting: Setting) -> Iterator[Row]:
    if not (SOURCE / "CMakeLists.txt").exists():
        return
    quick = setting.scale.name != "full"
    found = run_program(build_program(), quick, setting.seed, setting.scale.pace.least)
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in found:
        groups.setdefault((line["workload"], line.get("order", "")), []).append(line)
    for (workload, order), lines in groups.items():
        lines.sort(key=lambda line: line["tool"] != OURS)
        yield Row(
            f"{workload}, {order}" if order else workload,
            [timed(line, line["ns_per_query"], 1e-9) for line in lines],
            target=TARGETS.get((workload, order)),
        )
    for workload, lines in {key[0]: lines for key, lines in groups.items()}.items():
        yield Row(
            f"build the index: {workload}",
            [timed(line, line["build_ms"], 1e-3) for line in lines],
            target=1.0,
        )
        sizes = [timed(line, [line["bytes_per_interval"]], 1) for line in lines]
        yield Row(f"bytes an interval: {workload}", sizes, unit="B")


def timed(line: dict[str, Any], values: list[float], unit: float) -> Tool:
    def make() -> Iterator[float]:
        return (value * unit for value in values)

    return Timed(line["tool"], lambda given: None, make, lambda result: line["hits"])


@cache
def build_program() -> Path:
    """Compile the program in release mode and return its path."""
    folder = superintervals_header()
    settings = {
        "BEDTOK_BENCH_SUPERINTERVALS": os.environ.get("BEDTOK_BENCH_SUPERINTERVALS", folder),
        "BEDTOK_BENCH_CGRANGES": os.environ.get("BEDTOK_BENCH_CGRANGES", ""),
    }
    definitions = [f"-D{name}={value}" for name, value in settings.items() if value]
    commands = [
        ["cmake", "-S", str(SOURCE), "-B", str(BUILD), "-DCMAKE_BUILD_TYPE=Release", *definitions],
        ["cmake", "--build", str(BUILD)],
    ]
    for command in commands:
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Missing(f"cmake: {error}") from error
        if done.returncode != 0:
            raise RuntimeError((done.stdout + done.stderr).strip()[-500:])
    return BUILD / "engine"


def superintervals_header() -> str:
    """Return the folder with superintervals' header, from the sdist on PyPI; empty without it."""
    try:
        wanted = f"superintervals-{version('superintervals')}"
    except PackageNotFoundError:
        return ""
    found = HEADERS / wanted / "src"
    if not found.exists():
        HEADERS.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        command += ["--disable-pip-version-check", "--no-binary", ":all:", "--dest", str(HEADERS)]
        done = subprocess.run(
            [*command, wanted.replace("-", "==")], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            print(f"bench: superintervals' header: {done.stderr.strip()[-200:]}", file=sys.stderr)
            return ""
        with tarfile.open(HEADERS / f"{wanted}.tar.gz") as archive:
            member = archive.getmember(f"{wanted}/src/superintervals.hpp")
            archive.extract(member, HEADERS, filter="data")
    return str(found)


def run_program(program: Path, quick: bool, seed: int, rounds: int) -> list[dict[str, Any]]:
    """Return the lines that the program prints."""
    command = [str(program), "--seed", str(seed), "--rounds", str(rounds)]
    command += ["--quick"] if quick else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip()[-300:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
