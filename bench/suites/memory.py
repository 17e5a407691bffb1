# SPDX-License-Identifier: BSD-2-Clause
"""First calls and peak memory, each in a process of its own."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.fresh import measure
from bench.rows import OURS, Measured, Row, Sample, load
from bench.setting import Setting
from bench.suites.load import has_index, save_index

TITLE = "First calls and memory"
WORDS = (
    "Each run is a process of its own that loads the vocabulary (.bed.gz), reads the regions and "
    "makes their ids, once. Peak memory is the highest resident memory of that process; `beyond a "
    "bare process` leaves out what a process has that imports NumPy. Of fragments and AnnData it "
    "is the peak beyond the input and the result. Of workers it is what the tokenizer, unpickled "
    "and used, adds to each of 8 that hold it at once; shared pages are divided among them."
)
WORKERS = 8
STEPS = {"load": "load the vocabulary", "read": "read {n} regions", "ids": "ids of {n} regions"}


def rows(setting: Setting) -> Iterator[Row]:
    size = setting.scale.main_queries

    # A process tells all steps and its peak: rows share its runs.
    runs: dict[tuple[str, str], list[dict[str, float]]] = {}

    def run(library: str, form: str, number: int) -> dict[str, float]:
        known = runs.setdefault((library, form if library == OURS else ""), [])
        while len(known) <= number:
            found = measure(
                "first_calls",
                library=library,
                form=form,
                vocabulary=str(setting.vocabulary_file()),
                queries=str(setting.queries_file(size, "sorted")),
            )
            known.append(found)
        return known[number]

    def tool(name: str, form: str, step: str, beyond: bool = False) -> Measured:
        numbers = count()

        def one(given: Any) -> Sample:
            found = run(name, form, next(numbers))
            base = bare_peak() if beyond else 0
            return Sample(found[step] - base, 0.0, int(found["peak"]))

        return Measured(name, one, lambda: load(name))

    @cache
    def bare_peak() -> float:
        return measure("bare")["peak"]

    for form in ("array", "list"):
        for step, words in STEPS.items():
            if form == "array" or step == "ids":
                name = f"first call: {words.format(n=f'{size:,}')}"
                name += f" as {form}" if step == "ids" else ""
                yield Row(name, [tool(OURS, form, step), tool("gtars", form, step)])
    for form in ("array", "list"):
        for beyond in (False, True):
            where = "beyond a bare process" if beyond else "whole process"
            yield Row(
                f"peak memory, ids as {form}, {where}",
                [tool(OURS, form, "peak", beyond), tool("gtars", form, "peak", beyond)],
                target=5.0,
                unit="B",
                headline=not beyond,
            )
    yield from beyond_results(setting)
    yield unpickled(setting)
    yield of_workers(setting)


def beyond_results(setting: Setting) -> Iterator[Row]:
    """Yield peaks beyond input and result of jobs whose data may be larger than memory."""
    fragments_count, cells = setting.scale.fragments[-1], setting.scale.cells[-1]

    def fragments() -> Path:
        return setting.fragments_file(fragments_count, ".tsv.gz")

    def matrix() -> Path:
        return setting.file(
            f"matrix-{setting.scale.vocabulary}-{cells}.h5ad",
            lambda path: setting.matrix(cells).write_h5ad(path),
        )

    for job, path, name in (
        ("encode_fragments", fragments, f"{fragments_count:,} fragments"),
        ("encode_anndata", matrix, f"AnnData of {cells:,} cells"),
    ):

        def one(given: Path, job: str = job) -> Sample:
            vocabulary = str(setting.vocabulary_file())
            found = measure("beyond", job=job, vocabulary=vocabulary, path=str(given), threads=1)
            return Sample(found["peak"], 0.0, int(found["peak"]))

        yield Row(
            f"peak memory, {name}, beyond input and result", [Measured(OURS, one, path)], unit="B"
        )


def of_workers(setting: Setting) -> Row:
    """Return the row of workers that hold a tokenizer: mapped where bedtok saves an index."""
    size = setting.scale.vocabulary

    def dump(mapped: bool) -> Path:
        def write(path: Path) -> None:
            tokenizer = setting.tokenizer
            if mapped:
                folder = setting.file(f"indexed-{size}", lambda p: save_index(setting, p))
                tokenizer = load("bedtok").Tokenizer.from_pretrained(folder)
            path.write_bytes(pickle.dumps(tokenizer))

        return setting.file(f"tokenizer-{size}{'-mapped' if mapped else ''}.pickle", write)

    def one(given: Path) -> Sample:
        return Sample(measure("workers", path=str(given), count=WORKERS)["peak"])

    tools = [Measured(OURS, one, partial(dump, has_index()))]
    if has_index():
        tools.append(Measured("bedtok, without index", one, partial(dump, False)))
    return Row(f"memory of each of {WORKERS} workers with the tokenizer", tools, unit="B")


def unpickled(setting: Setting) -> Row:
    """Return the row of a worker that gets the tokenizer as a pickle."""

    def dump() -> Path:
        return setting.file(
            f"tokenizer-{setting.scale.vocabulary}.pickle",
            lambda path: path.write_bytes(pickle.dumps(setting.tokenizer)),
        )

    def one(given: Path) -> Sample:
        return Sample(measure("unpickle", path=str(given))["loads"])

    return Row("first call: pickle.loads in a new worker", [Measured(OURS, one, dump)])
