"""How fast is the vector extension of SQLite?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import sqlite_vec
from filters import Filters, sql
from schema import COLUMNS, DIMENSION, KEY, SCORE, Row

from adapters.base import Adapter

try:
    import pysqlite3 as sqlite3  # many Pythons' own sqlite3 can't load extensions
except ImportError:
    import sqlite3

if TYPE_CHECKING:
    from catalogue import Catalogue

FILL = 1_000
FILTERED = ("master_category", "article_type", "base_color", "gender", "season")
KINDS = {KEY: "INTEGER PRIMARY KEY", "price": "FLOAT", "year": "INTEGER"}


class Contestant(Adapter):
    about = (
        "sqlite-vec: vec0, cosine, brute force; metadata columns for filters, the rest auxiliary; "
        "write-ahead log, synchronous = FULL"
    )
    packages = ("sqlite-vec", "pysqlite3-binary")
    writes = True

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        self.open(folder)
        columns = ", ".join(declared(name) for name in COLUMNS)
        self._connection.execute(
            "CREATE VIRTUAL TABLE products USING vec0"
            f"({columns}, vector FLOAT[{DIMENSION}] distance_metric=cosine)"
        )
        for products, vectors in catalogue.chunks(FILL):
            with self._connection:
                self._connection.executemany(INSERT, map(values, products, vectors))
        self._connection.close()

    def open(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "products.sqlite")
        self._connection.enable_load_extension(True)
        sqlite_vec.load(self._connection)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA mmap_size = 8000000000")

    def search(self, query: np.ndarray, k: int, filters: Filters | None) -> list[Row]:
        statement = SEARCH if filters is None else self.translated(filters)
        found = self._connection.execute(statement, (query.tobytes(), k)).fetchall()
        return [row_of(one) for one in found]

    def translate(self, filters: Filters) -> str:
        return f"{SEARCH} AND {sql(filters)}"

    def upsert(self, row: Row, vector: np.ndarray) -> None:
        with self._connection:  # a virtual table has no INSERT OR REPLACE
            self._connection.execute(DELETE, (row[KEY],))
            self._connection.execute(INSERT, values(row, vector))

    def delete(self, key: int) -> None:
        with self._connection:
            self._connection.execute(DELETE, (key,))


NAMES = ", ".join(COLUMNS)
SEARCH = f"SELECT {NAMES}, distance FROM products WHERE vector MATCH ? AND k = ?"
INSERT = f"INSERT INTO products ({NAMES}, vector) VALUES ({'?, ' * len(COLUMNS)}?)"
DELETE = f"DELETE FROM products WHERE {KEY} = ?"


def declared(name: str) -> str:
    auxiliary = name not in KINDS and name not in FILTERED
    return f"{'+' if auxiliary else ''}{name} {KINDS.get(name, 'TEXT')}"


def values(row: Row, vector: np.ndarray) -> list:
    """A row as stored: metadata columns hold no nulls."""
    return [
        (-1 if name == "year" else "") if row[name] is None else row[name] for name in COLUMNS
    ] + [vector.tobytes()]


def row_of(found: tuple) -> Row:
    row = dict(zip(COLUMNS, (None if value in ("", -1) else value for value in found)))
    return row | {SCORE: 1 - found[-1]}
