"""The reply's exact shape, its values, and page tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.reply import (
    decode_token,
    encode_token,
    json_value,
    reply,
    sent_values,
    sent_values_exactly,
    typed_fields,
    typed_value,
)
from engine.errors import InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)


def test_the_reply_has_the_services_shape() -> None:
    ids = sent_values([13770, 15970])
    rows = list(zip(ids, ["Shirt", None], [0.5412, 0.5320]))
    made = reply(["product_id", "title"], rows)
    assert made == {
        "manifest": {
            "column_count": 3,
            "columns": [{"name": "product_id"}, {"name": "title"}, {"name": "score"}],
        },
        "result": {
            "row_count": 2,
            "data_array": [[13770.0, "Shirt", 0.5412], [15970.0, None, 0.5320]],
        },
        "next_page_token": "",
    }
    assert type(made["result"]["data_array"][0][0]) is float
    assert type(made["result"]["row_count"]) is int


def test_an_empty_reply_has_no_data_array() -> None:
    made = reply(["product_id"], [])
    assert made["result"] == {"row_count": 0}
    assert made["manifest"]["columns"] == [{"name": "product_id"}, {"name": "score"}]


def test_a_page_with_a_token_always_has_rows_and_their_number() -> None:
    made = reply(["product_id"], [], next_page_token="more")
    assert made["result"] == {"row_count": 0, "data_array": []}
    assert made["next_page_token"] == "more"


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, None),
        (True, True),
        (False, False),
        ("", ""),
        ("Größe", "Größe"),
        (7, 7.0),
        (2**53 + 1, float(2**53)),
        (1.5, 1.5),
        (float("nan"), None),
        (float("inf"), None),
        (float("-inf"), None),
        (Decimal("9.95"), 9.95),
        (datetime(2015, 9, 15, 21, 36, 46), "2015-09-15T21:36:46"),
        (datetime(2015, 9, 15, 21, 36, 46, 500_000), "2015-09-15T21:36:46.500000"),
        (date(2015, 9, 15), "2015-09-15"),
        (b"\x00\xff", "AP8="),
        ([1, None, 2], [1.0, None, 2.0]),
        (["a", "b"], ["a", "b"]),
        ([[1], []], [[1.0], []]),
        ({"a": 1, "b": [date(2020, 1, 2)]}, {"a": 1.0, "b": ["2020-01-02"]}),
    ],
)
def test_each_value_arrives_as_the_service_sends_it(value: Any, sent: Any) -> None:
    got = json_value(value)
    assert got == sent
    assert type(got) is type(sent)
    json.dumps(got, allow_nan=False)


def test_integers_can_be_kept_as_integers() -> None:
    [number], [numbers] = sent_values_exactly([7]), sent_values_exactly([[1, 2]])
    assert [type(number), type(numbers[0])] == [int, int]
    assert [number, numbers] == [7, [1, 2]]


def test_the_reply_is_fresh() -> None:
    stored = [1.0, 2.0]
    rows = [("x", *sent_values([stored]), 0.5)]
    made = reply(["name", "vector"], rows)
    made["result"]["data_array"][0].append(9)
    assert rows == [("x", [1.0, 2.0], 0.5)]
    made["result"]["data_array"][0][1].append(9)
    assert stored == [1.0, 2.0]


# ------------------------------------------------------------------ page tokens
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


SECRET = bytes(range(32))


@STEADY
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_token_gives_back_what_was_put_in(state: dict[str, Any]) -> None:
    token = encode_token(state, SECRET)
    assert token.isascii()
    assert decode_token(token, SECRET) == state


@STEADY
@given(st.text() | st.binary() | st.integers() | st.none())
def test_what_is_no_token_is_refused_in_the_services_words(token: Any) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        decode_token(token, SECRET)
    assert caught.value.message == (
        f"Invalid page token: {token}, please use the page token returned from previous page."
    )


@pytest.mark.parametrize("more", ["", "a", "ab"])  # with two, one and no letters of padding
def test_a_token_with_any_letter_changed_is_refused(more: str) -> None:
    token = encode_token({"index": "a" + more, "offset": 1000}, SECRET)
    for place, letter in enumerate(token):
        for other in "AZaz09-_=+/ ":
            if other == letter:
                continue
            with pytest.raises(InvalidParameterValue, match="Invalid page token"):
                decode_token(token[:place] + other + token[place + 1 :], SECRET)


def test_a_token_cut_short_or_made_longer_is_refused() -> None:
    token = encode_token({"offset": 1000}, SECRET)
    for length in range(len(token)):
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            decode_token(token[:length], SECRET)
    for longer in (token + "A", token + "=", token + "AAAA", token + "\n", " " + token, token * 2):
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            decode_token(longer, SECRET)


@STEADY
@given(st.binary(min_size=32, max_size=32).filter(lambda other: other != SECRET))
def test_a_token_of_another_secret_is_refused(other: bytes) -> None:
    with pytest.raises(InvalidParameterValue, match="Invalid page token"):
        decode_token(encode_token({"offset": 1000}, other), SECRET)


def test_a_token_without_signature_is_refused() -> None:
    body = json.dumps({"offset": 1000}).encode()
    for signature in (b"", bytes(16), hashlib.blake2b(body, digest_size=16).digest()):
        forged = base64.urlsafe_b64encode(signature + body).decode()
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            decode_token(forged, SECRET)


# ------------------------------------------------------------------ the scan's typed values
@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (None, {}),
        (float("nan"), {}),
        (True, {"bool_value": True}),
        (False, {"bool_value": False}),
        (7, {"number_value": 7.0}),
        (1.5, {"number_value": 1.5}),
        (Decimal("9.95"), {"number_value": 9.95}),
        ("", {"string_value": ""}),
        ("Größe", {"string_value": "Größe"}),
        (date(2015, 9, 15), {"string_value": "2015-09-15"}),
        (datetime(2015, 9, 15, 21, 36, 46), {"string_value": "2015-09-15T21:36:46"}),
        ([], {"list_value": {"values": []}}),
        ([1, None], {"list_value": {"values": [{"number_value": 1.0}, {}]}}),
        ({"a": "x"}, {"struct_value": {"fields": [{"key": "a", "value": {"string_value": "x"}}]}}),
    ],
)
def test_each_value_of_a_scan_has_the_name_of_its_type(value: Any, sent: Any) -> None:
    got = typed_value(value)
    assert got == sent
    assert [type(v) for v in got.values()] == [type(v) for v in sent.values()]


def test_fields_of_a_scan_keep_their_order() -> None:
    assert typed_fields({"b": 1, "a": None}) == [
        {"key": "b", "value": {"number_value": 1.0}},
        {"key": "a", "value": {}},
    ]


# ------------------------------------------------------------------ facets in a reply
def test_facets_stand_beside_the_rows() -> None:
    made = reply(["n"], [[1, 0.5]], facets=[["brand", "Nike", 2], ["year", 2010, 1]])
    assert made["facet_result"] == {
        "facet_row_count": 2,
        "facet_array": [["brand", "Nike", 2], ["year", 2010, 1]],
    }
    assert made["manifest"]["facet_column_count"] == 3
    assert made["manifest"]["facet_columns"] == [
        {"name": "facet_column_name"},
        {"name": "facet_value"},
        {"name": "facet_count"},
    ]
    assert made["manifest"]["column_count"] == 2


def test_facets_that_were_not_asked_for_are_not_there() -> None:
    made = reply(["n"], [[1, 0.5]])
    assert "facet_result" not in made
    assert set(made["manifest"]) == {"column_count", "columns"}
    empty = reply(["n"], [], facets=[])
    assert empty["facet_result"] == {"facet_row_count": 0, "facet_array": []}


@STEADY
@given(st.lists(st.floats() | st.floats(width=32) | st.just(1e308) | st.integers() | st.none()))
def test_a_list_of_numbers_is_sent_like_its_numbers(numbers: list[Any]) -> None:
    sent = json_value(numbers)
    assert sent == [json_value(number) for number in numbers]
    assert sent is not numbers


PLAIN = (
    st.lists(st.text(max_size=3) | st.none() | st.booleans(), max_size=5)
    | st.lists(st.integers() | st.booleans(), max_size=5)
    | st.lists(st.integers(-(2**53), 2**53), max_size=5)
    | st.lists(st.floats(), max_size=5)
    | st.lists(st.floats() | st.integers(-9, 9) | st.none(), max_size=5)
    | st.lists(st.decimals(allow_nan=False) | st.dates() | st.lists(st.floats()), max_size=5)
)


@STEADY
@given(PLAIN, st.booleans())
def test_a_column_is_sent_as_its_values_are_one_by_one(values: list[Any], as_floats: bool) -> None:
    sent = sent_values(values) if as_floats else sent_values_exactly(values)
    expected = [json_value(value, as_floats) for value in values]
    assert [(type(v), repr(v)) for v in sent] == [(type(v), repr(v)) for v in expected]


def test_infinities_of_a_facet_are_told_apart() -> None:
    facets = [["p", float("inf"), 2], ["p", -float("inf"), 1], ["p", 0.1, 1], ["n", 2**53 + 1, 1]]
    rows = reply(["id"], [], facets=facets)["facet_result"]["facet_array"]
    assert rows == [["p", "Infinity", 2], ["p", "-Infinity", 1], ["p", 0.1, 1], ["n", 2**53 + 1, 1]]
