# SPDX-License-Identifier: BSD-2-Clause
"""One file with cells to shards: what every engine of ``tokenize_cells`` runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bedtok._files import local_file
from bedtok._ragged import Int64s, distinct_values, take_rows
from bedtok._regions.anndata_relatives import Part
from bedtok._regions.h5ad import is_hdf5, open_h5ad
from bedtok._regions.selection import RegionSelection
from bedtok._tokenization.cell_metadata import (
    N_TOKENS,
    SAMPLE,
    columns_of,
    take_metadata,
    with_tokens,
)
from bedtok._tokenization.cell_names import among, constant_texts, prefixed_names, text_column
from bedtok._tokenization.cells import CellIds, cells_of_file, cells_of_part
from bedtok._tokenization.options import merge_mapping
from bedtok.io.cell_choice import CellChoice
from bedtok.io.cell_shards import make_shards
from bedtok.io.entries import CellsEntry, SourceFile
from bedtok.io.tokenized import CellRange, Skipped, Tokenized
from bedtok.tokenizers import Tokenizer


class _Span(NamedTuple):
    """The cells of a sample that a job looks at, of ``total``."""

    first: int
    stop: int
    total: int


@dataclass(frozen=True)
class CellTokenizer:
    """Tokenizes the cells of fragment files and .h5ad files.

    Attributes:
        tokenizer: Its options say how regions are mapped.
        digest: That of the tokenizer and of the selection.
        choice: Which cells, and what of them.
        selection: The fragments and peaks that count.
        names_given: Whether the sample's name goes before ``obs["sample"]``.
        samples_per_shard: The most cells of a shard.
        num_threads: Threads for each file.
        jobs_per_task: Results are large.
    """

    tokenizer: Tokenizer
    digest: str
    choice: CellChoice
    selection: RegionSelection
    names_given: bool
    samples_per_shard: int
    num_threads: int = 1
    jobs_per_task: ClassVar[int] = 1

    def with_threads(self, num_threads: int) -> CellTokenizer:
        """Return the same with so many threads for each file."""
        return replace(self, num_threads=num_threads)

    def __call__(self, sample: str, path: str, cells: CellRange | None = None) -> Tokenized:
        """Return the shards of a file, or of some of its cells."""
        with local_file(path) as file:
            # Before it is read: a later change is noticed by the next run.
            source = SourceFile.of(path, file) if cells is None else cells.source
            if is_hdf5(file):
                found, positions, span = self._anndata(sample, file, cells)
            else:
                found = self._fragments(sample, file)
                positions = np.arange(len(found.names))
                span = _Span(0, len(positions), len(positions))
        assert found.report is not None
        columns = with_tokens(
            {name: v for name, v in columns_of(found.metadata).items() if name != N_TOKENS},
            np.diff(found.offsets),
        )
        names = prefixed_names(found.names, text_column(columns[SAMPLE]))
        named = found._replace(names=names, metadata=columns)
        entries = self._entries(source, named, positions, span)
        shards = make_shards(named, sample, entries, self.tokenizer, self.digest)
        ids = distinct_values(found.values, self.tokenizer.vocab_size)
        skipped = Skipped(found.skipped_lines, found.skipped_text)
        return Tokenized(sample, shards, ids, found.report, found.warning, skipped)

    def _fragments(self, sample: str, path: str) -> CellIds:
        on_miss = {"on_miss": self.choice.on_miss}
        options = merge_mapping(self.tokenizer.options, on_miss, "tokenize_cells")
        choice = self.choice.of_fragments(sample, self.selection.excluded)
        core = self.tokenizer._core
        return cells_of_file(core, path, options, self.num_threads, sample, choice)

    def _anndata(
        self, sample: str, path: str, cells: CellRange | None
    ) -> tuple[CellIds, Int64s, _Span]:
        """Return cells, their positions in the file, and the range that they were chosen from."""
        with open_h5ad(path) as adata:
            first, stop = (0, adata.n_obs) if cells is None else (cells.first, cells.stop)
            rows = np.arange(first, stop)
            found = cells_of_part(
                self.tokenizer._core,
                Part(adata, obs=self._obs(adata)),
                self.tokenizer.options,
                self.num_threads,
                self.choice.layer,
                rows,
                self.choice.threshold,
                self.selection,
            )
            total = int(adata.n_obs)
        metadata = columns_of(found.metadata)
        if self.names_given or SAMPLE not in metadata:
            others = {name: values for name, values in metadata.items() if name != SAMPLE}
            metadata = {SAMPLE: constant_texts(sample, len(rows)), **others}
        else:
            metadata = {**metadata, SAMPLE: text_column(metadata[SAMPLE])}
        kept = self._kept(np.diff(found.offsets))
        if (barcodes := self.choice.barcodes_of(sample)) is not None:
            chosen = among(found.names, metadata[SAMPLE].tolist(), barcodes)
            kept = kept[chosen[kept]]
        if len(kept) < len(rows):
            values, offsets = take_rows(found.values, found.offsets, kept)
            names = [found.names[i] for i in kept.tolist()]
            metadata = take_metadata(metadata, kept)
            found = found._replace(values=values, offsets=offsets, names=names)
        span = _Span(first, stop, total)
        return found._replace(metadata=metadata), kept + first, span

    def _obs(self, adata: Any) -> Any:
        """Return the columns of ``obs`` that come along."""
        if self.choice.obs_columns is None:
            return adata.obs
        # A column that this file lacks is empty, so that all files have the same ones.
        wanted = [SAMPLE] if SAMPLE in adata.obs else []
        wanted += [name for name in self.choice.obs_columns if name not in wanted]
        return adata.obs.reindex(columns=wanted)

    def _kept(self, lengths: Int64s) -> Int64s:
        """Return the positions of the cells with as many tokens as are asked for."""
        kept = lengths >= self.choice.min_tokens
        if self.choice.max_tokens is not None:
            kept &= lengths <= self.choice.max_tokens
        return np.flatnonzero(kept)

    def _entries(
        self, source: SourceFile, cells: CellIds, positions: Int64s, span: _Span
    ) -> Sequence[CellsEntry]:
        """Return the entries of the shards of cells."""
        assert cells.report is not None
        report = cells.report
        entries = []
        start = span.first
        for first in range(0, len(positions), self.samples_per_shard):
            last = min(first + self.samples_per_shard, len(positions))
            stop = span.stop if last == len(positions) else int(positions[last])
            tokens = int(cells.offsets[last] - cells.offsets[first])
            entries.append(
                CellsEntry(
                    *source,
                    regions=report.regions,
                    hits=report.hits,
                    tokens=tokens,
                    cells=last - first,
                    first=start,
                    stop=stop,
                    total=span.total,
                )
            )
            start = stop
        return entries
