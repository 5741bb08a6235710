"""Folders of metrics that killed servers left: the next server removes them, and no other."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.doors.http import metrics


class Server:
    """A server of the command in a session of its own, so that nothing of it is left behind."""

    def __init__(self, folder: Path, temporary: Path, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(folder)]
        self.run = subprocess.Popen(
            [*command, "--port", str(port), "--workers", str(workers), "--no-auth"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(temporary), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        while True:  # until it answers or ends, which it does; its port takes connections before
            try:
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                connection.request("GET", "/health")
                connection.getresponse().read()
                connection.close()
                break
            except ConnectionRefusedError:
                with pytest.raises(subprocess.TimeoutExpired):
                    self.run.wait(0.1)

    def kill(self) -> None:
        os.killpg(self.run.pid, signal.SIGKILL)
        self.run.wait()

    def close(self) -> None:
        try:
            os.killpg(self.run.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.run.wait()
        if self.run.stdout:
            self.run.stdout.close()


@pytest.fixture
def servers() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def folders(temporary: Path) -> set[str]:
    return {path.name for path in temporary.glob("vitrine-metrics-*")}


def test_the_next_server_removes_what_a_killed_one_left(servers: ExitStack, tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()

    def start(name: str, workers: int) -> Server:
        server = Server(tmp_path / name, temporary, workers)
        servers.callback(server.close)
        return server

    running = start("running", 2)
    in_use = folders(temporary)
    killed = start("killed", 2)
    left = folders(temporary) - in_use
    orphaned = start("orphaned", 2)
    kept = folders(temporary) - in_use - left
    assert (len(in_use), len(left), len(kept)) == (1, 1, 1)
    killed.kill()
    assert folders(temporary) == in_use | left | kept
    # Its workers live on, as when a supervisor alone is killed.
    os.kill(orphaned.run.pid, signal.SIGKILL)
    orphaned.run.wait()
    start("next", 1)
    assert left.isdisjoint(folders(temporary))
    assert in_use <= folders(temporary)
    running.run.terminate()
    assert running.run.wait(60) == 0
    assert in_use.isdisjoint(folders(temporary))


def test_what_is_in_use_or_new_or_somebody_elses_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    other = tmp_path / "vitrine-metrics"
    other.mkdir()
    new = tmp_path / "vitrine-metrics-new"
    new.mkdir()
    old = tmp_path / "vitrine-metrics-old"
    old.mkdir()
    living = tmp_path / "vitrine-metrics-living"
    living.mkdir()
    (living / f"gauge_livesum_{os.getpid()}.db").touch()
    linked = tmp_path / "vitrine-metrics-linked"
    linked.symlink_to(other)
    file = tmp_path / "vitrine-metrics-file"
    file.touch()
    for folder in (old, living):  # of an earlier release, without locks
        os.utime(folder, (1, 1))
    with metrics.shared_folder() as mine:
        metrics.remove_abandoned()
        assert Path(mine).is_dir()
    assert not Path(mine).exists()
    assert not old.exists()
    assert all(path.exists() for path in (other, new, living, linked, file))
