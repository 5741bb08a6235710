"""An installation beside a project that has a package `engine` of its own: neither stops the other."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import needs

needs("applications")

from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
OWN_TESTS = """
import engine, engine.parts

def test_the_projects_own():
    assert engine.WHOSE == "the project's" and engine.parts.PARTS == 4
"""
WITH_FIXTURES = """
import sys

def test_before():
    import engine
    assert engine.WHOSE == "the project's"

def test_with_the_mock(vitrine_mock):
    pass

def test_after():
    assert sys.modules["engine"].WHOSE == "the project's"
"""
# How a project's own package gets on the path: files to write, by name, and how pytest is called.
LAYOUTS: dict[str, tuple[dict[str, str], list[str]]] = {
    "pythonpath": ({"pytest.ini": "[pytest]\npythonpath = .\n"}, ["pytest"]),
    "warnings are errors": (
        {"pytest.ini": "[pytest]\npythonpath = .\nfilterwarnings = error\n"},
        ["pytest", "-W", "error"],
    ),
    "python -m pytest": ({}, ["-m", "pytest"]),
    "conftest": ({"conftest.py": ""}, ["pytest"]),
    "src": ({"pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["src"]\n'}, ["pytest"]),
    "importlib": (
        {"pytest.ini": "[pytest]\npythonpath = .\naddopts = --import-mode=importlib\n"},
        ["pytest", "-q"],
    ),
}


@pytest.fixture(scope="module", params=["wheel", "editable"])
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment with this distribution; the packages it needs are those here."""
    folder = tmp_path_factory.mktemp(request.param)
    uv, found = find_uv_bin(), folder / "venv" / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder / "venv"], check=True)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    here = [path for path in sys.path if Path(path).name == "site-packages"]
    (site / "packages.pth").write_text("\n".join(here))
    what: list[str | Path] = ["-e", ROOT]
    if request.param == "wheel":
        # From the built archive, as another machine would get it.
        build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "dist"]
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
        what = list((folder / "dist").glob("*.whl"))
    install = [uv, "pip", "install", "-q", "--offline", "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--python", found, *what], check=True)
    return found


def project(folder: Path, layout: str, tests: str) -> Path:
    """A project with a package `engine`."""
    files, _ = LAYOUTS[layout]
    package = folder / "src" / "engine" if layout == "src" else folder / "engine"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('WHOSE = "the project\'s"\n')
    (package / "parts.py").write_text("PARTS = 4\n")
    for name, text in files.items():
        (folder / name).write_text(text)
    (folder / "test_it.py").write_text(tests)
    return folder


def run(
    python: Path, folder: Path, *command: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("PYTEST_", "PYTHONPATH"))}
    program = [str(python)] if command[0] == "-m" else [str(python), "-m", "pytest"]
    if command[0] != "-m":  # as the script does, without the current folder on the path
        program = [
            str(python),
            "-c",
            "import sys, pytest; sys.path.remove(''); sys.exit(pytest.main())",
        ]
        command = command[1:]
    return subprocess.run(
        [*program, *command, "-p", "no:cacheprovider"],
        cwd=folder, env={**kept, **environ}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_projects_tests_run_and_one_warning_says_what_is_hidden(
    python: Path, layout: str, tmp_path: Path
) -> None:
    done = run(python, project(tmp_path, layout, OWN_TESTS), *LAYOUTS[layout][1])
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1 passed, 1 warning in ", done.stdout), done.stdout
    assert done.stdout.count("EngineIsHidden") == 1
    assert "hides it" in done.stdout


@pytest.mark.parametrize("layout", ["pythonpath", "warnings are errors", "python -m pytest"])
def test_only_a_test_that_asks_for_a_fixture_fails_with_the_reason(
    python: Path, layout: str, tmp_path: Path
) -> None:
    done = run(python, project(tmp_path, layout, WITH_FIXTURES), *LAYOUTS[layout][1])
    assert done.returncode == 1, done.stdout + done.stderr
    assert re.search(r"\b2 passed, 1 warning, 1 error in ", done.stdout), done.stdout
    assert "ERROR at setup of test_with_the_mock" in done.stdout
    assert f"this project's `engine`, {tmp_path}" in done.stdout
    assert "give the project's another name" in done.stdout
    assert "Traceback" not in done.stdout


def test_without_another_engine_nothing_is_loaded_or_said_until_a_fixture_is_asked_for(
    python: Path, tmp_path: Path
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    (tmp_path / "test_it.py").write_text(
        "import sys\n\ndef test_first():\n    assert 'engine' not in sys.modules\n"
        "\ndef test_then(vitrine_mock):\n    vitrine_mock.table('t', [{'id': 1}])\n"
    )
    done = run(python, tmp_path, "pytest")
    assert re.search(r"=+ 2 passed in ", done.stdout), done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["--version"], ["models", "--here"]])
def test_the_command_finds_its_own_package(
    python: Path, arguments: list[str], tmp_path: Path
) -> None:
    folder = project(tmp_path, "python -m pytest", OWN_TESTS)
    done = subprocess.run(
        [python.parent / "vitrine", *arguments],
        cwd=folder, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_worker_processes_of_the_server_find_it_too(python: Path, tmp_path: Path) -> None:
    folder = project(tmp_path, "python -m pytest", OWN_TESTS)
    code = "from vitrine_search import app\nprint(app().title)"
    told = f'{{"path": "{tmp_path / "ws"}", "auth": false, "access_log": false}}'
    done = subprocess.run(
        [python, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ".", "VITRINE_SERVER": told},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_an_installation_shows_two_names_and_its_own_engine_comes_last(
    python: Path, tmp_path: Path
) -> None:
    code = (
        "import importlib.util as u\n"
        "print([n for n in ('hatch_hook', 'benchmarks', 'installed') if u.find_spec(n)])\n"
        "import engine, vitrine_search; print(engine.__version__)"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("[]\n")
