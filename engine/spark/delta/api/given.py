"""Arguments of `delta.tables`, refused with the errors of Python that delta-spark raises for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pyspark.sql import Column, SparkSession

Expression: TypeAlias = "str | Column"  # a text is SQL


def check_expression(said: Any, what: str = "'condition'") -> None:
    """Raises TypeError: neither a text, nor a Column, nor None."""
    if said is not None and not isinstance(said, (str, Column)):
        raise TypeError(
            f"{what} must be a Spark SQL Column or a string (expression in SQL syntax), found to be of "
            f"type {type(said)}"
        )


def check_values(given: Any, what: str) -> Mapping[str, Expression]:
    """What is assigned to columns.

    Raises:
        ValueError: nothing. TypeError: no dict, or one of other things than texts and Columns.
    """
    if given is None:
        raise ValueError(f"{what} cannot be None")
    if not isinstance(given, dict):
        raise TypeError(f"{what} must be a dict, found to be {type(given)}")
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(
                f"Keys of dict in {what} must contain only strings with column names, found "
                f"{name!r:.80} of type {type(name)}"
            )
        if not isinstance(value, (str, Column)):
            raise TypeError(
                f"Values of dict in {what} must contain only Spark SQL Columns or strings (expressions "
                f"in SQL syntax) as values, found {value!r:.80} of type {type(value)}; for a value say "
                "lit(...)"
            )
    return given


def check_type(value: Any, kind: type, name: str) -> None:
    """Raises ValueError: a value of another type."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValueError(f"{name} needs to be of type {kind.__name__} but got {type(value)}.")


def session_of(given: Any) -> Any:
    """The session that tables are of, the active one for None.

    Raises:
        ValueError: it is on no workspace.
    """
    session = SparkSession.getActiveSession() if given is None else given
    if getattr(session, "workspace", None) is None:
        raise ValueError(
            f"{session!r:.80} is no session on a workspace; expected engine.spark.session(workspace). "
            "Tables of other sessions are for delta-spark and its jars."
        )
    return session
