"""Photos that users give to search with: checked, shrunk, kept by their content within a bound."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from support.storefront import picture

from engine.errors import BadImage, NotFound, StorageFailed
from engine.shop.photos import given_photos
from engine.shop.photos.given_photos import EDGE, GivenPhotos


def test_a_photo_is_kept_by_its_content_for_every_process(tmp_path: Path) -> None:
    digest = GivenPhotos(tmp_path).keep(picture("PNG", (2000, 1000)))
    assert digest == GivenPhotos(tmp_path).keep(picture("PNG", (2000, 1000)))
    with Image.open(io.BytesIO(GivenPhotos(tmp_path).get(digest))) as kept:
        assert kept.format == "JPEG" and kept.size == (EDGE, EDGE // 2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_format_that_is_read_can_be_given(tmp_path: Path, kind: str) -> None:
    photos = GivenPhotos(tmp_path)
    with Image.open(io.BytesIO(photos.get(photos.keep(picture(kind))))) as kept:
        assert kept.size == (40, 60)


def test_a_photo_for_printers_is_converted(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("CMYK", (20, 20), (0, 255, 255, 0)).save(buffer, "JPEG")
    photos = GivenPhotos(tmp_path)
    with Image.open(io.BytesIO(photos.get(photos.keep(buffer.getvalue())))) as kept:
        red, green, blue = kept.convert("RGB").getpixel((10, 10))  # type: ignore[misc]
        assert red > 200 and green < 60 and blue < 60


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"hello", "no image in a format that can be read"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo"),
        (picture("JPEG")[:300], "damaged"),
    ],
)
def test_what_is_no_photo_is_refused(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(BadImage, match=said):
        GivenPhotos(tmp_path).keep(data)
    assert not list(tmp_path.iterdir())


def test_a_file_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(given_photos, "MOST_BYTES", 100)
    with pytest.raises(BadImage, match="at most 100 are taken"):
        GivenPhotos(tmp_path).keep(picture("JPEG"))


@pytest.mark.parametrize("digest", ["0" * 32, "", "../../x", "0" * 31, "Z" * 32])
def test_a_photo_that_is_gone_is_said(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFound, match="Give it again"):
        GivenPhotos(tmp_path).get(digest)


def test_a_photo_that_can_t_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFailed, match="Make room"):
        GivenPhotos(tmp_path / "file").keep(picture("JPEG"))
