"""What an assignment names is the target's column, or it is refused and nothing is written."""

from __future__ import annotations

import pytest

from engine import BadStatement, Workspace

ROW = {"a": 1, "st": {"a": 2}}


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("UPDATE u SET wrongalias.a = 99", BadStatement, "UNRESOLVED_COLUMN.*wrongalias.a"),
        ("UPDATE u SET main.other.u.a = 99", BadStatement, "UNRESOLVED_COLUMN"),
        ("UPDATE u x SET u.a = 99", BadStatement, "UNRESOLVED_COLUMN"),
        ("INSERT INTO u (x.a) VALUES (3)", BadStatement, "PARSE_SYNTAX_ERROR.*x.a"),
        ("INSERT INTO u (st.a) VALUES (3)", BadStatement, "PARSE_SYNTAX_ERROR.*st.a"),
        ("UPDATE u SET st.nosuch = 5", BadStatement, "FIELD_NOT_FOUND.*nosuch.* in a"),
        ("UPDATE u SET a.b = 5", BadStatement, "FIELD_NOT_FOUND.*which has none"),
        ("UPDATE u SET st.a = 5, st = NULL", BadStatement, "st is assigned twice"),
        ("UPDATE u SET st = NULL, u.st.a = 5", BadStatement, r"st\.a is assigned twice"),
        ("UPDATE u SET st.a = 'x'", BadStatement, "x"),
        ("UPDATE u SET nosuch = 99", BadStatement, "UNRESOLVED_COLUMN.*nosuch"),
        ("MERGE INTO u t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET s.a = 3",
         BadStatement, "UNRESOLVED_COLUMN.*s.a"),
        ("MERGE INTO u t USING (SELECT 7 AS a) s ON t.a = s.a "
         "WHEN NOT MATCHED THEN INSERT (s.a) VALUES (s.a)", BadStatement, "UNRESOLVED_COLUMN.*s.a"),
    ],
)  # fmt: skip
def test_another_s_column_is_not_written(
    workspace: Workspace, statement: str, error: type[Exception], why: str
) -> None:
    workspace.sql("CREATE TABLE u (a INT, st STRUCT<a: INT>)")
    workspace.sql("INSERT INTO u VALUES (1, named_struct('a', 2))")
    with pytest.raises(error, match=why):
        workspace.sql(statement)
    assert workspace.sql("SELECT * FROM u").to_pylist() == [ROW]


@pytest.mark.parametrize(
    ("assigned", "whole"),
    [
        ("st.x = id * 2", "'x', id * 2, 'in', st.in"),
        ("n.ST.`in`.Y = array(id), st.X = st.in.z",
         "'x', st.in.z, 'in', named_struct('y', array(id), 'z', st.in.z)"),
        ("st.in.z = st.x, st.in.y = NULL", "'x', st.x, 'in', named_struct('y', NULL, 'z', st.x)"),
        ("main.fashion_demo.n.st.in.z = 7.9",
         "'x', st.x, 'in', named_struct('y', st.in.y, 'z', 7.9)"),
        ("st.in = NULL", "'x', st.x, 'in', NULL"),
    ],
)  # fmt: skip
def test_a_field_is_written_as_its_whole_column_would_be(
    workspace: Workspace, assigned: str, whole: str
) -> None:
    """The fields beside it stay, and are null in a struct that was null."""
    for name in ("n", "twin"):
        workspace.sql(
            f"CREATE TABLE {name} (id INT, st STRUCT<x: DOUBLE, in: STRUCT<y: ARRAY<INT>, z: INT>>)"
        )
        workspace.sql(
            f"INSERT INTO {name} VALUES (1, named_struct('x', 1.5, 'in', named_struct('y', array(1), "
            "'z', 3))), (2, NULL), (3, named_struct('x', NULL, 'in', NULL))"
        )
    workspace.sql(f"UPDATE n SET {assigned} WHERE id > 0")
    workspace.sql(f"UPDATE twin SET st = named_struct({whole})")
    found = workspace.sql("SELECT * FROM n ORDER BY id").to_pylist()
    assert found == workspace.sql("SELECT * FROM twin ORDER BY id").to_pylist()
    assert found[1]["st"] is not None


def test_a_merge_that_adds_columns_takes_a_field_for_no_column(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE n (id INT, st STRUCT<x: INT>)")
    workspace.sql("INSERT INTO n VALUES (1, NULL)")
    workspace.sql(
        "MERGE WITH SCHEMA EVOLUTION INTO n USING (SELECT 1 AS id, 5 AS x, 6 AS fresh) s ON n.id = s.id "
        "WHEN MATCHED THEN UPDATE SET n.st.x = s.x, n.fresh = s.fresh"
    )
    assert workspace.sql("SELECT * FROM n").to_pylist() == [{"id": 1, "st": {"x": 5}, "fresh": 6}]
