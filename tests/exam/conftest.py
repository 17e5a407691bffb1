# SPDX-License-Identifier: BSD-2-Clause
"""Rules of the exam: suites that others wrote, with a strict list of what differs on purpose.

The tests of transformers are in its sdist and not in the wheel. ``./run exam suites`` unpacks those
of the installed version into ``build/exam``, from where ``transformers_suite`` imports them.
"""

from __future__ import annotations

import pytest

import differences
from transformers_suite import SUITE

# Marks of transformers' tests that pytest does not know.
MARKS = (
    "accelerate_tests",
    "flash_attn_3_test",
    "flash_attn_4_test",
    "flash_attn_test",
    "generate",
    "is_training_test",
    "order",
    "torch_compile_test",
    "torch_export_test",
)


def pytest_configure(config: pytest.Config) -> None:
    for mark in MARKS:
        config.addinivalue_line("markers", f"{mark}: of transformers")


def pytest_report_header() -> list[str]:
    return [f"tests of transformers: {SUITE}"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        suite = getattr(getattr(item, "cls", None), "suite", None)
        if suite is None:
            continue
        # What transformers, PyTorch and NumPy warn about is not what these tests look at.
        item.add_marker(pytest.mark.filterwarnings("default"))
        reason = differences.REASONS[suite].get(item.name)
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
