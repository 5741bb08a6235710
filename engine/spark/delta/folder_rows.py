"""Changes of a Delta folder's rows by the workspace's own SQL, which is the one that there is.

The rows are laid out as a table of a workspace for the time of the statement, changed there, and written
back in one commit, which is refused where somebody else wrote meanwhile. So a change costs as much as
the whole table, and its history says WRITE; rows that are only added are written alone.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame

from engine.service.sql.session import Session
from engine.spark.frames.table_rows import ROWS
from engine.spark.frames.worker_rows import rows_of
from engine.spark.kinds import OnWorkspace
from engine.store.layout import storage_failed
from engine.store.tables.delta import DeltaSource, open_delta
from engine.store.tables.delta_writing import add_to_delta
from engine.workspace import Workspace

_WHOLE = "vitrine_whole_table"


def changed_folder(
    session: OnWorkspace, folder: Path, name: str, statement: str, rows: DataFrame | None
) -> pa.Table:
    """Carry out UPDATE, DELETE or MERGE on a Delta table; what it answers.

    Args:
        name: what the statement calls the table. rows: what it may read under the name `ROWS`.

    Raises:
        Locked: somebody else wrote the table meanwhile. BadSourceFile: it can't be read.
        BadStatement and the like: the statement is refused, or a value of it by the table.
        StorageFailed: a full disk. MissingExtra: the package deltalake is not installed.
    """
    source = open_delta(folder)
    with contextlib.ExitStack() as files:
        known = {} if rows is None else {ROWS: files.enter_context(rows_of(rows, session.folder))}
        workspace = files.enter_context(_laid_out(session, source, name))
        answer = workspace.sql(statement, session=Session().with_rows(known))
        counts = {key: int(answer[key][0].as_py()) for key in answer.column_names}
        after = workspace.read_table(name)
        try:
            _write_back(source, after, counts)
        except OSError as error:
            raise storage_failed(f"{folder} was not written", error) from error
    return answer


@contextlib.contextmanager
def _laid_out(session: OnWorkspace, source: DeltaSource, name: str) -> Iterator[Workspace]:
    """A workspace whose one table has the rows of a Delta table."""
    place = Path(tempfile.mkdtemp(prefix="changed-", dir=session.folder))
    try:
        workspace = Workspace(place)
        whole = pa.Table.from_batches(source.batches(), schema=source.schema)
        known = Session().with_rows({_WHOLE: whole})
        workspace.sql(f"CREATE TABLE {name} AS SELECT * FROM {_WHOLE}", session=known)
        yield workspace
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _write_back(source: DeltaSource, after: pa.Table, counts: dict[str, Any]) -> None:
    """Write what a statement made of the rows; nothing where it changed none."""
    grown = after.num_columns > len(source.schema)
    added = counts.get("num_inserted_rows", 0)
    if not counts.get("num_affected_rows") and not grown:
        return
    if added and added == counts.get("num_affected_rows"):
        after, replacing = after.slice(source.num_rows), False  # they stand behind the others
    else:
        replacing = True
    add_to_delta(
        source.folder,
        after.schema,
        after.to_batches(),
        replacing=replacing,
        columns="added" if grown else "kept",
        seen=source.version,
    )
