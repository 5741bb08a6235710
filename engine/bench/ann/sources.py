"""Which vectors are searched: a workspace's, clustered ones of several sizes, or those of a file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from engine import Workspace
from engine.bench.contest.contest import WARM
from engine.bench.contest.products import ASKED, TABLE, VECTOR, matrix
from engine.bench.vectors.clustered import clustered
from engine.bench.vectors.opening import open_vectors
from engine.bench.vectors.vector_set import VectorSet
from engine.bench.vectors.workspace import workspace_vectors
from engine.errors import InvalidParameterValue


@dataclass(frozen=True)
class Sources:
    """What was asked for; several are measured one after the other.

    Attributes:
        workspace: its products' vectors of photos, asked for by their vectors of texts; or
        index: the vectors of one of its indexes.
        rows, dimension, clusters: of clustered vectors, one set for each number of rows.
        vectors, queries, column: files, as `open_vectors` reads them.
    """

    workspace: Workspace | None = None
    index: str | None = None
    rows: tuple[int, ...] = ()
    dimension: int = 512
    clusters: int = 1_000
    vectors: Path | None = None
    queries: Path | None = None
    column: str | None = None


def opened(sources: Sources, folder: Path, count: int, seed: int) -> Iterator[VectorSet]:
    """The sets, each opened when it is its turn; clustered ones are drawn below the folder.

    Raises InvalidParameterValue: a workspace without products that have both vectors.
    """
    if sources.vectors is not None:
        found = open_vectors(sources.vectors, sources.column)
        if sources.queries is not None:
            asked = open_vectors(sources.queries)
            found = replace(
                found,
                queries=asked.vectors if asked.queries is None else asked.queries,
                neighbors=None,
            )
        yield found
    if sources.workspace is not None:
        if sources.index is None:
            yield product_vectors(sources.workspace)
        else:
            yield workspace_vectors(sources.workspace, sources.index)
    for rows in sources.rows:
        clusters = min(sources.clusters, max(1, rows // 10))
        drawn = clustered(rows, sources.dimension, clusters, seed, count + WARM, folder)
        yield replace(drawn, name="clustered")


def product_vectors(workspace: Workspace) -> VectorSet:
    """A workspace's vectors of photos, and of texts as queries: what people who type do."""
    table = workspace.read_table(TABLE, [VECTOR, ASKED])
    table = table.filter(pc.and_(pc.is_valid(table[VECTOR]), pc.is_valid(table[ASKED])))
    if not len(table):
        raise InvalidParameterValue(
            f"{TABLE} holds no product with image and text vectors; make some: vitrine embed. "
            "Or: --index NAME, --rows N, --vectors FILE"
        )
    source = f"{TABLE}: {VECTOR}, asked for by {ASKED}"
    return VectorSet("catalogue", matrix(table[VECTOR]), matrix(table[ASKED]), source=source)
