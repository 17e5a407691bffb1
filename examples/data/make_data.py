# SPDX-License-Identifier: BSD-2-Clause
"""Make the data of the examples: a small vocabulary and the peaks of one sample.

    python examples/data/make_data.py

Positions are random, from a fixed seed; chromosome lengths are those of hg38. Three quarters of the
sample's peaks lie near a vocabulary region, as real peaks do; the others lie further away.
"""

import random
from pathlib import Path

CHROMS = {"chr1": 248_956_422, "chr2": 242_193_529, "chr17": 83_257_441, "chrX": 156_040_895}
FOLDER = Path(__file__).resolve().parent


def main() -> None:
    rng = random.Random(20)
    vocabulary: list[tuple[str, int, int]] = []
    for chrom, length in CHROMS.items():
        for slot in sorted(rng.sample(range(length // 20_000), 250)):
            start = slot * 20_000 + rng.randrange(10_000)
            vocabulary.append((chrom, start, start + rng.randrange(200, 1_500)))

    sample = []
    for chrom, start, end in rng.sample(vocabulary, 400):
        shift = rng.randrange(-400, 400) if rng.random() < 0.75 else rng.randrange(5_000, 9_000)
        sample.append((chrom, max(0, start + shift), end + shift))
    sample.sort()

    for name, regions in (("universe.bed", vocabulary), ("sample.bed", sample)):
        lines = (f"{chrom}\t{start}\t{end}\n" for chrom, start, end in regions)
        (FOLDER / name).write_text("".join(lines))


if __name__ == "__main__":
    main()
