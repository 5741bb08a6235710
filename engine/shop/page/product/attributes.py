"""The columns of a product, those that mean something first. Knows roles of columns; not HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from engine.core.schema import Column, Columns
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import IMAGE_PATH
from engine.shop.page.address import Asked
from engine.shop.page.product.values import Shown, shown_value

_SHORT = 60  # characters of a text that several products may share
_MOST_VALUES = 200  # of a list
_NEAR_PRICE = 0.1  # of a price, below and above, that the products behind its link have
_NUMBERS = ("int", "float", "decimal")
_FILTERED = ("string", "int", "boolean", "date")  # kinds of values that an address can filter by


@dataclass(frozen=True)
class Attribute:
    """One column of a product.

    Attributes:
        column: its name. label: the same for people. role: what it means; None for nothing known.
        values: one, or those of a list; never empty.
        currency: the sign before its values, where they are prices; else None.
    """

    column: str
    label: str
    role: str | None
    values: tuple[Shown, ...]
    currency: str | None = None


def attributes_of(
    product: Mapping[str, Any], catalogue: Catalogue, columns: Columns
) -> list[Attribute]:
    """Every column of a product but its title: those with a role, the others, then its photo's place."""
    roles = catalogue.roles
    named = (*catalogue.attributes, catalogue.price, catalogue.key)
    first = [name for name in dict.fromkeys(named) if name is not None and name in product]
    others = [name for name in product if name not in (*first, catalogue.title, IMAGE_PATH)]
    last = [IMAGE_PATH] if IMAGE_PATH in product else []
    return [
        _attribute(name, product[name], roles.get(name), columns[name], catalogue)
        for name in (*first, *others, *last)
    ]


def _attribute(
    name: str, value: Any, role: str | None, column: Column, catalogue: Catalogue
) -> Attribute:
    is_price = name == catalogue.price
    label = name.replace("_", " ").strip() or name
    pairs = _values(value, column)
    if name not in (catalogue.key, IMAGE_PATH):
        values = tuple(_linked(each, raw, column, role, is_price) for each, raw in pairs)
    else:
        values = tuple(each for each, _ in pairs)
    return Attribute(name, label, role, values, catalogue.currency if is_price else None)


def _values(value: Any, column: Column) -> tuple[tuple[Shown, Any], ...]:
    """Values as shown, each with itself."""
    if column.is_array and column.kind != "other" and isinstance(value, (list, tuple)) and value:
        some = [(shown_value(each), each) for each in value[:_MOST_VALUES]]
        left = len(value) - len(some)
        more = [(Shown("text", f"and {left:,} more"), None)] if left else []
        return (*some, *more)
    if isinstance(value, (list, tuple)) and not value:
        return ((Shown("none", "empty"), None),)
    return ((shown_value(value), value),)


def _linked(shown: Shown, value: Any, column: Column, role: str | None, is_price: bool) -> Shown:
    """The same, leading to the products that have this value too, where an address can ask for them."""
    if shown.form in ("none", "link") or value is None:
        return shown
    if is_price:
        return replace(shown, href=_near_price(value) if column.kind in _NUMBERS else None)
    is_short = len(shown.text) <= _SHORT and "\n" not in shown.text
    is_telling = role is not None or (column.kind != "int" and is_short and "://" not in shown.text)
    if column.kind not in _FILTERED or isinstance(value, datetime) or not is_telling:
        return shown
    text = value.isoformat() if isinstance(value, date) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return replace(shown, href=Asked(chosen={column.name: (text,)}).url())


def _near_price(value: Any) -> str | None:
    price = float(value)
    if not 0 < price < float("inf"):
        return None
    least, most = price * (1 - _NEAR_PRICE), price * (1 + _NEAR_PRICE)
    return Asked(least=round(least, 2), most=round(most, 2)).url()
