# SPDX-License-Identifier: BSD-2-Clause
"""Measure batches of samples as PyTorch tensors, pickles, and memory over many batches.

Run ``python bench/batches.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import os
import pickle
import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from libraries import Bedtok, BenchError, Gtars
from libraries import load as load_module
from make_data import SAMPLE_COUNT, make_data
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
from samples import draw, long_samples
from workers import in_spawned_process, memory_of_batches, seconds_to_unpickle

BATCH_SIZE = 64
THREADS = (1, 2)
QUICK_FACTOR = 10  # times as many rounds for calls that are over in an instant
BEYOND_MAPPING_MS = 3.0
MANY_SAMPLES = 10_000
GTARS_SAMPLES = 640
MANY_RATIO = 20.0
PICKLE_MB = 12.0
PICKLE_MS = 200.0
WORKER_MS = 100.0
FIRST_BATCHES, MORE_BATCHES = 10, 90


@dataclass(frozen=True)
class Bench:
    """What the parts measure with.

    Attributes:
        vocabulary: The BED file of the tokenizers.
        queries: The file that samples are drawn from.
        seed: Of the samples.
        rounds: Runs of each job.
        ours: bedtok.
        theirs: gtars; None to leave it out.
        gtars_samples: On how many of the samples gtars is measured.
    """

    vocabulary: Path
    queries: Path
    seed: int
    rounds: int
    ours: Bedtok
    theirs: Gtars | None
    gtars_samples: int


def load(name: str) -> Any:
    """Import a module, or say how to get it."""
    return load_module(name, "run: pip install . -r bench/requirements-batches.txt")


def limit_cell(values: Iterable[float], limit: float, unit: str) -> str:
    """Return the cell ``target`` of what should stay small, with a word where one is above it."""
    return f"{limit:g} {unit}" + (", missed" if max(values) > limit else "")


def to_tensors(ours: Bedtok, samples: Sequence[Any], threads: int) -> Any:
    """Return a batch of bedtok, padded to tensors."""
    return ours.tokenizer(samples, padding=True, return_tensors="pt", num_threads=threads)


# ---- One batch


def check_batch(ours: Bedtok, samples: Sequence[Any], threads: int) -> None:
    """Compare a batch with one call for each sample, and look at what the tensors are."""
    encoding = to_tensors(ours, samples, threads)
    rows = [ours.ids_as_list(sample) for sample in samples]
    width = max(map(len, rows))
    pad = ours.tokenizer.pad_token_id
    ids = [row + [pad] * (width - len(row)) for row in rows]
    mask = [[1] * len(row) + [0] * (width - len(row)) for row in rows]
    if encoding["input_ids"].tolist() != ids or encoding["attention_mask"].tolist() != mask:
        raise BenchError("a batch is not what its samples give one by one")
    for name, tensor in encoding.items():
        if tensor.dtype != load("torch").int64 or not tensor.is_contiguous():
            raise BenchError(f"{name} is {tensor.dtype}, expected contiguous int64")


def one_batch(bench: Bench) -> str:
    """One batch of long samples: the whole call against the mapping in it."""
    ours = bench.ours
    rng = np.random.default_rng(bench.seed)
    samples = long_samples(ours, bench.queries, BATCH_SIZE, rng)
    cores = [sample._core for sample in samples]
    tokenizer, options = ours.tokenizer, ours.tokenizer.options

    def mapping(threads: int) -> Any:
        return tokenizer._core.encode_batch(cores, options, num_threads=threads)

    def loop() -> Any:
        return [tokenizer(sample, return_tensors="np") for sample in samples]

    whole: dict[int, Seconds] = {threads: [] for threads in THREADS}
    core: dict[int, Seconds] = {threads: [] for threads in THREADS}
    one_by_one: Seconds = []
    for threads in THREADS:
        check_batch(ours, samples, threads)
    for _ in range(bench.rounds * QUICK_FACTOR):
        for threads in THREADS:
            whole[threads].append(time_call(to_tensors, ours, samples, threads))
            core[threads].append(time_call(mapping, threads))
        one_by_one.append(time_call(loop))
    rows = []
    for threads in THREADS:
        for name, without in (("core call", core[threads]), ("loop", one_by_one)):
            # Run by run, so that a slow moment of the machine is in both.
            beyond = [a - b for a, b in zip(whole[threads], without, strict=True)]
            target = limit_cell([statistics.median(beyond) * 1e3], BEYOND_MAPPING_MS, "ms")
            times = [time_cell(whole[threads]), name, time_cell(without), time_cell(beyond)]
            rows.append([str(threads), *times, target])
    return markdown_table(
        ["threads", "whole call", "mapping", "its time", "beyond it", "target"], rows
    )


# ---- Many samples, against gtars


def gtars_tensors(tokenizer: Any, torch: Any, samples: Sequence[Any]) -> tuple[Any, Any]:
    """Return ids and mask of a batch by gtars, padded by PyTorch."""
    rows = [torch.tensor(tokenizer(sample)["input_ids"]) for sample in samples]
    pad = tokenizer.pad_token_id
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)
    return ids, (ids != pad).long()


def in_batches(samples: Sequence[Any]) -> list[Sequence[Any]]:
    return [samples[i : i + BATCH_SIZE] for i in range(0, len(samples), BATCH_SIZE)]


def go_through(call: Callable[[Sequence[Any]], object], batches: Sequence[Sequence[Any]]) -> None:
    """Call for each batch and drop what comes."""
    for batch in batches:
        call(batch)


def many_samples(bench: Bench) -> str:
    """Batch calls over many samples, and the same through gtars on some of them."""
    ours = bench.ours
    torch = load("torch")
    rng = np.random.default_rng(bench.seed)
    drawn = [draw(rng, SAMPLE_COUNT) for _ in range(MANY_SAMPLES)]
    ours_batches = in_batches(ours.choose(bench.queries, drawn))
    calls = {threads: partial(to_tensors, ours, threads=threads) for threads in THREADS}
    theirs_batches: list[Sequence[Any]] = []
    theirs = bench.theirs
    if theirs is not None:
        theirs_batches = in_batches(theirs.choose(bench.queries, drawn[: bench.gtars_samples]))

    def theirs_call(batch: Sequence[Any]) -> tuple[Any, Any]:
        assert theirs is not None
        return gtars_tensors(theirs.tokenizer, torch, batch)

    # The last batch of gtars may have fewer samples than that of bedtok.
    for ours_batch, theirs_batch in zip(ours_batches, theirs_batches, strict=False):
        ids, mask = theirs_call(theirs_batch)
        for call in calls.values():
            encoding = call(ours_batch[: len(theirs_batch)])
            same_ids = torch.equal(encoding["input_ids"], ids)
            if not same_ids or not torch.equal(encoding["attention_mask"], mask):
                raise BenchError("bedtok and gtars give different batches")
    times: dict[int, Seconds] = {threads: [] for threads in THREADS}
    theirs_times: Seconds = []
    for _ in range(bench.rounds):
        for threads, call in calls.items():
            times[threads].append(time_call(go_through, call, ours_batches))
        if theirs is not None:
            theirs_times.append(time_call(go_through, theirs_call, theirs_batches))
    theirs_each = [seconds / bench.gtars_samples for seconds in theirs_times]
    rows = []
    for threads, seconds in times.items():
        each = [value / MANY_SAMPLES for value in seconds]
        ratio = statistics.median(theirs_each) / statistics.median(each) if theirs_each else None
        cells = [str(threads), *map(time_cell, (seconds, each, theirs_each))]
        rows.append(cells + ratio_cells(ratio, MANY_RATIO))
    return markdown_table(
        [
            "threads",
            f"bedtok, {MANY_SAMPLES:,} samples",
            "bedtok, a sample",
            f"gtars {GTARS_VERSION}, a sample of {bench.gtars_samples:,}",
            "ratio",
            "target",
        ],
        rows,
    )


# ---- Pickles


def pickles(bench: Bench) -> str:
    """Size and time of pickles, and what gtars says to it."""
    adapter = load("bedtok.atacformer").AtacformerTokenizer
    tokenizers = {
        "bedtok": bench.ours.tokenizer,
        "bedtok.atacformer": adapter(tokenizer_object=bench.ours.tokenizer),
    }
    data = {module: pickle.dumps(tokenizer) for module, tokenizer in tokenizers.items()}
    dumps: dict[str, Seconds] = {module: [] for module in tokenizers}
    loads: dict[str, Seconds] = {module: [] for module in tokenizers}
    spawned: dict[str, Seconds] = {module: [] for module in tokenizers}
    for module, tokenizer in tokenizers.items():
        if pickle.loads(data[module]) != tokenizer:
            raise BenchError(f"{module}: the tokenizer of a pickle is another one")
    for _ in range(bench.rounds):
        for module, tokenizer in tokenizers.items():
            dumps[module].append(time_call(pickle.dumps, tokenizer))
            loads[module].append(time_call(pickle.loads, data[module]))
            seconds = in_spawned_process(seconds_to_unpickle, module, data[module])
            spawned[module].append(seconds)
    sizes = [len(data[module]) / 1e6 for module in tokenizers]
    rows = [
        ["size", *(f"{size:.2f} MB" for size in sizes), limit_cell(sizes, PICKLE_MB, "MB")],
    ]
    for name, times, limit in (
        ("`pickle.dumps`", dumps, PICKLE_MS),
        ("`pickle.loads`", loads, PICKLE_MS),
        ("`pickle.loads`, the first of a spawned worker", spawned, WORKER_MS),
    ):
        medians = [statistics.median(seconds) * 1e3 for seconds in times.values()]
        target = limit_cell(medians, limit, "ms")
        rows.append([name, *map(time_cell, times.values()), target])
    table = markdown_table(["pickle", "`Tokenizer`", "`AtacformerTokenizer`", "target"], rows)
    return table if bench.theirs is None else f"{table}\n\n{gtars_pickle(bench.theirs)}"


def gtars_pickle(theirs: Gtars) -> str:
    """Return a sentence on what happens to gtars' tokenizer."""
    try:
        size = len(pickle.dumps(theirs.tokenizer))
    except TypeError as error:
        return f"gtars {GTARS_VERSION} cannot be pickled: `TypeError: {error}`."
    return f"gtars {GTARS_VERSION} pickles to {size / 1e6:.2f} MB."


# ---- Memory


def memory(bench: Bench) -> str:
    """Memory of a process that goes through batches and drops them."""
    rows = []
    runs = FIRST_BATCHES, MORE_BATCHES
    for threads in THREADS:
        given = bench.vocabulary, bench.queries, bench.seed, BATCH_SIZE, runs, threads
        try:
            measured = in_spawned_process(memory_of_batches, *given)
        except OSError as error:
            return f"Not measured, which takes Linux: {error}."
        sizes = (
            measured.before,
            measured.after_first,
            measured.after_second,
            measured.peak_of_first,
            measured.peak_of_second,
        )
        rows.append([str(threads), *(f"{size / MIB:.1f} MiB" for size in sizes)])
    total = FIRST_BATCHES + MORE_BATCHES
    return markdown_table(
        [
            "threads",
            "resident before",
            f"after {FIRST_BATCHES} batches",
            f"after {total}",
            f"peak of batches 1 to {FIRST_BATCHES}",
            f"peak of {FIRST_BATCHES + 1} to {total}",
        ],
        rows,
    )


# ---- The report


PARTS: dict[str, Callable[[Bench], str]] = {
    f"{BATCH_SIZE} samples of 4,000 to 5,000 tokens, padded to tensors": one_batch,
    f"{MANY_SAMPLES:,} samples of {SAMPLE_COUNT:,} regions, padded to tensors "
    f"{BATCH_SIZE} at a time": many_samples,
    "A tokenizer of 890,704 regions as a pickle": pickles,
    f"Memory over batches of {BATCH_SIZE} samples": memory,
}


def make_parser() -> argparse.ArgumentParser:
    parser = shared_parser(
        "Measure batches as tensors, pickles and memory, and print Markdown tables.",
        "python bench/batches.py --only pickle",
        "parts to measure, by their titles",
    )
    parser.add_argument(
        "--gtars-samples",
        metavar="N",
        type=int,
        default=GTARS_SAMPLES,
        help=f"on how many of the {MANY_SAMPLES:,} samples gtars is measured",
    )
    return parser


def run(arguments: argparse.Namespace) -> str:
    """Measure what the arguments ask for and return the report.

    Raises:
        BenchError: A library is missing, the two disagree, or an argument is out of range.
    """
    if not 1 <= arguments.gtars_samples <= MANY_SAMPLES:
        raise BenchError(f"--gtars-samples: expected 1 to {MANY_SAMPLES}")
    load_average = os.getloadavg()[0]
    load("torch")
    files = make_data(arguments.data, arguments.seed)
    theirs = None
    if not arguments.no_gtars:
        require_gtars()
        theirs = Gtars(files.vocabulary_bed_gz)
    bench = Bench(
        vocabulary=files.vocabulary_bed_gz,
        queries=files.queries("1M", "sorted"),
        seed=arguments.seed,
        rounds=arguments.rounds,
        ours=Bedtok(files.vocabulary_bed_gz),
        theirs=theirs,
        gtars_samples=arguments.gtars_samples,
    )
    packages = ["gtars", "torch", "transformers"]
    parts = [describe(arguments.command, arguments.rounds, load_average, packages)]
    for title, measure in PARTS.items():
        if arguments.only.search(title):
            print(title, file=sys.stderr)
            parts.append(f"**{title}**\n\n{measure(bench)}")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(run_script(make_parser(), run))
