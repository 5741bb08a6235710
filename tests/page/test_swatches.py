"""Colours by the words of catalogues."""

from __future__ import annotations

import re

import pytest

from engine.shop.page.swatches import swatch


@pytest.mark.parametrize(
    "name", ["Navy Blue", "navy-blue", "NAVY_BLUE", " navy  blue ", "Deep navy blue"]
)
def test_a_colour_is_known_however_it_is_written(name: str) -> None:
    assert swatch(name) == swatch("navy blue") != swatch("blue")


@pytest.mark.parametrize("name", ["Multi", "NA", "", "é", "😀", "12", None, "Light"])
def test_what_is_no_colour_has_no_swatch(name: object) -> None:
    assert swatch(name) is None


def test_a_shade_that_is_unknown_is_shown_as_its_colour() -> None:
    assert swatch("Dusty Rose") == swatch("Rose")
    assert swatch("Red Melange") == swatch("Red")
    assert re.fullmatch("#[0-9a-f]{6}", swatch("Grey") or "")
