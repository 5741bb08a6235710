"""Calls of functions of catalogs, in whose place their bodies are put. Knows trees; not how they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.functions.names import with_names
from engine.service.sql.language.functions.translation import is_known
from engine.service.sql.routines.arguments import arguments_of, in_places
from engine.service.sql.routines.handing import ROWS, rows_of, value_of
from engine.service.sql.routines.known import KnownRoutines
from engine.service.sql.routines.parameters import put_values
from engine.service.sql.routines.routine import Routine, routine_of, type_of
from engine.service.sql.session import Session

_MOST = 32  # functions within each other

NamesFully = Callable[[exp.Expression, Session], exp.Expression]


@dataclass(frozen=True)
class _Call:
    """A call in a statement: the node that it is with all parts of its name, and the call itself."""

    node: exp.Expression
    parts: tuple[str, ...]
    call: exp.Anonymous

    @property
    def gives_rows(self) -> bool:
        """Whether it stands where a relation does."""
        return isinstance(self.node, (exp.Table, exp.Lateral))

    def say(self, name: str, shown: dict[str, Any]) -> None:
        """Say the function's full name where it stands for a value, with arguments by place."""
        if self.gives_rows:
            return
        if any(isinstance(one, exp.Kwarg) for one in self.call.expressions):
            self.call.set("expressions", in_places(routine_of(shown), self.call))
        if len(self.parts) == len(name.split(".")):
            return
        before = [exp.to_identifier(part) for part in name.split(".")[:-1]]
        self.node.replace(exp.Dot.build([*before, self.call.copy()]))


class RoutineCalls:
    """Puts bodies in the place of calls, in the statements of one workspace."""

    def __init__(self, known: KnownRoutines, name_fully: NamesFully) -> None:
        """
        Args:
            name_fully: gives tables in a body their full names, given what those mean that lack parts.
        """
        self._known, self._name_fully = known, name_fully

    def expanded(
        self, tree: exp.Expression, session: Session, within: tuple[str, ...] = ()
    ) -> exp.Expression:
        """A tree without calls of functions of catalogs; changes it.

        Args:
            session: what names of functions mean that lack parts.
            within: functions whose bodies the tree is within, the outermost first.

        Raises:
            NotFound: a name of several parts that no function has.
            BadStatement: a wrong call, or functions that call each other in a circle.
            NotSupported: a function in another language.
        """
        if tree.find(exp.Anonymous) is None:
            return tree
        tree = self.with_full_names(tree, session)
        calls = [call.node for call, _ in self._calls(tree, session)]
        if not calls:
            return tree
        _name_results(calls)
        found = list(self._calls(tree, session))
        holder = exp.Tuple(expressions=[tree])  # so that all that is replaced stands in something
        for call, shown in reversed(found):  # what is within comes first
            self._put(call, routine_of(shown), within)
        left: exp.Expression = holder.expressions[0].pop()
        return left

    def with_full_names(self, tree: exp.Expression, session: Session) -> exp.Expression:
        """A tree that says functions of catalogs by their full names, as results are named by them;
        changes it. Raises NotFound for a name of several parts that no function has."""
        found = list(self._calls(tree, session))
        if not found:
            return tree
        holder = exp.Tuple(expressions=[tree])
        for call, shown in reversed(found):
            call.say(str(shown["full_name"]), shown)
        left: exp.Expression = holder.expressions[0].pop()
        return left

    def _calls(
        self, tree: exp.Expression, session: Session
    ) -> Iterator[tuple[_Call, dict[str, Any]]]:
        """Calls of functions, each with what Unity Catalog shows of it, the outer ones first."""
        for node in list(tree.find_all(exp.Anonymous, bfs=False)):
            call = _call_of(node)
            if call is None:
                continue
            name = session.full_name(call.parts)
            shown = self._known.found(name)
            if shown is not None:
                yield call, shown
            elif len(call.parts) > 1:
                raise self._known.missing(name, session)

    def tried(self, routine: Routine) -> exp.Expression:
        """A query of a function's value, `v`, or of its rows, for nulls."""
        nulls: dict[str, exp.Expression] = {
            one.name.lower(): exp.cast(exp.Null(), type_of(one.type or "STRING"))
            for one in routine.parameters
        }
        body = put_values(routine, self._body(routine, ()), nulls, self._known.columns_of)
        if routine.columns is not None:
            return body
        return exp.select(exp.alias_(routine.of_type(body), "v"))

    def _body(self, routine: Routine, within: tuple[str, ...]) -> exp.Expression:
        """A function's body, without calls and with full names of tables."""
        if routine.name in within:
            raise BadStatement(
                f"[RECURSIVE_ROUTINE] The function {routine.name} calls itself: "
                f"{' -> '.join((*within, routine.name))}."
            )
        if len(within) > _MOST:
            raise BadStatement(f"{within[0]}: functions call each other more than {_MOST} deep.")
        body = self.expanded(routine.tree(), routine.session, (*within, routine.name))
        return self._name_fully(body, routine.session)

    def _put(self, call: _Call, routine: Routine, within: tuple[str, ...]) -> None:
        if (routine.columns is not None) != call.gives_rows:
            kind, wanted = ("TABLE", "SCALAR") if call.gives_rows else ("SCALAR", "TABLE")
            raise BadStatement(
                f"[NOT_A_{kind}_FUNCTION] {routine.name} appears as a {kind.lower()} function here, but "
                f"is defined as a {wanted.lower()} function."
            )
        given = {
            name: self.expanded(value, routine.session, (*within, routine.name))
            for name, value in arguments_of(routine, call.call).items()
        }  # what is left are calls in defaults
        body = self._body(routine, within)
        if call.gives_rows:
            body = body if routine.columns else with_names(body)
            rows = rows_of(routine, body, given, self._known.columns_of, len(within))
            _put_rows(call, _rows(routine, rows))
        else:
            value = value_of(routine, body, given, self._known.columns_of, len(within))
            call.node.replace(exp.paren(routine.of_type(value), copy=False))


def _call_of(node: exp.Anonymous) -> _Call | None:
    """A call with the parts of its name; None for a function that the language brings."""
    parts, top = [str(node.name)], _top(node)
    if isinstance(top, exp.Dot):
        above = top.this
        names = [above] if isinstance(above, exp.Identifier) else list(above.flatten())
        if not all(isinstance(one, exp.Identifier) for one in names):
            return None
        parts = [*(one.name for one in names), *parts]
    holder = top.parent
    if isinstance(holder, exp.Anonymous) and holder.name.upper() == "TABLE":
        holder = holder.parent  # FROM TABLE(f(...))
    if isinstance(holder, exp.Table) and isinstance(holder.this, exp.Anonymous):
        above = [part.name for part in (holder.args.get("catalog"), holder.args.get("db")) if part]
        parts, top = [*above, *parts], holder
    elif isinstance(top.parent, exp.Lateral):
        top = top.parent
    is_plain = len(parts) == 1
    return None if is_plain and is_known(parts[0]) else _Call(top, tuple(parts), node)


def _top(node: exp.Expression) -> exp.Expression:
    """A call with what stands before it and a dot."""
    parent = node.parent
    return parent if isinstance(parent, exp.Dot) and parent.expression is node else node


def _name_results(calls: list[exp.Expression]) -> None:
    """Name the columns of the queries that calls stand in, as long as they can be told by the calls."""
    selects = {id(one): one for one in (call.find_ancestor(exp.Select) for call in calls) if one}
    for select in selects.values():
        with_names(select)


def _rows(routine: Routine, query: exp.Expression) -> exp.Expression:
    """A query whose columns have the names and types that its function says."""
    if not routine.columns:
        return query
    names = [exp.to_identifier(field.name, quoted=True) for field in routine.columns]
    alias = exp.TableAlias(this=exp.to_identifier(ROWS), columns=[one.copy() for one in names])
    wanted = [
        exp.alias_(field.cast(exp.column(name.copy())), name.copy())
        for field, name in zip(routine.columns, names)
    ]
    return exp.select(*wanted).from_(exp.Subquery(this=query, alias=alias))


def _alias_of(call: _Call) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(call.parts[-1], quoted=True))


def _put_rows(call: _Call, query: exp.Expression) -> None:
    """Put a query in the place of a call that stands for a relation."""
    node, inner = call.node, exp.Subquery(this=query)
    alias = node.args.get("alias") or _alias_of(call)
    if isinstance(node, exp.Lateral):
        if node.args.get("view"):
            raise NotSupported(f"LATERAL VIEW {call.parts[-1]:.60}: say LATERAL without VIEW.")
        node.set("this", inner)
        node.set("alias", alias)
        return
    inner.set("alias", alias.copy())
    for part in ("joins", "laterals", "pivots", "sample"):
        if node.args.get(part):
            inner.set(part, node.args[part])
    node.replace(inner)
