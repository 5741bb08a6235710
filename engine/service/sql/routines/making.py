"""CREATE, DROP, DESCRIBE and SHOW FUNCTION carried out: a function is what Unity Catalog keeps of it.

A function in SQL is tried once, without rows, before it is kept; one in another language is kept and
shown.
"""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp

from engine.core.names import ThreePartName
from engine.errors import BadStatement, NotFound, ResourceConflict
from engine.service.catalogs.columns import described_columns
from engine.service.sql.language.functions.translation import own_functions
from engine.service.sql.language.routines import (
    CreateFunction,
    DescribeFunction,
    DropFunction,
    Given,
    Routines,
    ShowFunctions,
)
from engine.service.sql.queries import QueryRunner, without_rows
from engine.service.sql.routines.checks import check_body, check_defaults
from engine.service.sql.routines.known import KnownRoutines
from engine.service.sql.routines.routine import TABLE, routine_of, type_of
from engine.service.sql.session import Session
from engine.service.sql.shown.described import said_time
from engine.service.sql.shown.listings import fits
from engine.service.sql.shown.rows import texts
from engine.service.sql.writing.answers import NOTHING
from engine.service.sql.writing.schemas import Schemas
from engine.service.unity_catalog import UnityCatalog
from engine.settings import DEFAULT_CATALOG, DEFAULT_SCHEMA

_LANGUAGES = ("SQL", "PYTHON")


class RoutineStatements:
    """What makes, drops and shows the functions of a workspace."""

    def __init__(self, known: KnownRoutines, schemas: Schemas, unity_catalog: UnityCatalog) -> None:
        self._known, self._schemas = known, schemas
        self._functions = unity_catalog.functions

    def run(self, runner: QueryRunner, command: Routines) -> pa.Table:
        """Carry out one such statement.

        Raises:
            NotFound: no such function or schema. ResourceConflict: the name is taken.
            BadStatement, NotSupported: as its body is refused.
        """
        session = runner.session
        if isinstance(command, ShowFunctions):
            return self._show(command, session)
        if isinstance(command, DescribeFunction):
            return self._describe(command, session)
        if isinstance(command, DropFunction):
            self._drop(command, session)
        else:
            self._create(runner, command)
        return NOTHING

    # ------------------------------------------------------------------ CREATE and DROP
    def _create(self, runner: QueryRunner, command: CreateFunction) -> None:
        name = runner.session.full_name(command.name)
        self._schemas.check(name.catalog, name.schema)
        there = self._known.spelt(name)
        if there is not None and not command.replaces:
            if command.lenient:
                return
            raise ResourceConflict(
                f"[ROUTINE_ALREADY_EXISTS] Cannot create the routine {name} because a routine of that "
                "name already exists. Say CREATE OR REPLACE FUNCTION, or IF NOT EXISTS."
            )
        check_defaults(str(name), command.parameters)
        facts = self._facts(runner, name, command)
        if (name.catalog, name.schema) == (DEFAULT_CATALOG, DEFAULT_SCHEMA):
            self._schemas.create(name.catalog, name.schema, lenient=True)
        if there is not None:  # as it was spelt
            facts |= {"name": there.rpartition(".")[2], "full_name": there}
        self._functions.create(facts, replaces=command.replaces)

    def _facts(
        self, runner: QueryRunner, name: ThreePartName, command: CreateFunction
    ) -> dict[str, Any]:
        """What Unity Catalog keeps of a function, which was tried."""
        if command.language not in _LANGUAGES:
            raise BadStatement(
                f"CREATE FUNCTION: LANGUAGE {command.language:.40} is none of {', '.join(_LANGUAGES)}."
            )
        session, is_sql = runner.session, command.language == "SQL"
        facts: dict[str, Any] = {
            "name": name.name,
            "catalog_name": name.catalog,
            "schema_name": name.schema,
            "full_name": str(name),
            "input_params": _listed(runner, command.parameters, "IN", "PARAM"),
            "routine_body": "SQL" if is_sql else "EXTERNAL",
            "routine_definition": command.body.strip() if is_sql else command.body,
            "parameter_style": "S",
            "is_deterministic": command.is_deterministic,
            "sql_data_access": command.access if is_sql else "NO_SQL",
            "is_null_call": False,
            "security_type": "DEFINER",
            "specific_name": name.name,
            "sql_path": f"`{session.catalog}`.`{session.schema}`",
        }
        if command.comment is not None:
            facts["comment"] = command.comment
        if not is_sql:
            facts["external_language"] = command.language
        facts |= _results(runner, name, command)
        if is_sql:
            return self._tried(runner, facts)
        _check_python(name, command.body)
        return facts

    def _tried(self, runner: QueryRunner, facts: dict[str, Any]) -> dict[str, Any]:
        """The same of a function in SQL, which is called once, with nulls and without rows.

        With the type of its result, where the body alone says it.
        """
        routine = routine_of(facts)
        check_body(routine)
        resolved = runner.resolved(runner.relations.calls.tried(routine))
        if own_functions(resolved):  # searches and models want values, and may cost
            return {"data_type": "STRING", "full_data_type": "STRING", **facts}
        found = runner.finished(without_rows(resolved)).schema
        if routine.columns is None:
            return {**_result(found.field(0)), **facts}
        if routine.columns and len(routine.columns) != len(found):
            raise BadStatement(
                f"CREATE FUNCTION {routine.name}: it says {len(routine.columns)} columns, and its query "
                f"has {len(found)}: {', '.join(found.names)}."
            )
        return facts

    def _drop(self, command: DropFunction, session: Session) -> None:
        name = session.full_name(command.name)
        full = self._known.spelt(name)
        if full is None:
            if command.lenient:
                return
            raise self._missing(name)
        self._functions.delete(full)

    def _missing(self, name: ThreePartName) -> NotFound:
        return NotFound(
            f"[ROUTINE_NOT_FOUND] The routine `{name.catalog}`.`{name.schema}`.`{name.name}` cannot be "
            "found. Verify the spelling and correctness of the schema and catalog."
        )

    # ------------------------------------------------------------------ DESCRIBE and SHOW
    def _describe(self, command: DescribeFunction, session: Session) -> pa.Table:
        name = session.full_name(command.name)
        shown = self._known.found(name)
        if shown is None:
            raise self._missing(name)
        return texts(["function_desc"], [(line,) for line in _lines(shown, command.extended)])

    def _show(self, command: ShowFunctions, session: Session) -> pa.Table:
        schema = command.schema[-1] if command.schema else session.schema
        catalog = command.schema[0] if len(command.schema) == 2 else session.catalog
        self._schemas.check(catalog, schema)
        names = self._known.names(catalog, schema)
        kept = [(one,) for one in names if fits(one.rpartition(".")[2], command.like)]
        return texts(["function"], kept)


def _results(runner: QueryRunner, name: ThreePartName, command: CreateFunction) -> dict[str, Any]:
    """What is kept of a function's result; nothing where its body in SQL is to say it."""
    if command.columns is not None:
        columns = _listed(runner, command.columns, "OUT", "COLUMN")
        return {"data_type": TABLE, "full_data_type": TABLE, "return_params": columns}
    if command.returns is not None:
        return _result(_schema(runner, [Given("v", command.returns)]).field(0))
    if command.language != "SQL":
        raise BadStatement(f"CREATE FUNCTION {name}: in {command.language} it has to say RETURNS.")
    return {}


def _check_python(name: ThreePartName, body: str) -> None:
    """Raises BadStatement where the body of a function can't be read."""
    try:
        ast.parse(f"def function():\n{textwrap.indent(textwrap.dedent(body), '    ')}")
    except (SyntaxError, ValueError) as error:
        raise BadStatement(f"CREATE FUNCTION {name}: its Python can't be read: {error}") from None


def _lines(shown: dict[str, Any], extended: bool) -> list[str]:
    """What DESCRIBE FUNCTION says, line by line."""
    given = (shown.get("input_params") or {}).get("parameters") or []
    columns = (shown.get("return_params") or {}).get("parameters") or []
    is_table = shown.get("data_type") == TABLE
    returns = [_said(one) for one in columns] if is_table else [str(shown.get("full_data_type"))]
    lines = [
        f"Function:      {shown['full_name']}",
        f"Type:          {'TABLE' if is_table else 'SCALAR'}",
        *_under("Input:", [_said(one) for one in given] or ["()"]),
        *_under("Returns:", returns or ["TABLE"]),
    ]
    if not extended:
        return lines
    more = {
        "Comment:": shown.get("comment", ""),
        "Deterministic:": str(bool(shown.get("is_deterministic"))).lower(),
        "Data Access:": str(shown.get("sql_data_access", "")).replace("_", " "),
        "Owner:": shown.get("owner", ""),
        "Create Time:": said_time(shown.get("created_at")),
        "Body:": shown.get("routine_definition", ""),
    }
    return [*lines, *(f"{title:<15}{text}" for title, text in more.items())]


def _under(title: str, texts_: Sequence[str]) -> list[str]:
    return [f"{title if not place else '':<15}{text}" for place, text in enumerate(texts_)]


def _said(one: dict[str, Any]) -> str:
    default = f" DEFAULT {one['parameter_default']}" if one.get("parameter_default") else ""
    comment = f" '{one['comment']}'" if one.get("comment") else ""
    return f"{one['name']} {str(one.get('type_text', '')).upper()}{default}{comment}"


# ------------------------------------------------------------------ types
def _schema(runner: QueryRunner, given: Sequence[Given]) -> pa.Schema:
    """The Arrow types of parameters or columns, which SQL casts nulls to."""
    nulls = [
        exp.alias_(exp.cast(exp.Null(), type_of(one.type)), f"c{place}")
        for place, one in enumerate(given)
    ]
    found = runner.run(exp.select(*nulls).limit(0)).schema
    return pa.schema([field.with_name(one.name) for one, field in zip(given, found)])


def _result(field: pa.Field) -> dict[str, str]:
    (shown,) = described_columns([field])
    return {"data_type": shown["type_name"], "full_data_type": shown["type_text"].upper()}


def _listed(
    runner: QueryRunner, given: Sequence[Given], mode: str, kind: str
) -> dict[str, list[dict[str, Any]]]:
    """Parameters or columns as Unity Catalog keeps them. Raises BadStatement: a name twice."""
    if not given:
        return {"parameters": []}
    lower = [one.name.lower() for one in given]
    twice = next((name for place, name in enumerate(lower) if name in lower[:place]), None)
    if twice is not None:
        raise BadStatement(
            f"[DUPLICATE_ROUTINE_PARAMETER_NAMES] CREATE FUNCTION names `{twice}` twice."
        )
    listed = []
    for one, shown in zip(given, described_columns(_schema(runner, given))):
        kept = {key: shown[key] for key in _KEPT}
        kept |= {"parameter_mode": mode, "parameter_type": kind}
        if one.default is not None:
            kept["parameter_default"] = one.default
        if one.comment is not None:
            kept["comment"] = one.comment
        listed.append(kept)
    return {"parameters": listed}


_KEPT = ("name", "type_text", "type_json", "type_name", "type_precision", "type_scale", "position")
