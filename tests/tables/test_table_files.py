"""Files that become tables and tables that become files: careful guesses, exact places, whole files."""

from __future__ import annotations

import bz2
import datetime as dt
import errno
import gzip
import json
import lzma
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import BadSourceFile, InvalidInputException, StorageFailed
from engine.service.table_files import writing
from engine.service.table_files.comparing import same_rows
from engine.service.table_files.csv_rows import read_csv
from engine.service.table_files.reading import (
    RowFormat,
    read_file,
    read_files,
    rows_of_file,
    rows_table,
)
from engine.service.table_files.writing import export


def csv_of(folder: Path, text: str | bytes, name: str = "t.csv", **how: Any) -> pa.Table:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_file(file, RowFormat(**how))


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["1", "-20"], [1, -20]),
        (["007", "8"], ["007", "8"]),
        (["1", ""], [1, None]),
        (["1.50", "2"], [1.5, 2.0]),
        (["1e3", "0.5"], [1000.0, 0.5]),
        (["1_000", "2"], ["1_000", "2"]),
        (["+1", "2"], ["+1", "2"]),
        ([str(2**63), "1"], [str(2**63), "1"]),
        (["NaN", "1.0"], ["NaN", "1.0"]),
        (["true", "False"], [True, False]),
        (["yes", "no"], ["yes", "no"]),
        (["1", "0"], [1, 0]),
        (["2026-01-31", "2026-12-01"], [dt.date(2026, 1, 31), dt.date(2026, 12, 1)]),
        (["2026-02-30", "2026-12-01"], ["2026-02-30", "2026-12-01"]),
        (["12:30", "00:10"], ["12:30", "00:10"]),
        (['"[1, 2.5]"', "[3]"], [[1.0, 2.5], [3.0]]),
        (['"[1, 2"', "[3]"], ["[1, 2", "[3]"]),
        (["NA", "null"], ["NA", "null"]),
        (["", ""], [None, None]),
    ],
)
def test_types_of_csv_are_guessed_with_care(
    tmp_path: Path, texts: list[str], values: list[Any]
) -> None:
    rows = "".join(f"x,{text}\n" for text in texts)
    assert csv_of(tmp_path, f"k,a\n{rows}")["a"].to_pylist() == values


def test_types_that_are_given_count_and_a_value_that_has_none_is_named(tmp_path: Path) -> None:
    text = 'sku,price,day,v,ok\n7,19.90,2026-01-31,"[1,2]",TRUE\n08,,,,\n'
    types = {
        "sku": "string",
        "price": "decimal(10,2)",
        "day": "timestamp_ntz",
        "v": "array<float>",
        "ok": "boolean",
    }
    table = csv_of(tmp_path, text, types=types)
    assert table.to_pylist()[0] == {
        "sku": "7",
        "price": Decimal("19.90"),
        "day": dt.datetime(2026, 1, 31),
        "v": [1.0, 2.0],
        "ok": True,
    }
    with pytest.raises(BadSourceFile, match="row 2, column 'n': 'x' is no int64") as raised:
        csv_of(tmp_path, "n\n1\nx\n", types={"n": "bigint"})
    assert raised.value.value == "x"
    with pytest.raises(InvalidInputException, match="Did you mean 'price'"):
        csv_of(tmp_path, text, types={"prize": "int"})
    with pytest.raises(InvalidInputException, match="which tables here can't hold"):
        csv_of(tmp_path, text, types={"price": "money"})
    with pytest.raises(BadSourceFile, match="'1' is no bool"):
        csv_of(tmp_path, "b\n1\n", types={"b": "boolean"})


@pytest.mark.parametrize(
    ("data", "how"),
    [
        (b"a;b\nx, y;\xc3\xa9\n", {}),
        (b'\xef\xbb\xbfa,b\r\n"x, y",\xc3\xa9\r\n', {}),
        ("a\tb\nx, y\té\n".encode("utf-16"), {}),
        (b"a|b\nx, y|\xe9\n", {"encoding": "cp1252"}),
        (b"a:b\nx, y:\xc3\xa9\n", {"delimiter": ":"}),
        (b'a,b\n"x, y",\xc3\xa9', {}),
        (b"\n\r\na;b\n\nx, y;\xc3\xa9\n\n", {}),
    ],
)
def test_any_usual_csv_is_read(tmp_path: Path, data: bytes, how: dict[str, str]) -> None:
    assert csv_of(tmp_path, data, **how).to_pylist() == [{"a": "x, y", "b": "é"}]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no header"),
        (b"a,a\n1,2\n", "names column 'a' twice"),
        (b"a,\n1,2\n", "column 2 has no name"),
        (b"a,b\n1,2\n1\n1,2,3\n", "row 3 has 1 fields, the header 2.* 1 more rows"),
        (b"a,b\n1,\xe9\n", "0xe9 is not in utf-8"),
        (b"a,b\n1,\x00\n", "NUL"),
    ],
)
def test_what_is_no_csv_is_named(tmp_path: Path, data: bytes, reason: str) -> None:
    with pytest.raises(BadSourceFile, match=reason):
        csv_of(tmp_path, data)


def test_a_quoted_line_break_and_an_empty_text_are_kept(tmp_path: Path) -> None:
    table = csv_of(tmp_path, 'a,b\n"x\ny",""\nz,\n')
    assert table.to_pylist() == [{"a": "x\ny", "b": ""}, {"a": "z", "b": None}]


def test_json_lines_and_lists_are_rows_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(
        '{"sku": "007", "day": "2026-01-31", "v": [1, 2.5]}\n\n{"sku": "8", "more": 1}\n'
    )
    table = read_file(file)
    assert table.to_pylist()[0] == {
        "sku": "007",
        "day": "2026-01-31",
        "v": [1.0, 2.5],
        "more": None,
    }
    typed = read_file(file, RowFormat(types={"day": "date", "v": "array<float>"}))
    assert typed.schema.field("day").type == pa.date32()
    file.write_text('[{"a": 1}, {"a": NaN}]')
    assert rows_of_file(file)[0] == {"a": 1}
    for text, line in (
        ('{"a": 1}\n{"a": }\n', 2),
        ('{"a": 1}\n[1]\n', 2),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", 1),
    ):
        file.write_text(text)
        with pytest.raises(BadSourceFile) as raised:
            read_file(file)
        assert raised.value.line == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"a": 1, "b": 2}\n{"a": 1, "b": 2, "a": 3}\n', 2),
        ('{"a": {"c": 1, "c"\t: 2}}', 1),
        ('[{"a": 1},\n {"b": [{"a": 1, "a": 1}]}]', None),
    ],
)
def test_an_object_that_has_a_name_twice_is_refused(
    tmp_path: Path, text: str, line: int | None
) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(text)
    with pytest.raises(BadSourceFile, match=r"the name '[ac]' twice") as raised:
        rows_of_file(file)
    assert raised.value.line == line


@pytest.mark.parametrize("text", ['{"a": "x\\": 1", "b": [[{"c": ":"}], [1]]}', '{"a\\":": "b"}'])
def test_a_text_that_looks_like_a_name_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text(text)
    assert rows_of_file(file) == [json.loads(text)]


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
def test_far_times_are_read_back(tmp_path: Path, name: str) -> None:
    counts = pa.array([253402318799 * 10**6, -(10**17), 0, None])
    table = pa.table(
        {
            "id": [0, 1, 2, 3],
            "at": counts.view(pa.timestamp("us", "UTC")),
            "day": pa.array([2_932_897, -800_000, 0, None], pa.int32()).view(pa.date32()),
        }
    )
    export(table, tmp_path / name)
    how = RowFormat(types={"id": "bigint", "at": "timestamp", "day": "date"})
    assert read_file(tmp_path / name, how).equals(table)


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "t.jsonl"
    file.write_text('{"a": "\\ud800"}\n')
    with pytest.raises(InvalidInputException, match="half of a character"):
        read_file(file)
    with pytest.raises(InvalidInputException, match="half of a character"):
        read_file(file, RowFormat(types={"a": "string"}))


def test_rows_of_a_program_take_the_types_that_are_given() -> None:
    how = RowFormat(types={"p": "decimal(10,2)", "n": "int", "gone": "string"})
    rows: list[dict[str, object]] = [{"p": 19.9, "n": "5"}, {"p": "2", "n": 6}, {"p": 3}]
    table = rows_table(rows, how)
    assert table["p"].to_pylist() == [Decimal("19.90"), Decimal("2.00"), Decimal("3.00")]
    assert table["n"].to_pylist() == [5, 6, None] and table["gone"].null_count == 3
    assert rows_table([], how).schema.names == ["p", "n", "gone"]
    with pytest.raises(InvalidInputException, match="no rows"):
        rows_table([], RowFormat())


@pytest.mark.parametrize(
    ("first", "second", "values"),
    [
        ("a,b\n1,x\n", "b,a\ny,0.5\n", [1.0, 0.5]),
        ("a,b\n8,x\n", "a,b\n007,y\n", ["8", "007"]),
        ("a,b\n1,x\n", "a,b\nx,y\n", ["1", "x"]),
    ],
)
def test_types_are_guessed_of_several_files_together(
    tmp_path: Path, first: str, second: str, values: list[Any]
) -> None:
    (tmp_path / "1.csv").write_text(first)
    (tmp_path / "2.csv").write_text(second)
    found = read_files([tmp_path / "1.csv", tmp_path / "2.csv"])
    assert found["a"].to_pylist() == values
    assert found["b"].to_pylist() == ["x", "y"]


def test_several_files_are_one_table_where_they_are_alike(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a\n1\n")
    (tmp_path / "b.json").write_text('{"a": "x"}')
    (tmp_path / "c.csv").write_text("a,b\n1,2\n")
    for other in ("b.json", "c.csv"):
        with pytest.raises(InvalidInputException, match="have other columns or types: a "):
            read_files([tmp_path / "a.csv", tmp_path / other])
    how = RowFormat(types={"a": "string"})
    assert read_files([tmp_path / "a.csv", tmp_path / "b.json"], how)["a"].to_pylist() == ["1", "x"]


# ------------------------------------------------------------------ forms of text files
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl"])
@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, "zstd"])
def test_packed_files_are_read(tmp_path: Path, name: str, pack: Any) -> None:
    sign = "\t" if name == "t.tsv" else ","
    text = '{"a": 1, "b": "x,y"}' if name == "t.jsonl" else f'a{sign}b\n1{sign}"x,y"\n'
    packed = (
        pa.compress(text.encode(), pack, asbytes=True) if pack == "zstd" else pack(text.encode())
    )
    ending = ".zst" if pack == "zstd" else ".gz"
    file = tmp_path / f"{name}{ending}"
    file.write_bytes(packed)
    assert read_file(file).to_pylist() == [{"a": 1, "b": "x,y"}]
    file.write_bytes(packed[:-6])
    with pytest.raises(BadSourceFile, match="packed, and damaged"):
        read_file(file)


@pytest.mark.parametrize("rows", [1, 200_000], ids=["short", "long"])
def test_a_quote_that_is_not_closed_takes_no_rows(tmp_path: Path, rows: int) -> None:
    text = 'a,b\n1,x\n2,"open\n' + "3,y\n" * rows
    with pytest.raises(BadSourceFile, match="line 3: a quote is opened and not closed"):
        csv_of(tmp_path, text)


def test_a_field_may_be_longer_than_a_block(tmp_path: Path) -> None:
    long = "x" * 3_000_000
    found = csv_of(tmp_path, f'a,b\n1,y\n2,"{long}"\n3,"z\n"\n')
    assert found["b"].to_pylist() == ["y", long, "z\n"]


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('"a \\"b\\" c"', 'a "b" c'),
        ('"a ""b"" c"', 'a "b" c'),
        ('"C:\\"', "C:\\"),
        ('"5\\" pipe, long"', '5" pipe, long'),
        ('5\\" pipe', '5\\" pipe'),
        ('"\\""', '"'),
    ],
)
def test_quotes_in_quotes_are_doubled_or_behind_a_backslash(
    tmp_path: Path, text: str, field: str
) -> None:
    assert csv_of(tmp_path, f"a,b\n1,{text}\n2,y\n")["b"].to_pylist() == [field, "y"]


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (['"1"', '""', '"3"'], [1, None, 3]),
        (['"2026-01-31"', '""'], [dt.date(2026, 1, 31), None]),
        (['"x"', '""'], ["x", ""]),
        (["1e-400", "1"], ["1e-400", "1"]),
        (["0.0", "-0e5", "1e-300"], [0.0, 0.0, 1e-300]),
    ],
)
def test_empty_texts_among_numbers_are_null_and_no_number_becomes_zero(
    tmp_path: Path, texts: list[str], values: list[Any]
) -> None:
    rows = "".join(f"{n},{text}\n" for n, text in enumerate(texts))
    assert csv_of(tmp_path, f"n,a\n{rows}")["a"].to_pylist() == values


@pytest.mark.parametrize(
    "text", ['{\n "a": 1\n}\n{\n "a": 2\n}', '{"a": 1}{"a": 2}', '{"a": 1}\r{"a": 2}\r']
)
def test_objects_of_several_lines_are_rows(tmp_path: Path, text: str) -> None:
    (tmp_path / "t.json").write_text(text, newline="")
    assert read_file(tmp_path / "t.json")["a"].to_pylist() == [1, 2]


def test_decimals_become_the_doubles_that_are_written_so(tmp_path: Path) -> None:
    cents = [Decimal(n) / 100 for n in range(1, 3000)]
    pq.write_table(pa.table({"p": pa.array(cents, pa.decimal128(10, 2))}), tmp_path / "t.parquet")
    found = read_file(tmp_path / "t.parquet", RowFormat(types={"p": "double"}))["p"].to_pylist()
    assert found == [n / 100 for n in range(1, 3000)]


ROWS = pa.table(
    {
        "id": [1, 2],
        "v": pa.array([[0.5, 1.0], None], pa.list_(pa.float32())),
        "text": ['a "b",\n', None],
        "day": [dt.date(2026, 1, 31), None],
        "price": [Decimal("1.50"), None],
        "kind": pa.array(["x", "y"]).dictionary_encode(),
    }
)


def test_an_exported_table_reads_back_the_same(tmp_path: Path) -> None:
    export(ROWS, tmp_path / "t.parquet")
    assert same_rows(pq.read_table(tmp_path / "t.parquet"), ROWS)
    types = {"price": "decimal(3,2)", "v": "array<float>", "day": "date"}
    for name in ("t.csv", "t.jsonl"):
        export(ROWS, tmp_path / name)
        back = read_file(tmp_path / name, RowFormat(types=types))
        assert back.to_pylist() == ROWS.to_pylist()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["t.csv", "t.jsonl", "t.parquet"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array([b"\xff\x00", b"", None]), ["ff00", "", None]),
        (pa.array([b"ab", None], pa.binary(2)), ["6162", None]),
        (pa.array([b"ab", None]).dictionary_encode(), ["6162", None]),
        (
            pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16)], pa.binary(16))),
            [f"{uuid.UUID(int=0)}"],
        ),
        (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}'])), ['{"a":1}']),
        (
            pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())),
            ["true", "false"],
        ),
        (pa.array([Decimal("0.50")]).dictionary_encode(), ["0.50"]),
        (pa.array([[b"a"]]), ['["61"]']),
    ],
    ids=str,
)
def test_csv_says_what_it_has_no_word_for(
    tmp_path: Path, values: pa.Array, texts: list[str | None]
) -> None:
    export(pa.table({"k": ["-"] * len(values), "x": values}), tmp_path / "t.csv")
    assert read_file(tmp_path / "t.csv", RowFormat(types={"x": "string"}))["x"].to_pylist() == texts


def test_a_file_that_can_not_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "t.csv"
    file.write_text("before")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "sync_file", full)
    with pytest.raises(StorageFailed, match="No space left"):
        export(ROWS, file)
    assert [one.name for one in tmp_path.iterdir()] == ["t.csv"] and file.read_text() == "before"
    with pytest.raises(InvalidInputException, match="no ending that tells a format"):
        export(ROWS, tmp_path / "t.xlsx")
    with pytest.raises(InvalidInputException, match="there is no folder"):
        export(ROWS, tmp_path / "none" / "t.csv")


def test_tables_are_the_same_by_values_types_and_order() -> None:
    nan = pa.table({"a": [float("nan"), 1.0], "v": [[float("nan")], [1.0]]})
    assert same_rows(nan, pa.table({"a": [float("nan"), 1.0], "v": [[float("nan")], [1.0]]}))
    assert same_rows(nan, pa.concat_tables([nan.slice(0, 1), nan.slice(1)]))
    assert not same_rows(nan, nan.slice(1))
    assert not same_rows(nan, nan.take([1, 0]))
    assert not same_rows(nan, nan.rename_columns(["b", "v"]))
    assert not same_rows(pa.table({"a": [1]}), pa.table({"a": [1.0]}))


def test_an_empty_last_field_is_null_also_where_the_last_line_does_not_end(tmp_path: Path) -> None:
    for end in ("", "\n"):
        (tmp_path / "x.csv").write_text(f'a,b\n"x",{end}')
        assert read_csv(tmp_path / "x.csv").to_pylist() == [{"a": "x", "b": None}]
