"""SQL of a workspace: one call, its session and its parameters. Loads the parser when first used."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.core.values import check_texts
from engine.errors import InvalidInputException
from engine.service.indexes.operations import Indexes
from engine.service.search.operations import Queries
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.database import Database
from engine.service.sql.session import Session
from engine.service.unity_catalog import UnityCatalog
from engine.store.layout import Layout
from engine.store.tables.table_store import TableStore

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.service.sql.execution import Execution


class Statements:
    """The SQL statements of a workspace. Safe to use from many threads.

    Attributes:
        session: of calls that name none: what USE and temporary views of this object's calls share.
    """

    def __init__(
        self,
        layout: Layout,
        tables: TableStore,
        unity_catalog: UnityCatalog,
        indexes: Indexes,
        serving: ServingEndpoints,
        queries: Queries,
    ) -> None:
        self._layout, self._tables = layout, tables
        self._unity_catalog = unity_catalog
        self._indexes, self._serving, self._queries = indexes, serving, queries
        self._database = Database()
        self.session = Session()

    def execute(
        self,
        statement: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        session: Session | None = None,
    ) -> pa.Table:
        """Run one SQL statement in Databricks' dialect over the workspace's tables.

        Args:
            statement: names have one to three parts; `:name` stands for a parameter.
            parameters: values by name: texts, numbers, truths, dates, times, lists, None, or a
                `TypedText`.
            session: what USE and temporary views are kept in; None for this workspace object's own.

        Returns:
            its rows as a pyarrow Table; for a write, how many rows it changed; without columns where
            there is nothing to say.

        Raises:
            BadStatement: it can't be read or carried out. NotSupported: what isn't translated, by name.
            InvalidParameterValue: a text in it, or in a parameter, holds half of a character.
            NotFound, ResourceConflict, InvalidState: a table or index that is missing, there already,
                or registered from files of yours, which are never changed.
        """
        if not isinstance(statement, str):
            raise InvalidInputException(f"statement is {statement!r:.80}; expected SQL text.")
        check_texts([statement, parameters or {}])
        chosen = self.session if session is None else session
        return self._execution.run(statement, parameters or {}, chosen)

    def run(self, statement: str, parameters: Mapping[str, Any], session: Session) -> pa.Table:
        """As `execute`, for a caller that has all three."""
        return self.execute(statement, parameters=parameters, session=session)

    def split(self, text: str) -> list[str]:
        """The statements of a text, which semicolons part. Raises BadStatement."""
        from engine.service.sql.language.dialect import split

        return split(text)

    @functools.cached_property
    def _execution(self) -> Execution:
        from engine.service.sql.execution import Execution  # with sqlglot, which takes a while

        return Execution(
            self._layout,
            self._tables,
            self._unity_catalog,
            self._indexes,
            self._serving,
            self._queries,
            self._database,
        )
