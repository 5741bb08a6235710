"""Runs an application, with its published packages in an environment of their own, on a server.

The packages stand in pyproject.toml under [dependency-groups]. An environment is made once for each
environment that the tests run in, and again when its packages or Python change. Where that fails,
as without a network, the tests are skipped; with VITRINE_SKIP_NOTHING set they fail.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from support.needs import needs, skip

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.locks import held

HERE = Path(__file__).parent
PROJECT = HERE.parents[1] / "pyproject.toml"
CATALOGUE = PROJECT.with_name("datasets") / "sample"
TABLE = "main.shop.notes"
CREDENTIALS = Credentials("dapi-shop", "shop-client", "shop-secret")
NOTES = [
    {"id": "1", "text": "red summer dress", "color": "red", "price": 30.0},
    {"id": "2", "text": "red winter dress", "color": "red", "price": 80.0},
    {"id": "3", "text": "blue summer dress", "color": "blue", "price": 45.0},
    {"id": "4", "text": "blue office shoes", "color": "blue", "price": 60.0},
    {"id": "5", "text": "black leather bag", "color": "black", "price": 120.0},
    {"id": "6", "text": "red office bag", "color": "red", "price": 25.0},
    {"id": "7", "text": "blue winter shoes", "color": "blue", "price": 75.0},
    {"id": "8", "text": "black summer shoes", "color": "black", "price": 20.0},
]
WORDS = ("red", "blue", "dress", "shoes", "bag", "summer", "winter", "office")
Nearest = Callable[..., list[list[Any]]]
Application = Callable[[str], dict[str, Any]]


def nearest_notes(
    ask: str, keep: Callable[[dict[str, Any]], bool] = lambda note: True
) -> list[list[Any]]:
    """[id, score] of every note that is kept, the nearest first, by plain arithmetic; ties by id."""
    wide = [ask.split().count(word) for word in WORDS]
    found = []
    for note in filter(keep, NOTES):
        own = [str(note["text"]).split().count(word) for word in WORDS]
        found.append([note["id"], 1 / (1 + sum((a - b) ** 2 for a, b in zip(wide, own)))])
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


@pytest.fixture(scope="session")
def nearest() -> Nearest:
    return nearest_notes


def _environment(group: str) -> Path:
    """The Python of an environment that holds the packages of a dependency group."""
    from uv import find_uv_bin

    section = PROJECT.read_text().partition("[dependency-groups]")[2]
    wanted = re.search(rf"^{group} = .*$", section, re.MULTILINE)
    assert wanted is not None, f"{PROJECT} has no dependency group {group}"
    digest = hashlib.sha256(f"{sys.version} {wanted[0]}".encode()).hexdigest()[:12]
    home = Path(sys.prefix) / "applications"
    home.mkdir(exist_ok=True)
    folder = home / f"{group}-{digest}"
    python = folder / "bin" / "python"
    with held(home / f"{group}.lock", 1200):
        if (folder / "complete").exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        _run([find_uv_bin(), "venv", "--quiet", "--python", sys.executable, str(folder)])
        install = [find_uv_bin(), "pip", "install", "--quiet", "--python", str(python)]
        _run([*install, "--group", f"{PROJECT}:{group}"])
        (folder / "complete").touch()
    return python


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=400)


def _installed(group: str) -> Path:
    needs("applications")
    try:
        return _environment(group)
    except (OSError, subprocess.SubprocessError) as error:
        output = getattr(error, "stderr", None) or ""
        skip(f"the packages of {group} can't be installed: {error} {output}")
        raise


@pytest.fixture(scope="session")
def run_application(tmp_path_factory: pytest.TempPathFactory) -> Application:
    """Runs `{name}_shop.py` against a server over a fresh workspace; what it printed, as JSON."""

    def run(name: str) -> dict[str, Any]:
        python = _installed(name.replace("_", "-"))
        folder = tmp_path_factory.mktemp(name)
        workspace = Workspace(folder / "workspace")
        workspace.write_table(TABLE, pa.Table.from_pylist(NOTES))
        with BackgroundServer(workspace, CREDENTIALS) as server:
            environment = {
                "PATH": os.environ["PATH"],
                "HOME": str(folder),  # no configuration of this machine's user
                "DATABRICKS_HOST": server.url,
                "DATABRICKS_TOKEN": CREDENTIALS.token,
                "SHOP_CLIENT_ID": CREDENTIALS.client_id,
                "SHOP_CLIENT_SECRET": CREDENTIALS.client_secret,
                "SHOP_CATALOGUE": str(CATALOGUE),
            }
            done = subprocess.run(
                [str(python), str(HERE / f"{name}_shop.py")],
                input=json.dumps(NOTES),
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=300,
            )
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run
