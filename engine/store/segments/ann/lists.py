"""Codes of cells in a file of their own, mapped: a large index opens without reading them. Knows FAISS.

`codes.bin` holds of each cell its blocks of packed codes, then the numbers of its rows. Older indexes
hold all that in `ann.faiss`, which FAISS reads whole.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import faiss
import numpy as np

from engine.core.arrays import Rows
from engine.errors import CorruptFile
from engine.store.mapped_file import MappedFile

_BLOCK_ROWS = 32  # of a block of packed codes
_ROW_BYTES = 8  # of a row's number


class _Layout(NamedTuple):
    """Where cells lie in the file: (c,) each. room: rows that a cell's blocks can hold."""

    sizes: Rows
    room: Rows
    starts: Rows
    total: int


def codes_file(ann: Path) -> Path:
    """Where the codes of an index with cells lie."""
    return ann.with_name("codes.bin")


def _layout(sizes: Rows, code_bytes: int) -> _Layout:
    room = -(-sizes // _BLOCK_ROWS) * _BLOCK_ROWS
    ends = np.cumsum(room * code_bytes + sizes * _ROW_BYTES)
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    return _Layout(sizes, room, starts, int(ends[-1]))


def write_lists(index: Any, ann: Path) -> Rows:
    """Take the cells' codes and rows out of an IndexIVFPQFastScan and write them beside `ann`.

    Returns:
        (lists,) how many rows each has.

    Raises:
        OSError: the disk is full, or the like.
    """
    lists, rows = faiss.downcast_InvertedLists(index.invlists), index.ntotal
    sizes = np.array([lists.list_size(cell) for cell in range(index.nlist)], dtype=np.int64)
    layout = _layout(sizes, index.code_size)
    with codes_file(ann).open("wb") as out:
        for cell in np.flatnonzero(sizes).tolist():
            size, room = int(sizes[cell]), int(layout.room[cell])
            codes = faiss.rev_swig_ptr(lists.get_codes(cell), room * index.code_size)
            out.write(codes.data)
            out.write(faiss.rev_swig_ptr(lists.get_ids(cell), size).data.cast("B"))
    none = faiss.BlockInvertedLists(index.nlist, lists.n_per_block, lists.block_size)
    index.replace_invlists(none, True)
    none.this.disown()
    index.ntotal = rows
    return sizes


class MappedLists:
    """The codes of an index that were written beside it, mapped in their place."""

    def __init__(self, index: Any, sizes: Rows, ann: Path) -> None:
        """Give an IndexIVFPQFastScan the lists that `write_lists` wrote.

        Args:
            sizes: (lists,) how many rows each has.

        Raises:
            CorruptFile: the file is of other lists.
        """
        file = codes_file(ann)
        layout = _layout(sizes, index.code_size)
        if len(layout.sizes) != index.nlist or int(layout.sizes.sum()) != index.ntotal:
            raise CorruptFile(f"{file} is of other cells than {ann.name}. Sync the index again.")
        self._mapped = MappedFile(file, layout.total)
        lists = faiss.OnDiskInvertedLists()
        lists.nlist, lists.code_size, lists.totsize = index.nlist, index.code_size, layout.total
        lists.filename, lists.read_only, lists.prefetch_nthread = str(file), True, 0
        lists.lists.resize(index.nlist)
        places = np.stack([layout.sizes, layout.room, layout.starts], axis=1).astype(np.uint64)
        faiss.memcpy(lists.lists.data(), faiss.swig_ptr(places), places.nbytes)
        try:
            lists.do_mmap()
        except RuntimeError as error:
            raise OSError(str(error).splitlines()[-1].strip()) from None
        index.replace_invlists(lists, True)
        lists.this.disown()

    def check_size(self) -> None:
        """As `MappedFile.check_size`."""
        self._mapped.check_size()
