"""What to loosen where nothing was found: which filter or word frees how many products.

Knows counts and addresses; not HTML.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from engine.shop.browsing.narrowing import Narrowed
from engine.shop.browsing.row_texts import folded
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.page.address import Asked
from engine.shop.page.search.facets import title_of_column


@dataclass(frozen=True)
class Looser:
    """A query that finds more.

    Attributes:
        label: what is given up. count: products that are left then; None where all are ranked.
    """

    label: str
    url: str
    count: int | None


def looser_queries(asked: Asked, catalogue: Catalogue, narrowed: Narrowed) -> list[Looser]:
    """Queries that find something, those that find most first; a search by meaning last."""
    out = []
    for column, count in narrowed.freed.items():
        is_price = column == catalogue.price
        title = title_of_column(column, catalogue)
        what = " or ".join(asked.chosen.get(column, ())) or "the range"
        rest = asked.without(column).without_prices() if is_price else asked.without(column)
        out.append(Looser(f"Without {title}: {what}", rest.url(), count))
    for word, count in narrowed.words.items():
        words = " ".join(each for each in asked.words.split() if folded(each) != word)
        out.append(Looser(f"Without the word “{word}”", replace(asked, words=words).url(), count))
    out = sorted((one for one in out if one.count), key=lambda one: -(one.count or 0))
    if asked.is_narrowed and not out:
        out.append(Looser("Without any filter", asked.cleared().url(), None))
    if asked.by == "words":
        meaning = replace(asked, by="meaning")
        out.append(Looser("By meaning, which finds what has other words", meaning.url(), None))
    return out
