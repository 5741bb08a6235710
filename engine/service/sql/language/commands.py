"""Statements with a grammar of their own here: SHOW, DESCRIBE, USE, catalogues, vector search indexes,
a table's upkeep.

Knows words and names; not what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadStatement, NotSupported

ShowKind = Literal["TABLES", "VIEWS", "SCHEMAS", "CATALOGS", "COLUMNS", "TBLPROPERTIES"]
DescribeKind = Literal["TABLE", "DETAIL", "HISTORY", "SCHEMA", "CATALOG"]
Name = tuple[str, ...]


@dataclass(frozen=True)
class Word:
    """One word of a statement: as it stands there, quoted as a name, or a text."""

    text: str
    kind: Literal["word", "name", "text"]

    def is_word(self, wanted: str) -> bool:
        return self.kind == "word" and self.text.upper() == wanted


@dataclass(frozen=True)
class CreateIndex:
    """`CREATE VECTOR SEARCH INDEX [IF NOT EXISTS] index ON table(column) USING ENDPOINT endpoint`."""

    index: Name
    table: Name
    column: str
    endpoint: str
    if_not_exists: bool


@dataclass(frozen=True)
class Show:
    """`SHOW TABLES | VIEWS | SCHEMAS | CATALOGS | COLUMNS | TBLPROPERTIES ...`.

    Attributes:
        name: what stands behind IN or FROM, or the table; empty for none.
        in_catalog: `name` is a catalog, as drivers say it. everywhere: all catalogs.
        like: pattern of the names; schema_like, table_like: of those above them.
    """

    kind: ShowKind
    name: Name = ()
    in_catalog: bool = False
    everywhere: bool = False
    like: str | None = None
    schema_like: str | None = None
    table_like: str | None = None


@dataclass(frozen=True)
class Describe:
    """`DESCRIBE [TABLE] [EXTENDED] | DETAIL | HISTORY | SCHEMA | CATALOG name`."""

    kind: DescribeKind
    name: Name
    extended: bool = False


@dataclass(frozen=True)
class Use:
    """`USE [CATALOG | SCHEMA] name`; parts that aren't named stay."""

    catalog: str | None
    schema: str | None


@dataclass(frozen=True)
class ChangeCatalog:
    """`CREATE CATALOG name [COMMENT text] | DROP CATALOG name`; `lenient` for IF [NOT] EXISTS."""

    name: str
    drop: bool
    lenient: bool
    cascade: bool = False
    comment: str | None = None


@dataclass(frozen=True)
class Optimize:
    """`OPTIMIZE table [FULL] [WHERE ...] [ZORDER BY (columns)]`; all files are looked at in any case."""

    table: Name
    zorder: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vacuum:
    """`VACUUM table [LITE | FULL] [RETAIN n HOURS] [DRY RUN]`; hours are None where none are said."""

    table: Name
    hours: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class Analyze:
    """`ANALYZE TABLE table COMPUTE STATISTICS ...`, or of all `TABLES [IN schema]`.

    Attributes:
        name: of the table or the schema; empty for the session's schema.
        columns: those that it is for; empty for all, or none.
    """

    name: Name
    of_schema: bool = False
    columns: tuple[str, ...] = ()


Command = CreateIndex | Show | Describe | Use | ChangeCatalog | Optimize | Vacuum | Analyze


class Words:
    """A statement's words, read one after the other."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words, self._place = words, 0

    def take(self, *wanted: str) -> bool:
        """Go past these words, if they come next."""
        found = self._words[self._place : self._place + len(wanted)]
        fits = len(found) == len(wanted) and all(w.is_word(t) for w, t in zip(found, wanted))
        self._place += len(wanted) if fits else 0
        return fits

    def expect(self, *wanted: str) -> None:
        """Go past these words. Raises BadStatement where others come."""
        if not self.take(*wanted):
            raise self._unexpected(" ".join(wanted))

    def text(self) -> str:
        """The next word, which is a text."""
        word = self._next("a text in quotes")
        if word.kind != "text":
            self._place -= 1
            raise self._unexpected("a text in quotes")
        return word.text

    def identifier(self, what: str) -> str:
        """The next word, which is a name of one part."""
        word = self._next(what)
        if word.kind == "text" or not word.text.strip():
            self._place -= 1
            raise self._unexpected(what)
        return word.text

    def name(self, what: str) -> Name:
        """The next name, of one or more parts."""
        parts = [self.identifier(what)]
        while self.take("."):
            parts.append(self.identifier(what))
        return tuple(parts)

    def whole_number(self, what: str) -> int:
        """The next word, which is a whole number."""
        word = self._next(what)
        if word.kind != "word" or not word.text.isdecimal():
            self._place -= 1
            raise self._unexpected(what)
        return int(word.text)

    def comes(self, wanted: str) -> bool:
        """Whether this word comes next."""
        return not self.is_over() and self._words[self._place].is_word(wanted)

    def skip(self) -> None:
        """Go past the next word, whatever it is."""
        self._place += 1

    def rest(self, what: str) -> str:
        """All that is left, as one name whose parts dots and hyphens join."""
        parts = [self._next(what).text]
        while not self.is_over():
            parts.append(self._next(what).text)
        return "".join(parts)

    def is_over(self) -> bool:
        """Whether no word is left."""
        return self._place >= len(self._words)

    def end(self) -> None:
        """Raises BadStatement where more words come."""
        if not self.is_over():
            raise self._unexpected("the end of the statement")

    def _next(self, what: str) -> Word:
        if self.is_over():
            raise self._unexpected(what)
        self._place += 1
        return self._words[self._place - 1]

    def _unexpected(self, wanted: str) -> BadStatement:
        found = "the end" if self.is_over() else repr(self._words[self._place].text)
        return BadStatement(
            f"[PARSE_SYNTAX_ERROR] Syntax error at or near {found}; expected {wanted}."
        )


# ------------------------------------------------------------------ one reader for each first word
def _show(words: Words) -> Command:
    for kind, spelled in _SHOWN.items():
        if any(words.take(*one.split()) for one in spelled):
            return _shown(kind, words)
    raise NotSupported(
        "This SHOW is not supported. Supported are SHOW TABLES, VIEWS, SCHEMAS, CATALOGS, COLUMNS and "
        "TBLPROPERTIES."
    )


_SHOWN: dict[ShowKind, tuple[str, ...]] = {
    "TABLES": ("TABLES",),
    "VIEWS": ("VIEWS",),
    "SCHEMAS": ("SCHEMAS", "DATABASES"),
    "CATALOGS": ("CATALOGS",),
    "COLUMNS": ("COLUMNS",),
    "TBLPROPERTIES": ("TBLPROPERTIES",),
}


def _shown(kind: ShowKind, words: Words) -> Show:
    name: Name = ()
    in_catalog = everywhere = False
    if kind == "TBLPROPERTIES":
        name = words.name("a table")
    elif words.take("IN") or words.take("FROM"):
        everywhere = words.take("ALL", "CATALOGS")
        if not everywhere:
            in_catalog = words.take("CATALOG")
            name = words.name("a name")
    patterns: dict[str, str | None] = dict.fromkeys(("like", "schema_like", "table_like"))
    while not words.is_over():
        if words.take("SCHEMA", "LIKE"):
            patterns["schema_like"] = words.text()
        elif words.take("TABLE", "LIKE"):
            patterns["table_like"] = words.text()
        else:
            words.take("LIKE")
            patterns["like"] = words.text()
    return Show(kind, name, in_catalog, everywhere, **patterns)


def _describe(words: Words) -> Command:
    for kind in _DESCRIBED:
        if words.take(kind):
            return Describe(kind, words.name(f"the name of a {kind.lower()}"))
    if words.take("DATABASE"):
        return Describe("SCHEMA", words.name("the name of a schema"))
    words.take("TABLE")
    extended = words.take("EXTENDED") or words.take("FORMATTED")
    return Describe("TABLE", words.name("the name of a table"), extended)


_DESCRIBED: tuple[DescribeKind, ...] = ("DETAIL", "HISTORY", "SCHEMA", "CATALOG")


def _use(words: Words) -> Command:
    if words.take("CATALOG"):
        return Use(words.identifier("a catalog"), None)
    if not words.take("SCHEMA"):
        words.take("DATABASE")
    name = words.name("a schema")
    if len(name) > 2:
        raise BadStatement(f"USE {'.'.join(name)}: a schema's name has one or two parts.")
    return Use(name[0] if len(name) == 2 else None, name[-1])


def _create(words: Words) -> Command | None:
    if words.take("CATALOG"):
        lenient = words.take("IF", "NOT", "EXISTS")
        name = words.identifier("a catalog")
        comment = words.text() if words.take("COMMENT") else None
        return ChangeCatalog(name, drop=False, lenient=lenient, comment=comment)
    if not words.take("VECTOR", "SEARCH", "INDEX"):
        return None
    lenient = words.take("IF", "NOT", "EXISTS")
    index = words.name("the name of an index")
    words.expect("ON")
    words.take("TABLE")
    table = words.name("the name of a table")
    words.expect("(")
    column = words.identifier("a column")
    words.expect(")")
    words.expect("USING", "ENDPOINT")
    return CreateIndex(index, table, column, _endpoint(words), lenient)


def _endpoint(words: Words) -> str:
    """An endpoint's name: in quotes of any kind, or as it is, with dots and hyphens."""
    return words.rest("the name of an endpoint")


def _drop(words: Words) -> Command | None:
    if not words.take("CATALOG"):
        return None
    lenient = words.take("IF", "EXISTS")
    name = words.identifier("a catalog")
    cascade = words.take("CASCADE")
    words.take("RESTRICT")
    return ChangeCatalog(name, drop=True, lenient=lenient, cascade=cascade)


def _optimize(words: Words) -> Command:
    words.take("TABLE")
    table = words.name("the name of a table")
    words.take("FULL")
    if words.take("WHERE"):
        while not words.is_over() and not words.comes("ZORDER"):
            words.skip()
    if not words.take("ZORDER"):
        return Optimize(table)
    words.expect("BY")
    return Optimize(table, _columns(words))


def _columns(words: Words) -> tuple[str, ...]:
    """Columns with commas between them, in parentheses or not."""
    inside = words.take("(")
    found = [words.identifier("a column")]
    while words.take(","):
        found.append(words.identifier("a column"))
    if inside:
        words.expect(")")
    return tuple(found)


def _vacuum(words: Words) -> Command:
    table = words.name("the name of a table")
    hours, dry_run = None, False
    while not words.is_over():
        if words.take("RETAIN"):
            hours = words.whole_number("a number of hours")
            words.expect("HOURS")
        elif words.take("DRY", "RUN"):
            dry_run = True
        elif not (words.take("LITE") or words.take("FULL")):
            words.expect("RETAIN")
    return Vacuum(table, hours, dry_run)


def _analyze(words: Words) -> Command:
    of_schema = words.take("TABLES")
    if of_schema:
        named = words.take("IN") or words.take("FROM")
        name = words.name("a schema") if named else ()
    else:
        words.expect("TABLE")
        name = words.name("the name of a table")
    words.expect("COMPUTE")
    words.take("DELTA")
    words.expect("STATISTICS")
    if words.take("NOSCAN") or words.take("FOR", "ALL", "COLUMNS"):
        return Analyze(name, of_schema)
    columns = _columns(words) if words.take("FOR", "COLUMNS") else ()
    return Analyze(name, of_schema, columns)


READERS: dict[str, Callable[[Words], Command | None]] = {
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "USE": _use,
    "CREATE": _create,
    "DROP": _drop,
    "OPTIMIZE": _optimize,
    "VACUUM": _vacuum,
    "ANALYZE": _analyze,
}


def read_command(first: str, words: Words) -> Command | None:
    """The command that a statement is by its first word; None for a statement of another grammar.

    Raises:
        BadStatement: it begins as one and goes on otherwise. NotSupported: a form that isn't offered.
    """
    reader = READERS.get(first)
    command = reader(words) if reader is not None else None
    if command is not None:
        words.end()
    return command
