"""A small shop served over HTTP, and the real client packages in front of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
from support.children import started, wait_until

from engine import Settings, Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

CREDENTIALS = Credentials("token-of-tests", "client-of-tests", "secret-of-tests")
ENDPOINT, TABLE = "shop", "main.shop.products"
SYNCED, MANAGED, DIRECT, WORDS = (
    f"main.shop.{name}" for name in ("synced", "managed", "direct", "words")
)
DIMENSION, ROWS = 16, 1500


def products() -> pa.Table:
    """Rows with every kind of column."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((ROWS, DIMENSION)).astype(np.float32)
    colors, kinds = ["red", "blue", None, "dark red"], ["dress", "shoe", "jacket"]
    return pa.table(
        {
            "id": pa.array(range(ROWS), pa.int64()),
            "name": [f"{kinds[i % 3]} number {i}" for i in range(ROWS)],
            "color": [colors[i % 4] for i in range(ROWS)],
            "price": [None if i % 11 == 0 else i / 4 for i in range(ROWS)],
            "in_stock": [i % 5 != 0 for i in range(ROWS)],
            "added_on": pa.array([19_000 + i for i in range(ROWS)], pa.int32()).cast(pa.date32()),
            "seen_at": pa.array(
                [1_700_000_000_000_000 + i for i in range(ROWS)], pa.timestamp("us")
            ),
            "tags": [["new"] if i % 2 else ["sale", "old"] for i in range(ROWS)],
            "v": vectors.astype(np.float64).tolist(),
        }
    )


def fill(workspace: Workspace) -> None:
    """The endpoints and one index of each kind."""
    workspace.write_table(TABLE, products())
    workspace.create_endpoint(ENDPOINT)
    workspace.create_endpoint("large", "STORAGE_OPTIMIZED")
    given: dict[str, Any] = {"source_table": TABLE, "primary_key": "id"}
    workspace.create_index(
        SYNCED, vector_column="v", dimension=DIMENSION, endpoint=ENDPOINT, **given
    )
    workspace.create_index(
        MANAGED,
        source_column="name",
        model_endpoint="databricks-gte-large-en",
        endpoint=ENDPOINT,
        columns_to_sync=["id", "name", "price"],
        **given,
    )
    workspace.create_index(
        WORDS,
        index_subtype="FULL_TEXT",
        endpoint="large",
        columns_to_sync=["id", "name", "color"],
        **given,
    )
    workspace.create_direct_access_index(
        DIRECT,
        dimension=2,
        vector_column="v",
        schema={"id": "int", "text": "string", "v": "array<float>"},
        primary_key="id",
        endpoint=ENDPOINT,
    )


@contextmanager
def served(folder: Path, filled: bool = True) -> Iterator[tuple[Workspace, str]]:
    """A workspace and the address that it is served at."""
    workspace = Workspace(settings=Settings(folder, encoder="hashed"))
    if filled:
        fill(workspace)
    with BackgroundServer(workspace, CREDENTIALS) as server:
        yield workspace, server.url


@contextmanager
def announced(
    folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`vitrine serve` on a free port, in a process of its own, and what its ready file says."""
    ready = folder.with_name(f"{folder.name}-ready.json")
    command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(folder)]
    with started(
        [*command, "--port", "0", "--ready-file", str(ready), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"},
    ) as run:
        wait_until(ready.exists, run)
        yield run, json.loads(ready.read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    folder: Path, *options: str, env: Mapping[str, str] | None = None, offline: bool = False
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`vitrine serve` over a folder, in a process of its own that answers; and its address."""
    port = free_port()
    command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(folder)]
    with started(
        [*command, "--port", str(port), *options],
        offline=offline,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**(os.environ if env is None else env), "PYTHONUNBUFFERED": "1"},
    ) as run:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(url), run)
        yield run, url


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=60).status_code == 200
    except httpx.TransportError:
        return False
