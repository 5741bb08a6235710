"""Routes of labels, latent features and validation: what they answer, in which form, and refuse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from starlette.testclient import TestClient
from support.needs import needs

from engine import Workspace
from engine.doors.http.app import create_app
from engine.doors.http.shop.understanding import (
    Classified,
    LatentDimension,
    LatentFeatures,
    Validated,
)


@pytest.fixture(scope="module")
def http(sample: Workspace) -> Iterator[TestClient]:
    with TestClient(create_app(sample), raise_server_exceptions=False) as client:
        yield client


def answered(reply: Any, form: type[BaseModel]) -> Any:
    """A reply's JSON, which has the described fields and no others."""
    assert reply.status_code == 200, reply.text
    body = reply.json()
    form.model_validate(body)
    assert set(body) == set(form.model_fields)
    return body


def test_a_product_is_classified_as_in_python(http: TestClient, sample: Workspace) -> None:
    asked = {"product_id": 10242, "attribute": "color", "limit": 3}
    body = answered(http.post("/api/v1/classify", json=asked), Classified)
    assert body == sample.classify(attribute="color", product=10242, k=3).to_dict()
    assert body["label"] == "Red"


def test_labels_are_a_list_or_an_object(http: TestClient) -> None:
    for labels in (["a dress", "a shoe"], {"a dress": ["a gown", "a dress"], "a shoe": ""}):
        asked = {"product_id": "10242", "labels": labels}
        if isinstance(labels, dict):
            asked["labels"] = {**labels, "a shoe": "a shoe"}
        body = answered(http.post("/api/v1/classify", json=asked), Classified)
        assert body["label"] == "a dress"


def test_an_uploaded_photo_gets_its_style(http: TestClient, sample: Workspace, photo: Path) -> None:
    reply = http.post("/api/v1/classify/image", files={"image": photo.read_bytes()})
    assert answered(reply, Classified) == sample.classify(image=photo).to_dict()
    labels = '{"bag": "a handbag", "shoe": ["a shoe", "a boot"]}'
    reply = http.post(
        "/api/v1/classify/image",
        files={"image": photo.read_bytes()},
        data={"labels": labels, "multi_label": "true", "templates": ["{}", "a photo of {}"]},
    )
    body = answered(reply, Classified)
    assert body["multi_label"] is True
    assert body["label"] == "bag"


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 400),
        ({"product_id": 10242, "lables": []}, 400),
        ({"product_id": 10242, "labels": []}, 400),
        ({"product_id": 10242, "labels": ["a", "a"]}, 400),
        ({"product_id": 10242, "labels": "a"}, 400),
        ({"product_id": 10242, "labels": ["a"], "attribute": "color"}, 400),
        ({"product_id": 10242, "threshold": 2}, 400),
        ({"product_id": 10242, "templates": ["x"]}, 400),
        ({"product_id": 10242, "limit": 0}, 400),
        ({"product_id": 10242, "attribute": "nope"}, 404),
        ({"product_id": 1}, 404),
        ({"product_id": 10242, "index": "nowhere"}, 404),
    ],
)
def test_a_bad_classification_is_refused_in_the_api_s_form(
    http: TestClient, asked: dict[str, Any], status: int
) -> None:
    reply = http.post("/api/v1/classify", json=asked)
    assert reply.status_code == status, reply.text
    assert {"error_code", "message"} <= set(reply.json())


def test_a_path_of_the_server_is_no_file_of_labels(http: TestClient, tmp_path: Path) -> None:
    file = tmp_path / "labels.yaml"
    file.write_text("secret: words\n")
    reply = http.post("/api/v1/classify", json={"product_id": 10242, "labels": str(file)})
    assert reply.status_code == 400
    reply = http.post("/api/v1/classify/image", files={"image": b"x"}, data={"labels": f'"{file}"'})
    assert reply.status_code in (400, 415)
    assert "secret" not in reply.text


def test_a_bad_upload_is_refused(http: TestClient, photo: Path) -> None:
    def ask(data: bytes, **form: str) -> int:
        return http.post("/api/v1/classify/image", files={"image": data}, data=form).status_code

    assert ask(b"no photo") == 415
    assert ask(b"") == 400
    assert ask(photo.read_bytes()[:2000]) == 400
    assert ask(photo.read_bytes(), labels="{bad") == 400
    assert ask(photo.read_bytes(), labels="3") == 400
    assert http.post("/api/v1/classify/image").status_code == 400


def test_a_dimension_s_ends_are_those_of_python(http: TestClient, sample: Workspace) -> None:
    body = answered(http.get("/api/v1/latent/3", params={"limit": 2}), LatentDimension)
    found = sample.latent_dimension(3, k=2)
    assert body["highest"]["products"] == list(found.highest.products)
    assert isinstance(body["highest"]["products"][0]["product_id"], int)
    assert body["most"] == found.most


@pytest.mark.parametrize("dimension", ["512", "-1", "x", "1.5", "99999999999999999999"])
def test_a_dimension_that_there_is_not_is_refused(http: TestClient, dimension: str) -> None:
    assert http.get(f"/api/v1/latent/{dimension}").status_code == 400


def test_what_attributes_encode_is_answered(http: TestClient, sample: Workspace) -> None:
    needs("latent")
    reply = http.get("/api/v1/latent", params={"attribute": ["color", "price"]})
    body = answered(reply, LatentFeatures)
    assert list(body["attributes"]) == ["base_color", "price"]
    known = sample.latent_features(["color"]).to_dict()["attributes"]["base_color"]
    assert body["attributes"]["base_color"]["probe"] == known["probe"]
    assert http.get("/api/v1/latent", params={"attribute": "nope"}).status_code == 404


def test_searches_are_held_to_the_words(http: TestClient, sample: Workspace) -> None:
    body = answered(http.post("/api/v1/validate", json={}), Validated)
    assert body == sample.validate().to_dict()
    assert answered(http.get("/api/v1/validate"), Validated) == body
    asked = {"queries": ["blue jeans", "zzz"], "k": 3, "searches": ["image"]}
    body = answered(http.post("/api/v1/validate", json=asked), Validated)
    assert [row["query"] for row in body["rows"]] == ["blue jeans"]
    assert body["queries"][1]["why"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"queries": []}, 400),
        ({"queries": "blue jeans"}, 400),
        ({"queries": ["x"] * 201}, 400),
        ({"k": 0}, 400),
        ({"searches": ["all"]}, 400),
        ({"index": "nowhere"}, 404),
    ],
)
def test_a_bad_validation_is_refused(http: TestClient, asked: dict[str, Any], status: int) -> None:
    assert http.post("/api/v1/validate", json=asked).status_code == status


def test_the_composed_route_takes_directions(http: TestClient, sample: Workspace) -> None:
    terms = [{"text": "dress"}, {"direction": "color=black"}]
    reply = http.post("/api/v1/search/composed", json={"terms": terms, "limit": 5})
    assert reply.status_code == 200, reply.text
    keys = [product["product_id"] for product in reply.json()["products"]]
    found = sample.search(compose=["dress", {"direction": "color=black", "weight": 0.3}], k=5)
    assert keys == [row["product_id"] for row in found]
    terms[1]["direction"] = "nope"
    assert http.post("/api/v1/search/composed", json={"terms": terms}).status_code == 404


def test_an_address_holds_no_more_queries_than_a_body(http: TestClient) -> None:
    many = [f"red dress {n}" for n in range(201)]
    for reply in (
        http.get("/api/v1/validate", params={"query": many}),
        http.post("/api/v1/validate", json={"queries": many}),
    ):
        assert reply.status_code == 400 and "200 items" in reply.json()["message"]


def test_what_may_be_of_several_types_is_refused_in_one_sentence(http: TestClient) -> None:
    reply = http.post("/api/v1/classify", json={"product_id": None})
    expected = "product_id is None; expected a valid integer or a valid string."
    assert reply.json()["message"] == expected
    reply = http.post("/api/v1/classify", json={"product_id": 10242, "labels": 5})
    assert reply.json()["message"] == "labels is 5; expected a valid list or a valid dictionary."
