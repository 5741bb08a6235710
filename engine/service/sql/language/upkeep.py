"""Statements of a table's upkeep: OPTIMIZE, VACUUM, ANALYZE, and those that ask for what is never due.

Knows words and names; not what they stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.service.sql.language.forms.words import Name, Words


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


@dataclass(frozen=True)
class Refresh:
    """`REFRESH TABLE`, `CACHE TABLE`, `UNCACHE TABLE`, `CLEAR CACHE`, `REORG TABLE ... APPLY (PURGE)`,
    `MSCK REPAIR TABLE` and `FSCK REPAIR TABLE`: nothing is kept here that could be old, or deleted and
    not yet gone.

    Attributes:
        table: it has to exist; empty for none. lenient: it doesn't have to.
    """

    table: Name = ()
    lenient: bool = False


Upkeep = Analyze | Optimize | Refresh | Vacuum


def _optimize(words: Words) -> Upkeep:
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


def _vacuum(words: Words) -> Upkeep:
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


def _analyze(words: Words) -> Upkeep:
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


def _refresh(words: Words) -> Upkeep:
    words.take("TABLE")
    return Refresh(words.name("the name of a table"))


def _cache(words: Words) -> Upkeep | None:
    words.take("LAZY")
    words.expect("TABLE")
    table = words.name("the name of a table")
    if words.take("OPTIONS"):
        while not words.is_over():
            words.skip()
    return Refresh(table)


def _uncache(words: Words) -> Upkeep:
    words.expect("TABLE")
    lenient = words.take("IF", "EXISTS")
    return Refresh(words.name("the name of a table"), lenient)


def _clear(words: Words) -> Upkeep:
    words.expect("CACHE")
    return Refresh()


def _repair(words: Words) -> Upkeep:
    words.take("REPAIR")  # which goes with MSCK
    words.expect("TABLE")
    table = words.name("the name of a table")
    while not words.is_over():
        words.skip()
    return Refresh(table)


def _reorg(words: Words) -> Upkeep:
    words.take("TABLE")
    table = words.name("the name of a table")
    while not words.is_over() and not words.comes("APPLY"):
        words.skip()
    words.expect("APPLY", "(", "PURGE", ")")
    return Refresh(table)


READERS: dict[str, Callable[[Words], Upkeep | None]] = {
    "ANALYZE": _analyze,
    "CACHE": _cache,
    "CLEAR": _clear,
    "FSCK": _repair,
    "MSCK REPAIR": _repair,
    "OPTIMIZE": _optimize,
    "REFRESH": _refresh,
    "REORG": _reorg,
    "UNCACHE": _uncache,
    "VACUUM": _vacuum,
}
