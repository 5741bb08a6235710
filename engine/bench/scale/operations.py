"""What is measured at each size, and why some of it may grow faster than the logarithm: one table.

Nothing but what says so here is allowed to.
"""

from __future__ import annotations

from dataclasses import dataclass

CELLS = (
    "from 200,000 rows on an index is divided into cells, about as many as the root of its rows; all "
    "their centres and some of the cells are read, so that recall is sure"
)
COLUMNS = "what an index holds of its columns is read, and its files' checksums compared, once"


@dataclass(frozen=True)
class Operation:
    """One cost.

    Attributes:
        what, unit: of its lines.
        why: it may grow faster than the logarithm; "" where it may not.
        is_a_write: left out where no writes are asked for.
    """

    what: str
    unit: str
    why: str = ""
    is_a_write: bool = False


BUILD = Operation("build", "s", "each row is read, compressed and indexed once")
FIRST = Operation("first answer", "s", COLUMNS)
QUERY = Operation("latency", "ms", CELLS)
NEW = Operation(
    "latency, filter never seen",
    "ms",
    "the columns of the filter are read, once: its rows are known afterwards",
)
MORE = Operation("latency, filter never seen, more", "ms", NEW.why)
EXACT = Operation("latency, exact", "ms", "every vector is read, as is asked for")
PAGE = Operation("page 2 of a query", "ms")
SCAN = Operation("next page of a scan", "ms")
FEED = Operation("sync of 100 rows, change feed", "ms")
FILES = Operation("sync of 100 rows, changed files", "ms")
UPSERT = Operation("upsert", "ms", is_a_write=True)
DELETE = Operation("delete", "ms", is_a_write=True)
MERGE = Operation("2,400 rows in 8 writes, merged by itself", "ms", is_a_write=True)
COMPACT = Operation(
    "compaction of everything",
    "s",
    "the command writes all rows again, as is asked for; what happens by itself is the line above",
    is_a_write=True,
)
DISK = Operation("disk", "x vectors")
MEMORY = Operation("memory", "x vectors")
OWN_MEMORY = Operation("memory of its own", "x vectors")

OPERATIONS = (
    QUERY, NEW, MORE, EXACT, PAGE, SCAN, FIRST, UPSERT, DELETE, FEED, FILES, MERGE, COMPACT, BUILD, DISK,
    MEMORY, OWN_MEMORY,
)  # fmt: skip
WHY = {one.what: one.why for one in OPERATIONS}
