"""What goes with a product, as code. Knows how a look is chosen; not how products are compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.shop.as_code.search.asked import SearchAsked
from engine.shop.as_code.search.sql import SCORE
from engine.shop.as_code.snippets import CantSay, Gives, Snippet, in_all_languages
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.command_line import ROUNDED, command
from engine.shop.as_code.writing.curl_lines import ALL_COLUMNS, part
from engine.shop.as_code.writing.python_lines import CLIENT, INDEX
from engine.shop.as_code.writing.quoting import (
    json_text,
    python_text,
    python_value,
    sql_name,
    sql_names,
    sql_text,
)

_CO_LIKED = (
    "What people like together counts as much as vectors do, here and in no search of the cloud: these "
    "are the nearest by vectors alone, in turns of the categories."
)


@dataclass(frozen=True)
class LookRequest:
    """What goes with a product: its key, and how many products, 1 to 200."""

    key: object
    k: int = 8


@dataclass(frozen=True)
class LookAsked:
    """A look, as it was chosen.

    Attributes:
        search: the search for the products that it is chosen from, nearest first.
        category: the column whose values take turns.
        is_co_liked: whether what people like together was counted.
    """

    key: Any
    k: int
    search: SearchAsked
    category: str
    is_co_liked: bool
    workspace: str


def look(asked: LookAsked) -> tuple[Snippet, ...]:
    """A look in all languages."""
    writers = (_python, _sql, _curl, _command)
    return in_all_languages(*[partial(write, asked) for write in writers])


def _notes(asked: LookAsked) -> tuple[str, ...]:
    if asked.is_co_liked:
        return (_CO_LIKED,)
    return ("The score of a look is (1 + cosine) / 2; the API's score orders the same way.",)


def _python(asked: LookAsked) -> Snippet:
    spec = asked.search.parts.spec
    if asked.category not in asked.search.columns:
        raise CantSay(f"Index {spec.name} has no column {asked.category}, whose values take turns.")
    lines = [
        "from collections import Counter",
        "",
        CLIENT,
        "",
        INDEX.format(index=spec.name),
        "own = index.similarity_search(",
        f"    query_vector=[1.0] + [0.0] * {spec.dimension - 1},  # any: one row matches",
        f"    columns=[{python_text(spec.vector_column)}],",
        f"    filters={{{python_text(spec.primary_key)}: {python_value(asked.key)}}},",
        "    num_results=1,",
        "    disable_notice=True,",
        ")",
        "found = index.similarity_search(",
        '    query_vector=own["result"]["data_array"][0][0],',
        f"    columns={python_value(asked.search.columns, 4)},",
        f"    filters={python_value(asked.search.filters, 4)},",
        f"    num_results={asked.search.num_results},",
        "    disable_notice=True,",
        ")",
        "taken, turns = Counter(), []  # the best of each category, then the second best of each, ...",
        'for place, row in enumerate(found["result"].get("data_array", [])):',
        f"    category = row[{asked.search.columns.index(asked.category)}]",
        "    turns.append((taken[category], place, row))",
        "    taken[category] += 1",
        f"rows = [row for _, _, row in sorted(turns)[:{asked.k}]]",
        "for row in rows:",
        "    print(*row)",
    ]
    gives: Gives = "part" if asked.is_co_liked else "rows"
    return Snippet("python", "\n".join(lines) + "\n", gives, _notes(asked))


def _sql(asked: LookAsked) -> Snippet:
    spec = asked.search.parts.spec
    if asked.category not in asked.search.columns:
        raise CantSay(f"Index {spec.name} has no column {asked.category}, whose values take turns.")
    if spec.source_table is None:
        raise CantSay("SQL can't read the vector of a product of a direct access index.")
    filters = asked.search.filters
    text = filters if isinstance(filters, str) else json_text(filters)
    order = f"{SCORE} DESC, {sql_name(spec.primary_key)}"
    own = (
        f"(SELECT {sql_name(spec.vector_column)} FROM {spec.source_table}"
        f" WHERE {sql_name(spec.primary_key)} = {_value(asked.key)})"
    )
    lines = [
        "WITH near AS (",
        f"    SELECT *, row_number() OVER (PARTITION BY {sql_name(asked.category)} ORDER BY {order})"
        " AS turn",
        "    FROM vector_search(",
        f"        index => {sql_text(spec.name)},",
        f"        query_vector => {own},",
        f"        filters => {sql_text(text)},",
        f"        num_results => {asked.search.num_results}",
        "    )",
        ")",
        f"SELECT{sql_names(asked.search.columns)}, {SCORE}",
        "FROM near",
        f"ORDER BY turn, {order}",
        f"LIMIT {asked.k}",
    ]
    gives: Gives = "part" if asked.is_co_liked else "rows"
    return Snippet("sql", "\n".join(lines) + "\n", gives, _notes(asked))


def _value(key: object) -> str:
    return sql_text(key) if isinstance(key, str) else str(key)


def _curl(asked: LookAsked) -> Snippet:
    path = f"/api/v1/products/{part(asked.key)}/complete-the-look"
    return Snippet("curl", curl_lines.get(path, [("limit", asked.k)]), "rows", (ALL_COLUMNS,))


def _command(asked: LookAsked) -> Snippet:
    key = str(asked.key)
    options = ["--look", f"--limit {asked.k}"]
    return Snippet(
        "vitrine", command("products", options, asked.workspace, [key]), "rows", (ROUNDED,)
    )
