"""The torch wall of search: a device's memory, and the steps of a first pass as tensor operations.

Runs on CUDA; torch's "cpu" stands in for it in tests. Rows are looked at in blocks: one product of
all queries with all rows, of which only the greatest in each block is kept, then the products of the
best blocks alone. A matrix of all products is never held.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.core.arrays import Floats32, Matrix, Rows
from engine.core.rows import RowSet
from engine.errors import DeviceUnavailable
from engine.optional import require
from engine.store.segments.device.bounds import Precision
from engine.store.segments.device.tiles import Tile
from engine.store.segments.vectors import VectorFile

BLOCK = 64  # rows of which the greatest product is kept
_ROWS_FIRST = 32  # queries from which products are laid out row by row
_DIRECT = 4  # where the blocks to look at hold this part of the rows, all products are ranked
_STAGED_ROWS = 32_768  # on their way to the device at a time
_AT_ONCE = 1 << 28  # bytes of products at a time, of which the greatest are kept
_SHARE = 0.85  # of the free memory that is taken for tiles and work
_LEAST_TORCH = (2, 8)  # from which a product of 16-bit numbers may be a float32


@dataclass(frozen=True)
class Found:
    """What one tile has of the greatest products, as arrays in main memory.

    Attributes:
        products: (m, n) scaled, greatest first; -inf of rows that are not allowed. rows: (m, n).
        outside: (m,) no row of the tile that is not listed has a greater product.
    """

    products: Floats32
    rows: Rows
    outside: Floats32


class TorchDevice:
    """One device. Its user holds a lock: calls come one after another."""

    def __init__(self, name: str, precision: Precision = "float16") -> None:
        """
        Args:
            name: "cuda", "cuda:N", or "cpu" to stand in for them.

        Raises:
            MissingExtra: torch is not installed. DeviceUnavailable: there is no such device.
        """
        self._torch: Any = require("torch", f"search on device {name!r}")
        self.name, self.precision = name, precision
        self.is_cuda = name.startswith("cuda")
        if self.is_cuda:
            _check_cuda(self._torch, name)
        self._device = self._torch.device(name)
        self._kind = getattr(self._torch, precision)
        self.full: type[BaseException] = self._torch.cuda.OutOfMemoryError

    # ------------------------------------------------------------------ memory
    def memory(self) -> int:
        """Bytes that may be taken for tiles and for work."""
        if not self.is_cuda:
            return 1 << 30
        free, _total = self._torch.cuda.mem_get_info(self._device)
        return int(_SHARE * free)

    def release(self) -> None:
        """Give back what torch keeps of freed memory."""
        if self.is_cuda:
            self._torch.cuda.empty_cache()

    def row_bytes(self, dimension: int) -> int:
        """What a row takes on the device."""
        return dimension * int(self._kind.itemsize) + 4

    def upload(self, file: VectorFile, start: int, rows: int, scale: float) -> Tile:
        """Bring rows of a file to the device, scaled and rounded, and measure what rounding moved."""
        torch = self._torch
        dimension = file.shape.dimension
        vectors = torch.empty((rows, dimension), dtype=self._kind, device=self._device)
        residual = torch.zeros((), dtype=torch.float32, device=self._device)
        for at, piece in self._staged(file, start, rows):
            piece *= scale
            held = vectors[at : at + len(piece)]
            held.copy_(piece)
            piece -= held
            residual = torch.maximum(residual, torch.linalg.vector_norm(piece, dim=1).max())
        lengths = None
        if file.lengths is not None:
            own = file.lengths[start : start + rows] * np.float32(scale)
            lengths = torch.from_numpy(own).to(self._device)
        nbytes = rows * self.row_bytes(dimension)
        return Tile(start, rows, vectors, lengths, float(residual), nbytes)

    def _staged(self, file: VectorFile, start: int, rows: int) -> Iterator[tuple[int, Any]]:
        """Pieces of a file on the device, through two pinned buffers: one fills while one travels."""
        torch = self._torch
        shape = (min(rows, _STAGED_ROWS), file.shape.dimension)
        buffers = [torch.empty(shape, pin_memory=self.is_cuda) for _ in range(2)]
        travelled: list[Any] = [None, None]
        for number, at in enumerate(range(0, rows, _STAGED_ROWS)):
            file.check_size()
            part = file.matrix[start + at : start + min(at + _STAGED_ROWS, rows)]
            place = number % 2
            if travelled[place] is not None:
                travelled[place].synchronize()
            staged = buffers[place][: len(part)]
            np.copyto(staged.numpy(), part)
            piece = staged.to(self._device, non_blocking=True, copy=True)
            if self.is_cuda:
                travelled[place] = torch.cuda.Event()
                travelled[place].record(torch.cuda.current_stream(self._device))
            yield at, piece

    # ------------------------------------------------------------------ queries and row masks
    def queries(self, scaled: Matrix) -> tuple[Any, npt.NDArray[np.float64]]:
        """Scaled (m, d) queries on the device, and what rounding moved each by, (m,)."""
        whole = self._torch.from_numpy(scaled)
        held = whole.to(self._kind)
        if self.precision == "float32":
            return self._sent(held), np.zeros(len(scaled))
        # What rounding leaves has few digits: the difference is exact, and lengths have a slack.
        moved = self._torch.linalg.vector_norm(whole - held.float(), dim=1).double().numpy()
        return self._sent(held), moved

    def _sent(self, tensor: Any) -> Any:
        """A tensor on the device; what is not pinned has been read when this returns."""
        return tensor.to(self._device, non_blocking=self.is_cuda)

    def allowed(self, tile: Tile, allowed: RowSet | None, few: bool) -> tuple[Any, Any]:
        """The rows of a tile to look at, and what is added to their products; None: all, nothing.

        Args:
            few: name the allowed rows, to be gathered; else all are looked at, and -inf is added to
                the others.
        """
        torch = self._torch
        if allowed is None:
            return None, tile.lengths
        # Tiles begin at multiples of eight rows.
        packed = allowed.bitmap[tile.start // 8 : (tile.start + tile.rows + 7) // 8]
        bits = torch.tensor(packed).to(self._device)[:, None]  # a copy: the bitmap may be read-only
        shifts = torch.arange(8, dtype=torch.uint8, device=self._device)
        mask = ((bits >> shifts) & 1).flatten()[: tile.rows].bool()
        if few:
            rows = mask.nonzero().flatten()
            return rows, None if tile.lengths is None else tile.lengths[rows]
        added = (
            torch.zeros_like(mask, dtype=torch.float32) if tile.lengths is None else tile.lengths
        )
        return None, added.masked_fill(~mask, -torch.inf)

    # ------------------------------------------------------------------ the first pass
    def greatest(
        self,
        tile: Tile,
        queries: Any,
        scales: npt.NDArray[np.float64],
        rows: Any,
        added: Any,
        wanted: int,
        work: int,
    ) -> Found:
        """The greatest products of each query with rows of a tile.

        Args:
            queries: (m, d) on the device. scales: (m,) what `added` is multiplied by for each.
            rows, added: of `allowed`.
            wanted: how many products a query's list has, and how many blocks are looked at.
            work: bytes to work in.
        """
        torch = self._torch
        count = tile.rows if rows is None else len(rows)
        factors = self._sent(torch.from_numpy(scales.astype(np.float32)))
        part = _Part(self, tile, rows, added, count, work)
        with torch.inference_mode():
            if wanted * BLOCK * _DIRECT >= count:
                found = part.direct(queries, factors, wanted)
            else:
                found = part.by_blocks(queries, factors, wanted)
            # To pinned memory, all three at once: one wait.
            back = [tensor.to("cpu", non_blocking=self.is_cuda) for tensor in found]
        self._finish()
        products, places, outside = (tensor.numpy() for tensor in back)
        return Found(products, places + tile.start, outside)

    def product(self, queries: Any, vectors: Any) -> Any:
        """(m, d) queries with (n, d) vectors: (m, n) float32."""
        if self.precision == "float32":
            return queries @ vectors.T
        if not self.is_cuda:
            return queries.float() @ vectors.float().T
        return self._torch.mm(queries, vectors.T, out_dtype=self._torch.float32)

    def product_each(self, queries: Any, vectors: Any) -> Any:
        """(m, d) queries, each with its own of (m, n, d) vectors: (m, n) float32."""
        columns = queries[:, :, None]
        if self.precision == "float32":
            return self._torch.bmm(vectors, columns)[:, :, 0]
        if not self.is_cuda:
            return self._torch.bmm(vectors.float(), columns.float())[:, :, 0]
        return self._torch.bmm(vectors, columns, out_dtype=self._torch.float32)[:, :, 0]

    @property
    def torch(self) -> Any:
        """The package."""
        return self._torch

    @property
    def is_exact_float32(self) -> bool:
        """Whether products of float32 numbers are computed in float32; the application may say not."""
        return bool(self._torch.get_float32_matmul_precision() == "highest")

    def _finish(self) -> None:
        """Wait until all that this thread began is done."""
        if self.is_cuda:
            self._torch.cuda.current_stream(self._device).synchronize()


@dataclass(frozen=True)
class _Part:
    """The rows of one tile that are looked at; `count` of them, at positions of their own."""

    device: TorchDevice
    tile: Tile
    rows: Any
    added: Any
    count: int
    work: int

    def direct(self, queries: Any, factors: Any, wanted: int) -> tuple[Any, Any, Any]:
        """All products ranked: for lists that are a large part of the rows."""
        torch = self.device.torch
        found = []
        step = max(1, self.work // (16 * self.count))
        vectors = self._vectors(0, self.count)
        for at in range(0, len(queries), step):
            products = self.device.product(queries[at : at + step], vectors)
            self._add(products, factors[at : at + step], 0)
            found.append(_greatest(torch, products, wanted))
        products, places, outside = (torch.cat(list_) for list_ in zip(*found))
        return products, places if self.rows is None else self.rows[places], outside

    def by_blocks(self, queries: Any, factors: Any, wanted: int) -> tuple[Any, Any, Any]:
        """The greatest product of each block, then all products of the best blocks."""
        torch = self.device.torch
        found = []
        blocks = -(-self.count // BLOCK)
        step = max(1, self.work // (4 * blocks))
        for at in range(0, len(queries), step):
            some, own = queries[at : at + step], factors[at : at + step]
            best = self._maxima(some, own).topk(wanted + 1, dim=1)
            found.append(self._ranked(some, own, best, wanted))
        return tuple(torch.cat(list_) for list_ in zip(*found))

    def _maxima(self, queries: Any, factors: Any) -> Any:
        """(m, blocks): the greatest product of each block."""
        if len(queries) >= _ROWS_FIRST:
            return self._maxima_rows_first(queries, factors)
        torch = self.device.torch
        shape = (len(queries), -(-self.count // BLOCK))
        best = torch.empty(shape, dtype=torch.float32, device=queries.device)
        for start, stop in self._pieces(queries):
            products = self.device.product(queries, self._vectors(start, stop))
            self._add(products, factors, start)
            whole, first = (stop - start) // BLOCK, start // BLOCK
            blocks = products[:, : whole * BLOCK].unflatten(1, (whole, BLOCK))
            torch.amax(blocks, 2, out=best[:, first : first + whole])
            if stop % BLOCK:
                torch.amax(products[:, whole * BLOCK :], 1, out=best[:, -1])
        return best

    def _maxima_rows_first(self, queries: Any, factors: Any) -> Any:
        """The same for many queries, whose products with a row lie side by side: read in order."""
        torch = self.device.torch
        shape = (-(-self.count // BLOCK), len(queries))
        best = torch.empty(shape, dtype=torch.float32, device=queries.device)
        for start, stop in self._pieces(queries):
            products = self.device.product(self._vectors(start, stop), queries)
            if self.added is not None:
                products.addr_(self.added[start:stop], factors)
            whole, first = (stop - start) // BLOCK, start // BLOCK
            blocks = products[: whole * BLOCK].unflatten(0, (whole, BLOCK))
            torch.amax(blocks, 1, out=best[first : first + whole])
            if stop % BLOCK:
                torch.amax(products[whole * BLOCK :], 0, out=best[-1])
        return best.T.contiguous()

    def _pieces(self, queries: Any) -> Iterator[tuple[int, int]]:
        """Rows whose products are held at a time, whole blocks."""
        width = self.device.row_bytes(queries.shape[1]) * (self.rows is not None)
        size = min(self.work, _AT_ONCE) // (4 * len(queries) + width)
        step = max(1, size // BLOCK) * BLOCK
        for start in range(0, self.count, step):
            yield start, min(self.count, start + step)

    def _ranked(self, queries: Any, factors: Any, best: Any, wanted: int) -> tuple[Any, Any, Any]:
        """The greatest products in the best blocks; `best` has one block more, which bounds the rest."""
        torch = self.device.torch
        within = torch.arange(BLOCK, device=queries.device)
        found = []
        each = wanted * BLOCK * self.device.row_bytes(queries.shape[1])
        step = max(1, self.work // (2 * each))
        for at in range(0, len(queries), step):
            chosen = best.indices[at : at + step, :wanted, None]
            positions = (chosen * BLOCK + within).flatten(1)
            beyond = positions >= self.count
            positions = positions.clamp_(max=self.count - 1)
            places = positions if self.rows is None else self.rows[positions]
            products = self._products(queries[at : at + step], places)
            if self.added is not None:
                products += factors[at : at + step, None] * self.added[positions]
            products.masked_fill_(beyond, -torch.inf)
            greatest, order, outside = _greatest(torch, products, wanted)
            outside = torch.maximum(outside, best.values[at : at + step, wanted])
            found.append((greatest, places.gather(1, order), outside))
        return tuple(torch.cat(list_) for list_ in zip(*found))

    def _products(self, queries: Any, places: Any) -> Any:
        """(m, n) products of each query with its own rows, gathered some columns at a time."""
        row = len(queries) * self.device.row_bytes(queries.shape[1])
        step = max(BLOCK, self.work // (2 * row))
        parts = [
            self.device.product_each(queries, self.tile.vectors[places[:, at : at + step]])
            for at in range(0, places.shape[1], step)
        ]
        return parts[0] if len(parts) == 1 else self.device.torch.cat(parts, dim=1)

    def _vectors(self, start: int, stop: int) -> Any:
        if self.rows is None:
            return self.tile.vectors[start:stop]
        return self.tile.vectors.index_select(0, self.rows[start:stop])

    def _add(self, products: Any, factors: Any, start: int) -> None:
        if self.added is not None:
            products.addr_(factors, self.added[start : start + products.shape[1]])


def _greatest(torch: Any, products: Any, wanted: int) -> tuple[Any, Any, Any]:
    """The `wanted` greatest of each row, their places, and the next one (-inf where there is none)."""
    if products.shape[1] <= wanted:
        top = products.topk(products.shape[1], dim=1)
        return top.values, top.indices, torch.full_like(products[:, 0], -torch.inf)
    top = products.topk(wanted + 1, dim=1)
    return top.values[:, :wanted], top.indices[:, :wanted], top.values[:, wanted]


def _check_cuda(torch: Any, name: str) -> None:
    """Raises DeviceUnavailable where torch can't search on this device."""
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            f"device {name!r} was asked for, but torch {torch.__version__} finds no CUDA device here. "
            "Leave VITRINE_DEVICE out, or say cpu."
        )
    count = torch.cuda.device_count()
    number = name.partition(":")[2] or "0"
    if not number.isdecimal() or int(number) >= count:
        raise DeviceUnavailable(
            f"device {name!r} was asked for; expected cuda or cuda:0 to cuda:{count - 1}."
        )
    if tuple(map(int, torch.__version__.split(".")[:2])) < _LEAST_TORCH:
        raise DeviceUnavailable(
            f"search on a device needs torch {'.'.join(map(str, _LEAST_TORCH))} or later; this is "
            f"{torch.__version__}. Install a later one, or say cpu."
        )
