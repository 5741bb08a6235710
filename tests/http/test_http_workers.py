"""Several worker processes: one that dies is replaced, and none outlives the server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").is_file(), reason="finds processes as Linux lists them"
)


def started(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A server with two workers, as soon as both run."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "engine.doors.cli",
        "serve",
        "-w",
        str(folder),
        "--no-auth",
    ]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--quiet", "--workers", "2"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "VITRINE_ENCODER": "hashed"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    until(lambda: len(workers(server.pid)) == 2 and is_healthy(url), server)
    return server, url


def until(happens: Callable[[], bool], server: subprocess.Popen[str]) -> None:
    """Wait for something, as long as the server lives."""
    while not happens():
        assert server.poll() is None, server.communicate()[1]
        time.sleep(0.05)


def is_healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", trust_env=False, timeout=30).status_code == 200
    except httpx.TransportError:
        return False


def workers(parent: int) -> set[int]:
    """The server's worker processes that run."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if int(status[1]) == parent and status[0] != "Z" and b"spawn_main" in command:
            found.add(int(folder.name))
    return found


def is_running(process: int) -> bool:
    """Whether a process runs; one that has ended and nobody asked about doesn't."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for_end(processes: set[int]) -> None:
    while any(is_running(process) for process in processes):
        time.sleep(0.05)


def test_a_worker_that_dies_is_replaced_and_all_end_with_the_server(tmp_path: Path) -> None:
    server, url = started(tmp_path)
    first = workers(server.pid)
    os.kill(min(first), signal.SIGKILL)
    until(lambda: len(workers(server.pid) - {min(first)}) == 2 and is_healthy(url), server)
    second = workers(server.pid)
    assert len(second & first) == 1
    server.send_signal(signal.SIGTERM)
    assert "Traceback" not in server.communicate(timeout=60)[1]
    assert server.returncode == 0
    wait_for_end(first | second)


def test_workers_of_a_killed_server_end_and_free_its_port(tmp_path: Path) -> None:
    server, url = started(tmp_path)
    found = workers(server.pid)
    server.kill()
    server.communicate()
    wait_for_end(found)
    assert not is_healthy(url)


def test_workers_finish_what_runs_when_the_server_is_stopped(tmp_path: Path) -> None:
    server, url = started(tmp_path)
    texts = [{"text": f"{n} " + "many words " * 300} for n in range(600)]
    statuses: list[int] = []

    def ask() -> None:
        address = f"{url}/serving-endpoints/clip-multimodal-encoder/invocations"
        reply = httpx.post(address, json={"dataframe_records": texts}, trust_env=False, timeout=60)
        statuses.append(reply.status_code)

    def running() -> bool:
        metrics = httpx.get(f"{url}/metrics", trust_env=False).text
        lines = [
            line
            for line in metrics.splitlines()
            if line.startswith("vitrine_http_requests_running")
        ]
        return sum(float(line.split()[-1]) for line in lines) >= 2  # this one, and that

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: running() or bool(statuses), server)
    server.send_signal(signal.SIGTERM)
    asking.join()
    server.communicate(timeout=60)
    assert statuses == [200] and server.returncode == 0
