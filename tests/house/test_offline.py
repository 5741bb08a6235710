"""Nothing calls home: the kernel ends a process that looks up a name or connects, and no file is left.

What each process does, and everything that it starts, is watched at the level of system calls
(see launch.py), in a home folder of its own that stays empty, with an environment that asks for
telemetry and downloads.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pyarrow as pa
import pytest
from support.catalogue import write_catalogue
from support.children import command_of
from support.launch import can_watch
from support.needs import needs
from support.server import serving

from engine import Workspace
from engine.store.segments import metadata

pytestmark = pytest.mark.skipif(not can_watch(), reason="watches calls as Linux numbers them")

EAGER = {
    "ORT_DISABLE_TELEMETRY": "0",
    "HF_HUB_OFFLINE": "0",
    "HF_HUB_DISABLE_TELEMETRY": "0",
    "DO_NOT_TRACK": "0",
}
SEARCHES = """
import os, sys
from engine import VectorSearchClient, Workspace

before = dict(os.environ)
styles, images, folder, encoder = sys.argv[1:]
workspace = Workspace(folder)
report = workspace.build(styles, images, encoder=encoder)
assert (report.embedded.images, report.embedded.texts) == (12, 12), report
photo = sorted(os.scandir(images), key=lambda entry: entry.name)[0].path
for given in (
    {"text": "red dress"}, {"image": photo}, {"text": "red", "image": photo},
    {"text": "red", "filters": {"price >": 0, "gender": "Women"}},
    {"text": "brand women", "query_type": "HYBRID"},
):
    assert len(workspace.search(**given, k=3)), given
for name in report.synced:
    index = VectorSearchClient(workspace=workspace).get_index(index_name=name)
    assert index.describe()["status"]["ready"]
changed = set(os.environ.items()) ^ set(before.items())
assert not changed, changed
"""
TEXTS = """
import os, sys, pyarrow as pa
from engine import Workspace

before = dict(os.environ)
workspace = Workspace(sys.argv[1])
workspace.write_table("t", pa.table({"id": [1, 2], "text": ["red dress", "what is learning?"]}))
workspace.create_index("main.a.i", source_table="t", source_column="text", primary_key="id",
                       model_endpoint="databricks-gte-large-en", create_endpoint=True)
reply = workspace.query_index("main.a.i", columns=["id"], query_text="learning")
assert reply["result"]["data_array"][0][0] == 2
assert workspace.serving.encoder("databricks-gte-large-en").name == "all-minilm-l6-v2"
assert dict(os.environ) == before
"""
DELTA = """
import sys, pyarrow as pa
from deltalake import write_deltalake
from engine import Workspace

folder = sys.argv[1]
write_deltalake(f"{folder}/delta", pa.table({"id": [1, 2], "v": [[1.0, 0.0], [0.0, 1.0]]}))
workspace = Workspace(f"{folder}/workspace")
workspace.register_table("main.a.t", f"{folder}/delta")
workspace.create_index("main.a.i", source_table="main.a.t", vector_column="v", primary_key="id",
                       create_endpoint=True)
reply = workspace.query_index("main.a.i", columns=["id"], query_vector=[1.0, 0.0])
assert reply["result"]["row_count"] == 2
"""
SDK = """
import sys
from databricks.sdk.service.vectorsearch import EndpointType
from engine.doors.sdk import WorkspaceClient

w = WorkspaceClient(workspace=sys.argv[1])
w.vector_search_endpoints.create_endpoint("e", EndpointType.STANDARD)
assert [each.name for each in w.vector_search_endpoints.list_endpoints()] == ["e"]
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    return {**kept, **EAGER, "HOME": str(home)}


def left_in(home: Path) -> list[str]:
    return sorted(str(path.relative_to(home)) for path in home.rglob("*"))


def run(home: Path, program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(
        command_of(command, offline=True),
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
    )


def check(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode != -signal.SIGSYS, f"it went to the network\n{done.stderr}"
    assert done.returncode == 0, done.stderr


# ---------------------------------------------------------------------- the watch itself
@pytest.mark.parametrize(
    "call",
    [
        "socket.getaddrinfo('example.invalid', 443)",
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.create_connection(('::1', 9))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)",
        "threading.Thread(target=socket.socket, args=[socket.AF_INET6, socket.SOCK_DGRAM]).start()",
    ],
)
def test_what_goes_to_the_network_is_ended(home: Path, call: str) -> None:
    assert run(home, f"import socket, threading\n{call}").returncode == -signal.SIGSYS


def test_what_a_child_does_is_watched_and_servers_may_listen(home: Path) -> None:
    child = (
        "import socket, subprocess, sys\n"
        "socket.create_server(('127.0.0.1', 0)); socket.socketpair()\n"
        "look = 'import socket; socket.getaddrinfo(\"example.invalid\", 1)'\n"
        "print(subprocess.run([sys.executable, '-c', look]).returncode)"
    )
    done = run(home, child)
    check(done)
    assert int(done.stdout) == -signal.SIGSYS


# ---------------------------------------------------------------------- what the engine does
def test_importing_embedding_and_searching(home: Path, tmp_path: Path) -> None:
    given = write_catalogue(tmp_path / "catalogue", 12)
    for encoder in ("embedded", "hashed"):
        check(run(home, SEARCHES, given.styles, given.images, tmp_path / encoder, encoder))
    assert left_in(home) == []


def test_a_model_of_torch_on_this_machine(
    home: Path, tmp_path: Path, tiny_encoder_name: str
) -> None:
    given = write_catalogue(tmp_path / "catalogue", 12)
    check(run(home, SEARCHES, given.styles, given.images, tmp_path / "w", tiny_encoder_name))
    assert left_in(home) == []


def test_a_text_model(home: Path, tmp_path: Path) -> None:
    needs("text")
    check(run(home, TEXTS, tmp_path / "w"))
    assert left_in(home) == []


def test_a_delta_table(home: Path, tmp_path: Path) -> None:
    needs("delta")
    check(run(home, DELTA, tmp_path))
    assert left_in(home) == []


def test_the_sdk_in_process(home: Path, tmp_path: Path) -> None:
    needs("sdk")
    check(run(home, SDK, tmp_path / "w"))
    assert left_in(home) == []


def test_tools_of_agents(home: Path, tmp_path: Path) -> None:
    needs("mcp")
    workspace = Workspace(tmp_path / "workspace")
    workspace.write_table("main.a.t", pa.table({"id": [1, 2], "text": ["red dress", "blue hat"]}))
    workspace.create_index(
        "main.a.i",
        source_table="main.a.t",
        source_column="text",
        primary_key="id",
        model_endpoint="clip-multimodal-encoder",
        create_endpoint=True,
    )
    params = {"name": "main__a__i", "arguments": {"query": "red dress"}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    server = serving(workspace.path, "--no-auth", env=environment(home), offline=True)
    with server as (_, url):
        address = f"{url}/api/2.0/mcp/ai-search/main/a"
        reply = httpx.post(address, json=message, trust_env=False, timeout=300)
        assert "red dress" in reply.json()["result"]["content"][0]["text"], reply.text
    assert left_in(home) == []


def test_the_database_fetches_and_loads_no_extension() -> None:
    with metadata._using_database() as database:
        for setting in ("autoinstall_known_extensions", "autoload_known_extensions"):
            assert database.execute(f"SELECT current_setting('{setting}')").fetchall() == [(False,)]


def test_the_demo(home: Path, tmp_path: Path) -> None:
    program = "import sys; from engine.doors.cli.command import main; main(sys.argv[1:])"
    check(run(home, program, "demo", "-w", tmp_path / "demo"))
    assert left_in(home) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_the_server_and_each_of_its_workers(home: Path, tmp_path: Path, workers: int) -> None:
    folder = tmp_path / "workspace"
    options = ("--no-auth", "--workers", str(workers))
    invoke = "/serving-endpoints/clip-multimodal-encoder/invocations"
    rows = {"dataframe_records": [{"text": "red dress"}]}
    with serving(folder, *options, env=environment(home), offline=True) as (server, url):
        for _ in range(8):  # a connection each, so that every worker answers
            reply = httpx.post(f"{url}{invoke}", json=rows, trust_env=False, timeout=300)
            assert reply.status_code == 200, reply.text
        server.send_signal(signal.SIGTERM)
        output = "".join(server.communicate(timeout=300))
    assert server.returncode == 0, output
    assert "died" not in output, output
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    assert sum(line["status"] == 200 and line["method"] == "POST" for line in lines) == 8
    assert left_in(home) == []
