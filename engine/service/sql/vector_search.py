"""`vector_search(...)` as a relation of a statement: one search, or one for each row of other tables.

Knows the function's arguments; not how an index is searched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.core.arrow.objects import column_from, rows_of
from engine.core.query_request import QueryRequest
from engine.core.schema import IndexSpec
from engine.core.types import widest_type
from engine.core.values import shown as shown_value
from engine.errors import BadStatement, InvalidParameterValue, NotSupported
from engine.service.search.operations import Queries
from engine.service.serving.endpoint_models import check_vectors_model
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.database import Connection
from engine.service.sql.relations import SHOWN, readable
from engine.store.indexes.versions import Version

SCORE = "search_score"
MOST_SEARCHES = 1000  # of one call beside other tables
_ARGUMENTS = (
    "index",
    "query_text",
    "query_vector",
    "query",
    "num_results",
    "query_type",
    "filters",
)
_PASSED = {"query_type": "query_type", "filters": "filter_string", "num_results": "num_results"}
_ASKED = "vitrine_asked_"  # prefix of the columns that say which search a row answers
_FOUND = "vitrine_found"

Rows = Callable[[exp.Expression], pa.Table]


class VectorSearch:
    """What carries out `vector_search` in a statement."""

    def __init__(self, queries: Queries, serving: ServingEndpoints) -> None:
        self._queries, self._serving = queries, serving

    def resolve(self, tree: exp.Expression, connection: Connection, rows: Rows) -> None:
        """Put tables of what was found in the place of the calls; changes the tree.

        Args:
            rows: what answers a part of the statement.

        Raises:
            BadStatement, NotSupported: arguments that can't be used. NotFound: no such index.
            InvalidState: `ai_query` makes its vector by another model than the index's.
        """
        for node in list(tree.find_all(exp.Table, exp.Lateral)):
            call = node.this
            if node.meta.get(SHOWN):
                continue
            if not isinstance(call, exp.Anonymous) or str(call.this).lower() != "vector_search":
                if isinstance(call, exp.Anonymous):
                    _table_function(node, call)
                continue
            given = _arguments(call)
            if any(map(_names_column, given.values())):
                self._for_each_row(node, given, connection, rows)
            else:
                values = _values(node, given, rows)
                found = self._found(values[0] if values else {}, _models(given))
                name = connection.show(found)
                _put(node, exp.Table(this=exp.to_identifier(name, quoted=True)))

    def _for_each_row(
        self,
        node: exp.Expression,
        given: Mapping[str, exp.Expression],
        connection: Connection,
        rows: Rows,
    ) -> None:
        """One search for each distinct set of arguments that the relations before the call have."""
        asked = rows(_distinct(node, given))
        if asked.num_rows > MOST_SEARCHES:
            raise BadStatement(
                f"vector_search would run {asked.num_rows:,} times; at most {MOST_SEARCHES:,} times "
                "in a statement. Ask for fewer rows beside it."
            )
        parts, columns, models = [], [], _models(given)
        for row in rows_of(asked):
            found = self._found(row, models)
            columns = found.column_names
            for name, field in zip(given, asked.schema):
                repeated = column_from([row[name]] * found.num_rows, field.type)
                found = found.append_column(f"{_ASKED}{name}", repeated)
            parts.append(found)
        if not parts:
            raise BadStatement(
                "vector_search: the relations before it have no rows to search with."
            )
        shown = connection.show(pa.concat_tables(parts, promote_options="permissive"))
        _put(node, exp.Subquery(this=_answers(shown, given, columns)))

    def _found(self, given: Mapping[str, Any], models: frozenset[str]) -> pa.Table:
        """The rows of one search, with all columns of the index and the score.

        Args:
            models: serving endpoints that made the vector it asks with.
        """
        index = given.get("index")
        if not isinstance(index, str):
            raise BadStatement("vector_search: index must be the name of an index, in quotes.")
        spec, version, columns, rows = self._queries.rows(
            lambda known: _request(index, known, given), index
        )
        for endpoint in models:
            check_vectors_model(self._serving, spec, version, endpoint)
        values = list(zip(*rows)) if rows else [()] * (len(columns) + 1)
        fields = [_field(spec, version, name) for name in columns]
        arrays = [_array(list(value), field) for value, field in zip(values, fields)]
        found = pa.table(arrays, schema=pa.schema(fields))
        score = pa.array(values[-1], pa.float64())
        return found.cast(readable(found.schema)).append_column(SCORE, score)


def _answers(shown: str, given: Mapping[str, exp.Expression], columns: list[str]) -> exp.Select:
    """The query of what was found for the values that a call's arguments have.

    Args:
        shown: the table of all that was found, by values.
    """
    conditions = [
        exp.NullSafeEQ(this=exp.column(f"{_ASKED}{name}", quoted=True), expression=value.copy())
        for name, value in given.items()
    ]
    names = [exp.to_identifier(f"{_FOUND}_{place}") for place in range(len(columns))]
    asked_names = [exp.to_identifier(f"{_ASKED}{name}", quoted=True) for name in given]
    # Other names than the index's, or its columns would be taken for those that arguments name.
    alias = exp.TableAlias(this=exp.to_identifier(_FOUND), columns=[*names, *asked_names])
    table = exp.Table(this=exp.to_identifier(shown, quoted=True), alias=alias)
    inner = exp.select(*map(exp.column, names)).from_(table).where(exp.and_(*conditions))
    wanted = [
        exp.alias_(exp.column(name.copy()), column, quoted=True)
        for name, column in zip(names, columns)
    ]
    return exp.select(*wanted).from_(inner.subquery(_FOUND))


def _models(given: Mapping[str, exp.Expression]) -> frozenset[str]:
    """The endpoints that `ai_query` asks for the vector of a search, as far as they are named."""
    vectors = [given[name] for name in ("query_vector", "query") if name in given]
    calls = [call for vector in vectors for call in vector.find_all(exp.Anonymous)]
    asked = [call for call in calls if str(call.this).lower() == "ai_query" and call.expressions]
    named = [call.expressions[0] for call in asked]
    plain = [one.expression if isinstance(one, exp.Kwarg) else one for one in named]
    return frozenset(str(one.this) for one in plain if isinstance(one, exp.Literal))


def _request(index: str, columns: list[str], given: Mapping[str, Any]) -> QueryRequest:
    vector, text = given.get("query_vector"), given.get("query_text")
    either = given.get("query")
    if isinstance(either, str):
        text = text if text is not None else either
    elif either is not None:
        vector = vector if vector is not None else either
    asked: dict[str, Any] = {}
    for name, argument in _PASSED.items():
        if given.get(name) is not None:
            asked[argument] = given[name]
    asked |= _filters(asked.pop("filter_string", None))
    if vector is not None:
        asked["query_vector"] = _numbers(vector)
    if text is not None:
        asked["query_text"] = text
    return QueryRequest(index, columns=columns, **asked)


def _filters(given: object) -> dict[str, Any]:
    """A filter as text, or as JSON where it begins so: the API's two ways to write it.

    Raises:
        BadStatement: it begins as JSON, and is none.
    """
    if not isinstance(given, str) or not given.lstrip().startswith(("{", "[")):
        return {} if given is None else {"filter_string": given}
    try:
        return {"filters": json.loads(given)}
    except (ValueError, RecursionError) as error:
        raise BadStatement(
            f"vector_search: filters is {given!r:.200}, which is not JSON ({error}); expected an object "
            'such as {"price <": 50}, or text such as "price < 50".'
        ) from None


def _numbers(vector: object) -> list[float]:
    """A query's vector as numbers, which may be decimals. Raises BadStatement for anything else."""
    found = vector if isinstance(vector, list) else []
    if not found or not all(isinstance(one, (int, float, Decimal)) for one in found):
        raise BadStatement(
            f"vector_search: query_vector is {shown_value(vector)}; expected numbers."
        )
    return [float(one) for one in found]


def _arguments(call: exp.Anonymous) -> dict[str, exp.Expression]:
    out: dict[str, exp.Expression] = {}
    for argument in call.expressions:
        if not isinstance(argument, exp.Kwarg):
            raise BadStatement(
                "vector_search takes its arguments by name, such as index => 'a.b.c'."
            )
        name = str(argument.this.name).lower()
        if name not in _ARGUMENTS:
            raise InvalidParameterValue(
                f"vector_search has no argument {name!r:.60}; it takes {', '.join(_ARGUMENTS)}."
            )
        out[name] = argument.expression
    return out


def _names_column(value: exp.Expression) -> bool:
    """Whether an argument names a column of a relation beside the call; a subquery's are its own,
    but for those that say another relation."""
    inside = {one.alias_or_name.lower() for one in value.find_all(exp.Table, exp.Subquery, exp.CTE)}
    for column in value.find_all(exp.Column):
        above: exp.Expression | None = column
        while above is not value and above is not None and not isinstance(above, exp.Query):
            above = above.parent
        is_own = isinstance(above, exp.Query) and (
            not column.table or column.table.lower() in inside
        )
        if not is_own:
            return True
    return False


def _values(
    node: exp.Expression, given: Mapping[str, exp.Expression], rows: Rows
) -> list[dict[str, Any]]:
    """The values of arguments that depend on no relation beside the call."""
    named = [exp.alias_(value.copy(), name, quoted=True) for name, value in given.items()]
    if not named:
        return []
    query, around = exp.select(*named), node.find_ancestor(exp.Select)
    if around is not None and around.args.get("with_"):
        query.set("with_", around.args["with_"].copy())
    return rows_of(rows(query))


def _distinct(node: exp.Expression, given: Mapping[str, exp.Expression]) -> exp.Select:
    """The query of the arguments' values, over the relations that a call can see."""
    _refuse_aggregates(given.values())
    named = [exp.alias_(value.copy(), name, quoted=True) for name, value in given.items()]
    query, known = exp.select(*named).distinct(), set[str]()
    levels = [level for level in _levels(node) if level[1]]
    for select, before in reversed(levels):  # the outermost first, which the others can see
        if known & {_relation(one).alias_or_name.lower() for one in before}:
            query, known = exp.select(*named).distinct(), set()  # what is further in comes first
        _add_level(query, select, before)
        known |= {_relation(one).alias_or_name.lower() for one in before}
    if not levels:
        raise BadStatement("vector_search: its arguments name columns of no relation before it.")
    known |= {source.alias_or_name.lower() for source in query.find_all(exp.Table, exp.Subquery)}
    for select, _ in levels:
        for condition in _conditions(select.args.get("where")):
            if _is_about(condition, known) and all(part is not node for part in condition.walk()):
                query = query.where(condition.copy())
    return query


def _add_level(query: exp.Select, select: exp.Select, before: list[exp.Expression]) -> None:
    """Add relations of a select, and the queries that it names, to a query."""
    for cte in select.args["with_"].expressions if select.args.get("with_") else ():
        query.with_(cte.alias, as_=cte.this.copy(), copy=False)
    for one in before:
        bare = _relation(one).unnest()
        if isinstance(bare, exp.Select) and not bare.args.get("from_"):
            _refuse_aggregates(bare.expressions)
        if isinstance(one, exp.From) and query.args.get("from_") is not None:
            query.append("joins", exp.Join(this=one.this.copy(), kind="CROSS"))
        elif isinstance(one, exp.From):
            query.set("from_", one.copy())
        else:
            query.append("joins" if isinstance(one, exp.Join) else "laterals", one.copy())


def _refuse_aggregates(values: Iterable[exp.Expression]) -> None:
    """Raises NotSupported where a value is one of a group of rows, which aren't told apart here."""
    for value in values:
        found = value.find(exp.AggFunc)
        if found is not None and not isinstance(value.unnest(), exp.Query):
            raise NotSupported(
                "vector_search: its arguments hold an aggregate; compute that in a subquery before it."
            )


def _relation(one: exp.Expression) -> exp.Expression:
    """What a FROM or a JOIN reads; a LATERAL VIEW is it itself."""
    relation: exp.Expression = one if isinstance(one, exp.Lateral) else one.this
    return relation


def _conditions(where: exp.Expression | None) -> list[exp.Expression]:
    """The conditions that all must hold, one by one."""
    if where is None:
        return []
    return list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]


def _is_about(condition: exp.Expression, known: set[str]) -> bool:
    """Whether all columns of a condition say that they are of these relations."""
    columns = list(condition.find_all(exp.Column))
    return all(column.table.lower() in known for column in columns)


def _levels(node: exp.Expression) -> list[tuple[exp.Select, list[exp.Expression]]]:
    """The selects around a call, the innermost first, each with those of its relations that the call
    can see: the ones before it, or all where the call stands behind FROM or in what is selected."""
    found: list[tuple[exp.Select, list[exp.Expression]]] = []
    inside: exp.Expression = node
    while (select := inside.find_ancestor(exp.Select)) is not None:
        while inside.parent is not None and inside.parent is not select:
            inside = inside.parent
        parts = [select.args.get("from_")]
        parts += [*(select.args.get("joins") or []), *(select.args.get("laterals") or [])]
        relations = [one for one in parts if one is not None]
        if inside.arg_key == "with_":
            relations = []
        place = next((n for n, one in enumerate(relations) if one is inside), len(relations))
        found.append((select, relations[:place]))
        inside = select
    return found


def _put(node: exp.Expression, found: exp.Expression) -> None:
    """Put a relation in the place of a call, under the call's alias."""
    alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier("vector_search"))
    if isinstance(node, exp.Lateral):
        inner = found
        if isinstance(found, exp.Table):
            inner = exp.Subquery(this=exp.select("*").from_(found))
        node.set("this", inner)
        node.set("alias", alias)
        return
    found.set("alias", alias.copy())
    if node.args.get("joins"):
        found.set("joins", node.args["joins"])
    node.replace(found)


def _table_function(node: exp.Expression, call: exp.Anonymous) -> None:
    """`range(...)`, whose column the cloud calls `id`; others are refused by name."""
    if str(call.this).lower() != "range" or not isinstance(node, exp.Table):
        raise NotSupported(f"The table function {call.this!s:.60} is not supported in SQL here.")
    source = exp.Table(this=call.copy())
    source.meta[SHOWN] = True
    query = exp.select(exp.alias_(exp.column("range"), "id")).from_(source)
    _put(node, exp.Subquery(this=query))


def _field(spec: IndexSpec, version: Version, name: str) -> pa.Field:
    """A column of an index as its rows store it."""
    if name == spec.vector_column:
        return pa.field(name, pa.list_(pa.float32()))
    for part in version.parts[:1]:
        stored = part.segment.metadata.schema
        if name in stored.names:
            return stored.field(name)
    column = version.columns[name]
    kind = widest_type(column.kind)
    return pa.field(name, pa.list_(kind) if column.is_array else kind)


def _array(values: list[Any], field: pa.Field) -> pa.Array:
    plain = [value.tolist() if isinstance(value, np.ndarray) else value for value in values]
    return column_from(plain, field.type)
