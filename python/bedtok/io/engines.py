# SPDX-License-Identifier: BSD-2-Clause
"""Where the files of a collection are tokenized: threads of this process, or workers of Ray.

An engine is given files and gives their results back in the same order; what is written, and what a
failure means, is the caller's business and the same for all engines.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from bedtok._files import ending_downloads
from bedtok.io.sample_tokens import FileTokenizer, Tokenized

ENGINES = ("local", "ray")

# Returns the tokens of a file once they are there, or raises what the file raised.
Pending = Callable[[], Tokenized]


class Engine(Protocol):
    """Tokenizes files somewhere.

    Attributes:
        files_ahead: So many files at least must be under way for all workers to be busy.
    """

    files_ahead: int

    def submit(self, files: Sequence[tuple[str, str]]) -> list[Pending]:
        """Begin with some files, given as the sample's name and the path."""


class LocalEngine:
    """Threads of this process, which share one tokenizer."""

    files_ahead = 1

    def __init__(self, pool: ThreadPoolExecutor, tokenize: FileTokenizer) -> None:
        self._pool = pool
        self._tokenize = tokenize

    def submit(self, files: Sequence[tuple[str, str]]) -> list[Pending]:
        """Begin with some files."""
        return [self._pool.submit(self._tokenize, name, path).result for name, path in files]


@contextlib.contextmanager
def start_engine(engine: str, tokenize: FileTokenizer, threads: int) -> Iterator[Engine]:
    """Start an engine; what it has not begun with is cancelled when the block ends.

    Args:
        engine: One of ``ENGINES``.
        tokenize: What is done to each file.
        threads: The number of threads of ``"local"``.

    Raises:
        ImportError: It is not installed.
    """
    if engine == "local":
        pool = ThreadPoolExecutor(threads)
        try:
            with ending_downloads():
                yield LocalEngine(pool, tokenize)
        finally:
            pool.shutdown(cancel_futures=True)
    else:
        from bedtok.io.ray_engine import ray_engine

        with ray_engine(tokenize) as started:
            yield started
