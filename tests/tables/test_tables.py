"""Tables of several files: values as they were written, or the table refused by file and column."""

from __future__ import annotations

import datetime as dt
import itertools
import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import BadRequest, BadSourceFile, CorruptFile, NotFound, Workspace
from engine.core.names import table_name
from engine.core.schema import SyncReport
from engine.errors import InvalidInputException, InvalidParameterValue
from engine.service.catalogs.given_tables import TableSaid
from engine.store.tables.parquet_files import ParquetFiles
from engine.store.tables.partitions import partition_values

NOON = dt.datetime(2024, 1, 1, 12, 30)
FAR = dt.datetime(9999, 12, 31)
UTC = dt.timezone.utc


def write(file: Path, **columns: Any) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), file)
    return file


def files_of(folder: Path, arrays: Sequence[pa.Array]) -> list[Path]:
    """A file for each array, in a column `x`, with keys that go on from file to file."""
    made, key = [], 0
    for number, array in enumerate(arrays):
        keys = list(range(key, key + len(array)))
        vectors = pa.array([[1.0, float(k)] for k in keys], pa.list_(pa.float32()))
        made.append(write(folder / f"{number}.parquet", id=keys, x=array, v=vectors))
        key += len(array)
    return made


def serve(workspace: Workspace, table: str, index: str = "main.a.i") -> SyncReport:
    return workspace.create_index(
        index, source_table=table, vector_column="v", primary_key="id", create_endpoint=True
    )


def stored(workspace: Workspace, index: str = "main.a.i") -> dict[int, Any]:
    """Value of `x` by key, as the index has it on disk."""
    found = {}
    for part in workspace.version_of(index)[2].parts:
        rows = part.segment.metadata.read(part.live_row_numbers())
        found |= dict(zip(rows["id"].to_pylist(), rows["x"].to_pylist()))
    return found


# ------------------------------------------------------------------ types that go together
TOGETHER: list[tuple[str, list[pa.Array], pa.DataType]] = [
    ("int and double", [pa.array([1, -2]), pa.array([19.99, 0.5])], pa.float64()),
    (
        "int and float",
        [pa.array([2**31 - 1], pa.int32()), pa.array([0.1], pa.float32())],
        pa.float64(),
    ),
    ("int32 and int64", [pa.array([5], pa.int32()), pa.array([2**32 + 1])], pa.int64()),
    ("unsigned", [pa.array([255], pa.uint8()), pa.array([-1], pa.int8())], pa.int16()),
    ("uint64 and int64", [pa.array([2**63 - 1], pa.uint64()), pa.array([-5])], pa.int64()),
    (
        "decimals",
        [pa.array([Decimal("19.99")]), pa.array([Decimal("0.12345")]), pa.array([7], pa.int8())],
        pa.decimal128(8, 5),
    ),
    ("texts", [pa.array(["a"]), pa.array(["b"], pa.large_string())], pa.large_string()),
    ("dictionary", [pa.array(["a", "b", "a"]).dictionary_encode(), pa.array(["c"])], pa.string()),
    (
        "times",
        [pa.array([NOON], pa.timestamp("ms")), pa.array([FAR], pa.timestamp("us"))],
        pa.timestamp("us"),
    ),
    (
        "nanoseconds",
        [pa.array([NOON], pa.timestamp("ns")), pa.array([FAR], pa.timestamp("us"))],
        pa.timestamp("us"),
    ),
    ("date and time", [pa.array([NOON.date()]), pa.array([NOON])], pa.timestamp("us")),
    ("a null column", [pa.nulls(2), pa.array(["a"])], pa.string()),
    ("only nulls", [pa.nulls(2, pa.float64()), pa.array(["a"])], pa.string()),
    ("only nulls of three", [pa.nulls(1, pa.bool_()), pa.nulls(1), pa.array([3])], pa.int64()),
    (
        "lists",
        [
            pa.array([[1.5]], pa.list_(pa.float32())),
            pa.array([[2.5, None]], pa.list_(pa.float64())),
            pa.array([[3.5]], pa.list_(pa.float32(), 1)),
            pa.array([None, []], pa.list_(pa.null())),
        ],
        pa.list_(pa.float64()),
    ),
]


@pytest.mark.parametrize(
    ("arrays", "kind"), [t[1:] for t in TOGETHER], ids=[t[0] for t in TOGETHER]
)
def test_files_of_several_types_keep_every_value_in_any_order(
    workspace: Workspace, tmp_path: Path, arrays: list[pa.Array], kind: pa.DataType
) -> None:
    for number, order in enumerate(itertools.permutations(arrays)):
        workspace.register_table("t", files_of(tmp_path / str(number), order))
        table = workspace.read_table("t")
        assert table.schema.field("x").type == kind
        wanted = [value for array in order for value in array.to_pylist()]
        as_read = [dt.datetime(v.year, v.month, v.day) if type(v) is dt.date else v for v in wanted]
        assert table["x"].to_pylist() == as_read
        assert workspace.read_table("t", ["x"])["x"].to_pylist() == as_read
        streamed = list(workspace.tables.get(_name("t")).batches(["x"], rows=1))
        assert all(batch.schema.field("x").type == kind for batch in streamed)
        assert [v for batch in streamed for v in batch.column(0).to_pylist()] == as_read


def _name(text: str) -> Any:
    from engine.core.names import table_name

    return table_name(text)


@pytest.mark.parametrize("turned", [False, True])
def test_an_index_over_files_of_several_types_has_their_values(
    workspace: Workspace, tmp_path: Path, turned: bool
) -> None:
    arrays = [pa.array([10, 20]), pa.array([19.99, None]), pa.array([7], pa.uint8())]
    arrays = arrays[::-1] if turned else arrays
    workspace.register_table("t", files_of(tmp_path, arrays))
    serve(workspace, "t")
    wanted = [value for array in arrays for value in array.to_pylist()]
    assert stored(workspace) == dict(enumerate(wanted))


APART: list[tuple[str, pa.Array, pa.Array]] = [
    ("bool and int", pa.array([True]), pa.array([5])),
    ("text and number", pa.array(["5"]), pa.array([5])),
    ("text and date", pa.array(["2024-01-01"]), pa.array([NOON.date()])),
    (
        "zone and none",
        pa.array([NOON], pa.timestamp("us")),
        pa.array([NOON], pa.timestamp("us", "UTC")),
    ),
    ("decimal and double", pa.array([Decimal("19.99")]), pa.array([19.99])),
    ("time and int", pa.array([NOON]), pa.array([5])),
    ("list and number", pa.array([[1.0]]), pa.array([1.0])),
    ("list of texts", pa.array([["a"]]), pa.array([[1.0]])),
    ("2**53 + 1 and double", pa.array([2**53 + 1]), pa.array([0.5])),
    ("too large", pa.array([2**64 - 1], pa.uint64()), pa.array([-1])),
    ("below a microsecond", pa.array([1], pa.timestamp("ns")), pa.array([FAR], pa.timestamp("us"))),
]


@pytest.mark.parametrize(("one", "two"), [t[1:] for t in APART], ids=[t[0] for t in APART])
def test_types_that_no_type_holds_are_refused_with_file_column_and_both_types(
    workspace: Workspace, tmp_path: Path, one: pa.Array, two: pa.Array
) -> None:
    for number, order in enumerate(((one, two), (two, one), (pa.nulls(1), two, one))):
        files = files_of(tmp_path / str(number), order)
        with pytest.raises(BadSourceFile, match=r"column 'x' is of type") as caught:
            workspace.register_table("t", files)
        assert caught.value.file in map(str, files)
        assert str(one.type).replace("item", "element") in caught.value.message
        assert workspace.list_tables() == []


def test_a_file_that_changes_to_a_type_apart_fails_the_sync_and_the_index_serves_on(
    workspace: Workspace, tmp_path: Path
) -> None:
    files = files_of(tmp_path, [pa.array([1, 2]), pa.array([3])])
    workspace.register_table("t", files)
    serve(workspace, "t")
    write(files[1], id=[2], x=["three"], v=pa.array([[1.0, 2.0]], pa.list_(pa.float32())))
    with pytest.raises(BadSourceFile, match=r"column 'x' is of type string, but int64 in"):
        workspace.sync("main.a.i")
    assert stored(workspace) == {0: 1, 1: 2, 2: 3}
    assert len(workspace.search(vector=[1.0, 0.0], index="main.a.i", columns=["id", "x"])) == 3
    write(files[1], id=[2], x=[3.5], v=pa.array([[1.0, 2.0]], pa.list_(pa.float32())))
    workspace.sync("main.a.i")
    assert stored(workspace) == {0: 1.0, 1: 2.0, 2: 3.5}


def test_a_changed_file_is_read_in_the_types_of_the_whole_table(
    workspace: Workspace, tmp_path: Path
) -> None:
    files = files_of(tmp_path, [pa.array([1.5]), pa.array([2])])
    workspace.register_table("t", files)
    serve(workspace, "t")
    write(
        files[1], id=[1, 2], x=[2, 3], v=pa.array([[1.0, 1.0], [1.0, 2.0]], pa.list_(pa.float32()))
    )
    report = workspace.sync("main.a.i")
    assert (report.inserted, report.updated, report.deleted) == (1, 0, 0)
    assert stored(workspace) == {0: 1.5, 1: 2.0, 2: 3.0}


def test_a_value_that_no_longer_fits_fails_the_sync_by_name(
    workspace: Workspace, tmp_path: Path
) -> None:
    files = files_of(tmp_path, [pa.array([1.5]), pa.array([2])])
    workspace.register_table("t", files)
    serve(workspace, "t")
    write(files[1], id=[1], x=[2**53 + 1], v=pa.array([[1.0, 1.0]], pa.list_(pa.float32())))
    with pytest.raises(BadSourceFile, match=r"1\.parquet: column 'x' .* 9007199254740993"):
        workspace.sync("main.a.i")
    assert stored(workspace) == {0: 1.5, 1: 2.0}


def test_files_may_order_their_columns_otherwise(workspace: Workspace, tmp_path: Path) -> None:
    one, two = (
        write(tmp_path / "1.parquet", a=[1], b=["x"]),
        write(tmp_path / "2.parquet", b=["y"], a=[2]),
    )
    workspace.register_table("t", [one, two])
    assert workspace.read_table("t").to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def test_sparks_old_times_keep_the_year_9999(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "old.parquet"
    table = pa.table({"id": [1, 2], "x": pa.array([FAR, NOON]), "v": [[1.0, 0.0], [0.0, 1.0]]})
    pq.write_table(table, file, use_deprecated_int96_timestamps=True)
    workspace.register_table("t", file)
    assert workspace.read_table("t")["x"].to_pylist() == [FAR, NOON]
    serve(workspace, "t")
    assert stored(workspace) == {1: FAR, 2: NOON}


def test_times_with_a_zone_are_stored_as_the_instant_they_are(
    workspace: Workspace, tmp_path: Path
) -> None:
    instants = [NOON.replace(tzinfo=UTC), dt.datetime(1890, 7, 1, tzinfo=UTC)]
    arrays = [
        pa.array(instants, pa.timestamp("us", z)) for z in ("Asia/Kolkata", "America/New_York")
    ]
    workspace.register_table("t", files_of(tmp_path, arrays))
    serve(workspace, "t")
    assert list(stored(workspace).values()) == [t.replace(tzinfo=None) for t in instants] * 2


def test_a_time_out_of_range_is_refused_by_name(workspace: Workspace, tmp_path: Path) -> None:
    array = pa.array([2**60], pa.timestamp("ms"))
    workspace.register_table("t", files_of(tmp_path, [array]))
    [(key, reason)] = serve(workspace, "t").failures
    assert key == "0"
    assert "column 'x' holds a time beyond the years" in reason
    assert stored(workspace) == {}


def test_text_that_is_no_utf8_is_refused_by_name_or_is_its_rows_trouble(
    workspace: Workspace, tmp_path: Path
) -> None:
    broken = pa.array([b"ok", b"\xff\xfe"]).view(pa.string())
    workspace.register_table("t", files_of(tmp_path, [broken]))
    with pytest.raises(BadSourceFile, match="column 'x' is not text in UTF-8"):
        workspace.read_table("t")
    report = serve(workspace, "t")
    assert [key for key, _ in report.failures] == ["1"]
    assert "column 'x' holds text that is not UTF-8" in report.failures[0][1]
    assert stored(workspace) == {0: "ok"}


# ------------------------------------------------------------------ key=value folders
def test_folders_bring_their_columns(workspace: Workspace, tmp_path: Path) -> None:
    root = tmp_path / "shop"
    for year, color, key in ((2023, "Red", 1), (2023, "Dark%20Blue%2FNavy", 2), (2024, "Red", 3)):
        vectors = pa.array([[1.0, float(key)]], pa.list_(pa.float32()))
        write(
            root / f"year={year}" / f"color={color}" / "part-0.snappy.parquet", id=[key], v=vectors
        )
    null = root / "year=2024" / "color=__HIVE_DEFAULT_PARTITION__" / "part-0.parquet"
    write(null, id=[4], v=pa.array([[1.0, 4.0]], pa.list_(pa.float32())))
    assert workspace.register_table("t", root) == 4
    table = workspace.read_table("t")
    assert table.schema.field("year").type == pa.int32()
    assert table.schema.names == ["id", "v", "year", "color"]
    rows = {row["id"]: (row["year"], row["color"]) for row in table.to_pylist()}
    assert rows == {
        1: (2023, "Red"), 2: (2023, "Dark Blue/Navy"), 3: (2024, "Red"), 4: (2024, None),
    }  # fmt: skip
    assert workspace.read_table("t", ["color"]).num_rows == 4
    assert workspace.read_table("t", []).num_rows == 4
    serve(workspace, "t")
    found = workspace.search(
        vector=[1.0, 0.0],
        index="main.a.i",
        columns=["id"],
        filters={"color": "Red", "year >": 2023},
    )
    assert [row["id"] for row in found] == [3]
    write(null, id=[4, 5], v=pa.array([[1.0, 4.0], [1.0, 5.0]], pa.list_(pa.float32())))
    report = workspace.sync("main.a.i")
    assert (report.inserted, report.updated, report.deleted) == (1, 0, 0)
    found = workspace.search(vector=[1.0, 0.0], index="main.a.i", columns=["id", "year"])
    assert {row["id"]: row["year"] for row in found}[5] == 2024


@pytest.mark.parametrize(
    "patterns",
    ["color=Red", "*", "color=*", "*/*.parquet", "color=Red/a.parquet"],
)
def test_a_folder_a_pattern_or_a_file_within_brings_the_column_too(
    workspace: Workspace, tmp_path: Path, patterns: str
) -> None:
    write(tmp_path / "shop" / "color=Red" / "a.parquet", id=[1])
    workspace.register_table("t", tmp_path / "shop" / patterns)
    assert workspace.read_table("t").to_pylist() == [{"id": 1, "color": "Red"}]


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", "20", "-3"], pa.int32(), [1, 20, -3]),
        (["01", "12"], pa.int32(), [1, 12]),
        (["1", str(2**31)], pa.int64(), [1, 2**31]),
        (["1", str(2**63)], pa.string(), ["1", str(2**63)]),
        (["1", "2.5"], pa.float64(), [1.0, 2.5]),
        (["2024-01-31", "2023-12-01"], pa.date32(), [dt.date(2024, 1, 31), dt.date(2023, 12, 1)]),
        (["2024-01-31", "2024-02-30"], pa.string(), ["2024-01-31", "2024-02-30"]),
        (["1", "01"], pa.string(), ["1", "01"]),
        (["1.1", "1.10"], pa.string(), ["1.1", "1.10"]),
        (["1", "x"], pa.string(), ["1", "x"]),
        (["1_0"], pa.string(), ["1_0"]),
        (["１"], pa.string(), ["１"]),
        ([" 1"], pa.string(), [" 1"]),
        (["nan", "inf"], pa.string(), ["nan", "inf"]),
        ([str(2**53 + 1), "0.5"], pa.string(), [str(2**53 + 1), "0.5"]),
        (["true"], pa.string(), ["true"]),
        ([None, "7"], pa.int32(), [None, 7]),
        ([None], pa.string(), [None]),
        ([""], pa.string(), [""]),
    ],
    ids=str,
)
def test_texts_of_folders_are_typed_without_loss(
    texts: list[str | None], kind: pa.DataType, values: list[Any]
) -> None:
    for order in (texts, texts[::-1]):
        found, by_text = partition_values(order)
        assert found == kind
        assert [by_text[text] for text in texts] == values


def test_a_column_in_the_file_and_in_the_folder_must_agree(
    workspace: Workspace, tmp_path: Path
) -> None:
    write(tmp_path / "good" / "year=2023" / "a.parquet", id=[1], year=[2023])
    write(tmp_path / "good" / "year=2024" / "a.parquet", id=[2], year=[2024])
    workspace.register_table("t", tmp_path / "good")
    assert workspace.read_table("t")["year"].to_pylist() == [2023, 2024]
    write(tmp_path / "bad" / "year=2023" / "a.parquet", id=[1], year=[2024])
    with pytest.raises(BadSourceFile, match=r"column 'year' holds 2024, .* folder year=2023"):
        workspace.register_table("t", tmp_path / "bad")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", pa.array([True])),
        ("0.1", pa.array([0.1], pa.float32())),
        ("1.5", pa.array([Decimal("1.50")], pa.decimal128(10, 2))),
        ("01", pa.array(["01"]).dictionary_encode()),
        ("2024-01-31", pa.array([dt.date(2024, 1, 31)])),
        ("__HIVE_DEFAULT_PARTITION__", pa.array([None], pa.bool_())),
    ],
    ids=str,
)
def test_a_folder_says_a_value_of_any_type(
    workspace: Workspace, tmp_path: Path, text: str, value: pa.Array
) -> None:
    write(tmp_path / f"x={text}" / "a.parquet", id=[1], x=value)
    workspace.register_table("t", tmp_path)
    assert workspace.read_table("t")["x"].to_pylist() == value.to_pylist()


def test_bytes_of_a_folders_name_that_are_no_text_stay_apart(
    workspace: Workspace, tmp_path: Path
) -> None:
    for text in ("%FF", "%FE", "%C3%A9"):
        write(tmp_path / f"x={text}" / "a.parquet", id=[1])
    workspace.register_table("t", tmp_path)
    assert sorted(workspace.read_table("t")["x"].to_pylist()) == ["%FE", "%FF", "é"]


def test_folders_that_say_different_things_are_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    write(tmp_path / "a" / "color=Red" / "a.parquet", id=[1])
    write(tmp_path / "a" / "b.parquet", id=[2])
    with pytest.raises(BadSourceFile, match="same key=value folders"):
        workspace.register_table("t", tmp_path / "a")
    write(tmp_path / "b" / "color=Red" / "color=Blue" / "a.parquet", id=[1])
    with pytest.raises(BadSourceFile, match=r"name 'color' twice: 'Red' and 'Blue'"):
        workspace.register_table("t", tmp_path / "b")


def test_what_spark_leaves_beside_the_files_is_passed_over(
    workspace: Workspace, tmp_path: Path
) -> None:
    root = tmp_path / "shop"
    write(root / "part-0.parquet", id=[1])
    write(root / "deeper" / "part-1.PARQUET", id=[2])
    for name in ("_SUCCESS", "._part-0.parquet", ".part-0.parquet.crc", "_metadata", "_x.parquet"):
        (root / name).write_bytes(b"no Parquet")
    for folder in ("_temporary/0", ".hidden", "_started"):
        write(root / folder / "part-9.parquet", other=[9])
    assert workspace.register_table("t", root) == 2
    assert workspace.register_table("u", str(root / "*")) == 2
    with pytest.raises(BadSourceFile, match="no Parquet file is here"):
        workspace.register_table("v", root / "_temporary*")
    write(root / "_named.parquet", id=[3])
    assert workspace.register_table("w", root / "_named.parquet") == 1


def test_one_file_counts_once_however_often_it_is_named(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = write(tmp_path / "a.parquet", id=[1])
    (tmp_path / "link.parquet").symlink_to(file)
    assert workspace.register_table("t", [file, str(tmp_path / "*.parquet"), tmp_path]) == 1


# ------------------------------------------------------------------ names
@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pa.table([pa.array([1]), pa.array([2])], names=["price", "price"]), "column 'price'"),
        (
            pa.table({"s": pa.StructArray.from_arrays([pa.array([1])] * 2, names=["a", "a"])}),
            "field 'a' of column 's'",
        ),
    ],
    ids=["columns", "fields"],
)
def test_a_name_twice_is_refused(
    workspace: Workspace, tmp_path: Path, table: pa.Table, words: str
) -> None:
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(BadSourceFile, match=f"{words} is there twice"):
        workspace.register_table("t", tmp_path / "a.parquet")
    with pytest.raises(InvalidInputException, match=f"{words} is there twice"):
        workspace.write_table("t", table)
    assert workspace.list_tables() == []


def test_names_that_differ_in_case_only_are_columns_of_their_own(workspace: Workspace) -> None:
    rows = {"id": [1, 2], "Price": [1, 2], "price": ["a", "b"], "v": [[1.0, 0.0], [0.0, 1.0]]}
    workspace.write_table("t", pa.table(rows))
    assert workspace.read_table("t", ["price"])["price"].to_pylist() == ["a", "b"]
    serve(workspace, "t")
    for filters in ({"Price": 2}, {"price": "b"}):
        found = workspace.search(
            vector=[1.0, 1.0], index="main.a.i", columns=["Price", "price"], filters=filters
        )
        assert [(row["Price"], row["price"]) for row in found] == [(2, "b")]


def test_a_column_whose_name_is_the_start_of_another_is_read_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    columns = {"a.b": [1], "a": ["x"], "a.b.c": [[1.5]]}
    workspace.register_table("t", write(tmp_path / "a.parquet", **columns))
    for name, values in columns.items():
        assert workspace.read_table("t", [name]).to_pydict() == {name: values}


@pytest.mark.parametrize("registered", [False, True])
def test_columns_that_are_not_there_or_named_twice_are_refused(
    workspace: Workspace, tmp_path: Path, registered: bool
) -> None:
    if registered:
        workspace.register_table("t", write(tmp_path / "a.parquet", id=[1], name=["x"]))
    else:
        workspace.write_table("t", pa.table({"id": [1], "name": ["x"]}))
    for ask in (["id", "nmae"], ["NAME"]):
        with pytest.raises(BadSourceFile, match=rf"t: there is no column '{ask[-1]}'"):
            workspace.read_table("t", ask)
    with pytest.raises(BadSourceFile, match=r"Did you mean 'name'\?"):
        workspace.read_table("t", ["nmae"])
    with pytest.raises(InvalidInputException, match="'id' twice"):
        workspace.read_table("t", ["id", "name", "id"])
    with pytest.raises(InvalidInputException, match="expected a list of columns"):
        workspace.read_table("t", "id")


# ------------------------------------------------------------------ whose files they are
def test_a_tables_own_files_are_never_registered_or_deleted(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write_table("t", pa.table({"id": [1, 2]}))
    (own,) = (workspace.path / "tables").rglob("*.parquet")
    (tmp_path / "link.parquet").symlink_to(own)
    (tmp_path / "folder").symlink_to(own.parent)
    ways = [own, own.parent, str(own.parent / "*.parquet"), os.path.relpath(own),
            tmp_path / "link.parquet", tmp_path / "folder", str(tmp_path / "fold*" / "*")]  # fmt: skip
    for way in ways:
        for name in ("t", "u"):
            with pytest.raises(BadSourceFile, match="it belongs to this workspace"):
                workspace.register_table(name, way)
    assert workspace.read_table("t")["id"].to_pylist() == [1, 2]
    assert workspace.list_tables() == ["main.fashion_demo.t"]


def test_files_of_an_index_are_not_registered(workspace: Workspace) -> None:
    workspace.write_table("t", pa.table({"id": [1], "x": [1], "v": [[1.0, 0.0]]}))
    serve(workspace, "t")
    with pytest.raises(BadSourceFile, match="it belongs to this workspace"):
        workspace.register_table("u", workspace.path / "indexes")


def test_files_of_a_volume_may_be_registered(workspace: Workspace) -> None:
    file = write(workspace.path / "volumes" / "main" / "s" / "v" / "a.parquet", id=[1])
    assert workspace.register_table("t", file) == 1


def test_addresses_of_files_are_paths_and_of_other_places_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = write(tmp_path / "a folder" / "ü.parquet", id=[1])
    for given in (file.as_uri(), file.parent.as_uri()):
        workspace.register_table("main.a.t", [given])
        assert workspace.read_table("main.a.t")["id"].to_pylist() == [1]
    for given in ("s3://bucket/t", "abfss://c@a.dfs.core.windows.net/t"):
        with pytest.raises(BadSourceFile, match=r"this is an address, .* Copy them here"):
            workspace.register_table("main.a.u", [given])


@pytest.mark.parametrize("name", ["a.csv", "b.JSONL", "c.json.gz"])
def test_what_becomes_of_files_of_text_is_said(
    workspace: Workspace, tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text("id\n1\n")
    for given in (tmp_path / name, tmp_path):
        with pytest.raises(BadSourceFile, match=r"CSV or JSON by its name.*vitrine table create"):
            workspace.register_table("main.a.t", [given])


def test_rows_that_are_appended_keep_their_values_or_are_refused(workspace: Workspace) -> None:
    name = table_name("main.a.t")
    given = workspace.unity_catalog.given_tables
    kinds = pa.schema([("at", pa.timestamp("us", "UTC")), ("p", pa.float64())])
    given.put(name, kinds.empty_table(), TableSaid())
    cents = pa.array([Decimal("0.35")])
    given.append(name, pa.table({"p": cents, "at": ["2024-01-01"]}))
    (row,) = workspace.read_table("main.a.t").to_pylist()
    assert row == {"at": dt.datetime(2024, 1, 1, tzinfo=UTC), "p": 0.35}
    with pytest.raises(BadSourceFile, match="row 1, column 'at': 1704067200 is no timestamp"):
        given.append(name, pa.table({"p": cents, "at": [1704067200]}))
    assert workspace.read_table("main.a.t").num_rows == 1


def test_files_of_a_delta_table_are_registered_as_that_only(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "d" / "_delta_log").mkdir(parents=True)
    file = write(tmp_path / "d" / "color=Red" / "a.parquet", id=[1])
    for way in (file, str(tmp_path / "d" / "*" / "*.parquet"), tmp_path):
        with pytest.raises(BadSourceFile, match="is part of the Delta table"):
            workspace.register_table("t", way)


# ------------------------------------------------------------------ damage
def test_a_damaged_table_is_listed_as_that_and_spoils_nothing(
    workspace: Workspace, tmp_path: Path
) -> None:
    workspace.write_table("main.s.good", pa.table({"id": [1]}))
    file = write(tmp_path / "gone.parquet", id=[1])
    for name in ("gone", "no_parquet", "other_types"):
        workspace.register_table(f"main.s.{name}", write(tmp_path / f"{name}.parquet", id=[1]))
    file.unlink()
    (tmp_path / "no_parquet.parquet").write_text("id\n")
    for name, content in (("cut", "{"), ("empty", "{}"), ("wrong", '{"files": 5}'), ("list", "[]")):
        workspace.write_table(f"main.s.{name}", pa.table({"id": [1]}))
        (workspace.path / "tables" / "main" / "s" / name / "table.json").write_text(content)
    bad = ["cut", "empty", "gone", "list", "no_parquet", "wrong"]
    assert workspace.list_tables() == [f"main.s.{n}" for n in sorted([*bad, "good", "other_types"])]
    assert sorted(workspace.damaged_tables()) == [f"main.s.{name}" for name in bad]
    described = {t["name"]: t for t in workspace.describe_tables(workspace.list_tables())}
    assert [
        name for name, table in described.items() if "damaged" in table.get("comment", "")
    ] == bad
    assert [column["name"] for column in described["good"]["columns"]] == ["id"]
    for name in bad:
        with pytest.raises((CorruptFile, BadSourceFile)):
            workspace.read_table(f"main.s.{name}")
        workspace.drop_table(f"main.s.{name}")
    assert workspace.damaged_tables() == {}
    with pytest.raises(NotFound):
        workspace.drop_table("main.s.cut")


def test_a_dropped_table_leaves_registered_files(workspace: Workspace, tmp_path: Path) -> None:
    file = write(tmp_path / "a.parquet", id=[1])
    workspace.register_table("t", file)
    workspace.write_table("u", pa.table({"id": [1]}))
    workspace.drop_table("t")
    workspace.drop_table("u")
    assert file.is_file()
    assert workspace.list_tables() == []
    assert not list((workspace.path / "tables").rglob("*.parquet"))


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("main.shop.product", "main.shop.products"),
        ("main.shop.Products", "main.shop.products"),
        ("products", "main.shop.products"),
    ],
)
def test_an_unknown_table_names_the_workspace_and_the_likely_one(
    workspace: Workspace, asked: str, meant: str
) -> None:
    workspace.write_table("main.shop.products", pa.table({"id": [1]}))
    with pytest.raises(NotFound) as caught:
        workspace.read_table(asked)
    assert f"not found in workspace {workspace.path}" in caught.value.message
    assert f"Did you mean {meant!r}?" in caught.value.message


def test_a_table_registered_by_an_older_release_opens_as_it_is(
    workspace: Workspace, tmp_path: Path
) -> None:
    file = write(tmp_path / "color=Red" / "a.parquet", id=[1])
    folder = workspace.path / "tables" / "main" / "s" / "old"
    folder.mkdir(parents=True)
    (folder / "table.json").write_text(
        f'{{"files": ["{file}"], "properties": {{}}, "registered": true}}'
    )
    assert workspace.read_table("main.s.old").to_pylist() == [{"id": 1}]


def test_what_is_no_table_or_has_no_place_in_parquet_is_refused(workspace: Workspace) -> None:
    with pytest.raises(InvalidInputException, match="expected a pyarrow Table"):
        workspace.write_table("t", {"id": [1]})
    interval = pa.array([pa.MonthDayNano([1, 2, 3])])
    with pytest.raises(InvalidInputException, match="can't be written as Parquet"):
        workspace.write_table("t", pa.table({"x": interval}))
    assert workspace.list_tables() == []


# ------------------------------------------------------------------ names that start with __
def test_columns_of_pandas_and_of_the_cloud_are_passed_over_or_taken_by_name(
    workspace: Workspace, tmp_path: Path
) -> None:
    columns = {
        "id": [1], "x": ["a"], "v": [[1.0, 0.0]], "__index_level_0__": [7],
        "__db_x_vector": [[0.0, 1.0]],
    }  # fmt: skip
    workspace.register_table("t", write(tmp_path / "a.parquet", **columns))
    serve(workspace, "t")
    assert [c["name"] for c in workspace.get_table("main.a.i")["columns"]] == ["id", "x", "v"]
    workspace.create_index(
        "main.a.j",
        source_table="t",
        primary_key="__index_level_0__",
        vector_column="__db_x_vector",
        columns_to_sync=["x"],
    )
    found = workspace.search(
        vector=[0.0, 1.0], index="main.a.j", columns=["__index_level_0__", "x"]
    )
    assert [(row["__index_level_0__"], row["x"]) for row in found] == [(7, "a")]
    with pytest.raises(BadRequest, match="not present"):
        workspace.create_index(
            "main.a.k",
            source_table="t",
            primary_key="id",
            vector_column="v",
            columns_to_sync=["__y"],
        )


def test_types_that_arrow_can_not_filter_or_parquet_not_hold_are_kept_as_their_like(
    workspace: Workspace,
) -> None:
    nested = pa.struct([("a", pa.list_(pa.string_view()))])
    rows = {
        "id": [1, 2],
        "s": pa.array(["x", None], pa.string_view()),
        "b": pa.array([b"x", None], pa.binary_view()),
        "n": pa.array([{"a": ["y"]}, None], nested),
        "d": pa.array([Decimal("1200"), None], pa.decimal128(5, -2)),
    }
    given = pa.table(rows)
    workspace.write_table("t", given)
    kept = workspace.read_table("t")
    assert kept.to_pylist() == given.to_pylist()
    assert kept.schema.field("s").type == pa.string() and kept.schema.field("d").type.scale == 0
    workspace.sql("DELETE FROM t WHERE s IS NULL")
    assert workspace.read_table("t").to_pylist() == given.to_pylist()[:1]


def test_names_of_any_length_that_the_cloud_takes(workspace: Workspace) -> None:
    """Three long parts are too long for one file's name."""
    parts = [letter * 250 for letter in "cst"]
    workspace.sql(f"CREATE CATALOG {parts[0]}")
    workspace.sql(f"CREATE SCHEMA {parts[0]}.{parts[1]}")
    names = [".".join(parts), ".".join([*parts[:2], "t" * 249 + "u"])]
    for number, name in enumerate(names):
        workspace.write_table(name, pa.table({"a": [number]}))
        workspace.sql(f"INSERT INTO {name} VALUES (7)")
    assert [workspace.read_table(name)["a"].to_pylist() for name in names] == [[0, 7], [1, 7]]
    for call in (workspace.read_table, lambda name: workspace.sql(f"CREATE TABLE {name} (a INT)")):
        with pytest.raises(InvalidParameterValue, match=r"it has 251 characters\. Expected 250"):
            call("t" * 251)


@pytest.mark.parametrize("rows", [0, 4], ids=["emptied", "written anew"])
def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path: Path, rows: int) -> None:
    """Arrow gives no further rows and no error; a sync would delete them and call that a success."""
    file = tmp_path / "a.parquet"
    numbers = pa.table({"a": list(range(4_000))})
    pq.write_table(numbers, file, row_group_size=1_000)
    reading = ParquetFiles((file,), ({},)).batches_of(file, ["a"], 1_000)
    next(reading)
    if rows:
        pq.write_table(numbers.slice(rows), file, row_group_size=1_000)
    else:
        file.write_bytes(b"")
    with pytest.raises(BadSourceFile, match=r"a.parquet: (it was written to|not a readable)"):
        list(reading)


def test_a_file_that_another_takes_the_name_of_is_read_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), file, row_group_size=1)
    reading = ParquetFiles((file,), ({},)).batches_of(file, ["a"], 1)
    first = next(reading)
    pq.write_table(pa.table({"a": [3]}), tmp_path / "b.parquet")
    (tmp_path / "b.parquet").rename(file)
    assert [one["a"][0].as_py() for one in (first, *reading)] == [1, 2]


@pytest.mark.parametrize("path", ["x" * 5000, "a/" + "y" * 300 + "/b.parquet", "\0"])
def test_a_path_that_no_file_can_have_is_a_missing_file(workspace: Workspace, path: str) -> None:
    with pytest.raises(BadSourceFile, match="no Parquet file is here"):
        workspace.register_table("main.t.a", [path])


def test_a_time_that_parquet_does_not_count_is_refused_by_the_tables_name(
    workspace: Workspace,
) -> None:
    table = pa.table({"t": pa.array([2**62], pa.timestamp("s"))})
    with pytest.raises(InvalidInputException, match=r"table main.t.a can't be written as Parquet"):
        workspace.write_table("main.t.a", table)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_a_pipe_and_a_name_that_is_no_text_are_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "a.parquet")
    for path in (tmp_path / "a.parquet", tmp_path):
        with pytest.raises(BadSourceFile, match="it is a pipe"):
            workspace.register_table("t", path)
    (tmp_path / "a.parquet").unlink()
    write(tmp_path / "b.parquet", id=[1])
    (tmp_path / "b.parquet").rename(tmp_path / os.fsdecode(b"\xff.parquet"))
    with pytest.raises(BadSourceFile, match="its path is not in UTF-8"):
        workspace.register_table("t", tmp_path)
