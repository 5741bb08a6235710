"""A column that no table has is answered with the likeliest ones that they have."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine import BadStatement, Workspace


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
    with pytest.raises(BadStatement, match=r'colour.*not f[\s\S]*"color"') as refused:
        shop.sql(statement)
    assert "vitrine_row" not in str(refused.value)
    assert shop.sql("SELECT text FROM main.shop.notes ORDER BY id").num_rows == 2
