"""The Statement Execution API: waiting, going on, cancelling, pieces, links, limits, the warehouse."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pyarrow as pa
import pytest

from engine import InvalidParameterValue, NotFound, NotSupported, Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.doors.rest import handle
from engine.service.warehouse.requests import StatementRequest
from engine.service.warehouse.runs import StatementRuns
from engine.service.warehouse.warehouse import WAREHOUSE_ID

STATEMENTS = "/api/2.0/sql/statements"
CREDENTIALS = Credentials("token-of-api", "client-of-api", "secret-of-api")
LONG = "SELECT count(a.id * b.id) FROM range(1000000000) a, range(1000000) b"
ROWS = 1000

Json = dict[str, Any]


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    workspace.write_table(
        "t", pa.table({"id": range(ROWS), "s": [f"row, {n}" for n in range(ROWS)]})
    )
    return workspace


def asked(workspace: Workspace, statement: str, **more: Any) -> Json:
    body = {"statement": statement, "warehouse_id": WAREHOUSE_ID, **more}
    status, reply = handle(workspace, "POST", STATEMENTS, body=body)
    assert status == 200, reply
    return reply


def state(workspace: Workspace, number: str) -> str:
    return handle(workspace, "GET", f"{STATEMENTS}/{number}")[1]["status"]["state"]


def test_a_result_has_a_manifest(filled: Workspace) -> None:
    reply = asked(filled, "SELECT id, s FROM t WHERE id < 2 ORDER BY id")
    assert reply["status"] == {"state": "SUCCEEDED"}
    assert reply["result"]["data_array"] == [["0", "row, 0"], ["1", "row, 1"]]
    manifest = reply["manifest"]
    assert manifest["schema"]["columns"] == [
        {"name": "id", "position": 0, "type_name": "LONG", "type_text": "BIGINT"},
        {"name": "s", "position": 1, "type_name": "STRING", "type_text": "STRING"},
    ]
    assert (manifest["total_row_count"], manifest["total_chunk_count"]) == (2, 1)
    assert manifest["truncated"] is False


def test_values_are_texts(workspace: Workspace) -> None:
    statement = (
        "SELECT true, 1.5D, CAST(2.50 AS DECIMAL(10,2)), DATE '2024-02-03', "
        "TIMESTAMP '2024-02-03 04:05:06', NULL, array(1, NULL), named_struct('a', 1), 'x', X'0aff'"
    )
    assert asked(workspace, statement)["result"]["data_array"] == [
        ["true", "1.5", "2.50", "2024-02-03", "2024-02-03T04:05:06.000Z", None, "[1,null]",
         '{"a":1}', "x", "0aff"]
    ]  # fmt: skip


def test_a_limit_cuts_and_says_so(filled: Workspace) -> None:
    reply = asked(filled, "SELECT * FROM t", row_limit=3)
    assert (len(reply["result"]["data_array"]), reply["manifest"]["truncated"]) == (3, True)
    assert asked(filled, "SELECT * FROM t", row_limit=ROWS)["manifest"]["truncated"] is False
    assert asked(filled, "SELECT * FROM t", byte_limit=100)["manifest"]["truncated"] is True


def test_parameters_have_types(workspace: Workspace) -> None:
    given = [
        {"name": "n", "value": "2", "type": "INT"},
        {"name": "d", "value": "2024-01-31", "type": "DATE"},
        {"name": "s", "value": "it's"},
        {"name": "z", "type": "STRING"},
    ]
    statement = "SELECT :n + 1, date_add(:d, 1), :s, :z IS NULL"
    reply = asked(workspace, statement, parameters=given)
    assert reply["result"]["data_array"] == [["3", "2024-02-01", "it's", "true"]]
    wrong = [{"name": "n", "value": "x", "type": "INT"}]
    failed = asked(workspace, "SELECT :n", parameters=wrong)
    assert failed["status"]["state"] == "FAILED"
    wrong = [{"name": "n", "value": "2.7", "type": "INT"}]
    failed = asked(workspace, "SELECT :n", parameters=wrong)
    assert "CAST_INVALID_INPUT" in failed["status"]["error"]["message"]


def test_a_sum_of_whole_numbers_is_a_bigint(filled: Workspace) -> None:
    columns = asked(filled, "SELECT SUM(id), ceil(1.5D) FROM t")["manifest"]["schema"]["columns"]
    assert [column["type_text"] for column in columns] == ["BIGINT", "BIGINT"]
    row = filled.sql("SELECT SUM(id) AS s FROM t").to_pylist()[0]
    assert json.loads(json.dumps(row)) == {"s": ROWS * (ROWS - 1) // 2}


def test_a_failure_is_a_state(workspace: Workspace) -> None:
    reply = asked(workspace, "SELECT * FROM nothing")
    assert reply["status"]["state"] == "FAILED"
    assert reply["status"]["error"]["error_code"] == "BAD_REQUEST"
    assert "TABLE_OR_VIEW_NOT_FOUND" in reply["status"]["error"]["message"]
    assert "result" not in reply
    assert handle(workspace, "GET", f"{STATEMENTS}/{reply['statement_id']}")[1] == reply


def test_catalog_and_schema_of_a_statement(filled: Workspace) -> None:
    filled.sql("CREATE TABLE IF NOT EXISTS main.fashion_demo.other AS SELECT 7 AS a")
    reply = asked(filled, "SELECT * FROM other", catalog="main", schema="fashion_demo")
    assert reply["result"]["data_array"] == [["7"]]
    assert asked(filled, "SELECT * FROM other", schema="none")["status"]["state"] == "FAILED"


def test_a_statement_goes_on_and_is_cancelled(workspace: Workspace) -> None:
    reply = asked(workspace, LONG, wait_timeout="0s")
    number = reply["statement_id"]
    assert reply["status"]["state"] in ("PENDING", "RUNNING")
    status, answer = handle(workspace, "POST", f"{STATEMENTS}/{number}/cancel")
    assert (status, answer) == (200, {})
    assert state(workspace, number) == "CANCELED"
    status, _ = handle(workspace, "GET", f"{STATEMENTS}/{number}/result/chunks/0")
    assert status == 404
    assert handle(workspace, "POST", f"{STATEMENTS}/{number}/cancel")[0] == 200  # stays as it is


def test_cancelled_work_really_ends(workspace: Workspace) -> None:
    for _ in range(12):  # more than run at a time
        number = asked(workspace, LONG, wait_timeout="0s")["statement_id"]
        handle(workspace, "POST", f"{STATEMENTS}/{number}/cancel")
    assert asked(workspace, "SELECT 1", wait_timeout="30s")["status"]["state"] == "SUCCEEDED"


@pytest.mark.parametrize(("at_timeout", "after"), [("CONTINUE", "RUNNING"), ("CANCEL", "CANCELED")])
def test_what_happens_when_the_wait_is_over(
    workspace: Workspace, at_timeout: str, after: str
) -> None:
    reply = asked(workspace, LONG, wait_timeout="5s", on_wait_timeout=at_timeout)
    assert reply["status"]["state"] == after
    handle(workspace, "POST", f"{STATEMENTS}/{reply['statement_id']}/cancel")


def test_a_statement_is_forgotten(workspace: Workspace) -> None:
    number = asked(workspace, "SELECT 1")["statement_id"]
    assert handle(workspace, "DELETE", f"{STATEMENTS}/{number}")[0] == 200
    assert state(workspace, number) == "CLOSED"
    assert handle(workspace, "GET", f"{STATEMENTS}/nothing")[0] == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"wait_timeout": "3s"}, {"wait_timeout": "51s"}, {"wait_timeout": "1m"},
        {"on_wait_timeout": "WAIT"}, {"disposition": "DISK"}, {"format": "XML"}, {"format": "CSV"},
        {"row_limit": 0}, {"byte_limit": -1}, {"parameters": [{"value": "1"}]},
        {"parameters": [{"name": "a"}, {"name": "a"}]}, {"disposition": "EXTERNAL_LINKS"},
    ],
)  # fmt: skip
def test_a_request_is_refused(workspace: Workspace, wrong: Json) -> None:
    body = {"statement": "SELECT 1", "warehouse_id": "w", **wrong}
    status, reply = handle(workspace, "POST", STATEMENTS, body=body)
    assert (status, reply["error_code"]) == (400, "INVALID_PARAMETER_VALUE")


# ------------------------------------------------------------------ pieces and links
def test_a_result_comes_in_pieces(filled: Workspace) -> None:
    runs = StatementRuns(filled._layout, filled.statements.run, chunk_bytes=5000)
    request = StatementRequest(
        "SELECT * FROM t ORDER BY id", "w", disposition="EXTERNAL_LINKS", format="ARROW_STREAM"
    )
    reply = runs.submit(request, "http://here")
    count = reply["manifest"]["total_chunk_count"]
    assert count > 3
    assert sum(chunk["row_count"] for chunk in reply["manifest"]["chunks"]) == ROWS
    found, place = [], 0
    link: Json | None = reply["result"]["external_links"][0]
    while link is not None:
        assert link["external_link"].startswith("http://here/sql-results/")
        secret = link["external_link"].partition("secret=")[2]
        media, content = runs.download(reply["statement_id"], place, secret)
        assert media == "application/vnd.apache.arrow.stream"
        found += pa.ipc.open_stream(content).read_all()["id"].to_pylist()
        place = link.get("next_chunk_index", -1)
        chunk = runs.chunk(reply["statement_id"], place, "http://here") if place > 0 else None
        link = chunk["external_links"][0] if chunk else None
    assert found == list(range(ROWS))
    with pytest.raises(InvalidParameterValue, match="none of index"):
        runs.chunk(reply["statement_id"], count, "http://here")
    with pytest.raises(NotFound, match="leads nowhere"):
        runs.download(reply["statement_id"], 0, "guessed")


@pytest.fixture
def client(filled: Workspace) -> Iterator[httpx.Client]:
    with BackgroundServer(filled, CREDENTIALS) as server:
        headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
        with httpx.Client(timeout=60, base_url=server.url, headers=headers) as opened:
            yield opened


@pytest.mark.parametrize("form", ["JSON_ARRAY", "CSV", "ARROW_STREAM"])
def test_a_link_needs_no_credentials_but_its_own(client: httpx.Client, form: str) -> None:
    body = {
        "statement": "SELECT id, IF(id = 1, NULL, s) AS s FROM t WHERE id < 3 ORDER BY id",
        "warehouse_id": "w",
        "disposition": "EXTERNAL_LINKS",
        "format": form,
    }
    reply = client.post(STATEMENTS, json=body).json()
    assert reply["manifest"]["format"] == form
    link = reply["result"]["external_links"][0]["external_link"]
    answer = httpx.get(link)
    assert answer.status_code == 200
    rows = [["0", "row, 0"], ["1", None], ["2", "row, 2"]]
    if form == "JSON_ARRAY":
        assert json.loads(answer.content) == rows
    elif form == "CSV":
        there = [["id", "s"], *[["null" if v is None else v for v in row] for row in rows]]
        assert list(csv.reader(io.StringIO(answer.text))) == there
    else:
        table = pa.ipc.open_stream(answer.content).read_all()
        assert table["s"].to_pylist() == ["row, 0", None, "row, 2"]
    assert httpx.get(link.partition("?")[0]).status_code == 404
    assert httpx.get(f"{link}x").status_code == 404


def test_without_credentials_no_statement_runs(client: httpx.Client) -> None:
    body = {"statement": "SELECT 1", "warehouse_id": "w"}
    assert httpx.post(f"{client.base_url}{STATEMENTS}", json=body).status_code == 401


def test_the_warehouse_stops_and_wakes(workspace: Workspace) -> None:
    place = f"/api/2.0/sql/warehouses/{WAREHOUSE_ID}"
    handle(workspace, "POST", f"{place}/stop", body={})
    assert handle(workspace, "GET", place)[1]["state"] == "STOPPED"
    asked(workspace, "SELECT 1")
    assert handle(workspace, "GET", place)[1]["state"] == "RUNNING"
    assert handle(workspace, "GET", "/api/2.0/sql/warehouses/other")[0] == 404


# ---------------------------------------------------------------------- several processes
@pytest.fixture
def one_of_several(filled: Workspace) -> Workspace:
    return Workspace(filled.path, replace(filled.settings, is_one_of_several=True))


def test_several_processes_answer_what_one_reply_holds(one_of_several: Workspace) -> None:
    reply = asked(one_of_several, "SELECT COUNT(*) FROM t")
    assert reply["result"]["data_array"] == [[str(ROWS)]]


def test_several_processes_refuse_what_only_one_would_know(one_of_several: Workspace) -> None:
    body = {"statement": "SELECT 1", "warehouse_id": WAREHOUSE_ID}
    for path, more in (
        (STATEMENTS, {**body, "wait_timeout": "0s"}),
        ("/api/2.0/sql/sessions", {"warehouse_id": WAREHOUSE_ID}),
    ):
        status, reply = handle(one_of_several, "POST", path, body=more)
        assert (status, reply["error_code"]) == (501, "NOT_IMPLEMENTED"), reply
        assert "--workers 1" in reply["message"]
    linked = StatementRequest("SELECT 1", WAREHOUSE_ID, disposition="EXTERNAL_LINKS")
    with pytest.raises(NotSupported, match="--workers 1"):
        one_of_several.execute_statement(linked, "http://here")
    status, reply = handle(one_of_several, "GET", f"{STATEMENTS}/another-s")
    assert status == 404
    assert "--workers 1" in reply["message"]


def test_a_statement_does_not_go_on_in_one_of_several(one_of_several: Workspace) -> None:
    reply = asked(one_of_several, LONG, wait_timeout="5s")
    assert reply["status"]["state"] == "FAILED"
    assert "--workers 1" in reply["status"]["error"]["message"]
