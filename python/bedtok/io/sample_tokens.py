# SPDX-License-Identifier: BSD-2-Clause
"""One BED file to the tokens of a sample: what every engine of ``tokenize_files`` runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bedtok import _core
from bedtok._files import local_file
from bedtok._regions.selection import RegionSelection
from bedtok.io.entries import SampleEntry, SourceFile
from bedtok.io.shards import SampleTokens
from bedtok.io.tokenized import CellRange, Skipped, Tokenized
from bedtok.tokenizers import Tokenizer


@dataclass(frozen=True)
class FileTokenizer:
    """Tokenizes BED files.

    Attributes:
        tokenizer: Its options say how regions are mapped.
        skips: Whether lines that are not BED are left out; otherwise they are an error.
        selection: The regions of a file that count.
        jobs_per_task: A task costs Ray about a millisecond, and the thread that waits for another
            one some 20 us; a small file takes 50 us.
    """

    tokenizer: Tokenizer
    skips: bool
    selection: RegionSelection
    jobs_per_task: ClassVar[int] = 32

    def with_threads(self, num_threads: int) -> FileTokenizer:
        """Return the same: one thread reads a BED file."""
        return self

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        """Return the tokens of a file."""
        skipped = Skipped(0, None)
        with local_file(path) as file:
            source = SourceFile.of(path, file)  # first: the next run notices a change after it
            # Both calls release the GIL.
            if self.skips:
                regions, lines, said = _core.RegionSet.read_skipping(file)
                skipped = Skipped(lines, said)
            else:
                regions = _core.RegionSet.from_bed(file)
        regions = self.selection.of(regions)
        encoding, report = self.tokenizer._core.encode_with_report(
            regions, self.tokenizer.options, skipped.lines
        )
        ids = encoding.input_ids.astype(np.int32)
        entry = SampleEntry(*source, len(regions), encoding.hits, len(ids))
        tokens = SampleTokens(sample, ids, entry)
        return Tokenized(sample, tokens, ids, report, report.warning, skipped)
