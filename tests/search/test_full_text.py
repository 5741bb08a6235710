"""FULL_TEXT and HYBRID queries through a workspace: writes, filters, facets, sorting, thresholds."""

from __future__ import annotations

from typing import Any

import pytest
from support.texts import Row, ranked

from engine import BadRequest, InvalidParameterValue, Workspace

INDEX = "main.a.words"
TEXTS = ["color", "name"]
COLORS = ["Black", "Navy Blue", "White"]
KINDS = ["Shirt", "Running Shoes", "Dress"]


def product(key: int) -> dict[str, Any]:
    name = f"{['Nike', 'Puma'][key % 2]} {KINDS[key % 3]} in {COLORS[key % 5 % 3]} {'Fit ' * (key % 4)}"
    color = COLORS[key // 3 % 3] if key % 7 else None
    return {"id": key, "price": float(key % 50), "color": color, "name": name, "v": [1.0, key]}


@pytest.fixture
def rows() -> dict[int, dict[str, Any]]:
    return {key: product(key) for key in range(200)}


@pytest.fixture
def index(workspace: Workspace, rows: dict[int, dict[str, Any]]) -> Workspace:
    workspace.create_direct_access_index(
        INDEX,
        dimension=2,
        vector_column="v",
        schema={
            "id": "int",
            "price": "float",
            "color": "string",
            "name": "string",
            "v": "array<float>",
        },
        primary_key="id",
        create_endpoint=True,
    )
    workspace.upsert(INDEX, list(rows.values()))
    return workspace


def found(workspace: Workspace, text: str, k: int = 10, **given: Any) -> list[tuple[int, float]]:
    reply = workspace.query_index(
        INDEX, columns=["id"], query_text=text, query_type="FULL_TEXT", num_results=k, **given
    )
    return [(int(key), score) for key, score in reply["result"].get("data_array", [])]


def expected(
    rows: dict[int, dict[str, Any]], text: str, wanted: list[Row] | None = None
) -> list[tuple[int, float]]:
    return [
        (key, pytest.approx(score, abs=1e-9))
        for key, score in ranked(list(rows.values()), text, TEXTS, wanted)
    ]


def test_words_are_looked_for_in_all_text_columns(
    index: Workspace, rows: dict[int, dict[str, Any]]
) -> None:
    for text in ("black", "Nike shoes", "navy-blue DRESS!", "fit"):
        assert found(index, text, 25) == expected(rows, text)[:25]
    assert found(index, "?!") == []
    assert found(index, "nothing like this") == []


def test_answers_follow_writes_at_once(index: Workspace, rows: dict[int, dict[str, Any]]) -> None:
    gone = list(range(0, 200, 3))
    index.delete_rows(INDEX, gone)
    for key in gone:
        del rows[key]
    changed = [{**product(key), "name": "Black Shirt of black linen"} for key in (1, 4, 250)]
    index.upsert(INDEX, changed)
    rows.update({row["id"]: row for row in changed})
    for text in ("black", "linen", "puma shirt"):
        assert found(index, text, 30) == expected(rows, text)[:30]
    before = found(index, "black shirt", 200)
    index.compact_index(INDEX)
    assert found(Workspace(index.path), "black shirt", 200) == before


def test_the_filter_comes_before_the_best(
    index: Workspace, rows: dict[int, dict[str, Any]]
) -> None:
    wanted: list[Row] = [row for row in rows.values() if row["price"] < 3]
    answer = expected(rows, "nike", wanted)
    assert len(answer) > 3
    assert found(index, "nike", 20, filters={"price <": 3}) == answer[:20]


def test_named_columns_and_a_threshold_narrow_the_answer(index: Workspace) -> None:
    everywhere, named = (
        found(index, "black", 200),
        found(index, "black", 200, query_columns=["color"]),
    )
    assert {key for key, _ in named} == {k for k in range(200) if product(k)["color"] == "Black"}
    assert len(named) < len(everywhere)
    score = everywhere[5][1]
    kept = found(index, "black", 200, score_threshold=score)
    assert kept == [pair for pair in everywhere if pair[1] >= score]
    with pytest.raises(InvalidParameterValue, match="holds no text"):
        found(index, "black", query_columns=["price"])
    with pytest.raises(BadRequest, match="colour"):
        found(index, "black", query_columns=["colour"])


@pytest.mark.parametrize("clauses", [["price DESC"], ["color ASC"], ["color DESC", "price ASC"]])
@pytest.mark.parametrize("k", [1, 7, 60, 200])
def test_sorting_goes_over_all_rows_that_match(
    index: Workspace, rows: dict[int, dict[str, Any]], clauses: list[str], k: int
) -> None:
    """The cloud's field text: it overrides relevance. Rows that are alike come best first."""
    index.delete_rows(INDEX, [5, 17])
    del rows[5], rows[17]
    answer = expected(rows, "black shirt")
    assert len(answer) > 60
    for clause in reversed(clauses):
        name, direction = clause.split()
        known = [pair for pair in answer if rows[pair[0]][name] is not None]
        known.sort(key=lambda pair: rows[pair[0]][name], reverse=direction == "DESC")
        answer = known + [pair for pair in answer if rows[pair[0]][name] is None]
    assert found(index, "black shirt", k, sort_columns=clauses) == answer[:k]
    score = found(index, "black shirt", 30)[-1][1]
    enough = {key for key, value in found(index, "black shirt", 200) if value >= score}
    assert (
        found(index, "black shirt", k, sort_columns=clauses, score_threshold=score)
        == [pair for pair in answer if pair[0] in enough][:k]
    )
    cheap = found(index, "black shirt", k, sort_columns=clauses, filters={"price <": 20})
    assert cheap == [pair for pair in answer if rows[pair[0]]["price"] < 20][:k]
    assert found(index, "nothing like this", k, sort_columns=clauses) == []


def test_facets_count_every_row_that_holds_a_word(
    index: Workspace, rows: dict[int, dict[str, Any]]
) -> None:
    reply = index.query_index(
        INDEX,
        columns=["id"],
        query_text="dress",
        query_type="FULL_TEXT",
        num_results=3,
        facets=["color"],
        debug_level=1,
    )
    held = {key for key, _ in ranked(list(rows.values()), "dress", TEXTS)}
    assert len(held) > 3
    counted = {value: count for _, value, count in reply["facet_result"]["facet_array"]}
    counts = dict.fromkeys(COLORS, 0)
    for key in held:
        if rows[key]["color"] is not None:
            counts[rows[key]["color"]] += 1
    assert counted == {color: count for color, count in counts.items() if count}
    assert reply["debug_info"]["keyword_time"] > 0
    # Seen in the cloud's replies to FULL_TEXT: the search by words has this name too.
    assert reply["debug_info"]["ann_time"] == reply["debug_info"]["keyword_time"]
    assert reply["debug_info"]["response_time"] >= reply["debug_info"]["ann_time"]
    assert reply["debug_info"]["plan"][0].startswith("keyword index: ")


def test_hybrid_puts_first_what_is_near_and_holds_the_words(index: Workspace) -> None:
    reply = index.query_index(
        INDEX,
        columns=["id"],
        query_text="puma",
        query_vector=[1.0, 7.0],
        query_type="HYBRID",
        num_results=200,
    )
    keys = [int(key) for key, _ in reply["result"]["data_array"]]
    assert keys[0] % 2 == 1, "nearest rows without the word come later"
    assert len(keys) == len(set(keys)) == 200
