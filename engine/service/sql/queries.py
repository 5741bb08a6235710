"""A query of a user run by DuckDB: its names resolved, its functions translated, its tables shown.

Knows the order of these steps; not what is done with the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from engine.errors import BadStatement
from engine.service.sql.ai_functions import AiFunctions
from engine.service.sql.at_hand import fits, taken_as_they_are
from engine.service.sql.database import Connection, Database, Unbound
from engine.service.sql.files.shown import show_files
from engine.service.sql.language.dialect import to_duckdb
from engine.service.sql.language.functions.names import with_inner_names, with_names
from engine.service.sql.language.functions.rows.pivots import without_pivots
from engine.service.sql.language.functions.translation import translate
from engine.service.sql.language.functions.types.known import mark_types
from engine.service.sql.relations import (
    ROW,
    SHOWN,
    SHOWN_SCHEMA,
    Relations,
    Scope,
    information_of,
    readable,
    rename,
    rows_at_hand,
    seen_columns,
    tables_of,
)
from engine.service.sql.session import Session
from engine.service.sql.unresolved import unresolved_column


class QueryRunner:
    """Runs the queries of one statement, over one connection."""

    def __init__(
        self, relations: Relations, ai: AiFunctions, session: Session, connection: Connection
    ) -> None:
        self.relations, self.session, self.connection = relations, session, connection
        self._ai = ai

    def rows(self, query: exp.Expression) -> pa.Table:
        """The rows of a query in the users' dialect, its columns named as the cloud names them.

        Raises:
            NotFound, NotSupported, BadStatement: as it is refused.
        """
        named = self.relations.calls.with_full_names(query.copy(), self.session)
        return self.run(with_names(named))

    def run(self, query: exp.Expression) -> pa.Table:
        """The rows of a query as it is; the tree is changed."""
        return self.finished(self.resolved(query))

    def with_rows(self, rows: Mapping[str, pa.Table]) -> QueryRunner:
        """The same, which knows rows at hand by some names."""
        session = self.session.with_rows(rows)
        return QueryRunner(self.relations, self._ai, session, self.connection)

    def source(self, query: exp.Expression) -> pa.Table:
        """As `run`, for rows that a table takes: rows at hand are not copied, where none changes.

        So a table is made of files that are mapped without their rows in memory.
        """
        taken = taken_as_they_are(query, self.session)
        if taken is not None:
            name, held = taken
            none = self.session.with_rows({name: held.schema.empty_table()})
            wanted = QueryRunner(self.relations, self._ai, none, self.connection).run(query.copy())
            if fits(held.schema, wanted.schema):
                return held.rename_columns(wanted.column_names).cast(wanted.schema)
        return self.run(query)

    def resolved(self, query: exp.Expression) -> exp.Expression:
        """A query with its views in place and its functions translated; the tree is changed."""
        query = self.relations.with_views(query, self.scope())
        show_files(query, self.relations.files, self.connection, self.run)
        with_inner_names(without_pivots(query))
        mark_types(query, self._columns_of)
        return translate(query, self.session)

    def _columns_of(self, node: exp.Table) -> dict[str, pa.DataType | None] | None:
        """The columns of a relation by name; None where they aren't known here."""
        schema = self.relations.schema_of(node, self.session)
        return schema and {field.name: field.type for field in schema}

    def scope(self) -> Scope:
        """What names mean in this statement."""
        return Scope(self.session, self._moment)

    def _moment(self, said: exp.Expression) -> datetime:
        """The time that an expression stands for. Raises BadStatement where it is none."""
        zoned = exp.alias_(exp.cast(said.copy(), exp.DataType.Type.TIMESTAMPTZ), "at")
        at = self.run(exp.select(zoned)).column("at")[0].as_py()
        if at is None:
            raise BadStatement(
                f"[INVALID_TIME_TRAVEL_TIMESTAMP_EXPR] {said.sql(dialect='databricks'):.80} is no time."
            )
        assert isinstance(at, datetime)  # as it was cast
        return at

    def finished(self, query: exp.Expression) -> pa.Table:
        """The rows of a query that was resolved."""
        query = self._ai.resolved(query, self.connection, lambda inner: self.finished(inner))
        for (name, as_of), nodes in tables_of(query).items():
            table = self.relations.open(name, as_of)
            rows = self.relations.rows(table, seen_columns(query, table))
            shown = self.connection.show(rows, readable(table.schema))
            for node in nodes:
                rename(node, shown)
        for given, nodes in rows_at_hand(query).items():
            held = self.session.rows_of(given)
            assert held is not None  # the session said so when the name was read
            shown = self.connection.show(held.cast(readable(held.schema)))
            for node in nodes:
                rename(node, shown)
        for named, nodes in information_of(query).items():
            shown = self.connection.show(self.relations.information.rows(named))
            for node in nodes:
                rename(node, shown)
        try:
            return self.connection.run(to_duckdb(query))
        except Unbound as error:
            columns = self.connection.columns()
            raise unresolved_column(query, columns, ROW) or error from None

    def show(self, table: pa.Table, alias: str) -> exp.Table:
        """A relation of rows at hand, for a query that is made here."""
        return shown_table(self.connection.show(table), alias, readable(table.schema))

    def types_of(self, schema: pa.Schema) -> dict[str, str]:
        """The columns of a schema, each with DuckDB's word for its type."""
        if not len(schema):
            return {}
        name = self.connection.show(readable(schema).empty_table())
        return dict(self.connection.types(f'SELECT * FROM "{name}"'))


def without_rows(query: exp.Expression) -> exp.Expression:
    """A copy of a query that has its columns alone."""
    if isinstance(query, exp.Select):  # within another, DuckDB gives a name twice a number
        return query.limit(0)
    alias = exp.TableAlias(this=exp.to_identifier("q"))
    return exp.select("*").from_(exp.Subquery(this=query.copy(), alias=alias)).limit(0)


def shown_table(name: str, alias: str, schema: pa.Schema) -> exp.Table:
    """A node for a table of some columns that the connection shows."""
    node = exp.Table(
        this=exp.to_identifier(name, quoted=True),
        alias=exp.TableAlias(this=exp.to_identifier(alias, quoted=True)),
    )
    node.meta[SHOWN], node.meta[SHOWN_SCHEMA] = True, schema
    return node


@contextmanager
def running(
    database: Database, relations: Relations, ai: AiFunctions, session: Session
) -> Iterator[QueryRunner]:
    """What runs the queries of one statement; what it was shown is forgotten at the end."""
    with database.connection() as connection:
        yield QueryRunner(relations, ai, session, connection)
