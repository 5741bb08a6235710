"""GRANT, REVOKE and SHOW GRANTS: what is granted is kept and told, and nothing is refused for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql import doors

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer
from engine.errors import BadStatement, NotFound, NotSupported, VitrineError

S = "main.fashion_demo"


@pytest.fixture
def granted(workspace: Workspace) -> Workspace:
    for statement in (
        "CREATE TABLE t (id INT)",
        "CREATE VIEW v AS SELECT * FROM t",
        "CREATE VOLUME files",
        "GRANT SELECT, MODIFY ON TABLE t TO `alf@melmak.et`",
        "GRANT ALL PRIVILEGES ON T TO users",
        "GRANT USE CATALOG, USE SCHEMA, SELECT ON CATALOG main TO `account users`",
        f"GRANT create table ON SCHEMA {S} TO engineers",
        "GRANT READ VOLUME ON VOLUME files TO users",
        "GRANT SELECT ON TABLE v TO users",
    ):
        assert workspace.sql(statement).num_columns == 0
    return workspace


def shown(workspace: Workspace, said: str) -> list[tuple[Any, ...]]:
    found = workspace.sql(f"SHOW GRANTS {said}")
    assert found.column_names == ["principal", "actionType", "objectType", "objectKey"]
    return [tuple(row.values()) for row in found.to_pylist()]


def test_what_is_granted_is_told_with_what_is_handed_down(granted: Workspace) -> None:
    assert shown(granted, "ON TABLE t") == [
        ("alf@melmak.et", "MODIFY", "TABLE", f"{S}.t"),
        ("alf@melmak.et", "SELECT", "TABLE", f"{S}.t"),
        ("users", "ALL PRIVILEGES", "TABLE", f"{S}.t"),
        ("account users", "SELECT", "CATALOG", "main"),
    ]
    assert shown(granted, "`ALF@melmak.et` ON t")[1:] == [
        ("alf@melmak.et", "SELECT", "TABLE", f"{S}.t")
    ]
    assert shown(granted, "users ON VIEW v") == [("users", "SELECT", "VIEW", f"{S}.v")]
    assert shown(granted, "users ON VOLUME files") == [
        ("users", "READ VOLUME", "VOLUME", f"{S}.files")
    ]
    assert ("engineers", "CREATE TABLE", "SCHEMA", S) in shown(granted, f"ON DATABASE {S}")
    assert len(shown(granted, "ON CATALOG main")) == 3


def test_what_is_revoked_is_gone_and_the_rest_stays(granted: Workspace) -> None:
    granted.sql("REVOKE SELECT, MODIFY ON TABLE t FROM users")  # ALL PRIVILEGES is its own
    granted.sql("REVOKE MODIFY ON TABLE t FROM `alf@melmak.et`")
    assert [row[:2] for row in shown(granted, "ON t")] == [
        ("alf@melmak.et", "SELECT"), ("users", "ALL PRIVILEGES"), ("account users", "SELECT")
    ]  # fmt: skip
    granted.sql("REVOKE ALL PRIVILEGES ON TABLE t FROM users")
    assert shown(granted, "users ON t") == []


def test_grants_and_tags_go_with_a_table_and_end_with_it(granted: Workspace) -> None:
    granted.sql("ALTER TABLE t SET TAGS ('team' = 'a')")
    granted.sql("DROP VIEW v")
    granted.sql("ALTER TABLE t RENAME TO renamed")
    assert shown(granted, "users ON renamed") == [
        ("users", "ALL PRIVILEGES", "TABLE", f"{S}.renamed")
    ]
    tags = granted.sql("SELECT tag_name FROM information_schema.table_tags")
    assert tags["tag_name"].to_pylist() == ["team"]
    granted.sql("DROP TABLE renamed")
    granted.sql("CREATE TABLE renamed (id INT)")
    assert shown(granted, "users ON renamed") == []
    again = Workspace(granted.path)
    assert shown(again, "users ON VOLUME files") != []


@pytest.mark.parametrize(
    ("relation", "columns", "rows"),
    [
        ("catalog", "catalog_name", [("account users", "main", "SELECT", "NONE"),
                                     ("account users", "main", "USE_CATALOG", "NONE"),
                                     ("account users", "main", "USE_SCHEMA", "NONE")]),
        ("volume", "volume_name", [("users", "files", "READ_VOLUME", "NONE")]),
        ("table", "table_name", [("account users", "t", "SELECT", "CATALOG"),
                                 ("account users", "v", "SELECT", "CATALOG"),
                                 ("alf@melmak.et", "t", "MODIFY", "NONE"),
                                 ("alf@melmak.et", "t", "SELECT", "NONE"),
                                 ("users", "t", "ALL_PRIVILEGES", "NONE"),
                                 ("users", "v", "SELECT", "NONE")]),
        ("routine", "routine_name", []),
    ],
)  # fmt: skip
def test_information_schemas_tell_of_privileges(
    granted: Workspace, relation: str, columns: str, rows: list[tuple[str, ...]]
) -> None:
    found = granted.sql(
        f"SELECT grantee, {columns}, privilege_type, inherited_from FROM "
        f"information_schema.{relation}_privileges ORDER BY ALL"
    )
    assert [tuple(row.values()) for row in found.to_pylist()] == rows
    schemas = granted.sql(
        "SELECT privilege_type FROM information_schema.schema_privileges WHERE grantee = 'engineers' "
        "AND schema_name = 'fashion_demo' AND is_grantable = 'NO'"
    )
    assert schemas["privilege_type"].to_pylist() == ["CREATE_TABLE"]


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("GRANT EXECUTE ON TABLE t TO users", BadStatement, "EXECUTE is no privilege on a TABLE.*SEL"),
        ("GRANT READ VOLUME ON SCHEMA nope TO users", NotFound, "SCHEMA_NOT_FOUND"),
        ("GRANT SELECT ON nope TO users", NotFound, "TABLE_OR_VIEW_NOT_FOUND.*nope"),
        ("SHOW GRANTS ON TABLE nope", NotFound, "TABLE_OR_VIEW_NOT_FOUND.*nope"),
        ("GRANT EXECUTE ON FUNCTION f TO users", VitrineError, "f"),
        ("GRANT LOOK ON TABLE t TO users", BadStatement, "LOOK is no privilege"),
        ("GRANT SELECT ON EXTERNAL LOCATION l TO users", NotSupported, "EXTERNAL LOCATION"),
        ("GRANT SELECT ON TABLE t", BadStatement, "expected TO"),
        ("GRANT SELECT TO users", BadStatement, "expected ON"),
        ("REVOKE SELECT ON TABLE t TO users", BadStatement, "expected FROM"),
    ],
)  # fmt: skip
def test_what_can_not_be_granted_is_refused(
    granted: Workspace, statement: str, error: type[Exception], why: str
) -> None:
    before = shown(granted, "ON t")
    with pytest.raises(error, match=why):
        granted.sql(statement)
    assert shown(granted, "ON t") == before


def test_a_function_is_granted_to_be_executed(workspace: Workspace) -> None:
    workspace.sql("CREATE SCHEMA fashion_demo")
    workspace.unity_catalog.functions.create(
        {"name": "f", "catalog_name": "main", "schema_name": "fashion_demo", "data_type": "INT",
         "full_data_type": "INT", "routine_body": "SQL", "routine_definition": "1",
         "input_params": {"parameters": []}}
    )  # fmt: skip
    workspace.sql("GRANT EXECUTE ON FUNCTION f TO users")
    assert shown(workspace, "ON FUNCTION f") == [("users", "EXECUTE", "FUNCTION", f"{S}.f")]
    found = workspace.sql(
        "SELECT grantee, specific_name FROM information_schema.routine_privileges"
    )
    assert found.to_pylist() == [{"grantee": "users", "specific_name": "f"}]


def test_every_door_grants(workspace: Workspace) -> None:
    credentials = Credentials("token-of-sql", "client-of-sql", "secret-of-sql")
    with BackgroundServer(workspace, credentials) as server:
        for name in doors.NAMES:
            with doors.opened(name, workspace, server.url, credentials.token) as door:
                door.run("CREATE OR REPLACE TABLE t (id INT)")
                assert door.run(f"GRANT SELECT ON TABLE t TO `{name}`") == []
                assert door.run(f"SHOW GRANTS `{name}` ON TABLE t") == [
                    [name, "SELECT", "TABLE", f"{S}.t"]
                ]
    assert [row[0] for row in shown(workspace, "ON t")] == sorted(doors.NAMES)


steps = st.tuples(
    st.sampled_from(["GRANT", "REVOKE"]), st.sampled_from(["SELECT", "MODIFY", "MANAGE"]),
    st.sampled_from(["a", "b"]), st.sampled_from(["TABLE t", "SCHEMA fashion_demo"]),
)  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(steps, max_size=8))
def test_what_is_told_is_what_was_granted_and_not_revoked(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, str, str, str]]
) -> None:
    workspace = Workspace(tmp_path_factory.mktemp("grants"))
    workspace.sql("CREATE TABLE t (id INT)")
    held = set[tuple[str, ...]]()
    for action, what, who, where in done:
        workspace.sql(f"{action} {what} ON {where} {'TO' if action == 'GRANT' else 'FROM'} {who}")
        one = (who, what, where.split()[0])
        held = held | {one} if action == "GRANT" else held - {one}
    assert {row[:3] for row in shown(workspace, "ON TABLE t")} == held
