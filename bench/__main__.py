# SPDX-License-Identifier: BSD-2-Clause
"""The command line: measure, add to the results, write table, pictures and pages."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from bench import machine, results
from bench.pages import PAGES, update_pages
from bench.report import report
from bench.rows import Missing, one_thread
from bench.scale import SCALES
from bench.setting import DEFAULT_SEED
from bench.suites import NAMES

KEPT = machine.ROOT / "bench" / "results"
SCRATCH = machine.ROOT / "build" / "bench"
LARGE = ("models", "clusters")  # what --all adds


def pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression, or tell argparse what is wrong with it."""
    try:
        return re.compile(text)
    except re.error as error:
        message = f"{text!r} is not a regular expression: {error}"
        raise argparse.ArgumentTypeError(message) from None


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description="Measure bedtok against its peers and write a table and pictures.",
        epilog=f"suites: {', '.join(NAMES)}; example: ./run bench --only 'ids: array'",
    )
    parser.add_argument("--quick", action="store_true", help="smaller data, fewer runs")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument(
        "--only",
        metavar="REGEX",
        type=pattern,
        default=re.compile(""),
        help="rows whose 'suite: name' matches; they are added to the results that are kept",
    )
    parser.add_argument("--rounds", metavar="N", type=int, help="runs of each tool at least")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of the data")
    parser.add_argument("--huge", action="store_true", help="also a vocabulary of 100 million")
    parser.add_argument("--data", metavar="DIR", type=Path, default=SCRATCH / "data")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        help="of the results; bench/results, and build/bench/quick with --quick",
    )
    parser.add_argument("--report", action="store_true", help="measure nothing, write the report")
    parser.add_argument("--all", action="store_true", help="models and engines too (PyTorch, Ray)")
    return parser


def run_suite(name: str, scale: str, given: argparse.Namespace) -> dict[str, Any]:
    """Return what a process of its own has measured."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "suite.json")
        command = [sys.executable, "-m", "bench.worker", name, str(output), "--scale", scale]
        command += ["--data", str(given.data.resolve()), "--seed", str(given.seed)]
        command += ["--only", given.only.pattern]
        command += ["--rounds", str(given.rounds)] if given.rounds else []
        command += ["--huge"] if given.huge else []
        done = subprocess.run(command, cwd=machine.ROOT, env=one_thread(), check=False)
        if done.returncode != 0 or not output.exists():
            error = f"its process ended with status {done.returncode}"
            return {"rows": [], "complete": False, "error": error, "seconds": 0.0, "others": 0.0}
        found: dict[str, Any] = json.loads(output.read_text())
        return found


def chosen_suites(only: re.Pattern[str], everything: bool) -> list[str]:
    """Return the suites that can have a row that matches; the large ones only where named."""
    words = [re.match(r"\^?(\w*)", part) for part in only.pattern.split("|")]
    named = {word[1] for word in words if word}
    if named <= set(NAMES):
        return [name for name in NAMES if name in named]
    return [name for name in NAMES if everything or name not in LARGE]


def measure_all(given: argparse.Namespace, scale: str, folder: Path) -> int:
    """Measure suite by suite and write the results after each; return the status."""
    about: results.Results = {
        "format": results.FORMAT,
        "machine": machine.describe_machine(),
        "commit": machine.measured_commit(),
        "scale": scale,
        "seed": given.seed,
        "date": date.today().isoformat(),
        "versions": machine.describe_versions(),
        "suites": {},
    }
    kept = results.read(folder)
    if kept is not None and not results.fits(kept, about):
        print("bench: the kept results are of another commit or machine: starting anew")
    status = 0
    for name in chosen_suites(given.only, given.all):
        found = run_suite(name, scale, given)
        if "error" in found:
            print(f"bench: {name}: {found['error']}", file=sys.stderr)
            status = 1
        if found["rows"] or "error" in found:
            kept = results.merged(kept, {**about, "suites": {name: found}})
            kept["suites"] = {
                each: kept["suites"][each] for each in NAMES if each in kept["suites"]
            }
            results.write(folder, kept)
    return status


def main() -> int:
    parser = make_parser()
    given = parser.parse_args()
    if given.rounds is not None and given.rounds < 1:
        parser.error(f"--rounds: {given.rounds}, expected 1 or more")
    scale = "tiny" if given.tiny else "quick" if given.quick else "full"
    assert scale in SCALES
    folder = given.output or (KEPT if scale == "full" else SCRATCH / scale)
    status = 0
    if not given.report:
        try:
            status = measure_all(given, scale, folder)
        except Missing as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    found = results.read(folder)
    if found is None:
        print(f"bench: {folder / results.FILE} does not exist; run: ./run bench", file=sys.stderr)
        return 1
    (folder / "report.md").write_text(report(found), "utf-8")
    # Where only the text is wanted, matplotlib may be missing.
    from bench.plots import draw_all

    draw_all(found, folder)
    if folder == KEPT:
        update_pages(found)
    shown = folder.relative_to(machine.ROOT) if folder.is_relative_to(machine.ROOT) else folder
    print(f"bench: {shown}/report.md, results.json and pictures")
    if folder == KEPT:
        print(f"bench: and the tables of {', '.join(PAGES)}")
    return status


if __name__ == "__main__":
    sys.exit(main())
