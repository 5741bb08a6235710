"""Values of a source table arrive as they are: found and shown as written, at every door."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.syncs import synced

from engine import BadRequest, VectorSearchClient, VectorSearchIndex, Workspace
from engine.core import types as column_types
from engine.doors.rest import handle
from engine.errors import InvalidInputException
from engine.service.sync import stored_columns
from engine.store.layout import read_json, write_json

INDEX = "main.t.i"
PRICES = ["0.35", "19.99", "0.10", "1000.00", None]
Make = Callable[..., VectorSearchIndex]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """An index over a table of one column `x`, with keys from 0."""

    def index_of(values: pa.Array, name: str = "w") -> VectorSearchIndex:
        rows = len(values)
        table = pa.table(
            {
                "id": list(range(rows)),
                "x": values,
                "v": pa.array([[1.0, 0.0]] * rows, pa.list_(pa.float32())),
            }
        )
        pq.write_table(table, tmp_path / "a.parquet")
        workspace = Workspace(tmp_path / name)
        workspace.register_table("main.t.a", [tmp_path / "a.parquet"])
        client = VectorSearchClient(disable_notice=True, workspace=workspace)
        client.create_endpoint("e", "STANDARD")
        index: VectorSearchIndex = client.create_delta_sync_index_and_wait(
            endpoint_name="e",
            index_name=INDEX,
            primary_key="id",
            source_table_name="main.t.a",
            pipeline_type="TRIGGERED",
            embedding_dimension=2,
            embedding_vector_column="v",
        )
        return index

    return index_of


def search(index: VectorSearchIndex, **asked: Any) -> list[list[Any]]:
    found = index.similarity_search(
        **{"columns": ["id", "x"], "query_vector": [1.0, 0.0], "num_results": 50, **asked}
    )
    return [row[:-1] for row in found["result"].get("data_array", [])]


def keys(index: VectorSearchIndex, filters: Any) -> list[float]:
    return sorted(row[0] for row in search(index, filters=filters))


def decimals(*texts: str | None, kind: pa.DataType | None = None) -> pa.Array:
    values = [None if text is None else Decimal(text) for text in texts]
    return pa.array(values, kind or pa.decimal128(10, 2))


# ------------------------------------------------------------------ decimals
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"x": 19.99}, [1]),
        ({"x": "19.99"}, [1]),
        ({"x": Decimal("19.990")}, [1]),
        ({"x": np.float64(19.99)}, [1]),
        ("x = 19.99", [1]),
        ("x IN (0.1, 0.35)", [0, 2]),
        ({"x": [0.1, 0.35, 1e60]}, [0, 2]),
        ({"x NOT": 19.99}, [0, 2, 3]),
        ("NOT x = 19.99", [0, 2, 3]),
        ({"x NOT": [19.99, 0.1]}, [0, 3]),
        ({"x <=": 0.1}, [2]),
        ({"x <": 0.1}, []),
        ({"x >": 19.989}, [1, 3]),
        ("x BETWEEN 0.35 AND 19.99", [0, 1]),
        ({"x": 1000}, [3]),
        ({"x <": 10**60}, [0, 1, 2, 3]),
        ("x IS NULL", [4]),
    ],
    ids=str,
)
def test_a_decimal_is_found_by_what_was_written(
    make: Make, filters: Any, expected: list[int]
) -> None:
    assert keys(make(decimals(*PRICES)), filters) == expected


def test_a_decimal_is_shown_as_written(make: Make) -> None:
    index = make(decimals(*PRICES))
    shown = [0.35, 19.99, 0.1, 1000.0, None]
    assert [x for _, x in sorted(search(index))] == shown
    fields = [{f["key"]: f["value"] for f in row["fields"]} for row in index.scan(9)["data"]]
    assert [row["x"].get("number_value") for row in fields] == shown
    status, reply = handle(
        index._workspace,
        "POST",
        f"/api/2.0/vector-search/indexes/{INDEX}/query",
        body=json.dumps({"columns": ["x"], "query_vector": [1, 0], "filters_json": '{"x": 19.99}'}),
    )
    assert (status, reply["result"]["data_array"][0][0]) == (200, 19.99)


def test_decimals_are_sorted_and_counted(make: Make) -> None:
    index = make(decimals(*PRICES, "19.99"))
    ordered = search(index, sort_columns=["x DESC"])
    assert [x for _, x in ordered] == [1000.0, 19.99, 19.99, 0.35, 0.1, None]
    found = index.similarity_search(
        ["id"],
        query_vector=[1.0, 0.0],
        num_results=9,
        facets=["x BUCKETS [[0.1,0.35],[0.36,19.99]]"],
    )
    assert [count for _, _, count in found["facet_result"]["facet_array"]] == [2, 2]
    found = index.similarity_search(
        ["id"], query_vector=[1.0, 0.0], num_results=9, facets=["x TOP 1"]
    )
    assert found["facet_result"]["facet_array"] == [["x", 19.99, 2]]


LONG = "12345678901234567890123456.78"


@pytest.mark.parametrize(
    "kind", [pa.decimal128(38, 2), pa.decimal256(38, 2), pa.decimal128(28, 2)], ids=str
)
def test_a_decimal_that_no_double_says_is_shown_as_text(make: Make, kind: pa.DataType) -> None:
    index = make(decimals(LONG, "0.10", kind=kind))
    assert sorted(search(index)) == [[0.0, LONG], [1.0, 0.1]]
    for filters in ({"x": LONG}, f"x = {LONG}", {"x >": "12345678901234567890123456.77"}):
        assert keys(index, filters) == [0]
    status, reply = handle(
        index._workspace,
        "POST",
        f"/api/2.0/vector-search/indexes/{INDEX}/query",
        body=json.dumps(
            {"columns": ["id"], "query_vector": [1, 0], "filters_json": f'{{"x": {LONG}}}'}
        ),
    )
    assert (status, reply["result"]["row_count"]) == (200, 1)


def test_a_decimal_of_more_digits_than_filters_know_is_kept(make: Make) -> None:
    digits = "1" * 50 + ".25"
    index = make(decimals(digits, None, kind=pa.decimal256(60, 2)))
    assert sorted(search(index)) == [[0.0, digits], [1.0, None]]
    with pytest.raises(BadRequest, match="can't be filtered"):
        keys(index, {"x": 1})


def test_decimals_in_arrays(make: Make) -> None:
    values = [[Decimal("19.99"), None], [], None, [Decimal("0.35")]]
    index = make(pa.array(values, pa.list_(pa.decimal128(10, 2))))
    assert [x for _, x in sorted(search(index))] == [[19.99, None], [], None, [0.35]]
    assert keys(index, {"x": 19.99}) == [0]
    assert keys(index, {"x": ["0.35", 7]}) == [3]


def test_an_index_of_an_older_release_takes_decimals_over_at_the_next_sync(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr(column_types, "_stored_decimal", lambda kind: pa.float64())
        index = make(decimals(*PRICES))
    versions = index._workspace.path.glob("indexes/**/versions/*.json")
    newest = max(versions, key=lambda file: int(file.stem))
    facts = read_json(newest)
    for column in facts["columns"]:
        del column["single"], column["scale"]
    write_json(newest, facts)
    again = VectorSearchClient(
        disable_notice=True, workspace=Workspace(index._workspace.path)
    ).get_index("e", INDEX)
    assert len(search(again)) == 5
    synced(again)
    assert keys(again, {"x": Decimal("0.35")}) == [0]
    published = again._workspace.index_versions(INDEX)
    assert max(published) == 2
    files = newest.parents[1].glob("segments/*/rows.parquet")
    types = {pq.read_schema(file).field("x").type for file in files}
    assert types == {pa.float64(), pa.decimal128(10, 2)}  # the version before is kept
    synced(again)
    assert again._workspace.index_versions(INDEX) == published


# ------------------------------------------------------------------ float32 and float16
@pytest.mark.parametrize("kind", [pa.float32(), pa.float16()], ids=str)
def test_a_narrow_float_is_found_and_shown_as_written(make: Make, kind: pa.DataType) -> None:
    written = [19.98, 0.1, 1000.0, None]
    narrow = np.float16 if kind == pa.float16() else np.float32
    index = make(pa.array([None if x is None else narrow(x) for x in written], kind))
    assert [x for _, x in sorted(search(index))] == written
    for filters in ({"x": 19.98}, {"x": [19.98, 7]}, "x = 19.98", "x IN (19.98)", {"x": "19.98"}):
        assert keys(index, filters) == [0], filters
    assert keys(index, {"x <=": 0.1}) == [1]
    assert keys(index, {"x >=": 19.98}) == [0, 2]
    assert keys(index, "x BETWEEN 0.1 AND 19.98") == [0, 1]
    assert keys(index, {"x NOT": 0.1}) == [0, 2]
    assert [x for _, x in search(index, sort_columns=["x ASC"])] == [0.1, 19.98, 1000.0, None]
    found = index.similarity_search(
        ["id"], query_vector=[1.0, 0.0], facets=["x BUCKETS [[0.1,19.98]]"], num_results=9
    )
    assert found["facet_result"]["facet_array"][0][2] == 2
    fields = [{f["key"]: f["value"] for f in row["fields"]} for row in index.scan(9)["data"]]
    assert [row["x"].get("number_value") for row in fields] == written


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float32()),
        pa.large_list(pa.float32()),
        pa.list_(pa.float16()),
        pa.large_list(pa.float16()),
    ],
    ids=str,
)
def test_narrow_floats_in_arrays(make: Make, kind: pa.DataType) -> None:
    narrow = np.float16 if kind.value_type == pa.float16() else np.float32
    values = [[narrow(19.98), None], [], None, [narrow(0.1), narrow("nan")]]
    index = make(pa.array(values, kind))
    assert [x for _, x in sorted(search(index))] == [[19.98, None], [], None, [0.1, None]]
    assert keys(index, {"x": 19.98}) == [0]
    assert keys(index, {"x NOT": [0.1]}) == [0, 1]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float16()], ids=str)
def test_a_narrow_float_is_found_by_what_was_written_before_it_was_rounded(
    make: Make, kind: pa.DataType
) -> None:
    narrow = np.float16 if kind == pa.float16() else np.float32
    written = [19.99, 0.3, 12.34, 2.0**-20, -5.55, 1234.0]
    index = make(pa.array([narrow(x) for x in written], kind))
    for key, value in enumerate(written):
        for filters in ({"x": value}, {"x": [value]}, f"x = {value}", {"x": narrow(value)}):
            assert keys(index, filters) == [key], filters
        less = [k for k, x in enumerate(written) if x < value]
        assert keys(index, {"x <": value}) == less
        assert keys(index, {"x <=": value}) == sorted([*less, key])
    lists = make(pa.array([[narrow(x), None] for x in written], pa.list_(kind)), "w2")
    assert [keys(lists, {"x": value}) for value in written] == [[k] for k in range(len(written))]


@pytest.mark.parametrize("text", ["1e23", "1E+23", "100000000000000000000000.00", str(10**23)])
def test_a_large_number_as_text_is_compared_with_decimals_digit_by_digit(
    make: Make, text: str
) -> None:
    held = [Decimal(10**23), Decimal(10**23 - 1), Decimal(int(float(10**23)))]
    index = make(pa.array(held, pa.decimal128(38, 0)))
    assert keys(index, {"x": text}) == keys(index, f"x = {text}") == [0]
    assert keys(index, {"x <": text}) == [1, 2]


def test_float16_with_nulls_and_slices_are_their_shortest_decimals() -> None:
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    column = pa.array([None, *every[np.isfinite(every)]], pa.float16()).slice(1)
    taken = stored_columns.stored(column, pa.float64())
    assert taken.null_count == 0
    assert [np.float16(x) for x in taken.to_pylist()] == column.to_pylist()
    assert pa.array([19.98, 0.1]) == stored_columns.stored(
        pa.array([np.float16(19.98), np.float16(0.1)]), pa.float64()
    )


# ------------------------------------------------------------------ times
def test_times_and_dates_beyond_the_year_9999_are_stored_and_shown(make: Make) -> None:
    counts = [253402318799 * 10**6, 0, -(10**17), None]
    index = make(pa.array(counts, pa.int64()).cast(pa.timestamp("us", tz="America/New_York")))
    shown = ["+10000-01-01T04:59:59", "1970-01-01T00:00:00", "-1199-02-15T14:13:20", None]
    assert [x for _, x in sorted(search(index))] == shown
    assert [x for _, x in search(index, sort_columns=["x DESC"])] == [
        shown[0],
        shown[1],
        shown[2],
        None,
    ]
    assert keys(index, {"x >": "9999-12-31"}) == [0]
    assert keys(index, {"x <": "1970-01-01"}) == [2]
    assert len(index.scan(9)["data"]) == 4
    found = index.similarity_search(["id"], query_vector=[1.0, 0.0], facets=["x"])
    counted = [value for _, value, _ in found["facet_result"]["facet_array"]]
    assert counted == [shown[2], shown[1], shown[0]]


def test_what_a_reply_shows_of_a_far_time_is_taken_by_filters(make: Make) -> None:
    counts = [253402318799 * 10**6, 0, -(10**17), None]
    index = make(pa.array(counts, pa.int64()).cast(pa.timestamp("us")))
    for key, shown in search(index):
        if shown is not None:
            assert keys(index, {"x": shown}) == keys(index, f"x = TIMESTAMP '{shown}'") == [key]
    eastern = dt.timezone(dt.timedelta(hours=-5))
    for forever in (
        "9999-12-31T23:59:59-05:00",
        dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=eastern),
        np.datetime64("10000-01-01T04:59:59"),
    ):
        assert keys(index, {"x": forever}) == keys(index, {"x >=": forever}) == [0]
        assert keys(index, {"x <": forever}) == [1, 2]
        assert keys(index, {"x NOT": [forever]}) == [1, 2]


@pytest.mark.parametrize("column", ["at", "times", "day"])
def test_rows_that_are_written_one_by_one_may_have_far_times(tmp_path: Path, column: str) -> None:
    client = VectorSearchClient(disable_notice=True, workspace=Workspace(tmp_path / "w"))
    client.create_endpoint("e", "STANDARD")
    schema = {"id": "int", "at": "timestamp", "day": "date", "times": "array<timestamp>"}
    index = client.create_direct_access_index(
        endpoint_name="e",
        index_name=INDEX,
        primary_key="id",
        embedding_dimension=2,
        embedding_vector_column="v",
        schema={**schema, "v": "array<float>"},
    )
    far = "+10000-01-01" if column == "day" else "9999-12-31T23:59:59-05:00"
    near = "2024-01-31"
    rows = [{"id": n, "v": [1.0, 0.0], column: value} for n, value in enumerate([far, near, None])]
    if column == "times":
        rows = [{**row, column: [row[column], near]} for row in rows]
    assert index.upsert(rows)["status"] == "SUCCESS"
    found = index.similarity_search(["id", column], query_vector=[1.0, 0.0], filters={column: far})
    [[key, value, _]] = found["result"]["data_array"]
    shown = value[0] if column == "times" else value
    assert (key, shown) == (0.0, far if column == "day" else "+10000-01-01T04:59:59")


@pytest.mark.parametrize(
    "wanted",
    [
        np.datetime64("2024-01-31T12:00:00", "ns"),
        np.array(["2024-01-31T12:00:00"], "datetime64[ns]"),
        [np.datetime64("2024-01-31T12:00:00", "s"), "2025-01-01"],
        np.array(["2024-01-31T12:00:00"], "datetime64[us]"),
    ],
    ids=str,
)
def test_a_time_of_numpy_is_no_number_whatever_its_unit(make: Make, wanted: Any) -> None:
    index = make(pa.array([dt.datetime(2024, 1, 31, 12), None], pa.timestamp("us")))
    assert keys(index, {"x": wanted}) == [0]


@pytest.mark.parametrize("missing", [np.datetime64("NaT"), np.longdouble(1), {1, 2}], ids=str)
def test_a_filter_value_that_can_not_be_sent_is_named(make: Make, missing: Any) -> None:
    index = make(pa.array([1, 2]))
    with pytest.raises(InvalidInputException, match=f"of type {type(missing).__name__}; expected"):
        keys(index, {"x": missing})


@pytest.mark.parametrize(
    ("values", "first"),
    [
        (pa.array([2932897, 0], pa.int32()).cast(pa.date32()), "+10000-01-01"),
        (
            pa.array([[253402318799 * 10**6], []], pa.list_(pa.int64())).cast(
                pa.list_(pa.timestamp("us"))
            ),
            ["+10000-01-01T04:59:59"],
        ),
    ],
    ids=["a date", "times in arrays"],
)
def test_far_dates_and_times_in_arrays_are_shown(make: Make, values: pa.Array, first: Any) -> None:
    index = make(values)
    assert sorted(search(index), key=lambda row: row[0])[0] == [0.0, first]
    assert len(index.scan(9)["data"]) == 2


def test_a_far_time_inside_a_structure_does_not_stop_the_others(make: Make) -> None:
    kind = pa.struct([("until", pa.timestamp("us"))])
    values = pa.StructArray.from_arrays(
        [pa.array([253402318799 * 10**6, 0], pa.int64()).cast(pa.timestamp("us"))],
        fields=list(kind),
    )
    found = dict(search(make(values)))
    assert found[1.0] == {"until": "1970-01-01T00:00:00"}
    assert found[0.0] == {"until": "+10000-01-01T04:59:59"}


@pytest.mark.parametrize("unit", ["s", "ms", "ns"])
def test_times_of_other_units_inside_a_structure(make: Make, unit: str) -> None:
    count = {"s": 253402318799, "ms": 253402318799000, "ns": 1}[unit]
    times = pa.array([count, 0], pa.int64()).cast(pa.timestamp(unit))
    values = pa.StructArray.from_arrays([times], fields=[pa.field("until", times.type)])
    found = dict(search(make(values)))
    assert found[1.0] == {"until": "1970-01-01T00:00:00"}
    assert found[0.0]["until"].replace(" ", "T").lstrip("+")[:10] in ("10000-01-0", "1970-01-01")


# ------------------------------------------------------------------ arrays
def test_an_empty_array_is_not_null(make: Make) -> None:
    values = pa.array([[], None, [None], [""], [-0.0][:0]], pa.list_(pa.string()))
    index = make(values)
    assert [x for _, x in sorted(search(index))] == [[], None, [None], [""], []]


def test_a_zero_keeps_its_sign(make: Make) -> None:
    shown = [x for _, x in sorted(search(make(pa.array([-0.0, 0.0], pa.float32()))))]
    assert list(map(str, shown)) == ["-0.0", "0.0"]


# ------------------------------------------------------------------ what a filter takes
@pytest.mark.parametrize(
    "value", [1704067200, 1.5, "1_0", " 1 ", "１２", "20240131", "2024-W05-3", "soon"], ids=str
)
def test_a_filter_on_times_shows_a_form_that_is_taken(make: Make, value: object) -> None:
    index = make(pa.array([dt.datetime(2024, 1, 31, 12)], pa.timestamp("us")))
    written = repr(value) if isinstance(value, str) else value
    for filters in ({"x": value}, f"x = {written}"):
        with pytest.raises(BadRequest, match="such as '2024-01-31T12:00:00Z'"):
            keys(index, filters)
    assert keys(index, {"x": "2024-01-31T12:00:00Z"}) == [0]


@pytest.mark.parametrize("value", ["1_0", " 1_000 ", "1_000.5", "１２", "nan", "inf", ""])
@pytest.mark.parametrize("kind", [pa.int64(), pa.float32(), pa.float64(), pa.decimal128(9, 2)])
def test_a_filter_on_numbers_shows_a_form_that_is_taken(
    make: Make, kind: pa.DataType, value: str
) -> None:
    index = make(
        pa.array([10]).cast(kind, safe=False) if not pa.types.is_decimal(kind) else decimals("10")
    )
    for filters in ({"x": value}, {"x <": value}, f"x = '{value}'"):
        with pytest.raises(BadRequest, match=r"expected a number such as (42|19\.99)"):
            keys(index, filters)
    assert keys(index, {"x": "10"}) == [0]


# ------------------------------------------------------------------ what no index can hold
def broken_texts(*texts: bytes | None) -> pa.Array:
    return pa.array(texts, pa.binary()).view(pa.string())


@pytest.mark.parametrize(
    "values",
    [
        broken_texts(b"red", b"half \xed\xa0\xbd", None, b"bl\xfc"),
        broken_texts(b"red", b"half \xed\xa0\xbd", None, b"bl\xfc").dictionary_encode(),
        pa.ListArray.from_arrays(
            pa.array([0, 1, 2, 2, 4], pa.int32()),
            broken_texts(b"red", b"half \xed\xa0\xbd", b"ok", b"bl\xfc"),
        ),
        pa.array([0, 2**62, None, -(2**62)], pa.int64()).view(pa.timestamp("ms", tz="UTC")),
    ],
    ids=["text", "dictionary", "arrays", "times"],
)
def test_a_row_that_no_index_can_hold_is_left_out_alone(make: Make, values: pa.Array) -> None:
    index = make(values)
    assert sorted(row[0] for row in search(index)) == [0.0, 2.0]
    assert index.describe()["status"]["last_sync"]["failed"] == 2
    report = index._workspace.sync(INDEX)
    assert [key for key, _ in report.failures] == ["1", "3"]
    assert all("'x'" in reason for _, reason in report.failures)
    wanted = {"x": "1970-01-01"} if pa.types.is_timestamp(values.type) else {"x": "red"}
    assert keys(index, wanted) == [0]


def test_a_key_that_is_no_utf8_is_that_rows_trouble(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    table = pa.table({"id": broken_texts(b"ok", b"bl\xfc"), "v": [[1.0, 0.0], [0.0, 1.0]]})
    pq.write_table(table, tmp_path / "a.parquet")
    workspace.register_table("main.a.t", tmp_path / "a.parquet")
    report = workspace.create_index(
        "main.a.i",
        source_table="main.a.t",
        vector_column="v",
        primary_key="id",
        create_endpoint=True,
    )
    assert report.indexed == 1
    assert [key for key, _ in report.failures] == ["bl\ufffd"]
