"""A products table as what training needs: rows by field, which fields are attributes, what is held out.

Knows CSV and Parquet through the evaluation's reader, so that training and evaluation see the same rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.core.schema import suggestion
from engine.errors import BadSourceFile, InvalidParameterValue
from engine.shop.evaluation.products import (
    COLUMNS_OF,
    column_names,
    column_of_field,
    is_held_out,
    read_products,
)
from engine.shop.training.products.labels import COLOUR, FIELDS, KIND, Row

FEWEST, MOST = 2, 500  # values of a column that is taken for an attribute


@dataclass(frozen=True)
class ProductTable:
    """The products of a file.

    Attributes:
        rows: those that training may show. held_out: the share that it never sees.
        attributes: fields whose values describe products.
        columns: field -> the file's column, "" for a field that it lacks; as the evaluation takes it.
    """

    rows: list[Row]
    held_out: list[Row]
    attributes: tuple[str, ...]
    columns: dict[str, str]


def read_table(
    path: Path,
    columns: Mapping[str, str],
    attributes: Sequence[str] | None = None,
    hold_out: int | None = 10,
    encoding: str | None = None,
) -> ProductTable:
    """The products of a CSV or Parquet file.

    Args:
        columns: field -> column, as `read_products` takes it.
        attributes: fields, or columns of the file; None to find them: those with 2 to 500 values
            that are no numbers.
        hold_out: one product in so many is kept from training, by a hash of its id; None for none.

    Raises:
        BadSourceFile: not readable, a column that is missing, no product left to train with.
        InvalidParameterValue: an attribute that is no field and no column.
    """
    there = column_names(path, columns, encoding)
    chosen = _chosen(there, columns)
    own = [name for name in there if name and name not in COLUMNS_OF]
    products = read_products(path, chosen, own, encoding)
    rows: list[Row] = [dict(product) for product in products]
    if attributes is None:
        found = _found(rows, {*chosen.values(), *(c for cs in COLUMNS_OF.values() for c in cs)})
    else:
        found = _given(attributes, rows, chosen, path)
    held = [hold_out is not None and is_held_out(row["id"], hold_out) for row in rows]
    kept = [row for row, is_out in zip(rows, held) if not is_out]
    if not kept:
        raise BadSourceFile("no product is left to train with", file=str(path))
    aside = [row for row, is_out in zip(rows, held) if is_out]
    return ProductTable(kept, aside, found, chosen)


def _chosen(there: Collection[str], given: Mapping[str, str]) -> dict[str, str]:
    """`given`, and for fields of which the table has no column of their own another one, or none."""
    chosen = dict(given)
    for field, own in COLUMNS_OF.items():
        if field not in chosen and not any(name in there for name in own):
            other = column_of_field(field, there)
            if other is not None or field != "id":  # without an id the reader says what to do
                chosen[field] = other or ""
    return chosen


def _found(rows: Sequence[Row], used: Collection[str]) -> tuple[str, ...]:
    """Fields and columns whose values describe products. `used`: columns that stand for a field."""
    fields = dict.fromkeys([*FIELDS, *(name for name in rows[0] if name not in COLUMNS_OF)])
    return tuple(
        field
        for field in fields
        if (field in FIELDS or field not in used)
        and _describes([v for row in rows if (v := row.get(field))], field in (KIND, COLOUR))
    )


def _describes(values: Sequence[str], is_kind: bool) -> bool:
    """Whether values, of which other columns have each twice on average, are words of products."""
    distinct = set(values)
    return (
        FEWEST <= len(distinct) <= MOST
        and (is_kind or 2 * len(distinct) <= len(values))
        and not all(_is_number(value) for value in distinct)
    )


def _is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


def _given(
    attributes: Iterable[str], rows: Sequence[Row], columns: Mapping[str, str], path: Path
) -> tuple[str, ...]:
    field_of = {column: field for field, column in columns.items() if column}
    field_of |= {c: field for field, cs in COLUMNS_OF.items() for c in cs if field in rows[0]}
    chosen = []
    for name in attributes:
        field = field_of.get(name, name)
        if field not in rows[0]:
            raise InvalidParameterValue(
                f"attribute {name!r} is no column of {path}.{suggestion(name, list(rows[0]))} It has "
                f"{', '.join(rows[0])[:500]}."
            )
        chosen.append(field)
    return tuple(dict.fromkeys(chosen))
