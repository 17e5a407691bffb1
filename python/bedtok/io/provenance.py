# SPDX-License-Identifier: BSD-2-Clause
"""Which vocabulary the ids of a file are of: written into its metadata, and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bedtok._core import VocabularyError
from bedtok._tokenization.vocabulary import Vocabulary

METADATA_KEY = b"bedtok"


def vocabulary_fields(tokenizer: Vocabulary) -> dict[str, Any]:
    """Return the fields of metadata that name a vocabulary."""
    return {
        "vocab_size": tokenizer.vocab_size,
        "regions_digest": tokenizer._regions_digest,
    }


def check_vocabulary(
    metadata: Mapping[bytes, bytes] | None, tokenizer: Vocabulary, file: str
) -> None:
    """Check that a file was not written with other regions.

    Special tokens do not matter: they follow the regions in an order of their own.

    Args:
        metadata: That of the file's Arrow schema. Files of other programs have no such fields.
        tokenizer: The vocabulary that its ids should be of.
        file: What messages call the file.

    Raises:
        VocabularyError: It was.
    """
    try:
        saved = json.loads((metadata or {}).get(METADATA_KEY, b"{}"))
        size, digest = saved.get("vocab_size"), saved.get("regions_digest")
    except (ValueError, AttributeError):
        return  # of another program
    if digest is None:
        return
    if digest != tokenizer._regions_digest:
        raise VocabularyError(
            f"{file}: was written with another vocabulary ({size} tokens), expected that of the "
            f"tokenizer ({tokenizer.vocab_size} tokens); load the one that made the tokens, or "
            "tokenize again"
        )
