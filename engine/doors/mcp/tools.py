"""Indexes with managed embeddings as tools: listed, and called. Knows a workspace; no transport.

Truth: names of tools and forms of results as callers of the cloud's managed MCP servers read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.schema import IndexSpec
from engine.doors.mcp.parameters import ARGUMENT, Refused, Search, search_of
from engine.doors.mcp.tool import Tool, last_part, tool_name
from engine.doors.rest.bodies import encode_json
from engine.errors import NotFound
from engine.service.indexes.registry import is_orphan
from engine.service.near_names import meant
from engine.workspace import Workspace

_INTERNAL = "__"  # columns that begin so are not shown
_INPUT: dict[str, Any] = {
    "type": "object",
    "properties": {ARGUMENT: {"type": "string", "description": "The text to search for."}},
    "required": [ARGUMENT],
}


class IndexTools:
    """The tools of one address: a schema's indexes, or one index. Safe to use from many threads."""

    def __init__(
        self, workspace: Workspace, catalog: str, schema: str, index: str | None = None
    ) -> None:
        self._workspace, self._schema, self._index = workspace, f"{catalog}.{schema}", index

    def listed(self) -> list[Tool]:
        """The tools by name; an index without managed embeddings, or that can't be read, has none.

        Raises:
            Refused: no such schema, or the address names an index that is none or has no tool.
        """
        if self._index is not None:
            return [_tool(self._managed(self._index))]
        try:
            self._workspace.get_schema(self._schema)
        except NotFound as error:
            raise Refused(error.message) from None
        return [_tool(index) for index in self._all_managed()]

    def _all_managed(self) -> list[IndexSpec]:
        """The schema's indexes that are tools, by name."""
        return [
            index
            for index in self._workspace.registry.found()
            if isinstance(index, IndexSpec)
            and index.name.startswith(f"{self._schema}.")
            and index.is_managed
            and not is_orphan(index)
        ]

    def call(self, name: str, arguments: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
        """The rows that a tool finds, as the JSON text of a list of objects.

        Raises:
            Refused: no such tool at this address, or a wrong argument or parameter.
            VitrineError: the index can't be searched so.
        """
        spec = self._managed(last_part(name, self._schema, self._index, "index"))
        strict = self._workspace.settings.strict_fields
        search = search_of(spec.name, _shown(spec), arguments, meta, strict)
        return encode_json(self._rows(search)).decode()

    def _managed(self, index: str) -> IndexSpec:
        try:
            spec = self._workspace.registry.open(f"{self._schema}.{index}")[0]
        except NotFound as error:
            # Not the error's own hint, which names this machine's folders and other schemas' indexes.
            near = meant(f"{self._schema}.{index}", [spec.name for spec in self._all_managed()])
            text = f" Did you mean {' or '.join(near)}?" if near else ""
            raise Refused(f"{error.message.rstrip('.')}.{text}") from None
        if not spec.is_managed:
            raise Refused(
                f"Index {spec.name} has no managed embeddings, and only indexes that have them are "
                "tools of MCP. Create it with an embedding_source_column and an "
                "embedding_model_endpoint_name, or query it through the API."
            )
        return spec

    def _rows(self, search: Search) -> list[dict[str, Any]]:
        name = search.request.name
        reply = self._workspace.queries.query(search.request)
        names = [column["name"] for column in reply["manifest"]["columns"]]
        taken = slice(None) if search.include_score else slice(-1)  # the score comes last
        rows = _objects(reply, names, taken)
        while token := reply.get("next_page_token"):
            reply = self._workspace.query_next_page(name, token)
            rows += _objects(reply, names, taken)
        return rows


def _objects(reply: Mapping[str, Any], names: list[str], taken: slice) -> list[dict[str, Any]]:
    return [dict(zip(names[taken], row[taken])) for row in reply["result"].get("data_array", [])]


def _shown(spec: IndexSpec) -> tuple[str, ...]:
    """The columns that are returned where none is named."""
    return tuple(name for name in spec.columns if not name.startswith(_INTERNAL))


def _tool(spec: IndexSpec) -> Tool:
    description = (
        f"Searches the rows of {spec.source_table} whose {spec.source_column} is nearest to a text, "
        f"by the index {spec.name}. A row has {', '.join(_shown(spec))}."
    )
    return Tool(tool_name(spec.name), description, _INPUT)
