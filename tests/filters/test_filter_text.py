"""Filters as text: what a text means on one row, and which texts are refused in which words."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.text_form import parse_text
from engine.core.filters.tree import (
    MAX_ELEMENTS,
    MAX_NESTING,
    And,
    AnyOf,
    Compare,
    Is,
    IsNull,
    Like,
    Node,
    Not,
    Or,
    matches,
)
from engine.core.query_request import check_dialect, parse_filters
from engine.core.schema import Column, IndexSpec
from engine.errors import BadRequest

COLUMNS = {
    column.name: column
    for column in [
        Column("id", "int"),
        Column("price", "float"),
        Column("brand", "string"),
        Column("Brand", "string"),
        Column("in_stock", "boolean"),
        Column("date", "date"),
        Column("timestamp", "timestamp"),
        Column("tags", "string", is_array=True),
        Column("vector", "other"),
        Column("base color", "string"),
        Column("in", "int"),
        Column('a`b"c', "int"),
        Column("größe", "int"),
    ]
}
ROW: dict[str, Any] = {
    "id": 2**53 + 1,
    "price": 49.5,
    "brand": "Nike",
    "Brand": "Puma",
    "in_stock": True,
    "date": date(2024, 2, 29),
    "timestamp": datetime(2024, 2, 29, 12, 30),
    "tags": ["new"],
    "vector": None,
    "base color": "it's red",
    "in": 3,
    'a`b"c': 4,
    "größe": 5,
}


def tree(text: str) -> Node:
    node = parse_text(text, COLUMNS)
    assert node is not None
    return node


def passes(text: str, **changed: Any) -> bool:
    return matches(tree(text), {**ROW, **changed})


def refusal(text: str) -> str:
    with pytest.raises(BadRequest) as caught:
        parse_text(text, COLUMNS)
    assert type(caught.value) is BadRequest
    assert (caught.value.error_code, caught.value.status_code) == ("BAD_REQUEST", 400)
    return caught.value.message


# ------------------------------------------------------------------ meaning
@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0"])
def test_a_blank_text_is_no_filter(text: str) -> None:
    assert parse_text(text, COLUMNS) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price = 49.5", True),
        ("price == 49.5", True),
        ("price != 49.5", False),
        ("price <> 49.5", False),
        ("price<50", True),
        ("price < 49.5", False),
        ("price <= 49.5", True),
        ("price > 49.5", False),
        ("price >= 49.5", True),
        ("50 > price", True),
        ("50 < price", False),
        ("49.5 <= price", True),
        ("49.5 >= price", True),
        ("'Nike' = brand", True),
        ("'Nike' != brand", False),
        # numbers
        ("price > -1", True),
        ("price > +4.95e1", False),
        ("price >= 4950E-2", True),
        ("price > .5", True),
        ("price > 49.", True),
        ("price < '50'", True),
        (f"id = {2**53 + 1}", True),
        (f"id = {2**53}", False),
        (f"id < {2**70}", True),
        ("id > 0.5", True),
        # text and names
        ("brand = 'nike'", False),
        ("Brand = 'Puma'", True),
        ("`base color` = 'it''s red'", True),
        ("\"base color\" = 'it''s red'", True),
        ("`in` = 3", True),
        ('`a``b"c` = 4', True),
        ('"a`b""c" = 4', True),
        ("größe = 5", True),
        # lists
        ("brand IN ('Puma', 'Nike')", True),
        ("brand in ('Puma')", False),
        ("brand NOT IN ('Puma')", True),
        ("brand Not In ('Puma', 'Nike')", False),
        # LIKE
        ("brand LIKE 'Nike'", True),
        ("brand LIKE 'ike'", False),
        ("brand LIKE '%ik%'", True),
        ("brand LIKE 'Ni_e'", True),
        ("brand LIKE 'Ni_'", False),
        ("brand LIKE 'N.*'", False),
        ("brand LIKE ''", False),
        ("brand NOT LIKE '%ik%'", False),
        ("brand NOT LIKE 'P%'", True),
        # BETWEEN holds both ends
        ("price BETWEEN 49.5 AND 60", True),
        ("price BETWEEN 40 AND 49.5", True),
        ("price BETWEEN 50 AND 60", False),
        ("price NOT BETWEEN 50 AND 60", True),
        ("price NOT BETWEEN 49.5 AND 60", False),
        ("price BETWEEN 40 AND 50 AND brand = 'Puma'", False),
        # AND before OR, NOT before both
        ("brand = 'Nike' OR brand = 'Puma' AND price < 1", True),
        ("(brand = 'Nike' OR brand = 'Puma') AND price < 1", False),
        ("NOT brand = 'Nike' AND price < 1 OR id > 0", True),
        ("NOT (brand = 'Puma' OR price < 1)", True),
        ("not not brand = 'Nike'", True),
        # booleans
        ("in_stock = true", True),
        ("in_stock = FALSE", False),
        ("in_stock != False", True),
        ("in_stock IN (TRUE)", True),
        ("in_stock IS TRUE", True),
        ("in_stock IS NOT TRUE", False),
        ("in_stock is false", False),
        ("in_stock is not false", True),
        # nulls
        ("brand IS NULL", False),
        ("brand IS NOT NULL", True),
        # times; a column may be called like what introduces one
        ("date = '2024-02-29'", True),
        ("date = DATE '2024-02-29'", True),
        ("date < TO_DATE('2024-02-29')", False),
        ("date = timestamp '2024-02-29'", True),
        ("timestamp > DATE '2024-02-29'", True),
        ("timestamp = '2024-02-29T12:30:00Z'", True),
        ("timestamp = TO_TIMESTAMP('2024-02-29T12:30:00')", True),
        ("timestamp = TIMESTAMP '2024-02-29 13:30:00+01:00'", True),
        ("TO_TIMESTAMP ( '2024-02-29T12:30:01' ) > timestamp", True),
        ("timestamp IN (TIMESTAMP '2024-02-29T12:30:00', '2020-01-01')", True),
        ("date BETWEEN DATE '2024-01-01' AND DATE '2024-12-31'", True),
    ],
)
def test_a_text_keeps_what_it_says(text: str, expected: bool) -> None:
    assert passes(text) is expected
    assert passes(f"NOT ({text})") is not expected  # no value here is null


@pytest.mark.parametrize(
    "text",
    [
        "brand = 'x'",
        "NOT brand = 'x'",
        "brand != 'x'",
        "brand IN ('x')",
        "brand NOT IN ('x')",
        "brand LIKE '%'",
        "brand NOT LIKE 'x'",
        "NOT (brand LIKE 'x' AND id > 0)",
    ],
)
def test_a_null_passes_no_condition_and_no_opposite_of_one(text: str) -> None:
    assert not passes(text, brand=None)


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_nan_counts_as_null(nothing: float | None) -> None:
    assert passes("price IS NULL", price=nothing)
    assert not passes("price IS NOT NULL", price=nothing)
    assert not passes("NOT price IS NULL", price=nothing)
    assert not passes("price NOT BETWEEN 1 AND 2", price=nothing)
    assert not passes("NOT price > 1", price=nothing)


@pytest.mark.parametrize(
    ("text", "of_true", "of_false", "of_null"),
    [
        ("in_stock IS TRUE", True, False, False),
        ("in_stock IS NOT TRUE", False, True, True),
        ("in_stock IS FALSE", False, True, False),
        ("in_stock IS NOT FALSE", True, False, True),
        ("NOT in_stock IS TRUE", False, True, True),
        ("in_stock = TRUE", True, False, False),
        ("NOT in_stock = TRUE", False, True, False),
    ],
)
def test_is_true_is_never_unknown(text: str, of_true: bool, of_false: bool, of_null: bool) -> None:
    assert [passes(text, in_stock=value) for value in (True, False, None)] == [
        of_true,
        of_false,
        of_null,
    ]


# ------------------------------------------------------------------ trees
ID, PRICE, BRAND, STOCK = (COLUMNS[name] for name in ("id", "price", "brand", "in_stock"))
ONE, TWO, THREE = (Compare(ID, "=", value) for value in (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id = 1", ONE),
        ("((id = 1))", ONE),
        ("id = 1 AND (id = 2 AND id = 3)", And((ONE, TWO, THREE))),
        ("(id = 1 OR id = 2) OR id = 3", Or((ONE, TWO, THREE))),
        ("id = 1 AND (id = 2 OR id = 3)", And((ONE, Or((TWO, THREE))))),
        ("NOT NOT NOT id = 1", Not(ONE)),
        ("id NOT IN (1, 2)", AnyOf(ID, (1, 2), negated=True)),
        ("brand NOT LIKE 'x%'", Not(Like(BRAND, "x%"))),
        ("brand IS NOT NULL", IsNull(BRAND, negated=True)),
        ("in_stock IS NOT TRUE", Is(STOCK, True, negated=True)),
        (
            "price BETWEEN 1 AND 2 AND id = 1",
            And((Compare(PRICE, ">=", 1.0), Compare(PRICE, "<=", 2.0), ONE)),
        ),
        ("price NOT BETWEEN 1 AND 2", Or((Compare(PRICE, "<", 1.0), Compare(PRICE, ">", 2.0)))),
    ],
)
def test_a_text_becomes_a_tree_that_can_be_a_key(text: str, expected: Node) -> None:
    assert tree(text) == expected
    assert hash(tree(text)) == hash(expected)


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("price < 50", {"price <": 50}),
        ("brand = 'Nike' AND id != 5", {"brand": "Nike", "id NOT": 5}),
        ("brand NOT IN ('a', 'b')", {"brand NOT": ["a", "b"]}),
        ("brand IN ('a')", {"brand": ["a"]}),
        ("brand LIKE '%a%'", {"brand LIKE": "%a%"}),
        ("brand = 'a' OR price >= 5", {"brand OR price >=": ["a", 5]}),
        ("timestamp < DATE '2024-01-01'", {"timestamp <": "2024-01-01"}),
    ],
)
def test_both_dialects_give_one_tree(text: str, filters: dict[str, Any]) -> None:
    assert tree(text) == parse_dict(filters, COLUMNS)


# ------------------------------------------------------------------ syntax errors
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price => 5", "character 7: found '=>'; expected an operator such as = or IN."),
        ("price", "character 6: found the end; expected an operator such as = or IN."),
        ("price <", "character 8: found the end; expected a column or a value."),
        ("5 IN (price)", "character 3: found 'IN'; expected an operator such as = or <."),
        ("price < 5 5", "character 11: found '5'; expected AND, OR or the end."),
        ("(price < 5", "character 11: found the end; expected ')'."),
        ("price < 5)", "character 10: found ')'; expected AND, OR or the end."),
        ("price < 5;", "character 10: found ';'; expected AND, OR or the end."),
        ("price < 5 AND", "character 14: found the end; expected a condition such as price < 50."),
        ("OR price < 5", "character 1: found 'OR'; expected a condition such as price < 50."),
        ("2020x = 5", "character 1: found '2020x'; expected a condition such as price < 50."),
        ("id = 1.2.3", "character 6: found '1.2.3'; expected a column or a value."),
        ("id IN ()", "character 8: found ')'; expected a value."),
        ("id IN 5", "character 7: found '5'; expected '('."),
        ("id IN (1, 2", "character 12: found the end; expected ',' or ')'."),
        ("id NOT 5", "character 8: found '5'; expected IN, LIKE or BETWEEN."),
        ("id IS 5", "character 7: found '5'; expected NULL, NOT NULL, TRUE or FALSE."),
        ("id IS NOT 5", "character 11: found '5'; expected NULL, TRUE or FALSE."),
        ("id BETWEEN 1 OR 2", "character 14: found 'OR'; expected AND."),
        ("date = DATE 5", "character 13: found '5'; expected text in single quotes."),
        ("brand = 'x", "a column or a value. The quote ' is not closed."),
        (
            "in = 3",
            "condition such as price < 50. The column of that name goes in backticks: `in`.",
        ),
        ("upper(brand) = 'x'", "or IN. Filters have no functions of columns."),
        ("array_contains(tags, 'x')", "or IN. Filters have no functions of columns."),
    ],
)
def test_a_syntax_error_says_where_what_and_what_was_expected(text: str, message: str) -> None:
    shown = refusal(text)
    assert shown.startswith("Filter has a syntax error at character ")
    assert shown.splitlines()[0].endswith(message)


def test_a_syntax_error_points_at_the_place() -> None:
    assert refusal("id = 1 AND\n\tprice => 5").splitlines()[1:] == [
        "  id = 1 AND  price => 5",
        "                    ^",
    ]
    text = "id = 1 AND " * 20 + "@" + " AND id = 1" * 20
    _, line, caret = refusal(text).splitlines()
    assert line[caret.index("^")] == "@"
    assert len(line) < 80


@pytest.mark.parametrize("name", ["android", "notes", "order", "island", "inn", "nulls"])
def test_a_name_may_start_with_a_keyword(name: str) -> None:
    columns = {name: Column(name, "int")}
    assert parse_text(f"{name} = 1", columns) == Compare(columns[name], "=", 1)


# ------------------------------------------------------------------ other refusals
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prise < 5", ["'prise'", "Did you mean 'price'?", "Columns: "]),
        ("PRICE < 5", ["'PRICE'", "does not have"]),
        ("tags = 'new'", ["'tags'", "arrays", '{"tags": value}']),
        ("tags IS NULL", ["'tags'", "arrays"]),
        ("vector IS NULL", ["'vector'", "can't be filtered"]),
        ("price < 'x'", ["\"price < 'x'\"", "'x'", "str", "'price'", "float"]),
        ("brand = 5", ["'brand = 5'", "5", "int", "'brand'", "string"]),
        ("brand IN ('a', 5)", ["\"brand IN ('a', 5)\"", "5", "string"]),
        ("in_stock = 1", ["1", "boolean"]),
        ("in_stock = 'true'", ["'true'", "boolean"]),
        ("price = TRUE", ["True", "bool", "'price'"]),
        ("price = 1e999", ["'price = 1e999'"]),
        ("price = NULL", ["nothing equals NULL", "price IS NULL"]),
        ("brand IN ('a', NULL)", ["nothing equals NULL"]),
        ("brand LIKE NULL", ["NULL", "'brand'"]),
        ("brand < 'N'", ["operator <", "'brand'", "string"]),
        ("brand BETWEEN 'a' AND 'b'", ["operator >=", "'brand'"]),
        ("in_stock >= TRUE", ["operator >=", "boolean"]),
        ("price LIKE '4%'", ["LIKE", "'price'"]),
        ("brand LIKE 5", ["'brand LIKE 5'", "5"]),
        ("brand IS TRUE", ["IS TRUE", "'brand'", "string"]),
        ("price = id", ["'price'", "'id'", "character 1", "a column and a value"]),
        ('brand = "Nike"', ["Double quotes are for columns", "'Nike'"]),
        ("1 = 1", ["two values", "character 1"]),
        ("timestamp > TO_TIMESTAMP('soon')", ["'soon'", "character 26", "'2024-01-31T12:00:00Z'"]),
        ("date > DATE '2024-02-30'", ["'2024-02-30'", "character 13", "'2024-01-31'"]),
        ("date = TIMESTAMP '2024-02-29T12:00:00'", ["'date'", "date values"]),
        ("date > DATE '2024-01-01T12:00:00'", ["expected a date"]),
        ("id = DATE '2024-01-01'", ["'id'", "int"]),
        ("brand = '\ud800'", ["'brand'"]),
    ],
)
def test_a_refusal_names_what_was_given(text: str, words: list[str]) -> None:
    message = refusal(text)
    assert all(word in message for word in words), message


def test_a_list_takes_1024_values() -> None:
    values = ", ".join(map(str, range(MAX_ELEMENTS)))
    assert passes(f"id NOT IN ({values})")
    assert "1025 values" in refusal(f"id IN ({values}, 5000)")


def nested(levels: int) -> str:
    """A condition under so many groups of the tree, AND and OR by turns."""
    text = "id = 1"
    for level in range(levels):
        text = f"({text} {'AND' if level % 2 else 'OR'} id = 2)"
    return text


def test_nesting_is_limited() -> None:
    assert not passes(nested(MAX_NESTING))
    assert f"more than {MAX_NESTING} deep" in refusal(nested(MAX_NESTING + 1))
    deepest = "NOT (id = 1 AND " * (MAX_NESTING // 2) + "id = 1" + ")" * (MAX_NESTING // 2)
    assert passes(deepest)
    assert "deep" in refusal(f"id = 1 OR {deepest}")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 20_000 + "id = 1" + ")" * 20_000,
        "NOT " * 20_001 + "id = 1",
        "(id = 1 AND " * 5000 + "id = 1" + ")" * 5000,
        "(" * 5000 + "id = 1" + " OR id = 1)" * 5000,
        " AND ".join(["id = 1"] * 5000),
    ],
    ids=["brackets", "not", "and to the right", "or to the left", "a long and"],
)
def test_what_does_not_deepen_the_tree_is_not_limited(text: str) -> None:
    node = tree(text)
    depth = 0
    while isinstance(node, (And, Or, Not)):
        node, depth = node.part if isinstance(node, Not) else node.parts[0], depth + 1
    assert depth <= 1
    assert node == ONE


def test_the_end_of_a_text_that_never_closes_is_found_at_any_depth() -> None:
    assert "character 20001: found the end" in refusal("(" * 20_000)
    assert "character 80001: found the end" in refusal("NOT (id = 1 AND " * 5000)


def test_a_dict_loads_no_parser() -> None:
    code = (
        "import sys; from engine.core import query_request; from engine.core.schema import Column\n"
        "query_request.parse_dict({'a': 1}, {'a': Column('a', 'int')})\n"
        "assert 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# ------------------------------------------------------------------ which dialect is taken
STANDARD = IndexSpec(
    name="main.shop.vs",
    id="1",
    endpoint_name="shop",
    primary_key="id",
    source_table="main.shop.products",
    vector_column="vector",
    dimension=2,
    pipeline_type="TRIGGERED",
    creator="somebody",
    created_at=0,
    columns=tuple(COLUMNS),
)
OPTIMIZED = replace(STANDARD, endpoint_type="STORAGE_OPTIMIZED")


@pytest.mark.parametrize("spec", [STANDARD, OPTIMIZED])
def test_both_dialects_are_taken_everywhere_unless_strict(spec: IndexSpec) -> None:
    assert parse_filters("id = 1", None, COLUMNS, spec, False) == ONE
    assert parse_filters(None, "id = 1", COLUMNS, spec, False) == ONE
    assert parse_filters({"id": 1}, None, COLUMNS, spec, False) == ONE
    both = parse_filters({"id": 1}, "id = 2", COLUMNS, spec, False)
    assert both == And((ONE, TWO))
    for nothing in (None, {}, [], "", " "):
        assert parse_filters(nothing, None, COLUMNS, spec, False) is None


def test_strict_takes_the_dialect_of_the_endpoint_alone() -> None:
    assert parse_filters({"id": 1}, None, COLUMNS, STANDARD, True) == ONE
    assert parse_filters("id = 1", None, COLUMNS, OPTIMIZED, True) == ONE
    assert parse_filters("", None, COLUMNS, STANDARD, True) is None
    assert parse_filters({}, None, COLUMNS, OPTIMIZED, True) is None
    for refused in (
        lambda: parse_filters("id = 1", None, COLUMNS, STANDARD, True),
        lambda: check_dialect(STANDARD, None, "id = 1"),
    ):
        with pytest.raises(BadRequest) as caught:
            refused()
        # The cloud's own words, as somebody noted them.
        assert caught.value.message == "Filter string is not supported for standard endpoints"
        assert "shop takes filters as a dict" in caught.value.in_words
    with pytest.raises(BadRequest, match="shop is STORAGE_OPTIMIZED and takes filters as text"):
        parse_filters([{"id": 1}], None, COLUMNS, OPTIMIZED, True)


@pytest.mark.parametrize("filters", [5, True, b"id = 1", {"id = 1"}])
def test_what_is_neither_dict_nor_text_is_shown(filters: Any) -> None:
    with pytest.raises(BadRequest, match="expected a dict, a list of dicts, or text"):
        parse_filters(filters, None, COLUMNS, STANDARD, False)
    with pytest.raises(BadRequest, match=r"filter_string is .*; expected text"):
        parse_filters(None, filters, COLUMNS, STANDARD, False)
