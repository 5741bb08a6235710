"""How fast is the vector extension of SQLite?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlite_vec

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, conditions, sql
from engine.bench.contest.schema import SCORE, Row, Schema

try:
    import pysqlite3 as sqlite3  # many Pythons' own sqlite3 can't load extensions
except ImportError:
    import sqlite3

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Vector

FILL = 1_000
TYPES = {"string": "TEXT", "long": "INTEGER", "double": "FLOAT"}
# Metadata columns hold no nulls: what stands for one, and passes no filter that is made here.
NULLS: dict[str, Any] = {"string": "\uffff", "long": -(10**18), "double": -1e18}


class Contestant(Base):
    about = (
        "sqlite-vec: vec0, cosine, brute force; metadata columns for filters, the rest auxiliary; "
        "write-ahead log, synchronous = FULL"
    )
    packages = ("sqlite-vec", "pysqlite3-binary")
    writes = True

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        names = ", ".join(schema.names)
        marks = "?, " * len(schema.names)
        self._search = f"SELECT {names}, distance FROM products WHERE vector MATCH ? AND k = ?"
        self._nearest = f"SELECT {schema.key} FROM products WHERE vector MATCH ? AND k = ?"
        self._insert = f"INSERT INTO products ({names}, vector) VALUES ({marks}?)"
        self._delete = f"DELETE FROM products WHERE {schema.key} = ?"

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        self.open(folder)
        columns = ", ".join(self._declared(name) for name in self.schema.names)
        self._connection.execute(
            "CREATE VIRTUAL TABLE products USING vec0"
            f"({columns}, vector FLOAT[{self.schema.dimension}] distance_metric=cosine)"
        )
        for products, vectors in catalogue.chunks(FILL):
            with self._connection:
                self._connection.executemany(self._insert, map(self._values, products, vectors))
        self._connection.close()

    def open(self, folder: Path) -> None:
        self._connection = sqlite3.connect(folder / "products.sqlite")
        self._connection.enable_load_extension(True)
        sqlite_vec.load(self._connection)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA mmap_size = 8000000000")

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        return [self._row(one) for one in self._found(self._search, query, k, filters)]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [key for (key,) in self._found(self._nearest, query, k, filters)]

    def _found(
        self, statement: str, query: Vector, k: int, filters: Filters | None
    ) -> list[tuple[Any, ...]]:
        if filters is not None:
            statement += self.translated(filters)
        found: list[tuple[Any, ...]] = self._connection.execute(
            statement, (query.tobytes(), k)
        ).fetchall()
        return found

    def translate(self, filters: Filters) -> str:
        text = f" AND {sql(filters)}"
        for column, operator, _ in conditions(filters):
            if operator == "<":
                text += f" AND {column} > {NULLS[self.schema.columns[column]]}"
        return text

    def upsert(self, row: Row, vector: Vector) -> None:
        with self._connection:  # a virtual table has no INSERT OR REPLACE
            self._connection.execute(self._delete, (row[self.schema.key],))
            self._connection.execute(self._insert, self._values(row, vector))

    def delete(self, key: int) -> None:
        with self._connection:
            self._connection.execute(self._delete, (key,))

    def _declared(self, name: str) -> str:
        if name == self.schema.key:
            return f"{name} INTEGER PRIMARY KEY"
        auxiliary = "" if name in self.schema.filtered else "+"
        return f"{auxiliary}{name} {TYPES[self.schema.columns[name]]}"

    def _values(self, row: Row, vector: Vector) -> list[Any]:
        """A row as stored."""
        values = [row[name] for name in self.schema.names]
        kinds = self.schema.columns.items()
        held = [
            NULLS[kind] if value is None and name in self.schema.filtered else value
            for value, (name, kind) in zip(values, kinds)
        ]
        return [*held, vector.tobytes()]

    def _row(self, found: tuple[Any, ...]) -> Row:
        kinds = self.schema.columns.items()
        row: Row = {
            name: None if value == NULLS[kind] else value
            for value, (name, kind) in zip(found, kinds)
        }
        return row | {SCORE: 1 - found[-1]}
