# SPDX-License-Identifier: BSD-2-Clause
"""Collections, step by step: what a file, a cell and a listed sample cost.

    python -m bench.steps [--data FOLDER] [--make] [--only files,cells,listed,ray] ...

``--make`` makes the data, which takes minutes, and measures nothing. The tables of docs/scaling.md
are from such a run. A cost is processor time of this process, of one thread; with Ray it is that of
the calling process, which is the one that more machines do not share.
"""

from __future__ import annotations

import argparse
import logging
import os
import pickle
import resource
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bedtok import _core
from bedtok._files import files_in, sample_names
from bedtok._regions.selection import RegionSelection
from bedtok.io import tokenize_cells, tokenize_files
from bedtok.io.entries import SampleEntry, SourceFile
from bedtok.io.manifest import write_manifest
from bedtok.io.plan import plan_files
from bedtok.io.sample_tokens import FileTokenizer
from bedtok.io.shards import SampleTokens, read_entries, write_samples
from bench.data.regions import Regions
from bench.scale import FULL
from bench.setting import Setting

SMALL, LARGE = 100, 30_000  # regions of a file
SHARD = 256
CELLS, FRAGMENTS = 2_000, 4_000_000

Row = tuple[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("build/bench/data"))
    parser.add_argument("--make", action="store_true", help="only make the data")
    parser.add_argument("--only", default="files,cells,listed", help="and ray")
    parser.add_argument("--files", type=int, default=10_000, help="small ones")
    parser.add_argument("--listed", type=int, default=1_000_000, help="samples in a folder")
    args = parser.parse_args()
    setting = Setting(FULL, args.data)
    small = make_files(setting, args.files, SMALL)
    large = make_files(setting, 200, LARGE)
    fragments = setting.fragments_file(FRAGMENTS, ".tsv.bgz")
    matrix = setting.file("steps.h5ad", lambda path: setting.matrix(10_000).write_h5ad(path))
    if args.make:
        return
    for part in args.only.split(","):
        if part == "files":
            for paths in (small, large):
                table(f"{len(paths):,} BED files", steps_of_files(setting, paths), len(paths))
        elif part == "cells":
            for path in (fragments, matrix):
                rows, cells = steps_of_cells(setting, path)
                table(f"{path.name}: {cells:,} cells", rows, cells)
        elif part == "listed":
            table(f"{args.listed:,} listed samples", steps_of_list(args.listed), args.listed)
        elif part == "ray":
            with_ray(setting, small, large, fragments)
        else:
            parser.error(f"--only: {part!r}, expected files, cells, listed or ray")


def make_files(setting: Setting, count: int, size: int) -> list[Path]:
    """Return BED files of regions drawn from the vocabulary and moved a little."""

    def write(folder: Path) -> None:
        folder.mkdir()
        rng = setting.rng("steps", size)
        peaks = setting.vocabulary
        for number in range(count):
            some = peaks.take(np.sort(rng.choice(len(peaks), size, replace=False)))
            moved = Regions(some.names, some.chroms, some.starts + 30, some.ends + 30)
            moved.write(folder / f"sample{number:06d}.bed")

    return sorted(setting.file(f"steps-{count}-{size}", write).iterdir())


def table(title: str, rows: Iterator[Row], count: int) -> None:
    """Print steps as they are measured: seconds, and microseconds for each of ``count``."""
    print(f"\n{title}\n\n| step | us each | s |\n|---|---:|---:|", flush=True)
    for name, seconds in rows:
        print(f"| {name} | {seconds / count * 1e6:,.1f} | {seconds:,.2f} |", flush=True)


def cost(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the processor seconds of a call, and its result."""
    begin = time.process_time()
    result = call()
    return time.process_time() - begin, result


def steps_of_files(setting: Setting, paths: list[Path]) -> Iterator[Row]:
    tokenizer = setting.tokenizer
    texts = [str(path) for path in paths]
    out = Path(tempfile.mkdtemp(prefix="bench-"))
    listed, _ = cost(lambda: files_in(str(paths[0].parent)))
    yield "list the folder", listed
    planned, plan = cost(lambda: plan_files(texts, {}, sample_names))
    yield "plan: names, nothing is there", planned
    options, core = tokenizer.options, tokenizer._core
    work = FileTokenizer(tokenizer, False, RegionSelection())
    opened = parsed = mapped = whole = 0.0
    results = []
    for text, name in plan.missing.items():  # in turns, so that each finds memory that was used
        Path(text).read_bytes()  # and the file in the page cache
        opened += cost(lambda text=text: SourceFile.of(text))[0]  # type: ignore[misc]
        seconds, regions = cost(lambda text=text: _core.RegionSet.from_bed(text))  # type: ignore[misc]
        parsed += seconds
        mapped += cost(lambda r=regions: core.encode_with_report(r, options, 0))[0]  # type: ignore[misc]
        del regions
        seconds, result = cost(lambda text=text, name=name: work(name, text))  # type: ignore[misc]
        whole += seconds
        results.append(result)
    yield "open, state and digest", opened
    yield "open, parse and sort", parsed
    yield "tokenize, with the report", mapped
    yield "a job: these three, ids in 32 bits, entry", whole
    total = _core.ReportSum(tokenizer.num_regions)
    added, _ = cost(lambda: [total.add(r.report, r.ids.astype(np.int64)) for r in results])
    yield "add to the report of all", added
    samples = [result.rows for result in results]
    write_all(out, samples[:SHARD])  # imports
    written, _ = cost(lambda: write_all(out, samples))
    yield f"write shards of {SHARD}", written
    folder = out / "whole"
    seconds, _ = cost(lambda: tokenize_files(paths, tokenizer, output_dir=folder, num_threads=1))
    yield "the rest: a thread's jobs, manifest", seconds - planned - whole - added - written
    yield "**`tokenize_files`, one thread**", seconds
    sent, _ = cost(lambda: [pickle.loads(pickle.dumps(result, protocol=5)) for result in results])
    yield "with Ray: pickle and unpickle the result", sent
    seconds, _ = cost(lambda: tokenize_files(paths, tokenizer, output_dir=folder, num_threads=1))
    yield "a second run, nothing to do", seconds
    shutil.rmtree(out)


def write_all(folder: Path, samples: list[SampleTokens]) -> None:
    for first in range(0, len(samples), SHARD):
        path = folder / f"part-{first // SHARD:05d}.parquet"
        write_samples(str(path), samples[first : first + SHARD], {"tokenizer_digest": "0" * 16})


def steps_of_cells(setting: Setting, path: Path) -> tuple[Iterator[Row], int]:
    """Return the steps of one file of cells, and the number of its cells."""
    tokenizer, out = setting.tokenizer, Path(tempfile.mkdtemp(prefix="bench-"))
    text, is_anndata = str(path), path.suffix == ".h5ad"
    keywords: dict[str, Any] = {"output_dir": out / "whole", "num_threads": 1}
    tokenize_cells([path], tokenizer, **keywords)  # imports
    shutil.rmtree(out / "whole")
    begin = time.process_time()
    result = tokenize_cells([path], tokenizer, **keywords)
    whole = time.process_time() - begin
    cells = sum(entry.cells for entry in result.samples.values())  # type: ignore[attr-defined]

    def steps() -> Iterator[Row]:
        yield "digest", cost(lambda: SourceFile.of(text))[0]
        if is_anndata:
            import anndata

            call = lambda: tokenizer.encode_anndata(anndata.read_h5ad(text, "r"), num_threads=1)  # noqa: E731
        else:
            call = lambda: tokenizer.encode_fragments(text, num_threads=1)  # noqa: E731
        seconds, tokens = cost(call)
        yield "read, parse and tokenize", seconds
        seconds, _ = cost(lambda: tokens.to_parquet(out / "one.parquet"))
        yield "to Parquet", seconds
        content = (out / "whole" / "part-00000.parquet").read_bytes()
        yield "write the bytes", cost(lambda: (out / "copy").write_bytes(content))[0]
        yield "**`tokenize_cells`, one thread**", whole
        yield "a second run", cost(lambda: tokenize_cells([path], tokenizer, **keywords))[0]
        for number in range(1_000):
            os.link(out / "copy", out / f"part-{number:05d}.parquet")
        seconds, _ = cost(lambda: read_entries(out, "parquet"))
        print(f"\na second run reads what a shard holds in {seconds:.2f} ms")
        tokens_of_a_cell = len(tokens.values) / cells
        print(
            f"\n{tokens_of_a_cell:,.0f} tokens a cell, {len(content) / cells:,.0f} bytes of Parquet"
        )
        shutil.rmtree(out)

    return steps(), cells


def steps_of_list(count: int) -> Iterator[Row]:
    """Measure what a folder of many samples costs before and after any work."""
    out = Path(tempfile.mkdtemp(prefix="bench-"))
    ids = np.arange(10, dtype=np.int32)

    def entry(i: int) -> SampleEntry:
        return SampleEntry(
            f"/data/peaks/sample{i:07d}.bed.gz", 10_000, 10**18 + i, "0" * 16, 9, 8, 10
        )

    samples = [SampleTokens(f"sample{i:07d}", ids, entry(i)) for i in range(count)]
    yield "write shards of ten tokens a sample", cost(lambda: write_all(out, samples))[0]
    texts = [sample.entry.path for sample in samples]
    samples.clear()
    memory = [peak_memory()]
    seconds, shards = cost(lambda: read_entries(out, "parquet"))
    yield "read the samples of all shards", seconds
    entries = {name: e for held in shards.values() for name, e in held.items()}
    yield (
        "plan: all are there (the files are missing here)",
        cost(lambda: plan_files(texts, entries, sample_names))[0],
    )
    yield "plan: none is there", cost(lambda: plan_files(texts, {}, sample_names))[0]
    settings = {"format": "parquet", "tokenizer_digest": "0" * 16}
    yield "write the manifest", cost(lambda: write_manifest(out, settings, entries, {}))[0]
    memory.append(peak_memory())
    gtok = {"format": "gtok", "tokenizer_digest": "0" * 16}
    yield (
        "write the manifest of .gtok files",
        cost(lambda: write_manifest(out, gtok, entries, {}))[0],
    )
    memory.append(peak_memory())
    print(f"\nshards: {len(shards):,}; peak memory before, after, with .gtok: {memory} MiB")
    shutil.rmtree(out)


def peak_memory() -> int:
    """Return the most memory that the process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**10


def with_ray(setting: Setting, small: list[Path], large: list[Path], fragments: Path) -> None:
    """Print what the calling process pays where workers of Ray do the work."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(16))  # none is written to a file
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    ray.init(
        num_cpus=2,
        object_store_memory=2**29,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    tokenizer = setting.tokenizer
    out = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        copies = [out / f"copy{i}.tsv.gz" for i in range(4)]
        for path in copies:
            shutil.copy(fragments, path)
        keywords: dict[str, Any] = {"engine": "ray"}
        for name, tokenize, paths in (
            (f"{len(small):,} small files", tokenize_files, small),
            (f"{len(large):,} large files", tokenize_files, large),
            ("4 files of cells", tokenize_cells, copies),
        ):
            for turn in range(2):  # in the first one workers start and import
                folder = out / f"{name}-{turn}"
                begin = time.perf_counter()
                seconds, result = cost(
                    lambda run=tokenize, some=paths, folder=folder: run(  # type: ignore[misc]
                        some, tokenizer, output_dir=folder, **keywords
                    )
                )
                wall = time.perf_counter() - begin
            rows = [getattr(entry, "cells", 1) for entry in result.samples.values()]
            each = seconds / sum(rows) * 1e6
            print(f"Ray, {name}: the calling process {each:,.1f} us a row; {wall:.1f} s")
    finally:
        ray.shutdown()
        shutil.rmtree(out)


if __name__ == "__main__":
    main()
