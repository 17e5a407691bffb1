# SPDX-License-Identifier: BSD-2-Clause
"""The architecture of the Python package as a test: which room may import which.

    python tests/structure/check_imports.py [REPOSITORY]

A room is a module or a folder directly in python/bedtok. A module imports only from rooms with a
lower number, and from its own room, in which no circle of imports may be. Imports inside functions
and under TYPE_CHECKING are free: they order nothing at run time.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOMS = {
    "_core": 0,
    "_checks": 1,
    "_files": 1,
    "_labels": 1,
    "_natural_order": 1,
    "_progress": 1,
    "_ragged": 1,
    "_html": 2,
    "_hub": 2,
    "_plots": 2,
    "_remote": 2,
    "metrics": 2,
    "_regions": 3,
    "_tokenization": 4,
    "batch_encoding": 5,
    "cells": 5,
    "tokenizers": 6,
    "io": 7,
    "atacformer": 7,
    "report": 8,
    "train": 9,
    "universe": 9,
    "cli": 10,
}
# Import paths for users, which re-export and which no other module imports.
FACES = {"__init__", "__main__", "models", "utils"}


def module_names(root: Path) -> dict[str, Path]:
    """Return the modules of the package by dotted name without `bedtok.`; `io` is io/__init__."""
    names = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        names[".".join(parts[:-1] if len(parts) > 1 and parts[-1] == "__init__" else parts)] = path
    return names


def imports(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when a module is imported."""
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            nodes += node.orelse
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            nodes += ast.iter_child_nodes(node)


def imported(path: Path, known: set[str]) -> set[str]:
    """Return the modules of the package that a module imports, as in `module_names`."""
    result = set()
    for node in imports(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            if node.level:
                return {"a relative import"}
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names]
        for name in names:
            if name != "bedtok" and not name.startswith("bedtok."):
                continue
            name = name.removeprefix("bedtok").removeprefix(".")
            while name and name not in known:
                name = name.rpartition(".")[0]
            result.add(name or "__init__")
    return result


def check_directions(root: Path) -> list[str]:
    """Return the imports that go up or sideways, and the rooms without a number."""
    modules = module_names(root)
    known = set(modules) | {"_core"}
    rooms = {name.partition(".")[0] for name in modules} - FACES
    faults = [f"{room}: give it a number in ROOMS" for room in sorted(rooms - set(ROOMS))]
    faults += [
        f"{room}: is listed and not there" for room in sorted(set(ROOMS) - rooms - {"_core"})
    ]
    graph: dict[str, set[str]] = {}
    for name, path in modules.items():
        room = name.partition(".")[0]
        if room in FACES or room not in ROOMS:
            continue
        graph[name] = set()
        for other in sorted(imported(path, known)):
            other_room = other.partition(".")[0]
            if other_room == room:
                graph[name].add(other)
            elif other_room in FACES:
                faults.append(f"{name}: imports {other}, an import path for users")
            elif other_room not in ROOMS:
                faults.append(f"{name}: imports {other}, which is not a room")
            elif ROOMS[other_room] >= ROOMS[room]:
                faults.append(
                    f"{name} (room {ROOMS[room]}): imports {other} (room {ROOMS[other_room]}), "
                    "expected lower rooms only"
                )
    return faults + check_circles(graph)


def check_circles(graph: dict[str, set[str]]) -> list[str]:
    """Return the circles of imports within rooms."""
    faults: list[str] = []
    done: set[str] = set()

    def visit(name: str, trail: list[str]) -> None:
        if name in trail:
            faults.append("circle: " + " -> ".join([*trail[trail.index(name) :], name]))
            return
        if name in done:
            return
        for other in sorted(graph.get(name, ())):
            visit(other, [*trail, name])
        done.add(name)

    for name in sorted(graph):
        visit(name, [])
    return faults


def main() -> int:
    here = Path(__file__).resolve().parents[2]
    repository = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else here
    faults = check_directions(repository / "python" / "bedtok")
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
