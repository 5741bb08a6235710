"""`ai_query` and `ai_similarity`: functions that call models, a batch of rows at a time, and cached.

Knows what a serving endpoint takes; not where a statement's rows come from.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from sqlglot import exp

from engine.core.arrays import Vector
from engine.errors import BadStatement, NotSupported
from engine.service.serving.serving_endpoints import ServingEndpoints
from engine.service.sql.database import Connection
from engine.service.sql.vector_search import VectorSearch

SIMILARITY_ENDPOINT = "clip-multimodal-encoder"  # what `ai_similarity` compares with
_TAKEN = ("endpoint", "request", "returntype")
_IN_ORDER = (*_TAKEN, "")

Rows = Callable[[exp.Expression], pa.Table]


class AiFunctions:
    """What carries out the functions of this engine in a statement."""

    def __init__(self, serving: ServingEndpoints, search: VectorSearch) -> None:
        self._serving, self._search = serving, search

    def resolved(self, tree: exp.Expression, connection: Connection, rows: Rows) -> exp.Expression:
        """A tree in which each call is one of a function, or a table, that DuckDB is shown.

        Args:
            rows: what answers a part of the statement, for a search that depends on other tables.

        Raises:
            BadStatement, NotSupported: arguments that can't be used.
            NotFound: no such index or endpoint.
        """
        self._search.resolve(tree, connection, rows)
        functions: dict[str, str] = {}
        for node in list(tree.find_all(exp.Anonymous)):
            name = str(node.this).lower()
            if name == "ai_query":
                self._ai_query(node, connection, functions)
            elif name == "ai_similarity":
                self._ai_similarity(node, connection, functions)
        return tree

    def _ai_query(
        self, node: exp.Anonymous, connection: Connection, functions: dict[str, str]
    ) -> None:
        given = _arguments(node)
        endpoint = _constant_text(given.get("endpoint"), "ai_query", "endpoint")
        if given.get("request") is None:
            raise BadStatement("ai_query needs two arguments: an endpoint's name and a request.")
        self._serving.get(endpoint)
        if endpoint not in functions:
            call = self._embedding(endpoint)
            functions[endpoint] = connection.add_function(call, ["VARCHAR"], "FLOAT[]")
        called: exp.Expression = exp.Anonymous(
            this=functions[endpoint], expressions=[exp.cast(given["request"].copy(), "text")]
        )
        if given.get("returntype") is not None:
            kind = _constant_text(given["returntype"], "ai_query", "returnType")
            called = exp.cast(called, exp.DataType.build(kind, dialect="databricks"))
        node.replace(called)

    def _ai_similarity(
        self, node: exp.Anonymous, connection: Connection, functions: dict[str, str]
    ) -> None:
        if len(node.expressions) != 2:
            raise BadStatement("ai_similarity takes two texts.")
        if "" not in functions:
            functions[""] = connection.add_function(
                self._similarity, ["VARCHAR", "VARCHAR"], "FLOAT"
            )
        texts = [exp.cast(text.copy(), "text") for text in node.expressions]
        node.replace(exp.Anonymous(this=functions[""], expressions=texts))

    def _embedding(self, endpoint: str) -> Callable[[pa.ChunkedArray], pa.Array]:
        return lambda texts: _lists(self._vectors(endpoint, texts.to_pylist()))

    def _similarity(self, first: pa.ChunkedArray, second: pa.ChunkedArray) -> pa.Array:
        pairs = zip(
            self._vectors(SIMILARITY_ENDPOINT, first.to_pylist()),
            self._vectors(SIMILARITY_ENDPOINT, second.to_pylist()),
        )
        return pa.array(
            [None if a is None or b is None else float(_cosine(a, b)) for a, b in pairs],
            pa.float32(),
        )

    def _vectors(self, endpoint: str, texts: list[str | None]) -> list[Vector | None]:
        """The vector of each text, null for null. Raises BadStatement for a text that has none."""
        given = [text for text in texts if text is not None]
        if "" in given:
            raise BadStatement(
                f"ai_query: endpoint {endpoint} was given an empty text; filter it out."
            )
        outcomes = iter(self._serving.embed_texts(endpoint, given))
        out: list[Vector | None] = []
        for text in texts:
            outcome = None if text is None else next(outcomes)
            if isinstance(outcome, str):
                raise BadStatement(f"{outcome} The text is {text!r:.80}.")
            out.append(outcome)
        return out


def _arguments(node: exp.Anonymous) -> dict[str, exp.Expression]:
    """The arguments of `ai_query` by name in lower case. Raises NotSupported for others."""
    out: dict[str, exp.Expression] = {}
    for place, argument in enumerate(node.expressions):
        named = isinstance(argument, exp.Kwarg)
        name = str(argument.this.name).lower() if named else _IN_ORDER[min(place, 3)]
        if name not in _TAKEN:
            raise NotSupported(
                f"ai_query: the argument {name or place + 1!r} is not supported; it takes an endpoint, "
                "a request and returnType."
            )
        out[name] = argument.expression if named else argument
    return out


def _constant_text(node: exp.Expression | None, function: str, argument: str) -> str:
    if not isinstance(node, exp.Literal) or not node.is_string:
        raise BadStatement(f"{function}: {argument} must be a text in quotes.")
    return str(node.this)


def _lists(vectors: list[Vector | None]) -> pa.Array:
    """Vectors as lists, null where there is none."""
    lengths = np.array([0 if one is None else len(one) for one in vectors], dtype=np.int32)
    offsets = np.concatenate([np.zeros(1, dtype=np.int32), np.cumsum(lengths, dtype=np.int32)])
    there = [one for one in vectors if one is not None]
    values = np.concatenate(there) if there else np.empty(0, dtype=np.float32)
    mask = np.array([one is None for one in vectors], dtype=np.bool_)
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()),
        pa.array(values.astype(np.float32), pa.float32()),
        mask=pa.array(mask) if mask.any() else None,
    )


def _cosine(a: Vector, b: Vector) -> float:
    lengths = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.dot(a, b)) / lengths if lengths else 0.0
