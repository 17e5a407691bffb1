# SPDX-License-Identifier: BSD-2-Clause
"""What an engine is given for each file, and what it gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from bedtok._core import MappingReport
from bedtok._ragged import Int32s
from bedtok.io.entries import SourceFile

if TYPE_CHECKING:
    from typing_extensions import Self

    from bedtok.tokenizers import Tokenizer


class CellRange(NamedTuple):
    """Some cells of a file, of which others are jobs of their own.

    Attributes:
        first: Position of the first one.
        stop: Position behind the last one.
        total: Number of cells in the file.
        source: The file before the first job, so that not every job digests it.
    """

    first: int
    stop: int
    total: int
    source: SourceFile


class Job(NamedTuple):
    """A file to tokenize, or some of its cells.

    Attributes:
        sample: The name of its sample.
        path: Its path.
        cells: Of a file with cells: only these; None: all.
    """

    sample: str
    path: str
    cells: CellRange | None = None


class Skipped(NamedTuple):
    """The lines of a file that were left out: how many, and a text about them."""

    lines: int
    text: str | None


class Tokenized(NamedTuple):
    """The result of a job.

    Attributes:
        sample: The name of the sample.
        rows: What is written: the ``SampleTokens`` of a BED file, a list of ``CellShard`` of cells.
        ids: int32: the tokens that the sample has, which may repeat.
        report: How well it fits the vocabulary.
        warning: What is warned of; None if it fits.
        skipped: The lines that were left out.
    """

    sample: str
    rows: Any
    ids: Int32s
    report: MappingReport
    warning: str | None
    skipped: Skipped


class Work(Protocol):
    """Tokenizes a job at a call; it pickles, so that workers of an engine have it, too.

    Attributes:
        tokenizer: Its options say how regions are mapped.
        jobs_per_task: The most jobs of a task of an engine.
    """

    @property
    def tokenizer(self) -> Tokenizer:
        """See above."""

    @property
    def jobs_per_task(self) -> int:
        """See above."""

    def with_threads(self, num_threads: int) -> Self:
        """Return the same with so many threads for each job, which the result does not show."""

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        """Return the result of a job."""
