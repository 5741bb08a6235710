"""The workspace's secret: made once, kept for its owner, never short, never a reason to fail."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from engine.errors import StorageFailed
from engine.store import secret
from engine.store.layout import Layout
from engine.store.secret import workspace_secret


def test_it_is_made_once_and_stays(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "new" / "workspace")
    made = workspace_secret(layout)
    assert len(made) == 32
    assert workspace_secret(layout) == workspace_secret(Layout(layout.root)) == made


def test_each_workspace_has_its_own(tmp_path: Path) -> None:
    assert workspace_secret(Layout(tmp_path / "a")) != workspace_secret(Layout(tmp_path / "b"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_only_its_owner_reads_it(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        workspace_secret(Layout(tmp_path))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["secret"]


def test_many_at_once_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(lambda _: workspace_secret(Layout(tmp_path)), range(16)))
    assert len(found) == 1


@pytest.mark.parametrize("content", [b"", b"  \n", b"00" * 31, b"00" * 33, b"not hex", b"\xff\xfe"])
def test_a_damaged_or_short_one_is_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)
    made = workspace_secret(Layout(tmp_path))
    assert len(made) == 32
    assert bytes.fromhex(file.read_text()) == made == workspace_secret(Layout(tmp_path))


def test_one_that_can_not_be_read_is_made_for_the_process(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()  # reading it fails, and so does replacing it
    assert len(workspace_secret(Layout(tmp_path))) == 32
    assert (tmp_path / "secret").is_dir()


def test_one_that_can_not_be_kept_is_made_for_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageFailed("no room")

    monkeypatch.setattr(secret, "write_private", refuse)
    first, second = workspace_secret(Layout(tmp_path)), workspace_secret(Layout(tmp_path))
    assert len(first) == len(second) == 32
    assert first != second
    assert not (tmp_path / "secret").exists()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "no room")

    monkeypatch.setattr("engine.store.secret.os.replace", refuse)
    assert len(workspace_secret(Layout(tmp_path))) == 32
    assert [file for file in tmp_path.iterdir() if file.is_file()] == []
