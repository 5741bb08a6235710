"""Filters as text: what each form means on a row, and how what is wrong is refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from engine.core.filter_text import parse_text
from engine.core.filters import MAX_ELEMENTS, MAX_NESTING, And, Or, matches, parse_dict
from engine.core.query import parse_filters
from engine.core.schema import Column, IndexSpec
from engine.errors import BadRequest

KNOWN = {
    "price": Column("price", "float"),
    "year": Column("year", "int"),
    "color": Column("color", "string"),
    "in_stock": Column("in_stock", "boolean"),
    "day": Column("day", "date"),
    "listed_at": Column("listed_at", "timestamp"),
    "tags": Column("tags", "string", is_array=True),
    "vector": Column("vector", "other", is_array=True),
    "base `color": Column("base `color", "string"),
    "select": Column("select", "int"),
    "not": Column("not", "int"),
    "date": Column("date", "date"),
}
ROW: dict[str, Any] = {
    "price": 49.5,
    "year": 2012,
    "color": "Navy Blue",
    "in_stock": True,
    "day": date(2024, 2, 29),
    "listed_at": datetime(2024, 1, 31, 12, 30),
    "tags": ["new"],
    "vector": [1.0],
    "base `color": "it's",
    "select": 1,
    "not": 2,
    "date": None,
}
TRUE = [
    "price < 50",
    "price<50",
    "50 > price",
    "price = 49.5",
    "price == 4.95e1",
    "price <> 50",
    "50 != price",
    "price >= -1",
    "year IN (2011, 2012)",
    "year not in (1, 2)",
    "year BETWEEN 2012 AND 2012",
    "year NOT BETWEEN 1 AND 2 AND price < 50",
    "color LIKE 'Navy%'",
    "color LIKE '%v_ Bl%'",
    "color NOT LIKE 'navy%'",
    "color LIKE 'Navy Blue'",
    "in_stock = true",
    "in_stock IS TRUE",
    "in_stock IS NOT FALSE",
    "date IS NULL",
    "price IS NOT NULL",
    "date IS NULL AND NOT (price IS NULL)",
    "day = '2024-02-29'",
    "day = DATE '2024-02-29'",
    "day >= TO_DATE('2024-02-01')",
    "listed_at > '2024-01-31'",
    "listed_at = TO_TIMESTAMP('2024-01-31T12:30:00Z')",
    "listed_at < TIMESTAMP '2024-01-31T14:31:00+02:00'",
    "`base ``color` = 'it''s'",
    '"select" = 1 AND `not` = 2',
    "select = 1",
    "NOT color = 'Red'",
    "NOT NOT price < 50",
    "price < 1 OR year = 2012 AND color <> 'Red'",
    "(price < 1 OR year = 2012) AND (color = 'Navy Blue')",
    "((((price < 50))))",
    "\n price\t<  50 \n",
]
NOT_TRUE = [
    "price > 50",
    "date = '2024-01-01'",
    "NOT date = '2024-01-01'",
    "date IN ('2024-01-01') OR date NOT IN ('2024-01-01')",
    "date BETWEEN '2024-01-01' AND '2024-01-02'",
    "in_stock IS FALSE",
    "NOT in_stock IS TRUE",
    "color LIKE 'Blue'",
    "color LIKE ''",
    "price < 50 AND NOT year = 2012",
]


def truth(text: str) -> bool:
    node = parse_text(text, KNOWN)
    assert node is not None
    return matches(node, ROW)


@pytest.mark.parametrize("text", TRUE)
def test_a_row_passes(text: str) -> None:
    assert truth(text)


@pytest.mark.parametrize("text", NOT_TRUE)
def test_a_row_does_not_pass(text: str) -> None:
    assert not truth(text)


@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_a_blank_text_is_no_filter(text: str) -> None:
    assert parse_text(text, KNOWN) is None


def test_a_text_and_a_dict_of_one_meaning_are_one_tree() -> None:
    text = parse_text("price < 50 AND color IN ('Red', 'Blue') AND NOT year = 3", KNOWN)
    as_dict = parse_dict({"price <": 50, "color": ["Red", "Blue"]}, KNOWN)
    assert isinstance(text, And) and isinstance(as_dict, And)
    assert text.parts[:2] == as_dict.parts


def test_groups_of_one_word_are_one_group() -> None:
    chain = " OR ".join(f"(year = {number})" for number in range(500))
    node = parse_text(f"(({chain}) OR year = 7)", KNOWN)
    assert isinstance(node, Or)
    assert len(node.parts) == 501


# ---------------------------------------------------------------------- refusals
REFUSED = [
    ("price => 3", 7, "found '=>'; expected an operator"),
    ("price <", 8, "found the end; expected a column or a value"),
    ("(price < 3", 11, "found the end; expected ')'"),
    ("price < 3)", 10, "found ')'; expected the end"),
    ("price < 3 price > 1", 11, "found 'price'; expected AND, OR or the end"),
    ("price BETWEEN 3", 16, "found the end; expected AND"),
    ("color = 'open", 9, "The quote ' is not closed"),
    ("year IN ()", 10, "found ')'; expected a value"),
    ("lower(color) = 'x'", 6, "Filters have no functions of columns"),
    ("not = 3", 5, "expected"),
    ("price < 3 AND", 14, "found the end; expected a condition"),
    ("price < 3; DROP TABLE x", 10, "found ';"),
]


@pytest.mark.parametrize(("text", "place", "words"), REFUSED, ids=[case[0] for case in REFUSED])
def test_a_syntax_error_says_where_and_what(text: str, place: int, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_text(text, KNOWN)
    message = caught.value.message
    assert f"syntax error at character {place}:" in message
    assert words in message
    shown, caret = message.splitlines()[-2:]
    assert caret.index("^") - 2 == place - 1
    assert shown[2:].startswith(text[:20])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("colour = 'x'", "column 'colour', which the index does not have. Did you mean 'color'?"),
        ("Price < 3", "column 'Price'"),
        ("price = 'abc'", "'abc' of type str can't be compared with column 'price'"),
        ("in_stock > true", "operator > needs a column of numbers, dates or timestamps"),
        ("color < 'x'", "operator < needs"),
        ("year LIKE '2%'", "LIKE needs a string column"),
        ("color LIKE 5", "5 of type int"),
        ("tags = 'new'", 'use a dict such as {"tags": value}'),
        ("vector = 1", "values that can't be filtered"),
        ("price IS TRUE", "need a boolean column"),
        ("price = NULL", "price IS NULL"),
        ("price = year", "compares column 'price' with column 'year'"),
        ('color = "Red"', "text goes in single quotes: 'Red'"),
        ("1 = 2", "compares two values"),
        ("day = DATE 'x'", "expected a date such as '2024-01-31'"),
        ("listed_at = TO_TIMESTAMP('x')", "expected a time such as"),
        ("year IN (" + ", ".join(["1"] * (MAX_ELEMENTS + 1)) + ")", "expected 1 to 1024"),
    ],
)  # fmt: skip
def test_a_condition_that_makes_no_sense_is_refused(text: str, words: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_text(text, KNOWN)
    assert words in caught.value.message


def test_nesting_is_limited_and_brackets_are_not() -> None:
    def nested(depth: int) -> str:
        text = "price < 1"
        for level in range(depth):
            text = f"(year = {level} {'AND' if level % 2 else 'OR'} {text})"
        return text

    assert parse_text(nested(MAX_NESTING), KNOWN) is not None
    with pytest.raises(BadRequest, match="nests AND, OR and NOT more than 100 deep"):
        parse_text(nested(3 * MAX_NESTING), KNOWN)
    assert parse_text("(" * 20_000 + "price < 1" + ")" * 20_000, KNOWN) is not None
    assert parse_text("NOT " * 20_000 + "price < 1", KNOWN) is not None


# ---------------------------------------------------------------------- both dialects of a query
def spec(kind: Any) -> IndexSpec:
    return IndexSpec(
        name="a.b.c", id="1", endpoint_name="e", primary_key="id", source_table="t",
        vector_column="v", dimension=2, pipeline_type="TRIGGERED", creator="", created_at=0,
        columns=("id", "v"), endpoint_type=kind,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["STANDARD", "STORAGE_OPTIMIZED"])
def test_both_dialects_are_taken_on_both_kinds_of_endpoint(kind: str) -> None:
    given = ({"price <": 50}, "year = 2012")
    node = parse_filters(*given, KNOWN, spec(kind), strict=False)
    assert isinstance(node, And) and len(node.parts) == 2


@pytest.mark.parametrize(
    ("kind", "filters", "text", "words"),
    [
        ("STANDARD", None, "price < 50", "takes filters as a dict"),
        ("STANDARD", "price < 50", None, "takes filters as a dict"),
        ("STORAGE_OPTIMIZED", {"price <": 50}, None, "takes filters as text"),
        ("STORAGE_OPTIMIZED", [{"price <": 50}], None, "takes filters as text"),
    ],
)
def test_a_strict_workspace_refuses_what_the_cloud_refuses(
    kind: str, filters: Any, text: str | None, words: str
) -> None:
    with pytest.raises(BadRequest, match=words):
        parse_filters(filters, text, KNOWN, spec(kind), strict=True)
    other = "STORAGE_OPTIMIZED" if kind == "STANDARD" else "STANDARD"
    assert parse_filters(filters, text, KNOWN, spec(other), strict=True) is not None


def test_strictness_is_a_setting_of_the_workspace() -> None:
    from engine import Settings

    assert Settings.from_environment({"VITRINE_STRICT_FILTERS": "1"}).strict_filters
    assert not Settings.from_environment({}).strict_filters
