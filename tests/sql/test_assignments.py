"""What an assignment names is the target's column, or it is refused and nothing is written."""

from __future__ import annotations

import pytest

from engine import BadStatement, NotSupported, Workspace

ROW = {"a": 1, "st": {"a": 2}}


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("UPDATE u SET st.a = 5", NotSupported, "named_struct"),
        ("UPDATE u SET u.st.a = 5", NotSupported, "named_struct"),
        ("UPDATE u x SET x.st.a = 5", NotSupported, "named_struct"),
        ("UPDATE u SET main.fashion_demo.u.st.a = 5", NotSupported, "named_struct"),
        ("UPDATE u SET wrongalias.a = 99", BadStatement, "UNRESOLVED_COLUMN.*wrongalias.a"),
        ("UPDATE u SET main.other.u.a = 99", BadStatement, "UNRESOLVED_COLUMN"),
        ("UPDATE u x SET u.a = 99", BadStatement, "UNRESOLVED_COLUMN"),
        ("INSERT INTO u (x.a) VALUES (3)", BadStatement, "PARSE_SYNTAX_ERROR.*x.a"),
        ("INSERT INTO u (st.a) VALUES (3)", BadStatement, "PARSE_SYNTAX_ERROR.*st.a"),
        ("UPDATE u SET nosuch = 99", BadStatement, "UNRESOLVED_COLUMN.*nosuch"),
        ("MERGE INTO u t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET s.a = 3",
         BadStatement, "UNRESOLVED_COLUMN.*s.a"),
        ("MERGE INTO u t USING (SELECT 1 AS a) s ON t.a = s.a WHEN MATCHED THEN UPDATE SET st.a = 3",
         NotSupported, "named_struct"),
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
