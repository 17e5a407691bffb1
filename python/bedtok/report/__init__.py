# SPDX-License-Identifier: BSD-2-Clause
"""Reports: how well the samples of a collection fit a vocabulary, as pages and for MultiQC."""

from bedtok.report.assemblies import AssemblyFit
from bedtok.report.collection_report import CollectionReport, Similarity
from bedtok.report.samples import ChromSummary, SampleSummary
from bedtok.report.similarity import Clusters

__all__ = [
    "AssemblyFit",
    "ChromSummary",
    "Clusters",
    "CollectionReport",
    "SampleSummary",
    "Similarity",
]
