# SPDX-License-Identifier: BSD-2-Clause
"""The version is one: version.hpp, the top entry of the changelog, and what the wheel will carry.

python tests/structure/check_version.py [REPOSITORY]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path


def header_version(header: str) -> str:
    """The three macros, each of which must be there once."""
    parts = []
    for part in ("MAJOR", "MINOR", "PATCH"):
        found = re.findall(rf"^#define BEDTOK_VERSION_{part} (\d+)$", header, re.MULTILINE)
        if len(found) != 1:
            raise SystemExit(f"version.hpp: BEDTOK_VERSION_{part} is there {len(found)} times")
        parts.append(found[0])
    return ".".join(parts)


def changelog_version(changelog: str) -> str:
    """The version of the first entry, `## 1.2.3 - date`."""
    entry = re.search(r"^## (.+)$", changelog, re.MULTILINE)
    if entry is None:
        raise SystemExit("CHANGELOG.md: has no entry, expected '## 1.2.3 - date'")
    return entry[1].strip("[]").split(" ")[0].rstrip("]")


def wheel_version(pyproject: str, header: str) -> str:
    """What scikit-build-core's regex provider makes of the header.

    Read by hand: the standard library knows TOML from Python 3.11 on.
    """
    section = re.search(
        r"^\[tool\.scikit-build\.metadata\.version\]$(.*?)(?=^\[|\Z)", pyproject, re.M | re.S
    )
    if section is None:
        raise SystemExit("pyproject.toml: has no [tool.scikit-build.metadata.version]")
    regex = re.search(r"^regex = '''(.*?)'''", section[1], re.M | re.S)
    result = re.search(r'^result = "(.*?)"', section[1], re.M)
    source = re.search(r'^input = "(.*?)"', section[1], re.M)
    if regex is None or result is None or source is None:
        raise SystemExit("pyproject.toml: the version's input, regex or result is missing")
    if source[1] != "include/bedtok/version.hpp":
        raise SystemExit(f"pyproject.toml: the version's input is {source[1]}, not version.hpp")
    found = re.search(regex[1].lstrip("\n"), header, re.MULTILINE)
    if found is None:
        raise SystemExit("pyproject.toml: the version's regex does not match version.hpp")
    return result[1].format(**found.groupdict())


def main() -> int:
    here = Path(__file__).resolve().parents[2]
    repository = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    header = (repository / "include/bedtok/version.hpp").read_text(encoding="utf-8")
    versions = {
        "include/bedtok/version.hpp": header_version(header),
        "CHANGELOG.md": changelog_version((repository / "CHANGELOG.md").read_text("utf-8")),
        "pyproject.toml": wheel_version(
            (repository / "pyproject.toml").read_text(encoding="utf-8"), header
        ),
    }
    if len(set(versions.values())) == 1:
        return 0
    for place, version in versions.items():
        print(f"{place}: {version}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
