"""Columns of Spark as SQL over one or two relations, as Spark itself resolves them.

Spark names a column by where it came from, which may be a table's own name, an alias or nothing: so what
it refers to is asked of the plan, never read from its text. Knows plans; not statements.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812

from engine.errors import BadStatement, NotSupported
from engine.service.sql.language.table_names import ColumnName, values_tested
from engine.spark.kinds import OnWorkspace

_UNSAID = {
    "PythonUDF": "A function of Python's",
    "LambdaFunction": "A function that is given a function, such as transform(a, x -> x + 1),",
}
_FUNCTIONS = "org.apache.spark.sql.catalyst.analysis.FunctionRegistry$"


@dataclass(frozen=True)
class Side:
    """A relation that values are said over.

    Attributes:
        frame: its columns, as Spark knows them. name: what a statement calls it.
    """

    frame: DataFrame
    name: str


def sql_of(
    session: OnWorkspace, sides: Sequence[Side], values: Sequence[Column | str]
) -> list[str]:
    """Values as SQL, in which each column stands behind the name of its side.

    Args:
        sides: one or two. values: Columns, or texts of SQL.

    Raises:
        BadStatement: a column of which side can't be told. NotSupported: a subquery, or a function that
            is given a function. Whatever Spark raises where it can't resolve one.
    """
    given = [F.expr(one) if isinstance(one, str) else F.lit(one) for one in values]
    tested = functools.reduce(operator.and_, (value.isNull() for value in given))
    over = functools.reduce(DataFrame.crossJoin, (side.frame for side in sides))
    plan = session.filter_of(over.where(tested))
    if not plan.subqueries().isEmpty():
        raise NotSupported(
            "[DELTA_UNSUPPORTED_SUBQUERY] Subqueries are not supported in conditions and values of a "
            "DataFrame. Join the rows first, or say the whole statement to spark.sql."
        )
    condition = plan.condition()
    _check(condition, _tag_of_aliases(condition))
    text = condition.sql()
    return values_tested(text, _names(plan, sides))


def _names(plan: Any, sides: Sequence[Side]) -> dict[ColumnName, ColumnName]:
    """Of each column in a condition its name there, and behind the name of its side."""
    relation = plan.child()
    outputs = [relation.outputSet()]
    if len(sides) > 1:
        outputs = [relation.left().outputSet(), relation.right().outputSet()]
    found: dict[ColumnName, ColumnName] = {}
    columns = plan.condition().references().toSeq()
    for place in range(columns.size()):
        column = columns.apply(place)
        above = column.qualifier().mkString("\n")
        name = (*above.split("\n"), column.name()) if above else (column.name(),)
        known = tuple(part.lower() for part in name)
        side = next(side for side, output in zip(sides, outputs) if output.contains(column))
        own = (side.name, column.name())
        if found.setdefault(known, own) != own:
            raise BadStatement(
                f"[AMBIGUOUS_REFERENCE] {'.'.join(name)} is a column of both sides. Give each a name, "
                'as table.alias("t") and df.alias("s"), and say col("t.id") and col("s.id").'
            )
    return found


def _tag_of_aliases(node: Any) -> Any:
    """What marks a struct of Spark's that was made by `struct(...)`, which hides its fields' names."""
    functions = node.getClass().getClassLoader().loadClass(_FUNCTIONS)
    return functions.getField("MODULE$").get(None).FUNC_ALIAS()


def _check(node: Any, tag: Any) -> None:
    """Refuse what no SQL can say, and let each struct say its fields' names, as `named_struct`.

    Raises:
        NotSupported: a function of Python's, or one that is given a function.
    """
    kind = str(node.nodeName())
    if kind in _UNSAID:
        raise NotSupported(
            f"{_UNSAID[kind]} is not supported in conditions and values of a statement. Compute the "
            "column first: df.withColumn(...)."
        )
    if kind == "CreateNamedStruct":
        node.unsetTagValue(tag)
    children = node.children()
    for place in range(children.size()):
        _check(children.apply(place), tag)
