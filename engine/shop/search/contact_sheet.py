"""Search results as one self-contained HTML page. Knows HTML; not searches or files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from engine.errors import BadImage
from engine.shop.catalogue.catalogue import FASHION, Catalogue

STYLE = """
.vitrine{font:14px/1.4 system-ui,sans-serif;color:#1c1c1c;background:#fafafa;padding:16px}
.vitrine h1{font-size:18px;font-weight:600;margin:0 0 12px}
.vitrine ol{display:grid;grid-template-columns:repeat(auto-fill,minmax(160px,1fr));gap:12px;
list-style:none;margin:0;padding:0}
.vitrine li{background:#fff;border:1px solid #e4e4e4;border-radius:8px;padding:8px}
.vitrine img,.vitrine .none{width:100%;aspect-ratio:1;object-fit:contain;background:#fff}
.vitrine .none{display:grid;place-items:center;color:#707070;background:#f0f0f0}
.vitrine .name{font-weight:600;margin:6px 0 2px}
.vitrine .facts{color:#555}
"""
_SCORES = ("score", "cosine")


@dataclass(frozen=True)
class Card:
    """One result: its values, and the bytes of its photo if it has one."""

    values: Mapping[str, Any]
    photo: bytes | None


def contact_sheet(
    title: str, cards: Sequence[Card], note: str | None = None, catalogue: Catalogue = FASHION
) -> str:
    """One page with a card for each result, best first, a note above; every text is escaped."""
    items = "\n".join(_card(card, catalogue) for card in cards) or "<li>No product matches.</li>"
    above = f'<p class="facts">{escape(note)}</p>\n' if note else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f'<body><div class="vitrine"><h1>{escape(title)}</h1>\n{above}<ol>\n{items}\n</ol></div></body>'
        "</html>\n"
    )


def _card(card: Card, catalogue: Catalogue) -> str:
    from engine.encode.photos.preprocessing import (
        thumbnail_uri,  # Pillow, which a search alone does not need
    )

    values = card.values
    key = values.get(catalogue.key)
    name = str(values.get(catalogue.title) or (f"product {key}" if key is not None else "product"))
    try:
        photo = (
            f'<img src="{thumbnail_uri(card.photo)}" alt="{escape(name, quote=True)}">'
            if card.photo
            else '<div class="none">no photo</div>'
        )
    except BadImage:
        photo = '<div class="none">broken photo</div>'
    price = catalogue.priced(values.get(catalogue.price or ""))
    facts = [price] if price else []
    facts += [f"{part} {values[part]:.3f}" for part in _SCORES if values.get(part) is not None]
    return (
        f'<li>{photo}<div class="name">{escape(name)}</div>'
        f'<div class="facts">{escape(" · ".join(facts))}</div></li>'
    )
