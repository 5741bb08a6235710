"""Full-text search against plain Python, whatever became of the rows before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.texts import Row, Texts, ranked, same

from engine.store.indexes.compaction import compact

COLUMNS = ("color", "name")
WORDS = st.sampled_from(["red", "RED", "blue", "été", "shirt", "3", "x", "no", "東京", "long" * 9])
GAPS = st.sampled_from([" ", "-", "_", ", ", "...", "'"])
TEXTS = st.one_of(
    st.none(),
    st.just("red"),
    st.lists(st.tuples(WORDS, GAPS), max_size=12).map(lambda p: "".join(w + g for w, g in p)),
    WORDS.map(lambda word: f"{word} " * 90),
)
ROWS = st.fixed_dictionaries(
    {"id": st.integers(0, 30), "n": st.integers(0, 9), "color": TEXTS, "name": TEXTS}
)
WRITES = st.lists(
    st.tuples(
        st.lists(ROWS, max_size=15, unique_by=lambda row: row["id"]),
        st.lists(st.integers(0, 30), max_size=4, unique=True),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


def check(index: Texts, text: str, k: int, below: int) -> list[list[tuple[int, float]]]:
    """Compare with the oracle; returns the answers."""
    held: list[Row] = list(index.held.values())
    out = []
    for columns in (COLUMNS, COLUMNS[:1]):
        for wanted, filters in (
            (held, None),
            ([r for r in held if r["n"] < below], {"n <": below}),
        ):
            query = index.query(text, k, filters, columns)
            expected = ranked(held, text, columns, wanted)
            out.append(index.found(query))
            same(out[-1], expected[:k])
            assert index.matched(query) == {key for key, _ in expected}
    return out


@pytest.mark.parametrize("on_disk", [True, False])
@pytest.mark.parametrize("gather", [True, False])
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(writes=WRITES, text=TEXTS, k=st.integers(1, 12), below=st.integers(0, 10))
def test_any_history_answers_as_plain_python_does(
    monkeypatch: pytest.MonkeyPatch,
    on_disk: bool,
    gather: bool,
    writes: list[tuple[list[Row], list[int], bool]],
    text: str | None,
    k: int,
    below: int,
) -> None:
    tail = "engine.store.indexes.changes.TAIL_NUMBERS"
    monkeypatch.setattr("engine.store.segments.segment._KEYWORDS_FROM", 1 if on_disk else 10**9)
    monkeypatch.setattr("engine.service.search.keyword._FIRST_LIST", 1)
    monkeypatch.setattr("engine.store.segments.texts._ASKED_ROWS", 0)
    if not gather:
        monkeypatch.setattr("engine.service.search.keyword._GATHER_ROWS", 0)
        monkeypatch.setattr("engine.service.search.keyword._GATHER_SHARE", 0)
    with tempfile.TemporaryDirectory() as folder:
        index = Texts(Path(folder) / "history", COLUMNS)
        for number, (upserts, deletes, merged) in enumerate(writes):
            monkeypatch.setattr(tail, 0 if number % 2 else 1 << 17)
            kept = {row["id"] for row in upserts}
            index.write(upserts, [key for key in deletes if key not in kept])
            if number % 2 == 0:
                check(index, text or "", k, below)
            if merged and index.current().parts:
                compact(index.versions, index.current().parts)
        answers = check(index, text or "", k, below)
        fresh = Texts(Path(folder) / "fresh", COLUMNS)
        fresh.write(list(index.held.values()))
        # Not only alike: the very same numbers, however the rows came to lie where they are.
        assert check(fresh, text or "", k, below) == answers
