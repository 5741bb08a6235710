"""An index as a test asks for it, with what can be read from its rows. Knows defaults; no workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from engine.core.index_request import IndexRequest
from engine.errors import InvalidInputException
from engine.service.given_rows import dimension_of, schema_of, table_of, vector_columns

MODEL = "databricks-gte-large-en"  # a serving endpoint of that name is in every workspace


@dataclass(frozen=True)
class NewIndex:
    """What `Mirror.index` takes.

    Attributes:
        name: one or two parts are completed as for a table.
        rows: an Arrow table or a list of dicts, which become the source table.
        source_table: its name, None for the index's name with `_source` behind it; without rows, a
            table that exists.
        vector_column: None for the only column that holds lists of floats.
        text_column, model: a column of texts, and the serving endpoint that encodes them, `MODEL`
            where none is named.
        endpoint: where it is made; None for the workspace's usual one.
        endpoint_type: None for STANDARD, for FULL_TEXT STORAGE_OPTIMIZED.
    """

    name: str
    rows: object = None
    _: KW_ONLY
    source_table: str | None = None
    primary_key: str = "id"
    vector_column: str | None = None
    text_column: str | None = None
    model: str | None = None
    dimension: int | None = None
    index_subtype: str | None = None
    columns_to_sync: list[str] | None = None
    pipeline_type: str = "TRIGGERED"
    endpoint: str | None = None
    endpoint_type: str | None = None

    @property
    def is_full_text(self) -> bool:
        """Whether the index has no vectors."""
        return (self.index_subtype or "").upper() == "FULL_TEXT"

    @property
    def type_of_endpoint(self) -> str:
        """The type of the endpoint, where it must be made."""
        return self.endpoint_type or ("STORAGE_OPTIMIZED" if self.is_full_text else "STANDARD")

    def request(
        self, name: str, source_table: str, vector_column: str | None, endpoint: str
    ) -> IndexRequest:
        """The index that is asked for, with names that are complete and a column that was found."""
        return IndexRequest(
            name,
            source_table=source_table,
            vector_column=vector_column,
            source_column=self.text_column,
            model_endpoint=self.model if self.text_column is None else self.model or MODEL,
            primary_key=self.primary_key,
            endpoint=endpoint,
            dimension=self.dimension,
            pipeline_type=self.pipeline_type,
            columns_to_sync=self.columns_to_sync,
            index_subtype=self.index_subtype,
        )


def only_vector_column(table: Any) -> str:
    """The only column that holds lists of floats.

    Raises:
        InvalidInputException: none or several do.
    """
    found = vector_columns(table)
    if len(found) != 1:
        raise InvalidInputException(
            f"rows have {len(found)} columns with lists of floats, of {', '.join(table.column_names)}; "
            "say vector_column=, text_column= for managed embeddings, or "
            'index_subtype="FULL_TEXT" for words alone.'
        )
    return found[0]


def direct_columns(
    rows: object, column: str | None, dimension: int | None, schema: Mapping[str, str] | None
) -> tuple[str, int, Mapping[str, str]]:
    """Vector column, dimension and schema of a direct access index, given or read from the rows.

    Raises:
        InvalidInputException: they are neither given nor in the rows.
    """
    if rows is not None:
        table = table_of(rows)
        found = column or only_vector_column(table)
        return found, dimension or dimension_of(table, found), schema or schema_of(table)
    if schema is None or dimension is None or column is None:
        raise InvalidInputException(
            "an empty direct access index needs schema=, dimension= and vector_column=; with rows "
            "they are read from them."
        )
    return column, dimension, schema
