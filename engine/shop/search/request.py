"""What a search in the shop's terms is asked to be. Knows its parts; not indexes or encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING

from engine.core.query import DEFAULT_RESULTS, MAX_RANKED_RESULTS, MAX_RESULTS, QueryType
from engine.core.query_request import check_query_type
from engine.core.reply import json_value
from engine.errors import InvalidInputException, InvalidParameterValue

if TYPE_CHECKING:
    from engine.encode.photos.preprocessing import ImageInput

_SEARCHES = (["text"], ["image"], ["text", "image"], ["like"], ["vector"])


@dataclass(frozen=True)
class SearchRequest:
    """A search in the shop's terms, as it was asked.

    Attributes:
        text: what to search for. image: a path, bytes or PIL image.
        like: primary key of a product; it is not among the results.
        vector: one of your own, of the index's dimension.
        text_weight: share of the text in a blend of both, 0 to 1, default 0.5.
        index: full name, or a last part that no other index has; default `vs_image_search`, and
            `vs_hybrid_search` for a blend or `like`.
        filters: as in the API, `{"price <": 50, "gender": "Women"}` or `"price < 50"`.
        k: results wanted, 1 to 10,000 (HYBRID and FULL_TEXT: 200).
        columns: default the product's columns.
        encoder: the model's name, for an index over a table that was made elsewhere.
        exact: score every row that matches the filter, instead of a shortlist.
        query_type: ANN (default) compares meanings, FULL_TEXT finds words (BM25), HYBRID fuses both
            rankings; see `Workspace.query_index` for their scores.
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

    @property
    def is_like(self) -> bool:
        """Whether it asks for products like another one."""
        return self.like is not None

    @property
    def is_blend(self) -> bool:
        """Whether it is by a text and an image at once."""
        return self._given() == ["text", "image"]

    def checked_type(self) -> QueryType:
        """Its query type, once all that can be checked without an index was.

        Raises:
            InvalidInputException: its parts make no search.
            InvalidParameterValue: no query type, or a number of results that can't be.
        """
        self._check_parts()
        kind = check_query_type(self.query_type)
        if kind != "ANN" and (not self.text or (self.image is not None and kind == "FULL_TEXT")):
            given = "a text beside a photo" if self.text else "no text"
            raise InvalidInputException(
                f"A {kind} search finds words in a text; {given} was given."
            )
        self._check_k(kind)
        return kind

    def in_words(self, like: object) -> str:
        """What is searched for, for headings; `like` is the key as the index stores it."""
        parts = [f"“{self.text}”"] if self.text else []
        if self.image is not None:
            parts.append(f"photo {self.image}" if isinstance(self.image, str) else "a photo")
        if like is not None:
            parts.append(f"like product {json_value(like, integers_as_floats=False)}")
        return " and ".join(parts) or "a vector"

    def _given(self) -> list[str]:
        """Names of the parts that say what to search for; an empty text says nothing."""
        parts = {"text": self.text, "image": self.image, "like": self.like, "vector": self.vector}
        return [
            name
            for name, value in parts.items()
            if value is not None and not (isinstance(value, str) and not value)
        ]

    def _check_parts(self) -> None:
        given = self._given()
        if given not in _SEARCHES:
            raise InvalidInputException(
                f"A search needs text, an image, both of these, like, or a vector; "
                f"{' and '.join(given) or 'nothing'} was given."
            )
        if self.text_weight is not None and not self.is_blend:
            raise InvalidInputException("text_weight needs both a text and an image.")

    def _check_k(self, kind: QueryType) -> None:
        """A product that others are like is found too, so that one result fewer can be wanted."""
        k = self.k
        most = (MAX_RESULTS if kind == "ANN" else MAX_RANKED_RESULTS) - self.is_like
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= most:
            raise InvalidParameterValue(
                f"k is {k!r:.80}; expected how many results are wanted, an integer from 1 to "
                f"{most:,}."
            )
