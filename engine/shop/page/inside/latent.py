"""The latent explorer: attributes, dimensions with both ends, directions. Knows findings; not HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.latent.dimension import Dimension, End
from engine.shop.latent.result import AttributeFinding, LatentReport
from engine.shop.page.address import Asked
from engine.shop.page.cards import Card
from engine.shop.page.inside.explaining import Search
from engine.shop.page.inside.shown import SHOP_INDEXES, Shown
from engine.shop.search.request import SearchRequest
from engine.shop.search.terms import DIRECTION_WEIGHT, Term

ENDS = 12  # products that each end shows
_ALONG = 12  # products that are found along a direction
_FIRST = 8  # values of an attribute, and dimensions, that are shown at once
WIDTH = 160  # of a bar's own units


@dataclass(frozen=True)
class Read:
    """How well an attribute can be read from the vectors.

    Attributes:
        score, low, high, baseline: lengths of bars, 0 to `WIDTH`; None where it can't be told.
        best: its dimensions, the one that tells most first: number and share of variance.
    """

    finding: AttributeFinding
    score: float | None
    low: float | None
    high: float | None
    baseline: float | None
    best: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Side:
    """One end of a dimension: its products and what they have in common."""

    title: str
    cards: list[Card]
    common: tuple[str, ...]
    mean_price: float | None
    least: float | None
    most: float | None


@dataclass(frozen=True)
class Way:
    """A direction: its name, how often it tells right (None for not known), where it leads.

    Attributes:
        more, less: addresses of the search with it, None where the search is of another index.
    """

    name: str
    value: str
    area: float | None
    products: int | None
    more: str | None
    less: str | None


def reads_of(report: LatentReport | None) -> list[Read]:
    """The attributes, the one that is read best against its baseline first."""
    found = [] if report is None else [_read(one) for one in report.attributes.values()]
    return sorted(found, key=lambda one: -_gain(one.finding))


def _gain(finding: AttributeFinding) -> float:
    return -1.0 if finding.probe is None else finding.probe.score - finding.probe.baseline


def _read(finding: AttributeFinding) -> Read:
    probe = finding.probe
    best = tuple((one.dimension, one.share) for one in finding.dimensions[:_FIRST])
    if probe is None:
        return Read(finding, None, None, None, None, best)
    score, low, high = _length(probe.score), _length(probe.low), _length(probe.high)
    return Read(finding, score, low, high, _length(probe.baseline), best)


def _length(share: float) -> float:
    return round(WIDTH * min(max(share, 0.0), 1.0), 1)


def telling(report: LatentReport | None) -> list[tuple[int, str, float]]:
    """Dimensions by how much they tell: number, of which attribute most, the share of variance."""
    best: dict[int, tuple[str, float]] = {}
    for name, finding in (report.attributes if report else {}).items():
        for one in finding.dimensions:
            if one.share > best.get(one.dimension, ("", 0.0))[1]:
                best[one.dimension] = (name, one.share)
    found = [(number, name, share) for number, (name, share) in best.items()]
    return sorted(found, key=lambda one: (-one[2], one[0]))


def sides_of(dimension: Dimension, key: str, catalogue: Catalogue, shown: Shown) -> list[Side]:
    """Both ends of a dimension."""
    ends = (("Lowest", dimension.lowest), ("Highest", dimension.highest))
    return [_side(title, end, key, catalogue, shown) for title, end in ends]


def _side(title: str, end: End, key: str, catalogue: Catalogue, shown: Shown) -> Side:
    rows = end.products
    values = [row["value"] for row in rows]
    more = [{"why": f"value {value:.3f}"} for value in values]
    cards = shown.cards(rows, [row.get(key, "") for row in rows], more)
    common = tuple(
        f"{name}: {one.value} ({one.products} of {one.known})" for name, one in end.common.items()
    )
    return Side(
        title,
        cards,
        common,
        end.mean_price,
        min(values, default=None),
        max(values, default=None),
    )


def ways_of(
    names: Sequence[str], report: LatentReport | None, words: str, is_searched: bool
) -> dict[str, list[Way]]:
    """Directions by attribute, those that tell best first.

    Args:
        words: what the search looks for beside. is_searched: the search page is of this index.
    """
    known = {
        one.name: one
        for finding in (report.attributes.values() if report else ())
        for one in finding.directions
    }
    found: dict[str, list[Way]] = {}
    for name in names:
        attribute, _, value = name.partition("=")
        one = known.get(name)
        more, less = (
            _search_url(words, name, weight) if is_searched else None
            for weight in (DIRECTION_WEIGHT, -DIRECTION_WEIGHT)
        )
        area, products = (None, None) if one is None else (one.area, one.products)
        way = Way(name, value or name, area, products, more, less)
        found.setdefault(attribute, []).append(way)
    for ways in found.values():
        ways.sort(key=lambda way: -(way.area or 0.0))
    return dict(sorted(found.items(), key=lambda item: len(item[1]) == 1))  # a price comes last


def _search_url(words: str, name: str, weight: float) -> str:
    return Asked(words=words, terms=(Term("direction", name, weight),)).url()


@dataclass(frozen=True)
class Along:
    """What is found along a direction: its heading, its products, the search that finds them."""

    title: str
    cards: list[Card]
    href: str | None


def along(name: str, index: str, words: str, search: Search, shown: Shown) -> list[Along]:
    """What more, and what less, of a direction gives, with words beside it or alone.

    Raises:
        NotFound, BadRequest, InvalidState: there is no such direction, or it can't be told.
    """
    weights = {"More": DIRECTION_WEIGHT, "As it is": 0.0, "Less": -DIRECTION_WEIGHT}
    if not words:
        weights = {"More": 1.0, "Less": -1.0}
    out = []
    for title, weight in weights.items():
        terms = [Term("text", words)] if words else []
        terms += [Term("direction", name, weight)] if weight else []
        result = search(SearchRequest(compose=terms, index=index, k=_ALONG))
        more = [{"rank": place, "score": row["score"]} for place, row in enumerate(result, 1)]
        cards = shown.cards(result.to_dicts(), result.keys, more)
        asked = Asked(words=words, terms=tuple(term for term in terms if term.kind != "text"))
        out.append(Along(title, cards, asked.url() if index in SHOP_INDEXES else None))
    return out


def dimension_url(index: str, number: int) -> str:
    """The address of a dimension's view."""
    return f"/inside/latent?{urlencode({'index': index, 'd': number})}#dimension"
