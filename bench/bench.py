# SPDX-License-Identifier: BSD-2-Clause
"""Measure bedtok against gtars, in time and in peak memory, and print one Markdown table.

Run ``python bench/bench.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from libraries import Bedtok, BenchError, Gtars, Library, load
from make_data import DataFiles, make_data
from report import (
    GTARS_VERSION,
    MIB,
    NOT_INSTALLED,
    Seconds,
    describe,
    installed_version,
    markdown_table,
    ratio_cells,
    require_gtars,
    run_script,
    shared_parser,
    time_call,
    time_cell,
)

FRESH_RUNS = 5  # processes of each kind
MEMORY_TARGET = 5.0
QUERY_SETS = [(size, order) for size in ("100k", "1M") for order in ("sorted", "shuffled")]

Ids = npt.NDArray[np.int64]  # (tokens,)


# ---- What is measured


@dataclass(frozen=True)
class Job:
    """One row of the table.

    Attributes:
        name: What the row says.
        prepare: Makes the input of the call; not timed.
        call: What is timed.
        check: Raises BenchError where the results of bedtok and gtars are not the same thing.
        target: How many times faster than gtars it should be; None where nothing was promised.
        rounds_factor: How many times as many rounds, for calls that are over in an instant.
    """

    name: str
    prepare: Callable[[Library], Any]
    call: Callable[[Library, Any], Any]
    check: Callable[[Any, Any], None]
    target: float | None = None
    rounds_factor: int = 1


def check_vocabularies(ours: Any, theirs: Any) -> None:
    """Compare the number of entries, and the text of every 997th."""
    ids = list(range(0, ours.vocab_size, 997))
    if ours.vocab_size != theirs.vocab_size or ours.decode(ids) != theirs.decode(ids):
        raise BenchError("bedtok and gtars load different vocabularies")


def check_regions(ours: Any, theirs: Any) -> None:
    """Compare the digests of the three columns, which depend on the order."""
    if len(ours) != len(theirs) or ours.identifier != theirs.identifier:
        raise BenchError("bedtok and gtars read different regions")


def check_ids(ours: Any, theirs: list[int]) -> None:
    """Compare all ids; ours are a list or an array of shape (1, tokens)."""
    if (ours[0].tolist() if isinstance(ours, np.ndarray) else ours) != theirs:
        raise BenchError("bedtok and gtars give different ids")


def check_tokens(ours: list[str], theirs: list[str]) -> None:
    """Compare all tokens."""
    if ours != theirs:
        raise BenchError("bedtok and gtars give different tokens")


def vocabulary_job(path: Path, suffix: str, target: float | None) -> Job:
    return Job(
        name=f"load vocabulary {suffix}",
        prepare=lambda library: path,
        call=lambda library, path: library.load_vocabulary(path),
        check=check_vocabularies,
        target=target,
    )


def region_set_job(path: Path, size: str, order: str, target: float | None) -> Job:
    return Job(
        name=f"RegionSet from BED, {size} {order}",
        prepare=lambda library: path,
        call=lambda library, path: library.read_sorted(path),
        check=check_regions,
        target=target,
        rounds_factor=1 if size == "1M" else 3,
    )


def array_job(path: Path, size: str, order: str, target: float | None) -> Job:
    return Job(
        name=f"ids as array, {size} {order}",
        prepare=lambda library: library.read_in_file_order(path),
        call=lambda library, regions: library.ids_as_array(regions),
        check=check_ids,
        target=target,
        rounds_factor={"1M": 1, "100k": 3, "3k": 20}[size],
    )


def list_job(path: Path, size: str, order: str, target: float | None) -> Job:
    return Job(
        name=f"ids as list, {size} {order}",
        prepare=lambda library: library.read_in_file_order(path),
        call=lambda library, regions: library.ids_as_list(regions),
        check=check_ids,
        target=target,
        rounds_factor={"1M": 1, "100k": 3, "3k": 20}[size],
    )


def decode_job(path: Path, target: float | None) -> Job:
    return Job(
        name="decode the ids of 1M regions",
        prepare=lambda library: library.ids_as_list(library.read_in_file_order(path)),
        call=lambda library, ids: library.decode(ids),
        check=check_tokens,
        target=target,
    )


def pile_job(vocabulary: Path, queries: Path) -> Job:
    return Job(
        name="ids as list, 20k behind a pile",
        prepare=lambda library: (
            library.load_vocabulary(vocabulary),
            library.read_in_file_order(queries),
        ),
        call=lambda library, given: given[0](given[1])["input_ids"],
        check=check_ids,
    )


def all_jobs(files: DataFiles) -> list[Job]:
    """Return the rows of the table in their order, with their targets."""
    jobs = [
        vocabulary_job(files.vocabulary_bed, ".bed", None),
        vocabulary_job(files.vocabulary_bed_gz, ".bed.gz", 12),
    ]
    targets: dict[tuple[str, str], float] = {("1M", "sorted"): 8, ("1M", "shuffled"): 15}
    for size, order in QUERY_SETS:
        path = files.queries(size, order)
        jobs.append(region_set_job(path, size, order, targets.get((size, order))))
    targets = {("1M", "sorted"): 60, ("1M", "shuffled"): 40}
    for size, order in (("3k", "sorted"), *QUERY_SETS):
        path = files.queries(size, order)
        jobs.append(array_job(path, size, order, targets.get((size, order))))
    for size, order in (("3k", "sorted"), *QUERY_SETS):
        path = files.queries(size, order)
        jobs.append(list_job(path, size, order, 20 if size == "1M" else None))
    jobs.append(decode_job(files.queries("1M", "sorted"), 4))
    jobs.append(vocabulary_job(files.contigs_bed, "of 50k contigs with names alike", None))
    jobs.append(pile_job(files.pile_bed, files.behind_pile_bed))
    return jobs


# ---- Time


@dataclass(frozen=True)
class Measured:
    """The runs of a job, by library; gtars may be left out."""

    job: Job
    bedtok: Seconds
    gtars: Seconds

    @property
    def ratio(self) -> float | None:
        """How many times faster bedtok is, by medians."""
        if not self.gtars:
            return None
        return statistics.median(self.gtars) / statistics.median(self.bedtok)


def measure(job: Job, libraries: Sequence[Library], rounds: int) -> Measured:
    """Check that the libraries agree, then let them take turns.

    Args:
        job: What to measure.
        libraries: bedtok, and gtars or nothing.
        rounds: Runs of each.

    Raises:
        BenchError: The libraries disagree.
    """
    inputs = [job.prepare(library) for library in libraries]
    results = [
        job.call(library, given) for library, given in zip(libraries, inputs, strict=True)
    ]  # also warms up
    if len(results) == 2:
        try:
            job.check(*results)
        except BenchError as error:
            raise BenchError(f"{job.name}: {error}") from None
    results.clear()
    seconds: dict[str, Seconds] = {"bedtok": [], "gtars": []}
    for _ in range(rounds * job.rounds_factor):
        for library, given in zip(libraries, inputs, strict=True):
            seconds[library.name].append(time_call(job.call, library, given))
    return Measured(job, **seconds)


# ---- Fresh processes: peak memory, and the first call of each kind


@dataclass(frozen=True)
class FreshRun:
    """What one task of fresh_process.py took: medians of several processes.

    Attributes:
        peak: Peak resident memory in bytes.
        seconds: Of each step.
    """

    peak: float
    seconds: dict[str, Seconds]


def measure_fresh(tasks: Sequence[str], files: DataFiles) -> dict[str, FreshRun]:
    """Run the tasks in turn, each several times, in processes of their own.

    Raises:
        BenchError: A process failed.
    """
    reports: dict[str, list[dict[str, Any]]] = {task: [] for task in tasks}
    script = str(Path(__file__).with_name("fresh_process.py"))
    paths = [str(files.vocabulary_bed_gz), str(files.queries("1M", "sorted"))]
    for _ in range(FRESH_RUNS):
        for task in tasks:
            command = [sys.executable, script, task, *paths]
            child = subprocess.run(command, capture_output=True, text=True, check=False)
            if child.returncode != 0:
                raise BenchError(f"fresh_process.py {task} failed: {child.stderr.strip()}")
            reports[task].append(json.loads(child.stdout))
    return {
        task: FreshRun(
            peak=statistics.median(report["peak"] for report in found),
            seconds={
                step: [report["seconds"][step] for report in found] for step in found[0]["seconds"]
            },
        )
        for task, found in reports.items()
    }


@dataclass(frozen=True)
class FreshRow:
    """A row that comes out of fresh processes: the seconds of a step, or a peak.

    Attributes:
        name: What the row says.
        task: Of fresh_process.py, on bedtok's side.
        step: Whose seconds to show; None for the peak.
        beyond_bare: Take the peak of a bare process off.
    """

    name: str
    task: str
    step: str | None = None
    beyond_bare: bool = False

    def cells(self, runs: dict[str, FreshRun]) -> list[str]:
        ours, theirs = runs[self.task], runs.get("gtars")
        if self.step is not None:
            times = ours.seconds[self.step], theirs.seconds[self.step] if theirs else []
            ratio = statistics.median(times[1]) / statistics.median(times[0]) if theirs else None
            return [self.name, *map(time_cell, times), *ratio_cells(ratio, None)]
        base = runs["bare"].peak if self.beyond_bare else 0
        peak = ours.peak - base
        if theirs is None:
            return [self.name, f"{peak / MIB:.0f} MiB", "-", *ratio_cells(None, MEMORY_TARGET)]
        other = theirs.peak - base
        sizes = [f"{peak / MIB:.0f} MiB", f"{other / MIB:.0f} MiB"]
        return [self.name, *sizes, *ratio_cells(other / peak, MEMORY_TARGET)]


FRESH_ROWS = [
    FreshRow("first call: load vocabulary .bed.gz", "bedtok-array", step="load"),
    FreshRow("first call: RegionSet from BED, 1M sorted", "bedtok-array", step="read"),
    FreshRow("first call: ids as array, 1M sorted", "bedtok-array", step="encode"),
    FreshRow("first call: ids as list, 1M sorted", "bedtok-list", step="encode"),
    FreshRow("peak memory, ids as array: whole process", "bedtok-array"),
    FreshRow("peak memory, ids as list: whole process", "bedtok-list"),
    FreshRow("peak memory, ids as array: beyond a bare process", "bedtok-array", beyond_bare=True),
    FreshRow("peak memory, ids as list: beyond a bare process", "bedtok-list", beyond_bare=True),
]


# ---- Other tools, on the overlaps alone


@dataclass(frozen=True)
class ByChromosome:
    """Starts and ends (and ids) of one chromosome's regions, as other tools want them."""

    starts: Ids
    ends: Ids
    ids: Ids


def split_by_chromosome(region_set: Any) -> dict[str, ByChromosome]:
    """Split a RegionSet's columns by chromosome name; positions in the set become ids."""
    chrom_ids = np.asarray(region_set.chrom_ids)
    starts = np.asarray(region_set.starts).astype(np.int64)
    ends = np.asarray(region_set.ends).astype(np.int64)
    split = {}
    for chrom_id, name in enumerate(region_set.chrom_names):
        ids = np.flatnonzero(chrom_ids == chrom_id).astype(np.int64)
        split[str(name)] = ByChromosome(starts[ids], ends[ids], ids)
    return split


Columns = dict[str, ByChromosome]
Search = tuple[Callable[[], Any], Callable[[Any], Ids]]


def ncls_search(vocabulary: Columns, queries: Columns) -> Search:
    """Return a batch search by ncls, and what turns its result into vocabulary ids."""
    tree = load("ncls").NCLS64
    trees = {name: tree(v.starts, v.ends, v.ids) for name, v in vocabulary.items()}

    def search() -> list[Ids]:
        return [
            trees[name].all_overlaps_both(query.starts, query.ends, query.ids)[1]
            for name, query in queries.items()
        ]

    return search, np.concatenate


def superintervals_search(vocabulary: Columns, queries: Columns) -> Search:
    """Return a batch search by superintervals, and what turns its result into vocabulary ids."""
    make_map = load("superintervals").IntervalMap.from_arrays

    def narrow(regions: ByChromosome) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        # Its ends are inclusive, its coordinates 32 bits.
        return regions.starts.astype(np.int32), (regions.ends - 1).astype(np.int32)

    maps = {name: make_map(*narrow(v)) for name, v in vocabulary.items()}
    arrays = {name: narrow(query) for name, query in queries.items()}

    def search() -> dict[str, list[list[int]]]:
        return {name: maps[name].search_idxs_batch(*arrays[name]) for name in arrays}

    def ids_of(found: dict[str, list[list[int]]]) -> Ids:
        return np.concatenate(
            [
                vocabulary[name].ids[[index for indices in lists for index in indices]]
                for name, lists in found.items()
            ]
        )

    return search, ids_of


def others_table(ours: Bedtok, files: DataFiles, rounds: int) -> str:
    """Return a table of bedtok's whole call against the bare search of other tools."""
    tools = {"ncls": ncls_search, "superintervals": superintervals_search}
    for name in [name for name in tools if installed_version(name) == NOT_INSTALLED]:
        print(f"{name} is not installed, left out", file=sys.stderr)
        del tools[name]
    vocabulary = split_by_chromosome(ours.tokenizer.regions)
    rows = []
    for order in ("sorted", "shuffled"):
        regions = ours.read_in_file_order(files.queries("1M", order))
        queries = split_by_chromosome(regions)
        expected = np.sort(ours.ids_as_array(regions)[0])
        for name, make_search in tools.items():
            print(f"{name}, 1M {order}", file=sys.stderr)
            search, ids_of = make_search(vocabulary, queries)
            found = np.sort(ids_of(search()))
            same = "the same" if np.array_equal(found, expected) else f"{len(found):,}, others"
            bedtok: Seconds = []
            other: Seconds = []
            for _ in range(rounds):
                bedtok.append(time_call(ours.ids_as_array, regions))
                other.append(time_call(search))
            ratio = statistics.median(other) / statistics.median(bedtok)
            cells = [f"1M {order}", time_cell(bedtok), f"{name} {installed_version(name)}"]
            rows.append([*cells, time_cell(other), f"{ratio:.1f}x", same])
    return markdown_table(["overlaps of", "bedtok", "tool", "its time", "ratio", "its hits"], rows)


# ---- The report


def time_row(measured: Measured) -> list[str]:
    job = measured.job
    cells = [job.name, time_cell(measured.bedtok), time_cell(measured.gtars)]
    return cells + ratio_cells(measured.ratio, job.target)


def make_parser() -> argparse.ArgumentParser:
    parser = shared_parser(
        "Measure bedtok against gtars and print one Markdown table.",
        "python bench/bench.py --rounds 9 --only 'ids as array, 1M'",
        "rows to measure, by their names",
    )
    parser.add_argument("--others", action="store_true", help="add ncls and superintervals")
    return parser


def run(arguments: argparse.Namespace) -> str:
    """Measure what the arguments ask for and return the report.

    Raises:
        BenchError: A library is missing, or the two disagree.
    """
    load_average = os.getloadavg()[0]
    files = make_data(arguments.data, arguments.seed)
    ours = Bedtok(files.vocabulary_bed_gz)
    libraries: list[Library] = [ours]
    if not arguments.no_gtars:
        require_gtars()
        libraries.append(Gtars(files.vocabulary_bed_gz))
    rows = []
    for job in all_jobs(files):
        if arguments.only.search(job.name):
            print(job.name, file=sys.stderr)
            rows.append(time_row(measure(job, libraries, arguments.rounds)))
    if fresh_rows := [row for row in FRESH_ROWS if arguments.only.search(row.name)]:
        print("fresh processes", file=sys.stderr)
        tasks = ["bare", *sorted({row.task for row in fresh_rows})]
        runs = measure_fresh(tasks if arguments.no_gtars else [*tasks, "gtars"], files)
        rows += [row.cells(runs) for row in fresh_rows]
    header = ["job", "bedtok", f"gtars {GTARS_VERSION}", "ratio", "target"]
    head = describe(arguments.command, arguments.rounds, load_average, ["gtars"])
    parts = [f"{head} All on one thread.", markdown_table(header, rows)]
    if arguments.others:
        parts.append(others_table(ours, files, arguments.rounds))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(run_script(make_parser(), run))
