"""Where pictures are: every way to name them, every place they come from, and what fetching may cost."""

from __future__ import annotations

import base64
import contextlib
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.catalogues import photo, picture_server, put

from engine import Workspace
from engine.errors import BadImage, InvalidInputException
from engine.photo_texts import ending_of
from engine.shop.catalogue.pictures.fetching import fetch_all
from engine.shop.catalogue.pictures.finding import Found, PictureFinder
from engine.shop.catalogue.pictures.folders import PictureFolder
from engine.shop.catalogue.pictures.kept import KeptPictures
from engine.shop.catalogue.pictures.limits import FetchLimits
from engine.shop.catalogue.pictures.links import NotNow, fetch_picture
from engine.shop.catalogue.pictures.places import PicturePlaces

HERE = FetchLimits(allow_private=True, seconds=5, attempts=1)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    for number, name in enumerate(
        ["a.jpg", "A1.JPG", "deep/er/b.png", "deep/er/b.jpg", "SKU-7/back.jpg", "SKU-7/front.jpg"]
    ):
        put(folder / name, number)
    for number, name in enumerate(["x_2.jpg", "x_1.jpg", "x_10.jpg", "it's 100% é {1} #.jpg"], 6):
        put(folder / "odd" / name, number)
    return folder


def finder(folder: Path, image: str | None = "image", **changed: Any) -> PictureFinder:
    volumes = Workspace(folder.parent / "ws").volumes
    made = PictureFinder(image, False, (PictureFolder(folder),), volumes, KeptPictures(volumes))
    return replace(made, **changed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("a1.jpg", "A1.JPG"),
        ("DEEP/er/B.PNG", "deep/er/b.png"),
        ("deep\\er\\b.jpg", "deep/er/b.jpg"),
        ("b", "deep/er/b.jpg"),  # the better ending
        ("elsewhere/a.jpg", "a.jpg"),  # by its name alone
        ("pictures/deep/er/b.png", "deep/er/b.png"),
        ("odd/it%27s%20100%25%20%C3%A9%20%7B1%7D%20%23.jpg", "odd/it's 100% é {1} #.jpg"),
        ("odd/it's 100% é {1} #.jpg", "odd/it's 100% é {1} #.jpg"),
        ("none.jpg|deep/er/b.png", "deep/er/b.png"),
        ("none.jpg; a.jpg", "a.jpg"),
        ("['none.jpg', 'a.jpg']", "a.jpg"),
        ('["a.jpg"]', "a.jpg"),
        ("./deep/../a.jpg", "a.jpg"),
    ],
)
def test_a_path_as_people_write_it(pictures: Path, text: str, expected: str) -> None:
    assert finder(pictures).of({"image": text}, 1).file == pictures / expected


def test_absolute_paths_links_to_files_and_volumes(pictures: Path, tmp_path: Path) -> None:
    own = finder(pictures)
    other = put(tmp_path / "other" / "é.jpg", 3)
    for text in (str(other), other.as_uri()):
        assert own.of({"image": text}, 1) == Found(file=other)
    own.volumes.register("/Volumes/main/s/v", tmp_path / "other")
    assert own.of({"image": "/Volumes/main/s/v/é.jpg"}, 1) == Found(path="/Volumes/main/s/v/é.jpg")
    assert "no file at" in str(own.of({"image": "/Volumes/main/s/v/none.jpg"}, 1).reason)


@pytest.mark.parametrize(
    "text", ["../outside.jpg", "none.jpg", "a\0.jpg", "x" * 5000, "far/front.jpg"]
)
def test_a_path_that_leads_nowhere_is_told(pictures: Path, tmp_path: Path, text: str) -> None:
    put(tmp_path / "outside.jpg", 1)
    put(pictures / "SKU-8" / "front.jpg", 2)  # of which of the two is not known
    found = finder(pictures).of({"image": text}, 1)
    assert found.file is None
    assert "no picture" in str(found.reason)


def test_bytes_and_what_is_around_them(pictures: Path) -> None:
    own, data = finder(pictures), photo(5)
    uri = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"
    for value in (
        data,
        {"bytes": data, "path": None},
        [{"bytes": data, "path": "x"}],
        uri,
        [None, uri],
        uri.replace("data:image/jpeg", "DATA:application/octet-stream;charset=utf-8"),
        f"data:image/jpeg;base64, {base64.encodebytes(data).decode()}",
        base64.b64encode(data).decode(),
        base64.encodebytes(data).decode(),
        base64.urlsafe_b64encode(data).decode().rstrip("="),
        {"bytes": None, "path": uri},
    ):
        found = own.of({"image": value}, 1)
        assert own.volumes.read(str(found.path)) == data
    assert own.of({"image": {"bytes": None, "path": "a.jpg"}}, 1).file == pictures / "a.jpg"
    assert not own.of({"image": {"bytes": None, "path": None}}, 1).is_there
    assert own.of({"image": "https://x/y.jpg"}, 1) == Found(link="https://x/y.jpg")
    assert "in no base64" in str(own.of({"image": "data:image/png;base64,%%"}, 1).reason)
    assert "no picture" in str(own.of({"image": "a" * 400}, 1).reason)  # base64 of no picture


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a", "a.jpg"),
        ("A1", "A1.JPG"),
        ("x", "odd/x_1.jpg"),
        ("sku-7", "SKU-7/back.jpg"),
        ("b", "deep/er/b.jpg"),
        ("none", None),
        (7, None),
    ],
)
def test_pictures_named_by_the_key(pictures: Path, key: object, expected: str | None) -> None:
    found = finder(pictures, image=None).of({}, key)
    assert found.file == (None if expected is None else pictures / expected)
    assert found.reason is None


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("{sku}/*.jpg", "SKU-7/back.jpg"),
        ("{sku}/front.jpg", "SKU-7/front.jpg"),
        ("**/fr?nt.JPG", "SKU-7/front.jpg"),
        ("deep/*.jpg", None),
        ("deep/**/*.jpg", "deep/er/b.jpg"),
        ("{none}/*.jpg", None),
    ],
)
def test_patterns(pictures: Path, pattern: str, expected: str | None) -> None:
    found = finder(pictures, pattern, is_pattern=True).of({"sku": "SKU-7", "none": None}, 1)
    assert found.file == (None if expected is None else pictures / expected)
    assert bool(found.reason) == (expected is None)


def test_what_a_key_holds_is_no_pattern(pictures: Path) -> None:
    assert finder(pictures, "{sku}.jpg", is_pattern=True).of({"sku": "[a]"}, 1).file is None


def test_places_are_volumes_and_odd_names_are_copied(pictures: Path, tmp_path: Path) -> None:
    volumes = Workspace(tmp_path / "ws").volumes
    odd = put(pictures / "back\\slash.jpg", 9)
    beside = put(tmp_path / "beside" / "z.jpg", 8)
    places = PicturePlaces(volumes, pictures, [odd, beside])
    for file in (pictures / "a.jpg", pictures / "odd" / "it's 100% é {1} #.jpg", odd, beside):
        path, reason = places.path_of(file)
        assert reason is None
        assert volumes.read(str(path)) == file.read_bytes()
    assert str(places.path_of(odd)[0]).startswith("/Volumes/main/fashion_demo/raw_data/kept/")


@pytest.mark.parametrize(
    ("start", "ending"),
    [
        (b"\xff\xd8\xff", "jpg"),
        (b"\x89PNG\r\n", "png"),
        (b"RIFF0000WEBPVP8 ", "webp"),
        (b"abc", "img"),
    ],
)
def test_the_ending_of_a_kept_picture(start: bytes, ending: str) -> None:
    assert ending_of(start) == ending


# ------------------------------------------------------------------ links
def test_a_picture_behind_a_link() -> None:
    answers = {"/a%20b.jpg?size=2": photo(1), "/two": (307, {"Location": "/a%20b.jpg?size=2"}, b"")}
    with picture_server(answers) as (address, asked):
        assert fetch_picture(f"{address}/a b.jpg?size=2", HERE) == photo(1)
        assert fetch_picture(f"{address}/two", HERE) == photo(1)
        assert asked == ["/a%20b.jpg?size=2", "/two", "/a%20b.jpg?size=2"]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (404, "404"),
        (403, "403"),
        ((200, {"Content-Type": "text/html"}, b"<html>"), "text/html"),
        ((200, {"Content-Type": "image/png"}, b""), "empty"),
        ((302, {"Location": "file:///etc/passwd"}, b""), "no link of http"),
        ((302, {"Location": "http://user:secret@127.0.0.1/"}, b""), "password"),
        ((302, {"Location": "/same"}, b""), "more than 5 redirects"),
    ],
)
def test_what_is_no_picture_is_refused(answer: Any, reason: str) -> None:
    with picture_server({"/same": answer}) as (address, _), pytest.raises(BadImage, match=reason):
        fetch_picture(f"{address}/same", HERE)


def test_a_picture_that_is_too_large_is_not_read_to_its_end() -> None:
    small = replace(HERE, megabytes=0.01)
    lying = (200, {"Content-Type": "image/png", "Transfer-Encoding": "identity"}, b"x" * 50_000)
    with picture_server({"/a": b"x" * 50_000, "/b": lying}) as (address, _):
        for path in ("/a", "/b"):
            with pytest.raises(BadImage, match=r"more than 0\.01 MB"):
                fetch_picture(f"{address}{path}", small)


def test_a_server_that_is_slow_or_breaks_off() -> None:
    short = (200, {"Content-Type": "image/png", "Content-Length": "999"}, b"abc")
    with picture_server({"/short": short, "/busy": 503}) as (address, _):
        started = time.monotonic()
        for path in ("/short", "/busy"):
            with pytest.raises(NotNow):
                fetch_picture(f"{address}{path}", replace(HERE, seconds=2))
        assert time.monotonic() - started < 10
    with pytest.raises(NotNow, match="did not answer"):
        fetch_picture(f"{address}/closed.jpg", HERE)


@pytest.mark.parametrize("many", [False, True])
def test_a_server_that_sends_a_byte_now_and_then(many: bool) -> None:
    def drip(out: Any) -> None:
        with contextlib.suppress(OSError):
            for _ in range(100):
                out.write(b"x")
                out.flush()
                time.sleep(0.1)

    headers = {"Content-Type": "image/png", **({"Content-Length": "100000"} if many else {})}
    with picture_server({"/drip": (200, headers, drip)}) as (address, _):
        started = time.monotonic()
        with pytest.raises(NotNow):
            fetch_picture(f"{address}/drip", replace(HERE, seconds=1))
        assert time.monotonic() - started < 4


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1/a.jpg",
        "http://localhost:80/a.jpg",
        "http://[::1]/a.jpg",
        "http://[::ffff:127.0.0.1]/a.jpg",
        "http://169.254.169.254/latest",
        "http://10.0.0.1/a.jpg",
        "http://192.168.1.1/a.jpg",
        "http://0.0.0.0/a.jpg",
        "http://2130706433/a.jpg",
    ],
)
def test_private_addresses_are_not_asked(link: str) -> None:
    with pytest.raises(BadImage, match=r"not asked|no address") as caught:
        fetch_picture(link, FetchLimits(seconds=2))
    assert "did not answer" not in caught.value.message


@pytest.mark.parametrize(
    "link", ["ftp://x/y.jpg", "http://", "http://x:99999/", "http://a:b@x/y.jpg"]
)
def test_links_that_are_none(link: str) -> None:
    with pytest.raises(BadImage):
        fetch_picture(link, HERE)


def test_fetching_goes_on_where_it_was(tmp_path: Path) -> None:
    volumes = Workspace(tmp_path / "ws").volumes
    answers: dict[str, Any] = {f"/{n}.jpg": photo(n) for n in range(20)}
    answers["/5.jpg"] = [503, photo(5)]  # busy once
    with picture_server(answers) as (address, asked):
        links = [f"{address}/{n}.jpg" for n in range(20)]
        limits = replace(HERE, attempts=2, at_once=4)
        first = fetch_all(links[:7], volumes, limits)
        assert all(one.path and one.is_new for one in first.values())
        asked.clear()
        ticks: list[int] = []
        every = fetch_all([*links, *links, f"{address}/none"], volumes, limits, ticks.append)
        assert len(asked) == 13 + 1
        assert sum(ticks) == 21
        assert [volumes.read(str(every[link].path)) for link in links] == [
            photo(n) for n in range(20)
        ]
        assert "404" in str(every[f"{address}/none"].reason)


@pytest.mark.parametrize("wrong", ["megabytes", "seconds", "at_once", "attempts"])
def test_limits_that_can_not_be(wrong: str) -> None:
    with pytest.raises(InvalidInputException, match=wrong):
        replace(FetchLimits(), **{wrong: 0}).check()  # type: ignore[arg-type]
