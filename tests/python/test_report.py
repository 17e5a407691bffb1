# SPDX-License-Identifier: BSD-2-Clause
"""Reports of collections: their numbers, from files and from folders of tokens; MultiQC."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedtok import ConfigError, Error, RegionSet, Tokenizer
from bedtok.io import tokenize_files
from bedtok.report import CollectionReport
from bedtok.report.assemblies import fit_assemblies, known_assemblies, likely_assemblies
from bedtok.report.outliers import find_outliers, modified_z_scores
from bedtok.report.similarity import cluster, jaccard

UNIVERSE = [(f"chr{c}", 1000 * i, 1000 * i + 500) for c in (1, 2, 10) for i in range(100)]


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer.from_regions(UNIVERSE)


def write_samples(folder: Path, count: int, regions: int = 60) -> list[Path]:
    """Write BED files of which some regions miss, the first one on a chromosome that is unknown."""
    rng = np.random.default_rng(1)
    paths = []
    for k in range(count):
        lines = ["chr7\t1\t9\n"] if k == 0 else []
        for _ in range(regions):
            start = 1000 * int(rng.integers(100)) + (400 if rng.random() < 0.8 else 600)
            lines.append(f"chr{(1, 2, 10)[int(rng.integers(3))]}\t{start}\t{start + 50}\n")
        paths.append(folder / f"s{k}.bed")
        paths[-1].write_text("".join(lines))
    return paths


def columns(report: CollectionReport) -> list[dict[str, Any]]:
    return [sample.to_dict() for sample in report.samples]


def test_a_report_has_the_counts_of_the_tokenizer(tmp_path: Path, tokenizer: Tokenizer) -> None:
    paths = write_samples(tmp_path, 3)
    report = CollectionReport.from_files(paths, tokenizer, vocabulary="own")
    assert [sample.sample for sample in report.samples] == ["s0", "s1", "s2"]
    rates: dict[str, list[float]] = {}
    for sample, path in zip(report.samples, paths, strict=True):
        own = tokenizer.report(RegionSet(path))
        assert (sample.regions, sample.hits, sample.tokens) == (own.regions, own.hits, own.tokens)
        assert sample.hit_rate == own.hit_rate
        for chrom in own.chroms:
            rates.setdefault(chrom.chrom, []).append(chrom.hits / chrom.regions)
    assert [chrom.chrom for chrom in report.chroms] == ["chr1", "chr2", "chr7", "chr10"]
    for chrom in report.chroms:
        assert chrom.samples == len(rates[chrom.chrom])
        assert chrom.hit_rates == tuple(np.quantile(rates[chrom.chrom], (0.05, 0.5, 0.95)))
        assert chrom.known == (chrom.chrom != "chr7")
    together = tokenizer.report([RegionSet(path) for path in paths])
    assert (report.regions, report.hit_rate) == (together.regions, together.hit_rate)
    text = str(report)
    assert "s2" in text and f"{report.samples[2].hit_rate:.1%}" in text


def test_a_bad_file_is_listed_and_all_bad_files_are_an_error(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    good, bad = write_samples(tmp_path, 2)
    bad.write_text("chr1\t9\t5\n")
    report = CollectionReport.from_files([good, bad], tokenizer)
    assert [sample.sample for sample in report.samples] == ["s0"]
    assert report.failed == {str(bad): f"{bad}:1: end 5 is before start 9"}
    with pytest.raises(Error, match=r"no sample could be read; .*end 5 is before start 9"):
        CollectionReport.from_files([bad], tokenizer)
    with pytest.raises(Error, match="end 5 is before start 9"):
        CollectionReport.from_files([good, bad], tokenizer, strict=True)
    with pytest.raises(ConfigError, match="paths: there are none, expected at least one BED file"):
        CollectionReport.from_files([], tokenizer)
    with pytest.raises(ConfigError, match="similarity_samples is -1, expected 0 or more"):
        CollectionReport.from_files([good], tokenizer, similarity_samples=-1)


def test_lines_that_are_left_out_are_counted(tmp_path: Path, tokenizer: Tokenizer) -> None:
    path = tmp_path / "a.bed"
    path.write_text("chr1\t0\t50\nchr1\t9\t5\n")
    report = CollectionReport.from_files([path], tokenizer, on_error="skip")
    assert (report.samples[0].regions, report.samples[0].skipped_lines) == (1, 1)
    with pytest.warns(UserWarning, match="end 5 is before start 9"):
        CollectionReport.from_files([path], tokenizer, on_error="warn")


@pytest.mark.parametrize("format", ["parquet", "npz", "gtok"])
def test_a_folder_of_tokens_gives_the_report_of_its_files(
    tmp_path: Path, tokenizer: Tokenizer, format: Any
) -> None:
    if format == "parquet":
        pytest.importorskip("pyarrow")
    paths = write_samples(tmp_path, 7)
    folder = tmp_path / "tokens"
    tokenize_files(paths, tokenizer, output_dir=folder, format=format, samples_per_shard=3)
    of_files = CollectionReport.from_files(paths, tokenizer)
    report = CollectionReport.from_folder(folder, tokenizer)
    assert report.title == "tokens" and report.files_read == 7
    assert columns(report) == columns(of_files)
    assert report.chroms == of_files.chroms and report.assemblies == of_files.assemblies
    assert report.similarity is not None and of_files.similarity is not None
    assert report.similarity.samples == of_files.similarity.samples
    assert np.array_equal(report.similarity.jaccard, of_files.similarity.jaccard)

    alone = CollectionReport.from_folder(folder)
    assert alone.files_read == 0 and not alone.chroms and not alone.assemblies
    assert [s.assemblies for s in alone.samples] == [None] * 7
    assert [s.hits for s in alone.samples] == [s.hits for s in of_files.samples]


def test_only_some_files_are_read_and_none_that_has_changed(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    paths = write_samples(tmp_path, 6)
    folder = tmp_path / "tokens"
    tokenize_files(paths, tokenizer, output_dir=folder, format="npz")
    some = CollectionReport.from_folder(folder, tokenizer, files_read=2, similarity_samples=3)
    assert some.files_read == 2 and sum(s.assemblies is not None for s in some.samples) == 2
    assert some.similarity is not None and len(some.similarity.samples) == 3
    again = CollectionReport.from_folder(folder, tokenizer, files_read=2, similarity_samples=3)
    assert again.to_dict() == some.to_dict()
    paths[0].write_text("chr1\t0\t50\n")
    paths[1].unlink()
    report = CollectionReport.from_folder(folder, tokenizer)
    assert report.files_read == 4
    assert [s.assemblies is None for s in report.samples] == [True, True, *[False] * 4]


def test_a_folder_of_another_tokenizer_or_of_none_is_refused(
    tmp_path: Path, tokenizer: Tokenizer
) -> None:
    folder = tmp_path / "tokens"
    tokenize_files(
        write_samples(tmp_path, 2), tokenizer, output_dir=folder, format="npz", unique=True
    )
    with pytest.raises(ConfigError, match=r"was written with tokenizer_digest .* that it was writ"):
        CollectionReport.from_folder(folder, tokenizer)
    assert CollectionReport.from_folder(folder, tokenizer, unique=True).files_read == 2
    with pytest.raises(ConfigError, match=r"has no tokens_manifest\.parquet or \.json, expected"):
        CollectionReport.from_folder(tmp_path)
    with pytest.raises(FileNotFoundError):
        CollectionReport.from_folder(tmp_path / "missing")
    (folder / "tokens_manifest.json").write_text("[]")
    with pytest.raises(ConfigError, match="is not a manifest of tokens"):
        CollectionReport.from_folder(folder)


# ---- outliers


def test_scores_are_distances_in_robust_deviations() -> None:
    # Median 3, absolute deviations 2 1 0 1 97 with median 1.
    scores = modified_z_scores(np.array([1.0, 2, 3, 4, 100]), 1e-9)
    assert scores == pytest.approx(np.array([-2, -1, 0, 1, 97]) / 1.4826)
    assert modified_z_scores(np.array([0.5, 0.5, 0.6]), 0.05) == pytest.approx([0, 0, 2])


def test_outliers_are_named_with_the_reason() -> None:
    rates = np.array([0.9, 0.91, 0.92, 0.9, 0.91, 0.2])
    tokens = np.array([1000.0, 1010, 990, 1005, 10**6, 1000])
    found = find_outliers(rates, tokens)
    assert found.keys() == {4, 5}
    assert found[4].startswith("many tokens (z +") and found[5].startswith("low hit rate (z -")
    assert find_outliers(rates[:4], tokens[:4]) == {}
    few = find_outliers(np.array([0.9] * 4), np.array([1.0, 1, 1, 10**9]))
    assert few == {}  # of four samples none is far from the others
    assert find_outliers(np.full(9, 0.9), np.full(9, 100.0)) == {}


# ---- assemblies


def likely(*regions: tuple[str, int, int]) -> list[str]:
    core = RegionSet(list(regions))._core
    return likely_assemblies(fit_assemblies(core), len(core))


def test_the_likely_assembly_has_the_fewest_regions_outside() -> None:
    assert known_assemblies()["hg38"]["1"] == 248_956_422
    everywhere = [("chr1", 10**6, 10**6 + 9), ("chr22", 5 * 10**7, 5 * 10**7 + 9)]
    # chr17 is 2 Mb longer in hg38 than in hg19, chr19 0.5 Mb shorter; hs1's are longer than both.
    assert likely(*everywhere, ("chr17", 83_000_000, 83_000_100)) == ["hg38", "hs1"]
    long_in_38 = ("chr18", 80_000_000, 80_000_100), ("chr21", 46_500_000, 46_500_100)
    assert likely(*everywhere, *long_in_38) == ["hg38"]
    assert likely(*everywhere, ("chr21", 48_000_000, 48_000_100)) == ["hg19"]
    assert likely(
        ("21", 48_000_000, 48_000_100), ("Y", 5, 9), ("MT", 1, 2), ("GL000194.1", 1, 2)
    ) == ["hg19"]
    # chr1 ends at 195.15 Mb in mm39, at 195.47 Mb in mm10; chr13 earlier in mm9 and in hg38.
    mouse = ("chr1", 195_400_000, 195_400_100), ("chr13", 120_400_000, 120_400_100)
    assert likely(*mouse) == ["mm10"]
    assert likely(("chr2L", 1, 100), ("chr3R", 5, 90)) == ["dm6"]
    assert likely(("scaffold", 1, 2)) == []
    assert likely() == []


def test_regions_outside_are_counted_one_by_one() -> None:
    rng = np.random.default_rng(0)
    ends = rng.integers(10**6, 260 * 10**6, 500)
    names = [f"chr{c}" for c in rng.choice([1, 2, 21, 99], 500)]
    core = RegionSet([(n, int(e) - 9, int(e)) for n, e in zip(names, ends, strict=True)])._core
    for fit in fit_assemblies(core):
        sizes = known_assemblies()[fit.assembly]
        past = sum(e > sizes[n[3:]] for n, e in zip(names, ends, strict=True) if n[3:] in sizes)
        assert (fit.past_end, fit.unknown) == (past, sum(n[3:] not in sizes for n in names))


# ---- similarity


def test_similarity_is_that_of_sets() -> None:
    rng = np.random.default_rng(0)
    sets = [np.unique(rng.integers(0, 50_000, n)).astype(np.int32) for n in (900, 30_000, 0, 7, 0)]
    matrix = jaccard(sets)
    for i, a in enumerate(sets):
        for j, b in enumerate(sets):
            either = len(set(a.tolist()) | set(b.tolist()))
            both = len(set(a.tolist()) & set(b.tolist()))
            assert matrix[i, j] == (both / either if either else 1)
    assert jaccard([]).shape == (0, 0)


def test_clusters_put_similar_samples_side_by_side() -> None:
    pytest.importorskip("scipy")
    sets = [np.arange(first, first + 10, dtype=np.int32) for first in (0, 100, 1, 101, 2, 102)]
    clusters = cluster(jaccard(sets))
    groups = [i % 2 for i in clusters.order]
    assert sorted(clusters.order) == list(range(6)) and groups in (
        [0] * 3 + [1] * 3,
        [1] * 3 + [0] * 3,
    )
    assert len(clusters.branches) == 5
    highest = max(y for branch in clusters.branches for _, y in branch)
    assert highest == 1


def test_branches_are_those_of_scipy_however_deep() -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    chance = np.random.default_rng(1)
    sets = [np.unique(chance.integers(0, 30, 12, dtype=np.int32)) for _ in range(25)]
    similarity = jaccard(sets)
    distances = 1 - similarity[np.triu_indices(25, 1)]
    drawn = hierarchy.dendrogram(
        hierarchy.linkage(distances, "average", optimal_ordering=True), no_plot=True
    )
    clusters = cluster(similarity)
    assert clusters.order == drawn["leaves"]
    # SciPy's leaves lie at 5, 15 ...
    theirs = [
        [((x - 5) / 10, y) for x, y in zip(*ends, strict=True)]
        for ends in zip(drawn["icoord"], drawn["dcoord"], strict=True)
    ]
    assert sorted(map(sorted, clusters.branches)) == sorted(map(sorted, theirs))
    # Equal samples make a tree of as many levels, more than Python's functions may nest.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + 150)
    try:
        assert sorted(cluster(np.ones((250, 250))).order) == list(range(250))
    finally:
        sys.setrecursionlimit(limit)


def test_without_scipy_samples_keep_their_order(
    tmp_path: Path, tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy.cluster.hierarchy", None)
    report = CollectionReport.from_files(write_samples(tmp_path, 3), tokenizer)
    assert report.similarity is not None and report.similarity.clusters is None
    report.to_html(tmp_path / "r.html")
    assert "pip install scipy" in (tmp_path / "r.html").read_text("utf-8")


# ---- MultiQC


def test_multiqc_gets_a_row_a_sample(tmp_path: Path, tokenizer: Tokenizer) -> None:
    report = CollectionReport.from_files(write_samples(tmp_path, 3), tokenizer)
    paths = [Path(path) for path in report.to_multiqc(tmp_path / "qc")]
    assert [path.name for path in paths] == [
        f"bedtok_{name}_mqc.json" for name in ("general_stats", "hits", "chromosomes", "similarity")
    ]
    stats, hits, chroms, similarity = (json.loads(path.read_text("utf-8")) for path in paths)
    assert stats["plot_type"] == "generalstats"
    named = {name for column in stats["pconfig"] for name in column}
    for sample in report.samples:
        row = stats["data"][sample.sample]
        assert row.keys() == named
        assert row["bedtok_hit_rate"] == 100 * sample.hit_rate
        missed = sample.regions - sample.hits
        assert hits["data"][sample.sample] == {"hit": sample.hits, "missed": missed}
    assert chroms["data"]["3 files"].keys() == {"chr1", "chr2", "chr7", "chr10"}
    names = similarity["xcats"]
    assert sorted(names) == ["s0", "s1", "s2"] and similarity["ycats"] == names
    assert [similarity["data"][i][i] for i in range(3)] == [1, 1, 1]


def test_multiqc_takes_the_files(tmp_path: Path, tokenizer: Tokenizer) -> None:
    program = shutil.which("multiqc")
    if program is None:
        pytest.skip("needs MultiQC")
    report = CollectionReport.from_files(write_samples(tmp_path, 3), tokenizer)
    report.to_multiqc(tmp_path / "qc")
    out = tmp_path / "out"
    done = subprocess.run(
        [program, "--strict", "-o", str(out), str(tmp_path / "qc")],
        capture_output=True,
        text=True,
        env={**os.environ, "MULTIQC_NO_VERSION_CHECK": "true"},
    )
    assert done.returncode == 0, done.stderr
    table = (out / "multiqc_data" / "multiqc_general_stats.txt").read_text("utf-8").splitlines()
    assert len(table) == 4 and "bedtok_hit_rate" in table[0]
    for name in ("hits", "chromosomes", "similarity"):
        assert (out / "multiqc_data" / f"multiqc_bedtok_{name}_plot.txt").exists()


# ---- other files


def test_the_table_and_json_hold_every_sample(tmp_path: Path, tokenizer: Tokenizer) -> None:
    report = CollectionReport.from_files(write_samples(tmp_path, 3), tokenizer)
    report.to_tsv(tmp_path / "r.tsv")
    lines = (tmp_path / "r.tsv").read_text("utf-8").splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"), strict=True)) for line in lines[1:]]
    assert [int(row["hits"]) for row in rows] == [sample.hits for sample in report.samples]
    report.to_json(tmp_path / "r.json")
    assert json.loads((tmp_path / "r.json").read_text("utf-8"))["samples"][1]["sample"] == "s1"
