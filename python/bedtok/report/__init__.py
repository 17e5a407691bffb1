# SPDX-License-Identifier: BSD-2-Clause
"""Reports: how well samples or cells fit a vocabulary, as pages and for MultiQC."""

from bedtok.report.assemblies import AssemblyFit
from bedtok.report.cell_report import CellReport, CellSampleSummary
from bedtok.report.collection_report import CollectionReport, Similarity
from bedtok.report.samples import ChromSummary, SampleSummary
from bedtok.report.similarity import Clusters

__all__ = [
    "AssemblyFit",
    "CellReport",
    "CellSampleSummary",
    "ChromSummary",
    "Clusters",
    "CollectionReport",
    "SampleSummary",
    "Similarity",
]
