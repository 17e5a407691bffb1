# SPDX-License-Identifier: BSD-2-Clause
"""Compare the hand-written stub with the compiled module, by mypy's stubtest."""

import subprocess
import sys
import tempfile
from pathlib import Path

# The stub's names for array types, and classes: their metaclass is pybind11's, and those that only
# functions make have its empty constructor. Members of classes are compared all the same.
ALLOWED = r"""
bedtok\._core\.[A-Za-z]+
bedtok\._core\.(Batch|ChromReport|Encoding|MappingReport|RegionSet|Sample)\.__init__
"""
CONFIG = Path(__file__).resolve().parents[2] / "pyproject.toml"
STUBTEST = [sys.executable, "-m", "mypy.stubtest", "--ignore-disjoint-bases", "--concise"]
STUBTEST += ["--mypy-config-file", str(CONFIG)]


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        allowed = Path(folder) / "allowed.txt"
        allowed.write_text(ALLOWED)
        return subprocess.run(
            [*STUBTEST, "bedtok._core", "--allowlist", str(allowed)],
            cwd=folder,
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
