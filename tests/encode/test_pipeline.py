"""Embedding is one pure function of an Arrow batch; running ahead changes nothing but the time."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import queue
import sys
import threading
from types import FrameType
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from engine import load_encoder
from engine.encode.encoder import Encoder
from engine.encode.pipeline import AHEAD, embed_batch, embed_batches


@pytest.fixture(scope="module")
def encoder(tiny_encoder_name: str) -> Encoder:
    return load_encoder(tiny_encoder_name, "cpu")


def photo(seed: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def batch(kind: str, contents: list[object]) -> pa.RecordBatch:
    content = pa.binary() if kind == "image" else pa.string()
    return pa.record_batch(
        [pa.array(range(len(contents))), pa.array(contents, content)], names=["key", kind]
    )


def test_a_batch_comes_out_row_for_row(encoder: Encoder) -> None:
    images = [photo(0), b"broken", photo(1), None, photo(0)]
    out = embed_batch(batch("image", images), encoder)
    assert out.schema.names == ["key", "embedding", "reason"]
    assert out.schema.field("embedding").type == pa.list_(pa.float32(), 32)
    assert out["key"].to_pylist() == [0, 1, 2, 3, 4]
    assert out["embedding"].is_valid().to_pylist() == [True, False, True, False, True]
    assert out["reason"].is_valid().to_pylist() == [False, True, False, True, False]
    assert "no image" in out["reason"][1].as_py()
    assert out["embedding"][0] == out["embedding"][4] != out["embedding"][2]
    expected = encoder.encode_images([photo(0), photo(1)])
    np.testing.assert_allclose(np.array(out["embedding"][2].as_py()), expected[1], atol=1e-6)


@pytest.mark.parametrize("count", [1, 9, 67])
def test_photos_that_threads_take_some_at_a_time_keep_their_order(
    encoder: Encoder, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    images: list[Any] = [b"broken" if n % 5 == 3 else photo(n) for n in range(count)]
    out = embed_batch(batch("image", images), encoder)
    good = [n for n in range(count) if n % 5 != 3]
    assert out["embedding"].is_valid().to_pylist() == [n in good for n in range(count)]
    got = np.stack([np.array(out["embedding"][n].as_py()) for n in good])
    np.testing.assert_allclose(got, encoder.encode_images([images[n] for n in good]), atol=1e-6)


def test_texts_without_content_fail_alone(encoder: Encoder) -> None:
    out = embed_batch(batch("text", ["red dress", "", None, "blue"]), encoder)
    assert out["embedding"].is_valid().to_pylist() == [True, False, False, True]
    expected = encoder.encode_texts(["red dress", "blue"])
    got = np.stack([np.array(v.as_py()) for v in out["embedding"] if v.is_valid])
    np.testing.assert_allclose(got, expected, atol=1e-6)


def test_a_batch_of_failures_only(encoder: Encoder) -> None:
    out = embed_batch(batch("image", [b"x", b"y"]), encoder)
    assert out["embedding"].null_count == 2


def test_the_input_is_not_changed_and_the_function_is_pure(encoder: Encoder) -> None:
    given = batch("text", ["red", "blue"])
    before = given.to_pydict()
    first, second = embed_batch(given, encoder), embed_batch(given, encoder)
    assert first.equals(second)
    assert given.to_pydict() == before


def test_batches_ahead_equal_batches_alone(encoder: Encoder) -> None:
    batches = [batch("image", [photo(i), photo(i + 1)]) for i in range(7)]
    alone = [embed_batch(b, encoder) for b in batches]
    ahead = list(embed_batches(iter(batches), encoder))
    assert len(ahead) == 7
    assert all(a.equals(b) for a, b in zip(alone, ahead, strict=True))


def test_an_error_while_reading_ahead_comes_out_in_order(encoder: Encoder) -> None:
    def reading() -> object:
        yield batch("text", ["red"])
        raise OSError("the disk is gone")

    running = embed_batches(reading(), encoder)
    assert len(next(running)) == 1
    with pytest.raises(OSError, match="the disk is gone"):
        next(running)


def test_a_consumer_that_stops_leaves_no_thread_behind(encoder: Encoder) -> None:
    taken = []

    def endless() -> object:
        number = 0
        while True:
            taken.append(number)
            yield batch("text", [f"text {number}"])
            number += 1

    running = embed_batches(endless(), encoder)
    next(running)
    running.close()
    assert not [t for t in threading.enumerate() if t.name == "prepare"]
    assert len(taken) <= AHEAD + 4


# ---------------------------------------------------------------------- interruptions
class Halves:
    """Not an `Encoder`, only what texts need: every vector is the same."""

    dimension = 4
    in_flight = 1

    def __init__(self) -> None:
        self.has_begun = False

    def tokenize(self, texts: list[str]) -> list[object]:
        return list(texts)

    def encode_tokens(self, tokens: list[object]) -> np.ndarray:
        self.has_begun = True
        return np.full((len(tokens), self.dimension), 0.5, dtype=np.float32)


def interrupted(moment: int) -> bool:
    """Run batches with a KeyboardInterrupt in the middle, as Ctrl-C raises it; whether there was one.

    Python raises it between any two instructions of the main thread, also inside the library's own
    locks and queues: at the `moment`-th step into or out of these.
    """
    left, encoder = moment, Halves()
    hit: list[bool] = []

    def step(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        inside = frame.f_code.co_filename in (queue.__file__, threading.__file__)
        left -= inside and encoder.has_begun and event in ("call", "return")
        if left < 0 and not hit:
            hit.append(True)
            raise KeyboardInterrupt
        return step

    def run() -> None:
        sys.settrace(step)
        try:
            with contextlib.suppress(KeyboardInterrupt, RuntimeError):  # of a lock's state
                for _ in embed_batches([batch("text", ["red"])] * 6, encoder):
                    pass
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), f"the run goes on after an interruption at step {moment}"
    return bool(hit)


def test_an_interruption_at_any_moment_ends_the_run() -> None:
    moments = itertools.takewhile(interrupted, itertools.count())
    assert sum(1 for _ in moments) > 3
