"""The columns of what a query reads, with their types: of tables, inner queries and listed rows.

Knows scopes of queries; the types of expressions it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
from sqlglot import exp
from sqlglot.optimizer.scope import Scope

from engine.service.sql.language.functions.rows import generators
from engine.service.sql.language.functions.types import nested
from engine.service.sql.language.functions.types.coercion import chosen
from engine.service.sql.language.functions.types.decimals import common_type

Columns = dict[str, pa.DataType | None]  # by name in small letters, but for those of tables
Output = tuple[str, pa.DataType | None]
ColumnsOf = Callable[[exp.Table], Columns | None]
TypeOf = Callable[[exp.Expression, Scope | None], pa.DataType | None]
_is = pa.types


class Sources:
    """What the queries of one statement read."""

    def __init__(self, columns_of: ColumnsOf, type_of: TypeOf) -> None:
        """
        Args:
            columns_of: the columns of a table; None where they aren't known.
            type_of: the type of an expression in a scope.
        """
        self._columns_of, self._type_of = columns_of, type_of
        self._columns: dict[int, tuple[exp.Expression, Columns | None]] = {}
        self._tables: dict[int, tuple[exp.Table, Columns | None]] = {}
        self._listed: dict[int, list[Output] | None] = {}

    def type_of_column(self, node: exp.Column, scope: Scope | None) -> pa.DataType | None:
        """The type of a column, or of a structure's field that is named like one."""
        name, table = node.name.lower(), node.table.lower()
        while scope is not None:
            sources = _sources(scope)
            if table and table in sources:
                return (self._of_source(*sources[table]) or {}).get(name)
            columns = [self._of_source(*one) for one in sources.values()]
            if None in columns and not table:
                return None
            first = table or name  # a structure, of which a field is named
            found = [one[first] for one in columns if one is not None and first in one]
            if found:
                kind = found[0] if all(one == found[0] for one in found) else None
                return nested.type_of_field(kind, name) if table else kind
            if not table and isinstance(scope.expression, exp.Select):
                for one in scope.expression.expressions:
                    if isinstance(one, exp.Alias) and one.alias.lower() == name:
                        return self._type_of(one.this, scope)
            scope = scope.parent
        return None

    def outputs(self, scope: Scope) -> Columns | None:
        """The columns of a query; None where not all names are known. Of one name the first."""
        listed = self.listed(scope)
        if listed is None:
            return None
        out: Columns = {}
        for name, kind in listed:
            out.setdefault(name.lower(), kind)
        return out

    def listed(self, scope: Scope) -> list[Output] | None:
        """The columns of a query in their order; None where not all names are known."""
        if id(scope) not in self._listed:
            self._listed[id(scope)] = self._of_query(scope)
        return self._listed[id(scope)]

    def _of_query(self, scope: Scope) -> list[Output] | None:
        query = scope.expression
        if isinstance(query, exp.SetOperation) and len(scope.set_operation_scopes) == 2:
            both = self.of_both(scope)
            if both is None:
                return None
            return [(left[0], widest([left[1], right[1]])) for left, right in both]
        if not isinstance(query, exp.Select):
            return None
        out: list[Output] = []
        for one in query.expressions:
            columns = self._selected(one, scope)
            if columns is None:
                return None
            out += columns
        return out

    def of_both(self, scope: Scope) -> list[tuple[Output, Output]] | None:
        """The columns of the queries of a UNION, and its like, side by side; None where unknown."""
        if scope.expression.args.get("by_name"):
            return None
        left, right = (self.listed(one) for one in scope.set_operation_scopes)
        if left is None or right is None or len(left) != len(right):
            return None
        return list(zip(left, right))

    # ------------------------------------------------------------------ relations
    def _of_source(self, node: exp.Expression, source: exp.Expression | Scope) -> Columns | None:
        if id(node) not in self._columns:
            self._columns[id(node)] = node, None  # for a query that reads itself
            self._columns[id(node)] = node, self._found(node, source)
        return self._columns[id(node)][1]

    def _found(self, node: exp.Expression, source: exp.Expression | Scope) -> Columns | None:
        if isinstance(node, exp.UDTF):
            return self._of_listed(node, source)
        columns: Columns | None = None
        if isinstance(source, Scope):
            within = source.expression.parent
            columns = self.outputs(source)
            if isinstance(within, exp.CTE):
                columns = _renamed(columns, within)
            elif isinstance(within, exp.Subquery):
                node = within
        elif isinstance(source, exp.Table) and generators.is_generator(source.this):
            listed = self._of_generator(source.this, None)
            columns = None if listed is None else {name.lower(): kind for name, kind in listed}
        elif isinstance(source, exp.Table) and not isinstance(source.this, exp.Func):
            known = self._of_table(source)
            columns = known and {name.lower(): kind for name, kind in known.items()}
        pivots = node.args.get("pivots")
        if not pivots:
            return _renamed(columns, node)
        return _turned(columns, pivots[0]) if len(pivots) == 1 else None

    def _of_listed(self, node: exp.UDTF, source: exp.Expression | Scope) -> Columns | None:
        """The columns of rows that are written out, and of lists that become rows."""
        names = [name.lower() for name in node.alias_column_names]
        if not names or not isinstance(source, Scope):
            return None
        if not isinstance(node, exp.Values):
            listed = node.this if isinstance(node, exp.Lateral) else None
            kinds = self._exploded(listed, source) if isinstance(listed, exp.Expression) else []
            return dict(zip(names, kinds if len(kinds) == len(names) else [None] * len(names)))
        rows = [
            row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions
        ]
        if any(len(row) != len(names) for row in rows):
            return None
        return {
            name: common_type([self._type_of(row[place], source) for row in rows])
            for place, name in enumerate(names)
        }

    def _exploded(self, node: exp.Expression, scope: Scope | None) -> list[pa.DataType | None]:
        """The types of the columns that a function makes of a list, a map or several values."""
        if isinstance(node, exp.Stack) and isinstance(node.this, exp.Literal) and node.this.is_int:
            width = -(-len(node.expressions) // max(int(node.this.this), 1))
            rows = range(0, len(node.expressions), max(width, 1))
            return [
                common_type([
                    self._type_of(one, scope) for start in rows
                    for one in node.expressions[start + place : start + place + 1]
                ])
                for place in range(width)
            ]  # fmt: skip
        structures = generators.inlined(node)
        if structures is None and isinstance(node, exp.Anonymous):  # of a text's JSON
            return [pa.string() for _ in node.expressions[1:]]
        if structures is None and not isinstance(node, exp.Explode):
            return []
        whole = self._type_of(node.this if structures is None else structures, scope)
        before = [pa.int32()] if isinstance(node, exp.Posexplode) else []
        if whole is None:
            return []
        if _is.is_map(whole):
            return [*before, whole.key_type, whole.item_type]
        value = nested.value_type(whole)
        if structures is not None:
            return [one.type for one in _fields_of(value)]
        return [*before, value]

    # ------------------------------------------------------------------ what is selected
    def _selected(self, one: exp.Expression, scope: Scope) -> list[Output] | None:
        """The columns that a selected expression is; None where not all names are known."""
        if isinstance(one, exp.Star) or (isinstance(one, exp.Column) and one.is_star):
            return self._of_star(one, scope)
        if isinstance(one, exp.Aliases):
            names = [name.name for name in one.expressions]
            kinds = self._exploded(one.this, scope)
            return list(zip(names, kinds if len(kinds) == len(names) else [None] * len(names)))
        if generators.is_generator(one):
            return self._of_generator(one, scope)
        if isinstance(one, exp.Alias) and isinstance(one.this, exp.Stack):
            kinds = self._exploded(one.this, scope)
            return [(one.alias, kinds[0])] if len(kinds) == 1 else None
        return [(one.alias_or_name, self._type_of(one, scope))]

    def _of_generator(self, node: exp.Expression, scope: Scope | None) -> list[Output] | None:
        kinds = self._exploded(node, scope)
        structures = generators.inlined(node)
        if structures is not None:
            value = nested.value_type(self._type_of(structures, scope))
            return [(one.name, one.type) for one in _fields_of(value)] or None
        name = "c" if isinstance(node, exp.Anonymous) else "col"
        names = [f"{name}{place}" for place in range(len(kinds))]
        if isinstance(node, exp.Explode):
            places = ["pos"] if isinstance(node, exp.Posexplode) else []
            names = [*places, *(["key", "value"] if len(kinds) - len(places) == 2 else ["col"])]
        return list(zip(names, kinds)) if len(kinds) == len(names) else None

    def _of_star(self, star: exp.Expression, scope: Scope) -> list[Output] | None:
        found = self._in_star(star, scope)
        return None if found is None else [output for _, output in found]

    def spread(self, star: exp.Expression, scope: Scope) -> list[exp.Column] | None:
        """The columns that a star stands for; None where not all are known."""
        found = self._in_star(star, scope)
        return found and [
            exp.column(
                exp.to_identifier(name, quoted=True),
                exp.to_identifier(alias, quoted=True) if alias else None,
            )
            for alias, (name, _) in found
        ]

    def _in_star(self, star: exp.Expression, scope: Scope) -> list[tuple[str, Output]] | None:
        """What a star stands for, each with the name of its relation; None where not all is known."""
        whole = star.this if isinstance(star, exp.Column) else star
        if any(whole.args.get(one) for one in ("replace", "rename")):
            return None
        left_out = {one.name.lower() for one in whole.args.get("except_") or []}
        wanted = star.table.lower() if isinstance(star, exp.Column) else ""
        out: list[tuple[str, Output]] = []
        for alias, one in scope.selected_sources.items():
            if wanted not in ("", alias.lower()):
                continue
            columns = self._of_source(*one)
            if columns is None:
                return None
            said = self._spelled(*one)
            out += [
                (alias, (said.get(name, name), kind))
                for name, kind in columns.items()
                if name not in left_out
            ]
        return out

    def _of_table(self, table: exp.Table) -> Columns | None:
        """A table's columns as they are spelled; looked up once."""
        if id(table) not in self._tables:
            self._tables[id(table)] = table, self._columns_of(table)
        return self._tables[id(table)][1]

    def _spelled(self, node: exp.Expression, source: exp.Expression | Scope) -> dict[str, str]:
        """Names of columns as they were given, by them in small letters."""
        names = node.alias_column_names
        if isinstance(source, Scope):
            names = [*names, *(name for name, _ in self.listed(source) or [])]
        elif isinstance(source, exp.Table) and not isinstance(source.this, exp.Func):
            names = [*names, *(self._of_table(source) or {})]
        return {name.lower(): name for name in names}


def _fields_of(kind: pa.DataType | None) -> list[pa.Field]:
    return kind.fields if kind is not None and _is.is_struct(kind) else []


def widest(kinds: Sequence[pa.DataType | None]) -> pa.DataType | None:
    """The type of what is one of values of these types; None where it can't be told."""
    return common_type(chosen(kinds))


def _renamed(columns: Columns | None, node: exp.Expression) -> Columns | None:
    """Columns by the names that an alias gives them: `AS c(x, y)`."""
    names = [name.lower() for name in node.alias_column_names]
    if columns is None or not names:
        return columns
    return dict(zip(names, columns.values())) if len(names) == len(columns) else None


def _turned(columns: Columns | None, pivot: exp.Expression) -> Columns | None:
    """Columns of which some became rows of names and values; None where rows became columns."""
    if columns is None or not pivot.args.get("unpivot"):
        return None
    fields, values = pivot.args.get("fields") or [], pivot.expressions
    if len(fields) != 1 or len(values) != 1 or not isinstance(fields[0], exp.In):
        return None
    turned = [
        (one.this if isinstance(one, exp.PivotAlias) else one).name.lower()
        for one in fields[0].expressions
    ]
    kept = {name: kind for name, kind in columns.items() if name not in turned}
    value = widest([columns.get(name) for name in turned])
    return {**kept, fields[0].this.name.lower(): pa.string(), values[0].name.lower(): value}


def _sources(scope: Scope) -> dict[str, tuple[exp.Expression, exp.Expression | Scope]]:
    """What a query reads by names in small letters; of LATERAL, what stands before it."""
    if not isinstance(scope.expression, exp.UDTF):
        return {alias.lower(): one for alias, one in scope.selected_sources.items()}
    return {
        alias.lower(): (one.expression if isinstance(one, Scope) else one, one)
        for alias, one in scope.sources.items()
    }
