"""Every kind of picture becomes the RGB picture that it shows, on white.

Oracle: one drawn picture, its transparency and its turns computed in numpy, and written in each kind;
files that Pillow can't write are put together here, byte by byte.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms

from engine import load_encoder
from engine.encode.images import conversion, decode
from engine.encode.model_folders import editions

Pixels = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 48, 40


def drawn() -> Pixels:
    """Colours that change across, down and along."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    channels = across * 255 // (WIDTH - 1), down * 255 // (HEIGHT - 1), (across + down) * 255 // 86
    return np.stack(channels, axis=-1).astype(np.uint8)


RGB = drawn()
PICTURE = Image.fromarray(RGB)
GREY: Pixels = np.asarray(PICTURE.convert("L"))
GREY_RGB: Pixels = np.repeat(GREY[..., None], 3, axis=2)
ALPHA = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
ALPHA[:10], ALPHA[10:20] = 0, 128  # clear, half, whole
RGBA, LA = np.dstack([RGB, ALPHA]), np.dstack([GREY, ALPHA])
CUT_OUT, GREY_CUT_OUT = Image.fromarray(RGBA, "RGBA"), Image.fromarray(LA, "LA")
WIDE, WIDE_GREY = RGB.astype(np.uint16) * 257, GREY.astype(np.uint16) * 257
CMYK: Pixels = np.asarray(PICTURE.convert("CMYK"))
PALETTE = PICTURE.quantize(64)


def on_white(colours: Pixels, alpha: Pixels = ALPHA) -> Pixels:
    share = alpha[..., None].astype(float) / 255
    mixed: Pixels = np.rint(colours * share + 255 * (1 - share)).astype(np.uint8)
    return mixed


def cleared(colours: Pixels, where: npt.NDArray[np.bool_]) -> Pixels:
    out = colours.copy()
    out[where] = 255
    return out


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


# ---------------------------------------------------------------------- files of this test's own
def png(pixels: npt.NDArray[Any], colour_type: int, clear: bytes = b"") -> bytes:
    """A PNG of 8 or 16 bits; `clear` is what its tRNS chunk holds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    depth = 8 * pixels.itemsize
    lines = b"".join(b"\0" + row.astype(pixels.dtype.newbyteorder(">")).tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, colour_type, 0, 0, 0)
    transparency = chunk(b"tRNS", clear) if clear else b""
    body = chunk(b"IHDR", head) + transparency + chunk(b"IDAT", zlib.compress(lines))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def tiff(pixels: npt.NDArray[Any], photometric: int, alpha: int | None = None) -> bytes:
    """A TIFF of one strip; alpha 1 is premultiplied, 2 is not."""
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    kind = 3 if pixels.dtype.kind == "f" else 1
    tags: dict[int, tuple[str, list[int]]] = {
        256: ("I", [WIDTH]),
        257: ("I", [HEIGHT]),
        258: ("H", [8 * pixels.itemsize] * bands),
        259: ("H", [1]),
        262: ("H", [photometric]),
        273: ("I", [8]),
        277: ("H", [bands]),
        278: ("I", [HEIGHT]),
        279: ("I", [len(data)]),
        339: ("H", [kind] * bands),
    }
    if alpha is not None:
        tags[338] = ("H", [alpha])
    directory = 8 + len(data)
    after = directory + 2 + 12 * len(tags) + 4
    entries = extra = b""
    for tag, (form, values) in sorted(tags.items()):
        value = struct.pack(f"<{len(values)}{form}", *values)
        if len(value) > 4:
            value, extra = struct.pack("<I", after + len(extra)), extra + value
        number = 3 if form == "H" else 4
        entries += struct.pack("<HHI", tag, number, len(values)) + value.ljust(4, b"\0")
    head = b"II*\0" + struct.pack("<I", directory)
    return head + data + struct.pack("<H", len(tags)) + entries + bytes(4) + extra


def pnm(kind: bytes, most: int, pixels: npt.NDArray[Any]) -> bytes:
    return b"%s %d %d %d\n" % (kind, WIDTH, HEIGHT, most) + pixels.astype(">u2").tobytes()


def ycck_jpeg() -> bytes:
    """Adobe's second kind of CMYK: luminance and colour difference of the inverted inks, and black."""
    inks = np.asarray(Image.fromarray(CMYK[..., :3]).convert("YCbCr"))
    given = Image.fromarray(np.dstack([255 - inks, CMYK[..., 3]]), "CMYK")
    data = bytearray(saved(given, "JPEG", quality=100, subsampling=0))
    data[data.index(b"Adobe") + 11] = 2  # the transform that its marker names
    return bytes(data)


def by_index() -> tuple[Image.Image, Pixels]:
    picture = PALETTE.copy()
    picture.info["transparency"] = 3
    shown: Pixels = np.asarray(PALETTE.convert("RGB"))
    return picture, cleared(shown, np.asarray(PALETTE) == 3)


def by_bytes() -> tuple[Image.Image, Pixels]:
    picture = PALETTE.copy()
    table = bytes([0, 128, *[255] * 62])
    picture.info["transparency"] = table
    shown: Pixels = np.asarray(PALETTE.convert("RGB"))
    alpha = np.frombuffer(table, dtype=np.uint8)[np.asarray(PALETTE)]
    return picture, on_white(shown, alpha)


def first_of_two(kind: str, **options: Any) -> bytes:
    other = Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 255))
    return saved(CUT_OUT, kind, save_all=True, append_images=[other], **options)


def gif_frames() -> tuple[bytes, Pixels]:
    data = first_of_two("GIF")
    frame: Pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    assert set(np.unique(frame[..., 3])) == {0, 255}  # a GIF knows no half
    return data, on_white(frame[..., :3], frame[..., 3])


def lab() -> Image.Image:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    converted = ImageCms.profileToProfile(PICTURE, *profiles, outputMode="LAB")
    assert converted is not None
    return converted


KEY = tuple(int(value) for value in RGB[5, 7])
IS_KEY = (RGB == KEY).all(axis=-1)
GREY_KEY = int(GREY[5, 7])
PREMULTIPLIED = np.dstack([np.rint(RGB * (ALPHA[..., None] / 255)).astype(np.uint8), ALPHA])
WHITE_CUT_OUT, WHITE_GREY = on_white(RGB), on_white(GREY_RGB)
ONE = PICTURE.convert("1")
FRAMES, FRAMES_SHOW = gif_frames()
INDEXED, INDEXED_SHOWS = by_index()
TABLED, TABLED_SHOWS = by_bytes()
WITH_PALETTE_ALPHA = CUT_OUT.quantize(60, method=Image.Quantize.FASTOCTREE)
PALETTE_RGBA: Pixels = np.asarray(WITH_PALETTE_ALPHA.convert("RGBA"))

# Name: the picture, what it shows, and how far a value may be from that.
KINDS: dict[str, tuple[Image.Image | bytes, Pixels, int]] = {
    "1": (ONE, np.asarray(ONE.convert("RGB")), 0),
    "L": (Image.fromarray(GREY), GREY_RGB, 0),
    "LA": (GREY_CUT_OUT, WHITE_GREY, 0),
    "La": (GREY_CUT_OUT.convert("La"), WHITE_GREY, 1),
    "RGB": (PICTURE, RGB, 0),
    "RGBX": (PICTURE.convert("RGBX"), RGB, 0),
    "RGBA": (CUT_OUT, WHITE_CUT_OUT, 0),
    "RGBa": (CUT_OUT.convert("RGBa"), WHITE_CUT_OUT, 1),
    "P": (PALETTE, np.asarray(PALETTE.convert("RGB")), 0),
    "P, one clear": (INDEXED, INDEXED_SHOWS, 0),
    "P, alpha of each": (TABLED, TABLED_SHOWS, 0),
    "P of RGBA": (WITH_PALETTE_ALPHA, on_white(PALETTE_RGBA[..., :3], PALETTE_RGBA[..., 3]), 0),
    "PA": (PALETTE.convert("PA"), np.asarray(PALETTE.convert("RGB")), 0),
    "CMYK": (PICTURE.convert("CMYK"), RGB, 0),
    "YCbCr": (PICTURE.convert("YCbCr"), RGB, 3),
    "HSV": (PICTURE.convert("HSV"), RGB, 6),
    "I;16": (Image.fromarray(WIDE_GREY), GREY_RGB, 0),
    "I;16L": (
        Image.frombytes("I;16L", (WIDTH, HEIGHT), WIDE_GREY.astype("<u2").tobytes()),
        GREY_RGB,
        0,
    ),
    "I;16B": (
        Image.frombytes("I;16B", (WIDTH, HEIGHT), WIDE_GREY.astype(">u2").tobytes()),
        GREY_RGB,
        0,
    ),
    "I of 16 bits": (Image.fromarray(WIDE_GREY.astype(np.int32)), GREY_RGB, 0),
    "I of 8 bits": (Image.fromarray(GREY.astype(np.int32)), GREY_RGB, 0),
    "F to 1": (Image.fromarray((GREY / 255).astype(np.float32)), GREY_RGB, 0),
    "F to 255": (Image.fromarray(GREY.astype(np.float32)), GREY_RGB, 0),
    "PNG, palette, one clear": (saved(INDEXED, "PNG", transparency=3), INDEXED_SHOWS, 0),
    "PNG, palette, alpha of each": (saved(TABLED, "PNG"), TABLED_SHOWS, 0),
    "PNG, a colour clear": (png(RGB, 2, struct.pack(">HHH", *KEY)), cleared(RGB, IS_KEY), 0),
    "PNG, a grey clear": (
        png(GREY, 0, struct.pack(">H", GREY_KEY)),
        cleared(GREY_RGB, GREY == GREY_KEY),
        0,
    ),
    "PNG, 16 bit RGB": (png(WIDE, 2), RGB, 0),
    "PNG, 16 bit RGB, a colour clear": (
        png(WIDE, 2, struct.pack(">HHH", *(257 * value for value in KEY))),
        cleared(RGB, IS_KEY),
        0,
    ),
    "PNG, 16 bit RGBA": (png(RGBA.astype(np.uint16) * 257, 6), WHITE_CUT_OUT, 0),
    "PNG, 16 bit grey": (png(WIDE_GREY, 0), GREY_RGB, 0),
    "PNG, 16 bit grey, one clear": (
        png(WIDE_GREY, 0, struct.pack(">H", 257 * GREY_KEY)),
        cleared(GREY_RGB, GREY == GREY_KEY),
        0,
    ),
    "PNG, 16 bit grey and alpha": (png(LA.astype(np.uint16) * 257, 4), WHITE_GREY, 0),
    "TIFF, 16 bit RGB": (tiff(WIDE, 2), RGB, 0),
    "TIFF, 16 bit RGBA": (tiff(RGBA.astype(np.uint16) * 257, 2, alpha=2), WHITE_CUT_OUT, 0),
    "TIFF, premultiplied": (tiff(PREMULTIPLIED, 2, alpha=1), WHITE_CUT_OUT, 1),
    "TIFF, 16 bit, premultiplied": (
        tiff(PREMULTIPLIED.astype(np.uint16) * 257, 2, alpha=1),
        WHITE_CUT_OUT,
        1,
    ),
    "TIFF, grey and alpha": (tiff(LA, 1, alpha=2), WHITE_GREY, 0),
    "TIFF, grey, 0 is white": (tiff(255 - GREY, 0), GREY_RGB, 0),
    "TIFF, 16 bit grey, 0 is white": (tiff(65535 - WIDE_GREY, 0), GREY_RGB, 0),
    "TIFF, 32 bit grey": (tiff(GREY.astype(np.uint32) * 0x01010101, 1), GREY_RGB, 0),
    "TIFF, float": (tiff((GREY / 255).astype(np.float32), 1), GREY_RGB, 0),
    "TIFF, CMYK": (tiff(CMYK, 5), RGB, 0),
    "TIFF, 16 bit CMYK": (tiff(CMYK.astype(np.uint16) * 257, 5), RGB, 0),
    "PPM, 16 bit": (pnm(b"P6", 65535, WIDE), RGB, 0),
    "PGM, 10 bit": (pnm(b"P5", 1023, np.rint(GREY / 255 * 1023)), GREY_RGB, 0),
    "JPEG, CMYK": (saved(PICTURE.convert("CMYK"), "JPEG", quality=100), RGB, 4),
    "JPEG, YCCK": (ycck_jpeg(), RGB, 6),
    "JPEG, grey": (saved(Image.fromarray(GREY), "JPEG", quality=100), GREY_RGB, 4),
    "GIF, frames": (FRAMES, FRAMES_SHOW, 0),
    "WebP, frames": (first_of_two("WEBP", lossless=True), WHITE_CUT_OUT, 0),
    "APNG": (first_of_two("PNG"), WHITE_CUT_OUT, 0),
    "WebP": (saved(CUT_OUT, "WEBP", lossless=True, exact=True), WHITE_CUT_OUT, 0),
    "JPEG 2000": (saved(CUT_OUT, "JPEG2000"), WHITE_CUT_OUT, 0),
    "JPEG 2000, 16 bit": (saved(Image.fromarray(WIDE_GREY), "JPEG2000"), GREY_RGB, 0),
    "TGA": (saved(CUT_OUT, "TGA"), WHITE_CUT_OUT, 0),
}
if "AVIF" in Image.SAVE or (Image.init() and "AVIF" in Image.SAVE):  # not in every Pillow
    KINDS["AVIF"] = (saved(CUT_OUT, "AVIF", quality=100), WHITE_CUT_OUT, 8)
    KINDS["AVIF, frames"] = (first_of_two("AVIF", quality=100), WHITE_CUT_OUT, 8)
PLAIN = {  # RGB or grey as they are
    "PNG, 16 bit RGB",
    "TIFF, 16 bit RGB",
    "TIFF, grey, 0 is white",
    "PPM, 16 bit",
    "JPEG, grey",
}
FILES = [name for name, (given, _, _) in KINDS.items() if isinstance(given, bytes)]


@pytest.mark.parametrize("name", KINDS)
def test_it_is_the_picture_that_it_shows(name: str) -> None:
    given, expected, tolerance = KINDS[name]
    picture = decode(given)
    assert (picture.mode, picture.size) == ("RGB", (WIDTH, HEIGHT))
    assert np.abs(np.asarray(picture).astype(int) - expected).max() <= tolerance


@pytest.mark.parametrize("name", FILES)
def test_its_kind_is_part_of_what_stands_for_its_vector(name: str) -> None:
    given = KINDS[name][0]
    assert isinstance(given, bytes)
    assert (conversion(given) == "") == (name in PLAIN)


def test_lab_is_the_picture_up_to_its_own_eight_bits() -> None:
    """Of dark and of very bright colours, whole numbers of L, a and b keep little."""
    for given in (lab(), saved(lab(), "TIFF")):
        apart = np.abs(np.asarray(decode(given)).astype(int) - RGB)
        assert apart.mean() < 1.5
        assert (apart > 8).mean() < 0.05


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16"])
def test_other_kinds_are_turned_too(mode: str, turn: int) -> None:
    given, expected, _ = KINDS[mode]
    assert isinstance(given, Image.Image)
    exif = Image.Exif()
    exif[0x0112] = turn
    shown = [
        expected,
        expected[:, ::-1],
        expected[::-1, ::-1],
        expected[::-1],
        expected.transpose(1, 0, 2),
        np.rot90(expected, -1),
        expected[::-1, ::-1].transpose(1, 0, 2),
        np.rot90(expected),
    ]
    assert np.array_equal(np.asarray(decode(saved(given, "PNG", exif=exif))), shown[turn - 1])


@pytest.mark.parametrize("edition", editions())
@pytest.mark.parametrize("kind", ["RGBA", "CMYK", "P", "I;16"])
def test_the_embedded_model_fits_the_rgb_picture(edition: str, kind: str) -> None:
    """Turned to RGB on white first, then scaled and padded with white."""
    encoder = load_encoder(edition)
    given, _, _ = KINDS[kind]
    narrow = decode(given).crop((4, 0, 30, HEIGHT))
    assert isinstance(given, Image.Image)
    made = encoder.prepare_image(given.crop((4, 0, 30, HEIGHT)))
    assert np.array_equal(made, encoder.prepare_image(narrow))
    top_left = encoder.prepare_image(Image.new("RGB", (8, 8), "white"))[:, 0, 0]
    assert np.array_equal(made[:, 0, 0], top_left)
