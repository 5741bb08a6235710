"""A function of a catalog as SQL calls it, read from what Unity Catalog keeps of it. Knows no calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.column_types import in_full
from engine.service.sql.language.dialect import expression, parse
from engine.service.sql.session import Session

TABLE = "TABLE_TYPE"  # `data_type` of functions that give rows


@dataclass(frozen=True)
class Field:
    """A parameter of a function, or a column of its rows.

    Attributes:
        type: as SQL writes it; None where it isn't kept.
        default: the text of an expression; None where a call has to give a value.
        comment: what is said of it.
    """

    name: str
    type: str | None
    default: str | None = None
    comment: str | None = None

    def cast(self, value: exp.Expression) -> exp.Expression:
        """A value as one of this type; texts as they are, which some functions want in quotes."""
        is_text = isinstance(value, exp.Literal) and value.is_string
        if self.type is None or (is_text and self.type.upper() == "STRING"):
            return value
        return exp.cast(exp.paren(value, copy=False), type_of(self.type))


@dataclass(frozen=True)
class Routine:
    """A function in SQL.

    Attributes:
        result: the type of its value; None where its body says it.
        columns: of the rows that it gives; None where it gives one value, empty where its query says
            them.
        catalog, schema: what names in its body mean that lack them.
        comment: what is said of it.
    """

    name: str
    parameters: tuple[Field, ...]
    body: str
    result: str | None
    columns: tuple[Field, ...] | None
    catalog: str
    schema: str
    comment: str | None = None

    @property
    def session(self) -> Session:
        """What names in its body mean; it sees no temporary view."""
        return Session(self.catalog, self.schema)

    @property
    def text(self) -> str:
        """Its body without the word RETURN before it."""
        said = self.body.strip().rstrip(";").strip()
        is_said = said[:6].upper() == "RETURN" and not said[6:7].isidentifier()
        return said[6:].strip() if is_said else said

    def of_type(self, value: exp.Expression) -> exp.Expression:
        """Its value as one of the type that it says."""
        return Field("", self.result).cast(value)

    def tree(self) -> exp.Expression:
        """A copy of its body: a query, in parentheses where it stands for a value, or an expression.

        Raises:
            BadStatement: it can't be read, or gives rows and is no query.
        """
        tree = _body(self.text).copy()
        is_query = isinstance(tree, exp.Query)
        if self.columns is None:
            return exp.Subquery(this=tree) if is_query and _is_bare(tree) else tree
        if not is_query:
            raise BadStatement(
                f"[INVALID_SQL_FUNCTION_PLAN_STRUCTURE] The function {self.name} gives a table; its "
                f"body has to be a query, and is {self.body:.80}."
            )
        return tree


def _is_bare(tree: exp.Expression) -> bool:
    return not isinstance(tree, exp.Subquery)


@lru_cache(maxsize=256)
def _body(text: str) -> exp.Expression:
    """The tree of a body; it is shared, so change only copies."""
    try:
        tree: exp.Expression = expression(text)
    except (SqlglotError, ValueError, RecursionError):
        tree = exp.Command(this=text)
    if isinstance(tree, exp.Query):
        return parse(text).tree or tree  # with all that statements are read with
    if isinstance(tree, exp.Command):
        parse(f"SELECT {text}")  # which says what is wrong with it
        raise BadStatement(f"[PARSE_SYNTAX_ERROR] {text:.80} is no expression and no query.")
    return tree


def is_query(body: str) -> bool:
    """Whether the text of a body is a query, in parentheses or not. Raises as `Routine.tree`."""
    return isinstance(_body(body), exp.Query)


def type_of(text: str) -> exp.DataType:
    """A type by its text. Raises BadStatement: there is none of that name."""
    try:
        kind = in_full(exp.DataType.build(text, dialect="databricks"))
        for comment in list(kind.find_all(exp.ColumnConstraint)):  # of a field
            comment.pop()
        return kind
    except (SqlglotError, ValueError):
        raise BadStatement(
            f"[UNSUPPORTED_DATATYPE] {text:.60} is no type, such as INT or STRING."
        ) from None


def routine_of(shown: Mapping[str, Any]) -> Routine:
    """The function that Unity Catalog shows so.

    Raises:
        NotSupported: it is in another language. BadStatement: it has no body.
    """
    name = str(shown["full_name"])
    if str(shown.get("routine_body") or "SQL").upper() != "SQL":
        language = str(shown.get("external_language") or "another language")
        raise NotSupported(
            f"{name} is a function in {language}, which statements don't carry out here; functions in "
            "SQL they do. In a Spark session on the workspace, or a notebook, it can be called."
        )
    body = shown.get("routine_definition")
    if not isinstance(body, str) or not body.strip():
        raise BadStatement(f"The function {name} has no body (routine_definition).")
    is_table = shown.get("data_type") == TABLE
    result = shown.get("full_data_type") or shown.get("data_type")
    catalog, schema = _names_start(shown)
    return Routine(
        name,
        _fields(shown.get("input_params")),
        body,
        None if is_table else result and str(result),
        _fields(shown.get("return_params")) if is_table else None,
        catalog,
        schema,
        _text(shown.get("comment")),
    )


def _fields(said: object) -> tuple[Field, ...]:
    """Parameters or columns in order; whoever registers a function may say anything of them."""
    listed = said.get("parameters") if isinstance(said, Mapping) else None
    found = [
        one
        for one in (listed if isinstance(listed, list) else ())
        if isinstance(one, Mapping) and one.get("name")
    ]
    found.sort(key=_place)
    return tuple(
        Field(
            str(one["name"]),
            _text(one.get("type_text")) or _text(one.get("type_name")),
            _text(one.get("parameter_default")),
            _text(one.get("comment")),
        )
        for one in found
    )


def _place(one: Mapping[str, Any]) -> int:
    position = one.get("position")
    return position if isinstance(position, int) else 0


def _text(said: object) -> str | None:
    return None if said is None or said == "" else str(said)


def _names_start(shown: Mapping[str, Any]) -> tuple[str, str]:
    """Catalog and schema of names in a function's body: its own where nothing else is kept."""
    said = str(shown.get("sql_path") or "")
    try:
        parts = (
            [part.name for part in exp.to_table(said, dialect="databricks").parts] if said else []
        )
    except (SqlglotError, ValueError):
        parts = []
    if len(parts) == 2:
        return parts[0], parts[1]
    return str(shown["catalog_name"]), str(shown["schema_name"])
