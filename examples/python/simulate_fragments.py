# SPDX-License-Identifier: BSD-2-Clause
"""Write simulated cells as a pipeline and an annotator would give them: the data of a tutorial.

    python simulate_fragments.py [FOLDER]

FOLDER, by default the current one, receives peaks.bed; fragments/donor1.fragments.tsv.gz and two
more, with a line for each fragment of a cell; and labels.tsv with the types of the cells of donor1
and donor2. Nobody has labelled those of donor3.
"""

import gzip
import sys
from pathlib import Path

import numpy as np

from bedtok import RegionSet
from simulated_cells import simulate

CELLS = 1500
MISSES = 0.3  # share of fragments that lie between the peaks


def write_data(folder: Path, num_cells: int = CELLS) -> None:
    """Write peaks, fragments and labels of cells to a folder, which is made."""
    cells = simulate(num_cells, seed=1)
    donors = cells.obs["batch"].str.replace("batch ", "donor").to_numpy()
    (folder / "fragments").mkdir(parents=True, exist_ok=True)
    peaks = RegionSet(cells.var)
    peaks.to_bed(folder / "peaks.bed")

    rng = np.random.default_rng(0)
    bases = rng.choice(list("ACGT"), size=(num_cells, 16))
    barcodes = ["".join(row) + "-1" for row in bases]
    for donor in sorted(set(donors)):
        path = folder / "fragments" / f"{donor}.fragments.tsv.gz"
        with gzip.open(path, "wt", encoding="utf-8") as file:
            for i in np.flatnonzero(donors == donor):
                for peak in peaks[cells.X[i].indices]:
                    start = peak.start + rng.integers(0, 200)
                    print(peak.chrom, start, start + 150, barcodes[i], 1, sep="\t", file=file)
                    if rng.random() < MISSES:  # in the gap behind the peak
                        print(
                            *(peak.chrom, peak.end + 100, peak.end + 250, barcodes[i], 1),
                            sep="\t",
                            file=file,
                        )
    with open(folder / "labels.tsv", "w", encoding="utf-8") as file:
        print("sample", "barcode", "label", sep="\t", file=file)
        for donor, barcode, label in zip(donors, barcodes, cells.obs["cell_type"], strict=True):
            if donor != "donor3":
                print(donor, barcode, label, sep="\t", file=file)


if __name__ == "__main__":
    write_data(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
