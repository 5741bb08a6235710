"""A column that no table has is answered with the likeliest ones that they have."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine import BadStatement, Workspace

MISSING = r"UNRESOLVED_COLUMN\.WITH_SUGGESTION\].*`colour`.*\[`color`"


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    notes = {"id": ["1", "2"], "text": ["red dress", "bag"], "color": ["red", "blue"]}
    workspace.write_table("main.shop.notes", pa.table(notes))
    return workspace


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT colour FROM main.shop.notes",
        "SELECT id FROM main.shop.notes WHERE colour = 'red'",
        "SELECT colour, COUNT(*) FROM main.shop.notes GROUP BY colour",
        "SELECT * FROM (SELECT id FROM main.shop.notes ORDER BY colour) AS sorted",
        "DELETE FROM main.shop.notes WHERE colour = 'red'",
        "UPDATE main.shop.notes SET text = 'x' WHERE colour = 'red'",
    ],
)
def test_the_likeliest_column_is_named(shop: Workspace, statement: str) -> None:
    with pytest.raises(BadStatement, match=MISSING) as refused:
        shop.sql(statement)
    assert "vitrine_row" not in str(refused.value)
    assert shop.sql("SELECT text FROM main.shop.notes ORDER BY id").num_rows == 2


def test_a_suggestion_is_a_column_of_the_table(shop: Workspace) -> None:
    for statement in (
        "SELECT nosuch FROM main.shop.notes",
        "SELECT n.nosuch FROM main.shop.notes n",
        "SELECT other.id FROM main.shop.notes n",
        "UPDATE main.shop.notes SET text = vitrine_row",
        "DELETE FROM main.shop.notes WHERE vitrine_row = 0",
        "SELECT vitrine_row FROM main.shop.notes",
    ):
        with pytest.raises(BadStatement, match=r"UNRESOLVED_COLUMN") as refused:
            shop.sql(statement)
        suggested = str(refused.value).partition("[`")[2].partition("]")[0].replace("`", "")
        assert set(f"{suggested}".split(", ")) == {"id", "text", "color"}, statement


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT nosuch FROM (SELECT id AS k, text FROM main.shop.notes) q",
        "WITH q AS (SELECT id AS k, text FROM main.shop.notes) SELECT q.nosuch FROM q",
        "SELECT nosuch FROM main.shop.w",
    ],
)
def test_a_suggestion_is_a_column_of_the_query_within(shop: Workspace, statement: str) -> None:
    shop.sql("CREATE VIEW main.shop.w AS SELECT id AS k, text FROM main.shop.notes")
    with pytest.raises(BadStatement, match=r"UNRESOLVED_COLUMN.*\[`(k`, `text|text`, `k)`\]"):
        shop.sql(statement)


def test_another_failure_is_not_called_a_missing_column(shop: Workspace) -> None:
    shop.sql("CREATE TABLE main.shop.s AS SELECT named_struct('a', 1) AS st, array(1) AS l")
    for statement in (
        "SELECT st.a, abs(l) FROM main.shop.s",
        "SELECT transform(l, x -> abs(st) + x) FROM main.shop.s",
    ):
        with pytest.raises(BadStatement) as refused:
            shop.sql(statement)
        assert "UNRESOLVED_COLUMN" not in str(refused.value), statement
