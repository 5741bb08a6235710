"""Programs that insist on https, each in a process of its own with nothing but two variables set."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.needs import needs, skip
from support.server import CREDENTIALS, announced

from engine import Settings, Workspace
from engine.doors.http.certificates.authority import kept_certificate
from engine.doors.http.certificates.bundle import VARIABLES
from engine.doors.http.certificates.names import LOCAL
from engine.doors.http.server import BackgroundServer
from engine.optional import is_installed
from engine.store.layout import Layout

needs("https")
ENVIRONMENT = {"VITRINE_ENCODER": "hashed", "VITRINE_TOKEN": CREDENTIALS.token}
ENDPOINTS = "/api/2.0/vector-search/endpoints"
# What each program does with a host and a token; it pastes the scheme itself, as many do.
PROGRAMS = {
    "urllib": f"""
import urllib.request
asked = urllib.request.Request("https://" + host + "{ENDPOINTS}", headers=headers)
print(json.load(urllib.request.urlopen(asked)))
""",
    "httpx": f"""
import httpx
print(httpx.get("https://" + host + "{ENDPOINTS}", headers=headers).json())
""",
    "requests": f"""
import requests
print(requests.get("https://" + host + "{ENDPOINTS}", headers=headers).json())
""",
    "aiohttp": f"""
import aiohttp, asyncio
async def main():
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get("https://" + host + "{ENDPOINTS}") as reply:
            print(await reply.json())
asyncio.run(main())
""",
    "databricks.sdk": """
from databricks.sdk import WorkspaceClient
w = WorkspaceClient(host="https://" + host, token=token)
print({"endpoints": [e.as_dict() for e in w.vector_search_endpoints.list_endpoints()]})
""",
    "databricks.sdk, by client id": """
from databricks.sdk import WorkspaceClient
w = WorkspaceClient(host="https://" + host, client_id=sys.argv[3], client_secret=sys.argv[4])
print({"endpoints": [e.as_dict() for e in w.vector_search_endpoints.list_endpoints()]})
""",
    "databricks.ai_search": """
from databricks.ai_search.client import VectorSearchClient
client = VectorSearchClient("https://" + host, personal_access_token=token, disable_notice=True)
print(client.list_endpoints())
""",
}


def need(name: str) -> None:
    if name.startswith("databricks.sdk") or name == "requests":
        needs("sdk")
    elif name == "databricks.ai_search":
        needs("clients")
    elif not is_installed(name.partition(",")[0]):
        skip("needs the extra [clients] (aiohttp): pip install -e '.[clients]'")


def outcome(name: str, ready: dict[str, Any], **variables: str) -> subprocess.CompletedProcess[str]:
    """A program's end; of the machine's own variables it sees none that names authorities."""
    named = ("CA_BUNDLE", "SSL_CERT", "DATABRICKS", "_proxy")
    environ = {k: v for k, v in os.environ.items() if not any(n in k for n in named)}
    start = (
        "import json, sys\nhost, token = sys.argv[1:3]\n"
        "headers = {'Authorization': f'Bearer {token}'}\n"
    )
    client = [ready["token"], ready["client_id"], ready["client_secret"]]
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", start + PROGRAMS[name], ready["netloc"], *client],
        capture_output=True, text=True, timeout=120, check=False, env={**environ, **variables},
    )  # fmt: skip


@pytest.fixture(scope="module", params=["1", "2"])
def ready(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("https") / "w"
    environ = {**os.environ, **ENVIRONMENT}
    options = ("--https", "--quiet", "--workers", request.param)
    with announced(folder, *options, env=environ) as (_, found):
        yield {**found, "netloc": f"127.0.0.1:{found['port']}", "workers": request.param}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_with_a_hard_coded_https_runs(name: str, ready: dict[str, Any]) -> None:
    need(name)
    if ready["workers"] == "2" and name not in ("httpx", "databricks.sdk, by client id"):
        return  # what a client needs of the server is the same
    done = outcome(name, ready, **dict.fromkeys(VARIABLES, ready["ca_bundle"]))
    assert done.returncode == 0 and done.stdout.startswith("{'endpoints': ["), done
    assert done.stderr == ""


def test_without_the_variables_it_does_not(ready: dict[str, Any]) -> None:
    done = outcome("urllib", ready)
    assert done.returncode and "CERTIFICATE_VERIFY_FAILED" in done.stderr


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", socket.gethostname()])
def test_each_of_the_names_is_certified(ready: dict[str, Any], host: str) -> None:
    context = ssl.create_default_context(cafile=ready["ca_bundle"])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    with (
        socket.create_connection(("127.0.0.1", ready["port"]), 30) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        assert secured.version() == "TLSv1.3"


def test_links_that_the_server_writes_are_https(ready: dict[str, Any]) -> None:
    context = ssl.create_default_context(cafile=ready["ca_bundle"])
    headers = {"Authorization": f"Bearer {ready['token']}"}
    with httpx.Client(
        timeout=60, base_url=ready["url"], verify=context, trust_env=False, headers=headers
    ) as c:
        config = c.get("/.well-known/databricks-config").json()
        assert config["oidc_endpoint"] == f"{ready['url']}/oidc"
        found = c.get("/oidc/.well-known/oauth-authorization-server").json()
        assert found["token_endpoint"] == f"{ready['url']}/oidc/v1/token"
        if ready["workers"] == "2":
            return  # links to results need one worker
        asked = {"statement": "SELECT 1 AS a", "warehouse_id": "any",
                 "disposition": "EXTERNAL_LINKS", "format": "JSON_ARRAY"}  # fmt: skip
        reply = c.post("/api/2.0/sql/statements", json=asked, timeout=60).json()
        link = reply["result"]["external_links"][0]["external_link"]
        assert link.startswith(f"{ready['url']}/")
        assert c.get(link).json() == [["1"]]


def test_who_speaks_plainly_gets_no_answer_and_harms_nobody(ready: dict[str, Any]) -> None:
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        urllib.request.urlopen(f"http://{ready['netloc']}/health", timeout=30)
    context = ssl.create_default_context(cafile=ready["ca_bundle"])
    assert httpx.get(f"{ready['url']}/health", verify=context, trust_env=False).status_code == 200


def test_what_is_printed_can_be_typed(tmp_path: Path) -> None:
    environ = {**os.environ, **ENVIRONMENT}
    with announced(tmp_path / "w", "--https", "--quiet", env=environ) as (run, ready):
        run.terminate()
        out, _ = run.communicate(timeout=60)
    assert f"on {ready['url']} " in out and ready["url"].startswith("https://127.0.0.1:")
    for variable in VARIABLES:
        assert f"  {variable}={ready['ca_bundle']}\n" in out
    assert Path(ready["ca_bundle"]).is_absolute()


def test_the_users_own_files_are_served(tmp_path: Path) -> None:
    import trustme

    ca = trustme.CA()
    leaf = ca.create_child_ca().issue_cert("shop.local")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    for pem in leaf.cert_chain_pems:
        pem.write_to_path(tmp_path / "cert.pem", append=True)
    files = ("--certfile", str(tmp_path / "cert.pem"), "--keyfile", str(tmp_path / "key.pem"))
    environ = {**os.environ, **ENVIRONMENT}
    with announced(tmp_path / "w", *files, "--workers", "2", env=environ) as (run, ready):
        context = ssl.create_default_context(cadata=ca.cert_pem.bytes().decode())
        with (
            socket.create_connection(("127.0.0.1", ready["port"]), 30) as plain,
            context.wrap_socket(plain, server_hostname="shop.local") as secured,
        ):
            assert secured.getpeercert()
        run.terminate()
        out, err = run.communicate(timeout=60)
    assert ready["ca_bundle"] is None and "REQUESTS_CA_BUNDLE" not in out
    assert "cert.pem is for shop.local: clients refuse it under another name." in err
    assert not (tmp_path / "w" / "https").exists()


def test_a_host_name_and_ipv6_are_served_too(tmp_path: Path) -> None:
    if not socket.has_ipv6:
        skip("this machine has no IPv6")
    environ = {**os.environ, **ENVIRONMENT}
    given = ("--https", "--quiet", "--host", "::1", "--server-name", "shop.local")
    with announced(tmp_path / "w", *given, env=environ) as (_, ready):
        assert ready["url"] == f"https://[::1]:{ready['port']}"
        context = ssl.create_default_context(cafile=ready["ca_bundle"])
        assert httpx.get(f"{ready['url']}/health", verify=context, trust_env=False).is_success
        with (
            socket.create_connection(("::1", ready["port"]), 30) as plain,
            context.wrap_socket(plain, server_hostname="shop.local") as secured,
        ):
            assert secured.getpeercert()


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")])
def test_a_background_server_serves_https_too(tmp_path: Path, host: str, shown: str) -> None:
    workspace = Workspace(settings=Settings(tmp_path / "w", encoder="hashed"))
    certificate = kept_certificate(Layout(workspace.path), LOCAL)
    assert certificate.bundle is not None
    context = ssl.create_default_context(cafile=str(certificate.bundle))
    with BackgroundServer(workspace, CREDENTIALS, host, certificate=certificate) as server:
        assert server.url.startswith(f"https://{shown}:")
        with httpx.Client(
            timeout=60, base_url=server.url, verify=context, trust_env=False
        ) as client:
            assert client.get("/health").status_code == 200
            assert client.get(ENDPOINTS).status_code == 401


def test_a_server_ends_while_a_client_keeps_its_connection(tmp_path: Path) -> None:
    workspace = Workspace(settings=Settings(tmp_path / "w", encoder="hashed"))
    certificate = kept_certificate(Layout(workspace.path), LOCAL)
    context = ssl.create_default_context(cafile=str(certificate.bundle))
    server = BackgroundServer(workspace, CREDENTIALS, certificate=certificate).__enter__()
    with httpx.Client(base_url=server.url, verify=context, trust_env=False) as kept:
        assert kept.get("/health").status_code == 200
        ending = threading.Thread(target=server.__exit__, args=(None, None, None), daemon=True)
        ending.start()
        ending.join(20)  # asyncio would wait for the client for 30 seconds
        assert not ending.is_alive()
