# SPDX-License-Identifier: BSD-2-Clause
"""All overlaps of queries with a vocabulary, by each library in its fastest form.

Each tool gets the columns in the types that it wants, and its index, beforehand. What it finds is
compared as the number of hits of each vocabulary region.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.regions import Int64s, Regions
from bench.rows import OURS, Tool, load

Make = Callable[[], Regions]


def region_set(regions: Regions) -> Any:
    """Return a RegionSet of bedtok in the order of the columns."""
    narrow = regions.starts.astype(np.uint32), regions.ends.astype(np.uint32)
    return load("bedtok.models").RegionSet.from_arrays(regions.named(), *narrow)


def gtars_region_set(regions: Regions) -> Any:
    """Return a RegionSet of gtars in the order of the columns; reading a file would sort."""
    columns = (regions.named().tolist(), regions.starts.tolist(), regions.ends.tolist())
    return load("gtars.models").RegionSet.from_vectors(*columns)


def frame(regions: Regions, names: Sequence[str] = ("chrom", "start", "end")) -> Any:
    """Return a DataFrame of pandas."""
    columns = regions.named(), regions.starts, regions.ends
    return load("pandas").DataFrame(dict(zip(names, columns, strict=True)))


def ranges(regions: Regions, **columns: Any) -> Any:
    """Return the PyRanges of regions."""
    table = frame(regions, ("Chromosome", "Start", "End")).assign(**columns)
    return load("pyranges").PyRanges(table)


def polars_frame(regions: Regions, **columns: Any) -> Any:
    """Return a DataFrame of polars, marked as 0-based for polars-bio."""
    polars = load("polars")
    pb = load("polars_bio")
    pb.set_option("datafusion.execution.target_partitions", "1")
    names = polars.Series(regions.names).gather(regions.chroms)
    table = polars.DataFrame(
        {"chrom": names, "start": regions.starts, "end": regions.ends, **columns}
    )
    table.config_meta.set(coordinate_system_zero_based=True)
    return table


def array_ids(given: tuple[Any, Any]) -> Any:
    """Return bedtok's ids as an array."""
    tokenizer, regions = given
    return tokenizer(regions, return_tensors="np")["input_ids"][0]


def list_ids(given: tuple[Any, Any]) -> list[int]:
    """Return the ids of bedtok or gtars as a list."""
    tokenizer, regions = given
    ids: list[int] = tokenizer(regions)["input_ids"]
    return ids


class Finders:
    """The tools of a row about overlaps.

    Args:
        vocabulary: Returns the vocabulary, whose regions are distinct.
        queries: Returns the queries.
        bed: Returns the vocabulary's file, which gtars reads.
        tokenizer: Returns bedtok's tokenizer; None to build it from the file.
        gtars_tokenizer: The same for gtars.
    """

    def __init__(
        self,
        vocabulary: Make,
        queries: Make,
        bed: Callable[[], Path],
        tokenizer: Callable[[], Any] | None = None,
        gtars_tokenizer: Callable[[], Any] | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.queries = queries
        self.tokenizer = tokenizer or (lambda: load("bedtok").Tokenizer.from_bed(bed()))
        self.gtars_tokenizer = gtars_tokenizer or (
            lambda: load("gtars.tokenizers").Tokenizer.from_bed(str(bed()))
        )

    def tools(self, names: Sequence[str]) -> list[Tool]:
        """Return the tools of these names: bedtok and gtars, ncls, ..."""
        return [getattr(self, name.replace("-", "_"))() for name in names]

    def hits(self, ids: Any) -> Int64s:
        """Return how often each region of the vocabulary was found."""
        size = len(self.vocabulary())
        found = np.asarray(ids, dtype=np.int64)
        return np.bincount(found[found < size], minlength=size)  # <unk> stands for no hit at all

    def bedtok(self) -> Tool:
        def make() -> tuple[Any, Any]:
            return self.tokenizer(), region_set(self.queries())

        return Tool(OURS, array_ids, make, self.hits)

    def gtars(self) -> Tool:
        def make() -> tuple[Any, Any]:
            return self.gtars_tokenizer(), gtars_region_set(self.queries())

        return Tool("gtars", list_ids, make, self.hits)

    def ncls(self) -> Tool:
        def make() -> list[tuple[Any, ...]]:
            tree = load("ncls").NCLS64
            trees = {
                name: tree(*given) for name, given in self.vocabulary().by_chromosome().items()
            }
            queries = self.queries().by_chromosome()
            return [(trees[name], *given) for name, given in queries.items() if name in trees]

        def run(given: list[tuple[Any, ...]]) -> list[Any]:
            return [tree.all_overlaps_both(*columns)[1] for tree, *columns in given]

        return Tool("ncls", run, make, lambda found: self.hits(np.concatenate(found)))

    def superintervals(self) -> Tool:
        """Ends are inclusive, coordinates have 32 bits, and positions those by (start, -end)."""

        def narrow(starts: Int64s, ends: Int64s) -> tuple[Any, Any]:
            return starts.astype(np.int32), (ends - 1).astype(np.int32)

        def make() -> list[tuple[Any, ...]]:
            index = load("superintervals").IntervalMap.from_arrays
            vocabulary = {
                name: [column[np.lexsort((-ends, starts))] for column in (starts, ends, ids)]
                for name, (starts, ends, ids) in self.vocabulary().by_chromosome().items()
            }
            maps = {name: index(*narrow(s, e)) for name, (s, e, _) in vocabulary.items()}
            queries = self.queries().by_chromosome()
            return [
                (maps[name], *narrow(starts, ends), vocabulary[name][2])
                for name, (starts, ends, _) in queries.items()
                if name in maps
            ]

        def run(given: list[tuple[Any, ...]]) -> list[tuple[Any, list[list[int]]]]:
            return [
                (ids, found.search_idxs_batch(starts, ends)) for found, starts, ends, ids in given
            ]

        def answer(found: list[tuple[Any, list[list[int]]]]) -> Int64s:
            return self.hits(
                np.concatenate(
                    [
                        ids[np.array([i for some in lists for i in some], dtype=np.int64)]
                        for ids, lists in found
                    ]
                )
            )

        return Tool("superintervals", run, make, answer)

    def pyranges(self) -> Tool:
        def make() -> tuple[Any, Any]:
            vocabulary = self.vocabulary()
            return ranges(self.queries()), ranges(vocabulary, Id=np.arange(len(vocabulary)))

        def run(given: tuple[Any, Any]) -> Any:
            return given[0].join(given[1])

        return Tool("pyranges", run, make, lambda found: self.hits(found.Id))

    def bioframe(self) -> Tool:
        def make() -> tuple[Any, Any, Any]:
            return load("bioframe"), frame(self.queries()), frame(self.vocabulary())

        def run(given: tuple[Any, Any, Any]) -> Any:
            library, queries, vocabulary = given
            return library.overlap(
                queries, vocabulary, how="inner", return_index=True, return_input=False
            )

        return Tool("bioframe", run, make, lambda found: self.hits(found["index_"]))

    def polars_bio(self) -> Tool:
        def make() -> tuple[Any, Any, Any]:
            vocabulary = self.vocabulary()
            named = polars_frame(vocabulary, id=np.arange(len(vocabulary)))
            return load("polars_bio"), polars_frame(self.queries()), named

        def run(given: tuple[Any, Any, Any]) -> Any:
            library, queries, vocabulary = given
            return library.overlap(queries, vocabulary, output_type="polars.DataFrame")

        return Tool("polars-bio", run, make, lambda found: self.hits(found["id_2"].to_numpy()))
