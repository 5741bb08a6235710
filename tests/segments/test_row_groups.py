"""A large segment's columns are read by row group, and say what whole columns say."""

from __future__ import annotations

import datetime as dt
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.filters.tree import AnyOf, Compare, IsNull, Node, Not
from engine.core.schema import Column
from engine.errors import CorruptFile
from engine.store.segments import metadata
from engine.store.segments.metadata import RowTable
from engine.store.segments.row_groups import filling, row_groups

INTEGERS = st.integers(-(2**63), 2**63 - 1)
WORDS = st.sampled_from(["", "a", "b", "ä€", "Black"])
VALUES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-128, 127),
    pa.int64(): INTEGERS,
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float32(): st.floats(width=32),
    pa.float64(): st.floats(),
    pa.bool_(): st.booleans(),
    pa.string(): WORDS | st.text(st.characters(codec="utf-8"), max_size=6),
    pa.large_string(): WORDS,
    pa.dictionary(pa.int32(), pa.string()): WORDS,
    pa.date32(): st.integers(-(2**31), 2**31 - 1),  # also those that Python's own can't say
    pa.timestamp("us"): INTEGERS,
    pa.timestamp("ms"): st.integers(-(2**50), 2**50),
    pa.list_(pa.string()): st.lists(st.none() | WORDS, max_size=3),
    pa.list_(pa.float32()): st.lists(st.none() | st.floats(width=32), max_size=3),
    pa.struct([("a", pa.int64()), ("b", pa.string())]): st.fixed_dictionaries(
        {"a": st.none() | st.integers(0, 9), "b": st.none() | WORDS}
    ),
    pa.map_(pa.string(), pa.int64()): st.lists(st.tuples(WORDS, st.integers(0, 9)), max_size=2),
}


@contextmanager
def by_groups(ahead: int = 0, most: int = 65_535, judged: int = 1024) -> Iterator[None]:
    """Tables that are opened now are large."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(metadata, "_GROUPS_FROM", 0)
        patched.setattr(row_groups, "_AHEAD_ROWS", ahead)
        patched.setattr(filling, "_MOST_TEXTS", most)
        patched.setattr(filling, "_JUDGED_ROWS", judged)
        yield


def written(file: Path, parts: list[pa.Table]) -> Path:
    """A file with a row group for each part."""
    with pq.ParquetWriter(file, parts[0].schema, write_page_checksum=True) as parquet:
        for part in parts:
            parquet.write_table(part)
    return file


def same(one: Any, two: Any) -> bool:
    """Equal, of one type, and NaN equal to NaN; within lists, too."""
    if type(one) is not type(two):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(map(same, one.values(), two.values()))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(two)
    return bool(one == two)


def listed(column: Any) -> list[Any]:
    """All values; times as the numbers that they are stored as, which may be beyond Python's own."""
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in listed(chunk)]
    if pa.types.is_temporal(column.type):
        column = column.view(pa.int32() if pa.types.is_date32(column.type) else pa.int64())
    values: list[Any] = column.to_pylist()
    return values


@st.composite
def tables(draw: st.DrawFn) -> list[pa.Table]:
    """Parts of one table with one to three columns, each part with some rows."""
    kinds = draw(st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=3))
    nulls = draw(st.booleans())
    parts = []
    for rows in draw(st.lists(st.integers(1, 12), min_size=1, max_size=5)):
        columns = []
        for kind in kinds:
            values = VALUES[kind] | st.none() if nulls else VALUES[kind]
            columns.append(pa.array(draw(st.lists(values, min_size=rows, max_size=rows)), kind))
        parts.append(pa.table(columns, names=[f"c{place}" for place in range(len(kinds))]))
    return parts


@settings(deadline=None, max_examples=80)
@given(
    data=st.data(),
    parts=tables(),
    ahead=st.sampled_from([0, 5, 1000]),
    most=st.sampled_from([0, 2, 65_535]),
    judged=st.sampled_from([1, 1024]),
)
def test_values_are_those_of_whole_columns(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    parts: list[pa.Table],
    ahead: int,
    most: int,
    judged: int,
) -> None:
    file = written(tmp_path_factory.mktemp("t") / "rows.parquet", parts)
    whole, names = RowTable(file), parts[0].column_names
    places = st.lists(st.integers(0, whole.rows - 1), max_size=8)
    with by_groups(ahead, most, judged):
        large = RowTable(file)
        for _ in range(data.draw(st.integers(1, 6))):
            rows = np.array(data.draw(places), dtype=np.int64)
            some = data.draw(st.lists(st.sampled_from(names), min_size=1, unique=True))
            name = some[0]
            step = data.draw(
                st.sampled_from(["take_all", "take_all", "take", "held", "column", "read"])
            )
            if step == "take_all":
                assert same(large.take_all(some, rows), whole.take_all(some, rows))
            elif step == "take":
                assert same(large.take(name, rows), whole.take(name, rows))
            elif step == "held":
                large.held(name)  # reads all of it; what it is, is asked of filters below
            elif step == "column":
                assert large.column(name).type == whole.column(name).type
                assert same(listed(large.column(name)), listed(whole.column(name)))
            else:
                read, expected = large.read(rows), whole.read(rows)
                assert read.schema == expected.schema
                assert all(map(same, map(listed, read.columns), map(listed, expected.columns)))
    assert large.rows == whole.rows


def conditions(kind: str, value: Any) -> list[Node]:
    column = Column("c0", kind)
    if kind == "string":
        found: list[Node] = [Compare(column, "=", value), Compare(column, "!=", value)]
    else:
        found = [Compare(column, sign, value) for sign in ("=", "!=", "<", ">=")]
    found += [AnyOf(column, (value,), negated) for negated in (False, True)]
    found += [IsNull(column, negated) for negated in (False, True)]
    return found + [Not(each) for each in found]


FILTERED: list[tuple[str, pa.DataType, list[Any]]] = [
    ("string", pa.string(), ["a", "b", None, "a", "c", "", None, "b"]),
    ("string", pa.string(), ["a", "b", "b", "a", "c", "", "a", "b"]),
    ("int", pa.int32(), [3, None, 1, 2, 3, 3, None, 0]),
    ("float", pa.float64(), [3.5, None, math.nan, 2.0, 3.5, 0.0, 1.0, -1.0]),
    ("float", pa.float32(), [3.5, math.nan, 0.1, 2.0, 3.5, 0.0, 1.0, -1.0]),
]


@pytest.mark.parametrize("most", [2, 65_535])
@pytest.mark.parametrize(("kind", "stored", "values"), FILTERED)
def test_a_filter_takes_the_rows_that_it_takes_of_whole_columns(
    tmp_path: Path, kind: str, stored: pa.DataType, values: list[Any], most: int
) -> None:
    parts = [pa.table({"c0": pa.array(values[at : at + 3], stored)}) for at in (0, 3, 6)]
    file = written(tmp_path / "rows.parquet", parts)
    with by_groups(most=most):
        large = RowTable(file)
        large.take("c0", np.array([4]))
        for asked in ("a", "z") if kind == "string" else (3.5, 2.0) if kind == "float" else (3, 2):
            for condition in conditions(kind, asked):
                expected = RowTable(file).mask_by_sql(condition)
                assert large.mask(condition).tolist() == expected.tolist(), condition


def counted(table: RowTable, patched: pytest.MonkeyPatch) -> list[int]:
    """The groups that are read from now on."""
    read: list[int] = []
    parquet = table._parquet
    for file in {id(table._parquet): parquet, id(table._plain): table._plain}.values():
        once: Callable[..., Any] = file.read_row_group

        def reading(group: int, once: Callable[..., Any] = once, **more: Any) -> Any:
            read.append(group)
            return once(group, **more)

        patched.setattr(file, "read_row_group", reading)
    return read


def many(groups: int, rows: int = 10) -> list[pa.Table]:
    return [
        pa.table({"id": np.arange(start, start + rows), "n": np.full(rows, start % 7)})
        for start in range(0, groups * rows, rows)
    ]


def test_the_first_answer_reads_the_groups_of_its_rows_and_later_ones_some_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "rows.parquet", many(40))
    with by_groups(ahead=50):
        table = RowTable(file)
        read = counted(table, monkeypatch)
        rows = np.array([395, 4, 391, 120])
        assert table.take_all(["id", "n"], rows)[0] == rows.tolist()
        assert read == [0, 12, 39]
        assert not table.has_taken(["id", "n"])
        for _ in range(8):
            read.clear()
            assert table.take_all(["id", "n"], rows)[0] == rows.tolist()
            assert len(read) == 5 or table.has_taken(["id", "n"])
        assert table.has_taken(["id", "n"])
        read.clear()
        everything = np.arange(400)
        assert table.take_all(["id", "n"], everything)[0] == everything.tolist()
        assert table.take("n", rows) == [5, 0, 5, 1]
        assert read == []


def test_a_column_that_is_asked_for_twice_comes_twice(tmp_path: Path) -> None:
    """A reranker's columns may repeat."""
    file = written(tmp_path / "rows.parquet", many(4))
    with by_groups():
        table = RowTable(file)
        for _ in range(6):
            assert table.take_all(["n", "id", "n"], np.array([25, 3])) == [[6, 0], [25, 3], [6, 0]]


def test_a_column_that_was_read_for_one_question_is_not_read_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path / "rows.parquet", many(6))
    with by_groups():
        table = RowTable(file)
        read = counted(table, monkeypatch)
        table.mask(Compare(Column("n", "int"), "<", 3))
        assert read == list(range(6))
        assert table.column("n").to_pylist() == table.take("n", np.arange(60))
        table.take_all(["n"], np.arange(60))
        assert len(read) == 6


def test_rows_of_whole_groups_are_answered_beside_a_damaged_one(tmp_path: Path) -> None:
    file = written(tmp_path / "rows.parquet", many(8))
    chunk = pq.ParquetFile(file).metadata.row_group(5).column(0)
    place = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size
    bad = bytearray(file.read_bytes())
    bad[place - 1] ^= 1
    file.write_bytes(bad)
    with by_groups(ahead=1000):
        table = RowTable(file)
        for rows in ([0, 79], [11], [49, 60]):  # what is read beside them says nothing
            assert table.take_all(["id", "n"], np.array(rows))[0] == rows
        for _ in range(2):
            with pytest.raises(CorruptFile, match=r"rows\.parquet is damaged"):
                table.take_all(["id", "n"], np.array([0, 55]))
        with pytest.raises(CorruptFile, match=r"rows\.parquet"):
            table.column("id")
        assert table.take_all(["id"], np.array([7])) == [[7]]


def test_threads_that_ask_at_the_same_time_get_their_rows(tmp_path: Path) -> None:
    texts = [f"text {row % 9 if row < 500 else row}" for row in range(1000)]
    parts = [
        pa.table({"id": np.arange(at, at + 20), "t": texts[at : at + 20]})
        for at in range(0, 1000, 20)
    ]
    file, wrong = written(tmp_path / "rows.parquet", parts), []
    with by_groups(ahead=60, most=100, judged=100):
        table = RowTable(file)

        def ask(seed: int) -> None:
            rng = np.random.default_rng(seed)
            for _ in range(60):
                rows = rng.integers(0, 1000, 5)
                found = table.take_all(["t", "id"], rows)
                if found != [[texts[row] for row in rows], rows.tolist()]:
                    wrong.append(rows)

        threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert table.has_taken(["t", "id"])


@pytest.mark.parametrize("different", [200, 300, 70_000])
@pytest.mark.parametrize("become_more", [False, True])
def test_texts_are_told_apart_however_many_there_are(
    tmp_path: Path, different: int, become_more: bool
) -> None:
    def text(row: int) -> str | None:
        until = 1 + row * different // 75_000 if become_more else different
        return None if row % 1001 == 0 else f"w{row % until}"

    values = [text(row) for row in range(75_000)]
    parts = [pa.table({"t": values[at : at + 5000]}) for at in range(0, len(values), 5000)]
    with by_groups():
        table = RowTable(written(tmp_path / "rows.parquet", parts))
        rows = np.random.default_rng(0).permutation(len(values))
        assert table.take("t", rows[:10]) == [values[row] for row in rows[:10]]
        assert table.take("t", rows) == [values[row] for row in rows]
        assert (table.held("t") is None) is (different == 70_000 and not become_more)


def test_times_beyond_pythons_own_come_as_they_do_of_whole_columns(tmp_path: Path) -> None:
    values = pa.array([2**62, 0, -(2**62), None]).cast(pa.timestamp("us"))
    parts = [pa.table({"t": values}), pa.table({"t": values})]
    file = written(tmp_path / "rows.parquet", parts)
    expected = RowTable(file).take("t", np.arange(8))
    with by_groups():
        taken = RowTable(file).take("t", np.arange(8))
    assert same(taken, expected)
    assert taken[1] == dt.datetime(1970, 1, 1) and taken[3] is None
