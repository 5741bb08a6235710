"""Functions of the shop: values, rows of a search, and those that are no tools."""

from __future__ import annotations

import json

from managed_mcp.shop import NAME

from engine import Workspace

PATH = "/api/2.0/mcp/functions/main/shop"
SEARCH, VALUE = "main__shop__alike", "main__shop__discounted"
TOOLS = [SEARCH, VALUE, "main__shop__kinds", "main__shop__order__s_text"]


def make_functions(workspace: Workspace) -> None:
    """A search, functions of each kind of argument, one in Python and one of a type that is none."""
    for said in (
        "alike(wanted STRING COMMENT 'What to look for, in words', most INT DEFAULT 3 COMMENT 'rows') "
        "RETURNS TABLE (id STRING COMMENT 'the note', text STRING, price DOUBLE, score DOUBLE) "
        "COMMENT 'Finds notes by meaning.' RETURN SELECT id, text, price, search_score "
        f"FROM vector_search(index => '{NAME}', query_text => wanted, num_results => most) "
        "ORDER BY search_score DESC, id",
        "discounted(price DOUBLE, share DOUBLE DEFAULT 0.5) RETURNS DOUBLE RETURN price * share",
        "order__s_text(id STRING) RETURNS STRING RETURN (SELECT text FROM main.shop.notes n "
        "WHERE n.id = order__s_text.id)",
        "kinds(whole BIGINT DEFAULT NULL, exact DECIMAL(10, 2) DEFAULT NULL, yes BOOLEAN DEFAULT NULL, "
        "day DATE DEFAULT NULL, moment TIMESTAMP DEFAULT NULL, raw BINARY DEFAULT NULL, "
        "words ARRAY<STRING> DEFAULT NULL, sizes MAP<STRING, INT> DEFAULT NULL, "
        "`of` STRUCT<a: INT, b: ARRAY<DOUBLE>> DEFAULT NULL, said STRING DEFAULT NULL) "
        "RETURNS TABLE (whole BIGINT, exact DECIMAL(10, 2), yes BOOLEAN, day DATE, moment TIMESTAMP, "
        "raw STRING, words ARRAY<STRING>, sizes MAP<STRING, INT>, one STRUCT<a: INT, b: ARRAY<DOUBLE>>, "
        "said STRING) RETURN SELECT whole, exact, yes, day, moment, hex(raw), words, sizes, `of`, said",
        "shouted(said STRING) RETURNS STRING LANGUAGE PYTHON AS $$ return said.upper() $$",
    ):
        workspace.sql(f"CREATE FUNCTION main.shop.{said}")
    workspace.unity_catalog.functions.create(
        {
            "name": "unknown_type",
            "catalog_name": "main",
            "schema_name": "shop",
            "input_params": {"parameters": [{"name": "x", "type_text": "numero"}]},
            "data_type": "INT",
            "routine_body": "SQL",
            "routine_definition": "1",
        }
    )


def answer_of(text: str) -> tuple[list[str], list[list[object]]]:
    """Columns and rows of a tool's answer, which is never cut."""
    answer = json.loads(text)
    assert list(answer) == ["is_truncated", "columns", "rows"]
    assert answer["is_truncated"] is False
    return answer["columns"], answer["rows"]
