"""Which tables and views a statement names, and their rows as Arrow: only what the statement can see.

Knows names and columns; not what a statement does with them.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from sqlglot import exp

from engine.core.names import ThreePartName
from engine.core.types import with_each
from engine.errors import BadStatement, NotFound, NotSupported
from engine.service.cancellation import check
from engine.service.catalogs.columns import ColumnFacts
from engine.service.sql.files.finding import FilesOfVolumes
from engine.service.sql.language.dialect import parse
from engine.service.sql.routines.calls import RoutineCalls
from engine.service.sql.routines.known import KnownRoutines
from engine.service.sql.session import Session, TemporaryView
from engine.service.sql.shown.information_schema import SCHEMA, InformationSchema, missing
from engine.service.sql.unresolved import refuse_twins, refuse_unread
from engine.service.unity_catalog import UnityCatalog
from engine.store.tables.table import Table
from engine.store.tables.table_store import TableStore
from engine.store.tables.versions import AsOf
from engine.store.tables.views import View

MOST_BYTES = 8 << 30  # of the rows that one statement reads
_READ_ROWS = 65_536
_MOST_DIGITS = 38  # of DuckDB's decimals, as of Spark's
_MOST_VIEWS = 32  # within each other
SHOWN = "shown"  # mark of a node that is named in DuckDB's terms already
SHOWN_SCHEMA = "schema"  # mark of such a node: the columns of what it stands for
_ROWS = "rows"  # mark of a node that stands for rows at hand: their name in the session
_INFORMATION = "information"  # mark of a node that stands for a relation of an information schema
_VIEW = "view"  # mark of a query that stands for a view: the view's name
# The column of a written table that says the places of its rows; no statement can know its name.
ROW = f"vitrine_row_{secrets.token_hex(8)}"


@dataclass(frozen=True)
class Scope:
    """What names in one text mean: catalog and schema, and the session whose views it sees.

    Attributes:
        moment: gives the time that an expression stands for.
    """

    session: Session
    moment: Callable[[exp.Expression], datetime]
    depth: int = 0


class Relations:
    """The tables and views of a workspace, as statements name them."""

    def __init__(
        self, tables: TableStore, unity_catalog: UnityCatalog, files: FilesOfVolumes
    ) -> None:
        self.tables, self.views = tables, unity_catalog.views
        self._catalog, self.files = unity_catalog, files
        self.information = InformationSchema(unity_catalog)
        self.routines = KnownRoutines(unity_catalog, self.found)
        self.calls = RoutineCalls(self.routines, self.name_fully)

    # ------------------------------------------------------------------ names
    def name_of(self, node: exp.Table, session: Session) -> ThreePartName:
        """The full name that a node stands for. Raises BadStatement where it is none."""
        if not all(isinstance(part, exp.Identifier) for part in node.parts):
            raise BadStatement(f"{node.sql(dialect='databricks'):.80} is not the name of a table.")
        return session.full_name(tuple(part.name for part in node.parts))

    def found(self, name: ThreePartName) -> ThreePartName | None:
        """The name as the table or view that it means spells it; letter case doesn't matter."""
        if self.tables.exists(name) or self.views.exists(name):
            return name
        wanted = str(name).lower()
        known = [*self.tables.names(), *self.views.names()]
        return next((one for one in known if str(one).lower() == wanted), None)

    def open(self, name: ThreePartName, as_of: AsOf | None = None) -> Table:
        """A table, or a version of it. Raises NotFound in the cloud's words, with what may be meant."""
        known = self.found(name)
        if known is None or not self.tables.exists(known):
            raise self.missing(name)
        return self.tables.get(known, as_of)

    def column_facts(self, name: ThreePartName) -> ColumnFacts:
        """What is kept of a table's columns beside its files; see `Tables.column_facts`."""
        return self._catalog.tables.column_facts(str(name))

    def properties(self, name: ThreePartName) -> dict[str, str]:
        """TBLPROPERTIES of a table."""
        return self._catalog.tables.properties(str(name))

    def missing(self, name: ThreePartName) -> NotFound:
        """What to raise for a name that nothing has."""
        if name.schema.lower() == SCHEMA:
            return missing(name)
        try:
            self.tables.get(name)
        except NotFound as error:
            hint = error.message
        else:
            hint = ""
        return NotFound(
            f"[TABLE_OR_VIEW_NOT_FOUND] The table or view `{name.catalog}`.`{name.schema}`."
            f"`{name.name}` cannot be found. {hint}".rstrip()
        )

    # ------------------------------------------------------------------ views
    def with_views(self, tree: exp.Expression, scope: Scope) -> exp.Expression:
        """A tree in which each view is its query, each function of a catalog its body, and each table
        carries its full name; changes it.

        Raises:
            NotFound: a name that nothing has. NotSupported: a relation of another kind.
        """
        if scope.depth > _MOST_VIEWS:
            raise BadStatement("Views name each other in a circle, or are nested too deep.")
        tree = self.calls.expanded(tree, scope.session)
        for node in list(tree.find_all(exp.Table)):
            if node.meta.get(SHOWN) or isinstance(node.this, exp.Func) or is_cte(node):
                continue
            self._resolve(node, tree, scope)
        return tree

    def _resolve(self, node: exp.Table, tree: exp.Expression, scope: Scope) -> None:
        """Put what a name stands for in its place, or mark the node with it."""
        _refuse_parts(node)
        single = node.name if len(node.parts) == 1 and not node.args.get("version") else ""
        if single and scope.session.rows_of(single) is not None:
            node.meta[_ROWS] = single
            return
        view = scope.session.view(single) if single else None
        if view is not None:
            _replace(node, tree, self._of_view(view, scope), single.lower())
            return
        name = self.name_of(node, scope.session)
        known = self.found(name)
        is_information = known is None and self.information.has(name)
        if known is None and not is_information:
            raise self.missing(name)
        if not node.alias or node.alias.lower() == node.name.lower():
            shorten(tree, name)
        if known is None:
            node.meta[_INFORMATION] = name
            _give_alias(node)
        elif self.tables.exists(known):
            _carry(node, known, version_of(node, scope))
        elif node.args.get("version"):
            raise NotSupported(
                f"[DELTA_UNSUPPORTED_TIME_TRAVEL_VIEWS] {known} is a view, which has no versions: "
                "say the version in its query, or of its tables."
            )
        else:
            _replace(node, tree, self._of_view(self.views.get(known), scope), known)

    def _of_view(self, view: View | TemporaryView, scope: Scope) -> exp.Expression:
        query = parse(view.text).tree
        assert query is not None  # a view was made of a query
        session = Session(view.catalog, view.schema)
        if isinstance(view, TemporaryView):  # it sees the session's others
            session = scope.session.at(view.catalog, view.schema)
        inner = self.with_views(query.copy(), Scope(session, scope.moment, scope.depth + 1))
        if view.columns:
            names = [exp.to_identifier(name, quoted=True) for name in view.columns]
            renamed = exp.Subquery(
                this=inner, alias=exp.TableAlias(this=exp.to_identifier("v"), columns=names)
            )
            inner = exp.select("*").from_(renamed)
        return inner

    def name_fully(self, query: exp.Expression, session: Session) -> exp.Expression:
        """A query whose tables and lasting views carry full names, as a temporary view keeps it."""
        for node in query.find_all(exp.Table):
            if isinstance(node.this, exp.Func) or is_cte(node):
                continue
            if len(node.parts) > 1 or session.view(node.name) is None:
                name = self.name_of(node, session)
                node.set("catalog", exp.to_identifier(name.catalog, quoted=True))
                node.set("db", exp.to_identifier(name.schema, quoted=True))
        return query

    # ------------------------------------------------------------------ rows
    def schema_of(self, node: exp.Table, session: Session) -> pa.Schema | None:
        """The columns of a table or of rows at hand, as DuckDB reads them; None for other relations."""
        shown: pa.Schema | None = node.meta.get(SHOWN_SCHEMA)
        if shown is not None:
            return shown
        held = session.rows_of(node.meta[_ROWS]) if _ROWS in node.meta else None
        if held is not None:
            return readable(held.schema)
        name = node.meta.get("table")
        if not isinstance(name, ThreePartName):
            return None
        return readable(self.open(name, node.meta.get("as_of")).schema)

    def rows(self, table: Table, columns: Iterable[str]) -> pa.Table:
        """Some columns of a table, as DuckDB can read them; without columns the number of rows.

        Raises:
            BadStatement: a table without columns, too much to read at once, or two columns that SQL
                takes for one. Cancelled: the caller has gone.
        """
        names = list(columns)
        refuse_unread(table.name, table.schema.names)
        refuse_twins(table.name, names)
        if not names:
            return pa.table({f"c{secrets.token_hex(8)}": pa.nulls(table.num_rows, pa.int8())})
        schema = readable(pa.schema([table.schema.field(name) for name in names]))
        batches, size = [], 0
        for batch in table.batches(names, _READ_ROWS):
            check()
            size += batch.nbytes
            if size > MOST_BYTES:
                raise BadStatement(
                    f"Table {table.name}: the columns {', '.join(names)} take more than "
                    f"{MOST_BYTES >> 30} GB. Ask for fewer columns, such as none of vectors."
                )
            batches.append(batch)
        found = pa.Table.from_batches(batches, schema=batches[0].schema if batches else schema)
        return found if found.schema == schema else found.cast(schema)


def tables_of(
    tree: exp.Expression,
) -> dict[tuple[ThreePartName, AsOf | None], list[exp.Table]]:
    """The nodes of a tree that stand for tables, by name and version; see `Relations.with_views`."""
    found: dict[tuple[ThreePartName, AsOf | None], list[exp.Table]] = {}
    for node in tree.find_all(exp.Table):
        name = node.meta.get("table")
        if isinstance(name, ThreePartName):
            found.setdefault((name, node.meta.get("as_of")), []).append(node)
    return found


def rows_at_hand(tree: exp.Expression) -> dict[str, list[exp.Table]]:
    """The nodes of a tree that stand for rows at hand, by their name in the session."""
    found: dict[str, list[exp.Table]] = {}
    for node in tree.find_all(exp.Table):
        if _ROWS in node.meta and not node.meta.get(SHOWN):
            found.setdefault(node.meta[_ROWS], []).append(node)
    return found


def information_of(tree: exp.Expression) -> dict[ThreePartName, list[exp.Table]]:
    """The nodes of a tree that stand for relations of an information schema, by name."""
    found: dict[ThreePartName, list[exp.Table]] = {}
    for node in tree.find_all(exp.Table):
        if _INFORMATION in node.meta and not node.meta.get(SHOWN):
            found.setdefault(node.meta[_INFORMATION], []).append(node)
    return found


def seen_columns(tree: exp.Expression, table: Table) -> list[str]:
    """The columns of a table that a tree can see: all for a star, else those that it names."""
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            return list(table.schema.names)
    if any(join.args.get("method") for join in tree.find_all(exp.Join)):  # NATURAL
        return list(table.schema.names)
    names = {identifier.name.lower() for identifier in tree.find_all(exp.Identifier)}
    names |= {str(literal.this).lower() for literal in tree.find_all(exp.Var)}
    return [name for name in table.schema.names if name.lower() in names]


def rename(node: exp.Table, shown: str) -> None:
    """Let a node stand for a table that DuckDB was shown, under the name that its user knows."""
    _give_alias(node)
    node.set("this", exp.to_identifier(shown, quoted=True))
    node.set("db", None)
    node.set("catalog", None)


def _give_alias(node: exp.Table) -> None:
    if not node.alias:
        node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))


def shorten(tree: exp.Expression, name: ThreePartName) -> None:
    """Let columns that are named with a table's catalog and schema do without them."""
    whole = [part.lower() for part in (name.catalog, name.schema, name.name)]
    for column in tree.find_all(exp.Column):
        above = [part.name.lower() for part in column.parts[:-1]]
        if len(above) > 1 and above == whole[-len(above) :]:
            column.set("db", None)
            column.set("catalog", None)


def _carry(node: exp.Table, name: ThreePartName, as_of: AsOf | None) -> None:
    node.meta["table"], node.meta["as_of"] = name, as_of
    node.set("version", None)
    _give_alias(node)


def views_of(tree: exp.Expression) -> set[str | ThreePartName]:
    """The views that a tree reads, also through others; temporary ones have a name of one part."""
    found = (node.meta.get(_VIEW) for node in tree.find_all(exp.Subquery))
    return {name for name in found if name is not None}


def _replace(
    node: exp.Table, tree: exp.Expression, query: exp.Expression, view: str | ThreePartName
) -> None:
    """Put a view's query in the place of its name."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(node.name, quoted=True))
    inner = exp.Subquery(this=query, alias=alias.copy())
    inner.meta[_VIEW] = view
    for part in ("joins", "laterals", "pivots", "sample"):
        if node.args.get(part):
            inner.set(part, node.args[part])
    node.replace(inner)


def version_of(node: exp.Table, scope: Scope) -> AsOf | None:
    """The version that a name says, `VERSION AS OF n` or `TIMESTAMP AS OF time`; None for the newest."""
    said = node.args.get("version")
    if said is None:
        return None
    value = said.expression
    if str(said.args["kind"]) == "AS OF" and value is not None:
        if str(said.this).upper() == "TIMESTAMP":
            return AsOf(moment=scope.moment(value))
        if isinstance(value, exp.Literal) and str(value.this).isdecimal():
            return AsOf(version=int(str(value.this)))
    raise BadStatement(
        f"{node.sql(dialect='databricks'):.80}: expected VERSION AS OF a whole number, or TIMESTAMP AS "
        "OF a time."
    )


_REFUSED_PARTS = (
    "when",
    "changes",
    "rows_from",
    "only",
    "partition",
    "format",
    "pattern",
)


def _refuse_parts(node: exp.Table) -> None:
    for part in _REFUSED_PARTS:
        if node.args.get(part):
            raise NotSupported(
                f"{node.sql(dialect='databricks'):.80}: reading a part of a table is not supported."
            )


def is_cte(node: exp.Table) -> bool:
    """Whether a name of one part is that of a common table expression which it can see."""
    if len(node.parts) != 1:
        return False
    wanted, child, seen = node.name.lower(), node, None
    parent = node.parent
    while parent is not None:
        if isinstance(parent, exp.With):
            place = [one is child for one in parent.expressions].index(True)
            upto = len(parent.expressions) if parent.recursive else place
            visible, seen = parent.expressions[:upto], parent
        else:
            found = parent.args.get("with_")
            visible = found.expressions if found is not None and found is not seen else []
        if any(one.alias.lower() == wanted for one in visible):
            return True
        child, parent = parent, parent.parent
    return False


def readable(schema: pa.Schema) -> pa.Schema:
    """A table's columns in types that DuckDB can read."""
    return pa.schema([field.with_type(with_each(field.type, readable_type)) for field in schema])


def readable_type(kind: pa.DataType) -> pa.DataType:
    """The type that a column is read in.

    DuckDB knows no halves, and decimals of up to 38 digits; numbers without a sign are not the cloud's,
    where one less than 0 is -1.
    """
    if pa.types.is_float16(kind):
        return pa.float32()
    if pa.types.is_uint64(kind):
        return pa.decimal128(20, 0)
    if pa.types.is_unsigned_integer(kind) or pa.types.is_duration(kind):
        return pa.int64()  # what Parquet has of a duration
    if pa.types.is_decimal256(kind):
        fits = kind.precision <= _MOST_DIGITS
        return pa.decimal128(kind.precision, kind.scale) if fits else pa.string()
    return kind
