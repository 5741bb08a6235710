"""What a search in the shop's terms is asked to be. Knows its parts; not indexes or encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from engine.core.query import DEFAULT_RESULTS, MAX_RANKED_RESULTS, MAX_RESULTS, QueryType
from engine.core.query_request import check_query_type
from engine.core.ranking.fusion import DEFAULT_TEXT_WEIGHT, check_text_weight
from engine.core.reply import json_value
from engine.core.values import check_flag, shown
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.shop.search.terms import Term, in_words, terms_of

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput

_MOST_KEYWORDS = 2**31  # results of a search by keywords, which are all counted
_PARTS = ("text", "image", "like", "vector", "compose")
_SEARCHES = (["text"], ["image"], ["text", "image"], ["like"], ["vector"], ["compose"])


@dataclass(frozen=True)
class SearchRequest:
    """A search in the shop's terms, as it was asked.

    Attributes:
        text: what to search for. image: a path, bytes or PIL image.
        like: primary key of a product; it is not among the results.
        vector: one of your own, of the index's dimension.
        compose: terms whose weighted sum is searched for, such as `[("green shirt", 1), {"product":
            15970, "weight": -0.5}]`; a term is a text, image, product, user
            or direction. Products of it are not
            among the results.
        text_weight: share of the text in a blend of both, 0 to 1, default 0.5.
        index: full name, or a last part that no other index has; default `vs_image_search`, and
            `vs_hybrid_search` for a blend, `like`, products, users and a mix.
        filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
        k: results wanted, 1 to 10,000 (HYBRID and FULL_TEXT: 200).
        offset: how many of the best are left out before them: those of earlier pages. With a vector,
            none is found behind the 10,000th; keywords find all.
        columns: default the product's columns.
        encoder: the model's name, for an index over a table that was made elsewhere.
        exact: score every row that matches the filter, instead of a shortlist; parts that lead away
            are always searched for so.
        query_type: ANN (default) compares meanings, FULL_TEXT finds words (BM25), HYBRID fuses both
            rankings; see `Workspace.query_index` for their scores.
        keyword: find the products that hold every word of the text, in title, categories or colour.
        facets: counts to make beside, such as "season" or "price BUCKETS [[0,30],[30,60]]": over all
            that a search by keywords finds, else over the best 200, or as many as were asked for.
    """

    text: str | None = None
    _: KW_ONLY
    image: ImageInput | None = None
    like: object = None
    vector: Sequence[float] | None = None
    text_weight: float | None = None
    index: str | None = None
    filters: object = None
    k: int = DEFAULT_RESULTS
    columns: Sequence[str] | None = None
    encoder: str | None = None
    exact: bool = False
    query_type: str | None = None
    compose: Sequence[Any] | None = None
    keyword: bool = False
    offset: int = 0
    facets: Sequence[str] | None = None

    @property
    def is_blend(self) -> bool:
        """Whether it is by a text and an image at once."""
        return self._given == ["text", "image"]

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """What it is composed of; empty for a vector of one's own.

        Raises:
            InvalidParameterValue: a term that can't be, or a weight that isn't from 0 to 1.
        """
        if self._given == ["vector"]:
            return ()
        if self.compose is not None:
            return terms_of(self.compose)
        if self.like is not None:
            return (Term("product", self.like),)
        weight = DEFAULT_TEXT_WEIGHT if self.text_weight is None else self.text_weight
        share = check_text_weight(weight) if self.is_blend else 1.0
        texts = [Term("text", self.text, share)] if self.text else []
        beside = 1.0 - share if self.is_blend else 1.0
        images = [] if self.image is None else [Term("image", self.image, beside)]
        return (*texts, *images)

    @property
    def is_of_one_kind(self) -> bool:
        """Whether it is by texts alone, or by images alone; what the index of images is for."""
        kinds = {term.kind for term in self.terms} - {"direction"}
        return not kinds or (len(kinds) == 1 and kinds <= {"text", "image"})

    @property
    def is_of_texts_and_products(self) -> bool:
        """Whether it is by these alone, which an index of texts answers where no product has a photo."""
        return self.vector is None and all(term.kind in ("text", "product") for term in self.terms)

    @property
    def leads_away(self) -> bool:
        """Whether a part leads away: such a query lies far from all products, where shortlists, which
        are as long as products among themselves need, miss some of the best."""
        return any(term.weight < 0 for term in self.terms)

    @property
    def left_out(self) -> int:
        """How many products it is made of, which are found too, and are no results."""
        return sum(term.kind == "product" for term in self.terms)

    def checked_type(self) -> QueryType:
        """Its query type, once all that can be checked without an index was.

        Raises:
            InvalidInputException: its parts make no search.
            InvalidParameterValue: no query type, a number of results that can't be, or no flag.
        """
        self._check_parts()
        check_flag(self.exact, "exact")
        check_flag(self.keyword, "keyword")
        kind = check_query_type(self.query_type)
        if self.keyword and (self._given != ["text"] or self.query_type is not None):
            given = "query_type" if self._given == ["text"] else " and ".join(self._given)
            raise InvalidInputException(
                f"keyword takes a text alone; {given or 'nothing'} was given."
            )
        if kind != "ANN" and (not self.text or (self.image is not None and kind == "FULL_TEXT")):
            given = "a text beside a photo" if self.text else "no text"
            raise InvalidInputException(
                f"A {kind} search finds words in a text; {given} was given."
            )
        self._check_k(kind)
        return kind

    def in_words(self, like: object = None) -> str:
        """What is searched for, for headings; `like` is the key as the index stores it."""
        if self.compose is not None:
            return in_words(self.terms)
        parts = [f"“{self.text}”"] if self.text else []
        if self.image is not None:
            parts.append(f"photo {self.image}" if isinstance(self.image, str) else "a photo")
        if like is not None:
            parts.append(f"like product {json_value(like, integers_as_floats=False)}")
        return " and ".join(parts) or "a vector"

    @cached_property
    def _given(self) -> list[str]:
        """Names of the parts that say what to search for; an empty text says nothing."""
        parts = (self.text, self.image, self.like, self.vector, self.compose)
        return [
            name
            for name, value in zip(_PARTS, parts)
            if value is not None and not (isinstance(value, str) and not value)
        ]

    def _check_parts(self) -> None:
        given = self._given
        if given not in _SEARCHES:
            raise InvalidInputException(
                f"A search needs text, an image, both of these, like, a vector, or compose; "
                f"{' and '.join(given) or 'nothing'} was given."
            )
        if self.text and not self.keyword and not str(self.text).strip():
            raise InvalidInputException(f"text is {shown(self.text)}; expected words.")
        if self.text_weight is not None and not self.is_blend:
            raise InvalidInputException("text_weight needs both a text and an image.")

    def _check_k(self, kind: QueryType) -> None:
        """A product that others are like is found too, so that one result fewer can be wanted.

        A page that goes beyond the last result that can be had is shorter, so that pages end.
        """
        k, offset = self.k, self.offset
        most = (MAX_RESULTS if kind == "ANN" else MAX_RANKED_RESULTS) - self.left_out
        beyond = _MOST_KEYWORDS if self.keyword else most
        if isinstance(offset, bool) or not isinstance(offset, int) or not 0 <= offset < beyond:
            raise InvalidParameterValue(
                f"offset is {offset!r:.80}; expected how many results come before, an integer from 0 "
                f"to {beyond - 1:,}."
            )
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= most:
            raise InvalidParameterValue(
                f"k is {k!r:.80}; expected how many results are wanted, an integer from 1 to "
                f"{most:,}."
            )
