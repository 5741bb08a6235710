"""Rows at hand become a table's without a copy in memory, and the same table as by the database."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from engine import Workspace
from engine.service.sql.database import Connection
from engine.service.sql.session import Session

UTC = pa.timestamp("us", "UTC")
AT = dt.datetime(2026, 3, 29, 2, 30, 0, 1, dt.timezone.utc)
COLUMNS: dict[str, tuple[pa.DataType, list[Any]]] = {
    "id": (pa.int64(), [1, None, -3]),
    "small": (pa.int8(), [1, None, -3]),
    "price": (pa.decimal128(9, 2), [Decimal("1.25"), None, Decimal("-0.01")]),
    "huge": (pa.decimal128(38, 10), [Decimal("1.5"), None, Decimal("0")]),
    "a.`b`": (pa.string(), ["", None, "é\n"]),
    "Bytes": (pa.binary(), [b"", None, b"\x00\xff"]),
    "day": (pa.date32(), [dt.date(1, 1, 1), None, dt.date(9999, 12, 31)]),
    "at": (UTC, [AT, None, AT]),
    "local": (pa.timestamp("us"), [AT.replace(tzinfo=None), None, AT.replace(tzinfo=None)]),
    "v": (pa.list_(pa.field("element", pa.float32())), [[1.0, None], None, []]),
    "s": (pa.struct([("X", pa.int32()), ("t", pa.list_(UTC))]), [{"X": 1, "t": [AT]}, None, {}]),
    "m": (pa.map_(pa.string(), pa.list_(pa.int16())), [[("k", [1])], None, []]),
    "yes": (pa.bool_(), [True, None, False]),
    "none": (pa.float64(), [None, None, None]),
    # those that the database takes otherwise
    "large": (pa.large_string(), ["x", None, ""]),
    "fixed": (pa.list_(pa.float32(), 2), [[1.0, 2.0], None, [3.0, 4.0]]),
    "unsigned": (pa.uint64(), [1, None, 2]),
    "second": (pa.timestamp("s"), [AT.replace(tzinfo=None, microsecond=0), None, None]),
    "time": (pa.duration("us"), [dt.timedelta(days=1), None, dt.timedelta(0)]),
}


def held(names: list[str]) -> Session:
    rows = pa.table({name: pa.array(COLUMNS[name][1], COLUMNS[name][0]) for name in names})
    return Session().with_rows({"given": pa.concat_tables([rows, rows.slice(1)])})


def made(workspace: Workspace, statement: str, session: Session) -> pa.Table | str:
    try:
        workspace.sql(statement, session=session)
    except Exception as error:
        return str(error)
    return workspace.read_table("main.fashion_demo.t")


@pytest.mark.parametrize("name", COLUMNS)
def test_each_type_becomes_what_the_database_makes_of_it(workspace: Workspace, name: str) -> None:
    session = held([name])
    create = "CREATE OR REPLACE TABLE t AS SELECT * FROM given"
    slow = made(workspace, f"{create} WHERE true", session)
    assert made(workspace, create, session) == slow
    if isinstance(slow, str):  # no table has that type
        return
    into = "INSERT INTO t SELECT * FROM given"
    slow = made(workspace, f"{into} WHERE true", session)
    workspace.sql("CREATE OR REPLACE TABLE t AS SELECT * FROM t LIMIT 5")
    assert made(workspace, into, session) == slow


def test_columns_go_to_their_places_and_others_are_null(workspace: Workspace) -> None:
    session = held(["id", "v", "day"])
    workspace.sql("CREATE TABLE t AS SELECT v, id, 1 AS more, day FROM given", session=session)
    for query in ("SELECT id, v FROM given", "SELECT id, v FROM given WHERE true"):
        workspace.sql(f"INSERT INTO t (ID, v) {query}", session=session)
    rows = workspace.read_table("main.fashion_demo.t").slice(5)
    assert rows.slice(0, 5) == rows.slice(5) and rows["more"].null_count == 10


def test_mapped_rows_are_not_copied_by_the_database(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Saving a large DataFrame took memory for all of its rows."""
    many = 200_000
    rows = pa.table({"id": range(many), "v": [[1.0, 2.0]] * many})
    with pa.ipc.new_file(tmp_path / "rows", rows.schema) as writer:
        writer.write_table(rows)
    mapped = pa.ipc.open_file(pa.memory_map(str(tmp_path / "rows"))).read_all()
    session, given = Session().with_rows({"given": mapped}), Connection.run
    from_database: list[int] = []

    def run(self: Connection, query: str) -> pa.Table:
        found = given(self, query)
        from_database.append(found.num_rows)
        return found

    monkeypatch.setattr(Connection, "run", run)
    for statement in (
        "CREATE TABLE t AS SELECT * FROM given",
        "INSERT INTO t (v, id) SELECT v, id FROM given",
        "INSERT OVERWRITE t SELECT * FROM given",
        "CREATE OR REPLACE TABLE t AS SELECT id, v FROM given",
    ):
        workspace.sql(statement, session=session)
        assert max(from_database, default=0) == 0, statement
    assert workspace.read_table("main.fashion_demo.t").equals(rows)
    workspace.sql("INSERT INTO t SELECT * FROM given WHERE id >= 0", session=session)
    assert max(from_database) == many  # as it is counted
