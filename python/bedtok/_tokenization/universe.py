# SPDX-License-Identifier: BSD-2-Clause
"""A BED file as a vocabulary."""

from __future__ import annotations

from bedtok import _core
from bedtok._checks import OnError, check_on_error
from bedtok._files import local_file
from bedtok._regions.region_set import read_bed


def tokenizer_from_bed(
    path: str, on_error: OnError = "raise", special_tokens: dict[str, str] | None = None
) -> _core.Tokenizer:
    """Return the compiled tokenizer of a BED file's regions, in the file's order.

    Args:
        path: The file, or its URL.
        on_error: What a line that is not BED does; see ``RegionSet.from_bed``.
        special_tokens: Spellings by role, as the compiled tokenizer takes them.

    Raises:
        ParseError: It is not a BED file. VocabularyError: It has no regions.
        ConfigError: ``on_error`` is another word, or two tokens are spelled the same.
        OSError: It cannot be read.
    """
    if check_on_error(on_error) == "raise":
        with local_file(path) as file:
            return _core.Tokenizer.from_bed(file, special_tokens)
    regions, _ = read_bed(path, False, on_error)
    if not len(regions):
        raise _core.VocabularyError(
            f"{path}: the vocabulary has no regions, expected at least one line of chromosome, "
            "start and end"
        )
    return _core.Tokenizer(regions, special_tokens)
