"""Several worker processes: one that dies is replaced, and none outlives the server."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from support.children import LONGEST

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").is_file(), reason="finds processes as Linux lists them"
)


def started(folder: Path, number: int = 2) -> tuple[subprocess.Popen[str], str]:
    """A server with some workers, as soon as all of them run."""
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
        [*command, "--port", str(port), "--quiet", "--workers", str(number)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "VITRINE_ENCODER": "hashed"},
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    until(lambda: len(workers(server.pid)) == number and is_healthy(url), server)
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


def listen(processes: set[int]) -> bool:
    """Whether all of some workers serve: each waits for what it listens on."""
    waiting = set()
    for process in processes:
        for file in Path(f"/proc/{process}/fdinfo").iterdir():
            with contextlib.suppress(OSError):
                # More than one: by its event loop's own pipe alone it is not seen yet.
                if file.read_text().count("tfd:") > 1:
                    waiting.add(process)
    return waiting == processes


class Served:
    """A server with three workers, and connections to it that stay open."""

    def __init__(self, folder: Path) -> None:
        self.process, self.url = started(folder, 3)
        self.first = workers(self.process.pid)
        until(lambda: listen(self.first), self.process)
        self.connections: list[http.client.HTTPConnection] = []

    def workers(self) -> set[int]:
        return workers(self.process.pid)

    def open(self, number: int) -> None:
        """Open some more; each is answered when all are there."""
        address = urlsplit(self.url)
        assert address.hostname
        made = [
            http.client.HTTPConnection(address.hostname, address.port, timeout=LONGEST)
            for _ in range(number)
        ]
        self.connections += made
        for each in made:
            each.connect()
        self.ask(made)

    def ask(self, connections: list[http.client.HTTPConnection]) -> None:
        for each in connections:
            each.request("GET", "/health")
            reply = each.getresponse()
            assert reply.status == 200 and reply.read()

    def close(self, connections: list[http.client.HTTPConnection]) -> None:
        for each in connections:
            each.close()
        self.connections = [each for each in self.connections if each not in connections]

    def held(self, process: int) -> list[http.client.HTTPConnection]:
        """What a worker holds of them, by the sockets that it has open."""
        table = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ports = {row[9]: int(row[2].split(":")[1], 16) for row in table}  # inode -> the client's
        inodes = set()
        for file in Path(f"/proc/{process}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(str(file.readlink()).removeprefix("socket:[").removesuffix("]"))
        own = {ports[inode] for inode in inodes & set(ports)}
        return [each for each in self.connections if each.sock.getsockname()[1] in own]

    def end(self) -> None:
        self.close(self.connections)
        self.process.send_signal(signal.SIGTERM)
        self.process.communicate(timeout=60)


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


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    yield made
    made.end()


def test_lasting_connections_fall_evenly_on_the_workers(three: Served) -> None:
    for tries_left in (2, 1, 0):  # a worker that gets no processor for long is passed over
        three.open(15)
        numbers = [len(three.held(each)) for each in three.first]
        if max(numbers) - min(numbers) <= 1 or not tries_left:
            break
        three.close(three.connections)
    assert numbers == [5, 5, 5]


def test_what_a_killed_worker_held_is_opened_again_at_the_others(three: Served) -> None:
    three.open(9)
    killed = max(three.first, key=lambda each: len(three.held(each)))
    lost = three.held(killed)
    assert lost
    os.kill(killed, signal.SIGKILL)
    three.close(lost)
    three.open(len(lost))
    three.ask(three.connections)
    until(lambda: len(three.workers()) == 3 and listen(three.workers()), three.process)
    (new,) = three.workers() - three.first
    three.close(three.connections)  # the server closes those that nobody uses for 5 s
    while len(three.held(new)) < 3:
        three.open(1)


def test_a_stopped_worker_starves_no_new_connection(three: Served) -> None:
    stopped = min(three.first)
    os.kill(stopped, signal.SIGSTOP)
    for _ in range(20):
        three.open(1)
    until(lambda: not is_running(stopped), three.process)  # uvicorn ends one that doesn't answer
    until(lambda: len(three.workers()) == 3, three.process)
    three.open(1)
