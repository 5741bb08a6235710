"""Searches by meaning held against the words: counts by hand, beside searches by words; the page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from support.planted import PLANTED

from engine import (
    BadSourceFile,
    InvalidInputException,
    InvalidParameterValue,
    NotFound,
    Workspace,
)

STANDARD = ["red summer dress", "black leather jacket", "white sneakers", "blue jeans"]
STANDARD += ["formal shoes"]


def test_the_five_standard_queries_find_what_they_say(sample: Workspace) -> None:
    found = sample.validate()
    assert [one.query for one in found.queries] == STANDARD
    assert found.searches == ("image", "keyword", "full_text")
    means = {(row["search"], row["aspect"]): row for row in found.means()}
    assert means["image", "both"]["value"] >= 0.8
    assert means["image", "both"]["n"] == 5
    assert means["image", "color"]["n"] == 4  # "formal shoes" names no colour
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_counts_are_those_of_the_rows(sample: Workspace) -> None:
    found = sample.validate(["blue jeans"], k=7)
    table = sample.read_table("products").to_pylist()
    jeans = sum(row["article_type"] == "Jeans" for row in table)
    both = sum(row["article_type"] == "Jeans" and row["base_color"] == "Blue" for row in table)
    rows = sample.search("blue jeans", k=7, columns=["article_type", "base_color"]).to_dicts()
    (one,) = found.queries
    image = next(judged for judged in one.judged if judged.search == "image")
    assert image.counted["category"].right == sum(row["article_type"] == "Jeans" for row in rows)
    assert image.counted["color"].right == sum(row["base_color"] == "Blue" for row in rows)
    assert image.counted["category"].of == min(7, jeans)
    assert image.counted["both"].of == min(7, both)


@pytest.mark.parametrize(
    ("search", "given"),
    [("image", {}), ("keyword", {"keyword": True}), ("full_text", {"query_type": "FULL_TEXT"})],
)
def test_each_search_is_the_shop_s_own(
    sample: Workspace, search: str, given: dict[str, object]
) -> None:
    found = sample.validate(["red dress"], searches=[search], k=5)
    keys = [row["product_id"] for row in sample.search("red dress", k=5, **given)]
    judged = found.queries[0].judged[0]
    assert [row["product_id"] for row in judged.result.to_dicts()] == keys
    assert judged.found == len(keys)


def test_a_query_that_names_nothing_is_not_judged_and_counts_nowhere(sample: Workspace) -> None:
    alone, both = sample.validate(["blue jeans"]), sample.validate(["blue jeans", "zzz nice"])
    assert both.means() == alone.means()
    assert both.rows() == alone.rows()
    assert list(both.not_judgeable()) == ["zzz nice"]
    none = sample.validate(["zzz"])
    assert [row["value"] for row in none.means()] == [None] * 9
    assert none.rows() == []
    assert none.to_html()


def test_where_words_find_nothing_nothing_is_right(sample: Workspace) -> None:
    found = sample.validate(["qwzx blue jeans"], searches=["keyword"])
    (judged,) = found.queries[0].judged
    assert judged.found == 0
    assert judged.counted["both"].right == 0
    assert judged.counted["both"].of > 0


def test_values_of_another_catalogue_are_recognised(planted: Workspace, goods: pa.Table) -> None:
    """By words alone: the hashed model makes vectors of another length."""
    found = planted.validate(["blue shoes"], index=PLANTED, searches=["full_text"])
    said = found.queries[0].recognised
    assert said.categories == {"sort": ("Shoes",)}
    assert said.colors == {"farbe": ("Blue",)}
    counted = found.queries[0].judged[0].counted
    pairs = zip(goods["sort"].to_pylist(), goods["farbe"].to_pylist())
    assert counted["both"].of == min(10, sum(pair == ("Shoes", "Blue") for pair in pairs))


def test_a_query_set_says_itself_what_is_right(sample: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    lines = [
        {"text": "kicks", "where": {"articleType": ["Casual Shoes"], "gender": ["Men"]}},
        {"text": "denim", "where": [{"articleType": "Jeans"}, {"base_color": ["Blue"]}]},
        {"text": "for men", "where": {"gender": ["Men"]}},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    first, second, third = sample.validate(file, searches=["image"]).queries
    assert first.recognised.categories == {"article_type": ("Casual Shoes",)}
    assert first.recognised.others == ("gender",)
    assert second.recognised.colors == {"base_color": ("Blue",)}
    assert third.why is not None


@pytest.mark.parametrize(
    ("name", "text"),
    [("q.txt", "# mine\nblue jeans\n\nred dress\n"), ("q.json", '["blue jeans", "red dress"]')],
)
def test_files_of_texts(sample: Workspace, tmp_path: Path, name: str, text: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    found = sample.validate(file, searches=["full_text"])
    assert [one.query for one in found.queries] == ["blue jeans", "red dress"]


@pytest.mark.parametrize(
    ("name", "data"),
    [("q.txt", b""), ("q.json", b"{"), ("q.json", b"[1]"), ("q.txt", b"\xff"), ("q.jsonl", b"{}")],
)
def test_a_file_without_queries_is_refused(
    sample: Workspace, tmp_path: Path, name: str, data: bytes
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(BadSourceFile, match=name):
        sample.validate(tmp_path / name)
    with pytest.raises(BadSourceFile):
        sample.validate(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"queries": "red dress"}, InvalidInputException),
        ({"queries": []}, InvalidInputException),
        ({"queries": ["a", 3]}, InvalidInputException),
        ({"searches": ["images"]}, InvalidInputException),
        ({"searches": "image"}, InvalidInputException),
        ({"searches": []}, InvalidInputException),
        ({"k": 0}, InvalidParameterValue),
        ({"k": 201}, InvalidParameterValue),
        ({"k": "ten"}, InvalidParameterValue),
        ({"index": "nowhere"}, NotFound),
    ],
)
def test_what_can_not_be_validated_is_refused(
    sample: Workspace, given: dict[str, object], error: type[Exception]
) -> None:
    with pytest.raises(error):
        sample.validate(**given)


def test_a_mean_is_that_of_the_queries(sample: Workspace) -> None:
    found = sample.validate(["blue jeans", "red dress", "white shoes"], k=20)
    rows = [row for row in found.rows() if row["search"] == "keyword"]
    mean = next(
        row for row in found.means() if row["search"] == "keyword" and row["aspect"] == "category"
    )
    assert mean["value"] == pytest.approx(
        np.mean([row["category_right"] / row["category_of"] for row in rows]), abs=1e-4
    )
    assert mean["interval"][0] <= mean["value"] <= mean["interval"][1]


# ---------------------------------------------------------------------- the page
def test_the_page_is_self_contained_and_marks_what_is_right(
    sample: Workspace, tmp_path: Path
) -> None:
    found = sample.validate(["blue jeans"], k=5)
    page = found.save(tmp_path / "page.html").read_text("utf-8")
    assert page.count("<li") == sum(judged.found for judged in found.queries[0].judged)
    assert page.count('class="card right"') == sum(
        all(mark.values()) for judged in found.queries[0].judged for mark in judged.marks
    )
    assert "http" not in page.replace("http-equiv", "")
    assert "data:image/jpeg;base64," in page
    with pytest.raises(InvalidInputException):
        found.save(tmp_path / "nowhere" / "page.html")


def test_the_page_escapes_what_users_wrote(sample: Workspace) -> None:
    page = sample.validate(["<script>x</script> jeans"], k=1).to_html()
    assert "<script>" not in page


def test_a_broken_photo_is_that_photo_s_trouble(sample: Workspace, tmp_path: Path) -> None:
    from engine.shop.demo import sample_dir

    shutil.copytree(sample_dir(), tmp_path / "data")
    made = Workspace(tmp_path / "ws")
    made.build(tmp_path / "data" / "styles.csv", tmp_path / "data" / "images", limit_photos=30)
    keys = made.read_table("product_embeddings_enriched", ["product_id"])["product_id"].to_pylist()
    (tmp_path / "data" / "images" / f"{keys[0]}.jpg").write_bytes(b"broken")
    (tmp_path / "data" / "images" / f"{keys[1]}.jpg").unlink()
    kind = made.read_table("products", ["product_id", "article_type"]).to_pylist()
    word = next(row["article_type"] for row in kind if row["product_id"] == keys[0])
    page = made.validate([word], k=30, searches=["image"]).to_html()
    assert "broken photo" in page
    assert "no photo" in page
    assert page.count("<img") == 28
