"""Routes of users: pages of them, one, what one did, and what is recommended to one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, BeforeValidator, Field
from starlette.responses import Response

from engine.doors.http.shop.answers import Body, json_reply, new_router
from engine.doors.http.shop.parameters import (
    LIMIT,
    OFFSET,
    FilterText,
    LimitQuery,
    OffsetQuery,
    filters_of,
)
from engine.doors.http.shop.replies import (
    FoundProduct,
    FoundProducts,
    Json,
    Metadata,
    Product,
    product_json,
)
from engine.shop.names import HYBRID_INDEX
from engine.shop.people.histories import Interaction
from engine.shop.people.profiles import User
from engine.shop.people.recommending.recommender import Recommendation, Recommendations
from engine.workspace import Workspace

_WEIGHT = {"ge": 0, "le": 1000}
UsersOffset = Annotated[int, Query(ge=0, description="Users of earlier pages.")]
HistoryOffset = Annotated[int, Query(ge=0, description="Interactions of earlier pages.")]


class UserSummary(BaseModel):
    """A user in a list."""

    user_id: str
    name: str | None
    segment: str | None
    num_interactions: int


class PriceFigures(BaseModel):
    """Prices of what a user likes."""

    min_price: float
    max_price: float
    avg_price: float
    p25_price: float
    p75_price: float
    avg_price_point: float = Field(description="The mean by the weights of the interactions.")


class UserReply(UserSummary):
    """A user and its taste."""

    colors: list[str] = Field(description="The most liked first.")
    categories: list[str]
    prices: PriceFigures | None = Field(description="null where none is known.")
    has_embedding: bool
    note: str | None = Field(description="Why there is no embedding; null where there is one.")


class UserList(BaseModel):
    """A page of users, by id."""

    users: list[UserSummary]
    total: int
    limit: int
    offset: int
    next_offset: int | None


def _no_truth(given: object) -> object:
    """True is no product 1."""
    if isinstance(given, bool):
        raise ValueError(f"a product's key, not {str(given).lower()}")
    return given


class NewInteraction(Body):
    """What a user did with a product."""

    product_id: Annotated[int | str, BeforeValidator(_no_truth)] = Field(
        description="The product's primary key."
    )
    kind: str = Field("like", description="Such as like, purchase, view; a dislike is only seen.")
    time: str | None = Field(None, description="ISO 8601; now where it is missing.")


class PastInteraction(BaseModel):
    """What a user did with a product."""

    product_id: int | str
    product: Product | None = Field(description="null where it is gone.")
    kind: str
    time: str | None = Field(description="ISO 8601; null where none is known.")
    source: str | None = Field(
        description="made_up, imported or added; null where nothing says it."
    )


class InteractionList(BaseModel):
    """A page of what a user did, the latest first."""

    user_id: str
    interactions: list[PastInteraction]
    total: int
    limit: int
    offset: int
    next_offset: int | None


class ComparedUser(UserSummary):
    """One of two users."""

    liked: int = Field(description="How many products it likes.")
    median_price: float | None = Field(description="Of what it likes; null where none is known.")


class UserComparisonReply(BaseModel):
    """What two users share."""

    users: list[ComparedUser] = Field(description="The two, in the order of the address.")
    shared: list[int | str] = Field(description="Keys of the products that both like.")


class RecommendationParts(BaseModel):
    """What a score is made of, each from 0 to 1; null for what was left out."""

    vector: float | None
    cosine: float | None = Field(description="With the user's embedding, -1 to 1.")
    rules: float | None
    category: float | None
    color: float | None
    price: float | None
    popularity: float | None = Field(description="Share of users who like it.")


class RecommendedProduct(FoundProduct):
    """A product that is recommended."""

    parts: RecommendationParts
    why: str


class RecommendationsMetadata(Metadata):
    """What is said beside recommendations."""

    basis: str = Field(description="vector and rules, vector, rules, or popularity.")
    weights: dict[str, float] = Field(description="Of vector and rules, and of each rule in them.")
    seen: int = Field(description="Products left out because the user had to do with them.")
    total: int


class RecommendedProducts(FoundProducts):
    """What is recommended to a user, best first."""

    products: list[RecommendedProduct]  # type: ignore[assignment]
    metadata: RecommendationsMetadata


@dataclass(frozen=True)
class RecommendFields:
    """What recommendations are asked to be."""

    limit: LimitQuery = LIMIT
    offset: OffsetQuery = OFFSET
    filters: FilterText = None
    vector_weight: Annotated[
        float, Query(ge=0, le=1, description="Share of the vector; the rules have the rest.")
    ] = 0.6
    category_weight: Annotated[float, Query(**_WEIGHT)] = 1.0
    color_weight: Annotated[float, Query(**_WEIGHT)] = 1.0
    price_weight: Annotated[float, Query(**_WEIGHT)] = 1.0
    diversity: Annotated[
        float, Query(ge=0, le=1, description="How far like products are kept apart.")
    ] = 0.0
    include_seen: Annotated[bool, Query(description="Also what the user knows.")] = False


def router(workspace: Workspace) -> APIRouter:
    """The routes over a workspace."""
    made = new_router("users")
    _add_users(made, workspace)
    _add_histories(made, workspace)
    _add_changes(made, workspace)
    _add_recommendations(made, workspace)
    return made


def _add_users(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/users", response_model=UserList)
    def list_users(
        limit: LimitQuery = LIMIT,
        offset: UsersOffset = OFFSET,
        search: Annotated[
            str | None, Query(description="Letters in the id, the name or the segment.")
        ] = None,
    ) -> Response:
        """Users in the order of their ids; those with some letters where `search` has any."""
        page = workspace.list_users(limit=limit, offset=offset, search=search)
        reply = {
            "users": [summary_json(user) for user in page.users],
            "total": page.total,
            "limit": limit,
            "offset": offset,
            "next_offset": page.next_offset,
        }
        return json_reply(reply)

    @made.get("/users/{user_id}", response_model=UserReply)
    def get_user(user_id: str) -> Response:
        """One user: what it likes, in words and prices."""
        return json_reply(user_json(workspace.get_user(user_id)))

    @made.delete("/users/{user_id}", status_code=204, response_class=Response)
    def forget_user(user_id: str) -> Response:
        """Remove a user with all that it did."""
        workspace.forget_user(user_id)
        return Response(status_code=204)


def _add_histories(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/users/{user_id}/interactions", response_model=InteractionList)
    def list_interactions(
        user_id: str, limit: LimitQuery = LIMIT, offset: HistoryOffset = OFFSET
    ) -> Response:
        """What a user did, the latest first."""
        workspace.get_user(user_id)  # who did nothing is told from who is nobody
        found = workspace.list_interactions(user_id, limit=limit, offset=offset)
        reply = {
            "user_id": user_id,
            "interactions": [_interaction_json(item) for item in found.items],
            "total": found.total,
            "limit": limit,
            "offset": offset,
            "next_offset": found.next_offset,
        }
        return json_reply(reply)

    @made.get("/users/{user_id}/compare/{other_id}", response_model=UserComparisonReply)
    def compare_users(user_id: str, other_id: str) -> Response:
        """What two users share: the products that both like, how many each likes, their prices."""
        users = [workspace.get_user(each) for each in (user_id, other_id)]
        found = workspace.compare_users(user_id, other_id)
        compared = [{**summary_json(user), **figures} for user, figures in zip(users, found.rows())]
        return json_reply({"users": compared, "shared": found.shared})


def _add_changes(made: APIRouter, workspace: Workspace) -> None:
    @made.post("/users/{user_id}/interactions", response_model=UserReply)
    def add_interaction(user_id: str, given: NewInteraction) -> Response:
        """Note what a user did with a product; a new id is a new user. Answers the user afterwards."""
        user = workspace.add_interaction(
            user_id, given.product_id, kind=given.kind, time=given.time
        )
        return json_reply(user_json(user))

    @made.delete("/users/{user_id}/interactions", response_model=UserReply)
    def remove_interactions(
        user_id: str, product_id: Annotated[str, Query(description="The product's primary key.")]
    ) -> Response:
        """Take back all that a user did with a product. Answers the user afterwards, who stays."""
        return json_reply(user_json(workspace.remove_interactions(user_id, product_id)))


def _add_recommendations(made: APIRouter, workspace: Workspace) -> None:
    @made.get("/search/recommendations/{user_id}", response_model=RecommendedProducts)
    def recommendations(user_id: str, asked: Annotated[RecommendFields, Depends()]) -> Response:
        """Products for a user: 60 % by its embedding, 40 % by category, colour and price."""
        found = workspace.recommend(
            user_id,
            k=asked.limit,
            offset=asked.offset,
            filters=filters_of(asked.filters),
            vector_weight=asked.vector_weight,
            category_weight=asked.category_weight,
            color_weight=asked.color_weight,
            price_weight=asked.price_weight,
            diversity=asked.diversity,
            include_seen=asked.include_seen,
        )
        return json_reply(recommendations_json(found, asked))


def recommendations_json(found: Recommendations, asked: RecommendFields) -> Json:
    """The shop's reply."""
    metadata = {
        "index": HYBRID_INDEX,
        "count": len(found.items),
        "limit": asked.limit,
        "offset": asked.offset,
        "next_offset": found.next_offset,
        "facets": {},
        "timings": {"recommend_ms": round(found.took_ms, 3)},
        "note": found.note,
        "basis": found.basis,
        "weights": dict(found.weights),
        "seen": found.seen,
        "total": found.total,
    }
    return {
        "products": [_product(item) for item in found.items],
        "query": None,
        "search_type": "personalized",
        "user_id": found.user.user_id,
        "metadata": metadata,
    }


def _product(item: Recommendation) -> Json:
    return {
        **product_json(item.product, item.key),
        "similarity_score": item.score,
        "parts": item.parts.to_json(),
        "why": item.why,
    }


def _interaction_json(item: Interaction) -> Json:
    product = item.product
    shown = None if product is None else product_json(product, item.key)
    return {**item.to_dict(), "product": shown}


def summary_json(user: User) -> Json:
    """A user in a list."""
    return {
        "user_id": user.user_id,
        "name": user.name,
        "segment": user.segment,
        "num_interactions": user.taste.interactions,
    }


def user_json(user: User) -> Json:
    """A user and its taste."""
    taste = user.taste
    return {
        **summary_json(user),
        "colors": list(taste.colors),
        "categories": list(taste.categories),
        "prices": None if taste.prices is None else taste.prices.to_json(),
        "has_embedding": taste.vector is not None,
        "note": taste.trouble,
    }
