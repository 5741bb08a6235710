"""Whatever lies in a photo's place: its bytes, or a failure that names it; never a wait."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from engine import BadImage
from engine.encode.photos.preprocessing import decode
from engine.photo_files import MAX_FILE_BYTES, read_photo


def pipe(path: Path) -> None:
    os.mkfifo(path)  # nobody will ever write to it


def circle(path: Path) -> None:
    path.symlink_to(path.with_name("other"))
    path.with_name("other").symlink_to(path)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def open_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


PLACES = {
    "folder": (Path.mkdir, "is a folder"),
    "pipe": (pipe, "is a pipe"),
    "socket": (open_socket, "can't be read"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "is a device"),
    "terminal": (lambda path: path.symlink_to("/dev/tty"), "is a device|can't be read"),
    "circle": (circle, "can't be read \\(Too many levels of symbolic links"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), "no file at"),
    "nothing": (lambda path: None, "no file at"),
    "empty": (Path.touch, "is empty"),
    "5 GB": (sparse, f"has 5,368,709,120 bytes; at most {MAX_FILE_BYTES:,} are read"),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_no_photo_is_named(name: str, tmp_path: Path) -> None:
    make, words = PLACES[name]
    path = tmp_path / "1.jpg"
    make(path)
    for read in (read_photo, decode):
        with pytest.raises(BadImage, match=words) as caught:
            read(path)
        assert "1.jpg" in str(caught.value)


@pytest.mark.parametrize(
    "path",
    ["a" * 5000, "b/" * 3000, "nul\0byte", "lone \ud800 surrogate", "~nobody-of-that-name/x"],
)
def test_names_that_no_file_has_are_failures(path: str) -> None:
    with pytest.raises(BadImage) as caught:
        decode(path)
    assert len(str(caught.value)) < 6500


@pytest.mark.parametrize("name", ["größe 👗.jpg", " .jpg", "a\nb.jpg", "-rf", "%41.jpg", "x" * 250])
def test_odd_names_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"content")
    assert read_photo(tmp_path / name) == b"content"


def test_a_file_below_a_file_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with pytest.raises(BadImage, match="can't be read"):
        read_photo(tmp_path / "a" / "1.jpg")
