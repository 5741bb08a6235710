"""A validation as one self-contained HTML page, in the contact sheet's form. Knows HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from numbers import Real
from typing import Any

from engine.errors import BadImage
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.search.contact_sheet import STYLE
from engine.shop.validation.result import ASPECTS, Aspect, Judged, QueryJudgement

_STYLE = """
.vitrine h2{font-size:16px;margin:28px 0 2px}.vitrine h3{font-size:14px;margin:12px 0 6px}
.vitrine table{border-collapse:collapse;background:#fff;margin:0 0 12px}
.vitrine th,.vitrine td{border:1px solid #e4e4e4;padding:4px 10px;text-align:left}
.vitrine ol{grid-template-columns:repeat(auto-fill,minmax(120px,1fr))}
.vitrine li.right{border:2px solid #2e7d32}.vitrine li.wrong{border:2px solid #b26a00}
"""
_CALLED = {"image": "by meaning (photos)", "keyword": "every word", "full_text": "FULL_TEXT (BM25)"}


def page_of(
    title: str,
    means: Sequence[Mapping[str, Any]],
    queries: Sequence[QueryJudgement],
    catalogue: Catalogue,
) -> str:
    """The page; every text is escaped."""
    sections = "\n".join(_section(one, catalogue) for one in queries)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}{_STYLE}</style></head>\n"
        f'<body><div class="vitrine"><h1>{escape(title)}</h1>\n{_table(means)}\n{sections}\n</div>'
        "</body></html>\n"
    )


def _table(means: Sequence[Mapping[str, Any]]) -> str:
    """Mean precisions: a row for each search, a column for each aspect."""
    by = {(row["search"], row["aspect"]): row for row in means}
    head = "".join(f"<th>{aspect}</th>" for aspect in ASPECTS)
    rows = []
    for search in dict.fromkeys(row["search"] for row in means):
        cells = "".join(f"<td>{_mean(by[search, aspect])}</td>" for aspect in ASPECTS)
        rows.append(f"<tr><td>{escape(_CALLED[search])}</td>{cells}</tr>")
    return f"<table><tr><th>mean precision</th>{head}</tr>{''.join(rows)}</table>"


def _mean(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return ""
    low, high = row["interval"]
    return f"{row['value']:.3f} ({low:.2f} to {high:.2f}, {row['n']} queries)"


def _section(one: QueryJudgement, catalogue: Catalogue) -> str:
    said = escape(one.recognised.in_words())
    why = "" if one.why is None else f'<p class="facts">not judged: {escape(one.why)}</p>'
    searches = "\n".join(_search(judged, catalogue) for judged in one.judged)
    return f'<h2>{escape(one.query)}</h2><p class="facts">{said}</p>{why}\n{searches}'


def _search(judged: Judged, catalogue: Catalogue) -> str:
    counts = ", ".join(
        f"{aspect} {count.right} of {count.of}" for aspect, count in judged.counted.items()
    )
    photos = [photo for photo, _ in judged.result.photos()]
    rows = judged.result.to_dicts()
    cards = "\n".join(
        _card(row, photo, marks, catalogue) for row, photo, marks in zip(rows, photos, judged.marks)
    )
    none = "" if cards else '<p class="facts">nothing found</p>'
    return f"<h3>{escape(_CALLED[judged.search])}: {counts}</h3>{none}<ol>{cards}</ol>"


def _card(
    row: Mapping[str, Any], photo: bytes | None, marks: Mapping[Aspect, bool], catalogue: Catalogue
) -> str:
    from engine.encode.photos.preprocessing import thumbnail_uri  # Pillow, which figures don't need

    name = str(row.get(catalogue.title) or row.get(catalogue.key) or "product")
    picture = '<div class="none">no photo</div>'
    try:
        if photo:
            uri = thumbnail_uri(photo, 160)
            picture = f'<img src="{uri}" alt="{escape(name, quote=True)}">'
    except BadImage:  # that photo's trouble
        picture = '<div class="none">broken photo</div>'
    price = row.get(catalogue.price or "")
    facts = [f"{catalogue.currency}{price:.2f}"] if isinstance(price, Real) else []
    facts += [f"{aspect} {'right' if right else 'wrong'}" for aspect, right in marks.items()]
    is_right = "right" if all(marks.values()) else "wrong"
    return (
        f'<li class="{is_right}">{picture}<div class="name">{escape(name)}</div>'
        f'<div class="facts">{escape(" · ".join(facts))}</div></li>'
    )
