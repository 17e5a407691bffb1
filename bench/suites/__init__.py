# SPDX-License-Identifier: BSD-2-Clause
"""The suites, in the order of the report. A suite is a module with three names.

``TITLE`` heads its table, ``WORDS`` says what is measured, and ``rows(setting)`` yields its rows.
``RATIO``, where a suite has it, heads the column of ratios.
"""

from __future__ import annotations

import importlib
from types import ModuleType

NAMES = (
    *("load", "region_sets", "ids", "workloads", "decode", "batches", "fragments", "anndata"),
    *("collections", "algebra", "universe", "threads", "memory", "engine", "models", "clusters"),
)


def suite(name: str) -> ModuleType:
    """Return the module of a suite."""
    return importlib.import_module(f"bench.suites.{name}")
