"""A Spark session whose tables are a workspace's: which texts Spark runs, which the workspace does.

Beside the rest of this folder the only place with pyspark. Knows both engines' sessions; not files.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pyarrow as pa
from pyspark import SparkContext
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.catalog import Catalog
from pyspark.sql.types import StructType

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.table_names import NamedTable, NamedTables, tables_named
from engine.service.sql.session import Session
from engine.service.sql.text_calls import with_identifiers
from engine.spark.catalog import WorkspaceCatalog
from engine.spark.delta.answering import DELTA_MODULES
from engine.spark.delta.statements import of_a_folder
from engine.spark.errors import as_spark, check_running
from engine.spark.frames.columns_said import evolves_always
from engine.spark.frames.reading import NO_CHANGES, TableReader
from engine.spark.frames.teaching import teach_dataframes
from engine.spark.frames.volume_paths import teach_context
from engine.spark.frames.worker_rows import rows_of
from engine.spark.functions import SessionFunctions
from engine.spark.relations import SparkRelations
from engine.spark.running import running_session
from engine.spark.settings import SHUFFLE_PARTITIONS, WorkspaceSettings, says_auto
from engine.spark.statement_files import asks_for_metadata, with_files_read, with_paths_on_disk
from engine.spark.streams import TableStreamReader
from engine.store.tables.versions import AsOf
from engine.workspace import Workspace

_SPACE = r"(?:\s|--[^\n]*\n|/\*.*?\*/)"
# Statements that Spark runs: queries, what it keeps for the session, its settings.
_QUERY = re.compile(rf"{_SPACE}*(?:\(|(?:SELECT|WITH|VALUES|FROM|TABLE)\b)", re.I | re.S)
_SPARKS = re.compile(
    rf"{_SPACE}*(?:SET(?!\s+TAG\b)|RESET|ADD|LIST|CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:GLOBAL\s+)?TEMP(?:ORARY)?\s+VIEW"
    r"|(?:TEMP(?:ORARY)?\s+)?FUNCTION)|DROP\s+(?:TEMP(?:ORARY)?\s+)?FUNCTION"
    r"|SHOW\s+(?:\w+\s+)?FUNCTIONS|DESC(?:RIBE)?\s+FUNCTION|DECLARE|EXECUTE)\b",
    re.I | re.S,
)
_EXPLAIN = re.compile(
    rf"{_SPACE}*EXPLAIN\s+(?:(?:EXTENDED|CODEGEN|COST|FORMATTED)\s+)?", re.I | re.S
)
_OF_A_VIEW = re.compile(
    r"\s*(?:DROP\s+VIEW\s+(?:IF\s+EXISTS\s+)?|DESC(?:RIBE)?\s+(?:TABLE\s+)?(?:EXTENDED\s+)?"
    r"|SHOW\s+COLUMNS\s+(?:IN|FROM)\s+)`?(\w+)`?\s*;?\s*",
    re.I,
)
_MARKS = re.compile(r"('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`[^`]*`|--[^\n]*|/\*.*?\*/|\?)", re.S)
_CHANGES = re.compile(r"\btable_changes\s*\(", re.I)
_WHERE_NAMES_START = re.compile(r"\bcurrent_(?:catalog|database|schema)\b", re.I)
_OF_A_CACHE = re.compile(r"\s*(?:CACHE|UNCACHE|REFRESH|CLEAR)\b", re.I)


class _Beside(SparkSession):
    """A session of Spark alone, beside the one that there is; it knows what it is in Java."""

    def __init__(self, context: SparkContext, java: Any = None) -> None:
        super().__init__(context, java)
        self.java = java  # None in the one that is asked for another

    @property
    def another(self) -> Any:
        """A new session in Java, with settings, names and temporary views of its own."""
        return cast(_Beside, self.newSession()).java


class WorkspaceSession(SparkSession):
    """A `SparkSession` on a workspace; see `engine.spark.session`.

    Attributes:
        workspace: whose tables they are.
        names: what names without catalog or schema mean: shared by Spark's and the workspace's SQL.
        folder: where this session keeps files of its own. relations: what Spark was shown.
        functions: those that its statements made.
    """

    def __init__(self, context: SparkContext, workspace: Workspace, folder: Path) -> None:
        # The first of a process is what getOrCreate() gives, and what Java begins with.
        super().__init__(context, None if running_session() is None else _Beside(context).another)
        self.workspace, self.names, self.folder = workspace, Session(), folder
        self.relations = SparkRelations(self, folder)
        self.functions = SessionFunctions(self, self.by_spark_alone, self._with_sparks_names)
        teach_dataframes()
        teach_context(context, workspace.volumes)
        if not self.knows_delta():
            DELTA_MODULES.begin("session")

    # ------------------------------------------------------------------ reading
    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """A table or view of the workspace, or a temporary view, as a DataFrame.

        It keeps showing the rows that the table had now.

        Raises:
            AnalysisException: there is none; says which there are.
        """
        check_running(self)
        if not isinstance(tableName, str):
            return super().table(tableName)
        with as_spark():
            return super().table(self.relations.spark_name(tableName))

    @property
    def read(self) -> TableReader:
        """A reader that knows the workspace's tables."""
        check_running(self)
        return TableReader(self)

    @property
    def readStream(self) -> TableStreamReader:  # noqa: N802
        """A reader of streams that knows the workspace's volumes."""
        check_running(self)
        return TableStreamReader(self)

    @cached_property
    def conf(self) -> WorkspaceSettings:
        """The session's settings."""
        parts = self.sparkContext.getConf().get(SHUFFLE_PARTITIONS, "200")
        return WorkspaceSettings(super().conf, str(parts))

    @cached_property
    def catalog(self) -> WorkspaceCatalog:
        """What there is: the workspace's catalogs, schemas and tables, and temporary views."""
        return WorkspaceCatalog(self)

    def createDataFrame(self, *args: Any, **named: Any) -> DataFrame:  # noqa: N802
        """A DataFrame of rows at hand, as Spark makes it."""
        check_running(self)
        return super().createDataFrame(*args, **named)

    def range(self, *args: Any, **named: Any) -> DataFrame:
        """A DataFrame of whole numbers, as Spark makes it."""
        check_running(self)
        return super().range(*args, **named)

    # ------------------------------------------------------------------ statements
    def sql(
        self,
        sqlQuery: str,  # noqa: N803
        args: dict[str, Any] | list[Any] | None = None,
        **kwargs: Any,
    ) -> DataFrame:
        """Run one statement: queries by Spark, all others by the workspace's own SQL.

        Raises:
            AnalysisException: it can't be read or carried out, and why.
        """
        check_running(self)
        with as_spark():
            if kwargs or not isinstance(sqlQuery, str):
                return super().sql(sqlQuery, args, **kwargs)
            return self._statement(sqlQuery, args)

    def _statement(self, text: str, args: Any) -> DataFrame:
        left = self.functions.statement(text)
        if left is None:
            return self.createDataFrame([], StructType([]))
        text = self.functions.called(left)
        explained = _EXPLAIN.match(text)
        start = explained.end() if explained else 0
        if _OF_A_CACHE.match(text):  # tables are files here, read anew each time
            return self.createDataFrame([], StructType([]))
        if says_auto(text):
            self.conf.set(SHUFFLE_PARTITIONS, "auto")
            return self.createDataFrame([], StructType([]))
        text = with_files_read(self, self._with_names_told(text, args))
        named = tables_named(text[start:], self.names)
        if _CHANGES.search(text):
            raise NotSupported(NO_CHANGES)
        if _WHERE_NAMES_START.search(text) and not named.tables and _QUERY.match(text):
            return self._by_workspace(text, named, args)  # Spark's own catalog has other names
        if explained or _SPARKS.match(text) or self._is_of_a_view(text):
            return self._by_spark(text, start, named, args)
        is_ours = named.own_functions or named.is_write or asks_for_metadata(text)
        if _QUERY.match(text) and not is_ours:
            return self._by_spark(text, start, named, args)
        found = None if self.knows_delta() else of_a_folder(self, text)
        return self._by_workspace(text, named, args) if found is None else self.frame(found)

    def _with_names_told(self, text: str, args: Any) -> str:
        """A statement with names where it says `IDENTIFIER(...)`."""
        given = dict(args) if isinstance(args, Mapping) else {}

        def value_of(said: str) -> object:
            found = self.workspace.sql(f"SELECT {said}", parameters=given, session=self.names)
            return found.column(0)[0].as_py()

        return with_identifiers(text, value_of)

    def _by_spark(self, text: str, start: int, named: NamedTables, args: Any) -> DataFrame:
        renamed = text[:start] + self._with_sparks_names(text[start:], named, args)
        renamed = self.functions.with_where_names_start(renamed)
        return super().sql(with_paths_on_disk(self, renamed), args)

    def _with_sparks_names(
        self, text: str, named: NamedTables | None = None, args: Any = None
    ) -> str:
        """A query whose tables have the names that Spark knows them by, as they are now."""
        named = tables_named(text, self.names) if named is None else named
        names = {
            one: self.relations.of_parts(one.parts, self._as_of(one, args)) for one in named.tables
        }
        return named.renamed(text, names)

    def _as_of(self, named: NamedTable, args: Any) -> AsOf | None:
        """The version of a table that a text says; None for the newest. Raises BadStatement."""
        if named.said is None:
            return None
        kind, text = named.said
        type_name = "TIMESTAMP" if kind == "TIMESTAMP" else "BIGINT"
        given = dict(args) if isinstance(args, Mapping) else {}
        found = self.workspace.sql(f"SELECT CAST({text} AS {type_name})", parameters=given)
        value = found.column(0)[0].as_py()
        if value is None:
            raise BadStatement(f"{'.'.join(named.parts)} {kind} AS OF {text:.80}: it is null.")
        return AsOf(moment=value) if kind == "TIMESTAMP" else AsOf(version=value)

    def _by_workspace(self, text: str, named: NamedTables, args: Any) -> DataFrame:
        views = {one.parts[0] for one in named.tables if len(one.parts) == 1}
        if args is not None and not isinstance(args, Mapping):
            text, args = _with_names(text, list(args))
        with contextlib.ExitStack() as files:
            rows = {
                name: files.enter_context(
                    rows_of(super(WorkspaceSession, self).table(name), self.folder)
                )
                for name in sorted(views)
                if self.has_temporary(name)
            }
            self.names.evolves = evolves_always(self)
            session = self.names.with_rows(rows) if rows else self.names
            found = self.workspace.sql(text, parameters=dict(args or {}), session=session)
            return self.frame(found)

    def _is_of_a_view(self, text: str) -> bool:
        about = _OF_A_VIEW.fullmatch(text)
        return about is not None and self.has_temporary(about[1])

    def by_spark_alone(self, text: str) -> None:
        """Run a statement whose names are Spark's own."""
        super().sql(text)

    def filter_of(self, frame: DataFrame) -> Any:
        """A DataFrame's last `where`, as Java's plan of it that Spark resolved."""
        view = f"vitrine_condition_{uuid4().hex}"
        frame.createOrReplaceGlobalTempView(view)  # which all sessions see
        try:
            there = _Beside(self.sparkContext).another
            plan = there.table(f"global_temp.{view}").queryExecution().analyzed()
            while plan.nodeName() != "Filter":
                plan = plan.children().head()
            return plan
        finally:
            self.catalog.dropGlobalTempView(view)

    def newSession(self) -> WorkspaceSession:  # noqa: N802
        """Another session on the workspace, with settings, names and temporary views of its own."""
        check_running(self)
        folder = Path(tempfile.mkdtemp(prefix="session-", dir=self.folder))  # goes with this one
        return WorkspaceSession(self.sparkContext, self.workspace, folder)

    def knows_delta(self) -> bool:
        """Whether Spark was started with Delta's own extension, which then reads and writes it."""
        return "delta" in str(self.conf.get("spark.sql.extensions", "") or "").lower()

    def has_temporary(self, name: str) -> bool:
        """Whether a name is that of a temporary view of this session."""
        sparks = Catalog(self)
        bare = name.strip("`").replace("`", "``")
        there = bool(bare) and sparks.tableExists(f"`{bare}`")
        return there and sparks.getTable(f"`{bare}`").isTemporary

    def frame(self, rows: pa.Table) -> DataFrame:
        """A DataFrame of rows at hand; one without columns where there is nothing to say."""
        if not rows.num_columns:
            return self.createDataFrame([], StructType([]))
        return self.createDataFrame(rows)

    def stop(self) -> None:
        """End Spark in this process, and remove what it kept."""
        super().stop()
        DELTA_MODULES.end("session")
        shutil.rmtree(self.folder, ignore_errors=True)


def _with_names(text: str, values: list[Any]) -> tuple[str, dict[str, Any]]:
    """A statement whose parameters are written `?`, with names for them."""
    pieces = _MARKS.split(text)  # texts, names and comments at odd places, kept as they are
    parts = [""]
    for place, piece in enumerate(pieces):
        if place % 2 and piece == "?":
            parts.append("")
        else:
            parts[-1] += piece
    if len(parts) != len(values) + 1:
        return text, {}
    names = [f"vitrine_{place}" for place in range(len(values))]
    text = "".join(part + f":{name}" for part, name in zip(parts, names)) + parts[-1]
    return text, dict(zip(names, values))
