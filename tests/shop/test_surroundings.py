"""Photos in other surroundings. Oracle: a drawn product whose pixels and background are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from engine import load_encoder
from engine.encode.images import decode
from engine.shop.demo import sample_dir
from engine.shop.evaluation.surrounded import varied_vectors
from engine.shop.evaluation.surroundings import (
    BEIGE,
    GREY,
    SURROUNDINGS,
    WHITE,
    cut_out,
    on_colour,
    snapshot,
    widened,
)

NAMES = pytest.mark.parametrize("name", SURROUNDINGS)
COLOUR = (180, 30, 60)


@pytest.fixture
def photo() -> Image.Image:
    """A shirt-like blot with a white button inside, on white that JPEG has made uneven."""
    picture = Image.new("RGB", (90, 120), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((25, 30, 64, 99), fill=COLOUR)
    draw.rectangle((40, 60, 49, 69), fill="white")
    pixels = np.asarray(picture).astype(int)
    noise = np.random.default_rng(0).integers(-4, 1, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def inside(photo: Image.Image) -> np.ndarray:
    """Where the blot and its button are."""
    mask = np.zeros(photo.size[::-1], dtype=bool)
    mask[30:100, 25:65] = True
    return mask


def test_what_is_asked_for_is_there() -> None:
    words = ("x 1.5", "x 2", "beige", "grey", "bed", "transparent", "CMYK")
    assert len(SURROUNDINGS) == len(words)
    assert all(any(word in name for name in SURROUNDINGS) for word in words)


@NAMES
def test_each_is_a_new_picture_and_always_the_same(name: str, photo: Image.Image) -> None:
    before = photo.tobytes()
    made, again = SURROUNDINGS[name](photo), SURROUNDINGS[name](photo.copy())
    assert photo.tobytes() == before
    assert made is not photo
    assert (made.mode, made.size) == (again.mode, again.size)
    assert made.tobytes() == again.tobytes()


@NAMES
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (60, 80), (1, 400), (300, 3)])
def test_any_size_and_kind_of_photo_is_taken(name: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    noise = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    for picture in (
        noise,
        Image.new("RGB", size, "white"),
        noise.convert("LA"),
        noise.convert("P"),
    ):
        made = decode(SURROUNDINGS[name](picture))
        assert made.width >= size[0]
        assert made.height >= size[1]


@pytest.mark.parametrize(
    ("factor", "colour", "size"), [(1.5, WHITE, (135, 180)), (2.0, BEIGE, (180, 240))]
)
def test_a_canvas_holds_the_photo_in_its_middle(
    photo: Image.Image, factor: float, colour: tuple[int, int, int], size: tuple[int, int]
) -> None:
    made = widened(photo, factor, colour)
    assert made.size == size
    left, top = (size[0] - 90) // 2, (size[1] - 120) // 2
    box = (left, top, left + 90, top + 120)
    assert made.crop(box).tobytes() == photo.tobytes()
    made.paste(colour, box)
    assert made.getcolors() == [(size[0] * size[1], colour)]


def test_the_background_alone_changes_its_colour(photo: Image.Image) -> None:
    made, given = np.asarray(on_colour(photo, GREY)), np.asarray(photo)
    core = np.zeros(photo.size[::-1], dtype=bool)
    core[33:97, 28:62] = True  # the edge is blended
    assert np.array_equal(made[core], given[core])  # with the white button
    far = ~inside(photo)
    far[26:104, 21:69] = False
    assert (made[far] == GREY).all()


def test_a_cut_out_is_transparent_where_the_shop_is_white(photo: Image.Image) -> None:
    made = np.asarray(cut_out(photo))
    assert np.array_equal(made[..., 3] == 255, inside(photo))
    assert not made[made[..., 3] == 0].any()  # black under it
    on_white = np.asarray(decode(cut_out(photo))).astype(int)
    assert np.abs(on_white - np.asarray(photo).astype(int)).max() <= 4


def test_cmyk_is_the_same_picture(photo: Image.Image) -> None:
    made = SURROUNDINGS["CMYK"](photo)
    assert made.mode == "CMYK"
    assert np.abs(np.asarray(decode(made)).astype(int) - np.asarray(photo).astype(int)).max() <= 2


def test_a_snapshot_shows_the_product_on_a_sheet(photo: Image.Image) -> None:
    made = np.asarray(snapshot(photo)).astype(int)
    height, width = made.shape[:2]
    assert 90 / 0.76 < width < 90 / 0.54
    middle = made[height // 2 + 20, width // 2]  # on the blot, beside its button
    assert middle[0] > middle[1] + 60
    assert middle[0] > middle[2] + 40
    corner = made[: height // 8, : width // 8].reshape(-1, 3)
    assert corner.mean() > 110  # a light sheet,
    assert 1 < corner.std(axis=0).mean() < 60  # neither plain nor wild
    shown = np.abs(made - made[0, 0]).max(axis=2) > 70
    assert 0.5 < shown.sum() / inside(photo).sum() < 2


def test_snapshots_differ_from_photo_to_photo_and_by_seed(photo: Image.Image) -> None:
    other = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    corners = {
        np.asarray(made)[0, :5].tobytes()
        for made in (snapshot(photo), snapshot(other), snapshot(photo, seed=1))
    }
    assert len(corners) == 3


def test_real_photos_keep_their_product(tmp_path: Path) -> None:
    """On the bundled sample, the cut-out keeps a good part of each picture and drops a good part."""
    for number in (10001, 10043, 10123, 10290):
        with Image.open(sample_dir() / "images" / f"{number}.jpg") as picture:
            shown = np.asarray(cut_out(picture))[..., 3] > 0
        assert 0.05 < shown.mean() < 0.95, number


def test_a_photo_too_large_to_be_widened_does_not_stop_an_evaluation(tmp_path: Path) -> None:
    Image.new("RGB", (7000, 7000), "white").save(tmp_path / "1.png")
    Image.new("RGB", (70, 70), "white").save(tmp_path / "2.png")
    files = [tmp_path / "1.png", tmp_path / "2.png"]
    change = SURROUNDINGS["white canvas x 1.5"]
    vectors = varied_vectors(load_encoder("hashed"), files, change, lambda done: None)
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
