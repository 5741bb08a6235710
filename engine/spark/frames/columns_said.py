"""What the options of a write say of its table's columns and of the rows that it replaces, and what
Delta refuses without them. Knows columns; not how rows are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa
from pyspark.sql import DataFrame

from engine.core.names import ThreePartName
from engine.core.types import catalog_type
from engine.errors import BadStatement, InvalidInputException
from engine.spark.kinds import OnWorkspace

ColumnsSaid = Literal["kept", "added", "replaced"]
KEPT: Final = "kept"
ADDED: Final = "added"
REPLACED: Final = "replaced"
_DYNAMIC = "spark.sql.sources.partitionOverwriteMode"
AUTO_MERGE = "spark.databricks.delta.schema.autoMerge.enabled"
_NEEDS_OVERWRITE = (
    "To overwrite your schema or change partitioning, please set: "
    """'.option("overwriteSchema", "true")'. """
)


@dataclass(frozen=True)
class RowsReplaced:
    """Which rows of a table new ones take the place of, by one of the attributes; all by none.

    Attributes:
        where: a condition of those. using: columns, in each of which a new row has the same value.
        on: a condition of those and a new row, for which `alias` is the table's name, its own if empty.
        partitions: those of the new rows.
    """

    where: str | None = None
    using: tuple[str, ...] = ()
    on: str | None = None
    alias: str = ""
    partitions: bool = False

    @property
    def are_all(self) -> bool:
        return not (self.where is not None or self.using or self.on is not None or self.partitions)


_BESIDE = (("partitionOverwriteMode", "dynamic"), ("overwriteSchema", "true"))
_KINDS = {name.lower(): name for name in ("replaceOn", "replaceUsing", "replaceWhere")}


def rows_replaced(
    session: OnWorkspace, options: Mapping[str, Any], is_overwrite: bool
) -> RowsReplaced:
    """What an overwrite replaces, as its options say it.

    Args:
        options: by their names in small letters.

    Raises:
        BadStatement: two options that don't go together, or one of a write that replaces nothing.
    """
    said = [name for key, name in _KINDS.items() if key in options]
    if said and said != ["replaceWhere"]:
        _refuse_beside(said, options, is_overwrite)
    if not is_overwrite:
        return RowsReplaced()
    if said:
        text = str(options[said[0].lower()])
        if said[0] == "replaceOn":
            return RowsReplaced(on=text, alias=str(options.get("targetalias", "")))
        if said[0] == "replaceWhere":
            return RowsReplaced(where=text)
        return RowsReplaced(using=tuple(one.strip().strip("`") for one in text.split(",")))
    mode = options.get("partitionoverwritemode") or session.conf.get(_DYNAMIC, "static")
    return RowsReplaced(partitions=str(mode).lower() == "dynamic")


def _refuse_beside(said: Sequence[str], options: Mapping[str, Any], is_overwrite: bool) -> None:
    """Refuse what goes with neither `replaceOn` nor `replaceUsing`. Raises BadStatement."""
    if not is_overwrite:
        raise BadStatement(
            f'option {said[0]} says which rows are replaced; expected .mode("overwrite").'
        )
    told = {name: str(options.get(name.lower(), "")).lower() for name, _ in _BESIDE}
    others = [*said[1:], *(name for name, value in _BESIDE if told[name] == value)]
    if others:
        raise BadStatement(
            f"[DELTA_INCOMPATIBLE_DATAFRAME_OPTIONS] The options {said[0]} and {others[0]} can't be "
            "used together. Leave one out."
        )


def columns_said(
    session: OnWorkspace, options: Mapping[str, Any], replacing: bool = False
) -> ColumnsSaid:
    """What becomes of a table's columns: `kept`, `added` to, or `replaced`.

    Args:
        options: by their names in small letters. replacing: the rows replace all that is there.

    Raises:
        InvalidInputException: an option that is neither true nor false.
    """
    if replacing and _is_true(options, "overwriteschema", False):
        return REPLACED
    always = evolves_always(session)
    return ADDED if _is_true(options, "mergeschema", always) else KEPT


def evolves_always(session: OnWorkspace) -> bool:
    """Whether the session's settings say that each write adds columns."""
    return str(session.conf.get(AUTO_MERGE, "false")).lower() == "true"


def _is_true(options: Mapping[str, Any], name: str, otherwise: bool) -> bool:
    said = str(options.get(name, otherwise)).lower()
    if said not in ("true", "false"):
        raise InvalidInputException(
            f"option {name} is {options[name]!r:.40}; expected true or false."
        )
    return said == "true"


def refuse_replaced(columns: ColumnsSaid) -> None:
    """Raises BadStatement: some rows alone are replaced, and all columns are to be."""
    if columns == REPLACED:
        raise BadStatement(
            "[DELTA_REPLACE_WHERE_WITH_OVERWRITE_SCHEMA] The schema can't be overwritten when using "
            "'replaceWhere'. Leave out the option overwriteSchema."
        )


def check_names(known: Sequence[str] | None, frame: DataFrame, table: ThreePartName) -> None:
    """Refuse rows with columns that their table lacks, as Delta does.

    Args:
        known: the table's columns; None where it is no table, which its writer refuses.

    Raises:
        BadStatement: names the columns, and the option that adds them.
    """
    lower = {name.lower() for name in known or frame.columns}
    new = [name for name in frame.columns if name.lower() not in lower]
    if new and known is not None:
        raise BadStatement(
            "[_LEGACY_ERROR_TEMP_DELTA_0007] A schema mismatch detected when writing to the Delta table "
            f"{table}, which has no column {', '.join(f'`{name}`' for name in new)}. To enable schema "
            "migration using DataFrameWriter or DataStreamWriter, please set: "
            """'.option("mergeSchema", "true")'. For other operations, set the session configuration """
            f"""{AUTO_MERGE} to "true". Table schema: {", ".join(known)}. Data schema: """
            f"{', '.join(frame.columns)}."
        )


def check_types(table: pa.Schema, rows: pa.Schema, name: str, replacing: bool = False) -> None:
    """Refuse rows of other types than their table has, which Delta never casts by columns' names.

    Args:
        table, rows: their columns as Spark has them. replacing: the rows replace all that is there.

    Raises:
        BadStatement: names the column, and what to do.
    """
    known = {field.name.lower(): field for field in table}
    for field in rows:
        old = known.get(field.name.lower())
        if old is not None and not _takes(old.type, field.type):
            there, given = catalog_type(old.type)[1], catalog_type(field.type)[1]
            raise BadStatement(
                f"[DELTA_FAILED_TO_MERGE_FIELDS] Failed to merge fields '{old.name}' and "
                f"'{field.name}': table {name} has {there:.80}, the rows have {given:.80}. "
                + (_NEEDS_OVERWRITE if replacing else "")
                + f"Cast them: df.withColumn({old.name!r}, df[{field.name!r}].cast({there[:80]!r}))."
            )


_WHOLE = (pa.int8(), pa.int16(), pa.int32())  # which files hold alike


def _takes(old: pa.DataType, new: pa.DataType) -> bool:
    """Whether a column of a type takes rows of another: of the same, or of shorter whole numbers."""
    if pa.types.is_null(new) or (pa.types.is_timestamp(old) and pa.types.is_timestamp(new)):
        return True
    if pa.types.is_list(old) and pa.types.is_list(new):
        return _takes(old.value_type, new.value_type)
    if pa.types.is_map(old) and pa.types.is_map(new):
        return _takes(old.key_type, new.key_type) and _takes(old.item_type, new.item_type)
    if pa.types.is_struct(old) and pa.types.is_struct(new):
        known = {field.name.lower(): field.type for field in old}
        return all(_takes(known.get(f.name.lower(), f.type), f.type) for f in new)
    if old in _WHOLE and new in _WHOLE:
        return bool(new.bit_width <= old.bit_width)
    return bool(old == new)


def check_layout(there: Sequence[str], said: Sequence[str], name: str) -> None:
    """Refuse other partitions than the table has. Raises BadStatement: which those are."""
    if [one.lower() for one in there] != [one.lower() for one in said]:
        raise BadStatement(
            "[_LEGACY_ERROR_TEMP_DELTA_0007] A schema mismatch detected when writing to the Delta "
            f"table: {name} is partitioned by {', '.join(there) or 'nothing'}, and partitionBy says "
            f"{', '.join(said)}. {_NEEDS_OVERWRITE}".rstrip()
        )
