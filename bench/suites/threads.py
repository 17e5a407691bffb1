# SPDX-License-Identifier: BSD-2-Clause
"""What a second thread gives."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from bench.data.regions import draw
from bench.peers.overlaps import region_set
from bench.rows import OURS, Missing, Row, Tool
from bench.setting import Setting
from bench.suites import anndata, batches, collections, fragments, universe

TITLE = "Two threads"
WORDS = (
    "The same call with `num_threads=2`, against itself with `num_threads=1`. Where the two "
    "processors of a virtual machine are one core's, the same work takes more processor time."
)
RATIO = "by the second thread"
ONE = "bedtok, 1 thread"


def pair(
    name: str, call: Callable[..., Any], make: Callable[[], Any], answer: Callable[[Any], Any]
) -> Row:
    """Return a row of a call with two threads and with one."""

    def enough() -> Any:
        if (os.cpu_count() or 1) < 2:
            raise Missing("this machine has one processor")
        return make()

    tools = [
        Tool(OURS, partial(call, threads=2), enough, answer),
        Tool(ONE, partial(call, threads=1), make, answer),
    ]
    return Row(name, tools, target=1.7, headline=False)


def rows(setting: Setting) -> Iterator[Row]:
    scale = setting.scale

    def samples() -> tuple[Any, Any]:
        regions = region_set(setting.queries(scale.main_queries, "sorted"))
        sizes = [min(3_000, len(regions) // 2)] * scale.samples
        chosen = draw(setting.rng("threads"), len(regions), sizes)
        return setting.tokenizer, batches.in_batches([regions[some] for some in chosen])

    count, cells, files = scale.fragments[-1], scale.cells[-1], scale.files[-1]
    yield pair(
        f"{scale.samples:,} samples of 3,000 regions",
        batches.ours,
        samples,
        lambda found: [values.tolist() for values in found],
    )
    for form, suffix in fragments.FORMS.items():

        def packed(suffix: str = suffix) -> tuple[Any, Any]:
            return setting.tokenizer, setting.fragments_file(count, suffix)

        yield pair(f"{count:,} fragments, {form}", fragments.encode, packed, fragments.by_barcode)
    yield pair(
        f"AnnData of {cells:,} cells",
        anndata.encode,
        lambda: (setting.tokenizer, setting.matrix(cells)),
        anndata.first_cells,
    )
    yield pair(
        f"{files:,} BED files to Parquet",
        collections.ours,
        lambda: (setting.tokenizer, [str(path) for path in setting.sample_files(files)]),
        collections.tokens_in,
    )
    yield pair(
        f"universe of {scale.universe_files:,} BED files",
        partial(universe.build, method="coverage", options={"min_samples": 2}),
        lambda: universe.files(setting),
        universe.intervals,
    )
