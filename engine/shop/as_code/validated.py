"""A cross-modal validation as code: its searches by the photos' index. Knows queries, no judgements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from engine.shop.as_code.search.sql import SCORE
from engine.shop.as_code.snippets import CantSay, Snippet, in_all_languages
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.command_line import ROUNDED, command
from engine.shop.as_code.writing.python_lines import CLIENT, INDEX, SDK
from engine.shop.as_code.writing.quoting import (
    python_text,
    python_value,
    shell_option,
    sql_name,
    sql_names,
    sql_text,
)
from engine.shop.names import IMAGE_INDEX
from engine.shop.validation.request import SEARCHES, ValidateRequest

_PART = (
    "These are the rows that are judged. Which are right, and how many, is counted by vitrine validate "
    "and /api/v1/validate."
)


@dataclass(frozen=True)
class ValidateAsked:
    """A validation: its texts, and the index of photos.

    Attributes:
        endpoint: the serving endpoint with the index's model; None where there is none.
        columns: that the rows show. key: the column of keys.
    """

    request: ValidateRequest
    queries: Sequence[str]
    index: str
    key: str
    columns: list[str]
    endpoint: str | None
    workspace: str


def validated(asked: ValidateAsked) -> tuple[Snippet, ...]:
    """A validation in all languages."""
    writers = (_python, _sql, _curl, _command)
    return in_all_languages(*[partial(write, asked) for write in writers])


def _endpoint(asked: ValidateAsked) -> str:
    if asked.endpoint is None:
        raise CantSay(
            f"No serving endpoint answers with the model of {asked.index}. Make one: vitrine serving "
            "create NAME --encoder MODEL."
        )
    return asked.endpoint


def _python(asked: ValidateAsked) -> Snippet:
    lines = [
        CLIENT,
        SDK,
        "",
        "w = WorkspaceClient()  # reads DATABRICKS_HOST and DATABRICKS_TOKEN",
        INDEX.format(index=asked.index),
        f"queries = {python_value(list(asked.queries))}",
        "rows = []",
        "for query in queries:",
        "    reply = w.serving_endpoints.query(",
        f'        {python_text(_endpoint(asked))}, dataframe_records=[{{"text": query}}]',
        "    )",
        "    found = index.similarity_search(",
        "        query_vector=reply.predictions[0],",
        f"        columns={python_value(asked.columns, 8)},",
        f"        num_results={asked.request.k},",
        "        disable_notice=True,",
        "    )",
        '    rows += [[query, *row] for row in found["result"].get("data_array", [])]',
        "for row in rows:",
        "    print(*row)",
    ]
    return Snippet("python", "\n".join(lines) + "\n", "part", (_PART,))


def _sql(asked: ValidateAsked) -> Snippet:
    values = ",\n        ".join(f"({n}, {sql_text(q)})" for n, q in enumerate(asked.queries, 1))
    lines = [
        f"SELECT q.query,{sql_names(asked.columns)}, {SCORE}",
        "FROM (",
        f"    VALUES {values}",
        ") AS q(place, query),",
        "    LATERAL vector_search(",
        f"        index => {sql_text(asked.index)},",
        f"        query_vector => ai_query({sql_text(_endpoint(asked))}, q.query),",
        f"        num_results => {asked.request.k}",
        "    ) AS s",
        f"ORDER BY q.place, {SCORE} DESC, {sql_name(asked.key)}",
    ]
    return Snippet("sql", "\n".join(lines) + "\n", "part", (_PART,))


def _curl(asked: ValidateAsked) -> Snippet:
    request = asked.request
    if request.encoder is not None:
        raise CantSay("/api/v1/validate takes no model; the command does.")
    if isinstance(request.queries, Path):
        raise CantSay("/api/v1/validate takes texts and no file of queries; the command does.")
    body: dict[str, object] = {"queries": list(asked.queries), "k": request.k}
    if tuple(request.searches) != SEARCHES:
        body["searches"] = list(request.searches)
    if asked.index != IMAGE_INDEX:
        body["index"] = asked.index
    return Snippet("curl", curl_lines.post("/api/v1/validate", body))


def _command(asked: ValidateAsked) -> Snippet:
    request = asked.request
    options = [f"-k {request.k}"]
    if tuple(request.searches) != SEARCHES:
        options += [f"--search {name}" for name in request.searches]
    if asked.index != IMAGE_INDEX:
        options.append(shell_option("--index", asked.index))
    if request.encoder is not None:
        options.append(shell_option("--encoder", request.encoder))
    texts = list(asked.queries) if request.queries is not None else []
    if isinstance(request.queries, Path):
        options.append(shell_option("--queries", request.queries.absolute()))
        texts = []
    code = command("validate", options, asked.workspace, texts)
    return Snippet("vitrine", code, "rows", (ROUNDED,))
