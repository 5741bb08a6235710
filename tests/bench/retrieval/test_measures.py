"""Measures by hand, and ir-measures beside a slow plain twin."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.needs import needs

from engine.bench.retrieval.measures import DEFAULTS, Measure, values_of
from engine.errors import InvalidParameterValue

needs("evaluation")

IDS = tuple(f"d{number}" for number in range(12))


def of(text: str, right: Mapping[str, int], found: Sequence[str]) -> float:
    measure = Measure.parse(text)
    return float(values_of([measure], {"q": right}, {"q": found})[measure][0])


def test_measures_worked_out_by_hand() -> None:
    right = {"a": 1, "c": 2, "z": 1}  # three are right; found at ranks 2 and 4
    found = ["x", "a", "y", "c", "w"]
    assert of("P@5", right, found) == pytest.approx(2 / 5)
    assert of("P@10", right, found) == pytest.approx(2 / 10)
    assert of("R@1", right, found) == 0
    assert of("R@5", right, found) == pytest.approx(2 / 3)
    assert of("RR@10", right, found) == pytest.approx(1 / 2)
    assert of("RR@1", right, found) == 0
    assert of("AP@100", right, found) == pytest.approx((1 / 2 + 2 / 4) / 3)
    assert of("AP@3", right, found) == pytest.approx((1 / 2) / 3)
    assert of("Success@1", right, found) == 0
    assert of("Success@2", right, found) == 1
    gained = 1 / math.log2(3) + 2 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3) + 1 / math.log2(4)
    assert of("nDCG@10", right, found) == pytest.approx(gained / ideal)
    assert of("nDCG@3", right, found) == pytest.approx(1 / math.log2(3) / ideal)


def test_each_query_has_its_own_value_in_the_order_of_the_judgements() -> None:
    measure = Measure.parse("P@1")
    right = {f"q{number}": {"a": 1} for number in range(450)}  # more than are judged at once
    found = {f"q{number}": ["a" if number % 3 else "b"] for number in range(450) if number != 7}
    values = values_of([measure], right, found)[measure]
    assert values.tolist() == [float(number % 3 > 0 and number != 7) for number in range(450)]


def test_nothing_found_is_worth_nothing_by_any_measure() -> None:
    for values in values_of(DEFAULTS, {"q": {"a": 1}}, {"q": []}).values():
        assert values.tolist() == [0.0]


def plain(name: str, k: int, right: Mapping[str, int], found: Sequence[str]) -> float:
    top = found[:k]
    hits = [rank for rank, one in enumerate(top, 1) if one in right]
    if name == "P":
        return len(hits) / k
    if name == "R":
        return len(hits) / len(right)
    if name == "Success":
        return float(bool(hits))
    if name == "RR":
        return 1 / hits[0] if hits else 0.0
    if name == "AP":
        return sum((place + 1) / rank for place, rank in enumerate(hits)) / len(right)
    gains = sum(right.get(one, 0) / math.log2(rank + 1) for rank, one in enumerate(top, 1))
    best = sorted(right.values(), reverse=True)[:k]
    return gains / sum(grade / math.log2(rank + 1) for rank, grade in enumerate(best, 1))


@settings(max_examples=150, deadline=None)
@given(
    st.permutations(IDS),
    st.integers(0, 12),
    st.dictionaries(st.sampled_from(IDS), st.integers(1, 4), min_size=1),
    st.integers(1, 15),
)
def test_the_library_agrees_with_a_slow_plain_twin(
    order: list[str], length: int, right: dict[str, int], k: int
) -> None:
    found = order[:length]
    for name in ("nDCG", "R", "P", "RR", "AP", "Success"):
        value = of(f"{name}@{k}", right, found)
        assert value == pytest.approx(plain(name, k, right, found)), name


def test_names_that_papers_use_are_known() -> None:
    said = ("MRR@10", "mAP@100", "ndcg@10", "Recall@5", "precision@1")
    assert [str(Measure.parse(text)) for text in said] == [
        "RR@10",
        "AP@100",
        "nDCG@10",
        "R@5",
        "P@1",
    ]


@pytest.mark.parametrize("text", ["nDCG", "F@10", "P@0", "P@1001", "P@-1", "", "P@1.5", "P@10 R@1"])
def test_another_measure_is_refused_and_named(text: str) -> None:
    with pytest.raises(InvalidParameterValue, match="nDCG@10, R@1") as error:
        Measure.parse(text)
    assert repr(text) in str(error.value)


def test_many_queries_at_once_are_as_each_alone() -> None:
    rng = np.random.default_rng(3)
    right, found = {}, {}
    for number in range(30):
        chosen = rng.permutation(IDS)
        right[f"q{number}"] = {str(one): int(rng.integers(1, 3)) for one in chosen[:4]}
        found[f"q{number}"] = [str(one) for one in rng.permutation(IDS)]
    together = values_of(DEFAULTS, right, found)
    for row, query in enumerate(right):
        alone = values_of(DEFAULTS, {query: right[query]}, {query: found[query]})
        for measure in DEFAULTS:
            assert together[measure][row] == alone[measure][0]
