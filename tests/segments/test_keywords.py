"""Keyword indexes of segments: tokens, files, bounds, and rows without vectors."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.texts import Row, Texts, ranked, same, words_of

from engine import CorruptFile
from engine.core.ranking.bm25 import Term, idf
from engine.service.search.hits import Timings
from engine.service.search.keyword import find_by_words
from engine.store.indexes.compaction import compact, due
from engine.store.indexes.versions import VersionStore
from engine.store.segments import inverted_index
from engine.store.segments.inverted_index import InvertedIndex, tokens

COLORS = ["Black", "Navy Blue", "White", "", None, "blue"]
NAMES = ["shirt", "dress", "shoe", "men", "women", "black", "blue", "turtle", "check", "running"]
WORDS = [*NAMES, "slim", "casual", "pack", "of", "3", "2012"]


def products(count: int, seed: int = 0) -> list[Row]:
    """Rows with a column that repeats, one that hardly does, and one of long texts."""
    chance = np.random.default_rng(seed)
    weights = 1 / np.arange(1, len(WORDS) + 1)
    weights /= weights.sum()

    def text(most: int) -> str:
        return " ".join(chance.choice(WORDS, int(chance.integers(0, most)), p=weights))

    return [
        {
            "id": int(key),
            "n": place,
            "color": COLORS[int(chance.integers(len(COLORS)))],
            "name": f"{text(9)} no{place}",
            "story": text(120) if place % 3 else None,
        }
        for place, key in enumerate(chance.permutation(3 * count)[:count])
    ]


@pytest.fixture
def index(tmp_path: Path) -> Texts:
    return Texts(tmp_path, ["color", "name", "story"])


@pytest.fixture
def large(index: Texts) -> Texts:
    """Enough rows for files of keywords, one of them deleted."""
    rows = products(2500)
    index.write(rows)
    index.write(deletes=[rows[0]["id"]])
    return index


def reopened(index: Texts) -> Texts:
    """The same index as another process opens it."""
    index.versions = VersionStore(index.versions.layout, index.spec)
    return index


def keyword_files(index: Texts) -> list[Path]:
    """Without tantivy's locks: a reader that another one is just opening for may leave its own."""
    files = index.versions.segments_dir.glob("*/keywords/*")
    return sorted(path for path in files if path.is_file() and path.suffix != ".lock")


# ---------------------------------------------------------------------- tokens
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Turtle-Check Men's  T_shirt, 2.5in",
            ["turtle", "check", "men", "s", "t", "shirt", "2", "5in"],
        ),
        ("ÉTÉ straße Ωμέγα 東京 ½", ["été", "straße", "ωμέγα", "東京", "½"]),
        ("red RED Red", ["red"] * 3),
        (" \n\t.,;!", []),
        ("", []),
    ],
)
def test_tokens_are_runs_of_letters_and_digits_in_lower_case(
    text: str, expected: list[str]
) -> None:
    assert list(tokens(text)) == expected
    assert words_of(text) == expected


@pytest.mark.parametrize(("letter", "size"), [("a", 65_530), ("é", 32_765)])
def test_a_token_too_long_to_be_indexed_is_no_token(letter: str, size: int) -> None:
    fits, too_long = letter * size, letter * (size + 1)
    assert list(tokens(f"red {fits} shirt")) == ["red", fits, "shirt"]
    assert list(tokens(f"red {too_long} shirt")) == ["red", "shirt"]


def test_texts_with_tokens_too_long_are_indexed_without_them(index: Texts) -> None:
    long = "a" * 65_530
    rows = [
        {"id": 1, "n": 1, "color": "red", "name": f"{long}b red", "story": None},
        {"id": 2, "n": 2, "color": "red", "name": f"x {long} red", "story": None},
        {"id": 3, "n": 3, "color": "blue", "name": "x", "story": None},
    ]
    index.write(rows)
    without = [{**rows[0], "name": "red"}, *rows[1:]]
    for text in ("red", long, f"{long}b", f"{long}b x"):
        expected = ranked(without, text.replace(f"{long}b", ""), index.columns)
        same(index.found(index.query(text)), expected)


# ---------------------------------------------------------------------- ranking
QUERIES = [
    "black",
    "shirt",
    "men shirt",
    "running shoes women 2012",
    "navy-blue slim",
    "no7 of",
    "zzz",
]


@pytest.mark.parametrize("text", QUERIES)
@pytest.mark.parametrize("k", [1, 10, 200])
def test_a_large_segment_ranks_as_the_oracle_does(large: Texts, text: str, k: int) -> None:
    expected = ranked(list(large.held.values()), text, large.columns)
    same(large.found(large.query(text, k)), expected[:k])
    assert large.matched(large.query(text)) == {key for key, _ in expected}


@pytest.mark.parametrize("below", [0, 5, 700, 2000])
def test_filters_come_first(large: Texts, below: int) -> None:
    held = list(large.held.values())
    wanted = [row for row in held if row["n"] < below]
    expected = ranked(held, "men shirt", large.columns, wanted)
    query = large.query("men shirt", 20, {"n <": below})
    same(large.found(query), expected[:20])
    assert large.matched(query) == {key for key, _ in expected}


def test_only_the_columns_that_are_named_count(large: Texts) -> None:
    for columns in (["color"], ["name"], ["story", "color"]):
        expected = ranked(list(large.held.values()), "blue shirt", columns)
        same(large.found(large.query("blue shirt", 30, columns=columns)), expected[:30])
    assert large.found(large.query("blue", columns=[])) == []


def test_lower_scores_than_the_threshold_are_dropped(large: Texts) -> None:
    found = large.found(large.query("men shirt", 50))
    score = found[20][1]
    query = replace(large.query("men shirt", 50), score_threshold=score)
    assert large.found(query) == [pair for pair in found if pair[1] >= score]
    assert len(large.found(query)) < 50
    assert large.found(replace(query, score_threshold=1e9)) == []


def test_rows_that_are_all_alike_come_in_the_order_of_their_keys(index: Texts) -> None:
    keys = np.random.default_rng(1).permutation(6000).tolist()
    rows = [
        {"id": key, "n": 0, "color": "black", "name": "a black shirt", "story": None}
        for key in keys
    ]
    index.write(rows[:3000])
    index.write(rows[3000:])
    found = index.found(index.query("black", 200))
    assert [key for key, _ in found] == list(range(200))
    assert len({score for _, score in found}) == 1


def test_what_was_done_is_told(large: Texts) -> None:
    timings = Timings()
    find_by_words(large.current(), large.query("shirt"), timings)
    assert len(timings.plans) == 1
    assert timings.plans[0].startswith("keyword index: ")
    assert timings.plans[0].endswith(" rows scored")
    scored = int(timings.plans[0].split()[2].replace(",", ""))
    assert 10 <= scored < 1000, "few of the rows should be scored exactly"
    assert timings.words_ms > 0
    assert timings.search_ms == 0
    gathered = Timings()
    find_by_words(large.current(), large.query("shirt", filters={"n <": 13}), gathered)
    assert gathered.plans == ("keyword gather: 12 rows match the filter",)
    assert gathered.filter_ms > 0


def test_no_rows_no_words_and_no_columns_are_no_results(tmp_path: Path) -> None:
    empty = Texts(tmp_path / "a", ["name"])
    empty.write([{"id": 1, "n": 1, "name": "red"}])
    assert empty.found(empty.query("...")) == []
    assert empty.found(empty.query("RED!")) != []
    empty.write(deletes=[1])
    assert empty.found(empty.query("red")) == []
    assert empty.matched(empty.query("red")) == set()
    without = Texts(tmp_path / "b", [])
    without.write([{"id": 1, "n": 1}])
    assert without.found(without.query("red")) == []
    nulls = Texts(tmp_path / "c", ["name"])
    nulls.write([{"id": key, "n": 1, "name": None} for key in range(3000)])
    assert nulls.found(nulls.query("red")) == []
    assert nulls.matched(nulls.query("none null nan")) == set()


# ---------------------------------------------------------------------- bounds of scores
def bounds_and_scores(index: Texts, text: str) -> tuple[dict[int, float], dict[int, float]]:
    words = index.current().parts[0].segment.texts
    rows = np.arange(index.current().parts[0].segment.rows)
    terms = [
        Term(
            column, token, idf(len(rows) * 2, count * 3), words.length(column, None) / len(rows) * 2
        )
        for column in index.columns
        for token in words_of(text)
        if (count := words.holding(column, token, None))
    ]
    listed, bounds = words.best(terms, len(rows))
    exact = words.scores(terms, rows)
    return dict(zip(listed.tolist(), bounds.tolist())), dict(enumerate(exact.tolist()))


def test_bounds_are_above_scores_and_near_them(index: Texts) -> None:
    index.write(products(3000))
    for text in QUERIES[:-1]:
        bounds, exact = bounds_and_scores(index, text)
        assert set(bounds) == {row for row, score in exact.items() if score > 0}
        ratio = np.array([bounds[row] / exact[row] for row in bounds])
        assert ratio.min() >= 1
        assert ratio.max() < 2.5  # the averages above are twice those of the segment
        assert list(bounds.values()) == sorted(bounds.values(), reverse=True)


def test_bounds_hold_where_a_token_is_worth_nothing_in_float32(
    index: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.write(products(3000))
    monkeypatch.setattr(inverted_index, "_own_idf", lambda rows, holding: 0.0)
    monkeypatch.setattr(inverted_index, "_ROUNDING", 1.0)
    bounds, exact = bounds_and_scores(index, "men shirt")
    assert all(bounds[row] >= score for row, score in exact.items() if score)


def test_an_index_that_comes_in_several_parts_ranks_the_same(
    index: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inverted_index, "_HEAP", 15_000_000)  # the least that tantivy takes
    chance = np.random.default_rng(0)
    rows = []
    for key, row in enumerate(products(4000)):
        unique = " ".join(f"w{chance.integers(1 << 40):x}" for _ in range(60))
        rows.append({**row, "id": key, "story": f"{row['story'] or ''} {unique}"})
    index.write(rows)
    found = index.current().parts[0].segment.texts.index
    assert not found._is_one, "the texts should not fit into one part"
    for text in ("men shirt", "black 2012"):
        expected = ranked(list(index.held.values()), text, index.columns)
        same(index.found(index.query(text, 25)), expected[:25])
        assert index.matched(index.query(text)) == {key for key, _ in expected}


# ---------------------------------------------------------------------- files
def test_a_large_segment_lists_its_keyword_files(large: Texts) -> None:
    [segment] = large.versions.segments_dir.iterdir()
    facts = json.loads((segment / "segment.json").read_text())
    written = {str(path.relative_to(segment)) for path in keyword_files(large)}
    assert len(written) > 3
    assert written == {name for name in facts["files"] if name.startswith("keywords/")}
    assert facts["keywords"]["columns"] == ["color", "name", "story"]
    lengths = [
        sum(len(words_of(row[name])) for row in products(2500))
        for name in ("color", "name", "story")
    ]
    assert facts["keywords"]["tokens"] == lengths
    reopened(large).found(large.query("shirt"))
    assert {str(path.relative_to(segment)) for path in keyword_files(large)} == written
    large.current().parts[0].segment.verify()


def test_a_small_segment_has_no_keyword_files(index: Texts) -> None:
    index.write(products(50))
    assert keyword_files(index) == []
    assert index.found(index.query("shirt"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "removed"])
def test_damage_to_a_keyword_file_is_named_when_a_version_is_opened(
    large: Texts, damage: str
) -> None:
    for file in keyword_files(large):
        data = file.read_bytes()
        if damage == "removed":
            file.unlink()
        else:
            file.write_bytes(data[:-1] if damage == "cut" else bytes([data[0] ^ 1]) + data[1:])
        with pytest.raises(CorruptFile, match=rf"{file.name}.*vitrine index restore"):
            reopened(large).current()
        file.write_bytes(data)
    assert reopened(large).found(large.query("shirt"))


@pytest.mark.parametrize("opened", [True, False], ids=["opened", "not yet opened"])
def test_a_keyword_file_cut_short_under_a_reader_ends_no_process(
    large: Texts, opened: bool
) -> None:
    reopened(large).current()
    if opened:
        large.found(large.query("shirt"))
    [file] = (file for file in keyword_files(large) if file.suffix == ".idx")
    with file.open("rb+") as out:
        out.truncate(100)
    with pytest.raises(CorruptFile, match=rf"{file.name} has 100 bytes"):
        large.found(large.query("men shirt"))


def test_a_version_whose_files_were_collected_still_answers(large: Texts) -> None:
    query = large.query("men shirt", 30)
    expected = large.found(query)
    for opened in (True, False):
        version = reopened(large).current()
        if opened:
            large.found(query, version)
        folder = version.parts[0].segment._folder / "keywords"
        away = folder.with_name("away")
        shutil.move(folder, away)
        assert large.found(query, version) == expected
        shutil.move(away, folder)


def test_files_that_can_not_be_opened_are_made_again_in_memory(large: Texts) -> None:
    query = large.query("men shirt", 30)
    expected = large.found(query)
    version = reopened(large).current()
    [meta] = (file for file in keyword_files(large) if file.name == "meta.json")
    data = meta.read_bytes()
    meta.write_bytes(b"x" * len(data))
    assert large.found(query, version) == expected
    meta.write_bytes(data)


def test_keyword_files_of_an_older_release_are_not_needed(
    large: Texts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("engine.store.segments.segment._KEYWORDS_FROM", 10**9)
    old = Texts(tmp_path / "old", large.columns)
    old.write(products(2500))
    old.write(deletes=[products(1)[0]["id"], products(2500)[0]["id"]])
    assert keyword_files(old) == []
    query = large.query("men shirt", 30)
    assert old.found(query) == large.found(query)


def test_a_refused_write_of_keywords_is_an_error_of_the_disk(
    index: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*given: Any) -> Any:
        raise ValueError("An IO error occurred: No space left on device (os error 28)")

    monkeypatch.setattr(InvertedIndex, "_make", staticmethod(refused))
    with pytest.raises(OSError, match=r"Errno 28.*a keyword index was not written"):
        index.write(products(2500))


# ---------------------------------------------------------------------- many threads
@pytest.mark.parametrize("count", [300, 2500])
def test_many_threads_may_ask_first(index: Texts, count: int) -> None:
    rows = products(count)
    index.write(rows)
    index.write(deletes=[row["id"] for row in rows[:50]])
    expected = {text: index.found(index.query(text, 20)) for text in QUERIES}
    for _ in range(3):
        version = reopened(index).current()
        start = threading.Barrier(8)

        def ask(place: int, version: Any = version, start: Any = start) -> None:
            start.wait()
            for text in QUERIES[place % 3 :]:
                assert index.found(index.query(text, 20), version) == expected[text]

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))


# ---------------------------------------------------------------------- no vectors
@pytest.fixture
def no_tail(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("engine.store.indexes.changes.TAIL_NUMBERS", 0)
    yield


def test_rows_without_vectors_are_kept_and_read(index: Texts) -> None:
    rows = products(100)
    index.write(rows)
    segment = index.current().parts[0].segment
    segment.verify()
    assert segment.vectors.matrix.shape == (100, 0)
    assert not segment.vectors.shape.lifted
    assert segment.vectors.shape.zeros == 0
    assert segment.fetch(["id", "color"], np.array([3, 99])) == [
        [rows[3]["id"], rows[99]["id"]],
        [rows[3]["color"], rows[99]["color"]],
    ]
    [(table, vectors)] = list(segment.batches(np.arange(2, 7)))
    assert vectors.shape == (5, 0)
    assert table["id"].to_pylist() == [row["id"] for row in rows[2:7]]
    segment.vectors.check_size()


def test_a_small_last_segment_without_vectors_is_written_again(index: Texts) -> None:
    rows = products(2100)
    for start in range(0, 300, 100):
        index.write(rows[start : start + 100])
    assert [part.segment.rows for part in index.current().parts] == [300]
    index.write(rows[300:2100])
    assert [part.segment.rows for part in index.current().parts] == [300, 1800]
    same(
        index.found(index.query("men shirt", 50)),
        ranked(rows, "men shirt", index.columns)[:50],
    )


@pytest.mark.usefixtures("no_tail")
def test_merged_segments_without_vectors_answer_as_before(
    index: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.store.indexes.compaction.SMALL_NUMBERS", 0)
    rows = products(2600)
    for start in range(0, 2600, 650):
        index.write(rows[start : start + 650])
    index.write(deletes=[row["id"] for row in rows[::7]])
    query = index.query("men blue shirt", 100)
    before = index.found(query)
    parts = due(index.current(), index.spec.row_weight)
    assert len(parts) == 4
    assert compact(index.versions, parts) is not None
    [part] = index.current().parts
    assert part.segment.rows == len(index.held)
    assert keyword_files(index)
    assert index.found(query) == before
