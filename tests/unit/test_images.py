"""Preprocessing equals open_clip's transform bit for bit; bad images are named, never guessed."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from needs import needs
from PIL import Image

from engine import BadImage
from engine.encode.images import MAX_PIXELS, Preprocess, decode, thumbnail_uri

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
CONFIGS = [
    {"size": (224, 224)},
    {"size": (72, 72), "interpolation": "bilinear"},
    {"size": (64, 96)},
    {"size": (64, 96), "interpolation": "bilinear", "resize_mode": "longest", "fill_color": 255},
    {"size": (48, 48), "resize_mode": "longest"},
    {"size": (48, 64), "resize_mode": "squash"},
]


def random_image(width: int, height: int, mode: str, seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def both(image: Image.Image, config: dict) -> tuple[np.ndarray, np.ndarray]:
    needs("clip")
    from open_clip.transform import PreprocessCfg, image_transform_v2

    ours = Preprocess(mean=MEAN, std=STD, **config)(image)
    theirs = image_transform_v2(PreprocessCfg(mean=MEAN, std=STD, **config), is_train=False)(image)
    return ours, theirs.numpy()


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    mode=st.sampled_from(["RGB", "L", "RGBA", "CMYK", "LA"]),
    seed=st.integers(0, 9),
)
def test_preprocessing_equals_open_clip_exactly(
    config: dict, width: int, height: int, mode: str, seed: int
) -> None:
    if max(width, height) > 40 * min(width, height):
        return  # both round such strips to nothing
    image = random_image(width, height, mode, seed)
    before = image.tobytes()
    ours, theirs = both(image, config)
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs)
    assert image.tobytes() == before


@pytest.mark.parametrize("mode", ["P", "1", "I;16"])
@pytest.mark.parametrize("size", [(224, 224), (300, 225), (60, 60)])
def test_unusual_modes_equal_open_clip_too(mode: str, size: tuple[int, int]) -> None:
    if mode == "I;16":
        pixels = np.random.default_rng(0).integers(0, 65536, size[::-1]).astype(np.uint16)
        image = Image.fromarray(pixels)
    else:
        image = random_image(*size, "RGB", 1).convert(mode)
    np.testing.assert_array_equal(*both(image, {"size": (96, 96)}))


def test_a_photo_taken_sideways_is_turned_upright() -> None:
    image = Image.new("RGB", (40, 20), "white")
    image.paste("red", (0, 0, 10, 20))
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees
    image.save(buffer, "PNG", exif=exif)
    upright = decode(buffer.getvalue())
    assert upright.size == (20, 40)
    assert upright.getpixel((10, 2)) == (255, 0, 0)


def test_paths_bytes_and_images_decode_to_the_same_pixels(tmp_path: Path) -> None:
    image = random_image(50, 30, "RGB", 3)
    image.save(tmp_path / "a.png")
    from_path = decode(tmp_path / "a.png")
    from_bytes = decode((tmp_path / "a.png").read_bytes())
    assert from_path.tobytes() == from_bytes.tobytes() == decode(image).tobytes()


def jpeg() -> bytes:
    buffer = io.BytesIO()
    random_image(64, 64, "RGB", 0).save(buffer, "JPEG")
    return buffer.getvalue()


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that its data does not have."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 10) + b"IDAT" + bytes(14)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"not an image", "no image in a format that can be read"),
        (jpeg()[:-200], "damaged image"),
        (jpeg()[:30], "no image|damaged"),
        (png_of_size(20_000, 20_000), "too many pixels"),
        (png_of_size(12_000, 9_000), "12000 x 9000 pixels are too many; at most 100,000,000"),
    ],
    ids=["text", "truncated", "header only", "absurd", "too large"],
)
def test_a_bad_image_is_refused_with_the_reason(data: bytes, words: str) -> None:
    with pytest.raises(BadImage, match=words):
        decode(data)
    assert MAX_PIXELS == 100_000_000


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadImage, match=r"no file at .*nothing.jpg"):
        decode(tmp_path / "nothing.jpg")


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_damaged_file_gives_an_image_or_the_declared_error(place: int, value: int) -> None:
    data = bytearray(jpeg())
    data[place % len(data)] = value
    try:
        assert decode(bytes(data)).size
    except BadImage as error:
        assert str(error).startswith("[BAD_IMAGE]")


def test_a_thumbnail_is_small_and_inline() -> None:
    uri = thumbnail_uri(random_image(900, 600, "RGBA", 0), edge=100)
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 30_000
