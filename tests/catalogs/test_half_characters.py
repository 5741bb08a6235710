"""Half a character, which no reply can hold, is kept nowhere; what asked for it is told, it alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import VectorSearchClient, Workspace
from engine.doors.rest import handle
from engine.doors.rest.bodies import encode_json
from engine.errors import InvalidParameterValue

HALF = "red \ud83d"
TABLE = "main.s.t"


def client_of(workspace: Workspace) -> VectorSearchClient:
    return VectorSearchClient(disable_notice=True, workspace=workspace)


def indexed(workspace: Workspace, **more: Any) -> Any:
    return client_of(workspace).create_delta_sync_index(
        endpoint_name="e",
        index_name="main.s.i",
        primary_key="id",
        source_table_name=TABLE,
        pipeline_type="TRIGGERED",
        embedding_dimension=2,
        embedding_vector_column="v",
        **more,
    )


CALLS: dict[str, Callable[[Workspace], Any]] = {
    "catalog": lambda w: w.create_catalog("c", comment=HALF),
    "properties": lambda w: w.create_catalog("c", properties={HALF: "a"}),
    "schema": lambda w: w.create_schema("other", "main", comment=HALF),
    "volume": lambda w: w.create_volume("main", "s", "v", comment=HALF),
    "table": lambda w: w.update_table(TABLE, comment=HALF),
    "owner": lambda w: w.update_table(TABLE, owner=HALF),
    "grants": lambda w: w.update_grants("table", TABLE, [{"principal": HALF, "add": ["SELECT"]}]),
    "tags": lambda w: w.update_endpoint_custom_tags("e", [{"key": "a", "value": HALF}]),
    "policy": lambda w: client_of(w).create_endpoint("f", "STANDARD", budget_policy_id=HALF),
    "index": lambda w: indexed(w, usage_policy_id=HALF),
    "statement": lambda w: w.sql(f"COMMENT ON TABLE {TABLE} IS '{HALF}'"),
    "query": lambda w: w.sql(f"SELECT '{HALF}'"),
    "parameter": lambda w: w.sql("SELECT :a", parameters={"a": ["red", HALF]}),
}


@pytest.mark.parametrize("name", CALLS)
def test_half_a_character_is_refused_and_nothing_is_kept(tmp_path: Path, name: str) -> None:
    workspace = Workspace(tmp_path)
    workspace.create_endpoint("e")
    vectors = pa.array([[1.0, 0.0]], pa.list_(pa.float32()))
    workspace.write_table(TABLE, pa.table({"id": [1], "v": vectors}))
    with pytest.raises(InvalidParameterValue, match="half of a character"):
        CALLS[name](workspace)
    kept = [file.read_text() for file in tmp_path.rglob("*.json")]
    assert kept and not any("\\ud83d" in text for text in kept)
    for path in ("unity-catalog/catalogs", f"unity-catalog/tables/{TABLE}"):
        status, reply = handle(workspace, "GET", f"/api/2.1/{path}")
        assert status == 200 and json.loads(encode_json(reply)) == reply


def test_a_reply_with_a_name_that_is_not_utf_8_is_sent_all_the_same() -> None:
    reply = {"files": [{"path": "/data/\udcff.jpg", "size": 2**70}], "price": 19.99}
    assert json.loads(encode_json(reply)) == reply
    many = {"files": [{"path": "\udcff", "n": n} for n in range(5000)]}
    assert json.loads(encode_json(many)) == many
