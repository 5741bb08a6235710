"""What the rules of a table's columns allow ALTER TABLE to do. Knows rules; not rows."""

from __future__ import annotations

from collections.abc import Collection

from engine.errors import BadStatement
from engine.service.catalogs.columns import DEFAULT, GENERATED, IDENTITY, ColumnFacts
from engine.service.sql.language.dialect import expression
from engine.service.sql.writing.column_rules.rules import columns_read


def refuse_added(rules: ColumnFacts) -> None:
    """Refuse rules of columns that are added to a table with rows. Raises BadStatement."""
    for column, rule in rules.items():
        if DEFAULT in rule:
            raise BadStatement(
                "[WRONG_COLUMN_DEFAULTS_FOR_DELTA_ALTER_TABLE_ADD_COLUMN_NOT_SUPPORTED] Failed to "
                "execute the command because DEFAULT values are not supported when adding new columns "
                f"to previously existing Delta tables; please add the column {column} without a "
                "default value first, then run a second ALTER TABLE ALTER COLUMN SET DEFAULT command "
                "to apply for future inserted rows instead."
            )
        kind = "IDENTITY" if IDENTITY in rule else "GENERATED"
        raise BadStatement(
            f"[DELTA_OPERATION_NOT_ALLOWED] Operation not allowed: ALTER TABLE ADD COLUMN of a {kind} "
            f"column ({column}) is not supported. Make the table anew with it."
        )


def refuse_default(rules: ColumnFacts, column: str) -> None:
    """Refuse a default of a column whose values the table gives. Raises BadStatement."""
    rule = rules.get(column, {})
    if IDENTITY in rule:
        raise BadStatement(
            "[DELTA_IDENTITY_COLUMNS_ALTER_COLUMN_NOT_SUPPORTED] ALTER TABLE ALTER COLUMN is not "
            f"supported for IDENTITY columns, such as {column}."
        )
    if GENERATED in rule:
        raise BadStatement(
            "[GENERATED_COLUMN_WITH_DEFAULT_VALUE] A column cannot have both a default value and a "
            f"generation expression but column {column} would."
        )


def refuse_replaced(rules: ColumnFacts) -> None:
    """Refuse REPLACE COLUMNS of a table with columns that it numbers. Raises BadStatement."""
    numbered = [column for column, rule in rules.items() if IDENTITY in rule]
    if numbered:
        raise BadStatement(
            "[DELTA_IDENTITY_COLUMNS_REPLACE_COLUMNS_NOT_SUPPORTED] ALTER TABLE REPLACE COLUMNS is not "
            f"supported for table with IDENTITY columns, such as {numbered[0]}."
        )


def refuse_read(rules: ColumnFacts, column: str, besides: Collection[str] = ()) -> None:
    """Refuse to change a column that generated ones read. Raises BadStatement.

    Args:
        besides: columns that go too.
    """
    readers = [
        name
        for name, rule in rules.items()
        if GENERATED in rule
        and name not in besides
        and column.lower() in columns_read(expression(rule[GENERATED]))
    ]
    if readers:
        raise BadStatement(
            f"[DELTA_GENERATED_COLUMNS_DEPENDENT_COLUMN_CHANGE] Cannot alter column {column} because "
            f"this column is referenced by the following generated column(s): {', '.join(readers)}."
        )
