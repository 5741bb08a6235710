"""DEFAULT and GENERATED in a column's definition: what is kept of them, and what is refused.

Knows expressions; not where they are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from sqlglot import exp

from engine.errors import BadStatement, VitrineError
from engine.service.catalogs.columns import DEFAULT, GENERATED, IDENTITY, ColumnFacts
from engine.service.sql.language.dialect import expression
from engine.service.sql.language.forms.originals import text_of
from engine.service.sql.queries import QueryRunner
from engine.service.sql.writing.column_rules.rules import columns_read

FEATURE = "delta.feature.allowColumnDefaults"  # the property without which columns have no defaults
_ON = ("supported", "enabled")
_CHANGING = (
    exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentUser, exp.Rand, exp.Uuid,
    exp.AggFunc, exp.Query, exp.Window,
)  # fmt: skip


def rule_said(kind: exp.Expression) -> dict[str, Any] | None:
    """What is kept of a column that is defined so; None for a part of another meaning."""
    if isinstance(kind, exp.DefaultColumnConstraint):
        return default_said(kind.this)
    if isinstance(kind, exp.ComputedColumnConstraint):
        return {GENERATED: text_of(kind.this)}
    if isinstance(kind, exp.GeneratedAsIdentityColumnConstraint):
        start, step = (_whole(kind.args.get(key)) for key in ("start", "increment"))
        return {IDENTITY: {"start": start, "step": step, "explicit": not kind.this}}
    return None


def default_said(value: exp.Expression) -> dict[str, Any]:
    """What is kept of a default; DEFAULT NULL is none."""
    return {DEFAULT: None if isinstance(value, exp.Null) else text_of(value)}


def _whole(node: exp.Expression | None) -> int:
    """A number of START WITH or INCREMENT BY; 1 where none is said. Raises BadStatement."""
    if node is None:
        return 1
    text = node.sql()
    if not text.removeprefix("-").isdecimal():
        raise BadStatement(
            f"[PARSE_SYNTAX_ERROR] IDENTITY (START WITH n INCREMENT BY n) says {text:.60}; expected a "
            "whole number."
        )
    return int(text)


def check_rules(
    runner: QueryRunner, schema: pa.Schema, rules: ColumnFacts, properties: Mapping[str, str]
) -> None:
    """Refuse rules that can't be kept for a table of these columns.

    Args:
        properties: TBLPROPERTIES of the table.

    Raises:
        BadStatement: in the cloud's words.
    """
    for column, rule in rules.items():
        if rule.get(DEFAULT) is not None:
            check_default(runner, schema.field(column), rule[DEFAULT], properties)
        if GENERATED in rule:
            _check_generated(runner, schema, rules, column)
        if IDENTITY in rule:
            _check_identity(schema.field(column), rule)


def check_default(
    runner: QueryRunner, field: pa.Field, text: str, properties: Mapping[str, str]
) -> None:
    """Refuse a default that the table or the column can't have. Raises BadStatement."""
    if not has_defaults(properties):
        raise BadStatement(
            "[WRONG_COLUMN_DEFAULTS_FOR_DELTA_FEATURE_NOT_ENABLED] Failed to execute command because it "
            f"assigned a column DEFAULT value (to {field.name}), but the corresponding table feature "
            "was not enabled. Please retry the command again after executing ALTER TABLE tableName SET "
            f"TBLPROPERTIES('{FEATURE}' = 'supported'), or say so in CREATE TABLE."
        )
    node, what = expression(text), f"column {field.name} has a DEFAULT value {text:.200}"
    if node.find(exp.Query, exp.Subquery) is not None:
        raise BadStatement(
            f"[INVALID_DEFAULT_VALUE.SUBQUERY_EXPRESSION] The {what}, which contains subquery "
            "expressions."
        )
    if node.find(exp.Column) is not None:
        raise BadStatement(
            f"[INVALID_DEFAULT_VALUE.UNRESOLVED_EXPRESSION] The {what}, which names a column; expected "
            "a constant expression, such as a text in quotes or current_timestamp()."
        )
    kind = exp.DataType.build(runner.types_of(pa.schema([field]))[field.name], dialect="duckdb")
    try:
        runner.run(exp.select(exp.alias_(exp.cast(node, kind), "c")))
    except VitrineError as error:
        raise BadStatement(
            f"[INVALID_DEFAULT_VALUE.DATA_TYPE] The {what}, which is no value of type {field.type}: "
            f"{error.message}"
        ) from None


def has_defaults(properties: Mapping[str, str]) -> bool:
    """Whether a table of these properties takes defaults."""
    return properties.get(FEATURE, "").lower() in _ON


def _check_generated(
    runner: QueryRunner, schema: pa.Schema, rules: ColumnFacts, column: str
) -> None:
    text = rules[column][GENERATED]
    node = expression(text)
    if DEFAULT in rules[column] or IDENTITY in rules[column]:
        raise BadStatement(
            "[GENERATED_COLUMN_WITH_DEFAULT_VALUE] A column cannot have both a default value and a "
            f"generation expression but column {column} has."
        )
    if (found := node.find(*_CHANGING)) is not None:
        raise BadStatement(
            f"[DELTA_UNSUPPORTED_EXPRESSION_GENERATED_COLUMN] {found.sql(dialect='databricks'):.80} "
            f"cannot be used in a generated column ({column}): the same row gives the same value."
        )
    plain = {name.lower() for name in schema.names if GENERATED not in rules.get(name, {})}
    strange = sorted(columns_read(node) - plain)
    if strange:
        raise BadStatement(
            "[DELTA_INVALID_GENERATED_COLUMN_REFERENCES] A generated column cannot use a non-existent "
            f"column or another generated column: {column} reads {strange[0]!r:.80}."
        )
    kind = schema.field(column).type
    found_type = runner.run(
        exp.select(exp.alias_(node, "c")).from_(runner.show(schema.empty_table(), "t"))
    ).schema.field(0).type  # fmt: skip
    if not _goes_into(found_type, kind):
        raise BadStatement(
            f"[DELTA_GENERATED_COLUMNS_EXPR_TYPE_MISMATCH] The expression type of the generated column "
            f"{column} is {found_type}, but the column type is {kind}. Say CAST in the expression."
        )


def _goes_into(found: pa.DataType, kind: pa.DataType) -> bool:
    """Whether values of one type are taken for another: of equal kinds, or of two kinds of numbers."""
    if found == kind or pa.types.is_null(found):
        return True
    numbers = [pa.types.is_integer(one) or pa.types.is_floating(one) or pa.types.is_decimal(one)
               for one in (found, kind)]  # fmt: skip
    if all(numbers):
        return True
    return bool(pa.types.is_nested(found) and found.id == kind.id) or found.id == kind.id


def _check_identity(field: pa.Field, rule: Mapping[str, Any]) -> None:
    if DEFAULT in rule:
        raise BadStatement(
            "[IDENTITY_COLUMN_WITH_DEFAULT_VALUE] A column cannot have both a default value and an "
            f"identity column specification but column {field.name} has."
        )
    if field.type != pa.int64():
        raise BadStatement(
            f"[IDENTITY_COLUMNS_UNSUPPORTED_DATA_TYPE] DataType {field.type} is not supported for "
            f"IDENTITY columns; column {field.name} has to be BIGINT."
        )
    if rule[IDENTITY]["step"] == 0:
        raise BadStatement(
            f"[IDENTITY_COLUMNS_ILLEGAL_STEP] IDENTITY column {field.name}: step cannot be 0."
        )
