# SPDX-License-Identifier: BSD-2-Clause
"""The report of BED files: read on several threads, a few at a time."""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bedtok import _core
from bedtok._checks import (
    OnError,
    check_at_least,
    check_on_error,
    count_threads,
    draw_seed,
    warn_caller,
)
from bedtok._core import ConfigError, Error, MappingOptions
from bedtok._files import StrPath, ending_downloads, local_file, sample_names, source_paths
from bedtok._progress import progress_bar
from bedtok._tokenization.options import merge_mapping
from bedtok.report.assemblies import AssemblyFit
from bedtok.report.collection_report import CollectionReport, Similarity
from bedtok.report.samples import ChromCounts, Int32s, Measured, SampleSummary, measure
from bedtok.report.similarity import Clusters, cluster, jaccard

if TYPE_CHECKING:
    from bedtok.tokenizers import Tokenizer

NAMES = (
    *("vocabulary", "similarity_samples", "seed", "num_threads", "strict", "on_error", "progress"),
    "files_read",
)


class Read(NamedTuple):
    """A sample that was read, and a warning of lines that were left out."""

    measured: Measured
    skipped: str | None


def report_of_files(
    paths: Iterable[StrPath],
    tokenizer: Tokenizer,
    options: Mapping[str, Any],
    *,
    vocabulary: str,
    similarity_samples: int,
    seed: int,
    num_threads: int | None,
    strict: bool,
    on_error: OnError,
    progress: bool | None,
) -> CollectionReport:
    """Return the report of files; see ``CollectionReport.from_files``."""
    mapping = merge_mapping(tokenizer.options, options, "from_files", NAMES)
    texts = source_paths(paths)
    if not texts:
        raise ConfigError("paths: there are none, expected at least one BED file")
    check_on_error(on_error)
    names = sample_names(texts)
    drawn = set(draw(len(texts), similarity_samples, seed, "similarity_samples"))
    read = functools.partial(read_sample, tokenizer._core, mapping, on_error != "raise")
    samples: list[SampleSummary] = []
    failed: dict[str, str] = {}
    counts = ChromCounts()
    fits: list[list[AssemblyFit]] = []
    sets: dict[str, Int32s] = {}
    jobs = list(zip(names, texts, strict=True))
    for i, result in read_all(read, jobs, count_threads(num_threads), progress):
        if isinstance(result, BaseException):
            if strict:
                raise result
            failed[texts[i]] = reason_of(texts[i], result)
            continue
        if result.skipped is not None and on_error == "warn":
            warn_caller(f"{texts[i]}: {result.skipped}")
        samples.append(result.measured.summary)
        counts.add(result.measured.chroms)
        fits.append(result.measured.fits)
        if i in drawn:
            sets[names[i]] = result.measured.ids
    if not samples:
        raise Error(f"no sample could be read; {next(iter(failed.values()))}")
    return CollectionReport(
        title=names[0] if len(names) == 1 else f"{len(names):,} files",
        vocabulary=vocabulary,
        samples=samples,
        chroms=counts.summaries(),
        assemblies=add_fits(fits),
        files_read=len(samples),
        similarity=similarity_of(sets),
        failed=failed,
    )


def draw(count: int, wanted: int, seed: int, name: str) -> list[int]:
    """Return the positions of some of ``count`` samples, in order; of all where they are few.

    Args:
        count: Number of samples.
        wanted: How many are drawn.
        seed: Of the draw.
        name: The argument that ``wanted`` is, for messages.
    """
    check_at_least(name, wanted, 0)
    if count <= wanted:
        return list(range(count))
    chosen = np.random.default_rng(draw_seed(seed)).choice(count, wanted, replace=False)
    return sorted(chosen.tolist())


def read_sample(
    core: _core.Tokenizer, options: MappingOptions, skips: bool, name: str, path: str
) -> Read:
    """Read and measure the sample in a BED file."""
    with local_file(path) as file:
        if skips:
            regions, lines, text = _core.RegionSet.read_skipping(file)
        else:
            regions, lines, text = _core.RegionSet.from_bed(file), 0, None
    return Read(measure(core, options, name, regions, lines), text)


def read_all(
    read: Callable[[str, str], Read],
    jobs: Sequence[tuple[str, str]],
    threads: int,
    progress: bool | None,
) -> Iterator[tuple[int, Read | Error | OSError]]:
    """Yield what ``read`` returns of each name and path, or raises, in their order."""
    ahead: collections.deque[tuple[int, Future[Read]]] = collections.deque()
    waiting = iter(enumerate(jobs))
    pool = ThreadPoolExecutor(threads)
    try:
        with ending_downloads(), progress_bar(len(jobs), progress) as advance:
            while True:
                while len(ahead) < 4 * threads and (job := next(waiting, None)) is not None:
                    ahead.append((job[0], pool.submit(read, *job[1])))
                if not ahead:
                    return
                i, future = ahead.popleft()
                try:
                    yield i, future.result()
                except (Error, OSError) as error:
                    yield i, error
                advance()
    finally:
        pool.shutdown(cancel_futures=True)


def reason_of(path: str, error: BaseException) -> str:
    """Return an error of a file as one line that begins with its path."""
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(path) else f"{path}: {text}"


def add_fits(fits: Sequence[Sequence[AssemblyFit]]) -> list[AssemblyFit]:
    """Return how the regions of all samples fit each assembly."""
    return [
        AssemblyFit(
            column[0].assembly, sum(f.past_end for f in column), sum(f.unknown for f in column)
        )
        for column in zip(*fits, strict=True)
    ]


def similarity_of(sets: Mapping[str, Int32s]) -> Similarity | None:
    """Return how similar samples are, by name; None for fewer than two."""
    if len(sets) < 2:
        return None
    matrix = jaccard(list(sets.values()))
    clusters: Clusters | None
    try:
        clusters = cluster(matrix)
    except ImportError:
        clusters = None  # the page says how to get them
    return Similarity(list(sets), matrix, clusters)
