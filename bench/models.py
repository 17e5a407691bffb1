# SPDX-License-Identifier: BSD-2-Clause
"""Measure Atacformer's encoder against PyTorch's, with equal weights: time and peak memory.

Run ``python bench/models.py``; README.md beside it says what is measured, and how.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import sys
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from libraries import BenchError
from libraries import load as load_module
from process_memory import peak_bytes, reset_peak, resident_bytes
from report import (
    MIB,
    Seconds,
    describe,
    markdown_table,
    ratio_cells,
    run_script,
    shared_parser,
    time_call,
    time_cell,
)

VOCABULARY = 100_000
DROPOUT = 0.1
BATCH = 4
PARTS_OF_LONGEST = (1, 0.7, 0.5, 0.25)
INFERENCE_RATIO, TRAINING_RATIO = 2.0, 1.5
CELLS, SHORTEST, LONGEST = 64, 50, 2000
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Job:
    """The same work by both.

    Attributes:
        name: What it is.
        ours: bedtok's call.
        theirs: That of the reference.
        target: How many times faster ours should be; None: no matter.
        check: Compares what both return; None where dropout makes them differ.
    """

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    target: float | None
    check: Callable[[Any, Any], None] | None = None


def load(name: str) -> Any:
    """Import a module, or say how to get it."""
    return load_module(name, "run: pip install . -r bench/requirements-batches.txt")


def make_jobs(seed: int) -> list[Job]:
    """Return all jobs, on models with the same weights."""
    torch = load("torch")
    atacformer = load("bedtok.atacformer")
    from reference_encoder import ReferenceEncoder

    # That nested tensors are a prototype is known.
    warnings.filterwarnings("ignore", category=UserWarning)
    torch.manual_seed(seed)
    config = atacformer.AtacformerConfig(
        vocab_size=VOCABULARY + 7,
        pad_token_id=VOCABULARY + 1,
        cls_token_id=VOCABULARY + 3,
        eos_token_id=VOCABULARY + 4,
        bos_token_id=VOCABULARY + 5,
        sep_token_id=VOCABULARY + 6,
        max_position_embeddings=2048,
        hidden_dropout=DROPOUT,
        attention_dropout=DROPOUT,
    )
    model = atacformer.AtacformerForCellClustering(config)
    ours, theirs = model.atacformer, ReferenceEncoder(model.atacformer, DROPOUT)
    jobs = []

    def predict(encoder: Any, *rows: Any) -> Any:
        encoder.eval()
        with torch.no_grad():
            return last_hidden_state(encoder(rows[0], attention_mask=rows[1]))

    def train(encoder: Any, *rows: Any) -> None:
        encoder.train()
        encoder.zero_grad(set_to_none=True)
        hidden = last_hidden_state(encoder(rows[0], attention_mask=rows[1]))
        hidden.masked_fill(~rows[1][..., None], 0).square().mean().backward()

    def last_hidden_state(output: Any) -> Any:
        return getattr(output, "last_hidden_state", output)

    for longest in (1024, 2048):
        for mixed in (True, False):
            lengths = [int(longest * (part if mixed else 1)) for part in PARTS_OF_LONGEST]
            mask = torch.arange(longest)[None] < torch.tensor(lengths)[:, None]
            ids = torch.randint(VOCABULARY, mask.shape).masked_fill(~mask, config.pad_token_id)

            def check(found: Any, expected: Any, mask: Any = mask) -> None:
                compare(found[mask], expected[mask])

            for name, call, target in (
                ("inference", predict, INFERENCE_RATIO),
                ("training step", train, TRAINING_RATIO),
            ):
                kind = "mixed lengths" if mixed else "full rows"
                jobs.append(
                    Job(
                        f"{name}, {longest:,} tokens, {kind}",
                        lambda call=call, rows=(ids, mask): call(ours, *rows),
                        lambda call=call, rows=(ids, mask): call(theirs, *rows),
                        target if mixed else None,
                        check if call is predict else None,
                    )
                )
    lengths = torch.linspace(SHORTEST, LONGEST, CELLS).long()[torch.randperm(CELLS)].tolist()
    cells = [torch.randint(VOCABULARY, (length,)).tolist() for length in lengths]

    def embed(encoder: Any) -> Any:
        theirs.eval()
        return encoder.encode_tokenized_cells(cells, batch_size=16)

    jobs.append(
        Job(
            f"encode_tokenized_cells, {CELLS} cells of {SHORTEST} to {LONGEST:,} tokens",
            lambda: embed(model),
            lambda: embed(theirs),
            INFERENCE_RATIO,
            compare,
        )
    )
    return jobs


def compare(found: Any, expected: Any) -> None:
    """Say that the two do not agree."""
    difference = float((found - expected).abs().max())
    if not difference <= TOLERANCE:
        raise BenchError(f"bedtok and the reference differ by {difference}")


def peak_beyond(seed: int, name: str, side: str) -> int:
    """Return the peak of memory in the first call of a job beyond what is there before it."""
    (call,) = (getattr(job, side) for job in make_jobs(seed) if job.name == name)
    before = resident_bytes()
    reset_peak()
    call()
    return peak_bytes() - before


def peak_cell(seed: int, name: str, side: str) -> str:
    """Return the peak in a process of its own: this one holds on to memory of calls before."""
    spawn = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=spawn) as pool:
            return f"{pool.submit(peak_beyond, seed, name, side).result() / MIB:.0f} MiB"
    except OSError:  # not Linux
        return "-"


def measure(job: Job, rounds: int, seed: int) -> list[str]:
    """Return the row of a job."""
    found, expected = job.ours(), job.theirs()
    if job.check is not None:
        job.check(found, expected)
    del found, expected
    ours: Seconds = []
    theirs: Seconds = []
    for _ in range(rounds):
        ours.append(time_call(job.ours))
        theirs.append(time_call(job.theirs))
    peaks = [peak_cell(seed, job.name, side) for side in ("ours", "theirs")]
    ratio = statistics.median(theirs) / statistics.median(ours)
    return [job.name, time_cell(ours), time_cell(theirs), *ratio_cells(ratio, job.target), *peaks]


def run(arguments: argparse.Namespace) -> str:
    """Measure what the arguments ask for and return the report."""
    load_average = os.getloadavg()[0]
    torch = load("torch")
    rows = []
    for job in make_jobs(arguments.seed):
        if arguments.only.search(job.name):
            print(job.name, file=sys.stderr)
            rows.append(measure(job, arguments.rounds, arguments.seed))
    facts = describe(arguments.command, arguments.rounds, load_average, ["torch", "transformers"])
    header = ["job", "bedtok", "nn.TransformerEncoder", "ratio", "target"]
    table = markdown_table([*header, "peak, bedtok", "peak, reference"], rows)
    return f"{facts} {torch.get_num_threads()} threads.\n\n{table}\n"


def make_parser() -> argparse.ArgumentParser:
    return shared_parser(
        "Measure Atacformer's encoder against PyTorch's and print a Markdown table.",
        "python bench/models.py --only inference",
        "jobs to measure, by their names",
        gtars=False,
    )


if __name__ == "__main__":
    sys.exit(run_script(make_parser(), run))
