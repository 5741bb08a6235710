"""Words of customers: which products a phrase describes, queries made of phrases, what is kept aside."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadSourceFile
from engine.shop.evaluation import read_query_set
from engine.shop.products.conditions import Conditions, words_of
from engine.shop.training.products.labels import Labels, Row
from engine.shop.training.texts.corpus import build_corpus
from engine.shop.training.texts.phrases import (
    Phrase,
    catalogue_phrases,
    comparable,
    read_phrases,
    singular,
)
from engine.shop.training.texts.queries import Query, QuerySampler, describes

WORDS = ("red", "Blue", "dress", "t-shirt", "men's", "ünder", "42", "")
COLOURS, KINDS = ("Red", "Blue", ""), ("Dresses", "Jeans", "")
names = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)
rows = st.lists(
    st.fixed_dictionaries(
        {
            "name": names | st.none(),
            "baseColour": st.sampled_from(COLOURS) | st.none(),
            "articleType": st.sampled_from(KINDS) | st.none(),
        }
    ),
    min_size=1,
    max_size=12,
)
values = st.lists(st.sampled_from(WORDS) | names, min_size=1, max_size=3)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "name": values | st.sampled_from(WORDS),
        "not_name": values,
        "baseColour": st.lists(st.sampled_from(("Red", "Blue", "Green")), min_size=1, max_size=2),
        "articleType": st.sampled_from(("Dresses", "Jeans", "Hats")),
    },
)


def holds(row: Row, condition: dict[str, Any]) -> bool:
    """Of one product, read from the format's description."""
    for field, given_values in condition.items():
        some = [given_values] if isinstance(given_values, str) else given_values
        if field in ("name", "not_name"):
            own = words_of(row["name"] or "")
            sides = [
                any(own[i : i + len(w)] == w for i in range(len(own)))
                for value in some
                if (w := words_of(value))
            ]
            if any(sides) == (field == "not_name"):
                return False
        elif row.get(field) not in some:
            return False
    return True


def plain(where: list[dict[str, Any]]) -> tuple[dict[str, tuple[str, ...]], ...]:
    """With every field's values as a tuple, as a file's reader gives them."""
    return tuple(
        {f: (v,) if isinstance(v, str) else tuple(v) for f, v in one.items()} for one in where
    )


@settings(max_examples=300, deadline=None)
@given(rows, st.lists(conditions, min_size=1, max_size=3))
def test_a_where_describes_what_it_says_of_each_product(
    products: list[Row], where: list[dict[str, Any]]
) -> None:
    found = Conditions(products).of(plain(where))
    assert found.tolist() == [any(holds(row, c) for c in where) for row in products]


def test_fields_that_no_product_has_are_told() -> None:
    conditions = Conditions([{"name": "a", "colour": "red"}])
    assert not conditions.of(({"gender": ("Men",)},)).any()
    assert conditions.of(({"colour": ("red",)},)).all()
    assert conditions.unknown_fields == {"gender"}


def test_a_value_that_is_not_known_is_none_of_its_words() -> None:
    conditions = Conditions([{"name": None, "colour": None}, {"name": "None", "colour": "None"}])
    assert conditions.of(({"colour": ("None",)},)).tolist() == [False, True]
    assert conditions.of(({"name": ("none",)},)).tolist() == [False, True]
    assert conditions.of(({"not_name": ("none",)},)).tolist() == [True, False]


@settings(max_examples=50, deadline=None)
@given(rows, st.lists(conditions, min_size=1, max_size=3))
def test_a_word_list_and_a_query_set_mean_the_same(
    products: list[Row], where: list[dict[str, Any]]
) -> None:
    """One rule, written in both kinds of file."""
    with TemporaryDirectory() as folder:
        list_file, set_file = Path(folder) / "list.jsonl", Path(folder) / "set.jsonl"
        where = [
            {f: v for f, v in one.items() if all(map(str.strip, [v] if isinstance(v, str) else v))}
            for one in where
        ]
        if not all(where):
            return
        list_file.write_text(json.dumps({"part": "whole", "texts": ["a"], "where": where}))
        set_file.write_text(json.dumps({"text": "a", "where": where}))
        (query,) = read_query_set(set_file)
        right = Conditions(products).of(query.where)
        assert right.tolist() == [any(holds(row, c) for c in where) for row in products]
        phrases = read_phrases([list_file], Conditions(products))
        assert [p.describes.tolist() for p in phrases] == [right.tolist()] * bool(right.any())  # type: ignore[union-attr]


PRODUCTS: list[Row] = [
    {"id": str(i), "name": f"Acme {c} {k} {i}", "articleType": k, "baseColour": c, "gender": "Men"}
    for i, (c, k) in enumerate(
        (c, k) for c in ("Red", "Blue", "White") for k in ("Dresses", "Watches", "Tshirts")
    )
]


def read(tmp_path: Path, text: str, kept_aside: frozenset[str] = frozenset()) -> list[Phrase]:
    file = tmp_path / "words.jsonl"
    file.write_text(text)
    return read_phrases([file], Conditions(PRODUCTS), kept_aside)


def test_phrases_that_describe_nothing_are_left_out(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        '{"part": "noun", "texts": ["frock"], "where": {"articleType": ["Dresses"]}}\n\n'
        '{"part": "noun", "texts": ["hat"], "where": {"articleType": ["Hats"]}}\n'
        '{"part": "style", "texts": ["best"], "where": {}}\n',
    )
    assert [p.texts for p in found] == [("frock",), ("best",)]
    assert found[1].describes is None


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "expected an object"),
        ('{"part": "noun", "texts": ["a"]}', "expected an object"),
        ('{"part": "verb", "texts": ["a"], "where": {}}', "part is 'verb'.*noun"),
        ('{"part": "noun", "texts": "a", "where": {}}', "texts is 'a'"),
        ('{"part": "noun", "texts": [" "], "where": {}}', "texts is"),
        ('{"part": "noun", "texts": ["a"], "where": []}', "where is empty"),
        ('{"part": "noun", "texts": ["a"], "where": {"gender": 3}}', "gender is 3"),
        ('{"part": "noun", "texts": ["a"], "where": ["b"]}', "where holds 'b'"),
    ],
)
def test_a_line_of_another_format_is_named(tmp_path: Path, line: str, reason: str) -> None:
    good = '{"part": "noun", "texts": ["frock"], "where": {"articleType": ["Dresses"]}}\n'
    with pytest.raises(BadSourceFile, match=rf"words\.jsonl, line 2: .*{reason}"):
        read(tmp_path, good + line)


def test_a_word_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"none\.jsonl: it can't be read"):
        read_phrases([tmp_path / "none.jsonl"], Conditions(PRODUCTS))
    (tmp_path / "b.jsonl").write_bytes(b"\xff\xfe\xfa")
    with pytest.raises(BadSourceFile, match="UTF-8"):
        read_phrases([tmp_path / "b.jsonl"], Conditions(PRODUCTS))


@pytest.mark.parametrize(
    ("many", "one"),
    [("Watches", "Watch"), ("Dresses", "Dress"), ("Scarves", "Scarf"), ("Jeans", "Jeans"),
     ("Accessories", "Accessory"), ("Shoes", "Shoe"), ("Dress", "Dress"), ("Ties", "Tie")],
)  # fmt: skip
def test_the_singular_of_a_type(many: str, one: str) -> None:
    assert singular(many) == one


def test_what_a_query_is_made_of_describes_its_product(tmp_path: Path) -> None:
    labels = Labels.of(PRODUCTS)
    phrases = catalogue_phrases(Conditions(PRODUCTS), labels.classes)
    phrases += read(
        tmp_path, '{"part": "whole", "texts": ["in red"], "where": {"baseColour": "Red"}}'
    )
    sampler = QuerySampler(phrases, seed=1, junk=0.0)
    drawn = [sampler.draw(i % len(PRODUCTS)) for i in range(500)]
    right = describes(drawn, phrases, np.arange(len(PRODUCTS)))
    assert all(right[i, i % len(PRODUCTS)] == 1 for i in range(500))
    assert {"in red"} & {query.text for query in drawn}
    twin = [
        [all(bool(phrases[p].describes[i]) for p in q.phrases) for i in range(len(PRODUCTS))]  # type: ignore[index]
        for q in drawn
    ]
    assert right.tolist() == np.array(twin, dtype=float).tolist()
    assert describes([Query("best")], phrases, np.arange(3)).all()


def test_queries_that_models_are_judged_by_are_in_no_text_of_training(tmp_path: Path) -> None:
    labels = Labels.of(PRODUCTS)
    conditions = Conditions(PRODUCTS)
    aside = [
        "Red dresses!",
        "frock",
        "a photo of watches",
        "Acme Red Dresses 0",
        "white TSHIRTS",
        "blue",
    ]
    kept = frozenset(map(comparable, aside))
    phrases = catalogue_phrases(conditions, labels.classes, kept)
    phrases += read(
        tmp_path,
        '{"part": "noun", "texts": ["frock", "gown"], "where": {"articleType": "Dresses"}}\n'
        '{"part": "whole", "texts": ["Frock"], "where": {"articleType": "Dresses"}}',
        kept,
    )
    loose = ["frock", "table"]
    corpus = build_corpus(PRODUCTS, labels, phrases, queries=200, loose=loose, kept_aside=kept)
    assert not kept & {comparable(text) for text in corpus.texts}
    assert {"gown", "table"} <= set(corpus.texts)
    free = build_corpus(PRODUCTS, labels, phrases, queries=200, loose=loose)
    assert kept & {comparable(text) for text in free.texts}, "else this test shows nothing"


def test_a_corpus_is_the_same_for_the_same_seed() -> None:
    labels = Labels.of(PRODUCTS)
    phrases = catalogue_phrases(Conditions(PRODUCTS), labels.classes)
    first, again, other = (build_corpus(PRODUCTS, labels, phrases, seed=s) for s in (1, 1, 2))
    assert first.texts == again.texts != other.texts
    assert first.texts[first.prompts[0, 0]] == "a photo of dresses"
    assert first.texts[first.colour_prompts[0, 0, 0]] == "blue dresses"
    assert all(first.names) and all(len(some) == 5 for some in first.queries)


def test_a_catalogue_of_other_attributes_speaks_of_them() -> None:
    goods: list[Row] = [
        {"id": str(i), "name": f"Lamp {i}", "material": ("oak", "steel")[i % 2]} for i in range(6)
    ]
    labels = Labels.of(goods, ["material"])
    assert labels.alike == ("material",) and labels.classes["articleType"] == []
    phrases = catalogue_phrases(Conditions(goods), labels.classes)
    assert {(p.part, *p.texts) for p in phrases} == {("material", "oak"), ("material", "steel")}
    corpus = build_corpus(goods, labels, phrases, queries=20)
    texts = [corpus.texts[n] for n in corpus.queries[0]]
    assert any("oak" in text for text in texts) and not any("steel" in text for text in texts)
    assert corpus.prompts.size == corpus.colour_prompts.size == 0
