"""JSON of requests: a name twice, integers beyond 64 bits, NaN, half characters; and what stays fast."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.doors.rest.json_text import parse_exactly, parse_json, parse_rows
from engine.errors import InvalidParameterValue

TWICE = [
    '{"a": 1, "a": 2}',
    '{"a":1,"b":2,"a":1}',
    '{"a" : 1, "a":2}',
    '{"a"\n:1,"a"\t:2}',
    '{"a": 1, "\\u0061": 2}',
    '{"a\\\\": 1, "a\\\\": 2}',
    '{"a\\"": 1, "a\\"": 2}',
    '{"": 1, "": 2}',
    '[{"v": [1, 2]}, {"v": [1], "v": [2]}]',
    '{"a": [1, {"b": 1, "b": 2}]}',
    '{"a": "\\":", "b": {"c": [[{"d": 1, "d": 1}]]}}',
]


@pytest.mark.parametrize("text", TWICE)
@pytest.mark.parametrize("parse", [parse_json, parse_rows, parse_exactly])
@pytest.mark.parametrize("form", [str, str.encode], ids=["text", "bytes"])
def test_a_name_twice_in_one_object_is_refused_and_named(parse: Any, text: str, form: Any) -> None:
    with pytest.raises(
        InvalidParameterValue, match=r"has the name '.*' 2 times; give each name once"
    ):
        parse(form(text))


NAMES = st.text(max_size=3) | st.sampled_from(['"', "\\", '":', '\\":', " :", "a", "é", "👗"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | NAMES | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")]), st.booleans())
def test_json_is_read_as_by_pythons_own_module(
    value: Any, separators: tuple[str, str], escaped: bool
) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=escaped)
    for parse in (parse_json, parse_rows, parse_exactly):
        assert parse(text) == parse(text.encode()) == json.loads(text)


PAIRS = st.lists(st.tuples(st.sampled_from(["a", "b", "\\", '"', '":']), VALUES), max_size=4)


@given(PAIRS, st.sampled_from([":", ": ", " : "]))
@example([("\\", 1), ("\\", 2)], ":")
def test_a_repeated_name_never_slips_through(pairs: list[tuple[str, Any]], colon: str) -> None:
    body = ", ".join(f"{json.dumps(name)}{colon}{json.dumps(value)}" for name, value in pairs)
    names = [name for name, _ in pairs]
    try:
        values = parse_json(f"{{{body}}}")
    except InvalidParameterValue:
        assert len(set(names)) < len(names)
    else:
        assert list(values) == names


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_name_twice_is_found_among_few_and_among_many(names: int, twice: int) -> None:
    values = {f"n{i}": [0.5] * 3 for i in range(names)}
    text = json.dumps(values)
    assert parse_json(text) == values
    if names:
        again = f'{text[:-1]}, "n{twice % names}": 1}}'
        with pytest.raises(
            InvalidParameterValue, match=rf"has the name 'n{twice % names}' 2 times"
        ):
            parse_json(again)


def test_integers_beyond_64_bits_stay_what_they_are_in_rows() -> None:
    assert parse_rows('[{"id": 18446744073709551617}]') == [{"id": 2**64 + 1}]
    assert parse_exactly('{"id": 18446744073709551617}') == {"id": 2**64 + 1}


def test_numbers_of_a_filter_are_exact() -> None:
    read = parse_exactly('{"x": 12345678901234567.89, "y": 19.99, "z": [1e2]}')
    assert read == {"x": Decimal("12345678901234567.89"), "y": 19.99, "z": [100.0]}
    assert type(read["y"]) is float


def test_nan_and_half_characters_come_through_for_each_rows_own_check() -> None:
    [row] = parse_rows('[{"x": NaN, "y": -Infinity, "t": "red \\ud83d"}]')
    assert math.isnan(row["x"])
    assert (row["y"], row["t"]) == (-math.inf, "red \ud83d")
    for text in ('{"x": NaN}', '"\\ud83d"', "\ud83d"):
        with pytest.raises(ValueError):
            parse_json(text)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "[" * 100_000, b"\xff", '{"a": 1}}'])
@pytest.mark.parametrize("parse", [parse_json, parse_rows, parse_exactly])
def test_what_is_no_json_is_a_value_error(parse: Any, text: Any) -> None:
    with pytest.raises(ValueError):
        parse(text)
