# SPDX-License-Identifier: BSD-2-Clause
"""What the figures belong to: machine, versions, commit, and how busy the machine was."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from bench.rows import load

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = (
    *("bedtok", "numpy", "gtars", "superintervals", "ncls", "pyranges", "bioframe"),
    *("polars-bio", "isal", "deflate", "pyarrow", "anndata", "torch", "transformers"),
    *("datasets", "ray", "pyperf"),
)
PROGRAMS = {
    "bedtools": (["bedtools", "--version"], r"v([\d.]+)"),
    "bedops": (["bedops", "--version"], r"version:\s*([\d.]+)"),
    "bgzip": (["bgzip", "--version"], r"([\d.]+)"),
}
# What a figure depends on: a commit that changes none of it leaves the results as they are.
MEASURED = ("include", "python", "cmake", "CMakeLists.txt")


def describe_machine() -> dict[str, Any]:
    """Return what distinguishes this machine from another; by pyperf where it is installed."""
    found = collected_metadata()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": found.get("cpu_model_name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "system": f"{platform.system()} {platform.machine()}",
    }


def collected_metadata() -> dict[str, Any]:
    """Return what pyperf knows of the machine."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "metadata.json")
        command = [sys.executable, "-m", "pyperf", "collect_metadata", "-o", str(out)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode != 0:
            return {}
        metadata: dict[str, Any] = json.loads(out.read_text()).get("metadata", {})
        return metadata


def describe_versions() -> dict[str, str]:
    """Return the versions of what is installed, and what compiled bedtok."""
    found = {"Python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    core = load("bedtok._core")
    found["bedtok"] = f"{core.__version__} ({compiler_of(core.__file__)}, {core.inflate_backend})"
    for name, (command, pattern) in PROGRAMS.items():
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            continue
        if match := re.search(pattern, done.stdout + done.stderr):
            found[name] = match[1]
    return found


def compiler_of(module_file: str) -> str:
    """Return what compiled a shared object, as it says itself, or ``unknown``."""
    content = Path(module_file).read_bytes()
    found = re.search(rb"GCC: \([^)]*\) ([\d.]+)|clang version ([\d.]+)", content)
    if found is None:
        return "unknown compiler"
    return f"GCC {found[1].decode()}" if found[1] else f"Clang {found[2].decode()}"


def measured_commit() -> str:
    """Return the last commit that changed what is measured, with ``+`` for changes beyond it."""

    def git(*words: str) -> str:
        command = ["git", "-C", str(ROOT), *words, "--", *MEASURED]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("log", "-1", "--format=%h")
    return commit + ("+" if git("status", "--porcelain", "--untracked-files=no") else "")


def others_seconds() -> dict[int, float]:
    """Return the processor time of all processes but this one, its parents and its children."""
    tick = os.sysconf("SC_CLK_TCK")
    parents: dict[int, int] = {}
    seconds: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        process = int(path.parent.name)
        parents[process] = int(fields[1])
        seconds[process] = (int(fields[11]) + int(fields[12])) / tick
    ancestors, process = set(), os.getpid()
    while process := parents.get(process, 0):
        ancestors.add(process)
    return {
        process: value
        for process, value in seconds.items()
        if process not in ancestors and not descends(process, os.getpid(), parents)
    }


def descends(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    """Return whether a process was started by another, directly or not."""
    while process:
        if process == ancestor:
            return True
        process = parents.get(process, 0)
    return False


def taken_by_others(before: dict[int, float]) -> float:
    """Return the processor seconds that other programs took since ``before``."""
    after = others_seconds()
    return sum(max(value - before.get(process, 0.0), 0.0) for process, value in after.items())
