"""What the Databricks tool of crewai-tools answers over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from applications.conftest import NOTES

Found = dict[str, str]


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], dict[str, Any]]) -> Found:
    return run_application("crewai")


def rows(table: str) -> list[dict[str, str]]:
    """The rows of a table that the tool drew, whose columns come in any order."""
    *drawn, empty, count = table.splitlines()
    names, _, *lines = [[cell.strip() for cell in line.split(" | ")] for line in drawn]
    assert empty == ""
    assert count == f"({len(lines)} row{'' if len(lines) == 1 else 's'} returned)"
    return [dict(zip(names, line, strict=True)) for line in lines]


def test_a_plain_select_gives_its_rows_in_their_order(found: Found) -> None:
    notes = sorted(NOTES, key=lambda note: note["price"])
    wanted = [{name: str(note[name]) for name in ("id", "text", "price")} for note in notes]
    assert rows(found["all"]) == wanted


def test_a_limit_that_the_tool_adds_is_kept(found: Found) -> None:
    assert rows(found["limited"]) == [{"text": "red summer dress"}, {"text": "red winter dress"}]


def test_a_catalog_and_schema_of_the_call_make_a_name_whole(found: Found) -> None:
    assert rows(found["star"]) == [{name: str(value) for name, value in NOTES[4].items()}]


def test_groups_are_counted(found: Found) -> None:
    blue = {"color": "blue", "notes": "3", "mean": "60.0"}
    assert rows(found["grouped"]) == [blue, {"color": "red", "notes": "3", "mean": "45.0"}]


def test_no_rows_are_an_answer(found: Found) -> None:
    assert found["none"] == "Query executed successfully (no results to display)"


def test_failures_say_what_is_wrong(found: Found) -> None:
    for asked in ("no_table", "bad_column", "no_sql"):
        assert found[asked].startswith("Query execution failed: ")
    assert "[TABLE_OR_VIEW_NOT_FOUND]" in found["no_table"]
    assert "main.shop.nowhere" in found["no_table"]
    assert "colour" in found["bad_column"]
    assert "following? [`color`" in found["bad_column"]  # the likeliest
    assert "SELEKT" in found["no_sql"]


def test_tables_are_shown_and_made(found: Found) -> None:
    assert [row["tableName"] for row in rows(found["tables"])] == ["notes"]
    assert rows(found["made"])[0]["num_affected_rows"] == "3"
