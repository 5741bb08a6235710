"""A query as it was asked, and its checks. Knows the API's rules; not how a query is answered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any

from engine.core.arrays import checked_vector, given_vector
from engine.core.assumptions import MAX_HYBRID_WORDS, MAX_TEXT
from engine.core.filters.dict_form import parse_dict
from engine.core.filters.tree import And, Node
from engine.core.query import (
    DEFAULT_RESULTS,
    MAX_RANKED_RESULTS,
    MAX_RESULTS,
    QUERY_TYPES,
    Query,
    QueryType,
    Reranking,
)
from engine.core.ranking.facets import parse_facets
from engine.core.ranking.sorting import parse_sort
from engine.core.schema import Columns, IndexSpec, missing_columns, suggestion
from engine.core.values import check_flag, is_text, listed, shown
from engine.errors import BadRequest, InvalidParameterValue

# The text of a client, which refuses this before it calls the service.
BOTH_INPUTS = "You cannot specify both query_vector and query_text at the same time"


@dataclass(frozen=True)
class QueryRequest:
    """A query as it was asked: what a door fills in, and what a page token keeps.

    Attributes:
        name: full name of the index.
        columns: what to return for each row, in order.
        query_vector: (dimension,) finite numbers.
        query_type: ANN (default), HYBRID or FULL_TEXT, in any letter case.
        filters: a dict or a list of dicts; filter_string: text. Both are joined by AND.
        num_results: rows wanted over all pages.
        score_threshold: rows whose score is lower are left out.
        debug_level: 1 and more adds timings and the plan to the reply.
        query_columns: text columns whose words count; all of them where none is named.
        sort_columns: `"column ASC"` or `"column DESC"`; sorts the rows that were found: of FULL_TEXT all
            that match, else the best `num_results`.
        facets: `"column"`, `"column TOP n"` or `"column BUCKETS [[from,to],...]"`.
        reranker: `{"model", "model_type", "parameters": {"columns_to_rerank"}}`.
        columns_to_rerank: the older form of `reranker`, which means the base model.
        exact: score every row that matches the filter, without an approximate first pass; this
            engine's own.
    """

    name: str
    _: KW_ONLY
    columns: Sequence[str]
    query_vector: Sequence[float] | None = None
    query_text: str | None = None
    filters: object = None
    filter_string: str | None = None
    num_results: int = DEFAULT_RESULTS
    score_threshold: float | None = None
    query_type: str | None = None
    debug_level: int = 0
    query_columns: Sequence[str] | None = None
    sort_columns: Sequence[str] | None = None
    facets: Sequence[str] | None = None
    reranker: Mapping[str, Any] | None = None
    columns_to_rerank: Sequence[str] | None = None
    exact: bool = False

    def checked(
        self, spec: IndexSpec, known: Columns, strict: bool = False, strict_inputs: bool = False
    ) -> Query:
        """The query that this is against one index.

        Args:
            known: the index's columns. strict: refuse the filter dialect that the cloud would refuse.
            strict_inputs: refuse a vector beside a text that nothing needs.

        Raises:
            BadRequest, InvalidParameterValue: names the argument, what was given and what is expected.
        """
        kind = check_query_type(self.query_type)
        words = check_text(self.query_text)
        vector = given_vector(self.query_vector, spec.dimension)
        check_inputs(kind, len(vector) > 0, words, spec)
        reranking = check_reranker(self.reranker, self.columns_to_rerank, known)
        if reranking is not None and not words:
            raise InvalidParameterValue("A reranker needs query_text to compare rows with.")
        if strict_inputs and kind == "ANN" and words and len(vector) and reranking is None:
            raise InvalidParameterValue(BOTH_INPUTS)
        most = MAX_RESULTS if kind == "ANN" else MAX_RANKED_RESULTS
        return Query(
            vector=checked_vector(vector, spec.dimension, spec.name),
            columns=check_columns(self.columns, known),
            num_results=check_num_results(self.num_results, most),
            condition=parse_filters(self.filters, self.filter_string, known, spec, strict),
            score_threshold=check_score_threshold(self.score_threshold),
            debug_level=check_debug_level(self.debug_level),
            exact=check_flag(self.exact, "exact"),
            query_type=kind,
            text=words,
            text_columns=() if kind == "ANN" else check_text_columns(self.query_columns, known),
            sort=parse_sort(self.sort_columns, known),
            facets=parse_facets(self.facets, known),
            reranking=reranking,
        )


def check_debug_level(value: object) -> int:
    """An integer. Raises InvalidParameterValue: anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidParameterValue(f"debug_level is {shown(value)}; expected an integer.")
    return value


def check_columns(columns: object, known: Columns) -> tuple[str, ...]:
    """The requested columns, all of them present.

    Raises:
        InvalidParameterValue: none given, not text, or one twice.
        BadRequest: some are not in the index; the service's text. `score` is not a column.
    """
    if not isinstance(columns, (list, tuple)) or not columns:
        raise InvalidParameterValue(
            f"columns is {shown(columns)}; expected a list of at least one column to return."
        )
    if _are_known(columns, known):
        return tuple(columns)
    if not all(isinstance(name, str) for name in columns):
        raise InvalidParameterValue(
            f"columns is {shown(columns)}; expected a list of column names."
        )
    missing = [name for name in columns if name not in known]
    if missing:
        raise missing_columns(missing, known)
    if len(set(columns)) < len(columns):
        raise InvalidParameterValue(f"columns names a column twice: {', '.join(columns)}.")
    return tuple(columns)


def _are_known(columns: Sequence[Any], known: Columns) -> bool:
    """Whether all are columns, each once: what nearly every query says, and soon seen."""
    try:
        names = set(columns)
    except TypeError:  # what has no hash is no name
        return False
    return len(names) == len(columns) and names <= known.keys()


def check_num_results(value: object, most: int = MAX_RESULTS) -> int:
    """An integer from 1 to `most`.

    Raises:
        InvalidParameterValue: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidParameterValue(
            f"num_results is {shown(value)}; expected an integer from 1 to {most}."
        )
    return value


def check_score_threshold(value: object) -> float:
    """A number; None stands for 0, which keeps every row.

    Raises:
        InvalidParameterValue: not a number.
    """
    if value is None:
        return 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise InvalidParameterValue(f"score_threshold is {shown(value)}; expected a number.")
    try:
        return float(value)
    except OverflowError:  # no score is as high, or all are
        return math.inf if value > 0 else -math.inf


def check_query_type(value: object) -> QueryType:
    """ANN (also for None), HYBRID or FULL_TEXT, in any letter case.

    Raises:
        InvalidParameterValue: not a query type of the API.
    """
    upper = value.upper() if isinstance(value, str) else value
    if upper is None:
        return "ANN"
    if not isinstance(upper, str) or upper not in QUERY_TYPES:
        raise InvalidParameterValue(
            f"query_type is {shown(value)}; expected one of {', '.join(QUERY_TYPES)}."
        )
    return upper


def check_text(value: object) -> str:
    """A query text, empty for None.

    Raises:
        InvalidParameterValue: not text, or longer than the service takes.
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidParameterValue(f"query_text is {shown(value)}; expected text.")
    if len(value) > MAX_TEXT:
        raise InvalidParameterValue(
            f"query_text has {len(value)} characters; expected at most {MAX_TEXT}."
        )
    if not is_text(value):
        raise InvalidParameterValue(
            f"query_text is {shown(value)}, which holds a lone surrogate, half of a character; cut "
            "texts between characters."
        )
    return value


def check_inputs(kind: QueryType, has_vector: bool, text: str, spec: IndexSpec) -> None:
    """Refuse a query without the text or the vector that its type needs on this index.

    Raises:
        InvalidParameterValue: names the field that is missing or one too many.
    """
    if not spec.has_vectors and kind != "FULL_TEXT":
        raise InvalidParameterValue(
            f"Index {spec.name} is a full-text index without vectors; query it with query_type "
            f"FULL_TEXT, not {kind}."
        )
    if kind == "FULL_TEXT":
        if has_vector:
            raise InvalidParameterValue("A FULL_TEXT query takes query_text and no query_vector.")
        if not text:
            raise InvalidParameterValue("A FULL_TEXT query needs query_text.")
        return
    if kind == "HYBRID" and not text:
        raise InvalidParameterValue("A HYBRID query needs query_text.")
    if kind == "HYBRID" and len(text.split()) > MAX_HYBRID_WORDS:
        raise InvalidParameterValue(
            f"query_text of a HYBRID query has {len(text.split())} words; expected at most "
            f"{MAX_HYBRID_WORDS}."
        )
    if spec.text_endpoint is None:
        if not has_vector:
            raise _vector_missing(kind, text, spec)
    elif not has_vector and not text:
        raise InvalidParameterValue(
            "A query needs query_text or query_vector, but neither was given."
        )


def _vector_missing(kind: QueryType, text: str, spec: IndexSpec) -> InvalidParameterValue:
    """The service's refusal of a query without the vector that an index without a model needs."""
    error = InvalidParameterValue(
        f"query vector must be specified for index {spec.name} as it is a direct access index "
        "without a model serving endpoint or self-managed delta sync index."
    )
    also = "query_vector beside query_text" if kind == "HYBRID" else "query_vector"
    given = "only query_text" if text else "neither query_vector nor query_text"
    error.hint = f"It needs {also}, but {given} was given."
    return error


def check_text_columns(value: object, known: Columns) -> tuple[str, ...]:
    """Where words are searched: `query_columns`, or all text columns.

    Raises:
        InvalidParameterValue: not a list of names, or a column that holds no text.
        BadRequest: a column that the index lacks.
    """
    texts = [c.name for c in known.values() if c.kind == "string" and not c.is_array]
    if value is None or value == [] or value == ():
        return tuple(texts)
    if not isinstance(value, (list, tuple)) or not all(isinstance(name, str) for name in value):
        raise InvalidParameterValue(
            f"query_columns is {shown(value)}; expected a list of text columns."
        )
    for name in value:
        if name not in known:
            raise BadRequest(
                f"query_columns names {name!r}, which the index does not have."
                f"{suggestion(name, known)} Text columns: {', '.join(texts)}."
            )
        if name not in texts:
            raise InvalidParameterValue(
                f"query_columns names {name!r}, which holds no text. Text columns: "
                f"{', '.join(texts)}."
            )
    return tuple(dict.fromkeys(value))


def check_reranker(value: object, columns_to_rerank: object, known: Columns) -> Reranking | None:
    """The second ranking, in the form in which the API's clients send it.

    Args:
        value: `{"model", "model_type", "parameters": {"columns_to_rerank": [...]}}` or None.
        columns_to_rerank: the older form, which means the base model.

    Raises:
        InvalidParameterValue: both, or not of this form. BadRequest: a column that the index lacks.
    """
    columns_to_rerank = listed(columns_to_rerank)
    if value is None and not columns_to_rerank:
        return None
    if value is not None and columns_to_rerank:
        raise InvalidParameterValue(
            "columns_to_rerank and reranker were both given; give reranker alone."
        )
    if value is None:
        value = {"parameters": {"columns_to_rerank": columns_to_rerank}}
    parameters = value.get("parameters") if isinstance(value, Mapping) else None
    columns = parameters.get("columns_to_rerank") if isinstance(parameters, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(columns, (list, tuple)) or not columns:
        raise InvalidParameterValue(
            f"reranker is {shown(value)}; expected model, model_type and parameters with at least "
            "one column in columns_to_rerank."
        )
    model = value.get("model") or "databricks_reranker"
    kind = value.get("model_type") or "MODEL_TYPE_BASE"
    if kind == "MODEL_TYPE_UNSPECIFIED":  # which the service treats as the base model
        kind = "MODEL_TYPE_BASE"
    if not isinstance(model, str) or kind not in ("MODEL_TYPE_BASE", "MODEL_TYPE_FINETUNED"):
        raise InvalidParameterValue(
            f"reranker has model {shown(model)} of model_type {shown(kind)}; expected a name, and "
            "MODEL_TYPE_BASE or MODEL_TYPE_FINETUNED."
        )
    _check_reranked_columns(columns, known)
    return Reranking(model, kind, tuple(columns))


def _check_reranked_columns(columns: Sequence[object], known: Columns) -> None:
    missing = [
        name if isinstance(name, str) else shown(name)
        for name in columns
        if not isinstance(name, str) or name not in known
    ]
    if missing:
        raise BadRequest(
            f"columns_to_rerank names {', '.join(missing)}, which the index does not have."
            f"{suggestion(missing[0], known)} Columns: {', '.join(sorted(known))}."
        )


def check_dialect(spec: IndexSpec, filters: object, filter_string: str | None) -> None:
    """Refuse the filter dialect that the cloud refuses on this kind of endpoint.

    Raises:
        BadRequest: text on a standard endpoint, a dict on a storage-optimized one.
    """
    if spec.endpoint_type == "STANDARD" and filter_string:
        error = BadRequest("Filter string is not supported for standard endpoints")  # its text
        error.hint = (
            f"Endpoint {spec.endpoint_name} takes filters as a dict, such as "
            '{"price <": 50}. (This workspace is strict about dialects.)'
        )
        raise error
    if spec.endpoint_type == "STORAGE_OPTIMIZED" and filters:
        raise BadRequest(
            f"Endpoint {spec.endpoint_name} is STORAGE_OPTIMIZED and takes filters as text, such as "
            '"price < 50"; a dict was given. (This workspace is strict about dialects.)'
        )


def parse_filters(
    filters: object,
    filter_string: str | None,
    known: Columns,
    spec: IndexSpec | None = None,
    strict: bool = False,
) -> Node | None:
    """The condition of a query: a dict, a list of dicts, or text; both at once are joined by AND.

    Raises:
        BadRequest: not a filter of this index; says where.
    """
    texts = [text for text in (filters, filter_string) if isinstance(text, str) and text.strip()]
    if isinstance(filters, str):
        filters = None
    if filters is not None and not isinstance(filters, (dict, list, tuple)):
        raise BadRequest(f"filters is {shown(filters)}; expected a dict, a list of dicts, or text.")
    if filter_string is not None and not isinstance(filter_string, str):
        raise BadRequest(f"filter_string is {shown(filter_string)}; expected text.")
    if strict and spec is not None:
        check_dialect(spec, filters, texts[0] if texts else None)
    parts: list[Node] = []
    if (tree := parse_dict(filters, known)) is not None:
        parts.append(tree)
    if texts:
        from engine.core.filters.text_form import parse_text  # loads a parser that dicts don't need

        parts += [tree for text in texts if (tree := parse_text(text, known)) is not None]
    return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
