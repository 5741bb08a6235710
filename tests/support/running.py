"""Runs what `as_code` says, as its users do: Python, SQL, curl and the command, each gives rows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.children import started

from engine import Workspace

Row = tuple[Any, float]  # a key and a score
_PROGRAM = """
import contextlib, io, json, sys
for line in sys.stdin:
    names, said = {}, io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(json.loads(line), "snippet", "exec"), names)
    found = {"rows": names["rows"], "names": names.get("names"), "said": said.getvalue()}
    print(json.dumps(found), flush=True)
"""


class Runner:
    """One served workspace, and its users' ways to ask it."""

    def __init__(
        self, workspace: Workspace, folder: Path, env: dict[str, str], child: subprocess.Popen[str]
    ) -> None:
        self.workspace, self.folder, self.env, self._child = workspace, folder, env, child

    def python(self, code: str) -> dict[str, Any]:
        """What a snippet leaves in `rows`, and what it printed: in a process of snippets' own."""
        child = self._child
        assert child.stdin is not None and child.stdout is not None and child.stderr is not None
        child.stdin.write(json.dumps(code) + "\n")
        child.stdin.flush()
        line = child.stdout.readline()
        assert line, child.stderr.read()
        found: dict[str, Any] = json.loads(line)
        return found

    def sql(self, code: str) -> list[dict[str, Any]]:
        return self.workspace.sql(code).to_pylist()

    def curl(self, code: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._run(["bash", "-eu", "-c", code]))
        assert "error_code" not in found, found
        return found

    def command(self, code: str, *options: str) -> Any:
        """What the command prints as JSON; the options stand before a `--`."""
        head, dashes, tail = code.rstrip("\n").partition(" -- ")
        return json.loads(
            self._run(["bash", "-eu", "-c", " ".join([head, "--json", *options]) + dashes + tail])
        )

    def shown(self, code: str) -> str:
        """What the command prints as it stands."""
        return self._run(["bash", "-eu", "-c", code])

    def _run(self, arguments: Sequence[str]) -> str:
        run = subprocess.run(
            arguments,
            env=self.env,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert run.returncode == 0, run.stderr + run.stdout
        return run.stdout


@contextmanager
def users_of(workspace: Workspace, ready: dict[str, Any], folder: Path) -> Iterator[Runner]:
    """A runner in a folder, for a workspace that is served as a ready file says."""
    env = {
        **os.environ,
        "DATABRICKS_HOST": ready["url"],
        "DATABRICKS_TOKEN": ready["token"],
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    piped = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-W", "error", "-c", _PROGRAM]
    with started(command, env=env, cwd=folder, text=True, **piped) as child:
        yield Runner(workspace, folder, env, child)


def same(found: Sequence[Row], wanted: Sequence[Row]) -> None:
    """The same keys in the same order with the same scores."""
    assert [str(key) for key, _ in found] == [str(key) for key, _ in wanted]
    assert [score for _, score in found] == pytest.approx([s for _, s in wanted], abs=2e-6)


def api_rows(rows: Sequence[Sequence[Any]], place: int = 0) -> list[Row]:
    """Rows of the API: the key at a place, an integer as a float, the score last."""
    keys = [row[place] for row in rows]
    plain = [int(key) if isinstance(key, float) else key for key in keys]
    return [(key, row[-1]) for key, row in zip(plain, rows)]


def shop_rows(reply: dict[str, Any], key: str = "product_id") -> list[Row]:
    """Rows of `/api/v1`, or of the mirrored API."""
    if "products" in reply:
        return [(one[key], one["similarity_score"]) for one in reply["products"]]
    return api_rows(reply["result"].get("data_array", []))
