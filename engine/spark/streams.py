"""Streams of files in volumes, and into a workspace's tables. Knows calls; Spark does the streaming.

Auto Loader's source `cloudFiles` reads as the format that it names; Spark keeps in the checkpoint which
files it has read, as Auto Loader does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from pyspark.sql import DataFrame, SparkSession, functions
from pyspark.sql.streaming import DataStreamReader, DataStreamWriter
from pyspark.sql.streaming.query import StreamingQuery
from pyspark.sql.types import StringType, StructField, StructType

from engine.errors import InvalidInputException, NotSupported
from engine.spark.errors import as_spark
from engine.spark.frames.volume_paths import knowing_volumes, with_volume_paths

_LOADER = "cloudfiles"
# Options of Auto Loader that change no row: how files are found, and where it keeps their columns.
_ITS_OWN = frozenset({
    "schemalocation", "schemaevolutionmode", "usenotifications", "validateoptions", "backfillinterval",
    "useincrementallisting", "maxbytespertrigger",
})  # fmt: skip
_KNOWN = frozenset({"format", "infercolumntypes", "schemahints"})
_DEFAULTS = {"includeexistingfiles": "true", "allowoverwrites": "false"}  # nothing else is offered
_OF_TEXTS = ("csv", "json")  # whose columns are texts where nobody says otherwise
_load = knowing_volumes(DataStreamReader.load)


class TableStreamReader(DataStreamReader):
    """A `DataStreamReader` whose paths may be those of volumes, and which knows `cloudFiles`."""

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self.session = session
        self._source, self._has_schema = "", False
        self._plain: dict[str, Any] = {}
        self._loader: dict[str, Any] = {}

    def format(self, source: str) -> TableStreamReader:
        """The format of the files, or `cloudFiles`."""
        self._source = source.lower()
        return self if self._source == _LOADER else super().format(source)

    def schema(self, schema: Any) -> TableStreamReader:
        """The columns of the files."""
        self._has_schema = True
        return super().schema(schema)

    def option(self, key: str, value: Any) -> TableStreamReader:
        """One option, of Spark or of Auto Loader. Raises AnalysisException: one that isn't offered."""
        kind, _, name = key.lower().partition(".")
        if kind != _LOADER:
            self._plain[key] = value
            return super().option(key, value)
        with as_spark():
            if name == "maxfilespertrigger":
                return super().option("maxFilesPerTrigger", value)
            is_default = _DEFAULTS.get(name) == str(value).lower()
            if name not in _ITS_OWN and name not in _KNOWN and not is_default:
                raise NotSupported(f"Auto Loader's option {key!r:.80} is not offered.")
        self._loader[name] = value
        return self

    def options(self, **options: Any) -> TableStreamReader:
        """Some options, see `option`."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def load(
        self,
        path: str | None = None,
        format: str | None = None,
        schema: Any = None,
        **options: Any,
    ) -> DataFrame:
        """The rows of files, those that are there and those that come.

        Raises:
            AnalysisException: no such files; or no format behind `cloudFiles`.
        """
        if format is not None:
            self.format(format)
        if schema is not None:
            self.schema(schema)
        self.options(**options)
        if self._source != _LOADER:
            return self._as_said(_load(self, path), path)
        with as_spark():
            if "format" not in self._loader:
                raise InvalidInputException(
                    "cloudFiles reads files of a format; expected .option('cloudFiles.format', 'json')."
                )
        self.format(str(self._loader["format"]))
        if not self._has_schema:
            self.schema(self._columns(path))
        found = self._as_said(_load(self, path), path)
        return found.withColumn("_rescued_data", functions.lit(None).cast("string"))

    def _as_said(self, found: DataFrame, path: Any) -> DataFrame:
        if self._source != "binaryfile":
            return found
        return with_volume_paths(found, self.session.workspace.volumes, path)

    def _columns(self, path: Any) -> StructType:
        """The columns of the files that are there now."""
        read = self.session.read.format(self._source).options(**self._plain)
        found: StructType = read.load(path).schema
        infers = str(self._loader.get("infercolumntypes")).lower() == "true"
        if self._source in _OF_TEXTS and not infers:
            found = StructType([StructField(one.name, StringType()) for one in found])
        hints = self._loader.get("schemahints")
        return found if hints is None else _with_hints(found, str(hints))

    def table(self, tableName: str) -> DataFrame:  # noqa: N803
        """Refused: of a table of the workspace its rows are kept, not how they came.

        Raises AnalysisException.
        """
        with as_spark():
            raise NotSupported(
                f"{tableName!r:.200} can't be read as a stream here. Read it with spark.read.table, or "
                "stream the files that it is made of."
            )

    parquet = knowing_volumes(DataStreamReader.parquet)
    csv = knowing_volumes(DataStreamReader.csv)
    json = knowing_volumes(DataStreamReader.json)
    text = knowing_volumes(DataStreamReader.text)
    orc = knowing_volumes(DataStreamReader.orc)


def _with_hints(found: StructType, hints: str) -> StructType:
    """Columns with the types that `cloudFiles.schemaHints` says, those that the files lack behind them.

    Raises AnalysisException: hints that are no columns with their types.
    """
    with as_spark():
        try:
            said = {one.name.lower(): one for one in StructType.fromDDL(hints)}
        except Exception as error:
            raise InvalidInputException(
                f"cloudFiles.schemaHints is {hints!r:.200}; expected columns with their types, such as "
                "'id BIGINT, price DOUBLE'."
            ) from error
    columns = [
        StructField(one.name, said.pop(one.name.lower(), one).dataType) for one in found.fields
    ]
    return StructType([*columns, *said.values()])


class TableStreamWriter(DataStreamWriter):
    """A `DataStreamWriter` whose tables are the workspace's, and whose paths may be those of volumes."""

    def __init__(self, frame: DataFrame) -> None:
        super().__init__(frame)
        self.session = frame.sparkSession
        self._mode = "append"

    def outputMode(self, outputMode: str) -> TableStreamWriter:  # noqa: N802, N803
        """What of the rows is written each time."""
        self._mode = outputMode.lower()
        return super().outputMode(outputMode)

    def options(self, **options: Any) -> TableStreamWriter:
        """Some options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def foreachBatch(self, func: Callable[[DataFrame, int], None]) -> TableStreamWriter:  # noqa: N802
        """Each batch, as a DataFrame of the session on the workspace.

        Spark gives it one of a session that knows no workspace; a view that all see leads over.
        """
        session = self.session

        def call(batch: DataFrame, number: int) -> None:
            view = f"vitrine_batch_{uuid4().hex}"
            batch.createOrReplaceGlobalTempView(view)
            try:
                func(SparkSession.table(session, f"global_temp.{view}"), number)
            finally:
                batch.sparkSession.catalog.dropGlobalTempView(view)

        return super().foreachBatch(call)

    def toTable(  # noqa: N802
        self,
        tableName: str,  # noqa: N803
        format: str | None = None,
        outputMode: str | None = None,  # noqa: N803
        partitionBy: str | list[str] | None = None,  # noqa: N803
        queryName: str | None = None,  # noqa: N803
        **options: Any,
    ) -> StreamingQuery:
        """Write each batch into a table of the workspace, which is made where there is none."""
        if outputMode is not None:
            self.outputMode(outputMode)
        if queryName is not None:
            self.queryName(queryName)
        self.options(**options)
        mode = "overwrite" if self._mode == "complete" else "append"

        def put(batch: DataFrame, _: int) -> None:
            batch.write.mode(mode).saveAsTable(tableName, partitionBy=partitionBy)

        return self.foreachBatch(put).start()

    option = knowing_volumes(DataStreamWriter.option, written=True)
    start = knowing_volumes(DataStreamWriter.start, written=True)
