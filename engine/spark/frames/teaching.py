"""What DataFrames of a session on a workspace do otherwise: `write`, `writeStream`, `writeTo`,
`mergeInto`, `selectExpr`, and say that their session is stopped.

A DataFrame makes its writers by itself, so its class is taught once: those of a session on a workspace
write there, all others do as they did. Knows methods; not what they do.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from pyspark.sql.classic.dataframe import DataFrame as ClassicDataFrame

from engine.spark.errors import check_running
from engine.spark.frames.merging import TableMergeWriter
from engine.spark.frames.saving import TableWriter
from engine.spark.frames.writing_to import TableWriterV2
from engine.spark.functions import select_expressions
from engine.spark.streams import TableStreamWriter

# What reads rows, and so needs the session.
_ACTIONS = (
    "collect", "count", "first", "foreach", "foreachPartition", "head", "isEmpty", "show", "tail",
    "take", "toArrow", "toLocalIterator", "toPandas",
)  # fmt: skip


def teach_dataframes() -> None:
    """Let DataFrames of sessions on a workspace write into it; once for the process."""
    given = ClassicDataFrame.write.fget
    if getattr(given, "knows_workspaces", False):
        return
    write = _taught(given, TableWriter)
    write.knows_workspaces = True  # type: ignore[attr-defined]
    ClassicDataFrame.write = property(write)
    ClassicDataFrame.writeStream = property(
        _taught(ClassicDataFrame.writeStream.fget, TableStreamWriter)
    )
    ClassicDataFrame.writeTo = _taught(ClassicDataFrame.writeTo, TableWriterV2)
    ClassicDataFrame.mergeInto = _taught(ClassicDataFrame.mergeInto, TableMergeWriter)
    select = ClassicDataFrame.selectExpr
    ClassicDataFrame.selectExpr = _taught(
        select, lambda frame, *texts: select_expressions(frame, select, texts)
    )
    for name in _ACTIONS:
        method = getattr(ClassicDataFrame, name)
        setattr(ClassicDataFrame, name, _taught(method, method))


def _taught(method: Callable[..., Any], here: Callable[..., Any]) -> Callable[..., Any]:
    """A method that does `here` for frames of a session on a workspace, which runs."""

    @functools.wraps(method)
    def call(self: Any, *args: Any, **named: Any) -> Any:
        session = self.sparkSession
        if getattr(session, "workspace", None) is None:
            return method(self, *args, **named)
        check_running(session)
        return here(self, *args, **named)

    return call
