"""The parts of a query as the search view shows them: chips, and where a click on each leads.

Knows addresses; not HTML or searches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked, term_text
from engine.shop.page.search.facets import title_of_column
from engine.shop.search.terms import DIRECTION_WEIGHT, KINDS, Term

GIVEN_KINDS = tuple(kind for kind in KINDS if kind != "image")  # that one can type
STEER = 0.5  # weight of a product that results shall be like; below 0 unlike
_ADDED = ("add", "as", "weight")  # of the form that adds a part


@dataclass(frozen=True)
class TermChip:
    """A further part of the query.

    Attributes:
        text: as the address has it. kind, value: for people, such as a product's title. url: of the
            query without it.
        weaker, stronger, opposite: of the query with another weight.
    """

    text: str
    kind: str
    value: str
    weight: float
    url: str
    weaker: str
    stronger: str
    opposite: str


@dataclass(frozen=True)
class FilterChip:
    """A filter that is in force.

    Attributes:
        title: of its column. url: of the query without it.
    """

    title: str
    value: str
    url: str


def term_chips(asked: Asked, titles: Mapping[str, str]) -> list[TermChip]:
    """The further parts, in their order; products by their titles, by key, where they are known."""
    out = []
    for place, term in enumerate(asked.terms):

        def with_weight(weight: float, place: int = place, term: Term = term) -> str:
            terms = list(asked.terms)
            terms[place] = replace(term, weight=round(weight, 3))
            return replace(asked, terms=tuple(terms)).url()

        out.append(
            TermChip(
                term_text(term),
                term.kind,
                titles.get(term.value, term.value) if term.kind == "product" else str(term.value),
                term.weight,
                asked.without_term(place).url(),
                with_weight(term.weight - 0.25),
                with_weight(term.weight + 0.25),
                with_weight(-term.weight),
            )
        )
    return out


def filter_chips(asked: Asked, catalogue: Catalogue) -> list[FilterChip]:
    """The filters in force, in the order in which they were chosen, prices last."""
    out = [
        FilterChip(title_of_column(name, catalogue), value, asked.with_choice(name, value).url())
        for name, values in asked.chosen.items()
        for value in values
    ]
    if asked.least is not None or asked.most is not None:
        out.append(
            FilterChip("Price", _range(asked, catalogue.currency), asked.without_prices().url())
        )
    return out


def steered(asked: Asked, key: object, weight: float) -> str:
    """The address of the query that leads to, or away from, a product."""
    return asked.with_term(Term("product", str(key), weight)).url()


def added_part(items: Sequence[tuple[str, str]]) -> tuple[Term | None, list[tuple[str, str]]]:
    """The part that a form adds to a query, None for none, and the rest of what it sent.

    Raises:
        InvalidParameterValue: a kind or a weight that can't be.
    """
    given = {name: value.strip() for name, value in items if name in _ADDED}
    rest = [item for item in items if item[0] not in _ADDED]
    if not given.get("add"):
        return None, rest
    kind = next((kind for kind in GIVEN_KINDS if kind == given.get("as", "text")), None)
    if kind is None:
        raise InvalidParameterValue(
            f"as is {shown(given['as'])}; expected one of {', '.join(GIVEN_KINDS)}."
        )
    usual = DIRECTION_WEIGHT if kind == "direction" else STEER
    try:
        weight = float(given.get("weight") or usual)
    except ValueError:
        weight = float("nan")
    if not abs(weight) < 1e6:
        raise InvalidParameterValue(
            f"weight is {shown(given['weight'])}; expected a number, below 0 to lead away."
        )
    return Term(kind, given["add"], weight), rest


def _range(asked: Asked, currency: str) -> str:
    least = "" if asked.least is None else f"{currency}{asked.least:g}"
    most = "" if asked.most is None else f"{currency}{asked.most:g}"
    if least and most:
        return f"{least} to {most}"
    return f"from {least}" if least else f"up to {most}"
