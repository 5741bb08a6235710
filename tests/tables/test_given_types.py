"""A type that is given for a column of a file changes no value: it is the same, or refused by name."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import BadSourceFile
from engine.service.table_files.reading import RowFormat, read_file, rows_of_file, rows_table

NOON = dt.datetime(2024, 1, 1, 12)
UTC_NOON = NOON.replace(tzinfo=dt.timezone.utc)


def read(folder: Path, value: Any, kind: str, form: str) -> Any:
    """One value, written in a form and read in a type."""
    file = folder / f"t.{form}"
    if form == "parquet":
        pq.write_table(pa.table({"id": [1, 2], "x": [value, None]}), file)
    elif form == "csv":
        text = json.dumps(value) if isinstance(value, list) else str(value)
        quoted = text.replace('"', '""')
        file.write_text(f'id,x\n1,"{quoted}"\n2,\n')
    else:
        file.write_text(json.dumps({"id": 1, "x": value}) + '\n{"id": 2}\n')
    found = read_file(file, RowFormat(types={"x": kind}))["x"].to_pylist()
    assert found[1] is None
    return found[0]


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("2024-01-01T12:00:00", "timestamp", UTC_NOON),
        ("2024-01-01 12:00", "timestamp", UTC_NOON),
        ("2024-01-01T17:30:00+05:30", "timestamp", UTC_NOON),
        ("2024-01-01T12:00:00Z", "timestamp_ntz", NOON),
        ("2024-01-01T00:00:00", "date", dt.date(2024, 1, 1)),
        ("9999-12-31 23:59:59", "timestamp_ntz", dt.datetime(9999, 12, 31, 23, 59, 59)),
        (19.99, "decimal(10,2)", Decimal("19.99")),
        (7, "decimal(10,2)", Decimal("7.00")),
        (0.1, "float", pytest.approx(0.1)),
        (7, "double", 7.0),
        (7, "string", "7"),
        ("007", "int", 7),
        ([1, 2.5], "array<float>", [1.0, 2.5]),
        ([1, 2], "array<bigint>", [1, 2]),
        ([], "array<float>", []),
        (["2024-01-01"], "array<date>", [dt.date(2024, 1, 1)]),
    ],
    ids=str,
)
def test_a_value_is_the_same_in_the_type_that_is_given(
    tmp_path: Path, form: str, value: Any, kind: str, expected: Any
) -> None:
    assert read(tmp_path, value, kind, form) == expected


@pytest.mark.parametrize("form", ["parquet", "csv", "jsonl"])
@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1704067200, "timestamp"),
        (1704067200, "timestamp_ntz"),
        (1704067200.5, "timestamp"),
        (19723, "date"),
        (20240101, "date"),
        ([1704067200], "array<timestamp>"),
        ("2024-01-01T12:00:00", "date"),
        (1.5, "int"),
        ([1.5], "array<int>"),
        (2**31, "int"),
        (0.355, "decimal(10,2)"),
        (1e300, "float"),
        ([1e300], "array<float>"),
        (7, "boolean"),
        ("half", "boolean"),
        ("x", "double"),
        ("0x1F", "int"),
    ],
    ids=str,
)
def test_a_value_that_would_become_another_is_refused_by_row_and_column(
    tmp_path: Path, form: str, value: Any, kind: str
) -> None:
    with pytest.raises(
        BadSourceFile, match=r"row 1, column 'x': .* is no .*give the column another"
    ):
        read(tmp_path, value, kind, form)


def test_a_number_given_for_a_time_is_told_what_a_time_looks_like(tmp_path: Path) -> None:
    with pytest.raises(BadSourceFile, match=r"1704067200 is no .*, such as 2024-01-31T12:00:00Z"):
        read(tmp_path, 1704067200, "timestamp", "jsonl")
    with pytest.raises(BadSourceFile, match=r"19723 is no .*, such as 2024-01-31"):
        read(tmp_path, 19723, "date", "jsonl")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (True, "boolean", True),
        (1, "boolean", True),
        (NOON, "timestamp", UTC_NOON),
        (UTC_NOON, "timestamp_ntz", NOON),
        (dt.date(2024, 1, 1), "timestamp_ntz", dt.datetime(2024, 1, 1)),
        (dt.datetime(2024, 1, 1), "date", dt.date(2024, 1, 1)),
        (Decimal("1.50"), "double", 1.5),
        (10**30, "decimal(38,0)", Decimal(10**30)),
        (float("inf"), "float", float("inf")),
        (b"ab", "binary", b"ab"),
        (None, "timestamp", None),
    ],
    ids=str,
)
def test_values_of_a_program_are_the_same_in_a_type(value: Any, kind: str, expected: Any) -> None:
    table = rows_table([{"x": None}, {"x": value}], RowFormat(types={"x": kind}))
    assert table["x"].to_pylist() == [None, expected]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (NOON, "date"),
        (NOON, "bigint"),
        (True, "timestamp"),
        (Decimal("1.5"), "int"),
        (0.5, "boolean"),
    ],
    ids=str,
)
def test_values_of_a_program_that_would_become_others_are_refused(value: Any, kind: str) -> None:
    with pytest.raises(BadSourceFile, match="row 2, column 'x'"):
        rows_table([{"x": None}, {"x": value}], RowFormat(types={"x": kind}))


def test_long_numbers_of_files_keep_their_digits(tmp_path: Path) -> None:
    """A double has 53 bits: an identifier that became one would be another product's."""
    (tmp_path / "t.csv").write_text("a,b,c\n123456789012345678,1e400,1e20\n1.5,1,0.25\n")
    assert read_file(tmp_path / "t.csv").to_pylist() == [
        {"a": "123456789012345678", "b": "1e400", "c": 1e20},
        {"a": "1.5", "b": "1", "c": 0.25},
    ]
    (tmp_path / "t.jsonl").write_text('{"a": 123456789012345678901234567890}\n')
    for kind in ("decimal(38,0)", "string"):
        found = read_file(tmp_path / "t.jsonl", RowFormat(types={"a": kind}))["a"].to_pylist()
        assert [str(one) for one in found] == ["123456789012345678901234567890"]


@pytest.mark.parametrize("text", ["7", "1.50", "true", "2024-01-31", "[1, 2]", "12e4"])
def test_a_text_of_an_index_stays_text_in_a_csv_of_its_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.csv").write_text(f'id,n,l,x\n"{text}",5,"[""{text}"", null]",\n')
    schema = {"id": "string", "n": "integer", "l": "array<string>"}
    found = rows_of_file(tmp_path / "t.csv", RowFormat(schema=schema))
    assert found == [{"id": text, "n": 5, "l": [text, None], "x": None}]


def test_what_is_no_list_in_a_csv_is_its_rows_trouble(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('id,l\n1,"[""x""]"\n2,x\n3,5\n')
    found = rows_of_file(tmp_path / "t.csv", RowFormat(schema={"l": "array<string>"}))
    assert [row["l"] for row in found] == [["x"], "x", "5"]


# ------------------------------------------------------------------ folders of Parquet files
def folder_of(place: Path, files: dict[str, dict[str, Any]]) -> Path:
    for name, columns in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), place / name)
    return place


@pytest.mark.parametrize(
    ("files", "rows"),
    [
        ({"a.parquet": {"p": [10]}, "b.parquet": {"p": [19.99]}}, [{"p": 10}, {"p": 19.99}]),
        (
            {"a.parquet": {"p": pa.array([1], pa.int32())}, "b.parquet": {"p": [2**33]}},
            [{"p": 1}, {"p": 2**33}],
        ),
        (
            {"z=01/a.parquet": {"p": [1]}, "z=1/a.parquet": {"p": [2]}},
            [{"p": 1, "z": "01"}, {"p": 2, "z": "1"}],
        ),
        (
            {
                "c=Navy%20Blue/a.parquet": {"p": [1]},
                "c=__HIVE_DEFAULT_PARTITION__/a.parquet": {"p": [2]},
            },
            [{"p": 1, "c": "Navy Blue"}, {"p": 2, "c": None}],
        ),
    ],
)
def test_a_folder_of_parquet_files_is_read_as_one_that_is_registered(
    tmp_path: Path, files: dict[str, dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    assert read_file(folder_of(tmp_path / "d", files)).to_pylist() == rows


def test_a_file_in_a_folder_that_names_a_column_has_it(tmp_path: Path) -> None:
    folder_of(tmp_path, {"c=Red/a.parquet": {"p": [1]}})
    assert read_file(tmp_path / "c=Red" / "a.parquet").to_pylist() == [{"p": 1, "c": "Red"}]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.parquet": {"p": [1]}, "b.parquet": {"p": [1], "q": [1]}}, "need the same columns"),
        ({"a.parquet": {"p": [1]}, "b.parquet": {"p": ["x"]}}, "is of type string, but int64 in"),
        ({}, "no Parquet file is here"),
    ],
)
def test_files_of_a_folder_that_are_no_one_table_are_refused(
    tmp_path: Path, files: dict[str, dict[str, Any]], reason: str
) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(BadSourceFile, match=reason):
        read_file(folder_of(tmp_path / "d", files))


def test_a_file_with_one_name_twice_makes_no_table(tmp_path: Path) -> None:
    twice = pa.table([pa.array([1]), pa.array([2])], names=["p", "p"])
    pq.write_table(twice, tmp_path / "a.parquet")
    with pytest.raises(BadSourceFile, match="column 'p' is there twice"):
        read_file(tmp_path / "a.parquet")


def test_sparks_old_times_keep_the_year_9999_in_a_table_made_of_them(tmp_path: Path) -> None:
    last = dt.datetime(9999, 12, 31, 23, 59, 59)
    times = pa.table({"t": pa.array([last], pa.timestamp("us"))})
    pq.write_table(times, tmp_path / "a.parquet", use_deprecated_int96_timestamps=True)
    assert read_file(tmp_path / "a.parquet")["t"].to_pylist() == [last]
