# SPDX-License-Identifier: BSD-2-Clause
"""BED files by engines for more than one machine, on one machine."""

from __future__ import annotations

import logging
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.rows import OURS, Row, Sample, Tool, load
from bench.setting import Setting
from bench.suites.collections import tokens_in

TITLE = "Engines for many machines, on one"
WORDS = (
    '`tokenize_files` with two threads, the same with `engine="ray"`, and the function of '
    "`examples/python/datasets_collection.py`, both with two workers, each into a new folder of "
    "Parquet. Ray starts before the clock does. All ids are compared."
)
RATIO = "of the best engine"
EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "python"
WORKERS = 2
Given = tuple[Any, Path]


def output() -> Path:
    return Path(tempfile.mkdtemp(prefix="bench-")) / "tokens"


def by_threads(given: Given) -> Path:
    tokenizer, folder = given
    out = output()
    load("bedtok.io").tokenize_files(
        sorted(folder.iterdir()), tokenizer, output_dir=out, num_threads=WORKERS
    )
    return out


def by_datasets(given: Given) -> Path:
    out = output()
    load("datasets").disable_progress_bars()
    load("datasets_collection").tokenize_collection(*given, out, WORKERS)
    return out


def by_ray(given: Given) -> Path:
    tokenizer, folder = given
    out = output()
    load("bedtok.io").tokenize_files(
        sorted(folder.iterdir()), tokenizer, output_dir=out, engine="ray"
    )
    return out


class OnRay(Tool):
    """A job on Ray, which is started before each run and is not part of its time."""

    def check(self, given: Any) -> Any:
        with_ray: Any = self.with_ray(partial(super().check, given))
        return with_ray

    def measure(self, given: Any) -> Sample:
        sample: Sample = self.with_ray(partial(super().measure, given))
        return sample

    @staticmethod
    def with_ray(call: Callable[[], Any]) -> Any:
        ray = load("ray")
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(16))  # none is written to a file
        ray.init(
            num_cpus=WORKERS,
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
        try:
            return call()
        finally:
            ray.shutdown()


def rows(setting: Setting) -> Iterator[Row]:
    # The workers of the engines import the examples, too.
    if str(EXAMPLES) not in sys.path:
        sys.path.append(str(EXAMPLES))
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))

    def needing(module: str, count: int) -> Given:
        load(module)
        folder = setting.file(f"collection-{setting.scale.vocabulary}-{count}", lambda p: p.mkdir())
        for path in setting.sample_files(count):
            link = folder / path.name
            if not link.exists():
                link.symlink_to(path.resolve())
        return setting.tokenizer, folder

    for count in setting.scale.files:
        yield Row(
            f"{count:,} files",
            [
                Tool(OURS, by_threads, partial(needing, "bedtok", count), tokens_in),
                Tool("datasets", by_datasets, partial(needing, "datasets", count), tokens_in),
                OnRay("Ray", by_ray, partial(needing, "ray", count), tokens_in),
            ],
            size=count,
            things="files",
            series="engines",
        )
