"""Credentials: made once, their owner's alone, replaced by the environment, never shown."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.children import LONGEST, started

from engine.doors.http.credentials import (
    TOKEN_SECONDS,
    Credentials,
    Unauthenticated,
    open_credentials,
)
from engine.errors import CorruptFile, InvalidInputException, StorageFailed

OWN = Credentials("the-token", "the-client", "the-secret")


def check(header: str | None, own: Credentials = OWN) -> str | None:
    """None where it is accepted, else the refusal."""
    try:
        own.check_bearer(header)
    except Unauthenticated as error:
        return error.message
    return None


def test_the_token_passes_whatever_the_scheme_s_case() -> None:
    for header in ("Bearer the-token", "bearer the-token", "BEARER  the-token "):
        assert check(header) is None


@pytest.mark.parametrize(
    "given",
    ["", "the-toke", "the-tokenn", "THE-TOKEN", "the-secret", "the-client", "vitrine-oauth",
     "vitrine-oauth.", "vitrine-oauth..", "vitrine-oauth.99999999999.", "a.b.c", "tökén", "\x00"],
)  # fmt: skip
def test_anything_else_is_refused_and_not_repeated(given: str) -> None:
    message = check(f"Bearer {given}")
    assert message is not None
    assert len(given) < 3 or given == "vitrine-oauth" or given not in message


def test_a_signed_token_can_not_be_changed() -> None:
    token = OWN.new_access_token()
    assert check(f"Bearer {token}") is None
    prefix, until, signature = token.split(".")
    for changed in (
        f"{prefix}.{int(until) + 1}.{signature}",
        f"{prefix}.0{until}.{signature}",
        f"{prefix}.{until}.{signature[:-1]}",
        f"{prefix}.{until}.{signature}.",
        f"other.{until}.{signature}",
        f"{prefix}.{until}.{signature.upper()}",
    ):
        assert check(f"Bearer {changed}") is not None, changed
    of_another = Credentials("the-token", "the-client", "another-secret")
    assert check(f"Bearer {token}", of_another) is not None


def test_a_signed_token_grows_old(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    token, now = OWN.new_access_token(), time.time()
    monkeypatch.setattr(time, "time", lambda: now + TOKEN_SECONDS - 2)
    assert check(f"Bearer {token}") is None
    monkeypatch.setattr(time, "time", lambda: now + TOKEN_SECONDS + 2)
    assert "expired" in str(check(f"Bearer {token}"))


@pytest.mark.parametrize("pair", [("the-client", ""), ("", "the-secret"), ("the-client", "ö"),
                                  ("the-secret", "the-client")])  # fmt: skip
def test_a_client_needs_both_its_halves(pair: tuple[str, str]) -> None:
    assert OWN.is_client("the-client", "the-secret")
    assert not OWN.is_client(*pair)


def test_secrets_are_not_in_the_repr() -> None:
    assert "the-token" not in repr(OWN) and "the-secret" not in repr(OWN)


# ---------------------------------------------------------------------- the file
def test_nobody_else_can_read_the_file_at_any_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: set[tuple[str, int]] = set()
    real = {name: getattr(os, name) for name in ("replace", "fsync", "chmod")}

    def watched(name: str):  # type: ignore[no-untyped-def]
        def call(*arguments: object, **more: object) -> object:
            out = real[name](*arguments, **more)
            for file in tmp_path.iterdir():
                if file.is_file():
                    modes.add((file.suffix, file.stat().st_mode & 0o777))
            return out

        return call

    for name in real:
        monkeypatch.setattr(os, name, watched(name))
    before = os.umask(0)
    try:
        open_credentials(tmp_path, {})
    finally:
        os.umask(before)
    assert (".json", 0o600) in modes
    assert {mode for _, mode in modes} == {0o600}


def test_processes_that_start_together_have_the_same(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from engine.doors.http.credentials import open_credentials\n"
        "found, made = open_credentials(Path(sys.argv[1]), {})\n"
        "print(found.token, made)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(started(command, stdout=subprocess.PIPE, text=True))
            for _ in range(4)
        ]
        printed = [process.communicate(timeout=LONGEST)[0].split() for process in running]
    assert len({token for token, _ in printed}) == 1
    assert [made for _, made in printed].count("True") == 1


def test_they_are_kept(tmp_path: Path) -> None:
    first, made = open_credentials(tmp_path, {})
    assert made and open_credentials(tmp_path, {}) == (first, False)


def test_each_variable_replaces_its_part(tmp_path: Path) -> None:
    kept, _ = open_credentials(tmp_path, {})
    mixed, made = open_credentials(tmp_path, {"VITRINE_TOKEN": " mine\n", "VITRINE_CLIENT_ID": ""})
    assert (mixed, made) == (Credentials("mine", kept.client_id, kept.client_secret), False)
    assert open_credentials(tmp_path, {})[0] == kept


@pytest.mark.parametrize(
    ("name", "value"),
    [("TOKEN", "a\nb"), ("TOKEN", "tök€n"), ("CLIENT_SECRET", "a b"), ("CLIENT_ID", "my:app")],
)
def test_a_variable_that_no_client_can_send_is_refused(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(InvalidInputException, match=f" VITRINE_{name} holds a ") as caught:
        open_credentials(tmp_path, {f"VITRINE_{name}": value})
    assert value not in caught.value.message
    assert not (tmp_path / "credentials.json").exists()


def test_with_all_three_variables_nothing_is_written(tmp_path: Path) -> None:
    given = {"VITRINE_TOKEN": "a", "VITRINE_CLIENT_ID": "b", "VITRINE_CLIENT_SECRET": "c"}
    assert open_credentials(tmp_path, given) == (Credentials("a", "b", "c"), False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"token": "x"}',
        json.dumps({"token": "", "client_id": "b", "client_secret": "c"}),
        json.dumps({"token": 1, "client_id": "b", "client_secret": "c"}),
    ],
)
def test_a_damaged_file_is_an_error_and_never_lets_anybody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "credentials.json").write_text(text)
    with pytest.raises(CorruptFile, match=r"credentials\.json"):
        open_credentials(tmp_path, {})


def test_a_folder_that_can_not_be_made_is_one_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed):
        open_credentials(tmp_path / "file" / "workspace", {})


def test_threads_that_start_together_have_the_same(tmp_path: Path) -> None:
    found: list[Credentials] = []
    threads = [
        threading.Thread(target=lambda: found.append(open_credentials(tmp_path, {})[0]))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({made.token for made in found}) == 1
