"""Templates to HTML. Knows Jinja2 and how values are written; not what is shown.

Every value is escaped, and one that a template names and nobody gave is an error.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.shop.page.assets import asset_text, asset_url

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template with values, such as `render("search.html", {...})`."""
    return _environment().get_template(template).render(values)


@functools.cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        price=price, number=number, percent=percent, score=score, json_attribute=_json_attribute
    )
    made.globals.update(asset=asset_url, inlined=_inlined)
    return made


def price(value: object, currency: str = "") -> Markup:
    """A price with its sign; scripts write it as the browser's language has it."""
    amount = _finite(value)
    if amount is None:
        return Markup("")
    return Markup('<data class="price" value="{}" data-currency="{}">{}{:,.2f}</data>').format(
        f"{amount:.2f}", currency, currency, amount
    )


def number(value: object, digits: int = 0) -> Markup:
    """A number with separators; scripts write it as the browser's language has it."""
    amount = _finite(value)
    if amount is None:
        return Markup("")
    text = f"{amount:,.{digits}f}"
    return Markup('<data class="number" value="{}">{}</data>').format(f"{amount:.{digits}f}", text)


def percent(value: object, digits: int = 0) -> str:
    """A share from 0 to 1 as `37 %`."""
    amount = _finite(value)
    return "" if amount is None else f"{100 * amount:.{digits}f} %"


def score(value: object) -> str:
    """A score or a cosine with three digits."""
    amount = _finite(value)
    return "" if amount is None else f"{amount:.3f}"


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    amount = float(value)
    return amount if math.isfinite(amount) else None


def _json_attribute(value: object) -> str:
    """Values for a script, to be written into an attribute."""
    return json.dumps(value, ensure_ascii=False)


def _inlined(name: str) -> Markup:
    """A style sheet's text, for pages that are one file."""
    return Markup(asset_text(name).replace("</", "<\\/"))
