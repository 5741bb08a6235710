"""What a file imports, and which file of a tree that is: read from the syntax, nothing is loaded."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

_LOADERS = ("require", "import_module", "__import__")  # given a name as text


def imports_of(path: Path) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Level, module and names of each import of a file.

    At the top, inside functions, under TYPE_CHECKING, and by a function that takes a name as text.
    Level is the number of leading dots; names are those that a `from` takes.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name, ()) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, node.module or "", tuple(alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = node.args[0]
            if called in _LOADERS and isinstance(given, ast.Constant):
                yield 0, str(given.value), ()


def imported_files(path: Path, bases: Sequence[Path]) -> set[Path]:
    """The files of a tree that one of its files imports, by itself or as a package on the way.

    A package that the file lies in has begun to load before it, so that it counts only where it is
    named and asked for something of its own.

    Args:
        bases: folders that absolute names begin in.
    """
    found: set[Path] = set()
    for level, module, names in imports_of(path):
        parts = module.split(".") if module else []
        for base in [path.parents[level - 1]] if level else bases:
            found |= _files(path, base, parts, names)
    return found - {path}


def _files(path: Path, base: Path, parts: list[str], names: Sequence[str]) -> set[Path]:
    target = base.joinpath(*parts)
    own = _file_of(target)
    if own is None and not target.is_dir():
        return set()
    found: set[Path] = set()
    for depth in range(1, len(parts)):
        package = base.joinpath(*parts[:depth])
        if package not in path.parents:
            found.add(package / "__init__.py")
    submodules = [_file_of(target / name) for name in names]
    found.update(file for file in submodules if file is not None)
    if own is not None and (target not in path.parents or None in submodules or not names):
        found.add(own)
    return {file for file in found if file.is_file()}


def _file_of(target: Path) -> Path | None:
    """The file of a module or package without its suffix; None where the tree has none."""
    for file in (target.with_name(f"{target.name}.py"), target / "__init__.py"):
        if file.is_file():
            return file
    return None


def circle_in(imports: dict[Path, set[Path]]) -> list[Path]:
    """A shortest circle, its first file once more at its end; empty where there is none."""
    shortest: list[Path] = []
    for start in sorted(imports):
        ways, seen = [[start]], set()
        while ways and not (shortest and len(ways[0]) + 1 >= len(shortest)):
            way = ways.pop(0)
            for file in sorted(imports.get(way[-1], ())):
                if file == start:
                    shortest, ways = [*way, file], []
                    break
                if file not in seen:
                    seen.add(file)
                    ways.append([*way, file])
    return shortest
