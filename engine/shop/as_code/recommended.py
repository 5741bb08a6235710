"""Recommendations as code. Knows what is by vectors and what by rules; not how rules judge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from engine.shop.as_code.search.sql import SCORE
from engine.shop.as_code.snippets import CantSay, Snippet, in_all_languages
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.command_line import ROUNDED, command, filter_option
from engine.shop.as_code.writing.curl_lines import ALL_COLUMNS, part
from engine.shop.as_code.writing.python_lines import CLIENT, INDEX, SDK
from engine.shop.as_code.writing.quoting import (
    json_text,
    plain,
    python_text,
    python_value,
    shell_option,
    sql_name,
    sql_names,
    sql_text,
)
from engine.shop.names import INTERACTIONS, USER_FEATURES
from engine.shop.people.recommending.request import VECTOR_WEIGHT, RecommendRequest

_RULES = (
    "The rules of category, colour and price, and diversity, are this shop's: no search of the cloud "
    "weighs them. This is the part by the user's vector alone; its rows are others."
)
_SCALED = (
    "The score of a recommendation is the cosine, scaled from the farthest product to the nearest; the "
    "API's score orders the same way."
)


@dataclass(frozen=True)
class RecommendAsked:
    """Recommendations, and what they are of.

    Attributes:
        index: the index of both embeddings. columns: that its rows show. key: of its primary keys.
        is_by_vector: whether nothing but the user's vector counts.
        trouble: why there is no vector to search with; None where there is one.
        seen: how many products are left out because the user knows them.
        most: results that an index gives at most.
        exact_at: so many that all rows are scored exactly.
    """

    request: RecommendRequest
    index: str
    columns: list[str]
    key: str
    is_by_vector: bool
    trouble: str | None
    seen: int
    exact_at: int
    most: int
    workspace: str

    @property
    def num_results(self) -> int:
        wanted = self.request.offset + self.request.k + self.seen
        return min(max(wanted, self.exact_at), self.most)


def recommended(asked: RecommendAsked) -> tuple[Snippet, ...]:
    """Recommendations in all languages."""
    writers = (_python, _sql, _curl, _command)
    return in_all_languages(*[partial(write, asked) for write in writers])


def _gives(asked: RecommendAsked) -> dict[str, Any]:
    if asked.trouble is not None:
        raise CantSay(
            f"These products are by rules or by what most users like, which no search of the cloud "
            f"weighs: {asked.trouble}"
        )
    by_vector = asked.is_by_vector
    return {"gives": "rows" if by_vector else "part", "notes": (_SCALED if by_vector else _RULES,)}


def _python(asked: RecommendAsked) -> Snippet:
    how, request = _gives(asked), asked.request
    cut = f"[{request.offset or ''}:{request.offset + request.k}]"
    lines = ["import json", "", CLIENT, SDK, *_statement(), ""]
    user = f"user={python_text(request.user)}"
    vector = f'"SELECT user_embedding FROM {USER_FEATURES} WHERE user_id = :user"'
    lines.append("vector = json.loads(")
    lines += [f"    rows_of({vector}, {user})[0][0]", ")"]
    if not request.include_seen:
        known = f'"SELECT DISTINCT product_id FROM {INTERACTIONS} WHERE user_id = :user"'
        lines.append(f"seen = {{row[0] for row in rows_of({known}, {user})}}")
    columns = asked.columns if asked.key in asked.columns else [asked.key, *asked.columns]
    lines += [INDEX.format(index=asked.index), "found = index.similarity_search("]
    lines += ["    query_vector=[float(each) for each in vector],"]
    lines += [f"    columns={python_value(columns, 4)},"]
    if request.filters:
        lines.append(f"    filters={python_value(request.filters, 4)},")
    lines += [f"    num_results={asked.num_results},", "    disable_notice=True,", ")"]
    lines.append('rows = found["result"].get("data_array", [])')
    if not request.include_seen:
        place = columns.index(asked.key)
        text = f"str(row[{place}]).removesuffix('.0')"  # integers come as floats
        lines.append(f"rows = [row for row in rows if {text} not in seen]")
    lines += [f"rows = rows{cut}", "for row in rows:", "    print(*row)"]
    return Snippet("python", "\n".join(lines) + "\n", **how)


def _statement() -> list[str]:
    return [
        "from databricks.sdk.service.sql import StatementParameterListItem",
        "",
        "w = WorkspaceClient()  # reads DATABRICKS_HOST and DATABRICKS_TOKEN",
        "warehouse = next(iter(w.warehouses.list())).id",
        "",
        "",
        "def rows_of(statement, user):",
        "    reply = w.statement_execution.execute_statement(",
        "        statement,",
        "        warehouse,",
        '        parameters=[StatementParameterListItem(name="user", value=user)],',
        '        wait_timeout="50s",',
        "    )",
        "    return reply.result.data_array or []",
        "",
    ]


def _sql(asked: RecommendAsked) -> Snippet:
    how, request = _gives(asked), asked.request
    user = sql_text(request.user)
    given = [
        f"    index => {sql_text(asked.index)},",
        f"    query_vector => (SELECT user_embedding FROM {USER_FEATURES} WHERE user_id = {user}),",
    ]
    if request.filters:
        text = request.filters if isinstance(request.filters, str) else json_text(request.filters)
        given.append(f"    filters => {sql_text(text)},")
    key = sql_name(asked.key)
    unseen = (
        f"WHERE {key} NOT IN (SELECT product_id FROM {INTERACTIONS} WHERE user_id = {user}"
        " AND product_id IS NOT NULL)"
    )
    lines = [
        f"SELECT{sql_names(asked.columns)}, {SCORE}",
        "FROM vector_search(",
        *given,
        f"    num_results => {asked.num_results}",
        ")",
        *([] if request.include_seen else [unseen]),
        f"ORDER BY {SCORE} DESC, {key}",
        f"LIMIT {request.k}" + (f" OFFSET {request.offset}" if request.offset else ""),
    ]
    return Snippet("sql", "\n".join(lines) + "\n", **how)


def _options(request: RecommendRequest) -> list[tuple[str, object]]:
    """What differs from what is usual, by the names of `/api/v1` and the command."""
    usual = {
        "vector_weight": VECTOR_WEIGHT,
        "category_weight": 1.0,
        "color_weight": 1.0,
        "price_weight": 1.0,
        "diversity": 0.0,
    }
    found = [(name, getattr(request, name)) for name in usual]
    return [(name, value) for name, value in found if value != usual[name]]


def _curl(asked: RecommendAsked) -> Snippet:
    request = asked.request
    fields: list[tuple[str, object]] = [("limit", request.k)]
    if request.offset:
        fields.append(("offset", request.offset))
    fields += _options(request)
    if request.include_seen:
        fields.append(("include_seen", "true"))
    if request.filters:
        given = plain(request.filters)
        fields.append(("filters", given if isinstance(given, str) else json_text(given)))
    path = f"/api/v1/search/recommendations/{part(request.user)}"
    return Snippet("curl", curl_lines.get(path, fields), "rows", (ALL_COLUMNS,))


def _command(asked: RecommendAsked) -> Snippet:
    request = asked.request
    options = [f"-k {request.k}"]
    if request.offset:
        options.append(f"--offset {request.offset}")
    options += [
        shell_option(f"--{name.replace('_', '-')}", value) for name, value in _options(request)
    ]
    options += ["--include-seen"] * request.include_seen
    options += filter_option(request.filters)
    code = command("recommend", options, asked.workspace, [request.user])
    return Snippet("vitrine", code, "rows", (ROUNDED,))
