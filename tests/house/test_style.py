"""Files and functions stay small and say what they are; linters and types are stages of .ci/run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import engine

ROOT = Path(__file__).parents[2]
PACKAGE = Path(engine.__file__).parent
LONGEST_FILE = 450  # lines; the aim is 400
LONGEST_FUNCTION = 75  # lines with docstring and signature; the aim is 40


def test_files_and_functions_stay_small() -> None:
    long = []
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text()
        if text.count("\n") > LONGEST_FILE:
            long.append(f"{path.name}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.name}: {node.name} has {lines} lines")
    assert not long


def test_every_module_and_public_function_says_what_it_is() -> None:
    silent = []
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text())
        if ast.get_docstring(tree) is None:
            silent.append(str(path))
        for node in tree.body:
            public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.name[0] != "_"
            trivial = isinstance(node, ast.ClassDef) and path.name in ("errors.py", "filters.py")
            if public and not trivial and ast.get_docstring(node) is None:
                silent.append(f"{path.name}: {node.name}")
    assert not silent


def test_the_folder_datasets_can_not_shadow_the_package_of_that_name(tmp_path: Path) -> None:
    assert not list((ROOT / "datasets").rglob("__init__.py"))
    code = "import engine, importlib.util as u; s = u.find_spec('datasets'); print(s and s.origin)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in done.stdout
    assert done.stdout.strip() == "None" or "site-packages" in done.stdout
