# SPDX-License-Identifier: BSD-2-Clause
"""The content of a tokenizer as plain values, which are compared, hashed and pickled."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._core import MappingOptions
from bedtok._tokenization.options import (
    assembly_to_dict,
    mapping_to_dict,
    sequence_from_dict,
    sequence_to_dict,
)

_MARK = 2**16 - 1


class TokenizerState(NamedTuple):
    """The whole content of a tokenizer as plain values; equal tokenizers have equal states.

    Attributes:
        names: Chromosomes in the order of their first region.
        dtype: Type of the chromosome ids: the smallest that holds them, little-endian.
        chroms: Each region's position in ``names``, as bytes.
        starts: uint32, little-endian, as bytes.
        ends: uint32, little-endian, as bytes.
        special_tokens: Spellings in the order of the ids.
        roles: (role, spelling).
        options: (name, value) of each mapping option.
        sequence: (name, value) of each sequence option.
        assembly: (name, value) of what is known of the assembly.
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
    assembly: tuple[tuple[str, Any], ...] = ()  # older pickles have none

    @classmethod
    def of(cls, core: _core.Tokenizer) -> TokenizerState:
        """Return the state of a tokenizer."""
        regions = core.regions
        names = regions.chrom_names
        # The table may have unused names and any order; neither concerns the tokens. NumPy sorts
        # small integers in linear time.
        ids = regions.chrom_ids.astype(_smallest_dtype(len(names)))
        used, first = np.unique(ids, return_index=True)
        used = used[np.argsort(first)]
        dtype = _smallest_dtype(len(used))
        rank = np.zeros(len(names), dtype=dtype)
        rank[used] = np.arange(len(used), dtype=dtype)
        values = mapping_to_dict(core.options)
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
            tuple(assembly_to_dict(core).items()),
        )

    def digest(self) -> str:
        """Return 32 hexadecimal digits that depend only on what determines ids and sequences."""
        names = [
            self.names,
            self.dtype,
            self.special_tokens,
            self.roles,
            [option for option in self.options if option[0] != "low_hit_rate"],
            self.sequence,
        ]
        return self._digest_with(names)

    def regions_digest(self) -> str:
        """Return 32 hexadecimal digits that depend only on the regions and their order."""
        return self._digest_with([self.names, self.dtype])

    def _digest_with(self, values: list[Any]) -> str:
        import hashlib  # brings OpenSSL, 4 MiB that most programs do without

        digest = hashlib.blake2b(digest_size=16)
        # JSON marks the end of each text, and writes any text in ASCII.
        digest.update(json.dumps([*values, len(self.starts)]).encode())
        for column in (self.chroms, self.starts, self.ends):
            digest.update(column)
        return digest.hexdigest()

    def pack(self) -> tuple[TokenizerState, tuple[bytes, ...]]:
        """Return the state without its columns, and the columns in less than half of their bytes.

        Peaks in order lie close to one another and are short: distances and widths mostly fit
        2 bytes, and chromosomes change seldom.
        """
        chroms = np.frombuffer(self.chroms, self.dtype)
        starts = np.frombuffer(self.starts, "<u4")
        ends = np.frombuffer(self.ends, "<u4")
        first = np.flatnonzero(np.diff(chroms, prepend=chroms[:1] + 1))
        columns = (
            chroms[first].tobytes(),
            np.diff(first, append=chroms.size).astype("<u4").tobytes(),
            *_pack_small(np.diff(starts, prepend=starts.dtype.type(0))),
            *_pack_small(ends - starts),
        )
        return self._replace(chroms=b"", starts=b"", ends=b""), columns

    def unpack(self, columns: tuple[bytes, ...]) -> TokenizerState:
        """Return the state that ``pack`` was called on."""
        chroms, lengths = np.frombuffer(columns[0], self.dtype), np.frombuffer(columns[1], "<u4")
        starts = np.cumsum(_unpack_small(*columns[2:4]), dtype="<u4")  # modulo 2**32, as in pack
        return self._replace(
            chroms=np.repeat(chroms, lengths).tobytes(),
            starts=starts.tobytes(),
            ends=(starts + _unpack_small(*columns[4:6])).tobytes(),
        )

    def open(self, path: str, digest: str) -> _core.Tokenizer | None:
        """Return a tokenizer with this state whose regions are those of a saved index.

        Args:
            path: The index.
            digest: Its digest; None is returned where the file is gone, or has another one.
        """
        return _core.Tokenizer.from_index_file(path, digest, *self._settings(), **self._assembly())

    def build(self) -> _core.Tokenizer:
        """Return a tokenizer with this state."""
        regions = _core.RegionSet.from_columns(
            self.names,
            np.frombuffer(self.chroms, dtype=self.dtype).astype(np.uint32),
            np.frombuffer(self.starts, dtype="<u4").astype(np.uint32, copy=False),
            np.frombuffer(self.ends, dtype="<u4").astype(np.uint32, copy=False),
        )
        return _core.Tokenizer(regions, *self._settings(), **self._assembly())

    def _settings(
        self,
    ) -> tuple[dict[str, str], MappingOptions, _core.SequenceOptions, tuple[str, ...]]:
        return (
            dict(self.roles),
            MappingOptions(**dict(self.options)),
            sequence_from_dict(dict(self.sequence)),
            self.special_tokens,
        )

    def _assembly(self) -> dict[str, Any]:
        return dict(self.assembly)


def _pack_small(values: npt.NDArray[np.uint32]) -> tuple[bytes, bytes]:
    """Return values below 2**16 - 1 in 2 bytes each, and the others, which that number marks."""
    large = values >= _MARK
    return np.minimum(values, _MARK).astype("<u2").tobytes(), values[large].astype("<u4").tobytes()


def _unpack_small(small: bytes, large: bytes) -> npt.NDArray[np.uint32]:
    values = np.frombuffer(small, "<u2").astype("<u4")
    values[values == _MARK] = np.frombuffer(large, "<u4")
    return values


def _smallest_dtype(count: int) -> str:
    """Return the smallest type that holds 0 .. count - 1."""
    return "<u1" if count <= 2**8 else "<u2" if count <= 2**16 else "<u4"
