"""Who is let in: tokens, secrets, environment variables; and that no secret reaches a log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from support.needs import needs

needs("sdk", "clients")

from conformance.doors import legacy_client
from conformance.world import CREDENTIALS, ENDPOINT, VECTORS, World, vector_of
from databricks.ai_search.client import AISearchClient
from databricks.ai_search.exceptions import AISearchException
from databricks.sdk import WorkspaceClient, errors

WRONG = "dapi-of-somebody-else"


@pytest.fixture
def sdk() -> Any:
    """Makes SDK clients."""
    return WorkspaceClient


def expired() -> str:
    """A token that this server made, and whose time is over."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("engine.doors.http.credentials.TOKEN_SECONDS", -1)
        return CREDENTIALS.new_access_token()


def ask(client: Any) -> int:
    index = client.get_index(index_name=VECTORS)
    reply = index.similarity_search(["id"], query_vector=vector_of(0), num_results=2)
    return reply["result"]["row_count"]


# ------------------------------------------------------------------ let in
def test_the_shop_s_way_an_oauth_token_as_access_token(world: World, sdk: Any) -> None:
    w = sdk(
        host=world.url, client_id=CREDENTIALS.client_id, client_secret=CREDENTIALS.client_secret
    )
    token = w.config.oauth_token().access_token
    client = legacy_client()(
        workspace_url=w.config.host, personal_access_token=token, disable_notice=True
    )
    assert ask(client) == 2


def test_an_access_token_has_no_oauth_token(world: World, sdk: Any) -> None:
    w = sdk(host=world.url, token=CREDENTIALS.token)
    with pytest.raises(ValueError, match="not available for pat"):
        w.config.oauth_token()


def test_environment_variables_alone(
    world: World, sdk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABRICKS_HOST", world.url)
    monkeypatch.setenv("DATABRICKS_TOKEN", CREDENTIALS.token)
    w = sdk()
    assert w.vector_search_endpoints.get_endpoint(ENDPOINT).name == ENDPOINT
    assert ask(AISearchClient(disable_notice=True)) == 2
    monkeypatch.delenv("DATABRICKS_TOKEN")
    monkeypatch.setenv("DATABRICKS_CLIENT_ID", CREDENTIALS.client_id)
    monkeypatch.setenv("DATABRICKS_CLIENT_SECRET", CREDENTIALS.client_secret)
    w = sdk()
    assert w.config.auth_type == "oauth-m2m"
    assert w.vector_search_indexes.get_index(VECTORS).name == VECTORS


def test_an_address_that_ends_with_a_slash(world: World, sdk: Any) -> None:
    client = AISearchClient(
        workspace_url=world.url + "/", personal_access_token=CREDENTIALS.token, disable_notice=True
    )
    assert ask(client) == 2
    w = sdk(host=world.url + "/", token=CREDENTIALS.token)
    assert w.vector_search_endpoints.get_endpoint(ENDPOINT).name == ENDPOINT


# ------------------------------------------------------------------ refused
TOKENS: dict[str, tuple[Callable[[], str], str]] = {
    "wrong": (lambda: WRONG, "Invalid access token"),
    "expired": (expired, "The access token has expired"),
    "forged": (lambda: CREDENTIALS.new_access_token()[:-1] + "z", "Invalid access token"),
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_bad_token_is_refused_and_not_repeated(
    world: World, sdk: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    make, message = TOKENS[kind]
    token = make()
    caplog.set_level(logging.DEBUG)
    headers = {"Authorization": f"Bearer {token}"}
    plain = httpx.get(f"{world.url}/api/2.0/vector-search/endpoints", headers=headers)
    body = plain.json()
    assert (plain.status_code, body["error_code"]) == (401, "UNAUTHENTICATED")
    assert body["message"].startswith(message)
    client = AISearchClient(
        workspace_url=world.url, personal_access_token=token, disable_notice=True
    )
    with pytest.raises(AISearchException) as caught:
        client.list_endpoints()
    assert (caught.value.status_code, caught.value.error_code) == (401, "UNAUTHENTICATED")
    with pytest.raises(errors.Unauthenticated, match=message):
        sdk(host=world.url, token=token).vector_search_endpoints.get_endpoint(ENDPOINT)
    messages = [plain.text, str(caught.value), *(record.getMessage() for record in caplog.records)]
    assert not [line for line in messages if token in line]
    assert caplog.records


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", f"Basic {CREDENTIALS.token}", CREDENTIALS.token]
)
def test_no_credentials_at_all(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in (
        "/api/2.0/vector-search/endpoints",
        "/serving-endpoints/x/invocations",
        "/metrics",
    ):
        answered = httpx.get(world.url + path, headers=headers)
        assert answered.status_code == 401
        assert answered.json()["error_code"] == "UNAUTHENTICATED"


def test_a_wrong_secret_gets_no_token(
    world: World, sdk: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pair = {"client_id": CREDENTIALS.client_id, "client_secret": "a-secret-that-is-wrong"}
    w = sdk(host=world.url, **pair)
    with pytest.raises((ValueError, errors.DatabricksError), match="invalid_client"):
        w.vector_search_endpoints.get_endpoint(ENDPOINT)
    with pytest.raises(AISearchException, match="invalid_client") as caught:
        AISearchClient(
            workspace_url=world.url,
            service_principal_client_id=pair["client_id"],
            service_principal_client_secret=pair["client_secret"],
        ).list_endpoints()
    assert caught.value.status_code == 401
    messages = [str(caught.value), *(record.getMessage() for record in caplog.records)]
    assert not [line for line in messages if pair["client_secret"] in line]


def test_no_secret_reaches_a_log(world: World, sdk: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    w = sdk(
        host=world.url, client_id=CREDENTIALS.client_id, client_secret=CREDENTIALS.client_secret
    )
    token = w.config.oauth_token().access_token
    assert w.vector_search_endpoints.get_endpoint(ENDPOINT).name == ENDPOINT
    sdk(host=world.url, token=CREDENTIALS.token).vector_search_endpoints.get_endpoint(ENDPOINT)
    lines = [record.getMessage() for record in caplog.records]
    assert [line for line in lines if ENDPOINT in line]
    secrets = (token, CREDENTIALS.token, CREDENTIALS.client_secret)
    assert not [line for line in lines for secret in secrets if secret in line]
