# SPDX-License-Identifier: BSD-2-Clause
"""Measure how the cost of cells and collections grows: cores 1 and 2; 1, 10 and 100 times the data.

Run ``python bench/scaling.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from libraries import Bedtok, BenchError, load
from make_cells import CELLS, FILES, FRAGMENTS, CellFiles, make_cells, make_matrix
from make_data import make_data
from quiet import LIMIT, Quiet
from report import (
    Seconds,
    describe,
    markdown_table,
    run_script,
    shared_parser,
    time_call,
    time_cell,
)

EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "python"
REMEDY = "run: pip install '.[cells]' -r tests/requirements/test.txt"
CORES = (1, 2)
FILE_COUNTS = (FILES // 100, FILES // 10, FILES)
CELL_COUNTS = (CELLS // 100, CELLS // 10, CELLS)
FRAGMENT_COUNTS = (FRAGMENTS // 10, FRAGMENTS, FRAGMENTS * 10)

T = TypeVar("T")

# Times by what was done, how much of it, and the number of cores.
Times = dict[tuple[str, int, int], Seconds]


@dataclass
class Bench:
    """What the parts measure with."""

    cells: CellFiles
    seed: int
    rounds: int
    ours: Bedtok
    quiet: Quiet

    @cached_property
    def matrix(self) -> Any:
        return make_matrix(self.ours.tokenizer.regions, self.seed)


@contextlib.contextmanager
def on_cores(count: int) -> Iterator[None]:
    """Keep this thread, and all that it starts, to some of the processors."""
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(all_of_them)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_of_them)


def time_on_cores(cores: int, call: Callable[[], object]) -> float:
    with on_cores(cores):
        return time_call(call)


def scaling_table(things: str, times: Times) -> str:
    """Return a row for each job and amount, with what the second core and more data change."""
    rows = []
    for job in dict.fromkeys(job for job, _, _ in times):
        before: float | None = None
        for count in sorted({count for name, count, _ in times if name == job}):
            seconds = [times[job, count, cores] for cores in CORES]
            one, two = map(statistics.median, seconds)
            cells = [job, f"{count:,}", *map(time_cell, seconds), f"{one / two:.1f}x"]
            growth = "" if before is None else f"{two / before:.1f}x"
            rows.append([*cells, short_time(two / count), growth])
            before = two
    header = ["job", things, "1 core", "2 cores", "by the second core", "each, on 2 cores"]
    return markdown_table([*header, "for 10 times the data"], rows)


def short_time(seconds: float) -> str:
    if seconds < 1e-6:
        return f"{seconds * 1e9:.0f} ns"
    return f"{seconds * 1e6:.0f} us" if seconds < 1e-3 else f"{seconds * 1e3:.3g} ms"


# ---- BED files


def bed_files(bench: Bench) -> str:
    """BED files to Parquet by threads, by datasets and by Ray Data."""
    times: Times = {}
    starts: Seconds = []  # of Ray
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for count in FILE_COUNTS:
            (folder / f"beds{count}").mkdir()
            for path in bench.cells.beds[:count]:
                (folder / f"beds{count}" / path.name).symlink_to(path.resolve())
        found = []
        for number in range(-1, bench.rounds):  # the first one only checks and warms up
            for count in FILE_COUNTS if number >= 0 else FILE_COUNTS[:1]:
                for cores in CORES:
                    for job, call in FILE_JOBS.items():
                        out = folder / "tokens"
                        once = partial(call, bench, folder / f"beds{count}", out, cores)
                        seconds, start = bench.quiet.run(partial(anew, out, cores, once))
                        if number < 0:
                            found.append(tokens_in(out))
                        else:
                            times.setdefault((job, count, cores), []).append(seconds)
                            starts += [start] if start else []
        if any(tokens != found[0] for tokens in found):
            raise BenchError("tokenize_files, datasets and Ray Data give different tokens")
    return f"{scaling_table('files', times)}\n\nBefore each run Ray starts in {time_cell(starts)}."


def anew(out: Path, cores: int, call: Callable[[], T]) -> T:
    """Return what a job returns on some cores; what a run before it wrote is gone."""
    shutil.rmtree(out, ignore_errors=True)
    with on_cores(cores):
        return call()


def tokens_in(folder: Path) -> list[Any]:
    rows = load("pyarrow.parquet").read_table(folder, columns=["sample", "input_ids"]).to_pylist()
    return sorted((row["sample"], row["input_ids"]) for row in rows)


def by_threads(bench: Bench, beds: Path, out: Path, cores: int) -> tuple[float, float]:
    tokenize_files = load("bedtok.io").tokenize_files
    paths = sorted(beds.iterdir())
    call = partial(tokenize_files, paths, bench.ours.tokenizer, output_dir=out, num_threads=cores)
    seconds = time_call(call)
    (out / "manifest.json").unlink()  # so that the folder can be read as a table
    return seconds, 0.0


def by_datasets(bench: Bench, beds: Path, out: Path, cores: int) -> tuple[float, float]:
    load("datasets", REMEDY).disable_progress_bars()
    tokenize = load("datasets_collection").tokenize_collection
    return time_call(tokenize, bench.ours.tokenizer, beds, out, cores), 0.0


def by_ray(bench: Bench, beds: Path, out: Path, cores: int) -> tuple[float, float]:
    ray = load("ray", REMEDY)
    start = partial(
        ray.init,
        num_cpus=cores + 1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    started = time_call(start)
    context = load("ray.data").DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    try:
        tokenize = load("ray_collection").tokenize_collection
        seconds = time_call(tokenize, bench.ours.tokenizer, beds, out, cores)
    finally:
        ray.shutdown()
    return seconds, started


# Seconds of the job, and of what had to start before it.
FILE_JOBS: dict[str, Callable[[Bench, Path, Path, int], tuple[float, float]]] = {
    "`tokenize_files`": by_threads,
    "datasets": by_datasets,
    "Ray Data": by_ray,
}


# ---- Fragments and AnnData


def fragments(bench: Bench) -> str:
    """Fragment files (bgzip) of a tenth and of ten times the size."""
    paths = dict(zip(FRAGMENT_COUNTS, scaled_fragments(bench.cells), strict=True))
    encode = bench.ours.tokenizer.encode_fragments
    times: Times = {}
    for _ in range(bench.rounds):
        for count, path in paths.items():
            for cores in CORES:
                call = partial(encode, path, num_threads=cores)
                seconds = bench.quiet.run(partial(time_on_cores, cores, call))
                times.setdefault(("`encode_fragments`", count, cores), []).append(seconds)
    return scaling_table("fragments", times)


def scaled_fragments(cells: CellFiles) -> list[Path]:
    """Return three files; the last is the second ten times, as bgzip allows."""
    small, large = (cells.folder / f"fragments-{name}.tsv.gz" for name in ("tenth", "tenfold"))
    if not small.exists():
        lines = f"head -n {FRAGMENT_COUNTS[0] + 2} {cells.plain.name} | bgzip -c > {small.name}.new"
        subprocess.run(["sh", "-c", lines], cwd=cells.folder, check=True)
        small.with_name(f"{small.name}.new").rename(small)
    if not large.exists():
        new = large.with_name(f"{large.name}.new")
        with new.open("wb") as file:
            for _ in range(10):
                file.write(cells.bgzip.read_bytes())
        new.rename(large)
    return [small, cells.bgzip, large]


def matrix(bench: Bench) -> str:
    """AnnData of 150,000 peaks and more and more cells."""
    parts = {count: bench.matrix[:count].copy() for count in CELL_COUNTS}
    encode = bench.ours.tokenizer.encode_anndata
    times: Times = {}
    for _ in range(bench.rounds):
        for count, adata in parts.items():
            for cores in CORES:
                call = partial(encode, adata, num_threads=cores)
                seconds = bench.quiet.run(partial(time_on_cores, cores, call))
                times.setdefault(("`encode_anndata`", count, cores), []).append(seconds)
    return scaling_table("cells", times)


PARTS: dict[str, Callable[[Bench], str]] = {
    "BED files of 30,000 regions to Parquet": bed_files,
    "Fragments of 5,000 cells, bgzip": fragments,
    "AnnData of 150,000 peaks, 5,000 non-zeros a cell": matrix,
}


def run(arguments: argparse.Namespace) -> str:
    """Measure what the arguments ask for and return the report.

    Raises:
        BenchError: A library or a program is missing, or two results disagree.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < max(CORES):
        raise BenchError(f"expected a Linux with {max(CORES)} processors for this process")
    load_average = os.getloadavg()[0]
    # The workers of the engines import the examples, too.
    sys.path.append(str(EXAMPLES))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(16))  # none is written to a file
    files = make_data(arguments.data, arguments.seed)
    ours = Bedtok(files.vocabulary_bed_gz)
    cells = make_cells(arguments.data, ours.tokenizer.regions, arguments.seed)
    quiet = Quiet(arguments.patience)
    bench = Bench(cells, arguments.seed, arguments.rounds, ours, quiet)
    packages = ("pyarrow", "datasets", "ray", "anndata")
    parts = [describe(arguments.command, arguments.rounds, load_average, packages)]
    for title, part in PARTS.items():
        if arguments.only.search(title):
            print(title, file=sys.stderr)
            parts += [f"**{title}**", part(bench)]
    parts.append(
        f"Runs during which other programs took more than {LIMIT:g} processors were repeated; "
        f"{quiet.disturbed} of those that count were disturbed all the same."
    )
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = shared_parser(
        "Measure how cost grows with data and cores, and print Markdown tables.",
        "python bench/scaling.py --only Fragments",
        "parts to measure, by their titles",
        gtars=False,
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=600,
        help="seconds to lose on runs that others disturb",
    )
    return run_script(parser, run)


if __name__ == "__main__":
    sys.exit(main())
