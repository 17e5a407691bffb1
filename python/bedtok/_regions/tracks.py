# SPDX-License-Identifier: BSD-2-Clause
"""Scored regions as tracks of a genome browser: bedGraph and bigWig."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from bedtok._checks import import_optional
from bedtok._core import ConfigError
from bedtok._files import StrPath, atomic_write, checked_path
from bedtok._regions.chrom_sizes import ChromSizes, check_chrom_sizes
from bedtok._regions.region_set import RegionSet, as_region_set

Float64s = npt.NDArray[np.float64]
Overlaps = Literal["mean", "sum"]


def write_bedgraph(
    path: StrPath, regions: object, scores: object, *, overlaps: Overlaps = "mean"
) -> None:
    """Write a bedGraph file: a line of chromosome, start, end and score for each region.

    Lines are sorted by (chromosome as bytes, start) and do not overlap, as browsers and
    ``bedGraphToBigWig`` expect: where regions overlap, each piece between two borders gets a line
    of its own. Regions of length 0 are left out.

    Args:
        path: The file, which is written atomically.
        regions: Whatever ``RegionSet`` takes.
        scores: One finite number for each region, shape (regions,).
        overlaps: The score of a piece that several regions cover: the ``"mean"`` or the ``"sum"``
            of theirs.

    Raises:
        ConfigError: There is not one score for each region, one is NaN or infinite, or
            ``overlaps`` is something else.
        OSError: The file cannot be written.

    Example:
        >>> from bedtok.io import write_bedgraph
        >>> write_bedgraph("scores.bedGraph", ["chr1:0-10", "chr1:5-20"], [1, 2])
        >>> print(open("scores.bedGraph").read(), end="")
        chr1	0	5	1
        chr1	5	10	1.5
        chr1	10	20	2
    """
    pieces, values = _pieces(regions, scores, overlaps)
    names = sorted(pieces.chrom_names, key=lambda name: name.encode("utf-8", "surrogateescape"))
    order = _order(pieces, names)
    with (
        atomic_write(checked_path(path)) as temporary,
        open(temporary, "w", encoding="utf-8", errors="surrogateescape", newline="\n") as file,
    ):
        columns = (pieces.chroms, pieces.starts, pieces.ends, values)
        for chrom, start, end, value in zip(*(column[order] for column in columns), strict=True):
            file.write(f"{chrom}\t{start}\t{end}\t{value:.7g}\n")


def write_bigwig(
    path: StrPath,
    regions: object,
    scores: object,
    chrom_sizes: ChromSizes | None,
    *,
    overlaps: Overlaps = "mean",
) -> None:
    """Write a bigWig file, which browsers read piece by piece; needs pyBigWig.

    Overlapping regions are handled as in ``write_bedgraph``. Scores have 32 bits.

    Args:
        path: The file, which is written atomically.
        regions: Whatever ``RegionSet`` takes.
        scores: One finite number for each region, shape (regions,).
        chrom_sizes: Lengths of the assembly's chromosomes: a dict such as
            ``tokenizer.chrom_sizes``, or a file such as ``hg38.chrom.sizes``.
        overlaps: As in ``write_bedgraph``.

    Raises:
        ConfigError: As ``write_bedgraph``, or a chromosome has no length or ends before a region.
        ImportError: pyBigWig is not installed.
        OSError: The file cannot be written.
    """
    pybigwig = import_optional("pyBigWig", "write_bigwig")
    sizes = check_chrom_sizes("chrom_sizes", chrom_sizes)
    pieces, values = _pieces(regions, scores, overlaps)
    for name, end in pieces.max_end_per_chrom().items():
        if name not in sizes:
            raise ConfigError(
                f"chrom_sizes: {name} is missing, expected the length of each chromosome of the "
                "regions; pass tokenizer.chrom_sizes or the file of the assembly's sizes"
            )
        if end > sizes[name]:
            raise ConfigError(
                f"chrom_sizes: {name} is {sizes[name]}, but a region ends at {end}; expected the "
                "sizes of the regions' assembly"
            )
    order = _order(pieces, list(sizes))
    with atomic_write(checked_path(path)) as temporary:
        file = pybigwig.open(temporary, "w")
        try:
            file.addHeader(list(sizes.items()))
            if len(order):
                file.addEntries(
                    pieces.chroms[order].tolist(),
                    pieces.starts[order].tolist(),
                    ends=pieces.ends[order].tolist(),
                    values=values[order].tolist(),
                )
        finally:
            file.close()


def _pieces(regions: object, scores: object, overlaps: str) -> tuple[RegionSet, Float64s]:
    """Return regions that do not overlap, and the score of each."""
    if overlaps not in ("mean", "sum"):
        raise ConfigError(f"overlaps is {overlaps!r}, expected 'mean' or 'sum'")
    given = as_region_set(regions)
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(given),):
        raise ConfigError(
            f"scores: got the shape {values.shape}, expected ({len(given)},), one for each region"
        )
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ConfigError(f"scores: that of region {bad} is {values[bad]}, expected a number")
    kept = np.flatnonzero(given.widths() > 0)
    if not kept.size:
        return given[kept], values[kept]
    given, values = given[kept], values[kept]
    pieces = given.disjoin()
    piece, source = pieces.find_overlaps(given, min_overlap=1)
    total = np.zeros(len(pieces))
    np.add.at(total, piece, values[source])
    if overlaps == "mean":
        total /= np.bincount(piece, minlength=len(pieces))
    return pieces, total


def _order(pieces: RegionSet, names: list[str]) -> npt.NDArray[np.int64]:
    """Return the order by (place of the chromosome in ``names``, start)."""
    place = {name: i for i, name in enumerate(names)}
    ranks = np.array([place.get(name, len(names)) for name in pieces.chrom_names], dtype=np.int64)
    chroms: Any = ranks[pieces.chrom_ids] if len(pieces) else ranks[:0]
    return np.lexsort((pieces.starts, chroms))
