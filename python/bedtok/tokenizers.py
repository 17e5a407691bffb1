# SPDX-License-Identifier: BSD-2-Clause
"""The tokenizer: a vocabulary of genomic regions, and what of it an input overlaps."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import numpy.typing as npt

from bedtok import _core
from bedtok._config import core_of_config
from bedtok._core import MappingOptions, MappingReport
from bedtok._identity import ByContent
from bedtok._inputs import Sample, legal_path, read_sample, warn_caller
from bedtok._options import (
    DEFAULT_OPTIONS,
    MappingKeywords,
    merge_options,
    options_to_dict,
)
from bedtok._special_tokens import spellings_by_role
from bedtok.batch_encoding import BatchEncoding, _to_tensors, check_return_tensors
from bedtok.models import as_region_set

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

StrPath = str | os.PathLike[str]

_CALL_KEYWORDS = (
    "add_special_tokens",
    "return_tensors",
    "return_attention_mask",
    "return_special_tokens_mask",
    "return_region_index",
)

_HUB_KEYWORDS = ("revision", "cache_dir", "token", "local_files_only", "subfolder")


class Tokenizer(ByContent):
    """Regions in, token ids of a vocabulary out.

    The i-th distinct region of the vocabulary has id i; the special tokens unk, pad, mask, cls,
    eos, bos, sep follow. A tokenizer does not change and may be used from many threads; it
    pickles, compares and hashes by content.

    Args:
        path: A BED file (plain, gzip or bgzip), or a ``.toml`` config of gtars.
        **options: Mapping options, the defaults of each call; see ``MappingKeywords``.

    Raises:
        FileNotFoundError: There is no such file. IsADirectoryError: It is a folder.
        ParseError: It is not a BED file.
        VocabularyError: It has no regions.
        ConfigError: A mapping option is not allowed, or something in the config.
        TypeError: An option is not known or has the wrong type.

    Example:
        >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer([("chr1", 150, 350), ("chr2", 5, 9)])
        BatchEncoding(input_ids=[0, 1], attention_mask=[1, 1])
        >>> tokenizer.decode([0, 2])
        ['chr1:100-200', '<unk>']
    """

    def __init__(self, path: StrPath, **options: Unpack[MappingKeywords]) -> None:
        merged = merge_options(DEFAULT_OPTIONS, options, "Tokenizer")
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(
                f"path: expected str or PathLike, not {type(path).__name__}; regions in memory "
                "become a tokenizer by Tokenizer.from_regions"
            )
        text = legal_path(path)
        if os.path.isdir(text):
            raise IsADirectoryError(
                errno.EISDIR,
                "is a folder, expected a .bed, .bed.gz or .toml file; a folder is loaded with "
                f"Tokenizer.from_pretrained({text!r})",
                text,
            )
        is_config = text.lower().endswith(".toml")
        self._adopt((core_of_config if is_config else _core.Tokenizer.from_bed)(text, merged))

    @classmethod
    def from_bed(cls, path: StrPath, **options: Unpack[MappingKeywords]) -> Self:
        """Make a tokenizer of the regions in a BED file, in the file's order.

        Args and errors are those of the class; ``path`` is a BED file whatever its name.
        """
        merged = merge_options(DEFAULT_OPTIONS, options, "from_bed")
        return cls._of(_core.Tokenizer.from_bed(legal_path(path), merged))

    @classmethod
    def from_config(cls, path: StrPath, **options: Unpack[MappingKeywords]) -> Self:
        """Make a tokenizer from a TOML config of gtars.

        It has ``universe`` (a BED file, relative to the config), and may have ``special_tokens``
        (a list of ``{name = "unk", token = "<UNK>"}``) and ``tokenizer_type`` (``bits`` or
        ``ailist``, which give the same tokens).

        Raises:
            ConfigError: The file is not TOML, or a key or value in it is not allowed.
            FileNotFoundError: The config or its universe is missing.
        """
        merged = merge_options(DEFAULT_OPTIONS, options, "from_config")
        return cls._of(core_of_config(legal_path(path), merged))

    @classmethod
    def from_regions(
        cls,
        regions: object,
        special_tokens: Mapping[str, str] | None = None,
        **options: Unpack[MappingKeywords],
    ) -> Self:
        """Make a tokenizer of regions in memory, in the order given.

        Args:
            regions: Whatever ``RegionSet`` takes: a RegionSet, a list, a table.
            special_tokens: Spellings by role, ``unk`` or ``unk_token``; the other roles keep
                ``<unk>`` ... ``<sep>``.
            **options: Mapping options; see ``MappingKeywords``.

        Raises:
            VocabularyError: There is no region.
            ConfigError: A role is not known, or two tokens are spelled the same.
        """
        merged = merge_options(DEFAULT_OPTIONS, options, "from_regions", ("special_tokens",))
        if isinstance(regions, (str, os.PathLike)):
            # Read as a RegionSet it would be sorted, and the ids would not be those of the file.
            raise TypeError("regions: got a path; a file is loaded with Tokenizer.from_bed")
        spellings = None if special_tokens is None else spellings_by_role(special_tokens)
        return cls._of(_core.Tokenizer(as_region_set(regions)._core, spellings, merged))

    @classmethod
    def from_pretrained(
        cls,
        name_or_folder: StrPath,
        *,
        revision: str | None = None,
        cache_dir: StrPath | None = None,
        token: str | bool | None = None,
        local_files_only: bool = False,
        subfolder: str = "",
        **options: Unpack[MappingKeywords],
    ) -> Self:
        """Load a tokenizer from a folder, or from the Hub by name.

        A folder holds what ``save_pretrained`` writes, or no more than ``universe.bed.gz`` or
        ``universe.bed``, as the published models do. Nothing in it is executed.

        Args:
            name_or_folder: A folder, or a name such as ``databio/atacformer-base-hg38``.
            revision: Branch, tag or commit on the Hub.
            cache_dir: Where the Hub's cache lies.
            token: Access token for private and gated models.
            local_files_only: Look into the cache only.
            subfolder: Folder inside the model.
            **options: Mapping options, put over the saved ones; see ``MappingKeywords``.

        Raises:
            FileNotFoundError: There is no such folder, model or file in it.
            ConnectionError: The Hub cannot be reached.
            ParseError, ConfigError, VocabularyError: A file in it cannot be used.
        """
        from bedtok import _hub

        merge_options(DEFAULT_OPTIONS, options, "from_pretrained", _HUB_KEYWORDS)
        folder = _hub.resolve(
            name_or_folder,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            subfolder=subfolder,
        )
        tokenizer = cls._of(_core.Tokenizer.from_pretrained(folder))
        tokenizer._options = merge_options(tokenizer._options, options, "from_pretrained")
        return tokenizer

    def save_pretrained(self, folder: StrPath) -> tuple[str, ...]:
        """Write ``universe.bed.gz``, ``tokenizer_config.json`` and ``special_tokens_map.json``.

        Args:
            folder: Made when it is missing.

        Returns:
            The paths written.

        Raises:
            OSError: A file cannot be written.
        """
        core = self._core
        if core.options != self._options:
            core = _core.Tokenizer(core.regions, core.special_tokens, self._options)
        return tuple(core.save_pretrained(legal_path(folder)))

    def __repr__(self) -> str:
        default = options_to_dict(DEFAULT_OPTIONS)
        changed = [
            f", {name}={value!r}"
            for name, value in options_to_dict(self._options).items()
            if value != default[name]
        ]
        return (
            f"{type(self).__name__}({self.num_regions} regions, vocab_size={self.vocab_size}"
            f"{''.join(changed)})"
        )

    # ---- regions to tokens

    def __call__(
        self,
        regions: object,
        *,
        add_special_tokens: bool = True,
        return_tensors: str | None = None,
        return_attention_mask: bool | None = None,
        return_special_tokens_mask: bool = False,
        return_region_index: bool = False,
        **options: Unpack[MappingKeywords],
    ) -> BatchEncoding:
        """Tokenize one sample.

        Args:
            regions: A RegionSet; the path of a BED file, read sorted; a region such as
                ``"chr1:100-200"``; a list or tuple of ``Region``, ``(chrom, start, end)`` or
                region texts, among which special tokens stand for themselves; a table with
                columns chrom, start, end.
            add_special_tokens: Apply the template, which is empty, as pre-trained models expect.
            return_tensors: ``None``: lists of int; ``"np"``: int64 arrays of shape (1, L).
            return_attention_mask: Leave out ``attention_mask`` when False.
            return_special_tokens_mask: Add ``special_tokens_mask``: 1 for special tokens, else 0.
            return_region_index: Add ``region_index``: for each token the position, in the input
                as given, of the region that gave it. None (-1 in arrays) where no region did.
            **options: Mapping options for this call; see ``MappingKeywords``.

        Returns:
            ``input_ids`` and what was asked for, of length L. L is 1, the unk token, when nothing
            overlaps.

        Raises:
            TypeError: The input has none of these types, or a keyword is not known.
            Error: A region is not legal. ParseError: The file is not BED.
            VocabularyError: A region hits nothing and ``on_miss`` is ``"error"``.
            ConfigError: An option has a value that is not allowed.
        """
        merged = merge_options(self._options, options, "Tokenizer", _CALL_KEYWORDS)
        check_return_tensors(return_tensors)
        sample = read_sample(regions, self._special_ids)
        encoding = self._encode(sample, merged, return_region_index)
        data: dict[str, Any] = {"input_ids": _to_tensors(encoding.input_ids, return_tensors)}
        if return_attention_mask is None or return_attention_mask:
            data["attention_mask"] = (
                [1] * len(encoding)
                if return_tensors is None
                else _to_tensors(encoding.attention_mask, return_tensors)
            )
        if return_special_tokens_mask:
            data["special_tokens_mask"] = _to_tensors(encoding.special_tokens_mask, return_tensors)
        if return_region_index:
            index = encoding.region_index
            if sample.positions is not None and len(sample.positions):
                index = np.where(index < 0, index, sample.positions[index])
            data["region_index"] = (
                _with_none(index) if return_tensors is None else _to_tensors(index, return_tensors)
            )
        return BatchEncoding(data, [encoding])

    def _encode(
        self, sample: Sample, options: MappingOptions, with_region_index: bool = False
    ) -> _core.Encoding:
        encoding = self._core.encode(
            sample.regions, options, sample.placed_at, sample.placed_ids, with_region_index
        )
        warn_caller(encoding.warning)
        return encoding

    @overload
    def encode(
        self,
        regions: object,
        *,
        add_special_tokens: bool = ...,
        return_tensors: None = ...,
        **options: Unpack[MappingKeywords],
    ) -> list[int]: ...
    @overload
    def encode(
        self,
        regions: object,
        *,
        add_special_tokens: bool = ...,
        return_tensors: str,
        **options: Unpack[MappingKeywords],
    ) -> npt.NDArray[np.int64]: ...
    def encode(
        self,
        regions: object,
        *,
        add_special_tokens: bool = True,
        return_tensors: str | None = None,
        **options: Unpack[MappingKeywords],
    ) -> list[int] | npt.NDArray[np.int64]:
        """Return the ids alone: of a sample, or of tokens exactly.

        A region text, a special token, and a list or tuple of nothing but ``str`` are tokens:
        each has its own id, unk when it is not in the vocabulary, and nothing is overlapped.
        Everything else is what calling the tokenizer gives as ``input_ids``.

        Args and errors are those of calling the tokenizer.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
            >>> tokenizer.encode(["chr1:300-400", "chr1:300-401", "<cls>"])
            [1, 2, 5]
            >>> tokenizer.encode([("chr1", 300, 401)])
            [1]
        """
        merged = merge_options(self._options, options, "encode", _CALL_KEYWORDS[:2])
        check_return_tensors(return_tensors)
        tokens: Sequence[str] | None = None
        if isinstance(regions, str):
            tokens = (regions,) if self._is_token(regions) else None
        elif isinstance(regions, (list, tuple)) and regions:
            tokens = regions if all(isinstance(item, str) for item in regions) else None
        if tokens is not None:
            return _to_tensors(self._token_ids(tokens), return_tensors)
        encoding = self._encode(read_sample(regions, self._special_ids), merged)
        return _to_tensors(encoding.input_ids, return_tensors)

    def tokenize(
        self,
        regions: object,
        *,
        add_special_tokens: bool = True,
        **options: Unpack[MappingKeywords],
    ) -> list[str]:
        """Return the tokens of one sample as text; args and errors as in calling the tokenizer."""
        merged = merge_options(self._options, options, "tokenize", _CALL_KEYWORDS[:1])
        encoding = self._encode(read_sample(regions, self._special_ids), merged)
        return self._core.decode(encoding.input_ids)

    def report(self, regions: object, **options: Unpack[MappingKeywords]) -> MappingReport:
        """Tell how well one sample fits the vocabulary.

        Args and errors are those of calling the tokenizer; special tokens are left out.

        Returns:
            Counts of regions, hits and tokens, hits per chromosome, positions (among
            the regions) of those without a hit, chromosomes that the vocabulary does not have,
            and a likely cause. It prints as text.
        """
        merged = merge_options(self._options, options, "report")
        return self._core.report(read_sample(regions, self._special_ids).regions, merged)


def tokenize_fragment_file(path: StrPath, tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Tokenize a fragment file of single cells (chrom, start, end, barcode, count).

    Args:
        path: The file, plain or gzip.
        tokenizer: Its vocabulary and mapping options hold.

    Returns:
        For each barcode the ids of its fragments in the file's order; a fragment that hits
        nothing gives unk, as in gtars.

    Raises:
        FileNotFoundError: There is no such file. ParseError: A line is not a fragment.
    """
    if not isinstance(tokenizer, Tokenizer):
        raise TypeError(f"tokenizer: expected a Tokenizer, not {type(tokenizer).__name__}")
    ids = _core.tokenize_fragments(legal_path(path), tokenizer._core)
    return {barcode: array.tolist() for barcode, array in ids.items()}


def _with_none(index: npt.NDArray[np.int64]) -> list[int | None]:
    """Return positions as a list, with None for those below zero."""
    none = index < 0
    positions: list[int | None]
    if not none.any():  # several times faster
        positions = index.tolist()
        return positions
    boxed = index.astype(object)
    boxed[none] = None
    positions = boxed.tolist()
    return positions
