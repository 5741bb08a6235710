"""What an agent written with databricks-openai and openai-agents finds over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Found = dict[str, Any]
TOOL = "main__shop__by_text"
BLUE = {"3", "4", "7"}


@pytest.fixture(scope="session")
def found(run_application: Callable[[str], Found]) -> Found:
    return run_application("openai")


@pytest.mark.parametrize("who", ["token", "principal"])
def test_an_agent_finds_rows_by_the_tool_of_an_index(found: Found, who: str) -> None:
    agent = found["agent"][who]
    assert agent["tools"] == [TOOL]
    assert agent["turns"] == ["ToolCallItem", "ToolCallOutputItem", "MessageOutputItem"]
    assert agent["rows"] == found["ranked"][:5]


@pytest.mark.parametrize("who", ["token", "principal"])
def test_meta_parameters_bound_and_filter_what_a_tool_finds(found: Found, who: str) -> None:
    assert found["agent"][who]["two_blue"] == [k for k in found["ranked"] if k in BLUE][:2]


def test_the_toolkit_for_chat_completions_lists_and_runs_the_tool(found: Found) -> None:
    function = found["toolkit"]["spec"]["function"]
    assert function["name"].endswith(TOOL)
    assert list(function["parameters"]["properties"]) == ["query"]
    assert function["parameters"]["required"] == ["query"]
    assert found["toolkit"]["rows"] == found["ranked"][:5]


def test_the_retriever_tool_asks_the_index_itself(found: Found) -> None:
    assert [row["metadata"]["id"] for row in found["retriever"]] == found["ranked"][:3]
