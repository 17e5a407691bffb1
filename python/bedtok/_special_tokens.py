# SPDX-License-Identifier: BSD-2-Clause
"""The special tokens of a tokenizer, under Hugging Face's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, overload

from bedtok import _core as core_module
from bedtok._core import ConfigError
from bedtok._inputs import is_unicode

_SUFFIX = "_token"
_ADDITIONAL = ("additional_special_tokens", "extra_special_tokens")  # older and newer name
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
            f"{type(instance).__name__}.{self._role}{_SUFFIX} cannot be set; to pass the role to "
            f"another token call add_special_tokens({{'{self._role}{_SUFFIX}': ...}})"
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
    _special_ids: dict[str, int]  # by spelling, all of them

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
        first = core.num_regions
        self._special_ids = {text: first + i for i, text in enumerate(core.all_special_tokens)}
        self._role_ids = {role: self._special_ids[text] for role, text in spellings.items()}

    @property
    def special_tokens_map(self) -> dict[str, str | list[str]]:
        """The spellings by role, ``{"unk_token": "<unk>", ...}``.

        Where there are tokens without a role, they are listed under
        ``"additional_special_tokens"``.
        """
        spellings: dict[str, str | list[str]] = {
            role + _SUFFIX: text for role, text in self._spellings.items()
        }
        if self.additional_special_tokens:
            spellings[_ADDITIONAL[0]] = self.additional_special_tokens
        return spellings

    @property
    def additional_special_tokens(self) -> list[str]:
        """The special tokens without a role, in the order of the ids."""
        roles = set(self._spellings.values())
        return [text for text in self._special_ids if text not in roles]

    @property
    def all_special_tokens(self) -> list[str]:
        """The spellings in the order of the ids; special is every token that is not a region."""
        return list(self._special_ids)

    @property
    def all_special_ids(self) -> list[int]:
        """The ids in their order."""
        return list(self._special_ids.values())


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
        if role in spellings:
            raise ConfigError(f"special_tokens: role {role!r} is given twice")
        spellings[role] = _spelled(text, name)
    return spellings


def split_special_tokens(special_tokens: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return spellings by role and those without a role, of a dict as Hugging Face has it.

    Errors are those of ``spellings_by_role``.
    """
    if not isinstance(special_tokens, Mapping):
        return spellings_by_role(special_tokens), []
    others: list[str] = []
    for name in _ADDITIONAL:
        more = special_tokens.get(name) or ()
        if not isinstance(more, (list, tuple)):
            raise TypeError(f"special_tokens[{name!r}]: expected a list, not {type(more).__name__}")
        others += [_spelled(text, name) for text in more]
    return spellings_by_role(
        {name: text for name, text in special_tokens.items() if name not in _ADDITIONAL}
    ), others


def _spelled(token: object, name: str) -> str:
    """Return a token's spelling; Hugging Face's AddedToken has it as ``content``."""
    text = getattr(token, "content", token)
    if not isinstance(text, str):
        raise TypeError(f"special_tokens[{name!r}]: expected str, not {type(token).__name__}")
    if not is_unicode(text):
        raise ConfigError(f"special_tokens[{name!r}]: {text!r} is not Unicode")
    return text
