"""A catalogue with columns that are made for filters, and queries that lie near known centres.

`shuffled` numbers the rows at random. `near_0`, `near_1`, ... number them by their inner product with a
centre, the nearest first. A centre is itself a query that isn't asked; the queries next to it are.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from engine.bench.contest.catalogue import Catalogue, write_catalogue
from engine.bench.contest.products import Products
from engine.bench.contest.schema import Kind, Schema
from engine.bench.contest.truth import exact, make_truth
from engine.core.arrays import Matrix
from engine.errors import InvalidParameterValue

SHUFFLED = "shuffled"
CENTRES = 5
CANDIDATES = 8  # drawn for each next centre, of which the one furthest from the others is taken
GROUPS = "groups.json"

Make = Callable[[Path], tuple[Products, Schema]]


def near(centre: int) -> str:
    """The column that numbers rows from a centre on."""
    return f"near_{centre}"


@dataclass(frozen=True)
class FilteredData:
    """The catalogue, with all its queries in groups, one for each centre."""

    catalogue: Catalogue

    @cached_property
    def groups(self) -> dict[str, list[list[int]]]:
        """Numbers of the queries near each centre: `measured`, and others that are for `tuning`."""
        found: dict[str, list[list[int]]] = json.loads((self.catalogue.folder / GROUPS).read_text())
        return found

    @cached_property
    def nearest(self) -> np.ndarray:
        """(q, 100) rows nearest to each query without a filter, fewer where there are no more."""
        every = {"all": np.ones(len(self.catalogue.vectors), bool)}
        places: np.ndarray = exact(self.catalogue.vectors, self.catalogue.queries, every)["all"][0]
        return places[:, : len(self.catalogue.vectors)]

    @property
    def rows(self) -> int:
        return len(self.catalogue.vectors)


def prepare(make: Make, folder: Path, *, count: int, tuning: int, seed: int) -> FilteredData:
    """Write the data to a folder; what an earlier run wrote there is taken as it is.

    Args:
        make: gives the products, whose queries are those to choose from; it may write `vectors.npy` to
            the folder that it gets.
        count, tuning: queries that are measured, and others that tune; about, each centre has as many.

    Raises InvalidParameterValue: fewer queries than that.
    """
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        products, schema = make(unfinished)
        _write(products, schema, unfinished, (count, tuning), np.random.default_rng(seed))
        unfinished.rename(folder)
    return FilteredData(Catalogue(folder))


def _write(
    products: Products,
    schema: Schema,
    folder: Path,
    counts: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    pool = distinct(products.queries)
    each = [max(1, -(-count // CENTRES)) for count in counts]
    if len(pool) < CENTRES * (1 + sum(each)):
        raise InvalidParameterValue(
            f"{len(pool):,} different queries; expected at least {CENTRES * (1 + sum(each))}: "
            f"{CENTRES} centres, and {sum(each)} around each"
        )
    centres = spread(pool, rng)
    # Those that tune lie as near to their centre as those that are measured.
    around = rng.permuted(neighbours(pool, centres, sum(each)), axis=1)
    asked = np.concatenate([around[:, : each[0]].ravel(), around[:, each[0] :].ravel()])
    columns = products.columns
    made = {SHUFFLED: rng.permutation(len(columns))}
    made |= {near(n): ranks(products.vectors, pool[centre]) for n, centre in enumerate(centres)}
    for name, values in made.items():
        columns = columns.append_column(name, pa.array(values, pa.int64()))
    kinds: dict[str, Kind] = {**schema.columns, **dict.fromkeys(made, "long")}
    own = Schema(schema.key, schema.vector, schema.dimension, kinds, tuple(made))
    catalogue = write_catalogue(folder, own, columns, products.vectors, pool[asked])
    make_truth(catalogue, len(asked))
    numbers = np.arange(len(asked))
    split = CENTRES * each[0]
    groups = {"measured": numbers[:split], "tuning": numbers[split:]}
    document = {name: part.reshape(CENTRES, -1).tolist() for name, part in groups.items()}
    (folder / GROUPS).write_text(json.dumps(document))


def distinct(queries: Matrix) -> Matrix:
    """Queries without repetitions, in their order: products share names, and so text vectors."""
    _, first = np.unique(queries, axis=0, return_index=True)
    found: Matrix = queries[np.sort(first)]
    return found


def spread(pool: Matrix, rng: np.random.Generator) -> list[int]:
    """Places of queries that lie apart: each the furthest from the others of a few that are drawn."""
    chosen = [int(rng.integers(len(pool)))]
    while len(chosen) < CENTRES:
        free = np.setdiff1d(np.arange(len(pool)), chosen)
        drawn = rng.permutation(free)[:CANDIDATES]
        nearest = (pool[drawn] @ pool[chosen].T).max(axis=1)
        chosen.append(int(drawn[nearest.argmin()]))
    return chosen


def neighbours(pool: Matrix, centres: list[int], each: int) -> np.ndarray:
    """(centres, each) places of the queries nearest to each centre; none is near two of them."""
    taken, found = set(centres), []
    for centre in centres:
        order = [int(n) for n in np.argsort(-(pool @ pool[centre]), kind="stable")]
        found.append([n for n in order if n not in taken][:each])
        taken |= set(found[-1])
    return np.array(found)


def ranks(vectors: Matrix, centre: np.ndarray) -> np.ndarray:
    """(n,) int64: how many rows are nearer to a centre; ties go to the first row."""
    order = np.argsort(-(vectors @ centre), kind="stable")
    out = np.empty(len(order), np.int64)
    out[order] = np.arange(len(order))
    return out
