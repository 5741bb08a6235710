"""A search as SQL: `vector_search(...)` of a vector that SQL makes. Knows the dialect, not rankings."""

from __future__ import annotations

from engine.shop.as_code.search.asked import SaidTerm, SearchAsked
from engine.shop.as_code.snippets import CantSay, Snippet
from engine.shop.as_code.writing.quoting import (
    json_text,
    numbers,
    sql_name,
    sql_names,
    sql_text,
    sql_value,
)
from engine.shop.names import USER_FEATURES

SCORE = "search_score"
_LITERAL = "SQL can't make the vector of {what}: it stands there as numbers."


def sql_search(asked: SearchAsked) -> Snippet:
    """The snippet: one statement, its rows best first."""
    notes = [f"The score is the column {SCORE}.", *asked.doubts]
    with_, vector = _vector(asked, notes) if asked.needs_vector else ([], "")
    given = [f"    index => {sql_text(asked.index)},"]
    if vector:
        given.append(f"    query_vector => {vector},")
    if asked.query_text is not None:
        given.append(f"    query_text => {sql_text(asked.query_text)},")
    if asked.parts.kind != "ANN":
        given.append(f"    query_type => {sql_text(asked.parts.kind)},")
    if asked.filters is not None:
        text = asked.filters if isinstance(asked.filters, str) else json_text(asked.filters)
        given.append(f"    filters => {sql_text(text)},")
    given.append(f"    num_results => {asked.num_results}")
    shown = sql_names(asked.columns)
    lines = [
        *with_,
        f"SELECT{shown}, {SCORE}",
        "FROM vector_search(",
        *given,
        ")",
        f"ORDER BY {SCORE} DESC, {sql_name(asked.key)}",
        f"LIMIT {asked.end - asked.offset}" + (f" OFFSET {asked.offset}" if asked.offset else ""),
    ]
    if asked.facets:
        notes.append("Facets are counted by GROUP BY over the same search.")
    return Snippet("sql", "\n".join(lines) + "\n", "rows", tuple(notes))


def _vector(asked: SearchAsked, notes: list[str]) -> tuple[list[str], str]:
    """What stands before the SELECT, and the argument."""
    request = asked.parts.request
    if request.vector is not None:
        return [], _array(list(request.vector))
    only = asked.only
    if only is not None:
        return [], _term(asked, only, notes)
    return _composed(asked, notes), "(SELECT v FROM query)"


def _term(asked: SearchAsked, said: SaidTerm, notes: list[str]) -> str:
    term = said.term
    if term.kind == "text" and asked.is_there:
        return f"ai_query({sql_text(str(asked.endpoint))}, {sql_text(term.value)})"
    spec = asked.parts.spec
    if term.kind == "product" and spec.source_table is not None and not spec.is_managed:
        return (
            f"(SELECT {sql_name(spec.vector_column)} FROM {spec.source_table}"
            f" WHERE {sql_name(spec.primary_key)} = {sql_value(said.key)})"
        )
    if term.kind == "user":
        who = sql_text(term.value)
        return f"(SELECT user_embedding FROM {USER_FEATURES} WHERE user_id = {who})"
    what = {
        "text": "a text by this index's model",
        "image": "a photo",
        "product": "a product of this index",
    }
    notes.append(_LITERAL.format(what=what.get(term.kind, f"the direction {term.value!r}")))
    return _array(asked.vector(said))


def _array(vector: list[float]) -> str:
    """Numbers as an array of doubles, whose digits are kept."""
    return f"CAST(array(\n{numbers(vector, 8)}\n    ) AS ARRAY<DOUBLE>)"


def _composed(asked: SearchAsked, notes: list[str]) -> list[str]:
    """The weighted sum of unit vectors, scaled to length 1, as relations of one row."""
    terms = [each for each in asked.terms if each.term.weight]
    named = [f"t{place}" for place in range(1, len(terms) + 1)]
    found = [f"{_term(asked, each, notes)} AS {name}" for each, name in zip(terms, named)]
    made = [
        _of_length_one(name) if each.key is not None else name for each, name in zip(terms, named)
    ]
    total = f"transform({made[0]}, x -> {_weight(terms[0])} * x)"
    for each, value in zip(terms[1:], made[1:]):
        total = f"zip_with({total}, {value}, (x, y) -> x + {_weight(each)} * y)"
    return [
        "WITH terms AS (",
        "    SELECT " + ",\n        ".join(found),
        "), total AS (",
        f"    SELECT {total} AS v FROM terms",
        "), query AS (",
        f"    SELECT {_of_length_one('v')} AS v FROM total",
        ")",
    ]


def _of_length_one(name: str) -> str:
    length = f"sqrt(aggregate({name}, 0D, (s, x) -> s + x * x))"
    return f"transform({name}, x -> x / {length})"


def _weight(said: SaidTerm) -> str:
    weight = said.term.weight
    text = f"{weight!r}D"
    if "inf" in text or "nan" in text:
        raise CantSay(f"SQL has no number {weight!r}.")
    return f"({text})" if weight < 0 else text
