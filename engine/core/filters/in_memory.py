"""Filters on columns that lie in memory, by numpy. Knows the filter tree and arrays; not Arrow, not SQL.

A filter that is asked for the first time costs SQL more than a millisecond, and here some ten
microseconds. Only what is simple is answered: numbers, and texts by the numbers of their distinct
values. Truth: `tree.matches`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Union

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Mask
from engine.core.filters.sql import OPPOSITE, at_scale, compares_exactly
from engine.core.filters.tree import And, AnyOf, Compare, IsNull, Node, Not, Operator, Or
from engine.core.schema import Column

_MOST_NUMBERS = 16  # that are looked for one after another
_OPERATORS: dict[Operator, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Numbers:
    """A column of numbers.

    Attributes:
        values: (n,) integers or floats; anything where there is none.
        known: (n,) the rows that have a number, which NaN is none of; None for all.
    """

    values: npt.NDArray[Any]
    known: Mask | None


@dataclass(frozen=True)
class Texts:
    """A column of texts, of which many are equal.

    Attributes:
        codes: (n,) integers, the number of each row's text.
        numbers: by text. none: of rows without one. Together they are 0 to `len(numbers)`.
    """

    codes: npt.NDArray[Any]
    numbers: Mapping[str, int]
    none: int


Held = Union[Numbers, Texts]


class _NotSimpleError(Exception):
    """A condition that is left to SQL."""


def mask_of(condition: Node, held: Callable[[str], Held | None]) -> Mask | None:
    """The rows for which a filter is true: (n,) bool, a fresh array; None where SQL has to say.

    Args:
        held: the column of a name; None where it is of another kind.
    """
    try:
        return _mask(condition, held, True)
    except _NotSimpleError:
        return None


def _mask(node: Node, held: Callable[[str], Held | None], wanted: bool) -> Mask:
    """The rows of which the node is true, or (not wanted) false, as in `sql`."""
    if isinstance(node, Not):
        return _mask(node.part, held, not wanted)
    if isinstance(node, (And, Or)):
        join = np.logical_and if isinstance(node, And) is wanted else np.logical_or
        return reduce(join, [_mask(part, held, wanted) for part in node.parts])
    if not isinstance(node, (Compare, AnyOf, IsNull)) or node.column.is_array:
        raise _NotSimpleError
    column = held(node.column.name)
    if isinstance(column, Texts):
        return _of_texts(node, column, wanted)
    if isinstance(column, Numbers):
        return _of_numbers(node, column, wanted)
    raise _NotSimpleError


def _of_texts(node: Compare | AnyOf | IsNull, column: Texts, wanted: bool) -> Mask:
    if isinstance(node, IsNull):
        empty: Mask = column.codes == column.none
        return ~empty if node.negated is wanted else empty
    texts: tuple[Any, ...]
    if isinstance(node, AnyOf):
        texts, negated = node.values, node.negated is wanted
    elif node.operator in ("=", "!="):
        texts, negated = (node.value,), (node.operator == "!=") is wanted
    else:
        raise _NotSimpleError
    numbers: Mapping[Any, int] = column.numbers
    codes = [numbers[text] for text in texts if text in numbers]
    if len(codes) == 1 and not negated:
        found: Mask = column.codes == codes[0]
        return found
    matches = np.full(len(numbers) + 1, negated)
    matches[codes] = not negated
    matches[column.none] = False
    return matches.take(column.codes)


def _of_numbers(node: Compare | AnyOf | IsNull, column: Numbers, wanted: bool) -> Mask:
    if isinstance(node, IsNull):
        known = _known(column)
        return known if node.negated is wanted else ~known
    if isinstance(node, Compare):
        sign = node.operator if wanted else OPPOSITE[node.operator]
        found = _compared(node.column, column.values, sign, node.value)
        return found if column.known is None else found & column.known
    if len(node.values) > _MOST_NUMBERS:
        raise _NotSimpleError
    each = [_compared(node.column, column.values, "=", value) for value in node.values]
    found = reduce(np.logical_or, each)
    if node.negated is wanted:
        return ~found & _known(column)
    return found if column.known is None else found & column.known


def _known(column: Numbers) -> Mask:
    return np.ones(len(column.values), np.bool_) if column.known is None else column.known.copy()


def _compared(column: Column, values: npt.NDArray[Any], sign: Operator, value: Any) -> Mask:
    """Each number beside one value; anything where there is no number."""
    if column.kind == "float":
        if type(value) is not float or value != value:
            raise _NotSimpleError
        found: Mask = _OPERATORS[sign](values, np.float64(value))  # not rounded to float32
        return found
    if column.kind != "int" or not compares_exactly(column, (value,)):
        raise _NotSimpleError
    whole, is_itself = at_scale(column, value, up=sign in ("<", ">="))
    least, most = np.iinfo(values.dtype).min, np.iinfo(values.dtype).max
    if sign in ("=", "!=") and not is_itself:
        return np.full(len(values), sign == "!=")
    if whole is None or not least <= whole <= most:
        return np.full(len(values), _all_match(sign, value > 0))
    numbers: Mask = _OPERATORS[sign](values, values.dtype.type(whole))
    return numbers


def _all_match(sign: Operator, above: bool) -> bool:
    """Whether all numbers match, or none, beside one that is above all of them, or below."""
    if sign in ("=", "!="):
        return sign == "!="
    return (sign in ("<", "<=")) is above
