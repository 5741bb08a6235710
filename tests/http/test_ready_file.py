"""A free port, and the file that says where and for whom the server answers."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from support.children import wait_until
from support.server import CREDENTIALS, announced

from engine.doors.http.listening.ready import announced as announcing
from engine.doors.http.listening.ready import check_place
from engine.doors.http.listening.sockets import Listener, listening
from engine.errors import InvalidInputException, InvalidState

ENVIRONMENT = {**os.environ, "VITRINE_ENCODER": "hashed", "VITRINE_TOKEN": CREDENTIALS.token}
ENDPOINTS = "/api/2.0/vector-search/endpoints"
FORMER = {"url": "http://a", "host": "a", "port": 1, "pid": 0}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_script_is_told_all_that_it_needs(tmp_path: Path, workers: str) -> None:
    file = tmp_path / "w-ready.json"
    with announced(tmp_path / "w", "--workers", workers, env=ENVIRONMENT) as (run, ready):
        assert file.stat().st_mode & 0o777 == 0o600
        kept = json.loads((tmp_path / "w" / "credentials.json").read_text())
        assert ready == {
            "url": f"http://127.0.0.1:{ready['port']}",
            "host": "127.0.0.1",
            "port": ready["port"],
            "pid": run.pid,
            "workspace": str(tmp_path / "w"),
            "ca_bundle": None,
            "token": CREDENTIALS.token,
            "client_id": kept["client_id"],
            "client_secret": kept["client_secret"],
        }
        headers = {"Authorization": f"Bearer {ready['token']}"}
        for _ in range(6):  # whichever worker answers
            asked = httpx.get(ready["url"] + ENDPOINTS, headers=headers, trust_env=False)
            assert asked.status_code == 200
        run.terminate()
        out, _ = run.communicate(timeout=60)
    assert run.returncode == 0
    assert f"on {ready['url']} (Ctrl-C ends it)" in out
    assert CREDENTIALS.token not in out
    assert not file.exists()


def test_without_credentials_there_are_none(tmp_path: Path) -> None:
    with announced(tmp_path / "w", "--no-auth", env=ENVIRONMENT) as (run, ready):
        assert not {"token", "client_id", "client_secret"} & set(ready)
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=60)
    assert not (tmp_path / "w-ready.json").exists()


def test_on_all_addresses_it_names_one_that_answers(tmp_path: Path) -> None:
    with announced(tmp_path / "w", "--host", "0.0.0.0", env=ENVIRONMENT) as (_, ready):
        assert (ready["host"], ready["url"]) == ("0.0.0.0", f"http://127.0.0.1:{ready['port']}")
        assert httpx.get(f"{ready['url']}/health", trust_env=False).is_success


# ---------------------------------------------------------------------- where it is written
def refusal(file: Path) -> str:
    with pytest.raises(InvalidInputException) as caught:
        check_place(file)
    return caught.value.message


def test_a_place_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "none" / "r.json"
    assert refusal(file).startswith(f"--ready-file {file} can't be written (No such file or dir")
    (tmp_path / "a").write_text("")
    assert "Not a directory" in refusal(tmp_path / "a" / "r.json")
    assert "exists, and no server wrote it" in refusal(tmp_path)
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", "not mine", '{"url": 1}', "[" * 9999, "\0" * 99]
)
def test_a_file_that_no_server_wrote_stays(tmp_path: Path, content: str) -> None:
    file = tmp_path / "mine.json"
    file.write_text(content)
    assert "exists, and no server wrote it. Delete it" in refusal(file)
    assert file.read_text() == content


def test_a_link_to_nowhere_and_a_pipe_are_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    assert "exists" in refusal(tmp_path / "link") and "exists" in refusal(tmp_path / "pipe")


def test_the_file_of_a_former_server_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text(json.dumps(FORMER))
    check_place(file)
    with listening("127.0.0.1", 0) as listener, announcing(file, {**FORMER, "pid": 1}, listener):
        assert not file.exists()  # before anybody answers
        answer(listener)
        wait_until(file.exists)
        assert json.loads(file.read_text())["pid"] == 1
    assert not file.exists()


def test_the_file_of_a_server_that_runs_is_not_taken_away(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    with listening("127.0.0.1", 0) as listener:
        lives = {**FORMER, "host": "127.0.0.1", "port": listener.port, "pid": os.getpid()}
        file.write_text(json.dumps(lives))
        assert f"(process {os.getpid()}), which still runs" in refusal(file)
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        for changed in ({"pid": ended.pid}, {"pid": 1 << 70}, {"port": 1 << 70}, {"host": ".."}):
            file.write_text(json.dumps({**lives, **changed}))
            check_place(file)
    file.write_text(json.dumps(lives))
    check_place(file)


def answer(listener: Listener) -> None:
    """Be a server for one request."""
    connection, _ = listener.sockets[0].accept()
    with connection:
        assert connection.recv(1000).startswith(b"GET /health ")
        connection.sendall(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")


def test_the_file_of_another_server_is_left_to_it(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    with listening("127.0.0.1", 0) as listener, announcing(file, {**FORMER, "pid": 1}, listener):
        answer(listener)
        wait_until(file.exists)
        file.write_text(json.dumps({**FORMER, "pid": 2}))
    assert json.loads(file.read_text())["pid"] == 2


def test_a_server_that_ends_before_it_answers_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    with listening("127.0.0.1", 0) as listener, announcing(file, FORMER, listener):
        pass
    for thread in threading.enumerate():
        if thread.name == "vitrine-ready":
            thread.join(60)
    assert not file.exists()


def test_a_disk_that_is_full_by_then_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(path: Path, text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.doors.http.listening.ready.write_private", full)
    file = tmp_path / "r.json"
    with listening("127.0.0.1", 0) as listener, announcing(file, FORMER, listener):
        answer(listener)
        wait_until(lambda: caplog.messages)
    assert caplog.messages == [
        f"--ready-file {file} was not written: [Errno 28] No space left on device"
    ]


# ---------------------------------------------------------------------- sockets
def test_a_name_of_two_addresses_listens_on_both_with_one_port(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = [
        (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0)),
        (socket.AF_INET, 1, 6, "", ("127.0.0.2", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    with listening("both", 0) as listener:
        assert [each.getsockname() for each in listener.sockets] == [
            ("127.0.0.1", listener.port),
            ("127.0.0.2", listener.port),
        ]
        for host in ("127.0.0.1", "127.0.0.2"):
            with socket.socket() as one:
                one.connect((host, listener.port))
    assert all(each.fileno() == -1 for each in listener.sockets)


@pytest.mark.parametrize("host", ["..", "a" * 70, "", "no-such-host.invalid", "192.0.2.1", "a\0b"])
def test_a_host_that_is_not_this_machine_is_named(host: str) -> None:
    with pytest.raises(InvalidState, match="no name or address of") as caught, listening(host, 0):
        pass
    assert repr(host) in caught.value.message and "--host" in caught.value.message


def test_an_address_that_is_switched_off_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere, here = (
        (socket.AF_INET, 1, 6, "", ("203.0.113.1", 0)),
        (socket.AF_INET, 1, 6, "", ("127.0.0.1", 0)),
    )
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [elsewhere, here])
    with listening("both", 0) as listener:
        assert len(listener.sockets) == 1
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [elsewhere])
    with (
        pytest.raises(
            InvalidState,
            match=r"'far' is no .* of this machine \(Cannot assign requested",
        ),
        listening("far", 0),
    ):
        pass


def test_a_port_that_one_address_has_given_away_is_not_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = [(socket.AF_INET, 1, 6, "", (host, 0)) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: known)
    with listening("both", 0) as first:
        with (
            pytest.raises(InvalidState, match="Choose another with --port"),
            listening("both", first.port),
        ):
            pass
        with listening("both", 0) as second:
            assert second.port != first.port


def test_it_knows_that_it_speaks_tcp() -> None:
    with listening("127.0.0.1", 0) as listener:
        assert listener.sockets[0].proto == socket.IPPROTO_TCP


def test_wrong_places_are_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine.doors.cli", "serve", "-w", str(tmp_path / "w")]
    done = subprocess.run(
        [*command, "--port", "0", "--ready-file", str(tmp_path / "none" / "r.json")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: --ready-file ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "w" / "credentials.json").exists()
