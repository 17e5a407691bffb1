# SPDX-License-Identifier: BSD-2-Clause
"""The tokenizer: a vocabulary of genomic regions, and what of it an input overlaps."""

from __future__ import annotations

import copy
import errno
import os
import tempfile
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from bedtok import _core
from bedtok._cell_calls import CellCalls
from bedtok._config import tokenizer_from_toml
from bedtok._inputs import legal_path
from bedtok._options import DEFAULT_OPTIONS, options_to_dict
from bedtok._sequence import (
    DEFAULT_SEQUENCE,
    TokenizerKeywords,
    merge_tokenizer_options,
    sequence_to_dict,
)
from bedtok._special_tokens import spellings_by_role, split_special_tokens
from bedtok.models import as_region_set

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

StrPath = str | os.PathLike[str]

_HUB_KEYWORDS = ("revision", "cache_dir", "token", "local_files_only", "subfolder")


class Tokenizer(CellCalls):
    """Regions in, token ids of a vocabulary out.

    The i-th distinct region of the vocabulary has id i; the special tokens unk, pad, mask, cls,
    eos, bos, sep follow. Nothing but ``add_special_tokens`` changes a tokenizer, which may be
    used from many threads; it pickles, compares and hashes by content.

    Args:
        path: A BED file (plain, gzip or bgzip), or a ``.toml`` config of gtars.
        **options: Mapping options, the defaults of each call, see ``MappingKeywords``; and what
            the model expects of its sequences, see ``SequenceKeywords``.

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

    def __init__(self, path: StrPath, **options: Unpack[TokenizerKeywords]) -> None:
        _check_options(options, "Tokenizer")
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
        core = (tokenizer_from_toml if is_config else _core.Tokenizer.from_bed)(text)
        self._adopt(_with_options(core, options, "Tokenizer"))

    @classmethod
    def from_bed(cls, path: StrPath, **options: Unpack[TokenizerKeywords]) -> Self:
        """Make a tokenizer of the regions in a BED file, in the file's order.

        Args and errors are those of the class; ``path`` is a BED file whatever its name.
        """
        _check_options(options, "from_bed")
        core = _core.Tokenizer.from_bed(legal_path(path))
        return cls._of(_with_options(core, options, "from_bed"))

    @classmethod
    def from_config(cls, path: StrPath, **options: Unpack[TokenizerKeywords]) -> Self:
        """Make a tokenizer from a TOML config of gtars.

        It has ``universe`` (a BED file, relative to the config), and may have ``special_tokens``
        (a list of ``{name = "unk", token = "<UNK>"}``) and ``tokenizer_type`` (``bits`` or
        ``ailist``, which give the same tokens).

        Raises:
            ConfigError: The file is not TOML, or a key or value in it is not allowed.
            FileNotFoundError: The config or its universe is missing.
        """
        _check_options(options, "from_config")
        return cls._of(_with_options(tokenizer_from_toml(legal_path(path)), options, "from_config"))

    @classmethod
    def from_regions(
        cls,
        regions: object,
        special_tokens: Mapping[str, str] | None = None,
        **options: Unpack[TokenizerKeywords],
    ) -> Self:
        """Make a tokenizer of regions in memory, in the order given.

        Args:
            regions: Whatever ``RegionSet`` takes: a RegionSet, a list, a table.
            special_tokens: Spellings by role, ``unk`` or ``unk_token``; the other roles keep
                ``<unk>`` ... ``<sep>``.
            **options: As those of the class.

        Raises:
            VocabularyError: There is no region.
            ConfigError: A role is not known, or two tokens are spelled the same.
        """
        _check_options(options, "from_regions", ("special_tokens",))
        if isinstance(regions, (str, os.PathLike)):
            # Read as a RegionSet it would be sorted, and the ids would not be those of the file.
            raise TypeError("regions: got a path; a file is loaded with Tokenizer.from_bed")
        spellings = None if special_tokens is None else spellings_by_role(special_tokens)
        core = _core.Tokenizer(as_region_set(regions)._core, spellings)
        return cls._of(_with_options(core, options, "from_regions"))

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
        **options: Unpack[TokenizerKeywords],
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
            **options: As those of the class, put over the saved ones.

        Raises:
            FileNotFoundError: There is no such folder, model or file in it.
            ConnectionError: The Hub cannot be reached.
            ParseError, ConfigError, VocabularyError: A file in it cannot be used.
        """
        from bedtok import _hub

        _check_options(options, "from_pretrained", _HUB_KEYWORDS)
        folder = _hub.resolve(
            name_or_folder,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            subfolder=subfolder,
        )
        core = _core.Tokenizer.from_pretrained(folder)
        return cls._of(_with_options(core, options, "from_pretrained"))

    def with_options(self, **options: Unpack[TokenizerKeywords]) -> Self:
        """Return a tokenizer of the same vocabulary with other options; this one stays.

        Args:
            **options: As those of the class, put over this tokenizer's.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200"])
            >>> tokenizer.with_options(padding_side="left").padding_side
            'left'
        """
        _check_options(options, "with_options")
        other = copy.copy(self)
        other._adopt(_with_options(self._core, options, "with_options"), warn=False)
        return other

    def save_pretrained(self, folder: StrPath) -> tuple[str, ...]:
        """Write ``universe.bed.gz``, ``tokenizer_config.json`` and ``special_tokens_map.json``.

        Args:
            folder: Made when it is missing.

        Returns:
            The paths written.

        Raises:
            OSError: A file cannot be written.
        """
        return tuple(self._core.save_pretrained(legal_path(folder)))

    def push_to_hub(
        self,
        repo_id: str,
        *,
        commit_message: str = "Upload tokenizer",
        commit_description: str | None = None,
        private: bool | None = None,
        token: str | bool | None = None,
        revision: str | None = None,
        create_pr: bool = False,
    ) -> Any:
        """Upload what ``save_pretrained`` writes to a model on the Hub.

        Args:
            repo_id: Name of the model, ``user/model``; made when it is missing.
            commit_message: First line of the commit's message.
            commit_description: The rest of it.
            private: Whether a model that is made is private; None: as the owner has it.
            token: Access token; None: the one of ``hf auth login``.
            revision: Branch that takes the commit; None: ``main``.
            create_pr: Open a pull request instead.

        Returns:
            The ``CommitInfo`` of ``huggingface_hub``.

        Raises:
            ConnectionError: The Hub cannot be reached. PermissionError: It refuses the token.
        """
        from bedtok import _hub

        with tempfile.TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            return _hub.upload(
                folder,
                repo_id,
                commit_message=commit_message,
                commit_description=commit_description,
                private=private,
                token=token,
                revision=revision,
                create_pr=create_pr,
            )

    def add_special_tokens(self, special_tokens_dict: Mapping[str, Any]) -> int:
        """Add special tokens behind the others, or pass a role to another token.

        No id changes: a role's former token stays in the vocabulary. Calls that run in other
        threads keep the tokens with which they began.

        Args:
            special_tokens_dict: Spellings by role, ``{"cls_token": "[CLS]"}``, and those without
                a role as a list under ``"additional_special_tokens"``.

        Returns:
            How many tokens are new, by which a model's embeddings must grow:
            ``model.resize_token_embeddings(len(tokenizer))``.

        Raises:
            ConfigError: A role is not known, or a token is spelled like a region.
            TypeError: A spelling is not a text.

        Example:
            >>> tokenizer = Tokenizer.from_regions(["chr1:100-200"])
            >>> tokenizer.add_special_tokens({"additional_special_tokens": ["<donor>"]})
            1
            >>> tokenizer.convert_tokens_to_ids("<donor>")
            8
        """
        roles, others = split_special_tokens(special_tokens_dict)
        before = self._core.vocab_size
        self._adopt(self._core.add_special_tokens(list(roles.items()), others), warn=False)
        return self._core.vocab_size - before

    def __repr__(self) -> str:
        core = self._core
        default = options_to_dict(DEFAULT_OPTIONS) | sequence_to_dict(DEFAULT_SEQUENCE)
        values = options_to_dict(core.options) | sequence_to_dict(core.sequence_options)
        changed = [
            f", {name}={value!r}" for name, value in values.items() if value != default[name]
        ]
        return (
            f"{type(self).__name__}({self.num_regions} regions, vocab_size={self.vocab_size}"
            f"{''.join(changed)})"
        )


def tokenize_fragment_file(
    path: StrPath,
    tokenizer: Tokenizer,
    on_miss: Literal["drop", "unk", "error"] = "unk",
    **keywords: Any,
) -> dict[str, list[int]]:
    """Tokenize a fragment file of single cells, as gtars does.

    Args:
        path: The file; see ``Tokenizer.encode_fragments``, whose result is the better form.
        tokenizer: Its vocabulary and mapping options hold.
        on_miss: What a fragment gives that hits nothing: the unk token, as in gtars; ``"drop"``:
            nothing; ``"error"``: a VocabularyError.
        **keywords: Those of ``Tokenizer.encode_fragments``.

    Returns:
        For each barcode the ids of its fragments in the file's order.

    Raises:
        FileNotFoundError: There is no such file. ParseError: A line is not a fragment.
    """
    if not isinstance(tokenizer, Tokenizer):
        raise TypeError(f"tokenizer: expected a Tokenizer, not {type(tokenizer).__name__}")
    return tokenizer.encode_fragments(path, on_miss=on_miss, **keywords).to_dict()


def _check_options(options: Mapping[str, Any], function: str, others: tuple[str, ...] = ()) -> None:
    """Raise what is wrong with keywords before a file is read for nothing."""
    merge_tokenizer_options(DEFAULT_OPTIONS, DEFAULT_SEQUENCE, options, function, others)


def _with_options(
    core: _core.Tokenizer, options: Mapping[str, Any], function: str
) -> _core.Tokenizer:
    if not options:
        return core
    return core.with_options(
        *merge_tokenizer_options(core.options, core.sequence_options, options, function)
    )
