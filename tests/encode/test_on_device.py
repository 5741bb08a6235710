"""Models on a device: the same pixels from bytes, two batches at once, how long a model waits.

What can be is tested on the processor, which stands in for a device; the rest where a machine has one.
"""

from __future__ import annotations

import io
import threading
import time
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from support.devices import devices

from engine import load_encoder
from engine.encode.encoder import Encoder
from engine.encode.models.clip import OpenClipEncoder
from engine.encode.pipeline import embed_batch, embed_batches
from engine.encode.watch import Watch

HERE = devices()


def photo(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


class Narrow(OpenClipEncoder):
    """The processor as the stand-in of a device whose models are in bfloat16."""

    precision = "bfloat16"


def images(contents: list[bytes | None]) -> pa.RecordBatch:
    return pa.record_batch(
        [pa.array(range(len(contents))), pa.array(contents, pa.binary())], names=["key", "image"]
    )


@pytest.fixture
def encoder(tiny_encoder_name: str) -> Any:
    return load_encoder(tiny_encoder_name, "cpu")


def test_bytes_become_the_pixels_that_they_would_have_been(encoder: Any) -> None:
    files = [photo(seed) for seed in range(5)]
    pixels = np.stack([encoder.prepare_image(data) for data in files])
    given = np.stack([encoder.preprocess.as_bytes(data) for data in files])
    assert given.dtype == np.uint8
    assert given.shape == pixels.shape
    np.testing.assert_array_equal(encoder.encode_pixels(given), encoder.encode_pixels(pixels))


def test_a_model_in_16_bits_gives_nearly_the_same_vectors(
    encoder: Any, tiny_encoder_name: str
) -> None:
    narrow = Narrow(tiny_encoder_name, "cpu")
    files = [photo(seed) for seed in range(8)]
    words = ["red dress", "blue jeans for men", "a", ""]
    for one, other in (
        (encoder.encode_images(files), narrow.encode_images(files)),
        (encoder.encode_texts(words), narrow.encode_texts(words)),
    ):
        assert other.dtype == np.float32
        assert (one * other).sum(axis=1).min() >= 0.999
        assert not np.array_equal(one, other)
    assert narrow.logit_scale == encoder.logit_scale


def test_a_gpu_gives_nearly_the_same_vectors(encoder: Any, tiny_encoder_name: str) -> None:
    if "cuda" not in HERE:
        return  # where there is none, nothing can be said of it
    on_device = load_encoder(tiny_encoder_name, "cuda")
    files = [photo(seed) for seed in range(40)]
    assert on_device.precision == "bfloat16"
    cosines = (encoder.encode_images(files) * on_device.encode_images(files)).sum(axis=1)
    assert cosines.min() >= 0.999
    words = ["red dress", "blue jeans for men", "a", ""]
    cosines = (encoder.encode_texts(words) * on_device.encode_texts(words)).sum(axis=1)
    assert cosines.min() >= 0.999
    assert on_device.logit_scale == pytest.approx(encoder.logit_scale, rel=1e-6)


def test_a_gpu_is_given_its_large_batches_from_the_first_photo_on(tiny_encoder_name: str) -> None:
    encoder = load_encoder(tiny_encoder_name, "cuda")  # nothing is loaded, no GPU is asked for
    assert (encoder.image_batch, encoder.text_batch, encoder.in_flight) == (256, 512, 2)
    assert load_encoder(tiny_encoder_name, "cpu").image_batch == 32


def test_the_pipeline_on_a_gpu_keeps_order_and_failures(tiny_encoder_name: str) -> None:
    if "cuda" not in HERE:
        return  # where there is none, nothing can be said of it
    encoder = load_encoder(tiny_encoder_name, "cuda")
    batches = [images([photo(n), b"broken", photo(n + 1)]) for n in range(9)]
    alone = [embed_batch(each, encoder) for each in batches]
    assert encoder.in_flight > 1
    ahead = list(embed_batches(batches, encoder))
    for one, other in zip(alone, ahead, strict=True):
        assert one["reason"].equals(other["reason"])
        first, second = (
            np.array(each["embedding"].drop_null().flatten()).reshape(2, -1)
            for each in (one, other)
        )
        assert (first * second).sum(axis=1).min() > 0.9999


# ---------------------------------------------------------------------- several batches at once
class Slow:
    """Not an `Encoder`, only what texts need: two batches at once, the first one the slowest."""

    dimension, in_flight = 2, 2

    def __init__(self) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()

    def tokenize(self, texts: list[str]) -> list[list[int]]:
        return [[int(text)] for text in texts]

    def encode_tokens(self, tokens: list[list[int]]) -> np.ndarray:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02 if tokens[0][0] % 2 else 0.05)
        with self._lock:
            self._now -= 1
        if tokens[0][0] == 13:
            raise OSError("the device is gone")
        return np.array([[ids[0], 1] for ids in tokens], dtype=np.float32)


def numbers(*given: int) -> list[pa.RecordBatch]:
    return [
        pa.record_batch([pa.array([n]), pa.array([str(n)])], names=["key", "text"]) for n in given
    ]


def test_several_batches_at_once_come_out_in_order() -> None:
    encoder: Any = Slow()
    out = list(embed_batches(numbers(*range(9)), encoder))
    assert [each["key"][0].as_py() for each in out] == list(range(9))
    assert [each["embedding"][0].as_py() for each in out] == [[n, 1] for n in range(9)]
    assert encoder.most == 2


def test_an_error_among_several_comes_out_in_its_place() -> None:
    encoder: Any = Slow()
    running = embed_batches(numbers(1, 2, 13, 4), encoder)
    assert [next(running)["key"][0].as_py() for _ in range(2)] == [1, 2]
    with pytest.raises(OSError, match="the device is gone"):
        next(running)


def test_a_taker_that_stops_leaves_no_thread_behind() -> None:
    encoder: Any = Slow()
    running = embed_batches(numbers(*range(50)), encoder)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert not [t for t in threading.enumerate() if t.name.startswith(("prepare", "encode"))]


# ---------------------------------------------------------------------- waiting
def test_a_model_that_is_given_enough_does_not_wait() -> None:
    encoder, watch = Slow(), Watch()
    list(embed_batches(numbers(*range(8)), encoder, watch))  # type: ignore[arg-type]
    assert watch.waited < 0.5


def test_a_model_that_is_given_too_little_waits(encoder: Encoder) -> None:
    watch = Watch()

    def slowly() -> Any:
        for each in numbers(1, 3, 5):
            time.sleep(0.1)
            yield each

    list(embed_batches(slowly(), Slow(), watch))  # type: ignore[arg-type]
    assert 0.5 < watch.waited < 1
    assert watch.seconds > 0.3
    assert Watch().waited == 0
