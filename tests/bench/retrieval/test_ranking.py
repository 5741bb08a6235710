"""Ranked lists: the nearest first, and ties in an order that favours nobody."""

from __future__ import annotations

import numpy as np
import pytest

from engine.bench.retrieval import ranking
from engine.bench.retrieval.ranking import Restriction, by_score, ranked
from engine.core.arrays import Matrix, unit_rows

IDS = [f"d{number:03d}" for number in range(300)]


def unit(rng: np.random.Generator, rows: int, dimension: int = 16) -> Matrix:
    return unit_rows(rng.normal(size=(rows, dimension)).astype(np.float32))


def listed(queries: Matrix, documents: Matrix, depth: int = 1000, **restrictions: Restriction):  # type: ignore[no-untyped-def]
    names = [f"q{number}" for number in range(len(queries))]
    ids = IDS[: len(documents)]
    return dict(ranked(queries, names, documents, ids, depth, restrictions))


def test_the_nearest_come_first_as_a_plain_sort_has_them() -> None:
    rng = np.random.default_rng(0)
    queries, documents = unit(rng, 7), unit(rng, 300)
    found = listed(queries, documents, 25)
    for number, query in enumerate(queries):
        scores = {one: float(query @ row) for one, row in zip(IDS, documents)}
        best = sorted(scores, key=lambda one: -scores[one])[:25]
        assert list(found[f"q{number}"].ids) == best
        assert found[f"q{number}"].scores == pytest.approx([scores[one] for one in best], abs=2e-6)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    queries, documents = unit(rng, 9), unit(rng, 50)
    whole = listed(queries, documents, 10)
    monkeypatch.setattr(ranking, "_BLOCK", 100)
    parts = listed(queries, documents, 10)
    assert {one: found.ids for one, found in whole.items()} == {
        one: found.ids for one, found in parts.items()
    }


def test_a_query_finds_only_what_it_may() -> None:
    rng = np.random.default_rng(2)
    query, documents = unit(rng, 1), unit(rng, 40)
    whole = listed(query, documents)["q0"].ids
    without = Restriction(without=np.array([IDS.index(whole[0]), IDS.index(whole[3])]))
    assert listed(query, documents, q0=without)["q0"].ids == tuple(
        one for place, one in enumerate(whole) if place not in (0, 3)
    )
    among = np.array(sorted(IDS.index(one) for one in whole[5:9]))
    own = Restriction(among=among, without=among[:1])
    found = listed(query, documents, q0=own)["q0"].ids
    assert found == tuple(one for one in whole[5:9] if one != IDS[among[0]])
    nothing = Restriction(among=np.empty(0, dtype=np.int64))
    assert listed(query, documents, q0=nothing)["q0"].ids == ()


def test_ties_come_in_one_order_whatever_the_order_of_the_documents() -> None:
    same = np.ones((200, 4), dtype=np.float32) / 2
    query = same[:1]
    ids = IDS[:200]
    (_, first) = next(ranked(query, ["q"], same, ids, 20, {}))
    (_, other) = next(ranked(query, ["q"], same, ids[::-1], 20, {}))
    assert first.ids == other.ids
    (_, another) = next(ranked(query, ["another"], same, ids, 20, {}))
    assert another.ids != first.ids  # drawn for each query anew


def test_planted_ties_favour_neither_early_nor_late_ids() -> None:
    """A system that gives all documents one score is right by chance only, whoever is right."""
    same = np.ones((100, 4), dtype=np.float32) / 2
    names = [f"q{number}" for number in range(400)]
    queries = np.repeat(same[:1], 400, axis=0)
    found = dict(ranked(queries, names, same, IDS[:100], 10, {}))
    for right in (
        set(IDS[:20]),
        set(IDS[80:100]),
    ):  # as trec_eval's rule would favour the last ones
        share = np.mean([len(right & set(one.ids)) / 10 for one in found.values()])
        assert share == pytest.approx(0.2, abs=0.025)  # four standard errors


def test_ties_of_a_file_are_broken_as_those_of_vectors() -> None:
    same = np.ones((50, 4), dtype=np.float32) / 2
    (_, found) = next(ranked(same[:1], ["q"], same, IDS[:50], 50, {}))
    assert by_score("q", dict.fromkeys(IDS[:50], 3.5)).ids == found.ids
    assert by_score("q", dict.fromkeys(IDS[:50][::-1], 0.0)).ids == found.ids


def test_a_file_is_ranked_by_its_scores() -> None:
    found = by_score("q", {"a": 0.25, "b": 7.0, "c": -1.0})
    assert found.ids == ("b", "a", "c") and found.scores.tolist() == [7.0, 0.25, -1.0]
    assert by_score("q", {}).ids == ()


def test_scores_that_only_rounding_tells_apart_are_ties() -> None:
    """A photo that a catalogue has twice is found in the order that was drawn, on every machine."""
    rng = np.random.default_rng(4)
    one, query = unit(rng, 1, 512), unit(rng, 1, 512)
    near = np.repeat(one, 60, axis=0)
    noisy = near * (1 + rng.choice([-6e-8, 0, 6e-8], (60, 1))).astype(np.float32)
    (_, exact) = next(ranked(query, ["q"], near, IDS[:60], 60, {}))
    (_, rounded) = next(ranked(query, ["q"], noisy, IDS[:60], 60, {}))
    assert exact.ids == rounded.ids
