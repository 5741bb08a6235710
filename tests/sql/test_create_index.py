"""The SQL statement that users have for indexes."""

from __future__ import annotations

import pyarrow as pa
import pytest

from engine import NotFound, ResourceConflict, VectorSearchClient, Workspace
from engine.errors import BadStatement

CREATE = "CREATE VECTOR SEARCH INDEX {} main.a.i ON main.a.t(v) USING ENDPOINT e"


@pytest.fixture
def made(workspace: Workspace) -> Workspace:
    workspace.write_table(
        "main.a.t", pa.table({"product_id": [1, 2], "v": [[1.0, 0.0], [0.0, 1.0]]})
    )
    workspace.create_endpoint("e")
    return workspace


@pytest.mark.parametrize(
    "statement",
    [
        CREATE.format(""),
        CREATE.format("IF NOT EXISTS"),
        "create vector search index if not exists\n  `main`.`a`.`i` on main.a.t ( v )\n"
        " using endpoint 'e';\n",
    ],
)
def test_an_index_is_created_and_synced(made: Workspace, statement: str) -> None:
    made_index = made.sql(statement).to_pylist()
    assert made_index == [{"index": "main.a.i", "created": True, "indexed_row_count": 2}]
    index = VectorSearchClient(workspace=made).get_index(index_name="main.a.i")
    assert index.endpoint_name == "e"
    reply = index.similarity_search(columns=["product_id"], query_vector=[0.0, 1.0], num_results=1)
    assert reply["result"]["data_array"] == [[2.0, 1.0]]


def test_an_index_that_exists_is_left_alone_or_refused(made: Workspace) -> None:
    made.sql(CREATE.format(""))
    assert made.sql(CREATE.format("IF NOT EXISTS"))["created"].to_pylist() == [False]
    with pytest.raises(ResourceConflict, match=r"main\.a\.i already exists"):
        made.sql(CREATE.format(""))


def test_what_is_missing_is_named(made: Workspace) -> None:
    with pytest.raises(NotFound, match="endpoint nowhere not found"):
        made.sql(CREATE.format("").replace("ENDPOINT e", "ENDPOINT nowhere"))
    with pytest.raises(NotFound, match=r"TABLE_OR_VIEW_NOT_FOUND.*`main`\.`a`\.`none`"):
        made.sql(CREATE.format("").replace("main.a.t", "main.a.none"))


@pytest.mark.parametrize(
    "rest", ["", "i", "i ON t", "i ON t(v)", "i ON t(v) USING e", "i ON t(v, w) USING ENDPOINT e"]
)
def test_half_a_statement_is_refused(made: Workspace, rest: str) -> None:
    with pytest.raises(BadStatement, match="PARSE_SYNTAX_ERROR"):
        made.sql(f"CREATE VECTOR SEARCH INDEX {rest}")


@pytest.mark.parametrize(
    "vector", ["1", "'a'", "array('a', 'b')", "array(1, NULL)", "array()", "named_struct('a', 1)"]
)
def test_a_vector_that_is_none_is_refused(made: Workspace, vector: str) -> None:
    made.sql(CREATE.format(""))
    with pytest.raises(BadStatement, match=r"query_vector is .* expected numbers"):
        made.sql(f"SELECT * FROM vector_search(index => 'main.a.i', query_vector => {vector})")


def test_the_table_s_own_key_counts(made: Workspace) -> None:
    made.sql("CREATE TABLE keyed (code STRING PRIMARY KEY, v ARRAY<DOUBLE>)")
    made.sql("INSERT INTO keyed VALUES ('x', array(1.0, 0.0))")
    made.sql("CREATE VECTOR SEARCH INDEX k ON keyed(v) USING ENDPOINT e")
    assert made.get_index("main.fashion_demo.k")["primary_key"] == "code"
