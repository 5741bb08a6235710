"""Stages add up to the whole, and a slow one is seen where it is."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from engine import Workspace, load_encoder
from engine.bench.embedding import our_stages
from engine.bench.embedding.our_stages import (
    DECODING,
    IMAGE_STAGES,
    TEXT_STAGES,
    image_stages,
    text_stages,
)
from engine.bench.embedding.stages import REST, Stage, seconds_by_stage
from engine.encode.encoder import Encoder
from engine.encode.images import decode
from engine.photo_files import read_photo
from engine.shop.demo import sample_dir

PHOTOS = [str(file) for file in sorted((sample_dir() / "images").glob("*.jpg"))[:6]]
INPUTS = SimpleNamespace(photos=PHOTOS, texts=["red dress", "blue shoes", "red dress"])


def slept(value: Any, seconds: float = 0.02) -> Any:
    time.sleep(seconds)
    return value


def test_a_planted_slow_stage_has_its_time_and_no_others() -> None:
    stages = [
        Stage("add", lambda value: value + 1),
        Stage("slow", slept),
        Stage("keep", lambda value: found.append(value)),
    ]
    found: list[int] = []
    started = time.perf_counter()
    spent = seconds_by_stage(range(5), stages, Stage("slow", slept))
    whole = time.perf_counter() - started
    assert found == [1, 2, 3, 4, 5]
    assert spent["slow"] >= 6 * 0.02
    assert spent["slow"] > 10 * (spent["add"] + spent["keep"] + spent[REST])
    assert sum(spent.values()) == pytest.approx(whole, rel=0.02)


def test_what_lies_between_stages_is_the_rest() -> None:
    spent = seconds_by_stage((slept(n) for n in range(3)), [Stage("a", lambda value: value)])
    assert spent[REST] >= 3 * 0.02 > spent["a"]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    made = load_encoder("hashed")
    made.image_batch = 4
    return made


def test_our_stages_are_all_there_and_add_up(encoder: Encoder, tmp_path: Path) -> None:
    for make, names in ((image_stages, IMAGE_STAGES), (text_stages, TEXT_STAGES)):
        started = time.perf_counter()
        spent = make(encoder, INPUTS, tmp_path / "ws")
        whole = time.perf_counter() - started
        assert set(spent) == {*names, REST}
        assert all(value >= 0 for value in spent.values())
        assert spent[REST] < 0.1 * sum(spent.values()) < whole


def test_our_slow_decoding_is_seen_as_decoding(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(our_stages, "decode", lambda data: slept(decode(data), 0.1))
    spent = image_stages(encoder, INPUTS, tmp_path / "ws")
    assert spent[DECODING] >= 0.6
    assert max(spent, key=spent.__getitem__) == DECODING


def test_what_the_stages_write_is_what_the_encoder_makes(encoder: Encoder, tmp_path: Path) -> None:
    image_stages(encoder, INPUTS, tmp_path / "ws")
    table = Workspace(tmp_path / "ws").read_table("main.bench.made")
    stored = np.array(table["embedding"].to_pylist())
    distinct = {read_photo(Path(photo)): photo for photo in PHOTOS}
    np.testing.assert_allclose(stored, encoder.encode_images(list(distinct.values())), atol=1e-6)


def test_a_photo_decoded_first_is_prepared_to_the_same_numbers() -> None:
    clip = load_encoder("embedded")
    for photo in PHOTOS:
        data = read_photo(Path(photo))
        np.testing.assert_array_equal(clip.prepare_image(decode(data)), clip.prepare_image(data))


def test_an_error_in_a_stage_comes_out_and_publishes_nothing(
    encoder: Encoder, tmp_path: Path
) -> None:
    missing = SimpleNamespace(photos=[*PHOTOS[:2], str(tmp_path / "none.jpg")], texts=[])
    with pytest.raises(Exception, match=r"none\.jpg"):
        image_stages(encoder, missing, tmp_path / "ws")
    assert Workspace(tmp_path / "ws").list_tables() == []
