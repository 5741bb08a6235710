"""The README is true: its lines install, its tour runs, its output has the shape that it shows."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import BRINGS

import engine

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PROJECT = (ROOT / "pyproject.toml").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def shape(line: str) -> str:
    """A line without what changes from run to run: numbers, rules, blanks."""
    return re.sub(r"[\d.,]+", "#", " ".join(line.split())).replace("-", "")


def steps() -> list[tuple[str, list[str]]]:
    """The commands of the tour and the output that the README shows for each."""
    found: list[tuple[str, list[str]]] = []
    for language, body in BLOCKS:
        if language == "console":
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append((line[2:], []))
                elif line.strip():
                    found[-1][1].append(line)
    return found


def extras(text: str) -> set[str]:
    """The names in `.[one,two]`."""
    return {name for names in re.findall(r"\[([\w,]+)\]'", text) for name in names.split(",")}


def test_the_second_line_is_light_and_ci_installs_every_extra() -> None:
    (line,) = re.findall(r"^pip install .*&& pytest$", README, re.MULTILINE)
    assert extras(line) == {"test"}
    section = PROJECT.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    known = set(re.findall(r"^(\w+) = \[", section, re.MULTILINE))
    ci = (ROOT / ".ci" / "run").read_text()
    assert extras(ci) == known - {"bench"}
    assert "VITRINE_SKIP_NOTHING=1" in ci
    assert {name for name in BRINGS if name not in known} == set()


def test_the_readme_installs_extras_that_there_are() -> None:
    for extra in extras(README):
        assert re.search(rf"^{extra} = \[", PROJECT, re.MULTILINE), extra


def test_the_tour_runs_and_prints_what_the_readme_shows(tmp_path: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "VITRINE_WORKSPACE": "", "VITRINE_ENCODER": ""}
    assert len(steps()) >= 4
    for command, expected in steps():
        done = subprocess.run(
            shlex.split(command),
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        printed = {shape(line) for line in done.stdout.splitlines()}
        for line in expected:
            if line.startswith("...") or re.match(r"\d", line):
                continue  # left out, or a row of results
            told = f"{command}\n{line}\nnot in\n{done.stdout}"
            if line.endswith("..."):
                assert any(p.startswith(shape(line[:-3]).strip()) for p in printed), told
            else:
                assert shape(line) in printed, told
    python = [body for language, body in BLOCKS if language == "python"]
    assert python
    script = "\n".join(python)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for document in ("README.md", "ARCHITECTURE.md", "benchmarks/README.md"):
        text = (ROOT / document).read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_the_changelog_begins_with_this_version() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == engine.__version__


@pytest.mark.parametrize("operation", [n for n in dir(engine.Workspace) if n[0] != "_"])
def test_every_operation_says_what_it_does(operation: str) -> None:
    member = getattr(engine.Workspace, operation)
    assert member.__doc__ or operation in {"endpoint_exists", "index_exists"}
