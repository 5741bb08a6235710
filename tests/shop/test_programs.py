"""Programs of the users' kind, each in a process of its own, with the server's host and token alone.

What they compute by the index and the model is what the shop's own routes answer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.needs import needs
from support.server import CREDENTIALS
from support.storefront import built_shop

from engine import Workspace
from engine.doors.http.server import BackgroundServer

needs("clients")
PROGRAM = Path(__file__).parent / "programs" / "router_program.py"
BEARER = {"Authorization": f"Bearer {CREDENTIALS.token}"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="module")
def server(shop: Workspace) -> Iterator[str]:
    with BackgroundServer(shop, CREDENTIALS) as made:
        yield made.url


@pytest.fixture(scope="module")
def photo(shop: Workspace) -> bytes:
    found: bytes = shop.product_photo(7).data
    return found


@pytest.fixture(scope="module")
def found(
    server: str, photo: bytes, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """What the program printed."""
    home = tmp_path_factory.mktemp("home")  # no configuration of this machine's user
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DATABRICKS_HOST": server,
        "DATABRICKS_TOKEN": CREDENTIALS.token,
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        input=photo,
        env=environment,
        cwd=home,
        capture_output=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode()
    out: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return out


def scores(body: dict[str, Any]) -> list[tuple[int, float]]:
    return [(p["product_id"], round(p["similarity_score"], 5)) for p in body["products"]]


def test_a_router_over_both_services_answers_as_the_shop_does(
    found: dict[str, dict[str, Any]], server: str, photo: bytes
) -> None:
    path = f"{server}/api/v1/search"
    with httpx.Client(headers=BEARER, trust_env=False, timeout=60) as client:
        own = {
            "text": client.post(f"{path}/text", json={"query": "red dress", "limit": 5}),
            "image": client.post(f"{path}/image", files={"image": photo}, data={"limit": "5"}),
            "hybrid": client.post(
                f"{path}/hybrid",
                data={"query": "red dress", "text_weight": "0.3", "limit": "5"},
                files={"image": photo},
            ),
            "words": client.post(f"{path}/hybrid", data={"query": "red dress", "limit": "5"}),
        }
    assert found["ready"] is True
    for name, reply in own.items():
        body = reply.json()
        assert len(body["products"]) == 5, name
        assert scores(found[name]) == scores(body), name
        assert set(body) == set(found[name]) and body["search_type"] == found[name]["search_type"]
        for theirs, ours in zip(found[name]["products"], body["products"]):
            assert theirs.pop("image_url") == f"{server}{ours.pop('image_url')}"
            assert set(theirs) == set(ours) and theirs["product_id"] == ours["product_id"]
            assert {k: v for k, v in theirs.items() if k != "similarity_score"} == {
                k: v for k, v in ours.items() if k != "similarity_score"
            }


def test_the_photo_is_among_what_it_finds(found: dict[str, dict[str, Any]]) -> None:
    assert found["image"]["products"][0]["product_id"] == 7
