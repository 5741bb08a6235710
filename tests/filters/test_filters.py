"""Filters: what a dict means on one row, and which dicts are refused in which words."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.tree import (
    MAX_ELEMENTS,
    And,
    AnyOf,
    Compare,
    IsNull,
    Like,
    Not,
    Or,
    Words,
    columns_of,
    matches,
)
from engine.core.schema import Column
from engine.errors import BadRequest

COLUMNS = {
    column.name: column
    for column in [
        Column("product_id", "int"),
        Column("price", "float"),
        Column("gender", "string"),
        Column("name", "string"),
        Column("base color", "string"),
        Column("in_stock", "boolean"),
        Column("day", "date"),
        Column("listed_at", "timestamp"),
        Column("tags", "string", is_array=True),
        Column("sizes", "int", is_array=True),
        Column("image_embedding", "other", is_array=True),
    ]
}
ROW: dict[str, Any] = {
    "product_id": 2**53 + 1,
    "price": 49.5,
    "gender": "Women",
    "name": "Red  summer\tdress",
    "base color": "Red",
    "in_stock": True,
    "day": date(2024, 2, 29),
    "listed_at": datetime(2024, 2, 29, 12, 30),
    "tags": ["new", "sale", None],
    "sizes": [36, 38],
    "image_embedding": [0.6, 0.8],
}


def is_match(filters: Any, **changed: Any) -> bool:
    node = parse_dict(filters, COLUMNS)
    assert node is not None
    return matches(node, {**ROW, **changed})


def refusal(filters: Any) -> str:
    with pytest.raises(BadRequest) as caught:
        parse_dict(filters, COLUMNS)
    assert (caught.value.error_code, caught.value.status_code) == ("BAD_REQUEST", 400)
    return caught.value.message


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        # equality and lists
        ({"gender": "Women"}, True),
        ({"gender": "women"}, False),
        ({"gender": ["Men", "Women"]}, True),
        ({"gender": ["Men"]}, False),
        ({"gender NOT": "Men"}, True),
        ({"gender NOT": "Women"}, False),
        ({"gender NOT": ["Men", "Boys"]}, True),
        ({"gender NOT": ["Men", "Women"]}, False),
        ({"base color": "Red"}, True),
        ({"base color NOT": "Red"}, False),
        ({"in_stock": True}, True),
        ({"in_stock": False}, False),
        # ranges
        ({"price <": 49.5}, False),
        ({"price <=": 49.5}, True),
        ({"price >": 49.5}, False),
        ({"price >=": 49.5}, True),
        ({"price <": 50}, True),
        ({"price <": "50"}, True),
        # several conditions are joined by AND
        ({"price >": 40, "price <": 50}, True),
        ({"price >": 40, "gender": "Men"}, False),
        ([{"price >": 40}, {"price >": 45, "gender": "Women"}], True),
        ([{"gender": "Women"}, {"gender": "Men"}], False),
        # LIKE: whole tokens, or SQL's LIKE where there is a %
        ({"name LIKE": "dress"}, True),
        ({"name LIKE": "dress Red"}, True),
        ({"name LIKE": "Dress"}, False),
        ({"name LIKE": "dres"}, False),
        ({"name LIKE": "dress coat"}, False),
        ({"name LIKE": "dres_"}, False),
        ({"name LIKE": "%dres%"}, True),
        ({"name LIKE": "Red__summer%"}, True),
        ({"name LIKE": "Red_summer%"}, False),
        ({"name LIKE": "%.*%"}, False),
        # OR is by position
        ({"gender OR price <": ["Men", 50]}, True),
        ({"gender OR price <": ["Men", 40]}, False),
        ({"gender OR base color": ["Women", "Blue"]}, True),
        ({"gender OR base color": "Red"}, True),
        ({"price < OR price >": [10, 100]}, False),
        ({"gender NOT OR name LIKE": ["Women", "dress"]}, True),
        # arrays
        ({"tags": "sale"}, True),
        ({"tags": "old"}, False),
        ({"tags": ["old", "new"]}, True),
        ({"tags NOT": "sale"}, False),
        ({"tags NOT": ["old", "used"]}, True),
        ({"sizes": 38}, True),
        ({"sizes": [40, 36.0]}, True),
        ({"sizes": 38.5}, False),
        # numbers compare by value, exactly
        ({"product_id": 2**53 + 1}, True),
        ({"product_id": 2**53}, False),
        ({"product_id": str(2**53 + 1)}, True),
        ({"product_id": 38.5}, False),
        ({"product_id NOT": 38.5}, True),
        ({"product_id <": 2**70}, True),
        ({"product_id >": -(2**70)}, True),
        ({"product_id": 2**70}, False),
        # dates and times
        ({"day": "2024-02-29"}, True),
        ({"day >": "2024-02-28"}, True),
        ({"day": date(2024, 2, 29)}, True),
        ({"day": "2024-02-29T00:00:00Z"}, True),
        ({"listed_at": "2024-02-29T12:30:00"}, True),
        ({"listed_at": "2024-02-29T12:30:00Z"}, True),
        ({"listed_at": "2024-02-29T13:30:00+01:00"}, True),
        ({"listed_at >": "2024-02-29"}, True),
        ({"listed_at <": "2024-02-29"}, False),
        ({"listed_at NOT": "2024-02-29T12:30:00Z"}, False),
    ],
)
def test_a_filter_keeps_what_it_says(filters: Any, expected: bool) -> None:
    assert is_match(filters) is expected


@pytest.mark.parametrize("blank", [" ", "\t", "\n", "\r", "\f", "\v", " \r\n "])
def test_words_are_what_stands_between_blanks_of_any_kind(blank: str) -> None:
    name = f"red{blank}dress"
    assert is_match({"name LIKE": "dress"}, name=name)
    assert is_match({"name LIKE": f"dress{blank}red"}, name=name)
    assert not is_match({"name LIKE": "reddress"}, name=name)


def test_a_time_with_a_zone_is_compared_in_utc() -> None:
    zone = timezone(timedelta(hours=2))
    assert is_match({"listed_at": datetime(2024, 2, 29, 14, 30, tzinfo=zone)})


def test_a_date_is_its_midnight_in_a_column_of_times() -> None:
    assert is_match({"listed_at": date(2024, 2, 29)}, listed_at=datetime(2024, 2, 29))
    assert is_match({"listed_at >": date(2024, 2, 29)})


def test_a_column_whose_name_holds_or_takes_every_operator() -> None:
    columns = {"red OR blue": Column("red OR blue", "int"), "n": Column("n", "int")}
    for operator, value in (("", 5), (" NOT", 4), (" <", 4), (" >=", 5)):
        node = parse_dict({f"red OR blue{operator}": 5}, columns)
        assert node is not None
        assert matches(node, {"red OR blue": value})


ODD_NAMES = ["a OR b", "a OR b OR c", "$and", "$eq", "n NOT", "n <", "NOT", " OR ", "", " ", "👗"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_column_of_any_name_stands_in_any_key(name: str) -> None:
    columns = {one: Column(one, "int") for one in (name, "id")}
    for key, value, kept in [
        (name, 5, [5]),
        (f"{name} NOT", 5, [4, 6]),
        (f"{name} >=", 5, [5, 6]),
        (f"{name} OR id", [5, 1], [5]),
        (f"id OR {name} <", [1, 5], [4]),
        (f"id OR {name} OR {name} NOT", [1, 5, 6], [4, 5]),
    ]:
        node = parse_dict({key: value}, columns)
        assert node is not None
        assert [n for n in (4, 5, 6) if matches(node, {name: n, "id": 0})] == kept, key


def test_a_long_or_of_unknown_columns_is_refused_at_once() -> None:
    columns = {"a OR b": Column("a OR b", "int")}
    with pytest.raises(BadRequest, match="'x'"):
        parse_dict({" OR ".join("x" * 20_000): 1}, columns)


def test_who_looks_for_rows_without_a_value_is_told_how() -> None:
    assert refusal({"price": None}).endswith("asked for as text: `price` IS NULL.")
    assert "IS NULL" not in refusal({"tags": None})  # a filter as text takes no arrays


@pytest.mark.parametrize("values", [["Nike", None], None])
def test_null_as_a_value_is_refused(values: Any) -> None:
    assert "None of type NoneType" in refusal({"gender": values})
    assert "None of type NoneType" in refusal({"tags NOT": values})


def test_a_value_nested_too_deep_to_show_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert "[[[[[[[...]]]]]]] of type list" in refusal({"price <": deep})
    assert "[[[[[[[...]]]]]]] of type list" in refusal([deep])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tags": "sale"}, AnyOf(COLUMNS["tags"], ("sale",))),
        ({"tags NOT": ["a", "b"]}, AnyOf(COLUMNS["tags"], ("a", "b"), negated=True)),
        ({"name LIKE": "a  b"}, Words(COLUMNS["name"], ("a", "b"))),
        ({"name LIKE": "a%"}, Like(COLUMNS["name"], "a%")),
        ({"price <": 5}, Compare(COLUMNS["price"], "<", 5.0)),
    ],
)
def test_a_dict_becomes_a_tree(filters: Any, expected: Any) -> None:
    assert parse_dict(filters, COLUMNS) == expected


def test_the_columns_of_a_filter_are_those_of_all_its_parts() -> None:
    price, name = COLUMNS["price"], COLUMNS["name"]
    tree = Or((Not(And((Compare(price, "<", 5.0), IsNull(name)))), Words(name, ("a",))))
    assert columns_of(tree) == {"price", "name"}


@pytest.mark.parametrize(
    ("filters", "column"),
    [
        ({"gender": "Women"}, "gender"),
        ({"gender NOT": "Men"}, "gender"),
        ({"gender": ["Women"]}, "gender"),
        ({"gender NOT": ["Men"]}, "gender"),
        ({"price <": 1000}, "price"),
        ({"price >=": 0}, "price"),
        ({"price NOT": 1}, "price"),
        ({"name LIKE": "dress"}, "name"),
        ({"name LIKE": "%"}, "name"),
        ({"tags NOT": "old"}, "tags"),
        ({"in_stock": True}, "in_stock"),
        ({"day": "2024-02-29"}, "day"),
    ],
)
def test_a_null_passes_no_condition_not_even_not(filters: Any, column: str) -> None:
    assert is_match(filters)
    assert not is_match(filters, **{column: None})


def test_a_price_that_is_not_a_number_is_treated_as_null() -> None:
    for operator in ("", " NOT", " <", " <=", " >", " >="):
        assert not is_match({f"price{operator}": 10.0}, price=float("nan"))


def test_a_null_on_one_side_of_or_does_not_hide_the_other() -> None:
    assert is_match({"gender OR price <": ["Women", 50]}, price=None)
    assert not is_match({"gender OR price <": ["Men", 50]}, price=None)


def test_an_empty_array_holds_nothing() -> None:
    assert not is_match({"tags": "sale"}, tags=[])
    assert is_match({"tags NOT": "sale"}, tags=[])


@pytest.mark.parametrize(
    ("filters", "stored"),
    [
        ({"price": 1e20}, 1e20),
        ({"price >": 1e19}, 1e20),
        ({"price <=": 1e20}, 1e20),
        ({"price": [1e20, 1]}, 1e20),
        ({"price <": -1e19}, -1e20),
    ],
)
def test_numbers_beyond_64_bits_compare_by_value_in_a_float_column(
    filters: Any, stored: float
) -> None:
    assert is_match(filters, price=stored)


@pytest.mark.parametrize(
    "filters",
    [{"product_id <": 10**400}, {"product_id >": -(10**400)}, {"price <": 10**400}],
    ids=["int", "negative int", "float"],
)
def test_a_number_beyond_every_float_is_still_just_a_very_large_number(filters: Any) -> None:
    assert is_match(filters)


def test_a_number_of_thousands_of_digits_gets_a_clean_answer() -> None:
    # Python itself refuses to write such a number, in a message too.
    assert not is_match({"product_id": 10**5000})
    assert is_match({"product_id NOT": 10**5000})
    assert is_match({"product_id <": 10**5000})
    assert is_match({"price >": -(10**5000)})
    assert "of type int can't be compared" in refusal({"gender": 10**5000})


@pytest.mark.parametrize("empty", [None, {}, [], [{}], [{}, {}], ()])
def test_an_empty_filter_is_no_filter(empty: Any) -> None:
    assert parse_dict(empty, COLUMNS) is None


# ------------------------------------------------------------------ refusals
@pytest.mark.parametrize(
    "key",
    ["price <= ", "price IN", "price =", "price !=", "price BETWEEN", "price  <", "price not",
     "gender like", "price <=>", "price NOT IN", "base color IN"],
)  # fmt: skip
def test_an_unknown_operator_is_refused_with_the_key_as_written(key: str) -> None:
    assert refusal({key: 50}) == f"Invalid operator used in filter: {key}"


def test_a_bad_operator_inside_an_or_shows_the_whole_key() -> None:
    key = "gender OR price <= "
    assert refusal({key: ["Men", 50]}) == f"Invalid operator used in filter: {key}"


def test_an_unknown_column_is_named_with_the_nearest_one() -> None:
    message = refusal({"colour": "Red"})
    assert "'colour'" in message
    assert "Did you mean 'price'?" in refusal({"prise <": 50})
    assert "'gendre'" in refusal({"price < OR gendre": [50, "Men"]})
    assert "base color, day, gender" in message


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"price": "cheap"}, ["'cheap'", "str", "'price'", "float"]),
        ({"price": None}, ["None", "'price'"]),
        ({"price": True}, ["True", "bool", "'price'"]),
        ({"price": float("nan")}, ["nan", "'price'"]),
        ({"price": "nan"}, ["'nan'", "'price'"]),
        ({"price <": [1, 2]}, ["[1, 2]", "'price'"]),
        ({"price <": {}}, ["{}", "dict", "'price'"]),
        ({"gender": 5}, ["5", "int", "'gender'", "string"]),
        ({"gender": ["Men", None]}, ["None", "'gender'"]),
        ({"gender": "\ud800"}, ["'gender'"]),
        ({"in_stock": 1}, ["1", "'in_stock'", "boolean"]),
        ({"in_stock": "true"}, ["'true'", "boolean"]),
        ({"day": "2024-02-30"}, ["'2024-02-30'", "date"]),
        ({"day": "2024-02-29T12:00:00"}, ["2024-02-29T12:00:00", "date"]),
        ({"listed_at": "yesterday"}, ["'yesterday'", "timestamp"]),
        ({"listed_at >": 1700000000}, ["1700000000", "timestamp"]),
        ({"tags": 5}, ["5", "'tags'"]),
    ],
)
def test_a_value_of_another_kind_is_shown_with_what_the_column_holds(
    filters: Any, words: list[str]
) -> None:
    message = refusal(filters)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"gender <": "Men"}, ["<", "'gender'", "string"]),
        ({"in_stock >=": True}, [">=", "'in_stock'", "boolean"]),
        ({"sizes >": 36}, [">", "'sizes'", "arrays"]),
        ({"price LIKE": "4%"}, ["LIKE", "'price'"]),
        ({"tags LIKE": "sale"}, ["LIKE", "'tags'"]),
        ({"name LIKE": "   "}, ["LIKE", "at least one word"]),
        ({"name LIKE": ["a", "b"]}, ["'name LIKE'"]),
        ({"image_embedding": 0.6}, ["'image_embedding'", "can't be filtered"]),
    ],
)
def test_an_operator_that_does_not_fit_the_column_is_refused(
    filters: Any, words: list[str]
) -> None:
    message = refusal(filters)
    assert all(word in message for word in words), message


@pytest.mark.parametrize("values", [["Men"], ["Men", 50, 60], []])
def test_or_needs_one_value_for_each_column(values: list[Any]) -> None:
    assert f"names 2 columns but has {len(values)} values" in refusal({"gender OR price <": values})


def test_or_takes_single_values() -> None:
    assert "takes a single value" in refusal({"gender OR price <": [["Men", "Women"], 50]})


def test_a_list_of_one_is_its_value_where_one_is_expected() -> None:
    """LlamaIndex sends ranges, and columns of an OR, so."""
    one = parse_dict({"gender OR price <": [["Men"], [50]], "price >=": [5]}, COLUMNS)
    assert one == parse_dict({"gender OR price <": ["Men", 50], "price >=": 5}, COLUMNS)


def test_a_condition_takes_1_to_1024_values() -> None:
    assert MAX_ELEMENTS == 1024
    assert is_match({"sizes": [*range(1000, 2023), 36]})
    assert "1025 values" in refusal({"sizes": list(range(1025))})
    assert "0 values" in refusal({"gender": []})


@pytest.mark.parametrize("filters", ["price < 5", 5, True, [5], [["price <", 5]], [None]])
def test_what_is_no_dict_is_shown(filters: Any) -> None:
    assert "expected a dict" in refusal(filters)


def test_a_key_that_is_not_text_is_shown() -> None:
    assert "5" in refusal({5: "x"})
    assert "not text" in refusal({None: "x"})


def test_parsing_does_not_change_the_filter() -> None:
    filters = [{"gender": ["Men", "Women"], "gender OR price <": ["Men", 50]}]
    parse_dict(filters, COLUMNS)
    assert filters == [{"gender": ["Men", "Women"], "gender OR price <": ["Men", 50]}]
