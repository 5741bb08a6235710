"""The shop's routes through a real HTTP client: shapes, pages, uploads, odd keys, what is refused."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pyarrow as pa
import pytest
from pydantic import BaseModel
from support import shop_replies
from support.server import CREDENTIALS
from support.shop_replies import PRODUCT_COLUMNS as COLUMNS
from support.shop_replies import refused
from support.storefront import NO_PHOTO, PRODUCTS, built_shop, odd_products, picture, turned

from engine import Settings, Workspace
from engine.core.names import table_name
from engine.doors.http.guard import Limits
from engine.doors.http.server import BackgroundServer
from engine.doors.http.shop.products import Look, ProductList
from engine.doors.http.shop.replies import FoundProducts, Product
from engine.doors.http.shop.uploads import MAX_BYTES
from engine.shop.catalogue.catalogue import Catalogue
from engine.shop.names import PRODUCTS as PRODUCTS_TABLE

BEARER = {"Authorization": f"Bearer {CREDENTIALS.token}"}
SEARCH, ITEMS = "/api/v1/search", "/api/v1/products"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    yield built_shop(tmp_path_factory.mktemp("routes"))


@pytest.fixture(scope="module")
def client(shop: Workspace) -> Iterator[httpx.Client]:
    with (
        BackgroundServer(shop, CREDENTIALS) as server,
        httpx.Client(base_url=server.url, headers=BEARER, trust_env=False, timeout=60) as made,
    ):
        yield made


def ok(reply: httpx.Response, model: type[BaseModel] = FoundProducts) -> dict[str, Any]:
    """The body of a good reply, most often of a search."""
    return shop_replies.ok(reply, model)


def keys(body: dict[str, Any]) -> list[int]:
    return [product["product_id"] for product in body["products"]]


def vast_png() -> bytes:
    """A small file whose header says 100,000 by 100,000 pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    plain = picture("PNG")
    return plain[:8] + chunk + plain[33:]


# ---------------------------------------------------------------------- shapes
def test_a_search_by_words_has_the_shape_of_the_users_application(
    client: httpx.Client, shop: Workspace
) -> None:
    given = {"query": "red dress", "limit": 3, "user_id": "user_006327"}
    body = ok(client.post(f"{SEARCH}/text", json=given))
    assert list(body) == ["products", "query", "search_type", "user_id", "metadata"]
    assert (body["query"], body["search_type"], body["user_id"]) == (
        "red dress", "semantic_text", "user_006327",
    )  # fmt: skip
    for product in body["products"]:
        assert list(product) == [*COLUMNS, "image_url", "similarity_score"]
        assert type(product["product_id"]) is int and type(product["year"]) is int
        assert product["image_url"] == f"/api/v1/images/{product['product_id']}"
    found = shop.search("red dress", k=3)
    assert [p["similarity_score"] for p in body["products"]] == [row["score"] for row in found]
    assert keys(body) == list(found.keys)
    meta = body["metadata"]
    assert (meta["index"], meta["count"], meta["limit"], meta["offset"], meta["next_offset"]) == (
        "main.fashion_demo.vs_image_search", 3, 3, 0, 3,
    )  # fmt: skip


def test_an_address_asks_the_same_as_a_body(client: httpx.Client) -> None:
    filters = {"price >=": 20, "gender": "Women"}
    body = {"query": "red", "limit": 4, "offset": 1, "filters": filters, "facets": ["season"]}
    address = {**body, "filters": json.dumps(filters)}
    text = {**body, "filters": "price >= 20 AND gender = 'Women'"}
    for kind in ("text", "keyword"):
        posted = ok(client.post(f"{SEARCH}/{kind}", json=body))
        assert posted["products"] and {p["gender"] for p in posted["products"]} == {"Women"}
        for got in (
            ok(client.get(f"{SEARCH}/{kind}", params=address)),
            ok(client.post(f"{SEARCH}/{kind}", json=text)),
        ):
            assert got["products"] == posted["products"]
            assert got["metadata"]["facets"] == posted["metadata"]["facets"]


def test_a_photo_finds_itself_in_every_format_that_is_taken(
    client: httpx.Client, shop: Workspace
) -> None:
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        files = {"image": ("photo", picture(kind))}
        body = ok(client.post(f"{SEARCH}/image", files=files, data={"limit": "2"}))
        assert body["search_type"] == "image" and len(body["products"]) == 2
    own = shop.product_photo(7).data
    body = ok(client.post(f"{SEARCH}/image", files={"image": own}))
    assert keys(body)[0] == 7 and len(body["products"]) == 20
    assert body["products"][0]["similarity_score"] == pytest.approx(1, abs=1e-4)


def test_a_photo_is_turned_upright(client: httpx.Client, shop: Workspace) -> None:
    body = ok(client.post(f"{SEARCH}/image", files={"image": turned()}, data={"limit": "1"}))
    assert body["products"][0]["similarity_score"] == pytest.approx(1, abs=1e-4)
    expected = shop.search(image=turned(), k=1)
    assert keys(body) == list(expected.keys)


def test_words_and_a_photo_together(client: httpx.Client, shop: Workspace) -> None:
    photo = shop.product_photo(7).data
    form = {"query": "in blue", "text_weight": "0.3", "limit": "4"}
    body = ok(client.post(f"{SEARCH}/hybrid", data=form, files={"image": photo}))
    expected = shop.search("in blue", image=photo, text_weight=0.3, k=4)
    assert body["search_type"] == "hybrid" and keys(body) == list(expected.keys)
    alone = ok(client.post(f"{SEARCH}/hybrid", data={"query": "in blue", "limit": "4"}))
    assert alone["metadata"]["index"] == "main.fashion_demo.vs_hybrid_search"
    assert keys(alone) == list(shop.search("in blue", index="vs_hybrid_search", k=4).keys)


def test_a_composed_search(client: httpx.Client, shop: Workspace) -> None:
    photo = shop.product_photo(9).data
    terms = [
        {"text": "red dress"},
        {"image": base64.b64encode(photo).decode(), "weight": 0.5},
        {"product": 7, "weight": -0.25},
    ]
    body = ok(client.post(f"{SEARCH}/composed", json={"terms": terms, "limit": 5}))
    given = [("red dress", 1), {"image": photo, "weight": 0.5}, {"product": 7, "weight": -0.25}]
    found = shop.search(compose=given, k=5)
    assert body["search_type"] == "composed" and keys(body) == list(found.keys)
    assert body["query"] == found.query == "“red dress” + 0.5 × a photo - 0.25 × product 7"
    address = f"data:image/jpeg;base64,{terms[1]['image']}"
    again = [terms[0], {**terms[1], "image": address}, terms[2]]
    assert keys(ok(client.post(f"{SEARCH}/composed", json={"terms": again, "limit": 5}))) == keys(
        body
    )


def test_pages_and_facets(client: httpx.Client) -> None:
    seen: list[int] = []
    offset: int | None = 0
    while offset is not None:
        given = {"query": "women", "limit": 6, "offset": offset, "facets": ["gender"]}
        body = ok(client.post(f"{SEARCH}/keyword", json=given))
        assert body["metadata"]["facets"] == {"gender": [{"value": "Women", "count": 20}]}
        seen += keys(body)
        offset = body["metadata"]["next_offset"]
    assert len(seen) == len(set(seen)) == body["metadata"]["total"] == 20


def test_products_in_pages(client: httpx.Client, shop: Workspace) -> None:
    given = {"sort": ["gender", "price DESC"], "limit": 3, "offset": 1, "facets": ["gender"]}
    body = ok(client.get(ITEMS, params={**given, "filters": "price > 0"}), ProductList)
    page = shop.list_products(sort=given["sort"], limit=3, offset=1, filters="price > 0")
    assert keys(body) == page.keys and body["total"] == page.total
    assert [list(product) for product in body["products"]] == [[*COLUMNS, "image_url"]] * 3
    assert body["facets"]["gender"] == [
        {"value": "Men", "count": 20},
        {"value": "Women", "count": 20},
    ]
    assert ok(client.get(f"{ITEMS}/"), ProductList)["total"] == PRODUCTS


def test_a_product_what_is_like_it_and_what_goes_with_it(
    client: httpx.Client, shop: Workspace
) -> None:
    product = ok(client.get(f"{ITEMS}/7"), Product)
    assert list(product) == [*COLUMNS, "image_url"] and product["product_id"] == 7
    for by in ("image", "text", "hybrid"):
        body = ok(client.get(f"{ITEMS}/7/similar", params={"by": by, "limit": 3}))
        assert keys(body) == list(shop.similar_products(7, by=by, k=3).keys)  # type: ignore[arg-type]
    assert "not in index" in refused(
        client.get(f"{ITEMS}/{NO_PHOTO}/similar", params={"by": "image"}), 404,
        "RESOURCE_DOES_NOT_EXIST",
    )  # fmt: skip
    look = ok(client.get(f"{ITEMS}/7/complete-the-look"), Look)
    assert look["product"] == product and look["category"] == "sub_category"
    for path in ("", "/similar", "/complete-the-look"):
        refused(client.get(f"{ITEMS}/4711{path}"), 404, "RESOURCE_DOES_NOT_EXIST")


# ---------------------------------------------------------------------- photos
def test_photos_and_what_a_browser_keeps_of_them(client: httpx.Client, shop: Workspace) -> None:
    address = "/api/v1/images/7?size=32"
    first = client.get(address)
    assert first.status_code == 200 and first.headers["content-type"] == "image/jpeg"
    assert first.content == shop.product_photo(7, 32).data
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["x-content-type-options"] == "nosniff"
    tag = first.headers["etag"]
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        same = client.get(address, headers={"If-None-Match": given})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    assert client.get(address, headers={"If-None-Match": '"x"'}).status_code == 200
    head = client.head(address)
    assert head.status_code == 200 and head.headers["content-length"] == str(len(first.content))
    assert client.get("/api/v1/images/7").content == shop.product_photo(7).data
    refused(client.get(f"/api/v1/images/{NO_PHOTO}"), 404, "RESOURCE_DOES_NOT_EXIST")
    refused(client.get("/api/v1/images/7?size=5"), 400, "INVALID_PARAMETER_VALUE")
    refused(client.get("/api/v1/images/7?size=big"), 400, "INVALID_PARAMETER_VALUE")


def test_odd_keys_are_one_part_of_an_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("odd")
    (folder / "a.png").write_bytes(picture("PNG"))
    odd = ["007", "a/b", "a//b/", "50%", "%2F", "ключ 1", "..", "?x=1", "#", "a+b", "\\", "\u2028"]
    workspace = Workspace(settings=Settings(folder / "ws", encoder="hashed"))
    odd_products(workspace, odd, [str(folder / "a.png")] * len(odd))
    with (
        BackgroundServer(workspace, None) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        listed = {p["product_id"]: p["image_url"] for p in client.get(ITEMS).json()["products"]}
        for number, key in enumerate(odd):
            if key == "..":  # which clients take for the folder above, however it is written
                continue
            one = ok(client.get(f"{ITEMS}/{quote(key, safe='')}"), Product)
            assert (one["product_id"], one["price"]) == (key, number)
            assert one["image_url"] == listed[key]
            photo = client.get(listed[key])
            assert photo.status_code == 200 and photo.headers["content-type"] == "image/png"
        refused(client.get(f"{ITEMS}/7"), 404, "RESOURCE_DOES_NOT_EXIST")


# ---------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("given", "code", "why"),
    [
        ({}, "INVALID_PARAMETER_VALUE", "query is missing"),
        ({"query": ""}, "INVALID_PARAMETER_VALUE", "query is ''; expected"),
        ({"query": 3}, "INVALID_PARAMETER_VALUE", "query is 3; expected a valid string"),
        ({"query": "a", "limit": 0}, "INVALID_PARAMETER_VALUE", "limit is 0; expected greater"),
        ({"query": "a", "limit": 201}, "INVALID_PARAMETER_VALUE", "limit is 201; expected less"),
        ({"query": "a", "limit": "5"}, "INVALID_PARAMETER_VALUE", "limit is '5'; expected a valid int"),
        ({"query": "a", "limit": 1.5}, "INVALID_PARAMETER_VALUE", "limit is 1.5"),
        ({"query": "a", "limit": True}, "INVALID_PARAMETER_VALUE", "limit is True"),
        ({"query": "a", "offset": 10_000}, "INVALID_PARAMETER_VALUE", "offset is 10000"),
        ({"query": "a", "top_k": 3}, "INVALID_PARAMETER_VALUE", "top_k is no field"),
        ({"query": "a", "filters": {"nope": 1}}, "BAD_REQUEST", "nope"),
        ({"query": "a", "filters": "price <"}, "BAD_REQUEST", "price <"),
        ({"query": "a", "filters": 3}, "INVALID_PARAMETER_VALUE",
         "filters is 3; expected a valid dictionary, a valid list or a valid string."),
        ({"query": " \t"}, "INVALID_INPUT", "expected words"),
        ({"query": "a", "facets": ["nope"]}, "BAD_REQUEST", "nope"),
        ({"query": "a", "facets": "season"}, "INVALID_PARAMETER_VALUE", "facets is 'season'"),
        ([1], "INVALID_PARAMETER_VALUE", "the body is [1]"),
        ("text", "INVALID_PARAMETER_VALUE", "the body is 'text'"),
        (None, "INVALID_PARAMETER_VALUE", "the body is missing"),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused_in_the_apis_form(
    client: httpx.Client, given: object, code: str, why: str
) -> None:
    assert why in refused(client.post(f"{SEARCH}/text", json=given), 400, code)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "MALFORMED_REQUEST"),
        (b'{"query": "a", "query": "b"}', "INVALID_PARAMETER_VALUE"),
        (b'{"query": NaN}', "MALFORMED_REQUEST"),
        ('{"query": "a"}'.encode("utf-16"), "MALFORMED_REQUEST"),
        (b"[" * 100_000, "MALFORMED_REQUEST"),
        (b"", "INVALID_PARAMETER_VALUE"),
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(client: httpx.Client, content: bytes, code: str) -> None:
    headers = {"Content-Type": "application/json"}
    refused(client.post(f"{SEARCH}/text", content=content, headers=headers), 400, code)


@pytest.mark.parametrize(
    ("path", "params", "why"),
    [
        (ITEMS, {"filter": "price < 3"}, "'filter' is no parameter of this address"),
        (ITEMS, {"limit": "ten"}, "limit is 'ten'; expected a valid integer"),
        (ITEMS, {"limit": ""}, "limit is ''"),
        (ITEMS, {"filters": "{nope"}, "not JSON"),
        (ITEMS, {"sort": "price UP"}, "price UP"),
        (f"{ITEMS}/7", {"a": "1"}, "it takes none"),
        (f"{ITEMS}/7/similar", {"by": "smell"}, "by is 'smell'; expected 'image', 'text' or 'hybrid'"),
        (f"{SEARCH}/text", {}, "query is missing"),
        (f"{SEARCH}/text", {"query": "a", "top": "3"}, "'top' is no parameter"),
    ],
)  # fmt: skip
def test_an_address_that_does_not_fit_is_refused(
    client: httpx.Client, path: str, params: dict[str, str], why: str
) -> None:
    assert why in refused(client.get(path, params=params), 400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("data", "status", "code", "why"),
    [
        (b"", 400, "BAD_IMAGE", "empty (0 bytes)"),
        (b"hello", 415, "UNSUPPORTED_MEDIA_TYPE", "5 bytes that begin b'hello'; expected JPEG, PNG"),
        (b"<!doctype html>", 415, "UNSUPPORTED_MEDIA_TYPE", "is a web page; expected JPEG, PNG"),
        (b"<svg xmlns='x'/>", 415, "UNSUPPORTED_MEDIA_TYPE", "an SVG drawing"),
        (b"%PDF-1.4", 415, "UNSUPPORTED_MEDIA_TYPE", "a PDF document"),
        (picture("GIF"), 415, "UNSUPPORTED_MEDIA_TYPE", "is a GIF picture; expected JPEG, PNG"),
        (picture("TIFF"), 415, "UNSUPPORTED_MEDIA_TYPE", "is a TIFF picture"),
        (picture("JPEG")[:200], 400, "BAD_IMAGE", "damaged"),
        (picture("PNG", (400, 400))[:300], 400, "BAD_IMAGE", "damaged"),
        (vast_png(), 400, "BAD_IMAGE", "pixels"),
        (picture("JPEG") + bytes(MAX_BYTES), 413, "REQUEST_TOO_LARGE", "20,971,520 bytes"),
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_photo_is_named(
    client: httpx.Client, data: bytes, status: int, code: str, why: str
) -> None:
    files = {"image": ("holiday.jpg", data)}
    said = refused(client.post(f"{SEARCH}/image", files=files), status, code)
    assert why in said
    in_json = {"terms": [{"image": base64.b64encode(data).decode()}]}
    if data:
        assert why in refused(client.post(f"{SEARCH}/composed", json=in_json), status, code)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"data": {"limit": "2"}}, "image is missing"),
        ({"data": {"image": "text"}}, "image is 'text'; expected a file"),
        ({"json": {"image": "x"}}, "image is missing"),
        ({"files": {"image": picture("PNG")}, "data": {"limit": "0"}}, "limit is '0'"),
        ({"files": {"image": picture("PNG")}, "data": {"filters": "{nope"}}, "not JSON"),
        ({"files": {"image": picture("PNG")}, "data": {"limits": "2"}},
         "'limits' is no field of this form; it takes image, limit"),
        ({"files": {"picture": picture("PNG")}}, "'picture' is no field of this form"),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_form_that_does_not_fit_is_refused(
    client: httpx.Client, form: dict[str, Any], why: str
) -> None:
    said = refused(client.post(f"{SEARCH}/image", **form), 400, "INVALID_PARAMETER_VALUE")
    assert why in said


def test_a_body_that_is_not_sent_as_json_is_told_how_to_be(client: httpx.Client) -> None:
    for given in ({"content": '{"query": "a"}'}, {"data": {"query": "a"}}):
        said = refused(client.post(f"{SEARCH}/text", **given), 400, "INVALID_PARAMETER_VALUE")
        assert "the body is not sent as JSON" in said and "Content-Type: application/json" in said


def test_a_client_that_follows_pages_comes_to_an_end(client: httpx.Client) -> None:
    for kind in ("text", "keyword"):
        offset, seen = 0, []
        while offset is not None:
            asked = {"query": "e", "limit": 7, "offset": offset}
            body = ok(client.post(f"{SEARCH}/{kind}", json=asked))
            seen += keys(body)
            offset = body["metadata"]["next_offset"]
        assert len(seen) == len(set(seen)) > 7


@pytest.mark.parametrize("boundary", ["", "; boundary=x"])
def test_a_broken_form_is_refused(client: httpx.Client, boundary: str) -> None:
    headers = {"Content-Type": f"multipart/form-data{boundary}"}
    reply = client.post(f"{SEARCH}/image", content=b"--x\r\nbroken\r\n--y", headers=headers)
    assert reply.status_code == 400 and reply.json()["error_code"] in (
        "MALFORMED_REQUEST", "INVALID_PARAMETER_VALUE",
    )  # fmt: skip


@pytest.mark.parametrize("weight", ["-0.1", "1.1", "nan", "much"])
@pytest.mark.parametrize("with_photo", [True, False])
def test_a_weight_beyond_its_bounds_is_refused(
    client: httpx.Client, weight: str, with_photo: bool
) -> None:
    files = {"image": picture("PNG")} if with_photo else None
    form = {"query": "red", "text_weight": weight}
    reply = client.post(f"{SEARCH}/hybrid", data=form, files=files)
    assert "text_weight" in refused(reply, 400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("terms", "code", "why"),
    [
        ([], "INVALID_PARAMETER_VALUE", "terms is []"),
        ([{}], "INVALID_PARAMETER_VALUE", "compose[0] has nothing"),
        ([{"text": "a", "product": 1}], "INVALID_PARAMETER_VALUE", "compose[0] has text, product"),
        ([{"text": "a", "wieght": 1}], "INVALID_PARAMETER_VALUE", "terms.0.wieght is no field"),
        ([{"text": "a"}, {"text": "a", "weight": -1}], "INVALID_PARAMETER_VALUE", "cancel"),
        ([{"image": "!!"}], "BAD_IMAGE", "terms.0.image is not base64"),
        ([{"image": "/etc/passwd"}], "BAD_IMAGE", "terms.0.image is not base64"),
    ],
)  # fmt: skip
def test_what_is_no_composed_query_is_refused(
    client: httpx.Client, terms: object, code: str, why: str
) -> None:
    assert why in refused(client.post(f"{SEARCH}/composed", json={"terms": terms}), 400, code)


def test_unknown_products_and_users_of_a_query_are_404(client: httpx.Client) -> None:
    for term in ({"product": 4711}, {"user": "nobody"}):
        reply = client.post(f"{SEARCH}/composed", json={"terms": [term]})
        refused(reply, 404, "RESOURCE_DOES_NOT_EXIST")


def test_what_lies_on_the_server_can_not_be_asked_for(client: httpx.Client) -> None:
    """A photo is bytes here; a path in its place would read this machine's files."""
    reply = client.post(f"{SEARCH}/image", data={"image": "/etc/passwd"})
    refused(reply, 400, "INVALID_PARAMETER_VALUE")


# ---------------------------------------------------------------------- the guard
def test_credentials_hold_limits_hold_and_each_route_counts_by_its_name(
    client: httpx.Client, shop: Workspace
) -> None:
    for path in (f"{SEARCH}/text?query=a", ITEMS, f"{ITEMS}/7", "/api/v1/images/7"):
        stranger = httpx.get(f"{client.base_url}{path}", trust_env=False)
        refused(stranger, 401, "UNAUTHENTICATED")
    counted = client.get("/metrics").text
    for name in ("search_text", "list_products", "product_image", "complete_the_look"):
        assert f'operation="{name}"' in counted
    refused(client.delete(f"{ITEMS}/7"), 404, "ENDPOINT_NOT_FOUND")
    refused(client.get(f"{ITEMS}/a/b"), 404, "ENDPOINT_NOT_FOUND")
    with BackgroundServer(shop, None, limits=Limits(body_bytes=1000)) as server:
        files = {"image": bytes(5000)}
        reply = httpx.post(f"{server.url}{SEARCH}/image", files=files, trust_env=False)
        refused(reply, 413, "REQUEST_TOO_LARGE")


def test_a_workspace_without_a_shop_says_what_is_missing(tmp_path: Any) -> None:
    with (
        BackgroundServer(Workspace(tmp_path / "ws"), None) as server,
        httpx.Client(timeout=60, base_url=server.url, trust_env=False) as client,
    ):
        for path in (ITEMS, f"{ITEMS}/7", "/api/v1/images/7", f"{SEARCH}/keyword?query=a"):
            said = refused(client.get(path), 404, "RESOURCE_DOES_NOT_EXIST")
            assert "main.fashion_demo.products" in said
        said = refused(client.get(f"{SEARCH}/text?query=a"), 404, "RESOURCE_DOES_NOT_EXIST")
        assert "vs_image_search" in said


# ---------------------------------------------------------------------- another catalogue
def test_a_catalogue_of_other_columns_is_browsed_the_same(tmp_path: Any) -> None:
    wine = Catalogue(
        "sku", "title", categories=("kind",), color="colour", price="cost", columns=("sku", "title")
    )
    rows = {
        "sku": ["W/1", "W/2", "W/3"],
        "title": ["Hill Red", "Sea White", "Old Hill"],
        "kind": ["wine", "wine", "cheese"],
        "colour": ["dark red", None, "yellow"],
        "cost": [9.5, 7.0, None],
        "stock": [3, 0, 12],
    }
    workspace = Workspace(tmp_path / "ws")
    properties = {"catalogue": wine.to_json()}
    workspace.tables.write(table_name(PRODUCTS_TABLE), pa.table(rows), properties)
    with (
        BackgroundServer(workspace, None) as server,
        httpx.Client(base_url=server.url, trust_env=False, timeout=60) as client,
    ):
        one = ok(client.get(f"{ITEMS}/W%2F1"), Product)
        assert list(one) == [*rows, "image_url"] and one["image_url"] is None and one["stock"] == 3
        page = ok(client.get(ITEMS, params={"sort": "cost", "filters": "stock > 0"}), ProductList)
        assert [p["sku"] for p in page["products"]] == ["W/1", "W/3"]
        found = ok(client.get(f"{SEARCH}/keyword", params={"query": "HILL red"}))
        assert [p["sku"] for p in found["products"]] == ["W/1"]
        refused(client.get("/api/v1/images/W%2F1"), 404, "RESOURCE_DOES_NOT_EXIST")
