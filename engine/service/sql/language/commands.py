"""Statements with a grammar of their own here: SHOW, DESCRIBE, USE, catalogues, vector search indexes.

Knows words and names; not what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language import upkeep
from engine.service.sql.language.forms.copying import CopyInto
from engine.service.sql.language.forms.facts import Facts, alter, comment_on
from engine.service.sql.language.forms.grants import OfGrants
from engine.service.sql.language.forms.replacing import Restore, restore
from engine.service.sql.language.forms.tags import set_tag, unset_tag
from engine.service.sql.language.forms.volumes import ChangeVolume, create_volume, drop_volume
from engine.service.sql.language.forms.words import Name, Words
from engine.service.sql.language.routines import (
    Routines,
    describe_function,
    drop_function,
    show_functions,
)
from engine.service.sql.language.upkeep import Upkeep

ShowKind = Literal[
    "TABLES", "VIEWS", "SCHEMAS", "CATALOGS", "COLUMNS", "TBLPROPERTIES", "CREATE TABLE",
    "TABLE EXTENDED", "PARTITIONS", "VOLUMES",
]  # fmt: skip
DescribeKind = Literal["TABLE", "DETAIL", "HISTORY", "SCHEMA", "CATALOG"]


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
    """`SHOW TABLES | VIEWS | SCHEMAS | CATALOGS | COLUMNS | TBLPROPERTIES | CREATE TABLE ...`, and
    `TABLE EXTENDED | PARTITIONS | VOLUMES ...`.

    Attributes:
        name: what stands behind IN or FROM, or the table; empty for none.
        in_catalog: `name` is a catalog, as drivers say it. everywhere: all catalogs.
        like: pattern of the names; schema_like, table_like: of those above them.
        key: the one property that is asked for; None for all.
        partition: columns of the partitions that are asked for, with their values; None for any.
    """

    kind: ShowKind
    name: Name = ()
    in_catalog: bool = False
    everywhere: bool = False
    like: str | None = None
    schema_like: str | None = None
    table_like: str | None = None
    key: str | None = None
    partition: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Describe:
    """`DESCRIBE [TABLE] [EXTENDED] | DETAIL | HISTORY | SCHEMA | CATALOG name`.

    Attributes:
        column: the one that is asked for; None for the table. limit: of a history's rows.
        as_json: the answer is one text in JSON.
    """

    kind: DescribeKind
    name: Name
    extended: bool = False
    column: str | None = None
    limit: int | None = None
    as_json: bool = False


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


Command = (
    CreateIndex
    | Show
    | Describe
    | Use
    | ChangeCatalog
    | ChangeVolume
    | Upkeep
    | CopyInto
    | Facts
    | OfGrants
    | Restore
    | Routines
)


# ------------------------------------------------------------------ one reader for each first word
def _show(words: Words) -> Command:
    functions = show_functions(words)
    if functions is not None:
        return functions
    for kind, spelled in _SHOWN.items():
        if any(words.take(*one.split()) for one in spelled):
            return _shown(kind, words)
    raise NotSupported(
        "This SHOW is not supported. Supported are SHOW TABLES, TABLE EXTENDED, VIEWS, SCHEMAS, "
        "CATALOGS, VOLUMES, FUNCTIONS, COLUMNS, PARTITIONS, TBLPROPERTIES and CREATE TABLE."
    )


_SHOWN: dict[ShowKind, tuple[str, ...]] = {
    "TABLES": ("TABLES",),
    "VIEWS": ("VIEWS",),
    "SCHEMAS": ("SCHEMAS", "DATABASES"),
    "CATALOGS": ("CATALOGS",),
    "COLUMNS": ("COLUMNS",),
    "TBLPROPERTIES": ("TBLPROPERTIES",),
    "CREATE TABLE": ("CREATE TABLE",),
    "TABLE EXTENDED": ("TABLE EXTENDED",),
    "PARTITIONS": ("PARTITIONS",),
    "VOLUMES": ("VOLUMES",),
}


def _shown(kind: ShowKind, words: Words) -> Show:
    if kind == "CREATE TABLE":
        return Show(kind, words.name("a table"))
    if kind == "TBLPROPERTIES":
        return Show(kind, words.name("a table"), key=_key(words))
    if kind == "PARTITIONS":
        return Show(kind, words.name("a table"), partition=_partition(words))
    name: Name = ()
    in_catalog = everywhere = False
    if words.take("IN") or words.take("FROM"):
        everywhere = words.take("ALL", "CATALOGS")
        if not everywhere:
            in_catalog = words.take("CATALOG")
            name = words.name("a name")
        if kind == "COLUMNS" and (words.take("IN") or words.take("FROM")):
            name = (*words.name("a schema"), name[-1])
    partition: tuple[tuple[str, str | None], ...] = ()
    patterns: dict[str, str | None] = dict.fromkeys(("like", "schema_like", "table_like"))
    while not words.is_over():
        if words.take("SCHEMA", "LIKE"):
            patterns["schema_like"] = words.text()
        elif words.take("TABLE", "LIKE"):
            patterns["table_like"] = words.text()
        elif kind == "TABLE EXTENDED" and words.comes("PARTITION"):
            partition = _partition(words)
        else:
            words.take("LIKE")
            patterns["like"] = words.text()
    if kind == "TABLE EXTENDED" and patterns["like"] is None:
        raise words.unexpected("LIKE and a pattern of names in quotes")
    like, schema_like, table_like = patterns.values()
    return Show(
        kind, name, in_catalog, everywhere, like, schema_like, table_like, partition=partition
    )


def _key(words: Words) -> str | None:
    """The one property in parentheses, as a text or as a name."""
    if not words.take("("):
        return None
    key = words.key()
    words.expect(")")
    return key


def _partition(words: Words) -> tuple[tuple[str, str | None], ...]:
    """What stands behind PARTITION: columns, each with its value or without."""
    if not words.take("PARTITION"):
        return ()
    words.expect("(")
    found: list[tuple[str, str | None]] = []
    while not found or words.take(","):
        column = words.identifier("a column")
        value = words.value() if words.take("=") else None
        found.append((column, value))
    words.expect(")")
    return tuple(found)


def _describe(words: Words) -> Command:
    if words.take("FUNCTION"):
        return describe_function(words)
    if words.take("DETAIL"):
        words.take("TABLE")
        return Describe("DETAIL", _place(words))
    if words.take("HISTORY"):
        name = _place(words)
        limit = words.whole_number("a number of rows") if words.take("LIMIT") else None
        return Describe("HISTORY", name, limit=limit)
    for kind in _DESCRIBED:
        if words.take(kind):
            extended = words.take("EXTENDED")
            named: DescribeKind = "SCHEMA" if kind == "DATABASE" else kind
            return Describe(named, words.name(f"the name of a {named.lower()}"), extended)
    words.take("TABLE")
    extended = words.take("EXTENDED") or words.take("FORMATTED")
    name = words.name("the name of a table")
    column = None if words.is_over() or words.comes("AS") else words.identifier("a column")
    as_json = words.take("AS", "JSON")
    if as_json and not extended:
        raise BadStatement(
            "[DESCRIBE_JSON_NOT_EXTENDED] DESCRIBE TABLE ... AS JSON only supported when [EXTENDED|"
            f"FORMATTED] is specified: DESCRIBE EXTENDED {'.'.join(name)} AS JSON"
        )
    if as_json and column is not None:
        raise NotSupported(
            "[UNSUPPORTED_FEATURE.DESC_TABLE_COLUMN_JSON] DESC TABLE COLUMN AS JSON is not supported: "
            "describe the whole table."
        )
    return Describe("TABLE", name, extended, column, as_json=as_json)


_DESCRIBED: tuple[Literal["SCHEMA", "DATABASE", "CATALOG"], ...] = ("SCHEMA", "DATABASE", "CATALOG")


def _place(words: Words) -> Name:
    """A table by its name, or by its folder as a text, which is delta.`folder`."""
    return ("delta", words.text()) if words.text_comes() else words.name("the name of a table")


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
        return create_volume(words)
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
    if words.take("FUNCTION"):
        return drop_function(words)
    if not words.take("CATALOG"):
        return drop_volume(words)
    lenient = words.take("IF", "EXISTS")
    name = words.identifier("a catalog")
    cascade = words.take("CASCADE")
    words.take("RESTRICT")
    return ChangeCatalog(name, drop=True, lenient=lenient, cascade=cascade)


READERS: dict[str, Callable[[Words], Command | None]] = {
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _describe,
    "USE": _use,
    "CREATE": _create,
    "DROP": _drop,
    **upkeep.READERS,
    "COMMENT": comment_on,
    "ALTER": alter,
    "RESTORE": restore,
    "SET": set_tag,
    "UNSET": unset_tag,
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
