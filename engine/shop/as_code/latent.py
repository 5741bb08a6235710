"""Both ends of a dimension, as code. Knows that a dimension is a product with an axis; not findings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from engine.core.schema import IndexSpec
from engine.shop.as_code.snippets import CantSay, Snippet, in_all_languages
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.command_line import ROUNDED, command
from engine.shop.as_code.writing.python_lines import CLIENT, INDEX
from engine.shop.as_code.writing.quoting import python_value, shell_option, sql_name, sql_names
from engine.shop.browsing.listing import MAX_LIMIT
from engine.shop.latent.request import DimensionRequest
from engine.shop.names import IMAGE_INDEX


@dataclass(frozen=True)
class DimensionAsked:
    """A dimension of an index's vectors.

    Attributes:
        columns: that its rows show. has_unit_vectors: whether all have length 1.
        exact_at: so many results that all rows are scored exactly. most: that an index gives.
    """

    request: DimensionRequest
    spec: IndexSpec
    columns: list[str]
    has_unit_vectors: bool
    rows: int
    exact_at: int
    most: int
    workspace: str

    @property
    def is_usual(self) -> bool:
        return self.spec.name == IMAGE_INDEX


def dimension(asked: DimensionAsked) -> tuple[Snippet, ...]:
    """Both ends in all languages."""
    writers = (_python, _sql, _curl, _command)
    return in_all_languages(*[partial(write, asked) for write in writers])


def _python(asked: DimensionAsked) -> Snippet:
    """A search with the axis: the cosine with it is the value; the other way round, the least."""
    if not asked.has_unit_vectors:
        raise CantSay(
            f"The vectors of {asked.spec.name} have other lengths than 1: the nearest to an axis are "
            "not those with the greatest values. SQL says it."
        )
    wanted = min(max(asked.request.k, asked.exact_at), asked.most)
    lines = [
        CLIENT,
        "",
        INDEX.format(index=asked.spec.name),
        "",
        "",
        "def outermost(sign):",
        f"    axis = [0.0] * {asked.spec.dimension}",
        f"    axis[{asked.request.dimension}] = sign",
        "    found = index.similarity_search(",
        "        query_vector=axis,",
        f"        columns={python_value(asked.columns, 8)},",
        f"        num_results={wanted},",
        "        disable_notice=True,",
        "    )",
        f'    best = found["result"]["data_array"][:{asked.request.k}]',
        "    # the score is 1 / (1 + d^2), d^2 is 2 - 2 * cosine, and that with an axis is the value",
        "    return [[*row[:-1], sign * (1.5 - 0.5 / row[-1])] for row in best]",
        "",
        "",
        "highest, lowest = outermost(1.0), outermost(-1.0)",
        "rows = highest + lowest",
        "for row in rows:",
        "    print(*row)",
    ]
    return Snippet("python", "\n".join(lines) + "\n", "rows", ("The value is the last column.",))


def _sql(asked: DimensionAsked) -> Snippet:
    spec = asked.spec
    if spec.source_table is None or spec.is_managed:
        raise CantSay(f"The vectors of {spec.name} stand in no table that SQL can read.")
    shown = sql_names(asked.columns)
    value = f"{sql_name(spec.vector_column)}[{asked.request.dimension}] AS value"
    key = sql_name(spec.primary_key)

    def end(name: str, order: str) -> list[str]:
        return [
            f"(SELECT '{name}' AS which,{shown}, {value}",
            f" FROM {spec.source_table} ORDER BY value {order}, {key} LIMIT {asked.request.k})",
        ]

    lines = [*end("highest", "DESC"), "UNION ALL", *end("lowest", "ASC")]
    return Snippet("sql", "\n".join(lines) + "\n")


def _curl(asked: DimensionAsked) -> Snippet:
    if asked.request.k > MAX_LIMIT:
        raise CantSay(f"/api/v1 gives at most {MAX_LIMIT} products at each end.")
    fields: list[tuple[str, object]] = [("limit", asked.request.k)]
    if not asked.is_usual:
        fields.append(("index", asked.spec.name))
    return Snippet("curl", curl_lines.get(f"/api/v1/latent/{asked.request.dimension}", fields))


def _command(asked: DimensionAsked) -> Snippet:
    options = [f"-k {asked.request.k}"]
    if not asked.is_usual:
        options.append(shell_option("--index", asked.spec.name))
    code = command("latent", options, asked.workspace, [str(asked.request.dimension)])
    return Snippet("vitrine", code, "rows", (ROUNDED,))
