# SPDX-License-Identifier: BSD-2-Clause
"""Make the data of the bench of cells from a seed: fragments, a matrix of counts, many BED files.

The files lie in a folder ``cells`` beside those of make_data.py and are made when they are missing.
"""

from __future__ import annotations

import gzip
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from libraries import BenchError, load

FRAGMENTS = 5_000_000
BARCODES = 5_000
PREFIX = "donor_01_replicate_02_lane_3#"  # as merging samples puts it before their barcodes
NEAR_SHARE = 0.6  # of the fragments, near a peak of the vocabulary
CELLS, PEAKS, PEAKS_OF_A_CELL = 10_000, 150_000, 5_000
FILES, REGIONS_OF_A_FILE = 1_000, 30_000
RECIPE = 2  # counted up when the code below makes other data from the same seed


@dataclass(frozen=True)
class CellFiles:
    """Where the files lie."""

    folder: Path

    @property
    def plain(self) -> Path:
        return self.folder / "fragments.tsv"

    @property
    def gzip(self) -> Path:
        return self.folder / "fragments.tsv.gz"

    @property
    def prefixed(self) -> Path:
        """Those of ``gzip``, whose barcodes all begin with the same 29 letters."""
        return self.folder / "fragments.prefixed.tsv.gz"

    @property
    def bgzip(self) -> Path:
        return self.folder / "fragments.bgz.tsv.gz"

    @property
    def beds(self) -> list[Path]:
        return [self.folder / "beds" / f"sample{i:04d}.bed" for i in range(FILES)]


def make_fragments(files: CellFiles, regions: Any, rng: np.random.Generator) -> None:
    """Write 5,000,000 fragments of 5,000 barcodes, sorted by position, as 10x has them."""
    near = rng.random(FRAGMENTS) < NEAR_SHARE
    peak = rng.integers(0, len(regions), FRAGMENTS)
    anchor = regions.starts[peak].astype(np.int64)
    offset = np.where(
        near,
        rng.normal(0, 300, FRAGMENTS),
        rng.integers(-200_000, 200_000, FRAGMENTS),
    )
    starts = np.clip(anchor + offset.astype(np.int64), 0, None)
    ends = starts + 30 + rng.gamma(2.0, 100.0, FRAGMENTS).astype(np.int64)
    chroms = regions.chrom_ids[peak]
    order = np.lexsort((starts, chroms))
    weights = rng.lognormal(0.0, 1.0, BARCODES)
    cells = rng.choice(BARCODES, FRAGMENTS, p=weights / weights.sum())
    letters = np.array(list("ACGT"))[rng.integers(0, 4, (BARCODES, 16))]
    barcodes = ["".join(row) + "-1" for row in letters]
    names = regions.chrom_names
    counts = rng.integers(1, 5, FRAGMENTS)
    with files.plain.open("w") as file:
        file.write("# id=bench\n# reference_path=made\n")
        for part in np.array_split(order, 20):
            rows = zip(
                chroms[part].tolist(),
                starts[part].tolist(),
                ends[part].tolist(),
                cells[part].tolist(),
                counts[part].tolist(),
                strict=True,
            )
            file.writelines(f"{names[c]}\t{s}\t{e}\t{barcodes[b]}\t{n}\n" for c, s, e, b, n in rows)


def make_cells(folder: Path, regions: Any, seed: int) -> CellFiles:
    """Make the files unless they are there; ``regions`` is the vocabulary.

    Raises:
        BenchError: bgzip is not installed.
    """
    files = CellFiles(folder / "cells")
    done = files.folder / f"done-{seed}-{RECIPE}"
    if done.exists():
        return files
    rng = np.random.default_rng(seed)
    (files.folder / "beds").mkdir(parents=True, exist_ok=True)
    make_fragments(files, regions, rng)
    with files.plain.open("rb") as text:
        files.gzip.write_bytes(gzip.compress(text.read(), compresslevel=6, mtime=0))
    with files.plain.open() as lines, gzip.open(files.prefixed, "wt", compresslevel=6) as out:
        for line in lines:
            fields = line.split("\t")
            if len(fields) == 5:
                fields[3] = PREFIX + fields[3]
            out.write("\t".join(fields))
    try:
        with files.bgzip.open("wb") as out:
            subprocess.run(["bgzip", "-c", str(files.plain)], stdout=out, check=True)
    except OSError as error:
        raise BenchError(f"bgzip: {error}; it is in Debian's package tabix") from error
    models = load("bedtok.models")
    for path in files.beds:
        chosen = regions[np.sort(rng.choice(len(regions), REGIONS_OF_A_FILE, replace=False))]
        shift = rng.integers(0, 400, REGIONS_OF_A_FILE)
        models.RegionSet.from_arrays(
            chosen.chroms, chosen.starts + shift, chosen.ends + shift
        ).to_bed(path)
    done.touch()  # last: a run that is cut short starts over
    return files


def make_matrix(regions: Any, seed: int) -> Any:
    """Return an AnnData of 10,000 cells x 150,000 peaks with 5,000 non-zeros each."""
    ad, pd, sp = load("anndata"), load("pandas"), load("scipy.sparse")
    rng = np.random.default_rng(seed + 1)
    peaks = regions[np.sort(rng.choice(len(regions), PEAKS, replace=False))]
    shift = rng.integers(0, 400, PEAKS)
    var = pd.DataFrame(
        {"chr": peaks.chroms, "start": peaks.starts + shift, "end": peaks.ends + shift},
        index=[f"peak{i}" for i in range(PEAKS)],
    )
    columns = [
        np.sort(rng.choice(PEAKS, PEAKS_OF_A_CELL, replace=False)).astype(np.int32)
        for _ in range(CELLS)
    ]
    indptr = np.arange(0, CELLS * PEAKS_OF_A_CELL + 1, PEAKS_OF_A_CELL)
    data = np.ones(CELLS * PEAKS_OF_A_CELL, np.float32)
    matrix = sp.csr_matrix((data, np.concatenate(columns), indptr), shape=(CELLS, PEAKS))
    obs = pd.DataFrame(index=[f"cell{i}" for i in range(CELLS)])
    return ad.AnnData(matrix, obs=obs, var=var)
