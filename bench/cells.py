# SPDX-License-Identifier: BSD-2-Clause
"""Measure fragment files, AnnData and collections of BED files.

Run ``python bench/cells.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from libraries import Bedtok, BenchError, Gtars, load
from make_cells import CELLS, FILES, CellFiles, make_cells, make_matrix
from make_data import DataFiles, make_data
from process_memory import peak_bytes, reset_peak, resident_bytes
from report import (
    GTARS_VERSION,
    MIB,
    Seconds,
    describe,
    markdown_table,
    ratio_cells,
    require_gtars,
    run_script,
    shared_parser,
    time_call,
    time_cell,
)

THREADS = (1, 2)
FRAGMENT_TARGETS = {1: 6.0, 2: 10.0}
ZCAT_SHARE = 0.5
MATRIX_TARGET = 200.0
LOOP_CELLS = 200
COLLECTION_TARGET = 2.0
GTARS_ROUNDS = 3


@dataclass
class Bench:
    """What the parts measure with."""

    files: DataFiles
    cells: CellFiles
    seed: int
    rounds: int
    ours: Bedtok
    theirs: Gtars | None

    @cached_property
    def matrix(self) -> Any:
        return make_matrix(self.ours.tokenizer.regions, self.seed)


def fragments(bench: Bench) -> str:
    """5,000,000 fragments to ids by barcode."""
    tokenizer = bench.ours.tokenizer
    gtars = load("gtars.tokenizers") if bench.theirs else None
    rows = []
    paths = {
        "gzip": bench.cells.gzip,
        "bgzip": bench.cells.bgzip,
        "gzip, prefixed barcodes": bench.cells.prefixed,
    }
    for name, path in paths.items():
        theirs: Seconds = []
        zcat: Seconds = []
        ours: dict[int, Seconds] = {threads: [] for threads in THREADS}
        if gtars is not None and bench.theirs is not None:
            check_fragments(bench, path, gtars)
        for i in range(bench.rounds):
            if gtars is not None and bench.theirs is not None and i < GTARS_ROUNDS:
                args = (str(path), bench.theirs.tokenizer)
                theirs.append(time_call(gtars.tokenize_fragment_file, *args))
            zcat.append(time_call(zcat_to_nothing, path))
            for threads, seconds in ours.items():
                call = partial(tokenizer.encode_fragments, path, on_miss="unk", num_threads=threads)
                seconds.append(time_call(call))
        for threads, seconds in ours.items():
            median = statistics.median(seconds)
            ratio = statistics.median(theirs) / median if theirs else None
            share = median / statistics.median(zcat)
            missed = ", missed" if share > ZCAT_SHARE else ""
            rows.append(
                [
                    name,
                    str(threads),
                    time_cell(seconds),
                    time_cell(theirs),
                    *ratio_cells(ratio, FRAGMENT_TARGETS[threads]),
                    time_cell(zcat),
                    f"{share:.2f} ({ZCAT_SHARE}{missed})",
                ]
            )
    header = ["file", "threads", "bedtok", f"gtars {GTARS_VERSION}", "ratio", "target"]
    return markdown_table([*header, "zcat to nothing", "share of it (target)"], rows)


def check_fragments(bench: Bench, path: Path, gtars: Any) -> None:
    ours = load("bedtok.tokenizers").tokenize_fragment_file(path, bench.ours.tokenizer)
    assert bench.theirs is not None
    theirs = gtars.tokenize_fragment_file(str(path), bench.theirs.tokenizer)
    if ours.keys() != theirs.keys() or any(ours[name] != list(theirs[name]) for name in ours):
        raise BenchError(f"{path.name}: bedtok and gtars give different ids")


def zcat_to_nothing(path: Path) -> None:
    with open(os.devnull, "wb") as nothing:
        subprocess.run(["zcat", str(path)], stdout=nothing, check=True)


def matrix(bench: Bench) -> str:
    """10,000 cells x 150,000 peaks to ids."""
    adata, tokenizer = bench.matrix, bench.ours.tokenizer
    peaks = load("bedtok.models").RegionSet.from_table(adata.var)
    cells = tokenizer.encode_anndata(adata)
    loop: float | None = None
    if bench.theirs is not None:
        rows_of_loop = reference_loop(bench, adata, LOOP_CELLS)
        for i, ids in enumerate(rows_of_loop):
            if cells[i].tolist() != ids:
                raise BenchError(f"cell {i}: the reference loop gives other ids")
        loop = time_call(reference_loop, bench, adata, LOOP_CELLS) * CELLS / LOOP_CELLS
    expected = tokenizer(peaks[adata.X[0].nonzero()[1]])["input_ids"]
    if cells[0].tolist() != expected:
        raise BenchError("encode_anndata and a call for the cell give different ids")
    forms: dict[str, Any] = {"rows (CSR)": adata}
    columns = load("anndata").AnnData(adata.X.tocsc(), obs=adata.obs, var=adata.var)
    forms["columns (CSC)"] = columns
    rows = []
    for name, form in forms.items():
        for threads in THREADS:
            seconds = [
                time_call(partial(tokenizer.encode_anndata, form, num_threads=threads))
                for _ in range(bench.rounds)
            ]
            ratio = None if loop is None else loop / statistics.median(seconds)
            shown = "-" if loop is None else f"{loop:.0f} s, from {LOOP_CELLS} cells"
            target = ratio_cells(ratio, MATRIX_TARGET)
            rows.append([name, str(threads), time_cell(seconds), shown, *target])
    return markdown_table(
        ["matrix compressed by", "threads", "bedtok", "a call of gtars a cell", "ratio", "target"],
        rows,
    )


def reference_loop(bench: Bench, adata: Any, count: int) -> list[list[int]]:
    """A call of gtars for each cell, as users of geniml write it."""
    models = load("gtars.models")
    assert bench.theirs is not None
    var = adata.var
    features = np.empty(len(var), dtype=object)
    for i, row in enumerate(zip(var["chr"], var["start"], var["end"], strict=True)):
        features[i] = models.Region(row[0], int(row[1]), int(row[2]), None)
    found = []
    for i in range(count):
        _, present = adata.X[i].nonzero()
        found.append(bench.theirs.tokenizer(features[present].tolist())["input_ids"])
    return found


def memory(bench: Bench) -> str:
    """Peak memory of each job beyond its input and its result, in a process of its own."""
    limit = 64 * MIB + 24 * bench.ours.tokenizer.num_regions
    rows = []
    for job in ("gzip", "bgzip", "matrix"):
        for threads in THREADS:
            command = [sys.executable, __file__, "--job", job, "--threads", str(threads)]
            command += ["--data", str(bench.files.folder), "--seed", str(bench.seed)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise BenchError(f"{job}: {done.stderr.strip()}")
            beyond, result = map(float, done.stdout.split())
            missed = ", missed" if beyond > limit else ""
            rows.append(
                [
                    job,
                    str(threads),
                    f"{result / MIB:.0f} MiB",
                    f"{beyond / MIB:.0f} MiB",
                    f"{limit / MIB:.0f} MiB{missed}",
                ]
            )
    return markdown_table(["job", "threads", "result", "beyond it", "target"], rows)


def memory_of_job(arguments: argparse.Namespace) -> None:
    """Print the bytes that one job needs beyond what was there and beyond its result."""
    files = make_data(arguments.data, arguments.seed)
    tokenizer = Bedtok(files.vocabulary_bed_gz).tokenizer
    cells = CellFiles(arguments.data / "cells")
    given: Any = {"gzip": cells.gzip, "bgzip": cells.bgzip}.get(arguments.job)
    if given is None:
        given = make_matrix(tokenizer.regions, arguments.seed)
    load("bedtok.cells")
    before = resident_bytes()
    reset_peak()
    encode = tokenizer.encode_anndata if arguments.job == "matrix" else tokenizer.encode_fragments
    found = encode(given, num_threads=arguments.threads)
    result = found.values.nbytes + found.offsets.nbytes
    print(peak_bytes() - before - result, result)


def collection(bench: Bench) -> str:
    """1,000 BED files of 30,000 regions to shards."""
    core, io = load("bedtok._core"), load("bedtok.io")
    paths = [str(path) for path in bench.cells.beds]

    def read() -> int:
        with ThreadPoolExecutor(2) as pool:
            return sum(pool.map(lambda path: len(core.RegionSet.from_bed(path)), paths))

    def tokenize(form: str) -> None:
        with tempfile.TemporaryDirectory() as out:
            io.tokenize_files(
                paths, bench.ours.tokenizer, output_dir=out, format=form, num_threads=2
            )

    def compressed() -> list[str]:
        folder = bench.cells.folder / "packed"
        folder.mkdir(exist_ok=True)
        for path in bench.cells.beds:
            if not (folder / f"{path.name}.gz").exists():
                load("bedtok.models").RegionSet.from_bed(path).to_bed_gz(folder / f"{path.name}.gz")
        return [str(path) for path in sorted(folder.iterdir())]

    rows = []
    for name in ("plain", "gzip"):
        if name == "gzip":
            paths = compressed()
        reading: Seconds = []
        ours: dict[str, Seconds] = {form: [] for form in ("parquet", "gtok")}
        for _ in range(bench.rounds):
            reading.append(time_call(read))
            for form, taken in ours.items():
                taken.append(time_call(tokenize, form))
        for form, seconds in ours.items():
            share = statistics.median(seconds) / statistics.median(reading)
            missed = ", missed" if share > COLLECTION_TARGET else ""
            target = f"{COLLECTION_TARGET:g}x{missed}" if form == "parquet" else ""
            cells = [name, form, time_cell(seconds), time_cell(reading), f"{share:.1f}x", target]
            rows.append(cells)
    return markdown_table(
        ["files", "form", "tokenize_files", "reading alone", "times as long", "target"], rows
    )


PARTS: dict[str, Callable[[Bench], str]] = {
    "5,000,000 fragments over 5,000 barcodes": fragments,
    "AnnData of 10,000 cells x 150,000 peaks, 5,000 non-zeros each": matrix,
    "Peak memory beyond input and result": memory,
    f"{FILES:,} BED files of 30,000 regions, two threads": collection,
}


def make_parser() -> argparse.ArgumentParser:
    parser = shared_parser(
        "Measure fragment files, AnnData and collections, and print Markdown tables.",
        "python bench/cells.py --only fragments",
        "parts to measure, by their titles",
    )
    # What the script calls itself with, to measure the memory of one job.
    parser.add_argument("--job", help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    return parser


def run(arguments: argparse.Namespace) -> str:
    """Measure what the arguments ask for and return the report.

    Raises:
        BenchError: A library or a program is missing, or two results disagree.
    """
    load_average = os.getloadavg()[0]
    if shutil.which("zcat") is None:
        raise BenchError("zcat is not installed")
    files = make_data(arguments.data, arguments.seed)
    ours = Bedtok(files.vocabulary_bed_gz)
    theirs = None
    if not arguments.no_gtars:
        require_gtars()
        theirs = Gtars(files.vocabulary_bed_gz)
    cells = make_cells(arguments.data, ours.tokenizer.regions, arguments.seed)
    bench = Bench(files, cells, arguments.seed, arguments.rounds, ours, theirs)
    parts = [describe(arguments.command, arguments.rounds, load_average, ("gtars", "pyarrow"))]
    for title, part in PARTS.items():
        if arguments.only.search(title):
            print(title, file=sys.stderr)
            parts += [f"**{title}**", part(bench)]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = make_parser()
    if "--job" in sys.argv:
        memory_of_job(parser.parse_args())
        return 0
    return run_script(parser, run)


if __name__ == "__main__":
    sys.exit(main())
