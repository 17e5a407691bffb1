# SPDX-License-Identifier: BSD-2-Clause
"""The tests of the installed transformers, imported from its unpacked sdist."""

from __future__ import annotations

import importlib
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import Any

import transformers

import differences

SUITE = (
    Path(__file__).resolve().parents[2]
    / "build"
    / "exam"
    / f"transformers-{transformers.__version__}"
    / "tests"
)
VERSION_5 = differences.VERSION_5

# Not ``tests``: that is what pytest calls this project's own folder.
_PACKAGE = "suite_of_transformers"

# What the mixins import from files that the sdist leaves out: tests of generation and of exporters,
# which then are no tests, and fields that every configuration takes.
_LEFT_OUT: dict[str, dict[str, Any]] = {
    "exporters": {},
    "exporters.test_export": {"ExportTesterMixin": type("ExportTesterMixin", (), {})},
    "generation": {},
    "generation.test_utils": {"GenerationTesterMixin": type("GenerationTesterMixin", (), {})},
    "utils": {},
    "utils.test_configuration_utils": {
        "config_common_kwargs": {
            "return_dict": False,
            "output_hidden_states": True,
            "output_attentions": True,
            "dtype": "float16",
            "chunk_size_feed_forward": 5,
            "architectures": ["AtacformerModel"],
            "id2label": {0: "label"},
            "label2id": {"label": "0"},
            "problem_type": "regression",
            "pad_token_id": 7,
        }
    },
}


def suite_module(name: str) -> ModuleType:
    """Import a file of transformers' folder ``tests``, as in ``"test_modeling_common"``.

    Raises:
        FileNotFoundError: The sdist of the installed version has not been unpacked.
    """
    if not SUITE.is_dir():
        raise FileNotFoundError(f"{SUITE}: no such folder; ./run exam suites makes it")
    if _PACKAGE not in sys.modules:
        package = ModuleType(_PACKAGE)
        package.__path__ = [str(SUITE)]
        sys.modules[_PACKAGE] = package
        for path, content in _LEFT_OUT.items():
            module = ModuleType(f"{_PACKAGE}.{path}")
            module.__path__ = []
            module.__dict__.update(content)
            sys.modules[module.__name__] = module
    return importlib.import_module(f"{_PACKAGE}.{name}")


class WholeDifferences:
    """For a test on the list of differences a subtest that fails is the test that fails.

    pytest reports subtests one by one, and their test then as passed: as a stale entry.
    """

    suite: str
    _testMethodName: str

    def subTest(self, *args: Any, **params: Any) -> AbstractContextManager[None]:
        if self._testMethodName in differences.REASONS[self.suite]:
            return nullcontext()
        subtest: AbstractContextManager[None] = super().subTest(*args, **params)  # type: ignore[misc]
        return subtest
