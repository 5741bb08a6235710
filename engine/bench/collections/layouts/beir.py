"""BEIR: texts that answer texts, with grades.

    corpus.jsonl            {"_id": "4983", "title": "...", "text": "...", "metadata": {}}
    queries.jsonl           {"_id": "0", "text": "...", "metadata": {}}
    qrels/test.tsv          query-id<TAB>corpus-id<TAB>score, with that header

A document is its title and its text with a space between, as BEIR's own dense retrieval joins them; a
document with the query's id is no answer, as in BEIR's evaluation (ArguAna, Quora).

Source: Thakur et al., BEIR, arXiv:2104.08663; beir/datasets/data_loader.py and
beir/retrieval/evaluation.py (`ignore_identical_ids`) of beir-cellar/beir.
"""

from __future__ import annotations

from pathlib import Path

from engine.bench.collections.collection import Collection, Document, Query
from engine.bench.collections.layout import Layout
from engine.bench.collections.leaving_out import noted
from engine.bench.collections.pairs import told
from engine.bench.collections.part import TEXT_TO_TEXT, Part
from engine.bench.collections.source_files import one_token, read_json_lines, read_lines, split_file
from engine.errors import BadSourceFile

CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"


def _read(path: Path, part: Part) -> Collection:
    split = part.split or "test"
    left_out: dict[str, str] = {}
    documents = _documents(path / CORPUS, left_out)
    texts = {one_token(one.key("_id")): one.text("text") for one in read_json_lines(path / QUERIES)}
    graded = _judgements(split_file(path / "qrels", "*.tsv", split))
    relevance: dict[str, dict[str, int]] = {}
    for query, grades in graded.items():
        if query not in texts:
            left_out[f"query {query}"] = f"judged, and not in {QUERIES}"
            continue
        known = {id: grade for id, grade in grades.items() if id in documents}
        if len(known) < len(grades):
            lost = len(grades) - len(known)
            left_out[f"query {query}"] = f"{lost} of {len(grades)} judged documents not in {CORPUS}"
        relevance[query] = known
    if not relevance:
        raise BadSourceFile(
            f"no query of {QUERIES} is judged in the split {split!r}", file=str(path)
        )
    queries = [
        Query(id, text=texts[id], without=frozenset({id} & documents.keys())) for id in relevance
    ]
    return Collection(
        name=f"{path.name} {split}",
        documents=list(documents.values()),
        queries=queries,
        relevance=relevance,
        limits="Documents that nobody judged count as wrong.",
        source="BEIR's corpus.jsonl, queries.jsonl and qrels",
        more={**told(part), **noted(left_out)},
    )


def _documents(file: Path, left_out: dict[str, str]) -> dict[str, Document]:
    documents: dict[str, Document] = {}
    for entry in read_json_lines(file):
        id = one_token(entry.key("_id"))
        title = entry.text("title") if entry.has("title") else ""
        text = f"{title} {entry.text('text')}".strip()
        if not text:
            left_out[f"document {id}"] = "it has no text"
        elif documents.setdefault(id, document := Document(id, text=text)) is not document:
            left_out[f"document {id}"] = "it is there twice; the first is used"
    return documents


def _judgements(file: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    for number, line in enumerate(read_lines(file), 1):
        if number == 1 or not line.strip():  # the header
            continue
        query, document, grade = _fields(line, file, number)
        judged.setdefault(one_token(query), {})[one_token(document)] = grade
    return judged


def _fields(line: str, file: Path, number: int) -> tuple[str, str, int]:
    fields = line.split("\t")
    try:
        query, document, grade = fields
        return query, document, int(grade)
    except ValueError as error:
        raise BadSourceFile(
            f"{line[:80]!r}; expected query-id, corpus-id and a whole number, separated by tabs",
            file=str(file),
            line=number,
        ) from error


BEIR = Layout(
    kind="beir",
    expected="corpus.jsonl, queries.jsonl and qrels/test.tsv",
    directions=(TEXT_TO_TEXT,),
    takes=frozenset({"split"}),
    recognises=lambda path: (path / CORPUS).is_file() and (path / QUERIES).is_file(),
    read=_read,
)
