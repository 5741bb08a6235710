"""What a workspace of the cloud answers where the mirror only assumes. Knows observations; not clients.

An observation is a few requests about one index and what their replies show. The same ones are made of
the mirror, and rows of the table of differences are confirmed where both show the same; see `README.md`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
# Status and reply of a request: method, path below /api/2.0/vector-search, body (values or text), query.
Ask = Callable[[str, str, object, dict[str, str]], tuple[int, Json]]

SCHEMA = {
    "id": "string", "note": "string", "price": "double", "flag": "boolean", "day": "date",
    "tags": "array<string>", "v": "array<float>",
}  # fmt: skip
ROWS: list[Json] = [
    {"id": "10", "note": "red cotton shirt", "price": 5.0, "flag": True, "day": "2024-01-31",
     "tags": ["x", "y"], "v": [1.0, 0.0, 0.0, 0.0]},
    {"id": "9", "note": "Red shirt", "price": 6.0, "flag": False, "v": [1.0, 0.0, 0.0, 0.0]},
    {"id": "a", "note": "blue jeans", "v": [0.0, 1.0, 0.0, 0.0]},
    {"id": "B", "price": 7.5, "tags": ["x"], "v": [0.0, 0.0, 1.0, 0.0]},
    {"id": "é", "note": "the running shoes", "price": 5.0, "v": [0.6, 0.8, 0.0, 0.0]},
]  # fmt: skip
NEAR = {"columns": ["id"], "query_vector": [1.0, 0.0, 0.0, 0.0], "num_results": 10}
WORDS = {"columns": ["id"], "query_text": "red shirt", "query_type": "FULL_TEXT", "num_results": 10}
BOTH = {**WORDS, "query_type": "HYBRID", "query_vector": NEAR["query_vector"]}


@dataclass(frozen=True)
class Index:
    """One direct access index of a workspace, asked over its routes."""

    ask: Ask
    name: str

    def call(self, verb: str, body: object, method: str = "POST") -> tuple[int, Json]:
        return self.ask(method, f"/indexes/{self.name}{verb}", body, {})

    def query(self, asked: Json, **changed: Any) -> Any:
        """Keys of a query's rows in order; of a refusal its status and code."""
        status, reply = self.call("/query", {**asked, **changed})
        if status != 200:
            return refusal(status, reply)
        return [row[0] for row in reply["result"].get("data_array", [])]

    def near(self, filters: object, **changed: Any) -> Any:
        """The rows that a filter passes, sorted."""
        found = self.query(NEAR, filters_json=json.dumps(filters), **changed)
        return sorted(found) if isinstance(found, list) else found

    def scores(self, asked: Json, **changed: Any) -> Any:
        """Keys and scores to six digits."""
        status, reply = self.call("/query", {**asked, **changed})
        if status != 200:
            return refusal(status, reply)
        return [[row[0], round(row[-1], 6)] for row in reply["result"].get("data_array", [])]

    def facets(self, asked: Json, *facets: str, **changed: Any) -> Any:
        status, reply = self.call("/query", {**asked, "facets": facets, **changed})
        return reply["facet_result"]["facet_array"] if status == 200 else refusal(status, reply)

    def scan(self, **given: Any) -> Any:
        status, reply = self.call("/scan", given)
        return reply if status == 200 else refusal(status, reply)


def refusal(status: int, reply: Json) -> str:
    """A refusal as it is compared: texts are the mirror's own where none was seen."""
    return f"{status} {reply.get('error_code')}"


def _keys(page: Json) -> list[str]:
    values = [{f["key"]: f["value"] for f in row["fields"]} for row in page.get("data", [])]
    return [row["id"]["string_value"] for row in values]


def _null_in_a_scan(index: Index) -> Any:
    rows = index.scan(num_results=100)["data"]
    values = [{field["key"]: field["value"] for field in row["fields"]} for row in rows]
    return next(row.get("note", "left out") for row in values if row["id"] == {"string_value": "B"})


def _end_of_a_scan(index: Index) -> Any:
    last = index.scan(num_results=100)["last_primary_key"]
    return index.scan(num_results=100, last_primary_key=last)


def _bad_rows(index: Index) -> Any:
    rows = '[{"id": "z", "v": [NaN, 0, 0, 0]}, {"id": "y", "price": Infinity, "v": [0, 0, 0, 1]}]'
    status, reply = index.call("/upsert-data", {"inputs_json": rows})
    if status != 200:
        return refusal(status, reply)
    return [reply.get("status"), reply.get("result", {}).get("failed_primary_keys")]


def _twice(index: Index) -> Any:
    text = '{"columns": ["id"], "query_vector": [1, 0, 0, 0], "columns": ["price"]}'
    status, reply = index.call("/query", text)
    return refusal(status, reply) if status != 200 else reply["manifest"]["columns"]


def _text_of(asked: Json) -> Callable[[Index], Any]:
    def look(index: Index) -> Any:
        status, reply = index.call("/query", asked)
        return [refusal(status, reply), str(reply.get("message")).replace(index.name, "INDEX")]

    return look


Look = Callable[[Index], Any]
# By the topic of a row of the table of differences.
OBSERVATIONS: dict[str, Look] = {
    "end of a scan": _end_of_a_scan,
    "null in a scan": _null_in_a_scan,
    "order of text keys in a scan": lambda i: _keys(i.scan(num_results=100)),
    "num_results of a scan": lambda i: [i.scan(num_results=n) for n in (0, -1, 10_001)],
    "num_results out of range": lambda i: [i.query(NEAR, num_results=n) for n in (0, -1, 10_001)],
    "ties": lambda i: i.query(NEAR, num_results=2),
    "height of ANN scores": lambda i: i.scores(NEAR),
    "order and labels of facets": lambda i: i.facets(
        NEAR, "flag", "note TOP 1", "price BUCKETS [[0, 6], [6, 10]]"
    ),
    "rows that facets count": lambda i: [
        i.facets(NEAR, "price", num_results=1), i.facets(WORDS, "price", num_results=1),
    ],
    "sort_columns": lambda i: [
        i.query(NEAR, num_results=3, sort_columns=["price DESC"]),
        i.query(WORDS, num_results=1, sort_columns=["price DESC"]),
    ],
    "score of FULL_TEXT": lambda i: i.scores(WORDS),
    "columns that words are searched in": lambda i: i.query(WORDS, query_text="10"),
    "words": lambda i: [i.query(WORDS, query_text=t) for t in ("SHIRT", "run", "the", "cotton-shirt")],
    "score of HYBRID": lambda i: i.scores(BOTH),
    "score_threshold of HYBRID": lambda i: i.query(BOTH, score_threshold=0.6),
    "null in a filter": lambda i: [i.near({"price <": 100}), i.near({"price NOT": 5.0})],
    "null as a value of a filter": lambda i: i.near({"note": None}),
    "LIKE in a dict": lambda i: [
        i.near({"note LIKE": pattern}) for pattern in ("red", "Red", "shirt red", "%shirt%")
    ],
    "ranges on text, booleans and arrays": lambda i: [
        i.near({"note >": "a"}), i.near({"flag >": False}), i.near({"tags >": "a"}),
    ],
    "OR of columns in a dict": lambda i: [
        i.near({"note OR id": given}) for given in (["blue jeans", "9"], ["9"], "9")
    ],
    "a list of one where a filter takes a single value": lambda i: i.near({"price <": [6]}),
    "filters_json and filter_string together": lambda i: i.near(
        {"price <": 7}, filter_string="price > 5"
    ),
    "dialects of filters": _text_of({**NEAR, "filter_string": "price > 5"}),
    "ANN with query_text beside query_vector": lambda i: i.query(NEAR, query_text="blue"),
    "a query without the vector that it needs": _text_of({"columns": ["id"], "query_text": "red"}),
    "forms of times in rows and filters": lambda i: [
        i.near({"day": "2024-01-31"}), i.near({"day": "2024-01-31T00:00:00Z"}),
        i.near({"day": "31.01.2024"}), i.near({"day >": 0}),
    ],
    "an unknown field of a body or parameter": lambda i: i.query(NEAR, nonsense=1),
    "a name twice in a JSON object": _twice,
    "a wrong method on a known path": lambda i: refusal(*i.call("/query", {}, "PUT")),
    "an upserted column that the schema lacks": lambda i: refusal(
        *i.call("/upsert-data", {"inputs_json": '[{"id": "x", "nope": 1, "v": [0, 0, 0, 1]}]'})
    ),
    "NaN, Infinity and half characters in rows": _bad_rows,  # the last: it may write
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What both showed of one row of the table."""

    topic: str
    here: Any
    there: Any

    @property
    def is_confirmed(self) -> bool:
        return json.dumps(self.here, sort_keys=True) == json.dumps(self.there, sort_keys=True)


def make_index(ask: Ask, endpoint: str, name: str, patience: float) -> Index:
    """An index of `ROWS` on an endpoint that exists, ready and with all its rows to be seen."""
    spec = {
        "embedding_vector_columns": [{"name": "v", "embedding_dimension": 4}],
        "schema_json": json.dumps(SCHEMA),
    }
    body = {"name": name, "endpoint_name": endpoint, "primary_key": "id"}
    body |= {"index_type": "DIRECT_ACCESS", "direct_access_index_spec": spec}
    _good(ask("POST", "/indexes", body, {}))
    index, end = Index(ask, name), time.monotonic() + patience
    _until(end, lambda: bool(_good(ask("GET", f"/indexes/{name}", None, {}))["status"]["ready"]))
    _good(index.call("/upsert-data", {"inputs_json": json.dumps(ROWS)}))
    _until(end, lambda: len(index.query(NEAR)) == len(ROWS))
    return index


def _good(answered: tuple[int, Json]) -> Json:
    status, reply = answered
    assert status == 200, reply
    return reply


def _until(end: float, is_so: Callable[[], bool]) -> None:
    while not is_so():
        assert time.monotonic() < end, "the workspace took longer than there was patience"
        time.sleep(5)


def observe(here: Index, there: Index) -> Iterator[Verdict]:
    """Every observation of both; what can't be looked at is told as such."""
    for topic, look in OBSERVATIONS.items():
        yield Verdict(topic, _seen(look, here), _seen(look, there))


def _seen(look: Look, index: Index) -> Any:
    try:
        return json.loads(json.dumps(look(index)))
    except (KeyError, TypeError, AttributeError, StopIteration) as error:
        return f"another form of reply: {error!r}"


def report(verdicts: list[Verdict]) -> str:
    """The verdicts as Markdown: rows to confirm, and rows to correct with what the cloud showed."""
    lines = ["| about | verdict | here | in the cloud |", "| --- | --- | --- | --- |"]
    for one in verdicts:
        verdict = "confirmed" if one.is_confirmed else "**to be corrected**"
        here, there = (json.dumps(seen, ensure_ascii=False) for seen in (one.here, one.there))
        lines.append(f"| {one.topic} | {verdict} | `{here}` | `{there}` |")
    return "\n".join(lines) + "\n"
