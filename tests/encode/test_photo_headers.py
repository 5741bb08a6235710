"""What is written before and behind a photo's pixels neither changes, hides nor stops them.

Files are put together here byte by byte; what they show is computed in numpy.
"""

from __future__ import annotations

import gzip
import io
import struct
import warnings
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageCms, features

from engine import BadImage
from engine.encode.images import conversion, decode
from engine.encode.photos.thumbnails import thumbnail

Pixels = npt.NDArray[Any]
WIDTH, HEIGHT = 12, 8
RGB = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
PICTURE = Image.fromarray(RGB)
OTHER = RGB[::-1, ::-1]
WHITE = np.full_like(RGB, 255)


def grey(values: Sequence[int]) -> Pixels:
    """One row of grey pixels as RGB."""
    return np.repeat(np.array([values], np.uint8)[..., None], 3, axis=2)


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(
    rows: Sequence[bytes], size: tuple[int, int], kind: tuple[int, int], before: bytes = b""
) -> bytes:
    """A PNG of rows of packed pixels; kind is bits and colour type, `before` chunks before them."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, *kind, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + head + before + pixels + chunk(b"IEND", b"")


def plain_png(before: bytes = b"") -> bytes:
    return png([row.tobytes() for row in RGB], (WIDTH, HEIGHT), (8, 2), before)


def shows(given: bytes | Image.Image, expected: Pixels, apart: int = 0) -> bool:
    picture = np.asarray(decode(given)).astype(int)
    return picture.shape == expected.shape and bool(np.abs(picture - expected).max() <= apart)


# ---------------------------------------------------------------------- a PNG's clear colour
@pytest.mark.parametrize(
    ("depth", "clear"), [(1, 0), (1, 1), (2, 0), (2, 1), (2, 3), (4, 2), (4, 13), (8, 0), (8, 13)]
)
def test_the_clear_grey_of_a_png_of_few_bits_is_white(depth: int, clear: int) -> None:
    count = min(1 << depth, 16)
    bits = "".join(f"{value:0{depth}b}" for value in range(count)).ljust(8, "0")
    row = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    data = png([row], (count, 1), (depth, 0), chunk(b"tRNS", struct.pack(">H", clear)))
    most = (1 << depth) - 1
    values = [255 if value == clear else value * 255 // most for value in range(count)]
    assert shows(data, grey(values))


def test_the_clear_colour_of_a_png_of_16_bits_is_white() -> None:
    colours = [(0x1234, 0x5678, 0x9ABC), (0x1334, 0x5678, 0x9ABC), (65535, 0, 256)]
    row = b"".join(struct.pack(">HHH", *colour) for colour in colours)
    data = png([row], (3, 1), (16, 2), chunk(b"tRNS", struct.pack(">HHH", *colours[0])))
    shown = [[(255, 255, 255), (0x13, 0x56, 0x9A), (255, 0, 1)]]
    assert shows(data, np.array(shown, np.uint8))


# ---------------------------------------------------------------------- alpha that nobody meant
ZEROS = np.dstack([RGB[..., ::-1], np.zeros((HEIGHT, WIDTH), np.uint8)])
HALF = ZEROS.copy()
HALF[: HEIGHT // 2, :, 3] = 255
MASKS = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def bmp(pixels: Pixels) -> bytes:
    """A BMP with a mask for alpha."""
    data = pixels[::-1].tobytes()
    head = struct.pack("<IiiHHIIiiII", 124, WIDTH, HEIGHT, 1, 32, 3, len(data), 0, 0, 0, 0)
    head = (head + MASKS).ljust(124, b"\0")
    start = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", start + len(data), 0, 0, start) + head + data


def tga(pixels: Pixels) -> bytes:
    head = struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, WIDTH, HEIGHT, 32, 0x28)
    return head + pixels.tobytes()


def ico(pixels: Pixels) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, WIDTH, 2 * HEIGHT, 1, 32, 0, 0, 0, 0, 0, 0)
    data = head + pixels[::-1].tobytes() + bytes(4 * HEIGHT)
    entry = struct.pack("<BBBBHHII", WIDTH, HEIGHT, 0, 0, 1, 32, len(data), 22)
    return struct.pack("<HHH", 0, 1, 1) + entry + data


@pytest.mark.parametrize("kind", [bmp, tga, ico])
def test_alpha_that_is_zero_everywhere_hides_nothing(kind: Any) -> None:
    assert shows(kind(ZEROS), RGB)
    half = RGB.copy()
    half[HEIGHT // 2 :] = 255
    assert shows(kind(HALF), half)


def test_a_png_that_is_clear_everywhere_is_white() -> None:
    clear = PICTURE.copy()
    clear.putalpha(0)
    assert shows(saved(clear, "PNG"), WHITE)


# ---------------------------------------------------------------------- frames and pages
def gif(x: int, y: int, background: int, clear: int | None = None) -> bytes:
    """A GIF of 12 x 8 with one frame of 4 x 4 at (x, y), all of the palette's colour 1."""
    palette = bytes([0, 0, 0, 200, 30, 40, 0, 255, 0, 0, 0, 255])
    head = b"GIF89a" + struct.pack("<HHBBB", WIDTH, HEIGHT, 0x81, background, 0) + palette
    flags = bytes([0 if clear is None else 1, 10, 0, clear or 0, 0])
    codes = [4, *[1, 4] * 15, 1, 5]  # each pixel after a fresh start: codes stay three bits long
    bits = "".join(f"{code:03b}"[::-1] for code in codes)
    packed = bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))
    frame = b"\x2c" + struct.pack("<HHHHB", x, y, 4, 4, 0) + b"\2" + bytes([len(packed)]) + packed
    return head + b"\x21\xf9\x04" + flags + frame + b"\0;"


@pytest.mark.parametrize("background", [0, 2])
@pytest.mark.parametrize("clear", [None, 3])
def test_around_the_first_frame_of_a_gif_it_is_white(background: int, clear: int | None) -> None:
    data = gif(5, 2, background, clear)
    expected = WHITE.copy()
    expected[2:6, 5:9] = (200, 30, 40)
    assert shows(data, expected)
    assert conversion(data) != ""


def test_a_tiff_s_first_page_may_be_a_thumbnail_of_another() -> None:
    small = Image.new("RGB", (4, 4), "red")
    small.encoderinfo = {"tiffinfo": {254: 1}}
    large = Image.fromarray(OTHER)
    large.encoderinfo = {"tiffinfo": {254: 0}}
    data = saved(small, "TIFF", save_all=True, append_images=[large], tiffinfo={254: 1})
    kinds = [page.tag_v2.get(254) for page in _pages(data)]
    assert kinds == [1, 0]
    assert shows(data, OTHER)
    assert conversion(data) != ""
    alone = saved(PICTURE, "TIFF", tiffinfo={254: 1})
    assert shows(alone, RGB)


def _pages(data: bytes) -> Any:
    picture = Image.open(io.BytesIO(data))
    for page in range(getattr(picture, "n_frames", 1)):
        picture.seek(page)
        yield picture


# ---------------------------------------------------------------------- kinds of TIFFs
def tiff(planes: Sequence[bytes], tags: dict[int, Sequence[int]], order: str = "<") -> bytes:
    """A TIFF of one strip for each plane; all tags are short or long numbers."""
    starts = [8 + sum(map(len, planes[:n])) for n in range(len(planes))]
    data = b"".join(planes)
    tags = {256: [WIDTH], 257: [HEIGHT], 259: [1], 278: [HEIGHT], **tags}
    tags |= {273: starts, 279: [len(plane) for plane in planes]}
    after = 8 + len(data) + 2 + 12 * len(tags) + 4
    entries = extra = b""
    for tag, values in sorted(tags.items()):
        form, number = ("I", 4) if tag in (273, 279) else ("H", 3)
        value = struct.pack(f"{order}{len(values)}{form}", *values)
        if len(value) > 4:
            value, extra = struct.pack(f"{order}I", after + len(extra)), extra + value
        entries += struct.pack(f"{order}HHI", tag, number, len(values)) + value.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(data))
    return head + data + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + extra


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bits_in_planes_of_their_own_are_the_picture(order: str) -> None:
    wide = (RGB.astype(np.uint16) * 257).astype(f"{order}u2")
    planes = [wide[..., channel].tobytes() for channel in range(3)]
    tags = {258: [16] * 3, 262: [2], 277: [3], 284: [2]}
    assert shows(tiff(planes, tags, order), RGB)
    assert conversion(tiff(planes, tags, order)) != ""


@pytest.mark.parametrize("order", ["<", ">"])
def test_greys_of_other_numbers_are_scaled(order: str) -> None:
    one: Pixels = RGB[..., 0]
    shown = np.repeat(one[..., None], 3, axis=2)
    signed = np.rint(one / 255 * 32767).astype(f"{order}i2").tobytes()
    tags = {258: [16], 262: [1], 277: [1], 339: [2]}
    assert shows(tiff([signed], tags, order), shown, 1)
    dark = np.full((HEIGHT, WIDTH), 3000, f"{order}i2").tobytes()
    assert shows(tiff([dark], tags, order), np.full_like(RGB, round(3000 / 32767 * 255)))
    inverted = (1 - one / 255).astype(f"{order}f4").tobytes()
    assert shows(tiff([inverted], {258: [32], 262: [0], 277: [1], 339: [3]}, order), shown, 1)


def test_pixels_that_are_not_read_are_not_called_damaged() -> None:
    planes = [(RGB / 255).astype("<f4").tobytes()]
    with pytest.raises(BadImage, match="of a kind that is not read") as failure:
        decode(tiff(planes, {258: [32] * 3, 262: [2], 277: [3], 339: [3] * 3}))
    assert "damaged" not in failure.value.message


# ---------------------------------------------------------------------- notes beside the pixels
BOMB = zlib.compress(bytes(3 << 20))
NOTES = {
    "a profile of 3 MB": chunk(b"iCCP", b"x\0\0" + BOMB),
    "a packed text of 3 MB": chunk(b"zTXt", b"x\0\0" + BOMB),
    "a text of 3 MB in Unicode": chunk(b"iTXt", b"x\0\1\0\0\0" + BOMB),
    "a text with another checksum": chunk(b"tEXt", b"x\0y")[:-1] + b"\0",
    "texts of 70 MB": chunk(b"tEXt", b"x\0" + b"y" * 900_000) * 80,
    "no gamma": chunk(b"gAMA", b"\0"),
    "no size": chunk(b"pHYs", b"\0"),
    "no colours": chunk(b"cHRM", b"\0"),
    "no frames": chunk(b"acTL", bytes(8)),
    "half a number of frames": chunk(b"acTL", b"\0"),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_png_s_notes_do_not_stop_its_pixels(name: str) -> None:
    data = plain_png(NOTES[name])
    assert shows(data, RGB)
    assert conversion(data) == ""


@pytest.mark.parametrize("behind", [chunk(b"zTXt", b"x\0\0" + BOMB), b"no chunk at all"])
def test_what_follows_a_png_s_pixels_does_not_stop_them(behind: bytes) -> None:
    whole = plain_png()
    assert shows(whole[:-12] + behind + whole[-12:], RGB)


def test_a_png_whose_pixels_are_cut_stays_damaged() -> None:
    data = plain_png(NOTES["no gamma"])
    with pytest.raises(BadImage, match="damaged image"):
        decode(data[: len(data) // 2])


SIX = (0x112, 3, 1, struct.pack("<H", 6))
ODD_EXIF = {
    "two numbers": [(0x112, 3, 2, struct.pack("<HH", 6, 6))],
    "as a long number": [(0x112, 4, 1, struct.pack("<I", 6))],
    "not in order": [(0x11A, 2, 5, b"72\0\0\0"), SIX],
    "after an unknown type": [(0x100, 99, 5, b"72\0\0"), SIX],
    "after one beyond the end": [(0x10F, 2, 70_000, b"abcde"), SIX],
    "after one cut off": [(0x10F, 5, 5, bytes(36)), SIX],
    "beside a loop": [SIX, (0x8769, 4, 1, struct.pack("<I", 8))],
    "beside a resolution by 0": [SIX, (0x11A, 5, 1, struct.pack("<II", 72, 0))],
}


def exif(entries: Sequence[tuple[int, int, int, bytes]]) -> bytes:
    body = data = b""
    after = 8 + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if len(value) > 4:
            data, value = data + value, struct.pack("<I", after + len(data))
        body += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4) + data


def jpeg(*segments: bytes) -> bytes:
    """A JPEG without JFIF's head, so that its resolution is looked for in EXIF."""
    data = saved(PICTURE, "JPEG", quality=95)
    length = int.from_bytes(data[4:6], "big")
    data = data[:2] + data[4 + length :]
    marked = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments)
    return data[:2] + marked + data[2:]


JPEG_SHOWS: Pixels = np.asarray(decode(jpeg()))
XMP = (
    b"<x:xmpmeta><rdf:RDF><rdf:Description tiff:Orientation='6'/></rdf:RDF></x:xmpmeta>",
    b"<x:xmpmeta><rdf:RDF><tiff:Orientation>6</tiff:Orientation></rdf:RDF></x:xmpmeta>",
)


@pytest.mark.parametrize("name", ODD_EXIF)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_odd_exif_turns_a_photo_and_warns_nobody(name: str, kind: str) -> None:
    written = exif(ODD_EXIF[name])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if kind == "JPEG":
            assert shows(jpeg(b"Exif\0\0" + written), np.rot90(JPEG_SHOWS, -1))
        elif kind == "PNG":
            assert shows(plain_png(chunk(b"eXIf", written)), np.rot90(RGB, -1))
        else:
            data = saved(PICTURE, "WEBP", lossless=True, exif=written)
            assert shows(data, np.rot90(RGB, -1))


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow knows no AVIF")
def test_odd_exif_does_not_stop_a_turned_avif() -> None:
    entries = [(0x112, 3, 1, struct.pack("<H", 6)), (0x11A, 5, 1, struct.pack("<II", 72, 1))]
    data = saved(PICTURE, "AVIF", quality=100, subsampling="4:4:4", exif=exif(entries))
    odd = data.replace(struct.pack("<HHI", 0x11A, 5, 1), struct.pack("<HHI", 0x11A, 2, 8))
    assert odd != data
    assert shows(data, np.rot90(RGB, -1), 12) and shows(odd, np.rot90(RGB, -1), 12)
    with pytest.raises(BadImage, match="damaged image"):
        decode(odd[: len(odd) // 2])


@pytest.mark.parametrize("xmp", XMP)
def test_xmp_turns_a_photo_of_which_exif_says_nothing(xmp: bytes) -> None:
    segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    upright = exif([(0x112, 3, 1, struct.pack("<H", 1))])
    assert shows(jpeg(segment), np.rot90(JPEG_SHOWS, -1))
    assert shows(jpeg(b"Exif\0\0" + upright, segment), JPEG_SHOWS)
    assert shows(jpeg(b"Exif\0\0garbage garbage", segment), np.rot90(JPEG_SHOWS, -1))


def test_exif_that_was_changed_in_a_given_image_counts() -> None:
    picture = Image.fromarray(RGB)
    picture.getexif()[0x112] = 6
    assert shows(picture, np.rot90(RGB, -1))


USUAL: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped() -> bytes:
    """A profile in which red is what others call green."""
    other = USUAL.replace("sRGB".encode("utf-16-be"), "Swap".encode("utf-16-be"))
    assert b"rXYZ" in other and other != USUAL
    return other.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")


@pytest.mark.parametrize("turn", [1, 6])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_thumbnail_keeps_the_profile_that_says_what_its_colours_are(kind: str, turn: int) -> None:
    red = Image.new("RGB", (60, 40), (250, 0, 0))
    exif = Image.Exif()
    exif[0x0112] = turn
    small = Image.open(
        io.BytesIO(thumbnail(saved(red, kind, icc_profile=swapped(), exif=exif), 30))
    )
    assert small.size == ((30, 20) if turn == 1 else (20, 30))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(small.info["icc_profile"]))
    shown = ImageCms.profileToProfile(small, profile, ImageCms.createProfile("sRGB"))
    assert shown is not None
    colour = shown.getpixel((10, 10))
    assert isinstance(colour, tuple) and colour[1] > 200 > 100 > colour[0]


@pytest.mark.parametrize(
    ("mode", "profile"), [("RGB", USUAL), ("RGB", b""), ("RGB", b"no profile"), ("L", swapped()),
                          ("CMYK", swapped())],
)  # fmt: skip
def test_a_thumbnail_has_no_profile_that_says_nothing_of_its_colours(
    mode: str, profile: bytes
) -> None:
    picture = Image.new("RGB", (60, 40), (250, 0, 0)).convert(mode)
    small = Image.open(io.BytesIO(thumbnail(saved(picture, "JPEG", icc_profile=profile), 30)))
    assert "icc_profile" not in small.info


# ---------------------------------------------------------------------- no photos
FOREIGN = {
    "a compressed file": gzip.compress(saved(PICTURE, "JPEG")),
    "an archive": b"PK\x03\x04" + bytes(60),
    "a JPEG XL photo": b"\xff\x0a" + bytes(60),
    "a web page": b"\xef\xbb\xbf<html><body>404",
    "an SVG drawing": b'<?xml version="1.0"?>\n<!-- made -->\n<!DOCTYPE svg PUBLIC "x">\n<svg/>',
    "JSON": b'{"error": "not found"}',
    "(it begins b'Not found')": b"Not found",
    "a server's whole answer": b"HTTP/1.1 200 OK\r\n\r\n" + saved(PICTURE, "JPEG"),
    "a JPEG behind other bytes": b"\r\n" + saved(PICTURE, "JPEG"),
    "a picture's base64 as text": b"iVBORw0KGgoAAAANSUhEUgAAAAwAAAAIAQMAAAA=",
    "a data: link as text": b"data:image/png;base64,iVBORw0KGgoAAAANSUhE",
    "nothing but zeros": bytes(5000),
    "a companion file of macOS": b"\0\5\x16\7" + bytes(60),
    "a camera's raw photo": b"II*\0\x10\0\0\0CR\2\0" + bytes(60),
    "a film": b"\0\0\0\x18ftypisom" + bytes(20),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_what_lies_in_a_photo_s_place_is_named(kind: str) -> None:
    with pytest.raises(BadImage, match="no image in a format that can be read") as failure:
        decode(FOREIGN[kind])
    assert kind in failure.value.message


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "I", "F", "I;16", "P"])
@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_a_picture_without_pixels_is_refused(mode: str, size: tuple[int, int]) -> None:
    with pytest.raises(BadImage, match=f"it has no pixels \\({size[0]} x {size[1]}\\)"):
        decode(Image.new(mode, size))
