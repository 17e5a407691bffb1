# SPDX-License-Identifier: BSD-2-Clause
"""``Vocabulary``: special tokens, tokens to ids and back, equality, digest and pickles."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import numpy.typing as npt

from bedtok import _core as core_module
from bedtok._checks import check_texts, import_optional, is_unicode, warn_caller
from bedtok._core import ConfigError, Error
from bedtok._regions.region_set import RegionSet
from bedtok._tokenization.content import TokenizerState
from bedtok._tokenization.special_tokens import TOKEN_SUFFIX, WITHOUT_ROLE, id_of, spelling_of
from bedtok._tokenization.tensors import Int64s, as_row

if TYPE_CHECKING:
    import pyarrow as pa
    from typing_extensions import Self

IdsLike = Sequence[int] | npt.NDArray[np.integer[Any]]

# The attributes that `_set_core` sets; all others belong to a subclass or to a user.
_OWN = {"_core", "_spellings", "_role_ids", "_special_ids", "_digest", "_digest_of_regions"}


class Vocabulary:
    """An ordered list of regions followed by special tokens; the base class of ``Tokenizer``."""

    _core: core_module.Tokenizer
    _spellings: dict[str, str]  # by role, in the order of the ids
    _role_ids: dict[str, int]  # by role
    _special_ids: dict[str, int]  # by spelling, all special tokens
    _digest: str | None
    _digest_of_regions: str | None
    # Set by with_token_weights. Not in _OWN: copies and pickles carry it along, as a subclass's.
    _token_weights: npt.NDArray[np.float32] | None = None

    unk_token: str = spelling_of("unk")
    pad_token: str = spelling_of("pad")
    mask_token: str = spelling_of("mask")
    cls_token: str = spelling_of("cls")
    eos_token: str = spelling_of("eos")
    bos_token: str = spelling_of("bos")
    sep_token: str = spelling_of("sep")
    unk_token_id: int = id_of("unk")
    pad_token_id: int = id_of("pad")
    mask_token_id: int = id_of("mask")
    cls_token_id: int = id_of("cls")
    eos_token_id: int = id_of("eos")
    bos_token_id: int = id_of("bos")
    sep_token_id: int = id_of("sep")

    @classmethod
    def _wrap(cls, core: core_module.Tokenizer, *, warn: bool = True) -> Self:
        self = object.__new__(cls)  # not what a subclass makes of __new__
        self._digest_of_regions = None
        self._set_core(core, warn=warn)
        return self

    def _set_core(self, core: core_module.Tokenizer, *, warn: bool = False) -> None:
        spellings = core.special_tokens
        first = core.num_regions
        self._special_ids = {text: first + i for i, text in enumerate(core.all_special_tokens)}
        self._role_ids = {role: self._special_ids[text] for role, text in spellings.items()}
        self._spellings = spellings
        self._core = core
        self._digest = None
        if warn:
            warn_caller(core.warning)

    @classmethod
    def _from_state(cls, *state: Any) -> Self:
        # Whoever made the pickle has been warned.
        return cls._wrap(TokenizerState(*state).build(), warn=False)

    @classmethod
    def _from_index_file(
        cls, path: str, digest: str, columns: tuple[bytes, ...], *state: Any
    ) -> Self:
        # The file saves time and memory where it is still there; the pickle is complete without it.
        content = TokenizerState(*state)
        core = content.open(path, digest) or content.unpack(columns).build()
        return cls._wrap(core, warn=False)

    # ---- special tokens

    @property
    def special_tokens_map(self) -> dict[str, str | list[str]]:
        """The spellings by role, ``{"unk_token": "<unk>", ...}``.

        Tokens without a role are listed under ``"additional_special_tokens"``, if there are any.
        """
        spellings: dict[str, str | list[str]] = {
            role + TOKEN_SUFFIX: text for role, text in self._spellings.items()
        }
        if self.additional_special_tokens:
            spellings[WITHOUT_ROLE[0]] = self.additional_special_tokens
        return spellings

    @property
    def additional_special_tokens(self) -> list[str]:
        """The special tokens without a role, in the order of the ids."""
        roles = set(self._spellings.values())
        return [text for text in self._special_ids if text not in roles]

    @property
    def all_special_tokens(self) -> list[str]:
        """All tokens that are not regions, in the order of the ids."""
        return list(self._special_ids)

    @property
    def all_special_ids(self) -> list[int]:
        """The ids of all special tokens, ascending."""
        return list(self._special_ids.values())

    # ---- size and content

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

    @property
    def token_weights(self) -> npt.NDArray[np.float32] | None:
        """The weight of each region, float32 of shape (num_regions,), read-only; None: none.

        ``with_token_weights`` sets them, and ``truncation="weight"`` keeps the tokens of the
        largest.
        """
        return self._token_weights

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that depend only on regions, special tokens and options.

        Of the options those that only determine warnings are left out: ``low_hit_rate``,
        ``genome`` and ``chrom_sizes``. So are ``token_weights``, which do not concern what a region
        becomes.
        """
        if self._digest is None:
            self._digest = self._state().digest()
        return self._digest

    @property
    def _regions_digest(self) -> str:
        """32 hexadecimal digits that depend only on the regions and their order, made once."""
        if self._digest_of_regions is None:
            self._digest_of_regions = self._state().regions_digest()
        return self._digest_of_regions

    def _state(self) -> TokenizerState:
        return TokenizerState.of(self._core)

    def __eq__(self, other: object) -> bool:
        """Return whether regions, their order, special tokens, options and weights are equal."""
        if not isinstance(other, Vocabulary):
            return NotImplemented
        if not _equal_or_none(self._token_weights, other._token_weights):
            return False
        a, b = self._core, other._core
        return a is b or (
            a.options == b.options
            and a.sequence_options == b.sequence_options
            and a.genome == b.genome
            and a.chrom_sizes == b.chrom_sizes
            and a.special_tokens == b.special_tokens
            and a.all_special_tokens == b.all_special_tokens
            and a.regions.equals(b.regions)
        )

    def __hash__(self) -> int:
        """Return the hash of the regions, which never change; special tokens may."""
        return int(self._regions_digest[:15], 16)

    def __copy__(self) -> Self:
        # The compiled tokenizer is immutable, so copies share it.
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = copy.copy(self)
        memo[id(self)] = other
        other.__dict__.update(copy.deepcopy(self._extra(), memo))
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        file = self._core.index_file
        if file is None:
            return self._from_state, tuple(self._state()), self._extra() or None
        state, columns = self._state().pack()
        return self._from_index_file, (*file, columns, *state), self._extra() or None

    def _extra(self) -> dict[str, Any]:
        """Return the attributes that a subclass or a user set."""
        return {name: value for name, value in self.__dict__.items() if name not in _OWN}

    # ---- tokens to text and back

    @overload
    def decode(
        self,
        ids: int | IdsLike,
        skip_special_tokens: bool = False,
        *,
        return_type: Literal["list"] = "list",
    ) -> list[str]: ...
    @overload
    def decode(
        self,
        ids: int | IdsLike,
        skip_special_tokens: bool = False,
        *,
        return_type: Literal["arrow"],
    ) -> pa.LargeStringArray: ...
    def decode(
        self,
        ids: int | IdsLike,
        skip_special_tokens: bool = False,
        *,
        return_type: Literal["list", "arrow"] = "list",
    ) -> list[str] | pa.LargeStringArray:
        """Return the tokens of ids as text.

        Args:
            ids: One id, or a list, array or tensor of them, of shape (tokens,).
            skip_special_tokens: Leave special tokens out.
            return_type: ``"list"``: a list of ``str``, in which tokens that come again soon share
                one object; ``"arrow"``: an Arrow array of type large_string, which holds all texts
                in one buffer and takes a fraction of the time and the memory.

        Raises:
            VocabularyError: An id is outside the vocabulary, 0 .. vocab_size - 1.
            TypeError: Not integers, or not one dimension.
            ConfigError: ``return_type`` is something else.
            ImportError: It is ``"arrow"`` and pyarrow is not installed.

        Example:
            >>> from bedtok import Tokenizer
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
            >>> tokenizer.decode([1, 0])
            ['chr1:300-400', 'chr1:100-200']
        """
        row = np.atleast_1d(self._ids(ids))
        if return_type == "list":
            return self._core.decode(row, bool(skip_special_tokens))
        if return_type != "arrow":
            raise ConfigError(f"return_type is {return_type!r}, expected 'list' or 'arrow'")
        pa = import_optional("pyarrow", "decode with return_type='arrow'")
        data, offsets = self._core.decode_buffers(row, bool(skip_special_tokens))
        buffers = [pa.py_buffer(offsets), pa.py_buffer(data)]
        return pa.LargeStringArray.from_buffers(len(offsets) - 1, *buffers)

    def batch_decode(
        self,
        sequences: Sequence[int | IdsLike] | npt.NDArray[Any],
        skip_special_tokens: bool = False,
    ) -> list[list[str]]:
        """Return the tokens of each sequence of ids; errors are those of ``decode``.

        Args:
            sequences: Lists, arrays or tensors of ids, or one array or tensor of shape
                (sequences, tokens).
            skip_special_tokens: Leave special tokens, and so padding, out.
        """
        return [self.decode(ids, skip_special_tokens) for ids in sequences]

    def decode_regions(self, ids: int | IdsLike) -> RegionSet:
        """Return the regions of ids, special tokens left out; errors are those of ``decode``.

        Args:
            ids: One id, or a list, array or tensor of them, of shape (tokens,).
        """
        return RegionSet._wrap(self._core.decode_regions(np.atleast_1d(self._ids(ids))))

    def _ids(self, ids: object) -> Int64s:
        return as_row(ids, bounds=f"the vocabulary (0..{self._core.vocab_size - 1})")

    def _token_ids(self, tokens: Sequence[str]) -> Int64s:
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
        """Return the id of a token, or the ids of a list.

        Args:
            tokens: A token as text, or a list of them; one that is not in the vocabulary is unk.
        """
        if isinstance(tokens, str):
            return int(self._token_ids((tokens,))[0])
        if not isinstance(tokens, (list, tuple)):
            raise TypeError(f"tokens: expected str or a list of them, not {type(tokens).__name__}")
        ids: list[int] = self._token_ids(check_texts(tokens)).tolist()
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
        """Return the token of an id, or the tokens of a list; errors are those of ``decode``.

        Args:
            ids: One id, or a list, array or tensor of them, of shape (tokens,).
            skip_special_tokens: Leave special tokens out; it has no effect on a single id, as in
                Hugging Face.
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
        """Return which tokens are special.

        Args:
            token_ids_0: Tokens as text (as in gtars), or ids (as in Hugging Face).
            token_ids_1: Ids of a second sequence that the template would append.
            already_has_special_tokens: For ids: whether the template has been applied. If not, the
                mask covers the sequence with the template around it: 1 for the template's tokens,
                0 for the ids given.

        Returns:
            For text one bool per token; for ids 1 for a special token, 0 for a region.

        Raises:
            VocabularyError: An id is outside the vocabulary.
            Error: A second sequence, although the template has been applied.
        """
        listed = isinstance(token_ids_0, (list, tuple))
        if listed and any(isinstance(token, str) for token in token_ids_0):
            if token_ids_1 is not None:
                raise TypeError("token_ids_1: expected None where token_ids_0 is a list of str")
            return [token in self._special_ids for token in check_texts(token_ids_0, "token_ids_0")]
        ids = np.atleast_1d(self._ids(token_ids_0))
        if not already_has_special_tokens:
            second = 0 if token_ids_1 is None else np.atleast_1d(self._ids(token_ids_1)).size
            sequence = self._core.sequence_options
            before, after = len(sequence.before), len(sequence.after)
            return [1] * before + [0] * (ids.size + second) + [1] * after
        if token_ids_1 is not None:
            raise Error(
                "token_ids_1: expected None where already_has_special_tokens is True; "
                "token_ids_0 holds both sequences then"
            )
        mask: list[int] = self._core.get_special_tokens_mask(ids).tolist()
        return mask


def _equal_or_none(a: npt.NDArray[Any] | None, b: npt.NDArray[Any] | None) -> bool:
    return a is b or (a is not None and b is not None and np.array_equal(a, b))
