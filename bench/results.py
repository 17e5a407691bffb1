# SPDX-License-Identifier: BSD-2-Clause
"""The results: one JSON file, to which a run of the same code on the same machine adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FORMAT = 1
FILE = "results.json"
IDENTITY = ("format", "machine", "commit", "scale", "seed")  # what all rows of a file share

Results = dict[str, Any]


def read(folder: Path) -> Results | None:
    """Return the results that a folder holds, or None."""
    path = folder / FILE
    if not path.exists():
        return None
    found: Results = json.loads(path.read_text("utf-8"))
    return found if found.get("format") == FORMAT else None


def write(folder: Path, results: Results) -> None:
    """Write the results, a row a line so that changes can be read."""
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / f"new-{FILE}"
    new.write_text(to_text(results), "utf-8")
    new.rename(folder / FILE)


def to_text(results: Results) -> str:
    """Return JSON with a row a line."""
    rows: list[str] = []

    def shortened(suite: dict[str, Any]) -> dict[str, Any]:
        places = []
        for row in suite["rows"]:
            places.append(f"@row {len(rows)}@")
            rows.append(json.dumps(row))
        return {**suite, "rows": places}

    suites = {name: shortened(suite) for name, suite in results["suites"].items()}
    text = json.dumps({**results, "suites": suites}, indent=1)
    for number, row in enumerate(rows):
        text = text.replace(f'"@row {number}@"', row)
    return text + "\n"


def fits(kept: Results | None, new: Results) -> bool:
    """Return whether results can be added to those that are kept."""
    return kept is not None and all(kept[name] == new[name] for name in IDENTITY)


def merged(kept: Results | None, new: Results) -> Results:
    """Return the kept results with the new rows, which replace those of the same name.

    The kept ones are dropped if they are of another machine, commit, scale or seed.
    """
    if kept is None or not fits(kept, new):
        return new
    suites = dict(kept["suites"])
    for name, suite in new["suites"].items():
        if suite["complete"] or name not in suites:
            suites[name] = suite
            continue
        before = {row["name"]: row for row in suites[name]["rows"]}
        after = {row["name"]: row for row in suite["rows"]}
        # A part of a suite adds its time, and the busier moment counts for all of it.
        suites[name] = {
            **suite,
            "rows": list({**before, **after}.values()),
            "seconds": round(suites[name]["seconds"] + suite["seconds"], 1),
            "others": max(suites[name]["others"], suite["others"]),
        }
    versions = {**kept["versions"], **new["versions"]}
    return {**new, "suites": suites, "versions": versions}
