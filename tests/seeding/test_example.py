"""The commented example of the docs: one file, an index of each kind, twice, with the same result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs
from support.server import free_port, serving

from engine import Workspace

EXAMPLE = Path(__file__).with_name("example")
INDEXES = {
    "main.shop.by_vector": ("DELTA_SYNC", "HYBRID", 3),
    "main.shop.by_meaning": ("DELTA_SYNC", "HYBRID", 3),
    "main.shop.by_words": ("DELTA_SYNC", "FULL_TEXT", 3),
    "main.shop.live": ("DELTA_SYNC", "HYBRID", 3),
    "main.shop.direct": ("DIRECT_ACCESS", "HYBRID", 2),
}


def vitrine(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, away from the file's folder."""
    command = [sys.executable, "-m", "engine.doors.cli", *arguments, "-w", str(folder)]
    environment = {**os.environ, "VITRINE_ENCODER": "hashed"}
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, cwd=folder.parent
    )


def described(folder: Path) -> dict[str, Any]:
    """All that can be seen of a workspace, without the times at which it was looked at."""
    workspace = Workspace(folder)
    indexes = {name: workspace.get_index(name) for name in INDEXES}
    tables = {name: workspace.get_table(name) for name in workspace.list_tables()}
    rows = {name: workspace.read_table(name).to_pylist() for name in tables}
    versions = {name: workspace.index_versions(name) for name in INDEXES}
    endpoints = list(workspace.list_endpoints())
    return {"i": indexes, "t": tables, "r": rows, "v": versions, "e": endpoints}


def test_applied_twice_in_processes_it_makes_everything_and_then_finds_it_unchanged(
    tmp_path: Path,
) -> None:
    folder, file = tmp_path / "ws", str(EXAMPLE / "shop.yaml")
    first = vitrine(folder, "apply", file, "--json")
    assert first.returncode == 0, first.stderr
    done = {row["name"]: row["action"] for row in json.loads(first.stdout)}
    assert set(done.values()) == {"created"} and set(INDEXES) < set(done)
    before = described(folder)
    for name, (kind, subtype, rows) in INDEXES.items():
        found = before["i"][name]
        assert (found["index_type"], found["index_subtype"]) == (kind, subtype)
        assert found["status"]["indexed_row_count"] == rows and found["status"]["ready"]
    again = vitrine(folder, "apply", file, "--json")
    assert again.returncode == 0
    assert {row["action"] for row in json.loads(again.stdout)} == {"unchanged"}
    assert described(folder) == before


def test_served_with_the_file_each_kind_of_index_answers_the_real_client(tmp_path: Path) -> None:
    needs("clients")
    from databricks.ai_search.client import AISearchClient

    folder = tmp_path / "ws"
    environment = {**os.environ, "VITRINE_ENCODER": "hashed", "VITRINE_TOKEN": "of-tests"}
    file = str(EXAMPLE / "shop.yaml")
    for _ in range(2):
        with serving(folder, "--quiet", "--seed", file, env=environment) as (_, url):
            client = AISearchClient(
                workspace_url=url, personal_access_token="of-tests", disable_notice=True
            )

            def found(name: str, columns: list[str], client: Any = client, **query: Any) -> Any:
                reply = client.get_index(index_name=name).similarity_search(
                    columns=columns, num_results=1, **query
                )
                return reply["result"]["data_array"][0][0]

            assert found("main.shop.by_vector", ["name"], query_vector=[0, 1, 0, 0]) == "dress"
            assert found("main.shop.by_meaning", ["sku"], query_text="Blue summer dress") == "008"
            hybrid = {"query_text": "rain jacket", "query_type": "HYBRID"}
            assert found("main.shop.by_meaning", ["sku"], **hybrid) == "010"
            words = {"query_text": "running", "query_type": "FULL_TEXT"}
            assert found("main.shop.by_words", ["sku"], **words) == "007"
            assert found("main.shop.live", ["id"], query_text="a blue dress") == 2.0
            assert found("main.shop.direct", ["text"], query_vector=[0, 1]) == "blue"


def test_several_workers_are_seeded_once(tmp_path: Path) -> None:
    folder = tmp_path / "ws"
    environment = {**os.environ, "VITRINE_ENCODER": "hashed"}
    options = ("--quiet", "--no-auth", "--workers", "2", "--seed", str(EXAMPLE / "shop.yaml"))
    with serving(folder, *options, env=environment) as (run, _):
        assert run.stdout is not None
        assert run.stdout.readline().startswith("applied ")
    assert Workspace(folder).index_versions("main.shop.by_words") == [1]


@pytest.mark.parametrize("fault", ["tables: 5", "tables: {main.s.t: {from: none.csv}}"])
def test_an_error_in_the_file_keeps_the_server_from_starting(tmp_path: Path, fault: str) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(fault)
    done = vitrine(tmp_path / "ws", "serve", "--port", str(free_port()), "--seed", str(file))
    assert done.returncode == 1 and "serving" not in done.stdout
    assert "tables" in done.stderr or "main.s.t" in done.stderr


def test_a_changed_row_makes_one_version_of_its_table_and_of_what_follows(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "shop")
    file, folder = tmp_path / "shop" / "shop.yaml", tmp_path / "ws"
    assert vitrine(folder, "apply", str(file)).returncode == 0
    rows = tmp_path / "shop" / "products.csv"
    rows.write_text(rows.read_text().replace("Blue summer", "Black evening"))
    plan = json.loads(vitrine(folder, "apply", str(file), "--dry-run", "--json").stdout)
    done = json.loads(vitrine(folder, "apply", str(file), "--json").stdout)
    wanted = {
        "main.shop.products": "replace",
        "main.shop.by_meaning": "sync",
        "main.shop.by_words": "sync",
    }
    for report, ends in ((plan, {}), (done, {"replace": "replaced", "sync": "synced"})):
        changed = {r["name"]: r["action"] for r in report if r["action"] != "unchanged"}
        assert changed == {name: ends.get(action, action) for name, action in wanted.items()}
    workspace = Workspace(folder)
    history = workspace.sql("DESCRIBE HISTORY main.shop.products").to_pylist()
    assert sorted(one["version"] for one in history) == [0, 1]
    last = workspace.get_index("main.shop.by_words")["status"]["last_sync"]
    assert (last["updated"], last["inserted"], last["deleted"]) == (1, 0, 0)
