"""Observations of the mirror and of a workspace of the cloud: compared, and told row by row.

Without `--live` the mirror's own server stands for the cloud; with it, a real workspace is asked.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from conformance.differences import DIFFERENCES, LIVE
from conformance.live import OBSERVATIONS, ROWS, Ask, Index, Json, make_index, observe, report

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.doors.rest import handle

BASE = "/api/2.0/vector-search"
NAME = "main.default.observed"
WHO = Credentials("token-of-tests", "client-of-tests", "secret-of-tests")


def as_text(body: object) -> str | None:
    return body if isinstance(body, str) or body is None else json.dumps(body)


def of_mirror(workspace: Workspace) -> Ask:
    def ask(method: str, path: str, body: object, query: dict[str, str]) -> tuple[int, Json]:
        return handle(workspace, method, BASE + path, query, as_text(body))

    return ask


def of_http(client: httpx.Client) -> Ask:
    def ask(method: str, path: str, body: object, query: dict[str, str]) -> tuple[int, Json]:
        reply = client.request(method, BASE + path, content=as_text(body), params=query)
        return reply.status_code, reply.json()

    return ask


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = Workspace(tmp_path_factory.mktemp("mirror"))
    made.create_endpoint("e")
    return made


@pytest.fixture(scope="module")
def here(mirror: Workspace) -> Index:
    return make_index(of_mirror(mirror), "e", NAME, patience=60)


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Index]:
    """Another workspace, over HTTP."""
    workspace = Workspace(tmp_path)
    workspace.create_endpoint("e")
    headers = {"Authorization": f"Bearer {WHO.token}"}
    with (
        BackgroundServer(workspace, WHO) as server,
        httpx.Client(base_url=server.url, headers=headers, timeout=60) as client,
    ):
        yield make_index(of_http(client), "e", NAME, patience=60)


def test_each_is_about_a_row_of_the_table() -> None:
    rows = {row.topic: row for row in DIFFERENCES}
    assert rows.keys() >= OBSERVATIONS.keys()
    waiting = {row.topic for row in DIFFERENCES if row.why == LIVE}
    assert waiting <= OBSERVATIONS.keys(), "rows that a live run would settle have an observation"
    assert not {topic for topic in OBSERVATIONS if rows[topic].cloud == "assumed"} - waiting


def test_the_mirror_shows_the_same_over_http(here: Index, there: Index) -> None:
    verdicts = list(observe(here, there))
    assert [one.topic for one in verdicts] == list(OBSERVATIONS)
    assert not [one for one in verdicts if not one.is_confirmed]
    assert not [one for one in verdicts if "another form" in str(one.here)]
    assert report(verdicts).count("| confirmed |") == len(OBSERVATIONS)


def test_a_service_that_answers_otherwise_is_told(here: Index) -> None:
    def otherwise(
        method: str, path: str, body: object, query: dict[str, str]
    ) -> tuple[int, Mapping[str, Any]]:
        status, reply = here.ask(method, path, body, query)
        return status, reply or {"data": []}

    changed = [one for one in observe(here, Index(otherwise, NAME)) if not one.is_confirmed]
    assert [one.topic for one in changed] == ["end of a scan"]
    assert '| end of a scan | **to be corrected** | `{}` | `{"data": []}` |' in report(changed)


def test_all_rows_are_seen_before_anything_is_asked(here: Index) -> None:
    assert len(here.scan(num_results=100)["data"]) == len(ROWS)


@pytest.mark.live
def test_a_workspace_of_the_cloud(here: Index, live_workspace: Mapping[str, str]) -> None:
    name = f"{live_workspace['schema']}.vitrine_{int(time.time())}"
    headers = {"Authorization": f"Bearer {live_workspace['token']}"}
    with httpx.Client(base_url=live_workspace["host"], headers=headers, timeout=120) as client:
        ask = of_http(client)
        try:
            cloud = make_index(ask, live_workspace["endpoint"], name, patience=3600)
            verdicts = list(observe(here, cloud))
        finally:
            ask("DELETE", f"/indexes/{name}", None, {})
    Path(live_workspace["report"]).write_text(report(verdicts), encoding="utf-8")
    assert not [one for one in verdicts if not one.is_confirmed], report(verdicts)
