# SPDX-License-Identifier: BSD-2-Clause
"""Parts of pages that come from the results, so that no figure is typed.

A page has ``<!-- bench:NAME -->`` and ``<!-- /bench:NAME -->`` on lines of their own; what stands
between them is written by ``update_pages``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from bench.report import (
    about,
    against,
    limit,
    ours,
    peers,
    quantity,
    ratio_cell,
    rows_of,
    share,
    suite_part,
    table,
    times,
    times_limit,
)
from bench.results import Results
from bench.rows import OURS
from bench.suites import suite

ROOT = Path(__file__).resolve().parents[1]
_MAPPED, _WORKERS = ", mapped index", " workers with the tokenizer"


def speed(results: Results) -> str:
    """Return the rows of README.md: bedtok, its best peer, their ratio, and the limit."""
    cells = []
    for name, row in rows_of(results):
        best = next(iter(peers(row)), None)
        if not row["headline"] or best is None or "median" not in ours(row):
            continue
        bound, factor = limit(row), times_limit(row)
        cells.append(
            [
                f"{suite(name).TITLE}: {row['name']}",
                quantity(ours(row)["median"], row["unit"]),
                f"{best['tool']} {quantity(best['median'], row['unit'])}",
                ratio_cell(row),
                times(gtars) if (gtars := against(row, "gtars")) else "",
                f"{share(factor)} {bound['tool']}" if bound and factor else "",
            ]
        )
    header = ["job", "bedtok", "best peer", "ratio", "gtars", "times its physical limit"]
    picture = "![Ratio of the best peer to bedtok, row by row](bench/results/headline.svg)"
    return f"{table(header, cells)}\n\n{picture}\n\n{about(results)}"


def clusters(results: Results) -> str:
    """Return the table of the engines for more than one machine."""
    found = results["suites"].get("clusters")
    if found is None:
        return "Not measured in the last run: `./run bench --all` does."
    return f"{about(results)}\n\n{suite_part('clusters', found).partition(chr(10) * 2)[2]}"


def saved_index(results: Results) -> str:
    """Return what a saved index does for loading, and for the memory of workers."""
    rows = {row["name"]: row for _, row in rows_of(results)}

    def of(name: str, tool: str = OURS) -> str:
        for entry in rows[name]["tools"]:
            if entry["tool"] == tool and "median" in entry:
                return quantity(entry["median"], rows[name]["unit"])
        return "not measured"

    mapped = next((name for name in rows if name.endswith(_MAPPED)), None)
    workers = next((name for name in rows if name.endswith(_WORKERS)), None)
    if mapped is None or workers is None:
        return "Not measured in the last run."
    size = mapped.removesuffix(_MAPPED)
    cells = [
        [f"load a folder, {size}", of(f"{size}, saved folder"), of(mapped)],
        [f"load a pickle, {size}", of(f"{size}, pickle"), of(f"{size}, pickle of a mapped index")],
        [workers, of(workers, f"{OURS}, without index"), of(workers)],
    ]
    return f"{table(['', 'without the index', 'with it'], cells)}\n\n{about(results)}"


BLOCKS: dict[str, Callable[[Results], str]] = {
    "speed": speed,
    "clusters": clusters,
    "saved-index": saved_index,
}
PAGES = {
    "README.md": ["speed"],
    "docs/scaling.md": ["clusters"],
    "docs/saved-index.md": ["saved-index"],
}


def with_block(text: str, name: str, block: str) -> str:
    """Return the text of a page with a block between its marks.

    Raises:
        ValueError: The page does not have the marks.
    """
    pattern = rf"(?s)(<!-- bench:{name} -->\n).*?(<!-- /bench:{name} -->)"
    new, count = re.subn(pattern, lambda found: f"{found[1]}\n{block}\n\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"<!-- bench:{name} -->: found {count} times, expected once")
    return new


def updated(page: str, results: Results) -> str:
    """Return the text of a page with all its blocks from the results."""
    text = (ROOT / page).read_text("utf-8")
    for name in PAGES[page]:
        text = with_block(text, name, BLOCKS[name](results))
    return text


def update_pages(results: Results) -> None:
    """Write the blocks of all pages."""
    for page in PAGES:
        (ROOT / page).write_text(updated(page, results), "utf-8")
