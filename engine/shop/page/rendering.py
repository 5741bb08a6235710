"""Templates to HTML. Knows Jinja2 and how values are written; not what is shown.

Every value is escaped, and one that a template names and nobody gave is an error.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Container, Mapping
from contextvars import ContextVar
from datetime import datetime, timezone
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.core.values import typed
from engine.shop.catalogue.catalogue import with_currency
from engine.shop.page.assets import asset_text, asset_url
from engine.shop.page.cards import product_url

_LAST_MS = 253_402_300_799_000  # of the year 9999
_THOUSAND = 1000
_COUNT = re.compile(r"\d[\d,]*(?= products?\b)|(?<=the nearest )\d[\d,]*")
TEMPLATES = Path(__file__).parent / "templates"
# Read where a heart is drawn: whatever template draws a card, none has to hand them on.
_LIKED: ContextVar[Container[str] | None] = ContextVar("liked", default=None)


def render(template: str, values: Mapping[str, Any]) -> str:
    """A template with values, such as `render("search.html", {...})`.

    Args:
        values: `liked` among them is keys of the products that the visitor likes; cards have hearts only
            where it is given.
    """
    kept = _LIKED.set(values.get("liked"))
    try:
        return _environment().get_template(template).render(values)
    finally:
        _LIKED.reset(kept)


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
    made.filters.update(moment=moment, size=size, typed=typed, counted=counted)
    made.filters.update(own=Markup)
    made.globals.update(
        asset=asset_url, inlined=_inlined, is_liked=_is_liked, product_url=product_url
    )
    return made


def price(value: object, currency: str = "") -> Markup:
    """A price with its sign; scripts write it as the browser's language has it."""
    amount = _finite(value)
    if amount is None:
        return Markup("")
    shown = with_currency(amount, currency)
    return Markup('<data class="price" value="{}" data-currency="{}">{}</data>').format(
        f"{amount:.2f}", currency, shown
    )


def number(value: object, digits: int = 0) -> Markup:
    """A number with separators; scripts write it as the browser's language has it."""
    amount = _finite(value)
    if amount is None:
        return Markup("")
    text = f"{amount:,.{digits}f}"
    return Markup('<data class="number" value="{}">{}</data>').format(f"{amount:.{digits}f}", text)


def counted(text: str) -> Markup:
    """A sentence on how many products there are; scripts write its number as `number`."""
    found = _COUNT.search(text)
    if found is None:
        return Markup("{}").format(text)
    count = number(int(found[0].replace(",", "")))
    return Markup("{}{}{}").format(text[: found.start()], count, text[found.end() :])


def percent(value: object, digits: int = 0) -> str:
    """A share from 0 to 1 as `37 %`."""
    amount = _finite(value)
    return "" if amount is None else f"{100 * amount:.{digits}f} %"


def score(value: object) -> str:
    """A score or a cosine with three digits."""
    amount = _finite(value)
    return "" if amount is None else f"{amount:.3f}"


def moment(milliseconds: object) -> Markup:
    """A time, of milliseconds since the epoch; scripts write it as the browser's language has it."""
    amount = _finite(milliseconds)
    if not amount or not 0 < amount < _LAST_MS:
        return Markup("")
    utc = datetime.fromtimestamp(amount / 1000, tz=timezone.utc)
    return Markup('<time datetime="{}">{}</time>').format(
        utc.isoformat(timespec="milliseconds"), utc.strftime("%Y-%m-%d %H:%M UTC")
    )


def size(value: object) -> str:
    """Bytes as `1.2 MB`."""
    amount = _finite(value)
    if amount is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(amount) < _THOUSAND:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _THOUSAND
    return f"{amount:,.1f} TB"


def _finite(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (Real, Decimal)):
        return None
    amount = float(value)
    return amount if math.isfinite(amount) else None


def _is_liked(key: object) -> bool | None:
    """Whether the visitor likes a product; None where nobody can say so."""
    liked = _LIKED.get()
    return None if liked is None else str(key) in liked


def _json_attribute(value: object) -> str:
    """Values for a script, to be written into an attribute."""
    return json.dumps(value, ensure_ascii=False)


def _inlined(name: str) -> Markup:
    """A style sheet's text, for pages that are one file."""
    return Markup(asset_text(name).replace("</", "<\\/"))
