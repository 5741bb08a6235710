"""Parameters that several routes take, and filters as texts. Knows forms; not what they mean."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from engine.doors.rest.json_text import parse_exactly
from engine.errors import InvalidParameterValue

LIMIT, OFFSET = 20, 0
FILTERS = 'As in the API: `{"price <": 50, "gender": "Women"}`, or as text `price < 50`.'
FACETS = "Counts to make beside: `season`, `base_color TOP 5`, `price BUCKETS [[0,30],[30,60]]`."
FilterValues = dict[str, Any] | list[dict[str, Any]] | str | None
FilterText = Annotated[str | None, Query(description=FILTERS)]
FacetsQuery = Annotated[list[str] | None, Query(description=FACETS)]
LimitQuery = Annotated[int, Query(ge=1, le=200)]
OffsetQuery = Annotated[int, Query(ge=0, description="Products of earlier pages.")]


def filters_of(text: str | None) -> Any:
    """A filter as a text: JSON where it begins so, else the API's own language.

    Raises:
        InvalidParameterValue: it begins as JSON, and is none.
    """
    if text is None or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return parse_exactly(text)
    except ValueError as error:
        raise InvalidParameterValue(
            f"filters is {text!r:.200}, which is not JSON ({error}); expected an object such as "
            '{"price <": 50}, or text such as "price < 50".'
        ) from None
