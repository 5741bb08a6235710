"""Products by their table alone, as code: a page of them, and those that hold every word.

Knows the table's rows and the dialect; not doors.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from engine.core.filters.tree import columns_of
from engine.core.query_request import check_columns, parse_filters
from engine.core.ranking.sorting import parse_sort
from engine.shop.as_code.snippets import CantSay, Snippet, in_all_languages
from engine.shop.as_code.writing import curl_lines
from engine.shop.as_code.writing.command_line import ROUNDED, command, filter_option
from engine.shop.as_code.writing.conditions import condition
from engine.shop.as_code.writing.curl_lines import ALL_COLUMNS
from engine.shop.as_code.writing.python_lines import statement_lines
from engine.shop.as_code.writing.quoting import (
    json_text,
    plain,
    shell_option,
    sql_name,
    sql_names,
    sql_text,
)
from engine.shop.browsing.listing import MAX_LIMIT, ListRequest
from engine.shop.browsing.row_texts import folded
from engine.shop.browsing.rows import ProductRows
from engine.shop.search.keyword import MOST_WORDS
from engine.shop.search.request import SearchRequest

_BY_SQL = "The client searches indexes; rows of the table alone are asked for by SQL."
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")
_OUTSIDE = "[^\\p{L}\\p{N}_]"


@dataclass(frozen=True)
class Table:
    """The products table.

    Attributes:
        rows: it has them. all_rows: how many the table itself has, also those without a key.
        workspace: its directory.
    """

    rows: ProductRows
    all_rows: int
    workspace: str

    def check_whole(self) -> None:
        """Raises CantSay: rows of the table are no products, which SQL would show."""
        if len(self.rows) != self.all_rows:
            raise CantSay(
                f"{self.all_rows - len(self.rows):,} rows of {self.rows.name} have no key, or one that "
                "an earlier row has; they are no products, and SQL would show them."
            )

    def where(self, filters: object) -> str:
        """The filter as a condition; empty for none."""
        node = parse_filters(filters, None, self.rows.columns)
        if node is None:
            return ""
        return condition(node, {name for name in columns_of(node) if self.holds_nan(name)})

    def holds_nan(self, column: str) -> bool:
        """Whether some product has NaN in a column."""
        if self.rows.columns[column].kind != "float":
            return False
        values = self.rows.values(column, np.arange(len(self.rows), dtype=np.int64))
        return any(value != value for value in values)


# ------------------------------------------------------------------ a page of products
def listed(request: ListRequest, table: Table) -> tuple[Snippet, ...]:
    """A page of products in all languages.

    Raises:
        BadRequest, InvalidParameterValue: as the page itself.
    """
    request.check()
    sort = [request.sort] if isinstance(request.sort, str) else list(request.sort or ())
    order = parse_sort(sort, table.rows.columns)
    table.rows.facets(request.facets, np.empty(0, dtype=np.int64))
    parse_filters(request.filters, None, table.rows.columns)

    def sql() -> Snippet:
        table.check_whole()
        names = [(each.column, each.descending) for each in order]
        _check_sorted(table, [name for name, _ in names])
        orders = [f"{sql_name(n)} {'DESC' if down else 'ASC'} NULLS LAST" for n, down in names]
        where = table.where(request.filters)
        lines = [
            f"SELECT{sql_names(list(table.rows.columns))}",
            f"FROM {table.rows.name}",
            *([f"WHERE {where}"] if where else []),
            f"ORDER BY {', '.join([*orders, sql_name(table.rows.catalogue.key)])}",
            f"LIMIT {request.limit}" + (f" OFFSET {request.offset}" if request.offset else ""),
        ]
        notes = ("Facets are counted by GROUP BY.",) if request.facets else ()
        return Snippet("sql", "\n".join(lines) + "\n", "rows", notes)

    return in_all_languages(
        partial(by_statement, sql),
        sql,
        partial(_curl_list, request, sort),
        partial(_command_list, request, sort, table.workspace),
    )


def by_statement(sql: Callable[[], Snippet]) -> Snippet:
    """A statement in Python, which has no other call for it."""
    made = sql()
    lines = statement_lines(made.code.rstrip("\n"))
    return Snippet("python", "\n".join(lines) + "\n", made.gives, (_BY_SQL, *made.notes))


def _check_sorted(table: Table, names: Sequence[str]) -> None:
    """Raises CantSay: NaN, which SQL takes for the greatest number, and pages for none."""
    for name in names:
        if table.holds_nan(name):
            raise CantSay(f"Column {name} holds NaN, which SQL sorts as the greatest number.")


def _curl_list(request: ListRequest, sort: Sequence[str]) -> Snippet:
    fields: list[tuple[str, object]] = []
    if request.filters:
        given = request.filters
        fields.append(("filters", given if isinstance(given, str) else json_text(given)))
    fields += [("sort", each) for each in sort]
    fields.append(("limit", request.limit))
    if request.offset:
        fields.append(("offset", request.offset))
    fields += [("facets", each) for each in request.facets or ()]
    return Snippet("curl", curl_lines.get("/api/v1/products", fields))


def _command_list(request: ListRequest, sort: Sequence[str], workspace: str) -> Snippet:
    options = filter_option(request.filters)
    options += [shell_option("--sort", each) for each in sort]
    options.append(f"--limit {request.limit}")
    if request.offset:
        options.append(f"--offset {request.offset}")
    options += [shell_option("--facet", each) for each in request.facets or ()]
    return Snippet("vitrine", command("products", options, workspace), "rows", (ROUNDED,))


# ------------------------------------------------------------------ every word
def by_keywords(request: SearchRequest, table: Table) -> tuple[Snippet, ...]:
    """A search by keywords in all languages.

    Raises:
        BadRequest, InvalidParameterValue, InvalidInputException: as the search itself.
    """
    request.checked_type()
    columns = check_columns(request.columns or list(table.rows.columns), table.rows.columns)
    table.rows.facets(request.facets, np.empty(0, dtype=np.int64))
    parse_filters(request.filters, None, table.rows.columns)
    sql = partial(_sql_words, request, table, columns)
    return in_all_languages(
        partial(by_statement, sql),
        sql,
        partial(_curl_words, request),
        partial(_command_words, request, table.workspace),
    )


def _sql_words(request: SearchRequest, table: Table, columns: Sequence[str]) -> Snippet:
    """Every word in one text of the columns, best those in which most stand alone."""
    table.check_whole()
    _check_letters(table)
    words = list(dict.fromkeys(folded(request.text or "").split()))
    if not words or len(words) > MOST_WORDS or any("\0" in word for word in words):
        raise CantSay("A text without a word, or with too many, finds nothing in SQL's terms.")
    known = [name for name in table.rows.catalogue.words if name in table.rows.columns]
    inner = sql_names(list(dict.fromkeys([*table.rows.columns])))
    whole = [
        f"CASE WHEN words RLIKE {sql_text(_alone(word))} THEN 1 ELSE 0.5 END" for word in words
    ]
    where = table.where(request.filters)
    tests = [f"contains(words, {sql_text(word)})" for word in words]
    lines = [
        "WITH texts AS (",
        f"    SELECT{inner},",
        f"        concat('\\n', lower({_joined(known)}), '\\n') AS words",
        f"    FROM {table.rows.name}",
        ")",
        f"SELECT{sql_names(columns)},",
        f"    CAST({' + '.join(whole)} AS DOUBLE) / {len(words)} AS score",
        "FROM texts",
        f"WHERE {' AND '.join(tests)}",
        *([f"    AND ({where})"] if where else []),
        f"ORDER BY score DESC, {sql_name(table.rows.catalogue.key)}",
        f"LIMIT {request.k}" + (f" OFFSET {request.offset}" if request.offset else ""),
    ]
    return Snippet("sql", "\n".join(lines) + "\n")


def _joined(names: Sequence[str]) -> str:
    """The columns' texts, a line each; a word stands in one of them."""
    return f"concat_ws('\\n', {', '.join(map(sql_name, names))})"


def _check_letters(table: Table) -> None:
    """Raises CantSay: letters that SQL's lower() folds otherwise than a search by keywords."""
    every = np.arange(len(table.rows), dtype=np.int64)
    known = [name for name in table.rows.catalogue.words if name in table.rows.columns]
    if any(table.rows.columns[name].kind != "string" for name in known):
        raise CantSay(
            "A search by keywords reads columns that hold no texts, which SQL writes its way."
        )
    columns = [table.rows.values(name, every) for name in known]
    text = "\n".join(value for values in columns for value in values if value is not None)
    if text.isascii():
        return
    odd = [letter for letter in set(text) if not _folds_alike(letter)]
    if odd or not unicodedata.is_normalized("NFKC", text):
        shown = ", ".join(sorted(odd)[:3]) or "a letter of several characters"
        raise CantSay(
            f"The products' texts hold letters ({shown}) that SQL's lower() folds otherwise than a "
            "search by keywords does."
        )


def _folds_alike(letter: str) -> bool:
    lower = letter.lower()
    return len(lower) == 1 and folded(letter) == lower


def _alone(word: str) -> str:
    """A pattern of a word that stands alone."""
    escaped = _SPECIAL.sub(lambda match: f"\\{match[0]}", word)
    return f"{_OUTSIDE}{escaped}{_OUTSIDE}"


def _curl_words(request: SearchRequest) -> Snippet:
    if request.k > MAX_LIMIT:
        raise CantSay(f"/api/v1 gives at most {MAX_LIMIT} rows a call; ask for pages by offset.")
    body: dict[str, object] = {"query": request.text, "limit": request.k}
    if request.offset:
        body["offset"] = request.offset
    if request.filters:
        body["filters"] = plain(request.filters)
    if request.facets:
        body["facets"] = list(request.facets)
    return Snippet("curl", curl_lines.post("/api/v1/search/keyword", body), "rows", (ALL_COLUMNS,))


def _command_words(request: SearchRequest, workspace: str) -> Snippet:
    options = ["--keyword", f"-k {request.k}"]
    if request.offset:
        options.append(f"--offset {request.offset}")
    options += filter_option(request.filters)
    options += [shell_option("--facet", each) for each in request.facets or ()]
    if request.columns is not None:
        options.append(shell_option("--columns", ",".join(request.columns)))
    code = command("search", options, workspace, [request.text or ""])
    return Snippet("vitrine", code, "rows", (ROUNDED,))
