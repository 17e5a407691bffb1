# SPDX-License-Identifier: BSD-2-Clause
"""How well universes fit samples, against counts base by base."""

from __future__ import annotations

import json
import statistics
import xml.etree.ElementTree as ET
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from bedtok import ConfigError, Error, RegionSet, Tokenizer, VocabularyError
from bedtok.universe import SampleFit, assess, build
from universe_oracles import SIZES, Interval, Sample, depth, regions_of, samples

UNIVERSE: list[Interval] = [("chr1", 0, 50), ("chr1", 60, 100), ("chr2", 0, 10), ("chr3", 5, 9)]
SAMPLE: list[Interval] = [("chr1", 40, 45), ("chr1", 46, 80), ("chr4", 0, 100)]


def merged(sample: Sample) -> list[Interval]:
    return [r for chrom in sorted(SIZES) for r in regions_of(depth([sample], chrom) > 0, chrom)]


def distance(sample: list[Interval], to: list[Interval]) -> float | None:
    """The median distance of starts to starts and ends to ends on the same chromosome."""
    found = [
        min(abs(region[border] - other[border]) for other in to if other[0] == region[0])
        for border in (1, 2)
        for region in sample
        if any(other[0] == region[0] for other in to)
    ]
    return statistics.median(found) if found else None


def test_a_sample_is_judged_by_regions_bases_and_borders() -> None:
    (fit,) = assess(RegionSet(UNIVERSE), RegionSet(SAMPLE)).samples
    assert fit == SampleFit(
        universe="universe 0",
        sample="sample 0",
        regions=3,
        hits=2,
        tokens=3,
        distinct_tokens=2,
        shared_tokens=1,
        sample_bp=139,
        universe_bp=104,
        overlap_bp=29,
        # Starts 40 and 46 to 60 (14, 20: 0 is 40 away); ends 45 and 80 to 50 and 100.
        distance_to_universe=17.0,
        # Starts 0 and 60 to 40 and 46, ends 50 and 100 to 45 and 80: 40, 14, 5, 20.
        distance_to_sample=17.0,
    )
    assert fit.hit_rate == 2 / 3
    assert (fit.recall, fit.precision) == (29 / 139, 29 / 104)
    recall, precision = fit.recall, fit.precision
    assert fit.f10 == pytest.approx(101 * recall * precision / (100 * precision + recall))


@settings(max_examples=50)
@given(samples=samples, universe=samples)
def test_bases_and_distances_are_those_of_a_count_base_by_base(
    samples: list[Sample], universe: list[Sample]
) -> None:
    regions = [region for part in universe for region in part]
    assessment = assess({"u": RegionSet(regions)}, [RegionSet(sample) for sample in samples])
    covered = {chrom: depth([regions], chrom) > 0 for chrom in SIZES}
    for fit, sample in zip(assessment.samples, samples, strict=True):
        of_sample = {chrom: depth([sample], chrom) > 0 for chrom in SIZES}
        assert fit.sample_bp == sum(int(bases.sum()) for bases in of_sample.values())
        assert fit.universe_bp == sum(int(bases.sum()) for bases in covered.values())
        both = sum(int((covered[chrom] & of_sample[chrom]).sum()) for chrom in SIZES)
        assert fit.overlap_bp == both
        distinct = list(dict.fromkeys(regions))
        assert fit.distance_to_universe == distance(merged(sample), distinct)
        assert fit.distance_to_sample == distance(distinct, merged(sample))
        pairs = [(u, s) for s in sample for u in distinct if overlap(u, s)]
        assert fit.tokens == len(pairs)
        assert fit.distinct_tokens == len({u for u, _ in pairs})
        assert fit.hits == sum(any(overlap(u, s) for u in distinct) for s in sample)


def overlap(a: Interval, b: Interval) -> bool:
    return a[0] == b[0] and a[1] < b[2] and b[1] < a[2]


def test_universes_are_summed_up_over_samples() -> None:
    others = [RegionSet(SAMPLE), RegionSet([("chr1", 5, 6)]), RegionSet([("chr9", 5, 6)])]
    assessment = assess({"a": RegionSet(UNIVERSE), "b": RegionSet([("chr1", 0, 200)])}, others)
    a, b = assessment.universes
    fits = [fit for fit in assessment.samples if fit.universe == "a"]
    assert (a.regions, a.base_pairs, a.samples, a.sample_regions, a.hits) == (4, 104, 3, 5, 3)
    assert a.hit_rate == 3 / 5
    assert a.f10 == pytest.approx(sum(fit.f10 for fit in fits) / 3)
    assert fits[2].f10 == 0.0
    assert fits[2].distance_to_universe is None
    assert a.distance_to_universe == statistics.median([17.0, (5 + 44) / 2])
    assert a.tokens == {
        f"{q:g}": float(np.quantile([3, 1, 0], q)) for q in (0, 0.05, 0.25, 0.5, 0.75, 0.95, 1)
    }
    assert assessment.region_hits["a"].tolist() == [3, 1, 0, 0]
    assert (a.unused_regions, a.shared_regions) == (2, 1)
    assert (b.unused_regions, b.shared_regions) == (0, 1)
    rows = [line.split("  ")[0] for line in str(assessment).splitlines()]
    assert rows[:6] == ["universe", "regions", "base pairs", "samples", "hit rate", "recall (bp)"]


def test_any_form_of_a_universe_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "u.bed"
    RegionSet(UNIVERSE).to_bed(path)
    universe = build(RegionSet(UNIVERSE), "union")
    forms = [path, RegionSet(UNIVERSE), Tokenizer(path), universe]
    fits = assess(forms, RegionSet(SAMPLE)).universes
    assert [fit.universe for fit in fits] == ["u", "universe 1", "universe 2", "universe 3"]
    assert len({(fit.regions, fit.hits, fit.f10) for fit in fits}) == 1
    with pytest.raises(ConfigError, match="one is given twice"):
        assess([path, path], RegionSet(SAMPLE))
    with pytest.raises(ConfigError, match="universes: there are none"):
        assess([], RegionSet(SAMPLE))
    (tmp_path / "empty.bed").write_text("")
    with pytest.raises(VocabularyError, match=r"empty: the universe has no regions"):
        assess(tmp_path / "empty.bed", RegionSet(SAMPLE))


def test_tables_and_pictures_are_written(tmp_path: Path) -> None:
    bad = tmp_path / "bad.bed"
    bad.write_text("chr1\t2\t1\n")
    good = tmp_path / "good.bed"
    RegionSet(SAMPLE).to_bed(good)
    assessment = assess(
        {"a": RegionSet(UNIVERSE), "b": RegionSet([("chr9", 0, 5)])}, [good, bad], num_threads=2
    )
    assert list(assessment.failed) == [str(bad)]
    assessment.to_tsv(tmp_path / "fit.tsv")
    header, *lines = (tmp_path / "fit.tsv").read_text().splitlines()
    rows = [dict(zip(header.split("\t"), line.split("\t"), strict=True)) for line in lines]
    assert [(row["universe"], row["sample"], row["hits"]) for row in rows] == [
        ("a", "good", "2"),
        ("b", "good", "0"),
    ]
    assert (rows[0]["distance_to_universe"], rows[1]["distance_to_universe"]) == ("17", "")
    assessment.to_json(tmp_path / "fit.json")
    content = json.loads((tmp_path / "fit.json").read_text())
    assert content["universes"][0]["hits"] == 2
    assert content["samples"][0]["f10"] == assessment.samples[0].f10
    assert list(content["failed"]) == [str(bad)]
    with pytest.raises(Error, match=r"bad\.bed:1"):
        assess(RegionSet(UNIVERSE), [good, bad], strict=True)


@pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what matplotlib imports
def test_pictures_are_the_same_at_each_run(tmp_path: Path) -> None:
    assessment = assess({"a": RegionSet(UNIVERSE), "b": RegionSet([("chr1", 0, 99)])}, [SAMPLE] * 3)
    for name in ("a.svg", "b.svg", "c.png"):
        assessment.plot(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert ET.parse(tmp_path / "a.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"fit\.xyz: expected a name that ends in \.svg"):
        assessment.plot(tmp_path / "fit.xyz")


def test_a_picture_without_matplotlib_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    assessment = assess(RegionSet(UNIVERSE), RegionSet(SAMPLE))
    with pytest.raises(ImportError, match="plot needs matplotlib: pip install matplotlib"):
        assessment.plot(tmp_path / "fit.svg")
