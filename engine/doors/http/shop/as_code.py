"""The route that says a query as code: Python, SQL, curl and a command."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from engine.core.names import is_volume_path
from engine.doors.http.shop.answers import Body, json_reply, new_router
from engine.doors.http.shop.parameters import FACETS, FILTERS, FilterValues
from engine.doors.http.shop.search import TermBody, checked_terms
from engine.doors.http.shop.uploads import from_base64
from engine.errors import InvalidParameterValue
from engine.shop.as_code.asking import Asked
from engine.shop.as_code.look import LookRequest
from engine.shop.browsing.listing import ListRequest
from engine.shop.latent.request import DimensionRequest
from engine.shop.people.recommending.request import RecommendRequest
from engine.shop.search.request import SearchRequest
from engine.shop.validation.request import SEARCHES, ValidateRequest
from engine.workspace import Workspace

_IMAGE = "A photo: its path in a volume, or a JPEG, PNG, WebP or AVIF file in base64."
_OFFSET = "Results of earlier pages."


class SearchQuery(Body):
    """A search, as `Workspace.search` takes it."""

    text: str | None = None
    image: str | None = Field(None, description=_IMAGE)
    like: int | str | None = Field(None, description="A product's primary key.")
    vector: list[float] | None = None
    compose: list[TermBody] | None = Field(None, min_length=1)
    text_weight: float | None = None
    index: str | None = None
    filters: FilterValues = Field(None, description=FILTERS)
    k: int = Field(10, ge=1, strict=True)
    offset: int = Field(0, ge=0, strict=True, description=_OFFSET)
    columns: list[str] | None = None
    encoder: str | None = None
    exact: bool = False
    query_type: str | None = None
    keyword: bool = False
    facets: list[str] | None = Field(None, description=FACETS)


class ListQuery(Body):
    """A page of products."""

    filters: FilterValues = Field(None, description=FILTERS)
    sort: str | list[str] | None = None
    limit: int = Field(20, ge=1, le=200, strict=True)
    offset: int = Field(0, ge=0, strict=True, description=_OFFSET)
    facets: list[str] | None = Field(None, description=FACETS)


class LookQuery(Body):
    """What goes with a product."""

    product_id: int | str
    limit: int = Field(8, ge=1, le=200, strict=True)


class RecommendQuery(Body):
    """Recommendations for a user."""

    user_id: str
    limit: int = Field(20, ge=1, le=200, strict=True)
    offset: int = Field(0, ge=0, strict=True, description=_OFFSET)
    filters: FilterValues = Field(None, description=FILTERS)
    vector_weight: float = 0.6
    category_weight: float = 1.0
    color_weight: float = 1.0
    price_weight: float = 1.0
    diversity: float = 0.0
    include_seen: bool = False


class LatentQuery(Body):
    """Both ends of a dimension."""

    dimension: int = Field(strict=True)
    limit: int = Field(10, ge=1, le=1000, strict=True)
    index: str | None = None


class ValidateQuery(Body):
    """A cross-modal validation."""

    queries: list[str] | None = Field(None, max_length=200)
    k: int = Field(10, ge=1, le=200, strict=True)
    searches: list[str] = Field(list(SEARCHES))
    index: str | None = None


class Query(Body):
    """A query of one kind."""

    search: SearchQuery | None = None
    products: ListQuery | None = None
    look: LookQuery | None = None
    recommendations: RecommendQuery | None = None
    latent: LatentQuery | None = None
    validation: ValidateQuery | None = None
    photos: list[str] = Field(
        [], description="Files in which its user has the photos that are given in base64, in order."
    )


class SnippetReply(BaseModel):
    """A query in one language."""

    language: Literal["python", "sql", "curl", "vitrine"]
    title: str
    code: str = Field(description="Runs as it stands; empty where the language can't say it.")
    gives: Literal["rows", "part", "nothing"] = Field(
        description="The same rows in the same order; a part that the notes name; nothing."
    )
    notes: list[str]


class AsCodeReply(BaseModel):
    """A query in every language."""

    query: str
    snippets: list[SnippetReply]


def router(workspace: Workspace) -> APIRouter:
    """The route over a workspace."""
    made = new_router("as code")

    @made.post("/as-code", response_model=AsCodeReply)
    def as_code(asked: Query) -> Response:
        """A query as Python for the cloud's client, SQL, curl and a command, with the same rows."""
        return json_reply(workspace.as_code(_asked(asked), photos=asked.photos).to_json())

    return made


def _asked(query: Query) -> Asked:
    """The one query of a body."""
    kinds = ("search", "products", "look", "recommendations", "latent", "validation")
    given = [kind for kind in kinds if getattr(query, kind) is not None]
    if len(given) != 1:
        raise InvalidParameterValue(
            f"The body has {' and '.join(given) or 'no query'}; expected one of {', '.join(kinds)}."
        )
    if query.search is not None:
        return _search(query.search)
    if query.products is not None:
        return ListRequest(**query.products.model_dump())
    if query.look is not None:
        return LookRequest(query.look.product_id, query.look.limit)
    if query.recommendations is not None:
        return RecommendRequest(**_renamed(query.recommendations, user_id="user", limit="k"))
    if query.latent is not None:
        return DimensionRequest(**_renamed(query.latent, limit="k"))
    assert query.validation is not None
    return ValidateRequest(**query.validation.model_dump())


def _search(given: SearchQuery) -> SearchRequest:
    fields: dict[str, Any] = given.model_dump()
    if given.compose is not None:
        fields["compose"] = checked_terms(given.compose)
    if given.image is not None and not is_volume_path(given.image):
        fields["image"] = from_base64(given.image, "search.image")
    return SearchRequest(**fields)


def _renamed(body: Body, **names: str) -> dict[str, Any]:
    return {names.get(name, name): value for name, value in body.model_dump().items()}
