"""The fixtures' settings, three ways to sign in with the README's example, faults in a project."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.needs import needs

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ALONE = ("-p", "no:cacheprovider", "-p", "vitrine")
WAYS = {
    "without arguments": "VectorSearchClient()",
    "token": (
        "VectorSearchClient(workspace_url=os.environ['DATABRICKS_HOST'], "
        "personal_access_token=os.environ['DATABRICKS_TOKEN'])"
    ),
    "client id and secret": (
        "VectorSearchClient(workspace_url=os.environ['DATABRICKS_HOST'], "
        "service_principal_client_id=os.environ['DATABRICKS_CLIENT_ID'], "
        "service_principal_client_secret=os.environ['DATABRICKS_CLIENT_SECRET'])"
    ),
}
STRICT = {"any": WAYS, "token": list(WAYS)[:2], "oauth": list(WAYS)[2:]}


def example(name: str) -> str:
    """A file that the README's "Test in CI" shows."""
    section = README.partition("\n## Test in CI")[2]
    (found,) = re.findall(rf"```python\n(# {re.escape(name)}\n.*?)```", section, re.DOTALL)
    return str(found)


def run(folder: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """pytest over files of a project, in a process of its own, by the plugin alone."""
    for name, content in files.items():
        (folder / name.replace("_ini", ".ini")).write_text(content) if name.endswith("_ini") else (
            folder / f"{name}.py"
        ).write_text(content)
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("DATABRICKS_", "VITRINE_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *ALONE, *arguments],
        cwd=folder,
        env={**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def passed(done: subprocess.CompletedProcess[str], count: int) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{count} passed" in done.stdout


@pytest.mark.parametrize("fixture", ["vitrine", "vitrine_mock"])
def test_the_readmes_example_as_typed_with_each_way_to_sign_in(
    tmp_path: Path, fixture: str
) -> None:
    needs("clients", "sdk")
    application, test = example("my_search.py"), example("test_my_search.py")
    assert "VectorSearchClient()" in application and "vitrine_mock" in test
    files = {"my_search": application, "test_my_search": test.replace("vitrine_mock", fixture)}
    for number, call in enumerate(WAYS.values()):
        changed = "import os\n" + application.replace("VectorSearchClient()", call)
        files[f"my_search{number}"] = changed
        again = test.replace("vitrine_mock", fixture).replace("my_search", f"my_search{number}", 3)
        files[f"test_my_search{number}"] = again
    passed(run(tmp_path, **files), 1 + len(WAYS))


def test_all_clients_sign_in_at_once_and_strictly_with_what_is_set(tmp_path: Path) -> None:
    needs("clients", "sdk")
    tests = ["import os, pytest"]
    for auth, ways in STRICT.items():
        for way in ways:
            tests.append(
                f"""
@pytest.mark.vitrine(auth="{auth}")
def test_{auth}_{way.replace(" ", "_")}(vitrine):
    from databricks.sdk import WorkspaceClient
    from databricks.vector_search.client import VectorSearchClient

    vitrine.workspace.create_endpoint("e")
    assert {WAYS[way]}.get_endpoint("e")["name"] == "e"
    assert WorkspaceClient().current_user.me().user_name
    assert ("DATABRICKS_TOKEN" in os.environ) == ({auth!r} != "oauth")
    assert ("DATABRICKS_CLIENT_ID" in os.environ) == ({auth!r} != "token")
"""
            )
    done = run(tmp_path, test_ways="\n".join(tests))
    passed(done, 6)


SETTINGS = """
[pytest]
vitrine_auth = token
vitrine_encoder = embedded
vitrine_endpoint = shop STORAGE_OPTIMIZED
vitrine_pace = 0.5
"""


def test_settings_of_the_ini_file_and_markers_that_win_over_them(tmp_path: Path) -> None:
    needs("clients", "sdk")
    tests = """
import os
import pytest

ROWS = [{"id": 1, "v": [1.0] * 16}]

def test_settings(vitrine):
    assert "DATABRICKS_CLIENT_ID" not in os.environ and "DATABRICKS_TOKEN" in os.environ
    settings = vitrine.workspace.settings
    assert (settings.encoder, settings.pace) == ("embedded", "0.5")
    assert vitrine.workspace.get_endpoint("shop")["endpoint_type"] == "STORAGE_OPTIMIZED"

@pytest.mark.vitrine(pace="instant")
def test_mock(vitrine_mock):
    assert vitrine_mock.workspace.settings.encoder == "embedded"
    assert vitrine_mock.index("main.shop.i", ROWS).endpoint_name == "shop"
    made = vitrine_mock.direct_index("main.shop.j", ROWS, endpoint="other")
    assert made.endpoint_name == "other"

@pytest.mark.vitrine(encoder="hashed", endpoint="mine", pace=2)
class TestMarked:
    @pytest.mark.vitrine("oauth", pace="cloud")
    def test_nearest_first(self, vitrine):
        assert "DATABRICKS_TOKEN" not in os.environ
        settings = vitrine.workspace.settings
        assert (settings.encoder, settings.pace) == ("hashed", "cloud")
        assert [e["name"] for e in vitrine.workspace.list_endpoints()] == ["mine"]

    def test_class(self, vitrine_workspace):
        assert vitrine_workspace.settings.pace == "2"
"""
    passed(run(tmp_path, pytest_ini=SETTINGS, test_it=tests), 4)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("auth", "pat", 'expected auth="any" or auth="oauth" or auth="token"'),
        ("pace", "slow", "expected instant, cloud, or seconds"),
        ("pace", "-1", "expected instant, cloud, or seconds"),
        ("pace", "nan", "expected instant, cloud, or seconds"),
        ("endpoint", "shop LARGE", "behind a blank, STANDARD or STORAGE_OPTIMIZED"),
        ("endpoint", "shop STANDARD x", "expected a name and a type"),
    ],
)
def test_settings_that_mean_nothing_are_usage_errors(
    tmp_path: Path, name: str, value: str, words: str
) -> None:
    done = run(tmp_path, "-o", f"vitrine_{name}={value}", test_it="def test_it(): pass\n")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"the setting vitrine_{name}" in done.stderr and words in done.stderr
    test = f"import pytest\n@pytest.mark.vitrine({name}={value!r})\ndef test_it(vitrine): pass\n"
    done = run(tmp_path, test_it=test)
    assert done.returncode != 0 and words in done.stdout


def test_an_encoder_that_can_not_be_had_is_a_usage_error(tmp_path: Path) -> None:
    test = "def test_it(vitrine_workspace): pass\n"
    done = run(tmp_path, "-o", "vitrine_encoder=local-dir:/nowhere", test_it=test)
    assert done.returncode != 0
    assert "vitrine_encoder" in done.stdout and "local-dir:/nowhere" in done.stdout


FAULTS = """
import pytest

ROWS = [{"id": 1, "v": [1.0, 0.0]}]

def search(index):
    from databricks.vector_search.client import VectorSearchClient

    found = VectorSearchClient().get_index(index_name=index)
    return found.similarity_search(columns=["id"], query_vector=[1.0, 0.0], num_results=1)

@pytest.fixture(params=["vitrine", "vitrine_mock"])
def cloud(request):
    found = request.getfixturevalue(request.param)
    found.direct_index("main.shop.i", ROWS)
    return found

def test_it_survives_a_bad_day(cloud):
    cloud.faults.fail("query_index", times=2, status=429, retry_after=1)
    cloud.faults.wait_scale = 0.1
    assert search("main.shop.i")["result"]["row_count"] == 1
    assert cloud.calls.of("query_index").statuses == [429, 429, 200]

def test_nothing_of_it_is_left(cloud):
    assert len(cloud.calls) == 0
    assert search("main.shop.i")["result"]["row_count"] == 1
    assert not cloud.calls.faulty

def test_an_unused_fault_is_told(cloud):
    cloud.faults.fail("sync_index")

@pytest.mark.xfail(strict=True)
def test_calls_are_shown_where_an_assertion_fails(cloud):
    search("main.shop.i")
    assert cloud.calls == []
"""


def test_faults_are_scoped_to_a_test_and_unused_ones_are_told(tmp_path: Path) -> None:
    needs("clients", "sdk")
    done = run(tmp_path, test_it=FAULTS)
    assert "6 passed, 2 xfailed" in done.stdout, done.stdout
    assert "UnusedFault: no call met these faults: sync_index: 503, 1 times" in done.stdout
    shown = run(tmp_path, "--runxfail", "-vv", "-k", "shown and mock", test_it=FAULTS)
    assert re.search(r"query_index +200  GET /api/2.0/vector-search", shown.stdout), shown.stdout
