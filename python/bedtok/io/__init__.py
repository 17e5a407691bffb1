# SPDX-License-Identifier: BSD-2-Clause
"""Files of tokens: collections to shards, ``.gtok`` files; scored regions as tracks."""

from bedtok._regions.tracks import write_bedgraph, write_bigwig
from bedtok.io.collection import TokenizedFiles, tokenize_cells, tokenize_files
from bedtok.io.gtok import (
    read_tokens_from_gtok,
    read_tokens_from_gtok_as_strings,
    write_tokens_to_gtok,
)

__all__ = [
    "TokenizedFiles",
    "read_tokens_from_gtok",
    "read_tokens_from_gtok_as_strings",
    "tokenize_cells",
    "tokenize_files",
    "write_bedgraph",
    "write_bigwig",
    "write_tokens_to_gtok",
]
