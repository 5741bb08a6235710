"""What carries out SQL statements. Knows services; not grammar."""

from __future__ import annotations

from engine.core.index_request import IndexRequest
from engine.core.schema import SyncReport
from engine.errors import ResourceConflict
from engine.service.indexes.operations import Indexes
from engine.service.sql.dialect import parse


class Statements:
    """The SQL statements of a workspace."""

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes

    def execute(self, statement: str) -> SyncReport | None:
        """Run `CREATE VECTOR SEARCH INDEX [IF NOT EXISTS] i ON t(column) USING ENDPOINT e`.

        The primary key is the default one, and the dimension that of the column's first vector.

        Returns:
            what the first sync did; None where the index exists and `IF NOT EXISTS` was said.

        Raises:
            NotSupported: any other statement. Otherwise as `create_index`.
        """
        wanted = parse(statement)
        request = IndexRequest(
            wanted.index,
            source_table=wanted.table,
            vector_column=wanted.column,
            endpoint=wanted.endpoint,
        )
        try:
            return self._indexes.create(request)
        except ResourceConflict:
            if wanted.if_not_exists:
                return None
            raise
