# SPDX-License-Identifier: BSD-2-Clause
"""Rules for all Python tests: no network, one thread per worker, marks, groups, real data.

Options:
    --without-torch: Run as if torch and transformers were not installed, child processes included.

Environment:
    BEDTOK_TEST_DATA: The folder of real files, which the project does not hold itself. The default
        is ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

# Before anything imports huggingface_hub, datasets or torch. Tests that speak to the loopback Hub
# do so in child processes, which do not inherit this.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_DATASETS_DISABLE_PROGRESS_BARS"] = "1"
if "PYTEST_XDIST_WORKER" in os.environ:
    # The workers occupy the processors: threads of PyTorch would only wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

TESTS = Path(__file__).resolve().parent
REAL_DATA = Path(os.environ.get("BEDTOK_TEST_DATA", TESTS.parents[1] / "shared" / "data"))
NO_REAL_DATA = "the folder of real data is missing"

# Under pytest-xdist the tests of one of these files run one after the other in one worker: they
# share an engine, a browser or the results of a distributed training: several processes each.
# Servers need no such care: each test starts its own on a free port.
TOGETHER = {
    *("test_datasets.py", "test_distributed.py", "test_ray.py", "test_threads.py"),
    "test_report_page.py",
}

# Tests of these marks run where a verb of ./run asks for the mark by -m.
VERBS = {"exam": "./run exam", "tutorial": "./run docs"}


def missing_models() -> list[str]:
    """Return which of torch and transformers cannot be imported."""
    return [name for name in ("torch", "transformers") if find_spec(name) is None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--without-torch",
        action="store_true",
        help="run as if torch and transformers were not installed",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--without-torch"):
        # Python imports sitecustomize when it starts: child processes find the one in this folder.
        blocked = str(TESTS / "without_torch")
        sys.path.insert(0, blocked)
        inherited = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [blocked, inherited]))
        for name in ("torch", "transformers"):
            if sys.modules.get(name) is not None:
                raise pytest.UsageError(f"--without-torch: {name} has been imported already")
            sys.modules[name] = None  # type: ignore[assignment]


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave tests/transformers out where torch or transformers are not there."""
    return True if collection_path == TESTS / "transformers" and missing_models() else None


def pytest_report_header() -> list[str]:
    if missing_models():
        return [f"not there: {', '.join(missing_models())}; tests/transformers is left out"]
    return [f"{name} {version(name)}" for name in ("torch", "transformers")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        for mark, verb in VERBS.items():
            if item.get_closest_marker(mark) and mark not in config.option.markexpr:
                item.add_marker(pytest.mark.skip(reason=f"runs in {verb}"))
        if item.path.parent.name == "transformers":
            item.add_marker(pytest.mark.torch)
            item.add_marker(pytest.mark.transformers)
        if "hub" in getattr(item, "fixturenames", ()):  # a server on the loopback interface
            item.add_marker(pytest.mark.network)
    if "PYTEST_XDIST_WORKER" in os.environ:
        # A test of a minute that begins last would keep one worker busy while the others are done.
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute the tests one by one, but files of TOGETHER as a whole and first.

    The mark xdist_group has no effect with pytest-xdist 3.8 and pytest 9.2.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return file if Path(file).name in TOGETHER else nodeid

    return Scheduling(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(
        isinstance(report.longrepr, tuple) and NO_REAL_DATA in report.longrepr[2]
        for report in skipped
    )
    if count:
        terminalreporter.write_line(
            f"{count} tests were skipped: {NO_REAL_DATA} ({REAL_DATA}); "
            "BEDTOK_TEST_DATA names another one",
            yellow=True,
        )


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real files, which the project does not hold itself."""
    if not (REAL_DATA / "peaks").is_dir():
        pytest.skip(f"{NO_REAL_DATA}: {REAL_DATA}")
    return REAL_DATA
