# SPDX-License-Identifier: BSD-2-Clause
"""Loading a vocabulary, from text and from what bedtok saves."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.data.regions import make_peaks
from bench.data.workloads import contigs
from bench.limits import isal_inflate, libdeflate_inflate, reading, reading_and_touching, zcat
from bench.rows import OURS, Row, Tool, load
from bench.setting import Setting

TITLE = "Load a vocabulary"
WORDS = (
    "`Tokenizer.from_bed(path)` and gtars' call of the same name; a saved folder by "
    "`Tokenizer.from_pretrained(folder)`; `pickle.loads`. The number of entries and the text of "
    "every 997th are compared. Of the peers only gtars has a tokenizer."
)


def entries(tokenizer: Any) -> tuple[int, list[str]]:
    """Return the number of entries, and the text of every 997th."""
    size = int(tokenizer.vocab_size)
    return size, list(tokenizer.decode(list(range(0, size, 997))))


def ours(make: Any) -> Tool:
    return Tool(OURS, lambda path: load("bedtok").Tokenizer.from_bed(path), make, entries)


def gtars(make: Any) -> Tool:
    return Tool(
        "gtars",
        lambda path: load("gtars.tokenizers").Tokenizer.from_bed(path),
        lambda: str(make()),
        entries,
    )


def from_text(name: str, make: Any, limits: list[Tool], **more: Any) -> Row:
    return Row(name, [ours(make), gtars(make)], limits, **more)


def rows(setting: Setting) -> Iterator[Row]:
    size = setting.scale.vocabulary
    index = 16 * size  # bytes of the vocabulary in memory, at least

    def plain() -> Path:
        return setting.vocabulary_file(".bed")

    yield from_text(
        f"{size:,} regions, .bed",
        plain,
        [reading_and_touching(lambda: ([plain()], index))],
    )
    yield from_text(
        f"{size:,} regions, .bed.gz",
        setting.vocabulary_file,
        [make(setting.vocabulary_file) for make in (isal_inflate, zcat, libdeflate_inflate)],
        target=20.0,
        headline=True,
    )
    yield from saved(setting)

    def of_contigs() -> Path:
        return setting.file(
            f"contigs-{setting.scale.hard}.bed",
            lambda path: setting.workload("contigs", contigs).vocabulary.write(path),
        )

    yield from_text(
        "contigs with names of 40 characters, .bed", of_contigs, [reading(of_paths(of_contigs))]
    )
    for large in setting.scale.large_vocabularies:

        def of_large(large: int = large) -> Path:
            return setting.file(
                f"vocabulary-{large}.bed",
                lambda path: make_peaks(setting.rng("large", large), large).write(path),
            )

        yield from_text(f"{large:,} regions, .bed", of_large, [reading(of_paths(of_large))])


def has_index() -> bool:
    """Return whether this bedtok saves an index beside the universe."""
    parameters = inspect.signature(load("bedtok").Tokenizer.save_pretrained).parameters
    return "index" in parameters


def save_index(setting: Setting, folder: Path) -> None:
    setting.tokenizer.save_pretrained(folder, index=True)


def of_paths(make: Any) -> Any:
    return lambda: [make()]


def saved(setting: Setting) -> Iterator[Row]:
    """Yield rows for what bedtok itself has written."""
    size = setting.scale.vocabulary

    def folder() -> Path:
        return setting.file(f"saved-{size}", lambda path: setting.tokenizer.save_pretrained(path))

    def from_folder(path: Path) -> Any:
        return load("bedtok").Tokenizer.from_pretrained(path)

    def dump() -> bytes:
        return pickle.dumps(setting.tokenizer)

    def same_size(tokenizer: Any) -> tuple[int, list[str]]:
        assert tokenizer.vocab_size == setting.tokenizer.vocab_size
        return entries(tokenizer)

    packed = setting.vocabulary_file
    if has_index():

        def mapped() -> Path:
            return setting.file(f"indexed-{size}", lambda path: save_index(setting, path))

        def dump_mapped() -> bytes:
            return pickle.dumps(from_folder(mapped()))

        yield Row(
            f"{size:,} regions, mapped index",
            [Tool(OURS, from_folder, mapped, same_size)],
            [reading_and_touching(lambda: ([], 16 * size))],
        )
        yield Row(
            f"{size:,} regions, pickle of a mapped index",
            [Tool(OURS, pickle.loads, dump_mapped, same_size)],
        )
    yield Row(
        f"{size:,} regions, saved folder",
        [
            Tool(OURS, from_folder, folder, same_size),
            Tool(
                "gtars",
                lambda path: load("gtars.tokenizers").Tokenizer.from_pretrained(path),
                lambda: str(folder()),
                entries,
            ),
        ],
        [isal_inflate(packed)],
    )
    yield Row(
        f"{size:,} regions, pickle",
        [
            Tool(OURS, pickle.loads, dump, same_size),
            Tool("gtars", pickle.loads, lambda: pickle.dumps(setting.gtars_tokenizer), entries),
        ],
    )
