"""Tools of indexes without a transport: what is listed, what a call finds, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from managed_mcp.shop import NAME, NOTES, TOOL, shop_in
from support.encoder import CountingEncoder

from engine import Settings, Workspace
from engine.doors.mcp.parameters import RESULTS, Refused
from engine.doors.mcp.tools import IndexTools
from engine.errors import BadRequest, CorruptFile, VitrineError

COLUMNS = ["id", "text", "price", "score"]


@pytest.fixture
def tools(shop: Workspace) -> IndexTools:
    return IndexTools(shop, "main", "shop")


def rows_of(tools: IndexTools, query: str = "red dress", **meta: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(tools.call(TOOL, {"query": query}, meta))
    return found


def ranked(shop: Workspace, columns: list[str], **asked: Any) -> list[list[Any]]:
    """What the API's own query answers; a score is the last value of a row."""
    reply = shop.query_index(NAME, columns=columns, query_text="red dress", **asked)
    found: list[list[Any]] = reply["result"].get("data_array", [])
    return found


# ------------------------------------------------------------------ listed
def test_a_schema_s_indexes_with_managed_embeddings_are_its_tools(tools: IndexTools) -> None:
    assert [tool.name for tool in tools.listed()] == ["main__shop__by__name", TOOL]


def test_an_index_s_address_has_its_tool_alone(shop: Workspace) -> None:
    assert [t.name for t in IndexTools(shop, "main", "shop", "by_text").listed()] == [TOOL]


def test_a_tool_takes_one_text_and_says_what_it_searches(tools: IndexTools) -> None:
    tool = tools.listed()[1]
    assert list(tool.input_schema["properties"]) == tool.input_schema["required"] == ["query"]
    for word in (NAME, "main.shop.notes", *COLUMNS):
        assert word in tool.description
    assert "__" not in tool.description


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("main", "nowhere"), "nowhere"),
        (("nowhere", "shop"), "nowhere"),
        (("main", "shop", "gone"), "Vector search index main.shop.gone not found"),
        (("main", "shop", "by_txt"), "Did you mean main.shop.by_text"),
        (("main", "shop", "words"), "no managed embeddings"),
        (("main", "shop", "own_vectors"), "no managed embeddings"),
        (("main", "shop", "direct"), "no managed embeddings"),
        (("main", "shop", "odd name!"), "not found"),
        (("main.shop", "x"), "main.shop"),
    ],
)
def test_an_address_without_tools_is_refused(
    shop: Workspace, address: tuple[str, ...], text: str
) -> None:
    with pytest.raises(Refused) as caught:
        IndexTools(shop, *address).listed()
    assert text in caught.value.in_words


def test_what_is_not_there_is_refused_without_this_machines_folders(
    tools: IndexTools, tmp_path: Path
) -> None:
    empty = IndexTools(Workspace(tmp_path / "empty"), "main", "shop")
    near = " Did you mean main.shop.by_text or main.shop.by__name?"
    for asked, hint in ((tools, near), (empty, "")):
        with pytest.raises(Refused) as caught:
            asked.call("main__shop__zzz_text", {"query": "a"}, {})
        expected = f"Vector search index main.shop.zzz_text not found.{hint}"
        assert caught.value.in_words == expected


def test_a_schema_without_indexes_has_no_tools(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.write_table("main.bare.t", pa.table({"id": [1]}))
    assert IndexTools(workspace, "main", "bare").listed() == []


def test_a_damaged_index_and_an_orphan_are_their_own_trouble(tmp_path: Path) -> None:
    workspace = shop_in(tmp_path)
    spec = next((workspace.path / "indexes").glob("main.shop.by__name/*.json"))
    spec.write_text("{")
    for copy in spec.parent.glob("*.json*"):
        copy.write_text("{")
    tools = IndexTools(Workspace(workspace.path), "main", "shop")
    assert [tool.name for tool in tools.listed()] == [TOOL]
    with pytest.raises(CorruptFile):
        tools.call("main__shop__by__name", {"query": "red"}, {})
    workspace.delete_endpoint("shop")
    assert tools.listed() == []
    with pytest.raises(Refused, match="endpoint"):
        tools.call(TOOL, {"query": "red"}, {})


# ------------------------------------------------------------------ called
def test_rows_are_objects_of_all_columns_but_internal_ones(
    shop: Workspace, tools: IndexTools
) -> None:
    expected = [dict(zip(COLUMNS, row)) for row in ranked(shop, COLUMNS, num_results=RESULTS)]
    assert rows_of(tools) == expected
    assert len(expected) == RESULTS
    assert expected[0] == {"id": "n00", "text": "red dress", "price": 0.0, "score": -1.0}


def test_an_index_whose_name_has_two_underscores_is_found(tools: IndexTools) -> None:
    text = tools.call("main__shop__by__name", {"query": "red dress"}, {"num_results": 1})
    assert json.loads(text) == [{"id": "n00", "text": "red dress"}]


@pytest.mark.parametrize("as_floats", [True, False])
def test_integers_are_those_of_the_api_s_query(tmp_path: Path, as_floats: bool) -> None:
    workspace = Workspace(settings=Settings(tmp_path, "hashed", integers_as_floats=as_floats))
    workspace.write_table("main.shop.t", pa.table({"id": [7], "text": ["red dress"]}))
    workspace.create_index(
        NAME,
        source_table="main.shop.t",
        source_column="text",
        model_endpoint="databricks-gte-large-en",
        primary_key="id",
        create_endpoint=True,
    )
    (row,) = rows_of(IndexTools(workspace, "main", "shop"))
    assert repr(row["id"]) == ("7.0" if as_floats else "7")


def test_scores_are_the_query_s(shop: Workspace, tools: IndexTools) -> None:
    found = rows_of(tools, columns="id, text", include_score="true", num_results="3")
    expected = ranked(shop, ["id", "text"], num_results=3)
    assert [list(row.values()) for row in found] == expected
    assert list(found[0]) == ["id", "text", "score"]
    assert "score" not in rows_of(tools, columns="id", include_score="false")[0]


@pytest.mark.parametrize("value", ["true", "TRUE", True])
def test_a_score_is_asked_for_in_either_form(tools: IndexTools, value: object) -> None:
    assert rows_of(tools, columns="id", include_score=value)[0]["score"] == 1.0


def test_filters_are_json_text(shop: Workspace, tools: IndexTools) -> None:
    condition = {"price >": 2, "price <": 6}
    found = rows_of(tools, columns="id", filters=json.dumps(condition))
    expected = ranked(shop, ["id"], filters=condition, num_results=RESULTS)
    assert [row["id"] for row in found] == [row[0] for row in expected]
    assert {row["id"] for row in found} == {"n03", "n04", "n05"}
    assert rows_of(tools, filters='{"price >": 100}') == []


@pytest.mark.parametrize("kind", ["HYBRID", "hybrid", "ANN"])
def test_a_type_of_query_is_passed_on(shop: Workspace, tools: IndexTools, kind: str) -> None:
    found = rows_of(tools, columns="id", query_type=kind, num_results=7, include_score="true")
    assert [list(row.values()) for row in found] == ranked(
        shop, ["id"], query_type=kind, num_results=7
    )


@pytest.mark.parametrize("value", [0.9, "0.9", 1, "1"])
def test_a_threshold_leaves_out_what_is_lower(tools: IndexTools, value: object) -> None:
    assert [row["id"] for row in rows_of(tools, columns="id", score_threshold=value)] == ["n00"]


def test_rows_are_reranked(shop: Workspace, tools: IndexTools) -> None:
    found = rows_of(tools, columns="id", columns_to_rerank="text", include_score="true")
    expected = ranked(shop, ["id"], columns_to_rerank=["text"], num_results=RESULTS)
    assert [list(row.values()) for row in found] == expected


def test_more_rows_than_a_page_holds_come_at_once(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    texts = [f"dress {n}" for n in range(1200)]
    workspace.write_table("main.shop.t", pa.table({"id": range(1200), "text": texts}))
    workspace.serving.use("words", CountingEncoder())
    workspace.create_index(
        NAME,
        source_table="main.shop.t",
        source_column="text",
        model_endpoint="words",
        primary_key="id",
        create_endpoint=True,
    )
    tools = IndexTools(workspace, "main", "shop")
    found = rows_of(tools, num_results=1100, columns="id")
    assert len({row["id"] for row in found}) == 1100


# ------------------------------------------------------------------ refused
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("by_text", {"query": "red"}),
        (NAME, {"query": "red"}),
        ("main__elsewhere__by_text", {"query": "red"}),
        ("main__shop__gone", {"query": "red"}),
        ("main__shop__words", {"query": "red"}),
        ("main__shop__", {"query": "red"}),
        ("", {"query": "red"}),
        ("x" * 10_000, {"query": "red"}),
        (TOOL, {}),
        (TOOL, {"query": None}),
        (TOOL, {"query": 5}),
        (TOOL, {"query": ["red"]}),
        (TOOL, {"text": "red"}),
    ],
)
def test_a_call_that_can_t_be_made_is_refused(
    tools: IndexTools, name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(Refused) as caught:
        tools.call(name, arguments, {})
    assert len(caught.value.in_words) < 1000


def test_an_index_s_address_has_no_other_tool(shop: Workspace) -> None:
    with pytest.raises(Refused, match="expected main__shop__by_text"):
        IndexTools(shop, "main", "shop", "by_text").call(
            "main__shop__by__name", {"query": "red"}, {}
        )


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("columns", ""),
        ("columns", "id,,text"),
        ("columns", ["id"]),
        ("columns_to_rerank", 5),
        ("filters", "{"),
        ("filters", "price < 5"),
        ("filters", "5"),
        ("filters", {"price <": 5}),
        ("include_score", "yes"),
        ("include_score", 1),
        ("num_results", "many"),
        ("num_results", 2.5),
        ("num_results", True),
        ("num_results", "1e400"),
        ("query_type", "FULL_TEXT"),
        ("query_type", 1),
        ("score_threshold", "high"),
        ("score_threshold", False),
    ],
)
def test_a_bad_parameter_is_named_with_what_it_should_be(
    tools: IndexTools, parameter: str, value: object
) -> None:
    with pytest.raises(Refused) as caught:
        rows_of(tools, **{parameter: value})
    assert caught.value.message.startswith(f"_meta.{parameter} is ")
    assert "; expected " in caught.value.message


@pytest.mark.parametrize(
    "meta",
    [
        {"columns": "id,nothing"},
        {"columns_to_rerank": "nothing"},
        {"filters": '{"nothing": 1}'},
        {"num_results": 0},
        {"num_results": 10**9},
        {"score_threshold": "nan"},
    ],
)
def test_what_the_index_refuses_is_its_own_error(tools: IndexTools, meta: dict[str, Any]) -> None:
    with pytest.raises(BadRequest) as caught:
        rows_of(tools, **meta)
    assert not isinstance(caught.value, Refused)


@pytest.mark.parametrize("query", ["", "\ud800", "x" * 200_000], ids=["empty", "half", "long"])
def test_a_text_that_can_t_be_searched_for(tools: IndexTools, query: str) -> None:
    with pytest.raises(VitrineError):
        rows_of(tools, query)


def test_unknown_names_are_dropped_unless_the_workspace_is_strict(
    tools: IndexTools, tmp_path: Path
) -> None:
    own = {"progressToken": 1, "io.example/mine": {}, "traceparent": "00-1"}
    assert len(rows_of(tools, **own, num_result=1)) == RESULTS
    strict = IndexTools(shop_in(tmp_path, strict_fields=True), "main", "shop")
    assert len(rows_of(strict, **own, num_results=2)) == 2
    with pytest.raises(Refused, match="Did you mean 'num_results'"):
        rows_of(strict, num_result=1)
    with pytest.raises(Refused, match="argument 'num_results'"):
        strict.call(TOOL, {"query": "red", "num_results": 1}, {})


def test_an_index_of_a_stopped_endpoint_says_so(tmp_path: Path) -> None:
    workspace = shop_in(tmp_path)
    workspace.stop_endpoint("shop")
    with pytest.raises(BadRequest, match="STOPPED"):
        rows_of(IndexTools(workspace, "main", "shop"))


def test_every_note_is_found_by_its_own_text(tools: IndexTools) -> None:
    for note in NOTES:
        assert rows_of(tools, note["text"], num_results=1)[0]["id"] == note["id"]
