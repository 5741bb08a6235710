"""How fast is DuckDB alone: all vectors compared by one SQL statement?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from engine.bench.contest.contestant import Contestant as Base
from engine.bench.contest.filters import Filters, sql
from engine.bench.contest.schema import SCORE, Row, Schema

if TYPE_CHECKING:
    from engine.bench.contest.catalogue import Catalogue
    from engine.core.arrays import Vector


class Contestant(Base):
    about = "DuckDB, a table on disk, ORDER BY array_inner_product, one statement; brute force"
    packages = ("duckdb",)
    writes = True

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self._vector = f"FLOAT[{schema.dimension}]"
        self._names = ", ".join(schema.names)

    def build(self, folder: Path, catalogue: Catalogue) -> None:
        vector = self.schema.vector
        with duckdb.connect(folder / "products.duckdb") as connection:
            connection.execute(
                f"CREATE TABLE products AS SELECT * REPLACE ({vector}::{self._vector} AS {vector}) "
                "FROM read_parquet(?)",
                [str(catalogue.file)],
            )
            connection.execute(f"ALTER TABLE products ADD PRIMARY KEY ({self.schema.key})")

    def open(self, folder: Path) -> None:
        self._connection = duckdb.connect(folder / "products.duckdb")

    def search(self, query: Vector, k: int, filters: Filters | None) -> list[Row]:
        names = (*self.schema.names, SCORE)
        return [dict(zip(names, one)) for one in self._found(self._names, query, k, filters)]

    def nearest(self, query: Vector, k: int, filters: Filters | None) -> list[int]:
        return [one[0] for one in self._found(self.schema.key, query, k, filters)]

    def _found(
        self, columns: str, query: Vector, k: int, filters: Filters | None
    ) -> list[tuple[Any, ...]]:
        where = "" if filters is None else f"WHERE {self.translated(filters)}"
        statement = (
            f"SELECT {columns}, array_inner_product({self.schema.vector}, $1::{self._vector}) AS score "
            f"FROM products {where} ORDER BY score DESC LIMIT {k}"
        )
        return self._connection.execute(statement, [query]).fetchall()

    def translate(self, filters: Filters) -> str:
        return sql(filters)

    def upsert(self, row: Row, vector: Vector) -> None:
        marks = "?, " * len(self.schema.names)
        self._connection.execute(
            f"INSERT OR REPLACE INTO products ({self._names}, {self.schema.vector}) "
            f"VALUES ({marks}?)",
            [*(row[name] for name in self.schema.names), vector],
        )

    def delete(self, key: int) -> None:
        self._connection.execute(f"DELETE FROM products WHERE {self.schema.key} = ?", [key])
