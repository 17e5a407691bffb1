# SPDX-License-Identifier: BSD-2-Clause
"""Results to Markdown: one table a suite, with the peer, the ratio and the limit of each row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from bench.results import Results
from bench.suites import NAMES, suite

RAN_COMMAND = {"full": "./run bench", "quick": "./run bench --quick", "tiny": "./run bench --tiny"}
BUSY = 0.1  # processors that others may take before the report says so
SEVERAL = 1.3  # processors from which a tool is said to use more than one

Row = dict[str, Any]
Entry = dict[str, Any]


# ---- What a row says


def ours(row: Row) -> Entry:
    entry: Entry = row["tools"][0]
    return entry


def peers(row: Row) -> list[Entry]:
    """Return the peers that were timed, the best one first."""
    return sorted((t for t in row["tools"][1:] if "median" in t), key=lambda t: t["median"])


def ratio(row: Row) -> float | None:
    """Return how many times bedtok's value the best peer takes; None without a peer."""
    found = peers(row)
    if not found or not ours(row).get("median"):
        return None
    return float(found[0]["median"] / ours(row)["median"])


def limit(row: Row) -> Entry | None:
    """Return the first limit that was measured."""
    return next((entry for entry in row["limits"] if "median" in entry), None)


def times_limit(row: Row) -> float | None:
    """Return how many times its physical limit bedtok takes."""
    bound = limit(row)
    if bound is None or "median" not in ours(row):
        return None
    return float(ours(row)["median"] / bound["median"])


def rows_of(results: Results) -> Iterator[tuple[str, Row]]:
    """Yield the name of the suite, and the row."""
    for name in NAMES:
        for row in results["suites"].get(name, {"rows": []})["rows"]:
            yield name, row


def behind(results: Results) -> list[tuple[str, Row]]:
    """Return the rows in which a peer is faster or smaller than bedtok."""
    return [(name, row) for name, row in rows_of(results) if (ratio(row) or 1) < 1]


# ---- Cells


def quantity(value: float, unit: str) -> str:
    """Return a value with three digits and a unit that fits: ``12.3 ms``, ``86.1 MiB``."""
    steps = [("s", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)]
    if unit == "B":
        steps = [("GiB", 2.0**30), ("MiB", 2.0**20), ("KiB", 2.0**10), ("B", 1.0)]
    name, size = next((step for step in steps if abs(value) >= step[1]), steps[-1])
    number = f"{value / size:.3g}" if value / size < 999.5 else f"{value / size:.0f}"
    return f"{number} {name}"


def spread(entry: Entry, unit: str) -> str:
    """Return the median, and the smallest and largest value."""
    if entry["low"] == entry["high"]:
        return quantity(entry["median"], unit)
    low, high = quantity(entry["low"], unit), quantity(entry["high"], unit)
    if low.split()[1] == high.split()[1]:
        low = low.split()[0]
    return f"{quantity(entry['median'], unit)} ({low} to {high})"


def times(value: float) -> str:
    """Return a ratio, rounded down so that nothing looks reached that is not: ``0.97x``."""
    digits = 2 if value < 1 else 1 if value < 10 else 0
    return f"{math.floor(value * 10**digits) / 10**digits:.{digits}f}x"


def share(value: float) -> str:
    """Return how many times its limit something takes, rounded: ``0.96x``, ``2.0x``, ``13x``."""
    return f"{value:.{2 if value < 0.995 else 1 if value < 9.95 else 0}f}x"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table; all columns but the first are aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def ratio_cell(row: Row) -> str:
    """Return the ratio, in bold where bedtok is behind."""
    found = ratio(row)
    if found is None:
        return ""
    return times(found) if found >= 1 else f"**{times(found)}, behind**"


def against(row: Row, tool: str) -> float | None:
    """Return how many times bedtok's value a peer takes; None where it was not timed."""
    entry = next((t for t in row["tools"][1:] if t["tool"] == tool and "median" in t), None)
    if entry is None or not ours(row).get("median"):
        return None
    return float(entry["median"] / ours(row)["median"])


def asked_cell(row: Row) -> str:
    """Return the ratio to the first peer beside the one that was asked for."""
    if row["target"] is None or len(row["tools"]) < 2:
        return ""
    peer = row["tools"][1]["tool"]
    found = against(row, peer)
    if found is None:
        return f"{row['target']:g}x {peer}"
    missed = ", missed" if found < row["target"] else ""
    return f"{times(found)} of {row['target']:g}x {peer}{missed}"


def limit_cells(row: Row) -> list[str]:
    """Return the limits with their values, and how many times the first one bedtok takes."""
    measured = [entry for entry in row["limits"] if "median" in entry]
    shown = ", ".join(f"{e['tool']} {quantity(e['median'], row['unit'])}" for e in measured)
    found = times_limit(row)
    return [shown, "" if found is None else share(found)]


def row_cells(row: Row) -> list[str]:
    found = peers(row)
    own = ours(row)
    cells = [row["name"], spread(own, row["unit"]) if "median" in own else "**failed**"]
    best = found[0] if found else None
    cells.append(f"{best['tool']} {quantity(best['median'], row['unit'])}" if best else "")
    cells += [ratio_cell(row), asked_cell(row)]
    cells.append(", ".join(f"{e['tool']} {quantity(e['median'], row['unit'])}" for e in found[1:]))
    return cells + limit_cells(row)


# ---- Text


def about(results: Results) -> str:
    """Return what the figures belong to, in two sentences."""
    machine, versions = results["machine"], results["versions"]
    others = ", ".join(
        f"{name} {number}" for name, number in versions.items() if name not in ("Python", "bedtok")
    )
    return (
        f"{results['date']}, `{RAN_COMMAND[results['scale']]}`, commit {results['commit']}: "
        f"{machine['cpu']}, {machine['cores']} cores, {machine['memory_gib']} GiB, "
        f"{machine['system']}. Python {versions['Python']}, bedtok {versions['bedtok']}, {others}."
    )


def notes(rows: Sequence[Row]) -> list[str]:
    """Return what the table cannot say: who answered differently, failed or is missing."""
    found = []
    missing: set[str] = set()
    several: dict[str, float] = {}
    for row in rows:
        for entry in [*row["tools"], *row["limits"]]:
            tool = entry["tool"]
            if "differs" in entry:
                found.append(f"**Not timed, another answer:** {row['name']}: {entry['differs']}.")
            if "failed" in entry:
                error = entry["failed"].replace("|", "\\|")
                found.append(f"**Failed:** {row['name']}, {tool}: `{error}`.")
            if "missing" in entry:
                missing.add(f"{tool} ({entry['missing']})")
            if entry.get("processors", 0) > SEVERAL:
                several[tool] = max(several.get(tool, 0), entry["processors"])
    if missing:
        found.append(f"Not measured: {', '.join(sorted(missing))}.")
    if several:
        tools = ", ".join(f"{tool} (up to {value:.1f})" for tool, value in several.items())
        found.append(f"More than one processor was used by {tools}.")
    return found


def quietness(suite_results: dict[str, Any]) -> str:
    """Return how busy the machine was, in bold where it disturbed."""
    taken = suite_results.get("others", 0.0)
    text = f"Other programs took {taken:g} processors on average"
    text += f", load average at the start {suite_results.get('load_average', 0.0):g}."
    return f"**The machine was busy.** {text}" if taken > BUSY else text


def suite_part(name: str, suite_results: dict[str, Any]) -> str:
    """Return heading, words, table and notes of a suite."""
    module = suite(name)
    rows = suite_results["rows"]
    parts = [f"## {module.TITLE}", module.WORDS]
    if rows:
        ratio_title = getattr(module, "RATIO", "ratio")
        header = ["job", "bedtok", "best peer", ratio_title, "asked", "other peers"]
        cells = [[*header, "limit", "of it"], *(row_cells(row) for row in rows)]
        # Columns that say nothing in this suite are left out.
        used = [i for i in range(len(cells[0])) if any(row[i] for row in cells[1:])]
        cells = [[row[i] for i in used] for row in cells]
        parts.append(table(cells[0], cells[1:]))
    if "error" in suite_results:
        parts.append(f"**The suite ended early:** {suite_results['error']}.")
    parts += [*notes(rows), quietness(suite_results)]
    return "\n\n".join(parts)


def behind_part(results: Results) -> str:
    """Return the rows in which bedtok is behind, or that there are none."""
    found = behind(results)
    if not found:
        return "bedtok is ahead of its best peer in every row that has one."
    lines = []
    for name, row in found:
        lines.append(
            f"- **{suite(name).TITLE}: {row['name']}: {times(ratio(row) or 0)} of "
            f"{peers(row)[0]['tool']}**"
        )
    return "\n".join(["bedtok is behind its best peer in these rows:", "", *lines])


def report(results: Results) -> str:
    """Return the whole report."""
    parts = [
        "# Results",
        about(results),
        "Each cell is the median, with the smallest and the largest value in parentheses. `ratio` "
        "is the value of the best peer by that of bedtok; `asked` compares one peer with the goal "
        "that the project has set itself. `of it` says how many times the first limit, measured "
        "in the same run, bedtok takes.",
        behind_part(results),
        "![Ratio of the best peer to bedtok, row by row](ratios.svg)",
        "![Time against size on logarithmic axes](sizes.svg)",
    ]
    parts += [
        suite_part(name, results["suites"][name]) for name in NAMES if name in results["suites"]
    ]
    return "\n\n".join(parts) + "\n"
