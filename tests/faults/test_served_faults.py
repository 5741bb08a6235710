"""Faults that only a server has: tokens, files, models, clients that give up; the admin route."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.children import started, wait_until
from support.needs import needs
from support.server import CREDENTIALS

from engine import Workspace
from engine.doors.faults.faults import Faults
from engine.doors.faults.operations import SERVED
from engine.doors.http.app import create_app
from engine.doors.http.server import BackgroundServer, Options
from engine.errors import InvalidInputException

from .conftest import INDEX, Cloud

QUERY = f"/api/2.0/vector-search/indexes/{INDEX}/query"
BODY = {"columns": ["id"], "query_vector": [1.0, 0.0], "num_results": 1}
LOGIN = {"grant_type": "client_credentials"}
PAIR = (CREDENTIALS.client_id, CREDENTIALS.client_secret)


@pytest.fixture
def plain(served: Cloud) -> Any:
    """An HTTP client with a token."""
    headers = {"Authorization": f"Bearer {CREDENTIALS.token}"}
    url = served.mirror.url
    with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as opened:
        yield opened


def principal(cloud: Cloud) -> Any:
    """A client that logs in with a client id and its secret."""
    return cloud.client(
        workspace_url=cloud.mirror.url,
        service_principal_client_id=CREDENTIALS.client_id,
        service_principal_client_secret=CREDENTIALS.client_secret,
    )


# ------------------------------------------------------------------ tokens
def test_a_client_fetches_a_new_token_when_its_own_is_about_to_expire(served: Cloud) -> None:
    index = principal(served).get_index(index_name=INDEX)
    index.similarity_search(**BODY)
    usual = ["login_token", "get_index", "login_token", "query_index"]
    assert served.calls.operations == usual  # the index has a token of its own
    index.similarity_search(**BODY)
    assert served.calls.operations[4:] == ["query_index"]
    served.faults.forget_calls()
    served.faults.expire_token(lifetime=60, times=None)
    index = principal(served).get_index(index_name=INDEX)
    for _ in range(2):
        index.similarity_search(**BODY)
    assert served.calls.operations == [*usual, "login_token", "query_index"]
    assert served.calls.of("login_token").faulty.statuses == [200] * 3


def test_the_sdk_fetches_a_new_token_too(served: Cloud) -> None:
    login = {"client_id": CREDENTIALS.client_id, "client_secret": CREDENTIALS.client_secret}
    served.faults.expire_token(lifetime=1, times=None)
    client = served.sdk(auth_type="oauth-m2m", **login)
    for _ in range(2):
        client.vector_search_endpoints.get_endpoint("test_endpoint")
    assert len(served.calls.of("login_token")) >= 2
    assert served.calls.of("get_endpoint").statuses == [200, 200]


def test_a_token_that_has_expired_is_refused_and_a_new_client_gets_in(served: Cloud) -> None:
    from databricks.ai_search.exceptions import AISearchException, PermissionDenied

    index = principal(served).get_index(index_name=INDEX)
    index.similarity_search(**BODY)
    served.faults.expire_token()
    with pytest.raises(AISearchException, match="UNAUTHENTICATED") as met:
        index.similarity_search(**BODY)  # which the package does not try again
    assert met.value.status_code == 401
    served.faults.expire_token("query_index", status=403)
    with pytest.raises(PermissionDenied, match="Invalid access token"):
        index.similarity_search(**BODY)
    again = principal(served).get_index(index_name=INDEX)
    assert again.similarity_search(**BODY)["result"]["row_count"] == 1
    assert served.calls.of("query_index").statuses == [200, 401, 403, 200]
    assert len(served.calls.of("login_token")) == 4


def test_a_token_is_refused_when_its_time_is_over(served: Cloud, plain: httpx.Client) -> None:
    served.faults.expire_token(lifetime=0)
    granted = plain.post("/oidc/v1/token", data=LOGIN, auth=PAIR).json()
    assert granted["expires_in"] == 0
    header = {"Authorization": f"Bearer {granted['access_token']}"}
    refused = plain.post(QUERY, json=BODY, headers=header)
    assert (refused.status_code, refused.json()["error_code"]) == (401, "UNAUTHENTICATED")
    again = plain.post("/oidc/v1/token", data=LOGIN, auth=PAIR).json()
    assert again["expires_in"] == 3600
    assert plain.post(QUERY, json=BODY).status_code == 200


def test_logging_in_fails(served: Cloud) -> None:
    served.faults.fail("login_token", status=500)
    with pytest.raises(Exception, match="INTERNAL_ERROR"):
        principal(served).get_index(index_name=INDEX)
    served.faults.forget_calls()
    principal(served).get_index(index_name=INDEX)
    (login, _) = served.calls
    assert login.body["grant_type"] == "client_credentials"


# ------------------------------------------------------------------ other routes
def test_models_and_files_meet_faults(served: Cloud) -> None:
    client = served.sdk()
    served.faults.fail("invocations", status=429, retry_after=0)
    reply = client.serving_endpoints.query("databricks-gte-large-en", input=["red shoes"])
    assert len(reply.data) == 1
    assert served.calls.of("invocations").statuses == [429, 200]
    path = "/Volumes/main/shop/photos/a.txt"
    served.faults.fail("files_upload", status=503, retry_after=0)
    client.files.upload(path, io.BytesIO(b"photo"), overwrite=True)
    assert served.calls.of("files_upload").statuses == [503, 204]
    served.faults.reset("files_download", mid_answer=True)
    with client.files.download(path).contents as contents:
        assert contents.read() == b"photo"


def test_a_client_whose_patience_ends_tries_again(served: Cloud) -> None:
    client = served.sdk(http_timeout_seconds=1)
    served.faults.slow("query_index", seconds=600)
    found = client.vector_search_indexes.query_index(
        INDEX, ["id"], query_vector=[1.0, 0.0], num_results=1
    )
    assert found.result.row_count == 1
    calls = served.calls.of("query_index")
    assert calls.statuses == [None, 200]
    assert 1.9 <= calls.gaps[0] < 4  # its own timeout, a second, and up to one more at random


def test_a_partial_upsert_in_the_newer_dialect(served: Cloud, plain: httpx.Client) -> None:
    served.faults.partial_upsert(keys=[3])
    rows = [{"id": 3, "v": [1.0, 1.0]}, {"id": 4, "v": [0.5, 1.0]}]
    route = f"/api/2.0/ai-search/workspaces/1/endpoints/test_endpoint/indexes/{INDEX}:upsertData"
    reply = plain.post(route, json={"inputs_json": json.dumps(rows)}).json()
    assert reply["status"] == "PARTIAL_SUCCESS"
    assert served.keys() == [1, 2, 4]
    served.faults.partial_upsert(share=1)
    assert plain.post(route, content=b"{").status_code == 400


def test_refused_calls_are_recorded_and_meet_no_fault(served: Cloud) -> None:
    served.faults.fail("query_index")
    url = f"{served.mirror.url}{QUERY}?a=1&a=2"
    refused = httpx.post(url, json=BODY, headers={"Authorization": "Bearer x"}, trust_env=False)
    assert refused.status_code == 401
    (call,) = served.calls
    assert (call.status, call.fault, call.query) == (401, None, {"a": ["1", "2"]})
    served.faults.clear()


def test_a_fault_has_the_form_of_every_error(served: Cloud, plain: httpx.Client) -> None:
    served.faults.fail("query_index", status=429, retry_after=3)
    reply = plain.post(QUERY, json=BODY, headers={"x-request-id": "mine"})
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "3")
    assert reply.headers["x-request-id"] == "mine"
    assert reply.json()["details"][0]["request_id"] == "mine"


@pytest.mark.parametrize(("method", "pattern", "name"), SERVED)
def test_operations_have_the_names_that_the_server_counts_them_by(
    served: Cloud, plain: httpx.Client, caplog: pytest.LogCaptureFixture,
    method: str, pattern: str, name: str,
) -> None:  # fmt: skip
    path = pattern.replace("/invocations", "").replace("*", "Volumes/main/shop/photos")
    path = f"{path}/invocations" if "invocations" in pattern else path
    path = path.replace("Volumes/main/shop/photos/inv", "databricks-gte-large-en/inv")
    caplog.set_level("INFO", "vitrine.access")
    plain.request(method, path)
    wait_until(lambda: bool(caplog.records))
    logged = json.loads(caplog.records[-1].message)["operation"]
    assert (served.calls[-1].operation, logged) == (name, name)


def test_large_bodies_are_counted_and_not_kept(served: Cloud, plain: httpx.Client) -> None:
    path = "/api/2.0/fs/files/Volumes/main/shop/photos/big"
    assert plain.put(path, content=bytes(5 << 20)).status_code == 204
    assert served.calls[-1].body is None
    assert plain.put(path, content=b"\x00\x01").status_code == 204
    assert served.calls[-1].body == b"\x00\x01"


def test_the_server_stops_while_an_answer_is_slow(workspace: Workspace) -> None:
    faults = Faults()
    faults.slow("me", seconds=600)
    with BackgroundServer(workspace, None, faults=faults) as server:
        asking = threading.Thread(
            target=httpx.get,
            args=(f"{server.url}/api/2.0/preview/scim/v2/Me",),
            kwargs={"trust_env": False, "timeout": 60},
        )
        asking.start()
        wait_until(lambda: bool(faults.calls.faulty))
        began = time.monotonic()
        faults.close()
    asking.join(30)
    assert not asking.is_alive() and time.monotonic() - began < 20


def test_a_server_without_faults_has_none_of_it(workspace: Workspace) -> None:
    app = create_app(workspace)
    assert [each.cls.__name__ for each in app.user_middleware] == ["Guard"]
    assert not any("faults" in getattr(route, "path", "") for route in app.routes)


# ------------------------------------------------------------------ the admin route
def test_rules_are_asked_for_over_http(served: Cloud, plain: httpx.Client) -> None:
    asked = {
        "kind": "fail",
        "operation": "query_index",
        "status": 429,
        "retry_after": 1,
        "times": 2,
    }
    made = plain.post("/api/v1/faults", json=asked).json()["rules"]
    assert made == [{"operation": "query_index", "times": 2, "after": 0, "used": 0, "fault": "429"}]
    assert plain.post(QUERY, json=BODY).status_code == 429
    found = plain.get("/api/v1/faults").json()
    assert [rule["used"] for rule in found["rules"]] == [1]
    (call,) = found["calls"]
    assert (call["operation"], call["method"], call["path"]) == ("query_index", "POST", QUERY)
    assert (call["body"], call["status"], call["fault"]) == (BODY, 429, "429")
    assert plain.delete("/api/v1/faults").json() == {}
    assert plain.get("/api/v1/faults").json() == {"rules": [], "calls": []}
    assert plain.post(QUERY, json=BODY).status_code == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[1]", b'{"kind": "fail", "operation": "query_indx"}']
)
def test_rules_that_mean_nothing_are_refused(
    served: Cloud, plain: httpx.Client, body: bytes
) -> None:
    reply = plain.post("/api/v1/faults", content=body)
    assert reply.status_code == 400
    assert reply.json()["message"]
    assert served.faults.rules == []


def test_the_admin_route_needs_credentials_and_is_never_broken(
    served: Cloud, plain: httpx.Client
) -> None:
    url = f"{served.mirror.url}/api/v1/faults"
    assert httpx.get(url, trust_env=False).status_code == 401
    served.faults.fail("*", times=None)
    assert plain.get("/api//v1/faults").status_code == 200
    served.faults.clear()


@pytest.mark.parametrize("given", [{"host": "0.0.0.0"}, {"workers": 2}])
def test_faults_are_for_one_process_of_this_machine(tmp_path: Path, given: Any) -> None:
    with pytest.raises(InvalidInputException, match="--faults is for one process"):
        Options(tmp_path, port=_free_port(), faults=True, **given).check()


def test_the_command_serves_with_faults_where_it_is_told_to(tmp_path: Path) -> None:
    needs("clients")
    made = Workspace(tmp_path / "ws")
    made.create_endpoint("e")
    for options, status in ((["--faults"], 200), ([], 404)):
        port = _free_port()
        arguments = [
            "serve",
            "-w",
            str(tmp_path / "ws"),
            "--port",
            str(port),
            "--no-auth",
            "--quiet",
        ]
        command = [sys.executable, "-m", "engine.doors.cli", *arguments, *options]
        url = f"http://127.0.0.1:{port}"
        with started(command, stdout=subprocess.DEVNULL) as server:
            wait_until(lambda url=url: _answers(f"{url}/health"), server)  # type: ignore[misc]
            asked = {"kind": "reset", "operation": "get_endpoint"}
            reply = httpx.post(f"{url}/api/v1/faults", json=asked, trust_env=False)
            assert reply.status_code == status
            endpoint = f"{url}/api/2.0/vector-search/endpoints/e"
            if options:
                with pytest.raises(httpx.ReadError):
                    httpx.get(endpoint, trust_env=False)
            assert httpx.get(endpoint, trust_env=False).status_code == 200


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
