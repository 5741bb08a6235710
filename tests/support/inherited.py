"""Private names of other packages' classes that a class made from them uses or replaces.

Our own files are read; other packages are imported, and their classes asked what they have.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import functools
import importlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
FOLDERS = (TESTS.parent, TESTS, TESTS.parent / "benchmarks")  # where our modules' names begin
SELF = ("self", "cls")


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def defined(tree: ast.AST) -> set[str]:
    """Every name that a text defines itself."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif not isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and _is_self(node.value):
            found.add(node.attr)
    return found


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in SELF


@dataclass
class Parents:
    """What a class is made from."""

    has: set[str] = field(default_factory=set)  # private names that foreign classes have
    own: set[str] = field(default_factory=set)  # names that our own classes define
    is_unknown: bool = False  # one was not found: it may have any name that is not our own


class File:
    """One file of ours, and what its names stand for.

    Args:
        is_foreign: whether a module's path is that of another package.
    """

    def __init__(self, tree: ast.AST, is_foreign: Callable[[str], bool]) -> None:
        self._tree, self._is_foreign = tree, is_foreign
        self._names: dict[str, ast.AST | str] = {}  # to a class, a value, or what is imported
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self._names.setdefault(node.name, node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                self._names.setdefault(node.targets[0].id, node.value)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self._names.update(_imported(node))

    def found(self) -> Iterator[str]:
        """Each place where a class uses or replaces a private name of a foreign one."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ClassDef):
                parents = Parents()
                self._add_parents(node, parents)
                for line, name in sorted(set(_named(node))):
                    is_own = name in parents.own or not parents.is_unknown
                    if name in parents.has or not is_own:
                        yield f"line {line}: {node.name}: {name}"

    def _add_parents(self, node: ast.ClassDef, parents: Parents) -> None:
        parents.own |= defined(node)
        for base in node.bases:
            self._add(base, [], parents)

    def _add(self, base: ast.AST | None, rest: list[str], parents: Parents) -> None:
        """Add what comes by `base` and the attributes of it in `rest`."""
        if isinstance(base, ast.Subscript):  # Generic[T]
            self._add(base.value, rest, parents)
        elif isinstance(base, ast.Attribute):
            self._add(base.value, [base.attr, *rest], parents)
        elif isinstance(base, ast.ClassDef) and not rest:
            self._add_parents(base, parents)
        elif isinstance(base, ast.Name):
            self._add_name(base.id, rest, parents)
        else:
            parents.is_unknown = True

    def _add_name(self, name: str, rest: list[str], parents: Parents) -> None:
        meant = self._names.get(name, "" if hasattr(builtins, name) else None)
        if isinstance(meant, str):
            self._add_imported([*meant.split("."), *rest], parents)
        else:
            self._add(None if _begins_with(meant, name) else meant, rest, parents)

    def _add_imported(self, path: list[str], parents: Parents) -> None:
        dotted = ".".join(path)
        if path[0] and self._is_foreign(dotted):
            has = private_names(dotted, self._is_foreign)
            parents.has |= has or set()
            parents.is_unknown |= has is None
        else:
            self._add_own(path, parents)

    def _add_own(self, path: list[str], parents: Parents) -> None:
        for upto in range(len(path) - 1, 0, -1):
            file = _file_of(path[:upto])
            if file is not None:
                there = File(ast.parse(file.read_text()), self._is_foreign)
                there._add_name(path[upto], path[upto + 1 :], parents)
                break


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import makes, and what they stand for."""
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            # What is beside the file may be anything: no package has a name with a question mark.
            yield alias.asname or alias.name, f"{'?' * node.level}{node.module}.{alias.name}"
        elif alias.asname:
            yield alias.asname, alias.name
        else:
            top = alias.name.partition(".")[0]
            yield top, top


def _begins_with(node: ast.AST | str | None, name: str) -> bool:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return isinstance(node, ast.Name) and node.id == name


def _file_of(module: list[str]) -> Path | None:
    for folder in FOLDERS:
        for file in (folder.joinpath(*module, "__init__.py"), folder.joinpath(*module)):
            file = file if file.suffix else file.with_suffix(".py")
            if file.is_file():
                return file
    return None


def _named(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """Private names that a class takes from itself, or gives itself, with their lines."""
    for part in node.body:
        yield from _given(part)
    nodes = list(node.body)
    for part in nodes:
        nodes += () if isinstance(part, ast.ClassDef) else ast.iter_child_nodes(part)
        if isinstance(part, ast.Attribute) and is_private(part.attr):
            called = part.value.func if isinstance(part.value, ast.Call) else None
            is_super = isinstance(called, ast.Name) and called.id == "super"
            if _is_self(part.value) or is_super:
                yield part.lineno, part.attr


def _given(part: ast.stmt) -> Iterator[tuple[int, str]]:
    """Private names that a statement of a class's body defines."""
    if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        names = [part.name]
    else:
        targets = part.targets if isinstance(part, ast.Assign) else [getattr(part, "target", None)]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
    yield from ((part.lineno, name) for name in names if is_private(name))


# ------------------------------------------------------------------ other packages
@functools.cache
def private_names(path: str, is_foreign: Callable[[str], bool]) -> set[str] | None:
    """Those of a class and what it is made from; None where it is not to be had here."""
    found = _object(path.split("."))
    if not isinstance(found, type):
        return None if found is None else set()
    return {
        name
        for one in found.__mro__
        if is_foreign(one.__module__)
        for name in (*vars(one), *vars(one).get("__annotations__", ()), *_set_by(one))
        if is_private(name)
    }


def _object(path: list[str]) -> Any:
    for upto in range(len(path), 0, -1):
        with contextlib.suppress(ImportError):
            found = importlib.import_module(".".join(path[:upto]))
            for name in path[upto:]:
                found = getattr(found, name, None)
            return found
    return None


def _set_by(one: type) -> set[str]:
    """What a class's own methods set, if its text is here."""
    try:
        return defined(ast.parse(textwrap.dedent(inspect.getsource(one))))
    except (OSError, TypeError, SyntaxError):
        return set()
