"""Each form of statement through every door: in-process, the SDK, the SDK over HTTP, the connector."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sql import doors
from sql.bodies import BODIES, PRODUCTS, REFUSED, SESSIONS, Step
from sql.column_bodies import COLUMNS, REFUSED_COLUMNS
from sql.function_bodies import FUNCTIONS, REFUSED_FUNCTIONS
from sql.routine_bodies import REFUSED_ROUTINES, ROUTINES
from sql.table_bodies import REFUSED_TABLES, TABLES, masked

from engine import Workspace
from engine.doors.http.credentials import Credentials
from engine.doors.http.server import BackgroundServer

pytestmark = pytest.mark.long
CREDENTIALS = Credentials("token-of-sql", "client-of-sql", "secret-of-sql")
ALL_REFUSED = {
    **REFUSED,
    **REFUSED_TABLES,
    **REFUSED_COLUMNS,
    **REFUSED_FUNCTIONS,
    **REFUSED_ROUTINES,
}
_numbers = itertools.count()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, str]]:
    workspace = Workspace(tmp_path_factory.mktemp("sql"))
    workspace.create_endpoint("sql-e")
    with BackgroundServer(workspace, CREDENTIALS) as server:
        yield workspace, server.url


@pytest.fixture
def schema(served: tuple[Workspace, str]) -> str:
    """A schema with the table of products, for one test."""
    name = f"place_{next(_numbers)}"
    served[0].write_table(f"main.{name}.products", PRODUCTS)
    return name


@pytest.fixture
def door(served: tuple[Workspace, str], request: pytest.FixtureRequest) -> Iterator[Any]:
    with doors.opened(request.param, *served, CREDENTIALS.token) as opened:
        yield opened


@pytest.fixture
def played(door: Any, schema: str) -> Callable[[list[Step]], None]:
    def play(steps: list[Step]) -> None:
        for statement, expected in steps:
            rows = door.run(statement.replace("NEST", schema))
            there = [[text and text.replace("NEST", schema) for text in row] for row in expected]
            assert masked(rows, there) == there, statement

    return play


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", BODIES)
def test_a_statement_answers(played: Callable[[list[Step]], None], name: str) -> None:
    played(BODIES[name])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", TABLES)
def test_a_statement_of_a_table_answers(played: Callable[[list[Step]], None], name: str) -> None:
    played(TABLES[name])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", COLUMNS)
def test_a_statement_of_columns_answers(played: Callable[[list[Step]], None], name: str) -> None:
    played(COLUMNS[name])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_answers(played: Callable[[list[Step]], None], name: str) -> None:
    played(FUNCTIONS[name])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", ROUTINES)
def test_a_function_of_a_catalog_answers(played: Callable[[list[Step]], None], name: str) -> None:
    played(ROUTINES[name])


@pytest.mark.parametrize("door", ["local", "connector"], indirect=True)
@pytest.mark.parametrize("name", SESSIONS)
def test_a_session_keeps(played: Callable[[list[Step]], None], name: str) -> None:
    played(SESSIONS[name])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
@pytest.mark.parametrize("name", ALL_REFUSED)
def test_a_statement_is_refused(door: Any, schema: str, name: str) -> None:
    statement, why = ALL_REFUSED[name]
    with pytest.raises(doors.Refused, match=why):
        door.run(statement.replace("NEST", schema))


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
def test_a_parameter_is_a_value(door: Any, schema: str) -> None:
    for text in ("red shirt", "' OR 1 = 1 --", "\\'; DROP TABLE products"):
        rows = door.run(f"SELECT name, :n FROM {schema}.products WHERE name = :n", n=text)
        assert rows == ([["red shirt", "red shirt"]] if text == "red shirt" else [])


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
def test_an_update_of_ten_rows_syncs_ten(
    door: Any, schema: str, served: tuple[Workspace, str]
) -> None:
    table, index = f"main.{schema}.many", f"main.{schema}.many_index"
    door.run(
        f"CREATE TABLE {table} AS SELECT id AS product_id, concat('product ', id) AS name, "
        "CAST(array(id % 7, id % 11, 1) AS ARRAY<DOUBLE>) AS v FROM range(300)"
    )
    door.run(f"CREATE VECTOR SEARCH INDEX {index} ON {table}(v) USING ENDPOINT sql-e")
    assert door.run(f"UPDATE {table} SET name = 'new' WHERE product_id < 10") == [["10"]]
    report = served[0].sync(index)
    assert (report.updated, report.inserted, report.deleted) == (10, 0, 0)
    asked = f"SELECT name FROM vector_search(index => '{index}', query_vector => array(3, 3, 1), "
    assert door.run(f"{asked} num_results => 1)") == [["new"]]


@pytest.mark.parametrize("door", doors.NAMES, indirect=True)
def test_files_of_a_volume_are_copied_once(
    door: Any, schema: str, served: tuple[Workspace, str]
) -> None:
    door.run(f"CREATE VOLUME {schema}.v")
    place = f"/Volumes/main/{schema}/v"
    folder = served[0].volumes.place(place).file
    (folder / "a.csv").write_text("id,name\n1,red\n2,\n")
    door.run(f"CREATE TABLE {schema}.t (id INT, name STRING)")
    copy = (
        f"COPY INTO {schema}.t FROM '{place}' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')"
    )
    assert door.run(copy) == [["2", "2", "0"]]
    (folder / "b.csv").write_text("id,name\n3,blue\n")
    assert door.run(copy) == [["1", "1", "0"]]
    assert door.run(copy) == [["0", "0", "0"]]
    rows = [["1", "red"], ["2", None], ["3", "blue"]]
    assert door.run(f"SELECT * FROM {schema}.t ORDER BY id") == rows
    call = f"read_files('{place}', format => 'csv', header => true)"
    assert door.run(f"SELECT id, name FROM {call} ORDER BY id") == rows
    with pytest.raises(doors.Refused, match="no path of a volume"):
        door.run("SELECT * FROM read_files('/etc', format => 'csv')")
