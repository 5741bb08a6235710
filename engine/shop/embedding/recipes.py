"""The text of a product that is embedded: named, versioned recipes. Knows fields; not encoders.

Truth: the shop's rules. A change of a recipe's output is a new name, because tables store the name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.errors import InvalidParameterValue

Product = Mapping[str, Any]

FULL_FIELDS = (
    "product_display_name",
    "article_type",
    "base_color",
    "master_category",
    "sub_category",
    "gender",
    "season",
    "usage",
)
SHORT_FIELDS = (
    "product_display_name",
    "article_type",
    "base_color",
    "master_category",
    "gender",
    "season",
)


def price_words(price: float) -> str:
    """Words for a price in the shop's currency: below 30, 70 and 120 are the limits."""
    if price < 30:
        return "affordable budget friendly"
    if price < 70:
        return "mid-range value"
    if price < 120:
        return "premium quality"
    return "luxury high-end designer"


def _joined(product: Product, fields: tuple[str, ...]) -> list[str]:
    return [str(product[name]) for name in fields if product.get(name) not in (None, "")]


def _full(product: Product) -> str:
    words = _joined(product, FULL_FIELDS)
    price = product.get("price")
    if price is not None and price == price:  # NaN is no price
        words.append(price_words(float(price)))
    return " ".join(words)


def _short(product: Product) -> str:
    return " ".join(_joined(product, SHORT_FIELDS))


RECIPES: dict[str, Callable[[Product], str]] = {"full-v1": _full, "short-v1": _short}
FIELDS_OF = {"full-v1": (*FULL_FIELDS, "price"), "short-v1": SHORT_FIELDS}
DEFAULT_RECIPE = "full-v1"


def text_content(product: Product, recipe: str = DEFAULT_RECIPE) -> str | None:
    """The text that stands for a product, or None for a product without a display name.

    Args:
        product: the columns of one `products` row; missing and null fields are left out.
        recipe: "full-v1" (all fields and price words) or "short-v1".

    Raises:
        InvalidParameterValue: the recipe is unknown.
    """
    if not str(product.get("product_display_name") or "").strip():
        return None
    return RECIPES[check_recipe(recipe)](product)


def check_recipe(recipe: str) -> str:
    """The recipe's name, if it is one.

    Raises:
        InvalidParameterValue: names the known recipes.
    """
    if recipe not in RECIPES:
        raise InvalidParameterValue(
            f"text recipe {recipe!r} is unknown; known are: {', '.join(RECIPES)}."
        )
    return recipe
