"""The openTSNE wall: neighbours in many dimensions stay neighbours in two. The only file with it.

t-SNE keeps neighbours together, which is what a map is read for. The neighbours are exact, by FAISS;
for many products forces are interpolated on a grid (FIt-SNE), so that time grows with their number.
The same vectors give the same map, whatever the number of threads.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from engine.core.arrays import Floats32, Matrix, Rows
from engine.optional import is_installed, require
from engine.shop.projection.principal import Floats, principal_components
from engine.store.segments.ann.products import exact_nearest

LEAST = 10  # products; fewer have no neighbourhoods
_PERPLEXITY = 30.0  # about how many neighbours count
_EARLY, _LATE = 250, 500  # steps, as van der Maaten and Belkina et al. have them
_GRID_FROM = 5_000  # products from which a grid is quicker than a tree
_THREADS_FROM = 3_000
_BLOCK = 4096
_SEED = 1234
Bar = Callable[..., Any]


def is_available() -> bool:
    """Whether the package is there; it is not loaded."""
    return is_installed("openTSNE")


def tsne(directions: Matrix, bar: Bar) -> Floats:
    """Unit vectors (n, d), at least `LEAST` and not all alike, in two dimensions: (n, 2).

    Args:
        bar: makes a progress bar, see `engine.progress`.

    Raises:
        MissingExtra: openTSNE is not installed.
    """
    library = require("openTSNE", "A map that keeps neighbours together")
    # Threads meet at a barrier several times a step: for few products, that takes longer than the work.
    threads = (os.cpu_count() or 1) if len(directions) >= _THREADS_FROM else 1
    perplexity = min(_PERPLEXITY, (len(directions) - 1) / 3)
    neighbours, cosines = _neighbours(directions, int(3 * perplexity), bar)
    distances = np.sqrt(np.maximum(2 - 2 * cosines.astype(np.float64), 0))
    affinities = library.affinity.PerplexityBasedNN(
        knn_index=library.nearest_neighbors.PrecomputedNeighbors(neighbours, distances),
        perplexity=perplexity,
        n_jobs=threads,
    )
    start = library.initialization.rescale(principal_components(directions))
    library.initialization.jitter(start, inplace=True, random_state=_SEED)
    places = library.TSNEEmbedding(
        start,
        affinities,
        n_jobs=threads,
        random_state=_SEED,
        negative_gradient_method="fft" if len(directions) >= _GRID_FROM else "bh",
    )
    with bar(total=_EARLY + _LATE, unit="step", desc="map: places") as shown:
        every = 10

        def step(_number: int, _error: float, _places: Any) -> bool:
            shown.update(every)
            return False  # go on

        told = {"callbacks": step, "callbacks_every_iters": every, "inplace": True}
        places.optimize(_EARLY, exaggeration=12, momentum=0.5, **told)
        places.optimize(_LATE, momentum=0.8, **told)
    return np.asarray(places, dtype=np.float64)


def _neighbours(directions: Matrix, wanted: int, bar: Bar) -> tuple[Rows, Floats32]:
    """The nearest others of each, exactly: (n, wanted) rows and cosines, nearest first."""
    count = len(directions)
    rows = np.empty((count, wanted), dtype=np.int64)
    cosines = np.empty((count, wanted), dtype=np.float32)
    with bar(total=count, unit="product", desc="map: neighbours") as shown:
        for start in range(0, count, _BLOCK):
            part = slice(start, min(start + _BLOCK, count))
            found, products = exact_nearest(directions[part], directions, wanted + 1)
            others = _without(found, np.arange(part.start, part.stop))
            rows[part] = found[others].reshape(-1, wanted)
            cosines[part] = products[others].reshape(-1, wanted)
            shown.update(part.stop - start)
    return rows, cosines


def _without(found: Rows, own: Rows) -> Any:
    """Where rows of neighbours name others; of one that is not among its own, all but the last."""
    others = found != own[:, None]
    others[others.all(axis=1), -1] = False
    return cast(Any, others)
