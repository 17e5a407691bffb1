# SPDX-License-Identifier: BSD-2-Clause
"""Universes from the peaks of many samples."""

from __future__ import annotations

import functools
import shlex
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.regions import SIZES
from bench.fresh import measure
from bench.limits import reading
from bench.rows import OURS, Command, Measured, Row, Sample, Tool, find, load
from bench.setting import Setting

TITLE = "Universes"
WORDS = (
    "`universe.build(paths, method, output=..., num_threads=1)` from files of 30,000 peaks to "
    "`universe.bed`, against `bedtools multiinter` with `awk '$4 >= 2'` and `bedtools merge`, and "
    "against `sort` with `bedtools merge`, as shell pipelines. The universes are compared "
    "whole. `growth` builds from samples that are in memory, in a process of its own."
)
METHODS: dict[str, dict[str, Any]] = {
    "union": {},
    "coverage": {"min_samples": 2},
    "coverage, likelihood": {},
    "flexible": {},
    "hmm": {},
    "summits": {"min_samples": 2},
}
PIPELINES = {
    "union": ("cat {files} | sort -k1,1 -k2,2n | bedtools merge -i -", "sort, bedtools"),
    "coverage": (
        "bedtools multiinter -i {files} | awk '$4 >= 2' | cut -f1-3 | bedtools merge -i -",
        "bedtools multiinter",
    ),
}
SITES = 400_000  # places that the samples of `growth` share


def files(setting: Setting) -> list[Path]:
    return setting.sample_files(setting.scale.universe_files)


def build(paths: Sequence[Path], method: str, options: dict[str, Any], threads: int = 1) -> Path:
    """Return the file of a new universe, in a folder of its own."""
    output = Path(tempfile.mkdtemp(prefix="bench-")) / "universe.bed"
    load("bedtok.universe").build(
        list(paths),
        method.partition(",")[0],
        output=output,
        num_threads=threads,
        progress=False,
        **options,
    )
    return output


def intervals(result: Path | bytes) -> list[bytes]:
    """Return the first three columns of each line."""
    content = result.read_bytes() if isinstance(result, Path) else result
    return [b"\t".join(line.split(b"\t")[:3]) for line in content.splitlines()]


def rows(setting: Setting) -> Iterator[Row]:
    count = setting.scale.universe_files

    def paths() -> list[Path]:
        return files(setting)

    for method, options in METHODS.items():
        call = functools.partial(build, method=method, options=options)
        tools = [Tool(OURS, call, paths, intervals)]
        if method in PIPELINES:
            pipeline, name = PIPELINES[method]

            def command(pipeline: str = pipeline) -> list[str]:
                find("bedtools")
                names = " ".join(shlex.quote(str(path)) for path in paths())
                return [find("sh"), "-c", pipeline.format(files=names)]

            tools.append(Command(name, list, command, intervals))
        yield Row(
            f"{count:,} files, {method}",
            tools,
            [reading(paths)],
            target=10.0 if method in PIPELINES else None,
        )
    for regions in setting.scale.growth:

        def grow(given: Any, regions: int = regions) -> Sample:
            found = measure("grow", regions=regions, seed=setting.seed, max_memory=0, threads=1)
            return Sample(found["build"], 0.0, int(found["peak"]))

        yield Row(
            f"growth: {regions:,} regions",
            [Measured(OURS, grow)],
            size=regions,
            series="universe",
        )


@functools.cache
def sites(seed: int) -> tuple[Any, Any]:
    """Return chromosome id and position of each site."""
    sizes = np.array([SIZES[name] for name in sorted(SIZES)], dtype=np.int64)
    random = np.random.default_rng(seed)
    ids = np.sort(random.choice(len(sizes), size=SITES, p=sizes / sizes.sum()))
    return ids, (random.random(SITES) * (sizes[ids] - 4000)).astype(np.int64) + 2000


def sample_columns(number: int, seed: int) -> tuple[list[str], Any, Any, Any]:
    """Return names, and for each of 30,000 regions chromosome id, start and end, in order."""
    ids, places = sites(seed)
    random = np.random.default_rng([seed, number])
    chosen = random.choice(SITES, size=30_000, replace=False)
    centres = places[chosen] + random.normal(0, 60, 30_000).astype(np.int64)
    half = random.integers(100, 450, 30_000)
    order = np.lexsort((centres - half, ids[chosen]))
    return sorted(SIZES), ids[chosen][order], (centres - half)[order], (centres + half)[order]
