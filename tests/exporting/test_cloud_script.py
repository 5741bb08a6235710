"""`create_in_cloud.py` is run for real, with databricks-sdk, against a server over a fresh workspace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from exporting.shop import DIRECT, DIRECT_ROWS, ENDPOINT, NAMED, SYNCED, TABLE, VECTORS, filled
from support.needs import needs

needs("delta", "sdk")

from engine import Settings, Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

CREDENTIALS = Credentials("token-of-export", "client-of-export", "secret-of-export")


@dataclass
class Cloud:
    """A fresh workspace that is served, the export's folder, and the workspace that was exported."""

    here: Workspace
    workspace: Workspace
    folder: Path
    url: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The script, as its users run it."""
        known = {key: text for key, text in os.environ.items() if not key.startswith("DATABRICKS")}
        env = {**known, "DATABRICKS_HOST": self.url, "DATABRICKS_TOKEN": CREDENTIALS.token}
        return subprocess.run(
            [sys.executable, str(self.folder / "create_in_cloud.py"), *arguments],
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def load(self) -> None:
        """What somebody else does there: the tables, each from its folder."""
        for folder in (self.folder / "tables").iterdir():
            self.workspace.register_table(folder.name, folder)


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    here = filled(tmp_path / "here")
    here.update_endpoint_custom_tags(ENDPOINT, [{"key": "team", "value": "shop"}])
    here.export_cloud(tmp_path / "up")
    there = Workspace(tmp_path / "there", Settings(path=tmp_path / "there", encoder="hashed"))
    with BackgroundServer(there, CREDENTIALS) as server:
        yield Cloud(here, there, tmp_path / "up", server.url)


def asked(workspace: Workspace) -> list[Any]:
    """What queries of every index give."""
    vector = VECTORS[3].tolist()
    return [
        workspace.query_index(SYNCED, columns=["product_id", "title"], query_vector=vector),
        workspace.query_index(NAMED, columns=["product_id"], query_text="blue leather"),
        workspace.query_index(
            DIRECT,
            columns=["id", "text", "day"],
            query_vector=vector,
            filters={"day": "2026-01-04"},
        ),
        workspace.query_index(DIRECT, columns=["id"], query_vector=vector, num_results=20),
    ]


def rows(replies: list[Any]) -> list[Any]:
    found = [reply["result"]["data_array"] for reply in replies]
    assert all(found)
    return found


def shape(workspace: Workspace) -> dict[str, Any]:
    """Each index as it was created."""
    kept = ("endpoint_name", "primary_key", "index_type", "index_subtype", "endpoint_type")
    shown = {}
    for name in (SYNCED, NAMED, DIRECT):
        index = workspace.get_index(name)
        spec = dict(index.get("delta_sync_index_spec") or index["direct_access_index_spec"])
        spec.pop("pipeline_id", None)
        shown[name] = {**{key: index[key] for key in kept}, **spec}
        assert index["status"]["ready"]
    return shown


def test_the_same_endpoints_and_indexes_answer_alike(cloud: Cloud) -> None:
    cloud.load()
    run = cloud.run()
    assert run.returncode == 0, run.stderr + run.stdout
    assert run.stdout.splitlines()[-1] == "done"
    assert f"wrote   {len(DIRECT_ROWS)} of {len(DIRECT_ROWS)} rows" in run.stdout
    assert shape(cloud.workspace) == shape(cloud.here)
    made, known = (one.get_endpoint(ENDPOINT) for one in (cloud.workspace, cloud.here))
    for key in ("name", "endpoint_type", "custom_tags", "num_indexes"):
        assert made[key] == known[key]
    assert rows(asked(cloud.workspace)) == rows(asked(cloud.here))


def test_run_again_it_leaves_what_is_there(cloud: Cloud) -> None:
    cloud.load()
    assert cloud.run().returncode == 0
    ids = {name: cloud.workspace.get_index(name)["id"] for name in (SYNCED, NAMED, DIRECT)}
    cloud.workspace.upsert(DIRECT, [{**DIRECT_ROWS[0], "text": "newer than the export"}])
    run = cloud.run()
    assert run.returncode == 0, run.stderr + run.stdout
    assert "created" not in run.stdout
    assert "wrote" not in run.stdout
    assert {name: cloud.workspace.get_index(name)["id"] for name in ids} == ids
    first = cloud.workspace.scan_index(DIRECT, num_results=1)["data"][0]["fields"]
    assert "newer than the export" in str(first)


def test_an_index_that_got_some_of_its_rows_is_told_and_filled_when_asked(cloud: Cloud) -> None:
    cloud.load()
    assert cloud.run().returncode == 0
    cloud.workspace.delete_rows(DIRECT, [row["id"] for row in DIRECT_ROWS[5:]])
    run = cloud.run()
    assert run.returncode == 1
    assert f"index {DIRECT} holds 5 of 20 rows: --upsert" in run.stderr
    assert cloud.run("--upsert").returncode == 0
    assert rows(asked(cloud.workspace)) == rows(asked(cloud.here))


def test_without_its_tables_it_says_which_and_makes_the_rest(cloud: Cloud) -> None:
    run = cloud.run()
    assert run.returncode == 1
    place = cloud.folder / "tables" / TABLE
    assert f"table {TABLE} is missing: load {place}, or give --warehouse-id" in run.stderr
    assert f"index {SYNCED} was not created: its table {TABLE} is missing" in run.stderr
    assert cloud.workspace.index_exists(DIRECT)
    assert not cloud.workspace.index_exists(SYNCED)
    cloud.load()
    assert cloud.run().returncode == 0
    assert rows(asked(cloud.workspace)) == rows(asked(cloud.here))


def test_a_missing_serving_endpoint_is_told(cloud: Cloud) -> None:
    script = cloud.folder / "create_in_cloud.py"
    text = script.read_text("utf-8")
    script.write_text(text.replace("clip-multimodal-encoder", "clip-of-theirs"), "utf-8")
    cloud.load()
    run = cloud.run()
    assert run.returncode == 1
    assert "serving endpoint clip-of-theirs is missing" in run.stderr
    assert cloud.workspace.index_exists(SYNCED)


def test_a_statement_that_the_warehouse_refuses_is_told_with_its_table(cloud: Cloud) -> None:
    # The workspace's SQL reads no files by path, so here every load is refused.
    run = cloud.run("--warehouse-id", "w", "--volume", "/Volumes/main/shop/files/up")
    assert run.returncode == 1
    assert f"FAILED table {TABLE}:" in run.stderr
    assert cloud.workspace.index_exists(DIRECT)
    wrong = cloud.run("--warehouse-id", "w", "--volume", "/tmp/up")
    assert wrong.returncode == 2
    assert "/Volumes/main" in wrong.stderr
