"""What a function's statement may say that is wrong by itself. Knows trees; runs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from engine.errors import BadStatement
from engine.service.sql.language.dialect import expression
from engine.service.sql.language.routines import Given
from engine.service.sql.routines.routine import Routine

_OF_ROWS = (exp.AggFunc, exp.Window, exp.Explode, exp.Inline)


def check_body(routine: Routine) -> None:
    """Raises BadStatement where the value of a function would be one of many rows, or many."""
    tree = routine.tree()
    if routine.columns is not None or isinstance(tree, exp.Query):
        return
    for found in tree.find_all(*_OF_ROWS):
        if found.find_ancestor(exp.Query) is None:
            raise BadStatement(
                "[USER_DEFINED_FUNCTIONS.CANNOT_CONTAIN_COMPLEX_FUNCTIONS] User defined function is "
                f"invalid: SQL scalar function cannot contain aggregate/window/generate functions: "
                f"{found.sql(dialect='databricks'):.80}. In a query, (SELECT ...), it can."
            )


def check_defaults(name: str, parameters: Sequence[Given]) -> None:
    """Raises BadStatement where a parameter's default is no value by itself, or others without one
    follow it."""
    before: Given | None = None
    for one in parameters:
        if one.default is None:
            if before is not None:
                raise BadStatement(
                    "[USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_PARAMETER_POSITION] In routine "
                    f"`{name}` parameter `{before.name}` with DEFAULT must not be followed by parameter "
                    f"`{one.name}` without DEFAULT."
                )
            continue
        before = one
        tree = expression(one.default)
        if tree.find(exp.Query) is not None:
            raise BadStatement(
                "[USER_DEFINED_FUNCTIONS.NOT_A_VALID_DEFAULT_EXPRESSION] The DEFAULT expression of "
                f"`{name}`.`{one.name}` is not supported because it contains a subquery."
            )
