"""The fixtures, as a project that is installed beside them uses them: its own pytest, in a process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.needs import needs

# Warnings are errors.
SETTINGS = """
[pytest]
addopts = --strict-markers
filterwarnings =
    error
    ignore:databricks-vectorsearch is deprecated:DeprecationWarning
"""
# An application that knows nothing of tests; each function is one way in which such code is written.
APPLICATION = '''
import os

def search_words(index, words):
    """With the package and its default login."""
    from databricks.vector_search.client import VectorSearchClient

    found = VectorSearchClient(disable_notice=True).get_index(index_name=index)
    reply = found.similarity_search(columns=["id"], query_text=words, num_results=2)
    return [row[0] for row in reply["result"]["data_array"]]

def search_vector(index, vector):
    """With the package and a service principal."""
    from databricks.ai_search.client import AISearchClient

    client = AISearchClient(
        workspace_url=os.environ["DATABRICKS_HOST"],
        service_principal_client_id=os.environ["DATABRICKS_CLIENT_ID"],
        service_principal_client_secret=os.environ["DATABRICKS_CLIENT_SECRET"],
    )
    reply = client.get_index(index_name=index).similarity_search(
        columns=["id"], query_vector=vector, num_results=1
    )
    return [row[0] for row in reply["result"]["data_array"]]

def search_by_sdk(index, words, query_type="ANN"):
    """With databricks-sdk."""
    from databricks.sdk import WorkspaceClient

    reply = WorkspaceClient().vector_search_indexes.query_index(
        index, ["id"], query_text=words, num_results=1, query_type=query_type
    )
    return [int(float(row[0])) for row in reply.result.data_array]

def who():
    from databricks.sdk import WorkspaceClient

    return WorkspaceClient().current_user.me().user_name
'''
TEXTS = """
TEXTS = [{"id": 1, "text": "red shirt"}, {"id": 2, "text": "blue boots"}, {"id": 3, "text": "hat"}]
VECTORS = [{"id": 1, "v": [1.0, 0.0], "text": "red"}, {"id": 2, "v": [0.0, 1.0], "text": "blue"}]
"""

# Without the other plugins that may be installed here.
ALONE = ("-p", "no:cacheprovider", "-p", "vitrine")
ALONE_ENVIRONMENT = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}

Project = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Runs pytest over a file of tests in a project of its own; returns the ended process."""

    def run(tests: str, *arguments: str, folder: str = "project", **environment: str) -> object:
        place = tmp_path / folder
        place.mkdir()
        (place / "pytest.ini").write_text(SETTINGS)
        (place / "shop_app.py").write_text(APPLICATION)
        (place / "test_shop.py").write_text(f"import os, pytest, shop_app\n{TEXTS}\n{tests}")
        outside = {
            name: value
            for name, value in ALONE_ENVIRONMENT.items()
            if not name.startswith("DATABRICKS_")
        }
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-v", *ALONE, *arguments],
            cwd=place,
            env={**outside, **environment},
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def check(done: subprocess.CompletedProcess[str], passed: int) -> None:
    """All of so many tests passed, and there was no warning, not even on the way out."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"\n=+ {passed} passed in ", done.stdout), done.stdout
    assert done.stderr == ""


def test_applications_are_tested_unchanged_over_http(project: Project) -> None:
    needs("clients", "sdk")
    tests = """
@pytest.mark.vitrine(auth="token")
def test_managed_embeddings(vitrine):
    index = vitrine.index("main.shop.docs", TEXTS, text_column="text")
    assert shop_app.search_words(index.name, "red shirts")[0] == 1
    assert os.environ["DATABRICKS_TOKEN"] == vitrine.token
    assert "DATABRICKS_CLIENT_ID" not in os.environ

def test_vectors_of_ones_own(vitrine):
    vitrine.index("main.shop.shirts", VECTORS)
    assert shop_app.search_vector("main.shop.shirts", [0.0, 1.0]) == [2]

def test_direct_access(vitrine):
    index = vitrine.direct_index("main.shop.live", VECTORS)
    assert shop_app.search_vector(index.name, [0.0, 1.0]) == [2]
    index.upsert([{"id": 3, "v": [-1.0, 0.0]}])
    assert shop_app.search_vector(index.name, [-1.0, 0.0]) == [3]
    texts = ["red shirt", "blue boots"]
    model = "databricks-gte-large-en"
    vectors = vitrine.workspace.serving.encoder(model).encode_texts(texts)
    rows = [{"id": n, "v": vector} for n, vector in enumerate(vectors)]
    vitrine.direct_index("main.shop.query", rows, model=model)
    assert shop_app.search_by_sdk("main.shop.query", "boots") == [1]
    empty = vitrine.direct_index(
        "main.shop.empty", schema={"id": "int", "v": "array<float>"}, vector_column="v", dimension=2
    )
    assert empty.upsert(VECTORS[:0])["result"] == {"success_row_count": 0}

def test_the_sdk(vitrine):
    vitrine.index("main.shop.docs", TEXTS, text_column="text")
    vitrine.index("main.shop.words", TEXTS, index_subtype="FULL_TEXT", endpoint="big")
    assert shop_app.search_by_sdk("main.shop.docs", "blue boot") == [2]
    assert shop_app.search_by_sdk("main.shop.words", "hat", "FULL_TEXT") == [3]
    assert shop_app.who()
    assert os.environ["DATABRICKS_WORKSPACE_URL"] == vitrine.url
"""
    # What a developer's machine has must not lead the clients elsewhere.
    done = project(
        tests,
        DATABRICKS_HOST="https://real.cloud.example",
        DATABRICKS_TOKEN="dapi-real",
        DATABRICKS_CONFIG_PROFILE="production",
        DATABRICKS_AUTH_TYPE="azure-cli",
        ARM_CLIENT_SECRET="x",
        HTTP_PROXY="http://127.0.0.1:9",
        http_proxy="http://127.0.0.1:9",
    )
    check(done, 4)


def test_profiles_of_the_home_directory_are_not_read(project: Project, tmp_path: Path) -> None:
    needs("clients", "sdk")
    (tmp_path / ".databrickscfg").write_text(
        "[DEFAULT]\nhost = https://real.cloud.example\ntoken = dapi-real\n"
    )
    tests = """
@pytest.mark.parametrize("auth", ["oauth", "token"])
def test_login(request, auth):
    request.node.add_marker(pytest.mark.vitrine(auth=auth))
    request.getfixturevalue("vitrine")
    assert shop_app.who()
"""
    check(project(tests, HOME=str(tmp_path)), 2)


def test_the_environment_and_the_port_are_as_before(project: Project) -> None:
    needs("clients", "sdk")
    tests = """
import socket, threading
seen = {}

@pytest.fixture
def environment():
    before, threads = dict(os.environ), set(threading.enumerate())
    yield
    after = dict(os.environ)
    for found in (before, after):  # mlflow, which a package loads, has one of its own
        found.pop("PYTEST_CURRENT_TEST"), found.pop("_MLFLOW_TELEMETRY_SESSION_ID", None)
    assert after == before
    left = {thread for thread in threading.enumerate() if thread.name == "vitrine-server"}
    assert not left
    host, _, port = seen["url"].removeprefix("http://").partition(":")
    with socket.socket() as probe:
        assert probe.connect_ex((host, int(port))) != 0
        probe.close()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((host, int(port)))

def test_one(environment, vitrine):
    seen["url"] = vitrine.url
    vitrine.index("main.shop.i", VECTORS)
    assert shop_app.search_vector("main.shop.i", [0.0, 1.0]) == [2]

def test_another_finds_nothing_of_the_first(vitrine):
    assert vitrine.url.startswith("http://127.0.0.1:")
    assert not vitrine.workspace.index_exists("main.shop.i")
"""
    done = project(tests, DATABRICKS_HOST="https://real.cloud.example", NO_PROXY="a.example")
    check(done, 2)


def test_servers_of_several_runs_side_by_side(project: Project) -> None:
    needs("clients", "sdk")
    tests = """
@pytest.mark.parametrize("number", range(3))
def test_it(vitrine, number):
    vitrine.direct_index("main.shop.i", [{"id": number, "v": [1.0, 0.0]}])
    assert shop_app.search_vector("main.shop.i", [1.0, 0.0]) == [number]
"""
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(project, tests, folder=f"run{number}") for number in range(2)]
    for run in runs:
        check(run.result(), 3)


def test_the_mock_needs_no_port(project: Project) -> None:
    needs("clients", "sdk")
    tests = """
import socket, sys

def test_it(vitrine_mock, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "bind", refuse)
    index = vitrine_mock.index("main.shop.docs", TEXTS, text_column="text")
    assert shop_app.search_words(index.name, "boots")[0] == 2
    assert "engine.doors.http" not in sys.modules

def test_afterwards():
    assert "databricks.vector_search" not in sys.modules
"""
    check(project(tests), 2)


def test_a_workspace_alone(project: Project) -> None:
    tests = """
import subprocess, sys

def test_it(vitrine_workspace, tmp_path):
    vitrine_workspace.create_endpoint("e")
    assert vitrine_workspace.settings.encoder == "hashed"
    assert vitrine_workspace.encoder().name == "hashed"
    assert not list(tmp_path.iterdir())

def test_another(vitrine_workspace):
    assert vitrine_workspace.list_endpoints() == []
"""
    check(project(tests), 2)


def test_workspaces_can_be_kept(project: Project, tmp_path: Path) -> None:
    tests = """
@pytest.mark.parametrize("case", ["a/b", ".."])
def test_it(vitrine_workspace, case):
    vitrine_workspace.create_endpoint("e")
"""
    kept = tmp_path / "kept"
    for number in (1, 2):
        check(project(tests, "--vitrine-workspace", str(kept), folder=f"run{number}"), 2)
    names = {"test_it_a_b_", "test_it_"}
    assert {path.name for path in kept.iterdir()} == names | {f"{name}-2" for name in names}
    done = project(tests, "-o", "vitrine_workspace=inside", folder="run3")
    check(done, 2)
    assert {path.name for path in (tmp_path / "run3" / "inside").iterdir()} == names


@pytest.mark.parametrize("arguments", ['auth="pat"', 'login="token"', '"token", "oauth"'])
def test_a_marker_that_means_nothing_is_refused(project: Project, arguments: str) -> None:
    done = project(f"@pytest.mark.vitrine({arguments})\ndef test_it(vitrine):\n    pass\n")
    assert done.returncode != 0
    assert re.search(r'expected (auth="any" or auth="oauth"|auth, encoder, endpoint)', done.stdout)


def test_parts_that_do_not_go_together_are_named(project: Project) -> None:
    tests = """
from engine import InvalidInputException

@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda v: v.index("i"), "needs rows, or source_table="),
        (lambda v: v.index("i", TEXTS), "rows have 0 columns with lists of floats, of id, text"),
        (lambda v: v.index("i", [{"id": 1, "v": [1.0], "w": [1.0]}]), "2 columns"),
        (lambda v: v.index("i", []), "empty list"),
        (lambda v: v.direct_index("i"), "needs schema=, dimension= and vector_column="),
        (
            lambda v: v.direct_index("i", [*VECTORS, {"id": 3, "v": [1.0]}]),
            "rows with these keys don't fit index main.fashion_demo.i: 3",
        ),
    ],
)
def test_it(vitrine_mock, call, words):
    with pytest.raises(InvalidInputException, match=words):
        call(vitrine_mock)

def test_a_table_that_is_there(vitrine_mock):
    assert vitrine_mock.table("mine", VECTORS) == "main.fashion_demo.mine"
    index = vitrine_mock.index("i", source_table="mine", columns_to_sync=["id"])
    again = vitrine_mock.index("j", VECTORS, source_table="other", vector_column="v")
    assert index.name == "main.fashion_demo.i"
    assert again.describe()["delta_sync_index_spec"]["source_table"] == "main.fashion_demo.other"
    found = index.similarity_search(columns=["id"], query_vector=[1.0, 0.0])
    assert found["result"]["row_count"] == 2
"""
    check(project(tests), 7)


HEAVY = {
    "PIL", "click", "databricks", "duckdb", "faiss", "fastapi", "numpy", "onnxruntime", "pandas",
    "pyarrow", "requests", "starlette", "torch", "tqdm", "uvicorn",
}  # fmt: skip


def test_the_plugin_loads_nothing_heavy_into_runs_that_do_not_use_it(tmp_path: Path) -> None:
    code = (
        "import json, sys, pytest\n"
        "before = set(sys.modules)\n"
        "import vitrine_search.pytest_plugin\n"
        "added = set(sys.modules) - before\n"
        "print(json.dumps(sorted({name.split('.')[0] for name in added})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    added = set(json.loads(done.stdout))
    assert added - set(sys.stdlib_module_names) <= {
        "vitrine_search"
    }  # an editable install has it before

    (tmp_path / "test_nothing.py").write_text(
        "import sys\n\ndef test_it(pytestconfig):\n"
        "    assert pytestconfig.pluginmanager.has_plugin('vitrine')\n"
        f"    assert not set({sorted(HEAVY)!r}) & sys.modules.keys()\n"
    )
    run = [sys.executable, "-m", "pytest", "-q", *ALONE, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path, env=ALONE_ENVIRONMENT)
    assert done.returncode == 0, done.stdout


def test_an_installed_plugin_is_found_by_itself_and_describes_itself(tmp_path: Path) -> None:
    def shown(option: str) -> str:
        run = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", option]
        return subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False).stdout

    assert "--vitrine-workspace=DIR" in shown("--help")
    fixtures = shown("--fixtures")
    for name in ("vitrine", "vitrine_mock", "vitrine_workspace"):
        assert re.search(rf"^{name} -- .*pytest_plugin\.py", fixtures, re.M), fixtures
    assert "@pytest.mark.vitrine(auth=" in shown("--markers")
