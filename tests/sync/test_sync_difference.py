"""A sync as the difference: after any edits of a table the index is what a fresh one would be.

The table consists of several registered files. What the sync says it did is compared with a dictionary,
and what it found with an index that was made from nothing over the same files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine import InvalidState, VitrineError, Workspace
from engine.core.schema import SyncReport
from engine.service.sync import source_rows
from engine.service.sync.source_rows import REPEATED

INDEX = "main.a.i"
Row = tuple[int | None, list[float] | None, str | None]
SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.list_(pa.float32())), ("label", pa.string())])


def as_table(rows: list[Row], schema: pa.Schema = SCHEMA) -> pa.Table:
    columns = zip(*rows) if rows else ([], [], [])
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema)], schema=schema)


@dataclass
class Shop:
    """A workspace with a table of files and an index over it."""

    workspace: Workspace
    folder: Path
    files: dict[str, list[Row]] = field(default_factory=dict)
    clock: int = 0

    def write(self, name: str, rows: list[Row], schema: pa.Schema = SCHEMA) -> None:
        """Write a file; its time of change is later than that of any other."""
        self.files[name] = rows
        path = self.folder / f"{name}.parquet"
        pq.write_table(as_table(rows, schema), path)
        self.clock += 1
        os.utime(path, ns=(self.clock, self.clock))

    def register(self) -> None:
        self.workspace.register_table("t", [self.folder / f"{n}.parquet" for n in self.files])

    def create(self, index: str = INDEX) -> SyncReport:
        return self.workspace.create_index(
            index,
            source_table="t",
            vector_column="v",
            primary_key="id",
            dimension=2,
            create_endpoint=True,
        )

    def sync(self) -> SyncReport:
        self.register()
        return self.workspace.sync(INDEX)

    def everything(self, index: str = INDEX, **changed: Any) -> list[list[Any]]:
        """All rows by distance to a point, with all columns, in both plans."""
        replies = [
            self.workspace.query_index(
                index,
                columns=["id", "v", "label"],
                query_vector=[0.25, -0.5],
                num_results=1000,
                exact=exact,
                **changed,
            )
            for exact in (False, True)
        ]
        assert replies[0] == replies[1]
        rows: list[list[Any]] = replies[0]["result"].get("data_array", [])
        return rows

    def expected(self) -> tuple[dict[int, tuple[Any, ...]], list[tuple[str, str]], set[int]]:
        """Rows by key, failures and keys of faulty rows, by a plain loop.

        Of a key the first usable row counts.
        """
        found: dict[int, tuple[Any, ...]] = {}
        failures = []
        faulty: set[int] = set()
        for rows in self.files.values():
            for key, vector, label in rows:
                if key is None:
                    failures.append(("None", "the primary key is null"))
                elif vector is None:
                    failures.append((str(key), "the vector is null"))
                elif len(vector) != 2:
                    reason = f"the vector has {len(vector)} numbers, expected 2"
                    failures.append((str(key), reason))
                    faulty.add(key)
                elif key in found:
                    failures.append((str(key), REPEATED))
                else:
                    found[key] = (tuple(vector), label)
        return found, failures, faulty - found.keys()


@pytest.fixture
def shop(workspace: Workspace, tmp_path: Path) -> Shop:
    """Three files of three rows each, indexed."""
    made = Shop(workspace, tmp_path)
    for number, name in enumerate("abc"):
        keys = range(10 * number, 10 * number + 3)
        made.write(name, [(key, [key / 8, 1.0], f"{name}{key}") for key in keys])
    made.register()
    report = made.create()
    assert (report.inserted, report.indexed) == (9, 9)
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that a sync reads, in order."""
    names: list[str] = []
    real = source_rows.read_batches

    def counted(table: Any, file: Path, *arguments: Any) -> Any:
        names.append(file.stem)
        return real(table, file, *arguments)

    monkeypatch.setattr(source_rows, "read_batches", counted)
    return names


def counts(report: SyncReport) -> tuple[int, int, int]:
    return report.inserted, report.updated, report.deleted


# ------------------------------------------------------------------ any edits
numbers = st.sampled_from([-1.0, 0.0, 0.5, 1.0])
vectors = st.one_of(
    st.tuples(numbers, numbers).map(list),
    st.tuples(numbers, numbers).map(list),
    st.tuples(numbers, numbers).map(list),
    st.none() | st.just([1.0]) | st.just([0.0, 0.0]),
)
labels = st.sampled_from(["x", "y", None])
keys = st.one_of(st.integers(0, 9), st.integers(0, 40), st.integers(0, 40), st.none())
contents = st.lists(st.tuples(keys, vectors, labels), max_size=6)
edits = st.one_of(
    st.tuples(st.just("write"), st.sampled_from("abcd"), contents),
    st.tuples(st.just("append"), st.sampled_from("abcd"), contents),
    st.tuples(st.just("touch"), st.sampled_from("abcd"), st.just([])),
    st.tuples(st.just("remove"), st.sampled_from("abcd"), st.just([])),
    st.tuples(st.just("move"), st.sampled_from("abcd"), st.just([])),
    st.tuples(st.just("reverse"), st.just(""), st.just([])),
)


def edit(shop: Shop, what: str, name: str, rows: list[Row]) -> None:
    """Change the table's files; one of them always stays."""
    here = shop.files.get(name, [])
    if what == "write":
        shop.write(name, rows)
    elif what == "append":
        shop.write(name, [*here, *rows])
    elif what == "touch" and name in shop.files:
        shop.write(name, here)
    elif what == "remove" and len(shop.files) > 1:
        shop.files.pop(name, None)
    elif what == "move" and here:
        other = next(iter(shop.files))
        shop.write(name, here[1:])
        shop.write(other, [*shop.files[other], here[0]])
    elif what == "reverse":
        shop.files = dict(reversed(shop.files.items()))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=contents, rounds=st.lists(st.lists(edits, max_size=3), max_size=5))
def test_after_any_edits_the_index_is_what_a_fresh_one_would_be_and_what_became_faulty(
    tmp_path_factory: pytest.TempPathFactory, first: list[Row], rounds: list[list[Any]]
) -> None:
    folder = tmp_path_factory.mktemp("shop")
    shop = Shop(Workspace(folder / "ws"), folder)
    shop.write("a", first)
    shop.write("b", [])
    shop.register()
    shop.create()
    before = shop.expected()[0]
    for number, changes in enumerate(rounds):
        for change in changes:
            edit(shop, *change)
        now, failures, faulty = shop.expected()
        if before and failures and not now:
            with pytest.raises(InvalidState, match="No row of source table"):
                shop.sync()
            assert sorted(int(row[0]) for row in shop.everything()) == sorted(before)
            continue
        report = shop.sync()
        fresh = f"main.a.fresh{number}"
        shop.create(fresh)
        kept = {key: before[key] for key in faulty & before.keys()}
        for filters in ({}, {"label": "x"}):
            found = shop.everything(filters=filters)
            of_now = [row for row in found if int(row[0]) not in kept]
            assert of_now == shop.everything(fresh, filters=filters)
        found = shop.everything()
        assert len(found) == len(now) + len(kept)
        now = now | kept
        assert {int(key): (tuple(vector), label) for key, vector, label, _ in found} == now
        assert report.kept == len(kept)
        assert counts(report) == (
            len(now.keys() - before.keys()),
            sum(now[key] != before[key] for key in now.keys() & before.keys()),
            len(before.keys() - now.keys()),
        )
        assert report.indexed == len(now)
        assert report.zero_vectors == sum(vector == (0.0, 0.0) for vector, _ in now.values())
        assert (report.failed, report.failures) == (len(failures), failures)
        assert shop.workspace.check_index(INDEX) == []
        before = now


# ------------------------------------------------------------------ what is read
def test_only_the_file_that_changed_is_read(shop: Shop, read: list[str]) -> None:
    shop.write("b", [*shop.files["b"][:2], (12, [9.0, 9.0], "changed"), (13, [1.0, 0.0], "new")])
    assert counts(shop.sync()) == (1, 1, 0)
    assert read == ["b"]
    assert counts(shop.sync()) == (0, 0, 0)
    assert read == ["b"]


def test_a_file_that_did_not_change_need_not_be_readable(shop: Shop) -> None:
    for name in "ac":
        path = shop.folder / f"{name}.parquet"
        before = path.stat()
        whole = bytearray(path.read_bytes())
        # The footer, which says the columns, stays; the rows are gone.
        whole[4 : len(whole) // 4] = bytes(len(whole) // 4 - 4)
        path.write_bytes(whole)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    shop.write("b", [(11, [1.0, 0.0], "alone")])
    assert counts(shop.sync()) == (0, 1, 2)
    assert len(shop.everything()) == 7


def test_a_file_that_was_written_again_with_the_same_rows_changes_nothing(
    shop: Shop, read: list[str]
) -> None:
    before = shop.everything()
    segments = set(shop.workspace.path.glob("indexes/*/segments/*"))
    shop.write("b", shop.files["b"])
    assert counts(shop.sync()) == (0, 0, 0)
    assert read == ["b"]
    assert shop.everything() == before
    assert set(shop.workspace.path.glob("indexes/*/segments/*")) == segments


def test_rows_that_moved_to_another_file_stay_as_they_are(shop: Shop, read: list[str]) -> None:
    moved = shop.files["a"][0]
    shop.write("a", shop.files["a"][1:])
    shop.write("c", [*shop.files["c"], moved])
    assert counts(shop.sync()) == (0, 0, 0)
    assert read == ["a", "c"]
    # From now on the row counts as of its new file ...
    read.clear()
    shop.write("c", shop.files["c"][:-1])
    assert counts(shop.sync()) == (0, 0, 1)
    # ... and the others of its old one are still found.
    shop.write("a", [])
    assert counts(shop.sync()) == (0, 0, 2)
    assert sorted(int(row[0]) for row in shop.everything()) == [10, 11, 12, 20, 21, 22]


def test_files_that_come_and_go_bring_and_take_their_rows(shop: Shop, read: list[str]) -> None:
    shop.write("d", [(30, [0.0, 1.0], "d")])
    del shop.files["a"]
    assert counts(shop.sync()) == (1, 0, 3)
    assert read == ["d"]


# ------------------------------------------------------------------ repeated keys
def test_of_a_key_in_two_files_the_row_in_the_first_file_counts(
    shop: Shop, read: list[str]
) -> None:
    shop.write("c", [*shop.files["c"], (0, [5.0, 5.0], "later")])
    report = shop.sync()
    assert counts(report) == (0, 0, 0)
    assert report.failures == [("0", REPEATED)]
    # The earlier file gives it up: the later one is read again, though it did not change.
    read.clear()
    shop.write("a", shop.files["a"][1:])
    report = shop.sync()
    assert counts(report) == (0, 1, 0)
    assert (report.failed, report.failures) == (0, [])
    assert shop.everything(filters={"id": 0})[0][2] == "later"
    # The earlier file has it again: its row counts again, whichever file changed last.
    shop.write("a", [(0, [1.0, 1.0], "earlier"), *shop.files["a"]])
    report = shop.sync()
    assert counts(report) == (0, 1, 0)
    assert report.failures == [("0", REPEATED)]
    assert shop.everything(filters={"id": 0})[0][2] == "earlier"


def test_another_order_of_the_files_makes_another_row_of_a_repeated_key_count(shop: Shop) -> None:
    shop.write("c", [*shop.files["c"], (0, [5.0, 5.0], "later")])
    shop.sync()
    shop.files = dict(reversed(shop.files.items()))
    report = shop.sync()
    assert counts(report) == (0, 1, 0)
    assert shop.everything(filters={"id": 0})[0][2] == "later"


# ------------------------------------------------------------------ rows that fail
def test_failing_rows_are_reported_until_they_are_repaired(shop: Shop, read: list[str]) -> None:
    broken: list[Row] = [(10, None, "b10"), (11, [1.0], "b11"), (None, [1.0, 0.0], None)]
    shop.write("b", [*broken, shop.files["b"][2]])
    report = shop.sync()
    assert (counts(report), report.kept) == ((0, 0, 1), 1)
    expected = [
        ("10", "the vector is null"),
        ("11", "the vector has 1 numbers, expected 2"),
        ("None", "the primary key is null"),
    ]
    assert report.failures == expected
    # Reported also by a sync that other files made necessary, and by one without changes.
    shop.write("a", shop.files["a"][1:])
    report = shop.sync()
    assert (counts(report), report.failures) == ((0, 0, 1), expected)
    report = shop.sync()
    assert (report.changed, report.failures) == (False, expected)
    shop.write("b", [(10, [0.0, 1.0], "b10"), (11, [1.0, 0.0], "b11"), shop.files["b"][3]])
    report = shop.sync()
    assert (counts(report), report.failed) == ((1, 1, 0), 0)


@pytest.mark.parametrize(
    ("vector", "reason"),
    [
        ([1.0], "the vector has 1 numbers, expected 2"),
        ([1.0, 2.0, 3.0], "the vector has 3 numbers, expected 2"),
        ([], "the vector has 0 numbers, expected 2"),
        ([float("nan"), 1.0], "the vector holds a number that is null, NaN, infinite or beyond"),
        ([1.0, float("inf")], "the vector holds a number that is null, NaN, infinite or beyond"),
        (None, "the vector is null"),
    ],
    ids=str,
)
def test_a_table_of_which_no_row_is_usable_fails_the_sync_and_the_index_serves_on(
    shop: Shop, vector: list[float] | None, reason: str
) -> None:
    before, files = shop.everything(), dict(shop.files)
    version = shop.workspace.index_versions(INDEX)[-1]
    for name, rows in files.items():
        shop.write(name, [(key, vector, label) for key, _, label in rows])
    for _ in range(2):
        with pytest.raises(InvalidState) as caught:
            shop.sync()
        for words in (
            reason,
            "Column v: ",
            "table main.fashion_demo.t",
            INDEX,
            "9 rows",
            "rows: 9, such as key 0",
        ):
            assert words in caught.value.message, words
    status = shop.workspace.get_index(INDEX)["status"]
    assert (status["ready"], status["indexed_row_count"]) == (True, 9)
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert caught.value.message in status["message"]
    assert status["failed_status"] == {
        "error_code": "INVALID_STATE",
        "error_message": caught.value.message,
        "last_processed_commit_version": version,
    }
    assert shop.everything() == before
    # Some of it usable again: the rest stays as it was where it is faulty, and goes where it is none.
    shop.write("a", [(0, [0.5, 0.5], "again"), *shop.files["a"][1:]])
    report = shop.sync()
    kept = 0 if vector is None else 8
    assert (counts(report), report.kept, report.failed) == ((0, 1, 8 - kept), kept, 8)
    assert "failed_status" not in shop.workspace.get_index(INDEX)["status"]
    for name, rows in files.items():
        shop.write(name, rows)
    assert counts(shop.sync()) == (8 - kept, 1, 0)
    assert shop.everything() == before


@pytest.mark.parametrize("rows", [[(None, [1.0, 0.0], "x")], [(7, None, None)]], ids=str)
def test_a_table_of_other_rows_that_all_fail_empties_nothing_either(
    shop: Shop, rows: list[Row]
) -> None:
    shop.files.clear()
    shop.write("z", rows)
    with pytest.raises(InvalidState, match=r"No row of source table .* \(rows: 1, such as key"):
        shop.sync()
    assert len(shop.everything()) == 9


def test_a_table_that_its_owner_emptied_empties_the_index(shop: Shop) -> None:
    for name in shop.files:
        shop.write(name, [])
    assert counts(shop.sync()) == (0, 0, 9)
    assert shop.everything() == []


def test_a_column_of_another_type_does_not_make_rows_go_that_all_fail(shop: Shop) -> None:
    numbered = pa.schema([*list(SCHEMA)[:2], pa.field("label", pa.int32())])
    for name, rows in shop.files.items():
        shop.write(name, [(key, [1.0], 7) for key, _, _ in rows], numbered)  # type: ignore[misc]
    with pytest.raises(InvalidState, match="No row of source table"):
        shop.sync()
    assert len(shop.everything()) == 9


def test_a_file_that_lost_a_column_or_has_it_in_a_type_that_does_not_fit_is_named(
    shop: Shop,
) -> None:
    numbered = pa.schema([*list(SCHEMA)[:2], pa.field("label", pa.int32())])
    for name, rows in shop.files.items():
        shop.write(name, [(key, vector, 7) for key, vector, _ in rows], numbered)  # type: ignore[misc]
    shop.sync()
    before = shop.everything()
    path = shop.folder / "b.parquet"
    pq.write_table(as_table([(10, [1.0, 1.0], "seven")]), path)
    with pytest.raises(VitrineError) as caught:
        shop.workspace.sync(INDEX)
    for words in ("label", "string", "int32"):
        assert words in caught.value.message
    pq.write_table(as_table([(10, [1.0, 1.0], "b")]).drop_columns(["label"]), path)
    with pytest.raises(VitrineError) as caught:
        shop.workspace.sync(INDEX)
    assert "label" in caught.value.message
    assert "b.parquet" in caught.value.message
    assert shop.everything() == before


def test_a_faulty_row_stays_as_it_was_until_its_key_goes(shop: Shop, read: list[str]) -> None:
    before = shop.everything(filters={"id": 10})
    shop.write("b", [(10, [1.0, 2.0, 3.0], "new"), *shop.files["b"][1:]])
    for changed in (True, False):
        report = shop.sync()
        assert (counts(report), report.kept, report.changed) == ((0, 0, 0), 1, changed)
        assert shop.everything(filters={"id": 10}) == before
    # Another file has a good row of the key: that one counts, ...
    shop.write("c", [*shop.files["c"], (10, [0.0, 1.0], "from c")])
    report = shop.sync()
    assert (counts(report), report.kept, report.failed) == ((0, 1, 0), 0, 1)
    assert shop.everything(filters={"id": 10})[0][2] == "from c"
    # ... and stays when that file gives it up, as long as the faulty row is there.
    shop.write("c", shop.files["c"][:-1])
    report = shop.sync()
    assert (counts(report), report.kept) == ((0, 0, 0), 1)
    shop.write("b", shop.files["b"][1:])
    assert counts(shop.sync()) == (0, 0, 1)


def test_vectors_of_length_zero_are_indexed_and_counted(shop: Shop) -> None:
    shop.write("b", [(10, [0.0, 0.0], None), (11, [0.0, -0.0], None)])
    assert shop.sync().zero_vectors == 2
    shop.write("a", [(1, [0.0, 0.0], None)])
    assert shop.sync().zero_vectors == 3
    assert shop.sync().zero_vectors == 3
    shop.write("b", [(10, [0.0, 1.0], None)])
    report = shop.sync()
    assert (report.zero_vectors, report.indexed) == (1, 5)


# ------------------------------------------------------------------ types
def test_a_column_of_another_type_is_written_anew(shop: Shop) -> None:
    numbered = pa.schema([*list(SCHEMA)[:2], pa.field("label", pa.int32())])
    for name, rows in shop.files.items():
        shop.write(name, [(key, vector, 7) for key, vector, _ in rows], numbered)  # type: ignore[misc]
    report = shop.sync()
    assert (report.inserted, report.indexed) == (9, 9)
    assert [row[2] for row in shop.everything()] == [7.0] * 9
    assert len(shop.everything(filters={"label >": 6})) == 9


def test_files_may_differ_in_the_width_of_their_numbers(shop: Shop) -> None:
    narrow = pa.schema(
        [("id", pa.int32()), ("v", pa.list_(pa.float64(), 2)), ("label", pa.large_string())]
    )
    shop.write("b", shop.files["b"], narrow)
    assert counts(shop.sync()) == (0, 0, 0)
    shop.write("b", [*shop.files["b"], (13, [1.0, 0.0], "new")], narrow)
    assert counts(shop.sync()) == (1, 0, 0)
    assert len(shop.everything()) == 10


def test_a_table_of_other_files_keeps_only_the_rows_that_are_equal(shop: Shop) -> None:
    shop.files.clear()
    shop.write("z", [(0, [0.0, 1.0], "a0"), (99, [1.0, 0.0], "z")])
    assert counts(shop.sync()) == (1, 0, 8)
    assert sorted(int(row[0]) for row in shop.everything()) == [0, 99]


# ------------------------------------------------------------------ many rows
def test_edits_of_a_table_larger_than_a_batch_are_found(
    workspace: Workspace, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    count = source_rows.BATCH_ROWS + 3000
    vectors = rng.standard_normal((count, 4)).astype(np.float32)
    table = pa.table(
        {
            "product_id": rng.permutation(count),
            "v": pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 4),
            "x": rng.integers(0, 100, count),
        }
    )
    workspace.write_table("t", table)
    workspace.create_index(INDEX, source_table="t", vector_column="v", create_endpoint=True)
    x = table["x"].to_numpy().copy()
    x[[5, 9000, count - 1]] += 1000
    edited = table.set_column(2, "x", pa.array(x))
    kept = np.setdiff1d(np.arange(count), [7, 8000, count - 2])
    edited = pa.concat_tables([edited.take(pa.array(kept)), edited.slice(0, 1)])
    workspace.write_table("t", edited)
    report = workspace.sync(INDEX)
    assert counts(report) == (0, 3, 3)
    assert report.failures == [(str(table["product_id"][0]), REPEATED)]
    found = workspace.similarity_search_batch(
        INDEX, query_vectors=[[0.0] * 4], columns=["product_id"], filters={"x >=": 1000}
    )[0]
    assert {row["product_id"] for row in found} == {
        table["product_id"][row].as_py() for row in (5, 9000, count - 1)
    }
