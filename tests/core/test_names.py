"""Names: what is accepted, how it is completed, and the service's own words when it is refused."""

from __future__ import annotations

import pytest

from engine.core import names
from engine.core.names import ThreePartName
from engine.errors import InvalidParameterValue
from engine.settings import DEFAULT_ENDPOINT
from engine.shop import names as shop_names

BAD_INDEX = (
    "Invalid index name. Must specify the full index name <catalog>.<schema>.<table>. "
    "Only alphanumerics and underscores are allowed."
)
BAD_ENDPOINT = (
    "AI Search endpoint name  must contain less than 50 characters, contain only lowercase "
    "alphanumeric characters, '_', '-' or '.', and start and end with an alphanumeric character."
)


def test_the_shop_has_the_cloud_demos_names() -> None:
    assert shop_names.PRODUCTS == "main.fashion_demo.products"
    assert DEFAULT_ENDPOINT == "fashion_vector_search"
    assert shop_names.IMAGE_VOLUME == "/Volumes/main/fashion_demo/raw_data/images"


def test_a_full_index_name_is_read_in_its_three_parts() -> None:
    name = names.index_name("main.fashion_demo.vs_image_search")
    assert name == ThreePartName("main", "fashion_demo", "vs_image_search")
    assert str(name) == "main.fashion_demo.vs_image_search"
    assert str(name.sibling("vs_text_search")) == "main.fashion_demo.vs_text_search"


def test_an_index_name_of_128_characters_is_the_longest() -> None:
    longest = "main.shop." + "x" * 118
    assert str(names.index_name(longest)) == longest
    with pytest.raises(InvalidParameterValue):
        names.index_name(longest + "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "vs_image_search",
        "fashion_demo.vs_image_search",
        "main.fashion_demo.",
        "main..vs",
        "a.b.c.d",
        "main.fashion-demo.vs",
        "main.fashion_demo.vs search",
        "main.fashion_demo.größe",
        "main.fashion_demo.vs\n",
        "main.fashion_demo./etc",
        None,
        7,
    ],
)
def test_another_index_name_is_refused_in_the_services_words(text: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        names.index_name(text)
    assert caught.value.message == BAD_INDEX


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("products", "main.fashion_demo.products"),
        ("other.products", "main.other.products"),
        ("dev.other.Products_2", "dev.other.Products_2"),
    ],
)
def test_a_short_table_name_is_completed_from_the_left(text: str, full: str) -> None:
    assert str(names.table_name(text)) == full


@pytest.mark.parametrize("text", ["", "a.b.c.d", "products;drop", "a b", "..", "main.shop.", "a/b"])
def test_a_bad_table_name_is_quoted_in_the_refusal(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="is not a table name") as caught:
        names.table_name(text)
    assert caught.value.message.startswith(repr(text))


@pytest.mark.parametrize("text", ["a", "0", "fashion_vector_search", "a.b-c_d", "x" * 49])
def test_a_good_endpoint_name_comes_back_unchanged(text: str) -> None:
    assert names.endpoint_name(text) == text


@pytest.mark.parametrize(
    "text", ["", "x" * 50, "Shop", "shop-", "-shop", ".shop", "a b", "größe", "a/b", "a\n", None, 7]
)
def test_a_bad_endpoint_name_is_refused_in_the_services_words(text: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        names.endpoint_name(text)
    assert caught.value.message == BAD_ENDPOINT


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/Volumes/main/shop/raw", "/Volumes/main/shop/raw"),
        ("/Volumes/main/shop/raw-data/images/", "/Volumes/main/shop/raw-data/images"),
        ("dbfs:/Volumes/main/shop/raw/1.jpg", "/Volumes/main/shop/raw/1.jpg"),
        ("/Volumes/main/shop/raw/a b..c/ü.jpg", "/Volumes/main/shop/raw/a b..c/ü.jpg"),
    ],
)
def test_a_volume_path_is_read_with_or_without_its_scheme(text: str, path: str) -> None:
    assert names.volume_path(text) == path


@pytest.mark.parametrize(
    "text",
    [
        "/Volumes/main/shop",
        "Volumes/main/shop/raw",
        "/dbfs/Volumes/main/shop/raw",
        "/tmp/x",
        "/Volumes/main/shop/raw/../../etc/passwd",
        "/Volumes/main/shop/..",
        "/Volumes/main/shop/raw/a\0b",
        "",
    ],
)
def test_a_path_that_is_no_volume_or_leaves_it_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="is not a volume path"):
        names.volume_path(text)
