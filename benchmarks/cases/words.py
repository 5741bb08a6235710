"""What do searches by words and by both cost beside a vector search, and are they right?

Vectors: the embedded model's, of the products' texts. Queries: two or three words of a product's name
and type. Figures are taken in turns in one process.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from case import Options, Question, at_least, at_most, folder, milliseconds, run

from engine import VectorSearchClient, Workspace
from engine.bench.records.line import Measured
from engine.core.assumptions import BM25_B, BM25_K1

ASK = Question("words")
QUERIES, CHECKED, WARM, K = 200, 12, 20, 20
FEW_QUERIES, FEW_CHECKED, FEW_WARM = 10, 4, 2
COLUMNS = ["product_id", "product_display_name", "article_type", "base_color", "price", "gender"]
TEXTS = ["product_display_name", "master_category", "sub_category", "article_type", "base_color"]
TEXTS += ["image_path", "gender", "season", "usage"]
INDEX = "main.fashion_demo.bench_words"


def words(options: Options) -> Iterator[Measured]:
    with folder() as temporary:
        made = Workspace(temporary / "ws")
        made.import_fashion(options.styles, options.images)
        table = made.read_table("products")
        named = [name or "" for name in table["product_display_name"].to_pylist()]
        vectors = made.encoder("embedded").encode_texts(named)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
        made.write_table("source", table.append_column("v", flat))
        made.create_index(INDEX, source_table="source", vector_column="v", create_endpoint=True)
        index = VectorSearchClient(workspace=made).get_index(index_name=INDEX)
        sizes = options.few((QUERIES, CHECKED, WARM), (FEW_QUERIES, FEW_CHECKED, FEW_WARM))
        yield from measured(index, table, vectors, *sizes)


def measured(
    index: Any, table: pa.Table, vectors: np.ndarray, queries: int, checked: int, warm: int
) -> Iterator[Measured]:
    rng = np.random.default_rng(1)
    names, types = table["product_display_name"].to_pylist(), table["article_type"].to_pylist()
    taken: dict[str, list[float]] = {"ANN": [], "FULL_TEXT": [], "HYBRID": []}
    oracle, equal = Oracle(table), []
    for number in range(queries + warm):
        row = int(rng.integers(len(table)))
        own = re.findall(r"\w+", names[row] or "")
        text = " ".join([*rng.choice(own, min(2, len(own)), replace=False), types[row]])
        vector = (vectors[row] + 0.02 * rng.standard_normal(vectors.shape[1])).tolist()
        inputs: dict[str, dict[str, object]] = {
            "ANN": {"query_vector": vector},
            "FULL_TEXT": {"query_text": text},
            "HYBRID": {"query_vector": vector, "query_text": text},
        }

        def ask(kind: str, given: dict[str, object], **more: object) -> dict:
            return index.similarity_search(
                columns=COLUMNS, num_results=K, query_type=kind, **given, **more
            )

        for kind, given in inputs.items():
            spent = milliseconds(lambda kind=kind, given=given: ask(kind, given))
            if number >= warm:  # the first ones warm up
                taken[kind].append(spent)
        if number < checked:
            gender = table["gender"][row].as_py()
            found = ask("FULL_TEXT", inputs["FULL_TEXT"], filters={"gender": gender})
            keys = [int(r[0]) for r in found["result"].get("data_array", [])]
            equal.append(float(keys == oracle.best(text, gender)))
    yield from lines(taken, equal, {"rows": len(table), "k": K})


def lines(
    taken: dict[str, list[float]], equal: list[float], how: dict[str, int]
) -> Iterator[Measured]:
    for kind, values in taken.items():
        yield ASK.line("latency", "ms", values, query_type=kind, **how)
    yield ASK.line(
        "a hybrid query beside its two halves alone",
        "times",
        [both / (near + text) for near, text, both in zip(*taken.values())],
        target=at_most(3),
        **how,
    )
    yield ASK.line(
        "filtered full-text queries equal to plain Python's",
        "share",
        equal,
        better="higher",
        target=at_least(1, of="minimum"),
        **how,
    )


class Oracle:
    """BM25 over all text columns, row by row."""

    def __init__(self, table: pa.Table) -> None:
        self._keys = table["product_id"].to_pylist()
        self._genders = table["gender"].to_pylist()
        self._counts = [
            [Counter(re.findall(r"[^\W_]+", (text or "").lower())) for text in column.to_pylist()]
            for column in (table[name] for name in TEXTS)
        ]

    def best(self, text: str, gender: str) -> list[int]:
        """Keys of the best rows of a gender."""
        rows = len(self._keys)
        scores = [0.0] * rows
        for column in self._counts:
            mean = sum(counts.total() for counts in column) / rows
            for token in dict.fromkeys(re.findall(r"[^\W_]+", text.lower())):
                holding = sum(token in counts for counts in column)
                idf = math.log(1 + (rows - holding + 0.5) / (holding + 0.5))
                for row, counts in enumerate(column):
                    if token in counts:
                        length = 1 - BM25_B + BM25_B * counts.total() / mean
                        seen = counts[token]
                        scores[row] += idf * seen * (BM25_K1 + 1) / (seen + BM25_K1 * length)
        ranked = [r for r in range(rows) if scores[r] > 0 and self._genders[r] == gender]
        ranked.sort(key=lambda row: (-round(scores[row], 9), self._keys[row]))
        return [self._keys[row] for row in ranked[:K]]


if __name__ == "__main__":
    run(words)
