"""A write is one new version of a table: atomic, seen by the next sync, never of the user's files."""

from __future__ import annotations

import threading
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.encoder import CountingEncoder

from engine import InvalidState, VectorSearchClient, Workspace
from engine.service.sql.session import Session
from engine.store.tables import changing

ROWS = 500


def vectors(count: int) -> list[list[float]]:
    return [[float(n % 7), float(n % 11), 1.0] for n in range(count)]


@pytest.fixture
def shop(workspace: Workspace) -> Workspace:
    workspace.write_table(
        "products",
        pa.table(
            {
                "product_id": range(ROWS),
                "name": [f"product {n}" for n in range(ROWS)],
                "v": vectors(ROWS),
            }
        ),
    )
    workspace.create_endpoint("e")
    workspace.sql("CREATE VECTOR SEARCH INDEX i ON products(v) USING ENDPOINT e")
    return workspace


INDEX = "main.fashion_demo.i"


def test_a_sync_takes_what_an_update_changed(shop: Workspace) -> None:
    shop.sql("UPDATE products SET name = 'new', v = array(9, 9, 9) WHERE product_id < 10")
    report = shop.sync(INDEX)
    assert (report.updated, report.inserted, report.deleted) == (10, 0, 0)
    index = VectorSearchClient(workspace=shop).get_index(index_name=INDEX)
    reply = index.similarity_search(columns=["name"], query_vector=[9, 9, 9], num_results=1)
    assert reply["result"]["data_array"][0][0] == "new"


def test_a_sync_encodes_the_texts_that_an_update_changed(shop: Workspace) -> None:
    encoder = CountingEncoder()
    shop.serving.use("counted", encoder)
    shop.create_index(
        "main.fashion_demo.texts",
        source_table="products",
        source_column="name",
        model_endpoint="counted",
        endpoint="e",
    )
    assert len(encoder.encoded) == ROWS
    shop.sql("UPDATE products SET name = concat('new ', product_id) WHERE product_id >= 490")
    assert shop.sync("main.fashion_demo.texts").updated == 10
    assert sorted(encoder.encoded[ROWS:]) == [f"new {n}" for n in range(490, 500)]


def test_a_sync_takes_inserts_deletes_and_merges(shop: Workspace) -> None:
    shop.sql("INSERT INTO products VALUES (1000, 'x', array(1.0, 2.0, 3.0))")
    shop.sql("DELETE FROM products WHERE product_id IN (3, 4)")
    report = shop.sync(INDEX)
    assert (report.updated, report.inserted, report.deleted) == (0, 1, 2)
    shop.sql(
        "MERGE INTO products t USING (SELECT product_id, 'm' AS name, v FROM products "
        "WHERE product_id = 7 UNION ALL SELECT 2000, 'n', array(0.0, 0.0, 1.0)) s "
        "ON t.product_id = s.product_id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *"
    )
    report = shop.sync(INDEX)
    assert (report.updated, report.inserted, report.deleted) == (1, 1, 0)


def test_an_update_writes_the_file_that_its_rows_are_in(
    shop: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changing, "PART_ROWS", 100)
    shop.sql("UPDATE products SET name = name")
    before = set(shop.tables.get(Session().full_name(("products",))).files)
    assert len(before) == 5
    shop.sql("UPDATE products SET name = 'one' WHERE product_id = 250")
    after = shop.tables.get(Session().full_name(("products",))).files
    assert len(before & set(after)) == 4
    assert shop.read_table("products")["product_id"].to_pylist() == list(range(ROWS))


def test_many_small_inserts_do_not_become_many_files(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a INT)")
    for n in range(5):
        workspace.sql("INSERT INTO t VALUES (:n)", parameters={"n": n})
    assert len(workspace.tables.get(Session().full_name(("t",))).files) == 1
    assert workspace.read_table("t")["a"].to_pylist() == [0, 1, 2, 3, 4]


def test_files_of_the_user_are_never_changed(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"a": [1, 2]}), file)
    workspace.register_table("mine", file)
    content = file.read_bytes()
    for statement in (
        "INSERT INTO mine VALUES (3)",
        "UPDATE mine SET a = 1",
        "DELETE FROM mine",
        "TRUNCATE TABLE mine",
        "ALTER TABLE mine ADD COLUMN b INT",
        "MERGE INTO mine USING (SELECT 1 a) s ON mine.a = s.a WHEN MATCHED THEN DELETE",
    ):
        with pytest.raises(InvalidState, match=r"CREATE TABLE main\.fashion_demo\.mine_copy"):
            workspace.sql(statement)
    workspace.sql("CREATE TABLE mine_copy AS SELECT * FROM mine")
    workspace.sql("DELETE FROM mine_copy WHERE a = 1")
    assert workspace.sql("SELECT a FROM mine_copy")["a"].to_pylist() == [2]
    workspace.sql("DROP TABLE mine")
    assert file.read_bytes() == content


def test_a_failed_write_leaves_the_table_as_it_was(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a INT NOT NULL, s STRING)")
    workspace.sql("INSERT INTO t VALUES (1, 'x')")
    for statement in (
        "INSERT INTO t VALUES (NULL, 'y')",
        "UPDATE t SET a = CAST('no' AS INT)",
        "UPDATE t SET a = NULL",
        "INSERT INTO t VALUES (1)",
        "MERGE INTO t USING (SELECT 1 a UNION ALL SELECT 1) s ON t.a = s.a "
        "WHEN MATCHED THEN UPDATE SET s = 'z'",
    ):
        with pytest.raises(Exception, match=r"\["):
            workspace.sql(statement)
    assert workspace.sql("SELECT * FROM t").to_pylist() == [{"a": 1, "s": "x"}]
    assert workspace.sql("DESCRIBE HISTORY t").num_rows == 2


def test_the_history_tells_what_was_done(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a INT)")
    workspace.sql("INSERT INTO t VALUES (1), (2)")
    workspace.sql("UPDATE t SET a = 3 WHERE a = 1")
    workspace.sql("UPDATE t SET a = 3 WHERE a = 1")  # of no row: no version
    workspace.sql("DELETE FROM t WHERE a = 2")
    told = workspace.sql("DESCRIBE HISTORY t").select(["version", "operation"]).to_pylist()
    operations = ["DELETE", "UPDATE", "WRITE", "CREATE TABLE"]
    assert told == [
        {"version": 3 - place, "operation": operation} for place, operation in enumerate(operations)
    ]
    detail = workspace.sql("DESCRIBE DETAIL t").to_pylist()[0]
    assert (detail["name"], detail["numFiles"]) == ("main.fashion_demo.t", 1)


def test_writers_take_turns(workspace: Workspace) -> None:
    workspace.sql("CREATE TABLE t (a INT)")
    workspace.sql("INSERT INTO t VALUES (0)")
    threads = [
        threading.Thread(target=lambda: workspace.sql("UPDATE t SET a = a + 1")) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert workspace.sql("SELECT a FROM t")["a"].to_pylist() == [8]


WRITES = st.lists(
    st.one_of(
        st.tuples(st.just("insert"), st.integers(0, 5), st.integers(-9, 9)),
        st.tuples(st.just("update"), st.integers(0, 5), st.integers(-9, 9)),
        st.tuples(st.just("delete"), st.integers(0, 5), st.integers(-9, 9)),
        st.tuples(st.just("merge"), st.integers(0, 5), st.integers(-9, 9)),
    ),
    max_size=6,
)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(WRITES)
def test_writes_are_those_of_a_list(
    workspace: Workspace, writes: list[tuple[str, int, int]]
) -> None:
    workspace.sql("CREATE OR REPLACE TABLE t (k INT, x INT)")
    model: list[tuple[int, int]] = []
    for kind, k, x in writes:
        values = {"k": k, "x": x}
        if kind == "insert":
            workspace.sql("INSERT INTO t VALUES (:k, :x)", parameters=values)
            model.append((k, x))
        elif kind == "update":
            workspace.sql("UPDATE t SET x = x + :x WHERE k >= :k", parameters=values)
            model = [(a, b + x if a >= k else b) for a, b in model]
        elif kind == "delete":
            workspace.sql("DELETE FROM t WHERE k = :k AND x < :x", parameters=values)
            model = [(a, b) for a, b in model if not (a == k and b < x)]
        else:
            workspace.sql(
                "MERGE INTO t USING (SELECT :k AS k, :x AS x) s ON t.k = s.k "
                "WHEN MATCHED THEN UPDATE SET x = s.x WHEN NOT MATCHED THEN INSERT *",
                parameters=values,
            )
            is_there = any(a == k for a, _ in model)
            model = [(a, x if a == k else b) for a, b in model]
            model += [] if is_there else [(k, x)]
    found = workspace.sql("SELECT * FROM t").to_pylist()
    assert [(row["k"], row["x"]) for row in found] == model
