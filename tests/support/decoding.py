"""Photos decoded by processes, for tests: a rule whose worker can be ended by a photo, ugly photos."""

from __future__ import annotations

import gc
import io
import os
import signal
import struct
import time
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from PIL import Image

from engine.encode.photos.preprocessing import Bytes, Decoded, ImageInput, Preprocess
from engine.encode.photos.workers.attempt import attempt
from engine.encode.photos.workers.crew import Crew
from engine.encode.photos.workers.decoding import Decoding, Line

STARTER = "VITRINE_TEST_STARTER"  # in the environment: the process that no photo may end
POISON, SLOW = b"poison", b"slow"


class Ending(Preprocess):
    """In a worker, a file that begins with POISON is its end; one that begins with SLOW takes long."""

    def decoded(self, image: ImageInput, takes: Any) -> Decoded | Bytes:
        if os.environ.get(STARTER) not in (None, str(os.getpid())) and isinstance(image, bytes):
            if image.startswith(POISON):
                os.kill(os.getpid(), signal.SIGSEGV)
            if image.startswith(SLOW):
                time.sleep(0.2)
        return super().decoded(image, takes)


RULE = Ending((32, 32), (0.48, 0.45, 0.4), (0.26, 0.26, 0.27))


def always(height: int, width: int) -> bool:
    return True


def photo(
    seed: int, size: tuple[int, int] = (60, 50), kind: str = "PNG", mode: str = "RGB", **how: Any
) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind, **how)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header says so, and that holds no pixels."""

    def part(name: bytes, content: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + crc

    header = part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", zlib.compress(b"")) + part(b"IEND", b"")


def ugly() -> list[bytes | None]:
    """Files of all kinds that catalogues hold, most of them once."""
    turned = Image.Exif()
    turned[0x0112] = 6
    good = photo(1, (300, 200), "JPEG")
    return [
        *(photo(n, size) for n, size in enumerate([(1, 1), (2, 300), (31, 33), (32, 32), (97, 61)])),
        *(photo(n, mode=mode) for n, mode in enumerate(["L", "P", "RGBA", "LA", "1", "I;16"])),
        *(photo(n, kind="JPEG", mode=mode) for n, mode in enumerate(["RGB", "L", "CMYK"])),
        photo(3, (200, 100), "JPEG", progressive=True),
        photo(4, (200, 100), "JPEG", exif=turned),
        photo(5, (200, 100), "WEBP"),
        photo(6, (200, 100), "TIFF"),
        photo(7, (1500, 900), "JPEG"),  # too large to wait as it is
        None, b"", b"broken", b"<!doctype html>", good[: len(good) // 2], good[:30],
        bomb(30_000, 30_000), bomb(9_000, 9_000), bomb(2_000_000, 2),
        good + b"\0" * (9 << 20),  # more than goes into a block with others
    ]  # fmt: skip


def up(decoding: Decoding) -> Crew:
    """The crew, when it has started."""
    until = time.monotonic() + 60
    while (crew := decoding.crew(0)) is None:
        assert time.monotonic() < until, "the processes don't start"
        time.sleep(0.01)
    return crew


class Threads:
    """What prepares photos without a process; counts them."""

    def __init__(self, rule: Preprocess = RULE, takes: Any = always) -> None:
        self.count = 0
        self._rule, self._takes = rule, takes
        self._pool = ThreadPoolExecutor(2)

    def one(self, data: bytes | None) -> Any:
        return attempt(lambda given: self._rule.decoded(given, self._takes), data)

    def aside(self, data: bytes | None) -> Future[Any]:
        self.count += 1
        return self._pool.submit(self.one, data)

    def line(self, decoding: Decoding, is_over: Any = lambda: False) -> Line:
        return decoding.line(self.aside, is_over)

    def close(self) -> None:
        self._pool.shutdown()


def assert_same(one: Any, other: Any) -> None:
    """Two outcomes of a photo: both decoded, both fitted, or both with the same reason."""
    assert type(one) is type(other), (one, other)
    if isinstance(one, str):
        assert one == other
        return
    first, second = (each.pixels if isinstance(each, Decoded) else each for each in (one, other))
    channels = slice(None, 3 if isinstance(one, Decoded) else None)  # the fourth is unused
    np.testing.assert_array_equal(first[..., channels], second[..., channels])


def assert_all_free(crew: Crew) -> None:
    """No block is in use: as many can be taken as were made."""
    gc.collect()
    until = time.monotonic() + 10
    while crew.blocks.in_use and time.monotonic() < until:
        time.sleep(0.01)
    assert not crew.blocks.in_use
