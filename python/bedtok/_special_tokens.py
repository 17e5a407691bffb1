# SPDX-License-Identifier: BSD-2-Clause
"""The special tokens of a tokenizer, under Hugging Face's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar, overload

from bedtok import _core as core_module
from bedtok._core import ConfigError
from bedtok._inputs import is_unicode

_SUFFIX = "_token"
ROLES = ("unk", "pad", "mask", "cls", "eos", "bos", "sep")

Value = TypeVar("Value", str, int)


class _OfRole(Generic[Value]):
    """An attribute such as ``unk_token`` or ``unk_token_id`` that looks into a dict by role."""

    def __init__(self, role: str, store: str, doc: str) -> None:
        self._role = role
        self._store = store
        self.__doc__ = doc

    @overload
    def __get__(self, instance: None, owner: type) -> _OfRole[Value]: ...
    @overload
    def __get__(self, instance: SpecialTokens, owner: type) -> Value: ...
    def __get__(self, instance: SpecialTokens | None, owner: type) -> _OfRole[Value] | Value:
        if instance is None:
            return self
        value: Value = getattr(instance, self._store)[self._role]
        return value

    def __set__(self, instance: SpecialTokens, value: Value) -> None:
        raise AttributeError(
            f"{type(instance).__name__}.{self._role}{_SUFFIX} cannot be set: ids and spellings "
            "belong to the vocabulary; see the argument special_tokens of from_regions"
        )


def _spelling(role: str) -> _OfRole[str]:
    return _OfRole(role, "_spellings", f"Spelling of the {role} token.")


def _id(role: str) -> _OfRole[int]:
    return _OfRole(role, "_role_ids", f"Id of the {role} token.")


class SpecialTokens:
    """The part of a tokenizer that tells its special tokens."""

    _core: core_module.Tokenizer
    _spellings: dict[str, str]  # by role, in the order of the ids
    _role_ids: dict[str, int]  # by role
    _special_ids: dict[str, int]  # by spelling

    unk_token = _spelling("unk")
    pad_token = _spelling("pad")
    mask_token = _spelling("mask")
    cls_token = _spelling("cls")
    eos_token = _spelling("eos")
    bos_token = _spelling("bos")
    sep_token = _spelling("sep")
    unk_token_id = _id("unk")
    pad_token_id = _id("pad")
    mask_token_id = _id("mask")
    cls_token_id = _id("cls")
    eos_token_id = _id("eos")
    bos_token_id = _id("bos")
    sep_token_id = _id("sep")

    def _adopt_vocabulary(self, core: core_module.Tokenizer) -> None:
        spellings = core.special_tokens
        self._core = core
        self._spellings = spellings
        ids = core.tokens_to_ids(list(spellings.values())).tolist()
        self._special_ids = dict(zip(spellings.values(), ids, strict=True))
        self._role_ids = {role: self._special_ids[text] for role, text in spellings.items()}

    @property
    def special_tokens_map(self) -> dict[str, str]:
        """The spellings by role: ``{"unk_token": "<unk>", ...}`` in the order of the ids."""
        return {role + _SUFFIX: text for role, text in self._spellings.items()}

    @property
    def all_special_tokens(self) -> list[str]:
        """The spellings in the order of the ids."""
        return list(self._spellings.values())

    @property
    def all_special_ids(self) -> list[int]:
        """The ids in their order."""
        return list(self._role_ids.values())


def spellings_by_role(special_tokens: Mapping[str, str]) -> dict[str, str]:
    """Return spellings under short names of the roles, ``unk`` for ``unk_token``.

    Raises:
        ConfigError: A role is not known, or is given twice.
        TypeError: Not a mapping of str to str.
    """
    if not isinstance(special_tokens, Mapping):
        raise TypeError(
            "special_tokens: expected a dict such as {'unk': '[UNK]'}, "
            f"not {type(special_tokens).__name__}"
        )
    spellings: dict[str, str] = {}
    for name, text in special_tokens.items():
        role = name.removesuffix(_SUFFIX) if isinstance(name, str) else name
        if role not in ROLES:
            raise ConfigError(
                f"special_tokens: unknown role {name!r}, expected one of: {', '.join(ROLES)}"
            )
        if not isinstance(text, str):
            raise TypeError(f"special_tokens[{name!r}]: expected str, not {type(text).__name__}")
        if not is_unicode(text):
            raise ConfigError(f"special_tokens[{name!r}]: {text!r} is not Unicode")
        if role in spellings:
            raise ConfigError(f"special_tokens: role {role!r} is given twice")
        spellings[role] = text
    return spellings
