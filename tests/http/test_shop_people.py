"""Users and recommendations through a real HTTP client: shapes, sessions, odd ids, refusals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.server import CREDENTIALS
from support.shop_replies import PRODUCT_COLUMNS as COLUMNS
from support.shop_replies import ok, refused
from support.storefront import built_shop

from engine import Workspace
from engine.doors.http.server import BackgroundServer
from engine.doors.http.shop.people import (
    InteractionList,
    RecommendedProducts,
    UserComparisonReply,
    UserList,
    UserReply,
)

BEARER = {"Authorization": f"Bearer {CREDENTIALS.token}"}
API, FOR = "/api/v1", "/api/v1/search/recommendations"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    made = built_shop(tmp_path_factory.mktemp("people"))
    made.build_users()
    yield made


@pytest.fixture(scope="module")
def client(shop: Workspace) -> Iterator[httpx.Client]:
    with (
        BackgroundServer(shop, CREDENTIALS) as server,
        httpx.Client(base_url=server.url, headers=BEARER, trust_env=False, timeout=60) as made,
    ):
        yield made


def test_recommendations_have_the_shape_of_the_users_application(
    client: httpx.Client, shop: Workspace
) -> None:
    body = ok(client.get(f"{FOR}/user_006327", params={"limit": 4}), RecommendedProducts)
    assert list(body) == ["products", "query", "search_type", "user_id", "metadata"]
    assert (body["search_type"], body["user_id"]) == ("personalized", "user_006327")
    for product in body["products"]:
        assert list(product) == [*COLUMNS, "image_url", "similarity_score", "parts", "why"]
        assert type(product["product_id"]) is int
        assert product["image_url"] == f"/api/v1/images/{product['product_id']}"
        parts = product["parts"]
        total = 0.6 * parts["vector"] + 0.4 * parts["rules"]
        assert product["similarity_score"] == pytest.approx(total)
    assert [p["product_id"] for p in body["products"]] == [
        item.key for item in shop.recommend("user_006327", k=4).items
    ]
    meta = body["metadata"]
    assert (meta["basis"], meta["limit"], meta["next_offset"], meta["note"]) == (
        "vector and rules", 4, 4, None,
    )  # fmt: skip
    assert (
        meta["weights"]["vector"] == 0.6 and meta["index"] == "main.fashion_demo.vs_hybrid_search"
    )


def test_parameters_are_those_of_python(client: httpx.Client, shop: Workspace) -> None:
    asked = {"vector_weight": 0.2, "color_weight": 3, "diversity": 0.5, "include_seen": True}
    filters = {"price >=": 20}
    address = {**asked, "filters": json.dumps(filters), "limit": 5, "offset": 2}
    body = ok(client.get(f"{FOR}/user_006327", params=address), RecommendedProducts)
    found = shop.recommend("user_006327", k=5, offset=2, filters=filters, **asked)
    assert [p["product_id"] for p in body["products"]] == [item.key for item in found.items]
    assert [p["why"] for p in body["products"]] == [item.why for item in found.items]


def test_users_are_listed_in_pages_and_shown(client: httpx.Client) -> None:
    seen: list[str] = []
    offset: int | None = 0
    while offset is not None:
        page = ok(client.get(f"{API}/users", params={"limit": 2, "offset": offset}), UserList)
        seen += [user["user_id"] for user in page["users"]]
        offset = page["next_offset"]
    assert seen == sorted(seen) and {"user_001328", "user_009809"} <= set(seen)
    body = ok(client.get(f"{API}/users/user_008828"), UserReply)
    assert list(body) == [
        "user_id", "name", "segment", "num_interactions", "colors", "categories", "prices",
        "has_embedding", "note",
    ]  # fmt: skip
    assert (body["name"], body["segment"]) == ("Luxury Fashionista", "luxury")
    assert body["has_embedding"] and body["prices"]["p25_price"] <= body["prices"]["p75_price"]


@pytest.mark.parametrize("user", ["session 1", "a/b", "ü%20€", "x?y#z", "..."])
def test_a_session_counts_at_once_whatever_its_id(user: str, client: httpx.Client) -> None:
    place = quote(user, safe="")
    refused(client.get(f"{FOR}/{place}"), 404, "RESOURCE_DOES_NOT_EXIST")
    body = ok(client.post(f"{API}/users/{place}/interactions", json={"product_id": 3}), UserReply)
    assert (body["user_id"], body["num_interactions"], body["name"]) == (user, 1, None)
    given = {"product_id": "4", "kind": "view", "time": "2026-03-01T12:00:00Z"}
    body = ok(client.post(f"{API}/users/{place}/interactions", json=given), UserReply)
    assert body["num_interactions"] == 2
    found = ok(client.get(f"{FOR}/{place}"), RecommendedProducts)
    assert found["metadata"]["seen"] == 2 and found["products"]
    assert not {p["product_id"] for p in found["products"]} & {3, 4}


@pytest.mark.parametrize(
    ("path", "status", "code", "said"),
    [
        (f"{FOR}/nobody", 404, "RESOURCE_DOES_NOT_EXIST", "'nobody'"),
        (f"{API}/users/nobody", 404, "RESOURCE_DOES_NOT_EXIST", "'nobody'"),
        (f"{FOR}/user_006327?limit=0", 400, "INVALID_PARAMETER_VALUE", "limit"),
        (f"{FOR}/user_006327?vector_weight=2", 400, "INVALID_PARAMETER_VALUE", "vector_weight"),
        (f"{FOR}/user_006327?diversity=nan", 400, "INVALID_PARAMETER_VALUE", "diversity"),
        (f"{FOR}/user_006327?colour_weight=2", 400, "INVALID_PARAMETER_VALUE", "color_weight"),
        (f"{FOR}/user_006327?filters={{", 400, "INVALID_PARAMETER_VALUE", "JSON"),
        (f"{API}/users?limit=a", 400, "INVALID_PARAMETER_VALUE", "limit"),
    ],
)
def test_what_can_not_be_is_refused(
    path: str, status: int, code: str, said: str, client: httpx.Client
) -> None:
    assert said in refused(client.get(path), status, code)


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        ({}, 400, "INVALID_PARAMETER_VALUE", "product_id"),
        ({"product_id": 99999}, 404, "RESOURCE_DOES_NOT_EXIST", "99999"),
        ({"product_id": 1, "kind": ""}, 400, "INVALID_PARAMETER_VALUE", "kind"),
        ({"product_id": 1, "time": "soon"}, 400, "INVALID_PARAMETER_VALUE", "soon"),
        ({"product_id": 1, "rating": 5}, 400, "INVALID_PARAMETER_VALUE", "rating"),
        ({"product_id": [1]}, 400, "INVALID_PARAMETER_VALUE", "product_id"),
    ],
)
def test_what_is_no_interaction_is_refused(
    body: Any, status: int, code: str, said: str, client: httpx.Client
) -> None:
    reply = client.post(f"{API}/users/never/interactions", json=body)
    assert said in refused(reply, status, code)
    refused(client.get(f"{API}/users/never"), 404, "RESOURCE_DOES_NOT_EXIST")


def test_writing_needs_the_token(client: httpx.Client) -> None:
    reply = httpx.post(
        f"{client.base_url}{API}/users/x/interactions", json={"product_id": 1}, trust_env=False
    )
    assert reply.status_code in (401, 403)


@pytest.mark.parametrize("key", [True, False, 1.5, None, [1], {"a": 1}])
def test_what_is_no_key_is_no_product(key: Any, client: httpx.Client) -> None:
    """True would be product 1."""
    reply = client.post(f"{API}/users/odd/interactions", json={"product_id": key})
    refused(reply, 400, "INVALID_PARAMETER_VALUE")
    assert client.get(f"{API}/users/odd").status_code == 404


@pytest.mark.parametrize("user", ["guest 1", "g/h", "é%20€", "q?y#z", "/"])
def test_what_a_user_did_is_told_taken_back_and_forgotten(user: str, client: httpx.Client) -> None:
    place = f"{API}/users/{quote(user, safe='')}"
    for key, time in ((3, "2026-03-01T12:00:00Z"), (4, "2026-03-02T12:00:00Z")):
        given = {"product_id": key, "time": time}
        ok(client.post(f"{place}/interactions", json=given), UserReply)
    page = ok(client.get(f"{place}/interactions", params={"limit": 1}), InteractionList)
    (item,) = page["interactions"]
    assert (page["user_id"], page["total"], page["next_offset"]) == (user, 2, 1)
    assert list(item) == ["product_id", "product", "kind", "time", "source"]
    assert (item["product_id"], item["kind"], item["source"]) == (4, "like", "added")
    assert item["time"] == "2026-03-02T12:00:00+00:00"
    assert list(item["product"]) == [*COLUMNS, "image_url"]
    taken = {"product_id": "4"}
    body = ok(client.delete(f"{place}/interactions", params=taken), UserReply)
    assert (body["user_id"], body["num_interactions"]) == (user, 1)
    assert ok(client.delete(f"{place}/interactions", params=taken), UserReply) == body
    gone = client.delete(place)
    assert (gone.status_code, gone.content) == (204, b"")
    for reply in (client.get(place), client.get(f"{place}/interactions"), client.delete(place)):
        refused(reply, 404, "RESOURCE_DOES_NOT_EXIST")


def test_two_users_are_compared(client: httpx.Client, shop: Workspace) -> None:
    for user, keys in (("one", (1, 2, 3)), ("two", (3, 4))):
        for key in keys:
            shop.add_interaction(user, key)
    body = ok(client.get(f"{API}/users/one/compare/two"), UserComparisonReply)
    assert [(u["user_id"], u["liked"]) for u in body["users"]] == [("one", 3), ("two", 2)]
    assert body["shared"] == [3] and all(u["median_price"] > 0 for u in body["users"])
    refused(client.get(f"{API}/users/one/compare/nobody"), 404, "RESOURCE_DOES_NOT_EXIST")
    for user in ("one", "two"):
        client.delete(f"{API}/users/{user}")


def test_users_are_found_by_letters(client: httpx.Client) -> None:
    body = ok(client.get(f"{API}/users", params={"search": "LUXURY"}), UserList)
    assert [user["user_id"] for user in body["users"]] == ["user_008828"] and body["total"] == 1
    assert ok(client.get(f"{API}/users", params={"search": "%_"}), UserList)["users"] == []


def test_what_is_taken_back_names_its_product(client: httpx.Client) -> None:
    reply = client.delete(f"{API}/users/user_008828/interactions")
    assert "product_id" in refused(reply, 400, "INVALID_PARAMETER_VALUE")
    reply = client.delete(f"{API}/users/user_008828/interactions", params={"product": 3})
    assert "product_id" in refused(reply, 400, "INVALID_PARAMETER_VALUE")


def test_a_key_that_none_has_names_what_may_be_meant(client: httpx.Client, shop: Workspace) -> None:
    reply = client.get(f"{API}/products/dress-99/near", params={"limit": 3})
    assert reply.status_code == 200
    found = [product["product_id"] for product in reply.json()["products"]]
    assert found == shop.products_near("dress-99", k=3) and found
