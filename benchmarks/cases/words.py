"""What do searches by words and by both cost beside a vector search, and are they right?

Vectors: the embedded model's, of the products' texts. Queries: two or three words of a product's name
and type. Figures are taken in turns in one process.
"""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np
import pyarrow as pa
from case import Options, Row, folder, median, run, seconds

from engine import VectorSearchClient, Workspace
from engine.core.assumptions import BM25_B, BM25_K1

QUERIES, CHECKED, K = 200, 12, 20
COLUMNS = ["product_id", "product_display_name", "article_type", "base_color", "price", "gender"]
TEXTS = ["product_display_name", "master_category", "sub_category", "article_type", "base_color"]
TEXTS += ["image_path", "gender", "season", "usage"]
INDEX = "main.fashion_demo.bench_words"


def words(options: Options) -> list[Row]:
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
        return measured(index, table, vectors)


def measured(index: object, table: pa.Table, vectors: np.ndarray) -> list[Row]:
    rng = np.random.default_rng(1)
    names, types = table["product_display_name"].to_pylist(), table["article_type"].to_pylist()
    taken: dict[str, list[float]] = {"ANN": [], "FULL_TEXT": [], "HYBRID": []}
    ratios, oracle, equal = [], Oracle(table), 0
    for number in range(QUERIES + 20):
        row = int(rng.integers(len(table)))
        own = re.findall(r"\w+", names[row] or "")
        text = " ".join([*rng.choice(own, min(2, len(own)), replace=False), types[row]])
        vector = (vectors[row] + 0.02 * rng.standard_normal(vectors.shape[1])).tolist()
        inputs = {
            "ANN": {"query_vector": vector},
            "FULL_TEXT": {"query_text": text},
            "HYBRID": {"query_vector": vector, "query_text": text},
        }

        def ask(kind: str, given: dict[str, object], **more: object) -> dict:
            return index.similarity_search(
                columns=COLUMNS, num_results=K, query_type=kind, **given, **more
            )

        times = {
            kind: seconds(lambda kind=kind, given=given: ask(kind, given))
            for kind, given in inputs.items()
        }
        if number < CHECKED:
            gender = table["gender"][row].as_py()
            found = ask("FULL_TEXT", inputs["FULL_TEXT"], filters={"gender": gender})
            keys = [int(r[0]) for r in found["result"].get("data_array", [])]
            equal += keys == oracle.best(text, gender)
        if number >= 20:  # the first ones warm up
            for kind, value in times.items():
                taken[kind].append(value)
            ratios.append(times["HYBRID"] / (times["ANN"] + times["FULL_TEXT"]))
    out = [
        Row(f"{len(table):,} rows, k = {K}: {kind}, median ms", f"{1000 * median(values):.2f}")
        for kind, values in taken.items()
    ]
    ratio = median(ratios)
    out.append(Row("hybrid beside its two halves alone", f"{ratio:.2f} times", "3", ratio <= 3))
    out.append(
        Row(
            "filtered full-text query equal to an oracle in plain Python",
            f"{equal} of {CHECKED}",
            "all",
            equal == CHECKED,
        )
    )
    return out


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
