"""`engine.apply`: what is made, changed, left alone, refused, and what fails on the way."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.needs import needs

import engine
from engine import BadSourceFile, RowsFailed, Settings, Workspace
from engine.doors.seeding.file.document import SeedRefused

INDEX: dict[str, Any] = {
    "name": "main.s.i",
    "endpoint_name": "e",
    "primary_key": "id",
    "index_type": "DELTA_SYNC",
    "delta_sync_index_spec": {
        "source_table": "main.s.t",
        "pipeline_type": "TRIGGERED",
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
    },
}
BASE: dict[str, Any] = {
    "tables": [{"name": "main.s.t", "rows": [{"id": 1, "v": [1.0, 0.0], "text": "red"}]}],
    "vector_search_endpoints": [{"name": "e"}],
    "vector_search_indexes": [INDEX],
}
DIRECT: dict[str, Any] = {
    "name": "main.s.d",
    "endpoint_name": "e",
    "primary_key": "id",
    "index_type": "DIRECT_ACCESS",
    "direct_access_index_spec": {
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 2}],
        "schema_json": {"id": "int", "day": "date", "x": "double", "v": "array<float>"},
    },
}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))


def actions(report: Any) -> dict[str, str]:
    return {row["name"]: row["action"] for row in report.rows()}


def with_index(**changes: Any) -> dict[str, Any]:
    return {**BASE, "vector_search_indexes": [{**INDEX, **changes}]}


def test_what_the_file_does_not_name_is_not_touched(workspace: Workspace) -> None:
    engine.apply(workspace, BASE)
    workspace.write_table("main.s.other", pa.table({"a": [1]}))
    workspace.update_table("main.s.t", comment="mine", properties={"mine": "yes"})
    workspace.sql("INSERT INTO main.s.other VALUES (2)")
    more = {"tables": [{**BASE["tables"][0], "properties": {"theirs": "no"}}]}
    assert actions(engine.apply(workspace, more)) == {"main.s.t": "changed"}
    found = workspace.get_table("main.s.t")
    assert found["comment"] == "mine"
    assert found["properties"] == {"mine": "yes", "theirs": "no"}
    assert workspace.read_table("main.s.other")["a"].to_pylist() == [1, 2]
    assert workspace.index_exists("main.s.i")


def test_a_primary_key_comments_and_types_are_kept_and_added_later(workspace: Workspace) -> None:
    table: dict[str, Any] = {
        "name": "t",
        "catalog_name": "shop",
        "schema_name": "s",
        "rows": [{"sku": 7, "price": "1.50", "day": "2026-01-31"}, {"sku": "008", "price": 2}],
        "columns": [
            {"name": "sku", "type_text": "string", "comment": "of ours"},
            {"name": "price", "type": "decimal(10,2)"},
            {"name": "day", "type": "date", "nullable": True},
        ],
    }
    assert actions(engine.apply(workspace, {"tables": [table]}))["shop.s.t"] == "created"
    table["primary_key"] = "sku"
    assert actions(engine.apply(workspace, {"tables": [table]})) == {"shop.s.t": "changed"}
    assert actions(engine.apply(workspace, {"tables": [table]})) == {"shop.s.t": "unchanged"}
    found = workspace.get_table("shop.s.t")
    columns = {column["name"]: column for column in found["columns"]}
    assert [c["type_text"] for c in columns.values()] == ["string", "decimal(10,2)", "date"]
    assert (columns["sku"]["comment"], columns["sku"]["nullable"]) == ("of ours", False)
    key = found["table_constraints"][0]["primary_key_constraint"]
    assert key["child_columns"] == ["sku"]
    assert workspace.read_table("shop.s.t")["sku"].to_pylist() == ["7", "008"]


def test_nan_times_and_nested_values_are_the_same_the_second_time(
    workspace: Workspace, tmp_path: Path
) -> None:
    rows = pa.table(
        {
            "id": pa.array([1, 2], pa.uint16()),
            "x": [float("nan"), 1.0],
            "v": pa.array([[float("nan"), 1.0], None], pa.list_(pa.float32(), 2)),
            "at": pa.array([1, None], pa.timestamp("ns", "Europe/Berlin")),
            "s": pa.array([{"a": 1}, None], pa.struct([("a", pa.int8())])),
            "d": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    pq.write_table(rows, tmp_path / "t.parquet")
    said = {"tables": {"main.s.t": {"from": str(tmp_path / "t.parquet")}}}
    engine.apply(workspace, said)
    assert actions(engine.apply(workspace, said)) == {"main.s.t": "unchanged"}
    pq.write_table(rows.slice(1), tmp_path / "t.parquet")
    assert actions(engine.apply(workspace, said)) == {"main.s.t": "replaced"}


def test_files_stay_where_they_are_with_a_storage_location(
    workspace: Workspace, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"a": [1, 2]}), tmp_path / "t.parquet")
    file = tmp_path / "seed.json"
    table = {"name": "main.s.t", "table_type": "EXTERNAL", "storage_location": "t.parquet"}
    file.write_text(json.dumps({"tables": [{**table, "comment": "exported"}]}))
    assert actions(engine.apply(workspace, file))["main.s.t"] == "created"
    assert actions(engine.apply(workspace, file)) == {"main.s.t": "unchanged"}
    found = workspace.get_table("main.s.t")
    assert (found["table_type"], found["comment"]) == ("EXTERNAL", "exported")


def test_a_delta_table_is_read_where_it_lies(workspace: Workspace, tmp_path: Path) -> None:
    needs("delta")
    import deltalake

    deltalake.write_deltalake(str(tmp_path / "d"), pa.table({"a": [1, 2]}))
    said = {"tables": {"main.s.t": {"from": str(tmp_path / "d")}}}
    assert actions(engine.apply(workspace, said))["main.s.t"] == "created"
    assert actions(engine.apply(workspace, said)) == {"main.s.t": "unchanged"}
    assert workspace.read_table("main.s.t").num_rows == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"primary_key": "text"}, "primary_key is id, the file says text"),
        (
            {
                "delta_sync_index_spec": {
                    **INDEX["delta_sync_index_spec"],
                    "columns_to_sync": ["id"],
                }
            },
            "columns_to_sync is not given, the file says ['id']",
        ),
        (
            {
                "delta_sync_index_spec": {
                    **INDEX["delta_sync_index_spec"],
                    "pipeline_type": "CONTINUOUS",
                }
            },
            "pipeline_type is TRIGGERED, the file says CONTINUOUS",
        ),
        ({**DIRECT, "name": "main.s.i"}, "index_type is DELTA_SYNC, the file says DIRECT_ACCESS"),
    ],
)
def test_an_index_that_would_have_to_be_another_is_refused_and_made_anew_when_asked(
    workspace: Workspace, changes: dict[str, Any], field: str
) -> None:
    engine.apply(workspace, BASE)
    before = workspace.get_index("main.s.i")["id"]
    changed = with_index(**changes)
    if changed["vector_search_indexes"][0]["index_type"] == "DIRECT_ACCESS":
        changed["vector_search_indexes"][0].pop("delta_sync_index_spec")
    changed["tables"] = [{"name": "main.s.t", "rows": [{"id": 9, "v": [0.0, 1.0], "text": "blue"}]}]
    with pytest.raises(SeedRefused) as refused:
        engine.apply(workspace, changed)
    assert field in refused.value.message and "--recreate" in refused.value.message
    assert workspace.read_table("main.s.t")["id"].to_pylist() == [1]  # nothing was changed
    assert actions(engine.apply(workspace, changed, recreate=True))["main.s.i"] == "recreated"
    assert workspace.get_index("main.s.i")["id"] != before
    assert actions(engine.apply(workspace, changed, recreate=True))["main.s.i"] == "unchanged"


def test_what_can_change_of_an_index_and_of_an_endpoint_is_changed(workspace: Workspace) -> None:
    engine.apply(workspace, BASE)
    changed = with_index(payload_logging_enabled=True)
    changed["vector_search_endpoints"] = [
        {"name": "e", "custom_tags": [{"key": "a", "value": "b"}]}
    ]
    done = actions(engine.apply(workspace, changed))
    assert (done["e"], done["main.s.i"], done["main.s.t"]) == ("changed", "changed", "unchanged")
    assert set(actions(engine.apply(workspace, changed)).values()) == {"unchanged"}
    assert workspace.get_endpoint("e")["custom_tags"] == [{"key": "a", "value": "b"}]
    other = {"vector_search_endpoints": [{"name": "e", "endpoint_type": "STORAGE_OPTIMIZED"}]}
    with pytest.raises(SeedRefused, match="endpoint e is STANDARD"):
        engine.apply(workspace, other)


def test_rows_of_a_direct_access_index_are_upserted_where_they_differ(workspace: Workspace) -> None:
    rows = [
        {"id": 1, "day": "2026-01-31", "x": 1, "v": [1, 0]},
        {"id": 2, "x": None, "v": [0.1, 0.7]},
    ]
    said = {
        "vector_search_endpoints": [{"name": "e"}],
        "vector_search_indexes": [{**DIRECT, "rows": rows}],
    }
    engine.apply(workspace, said)
    workspace.upsert("main.s.d", [{"id": 5, "v": [1, 1]}])  # not the file's
    versions = workspace.index_versions("main.s.d")
    assert actions(engine.apply(workspace, said))["main.s.d"] == "unchanged"
    assert workspace.index_versions("main.s.d") == versions
    rows[1]["x"] = 2.5
    report = engine.apply(workspace, said)
    assert report.outcomes[-1].detail == "1 of 2 rows" and report.outcomes[-1].action == "upsert"
    found, _ = workspace.queries.scan_rows("main.s.d")
    assert [(row["id"], row["x"]) for row in found] == [(1, 1.0), (2, 2.5), (5, None)]
    rows[1]["v"] = [1]
    (failed,) = engine.apply(workspace, said).failed
    assert "1 of 1 rows were refused. 2: column 'v'" in failed.detail


def test_what_fails_does_not_keep_the_rest_from_being_made(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "bad.csv").write_text("a,b\n1,2\n1,2,3\n")
    said = {
        **BASE,
        "tables": [
            {"name": "main.s.bad", "from": str(tmp_path / "bad.csv")},
            {"name": "main.s.none", "from": str(tmp_path / "none.csv")},
            *BASE["tables"],
        ],
    }
    lost = json.loads(
        json.dumps(INDEX).replace("main.s.t", "main.s.bad").replace("main.s.i", "main.s.j")
    )
    said["vector_search_indexes"] = [lost, INDEX]
    report = engine.apply(workspace, said)
    assert {one.name: one.action for one in report.failed} == {
        "main.s.bad": "failed",
        "main.s.none": "failed",
        "main.s.j": "skipped",
    }
    assert actions(report)["main.s.i"] == "created" and workspace.index_exists("main.s.i")
    assert "row 3 has 3 fields, the header 2" in report.failed[0].detail
    with pytest.raises(RowsFailed, match="3 of"):
        report.raise_for_failures()


def test_a_dry_run_changes_nothing(workspace: Workspace) -> None:
    report = engine.apply(workspace, BASE, dry_run=True)
    assert set(actions(report).values()) == {"create"} and report.changed
    assert not workspace.path.exists() or not workspace.list_tables()


def test_what_is_missing_is_said_before_anything_is_made(workspace: Workspace) -> None:
    index = json.loads(
        json.dumps(INDEX).replace('"e"', '"nowhere"').replace("main.s.t", "main.s.no")
    )
    said = {"tables": BASE["tables"], "vector_search_indexes": [index]}
    with pytest.raises(SeedRefused, match="'nowhere' is neither in the file nor in the workspace"):
        engine.apply(workspace, said)
    index["index_subtype"] = "FULL_TEXT"
    del index["delta_sync_index_spec"]["embedding_vector_columns"]
    said["vector_search_endpoints"] = [{"name": "nowhere"}]
    with pytest.raises(SeedRefused, match=r"source_table 'main\.s\.no' is neither"):
        engine.apply(workspace, said)
    index["delta_sync_index_spec"]["source_table"] = "main.s.t"
    with pytest.raises(SeedRefused, match="FULL_TEXT needs a STORAGE_OPTIMIZED endpoint"):
        engine.apply(workspace, said)
    assert workspace.list_tables() == []


def test_names_that_are_taken_by_other_things_are_refused(workspace: Workspace) -> None:
    engine.apply(workspace, BASE)
    with pytest.raises(SeedRefused, match=r"main\.s\.i is an index"):
        engine.apply(workspace, {"tables": {"main.s.i": {"rows": [{"a": 1}]}}})
    with pytest.raises(SeedRefused, match=r"main\.s\.t is a table"):
        engine.apply(workspace, {"vector_search_indexes": [{**INDEX, "name": "main.s.t"}]})
    workspace.sql("CREATE VIEW main.s.w AS SELECT 1 AS a")
    (failed,) = engine.apply(workspace, {"tables": {"main.s.w": {"rows": [{"a": 1}]}}}).failed
    assert "is a view or an index" in failed.detail


def test_volumes_and_serving_endpoints_follow_the_file(
    workspace: Workspace, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    said: dict[str, Any] = {
        "volumes": [
            {"name": "main.s.own", "comment": "ours"},
            {"name": "main.s.there", "storage_location": str(tmp_path / "a")},
        ],
        "model_serving_endpoints": [
            {"name": "m", "config": {"served_entities": [{"entity_name": "hashed"}]}}
        ],
    }
    assert set(actions(engine.apply(workspace, said)).values()) == {"created"}
    assert set(actions(engine.apply(workspace, said)).values()) == {"unchanged"}
    said["volumes"][1]["storage_location"] = str(tmp_path / "b")
    said["model_serving_endpoints"][0]["config"]["output"] = "flat"
    done = actions(engine.apply(workspace, said))
    assert done == {"main.s.own": "unchanged", "main.s.there": "changed", "m": "changed"}
    said["volumes"][0]["storage_location"] = str(tmp_path / "b")
    with pytest.raises(SeedRefused, match="is there and has files of its own"):
        engine.apply(workspace, said)


def test_two_who_apply_one_file_at_once_both_get_there(tmp_path: Path) -> None:
    said = {**BASE, "vector_search_indexes": [INDEX, {**DIRECT, "rows": [{"id": 1, "v": [1, 0]}]}]}

    def once(_: int) -> list[str]:
        own = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
        return [f"{one.name}: {one.detail}" for one in engine.apply(own, said).failed]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(once, range(4))) == [[], [], [], []]
    workspace = Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))
    assert set(actions(engine.apply(workspace, said)).values()) == {"unchanged"}
    assert workspace.get_index("main.s.d")["status"]["indexed_row_count"] == 1


def test_a_built_in_serving_endpoint_gets_another_model_once(workspace: Workspace) -> None:
    name = "databricks-gte-large-en"
    config = {"served_entities": [{"entity_name": "hashed"}]}
    said = {"model_serving_endpoints": [{"name": name, "config": config}]}
    assert actions(engine.apply(workspace, said)) == {name: "created"}
    assert actions(engine.apply(workspace, said)) == {name: "unchanged"}


# ------------------------------------------------------------------ bundles and programs
def test_a_bundle_is_taken_with_its_references_and_variables(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = tmp_path / "databricks.yml"
    file.write_text(
        """
bundle: {name: shop}
variables: {prefix: {default: dev}}
resources:
  schemas: {s: {name: s, catalog_name: main}}
  jobs: {nightly: {name: x}}
  vector_search_endpoints:
    e: {name: "${var.prefix}-e", endpoint_type: STANDARD, permissions: [{level: CAN_USE}]}
  vector_search_indexes:
    i:
      name: ${resources.schemas.s.id}.i
      endpoint_name: ${resources.vector_search_endpoints.e.name}
      primary_key: id
      index_type: DIRECT_ACCESS
      direct_access_index_spec:
        embedding_vector_columns: [{name: v, embedding_dimension: 2}]
        schema_json: '{"id": "int", "v": "array<float>"}'
targets: {dev: {default: true}}
"""
    )
    report = engine.apply(workspace, file)
    done = {"main.s": "created", "dev-e": "created", "main.s.i": "created"}
    assert actions(report) == done
    assert report.notes == [
        "resources.jobs is left out: nothing here makes these",
        "permissions is not carried out here",
    ]


def test_a_program_seeds_with_its_folder_on_the_path_for_that_time(
    workspace: Workspace, tmp_path: Path
) -> None:
    import sys

    (tmp_path / "helper_of_seed.py").write_text("ROWS = [{'id': 1, 'v': [1.0, 0.0]}]\n")
    file = tmp_path / "seed.py"
    file.write_text(
        "from helper_of_seed import ROWS\n"
        "def seed(workspace):\n"
        "    workspace.create_catalog('made')\n"
        "    return {'tables': {'main.s.t': {'rows': ROWS}}}\n"
    )
    before = list(sys.path)
    report = engine.apply(workspace, file)
    assert report.rows()[0]["action"] == "ran" and actions(report)["main.s.t"] == "created"
    assert workspace.get_catalog("made") and sys.path == before
    assert not {"helper_of_seed", "vitrine_seed"} & set(sys.modules)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("def seed(workspace):\n    x = 1\n    raise ValueError('no luck')\n", 3, "no luck"),
        ("def seed(workspace):\n    workspace.get_table('main.a.b')\n", 2, "does not exist"),
        ("import nothing_of_this_name\n", 1, "nothing_of_this_name"),
        ("def seed(:\n", 1, "SyntaxError"),
        ("x = 1\n", None, "no function"),
        ("import sys\ndef seed(workspace):\n    sys.exit(0)\n", 3, "SystemExit: 0"),
        ("def seed(workspace):\n    return 5\n", None, "returned 5; expected None, or a mapping"),
        ("async def seed(workspace):\n    1 / 0\n", 2, "division by zero"),
    ],
)
def test_an_error_in_a_program_names_its_own_line(
    workspace: Workspace, tmp_path: Path, text: str, line: int | None, reason: str
) -> None:
    file = tmp_path / "seed.py"
    file.write_text(text)
    with pytest.raises(BadSourceFile, match=reason) as raised:
        engine.apply(workspace, file)
    assert raised.value.line == line
    assert "site-packages" not in raised.value.message


def test_a_program_may_be_async(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "seed.py"
    file.write_text(
        "async def seed(workspace):\n    return {'tables': {'main.s.t': {'rows': [{'a': 1}]}}}\n"
    )
    assert actions(engine.apply(workspace, file))["main.s.t"] == "created"


# ------------------------------------------------------------------ the conveniences
def test_a_mirror_fills_any_workspace(tmp_path: Path) -> None:
    with engine.mock() as workspace:
        mirror = engine.Mirror(workspace)
        index = mirror.index("main.s.docs", [{"id": 1, "text": "red shoes"}], text_column="text")
        assert index.similarity_search(columns=["id"], query_text="red")["result"]["row_count"] == 1
        mirror.apply(BASE)
        assert workspace.index_exists("main.s.i")
        with pytest.raises(RowsFailed):
            mirror.apply({"tables": {"main.s.x": {"from": "none.csv"}}})
    other = engine.Mirror(tmp_path / "ws")
    assert other.table("main.s.t", [{"a": 1}]) == "main.s.t"
    assert Workspace(tmp_path / "ws").read_table("main.s.t").num_rows == 1
