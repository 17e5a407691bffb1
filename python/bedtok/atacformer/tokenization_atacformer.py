# SPDX-License-Identifier: BSD-2-Clause
"""The tokenizer as a ``PreTrainedTokenizerBase``, for whatever in ``transformers`` takes one."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from transformers import BatchEncoding, PreTrainedTokenizerBase

from bedtok._core import ConfigError
from bedtok._files import StrPath
from bedtok._tokenization.options import MAPPING_NAMES, SEQUENCE_NAMES
from bedtok._tokenization.special_tokens import ROLES
from bedtok.models import RegionSet
from bedtok.tokenizers import Tokenizer

_ROLE_TOKENS = tuple(f"{role}_token" for role in ROLES)
_WITHOUT_ROLE = ("additional_special_tokens", "extra_special_tokens")
# What text has and regions have not. Code that works with any tokenizer passes them on, so they are
# taken as long as they ask for nothing.
_OF_TEXT = (
    "text_pair",
    "text_target",
    "text_pair_target",
    "is_split_into_words",
    "return_token_type_ids",
    "return_offsets_mapping",
    "split_special_tokens",
    "clean_up_tokenization_spaces",
    "tokenizer_kwargs",
)


def _of_core(name: str) -> Any:
    """Return the method or property ``name`` of ``Tokenizer`` as one of the adapter."""
    member = getattr(Tokenizer, name)
    if not callable(member):
        return property(lambda self: getattr(self.core, name), doc=member.__doc__)

    @functools.wraps(member)
    def call(self: AtacformerTokenizer, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.core, name)(*args, **kwargs)

    return call


class AtacformerTokenizer(PreTrainedTokenizerBase):  # type: ignore[misc]
    """``bedtok.Tokenizer`` for Trainer, collators, pipelines and ``AutoTokenizer``.

    It takes the same inputs and keywords, gives the same ids, and reads and writes the same
    folders; ``core`` is the tokenizer beneath. Calls return ``transformers.BatchEncoding``.

    Args:
        universe_file: The vocabulary's BED file.
        core: The tokenizer itself, in place of a file.
        **kwargs: Options of ``Tokenizer``, over those of ``core``; spellings by role
            (``unk_token="[UNK]"``); what every ``PreTrainedTokenizerBase`` takes.

    Raises:
        TypeError: Neither or both of ``universe_file`` and ``core``, or ``core`` is something else.
        FileNotFoundError, ParseError, VocabularyError, ConfigError: As ``Tokenizer.from_bed``.

    Example:
        >>> from bedtok import Tokenizer
        >>> from bedtok.atacformer import AtacformerTokenizer
        >>> core = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer = AtacformerTokenizer(core=core)
        >>> tokenizer([["chr1:150-350"], ["chr1:100-110"]], padding=True)["input_ids"]
        [[0, 1], [0, 3]]
    """

    core: Tokenizer

    vocab_files_names: ClassVar = {"universe_file": "universe.bed.gz"}
    model_input_names: ClassVar = ["input_ids", "attention_mask"]

    def __init__(
        self, universe_file: StrPath | None = None, *, core: Tokenizer | None = None, **kwargs: Any
    ) -> None:
        if (universe_file is None) == (core is None):
            raise TypeError(
                "AtacformerTokenizer() takes the path of a BED file or core=, a "
                "bedtok.Tokenizer; a saved folder or a model is loaded by from_pretrained"
            )
        options = {
            name: kwargs.pop(name) for name in (*MAPPING_NAMES, *SEQUENCE_NAMES) if name in kwargs
        }
        spellings = {
            name: kwargs.pop(name) for name in _ROLE_TOKENS if kwargs.get(name) is not None
        }
        others = [token for name in _WITHOUT_ROLE for token in kwargs.pop(name, None) or ()]
        if core is None:
            assert universe_file is not None
            regions = RegionSet.from_bed(universe_file, sort=False)
            core = Tokenizer.from_regions(
                regions, {name: str(text) for name, text in spellings.items()}, **options
            )
        elif not isinstance(core, Tokenizer):
            raise TypeError(f"core: expected a bedtok.Tokenizer, not {type(core).__name__}")
        else:
            # What is compiled is shared; tokens that are added here are not added there.
            core = core.with_options(**options)
            core.add_special_tokens(spellings)
        core.add_special_tokens({"additional_special_tokens": others})
        self.__dict__["core"] = core
        super().__init__(
            **{name: getattr(core, name) for name in _ROLE_TOKENS},
            model_max_length=core.model_max_length,
            padding_side=core.padding_side,
            truncation_side=core.truncation_side,
            **kwargs,
        )

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name_or_path: StrPath,
        *init_inputs: Any,
        cache_dir: StrPath | None = None,
        force_download: bool = False,
        local_files_only: bool = False,
        token: str | bool | None = None,
        revision: str | None = None,
        trust_remote_code: bool = False,
        subfolder: str = "",
        **kwargs: Any,
    ) -> AtacformerTokenizer:
        """Load a tokenizer from a folder, or from the Hub by name, as the core does.

        Args:
            pretrained_model_name_or_path: A folder, or a name such as
                ``databio/atacformer-base-hg38``.
            *init_inputs: None are taken.
            cache_dir: Where the Hub's cache lies.
            force_download: Not taken; the cache holds commits, which do not change.
            local_files_only: Look into the cache only.
            token: Access token for private and gated models.
            revision: Branch, tag or commit on the Hub.
            trust_remote_code: Nothing that is loaded is ever executed.
            subfolder: Folder inside the model.
            **kwargs: As those of the class, put over what was saved.

        Raises:
            FileNotFoundError, ConnectionError, ParseError, ConfigError, VocabularyError: As
            ``Tokenizer.from_pretrained``.
        """
        if init_inputs or force_download:
            raise TypeError(
                "from_pretrained() takes one name or folder and keywords, and no force_download"
            )
        core = Tokenizer.from_pretrained(
            pretrained_model_name_or_path,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            subfolder=subfolder or "",
        )
        # What AutoTokenizer and pipelines add for loaders of other kinds.
        for name in ("config", "use_fast", "tokenizer_type", "gguf_file", "adapter_kwargs"):
            kwargs.pop(name, None)
        kwargs = {name: value for name, value in kwargs.items() if not name.startswith("_")}
        return cls(core=core, name_or_path=os.fspath(pretrained_model_name_or_path), **kwargs)

    def save_pretrained(
        self,
        save_directory: StrPath,
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
        push_to_hub: bool = False,
        **kwargs: Any,
    ) -> tuple[str, ...]:
        """Write the folder that ``Tokenizer.save_pretrained`` writes; return its files.

        Args:
            save_directory: Made when it is missing.
            legacy_format: Not used: there is one format.
            filename_prefix: Not taken: files are found by their names.
            push_to_hub: Upload the files, too; ``repo_id=`` (default: the folder's name) and the
                other keywords are those of ``push_to_hub``.
        """
        if filename_prefix is not None:
            raise ConfigError(f"filename_prefix is {filename_prefix!r}, expected None")
        files = self.core.save_pretrained(save_directory)
        if push_to_hub:
            repo_id = kwargs.pop("repo_id", None) or Path(save_directory).name
            self.push_to_hub(repo_id, **kwargs)
        return files

    def save_vocabulary(
        self, save_directory: StrPath, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write the vocabulary alone; return its file."""
        prefix = "" if filename_prefix is None else f"{filename_prefix}-"
        path = Path(save_directory) / f"{prefix}{self.vocab_files_names['universe_file']}"
        self.core.regions.to_bed(path)
        return (str(path),)

    push_to_hub = _of_core("push_to_hub")

    # ---- regions to ids

    def __call__(
        self, text: object, text_pair: None = None, *, verbose: bool = True, **kwargs: Any
    ) -> BatchEncoding:
        """Tokenize one sample or a batch, as ``Tokenizer.__call__`` does.

        Keywords that make sense for text alone are taken while they ask for nothing
        (``text_pair=None``, ``return_token_type_ids=False``); ``verbose`` changes nothing.

        Raises:
            TypeError: A keyword is not known, or asks for something that regions have not.
        """
        kwargs["text_pair"] = text_pair
        return BatchEncoding(self.core(text, **_without_text(kwargs)).data)

    def _encode_plus(
        self,
        text: object,
        text_pair: None = None,
        padding_strategy: object = False,
        truncation_strategy: object = None,
        **kwargs: Any,
    ) -> BatchEncoding:
        # What methods of the base class call, which have looked at the keywords already.
        return self(
            text, text_pair, padding=padding_strategy, truncation=truncation_strategy, **kwargs
        )

    def _batch_encode_plus(
        self, batch_text_or_text_pairs: object, *args: Any, **kwargs: Any
    ) -> BatchEncoding:
        return self._encode_plus(batch_text_or_text_pairs, None, *args, **kwargs)

    @functools.wraps(Tokenizer.encode)
    def encode(
        self, text: object, text_pair: None = None, *, verbose: bool = True, **kwargs: Any
    ) -> Any:
        kwargs["text_pair"] = text_pair
        return self.core.encode(text, **_without_text(kwargs))

    @functools.wraps(Tokenizer.tokenize)
    def tokenize(
        self,
        text: object,
        pair: None = None,
        add_special_tokens: bool = False,
        **kwargs: Any,
    ) -> list[str]:
        kwargs["text_pair"] = pair
        return self.core.tokenize(
            text, add_special_tokens=add_special_tokens, **_without_text(kwargs)
        )

    @functools.wraps(Tokenizer.pad)
    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *args: Any,
        verbose: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        return BatchEncoding(self.core.pad(encoded_inputs, *args, **kwargs).data)

    # ---- ids to text

    @functools.wraps(Tokenizer.decode)
    def decode(self, token_ids: Any, skip_special_tokens: bool = False, **kwargs: Any) -> list[str]:
        return self.core.decode(token_ids, skip_special_tokens, **_without_text(kwargs))

    @functools.wraps(Tokenizer.batch_decode)
    def batch_decode(
        self, sequences: Any, skip_special_tokens: bool = False, **kwargs: Any
    ) -> list[list[str]]:
        return self.core.batch_decode(sequences, skip_special_tokens, **_without_text(kwargs))

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Return tokens as one text, with spaces between them."""
        return " ".join(tokens)

    decode_regions = _of_core("decode_regions")
    convert_tokens_to_ids = _of_core("convert_tokens_to_ids")
    convert_ids_to_tokens = _of_core("convert_ids_to_tokens")
    get_special_tokens_mask = _of_core("get_special_tokens_mask")
    build_inputs_with_special_tokens = _of_core("build_inputs_with_special_tokens")
    num_special_tokens_to_add = _of_core("num_special_tokens_to_add")
    report = _of_core("report")
    encode_anndata = _of_core("encode_anndata")
    encode_fragments = _of_core("encode_fragments")

    # ---- the vocabulary

    @property
    def is_fast(self) -> bool:
        """False: it is none of the tokenizers of Hugging Face's Rust library."""
        return False

    vocab_size = _of_core("vocab_size")
    get_vocab = _of_core("get_vocab")
    regions = _of_core("regions")
    num_regions = _of_core("num_regions")
    digest = _of_core("digest")
    options = _of_core("options")
    template = _of_core("template")
    special_tokens_map = _of_core("special_tokens_map")
    all_special_tokens = _of_core("all_special_tokens")
    all_special_ids = _of_core("all_special_ids")
    additional_special_tokens = _of_core("additional_special_tokens")
    extra_special_tokens = _of_core("additional_special_tokens")

    def __len__(self) -> int:
        return self.core.vocab_size

    @property
    def added_tokens_decoder(self) -> dict[int, Any]:
        """Empty: special tokens, added ones too, belong to the vocabulary."""
        return {}

    @property
    def added_tokens_encoder(self) -> dict[str, int]:
        """Empty: special tokens, added ones too, belong to the vocabulary."""
        return {}

    def add_special_tokens(
        self, special_tokens_dict: Mapping[str, Any], *replace: bool, **replacing: bool
    ) -> int:
        """Add special tokens, or pass roles to others, as ``Tokenizer.add_special_tokens`` does.

        Whether they replace others, which Hugging Face asks, changes nothing: a token that was
        special stays so.
        """
        added = self.core.add_special_tokens(special_tokens_dict)
        self._special_tokens_map.update({name: getattr(self.core, name) for name in _ROLE_TOKENS})
        return added

    def _add_tokens(self, new_tokens: Sequence[Any], special_tokens: bool = False) -> int:
        new = [str(token) for token in new_tokens]
        if special_tokens:
            return self.core.add_special_tokens({"additional_special_tokens": new})
        for token in new:
            is_unk = self.core.convert_tokens_to_ids(token) == self.core.unk_token_id
            if is_unk and token != self.core.unk_token:
                raise ConfigError(
                    f"{token!r} is not in the vocabulary, whose regions do not change; pass "
                    "special_tokens=True for a special token, or make a tokenizer of other regions"
                )
        return 0

    def _set_model_specific_special_tokens(self, special_tokens: Any) -> None:
        # Names beyond the roles, such as image_token. Version 4.57 calls this at all times, with
        # what the attribute extra_special_tokens holds.
        if isinstance(special_tokens, dict):
            self.core.add_special_tokens({_WITHOUT_ROLE[0]: list(special_tokens.values())})
            super()._set_model_specific_special_tokens(special_tokens)

    # ---- attributes of the base class that belong to the core

    def __getattr__(self, name: str) -> Any:
        # Asked only for what has no other place. Without a core, copying or unpickling asks.
        core = self.__dict__.get("core")
        if core is not None and name.removesuffix("_id") in _ROLE_TOKENS:
            return getattr(core, name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        core: Tokenizer = self.core
        if name in SEQUENCE_NAMES:
            self.__dict__["core"] = core.with_options(**{name: value})
        elif name.removesuffix("_id") in _ROLE_TOKENS:
            role = name.removesuffix("_id")
            token = core.convert_ids_to_tokens(value) if name != role else str(value)
            if token not in core.all_special_tokens:
                raise ConfigError(
                    f"{name} is {value!r}, expected one of the special tokens "
                    f"({', '.join(core.all_special_tokens)}); add_special_tokens adds others"
                )
            core.add_special_tokens({role: token})
            self._special_tokens_map[role] = token
        elif name in _WITHOUT_ROLE:
            core.add_special_tokens({_WITHOUT_ROLE[0]: list(value or ())})
        else:
            super().__setattr__(name, value)

    model_max_length = _of_core("model_max_length")
    padding_side = _of_core("padding_side")
    truncation_side = _of_core("truncation_side")

    def __repr__(self) -> str:
        return f"AtacformerTokenizer(name_or_path={self.name_or_path!r}, core={self.core!r})"

    def __eq__(self, other: object) -> bool:
        """Whether both have equal cores."""
        if not isinstance(other, AtacformerTokenizer):
            return NotImplemented
        return self.core == other.core

    def __hash__(self) -> int:
        return hash(self.core)


def _without_text(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return keywords without those of text; raise TypeError for one that asks for something."""
    for name in _OF_TEXT:
        if kwargs.get(name):
            raise TypeError(f"{name} is {kwargs[name]!r}: it has a meaning for text alone")
    return {name: value for name, value in kwargs.items() if name not in _OF_TEXT}
