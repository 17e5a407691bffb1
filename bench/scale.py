# SPDX-License-Identifier: BSD-2-Clause
"""How much is measured: the full bench, ``--quick``, and the tiny one of the tests."""

from __future__ import annotations

from dataclasses import dataclass

from bench.runner import Pace


@dataclass(frozen=True)
class Scale:
    """Sizes of the data, and how often a tool runs.

    Attributes:
        name: ``full``, ``quick`` or ``tiny``; results of two scales are never mixed.
        pace: How often a tool runs.
        vocabulary: Regions of the vocabulary; ``databio/atacformer-base-hg38`` has 890,704.
        queries: Sizes of the query sets, ascending; the rows about one size take ``main_queries``.
        main_queries: The size that most rows take.
        hard: Regions of a workload that hurts.
        tiles: Widths of the tiles of the whole genome in base pairs.
        large_vocabularies: Sizes of the largest vocabularies.
        samples: Samples of the batches.
        fragments, cells, files: Sizes of single-cell data and of collections, ascending.
        universe_files: Files of a universe.
        growth: Regions of universes, ascending.
        rows_of_models: Tokens of the longest row of a batch of the models.
    """

    name: str
    pace: Pace
    vocabulary: int
    queries: tuple[int, ...]
    main_queries: int
    hard: int
    tiles: tuple[int, ...]
    large_vocabularies: tuple[int, ...]
    samples: int
    fragments: tuple[int, ...]
    cells: tuple[int, ...]
    files: tuple[int, ...]
    universe_files: int
    growth: tuple[int, ...]
    rows_of_models: tuple[int, ...]


FULL = Scale(
    name="full",
    pace=Pace(),
    vocabulary=890_704,
    queries=(3_000, 100_000, 1_000_000, 10_000_000),
    main_queries=1_000_000,
    hard=200_000,
    tiles=(500, 5_000),
    large_vocabularies=(10_000_000,),
    samples=1_280,
    fragments=(500_000, 5_000_000),
    cells=(100, 1_000, 10_000),
    files=(10, 100, 1_000),
    universe_files=50,
    growth=(100_000, 1_000_000, 10_000_000),
    rows_of_models=(1_024, 2_048),
)
QUICK = Scale(
    name="quick",
    pace=Pace(least=2, most=15, seconds=0.15, patience=1.0),
    vocabulary=200_000,
    queries=(3_000, 100_000),
    main_queries=100_000,
    hard=10_000,
    tiles=(50_000,),
    large_vocabularies=(),
    samples=128,
    fragments=(200_000,),
    cells=(100, 1_000),
    files=(5, 20),
    universe_files=10,
    growth=(30_000, 300_000),
    rows_of_models=(256,),
)
TINY = Scale(
    name="tiny",
    pace=Pace(least=1, most=1, seconds=0, patience=10),
    vocabulary=2_000,
    queries=(300, 3_000),
    main_queries=3_000,
    hard=500,
    tiles=(1_000_000,),
    large_vocabularies=(),
    samples=4,
    fragments=(2_000,),
    cells=(10,),
    files=(4,),
    universe_files=3,
    growth=(1_000,),
    rows_of_models=(16,),
)
SCALES = {scale.name: scale for scale in (FULL, QUICK, TINY)}
