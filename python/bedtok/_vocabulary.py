# SPDX-License-Identifier: BSD-2-Clause
"""The part of a tokenizer that is its vocabulary: tokens as text, tokens as ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from bedtok._core import Error
from bedtok._inputs import as_ids, as_texts, is_unicode
from bedtok._special_tokens import SpecialTokens
from bedtok.models import RegionSet, is_region_text

IdsLike = Sequence[int] | npt.NDArray[np.integer[Any]]


class Vocabulary(SpecialTokens):
    """Tokens and ids; the base of ``Tokenizer``."""

    @property
    def regions(self) -> RegionSet:
        """The vocabulary's regions; the i-th has id i."""
        return RegionSet._wrap(self._core.regions)

    @property
    def num_regions(self) -> int:
        """Number of regions in the vocabulary, without special tokens."""
        return self._core.num_regions

    @property
    def vocab_size(self) -> int:
        """Number of tokens: regions and special tokens (7, and those that were added)."""
        return self._core.vocab_size

    def __len__(self) -> int:
        return self._core.vocab_size

    def get_vocab(self) -> dict[str, int]:
        """Return the id of each token, by its text."""
        return self._core.get_vocab()

    def _is_token(self, text: str) -> bool:
        return text in self._special_ids or is_region_text(text)

    # ---- tokens to text and back

    def decode(self, ids: int | IdsLike, skip_special_tokens: bool = False) -> list[str]:
        """Return the tokens of ids as text.

        Args:
            ids: One id, or a list, array or tensor of them, of shape (tokens,).
            skip_special_tokens: Leave special tokens out.

        Raises:
            VocabularyError: An id is outside the vocabulary, 0 .. vocab_size - 1.
            TypeError: Not integers, or not one dimension.
        """
        return self._core.decode(np.atleast_1d(self._ids(ids)), bool(skip_special_tokens))

    def batch_decode(
        self,
        sequences: Sequence[int | IdsLike] | npt.NDArray[Any],
        skip_special_tokens: bool = False,
    ) -> list[list[str]]:
        """Return the tokens of each sequence of ids; args and errors as ``decode``.

        Args:
            sequences: Lists, arrays or tensors of ids, or one array or tensor of shape
                (sequences, tokens).
            skip_special_tokens: Leave special tokens, and so padding, out.
        """
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def decode_regions(self, ids: int | IdsLike) -> RegionSet:
        """Return the regions of ids, special tokens left out; args and errors as ``decode``."""
        return RegionSet._wrap(self._core.decode_regions(np.atleast_1d(self._ids(ids))))

    def _ids(self, ids: object) -> npt.NDArray[np.int64]:
        return as_ids(ids, f"the vocabulary (0..{self._core.vocab_size - 1})")

    def _token_ids(self, tokens: Sequence[str]) -> npt.NDArray[np.int64]:
        try:
            return self._core.tokens_to_ids(tokens)
        except TypeError:
            # Texts that are not Unicode do not reach C++. Like "" they are never a token.
            return self._core.tokens_to_ids([t if is_unicode(t) else "" for t in tokens])

    @overload
    def convert_tokens_to_ids(self, tokens: str) -> int: ...
    @overload
    def convert_tokens_to_ids(self, tokens: list[str] | tuple[str, ...]) -> list[int]: ...
    def convert_tokens_to_ids(self, tokens: str | list[str] | tuple[str, ...]) -> int | list[int]:
        """Return the id of a token, or the ids of a list; unk's for what is not a token."""
        if isinstance(tokens, str):
            return int(self._token_ids((tokens,))[0])
        if not isinstance(tokens, (list, tuple)):
            raise TypeError(f"tokens: expected str or a list of them, not {type(tokens).__name__}")
        ids: list[int] = self._token_ids(as_texts(tokens)).tolist()
        return ids

    @overload
    def convert_ids_to_tokens(self, ids: int, skip_special_tokens: bool = False) -> str: ...
    @overload
    def convert_ids_to_tokens(
        self, ids: IdsLike, skip_special_tokens: bool = False
    ) -> list[str]: ...
    def convert_ids_to_tokens(
        self, ids: int | IdsLike, skip_special_tokens: bool = False
    ) -> str | list[str]:
        """Return the token of an id, or the tokens of a list; args and errors as ``decode``.

        One id gives its token also when that is a special one, as in Hugging Face.
        """
        array = self._ids(ids)
        if array.ndim == 0:
            return self._core.id_to_token(int(array))
        return self._core.decode(array, bool(skip_special_tokens))

    @overload
    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[str],
        token_ids_1: None = None,
        already_has_special_tokens: bool = False,
    ) -> list[bool]: ...
    @overload
    def get_special_tokens_mask(
        self,
        token_ids_0: IdsLike,
        token_ids_1: IdsLike | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[int]: ...
    def get_special_tokens_mask(
        self,
        token_ids_0: Sequence[str] | IdsLike,
        token_ids_1: IdsLike | None = None,
        already_has_special_tokens: bool = False,
    ) -> list[bool] | list[int]:
        """Tell which tokens are special.

        Args:
            token_ids_0: Tokens as text (as in gtars), or ids (as in Hugging Face).
            token_ids_1: Ids of a second sequence that the template would append.
            already_has_special_tokens: For ids: whether the template has been applied. When it
                has not, the mask is that of the sequence with the template around it: 1 for the
                template's tokens, 0 for the ids given.

        Returns:
            For text one bool a token; for ids 1 for a special token and 0 for others.

        Raises:
            VocabularyError: An id is outside the vocabulary.
            Error: A second sequence, although the template has been applied.
        """
        listed = isinstance(token_ids_0, (list, tuple))
        if listed and any(isinstance(token, str) for token in token_ids_0):
            if token_ids_1 is not None:
                raise TypeError("token_ids_1: expected None where token_ids_0 is a list of str")
            return [token in self._special_ids for token in as_texts(token_ids_0, "token_ids_0")]
        ids = np.atleast_1d(self._ids(token_ids_0))
        if not already_has_special_tokens:
            more = 0 if token_ids_1 is None else np.atleast_1d(self._ids(token_ids_1)).size
            sequence = self._core.sequence_options
            before, after = len(sequence.before), len(sequence.after)
            return [1] * before + [0] * (ids.size + more) + [1] * after
        if token_ids_1 is not None:
            raise Error(
                "token_ids_1: expected None where already_has_special_tokens is True; "
                "token_ids_0 holds both sequences then"
            )
        mask: list[int] = self._core.get_special_tokens_mask(ids).tolist()
        return mask
