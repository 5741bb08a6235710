"""Times that Python's own can't say, wherever a table's values are shown or written."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from engine import VectorSearchClient, Workspace
from engine.core.arrow.objects import column_from, has_far_times, object_of, rows_of, values_of
from engine.core.values import FarTime
from engine.doors.cli.command import main
from engine.doors.notebook.showing.tables import made_table, table_of
from engine.service.table_files.reading import rows_of_file
from engine.service.warehouse.result_forms import text_rows
from engine.shop.catalogue.sources.columnar import open_columnar

FAR = 253_402_300_800_000_000  # microseconds: the first of the year 10000
SAID = "+10000-01-01T00:00:00"
FIRST = datetime(1970, 1, 1)
TIMES = pa.timestamp("us")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([FAR, 0, None], TIMES), [SAID, FIRST, None]),
        (pa.array([-(10**17)], TIMES), ["-1199-02-15T14:13:20"]),
        (
            pa.array([FAR, 0], pa.timestamp("us", "UTC")),
            [SAID, FIRST.replace(tzinfo=timezone.utc)],
        ),
        (pa.array([FAR // 10**6], pa.timestamp("s")), [SAID]),
        (pa.array([10**15], pa.timestamp("s")), ["1000000000000000 s since 1970"]),
        (pa.array([FAR // 1000 + 1], pa.timestamp("ms")), ["+10000-01-01T00:00:00.001000"]),
        (pa.array([0, FAR], pa.timestamp("us", "Mars/Base")), [FIRST, SAID]),
        (pa.array([2_932_897, 0], pa.date32()), ["+10000-01-01", date(1970, 1, 1)]),
        (pa.array([FAR // 1000], pa.date64()), ["+10000-01-01"]),
        (pa.array([2**62], pa.duration("s")), [f"{2**62} s"]),
        (pa.array([[FAR, None], None, []], pa.list_(TIMES)), [[SAID, None], None, []]),
        (pa.array([[FAR, 0]], pa.list_(TIMES, 2)), [[SAID, FIRST]]),
        (
            pa.array([{"a": FAR, "b": "x"}, None], pa.struct([("a", TIMES), ("b", pa.string())])),
            [{"a": SAID, "b": "x"}, None],
        ),
        (pa.array([[("k", FAR)]], pa.map_(pa.string(), TIMES)), [[("k", SAID)]]),
        (pa.array([FAR, 0], TIMES).dictionary_encode(), [SAID, FIRST]),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_one_far_time_is_that_values_trouble(column: pa.Array, expected: list[Any]) -> None:
    for values in (values_of(column), values_of(pa.chunked_array([column]))):
        assert said(values) == expected
    assert said([object_of(value) for value in column]) == expected
    table = pa.table({"a": column})
    assert [row["a"] for row in said(rows_of(table))] == expected
    assert said(rows_of(table.to_batches()[0])) == said(rows_of(table))


def said(value: Any) -> Any:
    """The same with far times as texts."""
    if isinstance(value, FarTime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: said(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(said(one) for one in value)
    return value


def test_digits_beyond_microseconds_stay_without_pandas() -> None:
    program = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Missing())
import pyarrow as pa
from engine.core.arrow.objects import values_of
print(*values_of(pa.array([1_000, 2**62 + 1, None], pa.timestamp("ns"))), sep=", ")
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert found.stdout == "1970-01-01 00:00:00.000001, 2116-02-20T23:53:38.427387905, None\n", (
        found
    )


@pytest.mark.parametrize(
    "kind",
    [
        TIMES,
        pa.timestamp("s"),
        pa.timestamp("us", "America/New_York"),
        pa.date32(),
        pa.date64(),
        pa.list_(TIMES),
        pa.struct([("a", TIMES), ("b", pa.date32())]),
        pa.map_(pa.date32(), TIMES),
        pa.list_(pa.struct([("a", pa.list_(TIMES))])),
    ],
    ids=str,
)
def test_values_become_the_column_that_they_came_from(kind: pa.DataType) -> None:
    column = far_column(kind)
    assert any("FarTime" in repr(value) for value in values_of(column))
    assert column_from(values_of(column), kind).equals(column)


def far_column(kind: pa.DataType) -> pa.Array:
    """A column of a type with a far time, one that Python knows, and a null."""
    counts = {"D": [2_932_897, 0], "s": [FAR // 10**6, 0], "ms": [FAR // 1000, 0]}
    if pa.types.is_temporal(kind):
        unit = "D" if pa.types.is_date32(kind) else "ms" if pa.types.is_date64(kind) else kind.unit
        bare = pa.int32() if unit == "D" else pa.int64()
        return pa.array([*counts.get(unit, [FAR, 0]), None], bare).view(kind)
    if pa.types.is_map(kind):
        keys, items = far_column(kind.key_type)[:2], far_column(kind.item_type)[:2]
        return pa.MapArray.from_arrays([0, 1, 2, 2], keys, items)
    if pa.types.is_struct(kind):
        return pa.StructArray.from_arrays([far_column(f.type) for f in kind], fields=list(kind))
    return pa.ListArray.from_arrays([0, 2, 2, 3], far_column(kind.value_type))


def test_narrow_floats_are_as_they_were_written() -> None:
    written = [0.1, 19.98, None, 1e-40, float("inf")]
    single, half = pa.array(written, pa.float32()), [None if x is None else x for x in written]
    assert values_of(single)[:3] == written[:3]
    assert values_of(single)[4] == float("inf")
    assert values_of(single.slice(1, 2)) == [19.98, None]
    halves = pa.array([None if x is None else np.float16(x) for x in half[:3]], pa.float16())
    assert values_of(halves) == written[:3]
    assert values_of(pa.array([[0.1, None], None, []], pa.list_(pa.float32()))) == [
        [0.1, None],
        None,
        [],
    ]
    table = pa.table(
        {
            "a": single,
            "b": pa.array(
                [{"c": x} for x in written[:3]] + [None] * 2, pa.struct([("c", pa.float32())])
            ),
        }
    )
    assert rows_of(table)[0] == {"a": 0.1, "b": {"c": 0.1}}


def test_a_table_without_columns_has_its_rows() -> None:
    assert rows_of(pa.table({"a": [1, 2]}).select([])) == [{}, {}]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_where_far_times_begin(unit: Any) -> None:
    per_second = {"s": 1, "ms": 1000, "us": 10**6}[unit]
    after = FAR // 10**6 * per_second
    before = -62_135_596_800 * per_second
    for zone in (None, "Asia/Kolkata"):
        kind = pa.timestamp(unit, zone)
        assert not has_far_times(pa.array([before, after - 1, None], kind))
        assert has_far_times(pa.array([0, after], kind))
        assert has_far_times(pa.array([before - 1], kind))
    assert not has_far_times(pa.array([None, None], pa.timestamp(unit)))
    assert not has_far_times(pa.array([-719_162, 2_932_896], pa.date32()))
    assert has_far_times(pa.array([-719_163], pa.date32()))
    assert not has_far_times(pa.array([FAR]))


# ------------------------------------------------------------------ doors
def far_table() -> pa.Table:
    return pa.table(
        {
            "id": [1, 2],
            "at": pa.array([FAR, 0], TIMES),
            "day": pa.array([2_932_897, 0], pa.date32()),
            "times": pa.array([[FAR], [0]], pa.list_(TIMES)),
        }
    )


@pytest.fixture
def shown(workspace: Workspace) -> Workspace:
    workspace.write_table("t", far_table())
    return workspace


def vitrine(workspace: Workspace, *words: object) -> Result:
    result = CliRunner().invoke(main, [*map(str, words), "-w", str(workspace.path)])
    assert result.exit_code == 0, result.output
    return result


@pytest.mark.parametrize(
    "command", [["table", "show", "t"], ["sql", "SELECT * FROM t ORDER BY id"]]
)
def test_commands_print_far_times(shown: Workspace, command: list[str]) -> None:
    lines = vitrine(shown, *command).output.splitlines()
    assert any(SAID in line and "+10000-01-01 " in line for line in lines)
    rows = json.loads(vitrine(shown, *command, "--json").output)
    assert [row["day"] for row in rows] == ["+10000-01-01", "1970-01-01"]
    assert rows[0]["at"].startswith(SAID) and rows[0]["times"][0].startswith(SAID)


def test_a_statements_rows_say_far_times_as_they_say_others(shown: Workspace) -> None:
    assert text_rows(shown.sql("SELECT at, day, times FROM t ORDER BY id")) == [
        [f"{SAID}.000Z", "+10000-01-01", f'["{SAID}.000Z"]'],
        ["1970-01-01T00:00:00.000Z", "1970-01-01", '["1970-01-01T00:00:00.000Z"]'],
    ]
    finer = pa.table({"at": pa.array([FAR + 5, FAR + 1000], TIMES)})
    assert text_rows(finer) == [[f"{SAID}.000005Z"], [f"{SAID}.001Z"]]


def test_exports_keep_far_times(shown: Workspace, tmp_path: Path) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        vitrine(shown, "table", "export", "t", tmp_path / f"t.{ending}")
    with (tmp_path / "t.csv").open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["at"], row["day"]) for row in rows] == [
        (SAID, "+10000-01-01"),
        ("1970-01-01T00:00:00", "1970-01-01"),
    ]
    assert json.loads((tmp_path / "t.jsonl").read_text().splitlines()[0]) == {
        "id": 1, "at": SAID, "day": "+10000-01-01", "times": [SAID],
    }  # fmt: skip
    assert pq.read_table(tmp_path / "t.parquet").equals(far_table())
    assert said(rows_of_file(tmp_path / "t.parquet"))[0]["at"] == SAID


def test_the_page_and_notebooks_show_far_times(shown: Workspace) -> None:
    rows, total = shown.inspection.table_rows("t", 0, 10)
    assert total == 2 and said(rows)[0]["at"] == SAID
    found = table_of(far_table())
    assert found is not None and said(list(found.rows[0]))[:3] == [1, SAID, "+10000-01-01"]
    assert made_table(["a"], [(1,)], 1).rows == ((1,),)


def test_a_catalogue_with_far_times_is_read(tmp_path: Path) -> None:
    pq.write_table(far_table(), tmp_path / "t.parquet")
    rows = list(open_columnar(tmp_path / "t.parquet").rows())
    assert len(rows) == 2 and said(rows[0].values)["at"] == SAID


# ------------------------------------------------------------------ below a microsecond
def test_nanoseconds_are_cut_off_towards_the_past_in_sql_and_in_an_index(tmp_path: Path) -> None:
    times = pa.array([-1, 1_700_000_000_123_456_789, None, 1_999], pa.timestamp("ns", "UTC"))
    zoneless = times.cast(pa.timestamp("ns"))
    vectors = pa.array([[1.0, 0.0]] * 4, pa.list_(pa.float32()))
    table = pa.table({"id": ["a", "b", "c", "d"], "at": times, "there": zoneless, "v": vectors})
    pq.write_table(table, tmp_path / "t.parquet")
    expected = [
        datetime(1969, 12, 31, 23, 59, 59, 999_999),
        datetime(2023, 11, 14, 22, 13, 20, 123_456),
    ]
    expected += [None, datetime(1970, 1, 1, 0, 0, 0, 1)]
    workspace = Workspace(tmp_path / "workspace")
    workspace.register_table("main.d.t", [tmp_path / "t.parquet"])
    found = workspace.sql("SELECT at FROM main.d.t ORDER BY id").column("at").to_pylist()
    assert [one and one.replace(tzinfo=None) for one in found] == expected
    client = VectorSearchClient(workspace=workspace)
    client.create_endpoint("e")
    index = client.create_delta_sync_index("e", "main.d.i", "id", "main.d.t", "TRIGGERED", 2, "v")
    rows = index.scan(10)["data"]
    for name in ("at", "there"):
        said = [{one["key"]: one["value"] for one in row["fields"]}[name] for row in rows]
        texts = [next(iter(one.values()), None) for one in said]
        assert texts == [one and one.isoformat() for one in expected]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pa.array([FAR, None], TIMES), f'"{SAID}.000"'),
        (pa.array([FAR, None], pa.timestamp("us", "UTC")), f'"{SAID}.000"'),
        (pa.array([2_932_897, None], pa.date32()), '"+10000-01-01"'),
        (pa.array([[FAR, 0], None], pa.list_(TIMES)), f'["{SAID}.000","1970-01-01T00:00:00.000"]'),
        (pa.array([2**64 - 1, None], pa.uint64()), "18446744073709551615"),
        (pa.array([19.99, None], pa.float32()), "19.99"),
        (pa.array([Decimal("0.35"), None], pa.decimal128(10, 2)), "0.35"),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_a_search_in_sql_brings_what_the_index_holds(
    tmp_path: Path, values: pa.Array, said: str
) -> None:
    workspace = Workspace(tmp_path)
    vectors = pa.array([[1.0, 0.0], [0.0, 1.0]], pa.list_(pa.float32()))
    workspace.write_table("main.s.t", pa.table({"id": [1, 2], "x": values, "v": vectors}))
    workspace.create_endpoint("e")
    workspace.create_index(
        "main.s.i",
        source_table="main.s.t",
        primary_key="id",
        vector_column="v",
        dimension=2,
        endpoint="e",
    )
    found = workspace.sql(
        "SELECT id, to_json(struct(x)) AS said FROM vector_search("
        "index => 'main.s.i', query_vector => array(1.0, 0.0), num_results => 2)"
    )
    expected = [{"id": 1, "said": f'{{"x":{said}}}'}, {"id": 2, "said": "{}"}]
    assert sorted(found.to_pylist(), key=lambda row: row["id"]) == expected


def test_a_table_with_what_is_no_number_is_printed_as_json(tmp_path: Path) -> None:
    table = pa.table(
        {
            "x": pa.array([float("nan"), float("inf"), 0.1], pa.float32()),
            "xs": [[float("nan")], None, [-float("inf"), 1.5]],
            "at": pa.array([FAR, 0, None], TIMES),
        }
    )
    Workspace(tmp_path).write_table("main.s.t", table)
    printed = printed_by(tmp_path, "table", "show", "main.s.t", "--json").stdout

    def refused(word: str) -> None:
        raise AssertionError(word)

    assert json.loads(printed, parse_constant=refused) == [
        {"x": None, "xs": [None], "at": SAID},
        {"x": None, "xs": None, "at": "1970-01-01T00:00:00"},
        {"x": 0.1, "xs": [None, 1.5], "at": None},
    ]


def printed_by(folder: Path, *command: str) -> Result:
    done = CliRunner().invoke(main, [*command, "-w", str(folder)])
    assert done.exit_code == 0, done.output
    return done
