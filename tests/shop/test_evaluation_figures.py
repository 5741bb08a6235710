"""The figures of a model, each against a slow twin that says the same in plain loops."""

from __future__ import annotations

import hashlib
import json
import statistics
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import BadSourceFile
from engine.shop.evaluation import evaluate_vectors, read_query_set
from engine.shop.evaluation.figures import catalogue, nearest
from engine.shop.evaluation.figures.figure import Figure
from engine.shop.evaluation.figures.query_sets import Query
from engine.shop.products.conditions import Conditions

TYPES = ("Shirts", "Jeans", "Watches", "Rings", None)
COLOURS = ("Red", "Blue", "Black", None)


def vector(seed: str, noise: str = "", share: float = 0.0) -> np.ndarray:
    """A unit vector of 8 numbers that a text stands for, with some of another's."""

    def drawn(text: str) -> np.ndarray:
        number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
        return np.random.default_rng(number).normal(size=8)

    mixed = drawn(seed) + share * drawn(noise)
    return (mixed / np.linalg.norm(mixed)).astype(np.float32)


def encode(texts: Sequence[str]) -> np.ndarray:
    return np.stack([vector(text) for text in texts])


def shop(count: int, seed: int = 0) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Products and vectors of their photos, which lie near the texts that describe them; some alike."""
    rng = np.random.default_rng(seed)
    products, vectors = [], []
    for key in range(count):
        kind, colour = TYPES[rng.integers(5)], COLOURS[rng.integers(4)]
        name = None if key % 11 == 10 else f"{colour} {kind} no {key}"
        products.append({"id": key, "name": name, "articleType": kind, "baseColour": colour})
        near = (
            f"a photo of {str(kind).lower()}",
            f"{colour} {kind}".lower(),
            str(name),
        )[rng.integers(3)]
        vectors.append(vectors[-1] if key % 7 == 6 else vector(near, str(key), 0.6))
    return np.stack(vectors), products


def closest(query: np.ndarray, images: np.ndarray, k: int, but: int | None = None) -> list[int]:
    """Rows of the k highest scores, by the rule: ties go to the first row."""
    rows = [row for row in range(len(images)) if row != but]
    scores = images @ query
    return sorted(rows, key=lambda row: (-scores[row], row))[:k]


def share(right: Sequence[bool]) -> float:
    return sum(right) / len(right)


@pytest.fixture(params=[0, 1, 2])
def made(request: pytest.FixtureRequest) -> tuple[np.ndarray, list[dict[str, Any]]]:
    return shop(90, request.param)


Shop = tuple[np.ndarray, list[dict[str, Any]]]


# ------------------------------------------------------------------ the figures
def test_zero_shot_type(made: Shop) -> None:
    images, products = made
    counts = Counter(p["articleType"] for p in products)
    kinds = sorted(kind for kind, n in counts.items() if kind and n >= 5)
    expected = {}
    for row, product in enumerate(products):
        if product["articleType"] in kinds:
            scores = {kind: images[row] @ vector(f"a photo of {kind.lower()}") for kind in kinds}
            expected[str(row)] = max(scores, key=lambda k: scores[k]) == product["articleType"]
    figure = catalogue.zero_shot_type(images, products, encode)
    assert dict(zip(figure.queries, figure.values)) == expected
    assert figure.more == {"types": len(kinds)} and 0 < figure.values.mean() < 1


def test_zero_shot_of_any_field(made: Shop) -> None:
    images, products = made
    counts = Counter(p["baseColour"] for p in products)
    colours = sorted(colour for colour, n in counts.items() if colour and n >= 5)
    expected = {}
    for row, product in enumerate(products):
        if product["baseColour"] in colours:
            scores = {c: images[row] @ vector(f"a photo of {c.lower()}") for c in colours}
            expected[str(row)] = max(scores, key=lambda c: scores[c]) == product["baseColour"]
    figure = catalogue.zero_shot(images, products, encode, "baseColour")
    assert figure.key == "zero_shot:baseColour"
    assert dict(zip(figure.queries, figure.values)) == expected
    assert figure.more == {"values": len(colours)}
    nothing = catalogue.zero_shot(images, products, encode, "season")
    assert nothing.value is None and not nothing.queries


def test_colour_type(made: Shop) -> None:
    images, products = made
    counts = Counter((p["baseColour"], p["articleType"]) for p in products)
    both, kind, colour = catalogue.colour_type(images, products, encode)
    pairs = [(c, t) for (c, t), n in sorted(counts.items(), key=str) if c and t and n >= 5]
    assert set(both.queries) == {f"{c} {t}".lower() for c, t in pairs}
    for c, t in pairs:
        text = f"{c} {t}".lower()
        top = [products[row] for row in closest(vector(text), images, 5)]
        at = both.queries.index(text)
        right_type = [p["articleType"] == t for p in top]
        right_colour = [p["baseColour"] == c for p in top]
        assert both.values[at] == share([a and b for a, b in zip(right_type, right_colour)])
        assert (kind.values[at], colour.values[at]) == (share(right_type), share(right_colour))
        assert [products[row] for row in both.found[at]] == top
    assert both.value < min(kind.value, colour.value)


@pytest.mark.parametrize("among", [30, 1200])
def test_name_to_photo(made: Shop, among: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images, products = made
    monkeypatch.setattr(catalogue, "NAMES", among)
    named = [row for row, p in enumerate(products) if p["name"]]
    by_hash = sorted(named, key=lambda r: hashlib.blake2b(str(r).encode()).digest())
    rows = sorted(by_hash[:among])
    places = []
    for row in rows:
        scores = images[rows] @ vector(products[row]["name"])
        own = scores[rows.index(row)]
        before = sum(bool(s > own) for s in scores)
        places.append(1 + before + (sum(bool(s == own) for s in scores) - 1) / 2)
    ten, one, median = catalogue.name_to_photo(images, products, encode)
    assert median.queries == tuple(map(str, rows)) and median.values.tolist() == places
    assert ten.value == share([p <= 10 for p in places])
    assert one.value == share([p <= 1 for p in places])
    assert median.value == statistics.median(places)
    assert median.summary()["among"] == min(among, len(named))


def test_photo_to_photo(made: Shop) -> None:
    images, products = made
    figure = catalogue.photo_to_photo(images, products)
    expected = {}
    for row, product in enumerate(products):
        if product["articleType"]:
            top = closest(images[row], images, 5, but=row)
            expected[str(row)] = share(
                [products[r]["articleType"] == product["articleType"] for r in top]
            )
    assert dict(zip(figure.queries, figure.values)) == expected


def is_right(product: dict[str, Any], where: dict[str, list[str]]) -> bool:
    words = str(product["name"] or "").lower().split()
    for field, values in where.items():
        if field == "name":
            right = any(value in words for value in values)
        elif field == "not_name":
            right = all(value not in words for value in values)
        else:
            right = product[field] in values
        if not right:
            return False
    return True


@pytest.mark.parametrize(
    "where",
    [
        [{"articleType": ["Shirts", "Jeans"]}],
        [{"articleType": ["Shirts"], "baseColour": ["Red", "Blue"]}, {"articleType": ["Rings"]}],
        [{"name": ["red", "12"], "articleType": ["Shirts", "Rings", "Watches"]}],
        [{"articleType": ["Watches"], "not_name": ["black", "blue"]}],
        [{"name": ["23", "45"]}],
    ],
)
def test_query_sets(made: Shop, where: list[dict[str, list[str]]]) -> None:
    images, products = made
    right = [any(is_right(p, one) for one in where) for p in products]
    query = Query("blue jeans", tuple({k: tuple(v) for k, v in one.items()} for one in where))
    assert Conditions(products).of(query.where).tolist() == right
    figure = catalogue.query_set("mine", [query], images, Conditions(products), encode)
    top = closest(vector("blue jeans"), images, min(10, sum(right)))
    assert figure.key == "queries:mine" and figure.found == (tuple(top),)
    assert figure.values.tolist() == [share([right[row] for row in top])]
    assert figure.more["fewer_than_10"] == (sum(right) < 10)


def test_a_query_that_no_product_is_right_for_is_named_and_left_out(made: Shop) -> None:
    images, products = made
    sets = {
        "mine": [
            Query("a hat", ({"articleType": ("Hats",)},)),
            Query("a ring", ({"articleType": ("Rings",)},)),
        ],
        "none": [Query("a cap", ({"articleType": ("Caps",)},))],
    }
    report = evaluate_vectors(images, products, encode, sets)
    assert (report["queries:mine"]["n"], report["queries:mine"]["without_answer"]) == (1, ["a hat"])
    assert report["queries:none"] == {
        "value": None, "interval": None, "n": 0, "without_answer": ["a cap"], "fewer_than_10": 0,
    }  # fmt: skip


def test_a_word_of_a_name_is_a_whole_one() -> None:
    products = [
        {"id": n, "name": name} for n, name in enumerate(["Tie-Dye Top", "Party Bag", None])
    ]
    of = Conditions(products).of
    assert of(({"name": ("tie",)},)).tolist() == [True, False, False]
    assert of(({"name": ("part", "PARTY")},)).tolist() == [False, True, False]
    assert of(({"not_name": ("party bag",)},)).tolist() == [True, False, True]


def test_made_up_words() -> None:
    figure = catalogue.unseen_words(encode)
    for (with_it, without), text, value in zip(catalogue.MADE_UP, figure.queries, figure.values):
        assert text == with_it
        assert value == pytest.approx(float(vector(with_it) @ vector(without)), abs=1e-6)


def test_all_of_them_are_one_json_object(made: Shop) -> None:
    images, products = made
    report = evaluate_vectors(images, products, encode)
    assert json.loads(json.dumps(report)) == report and report["photos"] == 90
    assert report["zero_shot_type"]["n"] == len([p for p in products if p["articleType"]])


def test_a_catalogue_without_answers_has_figures_without_values() -> None:
    products = [{"id": 1, "name": None, "articleType": None, "baseColour": None}]
    report = evaluate_vectors(encode(["x"]), products, encode)
    unknown = [key for key, found in report.items() if key not in ("photos", "unseen_words")]
    assert len(unknown) == 8 and all(report[key]["value"] is None for key in unknown)
    assert evaluate_vectors(np.empty((0, 8), np.float32), [], encode)["photos"] == 0


# ------------------------------------------------------------------ in blocks, and ties
def test_blocks_of_scores_change_nothing(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    images, _ = made
    rounded = np.round(images * 4) / 4  # many ties, and sums without rounding
    whole = nearest.nearest(rounded, rounded, 5, is_own=True)
    places = nearest.ranks(rounded, rounded)
    monkeypatch.setattr(nearest, "_BLOCK", 200)
    assert nearest.nearest(rounded, rounded, 5, is_own=True).tolist() == whole.tolist()
    assert nearest.ranks(rounded, rounded).tolist() == places.tolist()
    assert whole.tolist() == [closest(v, rounded, 5, but=row) for row, v in enumerate(rounded)]


def test_a_model_to_which_all_is_alike_finds_nothing() -> None:
    _, products = shop(400)
    same = np.tile(vector("x"), (400, 1))
    report = evaluate_vectors(same, products, lambda texts: same[: len(texts)])
    assert report["name_to_photo_recall_at_10"]["value"] == 0
    assert report["name_to_photo_median_rank"]["value"] > 150


# ------------------------------------------------------------------ intervals
def figure(values: Sequence[float], statistic: Any = "mean", first: int = 0) -> Figure:
    names = tuple(str(first + n) for n in range(len(values)))
    return Figure("f", "f", names, np.array(values, dtype=float), statistic)


def test_an_interval_is_that_of_a_mean() -> None:
    values = np.random.default_rng(3).random(400)
    low, high = figure(values).interval()
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.006)
    assert high == pytest.approx(values.mean() + half, abs=0.006)
    assert figure(values).interval() == (low, high)


def test_a_difference_is_paired_by_query() -> None:
    rng = np.random.default_rng(4)
    hard = rng.random(300)  # what both find hard
    one, two = figure(hard), figure(hard + 0.05 + rng.normal(0, 0.02, 300))
    gain, low, high = two.gain_over(one)
    assert gain == pytest.approx(0.05, abs=0.005) and high - low < 0.01
    alone = two.interval()
    assert alone[1] - alone[0] > 5 * (high - low)
    assert one.gain_over(one) == (0, 0, 0)


def test_only_queries_of_both_are_compared() -> None:
    one, two = figure([0, 0, 1, 1]), figure([1, 0, 7, 9], first=2)
    assert two.gain_over(one)[0] == pytest.approx(-0.5)  # queries 2 and 3: 1, 0 against 1, 1
    assert figure([1], first=9).gain_over(one) is None
    assert figure([]).gain_over(one) is None and figure([]).interval() is None


def test_a_median_has_an_interval_of_its_own() -> None:
    ranks = figure([1, 1, 2, 3, 50, 90, 400], "median")
    assert ranks.value == 3
    low, high = ranks.interval()
    assert 1 <= low < 3 < high <= 400
    assert ranks.gain_over(figure([2, 2, 3, 4, 51, 91, 401], "median"))[0] == -1


# ------------------------------------------------------------------ files of queries
def test_a_file_of_queries(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(
        '{"text": "a hat", "where": {"articleType": "Hats"}, "note": "x"}\n\n'
        '{"texts": ["rings", "a ring"], "part": "noun", "where": [{"name": ["ring"]}, {"a": ["b"]}]}\n'
    )
    rings = ({"name": ("ring",)}, {"a": ("b",)})
    assert read_query_set(file) == [
        Query("a hat", ({"articleType": ("Hats",)},)), Query("rings", rings), Query("a ring", rings),
    ]  # fmt: skip
    assert read_query_set(str(file))[1].fields == {"name", "a"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no query"),
        ("{", "line 1: this is not JSON"),
        ("[]", 'line 1: expected an object with "text"'),
        ('{"text": "a"}', 'line 1: expected an object with "text"'),
        ('{"where": {"a": ["b"]}}', "line 1: text is None"),
        ('{"texts": [], "where": {"a": ["b"]}}', "line 1: text is"),
        ('{"text": 3, "where": {"a": ["b"]}}', "line 1: text is 3"),
        ('{"text": "a", "where": []}', "line 1: where is empty"),
        ('{"text": "a", "where": {}}', "line 1: where holds"),
        ('{"text": "a", "where": ["b"]}', "line 1: where holds"),
        ('{"text": "a", "where": {"b": [1]}}', "line 1: b is"),
        (
            '\n{"text": "a", "where": {"b": "c"}}\n{"text": "a", "where": {"b": "c"}}',
            "line 3: 'a' stands in line 2",
        ),
    ],
)
def test_what_is_no_file_of_queries_is_refused(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(text)
    with pytest.raises(BadSourceFile) as caught:
        read_query_set(file)
    assert words in caught.value.message and str(file) in caught.value.message


def test_a_file_of_queries_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match="can't be read"):
        read_query_set(tmp_path / "none.jsonl")
    (tmp_path / "odd.jsonl").write_bytes(b"\xff\xff\xff")
    with pytest.raises(BadSourceFile, match="not text in UTF-8"):
        read_query_set(tmp_path / "odd.jsonl")
