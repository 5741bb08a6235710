"""Which category and colour the words of a query name, by the catalogue's own values."""

from __future__ import annotations

import pytest

from engine.shop.validation.recognition import Vocabulary, stem

KINDS = ["Dresses", "Jackets", "Rain Jacket", "Casual Shoes", "Sports Shoes", "Formal Shoes"]
KINDS += ["Jeans", "Tshirts", "Watches", "Kurta Sets", "Scarves", "!!"]
WORDS = Vocabulary(
    [("master", ["Apparel", "Footwear"]), ("sub", ["Dress", "Shoes", "Bags"]), ("type", KINDS)],
    ("color", ["Red", "Blue", "Navy Blue", "White", "Grey", "Black", "Off White"]),
)


@pytest.mark.parametrize(
    ("query", "categories", "colors", "others"),
    [
        ("red summer dress", {"type": ("Dresses",)}, {"color": ("Red",)}, ("summer",)),
        ("RED DRESSES", {"type": ("Dresses",)}, {"color": ("Red",)}, ()),
        ("black leather jacket", {"type": ("Jackets",)}, {"color": ("Black",)}, ("leather",)),
        (
            "white sneakers",
            {"type": ("Casual Shoes", "Sports Shoes")},
            {"color": ("White",)},
            (),
        ),
        ("blue jeans", {"type": ("Jeans",)}, {"color": ("Blue",)}, ()),
        ("formal shoes", {"type": ("Formal Shoes",)}, {}, ()),
        ("shoes", {"sub": ("Shoes",)}, {}, ()),
        ("navy t-shirt", {"type": ("Tshirts",)}, {"color": ("Navy Blue",)}, ()),
        ("navy blue T Shirts", {"type": ("Tshirts",)}, {"color": ("Navy Blue",)}, ()),
        ("off-white watch", {"type": ("Watches",)}, {"color": ("Off White",)}, ()),
        ("gray bag", {"sub": ("Bags",)}, {"color": ("Grey",)}, ()),
        ("red or black bags", {"sub": ("Bags",)}, {"color": ("Red", "Black")}, ("or",)),
        ("rain jackets", {"type": ("Rain Jacket",)}, {}, ()),
        ("something nice", {}, {}, ("something", "nice")),
        ("", {}, {}, ()),
        ("!!", {}, {}, ()),
        ("红色 dress", {"type": ("Dresses",)}, {}, ("红色",)),
    ],
)
def test_words_name_values(
    query: str, categories: object, colors: object, others: tuple[str, ...]
) -> None:
    found = WORDS.recognise(query)
    assert (found.categories, found.colors, found.others) == (categories, colors, others)


def test_a_catalogue_without_colours_or_categories_names_nothing() -> None:
    assert Vocabulary([], None).recognise("red dress").others == ("red", "dress")


def test_a_word_that_ends_several_values_names_all_of_them() -> None:
    words = Vocabulary([("type", ["Rain Jacket", "Nehru Jackets", "Jacket Pins"])], None)
    assert words.recognise("jackets").categories == {"type": ("Rain Jacket", "Nehru Jackets")}


def test_what_was_recognised_is_said_in_words() -> None:
    assert WORDS.recognise("red summer dress").in_words() == (
        "type: Dresses; color: Red (nothing known of summer)"
    )
    assert "nothing recognised" in WORDS.recognise("nice").in_words()


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("dresses", "dress"),
        ("dress", "dress"),
        ("watches", "watch"),
        ("shoes", "shoe"),
        ("jeans", "jean"),
        ("accessories", "accessory"),
        ("boxes", "box"),
        ("bus", "bus"),
    ],
)
def test_a_word_in_the_plural_has_the_stem_of_the_singular(word: str, one: str) -> None:
    assert stem(word) == one
