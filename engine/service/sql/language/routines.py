"""Statements about functions of a catalog: CREATE, DROP, DESCRIBE and SHOW FUNCTION.

Knows words; not what a function's body means.

Source: docs.databricks.com/sql/language-manual/sql-ref-syntax-ddl-create-sql-function.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlglot.tokens import Token, TokenType

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.forms.words import Name, Words

Access = Literal["CONTAINS_SQL", "READS_SQL_DATA"]


@dataclass(frozen=True)
class Given:
    """A parameter of a function, or a column of its rows: texts as they were said."""

    name: str
    type: str
    default: str | None = None
    comment: str | None = None


@dataclass(frozen=True)
class CreateFunction:
    """`CREATE [OR REPLACE] FUNCTION [IF NOT EXISTS] name(...) [RETURNS ...] ... RETURN ...`.

    Attributes:
        returns: the type of its value; None where its body says it.
        columns: of the rows that it gives; None for a function of one value, empty where its query
            says them.
        body: an expression or a query; in another language the text between the dollars.
    """

    name: Name
    parameters: tuple[Given, ...]
    body: str
    returns: str | None = None
    columns: tuple[Given, ...] | None = None
    language: str = "SQL"
    comment: str | None = None
    access: Access = "CONTAINS_SQL"
    is_deterministic: bool = True
    replaces: bool = False
    lenient: bool = False


@dataclass(frozen=True)
class DropFunction:
    """`DROP FUNCTION [IF EXISTS] name`."""

    name: Name
    lenient: bool


@dataclass(frozen=True)
class DescribeFunction:
    """`DESCRIBE FUNCTION [EXTENDED] name`."""

    name: Name
    extended: bool


@dataclass(frozen=True)
class ShowFunctions:
    """`SHOW [USER | ALL] FUNCTIONS [IN schema] [[LIKE] pattern]`: those of a schema.

    Attributes:
        schema: one or two parts; empty for the session's.
    """

    schema: Name = ()
    like: str | None = None


Routines = CreateFunction | DropFunction | DescribeFunction | ShowFunctions


def drop_function(words: Words) -> DropFunction:
    """What stands behind `DROP FUNCTION`."""
    lenient = words.take("IF", "EXISTS")
    return DropFunction(words.name("the name of a function"), lenient)


def describe_function(words: Words) -> DescribeFunction:
    """What stands behind `DESCRIBE FUNCTION`."""
    extended = words.take("EXTENDED")
    return DescribeFunction(words.name("the name of a function"), extended)


def show_functions(words: Words) -> ShowFunctions | None:
    """What stands behind SHOW; None where it is something else.

    Raises:
        NotSupported: the functions that the language brings were asked for.
    """
    if words.take("SYSTEM", "FUNCTIONS"):
        raise NotSupported(
            "SHOW SYSTEM FUNCTIONS is not supported: SHOW FUNCTIONS lists those of a schema."
        )
    if not any(words.take(*said) for said in (("USER", "FUNCTIONS"), ("ALL", "FUNCTIONS"))) and (
        not words.take("FUNCTIONS")
    ):
        return None
    schema = words.name("a schema") if words.take("IN") or words.take("FROM") else ()
    if words.is_over():
        return ShowFunctions(schema)
    words.take("LIKE")
    return ShowFunctions(schema, words.text())


# ------------------------------------------------------------------ CREATE
def create_function(tokens: Sequence[Token], text: str) -> CreateFunction | None:
    """The function that a statement makes; None where it makes something else.

    Args:
        tokens: of the whole statement, which begins with CREATE.

    Raises:
        BadStatement: it begins so and goes on otherwise. NotSupported: a function of the session.
    """
    reader = _Reader(tokens, text)
    reader.expect("CREATE")
    replaces = reader.take("OR", "REPLACE")
    temporary = reader.take("TEMPORARY") or reader.take("TEMP")
    if not reader.take("FUNCTION"):
        return None
    if temporary:
        raise NotSupported(
            "CREATE TEMPORARY FUNCTION is not supported here: make it without TEMPORARY, in a schema, "
            "and drop it afterwards. (In Spark sessions on a workspace it is.)"
        )
    lenient = reader.take("IF", "NOT", "EXISTS")
    if lenient and replaces:
        raise BadStatement(
            "[INVALID_SQL_SYNTAX.CREATE_ROUTINE_WITH_IF_NOT_EXISTS_AND_REPLACE] CREATE FUNCTION with "
            "both IF NOT EXISTS and REPLACE is not allowed."
        )
    name = reader.name()
    parameters = reader.listed("a parameter")
    told = reader.told()
    return CreateFunction(name, parameters, replaces=replaces, lenient=lenient, **told)


class _Reader:
    """The tokens of a CREATE FUNCTION, read one after the other."""

    def __init__(self, tokens: Sequence[Token], text: str) -> None:
        self._tokens, self._text, self._at = tokens, text, 0

    def told(self) -> dict[str, Any]:
        """All that stands behind the parameters, by the names of `CreateFunction`."""
        found: dict[str, Any] = {}
        if self.take("RETURNS"):
            if self.take("TABLE"):
                found["columns"] = self.listed("a column") if self._comes("(") else ()
            else:
                found["returns"] = self._type(_BEHIND_TYPES)
        while not self._is_over():
            if self.take("RETURN"):
                return {**found, "body": self._rest()}
            if self.take("AS"):
                return {**found, "body": self._between_dollars()}
            self._characteristic(found)
        raise self._unexpected("RETURN and the function's body")

    def _characteristic(self, found: dict[str, Any]) -> None:
        if self.take("LANGUAGE"):
            found["language"] = self._next("SQL or PYTHON").text.upper()
        elif self.take("COMMENT"):
            found["comment"] = self._quoted()
        elif self.take("NOT", "DETERMINISTIC"):
            found["is_deterministic"] = False
        elif self.take("READS", "SQL", "DATA"):
            found["access"] = "READS_SQL_DATA"
        elif self.take("DEFAULT", "COLLATION"):
            self._next("a collation")
        elif self.take("ENVIRONMENT"):
            self.expect("(")
            self._at = self._end(())
            self.expect(")")
        elif not (
            self.take("DETERMINISTIC") or self.take("CONTAINS", "SQL") or self.take("NO", "SQL")
        ):
            raise self._unexpected("RETURN and the function's body")

    def listed(self, what: str) -> tuple[Given, ...]:
        """Names with types, in parentheses."""
        self.expect("(")
        found: list[Given] = []
        while not self.take(")"):
            if found:
                self.expect(",")
            name = self._next(what).text
            kind = self._type((*_BEHIND_TYPES, ","))
            if not kind:
                raise self._unexpected(f"the type of {name}")
            self.take("NOT", "NULL")
            default: str | None = None
            comment: str | None = None
            if self.take("DEFAULT"):
                default = self._slice(self._end(("COMMENT", ",")))
            if self.take("COMMENT"):
                comment = self._quoted()
            found.append(Given(name, kind, default, comment))
        return tuple(found)

    def name(self) -> Name:
        """A name of one to three parts."""
        parts = [self._next("the name of a function").text]
        while self.take("."):
            parts.append(self._next("the name of a function").text)
        return tuple(parts)

    def take(self, *wanted: str) -> bool:
        """Go past these words or signs, if they come next."""
        found = self._tokens[self._at : self._at + len(wanted)]
        fits = len(found) == len(wanted) and all(map(_is, found, wanted))
        self._at += len(wanted) if fits else 0
        return fits

    def expect(self, wanted: str) -> None:
        """Go past a word. Raises BadStatement: another one comes."""
        if not self.take(wanted):
            raise self._unexpected(wanted)

    def _comes(self, wanted: str) -> bool:
        return not self._is_over() and _is(self._tokens[self._at], wanted)

    def _is_over(self) -> bool:
        return self._at >= len(self._tokens)

    def _next(self, what: str) -> Token:
        if self._is_over() or self._tokens[self._at].token_type == TokenType.STRING:
            raise self._unexpected(what)
        self._at += 1
        return self._tokens[self._at - 1]

    def _quoted(self) -> str:
        if self._is_over() or self._tokens[self._at].token_type != TokenType.STRING:
            raise self._unexpected("a text in quotes")
        self._at += 1
        return str(self._tokens[self._at - 1].text)

    def _type(self, behind: Sequence[str]) -> str:
        """The text of a type, behind which one of some words may stand."""
        return self._slice(self._end(behind, angled=True))

    def _end(self, words: Sequence[str], angled: bool = False) -> int:
        """Where the first of some words stands that no brackets hold, or what closes those around.

        Args:
            angled: `<` and `>` are brackets too.
        """
        depth = 0
        for place in range(self._at, len(self._tokens)):
            token = self._tokens[place]
            closes = _is(token, ")") or _is(token, "]")
            if not depth and (closes or any(_is(token, word) for word in words)):
                return place
            depth += (_is(token, "(") or _is(token, "[")) - closes
            depth += (_is(token, "<") - _is(token, ">")) if angled else 0
        return len(self._tokens)

    def _slice(self, end: int) -> str:
        """The text up to a token, which comes next afterwards."""
        first, last = self._at, end - 1
        self._at = end
        if last < first:
            return ""
        return self._text[self._tokens[first].start : self._tokens[last].end + 1]

    def _rest(self) -> str:
        if self._is_over():
            raise self._unexpected("an expression or a query")
        return self._slice(len(self._tokens))

    def _between_dollars(self) -> str:
        begin = self._tokens[self._at - 1].end + 1
        said = self._text[begin:].strip()
        if len(said) < 4 or not (said.startswith("$$") and said.endswith("$$")):
            raise self._unexpected("the function's body between $$ and $$")
        self._at = len(self._tokens)
        return said[2:-2]

    def _unexpected(self, wanted: str) -> BadStatement:
        found = "the end" if self._is_over() else repr(self._tokens[self._at].text)
        return BadStatement(
            f"[PARSE_SYNTAX_ERROR] Syntax error at or near {found}; expected {wanted}."
        )


_BEHIND_TYPES = (
    "DEFAULT", "COMMENT", "LANGUAGE", "NOT", "DETERMINISTIC", "CONTAINS", "READS", "NO", "ENVIRONMENT",
    "RETURN", "AS",
)  # fmt: skip


def _is(token: Token, wanted: str) -> bool:
    plain = token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER)
    return plain and token.text.upper() == wanted
