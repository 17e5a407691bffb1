# SPDX-License-Identifier: BSD-2-Clause
"""Fragment files to the ids of each cell."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.limits import isal_inflate, zcat
from bench.rows import OURS, Command, Row, Tool, find, load
from bench.setting import Setting

TITLE = "Fragments"
WORDS = (
    '`tokenizer.encode_fragments(path, on_miss="unk", num_threads=1)` against '
    "`gtars.tokenizers.tokenize_fragment_file`, which returns a dict of lists; the ids of all "
    "cells are compared. Files come from gzip and from bgzip, whose blocks `bgzip -dc` inflates."
)
FORMS = {"gzip": ".tsv.gz", "bgzip": ".tsv.bgz"}


def by_barcode(cells: Any) -> dict[str, list[int]]:
    """Return the ids of each cell by its barcode."""
    return {name: ids.tolist() for name, ids in zip(cells.names, cells, strict=True)}


def encode(given: tuple[Any, Path], threads: int = 1) -> Any:
    tokenizer, path = given
    return tokenizer.encode_fragments(path, on_miss="unk", num_threads=threads)


def rows(setting: Setting) -> Iterator[Row]:
    for count in setting.scale.fragments:
        for form, suffix in FORMS.items():

            def path(count: int = count, suffix: str = suffix) -> Path:
                return setting.fragments_file(count, suffix)

            def gtars(given: tuple[Any, str]) -> Any:
                return load("gtars.tokenizers").tokenize_fragment_file(given[1], given[0])

            def blocks(path: Any = path) -> list[str]:
                return [find("bgzip"), "-dc", str(path())]

            limits = [isal_inflate(path), zcat(path)]
            if form == "bgzip":
                limits.append(Command("bgzip -dc", list, blocks))
            largest = count == setting.scale.fragments[-1]
            yield Row(
                f"{count:,} fragments, {form}",
                [
                    Tool(
                        OURS,
                        encode,
                        lambda p=path: (setting.tokenizer, p()),  # type: ignore[misc]
                        by_barcode,
                    ),
                    Tool(
                        "gtars",
                        gtars,
                        lambda p=path: (setting.gtars_tokenizer, str(p())),  # type: ignore[misc]
                        lambda found: {name: list(ids) for name, ids in found.items()},
                    ),
                ],
                limits,
                size=count,
                things="fragments",
                series=f"fragments, {form}" if form == "bgzip" else "",
                target=6.0 if largest else None,
                headline=largest and form == "bgzip",
            )
