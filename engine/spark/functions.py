"""Functions of a session on a workspace: those of the workspace's catalogs and those that the session
makes, in SQL and in Python, under names of up to three parts; and those that tell where names start.

Spark's own catalogue has no names of three parts, so each is a temporary function by its last part. What
a statement makes without TEMPORARY is kept in the workspace, where other sessions find it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame

from engine.core.names import ThreePartName, quoted_name, quoted_text
from engine.errors import BadStatement, NotFound, NotSupported, ResourceConflict
from engine.service.catalogs.definitions import Functions
from engine.service.sql.language.table_names import tables_named
from engine.service.sql.routines.routine import is_query
from engine.service.sql.routines.statement import creation_of

_PART = r"(?:`(?:[^`]|``)+`|[A-Za-z_]\w*)"
_NAME = rf"({_PART}(?:\s*\.\s*{_PART}){{0,2}})"
_MADE = re.compile(
    r"\s*CREATE\s+(?P<replaces>OR\s+REPLACE\s+)?(?P<temporary>TEMP(?:ORARY)?\s+)?FUNCTION\s+"
    rf"(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<name>{_NAME})\s*(?=\()",
    re.I,
)
_ABOUT = re.compile(
    r"\s*(?:(?P<drop>DROP)\s+(?:TEMP(?:ORARY)?\s+)?FUNCTION\s+(?P<lenient>IF\s+EXISTS\s+)?"
    rf"|(?P<says>DESC(?:RIBE)?\s+FUNCTION\s+(?:EXTENDED\s+)?))(?P<name>{_NAME})\s*;?\s*",
    re.I,
)
_PYTHON = re.compile(
    r"\s*RETURNS\s+(?P<type>.+?)\s+(?:(?:COMMENT|DETERMINISTIC|NOT|CONTAINS|READS)\b.*?)?"
    r"LANGUAGE\s+PYTHON\b.*?\bAS\s*\$\$(?P<body>.*)\$\$\s*;?\s*",
    re.I | re.S,
)
_PARAMETER = re.compile(rf"({_PART})\s.*?(?:\bDEFAULT\s+(.+?))?(?:\s+COMMENT\s+.*)?", re.I | re.S)
_SAID = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|--[^\n]*|/\*.*?\*/"  # texts and comments
_CALLED = re.compile(rf"{_SAID}|(?<![\w.`]){_NAME}(?=\s*\()", re.S)
_WHERE = re.compile(
    rf"{_SAID}|(?<![\w.`])(current_(?:catalog|database|schema))\s*\(\s*\)", re.I | re.S
)


class SessionFunctions:
    """The functions that statements of a session made."""

    def __init__(
        self, session: Any, run: Callable[[str], Any], rename: Callable[[str], str]
    ) -> None:
        """
        Args:
            session: on a workspace. run: carries out a statement by Spark alone.
            rename: a query with the names that Spark has for tables as they are now.
        """
        self._session, self._run, self._rename = session, run, rename
        self._made: dict[str, str] = {}  # Spark's names by full ones in small letters
        self._kept: dict[str, str] = {}  # by the same: which function of the workspace it is
        self._queries: dict[str, tuple[str, str]] = {}  # by Spark's names: what reads tables

    def statement(self, text: str) -> str | None:
        """A CREATE, DROP or DESCRIBE FUNCTION as Spark takes it, any other statement as it was; None
        where nothing is left to do.

        Raises:
            ResourceConflict: there is a function of that last part in another schema.
            BadStatement: a function in Python that can't be read. NotFound: none of that name.
        """
        made, about = _MADE.match(text), _ABOUT.fullmatch(text)
        if made is not None:
            is_kept = not made["temporary"] and self._is_kept(text)
            if is_kept and self._know(self._full(made["name"])):
                return None
            return self._create(text, made)
        if about is None:
            return text
        self._know(self._full(about["name"]))
        name = self._made.get(self._full(about["name"]))
        if name is None:  # of Spark's own; of several parts none is
            if "." not in about["name"]:
                return text
            if about["lenient"]:
                return None
            raise NotFound(
                f"[UNRESOLVED_ROUTINE] There is no function {self._full(about['name'])}; this session "
                f"has: {', '.join(self._made) or 'none'}."
            )
        if about["drop"] is None:
            return f"{about['says']}{name}"
        if self._kept.pop(self._full(about["name"]), None) is not None:
            self._session.workspace.sql(text, session=self._session.names)
        del self._made[self._full(about["name"])]
        self._queries.pop(name, None)
        return f"DROP TEMPORARY FUNCTION IF EXISTS {name}"

    def called(self, text: str) -> str:
        """A text in which functions that were made are called by the names that Spark has for them."""
        known = [*self._kept, *self._workspaces().all_names()]
        ends = {one.lower().rpartition(".")[2] for one in known}
        if not self._made and not ends:
            return text

        def name_of(found: re.Match[str]) -> str:
            if found[1] is None:
                return found[0]
            if _parts(found[1])[-1].lower() in ends:
                self._find(found[1])
            name = found[1] if "." not in found[1] else self._made.get(self._full(found[1]), "")
            bare = quoted_name(name.strip("`").lower())
            if bare in self._queries:  # made anew, of the rows that its tables have now
                self._run(self._creation(bare, *self._queries[bare]))
            return name or found[0]

        return _CALLED.sub(name_of, text)

    def with_where_names_start(self, text: str) -> str:
        """A text in which variables of the session, named as these calls are, stand for
        `current_catalog()` and the like, of which Spark's own catalogue knows nothing."""
        names = self._session.names

        def variable(found: re.Match[str]) -> str:
            if found[1] is None:
                return found[0]
            word = found[1].lower()
            said = quoted_text(names.catalog if word == "current_catalog" else names.schema)
            self._run(f"DECLARE OR REPLACE VARIABLE `{word}()` STRING DEFAULT {said}")
            return f"`{word}()`"

        return _WHERE.sub(variable, text)

    # ------------------------------------------------------------------ functions of the workspace
    def _workspaces(self) -> Functions:
        functions: Functions = self._session.workspace.unity_catalog.functions
        return functions

    def _is_kept(self, text: str) -> bool:
        """Whether the workspace keeps the function that a statement makes.

        What its own SQL can't carry out is the session's alone.
        """
        try:
            self._session.workspace.sql(text, session=self._session.names)
        except (BadStatement, NotSupported):
            return False
        return True

    def _find(self, name: str) -> None:
        """Have Spark know the function of the workspace that a call may be of."""
        full = self._full(name)
        own = full in self._made and full not in self._kept
        is_plain = "." not in name and full not in self._kept
        if not (own or (is_plain and self._session.catalog.functionExists(name))):
            self._know(full)  # it is none of the session's alone, nor Spark's own

    def _know(self, full: str) -> bool:
        """Have Spark know a function of the workspace as it is now; whether there is one."""
        known = next((one for one in self._workspaces().all_names() if one.lower() == full), None)
        if known is None:
            if self._kept.pop(full, None) is not None:  # dropped elsewhere
                self._run(f"DROP TEMPORARY FUNCTION IF EXISTS {self._made.pop(full)}")
            return False
        shown = self._workspaces().get(known)
        if self._kept.get(full) == shown["function_id"]:
            return True
        text = creation_of(shown)
        made = _MADE.match(text)
        assert made is not None  # as it is written
        name = _sparks_name(made["name"])
        for other in [one for one, its in self._made.items() if its == name]:
            del self._made[other]
            self._kept.pop(other, None)
        statement = self._create(text, made)
        if statement is not None:
            self._run(self.called(statement))
        self._kept[full] = shown["function_id"]
        return True

    def _full(self, name: str) -> str:
        full: ThreePartName = self._session.names.full_name(_parts(name))
        return str(full).lower()

    def _value(self, said: str) -> object:
        found = self._session.workspace.sql(f"SELECT {said}", session=self._session.names)
        return found.column(0)[0].as_py()

    def _create(self, text: str, made: re.Match[str]) -> str | None:
        full = self._full(made["name"])
        name = _sparks_name(made["name"])
        taken = next((one for one, its in self._made.items() if its == name), full)
        if taken != full:
            raise ResourceConflict(
                f"the function {full} can't be made beside {taken}: a session knows functions by the "
                "last part of their names. Give it another name, or drop that one."
            )
        is_there = full in self._made and self._session.catalog.functionExists(name)
        if is_there and not made["replaces"]:
            if made["lenient"]:
                return None
            raise ResourceConflict(
                f"[ROUTINE_ALREADY_EXISTS] The function {full} is there. Say OR REPLACE or IF NOT "
                "EXISTS."
            )
        rest = text[made.end() :]
        parameters = _in_parentheses(rest)
        python = _PYTHON.fullmatch(rest, len(parameters) + 2)
        if python is not None:
            body = textwrap.dedent(python["body"])
            function = _python_function(full, parameters, body, self._value)
            self._session.udf.register(name.strip("`"), function, python["type"].strip())
            self._made[full] = name
            return None
        self._made[full] = name
        head, body = _head_and_body(rest)
        if self._names_renamed(body) == body:
            self._queries.pop(name, None)
            return f"CREATE OR REPLACE TEMPORARY FUNCTION {name}{rest}"
        self._queries[name] = head, body
        return self._creation(name, head, body)

    def _creation(self, name: str, head: str, body: str) -> str:
        return (
            f"CREATE OR REPLACE TEMPORARY FUNCTION {name}{head} RETURN {self._names_renamed(body)}"
        )

    def _names_renamed(self, body: str) -> str:
        """A function's body, a query or an expression, with Spark's names for tables."""
        try:
            before = "" if is_query(body) else "SELECT "
        except BadStatement:
            return body  # Spark says what is wrong with it
        return self._rename(f"{before}{body}").removeprefix(before)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("`").replace("``", "`") for part in re.findall(_PART, name))


def _sparks_name(name: str) -> str:
    """The name of a temporary function of a name of up to three parts."""
    return quoted_name(_parts(name)[-1].lower())


def select_expressions(
    frame: DataFrame, select: Callable[..., DataFrame], texts: tuple[Any, ...]
) -> DataFrame:
    """`frame.selectExpr(...)`, whose texts may call functions that this engine carries out, such as
    `ai_query`, and those that SQL made under names of several parts."""
    session: Any = frame.sparkSession
    if len(texts) == 1 and isinstance(texts[0], list):
        texts = tuple(texts[0])
    if not all(isinstance(one, str) for one in texts):
        return select(frame, *texts)
    texts = tuple(map(session.functions.called, texts))
    asked = f"SELECT {', '.join(texts)}"
    if not tables_named(asked, session.names).own_functions:
        return select(frame, *texts)
    view = f"vitrine_selected_{uuid4().hex}"
    frame.createOrReplaceTempView(view)
    try:
        found: DataFrame = session.sql(f"{asked} FROM {view}")
        return found
    finally:
        session.catalog.dropTempView(view)


def _head_and_body(rest: str) -> tuple[str, str]:
    """What stands before a function's RETURN, and behind it; all and nothing where there is none."""
    for found in re.finditer(rf"{_SAID}|(\bRETURN\b)", rest, re.I | re.S):
        if found[1] is not None:
            return rest[: found.start()], rest[found.end() :].strip().rstrip(";")
    return rest, ""


def _in_parentheses(text: str) -> str:
    """What stands in the parentheses with which a text begins. Raises BadStatement: they don't end."""
    depth = 0
    for found in re.finditer(rf"{_SAID}|[()]", text, re.S):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return text[1 : found.start()]
    raise BadStatement(f"CREATE FUNCTION: the parentheses of {text:.80} don't end.")


def _parameters(text: str) -> list[str]:
    """The parameters of a function, which commas part that stand in no brackets."""
    parts, depth = [""], 0
    for found in re.finditer(rf"{_SAID}|.", text, re.S):
        depth += (found[0] in "(<") - (found[0] in ")>")
        if found[0] == "," and not depth:
            parts.append("")
        else:
            parts[-1] += found[0]
    return [part.strip() for part in parts if part.strip()]


def _python_function(
    name: str, parameters: str, body: str, value_of: Callable[[str], object]
) -> Callable[..., Any]:
    """The function whose body a statement says.

    Args:
        value_of: finds a default's value, given its text.

    Raises:
        BadStatement: its parameters or its body can't be read.
    """
    try:
        names, defaults = [], []
        for each in _parameters(parameters):
            (word, default) = _PARAMETER.fullmatch(each).groups()  # type: ignore[union-attr]
            names.append(word.strip("`"))
            defaults += [value_of(default)] if default else []
        source = f"def function({', '.join(names)}):\n{textwrap.indent(body, '    ')}"
        there: dict[str, Any] = {}
        exec(compile(source, f"<{name}>", "exec"), there)
    except Exception as error:
        raise BadStatement(
            f"CREATE FUNCTION {name}: its parameters or its Python can't be read: {error}"
        ) from None
    function: Callable[..., Any] = there["function"]
    function.__defaults__ = tuple(defaults) or None
    return function
