# SPDX-License-Identifier: BSD-2-Clause
"""A table as text, as reports are printed."""

from __future__ import annotations

from collections.abc import Sequence

ROWS_SHOWN = 30


def text_table(rows: Sequence[Sequence[str]], numbers: range, of: int) -> list[str]:
    """Return the lines of a table.

    Args:
        rows: The names of the columns, and at most ``ROWS_SHOWN`` rows.
        numbers: The columns that are aligned at the right.
        of: Number of rows that there are.
    """
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  ".join(
            text.rjust(width) if i in numbers else text.ljust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return lines if of <= ROWS_SHOWN else [*lines, f"and {of - ROWS_SHOWN:,} more"]
