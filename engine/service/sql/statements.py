"""The SQL that users have for indexes: one statement so far. Knows its grammar; not what it starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine.core.schema import SyncReport
from engine.errors import NotSupported, ResourceConflict

if TYPE_CHECKING:
    from engine.service.indexes.operations import Indexes

_NAME = r"`?[A-Za-z0-9_]+`?(?:\.`?[A-Za-z0-9_]+`?)*"
_CREATE = re.compile(
    rf"""\s*CREATE\s+VECTOR\s+SEARCH\s+INDEX\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<index>{_NAME})
    \s+ON\s+(?:TABLE\s+)?(?P<table>{_NAME})\s*\(\s*(?P<column>`?\w+`?)\s*\)
    \s+USING\s+ENDPOINT\s+(?P<endpoint>[`'"]?[A-Za-z0-9_.-]+[`'"]?)\s*;?\s*""",
    re.IGNORECASE | re.VERBOSE,
)


def execute(workspace: Indexes, statement: str) -> SyncReport | None:
    """See `Indexes.sql`."""
    found = _CREATE.fullmatch(statement)
    if found is None:
        raise NotSupported(
            f"The SQL statement {statement!r:.120} is not supported. Supported is: CREATE VECTOR "
            "SEARCH INDEX [IF NOT EXISTS] <index> ON <table>(<column>) USING ENDPOINT <endpoint>."
        )
    parts = {k: re.sub("[`'\"]", "", v) for k, v in found.groupdict().items() if v}
    try:
        return workspace.create_index(
            parts["index"],
            source_table=parts["table"],
            vector_column=parts["column"],
            endpoint=parts["endpoint"],
        )
    except ResourceConflict:
        if "lenient" in parts:
            return None
        raise
