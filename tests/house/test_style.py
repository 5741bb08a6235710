"""Folders, files and functions stay small and say what they are; linters and types are in .ci/run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import engine

ROOT = Path(__file__).parents[2]
PACKAGE = Path(engine.__file__).parent
LONGEST_FILE = 400  # lines
LONGEST_FUNCTION = 40  # lines with signature and docstring
MOST_LINES_OF_NINE_IN_TEN = 25  # functions
MOST_FILES = 12  # in a folder, without its __init__.py
# Errors and the conditions of a filter say by their names what they are; their trees stand at the top.
NAMES_SAY_IT = ("errors.py", "core/filters/")

FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(text: str) -> list[tuple[int, str]]:
    """Lines and name of each function of a file, those inside others too."""
    return [
        ((node.end_lineno or 0) - node.lineno + 1, node.name)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, Function)
    ]


def test_files_stay_small() -> None:
    lines = {name: len(path.read_text().splitlines()) for name, path in FILES.items()}
    assert not [f"{name}: {count}" for name, count in lines.items() if count > LONGEST_FILE]


def test_functions_stay_small() -> None:
    found = [(name, *one) for name, path in FILES.items() for one in functions(path.read_text())]
    long = [f"{file}: {name}: {count}" for file, count, name in found if count > LONGEST_FUNCTION]
    assert not long


def test_nine_in_ten_functions_are_smaller_still() -> None:
    counts = sorted(count for path in FILES.values() for count, _ in functions(path.read_text()))
    assert counts[len(counts) * 9 // 10] <= MOST_LINES_OF_NINE_IN_TEN


def test_folders_stay_small() -> None:
    count: dict[str, int] = {}
    for path in FILES.values():
        if path.name != "__init__.py":
            folder = str(path.parent.relative_to(PACKAGE))
            count[folder] = count.get(folder, 0) + 1
    assert not {folder: files for folder, files in count.items() if files > MOST_FILES}


def test_a_function_is_counted_with_its_signature_and_docstring() -> None:
    text = 'class A:\n    @made\n    async def f(\n        self,\n    ):\n        """So."""\n'
    assert functions(f"{text}        def g(): ...\n") == [(5, "f"), (1, "g")]


def silent(name: str, text: str) -> list[str]:
    """The module and its public functions and classes that have no docstring."""
    tree = ast.parse(text)
    found = [] if ast.get_docstring(tree) else [name]
    for node in tree.body:
        if not isinstance(node, (*Function, ast.ClassDef)) or node.name.startswith("_"):
            continue
        says_it = isinstance(node, ast.ClassDef) and name.startswith(NAMES_SAY_IT)
        if not says_it and ast.get_docstring(node) is None:
            found.append(f"{name}: {node.name}")
    return found


def test_every_module_and_public_function_says_what_it_is() -> None:
    assert not [one for name, path in FILES.items() for one in silent(name, path.read_text())]


def test_what_says_nothing_is_found() -> None:
    text = "def f(): ...\nasync def g(): ...\nclass C: ...\ndef _h(): ..."
    assert silent("a.py", text) == ["a.py", "a.py: f", "a.py: g", "a.py: C"]
    assert silent("core/filters/tree.py", f'"""So."""\n{text}') == [
        "core/filters/tree.py: f",
        "core/filters/tree.py: g",
    ]


def test_the_folder_datasets_can_not_shadow_the_package_of_that_name(tmp_path: Path) -> None:
    assert not list((ROOT / "datasets").rglob("__init__.py"))
    code = "import engine, importlib.util as u; s = u.find_spec('datasets'); print(s and s.origin)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert str(ROOT) not in done.stdout
    assert done.stdout.strip() == "None" or "site-packages" in done.stdout


def test_the_top_level_is_what_people_and_tools_need() -> None:
    if not (ROOT / ".git").exists():
        return  # files without their history: what isn't the project's own can't be told
    listed = ["git", "-C", str(ROOT), "ls-files"]
    files = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {file.partition("/")[0] for file in files} == {
        ".ci", ".gitignore", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE", "README.md",
        "benchmarks", "datasets", "engine", "pyproject.toml", "tests",
    }  # fmt: skip
