"""`DeltaTable.create(...)` and its like: CREATE TABLE, said by calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import ArrayType, DataType, MapType, StructField, StructType

from engine.core.names import quoted_name, quoted_text
from engine.errors import BadStatement, NotSupported, ResourceConflict
from engine.spark.delta.api.exceptions import as_delta
from engine.spark.delta.api.given import check_type
from engine.spark.frames.table_rows import Definition, table_of
from engine.spark.frames.volume_paths import local_folder
from engine.store.tables.delta_writing import write_delta
from engine.store.tables.partitions import is_delta

How = Literal["create", "lenient", "replace", "anew"]
_WORDS: dict[How, str] = {
    "create": "CREATE TABLE",
    "lenient": "CREATE TABLE IF NOT EXISTS",
    "replace": "CREATE OR REPLACE TABLE",
    "anew": "CREATE OR REPLACE TABLE",
}


@dataclass
class IdentityGenerator:
    """Numbers of a column that counts by itself: the first, and what is added each time."""

    start: int = 1
    step: int = 1


@dataclass(frozen=True)
class _Column:
    """A column as CREATE TABLE says it, and as Spark knows it where no more was said."""

    sql: str
    field: StructField | None


class DeltaTableBuilder:
    """A table that `execute` makes. Methods change the builder and give it back.

    They raise TypeError and ValueError for arguments of other kinds.
    """

    def __init__(
        self, spark: Any, how: How, for_name: Callable[..., Any], for_path: Callable[..., Any]
    ) -> None:
        """
        Args:
            how: what becomes of a table that is there. for_name, for_path: what makes the DeltaTable.
        """
        self._spark, self._how = spark, how
        self._for_name, self._for_path = for_name, for_path
        self._name = self._location = self._comment = ""
        self._columns: list[_Column] = []
        self._partitions: tuple[str, ...] = ()
        self._clusters: tuple[str, ...] = ()
        self._properties: dict[str, str] = {}

    # ------------------------------------------------------------------ what is said of it
    def tableName(self, identifier: str) -> DeltaTableBuilder:  # noqa: N802
        """Its name, of one to three parts."""
        check_type(identifier, str, "identifier")
        self._name = identifier
        return self

    def location(self, location: str) -> DeltaTableBuilder:
        """Its folder, in the place of a name."""
        check_type(location, str, "location")
        self._location = location
        return self

    def comment(self, comment: str) -> DeltaTableBuilder:
        """What it is."""
        check_type(comment, str, "comment")
        self._comment = comment
        return self

    def addColumn(  # noqa: N802
        self,
        colName: str,  # noqa: N803
        dataType: str | DataType,  # noqa: N803
        nullable: bool = True,
        generatedAlwaysAs: str | IdentityGenerator | None = None,  # noqa: N803
        generatedByDefaultAs: IdentityGenerator | None = None,  # noqa: N803
        comment: str | None = None,
    ) -> DeltaTableBuilder:
        """One more column; a generated one as far as CREATE TABLE takes it."""
        check_type(colName, str, "colName")
        if not isinstance(dataType, (str, DataType)):
            raise TypeError(f"Column data type must be str or DataType. Found {dataType!r:.80}")
        check_type(nullable, bool, "nullable")
        if generatedAlwaysAs is not None and generatedByDefaultAs is not None:
            raise ValueError("generatedByDefaultAs and generatedAlwaysAs cannot both be set.")
        kind = dataType if isinstance(dataType, str) else _type_in_sql(dataType)
        words = [quoted_name(colName), kind, "" if nullable else "NOT NULL"]
        words += [_generated("ALWAYS", generatedAlwaysAs)]
        words += [_generated("BY DEFAULT", generatedByDefaultAs)]
        words += ["" if comment is None else f"COMMENT {quoted_text(comment)}"]
        plain = not (generatedAlwaysAs or generatedByDefaultAs or comment)
        found = DataType.fromDDL(dataType) if isinstance(dataType, str) else dataType
        field = StructField(colName, found, nullable) if plain else None
        self._columns.append(_Column(" ".join(filter(None, words)), field))
        return self

    def addColumns(self, cols: StructType | Sequence[StructField]) -> DeltaTableBuilder:  # noqa: N802
        """More columns, as a schema of Spark has them."""
        if not isinstance(cols, (StructType, list)):
            raise TypeError(
                f"Schema must be StructType or a list of StructField. Found {cols!r:.80}"
            )
        for field in cols:
            if not isinstance(field, StructField):
                raise TypeError(
                    f"Column in existing schema must be StructField. Found {field!r:.80}"
                )
            said = field.metadata.get("comment")
            self.addColumn(field.name, field.dataType, field.nullable, comment=said)
        return self

    def partitionedBy(self, *cols: str | Sequence[str]) -> DeltaTableBuilder:  # noqa: N802
        """The columns of its partitions."""
        self._partitions = _names(cols, "Partitioning")
        return self

    def clusterBy(self, *cols: str | Sequence[str]) -> DeltaTableBuilder:  # noqa: N802
        """The columns that it is clustered by."""
        self._clusters = _names(cols, "Clustering")
        return self

    def property(self, key: str, value: str) -> DeltaTableBuilder:
        """A property of it."""
        check_type(key, str, "key")
        check_type(value, str, "value")
        self._properties[key] = value
        return self

    # ------------------------------------------------------------------ the table
    def execute(self) -> Any:
        """Make the table; a `DeltaTable`.

        Raises:
            AnalysisException: neither name nor folder, or both; one that is there, or is not, against
                what was asked; or a column that no table can have.
        """
        with as_delta():
            if self._name and self._location:
                raise NotSupported(
                    f"table {self._name} with the location {self._location:.200}: tables of a workspace "
                    "lie in it. Leave out one of both; a folder becomes a table by: vitrine table "
                    "register"
                )
            if not (self._name or self._location):
                raise BadStatement(
                    "[DELTA_CREATE_TABLE_MISSING_TABLE_NAME_OR_LOCATION] Table name or location has to "
                    "be specified: say .tableName('main.schema.name')."
                )
            if self._name:
                self._make_table()
            else:
                self._make_folder()
        if self._name:
            return self._for_name(self._spark, self._name)
        return self._for_path(self._spark, self._location)

    def _make_table(self) -> None:
        table = self._spark.catalog.full_name(self._name)
        if self._how == "replace" and table_of(self._spark, self._name) is None:
            raise _missing(str(table))
        columns = f"({', '.join(column.sql for column in self._columns)})" if self._columns else ""
        clauses = Definition(
            "delta", self._properties, self._partitions, self._clusters, self._comment
        )
        self._spark.workspace.sql(
            f"{_WORDS[self._how]} {table} {columns} {clauses.sql()}", session=self._spark.names
        )

    def _make_folder(self) -> None:
        folder = local_folder(self._spark.workspace.volumes, self._location, written=True)
        there = is_delta(folder)
        if there and self._how == "lenient":
            return
        if self._how == "replace" and not there:
            raise _missing(self._location)
        if there or (folder.exists() and any(folder.iterdir())):
            raise ResourceConflict(
                f"[DELTA_PATH_EXISTS] {self._location:.200} holds a table, or other files. Replace a "
                'table by df.write.format("delta").mode("overwrite"), or give another folder.'
            )
        fields = [column.field for column in self._columns if column.field is not None]
        said = self._comment or self._properties or self._clusters
        if len(fields) < len(self._columns) or said:
            raise NotSupported(
                "A table of a folder is made of columns and partitions alone; leave out comments, "
                "properties, clusters and generated columns, or give it a name: .tableName(...)."
            )
        schema = to_arrow_schema(StructType(fields))
        folder.parent.mkdir(parents=True, exist_ok=True)
        write_delta(folder, schema, schema.empty_table().to_batches(), self._partitions)


def _type_in_sql(kind: DataType) -> str:
    """A type as CREATE TABLE says it, with fields of any name."""
    if isinstance(kind, StructType):
        fields = (f"{quoted_name(one.name)}: {_type_in_sql(one.dataType)}" for one in kind)
        return f"STRUCT<{', '.join(fields)}>"
    if isinstance(kind, ArrayType):
        return f"ARRAY<{_type_in_sql(kind.elementType)}>"
    if isinstance(kind, MapType):
        return f"MAP<{_type_in_sql(kind.keyType)}, {_type_in_sql(kind.valueType)}>"
    return kind.simpleString()


def _names(given: Iterable[Any], what: str) -> tuple[str, ...]:
    """Columns, as some arguments or as one list. Raises TypeError."""
    names = tuple(given)
    if len(names) == 1 and isinstance(names[0], (list, tuple)):
        names = tuple(names[0])
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"{what} column must be str. Found {name!r:.80} with type {type(name)}")
    return names


def _generated(when: str, said: str | IdentityGenerator | None) -> str:
    if said is None:
        return ""
    if isinstance(said, str):
        return f"GENERATED {when} AS ({said})"
    if not isinstance(said, IdentityGenerator):
        raise TypeError(
            f"A generated column is said by SQL or IdentityGenerator. Found {said!r:.80}"
        )
    if said.step == 0:
        raise ValueError("Column identity generation requires step to be non-zero.")
    return f"GENERATED {when} AS IDENTITY (START WITH {said.start} INCREMENT BY {said.step})"


def _missing(name: str) -> BadStatement:
    return BadStatement(
        f"[DELTA_CANNOT_REPLACE_MISSING_TABLE] Table {name:.200} cannot be replaced as it does not "
        "exist. Use DeltaTable.createOrReplace(spark) to create the table."
    )
