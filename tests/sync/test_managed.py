"""Embeddings that a sync computes: which texts it encodes, what fails, and what a query compares."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.encoder import CountingEncoder
from support.needs import needs

from engine import (
    InvalidParameterValue,
    NotFound,
    ResourceConflict,
    VectorSearchClient,
    VectorSearchIndex,
    Workspace,
)
from engine.core.schema import SyncReport
from engine.errors import InvalidState
from engine.service.cancellation import Cancelled, cancelled_by
from engine.service.sync import run as syncing
from engine.service.sync.source_rows import REPEATED

INDEX = "main.a.texts"
WRITTEN = "main.a.texts_writeback_table"
SCHEMA = pa.schema([("id", pa.int64()), ("text", pa.string()), ("price", pa.float64())])
Row = tuple[int, str | None, float]
FAILED_CALL = "Failed to call Model Serving endpoint: mine. RuntimeError: can't read "


@dataclass
class Shop:
    """A workspace with a table of texts, a model, and an index that encodes them."""

    workspace: Workspace
    encoder: CountingEncoder = field(default_factory=CountingEncoder)

    def write(self, rows: list[Row]) -> None:
        columns = list(zip(*rows)) or [(), (), ()]
        arrays = [pa.array(c, f.type) for c, f in zip(columns, SCHEMA)]
        self.workspace.write_table("main.a.t", pa.table(arrays, schema=SCHEMA))

    def create(self, index: str = INDEX, **changed: Any) -> SyncReport:
        self.workspace.serving.use("mine", self.encoder)
        arguments = {
            "source_table": "main.a.t",
            "source_column": "text",
            "model_endpoint": "mine",
            "primary_key": "id",
            "create_endpoint": True,
        }
        return self.workspace.create_index(index, **{**arguments, **changed})

    def sync(self) -> SyncReport:
        """Sync, with a fresh list of what the model encodes."""
        self.encoder.encoded.clear()
        return self.workspace.sync(INDEX)

    @property
    def index(self) -> VectorSearchIndex:
        return VectorSearchClient(workspace=self.workspace).get_index(index_name=INDEX)

    def stored(self, index: str = INDEX) -> dict[int, tuple[Any, ...]]:
        """Text, price and vector of all rows by key."""
        reply = self.workspace.query_index(
            index,
            columns=["id", "text", "price", "__db_text_vector"],
            query_vector=[0.0] * self.encoder.dimension,
            num_results=1000,
        )
        rows = reply["result"].get("data_array", [])
        return {int(row[0]): (row[1], row[2], tuple(row[3])) for row in rows}

    def expected(self, rows: list[Row]) -> tuple[dict[int, tuple[Any, ...]], list[tuple[str, str]]]:
        """The same, and what fails, by a plain loop over the table."""
        found: dict[int, tuple[Any, ...]] = {}
        failures = []
        for key, text, price in rows:
            if not text:
                reason = "the text is null" if text is None else "the text is empty"
                failures.append((str(key), reason))
            elif text in self.encoder.refused:
                failures.append((str(key), f"{FAILED_CALL}{text!r}"))
            elif key in found:
                failures.append((str(key), REPEATED))
            else:
                vector = tuple(float(str(x)) for x in self.encoder.vector(text))
                found[key] = (text, price, vector)
        return found, failures


ROWS: list[Row] = [(1, "red dress", 5.0), (2, "blue jeans", 6.0), (3, "black shoes", 7.0)]


@pytest.fixture
def shop(workspace: Workspace) -> Shop:
    made = Shop(workspace)
    made.write(ROWS)
    return made


# ------------------------------------------------------------------ what is encoded
def test_rows_are_encoded_and_found_by_their_words(shop: Shop) -> None:
    report = shop.create()
    assert (report.inserted, report.indexed, report.failed) == (3, 3, 0)
    assert sorted(shop.encoder.encoded) == sorted(text for _, text, _ in ROWS)
    reply = shop.index.similarity_search(columns=["id"], query_text="red hat", num_results=3)
    query = shop.encoder.vector("red hat").astype(np.float64)
    scores = {
        key: 1 / (1 + float(((shop.encoder.vector(text) - query) ** 2).sum()))
        for key, text, _ in ROWS
    }
    found = [(int(key), score) for key, score in reply["result"]["data_array"]]
    assert [key for key, _ in found] == sorted(scores, key=lambda key: -scores[key])
    assert [score for _, score in found] == pytest.approx(sorted(scores.values(), reverse=True))


def test_only_new_and_changed_texts_are_encoded(shop: Shop) -> None:
    shop.create()
    rows: list[Row] = [(1, "red dress", 9.0), (2, "green jeans", 6.0), (4, "white hat", 1.0)]
    shop.write(rows)
    report = shop.sync()
    assert (report.inserted, report.updated, report.deleted) == (1, 2, 1)
    # The price of row 1 changed, and with it the row; its text is known.
    assert sorted(shop.encoder.encoded) == ["green jeans", "white hat"]
    assert shop.stored() == shop.expected(rows)[0]
    assert not shop.sync().changed
    assert shop.encoder.encoded == []


def test_a_second_index_of_the_same_texts_encodes_nothing(shop: Shop) -> None:
    shop.create()
    shop.encoder.encoded.clear()
    shop.create("main.a.again")
    assert shop.encoder.encoded == []
    assert shop.stored("main.a.again") == shop.stored()


TEXTS = st.sampled_from(["red", "blue", "black", "bad", "worse", "", None])
TABLES = st.lists(st.tuples(st.integers(0, 6), TEXTS, st.sampled_from([1.0, 2.0])), max_size=8)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    steps=st.lists(
        st.tuples(TABLES, st.sets(st.sampled_from(["bad", "worse"]))), min_size=2, max_size=4
    )
)
def test_after_any_edits_and_failures_an_index_is_its_table_and_what_failed_since(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[Row], set[str]]]
) -> None:
    shop = Shop(Workspace(tmp_path_factory.mktemp("steps")))
    held: dict[int, tuple[Any, ...]] = {}
    for number, (rows, refused) in enumerate(steps):
        shop.encoder.refused = refused - {
            text for _, text, _ in rows if text in shop.encoder.encoded
        }
        shop.write(rows)
        try:
            report = shop.create() if number == 0 else shop.workspace.sync(INDEX)
        except InvalidState:
            report = None
        shop.encoder.refused -= set(shop.encoder.encoded)  # what is cached is not asked for again
        found, failures = shop.expected(rows)
        assert (report is None) == (held != {} and not found and failures != [])
        if report is not None:
            refused_keys = {key for key, text, _ in rows if text in shop.encoder.refused}
            kept = {key: held[key] for key in refused_keys - found.keys() if key in held}
            held = found | kept
            assert (report.indexed, report.kept) == (len(held), len(kept))
            assert sorted(report.failures) == sorted(failures)
        assert shop.stored() == held
        assert shop.workspace.check_index(INDEX) == []


# ------------------------------------------------------------------ what fails
def test_a_row_without_a_usable_text_is_reported(shop: Shop) -> None:
    longest = "é" * 16_382
    shop.write([(1, None, 1.0), (2, "", 1.0), (3, longest + "é", 1.0), (4, longest, 1.0)])
    report = shop.create()
    assert report.failures == [
        ("1", "the text is null"),
        ("2", "the text is empty"),
        ("3", "the text has 32766 bytes, expected at most 32764"),
    ]
    assert set(shop.stored()) == {4}
    assert not shop.sync().changed  # such a text is not tried again


def test_a_models_failure_is_that_rows_and_is_tried_again(shop: Shop) -> None:
    shop.encoder.refused = {"blue jeans"}
    report = shop.create()
    assert report.failures == [("2", FAILED_CALL + "'blue jeans'")]
    assert set(shop.stored()) == {1, 3}
    report = shop.sync()
    assert (report.failed, report.changed) == (1, False)
    shop.encoder.refused = set()
    report = shop.sync()
    assert (report.inserted, report.failed, shop.encoder.encoded) == (1, 0, ["blue jeans"])
    assert shop.stored() == shop.expected(ROWS)[0]
    assert not shop.sync().changed


def test_a_changed_row_that_the_model_fails_on_stays_as_it_was_until_it_does_not(
    shop: Shop,
) -> None:
    shop.create()
    before = shop.stored()
    shop.encoder.refused = {"green jeans"}
    rows: list[Row] = [ROWS[0], (2, "green jeans", 6.0), ROWS[2]]
    shop.write(rows)
    for changed in (True, False):
        report = shop.sync()
        assert (report.inserted, report.updated, report.deleted) == (0, 0, 0)
        assert (report.failed, report.kept, report.changed) == (1, 1, changed)
        assert report.failures == [("2", FAILED_CALL + "'green jeans'")]
        assert shop.stored() == before
    shop.encoder.refused = set()
    report = shop.sync()
    assert (report.updated, report.failed, report.kept) == (1, 0, 0)
    assert shop.stored() == shop.expected(rows)[0]


def test_a_row_whose_text_is_taken_away_leaves_the_index(shop: Shop) -> None:
    shop.create()
    shop.write([ROWS[0], (2, None, 6.0), (3, "", 7.0)])
    report = shop.sync()
    assert (report.deleted, report.failed, report.kept) == (2, 2, 0)
    assert set(shop.stored()) == {1}


def test_a_model_that_fails_on_every_text_empties_no_index(shop: Shop) -> None:
    shop.create()
    before = shop.stored()
    rows: list[Row] = [(key, f"new {text}", price) for key, text, price in ROWS]
    shop.encoder.refused = {text for _, text, _ in rows if text}
    shop.write(rows)
    with pytest.raises(InvalidState) as caught:
        shop.sync()
    for words in (
        "main.a.t",
        INDEX,
        "Column text: ",
        "mine",
        "such as key 1",
        "3 rows",
        "sync again",
    ):
        assert words in caught.value.message
    status = shop.index.describe()["status"]
    assert status["detailed_state"] == "ONLINE_PIPELINE_FAILED"
    assert shop.stored() == before
    # So too where another model would encode every row anew.
    shop.encoder = CountingEncoder("two")
    shop.encoder.refused = {text for _, text, _ in rows if text}
    shop.workspace.serving.use("mine", shop.encoder)
    with pytest.raises(InvalidState, match="No row of source table"):
        shop.sync()
    assert len(shop.stored()) == 3
    shop.encoder.refused = set()
    shop.sync()
    assert shop.stored() == shop.expected(rows)[0]


def test_a_continuous_index_does_not_ask_the_model_at_every_query(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.encoder.refused = {"blue jeans"}
    shop.create(pipeline_type="CONTINUOUS")
    shop.encoder.refused = set()
    assert set(shop.stored()) == {1, 3}
    monkeypatch.setattr(syncing, "RETRY_SECONDS", -1)
    assert set(shop.stored()) == {1, 2, 3}


def test_a_delta_table_is_followed_by_its_changes(shop: Shop, tmp_path: Any) -> None:
    needs("delta")
    import deltalake

    folder = str(tmp_path / "delta")

    def table(rows: list[Row]) -> pa.Table:
        return pa.table([pa.array(c, f.type) for c, f in zip(zip(*rows), SCHEMA)], schema=SCHEMA)

    deltalake.write_deltalake(
        folder, table(ROWS), configuration={"delta.enableChangeDataFeed": "true"}
    )
    shop.workspace.register_table("main.a.d", folder)
    shop.create(source_table="main.a.d")
    deltalake.write_deltalake(
        folder, table([(4, "white hat", 1.0), (5, "bad", 1.0)]), mode="append"
    )
    shop.encoder.refused = {"bad"}
    report = shop.sync()
    assert shop.encoder.encoded == ["white hat"]
    assert report.failures == [("5", FAILED_CALL + "'bad'")]
    shop.encoder.refused = set()
    assert shop.sync().inserted == 1
    assert shop.encoder.encoded == ["bad"]
    rows = [*ROWS, (4, "white hat", 1.0), (5, "bad", 1.0)]
    assert shop.stored() == shop.expected(rows)[0]


def test_a_cancelled_sync_leaves_the_index_and_keeps_what_it_encoded(shop: Shop) -> None:
    shop.create()
    shop.write([*ROWS, (4, "white hat", 1.0)])
    token = threading.Event()
    token.set()
    with pytest.raises(Cancelled), cancelled_by(token):
        shop.workspace.sync(INDEX)
    assert set(shop.stored()) == {1, 2, 3}
    assert shop.sync().inserted == 1


# ------------------------------------------------------------------ another model
def test_another_model_behind_the_endpoint_is_noticed(shop: Shop) -> None:
    shop.create()
    shop.encoder = CountingEncoder("two")
    shop.workspace.serving.use("mine", shop.encoder)
    with pytest.raises(InvalidState, match=r"encoded by counting-one; .* now has counting-two"):
        shop.index.similarity_search(columns=["id"], query_text="red")
    report = shop.sync()
    assert report.changed
    assert sorted(shop.encoder.encoded) == sorted(text for _, text, _ in ROWS)
    assert shop.stored() == shop.expected(ROWS)[0]
    assert shop.index.similarity_search(["id"], query_text="red")["result"]["row_count"] == 3


def test_a_model_of_another_length_is_refused(shop: Shop) -> None:
    shop.create()
    shop.workspace.serving.use("mine", CountingEncoder("long", dimension=6))
    for call in (
        lambda: shop.workspace.sync(INDEX),
        lambda: shop.index.similarity_search(columns=["id"], query_text="red"),
    ):
        with pytest.raises(InvalidState, match=r"holds vectors of length 4; .* makes 6"):
            call()


def test_queries_may_have_an_endpoint_of_their_own(shop: Shop) -> None:
    queries = CountingEncoder("queries")
    shop.workspace.serving.use("asked", queries)
    shop.create(query_model_endpoint="asked")
    shop.encoder.encoded.clear()
    reply = shop.index.similarity_search(["id"], query_text="red", num_results=1)
    assert (queries.encoded, shop.encoder.encoded) == (["red"], [])
    nearest = min(
        ROWS,
        key=lambda row: ((shop.encoder.vector(row[1] or "") - queries.vector("red")) ** 2).sum(),
    )
    assert reply["result"]["data_array"][0][0] == nearest[0]


def test_a_query_that_can_not_be_encoded_names_the_endpoint(shop: Shop) -> None:
    shop.create()
    shop.encoder.refused = {"red"}
    with pytest.raises(InvalidParameterValue) as caught:
        shop.index.similarity_search(["id"], query_text="red")
    # As the cloud says it of a query: the endpoint's own error is told in JSON.
    first, _, own = caught.value.message.partition("\n")
    assert first == "Failed to call Model Serving endpoint. Error message:"
    assert json.loads(own) == {
        "error_code": "INVALID_PARAMETER_VALUE",
        "message": FAILED_CALL + "'red'",
    }
    shop.workspace.delete_serving_endpoint("mine")
    with pytest.raises(NotFound, match="The given endpoint does not exist"):
        shop.index.similarity_search(["id"], query_text="red")


def test_an_endpoint_that_is_gone_fails_the_sync_and_not_the_index(shop: Shop) -> None:
    shop.create()
    shop.workspace.delete_serving_endpoint("mine")
    with pytest.raises(NotFound, match="'mine' is not one of this workspace"):
        shop.sync()
    status = shop.index.describe()["status"]
    assert (status["ready"], status["detailed_state"]) == (True, "ONLINE_PIPELINE_FAILED")
    assert "'mine' is not one of this workspace" in status["message"]
    assert set(shop.stored()) == {1, 2, 3}
    shop.workspace.serving.use("mine", shop.encoder)
    shop.sync()
    assert shop.index.describe()["status"]["detailed_state"] == "ONLINE_NO_PENDING_UPDATE"


# ------------------------------------------------------------------ what is refused
@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"model_endpoint": "nobody"}, NotFound, "The given endpoint does not exist"),
        ({"query_model_endpoint": "nobody"}, NotFound, "The given endpoint does not exist"),
        ({"query_model_endpoint": "long"}, InvalidParameterValue, "length 6, mine for rows 4"),
        ({"model_endpoint": None}, InvalidParameterValue, "needs embedding_model_endpoint_name"),
        ({"source_column": "price"}, InvalidParameterValue, "has type double; expected strings"),
        ({"source_column": "texts"}, InvalidParameterValue, "Did you mean 'text'?"),
        ({"source_column": None}, InvalidParameterValue, "At least one valid embedding_source"),
        (
            {"vector_column": "price", "dimension": 4},
            InvalidParameterValue,
            "Both embedding_vector",
        ),
    ],
    ids=str,
)
def test_an_index_that_can_not_encode_is_refused(
    shop: Shop, changed: dict[str, Any], kind: type[Exception], words: str
) -> None:
    shop.workspace.serving.use("long", CountingEncoder("long", dimension=6))
    with pytest.raises(kind) as caught:
        shop.create(**changed)
    assert words in str(caught.value)
    assert not shop.workspace.index_exists(INDEX)


# ------------------------------------------------------------------ write-back
def written(shop: Shop) -> list[dict[str, Any]]:
    rows = shop.workspace.read_table(WRITTEN).to_pylist()
    return sorted(rows, key=lambda row: row["id"])


def test_computed_embeddings_are_written_back(shop: Shop) -> None:
    shop.create(sync_computed_embeddings=True)
    rows: list[Row] = [ROWS[0], (2, "green jeans", 6.0), (7, None, 1.0)]
    for table in (ROWS, rows):
        shop.write(table)
        shop.sync()
        assert written(shop) == [
            {"id": key, "text": text, "__db_text_vector": shop.encoder.vector(text or "").tolist()}
            for key, text, _ in table
            if text
        ]
    file = shop.workspace.tables.get(syncing.table_name(WRITTEN)).files
    shop.sync()
    assert shop.workspace.tables.get(syncing.table_name(WRITTEN)).files == file
    shop.workspace.delete_index(INDEX)
    assert len(written(shop)) == 2
    shop.create(sync_computed_embeddings=True)  # an index of the same name may write there again
    assert len(written(shop)) == 2


def test_an_index_without_rows_is_written_back_too(shop: Shop) -> None:
    shop.write([])
    shop.create(sync_computed_embeddings=True)
    assert written(shop) == []
    shop.write(ROWS)
    shop.sync()
    assert len(written(shop)) == 3


def test_a_users_table_is_not_written_over(shop: Shop) -> None:
    shop.workspace.write_table(WRITTEN, pa.table({"mine": [1]}))
    with pytest.raises(ResourceConflict, match="leave sync_computed_embeddings out"):
        shop.create(sync_computed_embeddings=True)
    assert not shop.workspace.index_exists(INDEX)
    assert shop.workspace.read_table(WRITTEN).to_pydict() == {"mine": [1]}
