"""SQL as values: one statement so far. Knows its grammar; not what carries it out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.errors import NotSupported

_NAME = r"`?[A-Za-z0-9_]+`?(?:\.`?[A-Za-z0-9_]+`?)*"
_CREATE = re.compile(
    rf"""\s*CREATE\s+VECTOR\s+SEARCH\s+INDEX\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<index>{_NAME})
    \s+ON\s+(?:TABLE\s+)?(?P<table>{_NAME})\s*\(\s*(?P<column>`?\w+`?)\s*\)
    \s+USING\s+ENDPOINT\s+(?P<endpoint>[`'"]?[A-Za-z0-9_.-]+[`'"]?)\s*;?\s*""",
    re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True)
class CreateIndex:
    """`CREATE VECTOR SEARCH INDEX [IF NOT EXISTS] index ON table(column) USING ENDPOINT endpoint`."""

    index: str
    table: str
    column: str
    endpoint: str
    if_not_exists: bool


def parse(statement: str) -> CreateIndex:
    """The statement that a text is.

    Raises:
        NotSupported: any other than those of this module.
    """
    found = _CREATE.fullmatch(statement)
    if found is None:
        raise NotSupported(
            f"The SQL statement {statement!r:.120} is not supported. Supported is: CREATE VECTOR "
            "SEARCH INDEX [IF NOT EXISTS] <index> ON <table>(<column>) USING ENDPOINT <endpoint>."
        )
    index, table, column, endpoint = (
        re.sub("[`'\"]", "", found[part]) for part in ("index", "table", "column", "endpoint")
    )
    return CreateIndex(index, table, column, endpoint, if_not_exists=found["lenient"] is not None)
