"""Maps of a workspace's indexes on disk, one file each. Knows files; not how maps are made.

maps/<index>.parquet   a row for each product: key, digest of its vector, x, y; the facts beside them

A map is of vectors, not of an index's version: a later version shows the same products at the same
places, by key and digest, so that it holds wherever a vector is what it was.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from xxhash import xxh3_64_intdigest

from engine.core.arrays import Matrix, Rows
from engine.errors import CorruptFile
from engine.shop.projection.placing import Places
from engine.store.layout import Layout, storage_failed, write_atomically
from engine.store.segments.keys import KeyIndex

Digests = npt.NDArray[np.uint64]
_FACTS = b"vitrine.map"
_COLUMNS = ("key", "digest", "x", "y")


@dataclass(frozen=True)
class StoredMap:
    """A map as it was made.

    Attributes:
        keys: of its products, integers or texts. digests: of their vectors. places: (n, 2).
        facts: `index`, `version`, `method`, `kept`, `seconds`.
    """

    keys: pa.Array
    digests: Digests
    places: Places
    facts: Mapping[str, Any]

    def rows_of(self, keys: Sequence[Any], digests: Digests) -> Rows:
        """The row of each product whose vector is what it was, -1 of the others."""
        rows = KeyIndex(self.keys).find(list(keys))
        same = (
            (rows >= 0) & (self.digests[np.maximum(rows, 0)] == digests)
            if len(self.keys)
            else False
        )
        return np.where(same, rows, -1)


def digests_of(vectors: Matrix) -> Digests:
    """(n,) a digest of each vector's bytes."""
    rows = np.ascontiguousarray(vectors)
    return np.array([xxh3_64_intdigest(row) for row in rows], dtype=np.uint64)


class MapStore:
    """The maps of a workspace. Readers see the old map or the new one."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def stamp(self, index: str) -> tuple[int, int] | None:
        """Changes with the file; None where there is none."""
        try:
            state = self._layout.map_file(index).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return state.st_mtime_ns, state.st_ino

    def read(self, index: str) -> StoredMap | None:
        """The map of an index; None where there is none.

        Raises:
            CorruptFile: it is damaged. StorageFailed: the system refused to read it.
        """
        file = self._layout.map_file(index)
        try:
            table = pq.read_table(io.BytesIO(file.read_bytes()), page_checksum_verification=True)
            keys, digests, x, y = (table.column(name).combine_chunks() for name in _COLUMNS)
            facts = json.loads(table.schema.metadata[_FACTS])
            places = np.stack([x.to_numpy(), y.to_numpy()], axis=1).astype(np.int16)
            return StoredMap(keys, digests.to_numpy(), places, facts)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (pa.ArrowException, KeyError, ValueError, TypeError, IsADirectoryError) as error:
            raise CorruptFile(
                f"{file} is damaged: {error}. Make the map anew: vitrine map build --index {index}"
            ) from None
        except OSError as error:  # a checksum that does not match is one too, in Arrow's words
            if error.errno is None:
                raise CorruptFile(
                    f"{file} is damaged: {error}. Make the map anew: vitrine map build --index {index}"
                ) from None
            raise storage_failed(f"{file} was not read", error) from error

    def write(self, index: str, made: StoredMap) -> None:
        """Put a map in the place of the one before.

        Raises:
            StorageFailed, Locked: it can't be written.
        """
        x, y = np.ascontiguousarray(made.places.T)
        table = pa.table([made.keys, made.digests, x, y], names=list(_COLUMNS))
        table = table.replace_schema_metadata({_FACTS: json.dumps(dict(made.facts))})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, write_page_checksum=True)
        with self._layout.writing(f"map-{index}"):
            write_atomically(self._layout.map_file(index), buffer.getvalue())
