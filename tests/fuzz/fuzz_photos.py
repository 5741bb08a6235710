"""A fuzzer of photos by mutation, seeded; to be run by hand for long, and by `test_photos.py` briefly.

    python tests/fuzz/fuzz_photos.py --seconds 600 --finds /tmp/finds

Files of many formats are damaged and decoded in a child process of bounded memory. Each must come out
as an RGB picture or as `BadImage`, in bounded memory and time; what breaks this, a crash of a decoder
included, is written to the folder of finds.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path

from PIL import Image, ImageCms

from engine import BadImage
from engine.encode.photos.preprocessing import Preprocess, conversion

SIZES = ((24, 32), (37, 5))
ADDRESS_SPACE = 6 << 30  # bytes; the process itself takes about one
MOST_MEMORY = 2 << 30  # bytes that one photo may make the process take
MOST_SECONDS = 30.0  # of the processor for one photo, on a machine under load
FIT = Preprocess((64, 64), (0.5,) * 3, (0.5,) * 3, "bicubic", "shortest")
PAD = Preprocess((64, 64), (0.5,) * 3, (0.5,) * 3, "bicubic", "longest", 255)

# Format, mode and options of the files that are damaged.
KINDS: dict[str, tuple[str, str, dict[str, object]]] = {
    "jpeg": ("JPEG", "RGB", {"exif": True}),
    "jpeg progressive": ("JPEG", "RGB", {"progressive": True}),
    "jpeg cmyk": ("JPEG", "CMYK", {}),
    "jpeg grey with profile": ("JPEG", "L", {"icc_profile": True}),
    "png": ("PNG", "RGB", {"exif": True}),
    "png palette": ("PNG", "P", {"transparency": bytes(range(0, 250, 2))}),
    "png clear": ("PNG", "RGBA", {}),
    "png 16": ("PNG", "I;16", {}),
    "png bits": ("PNG", "1", {}),
    "apng": ("PNG", "RGBA", {"save_all": True}),
    "webp": ("WEBP", "RGBA", {"exif": True}),
    "webp lossless": ("WEBP", "RGB", {"lossless": True}),
    "webp animated": ("WEBP", "RGB", {"save_all": True}),
    "gif": ("GIF", "P", {"transparency": 3}),
    "gif animated": ("GIF", "RGB", {"save_all": True}),
    "bmp": ("BMP", "RGB", {}),
    "bmp palette": ("BMP", "P", {}),
    "tiff": ("TIFF", "RGB", {}),
    "tiff lzw": ("TIFF", "RGBA", {"compression": "tiff_lzw"}),
    "tiff deflate": ("TIFF", "I;16", {"compression": "tiff_adobe_deflate"}),
    "tiff float": ("TIFF", "F", {}),
    "tiff jpeg": ("TIFF", "RGB", {"compression": "jpeg"}),
    "tiff fax": ("TIFF", "1", {"compression": "group4"}),
    "tiff pages": ("TIFF", "RGB", {"save_all": True}),
    "tiff lab": ("TIFF", "LAB", {}),
    "avif": ("AVIF", "RGB", {"exif": True}),
    "avif clear": ("AVIF", "RGBA", {}),
    "ppm": ("PPM", "RGB", {}),
    "pfm": ("PPM", "F", {}),
    "ico": ("ICO", "RGBA", {}),
    "icns": ("ICNS", "RGBA", {}),
    "tga": ("TGA", "RGBA", {"compression": "tga_rle"}),
    "jpeg 2000": ("JPEG2000", "RGB", {}),
    "mpo": ("MPO", "RGB", {"save_all": True}),
    "pcx": ("PCX", "RGB", {}),
    "sgi": ("SGI", "RGB", {}),
    "dds": ("DDS", "RGBA", {}),
    "qoi": ("QOI", "RGBA", {}),
    "xbm": ("XBM", "1", {}),
    "spider": ("SPIDER", "F", {}),
}
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 10_000, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000)


def picture(mode: str, size: tuple[int, int], seed: int) -> Image.Image:
    pixels = random.Random(seed).randbytes(size[0] * size[1] * 4)
    plain = Image.frombytes("RGBA", size, pixels)
    if mode == "LAB":
        return Image.frombytes("LAB", size, pixels[: size[0] * size[1] * 3])
    if mode == "I;16":
        return Image.frombytes("I;16", size, pixels[: size[0] * size[1] * 2])
    return plain.convert("L").convert(mode) if mode in "F1" else plain.convert("RGBA").convert(mode)


def saved(kind: str, size: tuple[int, int] = SIZES[0]) -> bytes:
    """A whole file of one kind."""
    format_, mode, options = KINDS[kind]
    options = dict(options)
    if options.pop("exif", False):
        exif = Image.Exif()
        exif[0x0112], exif[0x010F], exif[0x011A] = 6, "maker", 72.0
        options["exif"] = exif
    if options.pop("icc_profile", False):
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        options["icc_profile"] = profile.tobytes()
    if options.get("save_all"):
        options["append_images"] = [picture(mode, size, 1), picture(mode, size, 2)]
    out = io.BytesIO()
    picture(mode, size, 0).save(out, format_, **options)
    return out.getvalue()


def seeds() -> dict[str, bytes]:
    """Files of all kinds that this Pillow can write, by kind and size."""
    Image.init()
    return {
        f"{kind} {size[0]}": saved(kind, size)
        for kind in KINDS
        if KINDS[kind][0] in Image.SAVE
        for size in SIZES
    }


def mutated(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """The file with one to six damages."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 6))):
        # Headers are short, and most that can go wrong is in them.
        place = rng.randrange(min(len(out), rng.choice((32, 128, 1024, 1 << 30)))) if out else 0
        how = rng.randrange(9)
        if how == 0:
            out[place : place + 1] = bytes([rng.randrange(256)])
        elif how == 1 and out:
            out[place] ^= 1 << rng.randrange(8)
        elif how == 2:
            width = rng.choice((1, 2, 4))
            number = rng.choice(EXTREMES) & ((1 << (8 * width)) - 1)
            out[place : place + width] = number.to_bytes(width, rng.choice(("big", "little")))
        elif how == 3:
            del out[place : place + rng.choice((1, 2, 4, 64))]
        elif how == 4:
            out[place:place] = rng.randbytes(rng.choice((1, 2, 4, 64)))
        elif how == 5:
            del out[rng.randrange(len(out) + 1) :]
        elif how == 6:
            start = rng.randrange(len(other))
            part = other[start : start + rng.choice((4, 64, 512))]
            out[place : place + len(part)] = part
        elif how == 7:
            out[place:place] = out[place : place + rng.choice((8, 256))] * rng.choice((1, 40))
        else:
            out += out[: rng.randrange(len(out) + 1)]
    return _with_checksums(bytes(out)) if rng.random() < 0.7 else bytes(out)


def _with_checksums(data: bytes) -> bytes:
    """A PNG whose chunks have right checksums again, so that what is in them is read."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    out, place = bytearray(data), 8
    while place + 12 <= len(out):
        (length,) = struct.unpack_from(">I", out, place)
        end = place + 8 + length
        if end + 4 > len(out):
            break
        struct.pack_into(">I", out, end, zlib.crc32(out[place + 4 : end]))
        place = end + 4
    return bytes(out)


def attempt(data: bytes) -> str:
    """What becomes of a file: "picture" or "failure". Anything else is a find."""
    name = conversion(data)
    assert name in ("", "white-3"), name
    outcomes = set()
    for fit in (FIT, PAD):
        try:
            pixels = fit(data)
            assert pixels.shape == (3, 64, 64)
            assert abs(pixels).max() <= 1
            outcomes.add("picture")
        except BadImage as error:
            assert error.message
            outcomes.add("failure")
    return outcomes.pop() if len(outcomes) == 1 else "either"  # memory may be short once


def work(seed: int, first: int, last: int, seconds: float, current: Path) -> None:
    """In the child: decode mutations number `first` to `last`; a line of JSON for each find."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, limit))
    files, counts, started = seeds(), Counter[str](), time.monotonic()
    names = sorted(files)
    base = most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    slowest, number = 0.0, first
    while number < last and time.monotonic() - started < seconds:
        rng = random.Random(f"{seed}/{number}")
        name = names[number % len(names)]
        data = mutated(files[name], files[rng.choice(names)], rng)
        current.write_bytes(data)
        before = time.process_time()
        try:
            outcome = attempt(data)
        except BaseException as error:
            outcome = "find"
            print(json.dumps({"find": f"{type(error).__name__}: {error}", "name": name}))
            current.with_name(f"raised-{seed}-{number}").write_bytes(data)
        took = time.process_time() - before
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if took > MOST_SECONDS or (peak > most and peak - base > MOST_MEMORY):
            current.with_name(f"costly-{seed}-{number}").write_bytes(data)
            print(json.dumps({"find": f"{took:.1f} s, {peak - base:,} bytes", "name": name}))
        slowest, most = max(slowest, took), max(most, peak)
        counts[outcome] += 1
        counts[f"{outcome} {name.rpartition(' ')[0]}"] += 1
        number += 1
    current.unlink(missing_ok=True)
    done = {"counts": counts, "memory": most - base, "slowest": slowest, "next": number}
    print(json.dumps(done), flush=True)


def run(finds: Path, seed: int, count: int, seconds: float) -> dict[str, object]:
    """Decode up to so many mutations in a child process; what it reports, and the finds."""
    current = finds / f"current-{seed}"
    command = [sys.executable, "-W", "ignore", __file__, "--child", "--seed", str(seed)]
    command += ["--count", str(count), "--seconds", str(seconds), "--finds", str(finds)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    found = [line for line in lines if "find" in line]
    if ended.returncode != 0:  # a decoder has taken the process with it
        kept = current.rename(finds / f"crashed-{seed}") if current.exists() else None
        found.append({"find": f"exit {ended.returncode}, {kept}: {ended.stderr[-500:]}"})
    report = next((line for line in lines if "counts" in line), {})
    return {"finds": found, **report}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1 << 40)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--finds", type=Path, default=None)
    parser.add_argument("--child", action="store_true")
    given = parser.parse_args()
    finds = given.finds or Path(tempfile.mkdtemp(prefix="photos-"))
    finds.mkdir(parents=True, exist_ok=True)
    if given.child:
        work(given.seed, 0, given.count, given.seconds, finds / f"current-{given.seed}")
        return
    print(json.dumps(run(finds, given.seed, given.count, given.seconds), indent=1))
    print("finds are in", finds)


if __name__ == "__main__":
    main()
