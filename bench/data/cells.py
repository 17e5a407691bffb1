# SPDX-License-Identifier: BSD-2-Clause
"""Single cells: fragment files and a matrix of counts, near the peaks of a vocabulary."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from bench.data.regions import NAMES, Regions, compressed
from bench.rows import find, load

BARCODES = 5_000
NEAR_SHARE = 0.6  # of the fragments, near a peak of the vocabulary
PEAKS, PEAKS_OF_A_CELL = 150_000, 5_000


def write_fragments(path: Path, vocabulary: Regions, count: int, seed: int) -> Path:
    """Write fragments of up to 5,000 barcodes, sorted by position as 10x has them."""
    pa, csv = load("pyarrow"), load("pyarrow.csv")
    rng = np.random.default_rng(seed)
    near = rng.random(count) < NEAR_SHARE
    peak = rng.integers(0, len(vocabulary), count)
    offset = np.where(near, rng.normal(0, 300, count), rng.integers(-200_000, 200_000, count))
    starts = np.clip(vocabulary.starts[peak] + offset.astype(np.int64), 0, None)
    ends = starts + 30 + rng.gamma(2.0, 100.0, count).astype(np.int64)
    chroms = vocabulary.chroms[peak]
    order = np.lexsort((starts, chroms))
    barcodes = min(BARCODES, max(count // 1_000, 2))
    weights = rng.lognormal(0.0, 1.0, barcodes)
    cells = rng.choice(barcodes, count, p=weights / weights.sum())
    letters = np.array(list("ACGT"))[rng.integers(0, 4, (barcodes, 16))]
    texts = pa.array(["".join(row) + "-1" for row in letters])

    def texts_of(texts: Any, positions: Any) -> Any:
        taken = pa.DictionaryArray.from_arrays(pa.array(positions, pa.int32()), texts)
        return taken.cast(pa.string())

    table = pa.table(
        {
            "chrom": texts_of(pa.array(NAMES), chroms[order]),
            "start": starts[order],
            "end": ends[order],
            "barcode": texts_of(texts, cells[order]),
            "count": rng.integers(1, 5, count),
        }
    )
    new = path.with_name(f"new-{path.name}")
    with new.open("wb") as file:
        file.write(b"# id=bench\n# reference_path=made\n")
        options = csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
        csv.write_csv(table, file, options)
    new.rename(path)
    return path


def compress(plain: Path, path: Path, program: str) -> Path:
    """Compress a file by gzip, or in the blocks of bgzip, and return the new one."""
    new = path.with_name(f"new-{path.name}")
    if program == "gzip":
        new.write_bytes(compressed(plain.read_bytes()))
    else:
        with new.open("wb") as out:
            subprocess.run([find("bgzip"), "-c", str(plain)], stdout=out, check=True)
    new.rename(path)
    return path


def make_matrix(vocabulary: Regions, cells: int, seed: int) -> Any:
    """Return an AnnData of ``cells`` x 150,000 peaks with 5,000 non-zeros a cell, by rows."""
    ad, pd, sp = load("anndata"), load("pandas"), load("scipy.sparse")
    rng = np.random.default_rng(seed)
    count = min(PEAKS, len(vocabulary))
    present = min(PEAKS_OF_A_CELL, count // 2)
    peaks = vocabulary.take(np.sort(rng.choice(len(vocabulary), count, replace=False)))
    shift = rng.integers(0, 400, count)
    var = pd.DataFrame(
        {"chr": peaks.named(), "start": peaks.starts + shift, "end": peaks.ends + shift},
        index=[f"peak{i}" for i in range(count)],
    )
    columns = [
        np.sort(rng.choice(count, present, replace=False)).astype(np.int32) for _ in range(cells)
    ]
    indptr = np.arange(0, cells * present + 1, present)
    data = np.ones(cells * present, np.float32)
    matrix = sp.csr_matrix((data, np.concatenate(columns), indptr), shape=(cells, count))
    return ad.AnnData(matrix, obs=pd.DataFrame(index=[f"cell{i}" for i in range(cells)]), var=var)
