"""The text of a product that is embedded: named, versioned recipes, and templates. Knows fields.

Truth: the shop's rules, over the roles of a catalogue's columns. A change of a recipe's output is a new
name, because tables store the name. A template says it in the catalogue's own columns:

    {title} in {colour}                 a missing value drops out, and one of the blanks around it
    {title}[ in {colour}][, {price_words}]    a part in brackets drops out whole with a value in it

A name in braces is a column, else a role (id, title, category for all, kind for the finest, color,
price, gender, season, usage, year), else `price_words`. Two braces stand for one. Of a value in HTML, as
shops describe products, a template takes the words.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import Any

from engine.core.schema import suggestion
from engine.errors import InvalidParameterValue
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.names import DEFAULT_RECIPE

Product = Mapping[str, Any]

PRICE_WORDS = "price_words"
_LEVEL_WORDS = (
    "affordable budget friendly",
    "mid-range value",
    "premium quality",
    "luxury high-end designer",
)
_FASHION_LEVELS = FASHION.price_levels or ()
_LONGEST = 20_000  # characters of HTML that are read: more than a model looks at
_TAG = re.compile(r"</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_UNSEEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[\[\]]|[^\[\]{}]+")


def price_words(price: float, levels: tuple[float, ...] = _FASHION_LEVELS) -> str:
    """Words for a price: below three limits and above them, by default those of the shop's currency.

    A catalogue without limits of its own has its prices' quartiles; see `quartiles`.
    """
    return _LEVEL_WORDS[sum(price >= level for level in levels)] if levels else ""


def full_fields(catalogue: Catalogue) -> tuple[str, ...]:
    """The columns of `full-v1` but for the price: title, kind, colour, other categories, the rest."""
    named = (
        *(catalogue.title, catalogue.kind, catalogue.color, *catalogue.categories[:-1]),
        *(catalogue.gender, catalogue.season, catalogue.usage),
    )
    return tuple(dict.fromkeys(name for name in named if name is not None))


def short_fields(catalogue: Catalogue) -> tuple[str, ...]:
    """The columns of `short-v1`: title, kind, colour, the coarsest category, gender, season."""
    coarsest = catalogue.categories[0] if catalogue.categories else None
    named = (
        *(catalogue.title, catalogue.kind, catalogue.color, coarsest),
        *(catalogue.gender, catalogue.season),
    )
    return tuple(dict.fromkeys(name for name in named if name is not None))


RECIPES: dict[str, Callable[[Catalogue], tuple[str, ...]]] = {
    "full-v1": full_fields,
    "short-v1": short_fields,
}
_WITH_PRICE = "full-v1"


def text_content(
    product: Product, recipe: str = DEFAULT_RECIPE, catalogue: Catalogue = FASHION
) -> str | None:
    """The text that stands for a product; None for one without a title, or without a value at all.

    Args:
        product: the columns of one `products` row; missing and null fields are left out.
        recipe: "full-v1" (all roles and price words), "short-v1", or a template.

    Raises:
        InvalidParameterValue: the recipe is unknown, or its template names no column.
    """
    if recipe not in RECIPES:
        return _filled(_parsed(checked(recipe, catalogue, product)), product, catalogue) or None
    if not _word(product.get(catalogue.title)).strip():
        return None
    words = [_word(product.get(name)) for name in RECIPES[recipe](catalogue)]
    words += [_priced(product, catalogue)] if recipe == _WITH_PRICE else []
    return " ".join(word for word in words if word)


def fields_of(recipe: str, catalogue: Catalogue = FASHION) -> tuple[str, ...]:
    """The columns that a recipe reads; of a template also the words that may be columns."""
    price = (catalogue.price,) if catalogue.price else ()
    if recipe in RECIPES:
        fields = RECIPES[recipe](catalogue)
        return (*fields, *price) if recipe == _WITH_PRICE else fields
    return tuple(dict.fromkeys(_columns(_parsed(recipe), catalogue)))


def check_recipe(recipe: str, catalogue: Catalogue = FASHION, known: Collection[str] = ()) -> str:
    """The recipe, if it is one: a name, or a template that reads columns which are there.

    Raises:
        InvalidParameterValue: names the known recipes, or the column that is missing.
    """
    return recipe if recipe in RECIPES else checked(recipe, catalogue, known)


def checked(template: str, catalogue: Catalogue, known: Collection[str]) -> str:
    """A template whose names are all columns, roles or `price_words`.

    Raises:
        InvalidParameterValue: no template at all, braces or brackets that don't close, unknown names.
    """
    if "{" not in template:
        raise InvalidParameterValue(
            f"text recipe {template!r} is unknown; known are: {', '.join(RECIPES)}. Or write a template "
            'over the columns, such as "{title} in {color}".'
        )
    columns = {*known, *catalogue.columns}
    words = {*columns, *_of_roles(catalogue), PRICE_WORDS}
    unknown = [name for name in _names(_parsed(template)) if name not in words]
    if unknown:
        raise InvalidParameterValue(
            f"the text template {template!r} names {unknown[0]!r}, which is no column and no role."
            f"{suggestion(unknown[0], words)} Columns: {', '.join(sorted(columns))[:500] or 'none'}."
        )
    return template


# ------------------------------------------------------------------ templates
# A part of a template: a text, (name,) for a value, or a list for a part in brackets.
_Part = Any


@lru_cache(maxsize=64)
def _parsed(template: str) -> list[_Part]:
    parts: list[_Part] = []
    inside: list[_Part] | None = None
    for token in _TOKEN.finditer(template):
        text, name = token[0], token[1]
        place = parts if inside is None else inside
        if text == "[" and inside is None:
            inside = []
        elif text == "]" and inside is not None:
            parts.append(inside)
            inside = None
        elif text in ("{", "}", "[", "]") or (name is not None and not name.strip()):
            raise _unclosed(template)
        else:
            place.append(
                (name.strip(),) if name is not None else text[: 1 if text in ("{{", "}}") else None]
            )
    if inside is not None:
        raise _unclosed(template)
    return parts


def _unclosed(template: str) -> InvalidParameterValue:
    return InvalidParameterValue(
        f"the text template {template!r} has braces or brackets that don't close around a name. Write "
        "{column} for a value, [ in {column}] for a part that drops out with it, {{ for a brace."
    )


def _names(parts: list[_Part]) -> list[str]:
    found: list[str] = []
    for part in parts:
        found += (
            _names(part) if isinstance(part, list) else [part[0]] if isinstance(part, tuple) else []
        )
    return found


def _of_roles(catalogue: Catalogue) -> dict[str, tuple[str, ...]]:
    """The columns of each role that has any."""
    found: dict[str, tuple[str, ...]] = {}
    for column, role in catalogue.roles.items():
        found[role] = (*found.get(role, ()), column)
    return {**found, "kind": (catalogue.kind,)} if catalogue.kind else found


def _columns(parts: list[_Part], catalogue: Catalogue) -> list[str]:
    roles = _of_roles(catalogue)
    found: list[str] = []
    for name in _names(parts):
        found += [name, *roles.get(name, ())]
        if name == PRICE_WORDS and catalogue.price:
            found.append(catalogue.price)
    return found


def _filled(parts: list[_Part], product: Product, catalogue: Catalogue) -> str:
    """The template with its values; empty where no value is there."""
    roles = _of_roles(catalogue)
    values = {name: _value(name, product, catalogue, roles) for name in _names(parts)}
    if not any(values.values()):
        return ""
    text = ""
    for part in parts:
        if isinstance(part, list):
            lacks = [name for name in _names(part) if not values[name]]
            text += "" if lacks else "".join(_shown(one, values) for one in part)
        else:
            text += _shown(part, values)
    return " ".join(text.split())


def _shown(part: _Part, values: Mapping[str, str]) -> str:
    return values[part[0]] if isinstance(part, tuple) else str(part)


def _value(
    name: str, product: Product, catalogue: Catalogue, roles: Mapping[str, tuple[str, ...]]
) -> str:
    if name in product:
        return _words_of(_word(product[name]))
    if name == PRICE_WORDS:
        return _priced(product, catalogue)
    return " ".join(
        filter(None, (_words_of(_word(product.get(column))) for column in roles.get(name, ())))
    )


def _word(value: object) -> str:
    """A value in a text: lists joined by commas; nothing for none and for NaN."""
    if value is None or value != value:
        return ""
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_word, value)))
    return str(value)


def _words_of(text: str) -> str:
    """A text without the marks of HTML, if it has any; of a very long one the start."""
    start = text[:_LONGEST]
    if not _TAG.search(start):
        return text
    return " ".join(html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", start))).split())


def _priced(product: Product, catalogue: Catalogue) -> str:
    price = product.get(catalogue.price) if catalogue.price else None
    levels = catalogue.price_levels
    if isinstance(price, str) or price is None or price != price or not levels:
        return ""
    return price_words(float(price), levels)


def quartiles(prices: Collection[float]) -> tuple[float, ...]:
    """The limits of the words for a catalogue's prices, in its own currency: their quartiles, to two
    digits, so that few new products don't change the text of all. None for fewer than eight prices.
    """
    known = sorted(prices)
    if len(set(known)) < 8:
        return ()
    at = [known[len(known) * part // 4] for part in (1, 2, 3)]
    return tuple(float(f"{level:.2g}") for level in at)
