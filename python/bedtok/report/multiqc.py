# SPDX-License-Identifier: BSD-2-Clause
"""Reports as custom content of MultiQC: JSON files that it finds by their names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from bedtok._checks import printable
from bedtok._core import remove_abandoned
from bedtok._files import StrPath, checked_path, write_text
from bedtok.report.collection_report import assembly_text

if TYPE_CHECKING:
    from bedtok.report.cell_report import CellReport
    from bedtok.report.collection_report import CollectionReport

_CHROMS = 60  # bars of a plot
_PERCENT = {"suffix": "%", "min": 0, "max": 100, "format": "{:,.1f}", "scale": "RdYlGn"}
_ABOUT = "maps genomic regions to the tokens of a vocabulary."  # behind the name


def write_multiqc(report: CollectionReport, folder: StrPath) -> list[str]:
    """Write the files; see ``CollectionReport.to_multiqc``."""
    text = checked_path(folder)
    os.makedirs(text, exist_ok=True)
    remove_abandoned(text)
    paths = []
    for name, content in _contents(report):
        paths.append(os.path.join(text, f"bedtok_{name}_mqc.json"))
        write_text(paths[-1], json.dumps(content, indent=1) + "\n")
    return paths


def write_cells_multiqc(report: CellReport, folder: StrPath) -> list[str]:
    """Write the file; see ``CellReport.to_multiqc``."""
    text = checked_path(folder)
    os.makedirs(text, exist_ok=True)
    remove_abandoned(text)
    counts = {"min": 0, "format": "{:,.0f}", "scale": "Blues"}
    columns: dict[str, dict[str, Any]] = {
        "bedtok_cells": {"title": "Cells", "description": "Cells of the sample (bedtok)"} | counts,
        "bedtok_cell_fragments": {
            "title": "Fragments a cell",
            "description": "Median number of fragments of a cell (bedtok)",
            **counts,
        },
        "bedtok_cell_hit_rate": {
            "title": "Hit rate",
            "description": "Share of the cells' fragments that hit the vocabulary (bedtok)",
            **_PERCENT,
        },
        "bedtok_cell_tokens": {
            "title": "Tokens a cell",
            "description": "Median number of tokens of a cell (bedtok)",
            **counts,
        },
    }
    data = {}
    for sample in report.samples:
        row: dict[str, Any] = {"bedtok_cells": sample.cells, "bedtok_cell_tokens": sample.tokens}
        if sample.fragments is not None:
            row["bedtok_cell_fragments"] = sample.fragments
        if sample.hit_rate is not None:
            row["bedtok_cell_hit_rate"] = 100 * sample.hit_rate
        data[_name(sample.sample or report.title)] = row
    content = {
        "id": "bedtok_cells",
        "plot_type": "generalstats",
        "pconfig": [{name: column} for name, column in columns.items()],
        "data": data,
    }
    path = os.path.join(text, "bedtok_cells_mqc.json")
    write_text(path, json.dumps(content, indent=1) + "\n")
    return [path]


def _contents(report: CollectionReport) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield names and contents.

    The ids are those of every run: MultiQC joins the files of many runs under them.
    """
    yield "general_stats", _general_stats(report)
    yield "hits", _hits(report)
    if report.chroms:
        yield "chromosomes", _chroms(report)
    if report.similarity is not None:
        yield "similarity", _similarity(report)


def _general_stats(report: CollectionReport) -> dict[str, Any]:
    data = {}
    for sample in report.samples:
        row: dict[str, Any] = {
            "bedtok_regions": sample.regions,
            "bedtok_hit_rate": 100 * sample.hit_rate,
            "bedtok_tokens": sample.tokens,
        }
        if sample.assemblies is not None:
            row["bedtok_assembly"] = assembly_text(sample.assemblies)
        data[_name(sample.sample)] = row
    counts = {"min": 0, "format": "{:,.0f}", "scale": "Blues"}
    columns = {
        "bedtok_regions": {
            "title": "Regions",
            "description": "Regions of the sample (bedtok)",
            "hidden": True,
            **counts,
        },
        "bedtok_hit_rate": {
            "title": "Hit rate",
            "description": "Share of regions that hit the vocabulary (bedtok)",
            **_PERCENT,
        },
        "bedtok_tokens": {
            "title": "Tokens",
            "description": "Tokens of the sample (bedtok)",
            **counts,
        },
        "bedtok_assembly": {
            "title": "Assembly",
            "description": "Genome assembly that the regions fit best (bedtok)",
            "scale": False,
        },
    }
    return {
        "id": "bedtok_general_stats",
        "plot_type": "generalstats",
        "pconfig": [{name: column} for name, column in columns.items()],
        "data": data,
    }


def _hits(report: CollectionReport) -> dict[str, Any]:
    return {
        **_section("hits", "Regions that hit the vocabulary", "Regions of each sample."),
        "plot_type": "bargraph",
        "pconfig": {"id": "bedtok_hits_plot", "title": "bedtok: regions", "ylab": "Regions"},
        "categories": {
            "hit": {"name": "Hit the vocabulary", "color": "#2a66ad"},
            "missed": {"name": "Missed", "color": "#c9ced3"},
        },
        "data": {
            _name(sample.sample): {"hit": sample.hits, "missed": sample.regions - sample.hits}
            for sample in report.samples
        },
    }


def _chroms(report: CollectionReport) -> dict[str, Any]:
    largest = sorted(report.chroms, key=lambda chrom: -chrom.regions)[:_CHROMS]
    kept = {chrom.chrom for chrom in largest}
    text = "Share of regions that hit the vocabulary."
    if len(report.chroms) > _CHROMS:
        text += f" The {_CHROMS} largest of {len(report.chroms):,} chromosomes."
    return {
        **_section("chromosomes", "Hit rate by chromosome", text),
        "plot_type": "linegraph",
        "pconfig": {
            "id": "bedtok_chromosomes_plot",
            "title": "bedtok: hit rate by chromosome",
            "xlab": "Chromosome",
            "ylab": "Hit rate",
            "ymin": 0,
            "ymax": 100,
            "ysuffix": "%",
            "categories": True,
        },
        "data": {
            _name(report.title): {
                _name(chrom.chrom): 100 * chrom.hit_rate
                for chrom in report.chroms
                if chrom.chrom in kept
            }
        },
    }


def _similarity(report: CollectionReport) -> dict[str, Any]:
    assert report.similarity is not None
    similarity = report.similarity
    order = (
        range(len(similarity.samples)) if similarity.clusters is None else similarity.clusters.order
    )
    names = [_name(similarity.samples[i]) for i in order]
    text = "Tokens that both of two samples have, by the tokens that either has (Jaccard index)."
    if len(names) < len(report.samples):
        text += f" {len(names):,} of {len(report.samples):,} samples, drawn at random."
    rows = similarity.jaccard[list(order)][:, list(order)].round(4).tolist()
    return {
        **_section("similarity", "Similarity of samples", text),
        "plot_type": "heatmap",
        "pconfig": {
            "id": "bedtok_similarity_plot",
            "title": "bedtok: Jaccard index of tokens",
            "min": 0,
            "max": 1,
            "square": True,
            "xcats_samples": True,
            "ycats_samples": True,
        },
        "xcats": names,
        "ycats": names,
        "data": rows,
    }


def _section(name: str, title: str, text: str) -> dict[str, str]:
    return {
        "id": f"bedtok_{name}",
        "parent_id": "bedtok",
        "parent_name": "bedtok",
        "parent_description": _ABOUT,
        "section_name": title,
        "description": text,
    }


def _name(text: str) -> str:
    return printable(text)
