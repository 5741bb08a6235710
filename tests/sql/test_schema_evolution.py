"""A table's columns grow where a write says so; one that fails leaves rows and columns as they were."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import BadStatement, NotFound, Workspace
from engine.service.sql.session import Session
from engine.service.sql.writing.evolution import is_wider

T = "main.fashion_demo.t"
WIDENS = "ALTER TABLE t SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')"


@pytest.fixture
def kept(workspace: Workspace) -> Workspace:
    workspace.sql(
        "CREATE TABLE t (id INT NOT NULL COMMENT 'key', f FLOAT, l ARRAY<STRUCT<a: INT>>)"
    )
    workspace.sql("INSERT INTO t SELECT id, 0.5, array(named_struct('a', id)) FROM range(10)")
    return workspace


def types(workspace: Workspace) -> dict[str, str]:
    return {row["col_name"]: row["data_type"] for row in workspace.sql("DESCRIBE t").to_pylist()}


def test_types_widen_where_the_table_says_so(kept: Workspace) -> None:
    wide = "INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 5000000000L AS id, 1e200D AS f"
    before = kept.read_table(T)
    with pytest.raises(BadStatement, match="CAST_INVALID_INPUT"):
        kept.sql(wide)
    assert kept.read_table(T).equals(before)
    kept.sql(WIDENS)
    kept.sql(wide)
    assert types(kept) == {"id": "bigint", "f": "double", "l": "array<struct<a:int>>"}
    rows = kept.read_table(T).to_pylist()
    assert rows[0] == {"id": 0, "f": 0.5, "l": [{"a": 0}]}
    assert rows[-1] == {"id": 5_000_000_000, "f": 1e200, "l": None}


def test_a_narrower_or_another_kind_of_value_takes_the_tables_type(kept: Workspace) -> None:
    kept.sql(WIDENS)
    kept.sql("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 3Y AS id, 7 AS f")
    assert types(kept)["id"] == "int" and types(kept)["f"] == "float"


def test_fields_within_lists_are_added(kept: Workspace) -> None:
    kept.sql(
        "INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 77 AS id, "
        "array(named_struct('a', 1, 'b', 'x')) AS l"
    )
    rows = kept.read_table(T)["l"].to_pylist()
    assert rows[0] == [{"a": 0, "b": None}] and rows[-1] == [{"a": 1, "b": "x"}]


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT NULL AS id, 1 AS more", BadStatement),
        ("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 1 AS id, NULL AS more", BadStatement),
        ("INSERT WITH SCHEMA EVOLUTION INTO t BY NAME SELECT 1 AS id, 2 AS m, 3 AS M", BadStatement),
        ("INSERT WITH SCHEMA EVOLUTION INTO t SELECT 1 AS id", BadStatement),
        ("INSERT WITH SCHEMA EVOLUTION OVERWRITE t BY NAME SELECT NULL AS id, 1 AS more", BadStatement),
        ("INSERT WITH SCHEMA EVOLUTION INTO none BY NAME SELECT 1 AS id", NotFound),
        ("INSERT INTO t BY NAME REPLACE USING (id) SELECT 1 AS id, 'x' AS f", BadStatement),
        ("INSERT INTO t BY NAME REPLACE ON t.id = nope.id SELECT 1 AS id", BadStatement),
        ("MERGE WITH SCHEMA EVOLUTION INTO t USING (SELECT 1 AS id, 2 AS more UNION ALL SELECT 1, 3) s "
         "ON t.id = s.id WHEN MATCHED THEN UPDATE SET *", BadStatement),
        ("MERGE WITH SCHEMA EVOLUTION INTO t USING (SELECT 1 AS id, 2 AS more) s ON t.id = s.id "
         "WHEN MATCHED THEN UPDATE SET id = NULL, more = s.more", BadStatement),
    ],
)  # fmt: skip
def test_a_write_that_fails_leaves_rows_and_columns(
    kept: Workspace, statement: str, error: type[Exception]
) -> None:
    before, versions = kept.read_table(T), kept.sql("DESCRIBE HISTORY t").num_rows
    with pytest.raises(error):
        kept.sql(statement)
    assert kept.read_table(T).equals(before)
    assert kept.sql("DESCRIBE HISTORY t").num_rows == versions


def test_a_session_lets_each_write_evolve(kept: Workspace) -> None:
    session = Session(evolves=True)
    kept.sql("INSERT INTO t BY NAME SELECT 7 AS id, 'x' AS more", session=session)
    kept.sql("INSERT INTO t BY NAME SELECT 8 AS id, 1 AS last WHERE false", session=session)
    assert list(types(kept)) == ["id", "f", "l", "more", "last"]
    described = kept.sql("DESCRIBE t").to_pylist()[0]
    assert described["comment"] == "key"


KINDS = st.sampled_from(
    [
        pa.int8(),
        pa.int16(),
        pa.int32(),
        pa.int64(),
        pa.float32(),
        pa.float64(),
        pa.date32(),
        pa.string(),
    ]
    + [pa.decimal128(p, s) for p, s in ((4, 2), (6, 2), (6, 4), (6, 5), (10, 0))]
)


@given(KINDS, KINDS)
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_wider_type_holds_each_value_and_is_no_narrower(
    old: pa.DataType, new: pa.DataType
) -> None:
    if not is_wider(new, old):
        return
    assert not is_wider(old, new)
    if pa.types.is_integer(old):
        values = [-(2 ** (old.bit_width - 1)), 2 ** (old.bit_width - 1) - 1]
    elif pa.types.is_decimal(old):
        values = [10**old.precision - 1]
    else:
        values = [0]
    unit = pa.array(values, pa.int64())
    if pa.types.is_decimal(old):
        whole = pa.array([10 ** (old.precision - old.scale) - 1]).cast(pa.decimal128(20, 0))
        unit = whole.cast(old)
    given_values = unit.cast(old)
    assert given_values.cast(new).cast(old).equals(given_values)
