"""The documents are true: their lines install, their examples run and print what they show."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from support.needs import BRINGS

import engine

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
EXAMPLES = "\n".join(
    [README, *[(ROOT / "engine" / room / "README.md").read_text() for room in ("doors", "shop")]]
)
PROJECT = (ROOT / "pyproject.toml").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", EXAMPLES, re.MULTILINE | re.DOTALL)
DOCUMENTS = (
    "README.md",
    "ARCHITECTURE.md",
    "engine/doors/README.md",
    "engine/shop/README.md",
    "benchmarks/README.md",
    "datasets/sample/README.md",
    "tests/conformance/DIFFERENCES.md",
)
PORT = "8765"  # of the server in the examples
PATIENCE = 60.0  # seconds until that server answers


def shape(line: str) -> str:
    """A line without what changes from run to run: numbers, rules, blanks."""
    return re.sub(r"[\d.,]+", "#", " ".join(line.split())).replace("-", "")


def steps() -> list[tuple[str, list[str]]]:
    """The commands of the examples and the output that is shown for each."""
    found: list[tuple[str, list[str]]] = []
    for language, body in BLOCKS:
        if language == "console":
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append((line[2:], []))
                elif line.strip():
                    found[-1][1].append(line)
    return found


def files() -> dict[str, str]:
    """The Python files that the examples write: blocks that begin with a file's name."""
    named = [(re.match(r"# (\w+\.py)\n", body), body) for _, body in python_blocks()]
    return {match[1]: body for match, body in named if match}


def script() -> str:
    """All other Python of the examples, which goes on from block to block."""
    return "\n".join(body for _, body in python_blocks() if body not in files().values())


def python_blocks() -> list[tuple[str, str]]:
    return [(language, body) for language, body in BLOCKS if language == "python"]


def extras(text: str) -> set[str]:
    """The names in `.[one,two]`."""
    return {name for names in re.findall(r"\[([\w,]+)\]'", text) for name in names.split(",")}


def test_the_second_line_is_light_and_ci_installs_every_extra() -> None:
    (line,) = re.findall(r"^pip install .*&& pytest$", README, re.MULTILINE)
    assert extras(line) == {"test"}
    section = PROJECT.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    known = set(re.findall(r"^(\w+) = \[", section, re.MULTILINE))
    ci = (ROOT / ".ci" / "run").read_text()
    assert extras(ci) == known
    assert "VITRINE_SKIP_NOTHING=1" in ci
    assert {name for name in BRINGS if name not in known} == set()


def test_the_documents_install_extras_that_exist() -> None:
    for extra in extras(EXAMPLES):
        assert re.search(rf"^{extra} = \[", PROJECT, re.MULTILINE), extra


@contextmanager
def serving(command: str, env: dict[str, str], folder: Path, port: str) -> Iterator[None]:
    """The server of the examples, until the block ends; what it prints goes to `server.log`."""
    with (folder / "server.log").open("w") as log:
        arguments = shlex.split(command.removesuffix("&"))
        server = subprocess.Popen(
            arguments, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        end = time.monotonic() + PATIENCE
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None and time.monotonic() < end, log_of(folder)
        yield
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(PATIENCE)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE):
            return True
    except urllib.error.URLError:
        time.sleep(0.05)  # between tries of a condition
        return False


def log_of(folder: Path) -> str:
    return (folder / "server.log").read_text()


def check_printed(command: str, printed: str, expected: list[str]) -> None:
    """Each line that is shown was printed, in shape."""
    shapes = {shape(line) for line in printed.splitlines()}
    for line in expected:
        if line.startswith("...") or re.match(r"\d", line):
            continue  # left out, or a row of results
        told = f"{command}\n{line}\nnot in\n{printed}"
        if line.endswith("..."):
            assert any(s.startswith(shape(line[:-3]).strip()) for s in shapes), told
        else:
            assert shape(line) in shapes, told


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder where the examples find what they name of the checkout, and write what they like."""
    for name in ("datasets", "benchmarks"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    for name, content in files().items():
        (tmp_path / name).write_text(content)
    return tmp_path


def test_the_examples_run_and_print_what_the_documents_show(checkout: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    kept = {n: v for n, v in os.environ.items() if not n.startswith("PYTEST_")}
    env = {**kept, "PATH": path, "VITRINE_WORKSPACE": "", "VITRINE_ENCODER": ""}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    assert len(steps()) >= 10 and len(files()) == 2
    with ExitStack() as servers:
        for command, expected in steps():
            command = command.replace(PORT, port)
            if command.endswith("&"):
                servers.enter_context(serving(command, env, checkout, port))
                check_printed(command, log_of(checkout), expected)
                continue
            if command.startswith("curl ") and shutil.which("curl") is None:
                continue
            done = run(shlex.split(command), checkout, env)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            check_printed(command, done.stdout, expected)
        done = run([sys.executable, "-c", script()], checkout, env)
    assert done.returncode == 0, done.stdout
    assert done.stdout.strip()


def run(command: list[str], folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def test_the_readme_is_short() -> None:
    assert README.count("\n") < 250


def test_every_link_in_the_documents_leads_somewhere() -> None:
    for document in DOCUMENTS:
        text = (ROOT / document).read_text()
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target:
                assert ((ROOT / document).parent / target).exists(), f"{document}: {target}"


def test_every_file_that_the_map_names_exists() -> None:
    known = {f"/{path.relative_to(ROOT).as_posix()}" for path in ROOT.rglob("*.py")}
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(re.findall(r"[\w/]+\.py\b", text))
    assert {name for name in named if not any(k.endswith(f"/{name}") for k in known)} == set()
    folders = set(re.findall(r"`((?:engine|tests|benchmarks|datasets)/[\w/]*)/`", text))
    assert len(named) > 30 and len(folders) > 20
    assert {folder for folder in folders if not (ROOT / folder).is_dir()} == set()


def test_the_changelog_begins_with_this_version() -> None:
    # A heading with a remark, such as "0.6.0 (to come)", is of a version that is not out yet.
    newest = re.search(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == engine.__version__


@pytest.mark.parametrize("operation", [n for n in dir(engine.Workspace) if n[0] != "_"])
def test_every_operation_says_what_it_does(operation: str) -> None:
    member = getattr(engine.Workspace, operation)
    assert member.__doc__ or operation in {"endpoint_exists", "index_exists"}
