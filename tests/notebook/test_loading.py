"""A notebook that loads files: tables with constraints, COPY INTO and `read_files` in cells of SQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.needs import needs
from support.notebooks import Written, ran, run_notebook, source_form

from engine import Workspace

needs("notebook")

V = "/Volumes/main/fashion_demo/landing"
FIRST = [
    Written("\nCREATE TABLE IF NOT EXISTS loaded (id INT, price DOUBLE)", magic="sql"),
    Written("\nALTER TABLE loaded ADD CONSTRAINT dear CHECK (price > 0)", magic="sql"),
]
COPY = Written(
    f"\nCOPY INTO loaded FROM '{V}' FILEFORMAT = CSV\nFORMAT_OPTIONS ('header' = 'true')",
    magic="sql",
)
SHOW = Written(
    f"\nSELECT count(*) AS in_files FROM read_files('{V}/*.csv', header => true)", magic="sql"
)


@pytest.mark.parametrize("with_spark", [False, True])
def test_files_are_loaded_by_cells_of_sql(tmp_path: Path, with_spark: bool) -> None:
    if with_spark:
        needs("spark")
    workspace = Workspace(tmp_path / "ws")
    workspace.sql("CREATE VOLUME landing")
    folder = Path(workspace.volumes.place(V).file)
    (folder / "1.csv").write_text("id,price\n1,2.5\n2,3\n")
    used = [Written("spark.range(1).count()")] if with_spark else []
    printed = ran(
        run_notebook(source_form([*used, *FIRST, COPY, COPY, SHOW]), tmp_path, workspace.path)
    )
    assert "num_skipped_corrupt_files" in printed and "in_files" in printed
    rows = workspace.sql("SELECT * FROM loaded ORDER BY id").to_pylist()
    assert rows == [{"id": 1, "price": 2.5}, {"id": 2, "price": 3.0}]
    (folder / "2.csv").write_text("id,price\n3,-1\n")
    done = run_notebook(source_form([*used, COPY]), tmp_path, workspace.path)
    assert done.returncode != 0
    assert "CHECK constraint dear (price > 0) violated" in done.stdout + done.stderr
