"""Functions of catalogs that SQL makes and calls, each written once: run through every door."""

from __future__ import annotations

from sql.bodies import NOTHING, ONE, Step, written

ROUTINES: dict[str, list[Step]] = {
    "a function of one value": [
        ("CREATE FUNCTION main.NEST.dearer(price DOUBLE, by DOUBLE DEFAULT 2) RETURNS DOUBLE "
         "COMMENT 'more' RETURN price * by", NOTHING),
        ("SELECT main.NEST.dearer(1.5), NEST.dearer(by => 3, price => 2)", [["3.0", "6.0"]]),
        ("SELECT product_id FROM NEST.products WHERE NEST.dearer(price) > 3", [["3"]]),
        ("SELECT NEST.dearer(NEST.dearer(1)) + 1", [["5.0"]]),
        ("SELECT sum(NEST.dearer(price)) FROM NEST.products GROUP BY NEST.dearer(1)", [["63.0"]]),
        ("SELECT transform(v, one -> NEST.dearer(one)) FROM NEST.products WHERE product_id = 3",
         [["[1.5,1.0]"]]),
        ("UPDATE NEST.products SET price = NEST.dearer(price) WHERE NEST.dearer(price) < 4", written(1)),
        ("SELECT price FROM NEST.products WHERE product_id = 1", [["3.0"]]),
    ],
    "a function that reads tables": [
        ("CREATE FUNCTION main.NEST.like_it(name STRING) RETURNS BIGINT READS SQL DATA RETURN (SELECT "
         "count(*) FROM main.NEST.products p WHERE p.name LIKE concat('%', like_it.name))",
         NOTHING),
        ("SELECT NEST.like_it('shirt'), NEST.like_it('r')", [["1", "0"]]),
        ("SELECT product_id, NEST.like_it(name) FROM NEST.products ORDER BY 1",
         [["1", "1"], ["2", "1"], ["3", "1"]]),
        ("SELECT max(name), NEST.like_it(max(name)) FROM NEST.products", [["red shirt", "1"]]),
        ("CREATE FUNCTION main.NEST.dearest() RETURNS DOUBLE RETURN SELECT max(price) FROM "
         "main.NEST.products", NOTHING),
        ("SELECT name FROM NEST.products WHERE price = NEST.dearest()", [["green hat"]]),
    ],
    "a column comes before a parameter": [
        ("CREATE FUNCTION main.NEST.both(name STRING) RETURNS BIGINT RETURN "
         "(SELECT count(*) FROM main.NEST.products WHERE name = name)", NOTHING),
        ("SELECT NEST.both('nobody')", [["3"]]),
        ("CREATE OR REPLACE FUNCTION main.NEST.both(name STRING) RETURNS BIGINT RETURN "
         "(SELECT count(*) FROM main.NEST.products WHERE name = both.name)", NOTHING),
        ("SELECT NEST.both('nobody'), NEST.both('red shirt')", [["0", "1"]]),
        ("SELECT NEST.both(name) FROM NEST.products WHERE product_id = 2", ONE),
    ],
    "a function of rows": [
        ("CREATE FUNCTION main.NEST.below(most DOUBLE, skip INT DEFAULT 0) RETURNS TABLE (id BIGINT, "
         "title STRING COMMENT 'its name') RETURN SELECT product_id, name FROM main.NEST.products "
         "WHERE price < most AND product_id > skip ORDER BY product_id", NOTHING),
        ("SELECT * FROM main.NEST.below(100)", [["1", "red shirt"], ["3", "green hat"]]),
        ("SELECT title FROM NEST.below(100, skip => 1) b", [["green hat"]]),
        ("SELECT a, b FROM TABLE(NEST.below(2)) AS t(a, b)", [["1", "red shirt"]]),
        ("SELECT p.product_id, b.id FROM NEST.products p, LATERAL NEST.below(p.price + 1) b "
         "ORDER BY 1, 2", [["1", "1"], ["3", "1"], ["3", "3"]]),
        ("SELECT p.name FROM NEST.products p JOIN NEST.below(2) b ON b.id = p.product_id",
         [["red shirt"]]),
        ("CREATE VIEW NEST.cheap AS SELECT upper(title) AS t FROM main.NEST.below(2)", NOTHING),
        ("SELECT * FROM NEST.cheap", [["RED SHIRT"]]),
    ],
    "a search by a function": [
        ("ALTER TABLE NEST.products SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", NOTHING),
        ("CREATE VECTOR SEARCH INDEX main.NEST.i ON TABLE main.NEST.products(v) "
         "USING ENDPOINT 'sql-e'", [["main.NEST.i", "true", "3"]]),
        ("CREATE FUNCTION main.NEST.nearest(wanted ARRAY<DOUBLE>, many INT DEFAULT 1) RETURNS TABLE "
         "(id INT, title STRING) RETURN SELECT product_id, name FROM vector_search(index => "
         "'main.NEST.i', query_vector => wanted, num_results => many)", NOTHING),
        ("SELECT * FROM NEST.nearest(array(1, 0))", [["1", "red shirt"]]),
        ("SELECT id FROM NEST.nearest(array(1.0, 0.0), many => 2) ORDER BY id", [["1"], ["3"]]),
        ("SELECT p.product_id, n.id FROM NEST.products p, LATERAL NEST.nearest(p.v) n ORDER BY 1",
         [["1", "1"], ["2", "2"], ["3", "3"]]),
    ],
    "a search within functions": [
        ("ALTER TABLE NEST.products SET TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", NOTHING),
        ("CREATE VECTOR SEARCH INDEX main.NEST.i ON TABLE main.NEST.products(v) "
         "USING ENDPOINT 'sql-e'", [["main.NEST.i", "true", "3"]]),
        ("CREATE FUNCTION main.NEST.nearest(wanted ARRAY<DOUBLE>, many INT DEFAULT 2) RETURNS TABLE "
         "(product_id INT, name STRING) RETURN SELECT product_id, name FROM vector_search(index => "
         "'main.NEST.i', query_vector => wanted, num_results => many)", NOTHING),
        ("SELECT p.product_id, n.product_id FROM NEST.products p JOIN LATERAL NEST.nearest(v, 1) n "
         "ORDER BY 1", [["1", "1"], ["2", "2"], ["3", "3"]]),
        ("SELECT p.product_id, n.product_id FROM NEST.products p JOIN LATERAL vector_search(index => "
         "'main.NEST.i', query_vector => v, num_results => 1) n ORDER BY 1",
         [["1", "1"], ["2", "2"], ["3", "3"]]),
        ("CREATE FUNCTION main.NEST.said(v ARRAY<DOUBLE>) RETURNS STRING RETURN "
         "SELECT concat_ws(', ', collect_list(name)) FROM main.NEST.nearest(v)", NOTHING),
        ("SELECT NEST.said(array(1.0, 0.0))", [["red shirt, green hat"]]),
        ("CREATE FUNCTION main.NEST.first_of(q ARRAY<DOUBLE>, name STRING DEFAULT 'r') RETURNS STRING "
         "RETURN (SELECT max(s.name) FROM vector_search(index => 'main.NEST.i', query_vector => q, "
         "num_results => 1) s WHERE s.name LIKE concat('%', first_of.name, '%'))", NOTHING),
        ("SELECT NEST.first_of(array(1, 0)), NEST.first_of(array(1, 0), 'q')", [["red shirt", None]]),
        ("SELECT product_id, NEST.first_of(v, name) FROM NEST.products ORDER BY 1",
         [["1", "red shirt"], ["2", "Blue jeans"], ["3", "green hat"]]),
        ("SELECT product_id FROM NEST.products p WHERE NEST.first_of(p.v) = name ORDER BY 1",
         [["1"], ["3"]]),
        ("CREATE FUNCTION main.NEST.like_it(product_id INT) RETURNS TABLE (id INT) RETURN SELECT "
         "n.product_id FROM main.NEST.nearest((SELECT p.v FROM main.NEST.products p WHERE "
         "p.product_id = like_it.product_id)) n WHERE n.product_id <> like_it.product_id", NOTHING),
        ("SELECT id FROM NEST.like_it(1)", [["3"]]),
        ("SELECT p.product_id, l.id FROM NEST.products p, LATERAL NEST.like_it(p.product_id) l "
         "WHERE p.product_id <> 2 ORDER BY 1", [["1", "3"], ["3", "1"]]),
    ],
    "functions are shown and dropped": [
        ("CREATE FUNCTION main.NEST.one(x INT DEFAULT 1 COMMENT 'a number') RETURNS INT COMMENT 'c' "
         "RETURN x", NOTHING),
        ("CREATE FUNCTION IF NOT EXISTS main.NEST.one() RETURN 2", NOTHING),
        ("SELECT NEST.one()", ONE),
        ("SHOW FUNCTIONS IN NEST", [["main.NEST.one"]]),
        ("SHOW USER FUNCTIONS IN main.NEST LIKE 'x*'", []),
        ("DESCRIBE FUNCTION NEST.one",
         [["Function:      main.NEST.one"], ["Type:          SCALAR"],
          ["Input:         x INT DEFAULT 1 'a number'"], ["Returns:       INT"]]),
        ("SELECT routine_name, full_data_type, routine_definition FROM main.information_schema.routines "
         "WHERE routine_schema = 'NEST'", [["one", "INT", "x"]]),
        ("DROP FUNCTION NEST.one", NOTHING),
        ("DROP FUNCTION IF EXISTS NEST.one", NOTHING),
        ("SHOW FUNCTIONS IN NEST", []),
    ],
    "the type of a body": [
        ("CREATE FUNCTION main.NEST.half(x INT) RETURN x / 2", NOTHING),
        ("SELECT NEST.half(3), typeof(NEST.half(3))", [["1.5", "double"]]),
        ("CREATE FUNCTION main.NEST.all_of() RETURNS TABLE RETURN SELECT product_id AS p FROM "
         "main.NEST.products", NOTHING),
        ("SELECT max(p) FROM NEST.all_of()", [["3"]]),
    ],
}  # fmt: skip

REFUSED_ROUTINES: dict[str, tuple[str, str]] = {
    "no function of that name": ("SELECT main.NEST.nothing(1)", r"UNRESOLVED_ROUTINE.*`nothing`"),
    "none to drop": ("DROP FUNCTION NEST.nothing", "ROUTINE_NOT_FOUND"),
    "none to describe": ("DESCRIBE FUNCTION NEST.nothing", "ROUTINE_NOT_FOUND"),
    "a body that can't be": ("CREATE FUNCTION NEST.f(x INT) RETURN y", "UNRESOLVED_COLUMN.*`y`"),
    "a body in words": ("CREATE FUNCTION NEST.f(x INT) RETURN x +", "PARSE_SYNTAX_ERROR"),
    "no body": ("CREATE FUNCTION NEST.f(x INT) RETURNS INT", "expected RETURN"),
    "no type": ("CREATE FUNCTION NEST.f(x) RETURN x", "expected the type of x"),
    "a type that is none": ("CREATE FUNCTION NEST.f(x NUMERO) RETURN x", "NUMERO is no type"),
    "a parameter twice": ("CREATE FUNCTION NEST.f(x INT, X INT) RETURN x", "`x` twice"),
    "too few columns": (
        "CREATE FUNCTION NEST.f() RETURNS TABLE (a INT, b INT) RETURN SELECT 1",
        "says 2 columns, and its query has 1",
    ),
    "rows of no query": ("CREATE FUNCTION NEST.f() RETURNS TABLE RETURN 1", "has to be a query"),
    "another language": ("CREATE FUNCTION NEST.f() LANGUAGE R AS $$ x $$", "none of SQL, PYTHON"),
    "of the session": ("CREATE TEMPORARY FUNCTION f() RETURN 1", "without TEMPORARY"),
    "both ways": ("CREATE OR REPLACE FUNCTION IF NOT EXISTS NEST.f() RETURN 1", "not allowed"),
    "an aggregate for a value": (
        "CREATE FUNCTION NEST.f(x INT) RETURN 1 + sum(x)",
        r"CANNOT_CONTAIN_COMPLEX_FUNCTIONS.*SUM\(x\)",
    ),
    "a window for a value": (
        "CREATE FUNCTION NEST.f(x INT) RETURN row_number() OVER (ORDER BY x)",
        "CANNOT_CONTAIN_COMPLEX_FUNCTIONS",
    ),
    "many rows for a value": (
        "CREATE FUNCTION NEST.f(x ARRAY<INT>) RETURN explode(x)",
        "CANNOT_CONTAIN_COMPLEX_FUNCTIONS",
    ),
    "a default that is a query": (
        "CREATE FUNCTION NEST.f(x INT DEFAULT (SELECT 5)) RETURN x",
        "NOT_A_VALID_DEFAULT_EXPRESSION.*`x`",
    ),
    "a default before none": (
        "CREATE FUNCTION NEST.f(x INT DEFAULT 5, y INT) RETURN x",
        "NOT_A_VALID_DEFAULT_PARAMETER_POSITION.*`x`.*`y`",
    ),
    "no such schema": ("CREATE FUNCTION nowhere.f() RETURN 1", "SCHEMA_NOT_FOUND"),
    "the language's own": ("SHOW SYSTEM FUNCTIONS", "SHOW FUNCTIONS lists those of a schema"),
}
