"""BEIR: texts with grades; what is judged and not there, and what is there and not judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.standard_sets import beir

from engine.bench.collections.opening import open_collection
from engine.bench.collections.part import Part
from engine.errors import BadSourceFile

CORPUS = [
    {"_id": "d1", "title": "Shoes", "text": "for running", "metadata": {}},
    {"_id": "d2", "text": "a coat"},
    {"_id": "q2", "title": "", "text": "a text that is also a query"},
    {"_id": "d 4", "title": " ", "text": ""},
    {"_id": "d1", "text": "again"},
]
QUERIES = {"q1": "run", "q2": "a text that is also a query", "q3": "not judged"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    judged = [("q1", "d1", 2), ("q1", "d2", 0), ("q2", "d2", 1), ("q1", "gone", 1), ("q9", "d1", 1)]
    return beir(tmp_path / "scifact", CORPUS, QUERIES, judged)


def test_documents_are_title_and_text_and_grades_are_kept(folder: Path) -> None:
    found = open_collection(folder)
    assert found.name == "scifact test"
    assert {one.id: one.text for one in found.documents} == {
        "d1": "Shoes for running",
        "d2": "a coat",
        "q2": "a text that is also a query",
    }
    assert {one.id: one.text for one in found.queries} == {"q1": QUERIES["q1"], "q2": QUERIES["q2"]}
    assert found.relevance == {"q1": {"d1": 2, "d2": 0}, "q2": {"d2": 1}}


def test_a_document_with_the_querys_id_does_not_count(folder: Path) -> None:
    without = {one.id: one.without for one in open_collection(folder).queries}
    assert without == {"q1": frozenset(), "q2": {"q2"}}


def test_what_is_left_out_is_named(folder: Path) -> None:
    told = dict(
        line.split(": ", 1) for line in open_collection(folder).more["left out"].splitlines()
    )
    assert told == {
        "document d%204": "it has no text",
        "document d1": "it is there twice; the first is used",
        "query q1": "1 of 3 judged documents not in corpus.jsonl",
        "query q9": "judged, and not in queries.jsonl",
    }


@pytest.mark.parametrize(
    ("file", "line", "said"),
    [
        ("corpus.jsonl", "{", "not JSON"),
        ("corpus.jsonl", "[1]", "expected a JSON object"),
        ("corpus.jsonl", '{"_id": "x"}', "'text' is missing; expected a text"),
        ("queries.jsonl", '{"text": "x"}', "'_id' is missing; expected a text or a whole number"),
        ("qrels/test.tsv", "q1 d1 1", "expected query-id, corpus-id and a whole number"),
        ("qrels/test.tsv", "q1\td1\tmuch", "expected query-id, corpus-id and a whole number"),
    ],
)
def test_a_bad_line_is_an_error_with_its_number(
    folder: Path, file: str, line: str, said: str
) -> None:
    count = len((folder / file).read_text().splitlines())
    with (folder / file).open("a") as opened:
        opened.write(f"{line}\n")
    with pytest.raises(BadSourceFile) as raised:
        open_collection(folder)
    assert said in raised.value.reason and raised.value.line == count + 1


def test_a_missing_split_and_a_text_of_another_encoding(folder: Path) -> None:
    with pytest.raises(BadSourceFile, match="no split 'dev': there are: test"):
        open_collection(folder, part=Part(split="dev"))
    (folder / "queries.jsonl").write_bytes('{"_id": "q1", "text": "é"}'.encode("latin-1"))
    with pytest.raises(BadSourceFile, match=r"queries\.jsonl: no text in UTF-8 .*save it as UTF-8"):
        open_collection(folder)
