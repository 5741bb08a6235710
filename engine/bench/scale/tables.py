"""The products of one size as tables that an index follows: files of one size, and a Delta table.

More rows are more files, as in the cloud. Rows go through memory a file's at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from engine.optional import require

CHANGED = 100  # rows
TABLE, DELTA = "table", "delta"


def split(data: Path, folder: Path, file_rows: int) -> None:
    """Write a catalogue as a folder of files of so many rows."""
    (folder / TABLE).mkdir(parents=True)
    with pq.ParquetFile(data / "products.parquet") as source:
        for number, batch in enumerate(source.iter_batches(file_rows)):
            file = folder / TABLE / f"{number:06}.parquet"
            pq.write_table(pa.Table.from_batches([batch]), file)


def write_delta(data: Path, folder: Path, file_rows: int) -> None:
    """Write it as a Delta table that records its changes, in files of about as many rows.

    Raises MissingExtra: the package deltalake is not installed.
    """
    deltalake = require("deltalake", "a Delta table that is synced")
    with pq.ParquetFile(data / "products.parquet") as source:
        schema = source.schema_arrow

        def batches() -> Iterator[pa.RecordBatch]:
            yield from source.iter_batches(min(file_rows, 10_000))

        deltalake.write_deltalake(
            str(folder / DELTA),
            pa.RecordBatchReader.from_batches(schema, batches()),
            configuration={"delta.enableChangeDataFeed": "true"},
            target_file_size=max(1 << 20, file_rows * 2_000),
        )


def change_files(folder: Path, number: int) -> int:
    """Give rows of one of the files another price; returns how many."""
    files = sorted((folder / TABLE).glob("*.parquet"))
    file = files[(len(files) // 2 + number) % len(files)]
    rows = pq.ParquetFile(file).read()
    changed = min(CHANGED, len(rows))
    place = rows.schema.get_field_index("price")
    here = pa.array(range(len(rows)))
    prices = pc.if_else(
        pc.less(here, changed), pc.add(pc.fill_null(rows["price"], 0.0), 1.0), rows["price"]
    )
    pq.write_table(rows.set_column(place, "price", prices), file)
    return changed


def change_delta(folder: Path, number: int) -> int:
    """Commit another price of the first rows; returns how many."""
    deltalake = require("deltalake", "a Delta table that is synced")
    table = deltalake.DeltaTable(str(folder / DELTA))
    asked = f"product_id <= {CHANGED}"
    done = table.update({"price": f"{number + 1}.25"}, predicate=asked)
    return int(done["num_updated_rows"])
