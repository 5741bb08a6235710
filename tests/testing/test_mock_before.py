"""The mock and an application that imported the real packages before it, with the user's own login."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import importlib
import os
import socket
import sys
import threading
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
import requests
from support.needs import needs

from engine import InvalidState, VitrineError, Workspace, mock
from engine.doors.testing.mirrors import Mirror

REAL_HOST = "https://real.cloud.databricks.com"
LOGIN = {
    "DATABRICKS_HOST": REAL_HOST,
    "DATABRICKS_TOKEN": "dapi-real",
    "DATABRICKS_CLIENT_ID": "real",
    "DATABRICKS_CLIENT_SECRET": "real",
    "DATABRICKS_CONFIG_PROFILE": "production",
    "DATABRICKS_CONFIG_FILE": "/home/somebody/.databrickscfg",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
APPLICATION = """
import databricks.ai_search.client as search
from databricks.ai_search.client import AISearchClient
from databricks.sdk import WorkspaceClient as SDK
from databricks.vector_search.client import VectorSearchClient as Client
from databricks.vector_search.exceptions import NotFound

class Shop:
    client_class = Client

def by_default(make=SDK):
    return make(host="https://real.cloud.databricks.com", token="dapi-real")

def missing(client):
    try:
        client.get_index(index_name="main.a.none")
    except NotFound as error:
        return error.message
"""
NAMES = ("search", "AISearchClient", "SDK", "Client", "NotFound")


@pytest.fixture(autouse=True)
def login(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in LOGIN.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The older package's remark that it is deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ModuleType]:
    """Imports source text as a module."""
    needs("clients", "sdk")
    monkeypatch.syspath_prepend(str(tmp_path))

    def imported(name: str, source: str = APPLICATION) -> ModuleType:
        (tmp_path / f"{name}.py").write_text(source)
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, name, raising=False)
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return imported


@pytest.fixture
def application(load: Callable[..., ModuleType]) -> ModuleType:
    return load("shop_imported_before")


def everything(application: ModuleType) -> dict[str, object]:
    """What a mock may change: the environment, names of modules, real classes, sockets."""
    owners = [
        application,
        *(m for n, m in sys.modules.items() if n.startswith("databricks")),
        *(socket, socket.socket, http.client.HTTPConnection),
        *(sys.modules["databricks.sdk"].WorkspaceClient, application.Client),
    ]
    found: dict[str, object] = {"environment": dict(os.environ), "finders": list(sys.meta_path)}
    for owner in owners:
        found[repr(owner)] = dict(vars(owner))
    return found


def test_names_that_were_imported_before_are_bound_anew_and_given_back(
    application: ModuleType, workspace: Workspace
) -> None:
    before = everything(application)
    real = {name: getattr(application, name) for name in NAMES}
    with mock(workspace):
        client = application.Client(workspace_url=REAL_HOST, personal_access_token="x")
        assert client.workspace is workspace
        client.create_endpoint("e")
        assert isinstance(client, application.Client)
        assert "not found" in application.missing(client)
        assert application.search.AISearchClient().workspace is workspace
        assert application.AISearchClient().workspace is workspace
        sdk = application.SDK(profile="production")
        assert [e.name for e in sdk.vector_search_endpoints.list_endpoints()] == ["e"]
        # Held under no name of a module.
        assert application.Shop.client_class().workspace is workspace
        assert application.by_default().workspace is workspace
        assert real["Client"](disable_notice=True).workspace is workspace
    assert everything(application) == before
    assert {name: getattr(application, name) for name in NAMES} == real


def test_what_is_imported_during_the_mock_holds_the_real_names_afterwards(
    load: Callable[..., ModuleType], application: ModuleType, workspace: Workspace
) -> None:
    source = f"from engine import InvalidState, NotFound as Ours\n{APPLICATION}"
    source += "from databricks.ai_search.index import *\n"
    with mock(workspace):
        late = load("shop_imported_during", source)
        assert late.Client().workspace is workspace
        assert late.SDK().workspace is workspace
        assert late.NotFound is late.Ours
    for name in NAMES:
        assert getattr(late, name) is getattr(application, name)
    assert late.Ours is not late.NotFound
    assert late.InvalidState is InvalidState
    assert late.AISearchIndex is sys.modules["databricks.ai_search.index"].AISearchIndex


def test_nested_mocks_bind_the_names_each_in_its_turn(
    load: Callable[..., ModuleType], application: ModuleType
) -> None:
    before = everything(application)
    with mock() as outer:
        during = load("shop_imported_between")
        with pytest.raises(KeyError), mock() as inner:
            for module in (application, during):
                assert module.Client().workspace is inner
                assert module.SDK().workspace is inner
                assert module.Shop.client_class().workspace is inner or module is during
            raise KeyError
        for module in (application, during):
            assert module.Client().workspace is outer
            assert module.SDK().workspace is outer
    assert everything(application) == before
    assert during.Client is application.Client


def test_mocks_of_threads_and_tasks_that_overlap_leave_nothing_behind(
    application: ModuleType,
) -> None:
    before = everything(application)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                with mock() as mine:
                    assert application.Client(workspace=mine).workspace is mine
                    application.Client().list_endpoints()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures

    async def task(turn: asyncio.Event, then: asyncio.Event) -> None:
        with mock():
            then.set()
            await turn.wait()
            application.Client().list_endpoints()

    async def overlapping() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        await asyncio.gather(task(second, first), task(first, second))

    asyncio.run(overlapping())
    assert everything(application) == before


def test_a_client_that_was_made_before_is_refused_by_name(application: ModuleType) -> None:
    client = application.Client(REAL_HOST, "dapi-real", disable_notice=True)
    sdk = application.SDK.__new__(application.SDK)  # without asking its host who it is
    derived = type("OwnClient", (application.Client,), {})
    with mock():
        for use in (lambda: client.list_endpoints(), lambda: client.token, lambda: sdk.clusters):
            with pytest.raises(InvalidState, match="made before vitrine's mock began"):
                use()
        with pytest.raises(InvalidState, match="OwnClient is made of the package's own"):
            derived(REAL_HOST, "dapi-real")
    assert client.workspace_url == REAL_HOST
    assert type(derived(REAL_HOST, "dapi-real", disable_notice=True)) is derived


def test_the_environment_is_a_stand_in_for_the_time() -> None:
    before = dict(os.environ)
    with mock():
        assert os.environ["DATABRICKS_HOST"].endswith(".invalid")
        for name in ("DATABRICKS_TOKEN", "DATABRICKS_CLIENT_ID", "DATABRICKS_CLIENT_SECRET"):
            assert os.environ[name] == "vitrine-mock"
        assert "DATABRICKS_CONFIG_PROFILE" not in os.environ
        assert os.environ["DATABRICKS_CONFIG_FILE"] == os.devnull
        assert "HTTPS_PROXY" not in os.environ
        os.environ["DATABRICKS_HOST"] = "https://other.example"
    assert dict(os.environ) == before


async def _by_httpx() -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        await client.get(REAL_HOST)


def _by_uvloop() -> None:
    uvloop = pytest.importorskip("uvloop")
    uvloop.new_event_loop().run_until_complete(_by_httpx())


def _datagram(address: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", address)


PROXY = ""  # one that takes connections, on this machine


@pytest.fixture(autouse=True, scope="module")
def _proxy() -> Iterator[None]:
    global PROXY
    with socket.create_server(("127.0.0.1", 0)) as listener:
        PROXY = "http://127.0.0.1:{1}".format(*listener.getsockname())
        yield


CALLS: dict[str, Callable[[], Any]] = {
    "requests": lambda: requests.get(f"{REAL_HOST}/api/2.0"),
    "requests by a proxy here": lambda: requests.get(REAL_HOST, proxies={"https": PROXY}),
    "plain, by a proxy here": lambda: requests.get("http://a.example/", proxies={"http": PROXY}),
    "httpx by a proxy here": lambda: httpx.get(REAL_HOST, proxy=PROXY),
    "httpx plain, by a proxy here": lambda: httpx.get("http://a.example/", proxy=PROXY),
    "requests, an address": lambda: requests.get("http://10.1.2.3:8080/"),
    "httpx": lambda: httpx.get(REAL_HOST),
    "httpx in asyncio": lambda: asyncio.run(_by_httpx()),
    "httpx in uvloop": _by_uvloop,
    "urllib": lambda: urllib.request.urlopen("http://a.example/x"),
    "http.client": lambda: http.client.HTTPSConnection("a.example").request("GET", "/"),
    "a socket": lambda: socket.create_connection(("2001:db8::1", 443), 1),
    "a datagram": lambda: _datagram(("192.0.2.1", 53)),
    "a look-up": lambda: socket.gethostbyname("a.example"),
    "bytes": lambda: socket.getaddrinfo(b"a.example", 80),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_to_another_machine_is_refused_with_its_name(name: str) -> None:
    with mock(), pytest.raises(VitrineError, match="vitrine's mock is on") as caught:
        CALLS[name]()
    message = caught.value.message
    hosts = ("real.cloud.databricks.com", "a.example", "10.1.2.3", "2001:db8::1", "192.0.2.1")
    assert any(host in message for host in hosts)
    assert "outside the mock" in message


class Elsewhere(socket.socket):
    """A socket whose other end says that it is another machine."""

    def getpeername(self) -> tuple[str, int]:
        return ("192.0.2.1", 443)


def _opened(listener: socket.socket) -> Elsewhere:
    return Elsewhere(fileno=socket.create_connection(listener.getsockname()).detach())


def _by_http_client(opened: socket.socket) -> None:
    connection = http.client.HTTPConnection("192.0.2.1")
    connection.sock = opened
    connection.request("POST", "/", b"x")


async def _by_asyncio(opened: socket.socket) -> None:
    opened.setblocking(False)
    await asyncio.get_running_loop().sock_sendall(opened, b"x")


SENDS: dict[str, Callable[[socket.socket], Any]] = {
    "send": lambda opened: opened.send(b"x"),
    "sendall": lambda opened: opened.sendall(b"x"),
    "sendmsg": lambda opened: opened.sendmsg([b"x", b"y"]),
    "http.client": _by_http_client,
    "asyncio": lambda opened: asyncio.run(_by_asyncio(opened)),
}


@pytest.mark.parametrize("name", SENDS)
def test_nothing_is_sent_on_a_connection_that_was_opened_before(name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, _opened(listener) as opened:
        with mock(), pytest.raises(VitrineError, match=r"192\.0\.2\.1:443 was refused"):
            SENDS[name](opened)
        accepted = listener.accept()[0]
        opened.close()
        with accepted:
            assert accepted.recv(9) == b""


@pytest.mark.parametrize("buffers", [(b"he", b"re"), iter([b"he", b"re"])])
def test_pieces_of_a_message_are_no_address(buffers: Any) -> None:
    with mock(), socket.create_server(("127.0.0.1", 0)) as listener:
        with socket.create_connection(listener.getsockname()) as client:
            client.sendmsg(buffers)
        with listener.accept()[0] as accepted:
            assert accepted.recv(4) == b"here"


def test_calls_to_this_machine_go_on_and_those_held_on_to_work_afterwards() -> None:
    def answer(listener: socket.socket) -> None:
        with listener.accept()[0] as accepted:
            accepted.sendall(b"here")

    with mock(), socket.create_server(("127.0.0.1", 0)) as listener:
        held = socket.getaddrinfo
        thread = threading.Thread(target=answer, args=(listener,))
        thread.start()
        with socket.create_connection(("localhost", listener.getsockname()[1]), 10) as client:
            assert client.recv(4) == b"here"
        thread.join()
        assert socket.getaddrinfo("::1", 80)
    assert held is not socket.getaddrinfo
    assert held("127.0.0.1", 80) == socket.getaddrinfo("127.0.0.1", 80)
    assert "connect" not in vars(socket.socket)


def test_a_client_that_is_kept_from_one_mock_is_refused_in_the_next_and_afterwards() -> None:
    needs("sdk")

    def made() -> list[Callable[[], object]]:
        from databricks.sdk import WorkspaceClient
        from databricks.vector_search.client import VectorSearchClient

        client, sdk = VectorSearchClient(), WorkspaceClient()
        index = client.get_index(index_name="main.shop.docs")
        awaited = client.get_async_index(index_name="main.shop.docs")
        words: dict[str, Any] = {"columns": ["id"], "query_text": "a", "query_type": "FULL_TEXT"}
        return [
            client.list_endpoints,
            lambda: list(sdk.vector_search_endpoints.list_endpoints()),
            lambda: index.similarity_search(**words),
            lambda: asyncio.run(awaited.similarity_search(**words)),
        ]

    with mock() as workspace:
        Mirror(workspace).index("main.shop.docs", [{"id": 1, "text": "a"}], text_column="text")
        calls = made()
        with mock():
            for call in calls:
                assert call(), "the outer one has not ended"
    for again in (mock(), contextlib.nullcontext()):
        with again:
            for call in calls:
                with pytest.raises(
                    InvalidState, match=r"a mock of vitrine that has ended.*lru_cache"
                ):
                    call()
