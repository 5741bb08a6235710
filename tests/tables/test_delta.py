"""Delta tables: real ones, written by deltalake, read whole and by what changed."""

from __future__ import annotations

import base64
import datetime as dt
import json
import struct
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.needs import needs

needs("delta")

from deltalake import DeltaTable, write_deltalake

from engine import BadSourceFile, InvalidInputException, MissingExtra
from engine.store.tables.delta import DeltaSource, is_delta, open_delta

FEED = {"delta.enableChangeDataFeed": "true"}
NOON = dt.datetime(2024, 5, 6, 12)


def rows(ids: list[int], name: str = "a", cats: str = "xy") -> pa.Table:
    return pa.table(
        {
            "id": pa.array(ids, pa.int64()),
            "name": [f"{name}{i}" for i in ids],
            "cat": [cats[i % len(cats)] for i in ids],
            "v": pa.array([[float(i), 1.0] for i in ids], pa.list_(pa.float32())),
        }
    )


def write(folder: Path, table: pa.Table, mode: str = "append", **more: Any) -> None:
    write_deltalake(folder, table, mode=mode, configuration=more.pop("feed", FEED), **more)


def merge(folder: Path, table: pa.Table) -> None:
    merger = DeltaTable(folder).merge(
        table, "t.id = s.id", source_alias="s", target_alias="t", merge_schema=False
    )
    merger.when_matched_update_all().when_not_matched_insert_all().execute()


def read(source: DeltaSource, *columns: str, rows: int = 1024) -> list[dict[str, Any]]:
    found = [row for b in source.batches(columns or None, rows) for row in b.to_pylist()]
    return sorted(found, key=lambda row: row.get("id") or 0)


def changed(source: DeltaSource, since: int, *columns: str) -> list[tuple[Any, ...]]:
    """(version, change, columns...) in the order given."""
    batches = source.changes(since, columns or ("id",))
    assert batches is not None
    return [
        (row.pop("_commit_version"), row.pop("_change_type"), *row.values())
        for batch in batches
        for row in batch.to_pylist()
    ]


def replay(before: list[dict[str, Any]], source: DeltaSource, since: int) -> dict[int, Any]:
    """What the last change of each key makes of the rows that were there."""
    state = {row["id"]: row for row in before}
    batches = source.changes(since)
    assert batches is not None
    for batch in batches:
        for row in batch.to_pylist():
            del row["_commit_version"]
            if row.pop("_change_type") == "delete":
                state.pop(row["id"], None)
            else:
                state[row["id"]] = row
    return state


def rewrite_log(folder: Path, version: int, change: Any) -> None:
    """Change the actions of a commit: `change` maps (kind, body) to a new body."""
    log = folder / "_delta_log" / f"{version:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    changed = [{kind: change(kind, body)} for action in actions for kind, body in action.items()]
    log.write_text("\n".join(json.dumps(action) for action in changed))


# ------------------------------------------------------------------ what a table is
def test_a_table_tells_its_version_rows_and_columns(tmp_path: Path) -> None:
    table = tmp_path / "a table, ü #1"
    assert not is_delta(tmp_path) and not is_delta(table)
    write(table, rows([1, 2, 3]), feed={})
    assert is_delta(table)
    first = open_delta(table)
    assert (first.version, first.num_rows, first.change_feed) == (0, 3, False)
    assert first.schema.names == ["id", "name", "cat", "v"]
    assert read(first) == rows([1, 2, 3]).to_pylist()
    write(table, rows([4]))
    DeltaTable(table).alter.set_table_properties(FEED)
    DeltaTable(table).delete("id = 2")
    later = open_delta(table)
    assert (later.version, later.num_rows, later.change_feed) == (3, 3, True)
    assert later.table_id == first.table_id
    # The one opened first stays at its version.
    assert (first.version, [row["id"] for row in read(first, "id")]) == (0, [1, 2, 3])


def test_a_table_made_anew_is_another_table(tmp_path: Path) -> None:
    ids = set()
    for aside in ("first", "second"):
        write(tmp_path / "t", rows([1]))
        ids.add(open_delta(tmp_path / "t").table_id)
        (tmp_path / "t").rename(tmp_path / aside)
    assert len(ids) == 2


def test_types_are_plain_whatever_was_written(tmp_path: Path) -> None:
    berlin = pa.timestamp("us", tz="Europe/Berlin")
    table = pa.table(
        {
            "large": pa.array(["a", None], pa.large_string()),
            "coded": pa.array(["u", "u"]).dictionary_encode(),
            'odd "Näme"': pa.array([1, 2], pa.int16()),
            "fixed": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2)),
            "doubles": pa.array([[1.0], None], pa.large_list(pa.float64())),
            "words": pa.array([["p", "q"], []], pa.large_list(pa.large_string())),
            "utc": pa.array([NOON, NOON], pa.timestamp("us", tz="UTC")),
            "berlin": pa.array([NOON, NOON], pa.timestamp("us")).cast(berlin),
            "local": pa.array([NOON, NOON], pa.timestamp("us")),
            "day": pa.array([NOON.date(), None], pa.date32()),
            "price": pa.array([Decimal("1.50"), None], pa.decimal128(8, 2)),
            "image": pa.array([b"x", b""], pa.large_binary()),
            "flag": [True, None],
        }
    )
    write(tmp_path / "t", table)
    source = open_delta(tmp_path / "t")
    expected = pa.schema(
        {
            "large": pa.string(),
            "coded": pa.string(),
            'odd "Näme"': pa.int16(),
            "fixed": pa.list_(pa.float32()),
            "doubles": pa.list_(pa.float64()),
            "words": pa.list_(pa.string()),
            "utc": pa.timestamp("us"),
            "berlin": pa.timestamp("us"),
            "local": pa.timestamp("us"),
            "day": pa.date32(),
            "price": pa.decimal128(8, 2),
            "image": pa.binary(),
            "flag": pa.bool_(),
        }
    )
    assert source.schema.equals(expected)
    (batch,) = source.batches()
    assert batch.schema.equals(expected)
    want = {name: table[name].to_pylist() for name in table.column_names}
    want["utc"] = want["berlin"] = [NOON, NOON]
    assert batch.to_pydict() == want
    # The same through the feed, of rows as first written and as an update wrote them.
    write(tmp_path / "t", table)
    DeltaTable(tmp_path / "t").update(predicate="flag", updates={"flag": "false"})
    found = list(open_delta(tmp_path / "t").changes(0) or ())
    feed = expected.append(pa.field("_change_type", pa.string()))
    feed = feed.append(pa.field("_commit_version", pa.int64()))
    assert all(batch.schema.equals(feed) for batch in found)
    changes = pa.Table.from_batches(found).select(expected.names).to_pylist()
    written, null_row = pa.table(want, schema=expected).to_pylist()
    assert changes[:2] == [written, null_row]  # version 1
    assert changes[2:] == [written] * 2 + [{**written, "flag": False}] * 2  # version 2


def test_rows_come_in_small_batches_from_all_files_and_partitions(tmp_path: Path) -> None:
    for start in range(0, 3000, 1500):
        write(tmp_path / "t", rows(list(range(start, start + 1500))), partition_by=["cat"])
    source = open_delta(tmp_path / "t")
    sizes = [batch.num_rows for batch in source.batches(["v", "cat"], rows=100)]
    assert max(sizes) <= 100 and sum(sizes) == 3000 == source.num_rows
    assert read(source) == rows(list(range(3000))).to_pylist()
    assert next(source.batches(["cat", "id"])).schema.names == ["cat", "id"]


def test_columns_added_later_are_null_in_older_rows(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]).drop_columns(["name"]))
    write(tmp_path / "t", rows([2]), schema_mode="merge")
    source = open_delta(tmp_path / "t")
    assert [row["name"] for row in read(source, "id", "name")] == [None, "a2"]
    assert source.changes(0) is None  # the columns changed
    # Removing an old file tells of rows that never had the column.
    DeltaTable(tmp_path / "t").delete()
    assert sorted(changed(open_delta(tmp_path / "t"), 1, "id", "name")) == [
        (2, "delete", 1, None),
        (2, "delete", 2, "a2"),
    ]


# ------------------------------------------------------------------ tables that can't be read
def test_what_is_no_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"nothing-here.*not a Delta table.*_delta_log"):
        open_delta(tmp_path / "nothing-here")
    (tmp_path / "empty" / "_delta_log").mkdir(parents=True)
    with pytest.raises(BadSourceFile, match=r"empty: this Delta table can't be read"):
        open_delta(tmp_path / "empty")
    (tmp_path / "empty" / "_delta_log" / f"{0:020}.json").write_text("{no json")
    with pytest.raises(BadSourceFile, match=r"empty: this Delta table can't be read") as caught:
        open_delta(tmp_path / "empty")
    assert "\n" not in caught.value.message


def test_without_the_package_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "t", rows([1]))
    monkeypatch.setattr("engine.optional.is_installed", lambda package: package != "deltalake")
    assert is_delta(tmp_path / "t")
    with pytest.raises(MissingExtra, match=r"Delta table.*pip install .*\[delta\]'"):
        open_delta(tmp_path / "t")


def test_a_feature_that_deltalake_lacks_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]), feed={})
    needs = {"minReaderVersion": 3, "minWriterVersion": 7}
    features = {"readerFeatures": ["timeMachine"], "writerFeatures": ["timeMachine"]}
    rewrite_log(
        tmp_path / "t", 0, lambda kind, body: {**needs, **features} if kind == "protocol" else body
    )
    with pytest.raises(BadSourceFile, match=r"/t: .*timeMachine.*write a copy without it"):
        open_delta(tmp_path / "t")


def test_a_missing_or_damaged_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1, 2]))
    source = open_delta(tmp_path / "t")
    (file,) = (tmp_path / "t").glob("*.parquet")
    file.write_bytes(b"no parquet" * 50)
    with pytest.raises(BadSourceFile, match=rf"/t: .*{file.name}"):
        read(source)
    file.unlink()
    with pytest.raises(BadSourceFile, match=rf"/t: .*{file.name}.*put it back"):
        read(source)


def test_bytes_of_partitions_are_read_as_written(tmp_path: Path) -> None:
    keys = [b"a", None, b"\x00\xff"]
    write_deltalake(tmp_path / "t", pa.table({"id": [1, 2, 3], "k": keys}), partition_by=["k"])
    found = {row["id"]: row["k"] for row in read(open_delta(tmp_path / "t"))}
    assert found == {1: b"a", 2: None, 3: b"\x00\xff"}


def test_a_log_that_lacks_a_commit_says_so(tmp_path: Path) -> None:
    for number in range(3):
        write(tmp_path / "t", rows([number]))
    (tmp_path / "t" / "_delta_log" / f"{1:020}.json").unlink()
    with pytest.raises(BadSourceFile, match="lacks a commit between others") as caught:
        open_delta(tmp_path / "t")
    assert "{" not in str(caught.value)


def test_a_column_that_the_table_lacks_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]))
    source = open_delta(tmp_path / "t")
    for ask in (lambda: source.batches(["id", "nmae"]), lambda: source.changes(0, ["nmae"])):
        with pytest.raises(
            BadSourceFile,
            match=r"no column 'nmae'\. Did you mean 'name'\? .* columns are id, name, cat, v",
        ):
            ask()


# ------------------------------------------------------------------ what changed
@pytest.mark.parametrize("partition_by", [None, ["cat"]])
def test_the_feed_tells_each_commit_in_order(tmp_path: Path, partition_by: Any) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1, 2, 3, 4]), partition_by=partition_by)
    write(folder, rows([5]), partition_by=partition_by)
    DeltaTable(folder).update(predicate="id = 2", updates={"name": "'new'"})
    DeltaTable(folder).delete("id = 3")
    merge(folder, rows([4, 7], "m"))
    DeltaTable(folder).optimize.compact()
    write(folder, rows([1, 9], "o"), mode="overwrite", partition_by=partition_by)
    source = open_delta(folder)
    found = changed(source, 0, "id", "name")
    assert [version for version, *_ in found] == sorted(version for version, *_ in found)
    assert Counter(found) == Counter(
        [
            (1, "insert", 5, "a5"),
            (2, "delete", 2, "a2"),
            (2, "update_postimage", 2, "new"),
            (3, "delete", 3, "a3"),
            (4, "delete", 4, "a4"),
            (4, "update_postimage", 4, "m4"),
            (4, "insert", 7, "m7"),
            *[(6, "delete", i, n) for i, n in [(1, "a1"), (2, "new"), (4, "m4"), (5, "a5")]],
            (6, "delete", 7, "m7"),
            (6, "insert", 1, "o1"),
            (6, "insert", 9, "o9"),
        ]
    )
    for version in range(1, 7):
        kinds = [kind == "delete" for at, kind, *_ in found if at == version]
        assert kinds == sorted(kinds, reverse=True), "deletes come first"
    for since in range(7):
        assert changed(source, since, "id", "name") == [row for row in found if row[0] > since]


def test_replayed_changes_give_the_table(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows(list(range(50))), partition_by=["cat"])
    before = open_delta(folder)
    seen = read(before)
    # Rows that move to other partitions and take each other's keys, in one commit.
    DeltaTable(folder).update(predicate="id < 10", updates={"id": "id + 1", "cat": "'z'"})
    DeltaTable(folder).delete("id = 10")
    merge(folder, rows([10, 20, 60], "m", cats="pq"))
    write(folder, rows([70, 71]), partition_by=["cat"])
    DeltaTable(folder).delete("cat = 'x'")
    DeltaTable(folder).optimize.z_order(["id"])
    DeltaTable(folder).update(updates={"name": "name || '!'"})
    after = open_delta(folder)
    want = {row["id"]: row for row in read(after)}
    assert len(want) == after.num_rows
    assert replay(seen, after, before.version) == want


def test_a_restored_table_tells_right_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1, 2]))
    write(folder, rows([3]))
    seen = read(open_delta(folder))
    DeltaTable(folder).restore(0)
    source = open_delta(folder)
    assert [row["id"] for row in read(source)] == [1, 2]
    if source.changes(1) is not None:
        assert sorted(replay(seen, source, 1)) == [1, 2]


def test_changes_come_in_small_batches(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]))
    write(tmp_path / "t", rows(list(range(1000))))
    batches = open_delta(tmp_path / "t").changes(0, ["v"], rows=64)
    assert batches is not None
    sizes = [batch.num_rows for batch in batches]
    assert max(sizes) <= 64 and sum(sizes) == 1000


def test_partition_values_are_read_as_written(tmp_path: Path) -> None:
    odd = ["a/b c", "é=%20", "x:y", None, "1"]
    table = pa.table(
        {
            "id": range(5),
            "text": odd,
            "number": pa.array([-1, 2, None, 4, 5], pa.int32()),
            "day": pa.array([NOON.date()] * 5, pa.date32()),
            "flag": [True, False, None, True, False],
        }
    )
    parts = ["text", "number", "day", "flag"]
    write(tmp_path / "t", table.slice(0, 1), partition_by=parts)
    write(tmp_path / "t", table.slice(1), partition_by=parts)
    source = open_delta(tmp_path / "t")
    assert read(source) == table.to_pylist()
    found = source.changes(0)
    assert found is not None
    changes = sorted((row for b in found for row in b.to_pylist()), key=lambda row: row["id"])
    assert [{k: row[k] for k in table.column_names} for row in changes] == table.to_pylist()[1:]
    # Also where only columns are asked for that no file holds.
    assert sorted(number or 0 for *_, number in changed(source, 0, "number")) == [0, 2, 4, 5]


def test_partition_values_that_the_log_leaves_out_or_empty(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1]).append_column("n", pa.array([None], pa.int64())), partition_by=["n"])
    DeltaTable(folder).delete()

    def without(values: Any) -> None:
        rewrite_log(
            folder,
            1,
            lambda kind, body: (
                {**body, "partitionValues": values} if kind in ("remove", "cdc") else body
            ),
        )

    assert changed(open_delta(folder), 0, "id", "n") == [(1, "delete", 1, None)]
    without({"n": ""})  # an empty text is a null, too
    assert changed(open_delta(folder), 0, "id", "n") == [(1, "delete", 1, None)]
    without(None)  # which the protocol allows for removed files
    source = open_delta(folder)
    assert changed(source, 0, "id") == [(1, "delete", 1)]
    assert source.changes(0, ["id", "n"]) is None


def test_nothing_changed_since_the_present_version(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]), feed={})
    assert changed(open_delta(tmp_path / "t"), 0) == []


@pytest.mark.parametrize("since", [-1, 2, 99])
def test_versions_that_are_not_there_have_no_answer(tmp_path: Path, since: int) -> None:
    write(tmp_path / "t", rows([1]))
    write(tmp_path / "t", rows([2]))
    assert open_delta(tmp_path / "t").changes(since) is None


def test_without_a_feed_all_the_way_there_is_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1, 2]), feed={})
    DeltaTable(folder).delete("id = 1")
    assert open_delta(folder).changes(0) is None
    DeltaTable(folder).alter.set_table_properties(FEED)  # version 2
    DeltaTable(folder).update(predicate="id = 2", updates={"name": "'n'"})
    source = open_delta(folder)
    assert [source.changes(since) for since in (0, 1)] == [None, None]
    assert [kind for _, kind, _ in changed(source, 2)] == ["delete", "update_postimage"]
    # Off and on again: what happened between is not recorded.
    DeltaTable(folder).alter.set_table_properties({"delta.enableChangeDataFeed": "false"})
    assert open_delta(folder).changes(2) is None
    DeltaTable(folder).update(updates={"name": "'unrecorded'"})
    DeltaTable(folder).alter.set_table_properties(FEED)
    assert [open_delta(folder).changes(since) for since in range(6)] == [None] * 6


def test_vacuumed_files_have_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1, 2]))
    write(folder, rows([1, 3]), mode="overwrite")
    write(folder, rows([4]))
    assert len(changed(open_delta(folder), 0)) == 5
    DeltaTable(folder).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    source = open_delta(folder)
    assert source.changes(0) is None
    assert changed(source, 1) == [(2, "insert", 4)]


def test_a_lost_change_file_or_commit_has_no_answer(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1, 2]))
    DeltaTable(folder).update(predicate="id = 2", updates={"name": "'n'"})
    write(folder, rows([3]))
    DeltaTable(folder).create_checkpoint()
    assert len(changed(open_delta(folder), 0)) == 3
    (file,) = folder.glob("_change_data/*.parquet")
    kept = file.read_bytes()
    for damage in (lambda: file.write_bytes(kept[:50]), file.unlink):
        damage()
        assert open_delta(folder).changes(0) is None
    file.write_bytes(kept)
    assert len(changed(open_delta(folder), 0)) == 3
    (folder / "_delta_log" / f"{1:020}.json").unlink()
    source = open_delta(folder)
    assert source.num_rows == 3
    assert source.changes(0) is None
    assert changed(source, 1) == [(2, "insert", 3)]


def test_a_change_file_that_goes_away_while_reading_is_named(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]))
    write(tmp_path / "t", rows([2]))
    found = open_delta(tmp_path / "t").changes(0)
    assert found is not None
    for file in (tmp_path / "t").glob("*.parquet"):
        file.unlink()
    with pytest.raises(BadSourceFile, match=r"/t: .*\.parquet"):
        list(found)


def test_a_replaced_schema_has_no_answer(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]))
    other = rows([1]).drop_columns(["cat"])
    write(tmp_path / "t", other, mode="overwrite", schema_mode="overwrite")
    assert open_delta(tmp_path / "t").changes(0) is None
    write(tmp_path / "t", other)
    assert changed(open_delta(tmp_path / "t"), 1) == [(2, "insert", 1)]


# ------------------------------------------------------------------ what only other writers write
def deletion_vector(deleted: list[int]) -> dict[str, Any]:
    """Rows of a file as deleted, in the log itself; an even number of them below 65536."""
    bitmap = struct.pack("<IIHHI", 12346, 1, 0, len(deleted) - 1, 16)
    bitmap += struct.pack(f"<{len(deleted)}H", *deleted)
    data = struct.pack("<IQI", 1681511377, 1, 0) + bitmap
    python, z85 = (
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~",
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
    )
    text = base64.b85encode(data).decode().translate(str.maketrans(python, z85))
    return {
        "storageType": "i",
        "pathOrInlineDv": text,
        "sizeInBytes": len(data),
        "cardinality": len(deleted),
    }


def test_rows_marked_as_deleted_are_left_out_and_not_guessed_at(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    write(folder, rows([1]))
    write(folder, rows([10, 11, 12, 13, 14]))
    needs = {"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"]}
    needs["writerFeatures"] = ["deletionVectors", "changeDataFeed"]
    rewrite_log(folder, 0, lambda kind, body: needs if kind == "protocol" else body)
    log = (folder / "_delta_log" / f"{1:020}.json").read_text().splitlines()
    (add,) = (json.loads(line)["add"] for line in log if line.startswith('{"add"'))
    marked = {**add, "deletionVector": deletion_vector([1, 3])}
    gone = {"path": add["path"], "deletionTimestamp": 1, "dataChange": True}
    (folder / "_delta_log" / f"{2:020}.json").write_text(
        json.dumps({"remove": gone}) + "\n" + json.dumps({"add": marked}) + "\n"
    )
    source = open_delta(folder)
    assert [row["id"] for row in read(source)] == [1, 10, 12, 14]
    assert source.num_rows == 4
    assert source.changes(1) is None
    assert source.changes(0) is None


def mapped(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """An action as it would be if the files named each column "col-" and its name."""
    if kind == "protocol":
        return {"minReaderVersion": 2, "minWriterVersion": 5}
    if kind == "add":
        return {**body, "stats": None}
    if kind != "metaData":
        return body
    schema = json.loads(body["schemaString"])
    for number, column in enumerate(schema["fields"], 1):
        column["metadata"] = {
            "delta.columnMapping.id": number,
            "delta.columnMapping.physicalName": f"col-{column['name']}",
        }
    mode = {"delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "2"}
    configuration = {**body["configuration"], **mode}
    return {**body, "schemaString": json.dumps(schema), "configuration": configuration}


def test_renamed_columns_are_read_by_their_names_and_not_guessed_at(tmp_path: Path) -> None:
    folder = tmp_path / "t"
    table = pa.table({"id": [1, None, 3], "name": ["a", "b", None]})
    write(folder, table.slice(0, 2))
    write(folder, table.slice(2))
    for file in folder.glob("*.parquet"):
        found = pq.read_table(file)
        pq.write_table(found.rename_columns([f"col-{n}" for n in found.column_names]), file)
        size = file.stat().st_size
        for version in (0, 1):
            rewrite_log(
                folder,
                version,
                lambda kind, body, name=file.name, size=size: (
                    {**body, "size": size} if body.get("path") == name else body
                ),
            )
    rewrite_log(folder, 0, mapped)
    rewrite_log(folder, 1, mapped)
    source = open_delta(folder)
    assert source.schema.names == ["id", "name"]
    assert sorted(map(str, read(source, "name", "id"))) == sorted(
        map(str, table.select(["name", "id"]).to_pylist())
    )
    assert source.num_rows == 3  # counted: this log has no statistics
    assert source.changes(0) is None


# ------------------------------------------------------------------ types of files
def written_as(folder: Path, table: pa.Table, physical: pa.Table) -> DeltaSource:
    """A table whose one file holds another type than its log says, as foreign writers leave it."""
    write(folder, table)
    (file,) = folder.glob("*.parquet")
    pq.write_table(physical, file)

    def sized(kind: str, body: Any) -> Any:
        return {**body, "size": file.stat().st_size, "stats": None} if kind == "add" else body

    rewrite_log(folder, 0, sized)
    return open_delta(folder)


@pytest.mark.parametrize(
    ("logical", "physical"),
    [
        (pa.array([7]), pa.array([19.99])),
        (pa.array([True]), pa.array([5])),
        (pa.array([NOON.date()]), pa.array([NOON])),
        (pa.array([7]), pa.array(["7"])),
        (pa.array([7], pa.int32()), pa.array([2**32 + 1])),
        (pa.array([Decimal("1.5")]), pa.array([Decimal("1.2345")])),
        (pa.array([0.5], pa.float32()), pa.array([0.1])),
        (pa.array([1.5]), pa.array([2**53 + 1])),
    ],
    ids=lambda array: str(array.type),
)
def test_a_file_whose_values_are_not_of_the_tables_type_is_refused(
    tmp_path: Path, logical: pa.Array, physical: pa.Array
) -> None:
    tables = [pa.table({"id": [1], "x": column}) for column in (logical, physical)]
    source = written_as(tmp_path / "t, ü #1", *tables)
    with pytest.raises(BadSourceFile, match="column 'x' is of type") as caught:
        read(source)
    assert caught.value.file.endswith(".parquet")
    assert read(source, "id") == [{"id": 1}]


@pytest.mark.parametrize(
    ("logical", "physical"),
    [
        (pa.array([7]), pa.array([-5], pa.int32())),
        (pa.array([7.5]), pa.array([0.5], pa.float32())),
        (pa.array([7.5]), pa.array([2**53])),
        (pa.array([NOON]), pa.array([NOON], pa.timestamp("ms"))),
        (pa.array([[0.5]]), pa.array([[0.25]], pa.list_(pa.float32()))),
        (pa.array(["a"]), pa.array(["b"], pa.large_string())),
        (pa.array([[0.5]]), pa.array([[2**53]], pa.large_list(pa.int64()))),
        (pa.array([{"t": NOON}]), pa.array([{"t": NOON}], pa.struct([("t", pa.timestamp("ms"))]))),
    ],
    ids=lambda array: str(array.type),
)
def test_a_file_of_a_narrower_type_is_read_as_it_is(
    tmp_path: Path, logical: pa.Array, physical: pa.Array
) -> None:
    tables = [pa.table({"id": [1], "x": column}) for column in (logical, physical)]
    (row,) = read(written_as(tmp_path / "t", *tables))
    assert row["x"] == physical[0].as_py()
    assert type(row["x"]) is type(logical[0].as_py())


def test_columns_that_came_or_went_are_null_where_they_are_not(tmp_path: Path) -> None:
    for number, table in enumerate(
        [pa.table({"id": [1]}), pa.table({"id": [2], "x": [5]}), pa.table({"id": [3]})]
    ):
        write(tmp_path / "t", table, schema_mode="merge" if number else None)
    assert [row["x"] for row in read(open_delta(tmp_path / "t"))] == [None, 5, None]


def test_a_change_feed_with_a_file_of_another_type_is_read_whole_and_refused(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "t"
    write(folder, pa.table({"id": [1], "x": [7]}))
    known = set(folder.glob("*.parquet"))
    write(folder, pa.table({"id": [2], "x": [8]}))
    (file,) = set(folder.glob("*.parquet")) - known
    pq.write_table(pa.table({"id": [2], "x": [True]}), file)
    source = open_delta(folder)
    assert source.changes(0) is None
    with pytest.raises(BadSourceFile, match="column 'x' is of type bool, but int64"):
        read(source)


def test_a_column_that_is_asked_for_twice_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "t", rows([1]))
    with pytest.raises(InvalidInputException, match="'id' twice"):
        next(open_delta(tmp_path / "t").batches(["id", "id"]))
