"""What functions, casts and literals answer: values by hand, run through every door as statements are.

The cloud's own are those of Spark with ANSI on; where it differs here, DIFFERENCES.md says so.
"""

from __future__ import annotations

from sql.bodies import Step, written

FUNCTIONS: dict[str, list[Step]] = {
    "lambdas": [
        ("SELECT transform(array(10, 20), (x, i) -> i), filter(array(10, 20, 30), (x, i) -> i < 1)",
         [["[0,1]", "[10]"]]),
        ("SELECT transform(array(5, 7), (x, i) -> x * 10 + i), transform(array(5), x -> x + 1)",
         [["[50,71]", "[6]"]]),
        ("SELECT transform(array(array(1, 2), array(3)), (x, i) -> transform(x, (y, i) -> i))",
         [["[[0,1],[0]]"]]),
        ("SELECT transform(array(array(1, 2), array(3)), (x, i) -> transform(x, y -> y * 10 + i))",
         [["[[10,20],[31]]"]]),
        ("SELECT transform(array(named_struct('i', 7)), (x, i) -> x.i + i)", [["[7]"]]),
        ("SELECT aggregate(array(1, 2, 3), 0, (a, x) -> a + x), "
         "aggregate(array(1, 2), 0, (a, x) -> a + x, a -> a * 10)", [["6", "30"]]),
        ("SELECT exists(array(1, 2), x -> x > 1), exists(array(1), x -> x > 1), "
         "forall(array(1, 2), x -> x > 0)", [["true", "false", "true"]]),
    ],
    "hashes_and_formats": [
        ("SELECT hash(1, 'hello'), xxhash64('hello'), crc32('ABC'), sha2('', 0)",
         [["-1505279299", "-4367754540140381902", "2743272264",
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]]),
        ("SELECT to_char(12454, '99G999'), to_char(78.12, '$99.99'), "
         "to_number('12,454.8-', '99,999.9S'), try_to_number('x', '9'), conv('ff', 16, 10)",
         [["12,454", "$78.12", "-12454.8", None, "255"]]),
        ("SELECT split('a1b22c', '[0-9]+', 2), parse_url('https://h/p?a=1', 'QUERY', 'a'), "
         "soundex('Miller'), luhn_check('79927398713')", [['["a","b22c"]', "1", "M460", "true"]]),
        ("SELECT to_csv(named_struct('a', 1, 'b', 'x,y')), from_csv('1,q', 'a INT, b STRING'), "
         "schema_of_json('[{\"a\":1.5}]')",
         [['1,"x,y"', '{"a":1,"b":"q"}', "ARRAY<STRUCT<a: DOUBLE>>"]]),
        ("SELECT array_sort(array('bc', 'a', 'dca'), (l, r) -> length(r) - length(l)), "
         "size(shuffle(array(1, 2)))", [['["dca","bc","a"]', "2"]]),
        ("SELECT CAST(named_struct('a', 1, 'b', CAST(NULL AS INT)) AS STRING), "
         "CAST(map('k', array(1.5D, NULL)) AS STRING)", [["{1, null}", "{k -> [1.5, null]}"]]),
        ("SELECT to_json(named_struct('t', TIMESTAMP'2024-01-02 03:04:05', 'n', CAST(NULL AS INT), 'm', "
         "map('k', CAST(NULL AS INT))))",
         [['{"t":"2024-01-02T03:04:05.000Z","m":{"k":null}}']]),
    ],
    "windows_of_time": [
        ("SELECT window.start, window.end, count(*) FROM VALUES (TIMESTAMP'2024-01-01 00:03:00'), "
         "(TIMESTAMP'2024-01-01 00:09:59'), (NULL), (TIMESTAMP'2024-01-01 00:10:00') AS t(at) "
         "GROUP BY window(at, '10 minutes') ORDER BY 1",
         [["2024-01-01T00:00:00.000Z", "2024-01-01T00:10:00.000Z", "2"],
          ["2024-01-01T00:10:00.000Z", "2024-01-01T00:20:00.000Z", "1"]]),
        ("SELECT date_format(w.start, 'HH:mm') AS s, x FROM (SELECT "
         "window(at, '10 minutes', '5 minutes') AS w, x "
         "FROM VALUES (TIMESTAMP'2024-01-01 00:12:00', 7) AS t(at, x)) ORDER BY s",
         [["00:05", "7"], ["00:10", "7"]]),
        ("SELECT x, sum(x) OVER w FROM VALUES (1), (2) AS t(x) WINDOW w AS (ORDER BY x)",
         [["1", "1"], ["2", "3"]]),
    ],
    "decimals": [
        ("SELECT x / 3, x * x, x + 1, x % 2, avg(x) OVER (), sum(x) OVER () FROM VALUES "
         "(CAST(99999999.99 AS DECIMAL(10, 2))) AS t(x)",
         [["33333333.330000", "9999999998000000.0001", "100000000.99", "1.99", "99999999.990000",
           "99999999.99"]]),
        ("SELECT CAST(1 AS DECIMAL(38, 10)) / CAST(3 AS DECIMAL(38, 10))", [["0.333333"]]),
        ("SELECT sum(x) / count(*) FROM VALUES (1.25), (2.50) AS t(x)",
         [["1.87500000000000000000000"]]),
    ],
    "percentiles": [
        ("SELECT percentile(x, 0.5), percentile(x, array(0.25, 0.75)), percentile_approx(x, 0.5), "
         "percentile_approx(x, array(0.1, 0.9)), approx_percentile(x, 0.5, 100), median(x) FROM VALUES "
         "(10.5D), (20D), (NULL) AS t(x)",
         [["15.25", "[12.875,17.625]", "10.5", "[10.5,20.0]", "10.5", "15.25"]]),
        ("SELECT percentile(x, 0.3), percentile_approx(x, 0.5), percentile(x, 1) FROM VALUES (0), (10) "
         "AS t(x)", [["3.0", "0", "10.0"]]),
    ],
    "numbers_as_texts": [
        ("SELECT string(12345678.0D), string(0.0001D), string(1.5e-7D), concat(string(1e10D), ''), "
         "CAST(-123456789.5D AS STRING), string(CAST(1e10 AS FLOAT)), string(1e20D)",
         [["1.2345678E7", "1.0E-4", "1.5E-7", "1.0E10", "-1.234567895E8", "1.0E10", "1.0E20"]]),
        ("SELECT concat(i, '-', b, '-', d, '-', f), i || d FROM (SELECT CAST(1 AS INT) AS i, CAST(2 AS "
         "BIGINT) AS b, CAST(4.5 AS DECIMAL(5, 2)) AS d, 1.5D AS f)", [["1-2-4.50-1.5", "14.50"]]),
        ("SELECT string(100.0D), string(0D), string(-0.001D), string(9999999.5D), string(-1.5D)",
         [["100.0", "0.0", "-0.001", "9999999.5", "-1.5"]]),
    ],
    "whole_numbers": [
        ("SELECT CAST(2.7 AS INT), CAST(-2.7 AS INT), CAST(2.7D AS BIGINT), CAST(-0.9D AS SMALLINT), "
         "INT(2.5), CAST(3 AS INT), CAST(true AS INT), CAST(' 12 ' AS INT), 7.9::int",
         [["2", "-2", "2", "0", "2", "3", "1", "12", "7"]]),
        ("SELECT CAST(price AS INT), CAST(price * 1.9 AS BIGINT) FROM NEST.products "
         "ORDER BY product_id", [["1", "2"], [None, None], ["30", "57"]]),
        ("SELECT TRY_CAST('2.7' AS INT), TRY_CAST('27' AS INT), TRY_CAST(2.7 AS INT), "
         "TRY_CAST('a' AS INT)", [[None, "27", "2", None]]),
        ("SELECT CAST(array(1.9, -1.9) AS ARRAY<INT>)", [["[1,-1]"]]),
        ("CREATE TABLE NEST.n (a INT, b BIGINT)", []),
        ("INSERT INTO NEST.n VALUES (2.7, -2.7), (1, 1.5D)", written(2, 2)),
        ("SELECT * FROM NEST.n ORDER BY a", [["1", "1"], ["2", "-2"]]),
        ("UPDATE NEST.n SET a = 9.9, b = a * 1.4 WHERE a = 2", written(1)),
        ("SELECT * FROM NEST.n ORDER BY a", [["1", "1"], ["9", "2"]]),
        ("MERGE INTO NEST.n USING (SELECT 5.9 AS a, 6.9D AS b) s ON n.a = s.a "
         "WHEN NOT MATCHED THEN INSERT *", written(1, 0, 0, 1)),
        ("SELECT * FROM NEST.n WHERE a = 5", [["5", "6"]]),
    ],
    "days": [
        ("SELECT dayofweek(DATE'2024-01-07'), dayofweek('2024-01-13'), weekday(DATE'2024-01-07'), "
         "extract(DAYOFWEEK FROM DATE'2024-01-07'), date_part('dow', DATE'2024-01-08')",
         [["1", "7", "6", "1", "2"]]),
        ("SELECT trunc(DATE'2024-05-17', 'MONTH'), trunc('2024-05-17', 'MM'), "
         "trunc(DATE'2024-05-17', 'year'), trunc(DATE'2024-05-17', 'QUARTER'), "
         "trunc(DATE'2024-05-17', 'WEEK')",
         [["2024-05-01", "2024-05-01", "2024-01-01", "2024-04-01", "2024-05-13"]]),
        ("SELECT DATE'2024-01-31' + INTERVAL 1 MONTH, DATE'2024-03-01' - INTERVAL 1 DAY, "
         "INTERVAL '2' YEAR + DATE'2024-01-01', add_months(DATE'2024-01-31', 1), "
         "DATE'2024-01-01' + 1",
         [["2024-02-29", "2024-02-29", "2026-01-01", "2024-02-29", "2024-01-02"]]),
        ("WITH t AS (SELECT DATE'2024-01-31' AS d) SELECT d + INTERVAL 1 MONTH, d - INTERVAL 2 DAYS "
         "FROM t", [["2024-02-29", "2024-01-29"]]),
        ("SELECT DATE'2024-01-31' + INTERVAL 1 HOUR, TIMESTAMP'2024-01-31 10:00:00' + INTERVAL 1 MONTH",
         [["2024-01-31T01:00:00.000Z", "2024-02-29T10:00:00.000Z"]]),
        ("SELECT to_timestamp('2024-02-03 04:05:06'), to_timestamp('03/02/2024', 'dd/MM/yyyy'), "
         "date_trunc('MONTH', DATE'2024-02-03')",
         [["2024-02-03T04:05:06.000Z", "2024-02-03T00:00:00.000Z", "2024-02-01T00:00:00.000Z"]]),
        ("SELECT from_utc_timestamp(TIMESTAMP'2024-01-01 00:00:00', 'Asia/Seoul'), "
         "to_utc_timestamp(TIMESTAMP'2024-01-01 00:00:00', 'Asia/Seoul')",
         [["2024-01-01T09:00:00.000Z", "2023-12-31T15:00:00.000Z"]]),
        ("SELECT MAX(t) + INTERVAL 1 MONTH, MAX(d) + INTERVAL 1 MONTH, concat(MAX(t), MAX(d)) FROM "
         "(SELECT TIMESTAMP'2024-01-31 10:00:00' AS t, DATE'2024-01-31' AS d)",
         [["2024-02-29T10:00:00.000Z", "2024-02-29", "2024-01-31 10:00:002024-01-31"]]),
        ("SELECT CAST(TIMESTAMP'1970-01-02 00:00:01.9' AS BIGINT)", [["86401"]]),
        ("SELECT unix_timestamp() > 1700000000, unix_timestamp('1970-01-02 00:00:00'), "
         "unix_timestamp('1970-01-02', 'yyyy-MM-dd')", [["true", "86400", "86400"]]),
    ],
    "texts": [
        ("SELECT substring('hello', 0, 2), substring('hello', 1, 2), substr('hello', -3, 2), "
         "substring('hello', 2), substring('hello', 0), substring('hello', -10, 7)",
         [["he", "he", "ll", "ello", "hello", "he"]]),
        ("SELECT 'it''s', 'a''''b', \"say \"\"x\"\"\", 'it\\'s', 'a\"b', concat('it''s', '!')",
         [["it's", "a''b", 'say "x"', "it's", 'a"b', "it's!"]]),
        ("SELECT 'a' 'b'", [["ab"]]),
        ("CREATE TABLE NEST.q COMMENT 'it''s' AS SELECT 'it''s' AS s", written(1, 1)),
        ("SELECT s FROM NEST.q WHERE s = 'it''s'", [["it's"]]),
        ("SELECT substring_index('a.b.c', '.', 2), substring_index('a.b.c', '.', -2), "
         "substring_index('a.b.c', '.', 9), substring_index('a.b.c', '.', 0)",
         [["a.b", "b.c", "a.b.c", ""]]),
        ("SELECT concat(array(1), array(2)), concat('a', NULL), concat(1, 2), "
         "concat_ws(',', array('a', 'b'), 'c')", [["[1,2]", None, "12", "a,b,c"]]),
        ("SELECT concat(name, '!') AS n FROM NEST.products GROUP BY concat(name, '!') ORDER BY n "
         "LIMIT 1", [["Blue jeans!"]]),
        ("SELECT concat('at ', TIMESTAMP'2024-01-02 03:04:05'), "
         "CAST(TIMESTAMP'2024-01-02 03:04:05.5' AS STRING), STRING(TIMESTAMP'2024-01-02 00:00:00'), "
         "TIMESTAMP'2024-01-02 03:04:05' || '', concat_ws('-', TIMESTAMP'2024-01-02 03:04:05', 1)",
         [["at 2024-01-02 03:04:05", "2024-01-02 03:04:05.5", "2024-01-02 00:00:00",
           "2024-01-02 03:04:05", "2024-01-02 03:04:05-1"]]),
        ("SELECT CAST(1 AS STRING), CAST(true AS STRING), CAST(1.50 AS STRING), "
         "CAST(DATE'2024-01-02' AS STRING), CAST(1e10D AS STRING), CAST(1e16D AS STRING), "
         "CAST(CAST('NaN' AS DOUBLE) AS STRING)",
         [["1", "true", "1.50", "2024-01-02", "1.0E10", "1.0E16", "NaN"]]),
    ],
    "lists": [
        ("SELECT array_position(array(1, 2), 3), array_position(array(1, 2), 2), "
         "array_position(NULL, 2)", [["0", "2", None]]),
        ("SELECT sequence(3, 1), sequence(1, 3), sequence(1, 1), sequence(1, 7, 3), sequence(5, 1, -2)",
         [["[3,2,1]", "[1,2,3]", "[1]", "[1,4,7]", "[5,3,1]"]]),
        ("SELECT sequence(DATE'2024-01-01', DATE'2024-03-01', INTERVAL 1 MONTH)",
         [['["2024-01-01","2024-02-01","2024-03-01"]']]),
        ("SELECT explode(sequence(2, 1))", [["2"], ["1"]]),
        ("SELECT array_distinct(array(3, 1, 3, NULL, 2, NULL, 1)), array_distinct(array('b', 'a', 'b'))",
         [["[3,1,null,2]", '["b","a"]']]),
        ("SELECT array_union(array(3, 1), array(2, 3)), array_except(array(3, 2, 3, 1), array(2)), "
         "array_intersect(array(3, 2, 1, 3), array(1, 3))", [["[3,1,2]", "[3,1]", "[3,1]"]]),
        ("SELECT array(1, 2, 3)[0], element_at(array(1, 2, 3), 3), element_at(array(1, 2, 3), -1), "
         "get(array(1, 2, 3), 3), try_element_at(array(1), 5), map('a', 1)['a']",
         [["1", "3", "3", None, None, "1"]]),
        ("SELECT product_id, array('x', 'y', 'z')[product_id - 1] FROM NEST.products ORDER BY 1",
         [["1", "x"], ["2", "y"], ["3", "z"]]),
        ("SELECT to_json(struct(*)) FROM (SELECT 1 AS A, 'x' AS b)", [['{"A":1,"b":"x"}']]),
        ("SELECT size(map('a', 1, 'b', 2)), size(array(1)), cardinality(map('a', 1))",
         [["2", "1", "1"]]),
    ],
    "numbers": [
        ("SELECT SUM(product_id), SUM(product_id) / 2, array(SUM(product_id)), SUM(price) "
         "FROM NEST.products", [["6", "3.0", "[6]", "31.5"]]),
        ("SELECT map('s', SUM(product_id)), SUM(product_id) OVER () FROM NEST.products "
         "GROUP BY product_id ORDER BY product_id LIMIT 1", [['{"s":1}', "6"]]),
        ("SELECT round(1.5), round(2.5D), round(1.25, 1), ceil(1.2), ceil(1.2D), floor(-1.2D), "
         "ceiling(2), round(7)", [["2", "3.0", "1.3", "2", "2", "-2", "2", "7"]]),
        ("SELECT AVG(product_id), AVG(CAST(product_id AS DECIMAL(5, 1))) FROM NEST.products",
         [["2.0", "2.00000"]]),
        ("CREATE TABLE NEST.sums AS SELECT SUM(product_id) AS s, ceil(1.5D) AS c, COUNT(*) AS n "
         "FROM NEST.products", written(1, 1)),
        ("DESCRIBE NEST.sums", [["s", "bigint", None], ["c", "bigint", None], ["n", "bigint", None]]),
        ("SELECT try_add(1, 2), try_add(2147483647, 1), try_subtract(3, 1), try_multiply(2, 3), "
         "try_divide(1, 0)", [["3", None, "2", "6", None]]),
        ("SELECT CAST(0.1 AS FLOAT), array(CAST(0.1 AS FLOAT)), CAST(1 AS FLOAT), "
         "CAST('NaN' AS DOUBLE), CAST('Infinity' AS DOUBLE), CAST('-Infinity' AS FLOAT), "
         "array(CAST('NaN' AS DOUBLE))",
         [["0.1", "[0.1]", "1.0", "NaN", "Infinity", "-Infinity", '["NaN"]']]),
    ],
    "rows_of_lists": [
        ("SELECT explode(map('a', 1, 'b', 2))", [["a", "1"], ["b", "2"]]),
        ("SELECT explode(map('a', 1)) AS (k, v)", [["a", "1"]]),
        ("SELECT k, n FROM NEST.products LATERAL VIEW explode(map('a', product_id)) m AS k, n "
         "ORDER BY n LIMIT 1", [["a", "1"]]),
        ("SELECT explode_outer(array(1, 2))", [["1"], ["2"]]),
        ("SELECT product_id, explode_outer(tags) FROM NEST.products ORDER BY 1, 2",
         [["1", "a"], ["1", "b"], ["2", None], ["3", None]]),
        ("SELECT inline(array(named_struct('a', 1, 'b', 'x'), named_struct('a', 2, 'b', 'y')))",
         [["1", "x"], ["2", "y"]]),
        ("SELECT stack(2, 1, 'x', 2, 'y')", [["1", "x"], ["2", "y"]]),
    ],
}  # fmt: skip
REFUSED_FUNCTIONS: dict[str, tuple[str, str]] = {
    "a_fraction_as_text": ("SELECT CAST('2.7' AS INT)", "CAST_INVALID_INPUT"),
    "a_fraction_in_a_column": (
        "SELECT CAST(s AS INT) FROM (SELECT concat(name, '.7') AS s FROM NEST.products)",
        "CAST_INVALID_INPUT",
    ),
    "a_sum_that_no_bigint_holds": (
        "SELECT SUM(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT 1)",
        "ARITHMETIC_OVERFLOW",
    ),
    "an_unknown_unit": ("SELECT trunc(DATE'2024-01-01', 'XX')", "XX"),
    "a_tried_quotient": ("SELECT try_add(1, 1 / 0)", "try_add"),
    "names_of_a_list": ("SELECT explode(array(1)) AS (a, b)", "makes 1 columns; 2 names are given"),
    "a_place_outside_a_list": ("SELECT array(1, 2)[2]", "INVALID_ARRAY_INDEX"),
    "a_place_outside_a_column": (
        "SELECT a[5] FROM VALUES (array(1)), (array(2)) AS v(a)",
        "INVALID_ARRAY_INDEX",
    ),
    "a_place_before_a_list": ("SELECT array(1, 2)[-1]", "The index -1 is out of bounds"),
    "an_element_outside": ("SELECT element_at(array(1), 5)", "INVALID_ARRAY_INDEX_IN_ELEMENT_AT"),
    "element_zero": ("SELECT element_at(array(1), 0)", "INVALID_INDEX_OF_ZERO"),
    "a_letter_of_no_pattern": (
        "SELECT date_format(created_at, 'YYYY-MM') FROM NEST.products",
        "a year is yyyy",
    ),
    "an_open_quote": ("SELECT to_date('2024', \"yyyy'T\")", "a quote doesn't end"),
    "a_text_of_another_pattern": (
        "SELECT to_date(name, 'dd.MM.yyyy') FROM NEST.products",
        "could not be parsed by 'dd.MM.yyyy'. Use try_to_timestamp",
    ),
    "a_pattern_in_a_column": (
        "SELECT date_format(created_at, name) FROM NEST.products",
        "expected a constant pattern, such as 'yyyy-MM-dd'",
    ),
    "an_unknown_collation": (
        "SELECT collate(name, 'DE_AI') FROM NEST.products",
        "DE_AI is not supported",
    ),
    "columns_within_an_expression": (
        "SELECT size(stack(1, 2, 3))",
        "one is expected within an expression",
    ),
    "not_true": ("SELECT assert_true(1 < 0, 'too small')", "USER_RAISED_EXCEPTION] too small"),
    "a_rest_by_zero": ("SELECT pmod(product_id, 0) FROM NEST.products", "REMAINDER_BY_ZERO"),
    "from_json": ("SELECT from_json('{\"a\": 1}', concat('a', ' INT'))", "a constant schema"),
    "no_schema": ("SELECT from_json('{}', 'a is what')", "'a is what' is no schema"),
    "sentences": ("SELECT sentences('a')", "The function sentences is not supported"),
    "session_window": (
        "SELECT session_window(created_at, '5 minutes') FROM NEST.products",
        "session_window is supported where rows are grouped by it",
    ),
    "a_window_of_months": (
        "SELECT window(created_at, '1 month') FROM NEST.products",
        "'1 month' is no length; expected a constant such as '10 minutes'",
    ),
    "two_windows": (
        "SELECT window(created_at, '1 day'), window(created_at, '2 days') FROM NEST.products",
        "Several different time windows",
    ),
    "a_map_hashed": ("SELECT hash(map('a', 1))", "hash their map_entries"),
    "a_number_beyond_64_bits": ("SELECT conv('99999999999999999999', 10, 16)", "beyond 64 bits"),
    "no_address": ("SELECT parse_url('a b', 'HOST')", "The url is invalid: a b. Use try_parse_url"),
    "a_number_in_another_format": (
        "SELECT to_number('1234', '999')",
        'The format is invalid: 999. The input "STRING" 1234 does not match',
    ),
    "no_order": ("SELECT array_sort(array(1, 2), (a, b) -> NULL)", "COMPARATOR_RETURNS_NULL"),
    "a_quotient_of_decimals": ("SELECT 1.5 / (1.5 - 1.5)", "DIVIDE_BY_ZERO"),
    "a_pattern_of_others": ("SELECT printf('%,d', 1)", "'%,d' in '%,d' is not supported"),
    "too_few_arguments": (
        "SELECT make_date(2024, 1)",
        "make_date takes 3 arguments; it is given 2",
    ),
}
