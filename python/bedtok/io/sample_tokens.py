# SPDX-License-Identifier: BSD-2-Clause
"""One BED file to the tokens of a sample: what every engine of ``tokenize_files`` runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bedtok import _core
from bedtok._core import MappingReport
from bedtok._files import local_file
from bedtok._regions.selection import RegionSelection
from bedtok.io.entries import SampleEntry, SourceFile
from bedtok.io.shards import SampleTokens
from bedtok.tokenizers import Tokenizer


class Skipped(NamedTuple):
    """The lines of a file that were left out: how many, and a text about them."""

    lines: int
    text: str | None


class Tokenized(NamedTuple):
    """A sample, how well it fits the vocabulary, and the lines of its file that were left out."""

    tokens: SampleTokens
    report: MappingReport
    skipped: Skipped


@dataclass(frozen=True)
class FileTokenizer:
    """Tokenizes files, one at a call; it pickles, so that workers of an engine have it, too.

    Attributes:
        tokenizer: Its options say how regions are mapped.
        skips: Whether lines that are not BED are left out; otherwise they are an error.
        selection: The regions of a file that count.
    """

    tokenizer: Tokenizer
    skips: bool
    selection: RegionSelection

    def __call__(self, name: str, path: str) -> Tokenized:
        """Return the tokens of the file ``path`` as the sample ``name``."""
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
        entry = SampleEntry(*source, len(regions), encoding.hits, len(encoding.input_ids))
        tokens = SampleTokens(name, encoding.input_ids.astype(np.int32), entry)
        return Tokenized(tokens, report, skipped)
