"""The mock: the client packages' modules, bound to a workspace; every module as before afterwards."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.needs import needs

import engine
from engine import InvalidInputException, NotFound, Workspace, mock

MODULES = ("client", "index", "async_index", "reranker", "exceptions", "utils")
PACKAGES = ("databricks.ai_search", "databricks.vector_search")


def state() -> dict[str, object]:
    """Everything that a mock may change: modules by name, and the parent's attributes."""
    modules = {
        name: module for name, module in sys.modules.items() if name.startswith("databricks")
    }
    parent = modules.get("databricks")
    return {**modules, **{f".{name}": value for name, value in vars(parent or object).items()}}


@pytest.fixture(params=["real packages loaded", "real packages not loaded"])
def before(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The state before a mock, with the real packages loaded or only installed."""
    needs("clients")
    importlib.import_module("databricks")
    if "not" in request.param:
        for name in [n for n in sys.modules if n.startswith(PACKAGES)]:
            monkeypatch.delitem(sys.modules, name)
        for package in PACKAGES:
            monkeypatch.delattr(package, raising=False)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            for package in PACKAGES:
                importlib.import_module(f"{package}.client")
    yield state()


def import_client() -> Any:
    return importlib.import_module("databricks.vector_search.client").VectorSearchClient


def test_inside_the_classes_are_the_engines_and_outside_everything_is_as_before(
    before: dict[str, object], workspace: Workspace
) -> None:
    with mock(workspace) as given:
        assert given is workspace
        from databricks.ai_search.client import AISearchClient
        from databricks.vector_search.client import VectorSearchClient
        from databricks.vector_search.exceptions import ResourceDoesNotExist
        from databricks.vector_search.index import VectorSearchIndex

        assert VectorSearchClient is AISearchClient
        assert issubclass(VectorSearchClient, engine.VectorSearchClient)
        client = VectorSearchClient()
        assert client.workspace is workspace
        client.create_endpoint("e")
        index = client.create_direct_access_index(
            "e", "main.a.i", "id", 2, "v", {"id": "long", "v": "array<float>"}
        )
        assert isinstance(index, VectorSearchIndex)
        with pytest.raises(ResourceDoesNotExist):
            client.get_index(index_name="main.a.j")
    assert state() == before
    assert workspace.index_exists("main.a.i")


def test_an_exception_inside_restores_too(before: dict[str, object]) -> None:
    paths = []
    with pytest.raises(NotFound), mock() as workspace:
        workspace.create_endpoint("e")
        paths.append(workspace.path)
        assert workspace.path.is_dir()
        import_client()().get_endpoint("f")
    assert not paths[0].exists()
    assert state() == before


def test_nested_mocks(before: dict[str, object], tmp_path: Path) -> None:
    with mock(tmp_path / "outer") as outer:
        outside = state()
        with mock(str(tmp_path / "inner")) as inner:
            assert import_client()().workspace is inner
            assert inner.path == tmp_path / "inner"
        assert state() == outside
        assert import_client()().workspace is outer
        assert import_client()(workspace=inner).workspace is inner
    assert state() == before


def test_one_mock_can_be_entered_again(workspace: Workspace) -> None:
    once = mock()
    with once as first, once as second:
        assert first is not second
        assert import_client()().workspace is second
    with once as third:
        assert third.path not in (first.path, second.path)


def test_mocks_of_two_threads_may_overlap(before: dict[str, object]) -> None:
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with mock():
            entered.set()
            leave.wait(30)

    thread = threading.Thread(target=other)
    with mock():
        thread.start()
        assert entered.wait(30)
    # This thread's mock, which began first, is left while the other's goes on.
    assert import_client()().workspace.settings.encoder == "hashed"
    leave.set()
    thread.join()
    assert state() == before


def test_as_a_decorator_each_call_has_its_own_workspace(before: dict[str, object]) -> None:
    @mock()
    def application(name: str) -> list[str]:
        """Makes an endpoint."""
        client = import_client()()
        client.create_endpoint(name)
        return [endpoint["name"] for endpoint in client.list_endpoints()["endpoints"]]

    assert application.__doc__ == "Makes an endpoint."
    assert application("a") == ["a"]
    assert application(name="b") == ["b"]
    assert state() == before


def test_as_a_decorator_of_async_code(before: dict[str, object], workspace: Workspace) -> None:
    @mock(workspace)
    async def application() -> dict[str, Any]:
        from databricks.vector_search.async_index import AsyncVectorSearchIndex

        client = import_client()()
        client.create_endpoint("e")
        client.create_direct_access_index(
            "e", "main.a.i", "id", 2, "v", {"id": "long", "v": "array<float>"}
        )
        index = client.get_async_index(index_name="main.a.i")
        assert isinstance(index, AsyncVectorSearchIndex)
        await index.upsert([{"id": 1, "v": [1.0, 0.0]}])
        return await index.similarity_search(columns=["id"], query_vector=[1.0, 0.0])

    assert inspect.iscoroutinefunction(application)
    assert asyncio.run(application())["result"]["row_count"] == 1
    assert state() == before


@pytest.mark.parametrize("wrong", [5, test_nested_mocks, Workspace])
def test_what_is_no_workspace_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidInputException, match="expected a Workspace"):
        mock(wrong)


def test_classes_and_generators_are_not_decorated() -> None:
    def generator() -> Iterator[int]:
        yield 1

    for wrong in (Workspace, generator, 5):
        with pytest.raises(InvalidInputException, match="expected a function"):
            mock()(wrong)


def test_each_import_gives_the_class_of_its_time() -> None:
    needs("clients")
    from databricks.ai_search.client import AISearchClient

    with mock():
        from databricks.ai_search.client import AISearchClient as Inside

        assert Inside is not AISearchClient
    from databricks.ai_search.client import AISearchClient as Again

    assert Again is AISearchClient


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("name", MODULES)
def test_the_modules_have_the_public_names_of_the_packages(package: str, name: str) -> None:
    needs("clients")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        real = importlib.import_module(f"{package}.{name}")
    wanted = {
        key
        for key, value in vars(real).items()
        if inspect.isclass(value)
        and value.__module__.startswith("databricks.")
        and not key.endswith("Utils")  # the transport's own
    }
    if name == "client" and package == PACKAGES[1]:
        wanted.add("TARGET_QPS_RESET_TO_DEFAULT")
    with mock():
        module = importlib.import_module(f"{package}.{name}")
        assert module is not real
        assert wanted <= set(vars(module))
        assert importlib.util.find_spec(module.__name__) is module.__spec__
        assert getattr(sys.modules[package], name) is module


def test_what_the_mock_does_not_offer_is_no_module_and_the_sdk_is_there() -> None:
    needs("clients", "sdk")
    with mock():
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("databricks.vector_search.async_utils")
        with pytest.raises(ImportError, match="OAuthTokenUtils"):
            exec("from databricks.ai_search.utils import OAuthTokenUtils")
        assert importlib.import_module("databricks.sdk").WorkspaceClient


NOT_INSTALLED = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "databricks":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
import engine
with engine.mock() as workspace:
    from databricks.vector_search.client import VectorSearchClient
    import databricks.ai_search.exceptions as exceptions
    assert VectorSearchClient().workspace is workspace
    assert exceptions.NotFound is engine.NotFound
assert not [name for name in sys.modules if name.startswith("databricks")]
try:
    import databricks.vector_search
except ModuleNotFoundError:
    print("gone")
sys.modules["databricks"] = None
with engine.mock():
    import databricks.ai_search.client
assert sys.modules["databricks"] is None
"""


def test_without_the_packages_all_of_it_is_made_and_taken_away() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", NOT_INSTALLED], capture_output=True, text=True
    )
    assert done.stdout == "gone\n", done.stderr
