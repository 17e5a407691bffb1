# SPDX-License-Identifier: BSD-2-Clause
"""``AtacformerTokenizer``: a ``Tokenizer`` wherever ``transformers`` expects a tokenizer."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from transformers import BatchEncoding, PreTrainedTokenizerBase

from bedtok._core import ConfigError
from bedtok._files import StrPath, is_url, source_path
from bedtok._regions.region_set import RegionSet
from bedtok._tokenization.options import OPTION_NAMES, SEQUENCE_NAMES
from bedtok._tokenization.special_tokens import ROLES
from bedtok.tokenizers import Tokenizer

_ROLE_TOKENS = tuple(f"{role}_token" for role in ROLES)
_WITHOUT_ROLE = ("additional_special_tokens", "extra_special_tokens")
# Text-only keywords. Generic code passes them to every tokenizer, so they are accepted as long as
# they are false or None.
_Method = TypeVar("_Method", bound=Callable[..., Any])
_TEXT_KEYWORDS = (
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


def _documented_as(method: Callable[..., Any]) -> Callable[[_Method], _Method]:
    """Return a decorator that gives a method the documentation of another one, not its type."""

    def document(own: _Method) -> _Method:
        functools.update_wrapper(own, method)
        return own

    return document


def _delegate(name: str) -> Any:
    """Return a method or property that delegates to the one of ``Tokenizer``."""
    member = getattr(Tokenizer, name)
    if not callable(member):
        return property(lambda self: getattr(self.backend_tokenizer, name), doc=member.__doc__)

    @functools.wraps(member)
    def call(self: AtacformerTokenizer, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.backend_tokenizer, name)(*args, **kwargs)

    return call


class AtacformerTokenizer(PreTrainedTokenizerBase):  # type: ignore[misc]
    """``bedtok.Tokenizer`` for Trainer, collators, pipelines and ``AutoTokenizer``.

    It takes the same inputs and keywords, returns the same ids, and reads and writes the same
    folders. Calls return ``transformers.BatchEncoding``.

    Args:
        universe_file: BED file of the vocabulary.
        tokenizer_object: A ``bedtok.Tokenizer`` instead of a file.
        **kwargs: Options of ``Tokenizer``, which override those of ``tokenizer_object``; spellings
            by role (``unk_token="[UNK]"``); keywords of ``PreTrainedTokenizerBase``.

    Attributes:
        backend_tokenizer: The ``bedtok.Tokenizer`` that does the work.

    Raises:
        TypeError: Neither or both of ``universe_file`` and ``tokenizer_object`` are given, or the
            latter has another type.
        FileNotFoundError, ParseError, VocabularyError, ConfigError: As ``Tokenizer.from_bed``.

    Example:
        >>> from bedtok import Tokenizer
        >>> from bedtok.atacformer import AtacformerTokenizer
        >>> backend = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer = AtacformerTokenizer(tokenizer_object=backend)
        >>> tokenizer([["chr1:150-350"], ["chr1:100-110"]], padding=True)["input_ids"]
        [[0, 1], [0, 3]]
    """

    backend_tokenizer: Tokenizer
    # For type checkers: __getattr__ finds them.
    unk_token: str
    pad_token: str
    mask_token: str
    cls_token: str
    eos_token: str
    bos_token: str
    sep_token: str
    unk_token_id: int
    pad_token_id: int
    mask_token_id: int
    cls_token_id: int
    eos_token_id: int
    bos_token_id: int
    sep_token_id: int

    vocab_files_names: ClassVar = {"universe_file": "universe.bed.gz"}
    model_input_names: ClassVar = ["input_ids", "attention_mask"]

    def __init__(
        self,
        universe_file: StrPath | None = None,
        *,
        tokenizer_object: Tokenizer | None = None,
        **kwargs: Any,
    ) -> None:
        if (universe_file is None) == (tokenizer_object is None):
            raise TypeError(
                "AtacformerTokenizer() takes the path of a BED file or tokenizer_object=, a "
                "bedtok.Tokenizer; a saved folder or a model is loaded by from_pretrained"
            )
        options = {name: kwargs.pop(name) for name in OPTION_NAMES if name in kwargs}
        spellings = {
            name: kwargs.pop(name) for name in _ROLE_TOKENS if kwargs.get(name) is not None
        }
        others = [token for name in _WITHOUT_ROLE for token in kwargs.pop(name, None) or ()]
        if tokenizer_object is None:
            assert universe_file is not None
            regions = RegionSet.from_bed(universe_file, sort=False)
            backend = Tokenizer.from_regions(
                regions, {name: str(text) for name, text in spellings.items()}, **options
            )
        elif not isinstance(tokenizer_object, Tokenizer):
            raise TypeError(
                "tokenizer_object: expected a bedtok.Tokenizer, not "
                f"{type(tokenizer_object).__name__}"
            )
        else:
            # A copy that shares the compiled part: tokens added here are not added there.
            backend = tokenizer_object.with_options(**options)
            backend.add_special_tokens(spellings)
        backend.add_special_tokens({"additional_special_tokens": others})
        self.__dict__["backend_tokenizer"] = backend
        super().__init__(
            **{name: getattr(backend, name) for name in _ROLE_TOKENS},
            model_max_length=backend.model_max_length,
            padding_side=backend.padding_side,
            truncation_side=backend.truncation_side,
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
        """Load a tokenizer from a folder or the Hub, as ``Tokenizer.from_pretrained`` does.

        Args:
            pretrained_model_name_or_path: A folder, or a name such as
                ``databio/atacformer-base-hg38``.
            *init_inputs: Not accepted.
            cache_dir: Folder of the Hub's cache.
            force_download: Not accepted; the cache holds commits, which do not change.
            local_files_only: Use only the cache.
            token: Access token for private and gated models.
            revision: Branch, tag or commit on the Hub.
            trust_remote_code: Ignored; nothing that is loaded is ever executed.
            subfolder: Folder inside the model.
            **kwargs: Keywords of the class, which override the saved values.

        Raises:
            FileNotFoundError, ConnectionError, ParseError, ConfigError, VocabularyError: As
                ``Tokenizer.from_pretrained``.
        """
        if init_inputs or force_download:
            raise TypeError(
                "from_pretrained() takes one name or folder and keywords, and no force_download"
            )
        backend = Tokenizer.from_pretrained(
            pretrained_model_name_or_path,
            revision=revision,
            cache_dir=cache_dir,
            token=token,
            local_files_only=local_files_only,
            subfolder=subfolder or "",
        )
        # AutoTokenizer and pipelines add these for other loaders.
        for name in ("config", "use_fast", "tokenizer_type", "gguf_file", "adapter_kwargs"):
            kwargs.pop(name, None)
        kwargs = {name: value for name, value in kwargs.items() if not name.startswith("_")}
        name = os.fspath(pretrained_model_name_or_path)
        if is_url(name):
            name = str(source_path(name))  # without its credentials
        return cls(tokenizer_object=backend, name_or_path=name, **kwargs)

    def save_pretrained(
        self,
        save_directory: StrPath,
        legacy_format: bool | None = None,
        filename_prefix: str | None = None,
        push_to_hub: bool = False,
        index: bool = False,
        **kwargs: Any,
    ) -> tuple[str, ...]:
        """Save as ``Tokenizer.save_pretrained`` does, and return the paths of the files.

        Args:
            save_directory: Folder, created if it is missing.
            legacy_format: Ignored: there is one format.
            filename_prefix: Not accepted: files are found by their names.
            push_to_hub: Also upload the files; ``repo_id=`` (default: the folder's name) and the
                other keywords are those of ``push_to_hub``.
            index: Also write, and upload, ``universe.index``: see ``Tokenizer.save_pretrained``.
        """
        if filename_prefix is not None:
            raise ConfigError(f"filename_prefix is {filename_prefix!r}, expected None")
        files = self.backend_tokenizer.save_pretrained(save_directory, index)
        if push_to_hub:
            repo_id = kwargs.pop("repo_id", None) or Path(save_directory).name
            self.push_to_hub(repo_id, index=index, **kwargs)
        return files

    def save_vocabulary(
        self, save_directory: StrPath, filename_prefix: str | None = None
    ) -> tuple[str, ...]:
        """Write only the vocabulary, and return the path of its file."""
        prefix = "" if filename_prefix is None else f"{filename_prefix}-"
        path = Path(save_directory) / f"{prefix}{self.vocab_files_names['universe_file']}"
        self.backend_tokenizer.regions.to_bed(path)
        return (str(path),)

    push_to_hub = _delegate("push_to_hub")

    # ---- regions to ids

    def __call__(
        self, text: object, text_pair: None = None, *, verbose: bool = True, **kwargs: Any
    ) -> BatchEncoding:
        """Tokenize a sample or a batch, as ``Tokenizer.__call__`` does.

        Keywords that only apply to text are accepted if they are false or None
        (``text_pair=None``, ``return_token_type_ids=False``); ``verbose`` is ignored.

        Args:
            text: One sample or a batch, as ``Tokenizer.__call__`` takes it.
            **kwargs: Keywords of ``Tokenizer.__call__``.

        Raises:
            TypeError: A keyword is unknown, or a keyword for text is set.
        """
        kwargs["text_pair"] = text_pair
        return BatchEncoding(self.backend_tokenizer(text, **_without_text(kwargs)).data)

    def _encode_plus(
        self,
        text: object,
        text_pair: None = None,
        padding_strategy: object = False,
        truncation_strategy: object = None,
        **kwargs: Any,
    ) -> BatchEncoding:
        # Called by methods of the base class with resolved keywords.
        return self(
            text, text_pair, padding=padding_strategy, truncation=truncation_strategy, **kwargs
        )

    def _batch_encode_plus(
        self, batch_text_or_text_pairs: object, *args: Any, **kwargs: Any
    ) -> BatchEncoding:
        return self._encode_plus(batch_text_or_text_pairs, None, *args, **kwargs)

    @_documented_as(Tokenizer.encode)
    def encode(
        self, text: object, text_pair: None = None, *, verbose: bool = True, **kwargs: Any
    ) -> Any:
        kwargs["text_pair"] = text_pair
        return self.backend_tokenizer.encode(text, **_without_text(kwargs))

    @_documented_as(Tokenizer.tokenize)
    def tokenize(
        self,
        text: object,
        pair: None = None,
        add_special_tokens: bool = False,
        **kwargs: Any,
    ) -> list[str]:
        kwargs["text_pair"] = pair
        return self.backend_tokenizer.tokenize(
            text, add_special_tokens=add_special_tokens, **_without_text(kwargs)
        )

    @_documented_as(Tokenizer.pad)
    def pad(
        self,
        encoded_inputs: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *args: Any,
        verbose: bool = True,
        **kwargs: Any,
    ) -> BatchEncoding:
        return BatchEncoding(self.backend_tokenizer.pad(encoded_inputs, *args, **kwargs).data)

    # ---- ids to text

    @_documented_as(Tokenizer.decode)
    def decode(self, token_ids: Any, skip_special_tokens: bool = False, **kwargs: Any) -> list[str]:
        tokens: list[str] = self.backend_tokenizer.decode(
            token_ids, skip_special_tokens, **_without_text(kwargs)
        )
        return tokens

    @_documented_as(Tokenizer.batch_decode)
    def batch_decode(
        self, sequences: Any, skip_special_tokens: bool = False, **kwargs: Any
    ) -> list[list[str]]:
        return self.backend_tokenizer.batch_decode(
            sequences, skip_special_tokens, **_without_text(kwargs)
        )

    def convert_tokens_to_string(self, tokens: Sequence[str]) -> str:
        """Return the tokens joined by spaces."""
        return " ".join(tokens)

    decode_regions = _delegate("decode_regions")
    convert_tokens_to_ids = _delegate("convert_tokens_to_ids")
    convert_ids_to_tokens = _delegate("convert_ids_to_tokens")
    get_special_tokens_mask = _delegate("get_special_tokens_mask")
    build_inputs_with_special_tokens = _delegate("build_inputs_with_special_tokens")
    num_special_tokens_to_add = _delegate("num_special_tokens_to_add")
    report = _delegate("report")
    encode_anndata = _delegate("encode_anndata")
    encode_fragments = _delegate("encode_fragments")

    # ---- the vocabulary

    @property
    def is_fast(self) -> bool:
        """False: it is not a tokenizer of Hugging Face's Rust library."""
        return False

    vocab_size = _delegate("vocab_size")
    get_vocab = _delegate("get_vocab")
    regions = _delegate("regions")
    num_regions = _delegate("num_regions")
    digest = _delegate("digest")
    token_weights = _delegate("token_weights")
    idf_weights = _delegate("idf_weights")
    options = _delegate("options")
    genome = _delegate("genome")
    chrom_sizes = _delegate("chrom_sizes")
    template = _delegate("template")
    special_tokens_map = _delegate("special_tokens_map")
    all_special_tokens = _delegate("all_special_tokens")
    all_special_ids = _delegate("all_special_ids")
    additional_special_tokens = _delegate("additional_special_tokens")
    extra_special_tokens = _delegate("additional_special_tokens")

    def __len__(self) -> int:
        return self.backend_tokenizer.vocab_size

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
        """Add special tokens or reassign roles, as ``Tokenizer.add_special_tokens`` does.

        The argument of Hugging Face whether they replace others is ignored: special tokens stay
        special.
        """
        added = self.backend_tokenizer.add_special_tokens(special_tokens_dict)
        self._special_tokens_map.update(
            {name: getattr(self.backend_tokenizer, name) for name in _ROLE_TOKENS}
        )
        return added

    def _add_tokens(self, new_tokens: Sequence[Any], special_tokens: bool = False) -> int:
        new = [str(token) for token in new_tokens]
        if special_tokens:
            return self.backend_tokenizer.add_special_tokens({"additional_special_tokens": new})
        for token in new:
            is_unk = (
                self.backend_tokenizer.convert_tokens_to_ids(token)
                == self.backend_tokenizer.unk_token_id
            )
            if is_unk and token != self.backend_tokenizer.unk_token:
                raise ConfigError(
                    f"{token!r} is not in the vocabulary, whose regions do not change; pass "
                    "special_tokens=True for a special token, or make a tokenizer of other regions"
                )
        return 0

    def _set_model_specific_special_tokens(self, special_tokens: Any) -> None:
        # Names beyond the roles, such as image_token. Version 4.57 always calls this, with the
        # value of the attribute extra_special_tokens.
        if isinstance(special_tokens, dict):
            self.backend_tokenizer.add_special_tokens(
                {_WITHOUT_ROLE[0]: list(special_tokens.values())}
            )
            super()._set_model_specific_special_tokens(special_tokens)

    # ---- attributes of the base class that the backend holds

    def __getattr__(self, name: str) -> Any:
        # Called for attributes that are not found otherwise; without a backend when unpickling.
        backend = self.__dict__.get("backend_tokenizer")
        if backend is not None and name.removesuffix("_id") in _ROLE_TOKENS:
            return getattr(backend, name)
        return super().__getattr__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        backend: Tokenizer = self.backend_tokenizer
        if name in SEQUENCE_NAMES:
            self.__dict__["backend_tokenizer"] = backend.with_options(**{name: value})
        elif name.removesuffix("_id") in _ROLE_TOKENS:
            role = name.removesuffix("_id")
            token = backend.convert_ids_to_tokens(value) if name != role else str(value)
            if token not in backend.all_special_tokens:
                raise ConfigError(
                    f"{name} is {value!r}, expected one of the special tokens "
                    f"({', '.join(backend.all_special_tokens)}); add_special_tokens adds others"
                )
            backend.add_special_tokens({role: token})
            self._special_tokens_map[role] = token
        elif name in _WITHOUT_ROLE:
            backend.add_special_tokens({_WITHOUT_ROLE[0]: list(value or ())})
        else:
            super().__setattr__(name, value)

    model_max_length = _delegate("model_max_length")
    padding_side = _delegate("padding_side")
    truncation_side = _delegate("truncation_side")

    def __repr__(self) -> str:
        return (
            f"AtacformerTokenizer(name_or_path={self.name_or_path!r}, "
            f"backend_tokenizer={self.backend_tokenizer!r})"
        )

    def __eq__(self, other: object) -> bool:
        """Return whether both have equal backends."""
        if not isinstance(other, AtacformerTokenizer):
            return NotImplemented
        return self.backend_tokenizer == other.backend_tokenizer

    def __hash__(self) -> int:
        return hash(self.backend_tokenizer)


def _without_text(kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords without those for text; raise TypeError if one of these is set."""
    for name in _TEXT_KEYWORDS:
        if kwargs.get(name):
            raise TypeError(f"{name} is {kwargs[name]!r}: it only applies to text")
    return {name: value for name, value in kwargs.items() if name not in _TEXT_KEYWORDS}
