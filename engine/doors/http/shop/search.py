"""Routes of the shop's searches: by words, by a photo, by both, by keywords, and composed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import APIRouter, Depends, File, Form, Query, UploadFile
from pydantic import Field
from starlette.responses import Response

from engine.core.ranking.fusion import check_text_weight
from engine.doors.http.shop.answers import Body, new_router
from engine.doors.http.shop.found import found_reply
from engine.doors.http.shop.parameters import (
    FACETS,
    FILTERS,
    LIMIT,
    OFFSET,
    FacetsQuery,
    FilterText,
    FilterValues,
    LimitQuery,
    OffsetQuery,
    filters_of,
)
from engine.doors.http.shop.replies import FoundProducts, SearchType
from engine.doors.http.shop.uploads import from_base64, uploaded
from engine.shop.names import HYBRID_INDEX
from engine.shop.search.terms import Term, terms_of
from engine.workspace import Workspace

_WORDS = "What to search for."
_USER = "Who asks; the reply says it again."


class TextSearch(Body):
    """A search by words."""

    query: str = Field(min_length=1, description=_WORDS)
    limit: int = Field(LIMIT, ge=1, le=200, strict=True)
    offset: int = Field(OFFSET, ge=0, strict=True, description="Products of earlier pages.")
    user_id: str | None = Field(None, description=_USER)
    filters: FilterValues = Field(None, description=FILTERS)
    facets: list[str] | None = Field(None, description=FACETS)


class TermBody(Body):
    """One part of a composed query: exactly one of text, image, product, user, direction."""

    text: str | None = None
    image: str | None = Field(None, description="A JPEG, PNG, WebP or AVIF file in base64.")
    product: int | str | None = Field(None, description="A product's primary key.")
    user: str | None = Field(None, description="A user's id.")
    direction: str | None = Field(None, description="As `formal` or `color=red`: more of it.")
    weight: float | None = Field(
        None, description="Below 0 leads away from it; 1, of a direction 0.3, where left out."
    )


class ComposedSearch(Body):
    """A search by the weighted sum of its terms, each a unit vector."""

    terms: list[TermBody] = Field(min_length=1)
    limit: int = Field(LIMIT, ge=1, le=200, strict=True)
    offset: int = Field(OFFSET, ge=0, strict=True)
    index: str | None = Field(None, description="The index, or its last part.")
    user_id: str | None = Field(None, description=_USER)
    filters: FilterValues = Field(None, description=FILTERS)
    facets: list[str] | None = Field(None, description=FACETS)


def _asked(
    query: Annotated[str, Query(min_length=1, description=_WORDS)],
    limit: LimitQuery = LIMIT,
    offset: OffsetQuery = OFFSET,
    user_id: Annotated[str | None, Query(description=_USER)] = None,
    filters: FilterText = None,
    facets: FacetsQuery = None,
) -> TextSearch:
    """The search that an address asks for."""
    return TextSearch(
        query=query,
        limit=limit,
        offset=offset,
        user_id=user_id,
        filters=filters_of(filters),
        facets=facets,
    )


@dataclass(frozen=True)
class FormFields:
    """What a form asks for beside its photo."""

    limit: Annotated[int, Form(ge=1, le=200)] = LIMIT
    offset: Annotated[int, Form(ge=0, description="Products of earlier pages.")] = OFFSET
    user_id: Annotated[str | None, Form(description=_USER)] = None
    filters: Annotated[str | None, Form(description=FILTERS)] = None
    facets: Annotated[list[str] | None, Form(description=FACETS)] = None


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("search")
    _add_words(made, workspace)
    _add_photos(made, workspace)
    _add_composed(made, workspace)
    return made


def _add_words(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/search/text", response_model=FoundProducts)
    def search_text(asked: TextSearch) -> Response:
        """Products whose photos are like a text (cross-modal)."""
        return _by_words(workspace, asked, "semantic_text")

    @made.get("/search/text", response_model=FoundProducts)
    def search_text_get(asked: Annotated[TextSearch, Depends(_asked)]) -> Response:
        """The same, as an address."""
        return _by_words(workspace, asked, "semantic_text")

    @made.post("/search/keyword", response_model=FoundProducts)
    def search_keyword(asked: TextSearch) -> Response:
        """Products that hold every word, in title, categories or colour; letter case doesn't matter."""
        return _by_words(workspace, asked, "keyword")

    @made.get("/search/keyword", response_model=FoundProducts)
    def search_keyword_get(asked: Annotated[TextSearch, Depends(_asked)]) -> Response:
        """The same, as an address."""
        return _by_words(workspace, asked, "keyword")


def _by_words(workspace: Workspace, asked: TextSearch, kind: SearchType) -> Response:
    found = workspace.search(
        asked.query,
        keyword=kind == "keyword",
        k=asked.limit,
        offset=asked.offset,
        filters=asked.filters,
        facets=asked.facets,
    )
    return found_reply(workspace, found, kind, asked, query=asked.query)


def _add_photos(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/search/image", response_model=FoundProducts)
    def search_image(
        image: Annotated[UploadFile, File(description="A JPEG, PNG, WebP or AVIF file.")],
        asked: Annotated[FormFields, Depends()],
    ) -> Response:
        """Products whose photos are like a photo."""
        found = workspace.search(
            image=uploaded(image, "image"),
            k=asked.limit,
            offset=asked.offset,
            filters=filters_of(asked.filters),
            facets=asked.facets,
        )
        return found_reply(workspace, found, "image", asked)

    @made.post("/search/hybrid", response_model=FoundProducts)
    def search_hybrid(
        query: Annotated[str, Form(min_length=1, description=_WORDS)],
        asked: Annotated[FormFields, Depends()],
        image: Annotated[UploadFile | None, File(description="A photo beside the words.")] = None,
        text_weight: Annotated[float, Form(description="Share of the words, 0 to 1.")] = 0.5,
    ) -> Response:
        """Products like words and a photo together, `w * text + (1 - w) * image`, or words alone."""
        weight = check_text_weight(text_weight)
        found = workspace.search(
            query,
            image=None if image is None else uploaded(image, "image"),
            text_weight=None if image is None else weight,
            index=HYBRID_INDEX,
            k=asked.limit,
            offset=asked.offset,
            filters=filters_of(asked.filters),
            facets=asked.facets,
        )
        return found_reply(workspace, found, "hybrid", asked, query=query)


def _add_composed(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/search/composed", response_model=FoundProducts)
    def search_composed(asked: ComposedSearch) -> Response:
        """Products like the weighted sum of texts, photos, products and users; its own are left out."""
        found = workspace.search(
            compose=checked_terms(asked.terms),
            index=asked.index,
            k=asked.limit,
            offset=asked.offset,
            filters=asked.filters,
            facets=asked.facets,
        )
        return found_reply(workspace, found, "composed", asked)


def checked_terms(given: list[TermBody]) -> list[Term]:
    """The terms, checked, with the bytes of their photos."""
    terms = terms_of([term.model_dump(exclude_none=True) for term in given])
    return [
        replace(term, value=from_base64(term.value, f"terms.{place}.image"))
        if term.kind == "image"
        else term
        for place, term in enumerate(terms)
    ]
