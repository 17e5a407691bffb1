# SPDX-License-Identifier: BSD-2-Clause
"""What makes two tokenizers the same: columns without accidents, a digest, and pickles."""

from __future__ import annotations

import copy
import hashlib
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bedtok import _core
from bedtok._core import MappingOptions
from bedtok._inputs import warn_caller
from bedtok._options import options_to_dict
from bedtok._sequence import sequence_from_dict, sequence_to_dict
from bedtok._vocabulary import Vocabulary

if TYPE_CHECKING:
    from typing_extensions import Self


# What `_adopt` makes anew; other attributes are a subclass's or a user's.
_OWN = {"_core", "_spellings", "_role_ids", "_special_ids", "_digest"}


class Content(NamedTuple):
    """All that a tokenizer is, as plain values; equal tokenizers have equal contents.

    Attributes:
        names: Chromosomes in the order in which the vocabulary meets them.
        dtype: Of the chromosome ids: the smallest that holds them, little-endian.
        chroms: The position in ``names`` of each region's chromosome, as bytes.
        starts: uint32, little-endian, as bytes.
        ends: uint32, little-endian, as bytes.
        special_tokens: Spellings in the order of the ids.
        roles: (role, spelling).
        options: (name, value) of each mapping option.
        sequence: (name, value) of what a model expects of its sequences.
    """

    names: tuple[str, ...]
    dtype: str
    chroms: bytes
    starts: bytes
    ends: bytes
    special_tokens: tuple[str, ...]
    roles: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, Any], ...]
    sequence: tuple[tuple[str, Any], ...]

    @classmethod
    def of(cls, core: _core.Tokenizer) -> Content:
        """Return the content of a tokenizer."""
        regions = core.regions
        names = regions.chrom_names
        # The table may have unused names, and another order than that of first sight; neither
        # says anything about the tokens. Small integers are sorted by NumPy in linear time.
        ids = regions.chrom_ids.astype(_smallest_dtype(len(names)))
        used, first = np.unique(ids, return_index=True)
        used = used[np.argsort(first)]
        dtype = _smallest_dtype(len(used))
        rank = np.zeros(len(names), dtype=dtype)
        rank[used] = np.arange(len(used), dtype=dtype)
        values = options_to_dict(core.options)
        if isinstance(values["chrom_aliases"], dict):
            values["chrom_aliases"] = dict(sorted(values["chrom_aliases"].items()))
        return cls(
            tuple(names[i] for i in used.tolist()),
            dtype,
            rank[ids].tobytes(),
            regions.starts.astype("<u4").tobytes(),
            regions.ends.astype("<u4").tobytes(),
            tuple(core.all_special_tokens),
            tuple(core.special_tokens.items()),
            tuple(values.items()),
            tuple(sequence_to_dict(core.sequence_options).items()),
        )

    def digest(self) -> str:
        """Return 32 hexadecimal digits that depend on the content alone."""
        words = [
            self.names,
            self.dtype,
            self.special_tokens,
            self.roles,
            self.options,
            self.sequence,
            len(self.starts),
        ]
        digest = hashlib.blake2b(digest_size=16)
        # JSON says where each word ends, and writes any text in ASCII.
        digest.update(json.dumps(words).encode())
        for column in (self.chroms, self.starts, self.ends):
            digest.update(column)
        return digest.hexdigest()

    def build(self) -> _core.Tokenizer:
        """Return a tokenizer of this content."""
        regions = _core.RegionSet.from_columns(
            self.names,
            np.frombuffer(self.chroms, dtype=self.dtype).astype(np.uint32),
            np.frombuffer(self.starts, dtype="<u4").astype(np.uint32, copy=False),
            np.frombuffer(self.ends, dtype="<u4").astype(np.uint32, copy=False),
        )
        return _core.Tokenizer(
            regions,
            dict(self.roles),
            MappingOptions(**dict(self.options)),
            sequence_from_dict(dict(self.sequence)),
            self.special_tokens,
        )


class ByContent(Vocabulary):
    """The part of a tokenizer that compares, hashes, copies and pickles by content."""

    _digest: str | None

    @classmethod
    def _of(cls, core: _core.Tokenizer) -> Self:
        self = cls.__new__(cls)
        self._adopt(core)
        return self

    def _adopt(self, core: _core.Tokenizer, *, warn: bool = True) -> None:
        self._adopt_vocabulary(core)
        self._digest = None
        if warn:
            warn_caller(core.warning)

    @classmethod
    def _from_content(cls, *content: Any) -> Self:
        self = cls.__new__(cls)
        # Whoever made the pickle has been warned.
        self._adopt(Content(*content).build(), warn=False)
        return self

    @property
    def options(self) -> MappingOptions:
        """The mapping options of calls that bring none of their own."""
        return self._core.options

    @property
    def digest(self) -> str:
        """32 hexadecimal digits that depend on vocabulary, special tokens and options alone.

        The options are those of mapping and those of the sequences.
        """
        if self._digest is None:
            self._digest = self._content().digest()
        return self._digest

    def _content(self) -> Content:
        return Content.of(self._core)

    def __eq__(self, other: object) -> bool:
        """Whether both have the same vocabulary in the same order, special tokens and options."""
        if not isinstance(other, ByContent):
            return NotImplemented
        a, b = self._core, other._core
        return a is b or (
            a.options == b.options
            and a.sequence_options == b.sequence_options
            and a.special_tokens == b.special_tokens
            and a.all_special_tokens == b.all_special_tokens
            and a.regions.equals(b.regions)
        )

    def __hash__(self) -> int:
        return int(self.digest[:15], 16)

    def __copy__(self) -> Self:
        # What is compiled never changes, so copies share it.
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        other = copy.copy(self)
        memo[id(self)] = other
        other.__dict__.update(copy.deepcopy(self._extra(), memo))
        return other

    def __reduce__(self) -> tuple[Any, ...]:
        return self._from_content, tuple(self._content()), self._extra() or None

    def _extra(self) -> dict[str, Any]:
        """Attributes that a subclass or a user set."""
        return {name: value for name, value in self.__dict__.items() if name not in _OWN}


def _smallest_dtype(count: int) -> str:
    """Return the smallest type that holds 0 .. count - 1."""
    return "<u1" if count <= 2**8 else "<u2" if count <= 2**16 else "<u4"
