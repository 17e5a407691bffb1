# SPDX-License-Identifier: BSD-2-Clause
"""What the scripts share: the clock, the cells of a table, and what the figures belong to."""

from __future__ import annotations

import argparse
import gc
import os
import platform
import re
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from libraries import REMEDY, BenchError, load
from make_data import DEFAULT_FOLDER, DEFAULT_SEED

DEFAULT_ROUNDS = 7
GTARS_VERSION = "0.10.0"
MIB = 1024 * 1024
NOT_INSTALLED = "not installed"

Seconds = list[float]  # one a run


# ---- Time


def time_call(call: Callable[..., object], *arguments: object) -> float:
    """Return the seconds of one call, its result's release left out, garbage collected before."""
    gc.collect()
    started = time.perf_counter()
    result = call(*arguments)
    seconds = time.perf_counter() - started
    del result
    return seconds


# ---- Cells and tables


def time_cell(seconds: Seconds) -> str:
    """Return ``12.3 ms (11.9 to 14.0)``: median, smallest and largest."""
    if not seconds:
        return "-"
    low, median, high = (
        f"{value * 1e3:.3g}" if abs(value) < 1 else f"{value * 1e3:.0f}"
        for value in (min(seconds), statistics.median(seconds), max(seconds))
    )
    return f"{median} ms ({low} to {high})"


def ratio_cells(ratio: float | None, target: float | None) -> list[str]:
    """Return the cells ``ratio`` and ``target``, with a word where the target is missed."""
    ratio_text = "-" if ratio is None else f"{ratio:.1f}x"
    if target is None:
        return [ratio_text, ""]
    missed = ratio is not None and ratio < target
    return [ratio_text, f"{target:g}x" + (", missed" if missed else "")]


def markdown_table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


# ---- What the figures belong to


def installed_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return NOT_INSTALLED


def require_gtars() -> None:
    """Raise BenchError unless gtars is there in the version whose figures are quoted."""
    if (found := installed_version("gtars")) != GTARS_VERSION:
        raise BenchError(f"gtars: {found}, expected {GTARS_VERSION}; {REMEDY}")


def cpu_model() -> str:
    try:
        models = re.findall(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        models = []
    return models[0].strip() if models else platform.processor() or platform.machine()


def compiler_of(module_file: str) -> str:
    """Return what compiled a shared object, as it says itself, or ``unknown``."""
    found = re.search(
        rb"GCC: \([^)]*\) [\d.]+|clang version [\d.]+", Path(module_file).read_bytes()
    )
    return found[0].decode() if found else "unknown"


def describe(command: str, rounds: int, load_average: float, packages: Sequence[str]) -> str:
    """Return machine, versions, date and command.

    Args:
        command: What was called.
        rounds: The least number of runs.
        load_average: When it started.
        packages: Whose versions to tell beside those of Python, NumPy and bedtok.
    """
    core = load("bedtok._core")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1024 * MIB)
    others = "".join(f", {name} {installed_version(name)}" for name in packages)
    lines = [
        f"Date: {date.today().isoformat()}. Command: `{command}`, {rounds} rounds or more.",
        f"Machine: {cpu_model()}, {os.cpu_count()} cores, {memory:.0f} GiB; {platform.system()} "
        f"{platform.machine()}, load average at the start {load_average:.1f}.",
        f"Software: Python {platform.python_version()}, NumPy {np.__version__}, bedtok "
        f"{core.__version__} (compiler {compiler_of(core.__file__)}, inflate by "
        f"{core.inflate_backend}){others}.",
    ]
    return "\n".join(lines)


# ---- The command line


def row_pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression, or tell argparse what is wrong with it."""
    try:
        return re.compile(text)
    except re.error as error:
        message = f"{text!r} is not a regular expression: {error}"
        raise argparse.ArgumentTypeError(message) from None


def shared_parser(
    description: str, example: str, only: str, gtars: bool = True
) -> argparse.ArgumentParser:
    """Return a parser of the options that the scripts share.

    Args:
        description: What the script does.
        example: A command.
        only: What ``--only`` chooses.
        gtars: Whether the script measures gtars, too.
    """
    parser = argparse.ArgumentParser(description=description, epilog=f"example: {example}")
    parser.add_argument("--data", type=Path, default=DEFAULT_FOLDER, help="cache of the data")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of the data")
    parser.add_argument("--rounds", type=int, default=DEFAULT_ROUNDS, help="runs of each job")
    parser.add_argument(
        "--only", metavar="REGEX", type=row_pattern, default=re.compile(""), help=only
    )
    if gtars:
        parser.add_argument("--no-gtars", action="store_true", help="measure bedtok alone")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write the report here too")
    return parser


def parse(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Return the arguments, with ``command``: the call with what changes the figures."""
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error("--rounds: expected 1 or more")
    words = ["python", f"bench/{parser.prog}"]
    for name, value in vars(arguments).items():
        if name in ("data", "markdown") or value == parser.get_default(name):
            continue
        words.append(f"--{name.replace('_', '-')}")
        if value is not True:
            words.append(value.pattern if isinstance(value, re.Pattern) else str(value))
    arguments.command = shlex.join(words)
    return arguments


def run_script(parser: argparse.ArgumentParser, run: Callable[[argparse.Namespace], str]) -> int:
    """Print what ``run`` reports, write it to a file where one was asked for; return the status."""
    arguments = parse(parser)
    try:
        report = run(arguments)
    except BenchError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 1
    print(report, end="")
    if arguments.markdown:
        arguments.markdown.write_text(report)
    return 0
