"""`vitrine index`: indexes of every kind made, asked, filled and emptied from a shell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from support.command import typed

from engine import Settings, Workspace

DIRECT = (
    "--index-type", "DIRECT_ACCESS", "--schema", '{"id": "int", "text": "string", "v": "array<float>"}',
    "--vector-column", "v", "--dimension", "2", "--primary-key", "id",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VITRINE_ENCODER", "hashed")
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    rows = [
        {"id": i, "text": text, "price": i * 1.5, "v": [float(i), 1.0]}
        for i, text in enumerate(["red shoe", "blue dress", "green coat"])
    ]
    workspace.write_table("main.s.t", pa.Table.from_pylist(rows))
    return workspace.path


def run(folder: Path, *arguments: str, given: str | None = None) -> Result:
    return typed(*arguments, "--workspace", folder, input=given)


def asked(folder: Path, *arguments: str) -> list[Any]:
    """The first column of what a query finds."""
    found = run(folder, "index", "query", *arguments, "--json")
    assert found.exit_code == 0, found.stderr
    return [row[0] for row in json.loads(found.stdout)["result"]["data_array"]]


def test_an_index_of_each_kind_is_made_and_asked(folder: Path) -> None:
    at = ("--source", "main.s.t", "--primary-key", "id")
    create = ("index", "create")
    vectors = ("--vector-column", "v", "--vector-storage", "float16")
    assert run(folder, *create, "main.s.a", *at, *vectors).exit_code == 0
    assert Workspace(folder).get_index("main.s.a")["vector_storage"] == "float16"
    managed = ("--source-column", "text", "--model-endpoint", "databricks-gte-large-en")
    done = run(folder, *create, "main.s.b", *at, *managed, "--writeback")
    assert done.stdout.startswith("synced main.s.b: 3 rows")
    run(folder, "endpoint", "create", "large", "--type", "STORAGE_OPTIMIZED")
    words = ("--index-subtype", "FULL_TEXT", "--endpoint", "large", "--columns", "id,text")
    assert run(folder, *create, "main.s.c", *at, *words).exit_code == 0
    made = run(folder, *create, "main.s.d", *DIRECT)
    assert made.stdout.startswith(
        "created main.s.d: upsert rows with vitrine index upsert main.s.d"
    )
    assert asked(folder, "a", "--query-vector", "[2, 1]", "--num-results", "1") == [2.0]
    assert asked(folder, "b", "--query-text", "blue dress", "--num-results", "1") == [1.0]
    assert asked(folder, "c", "--query-text", "coat", "--query-type", "FULL_TEXT") == [2.0]
    hybrid = ("--query-text", "red shoe", "--query-type", "HYBRID", "--columns", "text,id")
    assert asked(folder, "b", *hybrid, "--filters-json", '{"id <": 1}') == ["red shoe"]
    kinds = json.loads(run(folder, "index", "list", "--json").stdout)
    assert [one["name"] for one in kinds] == [f"main.s.{name}" for name in "abcd"]
    assert Workspace(folder).table_exists("main.s.b_writeback_table")


def test_arguments_and_bodies_are_those_of_the_vendor(folder: Path, tmp_path: Path) -> None:
    run(folder, "endpoint", "create", "e")
    spec = {
        "source_table": "main.s.t",
        "pipeline_type": "TRIGGERED",
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
    }
    arguments = ("index", "create", "main.s.a", "e", "id", "DELTA_SYNC")
    done = run(folder, *arguments, "--json", json.dumps({"delta_sync_index_spec": spec}))
    assert done.exit_code == 0, done.stderr
    body = {
        "name": "main.s.x",
        "endpoint_name": "e",
        "primary_key": "id",
        "index_type": "DELTA_SYNC",
        "delta_sync_index_spec": spec,
    }
    (tmp_path / "body.json").write_text(json.dumps(body))
    assert (
        run(folder, "index", "create", "main.s.b", "--json", f"@{tmp_path / 'body.json'}").exit_code
        == 0
    )
    described = Workspace(folder).get_index("main.s.b")
    assert (described["endpoint_name"], described["primary_key"]) == ("e", "id")
    for wrong, reason in (
        (("e", "--endpoint", "f", "--source", "main.s.t"), "ENDPOINT_NAME is given twice"),
        ((), "Missing option '--source'"),
        (("--json", "{"), "it is not JSON"),
        (("--json", "[]"), "expected a JSON object"),
        (("--json", '{"indextype": "X"}'), "Unknown field 'indextype'"),
        (("--index-type", "DELTA", "--source", "main.s.t"), "'DELTA' is no type of index"),
        (("--index-type", "DIRECT_ACCESS"), "needs --schema, --vector-column and --dimension"),
        (
            ("--source", "main.s.t", "--primary-key", "id"),
            "At least one valid embedding_source_column",
        ),
    ):
        refused = run(folder, "index", "create", "main.s.z", *wrong)
        assert refused.exit_code in (1, 2) and reason in refused.stderr, refused.stderr


def test_rows_are_upserted_scanned_and_deleted(folder: Path, tmp_path: Path) -> None:
    run(folder, "index", "create", "main.s.d", *DIRECT)
    lines = tmp_path / "rows.jsonl"
    lines.write_text(
        '{"id": 1, "text": "red", "v": [1, 0]}\n{"id": 2, "text": null, "v": [0, 1]}\n'
    )
    assert (
        run(folder, "index", "upsert", "d", str(lines)).stdout == "upserted 2 rows into main.s.d\n"
    )
    rows = pa.table({"id": pa.array([3], pa.int8()), "v": [[0.5, 0.5]], "text": ["x"]})
    pq.write_table(rows, tmp_path / "rows.parquet")
    assert run(folder, "index", "upsert", "d", str(tmp_path / "rows.parquet")).exit_code == 0
    (tmp_path / "rows.csv").write_text('id,text,v\n4,7,"[1, 1]"\n')
    assert run(folder, "index", "upsert", "d", str(tmp_path / "rows.csv")).exit_code == 0
    half = '{"id": 5, "v": [1, 1]}\n{"id": 6, "v": [1]}\n'
    done = run(folder, "index", "upsert", "d", "-", given=half)
    assert (done.exit_code, done.stdout) == (1, "upserted 1 rows into main.s.d\n")
    assert "left out 6: column 'v' must hold 2 finite numbers" in done.stderr
    scanned = run(folder, "index", "scan", "d", "--json").stdout.splitlines()
    found = [json.loads(line) for line in scanned]
    assert found[1] == {"id": 2, "text": None, "v": [0.0, 1.0]}
    assert [row["id"] for row in found] == [1, 2, 3, 4, 5]
    shown = run(
        folder, "index", "scan", "d", "--num-results", "2", "--last-primary-key", "1"
    ).stdout
    assert "2 of 5 rows" in shown and [line.split()[0] for line in shown.splitlines()[2:4]] == [
        "2",
        "3",
    ]
    gone = run(folder, "index", "delete-rows", "d", "1", "99")
    assert gone.stdout == "deleted 1 rows of main.s.d; 4 are left\n"
    assert run(folder, "index", "delete-rows", "d", "--from", str(lines)).stdout.startswith(
        "deleted 1"
    )
    assert run(folder, "index", "delete-rows", "d", "--from", "-", given="3\n\n4\n").exit_code == 0
    assert run(folder, "index", "delete-rows", "d", "x").exit_code == 1
    left = run(folder, "index", "scan", "d", "--json").stdout
    assert [json.loads(line)["id"] for line in left.splitlines()] == [5]


def test_an_upsert_without_rows_or_keys_is_not_said_to_be_done(folder: Path) -> None:
    run(folder, "index", "create", "main.s.d", *DIRECT)
    run(
        folder,
        "index",
        "create",
        "main.s.a",
        "--source",
        "main.s.t",
        "--vector-column",
        "v",
        "--primary-key",
        "id",
    )
    refused = run(folder, "index", "upsert", "main.s.a", "-", given="")
    assert refused.exit_code == 1 and "needs a Direct Vector Access Index" in refused.stderr
    rows = [{"id": i, "v": [1.0, 0.0]} for i in range(6_000)]
    given = "\n".join(map(json.dumps, [*rows, {"v": [1.0, 0.0]}]))
    refused = run(folder, "index", "upsert", "main.s.d", "-", given=given)
    assert refused.exit_code == 1
    assert "row 6,001 of - has no value for the primary key 'id'; nothing was" in refused.stderr
    assert run(folder, "index", "scan", "main.s.d", "--json").stdout == ""


def test_all_pages_of_a_scan_are_printed(folder: Path) -> None:
    run(folder, "index", "create", "main.s.d", *DIRECT)
    count = 2_345
    rows = [{"id": i, "v": [1.0, float(i)]} for i in range(count)]
    Workspace(folder).upsert("main.s.d", rows)
    lines = run(folder, "index", "scan", "main.s.d", "--json").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == list(range(count))
    some = run(folder, "index", "scan", "main.s.d", "--json", "--num-results", "1500").stdout
    assert len(some.splitlines()) == 1500
    assert "100 of 2,345 rows" in run(folder, "index", "scan", "main.s.d").stdout


def test_what_can_not_be_asked_or_written_is_said(folder: Path, tmp_path: Path) -> None:
    at = ("--source", "main.s.t", "--primary-key", "id", "--vector-column", "v")
    run(folder, "index", "create", "main.s.a", *at)
    (tmp_path / "other.csv").write_text("key\n1\n")
    (tmp_path / "bad.jsonl").write_text('{"id": 1}\n{"id"\n')
    run(folder, "index", "create", "main.s.d", *DIRECT)
    for arguments, reason in (
        (("query", "a"), "query"),
        (("query", "a", "--query-vector", "x"), "is no list of numbers"),
        (("query", "a", "--query-vector", "1,2", "--filters-json", "{"), "filters_json"),
        (("query", "a", "--query-vector", "1,2", "--columns", "nope"), "nope"),
        (("query", "nope", "--query-text", "x"), "nope"),
        (("upsert", "a", "-"), "needs a Direct Vector Access Index"),
        (("upsert", "d", str(tmp_path / "none.csv")), "there is no such file"),
        (("upsert", "d", str(tmp_path / "bad.jsonl")), "line 2: this is not JSON"),
        (("delete-rows", "d"), "Give keys, or a file"),
        (("delete-rows", "d", "--from", str(tmp_path / "other.csv")), "has no column 'id'"),
        (("scan", "d", "--last-primary-key", "x"), "last_primary_key"),
    ):
        refused = run(folder, "index", *arguments, given='{"id": 1}')
        assert refused.exit_code in (1, 2) and reason in refused.stderr, (arguments, refused.stderr)
