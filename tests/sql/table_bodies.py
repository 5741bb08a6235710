"""Statements about tables as wholes, and what they answer; see `bodies`.

`SIZE` and `USER` stand for values that differ between machines.
"""

from __future__ import annotations

from sql.bodies import NOTHING, Rows, Step, written

TABLES: dict[str, list[Step]] = {
    "evolution": [
        ("CREATE TABLE NEST.t (id INT, st STRUCT<a: INT>)", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, named_struct('a', 1))", written(1, 1)),
        ("INSERT WITH SCHEMA EVOLUTION INTO NEST.t BY NAME SELECT 'x' AS more, 2 AS ID, "
         "named_struct('a', 2, 'b', 'q') AS st", written(1, 1)),
        ("INSERT WITH SCHEMA EVOLUTION INTO NEST.t SELECT 3, NULL, 'y', true AS last", written(1, 1)),
        ("SELECT * FROM NEST.t", [["1", '{"a":1,"b":null}', None, None],
                                    ["2", '{"a":2,"b":"q"}', "x", None], ["3", None, "y", "true"]]),
        ("MERGE WITH SCHEMA EVOLUTION INTO NEST.t USING (SELECT 1 AS id, 0.5D AS f UNION ALL "
         "SELECT 9, 1) u ON t.id = u.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
         written(2, 1, 0, 1)),
        ("SELECT id, more, f FROM NEST.t ORDER BY id",
         [["1", None, "0.5"], ["2", "x", None], ["3", "y", None], ["9", None, "1.0"]]),
        ("MERGE WITH SCHEMA EVOLUTION INTO NEST.t USING (SELECT 2 AS id, 5 AS g, 6 AS h) u "
         "ON t.id = u.id WHEN MATCHED THEN UPDATE SET g = u.g", written(1, 1, 0, 0)),
        ("SHOW COLUMNS IN NEST.t", [["id"], ["st"], ["more"], ["last"], ["f"], ["g"]]),
    ],
    "replaced": [
        ("CREATE TABLE NEST.t AS SELECT product_id AS id, name FROM NEST.products", written(3, 3)),
        ("INSERT INTO NEST.t VALUES (NULL, 'none'), (1, 'twin')", written(2, 2)),
        ("INSERT INTO NEST.t REPLACE USING (id) SELECT * FROM VALUES (1, 'one'), (NULL, 'nil'), "
         "(7, 'new')", written(3, 3)),
        ("SELECT * FROM NEST.t ORDER BY id, name",
         [[None, "nil"], [None, "none"], ["1", "one"], ["2", "Blue jeans"], ["3", "green hat"],
          ["7", "new"]]),
        ("INSERT INTO NEST.t AS x REPLACE ON x.id <=> s.id AND x.name IS DISTINCT FROM 'nil' "
         "(SELECT CAST(NULL AS INT) AS id, 'nothing' AS name) AS s", written(1, 1)),
        ("WITH q AS (SELECT 3 AS id) INSERT INTO NEST.t y BY NAME REPLACE ON y.id IN (SELECT id FROM q) "
         "SELECT 'three' AS name, id FROM q", written(1, 1)),
        ("INSERT INTO NEST.t REPLACE USING (id) SELECT * FROM NEST.t WHERE false", written(0, 0)),
        ("SELECT * FROM NEST.t ORDER BY id, name",
         [[None, "nil"], [None, "nothing"], ["1", "one"], ["2", "Blue jeans"], ["3", "three"],
          ["7", "new"]]),
    ],
    "structs_named_like_the_other_side": [
        ("CREATE TABLE NEST.t (id INT, s STRUCT<id: INT>, price INT)", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, named_struct('id', 7), 10), (2, NULL, 20)", written(2, 2)),
        ("MERGE INTO NEST.t USING (SELECT explode(array(1, 7)) AS id) s ON t.id = s.id "
         "WHEN NOT MATCHED THEN INSERT (id, price) VALUES (s.id, 70)", written(1, 0, 0, 1)),
        ("MERGE INTO NEST.t USING (SELECT 2 AS id, named_struct('id', 2) AS t) s ON t.id = s.id "
         "WHEN MATCHED THEN UPDATE SET price = 21 WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN DELETE",
         written(2, 1, 1, 0)),
        ("SELECT * FROM NEST.t ORDER BY id", [["2", None, "21"], ["7", None, "70"]]),
        ("CREATE TABLE NEST.u (id INT, u STRUCT<id: INT>)", NOTHING),
        ("INSERT INTO NEST.u VALUES (1, named_struct('id', 5)), (1, named_struct('id', 1))",
         written(2, 2)),
        ("INSERT INTO NEST.u REPLACE USING (id, u) SELECT 1, named_struct('id', 5)", written(1, 1)),
        ("SELECT id, u.u.id FROM NEST.u u ORDER BY 2", [["1", "1"], ["1", "5"]]),
        ("INSERT INTO NEST.u REPLACE USING (u, id) SELECT 5, named_struct('id', 5)", written(1, 1)),
        ("SELECT id, u.u.id FROM NEST.u u ORDER BY 2, 1", [["1", "1"], ["1", "5"], ["5", "5"]]),
    ],
    "shown": [
        ("CREATE TABLE NEST.t (id INT NOT NULL COMMENT 'it''s', name STRING, st STRUCT<a: INT, `b c`: "
         "ARRAY<STRING>>, CONSTRAINT t_key PRIMARY KEY (id)) PARTITIONED BY (name) COMMENT 'all' "
         "TBLPROPERTIES ('k' = 'w')", NOTHING),
        ("SHOW CREATE TABLE NEST.t",
         [["CREATE TABLE main.NEST.t (\n  id INT NOT NULL COMMENT 'it\\'s',\n  name STRING,\n"
           "  st STRUCT<a: INT, `b c`: ARRAY<STRING>>,\n  CONSTRAINT `t_key` PRIMARY KEY (`id`))\n"
           "USING delta\nPARTITIONED BY (name)\nCOMMENT 'all'\nTBLPROPERTIES (\n  'k' = 'w')"]]),
        ("CREATE VIEW NEST.w (x COMMENT 'one') COMMENT 'few' AS SELECT id FROM NEST.t", NOTHING),
        ("SHOW CREATE TABLE NEST.w",
         [["CREATE VIEW main.NEST.w (\n  x COMMENT 'one')\nCOMMENT 'few'\nAS SELECT id FROM NEST.t"]]),
        ("SHOW TBLPROPERTIES NEST.t ('k')", [["k", "w"]]),
        ("SHOW TBLPROPERTIES NEST.t (delta.k)",
         [["delta.k", "Table main.NEST.t does not have property: delta.k"]]),
        ("SHOW COLUMNS IN t IN NEST", [["id"], ["name"], ["st"]]),
        ("SHOW COLUMNS FROM t FROM main.NEST", [["id"], ["name"], ["st"]]),
        ("DESCRIBE TABLE NEST.t id", [["col_name", "id"], ["data_type", "int"], ["comment", "it's"]]),
        ("DESC NEST.t", [
            ["id", "int", "it's"], ["name", "string", None],
            ["st", "struct<a:int,b c:array<string>>", None], ["# Partition Information", "", ""],
            ["# col_name", "data_type", "comment"], ["name", "string", None]]),
        ("DROP VIEW NEST.w", NOTHING),
    ],
    "partitions": [
        ("CREATE TABLE NEST.t (id INT, d DATE, word STRING) PARTITIONED BY (word, d)", NOTHING),
        ("SHOW PARTITIONS NEST.t", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, '2026-01-02', 'b'), (2, '2026-01-01', 'b'), "
         "(3, '2026-01-01', 'b'), (4, NULL, 'a')", written(4, 4)),
        ("SHOW PARTITIONS NEST.t", [["a", None], ["b", "2026-01-01"], ["b", "2026-01-02"]]),
        ("SHOW PARTITIONS NEST.t PARTITION (D = '2026-01-01', word)", [["b", "2026-01-01"]]),
    ],
    "tags": [
        ("CREATE TABLE NEST.t (id INT, name STRING)", NOTHING),
        ("ALTER TABLE NEST.t SET TAGS ('domain' = 'shop', 'pii', owner.team = 'it''s')", NOTHING),
        ("ALTER TABLE NEST.t SET TAGS ('domain' = 'fashion')", NOTHING),
        ("ALTER TABLE NEST.t ALTER COLUMN NAME SET TAGS ('pii' = 'yes', 'b')", NOTHING),
        ("ALTER TABLE NEST.t CHANGE name UNSET TAGS ('b', 'nope')", NOTHING),
        ("ALTER TABLE NEST.t UNSET TAGS ('owner.team')", NOTHING),
        ("ALTER SCHEMA main.NEST SET TAGS ('s' = '1')", NOTHING),
        ("SELECT tag_name, tag_value FROM information_schema.table_tags WHERE schema_name = 'NEST'",
         [["domain", "fashion"], ["pii", ""]]),
        ("SELECT c.* FROM main.information_schema.column_tags c WHERE schema_name = 'NEST'",
         [["main", "NEST", "t", "name", "pii", "yes"]]),
        ("SELECT * FROM system.information_schema.schema_tags WHERE schema_name = 'NEST'",
         [["main", "NEST", "s", "1"]]),
        ("SELECT t.table_name, COUNT(*) FROM information_schema.tables t JOIN "
         "information_schema.columns c ON t.table_schema = c.table_schema AND t.table_name = "
         "c.table_name WHERE t.table_schema = 'NEST' GROUP BY 1 ORDER BY 1",
         [["products", "5"], ["t", "2"]]),
    ],
    "tags_one_by_one": [
        ("CREATE TABLE NEST.t (id INT, ssn STRING)", NOTHING),
        ("SET TAG ON TABLE NEST.t cost_center = hr", NOTHING),
        ("SET TAG ON TABLE main.NEST.t `a b` = 'it''s'", NOTHING),
        ("SET TAG ON COLUMN NEST.t.SSN pii", NOTHING),
        ("SET TAG ON COLUMN main.NEST.t.id k = `x y`", NOTHING),
        ("SET TAG ON DATABASE main.NEST s = 1", NOTHING),
        ("CREATE VIEW NEST.w AS SELECT 1 AS x", NOTHING),
        ("SET TAG ON VIEW NEST.w v", NOTHING),
        ("UNSET TAG ON TABLE NEST.t cost_center", NOTHING),
        ("SET TAG ON TABLE NEST.t cost_center = it", NOTHING),
        ("SELECT table_name, tag_name, tag_value FROM information_schema.table_tags WHERE schema_name = "
         "'NEST' ORDER BY ALL", [["t", "a b", "it's"], ["t", "cost_center", "it"], ["w", "v", ""]]),
        ("SELECT column_name, tag_name, tag_value FROM information_schema.column_tags WHERE schema_name "
         "= 'NEST' ORDER BY ALL", [["id", "k", "x y"], ["ssn", "pii", ""]]),
        ("UNSET TAG ON COLUMN NEST.t.ssn pii", NOTHING),
        ("UNSET TAG ON SCHEMA NEST s", NOTHING),
        ("SELECT COUNT(*) FROM information_schema.column_tags WHERE schema_name = 'NEST'", [["1"]]),
        ("DROP VIEW NEST.w", NOTHING),
    ],
    "columns_replaced": [
        ("CREATE TABLE NEST.t (id INT NOT NULL COMMENT 'k', s STRING COMMENT 'w', x INT DEFAULT 5) "
         "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, 'a', DEFAULT)", written(1, 1)),
        ("ALTER TABLE NEST.t REPLACE COLUMNS (s STRING, ID INT COMMENT 'new', x INT, y DOUBLE COMMENT "
         "'z')", NOTHING),
        ("INSERT INTO NEST.t (s) VALUES ('b')", written(1, 1)),
        ("SELECT * FROM NEST.t", [["a", "1", "5", None], ["b", None, None, None]]),
        ("DESCRIBE NEST.t", [["s", "string", None], ["id", "int", "new"], ["x", "int", None],
                                ["y", "double", "z"]]),
        ("ALTER TABLE NEST.t SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name', "
         "'delta.enableTypeWidening' = 'true')", NOTHING),
        ("ALTER TABLE NEST.t REPLACE COLUMNS (id BIGINT, y DOUBLE)", NOTHING),
        ("SELECT * FROM NEST.t", [["1", None], [None, None]]),
        ("SELECT full_data_type FROM information_schema.columns WHERE table_schema = 'NEST' AND "
         "table_name = 't' ORDER BY ordinal_position", [["bigint"], ["double"]]),
    ],
    "keys": [
        ("CREATE TABLE NEST.p (a INT NOT NULL, b INT NOT NULL, CONSTRAINT two PRIMARY KEY (a, b))",
         NOTHING),
        ("CREATE TABLE NEST.q (id INT NOT NULL PRIMARY KEY, up INT REFERENCES NEST.q)", NOTHING),
        ("CREATE TABLE NEST.t (x INT, y INT, Qid INT, FOREIGN KEY (QID) REFERENCES NEST.q (ID), "
         "CONSTRAINT to_p FOREIGN KEY (x, y) REFERENCES main.NEST.p (b, a))", NOTHING),
        ("ALTER TABLE NEST.t ADD CONSTRAINT again FOREIGN KEY (y) REFERENCES NEST.Q", NOTHING),
        ("SHOW CREATE TABLE NEST.t",
         [["CREATE TABLE main.NEST.t (\n  x INT,\n  y INT,\n  Qid INT,\n  CONSTRAINT `t_q_fk` FOREIGN "
           "KEY (`Qid`) REFERENCES `main`.`NEST`.`q` (`id`),\n  CONSTRAINT `to_p` FOREIGN KEY (`x`, "
           "`y`) REFERENCES `main`.`NEST`.`p` (`b`, `a`),\n  CONSTRAINT `again` FOREIGN KEY (`y`) "
           "REFERENCES `main`.`NEST`.`q` (`id`))\nUSING delta"]]),
        ("SELECT table_name, constraint_name, constraint_type, enforced FROM "
         "information_schema.table_constraints WHERE table_schema = 'NEST' ORDER BY 1, 2",
         [["p", "two", "PRIMARY KEY", "NO"], ["q", "q_pk", "PRIMARY KEY", "NO"],
          ["q", "q_q_fk", "FOREIGN KEY", "NO"], ["t", "again", "FOREIGN KEY", "NO"],
          ["t", "t_q_fk", "FOREIGN KEY", "NO"], ["t", "to_p", "FOREIGN KEY", "NO"]]),
        ("SELECT k.constraint_name, k.column_name, k.ordinal_position, k.position_in_unique_constraint "
         "FROM main.information_schema.key_column_usage k WHERE k.table_schema = 'NEST' AND "
         "k.table_name <> 'q' ORDER BY 1, 3",
         [["again", "y", "1", "1"], ["t_q_fk", "Qid", "1", "1"], ["to_p", "x", "1", "2"],
          ["to_p", "y", "2", "1"], ["two", "a", "1", None], ["two", "b", "2", None]]),
        ("SELECT constraint_name, unique_constraint_schema, unique_constraint_name, update_rule FROM "
         "information_schema.referential_constraints WHERE constraint_schema = 'NEST' ORDER BY 1",
         [["again", "NEST", "q_pk", "NO ACTION"], ["q_q_fk", "NEST", "q_pk", "NO ACTION"],
          ["t_q_fk", "NEST", "q_pk", "NO ACTION"], ["to_p", "NEST", "two", "NO ACTION"]]),
        ("SELECT constraint_name, table_name, column_name FROM "
         "information_schema.constraint_column_usage WHERE constraint_schema = 'NEST' AND "
         "constraint_name LIKE 't%' ORDER BY 1, 3",
         [["t_q_fk", "q", "id"], ["to_p", "p", "a"], ["to_p", "p", "b"], ["two", "p", "a"],
          ["two", "p", "b"]]),
        ("SELECT COUNT(*) FROM system.information_schema.constraint_table_usage WHERE table_schema = "
         "'NEST' AND table_name = 'q'", [["4"]]),
        ("ALTER TABLE NEST.t DROP CONSTRAINT to_p", NOTHING),
        ("SELECT COUNT(*) FROM information_schema.referential_constraints WHERE constraint_schema = "
         "'NEST'", [["3"]]),
        ("SELECT (SELECT COUNT(*) FROM information_schema.check_constraints), (SELECT COUNT(*) FROM "
         "information_schema.table_privileges WHERE grantee = 'x'), (SELECT COUNT(*) FROM "
         "information_schema.schema_privileges WHERE privilege_type = 'x'), (SELECT COUNT(*) FROM "
         "information_schema.catalog_privileges WHERE inherited_from = 'x'), (SELECT COUNT(*) FROM "
         "information_schema.volume_privileges WHERE volume_name = 'x'), (SELECT COUNT(*) FROM "
         "information_schema.routine_privileges WHERE routine_name = 'x')", [["0"] * 6]),
        ("SELECT catalog_name FROM information_schema.information_schema_catalog_name", [["main"]]),
        ("CREATE TABLE NEST.n (a TINYINT, b FLOAT, c DECIMAL(7, 2), d DATE, e STRING)", NOTHING),
        ("SELECT column_name, numeric_precision, numeric_precision_radix, numeric_scale, "
         "datetime_precision, is_identity, partition_ordinal_position FROM information_schema.columns "
         "WHERE table_schema = 'NEST' AND table_name = 'n' ORDER BY 1",
         [["a", "8", "2", "0", None, "NO", None], ["b", "32", "2", None, None, "NO", None],
          ["c", "7", "10", "2", None, "NO", None], ["d", None, None, None, "0", "NO", None],
          ["e", None, None, None, None, "NO", None]]),
    ],
    "volumes": [
        ("SHOW VOLUMES IN NEST", NOTHING),
        ("SHOW VOLUMES FROM main.NEST LIKE 'a*'", NOTHING),
    ],
    "altered": [
        ("CREATE TABLE NEST.t (id INT NOT NULL COMMENT 'k', name STRING, CONSTRAINT t_key "
         "PRIMARY KEY (id)) CLUSTER BY (name) TBLPROPERTIES ("
         "'delta.columnMapping.mode' = 'name', 'k' = 'w')", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, 'a'), (2, NULL)", written(2, 2)),
        ("ALTER TABLE NEST.t RENAME COLUMN name TO title", NOTHING),
        ("ALTER TABLE NEST.t RENAME COLUMN id TO pid", NOTHING),
        ("ALTER TABLE NEST.t ADD COLUMNS (x INT FIRST, y STRING COMMENT 'w' AFTER pid, z INT)", NOTHING),
        ("ALTER TABLE NEST.t ADD COLUMN IF NOT EXISTS x STRING", NOTHING),
        ("SELECT * FROM NEST.t", [[None, "1", None, "a", None], [None, "2", None, None, None]]),
        ("ALTER TABLE NEST.t ALTER COLUMN title COMMENT 'the title'", NOTHING),
        ("COMMENT ON COLUMN NEST.t.x IS 'ex'", NOTHING),
        ("COMMENT ON TABLE NEST.t IS 'it''s'", NOTHING),
        ("ALTER TABLE NEST.t DROP COLUMN z", NOTHING),
        ("ALTER TABLE NEST.t DROP COLUMNS IF EXISTS (z, Y)", NOTHING),
        ("ALTER TABLE NEST.t SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')", NOTHING),
        ("ALTER TABLE NEST.t ALTER COLUMN x TYPE BIGINT", NOTHING),
        ("UPDATE NEST.t SET x = 5000000000 + pid", written(2)),
        ("ALTER TABLE NEST.t ALTER COLUMN x SET NOT NULL", NOTHING),
        ("ALTER TABLE NEST.t UNSET TBLPROPERTIES ('k')", NOTHING),
        ("ALTER TABLE NEST.t UNSET TBLPROPERTIES IF EXISTS ('k', delta.enableTypeWidening)",
         NOTHING),
        ("SHOW CREATE TABLE NEST.t",
         [["CREATE TABLE main.NEST.t (\n  x BIGINT NOT NULL COMMENT 'ex',\n"
           "  pid INT NOT NULL COMMENT 'k',\n  title STRING COMMENT 'the title',\n"
           "  CONSTRAINT `t_key` PRIMARY KEY (`pid`))\nUSING delta\nCLUSTER BY (title)\n"
           "COMMENT 'it\\'s'\nTBLPROPERTIES (\n  'delta.columnMapping.mode' = 'name')"]]),
        ("ALTER TABLE NEST.t DROP PRIMARY KEY", NOTHING),
        ("ALTER TABLE NEST.t DROP CONSTRAINT IF EXISTS t_key", NOTHING),
        ("ALTER TABLE NEST.t CLUSTER BY NONE", NOTHING),
        ("COMMENT ON TABLE NEST.t IS NULL", NOTHING),
        ("ALTER TABLE NEST.t DROP COLUMNS (title)", NOTHING),
        ("ALTER TABLE NEST.t ALTER COLUMN x DROP NOT NULL", NOTHING),
        ("SHOW CREATE TABLE NEST.t",
         [["CREATE TABLE main.NEST.t (\n  x BIGINT COMMENT 'ex',\n  pid INT NOT NULL COMMENT 'k')\n"
           "USING delta\nTBLPROPERTIES (\n  'delta.columnMapping.mode' = 'name')"]]),
        ("SELECT * FROM NEST.t", [["5000000001", "1"], ["5000000002", "2"]]),
    ],
    "columns_changed": [
        ("CREATE TABLE NEST.t (id INT, name STRING, n INT, `a b` INT) TBLPROPERTIES ("
         "'delta.enableTypeWidening' = 'true')", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, 'a', 2, 3)", written(1, 1)),
        ("ALTER TABLE NEST.t CHANGE COLUMN n N BIGINT COMMENT 'many' FIRST", NOTHING),
        ("ALTER TABLE main.NEST.t CHANGE name name STRING", NOTHING),
        ("ALTER TABLE NEST.t CHANGE name COMMENT 'its name'", NOTHING),
        ("ALTER TABLE NEST.t ALTER COLUMN id AFTER `A B`", NOTHING),
        ("ALTER TABLE NEST.t ALTER `a b` FIRST", NOTHING),
        ("ALTER TABLE NEST.t ALTER COLUMN id COMMENT 'first, (', name COMMENT 'second'", NOTHING),
        ("ALTER TABLE NEST.t CHANGE COLUMN id TYPE BIGINT", NOTHING),
        ("ALTER TABLE NEST.t ADD COLUMN m STRUCT<a: INT> COMMENT 'in' AFTER n", NOTHING),
        ("ALTER TABLE NEST.t CHANGE m m STRUCT<a: INT> AFTER id", NOTHING),
        ("SELECT * FROM NEST.t", [["3", "2", "a", "1", None]]),
        ("DESCRIBE NEST.t", [["a b", "int", None], ["n", "bigint", "many"],
                                ["name", "string", "second"], ["id", "bigint", "first, ("],
                                ["m", "struct<a:int>", "in"]]),
    ],
    "replaced_whole": [
        ("CREATE TABLE NEST.t (id INT) COMMENT 'old'", NOTHING),
        ("REPLACE TABLE NEST.t USING DELTA AS SELECT 'x' AS word", written(1, 1)),
        ("SELECT * FROM NEST.t", [["x"]]),
        ("REPLACE TABLE NEST.T (a INT COMMENT 'one')", NOTHING),
        ("DESCRIBE NEST.t", [["a", "int", "one"]]),
        ("REPLACE TABLE NEST.t CLONE NEST.products", [["SIZE", "1", "0", "1", "0", "SIZE"]]),
        ("SELECT COUNT(*) FROM NEST.t", [["3"]]),
        ("SELECT replace(name, 'red', 'replace table') FROM NEST.products WHERE product_id = 1",
         [["replace table shirt"]]),
    ],
    "renamed": [
        ("CREATE TABLE NEST.t (id INT NOT NULL COMMENT 'k', CONSTRAINT t_key PRIMARY KEY (id)) "
         "COMMENT 'all' TBLPROPERTIES ('k' = 'w')", NOTHING),
        ("INSERT INTO NEST.t VALUES (1)", written(1, 1)),
        ("ALTER TABLE NEST.T RENAME TO NEST.u", NOTHING),
        ("CREATE VIEW NEST.w AS SELECT id FROM NEST.u", NOTHING),
        ("ALTER VIEW NEST.w RENAME TO main.NEST.v", NOTHING),
        ("SELECT * FROM NEST.v", [["1"]]),
        ("SHOW TABLES IN NEST", [["NEST", "products", "false"], ["NEST", "u", "false"],
                                   ["NEST", "v", "false"]]),
        ("SHOW CREATE TABLE NEST.u",
         [["CREATE TABLE main.NEST.u (\n  id INT NOT NULL COMMENT 'k',\n  CONSTRAINT `t_key` PRIMARY "
           "KEY (`id`))\nUSING delta\nCOMMENT 'all'\nTBLPROPERTIES (\n  'k' = 'w')"]]),
        ("CREATE TABLE NEST.t (a STRING)", NOTHING),
        ("INSERT INTO NEST.u VALUES (2)", written(1, 1)),
        ("SELECT id FROM NEST.u ORDER BY id", [["1"], ["2"]]),
        ("SELECT * FROM NEST.t", NOTHING),
    ],
    "copies": [
        ("CREATE TABLE NEST.t (id INT NOT NULL COMMENT 'k', n STRING) PARTITIONED BY (n) COMMENT 'c' "
         "TBLPROPERTIES ('a' = 'b')", NOTHING),
        ("INSERT INTO NEST.t VALUES (1, 'x'), (2, NULL)", written(2, 2)),
        ("CREATE TABLE NEST.l LIKE NEST.t", NOTHING),
        ("CREATE TABLE NEST.d DEEP CLONE NEST.t TBLPROPERTIES ('c' = 'd')",
         [["SIZE", "1", "0", "1", "0", "SIZE"]]),
        ("CREATE OR REPLACE TABLE NEST.s SHALLOW CLONE main.NEST.t",
         [["SIZE", "1", "0", "1", "0", "SIZE"]]),
        ("CREATE TABLE IF NOT EXISTS NEST.s CLONE NEST.l", NOTHING),
        ("DELETE FROM NEST.t", written(2)),
        ("SELECT * FROM NEST.l", NOTHING),
        ("SELECT * FROM NEST.d", [["1", "x"], ["2", None]]),
        ("SELECT * FROM NEST.s", [["1", "x"], ["2", None]]),
        ("SHOW CREATE TABLE NEST.d",
         [["CREATE TABLE main.NEST.d (\n  id INT NOT NULL COMMENT 'k',\n  n STRING)\nUSING delta\n"
           "PARTITIONED BY (n)\nTBLPROPERTIES (\n  'a' = 'b',\n  'c' = 'd')"]]),
        ("SHOW CREATE TABLE NEST.l",
         [["CREATE TABLE main.NEST.l (\n  id INT NOT NULL COMMENT 'k',\n  n STRING)\nUSING delta\n"
           "PARTITIONED BY (n)"]]),
    ],
}  # fmt: skip
REFUSED_TABLES: dict[str, tuple[str, str]] = {
    "new_columns": (
        "INSERT INTO NEST.products BY NAME SELECT 1 AS product_id, 2 AS more",
        "more.*WITH SCHEMA EVOLUTION",
    ),
    "merged_columns": (
        "MERGE INTO NEST.products t USING (SELECT 1 AS product_id) s ON t.product_id = s.product_id "
        "WHEN NOT MATCHED THEN INSERT *",
        "UNRESOLVED_COLUMN.*name",
    ),
    "replace_using": (
        "INSERT INTO NEST.products REPLACE USING (nope) TABLE NEST.products",
        "UNRESOLVED_COLUMN.*nope",
    ),
    "replace_on_both": (
        "INSERT INTO NEST.products REPLACE ON product_id = product_id TABLE NEST.products",
        "[Aa]mbiguous",
    ),
    "replace_on_nothing": ("INSERT INTO NEST.products REPLACE ON SELECT 1", "PARSE_SYNTAX_ERROR"),
    "replace_on_no_query": ("INSERT INTO NEST.products REPLACE ON true", "PARSE_SYNTAX_ERROR"),
    "unmapped": (
        "ALTER TABLE NEST.products RENAME COLUMN name TO title",
        "RENAME_COLUMN.*delta.columnMapping.mode",
    ),
    "unmapped_dropped": ("ALTER TABLE NEST.products DROP COLUMN name", "delta.columnMapping.mode"),
    "narrowed": (
        "ALTER TABLE NEST.products ALTER COLUMN product_id TYPE BIGINT",
        "enableTypeWidening",
    ),
    "nulls": ("ALTER TABLE NEST.products ALTER COLUMN price SET NOT NULL", "NOT_NULL_CONSTRAINT"),
    "no_altered_column": ("ALTER TABLE NEST.products ALTER COLUMN nope COMMENT 'x'", "nope"),
    "no_commented_column": ("COMMENT ON COLUMN NEST.products.nope IS 'x'", "nope"),
    "no_commented_schema": ("COMMENT ON SCHEMA nowhere_at_all IS 'x'", "SCHEMA_NOT_FOUND"),
    "no_property": ("ALTER TABLE NEST.products UNSET TBLPROPERTIES ('nope')", "UNSET_NONEXISTENT"),
    "no_constraint": ("ALTER TABLE NEST.products DROP CONSTRAINT nope", "nope"),
    "no_tagged": ("ALTER TABLE NEST.nothing SET TAGS ('a')", "TABLE_OR_VIEW_NOT_FOUND"),
    "no_tagged_column": (
        "ALTER TABLE NEST.products ALTER COLUMN nope SET TAGS ('a')",
        "UNRESOLVED_COLUMN.*nope",
    ),
    "no_tagged_schema": ("ALTER SCHEMA nowhere_at_all SET TAGS ('a')", "SCHEMA_NOT_FOUND"),
    "tagged_nothing": ("SET TAG ON TABLE NEST.nothing a = b", "TABLE_OR_VIEW_NOT_FOUND"),
    "untagged_nothing": (
        "UNSET TAG ON TABLE NEST.products a",
        "products has no tag 'a'; it has none",
    ),
    "tagged_no_column": ("SET TAG ON COLUMN NEST.products.nope a = b", "UNRESOLVED_COLUMN.*nope"),
    "tagged_one_name": ("SET TAG ON COLUMN products a = b", "expected table.column"),
    "tagged_function": ("SET TAG ON FUNCTION f a = b", "FUNCTION.*expected TABLE, VIEW"),
    "replaced_columns_gone": (
        "ALTER TABLE NEST.products REPLACE COLUMNS (product_id INT)",
        "DELTA_ALTER_TABLE_REPLACE_COL_NOT_SUPPORTED.*dropping.*name.*columnMapping",
    ),
    "replaced_columns_narrowed": (
        "ALTER TABLE NEST.products REPLACE COLUMNS (product_id BIGINT, name STRING, price DOUBLE, tags "
        "ARRAY<STRING>, v ARRAY<DOUBLE>)",
        "REPLACE_COL_NOT_SUPPORTED.*data type of product_id from int32 to int64",
    ),
    "replaced_columns_tighter": (
        "ALTER TABLE NEST.products REPLACE COLUMNS (product_id INT, name STRING NOT NULL, price DOUBLE, "
        "tags ARRAY<STRING>, v ARRAY<DOUBLE>)",
        "REPLACE_COL_NOT_SUPPORTED.*nullability of name",
    ),
    "key_of_nothing": (
        "CREATE TABLE NEST.t (x INT REFERENCES NEST.nothing)",
        "TABLE_OR_VIEW_NOT_FOUND",
    ),
    "key_of_no_key": (
        "CREATE TABLE NEST.t (x INT REFERENCES NEST.products)",
        "needs the primary key of that table, which has none",
    ),
    "key_of_no_column": (
        "CREATE TABLE NEST.t (x INT NOT NULL PRIMARY KEY, FOREIGN KEY (y) REFERENCES NEST.t)",
        "UNRESOLVED_COLUMN.*'y'",
    ),
    "key_of_too_many": (
        "CREATE TABLE NEST.t (x INT NOT NULL PRIMARY KEY, y INT, FOREIGN KEY (x, y) REFERENCES NEST.t)",
        "names 2 columns.*primary key of 1",
    ),
    "no_tags": ("ALTER TABLE NEST.products SET TAGS ()", "expected the name of a tag"),
    "no_information": (
        "SELECT * FROM information_schema.nope",
        "TABLE_OR_VIEW_NOT_FOUND.*table_tags",
    ),
    "no_catalogs_information": ("SELECT * FROM nope.information_schema.tables", "NOT_FOUND"),
    "no_partitions": (
        "SHOW PARTITIONS NEST.products",
        "DELTA_SHOW_PARTITION_IN_NON_PARTITIONED_TABLE.*PARTITIONED BY",
    ),
    "no_volumes": ("SHOW VOLUMES IN nowhere_at_all", "SCHEMA_NOT_FOUND"),
    "no_pattern": ("SHOW TABLE EXTENDED IN NEST", "expected LIKE"),
    "a_partition": (
        "SHOW TABLE EXTENDED IN NEST LIKE 'products' PARTITION (name = 'x')",
        "PARTITION_MANAGEMENT_IS_UNSUPPORTED.*SHOW PARTITIONS",
    ),
    "a_partition_of_nothing": (
        "SHOW TABLE EXTENDED IN NEST LIKE 'p' PARTITION (a = 1)",
        "TABLE_OR_VIEW_NOT_FOUND",
    ),
    "partitions_of_names": ("SHOW TABLES IN NEST PARTITION (a = 1)", "PARSE_SYNTAX_ERROR"),
    "no_extended_json": ("DESCRIBE NEST.products AS JSON", "DESCRIBE_JSON_NOT_EXTENDED"),
    "column_json": ("DESCRIBE EXTENDED NEST.products name AS JSON", "describe the whole table"),
    "changed_name": (
        "ALTER TABLE NEST.products CHANGE COLUMN name title STRING",
        "not allowed.*RENAME COLUMN name TO title",
    ),
    "changed_null": (
        "ALTER TABLE NEST.products CHANGE COLUMN name name STRING NOT NULL",
        "not allowed.*SET NOT NULL",
    ),
    "changed_type": ("ALTER TABLE NEST.products CHANGE name name INT", "enableTypeWidening"),
    "moved_nowhere": ("ALTER TABLE NEST.products ALTER COLUMN name AFTER nope", "AFTER nope"),
    "moved_itself": ("ALTER TABLE NEST.products ALTER COLUMN name AFTER name", "AFTER name"),
    "moved_nothing": (
        "ALTER TABLE NEST.products ALTER COLUMN nope FIRST",
        "UNRESOLVED_COLUMN.*nope",
    ),
    "altered_field": (
        "ALTER TABLE NEST.products ALTER COLUMN name.x COMMENT 'y'",
        "fields of structs",
    ),
    "altered_twice": ("ALTER TABLE NEST.products ALTER COLUMN name FIRST, ,", "PARSE_SYNTAX_ERROR"),
    "replaced_nothing": ("REPLACE TABLE NEST.nothing AS SELECT 1", "TABLE_OR_VIEW_NOT_FOUND"),
    "replaced_view": ("REPLACE VIEW NEST.products AS SELECT 1 AS x", "PARSE_SYNTAX_ERROR"),
    "renamed_to_another": (
        "ALTER TABLE NEST.products RENAME TO NEST.Products",
        "TABLE_OR_VIEW_ALREADY_EXISTS",
    ),
    "renamed_elsewhere": (
        "ALTER TABLE NEST.products RENAME TO more.NEST.t",
        "expected a name in main",
    ),
    "renamed_nowhere": (
        "ALTER TABLE NEST.products RENAME TO nowhere_at_all.t",
        "SCHEMA_NOT_FOUND",
    ),
    "renamed_nothing": ("ALTER TABLE NEST.nothing RENAME TO NEST.t", "TABLE_OR_VIEW_NOT_FOUND"),
    "renamed_as_a_view": ("ALTER VIEW NEST.products RENAME TO NEST.t", "use ALTER TABLE"),
    "clone_elsewhere": ("CREATE TABLE NEST.c CLONE NEST.products LOCATION '/x'", "LOCATION"),
    "clone_of_nothing": ("CREATE TABLE NEST.c CLONE NEST.nothing", "TABLE_OR_VIEW_NOT_FOUND"),
    "like_nothing": ("CREATE TABLE NEST.c LIKE NEST.nothing", "TABLE_OR_VIEW_NOT_FOUND"),
    "no_create": ("SHOW CREATE TABLE NEST.nothing", "TABLE_OR_VIEW_NOT_FOUND"),
    "no_described_column": ("DESCRIBE NEST.products nope", "UNRESOLVED_COLUMN.*nope"),
}


def masked(rows: Rows, like: Rows) -> Rows:
    """Rows with the marks `SIZE` and `USER` where others have them, and something stands there."""
    marks = ("SIZE", "USER")
    return [
        [b if b in marks and a else a for a, b in zip(row, other)]
        if len(row) == len(other)
        else row
        for row, other in zip(rows, like)
    ] + rows[len(like) :]
