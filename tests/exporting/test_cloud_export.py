"""`export --cloud`: what lies in the folder, what is refused, and what one thing's trouble does."""

from __future__ import annotations

import errno
import json
import os
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from exporting.shop import DIRECT, DIRECT_ROWS, ENDPOINT, PRODUCTS, SYNCED, TABLE, filled
from hypothesis import given, settings
from hypothesis import strategies as st
from support.needs import needs

needs("delta", "sdk")

import deltalake

from engine import InvalidInputException, MissingExtra, ResourceConflict, StorageFailed, Workspace
from engine.doors.cli.command import main
from engine.store.tables import delta_writing
from engine.store.tables.delta_writing import delta_type

ODD = "main.shop.odd"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return filled(tmp_path / "workspace")


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Every row of a Delta table, by deltalake alone."""
    reader = deltalake.QueryBuilder().register("t", deltalake.DeltaTable(str(folder)))
    reader.execute("SET datafusion.execution.target_partitions = 1")  # in the file's order
    found = pa.table(reader.execute("SELECT * FROM t").read_all())
    return [dict(row) for row in found.to_pylist()]


def command(workspace: Workspace, *arguments: str) -> Any:
    return CliRunner().invoke(main, ["export", "-w", str(workspace.path), *arguments])


def traces(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_tables_are_delta_tables_with_change_data_feed(
    workspace: Workspace, tmp_path: Path
) -> None:
    report = workspace.export_cloud(tmp_path / "up")
    assert not report.failed
    for name in workspace.list_tables():
        folder = tmp_path / "up" / "tables" / name
        metadata = deltalake.DeltaTable(str(folder)).metadata()
        assert metadata.configuration["delta.enableChangeDataFeed"] == "true"
        assert rows_of(folder) == workspace.read_table(name).to_pylist()
    assert report.count("table") == len(workspace.list_tables()) > 0


def test_rows_of_a_direct_access_index_go_with_their_vectors(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.upsert(DIRECT, [{**DIRECT_ROWS[0], "text": "changed"}])
    workspace.delete_rows(DIRECT, [DIRECT_ROWS[1]["id"]])
    workspace.export_cloud(tmp_path / "up")
    found = {row["id"]: row for row in rows_of(tmp_path / "up" / "direct_access" / DIRECT)}
    kept = [{**DIRECT_ROWS[0], "text": "changed"}, *DIRECT_ROWS[2:]]
    assert set(found) == {row["id"] for row in kept}
    for row in kept:
        assert found[row["id"]]["text"] == row["text"]
        wanted = np.array(row["vector"], dtype=np.float32)
        assert np.array_equal(np.array(found[row["id"]]["vector"], dtype=np.float32), wanted)


def test_the_manifest_keeps_names_comments_properties_and_keys(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.export_cloud(tmp_path / "up")
    manifest = json.loads((tmp_path / "up" / "manifest.json").read_text("utf-8"))
    (table,) = [one for one in manifest["tables"] if one["name"] == TABLE]
    assert table["comment"] == "What is sold, 'all' of it"
    assert table["properties"] == {"owner": "shop"}
    assert table["primary_key"]["columns"] == ["product_id"]
    comments = {one["name"]: one["comment"] for one in table["columns"]}
    assert comments["title"] == "as customers see it"
    assert table["rows"] == PRODUCTS.num_rows
    assert [one["name"] for one in manifest["endpoints"]] == [ENDPOINT]
    assert {one["name"] for one in manifest["indexes"]} >= {DIRECT, SYNCED}
    assert manifest["serving_endpoints"] == ["clip-multimodal-encoder"]


def names_of_script(export: Path) -> dict[str, Any]:
    """What an export's script defines; nothing of it is run."""
    names: dict[str, Any] = {"__name__": "read", "__file__": str(export / "x.py")}
    exec(compile((export / "create_in_cloud.py").read_text("utf-8"), "s", "exec"), names)
    return names


def test_the_statements_that_load_a_table_are_the_clouds_sql(
    workspace: Workspace, tmp_path: Path
) -> None:
    import sqlglot

    workspace.export_cloud(tmp_path / "up")
    names = names_of_script(tmp_path / "up")
    (table,) = [one for one in names["TABLES"] if one["name"] == TABLE]
    source = " AS SELECT * FROM delta.`/Volumes/a/b/c/tables/x`"
    made = sqlglot.parse_one(table["create"] + source, read="databricks")
    properties = {str(one.this.name): one.args["value"].name for one in _properties(made)}
    assert properties == {"owner": "shop", "delta.enableChangeDataFeed": "true"}
    assert made.find(sqlglot.exp.SchemaCommentProperty).this.name == "What is sold, 'all' of it"
    assert [sqlglot.parse_one(one, read="databricks").key for one in table["after"]] == [
        "alter"
    ] * 3


def test_the_script_loads_a_missing_table_and_then_says_what_is_known_of_it(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.export_cloud(tmp_path / "up")
    names = names_of_script(tmp_path / "up")
    ran: list[tuple[str, str]] = []
    names["table_exists"] = lambda w, name: False
    names["run_sql"] = lambda w, warehouse, statement: ran.append((warehouse, statement))
    (table,) = [one for one in names["TABLES"] if one["name"] == TABLE]
    given = SimpleNamespace(warehouse_id="w1", volume="/Volumes/a/b/c/up/")
    names["load_table"](None, table, given)
    assert {warehouse for warehouse, _ in ran} == {"w1"}
    first, *rest = [statement for _, statement in ran]
    assert first.startswith("CREATE TABLE `main`.`shop`.`products` COMMENT ")
    assert first.endswith(f" AS SELECT * FROM delta.`/Volumes/a/b/c/up/tables/{TABLE}`")
    assert rest == table["after"]
    assert rest[0].endswith("ALTER COLUMN `title` COMMENT 'as customers see it'")
    assert rest[-1].endswith("PRIMARY KEY (`product_id`)")
    assert not names["trouble"]


def _properties(statement: Any) -> list[Any]:
    import sqlglot

    return list(statement.find_all(sqlglot.exp.Property))[1:]


def test_views_and_tables_that_an_index_writes_are_skipped_and_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.sql("CREATE VIEW main.shop.cheap AS SELECT * FROM main.shop.products")
    workspace.create_index(
        "main.shop.kept",
        source_table=TABLE,
        source_column="title",
        model_endpoint="clip-multimodal-encoder",
        sync_computed_embeddings=True,
        primary_key="product_id",
        endpoint=ENDPOINT,
    )
    report = workspace.export_cloud(tmp_path / "up")
    skipped = {one.name: one.detail for one in report.things if one.action == "skipped"}
    assert "view" in skipped["main.shop.cheap"]
    assert "main.shop.kept writes it" in skipped["main.shop.kept_writeback_table"]
    assert not report.failed
    assert "2 skipped, 0 failed" in report.summary()


def test_a_column_that_delta_lacks_is_named_and_the_rest_is_exported(
    workspace: Workspace, tmp_path: Path
) -> None:
    times = pa.array([1], pa.time64("us"))
    workspace.write_table(ODD, pa.table({"id": [1], "at": times}))
    run = command(workspace, "--cloud", str(tmp_path / "up"))
    assert run.exit_code == 1, run.output
    assert f"failed: table {ODD}: column 'at' is of type time64[us]" in run.stderr
    assert "exported 2 tables, 1 endpoint, 3 indexes" in run.stdout
    assert "1 failed" in run.stdout
    assert not (tmp_path / "up" / "tables" / ODD).exists()
    assert rows_of(tmp_path / "up" / "tables" / TABLE)


@pytest.mark.parametrize(
    ("names", "said"), [(["a b"], "name"), (["a", "A"], "letter case")], ids=["space", "case"]
)
def test_a_column_that_the_cloud_cant_name_is_told(
    workspace: Workspace, tmp_path: Path, names: list[str], said: str
) -> None:
    workspace.write_table(ODD, pa.table([pa.array([1])] * len(names), names=names))
    (failed,) = workspace.export_cloud(tmp_path / "up").failed
    assert failed.name == ODD
    assert said in failed.detail


def test_a_value_that_would_be_rounded_is_told(workspace: Workspace, tmp_path: Path) -> None:
    workspace.write_table(ODD, pa.table({"at": pa.array([1_000, 1_001], pa.timestamp("ns"))}))
    (failed,) = workspace.export_cloud(tmp_path / "up").failed
    assert failed.name == ODD
    assert "'at'" in failed.detail
    assert not (tmp_path / "up" / "tables" / ODD).exists()


def test_a_damaged_table_is_its_own_trouble_and_that_of_its_index(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write_table(ODD, pa.table({"id": [1]}))
    (file,) = workspace.path.rglob("products/*.parquet")
    file.write_bytes(b"PAR1" + bytes(100))
    report = workspace.export_cloud(tmp_path / "up")
    failed = {one.name: one.detail for one in report.failed}
    assert TABLE in failed
    assert SYNCED in failed
    assert failed[SYNCED] == f"its table {TABLE} was not exported"
    exported = {one.name for one in report.things if one.action == "exported"}
    assert {ODD, DIRECT, ENDPOINT} <= exported


def test_a_folder_that_is_not_empty_is_refused_unless_it_is_an_export_to_replace(
    workspace: Workspace, tmp_path: Path
) -> None:
    target = tmp_path / "up"
    target.mkdir()
    workspace.export_cloud(target)  # empty
    with pytest.raises(ResourceConflict, match="--replace"):
        workspace.export_cloud(target)
    workspace.write_table(ODD, pa.table({"id": [1]}))
    workspace.export_cloud(target, replace=True)
    assert (target / "tables" / ODD).is_dir()
    other = tmp_path / "photos"
    other.mkdir()
    (other / "one.jpg").write_bytes(b"mine")
    with pytest.raises(InvalidInputException, match="holds no export"):
        workspace.export_cloud(other, replace=True)
    assert (other / "one.jpg").read_bytes() == b"mine"
    assert traces(tmp_path) == ["photos", "up", "workspace"]


def test_other_places_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    for place, said in (
        (workspace.path / "up", "in or around"),
        (tmp_path, "in or around"),
        (tmp_path / "no" / "up", "no folder"),
    ):
        with pytest.raises(InvalidInputException, match=said):
            workspace.export_cloud(place)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidInputException, match="is a file"):
        workspace.export_cloud(tmp_path / "file", replace=True)


def test_a_full_disk_leaves_nothing_and_keeps_the_export_before(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "up"
    workspace.export_cloud(target)
    before = sorted(path for path in target.rglob("*"))
    real = deltalake.write_deltalake

    def full(folder: str, *given: Any, **named: Any) -> None:
        real(folder, *given, **named)
        if DIRECT in folder:
            raise deltalake.exceptions.DeltaError(
                "Generic LocalFileSystem error: Unable to write: No space left on device (os error 28)"
            )

    monkeypatch.setattr(deltalake, "write_deltalake", full)
    with pytest.raises(StorageFailed, match="Make room on the disk"):
        workspace.export_cloud(target, replace=True)
    with pytest.raises(StorageFailed):
        workspace.export_cloud(tmp_path / "other")
    monkeypatch.undo()
    assert sorted(path for path in target.rglob("*")) == before
    assert traces(tmp_path) == ["up", "workspace"]


def test_a_disk_that_is_full_for_the_script_leaves_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(StorageFailed, match="No space left"):
        workspace.export_cloud(tmp_path / "up")
    monkeypatch.undo()
    assert traces(tmp_path) == ["workspace"]


def test_a_missing_extra_is_named(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(package: str, what: str) -> Any:
        raise MissingExtra(f"{what} needs {package}: pip install 'vitrine-search[delta]'")

    monkeypatch.setattr(delta_writing, "require", missing)
    run = command(workspace, "--cloud", str(tmp_path / "up"))
    assert run.exit_code == 1
    assert "[delta]" in run.output
    assert traces(tmp_path) == ["workspace"]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, None], pa.uint8()),
        pa.array([2**64 - 1, None], pa.uint64()),
        pa.array([1.5, None], pa.float16()),
        pa.array(["a", "b"]).dictionary_encode(),
        pa.array(["a", None], pa.large_string()),
        pa.array([b"ab", None], pa.binary(2)),
        pa.array([[1.0, 2.0], None], pa.list_(pa.float32(), 2)),
        pa.array([Decimal("1.25"), None], pa.decimal128(9, 2)),
        pa.array([date(2026, 1, 2), None], pa.date32()),
        pa.array([{"a": 1, "b": "x"}, None]),
        pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int16())),
    ],
    ids=lambda column: str(column.type),
)
def test_values_of_every_type_come_back_as_they_were(column: pa.Array, tmp_path: Path) -> None:
    table = pa.table({"x": column})
    rows = delta_writing.write_delta(tmp_path / "t", table.schema, table.to_batches())
    assert rows == len(column)
    assert rows_of(tmp_path / "t") == table.to_pylist()


def test_times_without_a_zone_are_instants_in_utc(tmp_path: Path) -> None:
    at = datetime(2026, 5, 6, 7, 8, 9, 123456)
    table = pa.table({"x": pa.array([at], pa.timestamp("us"))})
    delta_writing.write_delta(tmp_path / "t", table.schema, table.to_batches())
    assert rows_of(tmp_path / "t") == [{"x": at.replace(tzinfo=timezone.utc)}]


@pytest.mark.parametrize(
    "kind", [pa.time32("s"), pa.duration("s"), pa.null(), pa.decimal256(40, 2)]
)
def test_types_that_delta_lacks_have_none(kind: pa.DataType) -> None:
    assert delta_type(kind) is None
    assert delta_type(pa.list_(kind)) is None
    assert delta_type(pa.struct([("a", kind)])) is None


@settings(max_examples=20, deadline=None)
@given(st.lists(st.fixed_dictionaries({"id": st.integers(-(2**63), 2**63 - 1), "t": st.text()})))
def test_any_rows_come_back(rows: list[dict[str, Any]]) -> None:
    import tempfile

    schema = pa.schema([("id", pa.int64()), ("t", pa.string())])
    table = pa.Table.from_pylist(rows, schema=schema)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "t"
        assert delta_writing.write_delta(place, schema, table.to_batches(2)) == len(rows)
        # A Delta table has no order; batches may change places.
        by_value = lambda row: (row["id"], row["t"])  # noqa: E731
        assert sorted(rows_of(place), key=by_value) == sorted(rows, key=by_value)
