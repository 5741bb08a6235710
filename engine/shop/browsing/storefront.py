"""What a shop's pages ask for: products, those like one, what goes with one, photos. Knows no pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from engine.core.schema import Columns
from engine.core.values import shown
from engine.errors import InvalidParameterValue
from engine.shop.browsing.listing import MAX_LIMIT, ListRequest, ProductPage, check_count, page_of
from engine.shop.browsing.look import CoLikes, Style, in_turns, scored, style_of
from engine.shop.browsing.products import Products
from engine.shop.browsing.rows import ProductRows
from engine.shop.catalogue.catalogue import FASHION, Catalogue
from engine.shop.names import HYBRID_INDEX, IMAGE_INDEX, TEXT_INDEX
from engine.shop.photos.product_photos import ProductPhoto, ProductPhotos
from engine.shop.search.keyword import find_keywords
from engine.shop.search.request import SearchRequest
from engine.shop.search.result import SearchResult
from engine.shop.short_tables import SCORE, products_table

By = Literal["image", "text", "hybrid"]
INDEX_OF: dict[str, str] = {"image": IMAGE_INDEX, "text": TEXT_INDEX, "hybrid": HYBRID_INDEX}
_WORDS = re.compile(r"[^\W\d_]{2,}")  # of a key that may be a name
_NAMED, _MOST_NAMED = 300, 8  # characters of such a key, and words of it, that are looked for
CANDIDATES = 500  # nearest products of other categories that a look is chosen from


@dataclass(frozen=True)
class Look:
    """Products that go with one.

    Attributes:
        products: dicts of every column of the products table. keys: of each. scores: from 0 to 1.
        category: the column in which they differ from it.
        same: the columns in which they are as it is.
        is_co_liked: whether what people like together was counted.
        catalogue: what the products' columns mean.
    """

    products: list[dict[str, Any]]
    keys: list[Any]
    scores: list[float]
    category: str
    same: list[str]
    is_co_liked: bool
    catalogue: Catalogue = field(default=FASHION, repr=False)

    def __repr__(self) -> str:
        heading = f"{len(self.products):,} products that go with it, of another {self.category}"
        return products_table(heading, self.rows(), self.catalogue)

    def rows(self) -> list[dict[str, Any]]:
        """The products' columns, each with its `score`."""
        pairs = zip(self.products, self.scores)
        return [{**product, SCORE: score} for product, score in pairs]


@dataclass(frozen=True)
class Overview:
    """What there is to look at.

    Attributes:
        table: the products table's name. products: how many it has.
        catalogue: what its columns mean. columns: by name, as filters and facets know them.
    """

    table: str
    products: int
    catalogue: Catalogue
    columns: Columns


class Storefront:
    """The pages of a workspace's shop. Safe to use from many threads."""

    def __init__(
        self,
        products: Products,
        photos: ProductPhotos,
        search: Callable[[SearchRequest], SearchResult],
        co_likes: CoLikes | None = None,
    ) -> None:
        self._products, self._photos, self._search = products, photos, search
        self._co_likes = co_likes

    def page(self, request: ListRequest) -> ProductPage:
        """A page of the products that match a filter, in an order, and what facets count of them.

        Raises:
            NotFound: no table of products.
            BadRequest, InvalidParameterValue: a filter, an order, a facet or a number that can't be.
        """
        return page_of(self._products.now(), request)

    def overview(self) -> Overview:
        """The products table: its name, size, columns and what they mean.

        Raises:
            NotFound: no table of products.
        """
        rows = self._products.now()
        return Overview(rows.name, len(rows), rows.catalogue, rows.columns)

    def get(self, key: object) -> dict[str, Any]:
        """A product by its primary key: every column of the products table.

        Raises:
            NotFound: no such product.
        """
        return self._products.now().product(key)

    def named(self, keys: Sequence[object]) -> Sequence[dict[str, Any] | None]:
        """Products by their primary keys, in this order; None where the table has none of it."""
        rows = self._products.now()
        places = rows.rows_of(keys)
        found = iter(rows.take(places[places >= 0]))
        return [next(found) if place >= 0 else None for place in places.tolist()]

    def near(self, key: object, *, k: int = 8) -> list[Any]:
        """Keys of products that may have been meant by a key that none has, the likeliest first.

        First half of them keys that are spelled alike, then products whose name, category or colour
        hold its words.

        Raises:
            NotFound: no table of products. InvalidParameterValue: a number that isn't from 1 to 200.
        """
        check_count("k", k, 1, MAX_LIMIT)
        rows = self._products.now()
        alike = rows.near_keys(key, (k + 1) // 2)
        words = " ".join(_WORDS.findall(str(key)[:_NAMED])[:_MOST_NAMED])
        named = find_keywords(rows, words, None).rows[:k]
        return list(dict.fromkeys([*alike, *rows.values(rows.catalogue.key, named)]))[:k]

    def similar(
        self,
        key: object,
        *,
        by: By = "hybrid",
        k: int = 10,
        offset: int = 0,
        filters: object = None,
    ) -> SearchResult:
        """Products like one, by its photo, its text, or both.

        Raises:
            NotFound: no such product, or the index has none of it: no photo, for one.
            BadRequest, InvalidParameterValue: a word, a number or a filter that can't be.
        """
        if by not in get_args(By):
            raise InvalidParameterValue(
                f"by is {shown(by)}; expected one of {', '.join(get_args(By))}."
            )
        self.get(key)
        asked = SearchRequest(like=key, index=INDEX_OF[by], k=k, offset=offset, filters=filters)
        return self._search(asked)

    def complete_the_look(self, key: object, *, k: int = 8) -> Look:
        """Products of other categories in the style of one: for the same people, occasion and season.

        Where fewer than `k` are, the season may differ, then the occasion, then for whom they are. They
        are the nearest by the index of both embeddings, the best of each category in turns; what people
        like together counts as much as vectors do, where that is known.

        Raises:
            NotFound: no such product, or it has no vector. InvalidState: it has no category.
            InvalidParameterValue: a number that isn't from 1 to 200.
        """
        check_count("k", k, 1, MAX_LIMIT)
        rows = self._products.now()
        product = rows.product(key)
        style = style_of(product, rows.catalogue)
        own = product[rows.catalogue.key]
        liked = dict(self._co_likes(own)) if self._co_likes is not None else {}
        liked.pop(own, None)
        pairs: list[tuple[Any, float]] = []
        same: list[str] = []
        for filters, held in style.filters():
            same = held
            pairs = self._candidates(rows, own, filters, liked, style)
            if len(pairs) >= k:
                break
        chosen = in_turns(pairs, self._categories(rows, pairs, style), k)
        keys, scores = [key for key, _ in chosen], [score for _, score in chosen]
        products = rows.take(rows.rows_of(keys))
        return Look(products, keys, scores, style.category[0], same, bool(liked), rows.catalogue)

    def photo(self, key: object, size: int | None = None) -> ProductPhoto:
        """A product's photo: its file, or a JPEG whose longer side is at most `size` pixels, 16 to 2048.

        Raises:
            NotFound: no such product, it has no photo, or one that can't be shown; says why.
            InvalidParameterValue: another size.
        """
        return self._photos.of(key, size)

    def _candidates(
        self,
        rows: ProductRows,
        own: object,
        filters: dict[str, Any],
        liked: dict[Any, float],
        style: Style,
    ) -> list[tuple[Any, float]]:
        """Keys and scores of what matches, best first; what people like joins it, wherever it lies."""
        request = SearchRequest(
            like=own, filters=filters, k=CANDIDATES, columns=[style.category[0]]
        )
        found = self._search(request)
        keys = [key for key, row in zip(found.keys, rows.rows_of(found.keys)) if row >= 0]
        cosine_of = {key: row["cosine"] for key, row in zip(found.keys, found)}
        if liked:
            matching = set(rows.matching(filters).tolist())
            more = [key for key in liked if key not in cosine_of]
            keys += [key for key, row in zip(more, rows.rows_of(more)) if int(row) in matching]
        farthest = min(cosine_of.values(), default=0.0)
        return scored(keys, [cosine_of.get(key, farthest) for key in keys], liked)

    def _categories(
        self, rows: ProductRows, pairs: Sequence[tuple[Any, float]], style: Style
    ) -> dict[Any, Any]:
        keys = [key for key, _ in pairs]
        return dict(zip(keys, rows.values(style.category[0], rows.rows_of(keys))))
