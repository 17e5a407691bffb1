# SPDX-License-Identifier: BSD-2-Clause
"""Universes against geniml 0.8.4, and against bedtools on real peaks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from bedtok import RegionSet
from bedtok.universe import Universe, build
from universe_oracles import Interval, Sample

SIZE = 3000  # of the chromosome that geniml gets


def tuples(universe: Universe) -> list[Interval]:
    return [(region.chrom, region.start, region.end) for region in universe.regions]


def random_samples(seed: int, count: int = 8) -> list[Sample]:
    """Disjoint regions in each sample: geniml counts regions, not samples."""
    random = np.random.default_rng(seed)
    found: list[Sample] = []
    for _ in range(count):
        borders = np.sort(random.choice(SIZE, size=24, replace=False)).tolist()
        found.append([("chr1", a, b) for a, b in zip(borders[::2], borders[1::2], strict=True)])
    return found


def coverage(samples: list[Sample]) -> npt.NDArray[np.float64]:
    track = np.zeros(SIZE)
    for sample in samples:
        for _, start, end in sample:
            track[start:end] += 1
    return track


# ---- geniml


class Track:
    """What geniml asks of a bigWig file."""

    def __init__(self, values: npt.NDArray[np.float64]) -> None:
        self._values = values

    def chroms(self, chrom: str | None = None) -> Any:
        return {"chr1": SIZE} if chrom is None else SIZE

    def values(self, chrom: str, start: int, end: int, numpy: bool = False) -> Any:
        return self._values[start:end].copy()

    def close(self) -> None:
        pass


@pytest.fixture
def geniml(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """geniml's modules by name, and under ``track`` the values of its coverage file."""
    models = os.environ.get("BEDTOK_GENIML_MODELS")
    if find_spec("geniml") is None and models is not None:
        monkeypatch.syspath_prepend(str(Path(models).parent / "geniml"))
    if find_spec("geniml") is None:
        pytest.skip("needs geniml: pip install --no-deps geniml==0.8.4")
    before = set(sys.modules)
    found: dict[str, Any] = {}
    # It reads whole chromosomes from bigWig files, which need a library with a C compiler.
    big_wig = types.ModuleType("pyBigWig")
    big_wig.numpy = 1  # type: ignore[attr-defined]
    big_wig.open = lambda path: Track(found["track"])  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyBigWig", big_wig)
    for name in ("cc_universe", "ccf_universe"):
        found[name] = import_module(f"geniml.universe.{name}")
    yield found
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "geniml":
            del sys.modules[name]


def geniml_regions(geniml: dict[str, Any], samples: list[Sample], **options: Any) -> list[Interval]:
    path = Path(options.pop("path"))
    path.unlink(missing_ok=True)
    geniml["track"] = coverage(samples)
    geniml["cc_universe"].cc_universe("folder", str(path), **options)
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [(chrom, int(start), int(end)) for chrom, start, end in rows]


@pytest.mark.parametrize("seed", range(4))
def test_coverage_is_that_of_geniml(geniml: dict[str, Any], tmp_path: Path, seed: int) -> None:
    samples = random_samples(seed)
    sets = [RegionSet(sample) for sample in samples]
    sizes = {"chr1": SIZE}
    path = tmp_path / "cc.bed"
    assert tuples(build(sets, chrom_sizes=sizes)) == geniml_regions(geniml, samples, path=path)
    for cutoff in (1, 3, 5):
        expected = geniml_regions(geniml, samples, path=path, cutoff=cutoff)
        assert tuples(build(sets, "coverage", min_samples=cutoff)) == expected
        # Two neighbouring bases count as 1 apart there, and "closer than": 12 is a gap of 10 bp.
        merged = geniml_regions(geniml, samples, path=path, cutoff=cutoff, merge=12, filter_size=40)
        ours = build(sets, "coverage", min_samples=cutoff, max_gap=10, min_width=40)
        assert tuples(ours) == merged


def test_coverage_different_on_purpose_from_geniml(geniml: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "cc.bed"
    samples: list[Sample] = [[("chr1", 0, 90), ("chr1", 100, 180)], [("chr1", 50, 120)]]
    sets = [RegionSet(sample) for sample in samples]
    # A minimum width without merging makes each base a region of its own there, all too short.
    assert geniml_regions(geniml, samples, path=path, cutoff=1, filter_size=50) == []
    ours = build(sets, "coverage", min_samples=1, min_width=50)
    assert tuples(ours) == [("chr1", 0, 180)]
    # Overlapping regions of one sample count twice there: here a sample counts once.
    overlapping: list[Sample] = [[("chr1", 0, 90), ("chr1", 50, 100)]]
    twice = geniml_regions(geniml, overlapping, path=path, cutoff=2)
    assert twice == [("chr1", 50, 90)]
    with pytest.warns(UserWarning, match="the universe has no regions"):
        assert tuples(build(RegionSet(overlapping[0]), "coverage", min_samples=2)) == []


def test_the_last_region_is_filtered_by_size_in_geniml_too(
    geniml: dict[str, Any], tmp_path: Path
) -> None:
    samples: list[Sample] = [[("chr1", 0, 90), ("chr1", 200, 210)]]
    path = tmp_path / "cc.bed"
    found = geniml_regions(geniml, samples, path=path, cutoff=1, merge=2, filter_size=50)
    assert found == [("chr1", 0, 90)]
    assert tuples(build(RegionSet(samples[0]), "coverage", min_width=50)) == found


@pytest.mark.parametrize("seed", range(4))
def test_flexible_regions_are_those_of_geniml(
    geniml: dict[str, Any], tmp_path: Path, seed: int
) -> None:
    samples = random_samples(seed, 30)
    geniml["track"] = coverage(samples)
    path = tmp_path / "ccf.bed"
    geniml["ccf_universe"].ccf_universe("folder", str(path))
    theirs = [line.split("\t") for line in path.read_text().splitlines()]
    universe = build([RegionSet(s) for s in samples], "flexible", chrom_sizes={"chr1": SIZE})
    assert len(universe) > 3
    ours = {}
    for line in universe.lines:
        _, _, _, core_start, core_end = (line.rest or "").split("\t")
        ours[line.start, line.end] = int(core_start), int(core_end)
    for row in theirs:
        core_start, core_end = ours.pop((int(row[1]), int(row[2])))
        # Different on purpose: there a core names its last base, and one that begins or ends with
        # its region is moved by one; here it is half-open, as the region is.
        assert int(row[6]) - core_start in (0, 1)
        assert core_end - int(row[7]) in (1, 2)
    # Different on purpose: regions whose core is one base are left out there, but for the last.
    assert all(end - start <= 3 for start, end in ours.values())


# ---- bedtools


@pytest.fixture(scope="module")
def peaks(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Real peaks of one assembly, sorted and disjoint in each file, as bedtools asks for."""
    if shutil.which("bedtools") is None:
        pytest.skip("needs bedtools")
    folder = tmp_path_factory.mktemp("peaks")
    names = [
        "peaks/bedboss_peaks_hg38.narrowPeak.gz",
        "peaks/pbmc_multiome3k_peaks_hg38.bed.gz",
        "formats/macs3_chr22.broadPeak",
    ]
    found = []
    for i, name in enumerate(names):
        path = folder / f"s{i}.bed"
        RegionSet.from_bed(real_data / name).to_bed(folder / "all.bed")
        path.write_text(bedtools(f"cut -f1-3 {folder}/all.bed | bedtools merge -i -"))
        found.append(path)
    return found


def bedtools(command: str) -> str:
    return subprocess.run(
        ["sh", "-c", command],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "LC_ALL": "C"},
    ).stdout


def text_of(universe: Universe) -> str:
    return "".join(f"{c}\t{s}\t{e}\n" for c, s, e in tuples(universe))


def test_real_peaks_give_the_union_of_bedtools(peaks: list[Path]) -> None:
    files = " ".join(map(str, peaks))
    for gap in (0, 150):
        expected = bedtools(f"cat {files} | sort -k1,1 -k2,2n | bedtools merge -d {gap} -i -")
        assert text_of(build(peaks, "union", max_gap=gap)) == expected


def test_real_peaks_give_the_coverage_of_bedtools(peaks: list[Path], tmp_path: Path) -> None:
    # One short chromosome: bedtools counts base by base.
    files = []
    for path in peaks:
        files.append(tmp_path / path.name)
        files[-1].write_text(bedtools(f"grep -w chr22 {path}"))
    names = " ".join(map(str, files))
    genome = tmp_path / "sizes"
    genome.write_text("chr22\t50818468\n")
    for least in (2, 3):
        expected = bedtools(
            f"bedtools multiinter -i {names} | awk '$4 >= {least}' | cut -f1-3 |"
            " bedtools merge -i -"
        )
        assert expected
        assert text_of(build(files, "coverage", min_samples=least)) == expected
        depth = bedtools(
            f"cat {names} | sort -k1,1 -k2,2n | bedtools genomecov -bg -i - -g {genome} |"
            f" awk '$4 >= {least}' | cut -f1-3 | bedtools merge -i -"
        )
        assert depth == expected


def test_scores_and_exclusion_are_those_of_bedtools(peaks: list[Path], tmp_path: Path) -> None:
    blacklist = tmp_path / "blacklist.bed"
    blacklist.write_text("chr1\t0\t2000000\nchr22\t20000000\t30000000\n")
    universe = build(peaks, "union", exclude=blacklist, output=tmp_path / "u.bed")
    build(peaks, "union", output=tmp_path / "all.bed")
    expected = bedtools(f"bedtools intersect -v -a {tmp_path}/all.bed -b {blacklist}")
    assert (tmp_path / "u.bed").read_text() == expected
    counts = np.zeros(len(universe), dtype=np.int64)
    for path in peaks:
        hits = bedtools(f"bedtools intersect -u -a {tmp_path}/u.bed -b {path} | cut -f1-3")
        place = {key: i for i, key in enumerate(text_of(universe).splitlines())}
        counts[[place[line] for line in hits.splitlines()]] += 1
    assert universe.scores.tolist() == counts.tolist()
