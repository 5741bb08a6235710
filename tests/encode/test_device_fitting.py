"""Photos fitted on a device have Pillow's pixels, bit for bit; torch's CPU stands in for a device."""

from __future__ import annotations

import gc
import io
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.devices import devices

from engine import load_encoder
from engine.encode.photos.device_fitting import DeviceFitting, runs
from engine.encode.photos.pixels import pixels_in_place
from engine.encode.photos.preprocessing import Decoded, Preprocess
from engine.encode.photos.workers.blocks import Block, Place

HERE = devices()

import torch

MODES = ("shortest", "longest", "squash")


def rule_of(size: tuple[int, int], interpolation: str, mode: str) -> Preprocess:
    return Preprocess(size, (0.48, 0.45, 0.4), (0.26, 0.26, 0.27), interpolation, mode, 255)


def photo(width: int, height: int, seed: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Noise, which shows every wrong weight."""
    rng = np.random.default_rng(seed)
    pixels = rng.choice([0, 255, 128, 7], (height, width, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def fitted(fitting: DeviceFitting, rule: Preprocess, files: list[bytes]) -> np.ndarray:
    out: np.ndarray = fitting([rule.decoded(data, always) for data in files]).cpu().numpy()
    return out


def always(height: int, width: int) -> bool:
    return True


def takes(fitting: DeviceFitting, height: int, width: int) -> bool:
    """Whether a size that has come often is wanted."""
    return [fitting.takes(height, width) for _ in range(20)][-1]


@pytest.mark.parametrize("name", HERE)
@given(
    width=st.integers(1, 300),
    height=st.integers(1, 300),
    size=st.sampled_from([(32, 32), (64, 64), (48, 32), (61, 61)]),
    interpolation=st.sampled_from(["bicubic", "bilinear"]),
    mode=st.sampled_from(MODES),
    seed=st.integers(0, 99),
)
@settings(max_examples=100, deadline=None)
def test_pixels_are_pillows(
    name: str, width: int, height: int, size: Any, interpolation: str, mode: str, seed: int
) -> None:
    rule = rule_of(size, interpolation, mode)
    fitting = DeviceFitting(torch, rule, name)
    files = [photo(width, height, seed + n) for n in range(3)]
    expected = np.stack([rule.as_bytes(data) for data in files])
    np.testing.assert_array_equal(fitted(fitting, rule, files), expected)
    assert takes(fitting, height, width)  # it was not Pillow that made them


@pytest.mark.parametrize("name", HERE)
@pytest.mark.parametrize("size", [(640, 480), (480, 640), (1024, 1024), (225, 224), (999, 1001)])
def test_pixels_of_usual_sizes_are_pillows(name: str, size: tuple[int, int]) -> None:
    for interpolation in ("bicubic", "bilinear"):
        rule = rule_of((224, 224), interpolation, "shortest")
        fitting = DeviceFitting(torch, rule, name)
        files = [photo(*size, seed, "JPEG") for seed in range(2)]
        assert isinstance(rule.decoded(files[0], always), Decoded)
        expected = np.stack([rule.as_bytes(data) for data in files])
        np.testing.assert_array_equal(fitted(fitting, rule, files), expected)
        assert takes(fitting, *size[::-1])


@pytest.mark.parametrize("name", HERE)
def test_a_batch_of_all_sizes_and_kinds_keeps_its_order(name: str) -> None:
    rule = rule_of((32, 32), "bicubic", "shortest")
    sizes = [(40, 50), (60, 40), (40, 50), (32, 32), (31, 90), (2, 3), (2000, 1100), (60, 40)]
    files = [photo(*size, seed) for seed, size in enumerate(sizes)]
    files += [photo(50, 40, 70, mode=mode) for mode in ("L", "P", "RGBA", "LA", "1", "I;16")]
    kinds = {type(rule.decoded(data, always)) for data in files}
    assert kinds == {Decoded, np.ndarray}  # the largest is fitted by Pillow
    expected = np.stack([rule.as_bytes(data) for data in files])
    np.testing.assert_array_equal(fitted(DeviceFitting(torch, rule, name), rule, files), expected)


@pytest.mark.parametrize("name", HERE)
def test_photos_in_shared_memory_are_sent_as_those_that_are_not(name: str) -> None:
    rule = rule_of((32, 32), "bicubic", "shortest")
    files = [photo(40, 50, seed) for seed in range(9)]
    given = [rule.decoded(data, always) for data in files]
    blocks = [Block(number, np.zeros(1 << 20, np.uint8), False) for number in range(2)]
    for each, block, at in [(0, 0, 0), (1, 0, 8000), (3, 0, 16_000), (4, 1, 24_000), (6, 1, 0)]:
        pixels = given[each].pixels  # type: ignore[union-attr]
        part = blocks[block].bytes[at : at + 8000].reshape(pixels.shape)
        part[:] = pixels
        given[each] = Decoded(part, Place(blocks[block], at))
    assert [len(run) for run in runs(given)] == [2, 1, 1, 1, 1, 1, 2]  # type: ignore[arg-type]
    expected = np.stack([rule.as_bytes(data) for data in files])
    fitting = DeviceFitting(torch, rule, name)
    np.testing.assert_array_equal(fitting(given).cpu().numpy(), expected)


def test_sizes_beyond_what_is_kept() -> None:
    rule = rule_of((16, 16), "bicubic", "shortest")
    fitting = DeviceFitting(torch, rule, "cpu")
    files = [photo(20 + n, 30, n) for n in range(90)]
    expected = np.stack([rule.as_bytes(data) for data in files])
    for _ in range(2):
        np.testing.assert_array_equal(fitted(fitting, rule, files), expected)


def test_threads_share_it() -> None:
    rule = rule_of((16, 16), "bicubic", "shortest")
    fitting = DeviceFitting(torch, rule, "cpu")
    files = [photo(20 + n % 80, 30, n) for n in range(160)]
    expected = np.stack([rule.as_bytes(data) for data in files])
    wrong = []

    def work() -> None:
        if not np.array_equal(fitted(fitting, rule, files), expected):
            wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_pillow_with_other_weights_does_it_itself() -> None:
    """As another Pillow, or a device that rounds, would be: its results count, for all photos."""

    class Other(Preprocess):
        def as_bytes(self, image: Any) -> Any:
            return super().as_bytes(image) ^ 1

    rule = Other((16, 16), (0, 0, 0), (1, 1, 1))
    fitting = DeviceFitting(torch, rule, "cpu")
    files = [photo(20, 30, n) for n in range(3)] + [photo(30, 20, 9)]
    expected = np.stack([rule.as_bytes(data) for data in files])
    np.testing.assert_array_equal(fitted(fitting, rule, files), expected)
    assert not takes(fitting, 30, 20)


def test_sizes_that_are_rare_are_not_wanted() -> None:
    fitting = DeviceFitting(torch, rule_of((16, 16), "bicubic", "shortest"), "cpu")
    assert not any(fitting.takes(30, 20 + n) for n in range(9000))
    assert takes(fitting, 30, 20)


def test_a_picture_that_gives_no_pixels_without_a_copy_is_fitted_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none(self: Any) -> Any:
        raise ValueError("not contiguous")

    monkeypatch.setattr(Image.Image, "__arrow_c_array__", none)
    rule = rule_of((16, 16), "bicubic", "shortest")
    given = rule.decoded(photo(20, 30, 1), always)
    assert isinstance(given, np.ndarray)
    np.testing.assert_array_equal(given, rule.as_bytes(photo(20, 30, 1)))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (640, 480), (1024, 1024)])
def test_pixels_in_place_are_the_pictures_and_outlive_it(size: tuple[int, int]) -> None:
    picture = Image.open(io.BytesIO(photo(*size, 3, "JPEG")))
    picture.load()
    expected = np.asarray(picture).copy()
    pixels = pixels_in_place(picture)
    assert pixels is not None
    assert pixels.shape == (*expected.shape[:2], 4)
    assert not pixels.flags.writeable
    picture.close()
    del picture
    gc.collect()
    others = [Image.new("RGB", size, "red") for _ in range(20)]  # would lie in freed memory
    np.testing.assert_array_equal(pixels[..., :3], expected)
    assert len(others) == 20


@pytest.mark.parametrize("mode", ["L", "P", "1", "F"])
def test_a_picture_that_is_not_rgb_has_no_such_pixels(mode: str) -> None:
    assert pixels_in_place(Image.new(mode, (4, 3))) is None


def test_a_model_gives_the_same_vectors_of_what_is_decoded_only(tiny_encoder_name: str) -> None:
    encoder: Any = load_encoder(tiny_encoder_name, "cpu")
    files = [photo(50 + n % 2, 60, n) for n in range(5)]
    given = [encoder.preprocess.decoded(data, always) for data in files]
    assert all(isinstance(each, Decoded) for each in given)
    pixels = np.stack([encoder.prepare_image(data) for data in files])
    np.testing.assert_array_equal(encoder.encode_pixels(given), encoder.encode_pixels(pixels))
