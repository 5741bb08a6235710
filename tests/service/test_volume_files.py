"""Files of volumes: what is listed and read, how they are written, and that no path leads out."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import InvalidParameterValue, NotFound, PermissionDenied, ResourceConflict, Workspace
from engine.errors import VitrineError
from engine.service.volume_errors import DirectoryNotEmpty, PathExists, PathNotFound
from engine.service.volume_files import Files
from engine.store.layout import TEMPORARY_PREFIX

VOLUME = "/Volumes/main/fashion_demo/uploads"
PHOTOS = "/Volumes/main/fashion_demo/raw_data/images"
SECRET = b"not for callers"


@pytest.fixture
def files(workspace: Workspace, tmp_path: Path) -> Files:
    """A registered folder with two photos and a sub-folder, and a secret beside it."""
    photos = tmp_path / "photos"
    (photos / "more").mkdir(parents=True)
    (photos / "1.jpg").write_bytes(b"one")
    (photos / "more" / "2.jpg").write_bytes(b"two!")
    (tmp_path / "secret.txt").write_bytes(SECRET)
    workspace.register_volume(PHOTOS, photos)
    return Files(workspace.volumes)


def read(files: Files, path: str) -> bytes:
    file, info = files.open_file(path)
    with file:
        data = file.read()
    assert info.size == len(data)
    return data


def names(files: Files, path: str) -> list[str]:
    return [entry.name for entry in files.list_directory(path)[0]]


def everything_under(folder: Path) -> dict[str, bytes | None]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
        if "locks" not in p.parts
    }


# ---------------------------------------------------------------------- reading
def test_a_registered_folder_is_listed_and_read_in_place(files: Files, tmp_path: Path) -> None:
    entries, token = files.list_directory(PHOTOS)
    assert token is None
    assert [(e.path, e.name, e.is_directory, e.size) for e in entries] == [
        (f"{PHOTOS}/1.jpg", "1.jpg", False, 3),
        (f"{PHOTOS}/more", "more", True, 0),
    ]
    assert entries[0].modified_ms == (tmp_path / "photos/1.jpg").stat().st_mtime_ns // 1_000_000
    assert entries[0] == files.stat(f"{PHOTOS}/1.jpg")
    assert read(files, f"{PHOTOS}/more/2.jpg") == b"two!"
    assert read(files, f"dbfs:{PHOTOS}//1.jpg") == b"one"


def test_a_registered_folder_is_shown_in_the_folders_above_it(files: Files) -> None:
    above = "/Volumes/main/fashion_demo/raw_data"
    assert names(files, above) == ["images"]
    assert files.stat(above).is_directory
    files.write(f"{above}/readme.txt", [b"x"])
    assert names(files, above) == ["images", "readme.txt"]
    with pytest.raises(DirectoryNotEmpty):
        files.delete_directory(above)


def test_a_registered_folder_hides_what_lies_under_its_name(
    files: Files, workspace: Workspace, tmp_path: Path
) -> None:
    files.write(f"{VOLUME}/part/hidden.txt", [b"x"])
    workspace.register_volume(f"{VOLUME}/part", tmp_path / "photos")
    assert names(files, f"{VOLUME}/part") == ["1.jpg", "more"]
    with pytest.raises(PathNotFound):
        files.stat(f"{VOLUME}/part/hidden.txt")


def test_a_path_registered_with_odd_parts_does_not_break_the_listing(
    files: Files, workspace: Workspace, tmp_path: Path
) -> None:
    files.write(f"{VOLUME}/a.txt", [b"x"])
    for odd in ("./x", "/y", "back\\slash"):
        workspace.register_volume(f"{VOLUME}/{odd}", tmp_path / "photos")
    assert names(files, VOLUME) == ["a.txt"]


def test_a_registered_folder_that_is_gone_is_not_found(
    files: Files, workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "brief").mkdir()
    workspace.register_volume(f"{VOLUME}/brief", tmp_path / "brief")
    (tmp_path / "brief").rmdir()
    assert names(files, VOLUME) == []
    with pytest.raises(PathNotFound, match="brief"):
        files.list_directory(f"{VOLUME}/brief")


@pytest.mark.parametrize(
    "path", [f"{VOLUME}/none", f"{PHOTOS}/none.jpg", f"{PHOTOS}/1.jpg/below", VOLUME]
)
def test_what_is_not_there_is_not_found_with_the_files_api_s_code(files: Files, path: str) -> None:
    for ask in (files.stat, files.open_file, files.list_directory):
        with pytest.raises(NotFound) as caught:
            ask(path)
        assert (caught.value.status_code, caught.value.error_code) == (404, "NOT_FOUND")


def test_a_file_is_no_directory_and_a_directory_no_file(files: Files) -> None:
    files.write(f"{VOLUME}/a/b.txt", [b"x"])
    for refused in (
        lambda: files.open_file(f"{VOLUME}/a"),
        lambda: files.delete(f"{VOLUME}/a"),
        lambda: files.list_directory(f"{VOLUME}/a/b.txt"),
        lambda: files.delete_directory(f"{VOLUME}/a/b.txt"),
    ):
        with pytest.raises(PathNotFound):
            refused()
    assert read(files, f"{VOLUME}/a/b.txt") == b"x"


@pytest.mark.parametrize("size", [1, 3, 7, 20, None])
def test_pages_joined_are_the_whole_listing(files: Files, size: int | None) -> None:
    made = {f"{n:02}.txt" for n in range(13)} | {"Ä.txt", "a b.txt", "%2e%2e"}
    for name in made:
        files.write(f"{VOLUME}/{name}", [b"x"])
    found: list[str] = []
    token = None
    while True:
        page, token = files.list_directory(VOLUME, size, token)
        assert len(page) <= (size or 1000)
        found += [entry.name for entry in page]
        if token is None:
            break
        assert len(page) == size
    assert found == sorted(made)


def test_a_page_token_is_of_its_folder_and_page_sizes_are_positive(files: Files) -> None:
    files.create_directory(f"{VOLUME}/a")
    files.create_directory(f"{VOLUME}/b")
    token = files.list_directory(VOLUME, 1)[1]
    for wrong in ("x", "bnVsbA==", "[]", "WzEsMl0="):
        with pytest.raises(InvalidParameterValue, match="Invalid page token"):
            files.list_directory(VOLUME, 1, wrong)
    with pytest.raises(InvalidParameterValue, match="Invalid page token"):
        files.list_directory(f"{VOLUME}/a", 1, token)
    for size in (0, -1):
        with pytest.raises(InvalidParameterValue, match="page_size"):
            files.list_directory(VOLUME, size)


def test_an_open_file_stays_what_it_was_when_it_is_replaced(files: Files) -> None:
    files.write(f"{VOLUME}/a.txt", [b"old and long"])
    file, info = files.open_file(f"{VOLUME}/a.txt")
    files.write(f"{VOLUME}/a.txt", [b"new"])
    with file:
        assert (file.read(), info.size) == (b"old and long", 12)
    assert read(files, f"{VOLUME}/a.txt") == b"new"


# ---------------------------------------------------------------------- writing
def test_what_is_written_is_read_and_deleted(files: Files) -> None:
    files.write(f"{VOLUME}/deep/er/a.txt", iter([b"on", b"", b"e"]))
    assert read(files, f"{VOLUME}/deep/er/a.txt") == b"one"
    files.write(f"{VOLUME}/deep/er/a.txt", [])
    assert read(files, f"{VOLUME}/deep/er/a.txt") == b""
    with pytest.raises(DirectoryNotEmpty) as caught:
        files.delete_directory(f"{VOLUME}/deep/er")
    assert caught.value.status_code == 400
    assert caught.value.details[0]["reason"] == "FILES_API_DIRECTORY_IS_NOT_EMPTY"
    files.delete(f"{VOLUME}/deep/er/a.txt")
    files.delete_directory(f"{VOLUME}/deep/er")
    assert names(files, f"{VOLUME}/deep") == []
    with pytest.raises(PathNotFound):
        files.delete(f"{VOLUME}/deep/er/a.txt")


def test_a_file_is_not_overwritten_unasked(files: Files) -> None:
    files.write(f"{VOLUME}/a.txt", [b"first"], overwrite=False)
    with pytest.raises(ResourceConflict) as caught:
        files.write(f"{VOLUME}/a.txt", [b"second"], overwrite=False)
    assert (caught.value.status_code, caught.value.error_code) == (409, "ALREADY_EXISTS")
    assert read(files, f"{VOLUME}/a.txt") == b"first"


def test_of_two_who_must_not_overwrite_one_succeeds(files: Files) -> None:
    uploads = [files.begin_upload(f"{VOLUME}/a.txt", overwrite=False) for _ in range(6)]
    done: list[int] = []

    def finish(number: int) -> None:
        with uploads[number] as upload:
            upload.write(b"%d" % number)
            try:
                upload.finish()
                done.append(number)
            except PathExists:
                pass

    threads = [threading.Thread(target=finish, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 1
    assert read(files, f"{VOLUME}/a.txt") == b"%d" % done[0]
    assert names(files, VOLUME) == ["a.txt"]


def test_half_an_upload_is_never_seen_and_leaves_nothing(
    files: Files, workspace: Workspace
) -> None:
    files.write(f"{VOLUME}/kept.txt", [b"kept"])
    before = everything_under(workspace.path)

    def broken() -> Iterator[bytes]:
        yield b"x" * 100_000
        assert names(files, VOLUME) == ["kept.txt"]
        raise ConnectionError

    for path in (f"{VOLUME}/new/deep/a.txt", f"{VOLUME}/kept.txt"):
        with pytest.raises(ConnectionError):
            files.write(path, broken())
        assert everything_under(workspace.path) == before


def test_what_a_crash_left_of_an_upload_goes_and_a_running_one_stays(
    files: Files, workspace: Workspace
) -> None:
    files.create_directory(f"{VOLUME}/a")
    folder = workspace.path / "volumes/main/fashion_demo/uploads/a"
    crashed, running = (folder / f"{TEMPORARY_PREFIX}{name}" for name in "xy")
    for file in (crashed, running):
        file.write_bytes(b"half")
    os.utime(crashed, (time.time() - 7200, time.time() - 7200))
    assert names(files, f"{VOLUME}/a") == []
    assert (crashed.exists(), running.exists()) == (False, True)
    with pytest.raises(DirectoryNotEmpty):
        files.delete_directory(f"{VOLUME}/a")
    with pytest.raises(InvalidParameterValue, match="writing"):
        files.open_file(f"{VOLUME}/a/{running.name}")
    os.utime(running, (0, 0))
    files.delete_directory(f"{VOLUME}/a")
    assert not folder.exists()


def test_directories_are_made_with_those_above_and_again(files: Files) -> None:
    files.create_directory(f"{VOLUME}/a/b/c")
    files.create_directory(f"{VOLUME}/a/b/c/")
    files.create_directory(PHOTOS)
    assert names(files, f"{VOLUME}/a") == ["b"]
    files.write(f"{VOLUME}/file", [b"x"])
    for path in (f"{VOLUME}/file", f"{VOLUME}/file/below"):
        with pytest.raises(PathExists):
            files.create_directory(path)


@pytest.mark.parametrize("path", [VOLUME, f"{VOLUME}/folder", f"{VOLUME}/file/below"])
def test_a_file_can_not_take_the_place_of_a_folder(files: Files, path: str) -> None:
    files.create_directory(f"{VOLUME}/folder")
    files.write(f"{VOLUME}/file", [b"x"])
    with pytest.raises(PathExists):
        files.write(path, [b"y"])


def test_a_volume_itself_is_not_deleted(files: Files) -> None:
    files.create_directory(VOLUME)
    with pytest.raises(InvalidParameterValue, match="volume"):
        files.delete_directory(VOLUME)


def test_registered_folders_are_read_only_and_the_error_says_what_to_do(
    files: Files, tmp_path: Path
) -> None:
    before = everything_under(tmp_path / "photos")
    for refused in (
        lambda: files.write(f"{PHOTOS}/new.jpg", [b"x"]),
        lambda: files.write(f"{PHOTOS}/1.jpg", [b"x"]),
        lambda: files.check_upload(f"{PHOTOS}/new.jpg"),
        lambda: files.delete(f"{PHOTOS}/1.jpg"),
        lambda: files.create_directory(f"{PHOTOS}/new"),
        lambda: files.delete_directory(f"{PHOTOS}/more"),
        lambda: files.delete_directory(PHOTOS),
    ):
        with pytest.raises(PermissionDenied, match=r"read-only.*register_volume.*not registered"):
            refused()
    assert everything_under(tmp_path / "photos") == before


# ---------------------------------------------------------------------- safety
@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "/Volumes",
        "/Volumes/main",
        "/Volumes/main/fashion_demo",
        "/Volumes/volumes.json",
        "/Volumes/../volumes.json",
        "/Volumes/main/fashion_demo/../../volumes.json",
        "/etc/passwd",
        "relative/path",
        f"{PHOTOS}/../../x",
        f"{PHOTOS}/..",
        f"{PHOTOS}/./1.jpg",
        f"{PHOTOS}/..\\..\\secret.txt",
        f"{PHOTOS}/1.jpg\0.txt",
        f"{PHOTOS}/\udc80",
        "/volumes/main/fashion_demo/raw_data/images/1.jpg",
    ],
)
def test_bad_paths_are_refused(files: Files, path: str) -> None:
    for ask in (
        files.stat,
        files.open_file,
        files.list_directory,
        files.delete,
        files.create_directory,
        files.delete_directory,
        files.check_upload,
    ):
        with pytest.raises(InvalidParameterValue):
            ask(path)
    with pytest.raises(InvalidParameterValue):
        files.write(path, [b"x"])


def test_an_absolute_part_and_percent_signs_stay_inside(files: Files, tmp_path: Path) -> None:
    for odd in (f"//{tmp_path}/secret.txt", "/%2e%2e/%2e%2e/secret.txt", "/..%2f..%2fsecret.txt"):
        with pytest.raises(PathNotFound):
            files.open_file(PHOTOS + odd)
        files.write(VOLUME + odd, [b"mine"])
        assert read(files, VOLUME + odd) == b"mine"
    assert (tmp_path / "secret.txt").read_bytes() == SECRET


def test_names_are_compared_as_written(files: Files) -> None:
    for other in (PHOTOS.replace("images", "IMAGES"), PHOTOS.replace("raw_data", "Raw_Data")):
        with pytest.raises(PathNotFound):
            files.stat(f"{other}/1.jpg")


def test_a_name_too_long_for_the_disk_is_a_bad_path(files: Files) -> None:
    for ask in (files.stat, files.open_file, files.create_directory):
        with pytest.raises(InvalidParameterValue, match="too long"):
            ask(f"{VOLUME}/{'x' * 5000}")


@pytest.fixture
def linked(files: Files, workspace: Workspace, tmp_path: Path) -> dict[str, Path]:
    """The same links in a registered and in a writable volume; the folders that they lie in."""
    files.write(f"{VOLUME}/1.jpg", [b"one"])
    files.create_directory(f"{VOLUME}/more")
    own = workspace.path / "volumes/main/fashion_demo/uploads"
    folders = {PHOTOS: tmp_path / "photos", VOLUME: own}
    for folder in folders.values():
        (folder / "to_file").symlink_to(tmp_path / "secret.txt")
        (folder / "to_folder").symlink_to(tmp_path)
        (folder / "to_root").symlink_to("/")
        (folder / "to_json").symlink_to(workspace.path / "volumes/volumes.json")
        (folder / "up").symlink_to("..")
        (folder / "circle").symlink_to("circle")
        (folder / "broken").symlink_to("nothing")
        (folder / "inside").symlink_to("1.jpg")
        (folder / "inside_folder").symlink_to("more")
    return folders


LEAVING = [
    "to_file",
    "to_folder",
    "to_folder/secret.txt",
    "to_root",
    "to_root/etc/passwd",
    "to_json",
    "up",
    "up/secret.txt",
    "circle",
    "circle/x",
    "inside_folder/out",
    "inside_folder/out/secret.txt",
]


@pytest.mark.parametrize("volume", [PHOTOS, VOLUME])
@pytest.mark.parametrize("link", LEAVING)
def test_links_that_leave_the_volume_are_refused(
    files: Files, linked: dict[str, Path], tmp_path: Path, volume: str, link: str
) -> None:
    (linked[volume] / "more" / "out").symlink_to(tmp_path)
    before = everything_under(tmp_path / "photos")
    for refused in (
        files.stat,
        files.open_file,
        files.list_directory,
        files.delete,
        files.delete_directory,
        files.create_directory,
        files.check_upload,
        lambda path: files.write(path, [b"x"]),
        lambda path: files.write(f"{path}/new.txt", [b"x"]),
        lambda path: files.create_directory(f"{path}/new"),
    ):
        with pytest.raises(PermissionDenied):
            refused(f"{volume}/{link}")
    assert (tmp_path / "secret.txt").read_bytes() == SECRET
    assert not (tmp_path / "new.txt").exists()
    assert everything_under(tmp_path / "photos") == before


@pytest.mark.parametrize("volume", [PHOTOS, VOLUME])
def test_listings_leave_out_links_that_leave_and_show_those_that_stay(
    files: Files, linked: dict[str, Path], volume: str
) -> None:
    inside = ["1.jpg", "inside", "inside_folder", "more"]
    assert names(files, volume) == inside
    assert [e.is_directory for e in files.list_directory(volume)[0]] == [False, False, True, True]
    assert read(files, f"{volume}/inside") == b"one"


def test_a_link_is_replaced_and_deleted_and_not_what_it_stands_for(
    files: Files, linked: dict[str, Path]
) -> None:
    files.write(f"{VOLUME}/inside", [b"other"])
    assert read(files, f"{VOLUME}/1.jpg") == b"one"
    assert read(files, f"{VOLUME}/inside") == b"other"
    (linked[VOLUME] / "again").symlink_to("1.jpg")
    files.delete(f"{VOLUME}/again")
    assert read(files, f"{VOLUME}/1.jpg") == b"one"
    with pytest.raises(PermissionDenied, match="link"):
        files.delete_directory(f"{VOLUME}/inside_folder")


@pytest.mark.parametrize("part", ["main", "main/fashion_demo", "main/fashion_demo/uploads"])
def test_a_volume_that_is_itself_a_link_is_refused(
    workspace: Workspace, tmp_path: Path, part: str
) -> None:
    (tmp_path / "elsewhere/fashion_demo/uploads").mkdir(parents=True)
    place = workspace.path / "volumes" / part
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionDenied, match="register_volume"):
        Files(workspace.volumes).list_directory(VOLUME)


def test_a_workspace_behind_a_link_works(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    files = Files(Workspace(tmp_path / "link" / "workspace").volumes)
    files.write(f"{VOLUME}/a.txt", [b"x"])
    assert read(files, f"{VOLUME}/a.txt") == b"x"


@pytest.mark.parametrize("around", [".", "workspace", "workspace/volumes"])
def test_the_workspace_is_not_seen_through_a_folder_around_it(
    files: Files, workspace: Workspace, tmp_path: Path, around: str
) -> None:
    workspace.register_volume(f"{VOLUME}/all", tmp_path / around)
    inside = {".": "/workspace", "workspace": "", "workspace/volumes": ""}[around]
    rest = "/volumes.json" if around == "workspace/volumes" else "/volumes/volumes.json"
    for ask in (files.stat, files.open_file):
        with pytest.raises(PermissionDenied, match="workspace's own"):
            ask(f"{VOLUME}/all{inside}{rest}")
    if around == ".":
        assert names(files, f"{VOLUME}/all") == ["photos", "secret.txt"]
    else:
        with pytest.raises(PermissionDenied):
            files.list_directory(f"{VOLUME}/all")


def test_pipes_and_names_that_no_path_can_hold_are_left_out(files: Files, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "photos/pipe")
    (tmp_path / "photos/back\\slash").write_bytes(b"x")
    Path(os.fsdecode(os.fsencode(tmp_path / "photos") + b"/\xff.jpg")).write_bytes(b"x")
    assert names(files, PHOTOS) == ["1.jpg", "more"]
    for ask in (files.stat, files.open_file):
        with pytest.raises(PathNotFound):
            ask(f"{PHOTOS}/pipe")


ODD = ["..", ".", "", "/", "\\", "\0", "%2e%2e", "..%2f", "~", "C:", "to_folder", "up", "main"]
NAMES = ["1.jpg", "more", "secret.txt", "photos", "workspace", "volumes.json", "Volumes"]
PARTS = st.one_of(st.sampled_from(ODD + NAMES), st.text(max_size=4))


@settings(
    max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    volume=st.sampled_from([PHOTOS, VOLUME, "/Volumes/main/fashion_demo", "/Volumes", ""]),
    parts=st.lists(PARTS, max_size=7),
)
def test_no_path_reads_or_writes_outside_its_volume(
    files: Files, workspace: Workspace, tmp_path: Path, volume: str, parts: list[str]
) -> None:
    photos = tmp_path / "photos"
    if not (photos / "up").is_symlink():
        (photos / "up").symlink_to("..")
        (photos / "to_folder").symlink_to(tmp_path)
    path = "/".join([volume, *parts])
    outside = {p: p.read_bytes() for p in tmp_path.glob("*.txt")}
    kept = (workspace.path / "volumes/volumes.json").read_bytes()
    try:
        assert read(files, path) in (b"one", b"two!", b"mine")
    except VitrineError as error:
        assert error.status_code in (400, 403, 404)
    try:
        files.write(path, [b"mine"])
        files.create_directory(f"{path}.d")
    except VitrineError as error:
        assert error.status_code in (400, 403, 404, 409)
    else:
        assert read(files, path) == b"mine"
        assert files.stat(path).path in {e.path for e in all_entries(files, path)}
    assert {p: p.read_bytes() for p in tmp_path.glob("*.txt")} == outside
    assert (workspace.path / "volumes/volumes.json").read_bytes() == kept
    assert sorted(os.listdir(tmp_path)) == ["photos", "secret.txt", "workspace"]
    assert sorted(os.listdir(photos)) == ["1.jpg", "more", "to_folder", "up"]
    plain = [name for name in os.listdir(workspace.path / "volumes") if name != "volumes.json"]
    assert all(re.fullmatch("[A-Za-z0-9_]+", name) for name in plain)


def all_entries(files: Files, path: str) -> list[object]:
    return list(files.list_directory(path.rstrip("/").rpartition("/")[0])[0])
