"""Values of files in statements: as they were written, whatever the other files hold, and none lost.

Several answers are Spark's own, which was asked for them.
"""

from __future__ import annotations

import datetime as dt
import gzip
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine import Workspace
from engine.errors import BadSourceFile, BadStatement

V = "/Volumes/main/fashion_demo/v"
RED, NULL, ODD = (
    f"year=2024/code=01/color={color}" for color in ("Red", "__HIVE_DEFAULT_PARTITION__", "a%2Fb")
)


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    workspace.sql("CREATE VOLUME v")
    place = Path(workspace.volumes.place(f"{V}/in").file)
    place.mkdir(parents=True)
    return place


def read(workspace: Workspace, path: str = "", **options: str) -> list[dict[str, Any]]:
    """Rows of `read_files`, without what no column takes."""
    told = "".join(f", {name} => '{value}'" for name, value in options.items())
    found: list[dict[str, Any]] = workspace.sql(
        f"SELECT * FROM read_files('{V}/in{path}'{told})"
    ).to_pylist()
    return [{name: row[name] for name in row if name != "_rescued_data"} for row in found]


def write(folder: Path, name: str, content: object) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, pa.Table):
        pq.write_table(content, file)
    else:
        file.write_bytes(content if isinstance(content, bytes) else str(content).encode())


# ------------------------------------------------------------------ columns in folders' names
CONTENTS = {
    "csv": ("id,n\n1,a\n", "id,n\n2,b\n", "id,n\n3,c\n"),
    "json": ('{"id":1,"n":"a"}', '{"id":2,"n":"b"}', '{"id":3,"n":"c"}'),
    "parquet": tuple(pa.table({"id": [n], "n": ["_abc"[n]]}) for n in (1, 2, 3)),
}


@pytest.fixture(params=list(CONTENTS))
def kind(request: pytest.FixtureRequest, folder: Path) -> str:
    for place, content in zip((RED, NULL, ODD), CONTENTS[request.param]):
        write(folder, f"{place}/part-0.{request.param}", content)
    return str(request.param)


def test_columns_in_the_names_of_folders_are_read_of_every_format(
    workspace: Workspace, kind: str
) -> None:
    found = read(workspace, format=kind, **({"header": "true"} if kind == "csv" else {}))
    assert sorted(found, key=lambda row: row["id"]) == [
        {"id": 1, "n": "a", "year": 2024, "code": 1, "color": "Red"},
        {"id": 2, "n": "b", "year": 2024, "code": 1, "color": None},
        {"id": 3, "n": "c", "year": 2024, "code": 1, "color": "a/b"},
    ]


def test_columns_in_the_names_of_folders_are_copied(workspace: Workspace, kind: str) -> None:
    workspace.sql("CREATE TABLE t")
    header = "FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')" if kind == "csv" else ""
    workspace.sql(
        f"COPY INTO t FROM '{V}/in' FILEFORMAT = {kind} {header} COPY_OPTIONS ('mergeSchema' = 'true')"
    )
    found = workspace.sql("SELECT id, year, code, color FROM t ORDER BY id").to_pylist()
    assert [tuple(row.values()) for row in found] == [
        (1, 2024, 1, "Red"),
        (2, 2024, 1, None),
        (3, 2024, 1, "a/b"),
    ]
    workspace.sql(
        "CREATE TABLE plain (id INT, n STRING)"
    )  # below the folder that is named is nothing
    workspace.sql(f"COPY INTO plain FROM '{V}/in/{RED}' FILEFORMAT = {kind} {header}")
    assert workspace.sql("SELECT * FROM plain").to_pylist() == [{"id": 1, "n": "a"}]


def test_a_folders_column_has_one_type_for_all_files(workspace: Workspace, folder: Path) -> None:
    for text in ("01", "1", "x"):
        write(folder, f"k={text}/a.csv", "id\n1\n")
    found = read(workspace, format="csv", header="true")
    assert sorted(row["k"] for row in found) == ["01", "1", "x"]


def test_a_file_that_contradicts_its_folder_is_refused(workspace: Workspace, folder: Path) -> None:
    write(folder, "k=7/a.csv", "id,k\n1,7\n")
    assert read(workspace, format="csv", header="true") == [{"id": 1, "k": 7}]
    write(folder, "k=8/a.csv", "id,k\n1,9\n")
    with pytest.raises(
        BadSourceFile, match="column 'k' holds 9, but the file lies in the folder k=8"
    ):
        read(workspace, format="csv", header="true")


def test_a_schema_names_columns_of_folders_or_leaves_them_behind(
    workspace: Workspace, folder: Path
) -> None:
    write(folder, "k=7/a.csv", "1,x\n")
    assert read(workspace, format="csv", schema="a INT, b STRING") == [{"a": 1, "b": "x", "k": 7}]
    assert read(workspace, format="csv", schema="k STRING, a INT") == [{"k": "7", "a": 1}]


# ------------------------------------------------------------------ files of other types
A_TIME = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("one", "two", "values"),
    [
        (pa.array([16777217], pa.int32()), pa.array([0.5], pa.float32()), [16777217.0, 0.5]),
        (pa.array([Decimal("1.5")]), pa.array([Decimal("1.2345")]), [Decimal("1.5"), Decimal("1.2345")]),
        (pa.array(["a"]).dictionary_encode(), pa.array(["b"]), ["a", "b"]),
        (
            pa.array([A_TIME], pa.timestamp("us", "UTC")),
            pa.array([A_TIME], pa.timestamp("ms", "Europe/Berlin")),
            [A_TIME, A_TIME],
        ),
        (
            pa.array([dt.date(2024, 1, 1)]),
            pa.array([dt.datetime(2024, 1, 2)]),
            [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2)],
        ),
        (pa.array([None]), pa.array([2]), [None, 2]),
        (
            pa.array([{"a": 1}]),
            pa.array([{"b": "x", "a": 1.5}]),
            [{"a": 1, "b": None}, {"a": 1.5, "b": "x"}],
        ),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)  # fmt: skip
def test_parquet_files_of_other_types_keep_their_values(
    workspace: Workspace, folder: Path, one: pa.Array, two: pa.Array, values: list[Any]
) -> None:
    write(folder, "1.parquet", pa.table({"x": one}))
    write(folder, "2.parquet", pa.table({"x": two}))
    assert [row["x"] for row in read(workspace)] == values


@pytest.mark.parametrize(
    ("one", "two", "error"),
    [
        (
            pa.array([Decimal("0.35")]),
            pa.array([0.1]),
            "of type double in .*2.parquet, but decimal",
        ),
        (pa.array([1]), pa.array(["x"]), "of type string in .*2.parquet, but int64"),
        (pa.array([2**53 + 1]), pa.array([0.5]), "1.parquet: column 'x' is of type int64"),
    ],
    ids=["decimal", "text", "large"],
)
def test_parquet_files_without_a_common_type_are_refused_by_name(
    workspace: Workspace, folder: Path, one: pa.Array, two: pa.Array, error: str
) -> None:
    write(folder, "1.parquet", pa.table({"x": one}))
    write(folder, "2.parquet", pa.table({"x": two}))
    with pytest.raises((BadStatement, BadSourceFile), match=error):
        read(workspace)


@pytest.mark.parametrize("merges", ["true", "false"])
def test_a_column_in_other_letter_case_is_the_same(
    workspace: Workspace, folder: Path, merges: str
) -> None:
    write(folder, "1.parquet", pa.table({"Price": [1]}))
    write(folder, "2.parquet", pa.table({"price": [2]}))
    assert read(workspace, mergeSchema=merges) == [{"Price": 1}, {"Price": 2}]


def test_columns_that_differ_in_letter_case_alone_are_told_apart(
    workspace: Workspace, folder: Path
) -> None:
    write(folder, "1.parquet", pa.table({"P": [1], "p": [2]}))
    write(folder, "2.parquet", pa.table({"p": [3]}))
    found = read(workspace)
    assert [list(row.values()) for row in found] == [[1, 2], [None, 3]]


# ------------------------------------------------------------------ types that are asked for
@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("INT", ["19.99", "7", "1e3", "007", "x"], [None, 7, None, 7, None]),
        ("BOOLEAN", ["yes", "True", "1"], [None, True, None]),
        ("DOUBLE", ["1_000", "1.5", "1e3"], [None, 1.5, 1000.0]),
        ("DATE", ["2024-01-05", "2024-1-5", "1704067200"], [dt.date(2024, 1, 5)] * 2 + [None]),
        ("TIMESTAMP", ["1704067200", "2024-01-01"], [None, A_TIME]),
        ("DECIMAL(5,2)", ["0.355", "1234567.8"], [Decimal("0.36"), None]),
    ],
)
@pytest.mark.parametrize("option", ["schema", "schemaHints"])
def test_a_value_that_has_no_form_in_its_type_is_null(
    workspace: Workspace, folder: Path, kind: str, texts: list[str], values: list[Any], option: str
) -> None:
    write(folder, "a.csv", "\n".join(["p", *texts]))
    found = read(workspace, format="csv", header="true", **{option: f"p {kind}"})
    assert [row["p"] for row in found] == values


# ------------------------------------------------------------------ JSON
@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('{"p":1}\n{"p":"x"}', ["1", "x"]),
        ('{"p":true}\n{"p":1}', ["true", "1"]),
        ('{"p":[1]}\n{"p":2}', ["[1]", "2"]),
        ('{"p":{"a":1.0}}\n{"p":"x"}', ['{"a":1.0}', "x"]),
        ('{"p":[1,"a"]}', [["1", "a"]]),
        ('{"p":{"a":1}}\n{"p":{"a":"x"}}', [{"a": "1"}, {"a": "x"}]),
        ('{"p":123456789012345678901234567890}', [Decimal(123456789012345678901234567890)]),
        ('{"p":9223372036854775808}\n{"p":1}', [Decimal(2**63), Decimal(1)]),
        ('{"p":1,"v":{}}', [1]),
        ('{"p":[]}', [[]]),
        ('{\n "p": 1\n}\n{\n "p": 2\n}\n', [1, 2]),
        ('{"p":1}\r{"p":2}\r', [1, 2]),
    ],
)  # fmt: skip
def test_json_is_inferred_as_spark_does(
    workspace: Workspace, folder: Path, text: str, values: list[Any]
) -> None:
    write(folder, "a.json", text)
    workspace.sql(f"CREATE TABLE made AS SELECT * FROM read_files('{V}/in')")
    assert workspace.sql("SELECT p FROM made").column("p").to_pylist() == values
    assert [list(row) for row in read(workspace)] == [["p"]] * len(values)


def test_json_values_for_a_column_of_texts_are_as_they_are_written(
    workspace: Workspace, folder: Path
) -> None:
    write(folder, "a.json", '{"p":5}\n{"p":0.5}\n{"p":[1, 2]}\n{"p":{"a":1}}\n{"p":"x"}')
    wanted = ["5", "0.5", "[1,2]", '{"a":1}', "x"]
    assert [row["p"] for row in read(workspace, schema="p STRING")] == wanted
    workspace.sql("CREATE TABLE texts (p STRING)")
    workspace.sql(f"COPY INTO texts FROM '{V}/in' FILEFORMAT = JSON")
    assert workspace.sql("SELECT p FROM texts").column("p").to_pylist() == wanted


# ------------------------------------------------------------------ forms of CSV
@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"id,n\r1,a\r2,b\r", [{"id": 1, "n": "a"}, {"id": 2, "n": "b"}]),
        (gzip.compress(b"id,n\n1,a\n"), [{"id": 1, "n": "a"}]),
        (pa.compress(b"id,n\n1,a\n", "zstd", asbytes=True), [{"id": 1, "n": "a"}]),
        ("id,n\n1,ä\n".encode("utf-32"), [{"id": 1, "n": "ä"}]),
        (b'id,n\n1,"a \\"b\\" c"\n', [{"id": 1, "n": 'a "b" c'}]),
        (b'id,n\n1,"C:\\new"\n2,"C:\\"\n', [{"id": 1, "n": "C:\\new"}, {"id": 2, "n": "C:\\"}]),
        (b"id,,n,n\n1,a,b,c\n", [{"id": 1, "_c1": "a", "n2": "b", "n3": "c"}]),
        (b'id,p\n"1","2.5"\n"2",""\n', [{"id": 1, "p": 2.5}, {"id": 2, "p": None}]),
    ],
    ids=["cr", "gzip", "zstd", "utf32", "backslash", "path", "names", "quoted"],
)
def test_forms_of_csv_are_read(
    workspace: Workspace, folder: Path, content: bytes, rows: list[dict[str, Any]]
) -> None:
    write(folder, "a.csv", content)
    assert read(workspace, format="csv", header="true") == rows


def test_an_escape_that_is_given_stands_before_quotes_alone(
    workspace: Workspace, folder: Path
) -> None:
    write(folder, "a.csv", 'n\n"a\\"b"\n"C:\\new"\nC:\\new\n"a\\\\b"\n"x\\\\"\n')
    found = read(workspace, format="csv", header="true", escape="\\\\")
    assert [row["n"] for row in found] == ['a"b', "C:\\new", "C:\\new", "a\\b", "x\\"]
