"""Statements and what they answer, each written once: run through every door.

Answers are in the texts of the API, which every door's rows are turned to; a body starts from a fresh
schema that holds the table of `PRODUCTS`.
"""

from __future__ import annotations

import pyarrow as pa

Rows = list[list[str | None]]
Step = tuple[str, Rows]  # a statement and its rows; `NEST` in it stands for the body's own schema

PRODUCTS = pa.table(
    {
        "product_id": pa.array([1, 2, 3], pa.int32()),
        "name": ["red shirt", "Blue jeans", "green hat"],
        "price": [1.5, None, 30.0],
        "tags": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
        "v": pa.array([[1.0, 0.0], [0.0, 1.0], [0.75, 0.5]], pa.list_(pa.float64())),
    }
)
NOTHING: Rows = []
ONE = [["1"]]


def written(affected: int, *more: int) -> Rows:
    return [[str(affected), *map(str, more)]]


BODIES: dict[str, list[Step]] = {
    "select": [
        ("SELECT 1", ONE),
        ("SELECT COUNT(*) FROM NEST.products", [["3"]]),
        ("SELECT COUNT(DISTINCT price), COUNT(price) FROM NEST.products", [["2", "2"]]),
        ("SELECT * FROM `NEST`.`products` WHERE product_id = 1",
         [["1", "red shirt", "1.5", '["a","b"]', "[1.0,0.0]"]]),
        ("SELECT CONCAT_WS(' ', name, product_id) FROM main.NEST.products "
         "WHERE LOWER(name) LIKE '%e%j%'",
         [["Blue jeans 2"]]),
        ("SELECT CASE WHEN price > 10 THEN 'dear' WHEN price IS NULL THEN 'free' ELSE 'cheap' END c "
         "FROM NEST.products ORDER BY product_id", [["cheap"], ["free"], ["dear"]]),
        ("SELECT SIZE(v), SIZE(tags) FROM NEST.products ORDER BY product_id",
         [["2", "2"], ["2", "0"], ["2", None]]),
        ("SELECT CAST(NULL AS ARRAY<DOUBLE>) IS NULL, CURRENT_TIMESTAMP() > '2020-01-01', "
         "LENGTH(current_user()) > 0", [["true", "true", "true"]]),
        ("SELECT product_id, explode(tags) FROM NEST.products ORDER BY 1, 2",
         [["1", "a"], ["1", "b"]]),
        ("SELECT p.product_id, tag FROM NEST.products p LATERAL VIEW OUTER explode(tags) x AS tag "
         "ORDER BY 1, 2", [["1", "a"], ["1", "b"], ["2", None], ["3", None]]),
        ("SELECT transform(v, x -> x * 2), filter(v, x -> x > 0.5) FROM NEST.products "
         "WHERE product_id = 3", [["[1.5,1.0]", "[0.75]"]]),
        ("SELECT a.product_id, b.name FROM NEST.products a JOIN NEST.products b "
         "ON a.product_id = b.product_id + 1 ORDER BY 1", [["2", "red shirt"], ["3", "Blue jeans"]]),
        ("SELECT a.product_id FROM NEST.products a LEFT JOIN NEST.products b "
         "ON a.product_id = b.product_id + 1 WHERE b.product_id IS NULL", ONE),
        ("WITH products AS (SELECT * FROM NEST.products WHERE product_id > 1) "
         "SELECT COUNT(*) FROM products", [["2"]]),
        ("SELECT id FROM range(3) ORDER BY id DESC LIMIT 2", [["2"], ["1"]]),
        ("SELECT 7 / 2, 7 DIV 2, 7 % 4, 'a_b' LIKE 'a\\\\_b', 'axb' LIKE 'a\\\\_b'",
         [["3.5", "3", "3", "true", "false"]]),
    ],
    "tables": [
        ("CREATE TABLE NEST.t (id BIGINT NOT NULL, s STRING, v ARRAY<DOUBLE>) USING DELTA "
         "TBLPROPERTIES (delta.enableChangeDataFeed = true)", NOTHING),
        ("CREATE TABLE IF NOT EXISTS NEST.t (other INT)", NOTHING),
        ("SHOW TBLPROPERTIES NEST.t", [["delta.enableChangeDataFeed", "true"]]),
        ("INSERT INTO NEST.t VALUES (1, 'a', array(1, 2.5)), (2, 'b', NULL)", written(2, 2)),
        ("INSERT INTO NEST.t (s, id) SELECT 'c', 3", written(1, 1)),
        ("UPDATE NEST.t SET s = upper(s), v = array(0.5) WHERE id < 3", written(2)),
        ("SELECT * FROM NEST.t", [["1", "A", "[0.5]"], ["2", "B", "[0.5]"], ["3", "c", None]]),
        ("DELETE FROM NEST.t WHERE s = 'B'", written(1)),
        ("DELETE FROM NEST.t WHERE s = 'B'", written(0)),
        ("MERGE INTO NEST.t USING (SELECT 1L id, 'm' s UNION ALL SELECT 7L, 'n') u ON t.id = u.id "
         "WHEN MATCHED AND u.s = 'm' THEN UPDATE SET t.s = u.s "
         "WHEN NOT MATCHED THEN INSERT (id, s) VALUES (u.id, u.s) "
         "WHEN NOT MATCHED BY SOURCE THEN DELETE", written(3, 1, 1, 1)),
        ("SELECT id, s FROM NEST.t ORDER BY id", [["1", "m"], ["7", "n"]]),
        ("ALTER TABLE NEST.t ADD COLUMN x INT", NOTHING),
        ("ALTER TABLE NEST.t SET TBLPROPERTIES (a.b.c = 'w')", NOTHING),
        ("SHOW TBLPROPERTIES NEST.t", [["a.b.c", "w"], ["delta.enableChangeDataFeed", "true"]]),
        ("ALTER TABLE NEST.t UNSET TBLPROPERTIES (a.b.c)", NOTHING),
        ("DESCRIBE NEST.t", [["id", "bigint", None], ["s", "string", None],
                               ["v", "array<double>", None], ["x", "int", None]]),
        ("TRUNCATE TABLE NEST.t", NOTHING),
        ("SELECT COUNT(*) FROM NEST.t", [["0"]]),
        ("INSERT OVERWRITE NEST.t (id) SELECT 5", written(1, 1)),
        ("SELECT id, x FROM NEST.t", [["5", None]]),
        ("DROP TABLE NEST.t", NOTHING),
        ("DROP TABLE IF EXISTS NEST.t", NOTHING),
    ],
    "assignments": [
        ("CREATE TABLE NEST.t (a INT, st STRUCT<a: INT>)", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, named_struct('a', 1))", written(1, 1)),
        ("UPDATE NEST.t u SET u.a = 2", written(1)),
        ("UPDATE NEST.t SET t.a = a + 1", written(1)),
        ("UPDATE NEST.t SET NEST.t.a = a + 1", written(1)),
        ("UPDATE main.NEST.t SET main.NEST.t.A = a + 1", written(1)),
        ("UPDATE NEST.t SET st = named_struct('a', 7)", written(1)),
        ("SELECT * FROM NEST.t", [["5", '{"a":7}']]),
    ],
    "qualified_names": [
        ("CREATE TABLE main.fashion_demo.NEST_t AS SELECT product_id AS id, name FROM NEST.products",
         written(3, 3)),
        ("CREATE TABLE main.fashion_demo.NEST_s AS SELECT 2 AS id, 'jeans' AS name", written(1, 1)),
        ("SELECT main.fashion_demo.NEST_t.* FROM NEST_t WHERE fashion_demo.NEST_t.id = 1 "
         "ORDER BY main.fashion_demo.NEST_t.id", [["1", "red shirt"]]),
        ("UPDATE NEST_t SET main.fashion_demo.NEST_t.name = 'x' WHERE main.fashion_demo.NEST_t.id = 1",
         written(1)),
        ("MERGE INTO NEST_t USING NEST_s ON main.fashion_demo.NEST_t.id = MAIN.fashion_demo.NEST_s.id "
         "WHEN MATCHED AND fashion_demo.NEST_s.name <> fashion_demo.NEST_t.name "
         "THEN UPDATE SET name = main.fashion_demo.NEST_s.name", written(1, 1, 0, 0)),
        ("DELETE FROM NEST_t WHERE main.fashion_demo.NEST_t.id = 3 OR EXISTS (SELECT 1 FROM NEST_s "
         "WHERE main.fashion_demo.NEST_s.id = 9 + main.fashion_demo.NEST_t.id)", written(1)),
        ("SELECT * FROM NEST_t, NEST_s WHERE main.fashion_demo.NEST_t.id = fashion_demo.NEST_s.id",
         [["2", "jeans", "2", "jeans"]]),
        ("DROP TABLE main.fashion_demo.NEST_t", NOTHING),
        ("DROP TABLE main.fashion_demo.NEST_s", NOTHING),
    ],
    "with": [
        ("CREATE TABLE NEST.t (id INT)", NOTHING),
        ("WITH q AS (SELECT 1 AS id UNION ALL SELECT 2) INSERT INTO NEST.t SELECT * FROM q",
         written(2, 2)),
        ("WITH q AS (SELECT 3 AS id) INSERT INTO NEST.t WITH r AS (SELECT id + 1 AS id FROM q) "
         "SELECT id FROM q UNION ALL SELECT id FROM r", written(2, 2)),
        ("WITH q AS (SELECT 9 AS id) INSERT INTO NEST.t VALUES ((SELECT id FROM q))",
         written(1, 1)),
        ("INSERT INTO NEST.t TABLE NEST.t", written(5, 5)),
        ("WITH q AS (SELECT 9 AS id) DELETE FROM NEST.t WHERE id IN (SELECT id FROM q)",
         written(2)),
        ("WITH q AS (SELECT 4 AS id) UPDATE NEST.t SET id = 40 WHERE id IN (SELECT id FROM q)",
         written(2)),
        ("WITH q AS (SELECT 40 AS id UNION ALL SELECT 50) MERGE INTO NEST.t USING q ON t.id = q.id "
         "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (t.id) VALUES (q.id)",
         written(3, 0, 2, 1)),
        ("SELECT id, COUNT(*) FROM NEST.t GROUP BY id ORDER BY id",
         [["1", "2"], ["2", "2"], ["3", "2"], ["50", "1"]]),
    ],
    "types": [
        ("CREATE TABLE NEST.t (d DECIMAL, l ARRAY<DECIMAL>, st STRUCT<Big: INT, In: STRUCT<b: STRING>>, "
         "m MAP<STRING, INT>, a ARRAY<STRUCT<b: INT>>, n DECIMAL(5, 2))", NOTHING),
        ("DESCRIBE NEST.t", [
            ["d", "decimal(10,0)", None], ["l", "array<decimal(10,0)>", None],
            ["st", "struct<Big:int,In:struct<b:string>>", None], ["m", "map<string,int>", None],
            ["a", "array<struct<b:int>>", None], ["n", "decimal(5,2)", None]]),
    ],
    "as_select": [
        ("CREATE OR REPLACE TABLE NEST.c AS SELECT product_id, price FROM NEST.products",
         written(3, 3)),
        ("CREATE OR REPLACE TABLE NEST.c AS SELECT product_id FROM NEST.products LIMIT 1",
         written(1, 1)),
        ("SELECT * FROM NEST.c", ONE),
        ("CREATE VIEW NEST.w (a, b) AS SELECT product_id, name FROM NEST.products", NOTHING),
        ("SELECT x.b FROM NEST.w x WHERE x.a = 3", [["green hat"]]),
        ("CREATE OR REPLACE VIEW NEST.w AS SELECT COUNT(*) AS n FROM NEST.products", NOTHING),
        ("SELECT n FROM NEST.w", [["3"]]),
        ("SHOW TABLES IN NEST", [["NEST", "c", "false"], ["NEST", "products", "false"],
                                   ["NEST", "w", "false"]]),
        ("DROP VIEW NEST.w", NOTHING),
        ("SHOW TABLES IN NEST LIKE 'prod*'", [["NEST", "products", "false"]]),
    ],
    "schemas": [
        ("COMMENT ON SCHEMA main.NEST IS 'here'", NOTHING),
        ("DESCRIBE SCHEMA main.NEST", [["Catalog Name", "main"], ["Namespace Name", "NEST"],
                                      ["Comment", "here"], ["Owner", "USER"]]),
        ("CREATE SCHEMA NEST_two COMMENT 'more'", NOTHING),
        ("CREATE SCHEMA IF NOT EXISTS NEST_two", NOTHING),
        ("SHOW SCHEMAS LIKE 'NEST_two'", [["NEST_two"]]),
        ("SHOW CATALOGS LIKE 'main'", [["main"]]),
        ("CREATE TABLE NEST_two.t AS SELECT 1 AS a", written(1, 1)),
        ("DROP SCHEMA NEST_two CASCADE", NOTHING),
        ("DROP SCHEMA IF EXISTS NEST_two", NOTHING),
        ("SHOW SCHEMAS LIKE 'NEST_two'", NOTHING),
    ],
    "vector_search": [
        ("CREATE VECTOR SEARCH INDEX main.NEST.i ON NEST.products(v) USING ENDPOINT sql-e",
         [["main.NEST.i", "true", "3"]]),
        ("CREATE VECTOR SEARCH INDEX IF NOT EXISTS main.NEST.i ON NEST.products(v) "
         "USING ENDPOINT sql-e", [["main.NEST.i", "false", "0"]]),
        ("SELECT product_id, search_score FROM vector_search(index => 'main.NEST.i', "
         "query_vector => array(1, 0), num_results => 1)", [["1", "1.0"]]),
        ("SELECT p.name FROM vector_search(index => 'main.NEST.i', query_vector => array(1.0, 0.0), "
         "num_results => 2) s JOIN NEST.products p ON p.product_id = s.product_id "
         "ORDER BY s.search_score DESC", [["red shirt"], ["green hat"]]),
        ("SELECT q.product_id, s.product_id FROM NEST.products q, LATERAL vector_search(index => "
         "'main.NEST.i', query_vector => q.v, num_results => 1) s WHERE q.product_id > 1 ORDER BY 1",
         [["2", "2"], ["3", "3"]]),
        ("SELECT product_id FROM vector_search(index => 'main.NEST.i', query_vector => (SELECT v FROM "
         "NEST.products WHERE product_id = 2), num_results => 1)", [["2"]]),
        ("WITH wanted AS (SELECT 3 AS id) SELECT product_id FROM vector_search(index => 'main.NEST.i', "
         "query_vector => (SELECT v FROM NEST.products JOIN wanted ON id = product_id), "
         "num_results => 1)", [["3"]]),
        ("SELECT size(ai_query('clip-multimodal-encoder', name)), "
         "ai_similarity(name, 'red shirt') > 0.9 FROM NEST.products ORDER BY product_id",
         [["512", "true"], ["512", "false"], ["512", "false"]]),
        ("CREATE TABLE NEST.embedded AS SELECT product_id, ai_query('clip-multimodal-encoder', name) "
         "AS e FROM NEST.products", written(3, 3)),
    ],
}  # fmt: skip
# Statements of one session, which the SDK's calls don't have.
SESSIONS: dict[str, list[Step]] = {
    "use_and_temporary_views": [
        ("USE CATALOG main", NOTHING),
        ("USE SCHEMA NEST", NOTHING),
        ("SELECT current_schema(), COUNT(*) FROM products", [["NEST", "3"]]),
        ("CREATE OR REPLACE TEMP VIEW cheap AS SELECT * FROM products WHERE price < 10", NOTHING),
        ("CREATE TEMPORARY VIEW cheaper AS SELECT product_id FROM cheap", NOTHING),
        ("USE main.fashion_demo", NOTHING),
        ("SELECT product_id FROM cheaper", ONE),
        ("DROP VIEW cheaper", NOTHING),
    ],
}
REFUSED: dict[str, tuple[str, str]] = {
    "no_table": ("SELECT * FROM NEST.nothing", "TABLE_OR_VIEW_NOT_FOUND"),
    "no_column": ("SELECT nope FROM NEST.products", "nope"),
    "an_assignment": ("UPDATE NEST.products SET other.price = 1", "UNRESOLVED_COLUMN.*other.price"),
    "a_hidden_full_name": (
        "SELECT main.NEST.products.price FROM main.NEST.products p",
        "UNRESOLVED_COLUMN",
    ),
    "another_schema": ("DELETE FROM NEST.products WHERE main.other.products.price = 1", "products"),
    "a_hidden_name": ("UPDATE NEST.products p SET products.price = 1", "UNRESOLVED_COLUMN"),
    "the_source": (
        "MERGE INTO NEST.products t USING (SELECT 1 AS price) s ON t.product_id = s.price "
        "WHEN MATCHED THEN UPDATE SET s.price = 2",
        "UNRESOLVED_COLUMN.*s.price",
    ),
    "the_source_inserted": (
        "MERGE INTO NEST.products t USING (SELECT 9 AS price) s ON t.product_id = s.price "
        "WHEN NOT MATCHED THEN INSERT (s.price) VALUES (s.price)",
        "UNRESOLVED_COLUMN.*s.price",
    ),
    "no_rows": ("INSERT INTO NEST.products", "PARSE_SYNTAX_ERROR"),
    "a_type": ("CREATE TABLE NEST.t (a ARRAY<VARIANT>)", "VARIANT is not supported"),
    "no_type_of_the_cloud": ("CREATE TABLE NEST.t (a UUID)", "UUID is not supported"),
    "no_statement": (";", "expected one statement"),
    "two_statements": ("SELECT 1; SELECT 2", "2 statements"),
    "no_syntax": ("SELECT FROM WHERE", "PARSE_SYNTAX_ERROR"),
    "zero": ("SELECT 1 / 0", "DIVIDE_BY_ZERO"),
    "a_cast": ("SELECT CAST('a' AS INT)", "CAST_INVALID_INPUT"),
    "taken": ("CREATE TABLE NEST.products (a INT)", "TABLE_OR_VIEW_ALREADY_EXISTS"),
    "no_schema": ("CREATE TABLE nowhere_at_all.t (a INT)", "SCHEMA_NOT_FOUND"),
    "no_place": ("SHOW TABLES IN nowhere_at_all", "SCHEMA_NOT_FOUND"),
    "not_empty": ("DROP SCHEMA NEST", "SCHEMA_NOT_EMPTY"),
    "null": ("SELECT * FROM vector_search(index => 'a.b.c', nothing => 1)", "nothing"),
    "function": ("SELECT sha(1)", "sha"),
    "unbound": ("SELECT :nothing", "nothing"),
}
