# SPDX-License-Identifier: BSD-2-Clause
"""The samples of a call: files, folders, lists of files, standard input, objects in memory."""

from __future__ import annotations

import collections
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from bedtok._checks import check_on_error
from bedtok._core import ConfigError, Error
from bedtok._files import (
    StorageOptions,
    StrPath,
    absolute_path,
    ending_downloads,
    files_in,
    is_url,
    listed_paths,
    local_file,
    missing_file,
    source_path,
    source_paths,
)
from bedtok._progress import progress_bar
from bedtok._regions.anndata import is_anndata, read_h5ad, read_peaks
from bedtok._regions.region_set import RegionSet, as_region_set

LIST_SUFFIXES = (".txt", ".list", ".lst")
STDIN = "<stdin>"

Result = TypeVar("Result")


class Source(NamedTuple):
    """A sample that has not been read.

    Attributes:
        name: The path of a file, ``<stdin>``, or what tells an object from others, in messages.
        data: The text of standard input; None for others.
        regions: The regions of an object; None for others.
    """

    name: str
    data: bytes | None = None
    regions: RegionSet | None = None

    @property
    def is_file(self) -> bool:
        """Whether it is a file that can be read more than once."""
        if self.data is not None or self.regions is not None:
            return False
        return is_url(self.name) or os.path.isfile(self.name)


def find_samples(files: object, storage_options: StorageOptions = None) -> list[Source]:
    """Return the samples that ``files`` names.

    Args:
        files: A path, an object, or an iterable of them. A folder stands for the files in it that
            end as SAMPLE_SUFFIXES, by name; a file that ends as LIST_SUFFIXES for the paths in it,
            one a line; ``"-"`` for standard input, which is such a list or BED; a URL with a
            pattern, or of a folder, for what it matches.
        storage_options: Options of the file system of URLs.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: No sample is named, a folder has none, or a file is named twice.
        TypeError: An item is of another type.
    """
    single = isinstance(files, (str, os.PathLike, RegionSet)) or is_anndata(files)
    items = [files] if single or not isinstance(files, Iterable) else list(files)
    sources: list[Source] = []
    for item in items:
        if isinstance(item, (str, os.PathLike)):
            sources += _of_path(item, storage_options)
        else:
            sources.append(Source(f"sample {len(sources)}", None, _of_object(item)))
    if not sources:
        raise ConfigError("files: there are none, expected at least one sample")
    counts = collections.Counter(
        absolute_path(source.name) for source in sources if source.regions is None
    )
    repeated = [path for path, count in counts.items() if count > 1]
    if repeated:
        raise ConfigError(f"{repeated[0]}: is given twice, expected each file once")
    return sources


def read_file(source: Source) -> RegionSet | None:
    """Return the regions of an AnnData file or of an object; None for a text, which is not read.

    Raises:
        ImportError: anndata, which reads .h5ad files, is not installed.
        Error: The AnnData has no peaks.
    """
    if source.regions is not None or not source.name.lower().endswith(".h5ad"):
        return source.regions
    adata = read_h5ad(source.name)
    try:
        return read_peaks(adata)[0]
    finally:
        adata.file.close()


def for_each_sample(
    sources: list[Source],
    read: Callable[[Source], Result],
    *,
    num_threads: int,
    strict: bool,
    progress: bool | None,
    failed: dict[str, str],
    abandon: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Source, Result]]:
    """Yield what ``read`` returns for each sample, in their order, read in threads.

    A sample that is wrong goes to ``failed`` with the reason; with ``strict`` its error is raised.
    A few samples are in memory at a time. Where the caller stops, ``abandon`` is called: it ends
    reads that nobody waits for, as of a pipe.
    """
    ahead: collections.deque[tuple[Source, Future[Result]]] = collections.deque()
    waiting = iter(sources)
    pool = ThreadPoolExecutor(num_threads)
    try:
        with ending_downloads(), progress_bar(len(sources), progress) as advance:
            while True:
                while len(ahead) < 4 * num_threads and (source := next(waiting, None)) is not None:
                    ahead.append((source, pool.submit(read, source)))
                if not ahead:
                    return
                source, future = ahead[0]
                try:
                    result = future.result()
                except (Error, OSError) as error:
                    if strict:
                        raise
                    failed[source.name] = _reason(source.name, error)
                else:
                    yield source, result
                ahead.popleft()
                advance()
    finally:
        if ahead:
            abandon()
        pool.shutdown(cancel_futures=True)


def check_any_left(sources: list[Source], failed: dict[str, str]) -> None:
    """Raise Error, which names the first reason, if all samples failed."""
    if failed and len(failed) == len(sources):
        raise Error(f"no sample could be read; {next(iter(failed.values()))}")


def skips_lines(on_error: object) -> bool:
    """Return whether bad lines are left out; raise ConfigError for another word."""
    return check_on_error(on_error) != "raise"


def _of_path(path: StrPath, storage_options: StorageOptions) -> list[Source]:
    text = source_path(path, storage_options)
    if text == "-":
        return _of_stdin()
    if is_url(text):
        if not text.lower().endswith(LIST_SUFFIXES):
            return [Source(name) for name in source_paths([text])]
        with local_file(text) as copy:
            return _listed(copy, text, storage_options)
    if os.path.isdir(text):
        return [Source(name) for name in files_in(text)]
    if text.lower().endswith(LIST_SUFFIXES):
        return _listed(text, text, storage_options)
    if not os.path.exists(text):
        raise missing_file(text)
    return [Source(text)]


def _listed(path: str, name: str, storage_options: StorageOptions) -> list[Source]:
    """Return the samples in a list, which messages call ``name``."""
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        listed = listed_paths(file.read(), name)
    return [Source(text) for text in source_paths(listed, storage_options)]


def _of_stdin() -> list[Source]:
    data = sys.stdin.buffer.read()
    lines = (line.strip() for line in data.splitlines())
    first = next((line for line in lines if line and not line.startswith(b"#")), b"")
    name = os.fsdecode(first)
    if b"\t" not in first and first and (is_url(name) or os.path.isfile(name)):
        return [Source(text) for text in source_paths(listed_paths(os.fsdecode(data), STDIN))]
    return [Source(STDIN, data)]


def _of_object(item: Any) -> RegionSet:
    return read_peaks(item)[0] if is_anndata(item) else as_region_set(item)


def _reason(name: str, error: BaseException) -> str:
    if isinstance(error, OSError):
        return f"{name}: {error.strerror or error}"
    text = str(error)
    return text if text.startswith(name) else f"{name}: {text}"
