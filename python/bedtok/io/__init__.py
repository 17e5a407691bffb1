# SPDX-License-Identifier: BSD-2-Clause
"""Files of tokens: collections of BED files to shards, and ``.gtok`` files."""

from bedtok.io.collection import TokenizedFiles, tokenize_files
from bedtok.io.gtok import (
    read_tokens_from_gtok,
    read_tokens_from_gtok_as_strings,
    write_tokens_to_gtok,
)

__all__ = [
    "TokenizedFiles",
    "read_tokens_from_gtok",
    "read_tokens_from_gtok_as_strings",
    "tokenize_files",
    "write_tokens_to_gtok",
]
