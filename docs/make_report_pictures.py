# SPDX-License-Identifier: BSD-2-Clause
"""Take the pictures of reports.md and training.md: parts of pages in Chromium, and a plot.

    python docs/make_report_pictures.py [FOLDER]

The collection is made from a seed: three groups of samples of hg38, of which one sample is shallow
and one has many regions outside of the vocabulary.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib
import numpy as np

from bedtok import Tokenizer
from bedtok.report import CellReport, CollectionReport
from bedtok.report.assemblies import known_assemblies
from bedtok.report.evaluation import Evaluation, classify_scores
from bedtok.report.training_page import training_page

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests" / "python"))

from browser import Browser, find_chromium  # noqa: E402

REGIONS = 20_000
# Sections of a page, in pictures of one width; the height is that of the sections.
SHOTS = {
    "report_summary": ("collection", ("summary", "hit-rate"), False),
    "report_cells": ("cells", ("summary", "tokens"), False),
    "report_similarity": ("collection", ("similarity",), True),
    "report_training": ("training", ("summary", "loss"), False),
    "report_confusion": ("classifier", ("confusion",), False),
}
WIDTH = 820
# Types of cells, their numbers, and which is taken for which.
TYPES = {"B": 310, "CD14 Mono": 640, "CD16 Mono": 120, "CD4 Memory": 420, "CD4 Naive": 530}
TYPES |= {"CD8 Memory": 280, "CD8 Naive": 190, "DC": 60, "NK": 240}
NEIGHBORS = [("CD14 Mono", "CD16 Mono", 0.07), ("CD16 Mono", "CD14 Mono", 0.31)]
NEIGHBORS += [("CD4 Memory", "CD4 Naive", 0.22), ("CD4 Naive", "CD4 Memory", 0.1)]
NEIGHBORS += [("CD8 Memory", "NK", 0.16), ("CD8 Naive", "CD4 Naive", 0.37)]
NEIGHBORS += [("DC", "CD14 Mono", 0.2), ("NK", "CD8 Memory", 0.09)]


def universe(rng: np.random.Generator) -> list[tuple[str, int, int]]:
    """Return regions of hg38, spread evenly."""
    sizes = {name: size for name, size in known_assemblies()["hg38"].items() if name != "Y"}
    whole = sum(sizes.values())
    regions = []
    for name, size in sizes.items():
        count = REGIONS * size // whole
        starts = np.sort(rng.choice(size // 1000 - 2, count, replace=False)) * 1000 + 1000
        regions += [(f"chr{name}", int(start), int(start) + 500) for start in starts]
    return regions


def write_samples(folder: Path, regions: list[tuple[str, int, int]], seed: int) -> list[Path]:
    """Write the samples of three groups as BED files."""
    rng = np.random.default_rng(seed)
    groups = rng.random((3, len(regions))) ** 3
    paths = []
    for k in range(24):
        share = 0.03 if k == 16 else 0.55
        kept = np.flatnonzero(rng.random(len(regions)) < share * groups[k % 3])
        missing = rng.random(len(kept)) < (0.35 if k == 7 else rng.uniform(0.05, 0.1))
        lines = []
        for i, misses in zip(kept.tolist(), missing.tolist(), strict=True):
            chrom, start, end = regions[i]
            shift = -400 if misses else 40  # in the gap before, or on it
            lines.append(f"{chrom}\t{start + shift}\t{end + shift - 100}\n")
        paths.append(folder / f"donor{k % 3 + 1}_sample{k:02d}.bed")
        paths[-1].write_text("".join(lines))
    return sorted(paths)


def history(seed: int) -> list[dict[str, float]]:
    """Return the log of a made-up training."""
    rng = np.random.default_rng(seed)
    log = []
    for step in range(10, 801, 10):
        loss = 0.25 + 0.5 * np.exp(-step / 250)
        noise = float(rng.normal(0, 0.008))
        log.append({"loss": loss + noise, "learning_rate": 1e-3 * (1 - step / 800), "step": step})
        if step % 80 == 0:
            log.append({"eval_loss": loss + 0.02, "step": step})
    return log


def evaluation(seed: int) -> Evaluation:
    """Return the evaluation of a made-up training."""
    rng = np.random.default_rng(seed)
    names = list(TYPES)
    true = np.repeat(np.arange(len(names)), list(TYPES.values()))
    guessed = np.where(rng.random(len(true)) < 0.02, rng.integers(0, len(names), len(true)), true)
    for name, other, share in NEIGHBORS:
        mistaken = (true == names.index(name)) & (rng.random(len(true)) < share)
        guessed[mistaken] = names.index(other)
    result = classify_scores(true, guessed, names)
    return Evaluation(len(true), len(true), "held out because their donor is donor2", result, None)


def write_fragments(path: Path, regions: list[tuple[str, int, int]], seed: int) -> Path:
    """Write the fragments of 400 cells and of 2,500 empty droplets; a third lies in gaps."""
    rng = np.random.default_rng(seed)
    depths = np.concatenate([rng.lognormal(6.6, 0.5, 400), rng.lognormal(2, 0.8, 2500)])
    lines = []
    for depth in depths.astype(int).tolist():
        barcode = "".join(rng.choice(list("ACGT"), 16)) + "-1"
        chosen = rng.integers(len(regions), size=depth)
        misses = rng.random(depth) < rng.normal(0.33, 0.04)
        for i, miss in zip(chosen.tolist(), misses.tolist(), strict=True):
            chrom, start, end = regions[i]
            shift = -400 if miss else 40
            lines.append(f"{chrom}\t{start + shift}\t{end + shift - 100}\t{barcode}\t1\n")
    path.write_text("".join(lines))
    return path


def main(folder: Path) -> None:
    matplotlib.use("Agg")
    rng = np.random.default_rng(1)
    regions = universe(rng)
    tokenizer = Tokenizer.from_regions(regions)
    with tempfile.TemporaryDirectory() as name:
        temporary = Path(name)
        paths = write_samples(temporary, regions, 2)
        report = CollectionReport.from_files(paths, tokenizer, vocabulary="universe.bed.gz")
        report.to_html(temporary / "collection.html")
        fragments = write_fragments(temporary / "donor1.fragments.tsv", regions, 5)
        cells = tokenizer.encode_fragments(fragments, min_fragments=100)
        cell_report = CellReport.from_cells(cells, vocabulary="universe.bed.gz")
        cell_report.to_html(temporary / "cells.html")
        metrics = {"steps": 800, "train_loss": 0.4207, "eval_loss": 0.2907}
        page = training_page("model", history(3), metrics, "[training]\nmax_steps = 800\n")
        (temporary / "training.html").write_text(page)
        page = training_page("classifier", history(3), metrics, "", evaluation(4))
        (temporary / "classifier.html").write_text(page)
        axes = tokenizer.report(paths[10]).plot(max_chroms=12)
        axes.figure.savefig(folder / "report_plot.png", dpi=110, metadata={"Software": None})
        program = find_chromium()
        if program is None:
            raise SystemExit("chromium: not found; on Debian: apt-get install chromium")
        browser = Browser(program)
        try:
            for picture, (file, sections, dark) in SHOTS.items():
                browser.emulate(width=WIDTH, dark=dark)
                browser.open(temporary / f"{file}.html")
                first = f"document.getElementById({sections[0]!r}).getBoundingClientRect()"
                last = f"document.getElementById({sections[-1]!r}).getBoundingClientRect()"
                top, bottom = browser.evaluate(f"{first}.top"), browser.evaluate(f"{last}.bottom")
                clip = {"x": 0, "y": top - 14, "width": WIDTH, "height": bottom - top + 28}
                browser.screenshot(folder / f"{picture}.png", clip)
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "pictures")
