"""Exact search on a GPU beside a plain torch loop there and numpy on the processor.

Vectors are made on the device, the same ones in every run, and copied to main memory, where a file of
vectors would lie. Batches, lists, filters; shares of what the device can do at most.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.bench.records.line import Floor, Line, Measured
from engine.core.ranking.scoring import rank_exact
from engine.core.rows import RowSet
from engine.store.segments.device.search import SearchDevice
from engine.store.segments.vectors import Shape
from gpu.measure import ASK, Ceilings, attempt, times, wait

DIMENSION = 512
PIECE = 1 << 18
LISTS = (10, 100)
SHARES: tuple[float | None, ...] = (None, 0.1, 0.9)


class Held:
    """Vectors in main memory, as `VectorFile` shows those of a file."""

    lengths = None

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix, self.rows = matrix, len(matrix)
        self.shape = Shape(matrix.shape[1], False, 1.000001, 0)


@dataclass
class Bench:
    """Searches on one device.

    Attributes:
        profiles: a file that tables of where the time goes are added to, or None.
        rounds: times that each search is measured. batches: of how many queries.
    """

    device: str
    top: Ceilings
    profiles: Path | None
    rounds: int = 5
    batches: tuple[int, ...] = (1, 16, 256, 1024)

    def rows(self, count: int, precisions: tuple[str, ...]) -> Iterator[Measured]:
        """All figures of so many rows."""
        half: torch.Tensor | None
        started = time.perf_counter()
        half, matrix = self.made(count)
        taken = time.perf_counter() - started
        yield ASK.line("making vectors", "s", taken, contestant="plain torch", rows=count)
        file = Held(matrix)
        queries = self.queries(matrix)
        rng = np.random.default_rng(1)
        masks = {share: self.mask(rng, count, share) for share in SHARES}
        for precision in precisions:
            name = f"{count:,} rows, {precision}"
            yield from attempt(name, self.ours(precision, file, queries, masks))
        yield from attempt(f"plain torch, {count:,} rows", self.plain(half, queries, masks))
        half = None  # its memory is free again
        yield from attempt(f"processor, {count:,} rows", self.processor(file, queries))

    @staticmethod
    def mask(rng: np.random.Generator, count: int, share: float | None) -> RowSet | None:
        return None if share is None else RowSet.of_mask(rng.random(count, np.float32) < share)

    def made(self, count: int) -> tuple[torch.Tensor, np.ndarray]:
        """Unit vectors, float16 on the device and float32 in main memory."""
        generator = torch.Generator(self.device).manual_seed(count)
        half = torch.empty((count, DIMENSION), dtype=torch.float16, device=self.device)
        matrix = np.empty((count, DIMENSION), dtype=np.float32)
        for at in range(0, count, PIECE):
            rows = min(PIECE, count - at)
            piece = torch.randn(
                (rows, DIMENSION), generator=generator, device=self.device, dtype=torch.float32
            )
            piece /= torch.linalg.vector_norm(piece, dim=1, keepdim=True)
            half[at : at + rows] = piece
            torch.from_numpy(matrix[at : at + rows]).copy_(piece)
        wait(self.device)
        return half, matrix

    def queries(self, matrix: np.ndarray) -> np.ndarray:
        """Half of them near a row."""
        rng = np.random.default_rng(2)
        queries = rng.standard_normal((max(self.batches), DIMENSION)).astype(np.float32)
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        near = matrix[rng.integers(0, len(matrix), len(queries) // 2)]
        queries[::2] = 0.7 * near + 0.3 * queries[::2]
        return queries / np.linalg.norm(queries, axis=1, keepdims=True)

    # ------------------------------------------------------------------ the engine's
    def ours(
        self, precision: Any, file: Any, queries: np.ndarray, masks: dict[Any, Any]
    ) -> Iterator[Measured]:
        device = SearchDevice(self.device, precision)
        started = time.perf_counter()
        device.nearest(file, queries[:1], 10, None)
        wait(self.device)
        taken = time.perf_counter() - started
        read = file.rows * DIMENSION * 4
        held = {"GB_per_s": read / taken / 1e9, "tiles": len(device.tiles)}
        held["held_GB"] = device.tiles.used / 1e9
        how = {"rows": file.rows, "precision": precision}
        yield ASK.line("upload", "s", taken, more=held, **how)
        yield self.right(device, file, queries, masks)
        for share, mask in masks.items():
            for k in LISTS:
                for batch in self.batches:
                    yield self.one(device, file, queries[:batch], k, share, mask)
        self.profile(device, file, queries)

    def one(
        self, device: SearchDevice, file: Any, queries: np.ndarray, k: int, share: Any, mask: Any
    ) -> Line:
        found = device.nearest(file, queries, k, mask)
        told = [rows for rows in found if rows is not None]
        rounds = self.rounds * (4 if len(queries) == 1 else 1)
        taken = times(self.device, lambda: device.nearest(file, queries, k, mask), rounds, 2)
        middle = statistics.median(taken)
        scored = time.perf_counter()
        for query, rows in zip(queries[:64], told):
            wide = file.matrix.take(rows, axis=0).astype(np.float64) - query
            np.argsort(np.einsum("ij,ij->i", wide, wide))
        scored = (time.perf_counter() - scored) / min(64, len(queries))
        read = file.rows * DIMENSION * (4 if device.precision == "float32" else 2)
        operations = 2 * file.rows * DIMENSION * len(queries)
        more = {
            "not_told": len(found) - len(told),
            "listed": sum(map(len, told)) / max(1, len(told)),
            "rescoring_ms_each": 1000 * scored,
            "share_of_copy": read / middle / self.top.copy,
            "share_of_products": operations / middle / self.top.products[device.precision],
        }
        least = Floor("reading all rows once, as fast as a copy", 1000 * read / self.top.copy)
        return ASK.line(
            "search",
            "ms",
            [1000 * each for each in taken],
            floor=least if share is None else None,  # a filter may spare reading
            more=more,
            **searched(file.rows, len(queries), k, share),
            precision=device.precision,
        )

    def right(self, device: SearchDevice, file: Any, queries: np.ndarray, masks: Any) -> Line:
        """Rows, order and scores are the oracle's, for some queries."""
        for mask in masks.values():
            rows = np.arange(file.rows) if mask is None else mask.rows()
            for query in queries[:2]:
                products = file.matrix @ query
                least = max(0, len(rows) - 100)
                kth = np.partition(products[rows], least)[least]
                near = rows[products[rows] >= kth - 1e-4]
                best, scores = rank_exact(query, file.matrix[near], near.tolist(), 100)
                (found,) = device.nearest(file, query[None, :], 100, mask)
                assert found is not None
                found = np.sort(found)
                own, own_scores = rank_exact(query, file.matrix[found], found.tolist(), 100)
                assert (found[own] == near[best]).all()
                assert (scores == own_scores).all()
        how = {"rows": file.rows, "precision": device.precision}
        equal = [1.0] * (2 * len(masks))
        return ASK.line("searches equal to the processor's", "share", equal, better="higher", **how)

    def profile(self, device: SearchDevice, file: Any, queries: np.ndarray) -> None:
        """Where the time goes, as a table beside the results."""
        if self.profiles is None or not self.device.startswith("cuda"):
            return
        from torch.profiler import ProfilerActivity, profile

        for batch in (1, max(self.batches)):
            with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiled:
                device.nearest(file, queries[:batch], 100, None)
                wait(self.device)
            averages = profiled.key_averages()
            table = averages.table(
                sort_by="cuda_time_total", row_limit=14, max_name_column_width=50
            )
            with self.profiles.open("a") as text:
                text.write(f"\n{file.rows:,} rows, {device.precision}, {batch} queries\n{table}\n")

    # ------------------------------------------------------------------ beside it
    def plain(
        self, half: torch.Tensor, queries: np.ndarray, masks: dict[Any, Any]
    ) -> Iterator[Measured]:
        """`torch.topk(q @ V.T)` in float16, some queries at a time; no bound, no exact scores."""
        held = torch.from_numpy(queries).to(self.device).half()
        step = max(1, (4 << 30) // (2 * len(half)))
        for share in (None, 0.9):
            hidden = None
            if share is not None:
                hidden = torch.from_numpy(~masks[share].mask()).to(self.device)

            def search(batch: int, k: int, hidden: Any = hidden) -> list[Any]:
                found = []
                for at in range(0, batch, step):
                    products = held[at : min(batch, at + step)] @ half.T
                    if hidden is not None:
                        products.masked_fill_(hidden, -torch.inf)
                    found.append([each.cpu() for each in products.topk(k, dim=1)])
                return found

            for batch in self.batches:
                rounds = 3 if batch < 1024 else 1
                taken = times(self.device, lambda b=batch, f=search: f(b, 100), rounds, 1)
                yield beside("plain torch", taken, "float16", len(half), batch, share)

    def processor(self, file: Any, queries: np.ndarray) -> Iterator[Measured]:
        """numpy and torch on the processor, float32."""
        whole = torch.from_numpy(file.matrix)

        def by_numpy(batch: int) -> None:
            products = queries[:batch] @ file.matrix.T
            np.argpartition(products, -100, axis=1)

        def by_torch(batch: int) -> None:
            (torch.from_numpy(queries[:batch]) @ whole.T).topk(100, dim=1)

        for name, search in (("numpy", by_numpy), ("torch", by_torch)):
            for batch in [batch for batch in self.batches if batch <= 16]:
                taken = times("cpu", lambda s=search, b=batch: s(b), 2, 1)
                who = f"{name} on the processor"
                yield beside(who, taken, "float32", file.rows, batch, None)


def searched(rows: int, queries: int, k: int, share: float | None) -> dict[str, Any]:
    """Settings of a search; the filter is the share that it keeps."""
    return {"rows": rows, "queries": queries, "k": k, "filter": share}


def beside(
    who: str, taken: list[float], precision: str, rows: int, batch: int, share: float | None
) -> Line:
    how = searched(rows, batch, 100, share)
    each = [1000 * one for one in taken]
    return ASK.line("search", "ms", each, contestant=who, **how, precision=precision)
