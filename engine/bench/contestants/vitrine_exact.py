"""The engine when it has to compare every vector."""

from __future__ import annotations

from engine.bench.contestants import vitrine


class Contestant(vitrine.Contestant):
    """Asked for exact results."""

    about = "the same index, asked for exact results"
    store = "vitrine"
    writes = False
    exact = True
