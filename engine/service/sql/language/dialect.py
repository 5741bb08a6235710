"""The users' dialect: texts to statements, of the kinds on a list; and to DuckDB's words.

Beside the rest of this folder the only place with sqlglot. Knows grammar; not tables.
"""

from __future__ import annotations

import contextlib
import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlglot import exp, parse_one
from sqlglot.dialects.databricks import Databricks
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError, UnsupportedError
from sqlglot.tokens import Token, TokenType

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.commands import Command, read_command
from engine.service.sql.language.forms.clones import CLONES, without_clone
from engine.service.sql.language.forms.column_changes import ColumnChange, column_changes
from engine.service.sql.language.forms.copying import copy_into
from engine.service.sql.language.forms.evolution import EVOLVES, without_evolution
from engine.service.sql.language.forms.grants import of_grants
from engine.service.sql.language.forms.originals import keep_texts
from engine.service.sql.language.forms.replace_on import without_replace_on
from engine.service.sql.language.forms.replacing import REPLACES, with_create
from engine.service.sql.language.forms.words import Word, Words
from engine.service.sql.language.functions import casts
from engine.service.sql.language.functions.times.patterns import keeping
from engine.service.sql.language.routines import create_function
from engine.service.sql.language.tokens import with_star, with_versions, with_windows

# What the parser warns of, an error of this engine says; whoever wants to see it adds a handler.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())
MAX_TEXT = 16 << 20  # characters; the cloud's limit is 16 MiB
# Functions of the parser that are none of Databricks' SQL, or that this engine carries out by itself:
# what is not known is refused by its name.
_TAKEN_AWAY = ("AI_", "GENERATE_", "READ_", "CURRENT_", "PARSE_", "NEXT_VALUE", "XML", "CHECK_XML")
_ONE_BY_ONE = {"VECTOR_SEARCH", "SECRET", "TO_FILE", "SESSION_USER", "NET_FUNC", "REG_DOMAIN"}
_KEPT = {
    f"CURRENT_{what}"
    for what in ("CATALOG", "DATABASE", "DATE", "SCHEMA", "TIMESTAMP", "TIMEZONE", "USER")
} | {"PARSE_URL"}

# First words of the statements that are parsed, and the kinds of expression that may come of them.
_FIRST_WORDS = {
    "SELECT", "WITH", "VALUES", "FROM", "(", "CREATE", "DROP", "ALTER", "INSERT", "UPDATE", "DELETE",
    "MERGE", "TRUNCATE", "REPLACE", "TABLE",
}  # fmt: skip
STATEMENTS = (
    exp.Query, exp.Values, exp.Create, exp.Drop, exp.Alter, exp.Insert, exp.Update, exp.Delete,
    exp.Merge, exp.TruncateTable,
)  # fmt: skip
_OBJECTS = {"TABLE", "VIEW", "SCHEMA", "DATABASE"}  # that are created, dropped and altered
_BETWEEN = {"OR", "REPLACE", "TEMP", "TEMPORARY", "GLOBAL", "EXTERNAL", "MANAGED"}


def _datediff(args: list[exp.Expression]) -> exp.Expression:
    """`datediff` of two days, an INT, keeps that apart from a difference in units, a BIGINT."""
    built: exp.Expression = Databricks.parser_class.FUNCTIONS["DATEDIFF"](args)
    built.set("big_int", len(args) > 2)
    return built


class Users(Databricks):  # type: ignore[misc]
    """Databricks' dialect without the functions that are taken away; a doubled quote is a quote."""

    class Tokenizer(Databricks.Tokenizer):  # type: ignore[misc]
        """Its tokenizer."""

        STRING_ESCAPES: ClassVar = ["\\", "'", '"']

    class Parser(Databricks.parser_class):  # type: ignore[misc]
        """Its parser."""

        FUNCTIONS: ClassVar = keeping({
            name: build
            for name, build in Databricks.parser_class.FUNCTIONS.items()
            if name in _KEPT or not (name.startswith(_TAKEN_AWAY) or name in _ONE_BY_ONE)
        } | {
            "DATEDIFF": _datediff,
            "DATE_DIFF": _datediff,
            **casts.FUNCTIONS,
            "TO_UNIX_TIMESTAMP": Databricks.parser_class.FUNCTIONS["UNIX_TIMESTAMP"],
        })  # fmt: skip


def version_end(text: str, after: int, version: exp.Version) -> int:
    """Where in a statement's text the last character of a table's version stands.

    The parser doesn't tell: it is the first place up to which the text says the same.

    Args:
        after: where the last character of the table's name stands.
    """
    tokens = [one for one in with_versions(tokenized(text)) if one.start > after]
    first = next(place for place, one in enumerate(tokens) if one.text.upper() == "OF") + 1
    begin, is_at = tokens[first].start, text[tokens[first - 1].start] == "@"
    for one in tokens[first:]:
        end: int = one.end
        if is_at:
            return end
        with contextlib.suppress(SqlglotError):
            if parse_one(text[begin : end + 1], read=Users) == version.expression:
                return end
    raise BadStatement(f"{version.sql(dialect='databricks'):.80}: where it ends can't be told.")


@dataclass(frozen=True)
class Statement:
    """One statement: its text, and the command or the tree that it is."""

    text: str
    command: Command | None
    tree: exp.Expression | None


def split(text: str) -> list[str]:
    """The statements of a text, which semicolons part; those without words are left out.

    Raises:
        BadStatement: a quote or a comment that doesn't end.
    """
    out, start = [], 0
    tokens = tokenized(text)
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            out.append((start, token.start))
            start = token.end + 1
    out.append((start, len(text)))
    beginnings = [t.start for t in tokens if t.token_type != TokenType.SEMICOLON]
    return [
        text[first:last].strip()
        for first, last in out
        if any(first <= place < last for place in beginnings)
    ]


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Statement:
    """The statement that a text is; its tree is shared, so change only copies of it.

    Raises:
        BadStatement: no statement, several, or one that can't be read.
        NotSupported: a kind of statement that isn't on the list.
    """
    if len(text) > MAX_TEXT:
        raise BadStatement(
            f"The statement has {len(text):,} characters; at most {MAX_TEXT:,} are read."
        )
    found = split(text)
    if len(found) != 1:
        many = "is empty" if not found else f"holds {len(found)} statements"
        raise BadStatement(f"[PARSE_SYNTAX_ERROR] The text {many}; expected one statement.")
    tokens = tokenized(found[0])
    first = tokens[0].text.upper()
    rest = _rest(first, found[0][tokens[0].end + 1 :]) if first in _COMMANDS else tokens[1:]
    if first == "COPY":
        said = copy_into(tokens, [_word(token) for token in tokens], found[0])
        return Statement(found[0], said, None)
    if first == "CREATE" and (made := create_function(tokens, found[0])) is not None:
        return Statement(found[0], made, None)
    words = [_word(token) for token in rest]
    command = of_grants(first, Words(words)) or read_command(first, Words(words))
    if command is not None:
        return Statement(found[0], command, None)
    _check_kind(first, words)
    return Statement(found[0], None, _tree(found[0]))


# Whose rest the tokenizer takes for one text.
_COMMANDS = ("SHOW", "DESCRIBE", "DESC", "OPTIMIZE", "VACUUM", "GRANT", "REVOKE", "MSCK REPAIR")


def _rest(first: str, text: str) -> list[Token]:
    """The tokens behind a statement's first word."""
    if first in ("GRANT", "REVOKE"):  # behind EXECUTE at the beginning the tokenizer takes one text
        return tokenized(f"x {text}")[1:]
    return tokenized(text)


def _check_kind(first: str, words: list[Word]) -> None:
    """Refuse statements by their first words, before the parser sees them. Raises NotSupported."""
    if first not in _FIRST_WORDS:
        raise NotSupported(f"The statement {first:.40} is not supported; {_OFFERED}")
    if first in ("CREATE", "DROP", "ALTER", "REPLACE"):
        following = [word.text.upper() for word in words if word.text.upper() not in _BETWEEN]
        if not following or following[0] not in _OBJECTS:
            what = following[0] if following else "nothing"
            raise NotSupported(f"{first} {what:.40} is not supported; {_OFFERED}")


_OFFERED = (
    "supported are SELECT, CREATE and DROP of tables, views, functions, schemas, catalogs and volumes, "
    "ALTER TABLE, INSERT, UPDATE, DELETE, MERGE INTO, COPY INTO, TRUNCATE, USE, SHOW, DESCRIBE, "
    "OPTIMIZE, VACUUM, RESTORE, ANALYZE, REFRESH and CACHE TABLE, GRANT, REVOKE, CREATE VECTOR SEARCH "
    "INDEX."
)


def _tree(text: str) -> exp.Expression:
    try:
        tokens, evolves = without_evolution(with_versions(with_windows(with_star(tokenized(text)))))
        tokens, replaces = with_create(tokens)
        tokens, clones = without_clone(tokens)
        tokens, replaced = without_replace_on(tokens)
        changes = column_changes(tokens)
        trees = _parsed(tokens, text) if changes is None else [_columns_changed(changes, text)]
        condition = _parsed(replaced.condition, text)[0] if replaced is not None else None
    except (SqlglotError, ValueError, AttributeError, TypeError, IndexError, KeyError) as error:
        raise BadStatement(f"[PARSE_SYNTAX_ERROR] {_why(error)}") from None
    except RecursionError:
        raise BadStatement("[PARSE_SYNTAX_ERROR] The statement nests too deep.") from None
    tree = trees[0] if len(trees) == 1 else None
    if not isinstance(tree, STATEMENTS):
        raise NotSupported(f"The statement {text:.60} is not supported; {_OFFERED}")
    if isinstance(tree, (exp.Create, exp.Alter)):
        keep_texts(tree, tokenized(text), text, expression)
    if evolves:
        tree.set(EVOLVES, True)
    for mark, said in ((CLONES, clones), (REPLACES, replaces)):
        if said:
            tree.meta[mark] = True
    if replaced is not None:
        tree.set("replace_on", condition)
        tree.meta["target"], tree.meta["source"] = replaced.target, replaced.source
    return tree


def expression(text: str) -> exp.Expression:
    """The tree of an expression. Raises SqlglotError: it is none."""
    return parse_one(text, read=Users)


def _columns_changed(changes: Sequence[ColumnChange], text: str) -> exp.Expression | None:
    """One ALTER TABLE of several changes of columns; None where one isn't known."""
    trees = [_parsed(one.tokens, text)[0] for one in changes]
    actions = [_action(tree, one) for tree, one in zip(trees, changes)]
    if not actions or None in actions:
        return None
    whole = trees[0]
    assert whole is not None  # it has an action
    whole.set("actions", actions)
    return whole


def _action(tree: exp.Expression | None, change: ColumnChange) -> exp.Expression | None:
    """What a statement of one change does, of the column that it names."""
    listed = tree.args.get("actions") if isinstance(tree, exp.Alter) else None
    if not listed or len(listed) > 1:
        return None
    names = [exp.to_identifier(one.text, quoted=True) for one in change.column[::2]]
    column = names[0] if len(names) == 1 else exp.column(*reversed(names[-4:]))
    if change.kind == "change":
        listed[0].set("this", column)
        return listed[0]
    out = exp.AlterColumn(this=column)
    said = listed[0].args.get("position") if change.kind == "place" else listed[0]
    out.set(change.kind, said)
    return out


def _parsed(tokens: Sequence[Token], text: str) -> list[exp.Expression | None]:
    return list(Users().parser(error_level=ErrorLevel.IMMEDIATE).parse(list(tokens), text))


def tokenized(text: str) -> list[Token]:
    """The tokens of a text. Raises BadStatement: a quote or a comment that doesn't end."""
    try:
        return list(Users().tokenize(text))
    except (TokenError, ValueError, IndexError) as error:
        raise BadStatement(f"[PARSE_SYNTAX_ERROR] {_why(error)}") from None


def _word(token: Token) -> Word:
    if token.token_type == TokenType.STRING:
        return Word(token.text, "text")
    quoted = token.token_type == TokenType.IDENTIFIER
    return Word(token.text, "name" if quoted else "word")


def _why(error: Exception) -> str:
    """What a parser says, in one line and without the marks of a terminal."""
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        place = f"line {first['line']}, column {first['col']}"
        return f"{first['description']} at {place}, near {first['highlight']!r:.80}."
    return " ".join(str(error).split())[:300] or type(error).__name__


# ------------------------------------------------------------------ parameters and DuckDB's words
def with_parameters(tree: exp.Expression, values: Mapping[str, exp.Expression]) -> exp.Expression:
    """A copy of a tree with the values of its parameters, which `:name` stands for.

    Raises:
        BadStatement: a parameter without a value; names it.
    """
    copy = tree.copy()
    for marker in list(copy.find_all(exp.Placeholder)):
        if not isinstance(marker.this, str) or not marker.this:
            raise NotSupported("Parameters without a name (?) are not supported; write :name.")
        if marker.this not in values:
            raise BadStatement(
                f"[UNBOUND_SQL_PARAMETER] Found the unbound parameter: {marker.this}. Give it a value "
                "among the parameters."
            )
        marker.replace(values[marker.this].copy())
    return copy


def parameter(value: str | None, kind: str | None) -> exp.Expression:
    """A parameter's value as an expression; a text where no type is said.

    Raises:
        BadStatement: no name of a type.
    """
    plain = exp.Null() if value is None else exp.Literal.string(value)
    if kind is None or kind.upper() == "STRING":
        return plain
    if kind.upper() == "VOID":
        return exp.Null()
    try:
        return exp.cast(plain, exp.DataType.build(kind, dialect=Users))
    except (SqlglotError, ValueError):
        raise BadStatement(
            f"{kind!r:.60} is no type of a parameter, such as INT or DATE."
        ) from None


def to_duckdb(tree: exp.Expression) -> str:
    """A tree in DuckDB's words.

    Raises:
        NotSupported: it holds what DuckDB has no words for; names it.
    """
    try:
        return str(tree.sql(dialect="duckdb", unsupported_level=ErrorLevel.RAISE))
    except UnsupportedError as error:
        raise NotSupported(f"Not translated: {_why(error)}") from None
    except RecursionError:
        raise BadStatement("The statement nests too deep.") from None
