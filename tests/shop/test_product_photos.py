"""Photos of products as pages show them: small ones made once, turned upright, within a bound."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from support.storefront import NO_PHOTO, TURNED, built_shop, odd_products, picture

from engine import InvalidParameterValue, NotFound, Settings, Workspace
from engine.shop.photos.thumbnail_cache import ThumbnailCache


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return built_shop(tmp_path_factory.mktemp("photos"))


@pytest.fixture
def fresh(tmp_path: Path) -> Workspace:
    return Workspace(settings=Settings(tmp_path / "ws", encoder="hashed"))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def thumbnails(workspace: Workspace) -> list[Path]:
    return sorted((workspace.path / "cache" / "thumbnails").rglob("*.jpg"))


def test_a_thumbnail_is_made_once_and_a_file_is_sent_as_it_is(shop: Workspace) -> None:
    file = shop.volumes.resolve("/Volumes/main/fashion_demo/raw_data/images/7.jpg")
    whole = shop.product_photo(7)
    assert (whole.data, whole.media_type) == (file.read_bytes(), "image/jpeg")
    before = thumbnails(shop)
    small = shop.product_photo("7", 16)
    assert max(opened(small.data).size) == 16 and small.media_type == "image/jpeg"
    [made] = set(thumbnails(shop)) - set(before)
    assert made.read_bytes() == small.data and made.stem == small.tag
    stamp = made.stat().st_mtime_ns
    assert shop.product_photo(7, 16).data == small.data and made.stat().st_mtime_ns == stamp
    assert shop.product_photo(7, 17).tag != small.tag != whole.tag


def test_a_thumbnail_is_upright(shop: Workspace) -> None:
    small = opened(shop.product_photo(TURNED, 60).data).convert("RGB")
    assert small.size == (30, 60)
    red, blue = small.getpixel((15, 10)), small.getpixel((15, 50))
    assert red[0] > 200 > 60 > red[2] and blue[2] > 200 > 60 > blue[0]  # type: ignore[index]


def test_a_small_photo_is_not_made_larger(shop: Workspace) -> None:
    size = opened(shop.product_photo(7).data).size
    assert opened(shop.product_photo(7, 2048).data).size == size


@pytest.mark.parametrize("size", [15, 2049, 0, -1, True, 1.5, "64"])
def test_other_sizes_are_refused(shop: Workspace, size: object) -> None:
    with pytest.raises(InvalidParameterValue, match="size is"):
        shop.product_photo(7, size)  # type: ignore[arg-type]


def test_what_has_no_photo_says_so(shop: Workspace) -> None:
    with pytest.raises(NotFound, match="product 40 can't be shown: no file at"):
        shop.product_photo(NO_PHOTO)
    with pytest.raises(NotFound, match="not in table"):
        shop.product_photo(4711)


def test_every_fault_of_a_file_is_the_same_kind_of_answer(fresh: Workspace, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "cut.jpg").write_bytes(picture("JPEG", (400, 400))[:700])
    names = ["folder", "text.jpg", "cut.jpg", "gone.jpg"]
    photos = [str(tmp_path / name) for name in names] + [
        "/Volumes/main/a/b/../../../x",
        "http://x/y",
    ]
    odd_products(fresh, [str(n) for n in range(len(photos))], photos)
    for number in range(len(photos)):
        with pytest.raises(NotFound, match="can't be shown"):
            _ = fresh.product_photo(str(number), 64).data
    odd_products(fresh, ["a"], [None])
    with pytest.raises(NotFound, match="'a' has no photo"):
        fresh.product_photo("a")


def test_a_file_is_sent_as_it_is_where_its_header_is_whole(
    fresh: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "cut.jpg").write_bytes(picture("JPEG", (400, 400))[:700])
    odd_products(fresh, ["2"], [str(tmp_path / "cut.jpg")])
    assert fresh.product_photo("2").data  # it is sent as it is: its header is whole


def test_each_format_has_its_type_and_what_browsers_lack_is_a_jpeg(
    fresh: Workspace, tmp_path: Path
) -> None:
    kinds = {
        "JPEG": "jpeg",
        "PNG": "png",
        "WEBP": "webp",
        "AVIF": "avif",
        "GIF": "gif",
        "TIFF": "jpeg",
    }
    for kind in kinds:
        (tmp_path / kind).write_bytes(picture(kind))
    odd_products(fresh, list(kinds), [str(tmp_path / kind) for kind in kinds])
    for kind, expected in kinds.items():
        photo = fresh.product_photo(kind)
        assert photo.media_type == f"image/{expected}" and opened(photo.data).size == (40, 60)


def test_a_changed_photo_is_another(fresh: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture("PNG"))
    odd_products(fresh, ["a"], [str(file)])
    before = fresh.product_photo("a", 32)
    assert opened(before.data).height == 32
    file.write_bytes(picture("PNG", (80, 20)))
    os.utime(file, ns=(1, 1))
    after = fresh.product_photo("a", 32)
    assert after.tag != before.tag and opened(after.data).size == (32, 8)


# ---------------------------------------------------------------------- the cache
def jpeg(size: int) -> bytes:
    return b"x" * (size - 2) + b"\xff\xd9"


def test_the_cache_stays_within_its_bound_and_keeps_what_is_used(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path, max_bytes=10_000)
    for number in range(40):
        cache.get(f"{number:04x}", lambda: jpeg(1000))
        for file in tmp_path.rglob("*.jpg"):  # each is a second older than the next
            os.utime(file, (file.stat().st_mtime - 1,) * 2)
        used = tmp_path / "00" / "0000.jpg"
        os.utime(used)
        assert sum(file.stat().st_size for file in tmp_path.rglob("*.jpg")) <= 10_000
    assert used.exists() and (tmp_path / "00" / "0027.jpg").exists()
    again = ThumbnailCache(tmp_path, max_bytes=3_000)  # of another process
    again.get("ffff", lambda: jpeg(1000))
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.jpg")) <= 3_000


def test_a_file_that_a_crash_cut_short_is_made_again(tmp_path: Path) -> None:
    cache = ThumbnailCache(tmp_path)
    assert cache.get("abcd", lambda: jpeg(100)) == jpeg(100)
    (tmp_path / "ab" / "abcd.jpg").write_bytes(jpeg(100)[:50])
    assert cache.get("abcd", lambda: jpeg(90)) == jpeg(90) == cache.get("abcd", lambda: b"")


def test_what_can_not_be_kept_is_made_each_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = ThumbnailCache(tmp_path / "file")
    assert [cache.get("abcd", lambda: jpeg(9)) for _ in range(2)] == [jpeg(9)] * 2
