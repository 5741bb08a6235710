"""The reply's exact shape, its values, and page tokens."""

from __future__ import annotations

import base64
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.reply import decode_token, encode_token, json_value, reply
from engine.errors import InvalidParameterValue

STEADY = settings(derandomize=True, deadline=None)


def test_the_reply_has_the_services_shape() -> None:
    made = reply(["product_id", "title"], [[13770, "Shirt", 0.5412], [15970, None, 0.5320]])
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
    row = reply(["n", "l"], [[7, [1, 2], 1]], integers_as_floats=False)["result"]["data_array"][0]
    assert [type(row[0]), type(row[1][0]), type(row[2])] == [int, int, float]
    assert row == [7, [1, 2], 1.0]


def test_the_reply_is_fresh() -> None:
    stored = [1.0, 2.0]
    rows = [["x", stored, 0.5]]
    made = reply(["name", "vector"], rows)
    made["result"]["data_array"][0][1].append(9)
    made["result"]["data_array"][0].append(9)
    assert rows == [["x", [1.0, 2.0], 0.5]]
    assert stored == [1.0, 2.0]


# ------------------------------------------------------------------ page tokens
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@STEADY
@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_a_token_gives_back_what_was_put_in(state: dict[str, Any]) -> None:
    token = encode_token(state)
    assert token.isascii()
    assert decode_token(token) == state


@STEADY
@given(st.text() | st.binary() | st.integers() | st.none())
def test_what_is_no_token_is_refused_in_the_services_words(token: Any) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        decode_token(token)
    assert caught.value.message == (
        f"Invalid page token: {token}, please use the page token returned from previous page."
    )


@STEADY
@given(st.data())
def test_a_changed_token_is_refused(data: st.DataObject) -> None:
    token = encode_token({"index": "a", "offset": 1000})
    place = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.sampled_from("AZaz09-_="))
    changed = token[:place] + letter + token[place + 1 :]
    if base64.b64decode(changed + "===", "-_") == base64.b64decode(token, "-_"):
        return
    with pytest.raises(InvalidParameterValue, match="Invalid page token"):
        decode_token(changed)


def test_a_token_cut_short_is_refused() -> None:
    token = encode_token({"offset": 1000})
    for length in range(len(token)):
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            decode_token(token[:length])
