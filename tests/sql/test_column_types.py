"""Types of columns: in definitions, in what describes tables, and in the columns of results."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from engine import NotSupported, Workspace
from engine.doors.rest import handle
from engine.errors import InvalidInputException
from engine.service.sql.session import Session, TypedText
from engine.service.warehouse.result_forms import text_rows

NESTED = (
    "SELECT named_struct('Big', 1, 'In', named_struct('b', 'x')) AS st, map('k', 1) AS m, "
    "array(named_struct('b', 1)) AS l"
)
TEXTS = ["struct<Big:int,In:struct<b:string>>", "map<string,int>", "array<struct<b:int>>"]


def test_a_table_shows_nested_types_in_full(workspace: Workspace) -> None:
    workspace.sql(f"CREATE TABLE t AS {NESTED}")
    columns = workspace.get_table("main.fashion_demo.t")["columns"]
    assert [one["type_text"] for one in columns] == TEXTS
    assert [one["type_name"] for one in columns] == ["STRUCT", "MAP", "ARRAY"]
    fields = json.loads(columns[0]["type_json"])["type"]["fields"]
    assert [one["name"] for one in fields] == ["Big", "In"]
    assert json.loads(columns[1]["type_json"])["type"]["valueType"] == "integer"
    assert workspace.sql("DESCRIBE t")["data_type"].to_pylist() == TEXTS


def test_the_columns_of_a_result_keep_the_names_of_fields(workspace: Workspace) -> None:
    body = {"statement": NESTED, "warehouse_id": "any"}
    reply = handle(workspace, "POST", "/api/2.0/sql/statements", body=body)[1]
    columns = reply["manifest"]["schema"]["columns"]
    assert [one["type_text"] for one in columns] == [
        "STRUCT<Big: INT, In: STRUCT<b: STRING>>",
        "MAP<STRING, INT>",
        "ARRAY<STRUCT<b: INT>>",
    ]
    assert [one["type_name"] for one in columns] == ["STRUCT", "MAP", "ARRAY"]


def test_a_decimal_without_digits_has_ten(workspace: Workspace) -> None:
    for kind in ("DECIMAL", "DEC", "NUMERIC"):
        workspace.sql(f"CREATE OR REPLACE TABLE t (a {kind})")
        assert workspace.sql("DESCRIBE t")["data_type"].to_pylist() == ["decimal(10,0)"]
        found = workspace.sql("SELECT :p AS a", parameters={"p": TypedText("2.6", kind)})
        assert (str(found.schema[0].type), found["a"].to_pylist()) == (
            "decimal128(10, 0)",
            [Decimal(3)],
        )
    workspace.sql("ALTER TABLE t ADD COLUMN b DECIMAL")
    assert workspace.sql("DESCRIBE t")["data_type"].to_pylist() == ["decimal(10,0)"] * 2


@pytest.mark.parametrize("kind", ["VARIANT", "STRUCT<a: VARIANT>", "MAP<STRING, JSON>", "INTERVAL"])
def test_a_type_that_no_table_holds_is_refused(workspace: Workspace, kind: str) -> None:
    with pytest.raises(NotSupported, match=r"the type .* is not supported"):
        workspace.sql(f"CREATE TABLE t (a {kind})")


def test_texts_of_a_length_are_strings(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a CHAR(3), b VARCHAR(2))")
    workspace.sql("INSERT INTO t VALUES ('longer', 'longer')")
    assert workspace.sql("DESCRIBE t")["data_type"].to_pylist() == ["string", "string"]
    assert workspace.sql("SELECT * FROM t").to_pylist() == [{"a": "longer", "b": "longer"}]


def test_decimals_beyond_duckdbs_are_read_as_texts_and_stay_as_they_are(
    workspace: Workspace,
) -> None:
    wide = pa.decimal256(50, 2)
    many, few = Decimal("9" * 48 + ".25"), Decimal("1.50")
    rows = {
        "id": [1, 2],
        "wide": pa.array([many, None], wide),
        "narrow": pa.array([few, None], pa.decimal256(20, 2)),
        "within": pa.array([{"a": [many]}, None], pa.struct([("a", pa.list_(wide))])),
    }
    workspace.write_table("t", pa.table(rows))
    found = workspace.sql(
        "SELECT id, wide, narrow > 1 AS more, within.a[0] AS a FROM t ORDER BY id"
    )
    assert found.to_pylist() == [
        {"id": 1, "wide": str(many), "more": True, "a": str(many)},
        {"id": 2, "wide": None, "more": None, "a": None},
    ]
    workspace.sql("UPDATE t SET id = 5 WHERE id = 1")
    workspace.sql("INSERT INTO t SELECT * FROM t")
    workspace.sql("DELETE FROM t WHERE id = 2")
    kept = workspace.read_table("t")
    assert kept.schema.field("wide").type == wide
    assert kept["wide"].to_pylist() == [many, many] and kept["narrow"].to_pylist() == [few, few]
    assert kept["within"].to_pylist() == [{"a": [many]}] * 2


@pytest.mark.parametrize("at_hand", [False, True], ids=["stored", "at hand"])
def test_numbers_without_a_sign_are_reckoned_with_as_the_cloud_reads_them(
    workspace: Workspace, at_hand: bool
) -> None:
    """One less than the least of them is -1, one more than the greatest is the next number."""
    rows = pa.table(
        {
            "tiny": pa.array([0, 255], pa.uint8()),
            "middle": pa.array([0, 2**32 - 1], pa.uint32()),
            "large": pa.array([0, 2**64 - 1], pa.uint64()),
        }
    )
    session = Session()
    if at_hand:
        session = session.with_rows({"t": rows})
    else:
        workspace.write_table("t", rows)
    statement = (
        "SELECT tiny - 1 AS a, middle + 1 AS b, large AS c FROM t WHERE tiny > -1 ORDER BY 1"
    )
    assert workspace.sql(statement, session=session).to_pylist() == [
        {"a": -1, "b": 1, "c": 0},
        {"a": 254, "b": 2**32, "c": 2**64 - 1},
    ]
    workspace.sql("CREATE TABLE u AS SELECT * FROM t", session=session)
    assert workspace.sql("SELECT SUM(large) AS s FROM u").to_pylist() == [{"s": 2**64 - 1}]


def test_patterns_match_what_a_number_or_a_day_says(workspace: Workspace) -> None:
    workspace.sql(
        "CREATE TABLE t AS SELECT id, CAST(id AS DECIMAL(9, 2)) AS d, id / 2 AS h, "
        "DATE '2024-01-31' AS day FROM range(10, 13)"
    )
    for condition, count in {
        "id LIKE '1%'": 3,
        "id LIKE '%2'": 1,
        "id NOT LIKE '%2'": 2,
        "d LIKE '11.0_'": 1,
        "h LIKE '%.5'": 1,
        "day LIKE '2024-%'": 3,
        "CAST(id AS STRING) ILIKE '1_'": 3,
    }.items():
        found = workspace.sql(f"SELECT count(*) AS n FROM t WHERE {condition}").to_pylist()
        assert found == [{"n": count}], condition


@pytest.mark.parametrize(
    ("given_", "expected", "kind"),
    [
        (float("nan"), "NaN", "double"),
        (np.float64("nan"), "NaN", "double"),
        (float("inf"), "Infinity", "double"),
        ([-float("inf")], '["-Infinity"]', "array<double>"),
        (np.datetime64("2024-01-31T12:00", "ns"), "2024-01-31T12:00:00.000Z", "timestamp"),
        (np.array(["2024-01-31"], "datetime64[ns]"), None, "array<timestamp>"),
        (datetime(2024, 1, 31, 12), "2024-01-31T12:00:00.000Z", "timestamp"),
        (0.5, "0.5", "double"),
        (1e300, "1e+300", "double"),
        (-0.0, "-0.0", "double"),
        (Decimal("0.50"), "0.50", "decimal(3,2)"),
        (b"ab", "6162", "binary"),
    ],
    ids=str,
)
def test_a_parameter_is_the_value_that_is_given(
    workspace: Workspace, given_: object, expected: str | None, kind: str
) -> None:
    found = workspace.sql("SELECT :p AS a, typeof(:p) AS t", parameters={"p": given_})
    [[said, named]] = text_rows(found)
    assert named == kind
    assert said == ('["2024-01-31T00:00:00.000Z"]' if expected is None else expected)


@pytest.mark.parametrize("bad", [np.datetime64("NaT"), Decimal("NaN"), {1, 2}], ids=str)
def test_a_parameter_that_says_nothing_is_named(workspace: Workspace, bad: object) -> None:
    with pytest.raises(InvalidInputException, match="parameter 'p' is"):
        workspace.sql("SELECT :p AS a", parameters={"p": bad})
