"""What the fixtures for tests of applications give: a workspace that is filled in one line, and a login.

Knows rows and indexes; not pytest, whose plugin is `installed/vitrine_search/pytest_plugin.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.core.names import table_name
from engine.doors.client.client import AISearchClient, AISearchIndex
from engine.errors import InvalidInputException
from engine.service.given_rows import dimension_of, schema_of, table_of, vector_columns
from engine.workspace import Workspace

if TYPE_CHECKING:
    from engine.doors.http.credentials import Credentials

MODEL = "databricks-gte-large-en"  # a stand-in of that name is in every workspace


class Mirror:
    """A workspace, and what a test needs to fill it in one line.

    Attributes:
        workspace: the `engine.Workspace`, for everything else.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def table(self, name: str, rows: object) -> str:
        """Make or replace a table; returns its full name.

        Args:
            name: one or two parts are completed by the default catalog and schema.
            rows: an Arrow table or a list of dicts; numbers, text, dates, lists of them.

        Raises:
            InvalidInputException: rows of another form. InvalidParameterValue: a bad name.
        """
        full = str(table_name(name))
        self.workspace.write_table(full, table_of(rows))
        return full

    def index(
        self,
        name: str,
        rows: object = None,
        *,
        source_table: str | None = None,
        primary_key: str = "id",
        vector_column: str | None = None,
        text_column: str | None = None,
        model: str | None = None,
        dimension: int | None = None,
        index_subtype: str | None = None,
        columns_to_sync: list[str] | None = None,
        pipeline_type: str = "TRIGGERED",
        endpoint: str = "test_endpoint",
        endpoint_type: str | None = None,
    ) -> AISearchIndex:
        """Make a delta sync index, with endpoint and source table where they are missing, and fill it.

            vitrine.index("main.shop.shirts", rows)                    # vectors in a column of rows
            vitrine.index("main.shop.docs", rows, text_column="text")  # managed embeddings
            vitrine.index("main.shop.words", rows, index_subtype="FULL_TEXT")

        Args:
            name: one or two parts are completed as for a table.
            rows: an Arrow table or a list of dicts, which become the source table.
            source_table: its name, None for the index's name with `_source` behind it; without rows,
                a table that is there.
            vector_column: None for the only column that holds lists of floats.
            text_column, model: a column of texts, and the serving endpoint that encodes them, `MODEL`
                where none is named.
            endpoint_type: None for STANDARD, for FULL_TEXT STORAGE_OPTIMIZED.

        Returns:
            the in-process index, with `name`, `similarity_search`, `sync` and the rest.

        Raises:
            InvalidInputException: no rows, or no column to take. Otherwise as `create_index`.
        """
        full, source = self._source(name, rows, source_table)
        is_full_text = (index_subtype or "").upper() == "FULL_TEXT"
        if vector_column is None and text_column is None and not is_full_text:
            vector_column = _only_vector_column(self.workspace.read_table(source))
        kind = "STORAGE_OPTIMIZED" if is_full_text else "STANDARD"
        self._make_endpoint(endpoint, endpoint_type or kind)
        self.workspace.create_index(
            full,
            endpoint=endpoint,
            primary_key=primary_key,
            source_table=source,
            vector_column=vector_column,
            source_column=text_column,
            model_endpoint=model if text_column is None else model or MODEL,
            dimension=dimension,
            pipeline_type=pipeline_type,
            columns_to_sync=columns_to_sync,
            index_subtype=index_subtype,
        )
        return self._open(full)

    def direct_index(
        self,
        name: str,
        rows: object = None,
        *,
        primary_key: str = "id",
        vector_column: str | None = None,
        schema: Mapping[str, str] | None = None,
        dimension: int | None = None,
        model: str | None = None,
        endpoint: str = "test_endpoint",
        endpoint_type: str = "STANDARD",
    ) -> AISearchIndex:
        """Make a direct access index, with the endpoint where it is missing, and upsert the rows.

        Args:
            rows: an Arrow table or a list of dicts; None for an empty index.
            vector_column, schema, dimension: read from the rows where they are not given.
            model: serving endpoint that encodes the texts of queries; None where they bring vectors.

        Raises:
            InvalidInputException: nothing to read the schema from, or rows that don't fit it.
                Otherwise as `create_direct_access_index`.
        """
        full = str(table_name(name))
        column, size, types = _direct_facts(rows, vector_column, dimension, schema)
        self._make_endpoint(endpoint, endpoint_type)
        self.workspace.create_direct_access_index(
            full,
            endpoint=endpoint,
            primary_key=primary_key,
            dimension=size,
            vector_column=column,
            schema=types,
            model_endpoint=model,
        )
        index = self._open(full)
        if rows is not None:
            _upsert(index, rows)
        return index

    def _make_endpoint(self, name: str, kind: str) -> None:
        if not self.workspace.endpoint_exists(name):
            self.workspace.create_endpoint(name, kind)

    def _source(self, name: str, rows: object, source_table: str | None) -> tuple[str, str]:
        """Full names of the index and of its source table, which is written where there are rows."""
        full = str(table_name(name))
        if rows is not None:
            return full, self.table(source_table or f"{full}_source", rows)
        if source_table is None:
            raise InvalidInputException(
                f"index {full} needs rows, or source_table= of a table that is there."
            )
        return full, str(table_name(source_table))

    def _open(self, name: str) -> AISearchIndex:
        return AISearchClient(workspace=self.workspace).get_index(index_name=name)


class ServedMirror(Mirror):
    """A workspace that a server on this machine answers for.

    Attributes:
        url: of the server, `http://127.0.0.1:...`.
        token: works as a personal access token, whatever the environment is set to.
        client_id, client_secret: of its one service principal.
    """

    def __init__(self, workspace: Workspace, url: str, login: Credentials) -> None:
        super().__init__(workspace)
        self.url = url
        self.token = login.token
        self.client_id = login.client_id
        self.client_secret = login.client_secret


def _upsert(index: AISearchIndex, rows: object) -> None:
    reply = index.upsert(table_of(rows).to_pylist())
    if reply["status"] != "SUCCESS":
        failed = ", ".join(reply["result"]["failed_primary_keys"][:5])
        raise InvalidInputException(f"rows with these keys don't fit index {index.name}: {failed}.")


def _only_vector_column(table: Any) -> str:
    found = vector_columns(table)
    if len(found) != 1:
        raise InvalidInputException(
            f"rows have {len(found)} columns with lists of floats, of {', '.join(table.column_names)}; "
            "say vector_column=, text_column= for managed embeddings, or "
            'index_subtype="FULL_TEXT" for words alone.'
        )
    return found[0]


def _direct_facts(
    rows: object, column: str | None, dimension: int | None, schema: Mapping[str, str] | None
) -> tuple[str, int, Mapping[str, str]]:
    """Vector column, dimension and schema of a direct access index, given or read from the rows."""
    if rows is not None:
        table = table_of(rows)
        found = column or _only_vector_column(table)
        return found, dimension or dimension_of(table, found), schema or schema_of(table)
    if schema is None or dimension is None or column is None:
        raise InvalidInputException(
            "an empty direct access index needs schema=, dimension= and vector_column=; with rows "
            "they are read from them."
        )
    return column, dimension, schema
