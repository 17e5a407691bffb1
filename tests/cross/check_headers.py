# SPDX-License-Identifier: BSD-2-Clause
"""Compile every template and the examples for Windows and macOS with zig, and each header alone.

    python tests/cross/check_headers.py [TARGET...]

Nothing is linked: headers of zlib and nlohmann_json are enough. They are those of this system, or
of the folders in BEDTOK_CROSS_INCLUDE.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("x86_64-windows-gnu", "aarch64-macos")
# Each header alone for one of them: what it must include itself is said by zig's standard library,
# which both share.
EACH_HEADER = "aarch64-macos"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
WARNINGS += ["-Wno-unused-command-line-argument"]  # of zig's own options


def find_header(name: str) -> Path:
    """Return a header of this system, which is the same for all systems."""
    folders = os.environ.get("BEDTOK_CROSS_INCLUDE", "").split(os.pathsep)
    folders += ["/usr/include", *map(str, Path("/usr/include").glob("*-linux-gnu"))]
    folders += ["/usr/local/include", "/opt/homebrew/include"]
    for folder in filter(None, folders):
        if (path := Path(folder, name)).exists():
            return path
    raise SystemExit(f"check_headers: {name} is not in {folders}, name its folder")


def sources(folder: Path, each_header: bool) -> list[Path]:
    """Return what is compiled: what instantiates and uses the headers; a unit for each of them."""
    units = []
    headers = sorted((ROOT / "include" / "bedtok").rglob("*.hpp")) if each_header else []
    for header in headers:
        name = header.relative_to(ROOT / "include").as_posix()
        unit = folder / (name.replace("/", "_") + ".cpp")
        unit.write_text(f"#include <{name}>\n")
        units.append(unit)
    for name in ("instantiations", "core_instantiations"):
        # What they instantiate, without the tests below it, which need Catch2.
        text = (ROOT / "tests" / "cpp" / f"test_{name}.cpp").read_text("utf-8")
        lines = text.partition("TEST_CASE")[0].splitlines()
        unit = folder / f"{name}.cpp"
        unit.write_text("\n".join(line for line in lines if not line.startswith('#include "')))
        units.append(unit)
    return [*reversed(units), *sorted((ROOT / "examples" / "cpp").glob("*.cpp"))]


def main() -> int:
    targets = sys.argv[1:] or list(TARGETS)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        foreign = folder / "include"
        foreign.mkdir()
        for name in ("zlib.h", "zconf.h"):
            shutil.copy(find_header(name), foreign)
        shutil.copytree(find_header("nlohmann"), foreign / "nlohmann")
        flags = ["-std=c++17", "-c", "-g0", *WARNINGS, f"-I{ROOT / 'include'}"]
        flags += ["-isystem", str(foreign)]
        jobs = [
            (target, unit) for target in targets for unit in sources(folder, target == EACH_HEADER)
        ]

        # zig keeps what it compiled: in this folder, which goes.
        env = {
            **os.environ,
            "ZIG_GLOBAL_CACHE_DIR": str(folder),
            "ZIG_LOCAL_CACHE_DIR": str(folder),
        }

        def compile_one(job: tuple[str, Path]) -> str:
            target, unit = job
            out = folder / f"{target}-{unit.stem}.o"
            command = [sys.executable, "-m", "ziglang", "c++", "-target", target, *flags, str(unit)]
            done = subprocess.run(
                [*command, "-o", str(out)], capture_output=True, text=True, check=False, env=env
            )
            return "" if done.returncode == 0 else f"{target}: {unit.name}\n{done.stderr}"

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = [fault for fault in pool.map(compile_one, jobs) if fault]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(
        f"cross: {len(jobs) - len(faults)} of {len(jobs)} units compile, for {', '.join(targets)}"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
