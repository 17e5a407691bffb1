# SPDX-License-Identifier: BSD-2-Clause
"""Every public name has a docstring with each of its parameters, and a place in the reference.

A method that a class inherits or takes over from another package is that package's to document.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

docstring_parser = pytest.importorskip("docstring_parser")

ROOT = Path(__file__).resolve().parents[2]
LIGHT = (
    *("bedtok", "bedtok.models", "bedtok.utils", "bedtok.io", "bedtok.report", "bedtok.train"),
    "bedtok.universe",
)
# Modules without a list of their names, and what of them is public.
OTHERS = {
    "bedtok.tokenizers": ("Tokenizer", "tokenize_anndata", "tokenize_fragment_file"),
    "bedtok.cells": ("CellTokens",),
    "bedtok._core": ("MappingReport", "ChromReport", "MappingOptions"),
    "bedtok._tokenization.options": ("MappingKeywords", "SequenceKeywords", "AssemblyKeywords"),
}
# Methods that may be overridden, and have arguments of their own all the same.
OWN_ARGUMENTS = {"forward", "__call__"}


def names_of(module: ModuleType) -> tuple[str, ...]:
    """Return the public classes and functions of a module."""
    listed = OTHERS.get(module.__name__) or module.__all__
    return tuple(name for name in listed if callable(getattr(module, name)))


def public(modules: tuple[str, ...]) -> list[Any]:
    return [
        pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
        for module in map(importlib.import_module, modules)
        for name in names_of(module)
    ]


def own_members(cls: type) -> Iterator[tuple[str, Any]]:
    """Yield the public members that bedtok defines in a class and its bases."""
    for base in cls.__mro__:
        if base.__module__.startswith("bedtok"):
            for name, member in vars(base).items():
                if not name.startswith("_") or name == "__call__":
                    yield name, member


def overrides_foreign(cls: type, name: str) -> bool:
    """Return whether another package's class defines a method first, with its parameters."""
    foreign = (b for b in cls.__mro__ if not b.__module__.startswith("bedtok"))
    return any(name in vars(base) for base in foreign)


def parameters_without_words(function: Callable[..., Any], text: str) -> list[str]:
    """Return the parameters of a function that a docstring does not describe.

    Described is what an ``Args`` section lists, and what the summary names in backticks.
    """
    listed = {
        name.strip().lstrip("*")
        for entry in docstring_parser.parse(text, docstring_parser.DocstringStyle.GOOGLE).params
        for name in entry.arg_name.split(",")
    }
    named = set(re.findall(r"``(\w+)(?:=[^`]*)?``", text))
    return [
        name
        for name in inspect.signature(function).parameters
        if name not in {"self", "cls"} | listed | named and not name.startswith("_")
    ]


def faults_of_function(name: str, function: Callable[..., Any]) -> list[str]:
    text = inspect.getdoc(function)
    if not text:
        return [f"{name}: no docstring"]
    return [f"{name}: {each} is not described" for each in parameters_without_words(function, text)]


def faults_of_class(cls: type) -> list[str]:
    faults = []
    text = inspect.cleandoc(cls.__doc__ or "")
    if not text:
        faults.append(f"{cls.__name__}: no docstring")
    init = vars(cls).get("__init__")
    if inspect.isfunction(init):
        faults += [
            f"{cls.__name__}: {each} is not described"
            for each in parameters_without_words(init, text)
        ]
    for name, member in own_members(cls):
        label = f"{cls.__name__}.{name}"
        function = getattr(member, "__func__", member)
        if inspect.isfunction(function):
            if name in OWN_ARGUMENTS or not overrides_foreign(cls, name):
                faults += faults_of_function(label, function)
            elif not inspect.getdoc(getattr(cls, name)):
                faults.append(f"{label}: no docstring")
        elif isinstance(member, property) or inspect.isdatadescriptor(member):
            documented = inspect.getdoc(member) or re.search(rf"\b{name}\b", text)
            faults += [] if documented else [f"{label}: no docstring"]
    return faults


def faults_of(x: Any) -> list[str]:
    return faults_of_class(x) if inspect.isclass(x) else faults_of_function(x.__name__, x)


@pytest.mark.parametrize("x", public((*LIGHT, *OTHERS)))
def test_a_public_name_and_its_parameters_are_documented(x: Any) -> None:
    faults = faults_of(x)
    assert not faults, "\n".join(faults)


@pytest.mark.transformers
def test_public_names_of_atacformer_and_their_parameters_are_documented() -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    atacformer = importlib.import_module("bedtok.atacformer")
    faults = {
        fault for name in atacformer.__all__ for fault in faults_of(getattr(atacformer, name))
    }
    assert not faults, "\n".join(sorted(faults))


def test_the_check_sees_what_is_missing() -> None:
    def described(a: int, b: int, *rest: int) -> None:
        """Return nothing for ``a``.

        Args:
            b: A number.
        """

    assert faults_of_function("f", described) == ["f: rest is not described"]
    assert faults_of_function("f", lambda: None) == ["f: no docstring"]


def test_every_public_name_stands_in_the_reference() -> None:
    pages = "".join((ROOT / "docs" / f"api-{page}.md").read_text() for page in ("python", "models"))
    listed = set(re.findall(r"^\.\. auto\w+:: bedtok[\w.]*\.(\w+)(?:\(\))?$", pages, re.MULTILINE))
    modules = [importlib.import_module(name) for name in (*LIGHT, *OTHERS)]
    wanted = {name for module in modules for name in names_of(module)}
    source = (ROOT / "python" / "bedtok" / "atacformer" / "__init__.py").read_text()
    wanted |= set(re.findall(r'^    "(\w+)",$', source, re.MULTILINE))  # without torch, too
    assert not wanted - listed


def test_every_public_header_stands_in_the_reference() -> None:
    include = ROOT / "include" / "bedtok"
    umbrellas = ("core.hpp", "io.hpp")
    headers = {
        f"bedtok/{header}"
        for umbrella in umbrellas
        for header in re.findall(r'#include "(.*)"', (include / umbrella).read_text())
    }
    pages = "".join((ROOT / "docs" / f"api-cpp-{page}.md").read_text() for page in ("core", "io"))
    assert not headers - set(re.findall(r"\{doxygenfile\} (\S+)", pages))
