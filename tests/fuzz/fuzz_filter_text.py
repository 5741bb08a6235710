"""A fuzzer of both filter dialects, guided by coverage, to be run by hand; no part of the tests.

    pip install atheris
    python tests/fuzz/fuzz_filter_text.py /tmp/finds tests/fuzz/filters -max_total_time=300

New inputs go to the first folder. What breaks is written to a file `crash-...`: it becomes a file of
`tests/fuzz/filters`, which `test_corpus.py` replays, and a named test.
"""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from typing import Any

from engine.core.filters.dict_form import parse_dict
from engine.core.filters.sql import to_sql
from engine.core.filters.text_form import parse_text
from engine.core.filters.tree import columns_of, matches
from engine.core.schema import Column
from engine.errors import BadRequest

COLUMNS = {
    column.name: column
    for column in [
        Column("id", "int"),
        Column("price", "float"),
        Column("brand", "string"),
        Column("in_stock", "boolean"),
        Column("date", "date"),
        Column("listed_at", "timestamp"),
        Column("tags", "string", is_array=True),
        Column("a `b", "int"),
        Column("vector", "other", is_array=True),
    ]
}
ALIASES = {name: f"column_{place}" for place, name in enumerate(COLUMNS)}
FULL: dict[str, Any] = {
    "id": 2**53 + 1,
    "price": -0.0,
    "brand": "größe 👗",
    "in_stock": False,
    "date": date(2024, 2, 29),
    "listed_at": datetime(2024, 2, 29, 12),
    "tags": ["a", None],
    "a `b": 0,
    "vector": [0.6, 0.8],
}
EMPTY: dict[str, Any] = dict.fromkeys(COLUMNS)


def check(text: str) -> bool:
    """Give a text to both parsers; whether one of them took it. Raises where anything is wrong."""
    taken = False
    trees = []
    try:
        trees.append(parse_text(text, COLUMNS))
    except BadRequest as error:
        assert error.message
    try:
        trees.append(parse_dict(json.loads(text), COLUMNS))
    except (BadRequest, ValueError, RecursionError) as error:  # the latter two from json.loads
        if not isinstance(error, BadRequest):
            assert error.__traceback__ is not None
            assert error.__traceback__.tb_next is not None
            assert "json" in error.__traceback__.tb_next.tb_frame.f_code.co_filename, error
    for tree in trees:
        if tree is None:
            continue
        taken = True
        assert hash(tree) == hash(tree)
        assert columns_of(tree) <= COLUMNS.keys()
        sql, parameters = to_sql(tree, ALIASES)
        assert sql.count("?") == len(parameters)
        matches(tree, FULL)
        matches(tree, EMPTY)
    return taken


def main() -> None:
    """Run until something breaks or the time is over."""
    import atheris

    atheris.instrument_all()

    def one(data: bytes) -> None:
        check(data.decode("utf-8", "surrogateescape"))

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
