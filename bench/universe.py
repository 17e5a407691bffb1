# SPDX-License-Identifier: BSD-2-Clause
"""Measure how universes are built: against reading the files, against peers, and as data grow.

Run ``python bench/universe.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import functools
import math
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from libraries import BenchError, load
from make_data import CHROMOSOMES
from process_memory import peak_bytes
from quiet import LIMIT, Quiet
from report import MIB, describe, markdown_table, ratio_cells, run_script, shared_parser, time_call

SITES = 400_000  # places that samples share
REGIONS = 30_000  # of a sample, some of which overlap and are left out
THREADS = 2
SLOWEST = 2.5  # times the reading of the files
TARGETS = {"bedtools multiinter": 10.0, "sort | bedtools merge": 10.0, "uniwig + geniml cc": 50.0}
METHODS: dict[str, dict[str, Any]] = {
    "union": {},
    "coverage": {"min_samples": 2},
    "coverage, likelihood": {},
    "flexible": {},
    "hmm": {},
    "summits": {"min_samples": 2},
}


# ---- Data


@functools.cache
def sites(seed: int) -> tuple[Any, Any]:
    """Return chromosome id and position of each site."""
    sizes = np.array([CHROMOSOMES[name][0] for name in sorted(CHROMOSOMES)], dtype=np.int64)
    random = np.random.default_rng(seed)
    ids = np.sort(random.choice(len(sizes), size=SITES, p=sizes / sizes.sum()))
    return ids, (random.random(SITES) * (sizes[ids] - 4000)).astype(np.int64) + 2000


def sample_columns(number: int, seed: int) -> tuple[list[str], Any, Any, Any]:
    """Return chromosomes, and for each region chromosome id, start and end, in order."""
    names = sorted(CHROMOSOMES)  # as bedtools asks for
    ids, places = sites(seed)
    random = np.random.default_rng([seed, number])
    chosen = random.choice(SITES, size=REGIONS, replace=False)
    centres = places[chosen] + random.normal(0, 60, REGIONS).astype(np.int64)
    half = random.integers(100, 450, REGIONS)
    order = np.lexsort((centres - half, ids[chosen]))
    starts, ends = (centres - half)[order], (centres + half)[order]
    ids = ids[chosen][order]
    # bedtools multiinter takes disjoint regions.
    apart = np.ones(REGIONS, dtype=bool)
    apart[1:] = (ids[1:] != ids[:-1]) | (starts[1:] > ends[:-1])
    return names, ids[apart].astype(np.uint32), starts[apart], ends[apart]


def make_files(folder: Path, count: int, seed: int) -> list[Path]:
    """Return files of samples, which are made when they are missing."""
    core = load("bedtok._core")
    folder = folder / f"universe-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"sample{i:04}.bed" for i in range(count)]
    for i, path in enumerate(paths):
        if not path.exists():
            names, ids, starts, ends = sample_columns(i, seed)
            columns = ids, starts.astype(np.uint32), ends.astype(np.uint32)
            core.RegionSet.from_columns(names, *columns).to_bed(path)
    return paths


# ---- Building against reading


def time_build(paths: Sequence[Path], method: str, options: dict[str, Any], output: Path) -> float:
    universe = load("bedtok.universe")
    return time_call(
        lambda: universe.build(
            paths,
            method.partition(",")[0],
            output=output,
            num_threads=THREADS,
            progress=False,
            **options,
        )
    )


def read_all(paths: Sequence[Path]) -> None:
    region_set = load("bedtok").RegionSet
    with ThreadPoolExecutor(THREADS) as pool:
        for regions in pool.map(region_set.from_bed, paths):
            del regions


def reading_table(paths: Sequence[Path], rounds: int, only: Any, quiet: Quiet) -> str:
    read_all(paths[:10])
    reading = [quiet.run(lambda: time_call(read_all, paths)) for _ in range(rounds)]
    rows = [["read the files", f"{statistics.median(reading):.2f} s", "1.0x", ""]]
    with tempfile.TemporaryDirectory() as name:
        for method, options in METHODS.items():
            if not only.search(method):
                continue
            output = Path(name, "universe.bed.gz")
            times = [
                quiet.run(lambda: time_build(paths, method, options, output))  # noqa: B023
                for _ in range(rounds)
            ]
            ratio = statistics.median(times) / statistics.median(reading)
            missed = "" if ratio <= SLOWEST else ", missed"
            rows.append(
                [
                    method,
                    f"{statistics.median(times):.2f} s ({min(times):.2f} to {max(times):.2f})",
                    f"{ratio:.1f}x",
                    f"{SLOWEST}x{missed}",
                ]
            )
    header = ["job", f"{len(paths):,} files of {REGIONS:,} regions", "of reading", "at most"]
    return markdown_table(header, rows)


# ---- Peers


def shell(command: str) -> str:
    env = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=env)
    if done.returncode:
        raise BenchError(f"{command}: {done.stderr.strip()}")
    return done.stdout


def peer_commands(paths: Sequence[Path], work: Path) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return for each peer that is installed its command, and our method for the same answer."""
    files = " ".join(shlex.quote(str(path)) for path in paths)
    found: dict[str, tuple[str, str, dict[str, Any]]] = {}
    if shutil.which("bedtools"):
        found["bedtools multiinter"] = (
            f"bedtools multiinter -i {files} | awk '$4 >= 2' | cut -f1-3 | bedtools merge -i -",
            "coverage",
            {"min_samples": 2},
        )
        found["sort | bedtools merge"] = (
            f"cat {files} | sort --parallel={THREADS} -k1,1 -k2,2n | bedtools merge -i -",
            "union",
            {},
        )
    if shutil.which("uniwig") and shutil.which("geniml"):
        sizes = work / "chrom.sizes"
        sizes.write_text("".join(f"{c}\t{size}\n" for c, (size, _) in CHROMOSOMES.items()))
        found["uniwig + geniml cc"] = (
            f"cat {files} | sort -k1,1 -k2,2n > {work}/all.bed && uniwig -f {work}/all.bed -m 25 "
            f"-s 1 -l {work}/all -c {sizes} -y bw && geniml build-universe cc --coverage-folder "
            f"{work} --output-file {work}/cc.bed --cutoff 2 >&2 && sort -k1,1 -k2,2n {work}/cc.bed",
            "coverage",
            {"min_samples": 2},
        )
    return found


def peers_table(paths: Sequence[Path], rounds: int, only: Any, quiet: Quiet) -> str:
    rows = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        commands = peer_commands(paths, work)
        for peer, target in TARGETS.items():
            if not only.search(peer):
                continue
            if peer not in commands:
                rows.append([peer, "not installed", "-", *ratio_cells(None, target)])
                continue
            command, method, options = commands[peer]
            output = work / "universe.bed"
            time_build(paths, method, options, output)
            ours = shell(f"cut -f1-3 {output}")
            if shell(command) != ours:
                raise BenchError(f"{peer}: another answer than bedtok's")
            theirs = [quiet.run(lambda: timed(shell, command)) for _ in range(min(rounds, 3))]  # noqa: B023
            times = [
                quiet.run(lambda: time_build(paths, method, options, output))  # noqa: B023
                for _ in range(rounds)
            ]
            ratio = statistics.median(theirs) / statistics.median(times)
            cells = [f"{statistics.median(t):.2f} s" for t in (theirs, times)]
            rows.append([f"{peer} ({method})", *cells, *ratio_cells(ratio, target)])
    header = [f"{len(paths)} files", "peer", f"bedtok, {THREADS} threads", "ratio", "target"]
    return markdown_table(header, rows)


def timed(call: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


# ---- Growth


def grow(regions: int, seed: int, max_memory: int) -> None:
    """Build a universe of so many regions that are made on the way; print seconds, bytes, runs."""
    core = load("bedtok._core")
    choice = core.SampleOptions()
    store = core.SampleStore(max_memory, tempfile.gettempdir())
    seconds = 0.0
    for number in range(max(1, regions // REGIONS)):
        names, ids, starts, ends = sample_columns(number, seed)
        columns = ids, starts.astype(np.uint32), ends.astype(np.uint32)
        sample = core.RegionSet.from_columns(names, *columns)
        began = time.perf_counter()
        store.add(core.make_sample(sample, choice))
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    found, _, _ = store.build(
        "coverage",
        width=0,
        max_gap=0,
        min_width=0,
        max_width=2**32 - 1,
        min_samples=2,
        min_fraction=None,
        chrom_sizes={},
        exclude=None,
        num_threads=THREADS,
    )
    seconds += time.perf_counter() - began
    print(seconds, peak_bytes(), store.runs, len(found))


def growth_table(largest: int, seed: int, quiet: Quiet) -> str:
    rows = []
    sizes: list[int] = []
    times: list[float] = []
    for regions, limit in [
        *((10**k, 0) for k in range(5, int(math.log10(largest)) + 1)),
        (largest, largest),  # a byte a region: spilled
    ]:
        command = [sys.executable, __file__, "--grow", str(regions), "--seed", str(seed)]
        command += ["--max-memory", str(limit)]
        done = quiet.run(
            lambda: subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: B023
        )
        seconds, peak, runs, found = done.stdout.split()
        name = f"{regions:,}" + (f", at most {limit / MIB:,.0f} MiB" if limit else "")
        rows.append([name, f"{float(seconds):.3g} s", f"{int(peak) / MIB:,.0f} MiB", runs, found])
        if not limit:
            sizes.append(regions)
            times.append(float(seconds))
    exponent = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
    table = markdown_table(["regions", "time", "peak memory", "runs", "universe"], rows)
    return f"{table}\n\nTime grows with the power {exponent:.2f} of the number of regions."


# ---- All of it


def report(arguments: argparse.Namespace) -> str:
    load_average = os.getloadavg()[0]
    quiet = Quiet(arguments.patience)
    paths = make_files(arguments.data, arguments.files, arguments.seed)
    parts = [describe(arguments.command, arguments.rounds, load_average, [])]
    only = arguments.only
    parts.append(reading_table(paths, arguments.rounds, only, quiet))
    parts.append(peers_table(paths[: arguments.peer_files], arguments.rounds, only, quiet))
    if only.search("growth"):
        parts.append(growth_table(arguments.largest, arguments.seed, quiet))
    if quiet.disturbed:
        parts.append(f"{quiet.disturbed} runs lost more than {LIMIT} processors to others.")
    return "\n\n".join(parts) + "\n"


def main() -> int:
    parser = shared_parser(
        __doc__.splitlines()[0],
        "python bench/universe.py --files 100 --only coverage",
        "jobs and peers whose names match; 'growth' is one",
        gtars=False,
    )
    parser.add_argument("--files", type=int, default=1000, help="files of the first table (1000)")
    parser.add_argument("--peer-files", type=int, default=50, help="of the second (50)")
    parser.add_argument("--largest", type=int, default=10**8, help="of the third (100 million)")
    parser.add_argument("--patience", type=float, default=300, help="seconds to wait for quiet")
    parser.add_argument("--grow", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--max-memory", type=int, default=0, help=argparse.SUPPRESS)
    known, _ = parser.parse_known_args()
    if known.grow:
        grow(known.grow, known.seed, known.max_memory)
        return 0
    return run_script(parser, report)


if __name__ == "__main__":
    sys.exit(main())
