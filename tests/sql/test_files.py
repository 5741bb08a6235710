"""Files of volumes in statements: `read_files(...)`, and COPY INTO, which takes each file once."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import Workspace
from engine.errors import BadSourceFile, BadStatement, NotFound, NotSupported
from engine.service.table_files.csv_rows import CsvForm, read_csv

V = "/Volumes/main/fashion_demo/v"
CSV = "FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true', 'inferSchema' = 'true')"


@pytest.fixture
def folder(workspace: Workspace) -> Path:
    """Files of three kinds in a volume, and a table `t (id INT, name STRING)`."""
    workspace.sql("CREATE VOLUME v")
    workspace.sql("CREATE TABLE t (id INT, name STRING)")
    place = Path(workspace.volumes.place(f"{V}/in").file)
    (place / "sub").mkdir(parents=True)
    (place / "a.csv").write_text("id,name\n1,red\n2,\n")
    (place / "b.csv").write_text("id,name\n3,blue\n")
    (place / "sub" / "c.csv").write_text('id,name\n4,""\n')
    (place / "_log").write_text("no data")
    (place / "empty.csv").write_text("")
    return place


def counts(workspace: Workspace, statement: str) -> tuple[int, ...]:
    (row,) = workspace.sql(statement).to_pylist()
    assert list(row) == ["num_affected_rows", "num_inserted_rows", "num_skipped_corrupt_files"]
    return tuple(row.values())


def rows(workspace: Workspace, table: str = "t") -> list[tuple[Any, ...]]:
    found = [tuple(row.values()) for row in workspace.sql(f"SELECT * FROM {table}").to_pylist()]
    return sorted(found, key=str)


# ------------------------------------------------------------------ COPY INTO
def test_files_are_copied_once_and_those_that_come_later(
    workspace: Workspace, folder: Path
) -> None:
    copy = f"COPY INTO t FROM '{V}/in' {CSV}"
    assert counts(workspace, copy) == (4, 4, 0)
    assert rows(workspace) == [(1, "red"), (2, None), (3, "blue"), (4, "")]
    versions = workspace.sql("DESCRIBE HISTORY t").num_rows
    assert counts(workspace, copy) == (0, 0, 0)
    (folder / "a.csv").write_text("id,name\n9,changed\n")  # taken already, as in the cloud
    (folder / "d.csv").write_text("id,name\n5,new\n")
    assert workspace.sql("DESCRIBE HISTORY t").num_rows == versions
    assert counts(workspace, copy) == (1, 1, 0)
    assert counts(workspace, f"{copy} COPY_OPTIONS ('force' = 'true')") == (4, 4, 0)
    assert rows(workspace).count((9, "changed")) == 1
    last = workspace.sql("DESCRIBE HISTORY t LIMIT 1").to_pylist()[0]
    assert (last["operation"], dict(last["operationMetrics"])["numFiles"]) == ("COPY INTO", "4")


@pytest.mark.parametrize(
    ("which", "ids"),
    [
        ("FILES = ('a.csv', 'sub/c.csv')", [1, 2, 4]),
        ("PATTERN = '[ab].csv'", [1, 2, 3]),
        ("PATTERN = 'sub/*'", [4]),
        ("PATTERN = '{b,c}.csv'", [3, 4]),
    ],
)
def test_some_files_are_named(
    workspace: Workspace, folder: Path, which: str, ids: list[int]
) -> None:
    head, options = CSV.split(" FORMAT_OPTIONS")
    workspace.sql(f"COPY INTO t FROM 'dbfs:{V}/in/' {head} {which} FORMAT_OPTIONS{options}")
    assert [row[0] for row in rows(workspace)] == ids


def test_a_query_says_what_of_the_files_is_taken(workspace: Workspace, folder: Path) -> None:
    workspace.sql("ALTER TABLE t ADD COLUMN file STRING")
    workspace.sql(
        f"COPY INTO t FROM (SELECT _c0::int + 10 AS id, upper(_c1) AS name, _metadata.file_name AS file "
        f"FROM '{V}/in' WHERE _c0 <> 'id') FILEFORMAT = CSV"
    )
    assert rows(workspace) == [
        (11, "RED", "a.csv"), (12, None, "a.csv"), (13, "BLUE", "b.csv"), (14, "", "c.csv")
    ]  # fmt: skip


def test_json_and_parquet_are_copied(workspace: Workspace, folder: Path) -> None:
    lines = [{"id": 1, "name": "a", "tags": ["x"], "size": {"w": 2}}, {"id": 2}]
    (folder / "j").mkdir()
    (folder / "j" / "1.json").write_text("\n".join(map(json.dumps, lines)))
    (folder / "j" / "2.json").write_text(json.dumps([{"id": 3, "name": "list"}]))
    copy = f"COPY INTO t FROM '{V}/in/j' FILEFORMAT = JSON"
    with pytest.raises(
        BadStatement, match=r"COPY_INTO_SCHEMA_MISMATCH.*'tags', 'size'.*mergeSchema"
    ):
        workspace.sql(copy)
    assert counts(workspace, f"{copy} COPY_OPTIONS ('mergeSchema' = 'true')") == (3, 3, 0)
    assert rows(workspace)[0] == (1, "a", ["x"], {"w": 2})
    pq.write_table(pa.table({"name": ["p"], "id": [7]}), folder / "p.parquet")
    assert counts(workspace, f"COPY INTO t FROM '{V}/in/p.parquet' FILEFORMAT = PARQUET") == (
        1,
        1,
        0,
    )
    assert rows(workspace)[-1] == (7, "p", None, None)


def test_what_a_table_knows_holds_for_copied_rows(workspace: Workspace, folder: Path) -> None:
    workspace.sql(
        "CREATE OR REPLACE TABLE t (n BIGINT GENERATED ALWAYS AS IDENTITY, id INT, name STRING, kind "
        "STRING DEFAULT 'k') TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')"
    )
    workspace.sql("ALTER TABLE t ADD CONSTRAINT few CHECK (id < 4)")
    with pytest.raises(BadStatement, match=r"(?s)constraint few .*id : 4"):
        workspace.sql(f"COPY INTO t FROM '{V}/in' {CSV}")
    assert rows(workspace) == []
    (folder / "sub" / "c.csv").unlink()
    assert counts(workspace, f"COPY INTO t FROM '{V}/in' {CSV}") == (3, 3, 0)  # none was marked
    assert rows(workspace) == [(1, 1, "red", "k"), (2, 2, None, "k"), (3, 3, "blue", "k")]


def test_a_file_that_can_not_be_read_stops_all_or_is_passed_over(
    workspace: Workspace, folder: Path
) -> None:
    (folder / "bad.csv").write_bytes(b"id,name\n5,\xff\n")
    copy = f"COPY INTO t FROM '{V}/in' {CSV}"
    with pytest.raises(BadSourceFile, match=rf"{V}/in/bad.csv, line 2: the byte 0xff"):
        workspace.sql(copy)
    assert rows(workspace) == []
    passing = copy.replace("'true')", "'true', 'ignoreCorruptFiles' = 'true')")
    assert counts(workspace, passing) == (4, 4, 1)
    (folder / "bad.csv").write_text("id,name\n5,mended\n")
    assert counts(workspace, copy) == (1, 1, 0)


def test_columns_are_filled_by_their_places(workspace: Workspace, folder: Path) -> None:
    (folder / "plain").mkdir()
    (folder / "plain" / "x.csv").write_text("7;seven\n8;NA\n")
    options = "FILEFORMAT = CSV FORMAT_OPTIONS ('sep' = ';', 'nullValue' = 'NA')"
    workspace.sql(f"COPY INTO t BY POSITION FROM '{V}/in/plain' {options}")
    workspace.sql(f"COPY INTO t (name, id) FROM (SELECT _c1, _c0 FROM '{V}/in/plain') {options} "
                  "COPY_OPTIONS ('force' = 'true')")  # fmt: skip
    assert rows(workspace) == [(7, "seven"), (7, "seven"), (8, None), (8, None)]
    with pytest.raises(BadStatement, match="BY POSITION is for CSV files without a header"):
        workspace.sql(f"COPY INTO t BY POSITION FROM '{V}/in' {CSV}")


def test_validate_shows_rows_and_writes_none(workspace: Workspace, folder: Path) -> None:
    head, options = CSV.split(" FORMAT_OPTIONS")
    for how, count in (("VALIDATE 2 ROWS", 2), ("VALIDATE ALL", 4), ("VALIDATE", 4)):
        shown = workspace.sql(f"COPY INTO t FROM '{V}/in' {head} {how} FORMAT_OPTIONS{options}")
        assert (shown.num_rows, shown.column_names) == (count, ["id", "name"])
    assert rows(workspace) == [] and workspace.sql("DESCRIBE HISTORY t").num_rows == 1


def test_a_clone_knows_what_was_copied_and_a_new_table_does_not(
    workspace: Workspace, folder: Path
) -> None:
    workspace.sql(f"COPY INTO t FROM '{V}/in' {CSV}")
    workspace.sql("CREATE TABLE c CLONE t")
    assert counts(workspace, f"COPY INTO c FROM '{V}/in' {CSV}") == (0, 0, 0)
    workspace.sql("CREATE OR REPLACE TABLE t (id INT, name STRING)")
    assert counts(workspace, f"COPY INTO t FROM '{V}/in' {CSV}") == (4, 4, 0)


def test_two_at_once_take_each_file_once(workspace: Workspace, folder: Path) -> None:
    done: list[int] = []

    def copy() -> None:
        done.append(counts(workspace, f"COPY INTO t FROM '{V}/in' {CSV}")[0])

    threads = [threading.Thread(target=copy) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(done) == 4 and len(rows(workspace)) == 4


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("COPY INTO nope FROM 'V/in' FILEFORMAT = CSV", NotFound, "TABLE_OR_VIEW_NOT_FOUND.*nope"),
        ("COPY INTO t FROM 'V/nope' FILEFORMAT = CSV", BadStatement, "PATH_NOT_FOUND.*v/nope"),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = CSV FILES = ('zz.csv')", BadStatement, "in/zz.csv"),
        ("COPY INTO t FROM 's3://b/x' FILEFORMAT = CSV", BadStatement, "s3://b/x.*no path of a volume"),
        ("COPY INTO t FROM '/etc/passwd' FILEFORMAT = CSV", BadStatement, "no path of a volume"),
        ("COPY INTO t FROM 'V/../../x' FILEFORMAT = CSV", Exception, r"\.\."),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = AVRO", NotSupported, "'avro'.*csv, json, parquet"),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = CSV FORMAT_OPTIONS ('headr' = 'true')", NotSupported,
         "'headr'.*header"),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'yes')", BadStatement,
         "header is 'yes'; expected true or false"),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = CSV COPY_OPTIONS ('purge' = 'true')", NotSupported,
         "'purge'.*force and mergeSchema"),
        ("COPY INTO t FROM 'V/in' WITH (CREDENTIAL c) FILEFORMAT = CSV", NotSupported, "CREDENTIAL"),
        ("COPY INTO t FROM 'V/in'", BadStatement, "expected FILEFORMAT"),
        ("COPY INTO t FROM (SELECT 1) FILEFORMAT = CSV", BadStatement, "no path"),
        ("COPY INTO t FROM 'V/in' FILEFORMAT = CSV FILES = ('a.csv') PATTERN = '*'", BadStatement,
         "not both"),
    ],
)  # fmt: skip
def test_what_can_not_be_copied_is_refused(
    workspace: Workspace, folder: Path, statement: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        workspace.sql(statement.replace("V/", f"{V}/"))
    assert rows(workspace) == []


def test_a_link_that_leaves_the_volume_is_never_read(workspace: Workspace, folder: Path) -> None:
    secret = folder.parents[5] / "secret.csv"
    secret.write_text("id,name\n666,secret\n")
    (folder / "link.csv").symlink_to(secret)
    assert counts(workspace, f"COPY INTO t FROM '{V}/in' {CSV}") == (4, 4, 0)
    assert 666 not in [row[0] for row in rows(workspace)]


# ------------------------------------------------------------------ read_files
def test_read_files_finds_columns_and_types(workspace: Workspace, folder: Path) -> None:
    (folder / "z.csv").write_text(
        "id,price,at,day,ok\n5,1.5,2026-01-02 03:04:05,2026-01-02,true\n"
        "6,2,2026-01-02T03:04:05Z,,false\n"
    )
    found = workspace.sql(f"SELECT * FROM read_files('{V}/in/z.csv', header => true) ORDER BY id")
    at = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.timezone.utc)
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        (5, 1.5, at, dt.date(2026, 1, 2), True, None), (6, 2.0, at, None, False, None)
    ]  # fmt: skip
    assert found.column_names == ["id", "price", "at", "day", "ok", "_rescued_data"]
    whole = workspace.sql(
        f"SELECT count(*) AS n FROM read_files('{V}/in', format => 'csv', header => true)"
    )
    assert whole["n"].to_pylist() == [6]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("'V/in/[ab].csv', header => true", [(1, "red", None), (2, None, None), (3, "blue", None)]),
        ("'V/in/{b,z}.csv', format => 'csv', header => 'true'", [(3, "blue", None)]),
        ("'V/in/b.csv', header => true, inferSchema => false", [("3", "blue", None)]),
        ("'V/in/b.csv', header => true, schema => 'n BIGINT, word STRING, more DATE'",
         [(3, "blue", None)]),
        ("'V/in/b.csv', header => true, schemaHints => 'ID STRING'", [("3", "blue", None)]),
        ("'V/in/b.csv', schema => 'id INT, name STRING'", [(3, "blue"), (None, "name")]),
        ("concat('V/', 'in/b.csv'), header => 1 = 1", [(3, "blue", None)]),
        ("'V/in', format => 'csv', header => true, pathGlobFilter => 'c*'", [(4, "", None)]),
    ],
)  # fmt: skip
def test_a_call_says_which_files_and_how(
    workspace: Workspace, folder: Path, call: str, expected: list[tuple[Any, ...]]
) -> None:
    assert rows(workspace, f"read_files({call})".replace("V/", f"{V}/")) == expected


def test_files_are_joined_and_kept_in_views_that_see_new_ones(
    workspace: Workspace, folder: Path
) -> None:
    call = f"read_files('{V}/in', format => 'csv', header => true)"
    workspace.sql(f"CREATE VIEW of_files AS SELECT id, name, _metadata.file_name AS f FROM {call}")
    joined = f"SELECT a.id, b.f FROM {call} AS a JOIN of_files b ON a.id = b.id WHERE a.id > 2"
    assert sorted(map(tuple, (r.values() for r in workspace.sql(joined).to_pylist()))) == [
        (3, "b.csv"), (4, "c.csv")
    ]  # fmt: skip
    (folder / "d.csv").write_text("id,name\n5,new\n")
    assert workspace.sql("SELECT max(id) AS m FROM of_files")["m"].to_pylist() == [5]
    starred = workspace.sql(
        f"SELECT *, _metadata.file_path AS p FROM {call} WHERE id = 5"
    ).to_pylist()
    assert starred == [{"id": 5, "name": "new", "_rescued_data": None, "p": f"dbfs:{V}/in/d.csv"}]
    workspace.sql(f"INSERT INTO t SELECT id, name FROM {call}")
    workspace.sql(f"MERGE INTO t USING (SELECT id, 'm' AS name FROM {call}) u ON t.id = u.id WHEN "
                  "MATCHED THEN UPDATE SET *")  # fmt: skip
    assert rows(workspace) == [(n, "m") for n in range(1, 6)]


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("", "expected a path"),
        ("'V/in', 'V/in'", "expected a path"),
        ("'V/nope'", "PATH_NOT_FOUND"),
        ("'/etc/passwd', format => 'csv'", "no path of a volume"),
        ("'V/in', format => 'orc'", "'orc'.*csv, json, parquet are"),
        ("'V/in', format => 'csv', headr => true", "'headr' is not offered"),
        ("'V/in/a.csv', schema => 'id WHAT'", "WHAT"),
        ("'V/in/empty.csv'", "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE"),
    ],
)
def test_a_call_that_can_not_be_carried_out_says_why(
    workspace: Workspace, folder: Path, call: str, why: str
) -> None:
    with pytest.raises((BadStatement, NotSupported), match=why):
        workspace.sql(f"SELECT * FROM read_files({call})".replace("V/", f"{V}/"))


names = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True)


@settings(max_examples=12, deadline=None)
@given(st.lists(names, min_size=1, max_size=4))
def test_copies_in_any_order_hold_each_file_once(
    tmp_path_factory: pytest.TempPathFactory, turns: list[list[str]]
) -> None:
    """A slow twin: the rows of every file that was ever there, read by hand."""
    workspace = Workspace(tmp_path_factory.mktemp("copies"))
    workspace.sql("CREATE VOLUME v")
    workspace.sql("CREATE TABLE t (id INT, name STRING)")
    folder, expected, seen = Path(workspace.volumes.place(V).file), [], set[str]()
    for turn, some in enumerate(turns):
        for name in some:
            (folder / f"{name}.csv").write_text(f"id,name\n{turn},{name}\n")
            if name not in seen:
                expected.append((turn, name))
                seen.add(name)
        listed = ", ".join(f"'{name}.csv'" for name in some)
        head, options = CSV.split(" FORMAT_OPTIONS")
        workspace.sql(f"COPY INTO t FROM '{V}' {head} FILES = ({listed}) FORMAT_OPTIONS{options}")
    assert rows(workspace) == sorted(expected, key=str)


def test_a_table_without_columns_takes_those_of_the_files(
    workspace: Workspace, folder: Path
) -> None:
    workspace.sql("CREATE TABLE IF NOT EXISTS bare COMMENT 'raw'")
    assert workspace.sql("DESCRIBE bare").num_rows == 0
    copy = f"COPY INTO bare FROM '{V}/in' {CSV}"
    with pytest.raises(BadStatement, match="mergeSchema"):
        workspace.sql(copy)
    assert counts(workspace, f"{copy} COPY_OPTIONS ('mergeSchema' = 'true')") == (4, 4, 0)
    assert rows(workspace, "bare") == [(1, "red"), (2, None), (3, "blue"), (4, "")]
    assert workspace.sql("DESCRIBE bare").column("data_type").to_pylist() == ["int", "string"]
    workspace.sql("CREATE TABLE IF NOT EXISTS bare")
    assert counts(workspace, copy) == (0, 0, 0)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM bare",
        "SELECT count(*) FROM bare",
        "UPDATE bare SET a = 1",
        "MERGE INTO bare USING t ON true WHEN NOT MATCHED THEN INSERT *",
    ],
)
def test_a_table_without_columns_says_what_it_waits_for(
    workspace: Workspace, folder: Path, statement: str
) -> None:
    workspace.sql("CREATE TABLE bare")
    with pytest.raises(BadStatement, match=r"DELTA_READ_TABLE_WITHOUT_COLUMNS.*no columns"):
        workspace.sql(statement)
    workspace.sql("INSERT WITH SCHEMA EVOLUTION INTO bare SELECT 1 AS a")
    assert rows(workspace, "bare") == [(1,)]
    with pytest.raises(BadStatement, match="at least one column"):
        workspace.sql("CREATE TABLE none ()")


# ------------------------------------------------------------------ rows of another length
ODD = 'id,name\n1,red\n2\n3,blue,"more",\n\n4,""\n5,green,x\n6\n'


def test_rows_of_another_length_keep_their_places_and_what_they_have_more(
    workspace: Workspace, folder: Path
) -> None:
    (folder / "odd.csv").write_text(ODD)
    read = f"read_files('{V}/in/odd.csv', format => 'csv', header => true)"
    found = workspace.sql(f"SELECT * FROM {read}")
    assert found.column_names == ["id", "name", "_rescued_data"]
    assert [tuple(row.values()) for row in found.to_pylist()] == [
        (1, "red", None),
        (2, None, None),
        (3, "blue", '{"_c2": "more", "_c3": null}'),
        (4, "", None),
        (5, "green", '{"_c2": "x"}'),
        (6, None, None),
    ]
    given = f"SELECT * FROM {read.removesuffix(')')}, schema => 'id INT, name STRING, more STRING')"
    assert [row["id"] for row in workspace.sql(given).to_pylist()] == [1, 2, 3, 4, 5, 6]
    assert counts(workspace, f"COPY INTO t FROM '{V}/in/odd.csv' {CSV}") == (6, 6, 0)
    assert rows(workspace)[4] == (5, "green")


@pytest.mark.parametrize(("mode", "ids"), [("DROPMALFORMED", [1, 4]), ("FAILFAST", None)])
def test_rows_of_another_length_are_left_out_or_refused_where_that_is_asked_for(
    workspace: Workspace, folder: Path, mode: str, ids: list[int] | None
) -> None:
    (folder / "odd.csv").write_text(ODD)
    query = f"SELECT id FROM read_files('{V}/in/odd.csv', header => true, mode => '{mode}')"
    if ids is not None:
        assert [row["id"] for row in workspace.sql(query).to_pylist()] == ids
        return
    with pytest.raises(BadSourceFile, match="row 3 has 1 fields, the header 2"):
        workspace.sql(query)


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "", '""', '"x,y"']), min_size=1, max_size=5), max_size=12
    )
)
@settings(max_examples=60, deadline=None)
def test_fitted_rows_are_those_of_the_slow_way(fields: list[list[str]]) -> None:
    lines = [row for row in fields if row != [""]]  # which is an empty line
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x.csv"
        file.write_text("\n".join(["p,q", *(",".join(row) for row in lines)]) + "\n")
        found = read_csv(file, CsvForm(",", odd="fitted", rescued="_more"))
    means = {"a": "a", "": None, '""': "", '"x,y"': "x,y"}
    for row, line in zip(found.to_pylist(), lines, strict=True):
        values = [means[one] for one in line] + [None] * 2
        assert [row["p"], row["q"]] == values[:2]
        more = {f"_c{place}": means[line[place]] for place in range(2, len(line))}
        assert json.loads(row.get("_more") or "{}") == more
