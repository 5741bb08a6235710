"""No file imports itself by way of others, in the engine and in the benchmarks."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.imports import circle_in, imported_files

ROOT = Path(__file__).parents[2]


def circle(root: Path, scripts: bool = False) -> str:
    """A circle of imports between the files below a folder, or an empty text.

    Args:
        scripts: absolute names begin in the folders of the file, as in a script; not beside `root`.
    """
    imports = {}
    for path in root.rglob("*.py"):
        within = [folder for folder in path.parents if root in (folder, *folder.parents)]
        imports[path] = imported_files(path, within if scripts else [root.parent])
    return " -> ".join(str(file.relative_to(root)) for file in circle_in(imports))


def test_the_engine_has_no_circle_of_imports() -> None:
    assert not circle(ROOT / "engine")


def test_the_benchmarks_have_no_circle_of_imports() -> None:
    assert not circle(ROOT / "benchmarks", scripts=True)


# ------------------------------------------------------------------ the finder itself
def made(folder: Path, files: dict[str, str]) -> Path:
    root = folder / "house"
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


@pytest.mark.parametrize(
    "back",
    [
        "import house.room.a",
        "from house.room import a",
        "from house.room.a import thing",
        "from . import a",
        "from .a import thing",
        "from ..room.a import thing",
        "def late():\n    from house.room.a import thing\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.room.a import thing\n",
        "import importlib\nimportlib.import_module('house.room.a')",
    ],
)
def test_any_import_closes_a_circle(tmp_path: Path, back: str) -> None:
    files = {
        "room/__init__.py": "",
        "room/a.py": "import house.room.b\nthing = 1",
        "room/b.py": back,
    }
    assert circle(made(tmp_path, files)) == "room/a.py -> room/b.py -> room/a.py"


def test_the_shortest_circle_is_named(tmp_path: Path) -> None:
    names = "abcde"
    files = {
        f"{name}.py": f"import house.{after}" for name, after in zip(names, names[1:] + names[:1])
    }
    root = made(tmp_path, files)
    assert circle(root) == "a.py -> b.py -> c.py -> d.py -> e.py -> a.py"
    (root / "d.py").write_text("import house.e, house.b")
    assert circle(root) == "b.py -> c.py -> d.py -> b.py"


def test_a_package_on_the_way_is_part_of_a_circle(tmp_path: Path) -> None:
    files = {
        "one/__init__.py": "from house.two import b",
        "one/a.py": "",
        "two/__init__.py": "",
        "two/b.py": "from house.one.a import thing",
    }
    assert circle(made(tmp_path, files)) == "one/__init__.py -> two/b.py -> one/__init__.py"


def test_a_package_may_import_what_lies_in_it(tmp_path: Path) -> None:
    files = {
        "__init__.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from house.a import x",
        "a.py": "from house import b\nfrom house.b import y",
        "b.py": "import json\nfrom house.c import z",
        "c.py": "",
    }
    root = made(tmp_path, files)
    assert not circle(root)
    (root / "c.py").write_text("from house import x")
    assert circle(root) == "__init__.py -> a.py -> b.py -> c.py -> __init__.py"


def test_scripts_find_what_lies_beside_them(tmp_path: Path) -> None:
    files = {
        "run.py": "from cases import case",
        "cases/case.py": "import data",
        "cases/data.py": "import numpy",
    }
    root = made(tmp_path, files)
    assert not circle(root, scripts=True)
    (root / "cases/data.py").write_text("import run")
    assert circle(root, scripts=True) == "cases/case.py -> cases/data.py -> run.py -> cases/case.py"
    assert not circle(root)
