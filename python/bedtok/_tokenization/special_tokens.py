# SPDX-License-Identifier: BSD-2-Clause
"""The roles of special tokens: attributes by role, and spellings out of Hugging Face's dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeVar, overload

from bedtok._checks import is_unicode
from bedtok._core import ConfigError, special_roles

ROLES = special_roles  # in the order of the ids
TOKEN_SUFFIX = "_token"
WITHOUT_ROLE = ("additional_special_tokens", "extra_special_tokens")  # older and newer name

Value = TypeVar("Value", str, int)


class RoleAttribute(Generic[Value]):
    """A read-only attribute such as ``unk_token``: the entry of its role in a dict of the object.

    Args:
        role: One of ``ROLES``.
        dict_name: Name of the dict, with the roles as keys.
        doc: The docstring.
    """

    def __init__(self, role: str, dict_name: str, doc: str) -> None:
        self._role = role
        self._dict_name = dict_name
        self.__doc__ = doc

    @overload
    def __get__(self, instance: None, owner: type) -> RoleAttribute[Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> RoleAttribute[Value] | Value:
        if instance is None:
            return self
        value: Value = getattr(instance, self._dict_name)[self._role]
        return value

    def __set__(self, instance: object, value: Value) -> None:
        name = self._role + TOKEN_SUFFIX
        raise AttributeError(
            f"{type(instance).__name__}.{name} cannot be set; to pass the role to another token "
            f"call add_special_tokens({{'{name}': ...}})"
        )


# Any: pyright does not look through a descriptor when it compares a class with a protocol, so the
# attributes are declared with the types of their values.


def spelling_of(role: str) -> Any:
    """Return the attribute ``<role>_token``."""
    return RoleAttribute[str](role, "_spellings", f"Spelling of the {role} token.")


def id_of(role: str) -> Any:
    """Return the attribute ``<role>_token_id``."""
    return RoleAttribute[int](role, "_role_ids", f"Id of the {role} token.")


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
        role = name.removesuffix(TOKEN_SUFFIX) if isinstance(name, str) else name
        if role not in ROLES:
            raise ConfigError(
                f"special_tokens: unknown role {name!r}, expected one of: {', '.join(ROLES)}"
            )
        if role in spellings:
            raise ConfigError(f"special_tokens: role {role!r} is given twice")
        spellings[role] = _spelled(text, name)
    return spellings


def split_special_tokens(special_tokens: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Return spellings by role, and those without a role, of a dict in Hugging Face's form.

    Errors are those of ``spellings_by_role``.
    """
    if not isinstance(special_tokens, Mapping):
        return spellings_by_role(special_tokens), []
    others: list[str] = []
    for name in WITHOUT_ROLE:
        tokens = special_tokens.get(name) or ()
        if not isinstance(tokens, (list, tuple)):
            raise TypeError(
                f"special_tokens[{name!r}]: expected a list, not {type(tokens).__name__}"
            )
        others += [_spelled(text, name) for text in tokens]
    return spellings_by_role(
        {name: text for name, text in special_tokens.items() if name not in WITHOUT_ROLE}
    ), others


def _spelled(token: object, name: str) -> str:
    """Return the spelling of a token: a text, or the ``content`` of an AddedToken."""
    text = getattr(token, "content", token)
    if not isinstance(text, str):
        raise TypeError(f"special_tokens[{name!r}]: expected str, not {type(token).__name__}")
    if not is_unicode(text):
        raise ConfigError(f"special_tokens[{name!r}]: {text!r} is not Unicode")
    return text
