"""Preprocessing equals open_clip's transform bit for bit; bad images are named, never guessed."""

from __future__ import annotations

import hashlib
import io
import struct
import threading
import tracemalloc
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps, PngImagePlugin
from support.needs import needs

from engine import BadImage
from engine.encode.cache.embeddings import digest
from engine.encode.photos import bounds
from engine.encode.photos import preprocessing as images
from engine.encode.photos.preprocessing import (
    MAX_PIXELS,
    Preprocess,
    conversion,
    decode,
    thumbnail_uri,
)

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
    """Ours of the image, open_clip's of its RGB form."""
    needs("clip")
    from open_clip.transform import PreprocessCfg, image_transform_v2

    ours = Preprocess(mean=MEAN, std=STD, **config)(image)
    theirs = image_transform_v2(PreprocessCfg(mean=MEAN, std=STD, **config), is_train=False)
    return ours, theirs(image if image.mode in ("RGB", "L") else decode(image)).numpy()


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@settings(max_examples=25, deadline=None)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    mode=st.sampled_from(["RGB", "L"]),
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


@pytest.mark.parametrize("mode", ["P", "1", "RGBA", "CMYK", "YCbCr"])
@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_a_picture_is_rgb_before_it_is_fitted(mode: str, config: dict) -> None:
    """So that padding has its colour, and colours of a palette are mixed, not picked."""
    image = random_image(61, 90, "RGB", 1).convert(mode)
    ours = Preprocess(mean=MEAN, std=STD, **config)
    np.testing.assert_array_equal(ours(image), ours(image.convert("RGB")))


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("size", [(1, 300), (300, 1), (2, 40_000), (40_000, 2), (1, 1)])
def test_a_thin_picture_is_fitted_in_bounded_memory(size: tuple[int, int], config: dict) -> None:
    image = Image.new("RGB", size, (200, 100, 50))
    tracemalloc.start()
    pixels = Preprocess(mean=(0.0,) * 3, std=(1.0,) * 3, **config)(image)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert pixels.shape == (3, *config["size"])
    off = np.abs(pixels * 255 - np.reshape([200, 100, 50], (3, 1, 1))).max(axis=0)
    assert off.min() < 1  # "longest" leaves a line of it
    assert peak < 50_000_000


@pytest.mark.parametrize("size", [(20, 600), (600, 20)])
@pytest.mark.parametrize("target", [(224, 224), (64, 96)])
def test_the_centre_of_a_long_picture_is_the_same_without_the_rest(
    monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], target: tuple[int, int]
) -> None:
    smooth = random_image(max(1, size[0] // 10), max(1, size[1] // 10), "RGB", 3)
    image = smooth.resize(size, Image.Resampling.BICUBIC)
    fit = Preprocess(target, (0.0,) * 3, (1.0,) * 3)
    whole = fit(image)
    monkeypatch.setattr(images, "_MAX_FITTED", 0)
    # Pillow may take the other side first, and rounds in between.
    assert np.abs(fit(image) - whole).max() <= 4 / 255


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


# ---------------------------------------------------------------------- colours
RED = Image.new("RGB", (30, 40), (200, 30, 40))


def clear_in_the_middle() -> Image.Image:
    """Red around a hole of transparent black, as editors save a cut-out."""
    image = RED.convert("RGBA")
    image.paste((0, 0, 0, 0), (10, 10, 20, 30))
    return image


def palette_with_a_hole() -> Image.Image:
    image = Image.new("P", (30, 40), 0)
    image.putpalette([200, 30, 40, 0, 0, 0, 9, 9, 9])
    image.paste(1, (10, 10, 20, 30))
    return image


KEYED = RED.copy()
KEYED.paste((1, 2, 3), (10, 10, 20, 30))
CUT_OUTS = {
    "RGBA PNG": saved(clear_in_the_middle(), "PNG"),
    "RGBA WebP": saved(clear_in_the_middle(), "WEBP", lossless=True),
    "RGBA TIFF": saved(clear_in_the_middle(), "TIFF"),
    "palette PNG, one clear": saved(palette_with_a_hole(), "PNG", transparency=1),
    "palette PNG, tRNS": saved(palette_with_a_hole(), "PNG", transparency=b"\xff\0\x80"),
    "GIF": saved(palette_with_a_hole(), "GIF", transparency=1),
    "RGB PNG, a colour clear": saved(KEYED, "PNG", transparency=(1, 2, 3)),
    "premultiplied": clear_in_the_middle().convert("RGBa"),
    "PA": palette_with_a_hole().convert("PA"),
}
CUT_OUTS["PA"].putalpha(clear_in_the_middle().getchannel("A"))  # type: ignore[union-attr]


@pytest.mark.parametrize("name", CUT_OUTS)
def test_what_is_transparent_is_white(name: str) -> None:
    picture = decode(CUT_OUTS[name])
    assert picture.mode == "RGB"
    assert picture.getpixel((15, 20)) == (255, 255, 255)
    assert picture.getpixel((2, 2)) == (200, 30, 40)
    if isinstance(CUT_OUTS[name], bytes):
        assert conversion(CUT_OUTS[name]) == "white-3"


@pytest.mark.parametrize("mode", ["LA", "La"])
def test_transparent_grey_is_white(mode: str) -> None:
    image = Image.new("LA", (4, 4), (0, 0))
    image.putpixel((1, 1), (90, 255))
    picture = decode(image.convert(mode))
    assert picture.getpixel((0, 0)) == (255, 255, 255)
    assert picture.getpixel((1, 1)) == (90, 90, 90)


def test_half_transparent_is_mixed_with_white() -> None:
    picture = decode(Image.new("RGBA", (2, 2), (200, 0, 100, 51)))
    assert picture.getpixel((0, 0)) == (244, 204, 224)


def ramp(most: float, kind: type) -> np.ndarray:
    return np.linspace(0, most, 256).reshape(16, 16).astype(kind)


WIDE_GREYS = {
    "16 bit PNG": saved(Image.fromarray(ramp(65535, np.uint16)), "PNG"),
    "16 bit TIFF": saved(Image.fromarray(ramp(65535, np.uint16)), "TIFF"),
    "16 bit, other end first": Image.frombytes(
        "I;16B", (16, 16), ramp(65535, np.uint16).astype(">u2").tobytes()
    ),
    "integers of 16 bits": Image.fromarray(ramp(65535, np.int32)),
    "integers of 8 bits": Image.fromarray(ramp(255, np.int32)),
    "integers of 31 bits": Image.fromarray(ramp(2**31 - 1, np.int32)),
    "float to 1": saved(Image.fromarray(ramp(1, np.float32)), "TIFF"),
    "float to 255": Image.fromarray(ramp(255, np.float32)),
}


@pytest.mark.parametrize("name", WIDE_GREYS)
def test_grey_of_more_than_8_bits_is_scaled_not_cut_to_white(name: str) -> None:
    picture = decode(WIDE_GREYS[name])
    grey = np.asarray(picture)[..., 0].reshape(-1).astype(int)
    assert picture.mode == "RGB"
    assert np.abs(grey - np.arange(256)).max() <= 1


def test_a_dark_16_bit_photo_stays_dark() -> None:
    dark = saved(Image.fromarray(np.full((8, 8), 200, np.uint16)), "PNG")
    assert decode(dark).getpixel((0, 0)) == (1, 1, 1)


def test_numbers_that_are_none_are_black_or_white() -> None:
    pixels = np.array([[np.nan, np.inf, -np.inf, 0.5]], np.float32)
    assert np.asarray(decode(Image.fromarray(pixels)))[0, :, 0].tolist() == [0, 255, 0, 128]


def test_cmyk_is_shown_by_its_profile_and_by_the_formula_without_a_good_one() -> None:
    image = RED.convert("CMYK")
    plain = decode(saved(image, "JPEG", quality=100))
    assert np.abs(np.asarray(plain).astype(int) - (200, 30, 40)).max() <= 4
    damaged = decode(saved(image, "JPEG", quality=100, icc_profile=b"no profile"))
    assert damaged.tobytes() == plain.tobytes()
    other = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # of other colours
    assert decode(saved(image, "JPEG", quality=100, icc_profile=other)).tobytes() == plain.tobytes()


def test_lab_is_converted() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(RED, srgb, lab, outputMode="LAB")
    assert image is not None
    picture = decode(saved(image, "TIFF"))
    assert np.abs(np.asarray(picture).astype(int) - (200, 30, 40)).max() <= 4


@pytest.mark.parametrize(
    ("kind", "options"),
    [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {}), ("TIFF", {}), ("MPO", {})],
)
def test_of_many_frames_the_first_is_taken(kind: str, options: dict) -> None:
    others = [Image.new("RGB", (30, 40), color) for color in ("blue", "green", "white")]
    data = saved(RED, kind, save_all=True, append_images=others, **options)
    assert np.abs(np.asarray(decode(data)).astype(int) - (200, 30, 40)).max() <= 6


@pytest.mark.parametrize(
    "options",
    [{"progressive": True}, {"subsampling": 0}, {"quality": 5}, {"restart_marker_rows": 1}],
)
def test_jpegs_of_all_kinds_are_plain(options: dict) -> None:
    data = saved(random_image(50, 60, "RGB", 1), "JPEG", **options)
    assert decode(data).size == (50, 60)
    assert conversion(data) == ""


@pytest.mark.parametrize(
    "data", [b"", b"nothing", saved(RED, "PNG"), saved(RED.convert("L"), "PNG")]
)
def test_the_vectors_of_plain_photos_stay_in_the_cache(data: bytes) -> None:
    assert digest(data, conversion(data)) == hashlib.blake2b(data, digest_size=16).digest()


def test_other_photos_have_another_place_in_the_cache() -> None:
    data = saved(clear_in_the_middle(), "PNG")
    assert digest(data, conversion(data)) != digest(data)


# ---------------------------------------------------------------------- upright
@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "MPO"])
def test_a_photo_is_turned_as_pillow_itself_would(kind: str, turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    data = saved(random_image(40, 24, "RGB", 2), kind, exif=exif)
    expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    assert expected is not None
    picture = decode(data)
    assert picture.tobytes() == expected.convert("RGB").tobytes()
    assert decode(picture).tobytes() == picture.tobytes(), "turned twice"


def with_exif(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """A JPEG turned by 90 degrees, with more EXIF tags (tag, type, count, value)."""
    entries = [*entries, (0x112, 3, 1, struct.pack("<H", 6))]
    body = data = b""
    offset = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in sorted(entries):
        if len(value) > 4:
            data, value = data + value, struct.pack("<I", offset + len(data))
        body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4) + data
    plain = saved(random_image(40, 24, "RGB", 2), "JPEG")
    return plain[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + plain[2:]


@pytest.mark.parametrize(
    "entry",
    [
        (0x11A, 2, 5, b"72\0\0\0"),
        (0x100, 2, 5, b"abcd\0"),
        (0x10F, 5, 1, struct.pack("<II", 1, 2)),
        (0x11B, 5, 1, struct.pack("<II", 1, 0)),
        (0x8769, 4, 1, struct.pack("<I", 0xFFFFFF)),
        (0x8825, 2, 3, b"ab\0"),
        (0x132, 7, 20, bytes(20)),
    ],
)
def test_odd_exif_neither_stops_a_photo_nor_keeps_it_from_being_turned(entry: tuple) -> None:
    assert decode(with_exif([entry])).size == (24, 40)


@pytest.mark.filterwarnings("ignore")  # where a user's filter makes them errors, the photo fails
@pytest.mark.parametrize("entry", [(0x10F, 5, 5, bytes(36)), (0x100, 12, 9, bytes(40))])
def test_an_entry_of_exif_that_is_cut_does_not_keep_a_photo_from_being_turned(entry: tuple) -> None:
    assert decode(with_exif([entry])).size == (24, 40)


@pytest.mark.filterwarnings("ignore")  # where a user's filter makes them errors, the photo fails
@pytest.mark.parametrize("value", [b"\x06", b"six\0", bytes(4), b"\xff\xff\xff\xff"])
@pytest.mark.parametrize("kind", [1, 2, 4, 5, 7, 9, 12, 77])
def test_an_odd_orientation_is_none(kind: int, value: bytes) -> None:
    plain = with_exif([])
    tag = struct.pack("<HHI", 0x112, 3, 1) + struct.pack("<H", 6) + bytes(2)
    data = plain.replace(tag, struct.pack("<HHI", 0x112, kind, 1) + value.ljust(4, b"\0"))
    assert data != plain
    assert decode(data).size in ((40, 24), (24, 40))


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
        (b"", "empty"),
        (png_of_size(30_000, 30_000), "30000 x 30000 pixels are too many; at most 100,000,000"),
        (png_of_size(12_000, 9_000), "12000 x 9000 pixels are too many; at most 100,000,000"),
        (png_of_size(1, 1_000_001), "a side is too long; at most 1,000,000"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIC photo: .* save it as JPEG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "a HEIC photo"),
        (b"<?xml version='1.0'?>\n<svg xmlns='x'/>", "an SVG drawing"),
        (b"<!DOCTYPE html><title>404 Not Found", "a web page"),
        (b"%PDF-1.7", "a PDF document"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "a PostScript drawing"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
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


@pytest.mark.parametrize("error", [MemoryError(), RecursionError(), SystemError("x"), KeyError(3)])
def test_whatever_a_decoder_raises_is_the_photos_failure(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def load(self: object) -> None:
        raise error

    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
    with pytest.raises(BadImage, match=r"bytes: (damaged image|too large)"):
        decode(saved(RED, "PNG"))


def test_an_icon_whose_picture_is_too_large_is_not_decoded() -> None:
    png = png_of_size(20_000, 20_000)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22)
    with pytest.raises(BadImage, match="20000 x 20000 pixels in an icon are too many"):
        decode(b"\0\0\1\0\1\0" + entry + png)


def test_tiles_larger_than_any_photo_are_not_decoded() -> None:
    data = bytearray(saved(Image.new("L", (64, 64)), "TIFF"))
    (first,) = struct.unpack_from("<I", data, 4)
    tiled = {273: 324, 279: 325, 278: 322, 284: 323}  # strips become tiles
    for number in range(struct.unpack_from("<H", data, first)[0]):
        place = first + 2 + 12 * number
        tag = tiled.get(struct.unpack_from("<H", data, place)[0])
        if tag is not None:
            struct.pack_into("<H", data, place, tag)
        if tag in (322, 323):
            struct.pack_into("<HII", data, place + 2, 4, 1, 60_000)
    with pytest.raises(BadImage, match="tiles of 3,600,000,000 pixels are too large"):
        decode(bytes(data))


def test_a_webp_that_would_take_two_gigabytes_is_not_decoded() -> None:
    side = struct.pack("<I", 9_999)[:3]
    webp = saved(Image.new("RGBA", (4, 4)), "WEBP", lossless=True)
    lossless = webp[webp.index(b"VP8L") :]
    bits = 9_999 | 9_999 << 14 | 1 << 28  # both sides less one, and that there is alpha
    lossless = lossless[:9] + struct.pack("<I", bits) + lossless[13:]
    head = b"VP8X" + struct.pack("<I", 10) + b"\x10\0\0\0" + side + side
    body = b"WEBP" + head + lossless
    data = b"RIFF" + struct.pack("<I", len(body)) + body
    with pytest.raises(BadImage, match="10000 x 10000 pixels of WEBP would take 2,000,000,000"):
        decode(data)


def test_photos_in_work_share_the_memory_in_the_order_they_come() -> None:
    room = bounds.MemoryBudget(10)
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def work(name: str, size: int) -> None:
        with room.of(size):
            order.append(name)
            if name == "first":
                inside.set()
                leave.wait(30)

    first = threading.Thread(target=work, args=("first", 8))
    first.start()
    assert inside.wait(30)
    large = threading.Thread(target=work, args=("large", 10))
    large.start()
    while not room._turn.locked():  # until it waits
        leave.wait(0.001)
    small = threading.Thread(target=work, args=("small", 1))
    small.start()  # there is room for it, but it came later
    leave.set()
    for thread in (first, large, small):
        thread.join(30)
    assert order == ["first", "large", "small"]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pictures_are_laid_on_white_without_a_copy(mode: str) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (30, 40, 4), dtype=np.uint8)
    picture = Image.fromarray(pixels).convert(mode)
    white = Image.new("RGBA", picture.size, "white")
    expected = Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")
    got = np.asarray(decode(picture), dtype=int)
    assert np.abs(got - np.asarray(expected, dtype=int)).max() <= 1  # they round apart


def test_a_jpeg_of_a_thousand_scans_is_not_worked_through() -> None:
    data = saved(Image.new("L", (4000, 4000)), "JPEG", progressive=True)
    scan = data[data.index(b"\xff\xda") : data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)]
    with pytest.raises(BadImage, match="scans of 4000 x 4000 pixels are too much work"):
        decode(data[:-2] + scan * 200 + data[-2:])


@pytest.mark.parametrize(
    "head",
    [
        b"P3 6000 6000 255 ",
        b"P5 6000 6000 60000 ",
        b"qoif" + struct.pack(">IIBB", 6000, 6000, 3, 0),
    ],
)
def test_what_pillow_decodes_in_python_has_a_smaller_bound(head: bytes) -> None:
    with pytest.raises(BadImage, match="6000 x 6000 pixels are too many for this kind of"):
        decode(head + b"1 " * 100)


def test_many_threads_leave_the_filters_of_warnings_alone() -> None:
    large = saved(Image.new("1", (9_500, 9_500)), "PNG")  # Pillow itself would warn of it
    before, limit = list(warnings.filters), Image.MAX_IMAGE_PIXELS
    with ThreadPoolExecutor(4) as pool:
        sizes = list(pool.map(lambda _: decode(large).size, range(4)))
    assert sizes == [(9_500, 9_500)] * 4
    assert warnings.filters == before
    assert limit == Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize("given", [5, None, [1], np.zeros((4, 4, 3), np.uint8), io.BytesIO(b"x")])
def test_what_is_no_image_is_named_with_what_is_expected(given: object) -> None:
    with pytest.raises(
        BadImage, match="expected a file's path, the bytes of an image file, or a PIL"
    ):
        decode(given)  # type: ignore[arg-type]


def test_a_thumbnail_is_small_and_inline() -> None:
    uri = thumbnail_uri(random_image(900, 600, "RGBA", 0), edge=100)
    assert uri.startswith("data:image/jpeg;base64,")
    assert len(uri) < 30_000
