"""Models in SQL: `ai_query` in batches and cached, and what vector_search gives for texts."""

from __future__ import annotations

import pyarrow as pa
import pytest
from support.encoder import CountingEncoder

from engine import NotFound, Workspace
from engine.errors import BadStatement, NotSupported


@pytest.fixture
def texts(workspace: Workspace) -> tuple[Workspace, CountingEncoder]:
    encoder = CountingEncoder("counting")
    workspace.serving.use("counting", encoder)
    names = [None if n == 3 else f"name {n % 700}" for n in range(1000)]
    workspace.write_table("t", pa.table({"id": range(1000), "name": pa.array(names, pa.string())}))
    return workspace, encoder


def test_a_column_is_embedded_by_one_statement(texts: tuple[Workspace, CountingEncoder]) -> None:
    workspace, encoder = texts
    workspace.sql("CREATE TABLE e AS SELECT id, ai_query('counting', name) AS v FROM t")
    found = workspace.read_table("e")
    assert found["v"].null_count == 1
    expected = encoder.vector("name 5").tolist()
    assert found["v"][5].as_py() == expected
    assert found["v"][705].as_py() == expected


def test_the_type_may_stand_third(texts: tuple[Workspace, CountingEncoder]) -> None:
    workspace, encoder = texts
    ask = "SELECT ai_query('counting', name, {}'ARRAY<FLOAT>') AS v FROM t WHERE id = 5"
    found = [workspace.sql(ask.format(how)) for how in ("returnType => ", "")]
    assert (
        found[0].equals(found[1]) and found[1]["v"][0].as_py() == encoder.vector("name 5").tolist()
    )


def test_a_text_is_encoded_once(texts: tuple[Workspace, CountingEncoder]) -> None:
    workspace, encoder = texts
    workspace.sql("SELECT ai_query('counting', name) FROM t")
    calls = len(encoder.encoded)
    workspace.sql(
        "SELECT ai_query('counting', name) FROM t WHERE size(ai_query('counting', name)) > 0"
    )
    assert len(encoder.encoded) == calls == 700


@pytest.mark.parametrize(
    ("statement", "error", "why"),
    [
        ("SELECT ai_query('nowhere', name) FROM t", NotFound, "nowhere"),
        ("SELECT ai_query(name, name) FROM t", BadStatement, "endpoint must be a text"),
        ("SELECT ai_query('counting') FROM t", BadStatement, "two arguments"),
        ("SELECT ai_query('counting', '')", BadStatement, "empty text"),
        (
            "SELECT ai_query('counting', name, failOnError => false) FROM t",
            NotSupported,
            "failonerror",
        ),
        ("SELECT ai_similarity('a')", BadStatement, "two texts"),
        (
            "SELECT * FROM vector_search(index => 'a.b.c', query_text => name)",
            BadStatement,
            "no relation before it",
        ),
        ("SELECT ai_gen('a')", NotSupported, "ai_gen"),
    ],
)
def test_a_call_is_refused(
    texts: tuple[Workspace, CountingEncoder], statement: str, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        texts[0].sql(statement)


def test_a_bad_text_is_named(texts: tuple[Workspace, CountingEncoder]) -> None:
    workspace, encoder = texts
    encoder.refused.add("name 9")
    with pytest.raises(BadStatement, match="name 9"):
        workspace.sql("SELECT ai_query('counting', name) FROM t")


def test_a_search_for_each_row_by_its_text(texts: tuple[Workspace, CountingEncoder]) -> None:
    workspace, _ = texts
    workspace.create_endpoint("e")
    workspace.write_table("few", workspace.read_table("t").slice(10, 20))
    workspace.create_index(
        "main.fashion_demo.i", source_table="few", primary_key="id", source_column="name",
        model_endpoint="counting", endpoint="e",
    )  # fmt: skip
    found = workspace.sql(
        "SELECT f.id AS asked, s.id AS found, s.search_score FROM few f JOIN LATERAL vector_search("
        "index => 'main.fashion_demo.i', query_text => f.name, num_results => 1) s "
        "WHERE f.id < 13 ORDER BY 1"
    ).to_pylist()
    assert [(row["asked"], row["found"]) for row in found] == [(10, 10), (11, 11), (12, 12)]
    assert all(row["search_score"] == pytest.approx(1.0) for row in found)
