"""Tasks of a planted catalogue: what is asked, and which products are right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.retrieval.goods.goods import Goods
from engine.bench.retrieval.task import Task, groups_of
from engine.bench.retrieval.tasks.asked import Asked
from engine.bench.retrieval.tasks.catalogue import TASKS, tasks_of_collection, tasks_of_goods
from engine.bench.retrieval.tasks.rules import rules
from engine.shop.evaluation.figures.query_sets import Query as SetQuery

KINDS = [("Dresses", "Red", "Women"), ("Dresses", "Blue", "Women"), ("Jeans", "Blue", "Men")]
SETS = {"said": [SetQuery("a frock", ({"articleType": ("Dresses",)},))]}


def planted(each: int = 6, **fixed: Any) -> Goods:
    """So many products of each kind; ids 0.. in turns, so that id % 3 is the kind."""
    products = []
    for number in range(3 * each):
        kind, colour, gender = KINDS[number % 3]
        product: dict[str, Any] = {
            "id": str(number),
            "name": f"{colour} {kind} {number // 6}",  # names that two products share
            "articleType": kind,
            "baseColour": colour,
            "gender": gender,
            "masterCategory": "Apparel",
            **fixed,
        }
        products.append({field: value for field, value in product.items() if value != ""})
    pictures = tuple(Path(f"{number}.jpg") for number in range(3 * each))
    texts = tuple(str(product.get("name")) for product in products)
    return Goods("planted", tuple(products), pictures, texts, "planted")


def task(name: str, goods: Goods, **how: Any) -> Task:
    (made,) = tasks_of_goods(goods, [name], Asked(query_sets=SETS, **how))
    return made


def of_kind(*kinds: int, each: int = 6) -> set[str]:
    return {str(number) for number in range(3 * each) if number % 3 in kinds}


def test_the_catalogues_own_words_find_what_has_them() -> None:
    made = task("text_to_image", planted())
    by_text = {query.text: set(made.right[one]) for one, query in made.queries.items()}
    assert by_text == {
        "dresses": of_kind(0, 1),
        "jeans": of_kind(2),
        "red": of_kind(0),
        "blue": of_kind(1, 2),
        "women": of_kind(0, 1),
        "men": of_kind(2),
        "red dresses": of_kind(0),
        "blue dresses": of_kind(1),
        "blue jeans": of_kind(2),
        "women dresses": of_kind(0, 1),
        "men jeans": of_kind(2),
    }
    groups = groups_of(list(made.queries.values()))
    assert {name: len(places) for name, places in groups.items()} == {
        "articleType": 2,
        "baseColour": 2,
        "gender": 2,
        "baseColour + articleType": 3,
        "gender + articleType": 2,
    }
    assert all(document.text is None for document in made.collection.documents)


def test_a_value_of_few_products_is_not_asked_for() -> None:
    assert rules().least == 5
    made = task("text_to_image", planted(each=4))
    assert {query.text for query in made.queries.values()} == {
        "dresses",
        "blue",
        "women",
        "women dresses",
    }


def test_other_words_are_those_of_the_query_sets() -> None:
    made = task("other_words", planted())
    ((one, query),) = made.queries.items()
    assert (query.text, query.group, set(made.right[one])) == ("a frock", "said", of_kind(0, 1))


def test_a_name_finds_every_product_of_that_name() -> None:
    made = task("name_to_image", planted())
    assert len(made.queries) == 9
    assert all(len(made.right[one]) == 2 for one in made.queries)
    assert made.right["name:0"] == {"0": 1, "3": 1}


def test_a_photo_finds_what_is_alike_and_not_itself() -> None:
    made = task("image_to_image", planted())
    assert made.right["photo:0"] == {
        **dict.fromkeys(of_kind(0) - {"0"}, 2),
        **dict.fromkeys(of_kind(1), 1),
    }
    assert made.queries["photo:0"].without == {"0"}
    assert made.queries["photo:0"].group == "Apparel"
    assert made.right["photo:2"] == dict.fromkeys(of_kind(2) - {"2"}, 2)


def test_a_catalogue_without_genders_or_colours_has_its_own_likes() -> None:
    made = task("image_to_image", planted(gender="", baseColour=""))
    assert made.right["photo:0"] == dict.fromkeys(of_kind(0, 1) - {"0"}, 2)
    nothing = task("image_to_image", planted(gender="", baseColour="", articleType=""))
    assert not nothing.queries
    assert not task("composed", planted(gender="", baseColour="", articleType="")).queries


def test_words_change_one_field_of_a_photo() -> None:
    made = task("composed", planted())
    colours = {one: query for one, query in made.queries.items() if query.group == "baseColour"}
    assert set(colours) == {f"composed:baseColour:{one}" for one in of_kind(0, 1)}
    for one, query in colours.items():
        own = int(one.rsplit(":")[-1])
        assert query.text == ("in blue" if own % 3 == 0 else "in red")
        assert set(made.right[one]) == of_kind(1 - own % 3)
        assert query.picture == Path(f"{own}.jpg") and query.without == {str(own)}
    assert {query.group for query in made.queries.values()} == {"baseColour"}


def test_hybrid_tasks_ask_the_same_at_every_weight() -> None:
    made = tasks_of_goods(planted(), ["hybrid"], Asked((0.0, 0.4, 1.0), None, SETS))
    assert [one.text_weight for one in made] == [0.0, 0.4, 1.0]
    assert [one.settings for one in made] == [{"text_weight": one} for one in (0.0, 0.4, 1.0)]
    assert len({tuple(one.queries) for one in made}) == 1
    first = made[0]
    assert first.right["hybrid:said:a frock"] == dict.fromkeys(of_kind(0, 1), 1)
    assert first.queries["hybrid:said:a frock"].picture is None
    assert first.right["hybrid:0"] == task("image_to_image", planted()).right["photo:0"]
    assert all(one.text and one.picture for one in first.collection.documents)
    assert len({one.slug for one in made}) == 3


def test_a_value_is_told_among_all_values() -> None:
    made = tasks_of_goods(planted(), ["zero_shot"], Asked())
    assert [one.settings["attribute"] for one in made] == ["articleType", "baseColour", "gender"]
    kinds = made[0]
    assert {one.id: one.text for one in kinds.collection.documents} == {
        "articleType=Dresses": "a photo of dresses",
        "articleType=Jeans": "a photo of jeans",
    }
    assert kinds.right["told:articleType:2"] == {"articleType=Jeans": 1}
    assert [str(one) for one in kinds.measures or ()] == ["accuracy"]


def test_queries_are_drawn_alike_whatever_else_is_there() -> None:
    few = task("image_to_image", planted(each=50), queries=20)
    assert len(few.queries) == 20
    assert list(few.queries) == list(task("image_to_image", planted(each=50), queries=20).queries)
    assert set(few.queries) < set(task("image_to_image", planted(each=50), queries=40).queries)
    assert len(task("image_to_image", planted(each=50), queries=None).queries) == 150


@pytest.mark.parametrize("name", TASKS)
def test_every_query_has_an_answer_that_it_may_find(name: str) -> None:
    for made in tasks_of_goods(planted(), [name], Asked(query_sets=SETS)):
        documents = {one.id for one in made.collection.documents}
        assert made.queries and list(made.queries) == sorted(made.queries)
        for one, query in made.queries.items():
            assert made.right[one] and set(made.right[one]) <= documents - query.without
        assert made.collection.limits and len(
            {query.id for query in made.collection.queries}
        ) == len(made.collection.queries)


def test_what_a_query_may_not_find_is_not_right_for_it() -> None:
    documents = [Document(one, text=one) for one in "abcd"]
    queries = [
        Query("1", "x", without=frozenset("a")),
        Query("2", "x", among=frozenset("ab")),
        Query("3", "x", without=frozenset("a"), among=frozenset("a")),
        Query("4", "x"),
        Query("5", "x"),
    ]
    grades = {one: {"a": 2, "b": 0, "c": 1, "d": -1} for one in "1234"}
    made = Task("t", Collection("c", documents, queries, grades))
    assert dict(made.right) == {"1": {"c": 1}, "2": {"a": 2}, "4": {"a": 2, "c": 1}}
    assert list(made.queries) == ["1", "2", "4"]


def test_a_collection_is_one_task_or_one_for_each_weight() -> None:
    words, photo = Query("q", "x"), Path("p.jpg")
    asked = Asked((0.0, 0.5))
    pictures = Collection("flickr", [Document("d", photo)], [words], {"q": {"d": 1}})
    (one,) = tasks_of_collection(pictures, asked)
    assert (one.name, one.settings) == ("flickr", {})
    both = Collection("both", [Document("d", photo, "x")], [words], {"q": {"d": 1}})
    assert [one.text_weight for one in tasks_of_collection(both, asked)] == [0.0, 0.5]
    changed = Collection("cirr", [Document("d", photo)], [Query("q", "x", photo)], {"q": {"d": 1}})
    assert len(tasks_of_collection(changed, asked)) == 2


def test_a_large_catalogue_makes_its_tasks_in_a_moment() -> None:
    """Ids are made once: asked for anew by every name, they took minutes for 40,000 products."""
    large = planted(each=4000)
    assert large.ids is large.ids
    assert len(task("name_to_image", large).queries) == 1000
