# SPDX-License-Identifier: BSD-2-Clause
"""transformers' TokenizerTesterMixin on ``AtacformerTokenizer``."""

from __future__ import annotations

import re
import shutil
import tempfile
import unittest
import zlib
from typing import Any

import pytest

from bedtok import Tokenizer
from bedtok.atacformer import AtacformerTokenizer
from differences import REASONS
from support import NUM_REGIONS as REGIONS
from support import region_text
from transformers_suite import VERSION_5, WholeDifferences, suite_module

TokenizerTesterMixin = suite_module("test_tokenization_common").TokenizerTesterMixin


class WordTokenizer(AtacformerTokenizer):
    """An ``AtacformerTokenizer`` that takes words: the mixin feeds English.

    Each word becomes a region of the vocabulary; everything but this is the tokenizer's own.
    """

    def _regions(self, text: Any) -> Any:
        if isinstance(text, (list, tuple)):
            return [self._regions(one) for one in text]
        if not isinstance(text, str):
            return text
        return [
            word if word in self.get_vocab() else region_text(zlib.crc32(word.encode()) % REGIONS)
            for word in re.findall(r"<\w+>|[^\s<]+", text)
        ]

    def __call__(self, text: Any, text_pair: Any = None, **kwargs: Any) -> Any:
        return super().__call__(self._regions(text), text_pair, **kwargs)

    def encode(self, text: Any, text_pair: Any = None, **kwargs: Any) -> Any:
        return super().encode(self._regions(text), text_pair, **kwargs)

    def tokenize(self, text: Any, pair: Any = None, **kwargs: Any) -> Any:
        return super().tokenize(self._regions(text), pair, **kwargs)


class TestTokenizer(  # type: ignore[misc, valid-type]
    WholeDifferences, TokenizerTesterMixin, unittest.TestCase
):
    suite = "tokenizer"
    tokenizer_class = WordTokenizer
    rust_tokenizer_class = None
    test_rust_tokenizer = False
    test_sentencepiece = False
    test_seq2seq = False

    @classmethod
    def setUpClass(cls) -> None:
        """As the mixin's, which reads texts that are not in the sdist."""
        cls.tmpdirname = tempfile.mkdtemp()
        backend = Tokenizer.from_regions([region_text(i) for i in range(REGIONS)])
        WordTokenizer(tokenizer_object=backend).save_pretrained(cls.tmpdirname)
        cls.from_pretrained_id = [cls.tmpdirname]
        # Version 4.57 compares these with tokenizers in Rust, of which there is none.
        cls.tokenizers_list = [(cls.tokenizer_class, cls.tmpdirname, {})] if VERSION_5 else []

    @classmethod
    def tearDownClass(cls) -> None:
        shutil.rmtree(cls.tmpdirname, ignore_errors=True)

    def setUp(self) -> None:
        """Nothing: version 4.57 sets up here what ``setUpClass`` does."""

    def get_clean_sequence(
        self, tokenizer: Any, with_prefix_space: bool = False, max_length: int = 20, **_: Any
    ) -> tuple[str, list[int]]:
        """Texts that are their own tokens: words of English are none here."""
        ids = list(range(min(max_length or 20, REGIONS)))
        return " ".join(tokenizer.convert_ids_to_tokens(ids)), ids


@pytest.mark.parametrize("name", sorted(REASONS["tokenizer"]))
def test_every_difference_is_a_test(name: str) -> None:
    assert callable(getattr(TestTokenizer, name))
