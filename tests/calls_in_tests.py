"""Which test calls which method with which argument: read from the tests' syntax.

Knows functions, fixtures, helpers and module-level tables of a test file; runs nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 3  # helpers that call helpers
# Names of tests that show less of a parameter than others: it is accepted, or refused.
_WEAK = re.compile("accepted|refuse|clients_words|not_found")


@dataclass(frozen=True)
class Call:
    """One call in the source.

    Attributes:
        name: the method or function. receiver: the last name of what it is called on, or "".
        keywords: arguments by name; those of dicts too where some come by `**`.
        positional: how many come by place; -1 where a `*` hides it.
        open: some come by `**`.
    """

    name: str
    receiver: str
    keywords: frozenset[str]
    positional: int
    open: bool


@dataclass
class Unit:
    """A function, a fixture or a module-level value: its calls, and the units that it names."""

    name: str
    calls: list[Call] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


class Calls:
    """All calls of the tests below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        shared: dict[str, Unit] = {}
        self._files: dict[str, dict[str, Unit]] = {}
        for path in sorted(folder.rglob("*.py")):
            units = {unit.name: unit for unit in _units(path)}
            self._files[path.relative_to(folder).as_posix()] = units
            if not path.name.startswith("test_"):
                shared.update(units)
        self._shared = shared

    def tests(self) -> set[str]:
        """Every test as `file::name`, with the file's path below the folder."""
        return {
            f"{file}::{name}"
            for file, units in self._files.items()
            for name in units
            if name.startswith("test_") and file.rpartition("/")[2].startswith("test_")
        }

    def showing(
        self,
        methods: Sequence[str],
        parameter: str,
        order: Sequence[str],
        patterns: Sequence[str],
        receiver: str = "",
        strangers: Sequence[str] = (),
    ) -> list[str]:
        """Tests that call a method with a parameter, the most telling and most direct first.

        Args:
            parameter: empty for any call of the method. order: the method's parameters by place.
            patterns: of the files to look in. receiver: of calls that count, empty for any.
            strangers: receivers that are something else.
        """
        found: list[tuple[bool, int, int, str]] = []
        for file, units in self._files.items():
            if not any(Path(file).match(pattern) for pattern in patterns):
                continue
            for place, (name, unit) in enumerate(units.items()):
                if not name.startswith("test_"):
                    continue
                depths = [
                    depth
                    for depth, call in self._reached(unit, units, frozenset(), 0)
                    if call.name in methods
                    and (not receiver or call.receiver == receiver)
                    and call.receiver not in strangers
                    and _gives(call, parameter, order)
                ]
                if depths:
                    weak = _WEAK.search(name) is not None
                    found.append((weak, min(depths), place, f"{file}::{name}"))
        return [test for *_, test in sorted(found)]

    def _reached(
        self, unit: Unit, units: dict[str, Unit], given: frozenset[str], depth: int
    ) -> Iterator[tuple[int, Call]]:
        """Calls of a unit and of the units that it names, with the keywords that flow into them."""
        for call in unit.calls:
            keywords = call.keywords | given if call.open else call.keywords
            made = Call(call.name, call.receiver, keywords, call.positional, call.open)
            yield depth, made
            inner = self._find(call.name, units) if not call.receiver else None
            if inner is not None and inner is not unit and depth < DEEPEST:
                yield from self._reached(inner, units, made.keywords, depth + 1)
        for name in unit.names:
            inner = self._find(name, units)
            if inner is not None and inner is not unit and depth < DEEPEST:
                yield from self._reached(inner, units, frozenset(), depth + 1)

    def _find(self, name: str, units: dict[str, Unit]) -> Unit | None:
        return units.get(name) or self._shared.get(name)


def _gives(call: Call, parameter: str, order: Sequence[str]) -> bool:
    if not parameter or parameter in call.keywords:
        return True
    return call.positional > 0 and parameter in order[: call.positional]


def _units(path: Path) -> Iterator[Unit]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield _unit(node.name, node, {arg.arg for arg in ast.walk(node.args) if _is_arg(arg)})
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield _unit(target.id, node, set())


def _is_arg(node: ast.AST) -> bool:
    return isinstance(node, ast.arg)


def _unit(name: str, node: ast.AST, arguments: set[str]) -> Unit:
    """The calls inside a node; a fixture is named by an argument, a helper by its name."""
    homes = _receivers(node)
    words = frozenset(
        key.value
        for held in ast.walk(node)
        if isinstance(held, ast.Dict)
        for key in held.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )
    unit = Unit(name, names=set(arguments))
    called = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            called.add(inner.func)
            call = _call(inner, homes, words)
            if call is not None:
                unit.calls.append(call)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and inner not in called and inner.id != name:
            unit.names.add(inner.id)
    return unit


def _receivers(node: ast.AST) -> dict[str, str]:
    """Local names that stand for an attribute: `api = w.vector_search_indexes`."""
    homes = {}
    for inner in ast.walk(node):
        if not isinstance(inner, ast.Assign) or len(inner.targets) != 1:
            continue
        target, value = inner.targets[0], inner.value
        pairs = [(target, value)]
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            pairs = list(zip(target.elts, value.elts))
        for name, held in pairs:
            if isinstance(name, ast.Name) and isinstance(held, ast.Attribute):
                homes[name.id] = held.attr
    return homes


def _call(node: ast.Call, homes: dict[str, str], words: frozenset[str]) -> Call | None:
    is_open = any(keyword.arg is None for keyword in node.keywords)
    keywords = frozenset(keyword.arg for keyword in node.keywords if keyword.arg is not None)
    if is_open:
        keywords |= words
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    positional = -1 if starred else len(node.args)
    if isinstance(node.func, ast.Name):
        return Call(node.func.id, "", keywords, positional, is_open)
    if not isinstance(node.func, ast.Attribute):
        return None
    held = node.func.value
    receiver = "?"
    if isinstance(held, ast.Attribute):
        receiver = held.attr
    elif isinstance(held, ast.Name):
        receiver = homes.get(held.id, held.id)
    return Call(node.func.attr, receiver, keywords, positional, is_open)
