"""Tools of functions without a transport: what is listed, what a call gives, and what is refused."""

from __future__ import annotations

import base64
import contextlib
import json
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from managed_mcp.functions import SEARCH, TOOLS, VALUE, answer_of, make_functions
from managed_mcp.shop import NAME, shop_in

from engine import Settings, Workspace
from engine.doors.mcp.functions import FunctionTools
from engine.doors.mcp.parameters import Refused
from engine.errors import BadRequest, CorruptFile, NotSupported, VitrineError

KINDS = "main__shop__kinds"


@pytest.fixture
def tools(shop: Workspace) -> FunctionTools:
    return FunctionTools(shop, "main", "shop")


def value(tools: FunctionTools, name: str, **arguments: Any) -> object:
    columns, rows = answer_of(tools.call(name, arguments, {}))
    assert (columns, len(rows), len(rows[0])) == (["output"], 1, 1)
    return rows[0][0]


def kinds(tools: FunctionTools, **arguments: Any) -> dict[str, object]:
    """What comes back of the arguments that were given."""
    columns, (row,) = answer_of(tools.call(KINDS, arguments, {}))
    given = {name.replace("of", "one") for name in arguments}
    back = dict(zip(columns, row))
    assert all(back[name] is None for name in columns if name not in given)
    return {name: back[name] for name in columns if name in given}


# ------------------------------------------------------------------ listed
def test_a_schema_s_functions_in_sql_are_its_tools(tools: FunctionTools) -> None:
    assert [tool.name for tool in tools.listed()] == TOOLS


@pytest.mark.parametrize("name", ["discounted", "Discounted"])
def test_a_function_s_address_has_its_tool_alone(shop: Workspace, name: str) -> None:
    assert [tool.name for tool in FunctionTools(shop, "main", "shop", name).listed()] == [VALUE]


def test_a_tool_is_told_as_its_function_is(tools: FunctionTools) -> None:
    search, price = tools.listed()[:2]
    assert search.description == "Finds notes by meaning."
    assert search.input_schema == {
        "type": "object",
        "properties": {
            "wanted": {"type": "string", "description": "What to look for, in words"},
            "most": {"type": "integer", "description": "rows\nDefault: 3"},
        },
        "required": ["wanted"],
    }
    assert "main.shop.discounted" in price.description
    assert "DOUBLE" in price.description
    assert price.input_schema["required"] == ["price"]


def test_arguments_have_the_json_types_of_their_sql_types(tools: FunctionTools) -> None:
    schema = tools.listed()[2].input_schema
    found = {name: dict(one) for name, one in schema["properties"].items()}
    assert all(one.pop("description") == "Default: NULL" for one in found.values())
    number = {"type": "number"}
    assert found == {
        "whole": {"type": "integer"},
        "exact": number,
        "yes": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "moment": {"type": "string", "format": "date-time"},
        "raw": {"type": "string", "contentEncoding": "base64"},
        "words": {"type": "array", "items": {"type": "string"}},
        "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
        "of": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": number}},
        },
        "said": {"type": "string"},
    }
    assert schema["required"] == []


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("main", "nowhere"), "nowhere"),
        (("nowhere", "shop"), "nowhere"),
        (("main.shop", "x"), "main.shop"),
        (("main", "shop", "gone"), "Function 'main.shop.gone' not found."),
        (("main", "shop", "discount"), "Did you mean main.shop.discounted"),
        (("main", "shop", "odd name!"), "not found"),
    ],
)
def test_an_address_without_functions_is_refused(
    shop: Workspace, address: tuple[str, ...], text: str
) -> None:
    with pytest.raises(Refused) as caught:
        FunctionTools(shop, *address).listed()
    assert text in caught.value.in_words


def test_a_schema_without_functions_has_no_tools(shop: Workspace) -> None:
    assert FunctionTools(shop, "main", "elsewhere").listed() == []


def test_what_is_no_tool_says_why(tools: FunctionTools, shop: Workspace) -> None:
    for ask in (
        lambda: tools.call("main__shop__shouted", {"said": "a"}, {}),
        lambda: FunctionTools(shop, "main", "shop", "shouted").listed(),
    ):
        with pytest.raises(NotSupported, match=r"main\.shop\.shouted is a function in PYTHON"):
            ask()
    with pytest.raises(BadRequest, match="numero is no type"):
        tools.call("main__shop__unknown_type", {"x": 1}, {})


def test_a_damaged_function_is_its_own_trouble(tmp_path: Path) -> None:
    workspace = shop_in(tmp_path)
    make_functions(workspace)
    for file in (workspace.path / "unity_catalog" / "functions").rglob("kinds.json*"):
        file.write_text("{")
    tools = FunctionTools(Workspace(workspace.path), "main", "shop")
    assert [tool.name for tool in tools.listed()] == [one for one in TOOLS if one != KINDS]
    with pytest.raises(CorruptFile):
        tools.call(KINDS, {}, {})
    assert value(tools, VALUE, price=3) == 1.5


@pytest.mark.parametrize(
    "facts",
    [
        {"input_params": "x"},
        {"input_params": {"parameters": 5}},
        {"input_params": {"parameters": [{"name": "x", "position": "z"}, {"name": "y"}, None]}},
        {"input_params": {"parameters": [{"name": "x", "type_text": 5}]}},
        {"input_params": {"parameters": [{"name": "x", "type_text": "array<binary>"}]}},
        {"input_params": {"parameters": [{"name": "x", "type_text": "struct<1>", "comment": 5}]}},
        {"routine_definition": None},
        {"data_type": ["INT"]},
    ],
)
def test_a_function_of_odd_facts_is_its_own_trouble(tmp_path: Path, facts: Any) -> None:
    workspace = Workspace(tmp_path)
    workspace.sql("CREATE SCHEMA main.s")
    workspace.sql("CREATE FUNCTION main.s.sound() RETURNS INT RETURN 1")
    whole = {"name": "odd", "catalog_name": "main", "schema_name": "s", "data_type": "INT"}
    body = {"routine_body": "SQL", "routine_definition": "1"}
    workspace.unity_catalog.functions.create({**whole, **body, **facts})
    tools = FunctionTools(workspace, "main", "s")
    assert [one.name for one in tools.listed()][-1] == "main__s__sound"
    for given in (1, [1], {"a": 1}, "x"):
        with contextlib.suppress(VitrineError):
            tools.call("main__s__odd", {"x": given, "y": given}, {})


# ------------------------------------------------------------------ called
def test_a_search_gives_the_rows_of_the_api_s_query(shop: Workspace, tools: FunctionTools) -> None:
    for asked, most in (({"wanted": "red dress"}, 3), ({"wanted": "hat", "most": 5}, 5)):
        columns, rows = answer_of(tools.call(SEARCH, asked, {}))
        reply = shop.query_index(
            NAME, columns=["id", "text", "price"], query_text=asked["wanted"], num_results=most
        )
        expected = reply["result"]["data_array"]
        assert columns == ["id", "text", "price", "score"]
        assert [row[:3] for row in rows] == [row[:3] for row in expected]
        assert [row[3] for row in rows] == pytest.approx([row[3] for row in expected])


def test_all_rows_come(shop: Workspace, tools: FunctionTools) -> None:
    shop.sql(
        "CREATE OR REPLACE FUNCTION main.elsewhere.many(n INT) RETURNS TABLE (id BIGINT) "
        "RETURN SELECT id FROM range(20000) WHERE id < n"
    )
    try:
        many = FunctionTools(shop, "main", "elsewhere")
        _, rows = answer_of(many.call("main__elsewhere__many", {"n": 15_000}, {}))
        assert sorted(rows) == [[n] for n in range(15_000)]
    finally:
        shop.sql("DROP FUNCTION main.elsewhere.many")


def test_a_value_is_the_one_of_a_statement(shop: Workspace, tools: FunctionTools) -> None:
    assert value(tools, VALUE, price=5) == 2.5
    assert value(tools, VALUE, price="5", share=0.1) == 0.5
    (row,) = shop.sql("SELECT main.shop.discounted(19.99, 0.3) AS v").to_pylist()
    assert value(tools, VALUE, price=19.99, share=0.3) == row["v"]


def test_null_is_as_if_not_given(tools: FunctionTools) -> None:
    assert value(tools, VALUE, price=5, share=None) == 2.5
    with pytest.raises(Refused, match="Missing parameter value for price"):
        tools.call(VALUE, {"price": None}, {})


def test_a_function_whose_name_has_two_underscores_is_found(tools: FunctionTools) -> None:
    assert value(tools, "main__shop__order__s_text", id="n01") == "red shoes"
    assert value(tools, "main__shop__order__s_text", id="nothing") is None


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("whole", 2**53 + 1, 2**53 + 1),
        ("whole", "-7", -7),
        ("whole", 7.0, 7),
        ("exact", 19.99, "19.99"),
        ("exact", "0.1", "0.10"),
        ("exact", 12, "12.00"),
        ("yes", True, True),
        ("yes", "False", False),
        ("day", "2024-02-29", "2024-02-29"),
        ("moment", "2024-01-31T12:00:00Z", "2024-01-31T12:00:00.000Z"),
        ("moment", "2024-01-31 12:00:00+02:00", "2024-01-31T10:00:00.000Z"),
        ("raw", base64.b64encode(b"\x00\xff'").decode(), "00FF27"),
        ("words", [], []),
        (
            "words",
            ["it's", None, '"', "\\", "日本", ":p0"],
            ["it's", None, '"', "\\", "日本", ":p0"],
        ),
        ("sizes", {"a b": 1, "it's": None}, {"a b": 1, "it's": None}),
        ("of", {"a": 1, "b": [0.5, 1]}, {"a": 1, "b": [0.5, 1.0]}),
        ("of", {"b": None}, {"a": None, "b": None}),
        ("said", "", ""),
        ("said", "'); DROP TABLE main.shop.notes; --", "'); DROP TABLE main.shop.notes; --"),
        ("said", "\n:whole `x` \\'", "\n:whole `x` \\'"),
    ],
)
def test_a_value_of_json_comes_back_as_it_was(
    tools: FunctionTools, name: str, given: object, expected: object
) -> None:
    assert kinds(tools, **{name: given}) == {name.replace("of", "one"): expected}


@hypothesis.given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(shop: Workspace, text: str) -> None:
    given: dict[str, Any] = {"said": text, "words": [text], "sizes": {text: 1}}
    assert kinds(FunctionTools(shop, "main", "shop"), **given) == given


@hypothesis.given(
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.floats(allow_nan=False, allow_infinity=False)),
)
def test_any_number_comes_back_as_it_was(shop: Workspace, whole: int, numbers: list[float]) -> None:
    given: dict[str, Any] = {"whole": whole, "of": {"a": None, "b": numbers}}
    found = kinds(FunctionTools(shop, "main", "shop"), **given)
    assert found == {"whole": whole, "one": {"a": None, "b": numbers}}


def test_many_arguments_are_given_at_once(tools: FunctionTools) -> None:
    given = {"said": "x", "whole": 1, "sizes": {"a": 1}, "words": ["a"], "yes": False}
    assert kinds(tools, **given) == given


def test_a_long_vector_is_searched_for(shop: Workspace) -> None:
    shop.sql(
        "CREATE OR REPLACE FUNCTION main.elsewhere.nearest(v ARRAY<DOUBLE>) RETURNS TABLE (id STRING) "
        "RETURN SELECT id FROM vector_search(index => 'main.shop.own_vectors', query_vector => v, "
        "num_results => 1)"
    )
    try:
        tools = FunctionTools(shop, "main", "elsewhere")
        for vector, found in (([1, 0.25], "a"), (["0.5", 1], "b")):
            rows = answer_of(tools.call("main__elsewhere__nearest", {"v": vector}, {}))[1]
            assert rows == [[found]]
    finally:
        shop.sql("DROP FUNCTION main.elsewhere.nearest")


def test_another_session_s_words_change_no_call(shop: Workspace, tools: FunctionTools) -> None:
    shop.sql("USE main.elsewhere")
    shop.sql("CREATE OR REPLACE TEMPORARY VIEW notes AS SELECT 'x' AS id, 'y' AS text")
    try:
        assert value(tools, "main__shop__order__s_text", id="n01") == "red shoes"
    finally:
        shop.sql("DROP VIEW notes")
        shop.sql("USE main.default")


# ------------------------------------------------------------------ refused
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("discounted", {"price": 1}),
        ("main.shop.discounted", {"price": 1}),
        ("main__elsewhere__discounted", {"price": 1}),
        ("main__shop__", {"price": 1}),
        ("main__shop__gone", {"price": 1}),
        ("", {}),
        ("x" * 10_000, {}),
        (VALUE, {}),
        (VALUE, {"share": 1}),
        (VALUE, {"Price": 1}),
    ],
)
def test_a_call_that_can_t_be_made_is_refused(
    tools: FunctionTools, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as caught:
        tools.call(name, arguments, {})
    assert len(caught.value.in_words) < 1000


@pytest.mark.parametrize(
    ("name", "given", "text"),
    [
        ("whole", 1.5, "whole number of 64 bits"),
        ("whole", 2**63, "whole number of 64 bits"),
        ("whole", True, "whole number"),
        ("whole", "1_0", "whole number"),
        ("whole", [1], "whole number"),
        ("exact", "abc", "a number"),
        ("exact", "NaN", "a number"),
        ("yes", 1, "true or false"),
        ("yes", "yes", "true or false"),
        ("day", "2024-02-30", "a date such as"),
        ("day", 20240230, "a date such as"),
        ("moment", "noon", "a time such as"),
        ("raw", "!", "base64"),
        ("words", "a", "a list"),
        ("words", [1], r"words\[0\] is 1; expected a text"),
        ("sizes", [["a", 1]], "an object"),
        ("sizes", {"a": "x"}, r"sizes\.a is 'x'; expected a whole number of 32 bits"),
        ("of", {"a": 1, "c": 2}, "Argument of has no field 'c'; it has a, b"),
        ("of", {"b": [1, "x"]}, r"of\.b\[1\] is 'x'; expected a number"),
        ("said", 5, "a text"),
        ("said", {"a": 1}, "a text"),
    ],
)
def test_a_wrong_argument_is_named_with_what_it_should_be(
    tools: FunctionTools, name: str, given: object, text: str
) -> None:
    with pytest.raises(Refused, match=text) as caught:
        tools.call(KINDS, {name: given}, {})
    assert caught.value.message.startswith(f"Argument {name}")


def test_what_a_statement_refuses_is_its_own_error(tools: FunctionTools) -> None:
    for name, arguments in (
        (SEARCH, {"wanted": "red", "most": 0}),
        (SEARCH, {"wanted": ""}),
        (KINDS, {"exact": 10**12}),
        (KINDS, {"said": "\ud800"}),
    ):
        with pytest.raises(VitrineError) as caught:
            tools.call(name, arguments, {})
        assert not isinstance(caught.value, Refused), name


def test_a_function_s_address_has_no_other_tool(shop: Workspace) -> None:
    with pytest.raises(Refused, match=f"expected {VALUE}"):
        FunctionTools(shop, "main", "shop", "discounted").call(SEARCH, {"wanted": "a"}, {})


def test_unknown_names_are_dropped_unless_the_workspace_is_strict(tmp_path: Path) -> None:
    statement = "CREATE FUNCTION main.s.twice(price DOUBLE) RETURNS DOUBLE RETURN price * 2"
    asked = {"price": 2, "prices": 3}
    for strict in (False, True):
        settings = Settings(tmp_path / str(strict), "hashed", strict_fields=strict)
        workspace = Workspace(settings=settings)
        workspace.sql("CREATE SCHEMA main.s")
        workspace.sql(statement)
        tools = FunctionTools(workspace, "main", "s")
        own = {"progressToken": 1, "io.example/mine": {}}
        assert json.loads(tools.call("main__s__twice", {"price": 2}, own))["rows"] == [[4.0]]
        if not strict:
            assert tools.call("main__s__twice", asked, {"num_results": 1})
            continue
        with pytest.raises(Refused, match=r"argument 'prices'\. Did you mean 'price'"):
            tools.call("main__s__twice", asked, {})
        with pytest.raises(Refused, match="_meta parameter 'num_results'"):
            tools.call("main__s__twice", {"price": 2}, {"num_results": 1})
