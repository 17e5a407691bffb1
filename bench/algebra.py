# SPDX-License-Identifier: BSD-2-Clause
"""Measure interval algebra on a million regions against gtars, bedtools, bioframe and pyranges.

Run ``python bench/algebra.py``; README.md beside it says what is measured, and how. A peer that is
not there is left out.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from libraries import BenchError, load
from make_data import CHROMOSOMES, make_data
from report import describe, markdown_table, run_script, shared_parser, time_call, time_cell

PEERS = ("gtars", "bedtools", "bioframe", "pyranges")
SIZES = {name: length for name, (length, _) in CHROMOSOMES.items()}
Call = Callable[[], Any]


@dataclass(frozen=True)
class Job:
    """One row of the table.

    Attributes:
        name: What the row says.
        ours: bedtok's call, on sets in memory.
        with_files: The same from files, as bedtools does it; None where bedtools has no such row.
        answer: A number that tells bedtok's result.
        peers: The call of each peer, and how its result gives that number.
    """

    name: str
    ours: Call
    with_files: Call | None
    answer: Callable[[Any], int]
    peers: dict[str, tuple[Call, Callable[[Any], int]]] = field(default_factory=dict)


class Inputs:
    """The two sets in the form of each library; a library that is not there has None."""

    def __init__(self, a: Path, b: Path, folder: Path) -> None:
        self.regions = load("bedtok").RegionSet
        self.paths = a, b
        self.ours = self.regions(a), self.regions(b)
        self.gtars = self._of("gtars.models", lambda m: tuple(m.RegionSet(str(p)) for p in (a, b)))
        self.bioframe = self._of("bioframe", lambda _: tuple(self._frame(r) for r in self.ours))
        self.pyranges = self._of("pyranges", lambda m: tuple(self._ranges(m, r) for r in self.ours))
        self.sizes = folder / "chrom.sizes"
        self.sizes.write_text("".join(f"{name}\t{SIZES[name]}\n" for name in sorted(SIZES)))

    @staticmethod
    def _of(module: str, make: Callable[[Any], Any]) -> Any:
        try:
            return make(importlib.import_module(module))
        except ImportError:
            return None

    @staticmethod
    def _frame(regions: Any) -> Any:
        frame = regions.to_pandas()
        frame["chrom"] = frame["chrom"].astype(object)
        return frame.astype({"start": "int64", "end": "int64"})

    def _ranges(self, pyranges: Any, regions: Any) -> Any:
        return pyranges.PyRanges(
            self._frame(regions).set_axis(["Chromosome", "Start", "End"], axis=1)
        )

    def bedtools(self, arguments: str) -> bytes:
        """Return what bedtools prints; {a}, {b} and {sizes} stand for the files."""
        words = arguments.format(a=self.paths[0], b=self.paths[1], sizes=self.sizes)
        return subprocess.run(["bedtools", *words.split()], capture_output=True, check=True).stdout


def lines(output: bytes) -> int:
    return output.count(b"\n")


def last_column_sum(output: bytes) -> int:
    return sum(int(line.rpartition(b"\t")[2]) for line in output.splitlines())


def jobs(inputs: Inputs) -> list[Job]:
    """Return the rows; peers that are not there are among them and fail on None."""
    a, b = inputs.ours
    set_of = inputs.regions
    path_a, path_b = inputs.paths

    def frame(call: Callable[..., Any]) -> Call:
        return lambda: call(importlib.import_module("bioframe"), *inputs.bioframe)

    def ranges(call: Callable[..., Any]) -> Call:
        return lambda: call(*inputs.pyranges)

    def gt(call: Callable[..., Any]) -> Call:
        return lambda: call(*inputs.gtars)

    def shell(arguments: str) -> Call:
        return lambda: inputs.bedtools(arguments)

    def files(call: Callable[..., Any]) -> Call:
        return lambda: call(set_of(path_a), set_of(path_b))

    return [
        Job(
            "reduce / merge",
            lambda: a.reduce(),
            lambda: set_of(path_a).reduce(),
            len,
            {
                "gtars": (gt(lambda a, b: a.reduce()), len),
                "bedtools": (shell("merge -i {a}"), lines),
                "bioframe": (frame(lambda bf, a, b: bf.merge(a)), len),
                "pyranges": (ranges(lambda a, b: a.merge()), len),
            },
        ),
        Job(
            "complement",
            lambda: a.complement(SIZES),
            lambda: set_of(path_a).complement(SIZES),
            len,
            {
                "gtars": (gt(lambda a, b: a.gaps(SIZES)), len),
                "bedtools": (shell("complement -i {a} -g {sizes}"), lines),
                "bioframe": (frame(lambda bf, a, b: bf.complement(a, view_df=SIZES)), len),
            },
        ),
        Job(
            "setdiff / subtract",
            lambda: a - b,
            None,  # bedtools takes the regions one by one, and does not merge them
            lambda result: int(result.nucleotide_length()),
            {
                "gtars": (
                    gt(lambda a, b: a.setdiff(b)),
                    lambda result: int(result.get_nucleotide_length()),
                ),
            },
        ),
        Job(
            "intersect_all",
            lambda: a & b,
            None,
            lambda result: int(result.nucleotide_length()),
            {
                "gtars": (
                    gt(lambda a, b: a.intersect_all(b)),
                    lambda result: int(result.get_nucleotide_length()),
                ),
                "pyranges": (
                    ranges(lambda a, b: a.merge().intersect(b)),
                    lambda result: int(result.lengths().sum()),
                ),
            },
        ),
        Job(
            "count_overlaps / intersect -c",
            lambda: a.count_overlaps(b),
            files(lambda a, b: a.count_overlaps(b)),
            lambda counts: int(counts.sum()),
            {
                "gtars": (gt(lambda a, b: a.count_overlaps(b)), sum),
                "bedtools": (shell("intersect -a {a} -b {b} -c -sorted"), last_column_sum),
                "bioframe": (
                    frame(lambda bf, a, b: bf.count_overlaps(a, b)),
                    lambda result: int(result["count"].sum()),
                ),
                "pyranges": (
                    ranges(lambda a, b: a.count_overlaps(b)),
                    lambda result: int(result.df["NumberOverlaps"].sum()),
                ),
            },
        ),
        Job(
            "closest",
            lambda: a.closest(b),
            files(lambda a, b: a.closest(b)),
            lambda result: int((result[1] != 0).sum()),
            {
                "gtars": (
                    gt(lambda a, b: a.closest(b)),
                    lambda result: sum(distance != 0 for _, _, distance in result),
                ),
                # Of touching regions, which are few here, bedtools tells a distance of 1.
                "bedtools": (shell("closest -a {a} -b {b} -d -t first"), lambda output: -1),
                "bioframe": (
                    frame(lambda bf, a, b: bf.closest(a, b)),
                    lambda result: int((result["distance"] != 0).sum()),
                ),
                "pyranges": (ranges(lambda a, b: a.nearest(b)), lambda result: -1),
            },
        ),
        Job(
            "covered_bases / coverage",
            lambda: a.covered_bases(b),
            files(lambda a, b: a.covered_bases(b)),
            lambda bases: int(bases.sum()),
            {
                "bedtools": (
                    shell("coverage -a {a} -b {b} -sorted"),
                    lambda output: sum(int(row.split(b"\t")[4]) for row in output.splitlines()),
                ),
                "bioframe": (
                    frame(lambda bf, a, b: bf.coverage(a, b)),
                    lambda result: int(result["coverage"].sum()),
                ),
            },
        ),
        Job(
            "jaccard",
            lambda: a.jaccard(b),
            files(lambda a, b: a.jaccard(b)),
            lambda share: round(share * 10**6),
            {
                "gtars": (gt(lambda a, b: a.jaccard(b)), lambda share: round(share * 10**6)),
                "bedtools": (
                    shell("jaccard -a {a} -b {b}"),
                    lambda output: round(float(output.splitlines()[1].split()[2]) * 10**6),
                ),
            },
        ),
    ]


def available(inputs: Inputs) -> list[str]:
    """Return the peers that are there."""
    there = {
        "gtars": inputs.gtars is not None,
        "bedtools": shutil.which("bedtools") is not None,
        "bioframe": inputs.bioframe is not None,
        "pyranges": inputs.pyranges is not None,
    }
    return [name for name in PEERS if there[name]]


def row_of(job: Job, peers: list[str], rounds: int) -> list[str]:
    """Measure a row, after a look at whether the answers are the same."""
    answer = job.answer(job.ours())
    ours = [time_call(job.ours) for _ in range(rounds)]
    files = [time_call(job.with_files) for _ in range(rounds)] if job.with_files else []
    cells = [job.name, time_cell(ours), time_cell(files)]
    for peer in peers:
        if peer not in job.peers:
            cells.append("")
            continue
        call, answer_of = job.peers[peer]
        theirs = answer_of(call())
        if theirs not in (-1, answer):
            raise BenchError(f"{job.name}: bedtok says {answer}, {peer} says {theirs}")
        seconds = statistics.median(time_call(call) for _ in range(max(rounds // 2, 1)))
        own = files if peer == "bedtools" and files else ours
        cells.append(f"{seconds * 1e3:.0f} ms, {seconds / statistics.median(own):.0f}x")
    return cells


def run(arguments: argparse.Namespace) -> str:
    load_average = os.getloadavg()[0]
    data = make_data(arguments.data, arguments.seed)
    inputs = Inputs(data.queries("1M", "sorted"), data.vocabulary_bed, data.folder)
    peers = available(inputs)
    rows = [
        row_of(job, peers, arguments.rounds)
        for job in jobs(inputs)
        if arguments.only.search(job.name)
    ]
    packages = [name for name in peers if name != "bedtools"]
    header = ["job", "bedtok", "bedtok from files", *peers]
    about = describe(arguments.command, arguments.rounds, load_average, packages)
    if "bedtools" in peers:
        about += f" {inputs.bedtools('--version').decode().strip()}."
    return f"{about}\n\n{markdown_table(header, rows)}\n"


def main() -> int:
    parser = shared_parser(
        __doc__.splitlines()[0], "python bench/algebra.py --only closest", "rows to measure", False
    )
    return run_script(parser, run)


if __name__ == "__main__":
    sys.exit(main())
